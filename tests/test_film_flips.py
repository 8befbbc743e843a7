"""Nothing on a frame comes or goes in fewer frames than can be seen: labels and symbols change in film time."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from film_support import small_shot
from numpy.typing import NDArray
from scipy import ndimage

from camps import engine, film
from camps.film import anymap, flips, lasting
from camps.film.canvas import CanvasStage
from camps.film.plan import Ground, plan_frames
from camps.film.subject import build_ground, build_map

RATE = Fraction(25)
SIZE = 32


def _text(words: str, *, layer: str = "labels", alpha: float = 1.0, size: float = 16) -> dict[str, Any]:
    return {"layer": layer, "lang": "en", "text": words, "alpha": alpha, "size": size}


def _film_of(*runs: tuple[int, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    shown = [texts for length, texts in runs for _ in range(length)]
    return [{"frame": 1001 + at, "labels": texts, "texts": []} for at, texts in enumerate(shown)]


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        ([(30, []), (24, [_text("Hotan")]), (30, [])], ["shown for 24 frames from 1031, expected 25"]),
        ([(30, []), (25, [_text("Hotan")]), (30, [])], []),
        ([(5, [_text("Hotan")]), (60, [])], []),
        ([(60, []), (5, [_text("Hotan")])], []),
        ([(30, [_text("Hotan")]), (10, []), (30, [_text("Hotan")])], ["away for 10 frames from 1031, expected 25"]),
        ([(30, [_text("Hotan")]), (10, [_text("Hotan", alpha=0.01)]), (30, [_text("Hotan")])], ["away for 10 frames"]),
        (
            [(9, []), (3, [_text("a note", layer="notes"), _text("2018", layer="date", size=50)]), (9, [])],
            ["shown for 3 frames from 1010, expected 4"],
        ),
        ([(9, []), (4, [_text("a note", layer="notes"), _text("2018", layer="date", size=50)]), (9, [])], []),
        ([(1, [_text(f"{n} held", layer="notes"), _text("May", layer="date", size=50)]) for n in range(40)], []),
        ([(1, [_text(f"{n} opened" if n % 3 else "1 opens", layer="notes")]) for n in range(40)], []),
        ([(1, [_text(f"{n} day{'s' * (n != 1)} before", layer="notes")]) for n in (3, 2, 1, 2, 3)], []),
        ([(1, [_text(f"~{n:,} m² built", layer="counter")]) for n in (710, 1451, 2192, 710)], []),
        ([(1, [_text(m, layer="date", size=50), _text("x", layer="notes")]) for m in ("May", "June", "July")], []),
    ],
)
def test_words_that_do_not_last_are_found(runs: list[tuple[int, list[dict[str, Any]]]], told: list[str]) -> None:
    found = _short(_film_of(*runs), RATE)
    assert len(found) == len(told)
    assert all(part in line for part, line in zip(told, found, strict=True))


def test_a_note_that_a_fast_clock_leaves_no_time_is_named_with_its_day_and_what_helps() -> None:
    described = _film_of((9, []), (2, [_text("12 of 38 counted", layer="notes")]), (9, []))
    described[9]["date_shown"] = "July 2018"
    assert _short(described, RATE) == [
        "notes en “12 of 38 counted”: shown for 2 frames from 1010, expected 4, at July 2018: let the film be longer "
        "(seconds), the clock slower there ([clock]), or leave out furniture.notes"
    ]


def _short(described: list[dict[str, Any]], rate: Fraction) -> list[str]:
    """Return what does not last; that labels of these tests come in one frame is no matter."""
    return [told for told in flips.find_short_texts(described, rate) if "in one frame" not in told]


def _beside(dx: float, *, x: float = 100.0, alpha: float = 1.0) -> dict[str, Any]:
    """Return a label whose left edge is so far from its place."""
    return {**_text("Hotan", alpha=alpha), "x": x + dx, "y": 40.0, "w": 30.0, "h": 20.0, "of": [x, 50.0]}


def test_a_label_that_jumps_beside_its_place_or_comes_in_one_frame_is_found_and_a_cut_is_none() -> None:
    moving = _film_of(*[(1, [_beside(5, x=100 + 9 * i)]) for i in range(40)])
    assert not flips.find_short_texts(moving, RATE)
    jumping = _film_of((40, [_beside(5)]), (40, [_beside(-15)]))
    told = ["labels en “Hotan”: jumps beside its place at frame 1041, expected to keep there"]
    assert flips.find_short_texts(jumping, RATE) == told
    popping = _film_of((40, []), (40, [_beside(5)]), (40, []))
    assert flips.find_short_texts(popping, RATE) == [
        "labels en “Hotan”: comes in one frame, 1041, expected a fade",
        "labels en “Hotan”: goes in one frame, 1081, expected a fade",
    ]
    # A shot of eight frames between two cuts.
    cut = _film_of((40, []), (8, [_beside(5)]), (40, [_beside(-15)]))
    for at in (40, 48):
        cut[at]["cut"] = True
    assert not flips.find_short_texts(cut, RATE)


def test_a_label_that_fades_out_in_one_spot_and_in_in_another_is_away_or_faint() -> None:
    for dx in (-15, 5):
        gone = _film_of((90, [_beside(5)]), (2, []), (90, [_beside(dx)]))
        assert _short(gone, Fraction(60)) == ["labels en “Hotan”: away for 2 frames from 1091, expected 60"]
        dip = [(1, [_beside(5 if at < 6 else dx, alpha=abs(at - 5.5) / 6)]) for at in range(12)]
        faint = _film_of((90, [_beside(5)]), *dip, (90, [_beside(dx)]))
        assert _short(faint, RATE) == ["labels en “Hotan”: faint for 10 frames from 1092, expected none"]
    # What fades for good, or comes back after its time, is neither.
    fades = [(1, [_beside(5, alpha=at / 8)]) for at in range(8)]
    assert not _short(_film_of((90, [_beside(5)]), *fades[::-1], (25, []), *fades, (90, [_beside(5)])), RATE)


def _picture(*, ring: bool, at: int = 8) -> NDArray[np.uint8]:
    picture = np.zeros((SIZE, SIZE, 4), np.uint8)
    picture[at : at + 8, at : at + 8] = (255, 120, 0, 255)
    if ring:
        picture[at : at + 8, at : at + 8] = (255, 255, 255, 255)
    return picture


@pytest.mark.parametrize(
    ("rings", "views", "found"),
    [
        ([0, 0, 0, 1, 0, 0, 0, 0], [0] * 8, [3]),
        ([0, 0, 1, 1, 1, 0, 0, 0], [0] * 8, [2]),
        ([0, 0, 1, 1, 1, 1, 0, 0], [0] * 8, []),
        ([0, 0, 0, 1, 1, 1, 1, 1], [0] * 8, []),
        ([0, 0, 0, 1, 0, 0, 0, 0], list(range(8)), []),
    ],
)
def test_a_part_that_flips_for_a_few_frames_is_found(rings: list[int], views: list[int], found: list[int]) -> None:
    pictures = [(view, _picture(ring=bool(ring))) for view, ring in zip(views, rings, strict=True)]
    assert flips.find_flips(pictures, RATE) == found


def test_a_state_knows_the_views_and_days_about_it_and_only_where_something_moves() -> None:
    camera = [{"at": 0, "fit": "china", "hold": 4}, {"at": 6, "fit": "xinjiang", "hold": 6}]
    clock = {"kind": "linear", "from": date(2017, 1, 1), "to": date(2018, 1, 1), "hold_first": 4, "hold_last": 4}
    plan = plan_frames(small_shot(frames=300, camera=camera, clock=clock), Ground({}))
    still, moving = plan.states[0], plan.states[125]
    assert "views" not in still
    assert "days" not in still
    assert len(moving["views"]) == 2 * 84 + 1
    assert moving["views"][84] == (moving["lon"], moving["lat"], moving["zoom"])
    assert (moving["stay"], moving["fade"]) == (25, 8)
    assert len(moving["days"]) == 2 * 4 + 1
    assert moving["days"][4] == moving["t"]
    assert "views" not in plan.states[-1]


@pytest.mark.parametrize(
    ("rate", "stay", "fade"),
    [
        ("24000/1001", 24, 8), ("24", 24, 8), ("25", 25, 8), ("30000/1001", 30, 10), ("30", 30, 10), ("50", 52, 16),
        ("60000/1001", 62, 20), ("60", 62, 20),
    ],
)  # fmt: skip
def test_a_label_is_told_to_stay_as_long_as_is_asked_of_it_at_every_rate(rate: str, stay: int, fade: int) -> None:
    camera = [{"at": 0, "fit": "china"}, {"at": 4, "fit": "xinjiang"}]
    moving = plan_frames(small_shot(rate=rate, frames=4 * stay, camera=camera), Ground({})).states[stay]
    assert (moving["stay"], moving["fade"]) == (stay, fade)
    assert len(moving["views"]) == 2 * lasting.about_frames(Fraction(rate)) + 1
    # The strengths of a label that stands for as long as that, as the page has them: a share of the frames about each.
    sums = [min(at + 1, stay - at, fade + 1) / (fade + 1) for at in range(stay)]
    seen = sum(3 * share**2 - 2 * share**3 > flips.LEAST_ALPHA for share in sums)
    assert seen / Fraction(rate) >= lasting.LABEL_S
    one, other = (_film_of((90, []), (n, [_text("Hotan")]), (90, [])) for n in (seen, seen - 1))
    assert not _short(one, Fraction(rate))
    assert len(_short(other, Fraction(rate))) == 1


def test_no_view_is_from_the_other_side_of_a_cut() -> None:
    ends = {"at": 3, "centre": [90.0, 43.0], "zoom": 6.4}
    cut = {"at": 1.5, "centre": [88.0, 43.0], "zoom": 6.4, "ease": "step"}
    camera = [{"at": 0, "centre": [80.0, 41.0], "zoom": 5.0}, {**cut, "hold": 0.5}, ends]
    states = plan_frames(small_shot(frames=76, camera=camera), Ground({})).states
    assert [at for at, state in enumerate(states) if state.get("cut")] == [38]
    # Up to the cut the camera stands, as far as anybody sees.
    assert not any("views" in state for state in states[:38])
    assert {view[0] for view in states[40]["views"]} == {state["lon"] for state in states[38:]}
    same = [camera[0], {**camera[0], "at": 1.5, "ease": "step"}, ends]
    assert not any(state.get("cut") for state in plan_frames(small_shot(frames=76, camera=same), Ground({})).states)


async def _draw(shown: film.FilmPage, planned: film.Plan, only: str) -> list[tuple[dict[str, Any], NDArray[np.uint8]]]:
    frames = []
    async with CanvasStage(shown, *planned.shot.size) as stage:
        states = [{**state, "only": [only], "background": "transparent"} for state in planned.states]
        async for captured in stage.capture(zip(planned.numbers, states, strict=True)):
            frames.append(({**captured.described, "frame": captured.frame}, np.array(captured.read())))
            await captured.release()
    return frames


def _drawn(shot: film.Shot, only: str, part: slice = slice(None)) -> list[tuple[dict[str, Any], NDArray[np.uint8]]]:
    map_ = build_map(shot)
    plan = plan_frames(shot, build_ground(map_))
    plan = replace(plan, numbers=plan.numbers[part], states=plan.states[part])
    return engine.run_apart(_draw(anymap.build_map_page(map_), plan, only))


GROWTH = {"kind": "growth", "sources": ["gazetteer"], "where": {"admin1": "Xinjiang"}}


@pytest.mark.browser
def test_labels_stay_a_second_and_fade_in_film_time_on_a_flight() -> None:
    camera = [{"at": 0, "fit": "china", "hold": 1}, {"at": 2.4, "fit": "xinjiang", "hold": 1}]
    frames = _drawn(small_shot(frames=110, size=(480, 270), map=GROWTH, camera=camera), "labels")
    described = [said for said, _ in frames]
    assert len({label["text"] for said in described for label in said["labels"]}) > 20
    assert not flips.find_short_texts(described, RATE)
    for at in (0, 5, 10, 15, 90, 100, 109):
        # While the camera stands a label is whole or not there.
        assert {label["alpha"] for label in described[at]["labels"]} == {1.0}
    steps = [_most_step(one, other) for one, other in pairwise(described)]
    assert max(steps) < 0.3


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "part"),
    [
        # The symbols of the two sites give way to their outlines.
        ("dabancheng", slice(180, 196)),
        # The name of a chapter is longer than the room of the date.
        ("archipelago", slice(192, 208)),
        ("archipelago", slice(416, 432)),
    ],
)
def test_names_keep_their_places_and_stand_while_symbols_and_chapters_change(name: str, part: slice) -> None:
    shot = film.read_shot(name).model_copy(update={"size": (320, 180)})
    described = [said for said, _ in _drawn(shot, "labels", part)]
    assert any(label["alpha"] == 1 for said in described for label in said["labels"])
    assert not flips.find_short_texts(described, shot.rate)


@pytest.mark.browser
def test_a_name_stands_while_symbols_leave_its_place_that_do_not_move_it() -> None:
    centres = [[86.0, 42.0], [80.5, 41.0], [89.0, 43.0]]
    camera = [{"at": 2 * i, "centre": one, "zoom": 6.4 if i else 6.0} for i, one in enumerate(centres)]
    shot = small_shot(frames=241, rate="60000/1001", size=(320, 180), map=GROWTH, camera=camera)
    described = [said for said, _ in _drawn(shot, "labels", slice(40, 84))]
    assert {"Ghulja", "Kashgar"} <= {label["text"] for said in described for label in said["labels"]}
    assert not flips.find_short_texts(described, shot.rate)


@pytest.mark.browser
def test_a_name_slides_to_its_place_as_a_symbol_leaves_it_and_never_fades_for_that() -> None:
    camera = [{"at": 0, "centre": [86.0, 42.0], "zoom": 5.3}, {"at": 2, "centre": [87.0, 42.0], "zoom": 6.1}]
    shot = small_shot(frames=51, size=(320, 180), map=GROWTH, camera=camera)
    described = [said for said, _ in _drawn(shot, "labels")]
    assert not flips.find_short_texts(described, shot.rate)
    found = [label for said in described for label in said["labels"] if label["text"] == "Turpan"]
    assert {label["alpha"] for label in found} == {1.0}
    # The zoom at which the camera stands is to the last digit that from which there is room for this one.
    assert _rises([label["alpha"] for said in described for label in said["labels"] if label["text"] == "Tian Shan"])
    below = [label["y"] + label["h"] - label["of"][1] for label in found]
    steps = -np.diff(below)
    assert below[0] - below[-1] > 5
    assert steps.min() > -0.01
    assert steps.max() < 1


@pytest.mark.browser
def test_a_cut_has_all_its_names_on_both_sides() -> None:
    camera = [{"at": 0, "fit": "china"}, {"at": 0.4, "fit": "xinjiang", "ease": "step", "hold": 1.6}]
    moves = {"at": 3, "fit": "china"}
    shot = small_shot(frames=76, size=(480, 270), map=GROWTH, camera=[*camera, moves])
    whole = [
        {label["text"]: label["alpha"] for label in said["labels"]} for said, _ in _drawn(shot, "labels", slice(12))
    ]
    assert set(whole[9].values()) == {1.0} == set(whole[10].values())
    assert whole[0] == whole[9] != whole[10]


def _rises(values: list[float]) -> bool:
    return len(values) > 1 and values == sorted(values)


def _most_step(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Return the largest change of a label's strength from one frame to the next."""
    before, after = ({label["text"]: label["alpha"] for label in said["labels"]} for said in (one, other))
    return max(abs(before.get(text, 0) - after.get(text, 0)) for text in before.keys() | after.keys())


