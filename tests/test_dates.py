"""Dates: EDTF as intervals of days with open ends, printed dates by the column they stand in, one clock for all."""

from __future__ import annotations

import doctest
from contextlib import suppress
from datetime import date, timedelta

import edtf
import pandas as pd
import pytest
from babel import Locale
from hypothesis import assume, given
from hypothesis import strategies as st

from camps import dates
from camps.dates import (
    Interval,
    begun,
    day_interval,
    iso_day,
    parse,
    read_date,
    read_dates,
    spans_as_given,
    standing_day,
)
from camps.errors import InputError

DAYS = st.integers(dates.day_of(date.min), dates.day_of(date.max))
ENDS = st.one_of(st.none(), DAYS)
INTERVALS = st.tuples(ENDS, ENDS).map(
    lambda ends: Interval(*(sorted(ends) if None not in ends else ends))  # type: ignore[type-var]
)


def ends(text: str) -> tuple[str, str]:
    read = parse(text)
    return tuple(".." if day is None else iso_day(day) for day in (read.first, read.last))  # type: ignore[return-value]


def test_the_examples_run() -> None:
    assert doctest.testmod(dates).failed == 0


# ── EDTF ─────────────────────────────────────────────────────────────────────────────────────────────────────────


#: A date, the first day that it may mean, and the last.
MEANT = """
2017                2017-01-01  2017-12-31
2016-02             2016-02-01  2016-02-29
1900-02             1900-02-01  1900-02-28
2017-06-10          2017-06-10  2017-06-10
2017-06-10?         2017-06-10  2017-06-10
1967~               1967-01-01  1967-12-31
1967%               1967-01-01  1967-12-31
195X                1950-01-01  1959-12-31
19XX                1900-01-01  1999-12-31
XXXX                ..          ..
2017-XX             2017-01-01  2017-12-31
2017-XX-XX          2017-01-01  2017-12-31
2016-02-XX          2016-02-01  2016-02-29
2017/2018           2017-01-01  2018-12-31
2017-06-10/2017-07  2017-06-10  2017-07-31
# An end that nobody knows stays open; nothing widens it by a guess.
2017/               2017-01-01  ..
2017/..             2017-01-01  ..
1957/..             1957-01-01  ..
2017-06-10/         2017-06-10  ..
../1953             ..          1953-12-31
/1953-06            ..          1953-06-30
..                  ..          ..
../..               ..          ..
# The part of the first that ends with the second.
195X/1953           1950-01-01  1953-12-31
2017-12/2017        2017-12-01  2017-12-31
2018-06/2018        2018-06-01  2018-12-31
2018/2018-06        2018-01-01  2018-06-30
1955/195X           1955-01-01  1959-12-31
2020-21             2020-03-01  2020-05-31
2020-22             2020-06-01  2020-08-31
2020-23             2020-09-01  2020-11-30
2019-24             2019-12-01  2020-02-29
"""


@pytest.mark.parametrize("line", [line for line in MEANT.split("\n") if line and not line.startswith("#")])
def test_an_edtf_date_is_an_interval_of_days(line: str) -> None:
    text, *days = line.split()
    assert ends(text) == tuple(days)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no date"), ("/", "is no date"), ("20-Mar", "is no date"), ("2017-6", "is no date"),
        ("2017/2018/2019", "is no date"), ("2017-XX-10", "is no date"), ("195X-03", "is no date"),
        ("-0100", "is no date"), ("2017-06-10T00:00:00Z", "is no date"), (" 2017", "is no date"),
        ("2017-13", "no day of the calendar"), ("2017-00", "no day of the calendar"),
        ("2017-02-30", "no day of the calendar"), ("0000", "no day of the calendar"),
        ("2017-21-01", "no day of the calendar"), ("2017/2018-02-30", "no day of the calendar"),
        ("2018/2017", "ends before it begins"), ("1954/1953~", "ends before it begins"),
        ("196X/1953", "ends before it begins"),
    ],
)  # fmt: skip
def test_what_is_no_edtf_date_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as caught:
        parse(text)
    assert "\n" not in str(caught.value)
    assert not dates.is_edtf(text)


