// Maps that say themselves what they show: driven by a script, made for one date, or ours with layers of others.
drivers.push({
  name: "drive",
  find: () => window.filmDrives || [],
  set(drive, ms, given, { day, date }) {
    const told = drive(maps[0], day, date);
    // What a script says that it shows is what the frame shows.
    if (typeof told !== "string") return { wanted: ms, shown: ms };
    const shown = real.Date.parse(told);
    if (Number.isNaN(shown)) throw new Error(`the map's drive says that it shows “${told}”, which is no date; return one such as 2017-07-02, or nothing`);
    return { wanted: shown, shown };
  },
});
drivers.push({
  name: "map of a date",
  find: () => (window.filmDate ? [window.filmDate] : []),
  set: (date) => ({ wanted: real.Date.parse(date), shown: real.Date.parse(date) }),
});
drivers.push({
  name: "camps",
  find: () => (window.camps && window.camps.page ? [window.camps.page] : []),
  set(page, ms, given, { day, mode, lang, look }) {
    page.set({ t: day, mode, lang, look });
    return { wanted: day * 864e5, shown: page.frame().t * 864e5 };
  },
});
