// Two dates on the two sides of a line: the words of each beside it, pieces with a layer of their own, and the line.

import { Days, smoothstep } from './geo.js';
/** @import { Furniture } from './furniture.js' */
/** @import { Timeline } from './timeline.js' */
/** @import { Box, Frame, Lines, Needs, Part, Pen, Sizes, Standing, State, Told } from './types.d.ts' */

/** @type {Array<'date' | 'counter' | 'notes'>} */
const BESIDE_LINE = ['date', 'counter', 'notes'];
/** @type {Record<'date' | 'counter' | 'notes', { weight: number, colour: 'text' | 'secondary' | 'muted', halo: number }>} */
const SET = {
  date: { weight: 700, colour: 'text', halo: 5 },
  counter: { weight: 400, colour: 'secondary', halo: 4 },
  notes: { weight: 400, colour: 'muted', halo: 3 },
};
// Pixels of a picture of 1080 lines: sizes in a film where there is room, the least of all, and the least of a page.
const [DATE, TOTAL, LEAST, LEAST_PAGE] = [40, 22, 17, { date: 15, counter: 11 }];
const STEP = 1.35;
const ROOM_OF_NOTES = 400;
// From the line to its words; between the line and what stands in its way; how far from that it begins to part.
const [BESIDE, AIR, NEAR] = [20, 8, 24];
// Just before a day, when what began on the day before it has come furthest.
const MOMENT = 1e-6;

export class Split {
  /** @param {Furniture} furniture @param {Timeline} timeline */
  constructor(furniture, timeline) {
    this.furniture = furniture;
    this.timeline = timeline;
    this.needed = { key: '', needs: /** @type {Needs | null} */ (null) };
  }

  // Fonts that arrive after a first drawing make what was measured stale.
  forget() {
    this.needed.needs = null;
  }

  // The words of both sides. In a film their sizes, and the room that names keep clear of, are those of the moment that
  // needs the most: nothing breathes with the line, and no name comes or goes with it, or with a digit.
  /** @param {Pen} pen @param {Frame} frame @param {State} before @param {Told} after @param {Standing[]} standing @returns {Part[]} */
  layout(pen, frame, before, after, standing) {
    const sizes = this.sizes(pen, frame);
    const top = this.top(pen, sizes, standing);
    return [this.side(pen, frame, before, -1, sizes, top), this.side(pen, frame, after, 1, sizes, top)].flat();
  }

  /** @param {Pen} pen @param {Frame} frame */
  shown(pen, frame) {
    return BESIDE_LINE.filter((piece) => frame.layers[piece] && this.furniture.spec(pen, piece).show !== false && (piece !== 'notes' || pen.safe));
  }

  // Below the title in a film, whose legend stands at the foot; on a page above the credit.
  /** @param {Pen} pen @param {Sizes} sizes @param {Standing[]} standing */
  top(pen, { date, counter }, standing) {
    const { view, u } = pen;
    const margin = this.furniture.margin(pen);
    const credit = standing.find(({ piece }) => piece === 'credit');
    if (!pen.safe) return (credit ? credit.box[1] : view.height - margin.bottom) - 2.6 * counter - date;
    return Math.max(margin.top, ...standing.filter(({ box }) => box[3] < view.height / 2).map(({ box }) => box[3])) + 24 * u;
  }

  // Date and number as large as they have room, each by itself; the number no larger than the date, none below the notes.
  /** @param {Pen} pen @param {Frame} frame @returns {Sizes} */
  sizes(pen, frame) {
    const { u, view } = pen;
    if (!pen.safe) return { date: Math.max(LEAST_PAGE.date, DATE * u), counter: Math.max(LEAST_PAGE.counter, TOTAL * u), notes: LEAST * u, room: Infinity, needs: null };
    const [first, last] = frame.swept ?? [frame.split, frame.split];
    const room = Math.min(first, 1 - last) * view.width - this.furniture.margin(pen).x - BESIDE * u;
    const needs = this.needs(pen, frame, room);
    const shown = this.shown(pen, frame);
    for (const piece of shown) {
      if (needs[piece].width * LEAST * u > room + 0.5) throw new Error(`camps.setFrame: split: “${needs[piece].text}” (${frame.lang}) has no room in ${Math.round(room)} px at 1080 lines; keep the line nearer to the middle, or make the picture wider`);
    }
    const date = Math.min(DATE * u, room / needs.date.width);
    return { date, counter: Math.max(LEAST * u, Math.min(TOTAL * u, date, room / needs.counter.width)), notes: LEAST * u, room, needs };
  }

