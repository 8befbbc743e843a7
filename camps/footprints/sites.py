"""Which site a footprint belongs to: the one whose ground contains it, else the nearest within reach."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from camps import crs

#: A footprint farther than this from every site belongs to none.
REACH_M = 500.0


def assign_sites(
    footprints: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, *, reach_m: float = REACH_M
) -> gpd.GeoDataFrame:
    """Give each footprint without a ``site_id`` the site that contains it, else the nearest.

    Parameters
    ----------
    footprints
        EPSG:4326. A ``site_id`` that is there already stays.
    sites
        EPSG:4326 points or polygons with ``site_id``. The ground of a site is its polygon and every footprint of
        kind ``compound`` that has its ``site_id`` or holds its point.
    reach_m
        How far, in metres, a footprint may lie from a site's ground or point.

    Returns
    -------
    GeoDataFrame
        The footprints, index kept, with ``site_id`` filled, ``site_by`` (published, containment, distance, or null)
        and ``site_distance_m`` (0 when contained; null when published or none). Of several sites whose ground
        contains a footprint the smallest ground wins; of several equally near the first ``site_id``.

    Raises
    ------
    InputError
        When a geometry has no CRS.
    """
    plane = crs.regional_crs(crs.lonlat_bounds(pd.concat([footprints.geometry, sites.geometry])))
    grounds = _grounds(footprints.to_crs(plane), sites.to_crs(plane).sort_values("site_id"))
    shapes = np.asarray(footprints.geometry.to_crs(plane).array)
    published = footprints["site_id"].notna().to_numpy()
    inside = _containing(shapes, grounds)
    near, distance_m = _nearest(shapes, grounds, reach_m)
    found = np.where(inside >= 0, inside, near)
    names = np.array([*grounds["site_id"], None], dtype=object)[found]
    by = np.select([published, inside >= 0, near >= 0], ["published", "containment", "distance"], "")
    metres = np.where(published, np.nan, np.where(inside >= 0, 0.0, distance_m))
    return footprints.assign(
        site_id=footprints["site_id"].where(published, pd.Series(names, index=footprints.index, dtype="string")),
        site_by=pd.Series(by, index=footprints.index, dtype="string").replace("", pd.NA),
        site_distance_m=metres,
    )


def _grounds(footprints: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    compounds = footprints.loc[footprints["kind"] == "compound", ["site_id", "geometry"]]
    walled = np.asarray(compounds.geometry.array)
    unnamed = np.flatnonzero(compounds["site_id"].isna())
    points = np.asarray(sites.geometry.representative_point().array)
    held, holder = shapely.STRtree(walled[unnamed]).query(points, predicate="within")
    by_point = pd.DataFrame({"site_id": sites["site_id"].to_numpy()[held], "geometry": walled[unnamed][holder]})
    named = compounds[compounds["site_id"].notna()]
    own = sites[["site_id", "geometry"]]
    return gpd.GeoDataFrame(
        pd.concat([own, named, by_point], ignore_index=True), geometry="geometry", crs=sites.crs
    ).sort_values("site_id", kind="stable", ignore_index=True)


def _containing(shapes: NDArray[Any], grounds: gpd.GeoDataFrame) -> NDArray[np.intp]:
    ground = np.asarray(grounds.geometry.array)
    # One point that surely lies in the footprint decides, so that a wall drawn through a building does not.
    row, holder = shapely.STRtree(ground).query(shapely.point_on_surface(shapes), predicate="within")
    order = np.lexsort((holder, shapely.area(ground)[holder], row))
    return _first_of_each(row[order], holder[order], len(shapes))


def _nearest(
    shapes: NDArray[Any], grounds: gpd.GeoDataFrame, reach_m: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    tree = shapely.STRtree(np.asarray(grounds.geometry.array))
    (row, site), distance = tree.query_nearest(shapes, max_distance=reach_m, return_distance=True)
    order = np.lexsort((site, row))
    distances = np.full(len(shapes), np.nan)
    distances[row] = distance
    return _first_of_each(row[order], site[order], len(shapes)), distances


def _first_of_each(row: NDArray[np.intp], value: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    first = np.full(n, -1, dtype=np.intp)
    rows, at = np.unique(row, return_index=True)
    first[rows] = value[at]
    return first
