"""Footprints at a moment of the clock: the cues that are on, evaluated."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from camps import crs
from camps.dates import When, clock_day, look_day
from camps.timeline.clock import Mode
from camps.timeline.fronts import growth_front
from camps.timeline.pieces import cues

_COLUMNS = [
    "track_id", "footprint_id", "site_id", "footprint_kind", "phase", "role", "opacity", "kind", "stale_days",
    "area_m2", "area_lo_m2", "area_hi_m2", "geometry",
]  # fmt: skip


def footprints_state(
    footprints: gpd.GeoDataFrame,
    when: When,
    mode: Mode = "observed",
    *,
    looks: pd.DataFrame | None = None,
    tracks: pd.DataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Return the outlines that stand, appear, grow, are missed or are lost at a moment of the clock.

    Parameters
    ----------
    footprints, mode, looks, tracks
        As for :func:`camps.timeline.cues`, whose docstring says what is drawn in which role.
    when
        Decimal days since 1970-01-01, a date, or an EDTF date, of which the last day is meant.

    Returns
    -------
    GeoDataFrame
        As of :func:`draw`.

    Raises
    ------
    InputError
        For missing columns, an unknown mode, a footprint without a track, or a date that is none.
    """
    return draw(cues(footprints, mode, looks=looks, tracks=tracks), when)


def draw(cue_sheet: gpd.GeoDataFrame, when: When) -> gpd.GeoDataFrame:
    """Return the cues of a sheet that are on at a moment, each as it is then.

    A cue is on while from_day ≤ t < to_day. Its share is s = (t − from_day) / (to_day − from_day), 0 where the span has
    no end; opacity and area are linear in s. Where it grows, the outline is the growth front G(s) from ``grows_from``
    to ``geometry``, see :func:`camps.timeline.growth_front`.

    Returns
    -------
    GeoDataFrame
        In EPSG:4326, in the order of the sheet: ``track_id``, ``footprint_id``, ``site_id``, ``footprint_kind``,
        ``phase``, ``role``, ``opacity`` (0 to 1), ``kind``, ``stale_days`` (⌊t⌋ − seen_day; null before the first
        sighting), ``area_m2``, ``area_lo_m2``, ``area_hi_m2``, ``geometry``. What has no opacity yet is left out.

    Raises
    ------
    InputError
        For a date that is none.
    """
    moment = clock_day(when, look_day)
    on = cue_sheet[cue_sheet["from_day"].le(moment) & cue_sheet["to_day"].gt(moment)].reset_index(drop=True)
    span = (on["to_day"] - on["from_day"]).replace(np.inf, np.nan)
    share = ((moment - on["from_day"]) / span).fillna(0.0)
    drawn = on.assign(
        opacity=on["opacity_from"] + share * (on["opacity_to"] - on["opacity_from"]),
        area_m2=on["area_from_m2"] + share * (on["area_to_m2"] - on["area_from_m2"]),
        stale_days=(np.floor(moment) - on["seen_day"]).astype("Int64"),
    )
    drawn = drawn.set_geometry(_fronts(drawn, share))[_COLUMNS]
    return drawn[drawn["opacity"].gt(0)].reset_index(drop=True)


def _fronts(drawn: gpd.GeoDataFrame, share: pd.Series[float]) -> gpd.GeoSeries:
    """Return the geometry of each row, that of growing rows part of the way; areas are taken on the plane."""
    growing = drawn["grows_from"].notna()
    if not growing.any():
        return drawn.geometry
    after = drawn.geometry[growing]
    before = gpd.GeoSeries(drawn.loc[growing, "grows_from"], crs=crs.WGS84)
    plane = crs.regional_crs(crs.lonlat_bounds(after))
    front = growth_front(before.to_crs(plane).array, after.to_crs(plane).array, share[growing].to_numpy())
    shapes = drawn.geometry.copy()
    lonlat = gpd.GeoSeries(front, index=after.index, crs=plane).to_crs(crs.WGS84)
    shapes[growing] = gpd.GeoSeries(_beside(lonlat.to_numpy(), after.to_numpy()), index=after.index, crs=crs.WGS84)
    return shapes


def _beside(shapes: NDArray[Any], stored: NDArray[Any]) -> NDArray[Any]:
    """Return shapes with longitudes on the side on which they are stored, which may run on past 180."""
    turns = np.round((shapely.get_x(shapely.centroid(stored)) - shapely.get_x(shapely.centroid(shapes))) / 360)
    if not turns.any():
        return shapes
    points, of = shapely.get_coordinates(shapes, return_index=True)
    middle = shapely.get_x(shapely.centroid(stored))[of]
    points[:, 0] += 360 * np.round((middle - points[:, 0]) / 360)
    return np.asarray(shapely.set_coordinates(shapes.copy(), points))
