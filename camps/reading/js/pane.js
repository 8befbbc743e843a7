// One picture with what is drawn over it, in three layers: the picture, painted when the view moves; the outlines that
// stand, of which those that change are painted anew; and the ink, which is what a hand has in work.

/** @import { Point, Rings } from './geometry.js' */
/** @import { Box, Context, Corner, Draft, Drawn, Ink } from './types.d.ts' */

/** Colours are those of lines on a photograph, the same by day and by night; kinds differ in dashes too. */
/** @type {Record<string, [string, number[]]>} */
export const KINDS = {
  building: ['#ffd60a', []],
  block: ['#ff9f0a', []],
  compound: ['#f2f2ee', [12, 4]],
  construction: ['#64d2ff', [6, 3]],
  other: ['#d0a0ff', [2, 3]],
};
/** Outlines that the reader has still to settle. @param {{ origin?: string } | null | undefined} one */
export const isOpen = (one) => one?.origin === 'proposed' || one?.origin === 'disputed';
const CASING = 'rgba(0, 0, 0, 0.62)';
const LINE_PX = 1.6;
const CASING_PX = 2;
/** Where more outlines change at once than this, as by a copy, all are painted. */
const MANY = 24;
const CHOSEN = '#ffffff';
const SCALES_M = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/** Paths in columns and rows with the box around each, by rings; those that stand are never changed in place. */
/** @type {WeakMap<Rings, { path: Path2D, box: Box }>} */
const FORMS = new WeakMap();

/** @param {Rings} rings */
function formOf(rings) {
  let form = FORMS.get(rings);
  if (!form) {
    const [x, y] = [0, 1].map((axis) => rings[0].map((p) => p[axis]));
    form = { path: new Path2D(), box: [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)] };
    trace(form.path, rings);
    FORMS.set(rings, form);
  }
  return form;
}

/** @param {Path2D} path @param {Rings} rings @param {(p: Point) => Point} [to] */
function trace(path, rings, to = (p) => p) {
  for (const ring of rings) {
    follow(path, ring.map(to));
    path.closePath();
  }
}

/** @param {Box} a @param {Box} b */
const meet = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/** @param {Path2D} path @param {Point[]} points */
function follow(path, points) {
  for (const [i, [x, y]] of points.entries()) {
    if (i) path.lineTo(x, y);
    else path.moveTo(x, y);
  }
}

/** @param {HTMLElement} host */
function layerOn(host) {
  const context = host.appendChild(document.createElement('canvas')).getContext('2d');
  if (!context) throw new Error('camps: the browser gives nothing to draw with');
  return context;
}

/** The colour of an outline and its dashes in pixels of the screen. @param {Drawn} one @returns {[string, number[]]} */
function strokeOf(one) {
  const [colour, dash] = KINDS[one.kind] ?? KINDS.other;
  if (isOpen(one)) return [colour, [1, 4]];
  return [colour, one.origin === 'copied' || one.unsaved ? [3, 3] : dash];
}

export class Pane {
  /** @param {HTMLElement} host @param {{scale: number, x: number, y: number}} view shared by all panes */
  constructor(host, view) {
    this.host = host;
    this.view = view;
    this.picture = layerOn(host);
    this.ground = layerOn(host);
    this.ink = layerOn(host);
    this.width = 0;
    this.height = 0;
    /** @type {Set<Drawn>} */
    this.standing = new Set();
    /** @type {Rings[] | null} */
    this.hidden = null;
    this.painted = '';
    this.caption = host.appendChild(document.createElement('div'));
    this.caption.className = 'cr-caption';
  }

  fit() {
    const ratio = window.devicePixelRatio || 1;
    // Asked once: while things change, each asking lays the whole notebook out anew.
    [this.width, this.height] = [this.host.clientWidth, this.host.clientHeight];
    for (const { canvas } of [this.picture, this.ground, this.ink]) {
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(this.height * ratio);
    }
    this.painted = '';
  }

  /** @param {Point} p */
  toScreen([x, y]) {
    return /** @type {[number, number]} */ ([(x - this.view.x) * this.view.scale, (y - this.view.y) * this.view.scale]);
  }

  /** @param {PointerEvent | WheelEvent | MouseEvent} event @returns {[number, number]} */
  placeOf(event) {
    const box = this.host.getBoundingClientRect();
    const { scale, x, y } = this.view;
    return [(event.clientX - box.left) / scale + x, (event.clientY - box.top) / scale + y];
  }

