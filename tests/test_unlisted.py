"""Outlines whose site stands in no list, and a record of outlines alone: drawn, counted and filmed like any other."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from camps import build, catalogue, crs, files, film, footprints, growth, maps, settings
from camps.cli import run
from camps.errors import InputError
from camps.film import readouts

AREA_M2 = 1519.13


def _outlines(west: float = 37.0) -> gpd.GeoDataFrame:
    rows = [
        {"site_id": "camp-a", "observed_on": day, "kind": "building",
         "geometry": shapely.box(west + 0.001 * i, 35.0, west + 0.001 * i + 0.0005, 35.0003)}
        for day, n in (("2019-05-01", 3), ("2020-05-01", 6))
        for i in range(n)
    ]  # fmt: skip
    return gpd.GeoDataFrame(rows, crs=4326)


@pytest.fixture(params=[False, True], ids=["alone", "beside a list of other places"])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    build.start(tmp_path / "record")
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path / "record"))
    _outlines().to_file(tmp_path / "b.geojson")
    assert (
        run(["sources", "add", str(tmp_path / "b.geojson"), "--id", "mine", "--reader", "footprints", "--gsd", "10"])
        == 0
    )
    if request.param:
        listed = files.write_text(tmp_path / "l.csv", "ID,Name,Latitude,Longitude\n1,Elsewhere,10.0,20.0\n")
        assert run(["sources", "add", str(listed), "--id", "other"]) == 0
    return tmp_path / "record"


def _shot(**changes: object) -> film.Shot:
    given = {
        "title": "Outlines", "code": "OUT_A_0010", "frames": 1, "map": {"kind": "footprints", "sources": ["mine"]},
        "clock": {"kind": "linear", "from": "2020-05-02", "to": "2020-05-03"}, "camera": [{"at": 0, "fit": "sites"}],
    }  # fmt: skip
    return film.build_shot({**given, **changes})


def test_a_film_counts_what_it_outlines(home: Path) -> None:
    (row,) = readouts.read_out(_shot()).values()
    assert (row["n_sites"], row["site_ids"]) == ("1", "camp-a")
    assert float(row["total"]) == pytest.approx(6 * AREA_M2, rel=1e-5)
    assert growth.values("mine", metric="area_m2")["value"].tolist() == pytest.approx(
        [3 * AREA_M2, 6 * AREA_M2], rel=1e-5
    )


def test_the_site_lies_at_the_middle_of_its_outlines_and_nothing_of_it_is_published(home: Path) -> None:
    (site,) = maps.footprint_map(footprints.load("mine")).payload["sites"]
    assert (site["lon"], site["lat"]) == pytest.approx((37.00275, 35.00015), abs=1e-9)
    assert (site["names"]["en"], site["lat_published"], site["lon_published"]) == ("camp-a", "", "")
    assert 200 < site["r95"] < 300


def test_a_fit_to_one_site_shows_where_it_is(home: Path) -> None:
    # Its outlines from edge to edge, but no closer than that they are seen on some ground; a place alone from farther.
    assert film.build_plan(_shot()).states[0]["zoom"] == 17
    places = _shot(map={"kind": "sites"})
    assert film.build_plan(places).states[0]["zoom"] == 8.5


def test_the_record_builds_without_its_notebooks(home: Path) -> None:
    for path in (home / "notebooks").glob("*.ipynb"):
        path.unlink()
    (home / "shots" / "first.toml").unlink()
    assert run(["build"]) == 0
    assert (settings.exports() / "index.html").is_file()
    assert (settings.exports() / "maps" / "footprints.html").is_file()


def test_a_site_across_the_date_line_lies_between_its_outlines() -> None:
    moved = _outlines(179.9985).assign(geometry=lambda table: table.geometry.map(_wrapped))
    (row,) = catalogue.owners(moved, sites=catalogue.load("gazetteer").iloc[:0]).to_dict("records")
    assert abs(row["lon"]) > 179.99
    assert row["r95_m"] < 400


def _wrapped(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(shape, lambda at: at - [[360, 0]] if at[:, 0].min() > 180 else at)


def test_outlines_of_no_site_are_drawn_and_make_none() -> None:
    loose = _outlines().assign(site_id=pd.NA)
    assert catalogue.owners(loose, sites=catalogue.load("gazetteer").iloc[:1]).empty
    series = footprints.load()
    both = series.footprints.assign(site_id=series.footprints["site_id"].mask(series.footprints.index == 0))
    drawn = maps.footprint_map(both).payload
    assert len(drawn["sites"]) == 2
    assert len(drawn["footprints"]["seen"]["id"]) == len(both)


def test_outlines_of_a_retracted_site_are_not_drawn() -> None:
    both = pd.concat([_outlines(), _outlines(38.0).assign(site_id="camp-b")], ignore_index=True)
    both = both.assign(footprint_id=[str(i) for i in range(len(both))], track_id=[str(i) for i in range(len(both))])
    both = both.assign(**crs.measure(both))
    listed = catalogue.load("gazetteer").iloc[:2].assign(site_id=["camp-a", "camp-b"])
    drawn = [
        maps.footprint_map(both, sites=listed.assign(status=["active", status])).payload["footprints"]["seen"]
        for status in ("active", "retracted")
    ]
    assert [set(seen["sites"]) for seen in drawn] == [{"camp-a", "camp-b"}, {"camp-a"}]
    with pytest.raises(InputError, match="no footprints of a site that stands"):
        maps.footprint_map(both, sites=listed.assign(status="retracted"))


def test_a_retracted_site_is_not_brought_back_by_its_outlines() -> None:
    listed = catalogue.load("gazetteer").iloc[:1].assign(site_id="camp-a", status="retracted")
    assert catalogue.owners(_outlines(), "mine", sites=listed).empty
