// Title, legend, date, counter, scale, north, credit and the guides of the safe areas.
// Each piece is first laid out (its box is known before labels are drawn) and then drawn, on a layer of its own.

import { polyline, sheetOf } from './canvas.js';
import { awayFrom, smoothstep } from './geo.js';
import { GRAPHICS_SAFE, panel, Type, zoomsAbout } from './text.js';
import { drawMark } from './symbols.js';
import { Systems } from './systems.js';
import { Captions } from './captions.js';
import { Split } from './split.js';
/** @import { Layer, Mode } from './payload.d.ts' */
/** @import { Block, Box, Data, Frame, Lying, Margin, Part, Pen, PieceName, Placed, Point, Row, Size, Spec, Stacked, Standing, State, Told } from './types.d.ts' */
/** @import { Timeline } from './timeline.js' */
/** @import { Words } from './words.js' */

const ACTION_SAFE = 0.035;
// How far the ground of a piece reaches beyond it.
const MOST_PAD = 24;
// What a telephone lays over an upright film: buttons and words of the programme that shows it.
const PHONE_SAFE = { x: 0.06, top: 0.14, bottom: 0.2 };
// Shapes of pictures, each up to a width of so many heights.
/** @type {Array<['9:16' | '4:5' | '1:1' | '16:9', number]>} */
const SHAPES_OF_PICTURE = [['9:16', 0.68], ['4:5', 0.9], ['1:1', 1.2], ['16:9', Infinity]];
/** @param {Size} size */
const shapeOf = ({ width, height }) => SHAPES_OF_PICTURE.find(([, most]) => width / height < most)?.[0] ?? '16:9';

// Where each piece stands and how it is set, from top to bottom of a corner; left is the side from which one reads.
/** @type {Record<PieceName, Partial<Spec>>} */
const PIECES = {
  logo: { at: 'top left' },
  title: { at: 'top left', size: 38, weight: 600, colour: 'text', step: 1.32, drop: 0.34, halo: 5 },
  subtitle: { at: 'top left', size: 21, least: 11, weight: 400, colour: 'muted', step: 1.32, drop: 0.34, halo: 5 },
  events: { at: 'top left', size: 21, least: 11, weight: 600, colour: 'secondary', step: 1.32, drop: 0.34, halo: 5 },
  scale: { at: 'top right', size: 16, least: 10, weight: 400 },
  north: { at: 'top right', size: 14, least: 9, weight: 600 },
  legend: { at: 'bottom right', size: 18, least: 11, weight: 400 },
  date: { at: 'bottom left', size: 58, weight: 700, colour: 'text', step: 1.3, drop: 0.3, halo: 5 },
  counter: { at: 'bottom left', size: 34, least: 14, weight: 600, colour: 'text', step: 1.3, drop: 0.3, halo: 5 },
  last: { at: 'bottom left', size: 26, least: 12, weight: 600, colour: 'text', step: 1.3, drop: 0.3, halo: 5 },
  chapter: { at: 'bottom left', size: 26, least: 12, weight: 600, colour: 'secondary', step: 1.3, drop: 0.3, halo: 5 },
  notes: { at: 'bottom left', size: 19, least: 10, weight: 400, colour: 'muted', step: 1.3, drop: 0.3, halo: 5 },
  captions: { at: 'bottom left', size: 36, least: 14, weight: 700, colour: 'text', step: 1.28, drop: 0.3, halo: 5 },
  line: { weight: 400, colour: 'secondary', step: 1.36, drop: 0.34, halo: 5 },
  credit: { at: 'bottom right', size: 15, least: 9, weight: 400, colour: 'muted', step: 1.35, drop: 0.351, halo: 3 },
};
const ROOM_OF_DATE = 520;
const ROOM_OF_EVENTS = 860;
const AIR_OF_TITLE = 48;
const MOST_LINES_OF_EVENTS = 4;
const YEAR_SIZE = 84;
// The second line of a caption: of the size of the first, and the least that can be read.
const LINE_SHARE = 2 / 3;
const LEAST_LINE = 14;
/** @type {Array<'title' | 'subtitle'>} */
const HEADING = ['title', 'subtitle'];
/** @type {PieceName[]} */
const CLOCK = ['date', 'counter', 'chapter', 'notes'];

