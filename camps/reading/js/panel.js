// What stands around the pictures: buttons, the scene's facts, the outline that is chosen, the keys.
import { KINDS, Pane } from './pane.js';
/** @import { Acts, Grown, Status, View } from './types.d.ts' */


const CONFIDENCES = ['high', 'medium', 'low'];
/** @type {Array<[Status, string, string]>} */
const STATUSES = [
  ['observed', 'Observed', 'All of the ground can be seen'],
  ['partial', 'Partly', 'Part is hidden: draw that area'],
  ['obscured', 'Obscured', 'Nothing can be seen: cloud, haze, shade'],
  ['not_imaged', 'Not imaged', 'The scene does not reach here'],
];

/** Groups of buttons: what is done, its name, its key as shown. */
const TOOLS = [
  [['tool:select', 'Select', 'S'], ['tool:draw', 'Outline', 'D'], ['tool:rectangle', 'Rectangle', 'R'],
    ['tool:cut', 'Cut', 'X'], ['tool:hidden', 'Hidden area', 'H']],
  [['square', 'Square', 'Q'], ['join', 'Join', 'J'], ['remove', 'Delete', 'Del'], ['copy', 'Copy forward', 'G']],
  [['undo', 'Undo', 'Ctrl+Z'], ['redo', 'Redo', 'Ctrl+Y']],
  [['beside', 'Beside', 'B'], ['wipe', 'Swipe', 'W'], ['flicker', 'Flicker', 'F']],
  [['fit', 'Fit', '0'], ['help', 'Keys', '?']],
];

/** @type {Array<[string, string[][]]>} */
const KEYS = [
  ['Pictures', [
    ['drag, arrows', 'move the picture, or the corner that is held'],
    ['wheel, + −', 'zoom (click the picture first)'], ['0', 'all of the ground'],
    ['PgDn PgUp', 'next and previous scene'], ['B · W · F', 'the other date: beside, swipe, flicker while held'],
    ['[ ]', 'move the swipe'], ['T', 'take another other date'], ['M', 'smooth or plain pixels'],
    ['E', 'more contrast, and back'], ['O', 'outlines away while held'],
  ]],
  ['Outlines', [
    ['D · R', 'outline by corners · rectangle by one side and its depth'],
    ['click, Space', 'set a corner; pick an outline or a corner'], ['Shift', 'right angles; with a click: pick one more'],
    ['Alt', 'do not snap to other corners'], ['Enter', 'close the outline, end the cut'],
    ['Backspace', 'the last corner away'], ['Esc', 'drop it'],
    ['X', 'cut the picked outline along a line'], ['J', 'join the picked ones'], ['Q', 'right angles'],
    ['Del', 'the held corner away, or what is picked'],
    ['A · Del', 'take in a proposal of a machine · refuse it; mending it takes it in'],
  ]],
  ['Corners and words', [
    [', .', 'previous and next outline'], ['V', 'next corner; arrows move it, with Shift ten times as far'],
    ['I', 'a new corner after the held one'],
    ['double click', 'on an edge of the picked outline: a new corner; on a corner: takes it away'], ['K · C · N', 'kind · confidence · note'],
    ['1 2 3 4', 'look: observed, partly, obscured, not imaged'], ['H', 'an area that is hidden'],
    ['G', 'copy all outlines to the next scene'], ['Ctrl+Z · Ctrl+Y', 'undo · redo, without end'], ['?', 'this list'],
  ]],
];

/** @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, string | number | boolean | null | EventListener>} [with_] @param {(Node | string)[]} inside */
export function make(tag, with_ = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(with_)) {
    if (typeof value === 'function') made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...inside);
  return made;
}

/** @param {(what: string) => void} act */
function makeBar(act) {
  /** @param {string[]} string */
  const button = ([what, name, key]) => make('button', {
    type: 'button', 'data-do': what, title: `${name} (${key})`, onclick: () => act(what),
  }, name);
  return make('div', { class: 'cr-bar', role: 'toolbar', 'aria-label': 'Reading' },
    ...TOOLS.map((group) => make('span', { class: 'cr-group' }, ...group.map(button))));
}

/** @param {() => void} close */
function makeHelp(close) {
  /** @param {[string, string[][]]} of0 */
  const table = ([title, keys]) => make('section', {}, make('h3', {}, title),
    make('dl', {}, ...keys.flatMap(([key, text]) => [make('dt', {}, key), make('dd', {}, text)])));
  return make('div', { class: 'cr-help', role: 'dialog', 'aria-label': 'Keys', hidden: true },
    ...KEYS.map(table), make('button', { type: 'button', onclick: close }, 'Close (Esc)'));
}

/** @param {string} name @param {readonly string[]} values @param {(value: string) => void} act */
function makeChoice(name, values, act) {
  const select = make('select', { name, 'aria-label': name, onchange: () => act(select.value) },
    ...values.map((value) => make('option', { value }, value)));
  return select;
}

