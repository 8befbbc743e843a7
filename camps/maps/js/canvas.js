// Canvases, and what draws on them.

/** @import { Context, Span } from './types.d.ts' */

// How strongly what is drawn shows where it is seen.
export const LEAST_SEEN = 0.25;

/** @param {HTMLCanvasElement} canvas @param {CanvasRenderingContext2DSettings} [settings] */
export function contextOf(canvas, settings) {
  const ctx = canvas.getContext('2d', settings);
  // A browser refuses one that is too large, and any where it has no memory left.
  if (!ctx) throw new Error(`camps: the browser gives nothing to draw with on ${canvas.width}×${canvas.height} pixels`);
  return ctx;
}

/** @param {number} width @param {number} height @param {CanvasRenderingContext2DSettings} [settings] */
export const sheetOf = (width, height, settings) => contextOf(Object.assign(document.createElement('canvas'), { width, height }), settings);

/** @param {Context} ctx @param {number[][]} points */
export function polyline(ctx, points) {
  for (const [i, [x, y]] of points.entries()) {
    if (i) ctx.lineTo(x, y);
    else ctx.moveTo(x, y);
  }
}

// Nothing is drawn outside a part of a picture.
/** @param {Context} ctx @param {Span} span @param {number} height */
export function clip(ctx, span, height) {
  if (!span) return;
  ctx.beginPath();
  ctx.rect(span[0], 0, span[1] - span[0], height);
  ctx.clip();
}