@pytest.mark.browser
def test_the_day_of_a_count_is_no_flash_of_rings() -> None:
    clock = {"kind": "linear", "from": date(2017, 7, 2), "to": date(2020, 7, 2)}
    camera = [{"at": 0, "fit": "xinjiang"}]
    frames = _drawn(small_shot(frames=100, size=(480, 270), map=GROWTH, clock=clock, camera=camera), "growth")
    assert not flips.find_flips(((0, picture) for _, picture in frames), RATE)
    # The days of the counts are among the frames: it is the drawing that passes from one state to the next.
    assert any(
        set(said["kinds"].values()) == {"observed"} or "observed" in said["kinds"].values() for said, _ in frames
    )


@pytest.mark.browser
def test_labels_move_with_the_camera_on_a_slow_pan_and_on_a_flight() -> None:
    camera = [
        {"at": 0, "centre": [84.0, 41.7], "zoom": 5.2},
        {"at": 0.48, "centre": [84.06, 41.66], "zoom": 5.2, "ease": "linear", "path": "straight"},
        {"at": 0.96, "centre": [86.0, 42.0], "zoom": 5.5, "ease": "linear"},
    ]
    frames = _drawn(small_shot(frames=25, size=(960, 540), map={"kind": "sites"}, camera=camera), "labels")
    for shown in (frames[:12], frames[13:]):
        found = [found for text in _texts(shown) for found in [_followed(text, shown)] if found is not None]
        assert len(found) > 10
        # Of a pixel; a browser by itself puts letters on quarters of one.
        assert max(np.abs(away).max() for away, _ in found) < 0.05
        assert max(np.ptp(ink) / np.mean(ink) for _, ink in found) < 0.05


