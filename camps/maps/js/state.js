// What stands at a moment of the clock. The same rules, to the digit, as camps.timeline.

import { clamp } from './geo.js';
/** @import { CountLook, Ends, Life, Mode } from './payload.d.ts' */
/** @import { Phase, SiteState, StateKind } from './types.d.ts' */

/** @type {Record<Mode, StateKind>} */
export const KIND_BETWEEN = { observed: 'held', bracket: 'bracketed', illustrative: 'interpolated' };
/** @type {StateKind[]} */
const SURE_FIRST = ['observed', 'held', 'bracketed', 'interpolated'];

/** @param {StateKind[]} kinds */
export function leastSure(kinds) {
  let worst = -1;
  for (const kind of kinds) worst = Math.max(worst, SURE_FIRST.indexOf(kind));
  return worst < 0 ? null : SURE_FIRST[worst];
}

// A site's value. `looks` are [day, value, lo, hi, last, until, ended] in order of day: the last day that the date of the
// look means, the first on which its value stands no more (null: it stands for good), and why. A look lasts its whole day.
/** @param {CountLook[]} looks @param {number[]} missed @param {number} t @param {Mode} mode @returns {SiteState} */
export function countState(looks, missed, t, mode) {
  const day = Math.floor(t);
  let last = -1;
  while (last + 1 < looks.length && looks[last + 1][0] <= day) last += 1;
  const next = looks[last + 1];
  if (last < 0) return { ...unknownState(), next: next ? next[0] : null };
  const [since, value, lo, hi, named, until, ended] = looks[last];
  if (until !== null && day >= until) return { ...unknownState(), ended, last: value, next: next ? next[0] : null };
  // A year that was looked for and not counted since then makes the value held staler than the rest.
  const gap = missed.some((d) => d > since && d <= day);
  /** @type {SiteState} */
  const state = { value, lo, hi, kind: 'held', missed: gap, counted: day <= named, stale: day - since, next: next ? next[0] : null };
  if (since === day) return { ...state, kind: 'observed' };
  if (!next || next[1] === value || mode === 'observed' || (until !== null && until < next[0])) return state;
  const share = (t - since - 1) / (next[0] - since - 1);
  return {
    ...state,
    value: mode === 'bracket' ? Math.min(value, next[1]) : value + share * (next[1] - value),
    lo: Math.min(lo, next[2]),
    hi: Math.max(hi, next[3]),
    kind: KIND_BETWEEN[mode],
  };
}

// The ends of an interval of days; null is an end that nobody knows.
/** @param {Ends} days */
const endsOf = (days) => days && [days[0] ?? -Infinity, days[1] ?? Infinity];

const FADE_DAYS = 3653;

// A site known only by its dates; the same rules as camps.timeline.lives. What is last known open fades over ten years.
/** @param {Life} life @param {number} t @param {Mode} mode @returns {SiteState} */
export function lifeState(life, t, mode) {
  const day = Math.floor(t);
  const phase = lifePhase(life, day);
  const unsure = mode === 'observed' ? null : 'bracketed';
  /** @type {Partial<Record<Phase, StateKind | null>>} */
  const kinds = { open: 'held', last: 'held', vanished: 'held', closed: 'held', opening: unsure, closing: unsure || 'held' };
  return { value: null, kind: kinds[phase] || null, phase, faded: phase === 'last' ? clamp((t - (life.until ?? t)) / FADE_DAYS, 0, 1) : 0 };
}

/** @param {Life} life @param {number} day @returns {Phase} */
function lifePhase({ opened, closed, vanished, until }, day) {
  if (!opened) return 'undated';
  const [first, by] = opened;
  if (first === null && by !== null && day < by) return 'unnamed';
  if (first !== null && day < first) return 'absent';
  if (closed) {
    const [from, to] = endsOf(closed);
    if (day > to) return 'closed';
    if (day >= from) return 'closing';
  }
  if (vanished && vanished[0] !== null && day >= vanished[0]) return 'vanished';
  if (first !== null && (by === null || day < by || (day === by && first < by))) return 'opening';
  return until !== null && day > until ? 'last' : 'open';
}

/** @returns {SiteState} */
export const unknownState = () => ({ value: null, lo: null, hi: null, kind: null, stale: null, next: null });
