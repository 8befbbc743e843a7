"""Geometry made sound, with a log of everything that was done and of the area before and after."""

from __future__ import annotations

from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from camps import crs
from camps.errors import Fault
from camps.footprints.reading import CELLS, places
from camps.sources.report import Piece, Report
from camps.sources.shapes import eastward, parts_of, pieces_of

#: A repair may change an area by this share, or by this many m², whichever is more (METHOD 2).
MOST_CHANGE = 0.01
MOST_CHANGE_M2 = 5.0
#: No compound is as large; polygons above it come from a wrong CRS.
HUGE_M2 = 1e9
# Geodesic areas carry rounding noise of up to 6e-5 m².
_NO_AREA_M2 = 1e-3

# Shapely's number for a polygon; multi-geometries and collections have greater ones.
_POLYGON = 3

LOG_COLUMNS = (
    "source_file", "source_row", "footprint_id", "observed_on", "action", "reason",
    "area_before_m2", "area_after_m2", "kept",
)  # fmt: skip


def repair_geometry(shapes: NDArray[Any]) -> NDArray[Any]:
    """Return valid geometries: self-overlaps counted once, courtyards kept, collapsed parts dropped.

    ``buffer(0)`` would lose half of a bow-tie, and the default method of ``make_valid`` would cut a self-overlap out.
    """
    return np.asarray(shapely.make_valid(shapes, method="structure", keep_collapsed=False))


def repair(
    frame: gpd.GeoDataFrame, *, refused: Literal["raise", "drop"] = "raise"
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, list[Fault]]:
    """Make every geometry one valid, flat polygon with an area.

    Parameters
    ----------
    frame
        EPSG:4326, with ``source_file`` and ``source_row``; other columns are kept. It is not changed.
    refused
        What happens to a row whose repair changes the area by more than max(1 %, 5 m²).

    Returns
    -------
    GeoDataFrame
        One polygon a row, with ``area_m2`` and ``perimeter_m`` (geodesic; a compound with its courtyards filled)
        and ``repair`` saying what was done to it, null where nothing was.
    DataFrame
        The log, :data:`LOG_COLUMNS`, one row an action.
    list of Fault
        What cannot be used: geometries that are no polygons, are huge, or whose repair is refused.
    """
    log: list[pd.DataFrame] = []
    if "date_remark" in frame:
        remarked = frame[frame["date_remark"].notna()]
        log.append(log_rows(remarked, "noted", reason="date: " + remarked["date_remark"]))
    sound = _drop_empty(frame, log)
    sound = _flatten(sound, log)
    sound = _one_piece(sound, log)
    sound = _outlines_only(sound, log)
    sound = _explode(sound, log)
    sound, invalid, faults = _polygons_only(sound)
    sound, refusals = _mend(sound, invalid, refused, log)
    sound = _drop_flat(_measured(sound), log)
    huge = sound["area_m2"] > HUGE_M2
    faults += refusals
    faults += [
        Fault(place, f"{area / 1e6:,.0f} km²", "at most 1,000 km²", "check the CRS and the axis order")
        for place, area in zip(places(sound[huge]), sound.loc[huge, "area_m2"], strict=True)
    ]
    return sound, _gathered(log), faults


def log_rows(frame: pd.DataFrame, action: str, **values: Any) -> pd.DataFrame:
    """Return a log row for each row of `frame`; `values` fill the remaining columns."""
    rows = frame.reindex(columns=["source_file", "source_row", "footprint_id", "observed_on"]).assign(action=action)
    return rows.assign(**values).reindex(columns=list(LOG_COLUMNS))


def account(read: gpd.GeoDataFrame, kept: gpd.GeoDataFrame, logs: list[pd.DataFrame], report: Report) -> None:
    """Count what became of the features read: used in the rows kept, or noted in a log.

    A row that no log names has to keep all its parts, rings and vertices; of one that is mended they are used as far
    as they are still there.
    """
    where = ["source_file", "source_row"]
    rows = pd.MultiIndex.from_frame(read[where])
    at = rows.get_indexer(pd.MultiIndex.from_frame(kept[where]))
    logged = np.zeros(len(rows), dtype=bool)
    for log in logs:
        logged[rows.get_indexer(pd.MultiIndex.from_frame(log[where]))] |= True
    there = np.bincount(at, minlength=len(rows)) > 0
    _balance(report, "feature", np.ones(len(rows), dtype=np.int64), there.astype(np.int64), logged)
    after = pieces_of(kept.geometry.array, by_shape=True)
    for piece, n in pieces_of(read.geometry.array, by_shape=True).items():
        _balance(report, piece, n, np.bincount(at, after[piece], minlength=len(rows)).astype(np.int64), logged)
    for name in CELLS:
        said = read[f"{name} as read"].to_numpy(dtype=np.int64)
        _balance(report, "cell", said, np.where(there, said, 0), logged)