SHAPES = ["disc", "square", "diamond", "triangle", "hexagon", "pentagon", "inverted"]


@pytest.mark.browser
@pytest.mark.parametrize(("kind", "shape"), [("growth", "disc"), *(("sites", shape) for shape in SHAPES)])
def test_symbols_move_with_the_camera_on_a_slow_pan_and_on_a_flight(kind: str, shape: str) -> None:
    camera = [
        {"at": 0, "centre": [84.0, 41.7], "zoom": 5.6},
        {"at": 0.48, "centre": [84.03, 41.68], "zoom": 5.6, "ease": "linear", "path": "straight"},
        {"at": 0.96, "centre": [86.0, 42.0], "zoom": 5.9, "ease": "linear"},
    ]
    # Nothing but the camera moves.
    clock = {"kind": "linear", "from": date(2019, 7, 1), "to": date(2019, 7, 2), "hold_first": 0.9}
    shown = {**GROWTH, "kind": kind, "relief": False}
    map_ = build_map(shot := small_shot(frames=25, size=(1280, 720), map=shown, camera=camera, clock=clock))
    page = anymap.build_map_page(map_)
    page = replace(page, html=page.html.replace('"shape":"disc"', f'"shape":"{shape}"'))
    frames = engine.run_apart(_draw(page, plan_frames(shot, build_ground(map_)), "growth"))
    for part in (frames[:12], frames[13:]):
        strayed = {site: _strayed(site, part) for site in part[0][0]["points"]}
        found = {site: np.abs(away).max() for site, away in strayed.items() if away is not None}
        assert len(found) > 1
        assert max(found.values()) < 0.05, max(found, key=found.__getitem__)
    if kind == "growth":
        # Whose number nobody knows is a thin ring of dashes; some of them stand alone.
        assert any(frames[0][0]["values"][site] is None for site in found)


