// Timeline, with its TimelineSlider or without.
import { isoText, lastAt, layersOf, leaflet } from "./maps.js";
/** @import { Driver, Timeline, TimelineSlider } from '../types.d.ts' */

/** @type {Driver<Timeline>} */
export const timelines = {
  name: "timeline",
  find: () => (leaflet.Timeline ? layersOf(leaflet.Timeline) : []),

  set(timeline, ms, { given }) {
    lastAt(timeline.times, ms);
    // What comes later lies on top, so all of it is laid anew; the slider shows the time where it stays in the picture.
    timeline.clearLayers();
    /** @type {Array<TimelineSlider | undefined>} */
    const sliders = (given.sliders || []).map((name) => Reflect.get(window, name));
    sliders.find((slider) => slider?.timelines.includes(timeline))?.setTime(ms);
    timeline.setTime(ms);
    const found = timeline.getLayers().length;
    const wanted = timeline.ranges.lookup(ms).length;
    if (found !== wanted) throw new Error(`the map's timeline shows ${found} features at ${isoText(ms)}, expected ${wanted}`);
    return { wanted: ms, shown: timeline.time };
  },
};
