// The page around the canvas: Leaflet moves the view, the bar moves the clock, and window.camps is what a film drives.

import { clamp, Mercator, TILE_PX } from './geo.js';
import { asLightAndShade } from './base.js';
import { colourOf } from './symbols.js';
import { Stage } from './stage.js';

// The contract with Python (camps/maps/contract.py) that these scripts keep.
const VERSION = 1;
const DEFAULT_SECONDS = 20;
const SPEEDS = [0.5, 1, 2, 4];

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  // Text goes in as text nodes only: nothing that came from data is ever parsed as markup.
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

class Page {
  constructor(stage, data) {
    this.stage = stage;
    this.data = data;
    const { meta } = data;
    this.split = meta.split;
    this.state = { t: meta.t_start, mode: meta.mode, lang: meta.lang, look: meta.look, uncertainty: false, relief: true, legend: false, selected: [], layers: {} };
    this.playing = null;
    this.filming = false;
    this.speed = 1;
  }

  attach(map, root) {
    this.map = map;
    this.root = root;
    this.pane = map.createPane('camps');
    this.pane.style.zIndex = 350;
    this.pane.style.pointerEvents = 'none';
    this.pane.append(this.stage.canvas);
    map.on('move zoom viewreset resize', () => this.redraw());
    map.on('layeradd layerremove', () => this.redraw());
    map.on('click', (event) => this.openPopup(event));
    map.on('mousemove', (event) => this.point(event));
    this.bar = new Bar(this, root.querySelector('.camps-bar'));
    new ResizeObserver(() => { map.invalidateSize({ pan: false }); this.redraw(); }).observe(map.getContainer());
    map.invalidateSize({ pan: false });
    this.fit();
    root.addEventListener('keydown', (event) => this.key(event));
    if (this.split !== undefined) this.addDivider();
    this.applyLanguage();
    this.redraw();
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
    const centre = [Mercator.lat((Mercator.y(south) + Mercator.y(north)) / 2), (west + east) / 2];
    this.map.setView(centre, Math.max(2, zoom), { animate: false });
  }

  // What the layers that others added ask to be credited with, as plain text.
  credits() {
    const texts = new Set();
    this.map.eachLayer((layer) => {
      const said = layer.getAttribution && layer.getAttribution();
      if (said) texts.add(new DOMParser().parseFromString(said, 'text/html').body.textContent.trim());
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
    this.divider = element('div', { class: 'camps-divider', role: 'slider', tabindex: 0, 'aria-valuemin': 0, 'aria-valuemax': 100 });
    const move = (event) => this.moveDivider((event.clientX - box.getBoundingClientRect().left) / box.clientWidth);
    this.divider.addEventListener('pointerdown', (event) => {
      event.stopPropagation();
      this.divider.setPointerCapture(event.pointerId);
      this.divider.onpointermove = move;
    });
    this.divider.addEventListener('pointerup', () => { this.divider.onpointermove = null; });
    this.divider.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
      if (step) {
        event.preventDefault();
        event.stopPropagation();
        this.moveDivider(this.split + step);
      }
    });
    L.DomEvent.disableClickPropagation(this.divider);
    box.append(this.divider);
    this.moveDivider(this.split);
  }

  moveDivider(share) {
    this.split = clamp(share, 0.02, 0.98);
    this.divider.style.left = `${this.split * 100}%`;
    this.divider.setAttribute('aria-valuenow', Math.round(this.split * 100));
    this.redraw();
  }

