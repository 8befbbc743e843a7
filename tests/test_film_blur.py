"""A frame with motion blur is the mean of what the camera sees while the shutter is open, and nothing else moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from film_support import small_shot
from numpy.typing import NDArray
from PIL import Image

from camps import film
from camps.errors import InputError, RenderError
from camps.film import camera, exr, passes, png
from camps.film.plan import Ground, plan_frames
from camps.film.shot import MotionBlur

KEYS = [{"at": 0, "centre": [84, 42], "zoom": 5}, {"at": 0.4, "centre": [88, 42], "zoom": 5, "ease": "linear"}]
BLUR = {"shutter_deg": 180, "samples": 4}
GROWTH = {"kind": "growth", "sources": ["gazetteer"], "where": {"admin1": "Xinjiang"}}


def _states(**changes: object) -> list[dict[str, object]]:
    return list(plan_frames(small_shot(frames=25, motion_blur=BLUR, **{"camera": KEYS, **changes}), Ground({})).states)


def test_exposures_lie_evenly_about_the_frame_over_half_its_time() -> None:
    state = _states(camera=[{**KEYS[0], "at": 0}, {**KEYS[1], "path": "straight"}])[5]
    step_deg = 4 / 10  # of longitude from one frame to the next
    lons = [view[0] for view in state["exposures"]]  # type: ignore[attr-defined]
    assert np.allclose(np.array(lons) - state["lon"], np.array([-3, -1, 1, 3]) / 8 * step_deg / 2)
    assert np.mean(lons) == pytest.approx(state["lon"])


def test_a_plan_says_how_far_apart_exposures_lie_and_where_they_can_be_told_apart() -> None:
    straight = [{**KEYS[0], "at": 0}, {**KEYS[1], "path": "straight"}]
    few, many = (
        plan_frames(small_shot(frames=25, motion_blur={**BLUR, "samples": n}, camera=straight), Ground({}))
        for n in (4, 40)
    )
    # Four degrees in ten frames, of which each exposure has a quarter of the half in which the shutter is open.
    px = 4 / 10 / 2 / 4 / 360 * 256 * 2**5
    assert px < 6
    assert few.blur_told == f"exposures lie at most {px:.1f} px apart at 1080 lines (frame 1001)"
    fast = [straight[0], {**straight[1], "centre": [98, 42]}]
    told = plan_frames(small_shot(frames=25, motion_blur={**BLUR, "samples": 2}, camera=fast), Ground({})).blur_told
    assert told.endswith("can be told apart: motion_blur.samples closes the gaps")
    assert many.blur_told < few.blur_told
    assert not plan_frames(small_shot(frames=25, camera=straight), Ground({})).blur_told


def test_a_camera_that_stands_has_no_exposures_and_none_reaches_across_a_cut() -> None:
    assert "exposures" not in _states()[20]
    cut = [KEYS[0], {**KEYS[1], "at": 0.2}, {"at": 0.4, "centre": [100, 30], "zoom": 6, "ease": "step"}]
    states = _states(camera=cut)
    assert not {"exposures"} & {*states[9], *states[10], *states[11]}
    keys = [camera.Key(0, camera.View(0, 0, 1)), camera.Key(1, camera.View(9, 0, 1), "step")]
    for at_s in (0.999, 1.0, 1.001):
        seen = {view.lon for view in camera.exposures(keys, at_s, 0.04, 8, width_px=1920)}
        assert seen == {9.0 if at_s >= 1 else 0.0}


def test_what_is_written_beside_the_map_does_not_depend_on_the_exposures() -> None:
    shot = small_shot(motion_blur=BLUR)
    state = {**plan_frames(shot, Ground({})).states[3]}
    assert len(state["exposures"]) == 4
    of_all = passes.build_passes(shot, ["en"])
    drawn = {name: info for name, info in of_all.items() if info.layer}
    moved = {name for name, info in drawn.items() if len(passes.exposures_of(state, info)) == 4}
    assert moved == {"base", "footprints", "growth", "outlines", "labels_en"}
    keyed = {name for name, info in drawn.items() if "exposures" in passes.seen_state(state, info)}
    assert keyed == moved


def test_a_mean_is_of_what_covers() -> None:
    mean = png.Mean()
    red, clear = np.array([[[200, 0, 0, 255]]], np.uint8), np.array([[[9, 9, 9, 0]]], np.uint8)
    mean.add(red, premultiplied=True)
    mean.add(clear, premultiplied=False)
    assert mean.pixels().tolist() == [[[100, 0, 0, 128]]]
    assert png.straight(mean.pixels()).tolist() == [[[199, 0, 0, 128]]]
    with pytest.raises(RenderError, match="no pictures"):
        png.Mean().pixels()


def test_blur_without_a_camera_is_refused() -> None:
    with pytest.raises(InputError, match="a camera that moves for motion_blur"):
        small_shot(motion_blur=BLUR, camera=[])
    with pytest.raises(InputError, match=r"motion_blur\.samples"):
        small_shot(motion_blur={"samples": 1})


def _pixels(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path).convert("RGBA"))


@pytest.mark.browser
def test_a_blurred_frame_is_the_mean_of_frames_between(tmp_path: Path) -> None:
    straight = [KEYS[0], {**KEYS[1], "at": 1, "path": "straight"}]
    held = {"kind": "linear", "from": "2018-01-01", "to": "2018-01-02", "hold_first": 1}
    # Labels fade in frames of the film, of which one has more than the other.
    off = dict.fromkeys(("labels", "legend", "date", "counter", "notes", "scale", "north"), False)
    given = {"map": {**GROWTH, "relief": False}, "size": (480, 270), "camera": straight, "clock": held, "layers": off}
    shot = small_shot(frames=12, rate=10, motion_blur=BLUR, **given)
    blurred = film.render(shot, tmp_path / "a", numbers=[1006, 1012], movie=False)
    # The same move at sixteen times the rate has a frame at every exposure: 3 and 1 before, 1 and 3 after.
    fine = small_shot(frames=12 * 16, rate=160, **given)
    at = 1001 + 5 * 16
    around = film.render(fine, tmp_path / "b", numbers=[at - 3, at - 1, at, at + 1, at + 3], movie=False).frames
    between = [_pixels(path).astype(float) for path in (*around[:2], *around[3:])]
    shown, own = _pixels(blurred.frames[0]), _pixels(around[2])
    top = slice(60, 200)  # between title and credit, which fade and move with nothing
    assert np.abs(np.mean(between, axis=0) - shown)[top].max() <= 1.5
    assert np.abs(own.astype(float) - shown)[top].max() > 10
    plain = film.render(small_shot(frames=12, rate=10, **given), tmp_path / "c", numbers=[1012], movie=False)
    assert plain.frames[0].read_bytes() == blurred.frames[1].read_bytes()


@pytest.mark.browser
def test_a_delivery_with_blur_recomposes_and_selects_its_sites(tmp_path: Path) -> None:
    blur = MotionBlur(shutter_deg=180, samples=4)
    shot = film.read_shot("xinjiang").model_copy(update={"size": (480, 270), "version": 4, "motion_blur": blur})
    given = {"numbers": range(1100, 1103), "waive": ["credit"], "names": ["all", "ids"]}
    made = film.deliver(shot, tmp_path, languages=["en"], **given)
    named = {info.name: info for info in made.passes}
    found = exr.read_mattes(made.folder / named["ids"].file(1101))
    drawn = _pixels(made.folder / named["growth"].file(1101))[..., 3]
    assert np.abs(found.shares.sum(axis=2) * 255 - drawn).max() < 0.01
    assert "shutter 180 degrees, 4 exposures" in (made.folder / "README.txt").read_text()
