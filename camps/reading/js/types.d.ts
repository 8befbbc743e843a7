// What the parts of a reading hand to one another, and what Python and the page send.
import type { Point, Rings } from './geometry.js';

export type Context = CanvasRenderingContext2D;
/** West, north, east, south, in pixels of a scene. */
export type Box = [number, number, number, number];

export type Status = 'observed' | 'partial' | 'obscured' | 'not_imaged';

/** What is said of an outline. */
export interface Words { kind: string; confidence: string; note: string }

/** An outline that stands in a scene. */
export interface Outline extends Words { id: string; task: string; rings: Rings; origin: string }

/** What is drawn: an outline that stands, or one that is not saved yet. */
export interface Drawn extends Partial<Omit<Outline, 'rings' | 'kind'>> { kind: string; rings: Rings; unsaved?: boolean }

/** A corner that is held, by the number of its ring and its own. */
export interface Corner { id: string; ring: number; at: number }

/** A line that a hand draws. */
export interface Draft { points: Point[]; closes: boolean }

/** What a hand has in work. */
export interface Ink { loose: Drawn[]; chosen: Drawn[]; draft: Draft | null; corner: Corner | null; cursor: Point | null }

/** What the hand does between press and lift, or keys between two others: `held` is a corner on its way. */
export interface Hand {
  from: Point; at: Point; view: View; moved: boolean; wipes: boolean; keyed: boolean; held: (Corner & { rings: Rings }) | null;
}

/** The upper left corner of what is seen, in pixels of the scene, and how many of the screen one of them is. */
export interface View { scale: number; x: number; y: number }

export interface How { smooth: boolean; contrast: number }

/** A scene to be read. */
export interface Task { id: string; label: string; facts: string; caption: string }

/** What the look of a scene is said to be, and the areas that were hidden. */
export interface Look { status: Status; hidden: Rings[] }

/** What Python says of outlines, looks and steps. */
export interface Changes {
  put?: Outline[]; drop?: string[]; looks?: Record<string, Look>; steps?: number; undo?: boolean; redo?: boolean;
}

/** How a reading stands when a view opens. */
export interface Begun extends Changes { tasks: Task[]; task: string; blind: boolean; lost: number; pixel_m: number; size: Point }

/** A row of the curve of growth; null where nothing could be seen. */
export interface Grown { t: string; day: number; value: number | null; lo: number; hi: number }

/** A message of Python's. */
export interface Content extends Changes {
  re: string; picture?: string; hello?: string; met?: string; gone?: string; growth?: { rows: Grown[]; next: string };
  begun?: Begun; error?: string; says?: string; chosen?: string[];
}

/** What is drawn as unsaved until it is saved. */
export interface Shown { points?: Point[]; tool?: string; rings?: Rings; id?: string; kind?: string; origin?: string }

/** What was sent and is not saved yet. */
export interface Pending { message: Message; shown: Shown | null }

/** A message to Python. */
export type Message = { do: string; re?: string } & Record<string, unknown>;

/** What anywidget gives a page. */
export interface Model {
  send(message: Message): void;
  on(event: 'msg:custom', hear: (content: Content, buffers: BlobPart[]) => void): void;
  off(event: 'msg:custom', hear: (content: Content, buffers: BlobPart[]) => void): void;
}

/** What the buttons and choices of a page do. */
export interface Acts {
  act(what: string): void;
  go(task: string): void;
  compare(task: string): void;
  step(by: number): void;
  look(status: Status): void;
  word(name: keyof Words, value: string): void;
  sendAgain(): void;
}