/** @param {PieceName} piece @returns {Layer} */
const layerOf = (piece) => (piece === 'events' ? 'chapter' : piece === 'last' ? 'counter' : piece === 'line' ? 'captions' : piece);

export class Furniture {
  /** @param {Data} data @param {Words} words @param {Timeline} timeline */
  constructor(data, words, timeline) {
    this.data = data;
    this.words = words;
    this.timeline = timeline;
    /** Widths of the widest rows, by all that they depend on. @type {Map<string, number>} */
    this.widths = new Map();
    /** @type {Map<Mode, number>} */
    this.most = new Map();
    this.apart = sheetOf(0, 0);
    this.systems = data.systems ? new Systems(data, words) : null;
    this.captions = new Captions(this);
    this.split = new Split(this, timeline);
  }

  // Fonts that arrive after a first drawing make what was measured stale.
  forget() {
    this.widths.clear();
    this.split.forget();
  }

  /** @param {Pen} pen @param {Frame} frame @param {State} state @param {State | null} before @returns {Part[]} */
  layout(pen, frame, state, before) {
    const parts = this.standing(pen, frame, state, before, this.legends(pen, frame));
    // Only outlines have a second legend, and only a film has captions, or words that may not move when it comes.
    const still = () => (this.data.footprints && pen.safe ? this.standing(pen, frame, state, before, this.legendRoom(pen, frame)) : parts);
    const across = before ? this.split.layout(pen, frame, before, { ...state, ...pen.steady }, still()) : this.across(pen, frame, parts);
    const taken = () => [...still(), ...across].map((part) => part.kept || part.joined || part.box);
    parts.push(...this.captions.layout(pen, frame, taken));
    return [...parts, ...across, ...(before && frame.layers.date ? [this.split.line(pen, frame, parts)] : [])];
  }

  /** @param {Pen} pen @param {Frame} frame @param {State} state @param {State | null} before @param {Block[]} legends */
  standing(pen, frame, state, before, legends) {
    const wide = pen.view.width - 2 * this.margin(pen).x;
    const blocks = [
      this.logo(pen), ...this.heading(pen, frame, wide), this.events(pen, frame, wide), ...this.measure(pen, frame), ...legends,
      ...(before || this.data.pair ? [] : this.clock(pen, frame, { ...state, ...pen.steady }, wide)), this.credit(pen, frame, wide),
    ].filter((block) => block !== null).filter(({ piece }) => frame.layers[layerOf(piece)] && this.spec(pen, piece).show !== false);
    return this.stack(pen, blocks);
  }

  // What stands over the whole picture: two systems, or the chart of several.
  /** @param {Pen} pen @param {Frame} frame @param {Standing[]} parts @returns {Part[]} */
  across(pen, frame, parts) {
    const whole = frame.layers.date ? this.systems?.[this.data.pair ? 'sides' : 'chart'](pen, frame, this.margin(pen), parts) : null;
    return whole ? [{ layer: 'date', alpha: 1, ...whole }] : [];
  }

  // How a piece is set in this look, where it stands and how strongly, as the film says.
  /** @param {Pen} pen @param {PieceName} piece @returns {Spec} */
  spec(pen, piece) {
    const year = this.data.meta.precision === 'year' && piece === 'date';
    const own = { ...(year ? { size: YEAR_SIZE } : {}), ...this.besideChart(pen, piece), ...(piece === 'events' ? { at: this.spec(pen, 'title').at } : {}), ...(piece === 'line' ? this.belowCaption(pen) : {}) };
    // What is as large as the number stands with it, wherever that is put, and a second line below the first.
    const beside = piece === 'last' ? 'counter' : piece === 'line' ? 'captions' : piece;
    const placed = [pen.look.furniture?.[beside], pen.furniture[beside]].flatMap((one) => (one ? [one, one[shapeOf(pen.view)], pen.type.rtl ? one.rtl : null] : []));
    /** @type {Spec} */
    const spec = Object.assign({ alpha: 1 }, PIECES[piece], own, pen.look.type?.[piece], ...placed);
    return { ...spec, size: Math.max(spec.least || 0, spec.size * pen.u) };
  }

