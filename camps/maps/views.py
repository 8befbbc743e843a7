"""The maps themselves: tables in, a folium map out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from camps import catalogue, change, record, settings, sources, style
from camps import footprints as footprints_room
from camps.dates import clock_day, iso_day, precision
from camps.errors import Fault, InputError, raise_faults
from camps.footprints import FootprintSeries
from camps.maps import outlines, page, payload
from camps.maps.scenes import scene_entries
from camps.tables import LEVELS
from camps.timeline import Mode, lives, observed_dates, stops
from camps.timeline.clock import require_mode
from camps.timeline.state import with_closing

Title = str | dict[str, str] | None

#: First day of the first era's map, and the last one shown when nothing ends later.
_LAST_YEAR_OF_ERAS = 2025
_SITE_NEEDS = ("site_id", "lon", "lat", "lon_published", "lat_published", "r95_m", "system", "source_id")


def site_map(
    sites: gpd.GeoDataFrame | None = None,
    *,
    by: str = "system",
    cluster: bool = True,
    lang: str = "en",
    look: str = "dark",
    title: Title = None,
    subtitle: Title = None,
    relief: bool = True,
    online: bool = False,
) -> page.CampsMap:
    """Return a map of published sites with what is known of each in a popup.

    Parameters
    ----------
    sites
        The "site" table, EPSG:4326; the record's lists by default.
    by
        The column that colour and shape stand for, such as ``system`` or ``tier``.
    cluster
        Draw sites that would overlap as one symbol that says how many.
    lang, look, title, subtitle, relief, online
        As for :func:`growth_map`.

    Raises
    ------
    InputError
        For an unknown language, look or class, or missing columns.
    """
    _require_choice(lang, look)
    table = _sites(sites)
    ids, classes = _grouped(table, by)
    entries = payload.site_entries(table, ids)
    payload.rank_labels(entries, payload.RADIUS_OF_ONE)
    meta = _meta("sites", table, [], title=title, subtitle=subtitle, lang=lang, look=look, mode="observed", credits=[])
    meta |= {"precision": "none", "measure": None, "legend": _legend(by), "key_step_days": 1}
    content = _content("sites", entries, meta, relief=relief) | {
        "classes": classes,
        "marks": [],
        "options": _options(fixed_radius=7.5, cluster=cluster, label_zoom=6.5),
    }
    return page.CampsMap(content, online=online)


def growth_map(
    sites: gpd.GeoDataFrame | None = None,
    counts: pd.DataFrame | None = None,
    *,
    mode: Mode = "observed",
    lang: str = "en",
    look: str = "dark",
    title: Title = None,
    subtitle: Title = None,
    relief: bool = True,
    online: bool = False,
) -> page.CampsMap:
    """Return a map of counts that grow over time, with a time slider.

    Parameters
    ----------
    sites
        The "site" table, EPSG:4326; by default the record's sites that have a row of counts.
    counts
        A "series" table of one metric, ``unit`` = site_id; by default what the record's lists count of buildings.
    mode
        How the time between counts is shown: ``observed``, ``bracket`` or ``illustrative`` (METHOD 6).
    lang
        ``en``, ``fr``, ``zh`` or ``ug``; the reader can change it in the page.
    look
        ``dark`` or ``light``.
    title, subtitle
        One text, or texts by language.
    relief
        Shade the ground by its relief; the reader can turn that off in the page, and without it a file is lighter.
    online
        Let layers that others add load from other hosts; their credit is printed with ours, and tiles that nobody may
        read in bulk without asking are not filmed.

    Returns
    -------
    CampsMap
        A :class:`folium.Map`; symbol area is in proportion to the value, a site without a count is drawn hollow.

    Raises
    ------
    InputError
        For an unknown language, look or mode, missing columns, or counts that belong to none of the sites.
    """
    _require_choice(lang, look, mode)
    series = catalogue.counts() if counts is None else counts
    table = _sites(sites)
    shown = table[table["site_id"].isin(series["unit"])]
    if shown.empty:
        raise InputError("growth_map: none of the sites has a count; expected units of counts among the site_ids")
    ids, classes = _grouped(shown, "tier")
    entries = payload.site_entries(shown, ids)
    payload.add_counts(entries, with_closing(series, shown))
    radius_of_one = payload.radius_of_one(entries)
    payload.rank_labels(entries, radius_of_one)
    here = series[series["unit"].isin(shown["site_id"])]
    meta = _meta(
        "growth", shown, stops(here), title=title, subtitle=subtitle, lang=lang, look=look, mode=mode,
        credits=[], bundled=sites is None and counts is None,
    )  # fmt: skip
    meta |= {"precision": precision(here["t"].astype(str)), "measure": _measure(here), "legend": _legend("tier")}
    meta |= {"key_step_days": 30, **payload.dates_as_given(observed_dates(here))}
    content = _content("growth", entries, meta, relief=relief) | {
        "classes": classes,
        "marks": ["stale", "unknown", "zero", *payload.endings(entries, meta["t_max"])],
        "options": _options(samples=payload.size_samples(entries), radius_of_one=radius_of_one, label_zoom=7.5),
    }
    return page.CampsMap(content, online=online)


def footprint_map(
    footprints: FootprintSeries | gpd.GeoDataFrame | None = None,
    looks: pd.DataFrame | None = None,
    sites: gpd.GeoDataFrame | None = None,
    *,
    scenes: pd.DataFrame | None = None,
    mode: Mode = "bracket",
    lang: str = "en",
    look: str = "dark",
    title: Title = None,
    subtitle: Title = None,
    relief: bool = True,
    online: bool = False,
) -> page.CampsMap:
    """Return a map of building footprints that appear, grow and are lost, with a time slider.

    Parameters
    ----------
    footprints
        A series as from :func:`camps.footprints.load`, or the "footprint" table alone, EPSG:4326, with ``track_id`` and
        ``observed_on``; the record's first series by default.
    looks
        The "look" table with ``observed_on``; those of the series by default.
    sites
        The "site" table of the sites that the footprints belong to; found in the record's lists by default.
    scenes
        Satellite pictures to lay under the footprints, each until the next one: ``observed_on``, ``path``,
        ``licence``, and ``bands`` where red, green and blue are not the first three.
    mode, lang, look, title, subtitle, relief, online
        As for :func:`growth_map`.

    Raises
    ------
    InputError
        For missing columns, or more footprints than a page can hold.
    """
    content = _footprint_content(
        "footprints",
        footprints,
        looks,
        sites,
        scenes=scenes,
        mode=mode,
        lang=lang,
        look=look,
        title=title,
        subtitle=subtitle,
        relief=relief,
    )
    return page.CampsMap(content, online=online)


def compare_map(
    footprints: FootprintSeries | gpd.GeoDataFrame | None = None,
    looks: pd.DataFrame | None = None,
    sites: gpd.GeoDataFrame | None = None,
    *,
    before: str | None = None,
    after: str | None = None,
    scenes: pd.DataFrame | None = None,
    lang: str = "en",
    look: str = "dark",
    title: Title = None,
    subtitle: Title = None,
    relief: bool = True,
    online: bool = False,
) -> page.CampsMap:
    """Return a map of one place at two dates, with a divider to swipe between them.

    Parameters
    ----------
    footprints, looks, sites
        As for :func:`footprint_map`.
    before, after
        EDTF dates; by default the first and the last look.
    scenes
        As for :func:`footprint_map`: each side shows its own date's picture.
    lang, look, title, subtitle, relief, online
        As for :func:`growth_map`.

    Raises
    ------
    InputError
        As for :func:`footprint_map`, or when `before` is not earlier than `after`.
    """
    content = _footprint_content(
        "compare",
        footprints,
        looks,
        sites,
        scenes=scenes,
        mode="observed",
        lang=lang,
        look=look,
        title=title,
        subtitle=subtitle,
        relief=relief,
    )
    days = content["meta"]["stop_days"]
    first = clock_day(before) if before else days[0]
    last = clock_day(after) if after else days[-1]
    if not first < last:
        raise InputError(f"compare_map: before is {before}, after is {after}; expected two dates in order")
    content["meta"] |= {"t_before": first, "t_start": last, "split": 0.5, "modes": ["observed"]}
    return page.CampsMap(content, online=online)


def era_map(
    sites: gpd.GeoDataFrame | None = None,
    *,
    mode: Mode = "bracket",
    lang: str = "en",
    look: str = "dark",
    title: Title = None,
    subtitle: Title = None,
    relief: bool = True,
    online: bool = False,
) -> page.CampsMap:
    """Return a map of sites by when they opened and closed, with the chapters of the story on the slider.

    What is counted as open is what :func:`camps.timeline.count_places` counts so. A place that is known only to a town,
    a county or more is a hatched ring that holds the whole area.

    Parameters
    ----------
    sites
        The "site" table, EPSG:4326, with ``opened``, ``closed``, ``last_known`` and ``vanished`` (EDTF) and ``level``;
        by default the lists that the record names for this map (``[map.eras] lists``), each place once.
    mode, lang, look, title, subtitle, relief, online
        As for :func:`growth_map`.

    Raises
    ------
    InputError
        For missing columns, or when no site has an opening date.
    """
    _require_choice(lang, look, mode)
    table = _sites(catalogue.once(*record.current().heading("eras").lists) if sites is None else sites)
    ids, classes = _grouped(table, "system")
    entries = payload.site_entries(table, ids)
    for entry, life in zip(entries, lives(table), strict=True):
        entry["life"] = life
    payload.rank_labels(entries, payload.RADIUS_OF_ONE)
    days = sorted({known[-1] for entry in entries if (known := [day for day in entry["life"]["opened"] or [] if day])})
    if not days:
        raise InputError("era_map: no site has an opening date; expected EDTF dates in the column opened")
    eras = read_eras()
    meta = _meta(
        "eras", table, [iso_day(day) for day in days],
        title=title, subtitle=subtitle, lang=lang, look=look, mode=mode, credits=[],
    )  # fmt: skip
    first = min([era["from"] for era in eras[:1]] + days[:1])
    last = max(clock_day(f"{_LAST_YEAR_OF_ERAS}-12-31"), days[-1])
    meta |= {"precision": "year", "measure": None, "legend": _legend("system"), "key_step_days": 365}
    ours = record.current().heading("eras")
    meta["coverage"] = ours.coverage if set(ours.lists) == set(table["source_id"]) else {}
    meta |= {"t_min": first, "t_max": last, "t_start": last, "modes": ["observed", "bracket"]}
    content = _content("eras", entries, meta, relief=relief) | {
        "classes": classes,
        "levels": [level for level in LEVELS[1:] if any(entry["level"] == level for entry in entries)],
        "marks": ["opening", "last", *_rare_marks(entries), "closed", "undated"],
        "options": _options(fixed_radius=7.5, label_zoom=6.5),
        "eras": eras,
        "events": [event for event in payload.event_entries(catalogue.events()) if event["day"] <= last],
    }
    return page.CampsMap(content, online=online)


def _rare_marks(entries: list[dict[str, Any]]) -> list[str]:
    marks = ["vanished"] if any(entry["life"]["vanished"] for entry in entries) else []
    lit = {chapter.lit for chapter in record.current().chapters} - {""}
    return marks + (["lit"] if any(entry[name] for name in lit for entry in entries) else [])


def _measure(counts: pd.DataFrame) -> str:
    """Return the word for what is counted."""
    metric = str(counts["metric"].iloc[0]) if "metric" in counts else ""
    return {"buildings": "buildings", "area_m2": "area"}.get(metric, "value")


def read_eras() -> list[dict[str, Any]]:
    """Return the chapters of the record: id, from and to (days since 1970-01-01), names by language."""
    return [
        {
            "id": chapter.id,
            "from": clock_day(chapter.first.isoformat()),
            "to": clock_day(chapter.end.isoformat() if chapter.end else "9999-12-31"),
            "names": chapter.name,
            "lit": chapter.lit,
        }
        for chapter in record.current().chapters
    ]


def titles() -> dict[str, Any]:
    """Return titles, legends, class names and credits by language."""
    return page.texts("titles.toml")


def _footprint_content(
    kind: str,
    footprints: Any,
    looks: pd.DataFrame | None,
    sites: gpd.GeoDataFrame | None,
    *,
    scenes: pd.DataFrame | None,
    mode: Mode,
    lang: str,
    look: str,
    title: Title,
    subtitle: Title,
    relief: bool,
) -> dict[str, Any]:
    _require_choice(lang, look, mode)
    footprints, looks, source_id = _outlined(footprints, looks)
    ours = source_id in footprints_room.series_ids()[:1] if source_id else False
    if source_id and not ours and subtitle is None:
        subtitle = sources.entry(source_id).title
    _require_few_enough(footprints)
    table = _sites(sites)
    table = table[table["site_id"].isin(footprints["site_id"])]
    ids, classes = _grouped(table, "tier")
    entries = payload.site_entries(table, ids)
    payload.rank_labels(entries, payload.RADIUS_OF_ONE)
    payload.raise_labels(entries, footprints)
    meta = _meta(
        kind, table, stops(footprints=footprints, looks=looks),
        title=title, subtitle=subtitle, lang=lang, look=look, mode=mode, credits=[source_id] if source_id else [],
        bundled=ours,
    )  # fmt: skip
    pictures = [] if scenes is None else scene_entries(scenes)
    if scenes is not None:
        meta["attribution"] = [*dict.fromkeys(scenes["licence"].astype(str)), *meta["attribution"]]
    meta |= {"precision": "day", "measure": "area", "legend": _legend("tier"), "legend_near": _legend("footprints")}
    meta["key_step_days"] = 7
    first, last = meta["stop_days"][0], meta["stop_days"][-1]
    meta |= {"t_min": first, "t_max": last, "t_start": last}
    meta |= payload.dates_as_given(observed_dates(footprints=footprints, looks=looks))
    present = set(footprints["kind"])
    swatches = [name for name in ("building", "block", "construction", "compound", "other") if name in present]
    return _content(kind, entries, meta, relief=relief) | {
        "view": payload.fit_bounds(footprints.total_bounds),
        "footprints": outlines.outline_entries(footprints, looks),
        "scenes": pictures,
        "classes": classes,
        "marks": [],
        "swatches": [*swatches, "appearing", "unseen", "lost"],
        "options": _options(fixed_radius=9, label_zoom=10, yield_to_outlines=True),
    }


def _outlined(footprints: Any, looks: pd.DataFrame | None) -> tuple[gpd.GeoDataFrame, pd.DataFrame | None, str]:
    """Return the footprints, their looks and the id of their series, which a bare table does not have."""
    series = footprints_room.load() if footprints is None else footprints
    if not isinstance(series, FootprintSeries):
        return series, looks, ""
    series = change.tracked(series)
    return series.footprints, series.looks if looks is None else looks, series.source_id


def _require_few_enough(footprints: gpd.GeoDataFrame) -> None:
    if footprints.empty:
        raise InputError("footprint_map: no footprints; expected at least one row")
    if len(footprints) > outlines.MOST_FOOTPRINTS:
        raise InputError(
            f"footprint_map: {len(footprints):,} footprints, expected at most {outlines.MOST_FOOTPRINTS:,} in one "
            "page; filter by site_id, by observed_on or by area_m2"
        )


def _sites(sites: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    table = catalogue.load() if sites is None else sites
    missing = [Fault(f"column {name}", "no such column", "it to be there") for name in _SITE_NEEDS if name not in table]
    raise_faults(missing, "sites")
    return table


def _require_choice(lang: str, look: str, mode: str = "observed") -> None:
    require_mode(mode)
    if lang not in style.LANGUAGES:
        raise InputError(f"lang {lang!r}: expected one of {', '.join(style.LANGUAGES)}")
    style.palette(look)


def _grouped(sites: gpd.GeoDataFrame, by: str) -> tuple[pd.Series[str], list[dict[str, Any]]]:
    """Return the class of each site by the values of a column, and the classes as a legend shows them."""
    if by not in sites and by != "tier":
        raise InputError(f"by {by!r}: no such column; expected one of the sites, such as system or tier")
    values = sites[by] if by in sites else pd.Series(pd.NA, index=sites.index)
    drawn = style.classes(by, values.astype("string").fillna(""))
    ids = values.astype("string").fillna("").map({value: f"{by}-{one.id}" for value, one in drawn.items()})
    used = {f"{by}-{one.id}": one for one in drawn.values()}
    return ids, [
        {"id": key, "colour": one.colour, "shape": one.shape, "names": class_names(one)} for key, one in used.items()
    ]


def class_names(one: record.SymbolClass) -> dict[str, str]:
    """Return what a legend calls a class, by language: its id where the record gives it no name."""
    return one.name or ({"en": one.id} if one.id else titles()["class"]["none"])


def _popup_names(column: str, entries: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Return what a popup calls the values of a column: one that the record does not list keeps its own word."""
    drawn = style.classes(column, [entry[column] for entry in entries if entry[column]])
    return {value: class_names(one) if one.id == value else {"en": value} for value, one in drawn.items()}


