"""Where things are and how large: geodesic measures, one equal-area plane a region, and the Chinese datums.

Every table of the suite holds WGS 84 longitude and latitude (EPSG:4326), longitude first. The evidence figure for an
area is geodesic; where many geometries have to be compared they are laid on one Lambert azimuthal equal-area plane,
and :func:`require_equal_areas` shows for each run that the two agree.

References
----------
Karney, C. F. F. (2013). Algorithms for geodesics. Journal of Geodesy 87, 43-55.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Geod, Proj, Transformer
from pyproj.exceptions import CRSError, ProjError

from camps.errors import CheckError, InputError

Floats: TypeAlias = NDArray[np.float64]
#: Half the width of Web Mercator, in metres.
HALF_MERCATOR_M = 20037508.342789244
#: West, south, east, north in degrees; west > east where the region lies across the antimeridian.
Bounds: TypeAlias = tuple[float, float, float, float]

WGS84 = CRS.from_epsg(4326)
GEOD = Geod(ellps="WGS84")

#: Geodesic and equal-area figures of a building agree to this.
AGREEMENT_RTOL = 1e-6
# Geodesic areas carry rounding noise of up to 6e-5 m² whatever the size; on a 4 m² shed that is more than 1e-6.
_AGREEMENT_ATOL_M2 = 2e-4
#: Larger polygons are no buildings, and their straight edges on a plane are no geodesics.
_BUILDING_SIZED_M2 = 1e6
_CHUNK = 50_000
# Shapely's number for a polygon; multi-geometries and collections have greater ones.
_POLYGON = 3

#: Datums without a published shift to WGS 84 that lie within a metre of it.
_LIKE_WGS84 = ("China 2000",)
#: A plane may stretch areas by this much: UTM inside its own zone does (at most 0.2 %), outside it does not.
AREAL_SCALE_TOLERANCE = 0.0021


def area_m2(geometry: gpd.GeoSeries | gpd.GeoDataFrame) -> pd.Series:
    """Return the geodesic area of each geometry on the WGS 84 ellipsoid.

    Rings are taken by their role, not by their winding, so a hole is always subtracted.

    Parameters
    ----------
    geometry
        Polygons or multi-polygons in any CRS; brought to EPSG:4326 (longitude, latitude) first.

    Returns
    -------
    Series
        ``area_m2`` in m², float64, aligned to the input's index. Empty geometries, points and lines have 0;
        a null geometry has NaN.

    Raises
    ------
    InputError
        When the geometry has no CRS, or a coordinate is not a place on Earth.
    """
    return measure(geometry)["area_m2"]


def perimeter_m(geometry: gpd.GeoSeries | gpd.GeoDataFrame) -> pd.Series:
    """Return the geodesic length of all rings of each geometry, courtyards included, in metres.

    An edge drawn too far out by b enlarges a shell and narrows a courtyard, hence ΔA ≈ b · (all rings).

    Parameters, index and Raises as for :func:`area_m2`; the series is ``perimeter_m``.
    """
    return measure(geometry)["perimeter_m"]


def chunks(n: int) -> Iterator[slice]:
    """Yield parts of `n` geometries, one after the other.

    They are worked on part by part where each needs a copy, so that a million copies never lie in memory together.
    """
    for start in range(0, n, _CHUNK):
        yield slice(start, start + _CHUNK)


def measure(geometry: gpd.GeoSeries | gpd.GeoDataFrame) -> pd.DataFrame:
    """Return ``area_m2`` and ``perimeter_m`` of each geometry in one pass; see :func:`area_m2`."""
    lonlat = to_lonlat(geometry)
    shapes = np.asarray(lonlat.array)
    measured = np.zeros((len(shapes), 2))
    for part in chunks(len(shapes)):
        measured[part] = _measured(shapes[part])
    measured[shapely.is_missing(shapes)] = np.nan
    return pd.DataFrame(measured, columns=["area_m2", "perimeter_m"], index=lonlat.index)


def _measured(shapes: NDArray[Any]) -> Floats:
    rings, row, is_shell = _rings(shapes)
    areas, lengths = _ring_measures(rings)
    signed = np.where(is_shell, areas, -areas)
    columns = [np.bincount(row, weights=values, minlength=len(shapes)) for values in (signed, lengths)]
    return np.column_stack(columns)


def to_lonlat(geometry: gpd.GeoSeries | gpd.GeoDataFrame, what: str = "geometry") -> gpd.GeoSeries:
    """Return the geometry in EPSG:4326, longitude first; `what` it is, for messages.

    Raises
    ------
    InputError
        When there is no CRS, it has no place on Earth, or a coordinate cannot lie there (often a wrong CRS or swapped
        axes).
    """
    return _lonlat_on_earth(geometry, what)[0]


def _lonlat_on_earth(geometry: gpd.GeoSeries | gpd.GeoDataFrame, what: str) -> tuple[gpd.GeoSeries, Floats]:
    """Return the geometry as :func:`to_lonlat` does, and the bounds of each, NaN where it is empty."""
    if geometry.crs is None:
        raise InputError(f"{what}: has no CRS, expected one; call .set_crs() with the CRS it was drawn in")
    series = geometry.geometry if isinstance(geometry, gpd.GeoDataFrame) else geometry
    if series.crs.equals(WGS84, ignore_axis_order=True):
        lonlat = series
    else:
        moved = degrees_of(np.asarray(series.array), series.crs, what)
        lonlat = gpd.GeoSeries(moved, index=series.index, name=series.name, crs=WGS84)
    return lonlat, _bounds_on_earth(lonlat, what)


def degrees_of(shapes: NDArray[Any], stated: CRS, what: str) -> NDArray[Any]:
    """Return shapes of a CRS in EPSG:4326, longitude first; see :func:`to_degrees`."""
    move: Any = to_degrees(stated, what).transform
    return np.asarray(shapely.transform(shapes, move, interleaved=False))


def to_degrees(stated: Any, what: str) -> Transformer:
    """Return what brings positions in a CRS to EPSG:4326, easting or longitude first on either side.

    Parameters
    ----------
    stated
        Anything that ``pyproj.CRS`` understands.
    what
        What states it, for messages.

    Raises
    ------
    InputError
        When it is not understood, has no place on Earth (a site grid, another planet), or no two axes along the ground
        (heights alone, metres from the centre of the Earth).
    """
    name = str(stated)
    try:
        known = CRS.from_user_input(stated)
        name, reason = known.name, known.type_name
        if known.is_geographic or known.is_projected:
            return Transformer.from_crs(known, WGS84, always_xy=True)
    except (CRSError, ProjError) as error:
        reason = str(error).rpartition(": ")[2]
    raise InputError(
        f"{what}: its CRS, {name[:60]}, is no degrees or grid on Earth ({reason[:120]}); export it in EPSG:4326"
    )


def unshifted(stated: CRS, lonlat: Floats) -> str:
    """Return what to say where no shift from the datum of a CRS to WGS 84 is known at `lonlat` (n × 2), or nothing.

    PROJ then takes degrees on the one for degrees on the other. Beijing 1954 and Xian 1980 lie some 100 m off.
    """
    if not len(lonlat) or any(datum in str(stated.datum and stated.datum.name) for datum in _LIKE_WGS84):
        return ""
    back = Transformer.from_crs(WGS84, stated, always_xy=True)
    back.transform(*lonlat[0])
    with suppress(ProjError):
        # Of several operations PROJ takes one by the place.
        back = back.get_last_used_operation()
    if "Ballpark" not in back.description:
        return ""
    return (
        f"no shift from the datum of {stated.name[:60]} to WGS 84 is known here and none is made; positions may lie "
        "100 m off or more: export it in EPSG:4326 with a program that knows the shift"
    )


def _bounds_on_earth(lonlat: gpd.GeoSeries, what: str) -> Floats:
    shapes = np.asarray(lonlat.array)
    # Longitudes run on past 180 in a polygon that lies across the antimeridian. Nothing has NaN for bounds, and so has
    # a geometry with a coordinate that is no number.
    edges = shapely.bounds(shapes)
    wrong = np.flatnonzero(~(np.abs(edges) <= (360, 90, 360, 90)).all(axis=1))
    wrong = wrong[~shapely.is_missing(shapes[wrong]) & ~shapely.is_empty(shapes[wrong])]
    if len(wrong):
        west, south, east, north = edges[wrong[0]]
        raise InputError(
            f"{what}: row {lonlat.index[wrong[0]]!r} has longitudes {west} to {east}, latitudes {south} to {north}, "
            "expected degrees on Earth; set the CRS that the coordinates are in, or swap the axes"
        )
    return np.asarray(edges, dtype=np.float64)


def _rings(shapes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp], NDArray[np.bool_]]:
    polygons, row = shapes, np.arange(len(shapes))
    if (shapely.get_type_id(shapes) == _POLYGON).all() and not shapely.get_num_interior_rings(shapes).any():
        # A polygon without a courtyard has the coordinates of its one ring, and most buildings have none.
        return polygons, row, np.ones(len(row), dtype=bool)
    # A collection may hold multi-polygons, so its parts have parts.
    while (shapely.get_type_id(polygons) > _POLYGON).any():
        polygons, part = shapely.get_parts(polygons, return_index=True)
        row = row[part]
    rings, ring_polygon = shapely.get_rings(polygons, return_index=True)
    is_shell = np.ones(len(rings), dtype=bool)
    is_shell[1:] = ring_polygon[1:] != ring_polygon[:-1]
    return rings, row[ring_polygon], is_shell


def _ring_measures(rings: NDArray[Any]) -> tuple[Floats, Floats]:
    # Python's own arrays, because pyproj takes far longer to receive a small NumPy array than to measure it.
    lon, lat = (array("d", degrees.tobytes()) for degrees in shapely.get_coordinates(rings).T)
    ends = np.cumsum(shapely.get_num_coordinates(rings)).tolist()
    starts = [0, *ends]
    measured = [
        GEOD.polygon_area_perimeter(lon[start:end], lat[start:end]) for start, end in zip(starts, ends, strict=False)
    ]
    areas, lengths = np.array(measured, dtype=np.float64).reshape(-1, 2).T
    return np.abs(areas), lengths


def lonlat_bounds(geometry: gpd.GeoSeries | gpd.GeoDataFrame) -> Bounds:
    """Return the narrowest west, south, east, north in degrees that hold all of `geometry`.

    West is greater than east where the narrowest bounds lie across the antimeridian.

    Raises
    ------
    InputError
        When there is nothing in it, or it has no CRS.
    """
    lonlat, edges = _lonlat_on_earth(geometry, "geometry")
    west, south = np.fmin.reduce(edges[:, :2], initial=np.inf).tolist()
    east, north = np.fmax.reduce(edges[:, 2:], initial=-np.inf).tolist()
    if west > east:
        raise InputError("bounds: no coordinates, expected at least one geometry that is not empty")
    if west >= -180 and east <= 180 and east - west <= 180:
        return west, south, east, north
    lons = np.unique(_wrap(shapely.get_coordinates(np.asarray(lonlat.array))[:, 0]))
    widest = int(np.argmax(np.diff(lons, append=lons[0] + 360)))
    return float(lons[(widest + 1) % len(lons)]), south, float(lons[widest]), north


def _wrap(lon: ArrayLike) -> Floats:
    degrees = np.asarray(lon, dtype=np.float64)
    # Wrapping in floating point would move longitudes that need none by a rounding error.
    return np.where(np.abs(degrees) <= 180, degrees, (degrees + 180) % 360 - 180)


def regional_crs(bounds: Bounds | ArrayLike) -> CRS:
    """Return the Lambert azimuthal equal-area CRS, in metres, centred on a region.

    Areas are right anywhere in it; lengths are off by 0.4 % at 1,000 km from the centre and by 2.5 % at 2,500 km.

    Parameters
    ----------
    bounds
        West, south, east, north in degrees, as from :func:`lonlat_bounds`; west > east across the antimeridian.

    Raises
    ------
    InputError
        When the bounds are not finite, upside down or wider than half the Earth.
    """
    west, south, east, north = (float(edge) for edge in np.asarray(bounds, dtype=np.float64))
    width = east - west if east >= west else east - west + 360
    if not (np.isfinite([west, south, east, north]).all() and -90 <= south <= north <= 90 and 0 <= width <= 180):
        raise InputError(
            f"bounds: {(west, south, east, north)}, expected west, south, east, north in degrees, at most 180 wide; "
            "take them from camps.crs.lonlat_bounds (west > east across the antimeridian), or work by region"
        )
    lon, lat = float(_wrap(west + width / 2)), (south + north) / 2
    return CRS.from_dict(
        {"proj": "laea", "lon_0": round(lon, 3), "lat_0": round(lat, 3), "datum": "WGS84", "units": "m"}
    )


def to_equal_area(geometry: gpd.GeoSeries | gpd.GeoDataFrame, crs: CRS | None = None) -> gpd.GeoSeries:
    """Return the geometry on one equal-area plane, in metres; by default the plane of its own region."""
    lonlat = to_lonlat(geometry)
    return lonlat.to_crs(crs or regional_crs(lonlat_bounds(lonlat)))


def require_equal_areas(
    geometry: gpd.GeoSeries | gpd.GeoDataFrame, crs: CRS | None = None, *, rtol: float = AGREEMENT_RTOL
) -> float:
    """Return the largest relative difference of geodesic and equal-area figures, and raise when it is too large.

    Only polygons up to 1 km² are compared. Differences below 2e-4 m² are rounding and pass.

    Raises
    ------
    CheckError
        Naming the row that differs most, when it differs by more than `rtol`.
    """
    if not len(geometry):
        return 0.0
    return require_agreement(area_m2(geometry), to_equal_area(geometry, crs).area.to_numpy(), rtol=rtol)


def require_agreement(geodesic: pd.Series[float], plane: Floats, *, rtol: float = AGREEMENT_RTOL) -> float:
    """Compare areas in m² that are already measured both ways; see :func:`require_equal_areas`."""
    compared = geodesic.between(0, _BUILDING_SIZED_M2, inclusive="right").to_numpy()
    if not compared.any():
        return 0.0
    areas = geodesic.to_numpy()[compared]
    difference = np.abs(plane[compared] - areas)
    relative = np.where(difference > _AGREEMENT_ATOL_M2, difference / areas, 0.0)
    worst = int(np.argmax(relative))
    if relative[worst] > rtol:
        raise CheckError(
            f"area: row {geodesic.index[compared][worst]!r} has {areas[worst]:.3f} m² by geodesics and differs by "
            f"{relative[worst]:.1e} on the plane, expected at most {rtol:g}; use camps.crs.regional_crs(bounds)"
        )
    return float(relative[worst])


def require_measurable_crs(crs: Any, bounds: Bounds | ArrayLike | None = None) -> CRS:
    """Return `crs` when areas may be taken in it, and raise otherwise.

    Parameters
    ----------
    crs
        Anything that ``pyproj.CRS`` understands.
    bounds
        Where it is to be used: west, south, east, north in degrees. Without bounds a UTM zone passes.

    Raises
    ------
    InputError
        For no CRS, degrees, units other than metres, EPSG:3857 and other Mercator planes, and any plane that
        stretches areas by more than 0.21 % within `bounds`, such as a UTM zone far away. The message says what
        to use instead.
    """
    plane = _as_crs(crs)
    if plane.is_geographic:
        raise _unmeasurable(plane, "it is in degrees")
    units = {axis.unit_name for axis in plane.axis_info}
    if not plane.is_projected or units != {"metre"}:
        raise _unmeasurable(plane, f"its axes are in {', '.join(sorted(units)) or 'no unit'}, not metres")
    if _is_mercator(plane):
        raise _unmeasurable(plane, "Web Mercator and its kin enlarge areas by 49 % at 35°N and 123 % at 48°N")
    if bounds is not None:
        _require_areal_scale(plane, bounds)
    return plane


def _as_crs(crs: Any) -> CRS:
    if crs is None:
        raise InputError("CRS: none, expected a projected CRS in metres; set the CRS that the data was drawn in")
    try:
        return CRS.from_user_input(crs)
    except CRSError as error:
        raise InputError(f"CRS: {crs!r} is not understood, expected an EPSG code such as 'EPSG:32645'") from error


def _is_mercator(plane: CRS) -> bool:
    operation = plane.coordinate_operation
    method = operation.method_name if operation else ""
    return "mercator" in method.lower() and "transverse" not in method.lower()


def _require_areal_scale(plane: CRS, bounds: Bounds | ArrayLike) -> None:
    west, south, east, north = (float(edge) for edge in np.asarray(bounds, dtype=np.float64))
    lon, lat = np.meshgrid(np.linspace(west, east if east >= west else east + 360, 5), np.linspace(south, north, 5))
    try:
        scale = np.asarray(Proj(plane).get_factors(_wrap(lon.ravel()), lat.ravel()).areal_scale)
    except ProjError as error:
        raise _unmeasurable(plane, "the region lies outside what it can show") from error
    worst = float(scale[np.argmax(np.abs(scale - 1))]) if np.isfinite(scale).all() else np.inf
    if abs(worst - 1) > AREAL_SCALE_TOLERANCE:
        raise _unmeasurable(plane, f"within {(west, south, east, north)} it changes areas by up to {worst - 1:+.1%}")


def _unmeasurable(plane: CRS, reason: str) -> InputError:
    return InputError(
        f"CRS {plane.to_string()[:60]}: areas cannot be taken in it, {reason}; use camps.crs.area_m2 (geodesic), or "
        "to_crs(camps.crs.regional_crs(camps.crs.lonlat_bounds(geometry)))"
    )


# The Chinese datums. GCJ-02 is published nowhere officially; the constants below are those of the widely copied
# "eviltransform" code and reproduce Chinese web maps to better than a metre.
_KRASOVSKY_A_M = 6378245.0
_KRASOVSKY_E2 = 0.00669342162296594323
_BD_PI = np.pi * 3000.0 / 180.0
#: West, south, east, north of the box in which Chinese services apply the shift.
GCJ02_BOX: Bounds = (72.004, 0.8293, 137.8347, 55.8271)
# A fixed-point step shrinks the error by two to three orders; the limit only ends a search that a NaN would hold up.
_MOST_STEPS = 30
_STEP_TOLERANCE_DEG = 1e-11


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees as GCJ-02, the shifted datum of Chinese maps; arrays of the inputs' common shape.

    Points outside :data:`GCJ02_BOX` are returned as they are. Longitude first.
    """
    x, y = _degrees(lon, lat)
    d_lat, d_lon = _raw_shift_m(x - 105.0, y - 35.0)
    sin_lat = np.sin(np.radians(y))
    magic = 1 - _KRASOVSKY_E2 * sin_lat**2
    meridian_m = _KRASOVSKY_A_M * (1 - _KRASOVSKY_E2) / magic**1.5
    parallel_m = _KRASOVSKY_A_M / np.sqrt(magic) * np.cos(np.radians(y))
    inside = _in_box(x, y)
    return (
        np.where(inside, x + np.degrees(d_lon / parallel_m), x),
        np.where(inside, y + np.degrees(d_lat / meridian_m), y),
    )


