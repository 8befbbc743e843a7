// What the page's scripts hand to one another; what Python tells them is in payload.d.ts.
import type { Change, ClassEntry, Colours, Ended, FootprintKind, Layer, LegendMark, Look, Meta, Mode, Page, PlaceKind, Placement, Setting, Shape, Site, Swatch, Text } from './payload';
import type { View } from './geo.js';
import type { Page as PageScript } from './page.js';
import type { Stage } from './stage.js';
import type { Type } from './text.js';

// What a page adds to what it was told, once its pictures have arrived.
declare module './payload' {
  interface Picture {
    image?: HTMLImageElement;
  }
  interface Relief {
    shades?: HTMLCanvasElement[];
  }
}

export type Data = Page;
export type Context = CanvasRenderingContext2D;
/** What the stage uses of a canvas where nothing moves: a plate is drawn by the same code. */
export interface Drawing
  extends Pick<Context, 'fillStyle' | 'strokeStyle' | 'lineWidth' | 'lineJoin' | 'lineCap' | 'miterLimit' | 'globalAlpha' | 'font' | 'direction' | 'textAlign' | 'letterSpacing'> {
  save(): void;
  restore(): void;
  setLineDash(dash: number[]): void;
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  closePath(): void;
  rect(x: number, y: number, width: number, height: number): void;
  roundRect(x: number, y: number, width: number, height: number, r: number): void;
  arc(x: number, y: number, r: number, from: number, to: number): void;
  fill(rule?: CanvasFillRule): void;
  stroke(): void;
  clip(rule?: CanvasFillRule): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  strokeRect(x: number, y: number, width: number, height: number): void;
  measureText(text: string): TextMetrics;
  fillText(text: string, x: number, y: number): void;
  strokeText(text: string, x: number, y: number): void;
  drawImage(image: HTMLCanvasElement | HTMLImageElement, x: number, y: number, width: number, height: number): void;
}

export type Point = [number, number];
/** Left, top, right, bottom. */
export type Box = [number, number, number, number];
export type Points = ArrayLike<number>;

export interface Line { points: Float64Array; box: Box }

/** A box in the unit square, of a scale of the base map or of a picture. */
export interface Boxed { box: Box }

export type StateKind = 'observed' | 'held' | 'bracketed' | 'interpolated';
export type Phase = 'undated' | 'unnamed' | 'absent' | 'closed' | 'closing' | 'vanished' | 'opening' | 'last' | 'open';
/** What a symbol shows of its site. */
export type MarkName = Exclude<LegendMark, 'undated' | 'withheld'> | StateKind;

/** A site at a moment; `phase` and `faded` of one that is known by its dates alone. */
export interface SiteState {
  value: number | null; kind: StateKind | null; lo?: number | null; hi?: number | null; stale?: number | null;
  next?: number | null; missed?: boolean; counted?: boolean; ended?: Ended | null; last?: number; phase?: Phase;
  faded?: number;
}

/** All that stands at a moment. */
export interface State {
  t: number; mode: Mode; sites: SiteState[]; drawn: Piece[]; known: number; observed: number; between: number; ended: number;
  total: number | null; totalLo: number | null; totalHi: number | null; open: number;
  phases: Partial<Record<Phase, number>>; levels: Partial<Record<Site['level'], number>>; kind: StateKind | null;
}

/** How a state of a film is told that is not to blink. */
export interface Steady { kind: StateKind | null; brief: boolean; passing: boolean }

/** A state as it is told. */
export type Told = State & Partial<Steady>;

export type Role = 'solid' | 'outline' | 'hatch' | 'front';

/** What one look saw of a track, and the days about it; a day that no look says never comes. */
export interface Sighting {
  id: string; site: string; day: number; kind: FootprintKind; shape: number | null; area: number; before: number;
  since: number; after: number; covered: number; change: Change | null;
}

export interface Track { id: string; seen: Sighting[] }

