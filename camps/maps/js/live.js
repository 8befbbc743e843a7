// A map in a notebook: its page in a frame tells what it shows, and shows what Python asks for; a table stands beside it.

import { element } from './dom.js';
/** @import { Page } from './page.js' */
/** @import { Camps, Listed, LiveModel } from './types.d.ts' */

const DAY_MS = 86400000;
const QUIET_MS = 120;
const MOST_ROWS = 400;

/** @param {number} t */
const dateOf = (t) => new Date(Math.floor(t) * DAY_MS).toISOString().slice(0, 10);
/** @param {unknown} a @param {unknown} b */
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
/** @param {number} value */
const rounded = (value) => Math.round(value * 1e7) / 1e7;

// What a table has of each outline or site that stands, as text.
const NUMBER = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
/** @param {unknown} value */
const written = (value) => (value === null || value === undefined ? '–' : typeof value === 'number' ? NUMBER.format(value) : String(value));

/** @param {Page} page */
function viewOf({ map }) {
  const { lng, lat } = map.getCenter();
  return { lon: rounded(lng), lat: rounded(lat), zoom: rounded(map.getZoom()) };
}

// The day that is shown; some maps show none.
/** @param {Page} page */
const dayOf = ({ data, state }) => (data.meta.precision === 'none' ? '' : dateOf(state.t));

/** @type {Array<'date' | 'view' | 'selected'>} what Python may change */
const HEEDED = ['date', 'view', 'selected'];

class Live {
  /** @param {LiveModel} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    /** @type {Camps | null} */
    this.camps = null;
    this.waiting = 0;
    this.frame = element('iframe', { title: 'Map', class: 'camps-live-map' });
    this.table = element('div', { class: 'camps-live-table' });
    el.append(element('div', { class: 'camps-live' }, this.frame, this.table));
    this.heed = () => this.follow();
    for (const name of HEEDED) model.on(`change:${name}`, this.heed);
    this.frame.addEventListener('load', () => this.begin());
    this.frame.srcdoc = model.get('_page');
  }

  close() {
    clearTimeout(this.waiting);
    for (const name of HEEDED) this.model.off(`change:${name}`, this.heed);
  }

  begin() {
    const camps = this.frame.contentWindow?.camps;
    if (!camps) return;
    this.camps = camps;
    const told = () => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.tell(camps), QUIET_MS);
    };
    camps.page.told = told;
    this.follow();
    told();
  }

  // What Python says, where it is otherwise than what the page shows.
  follow() {
    if (!this.camps) return;
    const { model, camps: { page } } = this;
    const [date, view, selected] = [model.get('date'), model.get('view'), model.get('selected')];
    if (date !== dayOf(page)) {
      if (page.playing) page.pause();
      page.set({ t: Date.parse(date) / DAY_MS });
    }
    if (view.zoom && !same(view, viewOf(page))) page.map.setView([view.lat, view.lon], view.zoom, { animate: false });
    if (!same(selected, page.state.selected)) page.set({ selected });
  }

  /** @param {Camps} camps */
  tell({ page, describe }) {
    const { pieces, values, kinds, mode } = describe();
    const rows = page.stage.timeline.outlines ? pieces
      : Object.keys(values).map((id) => ({ site_id: id, value: values[id], kind: kinds[id] }));
    const { selected } = page.state;
    const date = dayOf(page);
    for (const [name, value] of Object.entries({ date, view: viewOf(page), selected, _shown: { date, mode, rows } })) {
      if (!same(this.model.get(name), value)) this.model.set(name, value);
    }
    this.model.save_changes();
    this.list(page, rows);
  }

  /** @param {Page} page @param {Listed[]} rows */
  list(page, rows) {
    const { data, state: { lang, selected } } = page;
    const outlined = rows.length > 0 && 'track_id' in rows[0];
    const names = outlined ? {} : Object.fromEntries(data.sites.map(({ id, names: of }) => [id, of[lang] ?? of.en]));
    /** @type {Record<string, string>} */
    const wanted = outlined ? { track_id: 'building', phase: '', kind: '', area_m2: 'built m²' } : { site_id: 'site', value: 'value', kind: '' };
    const [key, size] = outlined ? ['track_id', 'area_m2'] : ['site_id', 'value'];
    const columns = Object.keys(wanted).filter((name) => rows.some((row) => row[name] !== null));
    /** @param {Listed} row */
    const idOf = (row) => String(row[key]);
    /** @param {Listed} row @param {string} name */
    const cell = (row, name) => element('td', typeof row[name] === 'number' ? { class: 'camps-live-number' } : {}, written((name === key && names[idOf(row)]) || row[name]));
    /** @param {Listed} row the picked first, it may be one of thousands */
    const weight = (row) => Number(selected.includes(idOf(row)));
    const sorted = [...rows].sort((a, b) => weight(b) - weight(a) || Number(b[size] ?? -1) - Number(a[size] ?? -1));
    const body = sorted.slice(0, MOST_ROWS).map((row) => {
      const line = element('tr', { 'aria-selected': String(weight(row) > 0), tabindex: 0, title: idOf(row) }, ...columns.map((name) => cell(row, name)));
      /** @param {MouseEvent | KeyboardEvent} event */
      const pick = (event) => this.pick(page, idOf(row), event.shiftKey);
      line.addEventListener('click', pick);
      line.addEventListener('keydown', (event) => { if (event.key === 'Enter') pick(event); });
      return line;
    });
    const more = rows.length > MOST_ROWS ? `, the first ${MOST_ROWS}` : '';
    const day = dayOf(page);
    const head = element('tr', {}, ...columns.map((name) => element('th', { scope: 'col' }, wanted[name])));
    this.table.replaceChildren(element('p', {}, `${rows.length}${day && ` on ${day}`}${more}`), element('table', {}, element('thead', {}, head), element('tbody', {}, ...body)));
  }

  /** @param {Page} page @param {string} id @param {boolean} more */
  pick(page, id, more) {
    const { selected } = page.state;
    const rest = more ? selected.filter((one) => one !== id) : [];
    page.set({ selected: selected.includes(id) && (more || selected.length === 1) ? rest : [...rest, id] });
  }
}

export default {
  /** @param {{ model: LiveModel, el: HTMLElement }} given */
  render({ model, el }) {
    const live = new Live(model, el);
    return () => live.close();
  },
};
