"""The figures of a build: each with the caption that the overview prints below it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from camps import change, footprints, growth, plots, sources, tables

DABANCHENG = {"xj-bfn130-aspi50": "Dabancheng, main compound", "xj-bfn949-aspi124": "Dabancheng, second compound"}


@dataclass(frozen=True)
class Plot:
    """A figure and what it shows, in words that stand in for it where it cannot be seen."""

    name: str
    caption: str
    figure: Figure


def plot_growth(counts: pd.DataFrame, source_id: str) -> Iterable[Plot]:
    """Return the figures of the published counts and of the Dabancheng footprints, the headline first."""
    note = f"Source: {sources.entry(source_id).citation}"
    grown = [growth.aggregate(counts, estimator=estimator) for estimator in tables.ESTIMATORS]
    every = pd.concat(grown, ignore_index=True)
    yield Plot(
        "1_chain",
        "Number of buildings, chain-linked over the sites seen in both years of each pair, 2017 = 100, with the 95 % "
        "interval of a bootstrap over sites and the number of sites that each year rests on.",
        plots.growth_curve(every[every["estimator"] == "chain"], title="Growth over the sites compared", note=note),
    )
    yield Plot(
        "2_estimators",
        "The same counts by four estimators. The naive sum falls in the last year because fewer sites were looked at.",
        plots.growth_curve(every, title="Four ways of adding up the same counts", note=note),
    )
    built = growth.values(metric="area_m2")
    yield Plot(
        "3_dabancheng",
        "Built-up area at Dabancheng on thirteen looks, with 95 % intervals; between looks the last value is held.",
        plots.series_curve(built, title="Built-up area at Dabancheng", names=DABANCHENG),
    )
    onset = growth.onset(change.follow(footprints.load()).tracks)
    yield Plot(
        "4_onset",
        "When the buildings and blocks of Dabancheng were begun: the share known to stand by each date; within a box "
        "the share is only known to rise.",
        plots.onset_distribution(onset, title="When Dabancheng was built", what="buildings and blocks begun"),
    )
