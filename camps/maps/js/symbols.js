// Sites as symbols whose area is the value; never a symbol of size zero for what nobody counted.

import { clip, sheetOf } from './canvas.js';
import { Fine } from './fine.js';
import { Mercator, smoothstep, TILE_PX } from './geo.js';
import { dashRing, straight, traceSymbol } from './shapes.js';
import { tilted } from './text.js';
/** @import { View } from './geo.js' */
/** @import { ClassEntry, Look, Options, Shape, Site } from './payload.d.ts' */
/** @import { Area, Cluster, Context, Data, Disc, Drawn, Mark, MarkName, Marks, Matte, Pen, Phase, Placed, Point, Reached, Ring, SiteState, Span, Stroke } from './types.d.ts' */

// A colour of the look by its name, or one of the record's own as it is.
/** @param {Look} look @param {ClassEntry} entry */
export const colourOf = (look, entry) => look.classes[entry.colour] || entry.colour;

export class Symbols {
  /** @param {Data} data */
  constructor(data) {
    this.sites = data.sites;
    this.classes = Object.fromEntries(data.classes.map((entry) => [entry.id, entry]));
    this.options = data.options;
    this.eras = data.eras;
    /** @type {Point[]} */
    this.at = data.sites.map((site) => [Mercator.x(site.lon), Mercator.y(site.lat)]);
    /** @type {Map<number, number[][]>} */
    this.clusters = new Map();
    this.fine = new Fine();
  }

  // Radius in units of the 1080-line reference: area in proportion to the value.
  /** @param {number} value */
  radius(value) {
    return this.options.radius_of_one * Math.sqrt(value);
  }

  // Every site seen, larger first, so that a small one is never hidden under a large one.
  /** @param {Pick<Pen, 'view' | 'u' | 'ze'>} pen @param {SiteState[]} sites */
  place(pen, sites) {
    const { view, u } = pen;
    const near = view.box(120 * u);
    /** @type {Placed[]} */
    const placed = [];
    sites.forEach((site, i) => {
      const [ux, uy] = this.at[i];
      if (uy < near[1] || uy > near[3] || HIDDEN.has(site.phase)) return;
      for (const turn of view.turns(ux, ux, 120 * u)) {
        const [x, y] = view.point(ux + turn, uy);
        if (view.angle && !isSeen([x, y], view, 120 * u)) continue;
        const item = { i, turn, x, y, r: this.radiusOf(site) * u, state: site, site: this.sites[i], fade: this.strength(site, pen.ze) };
        placed.push(this.sites[i].level === 'compound' ? item : { ...item, ring: this.reach(pen, this.sites[i]) });
      }
    });
    return bySize(placed);
  }

  // How strongly a place is drawn: where very many have closed, they stand back behind those that are open; close by what
  // was seen gives way to its outlines, and that none was seen, or nobody looked, stands.
  /** @param {SiteState} state @param {number} ze */
  strength(state, ze) {
    const yields = this.options.yield_to_outlines && standsFor(state) === 'observed';
    return (this.options.quiet && state.phase === 'closed' ? 0.25 : 1) * (yields ? 1 - smoothstep(11.2, 13, ze) : 1);
  }

  // Of a globe that is seen more than once, each site where it is nearest to the middle.
  /** @param {View} view @param {Placed[]} placed */
  onceOnly(view, placed) {
    return placed.filter(({ i, turn }) => turn === view.nearest(this.at[i][0]));
  }

  // The radius in the picture of a place that is known only to an area; never so small that it looks like a place.
  /** @param {Pick<Pen, 'view' | 'u'>} pen @param {Site} site */
  reach(pen, site) {
    const stretched = Math.cos((pen.view.lat * Math.PI) / 180) / Math.cos((site.lat * Math.PI) / 180);
    return Math.max(site.r95 * pen.view.pxPerMetre() * stretched, LEAST_RING * pen.u);
  }