  get ratio() { return this.ink.canvas.width / Math.max(1, this.width); }

  /** @param {Context} context */
  _clear(context) {
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    return context;
  }

  /** Paint a picture, and to the right of `wipe` (a share of the width) another one.
   * @param {ImageBitmap | undefined} image @param {ImageBitmap | undefined} other @param {number | null} wipe
   * @param {{smooth: boolean, contrast: number}} how */
  paintPicture(image, other, wipe, how) {
    const context = this._clear(this.picture);
    context.imageSmoothingEnabled = how.smooth;
    context.filter = how.contrast === 1 ? 'none' : `contrast(${how.contrast})`;
    this._lay(context, image);
    if (wipe === null || !other) return;
    const from = wipe * this.width;
    context.save();
    context.beginPath();
    context.rect(from, 0, this.width - from, this.height);
    context.clip();
    context.clearRect(from, 0, this.width - from, this.height);
    this._lay(context, other);
    context.restore();
    context.filter = 'none';
    context.fillStyle = '#fff';
    context.fillRect(from - 1, 0, 2, this.height);
  }

  /** @param {Context} context @param {ImageBitmap | undefined} image */
  _lay(context, image) {
    if (!image) return;
    const { scale, x, y } = this.view;
    context.drawImage(image, -x * scale, -y * scale, image.width * scale, image.height * scale);
  }

  /** Paint the outlines that stand, and areas that were hidden: all of it when the view moved or these areas changed,
   * else only where an outline came, went or changed.
   * @param {Drawn[]} outlines each the same object as long as it is the same @param {Rings[]} hidden */
  paintGround(outlines, hidden) {
    const { scale, x, y } = this.view;
    const [seen, next] = [`${scale} ${x} ${y}`, new Set(outlines)];
    const changed = [...outlines.filter((one) => !this.standing.has(one)), ...[...this.standing].filter((one) => !next.has(one))];
    const all = this.painted !== seen || this.hidden !== hidden || changed.length > MANY;
    /** @type {Box[]} */
    const boxes = all ? [[x, y, x + this.width / scale, y + this.height / scale]] : changed.map((one) => formOf(one.rings).box);
    for (const box of boxes) this._ground(box, outlines, hidden);
    Object.assign(this, { painted: seen, hidden, standing: next });
  }

  /** @param {Box} box @param {Drawn[]} outlines @param {Rings[]} hidden */
  _ground([west, north, east, south], outlines, hidden) {
    const { ground: context, ratio, view: { scale, x, y } } = this;
    // Whole pixels: an edge through one would leave a trace of what was there.
    const pad = (LINE_PX + CASING_PX) * ratio;
    const [left, top] = [(west - x) * scale * ratio - pad, (north - y) * scale * ratio - pad].map(Math.floor);
    const [right, foot] = [(east - x) * scale * ratio + pad, (south - y) * scale * ratio + pad].map(Math.ceil);
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.beginPath();
    context.rect(left, top, right - left, foot - top);
    context.clip();
    context.clearRect(left, top, right - left, foot - top);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this._hatch(context, hidden);
    const [more, grid] = [2 * pad / scale / ratio, scale * ratio];
    /** @type {Box} */
    const near = [west - more, north - more, east + more, south + more];
    context.setTransform(grid, 0, 0, grid, -x * grid, -y * grid);
    this._stand(context, outlines.filter((one) => meet(formOf(one.rings).box, near)));
    context.restore();
  }

  /** Paint outlines, all casings below all lines: neighbours share walls. @param {Context} context @param {Drawn[]} outlines */
  _stand(context, outlines) {
    const px = 1 / this.view.scale;
    context.lineJoin = 'round';
    [context.strokeStyle, context.lineWidth] = [CASING, (LINE_PX + CASING_PX) * px];
    for (const one of outlines) context.stroke(formOf(one.rings).path);
    context.lineWidth = LINE_PX * px;
    for (const one of outlines) {
      const [colour, dash] = strokeOf(one);
      context.strokeStyle = colour;
      context.setLineDash(dash.map((length) => length * px));
      context.stroke(formOf(one.rings).path);
    }
  }

