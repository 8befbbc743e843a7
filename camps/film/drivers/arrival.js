// Waits until all that a picture needs is there: data, tiles, pictures, fonts.
import { clock, real } from "./clock.js";
import { faults } from "./faults.js";
import { layersOf, leaflet } from "./maps.js";
import { moving } from "./moving.js";

/** @type {WeakMap<HTMLImageElement, string>} */
const decoded = new WeakMap();

/** @param {number} ms */
const later = (ms) => new Promise((done) => real.setTimeout(done, ms));

export const patience = { wait_s: 20 };

/** @param {() => unknown} isThere @param {string} what */
export async function arrived(isThere, what) {
  const until = real.now() + patience.wait_s * 1000;
  while (!isThere()) {
    if (real.now() > until) throw new Error(`${what} did not arrive in ${patience.wait_s} s`);
    clock.settle();
    faults.raise();
    await later(5);
  }
}

/** @param {HTMLImageElement} image */
async function picture(image) {
  try {
    await image.decode();
  } catch {
    return void (image.isConnected && faults.missing.add(image.src));
  }
  await moving.hold(image).then(() => image.decode()).then(() => decoded.set(image, image.src), faults.tell);
}

// A picture that was whole stays so; asking all of a page's markers again for every frame takes longer than drawing them.
async function pictures() {
  const fresh = [...document.images].filter((image) => image.src && image.loading !== "lazy" && !(image.complete && decoded.get(image) === image.src));
  let done = !fresh.length;
  Promise.all(fresh.map(picture)).then(() => { done = true; });
  await arrived(() => done, `pictures (${fresh.filter((image) => !image.complete).slice(0, 5).map(({ src }) => src.slice(0, 200)).join(", ")})`);
}

/** @type {() => NodeListOf<HTMLImageElement>} */
const late = () => document.querySelectorAll(".leaflet-tile:not(.leaflet-tile-loaded)");
const lateTiles = () => [...late()].map((tile) => tile.src).slice(0, 5).join(", ");

async function whole() {
  await arrived(() => !faults.busy && !layersOf(leaflet.GridLayer).some((layer) => layer._loading), `tiles or data (${lateTiles() || "a request of the map's scripts"})`);
  await pictures();
  await document.fonts.ready;
  faults.raise();
}

export async function settled() {
  do await whole(); while (clock.settle());
}