  // The chart of systems stands on the left, and two systems leave room on the side of the title.
  /** @param {Pen} pen @param {PieceName} piece @returns {{ at?: string }} */
  besideChart({ type }, piece) {
    if (piece === 'legend' && (this.data.pair || (this.systems && type.rtl))) return { at: 'bottom left' };
    return piece === 'captions' && this.systems ? { at: type.rtl ? 'bottom left' : 'bottom right' } : {};
  }

  /** @param {Pen} pen */
  belowCaption(pen) {
    const { at, size } = this.spec(pen, 'captions');
    return { at, size: Math.max(LEAST_LINE, (LINE_SHARE * size) / pen.u) };
  }

  /** @param {Pen} pen @param {Point | null} [share] */
  margin({ view, safe }, share = null) {
    const upright = shapeOf(view) === '9:16' && safe;
    const [x, y] = share || [GRAPHICS_SAFE, GRAPHICS_SAFE];
    const { x: side, top, bottom } = upright && !share ? PHONE_SAFE : { x, top: y, bottom: y };
    return { x: Math.max(12, side * view.width), top: Math.max(12, top * view.height), bottom: Math.max(12, bottom * view.height) };
  }

  // Blocks that stand in one corner lie one under the other; those of one piece, which hand over, in one place.
  /** @param {Pen} pen @param {Block[]} blocks @returns {Standing[]} */
  stack(pen, blocks) {
    /** @type {Map<string, Stacked[]>} */
    const corners = new Map();
    for (const block of blocks) {
      const { at, margin, alpha, backing } = block.hangs ? { ...this.spec(pen, block.piece), at: 'top right' } : this.spec(pen, block.piece);
      const key = JSON.stringify([at, margin, block.hangs]);
      corners.set(key, [...(corners.get(key) || []), { layer: layerOf(block.piece), alpha, backing, ...block, at: at.split(' '), margin: this.margin(pen, margin) }]);
    }
    /** @type {Standing[]} */
    const parts = [];
    // The lower right first: what stands beside it keeps clear of the credit.
    for (const corner of [...corners.values()].sort((a, b) => this.rank(a) - this.rank(b))) this.fill(pen, corner, parts);
    return parts;
  }

  /** @param {Stacked[]} corner */
  rank(corner) {
    const [down] = corner[0].at;
    return corner.some(({ piece }) => piece === 'title') ? 0 : corner.some(({ piece }) => piece === 'credit') ? 1 : down === 'bottom' ? 3 : 2;
  }

  /** @param {Pen} pen @param {Stacked[]} corner @param {Standing[]} parts */
  fill(pen, corner, parts) {
    /** @type {Stacked[][]} */
    const slots = [];
    for (const block of corner) {
      const last = slots[slots.length - 1];
      if (last && (last[0].piece === block.piece || block.beside)) last.push(block);
      else slots.push([block]);
    }
    /** @param {number} i */
    const after = (i) => (i < slots.length - 1 && !(slots[i][0].joins && slots[i + 1][0].joins) ? 10 * pen.u : 0);
    const heights = slots.map((slot, i) => Math.max(...slot.map(({ height, gap }) => height + (gap ?? after(i)))));
    let top = this.topOf(pen, corner, heights.reduce((sum, height) => sum + height, 0), parts);
    const placed = slots.flatMap((slot, i) => {
      const foot = top + heights[i];
      const here = slot.map((block) => this.put(pen, block, block.at[0] === 'bottom' ? foot - (block.gap ?? after(i)) - block.height : top));
      top = foot;
      return here;
    });
    parts.push(...placed);
    this.join(pen, placed.filter(({ joins }) => joins));
  }

  /** @param {Pen} pen @param {Stacked[]} corner @param {number} height @param {Standing[]} parts */
  topOf({ view, u }, corner, height, parts) {
    const [{ at: [down, side = 'centre'], margin, hangs }] = corner;
    const title = parts.find(({ piece }) => piece === 'title');
    if (hangs && title) return (title.joined ?? title.box)[3] + hangs;
    if (down === 'top') return margin.top;
    if (down !== 'bottom') return (view.height - height) / 2;
    const foot = view.height - margin.bottom;
    const credit = parts.find(({ piece, at }) => piece === 'credit' && at[0] === 'bottom' && at[1] !== side);
    const beside = credit ? (credit.at[1] === 'right' ? credit.width : view.width) : 0;
    return (credit && view.width - 2 * margin.x - beside <= 540 * u ? credit.box[1] - 8 : foot) - height;
  }

