"""The maps themselves: tables in, a folium map out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import geopandas as gpd
import pandas as pd

from camps import catalogue, change, languages, looks, record, settings, sources, style
from camps import footprints as footprints_room
from camps.dates import clock_day, iso_day, look_day, precision
from camps.errors import InputError, require_columns
from camps.footprints import FootprintSeries
from camps.growth import metric_of
from camps.maps import contract, outlines, page, payload
from camps.maps.given import Ground, Words
from camps.maps.scenes import credits_of, scene_entries
from camps.tables import LEVELS
from camps.timeline import Mode, compare_systems, observed_dates, sites_of_system, stops, systems_here
from camps.timeline.clock import require_mode
from camps.timeline.state import with_closing

#: First day of the first era's map, and the last one shown when nothing ends later.
_LAST_YEAR_OF_ERAS = 2025
#: The zoom of a map of one point, where the base map still has something to show around it.
CLOSEST_OF_POINTS = 8.5
#: So many classes have room in a legend and differ enough to be told apart.
MOST_CLASSES = 12
#: Layers of the picture that each part of the credit speaks of.
_CREDITED: dict[str, list[contract.Layer]] = {"base": ["base", "labels"], "borders": ["base"]}
_SITE_NEEDS = ("site_id", "lon", "lat", "lon_published", "lat_published", "r95_m", "system", "source_id")


def site_map(
    sites: gpd.GeoDataFrame | None = None,
    *,
    by: str | None = None,
    cluster: bool = True,
    words: Words | None = None,
    ground: Ground | None = None,
) -> page.CampsMap:
    """Return a map of published sites with what is known of each in a popup.

    Parameters
    ----------
    sites
        The "site" table, EPSG:4326; the record's lists by default.
    by
        The column that colour and shape stand for, such as ``system`` or ``tier``; what the record says for such maps
        by default, or the first of its groupings that the sites have.
    cluster
        Draw sites that would overlap as one symbol that says how many.
    words, ground
        As for :func:`growth_map`.

    Raises
    ------
    InputError
        For an unknown language, look or class, or missing columns.
    """
    words, ground = words or Words(), ground or Ground()
    table = _sites(sites)
    groups = _grouped(table, by, "sites")
    entries = groups.entries(table)
    payload.rank_labels(entries, payload.RADIUS_OF_ONE)
    meta = _meta("sites", table, [], words, mode="observed", credits=[])
    meta |= {"precision": "none", "metric": None, "legend": groups.legend, "key_step_days": 1}
    content = _content("sites", entries, meta, groups, (words, ground)) | {
        "marks": [],
        "options": _options(fixed_radius=7.5, cluster=cluster, label_zoom=6.5),
    }
    return page.CampsMap(content, online=ground.online)


def growth_map(
    sites: gpd.GeoDataFrame | None = None,
    counts: pd.DataFrame | None = None,
    *,
    by: str | None = None,
    mode: Mode = "observed",
    words: Words | None = None,
    ground: Ground | None = None,
) -> page.CampsMap:
    """Return a map of counts that grow over time, with a time slider.

    Parameters
    ----------
    sites
        The "site" table, EPSG:4326; by default the record's sites that have a row of counts.
    counts
        A "series" table of one metric, ``unit`` = site_id; by default what the record's lists count of buildings.
    by
        As for :func:`site_map`.
    mode
        How the time between counts is shown: ``observed``, ``bracket`` or ``illustrative`` (METHOD 6).
    words
        Language, look, title and subtitle.
    ground
        Relief, and whether others' layers may load from other hosts.

    Returns
    -------
    CampsMap
        A :class:`folium.Map`; symbol area is in proportion to the value, a site without a count is drawn hollow.

    Raises
    ------
    InputError
        For an unknown language, look or mode, missing columns, or counts that belong to none of the sites.
    """
    require_mode(mode)
    words, ground = words or Words(), ground or Ground()
    series = _series(counts)
    table = _sites(sites)
    shown = table[table["site_id"].isin(series["unit"])]
    if shown.empty:
        raise InputError("growth_map: none of the sites has a count; expected units of counts among the site_ids")
    groups = _grouped(shown, by, "growth")
    entries = groups.entries(shown)
    payload.add_counts(entries, with_closing(series, shown))
    radius_of_one = payload.radius_of_one(entries)
    payload.rank_labels(entries, radius_of_one)
    here = series[series["unit"].isin(shown["site_id"])]
    ours = sites is None and counts is None
    meta = _meta("growth", shown, stops(here), words, mode=mode, credits=[], bundled=ours)
    meta |= {"precision": precision(here["t"].astype(str)), "metric": _metric(here), "legend": groups.legend}
    meta |= {"key_step_days": 30, **payload.dates_as_given(observed_dates(here))}
    content = _content("growth", entries, meta, groups, (words, ground)) | {
        "marks": ["stale", payload.blank(entries), "zero", *payload.endings(entries, meta["t_max"])],
        "options": _options(samples=payload.size_samples(entries), radius_of_one=radius_of_one, label_zoom=7.5),
    }
    return page.CampsMap(content, online=ground.online)


def footprint_map(
    footprints: FootprintSeries | gpd.GeoDataFrame | None = None,
    looks: pd.DataFrame | None = None,
    sites: gpd.GeoDataFrame | None = None,
    *,
    scenes: pd.DataFrame | None = None,
    mode: Mode = "bracket",
    words: Words | None = None,
    ground: Ground | None = None,
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
        ``licence``; ``bands`` and ``matched`` as :func:`camps.maps.scenes.scene_entries` takes them.
    mode, words, ground
        As for :func:`growth_map`.

    Raises
    ------
    InputError
        For missing columns, or more footprints than a page can hold.
    """
    words, ground = words or Words(), ground or Ground()
    content = _footprint_content(
        "footprints",
        footprints,
        looks,
        sites,
        scenes=scenes,
        mode=mode,
        words=words,
        ground=ground,
    )
    return page.CampsMap(content, online=ground.online, made_of=_series_id(footprints))


