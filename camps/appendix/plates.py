"""The pictures of a dossier, as SVG: the growth curve with its intervals, the footprints by date, the yearly counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from numpy.typing import NDArray
from shapely.geometry import Polygon

from camps import crs, files

INK, QUIET, LINE, ACCENT, BAND = "#1a1a1a", "#5a5a5a", "#b8b8b8", "#8a1c1c", "#e3c9c7"

STYLE: Any = {
    "font.family": "DejaVu Sans", "font.size": 7.5, "axes.edgecolor": LINE, "axes.linewidth": 0.6,
    "axes.labelcolor": INK, "text.color": INK, "xtick.color": QUIET, "ytick.color": QUIET,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "svg.hashsalt": "camps", "svg.fonttype": "path",
}  # fmt: skip
_WIDTH_IN = 6.2
# matplotlib.dates carries no types.
_DATES: Any = dates


def new_figure(*, height_in: float, width_in: float = _WIDTH_IN) -> Figure:
    """Return an empty figure of a plate, in inches; draw on it and hand it to `save`."""
    return Figure(figsize=(width_in, height_in), layout="constrained")


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as SVG and return the path."""
    # Without a date and with a fixed salt, so that the same picture has the same bytes.
    with files.replacing(path) as temporary, mpl.rc_context(STYLE):
        figure.savefig(temporary, format="svg", metadata={"Date": None, "Creator": None})
    return path


def draw_growth_curve(series: pd.DataFrame, path: Path) -> Path:
    """Draw the area of one site over time: points with their 95 % intervals, nothing between looks but a step.

    Parameters
    ----------
    series
        "series" table of one site: ``t`` (ISO date), ``value``, ``lo`` and ``hi`` in m², a row a look.
    path
        Where the SVG goes.
    """
    with mpl.rc_context(STYLE):
        figure = new_figure(height_in=2.05)
        axes = figure.subplots()
        days = [dt.date.fromisoformat(day) for day in series["t"]]
        _draw_steps(axes, days, series)
        _finish_time_axis(axes)
    return save(figure, path)


def _draw_steps(axes: Axes, days: Sequence[dt.date], series: pd.DataFrame) -> None:
    x = _DATES.date2num(days)
    value, low, high = (series[name].to_numpy() / 1000 for name in ("value", "lo", "hi"))
    axes.fill_between(x, low, high, step="post", color=BAND, linewidth=0)
    axes.step(x, value, where="post", color=ACCENT, linewidth=1.1)
    axes.errorbar(x, value, [value - low, high - value], fmt="o", ms=3.2, color=ACCENT, elinewidth=0.8, capsize=1.8)
    axes.set_ylim(0, None)
    _mark_gap(axes, days, low)


def _mark_gap(axes: Axes, days: Sequence[dt.date], low: NDArray[np.float64]) -> None:
    """Say, below the band, for how long nobody looked, where that is more than half a year."""
    for before, after, bottom in zip(days, days[1:], low, strict=False):
        n_days = (after - before).days
        if n_days > 183:
            middle = _DATES.date2num(before) + n_days / 2
            said = f"no image for\n{n_days} days"
            above: Any = {"xytext": (0, 4), "va": "bottom"} if bottom < 5 else {"xytext": (0, -4), "va": "top"}
            axes.annotate(
                said, (middle, bottom), textcoords="offset points", ha="center", color=QUIET, fontsize=6.5, **above
            )


def _finish_time_axis(axes: Axes) -> None:
    axes.set_ylabel("roofed area, thousand m²")
    axes.xaxis.set_major_locator(_DATES.MonthLocator(bymonth=(1, 7)))
    axes.xaxis.set_major_formatter(_DATES.DateFormatter("%Y-%m"))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=LINE, linewidth=0.35)
    axes.set_axisbelow(True)


