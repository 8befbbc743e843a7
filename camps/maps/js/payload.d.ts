// Written by make format from camps/maps/contract.py: what a page is told.
export type Corner = 'top left' | 'top' | 'top right' | 'middle left' | 'middle' | 'middle right' | 'bottom left' | 'bottom' | 'bottom right';
export type Shape = 'disc' | 'square' | 'diamond' | 'triangle' | 'pentagon' | 'hexagon' | 'inverted';
export type Mode = 'observed' | 'bracket' | 'illustrative';
export type Names = Record<string, string>;
export type Text = string | Record<string, string> | null;
export type Kind = 'sites' | 'growth' | 'footprints' | 'eras' | 'compare' | 'systems';
export type Level = 'compound' | 'town' | 'cell' | 'county' | 'prefecture' | 'province';
export type FootprintKind = 'compound' | 'other' | 'construction' | 'block' | 'building';
export type Script = 'latin' | 'chinese' | 'arabic' | 'cyrillic' | 'korean' | 'khmer';
export type PlaceKind = 'country' | 'region' | 'nature' | 'water' | 'capital' | 'city';
export type Layer = 'base' | 'footprints' | 'growth' | 'outlines' | 'labels' | 'callouts' | 'backing' | 'logo' | 'title' | 'subtitle' | 'scale' | 'north' | 'legend' | 'date' | 'counter' | 'chapter' | 'notes' | 'captions' | 'credit' | 'guides';
export type LegendMark = 'stale' | 'unknown' | 'zero' | 'closed' | 'lapsed' | 'opening' | 'last' | 'vanished' | 'lit' | 'undated' | 'observed' | 'withheld';
export type Swatch = 'building' | 'block' | 'construction' | 'compound' | 'other' | 'appearing' | 'unseen' | 'lost';
export type Ended = 'closed' | 'lapsed';
export type CountLook = [number, number, number, number, number, number | null, 'closed' | 'lapsed' | null];
export type Ends = [number | null, number | null];

/** When a site was open, as :func:`camps.timeline.lives` has it. */
export interface Life {
  opened: Ends | null;
  closed: Ends | null;
  vanished: Ends | null;
  until: number | null;
}

/** A site: its names, its place, what a popup says of it, and all that stands there over time. */
export interface Site {
  class: string;
  id: string;
  names: Names;
  lon: number;
  lat: number;
  lon_published: string;
  lat_published: string;
  r95: number;
  level: Level;
  area_code: string | null;
  enterprise: string | null;
  system: string;
  tier: string | null;
  group: string | null;
  place: string;
  opened: string | null;
  closed: string | null;
  status: string | null;
  source_id: string;
  source_title: string | null;
  source_url: string | null;
  unverified: boolean;
  looks: Array<CountLook>;
  cells: Array<[string, string]>;
  missed: Array<number>;
  label_rank: number | null;
  label_offset: number;
  label_at?: [number, number];
  life?: Life;
}

/** What is counted: the words after a number, by language, and whether its values are whole. */
export interface Metric {
  id: string;
  name: Names;
  one: Names;
  few: Names;
  many: Names;
  none: Names;
  unit: string;
  whole: boolean;
}

/** A line of the credit; one that names layers stands while one of them is drawn. */
export interface Credit {
  text: string | Names;
  layers?: Array<Layer>;
}

/** What a page is called, what its clock runs over, and in what it opens. */
export interface Meta {
  title: string | Names;
  subtitle: Text;
  legend: Names;
  legend_near?: Names;
  coverage?: Names;
  left_out?: Array<Names>;
  attribution: Array<Credit>;
  lang: string;
  languages: Array<string>;
  look: string;
  mode: Mode;
  modes: Array<Mode>;
  metric: Metric | null;
  precision: 'none' | 'year' | 'month' | 'day';
  n_sites: number;
  t_min: number;
  t_max: number;
  t_start: number;
  t_before?: number;
  split?: number;
  stop_days: Array<number>;
  stops: Array<string>;
  stop_dates?: Array<[string, number]>;
  date_spans?: Array<[number, number, string]>;
  key_step_days: number;
}

/** A class of sites: a colour of the look by its name, or one of the record's own as it is. */
export interface ClassEntry {
  id: string;
  colour: string;
  shape: Shape;
  names: Names;
}

/** How symbols are drawn; radii in lines of a picture of 1080. */
export interface Options {
  radius_of_one: number;
  unknown_radius: number;
  zero_radius: number;
  fixed_radius: number;
  samples: Array<number>;
  label_zoom: number;
  cluster: boolean;
  yield_to_outlines: boolean;
  quiet?: boolean;
}

/** A chapter; ``lit`` is what a site has to have to be marked while it lasts. */
export interface Era {
  from: number;
  id: string;
  to: number;
  names: Names;
  lit: '' | 'enterprise';
}

/** An event of the record, without a point. */
export interface Event {
  day: number;
  date: string;
  kind: string;
  name: string;
  names: Names;
}

/** Words that a film lays over the map for a time, and a smaller line below them; or those at the end of a line. */
export interface Caption {
  text: string | Names;
  line?: string | Names;
}

