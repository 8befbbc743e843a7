"""Frames have names that are counted exactly, however long the film."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camps.errors import InputError
from camps.film import build_shot, timecode

RATES = [Fraction(text) for text in ("24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60")]
DROPPED = [Fraction(30000, 1001), Fraction(60000, 1001)]
rates = st.sampled_from(RATES)
#: Frames of a whole day at the fastest of the rates.
counts = st.integers(0, 86400 * 60 - 1)


def _day(rate: Fraction) -> int:
    return (
        timecode.from_timecode(f"23:59:59{';' if rate in DROPPED else ':'}{timecode.frames_a_second(rate) - 1}", rate)
        + 1
    )


@pytest.mark.parametrize(
    ("rate", "frames", "seconds", "last"),
    [
        # 3600 s hold 86313.69 and 107892.11 frames; the nearest whole number of frames, and how long it lasts exactly.
        ("24000/1001", 86314, Fraction(86314 * 1001, 24000), "01:59:56:09"),
        ("24", 86400, Fraction(3600), "01:59:59:23"),
        ("25", 90000, Fraction(3600), "01:59:59:24"),
        # Drop-frame: the hour of the clock and the hour of the timecode agree to within two frames.
        ("30000/1001", 107892, Fraction(107892 * 1001, 30000), "01:59:59;29"),
        ("30", 108000, Fraction(3600), "01:59:59:29"),
        ("50", 180000, Fraction(3600), "01:59:59:49"),
        ("60000/1001", 215784, Fraction(215784 * 1001, 60000), "01:59:59;59"),
        ("60", 216000, Fraction(3600), "01:59:59:59"),
    ],
)
def test_an_hour_is_exact(rate: str, frames: int, seconds: Fraction, last: str) -> None:
    shot = build_shot(
        {"title": "An hour", "code": "HOUR", "seconds": 3600, "rate": rate,
         "clock": {"kind": "linear", "from": "2017-01-01", "to": "2018-01-01"}}
    )  # fmt: skip
    assert shot.n_frames == frames
    assert timecode.duration_s(shot.n_frames, shot.rate) == seconds
    assert timecode.of_frame(1000 + shot.n_frames, shot.rate) == last
    assert abs(seconds - 3600) <= 1 / shot.rate / 2


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_timecode_is_what_an_independent_reader_counts(rate: Fraction) -> None:
    """OpenTimelineIO counts in floating point and by another way; all minutes of a day, and the frames around them."""
    minute = 60 * timecode.frames_a_second(rate)
    for start in [*range(0, 24 * 60, 7), 24 * 60 - 1]:
        for count in range(start * minute - start * 4 - 3, start * minute - start * 4 + 4):
            if 0 <= count < _day(rate):
                expected = otio.opentime.RationalTime(count, float(rate)).to_timecode(float(rate))
                assert timecode.to_timecode(count, rate) == expected


@pytest.mark.parametrize("rate", DROPPED, ids=str)
def test_drop_frame_leaves_out_names_of_nine_minutes_in_ten_and_no_frame(rate: Fraction) -> None:
    nominal = timecode.frames_a_second(rate)
    names = [timecode.to_timecode(count, rate) for count in range(20 * 60 * nominal - 18 * nominal // 15)]
    assert len(set(names)) == len(names)
    ordinary = {f"00:{m:02d}:{s:02d};{f:02d}" for m in range(20) for s in range(60) for f in range(nominal)}
    left_out = {f"00:{m:02d}:00;{f:02d}" for m in range(20) if m % 10 for f in range(nominal // 15)}
    assert set(names) == ordinary - left_out
    assert names == sorted(names)


def test_drop_frame_keeps_step_with_the_clock_and_the_plain_count_does_not() -> None:
    for rate in DROPPED:
        assert abs(timecode.duration_s(_day(rate), rate) - 86400) < Fraction(1, 10)
    assert timecode.duration_s(_day(Fraction(24000, 1001)), Fraction(24000, 1001)) == 86400 + Fraction(864, 10)


@given(rates, counts)
def test_the_name_of_a_frame_finds_it_again(rate: Fraction, count: int) -> None:
    text = timecode.to_timecode(count, rate)
    assert re.fullmatch(r"\d\d:\d\d:\d\d[:;]\d\d", text)
    assert (";" in text) == (rate in DROPPED)
    assert timecode.from_timecode(text, rate) == count % _day(rate)


@given(rates, counts)
def test_names_stand_in_order_of_their_frames(rate: Fraction, count: int) -> None:
    names = [timecode.to_timecode(n % _day(rate), rate) for n in range(count, count + 3)]
    assert all(a < b or b.startswith("00:00:00") for a, b in pairwise(names))


@given(rates, st.integers(1, 24 * 3600 * 60))
def test_a_length_gives_its_frames_back(rate: Fraction, frames: int) -> None:
    assert timecode.n_frames(timecode.duration_s(frames, rate), rate) == frames


@given(rates, counts)
def test_a_millisecond_falls_within_its_frame(rate: Fraction, count: int) -> None:
    ms = timecode.milliseconds(count, rate)
    assert 0 <= Fraction(ms, 1000) - timecode.duration_s(count, rate) < Fraction(1, 1000)
    assert int(Fraction(ms, 1000) * rate) == count


@pytest.mark.parametrize(
    ("text", "rate", "said"),
    [
        (
            "01:01:00;00",
            "30000/1001",
            "leaves this name out; the frame after the last of the minute before is 01:01:00;02",
        ),
        ("01:01:00;03", "60000/1001", "01:01:00;04"),
        ("01:00:00:00", "30000/1001", "with dropped names"),
        ("01:00:00;00", "24000/1001", "without dropped names"),
        ("01:00:00:25", "25", "found frame 25, expected 0 to 24"),
        ("24:00:00:00", "25", "up to 23:59:59"),
        ("1:00:00:00", "25", "expected HH:MM:SS:FF"),
    ],
)
def test_what_is_no_timecode_is_refused(text: str, rate: str, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        timecode.from_timecode(text, Fraction(rate))


def test_no_frame_stands_before_midnight() -> None:
    with pytest.raises(InputError, match="found -1 frames"):
        timecode.to_timecode(-1, Fraction(25))


def test_other_rates_count_in_whole_frames() -> None:
    assert timecode.of_frame(1022, Fraction(10)) == "01:00:02:01"
    assert timecode.of_frame(1004, Fraction(1, 2)) == "01:00:03:00"
