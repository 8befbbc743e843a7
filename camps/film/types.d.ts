// What the scripts of a film hand to one another, what Python sends them, and what they use of Leaflet and its plugins.
import type { Camps, Frame, Given as Asked, Shown as PageState } from '../maps/js/types.d.ts';

// --- pictures that a worker reads ------------------------------------------------------------------------------------

/** How pixels leave the browser: `slots` of so many bytes, in a file that begins with `nonce`, or by the socket. */
export interface Setup {
  url: string; bytes: number; slots: number; mode: 'file' | 'socket'; nonce: string; canvas?: OffscreenCanvas;
}

interface Size { width: number; height: number }

/** How a page of somebody else is painted: its size in CSS pixels, and that of the picture. */
export interface PaintSetup extends Setup { layout: Size; size: Size }

/** What is to be drawn: a state of a page of ours, or of one of somebody else. */
export interface Job<Drawn> { frame: number; state: Drawn }
export type CanvasJob = Job<Asked>;

/** What Python says. */
export interface Message<Drawn> { mode?: Setup['mode']; jobs?: Job<Drawn>[]; free?: number }

/** A picture; `isNew` where something of a kind is on it that was on none before. */
export interface Copied {
  frame: number; slot: number; image: VideoFrame | ElementImage; isNew?: boolean;
  described: ReturnType<Camps['describe']> | ReturnType<Film['describe']>;
}

/** What a page tells its worker: how to begin, a picture, or why there is none. */
export type Said = { setup: Setup } | Copied | { frame: number; error: string } | { frame: number; isApart: true };

/** A file as a worker has it. */
export interface RingFile {
  truncate(size: number): void;
  write(bytes: Uint8Array<ArrayBuffer>, place: { at: number }): number;
  flush(): void;
}

// --- a page of somebody else: a screen, and what drives it -----------------------------------------------------------

/** Where the camera is; without a zoom the map stays where it opens. */
export type Seen = { lon: number; lat: number; zoom: number } | { lon?: undefined; lat?: undefined; zoom?: undefined };

/** A state as it is shown: `at` in seconds from the first frame, `mark` the number that the strip carries. */
export type State = Seen & Pick<PageState, 'mode' | 'lang' | 'look'> & Pick<Frame, 't' | 'background'> & {
  at?: number; page: string; mark: number;
};

/** What the page in the frame offers to the screen. */
export interface Film {
  meta(): { n_maps: number; transparent: boolean };
  isBehind(state: State): boolean;
  ready(wait_s: number): Promise<void>;
  show(state: State): Promise<void>;
  describe(): { date_shown: string | null };
}

/** What Python knows of the elements of a map. */
export interface Given { choropleths?: Choropleth[]; steps?: Array<{ map: string; times: number[] }>; sliders?: string[] }

/** A choropleth with times; `order` is that of its slider, which sorts as text, `at` the place that it was put to. */
export interface Choropleth { id: string; days: number[]; order: number[]; at?: number }

/** A state with its day, also as text, and what Python knows. */
export type About = State & { day: number; date: string; given: Given };

/**
 * What drives one kind of thing: `find` finds them on the page, `set` puts one to an instant, in milliseconds, and
 * reads back what it shows, or null where it is not to be seen.
 */
export interface Driver<Thing> {
  name: string;
  find(given: Given): Thing[];
  set(thing: Thing, ms: number, about: About): Shown | null | Promise<Shown | null>;
}

export interface Shown { wanted: number; shown: number }

export type Drive = (map: FilmedMap, day: number, date: string) => unknown;

// --- Leaflet and its plugins -----------------------------------------------------------------------------------------

export type Kind<Thing> = abstract new (...given: never[]) => Thing;
type Place = L.LatLngExpression;
/** Places, or lists of them as deep as one likes. */
export type Places = Place | Places[];

