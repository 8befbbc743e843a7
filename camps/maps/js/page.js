// The page around the canvas: Leaflet moves the view, the bar moves the clock, and window.camps is what a film drives.

import { contextOf, polyline, sheetOf } from './canvas.js';
import { element, partOf } from './dom.js';
import { clamp, Mercator, TILE_PX } from './geo.js';
import { asLightAndShade } from './base.js';
import { colourOf } from './symbols.js';
import { Stage } from './stage.js';
/** @import { Mode, Site } from './payload.d.ts' */
/** @import { Data, Given, Placed, Point, Shown } from './types.d.ts' */

// The contract with Python (camps/maps/contract.py) that these scripts keep.
const VERSION = 1;
const DEFAULT_SECONDS = 20;
const SPEEDS = [0.5, 1, 2, 4];
/** @type {Array<'mode' | 'lang' | 'look'>} */
const CHOICES = ['mode', 'lang', 'look'];
/** @type {Array<'uncertainty' | 'relief'>} */
const TOGGLES = ['uncertainty', 'relief'];

export class Page {
  /** @param {Stage} stage @param {Data} data @param {L.Map} map @param {HTMLElement} root */
  constructor(stage, data, map, root) {
    this.stage = stage;
    this.data = data;
    const { meta } = data;
    /** @type {Shown} */
    this.state = { t: meta.t_start, mode: meta.mode, lang: meta.lang, look: meta.look, uncertainty: false, relief: true, legend: false, selected: [], layers: {} };
    /** @type {number | null} */
    this.playing = null;
    this.filming = false;
    this.speed = 1;
    /** @type {Partial<Record<Mode, Array<[number, number | null]>>>} */
    this.totals = {};
    /** @type {(() => void) | null} what a notebook does after each drawing */
    this.told = null;
    this.map = map;
    this.root = root;
    this.pane = map.createPane('camps');
    Object.assign(this.pane.style, { zIndex: 350, pointerEvents: 'none' });
    this.pane.append(stage.canvas);
    this.bar = new Bar(this, partOf(root, '.camps-bar'));
    this.split = meta.split;
    this.divider = meta.split === undefined ? null : this.addDivider();
    this.listen();
    map.invalidateSize({ pan: false });
    this.fit();
    if (meta.split !== undefined) this.moveDivider(meta.split);
    this.applyLanguage();
    this.redraw();
  }

  listen() {
    const { map, root } = this;
    map.on('move zoom viewreset resize', () => this.redraw());
    map.on('layeradd layerremove', () => this.redraw());
    map.on('click', (event) => this.openPopup(event));
    map.on('mousemove', (event) => this.point(event));
    new ResizeObserver(() => { map.invalidateSize({ pan: false }); this.redraw(); }).observe(map.getContainer());
    root.addEventListener('keydown', (event) => this.key(event));
  }

  // The data in whatever room this window has; the margins hold title, date and legend.
  fit() {
    const { bounds, closest } = this.data.view;
    const size = this.map.getSize();
    const [px, py] = [size.x * 0.11, size.y * 0.17];
    const [west, south, east, north] = bounds;
    const room = [Math.max(60, (size.x - 2 * px) / (this.data.pair ? 2 : 1)), Math.max(60, size.y - 2 * py)];
    const share = Math.max((Mercator.x(east) - Mercator.x(west)) / room[0], (Mercator.y(south) - Mercator.y(north)) / room[1], 1e-12);
    const zoom = Math.min(closest, Math.log2(1 / (TILE_PX * share)));
    const centre = L.latLng(Mercator.lat((Mercator.y(south) + Mercator.y(north)) / 2), (west + east) / 2);
    this.map.setView(centre, Math.max(2, zoom), { animate: false });
  }

  // What the layers that others added ask to be credited with, as plain text.
  credits() {
    /** @type {Set<string>} */
    const texts = new Set();
    this.map.eachLayer((layer) => {
      const said = layer.getAttribution?.();
      if (said) texts.add((new DOMParser().parseFromString(said, 'text/html').body.textContent ?? '').trim());
    });
    return [...texts];
  }

