"""What is measured on scenes becomes a footprint series: it reaches growth, maps, film and the appendix."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.transform import Affine

from camps import catalogue, change, cli, files, film, footprints, growth, maps, settings, sources
from camps.appendix import content, records
from camps.appendix.evidence import Evidence
from camps.dates import day_interval
from camps.errors import InputError
from camps.film.readouts import read_out
from camps.imagery import extract, scene

ROOT = Path(__file__).resolve().parents[1]
CAMP = "xj-bfn130-aspi50"
SITE, LON, LAT = "places-1", 40.602, 61.0005
ZONE = "EPSG:32637"
COLOURS = ("red", "green", "blue")
SIDE = 400


def _new_record(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Return a record with one list of one place that is not ours, and nothing else."""
    home = folder / "home"
    files.write_text(home / "record.toml", 'title = { en = "Another" }\n')
    patch.setenv("CAMPS_HOME", str(home))
    sources.add(files.write_text(folder / "places.csv", f"ID,Name,Latitude,Longitude\n1,Camp,{LAT},{LON}\n"), "places")
    return home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return _new_record(tmp_path, monkeypatch)


def _soil(seed: int) -> NDArray[np.float32]:
    """Return ground with relief, the same on every date but for the noise of the instrument."""
    spectrum = np.fft.fft2(np.random.default_rng(5).normal(size=(SIDE, SIDE)))
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE)))
    relief = np.fft.ifft2(spectrum / (1 + (radius * 60) ** 2)).real
    brightness = 110 + 18 * relief / relief.std()
    noise = np.random.default_rng(seed).normal(size=(3, SIDE, SIDE))
    return np.asarray(np.stack([brightness * 1.2, brightness, brightness * 0.8]) + noise, dtype=np.float32)


def _scene_file(path: Path, seed: int, n_roofs: int) -> Path:
    values = _soil(seed)
    for number in range(n_roofs):
        top, left = 175 + 14 * (number % 4), 175 + 22 * (number // 4)
        values[:, top : top + 8, left : left + 16] = np.array([190, 205, 235], dtype=np.float32)[:, None, None]
    x, y = Transformer.from_crs(4326, ZONE, always_xy=True).transform(LON, LAT)
    place = Affine(10, 0, round(x / 10) * 10 - 2000, 0, -10, round(y / 10) * 10 + 2000)
    with rasterio.open(path, "w", driver="GTiff", width=SIDE, height=SIDE, count=3, dtype="uint8", crs=ZONE,
                       transform=place) as target:  # fmt: skip
        target.write(values.round().clip(1, 255).astype("uint8"))
        target.colorinterp = [rasterio.enums.ColorInterp[name] for name in COLOURS]
    return path


def _item(name: str, pixels: Path, **dated: Any) -> dict[str, Any]:
    box = [LON - 0.02, LAT - 0.01, LON + 0.02, LAT + 0.01]
    west, south, east, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    bands = [{"name": name, "common_name": name} for name in COLOURS]
    told = {"platform": "drone", "license": "CC0", "attribution": "somebody 2018", "gsd": 10, **dated}
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "collection": "own", "links": [],
        "bbox": box, "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": told,
        "assets": {"visual": {"href": str(pixels), "eo:bands": bands}},
    }  # fmt: skip


MONTH = {"datetime": None, "start_datetime": "2018-06-01T00:00:00Z", "end_datetime": "2018-06-30T23:59:59Z"}
DATES = ("2017-04-01", "2018-06-01/2018-06-30", "2019-05-02")


