"""Polygons that lie on one another on one date: duplicates are removed, overlaps counted once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from camps import crs
from camps.footprints.mending import log_rows, repair_geometry

#: Above this intersection over union two polygons of one date are the same building (METHOD 2).
DUPLICATE_IOU = 0.8
#: Kinds that make up the building footprint area; compounds and building sites are measured apart.
BUILT = ("building", "block")

_CONFIDENCE = {"high": 0, "medium": 1, "low": 2}
# Neighbours that share a wall overlap by rounding.
_NO_OVERLAP_M2 = 0.01


def without_duplicates(
    frame: gpd.GeoDataFrame, *, overlapping: pd.DataFrame | None = None
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the rows that stay, with ``overlap_m2``, and a log of the duplicates that were left out.

    Of two rows of one date and class (built, construction, compound, other) with IoU > 0.8 the better source stays:
    the higher confidence, then the smaller ``edge_sd_m``, then the finer image (``gsd_m``, where there is one), then
    the smaller hash, so that the choice does not depend on the order of rows. ``overlap_m2`` is the area, counted
    once a neighbour, that a polygon shares with others of its date and class; `overlapping` are the pairs of
    :func:`overlaps` where they are known.
    """
    pairs = overlaps(frame) if overlapping is None else overlapping
    area = frame["area_m2"].to_numpy()
    iou = pairs["shared_m2"] / (area[pairs["one"]] + area[pairs["other"]] - pairs["shared_m2"])
    kept_by = _suppressed(frame, pairs[iou > DUPLICATE_IOU])
    gone = kept_by >= 0
    kept = places_of(frame, kept_by[gone])
    log = log_rows(frame[gone], "left out", reason="duplicate", area_before_m2=frame["area_m2"][gone], kept=kept)
    stays = pairs[~gone[pairs["one"]] & ~gone[pairs["other"]]]
    shared = np.zeros(len(frame))
    for side in ("one", "other"):
        np.add.at(shared, stays[side].to_numpy(), stays["shared_m2"].to_numpy())
    measured = frame.assign(overlap_m2=shared)
    return measured[~gone].reset_index(drop=True) if gone.any() else measured, log


def places_of(frame: pd.DataFrame, rows: NDArray[np.intp]) -> list[str]:
    """Return file and row of the rows at these positions."""
    there = frame.iloc[rows]
    return [f"{file} row {row}" for file, row in zip(there["source_file"], there["source_row"], strict=True)]


def overlaps(frame: gpd.GeoDataFrame, plane: CRS | None = None) -> pd.DataFrame:
    """Return the pairs of polygons of one date and class that share ground, the smallest share first.

    Parameters
    ----------
    frame
        EPSG:4326, with ``observed_on`` and ``kind``.
    plane
        Equal-area CRS on which areas are taken; that of the frame's own region by default.

    Returns
    -------
    DataFrame
        ``one`` and ``other``, positions of rows in `frame`, and ``shared_m2``.
    """
    found = [_overlaps(outlines, rows, laid) for outlines, rows, laid in _by_date_and_class(frame, plane)]
    columns = ["one", "other", "shared_m2"]
    if not found:
        return pd.DataFrame(
            {name: pd.Series(dtype=kind) for name, kind in zip(columns, (int, int, float), strict=True)}
        )
    one, other, shared = (np.concatenate(values) for values in zip(*found, strict=True))
    # Sums of shares are then the same whatever the order of the rows.
    real = np.argsort(shared, kind="stable")[np.count_nonzero(shared <= _NO_OVERLAP_M2) :]
    return pd.DataFrame({"one": one[real], "other": other[real], "shared_m2": shared[real]})


def _by_date_and_class(
    frame: gpd.GeoDataFrame, plane: CRS | None
) -> Iterator[tuple[gpd.GeoSeries, NDArray[np.intp], CRS]]:
    """Yield the outlines of each date and class where neighbours lie side by side, and a plane to take areas on."""
    if frame.empty:
        return
    west, south, east, north = crs.lonlat_bounds(frame)
    plane = plane or crs.regional_crs((west, south, east, north))
    across = west > east or east > 180
    kind = frame["kind"].where(~frame["kind"].isin(BUILT), "built")
    for rows in frame.groupby([frame["observed_on"], kind], sort=True).indices.values():
        outlines = frame.geometry.iloc[rows]
        yield outlines.to_crs(plane) if across else outlines, rows, plane