  // What the chapter is about, marked while it lasts: a bright ring around every open place that has a value there.
  /** @param {Pen} pen @param {Placed[]} placed @returns {Stroke[]} */
  lit(pen, placed) {
    const about = pen.about.map(({ t }) => this.eras.find((era) => t >= era.from && t < era.to)?.lit || '').filter((lit) => lit !== '');
    if (!about.length) return [];
    const [lit] = about;
    const marked = placed.filter(({ site, state }) => site[lit] && state.phase === 'open');
    return marked.map(({ x, y, r, ring, site }) => {
      const around = Math.min(ring || r, 26 * pen.u) + 3.5 * pen.u;
      /** @param {Pen} own */
      const paint = (own) => outline(own, x, y, around, 'disc', own.look.text, 2);
      return { ids: [site.id], x, y, reach: around + 2 * pen.u, alpha: about.length / pen.about.length, paint };
    });
  }

  // Places known to one and the same area are one ring, with the number of those that are open.
  /** @param {Pen} pen @param {Placed[]} placed @returns {Stroke[]} */
  areas(pen, placed) {
    /** @type {Map<string, Area[]>} */
    const areas = new Map();
    for (const item of placed.filter(isArea)) {
      const key = `${item.site.lon} ${item.site.lat} ${item.site.r95} ${item.turn}`;
      areas.set(key, [...(areas.get(key) || []), item]);
    }
    return [...areas.values()].map((items) => {
      const open = items.filter(({ state }) => state.phase === undefined || state.phase === 'open');
      /** @param {Area} item */
      const strength = (item) => item.alpha ?? ringAlpha(item.state, this.options);
      const shown = open[0] || items.reduce((a, b) => (strength(b) > strength(a) ? b : a));
      /** @param {Pen} own */
      const paint = (own) => this.drawArea(own, shown, strength(shown), open.length);
      return { ids: items.map(({ site }) => site.id), x: shown.x, y: shown.y, reach: Math.max(shown.ring, 20 * pen.u) + 4 * pen.u, alpha: shown.fade * Math.max(...items.map(({ site }) => pen.lit(site.id))), paint };
    });
  }

  /** @param {Pen} pen @param {Area} shown @param {number} alpha @param {number} count */
  drawArea(pen, shown, alpha, count) {
    drawRing(pen, { ...shown, r: shown.ring, colour: colourOf(pen.look, this.classes[shown.site.class]), alpha, mark: markOf(shown.state, this.options) });
    if (count < 2) return;
    const size = Math.max(10, 14 * pen.u);
    const write = () => pen.type.draw(String(count), shown.x, shown.y + size * 0.36, { size, weight: 600, colour: pen.look.text, align: 'center', halo: pen.look.halo, haloWidth: 3 * pen.u });
    if (pen.safe) tilted(pen.ctx, shown.x, write);
    else write();
  }

  // Whether a place is drawn as an area alone, and nothing of it at its middle.
  /** @param {Placed} item */
  isArea({ ring }) {
    return Boolean(ring && this.options.fixed_radius);
  }

  // All that is painted, from below: whose it is, where and how far it reaches, how strongly, and how.
  /** @param {Pen} pen @param {Placed[]} placed @returns {Stroke[]} */
  strokes(pen, placed) {
    // A value that is known of a place is drawn at its size, also where only an area is known of the place.
    const alone = placed.filter((item) => !this.isArea(item) && item.fade > 0.004);
    /** @param {Disc} disc */
    const reach = ({ r }) => r * 1.6 + 4 * pen.u;
    /** @type {Stroke[]} */
    const symbols = alone.map((item) => ({ ids: [item.site.id], x: item.x, y: item.y, reach: reach(item), alpha: item.fade * pen.lit(item.site.id), fine: this.isFine(item), paint: (own) => this.drawSymbol(own, item) }));
    return [...this.areas(pen, placed), ...this.lit(pen, placed), ...symbols];
  }

  // Whether it has corners of its own, or lines that end: too few of them to make up for where each is put.
  /** @param {Placed} placed */
  isFine({ site, state, marks = new Map([[markOf(state, this.options), 1]]) }) {
    return this.classes[site.class].shape !== 'disc' || [...marks.keys()].some((mark) => PIECEMEAL.has(mark));
  }

