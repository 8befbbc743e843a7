// Words at the end of a line that follows a place of the map.

import { Mercator } from './geo.js';
import { Moving, panel } from './text.js';
/** @import { Furniture } from './furniture.js' */
/** @import { Callout, Pen, Spot } from './types.d.ts' */

const SIZE = 22;

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
    const type = Object.assign(Object.create(this.furniture.typeOf(pen, lang, 'callouts')), { layer: 'callouts' });
    for (const one of callouts) this.drawOne({ ...pen, type }, this.moving, one);
    this.moving.end(pen.ctx);
  }

  // From beside the place up to the words, and along their foot.
  /** @param {Pen} pen @param {Moving} moving @param {Callout} callout */
  drawOne(pen, moving, { lon, lat, text: said, side, alpha }) {
    const { ctx, view, look, u, type } = pen;
    const text = this.furniture.words.said(said, type.lang);
    const unit = Mercator.x(lon);
    const [x, y] = view.point(unit + view.nearest(unit), Mercator.y(lat));
    const way = side === 'left' ? -1 : 1;
    const size = SIZE * u;
    const width = type.width(text, size, 600);
    const [bend, foot] = [x + way * 64 * u, y - 64 * u];
    const end = bend + way * (width + 12 * u);
    ctx.globalAlpha = alpha;
    panel(pen, [Math.min(bend, end) - 6 * u, foot - 1.45 * size, Math.max(bend, end) + 6 * u, foot + 5 * u]);
    ctx.beginPath();
    ctx.moveTo(x + way * 9 * u, y - 9 * u);
    ctx.lineTo(bend, foot);
    ctx.lineTo(end, foot);
    ctx.lineWidth = 1.6 * u;
    ctx.strokeStyle = look.text;
    ctx.stroke();
    /** @type {Spot} */
    const spot = { x: (bend + end) / 2, y: foot - 0.4 * size, align: 'center', width };
    moving.add(type, text, spot, { size, weight: 600, colour: look.text, align: 'center' });
    ctx.globalAlpha = 1;
  }
}
