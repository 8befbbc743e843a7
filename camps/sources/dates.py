"""Printed dates as EDTF text: what is known of a date, and no more.

``20-Mar`` is what a spreadsheet made of March 2020; ``3rdQt2018`` is a quarter. A half or a quarter of a year becomes
an interval of months, because a date nobody knows is an interval.

References
----------
Library of Congress, Extended Date/Time Format (EDTF) Specification, 2019; ISO 8601-2:2019.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
import warnings
from collections.abc import Callable
from functools import cache

from camps.sources.values import missing_kind

with warnings.catch_warnings():
    # The package's grammar makes newer pyparsing warn once at import; it reads dates all the same.
    warnings.simplefilter("ignore")
    import edtf

_MONTHS = {name.casefold(): number for number, name in enumerate(calendar.month_abbr) if name}
_MONTHS |= {name.casefold(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS["sept"] = 9
_MONTH = "(" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_YEAR = r"((?:1[5-9]|20)\d\d)"
#: No printed date is longer; the forms below are never tried on more.
MOST_CHARACTERS = 60
#: Two-digit years 00 to 49 are of this century: the lists are of camps since 1950.
_PIVOT = 50

_Writer = Callable[[re.Match[str]], str]
_PARTS_OF_YEAR = {"early": ("01", "04"), "mid": ("05", "08"), "late": ("09", "12"), "end": ("11", "12")}


def read_date(verbatim: str) -> str | None:
    """Return a printed date as EDTF text, or ``None`` for a cell that says nothing.

    Parameters
    ----------
    verbatim
        Such as ``2017-06-10``, ``20-Mar``, ``Mar-19``, ``3rdQt2018``, ``2ndHf2019``, ``Mid-2018``, ``2018-2019``,
        ``c. 1955``, ``1950s``, ``10 June 2017``, ``since 2017`` or EDTF itself.

    Returns
    -------
    str or None
        EDTF level 0 or 1 text, calendar dates only: ``2020-03``, ``2018-07/2018-09``, ``1955~``, ``195X``.

    Raises
    ------
    ValueError
        When the text is no date, is no day of the calendar, or can be read in two ways (03/04/2017).
    """
    if missing_kind(verbatim) is not None:
        return None
    if len(verbatim) > MOST_CHARACTERS:
        raise ValueError(f"{verbatim[:40]!r}… is no date, but a text of {len(verbatim)} characters")
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", verbatim)).strip().casefold().replace("–", "-")
    for pattern, write in _FORMS:
        found = pattern.fullmatch(text)
        if found:
            return _valid(write(found), verbatim)
    if _ambiguous(text):
        raise ValueError(f"{verbatim!r} is a day and a month in unknown order; write it as year-month-day")
    raise ValueError(f"{verbatim!r} is no date; expected such as 2017, 2017-06, 2017-06-10 or 2017/2018")


def _valid(text: str, verbatim: str) -> str:
    if not all(_is_date(half) for half in text.split("/") if half not in ("", "..")):
        raise ValueError(f"{verbatim!r} is no day of the calendar")
    lower, _, upper = text.partition("/")
    if upper and upper != ".." and lower not in ("", "..") and lower[:10].rstrip("?~%") > upper.rstrip("?~%"):
        raise ValueError(f"{verbatim!r} ends before it begins")
    return text


@cache
def _is_date(text: str) -> bool:
    try:
        edtf.parse_edtf(text)
    except edtf.EDTFParseException:
        return False
    return True


def _year(two_digits: str) -> str:
    return f"{'20' if int(two_digits) < _PIVOT else '19'}{two_digits}"


def _months(year: str, first: int, last: int) -> str:
    return f"{year}-{first:02d}/{year}-{last:02d}"


def _quarter(year: str, number: str) -> str:
    return _months(year, 3 * int(number) - 2, 3 * int(number))


def _half(year: str, number: str) -> str:
    return _months(year, 6 * int(number) - 5, 6 * int(number))


def _part(year: str, part: str) -> str:
    first, last = _PARTS_OF_YEAR[part]
    return f"{year}-{first}~/{year}-{last}~"


def _ambiguous(text: str) -> bool:
    return re.fullmatch(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}", text) is not None


def _form(
    pattern: str, write: Callable[[re.Match[str]], str]
) -> tuple[re.Pattern[str], Callable[[re.Match[str]], str]]:
    return re.compile(pattern), write


# Digits may be unknown from the right only: 195X, 2017-XX, 2017-06-XX.
_EDTF = r"(?:\d{4}(?:-(?:\d\d(?:-(?:\d\d|xx))?|xx(?:-xx)?))?|\d{3}x|\d\dxx|\dxxx|xxxx)[?~%]?|\.\."
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_FORMS = (
    _form(rf"(?:{_EDTF})(?:/(?:{_EDTF})?)?",
          lambda m: m[0].upper()),
    _form(rf"(\d\d)-{_MONTH}", lambda m: f"{_year(m[1])}-{_MONTHS[m[2]]:02d}"),
    _form(rf"{_MONTH}-(\d\d)", lambda m: f"{_year(m[2])}-{_MONTHS[m[1]]:02d}"),
    _form(rf"{_MONTH}[ -]?,? ?{_YEAR}", lambda m: f"{m[2]}-{_MONTHS[m[1]]:02d}"),
    _form(rf"{_YEAR}[ -]{_MONTH}", lambda m: f"{m[1]}-{_MONTHS[m[2]]:02d}"),
    _form(rf"{_DAY}[ -]{_MONTH},?[ -]{_YEAR}", lambda m: f"{m[3]}-{_MONTHS[m[2]]:02d}-{int(m[1]):02d}"),
    _form(rf"{_MONTH} {_DAY},? {_YEAR}", lambda m: f"{m[3]}-{_MONTHS[m[1]]:02d}-{int(m[2]):02d}"),
    _form(rf"{_YEAR}[-/.](\d{{1,2}})[-/.](\d{{1,2}})(?:[ t]00:00(?::00)?)?",
          lambda m: f"{m[1]}-{int(m[2]):02d}-{int(m[3]):02d}"),
    _form(rf"(1[3-9]|2\d|3[01])[./-](\d{{1,2}})[./-]{_YEAR}", lambda m: f"{m[3]}-{int(m[2]):02d}-{m[1]}"),
    _form(rf"(\d{{1,2}})[./-](1[3-9]|2\d|3[01])[./-]{_YEAR}", lambda m: f"{m[3]}-{int(m[1]):02d}-{m[2]}"),
    _form(rf"{_YEAR}年(?:(\d{{1,2}})月(?:(\d{{1,2}})日)?)?",
          lambda m: "-".join([m[1], *(f"{int(part):02d}" for part in m.groups()[1:] if part)])),
    _form(rf"([1-4])(?:st|nd|rd|th)? ?q(?:t|tr|uarter)? ?(?:of )?{_YEAR}", lambda m: _quarter(m[2], m[1])),
    _form(rf"q([1-4])[ -/]?{_YEAR}", lambda m: _quarter(m[2], m[1])),
    _form(rf"{_YEAR}[ -/]?q([1-4])", lambda m: _quarter(m[1], m[2])),
    _form(rf"([12])(?:st|nd)? ?h(?:f|alf)? ?(?:of )?{_YEAR}", lambda m: _half(m[2], m[1])),
    _form(rf"h([12])[ -/]?{_YEAR}", lambda m: _half(m[2], m[1])),
    _form(rf"{_YEAR}[ -/]?h([12])", lambda m: _half(m[1], m[2])),
    _form(rf"(early|mid|late|end)(?:[ -]of)?[ -]{_YEAR}", lambda m: _part(m[2], m[1])),
    _form(rf"{_YEAR} ?(?:-|/|to|or|and) ?{_YEAR}", lambda m: f"{m[1]}/{m[2]}"),
    _form(rf"(?:c\.?|ca\.?|circa|about|around|approx\.?) ?{_YEAR}", lambda m: f"{m[1]}~"),
    _form(rf"{_YEAR} ?\((?:approx\.?|ca?\.?)\)", lambda m: f"{m[1]}~"),
    _form(r"(1[5-9]|20)(\d)0'?s", lambda m: f"{m[1]}{m[2]}X"),
    _form(rf"(?:since|from) {_YEAR}", lambda m: f"{m[1]}/.."),
    _form(rf"(?:until|till|by) {_YEAR}", lambda m: f"../{m[1]}"),
    _form(rf"(?:before) {_YEAR}", lambda m: f"../{int(m[1]) - 1}"),
    _form(rf"(?:after) {_YEAR}", lambda m: f"{int(m[1]) + 1}/.."),
)  # fmt: skip


def date_bounds(text: str) -> tuple[str, str]:
    """Return the first and the last day that an EDTF date can mean, as ISO dates; empty text where a side is open.

    Parameters
    ----------
    text
        EDTF text as :func:`read_date` returns it: ``2017/2018`` gives 2017-01-01 and 2018-12-31, ``2017/..`` has
        no last day, ``..`` neither.

    Raises
    ------
    ValueError
        When the text is no EDTF date.
    """
    first, _, last = text.partition("/")
    return _day(first, last=False), _day(last if "/" in text else first, last=True)


@cache
def _day(text: str, *, last: bool) -> str:
    if text in ("", ".."):
        return ""
    try:
        date = edtf.parse_edtf(text)
    except edtf.EDTFParseException as error:
        raise ValueError(f"{text!r} is no EDTF date; expected such as 2017, 2017-06 or 2017/2018") from error
    day = date.upper_strict() if last else date.lower_strict()
    return f"{day.tm_year:04d}-{day.tm_mon:02d}-{day.tm_mday:02d}"