def _overlaps(
    outlines: gpd.GeoSeries, rows: NDArray[np.intp], plane: CRS
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    shapes = np.asarray(outlines.array)
    # Nearly all that is found is each outline itself, so the exact test waits until those are out.
    one, other = shapely.STRtree(shapes).query(shapes)
    once = one < other
    one, other = one[once], other[once]
    meets = shapely.intersects(shapes[one], shapes[other])
    one, other = one[meets], other[meets]
    # Few touch another, and only these need to lie on the plane.
    touching, place = np.unique(np.concatenate([one, other]), return_inverse=True)
    # An outline that is sound in degrees may cross itself by a hair on the plane.
    laid = repair_geometry(outlines.iloc[touching].to_crs(plane).array)
    first, second = laid[place[: len(one)]], laid[place[len(one) :]]
    return rows[one], rows[other], shapely.area(shapely.intersection(first, second))


def _rank(frame: gpd.GeoDataFrame) -> NDArray[np.intp]:
    gsd_m = frame["gsd_m"] if "gsd_m" in frame else pd.Series(np.inf, index=frame.index)
    keys = pd.DataFrame({
        "confidence": frame["confidence"].map(_CONFIDENCE).fillna(len(_CONFIDENCE)),
        "edge_sd_m": frame["edge_sd_m"].fillna(np.inf),
        "gsd_m": gsd_m.fillna(np.inf),
        "hash": frame["wkb_sha256"],
        "id": frame["footprint_id"].fillna(""),
        "file": frame["source_file"],
        "row": frame["source_row"],
    })  # fmt: skip
    rank = np.empty(len(frame), dtype=np.intp)
    rank[keys.reset_index(drop=True).sort_values(list(keys.columns)).index.to_numpy()] = np.arange(len(frame))
    return rank


def _suppressed(frame: gpd.GeoDataFrame, duplicates: pd.DataFrame) -> NDArray[np.intp]:
    """Return for each row the row that stays in its stead, -1 where it stays itself."""
    pairs = duplicates[["one", "other"]].to_numpy(dtype=np.intp)
    rows, place = np.unique(pairs, return_inverse=True)
    rank = _rank(frame.iloc[rows])[place.reshape(pairs.shape)]
    ordered = np.take_along_axis(pairs, np.argsort(rank, axis=1), axis=1)
    kept_by = np.full(len(frame), -1, dtype=np.intp)
    # From the best downwards, so that a polygon is left out only for one that itself stays.
    for better, worse in ordered[np.lexsort((rank.max(axis=1), rank.min(axis=1)))]:
        if kept_by[better] < 0 and kept_by[worse] < 0:
            kept_by[worse] = better
    return kept_by


def areas(
    footprints: gpd.GeoDataFrame,
    *,
    by: Sequence[str] = ("site_id", "observed_on"),
    kinds: Iterable[str] = BUILT,
) -> pd.DataFrame:
    """Return the footprint area of each group, overlaps counted once.

    Parameters
    ----------
    footprints
        As from :func:`camps.footprints.load`.
    by
        Columns that make a group; rows where one of them is null belong to none.
    kinds
        Kinds of footprint to count; built area by default. Compounds never mix with built area in one call.

    Returns
    -------
    DataFrame
        The columns of `by`, ``n`` (polygons), ``area_m2`` (geodesic, union), ``sum_m2`` (plain sum, for comparison)
        and ``overlap`` (whether the two differ), sorted by `by`. A group without a polygon has no row.
    """
    counted = footprints[footprints["kind"].isin(list(kinds))]
    counted = counted.assign(own_m2=own_area_m2(counted, by=by))
    grouped = counted.groupby(list(by), sort=True)
    table: pd.DataFrame = grouped.agg(
        n=("area_m2", "size"), area_m2=("own_m2", "sum"), sum_m2=("area_m2", "sum")
    ).reset_index()
    table["overlap"] = table["sum_m2"] - table["area_m2"] > _NO_OVERLAP_M2
    return table


def counted_area_m2(footprints: gpd.GeoDataFrame, *, plane: CRS | None = None) -> pd.Series[Any]:
    """Return the area with which each polygon counts, so that sums over a site and date count what overlaps once.

    `plane` is as for :func:`own_area_m2`.

    Returns
    -------
    Series
        m², on the index of `footprints`: :func:`own_area_m2` of what is built where ``overlap_m2`` flags an overlap,
        the area as measured elsewhere.
    """
    counted: pd.Series[Any] = footprints["area_m2"].copy()
    built = footprints["kind"].isin(list(BUILT))
    if "overlap_m2" in footprints and footprints.loc[built, "overlap_m2"].gt(0).any():
        date = "observed_on" if "observed_on" in footprints else "scene_id"
        counted[built] = own_area_m2(footprints[built], by=["site_id", date], plane=plane)
    return counted


def own_area_m2(footprints: gpd.GeoDataFrame, *, by: Sequence[str], plane: CRS | None = None) -> pd.Series[Any]:
    """Return the area of each polygon without the ground that another of its group and date covers before it.

    Parameters
    ----------
    footprints
        The "footprint" table. Where it has ``overlap_m2``, only polygons with any are looked at.
    by
        Columns that make a group.
    plane
        Equal-area CRS on which shared ground is measured; that of the region of what overlaps by default.

    Returns
    -------
    Series
        m², on the index of `footprints`; over a group and date it adds up to the area of the union. The order is that
        of scene_id and footprint_id, whatever that of the rows.
    """
    own = footprints["area_m2"].to_numpy("float64", copy=True)
    flagged = footprints["overlap_m2"].gt(0).to_numpy() if "overlap_m2" in footprints else np.ones(len(own), dtype=bool)
    if flagged.any():
        keys = footprints.loc[flagged, ["scene_id", "footprint_id"]].set_axis(np.flatnonzero(flagged))
        at = keys.sort_values(["scene_id", "footprint_id"]).index.to_numpy()
        rows = footprints.iloc[at]
        together = dict.fromkeys([*by, *(["observed_on"] if "observed_on" in rows else [])])
        group = rows.groupby(list(together), sort=False, dropna=False).ngroup().to_numpy()
        own[at] -= _covered_m2(np.asarray(crs.to_equal_area(rows, plane).array), group)
    return pd.Series(np.maximum(own, 0.0), index=footprints.index, name="own_m2")


def _covered_m2(shapes: NDArray[Any], group: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how much of each polygon those of its group that stand before it cover."""
    later, before = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    meets = (before < later) & (group[before] == group[later])
    later, before = later[meets], before[meets]
    order = np.lexsort((before, later))
    covered, start = np.unique(later[order], return_index=True)
    ground = (
        [shapely.union_all(shapes[several]) for several in np.split(before[order], start[1:])] if len(start) else []
    )
    taken = np.zeros(len(shapes))
    taken[covered] = shapely.area(shapely.intersection(shapes[covered], np.array(ground, dtype=object)))
    return taken
