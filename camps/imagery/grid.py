"""The ground of one site as a grid of square pixels, in metres, on the UTM zone that the site lies in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from rasterio.features import geometry_mask

from camps import crs
from camps.errors import InputError

Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]
Bounds: TypeAlias = crs.Bounds

#: Half the side of the square read around a site when nothing else is asked for.
DEFAULT_RADIUS_M = 1500.0
_MOST_PIXELS = 4096 * 4096


@dataclass(frozen=True)
class Grid:
    """A north-up grid of square pixels.

    Attributes
    ----------
    crs
        Projected CRS in metres, as text such as ``EPSG:32645``; x is east, y is north.
    west, north
        Upper left corner in metres.
    gsd_m
        Side of a pixel in metres.
    width, height
        Columns and rows.
    """

    crs: str
    west: float
    north: float
    gsd_m: float
    width: int
    height: int

    @property
    def shape(self) -> tuple[int, int]:
        """Return rows and columns."""
        return self.height, self.width

    @property
    def transform(self) -> Affine:
        """Return the affine transform from column and row to x and y."""
        return Affine(self.gsd_m, 0.0, self.west, 0.0, -self.gsd_m, self.north)

    @property
    def bounds(self) -> Bounds:
        """Return west, south, east, north in metres."""
        return self.west, self.north - self.height * self.gsd_m, self.west + self.width * self.gsd_m, self.north

    @property
    def box(self) -> gpd.GeoSeries:
        """Return the outline as one polygon in the grid's CRS."""
        return gpd.GeoSeries([shapely.box(*self.bounds)], crs=self.crs)

    @property
    def lonlat_bounds(self) -> Bounds:
        """Return west, south, east, north in degrees."""
        return crs.lonlat_bounds(gpd.GeoSeries(self.box.segmentize(self.gsd_m * 32), crs=self.crs))

    @property
    def centre(self) -> tuple[float, float]:
        """Return longitude and latitude of the centre in degrees."""
        west, south, east, north = self.bounds
        to_lonlat = Transformer.from_crs(self.crs, 4326, always_xy=True)
        lon, lat = to_lonlat.transform((west + east) / 2, (south + north) / 2)
        return float(lon), float(lat)

    def moved(self, east_m: float, north_m: float) -> Grid:
        """Return the same grid moved by metres east and north."""
        return Grid(self.crs, self.west + east_m, self.north + north_m, self.gsd_m, self.width, self.height)

    def at(self, gsd_m: float) -> Grid:
        """Return a grid over the same ground with other pixels, enlarged to whole pixels at the east and south."""
        west, south, east, north = self.bounds
        columns, rows = (int(np.ceil((far - near) / gsd_m - 1e-9)) for near, far in ((west, east), (south, north)))
        return Grid(self.crs, west, north, gsd_m, columns, rows)

    def mask(self, geometry: gpd.GeoSeries | gpd.GeoDataFrame | None) -> Mask:
        """Return which pixels have their centre inside `geometry` (rows × columns); all outside when it is empty.

        Pixel centres, never every pixel touched, which adds 161 % to a building of 12 by 40 m.

        Raises
        ------
        InputError
            When the geometry has no CRS.
        """
        if geometry is None or not len(geometry):
            return np.zeros(self.shape, dtype=bool)
        shapes = crs.to_lonlat(geometry).to_crs(self.crs)
        sound = [shape for shape in shapes if shape is not None and not shape.is_empty]
        if not sound:
            return np.zeros(self.shape, dtype=bool)
        return np.asarray(geometry_mask(sound, self.shape, self.transform, invert=True, all_touched=False))


def utm_crs(lon: float, lat: float) -> str:
    """Return the UTM zone, as ``EPSG:…``, that a point in degrees lies in.

    Raises
    ------
    InputError
        When the point is not on Earth, or too near a pole for UTM.
    """
    if not (np.isfinite(lon) and -180 <= lon <= 180 and -80 <= lat <= 84):
        raise InputError(f"site at {lon}, {lat}: expected longitude, latitude in degrees between 80°S and 84°N")
    zone = min(int((lon + 180) // 6) + 1, 60)
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def site_grid(lon: float, lat: float, *, radius_m: float = DEFAULT_RADIUS_M, gsd_m: float = 10.0) -> Grid:
    """Return the square grid around a site, its corners on whole multiples of the pixel.

    Parameters
    ----------
    lon, lat
        The site in degrees, longitude first.
    radius_m
        Half the side of the square, in metres.
    gsd_m
        Side of a pixel, in metres.

    Raises
    ------
    InputError
        When the point is not on Earth, or the grid is empty or has more than 16 million pixels.
    """
    zone = utm_crs(lon, lat)
    x, y = Transformer.from_crs(4326, zone, always_xy=True).transform(lon, lat)
    return bounds_grid((x - radius_m, y - radius_m, x + radius_m, y + radius_m), zone, gsd_m=gsd_m)


def bounds_grid(bounds: Bounds, zone: Any, *, gsd_m: float = 10.0) -> Grid:
    """Return the grid that holds `bounds` (west, south, east, north in the metres of `zone`), on whole multiples.

    Raises
    ------
    InputError
        When `zone` is in degrees or stretches areas there, or the grid is empty or has more than 16 million pixels.
    """
    west, south, east, north = (float(edge) for edge in bounds)
    if not (gsd_m > 0 and np.isfinite(bounds).all() and west < east and south < north):
        raise InputError(f"grid: bounds {bounds} at {gsd_m} m, expected west < east, south < north and pixels above 0")
    plane = crs.require_measurable_crs(zone)
    left, top = np.floor(west / gsd_m) * gsd_m, np.ceil(north / gsd_m) * gsd_m
    width, height = int(np.ceil((east - left) / gsd_m)), int(np.ceil((top - south) / gsd_m))
    if width * height > _MOST_PIXELS:
        raise InputError(f"grid: {width} by {height} pixels of {gsd_m} m; take a smaller radius or larger pixels")
    return Grid(CRS(plane).to_string(), float(left), float(top), float(gsd_m), width, height)


def geometry_grid(geometry: gpd.GeoSeries | gpd.GeoDataFrame, *, margin_m: float = 0.0, gsd_m: float = 10.0) -> Grid:
    """Return the grid around `geometry` with a margin in metres, on the UTM zone of its centre.

    Raises
    ------
    InputError
        When there is no geometry, it has no CRS, or the grid would be too large.
    """
    west, south, east, north = crs.lonlat_bounds(geometry)
    zone = utm_crs((west + east) / 2, (south + north) / 2)
    left, bottom, right, top = crs.to_lonlat(geometry).to_crs(zone).total_bounds
    return bounds_grid((left - margin_m, bottom - margin_m, right + margin_m, top + margin_m), zone, gsd_m=gsd_m)
