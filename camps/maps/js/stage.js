// One canvas, one function that draws one state from its own arguments alone. The film and the page both call it.

import { clip, contextOf, LEAST_SEEN, sheetOf } from './canvas.js';
import { boxesMeet, clamp, Days, Mercator, referenceZoom, smoothstep, View } from './geo.js';
import { Labels, Type } from './text.js';
import { Ground } from './base.js';
import { KIND_BETWEEN } from './state.js';
import { Timeline } from './timeline.js';
import { Symbols } from './symbols.js';
import { Words } from './words.js';
import { Furniture } from './furniture.js';
import { Callouts } from './callouts.js';
/** @import { Layer, Scene, Side, Site } from './payload.d.ts' */
/** @import { Box, Context, Data, Drawing, Drawn, Eye, Frame, Given, Highlight, Label, LabelStyle, Last, Lying, Noted, Part, Pen, Placed, Point, Span, State } from './types.d.ts' */

/** @type {Layer[]} */
const FURNITURE = ['logo', 'title', 'subtitle', 'scale', 'north', 'legend', 'date', 'counter', 'chapter', 'notes', 'captions', 'credit'];
/** @type {Layer[]} */
const LAYERS = ['base', 'footprints', 'growth', 'outlines', 'labels', 'callouts', 'backing', ...FURNITURE, 'guides'];
/** @type {Array<'width' | 'height' | 'scale' | 'lon' | 'lat' | 'zoom'>} */
const NUMBERS = ['width', 'height', 'scale', 'lon', 'lat', 'zoom'];
const HEIGHT_OF_REFERENCE = 1080;

/** @param {(name: Layer) => boolean} says */
const layered = (says) => /** @type {Record<Layer, boolean>} */ (Object.fromEntries(LAYERS.map((name) => [name, says(name)])));

/** @param {number | string | undefined} t */
const daysOr = (t) => (t === undefined ? undefined : Days.of(t));

/** @param {Frame} frame @param {Eye} eye */
const seenBy = (frame, [lon, lat, zoom, bearing]) => new View({ ...frame, lon, lat, zoom, bearing });

export class Stage {
  /** @param {Data} data @param {HTMLCanvasElement} canvas */
  constructor(data, canvas) {
    this.data = data;
    this.canvas = canvas;
    this.ctx = contextOf(canvas);
    this.direct = false;
    this.ground = new Ground(data.base);
    this.groundCopy = { key: '', ctx: sheetOf(0, 0) };
    this.timeline = new Timeline(data);
    this.symbols = new Symbols(data);
    this.labels = new Labels(data.base.places, this.symbols, data.view.zoom);
    this.words = new Words(data);
    this.furniture = new Furniture(data, this.words, this.timeline);
    this.callouts = new Callouts(this.furniture);
    /** @type {Map<string, Label[]>} */
    this.labelled = new Map();
    /** @type {Noted[]} */
    this.texts = [];
    /** @type {Drawn[]} */
    this.drawn = [];
    /** @type {Lying[]} */
    this.lying = [];
    /** @type {Last | null} */
    this.last = null;
  }

  // Pictures and fonts that arrive after a first drawing make what was measured and copied stale.
  forget() {
    this.groundCopy.key = '';
    this.labels.forget();
    this.furniture.forget();
    this.labelled.clear();
  }

  /** @param {Given} given @returns {Frame} */
  complete(given) {
    const { meta, view } = this.data;
    /** @type {Omit<Frame, 't' | 't_before' | 'split' | 'label_lang' | 'layers' | 'painted'>} */
    const said = { scale: 1, lon: view.lon, lat: view.lat, zoom: view.zoom, mode: meta.mode, lang: meta.lang, look: meta.look,
      background: 'look', uncertainty: false, relief: true, legend: false, credits: [], ...given };
    for (const name of NUMBERS) {
      if (!Number.isFinite(said[name])) throw new Error(`camps.setFrame: ${name} is ${said[name]}; expected a number`);
    }
    if (!this.data.looks[said.look]) throw new Error(`camps.setFrame: no look "${said.look}"`);
    if (!this.data.words[said.lang]) throw new Error(`camps.setFrame: no language "${said.lang}"`);
    if (!KIND_BETWEEN[said.mode]) throw new Error(`camps.setFrame: no mode "${said.mode}"`);
    const layers = layered((name) => (given.layers && name in given.layers ? Boolean(given.layers[name]) : name !== 'guides'));
    return {
      ...said, layers,
      t: Days.of(given.t === undefined ? meta.t_max : given.t),
      t_before: daysOr(given.t_before ?? meta.t_before),
      split: clamp(given.split ?? meta.split ?? 0.5, 0, 1),
      label_lang: given.label_lang || said.lang,
      // All layers are laid out together, so that a pass that paints only some of them has each where the picture has it.
      painted: layered((name) => layers[name] && (!given.only || given.only.includes(name))),
    };
  }

