// Everything that is said, in the language of the frame. A missing word falls back to English and is noted.

import { Days, smoothstep } from './geo.js';
import { drawSwatch } from './outlines.js';
import { colourOf } from './symbols.js';
/** @import { Kind, Level, Metric, Mode, Names, Text } from './payload.d.ts' */
/** @import { Data, Frame, Known, Row, Tellable, Told } from './types.d.ts' */

export const DASH = '–';
const EVENT_DAYS = 550;
const MOST_EVENTS = 2;
/** @type {Level[]} */
const LEVELS = ['compound', 'town', 'cell', 'county', 'prefecture', 'province'];

export class Words {
  /** @param {Data} data */
  constructor(data) {
    this.data = data;
    this.missing = new Set();
    this.levels = LEVELS.filter((level) => data.sites.some((site) => site.level === level));
    /** @type {Partial<Tellable>} */
    this.told = data.kind === 'eras' ? this.tellable(data) : {};
  }

  /** @param {string} key @param {string} lang @param {Record<string, string | number>} [values] */
  of(key, lang, values = {}) {
    const table = this.data.words[lang] || {};
    const alone = table[`${key}_one`];
    let text = alone && this.form(Number(values.n ?? values.days), lang) === 'one' ? alone : table[key];
    if (text === undefined) {
      this.missing.add(`${lang}:${key}`);
      text = this.data.words.en?.[key];
    }
    if (text === undefined) throw new Error(`camps: no words for "${key}"`);
    return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  }

  /** @param {string} key @param {string} lang */
  look(key, lang) {
    const own = this.data.looks[key].name || {};
    return own[lang] || own.en || Object.values(own)[0] || (this.data.words.en?.[`look_${key}`] ? this.of(`look_${key}`, lang) : key);
  }

  /** @param {'title' | 'subtitle' | 'legend' | 'legend_near' | 'coverage'} key @param {string} lang */
  meta(key, lang) {
    return this.said(this.data.meta[key], lang);
  }

  // One text, or that of a language.
  /** @param {Text | undefined} value @param {string} lang */
  said(value, lang) {
    if (!value || typeof value === 'string') return value || '';
    return value[lang] || value.en || Object.values(value)[0] || '';
  }

  /** @param {Names} names @param {string} lang */
  name(names, lang) {
    const text = names[lang] || names.en || Object.values(names)[0];
    if (!names[lang]) this.missing.add(`${lang}:${text}`);
    return text;
  }

