// TimeSliderChoropleth: the last of its times that is not later than the day.
import { lastAt } from "./maps.js";
/** @import { Choropleth, Driver, Features } from '../types.d.ts' */

/** @type {Driver<Choropleth>} */
export const choropleths = {
  name: "choropleth slider",
  find: (given) => given.choropleths || [],

  set(choropleth, ms) {
    const { id, days, order } = choropleth;
    /** @type {HTMLInputElement | null} */
    const input = document.querySelector(`#slider_${id} > input`);
    if (!input) throw new Error(`the slider of ${id} is not on the page`);
    /** @type {Features | undefined} */
    const features = Reflect.get(window, id);
    if (!features?._map) return null;
    const times = days.map((day) => day * 864e5);
    const index = lastAt(times, ms);
    const place = order.indexOf(index);
    // A feature without a style for a time keeps the one before: it is gone through from the first, in order.
    if (choropleth.at === undefined || choropleth.at > place) {
      features.eachLayer(({ _path }) => { _path.setAttribute("fill", "white"); _path.style.fillOpacity = "0"; });
      choropleth.at = -1;
    }
    while (choropleth.at < place) {
      choropleth.at += 1;
      input.value = String(order[choropleth.at]);
      input.dispatchEvent(new Event("input"));
    }
    return { wanted: times[index], shown: times[Number(input.value)] };
  },
};
