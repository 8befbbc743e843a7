"""Frames against their papers: a sound render and a sound delivery hold, and whatever is done to one is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from camps import appendix, files, film
from camps.appendix import framecheck
from camps.appendix.checks import Check
from camps.errors import InputError
from camps.film import manifest, movie, records
from camps.film.readouts import read_out

pytestmark = pytest.mark.browser
NUMBERS = range(1120, 1126)
NAME = "CAMPS_XJ_0010_v003"


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a delivery in all passes and with all movies."""
    shot = film.read_shot("xinjiang").model_copy(update={"size": (480, 270), "version": 3})
    out = tmp_path_factory.mktemp("out")
    return film.deliver(shot, out, languages=["en", "ug"], numbers=NUMBERS, waive=["credit"], webm=True).folder


@pytest.fixture
def copy(delivered: Path, tmp_path: Path) -> Path:
    return shutil.copytree(delivered, tmp_path / NAME)


@pytest.fixture(autouse=True)
def _read_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work out the rows of a shot once for all attacks: the data are the same for all of them."""
    monkeypatch.setattr(
        framecheck, "read_out", lambda shot, numbers: _rows_of(json.dumps(manifest.shot_table(shot)), tuple(numbers))
    )


def _rows_again(shot: film.Shot, numbers: Sequence[int]) -> dict[int, dict[str, str]]:
    return _rows_of(json.dumps(manifest.shot_table(shot)), tuple(numbers))


@cache
def _rows_of(shot: str, numbers: tuple[int, ...]) -> dict[int, dict[str, str]]:
    return read_out(film.build_shot(json.loads(shot)), numbers)


def _checks(folder: Path, **options: Any) -> list[Check]:
    return list(framecheck.check_frames(folder, **{"sample": 0, **options}))


# --- what is sound holds --------------------------------------------------------------------------------------------


def test_a_sound_delivery_holds_in_every_pass_and_every_pass_is_traced(delivered: Path) -> None:
    checks = _checks(delivered, sample=2, seed="a")
    assert [check.holds for check in checks] == [True] * len(checks), checks
    said = " ".join(str(check) for check in checks)
    assert "6 frames of 19 passes are there and as recorded" in said
    assert "6 rows say what comes out of the data" in said
    assert said.count("6 pictures decoded, each like its frame") == 4
    assert said.count("drawn again: the 19 pictures that frames.csv lists") == 2
    for folder in (path for path in delivered.iterdir() if list(path.glob("*.png"))):
        found = appendix.trace(folder / f"CAMPS_XJ_0010_{folder.name}_v003.1123.png")
        assert found.holds
        assert f"pass {folder.name}" in found.report()


def test_quickly_no_movie_is_read_and_no_frame_drawn(delivered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for slow in ("_check_movies", "_compared"):
        monkeypatch.setattr(framecheck, slow, lambda *_: pytest.fail("was asked for"))
    checks = _checks(delivered, sample=2, quick=True)
    assert [check.holds for check in checks] == [True, True, None]
    assert "movies and frames drawn again: asked for quickly" in str(checks[-1])


def test_what_somebody_else_mapped_is_not_said_to_hold(tmp_path: Path) -> None:
    from film_support import small_shot, test_page

    film.render(test_page(), tmp_path, shot=small_shot(frames=3, camera=[]), movie=False)
    assert [check.holds for check in _checks(tmp_path, sample=1)] == [True, None, None]
    with pytest.raises(InputError, match=r"no frames\.csv in it"):
        _checks(tmp_path / "TEST_A_0010_v001" / "beauty")


@pytest.mark.parametrize(("n", "sample", "n_chosen"), [(4, 0, 0), (4, 3, 3), (4, 9, 4), (100, 3, 3), (0, 3, 0)])
def test_a_sample_follows_its_seed(n: int, sample: int, n_chosen: int) -> None:
    chosen = framecheck.choose_sample(range(n), sample, "seed")
    assert chosen == sorted(set(chosen)) == framecheck.choose_sample(range(n), sample, "seed")
    assert len(chosen) == n_chosen
    others = {tuple(framecheck.choose_sample(range(100), 3, str(seed))) for seed in range(50)}
    assert len(others) == 50


# --- what is not is named, with all sums made consistent ------------------------------------------------------------


def _reseal(folder: Path, listed: records.FrameList | None = None) -> None:
    """Write every sum anew, as somebody who knows the suite would."""
    old = listed or records.read_frame_list(folder)
    frames = {
        number: replace(frame, pictures={k: _summed(folder, one) for k, one in frame.pictures.items()})
        for number, frame in old.frames.items()
    }
    new = records.FrameList(frames)
    records.write_frame_list(folder, new)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    for entry in manifest.get("movies", []):
        if (path := folder / entry["file"]).is_file():
            shown = [frame.pictures[entry["shows"]].sha256 for frame in new.frames.values()]
            entry["sha256"] = files.sha256(path)
            entry["frames_sha256"] = movie.movie_key(
                entry["kind"], film.read_shot("xinjiang").rate, shown, burnt=entry["kind"] == "proxy"
            )
    files.write_json(folder / "manifest.json", manifest)
    records.write_checksums(folder, {})


def _summed(folder: Path, one: records.PictureEntry) -> records.PictureEntry:
    path = folder / one.file
    return replace(one, sha256=files.sha256(path)) if path.is_file() else one


def _rows(change: Callable[[dict[str, str]], Mapping[str, str]], *numbers: int) -> Callable[[Path], None]:
    def attack(folder: Path) -> None:
        frames = dict(records.read_frame_list(folder).frames)
        for number in numbers or list(frames):
            frames[number] = replace(frames[number], shown=dict(change(dict(frames[number].shown))))
        _reseal(folder, records.FrameList(frames))

    return attack


def _cell(**cells: str) -> Callable[[dict[str, str]], Mapping[str, str]]:
    return lambda row: row | cells


def _picture(folder: Path, name: str, number: int) -> Path:
    return folder / name / f"CAMPS_XJ_0010_{name}_v003.{number}.png"


def _repaint(folder: Path, number: int, name: str = "beauty") -> None:
    path = _picture(folder, name, number)
    with Image.open(path) as opened:
        pixels = np.array(opened)
    pixels[100:132, 200:232, :3] = (255, 0, 0)
    path.unlink()
    Image.fromarray(pixels).save(path)


def _swap(folder: Path, one: int, other: int) -> None:
    for info in (path for path in folder.iterdir() if list(path.glob("*.png"))):
        first, second = (_picture(folder, info.name, number) for number in (one, other))
        content = first.read_bytes(), second.read_bytes()
        for path, bytes_ in zip((second, first), content, strict=True):
            path.unlink()
            path.write_bytes(bytes_)


def _cut(folder: Path, number: int) -> None:
    frames = dict(records.read_frame_list(folder).frames)
    for one in frames.pop(number).pictures.values():
        (folder / one.file).unlink()
    _reseal(folder, records.FrameList(frames))


def _manifest(**changes: Any) -> Callable[[Path], None]:
    def attack(folder: Path) -> None:
        path = folder / "manifest.json"
        files.write_json(path, json.loads(path.read_text("utf-8")) | changes)
        _reseal(folder)

    return attack


def _other_movie(folder: Path) -> None:
    path = folder / "proxy" / f"{NAME}_proxy.mp4"
    rate = film.read_shot("xinjiang").rate
    movie.write_movie([_picture(folder, "textless", number) for number in NUMBERS], path, rate=rate)


def _then_sealed(attack: Callable[[Path], object]) -> Callable[[Path], None]:
    def both(folder: Path) -> None:
        attack(folder)
        _reseal(folder)

    return both


ATTACKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "all totals": (_rows(_cell(total="9999")), "frame 1122: frames.csv: total says 9999, comes out as 23"),
    "one total": (_rows(_cell(total="9999"), 1123), "frame 1123: frames.csv: total says 9999"),
    "said to be observed": (_rows(_cell(kind="observed")), "kind says observed, comes out as interpolated"),
    "how many were observed": (_rows(_cell(n_observed="50"), 1124), "n_observed says 50, comes out as 15"),
    "days since a look": (_rows(_cell(stale_days="9"), 1124), "stale_days says 9, comes out as"),
    "places said to be open": (_rows(_cell(n_open="9"), 1124), "n_open says 9, comes out as nothing"),
    "how many are held": (_rows(_cell(n_held="7"), 1124), "n_held says 7, comes out as 0"),
    "a total that nobody knows": (_rows(_cell(total=""), 1124), "total says nothing"),
    "a bound": (_rows(_cell(total_lo="260")), "total_lo says 260, comes out as 233"),
    "a date": (_rows(_cell(date_shown="2018"), 1121), "date_shown says 2018, comes out as 2017"),
    "a day": (_rows(_cell(day="2019-08-01"), 1121), "day says 2019-08-01"),
    "a timecode": (_rows(_cell(timecode="02:00:05:11"), 1120), "timecode says 02:00:05:11"),
    "a place": (_rows(_cell(lon="85.1"), 1120), "lon says 85.1"),
    "a site left out": (
        _rows(lambda row: row | {"site_ids": row["site_ids"].partition(" ")[2]}, 1123), "frame 1123: frames.csv: site_",
    ),
    "a frame repainted": (_then_sealed(lambda folder: _repaint(folder, 1123)), "proxy.mp4: frame 1123: shows another"),
    "two frames swapped": (_then_sealed(lambda folder: _swap(folder, 1120, 1125)), "frame 1125: shows another picture"),
    "the last frame cut": (lambda folder: _cut(folder, 1125), "frame 1125: belongs to the shot, but no row"),
    "a frame cut and the manifest shortened": (
        lambda folder: (_cut(folder, 1125), _manifest(last_frame=1124)(folder)), "has 6 pictures, expected 5",
    ),
    "a picture added": (
        lambda folder: shutil.copy(_picture(folder, "beauty", 1120), folder / "beauty" / "x.png"),
        "beauty/x.png: is a picture of which frames.csv does not speak",
    ),
    "a picture added with its sum": (
        _then_sealed(lambda folder: shutil.copy(_picture(folder, "beauty", 1120), folder / "beauty" / "1120x.PNG")),
        "beauty/1120x.PNG: is a picture of which frames.csv does not speak",
    ),
    "a movie of other pictures": (_then_sealed(_other_movie), "proxy.mp4: frame 1120: shows another picture"),
    "a movie removed": (
        _then_sealed(lambda folder: (folder / "proxy" / f"{NAME}_proxy.mp4").unlink()), "proxy.mp4: is listed, but is",
    ),
    "a movie added": (
        _then_sealed(lambda folder: shutil.copy(folder / "proxy" / f"{NAME}_proxy.mp4", folder / "proxy" / "x.mp4")),
        "proxy/x.mp4: the manifest knows no such movie",
    ),
    "another title": (_manifest(title="Verified on the ground"), "title says Verified on the ground"),
    "another rate": (_manifest(fps_num=24), "fps_num says 24"),
    "no manifest": (_then_sealed(lambda folder: (folder / "manifest.json").write_text("{}")), "manifest.json"),
    "a manifest that is none": (lambda folder: (folder / "manifest.json").write_text("["), "manifest.json: not JSON"),
    "a list that is none": (lambda folder: (folder / "frames.csv").write_text("frame\n1\n"), "not a frame list"),
    "an empty list": (lambda folder: (folder / "frames.csv").write_text(""), "not a frame list"),
    "a broken picture": (
        _then_sealed(lambda folder: _picture(folder, "beauty", 1122).write_bytes(b"x")), "movies: could not be",
    ),
    "no sums": (lambda folder: (folder / "checksum.txt").unlink(), "checksum.txt: does not say"),
    "the labels of one language": (
        lambda folder: _repaint(folder, 1123, "labels_ug"), "frame 1123: labels_ug/CAMPS_XJ_0010_labels_ug_v003.1123",
    ),
    "an attribution": (lambda folder: (folder / "ATTRIBUTION.txt").write_text("mine"), "ATTRIBUTION.txt: is another"),
    "a hidden file": (lambda folder: (folder / ".hidden").write_text("x"), ".hidden: neither frames.csv nor"),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_every_attack_on_a_delivery_is_named(copy: Path, name: str) -> None:
    attack, named = ATTACKS[name]
    attack(copy)
    failed = [check for check in _checks(copy) if not check.holds]
    assert any(named in str(check) for check in failed), failed


def test_a_repainted_pass_that_no_movie_shows_is_found_when_it_is_drawn_again(copy: Path) -> None:
    _repaint(copy, 1123, "labels_ug")
    _reseal(copy)
    assert all(check.holds for check in _checks(copy))
    failed = [check for check in _checks(copy, sample=99) if check.holds is False]
    assert [str(check) for check in failed if "labels_ug: another picture from the same page" in str(check)]


def test_a_list_that_the_package_was_not_made_with_is_named(delivered: Path) -> None:
    sealed = {NAME: files.sha256(delivered / "frames.csv")}
    assert all(check.holds for check in _checks(delivered, sealed=sealed))
    said = [str(check) for check in _checks(delivered, sealed={NAME: "0" * 64}) if check.holds is False]
    assert len(said) == 1
    assert "another one than the package was made with" in said[0]
    assert any(check.holds is None for check in _checks(delivered, sealed={}))