  // What each site covers by itself, in the order of painting, for mattes: its ids, left, top and width of a box in pixels
  // of the canvas, and the alpha there. The same strokes through a canvas of their own, so to the pixel what is shown: of
  // the size of the picture's, since where a corner is rounded to depends on how far it is from the edge of the canvas.
  /** @param {Drawn[]} drawn @param {number} scale @returns {Matte[]} */
  mattes(drawn, scale) {
    if (!drawn.length) return [];
    const [{ pen: { view } }] = drawn;
    const ctx = sheetOf(Math.round(view.width * scale), Math.round(view.height * scale), { willReadFrequently: true });
    return drawn.flatMap(({ pen, placed, span }) => {
      const own = { ...pen, ctx, type: Object.assign(Object.create(pen.type), { ctx, texts: [] }) };
      const strokes = this.strokes(pen, placed);
      this.fine.lay(pen, strokes);
      return strokes.flatMap((stroke) => this.matte(own, stroke, span, scale));
    });
  }

  /** @param {Pen} pen @param {Stroke} stroke @param {Span} span @param {number} scale @returns {Matte[]} */
  matte(pen, stroke, span, scale) {
    const { ctx, view } = pen;
    const { ids, x, y, reach, alpha, paint } = stroke;
    const [left, top] = [x, y].map((at) => Math.max(0, Math.floor((at - reach) * scale)));
    const [right, low] = [[x, ctx.canvas.width], [y, ctx.canvas.height]].map(([at, side]) => Math.min(side, Math.ceil((at + reach) * scale)));
    const [wide, high] = [right - left, low - top];
    if (wide < 1 || high < 1) return [];
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, wide, high);
    ctx.clip();
    ctx.clearRect(left, top, wide, high);
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    clip(ctx, span, view.height);
    Object.assign(ctx, { globalAlpha: alpha, lineJoin: 'round', miterLimit: 2 });
    if (!this.fine.draw(ctx, stroke)) paint(pen);
    ctx.restore();
    const { data } = ctx.getImageData(left, top, wide, high);
    return [[ids, left, top, wide, base64(alphaOf(data))]];
  }

  // The same sites with all that they are at the moments about this one, so that one state passes into the next in film time.
  /** @param {Pen} pen @param {Placed[]} placed */
  over(pen, placed) {
    if (pen.about.length === 1 || this.options.cluster) return placed;
    const here = new Map(placed.map((item) => [item.i, item]));
    const all = this.place(pen, this.sites.map(() => ANYWHERE));
    return bySize(all.map((item) => this.spanned(pen, item, here.get(item.i))).filter((item) => item !== null));
  }

  /** @param {Pen} pen @param {Placed} item @param {Placed | undefined} here @returns {Placed | null} */
  spanned(pen, item, here) {
    const states = pen.about.map(({ sites }) => sites[item.i]);
    const present = states.filter((site) => !HIDDEN.has(site.phase));
    if (!present.length) return null;
    /** @param {number[]} values */
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    /** @type {Map<MarkName, number>} */
    const marks = new Map();
    for (const site of present) {
      const mark = markOf(site, this.options);
      marks.set(mark, (marks.get(mark) || 0) + 1 / states.length);
    }
    const reached = present.flatMap((site) => this.reached(pen, site) ?? []);
    const most = reached.length ? { r: mean(reached.map(({ r }) => r)), share: reached.length / states.length } : null;
    const alpha = present.reduce((sum, state) => sum + ringAlpha(state, this.options), 0) / states.length;
    return { ...item, state: here ? here.state : present[0], r: mean(present.map((site) => this.radiusOf(site))) * pen.u, fade: mean(present.map((site) => this.strength(site, pen.ze))), marks, most, alpha };
  }

  // Sites that would overlap, gathered by half steps of zoom: the same groups wherever the camera stands.
  /** @param {number} ze */
  groups(ze) {
    const level = Math.floor(ze * 2) / 2;
    const groups = this.clusters.get(level) ?? gather(this.at, 1 / (TILE_PX * 2 ** level));
    this.clusters.set(level, groups);
    return groups;
  }

  /** @param {Pen} pen @param {Placed[]} placed */
  drawClustered(pen, placed) {
    const seen = new Map(this.onceOnly(pen.view, placed).map((item) => [item.i, item]));
    for (const members of this.groups(pen.ze)) {
      const items = members.map((i) => seen.get(i)).filter((item) => item !== undefined);
      if (items.length > 1) this.drawGroup(pen, members, items);
      else if (items.length) this.drawAlone(pen, items[0]);
    }
  }

  /** @param {Pen} pen @param {Placed} item */
  drawAlone(pen, item) {
    if (isArea(item)) this.drawArea(pen, item, ringAlpha(item.state, this.options), 1);
    else this.drawSymbol(pen, item);
  }

  // A ring divided by class around the number of sites.
  /** @param {Pen} pen @param {number[]} members @param {Placed[]} items */
  drawGroup(pen, members, items) {
    const { ctx, u, look, type, view } = pen;
    const [ux, uy] = this.centre(members);
    const [x, y] = view.point(ux + view.nearest(ux), uy);
    const r = groupRadius(members.length) * u;
    ctx.beginPath();
    ctx.arc(x, y, r, 0, 2 * Math.PI);
    ctx.fillStyle = look.group;
    ctx.fill();
    const counts = new Map();
    for (const i of members) counts.set(this.sites[i].class, (counts.get(this.sites[i].class) || 0) + 1);
    let angle = -Math.PI / 2;
    ctx.lineWidth = 4.5 * u;
    for (const entry of Object.values(this.classes)) {
      const share = (counts.get(entry.id) || 0) / members.length;
      if (!share) continue;
      ctx.beginPath();
      ctx.arc(x, y, r, angle, angle + share * 2 * Math.PI);
      ctx.strokeStyle = colourOf(look, entry);
      ctx.stroke();
      angle += share * 2 * Math.PI;
    }
    const size = Math.max(11, 17 * u);
    type.draw(String(members.length), x, y + size * 0.36, { size, weight: 600, colour: look.text, align: 'center' });
    const group = { members, x, y, r: r + 2.5 * u };
    for (const item of items) item.group = group;
  }

  /** @param {number[]} members @returns {Point} */
  centre(members) {
    /** @param {0 | 1} axis */
    const mean = (axis) => members.reduce((sum, i) => sum + this.at[i][axis], 0) / members.length;
    return [mean(0), mean(1)];
  }

  /** @param {SiteState} site */
  radiusOf(site) {
    if (site.phase !== undefined || this.options.fixed_radius) return this.options.fixed_radius || 7;
    const value = (site.ended ? site.last : site.value) ?? null;
    if (value === null) return this.options.unknown_radius;
    return Math.max(this.radius(value), this.options.zero_radius);
  }

  // Every symbol at its largest, in pixels of the 1080-line reference at a zoom: what a label keeps clear of at any time.
  /** @param {number} zoom */
  largest(zoom) {
    const size = TILE_PX * 2 ** zoom;
    return this.sites.map((site, i) => ({ x: this.at[i][0] * size, y: this.at[i][1] * size, r: this.largestOf(site) }));
  }

  /** @param {Site} site */
  largestOf(site) {
    const values = site.looks.map((look) => look[1]);
    return this.radiusOf({ kind: null, value: values.length ? Math.max(...values) : null });
  }

  // What labels keep clear of: every symbol drawn at least as strongly, groups as one.
  /** @param {Placed[]} placed @param {number} [least] @returns {Disc[]} */
  marks(placed, least = 0.5) {
    return [...new Set(placed.filter((item) => item.fade > least).map((item) => item.group || item))];
  }

  /** @param {Pen} pen @param {Placed[]} placed */
  draw(pen, placed) {
    if (this.options.cluster) return this.drawClustered(pen, placed);
    return this.lay(pen, this.strokes(pen, placed));
  }

  /** @param {Pen} pen @param {Stroke[]} strokes */
  lay(pen, strokes) {
    this.fine.lay(pen, pen.rows ? strokes : []);
    for (const stroke of strokes) {
      pen.ctx.globalAlpha = stroke.alpha;
      if (!this.fine.draw(pen.ctx, stroke)) stroke.paint(pen);
    }
    pen.ctx.globalAlpha = 1;
  }

  /** @param {Pen} pen @param {Placed} placed */
  drawSymbol(pen, { x, y, r, state, site, marks = new Map([[markOf(state, this.options), 1]]) }) {
    const entry = this.classes[site.class];
    const colour = colourOf(pen.look, entry);
    drawMarks(pen, { x, y, r, shape: entry.shape, colour, marks, faded: state.faded });
  }

  // The most a bracketed site may have reached: an outline around what is certain.
  /** @param {Pen} pen @param {Placed[]} placed */
  drawBrackets(pen, placed) {
    this.lay(pen, placed.flatMap(({ x, y, r, state, site, fade, most = this.reached(pen, state) }) => {
      if (!most) return [];
      const entry = this.classes[site.class];
      const outer = Math.max(most.r, r);
      /** @param {Pen} own */
      const paint = (own) => outline(own, x, y, outer, entry.shape, colourOf(own.look, entry), 1.6, [4 * own.u, 3 * own.u]);
      return [{ ids: [site.id], x, y, reach: outer * 1.6 + 4 * pen.u, alpha: fade * most.share * pen.lit(site.id), fine: entry.shape !== 'disc', paint }];
    }));
  }

  // Where no size stands for a value, none stands for the most that it may have been.
  /** @param {Pen} pen @param {SiteState} state @returns {Reached | null} */
  reached(pen, state) {
    return state.kind === 'bracketed' && typeof state.hi === 'number' && !this.options.fixed_radius ? { r: this.radius(state.hi) * pen.u, share: 1 } : null;
  }

  /** @param {Pen} pen @param {Placed[]} placed */
  drawUncertainty(pen, placed) {
    const perMetre = pen.view.pxPerMetre();
    for (const { x, y, site } of placed) {
      if (site.r95) outline(pen, x, y, site.r95 * perMetre, 'disc', pen.look.text, 1, [2 * pen.u, 3 * pen.u]);
    }
  }
}

