"""What the values of a list say of when its places were open.

A value above zero of a metric whose record says ``shows_open``, such as people held, is a source that speaks of an open
place on that date. Of a metric without such a word nothing is concluded; :func:`unsaid` counts the places it concerns.
"""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import pandas as pd

from camps import record, sources
from camps.dates import as_edtf, days, parse


def as_counted(source: sources.Source) -> gpd.GeoDataFrame:
    """Return a list's sites, each last known open no earlier than its last value that shows a place open.

    Returns
    -------
    GeoDataFrame
        The sites of the list, with ``last_known`` (EDTF) moved on; the list's own table where no value says more.
    """
    last = _last_values(source, shows_open=True)
    later = _later(source.sites, last)
    if not later.any():
        return source.sites
    sites = source.sites.copy()
    said = sites["last_known"] if "last_known" in sites else pd.Series(pd.NA, index=sites.index, dtype="string")
    sites["last_known"] = said.mask(later, sites["site_id"].map(last)).astype("string")
    return sites


def unsaid(source_ids: Iterable[str]) -> dict[str, int]:
    """Return at how many places a metric has a value after they are last known open, by metric.

    Counted are the metrics of which the record does not say whether a value shows that a place was open.
    """
    found: dict[str, int] = {}
    for source in map(sources.read, source_ids):
        for metric in sorted(set(source.counts["metric"].dropna())):
            n = int(_later(source.sites, _last_values(source, shows_open=None, metric=metric)).sum())
            found |= {metric: found.get(metric, 0) + n} if n else {}
    return found


def _last_values(source: sources.Source, *, shows_open: bool | None, metric: str | None = None) -> pd.Series[str]:
    """Return the date of the last value above zero of each place, of the metrics with this word on what they show."""
    known = source.counts[source.counts["value"].gt(0)] if len(source.counts) else source.counts
    wanted = {name for name in set(known["metric"].dropna()) if record.current().metric(name).shows_open is shows_open}
    chosen = known[known["metric"].isin(wanted if metric is None else wanted & {metric})]
    ordered = chosen.assign(day=days(chosen["t"], end="standing")).sort_values("day", kind="stable")
    return ordered.groupby("unit")["t"].last()


def _later(sites: pd.DataFrame, last: pd.Series[str]) -> pd.Series[bool]:
    """Return which places nobody calls closed have such a value after the last day that a date of theirs may mean."""
    told = pd.concat([_last_day(sites, "opened"), _last_day(sites, "last_known")], axis=1).max(axis=1)
    ended = _last_day(sites, "closed").notna() | _last_day(sites, "vanished").notna()
    value = days(sites["site_id"].map(last), end="first")
    return value.notna() & ~ended & ~(value <= told)


def _last_day(sites: pd.DataFrame, name: str) -> pd.Series[float]:
    """Return the last day that each date of a column names, null where it names none."""
    texts = as_edtf(sites[name]) if name in sites else pd.Series(pd.NA, index=sites.index, dtype="string")
    read = {text: parse(text) for text in texts.dropna().unique()}
    named = {text: max((day for day in (when.first, when.last) if day is not None), default=None)
             for text, when in read.items()}  # fmt: skip
    return texts.map(named).astype("float64")