def _degrees(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    x, y = np.broadcast_arrays(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    return x, y


def _in_box(x: Floats, y: Floats) -> NDArray[np.bool_]:
    west, south, east, north = GCJ02_BOX
    return (x >= west) & (x <= east) & (y >= south) & (y <= north)


def _raw_shift_m(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    root, product = np.sqrt(np.abs(x)), x * y
    common = 20 * _wave(x, 6) + 20 * _wave(x, 2)
    north = -100 + 2 * x + 3 * y + 0.2 * y**2 + 0.1 * product + 0.2 * root
    north += (
        (common + 20 * _wave(y, 1) + 40 * _wave(y, 1 / 3) + 160 * _wave(y, 1 / 12) + 320 * _wave(y, 1 / 30)) * 2 / 3
    )
    east = 300 + x + 2 * y + 0.1 * x**2 + 0.1 * product + 0.1 * root
    east += (common + 20 * _wave(x, 1) + 40 * _wave(x, 1 / 3) + 150 * _wave(x, 1 / 12) + 300 * _wave(x, 1 / 30)) * 2 / 3
    return north, east


def _wave(degrees: Floats, cycles: float) -> Floats:
    return np.asarray(np.sin(degrees * np.pi * cycles))


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees as BD-09, Baidu's datum: GCJ-02 and a second shift. See :func:`wgs84_to_gcj02`."""
    x, y = _degrees(lon, lat)
    gcj_lon, gcj_lat = wgs84_to_gcj02(x, y)
    radius = np.hypot(gcj_lon, gcj_lat) + 0.00002 * np.sin(gcj_lat * _BD_PI)
    angle = np.arctan2(gcj_lat, gcj_lon) + 0.000003 * np.cos(gcj_lon * _BD_PI)
    inside = _in_box(x, y)
    return (
        np.where(inside, radius * np.cos(angle) + 0.0065, x),
        np.where(inside, radius * np.sin(angle) + 0.006, y),
    )


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return GCJ-02 degrees as WGS 84, by iteration; a round trip is good to well below 1 cm inside the box."""
    return _undo(wgs84_to_gcj02, lon, lat)


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return BD-09 degrees as WGS 84, by iteration; a round trip is good to well below 1 cm inside the box."""
    return _undo(wgs84_to_bd09, lon, lat)


#: How degrees of each datum are brought to WGS 84.
TO_WGS84: dict[str, Callable[[Floats, Floats], tuple[Floats, Floats]]] = {
    "wgs84": lambda lon, lat: (lon, lat), "gcj02": gcj02_to_wgs84, "bd09": bd09_to_wgs84,
}  # fmt: skip


def _undo(
    forward: Callable[[ArrayLike, ArrayLike], tuple[Floats, Floats]], lon: ArrayLike, lat: ArrayLike
) -> tuple[Floats, Floats]:
    target = np.stack(_degrees(lon, lat))
    guess = target.copy()
    for _ in range(_MOST_STEPS):
        step = target - np.stack(forward(guess[0], guess[1]))
        guess = guess + step
        if not np.any(np.abs(step) > _STEP_TOLERANCE_DEG):
            break
    return guess[0], guess[1]


def gcj02_offset_m(lon: ArrayLike, lat: ArrayLike) -> Floats:
    """Return how far, in metres, GCJ-02 moves each WGS 84 point; 0 outside the box. Arrays in, an array out."""
    return distance_m((lon, lat), wgs84_to_gcj02(lon, lat))


def bd09_offset_m(lon: ArrayLike, lat: ArrayLike) -> Floats:
    """Return how far, in metres, BD-09 moves each WGS 84 point; 0 outside the box."""
    return distance_m((lon, lat), wgs84_to_bd09(lon, lat))


def distance_m(one: tuple[ArrayLike, ArrayLike], other: tuple[ArrayLike, ArrayLike]) -> Floats:
    """Return the geodesic distances in metres between pairs of (lon, lat) in degrees, broadcast to one shape."""
    x1, y1, x2, y2 = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (*one, *other)))
    distances = GEOD.inv(x1.ravel(), y1.ravel(), x2.ravel(), y2.ravel())[2]
    return np.asarray(distances, dtype=np.float64).reshape(x1.shape)
