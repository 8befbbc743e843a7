"""How the pixels of a file lie on the ground: by its transform, or by control points, straight or bent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import geopandas as gpd
import numpy as np
import scipy
import shapely
from affine import Affine
from numpy.typing import ArrayLike
from pyproj import Transformer
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.warp import transform_geom

from camps.crs import GEOD, Floats, to_degrees
from camps.errors import InputError
from camps.imagery.grid import utm_crs
from camps.imagery.scene import Georeference, Scene

#: Control points that miss by more pixels than this (root mean square) belong to a bent picture, another one, or are
#: mixed up.
MOST_MISFIT_PX = 2.0
_FEWEST_POINTS = 3
#: A thin-plate spline meets its points whatever they say, so that it takes more of them to find one that is wrong.
_FEWEST_SPLINE_POINTS = 6


@dataclass(frozen=True)
class Placement:
    """A CRS and an affine transform; with `points` (column, row, x, y) a thin-plate spline that the transform nears."""

    crs: CRS
    transform: Affine
    points: tuple[tuple[float, ...], ...] = ()

    def xy(self, columns: ArrayLike, rows: ArrayLike) -> tuple[Floats, Floats]:
        """Return x and y in the CRS of places in pixels from the upper left corner."""
        across, down = np.asarray(columns, dtype=np.float64), np.asarray(rows, dtype=np.float64)
        if self.points:
            return _splined(self._spline, across, down)
        a, b, c, d, e, f = tuple(self.transform)[:6]
        return a * across + b * down + c, d * across + e * down + f

    @property
    def vrt(self) -> str:
        """Return the same in the words of a GDAL virtual file."""
        crs = escape(self.crs.to_wkt())
        if not self.points:
            a, b, c, d, e, f = tuple(self.transform)[:6]
            return f"<SRS>{crs}</SRS><GeoTransform>{c!r}, {a!r}, {b!r}, {f!r}, {d!r}, {e!r}</GeoTransform>"
        placed = "".join(
            f'<GCP Id="{number}" Pixel="{column!r}" Line="{row!r}" X="{x!r}" Y="{y!r}"/>'
            for number, (column, row, x, y) in enumerate(self.points)
        )
        return f"<GCPList Projection={quoteattr(self.crs.to_wkt())}>{placed}</GCPList>"

    @cached_property
    def _spline(self) -> Callable[[Floats], Floats]:
        return _spline(self.points)


def placement(dataset: Any, scene: Scene | None = None) -> Placement:
    """Return how an open file lies on the ground: as the scene says, by its own transform, or by its control points.

    Raises
    ------
    InputError
        When there is none, or its control points miss by more than 2 pixels; the message says what to do.
    """
    if scene is not None and scene.georeference is not None:
        given = scene.georeference
        return Placement(as_crs(given.crs), Affine(*given.transform), given.points)
    if dataset.crs is not None and not dataset.transform.is_identity:
        to_degrees(dataset.crs.to_wkt(), dataset.name)
        return Placement(dataset.crs, dataset.transform)
    points, crs = dataset.gcps
    if points and crs is not None:
        fitted = fit_file(dataset)
        return Placement(as_crs(fitted.crs), Affine(*fitted.transform))
    raise InputError(f"{dataset.name}: {_without_place(dataset)}")


def _without_place(dataset: Any) -> str:
    if dataset.gcps[0]:
        return "has control points and no word on their CRS; name it: camps imagery add FILE --crs EPSG:…"
    if dataset.rpcs is not None:
        return (
            "is placed by rational polynomial coefficients (RPCs) alone, which need the heights of the ground; "
            "orthorectify it first, as with gdalwarp -rpc -to RPC_DEM=…, or give control points: "
            "camps imagery add FILE --points POINTS.csv"
        )
    return (
        "has no georeference; put a world file beside it and name its CRS, or give control points: "
        "camps imagery add FILE --crs EPSG:… [--points POINTS.csv]"
    )


def as_crs(text: str) -> CRS:
    """Return a CRS by its text.

    Raises
    ------
    InputError
        When it is not understood, or has no place on Earth.
    """
    try:
        found = CRS.from_user_input(text)
    except CRSError as error:
        raise InputError(f"CRS {text!r} is not understood, expected an EPSG code such as 'EPSG:32645'") from error
    to_degrees(found.to_wkt(), "CRS")
    return found


def footprint(dataset: Any, placed: Placement) -> gpd.GeoSeries:
    """Return the outline of a file on the ground, EPSG:4326, as one polygon."""
    width, height = dataset.width, dataset.height
    across, down = np.linspace(0, width, 9), np.linspace(0, height, 9)
    pixels = [*((c, 0) for c in across), *((width, r) for r in down[1:]), *((c, height) for c in across[-2::-1]),
              *((0, r) for r in down[-2:0:-1])]  # fmt: skip
    return gpd.GeoSeries([_on_ground(placed, pixels)], crs=4326)


def _on_ground(placed: Placement, pixels: Sequence[tuple[float, float]]) -> shapely.Polygon:
    columns, rows = np.array([*pixels, pixels[0]], dtype=np.float64).T
    ring = {"type": "Polygon", "coordinates": [list(zip(*placed.xy(columns, rows), strict=True))]}
    return shapely.Polygon(transform_geom(placed.crs, "EPSG:4326", ring, precision=-1)["coordinates"][0])


def pixel_m(dataset: Any, placed: Placement) -> float:
    """Return the side of a pixel at the centre of a file, in metres on the ground."""
    column, row = dataset.width / 2, dataset.height / 2
    square = _on_ground(placed, [(column + c, row + r) for c, r in ((0, 0), (1, 0), (1, 1), (0, 1))])
    area_m2, _ = GEOD.geometry_area_perimeter(square)
    return float(np.sqrt(abs(area_m2)))


def fit_file(
    dataset: Any, *, crs: str | None = None, warp: str = "affine", tolerance_px: float = MOST_MISFIT_PX
) -> Georeference:
    """Return the georeference that fits the control points inside a file; see :func:`fit`."""
    points, stated = dataset.gcps
    here = np.array([(one.col, one.row) for one in points])
    x, y = np.array([(one.x, one.y) for one in points]).T
    known = stated if stated is not None else as_crs(str(crs))
    lon, lat = to_degrees(known.to_wkt(), dataset.name).transform(x, y)
    return fit(here, lon, lat, what=dataset.name, warp=warp, tolerance_px=tolerance_px)


def fit(
    here: Floats, lon: Floats, lat: Floats, *, what: Any, warp: str = "affine", tolerance_px: float = MOST_MISFIT_PX
) -> Georeference:
    """Return the georeference that fits control points best, on the UTM zone of their middle.

    Parameters
    ----------
    here
        Columns and rows from the upper left corner (points × 2).
    lon, lat
        Their places in degrees.
    what
        File of the points, for messages.
    warp
        ``affine``, by least squares, or ``tps``, a thin-plate spline through all points.
    tolerance_px
        Floats that the points may be missed by (root mean square).

    Returns
    -------
    Georeference
        ``residual_m`` is the root mean square of what an affine misses the points by, or of what the spline of all the
        other points misses each by; null for three points, which any affine fits.

    Raises
    ------
    InputError
        For too few points, points on one line, twice in one place or mirrored, or a misfit beyond `tolerance_px`;
        the message names the worst point.
    """
    _require_points(here, what, fewest=_FEWEST_SPLINE_POINTS if warp == "tps" else _FEWEST_POINTS)
    zone = utm_crs(float(np.mean(lon)), float(np.mean(lat)))
    there = np.column_stack(Transformer.from_crs(4326, zone, always_xy=True).transform(lon, lat))
    _require_apart(np.round(there, 3), what, f"{{:.1f}}, {{:.1f}} in {zone}")
    six, misses = _affine(here, there, what)
    points: tuple[tuple[float, ...], ...] = ()
    if warp == "tps":
        points = tuple(tuple(map(float, row)) for row in np.column_stack([here, there]))
        misses = _left_out(points, what)
    pixel = float(np.sqrt(abs(six[0] * six[4] - six[1] * six[3])))
    _require_fit(misses, pixel, what, warp=warp, tolerance_px=tolerance_px)
    residual = float(np.sqrt(np.mean(misses**2))) if len(here) > _FEWEST_POINTS else None
    return Georeference(zone, six, residual, points)


def _require_points(here: Floats, what: Any, *, fewest: int) -> None:
    if len(here) < fewest:
        raise InputError(f"{what}: {len(here)} control points, expected at least {fewest}, spread over the picture")
    _require_apart(here, what, "pixel {:g}, {:g}")


def _require_apart(places: Floats, what: Any, at: str) -> None:
    different, counts = np.unique(places, axis=0, return_counts=True)
    if (counts > 1).any():
        raise InputError(f"{what}: two control points at {at.format(*different[counts > 1][0])}; keep the right one")


def _affine(here: Floats, there: Floats, what: Any) -> tuple[tuple[float, float, float, float, float, float], Floats]:
    design = np.column_stack([here, np.ones(len(here))])
    if _on_one_line(here):
        raise InputError(f"{what}: the control points lie on one line; add one well off it")
    origin = there.mean(axis=0)
    solved, *_ = np.linalg.lstsq(design, there - origin, rcond=None)
    misses = np.hypot(*(design @ solved + origin - there).T)
    (a, d), (b, e), (c, f) = solved[0], solved[1], solved[2] + origin
    # Rows count downwards, so east and north turn the other way round from columns and rows.
    if a * e - b * d > 0:
        raise InputError(f"{what}: the control points show the picture mirrored; check them for swapped numbers")
    return (float(a), float(b), float(c), float(d), float(e), float(f)), misses


def _on_one_line(here: Floats) -> bool:
    return bool(np.linalg.matrix_rank(here - here.mean(axis=0)) < 2)


def _left_out(points: Sequence[Sequence[float]], what: Any) -> Floats:
    misses = []
    for number, (column, row, x, y) in enumerate(points):
        kept = [*points[:number], *points[number + 1 :]]
        if _on_one_line(np.array(kept)[:, :2]):
            raise InputError(f"{what}: all control points but one lie on one line; add another well off it")
        others = _spline(kept)
        found_x, found_y = _splined(others, np.array([column]), np.array([row]))
        misses.append(float(np.hypot(found_x[0] - x, found_y[0] - y)))
    return np.array(misses)


def _spline(points: Sequence[Sequence[float]]) -> Callable[[Floats], Floats]:
    # GDAL's gives no answer for points that fold the picture, which is when the misfit has to be told.
    known = np.array(points)
    middle = known[:, 2:].mean(axis=0)
    near = scipy.interpolate.RBFInterpolator(known[:, :2], known[:, 2:] - middle, kernel="thin_plate_spline", degree=1)
    return lambda at: np.asarray(near(at) + middle)


def _splined(spline: Callable[[Floats], Floats], columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
    x, y = spline(np.column_stack([columns.ravel(), rows.ravel()])).T
    return x.reshape(columns.shape), y.reshape(columns.shape)


def _require_fit(misses: Floats, pixel: float, what: Any, *, warp: str, tolerance_px: float) -> None:
    rms = float(np.sqrt(np.mean(misses**2)))
    if rms <= tolerance_px * pixel:
        return
    worst = int(np.argmax(misses))
    bent = "" if warp == "tps" or len(misses) < _FEWEST_SPLINE_POINTS else "; a bent picture takes --warp tps"
    at = f"row {worst + 2}" if isinstance(what, Path) else f"point {worst + 1}"
    raise InputError(
        f"{what}: the control points miss by {rms / pixel:.1f} pixels, {rms:.3g} m (root mean square), expected at "
        f"most {tolerance_px:g} pixels; {at} misses most ({misses[worst]:.0f} m): check it for swapped "
        f"numbers{bent}; camps imagery add FILE --tolerance PIXELS takes them as they are"
    )