HALVES = st.one_of(
    st.dates(date(1000, 1, 1)).map(date.isoformat),
    st.dates(date(1000, 1, 1)).map(lambda day: day.isoformat()[:7]),
    st.dates(date(1000, 1, 1)).map(lambda day: day.isoformat()[:4]),
    st.integers(100, 999).map("{}X".format),
    st.integers(10, 99).map("{}XX".format),
)


def _edtf_bounds(text: str) -> tuple[str, str]:
    read = edtf.parse_edtf(text)
    return tuple(
        f"{day.tm_year:04d}-{day.tm_mon:02d}-{day.tm_mday:02d}" for day in (read.lower_strict(), read.upper_strict())
    )  # type: ignore[return-value]


@given(HALVES, st.sampled_from(["", "?", "~", "%"]))
def test_the_package_edtf_reads_the_same_days(text: str, mark: str) -> None:
    assert ends(text + mark) == _edtf_bounds(text + mark)


@given(INTERVALS)
def test_an_interval_comes_back_from_its_text(interval: Interval) -> None:
    assert parse(str(interval)) == interval


@pytest.mark.parametrize(
    "text", ["2017", "2017-06", "2017-06-10", "2017/2018", "2017-06/..", "../1953", "..", "2017-06-10/2017-07-01"]
)
def test_the_text_of_an_interval_is_the_shortest_that_says_the_same(text: str) -> None:
    assert str(parse(text)) == text


@given(HALVES, HALVES)
def test_an_interval_begins_with_its_first_date_and_ends_with_its_last(one: str, two: str) -> None:
    first, last = parse(one).first, parse(two).last
    assume(first <= last)  # type: ignore[operator]
    assert parse(f"{one}/{two}") == Interval(first, last)
    assert parse(f"{one}/..") == Interval(first, None)
    assert parse(f"../{two}") == Interval(None, last)


# ── operations ───────────────────────────────────────────────────────────────────────────────────────────────────


@given(INTERVALS, INTERVALS, DAYS)
def test_operations_agree_with_the_days_they_hold(one: Interval, two: Interval, day: int) -> None:
    both = one.intersection(two)
    assert (both is not None and both.contains(day)) == (one.contains(day) and two.contains(day))
    assert one.overlaps(two) == two.overlaps(one) == (both is not None)
    assert one.overlaps(two) != (one.before(two) or two.before(one))
    if one.before(two):
        assert not (one.contains(day) and two.contains(day))


def test_before_is_beyond_doubt_only() -> None:
    assert parse("2016").before(parse("2017/.."))
    assert not parse("2016/2017").before(parse("2017"))
    assert not parse("2016/..").before(parse("2017"))
    assert not parse("..").before(parse(".."))


def test_a_day_belongs_to_an_interval_to_its_last_moment() -> None:
    first, last = day_interval("2017")
    held = parse("2017")
    assert [held.contains(day) for day in (first - 0.001, first, last + 0.999, last + 1)] == [False, True, True, False]


@given(DAYS, st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_standing_day_lies_within_and_moves_with_either_end(first: int, length: int, more: int) -> None:
    assume(first + length + more <= dates.day_of(date.max))
    stands = Interval(first, first + length).standing
    assert first <= stands <= first + length
    assert stands <= Interval(first, first + length + more).standing
    assert 0 <= 2 * stands - (2 * first + length) <= 1


def test_an_open_interval_has_no_middle() -> None:
    for text in ("2017/", "../2017", ".."):
        with pytest.raises(InputError, match="open"):
            _ = parse(text).standing
        with pytest.raises(InputError, match=f"'{text}' has an open end"):
            standing_day(text)


def test_an_interval_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InputError, match="1970-01-02 to 1970-01-01: ends before"):
        Interval(1, 0)


@pytest.mark.parametrize("year", ["1900", "2016", "2017", "2018", "2019", "2020"])
def test_a_year_stands_at_the_second_of_july(year: str) -> None:
    assert iso_day(standing_day(year)) == f"{year}-07-02"


