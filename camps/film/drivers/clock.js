// The page's own time, held still and moved only by the film: timers, animation frames, dates, and chance.
// The page is opened a second before the first frame, so that what it does upon opening is done by then.
export const LEAD_MS = 1000;
const TICK_MS = 10, NESTED_MS = 4, PROMPT_MS = 500, DEEPEST = 10, MOST_TASKS = 200000;
export const real = {
  setTimeout: window.setTimeout.bind(window),
  now: performance.now.bind(performance),
  Date: window.Date,
};

/** @typedef {{ run: () => void, due: number, every: number | null, prompt: boolean, depth: number }} Task */

export const clock = (() => {
  /** @type {Map<number, Task>} */
  const tasks = new Map();
  let now = 0, last = 0, deepest = 0, moving = false, opened = false, ownTime = false;

  /** @param {() => void} run @param {number} [delay] @param {{ every?: number | null, due?: number | null }} [times] */
  function add(run, delay, { every = null, due = null } = {}) {
    const wait = Math.max(deepest > 5 ? NESTED_MS : 0, Number(delay) || 0);
    // What a state sets off is done before its picture is taken; what the page does by itself waits for its time.
    const prompt = opened && !moving && every === null && wait <= PROMPT_MS && deepest < DEEPEST;
    tasks.set(++last, { run, due: due ?? now + wait, every, prompt, depth: deepest + 1 });
    return last;
  }

  /** @param {number} id @param {Task} task */
  function perform(id, task) {
    if (task.every === null) tasks.delete(id);
    else task.due += task.every;
    deepest = task.depth;
    try {
      task.run();
    } catch (error) {
      reportError(error);
    } finally {
      deepest = 0;
    }
  }

  /** @param {(task: Task) => boolean} wanted */
  const next = (wanted) => {
    let found = null;
    for (const entry of tasks) if (wanted(entry[1]) && (!found || entry[1].due < found[1].due)) found = entry;
    return found;
  };

  /** @param {number} to */
  function advance(to) {
    moving = true;
    let count = 0;
    for (let found = next(({ due }) => due <= to); found; found = next(({ due }) => due <= to)) {
      if (++count > MOST_TASKS) throw new Error(`the map's own timers never rest: more than ${MOST_TASKS} before a frame`);
      now = Math.max(now, found[1].due);
      ownTime ||= opened;
      perform(...found);
    }
    now = to;
    moving = false;
  }

  /** @param {TimerHandler} what @param {unknown[]} rest */
  // biome-ignore lint/security/noGlobalEval: what a page gives as text is run as a browser runs it
  const runText = (what, rest) => (typeof what === "function" ? () => what.call(window, ...rest) : () => window.eval(String(what)));
  window.setTimeout = (what, delay, ...rest) => add(runText(what, rest), delay);
  window.setInterval = (what, delay, ...rest) => add(runText(what, rest), delay, { every: Math.max(NESTED_MS, Number(delay) || 0) });
  window.clearTimeout = window.clearInterval = window.cancelAnimationFrame = window.cancelIdleCallback = (/** @type {number | undefined} */ id) => void tasks.delete(Number(id));
  window.requestAnimationFrame = (what) => add(() => what(now), 0, { due: (Math.floor(now / TICK_MS) + 1) * TICK_MS });
  window.requestIdleCallback = (what) => add(() => what({ didTimeout: false, timeRemaining: () => 50 }), 1);
  performance.now = () => now;

  const stamp = () => BEGAN_MS - LEAD_MS + now;
  window.Date = new Proxy(real.Date, {
    construct: (target, given, asked) => Reflect.construct(target, given.length ? given : [stamp()], asked === window.Date ? target : asked),
    apply: () => new real.Date(stamp()).toString(),
    get: (target, name) => (name === "now" ? stamp : Reflect.get(target, name)),
  });
  real.Date.prototype.constructor = window.Date;

  let seed = 1;
  // Park and Miller's generator: the same chance every time.
  Math.random = () => {
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647;
  };

  return {
    get now() { return now; },
    // Whether the page has a time of its own, so that going back means opening it anew.
    get isOwn() { return ownTime || [...tasks.values()].some(({ prompt }) => !prompt); },
    open() {
      advance(LEAD_MS);
      opened = true;
    },
    /** @param {number} at_ms */
    turn(at_ms) {
      const to = LEAD_MS + at_ms;
      if (to < now) now = to;
      else advance(to);
    },
    /** @param {number} at_ms */
    isBehind: (at_ms) => LEAD_MS + at_ms < now,
    // Does what the state has set off, and says whether there was any of it.
    settle() {
      let any = false;
      for (let found = next(({ prompt }) => prompt); found; found = next(({ prompt }) => prompt)) {
        any = true;
        perform(...found);
      }
      return any;
    },
  };
})();
