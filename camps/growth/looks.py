"""Looks at a site as a timeline needs them: on which days it was looked at, and which look came before and after."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd

from camps.dates import as_edtf, days
from camps.errors import Fault, raise_faults, require_columns

#: A partial look says that something was not there yet when at least half of the site could be read. That something
#: is no longer there takes a look at all of it.
LEAST_VALID = 0.5


def require_tracks(footprints: gpd.GeoDataFrame) -> None:
    """Raise InputError when footprints lack the columns to follow them, or a row has no track."""
    require_columns(footprints, ["footprint_id", "track_id", "site_id", "observed_on", "kind", "area_m2"], "footprints")
    untracked = footprints.loc[footprints["track_id"].isna(), "footprint_id"]
    remedy = "link the dates with camps.change first"
    raise_faults((Fault(f"footprint {name}", "no track_id", "one", remedy) for name in untracked), "footprints")


def look_days(footprints: gpd.GeoDataFrame, looks: pd.DataFrame | None) -> pd.DataFrame:
    """Return the looks at each site as ``site_id``, ``day``, ``t``, ``covers`` (all of it seen), a row a site and day.

    Its day is the last of its date, see :func:`camps.dates.look_day`; ``t`` is the date as given.
    Looks that saw less than half of a site are left out. A footprint is itself a partial look at its site. Places
    outside any site have the key "" and are looked at partially whenever anything is.
    """
    seen = pd.DataFrame({"site_id": site_keys(footprints), "t": as_edtf(footprints["observed_on"]), "covers": False})
    every = pd.concat([seen, *([] if looks is None else [_useful(looks)])], ignore_index=True)
    every["day"] = days(every["t"], end="last")
    anywhere = every.drop_duplicates("day").assign(site_id="", covers=False)
    every = pd.concat([every, anywhere]).astype({"site_id": "string"}).sort_values(["site_id", "day", "t"])
    return every.groupby(["site_id", "day"]).agg(t=("t", "first"), covers=("covers", "max")).reset_index()


def _useful(looks: pd.DataFrame) -> pd.DataFrame:
    require_columns(looks, ["site_id", "observed_on", "status", "frac_valid"], "looks")
    covers = looks["status"].eq("observed").fillna(False).astype(bool)
    partial = looks["status"].eq("partial") & looks["frac_valid"].ge(LEAST_VALID)
    table = pd.DataFrame({"site_id": site_keys(looks), "t": as_edtf(looks["observed_on"]), "covers": covers})
    return table[covers | partial.fillna(False).astype(bool)]


def site_keys(rows: pd.DataFrame) -> pd.Series[Any]:
    """Return ``site_id`` as text, with "" for places outside any site, because null keys do not match."""
    return rows["site_id"].astype("string").fillna("")


def neighbour(rows: pd.DataFrame, at_site: pd.DataFrame, direction: Any, *, column: str = "day") -> pd.Series[Any]:
    """Return `column` of the nearest look at the site of each row, strictly before or after the row's own day.

    Parameters
    ----------
    rows
        ``site_id`` as from :func:`site_keys` and ``day``.
    at_site
        As from :func:`look_days`.
    direction
        ``backward`` or ``forward``.
    column
        ``day`` or ``t``.
    """
    left = rows[["site_id", "day"]].assign(row=range(len(rows))).sort_values("day")
    right = at_site[["site_id", "day"]].assign(found=at_site[column]).sort_values("day")
    merged = pd.merge_asof(left, right, on="day", by="site_id", direction=direction, allow_exact_matches=False)
    return merged.sort_values("row")["found"].set_axis(rows.index)