def _strayed(site: str, frames: list[tuple[dict[str, Any], NDArray[np.uint8]]]) -> NDArray[np.float64] | None:
    """Return how far a symbol's middle is from where the camera has it, less the mean; None where others touch it."""
    away = []
    for said, picture in frames:
        places = {name: np.array(point[:2]) / 1.5 for name, point in said["points"].items()}
        if site not in places:
            return None
        (x, y), reach = places.pop(site), int(said["points"][site][2] / 1.5 * 1.7) + 5
        top, left = int(y) - reach, int(x) - reach
        box = np.s_[top : int(y) + reach + 1, left : int(x) + reach + 1]
        crowded = any(np.abs(place - (x, y)).max() < 1.6 * reach for place in places.values())
        if crowded or min(top, left) < 0 or not _is_alone(box, [(said, picture)]):
            return None
        away.append(_middle(picture[box]) + np.array([left, top]) - np.array([x, y]))
    return np.array(away) - np.mean(away, axis=0)


def _texts(frames: list[tuple[dict[str, Any], NDArray[np.uint8]]]) -> set[str]:
    return set.intersection(*({label["text"] for label in said["labels"]} for said, _ in frames))


def _followed(text: str, frames: list[tuple[dict[str, Any], NDArray[np.uint8]]]) -> tuple[Any, list[float]] | None:
    """Return how far a label's middle is from where the camera has it, less the mean, and its ink.

    None where others touch it. Of one that fades the ink is counted as if it did not.
    """
    away, ink = [], []
    for said, picture in frames:
        label = next(one for one in said["labels"] if one["text"] == text)
        x, y, w, h = (0.5 * label[side] for side in "xywh")
        top, left = int(y) - 8, int(x) - 8
        box = np.s_[top : int(y + h) + 8, left : int(x + w) + 8]
        if not _is_alone(box, [(said, picture)]):
            return None
        away.append(_middle(picture[box]) + np.array([left, top]) - np.array([x, y]))
        ink.append(picture[box][..., 3].sum() / label["alpha"])
    return np.array(away) - np.mean(away, axis=0), ink


