"""The one clock: EDTF dates as intervals of days with open ends, and columns of printed dates as EDTF text.

A date that nobody knows exactly is an interval of days, and an end that nobody knows stays open. :func:`parse` reads
EDTF, which is what every table of the suite holds; :func:`read_dates` reads what lists print, ``3rdQt2018`` or
``10 June 2017``, where the column as a whole decides what a single cell leaves open.

References
----------
Library of Congress, Extended Date/Time Format (EDTF) Specification, 2019, levels 0 and 1 without times of day;
ISO 8601-2:2019.
"""

from __future__ import annotations

import calendar
import itertools
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple, get_args

import pandas as pd

from camps.errors import InputError

Order = Literal["dmy", "mdy", "ymd"]
When = str | float | date

_EPOCH = date(1970, 1, 1).toordinal()
_DATE = re.compile(r"(\d{4}|\d{3}X|\d\dXX|\dXXX)(?:-(\d\d|XX)(?:-(\d\d|XX))?)?[?~%]?")
#: First month and number of months of the seasons of EDTF; winter is named by its December.
_SEASONS = {21: (3, 3), 22: (6, 3), 23: (9, 3), 24: (12, 3)}
_FORMS_TOLD = "an EDTF date such as 2017, 2017-06, 2017-06-10, 195X, 1967~, 2017/2018 or 2017/.."


# ── days ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def day_of(when: date) -> int:
    """Return days since 1970-01-01."""
    return when.toordinal() - _EPOCH


def date_of(day: float) -> date:
    """Return the calendar date that contains `day`, decimal days since 1970-01-01."""
    return date.fromordinal(_EPOCH + math.floor(day))


def iso_day(day: float) -> str:
    """Return the calendar day, as ISO 8601 text, that contains `day`, decimal days since 1970-01-01."""
    return date_of(day).isoformat()


