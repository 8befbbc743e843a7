"""EDTF dates as intervals of days, counted from 1970-01-01."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pandas as pd

from camps.footprints.dates import day_bounds

_EPOCH = date(1970, 1, 1).toordinal()


def day_interval(edtf: str) -> tuple[int, int]:
    """Return the first and the last calendar day that an EDTF date may mean.

    Parameters
    ----------
    edtf
        A day, month, year or closed interval, such as ``2017-06-10``, ``2017-06``, ``2017`` or ``2017/2018``.

    Returns
    -------
    tuple of int
        Days since 1970-01-01, both inclusive: ``2017`` is (17167, 17531).

    Raises
    ------
    InputError
        When the text is no EDTF date, an end of the interval is open, or it ends before it begins.
    """
    first, last = day_bounds(edtf)
    return _day(first), _day(last)


def _day(iso: str) -> int:
    return date.fromisoformat(iso).toordinal() - _EPOCH


def standing_day(edtf: str) -> int:
    """Return the day at which a date stands on a clock: itself, or the middle day of what it may mean.

    Of two middle days it is the later, so that a year stands at 2 July whether it is a leap year or not.

    Returns
    -------
    int
        Days since 1970-01-01.

    Raises
    ------
    InputError
        As :func:`day_interval`.
    """
    first, last = day_interval(edtf)
    return -((first + last) // -2)


def as_edtf(dates: pd.Series[Any]) -> pd.Series[Any]:
    """Return dates as EDTF text on the same index; a column of timestamps is taken as calendar dates."""
    if pd.api.types.is_datetime64_any_dtype(dates):
        dates = pd.Series(dates.dt.strftime("%Y-%m-%d"))
    return dates.astype("string")


def days(dates: pd.Series[Any], *, end: str) -> pd.Series[Any]:
    """Return the ``first``, ``last`` or ``standing`` day of each date, float64 on the same index; null stays null."""
    pick = {"first": lambda t: day_interval(t)[0], "last": lambda t: day_interval(t)[1], "standing": standing_day}[end]
    text = as_edtf(dates)
    known = {edtf: float(pick(edtf)) for edtf in text.dropna().unique()}
    return text.map(known).astype("float64")


def in_order(dates: Iterable[str]) -> list[str]:
    """Return the different EDTF dates in the order in which they stand on a clock; see :func:`standing_day`."""
    return sorted(set(dates), key=lambda text: (standing_day(text), *day_interval(text), text))


def iso_day(day: float) -> str:
    """Return the calendar day, as ISO 8601 text, that contains `day`, decimal days since 1970-01-01."""
    return date.fromordinal(_EPOCH + int(day // 1)).isoformat()