  // The most that each piece needs in the film: its widest line, in widths of a letter as high as a pixel, and its lines.
  /** @param {Pen} pen @param {Frame} frame @param {number} room @returns {Needs} */
  needs(pen, frame, room) {
    const { spanned = [frame.t, frame.t] } = frame;
    const key = JSON.stringify([spanned, frame.t_before, frame.mode, frame.lang, pen.type.family, room, pen.u]);
    if (this.needed.key !== key || !this.needed.needs) this.needed = { key, needs: this.measure(pen, frame, spanned, room) };
    return /** @type {Needs} */ (this.needed.needs);
  }

  /** @param {Pen} pen @param {Frame} frame @param {[number, number]} spanned @param {number} room @returns {Needs} */
  measure(pen, frame, spanned, room) {
    const { words } = this.furniture;
    const told = this.told(frame, spanned);
    const notes = told.map((state) => this.notes(pen, frame, state, room));
    return {
      date: this.widest(pen, this.dates(frame, spanned, told), SET.date.weight),
      counter: this.widest(pen, told.flatMap((state) => words.totals(state, frame.lang)), SET.counter.weight),
      notes: this.widest(pen, notes.flat(), SET.notes.weight),
      lines: Math.max(...notes.map(({ length }) => length)),
    };
  }

  // The widest of some texts, whatever their digits are.
  /** @param {Pen} pen @param {string[]} texts @param {number} weight */
  widest({ type }, texts, weight) {
    /** @param {string} text */
    const width = (text) => type.width(text, 100, weight) / 100;
    const digit = [...'0123456789'].sort((a, b) => width(b) - width(a))[0];
    const measured = texts.map((text) => ({ text, width: Math.max(width(text), width(text.replace(/\d/g, digit))) }));
    return measured.reduce((most, one) => (one.width > most.width ? one : most), { text: '', width: 0.01 });
  }

  // All that is told in a film: at the earlier date, and at, between and just before the days on which anything changes.
  /** @param {Frame} frame @param {[number, number]} spanned @returns {Told[]} */
  told({ t_before: earlier = 0, mode }, [first, last]) {
    const changes = [...this.furniture.data.meta.stop_days, ...this.timeline.ends()].filter((day) => first < day && day < last);
    const days = [...new Set([first, ...changes.sort((a, b) => a - b), last])];
    const about = days.flatMap((day, i) => (i ? [(days[i - 1] + day) / 2, day - MOMENT, day] : [day]));
    return [earlier, ...about].map((t) => this.timeline.compute(t, mode));
  }

  // Every date that may stand: one in each month, two digits long, and those that nobody knows to the day.
  /** @param {Frame} frame @param {[number, number]} spanned @param {Told[]} told */
  dates(frame, [first, last], told) {
    const { words, data } = this.furniture;
    const [from, to] = [first, last].map(Days.parts);
    const months = 12 * (to.year - from.year) + to.month - from.month;
    const twentieths = Array.from({ length: Math.min(12, months + 1) }, (_, i) => Days.from(from.year, from.month + i, 20));
    const spans = (data.meta.date_spans || []).filter(([start, end]) => start <= last && first <= end).map(([start]) => Math.max(start, first));
    return [...told.map(({ t }) => t), ...twentieths, ...spans].map((t) => words.date(t, frame.lang, this.finer(frame)));
  }

  // Where both sides would say the same at any moment of the film, as two days of one year, both say what is finer.
  /** @param {Frame} frame @returns {'month' | 'day' | undefined} */
  finer({ t, t_before: earlier = 0, spanned = [t, t], lang }) {
    const { words } = this.furniture;
    /** @param {'month' | 'day'} [finer] */
    const alike = (finer) => words.date(earlier, lang, finer) === words.date(spanned[0], lang, finer);
    if (!words.date(earlier, lang) || !alike()) return undefined;
    return alike('month') ? 'day' : 'month';
  }

  // What a number rests on: a page tells it in its panel, a film has to on the picture.
  /** @param {Pen} pen @param {Frame} frame @param {Told} state @param {number} room */
  notes(pen, frame, state, room) {
    const wide = Math.min(room, ROOM_OF_NOTES * pen.u);
    return this.furniture.words.notes(state, frame.lang).flatMap((text) => pen.type.wrap(text, wide, LEAST * pen.u, SET.notes.weight));
  }

  // The pieces of one side, one under the other; `way` leads from the line to them.
  /** @param {Pen} pen @param {Frame} frame @param {Told} state @param {-1 | 1} way @param {Sizes} sizes @param {number} top @returns {Part[]} */
  side(pen, frame, state, way, sizes, top) {
    const { words } = this.furniture;
    /** @type {Record<'date' | 'counter' | 'notes', () => string[]>} */
    const said = {
      date: () => [words.date(state.t, frame.lang, this.finer(frame))],
      counter: () => [words.total(state, frame.lang)],
      notes: () => this.notes(pen, frame, state, sizes.room),
    };
    const x = frame.split * pen.view.width + way * BESIDE * pen.u;
    let y = top;
    const parts = this.shown(pen, frame).map((piece) => {
      const part = this.piece(pen, piece, { lines: said[piece](), size: sizes[piece], x, y, way });
      y += part.height;
      return part;
    });
    const joined = union(parts.map(({ box }) => box));
    const kept = this.kept(pen, frame, way, sizes, [top, joined]);
    return parts.map((part) => ({ ...part, joined, ...(kept ? { kept } : {}) }));
  }

