// The outlines of symbols: each has the area of the disc of its radius.
//
// A browser puts every corner on a quarter of a row of pixels, so that what moves slowly jumps by up to an eighth of a
// pixel. In a film an outline has a corner every pixel or so and leans by a quarter of a row: their mean is where it is.

import { polyline, sheetOf } from './canvas.js';
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
// A ring that is larger has corners enough to make up for each that is off; a thin one has need of twice as many.
const LARGE_WIDTHS = 6, THIN = 2;
/** Where rings are drawn before they are averaged, from the first on: rules are read without a page. @type {Context | null} */
let sheet = null;
/** Pictures of rings. @type {Map<string, Context>} */
const STAMPS = new Map();
// So many places within a pixel, each way: none is further off than a thirtieth.
const STANDS = 16, MOST_STAMPS = 4000;
// Edges and ends rise over a pixel; seen twice as finely each way and averaged, they stay within a fiftieth of one.
const SOFT_ROWS = 0.5, FINER = 2;

/** Around a place: its radius, the line's width and colour, and the lengths of a dash and of a gap. @typedef {{ r: number, width: number, colour: string, pattern: number[] }} Dashed */

// A dashed ring: where its dashes end is a colour and no corner, which a browser puts where it is.
/** @param {Context} ctx @param {number} x @param {number} y @param {Dashed} ring */
export function dashRing(ctx, x, y, ring) {
  const before = ctx.getTransform();
  ctx.translate(x, y);
  if (ring.r > LARGE_WIDTHS * ring.width) fillRing(ctx, before.d, ring);
  else stampRing(ctx, ring);
  ctx.setTransform(before);
}

/** @param {Context} ctx @param {number} rows @param {Dashed} ring */
function fillRing(ctx, rows, ring) {
  const { r, width } = ring;
  ctx.beginPath();
  for (const radius of [r + width / 2, r - width / 2]) {
    traceRound(ctx, 0, 0, radius, LEAN_ROWS / rows / (2 * r), cornersOf(THIN * radius * rows));
    ctx.closePath();
  }
  ctx.fillStyle = dashesOf(ctx, ring, rows);
  ctx.fill('evenodd');
}

// A stamp of the ring, kept by where in a pixel it stands.
/** @param {Context} ctx @param {Dashed} ring */
function stampRing(ctx, ring) {
  const { a, d, e, f } = ctx.getTransform();
  const [x, y] = [Math.round(e * STANDS) / STANDS, Math.round(f * STANDS) / STANDS];
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const key = `${a} ${d} ${x - left} ${y - top} ${Object.values(ring)}`;
  const kept = STAMPS.get(key) ?? stampOf(ring, a, d, x - left, y - top);
  if (STAMPS.size >= MOST_STAMPS) STAMPS.clear();
  STAMPS.set(key, kept);
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.drawImage(kept.canvas, left - kept.canvas.width / 2, top - kept.canvas.height / 2);
}

// Its edges are colours too, of a picture through which the dashes are seen.
/** @param {Dashed} ring @param {number} a @param {number} d @param {number} x @param {number} y */
function stampOf(ring, a, d, x, y) {
  const reach = ring.r + ring.width / 2 + 2 / a;
  const [wide, high] = [Math.ceil(reach * a), Math.ceil(reach * d)];
  const [stencil, stamp] = [sheet ?? sheetOf(0, 0), sheetOf(2 * wide, 2 * high)];
  sheet = stencil;
  const [width, height] = [FINER * 2 * wide, FINER * 2 * high];
  if (stencil.canvas.width !== width || stencil.canvas.height !== height) Object.assign(stencil.canvas, { width, height });
  stencil.setTransform(FINER * a, 0, 0, FINER * d, FINER * (wide + x), FINER * (high + y));
  cover(stencil, 2 * reach, 'copy', dashesOf(stencil, ring, a));
  cover(stencil, 2 * reach, 'destination-in', bandOf(stencil, ring, a));
  stamp.imageSmoothingQuality = 'low';
  stamp.drawImage(stencil.canvas, 0, 0, 2 * wide, 2 * high);
  return stamp;
}

/** @param {Context} ctx @param {number} half @param {GlobalCompositeOperation} how @param {CanvasGradient} shade */
function cover(ctx, half, how, shade) {
  Object.assign(ctx, { globalCompositeOperation: how, fillStyle: shade });
  ctx.fillRect(-half, -half, 2 * half, 2 * half);
}

// All of a ring by its radius, where a thin line never covers all of a pixel.
/** @param {Context} ctx @param {Dashed} ring @param {number} rows */
function bandOf(ctx, { r, width }, rows) {
  const soft = SOFT_ROWS / rows;
  const most = r + width / 2 + soft;
  const band = ctx.createRadialGradient(0, 0, 0, 0, 0, most);
  const [flat, whole] = [Math.abs(width / 2 - soft), Math.min(1, width / (2 * soft))];
  for (const [at, alpha] of [[-width / 2 - soft, 0], [-flat, whole], [flat, whole], [width / 2 + soft, 0]]) {
    band.addColorStop(Math.min(1, Math.max(0, (r + at) / most)), `rgba(0, 0, 0, ${alpha})`);
  }
  return band;
}

// As many dashes as close the circle, from the middle of a gap on.
/** @param {Context} ctx @param {Dashed} ring @param {number} rows */
function dashesOf(ctx, { r, colour, pattern: [on, off] }, rows) {
  const key = `${r} ${on} ${off} ${colour} ${rows}`;
  const kept = DASHED.get(key);
  if (kept) return kept;
  if (DASHED.size >= MOST_DASHED) DASHED.clear();
  const around = 2 * Math.PI * r;
  const count = Math.max(2, Math.round(around / (on + off)));
  const [half, soft] = [on / (on + off) / 2, (SOFT_ROWS / rows) * (count / around)];
  const gap = transparentOf(ctx, colour);
  const dashes = ctx.createConicGradient(0, 0, 0);
  for (let i = 0.5; i < count; i += 1) {
    for (const [at, shade] of [[-half - soft, gap], [-half + soft, colour], [half - soft, colour], [half + soft, gap]]) {
      dashes.addColorStop(Math.min(1, Math.max(0, (i + Number(at)) / count)), String(shade));
    }
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
