// Words on the picture: fonts by script, halos, and labels that never collide.

import { sheetOf } from './canvas.js';
import { Mercator, referenceZoom, smoothstep, TILE_PX } from './geo.js';
/** @import { View } from './geo.js' */
/** @import { Look, Place, PlaceKind } from './payload.d.ts' */
/** @import { Symbols } from './symbols.js' */
/** @import { Box, Context, Data, Disc, Dot, Font, Frame, Host, Label, LabelStyle, Laid, Largest, Noted, Pen, Point, Size, Spot, Sprite, Written } from './types.d.ts' */

export const GRAPHICS_SAFE = 0.05;
// Half of the step (1/1024) to which Skia rounds the slant of letters, and a little more: the least tilt that takes them off
// whole rows. It moves the ends of a long name by a twentieth of a pixel.
const TILT = 0.0005;
// Steps of zoom over which a symbol that comes to leave a place lets go of its label.
const LETS_GO = 0.5;
// Of labels that are kept as pictures.
const MOST_PIXELS = 3e7;

export class Type {
  // What is written is noted in `texts`: layer, words, language, box and size in pixels of the frame, and how strongly.
  /** @param {Context} ctx @param {string} lang @param {Data} data @param {Look} look @param {Noted[]} [texts] */
  constructor(ctx, lang, data, look, texts = []) {
    this.ctx = ctx;
    this.lang = lang;
    this.language = data.words[lang];
    this.texts = texts;
    this.layer = '';
    this.rtl = this.language.direction === 'rtl';
    const own = look.fonts?.[this.language.script];
    this.family = [own, data.fonts[this.language.script]].filter(Boolean).join(', ');
  }

  /** @param {number} size @param {number} [weight] @param {string} [style] @param {Context} [ctx] */
  set(size, weight = 400, style = 'normal', ctx = this.ctx) {
    // Slanted letters are a Latin custom: other scripts have no italics here, only a distortion.
    const slant = this.language.script === 'latin' ? style : 'normal';
    ctx.font = `${slant} ${weight} ${size}px ${this.family}`;
    ctx.direction = this.rtl ? 'rtl' : 'ltr';
    ctx.textBaseline = 'alphabetic';
    ctx.fontKerning = 'normal';
    ctx.textRendering = 'geometricPrecision';
    if ('lang' in ctx) ctx.lang = this.language.tag;
    if ('letterSpacing' in ctx) ctx.letterSpacing = '0px';
  }

  /** @param {Context} ctx @param {Font} font */
  setSpaced(ctx, { size, weight, style, spacing = 0 }) {
    this.set(size, weight, style, ctx);
    if (spacing && 'letterSpacing' in ctx && !this.rtl) ctx.letterSpacing = `${spacing}px`;
  }

  /** @param {string} text @param {number} size @param {number} [weight] @param {string} [style] */
  width(text, size, weight, style) {
    this.set(size, weight, style);
    return this.ctx.measureText(text).width;
  }

  // Text from x towards the reading direction ('start'), away from it ('end'), or about it ('center').
  /** @param {string} text @param {number} x @param {number} y @param {Written} given */
  draw(text, x, y, given) {
    this.write(this.ctx, text, x, y, given);
    this.note(text, x, y, given);
  }

  /** @param {Context} ctx @param {string} text @param {number} x @param {number} y @param {Written} written */
  write(ctx, text, x, y, { colour, align = 'start', halo = null, haloWidth = 3, ...font }) {
    this.setSpaced(ctx, font);
    ctx.textAlign = align;
    if (halo) {
      ctx.lineJoin = 'round';
      ctx.miterLimit = 2;
      ctx.lineWidth = haloWidth;
      ctx.strokeStyle = halo;
      ctx.strokeText(text, x, y);
    }
    ctx.fillStyle = colour;
    ctx.fillText(text, x, y);
  }