def _catalogue(folder: Path) -> Path:
    folder.mkdir()
    dated = [{"datetime": f"{DATES[0]}T05:00:00Z"}, MONTH, {"datetime": f"{DATES[2]}T05:00:00Z"}]
    items = [
        _item(name, _scene_file(folder / f"{name}.tif", seed, n), **when)
        for seed, (name, n, when) in enumerate(zip(("bare", "month", "later"), (0, 4, 8), dated, strict=True))
    ]
    links = [{"rel": "item", "href": f"./{one['id']}.json"} for one in items]
    for one in items:
        (folder / f"{one['id']}.json").write_text(json.dumps(one))
    root = {"type": "Catalog", "stac_version": "1.0.0", "id": "own", "description": "own", "links": links}
    (folder / "catalog.json").write_text(json.dumps(root))
    return folder


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a record in which the scenes of a catalogue were read and measured once.

    They are bare ground, a composite of a month with four roofs, and a later scene with eight.
    """
    folder = tmp_path_factory.mktemp("once")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMPS_CACHE", str(folder / "cache"))
        patch.setenv("CAMPS_EXPORTS", str(folder / "exports"))
        _new_record(folder, patch)
        period = ["--from", "2017", "--to", "2019", "--source", str(_catalogue(folder / "catalogue"))]
        assert cli.run(["imagery", "read", SITE, *period, "--radius", "1900"]) == 0
        # The windows lie in the cache; registered they are the scenes of the record.
        for path in settings.cache().rglob("*.toml"):
            shutil.copy(path, files.write_text(scene.scene_folder() / path.name, ""))
            shutil.copy(path.with_suffix(".tif"), scene.scene_folder())
        around = gpd.GeoSeries([shapely.Point(LON, LAT)], crs=4326).to_crs(ZONE).buffer(500).to_crs(4326)
        boundary = files.write_text(folder / "boundary.geojson", around.to_json())
        assert cli.run(["imagery", "extract", SITE, "--boundary", str(boundary)]) == 0
    return folder


@pytest.fixture
def extracted(once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the id of the series that was measured, in a copy of the record that belongs to the test."""
    for name in ("home", "exports"):
        shutil.copytree(once / name, tmp_path / name, dirs_exist_ok=True)
    shutil.copy(once / "boundary.geojson", tmp_path)
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path / "home"))
    return f"extracted-{SITE}"


def test_a_monthly_composite_is_an_interval_all_the_way_to_growth(extracted: str) -> None:
    assert [one.observed_on for one in scene.load().values()] == list(DATES)
    series = footprints.load(extracted)
    assert series.scenes["observed_on"].tolist() == list(DATES)
    assert series.scenes[["t_lo", "t_hi"]].iloc[1].tolist() == ["2018-06-01", "2018-06-30"]
    assert series.looks["observed_on"].tolist() == series.scenes["observed_on"].tolist()
    # The built-up area with its interval, as the extraction itself gives it.
    own = pd.read_csv(settings.exports() / "imagery" / SITE / "series.csv", keep_default_na=False)
    assert [day_interval(t) for t in own["t"]] == [day_interval(date) for date in DATES]
    values = growth.values(extracted, metric="area_m2")
    assert [day_interval(t) for t in values["t"]] == [day_interval(date) for date in DATES]
    assert values["value"].iloc[0] == 0
    assert 4 * 8 * 16 * 100 * 0.6 < values["value"].iloc[1] < 4 * 8 * 16 * 100 * 1.6
    tracks = change.follow(series).tracks
    assert tracks.groupby("R")["L"].unique().map(list).to_dict() == {DATES[1]: [DATES[0]], DATES[2]: [DATES[1]]}
    # Asked at the dates of the looks, the curve holds what each of them saw.
    at_looks = growth.curves(tracks, DATES)
    assert at_looks["lower"].tolist() == pytest.approx(values["value"].tolist(), abs=0.01)
    # Nothing is certain before the last day of the month, and nothing of the second growth before its first.
    curves = growth.curves(tracks, ["2018-05-31", "2018-06-01", "2018-06-29", "2018-06-30"]).set_index("t")
    assert curves["lower"].tolist()[:3] == [0, 0, 0]
    assert curves.loc["2018-06-30", "lower"] == pytest.approx(values["value"].iloc[1])
    assert curves.loc["2018-06-01", "upper"] == pytest.approx(values["value"].iloc[1])
    assert curves.loc["2018-06-29", "upper"] == pytest.approx(values["value"].iloc[2])


def test_it_reaches_map_film_and_frames_with_its_interval(extracted: str) -> None:
    page = maps.footprint_map(footprints.load(extracted))
    assert [site["id"] for site in page.payload["sites"]] == [SITE]
    assert [text for text, _ in page.payload["meta"]["stop_dates"]] == list(DATES)
    assert len(page.payload["footprints"]["shapes"]) == 8
    assert "somebody 2018" in json.dumps(page.payload["meta"]["attribution"])
    shown = read_out(_shot(extracted, "2017-04-01", "2019-05-02", frames=5))
    assert [shown[number]["day"] for number in (1001, 1005)] == [DATES[0], DATES[2]]
    assert [float(row["total"]) for row in shown.values()] == sorted(float(row["total"]) for row in shown.values())
    area_m2 = growth.values(extracted, metric="area_m2")["value"]
    assert float(shown[1005]["total"]) == pytest.approx(area_m2.iloc[2])
    # In the month nobody pretends to know the day; what it shows stood by its last, on the page and in the film.
    month = read_out(_shot(extracted, "2018-06-28", "2018-06-30", frames=3))
    assert {row["date_shown"] for row in month.values()} == {DATES[1]}
    totals = [float(row["total"]) for row in month.values()]
    assert totals[0] < totals[1] < totals[2] == pytest.approx(area_m2.iloc[1], rel=0.001)
    assert page.payload["meta"]["stops"] == [DATES[0], "2018-06-30", DATES[2]]