  // Someone's own tiles lie under our canvas: our ground would hide them.
  hasTiles() {
    let found = false;
    this.map.eachLayer((layer) => {
      found = found || layer instanceof L.GridLayer;
    });
    return found;
  }

  /** @returns {Given} */
  frame() {
    const size = this.map.getSize();
    const centre = this.map.getCenter();
    const tiles = this.hasTiles();
    const narrow = size.x <= 560;
    return { width: size.x, height: size.y, scale: window.devicePixelRatio || 1, lon: centre.lng, lat: centre.lat,
      zoom: this.map.getZoom(), split: this.split, ...this.state, background: tiles ? 'transparent' : 'look',
      credits: this.credits(),
      layers: { ...(tiles ? { base: false } : {}), ...(narrow ? { legend: true } : {}), ...this.state.layers } };
  }

  // The divider of a comparison: dragged, or moved by the arrow keys when it has the focus.
  addDivider() {
    const box = this.map.getContainer();
    const divider = element('div', { class: 'camps-divider', role: 'slider', tabindex: 0, 'aria-valuemin': 0, 'aria-valuemax': 100 });
    /** @param {PointerEvent} event */
    const move = (event) => this.moveDivider((event.clientX - box.getBoundingClientRect().left) / box.clientWidth);
    divider.addEventListener('pointerdown', (event) => {
      event.stopPropagation();
      divider.setPointerCapture(event.pointerId);
      divider.onpointermove = move;
    });
    divider.addEventListener('pointerup', () => { divider.onpointermove = null; });
    divider.addEventListener('keydown', (event) => {
      const step = event.key === 'ArrowLeft' ? -0.02 : event.key === 'ArrowRight' ? 0.02 : 0;
      if (step) {
        event.preventDefault();
        event.stopPropagation();
        this.moveDivider((this.split ?? 0) + step);
      }
    });
    L.DomEvent.disableClickPropagation(divider);
    box.append(divider);
    return divider;
  }

  /** @param {number} share */
  moveDivider(share) {
    this.split = clamp(share, 0.02, 0.98);
    if (this.divider) this.divider.style.left = `${this.split * 100}%`;
    this.divider?.setAttribute('aria-valuenow', String(Math.round(this.split * 100)));
    this.redraw();
  }

  redraw() {
    if (this.filming) return;
    const size = this.map.getSize();
    if (size.x < 1 || size.y < 1) return;
    L.DomUtil.setPosition(this.stage.canvas, this.map.containerPointToLayerPoint([0, 0]));
    this.stage.draw(this.frame());
    this.bar.show();
    this.told?.();
  }

  /** @param {Partial<Shown>} changes */
  set(changes) {
    Object.assign(this.state, changes);
    this.state.t = clamp(this.state.t, this.data.meta.t_min, this.data.meta.t_max);
    if ('lang' in changes || 'look' in changes) this.applyLanguage();
    this.redraw();
  }

  applyLanguage() {
    const { lang, look } = this.state;
    this.root.lang = this.data.words[lang].tag;
    this.root.dir = this.data.words[lang].direction;
    this.root.dataset.look = this.data.looks[look].theme;
    this.divider?.setAttribute('aria-label', this.stage.words.of('divider', lang));
    this.bar.label();
  }

  /** @param {number} direction */
  step(direction) {
    const stops = this.data.meta.stop_days;
    const next = direction > 0 ? stops.find((stop) => stop > this.state.t) : stops.findLast((stop) => stop < this.state.t);
    this.pause();
    this.set({ t: next === undefined ? (direction > 0 ? this.data.meta.t_max : this.data.meta.t_min) : next });
  }