export interface FilmedMap extends L.Map {
  _layers: Record<string, Layer>; _fadeAnimated: boolean; _zoomAnimated: boolean; timeDimension?: TimeDimension;
  setView(centre: Place, zoom: number, options?: L.ZoomPanOptions & { reset?: boolean }): this;
}

export interface Layer { getLatLng?(): L.LatLng | undefined; _latlngs?: Places[]; _bounds?: unknown }

export interface Terminator extends Layer { setTime(time: Date): void; options: { time: Date } }

export interface TimeDimension {
  _syncedLayers: TimedLayer[]; getAvailableTimes(): number[]; setCurrentTimeIndex(index: number): void;
  /** Of one that was put to an index. */
  getCurrentTime(): number; isLoading(): boolean;
}

/** Of tiles, heat or features: `_currentLayer` is that of the tiles which are shown, `_currentLoadedTime` that of heat. */
export interface TimedLayer {
  _update(): void; _baseLayer: { wmsParams?: undefined } | { wmsParams: object; hide(): void }; _defaultTime?: number;
  _currentLoadedTime?: number; _currentLayer?: { wmsParams?: { time?: string } } | null;
}

export interface TimedFeatures extends TimedLayer {
  _baseLayer: { wmsParams?: undefined; getLayers(): Array<{ feature?: object }> }; _duration?: unknown;
  _getFeatureTimes(feature: object): number[];
  _getFeatureBetweenDates(feature: object, from: number, to: number): object | null | undefined;
}

export interface Timeline extends Layer {
  times: number[]; time: number; ranges: { lookup(ms: number): object[] }; clearLayers(): void; getLayers(): object[];
  setTime(ms: number): void;
}

export interface TimelineSlider { timelines: Timeline[]; setTime(ms: number): void }

/** A choropleth's features, each with its path. */
export interface Features { _map?: FilmedMap | null; eachLayer(call: (layer: { _path: SVGElement }) => void): void }

export interface Leaflet {
  Map: { addInitHook(hook: (this: FilmedMap) => void): void };
  Browser: { ie3d: boolean };
  Icon: { Default: { mergeOptions(options: object): void } };
  latLng(place: Place): L.LatLng;
  latLngBounds: typeof L.latLngBounds;
  LatLngBounds: Kind<L.LatLngBounds>;
  Renderer: Kind<Layer & { _update(): void }>;
  GridLayer: Kind<Layer & { _loading?: boolean }>;
  Polyline: Kind<Layer & { _latlngs: Places[] }>;
  Polygon: Kind<Layer>;
  MarkerClusterGroup?: Kind<Layer & { getLayers(): Layer[] }>;
  Timeline?: Kind<Timeline>;
  TimelineSliderControl?: { prototype: { play(): void } };
  TimeDimension?: {
    Layer: { GeoJson: Kind<TimedFeatures> & { prototype: TimedFeatures } };
    Player?: { prototype: { start(): void } };
  };
}

declare global {
  /** The page's own time when the film begins. */
  const BEGAN_MS: number;
  interface Window {
    stage: { open(setup: Setup): Promise<void> };
    /** What paints a page of somebody else. */
    painting: { canPaint(): boolean; open(setup: PaintSetup, wait_s: number): Promise<void> };
    /** What drives a page, which may be another than ours and may have left. */
    film?: Film;
    filmGiven?: Given;
    filmFurniture?: boolean;
    filmIcons?: object;
    filmDrives?: Drive[];
    filmDate?: string | null;
  }
  /** HTML on a canvas, as Chromium has it. */
  interface ElementImage { close(): void }
  interface HTMLCanvasElement {
    layoutSubtree: boolean; onpaint: (() => void) | null; requestPaint(): void; captureElementImage(element: Element): ElementImage;
  }
  interface OffscreenCanvasRenderingContext2D { drawElementImage(image: ElementImage, x: number, y: number): void }
  interface FileSystemFileHandle {
    createSyncAccessHandle(): Promise<RingFile>;
  }
}