def test_dates_are_put_in_order_by_what_they_mean() -> None:
    assert dates.in_order(["2018", "2017-06-10", "2017", "2017/2018", "2017"]) == [
        "2017-06-10", "2017", "2017/2018", "2018",
    ]  # fmt: skip
    assert day_interval("2017") == (17167, 17531)


@given(st.dates())
def test_dates_and_days_there_and_back(when: date) -> None:
    assert dates.date_of(dates.day_of(when)) == when
    assert dates.date_of(dates.day_of(when) + 0.999) == when
    assert dates.day_of(when) == (when - date(1970, 1, 1)) // timedelta(days=1)


def test_since_is_a_beginning_and_after_is_none() -> None:
    assert begun("1957/..") == begun("1957") == parse("1957")
    assert begun("1957/") == parse("1957/..")
    assert begun("../1957") == parse("../1957")
    assert begun("..") == parse("..")


# ── printed dates ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("3rdQt2018", "2018-07/2018-09"),
        ("2ndHf2019", "2019-07/2019-12"),
        ("2ndhf2017", "2017-07/2017-12"),
        ("1stHf2018", "2018-01/2018-06"),
        ("Mid-2018", "2018-05~/2018-08~"),
        ("2018-2019", "2018/2019"),
        ("2018/2019", "2018/2019"),
        ("2018", "2018"),
        ("2018.0", "2018"),
        ("2017-06", "2017-06"),
        ("2017-06-10", "2017-06-10"),
        ("2017-6-1", "2017-06-01"),
        ("2017/06/10", "2017-06-10"),
        ("10 June 2017", "2017-06-10"),
        ("June 10, 2017", "2017-06-10"),
        ("10-Jun-2017", "2017-06-10"),
        ("Jun/10/2017", "2017-06-10"),
        ("13.06.2017", "2017-06-13"),
        ("06/13/2017", "2017-06-13"),
        ("2017年6月10日", "2017-06-10"),
        ("c. 1955", "1955~"),
        ("1950s", "195X"),
        ("1967~", "1967~"),
        ("1955?", "1955?"),
        ("195x", "195X"),
        ("since 2017", "2017/.."),
        ("before 2017", "../2016"),
        ("after 2017", "2018/"),
        ("2017/", "2017/"),
        ("2017/..", "2017/.."),
        ("195X/1953", "195X/1953"),
        ("2017-12/2017", "2017-12/2017"),
        ("..", ".."),
        ("", None),
        ("  ", None),
    ],
)
def test_printed_dates_become_edtf(printed: str, read: str | None) -> None:
    assert read_date(printed) == read
    assert read is None or dates.is_edtf(read)


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("10 июня 1951 г.", "1951-06-10"), ("март 1951", "1951-03"), ("МАРТА 1951 года", "1951-03"),
        ("в 1951 году", "1951"), ("1951-1953 гг.", "1951/1953"), ("10. März 1958", "1958-03-10"),
        ("10-Mai-1953", "1953-05-10"), ("1er août 1958", "1958-08-01"), ("10 janv. 1945", "1945-01-10"),
        ("10 de junio de 2017", "2017-06-10"), ("1º de março de 2017", "2017-03-01"), ("10 giugno 2017", "2017-06-10"),
        ("24 sierpnia 1944 r.", "1944-08-24"), ("15.VI.1942", "1942-06-15"), ("1958年3月", "1958-03"),
        ("一九五八年十月二十一日", "1958-10-21"),
        ("１９５８年０３月０１日", "1958-03-01"), ("1958년 3월 5일", "1958-03-05"),
    ],
)  # fmt: skip
def test_dates_in_words_of_other_languages_are_read(printed: str, read: str) -> None:
    assert read_date(printed) == read


def test_no_word_of_a_date_means_two_months() -> None:
    named: dict[str, set[int]] = {}
    for tag in dates.LANGUAGES:
        for names in (Locale(tag).months[context]["wide"] for context in ("format", "stand-alone")):
            for month, name in names.items():
                named.setdefault(name.casefold(), set()).add(month)
    refused = {name for name in named if read_dates(pd.Series([f"{name} 1950"]))["edtf"].isna().all()}
    # In Polish and Ukrainian it is November, in Croatian October.
    assert refused == {"listopad", "listopada"}
    for name, months in named.items():
        assert name in refused or {read_date(f"{name} 1950")} == {f"1950-{month:02d}" for month in months}


