"""Handles: frames before and after a cut in which all stands as at its ends, and which no paper takes for the cut."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest
from film_support import small_shot

from camps import appendix, cli, files, film
from camps.appendix import framecheck
from camps.errors import InputError
from camps.film import delivery, movie
from camps.film.delivery import Delivery
from camps.film.plan import plan_frames
from camps.film.render import film_whole
from camps.film.subject import build_ground, build_map

HANDLES = 5
SITE = {"kind": "growth", "sources": ["gazetteer"], "where": {"admin1": "Xinjiang"}}
#: What may move: camera, clock, furniture, callouts, lit places, and events that are told for a while.
MOVING: dict[str, dict[str, Any]] = {
    "growth": {
        "map": SITE,
        "furniture": {"title": {"from": 0, "to": 1}, "subtitle": {"from": 0.5, "to": 2.4}},
        "callouts": [{"centre": [80, 40], "text": "Here", "to": 2.4}],
        "highlight": {"class": "tier-4", "from": 0.2},
    },
    "chapters": {
        "map": {"kind": "eras"},
        "clock": {"kind": "linear", "from": date(1949, 1, 1), "to": date(1962, 1, 1)},
    },
    "dates": {
        "map": SITE,
        "clock": {"kind": "keys", "keys": [{"at": 0.2, "date": date(2017, 7, 2)}, {"at": 2, "date": date(2020, 7, 2)}]},
        "camera": [{"at": 0, "fit": "china"}, {"at": 2.4, "fit": "xinjiang", "path": "curve"}],
    },
    "blur": {
        "map": SITE,
        "camera": [{"at": 0, "fit": "china"}, {"at": 2.4, "fit": "xinjiang", "bearing_deg": 30, "ease": "linear"}],
        "motion_blur": {"shutter_deg": 180, "samples": 4},
    },
    "split": {
        "map": SITE,
        "split": {"before": date(2016, 6, 1), "keys": [{"at": 0, "line": 0.25}, {"at": 2.4, "line": 0.75}]},
    },
}


def _both(**told: Any) -> tuple[film.Shot, film.Shot]:
    """Return a shot without handles, and the same with."""
    plain, handled = (small_shot(**{"frames": 60, **told}, handles=n_frames) for n_frames in (0, HANDLES))
    return plain, handled


@pytest.mark.parametrize("name", MOVING)
def test_all_stands_in_a_handle_as_at_the_end_of_the_cut_and_the_cut_is_as_without(name: str) -> None:
    plain, handled = (plan_frames(shot, build_ground(build_map(shot))) for shot in _both(**MOVING[name]))
    assert handled.cut.states == handled.states[HANDLES:-HANDLES] == plain.states
    assert handled.states[:HANDLES] == (plain.states[0],) * HANDLES
    assert handled.states[-HANDLES:] == (plain.states[-1],) * HANDLES
    assert plain.states[0] != plain.states[1]
    assert plain.states[-1] != plain.states[-2]
    assert (handled.handles, plain.handles, plain.cut_told) == ((HANDLES, HANDLES), (0, 0), "")
    assert (handled.cut.numbers[0], handled.cut.timecode(0)) == (1006, "01:00:00:05")
    assert (handled.seconds, handled.cut.seconds) == (2.8, 2.4)


def test_what_stands_until_the_end_is_gone_on_the_last_frame_and_not_a_ghost_in_its_handle() -> None:
    shot = small_shot(frames=60, handles=HANDLES, captions=[{"text": "A", "to": 2.4}], map={"kind": "growth"})
    states = plan_frames(shot, build_ground(build_map(shot))).states
    strengths = [sum(one["alpha"] for one in state.get("captions", ())) for state in states]
    assert strengths[: -HANDLES - 9] == [1.0] * (60 - 9 + HANDLES)
    assert strengths[-HANDLES - 1 :] == [0.0] * (HANDLES + 1)
    assert 0 < strengths[-HANDLES - 2] < 0.1


def test_a_map_with_a_time_of_its_own_stands_still_in_a_handle() -> None:
    plan = plan_frames(small_shot(frames=6, handles=2, camera=[]), film.Ground({})).timed()
    assert [state["at"] for state in plan.states] == [0, 0, 0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.2, 0.2]


@pytest.mark.browser
def test_frames_of_the_cut_keep_their_keys_and_those_of_handles_are_pictures_that_are_there() -> None:
    plain, handled = (
        delivery.film_passes(shot, ["beauty", "title", "callouts"]).frame_keys() for shot in _both(**MOVING["growth"])
    )
    assert [handled[number] for number in range(1006, 1066)] == list(plain.values())
    assert [handled[number] for number in range(1001, 1006)] == [plain[1001]] * HANDLES
    assert [handled[number] for number in range(1066, 1071)] == [plain[1060]] * HANDLES
    plain, handled = (film_whole(shot).frame_keys() for shot in _both(**MOVING["growth"]))
    assert [handled[number] for number in range(1006, 1066)] == list(plain.values())


# ── a delivery ───────────────────────────────────────────────────────────────────────────────────────────────────


SHOT = """
title = "With handles"
code = "TEST_H_0010"
frames = 4
handles = 3
size = [320, 180]

[map]
kind = "growth"
sources = ["gazetteer"]
where = { admin1 = "Xinjiang" }

[clock]
kind = "linear"
from = 2017-07-02
to = 2017-09-02

[[camera]]
at = 0
fit = "xinjiang"