  // The same state through another context, such as one that writes SVG; sizes in CSS pixels, whatever the scale.
  /** @param {Drawing} drawing @param {Given} given */
  drawOn(drawing, given) {
    const own = this.ctx;
    this.ctx = /** @type {Context} */ (drawing);
    this.direct = true;
    try {
      this.draw(given);
    } finally {
      this.ctx = own;
      this.direct = false;
    }
  }

  /** @param {Given} given */
  draw(given) {
    const frame = this.complete(given);
    const view = new View(frame);
    if (!this.direct) this.size(frame);
    const u = Math.max(0.55, Math.min(frame.width, frame.height) / HEIGHT_OF_REFERENCE);
    this.texts = [];
    this.drawn = [];
    const look = this.data.looks[frame.look];
    const state = this.timeline.at(frame.t, frame.mode);
    const before = frame.t_before === undefined ? null : this.timeline.compute(frame.t_before, frame.mode);
    const about = (frame.days || [frame.t]).map((t) => this.timeline.at(Days.of(t), frame.mode));
    /** @type {Pen} */
    const pen = {
      ctx: this.ctx, view, u, ze: referenceZoom(frame.zoom, u), type: new Type(this.ctx, frame.lang, this.data, look, this.texts), look,
      safe: Boolean(frame.safe), rows: frame.safe && !this.direct ? frame.scale : 0, t: frame.t, furniture: frame.furniture || {}, about, steady: this.timeline.steady(state, about), lit: this.litBy(frame.highlight),
      lasting: frame.views && { views: frame.views.map((eye) => seenBy(frame, eye)), stay: frame.stay ?? 0, fade: frame.fade ?? 0 },
    };
    const placed = this.symbols.place(pen, state.sites);
    const seen = this.exposed(pen, frame);
    this.drawLayers(pen, seen, frame, state, before, seen === pen ? placed : this.symbols.place(seen, state.sites));
    this.last = { frame, state, before, placed, view, lit: pen.lit, mattes: frame.mattes ? this.symbols.mattes(this.drawn, frame.scale) : null };
  }

  // The map as one exposure of a frame sees it, a little before or after; what is written beside it is as on the frame.
  /** @param {Pen} pen @param {Frame} frame @returns {Pen} */
  exposed(pen, frame) {
    if (!frame.exposed) return pen;
    const view = seenBy(frame, frame.exposed);
    return { ...pen, view, ze: referenceZoom(view.zoom, pen.u) };
  }

  // How strongly a site shows: all alike, or the rest standing back behind those that are lit.
  /** @param {Highlight | undefined} highlight @returns {(id: string) => number} */
  litBy(highlight) {
    if (!highlight) return () => 1;
    const ids = new Set(this.data.sites.filter((site) => highlight.sites.includes(site.id) || highlight.class === site.class).map(({ id }) => id));
    return (id) => (ids.has(id) ? 1 : highlight.dim);
  }

  /** @param {Frame} frame */
  size(frame) {
    const [width, height] = [Math.round(frame.width * frame.scale), Math.round(frame.height * frame.scale)];
    // Setting a size clears the canvas and its state even when the size is the same, and costs a new bitmap.
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.canvas.style.width = `${frame.width}px`;
    this.canvas.style.height = `${frame.height}px`;
    this.ctx.setTransform(1, 0, 0, 1, 0, 0);
    // All that a picture could inherit from the one before, or on the first frame from nothing at all.
    Object.assign(this.ctx, { globalAlpha: 1, lineWidth: 1, lineJoin: 'round', lineCap: 'butt', miterLimit: 2 });
    this.ctx.setLineDash([]);
    this.ctx.clearRect(0, 0, width, height);
    this.ctx.setTransform(frame.scale, 0, 0, frame.scale, 0, 0);
  }