  // Of a label with the place to which it belongs, by which who checks a film tells that it keeps beside it.
  /** @param {string} text @param {number} x @param {number} y @param {Written} written @param {Point} [of] */
  note(text, x, y, { size, colour, align = 'start' }, of) {
    const w = this.ctx.measureText(text).width;
    const leading = align === 'start' ? this.rtl : align === 'end' ? !this.rtl : align === 'right';
    const left = align === 'center' ? x - w / 2 : leading ? x - w : x;
    this.texts.push({ layer: this.layer, text, lang: this.lang, x: left, y: y - size, w, h: size * 1.3, size, colour, alpha: this.ctx.globalAlpha, ...(of ? { of } : {}) });
  }

  // Lines no wider than `width`: breaks fall between words, and between any two Chinese characters.
  /** @param {string} text @param {number} width @param {number} size @param {number} weight */
  wrap(text, width, size, weight) {
    const tokens = this.language.script === 'khmer'
      ? [...new Intl.Segmenter('km', { granularity: 'word' }).segment(String(text))].map(({ segment }) => segment)
      : String(text).match(/[\p{sc=Han}“][，。；：、）”]*|[^\s\p{sc=Han}“]+\s*|\s+/gu) || [''];
    const lines = [''];
    for (const token of tokens) {
      const longer = lines[lines.length - 1] + token;
      if (lines[lines.length - 1] && this.width(longer.trimEnd(), size, weight) > width) lines.push(token);
      else lines[lines.length - 1] = longer;
    }
    return lines.map((line) => line.trim());
  }
}

// The zoom from which each label has room. Labels keep their distance in pixels while the ground grows, so two boxes
// that are clear of each other at one zoom are clear at all closer ones: one number a label, the same in every frame,
// and no label flickers when the camera moves.
/** @param {Label[]} labels @param {boolean} turning */
export function zoomsWithRoom(labels, turning) {
  /** @type {Label[]} */
  const placed = [];
  for (const label of labels) {
    let zoom = label.minZoom;
    for (const other of placed) {
      const clear = turning ? zoomOfAnySeparation(other, label) : zoomOfSeparation(other, label);
      if (clear > other.zoom && clear > zoom) zoom = clear;
    }
    label.zoom = zoom;
    if (zoom < label.maxZoom) placed.push(label);
  }
  return placed;
}

// In a film that turns, two places are so far apart in any direction: labels that are clear of each other stay so.
/** @param {Label} a @param {Label} b */
function zoomOfAnySeparation(a, b) {
  const [across, down] = [b.at[0] - a.at[0], b.at[1] - a.at[1]];
  const apart = Math.hypot(across - Math.round(across), down);
  const [wide, high] = [0, 1].map((axis) => Math.max(a.box[axis + 2] - b.box[axis], b.box[axis + 2] - a.box[axis]));
  return apart < 1e-12 ? Infinity : Math.log2(Math.hypot(wide, high) / (apart * TILE_PX));
}

/** @param {Label} a @param {Label} b */
function zoomOfSeparation(a, b) {
  /** @param {0 | 1} axis */
  const along = (axis) => {
    const apart = b.at[axis] - a.at[axis];
    const gap = axis ? apart : apart - Math.round(apart);
    const need = gap >= 0 ? a.box[axis + 2] - b.box[axis] : b.box[axis + 2] - a.box[axis];
    if (need <= 0) return -Infinity;
    return Math.abs(gap) < 1e-12 ? Infinity : Math.log2(need / (Math.abs(gap) * TILE_PX));
  };
  return Math.min(along(0), along(1));
}

/** @type {Record<PlaceKind, LabelStyle & { zooms: number[]; out: number }>} */
const PLACE_STYLES = {
  country: { size: 21, weight: 400, spacing: 4, zooms: [2.4, 3.1, 3.9, 4.7], out: 7.2, colour: 'place_area' },
  region: { size: 19, weight: 400, style: 'italic', spacing: 3, zooms: [3.6, 4.2, 4.8, 5.4], out: 7.6, colour: 'place_area' },
  nature: { size: 16, weight: 400, style: 'italic', spacing: 2, zooms: [4.2, 4.6, 5.2, 5.8], out: 8.2, colour: 'place_area' },
  water: { size: 15, weight: 400, style: 'italic', spacing: 1, zooms: [4.2, 4.6, 5.2, 5.6], out: 8.2, colour: 'place_water' },
  capital: { size: 18, weight: 600, spacing: 0, zooms: [3.2, 3.9, 4.7, 5.4], out: 12.5, colour: 'place' },
  city: { size: 17, weight: 400, spacing: 0, zooms: [3.4, 4.3, 5.0, 5.8], out: 12.5, colour: 'place' },
};