def _balance(
    report: Report, piece: Piece, before: NDArray[np.int64], after: NDArray[np.int64], logged: NDArray[np.bool_]
) -> None:
    used = np.minimum(before, after)
    report.use(piece, int(used.sum()))
    report.note(piece, int((before - used)[logged].sum()))


def _gathered(log: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [rows for rows in log if len(rows)]
    if not filled:
        return pd.DataFrame(columns=list(LOG_COLUMNS))
    return pd.concat([rows.astype(object) for rows in filled], ignore_index=True)


def _drop_empty(frame: gpd.GeoDataFrame, log: list[pd.DataFrame]) -> gpd.GeoDataFrame:
    shapes = np.asarray(frame.geometry.array)
    nothing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if not nothing.any():
        return frame.reset_index(drop=True)
    log.append(log_rows(frame[nothing], "left out", reason="empty geometry"))
    return frame[~nothing].reset_index(drop=True)


def _flatten(frame: gpd.GeoDataFrame, log: list[pd.DataFrame]) -> gpd.GeoDataFrame:
    shapes = np.asarray(frame.geometry.array)
    high = shapely.has_z(shapes)
    if not high.any():
        return frame
    log.append(log_rows(frame[high], "flattened", reason="Z coordinates"))
    return frame.set_geometry(gpd.GeoSeries(shapely.force_2d(shapes), index=frame.index, crs=frame.crs))


def _one_piece(frame: gpd.GeoDataFrame, log: list[pd.DataFrame]) -> gpd.GeoDataFrame:
    shapes = np.asarray(frame.geometry.array).copy()
    edges = shapely.bounds(shapes)
    across = edges[:, 2] - edges[:, 0] > 180
    if not across.any():
        return frame
    moved = shapely.transform(shapes[across], eastward)
    shapes[across] = [_joined(shape) for shape in moved]
    log.append(log_rows(frame[across], "joined", reason="lies across the antimeridian"))
    return _note(frame, across, "joined across the antimeridian").set_geometry(
        gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs)
    )


def _joined(shape: shapely.Geometry) -> shapely.Geometry:
    # The two sides of a cut share an edge, which makes them invalid as one geometry but not as parts.
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts) if shapely.is_valid(parts).all() else shape


def _outlines_only(frame: gpd.GeoDataFrame, log: list[pd.DataFrame]) -> gpd.GeoDataFrame:
    """Leave aside the points, lines and empty parts that a collection holds beside its polygons."""
    shapes = np.asarray(frame.geometry.array).copy()
    parts, row = parts_of(shapes)
    outline = (shapely.get_type_id(parts) == _POLYGON) & ~shapely.is_empty(parts)
    mixed = np.unique(row[~outline])
    mixed = mixed[np.isin(mixed, row[outline])]
    if not len(mixed):
        return frame
    for position in mixed:
        own = row == position
        shapes[position] = shapely.MultiPolygon(list(parts[own & outline]))
    beside = [", ".join(part.geom_type for part in parts[(row == position) & ~outline]) for position in mixed]
    rows = np.zeros(len(frame), dtype=np.bool_)
    rows[mixed] = True
    log.append(log_rows(frame[rows], "left aside", reason=beside))
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def _explode(frame: gpd.GeoDataFrame, log: list[pd.DataFrame]) -> gpd.GeoDataFrame:
    shapes = np.asarray(frame.geometry.array)
    several = shapely.get_type_id(shapes) > _POLYGON
    if not several.any():
        return frame
    parts, part_row = shapely.get_parts(shapes, return_index=True)
    parts, part = shapely.get_parts(parts, return_index=True)
    row = part_row[part]
    n_parts = np.bincount(row, minlength=len(frame))
    divided = several & (n_parts > 1)
    log.append(log_rows(frame[divided], "divided", reason=[f"{n} parts" for n in n_parts[divided]]))
    flat = _note(frame, divided, "divided into its parts").iloc[row].reset_index(drop=True)
    number = pd.Series(np.arange(len(row)) - np.searchsorted(row, row) + 1).astype("string")
    ids = flat["footprint_id"].where(~divided[row], flat["footprint_id"] + "-" + number)
    return flat.assign(footprint_id=ids).set_geometry(gpd.GeoSeries(parts, crs=frame.crs))