/** @param {Uint8ClampedArray} data */
function alphaOf(data) {
  const alpha = new Uint8Array(data.length / 4);
  for (let i = 0; i < alpha.length; i += 1) alpha[i] = data[4 * i + 3];
  return alpha;
}

/** @param {Uint8Array} bytes */
function base64(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}

// Whether a point lies in the picture or within so many pixels of it.
/** @param {Point} point @param {View} view @param {number} pad */
const isSeen = ([x, y], { width, height }, pad) => Math.max(-x, -y, x - width, y - height) <= pad;

/** @param {Placed} item @returns {item is Area} */
const isArea = (item) => Boolean(item.ring);

/** @param {Placed[]} placed */
const bySize = (placed) => placed.sort((a, b) => (b.ring || 0) - (a.ring || 0) || b.r - a.r || a.i - b.i);

// Not there yet, or known to nobody yet.
/** @type {Set<Phase | undefined>} */
const HIDDEN = new Set(['absent', 'unnamed']);
/** @type {SiteState} */
const ANYWHERE = { value: null, kind: null, phase: 'undated' };
const LEAST_RING = 10;

/** @type {Partial<Record<MarkName, number>>} */
const RINGS = { opening: 0.6, stale: 0.6, closed: 0.3, vanished: 0.4, unknown: 0.35 };