@pytest.mark.parametrize("printed", ["32 März 1958", "30. Februar 1958", "1958年13月", "VI 1942", "весна 1951", "г."])
def test_words_that_are_no_date_are_none(printed: str) -> None:
    with pytest.raises(InputError, match="is no d"):
        read_date(printed)


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        (
            "10.06.2017",
            r"unknown order \(day-month-year or month-day-year\); write it as 2018-07-06, or say which with --da",
        ),
        ("06/07/2018", "unknown order"),
        ("2017-02-30", "no day of the calendar"),
        ("31-Apr-2018", "no day of the calendar"),
        ("13/13/2018", "no day of the calendar"),
        ("2019/2018", "ends before it begins"),
        ("Prison", "is no date"),
        ("1942-04/05", "is no date"),
        ("1942.04-05", "is no date"),
        ("=A1", "is no date"),
        ("x" * 61, "a text of 61 characters"),
        ("2017-06-10T25:00", "no time of day"),
        ("2017-06-10T00:60:00Z", "no time of day"),
        ("2017-02-30T00:00:00Z", "no day of the calendar"),
    ],
)
def test_what_is_no_date_is_refused_with_the_reason(printed: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as caught:
        read_date(printed)
    assert str(caught.value).startswith(repr(printed[:40]))


@pytest.mark.parametrize(
    ("printed", "is_told"), [("2518", True), ("1396/1400", True), ("1499", True), ("1500/2099", False)]
)
def test_a_year_of_another_era_is_told(printed: str, is_told: bool) -> None:
    """2518 is 1975 in Cambodia, 1396 is 2017 in Afghanistan."""
    read, remark = read_dates(pd.Series([printed])).iloc[0]
    assert read == printed
    assert pd.notna(remark) == is_told


@pytest.mark.parametrize("printed", ["Mar-37", "20-Mar", "99-Dec", "Mar 37", "10/15/03", "Jun-10-17", "37", "мая 37"])
def test_a_year_of_two_digits_needs_its_century(printed: str) -> None:
    with pytest.raises(InputError, match="two digits; say of which hundred years with --century"):
        read_date(printed)


@pytest.mark.parametrize(
    ("printed", "century", "read"),
    [
        ("Mar-37", 1900, "1937-03"), ("Mar-37", 2000, "2037-03"), ("Mar-37", 1930, "1937-03"),
        ("20-Mar", 1950, "2020-03"), ("Mar-19", 1950, "2019-03"), ("99-Dec", 1950, "1999-12"),
        ("Mar-50", 1950, "1950-03"), ("Mar-49", 1950, "2049-03"),
        ("10/15/03", 2000, "2003-10-15"), ("10/15/03", 1900, "1903-10-15"), ("Jun-10-17", 2000, "2017-06-10"),
        ("37", 1900, "1937"), ("мая 37", 1900, "1937-05"),
    ],
)  # fmt: skip
def test_two_digits_lie_in_the_hundred_years_that_are_told(printed: str, century: int, read: str) -> None:
    assert read_date(printed, century=century) == read


@pytest.mark.parametrize(
    ("printed", "order", "read"),
    [
        ("06/07/2018", "dmy", "2018-07-06"), ("06/07/2018", "mdy", "2018-06-07"), ("06.07.2018", "dmy", "2018-07-06"),
        ("06/07/08", "ymd", "2006-07-08"), ("06/07/08", "dmy", "2008-07-06"), ("06/07/08", "mdy", "2008-06-07"),
        ("10-Jun-17", "dmy", "2017-06-10"), ("10-Jun-17", "ymd", "2010-06-17"),
    ],
)  # fmt: skip
def test_the_order_is_as_told(printed: str, order: dates.Order, read: str) -> None:
    assert read_date(printed, order=order, century=2000) == read


def test_a_cell_that_contradicts_the_order_told_is_refused() -> None:
    with pytest.raises(InputError, match="no day of the calendar as month-day-year, the order that was told"):
        read_date("13/06/2018", order="mdy")


def column(*cells: str | None, **told: object) -> list[str | None]:
    read = read_dates(pd.Series(list(cells), dtype="string"), **told)  # type: ignore[arg-type]
    assert (read["edtf"].notna() | read["remark"].notna() | pd.isna(pd.Series(cells))).all()
    return [None if pd.isna(text) else text for text in read["edtf"]]


def test_one_cell_settles_the_order_of_its_column() -> None:
    assert column("06/07/2018", "10/15/2003", "01/02/04", century=2000) == ["2018-06-07", "2003-10-15", "2004-01-02"]
    assert column("06/07/2018", "15/10/2003") == ["2018-07-06", "2003-10-15"]
    assert column("06/07/08", "2018-01-01", "99/10/15", century=1950) == ["2006-07-08", "2018-01-01", "1999-10-15"]
    read = read_dates(pd.Series(["06/07/2018", "10/15/2003", "01/02/2004"], index=[7, 8, 9]))
    assert read["remark"].dropna().to_dict() == {
        7: "read as month-day-year, as '10/15/2003' in the same column shows (2 cells)"
    }


def test_a_column_that_contradicts_itself_settles_nothing() -> None:
    assert column("06/07/2018", "10/15/2003", "15/10/2003") == [None, "2003-10-15", "2003-10-15"]


def test_a_span_of_years_is_no_season() -> None:
    assert column("2020-21", "2021-22", "2017-24") == ["2020/2021", "2021/2022", "2017/2024"]
    assert column("2020–21", "2020/21", "1999-00", "1958-62") == ["2020/2021", "2020/2021", "1999/2000", "1958/1962"]
    remarks = read_dates(pd.Series(["2020-21", "2021-22"]))["remark"]
    assert remarks[0] == "read as a span of years, not as a month or a season (2 cells)"


def test_a_column_of_edtf_keeps_its_seasons() -> None:
    assert column("2020-21", "2017-24", "2017/..", edtf=True) == ["2020-21", "2017-24", "2017/.."]
    assert column("Mar-37", "10 June 2017", "2017-6-1", edtf=True, century=1900) == [None, None, None]


def test_a_pair_that_the_column_leaves_open_is_asked() -> None:
    # 2025-21 can only be a season, so that 2020-21 may be one; 2021-25 can only be years, so that 2010-11 may be.
    assert column("2020-21", "2025-21") == [None, None]
    assert column("2010-11", "2021-25", "2010-05") == [None, "2021/2025", "2010-05"]
    assert column("2010-11", "2013-14") == ["2010/2011", "2013/2014"]
    assert column("2010-11", "2010-05") == ["2010-11", "2010-05"]
    assert column("2017-00", "2017-13") == [None, None]
    remarks = read_dates(pd.Series(["2020-21", "2025-21", "2011-12", "2011-05", "2021-25"]))["remark"]
    assert remarks[0] == "'2020-21' is a season or the years 2020 to 2021, and the column holds both; write it out"
    december = read_dates(pd.Series(["2011-12", "2011-05", "2011-13"]))["remark"]
    assert december[0] == "'2011-12' is a month or the years 2011 to 2012, and the column holds both; write it out"


def test_a_span_that_another_one_cuts_without_changing_it_is_one_span() -> None:
    spans = spans_as_given(["2017-06", "2017-06-15/2018"])
    assert [(iso_day(first), iso_day(last), text) for first, last, text in spans] == [
        ("2017-06-01", "2017-06-30", "2017-06"),
        ("2017-07-01", "2018-12-31", "2017-06-15/2018"),
    ]


@pytest.mark.parametrize(
    ("printed", "read", "remark"),
    [
        ("2017-06-10 00:00:00", "2017-06-10", None),
        ("2017-06-10T00:00", "2017-06-10", None),
        ("2017/06/10 00:00:00.000", "2017-06-10", None),
        ("2017-06-10T00:00:00Z", "2017-06-10", "in UTC"),
        ("2017-06-10T23:30:00.5+00:00", "2017-06-10", "in UTC"),
        ("2017/06/10 23:30:00+00", "2017-06-10", "in UTC"),
        (
            "2017-06-10T09:30:00+08:00",
            "2017-06-10",
            r"depends on a time zone.*as printed is taken, in the zone \+08:00",
        ),
        ("2017-06-10T00:30:00-0500", "2017-06-10", "as printed is taken, in the zone -0500"),
        ("2017-06-10 09:30", "2017-06-10", "depends on a time zone"),
    ],
)
def test_a_moment_is_the_day_as_printed_and_never_shifted(printed: str, read: str, remark: str | None) -> None:
    cell = read_dates(pd.Series([printed])).iloc[0]
    assert cell["edtf"] == read
    assert pd.isna(cell["remark"]) if remark is None else pd.Series([cell["remark"]]).str.contains(remark).all()


def test_columns_of_other_types_are_read_as_they_are_written() -> None:
    assert read_dates(pd.Series(pd.to_datetime(["2017-06-10", None])))["edtf"].isna().tolist() == [False, True]


@pytest.mark.parametrize("printed", ["2017-06-10T23:30", "2017-06-10T23:30Z", "2017-06-10T00:00+08:00", "2017-06-10"])
def test_a_column_of_timestamps_is_read_as_its_text_would_be(printed: str) -> None:
    typed, text = (read_dates(pd.Series(column)) for column in (pd.to_datetime([printed]), [printed]))
    assert typed["edtf"].tolist() == text["edtf"].tolist() == ["2017-06-10"]
    # A time of day without a zone, or in one that is not UTC, was dropped without a word.
    assert typed["remark"].isna().tolist() == text["remark"].isna().tolist() == [printed == "2017-06-10"]
    assert read_dates(pd.Series([2017.0, None]))["edtf"].fillna("").tolist() == ["2017", ""]
    assert read_dates(pd.Series([2017, 2018]))["edtf"].tolist() == ["2017", "2018"]
    assert read_dates(pd.Series([], dtype=object)).empty


@pytest.mark.parametrize("told", [{"order": "ydm"}, {"century": 0}, {"century": 99_000}])
def test_what_is_told_must_be_sound(told: dict[str, object]) -> None:
    with pytest.raises(InputError, match="expected"):
        read_dates(pd.Series(["2017"]), **told)  # type: ignore[arg-type]


@given(st.text(max_size=40), st.sampled_from([None, "dmy", "mdy", "ymd"]), st.sampled_from([None, 1900]))
def test_no_text_makes_the_reader_fail_in_another_way(
    text: str, order: dates.Order | None, century: int | None
) -> None:
    with suppress(InputError):
        read = read_date(text, order=order, century=century)
        assert read is None or dates.is_edtf(read)
    with suppress(InputError):
        parse(text)


@given(st.dates(date(1500, 1, 1), date(2099, 12, 31)), st.sampled_from(["dmy", "mdy", "ymd"]), st.sampled_from("./-"))
def test_a_day_comes_back_in_the_order_in_which_it_is_printed(when: date, order: dates.Order, mark: str) -> None:
    parts = {"d": f"{when.day:02d}", "m": f"{when.month:02d}", "y": f"{when.year:04d}"}
    assert read_date(mark.join(parts[letter] for letter in order), order=order) == when.isoformat()
    parts["y"] = parts["y"][2:]
    century = when.year - when.year % 100
    assert read_date(mark.join(parts[letter] for letter in order), order=order, century=century) == when.isoformat()


@given(st.lists(st.dates(date(1950, 1, 1), date(2049, 12, 31)), min_size=1), st.sampled_from(["dmy", "mdy"]))
def test_a_column_is_never_read_in_another_order_than_it_was_printed_in(
    printed: list[date], order: dates.Order
) -> None:
    cells = [f"{d.day:02d}/{d.month:02d}/{d.year}" if order == "dmy" else f"{d:%m/%d/%Y}" for d in printed]
    for read, when in zip(column(*cells), printed, strict=True):
        assert read in (None, when.isoformat()) or any(d.day <= 12 for d in printed)
        if any(d.day > 12 for d in printed):
            assert read == when.isoformat()