  /** @param {Pen} pen @param {Pen} seen @param {Frame} frame @param {State} state @param {State | null} before @param {Placed[]} placed */
  drawLayers(pen, seen, frame, state, before, placed) {
    const on = frame.painted;
    const parts = this.furniture.layout(pen, frame, state, before);
    const { pair } = this.data;
    if (pair) placed.splice(0, placed.length, ...pair.flatMap((side, at) => this.drawSide(pen, frame, side, at, parts)));
    else if (on.base) this.drawGround(seen, frame);
    else if (frame.background === 'look') this.fillBackground(pen);
    if (before) {
      const edge = frame.split * frame.width;
      this.drawState(seen, frame, before, this.symbols.place(seen, before.sites), [0, edge]);
      this.drawState(seen, frame, state, placed, [edge, frame.width]);
    } else if (!pair) this.drawState(seen, frame, state, placed, null);
    if (on.labels && !pair) this.drawLabels(seen, { ...frame, lang: frame.label_lang }, parts, placed);
    if (on.callouts && frame.callouts) this.callouts.draw(seen, frame.label_lang, frame.callouts);
    if (on.backing) this.furniture.drawBacking(pen, parts, pen.safe ? (pair ? placed : this.drawn.flatMap((side) => side.placed)) : []);
    this.lying = pen.safe && (on.backing || on.callouts) ? this.liesOver(pen, frame, state, parts) : [];
    for (const layer of FURNITURE) if (on[layer]) this.furniture.draw(pen, parts, layer);
    if (on.guides) this.furniture.drawGuides(pen);
  }

  // What lies over the map: each piece of furniture, where its ground is drawn, which follows camera and clock; and what
  // points to a place, in its language, with how many outlines are under it.
  /** @param {Pen} pen @param {Frame} frame @param {State} state @param {Part[]} parts @returns {Lying[]} */
  liesOver(pen, frame, state, parts) {
    const lang = frame.label_lang;
    const { outlines } = this.timeline;
    const callouts = frame.layers.callouts && (frame.painted.backing || lang !== frame.lang) ? this.callouts.boxes(pen, lang, frame.callouts ?? []) : [];
    const counted = callouts.map((one) => ({ ...one, outlines: outlines && frame.painted.backing ? outlines.countUnder(pen.view, state.drawn, one.box) : 0 }));
    return frame.painted.backing ? [...this.furniture.lying(parts, lang), ...counted] : counted;
  }

  // One of two systems side by side: its own view, its own time, its own places; returns where these are.
  /** @param {Pen} pen @param {Frame} frame @param {Side} side @param {number} at @param {Part[]} parts */
  drawSide(pen, frame, side, at, parts) {
    const on = frame.painted;
    const { systems } = this.furniture;
    if (!systems) return [];
    const view = systems.view(frame, at);
    const own = { ...pen, view, ze: referenceZoom(view.zoom, pen.u), t: systems.sideTime(side, frame.t) };
    const placed = this.symbols.place(own, this.timeline.compute(own.t, frame.mode).sites).filter(({ site }) => site.class === side.id);
    /** @type {Span} */
    const span = [(at * frame.width) / 2, ((at + 1) * frame.width) / 2];
    this.drawn.push({ pen: own, placed, span });
    this.clipped(pen, span, () => {
      if (on.base) this.ground.draw(own, frame);
      if (on.growth) this.symbols.draw(own, placed);
      if (on.labels) this.labels.draw(own, { ...frame, lang: frame.label_lang }, [], parts.map(({ box }) => box), this.symbols.marks(placed, 0));
    });
    return placed.filter(({ x }) => Math.floor((2 * x) / frame.width) === at);
  }

  /** @param {Pen} pen @param {Frame} frame @param {Part[]} parts @param {Placed[]} placed */
  drawLabels(pen, frame, parts, placed) {
    const type = frame.lang === pen.type.lang ? pen.type : new Type(this.ctx, frame.lang, this.data, pen.look, this.texts);
    type.layer = 'labels';
    const written = { ...pen, type };
    this.labels.draw(written, frame, this.siteLabels(written, frame), parts.filter(({ over }) => !over).map((part) => (pen.safe ? part.kept : part.joined) || part.box), this.symbols.marks(placed, pen.safe ? 0 : 0.5));
  }

  /** @param {Pen} pen @param {Span} span @param {() => void} draw */
  clipped({ ctx, view }, span, draw) {
    ctx.save();
    clip(ctx, span, view.height);
    draw();
    ctx.restore();
  }

  // What lies on the ground is drawn with north up, and turned with it.
  /** @param {Pen} pen @param {(level: Pen) => void} draw */
  turned(pen, draw) {
    if (!pen.view.angle) return draw(pen);
    const { ctx, view } = pen;
    const level = view.level();
    ctx.save();
    ctx.translate(view.width / 2, view.height / 2);
    ctx.rotate(-view.angle);
    ctx.translate(-level.width / 2, -level.height / 2);
    draw({ ...pen, view: level });
    ctx.restore();
    return undefined;
  }

