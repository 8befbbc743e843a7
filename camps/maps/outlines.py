"""Footprints as a page holds them: every outline once, and the sightings of each track with the looks around them.

The page follows each track by the rules of :func:`camps.timeline.footprints_state`. What needs geometry (what two
outlines share, what came, what went, how far the growth front is at each part of the way) is worked out here, so that
the page only fills and strokes.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from camps import basemap, crs
from camps.timeline import front_distances_m
from camps.timeline.pieces import BUILT, _sightings, look_days

#: Decimals of a degree kept of an outline: one centimetre.
DIGITS = 7
#: Parts of the way at which the growth front's distance is worked out; the page goes straight between them.
FRONT_STEPS = 16
#: More than this in one page opens too slowly on a small machine.
MOST_FOOTPRINTS = 120_000


class Shapes:
    """Outlines by number, each kept once."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self.encoded: list[list[str]] = []

    def number(self, geometry: Any) -> int | None:
        """Return the number of an outline, taking it in when it is new; None for one without area."""
        if geometry is None or shapely.area(geometry) == 0:
            return None
        key = shapely.to_wkb(geometry)
        if key not in self._numbers:
            self._numbers[key] = len(self.encoded)
            self.encoded.append([basemap.encode_line(ring, DIGITS) for ring in _rings(geometry)])
        return self._numbers[key]


def _rings(geometry: Any) -> list[Any]:
    polygons = [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]
    return [shapely.get_coordinates(ring) for part in polygons for ring in (part.exterior, *part.interiors)]


def outline_entries(footprints: gpd.GeoDataFrame, looks: pd.DataFrame | None) -> dict[str, Any]:
    """Return the outlines, sightings and looks of a page.

    Parameters
    ----------
    footprints
        The "footprint" table in EPSG:4326 with ``track_id`` and ``observed_on``.
    looks
        The "look" table with ``observed_on``, or None.

    Returns
    -------
    dict
        ``digits``; ``shapes``, lists of encoded rings; ``tracks``, each a list of sightings in the order of the clock;
        ``days``, the days on which each site was looked at.
    """
    days = look_days(footprints, looks)
    sightings = _sightings(footprints, days)
    shapes = Shapes()
    changes = _changes(sightings)
    tracks: dict[str, list[dict[str, Any]]] = {}
    for index, row in enumerate(sightings.to_dict("records")):
        entry = _sighting(row, shapes) | _encode_change(changes.get(index), shapes)
        tracks.setdefault(str(row["track_id"]), []).append(entry)
    here = days[days["site_id"].ne("")]
    return {
        "digits": DIGITS,
        "shapes": shapes.encoded,
        "built": list(BUILT),
        "tracks": [{"id": track, "seen": seen} for track, seen in tracks.items()],
        "days": {str(site): sorted(map(float, group["day"])) for site, group in here.groupby("site_id")},
    }


def _sighting(row: dict[Any, Any], shapes: Shapes) -> dict[str, Any]:
    entry = {
        "id": str(row["footprint_id"]),
        "site": str(row["site_id"]),
        "day": float(row["day"]),
        "kind": str(row["kind"]),
        "shape": shapes.number(row["geometry"]),
        "area": float(row["area_m2"]),
    }
    looks = {"before": row["look_before"], "after": row["look_after"], "covered": row["covered_on"]}
    return entry | {name: float(day) for name, day in looks.items() if not pd.isna(day)}


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


def _encode_change(change: dict[str, Any] | None, shapes: Shapes) -> dict[str, Any]:
    if change is None:
        return {}
    numbers = {name: shapes.number(change[name]) for name in ("kept", "gain", "loss")}
    entry: dict[str, Any] = {"low": change["low"], "grows": change["front"] is not None}
    if change["front"] is not None:
        entry["front"] = change["front"]
    return {"change": entry | {name: number for name, number in numbers.items() if number is not None}}
