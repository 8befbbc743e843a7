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
const CORNERS_OF_ROOT = 12;
/** Corners of a round outline of radius 1, by their number. @type {Map<number, Float64Array>} */
const ROUND = new Map();
/** @param {number} rows */
const cornersOf = (rows) => 8 * Math.max(FEWEST_CORNERS / 8, Math.ceil((CORNERS_OF_ROOT * Math.sqrt(rows)) / 8));

/** @param {Pick<Pen, 'ctx' | 'rows'>} pen @param {Shape} shape @param {number} x @param {number} y @param {number} r */
export function traceSymbol({ ctx, rows }, shape, x, y, r) {
  const corners = CORNERS[shape];
  if (!rows && !corners) {
    ctx.arc(x, y, r, 0, 2 * Math.PI);
    return;
  }
  const lean = LEAN_ROWS / rows / (2 * r);
  if (corners) {
    const points = regular(x, y, r, ...corners);
    polyline(ctx, rows ? leaning(divided(points, rows), x, lean) : points);
  } else traceRound(ctx, x, y, r, lean, cornersOf(r * rows));
  ctx.closePath();
}

/** @param {Context} ctx @param {number} x @param {number} y @param {number} r @param {number} lean @param {number} corners */
function traceRound(ctx, x, y, r, lean, corners) {
  const kept = ROUND.get(corners) ?? new Float64Array(regular(0, 0, 1, corners, 0).flat());
  ROUND.set(corners, kept);
  ctx.moveTo(x + r * kept[0], y + r * (kept[1] + kept[0] * lean));
  for (let i = 2; i < kept.length; i += 2) ctx.lineTo(x + r * kept[i], y + r * (kept[i + 1] + kept[i] * lean));
}

/** Dashes around a place at 0, 0, by radius, pattern, colour and rows. @type {Map<string, CanvasGradient>} */
const DASHED = new Map();
const MOST_DASHED = 500;
// A thin ring has little to make up for a corner that is off: twice as many.
const THIN = 2;

// A dashed ring: where its dashes end is a colour and no corner, which a browser puts where it is.
/** @param {Pick<Pen, 'ctx' | 'rows'>} pen @param {number} x @param {number} y @param {number} r @param {number} width @param {string} colour @param {number[]} pattern */
export function dashRing({ ctx, rows }, x, y, r, width, colour, pattern) {
  const before = ctx.getTransform();
  ctx.translate(x, y);
  ctx.beginPath();
  for (const radius of [r + width / 2, Math.max(0, r - width / 2)]) {
    traceRound(ctx, 0, 0, radius, LEAN_ROWS / rows / (2 * r), cornersOf(THIN * radius * rows));
    ctx.closePath();
  }
  ctx.fillStyle = dashesOf(ctx, r, colour, pattern, rows);
  ctx.fill('evenodd');
  ctx.setTransform(before);
}

/** @param {Context} ctx @param {number} r @param {string} colour @param {number[]} pattern @param {number} rows */
function dashesOf(ctx, r, colour, [on, off], rows) {
  const key = `${r} ${on} ${off} ${colour} ${rows}`;
  const kept = DASHED.get(key);
  if (kept) return kept;
  if (DASHED.size >= MOST_DASHED) DASHED.clear();
  const around = 2 * Math.PI * r;
  const soft = 0.5 / rows;
  const gap = transparentOf(ctx, colour);
  const dashes = ctx.createConicGradient(0, 0, 0);
  /** @param {number} at @param {string} shade */
  const stop = (at, shade) => dashes.addColorStop(Math.min(1, Math.max(0, at / around)), shade);
  for (let from = 0; from < around; from += on + off) {
    stop(from, from ? gap : colour);
    if (from) stop(from + 2 * soft, colour);
    stop(from + on - soft, colour);
    stop(from + on + soft, gap);
  }
  DASHED.set(key, dashes);
  return dashes;
}

// The same colour that covers nothing.
/** @param {Context} ctx @param {string} colour */
function transparentOf(ctx, colour) {
  ctx.fillStyle = colour;
  const said = String(ctx.fillStyle);
  return said.startsWith('#') ? `${said}00` : said.replace(/[\d.]+\)$/, '0)');
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
