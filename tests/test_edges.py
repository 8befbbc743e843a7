"""Limits at their very edge: the smallest data on which a limit that is moved by one step gives another answer."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import CRS
from shapely import box

from camps import catalogue, crs, files, growth, provenance, timeline
from camps.appendix import integrity, records, restriction, schemas
from camps.dates import read_date
from camps.errors import InputError


def _counts(n_sites: int) -> pd.DataFrame:
    """Return sites that all doubled from 2017 to 2018."""
    rows = [(f"s{site:02}", *year) for site in range(n_sites) for year in (("2017", 1.0), ("2018", 2.0))]
    return pd.DataFrame(rows, columns=["unit", "t", "value"]).assign(metric="buildings")


@pytest.mark.parametrize(("n_sites", "index", "suppressed"), [(9, None, True), (10, 200.0, False), (11, 200.0, False)])
def test_a_link_of_the_chain_rests_on_ten_sites_at_least(n_sites: int, index: float | None, suppressed: bool) -> None:
    """METHOD 4: a group with fewer than ten matched sites prints no number."""
    last = growth.aggregate(_counts(n_sites), estimator="chain", draws=20).iloc[-1]
    assert (last["n_matched"], last["suppressed"]) == (n_sites, suppressed)
    assert pd.isna(last["index"]) if index is None else last["index"] == index


@pytest.mark.parametrize("n_sites", [9, 10, 11])
def test_a_panel_and_a_base_rest_on_ten_sites_at_least(n_sites: int) -> None:
    last = growth.aggregate(_counts(n_sites), estimator="panel", draws=20).iloc[-1]
    enough = n_sites >= 10
    assert (last["n_matched"], last["suppressed"]) == (n_sites * enough, not enough)
    assert growth.bases(_counts(n_sites))["n_dates"].tolist() == [2 * enough] * 2


@pytest.mark.parametrize(("n_sites", "n_matched"), [(9, 9), (10, 20)])
def test_a_date_on_which_ten_sites_match_is_a_link_and_one_of_nine_is_passed_over(n_sites: int, n_matched: int) -> None:
    """Ten more sites are seen from 2018 on: they match in 2019 where 2018 is the date that it is linked to."""
    later = [(f"t{site:02}", year, 4.0) for site in range(10) for year in ("2018", "2019")]
    third = [(f"s{site:02}", "2019", 3.0) for site in range(n_sites)]
    added = pd.DataFrame([*later, *third], columns=["unit", "t", "value"]).assign(metric="buildings")
    counts = pd.concat([_counts(n_sites), added], ignore_index=True)
    last = growth.aggregate(counts, estimator="chain", base="2017", draws=20).iloc[-1]
    assert last["n_matched"] == n_matched


@pytest.mark.parametrize("north", [90.0, 90.5, 91.0])
def test_the_earth_ends_at_the_pole(north: float) -> None:
    if north == 90.0:
        assert crs.regional_crs((10, 80, 20, north)).is_projected
        return
    with pytest.raises(InputError, match="expected west, south, east, north in degrees"):
        crs.regional_crs((10, 80, 20, north))


@pytest.mark.parametrize("edge", range(4))
def test_the_earth_is_left_on_any_side(edge: int) -> None:
    limits, beyond = [-360.0, -90.0, 360.0, 90.0], [-361.0, -91.0, 361.0, 91.0]
    at, out = [100.0, 30.0, 101.0, 31.0], [100.0, 30.0, 101.0, 31.0]
    at[edge], out[edge] = limits[edge], beyond[edge]
    assert crs.to_lonlat(gpd.GeoSeries([box(*at)], crs=4326)).notna().all()
    with pytest.raises(InputError, match=r"36\d|9[01]"):
        crs.to_lonlat(gpd.GeoSeries([box(*out)], crs=4326))


def test_longitudes_of_a_whole_turn_are_bounds_west_of_greenwich() -> None:
    """In degrees from 0 to 360 the widest gap may be the one that holds 180."""
    bounds = crs.lonlat_bounds(gpd.GeoSeries([box(340, -5, 350, 5), box(350, -5, 360, 5)], crs=4326))
    assert bounds == (-20, -5, 0, 5)


@pytest.mark.parametrize("edge", range(4))
def test_the_chinese_shift_ends_at_the_edges_of_its_box(edge: int) -> None:
    """The box as the published code has it: what lies on its edge is shifted, and what lies beyond is not."""
    position = [100.0, 30.0]
    position[edge % 2] = (72.004, 0.8293, 137.8347, 55.8271)[edge]
    assert crs.wgs84_to_gcj02(*position) != tuple(position)
    position[edge % 2] = np.nextafter(position[edge % 2], (-np.inf, -np.inf, np.inf, np.inf)[edge])
    assert crs.wgs84_to_gcj02(*position) == tuple(position)


def test_no_more_than_all_have_begun() -> None:
    """The five shares add up to the next number above one in floating point."""
    found = growth.turnbull([3, 3, 1, 2, 0], [5, 4, 3, 4, 2])
    assert found["mass"].cumsum().iloc[-1] > 1
    assert found["cumulative"].iloc[-1] == 1


@pytest.mark.parametrize("k", [0.9, 1.1])
def test_a_plane_that_shrinks_areas_is_refused_like_one_that_stretches_them(k: float) -> None:
    plane = CRS.from_proj4(f"+proj=stere +lat_0=40 +lon_0=88 +k={k} +datum=WGS84 +units=m")
    with pytest.raises(InputError, match=rf"changes areas by up to \{k * k - 1:+.1%}"):
        crs.require_measurable_crs(plane, (87.9, 39.9, 88.1, 40.1))


def test_the_staleness_of_many_sites_is_told_at_both_ends() -> None:
    sites = catalogue.load()
    counts = pd.DataFrame({"unit": sites["site_id"].iloc[:2], "t": ["2017", "2019"], "value": [1.0, 2.0]})
    counts = counts.assign(metric="buildings")
    state = timeline.at("2020-12-31", sites=sites, counts=counts)
    stale = state.sites["stale_days"].dropna()
    assert stale.min() < stale.max()
    assert (state.stale_days, state.stale_days_max) == (stale.min(), stale.max())


@pytest.mark.parametrize(
    ("printed", "is_one"), [("2019-03-01T10:59", True), ("2019-03-01T10:60", False), ("2019-03-01T24:00", False)]
)
def test_an_hour_has_sixty_minutes(printed: str, is_one: bool) -> None:
    if is_one:
        assert read_date(printed) == "2019-03-01"
        return
    with pytest.raises(InputError, match="has no time of day of the clock"):
        read_date(printed)


@pytest.mark.parametrize(("printed", "edtf"), [("Q1 2019", "2019-01/2019-03"), ("Q4 2019", "2019-10/2019-12")])
def test_a_year_has_four_quarters(printed: str, edtf: str) -> None:
    assert read_date(printed) == edtf
    for beyond in ("Q0 2019", "Q5 2019"):
        with pytest.raises(InputError):
            read_date(beyond)


def test_the_first_line_of_a_log_follows_nothing() -> None:
    log = provenance.CustodyLog().append("one", "entered", sha256_after="a" * 64)
    assert provenance.find_custody_faults(log.text) == []
    assert provenance.find_custody_faults("") == []
    assert log.events[0].prev_hash == "0" * 64
    forged = replace(log.events[0], prev_hash="1" * 64)
    (fault,) = provenance.find_custody_faults(f"{forged.line}\n")
    assert "prev_hash 1111" in str(fault)


def _sum(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


@pytest.mark.parametrize("content", ["as it was made", "written anew"])
def test_each_file_is_held_to_the_sum_in_the_log(tmp_path: Path, content: str) -> None:
    """Whoever writes a file anew and all sums but those of the log is found by the log."""
    log = provenance.CustodyLog().append("figures/one.svg", "derived", sha256_after=_sum("as it was made"))
    files.write_text(tmp_path / "figures/one.svg", content)
    provenance.write_custody(log, tmp_path / "custody.jsonl")
    schemas.write_record(records.build_custody(log), tmp_path / "tables", "custody")
    wrong = [(check.item, check.said) for check in integrity.check_custody(tmp_path) if not check.holds]
    if content == "as it was made":
        assert wrong == []
        return
    ((item, said),) = wrong
    assert item == "figures/one.svg"
    assert said == f"the log says {log.events[0].sha256_after}, found {_sum(content)}"


def test_a_rounded_number_may_come_out_with_one_digit_more_and_not_with_two() -> None:
    forms = restriction._forms(pd.Series([43.123456789]), 2)
    assert "43.1235" in forms
    assert "43.123" not in forms
    assert "43.12" not in forms
    assert "43.12345679" in forms


def test_a_text_that_is_withheld_is_looked_for_whatever_its_length_but_one_letter() -> None:
    assert restriction._forms(pd.Series(["达坂", "Xi", "X", "Xinxia"]), None) == {"达坂", "Xi", "Xinxia"}


def test_a_whole_number_that_is_withheld_is_looked_for_without_its_commas_where_it_is_no_year() -> None:
    assert restriction._forms(pd.Series([38_512.0, 2_019.0]), None) >= {"38512", "38,512", "2,019"}
    assert "2019" not in restriction._forms(pd.Series([2_019.0]), None)


def test_a_partial_look_is_a_stop_and_one_that_saw_nothing_is_none() -> None:
    dates = ["2017-01-01", "2018-01-01", "2019-01-01", "2020-01-01"]
    looks = pd.DataFrame({"observed_on": dates, "status": ["observed", "partial", "obscured", "not_imaged"]})
    assert timeline.stops(looks=looks) == dates[:2]