/** An outline as it stands at a moment. */
export interface Piece {
  track: string; id: string; site: string; footprintKind: FootprintKind;
  phase: 'standing' | 'appearing' | 'unseen' | 'lost' | 'losing' | 'growing'; role: Role; kind: StateKind;
  stale: number | null; opacity: number; shape: number; area: number; lo: number; hi: number; kept?: number;
  reach?: number;
}

/** A piece that may have no outline: of a change that is all gain, or all loss. */
export type Loose = Omit<Piece, 'shape'> & { shape?: number | null };
export type Add = (sighting: Sighting, phase: Piece['phase'], role: Role, kind: StateKind, changes?: Partial<Loose>) => void;

/** Rings of an outline, and the box about them. */
export interface Outline { lines: Line[]; box: Box }

export interface Callout { lon: number; lat: number; text: Text; side: 'left' | 'right'; lead?: Point; alpha: number }

/** What stands out while the rest stands back. */
export interface Highlight { sites: string[]; class?: string | null; dim: number }

/** Longitude, latitude, zoom, and in a film that turns the bearing. */
export type Eye = [number, number, number, number?];

/** What is drawn: all that a picture depends on. */
export interface Frame {
  width: number; height: number; scale: number; lon: number; lat: number; zoom: number; bearing?: number; t: number; mode: Mode;
  lang: string; label_lang: string; look: string; background: 'look' | 'transparent'; uncertainty: boolean;
  relief: boolean; legend: boolean; credits: string[]; layers: Record<Layer, boolean>; painted: Record<Layer, boolean>;
  t_before?: number; split: number; swept?: [number, number]; spanned?: [number, number]; since?: number; safe?: boolean; mattes?: boolean; selected?: string[];
  only?: Layer[]; days?: Array<number | string>; views?: Eye[]; stay?: number; fade?: number; cut?: boolean; highlight?: Highlight;
  callouts?: Callout[]; captions?: Captioned[]; exposed?: Eye; furniture?: Record<string, FilmPlacement>;
}

/** Which of a page's captions stands, and how strongly. */
export interface Captioned { at: number; alpha: number }

/** What a film says of a piece: where, and how strongly. */
export type FilmPlacement = Placement & { alpha?: number };

/** What ``camps.setFrame`` takes: what is left out is as the page opens. */
export type Given = Partial<Omit<Frame, 't' | 't_before' | 'layers' | 'painted'>> & {
  width: number;
  height: number;
  t?: number | string;
  t_before?: number | string;
  layers?: Partial<Record<Layer, boolean>>;
};

/**
 * With what is drawn; `u` is a line of a picture of 1080, `ze` the zoom that a picture of 1080 would have, `rows` the
 * rows of pixels to a unit in a film, 0 where nothing moves.
 */
export interface Pen {
  ctx: Context; view: View; u: number; ze: number; type: Type; look: Look; safe: boolean; rows: number; t: number;
  furniture: Record<string, FilmPlacement>; about: State[]; steady: Steady; lit: (id: string) => number; lasting?: Lasting;
}

/** The views about a frame, one a frame; how many a label stays and stays away, and over how many it fades. */
export interface Lasting { views: View[]; stay: number; fade: number }

/** A symbol's place in a picture, of one site or of a group; how strongly it shows, and how much it holds a label away. */
export interface Disc { x: number; y: number; r: number; fade?: number; hold?: number }

export interface Group extends Disc { members: number[] }

/** A site in a picture; `marks` and what follows are those about this moment of a film. */
export interface Placed extends Disc {
  i: number; turn: number; state: SiteState; site: Site; fade: number; ring?: number; group?: Group;
  marks?: Map<MarkName, number>; most?: Reached | null; alpha?: number;
}

/** A place that is known only to an area. */
export type Area = Placed & { ring: number };

/** The most that a site may have reached, and how much of the time about. */
export interface Reached { r: number; share: number }

