"""The clock of a timeline: decimal days since 1970-01-01, and the three modes of showing time."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any, Literal, get_args

import pandas as pd

from camps.errors import Fault, InputError, raise_faults
from camps.growth.dates import days, standing_day

Mode = Literal["observed", "bracket", "illustrative"]
When = str | float | date

#: How a value or a shape between two different looks is named, by mode; the ``observed`` mode only ever holds.
KIND_BETWEEN = {"observed": "held", "bracket": "bracketed", "illustrative": "interpolated"}
#: From the surest to the least sure: a whole is as sure as its least sure part.
LEAST_SURE_LAST = ("observed", "held", "bracketed", "interpolated")

_EPOCH = date(1970, 1, 1).toordinal()


def clock_day(when: When) -> float:
    """Return a moment of the clock as decimal days since 1970-01-01.

    Parameters
    ----------
    when
        Decimal days, a calendar date, or an EDTF date. A date that is an interval stands at its middle day, the later
        one of two: the year 2018 stands at 2 July 2018.

    Raises
    ------
    InputError
        For text that is no EDTF date, a number that is not finite, or a time of day with a clock and a zone.
    """
    if isinstance(when, str):
        return float(standing_day(when))
    if isinstance(when, datetime):
        raise InputError(f"when {when!r}: found a time of day, expected a calendar date; use when.date()")
    if isinstance(when, date):
        return float(when.toordinal() - _EPOCH)
    if not math.isfinite(when):
        raise InputError(f"when {when!r}: expected decimal days since 1970-01-01, a date or an EDTF date")
    return float(when)


def require_mode(mode: str) -> None:
    """Raise InputError when `mode` is not one of the three."""
    if mode not in get_args(Mode):
        raise InputError(f"mode {mode!r}: expected one of {', '.join(get_args(Mode))}")


def require_columns(frame: pd.DataFrame, names: list[str], what: str) -> None:
    """Raise InputError naming all the columns that `frame` lacks."""
    missing = [Fault(f"column {name}", "no such column", "it to be there") for name in names if name not in frame]
    raise_faults(missing, what)


def standing_days(dates: pd.Series[Any]) -> pd.Series[Any]:
    """Return the day at which each date stands on the clock, float64 on the same index; a null date gives null."""
    return days(dates, end="standing")


def kinds(*, unknown: pd.Series[Any], on_day: pd.Series[Any], moving: pd.Series[Any], mode: Mode) -> pd.Series[Any]:
    """Return the kind of each value: null where unknown, else observed, held, or what the mode shows in between."""
    kind = pd.Series("held", index=unknown.index, dtype="string")
    return kind.mask(moving, KIND_BETWEEN[mode]).mask(on_day, "observed").mask(unknown, pd.NA)


def least_sure(present: pd.Series[Any]) -> str | None:
    """Return the least sure of some kinds, or None when there is none."""
    found = [kind for kind in LEAST_SURE_LAST if kind in set(present.dropna())]
    return found[-1] if found else None
