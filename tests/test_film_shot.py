"""Shots are text files; every fault in one is named at once, with its key."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from camps import film
from camps.cli import picturing
from camps.errors import InputError, MissingError
from camps.film import shot as keys_of
from camps.film.camera import EASINGS
from camps.film.plan import Ground, plan_frames
from camps.film.timecode import FIRST_FRAME

SOUND: dict[str, Any] = {
    "title": "A test",
    "code": "TEST_A_0010",
    "seconds": 4,
    "clock": {"kind": "linear", "from": date(2017, 1, 1), "to": date(2020, 12, 31)},
    "camera": [{"at": 0, "fit": "xinjiang"}],
}


def _message(**changes: Any) -> str:
    with pytest.raises(InputError) as caught:
        film.build_shot({**SOUND, **changes}, what="shots/x.toml")
    return str(caught.value)


@pytest.mark.parametrize("name", film.list_shots())
def test_every_shot_that_travels_with_the_suite_is_sound(name: str) -> None:
    shot = film.read_shot(name)
    assert shot.name == name
    assert shot.source is not None
    assert shot.n_frames >= 1


def test_the_manual_names_every_key_and_choice_and_its_example_is_sound() -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "shots.md").read_text("utf-8")
    tables = (keys_of.Shot, keys_of.MapTable, keys_of.CameraKey, keys_of.LinearClock, keys_of.ObservationsClock,
              keys_of.ErasClock, keys_of.KeysClock, keys_of.ClockKey, keys_of.Span,
              keys_of.Hold, keys_of.TimedPlacement, keys_of.Callout, keys_of.Caption)  # fmt: skip
    keys = {field.alias or name for table in tables for name, field in table.model_fields.items()} - {"name", "source"}
    assert [word for word in sorted({*keys, *EASINGS}) if not re.search(rf"\b{word}\b", text)] == []
    example = text.partition("```toml\n")[2].partition("```")[0]
    assert film.build_shot(tomllib.loads(example)).n_frames == 96


def test_the_first_shot_is_a_hundred_frames_of_full_hd() -> None:
    shot = film.read_shot("first")
    assert (shot.n_frames, shot.rate, shot.size) == (100, Fraction(25), (1920, 1080))
    assert list(shot.numbers) == list(range(1001, 1101))


def test_an_unknown_shot_is_answered_with_those_there_are() -> None:
    with pytest.raises(MissingError, match=r"nowhere: no such shot; expected a TOML file or one of .*first"):
        film.read_shot("nowhere")


def test_all_faults_are_named_at_once_each_with_its_key() -> None:
    message = _message(
        code="1 b",
        rate=23.5,
        speed=3,
        size=[1, 9000],
        layers={"bse": True},
        clock={"kind": "linear", "from": date(2017, 1, 1), "to": date(2018, 1, 1), "easse": 1},
        camera=[{"at": 0, "fit": "xinjang", "ease": "bounce"}, {"at": -1, "centre": [200, 95], "zoom": 4}],
    )
    assert message.startswith("shots/x.toml: 11 faults")
    for key in (
        "code", "rate", "speed", "size", "layers.bse", "clock.easse", "camera.1.fit", "camera.1.ease", "camera.2.at",
        "camera.2.centre.1", "camera.2.centre.2",
    ):  # fmt: skip
        assert f"key {key}" in message, key


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seconds": None}, "one of seconds and frames"),
        ({"frames": 100}, "one of seconds and frames"),
        ({"rate": "24000/0"}, "a rate up to"),
        ({"rate": 0}, "a rate up to"),
        ({"rate": True}, "a rate up to"),
        ({"clock": {"kind": "sometimes"}}, "kind = one of"),
        ({"clock": {"kind": "keys", "keys": []}}, "clock.keys"),
        ({"clock": {"kind": "linear", "from": date(2020, 1, 1), "to": date(2017, 1, 1)}}, "later than 'from'"),
        ({"motion_blur": True}, "key motion_blur: found True, expected a table in { }"),
        ({"furniture": {"last": {"to": 1}}}, "key furniture.last: found 'last', expected 'logo', 'title'"),
        ({"clock": {"kind": "linear", "from": "soon", "to": date(2017, 1, 1)}}, "clock.from"),
        ({"camera": [{"at": 0}]}, "one of centre, site, fit, box (here: none)"),
        ({"camera": [{"at": 0, "fit": "china", "box": [1, 2, 3, 4]}]}, "(here: fit, box)"),
        ({"camera": [{"at": 0, "centre": [80, 40]}]}, "zoom with centre or site"),
        ({"camera": [{"at": 0, "fit": "china", "zoom": 3}]}, "zoom with centre or site"),
        ({"camera": [{"at": 0, "box": [80, 40, 90, 30]}]}, "south < north"),
        ({"camera": [{"at": 2, "fit": "china"}, {"at": 1, "fit": "china"}]}, "keys in order"),
        ({"camera": [{"at": 0, "fit": "china", "hold": 2}, {"at": 1, "fit": "china"}]}, "after the hold"),
        ({"version": 0}, "version"),
        ({"language": "xx"}, "language"),
    ],
)
def test_what_cannot_be_filmed_is_refused(changes: dict[str, Any], said: str) -> None:
    assert said in _message(**changes)


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("title = ")
    with pytest.raises(InputError, match=r"x\.toml: not TOML in UTF-8"):
        film.read_shot(path)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("29.97", "30000/1001"),
        (29.97, "30000/1001"),
        ("23.976", "24000/1001"),
        ("23.98", "24000/1001"),
        ("59.94", "60000/1001"),
        (47.952, "48000/1001"),
        ("119.88", "120000/1001"),
        ("25.0", "25"),
        (30.0, "30"),
        ("12", "12"),
        ("25/2", "25/2"),
    ],
)
def test_a_rate_in_decimals_is_the_fraction_that_it_stands_for(written: Any, meant: str) -> None:
    assert film.build_shot({**SOUND, "rate": written}).rate == Fraction(meant)


@pytest.mark.parametrize("written", ["29.9", "12.5", "24.98", "1e100000000", "2.5e1", "-25", "", "25/0", "nan", 10**12])
def test_a_rate_that_stands_for_none_is_refused(written: Any) -> None:
    assert "key rate" in _message(rate=written)


@pytest.mark.parametrize(
    "length",
    [{"seconds": 1e9}, {"seconds": 1e308}, {"seconds": 86400, "rate": 240}, {"frames": 400_001}, {"frames": 10**30}],
)
def test_a_film_without_end_is_refused_before_its_frames_are_worked_out(length: dict[str, Any]) -> None:
    shot = {name: value for name, value in SOUND.items() if name != "seconds"}
    with pytest.raises(InputError, match="at most 400,000 frames in one shot"):
        film.build_shot({**shot, **length})
    assert film.build_shot({**shot, "frames": 400_000}).n_frames == 400_000
    with pytest.raises(InputError, match="at most 400,000 frames in one shot"):
        film.build_shot({**shot, "frames": 399_999, "handles": 1})


@pytest.mark.parametrize("span", ["1001-999999999999", "1001-" + "9" * 5000, "²", "1002-1001", "1001-", ""])
def test_a_range_that_no_shot_has_is_refused_at_once(span: str) -> None:
    with pytest.raises(InputError, match="--range"):
        picturing.frame_numbers(span)
    assert picturing.frame_numbers("1001-1050") == range(1001, 1051)


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"seconds": 4, "camera": [{"at": 0, "fit": "china"}, {"at": 6, "fit": "xinjiang"}]}, ["camera.2.at"]),
        (
            {
                "seconds": 2,
                "camera": [{"at": 3, "fit": "china"}],
                "clock": {
                    "kind": "keys",
                    "keys": [{"at": 0, "date": date(2017, 1, 1)}, {"at": 2.5, "date": date(2018, 1, 1)}],
                },
            },
            ["camera.1.at", "clock.keys.2.at"],
        ),
    ],
)
def test_a_key_after_the_end_of_the_film_is_refused(changes: dict[str, Any], keys: list[str]) -> None:
    shot = film.build_shot({**SOUND, "camera": [], **changes})
    with pytest.raises(InputError, match="the length of the film") as raised:
        film.plan_frames(shot, Ground({}))
    assert all(f"key {key}" in str(raised.value) for key in keys)
    within = [{"at": 0, "fit": "china"}, {"at": 2, "fit": "xinjiang"}]
    assert len(film.plan_frames(film.build_shot({**SOUND, "seconds": 2, "camera": within}), Ground({})).numbers) == 50


@pytest.mark.parametrize("rate", ["24000/1001", "25", "30000/1001", "60000/1001"])
def test_a_key_and_a_caption_at_the_seconds_of_a_film_are_within_it_at_every_rate(rate: str) -> None:
    camera = [{"at": 0, "fit": "china"}, {"at": 38, "fit": "xinjiang"}]
    caption = {"text": "To the end", "from": 30, "to": 38}
    asked = {**SOUND, "seconds": 38, "rate": rate, "camera": camera, "captions": [caption]}
    plan = film.plan_frames(film.build_shot(asked), Ground({"a": (88.0, 43.0)}))
    assert plan.states[-1]["zoom"] > plan.states[0]["zoom"]
    late = {**asked, "camera": [camera[0], {**camera[1], "at": 38.09}]}
    with pytest.raises(InputError, match=r"key camera.2.at: found 38.09 s"):
        film.plan_frames(film.build_shot(late), Ground({"a": (88.0, 43.0)}))


@pytest.mark.parametrize("rate", ["24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001"])
def test_an_hour_has_the_exact_number_of_frames(rate: str) -> None:
    shot = film.build_shot({**SOUND, "seconds": 3600, "rate": rate})
    assert shot.n_frames == round(3600 * Fraction(rate))
    last = FIRST_FRAME + shot.n_frames - 1
    assert shot.time_s(last) == float((shot.n_frames - 1) / Fraction(rate))


@pytest.mark.parametrize("rate", ["24000/1001", "25", "30000/1001"])
def test_handles_lie_before_and_after_a_cut_that_keeps_its_length_and_times(rate: str) -> None:
    shot, plain = (film.build_shot({**SOUND, "rate": rate, **more}) for more in ({"handles": 8}, {}))
    assert shot.n_frames == plain.n_frames == len(shot.cut)
    assert list(shot.numbers) == list(range(1001, 1001 + plain.n_frames + 16))
    assert (shot.cut[0], shot.cut[-1]) == (1009, 1008 + plain.n_frames)
    assert [shot.time_s(number) for number in shot.cut] == [plain.time_s(number) for number in plain.numbers]
    assert {shot.time_s(number) for number in range(1001, 1009)} == {0.0}
    assert {shot.time_s(shot.cut[-1] + at) for at in range(9)} == {plain.time_s(plain.numbers[-1])}
    assert plain.cut == plain.numbers


@pytest.mark.parametrize("handles", [-1, 49, 2.5, "eight"])
def test_handles_that_no_editor_asks_for_are_refused(handles: object) -> None:
    assert "key handles" in _message(handles=handles)
    assert len(film.build_shot({**SOUND, "handles": 48}).numbers) == 196


@pytest.mark.parametrize(
    ("size", "scale"), [((1920, 1080), 1.0), ((3840, 2160), 2.0), ((1080, 1920), 1.0), ((960, 540), 0.5)]
)
def test_line_widths_come_from_a_picture_of_1080_lines(size: tuple[int, int], scale: float) -> None:
    assert film.build_shot({**SOUND, "size": size}).scale == scale


def test_a_clock_holds_on_dates_of_its_own() -> None:
    clock = {**SOUND["clock"], "holds": [{"date": "2018-06-01", "seconds": 1}, {"date": "2019-01-01", "seconds": 0.5}]}
    shown = plan_frames(film.build_shot({**SOUND, "clock": clock}), Ground({})).dates
    assert (shown[0], shown[-1]) == (date(2017, 1, 1), date(2020, 12, 31))
    # A second of 25 frames and half a one, and the frame on which the moving time meets the day.
    assert [shown.count(day) in {n, n + 1} for day, n in ((date(2018, 6, 1), 25), (date(2019, 1, 1), 12))] == [True] * 2
    assert shown == sorted(shown)


@pytest.mark.parametrize(
    ("holds", "said"),
    [
        (
            [{"date": "2016-06-01", "seconds": 1}],
            "key clock.holds.1.date: found 2016-06-01, expected a date from 2017-01-01 to 2020-12-31",
        ),
        ([{"date": "2018-06-01", "seconds": 4}], "holds of 4 s leave no time"),
        ([{"date": "2018-06-01", "seconds": 1}, {"date": "2018-06-01", "seconds": 1}], "none twice"),
    ],
)
def test_holds_that_cannot_be_are_named(holds: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        plan_frames(film.build_shot({**SOUND, "clock": {**SOUND["clock"], "holds": holds}}), Ground({}))


def test_an_easing_is_a_name_or_a_curve_within_its_box() -> None:
    camera = [{"at": 0, "fit": "xinjiang"}, {"at": 2, "fit": "china", "ease": [0.3, 0, 0.2, 1]}]
    assert film.build_shot({**SOUND, "camera": camera}).camera[1].ease == (0.3, 0, 0.2, 1)
    for wrong in ([0.3, 0, 0.2], [0.3, -0.1, 0.2, 1], [True, 0, 0, 1], "bounce"):
        assert "a Bézier curve as [x1, y1, x2, y2]" in _message(camera=[camera[0], {**camera[1], "ease": wrong}])
    assert "no ease on a curve" in _message(camera=[camera[0], {**camera[1], "path": "curve"}])
