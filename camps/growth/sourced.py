"""The values of a source, ready to be aggregated: counts that a list printed, or areas that footprints give."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from camps import catalogue, footprints, sources
from camps.errors import InputError
from camps.growth.measured import series

Metric = Literal["buildings", "area_m2", "compound_area_m2"]

#: Lists of building counts, the fullest first, and the bundled footprints.
COUNTED = ("aspi-xjdp-v1", "gazetteer")
MEASURED = "dabancheng"


def fullest() -> str:
    """Return the id of the fullest list of building counts that is on this machine, the bundled one if no other is."""
    here = sources.available()
    return next((source_id for source_id in COUNTED if source_id in here), COUNTED[-1])


def values(source_id: str | None = None, *, metric: Metric = "buildings") -> pd.DataFrame:
    """Return the values of one metric that a source holds for its sites.

    Parameters
    ----------
    source_id
        A registered list, or ``dabancheng`` for the bundled footprints. Left out, it is the fullest list of counts
        here for ``buildings``, and the footprints for the two areas.
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
    chosen = source_id or (fullest() if metric == "buildings" else MEASURED)
    if chosen == MEASURED:
        return _measured(metric)
    sources.entry(chosen)
    if metric != "buildings":
        raise InputError(f"{chosen}: holds no footprints to measure {metric} on; expected --source {MEASURED}")
    return catalogue.counts(chosen, metric=metric)


def _measured(metric: Metric) -> pd.DataFrame:
    read = footprints.load()
    groups = catalogue.load()[["site_id", "tier", "admin1", "admin2", "system"]].rename(columns={"site_id": "unit"})
    table = series(read.footprints, read.looks, metric=metric, scenes=read.scenes)
    return table.merge(groups, on="unit", how="left", validate="many_to_one").assign(source_id=MEASURED)
