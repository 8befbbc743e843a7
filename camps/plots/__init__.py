"""Figures that a researcher can publish: colour-blind safe, with the interval and the number of sites always shown.

Each function returns a ``matplotlib.figure.Figure`` and touches no global state; :func:`write_figure` saves it as SVG
and PNG, the same bytes for the same data.
"""

from camps.plots.bars import before_after, slope_chart
from camps.plots.canvas import axis_of, write_figure
from camps.plots.curves import growth_curve, series_curve, systems_curve
from camps.plots.onset import onset_distribution

__all__ = [
    "axis_of",
    "before_after",
    "growth_curve",
    "onset_distribution",
    "series_curve",
    "slope_chart",
    "systems_curve",
    "write_figure",
]
