// All that stands at a moment of the clock: of every site, of every outline, and their sums.

import { countState, leastSure, lifeState, unknownState } from './state.js';
import { Outlines } from './outlines.js';

const MOST_STATES = 32;

export class Timeline {
  constructor(data) {
    this.sites = data.sites;
    this.outlines = data.footprints ? new Outlines(data.footprints) : null;
    this.lives = ['eras', 'systems'].includes(data.kind);
    this.cache = new Map();
  }

  // The last states asked for are kept: a film asks for those about each frame, which are nearly those of the next.
  at(t, mode) {
    const key = `${t}|${mode}`;
    if (!this.cache.has(key)) {
      if (this.cache.size >= MOST_STATES) this.cache.delete(this.cache.keys().next().value);
      this.cache.set(key, this.compute(t, mode));
    }
    return this.cache.get(key);
  }

  // How a state of a film is told that is not to blink: as sure as most of the states about it, and, where its day is over
  // within a few frames, with the bounds of the day before, which the day of a look narrows for one frame only.
  steady(state, about) {
    const counts = new Map();
    for (const { kind } of about) counts.set(kind, (counts.get(kind) || 0) + 1);
    const day = Math.floor(state.t);
    const brief = 2 * about.filter(({ t }) => Math.floor(t) === day).length < about.length;
    const before = brief ? this.at(day - 1, state.mode) : state;
    const { totalLo, totalHi } = before.total === null ? state : before;
    return {
      kind: [...counts].sort((a, b) => b[1] - a[1])[0][0], brief,
      least: Math.min(state.totalLo, totalLo), most: Math.max(state.totalHi, totalHi),
    };
  }

  // Days on which a value ceases to stand.
  ends() {
    return this.sites.flatMap((site) => site.looks.map((look) => look[5])).filter((day) => typeof day === 'number');
  }

  compute(t, mode) {
    const drawn = this.outlines ? this.outlines.at(t, mode) : [];
    const sites = this.outlines ? this.outlines.siteStates(this.sites.map((site) => site.id), drawn, t, mode) : this.sites.map((site) => this.siteState(site, t, mode));
    const known = sites.filter((site) => site.value !== null);
    // Sorted, so that the order of the sites does not show in the last digit.
    const sum = (name) => (known.length ? known.map((site) => site[name]).sort((a, b) => a - b).reduce((total, value) => total + value, 0) : null);
    return {
      t, mode, sites, drawn,
      known: known.length,
      observed: known.filter((site) => site.counted).length,
      ended: sites.filter((site) => site.ended).length,
      total: sum('value'),
      totalLo: sum('lo'),
      totalHi: sum('hi'),
      open: sites.filter((site) => site.phase === 'open').length,
      phases: this.lives ? tally(sites.map((site) => site.phase)) : {},
      levels: this.lives ? tally(this.sites.filter((_, i) => sites[i].phase === 'open').map((site) => site.level)) : {},
      kind: leastSure([...sites, ...drawn].map((item) => item.kind).filter(Boolean)),
    };
  }

  siteState(site, t, mode) {
    if (this.lives) return lifeState(site.life, t, mode);
    return site.looks.length ? countState(site.looks, site.missed, t, mode) : unknownState();
  }
}

function tally(words) {
  const counts = {};
  for (const word of words) counts[word] = (counts[word] || 0) + 1;
  return counts;
}
