"""Footprint series as sources: any that is registered is read, measured, drawn and filmed by its id, or refused."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from camps import catalogue, cli, files, film, footprints, growth, maps, settings, sources
from camps.errors import CheckError, InputError, MissingError
from camps.film.licences import list_licences
from camps.film.subject import build_map

DATES = ("2001-05-01", "2003-05-01")


def _outlines(folder: Path) -> Path:
    """Write two buildings of a site at 40.6° E, 61.0° N, the second of them only on the later date."""
    boxes = [shapely.box(40.600, 61.000, 40.601, 61.001), shapely.box(40.603, 61.000, 40.604, 61.001)]
    rows = [(DATES[0], "a", boxes[0]), (DATES[1], "a", boxes[0]), (DATES[1], "b", boxes[1])]
    frame = gpd.GeoDataFrame(
        {"site_id": "places-1", "observed_on": [row[0] for row in rows], "track_id": [row[1] for row in rows],
         "edge_sd_m": 1.0}, geometry=[row[2] for row in rows], crs=4326,
    )  # fmt: skip
    return files.write_text(folder / "zblocks.geojson", frame.to_json())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a record with one list and one series that is not ours."""
    folder = tmp_path / "home"
    files.write_text(folder / "record.toml", 'title = { en = "Another" }\n')
    monkeypatch.setenv("CAMPS_HOME", str(folder))
    listed = files.write_text(tmp_path / "places.csv", "ID,Name,Latitude,Longitude\n1,Camp,61.0005,40.602\n")
    sources.add(listed, "places")
    about = sources.About(title="Blocks", publisher="Somebody", licence="CC0", options={"gsd_m": 0.5})
    looks = pd.DataFrame({"site_id": "places-1", "scene_id": [f"scene-{day}" for day in DATES], "status": "observed"})
    paths = {
        "footprints": _outlines(tmp_path),
        "looks": files.write_text(tmp_path / "looks.csv", looks.to_csv(index=False)),
    }
    footprints.add("zblocks", paths, about)
    return folder


def test_a_series_that_is_added_is_read_by_its_id_and_by_default(home: Path) -> None:
    assert sources.entry("zblocks").licence == "CC0"
    assert (home / "geodata" / "footprints" / "zblocks" / "looks.csv").is_file()
    read = footprints.load("zblocks")
    assert (len(read.footprints), read.source_id, read.looks["status"].to_list()) == (3, "zblocks", ["observed"] * 2)
    assert footprints.load().source_id == "zblocks"
    assert footprints.series_ids() == ["zblocks"]


def test_it_is_measured_drawn_and_filmed_under_its_own_name(home: Path) -> None:
    measured = growth.values("zblocks", metric="area_m2")
    assert measured["source_id"].unique().tolist() == ["zblocks"]
    assert measured["value"].iloc[1] == pytest.approx(2 * measured["value"].iloc[0], rel=1e-9)
    content = {"title": "Z", "code": "Z", "frames": 2, "map": {"kind": "footprints", "sources": ["zblocks"]}}
    shot = film.build_shot({**content, "clock": {"kind": "linear", "from": "2001-05-01", "to": "2003-05-01"}})
    for drawn in (maps.footprint_map(footprints.load("zblocks")), build_map(shot)):
        assert [site["id"] for site in drawn.payload["sites"]] == ["places-1"]
        assert len(drawn.payload["footprints"]["shapes"]) == 2
        assert drawn.payload["meta"]["subtitle"] != "Building footprints read from Sentinel-2 images"
        assert {"text": "Somebody: Blocks (CC0)"} in drawn.payload["meta"]["attribution"]
    assert ("footprints", "Somebody: Blocks", "CC0") in [(x.layer, x.title, x.licence) for x in list_licences(shot)]


@pytest.mark.parametrize("named", [["places"], ["zblocks", "places"], ["nothing"]])
def test_a_shot_of_footprints_films_the_series_it_names_or_none(home: Path, named: list[str]) -> None:
    shot = film.build_shot({
        "title": "Z", "code": "Z", "frames": 2, "map": {"kind": "footprints", "sources": named},
        "clock": {"kind": "linear", "from": "2001-05-01", "to": "2003-05-01"},
    })  # fmt: skip
    with pytest.raises(InputError, match=r"key map\.sources: found .*, expected one footprint series \(zblocks\)"):
        build_map(shot)


def test_what_is_no_series_is_refused_by_name(home: Path) -> None:
    with pytest.raises(
        InputError, match="places: a list of sites, expected a footprint series; registered are zblocks"
    ):
        footprints.load("places")
    with pytest.raises(MissingError, match="nothing: no such source"):
        footprints.load("nothing")
    with pytest.raises(InputError, match="zblocks: is read as registered; give no option"):
        footprints.load("zblocks", gsd_m=10)
    with pytest.raises(InputError, match="holds no list of sites"):
        sources.read("zblocks")
    with pytest.raises(InputError, match="taken, or no id"):
        footprints.add("zblocks", {"footprints": home / "x.geojson"})


def test_a_file_of_a_series_that_was_changed_is_refused(home: Path) -> None:
    path = home / "geodata" / "footprints" / "zblocks" / "looks.csv"
    path.write_text(path.read_text("utf-8").replace("observed", "obscured"), encoding="utf-8")
    with pytest.raises(CheckError, match=r"looks\.csv: SHA-256 is"):
        footprints.load("zblocks")


def test_a_record_without_a_series_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path))
    with pytest.raises(MissingError, match="no footprint series; register one with `camps sources add"):
        footprints.load()


def test_the_command_line_registers_and_draws_one(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _outlines(tmp_path / "again")
    told = ["--reader", "footprints", "--gsd", "0.5", "--licence", "CC0"]
    assert cli.run(["sources", "add", str(file), "--id", "second", *told, "--dry-run"]) == 0
    assert "3 footprints in 2 scenes read as second; nothing was registered" in capsys.readouterr().out
    assert cli.run(["sources", "add", str(file), "--id", "second", *told]) == 0
    out = tmp_path / "second.html"
    assert cli.run(["map", "footprints", "--source", "second", "--out", str(out)]) == 0
    assert out.is_file()
    assert cli.run(["growth", "--source", "second", "--metric", "area_m2", "--format", "json"]) == 0
    assert '"places-1"' in capsys.readouterr().out


def test_the_coverage_of_our_series_is_what_its_looks_by_area_give(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = settings.geodata() / "footprints"
    spec = importlib.util.spec_from_file_location("coverage", folder / "coverage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made, kept = module.build_coverage(), gpd.read_file(folder / "dabancheng_coverage.geojson")
    keys = ["site_id", "scene_id"]
    assert made[keys].to_dict("list") == kept[keys].to_dict("list")
    assert shapely.equals_exact(made.geometry.array, kept.geometry.array, 1e-9).all()
    assert len(footprints.load().coverage) == len(kept)


def test_lists_and_series_are_kept_apart(mirror: Path) -> None:
    assert "dabancheng" not in sources.lists()
    assert set(catalogue.default_lists()) <= set(sources.lists())
    shutil.rmtree(settings.cache(), ignore_errors=True)
    assert footprints.load("dabancheng").source_id == "dabancheng"
