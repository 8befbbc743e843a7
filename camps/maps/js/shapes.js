// The outlines of symbols: each has the area of the disc of its radius.
//
// A browser puts every corner on a quarter of a row of pixels, so that what moves slowly jumps by up to an eighth of a
// pixel. In a film an outline has a corner every pixel or so and leans by a quarter of a row: their mean is where it is.

import { polyline } from './canvas.js';
/** @import { Shape } from './payload.d.ts' */
/** @import { Context, Pen, Point } from './types.d.ts' */

/** Corners, and the direction of the first from the middle. @type {Partial<Record<Shape, [number, number]>>} */
const CORNERS = {
  square: [4, Math.PI / 4], diamond: [4, 0], triangle: [3, -Math.PI / 2], hexagon: [6, 0], pentagon: [5, -Math.PI / 2], inverted: [3, Math.PI / 2],
};
const LEAN_ROWS = 0.25;
// A corner a pixel, and as many around a disc as keep its sides within a fiftieth of a pixel of it.
const FEWEST_CORNERS = 32;
const CORNERS_OF_ROOT = 16;

/** @param {Pick<Pen, 'ctx' | 'rows'>} pen @param {Shape} shape @param {number} x @param {number} y @param {number} r */
export function traceSymbol({ ctx, rows }, shape, x, y, r) {
  const corners = CORNERS[shape];
  if (!rows && !corners) {
    ctx.arc(x, y, r, 0, 2 * Math.PI);
    return;
  }
  const around = Math.max(FEWEST_CORNERS, Math.ceil(CORNERS_OF_ROOT * Math.sqrt(r * rows)));
  const points = regular(x, y, r, ...(corners ?? [around, 0]));
  polyline(ctx, rows ? leaning(corners ? divided(points, rows) : points, x, LEAN_ROWS / rows / (2 * r)) : points);
  ctx.closePath();
}

// A line that moves as smoothly as an outline does.
/** @param {Pick<Pen, 'ctx' | 'rows'>} pen @param {Point} from @param {Point} to */
export function straight({ ctx, rows }, from, to) {
  polyline(ctx, rows ? [...between(from, to, rows), to] : [from, to]);
}

/** @param {number} x @param {number} y @param {number} r @param {number} corners @param {number} turn @returns {Point[]} */
function regular(x, y, r, corners, turn) {
  const step = (2 * Math.PI) / corners;
  const radius = r * Math.sqrt(step / Math.sin(step));
  return Array.from({ length: corners }, (_, i) => [x + radius * Math.cos(turn + i * step), y + radius * Math.sin(turn + i * step)]);
}

/** @param {Point[]} points @param {number} rows @returns {Point[]} */
const divided = (points, rows) => points.flatMap((from, i) => between(from, points[(i + 1) % points.length], rows));

// From one point to just before another, a point a pixel.
/** @param {Point} from @param {Point} to @param {number} rows @returns {Point[]} */
function between([x0, y0], [x1, y1], rows) {
  const parts = Math.max(4, Math.ceil(Math.hypot(x1 - x0, y1 - y0) * rows));
  return Array.from({ length: parts }, (_, i) => [x0 + ((x1 - x0) * i) / parts, y0 + ((y1 - y0) * i) / parts]);
}

/** @param {Point[]} points @param {number} middle @param {number} lean @returns {Point[]} */
const leaning = (points, middle, lean) => points.map(([x, y]) => [x, y + (x - middle) * lean]);
