// Timeline, with its TimelineSlider or without.
drivers.push({
  name: "timeline",
  find: () => (leaflet.Timeline ? layersOf(leaflet.Timeline) : []),

  set(timeline, ms, given) {
    lastAt(timeline.times, ms);
    // What comes later lies on top, so all of it is laid anew; the slider shows the time where it stays in the picture.
    timeline.clearLayers();
    const slider = (given.sliders || []).map((name) => window[name]).find((one) => one && one.timelines.includes(timeline));
    if (slider) slider.setTime(ms);
    timeline.setTime(ms);
    const found = timeline.getLayers().length;
    const wanted = timeline.ranges.lookup(ms).length;
    if (found !== wanted) throw new Error(`the map's timeline shows ${found} features at ${isoText(ms)}, expected ${wanted}`);
    return { wanted: ms, shown: timeline.time };
  },
});
