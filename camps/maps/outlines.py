"""Footprints as a page holds them: every outline once, and the sightings of each track with the looks around them.

The page follows each track by the rules of :func:`camps.timeline.footprints_state`. What needs geometry (what two
outlines share, what came, what went, how far the growth front is at each part of the way) is worked out here, so that
the page only fills and strokes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from camps import basemap, crs
from camps.timeline import front_distances_m
from camps.timeline.pieces import BUILT, build_sightings, look_days

#: Decimals of a degree kept of an outline: one centimetre.
DIGITS = 7
#: Parts of the way at which the growth front's distance is worked out; the page goes straight between them.
FRONT_STEPS = 16
#: More than this in one page opens too slowly on a small machine.
MOST_FOOTPRINTS = 120_000

_PARTS = ("kept", "gain", "loss")
_LOOKS = {"before": "look_before", "after": "look_after", "covered": "covered_on"}


def outline_entries(footprints: gpd.GeoDataFrame, looks: pd.DataFrame | None) -> dict[str, Any]:
    """Return the outlines, sightings and looks of a page, in columns.

    Parameters
    ----------
    footprints
        The "footprint" table in EPSG:4326 with ``track_id`` and ``observed_on``.
    looks
        The "look" table with ``observed_on``, or None.

    Returns
    -------
    dict
        ``digits``; ``shapes``, each the encoded rings of one outline with spaces between; ``seen``, the sightings in
        columns, track by track in the order of the clock; ``changes``, by row, what a sighting and the next one share,
        gain and lose; ``days``, the days on which each site was looked at.
    """
    days = look_days(footprints, looks)
    sightings = build_sightings(footprints, days)
    changes = _changes(sightings)
    drawn = [sightings["geometry"].to_numpy(), *(np.array([c[name] for c in changes.values()]) for name in _PARTS)]
    shapes, numbers = _number_shapes(drawn)
    here = days[days["site_id"].ne("")]
    return {
        "digits": DIGITS,
        "built": list(BUILT),
        "shapes": shapes,
        "seen": _columns(sightings, numbers[0]),
        "changes": _change_entries(changes, numbers[1:]),
        "days": {str(site): sorted(map(float, group["day"])) for site, group in here.groupby("site_id")},
    }


def blank_marks(outlined: Mapping[str, Any], first_day: float) -> list[str]:
    """Return how a page marks places of which nothing stands: ``zero`` where a look saw none, ``unknown`` without one.

    Parameters
    ----------
    outlined
        What `outline_entries` returned.
    first_day
        The first day that the page shows.
    """
    seen = outlined["seen"]
    built: dict[str, set[int]] = {site: set() for site in outlined["days"]}
    for site, kind, day in zip(seen["site"], seen["kind"], seen["day"], strict=True):
        if seen["kinds"][kind] in BUILT:
            built.setdefault(seen["sites"][site], set()).add(day)
    looked = outlined["days"].items()
    found = {
        "zero": any(set(map(int, days)) - built[site] for site, days in looked),
        "unknown": any(min(days) > first_day for _, days in looked),
    }
    return [name for name, is_met in found.items() if is_met]


def _number_shapes(groups: list[Any]) -> tuple[list[str], list[list[int | None]]]:
    """Return every outline once, encoded, and for each group the numbers of its outlines; None for one without area."""
    geometry = np.concatenate([np.asarray(group, dtype=object) for group in groups])
    has_area = shapely.area(geometry) > 0
    codes, kept = pd.factorize(pd.Series(shapely.to_wkb(geometry[has_area])))
    numbers: list[int | None] = [None] * len(geometry)
    for place, code in zip(np.flatnonzero(has_area), codes, strict=True):
        numbers[place] = int(code)
    shapes = _encode_shapes(shapely.from_wkb(np.asarray(kept, dtype=object)))
    ends = np.cumsum([len(group) for group in groups])
    return shapes, [numbers[end - len(group) : end] for group, end in zip(groups, ends, strict=True)]


def _encode_shapes(shapes: Any) -> list[str]:
    parts, shape_of_part = shapely.get_parts(shapes, return_index=True)
    polygons = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    parts, shape_of_part = parts[polygons], shape_of_part[polygons]
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    points, ring_of_point = shapely.get_coordinates(rings, return_index=True)
    lines = pd.Series(basemap.encode_lines(points, ring_of_point, DIGITS))
    return list(lines.groupby(shape_of_part[part_of_ring]).agg(" ".join))


def _columns(sightings: pd.DataFrame, shapes: list[int | None]) -> dict[str, Any]:
    track, tracks = pd.factorize(sightings["track_id"].astype(str))
    site, sites = pd.factorize(sightings["site_id"].astype(str))
    kind, kinds = pd.factorize(sightings["kind"].astype(str))
    return {
        "tracks": list(tracks), "sites": list(sites), "kinds": list(kinds),
        "id": sightings["footprint_id"].astype(str).tolist(),
        "track": track.tolist(), "site": site.tolist(), "kind": kind.tolist(), "shape": shapes,
        "day": sightings["day"].astype(int).tolist(),
        "area": sightings["area_m2"].astype(float).tolist(),
        **{name: _days_or_none(sightings[column]) for name, column in _LOOKS.items()},
        # Of composites alone, whose first day is not their last.
        **({} if sightings["may_come"].equals(sightings["look_before"])
           else {"since": _days_or_none(sightings["may_come"])}),
    }  # fmt: skip


def _days_or_none(days: pd.Series[Any]) -> list[int | None]:
    return [None if pd.isna(day) else int(day) for day in days]


def _changes(sightings: pd.DataFrame) -> dict[int, dict[str, Any]]:
    """Return, by row, what two unlike sightings of a track that follow each other share, gain and lose."""
    old, new = sightings["geometry"].to_numpy(), sightings["next_geometry"].to_numpy()
    followed = sightings["next_day"].notna().to_numpy()
    like = np.zeros(len(sightings), dtype=bool)
    like[followed] = shapely.equals_exact(old[followed], new[followed], tolerance=0.0)
    like &= sightings["kind"].eq(sightings["next_kind"]).to_numpy(bool)
    rows = np.flatnonzero(followed & ~like)
    if not len(rows):
        return {}
    changing = sightings.iloc[rows]
    kept = shapely.intersection(old[rows], new[rows])
    built = changing["kind"].isin(BUILT) & changing["next_kind"].isin(BUILT)
    alike = (changing["kind"].eq(changing["next_kind"]) | built).to_numpy(bool)
    grows = alike & (shapely.area(kept) > 0)
    low = crs.area_m2(gpd.GeoSeries(kept, crs=crs.WGS84)).to_numpy()
    low = np.minimum(low, changing[["area_m2", "next_area_m2"]].min(axis=1).to_numpy())
    gain, loss = shapely.difference(new[rows], old[rows]), shapely.difference(old[rows], new[rows])
    front = _front_tables(old[rows][grows], new[rows][grows])
    tables = iter(front)
    return {
        int(row): {
            "kept": kept[i], "gain": gain[i], "loss": loss[i], "low": float(low[i]),
            "front": next(tables) if grows[i] else None,
        }
        for i, row in enumerate(rows)
    }  # fmt: skip


def _front_tables(old: Any, new: Any) -> list[list[float]]:
    """Return for each pair the distances, in metres, of the front at equal parts of the way from 0 to 1."""
    if not len(old):
        return []
    after = gpd.GeoSeries(new, crs=crs.WGS84)
    plane = crs.regional_crs(crs.lonlat_bounds(after))
    before = gpd.GeoSeries(old, crs=crs.WGS84).to_crs(plane).to_numpy()
    share = np.linspace(0.0, 1.0, FRONT_STEPS + 1)
    distances = front_distances_m(before[:, None], after.to_crs(plane).to_numpy()[:, None], share[None, :])
    return [[round(float(distance), 3) for distance in row] for row in distances]


def _change_entries(changes: dict[int, dict[str, Any]], numbers: list[list[int | None]]) -> dict[str, Any]:
    entries = {}
    for place, (row, change) in enumerate(changes.items()):
        entry = {"low": change["low"], "grows": change["front"] is not None, "front": change["front"]}
        entry |= {name: group[place] for name, group in zip(_PARTS, numbers, strict=True)}
        entries[str(row)] = {name: value for name, value in entry.items() if value is not None}
    return entries
