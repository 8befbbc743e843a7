"""How far two readings agree: exact squares, the record's own blind repeat, and what must not change the answer."""

from __future__ import annotations

import json
import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from camps import footprints, reading
from camps.cli import run
from camps.errors import InputError
from camps.footprints import FootprintSeries
from camps.reading.agreement import _ac1

REPEAT = Path(__file__).resolve().parents[1] / "geodata" / "footprints" / "dabancheng_blind_repeat.geojson"
PLANE = 32645


def _series(folder: Path, name: str, shapes: dict[str, list[shapely.Geometry]]) -> FootprintSeries:
    """Return a series of polygons on UTM 45 N, by date."""
    rows = [(date, shape) for date, those in shapes.items() for shape in those]
    frame = gpd.GeoDataFrame(
        {"observed_on": [date for date, _ in rows]}, geometry=[shape for _, shape in rows], crs=PLANE
    )
    path = folder / f"{name}.gpkg"
    frame.to_file(path)
    return footprints.load(path, gsd_m=1.0)


def _square(x: float, y: float, side: float = 40.0) -> shapely.Polygon:
    return shapely.box(500_000 + x, 4_800_000 + y, 500_000 + x + side, 4_800_000 + y + side)


@pytest.fixture(scope="module")
def repeated() -> reading.Agreement:
    return reading.agreement(footprints.load(), footprints.load(REPEAT, gsd_m=10), draws=500)


def test_the_blind_repeat_of_the_record_agrees_as_its_own_table_says(repeated: reading.Agreement) -> None:
    # geodata/footprints/README.md, "Interpretation error", rows "both", taken by other code.
    dates = repeated.dates.set_index("observed_on")
    assert dates["n_first"].tolist() == [27, 32, 94, 153]
    assert dates["n_second"].tolist() == [27, 31, 93, 151]
    assert dates["iou"].round(2).tolist()[:3] == [0.77, 0.79, 0.71]
    assert (dates["area_bias"] * 100).round(1).tolist()[:3] == [6.1, 4.7, 7.1]
    assert 1.6 < repeated.edge_sd_m < 3.5
    assert repeated.edge_bias_m < 0.8


def test_every_figure_lies_in_its_interval_and_buildings_add_up(repeated: reading.Agreement) -> None:
    dates = repeated.dates
    for name in ("iou", "area_bias", "offset_m", "offset_sd_m", "ac1"):
        assert (dates[f"{name}_lo"] <= dates[name]).all(), name
        assert (dates[name] <= dates[f"{name}_hi"]).all(), name
    assert (dates["n_matched"] + dates["n_missed"] == dates["n_first"]).all()
    assert (dates["n_matched"] + dates["n_extra"] == dates["n_second"]).all()
    assert len(repeated.buildings) == dates["n_first"].iloc[-1] + dates["n_extra"].iloc[-1]
    assert repeated.buildings.crs.to_epsg() == 4326


def test_an_edge_that_lies_one_metre_outside_is_an_offset_of_one_metre(tmp_path: Path) -> None:
    first = [_square(x, 0, side) for x, side in [(0, 20), (100, 40), (200, 80)]]
    second = [shapely.buffer(shape, 1.0, join_style="mitre") for shape in first]
    found = reading.agreement(
        _series(tmp_path, "a", {"2018-01-01": first}), _series(tmp_path, "b", {"2018-01-01": second}), draws=50
    )
    row = found.dates.iloc[-1]
    assert row["offset_m"] == pytest.approx(1.0, abs=2e-3)
    assert row["offset_sd_m"] == pytest.approx(0.0, abs=2e-3)
    assert found.edge_sd_m == pytest.approx(0.0, abs=1e-3)
    assert found.edge_bias_m == pytest.approx(1 / math.sqrt(2), abs=2e-3)
    assert row["iou"] == pytest.approx(
        sum(s**2 for s in (20, 40, 80)) / sum((s + 2) ** 2 for s in (20, 40, 80)), abs=1e-4
    )


