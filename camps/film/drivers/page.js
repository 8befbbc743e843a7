// Sets camera and time of a page's maps through its drivers, and says what the page shows.
import { LEAD_MS, clock, real } from "./clock.js";
import { faults } from "./faults.js";
import { moving } from "./moving.js";
import { isoText, maps } from "./maps.js";
import { patience, settled } from "./arrival.js";
import { look, requireAsked, requireBothSides } from "./camera.js";
import { timeSliders } from "./timedimension.js";
import { timelines } from "./timeline.js";
import { choropleths } from "./choropleth.js";
import { terminators } from "./terminator.js";
import { mapsOfDates, ours, scripts } from "./scripts.js";
/** @import { Driver, Film, State } from '../types.d.ts' */

const still = "*, *::before, *::after { transition: none !important; animation-play-state: paused !important; caret-color: transparent !important; will-change: auto !important }";
const clear = "html, body, .leaflet-container { background: transparent !important }";
// What people press, drag and type into; it stays in the picture only where it is asked for.
const FURNITURE = [
  ".leaflet-bar.leaflet-control", ".leaflet-control-layers", ".leaflet-control-timecontrol", ".leaflet-timeline-controls",
  ".leaflet-draw", ".leaflet-control-search", ".leaflet-control-geocoder", ".leaflet-control-measure", ".leaflet-control-mouseposition",
  ".leaflet-pm-toolbar", ".leaflet-control-locate", ".tag-filter-tags-container", ".easy-button-container", ".leaflet-control-minimap-toggle-display",
  ".leaflet-control-minimap a", ".leaflet-sbs-range", "[id^=slider_]:has(> output + input[type=range])", "#export", "img[id^=scroll_zoom_toggler_]",
];
const NO_ZOOM = ".leaflet-control-zoom { display: none !important }";
const heldStyles = document.documentElement.appendChild(document.createElement("style"));
heldStyles.textContent = still;
/** @type {Driver<unknown>[]} in their order */
const drivers = [timeSliders, timelines, choropleths, terminators, scripts, mapsOfDates, ours];
/** @type {number[]} */
let shown = [];

/** @param {string} text */
function style(text) {
  const sheet = document.createElement("style");
  sheet.textContent = text;
  document.head.append(sheet);
}

/** @param {State} state */
async function drive(state) {
  const ms = Math.round(state.t * 864e5), given = window.filmGiven || {};
  const about = { ...state, given, day: state.t, date: new real.Date(Math.floor(state.t) * 864e5).toISOString().slice(0, 10) };
  shown = [];
  for (const driver of drivers) for (const thing of driver.find(given)) {
    const told = await driver.set(thing, ms, about);
    if (!told) continue;
    if (told.shown !== told.wanted) throw new Error(`the map's ${driver.name} shows ${isoText(told.shown)}, expected ${isoText(told.wanted)}`);
    shown.push(told.shown);
  }
}

/** @type {Film} */
window.film = {
  meta: () => ({ n_maps: maps.length, transparent: getComputedStyle(document.body).backgroundColor === "rgba(0, 0, 0, 0)" }),
  isBehind: ({ at }) => clock.isOwn && clock.isBehind((at || 0) * 1000),
  async ready(wait_s) {
    patience.wait_s = wait_s;
    faults.raise();
    if (!maps.length) throw new Error("there is no Leaflet map on this page, or its script did not arrive");
    style(NO_ZOOM + (window.filmFurniture ? "" : `${FURNITURE.join(", ")} { display: none !important }`));
    clock.open();
    await settled();
  },
  async show(state) {
    if (state.background === "transparent" && !document.documentElement.dataset.clear) {
      document.documentElement.dataset.clear = "yes";
      style(clear);
    }
    const at_ms = (state.at || 0) * 1000;
    look(state);
    await drive(state);
    clock.turn(at_ms);
    await settled();
    await moving.turn(at_ms + LEAD_MS);
    await settled();
    requireAsked(state);
    requireBothSides();
  },
  // The date on the picture, as its drivers read it back; of several the latest, and none where the map has no time.
  describe: () => ({ date_shown: shown.length ? isoText(Math.max(...shown)).slice(0, 10) : null }),
};
