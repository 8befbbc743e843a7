"""Places as a file draws them: what geometries are made of, counted; and one place a row, nothing lost without a word.

A list wants one place a row. Of a collection the outlines are taken, else the points, else the lines; several points
are several places. What is left aside is noted and accounted for: parts, rings and vertices (a vertex that only closes
its ring is not counted twice).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from camps import crs
from camps.errors import Fault, InputError, raise_faults
from camps.sources.report import Piece, Report
from camps.sources.text import MOST_CELLS, MOST_COLUMNS, RawTable

#: Names of the columns that hold the printed position of a geographic file, and its geometry in EPSG:4326.
LON, LAT = "longitude as printed", "latitude as printed"
GEOMETRY = "geometry as read"
#: Parts of one place lie near one another; farther apart they are worth a second look.
MOST_REACH_M = 20_000.0
#: Longitudes may run on past 180 where an outline crosses it; what is beyond this is no longitude.
MOST_DEGREES = 360.0
# Shapely's numbers of the plain kinds; those of multi-geometries and collections are greater.
_POINT, _LINE, _RING, _POLYGON, _POINTS, _MULTILINE, _, _COLLECTION = range(8)
_LINES = (_LINE, _RING, _MULTILINE)
_KINDS = {_POINT: "point", _LINE: "line", _RING: "line", _POLYGON: "outline"}
Shapes = NDArray[Any]


def point_of(geometry: BaseGeometry) -> shapely.Point:
    """Return the point that stands for a geometry: itself, its centroid, or a point inside where that lies outside."""
    if isinstance(geometry, shapely.Point):
        return geometry
    centroid = geometry.centroid
    return centroid if geometry.intersects(centroid) else geometry.representative_point()


def parts_of(shapes: Any) -> tuple[Shapes, NDArray[np.intp]]:
    """Return the points, lines and polygons that geometries are made of, and the position that each comes from."""
    parts = np.atleast_1d(np.asarray(shapes, dtype=object))
    origin = np.arange(len(parts))
    while (shapely.get_type_id(parts) > _POLYGON).any():
        parts, whole = shapely.get_parts(parts, return_index=True)
        origin = origin[whole]
    there = ~shapely.is_missing(parts)
    return parts[there], origin[there]


def pieces_of(shapes: Any, *, by_shape: bool = False) -> dict[Piece, NDArray[np.int64]]:
    """Return how many parts, rings and vertices geometries are made of, together or shape by shape.

    Examples
    --------
    >>> court = shapely.box(0, 0, 9, 9).difference(shapely.box(3, 3, 6, 6))
    >>> {piece: int(n.sum()) for piece, n in pieces_of([court, shapely.Point(1, 2)]).items()}
    {'part': 2, 'ring': 2, 'vertex': 9}
    """
    given = np.atleast_1d(np.asarray(shapes, dtype=object))
    parts, origin = parts_of(given)
    rings = np.where(shapely.get_type_id(parts) == _POLYGON, shapely.get_num_interior_rings(parts) + 1, 0)
    rings = np.where(shapely.is_empty(parts), 0, rings)
    vertices = shapely.get_num_coordinates(parts) - rings
    where = origin if by_shape else np.zeros_like(origin)
    n = len(given) if by_shape else 1
    pieces: dict[Piece, NDArray[np.int64]] = {
        "part": np.bincount(where, minlength=n),
        "ring": np.bincount(where, rings, minlength=n).astype(np.int64),
        "vertex": np.bincount(where, vertices, minlength=n).astype(np.int64),
    }
    return pieces


def take_shapes(report: Report, shapes: Any) -> None:
    """Count the parts, rings and vertices of geometries as taken."""
    for piece, n in pieces_of(shapes).items():
        report.take(piece, int(n.sum()))


def use_shapes(report: Report, shapes: Any) -> None:
    """Count the parts, rings and vertices of the geometries of a result as used."""
    for piece, n in pieces_of(shapes).items():
        report.use(piece, int(n.sum()))


def note_shapes(report: Report, shapes: Any) -> None:
    """Count the parts, rings and vertices of geometries as noted; the remark is made on what holds them."""
    for piece, n in pieces_of(shapes).items():
        report.note(piece, int(n.sum()))


def table_of_cells(rows: Sequence[Mapping[str, str]], path: Path) -> pd.DataFrame:
    """Return the cells of features by name as a table, the first of them row 1; a cell that a feature has not is NaN.

    Raises
    ------
    InputError
        When there are too many columns or cells, before room is taken for them: each feature may name its own.
    """
    _check_room(len(rows), len({name for row in rows for name in row}), path)
    return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1), dtype=object)


def _check_room(n_rows: int, n_columns: int, path: Path) -> None:
    if n_columns > MOST_COLUMNS or n_rows * n_columns > MOST_CELLS:
        raise InputError(
            f"{path}: {n_rows:,} features of {n_columns:,} columns, expected at most {MOST_COLUMNS:,} columns and "
            f"{MOST_CELLS:,} cells; cut it to those that matter"
        )


def place_table(
    cells: pd.DataFrame,
    shapes: Sequence[Any] | Shapes,
    path: Path,
    report: Report,
    *,
    printed: dict[int, tuple[str, str]] | None = None,
    stated_crs: Any = 4326,
) -> RawTable:
    """Return one place a row: its cells, its position as printed, and its geometry in EPSG:4326.

    Parameters
    ----------
    cells
        Text; the index is the number of the feature in the file, from 1.
    shapes
        A geometry a row of `cells`, in `stated_crs`, longitude or easting first; ``None`` where there is none.
    path
        The file, for messages.
    report
        Takes a remark for each feature without a geometry, each part left aside, each point that becomes a place of
        its own, and the account of features, parts, rings and vertices.
    printed
        Longitude and latitude as the file prints them, by feature; of the others the digits of the number are kept.
    stated_crs
        The CRS of `shapes`.

    Returns
    -------
    RawTable
        Features with a place, under their number in the file. The second and further points of one feature follow
        at the end, under numbers beyond those of the file.

    Raises
    ------
    InputError
        When no feature has a geometry, coordinates are no finite numbers or no degrees, or there are too many columns.
    """
    _check_room(*cells.shape, path)
    held = pd.Series(_flat(np.asarray(list(shapes), dtype=object), report), index=cells.index, dtype=object)
    held = _without_bare(held, cells, report)
    if held.empty:
        raise InputError(f"{path}: no feature with a geometry, expected at least one")
    held, more = _one_place_a_row(held, report)
    n_features = len(held)
    origin = pd.Series(held.index, index=held.index)
    if more:
        beyond = range(int(cells.index.max()) + 1, int(cells.index.max()) + 1 + len(more))
        origin = pd.concat([origin, pd.Series([row for row, _ in more], index=beyond)])
        held = pd.concat([held, pd.Series([point for _, point in more], index=beyond, dtype=object)])
        _say_apart(origin, report)
    report.use("feature", n_features)
    use_shapes(report, held.to_numpy())
    told_crs = CRS.from_user_input(stated_crs)
    held = _the_short_way(held, report) if told_crs.is_geographic else held
    raise_faults(_strange(held, told_crs), path.name)
    frame = cells.loc[origin].set_axis(held.index.rename("row"), axis=0).astype(object)
    lon, lat = zip(*_printed(held, printed or {}), strict=True)
    lonlat = _lonlat(held.to_numpy(), told_crs, path, report)
    _note_far_apart(lonlat, held.index, report)
    places = pd.DataFrame({LON: lon, LAT: lat, GEOMETRY: pd.Series(lonlat, dtype=object).to_numpy()}, frame.index)
    # A file may have columns of these very names.
    frame = frame.drop(columns=[name for name in places if name in frame])
    return RawTable(pd.concat([frame.where(frame.notna(), ""), places], axis=1))


def _the_short_way(held: pd.Series, report: Report) -> pd.Series:
    """Return plain geometries with those that lie across 180° and are not cut there on the side of their middle."""
    shapes = held.to_numpy().copy()
    edges = shapely.bounds(shapes)
    for at in np.flatnonzero((edges[:, 2] - edges[:, 0] > 180) & (shapely.get_num_geometries(shapes) == 1)):
        moved = shapely.transform(shapes[at], eastward)
        shapes[at] = shapely.transform(moved, lambda lonlat: lonlat - (360, 0)) if moved.centroid.x > 180 else moved
        report.add("mended", "lies across 180°; read as the short way round", row=int(held.index.to_numpy()[at]))
    return pd.Series(shapes, index=held.index, dtype=object)


def eastward(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return positions in degrees with those of the western half of the globe at more than 180° east."""
    return np.column_stack([np.where(lonlat[:, 0] < 0, lonlat[:, 0] + 360, lonlat[:, 0]), lonlat[:, 1]])


