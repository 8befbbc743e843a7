// Puts every map where the camera is, and refuses a picture that shows another place, or leaves out what lies in it.
import { leaflet, maps } from "./maps.js";
/** @import { FilmedMap, Layer, Places, Seen } from '../types.d.ts' */

const CLOSE_PX = 2, CLOSE_ZOOM = 1e-6;
/** @type {WeakMap<FilmedMap, string>} */
const looked = new WeakMap();

// A small map in a corner follows its own; every other one is shown where the camera is.
/** @param {FilmedMap} map */
const isApart = (map) => !map.getContainer().parentElement?.closest(".leaflet-container");

/** @param {Seen} seen */
export function look({ lon, lat, zoom }) {
  if (zoom === undefined) return;
  const asked = `${lon} ${lat} ${zoom}`, apart = maps.filter(isApart);
  /** @param {FilmedMap} map */
  const stands = (map) => `${asked} ${map.getCenter()} ${map.getZoom()}`;
  if (apart.every((map) => looked.get(map) === stands(map))) return;
  for (const map of apart) {
    // Without reset Leaflet pans by whole pixels from where it was, and the picture depends on the one before.
    map.options.zoomSnap = 0;
    map.setView([lat, lon], zoom, { animate: false, reset: true });
  }
  for (const map of apart) {
    // A reset leaves what is drawn a part of a pixel beside its place.
    for (const layer of Object.values(map._layers)) if (layer instanceof leaflet.Renderer) layer._update();
    looked.set(map, stands(map));
  }
}

// A map keeps to limits of its own without a word, and what drives it may move it: then the papers of a frame would lie.
/** @param {Seen} seen */
export function requireAsked({ lon, lat, zoom }) {
  if (zoom === undefined) return;
  for (const map of maps.filter(isApart)) {
    const away = map.latLngToContainerPoint([lat, lon]).distanceTo(map.getSize().divideBy(2));
    if (away < CLOSE_PX && Math.abs(map.getZoom() - zoom) < CLOSE_ZOOM) continue;
    const { lat: north, lng: east } = map.getCenter();
    /** @param {number} value */
    const short = (value) => Number(value.toFixed(4));
    throw new Error(`the map shows ${short(east)}, ${short(north)} at zoom ${short(map.getZoom())} where the camera asks for ${short(lon)}, ${short(lat)} at zoom ${short(zoom)}`);
  }
}

// --- across 180° -----------------------------------------------------------------------------------------------------

/** @param {Places} given @returns {given is Places[]} */
const isList = (given) => Array.isArray(given) && typeof given[0] !== "number";
/** @param {Places} given @returns {L.LatLng[]} */
const flat = (given) => (isList(given) ? given.flatMap(flat) : [leaflet.latLng(given)]);
/** @param {Places} given @returns {L.LatLng[][]} */
const rings = (given) => (isList(given) && isList(given[0]) ? given.flatMap(rings) : [flat(given)]);

// What a layer draws, each by itself: a line or ring, or a point of a heat map.
/** @param {Layer} layer @returns {Array<L.LatLng | undefined>[]} */
function parts(layer) {
  // A cluster takes off the map what it thinks is out of sight.
  if (leaflet.MarkerClusterGroup && layer instanceof leaflet.MarkerClusterGroup) return layer.getLayers().flatMap(parts);
  if (layer.getLatLng) return [[layer.getLatLng()]];
  if (!layer._latlngs?.length) return layer._bounds instanceof leaflet.LatLngBounds ? [[layer._bounds.getSouthWest(), layer._bounds.getNorthEast()]] : [];
  return layer instanceof leaflet.Polyline ? rings(layer._latlngs) : flat(layer._latlngs).map((place) => [place]);
}

// Leaflet repeats tiles round the globe, and nothing else: what lies on the other side of 180° would be left out.
export function requireBothSides() {
  for (const map of maps.filter(isApart)) {
    const view = map.getBounds();
    if ((view.getWest() >= -180 && view.getEast() <= 180) || !map.options.crs?.wrapLng) continue;
    const all = Object.values(map._layers).filter((layer) => !(layer instanceof leaflet.GridLayer)).flatMap(parts).filter((part) => part.length).filter((part) => part.every((place) => !!place));
    /** @param {L.LatLngBounds} box @param {number} by */
    const key = (box, by) => [box.getSouth(), box.getWest() + by].map((value) => value.toFixed(6)).join();
    const boxes = all.map((part) => leaflet.latLngBounds(part)), there = new Set(boxes.map((box) => key(box, 0)));
    /** @param {L.LatLngBounds} box @param {number} by */
    const moved = (box, by) => leaflet.latLngBounds([box.getSouth(), box.getWest() + by], [box.getNorth(), box.getEast() + by]);
    const lost = boxes.find((box) => !view.intersects(box) && [-360, 360].some((by) => view.intersects(moved(box, by)) && !there.has(key(box, by))));
    if (lost) throw new Error(`the picture reaches across 180°, and what lies at longitude ${Number(lost.getWest().toFixed(4))} is drawn on its own side only`);
  }
}