// Letters off whole rows of pixels, on which a browser puts level text: tilted about their middle.
/** @param {Context} ctx @param {number} middle @param {() => void} write */
export function tilted(ctx, middle, write) {
  const level = ctx.getTransform();
  const tilt = TILT / level.a;
  ctx.transform(1, tilt, 0, 1, 0, -tilt * middle);
  write();
  ctx.setTransform(level);
}

// Labels of a film. A browser puts letters on quarters of a pixel, and level ones on whole rows: each label is drawn once on
// every quarter that it comes to, and a frame shows the four about its place, each as strongly as it is near.
export class Moving {
  constructor() {
    this.sheet = sheetOf(0, 0);
    /** @type {Map<string, Sprite>} */
    this.sprites = new Map();
    this.pixels = 0;
    /** @type {Laid[]} */
    this.laid = [];
    /** @type {Box[]} */
    this.boxes = [];
    this.shown = '';
  }

  /** @param {Context} context */
  begin({ canvas }) {
    this.laid = [];
    const { width, height } = canvas;
    if (this.sheet.canvas.width === width && this.sheet.canvas.height === height) return;
    Object.assign(this.sheet.canvas, { width, height });
    [this.boxes, this.shown] = [[], ''];
  }

  /** @param {Type} type @param {string} text @param {Spot} spot @param {Written} given @param {Point} [of] */
  add(type, text, spot, given, of) {
    const { size } = given;
    const left = leftOf(spot) - spot.x;
    /** @type {Box} */
    const box = [left - 0.4 * size, -1.5 * size, left + spot.width + 0.4 * size, 0.7 * size];
    this.layAt(type.ctx, spot, [text, given, type.lang, type.family], box, (ctx) => tilted(ctx, left + spot.width / 2, () => type.write(ctx, text, 0, 0, given)));
    type.setSpaced(type.ctx, given);
    type.note(text, spot.x, spot.y, given, of);
  }

  /** @param {Type} type @param {Dot} dot @param {string | null | undefined} halo */
  addDot({ ctx }, { x, y, ...dot }, halo) {
    const reach = 2 * dot.radius;
    this.layAt(ctx, { x, y }, [dot, halo], [-reach, -reach, reach, reach], (own) => drawDot(own, { ...dot, x: 0, y: 0 }, halo));
  }

  // What is drawn about a place, on the four quarters of a pixel about it.
  /** @param {Context} ctx @param {{ x: number; y: number }} place @param {unknown} told @param {Box} box @param {(ctx: Context) => void} draw */
  layAt(ctx, { x, y }, told, box, draw) {
    const { a: scale } = ctx.getTransform();
    const sprite = this.sprite(JSON.stringify([told, scale]), box, scale);
    const [left, top] = [x, y].map((at) => Math.floor(4 * at * scale));
    const [right, lower] = [4 * x * scale - left, 4 * y * scale - top];
    for (const [dx, dy, near] of [[0, 0, (1 - right) * (1 - lower)], [1, 0, right * (1 - lower)], [0, 1, (1 - right) * lower], [1, 1, right * lower]]) {
      if (near > 0.002) this.lay(sprite, [left + dx, top + dy], near * ctx.globalAlpha, draw);
    }
  }

  // A picture with room for a label or dot on each of four times four quarters of a pixel.
  /** @param {string} key @param {Box} box @param {number} scale */
  sprite(key, [left, top, right, foot], scale) {
    const kept = this.sprites.get(key);
    if (kept) return kept;
    if (this.pixels > MOST_PIXELS) this.forget();
    const [x, y] = [left, top].map((side) => Math.ceil(-side * scale));
    const [width, height] = [x + Math.ceil(right * scale) + 1, y + Math.ceil(foot * scale) + 1];
    this.pixels += 16 * width * height;
    const sprite = { id: key, ctx: sheetOf(4 * width, 4 * height), x, y, width, height, scale, drawn: new Set() };
    this.sprites.set(key, sprite);
    return sprite;
  }