  // All that stands at a moment, in a part of the picture.
  /** @param {Pen} pen @param {Frame} frame @param {State} state @param {Placed[]} placed @param {Span} span */
  drawState(pen, frame, state, placed, span) {
    const shown = state === this.timeline.at(frame.t, frame.mode) ? this.symbols.over(pen, placed) : placed;
    this.drawn.push({ pen, placed: shown, span });
    this.clipped(pen, span, () => this.drawAll(pen, frame, state, shown));
  }

  /** @param {Pen} pen @param {Frame} frame @param {State} state @param {Placed[]} placed */
  drawAll(pen, frame, state, placed) {
    const on = frame.painted;
    this.turned(pen, (level) => {
      // Thin over a picture in every pass alike, whether this one draws the picture or not.
      const pictured = this.drawScene(level, on.base, state.t);
      if (on.footprints && this.timeline.outlines) this.timeline.outlines.draw(level, state.drawn, 1 - 0.7 * pictured);
    });
    if (on.growth) this.symbols.draw(pen, placed);
    if (on.outlines) this.drawOutlines(pen, frame, state, placed);
  }

  // The last satellite picture by that date, and how strongly it shows at this zoom; in a film one dissolves into the next.
  /** @param {Pen} pen @param {boolean} drawing @param {number} t */
  drawScene(pen, drawing, t) {
    const days = t === pen.t ? pen.about.map((state) => state.t) : [t];
    /** @param {number} day */
    const last = (day) => (this.data.scenes || []).findLast((entry) => entry.image && entry.day <= Math.floor(day));
    /** @type {Map<Scene | undefined, number>} */
    const shares = new Map();
    for (const scene of days.map(last)) shares.set(scene, (shares.get(scene) || 0) + 1 / days.length);
    const shown = smoothstep(9.5, 11.5, pen.ze);
    let [below, pictured] = [shares.get(undefined) || 0, 0];
    const known = [...shares].flatMap(([scene, share]) => (scene ? { scene, share } : []));
    for (const { scene, share } of known.sort((a, b) => a.scene.day - b.scene.day)) {
      below += share;
      pictured += this.paintScene(pen, scene, (shown * share) / below, drawing) ? shown * share : 0;
    }
    return pictured;
  }

  // Whether a satellite picture is in view; it is painted where this layer is.
  /** @param {Pen} pen @param {Scene} scene @param {number} strength @param {boolean} drawing */
  paintScene({ ctx, view }, { box: [x0, y0, x1, y1], image }, strength, drawing) {
    const turned = view.turned(view.nearest((x0 + x1) / 2));
    if (!image || !boxesMeet([x0, y0, x1, y1], turned.box())) return false;
    if (drawing) {
      ctx.globalAlpha = strength;
      ctx.imageSmoothingQuality = 'high';
      ctx.drawImage(image, turned.x(x0), turned.y(y0), (x1 - x0) * view.size, (y1 - y0) * view.size);
      ctx.globalAlpha = 1;
    }
    return true;
  }

  /** @param {Pen} pen @param {Frame} frame @param {State} state @param {Placed[]} placed */
  drawOutlines(pen, frame, state, placed) {
    const { outlines } = this.timeline;
    if (outlines) this.turned(pen, (level) => outlines.drawEdges(level, state.drawn));
    this.symbols.drawBrackets(pen, placed);
    if (frame.uncertainty) this.symbols.drawUncertainty(pen, placed);
    if (frame.selected?.length) this.drawSelected(pen, state, placed, frame.selected);
  }

  // What a person picked, in a notebook: tracks where there are outlines, else sites.
  /** @param {Pen} pen @param {State} state @param {Placed[]} placed @param {string[]} selected */
  drawSelected(pen, state, placed, selected) {
    if (this.timeline.outlines) return this.timeline.outlines.drawSelected(pen, state.drawn, selected);
    const { ctx, look } = pen;
    for (const item of placed.filter(({ site }) => selected.includes(site.id))) {
      const mark = item.group || item;
      for (const [strokeStyle, lineWidth] of [[look.land, 5], [look.text, 2.5]]) {
        ctx.beginPath();
        ctx.arc(mark.x, mark.y, mark.r + 4, 0, 2 * Math.PI);
        Object.assign(ctx, { strokeStyle, lineWidth });
        ctx.stroke();
      }
    }
  }

  /** @param {Pen} pen */
  fillBackground(pen) {
    pen.ctx.fillStyle = pen.look.land;
    pen.ctx.fillRect(0, 0, pen.view.width, pen.view.height);
  }