  /** @param {number} direction */
  chapter(direction) {
    const marks = this.data.eras.map((era) => era.from).filter((t) => t > this.data.meta.t_min && t < this.data.meta.t_max);
    const all = [this.data.meta.t_min, ...marks, this.data.meta.t_max];
    const next = direction > 0 ? all.find((t) => t > this.state.t) : all.findLast((t) => t < this.state.t);
    if (next !== undefined) this.set({ t: next });
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    const { t_min: low, t_max: high } = this.data.meta;
    if (this.state.t >= high) this.state.t = low;
    /** @type {number | null} */
    let before = null;
    /** @param {number} now */
    const advance = (now) => {
      const elapsed = before === null ? 0 : now - before;
      before = now;
      this.set({ t: this.state.t + ((high - low) * elapsed * this.speed) / (1000 * DEFAULT_SECONDS) });
      if (this.state.t < high) this.playing = requestAnimationFrame(advance);
      else this.pause();
    };
    this.playing = requestAnimationFrame(advance);
    this.bar.label();
  }

  pause() {
    if (this.playing) cancelAnimationFrame(this.playing);
    this.playing = null;
    this.bar.label();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { target } = event;
    const written = target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type !== 'range');
    if (event.altKey || event.ctrlKey || event.metaKey || written) return;
    const forward = this.root.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    const back = this.root.dir === 'rtl' ? 'ArrowRight' : 'ArrowLeft';
    const day = this.data.meta.key_step_days;
    /** @type {Record<string, () => void>} */
    const actions = {
      ' ': () => this.toggle(),
      '.': () => this.step(1),
      ',': () => this.step(-1),
      ']': () => this.chapter(1),
      '[': () => this.chapter(-1),
      Home: () => this.set({ t: this.data.meta.t_min }),
      End: () => this.set({ t: this.data.meta.t_max }),
      u: () => this.set({ uncertainty: !this.state.uncertainty }),
    };
    if (target === this.bar.slider || target === this.bar.root) {
      actions[forward] = () => this.set({ t: this.state.t + day });
      actions[back] = () => this.set({ t: this.state.t - day });
    }
    if (!actions[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  }

  /** @param {L.Point} point @returns {(Placed & { distance: number }) | null} */
  hit(point) {
    const placed = this.stage.last?.placed ?? [];
    /** @type {(Placed & { distance: number }) | null} */
    let best = null;
    for (const item of placed) {
      const mark = item.group || item;
      const distance = Math.hypot(mark.x - point.x, mark.y - point.y) - mark.r;
      if (distance < 8 && (!best || distance < best.distance)) best = { ...item, distance };
    }
    return best;
  }

  /** @param {L.LeafletMouseEvent} event */
  point(event) {
    this.map.getContainer().style.cursor = this.hit(event.containerPoint) ? 'pointer' : '';
  }

  // In a notebook a click picks an outline or a site; with Shift one more, or one less.
  /** @param {L.LeafletMouseEvent} lLeafletMouseEvent */
  pick({ containerPoint, originalEvent }) {
    const { timeline: { outlines }, last } = this.stage;
    const hit = outlines && last ? outlines.trackAt(last.view, last.state.drawn, containerPoint) : this.hit(containerPoint)?.site.id;
    const before = originalEvent.shiftKey ? this.state.selected.filter((id) => id !== hit) : [];
    this.set({ selected: hit && !(originalEvent.shiftKey && this.state.selected.includes(hit)) ? [...before, hit] : before });
  }

  /** @param {L.LeafletMouseEvent} event */
  openPopup(event) {
    if (this.told) this.pick(event);
    const item = this.hit(event.containerPoint);
    if (!item || item.fade < 0.1) return;
    if (item.group && this.map.getZoom() < 15) this.openGroup(item.group.members);
    else this.showSite(item);
  }

  /** @param {number[]} members */
  openGroup(members) {
    const bounds = L.latLngBounds(members.map((i) => L.latLng(this.data.sites[i].lat, this.data.sites[i].lon)));
    const zoom = Math.max(this.map.getBoundsZoom(bounds.pad(0.3)), this.map.getZoom() + 1);
    this.map.setView(bounds.getCenter(), Math.min(zoom, 15), { animate: false });
  }

  /** @param {Pick<Placed, 'i' | 'x' | 'y'>} placed */
  showSite({ i, x, y }) {
    const site = this.data.sites[i];
    const content = new Card(this, site).build();
    const at = this.data.pair ? this.map.containerPointToLatLng([x, y]) : L.latLng(site.lat, site.lon);
    L.popup({ maxWidth: Math.min(360, this.map.getSize().x - 64), maxHeight: Math.max(160, this.map.getSize().y - 90), minWidth: 220, className: 'camps-popup' }).setLatLng(at).setContent(content).openOn(this.map);
  }

  // The total at enough days for a chart, one list a mode.
  series() {
    const { meta: { t_min: low, t_max: high, stop_days: stops }, kind } = this.data;
    const { mode } = this.state;
    const { timeline } = this.stage;
    const kept = this.totals[mode];
    if (kept) return kept;
    // Between two observations a total is level or a straight line; openings and closures come on any day.
    const ends = timeline.ends();
    const days = new Set(stops.flatMap((stop) => [stop - 1, stop, stop + 1]).concat(ends.flatMap((end) => [end - 1, end]), [low, high]));
    if (kind === 'eras') for (let i = 0; i <= 120; i += 1) days.add(Math.floor(low + ((high - low) * i) / 120));
    /** @param {number} t @returns {[number, number | null]} */
    const at = (t) => [t, timeline.compute(t, mode)[kind === 'eras' ? 'open' : 'total']];
    const totals = [...days].filter((t) => t >= low && t <= high).sort((a, b) => a - b).map(at);
    this.totals[mode] = totals;
    return totals;
  }

  enterFilm() {
    if (this.playing) this.pause();
    this.filming = true;
    document.documentElement.classList.add('camps-filming');
    document.body.append(this.stage.canvas);
  }

  leaveFilm() {
    this.filming = false;
    document.documentElement.classList.remove('camps-filming');
    this.pane.append(this.stage.canvas);
    this.redraw();
  }
}

// Play, step, the slider with its chart of the total, and the choices.
class Bar {
  /** @param {Page} page @param {HTMLElement} root */
  constructor(page, root) {
    this.page = page;
    this.root = root;
    const { meta } = page.data;
    /** @param {string} name @param {() => void} action */
    const button = (name, action) => element('button', { type: 'button', class: `camps-${name}`, onclick: action });
    this.back = button('back', () => page.step(-1));
    this.playButton = button('play', () => page.toggle());
    this.forward = button('forward', () => page.step(1));
    this.slider = element('input', { type: 'range', min: meta.t_min, max: meta.t_max, step: 'any', class: 'camps-slider',
      oninput: () => { page.pause(); page.set({ t: Number(this.slider.value) }); } });
    this.chart = element('canvas', { class: 'camps-chart', 'aria-hidden': 'true' });
    this.readout = element('output', { class: 'camps-readout', 'aria-live': 'polite' });
    this.speed = this.choice('speed', SPEEDS.map((s) => [String(s), `${s}×`]), String(page.speed), (value) => { page.speed = Number(value); });
    this.mode = this.choice('mode', meta.modes.map((mode) => [mode, '']), page.state.mode, (mode) => page.set({ mode: /** @type {Mode} */ (mode) }));
    this.lang = this.choice('lang', meta.languages.map((lang) => [lang, page.data.words[lang].language]), page.state.lang, (lang) => page.set({ lang }));
    this.zoomOut = button('out', () => page.map.zoomOut());
    this.zoomIn = button('in', () => page.map.zoomIn());
    this.settings = button('settings', () => page.set({ legend: root.classList.toggle('camps-open') }));
    this.uncertainty = this.toggle('uncertainty');
    this.relief = page.data.base.relief ? this.toggle('relief') : null;
    this.look = this.choice('look', Object.keys(page.data.looks).map((look) => [look, '']), page.state.look, (look) => page.set({ look }));
    const timed = meta.t_max > meta.t_min;
    if (timed) {
      root.append(element('div', { class: 'camps-buttons' }, this.back, this.playButton, this.forward),
        element('div', { class: 'camps-track' }, this.chart, this.slider), this.readout);
    }
    root.append(element('div', { class: 'camps-buttons camps-zoom' }, this.zoomOut, this.zoomIn, this.settings));
    root.append(element('div', { class: 'camps-choices' }, timed && meta.modes.length > 1 ? this.mode : null, timed ? this.speed : null, this.lang, this.look, this.uncertainty, this.relief));
    this.label();
    new ResizeObserver(() => this.show()).observe(root);
  }