def _flat(shapes: Shapes, report: Report) -> Shapes:
    """Return geometries without heights and measures, which no list of places uses; they are noted where not zero."""
    further = shapely.get_coordinates(shapes, include_z=True, include_m=True)[:, 2:]
    filled = np.nan_to_num(further).any(axis=1)
    if filled.any():
        report.add("noted", f"heights or measures at {int(filled.sum()):,} positions; left aside")
    return np.asarray(shapely.force_2d(shapes))


def _without_bare(held: pd.Series, cells: pd.DataFrame, report: Report) -> pd.Series:
    bare = shapely.is_missing(held.to_numpy()) | shapely.is_empty(held.to_numpy())
    note_shapes(report, held.to_numpy()[bare])
    for row in held.index[bare]:
        said = " | ".join(cell for cell in cells.loc[row] if isinstance(cell, str) and cell)
        report.add("dropped", "a feature without a geometry", row=int(row), value=said, piece="feature")
    return pd.Series(held[~bare])


def _one_place_a_row(held: pd.Series, report: Report) -> tuple[pd.Series, list[tuple[int, BaseGeometry]]]:
    """Return a plain geometry a row, and the further points of rows that hold several."""
    held, more = held.copy(), []
    for row in held.index[_is_mixed(held.to_numpy())]:
        kept = _taken_parts(held[row], int(row), report)
        if isinstance(kept[0], shapely.Point):
            more += [(int(row), point) for point in kept[1:]]
            kept = kept[:1]
        held[row] = kept[0] if len(kept) == 1 else _joined(kept)
    for row in held.index[np.isin(shapely.get_type_id(held.to_numpy()), _LINES)]:
        report.add("noted", "a line; the middle of it stands for the place", row=int(row))
    return held, more