// How strongly a ring shows: what is not known to be open is fainter, and fades where nobody speaks of it any more.
/** @param {SiteState} state @param {Options} options */
function ringAlpha(state, options) {
  const mark = markOf(state, options);
  return mark === 'last' ? 0.9 - 0.65 * (state.faded || 0) : RINGS[mark] ?? 1;
}

/** @type {Partial<Record<MarkName, number[]>>} */
const DASHES = { opening: [3.5, 2.5], stale: [3.5, 2.5], vanished: [1.2, 3], unknown: [2.6, 2.6] };

// Drawn of lines that end.
/** @type {Set<MarkName>} */
const PIECEMEAL = new Set(['zero', 'vanished']);

// A place that is known only to an area: a hatched ring that holds the area, and nothing that looks like a point.
/** @param {Pen} pen @param {Ring} ring */
function drawRing(pen, { x, y, r, colour, alpha, mark }) {
  const { ctx, u } = pen;
  const before = ctx.globalAlpha;
  const dash = (DASHES[mark] ?? []).map((length) => length * u);
  ctx.globalAlpha = before * alpha;
  if (['observed', 'last'].includes(mark)) {
    ctx.save();
    ctx.beginPath();
    traceSymbol(pen, 'disc', x, y, r);
    ctx.clip();
    ctx.beginPath();
    const step = 4.5 * u;
    for (let d = -3 * r; d < r; d += step) {
      straight(pen, [x + d, y + r], [x + d + 2 * r, y - r]);
    }
    ctx.globalAlpha = before * alpha * (r > 40 * u ? 0.22 : 0.5);
    ctx.lineWidth = 1.1 * u;
    ctx.strokeStyle = colour;
    ctx.stroke();
    ctx.restore();
  }
  ctx.globalAlpha = before * alpha;
  if (r > 60 * u) ctx.globalAlpha *= 0.6;
  outline(pen, x, y, r, 'disc', colour, mark === 'observed' ? 1.8 : 1.2, dash);
  if (mark === 'vanished') strike(pen, x, y, Math.min(r, 9 * u), colour);
  ctx.globalAlpha = before;
}

