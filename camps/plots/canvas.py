"""What all figures share: type, colours, axes of time, notes, and saving the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import scipy
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike

from camps import files, fonts, record
from camps.dates import as_edtf, days, in_order, standing_day
from camps.errors import Fault, lacking, raise_faults

#: Okabe and Ito's colours, told apart by readers of any colour sense; each has a marker of its own as well.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
INK = "#1b1f23"
QUIET = "#5b6570"
RULE = "#d5dade"
PLAIN = "#8a949d"

_STYLE: Any = {
    "font.size": 9.0, "axes.titlesize": 11.0, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.titlepad": 10.0, "axes.edgecolor": QUIET, "axes.linewidth": 0.8,
    "axes.labelcolor": INK, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
    "xtick.color": QUIET, "ytick.color": QUIET, "xtick.labelcolor": INK, "ytick.labelcolor": INK, "text.color": INK,
    "grid.color": RULE, "grid.linewidth": 0.7, "figure.facecolor": "white", "savefig.facecolor": "white",
    "svg.hashsalt": "camps", "svg.fonttype": "path", "path.simplify": False,
}  # fmt: skip
_DPI = 200
#: So many years have room beside each other on an axis of time.
MOST_YEARS = 14
#: matplotlib brings the first along; it has no Chinese and no Korean.
_FAMILIES = ["DejaVu Sans", "Camps Chinese", "Camps Korean"]
_METADATA: dict[str, dict[str, None]] = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}


@contextmanager
def style() -> Iterator[None]:
    """Draw and save with the type and colours of the suite, whatever the reader's own settings are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        _add_fonts()
        mpl.rcParams["font.family"] = _FAMILIES
        yield


@cache
def _add_fonts() -> None:
    for font in fonts.FONTS:
        if font.family in _FAMILIES:
            fontManager.addfont(fonts.font_path(font.file))


class Plot(Figure):
    """A figure that shows itself in a notebook, where no pyplot is at hand to do it."""

    def _repr_svg_(self) -> str:
        page = StringIO()
        with style():
            _save(self, page, "svg")
        return page.getvalue()


def new_figure(width_in: float, height_in: float) -> Plot:
    """Return an empty figure that lays itself out."""
    return Plot(figsize=(width_in, height_in), layout="constrained")


def write_figure(figure: Figure, path: Path, *, forms: Sequence[str] = tuple(_METADATA)) -> list[Path]:
    """Write a figure as SVG and as PNG (200 dots an inch) and return the paths.

    Parameters
    ----------
    figure
        As from the functions of this module.
    path
        Where to write; the suffix is replaced. Bytes that would not change are not rewritten.
    forms
        ``svg``, ``png`` or both.

    Raises
    ------
    InputError
        When the disk is full or the folder cannot be written.
    """
    written = []
    for form in forms:
        place = path.with_suffix(f".{form}")
        with style(), files.replacing(place) as temporary:
            _save(figure, temporary, form, dpi=_DPI)
        written.append(place)
    return written


def _save(figure: Figure, place: Path | StringIO, form: str, **how: Any) -> None:
    """Save without the characters of a name that neither XML nor a font holds; ticks set theirs anew when drawn."""
    for text in figure.findobj(Text):
        text.set_text(files.xml_text(text.get_text()))
    figure.savefig(place, format=form, metadata=_METADATA[form], **how)


def require_columns(table: pd.DataFrame, names: Sequence[str], what: str) -> None:
    """Raise InputError naming all that a table lacks, a row among them."""
    empty = [Fault("rows", "none", "at least one")] if table.empty else []
    raise_faults([*lacking(table, names), *empty], what)


def axis_of(metric: str) -> str:
    """Return what an axis says of a metric: what is counted, or what is measured and its unit in brackets."""
    ours = record.current()
    said = ours.metric(metric)
    name = ours.say(said.name, "en")
    return f"{name[:1].lower()}{name[1:]} ({said.unit})" if said.unit else ours.say(said.many, "en")


def at_days(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table in the order of the clock, with ``day`` (days since 1970-01-01, as matplotlib counts)."""
    table = table.assign(t=as_edtf(table["t"]), day=days(table["t"], end="standing"))
    return table.sort_values("day", kind="stable", ignore_index=True)


def time_axis(axes: Axes, dates: pd.Series[Any]) -> None:
    """Mark the years that were counted, as many as have room, or let days be marked where dates are days."""
    if dates.astype(str).str.fullmatch(r"\d{4}").all():
        years = in_order(dates.astype(str))
        step = -(-len(years) // MOST_YEARS)
        # The last year is always named; from there every so many years back.
        shown = years[(len(years) - 1) % step :: step]
        axes.set_xticks([standing_day(year) for year in shown], shown)
    else:
        locator = AutoDateLocator(minticks=4, maxticks=8)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def amounts(axes: Axes) -> None:
    """Give the value axis a ground line at 0, a quiet grid and thousands that can be read."""
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axes.grid(axis="y")
    axes.tick_params(axis="y", length=0)


def number(value: float) -> str:
    """Return a number as printed in a figure: thousands apart, no needless decimals."""
    return f"{value:,.0f}" if abs(value) >= 10 or float(value).is_integer() else f"{value:.1f}"


def apart(values: ArrayLike, gap: float) -> list[float]:
    """Return heights for labels at rising `values`, at least `gap` apart and as near to them as may be."""
    steps = gap * np.arange(len(np.atleast_1d(values)))
    return list(scipy.optimize.isotonic_regression(np.asarray(values, dtype=np.float64) - steps).x + steps)


def footnote(figure: Figure, *lines: str | None) -> None:
    """Print notes at the foot of a figure."""
    text = "\n".join(line for line in lines if line)
    if text:
        figure.supxlabel(text, x=0.01, ha="left", fontsize=7.0, color=QUIET, linespacing=1.5)


def colour_of(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return a colour and a marker for each name, in order; they repeat after seven."""
    return {name: (COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]) for i, name in enumerate(names)}