  /** Paint what a hand has in work over the outlines that stand: those that are moved or not saved yet, corners of the
   * chosen ones, and the draft.
   * @param {Ink & { pixel_m: number }} all */
  paintInk({ loose, chosen, draft, corner, cursor, pixel_m }) {
    const context = this._clear(this.ink);
    for (const one of loose) this._line(context, this._path(one.rings), strokeOf(one)[0], LINE_PX, strokeOf(one)[1]);
    for (const one of chosen) this._chosen(context, one, corner);
    if (draft) this._draft(context, draft);
    if (cursor) this._cross(context, this.toScreen(cursor));
    this._scale(context, pixel_m);
  }

  /** @param {...Rings} all */
  _path(...all) {
    const path = new Path2D();
    for (const rings of all) trace(path, rings, (p) => this.toScreen(p));
    return path;
  }

  /** @param {Context} context @param {Path2D} path @param {string} colour @param {number} width @param {number[]} [dash] */
  _line(context, path, colour, width, dash = []) {
    context.lineJoin = 'round';
    context.setLineDash([]);
    context.strokeStyle = CASING;
    context.lineWidth = width + CASING_PX;
    context.stroke(path);
    context.setLineDash(dash);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke(path);
    context.setLineDash([]);
  }

  /** @param {Context} context @param {Drawn} one @param {Corner | null} corner */
  _chosen(context, one, corner) {
    const path = this._path(one.rings);
    context.fillStyle = 'rgba(255, 255, 255, 0.14)';
    context.fill(path, 'evenodd');
    this._line(context, path, CHOSEN, 2);
    one.rings.forEach((ring, r) => { ring.forEach((p, i) => {
      const next = ring[(i + 1) % ring.length];
      this._dot(context, this.toScreen([(p[0] + next[0]) / 2, (p[1] + next[1]) / 2]), 2.5, '#bbb');
      const held = corner && corner.id === one.id && corner.ring === r && corner.at === i;
      this._dot(context, this.toScreen(p), held ? 6 : 4, held ? '#ff375f' : CHOSEN);
    }); });
  }

  /** @param {Context} context @param {Point} point @param {number} radius @param {string} colour */
  _dot(context, [x, y], radius, colour) {
    context.fillStyle = colour;
    context.strokeStyle = '#000';
    context.lineWidth = 1;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }

  /** @param {Context} context @param {Draft} draft */
  _draft(context, { points, closes }) {
    const path = new Path2D();
    follow(path, points.map((p) => this.toScreen(p)));
    if (closes) path.closePath();
    this._line(context, path, '#ff375f', 2);
    for (const p of points) this._dot(context, this.toScreen(p), 3.5, '#fff');
  }

  /** @param {Context} context @param {Point} point */
  _cross(context, [x, y]) {
    const path = new Path2D(`M${x - 11},${y}h8 M${x + 3},${y}h8 M${x},${y - 11}v8 M${x},${y + 3}v8`);
    this._line(context, path, '#fff', 1.2);
  }

  /** @param {Context} context @param {Rings[]} areas */
  _hatch(context, areas) {
    if (!areas.length) return;
    const path = this._path(...areas);
    context.save();
    context.fillStyle = 'rgba(70, 78, 92, 0.55)';
    context.fill(path, 'evenodd');
    context.clip(path, 'evenodd');
    context.strokeStyle = 'rgba(255, 255, 255, 0.55)';
    context.lineWidth = 1;
    context.beginPath();
    for (let x = -this.height; x < this.width; x += 9) {
      context.moveTo(x, 0);
      context.lineTo(x + this.height, this.height);
    }
    context.stroke();
    context.restore();
    this._line(context, path, '#dfe6f2', 1.2, [4, 4]);
  }

  /** @param {Context} context @param {number} pixel_m */
  _scale(context, pixel_m) {
    const per_m = this.view.scale / pixel_m;
    const length_m = SCALES_M.findLast((one) => one * per_m < this.width / 4) ?? SCALES_M[0];
    const [x, y, length] = [14, this.height - 16, length_m * per_m];
    this._line(context, new Path2D(`M${x},${y - 5}v5h${length}v-5`), '#fff', 1.6);
    context.font = '12px sans-serif';
    context.lineWidth = 3;
    context.strokeStyle = CASING;
    context.strokeText(`${length_m} m`, x + 4, y - 5);
    context.fillStyle = '#fff';
    context.fillText(`${length_m} m`, x + 4, y - 5);
  }
}