// A stroke through what vanished from a register.
/** @param {Pen} pen @param {number} x @param {number} y @param {number} r @param {string} colour */
function strike(pen, x, y, r, colour) {
  const { ctx, u } = pen;
  ctx.beginPath();
  straight(pen, [x - r * 0.7, y + r * 0.7], [x + r * 0.7, y - r * 0.7]);
  ctx.lineWidth = 1.2 * u;
  ctx.strokeStyle = colour;
  ctx.stroke();
}

/** @type {Record<Phase, MarkName>} */
const PHASES = {
  absent: 'unknown', unnamed: 'unknown', undated: 'unknown', closed: 'closed', closing: 'stale', open: 'observed', opening: 'opening', last: 'last', vanished: 'vanished',
};

// A place with outlines is there when some were seen, or may have come since the last look.
/** @param {SiteState} state @returns {MarkName} */
function standsFor({ value, hi }) {
  if (value === null) return 'unknown';
  return value > 0 || (hi ?? 0) > 0 ? 'observed' : 'zero';
}

/** @param {SiteState} state @param {Options} options @returns {MarkName} */
function markOf(state, options) {
  if (state.phase !== undefined) return PHASES[state.phase];
  if (options.fixed_radius) return options.yield_to_outlines ? standsFor(state) : 'observed';
  if (state.ended) return state.ended;
  if (state.value === null) return 'unknown';
  if (state.value === 0) return 'zero';
  return state.missed ? 'stale' : state.kind ?? 'unknown';
}

/** @param {Pen} pen @param {number} x @param {number} y @param {number} r @param {Shape} shape @param {string} colour @param {number} width @param {number[]} [dash] */
function outline(pen, x, y, r, shape, colour, width, dash = []) {
  const { ctx, u } = pen;
  if (pen.rows && shape === 'disc' && dash.length && r > 0) {
    dashRing(ctx, x, y, { r, width: width * u, colour, pattern: dash });
    return;
  }
  const { lineJoin } = ctx;
  ctx.beginPath();
  traceSymbol(pen, shape, x, y, r);
  ctx.setLineDash(dash);
  // Of many corners that are next to none, none needs to be rounded.
  Object.assign(ctx, { lineWidth: width * u, strokeStyle: colour, lineJoin: shape === 'disc' ? 'miter' : lineJoin });
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.lineJoin = lineJoin;
}

// How strongly each state fills its symbol; what nobody counted, and a count of none, have no body.
/** @type {Record<Exclude<MarkName, 'last'>, number>} */
const FILLED = { observed: 0.86, held: 0.7, bracketed: 0.7, interpolated: 0.7, stale: 0.26, opening: 0.22, closed: 0.14, lapsed: 0, unknown: 0, zero: 0, vanished: 0, lit: 0 };

// One symbol in one of its states; the legend draws its samples through the same door.
/** @param {Pen} pen @param {Mark} mark */
export function drawMark(pen, { mark, level, ...symbol }) {
  if (!level) return drawMarks(pen, { ...symbol, marks: new Map([[mark, 1]]) });
  const r = symbol.r * { compound: 1, town: 0.75, cell: 0.85, county: 0.95, prefecture: 1.15, province: 1.4 }[level];
  return drawRing(pen, { ...symbol, r, mark: 'observed', alpha: 1 });
}

// One symbol on its way from one state to another: one body, and the edge of each as strongly as it lasts.
/** @param {Pen} pen @param {Marks} marks */
function drawMarks(pen, { marks, faded = 0.5, ...symbol }) {
  const { ctx } = pen;
  const { x, y, r, shape, colour } = symbol;
  const alpha = ctx.globalAlpha;
  const filled = [...marks].reduce((sum, [mark, share]) => sum + share * (mark === 'last' ? 0.62 - 0.52 * faded : FILLED[mark]), 0);
  if (filled > 0 && r > 0) {
    ctx.beginPath();
    traceSymbol(pen, shape, x, y, r);
    ctx.fillStyle = colour;
    ctx.globalAlpha = alpha * filled;
    ctx.fill();
  }
  for (const [mark, share] of marks) {
    ctx.globalAlpha = alpha * share;
    drawEdge(pen, { ...symbol, mark });
  }
  ctx.globalAlpha = alpha;
}