  /** @param {Pen} pen @param {Stacked} block @param {number} top @returns {Standing} */
  put(pen, block, top) {
    const { view, type: { rtl } } = pen;
    const { at: [, side = 'centre'], width, margin, spare = 0 } = block;
    const right = (side === 'right') !== rtl;
    const left = side === 'centre' ? (view.width - width) / 2 : right ? view.width - margin.x - width : margin.x;
    return { ...block, box: [left, top, left + width, top + block.height - spare] };
  }

  // Lines of one block of text are one obstacle for labels; of the date, with all that numbers and notes may come to take
  // in a film, so that no label comes or goes because a line grew by a digit.
  /** @param {Pen} pen @param {Standing[]} placed */
  join(pen, placed) {
    if (!placed.length) return;
    const widest = Math.max(...placed.map(({ width }) => width), placed.some(({ room }) => room) ? Math.max(...placed.map(({ room }) => room || 0)) : 0);
    const joined = this.put(pen, { ...placed[0], width: Math.max(...placed.map(({ width }) => width)) }, placed[0].box[1]).box;
    const kept = this.put(pen, { ...placed[0], width: widest }, placed[0].box[1]).box;
    joined[3] = placed[placed.length - 1].box[3];
    kept[3] = joined[3] + (placed[placed.length - 1].spare || 0);
    for (const block of placed) Object.assign(block, { joined, kept });
  }

  // Lines of text as a block: they begin, end or are centred as the corner is that they stand in.
  /** @param {Pen} pen @param {PieceName} piece @param {string[]} lines @param {Partial<Block>} [more] @returns {Block} */
  lines(pen, piece, lines, more = {}) {
    const spec = this.spec(pen, piece);
    const { size, weight } = spec;
    const { type, look, u } = pen;
    const [, side] = spec.at.split(' ');
    const align = side === 'left' ? 'start' : side === 'right' ? 'end' : 'center';
    return {
      piece,
      width: Math.max(0, ...lines.map((line) => type.width(line, size, weight))),
      height: lines.length * size * spec.step + (more.spare || 0),
      draw: ([left, top, right]) => {
        const x = align === 'center' ? (left + right) / 2 : (align === 'end') !== type.rtl ? right : left;
        lines.forEach((line, i) => {
          const y = top + (i + 1) * size * spec.step - spec.drop * size;
          type.draw(line, x, y, { size, weight, colour: look[spec.colour], align, halo: look.halo, haloWidth: spec.halo * u });
        });
      },
      ...more,
    };
  }

  /** @param {Pen} pen @param {Frame} frame @param {number} wide */
  credit(pen, frame, wide) {
    const { size } = this.spec(pen, 'credit');
    const text = [this.words.credit(frame), ...frame.credits].join(' · ');
    return this.lines(pen, 'credit', pen.type.wrap(text, Math.min(wide, 1120 * pen.u), size, 400));
  }

  /** @param {Pen} pen @param {Frame} frame @param {number} wide */
  heading(pen, frame, wide) {
    const { at } = this.spec(pen, 'title');
    const room = pen.view.width > 560 ? Math.min(wide * 0.62, this.besideClock(pen, frame, wide, at)) : wide;
    return HEADING.flatMap((piece) => {
      const lang = frame.label_lang;
      const type = this.typeOf(pen, lang, piece);
      const { size, weight } = this.spec(pen, piece);
      const text = this.words.meta('title', lang) && this.words.meta(piece, lang);
      return text ? this.lines({ ...pen, type }, piece, type.wrap(text, room, size, weight), { joins: true, ...(piece === 'subtitle' && this.data.events ? { gap: 9 * pen.u } : {}) }) : [];
    });
  }

  // What a number beside the title, which may grow as long as itself, leaves it of the width, with air between them.
  /** @param {Pen} pen @param {Frame} frame @param {number} wide @param {string} at */
  besideClock(pen, frame, wide, at) {
    const beside = CLOCK.filter((piece) => {
      const spec = this.spec(pen, piece);
      return frame.layers[layerOf(piece)] && spec.show !== false && spec.at !== at && spec.at.split(' ')[0] === at.split(' ')[0];
    });
    if (!beside.length) return wide;
    /** @param {PieceName} piece */
    const width = (piece) => (piece === 'notes' ? Math.min(wide, ROOM_OF_DATE * pen.u) : this.widest(pen, frame, piece));
    return Math.max(wide * 0.3, Math.min(wide * 0.46, wide - Math.max(...beside.map(width)) - AIR_OF_TITLE * pen.u));
  }