def compare_map(
    footprints: FootprintSeries | gpd.GeoDataFrame | None = None,
    looks: pd.DataFrame | None = None,
    sites: gpd.GeoDataFrame | None = None,
    *,
    before: str | None = None,
    after: str | None = None,
    scenes: pd.DataFrame | None = None,
    words: Words | None = None,
    ground: Ground | None = None,
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
    words, ground
        As for :func:`growth_map`.

    Raises
    ------
    InputError
        As for :func:`footprint_map`, or when `before` is not earlier than `after`.
    """
    words, ground = words or Words(), ground or Ground()
    content = _footprint_content(
        "compare",
        footprints,
        looks,
        sites,
        scenes=scenes,
        mode="observed",
        words=words,
        ground=ground,
    )
    days = content["meta"]["stop_days"]
    first = clock_day(before, look_day) if before else days[0]
    last = clock_day(after, look_day) if after else days[-1]
    if not first < last:
        raise InputError(f"compare_map: before is {before}, after is {after}; expected two dates in order")
    content["meta"] |= {"t_before": first, "t_start": last, "split": 0.5, "modes": ["observed"]}
    return page.CampsMap(content, online=ground.online, made_of=_series_id(footprints))


def era_map(
    sites: gpd.GeoDataFrame | None = None,
    *,
    by: str | None = None,
    mode: Mode = "bracket",
    words: Words | None = None,
    ground: Ground | None = None,
) -> page.CampsMap:
    """Return a map of sites by when they opened and closed, with the chapters of the story on the slider.

    What is counted as open is what :func:`camps.timeline.count_places` counts so. A place that is known only to a town,
    a county or more is a hatched ring that holds the whole area.

    Parameters
    ----------
    sites
        The "site" table, EPSG:4326, with ``opened``, ``closed``, ``last_known`` and ``vanished`` (EDTF) and ``level``;
        by default the lists that the record names for this map (``[map.eras] lists``), each place once.
    by, mode, words, ground
        As for :func:`growth_map`.

    Raises
    ------
    InputError
        For missing columns, or when no site has an opening date.
    """
    require_mode(mode)
    words, ground = words or Words(), ground or Ground()
    table = _sites(catalogue.once(*record.current().heading("eras").lists) if sites is None else sites)
    groups = _grouped(table, by, "eras")
    entries = groups.entries(table)
    payload.add_lives(entries, table)
    payload.rank_labels(entries, payload.RADIUS_OF_ONE)
    days = sorted({known[-1] for entry in entries if (known := [day for day in entry["life"]["opened"] or [] if day])})
    if not days:
        raise InputError("era_map: no site has an opening date; expected EDTF dates in the column opened")
    eras, events = read_eras(), catalogue.events()
    credits = list(dict.fromkeys(events["source_id"])) if len(events) else []
    meta = _meta("eras", table, [iso_day(day) for day in days], words, mode=mode, credits=credits)
    first = min([era["from"] for era in eras[:1]] + days[:1])
    last = _last_day(entries, days, eras)
    meta |= {"precision": "year", "metric": None, "legend": groups.legend, "key_step_days": 365}
    ours = record.current().heading("eras")
    meta["coverage"] = ours.coverage if set(ours.lists) == set(table["source_id"]) else {}
    meta |= {"t_min": first, "t_max": last, "t_start": last, "modes": ["observed", "bracket"]}
    content = _content("eras", entries, meta, groups, (words, ground)) | {
        "marks": ["opening", "last", *_rare_marks(entries), "closed", "undated"],
        "options": _options(fixed_radius=7.5, label_zoom=6.5),
        "eras": eras,
        "events": [event for event in payload.event_entries(events) if event["day"] <= last],
    }
    return page.CampsMap(content, online=ground.online)


def systems_map(
    pair: Sequence[str] = (), *, mode: Mode = "bracket", words: Words | None = None, ground: Ground | None = None
) -> page.CampsMap:
    """Return a map of the systems of camps that the record compares, with a chart of the places open a year of each.

    The numbers of the chart are those of :func:`camps.timeline.compare_systems`. Systems whose lists are not at hand
    are left out and named on the map.

    Parameters
    ----------
    pair
        Ids of two systems to show side by side at one scale and in the same year of their lives, the clock being that
        of the second; all in one map by default.
    mode, words, ground
        As for :func:`growth_map`.

    Raises
    ------
    InputError
        When the record names no system, no list of any is here, or `pair` is not two of those that are.
    """
    require_mode(mode)
    words, ground = words or Words(), ground or Ground()
    shown, left_out = systems_here()
    if pair and not (len(set(pair)) == len(pair) == 2 and set(pair) <= set(shown)):
        raise InputError(f"systems_map: pair {', '.join(pair)}; expected two of {', '.join(shown)}")
    shown = {name: shown[name] for name in pair or shown}
    parts = {name: _sites(sites_of_system(name, one)) for name, one in shown.items()}
    table = gpd.GeoDataFrame(pd.concat(list(parts.values()), ignore_index=True), crs=4326)
    groups = _systems_grouped(parts, record.current().systems)
    entries = groups.entries(table)
    payload.add_lives(entries, table)
    payload.rank_labels(entries, payload.RADIUS_OF_ONE)
    first, last = min(one.first for one in shown.values()), max(one.last for one in shown.values())
    years = [f"{year}-01-01" for year in range(first, last + 1)]
    meta = _meta("systems", table, years, words, mode=mode, credits=[])
    meta |= {"precision": "year", "metric": None, "legend": groups.legend, "key_step_days": 365}
    meta |= {"modes": ["observed", "bracket"], "left_out": [record.current().systems[name].name for name in left_out]}
    content = _content("systems", entries, meta, groups, (words, ground)) | {
        "marks": ["opening", "last", "closed", "undated"],
        "options": _options(fixed_radius=5.5, label_zoom=7.5) | {"quiet": True},
        "systems": payload.system_entries(shown, compare_systems(shown)),
    }
    # The chart stands over the west of the map and the legend over its south, so the places are fitted beside them.
    west, south, east, north = content["view"]["bounds"]
    room = (west - 0.8 * (east - west), south - 0.5 * (north - south), east, north)
    beside = {"view": payload.fit_bounds(room, closest=CLOSEST_OF_POINTS)}
    return page.CampsMap(_paired(content, parts, shown) if pair else content | beside, online=ground.online)


def _systems_grouped(parts: dict[str, gpd.GeoDataFrame], named: dict[str, record.System]) -> _Groups:
    """Return the systems as classes; each site is of the system that it was taken for."""
    drawn = style.classes("compared", named)
    classes: list[contract.ClassEntry] = [
        {
            "id": name,
            "colour": drawn[name].colour,
            "shape": drawn[name].shape,
            "names": named[name].name or {"en": name},
        }
        for name in parts
    ]
    ids = pd.Series([name for name, part in parts.items() for _ in range(len(part))], dtype="string")
    lists = tuple(dict.fromkeys(source for part in parts.values() for source in part["source_id"].astype(str)))
    return _Groups("system", _legend("system", lists), ids, classes, lists)


def _paired(content: dict[str, Any], parts: dict[str, gpd.GeoDataFrame], shown: dict[str, record.System]) -> Any:
    """Return what a page holds for two systems side by side: where each lies, and how far apart they began."""
    one, other = shown.values()
    began = [clock_day(f"{system.first}-01-01") for system in (one, other)]
    length = min(system.last - system.first for system in (one, other))
    last = clock_day(f"{other.first + length}-12-31")
    stops = [day for day in content["meta"]["stop_days"] if began[1] <= day <= last]
    content["meta"] |= {"t_min": began[1], "t_max": last, "t_start": last, "stop_days": stops}
    content["meta"]["stops"] = [iso_day(day) for day in stops]
    views = [payload.fit_bounds(part.total_bounds, width=750.0, closest=CLOSEST_OF_POINTS) for part in parts.values()]
    sides = [
        {"id": name, "lon": view["lon"], "lat": view["lat"], "shift": began[1] - day, "first": system.first}
        for (name, system), view, day in zip(shown.items(), views, began, strict=True)
    ]
    return content | {"pair": sides, "view": payload.fit_at_one_scale(views, width=750.0, closest=CLOSEST_OF_POINTS)}


def _rare_marks(entries: list[contract.Site]) -> list[str]:
    marks = ["vanished"] if any(entry["life"]["vanished"] for entry in entries) else []
    lit = any(chapter.lit for chapter in record.current().chapters)
    return marks + (["lit"] if lit and any(entry["enterprise"] for entry in entries) else [])


def _last_day(entries: list[contract.Site], days: list[float], eras: list[contract.Era]) -> float:
    """Return the last day of a map of eras: of the chapters, or where there are none of all dates that are stated."""
    ended = [entry["life"]["closed"][1] for entry in entries if entry["life"]["closed"] and entry["life"]["closed"][1]]
    to_this_day = max(clock_day(f"{_LAST_YEAR_OF_ERAS}-12-31"), days[-1])
    if eras:
        return float(min(to_this_day, eras[-1]["to"]))
    return clock_day(f"{iso_day(max([*ended, *days]))[:4]}-12-31") if ended else to_this_day


def _series(counts: pd.DataFrame | None) -> pd.DataFrame:
    """Return counts of one metric: those given, or what the record's lists hold most values of.

    Raises
    ------
    InputError
        When they are of several metrics.
    """
    if counts is None:
        lists = catalogue.default_lists()
        return catalogue.counts(*lists, metric=metric_of(lists[0]))
    several = sorted(counts["metric"].astype(str).unique()) if "metric" in counts else []
    if len(several) > 1:
        raise InputError(f"growth_map: counts of {', '.join(several)}; expected one metric, since metrics never mix")
    return counts


def _metric(counts: pd.DataFrame) -> contract.Metric:
    """Return what the page says of what is counted."""
    return payload.metric_entry(str(counts["metric"].iloc[0]) if "metric" in counts else "value")


def read_eras() -> list[contract.Era]:
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
    words: Words,
    ground: Ground,
) -> dict[str, Any]:
    require_mode(mode)
    footprints, looks, source_id = _outlined(footprints, looks)
    ours = source_id in footprints_room.series_ids()[:1] if source_id else False
    if source_id and not ours and words.subtitle is None:
        words = replace(words, subtitle=sources.entry(source_id).title)
    table = _sites(catalogue.owners(footprints, source_id, sites=sites))
    # What a retracted site was outlined with is drawn no more than the site is.
    footprints = footprints[_stands(footprints, table)]
    looks = looks if looks is None or "site_id" not in looks else looks[_stands(looks, table)]
    _require_few_enough(footprints)
    groups = _grouped(table, None, kind)
    entries = groups.entries(table)
    payload.rank_labels(entries, payload.RADIUS_OF_ONE)
    payload.raise_labels(entries, footprints)
    credits, seen = [source_id] if source_id else [], stops(footprints=footprints, looks=looks)
    meta = _meta(kind, table, seen, words, mode=mode, credits=credits, bundled=ours)
    pictures = [] if scenes is None else scene_entries(scenes)
    if scenes is not None:
        texts = [part["text"] for part in meta["attribution"]]
        said = " ".join(text if isinstance(text, str) else text["en"] for text in texts).lower()
        pictured = [{"text": text} for text in credits_of(scenes) if text.lower() not in said]
        meta["attribution"] = [*pictured, *meta["attribution"]]
    meta |= {"precision": "day", "metric": payload.metric_entry("area_m2"), "legend": groups.legend}
    meta |= {"legend_near": titles()["legend"]["footprints"], "key_step_days": 7}
    first, last = meta["stop_days"][0], meta["stop_days"][-1]
    meta |= {"t_min": first, "t_max": last, "t_start": last}
    meta |= payload.dates_as_given(observed_dates(footprints=footprints, looks=looks), look_day)
    present = set(footprints["kind"])
    swatches = [name for name in ("building", "block", "construction", "compound", "other") if name in present]
    outlined = outlines.outline_entries(footprints, looks)
    return _content(kind, entries, meta, groups, (words, ground)) | {
        "view": payload.fit_bounds(footprints.total_bounds),
        "footprints": outlined,
        "scenes": pictures,
        "marks": outlines.blank_marks(outlined, first),
        "swatches": [*swatches, "appearing", "unseen", "lost"],
        "options": _options(fixed_radius=9, label_zoom=10, yield_to_outlines=True),
    }


def _stands(table: pd.DataFrame, sites: gpd.GeoDataFrame) -> pd.Series[bool]:
    return table["site_id"].isna() | table["site_id"].isin(sites["site_id"])


def _series_id(footprints: Any) -> tuple[str, ...]:
    """Return the id of the series that footprints are of, or none of a bare table."""
    series = footprints_room.load() if footprints is None else footprints
    return (series.source_id,) if isinstance(series, FootprintSeries) and series.source_id else ()


def _outlined(footprints: Any, looks: pd.DataFrame | None) -> tuple[gpd.GeoDataFrame, pd.DataFrame | None, str]:
    """Return the footprints, their looks and the id of their series, which a bare table does not have."""
    series = footprints_room.load() if footprints is None else footprints
    if not isinstance(series, FootprintSeries):
        return series, looks, ""
    series = change.tracked(series)
    return series.footprints, series.looks if looks is None else looks, series.source_id


def _require_few_enough(footprints: gpd.GeoDataFrame) -> None:
    if footprints.empty:
        raise InputError("footprint_map: no footprints of a site that stands; expected at least one row")
    if len(footprints) > outlines.MOST_FOOTPRINTS:
        raise InputError(
            f"footprint_map: {len(footprints):,} footprints, expected at most {outlines.MOST_FOOTPRINTS:,} in one "
            "page; filter by site_id, by observed_on or by area_m2"
        )


def _sites(sites: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    table = catalogue.load() if sites is None else sites
    require_columns(table, _SITE_NEEDS, "sites")
    return catalogue.standing(table)


class _Groups(NamedTuple):
    """How sites are grouped: the column, its heading, the class of each site by its index, and the classes drawn."""

    column: str
    legend: dict[str, str]
    ids: pd.Series[str]
    classes: list[contract.ClassEntry]
    lists: tuple[str, ...]

    def entries(self, sites: gpd.GeoDataFrame) -> list[contract.Site]:
        return payload.site_entries(sites, self.ids, self.column)


def _grouped(sites: gpd.GeoDataFrame, by: str | None, kind: str) -> _Groups:
    """Return the classes of sites by the values of a column; of very many values the rarer ones are one class.

    Raises
    ------
    InputError
        When the sites have no such column, or a class has a colour that there is none of.
    """
    lists = tuple(dict.fromkeys(sites["source_id"].astype(str)))
    column = _column(sites, by, kind, lists)
    values = sites[column] if column in sites else pd.Series(pd.NA, index=sites.index)
    texts = values.astype("string").fillna("").replace({"unknown": ""})
    drawn = style.classes(column, _common(texts), lists)
    rest = record.SymbolClass(of=column, id="others", name=titles()["class"]["others"])
    drawn |= dict.fromkeys(set(texts) - set(drawn), rest)
    used = {f"{column}-{one.id}": one for one in drawn.values()}
    classes: list[contract.ClassEntry] = [
        {"id": key, "colour": one.colour, "shape": one.shape, "names": class_names(one)} for key, one in used.items()
    ]
    ids = texts.map({value: f"{column}-{one.id}" for value, one in drawn.items()})
    return _Groups(column, _legend(column, lists), ids, classes, lists)


def _column(sites: gpd.GeoDataFrame, by: str | None, kind: str, lists: Sequence[str]) -> str:
    if by is not None:
        if by not in sites:
            raise InputError(f"by {by!r}: no such column; expected one of the sites, such as system or tier")
        return by
    ours = record.current()
    named = [name for name in (ours.heading(kind).by, *ours.groupings) if name in sites and ours.speaks_of(name, lists)]
    return next((name for name in named if sites[name].notna().any()), named[0] if named else "system")


def _common(texts: pd.Series[str]) -> list[str]:
    """Return the values that are drawn apart: all, or the most common of more than a legend can hold."""
    if texts.nunique() <= MOST_CLASSES:
        return list(texts.unique())
    number = texts[texts.ne("")].value_counts().rename_axis("value").reset_index(name="n")
    unnamed = [""] if texts.eq("").any() else []
    room = MOST_CLASSES - 1 - len(unnamed)
    return [*number.sort_values(["n", "value"], ascending=[False, True])["value"].head(room), *unnamed]


def class_names(one: record.SymbolClass) -> dict[str, str]:
    """Return what a legend calls a class, by language: its id where the record gives it no name."""
    return one.name or ({"en": one.id} if one.id else titles()["class"]["none"])


def _popup_names(
    column: Literal["system", "tier"], entries: list[contract.Site], lists: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return what a popup calls the values of a column: one that the record does not list keeps its own word."""
    drawn = style.classes(column, [value for entry in entries if (value := entry[column])], lists)
    return {value: class_names(one) if one.id == value else {"en": value} for value, one in drawn.items()}


def _legend(by: str, lists: Sequence[str]) -> dict[str, str]:
    ours = record.current()
    named = ours.groupings[by].name if by in ours.groupings and ours.speaks_of(by, lists) else {}
    return named or titles()["legend"].get(by) or {"en": by.replace("_", " ").capitalize()}


def _meta(
    kind: str,
    sites: gpd.GeoDataFrame,
    stop_dates: Sequence[str],
    words: Words,
    *,
    mode: str,
    credits: Sequence[str],
    bundled: bool = True,
) -> dict[str, Any]:
    days = [clock_day(stop) for stop in stop_dates]
    low, high = (
        (clock_day(f"{stop_dates[0][:4]}-01-01"), clock_day(f"{stop_dates[-1][:4]}-12-31")) if days else (0.0, 0.0)
    )
    ours = record.current().heading(kind) if bundled else record.Heading()
    return {
        "title": words.title or ours.title or titles()[kind]["title"],
        "subtitle": ours.subtitle or titles()[kind].get("subtitle") if words.subtitle is None else words.subtitle,
        "lang": words.lang,
        "languages": list(words.languages),
        "look": looks.key_of(str(words.look)),
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


def _attribution(sites: gpd.GeoDataFrame, credits: Sequence[str]) -> list[contract.Credit]:
    """Return the credit of a map: that nobody verified its sites, whose lists, the ground, how borders are drawn."""
    ours, registered = record.current().credits, sources.registry() if settings.find_home() else {}
    named = dict.fromkeys([*sites["source_id"].astype(str), *credits])
    known = {name: _credit_of(registered[name]) if name in registered else name for name in named}
    unverified, kept_back = (
        {lang: words[key] for lang, words in languages.table().items()} for key in ("not_verified", "public_edition")
    )
    edition = sources.edition()
    told: list[Any] = [kept_back] * bool(edition and not edition.hidden.isdisjoint(sites["site_id"]))
    told += [unverified] * bool(len(sites)) + [{**known, **ours}[name] for name in named]
    ground = titles()["credit"].items()
    layered = [contract.Credit(text=text, layers=_CREDITED[part]) for part, text in ground]
    return [*(contract.Credit(text=text) for text in told), *layered]


def _credit_of(entry: sources.SourceEntry) -> str:
    known = entry.licence.startswith(("CC", "ODbL"))
    return entry.credit + (f" ({entry.licence})" if known else "")


def _content(
    kind: str, entries: list[contract.Site], meta: dict[str, Any], groups: _Groups, given: tuple[Words, Ground]
) -> dict[str, Any]:
    words, ground = given
    payload.go_on_past_180(entries)
    lon, lat = [entry["lon"] for entry in entries], [entry["lat"] for entry in entries]
    bounds = (min(lon), min(lat), max(lon), max(lat)) if entries else (73.0, 18.0, 135.0, 53.0)
    base = page.base(bounds)
    return {
        "version": contract.VERSION,
        "kind": kind,
        "sites": entries,
        "meta": meta,
        "view": payload.fit_bounds(bounds, closest=CLOSEST_OF_POINTS),
        "base": base if ground.relief else {**base, "relief": None},
        "levels": [level for level in LEVELS[1:] if any(entry["level"] == level for entry in entries)],
        "eras": [],
        "classes": groups.classes,
        "class_names": {
            "system": _popup_names("system", entries, groups.lists),
            "tier": _popup_names("tier", entries, groups.lists),
        },
        **payload.looks_and_words({tag: languages.table()[tag] for tag in words.languages}, str(words.look)),
        **({"captions": list(words.captions)} if words.captions else {}),
        **({"callouts": list(words.callouts)} if words.callouts else {}),
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
