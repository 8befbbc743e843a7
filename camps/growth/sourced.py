"""The values of a source, ready to be aggregated: counts that a list printed, or areas that footprints give."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from camps import catalogue, footprints, record, sources
from camps.errors import InputError, MissingError
from camps.growth.measured import series

Metric = Literal["buildings", "area_m2", "compound_area_m2"]


def fullest() -> str:
    """Return the id of the fullest list of counts that is on this machine: the first here of those the record names.

    Raises
    ------
    MissingError
        When the record names none and no list that is here counts anything.
    """
    here = sources.lists()
    named = [source_id for source_id in record.current().counted if source_id in here]
    found = named or [source_id for source_id in here if len(sources.read(source_id).counts)]
    if not found:
        raise MissingError(
            "no list that is here counts anything; map a column to METRIC.DATE with `camps sources add`, or measure "
            "footprints with --metric area_m2"
        )
    return found[0]


def metric_of(source_id: str) -> str:
    """Return the metric of which a list has the most values, the first of the alphabet among equals."""
    counted = sources.read(source_id).counts
    known = counted[counted["value"].notna()].groupby("metric").size().sort_index()
    return str(known.idxmax()) if len(known) else "buildings"


def values(source_id: str | None = None, *, metric: Metric = "buildings") -> pd.DataFrame:
    """Return the values of one metric that a source holds for its sites.

    Parameters
    ----------
    source_id
        A registered list or footprint series. Left out, it is the fullest list of counts here for ``buildings``, and
        the record's first series for the two areas.
    metric
        ``buildings``, ``area_m2`` or ``compound_area_m2``.

    Returns
    -------
    DataFrame
        The "series" table with the groups of the sites: tier, admin1, admin2, system, source_id.

    Raises
    ------
    InputError
        When the source does not hold the metric.
    MissingError, CheckError
        When the source is unknown, not here, or not the registered one.
    """
    chosen = source_id or (fullest() if metric == "buildings" else footprints.default_id())
    if footprints.is_series(chosen):
        return _measured(chosen, metric)
    sources.entry(chosen)
    if metric != "buildings":
        known = " or ".join(footprints.series_ids()) or "a footprint series, of which none is registered"
        raise InputError(f"{chosen}: holds no footprints to measure {metric} on; expected {known}")
    return catalogue.counts(chosen, metric=metric)


def _measured(source_id: str, metric: Metric) -> pd.DataFrame:
    read = footprints.load(source_id)
    groups = catalogue.load()[["site_id", "tier", "admin1", "admin2", "system"]].rename(columns={"site_id": "unit"})
    table = series(read.footprints, read.looks, metric=metric, scenes=read.scenes)
    return table.merge(groups, on="unit", how="left", validate="many_to_one").assign(source_id=source_id)