  redraw() {
    if (this.filming || !this.map) return;
    const size = this.map.getSize();
    if (size.x < 1 || size.y < 1) return;
    L.DomUtil.setPosition(this.stage.canvas, this.map.containerPointToLayerPoint([0, 0]));
    this.stage.draw(this.frame());
    if (this.bar) this.bar.show();
    if (this.told) this.told();
  }

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
    if (this.divider) this.divider.setAttribute('aria-label', this.stage.words.of('divider', lang));
    if (this.bar) this.bar.label();
  }

  step(direction) {
    const stops = this.data.meta.stop_days;
    const next = direction > 0 ? stops.find((stop) => stop > this.state.t) : stops.findLast((stop) => stop < this.state.t);
    this.pause();
    this.set({ t: next === undefined ? (direction > 0 ? this.data.meta.t_max : this.data.meta.t_min) : next });
  }

  chapter(direction) {
    const marks = (this.data.eras || []).map((era) => era.from).filter((t) => t > this.data.meta.t_min && t < this.data.meta.t_max);
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
    let before = null;
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

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || /^(SELECT|INPUT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== 'range') return;
    const forward = this.root.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    const back = this.root.dir === 'rtl' ? 'ArrowRight' : 'ArrowLeft';
    const day = this.data.meta.key_step_days;
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
    if (event.target === this.bar.slider || event.target === this.bar.root) {
      actions[forward] = () => this.set({ t: this.state.t + day });
      actions[back] = () => this.set({ t: this.state.t - day });
    }
    if (!actions[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  }

  hit(point) {
    const placed = this.stage.last ? this.stage.last.placed : [];
    let best = null;
    for (const item of placed) {
      const mark = item.group || item;
      const distance = Math.hypot(mark.x - point.x, mark.y - point.y) - mark.r;
      if (distance < 8 && (!best || distance < best.distance)) best = { ...item, distance };
    }
    return best;
  }

  point(event) {
    this.map.getContainer().style.cursor = this.hit(event.containerPoint) ? 'pointer' : '';
  }

  // In a notebook a click picks an outline or a site; with Shift one more, or one less.
  pick({ containerPoint, originalEvent }) {
    const { outlines } = this.stage.timeline;
    const { view, state } = this.stage.last;
    const hit = outlines ? outlines.trackAt(view, state.drawn, containerPoint) : this.hit(containerPoint)?.site.id;
    const before = originalEvent.shiftKey ? this.state.selected.filter((id) => id !== hit) : [];
    this.set({ selected: hit && !(originalEvent.shiftKey && this.state.selected.includes(hit)) ? [...before, hit] : before });
  }

  openPopup(event) {
    if (this.told) this.pick(event);
    const item = this.hit(event.containerPoint);
    if (!item || item.fade < 0.1) return;
    if (item.group && this.map.getZoom() < 15) this.openGroup(item.group.members);
    else this.showSite(item);
  }

  openGroup(members) {
    const bounds = L.latLngBounds(members.map((i) => [this.data.sites[i].lat, this.data.sites[i].lon]));
    const zoom = Math.max(this.map.getBoundsZoom(bounds.pad(0.3)), this.map.getZoom() + 1);
    this.map.setView(bounds.getCenter(), Math.min(zoom, 15), { animate: false });
  }

  showSite({ i, x, y, state }) {
    const site = this.data.sites[i];
    const content = new Card(this, site, state).build();
    const at = this.data.pair ? this.map.containerPointToLatLng([x, y]) : [site.lat, site.lon];
    L.popup({ maxWidth: Math.min(360, this.map.getSize().x - 64), maxHeight: Math.max(160, this.map.getSize().y - 90), minWidth: 220, className: 'camps-popup' }).setLatLng(at).setContent(content).openOn(this.map);
  }
}

// Play, step, the slider with its chart of the total, and the choices.
class Bar {
  constructor(page, root) {
    this.page = page;
    this.root = root;
    const { meta } = page.data;
    const button = (name, action) => element('button', { type: 'button', class: `camps-${name}`, onclick: action });
    this.back = button('back', () => page.step(-1));
    this.playButton = button('play', () => page.toggle());
    this.forward = button('forward', () => page.step(1));
    this.slider = element('input', { type: 'range', min: meta.t_min, max: meta.t_max, step: 'any', class: 'camps-slider',
      oninput: () => { page.pause(); page.set({ t: Number(this.slider.value) }); } });
    this.chart = element('canvas', { class: 'camps-chart', 'aria-hidden': 'true' });
    this.readout = element('output', { class: 'camps-readout', 'aria-live': 'polite' });
    this.speed = this.choice('speed', SPEEDS.map((s) => [s, `${s}×`]), page.speed, (value) => { page.speed = Number(value); });
    this.mode = this.choice('mode', meta.modes.map((mode) => [mode, '']), page.state.mode, (mode) => page.set({ mode }));
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

  choice(name, options, chosen, action) {
    const nodes = options.map(([value, text]) => element('option', { value, selected: value === chosen }, text));
    return element('select', { class: `camps-choice camps-${name}`, onchange: (event) => action(event.target.value) }, ...nodes);
  }

  toggle(name) {
    return element('button', { type: 'button', class: `camps-toggle camps-${name}`, onclick: () => this.page.set({ [name]: !this.page.state[name] }) });
  }

  label() {
    const { words } = this.page.stage;
    const { lang } = this.page.state;
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
    for (const key of ['uncertainty', 'relief']) if (this[key]) name(this[key], key);
    for (const key of ['speed', 'mode', 'lang', 'look']) name(this[key], `choose_${key}`);
    for (const key of ['mode', 'lang', 'look']) this[key].value = this.page.state[key];
    for (const option of this.mode.options) option.textContent = words.of(`mode_${option.value}`, lang);
    for (const option of this.look.options) option.textContent = words.look(option.value, lang);
    this.playButton.dataset.playing = String(Boolean(this.page.playing));
  }

  show() {
    const { t, lang } = this.page.state;
    this.slider.value = t;
    for (const key of ['uncertainty', 'relief']) if (this[key]) this[key].setAttribute('aria-pressed', this.page.state[key]);
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
    const ctx = canvas.getContext('2d');
    ctx.scale(scale, scale);
    const look = page.data.looks[page.state.look];
    const { t_min: low, t_max: high, stop_days: stops } = page.data.meta;
    const rtl = page.root.dir === 'rtl';
    const pad = 8;
    const x = (t) => {
      const along = pad + ((t - low) / (high - low)) * (width - 2 * pad);
      return rtl ? width - along : along;
    };
    const series = page.series();
    const top = Math.max(1e-9, ...series.map(([, value]) => value || 0));
    const y = (value) => height - 4 - (value / top) * (height - 10);
    ctx.strokeStyle = look.tick;
    ctx.beginPath();
    for (const stop of stops) {
      ctx.moveTo(x(stop), height - 4);
      ctx.lineTo(x(stop), height);
    }
    for (const era of page.data.eras || []) {
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
    const line = series.filter(([, value]) => value !== null);
    const trace = (points) => points.forEach(([t, value], i) => (i ? ctx.lineTo(x(t), y(value)) : ctx.moveTo(x(t), y(value))));
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

// The total at enough days for a chart, one list a mode.
Page.prototype.series = function series() {
  const { t_min: low, t_max: high, stop_days: stops } = this.data.meta;
  this.totals = this.totals || {};
  const { mode } = this.state;
  if (!this.totals[mode]) {
    // Between two observations a total is level or a straight line; openings and closures come on any day.
    const ends = this.stage.timeline.ends();
    const days = new Set(stops.flatMap((stop) => [stop - 1, stop, stop + 1]).concat(ends.flatMap((end) => [end - 1, end]), [low, high]));
    if (this.data.kind === 'eras') for (let i = 0; i <= 120; i += 1) days.add(Math.floor(low + ((high - low) * i) / 120));
    const { timeline } = this.stage;
    const value = (state) => (this.data.kind === 'eras' ? state.open : state.total);
    this.totals[mode] = [...days].filter((t) => t >= low && t <= high).sort((a, b) => a - b).map((t) => [t, value(timeline.compute(t, mode))]);
  }
  return this.totals[mode];
};

// What is known of one site, as a popup.
class Card {
  constructor(page, site, state) {
    this.words = page.stage.words;
    this.lang = page.state.lang;
    this.page = page;
    this.site = site;
    this.state = state;
  }

  say(key, values) {
    return this.words.of(key, this.lang, values);
  }

  build() {
    const { site } = this;
    const shown = this.words.name(site.names, this.lang);
    const names = Object.keys(site.names).filter((key) => site.names[key] !== shown);
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
    const rows = [];
    const add = (key, value) => value && rows.push([this.say(key), value]);
    const classes = this.page.data.class_names;
    for (const column of ['system', 'tier']) {
      if (site[column]) add(column, this.words.name(classes[column][site[column]], this.lang));
    }
    const legend = this.words.meta('legend', this.lang);
    if (site.group && ![site.system, site.tier].includes(site.group)) rows.push([legend, site.group]);
    add('place', site.place);
    if (site.level === 'compound') {
      add('published_at', `${site.lat_published}, ${site.lon_published}`);
      add('used_at', `${site.lat.toFixed(5)}, ${(site.lon > 180 ? site.lon - 360 : site.lon).toFixed(5)} (± ${Math.round(site.r95)} m, 95 %)`);
    } else {
      const code = site.area_code ? ` ${site.area_code}` : '';
      add('known_to', `${this.say(`level_${site.level}`)}${code} (± ${this.words.length(site.r95, this.lang)})`);
    }
    add('enterprise', site.enterprise);
    add('opened', site.opened && this.words.edtf(site.opened, this.lang));
    add('closed', site.closed && this.words.edtf(site.closed, this.lang));
    if (site.cells && site.cells.length) rows.push([this.words.name(this.page.data.meta.metric.name, this.lang), site.cells.map(([t, cell]) => `${t}:\u00a0${cell === '' ? this.say('blank') : cell}`).join('   ')]);
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
    if (!looks || looks.length < 2) return null;
    const [width, height, scale] = [240, 56, 2];
    const canvas = element('canvas', { width: width * scale, height: height * scale, class: 'camps-small-chart', role: 'img', 'aria-label': looks.map((look) => look[1]).join(', ') });
    const ctx = canvas.getContext('2d');
    ctx.scale(scale, scale);
    const look = this.page.data.looks[this.page.state.look];
    const top = Math.max(1, ...looks.map((entry) => entry[1]));
    const { t_min: low, t_max: high } = this.page.data.meta;
    const x = (t) => 6 + ((t - low) / Math.max(1, high - low)) * (width - 30);
    const y = (value) => height - 14 - (value / top) * (height - 30);
    ctx.strokeStyle = colourOf(look, this.page.stage.symbols.classes[this.site.class]);
    ctx.fillStyle = look.text;
    ctx.lineWidth = 1.5;
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    looks.forEach(([t, value], i) => (i ? ctx.lineTo(x(t), y(value)) : ctx.moveTo(x(t), y(value))));
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
function drawsGlyph(character, family) {
  const probe = document.createElement('canvas');
  Object.assign(probe, { width: 40, height: 40 });
  const ctx = probe.getContext('2d', { willReadFrequently: true });
  const pixels = (text) => {
    ctx.clearRect(0, 0, 40, 40);
    ctx.font = `28px ${family}`;
    ctx.fillText(text, 4, 30);
    return ctx.getImageData(0, 0, 40, 40).data.join();
  };
  return pixels(character) !== pixels('\u{10FFFE}');
}

// Characters that a page would draw as boxes in a language: of its own words, of places and of sites.
function missingGlyphs(data, lang) {
  // Kilometres are `km` in the words of every language, and so is the tag of Khmer.
  const parts = [{ [lang]: data.words[lang] }, data.meta, data.eras, data.class_names, data.classes, data.base.places.map(({ names }) => names), data.sites.map(({ names }) => names)];
  const family = data.fonts[data.words[lang].script];
  const characters = [...new Set(textsIn(parts, lang).join(''))].filter((character) => !/[\s\p{Cf}\p{Mn}]/u.test(character));
  return characters.filter((character) => !drawsGlyph(character, family)).sort().join('');
}

// What stands under the name of a language anywhere in a tree.
function textsIn(node, lang) {
  if (!node || typeof node !== 'object') return [];
  return Object.entries(node).flatMap(([key, value]) => {
    if (key !== lang) return textsIn(value, lang);
    return typeof value === 'string' ? [value] : Object.values(value).filter((text) => typeof text === 'string');
  });
}

const PROBES = { latin: 'Ü', chinese: '年', arabic: 'ئ', cyrillic: 'Ж', korean: '명', khmer: 'ក' };

async function everythingLoaded(data, languages) {
  const missing = [];
  await Promise.all(data.base.images.map(async (entry) => {
    const image = new Image();
    image.src = entry.source;
    await image.decode().then(() => {
      entry.image = image;
      if (entry === data.base.relief) entry.shades = asLightAndShade(image);
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

function start(id) {
  const root = document.getElementById(id);
  const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
  if (data.version !== VERSION) throw new Error(`camps: this page holds data of version ${data.version}, expected ${VERSION}; make the map again`);
  const logos = Object.values(data.looks).map(({ logo }) => logo).filter(Boolean);
  data.base.images = [...(data.base.relief ? [data.base.relief] : []), ...(data.scenes || []), ...logos];
  const canvas = element('canvas', { class: 'camps-canvas' });
  canvas.lang = data.meta.lang;
  const stage = new Stage(data, canvas);
  const page = new Page(stage, data);
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
  return page;
}

Page.prototype.enterFilm = function enterFilm() {
  if (this.playing) this.pause();
  this.filming = true;
  document.documentElement.classList.add('camps-filming');
  document.body.append(this.stage.canvas);
};

Page.prototype.leaveFilm = function leaveFilm() {
  this.filming = false;
  document.documentElement.classList.remove('camps-filming');
  this.pane.append(this.stage.canvas);
  this.redraw();
};

window.campsStart = start;