  /** @param {string} name @param {string[][]} options each a value and its words @param {string} chosen @param {(value: string) => void} action */
  choice(name, options, chosen, action) {
    const nodes = options.map(([value, text]) => element('option', { value, selected: value === chosen }, text));
    const select = element('select', { class: `camps-choice camps-${name}`, onchange: () => action(select.value) }, ...nodes);
    return select;
  }

  /** @param {'uncertainty' | 'relief'} name */
  toggle(name) {
    return element('button', { type: 'button', class: `camps-toggle camps-${name}`, onclick: () => this.page.set({ [name]: !this.page.state[name] }) });
  }

  label() {
    const { words } = this.page.stage;
    const { lang } = this.page.state;
    /** @param {HTMLElement} node @param {string} key */
    const name = (node, key) => {
      node.title = words.of(key, lang);
      node.setAttribute('aria-label', words.of(key, lang));
    };
    name(this.back, 'step_back');
    name(this.forward, 'step_forward');
    name(this.playButton, this.page.playing ? 'pause' : 'play');
    name(this.slider, 'date');
    name(this.zoomIn, 'zoom_in');
    name(this.zoomOut, 'zoom_out');
    name(this.settings, 'settings');
    for (const key of TOGGLES) if (this[key]) name(this[key], key);
    name(this.speed, 'choose_speed');
    for (const key of CHOICES) {
      name(this[key], `choose_${key}`);
      this[key].value = this.page.state[key];
    }
    for (const option of this.mode.options) option.textContent = words.of(`mode_${option.value}`, lang);
    for (const option of this.look.options) option.textContent = words.look(option.value, lang);
    this.playButton.dataset.playing = String(Boolean(this.page.playing));
  }

