"""First appearance as an interval: the last look without a building, the first look with it."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd

from camps.errors import Fault, raise_faults
from camps.footprints import BUILT
from camps.growth.dates import as_edtf, days

#: A partial look says that something was not there yet when at least half of the site could be read. That something
#: is no longer there takes a look at all of it.
LEAST_VALID = 0.5


def appearances(footprints: gpd.GeoDataFrame, looks: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return when each building or block came, and when it was last there, as intervals between looks.

    Parameters
    ----------
    footprints
        The "footprint" table with ``track_id`` and ``observed_on``; kinds that are not built are left aside, so a
        building site does not make a building.
    looks
        The "look" table with ``observed_on``. Without it each date on which a footprint of the site was seen is taken
        as a partial look.

    Returns
    -------
    DataFrame
        The "track" table, sorted by track_id, with ``site_id`` and ``area_m2`` (that of the last sighting). The
        building came in (L, R]: L is the last look at the site without it, at least half of which could be read, R
        the first look with it. It went in (Ld, Rd]: Ld is the last look with it, Rd the first look after that at all
        of the site. Null is censored: no look before, or none since that could tell. A scene of uncertain date stands
        with its whole EDTF interval.

    Raises
    ------
    InputError
        For missing columns, or a footprint without a track.

    References
    ----------
    METHOD 4, First appearance.
    """
    require_tracks(footprints)
    built = footprints[footprints["kind"].isin(BUILT)]
    rows = pd.DataFrame({
        "track_id": built["track_id"].astype("string"), "site_id": site_keys(built), "t": as_edtf(built["observed_on"]),
        "day": days(built["observed_on"], end="standing"), "area_m2": built["area_m2"],
    }).sort_values(["track_id", "day"])  # fmt: skip
    area = rows.groupby(["track_id", "day"])["area_m2"].sum().groupby("track_id").last()
    first, last = (rows.drop_duplicates("track_id", keep=end) for end in ("first", "last"))
    at_site = look_days(footprints, looks)
    covered = at_site[at_site["covers"]]
    tracks = first.set_index("track_id")[["site_id"]].replace("", pd.NA)
    tracks["L"] = _look(first, at_site, "backward")
    tracks["R"] = first.set_index("track_id")["t"]
    tracks["Ld"] = last.set_index("track_id")["t"]
    tracks["Rd"] = _look(last, covered, "forward")
    return tracks.assign(area_m2=area).reset_index().sort_values("track_id", ignore_index=True)


def require_tracks(footprints: gpd.GeoDataFrame) -> None:
    """Raise InputError when footprints lack the columns to follow them, or a row has no track."""
    needed = ["footprint_id", "track_id", "site_id", "observed_on", "kind", "area_m2"]
    missing = [Fault(f"column {name}", "no such column", "it to be there") for name in needed if name not in footprints]
    raise_faults(missing, "footprints")
    untracked = footprints.loc[footprints["track_id"].isna(), "footprint_id"]
    remedy = "link the dates with camps.change first"
    raise_faults((Fault(f"footprint {name}", "no track_id", "one", remedy) for name in untracked), "footprints")


def look_days(footprints: gpd.GeoDataFrame, looks: pd.DataFrame | None) -> pd.DataFrame:
    """Return the looks at each site as ``site_id``, ``day``, ``t``, ``covers`` (all of it seen), a row a site and day.

    Looks that saw less than half of a site are left out. A footprint is itself a partial look at its site. Places
    outside any site have the key "" and are looked at partially whenever anything is.
    """
    seen = pd.DataFrame({"site_id": site_keys(footprints), "t": as_edtf(footprints["observed_on"]), "covers": False})
    every = pd.concat([seen, *([] if looks is None else [_useful(looks)])], ignore_index=True)
    every["day"] = days(every["t"], end="standing")
    anywhere = every.drop_duplicates("day").assign(site_id="", covers=False)
    every = pd.concat([every, anywhere]).astype({"site_id": "string"}).sort_values(["site_id", "day", "t"])
    return every.groupby(["site_id", "day"]).agg(t=("t", "first"), covers=("covers", "max")).reset_index()


def _useful(looks: pd.DataFrame) -> pd.DataFrame:
    needed = ["site_id", "observed_on", "status", "frac_valid"]
    missing = [Fault(f"column {name}", "no such column", "it to be there") for name in needed if name not in looks]
    raise_faults(missing, "looks")
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


def _look(rows: pd.DataFrame, at_site: pd.DataFrame, direction: Any) -> pd.Series[Any]:
    return neighbour(rows, at_site, direction, column="t").set_axis(pd.Index(rows["track_id"]))