def test_vertex_errors_of_two_metres_in_both_readings_are_found_again(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    plan = [_square(100 * (i % 20), 100 * (i // 20), 60) for i in range(300)]

    def read() -> list[shapely.Geometry]:
        return [shapely.Polygon(shapely.get_coordinates(s)[:-1] + chance.normal(0, 2.0, (4, 2))) for s in plan]

    found = reading.agreement(
        _series(tmp_path, "a", {"2018": read()}), _series(tmp_path, "b", {"2018": read()}), draws=20
    )
    assert found.edge_sd_m == pytest.approx(2.0, rel=0.15)


def test_what_one_reading_alone_has_is_missed_or_extra_with_its_area(tmp_path: Path) -> None:
    first = _series(tmp_path, "a", {"2018": [_square(0, 0), _square(100, 0, 20)], "2019": [_square(0, 0)]})
    second = _series(tmp_path, "b", {"2018": [_square(0, 0), _square(300, 0, 30)], "2019": [_square(0, 0)]})
    found = reading.agreement(first, second, draws=20)
    row = found.dates.iloc[0]
    assert (row["n_matched"], row["n_missed"], row["n_extra"]) == (1, 1, 1)
    assert (row["missed_m2"], row["extra_m2"]) == (pytest.approx(400, rel=1e-3), pytest.approx(900, rel=1e-3))
    # Three buildings; alike on the one, not on the two others: (1/3 - 4/9) / (1 - 4/9) by Gwet's formula.
    assert row["ac1"] == pytest.approx((1 / 3 - 4 / 9) / (1 - 4 / 9))
    # In 2019 both say that these two are not there.
    assert found.dates.iloc[1]["ac1"] == pytest.approx(1.0)


def test_readings_that_never_differ_are_not_certain_of_it(tmp_path: Path) -> None:
    same = {"2018": [_square(100 * i, 0) for i in range(8)]}
    row = reading.agreement(_series(tmp_path, "a", same), _series(tmp_path, "b", same), draws=20).dates.iloc[0]
    # Wilson, 8 of 8: 1 / (1 + 1.96² / 8).
    assert row["ac1_lo"] == pytest.approx(1 / (1 + 1.959964**2 / 8), abs=1e-4)


@given(st.tuples(*[st.integers(0, 60)] * 4).filter(any))
def test_ac1_is_between_minus_one_and_one_and_the_same_both_ways(counts: tuple[int, int, int, int]) -> None:
    both, one, other, neither = counts
    assert -1 <= _ac1(*counts) <= 1
    assert _ac1(*counts) == _ac1(both, other, one, neither) == pytest.approx(_ac1(neither, one, other, both))
    assert (_ac1(*counts) == 1) == (one + other == 0)


def test_ac1_stays_high_where_nearly_everything_is_there() -> None:
    # 125 subjects, 118 in both, 5 and 2 in one alone, none in neither: kappa is -0.02; by Gwet's formula
    # (0.944 - 2 * 0.972 * 0.028) / (1 - 2 * 0.972 * 0.028) = 0.9408.
    assert _ac1(118, 5, 2, 0) == pytest.approx(0.9408, abs=1e-4)


def test_the_order_of_polygons_changes_nothing(tmp_path: Path) -> None:
    first = [_square(50 * i, 0) for i in range(6)]
    second = [_square(50 * i + 3, 2) for i in range(6)]
    a, b = _series(tmp_path, "a", {"2018": first}), _series(tmp_path, "b", {"2018": second})
    c, d = _series(tmp_path, "c", {"2018": first[::-1]}), _series(tmp_path, "d", {"2018": second[::-1]})
    one, other = reading.agreement(a, b, draws=50), reading.agreement(c, d, draws=50)
    pd.testing.assert_frame_equal(one.dates, other.dates)


def test_readings_without_a_date_in_common_are_refused(tmp_path: Path) -> None:
    a, b = (_series(tmp_path, name, {date: [_square(0, 0)]}) for name, date in (("a", "2018"), ("b", "2019")))
    with pytest.raises(InputError, match="no date in common"):
        reading.agreement(a, b)
    with pytest.raises(InputError, match="expected one of: none"):
        reading.agreement(a, a, site_id="x-1")


def test_the_command_prints_it_and_says_how_exact_one_reading_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "buildings.geojson"
    status = run(["agreement", "dabancheng", str(REPEAT), "--gsd", "10", "--buildings", str(out)])
    printed = capsys.readouterr()
    assert status == 0, printed.err
    assert "0.77 [0.70, 0.82]" in printed.out
    assert "one reading: --edge-sd 2.70 --edge-bias 0.43 (metres)" in printed.err
    assert len(json.loads(out.read_text("utf-8"))["features"]) == 158