  show() {
    const { t, lang } = this.page.state;
    this.slider.value = String(t);
    for (const key of TOGGLES) this[key]?.setAttribute('aria-pressed', String(this.page.state[key]));
    const { words } = this.page.stage;
    const text = words.date(t, lang);
    this.slider.setAttribute('aria-valuetext', text);
    if (this.readout.textContent !== text) this.readout.textContent = text;
    this.drawChart();
  }

  // The total over time in this mode, the observations as ticks, the chapters as bands, and where we are.
  drawChart() {
    const { canvas, page } = { canvas: this.chart, page: this.page };
    const { width, height } = canvas.getBoundingClientRect();
    if (width < 20) return;
    const scale = window.devicePixelRatio || 1;
    Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    const ctx = contextOf(canvas);
    ctx.scale(scale, scale);
    const look = page.data.looks[page.state.look];
    const { t_min: low, t_max: high, stop_days: stops } = page.data.meta;
    const rtl = page.root.dir === 'rtl';
    const pad = 8;
    /** @param {number} t */
    const x = (t) => {
      const along = pad + ((t - low) / (high - low)) * (width - 2 * pad);
      return rtl ? width - along : along;
    };
    const series = page.series();
    const top = Math.max(1e-9, ...series.map(([, value]) => value || 0));
    /** @param {number} value */
    const y = (value) => height - 4 - (value / top) * (height - 10);
    ctx.strokeStyle = look.tick;
    ctx.beginPath();
    for (const stop of stops) {
      ctx.moveTo(x(stop), height - 4);
      ctx.lineTo(x(stop), height);
    }
    for (const era of page.data.eras) {
      if (era.from <= low || era.from >= high) continue;
      ctx.moveTo(x(era.from), 0);
      ctx.lineTo(x(era.from), height);
    }
    for (const { day } of page.data.events || []) {
      if (day < low || day > high) continue;
      ctx.moveTo(x(day) - 2, 0);
      ctx.lineTo(x(day), 4);
      ctx.lineTo(x(day) + 2, 0);
    }
    ctx.stroke();
    /** @type {Point[]} */
    const line = [];
    for (const [t, value] of series) if (value !== null) line.push([t, value]);
    /** @param {Point[]} points */
    const trace = (points) => polyline(ctx, points.map(([t, value]) => [x(t), y(value)]));
    ctx.beginPath();
    trace(line);
    ctx.strokeStyle = look.tick;
    ctx.lineWidth = 1.5;
    ctx.stroke();
    const past = line.filter(([t]) => t <= page.state.t);
    if (!past.length) return;
    ctx.beginPath();
    trace(past);
    ctx.lineTo(x(past[past.length - 1][0]), height - 4);
    ctx.lineTo(x(past[0][0]), height - 4);
    ctx.closePath();
    ctx.fillStyle = look.chart;
    ctx.fill();
  }
}

// What is known of one site, as a popup.
class Card {
  /** @param {Page} page @param {Site} site */
  constructor(page, site) {
    this.words = page.stage.words;
    this.lang = page.state.lang;
    this.page = page;
    this.site = site;
  }

