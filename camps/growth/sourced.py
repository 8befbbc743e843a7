"""The values of a source, ready to be aggregated: counts that a list printed, or areas that footprints give."""

from __future__ import annotations

from typing import cast, get_args

import pandas as pd

from camps import catalogue, change, footprints, record, sources
from camps.errors import InputError, MissingError
from camps.growth.measured import Metric, series


def fullest(metric: str | None = None) -> str:
    """Return the id of the fullest list of values that is on this machine: the first here of those the record names.

    Parameters
    ----------
    metric
        What it is to hold values of; anything by default.

    Raises
    ------
    MissingError
        When no list that is here holds such values.
    """
    here = sources.lists()
    named = [source_id for source_id in record.current().counted if source_id in here]
    held = ((source_id, sources.read(source_id).counts) for source_id in dict.fromkeys([*named, *here]))
    found = next((name for name, counts in held if len(counts) and metric in {None, *counts["metric"]}), None)
    if found is None:
        raise MissingError(
            f"no list that is here counts {metric or 'anything'}; map a column to METRIC.DATE with "
            "`camps sources add`, or measure footprints with --metric area_m2"
        )
    return found


def metric_of(source_id: str) -> str:
    """Return the metric of which a list has the most values, the first of the alphabet among equals."""
    counted = sources.read(source_id).counts
    known = counted[counted["value"].notna()].groupby("metric").size().sort_index()
    return str(known.idxmax()) if len(known) else "buildings"


def values(source_id: str | None = None, *, metric: str | None = None) -> pd.DataFrame:
    """Return the values of one metric that a source holds for its sites.

    Parameters
    ----------
    source_id
        A registered list or footprint series. Left out, it is the fullest list here that holds the metric, or for an
        area that no list holds the record's first series.
    metric
        What is counted or measured, such as ``buildings``, ``prisoners`` or ``area_m2``. Left out, it is what the list
        has most values of, and the built-up area of a series.

    Returns
    -------
    DataFrame
        The "series" table with the groups of the sites: tier, admin1, admin2, system, source_id and the list's own.

    Raises
    ------
    InputError
        When the source does not hold the metric.
    MissingError, CheckError
        When the source is unknown, not here, or not the registered one.
    """
    chosen = source_id or (footprints.default_id() if _is_area(metric) else fullest(metric))
    if footprints.is_series(chosen):
        return _measured(chosen, metric or "area_m2")
    sources.entry(chosen)
    return catalogue.counts(chosen, metric=metric or metric_of(chosen))


def _is_area(metric: str | None) -> bool:
    """Return whether footprints are to be measured: an area that no list that is here prints."""
    if metric is None or not metric.endswith("_m2"):
        return False
    return not any(metric in set(sources.read(name).counts["metric"]) for name in sources.lists())


def _measured(source_id: str, metric: str) -> pd.DataFrame:
    if metric not in get_args(Metric):
        expected = f"expected one of {', '.join(get_args(Metric))}, which footprints give"
        raise InputError(f"{source_id}: no {metric} in a footprint series; {expected}")
    read = change.tracked(footprints.load(source_id))
    table = series(read.footprints, read.looks, metric=cast(Metric, metric), scenes=read.scenes)
    table = table[~table["unit"].isin(catalogue.retracted() if sources.lists() else ())]
    return table.merge(_groups(), on="unit", how="left", validate="many_to_one").assign(source_id=source_id)


def _groups() -> pd.DataFrame:
    """Return what the record's lists say of each site; nothing of any where it has footprints alone."""
    names = ["site_id", "tier", "admin1", "admin2", "system"]
    sites = catalogue.load() if sources.lists() else pd.DataFrame(columns=names, dtype="string")
    return sites[names].rename(columns={"site_id": "unit"})
