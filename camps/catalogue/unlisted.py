"""The sites that outlines belong to, listed or not."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from camps import crs


def with_unlisted(
    footprints: gpd.GeoDataFrame, listed: gpd.GeoDataFrame | None, source_id: str = ""
) -> gpd.GeoDataFrame:
    """Return the sites that footprints belong to: as listed, and those of no list at the middle of their outlines.

    Parameters
    ----------
    footprints
        With ``site_id``, EPSG:4326.
    listed
        ``site`` table; ``None`` where there is no list.
    source_id
        The series of the footprints, which says where those of no list lie.

    Returns
    -------
    GeoDataFrame
        Rows of ``listed`` in their order, then the others in order of their ids: with that id as their name, the middle
        of the box of all their outlines as longitude and latitude (EPSG:4326), nothing as published, and what
        reaches its corners as ``r95_m``. Nothing else is known of them.
    """
    # What belongs to no site stands by itself.
    owned = footprints[footprints["site_id"].notna()]
    ids = owned["site_id"].astype(str)
    here = None if listed is None else listed[listed["site_id"].astype(str).isin(ids)]
    unlisted = owned[~ids.isin([] if here is None else here["site_id"].astype(str))]
    if here is not None and unlisted.empty:
        return here
    found = _at_their_outlines(unlisted, source_id)
    # A column that is empty on one side would take the type of nothing at all.
    return found if here is None or here.empty else pd.concat([here, found]).set_crs(4326)


def _at_their_outlines(footprints: gpd.GeoDataFrame, source_id: str) -> gpd.GeoDataFrame:
    rows = [
        {"site_id": site_id, "name_en": site_id, **_place_of(crs.lonlat_bounds(outlines))}
        for site_id, outlines in footprints.groupby(footprints["site_id"].astype(str), sort=True)
    ]
    table = pd.DataFrame(rows, columns=["site_id", "name_en", "lon", "lat", "r95_m"]).assign(
        lon_published="", lat_published="", system="", source_id=source_id
    )
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=4326)


def _place_of(box: crs.Bounds) -> dict[str, float]:
    west, south, east, north = box
    lon, lat = (west + east + 360 * (east < west)) / 2, (south + north) / 2
    reach_m = float(np.max(crs.distance_m((lon, lat), (east, [south, north]))))
    return {"lon": lon - 360 * (lon > 180), "lat": lat, "r95_m": reach_m}
