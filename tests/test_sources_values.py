"""Printed cells: counts and kinds of nothing, degrees in every writing."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camps.sources.coordinates import printed_precision_m, read_degrees, read_pair
from camps.sources.numbers import read_numbers
from camps.sources.values import MISSING_STATUS, missing_kind

NOTHING = {
    "N/A": "not_imaged", "#N/A": "not_imaged", "?": "obscured", "??": "obscured", "": "no_record", "  ": "no_record",
}  # fmt: skip


@pytest.mark.parametrize(("printed", "status"), NOTHING.items())
def test_four_kinds_of_nothing_stay_apart(printed: str, status: str) -> None:
    kind = printed.strip().replace("??", "?")
    assert missing_kind(printed) == kind
    assert MISSING_STATUS[kind] == status
    assert not read_numbers([printed]).numbers


def test_zero_is_a_value() -> None:
    assert read_numbers(["0", " 29 "]).numbers == {"0": 0, " 29 ": 29}


@pytest.mark.parametrize(
    ("printed", "degrees", "axis"),
    [
        ("43.3838833333333", 43.3838833333333, None),
        ("43,38", 43.38, None),
        ("43°23′01.8″N", 43 + 23 / 60 + 1.8 / 3600, "lat"),
        ("N 43°23.03'", 43 + 23.03 / 60, "lat"),
        ("43 23 01.8 N", 43 + 23 / 60 + 1.8 / 3600, "lat"),
        ("S 12 30", -12.5, "lat"),
        ("88.29 E", 88.29, "lon"),
        ("71° 05’ 30” W", -(71 + 5 / 60 + 30 / 3600), "lon"),
        ("北纬43度23分", 43 + 23 / 60, "lat"),
        ("东经88度17分18秒", 88 + 17 / 60 + 18 / 3600, "lon"),
        ("-88.29", -88.29, None),
        ("4.33E1", 43.3, None),
        ("１２３．５", 123.5, None),
    ],
)
def test_degrees_in_every_writing(printed: str, degrees: float, axis: str | None) -> None:
    read = read_degrees(printed)
    assert read.value == pytest.approx(degrees, abs=1e-12)
    assert read.axis == axis


@pytest.mark.parametrize(
    "printed", ["", "abc", "1,234,567", "43,383.1", "43°61'", "43 23.5 10", "-43 N", "=43+1", "nan", "inf", "1e999"]
)
def test_what_is_no_coordinate_is_refused(printed: str) -> None:
    with pytest.raises(ValueError, match=r"no coordinate|minutes|minus"):
        read_degrees(printed)


@pytest.mark.parametrize(
    ("cell", "halves"),
    [
        ("43.38, 88.29", ("43.38", "88.29")),
        ("43.38,88.29", ("43.38", "88.29")),
        ("43,38; 88,29", ("43,38", "88,29")),
        ("(43.38 88.29)", ("43.38", "88.29")),
        ("43°23′N 88°17′E", ("43°23′N", "88°17′E")),
    ],
)
def test_a_cell_with_both_coordinates_parts_in_two(cell: str, halves: tuple[str, str]) -> None:
    assert read_pair(cell) == halves


def test_few_decimals_are_imprecise_and_many_promise_nothing() -> None:
    assert printed_precision_m("43.4") == pytest.approx(5566)
    assert printed_precision_m("43°23′01″N") == pytest.approx(15.5, abs=0.1)
    assert printed_precision_m("43.3838833333333") < 1e-6


@given(st.floats(-180, 180), st.sampled_from([".", ","]))
def test_a_printed_decimal_comes_back_as_it_was(degrees: float, mark: str) -> None:
    printed = f"{degrees:.10f}".replace(".", mark)
    assert read_degrees(printed).value == pytest.approx(float(f"{degrees:.10f}"), abs=0)


@given(st.integers(0, 89), st.integers(0, 59), st.floats(0, 59.99), st.sampled_from("NS"))
def test_sexagesimal_is_degrees_and_sixtieths(degrees: int, minutes: int, seconds: float, letter: str) -> None:
    read = read_degrees(f"{degrees}°{minutes:02d}′{seconds:05.2f}″{letter}")
    size = degrees + minutes / 60 + float(f"{seconds:.2f}") / 3600
    assert read.value == pytest.approx(size if letter == "N" else -size, abs=1e-9)


@given(st.text(max_size=40))
def test_no_text_makes_the_readers_fail_in_another_way(text: str) -> None:
    for reader in (read_degrees, read_pair, lambda text: read_numbers([text])):
        with suppress(ValueError):
            reader(text)