  /** @param {Sprite} sprite @param {Point} point @param {number} strength @param {(ctx: Context) => void} draw */
  lay({ id, ctx, x, y, width, height, scale, drawn }, [across, down], strength, draw) {
    const [i, j] = [across & 3, down & 3];
    if (!drawn.has(4 * j + i)) {
      ctx.setTransform(scale, 0, 0, scale, i * width + x + i / 4, j * height + y + j / 4);
      draw(ctx);
      drawn.add(4 * j + i);
    }
    this.laid.push({ id, from: ctx.canvas, strength, at: [i * width, j * height], box: [(across >> 2) - x, (down >> 2) - y, width, height] });
  }

  // Where nothing has moved the sheet is as it was; only where labels are it is laid on the picture.
  /** @param {Context} ctx */
  end(ctx) {
    const shown = JSON.stringify(this.laid);
    if (shown !== this.shown) this.paint(shown);
    ctx.save();
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.globalAlpha = 1;
    ctx.beginPath();
    for (const box of this.boxes) ctx.rect(...box);
    ctx.clip();
    ctx.drawImage(this.sheet.canvas, 0, 0);
    ctx.restore();
  }

  /** @param {string} shown */
  paint(shown) {
    const { sheet } = this;
    for (const box of this.boxes) sheet.clearRect(...box);
    sheet.globalCompositeOperation = 'lighter';
    for (const { from, strength, at, box } of this.laid) {
      sheet.globalAlpha = strength;
      sheet.drawImage(from, ...at, box[2], box[3], ...box);
    }
    [this.boxes, this.shown] = [this.laid.map(({ box }) => box), shown];
  }

  forget() {
    this.sprites.clear();
    this.pixels = 0;
  }
}

export class Labels {
  /** @param {Place[]} places @param {Symbols} symbols @param {number} zoom */
  constructor(places, symbols, zoom) {
    this.places = places;
    this.symbols = symbols;
    this.home = zoom;
    /** @type {Map<string, Label[]>} */
    this.cache = new Map();
    /** @type {Moving | null} */
    this.moving = null;
    /** @type {number[]} */
    this.zooms = [];
  }

  // Fonts that arrive after a first drawing make what was measured and drawn stale.
  forget() {
    this.cache.clear();
    this.moving = null;
  }

  // Labels in order of importance, with their boxes in units of the 1080-line reference.
  /** @param {Pen} pen @param {Frame} frame @param {Label[]} siteLabels */
  prepare({ type, look, safe }, { lang, bearing }, siteLabels) {
    const turning = bearing !== undefined;
    const key = `${lang}|${siteLabels.length}|${look.key}|${turning}|${safe}`;
    const kept = this.cache.get(key);
    if (kept) return kept;
    const places = this.places.map((place) => this.placeLabel(type, place, lang, look));
    const order = [...places, ...siteLabels].sort((a, b) => a.priority - b.priority || (a.text < b.text ? -1 : 1));
    const levels = [0, 1, 2, 3].map((step) => this.home + step).map((zoom) => ({ zoom, marks: this.symbols.largest(zoom) }));
    for (const label of order) {
      if (label.above && safe) label.box = [-label.half - 6, -label.above - label.style.size, label.half + 6, 8 - label.above];
      else if (label.point) this.settle(label, levels, type.rtl);
    }
    const labels = zoomsWithRoom(order, turning);
    for (const label of labels) if (label.point && safe) label.hosts = this.hostsOnceAndForAll(label);
    this.cache.set(key, labels);
    return labels;
  }