def _legend(by: str) -> dict[str, str]:
    named = record.current().groupings.get(by, record.Grouping()).name
    return named or titles()["legend"].get(by) or {"en": by.replace("_", " ").capitalize()}


def _meta(
    kind: str,
    sites: gpd.GeoDataFrame,
    stop_dates: Sequence[str],
    *,
    title: Title,
    subtitle: Title,
    lang: str,
    look: str,
    mode: str,
    credits: Sequence[str],
    bundled: bool = True,
) -> dict[str, Any]:
    _require_texts(title, lang, "title")
    _require_texts(subtitle, lang, "subtitle")
    days = [clock_day(stop) for stop in stop_dates]
    low, high = (
        (clock_day(f"{stop_dates[0][:4]}-01-01"), clock_day(f"{stop_dates[-1][:4]}-12-31")) if days else (0.0, 0.0)
    )
    ours = record.current().heading(kind) if bundled else record.Heading()
    return {
        "title": title or ours.title or titles()[kind]["title"],
        "subtitle": ours.subtitle or titles()[kind].get("subtitle") if subtitle is None else subtitle,
        "lang": lang,
        "look": look,
        "mode": mode,
        "modes": ["observed", "bracket", "illustrative"],
        "t_min": low,
        "t_max": high,
        "t_start": high,
        "stop_days": days,
        "stops": list(stop_dates),
        "n_sites": len(sites),
        "attribution": _attribution(sites, credits),
    }


