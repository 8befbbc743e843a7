"""Many published lists as one catalogue of sites."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from camps import sources, tables
from camps.errors import InputError

DEFAULT_SOURCES = ("gazetteer",)


def load(*source_ids: str) -> gpd.GeoDataFrame:
    """Return the sites of one or more lists, one under the other.

    Parameters
    ----------
    *source_ids
        Ids of the register; the bundled gazetteer when none is given. Lists are not merged: the same place in two
        lists is two rows, each with its ``source_id``; see :func:`camps.catalogue.link`.

    Returns
    -------
    GeoDataFrame
        ``site`` table of METHOD 1 plus extras, EPSG:4326 points (longitude first), rows in the order given.

    Raises
    ------
    MissingError, InputError, CheckError
        When a list is not here, not sound, or not the registered one.
    """
    chosen = source_ids or DEFAULT_SOURCES
    frames = [sources.read(source_id).sites for source_id in chosen]
    stacked = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    return tables.check(gpd.GeoDataFrame(stacked, geometry="geometry", crs=4326), "site", source=", ".join(chosen))


def counts(*source_ids: str, metric: str = "buildings") -> pd.DataFrame:
    """Return what one or more lists count at their sites over the years.

    Parameters
    ----------
    *source_ids
        Ids of the register; the bundled gazetteer when none is given.
    metric
        What is counted; the lists known today count ``buildings``.

    Returns
    -------
    DataFrame
        ``series`` table: unit (site_id), metric, t (EDTF year), value (null when not a number), lo, hi, kind,
        stale_days, plus status (observed, not_imaged, no_record, obscured), verbatim (the printed cell) and the
        groups tier, admin1, admin2, system and source_id of the site.

    Raises
    ------
    MissingError, InputError, CheckError
        When a list is not here, not sound or not the registered one, or none of them counts `metric`.
    """
    chosen = source_ids or DEFAULT_SOURCES
    stacked = pd.concat([sources.read(source_id).counts for source_id in chosen], ignore_index=True)
    wanted: pd.DataFrame = stacked[stacked["metric"] == metric]
    if wanted.empty:
        raise InputError(
            f"{', '.join(chosen)}: no counts of {metric}; expected a list that counts them, such as aspi-xjdp-v1"
        )
    return wanted.reset_index(drop=True)
