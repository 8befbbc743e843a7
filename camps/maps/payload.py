"""What a page holds: tables turned into the plain values that its scripts read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from camps import languages, looks, record, settings, style
from camps.dates import day_interval, spans_as_given, standing_day
from camps.growth.holding import CLOSED, LAPSED
from camps.maps.contract import CountLook, Ended, Event, Level, Life, Metric, Site, System, View
from camps.tables import WITHHELD
from camps.timeline import lives
from camps.timeline.values import looks_of

NAMES = (*languages.table(), "other")

#: Radius of the symbol of one building, in lines of a 1080-line picture: 92 buildings are 34.5 lines.
RADIUS_OF_ONE = 3.6
#: Radius of the largest symbol where that scale does not fit.
LARGEST_RADIUS = 40.0


def text_or_none(value: Any) -> str | None:
    """Return a cell as text, or None where it is null or blank."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return str(value).strip() or None


def number_or_none(value: Any) -> float | None:
    """Return a cell as a finite float, or None."""
    return None if value is None or value is pd.NA or not np.isfinite(value) else float(value)


def site_entries(sites: gpd.GeoDataFrame, classes: pd.Series[str], by: str) -> list[Site]:
    """Return what the page knows of each site, in the order of the table; `classes` is on its index, of column `by`."""
    return [_site_entry(row, str(classes[index]), text_or_none(row.get(by))) for index, row in sites.iterrows()]


def _site_entry(row: pd.Series[Any], class_id: str, group: str | None) -> Site:
    names = {lang: text_or_none(row.get(f"name_{lang}")) for lang in NAMES}
    names["en"] = names["en"] or next((name for name in names.values() if name), str(row["site_id"]))
    places = [text_or_none(row.get(column)) for column in ("admin3", "admin2", "admin1", "country")]
    return {
        "id": str(row["site_id"]),
        "names": {lang: name for lang, name in names.items() if name},
        "lon": float(row["lon"]),
        "lat": float(row["lat"]),
        "lon_published": str(row["lon_published"]),
        "lat_published": str(row["lat_published"]),
        "r95": float(row["r95_m"]),
        "level": cast(Level, text_or_none(row.get("level")) or "compound"),
        "area_code": text_or_none(row.get("area_code")),
        "enterprise": text_or_none(row.get("enterprise")),
        "class": class_id,
        "system": str(row["system"]),
        "tier": None if pd.isna(row.get("tier")) else str(row["tier"]),
        "group": group,
        "place": ", ".join(dict.fromkeys(place for place in places if place)),
        "opened": text_or_none(row.get("opened")),
        "closed": text_or_none(row.get("closed")),
        "status": text_or_none(row.get("status")),
        "source_id": str(row["source_id"]),
        "source_title": text_or_none(row.get("coord_source_title")),
        "source_url": text_or_none(row.get("coord_source_url")),
        "unverified": True,
        "looks": [],
        "cells": [],
        "missed": [],
        "label_rank": None,
        "label_offset": 10,
    }


def add_lives(entries: list[Site], sites: gpd.GeoDataFrame) -> None:
    """Give each site, in the order of the table, the days on which it opened and closed."""
    for entry, life in zip(entries, lives(sites), strict=True):
        entry["life"] = cast(Life, life)


def add_counts(entries: list[Site], counts: pd.DataFrame) -> None:
    """Give each site its looks, as the page's ``countState`` reads them, its cells as printed, and days of no count."""
    by_unit = dict(list(counts.groupby(counts["unit"].astype(str), sort=False)))
    looks = dict(list(looks_of(counts).groupby("unit", sort=False)))
    for entry in entries:
        rows = by_unit.get(entry["id"])
        if rows is None:
            continue
        known = looks.get(entry["id"])
        entry["looks"] = [] if known is None else [_look(row) for row in known.to_dict("records")]
        entry["missed"] = sorted(float(standing_day(str(t))) for t in rows.loc[rows["value"].isna(), "t"])
        entry["cells"] = [(str(row["t"]), _cell(row)) for row in rows.sort_values("t").to_dict("records")]