def _shot(source_id: str, first: str, last: str, *, frames: int) -> film.Shot:
    told = {"title": "Z", "code": "Z", "frames": frames, "map": {"kind": "footprints", "sources": [source_id]}}
    return film.build_shot({**told, "clock": {"kind": "linear", "from": first, "to": last}})


def test_it_reaches_the_appendix_under_its_own_sensor(extracted: str) -> None:
    evidence = Evidence(published=())
    images = records.build_imagery(evidence)
    assert images["platform"].unique().tolist() == ["drone"]
    assert images["src_date"].tolist() == list(DATES)
    assert "Sentinel" not in images.to_csv()
    measured = records.build_measurements(evidence)
    totals = measured[measured["metric"] == "built_area_total"].set_index("date_edtf")
    assert totals["src_id"].tolist() == ["bare", "month", "later"]
    assert totals.loc[DATES[1], "area_m2"] > 0
    found = measured[measured["metric"] == "footprint_area"]
    assert set(found["first_seen_present"]) == set(DATES[1:])
    assert sources.entry(extracted).licence == "own measurement; pictures: somebody 2018"
    assert f"{extracted}-footprints" in evidence.held


def test_a_dossier_says_how_each_look_saw_the_site_and_why(extracted: str) -> None:
    folder = settings.geodata() / "footprints" / extracted
    looks = pd.read_csv(folder / "looks.csv")
    assert looks["note"].isna().all()
    # Nothing to say of looks that saw all; a series without notes has none to say.
    for told, said in (
        (looks.drop(columns="note"), []),
        (looks.assign(status=["observed", "obscured", "partial"], note=[None, "only 49% was observed", None]),
         [f"{DATES[1]}, obscured: only 49% was observed", f"{DATES[2]}, seen in part"]),
    ):  # fmt: skip
        assert content.look_remarks(told, SITE) == said