def _require_texts(words: Title, lang: str, what: str) -> None:
    """Refuse words that the page could not show in its language, nor in the one that it falls back on."""
    if words is None or isinstance(words, str):
        return
    said, wanted = list(words) if isinstance(words, dict) else [], dict.fromkeys((lang, "en"))
    if not set(wanted) & set(said):
        found = f"texts in {', '.join(said)}" if said else repr(words)
        expected = f"a text, or texts by language with one in {' or '.join(wanted)}"
        raise InputError(f"{what}: found {found}, expected {expected}")


def _attribution(sites: gpd.GeoDataFrame, credits: Sequence[str]) -> list[Any]:
    """Return the credit of a map: whose lists, the ground, how borders are drawn; each a text or texts by language."""
    ours, registered = record.current().credits, sources.registry() if settings.find_home() else {}
    named = dict.fromkeys([*sites["source_id"].astype(str), *credits])
    known = {name: _credit_of(registered[name]) if name in registered else name for name in named}
    return [*({**known, **ours}[name] for name in named), *titles()["credit"].values()]


def _credit_of(entry: sources.SourceEntry) -> str:
    known = entry.licence.startswith(("CC", "ODbL"))
    return f"{entry.publisher}: {entry.title}" + (f" ({entry.licence})" if known else "")