/** @param {Pen} pen @param {Mark} mark */
function drawEdge(pen, { x, y, r, shape, colour, mark }) {
  const { u, look } = pen;
  if (mark === 'lit') return outline(pen, x, y, r, 'disc', look.text, 2);
  if (mark === 'unknown') return outline(pen, x, y, r, shape, look.unknown, 1.5, [2.6 * u, 2.6 * u]);
  if (mark === 'vanished') {
    outline(pen, x, y, r, shape, colour, 1.2, [1.2 * u, 3 * u]);
    return strike(pen, x, y, r, colour);
  }
  if (mark === 'zero') return drawZero(pen, x, y, r, colour);
  if (r <= 0) return undefined;
  if (mark === 'observed') return outline(pen, x, y, r, shape, look.edge, 1.8);
  if (mark === 'closed') return outline(pen, x, y, r, shape, colour, 1.2);
  if (mark === 'lapsed') return outline(pen, x, y, r, shape, colour, 1.2, [1.2 * u, 3 * u]);
  if (mark === 'stale' || mark === 'opening') return outline(pen, x, y, r, shape, colour, 1.5, [3.5 * u, 2.5 * u]);
  return outline(pen, x, y, r, shape, colour, 1);
}

/** @param {number} count */
const groupRadius = (count) => 11 + 2.6 * Math.sqrt(count);

// Each site joins the first group within reach, in the order of the table; then groups whose rings would touch are
// joined, the smaller to the larger. No chance and no history: one zoom always gives the same groups.
/** @param {Point[]} points @param {number} perPixel */
function gather(points, perPixel) {
  const groups = firstGroups(points, 21 * perPixel);
  for (let pass = 0; pass < 6 && groups.length < 2000; pass += 1) if (!joinTouching(groups, perPixel)) break;
  return groups.map((group) => group.members);
}

/** @param {Cluster} group */
const ringOf = (group) => (group.members.length > 1 ? groupRadius(group.members.length) + 3 : 8);

/** @param {Cluster[]} groups @param {number} perPixel */
function joinTouching(groups, perPixel) {
  let joined = false;
  for (let i = 0; i < groups.length; i += 1) {
    for (let j = groups.length - 1; j > i; j -= 1) {
      const [a, b] = [groups[i], groups[j]];
      if (Math.hypot(a.x - b.x, a.y - b.y) >= (ringOf(a) + ringOf(b)) * 0.92 * perPixel) continue;
      const [n, m] = [a.members.length, b.members.length];
      Object.assign(a, { x: (a.x * n + b.x * m) / (n + m), y: (a.y * n + b.y * m) / (n + m), members: [...a.members, ...b.members] });
      groups.splice(j, 1);
      joined = true;
    }
  }
  return joined;
}

/** @param {Point[]} points @param {number} reach */
function firstGroups(points, reach) {
  /** @type {Cluster[]} */
  const groups = [];
  points.forEach(([x, y], i) => {
    const near = groups.find((group) => Math.hypot(group.x - x, group.y - y) < reach * (1 + Math.sqrt(group.members.length) * 0.12));
    if (near) near.members.push(i);
    else groups.push({ x, y, members: [i] });
  });
  // A group is drawn at the mean of its members, so what touches is judged from there.
  /** @param {number[]} members @param {0 | 1} axis */
  const mean = (members, axis) => members.reduce((sum, i) => sum + points[i][axis], 0) / members.length;
  return groups.map(({ members }) => ({ x: mean(members, 0), y: mean(members, 1), members }));
}

// Counted, and the count was none.
/** @param {Pen} pen @param {number} x @param {number} y @param {number} r @param {string} colour */
function drawZero(pen, x, y, r, colour) {
  const { ctx, u } = pen;
  ctx.beginPath();
  for (const rise of [1, -1]) straight(pen, [x - r * 0.75, y - rise * r * 0.75], [x + r * 0.75, y + rise * r * 0.75]);
  ctx.lineWidth = 2 * u;
  ctx.lineCap = 'round';
  ctx.strokeStyle = colour;
  ctx.stroke();
  ctx.lineCap = 'butt';
}