def _is_mixed(shapes: Shapes) -> NDArray[np.bool_]:
    """Return which geometries are collections, several points, or several parts of which one is empty."""
    parts, origin = parts_of(shapes)
    with_empty = np.zeros(len(shapes), dtype=np.bool_)
    with_empty[origin[shapely.is_empty(parts)]] = True
    kinds = shapely.get_type_id(shapes)
    return np.asarray((kinds == _POINTS) | (kinds == _COLLECTION) | ((kinds > _POLYGON) & with_empty))


def _taken_parts(shape: BaseGeometry, row: int, report: Report) -> list[BaseGeometry]:
    parts, _ = parts_of(shape)
    kinds = shapely.get_type_id(parts)
    full = ~shapely.is_empty(parts)
    best = next(kind for kind in (_POLYGON, _POINT, _LINE, _RING) if (full & (kinds == kind)).any())
    taken = full & (kinds == best)
    for part in parts[~taken]:
        what = "an empty part" if part.is_empty else f"a {_KINDS[int(shapely.get_type_id(part))]}"
        reason = f"{what} beside the {_KINDS[best]} of one feature; the {_KINDS[best]} is taken, the rest left aside"
        report.add("noted", reason, row=row, value=part.wkt)
    note_shapes(report, parts[~taken])
    return list(parts[taken])


def _joined(parts: list[Any]) -> BaseGeometry:
    return shapely.MultiPolygon(parts) if isinstance(parts[0], shapely.Polygon) else shapely.MultiLineString(parts)


def _say_apart(origin: pd.Series, report: Report) -> None:
    for row, rows in origin.groupby(origin):
        if len(rows) > 1:
            others = ", ".join(str(number) for number in rows.index[1:])
            reason = (
                f"one feature of {len(rows)} points; each is read as a place of its own, the others as row {others}"
            )
            report.add("noted", reason, row=int(str(row)))


def _printed(held: pd.Series, printed: dict[int, tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for row, shape in held.items():
        point = point_of(shape)
        yield printed.get(int(str(row))) or (repr(point.x), repr(point.y))


def _lonlat(shapes: Shapes, stated_crs: CRS, path: Path, report: Report) -> Shapes:
    if stated_crs.equals(crs.WGS84, ignore_axis_order=True):
        return shapes
    name = stated_crs.to_string()[:60]
    report.add("mended", f"positions reprojected from {name} to EPSG:4326; printed ones kept")
    moved = crs.degrees_of(shapes, stated_crs, str(path))
    positions = shapely.get_coordinates(moved)
    if not np.isfinite(positions).all():
        raise InputError(f"{path}: positions that are no places in {name}; is the CRS right? say which with --crs")
    if unshifted := crs.unshifted(stated_crs, positions):
        report.add("noted", unshifted)
    return moved


def _strange(held: pd.Series, stated_crs: CRS) -> Iterator[Fault]:
    """Yield a fault for each feature whose coordinates are no numbers, or metres under a CRS of degrees."""
    positions, origin = shapely.get_coordinates(held.to_numpy(), return_index=True)
    far = pd.Series(np.abs(positions).max(axis=1)).groupby(origin).max().to_numpy()
    unreal = np.unique(origin[~np.isfinite(positions).all(axis=1)])
    rows = held.index.to_numpy()
    for row in rows[unreal]:
        yield Fault(f"row {row}", "a coordinate that is no number", "finite coordinates", "correct it in the file")
    if stated_crs.is_geographic:
        for place in np.flatnonzero(far > MOST_DEGREES):
            remedy = "the coordinates are of another CRS than the file says: export it in EPSG:4326"
            yield Fault(f"row {rows[place]}", f"a coordinate of {far[place]:,.0f}", "degrees", remedy)


def _note_far_apart(shapes: Shapes, rows: pd.Index, report: Report) -> None:
    several = np.flatnonzero(shapely.get_num_geometries(shapes) > 1)
    for position in several:
        west, south, east, north = shapes[position].bounds
        reach_m = float(crs.distance_m((west, south), (east, north)))
        if reach_m > MOST_REACH_M:
            reason = f"parts that lie up to {reach_m / 1000:,.0f} km apart; read as one place, its r95 reaches them all"
            report.add("noted", reason, row=int(rows.to_numpy()[position]))
