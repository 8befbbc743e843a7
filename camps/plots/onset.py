"""The distribution of dates at which building began."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from camps.dates import days
from camps.plots.canvas import COLOURS, amounts, footnote, new_figure, require_columns, style, time_axis


def onset_distribution(
    table: pd.DataFrame, *, title: str = "", what: str = "sites begun", note: str | None = None
) -> Figure:
    """Return the share begun by each date; within an interval the share is only known to rise.

    Parameters
    ----------
    table
        As from :func:`camps.growth.onset`.
    title, note
        Heading, and a line at the foot.
    what
        What is counted, as the axis says it.

    Returns
    -------
    Figure
        Boxes span the dates between which a share began, from the share before to the share after; the line is
        Turnbull's estimate where it is certain. Mass before the first look or after the last is named below.

    Raises
    ------
    InputError
        For missing columns or no rows.
    """
    require_columns(table, ["after", "by", "mass", "cumulative", "n"], "onset")
    rows = table.assign(left=days(table["after"], end="standing"), right=days(table["by"], end="standing"))
    rows = rows.assign(low=rows["cumulative"] - rows["mass"])
    closed = rows[rows["left"].notna() & rows["right"].notna()]
    with style():
        figure = new_figure(7.2, 4.0)
        axes = figure.subplots()
        _boxes(axes, closed)
        _certain(axes, rows)
        amounts(axes)
        axes.set_ylim(0, 1.02)
        axes.set_yticks(np.arange(0, 1.01, 0.25), ["0", "25 %", "50 %", "75 %", "100 %"])
        time_axis(axes, pd.concat([rows["after"], rows["by"]]).dropna())
        axes.set_title(title)
        axes.set_ylabel(f"share of {what}")
        axes.legend(loc="lower right", frameon=False, fontsize=8)
        said = f"Turnbull's estimate from {int(rows['n'].iloc[0]):,} intervals between looks."
        footnote(figure, said, _censored(rows), note)
    return figure


def _boxes(axes: Axes, closed: pd.DataFrame) -> None:
    label: str | None = "began between two looks"
    for row in closed.to_dict("records"):
        corners = [row["left"], row["right"], row["right"], row["left"]]
        heights = [row["low"], row["low"], row["cumulative"], row["cumulative"]]
        axes.fill(corners, heights, color=COLOURS[4], alpha=0.45, linewidth=0, label=label)
        label = None


def _certain(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the share where no interval is open: flat from each interval's end to the next one's beginning."""
    starts = rows["right"].tolist()
    ends = [*rows["left"].tolist()[1:], np.nan]
    label: str | None = "share certain"
    for start, end, share in zip(starts, ends, rows["cumulative"], strict=True):
        if not np.isnan(start):
            stop = start if np.isnan(end) else max(start, end)
            axes.plot(
                [start, stop], [share, share], color=COLOURS[0], linewidth=2.0, marker="o", markersize=4, label=label
            )
            label = None


def _censored(rows: pd.DataFrame) -> str | None:
    early = float(rows.loc[rows["left"].isna() & rows["right"].notna(), "mass"].sum())
    late = float(rows.loc[rows["right"].isna(), "mass"].sum())
    said = []
    if early > 0:
        firsts = rows.loc[rows["left"].isna() & rows["right"].notna(), "by"]
        when = firsts.iloc[0] if len(firsts) == 1 else f"at each, {firsts.iloc[0]} to {firsts.iloc[-1]}"
        said.append(f"{100 * early:.0f} % had begun by the first look ({when})")
    if late > 0:
        said.append(f"{100 * late:.0f} % had not begun at the last")
    return "; ".join(said) + "." if said else None
