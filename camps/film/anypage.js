// Runs before a page's own scripts: finds its Leaflet maps, stops what moves by itself, and drives time and camera.
"use strict";
window.film = (() => {
  const maps = [];
  const failed = new Set();
  const decoded = new WeakMap();
  const still = ".leaflet-control-zoom { display: none } *, *::before, *::after { transition: none !important; animation: none !important; caret-color: transparent !important }";
  const clear = "html, body, .leaflet-container { background: transparent !important }";
  const LOADING_S = 20;
  let leaflet;
  let day = null;

  function steady(map) {
    Object.assign(map.options, { zoomSnap: 0, fadeAnimation: false, zoomAnimation: false, markerZoomAnimation: false });
    map._fadeAnimated = map._zoomAnimated = false;
    map.on("layeradd", ({ layer }) => layer.on && layer.on("tileerror", ({ tile }) => failed.add(tile.src)));
    if (leaflet.TimeDimension && leaflet.TimeDimension.Player) leaflet.TimeDimension.Player.prototype.start = () => {};
    maps.push(map);
  }

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

  function style(text) {
    const sheet = document.createElement("style");
    sheet.textContent = text;
    document.head.append(sheet);
  }

  const tileLayers = () => maps.flatMap((map) => Object.values(map._layers).filter((layer) => layer instanceof leaflet.GridLayer));

  // A picture that was whole stays so; asking all of a page's markers again for every frame takes longer than drawing them.
  async function pictures() {
    const fresh = [...document.images].filter((image) => image.src && !(image.complete && decoded.get(image) === image.src));
    await Promise.all(fresh.map((image) => image.decode().then(() => decoded.set(image, image.src), () => failed.add(image.src))));
  }

  async function tiles() {
    const until = performance.now() + LOADING_S * 1000;
    while (tileLayers().some((layer) => layer._loading)) {
      if (performance.now() > until) {
        const late = [...document.querySelectorAll(".leaflet-tile:not(.leaflet-tile-loaded)")].map((tile) => tile.src);
        throw new Error(`tiles did not arrive in ${LOADING_S} s: ${late.slice(0, 5).join(", ")}`);
      }
      await new Promise((done) => setTimeout(done, 5));
    }
  }

  async function whole() {
    await tiles();
    await pictures();
    await document.fonts.ready;
    if (failed.size) throw new Error(`missing: ${[...failed].slice(0, 5).join(", ")}`);
  }

  function look({ lon, lat, zoom }) {
    if (zoom !== undefined && zoom !== null) maps[0].setView([lat, lon], zoom, { animate: false });
  }

  function seek(state) {
    day = state.t;
    const date = new Date(Math.floor(day) * 864e5).toISOString().slice(0, 10);
    for (const map of maps) if (map.timeDimension) map.timeDimension.setCurrentTime(day * 864e5);
    for (const slider of window.filmSliders || []) slide(slider);
    if (window.camps && window.camps.page) window.camps.page.set({ t: day, mode: state.mode, lang: state.lang, look: state.look });
    for (const drive of window.filmDrives || []) drive(maps[0], day, date);
  }

  // A choropleth slider shows the last of its times that is not later than the day.
  function slide({ id, days }) {
    const input = document.querySelector(`#slider_${id} > input`);
    if (!input) throw new Error(`the slider of ${id} is not on the page`);
    const passed = days.filter((stop) => stop <= day).length;
    input.value = Math.max(0, passed - 1);
    input.dispatchEvent(new Event("input"));
  }

  return {
    meta: () => ({ n_maps: maps.length, transparent: getComputedStyle(document.body).backgroundColor === "rgba(0, 0, 0, 0)" }),
    async ready() {
      if (!maps.length) throw new Error("there is no Leaflet map on this page, or its script did not arrive");
      style(still);
      await whole();
    },
    async show(state) {
      if (state.background === "transparent" && !document.documentElement.dataset.clear) {
        document.documentElement.dataset.clear = "yes";
        style(clear);
      }
      look(state);
      seek(state);
      await whole();
    },
    describe() {
      return { date_shown: new Date(Math.floor(day) * 864e5).toISOString().slice(0, 10) };
    },
  };
})();
