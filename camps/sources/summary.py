"""A list in a few figures: what it prints, what was dropped or mended, in which datum it is."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from camps.sources.base import Source
from camps.sources.datum import check_datum

_HA_M2 = 10_000


def summarise(source: Source, *, trusted: gpd.GeoDataFrame | None = None) -> pd.DataFrame:
    """Return the figures of a list as read.

    Parameters
    ----------
    source
        As from :func:`camps.sources.read`.
    trusted
        ``site`` table in WGS 84 to check the datum against; no check when left out.

    Returns
    -------
    DataFrame
        ``what`` and ``value`` (text): rows, sites, sub-compounds, printed points that several rows share, outlines
        and their geodesic area, the account of its pieces, what was dropped, mended and noted, and the datum.
    """
    records = source.records
    printed = records["lon_published"] + " " + records["lat_published"]
    rows: list[tuple[str, object]] = [
        ("rows printed", len(source.raw)),
        ("sites", len(source.sites)),
        ("sub-compounds", len(source.parts)),
        ("printed points that several rows share", printed[printed.duplicated(keep=False)].nunique()),
    ]
    if source.outlines is not None:
        area_ha = float(source.outlines["area_m2"].sum()) / _HA_M2
        rows += [("outlines", len(source.outlines)), ("geodesic area of the outlines, ha", f"{area_ha:,.1f}")]
    accounts = (str(balance).partition(": ") for balance in source.report.account())
    rows += [(f"account of {pieces}", balance) for pieces, _, balance in accounts]
    rows += [(f"rows or cells {action}", number) for action, number in source.report.counts().items()]
    rows += [("datum registered", source.entry.datum)]
    if trusted is not None:
        rows += [("datum by position", check_datum(records, trusted))]
    return pd.DataFrame([(what, str(value)) for what, value in rows], columns=["what", "value"])