/** What is painted of some sites; what is fine is drawn larger, and averaged. */
export interface Stroke { ids: string[]; x: number; y: number; reach: number; alpha: number; fine?: boolean; paint: (pen: Pen) => void }

/** A symbol as it is drawn. */
export interface Mark extends Disc { shape: Shape; colour: string; mark: MarkName; level?: Site['level'] }

/** How words are set. */
export interface Font { size: number; weight?: number; style?: string; spacing?: number }

export interface Written extends Font {
  colour: string; align?: CanvasTextAlign; halo?: string | null; haloWidth?: number;
}

/** The dot of a place; of words that move, from where these stand. */
export interface Dot { x: number; y: number; radius: number; colour: string }

/** Words on the picture, as they are told to who asks what it shows; of a label `of` is its place. */
export interface Noted {
  layer: string; text: string; lang: string; x: number; y: number; w: number; h: number; size: number; colour: string; alpha: number;
  of?: Point;
}

/** Where words stand, and the width that they take. */
export interface Spot { x: number; y: number; align: 'left' | 'right' | 'center'; width: number }

/**
 * The words at a place; `zoom`, from which there is room for them, and `side` are found for all labels together; `above`
 * is how far they stand above it where outlines are, or 0.
 */
export interface Label {
  text: string; point: boolean; site?: boolean; above?: number; style: LabelStyle; at: Point; half: number; box: Box;
  minZoom: number; maxZoom: number; priority: number; zoom: number; side: number; hosts?: Host[];
}

/** A symbol that lies upon a place up to a zoom, at which its label may move; in the unit square, radius at 1080 lines. */
export interface Host { at: Point; r: number; until: number }

export interface LabelStyle extends Setting {
  size: number; weight: number; colour: keyof Colours; spacing: number; style?: string;
}

/** A label's picture as it lies on the sheet. */
export interface Laid { id: string; from: HTMLCanvasElement; strength: number; at: Point; box: Box }

/** A picture of a label on each of sixteen quarters of a pixel. */
export interface Sprite {
  id: string; ctx: Context; x: number; y: number; width: number; height: number; scale: number; drawn: Set<number>;
}

/** Room that is kept at the sides. */
export interface Margin { x: number; top: number; bottom: number }

/** How a piece of the furniture is set, and where it stands. */
export interface Spec extends Omit<Placement, 'at'> {
  at: string; size: number; weight: number; colour: keyof Colours; least?: number; step: number; drop: number;
  halo: number; alpha: number;
}

export type PieceName =
  | 'logo' | 'title' | 'subtitle' | 'events' | 'scale' | 'north' | 'legend' | 'date' | 'counter' | 'last' | 'chapter' | 'notes'
  | 'captions' | 'line' | 'credit';

/** A piece of the furniture before it has a place. */
export interface Block {
  piece: PieceName; width: number; height: number; draw: (box: Box) => void; gap?: number; hangs?: number;
  joins?: boolean; beside?: boolean; room?: number; spare?: number; alpha?: number;
}

/** A block of a corner. */
export interface Stacked extends Block { layer: Layer; alpha: number; backing?: boolean; at: string[]; margin: Margin }

/**
 * What stands in its place; lines of one block of text are `joined`, and `kept` is all that they may come to take; what
 * runs `over` the map keeps no name away.
 */
export interface Part {
  box: Box; draw: (box: Box) => void; layer: Layer; alpha: number; backing?: boolean; beside?: boolean; joined?: Box;
  kept?: Box; over?: boolean;
}

export type Standing = Part & Stacked;

/** What lies over the map: a piece, or the ground of words that point to a place, over how many outlines. */
export interface Lying { layer: Layer; lang: string; text: string; box: Box; alpha: number; outlines?: number }

/** The widest line of a text, in widths of a letter as high as a pixel. */
export interface Widest { text: string; width: number }

/** The most that the words of a split need in a film. */
export interface Needs { date: Widest; counter: Widest; notes: Widest; lines: number }