  /** @param {number} value @param {string} lang */
  number(value, lang) {
    const { thousands, decimal } = this.data.words[lang];
    const { metric } = this.data.meta;
    if (metric && !metric.whole && Math.abs(value) < 10 && value % 1) return value.toFixed(1).replace('.', decimal);
    return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, thousands);
  }

  // The number with what it counts: the word after one, a few or many, or a phrase with a place for the number.
  /** @param {Metric} metric @param {number} value @param {string} shown @param {string} lang */
  counted(metric, value, shown, lang) {
    const form = metric[this.form(value, lang)];
    const word = this.name(Object.keys(form).length ? form : metric.many, lang);
    return word.includes('{value}') ? word.replace('{value}', shown) : this.of('total_value', lang, { value: shown, word });
  }

  /** @param {number} value @param {string} lang */
  form(value, lang) {
    const n = Math.abs(Math.round(value));
    const [unit, ten] = [n % 10, n % 100];
    /** @type {Record<string, () => 'one' | 'few' | 'many'>} */
    const rules = {
      one: () => (n === 1 ? 'one' : 'many'),
      up_to_one: () => (n < 2 ? 'one' : 'many'),
      slavic: () => (unit === 1 && ten !== 11 ? 'one' : unit > 1 && unit < 5 && (ten < 12 || ten > 14) ? 'few' : 'many'),
      arabic: () => (n === 1 ? 'one' : ten > 2 && ten < 11 ? 'few' : 'many'),
      none: () => 'many',
    };
    return rules[this.data.words[lang].plural]();
  }

  // As finely as the map knows it, or finer where the clock's own day is asked for.
  /** @param {number} t @param {string} lang @param {'month' | 'day'} [finer] */
  date(t, lang, finer) {
    const { year, month, day } = Days.parts(t);
    const precision = finer ?? this.data.meta.precision;
    if (precision === 'none') return '';
    if (precision === 'year') return String(year);
    if (precision === 'month') return this.calendar(lang, year, month);
    const text = finer ? null : this.asGiven(t);
    return text ? this.given(text, lang) : this.calendar(lang, year, month, day);
  }

  // Every date that a map may show but for its numbers: of each month, and as they are given.
  /** @param {string} lang */
  dates(lang) {
    const { precision, date_spans: spans = [] } = this.data.meta;
    if (precision === 'none') return [];
    if (precision === 'year') return [this.calendar(lang, 2000)];
    const days = Array.from({ length: 12 }, (_, i) => this.calendar(lang, 2000, i + 1, precision === 'month' ? 0 : 20));
    return [...days, ...spans.map(([, , text]) => this.given(text, lang))];
  }

  // The date of a look that is not known to the day, on the days that it may mean.
  /** @param {number} t */
  asGiven(t) {
    const day = Math.floor(t);
    const span = (this.data.meta.date_spans || []).find(([first, last]) => first <= day && day <= last);
    return span ? span[2] : null;
  }

  /** @param {string} lang @param {number} year @param {number} [month] @param {number} [day] */
  calendar(lang, year, month = 0, day = 0) {
    if (!month) return String(year);
    const name = this.of(day ? 'months' : 'months_alone', lang).split('|')[month - 1];
    return this.of(day ? 'date_day' : 'date_month', lang, { year, month, day, name });
  }

  // A day, a month or a year in words; any other date as a reader would say it.
  /** @param {string} text @param {string} lang */
  given(text, lang) {
    const [year, month, day] = text.split('-').map(Number);
    return /^\d{4}(-(0\d|1[0-2])(-\d\d)?)?$/.test(text) ? this.calendar(lang, year, month, day) : this.edtf(text, lang);
  }

  // An EDTF date as a reader would say it: an interval nobody narrows, an end nobody knows, a guess.
  /** @param {string} text @param {string} lang @returns {string} */
  edtf(text, lang) {
    const [first, last] = text.split('/');
    /** @param {string} half */
    const open = (half) => half === '..' || half === '';
    if (last !== undefined && open(first) && !open(last)) return this.of('by', lang, { date: this.edtf(last, lang) });
    if (last !== undefined && open(last) && !open(first)) return this.of(last ? 'since' : 'or_later', lang, { date: this.edtf(first, lang) });
    if (last !== undefined && !open(first)) return this.of('between', lang, { first: this.edtf(first, lang), last: this.edtf(last, lang) });
    if (open(first)) return this.of('no_end', lang);
    if (/[?%]$/.test(text)) return this.of('uncertain', lang, { date: text.slice(0, -1) });
    if (text.endsWith('~')) return this.of('about', lang, { date: text.slice(0, -1) });
    return text;
  }

  /** @param {number} t */
  shown(t) {
    const day = Days.iso(t);
    return { none: null, year: day.slice(0, 4), month: day.slice(0, 7), day: this.asGiven(t) || day }[this.data.meta.precision];
  }

  /** @param {number} metres @param {string} lang */
  length(metres, lang) {
    return metres >= 1000
      ? `${this.number(metres / 1000, lang)} ${this.of('km', lang)}`
      : `${this.number(metres, lang)} ${this.of('m', lang)}`;
  }

  /** @param {Told} state @param {string} lang */
  total(state, lang) {
    if (this.data.kind === 'eras') return this.of('sites_open', lang, { n: state.open });
    if (this.data.kind === 'sites') return this.of('n_sites', lang, { n: state.sites.length });
    const { metric } = this.data.meta;
    if (!isKnown(state) || !metric) return '';
    // Where nothing can have been built by then no number is needed, least of all a range of noughts.
    if (this.data.kind === 'footprints' && !Math.round(state.totalHi)) return this.of('none_seen', lang);
    return this.counted(metric, state.total, this.amount(state, lang), lang);
  }

  // The total as it is told, and as it would be after one, a few or many.
  /** @param {Told} state @param {string} lang */
  totals(state, lang) {
    const { metric } = this.data.meta;
    const counted = isKnown(state) && metric ? [1, 2, 5].map((n) => this.counted(metric, n, this.amount(state, lang), lang)) : [];
    return [this.total(state, lang), ...counted];
  }

  // The longest that the total comes to, if it comes to so many.
  /** @param {number} most @param {Mode} mode @param {string} lang */
  mostTotal(most, mode, lang) {
    const n = this.data.sites.length;
    if (this.data.kind === 'eras' || this.data.kind === 'sites') return this.of(this.data.kind === 'eras' ? 'sites_open' : 'n_sites', lang, { n });
    const shown = this.number(most, lang);
    const { metric } = this.data.meta;
    return metric ? this.counted(metric, most, { observed: shown, illustrative: `~${shown}`, bracket: `${shown}${DASH}${shown}` }[mode], lang) : '';
  }

  // Stands as large as the number above it: what no source speaks of any more may well be open.
  /** @param {Told} state @param {string} lang */
  last(state, lang) {
    return this.told.last ? this.of('last_note', lang, { n: state.phases.last || 0 }) : '';
  }

  // A number that is certain, a range where the next look bounds it, or a rounded guess that is marked as one.
  /** @param {Known} state @param {string} lang */
  amount(state, lang) {
    const value = this.number(state.total, lang);
    const [low, high] = [state.totalLo, state.totalHi].map((end) => this.number(end, lang));
    // A day of a look that is over within a few frames keeps the form of the days about it, with its own bounds.
    if (state.kind === 'bracketed') return low === high && !state.passing ? low : `${low}${DASH}${high}`;
    return state.kind === 'interpolated' ? `~${value}` : value;
  }

  // What the number rests on, and, where the picture runs ahead of what was seen, that it does.
  /** @param {Told} state @param {string} lang */
  notes(state, lang) {
    /** @type {string[]} */
    const notes = [];
    const { kind, meta } = this.data;
    if (kind === 'growth') {
      notes.push(this.of('known', lang, { n: state.known, all: meta.n_sites }));
      if (state.known) notes.push(this.counts(state, lang));
      if (state.ended) notes.push(this.of('ended', lang, { n: state.ended }));
    }
    if (kind === 'eras') notes.push(...this.eraNotes(state, lang));
    if (kind === 'systems' && meta.left_out?.length) notes.push(this.of('left_out', lang, { names: meta.left_out.map((names) => this.name(names, lang)).join(this.of('comma', lang)) }));
    if (kind === 'footprints') notes.push(this.lookNote(state, lang));
    const what = kind === 'footprints' ? 'outlines' : 'counts';
    if (state.kind === 'interpolated') notes.push(this.of(`interpolated_${what}`, lang));
    if (state.kind === 'bracketed' && !['eras', 'systems'].includes(kind)) notes.push(this.of(`bracketed_${what}`, lang));
    return notes.filter((text) => text);
  }

  // How many of the sizes that stand are counted, drawn between two counts, or held from before.
  /** @param {Told} state @param {string} lang */
  counts(state, lang) {
    const { meta } = this.data;
    const { year } = Days.parts(state.t);
    // Before the day on which a year's counts stand, none "counted in" it would be false.
    const stands = meta.precision === 'year' && meta.stop_days.some((day) => day <= state.t && Days.parts(day).year === year);
    const { observed: n, between } = state;
    const held = state.known - n - between;
    if (state.mode !== 'illustrative') return this.of(stands ? 'counted' : 'counted_now', lang, { n, held, year });
    return this.of(stands ? 'counted_mixed' : 'counted_mixed_now', lang, { n, between, held, year });
  }

  // The longest that the line of counts comes to: its rows are kept.
  /** @param {Mode} mode @param {string} lang */
  mostCounts(mode, lang) {
    const most = this.data.meta.n_sites;
    return this.data.kind !== 'growth' || mode !== 'illustrative' ? [] : ['counted_mixed', 'counted_mixed_now'].map((key) => this.of(key, lang, { n: most, between: most, held: most, year: 2000 }));
  }

  // A line stands whether or not it counts anything now: none of them blinks in a film, or moves the others. What is said of
  // some chapters alone stands last.
  /** @param {Told} state @param {string} lang */
  eraNotes(state, lang) {
    const { vanished = 0, opening = 0, closing = 0 } = state.phases;
    const { told } = this;
    const about = this.era(state.t)?.lit;
    const lit = about ? state.sites.filter((site, i) => site.phase === 'open' && this.data.sites[i][about]).length : 0;
    const notes = [];
    if (told.level) notes.push(this.byLevel((level) => state.levels[level] || 0, lang));
    if (told.vanished) notes.push(this.of('vanished_note', lang, { n: vanished }));
    if (told.between) notes.push(this.of('between_note', lang, { n: opening + closing }));
    if (told.unknown) notes.push(this.of('undated_note', lang, { n: told.unknown, all: this.data.meta.n_sites }));
    if (told.coverage) notes.push(this.meta('coverage', lang));
    if (lit) notes.push(this.of(`lit_${about}`, lang, { n: lit }));
    return notes;
  }

  /** @param {(level: Level) => number} count @param {string} lang */
  byLevel(count, lang) {
    const parts = this.levels.map((level) => this.of(`by_${level}`, lang, { n: count(level) }));
    return this.of('by_level', lang, { parts: parts.join(this.of('comma', lang)) });
  }

  // The longest that it comes to: all are open.
  /** @param {string} lang */
  mostLevels(lang) {
    return this.byLevel((level) => this.data.sites.filter((site) => site.level === level).length, lang);
  }

  // What a map of chapters has to tell at any time, known before the first picture.
  /** @param {Data} data @returns {Tellable} */
  tellable({ sites, eras, meta }) {
    const lives = sites.flatMap(({ life }) => life ?? []);
    return {
      level: this.levels.some((level) => level !== 'compound'),
      lit: eras.some(({ lit }) => lit !== ''),
      last: lives.some(({ until }) => until !== null),
      vanished: lives.some(({ vanished }) => vanished !== null),
      between: lives.some(({ opened, closed }) => [opened, closed].some((ends) => ends && ends[0] !== ends[1])),
      unknown: lives.filter(({ opened }) => !opened || opened[0] === null).length,
      coverage: Boolean(meta.coverage),
    };
  }

  // What happened of late, which has no point on the map: on a page in the year before, in a film in the seconds before
  // (`since`). Import bans, of which there are many, are named on a page; a film says how many there have been.
  /** @param {Frame} frame */
  events({ t, since, lang }) {
    const past = (this.data.events || []).filter(({ day }) => day <= t);
    const late = past.filter(({ day }) => day > (since ?? t - EVENT_DAYS));
    const [bans, acts] = [true, false].map((ban) => late.filter(({ kind }) => (kind === 'import ban') === ban));
    const named = [...acts, ...(since === undefined ? bans : [])].sort((a, b) => a.day - b.day).slice(-MOST_EVENTS);
    const told = named.map(({ date, kind, name, names }) => this.of('event_note', lang, {
      date: this.given(date, lang), what: kind === 'import ban' ? this.of('event_ban', lang, { name }) : this.name(names, lang),
    }));
    return bans.length ? [...told, this.of('bans_note', lang, { n: past.filter(({ kind }) => kind === 'import ban').length })] : told;
  }

  /** @param {number} t @param {string} lang */
  eraName(t, lang) {
    const era = this.era(t);
    return era ? this.name(era.names, lang) : '';
  }

  /** @param {number} t */
  era(t) {
    return this.data.eras.find((era) => t >= era.from && t < era.to) || null;
  }

  // Days since the last look at any site; null before the first, and where a map has none.
  /** @param {number} t */
  staleDays(t) {
    const days = this.data.meta.metric ? this.data.meta.stop_days.filter((stop) => stop <= t) : [];
    return days.length ? Math.floor(t) - Math.max(...days) : null;
  }

  /** @param {Told} state @param {string} lang */
  lookNote(state, lang) {
    const day = Math.floor(state.t);
    const { stop_days: stops } = this.data.meta;
    const seen = stops.filter((stop) => stop <= day);
    if (!seen.length) return this.of('no_look_yet', lang);
    const last = seen[seen.length - 1];
    const [text, lastDay] = this.data.meta.stop_dates?.[seen.length - 1] ?? [Days.iso(last), last];
    const date = this.given(text, lang);
    const brief = state.brief && last === day;
    // Of a look that is not dated to the day nobody knows how many days ago it was.
    if (text !== Days.iso(last)) return day <= lastDay && !brief ? this.seenNote(state, lang, '_in', { date }) : this.of('look_last', lang, { date });
    // A day that is over within a few frames of a film is told as the days after it, which it begins: none days before.
    if (last === day && !brief) return this.seenNote(state, lang, '_today', {});
    return this.of('look_before', lang, { days: this.number(day - last, lang), date });
  }

  // The total keeps what stood before and was not recognised today; a reader is told how much was seen itself.
  /** @param {Told} state @param {string} lang @param {string} when @param {Record<string, string | number>} values */
  seenNote(state, lang, when, values) {
    if (!isKnown(state) || Math.round(state.totalLo) === Math.round(state.total)) return this.of(`look${when}`, lang, values);
    return this.of(`look${when}_part`, lang, { ...values, value: this.number(state.totalLo, lang) });
  }

  // A credit that names layers stands while one of them is drawn.
  /** @param {Frame} frame */
  credit({ lang, layers }) {
    const drawn = this.data.meta.attribution.filter((part) => !part.layers || part.layers.some((name) => layers[name]));
    return drawn.map(({ text }) => (typeof text === 'string' ? text : text[lang] || text.en)).join(' · ');
  }

  // One legend, or two that hand over where the camera comes close enough for outlines: the second stands over the first
  // before that goes, so that no row that both have is ever away.
  /** @param {Frame} frame @param {number[]} zooms @returns {Array<[Row[], number, number[]]>} */
  legends(frame, zooms) {
    /** @param {number} from @param {number} to */
    const mean = (from, to) => zooms.reduce((sum, zoom) => sum + smoothstep(from, to, zoom), 0) / zooms.length;
    const near = this.data.footprints ? mean(11.2, 12) : 0;
    const far = this.data.footprints ? 1 - mean(11.6, 12.4) : 1;
    return [
      [this.classRows(frame.lang), far, this.data.options.samples],
      [this.swatchRows(frame.lang), near, []],
    ];
  }

  /** @param {string} lang */
  classRows(lang) {
    /** @type {Row[]} */
    const rows = this.data.systems ? [] : [{ text: this.meta('legend', lang), head: true }];
    // The chart of systems names and marks them itself.
    for (const entry of this.data.systems ? [] : this.data.classes) {
      rows.push({ text: this.name(entry.names, lang), mark: (look) => ({ shape: entry.shape, colour: colourOf(look, entry), mark: 'observed' }) });
    }
    for (const level of this.data.levels || []) {
      rows.push({ text: this.of(`level_${level}`, lang), mark: (look) => ({ shape: 'disc', colour: look.sample, mark: 'observed', level }) });
    }
    return [...rows, ...this.markRows(lang)];
  }

  /** @param {string} lang @returns {Row[]} */
  markRows(lang) {
    return this.data.marks.map((mark) => {
      const name = mark === 'undated' || mark === 'withheld' ? 'unknown' : mark;
      const none = mark === 'zero' ? this.data.meta.metric?.none : undefined;
      const text = none && Object.keys(none).length ? this.name(none, lang) : this.of((this.data.footprints && LOOKED[mark]) || `mark_${mark}`, lang);
      return { text, mark: (look) => ({ shape: 'disc', colour: look.sample, mark: name }) };
    });
  }

  /** @param {string} lang */
  swatchRows(lang) {
    /** @type {Row[]} */
    const rows = [{ text: this.meta('legend_near', lang), head: true }];
    for (const swatch of this.data.swatches || []) {
      rows.push({ text: this.of(`swatch_${swatch}`, lang), swatch: (pen, x, y, w, h) => drawSwatch(pen, swatch, x, y, w, h) });
    }
    return [...rows, ...this.markRows(lang)];
  }

  // The most lines of notes that a wide picture of this kind ever shows.
  mostNotes() {
    /** @type {Record<string, number>} */
    const lines = { last: 0, level: 2, coverage: 4 };
    const eras = Object.entries(this.told).reduce((sum, [name, told]) => sum + (told ? lines[name] ?? 1 : 0), 0);
    /** @type {Partial<Record<Kind, number>>} */
    const most = { growth: this.data.marks.some((mark) => mark === 'closed' || mark === 'lapsed') ? 4 : 3, eras, systems: 2, footprints: 2 };
    return most[this.data.kind] ?? 0;
  }
}

// What is seen, or not, in images of a place, where nobody counts.
/** @type {Record<string, string>} */
const LOOKED = { zero: 'none_seen', unknown: 'no_look_yet' };

/** @param {Told} state @returns {state is Known} */
const isKnown = (state) => state.total !== null;
