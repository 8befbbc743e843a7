// @ts-check
// One picture with what is drawn over it. The picture is painted when the view moves, the ink when anything is drawn.

/** Colours are those of lines on a photograph, the same by day and by night; kinds differ in dashes too. */
export const KINDS = {
  building: ['#ffd60a', []],
  block: ['#ff9f0a', []],
  compound: ['#f2f2ee', [12, 4]],
  construction: ['#64d2ff', [6, 3]],
  other: ['#d0a0ff', [2, 3]],
};
/** Outlines that the reader has still to settle. */
export const isOpen = (one) => ['proposed', 'disputed'].includes(one?.origin);
const CASING = 'rgba(0, 0, 0, 0.62)';
const CHOSEN = '#ffffff';
const SCALES_M = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

export class Pane {
  /** @param {HTMLElement} host @param {{scale: number, x: number, y: number}} view shared by all panes */
  constructor(host, view) {
    this.host = host;
    this.view = view;
    this.picture = host.appendChild(document.createElement('canvas'));
    this.ink = host.appendChild(document.createElement('canvas'));
    this.caption = host.appendChild(document.createElement('div'));
    this.caption.className = 'cr-caption';
  }

  fit() {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.host.clientWidth, this.host.clientHeight];
    for (const canvas of [this.picture, this.ink]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
  }

  get width() { return this.host.clientWidth; }
  get height() { return this.host.clientHeight; }

  /** @param {import('./geometry.js').Point} p */
  toScreen([x, y]) {
    return /** @type {[number, number]} */ ([(x - this.view.x) * this.view.scale, (y - this.view.y) * this.view.scale]);
  }

  /** @param {PointerEvent | WheelEvent | MouseEvent} event @returns {[number, number]} */
  placeOf(event) {
    const box = this.host.getBoundingClientRect();
    const { scale, x, y } = this.view;
    return [(event.clientX - box.left) / scale + x, (event.clientY - box.top) / scale + y];
  }

  _clear(canvas) {
    const context = canvas.getContext('2d');
    const ratio = canvas.width / Math.max(1, this.width);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
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

  _lay(context, image) {
    if (!image) return;
    const { scale, x, y } = this.view;
    context.drawImage(image, -x * scale, -y * scale, image.width * scale, image.height * scale);
  }

  /** Paint outlines, areas that were hidden, and what is being drawn.
   * @param {{outlines: any[], hidden: any[], chosen: Set<string>, draft: any, corner: any, cursor: any, pixel_m: number}} all */
  paintInk(all) {
    const context = this._clear(this.ink);
    this._hatch(context, all.hidden);
    const groups = new Map();
    for (const one of all.outlines) {
      const key = `${one.kind} ${isOpen(one) ? 'asked' : one.origin === 'copied' || one.unsaved ? 'open' : 'set'}`;
      if (!groups.has(key)) groups.set(key, new Path2D());
      this._trace(groups.get(key), one.rings);
    }
    for (const [key, path] of groups) {
      const [colour, dash] = KINDS[key.split(' ')[0]] ?? KINDS.other;
      this._line(context, path, colour, 1.6, { open: [3, 3], asked: [1, 4] }[key.split(' ')[1]] ?? dash);
    }
    for (const one of all.outlines.filter((outline) => all.chosen.has(outline.id))) this._chosen(context, one, all.corner);
    if (all.draft) this._draft(context, all.draft);
    if (all.cursor) this._cross(context, this.toScreen(all.cursor));
    this._scale(context, all.pixel_m);
  }

  _trace(path, rings) {
    for (const ring of rings) {
      ring.forEach((p, i) => (i ? path.lineTo(...this.toScreen(p)) : path.moveTo(...this.toScreen(p))));
      path.closePath();
    }
  }

  _line(context, path, colour, width, dash = []) {
    context.lineJoin = 'round';
    context.setLineDash([]);
    context.strokeStyle = CASING;
    context.lineWidth = width + 2;
    context.stroke(path);
    context.setLineDash(dash);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke(path);
    context.setLineDash([]);
  }

  _chosen(context, one, corner) {
    const path = new Path2D();
    this._trace(path, one.rings);
    context.fillStyle = 'rgba(255, 255, 255, 0.14)';
    context.fill(path, 'evenodd');
    this._line(context, path, CHOSEN, 2);
    one.rings.forEach((ring, r) => ring.forEach((p, i) => {
      const next = ring[(i + 1) % ring.length];
      this._dot(context, this.toScreen([(p[0] + next[0]) / 2, (p[1] + next[1]) / 2]), 2.5, '#bbb');
      const held = corner && corner.id === one.id && corner.ring === r && corner.at === i;
      this._dot(context, this.toScreen(p), held ? 6 : 4, held ? '#ff375f' : CHOSEN);
    }));
  }

  _dot(context, [x, y], radius, colour) {
    context.fillStyle = colour;
    context.strokeStyle = '#000';
    context.lineWidth = 1;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }

  _draft(context, { points, closes }) {
    const path = new Path2D();
    points.forEach((p, i) => (i ? path.lineTo(...this.toScreen(p)) : path.moveTo(...this.toScreen(p))));
    if (closes) path.closePath();
    this._line(context, path, '#ff375f', 2);
    for (const p of points) this._dot(context, this.toScreen(p), 3.5, '#fff');
  }

  _cross(context, [x, y]) {
    const path = new Path2D(`M${x - 11},${y}h8 M${x + 3},${y}h8 M${x},${y - 11}v8 M${x},${y + 3}v8`);
    this._line(context, path, '#fff', 1.2);
  }

  _hatch(context, areas) {
    const path = new Path2D();
    for (const rings of areas) this._trace(path, rings);
    if (!areas.length) return;
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
