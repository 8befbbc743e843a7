"""The tables of the method: what is refused, how it is said, and the round trip."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import camps
from camps import tables
from camps.errors import InputError, MissingError


def _aggregate(**changed: object) -> pd.DataFrame:
    row = {"group": "all", "t": "2017", "estimator": "chain", "value": 100.0, "lo": None, "hi": None,
           "n_sites": 3, "n_observed": 2, "n_held": 0, "n_never": 1}  # fmt: skip
    return pd.DataFrame([{**row, **changed}])


def test_all_faults_are_gathered_into_one_error_that_names_rows_and_columns() -> None:
    frame = _aggregate(estimator="mean", n_sites=-1).drop(columns="n_never")
    with pytest.raises(InputError) as raised:
        tables.check(frame, "aggregate", source="my.csv")
    message = str(raised.value)
    assert "my.csv (aggregate table): 3 faults" in message
    assert "column n_never: found no such column" in message
    assert "row 0, column estimator: found 'mean', expected one of naive, held, panel, chain" in message
    assert "row 0, column n_sites: found -1, expected at least 0" in message


def test_a_repeated_key_is_a_fault() -> None:
    with pytest.raises(InputError, match="no repeats"):
        tables.check(pd.concat([_aggregate(), _aggregate()], ignore_index=True), "aggregate", source="x")


def test_a_site_beyond_the_pole_is_refused_by_name() -> None:
    sites = camps.catalogue.load().assign(lat=95.0).head(1)
    with pytest.raises(
        InputError, match=r"sites\.csv \(site table\): row 2, column lat: found 95\.0, expected at most 90"
    ):
        tables.check(sites, "site", source="sites.csv")


def test_geometry_in_another_crs_is_refused() -> None:
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=gpd.points_from_xy([0], [0]), crs=3857)
    with pytest.raises(InputError, match="expected EPSG:4326"):
        tables.check(frame, "site", source="x")


@given(value=st.one_of(st.none(), st.floats(0, 1e9)), n=st.integers(0, 10**6))
def test_reading_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, value: float | None, n: int
) -> None:
    frame = tables.check(_aggregate(value=value, n_sites=n), "aggregate", source="x")
    for suffix in (".csv", ".parquet"):
        path = tables.write(frame, tmp_path_factory.mktemp("t") / f"a{suffix}", "aggregate")
        pd.testing.assert_frame_equal(tables.read(path, "aggregate"), frame)


def test_not_available_is_kept_apart_from_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(
        "unit,metric,t,value,lo,hi,kind,stale_days,verbatim\na,buildings,2017,,,,,,N/A\na,buildings,2018,,,,,,\n"
    )
    series = tables.read(path, "series")
    assert series["verbatim"].iloc[0] == "N/A"
    assert series["verbatim"].isna().tolist() == [False, True]


def test_unknown_tables_formats_and_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such table"):
        tables.schema("sitez")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"written as \.parquet or \.csv"):
        tables.write(_aggregate(), tmp_path / "a.xls", "aggregate")
    with pytest.raises(MissingError, match="no such file"):
        tables.read(tmp_path / "a.parquet", "aggregate")
    broken = tmp_path / "b.parquet"
    broken.write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match="not a Parquet file"):
        tables.read(broken, "aggregate")