def _is_alone(box: tuple[slice, slice], frames: list[tuple[dict[str, Any], NDArray[np.uint8]]]) -> bool:
    """Return whether nothing crosses the edge of a box on any frame."""
    cut = [picture[box][..., 3] for _, picture in frames]
    return all(
        part.any() and not (part[0].any() or part[-1].any() or part[:, 0].any() or part[:, -1].any()) for part in cut
    )


def _middle(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    y, x = ndimage.center_of_mass(picture[..., 3].astype(float))
    return np.array([x, y])


@pytest.mark.browser
def test_one_legend_stands_over_the_other_before_that_goes_however_fast_the_camera_comes_down() -> None:
    # By zoom alone both were away for a frame: four and a half zooms a second, at 50 frames a second.
    place = {"centre": [88.2868, 43.3804]}
    shot = small_shot(
        frames=60, rate=50, size=(640, 360), map={"kind": "footprints"},
        camera=[{"at": 0, **place, "zoom": 10}, {"at": 1, **place, "zoom": 14.6, "ease": "linear"}],
    )  # fmt: skip
    drawn = _drawn(shot, "legend")
    strengths = [max((text["alpha"] for text in told["texts"]), default=0.0) for told, _ in drawn]
    assert min(strengths) > 0.6
    assert max(abs(now - then) for then, now in pairwise(_first(drawn))) < 0.15


def _first(drawn: list[tuple[dict[str, Any], NDArray[np.uint8]]]) -> list[float]:
    """Return how strongly the heading of the first legend shows on each frame."""
    head = drawn[0][0]["texts"][0]["text"]
    return [sum(text["alpha"] for text in told["texts"] if text["text"] == head) for told, _ in drawn]


@pytest.mark.browser
def test_what_a_fast_film_writes_of_the_last_image_is_what_its_list_of_frames_says() -> None:
    shot = small_shot(
        frames=25, size=(640, 360), mode="bracket", map={"kind": "footprints"},
        camera=[{"at": 0, "centre": [88.2868, 43.3804], "zoom": 14}],
        clock={"kind": "linear", "from": date(2018, 6, 12), "to": date(2018, 9, 30)},
    )  # fmt: skip
    drawn = _drawn(shot, "notes")
    written = [re.search(r"Last image (.*), (\d+) days? before", text["text"])
               for told, _ in drawn for text in told["texts"] if "image " in text["text"]]  # fmt: skip
    days = [told["stale_days"] for told, _ in drawn]
    assert [int(found[2]) for found in written if found] == days
    assert 0 in days
    described = [told for told, _ in drawn]
    assert not flips.find_short_texts(described, shot.rate)
