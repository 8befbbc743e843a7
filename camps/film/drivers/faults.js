// What goes wrong on the page, gathered to be quoted: errors, broken promises, console errors, what did not arrive.
import { real } from "./clock.js";

export const faults = (() => {
  /** @type {Set<string>} */
  const said = new Set();
  /** @type {Set<string>} */
  const missing = new Set();
  let busy = 0;

  /** @param {Partial<Error> | null | undefined} what */
  const text = (what) => String(what?.message || what?.toString?.() || what).split("\n")[0].slice(0, 300);

  window.addEventListener("error", (event) => {
    if (event.target instanceof Element) missing.add(address(event.target));
    else said.add(text(event.error || event.message));
  }, true);
  window.addEventListener("unhandledrejection", (event) => said.add(text(event.reason)));
  const plain = console.error.bind(console);
  console.error = (...words) => {
    said.add(words.map(text).join(" "));
    plain(...words);
  };

  // Of an element of SVG, `href` is no text.
  /** @param {Element & { currentSrc?: string, src?: string, href?: string | SVGAnimatedString }} element */
  const address = ({ currentSrc, src, href, tagName }) => currentSrc || src || (typeof href === "object" ? href.baseVal : href) || tagName;

  // Requests that are under way: the picture waits for them, and for what the page does with their answers.
  const over = () => real.setTimeout(() => { busy -= 1; }, 0);
  /** @template {unknown[]} Given @template Answer @param {(...given: Given) => Promise<Answer>} plainly */
  const counted = (plainly) =>
    /** @this {unknown} @param {Given} given */
    function waited(...given) {
      busy += 1;
      return plainly.apply(this, given).finally(over);
    };
  window.fetch = counted(window.fetch);
  const { arrayBuffer, blob, formData, json, text: plainText } = Response.prototype;
  const read = { arrayBuffer: counted(arrayBuffer), blob: counted(blob), formData: counted(formData), json: counted(json), text: counted(plainText) };
  Object.assign(Response.prototype, read);
  const open = XMLHttpRequest.prototype.open;
  /** @this {XMLHttpRequest} @param {string} method @param {string | URL} url @param {unknown[]} more */
  XMLHttpRequest.prototype.open = function named(method, url, ...more) {
    this.addEventListener("error", () => missing.add(String(new URL(url, location.href))));
    return Reflect.apply(open, this, [method, url, ...more]);
  };
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function waited(...body) {
    busy += 1;
    this.addEventListener("loadend", over);
    return send.apply(this, body);
  };

  return {
    missing,
    /** @param {Partial<Error>} error */
    tell: (error) => said.add(text(error)),
    get busy() { return busy > 0; },
    raise() {
      const told = [];
      if (said.size) told.push(`the map's page says: ${[...said].slice(0, 3).join(" | ")}`);
      if (missing.size) told.push(`missing: ${[...missing].slice(0, 5).join(", ")}`);
      if (told.length) throw new Error(told.join("; "));
    },
  };
})();
