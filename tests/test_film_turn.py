"""A camera that turns turns the ground and what stands on it, and every paper says the same places as the picture."""

from __future__ import annotations

import math
from pathlib import Path

import folium
import numpy as np
import pytest
from film_support import draw, small_shot
from hypothesis import given
from hypothesis import strategies as st

from camps import film
from camps.errors import InputError
from camps.film import camera, readouts
from camps.film.camera import View
from camps.film.plan import Ground, plan_frames
from camps.film.subject import build_ground, build_map

GROWTH = {"kind": "growth", "sources": ["gazetteer"], "where": {"admin1": "Xinjiang"}, "relief": False}
HERE = {"at": 0, "centre": [84, 42], "zoom": 5.2}
degrees = st.floats(-720, 720)


@given(st.floats(-179, 179), st.floats(-70, 70), degrees, st.floats(-900, 900), st.floats(-900, 900))
def test_a_place_goes_to_the_picture_and_back(lon: float, lat: float, turn: float, right: float, down: float) -> None:
    view = View(lon, lat, 6, turn)
    place = camera.unproject(view, right, down)
    assert camera.project(view, *camera.world(*place)) == pytest.approx((right, down), abs=1e-6)


@pytest.mark.parametrize(
    ("bearing", "lies"), [(0, (1, 0)), (90, (0, -1)), (180, (-1, 0)), (270, (0, 1)), (-90, (0, 1))]
)
def test_the_east_lies_where_the_bearing_has_it(bearing: float, lies: tuple[float, float]) -> None:
    east = camera.project(View(0, 0, 0, bearing), *camera.world(1, 0))
    assert np.array(east) / camera.TILE_PX * 360 == pytest.approx(lies, abs=1e-9)


def test_a_turn_goes_as_its_numbers_go() -> None:
    keys = [camera.Key(0, View(80, 40, 5)), camera.Key(1, View(80, 40, 5, 350), "linear", "straight")]
    assert camera.view_at(keys, 0.5, width_px=1920).bearing_deg == 175
    flown = [camera.Key(0, View(80, 40, 5)), camera.Key(1, View(90, 41, 7, -30), "linear")]
    assert camera.view_at(flown, 0.5, width_px=1920).bearing_deg == -15
    curve = [camera.Key(at_s, View(80 + at_s, 40, 5, 20 * at_s), path="curve") for at_s in (0.0, 1.0, 2.0)]
    assert camera.view_at(curve, 1.0, width_px=1920).bearing_deg == pytest.approx(20)


@given(degrees)
def test_a_box_fits_however_it_is_turned(bearing: float) -> None:
    box = camera.Box(80, 36, 96, 48)
    view = camera.fit(box, 1920, 1080, margin=0.1, bearing_deg=bearing)
    corners = [camera.project(view, *camera.world(lon, lat)) for lon in (80, 96) for lat in (36, 48)]
    right, down = np.abs(np.array(corners)).max(axis=0)
    assert right <= 960 * 0.8 + 1e-6
    assert down <= 540 * 0.8 + 1e-6
    assert right == pytest.approx(960 * 0.8) or down == pytest.approx(540 * 0.8)


def test_a_shot_that_does_not_turn_says_nothing_of_it_and_one_that_does_on_every_frame() -> None:
    still = plan_frames(small_shot(camera=[HERE]), Ground({})).states
    assert not any("bearing" in state for state in still)
    turned = [HERE, {**HERE, "at": 0.2, "bearing_deg": 30, "ease": "linear", "path": "straight"}]
    states = plan_frames(small_shot(frames=12, camera=turned), Ground({})).states
    assert [states[0]["bearing"], states[11]["bearing"]] == [0, 30]
    assert all(len(view) == 4 for view in states[3]["views"])


@pytest.mark.browser
@pytest.mark.parametrize("bearing", [0, 37, 90, -145])
def test_symbols_stand_where_tracks_and_rows_say_and_ink_is_there(bearing: float) -> None:
    shot = small_shot(frames=1, size=(640, 360), map=GROWTH, camera=[{**HERE, "bearing_deg": bearing}])
    ((told, picture),) = draw(shot, [{"only": ["growth"], "background": "transparent"}])
    view = View(84, 42, 5.2, bearing)
    found = build_ground(build_map(shot)).sites
    for site, (x, y, _) in told["points"].items():
        right, down = camera.project(view, *camera.world(*found[site]))
        assert (x, y) == pytest.approx((960 + right, 540 + down), abs=1e-6)
    (row,) = readouts.read_out(shot).values()
    assert row["site_ids"].split() == told["site_ids"]
    assert float(row["bearing"] or 0) == bearing
    inside = [p for p in told["points"].values() if 30 < p[0] < 1890 and 30 < p[1] < 1050]
    assert len(inside) > 5
    # A ring is hollow, and has ink at its edge.
    boxes = [[int((at + way * r) / 3) for at in (y, x) for way in (-1, 1)] for x, y, r in inside]
    assert all(picture[top : foot + 2, left : right + 2, 3].any() for top, foot, left, right in boxes)