  /** @param {Pen} pen @param {'date' | 'counter' | 'notes'} piece @param {Lines} given @returns {Part & { height: number }} */
  piece(pen, piece, { lines, size, x, y, way }) {
    const { type, look, u } = pen;
    const { weight, colour, halo } = SET[piece];
    const { alpha, backing } = this.furniture.spec(pen, piece);
    const step = piece === 'date' ? size : STEP * size;
    const width = Math.max(0, ...lines.map((line) => type.width(line, size, weight)));
    const height = lines.length * step;
    const align = way < 0 ? 'right' : 'left';
    /** @type {Box} */
    const box = [x - (way < 0 ? width : 0), y + step - size, x + (way < 0 ? 0 : width), y + height + 0.3 * size];
    const draw = () => {
      for (const [at, line] of lines.entries()) type.draw(line, x, y + (at + 1) * step, { size, weight, colour: look[colour], align, halo: look.halo, haloWidth: halo * u });
    };
    return { layer: piece, alpha, backing, box, draw, height };
  }

  // What the words of a side may come to take in a film, wherever the line goes.
  /** @param {Pen} pen @param {Frame} frame @param {-1 | 1} way @param {Sizes} sizes @param {[number, Box]} now @returns {Box | null} */
  kept(pen, frame, way, { needs, ...sizes }, [top, joined]) {
    const shown = this.shown(pen, frame);
    if (!needs || !shown.length) return null;
    const { u, view } = pen;
    const wide = Math.max(joined[2] - joined[0], ...shown.map((piece) => needs[piece].width * sizes[piece]));
    const rows = shown.map((piece) => ({ date: sizes.date, counter: STEP * sizes.counter, notes: needs.lines * STEP * sizes.notes })[piece]);
    const foot = top + rows.reduce((sum, height) => sum + height, 0) + 0.3 * sizes[shown[shown.length - 1]];
    const [first, last] = (frame.swept ?? [frame.split, frame.split]).map((share) => share * view.width + way * BESIDE * u);
    return [first - (way < 0 ? wide : 0), top, last + (way < 0 ? 0 : wide), Math.max(foot, joined[3])];
  }

  // The line, over the whole height. It parts for what really stands in its way, as strongly as that shows, and the more
  // the nearer it comes: nothing of it comes or goes at once.
  /** @param {Pen} pen @param {Frame} frame @param {Part[]} standing @returns {Part} */
  line(pen, frame, standing) {
    const { u, view: { width, height }, ctx, look, rows } = pen;
    const x = frame.split * width;
    const gaps = standing.filter(({ alpha }) => alpha > 0.004).map(({ box, alpha }) => ({
      top: box[1] - AIR * u, foot: box[3] + AIR * u,
      strength: alpha * (1 - smoothstep(AIR * u, (AIR + NEAR) * u, Math.max(box[0] - x, 0, x - box[2]))),
    })).filter(({ strength }) => strength > 0.004);
    /** @param {number} y */
    const whole = (y) => Math.round(y * (rows || 1)) / (rows || 1);
    const ends = [0, height, ...gaps.flatMap(({ top, foot }) => [top, foot]).filter((y) => y > 0 && y < height).map(whole)].sort((a, b) => a - b);
    const draw = () => {
      const { globalAlpha } = ctx;
      ctx.fillStyle = look.text;
      for (const [i, foot] of ends.entries()) {
        const top = ends[i - 1] ?? foot;
        const parted = gaps.filter((gap) => gap.top < (top + foot) / 2 && (top + foot) / 2 < gap.foot).map(({ strength }) => strength);
        ctx.globalAlpha = globalAlpha * (1 - Math.max(0, ...parted));
        if (foot > top && ctx.globalAlpha > 0.004) ctx.fillRect(x - u, top, 2 * u, foot - top);
      }
      ctx.globalAlpha = globalAlpha;
    };
    return { layer: 'date', alpha: 1, box: [x - u, 0, x + u, height], beside: true, over: true, draw };
  }
}

/** @param {Box[]} boxes @returns {Box} */
function union(boxes) {
  /** @param {0 | 1 | 2 | 3} side */
  const all = (side) => boxes.map((box) => box[side]);
  return [Math.min(...all(0)), Math.min(...all(1)), Math.max(...all(2)), Math.max(...all(3))];
}
