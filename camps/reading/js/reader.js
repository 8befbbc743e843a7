// The instrument: what a hand does becomes a step, Python saves it, and the page shows what is saved.
import { areaOf, atRightAngle, cornerAt, distance, edgeAt, isInside, middle, middleAt, rectangle } from './geometry.js';
import { isOpen } from './pane.js';
import { Around, make, makeCurve, squareMetres } from './panel.js';
/** @import { Point, Rings } from './geometry.js' */
/** @import { Pane } from './pane.js' */
/** @import { Begun, Changes, Content, Corner, Drawn, Grown, Hand, Ink, Look, Message, Model, Outline, Pending, Shown, Status, Task, Words } from './types.d.ts' */

const NEAR_PX = 9;
const STILL_PX = 4;
/** @type {Rings[]} */
const NONE = [];
const QUIET_MS = 3000;
const GROWTH_AFTER_MS = 1200;
/** @type {Record<string, Point>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** @type {Record<string, string>} */
const LEADS = { draw: 'Outline', rectangle: 'Rectangle', cut: 'Cut', hidden: 'Hidden area' };

class Reader extends Around {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    super(el, {
      act: (what) => this.act(what), go: (task) => this.go(task), compare: (task) => this.compare(task), step: (by) => this.step(by),
      look: (status) => this.look(status), word: (name, value) => this.word(name, value), sendAgain: () => this.sendAgain(),
    });
    this.model = model;
    this.id = Math.random().toString(36).slice(2, 8);
    this.sent = 0;
    /** @type {Map<string, Pending>} */
    this.unsaved = new Map();
    /** @type {Map<string, Outline>} */
    this.outlines = new Map();
    /** @type {Map<string, ImageBitmap>} */
    this.pictures = new Map();
    /** @type {Record<string, Look>} */
    this.looks = {};
    /** @type {Begun | null} */
    this.begun = null;
    /** @type {Task[]} */
    this.tasks = [];
    /** @type {string} the scene that is read, and the other date */
    this.now = '';
    this.compares = '';
    this.flicks = false;
    this.peeks = false;
    this.veiled = false;
    this.keyed = false;
    this.fitted = false;
    this.how = { smooth: true, contrast: 1 };
    this.tool = 'select';
    this.mode = 'alone';
    this.wipe = 0.5;
    /** @type {Set<string>} */
    this.chosen = new Set();
    /** @type {Point[]} */
    this.points = [];
    /** @type {Point | null} */
    this.cursor = null;
    /** @type {Corner | null} */
    this.corner = null;
    /** @type {Hand | null} */
    this.hand = null;
    /** @type {string[]} */
    this.before = [];
    this.noted = '';
    this.quiet = 0;
    this.growing = 0;
    this.frame = 0;
    /** @type {Words} */
    this.next = { kind: 'building', confidence: 'medium', note: '' };
    this._listen();
    /** @param {Content} content @param {BlobPart[]} buffers */
    this._hear = (content, buffers) => this.hear(content, buffers);
    model.on('msg:custom', this._hear);
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(this.main.host);
    this.send({ do: 'open' });
  }

  close() {
    this.model.off('msg:custom', this._hear);
    this.resizing.disconnect();
    clearTimeout(this.quiet);
    clearTimeout(this.growing);
  }

  // --- messages ---

  /** @param {Message} what @param {Shown | null} shown what is drawn as unsaved until it is saved */
  send(what, shown = null) {
    const key = `${this.id}-${++this.sent}`;
    const message = { ...what, re: key };
    if (!['open', 'growth', 'greet'].includes(what.do)) this.unsaved.set(key, { message, shown });
    this._post(message);
    this._wait();
    return key;
  }

  sendAgain() {
    for (const { message } of this.unsaved.values()) this._post(message);
    this.again.hidden = true;
    this._wait();
  }

  /** @param {Message} message */
  _post(message) {
    try {
      this.model.send(message);
    } catch {
      // The kernel was shut down: what was drawn stays here as unsaved, and the page says so in a moment.
    }
  }

  _wait() {
    clearTimeout(this.quiet);
    if (!this.unsaved.size) return;
    this.quiet = setTimeout(() => {
      this.again.hidden = false;
      this.say(`Not saved: the last ${this.unsaved.size}. The kernel is busy or gone; if it was restarted, run the cell again.`, true);
    }, QUIET_MS);
  }

  /** @param {Content} content @param {BlobPart[]} buffers */
  hear(content, buffers) {
    if (content.picture) this.takePicture(content.picture, buffers[0]);
    if (content.hello && content.hello !== this.id) this.send({ do: 'greet' });
    if ([content.hello, content.met].some((id) => id && id !== this.id)) {
      this.say('This reading is open in another view too; both write to it.');
    }
    if (content.gone) this.say(content.gone, true);
    if (content.growth) this._showGrowth(content.growth);
    // What another view opened with is known here, and this one stays where it is.
    if (content.begun && content.hello === this.id) this.begin(content.begun);
    this._take(content);
    const mine = this.unsaved.get(content.re);
    this.unsaved.delete(content.re);
    if (mine) this._answered(mine, content);
    this._wait();
    this.paint();
  }

  /** @param {Pending} pending @param {Content} content */
  _answered({ message, shown }, content) {
    this.again.hidden = true;
    if (content.error) {
      if (shown?.points && shown.tool && !this.points.length) [this.points, this.tool] = [shown.points, shown.tool];
      return this.say(content.error, true);
    }
    if (content.chosen) this.choose(content.chosen);
    if (content.says) this.say(content.says);
    else if (['draw', 'mend', 'square'].includes(message.do)) this.say('');
  }

  /** @param {Changes} changes */
  _take({ put = [], drop = [], looks, steps, undo, redo }) {
    for (const id of drop) this.outlines.delete(id);
    for (const one of put) this.outlines.set(one.id, one);
    for (const id of drop) this.chosen.delete(id);
    Object.assign(this.looks, looks ?? {});
    if (steps === undefined) return;
    this.saved.textContent = `step ${steps} saved`;
    this._able({ undo, redo });
    this._showPanel();
    if (put.length || drop.length || looks) this._growLater();
  }

  /** @param {Begun} begun */
  begin(begun) {
    this.begun = begun;
    this.tasks = begun.tasks;
    this.outlines.clear();
    this.looks = {};
    this.task.replaceChildren(...this.tasks.map((one) => make('option', { value: one.id }, one.label)));
    this.compared.hidden = begun.blind;
    for (const what of ['beside', 'wipe', 'flicker', 'copy']) this._button(what).hidden = begun.blind;
    this.curve.hidden = begun.blind;
    this.now = begun.task;
    this._take(begun);
    this._setOther();
    this._showPanel();
    this.fit();
    this.say(begun.lost ? `A kill cut ${begun.lost} bytes of an unsaved step short; all before it is here.` : 'Press ? for the keys.');
  }

  /** @param {string} task @param {BlobPart} buffer */
  async takePicture(task, buffer) {
    const blob = new Blob([buffer], { type: 'image/png' });
    this.pictures.set(task, await createImageBitmap(blob));
    this.repaint();
  }

  // --- what is shown ---

  /** @param {string} text @param {boolean} [wrong] */
  say(text, wrong = false) {
    this.says.textContent = text;
    this.says.classList.toggle('cr-wrong', wrong);
  }

  get here() { return [...this.outlines.values()].filter((one) => one.task === this.now); }
  get about() { return this.tasks?.find((one) => one.id === this.now); }
  get beyond() { return this.tasks?.find((one) => one.id === this.compares); }

  /** @param {string} what */
  _button(what) { return /** @type {HTMLButtonElement} */ (this.bar.querySelector(`[data-do="${what}"]`)); }
  /** @param {Record<string, boolean | undefined>} which */
  _able(which) { for (const [what, can] of Object.entries(which)) this._button(what).disabled = !can; }

  _showPanel() {
    if (!this.about) return;
    this.task.value = this.now;
    const look = this.looks[this.now];
    this.tasks.forEach((one, at) => {
      const marks = { observed: '●', partial: '◐', obscured: '○', not_imaged: '–' };
      this.task.options[at].textContent = `${marks[this.looks[one.id]?.status] ?? '·'} ${one.label}`;
    });
    this.facts.textContent = this.about.facts;
    for (const button of this.status.querySelectorAll('button')) {
      button.setAttribute('aria-pressed', String(button.dataset.status === look?.status));
    }
    this._showChosen();
    this._able({ square: this.chosen.size === 1, join: this.chosen.size > 1, remove: this.chosen.size > 0 });
    const open = this.here.filter(isOpen).length;
    this.asks.hidden = !open;
    this.open.textContent = `${open} to settle`;
    for (const what of ['tool:select', 'tool:draw', 'tool:rectangle', 'tool:cut', 'tool:hidden', 'beside', 'wipe']) {
      this._button(what).setAttribute('aria-pressed', String(what === `tool:${this.tool}` || what === this.mode));
    }
  }

  _showChosen() {
    const one = this.chosen.size === 1 ? this.outlines.get([...this.chosen][0]) : null;
    const area = one && this.begun && squareMetres(areaOf(one.rings) * this.begun.pixel_m ** 2);
    this.title.textContent = one ? `${one.id} · ${area}${one.origin === 'drawn' ? '' : ` · ${one.origin}`}`
      : this.chosen.size ? `${this.chosen.size} outlines` : `Next outline · ${this.here.length} here`;
    const of = one ?? this.next;
    [this.kind.value, this.confidence.value] = [of.kind, of.confidence];
    // What comes while somebody types takes nothing away of it.
    if (!this.note.matches(':focus') || this.note.value === this.noted) this.note.value = this.noted = of.note;
  }

  /** @param {{ rows: Grown[], next: string }} rowsGrown */
  _showGrowth({ rows, next }) {
    this.curve.classList.toggle('cr-old', Boolean(this.growing));
    const curve = rows.length ? [make('h3', {}, 'Built area, m²'), makeCurve(rows)] : [];
    this.curve.replaceChildren(...curve, make('p', { class: 'cr-faint' }, next));
  }

  _growLater() {
    if (this.begun?.blind) return;
    clearTimeout(this.growing);
    this.curve.classList.add('cr-old');
    this.growing = setTimeout(() => {
      this.growing = 0;
      this.send({ do: 'growth' });
    }, GROWTH_AFTER_MS);
  }

  resize() {
    const [wide, high] = [this.main.width, this.main.height];
    for (const pane of [this.main, this.side]) pane.fit();
    // All of the ground stays in view until somebody comes closer; from then on what was in the middle stays there.
    if (this.fitted) return this.fit();
    this.view.x += (wide - this.main.width) / 2 / this.view.scale;
    this.view.y += (high - this.main.height) / 2 / this.view.scale;
    this.repaint();
    return undefined;
  }

  repaint() {
    const [image, other] = [this.pictures.get(this.now), this.pictures.get(this.compares)];
    this.main.paintPicture(this.flicks ? other : image, other, this.mode === 'wipe' ? this.wipe : null, this.how);
    this.side.paintPicture(other, undefined, null, this.how);
    this.main.caption.textContent = (this.flicks ? this.beyond : this.about)?.caption ?? '';
    this.side.caption.textContent = this.beyond?.caption ?? '';
    this.paint();
  }

  paint() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this._paint());
  }

  _paint() {
    if (!this.begun) return;
    const held = this.hand?.held;
    const unsaved = [...this.unsaved.values()].flatMap(({ shown }) => (shown?.rings ? { kind: 'other', ...shown, rings: shown.rings, unsaved: true } : []));
    /** @type {Drawn[]} */
    const loose = [...unsaved.filter((one) => !one.id || one.id !== held?.id), ...(held ? [{ kind: 'other', ...this.outlines.get(held.id), rings: held.rings }] : [])];
    const apart = new Set(loose.map((one) => one.id));
    const [ground, above] = [this.here.filter((one) => !apart.has(one.id)), [this.keyed ? this.cursor : null, this.cursor]];
    const chosen = [...ground, ...loose].filter((one) => this.chosen.has(one.id ?? ''));
    this._layer(this.main, this.now, ground, { loose, chosen, corner: this.corner, draft: this._draft(), cursor: above[0] });
    if (this.side.host.hidden) return;
    const there = [...this.outlines.values()].filter((one) => one.task === this.compares);
    this._layer(this.side, this.compares, there, { loose: [], chosen: [], corner: null, draft: null, cursor: above[1] });
  }

  /** @param {Pane} pane @param {string | undefined} task @param {Outline[]} outlines @param {Ink} ink */
  _layer(pane, task, outlines, ink) {
    const veil = this.veiled ? { loose: [], chosen: [] } : {};
    pane.paintGround(this.veiled ? [] : outlines, this.looks[task ?? '']?.hidden ?? NONE);
    pane.paintInk({ ...ink, ...veil, pixel_m: this.begun?.pixel_m ?? 1 });
  }

  _draft() {
    if (!this.points.length || !this.cursor) return null;
    const points = [...this.points, this.cursor];
    if (this.tool === 'rectangle' && this.points.length === 2) {
      return { points: rectangle(this.points[0], this.points[1], this.cursor), closes: true };
    }
    return { points, closes: this.tool !== 'cut' && points.length > 2 };
  }

  // --- where one is ---

  fit() {
    if (!this.begun) return;
    this.fitted = true;
    const [width, height] = this.begun.size;
    this.view.scale = Math.min(this.main.width / width, this.main.height / height) || 1;
    this.view.x = (width - this.main.width / this.view.scale) / 2;
    this.view.y = (height - this.main.height / this.view.scale) / 2;
    this.repaint();
  }

  /** @param {number} by @param {Point} [about] */
  zoom(by, about) {
    const at = about ?? [this.view.x + this.main.width / 2 / this.view.scale, this.view.y + this.main.height / 2 / this.view.scale];
    const scale = Math.max(0.05, Math.min(64, this.view.scale * by));
    this.view.x = at[0] - ((at[0] - this.view.x) * this.view.scale) / scale;
    this.view.y = at[1] - ((at[1] - this.view.y) * this.view.scale) / scale;
    this.view.scale = scale;
    this.fitted = false;
    this.repaint();
  }

  /** @param {string} task */
  go(task) {
    this.drop();
    this.now = task;
    this.chosen.clear();
    this.send({ do: 'show', task });
    this._setOther();
    this._showPanel();
    this.repaint();
  }

  /** @param {number} by */
  step(by) {
    const at = this.tasks.findIndex((one) => one.id === this.now) + by;
    if (this.tasks[at]) this.go(this.tasks[at].id);
    else this.say(by > 0 ? 'This is the last scene.' : 'This is the first scene.');
  }

  _setOther() {
    const others = this.tasks.filter((one) => one.id !== this.now);
    this.other.replaceChildren(...others.map((one) => make('option', { value: one.id }, one.label)));
    const at = this.tasks.findIndex((one) => one.id === this.now);
    this.compares = (this.tasks[at - 1] ?? this.tasks[at + 1])?.id ?? '';
    if (this.compares) this.other.value = this.compares;
    if (this.mode !== 'alone' && this.compares) this.compare(this.compares);
  }

  /** @param {string} task */
  compare(task) {
    this.compares = this.other.value = task;
    if (!this.pictures.has(task)) this.send({ do: 'show', task, beside: true });
    this.repaint();
  }

  /** @param {'beside' | 'wipe'} mode */
  lay(mode) {
    if (!this.begun || this.begun.blind || !this.compares) return this.say('There is no other date to set beside it.');
    this.mode = this.mode === mode ? 'alone' : mode;
    this.side.host.hidden = this.mode !== 'beside';
    this.compare(this.compares);
    this._showPanel();
    this.resize();
  }

  /** @param {boolean} on */
  flick(on) {
    if (!this.begun || this.begun.blind || !this.compares || on === this.flicks) return;
    this.flicks = on;
    this.compare(this.compares);
  }

  // --- steps ---

  /** @param {string} what */
  act(what) {
    const [verb, tool] = what.split(':');
    if (verb === 'tool') return this.take(tool);
    const chosen = [...this.chosen];
    /** @type {Record<string, () => unknown>} */
    const acts = {
      undo: () => (this.points.length ? this.back() : this.send({ do: 'undo' })),
      redo: () => this.send({ do: 'redo' }),
      square: () => chosen.length === 1 && this.send({ do: 'square', id: chosen[0] }),
      join: () => chosen.length > 1 && this.send({ do: 'join', ids: chosen }),
      remove: () => this.remove(chosen),
      accept: () => this.settle('accept', chosen), refuse: () => this.settle('remove', chosen),
      copy: () => this.copy(),
      beside: () => this.lay('beside'), wipe: () => this.lay('wipe'), flicker: () => this.flick(!this.flicks),
      fit: () => this.fit(),
      help: () => { this.help.hidden = !this.help.hidden; this.stage.focus(); },
    };
    acts[verb]();
    this.paint();
  }

  /** @param {string} tool */
  take(tool) {
    this.drop();
    if (tool === 'cut' && this.chosen.size !== 1) return this.say('Pick one outline first, then cut it along a line.');
    this.tool = tool;
    this.stage.classList.toggle('cr-draws', tool !== 'select');
    this.say(LEADS[tool] ? `${LEADS[tool]}: ${tool === 'rectangle' ? 'both ends of one side, then its depth' : 'click the corners, Enter ends it'}` : '');
    this._showPanel();
  }

  drop() {
    this.points = [];
    this.hand = this.corner = null;
    this.paint();
  }

  back() {
    this.points.pop();
    this.paint();
  }

  /** @param {string[]} ids */
  choose(ids) {
    this.chosen = new Set(ids.filter((id) => this.outlines.get(id)?.task === this.now));
    this.corner = null;
    this._showPanel();
    this.paint();
  }

  /** @param {string[]} ids */
  remove(ids) {
    if (this.corner) return this.removeCorner();
    if (ids.length) this.send({ do: 'remove', ids });
  }

  removeCorner() {
    if (!this.corner) return;
    const { id, ring, at } = this.corner;
    const rings = this._ringsOf(id);
    if (rings[ring].length <= 3) return this.say('An outline keeps three corners; delete the outline instead.', true);
    rings[ring].splice(at, 1);
    this.corner = null;
    this.mend(id, rings);
  }

  copy() {
    const at = this.tasks.findIndex((one) => one.id === this.now);
    const to = this.tasks[at + 1]?.id;
    if (!to) return this.say('This is the last scene; there is none to copy to.');
    if (!this.here.length) return this.say('There is no outline here to copy.');
    this.send({ do: 'copy', from: this.now, to });
    this.go(to);
  }

  /** Take in or refuse the proposals among what is picked, and pick the next one that is open. @param {string} how @param {string[]} chosen */
  settle(how, chosen) {
    const ids = chosen.filter((id) => isOpen(this.outlines.get(id)));
    if (!ids.length) return this.say('Pick a proposal first: the dotted outlines.');
    this.send({ do: how, ids });
    this.stage.focus({ preventScroll: true });
    const next = this.here.find((one) => isOpen(one) && !ids.includes(one.id));
    this.choose(next ? [next.id] : []);
  }

  /** @param {Status} status */
  look(status) {
    if (status === 'partial') {
      this.take('hidden');
      return this.say('Partly seen: draw around the area that is hidden, Enter ends it.');
    }
    this.send({ do: 'look', task: this.now, status, hidden: [] });
  }

  /** @param {'kind' | 'confidence' | 'note'} name @param {string} value */
  word(name, value) {
    if (this.chosen.size) for (const id of this.chosen) this.send({ do: 'mend', id, [name]: value });
    else this.next[name] = value;
    this.stage.focus();
  }

  /** @param {string} id @param {Rings} rings */
  mend(id, rings) {
    this.send({ do: 'mend', id, rings }, { ...this.outlines.get(id), rings });
    this.paint();
  }

  /** @param {string} id @returns {Rings} */
  _ringsOf(id) { return this._of(id).rings.map((ring) => ring.map(([x, y]) => [x, y])); }

  /** @param {string} id */
  _of(id) {
    const one = this.outlines.get(id);
    if (!one) throw new Error(`camps: no outline ${id}`);
    return one;
  }

  finish() {
    const { points, tool } = this;
    const rings = [tool === 'rectangle' && points.length === 3 ? rectangle(points[0], points[1], points[2]) : points];
    if (tool === 'cut') {
      if (points.length < 2) return this.say('A cut needs two points.', true);
      this.send({ do: 'cut', id: [...this.chosen][0], line: points }, { points, tool });
    } else if (rings[0].length < 3) return this.say('An outline needs three corners.', true);
    else if (tool === 'hidden') {
      const hidden = [...(this.looks[this.now]?.hidden ?? []), rings];
      this.send({ do: 'look', task: this.now, status: 'partial', hidden }, { points, tool });
    } else {
      this.send({ do: 'draw', task: this.now, rings, ...this.next }, { rings, kind: this.next.kind, points, tool });
      this.next.note = '';
    }
    this.points = [];
    this.chosen.clear();
    if (tool === 'cut') this.take('select');
    this.paint();
  }

  // --- hand ---

  _listen() {
    const stage = this.stage;
    const main = this.main.host;
    main.addEventListener('pointerdown', (event) => this._press(event));
    main.addEventListener('pointermove', (event) => this._move(event));
    main.addEventListener('pointerup', (event) => this._lift(event));
    main.addEventListener('pointercancel', () => this.drop());
    main.addEventListener('mousedown', (event) => { if (event.detail < 2) this.before = [...this.chosen]; });
    main.addEventListener('dblclick', (event) => this._strike(event));
    stage.addEventListener('wheel', (event) => {
      // A notebook scrolls under a hand that only passes by.
      if (!stage.contains(document.activeElement) && !event.ctrlKey) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 400), this.main.placeOf(event));
    }, { passive: false });
    this.side.host.addEventListener('pointermove', (event) => {
      this.cursor = this.side.placeOf(event);
      this.paint();
    });
    this.root.addEventListener('keydown', (event) => this._key(event));
    this.root.addEventListener('keyup', (event) => this._keyUp(event));
    // A button that the mouse presses takes no keys away from the picture.
    this.root.addEventListener('mousedown', (event) => {
      if (!(event.target instanceof HTMLButtonElement)) return;
      event.preventDefault();
      stage.focus({ preventScroll: true });
    });
    // A key that is let go elsewhere is not heard here.
    this.root.addEventListener('focusout', () => this._letGo());
  }

  /** @param {PointerEvent} event */
  _press(event) {
    if (event.button > 1) return;
    this._settle();
    this.stage.focus({ preventScroll: true });
    this.main.host.setPointerCapture(event.pointerId);
    const at = this.main.placeOf(event);
    this.hand = { from: [event.clientX, event.clientY], at, view: { ...this.view }, moved: false, wipes: false, keyed: false, held: null };
    const near = NEAR_PX / this.view.scale;
    const edge = (this.view.x + (this.wipe * this.main.width) / this.view.scale);
    if (this.mode === 'wipe' && Math.abs(at[0] - edge) < near) this.hand.wipes = true;
    else if (this.tool === 'select' && this.chosen.size === 1) this._hold(at, near);
  }

  /** @param {Point} at @param {number} near */
  _hold(at, near) {
    const id = [...this.chosen][0];
    const rings = this._ringsOf(id);
    const corner = cornerAt(rings, at);
    if (corner.away < near) return this._grip(id, rings, corner);
    const between = middleAt(rings, at);
    if (between.away >= near) return;
    rings[between.ring].splice(between.at + 1, 0, middle(rings[between.ring], between.at));
    this._grip(id, rings, { ring: between.ring, at: between.at + 1 });
  }

  /** @param {string} id @param {Rings} rings @param {{ ring: number, at: number }} ringnumberatnumber */
  _grip(id, rings, { ring, at }) {
    if (this.hand) this.hand.held = { id, rings, ring, at };
    this.corner = { id, ring, at };
    this.paint();
  }

  /** @param {PointerEvent} event */
  _move(event) {
    const at = this.main.placeOf(event);
    this.cursor = this._snapped(at, event);
    this.keyed = false;
    if (this.hand && !this.hand.keyed) this._drag(this.hand, event, at);
    this.paint();
  }

  /** @param {Hand} hand @param {PointerEvent} event @param {Point} at */
  _drag(hand, event, at) {
    const [dx, dy] = [event.clientX - hand.from[0], event.clientY - hand.from[1]];
    if (Math.hypot(dx, dy) > STILL_PX) hand.moved = true;
    if (!hand.moved) return;
    if (hand.wipes) {
      this.wipe = Math.max(0, Math.min(1, ((at[0] - this.view.x) * this.view.scale) / this.main.width));
      this.repaint();
    } else if (hand.held) hand.held.rings[hand.held.ring][hand.held.at] = this._snapped(at, event);
    else {
      this.fitted = false;
      this.view.x = hand.view.x - dx / this.view.scale;
      this.view.y = hand.view.y - dy / this.view.scale;
      this.repaint();
    }
  }

  /** @param {PointerEvent} event */
  _lift(event) {
    const hand = this.hand;
    this.hand = null;
    if (!hand || hand.wipes) return;
    if (hand.held && hand.moved) this.mend(hand.held.id, hand.held.rings);
    else if (!hand.moved && !hand.held) this.set(this._snapped(hand.at, event), event.shiftKey);
    this.paint();
  }

  /** A point on the corner of another outline that is near, or at a right angle while Shift is held. @param {Point} at @param {MouseEvent} event */
  _snapped(at, event) {
    if (event.altKey || !this.begun) return at;
    const moving = this.hand?.held?.id;
    const near = NEAR_PX / this.view.scale;
    let best = { away: near, at };
    for (const one of this.tool === 'select' && !moving ? [] : this.here) {
      if (one.id === moving) continue;
      for (const ring of one.rings) for (const p of ring) if (distance(p, at) < best.away) best = { away: distance(p, at), at: p };
    }
    const n = this.points.length;
    if (best.away === near && event.shiftKey && n > 1) return atRightAngle(this.points[n - 2], this.points[n - 1], at);
    return best.at;
  }

  /** A corner of what is drawn, or the pick of an outline. @param {Point} at @param {boolean} more */
  set(at, more) {
    if (this.tool === 'select') return this.pick(at, more);
    if (this.points.length > 2 && distance(at, this.points[0]) < NEAR_PX / this.view.scale) return this.finish();
    const last = this.points.at(-1);
    // The second half of a double click is no corner.
    if (last && distance(at, last) < 2 / this.view.scale) return;
    this.points.push(at);
    if (this.tool === 'rectangle' && this.points.length === 3) this.finish();
    this.paint();
  }

  /** @param {Point} at @param {boolean} more */
  pick(at, more) {
    const under = this.here.filter((one) => isInside(at, one.rings)).sort((a, b) => areaOf(a.rings) - areaOf(b.rings));
    const id = under[0]?.id;
    if (!more) return this.choose(id ? [id] : []);
    if (id && this.chosen.has(id)) this.chosen.delete(id);
    else if (id) this.chosen.add(id);
    this._showPanel();
  }

  /** A double click ends a line; on the outline that was picked before it, it sets a corner or takes one away. @param {MouseEvent} event */
  _strike(event) {
    if (this.points.length) return this.tool !== 'rectangle' && this.finish();
    const [id] = this.before;
    if (this.tool !== 'select' || this.before.length !== 1 || this.outlines.get(id)?.task !== this.now) return;
    this.choose([id]);
    const [at, rings, near] = [this.main.placeOf(event), this._ringsOf(id), NEAR_PX / this.view.scale];
    const corner = cornerAt(rings, at);
    const edge = edgeAt(rings, at);
    if (corner.away < near) {
      this.corner = { id, ring: corner.ring, at: corner.at };
      this.removeCorner();
    } else if (edge.away < near) {
      rings[edge.ring].splice(edge.at + 1, 0, edge.place);
      this.corner = { id, ring: edge.ring, at: edge.at + 1 };
      this.mend(id, rings);
    }
  }

  // --- keys ---

  /** @param {KeyboardEvent} event */
  _key(event) {
    event.stopPropagation();
    if (!/^(Arrow|Shift|Escape)/.test(event.key)) this._settle();
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) {
      if (['Escape', 'Enter'].includes(event.key)) this.stage.focus();
      return;
    }
    const act = this._keyed(event);
    if (!act || !this.begun) return;
    event.preventDefault();
    act();
  }

  /** @param {KeyboardEvent} event */
  _keyed(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey) {
      return { z: () => this.act(event.shiftKey ? 'redo' : 'undo'), y: () => this.act('redo') }[key];
    }
    if (event.target instanceof HTMLButtonElement && ['Enter', ' '].includes(key)) return null;
    if (key.startsWith('Arrow')) return () => this._arrow(key, event.shiftKey ? 10 : 1);
    /** @type {Record<string, string>} */
    const tools = { s: 'select', d: 'draw', r: 'rectangle', x: 'cut', h: 'hidden' };
    if (tools[key]) return () => this.take(tools[key]);
    /** @type {Record<string, string>} */
    const acts = { a: 'accept', q: 'square', j: 'join', g: 'copy', b: 'beside', w: 'wipe', 0: 'fit', '?': 'help' };
    if (acts[key]) return () => this.act(acts[key]);
    return this._otherKeys(event)[key];
  }

  /** @param {KeyboardEvent} event */
  _otherKeys(event) {
    /** @type {Record<string, () => unknown>} */
    const keys = {
      1: () => this.look('observed'), 2: () => this.look('partial'), 3: () => this.look('obscured'),
      4: () => this.look('not_imaged'),
      ' ': () => this.set(this.cursor ?? this._centre(), event.shiftKey),
      Enter: () => this.points.length && this.finish(),
      Escape: () => this._escape(),
      Backspace: () => (this.points.length ? this.back() : this.act('remove')), Delete: () => this.act('remove'),
      ',': () => this._turn(-1), '.': () => this._turn(1), v: () => this._nextCorner(event.shiftKey ? -1 : 1),
      i: () => this._insert(), k: () => this.kind.focus(), c: () => this.confidence.focus(), n: () => this.note.focus(),
      f: () => { this.flick(true); this.peeks = true; }, o: () => { this.veiled = true; this.paint(); }, t: () => this._nextOther(),
      m: () => { this.how.smooth = !this.how.smooth; this.repaint(); },
      e: () => { this.how.contrast = this.how.contrast >= 2 ? 1 : this.how.contrast + 0.5; this.repaint(); },
      '[': () => this._wipeBy(-0.05), ']': () => this._wipeBy(0.05),
      '+': () => this.zoom(1.25), '=': () => this.zoom(1.25), '-': () => this.zoom(0.8),
      PageDown: () => this.step(1), PageUp: () => this.step(-1),
    };
    return keys;
  }

  /** @param {KeyboardEvent} event */
  _keyUp(event) {
    const key = event.key.toLowerCase();
    if (key === 'f') this.flick(false);
    if (key === 'o') this.veiled = false;
    if (key.startsWith('arrow')) this._settle();
    this.paint();
  }

  /** Save a corner where keys have moved it to. */
  _settle() {
    if (!this.hand?.keyed || !this.hand.held) return;
    this.mend(this.hand.held.id, this.hand.held.rings);
    this.hand = null;
  }

  _letGo() {
    this._settle();
    this.veiled = false;
    if (this.peeks) this.flick(false);
    this.peeks = false;
    this.paint();
  }

  /** @returns {Point} */
  _centre() {
    return [this.view.x + this.main.width / 2 / this.view.scale, this.view.y + this.main.height / 2 / this.view.scale];
  }

  /** @param {string} key @param {number} times */
  _arrow(key, times) {
    const [right, down] = ARROWS[key] ?? [0, 0];
    const step = (times * 2) / this.view.scale;
    /** @param {Point} point @returns {Point} */
    const moved = ([x, y]) => [x + right * step, y + down * step];
    if (this.corner) {
      const { id, ring, at } = this.corner;
      this.hand ??= { from: [0, 0], at: [0, 0], view: this.view, moved: false, wipes: false, keyed: true, held: { id, ring, at, rings: this._ringsOf(id) } };
      const { held } = this.hand;
      if (held) held.rings[ring][at] = moved(held.rings[ring][at]);
    } else [this.cursor, this.keyed] = [moved(this.cursor ?? this._centre()), true];
    this.paint();
  }

  _escape() {
    if (!this.help.hidden) return this.act('help');
    if (this.points.length || this.corner || this.hand) return this.drop();
    if (this.tool !== 'select') return this.take('select');
    this.choose([]);
  }

  /** @param {number} by */
  _turn(by) {
    const ids = this.here.map((one) => one.id).sort();
    if (!ids.length) return;
    const at = ids.indexOf([...this.chosen][0]);
    this.take('select');
    this.choose([ids[(at + by + ids.length) % ids.length]]);
  }

  /** @param {number} by */
  _nextCorner(by) {
    if (this.chosen.size !== 1) return this.say('Pick one outline first.');
    const id = [...this.chosen][0];
    const all = this._of(id).rings.flatMap((ring, r) => ring.map((_, at) => ({ id, ring: r, at })));
    const now = all.findIndex((one) => one.ring === this.corner?.ring && one.at === this.corner?.at);
    this.corner = all[(now + by + all.length) % all.length];
    this.paint();
  }

  _insert() {
    if (!this.corner) return this.say('Hold a corner first (V).');
    const { id, ring, at } = this.corner;
    const rings = this._ringsOf(id);
    rings[ring].splice(at + 1, 0, middle(rings[ring], at));
    this.corner = { id, ring, at: at + 1 };
    this.mend(id, rings);
  }

  _nextOther() {
    const others = this.tasks.filter((one) => one.id !== this.now);
    const at = others.findIndex((one) => one.id === this.compares);
    if (others.length) this.compare(others[(at + 1) % others.length].id);
  }

  /** @param {number} by */
  _wipeBy(by) {
    this.wipe = Math.max(0, Math.min(1, this.wipe + by));
    this.repaint();
  }
}

export default {
  /** @param {{ model: Model, el: HTMLElement }} given */
  render({ model, el }) {
    const reader = new Reader(model, el);
    return () => reader.close();
  },
};
