// Words at the end of a line that follows a place of the map.

import { Mercator } from './geo.js';
import { Moving, panel } from './text.js';
/** @import { Furniture } from './furniture.js' */
/** @import { Type } from './text.js' */
/** @import { Box, Callout, Lying, Pen, Point, Spot } from './types.d.ts' */

const SIZE = 22;
// From the place to where its line bends, to the side and up, and how far beside the place the line begins.
/** @type {Point} */
const LEAD = [64, 64];
const CLEAR_OF_PLACE = 9 * Math.SQRT2;

export class Callouts {
  /** @param {Furniture} furniture */
  constructor(furniture) {
    this.furniture = furniture;
    /** @type {Moving | null} */
    this.moving = null;
  }

  /** @param {Pen} pen @param {string} lang @param {Callout[]} callouts */
  draw(pen, lang, callouts) {
    this.moving ??= new Moving();
    this.moving.begin(pen.ctx);
    const type = this.typed(pen, lang);
    for (const one of callouts) this.drawOne({ ...pen, type }, this.moving, one);
    this.moving.end(pen.ctx);
  }

  /** @param {Pen} pen @param {string} lang @returns {Type} */
  typed(pen, lang) {
    return Object.assign(Object.create(this.furniture.typeOf(pen, lang, 'callouts')), { layer: 'callouts' });
  }

  // The plate of each, as it lies in the picture.
  /** @param {Pen} pen @param {string} lang @param {Callout[]} callouts @returns {Lying[]} */
  boxes(pen, lang, callouts) {
    const typed = { ...pen, type: this.typed(pen, lang) };
    return callouts.map((one) => ({ layer: 'callouts', lang, text: this.said(typed, one), box: this.placeOf(typed, one).plate, alpha: one.alpha }));
  }

  /** @param {Pen} pen @param {Callout} callout */
  said({ type }, { text }) {
    return this.furniture.words.said(text, type.lang);
  }

  // Where the place is, where its line bends and ends, and the ground of the words.
  /** @param {Pen} pen @param {Callout} callout @returns {{ way: number, at: Point, bend: Point, end: number, plate: Box }} */
  placeOf(pen, callout) {
    const { view, u, type } = pen;
    const unit = Mercator.x(callout.lon);
    const [x, y] = view.point(unit + view.nearest(unit), Mercator.y(callout.lat));
    const way = callout.side === 'left' ? -1 : 1;
    const [right, up] = callout.lead ?? LEAD;
    const [bend, foot] = [x + way * right * u, y - up * u];
    const end = bend + way * (type.width(this.said(pen, callout), SIZE * u, 600) + 12 * u);
    return { way, at: [x, y], bend: [bend, foot], end, plate: [Math.min(bend, end) - 6 * u, foot - 1.45 * SIZE * u, Math.max(bend, end) + 6 * u, foot + 5 * u] };
  }

  // From beside the place to the words, and along their foot.
  /** @param {Pen} pen @param {Moving} moving @param {Callout} callout */
  drawOne(pen, moving, callout) {
    const { ctx, look, u, type } = pen;
    const { at: [x, y], bend: [bend, foot], end, plate } = this.placeOf(pen, callout);
    const size = SIZE * u;
    ctx.globalAlpha = callout.alpha;
    panel(pen, plate);
    ctx.beginPath();
    const away = Math.hypot(bend - x, foot - y);
    const begins = Math.min(1, (CLEAR_OF_PLACE * u) / away);
    ctx.moveTo(x + begins * (bend - x), y + begins * (foot - y));
    ctx.lineTo(bend, foot);
    ctx.lineTo(end, foot);
    ctx.lineWidth = 1.6 * u;
    ctx.strokeStyle = look.text;
    ctx.stroke();
    /** @type {Spot} */
    const spot = { x: (bend + end) / 2, y: foot - 0.4 * size, align: 'center', width: Math.abs(end - bend) - 12 * u };
    moving.add(type, this.said(pen, callout), spot, { size, weight: 600, colour: look.text, align: 'center' });
    ctx.globalAlpha = 1;
  }
}