[[camera]]
at = 0.16
centre = [84, 42]
zoom = 5
"""
ALL, CUT = range(1001, 1011), range(1004, 1008)


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.write_text(tmp_path_factory.mktemp("shot") / "handles.toml", SHOT)


@pytest.fixture(scope="module")
def delivered(shot: Path, tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    return film.deliver(film.read_shot(shot), tmp_path_factory.mktemp("out"), waive=["credit"])


def _frames_in(path: Path, column: str) -> list[int]:
    return sorted({int(row[column]) for row in csv.DictReader(path.read_text("utf-8-sig").splitlines())})


@pytest.mark.browser
def test_every_pass_track_table_and_movie_has_all_frames(delivered: Delivery) -> None:
    folder = delivered.folder
    for info in delivered.passes:
        pictures = [(folder / info.file(number)).read_bytes() for number in ALL]
        assert len(list((folder / info.folder).iterdir())) == len(ALL)
        assert len({*pictures[:4]}) == len({*pictures[-4:]}) == 1
    beauty = next(info for info in delivered.passes if info.name == "beauty")
    assert len({(folder / beauty.file(number)).read_bytes() for number in CUT}) == 4
    assert _frames_in(folder / "frames.csv", "frame") == [*ALL]
    assert _frames_in(next(folder.glob("track/*_track.csv")), "frame") == [*ALL]
    assert len(next(folder.glob("track/*.chan")).read_text().splitlines()) == len(ALL)
    labels = folder / "edit" / "labels.csv"
    assert (_frames_in(labels, "in_frame")[0], _frames_in(labels, "out_frame")[-1]) == (1001, 1010)
    assert [movie.read_movie(path).n_frames for path in delivered.movies] == [len(ALL)] * 3


@pytest.mark.browser
def test_the_papers_say_the_handles_and_the_ends_of_the_cut(delivered: Delivery) -> None:
    manifest = json.loads((delivered.folder / "manifest.json").read_text("utf-8"))
    assert (manifest["first_frame"], manifest["last_frame"], manifest["n_frames"]) == (1001, 1010, 10)
    assert (manifest["cut_first_frame"], manifest["cut_last_frame"]) == (1004, 1007)
    assert manifest["handles"] == {"before": 3, "after": 3}
    said = "1004 to 1007 (4 frames, 0.16 s), with handles of 3 frames before and 3 after it"
    assert f"Cut        {said}" in (delivered.folder / "README.txt").read_text("utf-8")
    assert f"The cut is {said}" in (delivered.folder / "track" / "README.txt").read_text("utf-8")
    timeline = otio.adapters.read_from_file(str(next(delivered.folder.glob("edit/*.otio"))))
    for clip in timeline.find_clips():
        media = clip.media_reference
        assert media.frame_for_time(clip.source_range.start_time) == 1004
        assert media.frame_for_time(clip.source_range.end_time_inclusive()) == 1007
        assert (media.start_frame, media.end_frame()) == (1001, 1010)


@pytest.mark.browser
def test_frames_in_handles_are_traced_and_verified_as_those_of_the_cut(delivered: Delivery, tmp_path: Path) -> None:
    verdicts = list(framecheck.check_frames(delivered.folder, sample=99))
    assert [check.holds for check in verdicts] == [True] * len(verdicts), verdicts
    assert "10 rows say what comes out of the data" in " ".join(map(str, verdicts))
    beauty = delivered.folder / "beauty"
    for number, shows in ((1001, 1004), (1010, 1007)):
        handle, end = (appendix.trace(beauty / f"TEST_H_0010_beauty_v001.{n}.png") for n in (number, shows))
        assert handle.holds
        assert f"frame: {number}, timecode" in handle.report()
        told = [found.report().partition("shows: ")[2] for found in (handle, end)]
        assert told[0] == told[1]
    alone = Path(shutil.copy(next(path for path in delivered.movies if path.suffix == ".mp4"), tmp_path))
    verdict = appendix.verify(alone)
    assert verdict.holds, verdict.report()
    for at in ("1001", "01:00:00:00", "1010", "0.36s"):
        found = appendix.trace(alone, at=at)
        assert found.holds
        assert f"frame: {1001 if at in {'1001', '01:00:00:00'} else 1010}," in found.report()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told | {"cut_first_frame": 1001}, "cut_first_frame says 1001, its shot has 1004"),
        (lambda told: told | {"handles": {"before": 0, "after": 3}}, "handles says"),
        (lambda told: {name: told[name] for name in told if name != "handles"}, "handles says None"),
    ],
)
def test_a_manifest_that_says_another_cut_is_named(
    delivered: Delivery, tmp_path: Path, change: Callable[[dict[str, Any]], dict[str, Any]], said: str
) -> None:
    folder = shutil.copytree(delivered.folder, tmp_path / delivered.folder.name)
    path = folder / "manifest.json"
    files.write_json(path, change(json.loads(path.read_text("utf-8"))))
    failed = [str(check) for check in framecheck.check_frames(folder, sample=0) if check.holds is False]
    assert any(said in fault for fault in failed), failed


def test_a_range_in_a_handle_alone_is_refused_and_a_part_says_what_it_has(shot: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--range: 1001-1003 lies in a handle.*the cut as well, which is 1004-1007"):
        film.deliver(film.read_shot(shot), tmp_path, numbers=range(1001, 1004), waive=["credit"])
    part = film.plan_delivery(film.read_shot(shot), numbers=range(1003, 1006))
    assert (part.handles, list(part.cut.numbers)) == ((1, 0), [1004, 1005])
    assert part.cut_told == "1004 to 1005 (2 frames, 0.08 s), with handles of 1 frames before and 0 after it"


@pytest.mark.parametrize("command", ["frames", "deliver"])
def test_a_plan_says_its_handles(shot: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([command, str(shot), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "frames    1001 to 1010: 10\n" in out
    assert "cut       1004 to 1007 (4 frames, 0.16 s), with handles of 3 frames before and 3 after it\n" in out
    assert cli.run([command, "first", "--dry-run"]) == 0
    assert "cut  " not in capsys.readouterr().out
