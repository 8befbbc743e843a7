"""EDTF dates as intervals of days, counted from 1970-01-01."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from time import struct_time
from typing import Any

import pandas as pd
from edtf import parse_edtf
from edtf.parser.edtf_exceptions import EDTFParseException

from camps.errors import InputError

_EPOCH = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=65_536)
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
        When the text is no EDTF date, or an end of the interval is open.
    """
    try:
        parsed = parse_edtf(edtf)
        return _days(parsed.lower_strict()), _days(parsed.upper_strict())
    except (EDTFParseException, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise InputError(
            f"date {edtf!r}: found no closed EDTF date, expected one such as 2017, 2017-06-10 or 2017/2018; "
            "correct the date or leave the row out"
        ) from error


def _days(moment: struct_time) -> int:
    last = calendar.monthrange(moment.tm_year, moment.tm_mon)[1]
    return date(moment.tm_year, moment.tm_mon, min(moment.tm_mday, last)).toordinal() - _EPOCH


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


def day_intervals(dates: pd.Series[Any]) -> pd.DataFrame:
    """Return the columns ``lo`` and ``hi`` of :func:`day_interval` for each EDTF date, on the index of `dates`.

    A null date gives null ends.
    """
    known = dates.dropna().astype(str)
    ends = {text: day_interval(text) for text in known.unique()}
    rows = [ends[text] for text in known]
    return pd.DataFrame(rows, index=known.index, columns=["lo", "hi"], dtype="float64").reindex(dates.index)


def in_order(dates: Iterable[str]) -> list[str]:
    """Return the different EDTF dates, earliest first; of two that begin together the shorter comes first."""
    return sorted(set(dates), key=lambda text: (*day_interval(text), text))


def iso_day(day: float) -> str:
    """Return the calendar day, as ISO 8601 text, that contains `day`, decimal days since 1970-01-01."""
    return date.fromordinal(_EPOCH + int(day // 1)).isoformat()
