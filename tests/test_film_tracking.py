"""A null lands on the drawn site, in every format, and what nobody knows has no key."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import dukpy
import numpy as np
import pytest
from film_support import small_shot
from numpy.typing import NDArray
from scipy import ndimage
from shapely import Point

from camps import catalogue, engine, film, maps
from camps.errors import CheckError, InputError
from camps.film import anymap, camera, counters, earthstudio, passes, plan, tracking, tracks
from camps.film.canvas import CanvasStage
from camps.film.subject import build_ground

DOUBLE = Path(__file__).parent / "pages" / "aftereffects.js"
NEAR_PX = 0.5


@dataclass(frozen=True)
class Filmed:
    """A shot, what the page said of its frames, the middles of what it drew, and the tracks written from it."""

    plan: film.Plan
    described: list[dict[str, Any]]
    drawn: list[dict[str, tuple[float, float]]]
    folder: Path


# ── a moving shot of fifty sites that do not touch ───────────────────────────────────────────────────────────────────


def _spread_map() -> maps.CampsMap:
    """Return the counted sites at places of a grid that is bent a little, so that their symbols are apart."""
    counts = catalogue.counts()
    # What was not counted is drawn as dashes, which are many pieces; here every symbol is one.
    counts[["value", "lo", "hi"]] = counts[["value", "lo", "hi"]].fillna(5)
    counts["status"] = "observed"
    sites = catalogue.load()
    sites = sites[sites["site_id"].isin(counts["unit"])].head(50).copy()
    assert len(sites) == 50
    cells = [
        (75 + 2.1 * (i % 10) + 0.37 * math.sin(i), 36.5 + 2.3 * (i // 10) + 0.4 * math.cos(3 * i)) for i in range(50)
    ]
    sites["lon"], sites["lat"] = zip(*cells, strict=True)
    sites["geometry"] = [Point(cell) for cell in cells]
    return maps.growth_map(sites.set_geometry("geometry", crs="EPSG:4326"), counts, mode="illustrative")


def _moving_shot() -> film.Shot:
    only_growth = {name: name == "growth" for name in passes.LAYERS if name != "guides"}
    return film.build_shot(
        {
            "title": "Fifty sites", "code": "TEST_T_0010", "frames": 20, "size": (1280, 720), "rate": "24000/1001",
            "background": "transparent", "mode": "illustrative", "layers": only_growth,
            "clock": {"kind": "linear", "from": date(2017, 7, 3), "to": date(2020, 7, 1)},
            "camera": [
                {"at": 0, "box": (72, 33, 97, 49), "margin": 0},
                {"at": 0.8, "box": (73.5, 35, 96, 48), "margin": 0},
            ],
        }
    )  # fmt: skip


async def _draw(shown: film.FilmPage, planned: film.Plan) -> list[tuple[dict[str, Any], NDArray[np.uint8]]]:
    frames = []
    async with CanvasStage(shown, *planned.shot.size) as stage:
        async for captured in stage.capture(zip(planned.numbers, planned.states, strict=True)):
            alpha = np.array(captured.read()[..., 3])
            frames.append(({**captured.described, "frame": captured.frame}, alpha))
            await captured.release()
    return frames


def _middles(alpha: NDArray[np.uint8]) -> list[tuple[float, float]]:
    """Return the middles of what is drawn, weighted by coverage; pixel (0, 0) reaches from 0 to 1."""
    pieces, n = ndimage.label(alpha, structure=np.ones((3, 3)))
    edge = {*pieces[0], *pieces[-1], *pieces[:, 0], *pieces[:, -1]}
    whole = [piece for piece in range(1, n + 1) if piece not in edge]
    return [(x + 0.5, y + 0.5) for y, x in ndimage.center_of_mass(alpha.astype(float), pieces, whole)]


def _named(
    middles: Sequence[tuple[float, float]], points: dict[str, Any], scale: float
) -> dict[str, tuple[float, float]]:
    named = {}
    for middle in middles:
        nearest = min(points, key=lambda site: math.dist(middle, [scale * side for side in points[site][:2]]))
        assert nearest not in named, f"two pieces at {nearest}"
        named[nearest] = middle
    return named


def _firsts(track: Path) -> list[Path]:
    return [track.parent / name / f"TEST_T_0010_{name}_v001.1001.png" for name in ("base", "growth", "beauty")]


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Filmed:
    map_ = _spread_map()
    planned = film.plan_frames(_moving_shot(), build_ground(map_))
    frames = engine.run_apart(_draw(anymap.build_map_page(map_), planned))
    described = [said for said, _ in frames]
    drawn = [_named(_middles(alpha), said["points"], planned.shot.scale) for said, alpha in frames]
    folder = tmp_path_factory.mktemp("delivery") / "track"
    tracking.write_tracking(folder, "TEST_T_0010_v001", planned, described, sequences=_firsts(folder))
    return Filmed(planned, described, drawn, folder)


def _require_on_site(filmed: Filmed, tracked: Callable[[int, str], tuple[float, float]]) -> None:
    apart = [
        math.dist(tracked(at, site), middle)
        for at, middles in enumerate(filmed.drawn)
        for site, middle in middles.items()
    ]
    assert len(apart) == 50 * 20
    assert max(apart) < NEAR_PX


# ── reading each format as its tool does ─────────────────────────────────────────────────────────────────────────────


def _run_script(path: Path, *, footage: str) -> dict[str, Any]:
    """Run a script as After Effects would, and return what it did."""
    said: dict[str, Any] = dukpy.evaljs(
        [
            f"var FOOTAGE_AT = {json.dumps(footage)};",
            DOUBLE.read_text("utf-8"),
            path.read_text("ascii"),
            "whatWasDone()",
        ]
    )
    return said


def _through(
    eye: Sequence[float], place: Sequence[float], vfov_deg: float, size: tuple[int, int]
) -> tuple[float, float]:
    """Return the pixel at which a camera that looks straight down from `eye` sees `place`."""
    focal_px = size[1] / 2 / math.tan(math.radians(vfov_deg / 2))
    depth = eye[2] - place[2]
    return size[0] / 2 + focal_px * (place[0] - eye[0]) / depth, size[1] / 2 - focal_px * (place[1] - eye[1]) / depth


def _table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


@pytest.fixture(scope="module")
def done(filmed: Filmed) -> dict[str, Any]:
    return _run_script(filmed.folder / "TEST_T_0010_v001.jsx", footage="/delivery/track/../")


@pytest.mark.browser
def test_the_shot_moves_and_every_site_is_found_on_every_frame(filmed: Filmed) -> None:
    assert [len(middles) for middles in filmed.drawn] == [50] * 20
    first, last = filmed.drawn[0], filmed.drawn[-1]
    assert min(math.dist(first[site], last[site]) for site in first) > 1
    assert max(math.dist(first[site], last[site]) for site in first) > 40


@pytest.mark.browser
def test_after_effects_nulls_land_on_the_drawn_sites(filmed: Filmed, done: dict[str, Any]) -> None:
    nulls = {layer["name"]: layer for layer in done["layers"] if layer["threeD"]}
    assert len(nulls) == 50
    for layer in nulls.values():
        times = [key["time"] for key in layer["keys"]]
        assert times == pytest.approx([i * 1001 / 24000 for i in range(20)], abs=1e-12)
        assert {key["value"][2] for key in layer["keys"]} == {0}
    _require_on_site(filmed, lambda at, site: tuple(nulls[f"site_{site}"]["keys"][at]["value"][:2]))


@pytest.mark.browser
def test_after_effects_camera_sees_the_plane_of_the_nulls_pixel_by_pixel(filmed: Filmed, done: dict[str, Any]) -> None:
    (eye,) = [layer for layer in done["layers"] if layer["kind"] == "camera"]
    assert eye["position"] == pytest.approx([640, 360, -eye["zoom"]])
    assert eye["zoom"] == pytest.approx(360 / math.tan(math.radians(tracks.VFOV_DEG / 2)))


@pytest.mark.browser
def test_after_effects_gets_a_composition_in_one_undo_step(filmed: Filmed, done: dict[str, Any]) -> None:
    assert done["undo"] == ["begin Import TEST_T_0010_v001", "end"]
    comp = done["comp"]
    assert (comp["name"], comp["width"], comp["height"], done["n_comps"]) == ("TEST_T_0010_v001", 1280, 720, 1)
    assert comp["fps"] == pytest.approx(24000 / 1001, abs=1e-12)
    assert comp["seconds"] == pytest.approx(20 * 1001 / 24000, abs=1e-12)
    # 01:00:00:00 by the count of 24 is 3603.6 s.
    assert (comp["dropFrame"], comp["displayStartTime"], comp["opened"]) == (False, pytest.approx(3603.6), True)
    assert len(done["imported"]) == 3
    for imported in done["imported"]:
        assert imported["options"]["sequence"] is True
        assert imported["footage"]["mainSource"]["conformFrameRate"] == pytest.approx(24000 / 1001)
        assert imported["footage"]["mainSource"]["alphaMode"] == 5413
    # After Effects lists the top layer first: the whole picture, and below it its passes, switched off.
    pictures = [(Path(layer["name"]).parent.name, layer["enabled"]) for layer in done["layers"][-3:]]
    assert pictures == [("beauty", True), ("growth", False), ("base", False)]
    assert all(layer["name"][0].isalpha() for layer in done["layers"] if layer["kind"] != "footage")


@pytest.mark.browser
def test_after_effects_keeps_the_tracks_where_the_pictures_are_gone(filmed: Filmed) -> None:
    done = _run_script(filmed.folder / "TEST_T_0010_v001.jsx", footage="")
    assert done["imported"] == []
    (told,) = done["alerts"]
    assert "no pictures at\n" in told
    assert "/delivery/track/../growth/TEST_T_0010_growth_v001.1001.png\n" in told
    assert sum(layer["threeD"] for layer in done["layers"]) == 50


@pytest.mark.browser
def test_counters_say_what_the_page_said(filmed: Filmed, done: dict[str, Any]) -> None:
    (layer,) = [layer for layer in done["layers"] if layer["name"] == "COUNTERS"]
    sliders = {effect["name"]: effect["keys"] for effect in layer["effects"] if "Slider" in effect["kind"]}
    boxes = {effect["name"]: effect["keys"] for effect in layer["effects"] if "Checkbox" in effect["kind"]}
    assert set(boxes) == {f"{name} known" for name in sliders}
    assert {key["type"] for keys in [*sliders.values(), *boxes.values()] for key in keys} == {6614}
    for name, key in (("Buildings", "total"), ("Buildings at most", "total_hi"), ("Sites counted", "n_observed")):
        assert [_held(sliders[name], at) for at in range(20)] == pytest.approx(
            [said[key] for said in filmed.described], abs=1e-5
        )
    assert [_held(sliders["Year"], at) for at in range(20)] == [float(said["date_shown"]) for said in filmed.described]
    assert "Month" not in sliders
    assert sliders["Index of sites known at its start = 100"][0]["value"] == 100


def _held(keys: Sequence[dict[str, float]], frame: int) -> float:
    return [key["value"] for key in keys if key["time"] <= frame * 1001 / 24000 + 1e-9][-1]


@pytest.mark.browser
def test_clipboard_text_lands_on_the_drawn_sites(filmed: Filmed) -> None:
    rows = {}
    for path in filmed.folder.glob("*_aekeys.txt"):
        site = path.name.removeprefix("TEST_T_0010_v001_site_").removesuffix("_aekeys.txt")
        lines = path.read_text("utf-8").split("\n")
        assert lines[:2] == ["Adobe After Effects 8.0 Keyframe Data", ""]
        assert lines[2].startswith("\tUnits Per Second\t23.976023")
        assert lines[3:7] == [
            "\tSource Width\t1280",
            "\tSource Height\t720",
            "\tSource Pixel Aspect Ratio\t1",
            "\tComp Pixel Aspect Ratio\t1",
        ]
        assert lines[7:10] == ["", "Transform\tPosition", "\tFrame\tX pixels\tY pixels\tZ pixels"]
        assert lines[-3:] == ["", "End of Keyframe Data", ""]
        rows[site] = [line.split("\t")[1:] for line in lines[10:-3]]
        assert [row[0] for row in rows[site]] == [str(i) for i in range(20)]
    _require_on_site(filmed, lambda at, site: (float(rows[site][at][1]), float(rows[site][at][2])))


@pytest.mark.browser
def test_nuke_camera_sees_the_sites_where_they_are_drawn(filmed: Filmed) -> None:
    lines = [line.split() for line in (filmed.folder / "TEST_T_0010_v001.chan").read_text("ascii").splitlines()]
    assert [int(line[0]) for line in lines] == list(filmed.plan.numbers)
    assert {tuple(line[4:7]) for line in lines} == {("0", "0", "0")}
    # Nuke keeps its knobs in single precision.
    eyes = [np.asarray(line[1:4], dtype=np.float32) for line in lines]
    places = {row["site_id"]: np.asarray([row[axis] for axis in "xyz"], dtype=np.float32)
              for row in _table(filmed.folder / "TEST_T_0010_v001_sites.csv")}  # fmt: skip
    assert max(eye[2] for eye in eyes) == pytest.approx(tracks.FARTHEST)
    _require_on_site(filmed, lambda at, site: _through(eyes[at], places[site], float(lines[at][7]), (1280, 720)))


@pytest.mark.browser
def test_earth_studio_data_read_back_see_the_sites_where_they_are_drawn(filmed: Filmed) -> None:
    read = earthstudio.read_earth_studio(filmed.folder / "TEST_T_0010_v001_ges.json")
    assert (read.name, read.size, len(read.camera)) == ("TEST_T_0010_v001", (1280, 720), 20)
    assert read.frames_a_second == pytest.approx(24000 / 1001)
    _require_on_site(
        filmed, lambda at, site: _through(read.camera[at][0], read.points[site][0], read.camera[at][2], read.size)
    )
    for site, (lon, lat) in build_ground(_spread_map()).sites.items():
        assert read.points[site][1] == pytest.approx((lon, lat, 0), abs=1e-6)
    view = filmed.plan.states[0]
    assert read.camera[0][1][:2] == (view["lon"], view["lat"])
    # From there the field of view holds as many metres as the scale at the middle of the picture says.
    seen_m = 2 * read.camera[0][1][2] * math.tan(math.radians(read.camera[0][2] / 2))
    metres_a_pixel = 2 * math.pi * 6378137 * math.cos(math.radians(view["lat"])) / (256 * 2 ** view["zoom"])
    assert seen_m == pytest.approx(1080 * metres_a_pixel)


@pytest.mark.browser
def test_csv_lands_on_the_drawn_sites(filmed: Filmed) -> None:
    rows = _table(filmed.folder / "TEST_T_0010_v001_track.csv")
    assert len(rows) == 1000
    assert {row["visible"] for row in rows} == {"1"}
    at = {(int(row["frame"]) - 1001, row["site_id"]): (float(row["x_px"]), float(row["y_px"])) for row in rows}
    _require_on_site(filmed, lambda frame, site: at[frame, site])


@pytest.mark.browser
def test_the_same_shot_gives_the_same_bytes(filmed: Filmed, tmp_path: Path) -> None:
    again = tmp_path / "elsewhere" / "track"
    written = tracking.write_tracking(
        again, "TEST_T_0010_v001", filmed.plan, filmed.described, sequences=_firsts(again)
    )
    assert {path.name: path.read_bytes() for path in written} == {
        path.name: path.read_bytes() for path in filmed.folder.iterdir()
    }


@pytest.mark.browser
def test_a_page_that_drew_another_camera_is_found_out(filmed: Filmed, tmp_path: Path) -> None:
    moved = [dict(said) for said in filmed.described]
    site, (x, y, r) = next(iter(moved[7]["points"].items()))
    moved[7]["points"] = {**moved[7]["points"], site: [x + 0.2, y, r]}
    with pytest.raises(CheckError, match=f"frame 1008: site {site} is drawn 0.20 px from where the camera sees it"):
        tracking.write_tracking(tmp_path, "X", filmed.plan, moved)


# ── what a browser is not needed for ─────────────────────────────────────────────────────────────────────────────────


def _planned(**changes: Any) -> film.Plan:
    return film.plan_frames(small_shot(**changes), plan.Ground({}))


def _said(planned: film.Plan, **changes: Sequence[Any]) -> list[dict[str, Any]]:
    """Return what a page would say of two sites, one of them out of the picture as the camera closes in."""
    width, height = plan.reference_size(planned.shot)
    places = {"near": (85.0, 42.0), "far": (130.0, 20.0)}
    frames = []
    for i, (number, state) in enumerate(zip(planned.numbers, planned.states, strict=True)):
        size_px, middle = 256 * 2 ** state["zoom"], camera.world(state["lon"], state["lat"])
        points = {}
        for site, place in places.items():
            x, y = camera.world(*place)
            at = (width / 2 + (x - middle[0]) * size_px, height / 2 + (y - middle[1]) * size_px)
            if -120 < at[0] < width + 120 and -120 < at[1] < height + 120:
                points[site] = [*at, 6.0]
        frames.append(
            {
                "frame": number,
                "points": points,
                "site_ids": sorted(points),
                **{key: values[i] for key, values in changes.items()},
            }
        )
    return frames


def test_a_site_keeps_its_track_out_of_the_picture_and_says_so(tmp_path: Path) -> None:
    planned = _planned()
    tracking.write_tracking(tmp_path, "T", planned, _said(planned))
    rows = [row for row in _table(tmp_path / "T_track.csv") if row["site_id"] == "far"]
    assert [row["visible"] for row in rows] == sorted((row["visible"] for row in rows), reverse=True)
    assert {row["visible"] for row in rows} == {"0", "1"}
    assert float(rows[-1]["x_px"]) > 320
    done = _run_script(tmp_path / "T.jsx", footage="")
    (layer,) = [layer for layer in done["layers"] if layer["name"] == "site_far"]
    (visible,) = layer["effects"]
    assert (visible["name"], [key["value"] for key in visible["keys"]]) == ("Visible", [1, 0])
    assert len(layer["keys"]) == len(planned.numbers)
    assert done["alerts"] == done["imported"] == []


def test_what_nobody_knows_has_no_key_and_never_a_zero(tmp_path: Path) -> None:
    planned = _planned(frames=6)
    totals = [None, None, 12.0, 12.0, None, 20.0]
    said = _said(planned, total=totals, date_shown=[None, "2017", "2017-03", "2017-04", "2018-04-02", None])
    tracking.write_tracking(tmp_path, "T", planned, said)
    (layer,) = [layer for layer in _run_script(tmp_path / "T.jsx", footage="")["layers"] if layer["name"] == "COUNTERS"]
    keys = {
        effect["name"]: [(round(key["time"] * 25), key["value"]) for key in effect["keys"]]
        for effect in layer["effects"]
    }
    assert keys["Buildings"] == [(2, 12), (5, 20)]
    assert keys["Buildings known"] == [(0, 0), (2, 1), (4, 0), (5, 1)]
    assert keys["Month"] == [(2, 3), (3, 4)]
    assert keys["Day known"] == [(0, 0), (4, 1), (5, 0)]
    assert "Buildings at least" not in keys
    assert "Sites known" not in keys


def test_areas_are_counted_in_hectares() -> None:
    planned = _planned(frames=2, map={"kind": "footprints"})
    found = {
        counter.name: counter.values
        for counter in counters.build_counters(planned, _said(planned, total=[25_000.0, None]))
    }
    assert found["Hectares"] == (2.5, None)


def test_the_index_grows_with_the_sites_known_at_its_start_alone() -> None:
    values = [
        {"a": None, "b": None},
        {"a": 10, "b": None},
        {"a": 15, "b": 100},
        {"a": None, "b": 100},
        {"a": 20, "b": 0},
    ]
    assert counters.index([{"values": known} for known in values]) == (None, 100, 150, None, 200)
    assert counters.index([{"values": {"a": 0}}, {"values": {}}]) == (None, None)


def test_a_number_that_no_slider_holds_is_refused(tmp_path: Path) -> None:
    planned = _planned(frames=2)
    with pytest.raises(InputError, match="Buildings: found 2e\\+06, expected at most 1000000"):
        tracking.write_tracking(tmp_path, "T", planned, _said(planned, total=[1.0, 2e6]))


def test_a_film_longer_than_a_composition_is_refused(tmp_path: Path) -> None:
    planned = _planned(frames=3, rate=120)
    with pytest.raises(InputError, match=r"0\.025 s at 120 frames/s, expected at most 10800 s and 99 frames/s"):
        tracking.write_tracking(tmp_path, "T", planned, _said(planned))


def test_missing_frames_are_named(tmp_path: Path) -> None:
    planned = _planned()
    with pytest.raises(InputError, match="descriptions are of 11 frames from 1002; expected one for each of 1001-1012"):
        tracking.write_tracking(tmp_path, "T", planned, _said(planned)[1:])


def test_a_shot_without_a_camera_cannot_be_tracked(tmp_path: Path) -> None:
    planned = _planned(camera=[])
    said = [{"frame": number} for number in planned.numbers]
    with pytest.raises(InputError, match="found no camera keys"):
        tracking.write_tracking(tmp_path, "T", planned, said)


def test_a_shot_without_sites_has_its_camera(tmp_path: Path) -> None:
    planned = _planned()
    said = [{"frame": number, "points": {}} for number in planned.numbers]
    tracking.write_tracking(tmp_path, "T", planned, said)
    assert len((tmp_path / "T.chan").read_text("ascii").splitlines()) == 12
    assert earthstudio.read_earth_studio(tmp_path / "T_ges.json").points == {}
    assert {layer["kind"] for layer in _run_script(tmp_path / "T.jsx", footage="")["layers"]} == {"null", "camera"}


def test_the_folder_tells_how_it_is_used(tmp_path: Path) -> None:
    planned = _planned()
    written = tracking.write_tracking(tmp_path, "T", planned, _said(planned))
    told = (tmp_path / "README.txt").read_text("ascii")
    # A 16:9 picture on a film back of 24.576 mm.
    assert "13.824 with the default of 24.576" in told
    assert "$" not in told
    named = told.replace("site_ID_", "site_near_")
    assert [path.name for path in written if path.name not in named] == ["T_site_far_aekeys.txt", "README.txt"]


def test_earth_studio_stores_places_as_shares(tmp_path: Path) -> None:
    planned = _planned()
    tracking.write_tracking(tmp_path, "T", planned, _said(planned))
    content = json.loads((tmp_path / "T_ges.json").read_text("utf-8"))
    assert set(content) == {
        "name",
        "width",
        "height",
        "frameRate",
        "numFrames",
        "durationSeconds",
        "cameraFrames",
        "trackPoints",
    }
    (point,) = [point for point in content["trackPoints"] if point["name"] == "near"]
    shares = [attribute["value"]["relative"] for attribute in point["coordinate"]["position"]["attributes"]]
    assert shares == pytest.approx([(85 + 180) / 360, (42 + 90) / 180, 500 / 65117981], abs=1e-12)
    content["trackPoints"][0]["coordinate"]["position"]["attributes"].pop()
    (tmp_path / "broken.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match=r"broken\.json: not tracking data of Google Earth Studio"):
        earthstudio.read_earth_studio(tmp_path / "broken.json")


def test_the_camera_of_a_deep_zoom_stays_within_single_precision() -> None:
    deep = _planned(camera=[{"at": 0, "fit": "china"}, {"at": 0.4, "centre": (88.2868, 43.3804), "zoom": 15.6}])
    built = tracks.build_tracks(deep, [{"frame": n, "points": {}} for n in deep.numbers])
    last = built.views[-1]
    eye = np.float32(built.camera_at(last))
    assert np.hypot(*eye[:2]) < 1e-3
    assert 0.1 < eye[2] < tracks.FARTHEST
    beside = camera.lonlat(*np.add(camera.world(last.lon, last.lat), (100 / (256 * 2**15.6), 0)))
    seen = _through(eye, np.float32(built.place(*beside)), tracks.VFOV_DEG, (320, 180))
    assert seen == pytest.approx((160 + 100 * deep.shot.scale, 90), abs=0.01)