def _content(kind: str, entries: list[dict[str, Any]], meta: dict[str, Any], *, relief: bool) -> dict[str, Any]:
    lon, lat = [entry["lon"] for entry in entries], [entry["lat"] for entry in entries]
    bounds = (min(lon), min(lat), max(lon), max(lat)) if entries else (73.0, 18.0, 135.0, 53.0)
    return {
        "kind": kind,
        "sites": entries,
        "meta": meta,
        "view": payload.fit_bounds(bounds),
        "base": page.base() if relief else {**page.base(), "relief": None},
        "eras": [],
        "class_names": {column: _popup_names(column, entries) for column in ("system", "tier")},
        **payload.looks_and_words(page.words()),
    }


def _options(
    *,
    samples: Sequence[float] = (),
    radius_of_one: float = payload.RADIUS_OF_ONE,
    fixed_radius: float = 0,
    label_zoom: float = 7.5,
    cluster: bool = False,
    yield_to_outlines: bool = False,
) -> dict[str, Any]:
    return {
        "radius_of_one": radius_of_one,
        "unknown_radius": 6,
        "zero_radius": 5,
        "samples": list(samples),
        "fixed_radius": fixed_radius,
        "label_zoom": label_zoom,
        "cluster": cluster,
        "yield_to_outlines": yield_to_outlines,
    }
