"""Reading, mending, counting and assigning footprints; the bundled Dabancheng series against its own totals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely import affinity

from camps import crs, files, footprints
from camps import settings as folders
from camps.errors import CheckError, InputError, MissingError
from camps.footprints import series
from camps.footprints.series import geometry_hashes

PLANE = crs.regional_crs((88.2, 43.3, 88.4, 43.5))
BUNDLED = folders.geodata() / "footprints"


@pytest.fixture(scope="module")
def dabancheng() -> footprints.FootprintSeries:
    return footprints.load()


def test_a_registered_series_is_read_once_until_what_is_told_of_it_changes(
    monkeypatch: pytest.MonkeyPatch, own_home: Path
) -> None:
    monkeypatch.setenv("CAMPS_HOME", str(own_home))
    read, whole = [], series.read_dated
    monkeypatch.setattr(series, "read_dated", lambda *given, **told: read.append(1) or whole(*given, **told))
    first, register = footprints.load("dabancheng"), own_home / "geodata" / "sources.toml"
    first.footprints.loc[:, "kind"] = "changed by who loaded it"
    assert "changed by who loaded it" not in set(footprints.load("dabancheng").footprints["kind"])
    assert len(read) <= 1, "tests before may have loaded it"
    text = register.read_text("utf-8")
    known = 'images = "dabancheng-sentinel2"\n'
    assert known in text
    register.write_text(text.replace(known, f"{known}\n[source.options]\nedge_bias_m = 7.5\n", 1), "utf-8")
    assert footprints.load("dabancheng").footprints["edge_bias_m"].eq(7.5).any()
    (own_home / "geodata" / "footprints" / "dabancheng_footprints.geojson").write_text("{}", "utf-8")
    with pytest.raises(CheckError, match="dabancheng_footprints"):
        footprints.load("dabancheng")


def metres(*shapes: shapely.Geometry) -> list[shapely.Geometry]:
    """Lay shapes drawn in metres about a point 2 km off the centre of the plane, in degrees."""
    moved = [affinity.translate(s, 2000, 2000) for s in shapes]
    return list(gpd.GeoSeries(moved, crs=PLANE).to_crs(4326))


def frame(shapes: list[Any], **columns: Any) -> gpd.GeoDataFrame:
    table = gpd.GeoDataFrame(geometry=shapes, crs=4326)
    return table.assign(**{"observed_on": "2018-06-10"} | columns)


def write(table: gpd.GeoDataFrame, path: Path) -> Path:
    path.unlink(missing_ok=True)
    table.to_parquet(path)
    return path


def load(tmp_path: Path, shapes: list[Any], **columns: Any) -> footprints.FootprintSeries:
    return footprints.load(write(frame(shapes, **columns), tmp_path / "in.parquet"), gsd_m=0.5)


# --- the bundled series -------------------------------------------------------------------------------------------


def test_the_bundled_series_is_sound(dabancheng: footprints.FootprintSeries) -> None:
    assert len(dabancheng.footprints) == 689
    assert dabancheng.footprints["track_id"].nunique() == 126
    assert len(dabancheng.scenes) == 13
    assert len(dabancheng.looks) == 26
    assert dabancheng.repairs.empty
    assert dabancheng.footprints["site_id"].isna().sum() == 185
    assert (dabancheng.footprints["overlap_m2"] == 0).all()


def test_counts_and_areas_are_those_of_the_published_series(dabancheng: footprints.FootprintSeries) -> None:
    published = pd.read_csv(BUNDLED / "dabancheng_series.csv").set_index(["site_id", "observed_on"])
    built = footprints.areas(dabancheng.footprints).set_index(["site_id", "observed_on"])
    built = built.reindex(published.index).fillna(0)
    assert (built["n"] == published["n_total"]).all()
    assert (built["area_m2"].round() == published["built_m2"]).all()
    walled = footprints.areas(dabancheng.footprints, kinds=["compound"]).set_index(["site_id", "observed_on"])
    hectares = (walled["area_m2"] / 1e4).reindex(published.index).fillna(0).round(1)
    assert (hectares == published["compound_ha"]).all()


def test_the_valid_area_of_a_partial_look_leaves_out_what_was_not_seen(dabancheng: footprints.FootprintSeries) -> None:
    looks = dabancheng.looks.set_index(["site_id", "scene_id"])["status"]
    keys = pd.MultiIndex.from_frame(dabancheng.coverage[["site_id", "scene_id"]])
    assert set(looks[keys]) == {"partial"}
    dip = dabancheng.coverage[dabancheng.coverage["scene_id"] == "s2l1c-ql-20180526"].geometry.iloc[0]
    rows = dabancheng.footprints.drop_duplicates("track_id").set_index("track_id").geometry
    assert not dip.intersects(rows["dbc-W-a1"])
    assert dip.covers(rows["dbc-X-i1n"])


# --- formats, columns and dates -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "shp", "fgb", "parquet"])
def test_every_format_gives_the_same_footprints(tmp_path: Path, suffix: str) -> None:
    shapes = metres(shapely.box(0, 0, 18, 80), shapely.box(40, 0, 58, 80))
    table = gpd.GeoDataFrame(
        {"seen": ["2017-06-10", "2018-07-23"], "id": ["a", "b"]}, geometry=shapes, crs=4326
    ).to_crs(4326 if suffix == "geojson" else PLANE)
    path = tmp_path / f"in.{suffix}"
    table.to_parquet(path) if suffix == "parquet" else table.to_file(path)
    read = footprints.load(path, columns={"observed_on": "seen", "track_id": "id"}, gsd_m=0.5)
    assert read.footprints["track_id"].tolist() == ["a", "b"]
    assert read.footprints["observed_on"].tolist() == ["2017-06-10", "2018-07-23"]
    assert read.footprints["area_m2"].to_numpy() == pytest.approx([1440, 1440], rel=1e-5)
    assert read.scenes["t_lo"].tolist() == ["2017-06-10", "2018-07-23"]
    assert (read.footprints["kind"] == "building").all()


def test_one_date_a_file(tmp_path: Path) -> None:
    shape = gpd.GeoDataFrame(geometry=metres(shapely.box(0, 0, 18, 80)), crs=4326)
    paths = [write(shape, tmp_path / name) for name in ("early.parquet", "late.parquet")]
    given = {"early.parquet": "2017", "late.parquet": "2018-03"}
    read = footprints.load(paths, observed_on=given, gsd_m=0.5)
    assert read.footprints["observed_on"].tolist() == ["2017", "2018-03"]
    assert read.scenes[["t_lo", "t_hi"]].to_numpy().tolist() == [
        ["2017-01-01", "2017-12-31"],
        ["2018-03-01", "2018-03-31"],
    ]


def test_a_file_without_a_polygon_is_still_a_look(tmp_path: Path) -> None:
    nothing = gpd.GeoDataFrame({"kind": []}, geometry=[], crs=4326)
    read = footprints.load(write(nothing, tmp_path / "none.parquet"), observed_on="2017-06-10", gsd_m=0.5)
    assert read.footprints.empty
    assert read.scenes["observed_on"].tolist() == ["2017-06-10"]
    assert footprints.areas(read.footprints).empty


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2017-06-10", "2017-06-10"),
        ("2017/06/10", "2017-06-10"),
        ("2017-06-10T00:00:00", "2017-06-10"),
        ("2017-06-10 00:00:00.000", "2017-06-10"),
        (2017, "2017"),
        (2017.0, "2017"),
        ("2017-06", "2017-06"),
        ("2017/2018", "2017/2018"),
        ("2017-06-10?", "2017-06-10?"),
    ],
)
def test_dates_as_files_hold_them(tmp_path: Path, written: object, read: str) -> None:
    series = load(tmp_path, metres(shapely.box(0, 0, 9, 9)), observed_on=[written])
    assert series.footprints["observed_on"].tolist() == series.scenes["observed_on"].tolist() == [read]
    assert series.repairs.empty


def test_a_moment_in_utc_is_its_day_and_logged(tmp_path: Path) -> None:
    shapes = metres(shapely.box(0, 0, 9, 9), shapely.box(20, 0, 29, 9))
    series = load(tmp_path, shapes, observed_on=["2017-06-10T00:00:00Z", "2017-06-11"])
    assert series.footprints["observed_on"].tolist() == ["2017-06-10", "2017-06-11"]
    assert series.repairs[["source_row", "action", "reason"]].to_numpy().tolist() == [
        [1, "noted", "date: a moment in UTC; its date in UTC is taken"]
    ]


def test_the_date_of_a_file_is_read_as_the_date_of_a_row_is(tmp_path: Path) -> None:
    path = write(gpd.GeoDataFrame(geometry=metres(shapely.box(0, 0, 18, 80)), crs=4326), tmp_path / "in.parquet")
    assert footprints.load(path, observed_on="June 2017", gsd_m=0.5).scenes["observed_on"].tolist() == ["2017-06"]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("10/06/2017", "write it as 2017-06-10"),
        ("2017-06-10T09:30:00+08:00", "write the calendar date alone"),
        ("2017-13-01", "write it as"),
        ("2017-00", "write it as"),
        ("2017-02-30", "write it as"),
        ("2018/2017", "ends before it begins"),
        ("2017/..", "write it as"),
        ("2017-06-10 09:30", "write the calendar date alone"),
        ("Mar-37", "write it as"),
        (None, "no date"),
        ("", "no date"),
    ],
)
def test_what_is_no_calendar_date_is_refused_with_its_row(tmp_path: Path, written: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path, metres(shapely.box(0, 0, 9, 9)), observed_on=[written])
    assert "in.parquet row 1, column observed_on" in str(caught.value)


@pytest.mark.parametrize(
    ("printed", "told", "read"),
    [
        ("2020-21", {"edtf": True}, "2020-21"),
        ("03/04/2018", {"date_order": "dmy"}, "2018-04-03"),
        ("Mar-37", {"century": 1900}, "1937-03"),
    ],
)
def test_what_is_told_of_dates_holds_for_that_of_a_file(
    tmp_path: Path, printed: str, told: dict[str, Any], read: str
) -> None:
    """The spring of 2020 came with a scene of 2020 to 2021 in which nothing was seen; the others were refused."""
    path = write(gpd.GeoDataFrame(geometry=metres(shapely.box(0, 0, 9, 9)), crs=4326), tmp_path / "one.parquet")
    assert footprints.load(path, observed_on=printed, gsd_m=0.5, **told).scenes["observed_on"].tolist() == [read]


def test_dates_of_mixed_precision_stand_side_by_side(tmp_path: Path) -> None:
    shapes = metres(*(shapely.box(40 * i, 0, 40 * i + 18, 80) for i in range(3)))
    read = load(tmp_path, shapes, observed_on=["2018-06-10", "2018", "2017"])
    assert read.scenes["observed_on"].tolist() == ["2017", "2018", "2018-06-10"]


def test_two_scenes_of_one_date_stay_two(tmp_path: Path) -> None:
    shapes = metres(shapely.box(0, 0, 18, 80), shapely.box(40, 0, 58, 80))
    read = load(tmp_path, shapes, scene_id=["pan-1", "pan-2"])
    assert read.scenes["scene_id"].tolist() == ["pan-1", "pan-2"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"scene_id": ["s", "s"], "observed_on": ["2017", "2018"]}, "scene_id"),
        ({"footprint_id": ["f", "f"]}, "no repeats"),
        ({"kind": ["hut", "building"]}, "kind"),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, metres(shapely.box(0, 0, 18, 80), shapely.box(40, 0, 58, 80)), **columns)


def test_scenes_and_looks_must_fit_the_footprints(tmp_path: Path) -> None:
    path = write(frame(metres(shapely.box(0, 0, 18, 80)), scene_id="s1"), tmp_path / "in.parquet")
    scenes = pd.DataFrame({"scene_id": ["s1"], "sensor": "x", "gsd_m": 0.5, "observed_on": "2017", "licence": "own"})
    with pytest.raises(InputError, match=r"row 1: scene s1 on 2018-06-10, expected 2017"):
        footprints.load(path, scenes=scenes)
    with pytest.raises(InputError, match="no scene for s1"):
        footprints.load(path, scenes=scenes.assign(scene_id="s2"))
    looks = pd.DataFrame({"site_id": ["a"], "scene_id": ["s9"], "status": ["observed"]})
    with pytest.raises(InputError, match="no scene s9"):
        footprints.load(path, scenes=scenes.assign(observed_on="2018-06-10"), looks=looks)


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such file"):
        footprints.load(tmp_path / "none.gpkg")
    files.write_text(tmp_path / "text.gpkg", "not a database")
    with pytest.raises(InputError, match="its first bytes are of no GeoPackage"):
        footprints.load(tmp_path / "text.gpkg")
    files.write_text(tmp_path / "text.parquet", "not parquet")
    with pytest.raises(InputError, match="no whole Parquet file"):
        footprints.load(tmp_path / "text.parquet")
    files.write_text(tmp_path / "table.csv", "a,b\n1,2\n")
    with pytest.raises(InputError, match="its first bytes are of no"):
        footprints.load(tmp_path / "table.csv")
    shapes = frame(metres(shapely.box(0, 0, 18, 80)))
    with pytest.raises(InputError, match=r"no scenes, .* say --gsd \(gsd_m=\)"):
        footprints.load(write(shapes, tmp_path / "in.parquet"))
    with pytest.raises(InputError, match=r"no column OBJECTID; it has .*observed_on"):
        footprints.load(tmp_path / "in.parquet", columns={"track_id": "OBJECTID"})
    for layer in ("one", "two"):
        shapes.to_file(tmp_path / "layers.gpkg", layer=layer)
    with pytest.raises(InputError, match=r"has layers one \(1 features\), two \(1 features\), expected one"):
        footprints.load(tmp_path / "layers.gpkg")
    assert len(footprints.load(tmp_path / "layers.gpkg", layer="two", gsd_m=0.5).footprints) == 1


def test_what_could_belong_to_two_scenes_is_refused(tmp_path: Path) -> None:
    path = write(frame(metres(shapely.box(0, 0, 18, 80))), tmp_path / "in.parquet")
    scenes = pd.DataFrame(
        {"scene_id": ["a", "b"], "sensor": "x", "gsd_m": 0.5, "observed_on": "2018-06-10", "licence": "own"}
    )
    with pytest.raises(InputError, match=r"row 1: no scene_id, and 2018-06-10 has several scenes"):
        footprints.load(path, scenes=scenes)


def test_a_file_without_polygons_needs_a_date(tmp_path: Path) -> None:
    nothing = write(gpd.GeoDataFrame({"kind": []}, geometry=[], crs=4326), tmp_path / "none.parquet")
    with pytest.raises(InputError, match=r"none\.parquet: neither a polygon nor a date"):
        footprints.load(nothing, gsd_m=0.5)
    read = footprints.load([nothing], observed_on={"none.parquet": "2017"}, gsd_m=0.5)
    assert read.scenes["observed_on"].tolist() == ["2017"]


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("corner", [np.nan, np.inf])
def test_coordinates_that_are_no_numbers_are_refused(tmp_path: Path, corner: float) -> None:
    shape = shapely.Polygon([(88, 43), (88.001, 43), (88.001, 43.001), (88, corner)])
    with pytest.raises(InputError, match=r"row 0 has|row 1: found Polygon, expected a polygon of finite coordinates"):
        load(tmp_path, [shape])


def test_a_file_without_a_crs_needs_one(tmp_path: Path) -> None:
    path = write(frame(metres(shapely.box(0, 0, 18, 80))).set_crs(None, allow_override=True), tmp_path / "in.parquet")
    with pytest.raises(InputError, match="states no CRS"):
        footprints.load(path, gsd_m=0.5)
    assert len(footprints.load(path, gsd_m=0.5, crs=4326).footprints) == 1


# --- geometry -----------------------------------------------------------------------------------------------------

BOW_TIE = shapely.Polygon([(0, 0), (20, 20), (20, 0), (0, 20)])
# Two squares of 100 drawn in one stroke: they share 25, which the corners count twice.
SELF_OVERLAP = shapely.Polygon(
    [(0, 0), (10, 0), (10, 10), (5, 10), (5, 5), (15, 5), (15, 15), (5, 15), (5, 10), (0, 10)]
)


def test_repair_keeps_both_halves_of_a_bow_tie() -> None:
    mended = footprints.repair_geometry(np.array([BOW_TIE]))
    assert shapely.area(mended) == pytest.approx([200])
    assert BOW_TIE.buffer(0).area == pytest.approx(100)


def test_repair_keeps_what_a_self_overlap_covers() -> None:
    assert not SELF_OVERLAP.is_valid
    assert shapely.make_valid(SELF_OVERLAP).area == pytest.approx(150)
    assert shapely.area(footprints.repair_geometry(np.array([SELF_OVERLAP]))) == pytest.approx([175])


def test_a_small_repair_is_logged_with_both_areas(tmp_path: Path) -> None:
    spike = shapely.Polygon([(0, 0), (30, 0), (30, 20), (30, 25), (30, 20), (0, 20)])
    read = load(tmp_path, metres(spike))
    row = read.repairs.iloc[0]
    assert (row["action"], row["source_file"], row["source_row"]) == ("repaired", "in.parquet", 1)
    assert row["reason"].startswith("Ring Self-intersection")
    assert row["area_before_m2"] == pytest.approx(600, rel=1e-5)
    assert row["area_after_m2"] == pytest.approx(600, rel=1e-5)
    assert read.footprints["repair"].tolist() == ["repaired"]
    assert read.footprints.geometry.is_valid.all()


def test_a_repair_that_changes_the_area_is_refused_or_left_out_with_a_word(tmp_path: Path) -> None:
    path = write(frame(metres(BOW_TIE, shapely.box(40, 0, 58, 80))), tmp_path / "in.parquet")
    with pytest.raises(InputError, match=r"row 1: found .* that a repair makes 200\.0 m².*refused=\"drop\""):
        footprints.load(path, gsd_m=0.5)
    read = footprints.load(path, gsd_m=0.5, refused="drop")
    assert len(read.footprints) == 1
    assert read.repairs["action"].tolist() == ["left out"]
    assert read.repairs["area_after_m2"].iloc[0] == pytest.approx(200, rel=1e-4)


def test_each_awkward_geometry_has_its_answer(tmp_path: Path) -> None:
    court = shapely.box(0, 0, 60, 60).difference(shapely.box(20, 20, 40, 40))
    touching = shapely.Polygon([(100, 0), (120, 0), (120, 20), (110, 10), (100, 20), (110, 10)])
    shapes = [
        *metres(court),
        None,
        shapely.Polygon(),
        *metres(shapely.Polygon([(0, 0), (5, 0), (9, 0)])),
        *metres(shapely.force_3d(shapely.box(200, 0, 218, 80), 1100.0)),
        *metres(shapely.MultiPolygon([shapely.box(300, 0, 310, 10), shapely.box(320, 0, 330, 10)])),
        *metres(touching),
    ]
    read = load(tmp_path, shapes, footprint_id=[f"f{i}" for i in range(1, 8)])
    areas = read.footprints.set_index("footprint_id")["area_m2"]
    assert areas.round(2).to_dict() == {"f1": 3200.0, "f5": 1440.0, "f6-1": 100.0, "f6-2": 100.0, "f7": 200.0}
    log = read.repairs.set_index("source_row")
    assert log["action"].to_dict() == {
        2: "left out",
        3: "left out",
        4: "left out",
        5: "flattened",
        6: "divided",
        7: "repaired",
    }


def test_a_compound_is_measured_with_its_courtyards(tmp_path: Path) -> None:
    court = shapely.box(0, 0, 60, 60).difference(shapely.box(20, 20, 40, 40))
    read = load(tmp_path, metres(court, court), kind=["compound", "building"])
    by_kind = read.footprints.set_index("kind")
    assert by_kind.loc["compound", "area_m2"] == pytest.approx(3600, rel=1e-5)
    assert by_kind.loc["compound", "perimeter_m"] == pytest.approx(240, rel=1e-3)
    assert by_kind.loc["building", "area_m2"] == pytest.approx(3200, rel=1e-5)


@pytest.mark.parametrize("cut", [True, False])
def test_a_building_on_the_antimeridian_is_one(tmp_path: Path, cut: bool) -> None:
    width, length = 0.0004, 0.0006
    if cut:
        west = shapely.box(180 - width / 2, 43, 180, 43 + length)
        east = shapely.box(-180, 43, -180 + width / 2, 43 + length)
        shape: shapely.Geometry = shapely.MultiPolygon([west, east])
    else:
        folded = [(179.9998, 43), (-179.9998, 43), (-179.9998, 43 + length), (179.9998, 43 + length)]
        shape = shapely.Polygon(folded)
    read = load(tmp_path, [shape])
    whole = crs.measure(gpd.GeoSeries([shapely.box(90, 43, 90 + width, 43 + length)], crs=4326)).iloc[0]
    assert len(read.footprints) == 1
    assert read.footprints["area_m2"].iloc[0] == pytest.approx(whole["area_m2"], rel=1e-6)
    assert read.footprints["perimeter_m"].iloc[0] == pytest.approx(whole["perimeter_m"], rel=1e-6)
    assert read.repairs["reason"].tolist() == ["lies across the antimeridian"]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (shapely.box(80, 40, 81, 41), r"expected at most 1,000 km²; check the CRS"),
        (shapely.Point(88, 43), "found Point, expected a polygon of finite"),
        (shapely.LineString([(88, 43), (88.1, 43)]), "found LineString"),
    ],
)
def test_what_cannot_be_a_footprint_is_refused(tmp_path: Path, shape: shapely.Geometry, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, [shape])


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 faults") as caught:
        load(tmp_path, [shapely.Point(88, 43), shapely.box(80, 40, 81, 41)])
    assert "row 1" in str(caught.value)
    assert "row 2" in str(caught.value)


def test_a_hash_does_not_depend_on_how_rings_are_written() -> None:
    court = shapely.box(0, 0, 60, 60).difference(shapely.box(20, 20, 40, 40))
    other = shapely.Polygon([(60, 60), (60, 0), (0, 0), (0, 60)], [[(40, 20), (40, 40), (20, 40), (20, 20)]])
    hashes = geometry_hashes(np.array([court, other, shapely.force_3d(other, 7), shapely.box(0, 0, 60, 60)]))
    assert hashes[0] == hashes[1] == hashes[2] != hashes[3]


# --- duplicates and overlaps --------------------------------------------------------------------------------------


def test_of_two_duplicates_the_better_source_stays(tmp_path: Path) -> None:
    shapes = metres(shapely.box(0, 0, 18, 80), shapely.box(1, 0, 19, 80), shapely.box(40, 0, 58, 80))
    read = load(tmp_path, shapes, footprint_id=["a", "b", "c"], confidence=["low", "high", "low"])
    assert read.footprints["footprint_id"].tolist() == ["b", "c"]
    assert (read.footprints["overlap_m2"] == 0).all()
    logged = read.repairs.iloc[0]
    assert (logged["footprint_id"], logged["reason"], logged["kept"]) == ("a", "duplicate", "in.parquet row 2")


def test_a_duplicate_of_what_is_left_out_stays(tmp_path: Path) -> None:
    shapes = metres(*(shapely.box(x, 0, x + 100, 20) for x in (0, 10, 20)))
    read = load(tmp_path, shapes, footprint_id=["a", "b", "c"], edge_sd_m=[1.0, 2.0, 3.0])
    assert read.footprints["footprint_id"].tolist() == ["a", "c"]


def test_the_finer_image_of_a_date_is_the_better_source(tmp_path: Path) -> None:
    shape = metres(shapely.box(0, 0, 18, 80))[0]
    path = write(frame([shape, shape], scene_id=["coarse", "fine"]), tmp_path / "in.parquet")
    scenes = pd.DataFrame(
        {"scene_id": ["coarse", "fine"], "sensor": "x", "gsd_m": [10, 0.5], "observed_on": "2018-06-10", "licence": "x"}
    )
    assert footprints.load(path, scenes=scenes).footprints["scene_id"].tolist() == ["fine"]


def test_an_overlap_is_flagged_and_counted_once(tmp_path: Path) -> None:
    shapes = metres(shapely.box(0, 0, 20, 20), shapely.box(10, 0, 30, 20), shapely.box(15, 0, 40, 20))
    shapes += metres(shapely.box(100, 0, 110, 10))
    read = load(tmp_path, shapes, site_id="s", footprint_id=list("abcd"))
    flagged = read.footprints.set_index("footprint_id")["overlap_m2"].round(1)
    assert flagged.to_dict() == {"a": 300.0, "b": 500.0, "c": 400.0, "d": 0.0}
    total = footprints.areas(read.footprints).iloc[0]
    assert total["area_m2"] == pytest.approx(900, rel=1e-5)
    assert total["sum_m2"] == pytest.approx(1400, rel=1e-5)
    assert total["overlap"]
    assert total["n"] == 4


def test_other_dates_and_the_wall_around_are_no_overlap(tmp_path: Path) -> None:
    shapes = metres(shapely.box(0, 0, 20, 20), shapely.box(0, 0, 20, 20), shapely.box(-9, -9, 30, 30))
    dated = ["2017", "2018", "2017"]
    read = load(tmp_path, shapes, observed_on=dated, kind=["building", "building", "compound"])
    assert len(read.footprints) == 3
    assert (read.footprints["overlap_m2"] == 0).all()


# --- sites --------------------------------------------------------------------------------------------------------


def test_footprints_go_to_the_site_that_contains_them_then_to_the_nearest(tmp_path: Path) -> None:
    wall = shapely.box(0, 0, 300, 300)
    inner = shapely.box(10, 10, 60, 60)
    shapes = metres(
        wall, inner, shapely.box(20, 20, 40, 40), shapely.box(200, 200, 220, 220), shapely.box(320, 0, 340, 20),
        shapely.box(5000, 0, 5020, 20), shapely.box(900, 0, 920, 20),
    )  # fmt: skip
    kinds = ["compound", "compound", *["building"] * 5]
    known = [None, "inner", None, None, None, None, "kept"]
    read = load(tmp_path, shapes, kind=kinds, site_id=known, footprint_id=list("WICNOFK"))
    points = metres(shapely.Point(150, 150), shapely.Point(340, 10), shapely.Point(900, 0))
    sites = gpd.GeoDataFrame({"site_id": ["main", "gate", "near"]}, geometry=points, crs=4326)
    given = footprints.assign_sites(read.footprints, sites).set_index("footprint_id")
    assert given["site_id"].fillna("-").to_dict() == {
        "W": "main", "I": "inner", "C": "inner", "N": "main", "O": "gate", "F": "-", "K": "kept",
    }  # fmt: skip
    assert given["site_by"].fillna("-").to_dict() == {
        "W": "containment", "I": "published", "C": "containment", "N": "containment", "O": "distance", "F": "-",
        "K": "published",
    }  # fmt: skip
    assert given.loc["O", "site_distance_m"] == pytest.approx(0, abs=0.01)
    assert np.isnan(given.loc["F", "site_distance_m"])


def test_a_tie_goes_to_the_first_site_and_order_does_not_matter(tmp_path: Path) -> None:
    read = load(tmp_path, metres(shapely.box(90, 0, 110, 20)))
    points = metres(shapely.Point(0, 10), shapely.Point(200, 10))
    sites = gpd.GeoDataFrame({"site_id": ["b", "a"]}, geometry=points, crs=4326)
    for order in ([0, 1], [1, 0]):
        given = footprints.assign_sites(read.footprints, sites.iloc[order])
        assert given["site_by"].tolist() == ["distance"]
        assert given["site_distance_m"].iloc[0] == pytest.approx(90, rel=1e-3)


def test_the_bundled_footprints_find_their_published_sites(dabancheng: footprints.FootprintSeries) -> None:
    record = pd.read_csv(folders.geodata() / "gazetteer.csv", dtype=str)
    record = record[record["site_id"].isin(dabancheng.looks["site_id"])]
    points = gpd.points_from_xy(record["lon"].astype(float), record["lat"].astype(float))
    sites = gpd.GeoDataFrame({"site_id": record["site_id"]}, geometry=points, crs=4326)
    built = dabancheng.footprints[dabancheng.footprints["kind"].isin(footprints.BUILT)]
    walls = dabancheng.footprints[dabancheng.footprints["kind"] == "compound"]
    unnamed = gpd.GeoDataFrame(pd.concat([built.assign(site_id=pd.NA), walls]), crs=4326)
    found = footprints.assign_sites(unnamed, sites).loc[built.index]
    assert (found["site_id"] == built["site_id"]).all()
    assert (found["site_by"] == "containment").mean() > 0.99


# --- invariants ---------------------------------------------------------------------------------------------------


def boxes() -> st.SearchStrategy[list[tuple[int, int, int, int]]]:
    one = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(2, 30), st.integers(2, 30))
    return st.lists(one, min_size=2, max_size=12)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(boxes(), st.randoms(use_true_random=False), st.integers(0, 3), st.booleans())
def test_row_order_rings_and_cut_files_never_change_a_series(
    tmp_path: Path, sizes: list[tuple[int, int, int, int]], chance: Any, start: int, flip: bool
) -> None:
    shapes = metres(*(shapely.box(x, y, x + w, y + h) for x, y, w, h in sizes))
    confidence = [("high", "low", None)[i % 3] for i in range(len(shapes))]
    whole = frame(shapes, confidence=confidence, site_id="s")
    straight = footprints.load(write(whole, tmp_path / "whole.parquet"), gsd_m=0.5)

    order = list(range(len(shapes)))
    chance.shuffle(order)
    turned = whole.iloc[order].set_geometry([_turned(shapes[i], start, flip) for i in order], crs=4326)
    half = len(order) // 2
    parts = [
        write(turned.iloc[:half], tmp_path / "one.parquet"),
        write(turned.iloc[half:], tmp_path / "two.parquet"),
    ]
    shuffled = footprints.load(parts, gsd_m=0.5)
    left, right = (s.footprints.drop(columns=["geometry", "area_m2", "perimeter_m"]) for s in (straight, shuffled))
    assert_frame_equal(left, right, rtol=1e-6, atol=1e-6)
    assert straight.footprints["area_m2"].to_numpy() == pytest.approx(
        shuffled.footprints["area_m2"], rel=1e-6, abs=1e-3
    )
    assert len(straight.repairs) == len(shuffled.repairs) == len(shapes) - len(straight.footprints)


def _turned(shape: shapely.Polygon, start: int, flip: bool) -> shapely.Polygon:
    corners = list(shape.exterior.coords)[:-1]
    corners = corners[start:] + corners[:start]
    return shapely.Polygon(corners[::-1] if flip else corners)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(boxes())
def test_an_area_is_that_of_the_union(tmp_path: Path, sizes: list[tuple[int, int, int, int]]) -> None:
    shapes = [shapely.box(x, y, x + w, y + h) for x, y, w, h in sizes]
    read = load(tmp_path, metres(*shapes), site_id="s")
    kept = read.footprints.to_crs(PLANE)
    total = footprints.areas(read.footprints).iloc[0]
    assert total["area_m2"] == pytest.approx(kept.union_all().area, rel=1e-5, abs=0.3)
    assert total["area_m2"] <= total["sum_m2"] + 1e-6
