// TimestampedGeoJson, HeatMapWithTime and TimestampedWmsTileLayers: what a map's time dimension shows.
drivers.push({
  name: "time slider",
  find: () => maps.filter((map) => map.timeDimension).map((map) => map.timeDimension),

  async set(dimension, ms, given) {
    const layers = dimension._syncedLayers;
    if (!layers.length) return null;
    const steps = (given.steps || []).find(({ map }) => window[map] && window[map].timeDimension === dimension);
    if (!steps && layers.every((layer) => layer instanceof leaflet.TimeDimension.Layer.GeoJson)) return exact(dimension, layers, ms);
    await arrived(() => dimension.getAvailableTimes().length, "the times of the map's time slider");
    const times = dimension.getAvailableTimes();
    const days = steps ? steps.times : times;
    const index = lastAt(days, ms);
    for (const layer of layers.filter((one) => one._baseLayer.wmsParams)) alwaysTimed(layer);
    dimension.setCurrentTimeIndex(index);
    await arrived(() => !dimension.isLoading(), `the map's time slider at ${isoText(days[index])}`);
    for (const layer of layers) layer._update();
    return { wanted: days[index], shown: days[times.indexOf(shownBy(dimension, layers))] };
  },
});

// The plugin sorts times as text and shows steps that it counts from the first; the film asks for its instant itself.
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
function sinceEver(feature, from, to) {
  return leaflet.TimeDimension.Layer.GeoJson.prototype._getFeatureBetweenDates.call(this, feature, -Infinity, to);
}

function requireOrder(times) {
  if (times.some(Number.isNaN)) throw new Error("a feature of the map's TimestampedGeoJson has a time that is none; write times as 2017-07-02");
  if (times.some((time, i) => i && time < times[i - 1])) throw new Error("a feature of the map's TimestampedGeoJson has its times out of order; sort them, with their coordinates");
}

// For the server's own time the plugin asks for tiles of no time; the film asks for each by its time.
function alwaysTimed(layer) {
  layer._defaultTime = -1;
  layer._baseLayer.hide();
}

// The time of the tiles or heat that are shown, as each layer has it, and not as it was asked.
function shownBy(dimension, layers) {
  const heat = layers.find((layer) => "_currentLoadedTime" in layer);
  if (heat) return heat._currentLoadedTime;
  const tiled = layers.find((layer) => layer._currentLayer && layer._currentLayer.wmsParams && layer._currentLayer.wmsParams.time);
  return tiled ? real.Date.parse(tiled._currentLayer.wmsParams.time) : dimension.getCurrentTime();
}