  // In the language of the labels, in the layout of the shot's: the title of another stands where this one does.
  /** @param {Pen} pen @param {string} lang @param {Layer} layer */
  typeOf(pen, lang, layer) {
    return lang === pen.type.lang ? pen.type : Object.assign(new Type(pen.ctx, lang, this.data, pen.look, pen.type.texts), { layer });
  }

  // Events of the chapter, below the title. In a film their rows are kept free, so that no label makes way for one.
  /** @param {Pen} pen @param {Frame} frame @param {number} wide */
  events(pen, frame, wide) {
    if (!(this.data.events || []).length) return null;
    const { size, weight, step } = this.spec(pen, 'events');
    const room = Math.min(wide, ROOM_OF_EVENTS * pen.u);
    const lines = this.words.events(frame).flatMap((text) => pen.type.wrap(text, room, size, weight));
    const spare = pen.safe ? Math.max(0, MOST_LINES_OF_EVENTS - lines.length) * size * step : 0;
    return lines.length || spare ? this.lines(pen, 'events', lines, { joins: true, spare, ...(spare ? { room } : {}) }) : null;
  }

  // Date, total and what they rest on. Rows are kept free for all that may come, so that the date never jumps.
  /** @param {Pen} pen @param {Frame} frame @param {Told} state @param {number} wide */
  clock(pen, frame, state, wide) {
    const { size } = this.spec(pen, 'notes');
    const room = Math.min(wide, ROOM_OF_DATE * pen.u);
    const notes = this.words.notes(state, frame.lang).flatMap((text, i) => {
      const lines = pen.type.wrap(text, room, size, 400);
      // In a film the levels, which stand first, keep the rows of their largest numbers.
      const most = pen.safe && !i && this.words.told.level ? pen.type.wrap(this.words.mostLevels(frame.lang), room, size, 400).length : 0;
      return [...lines, ...Array(Math.max(0, most - lines.length)).fill('')];
    });
    const rows = this.headRows(frame, state);
    if (!rows.length && !notes.length) return [];
    // The line of counts may be one row or two, as the language is.
    const broken = Math.max(0, ...this.words.mostCounts(frame.mode, frame.lang).map((text) => pen.type.wrap(text, room, size, 400).length - 1));
    const spare = Math.max(0, this.words.mostNotes() + broken - notes.length) * size * this.spec(pen, 'notes').step;
    const blocks = rows.map(([piece, text]) => this.lines(pen, piece, [text], { joins: true, room: Math.max(room, this.widest(pen, frame, piece)) }));
    return [...blocks, this.lines(pen, 'notes', notes, { joins: true, room, spare })];
  }

  /** @param {Frame} frame @param {Told} state */
  headRows({ t, lang }, state) {
    const { words, data } = this;
    /** @type {Array<[PieceName, string, boolean]>} */
    const rows = [['date', words.date(t, lang), false], ['counter', words.total(state, lang), data.meta.metric !== null],
      ['last', words.last(state, lang), false], ['chapter', words.eraName(t, lang), data.eras.length > 0]];
    return rows.filter(([, text, blank]) => text || blank);
  }

  // The width of the widest that a film may say in a row: its room is kept all the time, so that no label makes way for
  // the name of a long chapter.
  /** @param {Pen} pen @param {Frame} frame @param {PieceName} piece */
  widest(pen, { lang, mode }, piece) {
    if (!pen.safe) return 0;
    const { size, weight } = this.spec(pen, piece);
    const key = JSON.stringify([piece, lang, mode, size, weight, pen.type.family]);
    const kept = this.widths.get(key);
    if (kept !== undefined) return kept;
    const width = Math.max(0, ...this.saidIn(piece, lang, mode).map((text) => pen.type.width(text, size, weight)));
    this.widths.set(key, width);
    return width;
  }