  /** @param {Type} type @param {Place} place @param {string} lang @param {Look} look @returns {Label} */
  placeLabel(type, place, lang, look) {
    const { zooms, out } = PLACE_STYLES[place.kind];
    const style = /** @type {LabelStyle} */ ({ ...PLACE_STYLES[place.kind], ...look.type?.[place.kind] });
    const text = place.names[lang] || place.names.en;
    const point = place.kind === 'city' || place.kind === 'capital';
    const width = type.width(text, style.size, style.weight, style.style) + style.spacing * text.length;
    const half = width / 2;
    /** @type {Box} */
    const box = point ? [-6, -style.size, width + 14, 8] : [-half - 6, -style.size, half + 6, 8];
    return {
      text, point, style, half,
      at: [Mercator.x(place.lon), Mercator.y(place.lat)],
      box: type.rtl && point ? [-box[2], box[1], -box[0], box[3]] : box,
      minZoom: zooms[place.rank - 1], maxZoom: out, zoom: 0, side: 0,
      priority: place.rank * 10 + (point ? 1 : 0),
    };
  }

  /** @param {Pen} pen @param {Frame} frame @param {Label[]} siteLabels @param {Box[]} obstacles @param {Disc[]} marks */
  draw(pen, frame, siteLabels, obstacles, marks) {
    const { view, ze } = pen;
    const near = view.box(200);
    this.moving = pen.safe ? this.moving || new Moving() : null;
    this.moving?.begin(pen.ctx);
    this.zooms = zoomsAbout(pen, 'stay');
    for (const label of this.prepare(pen, frame, siteLabels)) {
      const [ux, uy] = label.at;
      const shown = uy < near[1] || uy > near[3] ? 0 : roomAt(label, ze);
      if (shown > 0.004) for (const turn of view.turns(ux, ux, 200)) this.drawLabel(pen, label, view.point(ux + turn, uy), shown, obstacles, marks);
    }
    this.moving?.end(pen.ctx);
  }

  // In a film a label is whole or not there, and comes and goes in film time; on a page it follows the hand that zooms.
  /** @param {Pen} pen @param {Label} label @param {Box} box @param {number} shown @param {Box[]} obstacles */
  strength(pen, label, box, shown, obstacles) {
    const { u, view } = pen;
    if (!pen.safe) return shown * clearOf(box, obstacles, 30 * u) * within(box, view, 8 * u, 0);
    /** @param {View} seen */
    const stands = (seen) => {
      // To the last digit the same in every frame that asks: a name may have room from just there.
      const zoom = referenceZoom(seen.zoom, u);
      if (roomAt(label, zoom) < 0.5) return 0;
      const [[x, y], [nowX, nowY]] = [seen.point(...label.at), view.point(...label.at)];
      const [dx, dy] = [x - nowX, y - nowY];
      /** @type {Box} */
      const there = [box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy];
      return within(there, view, 30 * u) >= 0.5 && clearOf(there, obstacles, 30 * u) >= 0.5 ? 1 : 0;
    };
    if (!stands(view)) return 0;
    return pen.lasting ? lasting(pen.lasting.views.map(stands), pen.lasting) : 1;
  }

  /** @param {Pen} pen @param {Label} label @param {Point} place @param {number} shown @param {Box[]} obstacles @param {Disc[]} marks */
  drawLabel(pen, label, [x, y], shown, obstacles, marks) {
    const { ctx, look, u, type } = pen;
    const { size, weight, style, spacing, colour } = label.style;
    const hosts = label.point ? hostsOf(marks, x, y, u) : [];
    const spot = this.spot(pen, label, x, y, hosts, marks);
    const left = leftOf(spot);
    /** @type {Box} */
    const box = [left, spot.y - size * u, left + spot.width, spot.y + 8 * u];
    ctx.globalAlpha = this.strength(pen, label, box, shown, obstacles);
    if (ctx.globalAlpha > 0.004) {
      const given = { size: size * u, weight, style, spacing: spacing * u, colour: look[colour], halo: look.halo, haloWidth: 4 * u, align: spot.align };
      if (label.point && !label.site) this.drawDot(pen, [x, y], hosts, marks);
      if (this.moving) this.moving.add(type, label.text, spot, given, [x, y]);
      else type.draw(label.text, spot.x, spot.y, given);
    }
    ctx.globalAlpha = 1;
  }

