// Shows any page in a frame of exactly the picture's size, and below it a strip that says which state is on screen.
// The strip is part of the same picture: a screenshot that holds the number of a state holds that state.

/** @import { State } from './types.d.ts' */

const MARK = { blocks: 24, side: 40 };
export const frame = document.createElement("iframe");
const mark = document.createElement("canvas");
/** @type {string | null} */
let shown = null; // the page in the frame, once it is ready
/** @type {unknown} */
let held = null; // what answers for it

/** @param {number} width @param {number} height */
export function measure(width, height) {
  frame.width = String(width);
  frame.height = String(height);
}

/** @param {number} width @param {number} height */
function lay(width, height) {
  measure(width, height);
  mark.width = MARK.blocks * MARK.side;
  mark.height = MARK.side;
  document.body.append(frame, mark);
}

/** @param {string} name @param {number} wait_s */
function load(name, wait_s) {
  [shown, held] = [null, null];
  return new Promise((done, late) => {
    frame.onload = done;
    frame.src = `page/${name}`;
    setTimeout(() => late(new Error(`the page did not load in ${wait_s} s`)), wait_s * 1000);
  });
}

function film() {
  const inside = frame.contentWindow?.film;
  if (!inside || (held && inside !== held)) throw new Error("the map's page has gone to another address, which cannot be filmed; take out of it what sets location");
  return inside;
}

/** @param {number} value */
function number(value) {
  const context = mark.getContext("2d");
  if (!context) throw new Error("the browser gives nothing to draw the strip with");
  for (let block = 0; block < MARK.blocks; block++) {
    context.fillStyle = (value >> block) & 1 ? "#fff" : "#000";
    context.fillRect(block * MARK.side, 0, MARK.side, MARK.side);
  }
}

// What a stage asks of a page, here of the one in the frame.
export const camps = {
  meta: {},
  lay,
  wait_s: 0,
  /** @param {string} name @param {number} wait_s */
  async ready(name, wait_s) {
    this.wait_s = wait_s;
    await load(name, wait_s);
    await film().ready(wait_s);
    [shown, held] = [name, film()];
    Object.assign(this.meta, film().meta());
  },
  /** @param {State} state */
  async show(state) {
    if (state.page !== shown || film().isBehind(state)) await this.ready(state.page, this.wait_s);
    await film().show(state);
  },
  /** @param {State} state */
  async setFrame(state) {
    await this.show(state);
    number(state.mark);
  },
  // Whether what was drawn is still there: a page that left may have done so before its picture was taken.
  stay: () => void film(),
  describe: () => film().describe(),
};
Object.assign(window, { camps });