def draw_footprints(footprints: gpd.GeoDataFrame, days: Sequence[str], path: Path) -> Path:
    """Draw the footprints of one site on several dates, side by side in one frame and at one scale, north up.

    Parameters
    ----------
    footprints
        Polygons of one site in EPSG:4326 with ``observed_on`` and ``kind``.
    days
        Dates, in the order in which they are drawn.
    path
        Where the SVG goes.
    """
    plane = crs.to_equal_area(footprints["geometry"])
    drawn = footprints.set_geometry(plane)
    west, south, east, north = plane.total_bounds
    rows = -(-len(days) // 2)
    height = _WIDTH_IN / 2 * (north - south) / (east - west) * rows + 0.32 * rows
    with mpl.rc_context(STYLE):
        figure = new_figure(height_in=height)
        for axes, day in zip(figure.subplots(rows, 2, squeeze=False).flat, days, strict=False):
            _draw_day(axes, drawn[drawn["observed_on"] == day], day)
            axes.set(xlim=(west - 40, east + 40), ylim=(south - 90, north + 40), aspect="equal")
            draw_scale_bar(axes, west, south - 60)
    return save(figure, path)


# In the order in which they are drawn; what is filled takes the colour asked for.
_EDGES = {"compound": INK, "construction": QUIET, "block": "", "building": ""}
_HATCHES = {"construction": "//////"}


def _draw_day(axes: Axes, footprints: gpd.GeoDataFrame, day: str) -> None:
    for kind in _EDGES:
        for shape in footprints.loc[footprints["kind"] == kind].geometry:
            draw_footprint(axes, shape, kind)
    if footprints.empty:
        axes.annotate("ground seen; no roof read", (0.5, 0.5), xycoords="axes fraction", ha="center", color=QUIET)
    axes.set_title(day, loc="left", fontsize=7.5, pad=2)
    axes.set(xticks=[], yticks=[])


def draw_footprint(axes: Axes, shape: Polygon, kind: str, *, colour: str = ACCENT) -> None:
    """Draw one polygon as its kind is drawn everywhere; kinds that are not of a site are left out."""
    if kind in _EDGES:
        edge = _EDGES[kind]
        look: Any = {"facecolor": "none" if edge else colour, "edgecolor": edge or colour, "hatch": _HATCHES.get(kind)}
        axes.add_patch(PathPatch(outline_of(shape), linewidth=0.7 if kind == "compound" else 0.3, **look))


def outline_of(shape: Polygon) -> Outline:
    """Return the rings of a polygon as one path, so that holes stay open."""
    rings = [shape.exterior, *shape.interiors]
    return Outline.make_compound_path(*[Outline(list(ring.coords), closed=True) for ring in rings])


def draw_scale_bar(axes: Axes, x: float, y: float) -> None:
    """Draw a bar of 200 m on a drawing in metres, its left end where it is told."""
    axes.plot([x, x + 200], [y, y], color=INK, linewidth=1.4, solid_capstyle="butt")
    axes.annotate("200 m", (x + 210, y), va="center", fontsize=6, color=INK)


def draw_counts(counts: pd.DataFrame, path: Path, *, counted: str) -> Path:
    """Draw the yearly counts of one site and metric: a bar for each count, the printed word where there is none.

    Parameters
    ----------
    counts
        ``date_edtf``, ``value``, ``printed`` and ``status``, a row a year.
    path
        Where the SVG goes.
    counted
        What the axis says is counted.
    """
    with mpl.rc_context(STYLE):
        figure = new_figure(height_in=1.3, width_in=3.4)
        axes = figure.subplots()
        axes.bar(counts["date_edtf"], counts["value"].fillna(0), width=0.55, color=ACCENT)
        top = max(counts["value"].max(), 1) if counts["value"].notna().any() else 1
        for year, value, printed in zip(counts["date_edtf"], counts["value"], counts["printed"], strict=True):
            said = f"{value:.0f}" if pd.notna(value) else (printed if pd.notna(printed) else "blank")
            axes.annotate(said, (year, 0 if pd.isna(value) else value), (0, 2), textcoords="offset points", ha="center")
        axes.set_ylim(0, top * 1.2)
        axes.set_ylabel(counted)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_yticks([])
    return save(figure, path)
