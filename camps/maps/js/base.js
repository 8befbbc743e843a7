// The ground: sea, land, relief, lakes, rivers, provinces, borders.

import { sheetOf } from './canvas.js';
import { boxesMeet, clamp, clipRing, decodeLine, Mercator, smoothstep } from './geo.js';
/** @import { View } from './geo.js' */
/** @import { Base, Relief } from './payload.d.ts' */
/** @import { Box, Boxed, Context, Frame, Line, Pen, Points } from './types.d.ts' */

/** @param {Box} bounds @returns {Boxed} */
const boxed = ([west, south, east, north]) => ({ box: [Mercator.x(west), Mercator.y(north), Mercator.x(east), Mercator.y(south)] });

export class Ground {
  /** @param {Base} data */
  constructor(data) {
    this.scales = data.scales.map((scale) => ({
      name: scale.name,
      ...boxed(scale.bounds),
      layers: Object.fromEntries(
        Object.entries(scale.layers).map(([name, lines]) => [name, lines.map((line) => decodeLine(line, scale.digits))]),
      ),
    }));
    /** @type {(Boxed & { entry: Relief }) | null} */
    this.relief = data.relief && { ...boxed(data.relief.bounds), entry: data.relief };
  }

  // The finest scale that is worth its vertices at this resolution and holds the whole view, and its turns of the globe.
  /** @param {View} view @param {number} scale */
  pick(view, scale) {
    const detail = view.zoom + Math.log2(scale);
    const wanted = detail < 4.2 ? 0 : detail < 6.8 ? 1 : 2;
    const seen = view.box();
    /** @param {Box} b @param {number} turn */
    const holds = (b, turn) => b[0] + turn <= seen[0] && b[1] <= seen[1] && b[2] + turn >= seen[2] && b[3] >= seen[3];
    for (let i = Math.min(wanted, this.scales.length - 1); i > 0; i -= 1) {
      const { box } = this.scales[i];
      const turn = view.nearest((box[0] + box[2]) / 2);
      if (holds(box, turn)) return { scale: this.scales[i], turns: [turn] };
    }
    return { scale: this.scales[0], turns: view.turns(0, 1) };
  }

  /** @param {Pen} pen @param {Frame} frame */
  draw(pen, frame) {
    const { ctx, view, look, u } = pen;
    if (frame.background === 'look') {
      ctx.fillStyle = look.sea;
      ctx.fillRect(0, 0, view.width, view.height);
    }
    const { scale: { layers }, turns } = this.pick(view, frame.scale);
    const pens = turns.map((turn) => turnedPen(pen, turn));
    const ze = pen.ze;
    // Natural Earth is drawn for 1:10 million: closer than about zoom 10 its lines would claim what they do not know.
    const trust = 1 - smoothstep(9.5, 11.5, ze);
    for (const one of pens) fillRings(one, layers.land, look.land);
    if (frame.relief && this.relief) {
      for (const turn of view.turns(this.relief.box[0], this.relief.box[2])) drawRelief(turnedPen(pen, turn), frame, this.relief);
    }
    if (pen.safe) drawGraticule(pen);
    ctx.globalAlpha = trust;
    for (const one of pens) {
      strokeLines(one, layers.rivers, look.river, look.lines.river * u * smoothstep(2.5, 4.5, ze));
      fillRings(one, layers.lakes, look.lake);
      strokeLines(one, layers.provinces, look.province, look.lines.province * u * smoothstep(3.2, 4.6, ze));
      strokeLines(one, layers.borders, look.border, look.lines.border * u);
      strokeLines(one, layers.disputed, look.border, look.lines.border * u, [7 * u, 5 * u]);
    }
    ctx.globalAlpha = 1;
  }
}

// Grey 128 is level ground and changes nothing; the sea is level. Closer than its pixels it fades out, slowly.
/** @param {Pen} pen @param {Frame} frame @param {Boxed & { entry: Relief }} relief */
function drawRelief(pen, frame, { box, entry: { fades: [whole, gone], shades } }) {
  const { ctx, view, look } = pen;
  const shown = look.relief_alpha * (1 - smoothstep(whole, gone, pen.ze));
  const [x0, y0, x1, y1] = box;
  if (!shades || shown < 0.004 || !boxesMeet(box, view.box())) return;
  ctx.save();
  ctx.imageSmoothingEnabled = true;
  ctx.imageSmoothingQuality = 'low';
  // Halved copies are blended where the picture shrinks: a smaller one alone would shimmer or pop as the camera moves.
  const level = clamp(Math.log2(shades[0].width / ((x1 - x0) * view.size * frame.scale)), 0, shades.length - 1);
  for (const [step, part] of [[Math.floor(level), 1 - (level % 1)], [Math.ceil(level), level % 1]]) {
    ctx.globalAlpha = shown * part;
    if (part > 0.002) ctx.drawImage(shades[step], view.x(x0), view.y(y0), (x1 - x0) * view.size, (y1 - y0) * view.size);
  }
  ctx.restore();
}