/** The page of a reading, and the elements of it that change. */
export class Around {
  /** @param {HTMLElement} el @param {Acts} acts what its buttons and choices do */
  constructor(el, acts) {
    /** @type {View} */
    this.view = { scale: 1, x: 0, y: 0 };
    this.root = el.appendChild(make('div', { class: 'camps-reading', 'data-lm-suppress-shortcuts': 'true' }));
    this.bar = makeBar((what) => acts.act(what));
    this.stage = make('div', { class: 'cr-stage', tabindex: 0, 'aria-label': 'Scene; press ? for the keys' });
    const host = () => this.stage.appendChild(make('div', { class: 'cr-pane' }));
    this.main = new Pane(host(), this.view);
    this.side = new Pane(host(), this.view);
    this.side.host.hidden = true;
    this.help = makeHelp(() => acts.act('help'));
    this.says = make('span', { class: 'cr-says', role: 'status' });
    this.saved = make('span', { class: 'cr-saved' });
    this.again = make('button', { type: 'button', hidden: true, onclick: () => acts.sendAgain() }, 'Send again');
    this.task = makeChoice('scene', [], (value) => acts.go(value));
    this.other = makeChoice('other date', [], (value) => acts.compare(value));
    this.compared = make('label', {}, 'Other date ', this.other);
    this.facts = make('p', { class: 'cr-faint' });
    this.status = make('div', { class: 'cr-looks' }, ...STATUSES.map(([status, name, title], at) => make(
      'button', { type: 'button', 'data-status': status, title: `${title} (${at + 1})`, onclick: () => acts.look(status) },
      name)));
    this.title = make('h3', {}, 'Next outline');
    this.kind = makeChoice('kind', Object.keys(KINDS), (value) => acts.word('kind', value));
    this.confidence = makeChoice('confidence', CONFIDENCES, (value) => acts.word('confidence', value));
    this.note = make('input', { name: 'note', placeholder: 'note', 'aria-label': 'note', maxlength: 500, onchange: () => acts.word('note', this.note.value) });
    this.open = make('span', {});
    this.asks = makeAsks(this.open, acts);
    this.curve = make('div', { class: 'cr-growth' });
    this.root.append(this.bar, this.stage, this._panel(acts), this.help,
      make('div', { class: 'cr-foot' }, this.says, this.again, this.saved));
  }

  /** @param {Acts} acts */
  _panel(acts) {
    /** @param {string} name @param {number} by */
    const step = (name, by) => make('button', { type: 'button', title: by > 0 ? 'Next scene (PgDn)' : 'Previous scene (PgUp)',
      onclick: () => acts.step(by) }, name);
    return make('div', { class: 'cr-panel' },
      make('h3', {}, 'Scene'), make('div', { class: 'cr-row' }, step('‹', -1), this.task, step('›', 1)),
      this.facts, this.compared, make('h3', {}, 'What it lets be seen'), this.status,
      this.asks, this.title, make('label', {}, 'Kind ', this.kind), make('label', {}, 'Confidence ', this.confidence), this.note,
      this.curve);
  }
}

/** What settles a proposal. @param {HTMLElement} open @param {Acts} acts */
function makeAsks(open, acts) {
  /** @param {string} what @param {string} name @param {string} key */
  const settle = (what, name, key) => make('button', { type: 'button', 'data-do': what, title: `${name} (${key})`,
    onclick: () => acts.act(what) }, name);
  return make('div', { class: 'cr-asks', hidden: true }, open, settle('accept', 'Accept', 'A'), settle('refuse', 'Refuse', 'Del'));
}

/** The curve of growth: what was observed at each look with its band, in square metres.
 * @param {Grown[]} rows */
export function makeCurve(rows) {
  const seen = rows.flatMap(({ value, ...row }) => (value === null ? [] : { ...row, value }));
  const end = seen.at(-1);
  if (!end) return make('p', { class: 'cr-faint' }, 'Mark a look, and the curve begins.');
  const [width, height, left, foot] = [236, 104, 4, 16];
  const days = seen.map((row) => row.day);
  const [first, last] = [Math.min(...days), Math.max(...days)];
  const most = Math.max(...seen.map((row) => row.hi), 1);
  /** @param {number} day */
  const x = (day) => left + 4 + ((day - first) / Math.max(1, last - first)) * (width - 2 * left - 8);
  /** @param {number} value */
  const y = (value) => height - foot - (value / most) * (height - foot - 14);
  const upper = seen.map((row) => `${x(row.day)},${y(row.hi)}`);
  const lower = seen.map((row) => `${x(row.day)},${y(row.lo)}`).reverse();
  const ns = 'http://www.w3.org/2000/svg';
  /** @param {string} tag @param {Record<string, string | number>} with_ @param {string} [text] */
  const draw = (tag, with_, text = '') => {
    const made = document.createElementNS(ns, tag);
    for (const [name, value] of Object.entries(with_)) made.setAttribute(name, String(value));
    made.textContent = text;
    return made;
  };
  const svg = draw('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', class: 'cr-curve' });
  svg.setAttribute('aria-label', `Built area: ${squareMetres(end.value)} on ${end.t}`);
  svg.append(
    draw('path', { d: `M${left},${height - foot}H${width - left}`, class: 'cr-axis' }),
    draw('polygon', { points: [...upper, ...lower].join(' '), class: 'cr-band' }),
    draw('polyline', { points: seen.map((row) => `${x(row.day)},${y(row.value)}`).join(' '), class: 'cr-line' }),
    ...seen.map((row) => draw('path', { d: `M${x(row.day)},${y(row.lo)}V${y(row.hi)}`, class: 'cr-whisker' })),
    ...seen.map((row) => draw('circle', { cx: x(row.day), cy: y(row.value), r: 2.6, class: 'cr-point' })),
    draw('text', { x: left, y: height - 3 }, seen[0].t),
    ...(seen.length > 1 ? [draw('text', { x: width - left, y: height - 3, 'text-anchor': 'end' }, end.t)] : []),
    draw('text', { x: left, y: 9 }, `${squareMetres(most)}`),
  );
  const range = [end.lo, end.hi].map((value) => WHOLE.format(value)).join('–');
  return make('div', {}, svg, make('p', {}, `${squareMetres(end.value)} [${range}] on `, make('span', { class: 'cr-day' }, end.t)));
}

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
/** @param {number} value */
export const squareMetres = (value) => `${WHOLE.format(value)} m²`;
