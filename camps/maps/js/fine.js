// What is too fine for the quarters of a pixel on which a browser puts corners: it is drawn larger, and averaged.

import { sheetOf } from './canvas.js';
/** @import { Context, Pen, Stroke } from './types.d.ts' */

/** Where the picture of a stroke lies on a sheet, and where it belongs in the canvas, in pixels. @typedef {{ at: [number, number], left: number, top: number, width: number, height: number }} Cell */

// Rows to a row: they are what a browser rounds.
const DOWN = 4;

export class Fine {
  constructor() {
    this.large = sheetOf(0, 0);
    this.half = sheetOf(0, 0);
    this.sheet = sheetOf(0, 0);
    /** @type {Map<Stroke, Cell>} */
    this.cells = new Map();
  }

  // Draw all strokes that are fine, each into a cell of its own.
  /** @param {Pen} pen @param {Stroke[]} strokes */
  lay(pen, strokes) {
    this.cells = packed(pen, strokes.filter(({ fine }) => fine));
    if (!this.cells.size) return;
    const [width, height] = extent(this.cells.values());
    makeRoom(this.large, width, DOWN * height);
    this.large.clearRect(0, 0, width, DOWN * height);
    for (const [stroke, cell] of this.cells) this.paint(pen, stroke, cell);
    halve(this.large, this.half, width, 2 * height);
    halve(this.half, this.sheet, width, height);
  }

  /** @param {Pen} pen @param {Stroke} stroke @param {Cell} cell */
  paint(pen, stroke, { at: [x, y], left, top, width, height }) {
    const { large: ctx } = this;
    ctx.save();
    ctx.beginPath();
    ctx.rect(x, DOWN * y, width, DOWN * height);
    ctx.clip();
    ctx.setTransform(pen.rows, 0, 0, DOWN * pen.rows, x - left, DOWN * (y - top));
    Object.assign(ctx, { lineJoin: 'round', miterLimit: 2 });
    stroke.paint({ ...pen, ctx, rows: DOWN * pen.rows });
    ctx.restore();
  }

  // Put a stroke where it belongs; false where it is not fine.
  /** @param {Context} ctx @param {Stroke} stroke */
  draw(ctx, stroke) {
    const cell = this.cells.get(stroke);
    if (!cell) return false;
    const { at: [x, y], left, top, width, height } = cell;
    const before = ctx.getTransform();
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.drawImage(this.sheet.canvas, x, y, width, height, left, top, width, height);
    ctx.setTransform(before);
    return true;
  }
}

// A canvas that was made anew is a new bitmap; one that is large enough is kept.
/** @param {Context} ctx @param {number} width @param {number} height */
function makeRoom({ canvas }, width, height) {
  if (canvas.width < width || canvas.height < height) Object.assign(canvas, { width: Math.max(canvas.width, width), height: Math.max(canvas.height, height) });
}

// The mean of two rows each: in their middle a browser takes both alike.
/** @param {Context} from @param {Context} into @param {number} width @param {number} height */
function halve(from, into, width, height) {
  makeRoom(into, width, height);
  Object.assign(into, { imageSmoothingQuality: 'low', globalCompositeOperation: 'copy' });
  into.drawImage(from.canvas, 0, 0, width, 2 * height, 0, 0, width, height);
}

// Cells side by side, row upon row; what does not reach the picture has none.
/** @param {Pen} pen @param {Stroke[]} strokes */
function packed({ rows, view }, strokes) {
  /** @type {Map<Stroke, Cell>} */
  const cells = new Map();
  const [most, low] = [Math.round(view.width * rows), Math.round(view.height * rows)];
  let [x, y, high] = [0, 0, 0];
  for (const stroke of strokes) {
    const [left, top] = [Math.floor((stroke.x - stroke.reach) * rows), Math.floor((stroke.y - stroke.reach) * rows)];
    const side = Math.ceil(2 * stroke.reach * rows) + 1;
    if (left >= most || top >= low || left + side <= 0 || top + side <= 0) continue;
    if (x && x + side > most) [x, y, high] = [0, y + high, 0];
    cells.set(stroke, { at: [x, y], left, top, width: side, height: side });
    [x, high] = [x + side, Math.max(high, side)];
  }
  return cells;
}

/** @param {Iterable<Cell>} cells @returns {[number, number]} */
function extent(cells) {
  let [width, height] = [0, 0];
  for (const { at: [x, y], width: wide, height: high } of cells) [width, height] = [Math.max(width, x + wide), Math.max(height, y + high)];
  return [width, height];
}