@dataclass(frozen=True)
class Interval:
    """The days that a date may mean, or over which something lasted; ``None`` is an end that nobody knows.

    Attributes
    ----------
    first, last
        Days since 1970-01-01, both inclusive; ``None`` where that side is open.

    Examples
    --------
    >>> parse("2017/..")
    Interval(first=17167, last=None)
    >>> str(parse("2018-06/2018"))
    '2018-06/2018-12'
    >>> parse("2017").overlaps(parse("2017-12/..")), parse("2016").before(parse("2017"))
    (True, True)
    """

    first: int | None
    last: int | None

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None and self.first > self.last:
            raise InputError(f"{iso_day(self.first)} to {iso_day(self.last)}: ends before it begins")

    def __str__(self) -> str:
        """Return the interval as the shortest EDTF text that says the same: ``2017``, ``2017-06/..``, ``..``."""
        if self.first is None and self.last is None:
            return ".."
        return next(text for width in (4, 7, 10) if (text := self._text(width)) is not None)

    def _text(self, width: int) -> str | None:
        """Return EDTF text of years, months or days (4, 7 or 10 characters) when that says the same."""
        first, last = (".." if end is None else iso_day(end)[:width] for end in (self.first, self.last))
        whole = (_half(first)[0], _half(last)[1]) == (self.first, self.last)
        return (first if first == last else f"{first}/{last}") if whole else None

    @property
    def is_open(self) -> bool:
        """Whether an end is not known."""
        return self.first is None or self.last is None

    @property
    def standing(self) -> int:
        """The day at which the interval stands on a clock: its middle day, of two the later.

        So a year stands at 2 July whether it is a leap year or not.

        Raises
        ------
        InputError
            When an end is open: such an interval has no middle.
        """
        if self.first is None or self.last is None:
            raise InputError(f"{self}: an end is open, so that it has no middle; expected a first and a last day")
        return -((self.first + self.last) // -2)

    def contains(self, day: float) -> bool:
        """Return whether the day that holds `day` is one of the interval's; an open end holds all beyond it."""
        return not (self._begins_after(day) or self._ended_by(day))

    def before(self, other: Interval) -> bool:
        """Return whether every day of this interval lies before every day of the other, beyond doubt."""
        return self.last is not None and other._begins_after(self.last)

    def overlaps(self, other: Interval) -> bool:
        """Return whether the two may have a day in common."""
        return not (self.before(other) or other.before(self))

    def intersection(self, other: Interval) -> Interval | None:
        """Return the days in common, or None when there are none."""
        if not self.overlaps(other):
            return None
        firsts = [end for end in (self.first, other.first) if end is not None]
        lasts = [end for end in (self.last, other.last) if end is not None]
        return Interval(max(firsts, default=None), min(lasts, default=None))

    def _begins_after(self, day: float) -> bool:
        return self.first is not None and math.floor(day) < self.first

    def _ended_by(self, day: float) -> bool:
        return self.last is not None and math.floor(day) > self.last


# ── EDTF ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=65_536)
def parse(edtf: str) -> Interval:
    """Return the days that an EDTF date may mean.

    Parameters
    ----------
    edtf
        A day, month, year, decade (``195X``) or season (``2017-21``), with ``?``, ``~`` or ``%`` or without, or two
        of them with a stroke between. ``..``, or nothing on one side of the stroke, is an end that nobody knows.
        ``195X/1953`` is the part of the 1950s that ends with 1953.

    Raises
    ------
    InputError
        When the text is no such date, is no day of the calendar, or ends before it begins.

    Examples
    --------
    >>> parse("1970-01")
    Interval(first=0, last=30)
    >>> parse("2017/") == parse("2017/..") == Interval(17167, None)
    True
    """
    left, stroke, right = edtf.partition("/")
    if edtf.strip("/") == "":
        raise InputError(f"{edtf!r} is no date; expected {_FORMS_TOLD}")
    try:
        first, last = _half(left)[0], _half(right if stroke else left)[1]
    except ValueError as error:
        told = str(error) if isinstance(error, InputError) else f"{edtf!r} is no day of the calendar"
        raise InputError(told) from error
    if first is not None and last is not None and first > last:
        raise InputError(f"{edtf!r} ends before it begins; expected the earlier date first")
    return Interval(first, last)


def _half(text: str) -> tuple[int | None, int | None]:
    """Return the first and last day of one side of an EDTF interval, None for both where it is open."""
    if text in ("", "..", "XXXX"):
        return None, None
    found = _DATE.fullmatch(text)
    if found is None or (found[2] and "X" in found[1]) or (found[2] == "XX" and (found[3] or "XX") != "XX"):
        raise InputError(f"{text!r} is no date; expected {_FORMS_TOLD}")
    year, month, day = found.groups()
    if month in (None, "XX"):
        return day_of(date(int(year.replace("X", "0")), 1, 1)), day_of(date(int(year.replace("X", "9")), 12, 31))
    if day in (None, "XX"):
        start, months = _SEASONS.get(int(month), (int(month), 1)) if day is None else (int(month), 1)
        end = date(int(year) + (start + months - 2) // 12, (start + months - 2) % 12 + 1, 1)
        return day_of(date(int(year), start, 1)), day_of(end) + calendar.monthrange(end.year, end.month)[1] - 1
    only = day_of(date(int(year), int(month), int(day)))
    return only, only


def is_edtf(text: str) -> bool:
    """Return whether :func:`parse` reads a text."""
    try:
        parse(text)
    except InputError:
        return False
    return True


def begun(edtf: str) -> Interval:
    """Return when something began that a list dates `edtf`.

    ``1957/..`` is what has been so since 1957, which began within 1957; any other date is the days on which it may
    have begun. ``1957/`` is a beginning on some day from 1957 on that nobody knows. Raises as :func:`parse` does.

    Examples
    --------
    >>> str(begun("1957/..")), str(begun("1957/")), str(begun("1957/1959"))
    ('1957', '1957/..', '1957/1959')
    """
    return parse(edtf.removesuffix("/..") or "..")


def day_interval(edtf: str) -> tuple[int, int]:
    """Return the first and the last calendar day that an EDTF date may mean, both of which must be known.

    Returns
    -------
    tuple of int
        Days since 1970-01-01, both inclusive: ``2017`` is (17167, 17531).

    Raises
    ------
    InputError
        As :func:`parse`, and when an end of the interval is open.
    """
    whole = parse(edtf)
    if whole.first is None or whole.last is None:
        raise InputError(f"{edtf!r} has an open end; expected a calendar date such as 2017-06-10, 2017 or 2017/2018")
    return whole.first, whole.last


def standing_day(edtf: str) -> int:
    """Return the day at which a date stands on a clock, days since 1970-01-01; see :attr:`Interval.standing`.

    Raises as :func:`day_interval` does.
    """
    return Interval(*day_interval(edtf)).standing


def look_day(edtf: str) -> int:
    """Return the day on which outlines that were seen at a date are drawn: the last that it may mean.

    A composite of June, or a picture of some day of June, shows what stood by 30 June; what it does not show may have
    come from 1 June on. Raises as :func:`day_interval` does.
    """
    return day_interval(edtf)[1]


def clock_day(when: When, stands: Callable[[str], int] = standing_day) -> float:
    """Return a moment of the clock as decimal days since 1970-01-01.

    Parameters
    ----------
    when
        Decimal days, a calendar date, or an EDTF date.
    stands
        The day of an EDTF date that is an interval. Values stand at its middle day, the later one of two: the year
        2018 stands at 2 July 2018. Outlines stand at its last; see :func:`look_day`.

    Raises
    ------
    InputError
        For text that is no EDTF date, a number that is not finite, or a time of day with a clock and a zone.

    Examples
    --------
    >>> clock_day("2018") == clock_day("2018-07-02")
    True
    """
    if isinstance(when, str):
        return float(stands(when))
    if isinstance(when, datetime):
        raise InputError(f"when {when!r}: found a time of day, expected a calendar date; use when.date()")
    if isinstance(when, date):
        return float(day_of(when))
    if not math.isfinite(when):
        raise InputError(f"when {when!r}: expected decimal days since 1970-01-01, a date or an EDTF date")
    return float(when)


def as_edtf(dates: pd.Series[Any]) -> pd.Series[Any]:
    """Return dates as EDTF text on the same index; a column of timestamps is taken as calendar dates."""
    if pd.api.types.is_datetime64_any_dtype(dates):
        dates = pd.Series(dates.dt.strftime("%Y-%m-%d"))
    return dates.astype("string")


def days(dates: pd.Series[Any], *, end: Literal["first", "last", "standing"]) -> pd.Series[Any]:
    """Return the ``first``, ``last`` or ``standing`` day of each date, float64 on the same index; null stays null."""
    pick = {"first": lambda t: day_interval(t)[0], "last": lambda t: day_interval(t)[1], "standing": standing_day}[end]
    text = as_edtf(dates)
    known = {edtf: float(pick(edtf)) for edtf in text.dropna().unique()}
    return text.map(known).astype("float64")


def intervals(dates: pd.Series[Any]) -> list[Interval | None]:
    """Return the days that each EDTF date may mean, None where it is null; see :func:`parse`."""
    return [None if pd.isna(text) else parse(str(text)) for text in as_edtf(dates)]


def in_order(dates: Iterable[str]) -> list[str]:
    """Return the different EDTF dates in the order in which they stand on a clock; see :func:`standing_day`."""
    return sorted(set(dates), key=lambda text: (standing_day(text), *day_interval(text), text))


#: A year, a month and a day may all mean one day.
MOST_MEANINGS = 3


def spans_as_given(dates: Iterable[str]) -> list[tuple[int, int, str]]:
    """Return the days on which a clock prints a date as it is given, since it is not known to the day.

    Where several dates mean a day, the narrowest is printed; one that means that day alone is the day itself, and so is
    one that more than MOST_MEANINGS dates mean. Raises as :func:`day_interval` does.

    Returns
    -------
    list of (int, int, str)
        First day, last day (days since 1970-01-01, both inclusive) and EDTF text, in order, no day in two of them.

    Examples
    --------
    >>> [(iso_day(first), iso_day(last), text) for first, last, text in spans_as_given(["2017-06", "2017-06-30"])]
    [('2017-06-01', '2017-06-29', '2017-06')]
    """
    known = sorted((last - first, first, last, text) for text in set(dates) for first, last in [day_interval(text)])
    edges = sorted({edge for _, first, last, _ in known for edge in (first, last + 1)})
    spans: list[tuple[int, int, str]] = []
    for start, after in itertools.pairwise(edges):
        meant = [text for _, first, last, text in known if first <= start <= last]
        # Where many dates mean a day, such as the lives of many places, none of them is the date of the whole.
        text = meant[0] if 0 < len(meant) <= MOST_MEANINGS else iso_day(start)
        if spans and spans[-1][1:] == (start - 1, text):
            spans[-1] = (spans[-1][0], after - 1, text)
        elif text != iso_day(start):
            spans.append((start, after - 1, text))
    return spans


def precision(dates: Iterable[str]) -> Literal["year", "month", "day"]:
    """Return how fine the finest of some EDTF dates is: a date on screen says no more than they do.

    Examples
    --------
    >>> precision(["2017?", "2016/2018"]), precision(["../2017-06~"]), precision(["2017", "2017-06-10"])
    ('year', 'month', 'day')
    """
    halves = {half.rstrip("?~%").replace("-XX", "") for text in dates for half in text.split("/")} - {"", ".."}
    finest = max(map(len, halves), default=10)
    return "year" if finest <= 4 else "month" if finest <= 7 else "day"


# ── printed dates ────────────────────────────────────────────────────────────────────────────────────────────────

_MONTHS = {name.casefold(): number for number, name in enumerate(calendar.month_abbr) if name}
_MONTHS |= {name.casefold(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS["sept"] = 9
_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))
#: Months in figures of archives, between a day and a year alone: 15.VI.1942.
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_BETWEEN_MARKS = _MONTHS | {name: number for number, name in enumerate(_ROMAN, 1)}
_MONTH = rf"({_NAMES})\.?"
_YEAR = r"((?:1[5-9]|20)\d\d)"
#: Languages in which a month may be written, beside English; and others that have some of their words for other months.
LANGUAGES = ("de", "es", "fr", "it", "pl", "pt", "ru", "uk")
_NEIGHBOURS = ("cs", "hr")
#: Words of these languages that stand around day, month and year, and say nothing more.
_BETWEEN = ("de", "del", "er", "в", "г", "гг", "год", "года", "году", "р", "року", "рік", "r", "roku")
_CHINESE = str.maketrans("〇零○一二三四五六七八九", "000123456789")
#: No printed date is longer; the forms below are never tried on more.
MOST_CHARACTERS = 60

#: How a remark begins on a time of day that is neither midnight nor in UTC.
DAY_IN_DOUBT = "which day it was depends on a time zone"
_ORDERS: dict[Order, str] = {"dmy": "day-month-year", "mdy": "month-day-year", "ymd": "year-month-day"}
_PARTS_OF_YEAR = {"early": ("01", "04"), "mid": ("05", "08"), "late": ("09", "12"), "end": ("11", "12")}


class _Rules(NamedTuple):
    """How a column is read: what the caller says, and what its cells decide."""

    edtf: bool = False
    century: int | None = None
    order: Order | None = None
    #: The cell that settles the order; empty when the caller does, or none can.
    shown_by: str = ""
    #: How 2017-24 reads (years or seasons), and 2010-11 (years or a month); None where the column speaks for both.
    late_pair: Literal["years"] | None = "years"
    early_pair: Literal["years", "month"] | None = "month"


_Read = tuple[str, str]  # EDTF text, and what a reader of the list should know
_Form = tuple[re.Pattern[str], Callable[[re.Match[str], _Rules], _Read]]


def read_dates(
    column: pd.Series[Any], *, order: Order | None = None, edtf: bool = False, century: int | None = None
) -> pd.DataFrame:
    """Return a column of printed dates as EDTF text, with a remark where a cell is not read as it stands.

    A cell that can be read in two ways is decided by the column where another cell settles it (``10/15/2003`` makes
    ``03/04/2003`` the fourth of March, unless a third is ``15/10/2003``), by the caller, or not at all.

    Parameters
    ----------
    column
        Cells as printed, such as ``2017-06-10``, ``3rdQt2018``, ``2ndHf2019``, ``Mid-2018``, ``2018-2019``,
        ``2020-21`` (the years 2020 to 2021), ``c. 1955``, ``1950s``, ``10 June 2017``, ``since 2017``, a time stamp,
        or EDTF itself; null or blank where nothing is said.
    order
        Order of day, month and year where all are numbers: ``dmy``, ``mdy`` or ``ymd``.
    edtf
        The column is EDTF and nothing else: ``2020-21`` is the spring of 2020.
    century
        First of the hundred years in which a year of two digits lies: with 1900 ``Mar-37`` is March 1937, with 1950
        it is March 2037. Without it such a year is refused.

    Returns
    -------
    DataFrame
        ``edtf`` and ``remark`` (string), on the index of the column. Where ``edtf`` is null and ``remark`` is not,
        the cell is refused for that reason. A remark on dates that are taken is told once, at the first such cell,
        with the number of cells.

    Raises
    ------
    InputError
        For an order that is none of the three, or a century that is no year.

    Examples
    --------
    >>> read_dates(pd.Series(["20-Mar", "2020-21"]), century=2000)["edtf"].tolist()
    ['2020-03', '2020/2021']
    """
    if order is not None and order not in get_args(Order):
        raise InputError(f"order {order!r}: expected one of {', '.join(get_args(Order))}")
    if century is not None and not 1 <= century <= 9900:
        raise InputError(f"century {century!r}: expected the first of a hundred years, such as 1900 or 1950")
    text = _as_printed(column).str.strip()
    code, different = pd.factorize(text.mask(text == ""))
    rules = _rules([_plain(cell) for cell in different], _Rules(edtf=edtf, century=century, order=order))
    cells = pd.DataFrame([_read_cell(cell, rules) for cell in different], columns=["edtf", "remark"], dtype="string")
    return _told_once(cells.reindex(code).set_axis(column.index))


def _as_printed(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return what a column of timestamps says, time of day and zone too, to be read as that text would be."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.map(pd.Timestamp.isoformat, na_action="ignore").astype("string")
    return column.astype("string")


def rules_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what options of a source tell :func:`read_dates`: ``date_order``, ``edtf`` and ``century``."""
    told = {"order": "date_order", "edtf": "edtf", "century": "century"}
    return {name: options[option] for name, option in told.items() if option in options}


def read_date(
    verbatim: str, *, order: Order | None = None, edtf: bool = False, century: int | None = None
) -> str | None:
    """Return one printed date as EDTF text, or None for a blank; see :func:`read_dates`.

    Raises
    ------
    InputError
        When the text is no date, is no day of the calendar, or can be read in two ways.

    Examples
    --------
    >>> read_date("3rdQt2018")
    '2018-07/2018-09'
    """
    read, remark = read_dates(pd.Series([verbatim]), order=order, edtf=edtf, century=century).iloc[0]
    if pd.isna(read) and pd.notna(remark):
        raise InputError(str(remark))
    return None if pd.isna(read) else str(read)


def _told_once(cells: pd.DataFrame) -> pd.DataFrame:
    taken = cells["remark"].where(cells["edtf"].notna())
    if taken.isna().all():
        return cells
    number = taken.map(taken.value_counts())
    counted = taken.where(number.isna() | number.eq(1), taken + " (" + number.astype("string") + " cells)")
    remark = cells["remark"].where(taken.isna(), counted).mask(taken.notna() & taken.duplicated())
    return cells.assign(remark=remark)


def _plain(verbatim: str) -> str:
    """Return a cell in the one way of writing that the forms know."""
    if len(verbatim) > MOST_CHARACTERS:
        return ""
    text = unicodedata.normalize("NFKC", verbatim).casefold()
    return re.sub(r"\s+", " ", text).strip().replace("–", "-").replace("—", "-")


def _read_cell(verbatim: str, rules: _Rules) -> tuple[str | None, str | None]:
    if len(verbatim) > MOST_CHARACTERS:
        return None, f"{verbatim[:40]!r}… is no date, but a text of {len(verbatim)} characters"
    try:
        text, remark = (verbatim, "") if rules.edtf else _read(_plain(verbatim), rules)
    except InputError as error:
        return None, f"{verbatim!r} {error}"
    try:
        parse(text)
    except InputError as error:
        return None, str(error) if str(error).startswith(repr(verbatim)) else f"{verbatim!r}: {error}"
    return text, remark or None


def _read(text: str, rules: _Rules) -> _Read:
    for told in (text, _in_english(text)):
        for pattern, write in _FORMS:
            found = pattern.fullmatch(told)
            if found:
                return write(found, rules)
    raise InputError("is no date; expected such as 2017, 2017-06, 2017-06-10 or 2017/2018")


def _in_english(text: str) -> str:
    """Return a date in words of another language, such as ``10. märz 1958`` or ``март 1951 г.``, in English."""
    words = re.sub(r"[^\W\d_]+", lambda word: _foreign_words().get(word[0], word[0]), _with_figures(text))
    return re.sub(r"\s+", " ", re.sub(r"(?<=\d)[.o](?= )", "", words)).strip(" .")


def _with_figures(text: str) -> str:
    """Return a Chinese date with its numbers in figures; 一九五八年十月 is 1958年10月."""
    text = re.sub("[二三]?十[一二三四五六七八九]?(?=[月日])", lambda ten: f"{_ten(*ten[0].split('十'))}", text)
    return text.translate(_CHINESE) if "年" in text else text


def _ten(tens: str, ones: str) -> int:
    return 10 * int(tens.translate(_CHINESE) or 1) + int(ones.translate(_CHINESE) or 0)


@lru_cache(maxsize=1)
def _foreign_words() -> dict[str, str]:
    """Return the names of months of some languages in English, without those that two of them use of two months."""
    # Of no use to lists in English, and slow to load.
    from babel import Locale  # noqa: PLC0415

    named: dict[str, set[int]] = {}
    for tag in (*LANGUAGES, *_NEIGHBOURS):
        for context, width in itertools.product(("format", "stand-alone"), ("wide", "abbreviated")):
            for month, name in Locale(tag).months[context][width].items():
                named.setdefault(name.casefold().strip("."), set()).add(month)
    months = {name: calendar.month_name[month.pop()].casefold() for name, month in named.items() if len(month) == 1}
    return {**months, **dict.fromkeys(_BETWEEN, "")}


def _rules(cells: Sequence[str], told: _Rules) -> _Rules:
    """Return the rules with what the cells decide: the order of numbers, and how pairs such as 2010-11 read."""
    rules = told if told.order else told._replace(**_settled(cells))
    pairs = [(int(found[1]), int(found[2])) for cell in cells if (found := _PAIR.fullmatch(cell))]
    late = [(year, number) for year, number in pairs if number > 12]
    if any(21 <= number <= 24 and _pair_end(year, number) is None for year, number in late):
        rules = rules._replace(late_pair=None)
    if late:
        following = all(_pair_end(year, number) == year + 1 for year, number in pairs)
        rules = rules._replace(early_pair="years" if following else None)
    return rules


def _settled(cells: Sequence[str]) -> dict[str, Any]:
    """Return the one order in which all dates of numbers can be read, and the cell that shows it."""
    left, shown_by = set(get_args(Order)), ""
    for cell in cells:
        found = _NUMBERS.fullmatch(cell)
        possible = set(_readings(found)) if found else set()
        if possible:
            left &= possible
            shown_by = cell if len(possible) == 1 and not shown_by else shown_by
    return {"order": left.pop(), "shown_by": shown_by} if len(left) == 1 and shown_by else {}


def _readings(found: re.Match[str]) -> dict[Order, tuple[str, int, int]]:
    """Return year as printed, month and day of a date of three numbers, in each order in which it is a date."""
    a, b, c = found[1], found[3], found[4]
    parts: dict[Order, tuple[str, str, str]] = {"dmy": (c, b, a), "mdy": (c, a, b), "ymd": (a, b, c)}
    if len(c) == 4:
        del parts["ymd"]
    months = {order: _BETWEEN_MARKS.get(month) or _number(month) for order, (_, month, _) in parts.items()}
    return {
        order: (year, months[order], int(day))
        for order, (year, _, day) in parts.items()
        if day.isdigit() and len(year) in (2, 4) and year.isdigit() and 1 <= months[order] <= 12
        and 1 <= int(day) <= calendar.monthrange(2000, months[order])[1]
    }  # fmt: skip


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _of_numbers(found: re.Match[str], rules: _Rules) -> _Read:
    possible = _readings(found)
    if not possible:
        raise InputError("is no day of the calendar in any order of day, month and year")
    if rules.order is None and len(possible) > 1:
        orders = " or ".join(_ORDERS[order] for order in possible)
        raise InputError(
            f"is a day and a month in unknown order ({orders}); write it as 2018-07-06, or say which with --date-order "
            "(order=)"
        )
    order = rules.order if rules.order and (not rules.shown_by or rules.order in possible) else next(iter(possible))
    if order not in possible:
        raise InputError(f"is no day of the calendar as {_ORDERS[order]}, the order that was told")
    year, month, day = possible[order]
    decided = len(possible) > 1 and rules.shown_by
    remark = f"read as {_ORDERS[order]}, as {rules.shown_by!r} in the same column shows" if decided else ""
    return f"{_year(year, rules)}-{month:02d}-{day:02d}", remark


def _year(digits: str, rules: _Rules) -> str:
    if len(digits) == 4:
        return digits
    if rules.century is None:
        raise InputError(
            "has a year of two digits; say of which hundred years with --century (century=), such as 1900 or 2000"
        )
    return f"{rules.century + (int(digits) - rules.century) % 100:04d}"


def _pair_end(year: int, number: int) -> int | None:
    """Return the year at which a span such as 2017-24 ends, or None where it is no span of years."""
    end = year - year % 100 + number
    return end if end > year else year + 1 if number == 0 and year % 100 == 99 else None


def _of_pair(found: re.Match[str], rules: _Rules) -> _Read:
    year, number = int(found[1]), int(found[2])
    end = _pair_end(year, number)
    reading = rules.early_pair if 1 <= number <= 12 else rules.late_pair if 21 <= number <= 24 else "years"
    if reading == "month" or (1 <= number <= 12 and end is None):
        return f"{year}-{number:02d}", ""
    if end is None:
        season = "; a season of EDTF is read with --edtf (edtf=True)" if 21 <= number <= 24 else ""
        raise InputError(f"is neither a month nor a span of years{season}")
    if reading is None:
        other = "a month" if number <= 12 else "a season"
        raise InputError(f"is {other} or the years {year} to {end}, and the column holds both; write it out")
    return f"{year}/{end}", "read as a span of years, not as a month or a season"


def _of_moment(found: re.Match[str], _: _Rules) -> _Read:
    day, (hour, minute, second, zone) = _ymd(found[1], found[3], found[4]), found.groups()[4:]
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 60:
        raise InputError("has no time of day of the clock")
    if zone in ("z", "utc", "gmt", "+00:00", "-00:00", "+0000", "+00"):
        return day, "a moment in UTC; its date in UTC is taken"
    if zone:
        return day, f"{DAY_IN_DOUBT}; the date as printed is taken, in the zone {zone}"
    midnight = int(hour) == int(minute) == int(second or 0) == 0
    return day, "" if midnight else f"{DAY_IN_DOUBT}; the date as printed is taken"


def _months(year: str, first: int, last: int) -> str:
    return f"{year}-{first:02d}/{year}-{last:02d}"


def _quarter(year: str, number: str) -> str:
    return _months(year, 3 * int(number) - 2, 3 * int(number))


def _half_year(year: str, number: str) -> str:
    return _months(year, 6 * int(number) - 5, 6 * int(number))


def _part(year: str, part: str) -> str:
    first, last = _PARTS_OF_YEAR[part]
    return f"{year}-{first}~/{year}-{last}~"


def _ymd(year: str, month: str, day: str) -> str:
    return f"{year}-{int(month):02d}-{int(day):02d}"


def _form(pattern: str, write: Callable[[re.Match[str]], str]) -> _Form:
    return re.compile(pattern), lambda found, _: (write(found), "")


def _of_edtf(found: re.Match[str], _: _Rules) -> _Read:
    is_strange = any(not re.fullmatch(_YEAR, year) for year in re.findall(r"\d{4}", found[0]))
    remark = "a year outside 1500 to 2099; those of another era, such as the Buddhist 2485, are not converted"
    return found[0].upper(), remark if is_strange else ""


def _of_month(found: re.Match[str], rules: _Rules) -> _Read:
    return f"{_year(found['year'], rules)}-{_MONTHS[found['month']]:02d}", ""


_PAIR = re.compile(rf"{_YEAR}[-/](\d\d)")
_NUMBERS = re.compile(rf"(\d{{1,2}}|{_NAMES})([./-])(\d{{1,2}}|{_NAMES}|{'|'.join(_ROMAN)})\2((?:1[5-9]|20)?\d\d)")
_MOMENT = re.compile(
    rf"{_YEAR}([-/.])(\d\d?)\2(\d\d?)[ t](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)? ?(z|utc|gmt|[+-]\d\d(?::?\d\d)?)?"
)
# Digits may be unknown from the right only: 195X, 2017-XX, 2017-06-XX.
_EDTF = r"(?:\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:\d\d|xx))?|-xx(?:-xx)?)?|\d{3}x|\d\dxx|\dxxx)[?~%]?|\.\."
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_FORMS: tuple[_Form, ...] = (
    (_PAIR, _of_pair),
    (re.compile(rf"(?:{_EDTF})(?:/(?:{_EDTF})?)?|/(?:{_EDTF})"), _of_edtf),
    (_MOMENT, _of_moment),
    _form(rf"{_YEAR}\.0+", lambda m: m[1]),
    (_NUMBERS, _of_numbers),
    (re.compile(r"'?(?P<year>\d\d)"), lambda found, rules: (_year(found["year"], rules), "")),
    (re.compile(rf"(?P<year>\d\d)[- ](?P<month>{_NAMES})\.?"), _of_month),
    (re.compile(rf"(?P<month>{_NAMES})\.?[- ](?P<year>\d\d)"), _of_month),
    _form(rf"{_MONTH}[ -]?,? ?{_YEAR}", lambda m: f"{m[2]}-{_MONTHS[m[1]]:02d}"),
    _form(rf"{_YEAR}[ -]{_MONTH}", lambda m: f"{m[1]}-{_MONTHS[m[2]]:02d}"),
    _form(rf"{_DAY}[ -]{_MONTH},?[ -]{_YEAR}", lambda m: f"{m[3]}-{_MONTHS[m[2]]:02d}-{int(m[1]):02d}"),
    _form(rf"{_MONTH} {_DAY},? {_YEAR}", lambda m: f"{m[3]}-{_MONTHS[m[1]]:02d}-{int(m[2]):02d}"),
    # One mark between all three: 1942-04/05 is April and May, or a day, and nobody can tell which.
    _form(rf"{_YEAR}([-/.])(\d{{1,2}})\2(\d{{1,2}})", lambda m: _ymd(m[1], m[3], m[4])),
    _form(rf"{_YEAR}[年년](?: ?(\d{{1,2}})[月월](?: ?(\d{{1,2}})[日일])?)?",
          lambda m: "-".join([m[1], *(f"{int(part):02d}" for part in m.groups()[1:] if part)])),
    _form(rf"([1-4])(?:st|nd|rd|th)? ?q(?:t|tr|uarter)? ?(?:of )?{_YEAR}", lambda m: _quarter(m[2], m[1])),
    _form(rf"q([1-4])[ -/]?{_YEAR}", lambda m: _quarter(m[2], m[1])),
    _form(rf"{_YEAR}[ -/]?q([1-4])", lambda m: _quarter(m[1], m[2])),
    _form(rf"([12])(?:st|nd)? ?h(?:f|alf)? ?(?:of )?{_YEAR}", lambda m: _half_year(m[2], m[1])),
    _form(rf"h([12])[ -/]?{_YEAR}", lambda m: _half_year(m[2], m[1])),
    _form(rf"{_YEAR}[ -/]?h([12])", lambda m: _half_year(m[1], m[2])),
    _form(rf"(early|mid|late|end)(?:[ -]of)?[ -]{_YEAR}", lambda m: _part(m[2], m[1])),
    _form(rf"{_YEAR} ?(?:-|/|to|or|and) ?{_YEAR}", lambda m: f"{m[1]}/{m[2]}"),
    _form(rf"(?:c\.?|ca\.?|circa|about|around|approx\.?) ?{_YEAR}", lambda m: f"{m[1]}~"),
    _form(rf"{_YEAR} ?\((?:approx\.?|ca?\.?)\)", lambda m: f"{m[1]}~"),
    _form(r"(1[5-9]|20)(\d)0'?s", lambda m: f"{m[1]}{m[2]}X"),
    _form(rf"(?:since|from) {_YEAR}", lambda m: f"{m[1]}/.."),
    _form(rf"(?:until|till|by) {_YEAR}", lambda m: f"../{m[1]}"),
    _form(rf"(?:before) {_YEAR}", lambda m: f"../{int(m[1]) - 1}"),
    # Not since then, but on some day after it that nobody knows.
    _form(rf"(?:after) {_YEAR}", lambda m: f"{int(m[1]) + 1}/"),
)  # fmt: skip