  /** @param {PieceName} piece @param {string} lang @param {Mode} mode */
  saidIn(piece, lang, mode) {
    const { words, data } = this;
    if (piece === 'date') return words.dates(lang);
    if (piece === 'counter') return [words.mostTotal(this.mostIn(mode), mode, lang)];
    if (piece === 'chapter') return data.eras.map((era) => words.name(era.names, lang));
    return [words.last({ ...this.timeline.at(data.meta.t_max, mode), phases: { last: data.sites.length } }, lang)];
  }

  // The largest number that the map comes to, by the bounds of every look and of the day before it.
  /** @param {Mode} mode */
  mostIn(mode) {
    const { t_max: last, stop_days: stops } = this.data.meta;
    const most = this.most.get(mode) ?? Math.max(0, ...[...stops.flatMap((day) => [day - 1, day]), last].map((day) => this.timeline.compute(day, mode).totalHi ?? 0));
    this.most.set(mode, most);
    return most;
  }

  // The mark of a house that shows the film, as its look says.
  /** @param {Pen} pen @returns {Block | null} */
  logo({ u, ctx, look }) {
    if (!look.logo?.image) return null;
    const { image, height } = look.logo;
    const [width, high] = [(height * u * image.naturalWidth) / image.naturalHeight, height * u];
    return { piece: 'logo', width, height: high, gap: 14 * u, draw: ([left, top]) => ctx.drawImage(image, left, top, width, high) };
  }

  // One legend, or two that hand over where the camera comes close enough for outlines.
  /** @param {Pen} pen @param {Frame} frame */
  legends(pen, frame) {
    return this.legendRows(pen, frame).filter(([, shown]) => shown > 0.004).map(([rows, shown, samples]) => this.legend(pen, frame, rows, shown, samples));
  }

  /** @param {Pen} pen @param {Frame} frame */
  legendRows(pen, frame) {
    return pen.view.width <= 560 && !frame.legend ? [] : this.words.legends(frame, zoomsAbout(pen, 'fade'));
  }

  // The legend at its largest, whichever shows: what stands above it does not move when one hands over to another.
  /** @param {Pen} pen @param {Frame} frame @returns {Block[]} */
  legendRoom(pen, frame) {
    const all = this.legendRows(pen, frame).map(([rows, , samples]) => this.legend(pen, frame, rows, 1, samples));
    return all.length ? [{ ...all[0], width: Math.max(...all.map(({ width }) => width)), height: Math.max(...all.map(({ height }) => height)) }] : [];
  }

  /** @param {Pen} pen @param {Frame} frame @param {Row[]} rows @param {number} shown @param {number[]} samples @returns {Block} */
  legend(pen, frame, rows, shown, samples) {
    const { type, u, view, look } = pen;
    const { size } = this.spec(pen, 'legend');
    // A long legend is set closer, so that it stands over less of the map.
    const step = size * (rows.length > 12 ? 1.38 : 1.62);
    const sampleHeight = samples.length ? 2 * this.data.options.radius_of_one * Math.sqrt(samples[samples.length - 1]) * u + 1.3 * size : 0;
    const textWidth = Math.max(...rows.map((row) => type.width(row.text, size, row.head ? 600 : 400) + (row.head ? 0 : 2.1 * size)));
    return {
      piece: 'legend',
      width: Math.max(textWidth, samples.length ? 190 * u : 0) + 2 * size,
      height: rows.length * step + sampleHeight + size * 1.2,
      gap: 18 * u,
      // As strong as it shows, with its ground and what makes way for it.
      alpha: this.spec(pen, 'legend').alpha * shown,
      // On a narrow page date and credit fill the foot: there the legend hangs under the title.
      ...(view.width <= 560 ? { hangs: 60 * u } : {}),
      /** @param {Box} box */
      draw: (box) => {
        panel(pen, box);
        let y = box[1] + size * 0.6;
        const side = type.rtl ? box[2] - size : box[0] + size;
        const way = type.rtl ? -1 : 1;
        for (const row of rows) {
          y += step;
          const base = y - step * 0.28;
          if (row.mark) drawMark(pen, { x: side + way * size * 0.62, y: base - size * 0.34, r: size * 0.46, ...row.mark(look) });
          if (row.swatch) row.swatch(pen, side + (way < 0 ? -size * 1.3 : 0), base - size * 0.85, size * 1.3, size);
          type.draw(row.text, side + (row.head ? 0 : way * size * 2), base, {
            size, weight: row.head ? 600 : 400, colour: row.head ? look.text : look.secondary,
          });
        }
        if (samples.length) this.drawSamples(pen, frame, samples, box, y, size);
      },
    };
  }