  // A place that lies under a symbol gives up its dot: in a film as the symbol comes.
  /** @param {Pen} pen @param {Point} place @param {Disc[]} hosts @param {Disc[]} marks */
  drawDot({ ctx, look, u, type }, [x, y], hosts, marks) {
    const dot = { x, y, radius: 2.6 * u, colour: look.place };
    if (this.moving) {
      const alpha = ctx.globalAlpha;
      ctx.globalAlpha *= bareness(marks, x, y, u);
      this.moving.addDot(type, dot, look.halo);
      ctx.globalAlpha = alpha;
    } else if (!hosts.length) drawDot(ctx, dot, look.halo);
  }

  // The symbols that lie upon a place in a film, each at its largest and up to a zoom: what grows, comes or goes with the
  // clock moves no label.
  /** @param {Label} label @returns {Host[]} */
  hostsOnceAndForAll({ at: [x, y], zoom }) {
    return this.symbols.largest(0).flatMap(({ x: left, y: top, r }) => {
      const across = left / TILE_PX - x;
      const [dx, dy] = [across - Math.round(across), top / TILE_PX - y];
      const until = Math.log2((r + 5) / (Math.hypot(dx, dy) * TILE_PX));
      return until > zoom ? [{ at: /** @type {Point} */ ([x + dx, y + dy]), r, until }] : [];
    });
  }

  // The side of its place on which a label stands, once and for all: that which touches the fewest symbols at their
  // largest, from where the whole map is in view to three steps closer. A side that followed the symbols would jump.
  /** @param {Label} label @param {Largest[]} levels @param {boolean} rtl */
  settle(label, levels, rtl) {
    const found = levels.map((level) => this.sidesAt(label, level, rtl));
    const touched = found[0].map((_, side) => found.reduce((sum, sides) => sum + sides[side].touched, 0));
    label.side = touched.indexOf(Math.min(...touched));
    if (label.side > 0) label.box = found[0][label.side].box;
  }

  /** @param {Label} label @param {Largest} largest @param {boolean} rtl */
  sidesAt(label, { zoom, marks }, rtl) {
    const [x, y] = label.at.map((axis) => axis * TILE_PX * 2 ** zoom);
    const far = 2 * label.half + 100;
    const near = marks.filter((mark) => isWithin(mark.x - x, mark.y - y, mark.r + far));
    return this.spots(label, x, y, hostsOf(near, x, y, 1), 1, rtl).map((spot) => ({
      touched: touching(spot, near, label.style.size),
      box: boxOf(spot, x, y, label.style.size),
    }));
  }

  // Above outlines, in whose place a symbol stands from afar: in a film from the first, so that no label changes its side.
  /** @param {Pen} pen @param {Label} label @param {number} x @param {number} y @param {Disc[]} hosts @param {Disc[]} marks */
  spot(pen, label, x, y, hosts, marks) {
    const width = 2 * label.half * pen.u;
    if (!label.point) return middle(x, y, width);
    if (label.above && pen.safe) return middle(x, y - label.above * pen.u, width);
    if (label.above && !hosts.length) return middle(x, y - 9 * pen.u, width);
    if (label.hosts && !this.symbols.options.cluster) return this.spots(label, x, y, hostsIn(pen, label, [x, y], this.zooms), pen.u, pen.type.rtl)[label.side];
    const spots = this.spots(label, x, y, hosts, pen.u, pen.type.rtl);
    // Among groups that show a number, which come and go with the zoom, the first side that is free.
    if (!marks.some((mark) => 'members' in mark)) return spots[label.side];
    return spots.find((spot) => !touching(spot, marks, label.style.size * pen.u)) || spots[0];
  }

  // Where a label may stand: beside its place, where the symbols upon it end, first on the side where reading begins.
  /** @param {Label} label @param {number} x @param {number} y @param {Disc[]} hosts @param {number} u @param {boolean} rtl @returns {Spot[]} */
  spots(label, x, y, hosts, u, rtl) {
    const width = 2 * label.half * u;
    /** @param {number} way */
    const reach = (way) => pushed(hosts, 9 * u, (mark) => (mark.x - x) * way + mark.r + 5 * u);
    /** @param {number} way @returns {Spot} */
    const side = (way) => ({ x: x + way * reach(way), y: y + 6 * u, align: way > 0 ? 'left' : 'right', width });
    const top = pushed(hosts, 8 * u, (mark) => y - mark.y + mark.r);
    const foot = pushed(hosts, 8 * u, (mark) => mark.y - y + mark.r);
    const [above, below] = [y - top - 6 * u, y + foot + 18 * u];
    return [side(rtl ? -1 : 1), side(rtl ? 1 : -1), middle(x, above, width), middle(x, below, width),
      ...[above, below].flatMap((level) => SIDES.map((align) => ({ x, y: level, align, width })))];
  }
}

