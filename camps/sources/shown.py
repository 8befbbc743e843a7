"""What a cell of a workbook shows of the date that it stores: 2018, 2017-04 or 20-Mar rather than a day.

A workbook stores a day for whatever is typed as a date; its number format says how much of it was meant.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from openpyxl.utils import get_column_letter

from camps.sources.report import Report

Parts = AbstractSet[str]
#: What a date is shown by in full: year, month, day, and the hour where the day has one.
IN_FULL: Parts = frozenset("ymdh")
_ASIDE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|am/pm|a/p', re.IGNORECASE)
_RUN = re.compile(r"([ymdhseb])\1*", re.IGNORECASE)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def parts_of_format(code: str) -> Parts:
    """Return what a number format of Excel shows of a date: ``y``, ``m``, ``d``, ``h``.

    Examples
    --------
    >>> sorted(parts_of_format("mmm-yy")), sorted(parts_of_format("dddd, d.m.yyyy h:mm;@"))
    (['m', 'y'], ['d', 'h', 'm', 'y'])
    """
    runs = [found[0].casefold() for found in _RUN.finditer(_ASIDE.sub("", code).partition(";")[0])]
    shown = set()
    for before, run, after in zip(["", *runs], runs, [*runs[1:], ""], strict=False):
        if run[0] == "m" and not (before[:1] == "h" or after[:1] == "s"):
            shown.add("m")
        elif run[0] == "d" and len(run) < 3:  # more letters are the day of the week
            shown.add("d")
        elif run[0] in "yeb":
            shown.add("y")
        elif run[0] in "hs":
            shown.add("h")
    return frozenset(shown)


@dataclass
class ShownDates:
    """Writes dates as they are shown, and remembers which were stored finer, to say so once a column."""

    told: Counter[int] = field(default_factory=Counter)
    first: dict[int, tuple[int, str, dt.datetime]] = field(default_factory=dict)

    def text(self, when: dt.datetime, parts: Parts, row: int, column: int) -> str:
        """Return a stored moment as its cell shows it, EDTF where there is a year; `row` and `column` from 1."""
        text = _as_shown(when, parts)
        if not text.startswith(when.date().isoformat()) and parts & {"y", "m", "d"}:
            self.told[column] += 1
            self.first.setdefault(column, (row, text, when))
        return text

    def tell(self, report: Report) -> None:
        """Make a remark for each column with dates that are shown less finely than they are stored."""
        for column, (row, text, when) in self.first.items():
            reason = (
                f"dates are read as the cells show them, such as {text}; the days that are stored, such as "
                f"{when.date().isoformat()}, were filled in by the program"
            )
            letter = get_column_letter(column)
            report.add("noted", reason, row=row, column=letter, value=text, pieces=self.told[column])


def _as_shown(when: dt.datetime, parts: Parts) -> str:
    if {"y", "d"} <= parts:
        return _in_full(when, parts)
    if "y" in parts:
        return _year_and(when, parts)
    if not parts & {"m", "d"}:
        return when.time().isoformat() if parts else _in_full(when, IN_FULL)
    month = _MONTHS[when.month - 1] if "m" in parts else ""
    return "-".join(one for one in (str(when.day) if "d" in parts else "", month) if one)


def _in_full(when: dt.datetime, parts: Parts) -> str:
    midnight = when.time() == dt.time(0)
    return when.date().isoformat() if midnight or "h" not in parts else when.isoformat(sep=" ")


def _year_and(when: dt.datetime, parts: Parts) -> str:
    """Return a date of which the year is shown but not the day."""
    if "m" in parts:
        return f"{when.year:04d}-{when.month:02d}"
    if "q" in parts:
        first = (when.month - 1) // 3 * 3 + 1
        return f"{when.year:04d}-{first:02d}/{when.year:04d}-{first + 2:02d}"
    return f"{when.year:04d}"