def test_what_find_and_read_ask_for_is_a_way_on(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _catalogue(tmp_path / "catalogue")
    for path in folder.glob("*.json"):
        item = json.loads(path.read_text())
        if item["type"] == "Feature":
            item["properties"] |= {"eo:cloud_cover": 60, "license": None, "attribution": None}
            path.write_text(json.dumps(item))
    told = [SITE, "--from", "2017", "--to", "2019", "--source"]
    assert cli.run(["imagery", "read", *told, str(tmp_path / "nothing")]) == 2
    assert "--source" in capsys.readouterr().err
    told += [str(folder)]
    assert cli.run(["imagery", "read", *told]) == 2
    assert "raise --cloud" in capsys.readouterr().err
    told += ["--cloud", "90"]
    assert cli.run(["imagery", "find", *told]) == 0
    assert "say them with --licence and --attribution" in capsys.readouterr().err
    told += ["--licence", "own", "--attribution"]
    assert cli.run(["imagery", "find", *told, "me {yea}"]) == 2
    assert "--attribution 'me {yea}': expected" in capsys.readouterr().err
    assert cli.run(["imagery", "find", *told, "me {year}"]) == 0
    assert "--licence" not in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--control", "--reference"])
def test_what_extract_asks_for_is_a_way_on(
    extracted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert extracted
    if option == "--reference":
        entry = next(path for path in scene.scene_folder().glob("*.toml") if "bare" in path.name)
        with rasterio.open(entry.with_suffix(".tif")) as bare:
            flat, profile = np.full((bare.count, *bare.shape), 100, bare.dtypes[0]), bare.profile
        with rasterio.open(tmp_path / "flat.tif", "w", **profile) as target:
            target.write(flat)
        rights = ["--sensor", "drone", "--licence", "own", "--attribution", "me"]
        told = ["--date", "2016-04-01", "--id", "flat", "--bands", "red,green,blue", *rights]
        assert cli.run(["imagery", "add", str(tmp_path / "flat.tif"), *told]) == 0
        tried = ["flat", "month"]
    else:
        middle = gpd.GeoSeries([shapely.Point(LON, LAT)], crs=4326).to_crs(ZONE).translate(900, 900)
        tried = [str(files.write_text(tmp_path / f"{size}.geojson", middle.buffer(size).to_crs(4326).to_json()))
                 for size in (30, 400)]  # fmt: skip
    capsys.readouterr()
    assert cli.run(["imagery", "extract", SITE, "--no-register", option, tried[0]]) == 2
    assert option in capsys.readouterr().err
    assert cli.run(["imagery", "extract", SITE, "--no-register", option, tried[1]]) == 0


def test_extracting_again_changes_nothing_and_other_figures_are_not_taken_for_the_same(
    extracted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = settings.geodata() / "footprints" / extracted
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in kept.iterdir()}
    register = (settings.geodata() / "sources.toml").read_bytes()
    around = ["--boundary", str(tmp_path / "boundary.geojson")]
    assert cli.run(["imagery", "extract", SITE, *around]) == 0
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in kept.iterdir()} == before
    assert (settings.geodata() / "sources.toml").read_bytes() == register
    # Without the boundary it is another figure.
    assert cli.run(["imagery", "extract", SITE]) == 2
    told = capsys.readouterr().err
    assert f"camps sources remove {extracted}" in told
    assert "--id" in told
    assert cli.run(["imagery", "extract", SITE, "--id", "around"]) == 0
    assert footprints.series_ids() == [extracted, "around"]
    assert cli.run(["sources", "remove", extracted]) == 0
    assert not any(kept.iterdir())
    assert footprints.series_ids() == ["around"]
    assert cli.run(["imagery", "extract", SITE, *around, "--no-register"]) == 0
    assert footprints.series_ids() == ["around"]


def test_two_readings_of_one_site_are_never_added_up(extracted: str, tmp_path: Path) -> None:
    alone = Evidence(published=())
    totals = alone.areas["value"].tolist()
    assert cli.run(["imagery", "extract", SITE, "--id", "another"]) == 0
    both = Evidence(published=())
    assert list(both.series) == [extracted, "another"]
    assert both.areas["value"].tolist() == totals
    assert len(both.built) == len(alone.built)
    assert records.build_measurements(both).equals(records.build_measurements(alone))
    assert records.build_imagery(both).equals(records.build_imagery(alone))


def test_a_record_without_a_calibration_claims_no_interval_and_takes_half_a_pixel(extracted: str) -> None:
    own = pd.read_csv(settings.exports() / "imagery" / SITE / "series.csv")
    assert own.loc[own["mapped_m2"] > 0, ["value", "lo", "hi"]].isna().all(axis=None)
    assert (own["note"] == "no calibration for pixels of 10 m").all()
    assert (footprints.load(extracted).footprints["edge_bias_m"] == 5).all()


# --- with the real scenes ---------------------------------------------------------------------------------------------


@pytest.fixture
def ours(mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of our record, which the test may register something in."""
    folder = tmp_path / "ours"
    shutil.copytree(ROOT / "geodata", folder / "geodata")
    shutil.copy(ROOT / "record.toml", folder)
    monkeypatch.setenv("CAMPS_HOME", str(folder))
    return folder


@pytest.mark.mirror
def test_what_the_real_scenes_show_reaches_growth_map_and_appendix(
    ours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    totals = Evidence().areas
    assert cli.run(["imagery", "extract", CAMP]) == 0
    said = capsys.readouterr()
    assert "boundary: the compound as outlined on 2020-06-02" in said.err
    assert f"extracted-{CAMP}: " in said.out
    named = f"extracted-{CAMP}"
    out = tmp_path / "values.json"
    assert cli.run(["growth", "--source", named, "--metric", "area_m2", "--format", "json", "--out", str(out)]) == 0
    values = pd.DataFrame(json.loads(out.read_text())).set_index("t")
    own = pd.read_csv(settings.exports() / "imagery" / CAMP / "series.csv").set_index("t")
    seen = own[own["status"] == "observed"]
    # The area as mapped, in pixels there and on the ellipsoid here.
    assert values.loc[seen.index, "value"].to_numpy() == pytest.approx(seen["mapped_m2"].to_numpy(), rel=2e-3)
    # The snow scene is no look, and no zero.
    assert pd.isna(values.loc["2018-03-22", "value"])
    # The intervals are as wide as the calibration says, and not as narrow as 0.8 m of an edge would make them.
    late = values.loc["2018-10-11"]
    assert late["lo"] < 0.45 * late["value"]
    assert late["hi"] > 1.6 * late["value"]
    page = tmp_path / "extracted.html"
    assert cli.run(["map", "footprints", "--source", named, "--out", str(page)]) == 0
    credit = "(contains modified Copernicus Sentinel data 2017, 2018, 2020)"
    assert credit in page.read_text("utf-8")
    # The record's own reading of the same compound still speaks for it.
    assert Evidence().areas.equals(totals)


def test_tracks_that_a_series_lacks_are_found_and_those_it_has_are_kept() -> None:
    series = footprints.load("dabancheng")
    assert change.tracked(series) is series
    bare = replace(series, footprints=series.footprints.assign(track_id=pd.Series(pd.NA, dtype="string")))
    found = change.tracked(bare).footprints
    assert found["track_id"].notna().all()
    assert found["footprint_id"].tolist() == series.footprints["footprint_id"].tolist()
    # A compound is not one with the buildings that it holds.
    assert found.groupby("track_id")["kind"].nunique().max() <= 2
    walls = found[found["kind"] == "compound"]
    assert not set(walls["track_id"]) & set(found.loc[found["kind"] != "compound", "track_id"])
    half = series.footprints["track_id"].mask(series.footprints["kind"].isin(["compound", "construction"]))
    mixed = change.tracked(replace(series, footprints=series.footprints.assign(track_id=half))).footprints
    kept = half.notna()
    assert (mixed.loc[kept, "track_id"] == series.footprints.loc[kept, "track_id"]).all()
    assert mixed["track_id"].notna().all()


def test_two_images_of_one_day_bracket_nothing() -> None:
    seen = np.ones((3, 1, 1), dtype=bool)
    first = np.full((1, 1), 2, dtype=np.int16)
    assert extract._seen_before(seen, first, ["2018-06-01", "2018-06-02", "2018-06-02"])[0, 0] == 0
    assert extract._seen_before(seen, first, ["2018-06-01", "2018-06-01/2018-06-30", "2018-06-20"])[0, 0] == 1
    assert extract._seen_before(seen, first, ["2018-06-02", "2018-06-02", "2018-06-02"])[0, 0] == -1


# --- how exact a source is --------------------------------------------------------------------------------------------


def _cadastre(folder: Path, **columns: Any) -> Path:
    boxes = [shapely.box(40.600 + n * 0.002, 61.0, 40.601 + n * 0.002, 61.0005) for n in range(20)]
    told = {"site_id": SITE, "track_id": [f"b{n}" for n in range(20)], "observed_on": "2018", **columns}
    return files.write_text(folder / "cadastre.geojson", gpd.GeoDataFrame(told, geometry=boxes, crs=4326).to_json())


def _width(source_id: str) -> float:
    row = growth.values(source_id, metric="area_m2").iloc[0]
    return float((row["hi"] - row["lo"]) / row["value"])


@pytest.mark.parametrize(("options", "narrowest", "widest"), [
    ((), 0.15, 0.3),  # the 0.8 m that nothing states
    (("--edge-bias", "0.1", "--edge-sd", "0.1"), 0.02, 0.04),  # a survey
    (("--edge-bias", "0", "--edge-sd", "0"), 0.0, 1e-9),
    (("--edge-bias", "130"), 5.0, 30.0),  # a town's point drawn as its ground
])  # fmt: skip
def test_a_source_says_how_exact_it_is(
    home: Path, tmp_path: Path, options: tuple[str, ...], narrowest: float, widest: float
) -> None:
    file = str(_cadastre(tmp_path))
    told = ["--id", "cadastre", "--reader", "footprints", "--gsd", "0.5", *options]
    assert cli.run(["sources", "add", file, *told]) == 0
    assert narrowest <= _width("cadastre") <= widest


def test_a_row_that_states_its_own_keeps_it(home: Path, tmp_path: Path) -> None:
    bias = [0.0] * 10 + [None] * 10
    about = sources.About(options={"gsd_m": 0.5, "edge_bias_m": 2.0, "edge_sd_m": 0.3})
    read = footprints.add("mixed", {"footprints": _cadastre(tmp_path, edge_bias_m=bias)}, about).footprints
    assert sorted(read["edge_bias_m"]) == [0.0] * 10 + [2.0] * 10
    assert (read["edge_sd_m"] == 0.3).all()
    assert footprints.load("mixed").footprints["edge_bias_m"].tolist() == read["edge_bias_m"].tolist()


@pytest.mark.parametrize("metres", [-1, float("nan"), float("inf"), "1", True])
def test_what_is_no_length_is_refused(home: Path, tmp_path: Path, metres: Any) -> None:
    about = sources.About(options={"gsd_m": 0.5, "edge_bias_m": metres, "edge_sd_m": metres})
    with pytest.raises(InputError, match=r"edge_sd_m: found .*expected metres, 0 or more") as caught:
        footprints.add("bad", {"footprints": _cadastre(tmp_path)}, about)
    assert "edge_bias_m" in str(caught.value)
    assert catalogue.load("places") is not None