/** @type {Array<'left' | 'right'>} */
const SIDES = ['left', 'right'];

/** @param {number} x @param {number} y @param {number} width @returns {Spot} */
const middle = (x, y, width) => ({ x, y, align: 'center', width });

// How much of a label there is room for at a zoom.
/** @param {Label} label @param {number} ze */
const roomAt = ({ zoom, maxZoom }, ze) => smoothstep(zoom, zoom + 0.2, ze) * (1 - smoothstep(maxZoom - 0.6, maxZoom, ze));

// How strongly a label shows in the middle of the frames on each of which it would stand, in one spot or another, or not
// (0): it stays so many in a spot, stays away as many, and fades over some of its time, an even number.
/** @param {number[]} stands @param {{ stay: number; fade: number }} frames */
export function lasting(stands, { stay, fade }) {
  const whole = withoutShort(late(withoutShort(stands, stay), stay), stay);
  const middle = (stands.length - 1) / 2;
  let sum = 0;
  for (let i = middle - fade / 2; i <= middle + fade / 2; i += 1) {
    if (whole.slice(i - fade / 2, i + fade / 2 + 1).every((spot) => spot && spot === stands[middle])) sum += 1;
  }
  return smoothstep(0, 1, sum / (fade + 1));
}

// Runs of equal values, as [first, after, value].
/** @param {number[]} values */
function runsOf(values) {
  /** @type {Array<[number, number, number]>} */
  const runs = [];
  values.forEach((value, i) => {
    if (runs.length && runs[runs.length - 1][2] === value) runs[runs.length - 1][1] = i + 1;
    else runs.push([i, i + 1, value]);
  });
  return runs;
}

// Showings that are too short are left out; one that reaches the end of what is known here may be longer.
/** @param {number[]} stands @param {number} stay */
function withoutShort(stands, stay) {
  return runsOf(stands).flatMap(([first, after, value]) => {
    const short = after - first < stay && first > 0 && after < stands.length;
    return Array(after - first).fill(short ? 0 : value);
  });
}

// A label that would come back too soon waits until its time is over.
/** @param {number[]} stands @param {number} stay */
function late(stands, stay) {
  const kept = [...stands];
  runsOf(stands).forEach(([first, after, value], i, runs) => {
    if (value || !i || i === runs.length - 1) return;
    for (let j = after; j < Math.min(first + stay, kept.length); j += 1) kept[j] = 0;
  });
  return kept;
}

// How far symbols push a label from its place, each as much as it holds it.
/** @param {Disc[]} hosts @param {number} least @param {(host: Disc) => number} reach */
const pushed = (hosts, least, reach) => hosts.reduce((most, host) => Math.max(most, least + (host.hold ?? 1) * (reach(host) - least)), least);

// How much a symbol holds a label away from its place: as it comes to leave the place it lets go, over some of the zoom
// and over the time that a label stays, so that the label slides there however fast the camera comes down.
/** @param {Host} host @param {number[]} zooms */
function holdOf({ until }, zooms) {
  if (until === Infinity) return 1;
  return zooms.reduce((sum, zoom) => sum + 1 - smoothstep(until - LETS_GO, until, zoom), 0) / zooms.length;
}

// The zooms of so many frames about this one: what goes by them takes its time, however fast the camera comes down.
/** @param {Pen} pen @param {'stay' | 'fade'} time */
export function zoomsAbout({ ze, u, lasting }, time) {
  if (!lasting) return [ze];
  const [middle, reach] = [(lasting.views.length - 1) / 2, lasting[time] >> 1];
  return lasting.views.slice(middle - reach, middle + reach + 1).map(({ zoom }) => referenceZoom(zoom, u));
}