  /** @param {string} key @param {Record<string, string | number>} [values] */
  say(key, values) {
    return this.words.of(key, this.lang, values);
  }

  build() {
    const { site } = this;
    const shown = this.words.name(site.names, this.lang);
    const names = Object.keys(site.names).filter((key) => site.names[key] !== shown);
    /** @param {string} key */
    const tag = (key) => (this.page.data.words[key] || { tag: key }).tag;
    const other = names.map((key) => element('div', { class: 'camps-name', lang: tag(key), dir: 'auto' }, site.names[key]));
    return element('div', { class: 'camps-card' },
      element('h3', { dir: 'auto' }, shown), ...new Map(other.map((node) => [node.textContent, node])).values(),
      element('dl', {}, ...this.rows().flatMap(([term, value]) => [element('dt', {}, term), element('dd', { dir: 'auto' }, value)])),
      this.chart(),
      site.unverified ? element('p', { class: 'camps-unverified' }, this.say('not_verified')) : null,
      this.source());
  }

  rows() {
    const { site } = this;
    /** @type {Array<[string, string]>} */
    const rows = [];
    /** @param {string} key @param {string | null} value */
    const add = (key, value) => {
      if (value) rows.push([this.say(key), value]);
    };
    const { class_names: { system, tier }, meta: { metric } } = this.page.data;
    if (site.system) add('system', this.words.name(system[site.system], this.lang));
    if (site.tier) add('tier', this.words.name(tier[site.tier], this.lang));
    const legend = this.words.meta('legend', this.lang);
    if (site.group && site.group !== site.system && site.group !== site.tier) rows.push([legend, site.group]);
    add('place', site.place);
    if (site.level === 'compound') {
      add('published_at', site.lat_published && `${site.lat_published}, ${site.lon_published}`);
      add('used_at', `${site.lat.toFixed(5)}, ${(site.lon > 180 ? site.lon - 360 : site.lon).toFixed(5)} (± ${Math.round(site.r95)} m, 95 %)`);
    } else {
      const code = site.area_code ? ` ${site.area_code}` : '';
      add('known_to', `${this.say(`level_${site.level}`)}${code} (± ${this.words.length(site.r95, this.lang)})`);
    }
    add('enterprise', site.enterprise);
    add('opened', site.opened && this.words.edtf(site.opened, this.lang));
    add('closed', site.closed && this.words.edtf(site.closed, this.lang));
    if (metric && site.cells.length) rows.push([this.words.name(metric.name, this.lang), site.cells.map(([t, cell]) => `${t}:\u00a0${cell === '' ? this.say('blank') : cell}`).join('   ')]);
    if (site.status && site.status !== 'active') add('status', site.status);
    return rows;
  }

