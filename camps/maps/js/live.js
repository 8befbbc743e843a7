// A map in a notebook: its page in a frame tells what it shows, and shows what Python asks for; a table stands beside it.

const DAY_MS = 86400000;
const QUIET_MS = 120;
const MOST_ROWS = 400;

const dateOf = (t) => new Date(Math.floor(t) * DAY_MS).toISOString().slice(0, 10);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const rounded = (value) => Math.round(value * 1e7) / 1e7;

function node(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}

// What a table has of each outline or site that stands, as text.
const NUMBER = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const written = (value) => (value === null || value === undefined ? '–' : typeof value === 'number' ? NUMBER.format(value) : String(value));

class Live {
  constructor(model, el) {
    this.model = model;
    this.frame = node('iframe', { title: 'Map', class: 'camps-live-map' });
    this.table = node('div', { class: 'camps-live-table' });
    el.append(node('div', { class: 'camps-live' }, this.frame, this.table));
    this.heed = () => this.page && this.follow();
    for (const name of ['date', 'view', 'selected']) model.on(`change:${name}`, this.heed);
    this.frame.addEventListener('load', () => this.begin(this.frame.contentWindow.camps));
    this.frame.srcdoc = model.get('_page');
  }

  close() {
    clearTimeout(this.waiting);
    for (const name of ['date', 'view', 'selected']) this.model.off(`change:${name}`, this.heed);
  }

  begin(camps) {
    this.camps = camps;
    this.page = camps.page;
    this.page.told = () => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.tell(), QUIET_MS);
    };
    this.follow();
    this.page.told();
  }

  get view() {
    const { lng, lat } = this.page.map.getCenter();
    return { lon: rounded(lng), lat: rounded(lat), zoom: rounded(this.page.map.getZoom()) };
  }

  // The day that is shown; some maps show none.
  get day() { return this.page.data.meta.precision === 'none' ? '' : dateOf(this.page.state.t); }

  // What Python says, where it is otherwise than what the page shows.
  follow() {
    const { model, page } = this;
    const [date, view, selected] = ['date', 'view', 'selected'].map((name) => model.get(name));
    if (date !== this.day) {
      if (page.playing) page.pause();
      page.set({ t: Date.parse(date) / DAY_MS });
    }
    if (view.zoom && !same(view, this.view)) page.map.setView([view.lat, view.lon], view.zoom, { animate: false });
    if (!same(selected, page.state.selected)) page.set({ selected });
  }

  tell() {
    const { pieces, values, kinds, mode } = this.camps.describe();
    const rows = this.page.stage.timeline.outlines ? pieces
      : Object.keys(values).map((id) => ({ site_id: id, value: values[id], kind: kinds[id] }));
    const { selected } = this.page.state;
    const date = this.day;
    for (const [name, value] of Object.entries({ date, view: this.view, selected, _shown: { date, mode, rows } })) {
      if (!same(this.model.get(name), value)) this.model.set(name, value);
    }
    this.model.save_changes();
    this.list(rows, selected);
  }

  list(rows, selected) {
    const outlined = rows.length && 'track_id' in rows[0];
    const names = outlined ? {} : Object.fromEntries(this.page.data.sites.map(({ id, names: of }) => [id, of[this.page.state.lang] ?? of.en]));
    const wanted = outlined ? { track_id: 'building', phase: '', kind: '', area_m2: 'built m²' } : { site_id: 'site', value: 'value', kind: '' };
    const [key, size] = outlined ? ['track_id', 'area_m2'] : ['site_id', 'value'];
    const columns = Object.fromEntries(Object.entries(wanted).filter(([name]) => rows.some((row) => row[name] !== null)));
    const cell = (row, name) => node('td', typeof row[name] === 'number' ? { class: 'camps-live-number' } : {}, written((name === key && names[row[key]]) || row[name]));
    // What is picked stands first, it may be one of thousands; then the largest.
    const sorted = [...rows].sort((a, b) => selected.includes(b[key]) - selected.includes(a[key]) || (b[size] ?? -1) - (a[size] ?? -1));
    const body = sorted.slice(0, MOST_ROWS).map((row) => {
      const line = node('tr', { 'aria-selected': selected.includes(row[key]), tabindex: 0, title: row[key] }, ...Object.keys(columns).map((name) => cell(row, name)));
      const pick = (event) => this.pick(row[key], event.shiftKey);
      line.addEventListener('click', pick);
      line.addEventListener('keydown', (event) => { if (event.key === 'Enter') pick(event); });
      return line;
    });
    const more = rows.length > MOST_ROWS ? `, the first ${MOST_ROWS}` : '';
    const head = node('tr', {}, ...Object.values(columns).map((title) => node('th', { scope: 'col' }, title)));
    this.table.replaceChildren(node('p', {}, `${rows.length}${this.day && ` on ${this.day}`}${more}`), node('table', {}, node('thead', {}, head), node('tbody', {}, ...body)));
  }

  pick(id, more) {
    const { selected } = this.page.state;
    const rest = more ? selected.filter((one) => one !== id) : [];
    this.page.set({ selected: selected.includes(id) && (more || selected.length === 1) ? rest : [...rest, id] });
  }
}

export default {
  render({ model, el }) {
    const live = new Live(model, el);
    return () => live.close();
  },
};