/** @param {Pen} pen @param {Label} label @param {Point} place @param {number[]} zooms @returns {Disc[]} */
function hostsIn({ view, u }, { at: place, hosts = [] }, [x, y], zooms) {
  const [left, top] = view.point(...place);
  return hosts.flatMap((host) => {
    const hold = holdOf(host, zooms);
    if (!hold) return [];
    const [hostX, hostY] = view.point(...host.at);
    return [{ x: x + hostX - left, y: y + hostY - top, r: host.r * u, hold }];
  });
}

// The symbols that stand upon a place.
/** @param {Disc[]} marks @param {number} x @param {number} y @param {number} u */
function hostsOf(marks, x, y, u) {
  return marks.filter((mark) => isWithin(mark.x - x, mark.y - y, mark.r + 5 * u));
}

// How bare a place is of symbols, each as strongly as it shows: whole a little away from their edges.
/** @param {Disc[]} marks @param {number} x @param {number} y @param {number} u */
function bareness(marks, x, y, u) {
  let bare = 1;
  for (const { x: left, y: top, r, fade = 1 } of marks) {
    if (isWithin(left - x, top - y, r + 7 * u)) bare = Math.min(bare, 1 - fade * (1 - smoothstep(r + 3 * u, r + 7 * u, Math.hypot(left - x, top - y))));
  }
  return bare;
}

/** @param {Spot} spot */
const leftOf = (spot) => spot.x - { left: 0, center: 0.5, right: 1 }[spot.align] * spot.width;

// What a label takes, from its place.
/** @param {Spot} spot @param {number} x @param {number} y @param {number} size @returns {Box} */
function boxOf(spot, x, y, size) {
  const left = leftOf(spot) - x;
  return [left - 6, spot.y - y - size - 6, left + spot.width + 6, spot.y - y + 8];
}

// How many symbols a label touches at a spot. A thousand symbols are asked of a thousand labels, and a hypotenuse is slow.
/** @param {Spot} spot @param {Disc[]} marks @param {number} size */
function touching(spot, marks, size) {
  const left = leftOf(spot);
  const [right, top] = [left + spot.width, spot.y - size * 0.8];
  let count = 0;
  for (const { x, y, r } of marks) {
    if (isWithin(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - spot.y), r)) count += 1;
  }
  return count;
}

/** @param {number} dx @param {number} dy @param {number} r */
function isWithin(dx, dy, r) {
  return dx * dx + dy * dy < r * r;
}

/** @param {Context} ctx @param {Dot} dot @param {string | null | undefined} halo */
function drawDot(ctx, { x, y, radius, colour }, halo) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.lineWidth = radius;
  ctx.strokeStyle = halo || colour;
  if (halo) ctx.stroke();
  ctx.fillStyle = colour;
  ctx.fill();
}

// 1 inside the graphics-safe area, or that within another share of each side; 0 where any part would leave it, in between
// while a label slides out with the camera.
/** @param {Box} box @param {Size} size @param {number} range @param {number} [share] */
function within(box, { width, height }, range, share = GRAPHICS_SAFE) {
  const [x, y] = [share * width, share * height];
  return smoothstep(0, range, Math.min(box[0] - x, box[1] - y, width - x - box[2], height - y - box[3]));
}

// 1 away from every obstacle, 0 upon one, in between while a label slides past it.
/** @param {Box} box @param {Box[]} obstacles @param {number} range */
function clearOf(box, obstacles, range) {
  let clear = 1;
  for (const o of obstacles) {
    const dx = Math.max(o[0] - box[2], box[0] - o[2]);
    const dy = Math.max(o[1] - box[3], box[1] - o[3]);
    clear = Math.min(clear, smoothstep(0, range, Math.max(dx, dy)));
  }
  return clear;
}

// The ground that lines of text stand on.
/** @param {Pen} pen @param {Box} box */
export function panel(pen, box) {
  const { ctx, look, u } = pen;
  ctx.fillStyle = look.panel;
  ctx.beginPath();
  ctx.roundRect(box[0], box[1], box[2] - box[0], box[3] - box[1], 3 * u);
  ctx.fill();
}
