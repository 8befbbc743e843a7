// Maps that say themselves what they show: driven by a script, made for one date, or ours with layers of others.
import { real } from "./clock.js";
import { maps } from "./maps.js";
/** @import { Drive, Driver } from '../types.d.ts' */
/** @import { Page } from '../../maps/js/page.js' */

/** @type {Driver<Drive>} */
export const scripts = {
  name: "drive",
  find: () => window.filmDrives || [],
  set(drive, ms, { day, date }) {
    const told = drive(maps[0], day, date);
    // What a script says that it shows is what the frame shows.
    if (typeof told !== "string") return { wanted: ms, shown: ms };
    const shown = real.Date.parse(told);
    if (Number.isNaN(shown)) throw new Error(`the map's drive says that it shows “${told}”, which is no date; return one such as 2017-07-02, or nothing`);
    return { wanted: shown, shown };
  },
};

/** @type {Driver<string>} */
export const mapsOfDates = {
  name: "map of a date",
  find: () => (window.filmDate ? [window.filmDate] : []),
  set: (date) => ({ wanted: real.Date.parse(date), shown: real.Date.parse(date) }),
};

/** @type {Driver<Page>} */
export const ours = {
  name: "camps",
  find: () => (window.camps?.page ? [window.camps.page] : []),
  set(page, _ms, { day, mode, lang, look }) {
    page.set({ t: day, mode, lang, look });
    return { wanted: day * 864e5, shown: page.state.t * 864e5 };
  },
};
