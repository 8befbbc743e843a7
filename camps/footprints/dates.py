"""Dates of scenes: calendar days, months, years and intervals in EDTF, never a time of day."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from time import struct_time
from typing import Any

import pandas as pd
from edtf import parse_edtf
from edtf.parser.edtf_exceptions import EDTFParseException

from camps.errors import Fault, InputError

_MIDNIGHT = re.compile(r"[T ]00:00(:00(\.0+)?)?$")
_SLASHED_DAY = re.compile(r"^(\d{4})/(\d{2})/(\d{2})(?=$|[T ])")
_PLAIN = re.compile(r"^\d{4}(-\d{2}(-\d{2})?)?$")
_WHOLE_NUMBER = re.compile(r"^(\d{4})\.0$")


@lru_cache(maxsize=65_536)
def day_bounds(edtf: str) -> tuple[str, str]:
    """Return the first and the last calendar day that an EDTF date may mean, as ISO text.

    ``2017`` gives ("2017-01-01", "2017-12-31"); ``2017-06-10/2017-07`` gives ("2017-06-10", "2017-07-31").

    Raises
    ------
    InputError
        When the text is no closed EDTF date, or ends before it begins.
    """
    try:
        if _PLAIN.match(edtf):
            return _plain_bounds(edtf)
        # EDTF knows times of day too; which day they belong to depends on a time zone.
        parsed = parse_edtf("" if ":" in edtf else edtf)
        first, last = _iso_day(parsed.lower_strict()), _iso_day(parsed.upper_strict())
    except (EDTFParseException, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise InputError(
            f"date {edtf!r}: expected a calendar date such as 2017-06-10, 2017-06, 2017 or 2017/2018"
        ) from error
    if first > last:
        raise InputError(f"date {edtf!r}: ends before it begins, expected the earlier date first")
    return first, last


def _plain_bounds(edtf: str) -> tuple[str, str]:
    # The grammar of EDTF takes a twentieth of a second a date, and nearly all dates are plain.
    year, *rest = (int(part) for part in edtf.split("-"))
    months = rest[:1] or [1, 12]
    days = rest[1:] or [1, calendar.monthrange(year, months[-1])[1]]
    return date(year, months[0], days[0]).isoformat(), date(year, months[-1], days[-1]).isoformat()


def _iso_day(moment: struct_time) -> str:
    last = calendar.monthrange(moment.tm_year, moment.tm_mon)[1]
    return date(moment.tm_year, moment.tm_mon, min(moment.tm_mday, last)).isoformat()


def as_calendar_dates(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return dates as a vector driver gives them (text, numbers, slashes, midnights) as EDTF text; null stays null."""
    code, different = pd.factorize(values)
    text = pd.Series(different).astype("string").str.strip()
    text = text.str.replace(_WHOLE_NUMBER, r"\1", regex=True)
    text = text.str.replace(_SLASHED_DAY, r"\1-\2-\3", regex=True)
    text = text.str.replace(_MIDNIGHT, "", regex=True)
    text = text.mask(text == "").reindex(code)
    return text.set_axis(values.index)


def date_faults(dates: pd.Series[Any], rows: pd.Series[Any]) -> Iterator[Fault]:
    """Yield a fault for each row whose date is missing or is no calendar date."""
    for row in rows[dates.isna()]:
        yield Fault(f"{row}, column observed_on", "no date", "a calendar date", "give observed_on, or map the column")
    for text in dates.dropna().unique():
        try:
            day_bounds(text)
        except InputError as error:
            remedy = "write the calendar date alone" if ":" in text else "write it as 2017-06-10, 2017-06 or 2017"
            yield Fault(
                f"{rows[dates == text].iloc[0]}, column observed_on", repr(text), str(error).split("; ")[0], remedy
            )
