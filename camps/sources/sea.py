"""Which points lie in the sea, by the bundled Natural Earth land (1:50 million)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from camps import settings
from camps.sources.coordinates import METRES_PER_DEGREE

#: Generalised coasts leave estuaries and islets out; nearer to land than this is not called sea.
TOLERANCE_M = 10_000.0


def in_sea(lon: ArrayLike, lat: ArrayLike, *, beyond_m: float = TOLERANCE_M) -> NDArray[np.bool_]:
    """Return which points (degrees, longitude first) lie more than `beyond_m` metres, 10 km, from any land."""
    x, y = np.atleast_1d(np.asarray(lon, dtype=np.float64)), np.atleast_1d(np.asarray(lat, dtype=np.float64))
    land = _land(settings.BASEMAP / "world.json")
    wet = ~np.asarray(shapely.contains_xy(land, x, y), dtype=np.bool_)
    # Degrees of longitude shrink towards the poles: a tolerance in degrees of latitude is never too strict.
    points = shapely.points(np.column_stack([x[wet], y[wet]]))
    wet[wet] = ~np.asarray(shapely.dwithin(land, points, beyond_m / METRES_PER_DEGREE), dtype=np.bool_)
    return wet


@cache
def _land(path: Path) -> shapely.MultiPolygon:
    scale = json.loads(path.read_text(encoding="utf-8"))
    rings = [_decoded(line, scale["digits"]) for line in scale["layers"]["land"]]
    land = shapely.MultiPolygon([shapely.Polygon(ring) for ring in rings if len(ring) >= 4])
    shapely.prepare(land)
    return land


def _decoded(line: str, digits: int) -> NDArray[np.float64]:
    """Return the (lon, lat) rows of an encoded polyline."""
    numbers, shift, value = [], 0, 0
    for character in line:
        bits = ord(character) - 63
        value |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            shift = value = 0
    latlon = np.cumsum(np.array(numbers, dtype=np.float64).reshape(-1, 2), axis=0)
    return np.asarray(latlon[:, ::-1] / 10**digits)
