"""The plate of a site's place: where it lies in the region, and the ground about it with the errors drawn to scale."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely
from matplotlib import collections, patches
from matplotlib.axes import Axes
from numpy.typing import NDArray
from shapely.geometry import Polygon, box

from camps import basemap, crs
from camps.appendix.plates import ACCENT, BAND, INK, LINE, QUIET, STYLE, draw_footprint, new_figure, save

#: Half the height of the regional panel in degrees, and of the ground panel in metres where nothing asks for more.
_REGION_DEG = 4.2
_GROUND_M = 420.0
_MOST_LABELS = 7
_REGION_SCALE_M = 200_000
_LINES: dict[str, Any] = {
    "provinces": {"colors": LINE, "linewidths": 0.35},
    "borders": {"colors": QUIET, "linewidths": 0.7},
    "disputed": {"colors": QUIET, "linewidths": 0.7, "linestyles": (0, (3, 2))},
    "rivers": {"colors": "#9db4c8", "linewidths": 0.4},
}
_LAND, _WATER = "#f6f4ee", "#e6edf2"
_AREAL = {"land": _LAND, "lakes": _WATER}


def draw_place(site: pd.Series, footprints: gpd.GeoDataFrame | None, path: Path) -> Path:
    """Draw where a site lies and how far its point may be off.

    Parameters
    ----------
    site
        Row of the sites table: ``used_lon``, ``used_lat``, ``uncertainty_m``, ``country``.
    footprints
        The last footprints of the site, EPSG:4326, or ``None``.
    path
        Where the SVG goes.
    """
    with mpl.rc_context(STYLE):
        figure = new_figure(height_in=1.9)
        # Without footprints the ground would be an empty square about a point.
        widths = (1.32, 1) if footprints is not None else (1,)
        region, *ground = figure.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0]
        _draw_region(region, float(site["used_lon"]), float(site["used_lat"]), shape=1.32 if ground else 2.6)
        for axes in ground:
            _draw_ground(axes, site, footprints)
    return save(figure, path)


# --- the region -----------------------------------------------------------------------------------------------------


Layers = dict[str, NDArray[np.object_]]


@lru_cache(maxsize=1)
def _of_asia(folder: Path) -> Layers:
    """Return the layers of the base map of Asia; `folder` tells the base maps of two records apart."""
    return _shapes(basemap.read_scale("asia"))


def _layers(frame: Polygon) -> Layers:
    """Return the layers of the base map around a frame, which may be anywhere, as shapes in degrees."""
    if basemap.is_at_home(frame.bounds):
        return _of_asia(basemap.folder())
    return _shapes(basemap.read_part("region", frame.bounds))


def _shapes(scale: dict[str, Any]) -> Layers:
    return {name: _decoded(lines, scale["digits"], areal=name in _AREAL) for name, lines in scale["layers"].items()}


def _decoded(texts: list[str], digits: int, *, areal: bool) -> NDArray[np.object_]:
    lines = [basemap.decode_line(text, digits) for text in texts]
    return np.array(
        [Polygon(line) if areal else shapely.linestrings(line) for line in lines if len(line) > 3 or not areal],
        dtype=object,
    )


def _draw_region(axes: Axes, lon: float, lat: float, *, shape: float) -> None:
    half_width = _REGION_DEG * shape / np.cos(np.radians(lat))
    # Across the antimeridian the map goes on eastwards beyond 180 degrees.
    lon += 360 if lon - half_width < -180 else 0
    frame = box(lon - half_width, lat - _REGION_DEG, lon + half_width, lat + _REGION_DEG)
    axes.set_facecolor(_WATER)
    layers = _layers(frame)
    for name, colour in _AREAL.items():
        rings = [np.asarray(part.exterior.coords) for part in _within(layers[name], frame, "Polygon")]
        axes.add_collection(collections.PolyCollection(rings, facecolors=colour, edgecolors="none"))
    for name, look in _LINES.items():
        lines = [np.asarray(part.coords) for part in _within(layers[name], frame, "LineString")]
        axes.add_collection(collections.LineCollection(lines, **look))
    _label_places(axes, frame)
    axes.plot(lon, lat, "o", ms=5, mfc=ACCENT, mec="white", mew=0.8)
    west, south, east, north = frame.bounds
    axes.set(xlim=(west, east), ylim=(south, north), aspect=1 / np.cos(np.radians(lat)), xticks=[], yticks=[])
    metres = float(crs.distance_m((west, lat), (east, lat)))
    _draw_scale_bar(axes, _REGION_SCALE_M, (west, east, south, north), (east - west) / metres)


def _within(shapes: NDArray[np.object_], frame: Polygon, wanted: str) -> list[Any]:
    near = [_mended(shape) for shape in shapes[shapely.intersects(shapes, frame)]]
    cut = shapely.get_parts(shapely.intersection(near, frame))
    return [part for part in cut if part.geom_type == wanted]


# A land of many thousand corners is mended once for all the places that lie on it.
_mended = lru_cache(maxsize=1024)(shapely.make_valid)


def _label_places(axes: Axes, frame: Polygon) -> None:
    places = basemap.read_places(world=not basemap.is_at_home(frame.bounds))
    places["lon"] += 360.0 * places["lon"].lt(frame.bounds[0])
    shown = places[shapely.contains_xy(frame.buffer(-0.5), places["lon"], places["lat"])]
    labelled: list[tuple[float, float]] = []
    for _, place in shown.iterrows():
        if len(labelled) == _MOST_LABELS or any(_collide(place, other) for other in labelled):
            continue
        labelled.append((place["lon"], place["lat"]))
        town = place["kind"] in ("city", "capital")
        if town:
            axes.plot(place["lon"], place["lat"], "s", ms=1.8, color=INK)
        offset, aligned = ((3, 2), "left") if town else ((0, 0), "center")
        axes.annotate(
            place["name_en"], (place["lon"], place["lat"]), offset, textcoords="offset points", ha=aligned,
            fontsize=5.8, color=INK if town else QUIET, style="normal" if town else "italic", clip_on=True,
        )  # fmt: skip


def _collide(place: pd.Series, other: tuple[float, float]) -> bool:
    """Return whether the names of two places would be set over one another."""
    return bool(abs(place["lon"] - other[0]) < 2.2 and abs(place["lat"] - other[1]) < 0.5)


# --- the ground -----------------------------------------------------------------------------------------------------


def _draw_ground(axes: Axes, site: pd.Series, footprints: gpd.GeoDataFrame | None) -> None:
    lon, lat, r95_m = float(site["used_lon"]), float(site["used_lat"]), float(site["uncertainty_m"])
    half = max(_GROUND_M, 1.25 * r95_m)
    if footprints is not None:
        _draw_built(axes, footprints, lon, lat)
    circle = patches.Circle((0, 0), r95_m, facecolor="none", edgecolor=INK, linewidth=0.8, linestyle=(0, (4, 2)))
    axes.add_patch(circle)
    axes.plot(0, 0, "+", ms=8, mew=1.3, color=INK)
    if site["country"] == "China":
        half = max(half, 1.5 * _draw_shifted(axes, lon, lat))
    axes.set(xlim=(-half, half), ylim=(-half, half), aspect="equal", xticks=[], yticks=[])
    length = next(step for step in (10_000, 5_000, 2_000, 1_000, 500, 200, 100, 0) if step <= half * 0.7)
    _draw_scale_bar(axes, length, (-half, half, -half, half), 1.0)


def _metres(lon: NDArray[np.float64], lat: NDArray[np.float64], lon0: float, lat0: float) -> NDArray[np.float64]:
    """Return points as metres east and north of a place, on its parallel and meridian: a picture, not a measurement."""
    east = crs.distance_m((lon0, lat0), (lon, lat0)) * np.sign(lon - lon0)
    north = crs.distance_m((lon0, lat0), (lon0, lat)) * np.sign(lat - lat0)
    return np.column_stack([east, north])


def _draw_built(axes: Axes, footprints: gpd.GeoDataFrame, lon: float, lat: float) -> None:
    for kind, shape in zip(footprints["kind"], footprints.geometry, strict=True):
        placed = shapely.transform(shape, lambda points: _metres(points[:, 0], points[:, 1], lon, lat))
        draw_footprint(axes, placed, kind, colour=BAND)


def _draw_shifted(axes: Axes, lon: float, lat: float) -> float:
    """Draw where a Chinese map shows the point; return the larger of its distances east or north, in metres."""
    shifted_lon, shifted_lat = crs.wgs84_to_gcj02(lon, lat)
    east, north = _metres(np.array([shifted_lon]).ravel(), np.array([shifted_lat]).ravel(), lon, lat)[0]
    axes.annotate("", (east, north), (0, 0), arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.6})
    axes.plot(east, north, "x", ms=6, mew=1.2, color=INK)
    words = axes.annotate("GCJ-02", (east, north), (0, 5), textcoords="offset points", fontsize=6, color=INK)
    words.set(ha="center", bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85})
    return float(max(abs(east), abs(north)))


def _draw_scale_bar(axes: Axes, length_m: int, frame: tuple[float, float, float, float], unit: float) -> None:
    """Draw a scale bar in the lower left of a frame (west, east, south, north) that has `unit` units a metre."""
    west, east, south, north = frame
    x, y = west + 0.04 * (east - west), south + 0.05 * (north - south)
    axes.plot([x, x + length_m * unit], [y, y], color=INK, linewidth=1.4, solid_capstyle="butt")
    label = f"{length_m:,} m" if length_m < 1000 else f"{length_m // 1000} km"
    axes.annotate(label, (x, y), (0, 3), textcoords="offset points", fontsize=6, color=INK)
