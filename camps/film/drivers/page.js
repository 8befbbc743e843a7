// Finds the page's Leaflet maps, sets camera and time through its drivers, and says what the page shows.
// A driver: find(given) → the things it drives; set(thing, ms, given, state) → { wanted, shown } in ms, or null.
const maps = [], drivers = [], decoded = new WeakMap(), looked = new WeakMap();
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
let leaflet, loading_s = 20, shown = [];

Object.defineProperty(window, "L", {
  configurable: true,
  get: () => leaflet,
  set(value) {
    leaflet = value;
    if (!value || !value.Map || !value.Map.addInitHook) return;
    value.Map.addInitHook(function hook() { steady(this); });
    // Plain translations: what is moved by translate3d becomes a layer whose pixels depend on where it was before.
    value.Browser.ie3d = true;
    if (window.filmIcons) Object.assign(value.Icon.Default, { imagePath: "" });
    if (window.filmIcons) value.Icon.Default.mergeOptions(window.filmIcons);
  },
});

function steady(map) {
  Object.assign(map.options, { fadeAnimation: false, zoomAnimation: false, markerZoomAnimation: false });
  map._fadeAnimated = map._zoomAnimated = false;
  map.on("layeradd", ({ layer }) => layer.on && layer.on("tileerror", ({ tile }) => faults.missing.add(tile.src)));
  if (leaflet.TimeDimension && leaflet.TimeDimension.Player) leaflet.TimeDimension.Player.prototype.start = () => {};
  if (leaflet.TimelineSliderControl) leaflet.TimelineSliderControl.prototype.play = () => {};
  maps.push(map);
}

const isoText = (ms) => new real.Date(ms).toISOString().replace("T00:00:00.000Z", "");
const layersOf = (kind) => maps.flatMap((map) => Object.values(map._layers).filter((layer) => layer instanceof kind));
const later = (ms) => new Promise((done) => real.setTimeout(done, ms));

// The place of the last of some times that is not later than an instant.
function lastAt(times, ms) {
  const found = times.reduce((best, time, i) => (time <= ms && (best < 0 || time >= times[best]) ? i : best), -1);
  if (found < 0 && times.length) throw new Error(`the map has nothing for ${isoText(ms)}: its first time is ${isoText(Math.min(...times))}; let the film begin there`);
  if (found < 0) throw new Error("the map's time slider has no times");
  return found;
}

async function arrived(isThere, what) {
  const until = real.now() + loading_s * 1000;
  while (!isThere()) {
    if (real.now() > until) throw new Error(`${what} did not arrive in ${loading_s} s`);
    clock.settle();
    faults.raise();
    await later(5);
  }
}

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

const lateTiles = () => [...document.querySelectorAll(".leaflet-tile:not(.leaflet-tile-loaded)")].map((tile) => tile.src).slice(0, 5).join(", ");

async function whole() {
  await arrived(() => !faults.busy && !layersOf(leaflet.GridLayer).some((layer) => layer._loading), `tiles or data (${lateTiles() || "a request of the map's scripts"})`);
  await pictures();
  await document.fonts.ready;
  faults.raise();
}

async function settled() {
  do await whole(); while (clock.settle());
}

function style(text) {
  const sheet = document.createElement("style");
  sheet.textContent = text;
  document.head.append(sheet);
}

async function drive(state) {
  const ms = Math.round(state.t * 864e5), given = window.filmGiven || {};
  const about = { ...state, day: state.t, date: new real.Date(Math.floor(state.t) * 864e5).toISOString().slice(0, 10) };
  shown = [];
  for (const driver of drivers) for (const thing of driver.find(given)) {
    const told = await driver.set(thing, ms, given, about);
    if (!told) continue;
    if (told.shown !== told.wanted) throw new Error(`the map's ${driver.name} shows ${isoText(told.shown)}, expected ${isoText(told.wanted)}`);
    shown.push(told.shown);
  }
}

window.film = {
  meta: () => ({ n_maps: maps.length, transparent: getComputedStyle(document.body).backgroundColor === "rgba(0, 0, 0, 0)" }),
  isBehind: ({ at }) => clock.isOwn && clock.isBehind((at || 0) * 1000),
  async ready(wait_s) {
    loading_s = wait_s;
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
