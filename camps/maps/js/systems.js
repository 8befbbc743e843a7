// Systems of camps by the number of places open: their curves beside a map, or two of them side by side.

import { polyline } from './canvas.js';
import { clamp, Days, Mercator, View } from './geo.js';
import { panel } from './text.js';
import { colourOf, drawMark } from './symbols.js';
import { DASH } from './words.js';
/** @import { Side, System } from './payload.d.ts' */
/** @import { Box, Chart, Classes, Curve, Data, Frame, Margin, Pen, Standing } from './types.d.ts' */
/** @import { Words } from './words.js' */

const ROW_ROOM = 150;
const LEAST_ROW = 84;
const AXIS_ROOM = 40;

// What a piece takes, with the lines that stand in one block with it.
/** @param {Standing[]} parts @param {string} piece */
function boxOfPiece(parts, piece) {
  const part = parts.find((one) => one.piece === piece);
  return part && (part.joined || part.box);
}

export class Systems {
  /** @param {Data} data @param {Words} words */
  constructor(data, words) {
    this.systems = data.systems ?? [];
    this.pair = data.pair ?? [];
    this.words = words;
    /** @type {Classes} */
    this.classes = Object.fromEntries(data.classes.map((entry) => [entry.id, entry]));
  }

  /** @param {System} system @param {number} t */
  row(system, t) {
    const { year } = Days.parts(t);
    return system.rows.find(([of]) => of === year) || null;
  }

  // Between how many and how many were open in a year; outside its years, the years of the system.
  /** @param {System} system @param {number} t @param {string} lang */
  amount(system, t, lang) {
    const row = this.row(system, t);
    if (!row) return `${system.rows[0][0]}${DASH}${system.rows[system.rows.length - 1][0]}`;
    const [low, high] = row.slice(1).map((value) => this.words.number(value, lang));
    return this.words.of('system_open', lang, { n: low === high ? low : `${low}${DASH}${high}` });
  }

  /** @param {System} system @param {string} lang */
  stated({ n_places: n, n_unknown: unknown }, lang) {
    return this.words.of('system_stated', lang, { n: this.words.number(n, lang), unknown: this.words.number(unknown, lang) });
  }

  // One curve below the other between title and date, each with its own scale and all with the same years.
  /** @param {Pen} pen @param {Frame} frame @param {Margin} margin @param {Standing[]} parts */
  chart(pen, frame, margin, parts) {
    const { type, u, view } = pen;
    const [title, clock] = ['title', 'date'].map((piece) => boxOfPiece(parts, piece));
    const width = Math.min(640 * u, 0.46 * view.width);
    const small = Math.max(9, 15 * u);
    const notes = type.wrap(this.words.of('system_note', frame.lang), width - 32 * u, small, 400);
    const top = (title ? title[3] : margin.top) + 20 * u;
    const room = (clock ? clock[1] : view.height - margin.bottom) - 20 * u - top;
    const foot = AXIS_ROOM * u + notes.length * 1.35 * small;
    const step = Math.min(ROW_ROOM * u, (room - foot) / this.systems.length);
    if (step < LEAST_ROW * u || view.width <= 560) return null;
    // On the left in every language: a camera that leaves room beside the places leaves it there.
    /** @type {Box} */
    const box = [margin.x, top, margin.x + width, top + step * this.systems.length + foot];
    return { box, draw: () => this.drawChart(pen, frame, { box, step, notes, small }) };
  }

  /** @param {Pen} pen @param {Frame} frame @param {Chart} chart */
  drawChart(pen, frame, { box, step, notes, small }) {
    const { type, u, look } = pen;
    panel(pen, box);
    const pad = 16 * u;
    const years = this.systems.flatMap(({ rows }) => [rows[0][0], rows[rows.length - 1][0] + 1]);
    const [first, last] = [Math.min(...years), Math.max(...years)];
    const [near, far] = type.rtl ? [box[2] - pad, box[0] + pad + 44 * u] : [box[0] + pad, box[2] - pad - 44 * u];
    /** @param {number} year */
    const x = (year) => near + ((year - first) / (last - first)) * (far - near);
    const { year } = Days.parts(frame.t);
    const now = clamp(year + (frame.t - Days.from(year, 1, 1)) / 365.25, first, last);
    this.systems.forEach((system, i) => {
      const top = box[1] + i * step + 10 * u;
      this.drawHead(pen, frame, system, [near, type.rtl ? box[0] + pad : box[2] - pad, top]);
      this.drawCurve(pen, system, { x, now, top: top + 52 * u, foot: top + step - 14 * u, end: far, lang: frame.lang });
    });
    const level = box[1] + this.systems.length * step;
    const every = last - first > 40 ? 20 : 5;
    for (let mark = Math.ceil(first / every) * every; mark < last; mark += every) {
      type.draw(String(mark), x(mark), level + 16 * u, { size: small, colour: look.muted, align: 'center' });
    }
    for (const [i, line] of notes.entries()) type.draw(line, near, level + AXIS_ROOM * u + i * 1.35 * small, { size: small, colour: look.muted });
  }

  /** @param {Pen} pen @param {Frame} frame @param {System} system @param {[number, number, number]} at the side where reading begins, the other, and the top */
  drawHead({ type, u, look, ...pen }, frame, system, [near, far, top]) {
    const { shape } = this.classes[system.id];
    const way = type.rtl ? -1 : 1;
    drawMark({ ...pen, type, u, look }, { x: near + way * 8 * u, y: top + 13 * u, r: 8 * u, shape, colour: colourOf(look, this.classes[system.id]), mark: 'observed' });
    type.draw(this.words.name(system.names, frame.lang), near + way * 26 * u, top + 20 * u, { size: 20 * u, weight: 600, colour: look.text });
    const known = this.row(system, frame.t);
    type.draw(this.amount(system, frame.t, frame.lang), far, top + 20 * u, { size: 20 * u, weight: known ? 700 : 400, colour: known ? look.text : look.muted, align: 'end' });
    type.draw(this.stated(system, frame.lang), near + way * 26 * u, top + 41 * u, { size: 15 * u, colour: look.muted });
  }

