// Terminator: the line between day and night at the film's instant, not at the moment of filming.
import { real } from "./clock.js";
import { layersOf, leaflet } from "./maps.js";
/** @import { Driver, Layer, Terminator } from '../types.d.ts' */

// The plugin keeps its class to itself.
/** @param {Layer} layer @returns {layer is Terminator} */
const isTerminator = (layer) => "_sunEclipticPosition" in layer;

/** @type {Driver<Terminator>} */
export const terminators = {
  name: "terminator",
  find: () => layersOf(leaflet.Polygon).filter(isTerminator),
  set(layer, ms) {
    layer.setTime(new real.Date(ms));
    return { wanted: ms, shown: +new real.Date(layer.options.time) };
  },
};
