// TimestampedGeoJson, HeatMapWithTime and TimestampedWmsTileLayers: what a map's time dimension shows.
import { arrived } from "./arrival.js";
import { real } from "./clock.js";
import { isoText, lastAt, leaflet, maps } from "./maps.js";
/** @import { Driver, FilmedMap, TimeDimension, TimedFeatures, TimedLayer } from '../types.d.ts' */

/** @type {Driver<TimeDimension>} */
export const timeSliders = {
  name: "time slider",
  find: () => maps.map(({ timeDimension }) => timeDimension).filter((one) => !!one),

  async set(dimension, ms, { given }) {
    const layers = dimension._syncedLayers;
    if (!layers.length) return null;
    const steps = (given.steps || []).find(({ map }) => /** @type {FilmedMap | undefined} */ (Reflect.get(window, map))?.timeDimension === dimension);
    const features = steps ? [] : layers.filter(isFeatures);
    if (features.length === layers.length) return exact(dimension, features, ms);
    await arrived(() => dimension.getAvailableTimes().length, "the times of the map's time slider");
    const times = dimension.getAvailableTimes();
    const days = steps ? steps.times : times;
    const index = lastAt(days, ms);
    layers.forEach(alwaysTimed);
    dimension.setCurrentTimeIndex(index);
    await arrived(() => !dimension.isLoading(), `the map's time slider at ${isoText(days[index])}`);
    for (const layer of layers) layer._update();
    return { wanted: days[index], shown: days[times.indexOf(shownBy(dimension, layers))] };
  },
};

/** @param {TimedLayer} layer @returns {layer is TimedFeatures} */
const isFeatures = (layer) => !!leaflet.TimeDimension && layer instanceof leaflet.TimeDimension.Layer.GeoJson;

// The plugin sorts times as text and shows steps that it counts from the first; the film asks for its instant itself.
/** @param {TimeDimension} dimension @param {TimedFeatures[]} layers @param {number} ms */
function exact(dimension, layers, ms) {
  const times = layers.flatMap((layer) => layer._baseLayer.getLayers().flatMap((one) => (one.feature ? layer._getFeatureTimes(one.feature) : [])));
  for (const layer of layers) for (const one of layer._baseLayer.getLayers()) requireOrder(layer._getFeatureTimes(one.feature || {}));
  lastAt(times, ms);
  for (const layer of layers) if (!layer._duration) layer._getFeatureBetweenDates = sinceEver;
  Object.assign(dimension, { _availableTimes: [ms], _lowerLimit: undefined, _upperLimit: undefined });
  dimension.setCurrentTimeIndex(0);
  return { wanted: ms, shown: dimension.getCurrentTime() };
}

// Without a duration the plugin begins at 1970.
/** @this {TimedFeatures} @param {object} feature @param {number} _from @param {number} to */
function sinceEver(feature, _from, to) {
  return leaflet.TimeDimension?.Layer.GeoJson.prototype._getFeatureBetweenDates.call(this, feature, -Infinity, to);
}

/** @param {number[]} times */
function requireOrder(times) {
  if (times.some(Number.isNaN)) throw new Error("a feature of the map's TimestampedGeoJson has a time that is none; write times as 2017-07-02");
  if (times.some((time, i) => i && time < times[i - 1])) throw new Error("a feature of the map's TimestampedGeoJson has its times out of order; sort them, with their coordinates");
}

// For the server's own time the plugin asks for tiles of no time; the film asks for each by its time.
/** @param {TimedLayer} layer */
function alwaysTimed(layer) {
  const { _baseLayer: tiles } = layer;
  if (!tiles.wmsParams) return;
  layer._defaultTime = -1;
  tiles.hide();
}

// The time of the tiles or heat that are shown, as each layer has it, and not as it was asked.
/** @param {TimeDimension} dimension @param {TimedLayer[]} layers */
function shownBy(dimension, layers) {
  const heat = layers.map((layer) => layer._currentLoadedTime).find((time) => time !== undefined);
  const tiles = layers.map((layer) => layer._currentLayer?.wmsParams?.time).find((time) => time);
  return heat ?? (tiles ? real.Date.parse(tiles) : dimension.getCurrentTime());
}