/** A system of camps: a row a year of the least and the greatest number of places open. */
export interface System {
  id: string;
  names: Names;
  n_places: number;
  n_unknown: number;
  rows: Array<[number, number, number]>;
}

/** One of two systems side by side: its middle, how many days its clock runs behind, and its first year. */
export interface Side {
  id: string;
  lon: number;
  lat: number;
  shift: number;
  first: number;
}

/** The sightings of outlines in columns, track by track; the first three list what the columns number. */
export interface Seen {
  tracks: Array<string>;
  sites: Array<string>;
  kinds: Array<FootprintKind>;
  id: Array<string>;
  track: Array<number>;
  site: Array<number>;
  kind: Array<number>;
  shape: Array<number | null>;
  day: Array<number>;
  area: Array<number>;
  before: Array<number | null>;
  after: Array<number | null>;
  covered: Array<number | null>;
  since?: Array<number | null>;
}

/** What a sighting and the next one of its track share, gain and lose, and the way of the growth front in metres. */
export interface Change {
  low: number;
  grows: boolean;
  front?: Array<number>;
  kept?: number;
  gain?: number;
  loss?: number;
}

/** Outlines, each encoded once, and their sightings. */
export interface Footprints {
  digits: number;
  built: Array<FootprintKind>;
  shapes: Array<string>;
  seen: Seen;
  changes: Record<string, Change>;
  days: Record<string, Array<number>>;
}

/** A picture inside the page. */
export interface Picture {
  name: string;
  source: string;
}

/** A satellite picture: its day, and its box in Web Mercator's unit square. */
export interface Scene extends Picture {
  day: number;
  date: string;
  box: [number, number, number, number];
}

/** Shaded ground, and the zooms between which it fades. */
export interface Relief extends Picture {
  bounds: [number, number, number, number];
  fades: [number, number];
}

/** The mark of a house. */
export interface Logo extends Picture {
  height: number;
  licence: string;
}

/** One scale of the base map: encoded lines by layer. */
export interface Scale {
  name: string;
  digits: number;
  bounds: [number, number, number, number];
  layers: Record<'land' | 'lakes' | 'rivers' | 'provinces' | 'borders' | 'disputed', Array<string>>;
}

/** A place that the base map names; of rank 1 to 4. */
export interface Place {
  names: Names;
  lon: number;
  lat: number;
  kind: PlaceKind;
  rank: number;
}

/** The ground. */
export interface Base {
  scales: Array<Scale>;
  places: Array<Place>;
  relief: Relief | null;
}

/** Where a page opens, the box that it was fitted to, and the closest zoom that it may be fitted with. */
export interface View {
  lon: number;
  lat: number;
  zoom: number;
  bounds: [number, number, number, number];
  closest: number;
}

export interface Colours {
  sea: string;
  land: string;
  lake: string;
  river: string;
  province: string;
  border: string;
  panel: string;
  group: string;
  text: string;
  secondary: string;
  muted: string;
  place: string;
  place_area: string;
  place_water: string;
  label: string;
  edge: string;
  unknown: string;
  sample: string;
  guide: string;
  tick: string;
  chart: string;
  footprint: string;
  footprint_block: string;
  footprint_other: string;
  footprint_edge: string;
  compound: string;
  appearing: string;
  construction: string;
  loss: string;
}

/** How a piece of type is set, where a look says something of it. */
export interface Setting {
  size?: number;
  weight?: number;
  colour?: string;
}

/** Where a piece stands, where a look says something of it; margins are shares of width and height. */
export interface Spot {
  at?: Corner;
  margin?: [number, number];
  show?: boolean;
  backing?: boolean;
}

/** The same by the shape of the picture, and in a language that is read from the right. */
export interface Placement extends Spot {
  '16:9'?: Spot;
  '1:1'?: Spot;
  '4:5'?: Spot;
  '9:16'?: Spot;
  rtl?: Spot;
}

/** A font that a look brings. */
export interface Face {
  family: string;
  weight: number;
  style: 'normal' | 'italic';
  licence: string;
  file: string;
  source: string;
}

/** A look, as :func:`camps.looks.palette` has it. */
export interface Look extends Colours {
  key: string;
  name: Names;
  theme: 'dark' | 'light';
  halo: string | null;
  relief_alpha: number;
  classes: Names;
  lines: Record<'river' | 'province' | 'border', number>;
  type?: Record<string, Setting>;
  furniture?: Record<string, Placement>;
  fonts?: Names;
  faces?: Array<Face>;
  logo?: Logo;
}

/** All that a page is told. */
export interface Page {
  version: 1;
  kind: Kind;
  meta: Meta;
  view: View;
  base: Base;
  sites: Array<Site>;
  classes: Array<ClassEntry>;
  class_names: Record<'system' | 'tier', Record<string, Names>>;
  eras: Array<Era>;
  marks: Array<LegendMark>;
  options: Options;
  looks: Record<string, Look>;
  fonts: Names;
  words: Record<string, Names>;
  not_verified: string;
  levels?: Array<Level>;
  events?: Array<Event>;
  captions?: Array<Caption>;
  callouts?: Array<Caption>;
  systems?: Array<System>;
  pair?: Array<Side>;
  footprints?: Footprints;
  scenes?: Array<Scene>;
  swatches?: Array<Swatch>;
}
