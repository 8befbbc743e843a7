"""The plate of a site's images: the ground before and after, beside what was read from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from numpy.typing import NDArray

from camps import crs
from camps.appendix.plates import STYLE, draw_scale_bar, new_figure, outline_of, save
from camps.maps.scenes import read_colours, stretched

#: West, south, east and north, in metres.
Box = tuple[float, float, float, float]
_WIDTH_IN, _TALLEST_ROW_IN = 6.2, 3.2
#: A site so much lower than wide has a whole line to itself.
_WIDE = 0.4
#: Ground about what was ever read, and room for the scale bar below, in metres.
_ABOUT_M, _BELOW_M = 60.0, 60.0
_READ: dict[str, Any] = {
    "compound": {"edgecolor": "white", "linewidth": 0.9},
    "construction": {"edgecolor": "#ffd60a", "linewidth": 0.5, "linestyle": (0, (3, 2))},
    "block": {"edgecolor": "#ffd60a", "linewidth": 0.6},
    "building": {"edgecolor": "#ffd60a", "linewidth": 0.6},
}


def draw_scenes(scenes: Sequence[tuple[str, Path]], footprints: gpd.GeoDataFrame, path: Path) -> Path:
    """Draw a site in several images, each alone, and with what was read from it.

    A site that is much wider than high has its pictures below each other, any other has two beside each other.

    Parameters
    ----------
    scenes
        Date and raster of each image.
    footprints
        Polygons of the site in EPSG:4326 with ``observed_on`` and ``kind``; those of all dates set the frame.
    path
        Where the SVG goes.
    """
    plane = crs.to_equal_area(footprints["geometry"])
    drawn = footprints.set_geometry(plane)
    west, south, east, north = plane.total_bounds
    frame = (west - _ABOUT_M, south - _ABOUT_M, east + _ABOUT_M, north + _ABOUT_M)
    shape = (frame[3] - frame[1] + _BELOW_M) / (frame[2] - frame[0])
    panels = list(_panels(scenes, drawn, paired=shape >= _WIDE))
    with mpl.rc_context(STYLE):
        figure = _figure(len(panels), shape)
        shown = {scene: _cut(*read_colours(scene, crs=plane.crs), frame) for _, scene in scenes}
        for axes, (day, scene, read) in zip(figure.axes, panels, strict=True):
            _draw_image(axes, *shown[scene], frame)
            axes.set_title(day if read is None else f"{day}, {_told(len(read))}", loc="left", fontsize=7.5, pad=2)
            if read is not None:
                _draw_read(axes, read)
    return save(figure, path)


def _panels(
    scenes: Sequence[tuple[str, Path]], drawn: gpd.GeoDataFrame, *, paired: bool
) -> Iterator[tuple[str, Path, gpd.GeoDataFrame | None]]:
    """Yield each image alone, and with what was read from it; where nothing was, only to fill a line of two."""
    for day, scene in scenes:
        read = drawn[drawn["observed_on"] == day]
        yield day, scene, None
        if paired or len(read):
            yield day, scene, read


def _told(n_read: int) -> str:
    return "with what was read from it" if n_read else "ground seen; no roof read"


def _figure(n_panels: int, shape: float) -> Figure:
    """Return a figure with places for so many pictures whose height is `shape` times their width."""
    columns = 1 if shape < _WIDE else 2
    rows = n_panels // columns
    figure = new_figure(height_in=rows * min(_WIDTH_IN / columns * shape + 0.2, _TALLEST_ROW_IN))
    figure.subplots(rows, columns, squeeze=False)
    return figure


def _cut(pixels: NDArray[np.uint8], bounds: Box, frame: Box) -> tuple[NDArray[np.uint8], Box]:
    """Return the whole pixels of a picture that lie in a frame, and the edges of what is left."""
    west, south, east, north = bounds
    n_rows, n_columns = pixels.shape[:2]
    across, down = (east - west) / n_columns, (north - south) / n_rows
    left, right = (int(np.clip(np.rint((x - west) / across), 0, n_columns)) for x in (frame[0], frame[2]))
    top, foot = (int(np.clip(np.rint((north - y) / down), 0, n_rows)) for y in (frame[3], frame[1]))
    return pixels[top:foot, left:right], (
        west + left * across, north - foot * down, west + right * across, north - top * down
    )  # fmt: skip


def _draw_image(axes: Axes, pixels: NDArray[np.uint8], edges: Box, frame: Box) -> None:
    seen = pixels[..., 3] > 0
    if seen.any():
        # Each by itself, as far as it is shown: a scene of desert and snow would leave a camp in the dark.
        shown = np.dstack([*stretched(np.moveaxis(pixels[..., :3], -1, 0), seen), pixels[..., 3]])
        axes.imshow(shown, extent=(edges[0], edges[2], edges[1], edges[3]), interpolation="none")
    axes.set(xlim=(frame[0], frame[2]), ylim=(frame[1] - _BELOW_M, frame[3]), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    draw_scale_bar(axes, frame[0], frame[1] - _BELOW_M / 2)


def _draw_read(axes: Axes, footprints: gpd.GeoDataFrame) -> None:
    for kind, look in _READ.items():
        for shape in footprints.loc[footprints["kind"] == kind].geometry:
            axes.add_patch(PathPatch(outline_of(shape), facecolor="none", **look))