  // Nested discs on one foot, each with its number: the reader measures by them.
  /** @param {Pen} pen @param {Frame} frame @param {number[]} samples @param {Box} box @param {number} top @param {number} size */
  drawSamples(pen, frame, samples, box, top, size) {
    const { ctx, type, u, look } = pen;
    const k = this.data.options.radius_of_one * u;
    const largest = k * Math.sqrt(samples[samples.length - 1]);
    const foot = top + size * 0.9 + 2 * largest;
    const way = type.rtl ? -1 : 1;
    const x = (type.rtl ? box[2] - size : box[0] + size) + way * largest;
    for (const value of samples) {
      const r = k * Math.sqrt(value);
      ctx.beginPath();
      ctx.arc(x, foot - r, r, 0, 2 * Math.PI);
      ctx.strokeStyle = look.secondary;
      ctx.lineWidth = 1.2 * u;
      ctx.stroke();
      const y = foot - 2 * r;
      ctx.beginPath();
      ctx.moveTo(x, y);
      ctx.lineTo(x + way * (largest + 0.5 * size), y);
      ctx.stroke();
      type.draw(this.words.number(value, frame.lang), x + way * (largest + 0.75 * size), y + size * 0.34, { size, colour: look.secondary });
    }
  }

  // Scale bar and north, which stands beside the bar where both are in one corner.
  /** @param {Pen} pen @param {Frame} frame @returns {Block[]} */
  measure(pen, frame) {
    const { ctx, type, view, look, u } = pen;
    const [scale, north] = [this.spec(pen, 'scale'), this.spec(pen, 'north')];
    const metres = niceLength((190 * u) / view.pxPerMetre());
    const length = metres * view.pxPerMetre();
    const beside = frame.layers.scale && frame.layers.north && scale.at === north.at && !north.margin;
    const alike = { height: 40 * u, ...(view.width <= 560 ? { hangs: 10 } : {}) };
    return [
      {
        piece: 'scale', width: length + (beside ? 46 * u : 0), ...alike,
          draw: ([left, top]) => {
          const y = top + 26 * u;
          ctx.strokeStyle = look.secondary;
          ctx.lineWidth = 1.6 * u;
          ctx.beginPath();
          ctx.moveTo(left, y - 6 * u);
          ctx.lineTo(left, y);
          ctx.lineTo(left + length, y);
          ctx.lineTo(left + length, y - 6 * u);
          ctx.stroke();
          type.draw(this.words.length(metres, frame.lang), left + length / 2, y - 9 * u, {
            size: scale.size, weight: scale.weight, colour: look.secondary, align: 'center', halo: look.halo, haloWidth: 3 * u,
          });
        },
      },
      {
        piece: 'north', width: (beside ? length : 0) + 46 * u, beside, ...alike,
          draw: ([, top, right]) => drawNorth(pen, right - 16 * u, top + 28 * u, this.words.of('north', frame.lang), north),
      },
    ];
  }

  /** @param {Pen} pen @param {Part[]} parts @param {string} layer */
  draw(pen, parts, layer) {
    pen.type.layer = layer;
    for (const part of parts.filter((one) => one.layer === layer && one.alpha > 0.004)) {
      pen.ctx.globalAlpha = part.alpha;
      part.draw(part.box);
      pen.ctx.globalAlpha = 1;
    }
  }

  // Each piece that stands over the map, and where; a north beside the bar is in the box of that.
  /** @param {Part[]} parts @param {string} lang @returns {Lying[]} */
  lying(parts, lang) {
    return parts.filter(({ beside, over }) => !beside && !over).map(({ layer, box, alpha }) => ({ layer, lang, text: '', box, alpha }));
  }