def _polygons_only(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, NDArray[np.bool_], list[Fault]]:
    """Return the rows that are polygons, which of those are invalid, and a fault for each of the others."""
    shapes = np.asarray(frame.geometry.array)
    other = shapely.get_type_id(shapes) != _POLYGON
    invalid = ~shapely.is_valid(shapes)
    unmeasurable = invalid & ~other
    unmeasurable[unmeasurable] = [not np.isfinite(shapely.get_coordinates(s)).all() for s in shapes[unmeasurable]]
    wrong = other | unmeasurable
    if not wrong.any():
        return frame, invalid, []
    remedy = "read points and lines as sites, not footprints; correct coordinates that are no numbers"
    faults = [
        Fault(place, shape.geom_type, "a polygon of finite coordinates", remedy)
        for place, shape in zip(places(frame)[wrong], shapes[wrong], strict=True)
    ]
    return frame[~wrong].reset_index(drop=True), invalid[~wrong], faults


def _mend(
    frame: gpd.GeoDataFrame, invalid: NDArray[np.bool_], refused: Literal["raise", "drop"], log: list[pd.DataFrame]
) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    if not invalid.any():
        return frame, []
    shapes = np.asarray(frame.geometry.array)
    before, reasons = crs.area_m2(frame.geometry[invalid]), shapely.is_valid_reason(shapes[invalid])
    shapes = shapes.copy()
    shapes[invalid] = repair_geometry(shapes[invalid])
    mended = _note(frame, invalid, "repaired").set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))
    after = crs.area_m2(mended.geometry[invalid])
    too_much = (after - before).abs() > np.maximum(MOST_CHANGE * before, MOST_CHANGE_M2)
    logged = log_rows(frame[invalid], "repaired", reason=reasons, area_before_m2=before, area_after_m2=after)
    log.append(logged.assign(action=np.where(too_much, "left out", "repaired")))
    faults = _refusals(frame[invalid][too_much], before[too_much], after[too_much]) if refused == "raise" else []
    return mended.drop(index=frame.index[invalid][too_much]).reset_index(drop=True), faults


def _refusals(rows: gpd.GeoDataFrame, before: pd.Series, after: pd.Series) -> list[Fault]:
    remedy = 'mend the outline in the source, or say --refused drop (refused="drop")'
    return [
        Fault(place, f"{was:.1f} m² that a repair makes {now:.1f} m²", "a change of at most max(1 %, 5 m²)", remedy)
        for place, was, now in zip(places(rows), before, after, strict=True)
    ]


def _measured(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    measured = crs.measure(frame.geometry)
    walled = (frame["kind"] == "compound").to_numpy(dtype=bool, na_value=False)
    if walled.any():
        # A compound is the ground inside its wall, courtyards and all.
        shells = shapely.get_exterior_ring(np.asarray(frame.geometry.array)[walled])
        filled = gpd.GeoSeries(shapely.polygons(shells), crs=frame.crs)
        measured.loc[walled, :] = crs.measure(filled).to_numpy()
    return frame.assign(area_m2=measured["area_m2"], perimeter_m=measured["perimeter_m"])


def _drop_flat(frame: gpd.GeoDataFrame, log: list[pd.DataFrame]) -> gpd.GeoDataFrame:
    flat = frame["area_m2"] < _NO_AREA_M2
    if not flat.any():
        return frame
    log.append(log_rows(frame[flat], "left out", reason="no area", area_before_m2=0.0))
    return frame[~flat].reset_index(drop=True)


def _note(frame: gpd.GeoDataFrame, rows: NDArray[np.bool_], text: str) -> gpd.GeoDataFrame:
    said = frame["repair"].fillna("").str.cat(np.where(rows, text, ""), sep="; ").str.strip("; ")
    return frame.assign(repair=said.replace("", pd.NA))
