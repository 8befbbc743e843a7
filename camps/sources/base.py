"""What every reader returns, and the steps that all readers share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from camps import settings, tables
from camps.sources.registry import SourceEntry
from camps.sources.report import Report
from camps.sources.values import read_count

METRIC = "buildings"
GROUPS = ("tier", "admin1", "admin2", "system", "source_id")
_TEXT_COLUMNS = (
    "name_en", "name_fr", "name_zh", "name_ug", "name_other", "country", "admin1", "admin2", "opened", "closed",
    "merged_into",
)  # fmt: skip
_COUNT_COLUMNS = ("unit", "metric", "t", "value", "lo", "hi", "kind", "stale_days", "status", "verbatim")


@dataclass(frozen=True)
class Source:
    """One published list as read.

    Attributes
    ----------
    entry
        Its entry in the register.
    sites : GeoDataFrame
        One row a published site, ``site`` table of METHOD 1, EPSG:4326 points (longitude first), plus ``n_parts``,
        ``references`` (numbers that the list prints of other lists, such as ``aspi:50; shawn:17``) and the list's
        own extra columns.
    counts : DataFrame
        One row a site and year, ``series`` table plus status, verbatim and the site's groups; empty for a list
        that counts nothing.
    parts : GeoDataFrame
        Sub-compounds that the list prints as rows of their own: the columns of ``sites`` plus ``part_of``.
    report
        Every row and cell dropped, mended or noted.
    raw : DataFrame
        All cells as printed, indexed by row number in the file.
    """

    entry: SourceEntry
    sites: gpd.GeoDataFrame
    counts: pd.DataFrame
    parts: gpd.GeoDataFrame
    report: Report
    raw: pd.DataFrame

    @property
    def records(self) -> gpd.GeoDataFrame:
        """Return every published row, sites and parts together, in the order of the list, with ``part_of``."""
        whole = self.sites.assign(part_of=pd.NA)
        stacked = pd.concat([whole, self.parts]) if len(self.parts) else whole
        records = stacked.sort_values("row", kind="stable").reset_index(drop=True)
        return gpd.GeoDataFrame(records, geometry="geometry", crs=4326)


def site_frame(columns: Mapping[str, object], entry: SourceEntry, *, index: pd.Index) -> gpd.GeoDataFrame:
    """Return a checked ``site`` table from columns of equal length; what is not given takes its default.

    Parameters
    ----------
    columns
        Columns by name: at least source_key, lon, lat, lon_published, lat_published.
    entry
        The source; gives source_id and datum_flag.
    index
        Row numbers in the file; they become the column ``row``.

    Raises
    ------
    InputError
        When the table is not sound; all faults are named at once.
    """
    frame = pd.DataFrame(dict(columns), index=index)
    frame = _with_defaults(frame, entry)
    frame["row"] = index.to_numpy()
    points = gpd.points_from_xy(frame["lon"].astype(float), frame["lat"].astype(float))
    sites = gpd.GeoDataFrame(frame.reset_index(drop=True), geometry=points, crs=4326)
    return tables.check(sites, "site", source=entry.id)


def _with_defaults(frame: pd.DataFrame, entry: SourceEntry) -> pd.DataFrame:
    given = frame.assign(source_id=entry.id)
    defaults: dict[str, Any] = {
        "site_id": entry.id + "-" + given["source_key"].astype(str),
        "r95_m": settings.DEFAULT_R95_M,
        "datum_flag": entry.datum,
        "system": "unknown",
        "tier": pd.NA,
        "status": "active",
        "n_parts": 0,
        "references": pd.NA,
        **dict.fromkeys(_TEXT_COLUMNS, pd.NA),
    }
    whole = given.assign(**{name: value for name, value in defaults.items() if name not in given})
    known = [name for name in tables.schema("site").columns if name in whole]
    return whole[[*known, *(name for name in whole if name not in known)]]


def null_blank(column: pd.Series) -> pd.Series:
    """Return a text column with blank cells as null and the rest stripped."""
    stripped = column.astype("string").str.strip()
    return stripped.mask(stripped == "")


def no_parts(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return an empty table of parts with the columns of `sites` and ``part_of``."""
    return sites.iloc[:0].assign(part_of=pd.Series(dtype="string"))


def no_counts() -> pd.DataFrame:
    """Return an empty table of counts."""
    empty = pd.DataFrame({name: pd.Series(dtype=object) for name in _COUNT_COLUMNS})
    return tables.check(empty, "series", source="no counts").assign(
        **{name: pd.Series(dtype=object) for name in GROUPS}
    )


def count_frame(
    cells: pd.DataFrame, sites: gpd.GeoDataFrame, years: Mapping[str, str], report: Report, *, source: str
) -> pd.DataFrame:
    """Return yearly counts of buildings, one row a site and year, from cells as printed.

    Parameters
    ----------
    cells
        Printed cells, aligned by position to `sites`.
    sites
        The sites they belong to.
    years
        Column name → year, as EDTF text.
    report
        Takes a remark for each cell that is neither a count nor a known kind of nothing; such a cell has no value.
    source
        The list, for messages.

    Returns
    -------
    DataFrame
        ``series`` table with value, lo and hi null where nothing was counted, plus status, verbatim and groups.
    """
    pieces = [_one_year(cells[column], sites, column, year, report) for column, year in years.items()]
    long = pd.concat(pieces, ignore_index=True).sort_values(["order", "t"], kind="stable")
    counts = tables.check(long[list(_COUNT_COLUMNS)].reset_index(drop=True), "series", source=source)
    groups = sites.set_index("site_id")[list(GROUPS)]
    return counts.join(groups, on="unit")


def _one_year(printed: pd.Series, sites: gpd.GeoDataFrame, column: str, year: str, report: Report) -> pd.DataFrame:
    read = [
        _cell(text, row, key, column, report)
        for text, row, key in zip(printed, sites["row"], sites["source_key"], strict=True)
    ]
    value = np.array([number for number, _ in read])
    seen = ~np.isnan(value)
    return pd.DataFrame(
        {
            "order": np.arange(len(sites)), "unit": sites["site_id"].to_numpy(), "metric": METRIC, "t": year,
            "value": value, "lo": value, "hi": value,
            "kind": pd.Series("observed", index=printed.index).where(seen).to_numpy(),
            "stale_days": pd.array([0 if one else None for one in seen], dtype="Int64"),
            "status": [status for _, status in read], "verbatim": printed.to_numpy(),
        }
    )  # fmt: skip


def _cell(text: str, row: int, key: str, column: str, report: Report) -> tuple[float, str]:
    try:
        return read_count(text)
    except ValueError:
        report.add(
            "noted",
            "neither a count nor a known kind of nothing; no value",
            row=row,
            key=key,
            column=column,
            value=text,
        )
        return float("nan"), "no_record"