@pytest.mark.browser
def test_rows_name_the_sites_of_a_turned_picture_up_to_its_corners() -> None:
    camera = [{"at": 0, "fit": "xinjiang"}, {"at": 1.92, "centre": [88.2868, 43.3804], "zoom": 8.5, "bearing_deg": 40}]
    shot = small_shot(frames=49, size=(480, 270), map=GROWTH, camera=camera)
    told = draw(shot, [{"t": state["t"], **state} for state in plan_frames(shot, Ground({})).states])
    rows = readouts.read_out(shot).values()
    assert [row["site_ids"].split() for row in rows] == [said["site_ids"] for said, _ in told]


@pytest.mark.browser
def test_the_ground_turns_about_the_middle_and_words_stay_upright() -> None:
    shot = small_shot(frames=1, size=(360, 360), map={**GROWTH, "kind": "sites"}, camera=[{**HERE, "zoom": 4.5}])
    changes = [{"only": ["base"], "bearing": bearing} for bearing in (0, 90)]
    (_, level), (_, quarter) = draw(shot, changes)
    # East above: the picture with north above, turned to the left.
    assert np.abs(np.rot90(level).astype(int) - quarter).mean() < 1.5
    assert np.abs(level.astype(int) - quarter).mean() > 2
    labels = [{"only": ["labels"], "background": "transparent", "bearing": bearing} for bearing in (90.0, 0.0)]
    (turned, shown), (straight, _) = draw(shot, labels)
    assert turned["labels"]
    assert {one["text"] for one in turned["labels"]} & {one["text"] for one in straight["labels"]}
    for one in turned["labels"]:
        x, y, w, h = (one[side] / 3 for side in "xywh")
        assert w > 0
        assert shown[int(y) : int(y + h) + 1, int(x) : int(x + w) + 1, 3].any()
    boxes = [[one[side] for side in "xywh"] for one in turned["labels"]]
    for i, (x, y, w, h) in enumerate(boxes):
        for other_x, other_y, other_w, other_h in boxes[i + 1 :]:
            apart = max(other_x - x - w, x - other_x - other_w, other_y - y - h, y - other_y - other_h)
            assert apart >= 0


@pytest.mark.browser
def test_the_arrow_of_north_turns() -> None:
    shot = small_shot(frames=1, size=(640, 360), camera=[HERE])
    drawn = draw(shot, [{"only": ["north"], "background": "transparent", "bearing": turn} for turn in (0.0, 90.0)])
    (_, up), (_, left) = drawn
    assert (up != left).any()
    # With the east above, north is on the left: there its tip reaches further than its foot was wide.
    furthest = [np.flatnonzero(picture[..., 3].any(axis=0))[0] for _, picture in drawn]
    assert furthest[1] < furthest[0]


@pytest.mark.browser
def test_tracks_and_camera_turn_with_the_picture(tmp_path: Path) -> None:
    turned = [HERE, {**HERE, "at": 0.2, "bearing_deg": 30, "ease": "linear", "path": "straight"}]
    made = film.deliver(
        small_shot(frames=12, size=(640, 360), map=GROWTH, camera=turned, code="TURN_A_0010"), tmp_path,
        names=["growth", "base", "beauty"], waive=["credit", "flips"], numbers=range(1001, 1007),
    )  # fmt: skip
    (chan,) = made.folder.glob("track/*.chan")
    rows = [[float(part) for part in line.split()] for line in chan.read_text().splitlines()]
    assert [row[6] for row in rows] == pytest.approx([-6 * i for i in range(6)])
    # A camera of the flat world that is turned by rz about the axis to the viewer sees each null where it was drawn.
    number, x, y, z, *_, rz, vfov = rows[5]
    sites = (made.folder / "track" / f"{chan.stem}_sites.csv").read_text().splitlines()[1:]
    shown = {
        tuple(line.split(",")[:2]): [float(part) for part in line.split(",")[2:4]]
        for line in (made.folder / "track" / f"{chan.stem}_track.csv").read_text().splitlines()[1:]
    }
    for line in sites:
        site, _, _, _, site_x, site_y, _ = line.split(",")
        dx, dy = float(site_x) - x, float(site_y) - y
        angle = math.radians(-rz)
        right, up = dx * math.cos(angle) - dy * math.sin(angle), dx * math.sin(angle) + dy * math.cos(angle)
        px = 360 / (2 * z * math.tan(math.radians(vfov / 2)))
        assert shown[str(int(number)), site] == pytest.approx([320 + right * px, 180 - up * px], abs=0.01)


def test_a_map_of_somebody_else_does_not_turn(tmp_path: Path) -> None:
    shot = small_shot(frames=2, camera=[{**HERE, "bearing_deg": 20}])
    with pytest.raises(InputError, match=r"key camera.1.bearing_deg.*0 on a map of somebody else"):
        film.render(folium.Map([40, 80], tiles=None), tmp_path, shot=shot)
