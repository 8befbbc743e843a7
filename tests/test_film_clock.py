"""Film time is mapped to calendar dates exactly."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from camps.dates import date_of, day_of
from camps.film import clock
from camps.film.clock import Mark

STOPS = [date(2017, 7, 2), date(2018, 7, 2), date(2019, 7, 2), date(2020, 7, 2)]


def test_a_line_ends_on_its_dates_and_stands_still_at_both_ends() -> None:
    marks = clock.linear(date(2017, 1, 1), date(2017, 1, 11), 10, ease="linear", hold_first_s=2, hold_last_s=3)
    days = [clock.day_at(marks, at_s) - marks[0].day for at_s in (0, 2, 4.5, 7, 10, 99)]
    assert days == pytest.approx([0, 0, 5, 10, 10, 10])


def test_time_stands_still_on_every_observation() -> None:
    marks = clock.on_observations(STOPS, 10, hold_s=1, ease="in_out_sine")
    for mark, stop in zip(marks, STOPS, strict=True):
        assert clock.day_at(marks, mark.at_s) == clock.day_at(marks, mark.at_s + 1) == day_of(stop)
    assert marks[-1].at_s + marks[-1].hold_s == pytest.approx(10)
    shown = [clock.day_at(marks, i / 25) for i in range(251)]
    assert shown == sorted(shown)


def test_what_lies_between_two_observations_of_one_week_can_be_seen() -> None:
    stops = (date(2017, 3, 2), date(2018, 10, 11), date(2020, 5, 31), date(2020, 6, 2))
    marks = clock.on_observations(stops, 20, hold_s=1, ease="in_out_sine")
    leaves = [mark.at_s + mark.hold_s for mark in marks]
    passages = [mark.at_s - left for left, mark in zip(leaves, marks[1:], strict=False)]
    assert passages[2] == pytest.approx(clock.LEAST_PASSAGE_S)
    days = [(later - earlier).days for earlier, later in pairwise(stops)]
    assert passages[0] / passages[1] == pytest.approx(days[0] / days[1])
    assert leaves[-1] == pytest.approx(20)
    between = [at for at in range(501) if day_of(stops[2]) + 1 <= clock.day_at(marks, at / 25) < day_of(stops[3])]
    assert len(between) >= 4
    # Where the film has not so much time, all take as long.
    crowded = clock.on_observations(stops, 5, hold_s=1, ease="linear")
    assert [mark.at_s for mark in crowded] == pytest.approx([0, 4 / 3, 8 / 3, 4])
    assert clock.on_observations(stops[:1], 5, hold_s=1, ease="linear")[0].at_s == 0


def test_eras_run_at_their_own_pace_and_may_leave_years_out() -> None:
    spans = [(date(1950, 1, 1), date(1960, 1, 1), 1.0), (date(2010, 1, 1), date(2012, 1, 1), 3.0)]
    marks = clock.by_spans(spans, 8, ease="linear")
    shown = [date_of(clock.day_at(marks, at_s)) for at_s in (0, 1.9999, 2, 5, 8)]
    assert shown == [date(1950, 1, 1), date(1959, 12, 31), date(2010, 1, 1), date(2011, 1, 1), date(2012, 1, 1)]


def test_keys_hold_and_step() -> None:
    marks = [Mark(0, 100, hold_s=1), Mark(2, 200, "step"), Mark(4, 300)]
    assert [clock.day_at(marks, at_s) for at_s in (0.5, 1.5, 2, 3, 4)] == [100, 100, 200, 250, 300]


def test_a_clock_stands_still_at_its_holds_and_moves_between_as_if_there_were_none() -> None:
    marks = clock.linear(date(2017, 1, 1), date(2017, 1, 11), 10, ease="linear", hold_first_s=0, hold_last_s=0)
    timing = clock.Timing(marks, [(clock.moment_of(marks, marks[0].day + 2), 3.0), (8.0, 1.0)])
    days = [timing.day_at(at_s) - marks[0].day for at_s in (0, 1, 2, 4, 5, 6, 11, 11.5, 12, 13, 14)]
    assert days == pytest.approx([0, 1, 2, 2, 2, 3, 8, 8, 8, 9, 10])


def test_a_moment_is_found_on_any_easing() -> None:
    marks = clock.linear(date(2017, 1, 1), date(2020, 1, 1), 7, ease=(0.3, 0, 0.1, 1), hold_first_s=1, hold_last_s=1)
    for day in (marks[0].day + 1, 17900.0, marks[-1].day):
        assert clock.day_at(marks, clock.moment_of(marks, day)) == pytest.approx(day, abs=1e-6)