/** How large the words of a split are set, and how wide they may be; of a page nobody asks what they need. */
export interface Sizes { date: number; counter: number; notes: number; room: number; needs: Needs | null }

/** Lines of one piece beside the line of a split, which lies the other `way`. */
export interface Lines { lines: string[]; size: number; x: number; y: number; way: -1 | 1 }

/** A row of a legend. */
export interface Row {
  text: string; head?: boolean; mark?: (look: Look) => Pick<Mark, 'shape' | 'colour' | 'mark' | 'level'>;
  swatch?: (pen: Pen, x: number, y: number, w: number, h: number) => void;
}

export type Classes = Record<string, ClassEntry>;

export interface Size { width: number; height: number }

/** A place that is known to an area alone. */
export interface Ring extends Disc { colour: string; alpha: number; mark: MarkName }

/** A symbol on its way from one state to another: how much of each. */
export interface Marks extends Disc { shape: Shape; colour: string; marks: Map<MarkName, number>; faded?: number }

/** Sites that are drawn as one, in the unit square. */
export interface Cluster { x: number; y: number; members: number[] }

/** Every symbol at its largest, at a zoom. */
export interface Largest { zoom: number; marks: Disc[] }

/** The chart of systems: its box, the height of a row, and the lines below. */
export interface Chart { box: Box; step: number; notes: string[]; small: number }

/** Where the curve of a system runs. */
export interface Curve {
  x: (year: number) => number; now: number; top: number; foot: number; end: number; lang: string;
}

/** The built area of a site. */
export interface Sum { area: number; lo: number; hi: number; moving: boolean }

/** What a page shows, as its bar and its keys change it. */
export interface Shown {
  t: number; mode: Mode; lang: string; look: string; uncertainty: boolean; relief: boolean; legend: boolean;
  selected: string[]; layers: Partial<Record<Layer, boolean>>;
}

/** A size of paper in millimetres, and what stands in its file. */
export interface Paper extends Size { paper: Point; title: string; style: string }

/** Of an element; null is none. */
export type Attributes = Record<string, unknown>;

/** A state of which the sum is known. */
export type Known = Told & { total: number; totalLo: number; totalHi: number };

/** What a map of chapters has to tell at any time. */
export interface Tellable {
  level: boolean; lit: boolean; last: boolean; vanished: boolean; between: boolean; unknown: number; coverage: boolean;
}

/** What a site covers by itself: its ids, left, top and width of a box in pixels of the canvas, and the alpha there. */
export type Matte = [string[], number, number, number, string];

/** A part of a picture, from left to right; null of all of it. */
export type Span = [number, number] | null;

/** Sites as one pen drew them, in their part of the picture. */
export interface Drawn { pen: Pen; placed: Placed[]; span: Span }

/** What was drawn last. */
export interface Last {
  frame: Frame; state: State; before: State | null; placed: Placed[]; view: View; lit: (id: string) => number;
  mattes: Matte[] | null;
}

/** What a film drives, and a notebook. */
export interface Camps {
  canvas: HTMLCanvasElement; meta: Meta; page: PageScript; ready: (languages?: string[]) => Promise<void>;
  setFrame: (frame: Given) => void; describe: Stage['describe']; missingGlyphs: (lang: string) => string;
  resume: () => void;
}

/** A row of the table beside a live map. */
export type Listed = Record<string, string | number | null>;

/** What Python and a live map have in common. */
export interface LiveModel {
  get(name: '_page' | 'date'): string; get(name: 'view'): { lon: number; lat: number; zoom: number };
  get(name: 'selected'): string[]; get(name: string): unknown; set(name: string, value: unknown): void;
  on(event: string, call: () => void): void; off(event: string, call: () => void): void; save_changes(): void;
}

declare global {
  interface Window {
    camps: Camps;
    campsStart: (map: L.Map, root: HTMLElement) => void;
    campsSvg: (stage: Stage, frame: Given, paper: Point, style: string) => string;
  }
}