def _look(row: dict[Any, Any]) -> CountLook:
    day, value, lo, hi, last = (float(row[name]) for name in ("day", "value", "lo", "hi", "last"))
    until = number_or_none(row["until"])
    return day, value, lo, hi, last, until, None if until is None else cast(Ended, str(row["ended"]))


def blank(entries: list[Site]) -> Literal["unknown", "withheld"]:
    """Return for what a symbol without a value stands: places not counted yet, or some that are withheld, too."""
    return "withheld" if any(text == WITHHELD for entry in entries for _, text in entry["cells"]) else "unknown"


def endings(entries: list[Site], last_day: float) -> list[str]:
    """Return why values cease to stand by a day, ``closed`` or ``lapsed``, in this order."""
    found = {look[6] for entry in entries for look in entry["looks"] if look[5] is not None and look[5] <= last_day}
    return [name for name in (CLOSED, LAPSED) if name in found]


def _cell(row: dict[Any, Any]) -> str:
    return text_or_none(row.get("verbatim")) or ("" if pd.isna(row["value"]) else f"{row['value']:g}")


def radius_of_one(entries: list[Site]) -> float:
    """Return the radius of the symbol of the value 1, in lines of a 1080-line picture.

    Numbers of buildings keep one scale from map to map; values of another order get one that fits the picture.
    """
    top = _largest(entries)
    return RADIUS_OF_ONE if 20 <= top <= 250 else round(LARGEST_RADIUS / math.sqrt(max(top, 1e-9)), 6)


def _largest(entries: list[Site]) -> float:
    return float(max((look[1] for entry in entries for look in entry["looks"]), default=1.0)) or 1.0


def rank_labels(entries: list[Site], one: float) -> None:
    """Give sites the order in which they get a label: the largest value first, then by name; `one` as above."""
    largest = [max((look[1] for look in entry["looks"]), default=-1.0) for entry in entries]
    order = sorted(range(len(entries)), key=lambda i: (-largest[i], entries[i]["names"]["en"], entries[i]["id"]))
    for rank, i in enumerate(order):
        entries[i]["label_rank"] = rank
        entries[i]["label_offset"] = round(max(one * math.sqrt(max(largest[i], 0.0)), 7.0) + 6, 2)


def raise_labels(entries: list[Site], footprints: gpd.GeoDataFrame) -> None:
    """Give each site that has outlines a place for its label: in the middle above the northernmost one."""
    boxes = footprints.bounds.groupby(footprints["site_id"].astype(str)).agg(
        west=("minx", "min"), east=("maxx", "max"), north=("maxy", "max")
    )
    for entry in entries:
        if entry["id"] in boxes.index:
            box = boxes.loc[entry["id"]]
            entry["label_at"] = (round(float(box["west"] + box["east"]) / 2, 6), round(float(box["north"]), 6))


def event_entries(events: pd.DataFrame) -> list[Event]:
    """Return the events of a record as a page tells them: first day, date, kind, words by language and a name."""
    return [
        {
            "day": float(day_interval(row["date"])[0]),
            "date": row["date"],
            "kind": row["kind"],
            "name": row.get("entity", ""),
            "names": {
                lang: text for lang in NAMES if (text := row.get("what" if lang == "en" else f"what_{lang}", ""))
            },
        }
        for row in events.to_dict("records")
    ]


def system_entries(systems: Mapping[str, record.System], table: pd.DataFrame) -> list[System]:
    """Return systems of camps as a chart draws them: ``rows`` of year, least and greatest number of places open."""
    entries: list[System] = []
    for name, one in systems.items():
        rows = table[table["system"].eq(name)]
        n_places, n_unknown = (int(rows[column].iloc[0]) for column in ("n_places", "n_unknown"))
        entries.append({
            "id": name, "names": one.name or {"en": name}, "n_places": n_places, "n_unknown": n_unknown,
            "rows": [(int(row[0]), int(row[1]), int(row[2])) for row in rows[["year", "lo", "hi"]].to_numpy()],
        })  # fmt: skip
    return entries


