"""Curves over time, with their intervals and the number of sites that each point rests on."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from camps import files
from camps.errors import InputError
from camps.plots.canvas import (
    MOST_YEARS,
    QUIET,
    amounts,
    apart,
    at_days,
    axis_of,
    colour_of,
    footnote,
    new_figure,
    number,
    require_columns,
    style,
    time_axis,
)

_MOST_LINES = 7
_SHORT = {"naive": "naive sum", "held": "held", "panel": "panel", "chain": "chain"}
_ESTIMATORS = {
    "naive": "naive: sum of what was seen", "held": "held: each site's last value",
    "panel": "panel: the sites seen at every date", "chain": "chain: linked over the sites seen at both dates",
}  # fmt: skip


def growth_curve(
    table: pd.DataFrame,
    *,
    measure: Literal["index", "value"] = "index",
    title: str = "",
    names: Mapping[str, str] | None = None,
    note: str | None = None,
) -> Figure:
    """Return a curve of growth with its 95 % band, and below it the number of sites at each date.

    Parameters
    ----------
    table
        As from :func:`camps.growth.aggregate`, for one group or several, or for several estimators of one group.
    measure
        ``index`` (100 at the base) or ``value``.
    title
        Heading.
    names
        What groups or estimators are called in print.
    note
        A line at the foot, such as the source.

    Returns
    -------
    Figure
        A line a group; a row that is suppressed is left out of its line and says so below ("n < 10").

    Raises
    ------
    InputError
        For missing columns, no rows, nothing but suppressed numbers, or more than seven lines.
    """
    needed = ["group", "t", "estimator", measure, "n_matched", "suppressed", "draws"]
    low, high = ("index_lo", "index_hi") if measure == "index" else ("lo", "hi")
    require_columns(table, [*needed, low, high], "growth curve")
    rows = at_days(table)
    if rows[measure].isna().all():
        raise InputError(f"growth curve: no {measure} to draw, expected one; every number rests on too few sites")
    lines = _lines(rows)
    with style():
        figure = new_figure(7.2, 4.2 + 0.17 * len(lines))
        axes, strip = figure.subplots(2, 1, sharex=True, height_ratios=[12, 0.55 * len(lines) + 0.3])
        for name, (colour, marker) in colour_of(list(lines)).items():
            line = lines[name].assign(shown=lines[name][measure], low=lines[name][low], high=lines[name][high])
            _band(axes, line, colour, marker)
        _name_ends(axes, lines, measure, names or {})
        _numbers(strip, lines, names or {})
        amounts(axes)
        time_axis(strip, rows["t"])
        axes.tick_params(axis="x", length=0)
        axes.set_title(title)
        axes.set_ylabel(_measured(rows, measure))
        footnote(figure, _method(rows), note)
    return figure


def _lines(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    one_group = rows["group"].eq(rows["group"].iloc[0]).all()
    one_estimator = rows["estimator"].eq(rows["estimator"].iloc[0]).all()
    key = "estimator" if one_group and not one_estimator else "group"
    lines = {str(name): line for name, line in rows.groupby(key, sort=True)}
    if len(lines) > _MOST_LINES:
        raise InputError(
            f"growth curve: {len(lines)} lines, expected at most {_MOST_LINES} that can be told apart; choose groups, "
            "or draw a slope chart"
        )
    return lines


def _band(axes: Axes, line: pd.DataFrame, colour: str, marker: str) -> None:
    axes.fill_between(line["day"], line["low"], line["high"], color=colour, alpha=0.16, linewidth=0)
    # The naive sum is shown as a warning, never as a result.
    dash = "--" if line["estimator"].eq("naive").all() else "-"
    axes.plot(line["day"], line["shown"], dash, color=colour, marker=marker, markersize=5, linewidth=1.8, clip_on=False)


def _name_ends(axes: Axes, lines: Mapping[str, pd.DataFrame], measure: str, names: Mapping[str, str]) -> None:
    """Write name and last value at the end of each line, far enough apart to be read."""
    ends = {}
    for name, line in lines.items():
        known = line[line[measure].notna()]
        if len(known):
            ends[name] = (float(known["day"].iloc[-1]), float(known[measure].iloc[-1]))
    if not ends:
        return
    order = sorted(ends, key=lambda name: (ends[name][1], name))
    # A suppressed line has no top.
    top = max(float(lines[name][column].max()) for name in ends for column in (measure, _upper(measure)))
    heights = dict(zip(order, apart([ends[name][1] for name in order], 0.06 * top), strict=True))
    last_day = max(day for day, _ in ends.values())
    first_day = min(float(line["day"].min()) for line in lines.values())
    for name, (colour, _) in colour_of(list(lines)).items():
        if name in ends:
            value = f"{ends[name][1]:,.1f}" if measure == "index" else number(ends[name][1])
            text = value if name == "all" else f"{names.get(name, _SHORT.get(name, name))}  {value}"
            place = (last_day + 0.02 * max(last_day - first_day, 30.0), heights[name])
            axes.annotate(
                text, place, color=colour, va="center", fontsize=8.5, fontweight="bold", annotation_clip=False
            )


def _upper(measure: str) -> str:
    return "index_hi" if measure == "index" else "hi"


def _numbers(strip: Axes, lines: Mapping[str, pd.DataFrame], names: Mapping[str, str]) -> None:
    """Print, below the curve, how many sites each point rests on; of many dates as many as have room."""
    strip.set_ylim(len(lines) - 0.4, -0.6)
    strip.set_yticks(range(len(lines)), [_row_name(name, names) for name in lines], fontsize=7.5)
    strip.tick_params(axis="y", length=0)
    strip.spines[["left"]].set_visible(False)
    for at, (name, (colour, _)) in enumerate(colour_of(list(lines)).items()):
        step = -(-len(lines[name]) // MOST_YEARS)
        for row in lines[name].iloc[(len(lines[name]) - 1) % step :: step].to_dict("records"):
            text = "n < 10" if row["suppressed"] else str(int(row["n_matched"]))
            strip.text(
                row["day"], at, text, ha="center", va="center", fontsize=7.5,
                color=QUIET if row["suppressed"] else colour,
            )  # fmt: skip


def _row_name(name: str, names: Mapping[str, str]) -> str:
    return "sites" if name == "all" else files.xml_text(f"sites, {names.get(name, name)}")


def _measured(rows: pd.DataFrame, measure: str) -> str:
    if measure == "index":
        base = rows.loc[rows["index"].eq(100.0), "t"]
        return f"index, {base.iloc[0]} = 100" if len(base) else "index"
    return axis_of(str(rows["metric"].iloc[0])) if "metric" in rows else "value"


def _method(rows: pd.DataFrame) -> str:
    used = "; ".join(_ESTIMATORS[name] for name in _ESTIMATORS if rows["estimator"].eq(name).any())
    draws = int(rows["draws"].iloc[0])
    return f"{used[:1].upper()}{used[1:]}.\nBand: 95 % of {draws:,} bootstrap samples of sites."


def series_curve(
    table: pd.DataFrame, *, title: str = "", names: Mapping[str, str] | None = None, note: str | None = None
) -> Figure:
    """Return the values of one or a few sites look by look: points with 95 % intervals, held in between.

    Parameters
    ----------
    table
        A "series" table of one metric, as from :func:`camps.growth.series`. Where it has ``unseen_m2`` and the metric
        is built-up area, what stood unseen is added as an open ring above the point.
    title, note
        Heading, and a line at the foot.
    names
        What sites are called in print.

    Returns
    -------
    Figure
        A look that could not see is a gap in nobody's favour: the line holds and no point is drawn.

    Raises
    ------
    InputError
        For missing columns, no rows, or more than seven sites.
    """
    require_columns(table, ["unit", "metric", "t", "value", "lo", "hi"], "series")
    rows = at_days(table)
    lines = {str(unit): line for unit, line in rows.groupby("unit", sort=True)}
    if len(lines) > _MOST_LINES:
        raise InputError(f"series: {len(lines)} sites, expected at most {_MOST_LINES}; choose some")
    metric = str(rows["metric"].iloc[0])
    with style():
        figure = new_figure(7.2, 4.2)
        axes = figure.subplots()
        ringed = False
        for unit, (colour, marker) in colour_of(list(lines)).items():
            _looks(axes, lines[unit], colour, marker, (names or {}).get(unit, unit))
            ringed |= _unseen(axes, lines[unit], metric, colour)
        amounts(axes)
        time_axis(axes, rows["t"])
        axes.set_title(title)
        axes.set_ylabel(axis_of(metric))
        if len(lines) > 1 or names:
            axes.legend(loc="upper left", frameon=False, fontsize=8)
        ring = "Ring: with buildings not recognised on the date that were seen before it and after it."
        footnote(figure, "Bars: 95 % intervals. Between looks the last value is held.", ring if ringed else None, note)
    return figure


def _looks(axes: Axes, line: pd.DataFrame, colour: str, marker: str, name: str) -> None:
    seen = line[line["value"].notna()]
    error = np.vstack([seen["value"] - seen["lo"], seen["hi"] - seen["value"]])
    axes.step(seen["day"], seen["value"], where="post", color=colour, linewidth=1.0, alpha=0.55)
    axes.errorbar(
        seen["day"], seen["value"], yerr=error, fmt=marker, color=colour, markersize=5, elinewidth=1.2, capsize=2.5,
        label=name, clip_on=False,
    )  # fmt: skip


def _unseen(axes: Axes, line: pd.DataFrame, metric: str, colour: str) -> bool:
    """Ring what stood at a look without being recognised, on top of what was; say whether there was any."""
    if metric != "area_m2" or "unseen_m2" not in line:
        return False
    hidden = line[line["unseen_m2"].gt(0) & line["value"].notna()]
    height = hidden["value"] + hidden["unseen_m2"]
    axes.plot(hidden["day"], height, "o", markersize=8, markerfacecolor="none", markeredgecolor=colour)
    return len(hidden) > 0


def systems_curve(
    table: pd.DataFrame, *, title: str = "", names: Mapping[str, str] | None = None, note: str | None = None
) -> Figure:
    """Return one panel a system of camps: the number of places open a year, and how far unknown dates leave it open.

    Parameters
    ----------
    table
        ``system`` with ``year``, ``lo``, ``hi``, ``n_places`` and ``n_unknown``, as of
        :func:`camps.timeline.count_open`.
    title, names, note
        As for :func:`growth_curve`; `names` are those of the systems.

    Returns
    -------
    Figure
        The line is what is known to have been open, the band what no date rules out. Each panel has its own scale:
        systems are compared in how fast they grew, and not by one number.

    Raises
    ------
    InputError
        For missing columns, no rows, or more than seven systems.
    """
    require_columns(table, ["system", "year", "lo", "hi", "n_places", "n_unknown"], "curve of systems")
    panels = {str(name): rows for name, rows in table.groupby("system", sort=False)}
    if not 0 < len(panels) <= _MOST_LINES:
        raise InputError(f"curve of systems: {len(panels)} systems, expected 1 to {_MOST_LINES}")
    with style():
        figure = new_figure(7.2, 1.2 + 1.35 * len(panels))
        grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (name, (colour, _)) in zip(grid, colour_of(list(panels)).items(), strict=True):
            rows = panels[name]
            axes.fill_between(rows["year"], rows["lo"], rows["hi"], step="mid", color=colour, alpha=0.2, linewidth=0)
            axes.step(rows["year"], rows["lo"], where="mid", color=colour, linewidth=1.6)
            axes.set_ylim(bottom=0)
            said = f"{rows['n_places'].iloc[0]} places, dates of {rows['n_unknown'].iloc[0]} not fully stated"
            axes.set_title(f"{(names or {}).get(name, name)}: {said}", fontsize="small", loc="left")
        said = "line: known to have been open; it falls where no source speaks of a place any more"
        grid[-1].set_xlabel(f"{said}\nband: ruled out by no date; each panel has its own scale", fontsize="small")
        figure.suptitle(title)
        footnote(figure, *textwrap.wrap(note or "", 110))
    return figure
