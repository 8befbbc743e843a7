"""Two dates side by side: bars before and after, and lines ranked by how steep they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from camps import files
from camps.dates import as_edtf
from camps.errors import InputError
from camps.growth.comparison import NEW_BUILD, increase_percent, verdict
from camps.plots.canvas import (
    COLOURS,
    INK,
    PLAIN,
    QUIET,
    amounts,
    apart,
    footnote,
    new_figure,
    number,
    require_columns,
    style,
)

#: How a rise, a fall, and what cannot be told from no change are drawn.
_LOOK = {"increase": (COLOURS[1], "-"), "decrease": (COLOURS[0], "--"), "within error": (PLAIN, "-")}


def before_after(
    table: pd.DataFrame,
    before: str,
    after: str,
    *,
    title: str = "",
    unit: str = "m²",
    names: Mapping[str, str] | None = None,
    note: str | None = None,
) -> Figure:
    """Return bars of two dates side by side with their intervals, and the verdict on each pair.

    Parameters
    ----------
    table
        A "series" table of one metric, or an aggregate table: ``unit`` or ``group``, ``t``, ``value``, ``lo``, ``hi``.
    before, after
        The two dates, as they stand in ``t``.
    title, note
        Heading, and a line at the foot.
    unit
        Of the values, in print.
    names
        What sites or groups are called in print.

    Returns
    -------
    Figure
        A pair of bars a site or group with values on both dates, the highest on the left; the others are named below.

    Raises
    ------
    InputError
        For missing columns, no rows, or a date at which there is no value.
    """
    pairs, left_out = _pairs(table, before, after, "value", ("lo", "hi"))
    pairs = pairs.sort_values(["value1", "name"], ascending=[False, True], ignore_index=True)
    with style():
        figure = new_figure(min(10.0, max(4.2, 1.9 + 1.25 * len(pairs))), 4.4)
        axes = figure.subplots()
        for side, (date, colour) in enumerate(((before, PLAIN), (after, COLOURS[0]))):
            _bars(axes, pairs, side, date, colour)
        for at, pair in enumerate(pairs.to_dict("records")):
            _say(axes, at, pair)
        shown = [files.xml_text((names or {}).get(name, name)) for name in pairs["name"]]
        axes.set_xticks(range(len(pairs)), shown)
        axes.tick_params(axis="x", length=0)
        amounts(axes)
        axes.set_ylim(top=1.17 * float(np.nanmax(pairs[["value0", "hi0", "value1", "hi1"]].to_numpy())))
        axes.set_ylabel(unit)
        axes.set_title(title, pad=26)
        axes.legend(
            loc="lower left", bbox_to_anchor=(-0.01, 1.0), frameon=False, ncols=2, borderaxespad=0.2, fontsize=8
        )
        footnote(
            figure,
            "Bars: 95 % intervals. Intervals that overlap are within error.",
            _absent(left_out, names or {}),
            note,
        )
    return figure


def _pairs(
    table: pd.DataFrame, before: str, after: str, measure: str, ends: tuple[str, str]
) -> tuple[pd.DataFrame, list[str]]:
    key = "group" if "group" in table else "unit"
    require_columns(table, [key, "t", measure, *ends], "two dates")
    rows = table.assign(t=as_edtf(table["t"]), name=table[key].astype(str))
    dates = [rows[rows["t"].eq(date)].set_index("name")[[measure, *ends]] for date in (before, after)]
    if before == after or any(date.index.has_duplicates for date in dates):
        raise InputError(
            "two dates: expected two different dates and one row a site or group on each; select one metric"
        )
    columns = ["value", "lo", "hi"]
    joined = (
        dates[0]
        .set_axis([f"{c}0" for c in columns], axis=1)
        .join(dates[1].set_axis([f"{c}1" for c in columns], axis=1), how="outer")
    )
    known = joined.dropna(subset=["value0", "value1"])
    if known.empty:
        raise InputError(f"two dates: nothing has a value at both {before} and {after}; choose dates of the table")
    left_out = sorted(set(rows["name"]) - set(known.index))
    return known.astype("float64").rename_axis("name").reset_index(), left_out


def _bars(axes: Axes, pairs: pd.DataFrame, side: int, date: str, colour: str) -> None:
    value, low, high = (pairs[f"{column}{side}"] for column in ("value", "lo", "hi"))
    at = np.arange(len(pairs)) + (side - 0.5) * 0.38
    axes.bar(at, value, width=0.36, color=colour, label=date)
    error = np.vstack([(value - low).fillna(0), (high - value).fillna(0)])
    axes.errorbar(at, value, yerr=error, fmt="none", ecolor=INK, elinewidth=1.0, capsize=3)


def _say(axes: Axes, at: int, pair: Mapping[Any, Any]) -> None:
    height = np.nanmax([pair["value1"], pair["hi1"]])
    axes.annotate(
        _change(pair),
        (at + 0.19, height),
        xytext=(0, 5),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=8,
    )


def _change(pair: Mapping[Any, Any]) -> str:
    percent = increase_percent(pair["value0"], pair["value1"])
    rise = (NEW_BUILD if pair["value1"] > 0 else "none") if percent is None else f"{percent:+,.0f} %".replace("-", "−")
    stated = _verdict(pair)
    return f"{rise}\nwithin error" if stated == "within error" and percent is not None else rise


def _verdict(pair: Mapping[Any, Any]) -> str | None:
    ends = [pair[name] for name in ("lo0", "hi0", "lo1", "hi1")]
    return None if np.isnan(ends).any() else verdict((ends[0], ends[1]), (ends[2], ends[3]))


def _absent(left_out: list[str], names: Mapping[str, str]) -> str | None:
    if not left_out:
        return None
    more = f" and {len(left_out) - 6} more" if len(left_out) > 6 else ""
    shown = ", ".join(names.get(name, name) for name in left_out[:6]) + more
    return f"Without a value at both dates, or suppressed: {shown}."


def slope_chart(
    table: pd.DataFrame,
    before: str,
    after: str,
    *,
    measure: Literal["index", "value"] = "index",
    title: str = "",
    names: Mapping[str, str] | None = None,
    note: str | None = None,
) -> Figure:
    """Return groups ranked by their value at the later date, each as a line from the earlier one.

    Parameters
    ----------
    table
        An aggregate table with a row a group and date, or a "series" table (with ``measure="value"``).
    before, after
        The two dates, as they stand in ``t``.
    measure
        ``index`` or ``value``.
    title, note
        Heading, and a line at the foot.
    names
        What groups are called in print.

    Returns
    -------
    Figure
        Colour and dash say rise, fall, or within error; suppressed groups are named below, not drawn.

    Raises
    ------
    InputError
        For missing columns, no rows, or dates without values.
    """
    ends = ("index_lo", "index_hi") if measure == "index" else ("lo", "hi")
    pairs, left_out = _pairs(table, before, after, measure, ends)
    pairs = pairs.sort_values(["value1", "name"], ascending=[True, True], ignore_index=True)
    with style():
        height_in = max(3.9, 1.9 + 0.3 * len(pairs))
        figure = new_figure(6.8, height_in)
        axes = figure.subplots()
        for pair in pairs.to_dict("records"):
            colour, dash = _LOOK[_verdict(pair) or _plain(pair)]
            axes.plot(
                [0, 1], [pair["value0"], pair["value1"]], dash, color=colour, linewidth=1.6, marker="o", markersize=4
            )
        span = float(np.ptp(pairs[["value0", "value1"]].to_numpy())) or 1.0
        _rank(axes, pairs, measure, names or {}, span * 0.19 / (height_in - 1.6))
        _two_dates(axes, before, after)
        axes.set_title(title, pad=26)
        _key(axes)
        footnote(figure, "Within error: the 95 % intervals overlap.", _absent(left_out, names or {}), note)
    return figure


def _plain(pair: Mapping[Any, Any]) -> str:
    rise = float(pair["value1"] - pair["value0"])
    return "increase" if rise > 0 else "decrease" if rise < 0 else "within error"


def _rank(axes: Axes, pairs: pd.DataFrame, measure: str, names: Mapping[str, str], gap: float) -> None:
    """Write rank, name and value beside each end, at least `gap` apart."""
    as_text = (lambda value: f"{value:,.1f}") if measure == "index" else number
    heights = apart(pairs["value1"], gap)
    for at, (pair, height) in enumerate(zip(pairs.to_dict("records"), heights, strict=True)):
        text = f"{len(pairs) - at}  {names.get(pair['name'], pair['name'])}  {as_text(pair['value1'])}"
        _label(axes, (1, pair["value1"]), (1.06, height), text, _LOOK[_verdict(pair) or _plain(pair)][0])
    starts = np.unique(pairs["value0"].to_numpy())
    for value, height in zip(starts, apart(starts, gap), strict=True):
        _label(axes, (0, float(value)), (-0.06, height), as_text(float(value)), PLAIN)


def _label(axes: Axes, end: tuple[float, float], place: tuple[float, float], text: str, colour: str) -> None:
    side = "left" if place[0] > end[0] else "right"
    leader = {"arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 3, "relpos": _AT[side]}
    axes.annotate(
        text, end, xytext=place, textcoords="data", ha=side, va="center", fontsize=8, annotation_clip=False,
        arrowprops=leader,
    )  # fmt: skip


#: The point of a label from which its leader starts.
_AT = {"left": (0.0, 0.5), "right": (1.0, 0.5)}


def _two_dates(axes: Axes, before: str, after: str) -> None:
    axes.set_xlim(-0.22, 1.62)
    axes.set_xticks([0, 1], [before, after])
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_visible(False)
    axes.spines[["left", "bottom"]].set_visible(False)
    for x in (0, 1):
        axes.axvline(x, color=QUIET, linewidth=0.8, zorder=0)


def _key(axes: Axes) -> None:
    for stated, (colour, dash) in _LOOK.items():
        axes.plot([], [], dash, color=colour, linewidth=1.6, label=stated)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), frameon=False, ncols=3, borderaxespad=0.2, fontsize=8)