def go_on_past_180(entries: list[Site]) -> None:
    """Let longitudes run on past 180° where sites lie on both sides of it and are nearer to each other that way."""
    lons = sorted({entry["lon"] for entry in entries})
    gaps = [(later - earlier, later) for earlier, later in pairwise(lons)]
    widest, first = max(gaps, default=(0.0, 0.0))
    if lons and widest > 360 - (lons[-1] - lons[0]):
        for entry in entries:
            entry["lon"] += 360 * (entry["lon"] < first)


def dates_as_given(dates: Sequence[str], stands: Callable[[str], int] = standing_day) -> dict[str, Any]:
    """Return what a page needs to print dates of looks no finer than they are, from EDTF that `stands` at days.

    ``stop_dates`` has the text and the last day of each stop, ``date_spans`` the days on which a date that is not
    known to the day is printed as given; see :func:`camps.dates.spans_as_given`.
    """
    stops = {stands(text): [text, day_interval(text)[1]] for text in dates}
    return {"stop_dates": [stops[day] for day in sorted(stops)], "date_spans": spans_as_given(dates)}


def size_samples(entries: list[Site]) -> list[float]:
    """Return the round values that the legend shows as nested symbols, smallest first: a tenth, a half, the whole."""
    top = _largest(entries)
    power = 10.0 ** math.floor(math.log10(top * 1.25))
    whole = max(step * power for step in (1, 2, 5) if step * power <= top * 1.25)
    return [whole / 10, whole / 2, whole]


def fit_bounds(bounds: Sequence[float], *, width: float = 1500.0, height: float = 700.0, closest: float = 15.8) -> View:
    """Return centre and zoom that show a box (west, south, east, north) in a picture of that many pixels.

    The box is kept beside them, so that a page can fit it to another size.
    """
    west, south, east, north = (float(side) for side in bounds)
    left, right, top, foot = _unit_x(west), _unit_x(east), _unit_y(north), _unit_y(south)
    share = max((right - left) / width, (foot - top) / height, 1e-12)
    return {
        "lon": round(((left + right) / 2 - 0.5) * 360, 6),
        "lat": round(_lat((top + foot) / 2), 6),
        "zoom": round(min(closest, math.log2(1 / (256 * share))), 3),
        "bounds": (west, south, east, north),
        "closest": closest,
    }


def fit_at_one_scale(views: Sequence[View], **room: float) -> View:
    """Return the view about the middle of the last of some views that has room for each of them at its ground scale."""
    last = views[-1]
    half_x = half_y = 0.0
    for view in views:
        west, south, east, north = view["bounds"]
        grown = math.cos(math.radians(view["lat"])) / math.cos(math.radians(last["lat"]))
        half_x = max(half_x, grown * (_unit_x(east) - _unit_x(west)) / 2)
        half_y = max(half_y, grown * (_unit_y(south) - _unit_y(north)) / 2)
    half_y *= 1.3  # for what is written above and below
    x, y = _unit_x(last["lon"]), _unit_y(last["lat"])
    lons, lats = [(x + side - 0.5) * 360 for side in (-half_x, half_x)], [_lat(y + side) for side in (half_y, -half_y)]
    return fit_bounds((lons[0], lats[0], lons[1], lats[1]), **room)


def _lat(unit_y: float) -> float:
    return math.degrees(math.atan(math.sinh((0.5 - unit_y) * 2 * math.pi)))


def _unit_x(lon: float) -> float:
    return lon / 360 + 0.5


def _unit_y(lat: float) -> float:
    return 0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)


def metric_entry(name: str) -> Metric:
    """Return what a page says of a metric: its words by language, its unit, and whether its values are whole."""
    said = record.current().metric(name)
    unit = {record.current().languages[0]: said.unit}
    return {
        "id": name, "name": said.name, "one": said.one or said.many or unit, "few": said.few,
        "many": said.many or unit, "none": said.none, "unit": said.unit, "whole": said.whole,
    }  # fmt: skip


def looks_and_words(words: dict[str, dict[str, str]], look: str) -> dict[str, Any]:
    """Return the looks, fonts and words that a page holds: the looks of the suite, and the one that it opens in."""
    return {
        "looks": {looks.key_of(name): looks.palette(name) for name in dict.fromkeys([*looks.SHIPPED, look])},
        "fonts": dict(style.FONTS),
        "words": words,
        "not_verified": settings.NOT_VERIFIED,
    }