  source() {
    const { site } = this;
    const safe = site.source_url && /^https?:\/\//i.test(site.source_url);
    const label = site.source_title || site.source_id;
    const link = safe ? element('a', { href: site.source_url, target: '_blank', rel: 'noopener noreferrer' }, label) : label;
    return element('p', { class: 'camps-source' }, `${this.say('source')}: `, link);
  }

  // A small chart of this site's own counts: dots for what was counted, a dashed line only to lead the eye.
  chart() {
    const { looks } = this.site;
    if (looks.length < 2) return null;
    const [width, height, scale] = [240, 56, 2];
    const canvas = element('canvas', { width: width * scale, height: height * scale, class: 'camps-small-chart', role: 'img', 'aria-label': looks.map((look) => look[1]).join(', ') });
    const ctx = contextOf(canvas);
    ctx.scale(scale, scale);
    const look = this.page.data.looks[this.page.state.look];
    const top = Math.max(1, ...looks.map((entry) => entry[1]));
    const { t_min: low, t_max: high } = this.page.data.meta;
    /** @param {number} t */
    const x = (t) => 6 + ((t - low) / Math.max(1, high - low)) * (width - 30);
    /** @param {number} value */
    const y = (value) => height - 14 - (value / top) * (height - 30);
    ctx.strokeStyle = colourOf(look, this.page.stage.symbols.classes[this.site.class]);
    ctx.fillStyle = look.text;
    ctx.lineWidth = 1.5;
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    polyline(ctx, looks.map(([t, value]) => [x(t), y(value)]));
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.font = `11px ${this.page.data.fonts.latin}`;
    ctx.textAlign = 'center';
    let written = -Infinity;
    looks.forEach(([t, value]) => {
      ctx.beginPath();
      ctx.arc(x(t), y(value), 2.5, 0, 2 * Math.PI);
      ctx.fill();
      const text = this.words.number(value, this.lang);
      if (x(t) - ctx.measureText(text).width / 2 < written + 3) return;
      ctx.fillText(text, x(t), y(value) - 6);
      written = x(t) + ctx.measureText(text).width / 2;
    });
    return canvas;
  }
}

// A glyph that no font has is drawn as the same box as a code point that no font can have.
/** @param {string} character @param {string} family */
function drawsGlyph(character, family) {
  const ctx = sheetOf(40, 40, { willReadFrequently: true });
  /** @param {string} text */
  const pixels = (text) => {
    ctx.clearRect(0, 0, 40, 40);
    ctx.font = `28px ${family}`;
    ctx.fillText(text, 4, 30);
    return ctx.getImageData(0, 0, 40, 40).data.join();
  };
  return pixels(character) !== pixels('\u{10FFFE}');
}

// The captions and callouts of a film in a language. One text is the same in all of those in which captions are said.
/** @param {Data} data @param {string} lang */
function captionsIn({ captions = [], callouts = [], meta }, lang) {
  const texts = [...captions, ...callouts].flatMap(({ text, line }) => [text, line ?? '']);
  const plain = texts.filter((text) => typeof text === 'string');
  return [texts, lang === meta.lang || plain.length < texts.length ? { [lang]: plain } : {}];
}

// Characters that a page would draw as boxes in a language: of its own words, of captions, of places and of sites.
/** @param {Data} data @param {string} lang */
function missingGlyphs(data, lang) {
  // Kilometres are `km` in the words of every language, and so is the tag of Khmer.
  const parts = [{ [lang]: data.words[lang] }, captionsIn(data, lang), data.meta, data.eras, data.class_names, data.classes, data.base.places.map(({ names }) => names), data.sites.map(({ names }) => names)];
  const family = data.fonts[data.words[lang].script];
  const characters = [...new Set(textsIn(parts, lang).join(''))].filter((character) => !/[\s\p{Cf}\p{Mn}]/u.test(character));
  return characters.filter((character) => !drawsGlyph(character, family)).sort().join('');
}

// What stands under the name of a language anywhere in a tree.
/** @param {unknown} node @param {string} lang @returns {string[]} */
function textsIn(node, lang) {
  if (!node || typeof node !== 'object') return [];
  return Object.entries(node).flatMap(([key, value]) => {
    if (key !== lang) return textsIn(value, lang);
    return typeof value === 'string' ? [value] : Object.values(value).filter((text) => typeof text === 'string');
  });
}

/** @type {Record<string, string>} */
const PROBES = { latin: 'Ü', chinese: '年', arabic: 'ئ', cyrillic: 'Ж', korean: '명', khmer: 'ក' };

/** @param {Data} data @param {string[]} languages */
async function everythingLoaded(data, languages) {
  /** @type {string[]} */
  const missing = [];
  const logos = Object.values(data.looks).flatMap(({ logo }) => logo ?? []);
  await Promise.all([...(data.base.relief ? [data.base.relief] : []), ...(data.scenes ?? []), ...logos].map(async (entry) => {
    const image = new Image();
    image.src = entry.source;
    await image.decode().then(() => {
      entry.image = image;
      if (data.base.relief === entry) data.base.relief.shades = asLightAndShade(image);
    }, () => missing.push(`picture ${entry.name}`));
  }));
  await document.fonts.ready;
  const scripts = [...new Set(['latin', ...languages.map((lang) => data.words[lang].script)])];
  await Promise.all(scripts.flatMap((script) => [400, 600, 700].map((weight) => document.fonts.load(`${weight} 20px ${data.fonts[script]}`, PROBES[script]))));
  // The fonts that looks bring; a file that is no font leaves its letters to the suite's own, which is said.
  const own = Object.values(data.looks).flatMap(({ fonts = {} }) => Object.values(fonts));
  await Promise.all(own.flatMap((family) => [400, 600, 700].map((weight) => document.fonts.load(`${weight} 20px ${family}`).catch(() => missing.push(`font ${family}`)))));
  for (const script of scripts) if (!drawsGlyph(PROBES[script], data.fonts[script])) missing.push(`font for ${script} script`);
  if (missing.length) throw new Error(`camps.ready: missing ${missing.join(', ')}`);
}

/** @param {L.Map} map @param {HTMLElement} root */
function start(map, root) {
  /** @type {Data} */
  const data = JSON.parse(partOf(root, 'script[type="application/json"]').textContent ?? '');
  if (data.version !== VERSION) throw new Error(`camps: this page holds data of version ${data.version}, expected ${VERSION}; make the map again`);
  const canvas = element('canvas', { class: 'camps-canvas' });
  canvas.lang = data.meta.lang;
  const stage = new Stage(data, canvas);
  const page = new Page(stage, data, map, root);
  const loaded = everythingLoaded(data, [data.meta.lang]);
  loaded.then(() => { stage.forget(); page.redraw(); }, (error) => console.warn(error.message));
  window.camps = {
    canvas,
    meta: data.meta,
    page,
    ready: (languages = [data.meta.lang]) => loaded.then(() => everythingLoaded(data, languages)),
    // From the first call on the page is a film stage: it draws what it is told and nothing else.
    setFrame(frame) {
      if (!page.filming) page.enterFilm();
      stage.draw(frame);
    },
    describe: () => stage.describe(),
    missingGlyphs: (lang) => missingGlyphs(data, lang),
    resume: () => page.leaveFilm(),
  };
}

window.campsStart = start;
