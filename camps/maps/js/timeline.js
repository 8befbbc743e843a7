// All that stands at a moment of the clock: of every site, of every outline, and their sums.

import { countState, leastSure, lifeState, unknownState } from './state.js';
import { Outlines } from './outlines.js';
/** @import { Mode, Site } from './payload.d.ts' */
/** @import { Data, State, Steady } from './types.d.ts' */

const MOST_STATES = 32;

export class Timeline {
  /** @param {Data} data */
  constructor(data) {
    this.sites = data.sites;
    this.outlines = data.footprints ? new Outlines(data.footprints) : null;
    this.lives = ['eras', 'systems'].includes(data.kind);
    /** @type {Map<string, State>} */
    this.cache = new Map();
  }

  // The last states asked for are kept: a film asks for those about each frame, which are nearly those of the next.
  /** @param {number} t @param {Mode} mode */
  at(t, mode) {
    const key = `${t}|${mode}`;
    const kept = this.cache.get(key);
    if (kept) return kept;
    const state = this.compute(t, mode);
    const [oldest = ''] = this.cache.keys();
    if (this.cache.size >= MOST_STATES) this.cache.delete(oldest);
    this.cache.set(key, state);
    return state;
  }

  // How a state of a film is told that is not to blink: as sure as most of the states about it, and whether its day is over
  // within a few frames. Its numbers are its own: what is written beside a date is true of that date.
  /** @param {State} state @param {State[]} about @returns {Steady} */
  steady(state, about) {
    const counts = new Map();
    for (const { kind } of about) counts.set(kind, (counts.get(kind) || 0) + 1);
    const day = Math.floor(state.t);
    const brief = 2 * about.filter(({ t }) => Math.floor(t) === day).length < about.length;
    const [kind] = [...counts].sort((a, b) => b[1] - a[1])[0];
    return { kind, brief, passing: brief && kind !== state.kind };
  }

  // Days on which a value ceases to stand.
  ends() {
    return this.sites.flatMap((site) => site.looks.map((look) => look[5])).filter((day) => typeof day === 'number');
  }

  /** @param {number} t @param {Mode} mode @returns {State} */
  compute(t, mode) {
    const drawn = this.outlines ? this.outlines.at(t, mode) : [];
    const sites = this.outlines ? this.outlines.siteStates(this.sites.map((site) => site.id), drawn, t, mode) : this.sites.map((site) => this.siteState(site, t, mode));
    const known = sites.filter((site) => site.value !== null);
    // Sorted, so that the order of the sites does not show in the last digit.
    /** @param {'value' | 'lo' | 'hi'} name */
    const sum = (name) => (known.length ? known.map((site) => site[name] ?? 0).sort((a, b) => a - b).reduce((total, value) => total + value, 0) : null);
    return {
      t, mode, sites, drawn,
      known: known.length,
      observed: known.filter((site) => site.counted && site.kind !== 'interpolated').length,
      between: known.filter((site) => site.kind === 'interpolated').length,
      ended: sites.filter((site) => site.ended).length,
      total: sum('value'),
      totalLo: sum('lo'),
      totalHi: sum('hi'),
      open: sites.filter((site) => site.phase === 'open').length,
      phases: this.lives ? tally(sites.map((site) => site.phase ?? 'undated')) : {},
      levels: this.lives ? tally(this.sites.filter((_, i) => sites[i].phase === 'open').map((site) => site.level)) : {},
      kind: leastSure([...sites, ...drawn].map((item) => item.kind).filter((kind) => kind !== null)),
    };
  }

  /** @param {Site} site @param {number} t @param {Mode} mode */
  siteState(site, t, mode) {
    if (this.lives && site.life) return lifeState(site.life, t, mode);
    return site.looks.length ? countState(site.looks, site.missed, t, mode) : unknownState();
  }
}

/** @template {string} Word @param {Word[]} words */
function tally(words) {
  /** @type {Partial<Record<Word, number>>} */
  const counts = {};
  for (const word of words) counts[word] = (counts[word] || 0) + 1;
  return counts;
}