// Grey above 128 as white, below as black, each as strong as it differs: laid over a colour this is the blend called
// "hard light", at the price of a plain picture.
/** @param {HTMLImageElement} image */
export function asLightAndShade(image) {
  const ctx = sheetOf(image.naturalWidth, image.naturalHeight, { willReadFrequently: true });
  ctx.drawImage(image, 0, 0);
  const pixels = ctx.getImageData(0, 0, image.naturalWidth, image.naturalHeight);
  const { data } = pixels;
  for (let i = 0; i < data.length; i += 4) {
    const light = data[i] - 128;
    data[i] = light > 0 ? 255 : 0;
    data[i + 1] = data[i];
    data[i + 2] = data[i];
    data[i + 3] = Math.min(255, Math.abs(light) * 2);
  }
  ctx.putImageData(pixels, 0, 0);
  return [ctx.canvas, ...halves(ctx.canvas, 3)];
}

/** @param {HTMLCanvasElement} canvas @param {number} count @returns {HTMLCanvasElement[]} */
function halves(canvas, count) {
  const ctx = sheetOf(canvas.width >> 1, canvas.height >> 1);
  const half = ctx.canvas;
  ctx.imageSmoothingQuality = 'high';
  ctx.drawImage(canvas, 0, 0, half.width, half.height);
  return count > 1 ? [half, ...halves(half, count - 1)] : [half];
}

// Steps of a graticule in degrees, each a whole part of the one before.
const STEPS = [1, 1 / 2, 1 / 6, 1 / 12, 1 / 60, 1 / 120, 1 / 360, 1 / 720, 1 / 3600];

// Lines of longitude and latitude where the shading ends: a film that comes down to a camp moves over something. The
// steps hand over to each other with the zoom.
/** @param {Pen} pen */
function drawGraticule({ ctx, view, look, u, ze }) {
  const near = smoothstep(7.8, 9.6, ze);
  if (near < 0.004) return;
  const [west, north, east, south] = view.box();
  ctx.strokeStyle = look.province;
  ctx.lineWidth = u;
  for (const step of STEPS) {
    const size = (step / 360) * view.size;
    ctx.globalAlpha = near * smoothstep(70 * u, 170 * u, size) * (1 - smoothstep(700 * u, 1700 * u, size));
    if (ctx.globalAlpha < 0.004) continue;
    ctx.beginPath();
    /** @param {number} from @param {number} to @param {(at: number) => void} draw */
    const lines = (from, to, draw) => {
      for (let i = Math.ceil(from / step); i * step <= to; i += 1) draw(i * step);
    };
    lines(Mercator.lon(west), Mercator.lon(east), (lon) => {
      ctx.moveTo(view.x(Mercator.x(lon)), 0);
      ctx.lineTo(view.x(Mercator.x(lon)), view.height);
    });
    lines(Mercator.lat(south), Mercator.lat(north), (lat) => {
      ctx.moveTo(0, view.y(Mercator.y(lat)));
      ctx.lineTo(view.width, view.y(Mercator.y(lat)));
    });
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

/** @param {Pen} pen @param {number} turn */
export const turnedPen = (pen, turn) => (turn ? { ...pen, view: pen.view.turned(turn) } : pen);

/** @param {Pen} pen @param {Line[]} rings @param {string} colour */
function fillRings(pen, rings, colour) {
  traceRings(pen, rings);
  pen.ctx.fillStyle = colour;
  pen.ctx.fill('evenodd');
}

/** @param {Pen} pen @param {Line[]} rings */
function traceRings(pen, rings) {
  const { ctx, view } = pen;
  const near = view.box(64);
  const clip = view.zoom > 7.5;
  ctx.beginPath();
  for (const ring of rings) {
    if (!boxesMeet(ring.box, near)) continue;
    const points = clip ? clipRing(ring.points, near) : ring.points;
    for (let i = 0; i < points.length; i += 2) {
      const x = view.x(points[i]);
      const y = view.y(points[i + 1]);
      if (i) ctx.lineTo(x, y);
      else ctx.moveTo(x, y);
    }
    ctx.closePath();
  }
}

/** @param {Pen} pen @param {Line[] | undefined} lines @param {string} colour @param {number} width @param {number[]} [dash] */
function strokeLines(pen, lines, colour, width, dash = []) {
  if (!lines?.length || width <= 0.05) return;
  const { ctx, view } = pen;
  const near = view.box(64);
  ctx.beginPath();
  for (const line of lines) {
    if (boxesMeet(line.box, near)) traceNear(ctx, view, line.points, near, dash.length > 0);
  }
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.lineJoin = 'bevel';
  ctx.setLineDash(dash);
  ctx.stroke();
  ctx.setLineDash([]);
}

// Only the segments whose box touches the view; a dashed line is kept whole so that its dashes do not crawl.
/** @param {Context} ctx @param {View} view @param {Points} points @param {Box} near @param {boolean} whole */
function traceNear(ctx, view, points, near, whole) {
  let drawing = false;
  for (let i = 0; i + 3 < points.length; i += 2) {
    const [ax, ay, bx, by] = [points[i], points[i + 1], points[i + 2], points[i + 3]];
    const seen =
      whole ||
      (Math.max(ax, bx) >= near[0] && Math.min(ax, bx) <= near[2] && Math.max(ay, by) >= near[1] && Math.min(ay, by) <= near[3]);
    if (seen) {
      if (!drawing) ctx.moveTo(view.x(ax), view.y(ay));
      ctx.lineTo(view.x(bx), view.y(by));
    }
    drawing = seen;
  }
}
