"""Ground cut into tiles along a space-filling curve, so that neighbours in number are neighbours on the ground."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

#: Tiles of Web Mercator at this zoom are 2.4 km wide on the equator and 1.8 km at 42°.
ZOOM = 14
#: Where the curve begins: at sea between Asia and America, where the edge of a tile lies at every zoom from 5 on.
EDGE_LON = -168.75
_EDGE_SHARE = 32
_LAST_LAT = 85.0511287798066

Keys: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]


def eastward_of_edge(lon: ArrayLike) -> Floats:
    """Return longitudes that run on past 180 to :data:`EDGE_LON`, so that no country is torn at the antimeridian.

    Examples
    --------
    >>> eastward_of_edge([87.6, -175.0]).tolist()
    [87.6, 185.0]
    """
    degrees = np.asarray(lon, dtype=np.float64)
    return np.where(degrees < EDGE_LON, degrees + 360, np.where(degrees >= EDGE_LON + 360, degrees - 360, degrees))


def tile_keys(lon: ArrayLike, lat: ArrayLike, *, zoom: int = ZOOM) -> Keys:
    """Return the place on the Hilbert curve of the tile that holds each position in degrees.

    Examples
    --------
    >>> near, far = tile_keys([87.60, 87.61], [43.80, 43.80]), tile_keys([-70.0], [-33.0])
    >>> bool(abs(near[0] - near[1]) < abs(near[0] - far[0]))
    True
    """
    n = 1 << zoom
    east = (eastward_of_edge(lon) - EDGE_LON) / 360
    north = np.clip(np.asarray(lat, dtype=np.float64), -_LAST_LAT, _LAST_LAT)
    down = 0.5 - np.arcsinh(np.tan(np.radians(north))) / (2 * np.pi)
    x, y = (np.clip(np.floor(share * n), 0, n - 1).astype(np.int64) for share in (east, down))
    return _curve(x, y, zoom)


def _curve(x: Keys, y: Keys, zoom: int) -> Keys:
    key, side = np.zeros_like(x), 1 << zoom >> 1
    while side:
        right, below = (x & side) > 0, (y & side) > 0
        key += side * side * ((3 * right) ^ below)
        # The curve of a quarter is that of the whole, turned so that it begins where the last quarter ended.
        flipped = right & ~below
        x, y = np.where(flipped, side - 1 - x, x) & (side - 1), np.where(flipped, side - 1 - y, y) & (side - 1)
        x, y = np.where(below, x, y), np.where(below, y, x)
        side >>= 1
    return key


def _places(keys: Keys, zoom: int) -> tuple[Keys, Keys]:
    x, y, rest, side = np.zeros_like(keys), np.zeros_like(keys), keys.copy(), 1
    while side < 1 << zoom:
        right = (rest >> 1) & 1
        below = (rest ^ right) & 1
        x, y = np.where(below == 1, x, y), np.where(below == 1, y, x)
        flipped = (right == 1) & (below == 0)
        x, y = np.where(flipped, side - 1 - x, x), np.where(flipped, side - 1 - y, y)
        x, y, rest, side = x + side * right, y + side * below, rest >> 2, side << 1
    return x, y


def tile_names(keys: Keys, *, zoom: int = ZOOM) -> list[str]:
    """Return the names of tiles as tile servers number them, zoom/x/y.

    Examples
    --------
    >>> tile_names(tile_keys([87.6], [43.8]))
    ['14/12178/5970']
    """
    x, y = _places(np.asarray(keys, dtype=np.int64), zoom)
    n = 1 << zoom
    east = (x + n // _EDGE_SHARE) % n
    return [f"{zoom}/{right}/{down}" for right, down in zip(east.tolist(), y.tolist(), strict=True)]


def tile_bounds(keys: Keys, *, zoom: int = ZOOM) -> Floats:
    """Return west, south, east, north of each tile in degrees; east of the antimeridian longitudes run on past 180.

    Examples
    --------
    >>> west, south, east, north = tile_bounds(tile_keys([87.6], [43.8]))[0]
    >>> bool(west <= 87.6 < east and south < 43.8 <= north)
    True
    """
    x, y = _places(np.asarray(keys, dtype=np.int64), zoom)
    n = 1 << zoom
    west, east = (EDGE_LON + 360 * edge / n for edge in (x, x + 1))
    north, south = (np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * edge / n)))) for edge in (y, y + 1))
    return np.column_stack([west, south, east, north])


def centre_keys(shapes: NDArray[Any], *, zoom: int = ZOOM) -> Keys:
    """Return the tile of each shape in degrees: the one that holds the middle of its bounds."""
    edges = shapely.bounds(shapes)
    return tile_keys((edges[:, 0] + edges[:, 2]) / 2, (edges[:, 1] + edges[:, 3]) / 2, zoom=zoom)
