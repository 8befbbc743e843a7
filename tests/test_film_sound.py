"""Every moment that sound is cut to is a marker, at the time at which the film shows it."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from film_support import small_shot
from hypothesis import given
from hypothesis import strategies as st

from camps import film
from camps.errors import InputError
from camps.film import camera, sound, timecode
from camps.film.editorial import build_marks
from camps.film.plan import Ground
from camps.film.sound import Moment

NAME = "TEST_A_0010_v003"
STOPS = [date(2016, 6, 1), date(2017, 6, 1)]
FULL: dict[str, Any] = {
    "seconds": 10,
    "clock": {
        "kind": "linear", "from": date(2016, 6, 1), "to": date(2018, 6, 1), "hold_last": 1,
        "holds": [{"date": date(2017, 1, 1), "seconds": 2}],
    },
    "camera": [
        {"at": 0, "fit": "china", "hold": 1},
        {"at": 3, "fit": "xinjiang"},
        {"at": 5, "centre": [84.5, 42.25], "zoom": 6, "hold": 0.5},
        {"at": 7, "box": [80, 40, 90, 45], "ease": "step"},
        {"at": 9.5, "box": [80, 40, 90, 45]},
    ],
    "furniture": {
        "title": {"from": 0.5, "to": 4},
        "credit": {"to": 9},
        "date": {"show": False, "from": 1},
        "scale": {"from": 2},
        "notes": {},
    },
    "layers": {"scale": False},
    "callouts": [{"centre": [80, 40], "text": {"en": "Here\tand\nnow", "fr": "Ici"}, "from": 3.25, "to": 3.75}],
    "highlight": {"class": "tier-4", "from": 6},
}  # fmt: skip


def _planned(**changes: Any) -> film.Plan:
    ground = Ground({"A": (80, 40)}, STOPS, {}, frozenset({"tier-4"}))
    return film.plan_frames(small_shot(**{"frames": None, **FULL, **changes}), ground)


def _said(planned: film.Plan) -> list[dict[str, Any]]:
    shown = zip(planned.numbers, planned.dates, strict=True)
    return [{"frame": number, "date_shown": when.isoformat()} for number, when in shown]


def _moments(planned: film.Plan) -> dict[str, tuple[float, float]]:
    found = sound.build_moments(planned, _said(planned))
    return {one.name: (round(one.at_s, 3), round(one.lasts_s, 3)) for one in found}


def _read(path: Path) -> list[list[str]]:
    head, *rows = path.read_text("utf-8-sig").splitlines()
    assert head == "Name\tStart\tDuration\tTime Format\tType\tDescription"
    return [row.split("\t") for row in rows]


def _s(text: str) -> float:
    *rest, seconds = text.split(":")
    assert re.fullmatch(r"\d\d\.\d{3}", seconds)
    minutes = [int(part) for part in rest]
    return float(seconds) + 60 * minutes[-1] + (3600 * minutes[0] if len(minutes) > 1 else 0)


def test_the_camera_leaves_and_reaches_each_place_that_it_goes_to() -> None:
    found = {name: times for name, times in _moments(_planned()).items() if name.startswith("Camera")}
    assert found == {
        "Camera leaves for xinjiang": (1, 2),
        "Camera reaches xinjiang": (3, 0),
        "Camera leaves for 84.5, 42.25 at zoom 6": (3, 2),
        "Camera reaches 84.5, 42.25 at zoom 6": (5, 0),
        "Camera jumps to 80, 40, 90, 45": (7, 0),
    }
    times = [one.name for one in sound.build_moments(_planned(), _said(_planned())) if one.at_s == 3]
    assert times == ["Camera reaches xinjiang", "Camera leaves for 84.5, 42.25 at zoom 6"]


def test_keys_along_one_curve_are_one_move_which_ends_on_the_last_frame() -> None:
    keys = [
        {"at": 0, "fit": "china"},
        {"at": 4, "fit": "xinjiang", "path": "curve"},
        {"at": 7, "centre": [84, 42], "zoom": 6, "path": "curve"},
        {"at": 10, "fit": "china", "path": "curve"},
    ]
    planned = _planned(camera=keys)
    assert {name: at for name, at in _moments(planned).items() if name.startswith("Camera")} == {
        "Camera leaves for china": (0, 9.96),
        "Camera reaches china": (9.96, 0),
    }
    stops = [{**keys[0]}, {**keys[1]}, {**keys[2], "hold": 1}, {**keys[3]}]
    assert camera.moves(_planned(camera=stops).keys) == [(0, 2), (2, 3)]
    turn = [{"at": 0, "fit": "china", "bearing_deg": 30}, {"at": 1, "fit": "china"}]
    assert camera.moves(_planned(camera=turn).keys) == [(0, 1)]
    assert "Camera reaches china, turned to 30 degrees" in _moments(
        _planned(camera=[{"at": 0, "fit": "china"}, {"at": 1, "fit": "china", "bearing_deg": 30}])
    )


def test_the_line_of_a_split_leaves_and_reaches_its_places() -> None:
    keys = [
        {"at": 1, "line": 0.25, "hold": 0.5},
        {"at": 4, "line": 0.75},
        {"at": 6, "line": 0.75},
        {"at": 9, "line": 0.5, "ease": "step"},
    ]
    # Its dates stand all the time.
    found = _moments(_planned(split={"before": date(2016, 1, 1), "keys": keys}, furniture={}))
    assert {name: times for name, times in found.items() if name.startswith("Split")} == {
        "Split leaves for 75%": (1.5, 2.5), "Split reaches 75%": (4, 0), "Split jumps to 50%": (9, 0),
    }  # fmt: skip


def test_the_clock_holds_where_the_date_stands_still() -> None:
    planned = _planned()
    found = {name: times for name, times in _moments(planned).items() if name.startswith("Clock")}
    assert [*found] == ["Clock holds on 2017-01-01", "Clock goes on from 2017-01-01", "Clock holds on 2018-06-01"]
    (at_s, lasts_s), (goes_s, _), (last_s, until_s) = found.values()
    assert lasts_s == pytest.approx(2, abs=0.05)
    assert goes_s == pytest.approx(at_s + lasts_s)
    assert (planned.dates[round(at_s * 25)], planned.dates[round(goes_s * 25)] > date(2017, 1, 1)) == (
        date(2017, 1, 1), True,
    )  # fmt: skip
    assert last_s + until_s == 10
    still = {"kind": "keys", "keys": [{"at": 0, "date": date(2017, 1, 1)}]}
    assert not [name for name in _moments(_planned(clock=still)) if name.startswith("Clock")]
    steps = [{"at": i * 0.04, "date": date(2017, 1, 1 + i), "ease": "step"} for i in range(25)]
    ran = _moments(_planned(clock={"kind": "keys", "keys": steps}))
    assert [name for name in ran if name.startswith("Clock")] == ["Clock holds on 2017-01-25"]


def test_what_stands_for_a_while_comes_and_goes_with_its_fades_and_what_is_off_does_not() -> None:
    found = _moments(_planned())
    timed = {name: times for name, times in found.items() if name.endswith(("comes", "goes"))}
    assert timed == {
        "Title comes": (0.5, 0.32),
        "Callout Here\tand\nnow comes": (3.25, 0.25),
        "Callout Here\tand\nnow goes": (3.5, 0.25),
        "Title goes": (3.68, 0.32),
        "Highlight comes": (6, 0.32),
        "Credit goes": (8.68, 0.32),
    }
    assert "Callout Ici comes" in _moments(_planned(language="fr"))


@pytest.mark.parametrize("rate", ["24000/1001", "25", "30000/1001", "60000/1001"])
def test_chapters_and_observations_are_where_the_edit_lists_have_them(rate: str) -> None:
    planned = _planned(rate=rate)
    found = _moments(planned)
    for mark in build_marks(planned):
        assert found[mark.text] == (round(float(mark.at / planned.shot.rate), 3), 0)
    assert {one.kind for one in sound.build_moments(planned, _said(planned))} == {
        "chapter", "observation", "camera", "clock", "furniture", "callout", "highlight",
    }  # fmt: skip


@pytest.mark.parametrize("rate", ["24000/1001", "25"])
def test_times_count_from_the_first_frame_of_the_film_with_its_handles(rate: str) -> None:
    plain, handled = (_moments(_planned(rate=rate, handles=n_frames)) for n_frames in (0, 24))
    later_s = float(24 / Fraction(rate))
    assert plain.keys() == handled.keys()
    for name, (at_s, lasts_s) in plain.items():
        assert handled[name] == (pytest.approx(at_s + later_s, abs=0.0011), pytest.approx(lasts_s, abs=0.0011))


def test_a_part_of_a_shot_has_the_moments_that_it_shows(tmp_path: Path) -> None:
    whole = _planned(handles=10)
    part = film.Plan(whole.shot, whole.numbers[85:185], whole.states[85:185], whole.stops, whole.given, whole.keys)
    found = _moments(part)
    # It begins three seconds after the beginning of the cut.
    assert found["Camera reaches xinjiang"] == (0, 0)
    assert found["Camera reaches 84.5, 42.25 at zoom 6"] == (2, 0)
    assert found["Highlight comes"] == (3, 0.32)
    assert "Title comes" not in found
    assert "Credit goes" not in found
    assert all(0 <= at_s <= 4 and at_s + lasts_s <= 4 for at_s, lasts_s in found.values())
    assert found["Callout Here\tand\nnow comes"] == (0.25, 0.25)


def test_the_file_is_as_audition_has_it_and_no_two_rows_are_the_same(tmp_path: Path) -> None:
    twice = [{"centre": [80, 40], "text": "Twice", "from": 2}] * 2
    planned = _planned(callouts=[*FULL["callouts"], *twice])
    path = sound.write_sound(tmp_path, NAME, planned, _said(planned))
    assert path.name == f"{NAME}_sound.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbfName\t")
    rows = _read(path)
    assert len({tuple(row) for row in rows}) == len(rows)
    assert {len(row) for row in rows} == {6}
    assert {(row[3], row[4]) for row in rows} == {("decimal", "Cue")}
    times = [_s(row[1]) for row in rows]
    assert times == sorted(times)
    assert ["Callout Twice comes", "0:02.000", "0:00.320", "decimal", "Cue", "callout"] in rows
    assert ["Callout Here and now goes", "0:03.500", "0:00.250", "decimal", "Cue", "callout"] in rows
    again = sound.write_sound(tmp_path / "again", NAME, planned, _said(planned))
    assert again.read_bytes() == path.read_bytes()
    with pytest.raises(InputError, match="draw the missing frames first"):
        sound.write_sound(tmp_path, NAME, planned, _said(planned)[:-1])


@given(st.integers(0, 5 * 3600 * 1000), st.integers(0, 100_000))
def test_every_time_is_read_back_to_the_millisecond(at_ms: int, lasts_ms: int) -> None:
    _, start, duration, *_ = sound._row(Moment(at_ms / 1000, "A", "clock", lasts_ms / 1000))
    assert round(1000 * _s(start)) == at_ms
    assert round(1000 * _s(duration)) == lasts_ms


def test_a_moment_of_a_frame_is_the_millisecond_at_which_it_is_shown() -> None:
    planned = _planned(rate="30000/1001")
    (observed,) = [mark for mark in build_marks(planned) if mark.text == "Observed 2017-06-01"]
    row = sound._row(next(one for one in sound.build_moments(planned, _said(planned)) if one.name == observed.text))
    exact_s = timecode.duration_s(observed.at, planned.shot.rate)
    assert abs(_s(row[1]) - exact_s) < 0.00051