  // Up to this moment: the band that unknown dates leave, and the line of what is known.
  /** @param {Pen} pen @param {System} system @param {Curve} curve */
  drawCurve({ ctx, type, u, look }, system, { x, now, top, foot, end, lang }) {
    const most = Math.max(1, ...system.rows.map(([, , high]) => high));
    /** @param {number} value */
    const y = (value) => foot - (value / most) * (foot - top);
    const past = system.rows.filter(([year]) => year < now);
    const colour = colourOf(look, this.classes[system.id]);
    ctx.fillStyle = look.tick;
    ctx.fillRect(Math.min(x(system.rows[0][0]), end), foot, Math.abs(end - x(system.rows[0][0])), 1 * u);
    ctx.fillStyle = look.secondary;
    ctx.fillRect(x(now) - 0.75 * u, top, 1.5 * u, foot - top);
    const way = type.rtl ? -1 : 1;
    type.draw(this.words.number(most, lang), end + way * 8 * u, top + 10 * u, { size: 13 * u, colour: look.muted });
    type.draw('0', end + way * 8 * u, foot + 2 * u, { size: 13 * u, colour: look.muted });
    if (!past.length) return;
    /** @param {1 | 2} of */
    const steps = (of) => past.flatMap((row) => [[x(row[0]), y(row[of])], [x(Math.min(row[0] + 1, now)), y(row[of])]]);
    ctx.beginPath();
    polyline(ctx, [...steps(2), ...steps(1).reverse()]);
    ctx.closePath();
    ctx.fillStyle = colour;
    ctx.globalAlpha *= 0.34;
    ctx.fill();
    ctx.globalAlpha /= 0.34;
    ctx.beginPath();
    polyline(ctx, steps(1));
    ctx.strokeStyle = colour;
    ctx.lineWidth = 2.6 * u;
    ctx.stroke();
  }

  /** @param {Side} side */
  system(side) {
    const found = this.systems.find(({ id }) => id === side.id);
    if (!found) throw new Error(`camps: no system "${side.id}"`);
    return found;
  }

  // The clock of a side runs in the years of its own system.
  /** @param {Side} side @param {number} t */
  sideTime(side, t) {
    return t - side.shift;
  }

  // What stands under each of two systems: its name, its year and the year of its life, and how many places were open.
  /** @param {Pen} pen @param {Frame} frame @param {Margin} margin @param {Standing[]} parts @returns {{ box: Box, draw: () => void }} */
  sides(pen, frame, margin, parts) {
    const { type, u, view, look, ctx } = pen;
    const [title, credit] = ['title', 'credit'].map((piece) => boxOfPiece(parts, piece));
    const top = (title ? title[3] : margin.top) + 14 * u;
    const scale = Math.max(u, 0.62);
    const rows = this.pair.map((side) => {
      const system = this.system(side);
      const t = this.sideTime(side, frame.t);
      const year = `${Days.parts(t).year} · ${this.words.of('system_year', frame.lang, { n: Days.parts(t).year - side.first + 1 })}`;
      return [
        { text: this.words.name(system.names, frame.lang), size: 24, weight: 600, colour: look.text }, { text: year, size: 40, weight: 700, colour: look.text },
        { text: this.amount(system, t, frame.lang), size: 26, weight: 600, colour: look.text }, { text: this.stated(system, frame.lang), size: 18, weight: 400, colour: look.muted },
      ];
    });
    const height = rows[0].reduce((sum, { size }) => sum + size * 1.34 * scale, 0);
    return {
      box: [view.width * 0.04, top, view.width * 0.96, top + height],
      draw: () => {
        ctx.fillStyle = look.text;
        ctx.fillRect(view.width / 2 - u, top, 2 * u, (credit ? credit[1] - 8 * u : view.height) - top);
        rows.forEach((lines, i) => {
          let y = top;
          for (const { text, size, weight, colour } of lines) {
            y += size * 1.34 * scale;
            type.draw(text, view.width * (0.25 + i / 2), y - size * 0.34 * scale, { size: size * scale, weight, colour, align: 'center', halo: look.halo, haloWidth: 5 * u });
          }
        });
      },
    };
  }

  // The view of one side: at the scale of the other on the ground, moved with it.
  /** @param {Frame} frame @param {number} at */
  view(frame, at) {
    const [side, other] = [this.pair[at], this.pair[1]];
    /** @param {Side} side */
    const cosine = ({ lat }) => Math.cos((lat * Math.PI) / 180);
    const zoom = frame.zoom + Math.log2(cosine(side) / cosine(other));
    const grown = 2 ** (frame.zoom - zoom);
    /** @param {(degrees: number) => number} unit @param {'lon' | 'lat'} axis */
    const moved = (unit, axis) => unit(side[axis]) + (unit(frame[axis]) - unit(other[axis])) * grown;
    const view = new View({ ...frame, lon: (moved(Mercator.x, 'lon') - 0.5) * 360, lat: Mercator.lat(moved(Mercator.y, 'lat')), zoom });
    view.left += (at ? -1 : 1) * (frame.width / 4);
    return view;
  }
}
