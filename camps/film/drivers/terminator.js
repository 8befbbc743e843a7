// Terminator: the line between day and night at the film's instant, not at the moment of filming.
drivers.push({
  name: "terminator",
  // The plugin keeps its class to itself.
  find: () => layersOf(leaflet.Polygon).filter((layer) => layer._sunEclipticPosition),
  set(layer, ms) {
    layer.setTime(new real.Date(ms));
    return { wanted: ms, shown: +new real.Date(layer.options.time) };
  },
});
