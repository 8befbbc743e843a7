"""The figures of a build: each with the caption that the overview prints below it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from camps import catalogue, change, footprints, growth, plots, record, sources, tables


@dataclass(frozen=True)
class Plot:
    """A figure and what it shows, in words that stand in for it where it cannot be seen."""

    name: str
    caption: str
    figure: Figure


def plot_counts(counts: pd.DataFrame, source_id: str) -> Iterable[Plot]:
    """Return the figures of the published counts, the headline first."""
    note = f"Source: {sources.entry(source_id).citation}"
    what = record.current().metric(str(counts["metric"].iloc[0]))
    name = record.current().say(what.name, "en")
    at = growth.comparable_dates(counts)
    grown = [growth.aggregate(counts, estimator=estimator, at=at) for estimator in tables.ESTIMATORS]
    every = pd.concat(grown, ignore_index=True)
    chain = every[every["estimator"] == "chain"]
    if chain["index"].notna().sum() < 2:
        return
    yield Plot(
        "1_chain",
        f"{name}, chain-linked over the sites seen in both years of each pair, {chain['t'].iloc[0]} = 100, with the "
        "95 % interval of a bootstrap over sites and the number of sites that each year rests on.",
        plots.growth_curve(chain, title="Growth over the sites compared", note=note),
    )
    yield Plot(
        "2_estimators",
        "The same counts by four estimators. The naive sum falls where fewer sites were looked at.",
        plots.growth_curve(every, title="Four ways of adding up the same counts", note=note),
    )


def plot_footprints(source_id: str) -> Iterable[Plot]:
    """Return the figures of a footprint series: the area of each site, and when it all was begun."""
    series, title = footprints.load(source_id), sources.entry(source_id).title
    built = growth.values(source_id, metric="area_m2")
    yield Plot(
        f"3_{source_id}",
        f"{title}: built-up area on {built['t'].nunique()} looks, with 95 % intervals; between looks the last value is "
        "held.",
        plots.series_curve(built, title=f"Built-up area: {title}", names=catalogue.names()),
    )
    if series.footprints["track_id"].notna().any():
        onset = growth.onset(change.follow(series).tracks)
        yield Plot(
            f"4_{source_id}_onset",
            f"{title}: when buildings and blocks were begun: the share known to stand by each date; within a box the "
            "share is only known to rise.",
            plots.onset_distribution(onset, title=f"When it was built: {title}", what="buildings and blocks begun"),
        )