  // The ground of each piece that is to have one; in a film, of every piece that symbols come near, as far as they come:
  // no symbol runs under type, and the layer of symbols stays whole.
  /** @param {Pen} pen @param {Part[]} parts @param {Placed[]} symbols */
  drawBacking(pen, parts, symbols) {
    for (const part of parts.filter(({ beside, layer }) => !beside && layer !== 'logo')) {
      const near = Number(part.backing ?? Math.max(0, ...symbols.map((item) => nearness(item, part.box, 30 * pen.u))));
      if (near * part.alpha > 0.004) this.back(pen, part.box, near * part.alpha);
    }
  }

  // Drawn apart and then given its colour: laid upon one another in place, so many thin coats round towards pink.
  /** @param {Pen} pen @param {Box} box @param {number} strength */
  back({ ctx, u, look }, [left, top, right, bottom], strength) {
    const { a: scale } = ctx.getTransform();
    const [x, y] = [left, top].map((side) => Math.floor((side - MOST_PAD * u) * scale) - 1);
    const [width, height] = [[right, x], [bottom, y]].map(([side, from]) => Math.ceil((side + MOST_PAD * u) * scale) + 1 - from);
    const own = this.apart;
    Object.assign(own.canvas, { width, height });
    own.setTransform(scale, 0, 0, scale, -x, -y);
    own.globalAlpha = strength * 0.22;
    for (let pad = MOST_PAD; pad >= 6; pad -= 2) {
      own.beginPath();
      own.roundRect(left - pad * u, top - 0.6 * pad * u, right - left + 2 * pad * u, bottom - top + 1.2 * pad * u, pad * u);
      own.fill();
    }
    own.setTransform(1, 0, 0, 1, 0, 0);
    Object.assign(own, { globalAlpha: 1, globalCompositeOperation: 'source-in', fillStyle: look.land });
    own.fillRect(0, 0, width, height);
    ctx.save();
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.globalAlpha = 1;
    ctx.drawImage(own.canvas, x, y);
    ctx.restore();
  }

  /** @param {Pen} pen */
  drawGuides(pen) {
    const { ctx, view, look, u } = pen;
    ctx.strokeStyle = look.guide;
    ctx.lineWidth = Math.max(1, u);
    for (const share of [ACTION_SAFE, GRAPHICS_SAFE]) {
      ctx.strokeRect(view.width * share, view.height * share, view.width * (1 - 2 * share), view.height * (1 - 2 * share));
    }
    if (shapeOf(view) === '9:16') {
      const { x, top, bottom } = this.margin(pen);
      ctx.strokeRect(x, top, view.width - 2 * x, view.height - top - bottom);
    }
    ctx.beginPath();
    ctx.moveTo(view.width / 2 - 20 * u, view.height / 2);
    ctx.lineTo(view.width / 2 + 20 * u, view.height / 2);
    ctx.moveTo(view.width / 2, view.height / 2 - 20 * u);
    ctx.lineTo(view.width / 2, view.height / 2 + 20 * u);
    ctx.stroke();
  }
}

/** @param {number} metres */
function niceLength(metres) {
  const power = 10 ** Math.floor(Math.log10(metres));
  const digit = metres / power;
  return power * (digit >= 5 ? 5 : digit >= 2 ? 2 : 1);
}

// How near a symbol comes to a box, from 0 at a distance to 1 where it touches it, and how much of it there is.
/** @param {Placed} placed @param {Box} box @param {number} range */
function nearness({ x, y, r, ring, most, fade, marks }, box, range) {
  const there = marks ? [...marks.values()].reduce((sum, share) => sum + share, 0) : 1;
  return fade * Math.min(1, there) * (1 - smoothstep(0, range, awayFrom(box, x, y) - (ring || Math.max(r, most ? most.r : 0))));
}

/** @param {Pen} pen @param {number} x @param {number} y @param {string} letter @param {Spec} spec */
function drawNorth(pen, x, y, letter, { size, weight }) {
  const { ctx, type, u, look, view: { angle } } = pen;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const middle = y - 16 * u;
  ctx.beginPath();
  polyline(ctx, [[0, -10], [7, 10], [0, 5], [-7, 10]].map(([right, down]) => [x + (right * cos + down * sin) * u, middle + (down * cos - right * sin) * u]));
  ctx.closePath();
  ctx.fillStyle = look.secondary;
  ctx.fill();
  type.draw(letter, x, y + 11 * u, { size, weight, colour: look.secondary, align: 'center', halo: look.halo, haloWidth: 3 * u });
}
