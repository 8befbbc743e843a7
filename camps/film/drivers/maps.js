// Finds the page's Leaflet maps, and what is on them.
import { real } from "./clock.js";
import { faults } from "./faults.js";
/** @import { FilmedMap, Layer, Leaflet, Kind } from '../types.d.ts' */

/** @type {FilmedMap[]} */
export const maps = [];
/** @type {Leaflet} what made them; there as soon as there is one */
export let leaflet;
/** @type {unknown} what the page has put there, and may take away */
let named;

Object.defineProperty(window, "L", {
  configurable: true,
  get: () => named,
  set(value) {
    named = value;
    if (!value?.Map?.addInitHook) return;
    leaflet = value;
    leaflet.Map.addInitHook(function hook() { steady(this); });
    // Plain translations: what is moved by translate3d becomes a layer whose pixels depend on where it was before.
    leaflet.Browser.ie3d = true;
    if (window.filmIcons) Object.assign(leaflet.Icon.Default, { imagePath: "" });
    if (window.filmIcons) leaflet.Icon.Default.mergeOptions(window.filmIcons);
  },
});

/** @param {FilmedMap} map */
function steady(map) {
  Object.assign(map.options, { fadeAnimation: false, zoomAnimation: false, markerZoomAnimation: false });
  map._fadeAnimated = map._zoomAnimated = false;
  map.on("layeradd", ({ layer }) => layer.on?.("tileerror", ({ tile }) => faults.missing.add(tile.src)));
  if (leaflet.TimeDimension?.Player) leaflet.TimeDimension.Player.prototype.start = () => {};
  if (leaflet.TimelineSliderControl) leaflet.TimelineSliderControl.prototype.play = () => {};
  maps.push(map);
}

/** @template {Layer} Found @param {Kind<Found>} kind @returns {Found[]} */
export const layersOf = (kind) => maps.flatMap((map) => Object.values(map._layers).flatMap((layer) => (layer instanceof kind ? [layer] : [])));

/** @param {number} ms */
export const isoText = (ms) => new real.Date(ms).toISOString().replace("T00:00:00.000Z", "");

// The place of the last of some times that is not later than an instant.
/** @param {number[]} times @param {number} ms */
export function lastAt(times, ms) {
  const found = times.reduce((best, time, i) => (time <= ms && (best < 0 || time >= times[best]) ? i : best), -1);
  if (found < 0 && times.length) throw new Error(`the map has nothing for ${isoText(ms)}: its first time is ${isoText(Math.min(...times))}; let the film begin there`);
  if (found < 0) throw new Error("the map's time slider has no times");
  return found;
}
