"""The camera arrives where it is sent, moves without a jump, and zooms at a constant perceived speed."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator

from camps import film
from camps.film import camera
from camps.film.camera import EASINGS, Box, Key, View

CHINA, CAMP = View(104.0, 36.0, 4.2), View(88.288, 43.384, 15.3)
lons, lats, zooms = st.floats(-179, 179), st.floats(-80, 80), st.floats(1, 18)
views = st.builds(View, lons, lats, zooms)


@pytest.mark.parametrize("name", EASINGS)
def test_every_easing_goes_from_nothing_to_all_and_never_back(name: str) -> None:
    shares = [EASINGS[name](i / 200) for i in range(201)]
    assert (shares[0], shares[-1]) == (0, 1)
    assert all(later >= earlier for earlier, later in itertools.pairwise(shares))


@given(lons, lats)
def test_web_mercator_there_and_back(lon: float, lat: float) -> None:
    back = camera.lonlat(*camera.world(lon, lat))
    assert back == pytest.approx((lon, lat), abs=1e-9)


def test_world_agrees_with_pyproj() -> None:
    from pyproj import Transformer

    x, y = Transformer.from_crs(4326, 3857, always_xy=True).transform(88.288, 43.384)
    half = math.pi * 6378137
    assert camera.world(88.288, 43.384) == pytest.approx(((x + half) / (2 * half), (half - y) / (2 * half)), abs=1e-12)


@given(st.floats(-170, 100), st.floats(-60, 50), st.floats(0.01, 60), st.floats(0.01, 25), st.floats(0, 0.4))
def test_a_fitted_box_is_inside_the_picture_and_fills_it(
    west: float, south: float, wide: float, high: float, margin: float
) -> None:
    box = Box(west, south, west + wide, south + high)
    view = camera.fit(box, 1920, 1080, margin=margin)
    scale = camera.TILE_PX * 2**view.zoom
    (left, top), (right, bottom) = camera.world(box.west, box.north), camera.world(box.east, box.south)
    used = max((right - left) * scale / 1920, (bottom - top) * scale / 1080)
    assert used == pytest.approx(1 - 2 * margin) or view.zoom == camera.ZOOM_RANGE[1]


@given(views, views, st.floats(0, 1))
def test_a_flight_begins_and_ends_exactly_where_it_should(start: View, end: View, share: float) -> None:
    assert camera.flight(start, end, 0, 1920) == start
    assert camera.flight(start, end, 1, 1920) == end
    between = camera.flight(start, end, share, 1920)
    assert all(map(math.isfinite, (between.lon, between.lat, between.zoom)))


def test_a_flight_has_the_constant_speed_of_the_paper() -> None:
    """Perceived speed √(ρ²·u'² + w'²/ρ²)/w is the same all along (van Wijk and Nuij, equation 3)."""
    steps = 4000
    path = [camera.flight(CHINA, CAMP, i / steps, 1920) for i in range(steps + 1)]
    where = [camera.world(view.lon, view.lat) for view in path]
    seen = [1920 / (camera.TILE_PX * 2**view.zoom) for view in path]
    speeds = []
    for i in range(1, steps):
        du = math.dist(where[i - 1], where[i + 1])
        dw = seen[i + 1] - seen[i - 1]
        speeds.append(math.hypot(camera.RHO * du, dw / camera.RHO) / seen[i])
    assert max(speeds) / min(speeds) == pytest.approx(1, abs=2e-3)


def test_a_far_flight_backs_off_before_it_comes_down() -> None:
    near, far = View(80, 40, 14), View(90, 44, 14)
    middle = camera.flight(near, far, 0.5, 1920)
    assert middle.zoom < 9
    assert camera.straight(near, far, 0.5, 1920).zoom == 14


@given(views, st.floats(0, 1))
def test_a_flight_to_the_same_place_only_zooms(start: View, share: float) -> None:
    between = camera.flight(start, View(start.lon, start.lat, start.zoom + 1), share, 1920)
    assert between.lon == pytest.approx(start.lon, abs=1e-7)
    assert between.zoom == pytest.approx(start.zoom + share, abs=1e-9)


def test_the_camera_waits_holds_moves_and_stays() -> None:
    keys = [Key(1, CHINA, hold_s=2), Key(5, CAMP, "linear", "straight")]
    zoom = [camera.view_at(keys, at_s, width_px=1920).zoom for at_s in (0, 1, 3, 4, 5, 9)]
    assert zoom == pytest.approx([4.2, 4.2, 4.2, 9.75, 15.3, 15.3])


def test_no_frame_of_an_eased_flight_jumps() -> None:
    keys = [Key(0, CHINA), Key(20, CAMP, "in_out_sine")]
    path = [camera.view_at(keys, i / 25, width_px=1920) for i in range(501)]
    for one, other in itertools.pairwise(path):
        scale = camera.TILE_PX * 2**one.zoom
        moved_px = math.dist(camera.world(one.lon, one.lat), camera.world(other.lon, other.lat)) * scale
        assert moved_px < 40
        assert abs(other.zoom - one.zoom) < 0.06


@pytest.mark.parametrize("name", ["archipelago", "xinjiang", "dabancheng"])
def test_the_cameras_of_the_shots_start_move_and_stop_without_a_jump(name: str) -> None:
    """What is near the middle of the picture changes its speed by a quarter of a pixel a frame at most."""
    plan = film.plan_frames(film.read_shot(name), film.Ground({}))
    last = plan.states[-1]
    seen = np.array([_from_centre(last["lon"], last["lat"], state) for state in plan.states])
    speed = np.diff(seen, axis=0)
    change = np.hypot(*np.diff(speed, axis=0).T)
    inside = (np.abs(seen) < [960, 540]).all(axis=1)[2:]
    assert (speed != 0).any()
    assert change[inside].max() < 0.3
    zooms = np.diff([state["zoom"] for state in plan.states], n=2)
    assert np.abs(zooms).max() < 0.001


def _from_centre(lon: float, lat: float, state: dict[str, Any]) -> tuple[float, float]:
    """Return where a place is, in pixels right of and below the middle of the picture."""
    (x, y), (x0, y0) = (camera.world(lon, lat), camera.world(state["lon"], state["lat"]))
    size = camera.TILE_PX * 2 ** state["zoom"]
    return (x - x0) * size, (y - y0) * size


@given(st.tuples(*[st.floats(0, 1)] * 4), st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_a_bezier_curve_never_goes_back(ease: tuple[float, float, float, float], shares: list[float]) -> None:
    early, late = (camera.eased(ease, share) for share in sorted(shares))
    assert 0 <= early <= late + 1e-12 <= 1 + 1e-12
    assert (camera.eased(ease, 0), camera.eased(ease, 1)) == pytest.approx((0, 1), abs=1e-12)


def test_a_bezier_curve_is_that_of_the_web() -> None:
    # A line; and of CSS "ease-in-out", (0.42, 0, 0.58, 1), by hand: at t = 0.25 x is 0.25 and y 0.15625.
    assert [camera.eased((1 / 3, 1 / 3, 2 / 3, 2 / 3), share) for share in (0.1, 0.5, 0.9)] == pytest.approx(
        [0.1, 0.5, 0.9]
    )
    x = 3 * 0.75**2 * 0.25 * 0.42 + 3 * 0.75 * 0.25**2 * 0.58 + 0.25**3
    assert camera.eased((0.42, 0, 0.58, 1), x) == pytest.approx(0.15625)


def test_a_curve_passes_its_keys_without_a_stop_and_rests_at_its_ends() -> None:
    views = [View(80, 40, 4), View(84, 41, 6), View(88, 43, 7), View(87, 44, 9)]
    keys = [Key(at_s, view, path="curve") for at_s, view in zip((1, 3, 4, 8), views, strict=True)]
    seen = [camera.view_at(keys, at_s, width_px=1920) for at_s in (1, 3, 4, 8)]
    assert [(one.lon, one.lat, one.zoom) for one in seen] == [
        pytest.approx((view.lon, view.lat, view.zoom)) for view in views
    ]
    speed = [_zoom_speed(keys, at_s) for at_s in (1, 3, 4, 8)]
    assert speed[0] == pytest.approx(0, abs=2e-3)
    assert speed[-1] == pytest.approx(0, abs=2e-3)
    assert min(speed[1:3]) > 0.5
    # The way back to the west turns at the third key and does not overshoot it.
    assert max(camera.view_at(keys, i / 50, width_px=1920).lon for i in range(450)) == pytest.approx(88)


def _zoom_speed(keys: list[Key], at_s: float) -> float:
    before, after = (camera.view_at(keys, at_s + step, width_px=1920).zoom for step in (-5e-4, 5e-4))
    return (after - before) / 1e-3


def test_a_curve_is_the_monotone_cubic_of_others() -> None:
    times, zooms = [0.0, 2.0, 3.0, 7.0, 8.0], [4.0, 6.0, 6.5, 5.0, 5.5]
    slopes = [0.0, *PchipInterpolator(times, zooms).derivative()(times)[1:-1], 0.0]
    judge = CubicHermiteSpline(times, zooms, slopes)
    keys = [Key(at_s, View(80, 40, zoom), path="curve") for at_s, zoom in zip(times, zooms, strict=True)]
    moments = [i / 10 for i in range(81)]
    assert [camera.view_at(keys, at_s, width_px=1920).zoom for at_s in moments] == pytest.approx(list(judge(moments)))


def test_a_hold_ends_one_curve_and_begins_another() -> None:
    keys = [Key(0, CHINA), Key(2, View(84, 41, 6), path="curve", hold_s=1), Key(6, CAMP, path="curve")]
    assert camera.view_at(keys, 2.5, width_px=1920) == keys[1].view
    assert _zoom_speed(keys, 2) == pytest.approx(0, abs=2e-2)
    assert camera.view_at(keys, 4.5, width_px=1920).zoom == pytest.approx((6 + CAMP.zoom) / 2)
