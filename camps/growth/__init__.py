"""Growth over time: series of sites, aggregates over many sites, first appearance, rates and their uncertainty.

The rules are those of the method: an aggregate must not fall because a site was not looked at; a date nobody knows is
an interval; a number comes with the error it carries. Three metrics are never mixed: ``buildings``, ``area_m2`` and
``compound_area_m2``.
"""

from camps.growth.accuracy import MapAccuracy, assess
from camps.growth.aggregates import aggregate, bases, comparable_dates
from camps.growth.comparison import (
    change_points,
    doubling_years,
    increase_percent,
    percent_of,
    rate_a_year,
    rates,
    verdict,
)
from camps.growth.holding import HeldRule, rule_of
from camps.growth.intervals import bounds, curves
from camps.growth.measured import SEEING, Metric, hold, series
from camps.growth.onsets import onset, site_onsets, turnbull
from camps.growth.parts import part_curves, part_values, tile_values
from camps.growth.sourced import fullest, metric_of, values
from camps.growth.uncertainty import budget, edge_bias_m2, increase, pixel_counting_sd_m2, vertex_noise_sd_m2

__all__ = [
    "SEEING",
    "HeldRule",
    "MapAccuracy",
    "Metric",
    "aggregate",
    "assess",
    "bases",
    "bounds",
    "budget",
    "change_points",
    "comparable_dates",
    "curves",
    "doubling_years",
    "edge_bias_m2",
    "fullest",
    "hold",
    "increase",
    "increase_percent",
    "metric_of",
    "onset",
    "part_curves",
    "part_values",
    "percent_of",
    "pixel_counting_sd_m2",
    "rate_a_year",
    "rates",
    "rule_of",
    "series",
    "site_onsets",
    "tile_values",
    "turnbull",
    "values",
    "verdict",
    "vertex_noise_sd_m2",
]