  // The ground is the lowest layer, so a copy of it is the same pixels as drawing it; a still camera needs it once.
  /** @param {Pen} pen @param {Frame} frame */
  drawGround(pen, frame) {
    if (this.direct) {
      this.turned(pen, (level) => this.ground.draw(level, frame));
      return;
    }
    const copy = this.groundCopy;
    const { width, height } = this.canvas;
    const key = JSON.stringify([width, height, frame.scale, frame.lon, frame.lat, frame.zoom, frame.bearing, frame.exposed, frame.look, frame.background, frame.relief]);
    if (copy.key !== key) {
      const { ctx } = copy;
      Object.assign(ctx.canvas, { width, height });
      ctx.setTransform(frame.scale, 0, 0, frame.scale, 0, 0);
      this.turned({ ...pen, ctx }, (level) => this.ground.draw(level, frame));
      copy.key = key;
    }
    this.ctx.setTransform(1, 0, 0, 1, 0, 0);
    this.ctx.drawImage(copy.ctx.canvas, 0, 0);
    this.ctx.setTransform(frame.scale, 0, 0, frame.scale, 0, 0);
  }

  /** @param {Pen} pen @param {Frame} frame */
  siteLabels(pen, frame) {
    const key = `${frame.lang}|${frame.look}`;
    const labels = this.labelled.get(key) ?? this.data.sites.flatMap((site, i) => {
      if (site.label_rank === null) return [];
      const [lon, lat] = site.label_at ?? [];
      return this.siteLabel(pen, frame, site, site.label_rank, lon === undefined || lat === undefined ? this.symbols.at[i] : [Mercator.x(lon), Mercator.y(lat)]);
    });
    this.labelled.set(key, labels);
    return labels;
  }

  /** @param {Pen} pen @param {Frame} frame @param {Site} site @param {number} rank @param {Point} at @returns {Label} */
  siteLabel(pen, frame, site, rank, at) {
    const text = this.words.name(site.names, frame.lang);
    const style = /** @type {LabelStyle} */ ({ size: 16, weight: 600, spacing: 0, colour: 'label', ...pen.look.type?.site });
    const offset = site.label_offset;
    const width = pen.type.width(text, style.size, style.weight);
    /** @type {Box} */
    const box = [-offset, -style.size, offset + width + 8, 10];
    return { text, point: true, site: true, above: site.label_at ? offset : 0, style, at, half: width / 2, box: pen.type.rtl ? [-box[2], box[1], -box[0], box[3]] : box,
      minZoom: this.data.options.label_zoom, maxZoom: 30, zoom: 0, side: 0, priority: 100 + rank };
  }

  describe() {
    if (!this.last) throw new Error('camps.describe: nothing has been drawn yet; call camps.setFrame first');
    const { frame, state, before, view, lit } = this.last;
    const placed = this.symbols.onceOnly(view, this.last.placed);
    const ids = this.data.sites.map((site) => site.id);
    // Places of unlike systems are never added up.
    const oneSystem = this.timeline.lives && !this.data.systems;
    return {
      t: frame.t,
      cut: Boolean(frame.cut),
      date_shown: this.words.shown(frame.t),
      mode: frame.mode,
      kind: state.kind,
      n_observed: state.observed,
      n_interpolated: state.between,
      n_held: state.known - state.observed - state.between,
      n_ended: state.ended,
      n_sites: ids.length,
      n_open: oneSystem ? state.open : null,
      n_last_known: oneSystem ? state.phases.last || 0 : null,
      stale_days: this.words.staleDays(frame.t),
      total: state.total,
      total_lo: state.totalLo,
      total_hi: state.totalHi,
      site_ids: placed.map((item) => item.site.id).sort(),
      values: Object.fromEntries(ids.map((id, i) => [id, state.sites[i].value])),
      kinds: Object.fromEntries(ids.map((id, i) => [id, state.sites[i].kind])),
      points: Object.fromEntries(placed.map((item) => [item.site.id, [item.x, item.y, this.symbols.isArea(item) ? 0 : item.r]])),
      pieces: this.timeline.outlines ? this.timeline.outlines.describe(state.drawn) : [],
      before: before && { t: before.t, date_shown: this.words.shown(before.t), total: before.total, total_lo: before.totalLo, total_hi: before.totalHi, kind: before.kind },
      labels: this.texts.filter(({ layer }) => layer === 'labels'),
      texts: this.texts.filter(({ layer }) => layer !== 'labels'),
      lying: this.lying,
      faint: placed.filter(({ fade, site }) => fade * lit(site.id) < LEAST_SEEN).map(({ site }) => site.id),
      ...(this.last.mattes ? { mattes: this.last.mattes } : {}),
      missing_words: [...this.words.missing].sort(),
    };
  }
}
