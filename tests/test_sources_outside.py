"""What lists from outside print, and what it has to be read as: numbers, sheets, headers, notes, options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camps import sources
from camps.errors import InputError
from camps.sources import Source, SourceEntry, SourceFile
from camps.sources.coordinates import read_degrees
from camps.sources.numbers import Typed, read_numbers

PLACED = {"key": "id", "lat": "lat", "lon": "lon"}


def _read(path: Path, mapping: dict[str, str] | None = None, **options: Any) -> Source:
    entry = SourceEntry(
        id="list", title="A list", publisher="P", date="XXXX", landing="-", licence="-", citation="-", datum="wgs84",
        format=path.suffix.removeprefix("."), files=(SourceFile(path.name, "0" * 64),), reader="mapped",
        namespace="list", mapping=PLACED if mapping is None else mapping, options=options,
    )  # fmt: skip
    return sources.read_file(path, entry)


def _text(path: Path, text: str, mapping: dict[str, str] | None = None, **options: Any) -> Source:
    path.write_text(text, encoding="utf-8")
    return _read(path, mapping, **options)


def _reasons(source: Source) -> list[str]:
    return [remark.reason for remark in source.report]


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("column", "values", "ambiguous"),
    [
        (["1,200", "10,000", "1.500"], [1200, 10000, None], {"1.500"}),
        (["1,204", "1.150"], [1204, None], {"1.150"}),
        (["1,204", "1,204.5"], [1204, 1204.5], set()),
        (["1.204", "12,5"], [1204, 12.5], set()),
        (["1,204", "0,123"], [1.204, 0.123], set()),
        (["1.204", "1.204.000"], [1204, 1204000], set()),
        (["1,204", "12.5"], [1204, 12.5], set()),
        (["1.204", "12.5"], [1.204, 12.5], set()),
        (["1,5", "2.5", "1,204"], [1.5, 2.5, None], {"1,204"}),
        (["12,34,567", "1.204"], [1234567, 1.204], set()),
        (["1 204", "1\u202f204,5", "1'204"], [1204, 1204.5, 1204], set()),
        (["1204", "-3", "\u22123", "１２", "1e3", "+7."], [1204, -3, -3, 12, 1000, 7], set()),
        (["43.38²", "½", "①", "12a", "10%", "1_000", "inf", "nan", "0x10", "1.2.3", "1,2,3", "9" * 40],
         [None] * 12, set()),
        ([Typed("1.125"), Typed("3.5")], [1.125, 3.5], set()),
    ],
)  # fmt: skip
def test_the_column_decides_what_its_marks_mean(
    column: list[str], values: list[float | None], ambiguous: set[str]
) -> None:
    read = read_numbers(column)
    assert [read.values.get(text) for text in column] == values
    assert read.ambiguous == ambiguous


@pytest.mark.parametrize(("decimal", "value"), [(".", 1.5), (",", 1500)])
def test_a_decimal_mark_that_is_told_decides(decimal: str, value: float) -> None:
    assert read_numbers(["1.500"], decimal=decimal).values == {"1.500": value}


@given(
    st.lists(st.floats(-1e9, 1e9).map(lambda number: round(number, 2)), min_size=1), st.sampled_from([",.", ".,", " ,"])
)
def test_numbers_written_with_thousands_and_two_decimals_come_back(numbers: list[float], marks: str) -> None:
    table = str.maketrans({",": marks[0], ".": marks[1]})
    written = [f"{number:,.2f}".translate(table) for number in numbers]
    assert list(map(read_numbers(written).values.get, written)) == pytest.approx(numbers)


COUNTED = {**PLACED, "r95_m": "accuracy", "buildings.2018": "n", "tier": "tier"}


def test_numbers_of_a_list_are_read_alike_in_radii_tiers_and_counts(tmp_path: Path) -> None:
    rows = 'a,43,88,"1,200","1,204",2\nb,43,88,"10,000",7,"1"\n'
    source = _text(tmp_path / "list.csv", f"id,lat,lon,accuracy,n,tier\n{rows}", COUNTED)
    assert source.sites["r95_m"].tolist() == [1200, 10000]
    assert source.counts["value"].tolist() == [1204, 7]
    assert sum("parting thousands" in reason for reason in _reasons(source)) == 2


@pytest.mark.parametrize(("column", "cell"), [("accuracy", "1.500"), ("n", "1.150"), ("n", "3.000"), ("tier", "1.000")])
def test_a_number_that_can_be_read_in_two_ways_is_refused_with_a_way_on(tmp_path: Path, column: str, cell: str) -> None:
    text = f"id,lat,lon,{','.join(sorted({'accuracy', 'n', 'tier'} - {column}))},{column}\na,43,88,1,1,{cell}\n"
    with pytest.raises(InputError, match=rf"row 2, column {column}: found '{cell}'.*say --decimal") as caught:
        _text(tmp_path / "list.csv", text, COUNTED)
    assert any("refused 1" in line for line in caught.value.account)
    source = _text(tmp_path / "list.csv", text, COUNTED, decimal=",")
    if column == "n":
        assert source.counts["value"].tolist() == [float(cell.replace(".", ""))]


def test_a_count_is_whole(tmp_path: Path) -> None:
    source = _text(tmp_path / "list.csv", "id,lat,lon,accuracy,n,tier\na,43,88,1,12.5,1\nb,43,88,1,12.0,1\n", COUNTED)
    assert source.counts["value"].fillna(-1).tolist() == [-1, 12]
    assert "no whole number; no value taken" in _reasons(source)


@pytest.mark.parametrize("printed", ["43.38²", "43²", "⁴3.38", "43.3₈", "43°23′①″N", "4½"])
def test_a_raised_figure_is_no_digit_of_a_coordinate(tmp_path: Path, printed: str) -> None:
    with pytest.raises(ValueError, match="mark of a note"):
        read_degrees(printed)
    with pytest.raises(InputError, match="row 2, column lat, lon"):
        _text(tmp_path / "list.csv", f"id,lat,lon\na,{printed},88.2\n")
