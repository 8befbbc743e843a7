"""The ground of a reading as a page has it: pictures of its scenes, and places as columns and rows of one grid."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import shapely
from PIL import Image
from pyproj import Transformer

from camps.errors import InputError
from camps.imagery import Grid, Raster, Scene, geometry_grid, read
from camps.imagery.opening import COLOURS
from camps.imagery.pictures import colour_image
from camps.imagery.raster import extent

#: The outer ring first, then courtyards; columns and rows of the grid, the first corner not repeated.
Rings: TypeAlias = list[list[tuple[float, float]]]

#: Ground around what is read, so that its edge is no edge of the picture.
_MARGIN_M = 100.0
#: A millionth of a pixel is nothing that a hand could mean.
_DIGITS = 6


@dataclass(frozen=True)
class Sheet:
    """One grid that all scenes of a reading are shown on, and the way from it to the globe and back.

    A corner that a page sends back as it got it is the very corner that is stored, to the last digit.

    Attributes
    ----------
    grid
        Square pixels, as fine as those of the finest scene.
    """

    grid: Grid
    _stored: dict[tuple[float, float], tuple[float, float]] = field(default_factory=dict, repr=False)

    @classmethod
    def over(cls, scenes: Sequence[Scene], ground: shapely.Geometry | None) -> Sheet:
        """Return the sheet of a reading's ground, or of all that the first scene shows.

        Raises
        ------
        InputError, MissingError
            When a scene cannot be read, or that is more than a page can show.
        """
        extents = [extent(one) for one in scenes]
        outline = extents[0][0] if ground is None else gpd.GeoSeries([ground], crs=4326)
        # Two digits: a pixel of 5 m is 4.998 m on the ground of another zone's grid, and is read as it is stored.
        gsd_m = float(f"{min(size_m for _, size_m in extents):.2g}")
        try:
            return cls(geometry_grid(outline, margin_m=_MARGIN_M * (ground is not None), gsd_m=gsd_m))
        except InputError as error:
            raise InputError(f"{error}; or name the ground that is read: start(…, ground=…)") from error

    @cached_property
    def _ways(self) -> tuple[Transformer, Transformer]:
        return (
            Transformer.from_crs(4326, self.grid.crs, always_xy=True),
            Transformer.from_crs(self.grid.crs, 4326, always_xy=True),
        )

    def rings(self, shape: shapely.Polygon) -> Rings:
        """Return a polygon in EPSG:4326 as rings of columns and rows."""
        made = []
        for ring in (shape.exterior, *shape.interiors):
            stored = shapely.get_coordinates(ring)[:-1]
            x, y = self._ways[0].transform(*stored.T)
            columns = np.round((x - self.grid.west) / self.grid.gsd_m, _DIGITS).tolist()
            rows = np.round((self.grid.north - y) / self.grid.gsd_m, _DIGITS).tolist()
            points = list(zip(columns, rows, strict=True))
            self._stored.update(zip(points, map(tuple, stored.tolist()), strict=True))
            made.append(points)
        return made

    def places(self, points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
        """Return columns and rows as longitude and latitude in degrees."""
        columns, rows = np.asarray(points, dtype=np.float64).T
        west, north, size_m = self.grid.west, self.grid.north, self.grid.gsd_m
        lon, lat = self._ways[1].transform(west + columns * size_m, north - rows * size_m)
        found = zip(lon.tolist(), lat.tolist(), strict=True)
        return [self._stored.get((c, r), place) for (c, r), place in zip(points, found, strict=True)]

    def polygon(self, rings: Any) -> shapely.Polygon:
        """Return rings of columns and rows as a polygon in EPSG:4326.

        Raises
        ------
        InputError
            When a ring has fewer than three corners.
        """
        if not rings or min(map(len, rings)) < 3:
            raise InputError("outline: fewer than three corners, expected at least three; draw it again")
        shell, *holes = map(self.places, rings)
        return shapely.Polygon(shell, holes)

    def raster(self, scene: Scene) -> Raster:
        """Return a scene on the grid: its colours, or its first band."""
        names = [band.name for band in scene.bands]
        return read(scene, self.grid, bands=COLOURS if set(COLOURS) <= set(names) else names[:1])

    def picture(self, scene: Scene) -> bytes:
        """Return a scene on the grid as a PNG, clear where nothing was observed."""
        buffer = io.BytesIO()
        Image.fromarray(colour_image(self.raster(scene)), "RGBA").save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()
