// Terminator: the line between day and night at the film's instant, not at the moment of filming.
drivers.push({
  name: "terminator",
  find: () => (leaflet.Terminator ? layersOf(leaflet.Terminator) : []),
  set(layer, ms) {
    layer.setTime(new real.Date(ms));
    return { wanted: ms, shown: +new real.Date(layer.options.time) };
  },
});
