// Elements of a page.

/** @typedef {string | number | boolean | null | undefined | EventListener} Attribute */

/** @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, Attribute>} [attributes] @param {Array<Node | string | null>} children */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, String(value));
  }
  // Text goes in as text nodes only: nothing that came from data is ever parsed as markup.
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** @param {Element} root @param {string} selector */
export function partOf(root, selector) {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`camps: the page holds no ${selector}`);
  return found;
}
