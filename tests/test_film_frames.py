"""The same shot gives the same frames, however it is run; what is right is kept, what is not is drawn again."""

from __future__ import annotations

import csv
import json
import os
import shutil
import struct
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from film_support import PAGE, browsers, profiles, small_shot, sums, test_page
from numpy.typing import NDArray
from PIL import Image

from camps import files, film, settings
from camps.errors import InputError, RenderError

pytestmark = pytest.mark.browser


def _render(out: Path, **options: Any) -> film.RenderResult:
    shot = options.pop("shot", None) or small_shot()
    page = options.pop("page", None) or test_page()
    return film.render(page, out, shot=shot, movie=False, **options)


def _pixels(path: Path) -> NDArray[np.int_]:
    with Image.open(path) as opened:
        return np.asarray(opened).astype(int)


@pytest.fixture(scope="module")
def straight_through(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the sums of a run of one browser from the first frame to the last."""
    out = tmp_path_factory.mktemp("straight")
    _render(out)
    return sums(out)


def test_a_folder_holds_pictures_and_their_papers(tmp_path: Path) -> None:
    result = _render(tmp_path)
    assert result.folder.name == "TEST_A_0010_v001"
    assert [path.name for path in result.frames] == [f"TEST_A_0010_beauty_v001.{n}.png" for n in range(1001, 1013)]
    assert (result.n_drawn, result.n_kept, result.movie) == (12, 0, None)
    rows = list(csv.DictReader((result.folder / "frames.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["frame"] for row in rows] == [str(n) for n in range(1001, 1013)]
    assert (rows[0]["day"], rows[-1]["day"], rows[-1]["date_shown"]) == ("2017-01-01", "2020-12-31", "2020-12-31")
    assert rows[-1]["timecode"] == "01:00:00:11"
    assert rows[-1]["n_sites"] == "120"
    assert rows[0]["total_lo"] == ""
    assert len(rows[-1]["site_ids"].split()) == int(rows[-1]["n_observed"]) == 120
    for line in (result.folder / "checksum.txt").read_text().splitlines():
        sha256, name = line.split("  ")
        assert files.sha256(result.folder / name) == sha256
    manifest = json.loads((result.folder / "manifest.json").read_text())
    assert (manifest["fps_num"], manifest["fps_den"], manifest["complete"]) == (25, 1, True)
    assert not list(result.folder.glob(".*"))
    assert not browsers()
    assert not profiles()


def test_pictures_are_of_the_size_asked_for_opaque_and_tagged_srgb(tmp_path: Path) -> None:
    picture = _render(tmp_path, numbers=[1012]).frames[0]
    head = picture.read_bytes()[:64]
    assert struct.unpack(">II", head[16:24]) == (320, 180)
    assert head[37:41] == b"sRGB"
    with Image.open(picture) as opened:
        assert opened.mode == "RGB"
        assert opened.getpixel((2, 2)) == (0x10, 0x14, 0x18)


@pytest.mark.parametrize("options", [{"workers": 2}, {"transport": "socket"}], ids=["two browsers", "socket"])
def test_however_it_is_run_the_bytes_are_the_same(
    tmp_path: Path, straight_through: dict[str, str], options: dict[str, Any]
) -> None:
    _render(tmp_path, **options)
    assert sums(tmp_path) == straight_through


def test_frames_alone_and_backwards_are_those_of_the_whole_run(
    tmp_path: Path, straight_through: dict[str, str]
) -> None:
    for number in (1012, 1006, 1001):
        _render(tmp_path, numbers=[number])
    for name, sha256 in sums(tmp_path).items():
        if name.endswith(".png"):
            assert straight_through[name] == sha256
    result = _render(tmp_path)
    assert (result.n_drawn, result.n_kept) == (9, 3)
    assert sums(tmp_path) == straight_through


_ELSEWHERE = """
import sys
sys.path.insert(0, sys.argv[2])
from film_support import small_shot, test_page
from camps import film
film.render(test_page(), sys.argv[1], shot=small_shot(), movie=False)
"""


def test_time_zone_language_and_folder_change_nothing(tmp_path: Path, straight_through: dict[str, str]) -> None:
    elsewhere = {**os.environ, "TZ": "Asia/Kashgar", "LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8", "LANGUAGE": "ug"}
    elsewhere["CAMPS_HOME"] = str(settings.home())
    subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, tmp_path / "out", PAGE.parents[1]], env=elsewhere, cwd=tmp_path, check=True
    )
    assert sums(tmp_path / "out") == straight_through


def test_only_what_changed_is_drawn_again(tmp_path: Path) -> None:
    first = _render(tmp_path)
    times = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*") if path.is_file()}
    again = _render(tmp_path)
    assert (again.n_drawn, again.n_kept) == (0, 12)
    assert {path: path.stat().st_mtime_ns for path in first.folder.rglob("*") if path.is_file()} == times

    still = [{"at": 0, "fit": "china"}]
    ends = [small_shot(camera=still, clock=_clock_that_rests(date(year, 1, 1))) for year in (2019, 2020)]
    _render(tmp_path, shot=ends[0])
    changed = _render(tmp_path, shot=ends[1])
    # Symbols pass from one state to the next over nine frames: four before the clock moves on know of it.
    assert changed.n_drawn == 12 - 4, "the frames before the change are the same states"

    shorter = _render(tmp_path, shot=small_shot(frames=5, camera=[{"at": 0, "fit": "china"}]))
    assert len(list((shorter.folder / "beauty").iterdir())) == 5, "the tail of the longer film is gone"


def _clock_that_rests(until: date) -> dict[str, Any]:
    start = date(2017, 1, 1)
    return {"kind": "keys", "keys": [{"at": 0, "date": start, "hold": 0.28}, {"at": 0.4, "date": until}]}


@pytest.mark.parametrize("harm", ["flip a byte", "cut in half", "remove", "swap with its neighbour"])
def test_a_harmed_frame_is_drawn_again(tmp_path: Path, straight_through: dict[str, str], harm: str) -> None:
    frame, neighbour = _render(tmp_path).frames[4:6]
    content = frame.read_bytes()
    if harm == "flip a byte":
        frame.write_bytes(content[:99] + bytes([content[99] ^ 1]) + content[100:])
    elif harm == "cut in half":
        frame.write_bytes(content[: len(content) // 2])
    elif harm == "remove":
        frame.unlink()
    else:
        frame.write_bytes(neighbour.read_bytes())
    assert _render(tmp_path).n_drawn == 1
    assert sums(tmp_path) == straight_through


def test_a_movie_is_made_again_when_its_frames_are_others_and_kept_when_not(tmp_path: Path) -> None:
    still = small_shot(frames=4, camera=[{"at": 0, "fit": "china"}])
    first = film.render(test_page(), tmp_path, shot=still)
    assert first.movie is not None
    content, changed_at = first.movie.read_bytes(), first.movie.stat().st_mtime_ns
    film.render(test_page(), tmp_path, shot=still)
    assert first.movie.stat().st_mtime_ns == changed_at
    moved = small_shot(frames=4, camera=[{"at": 0, "fit": "xinjiang"}])
    film.render(test_page(), tmp_path, shot=moved, movie=False)
    assert not first.movie.exists(), "a movie of other frames must not lie beside these"
    assert film.render(test_page(), tmp_path, shot=moved).movie == first.movie
    assert first.movie.read_bytes() != content
    # New frames, and the old movie put back beside them: nothing is drawn, and the movie is made again.
    first.movie.write_bytes(content)
    again = film.render(test_page(), tmp_path, shot=moved)
    assert (again.n_drawn, first.movie.read_bytes() != content) == (0, True)


def test_frames_that_are_the_same_take_the_disk_once_and_can_each_be_replaced(tmp_path: Path) -> None:
    held = {"kind": "keys", "keys": [{"at": 0, "date": date(2018, 1, 1)}]}
    shot = small_shot(frames=6, clock=held, camera=[{"at": 0, "fit": "china"}])
    paths = _render(tmp_path, shot=shot).frames
    assert len({files.sha256(path) for path in paths}) == 1
    assert len({path.stat().st_ino for path in paths}) < len(paths)
    paths[2].unlink()
    paths[2].write_bytes(b"harmed")
    assert _render(tmp_path, shot=shot).n_drawn == 1
    assert len({files.sha256(path) for path in paths}) == 1


def test_two_at_once_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    told = rf"TEST_A_0010_v001: process {os.getpid()} on .* writes it just now"
    with files.locked(tmp_path / "TEST_A_0010_v001"), pytest.raises(InputError, match=told):
        _render(tmp_path)
    assert _render(tmp_path, numbers=[1001]).n_drawn == 1


def test_what_does_not_fit_on_the_disk_is_refused_before_the_first_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimate = film.plan_frames(small_shot(), film.Ground({})).disk_bytes
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=estimate - 1))
    with pytest.raises(InputError, match=r"0 MB free, but the frames take about 1 MB"):
        _render(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=estimate))
    assert _render(tmp_path).n_drawn == 12


def test_what_lies_behind_a_transparent_picture_shows_through(tmp_path: Path) -> None:
    straight = _render(tmp_path, shot=small_shot(background="transparent"), numbers=[1012]).frames[0]
    ground = _render(tmp_path / "look", numbers=[1012]).frames[0]
    with Image.open(straight) as opened:
        opened.load()
        picture = opened
    assert picture.mode == "RGBA"
    assert picture.getpixel((2, 2)) == (0, 0, 0, 0)
    behind = Image.new("RGBA", picture.size, (0x10, 0x14, 0x18, 255))
    together = np.asarray(Image.alpha_composite(behind, picture).convert("RGB")).astype(int)
    # Where lines cross, a transparent canvas has rounded twice what an opaque one rounds once.
    apart = np.abs(together - _pixels(ground))
    assert apart.max() <= 2
    assert (apart > 1).mean() < 1e-4


def test_sixteen_bits_have_steps_between_those_of_eight(tmp_path: Path) -> None:
    import av

    picture = _render(tmp_path, shot=small_shot(bit_depth=16), numbers=[1012]).frames[0]
    with av.open(str(picture)) as opened:
        frame = next(opened.decode(video=0))
    assert frame.format.name == "rgb48be"
    values = frame.to_ndarray(format="rgb48le").reshape(-1)
    assert (frame.width, frame.height) == (320, 180)
    assert len(np.unique(values)) > 256
    eight = _pixels(_render(tmp_path / "8", numbers=[1012]).frames[0])
    assert abs(values.mean() / 257 - eight.mean()) < 0.2


def test_progress_counts_to_the_end_and_says_how_fast(tmp_path: Path) -> None:
    said: list[tuple[int, int, str]] = []
    _render(tmp_path, progress=lambda *told: said.append(told))
    assert [done for done, _, _ in said] == list(range(1, 13))
    assert {total for _, total, _ in said} == {12}
    assert "frames/s" in said[-1][2]


def test_a_page_that_is_not_whole_is_not_filmed(tmp_path: Path) -> None:
    page = test_page(**{"<canvas id": '<img src="https://tiles.example.org/7/3.png"><canvas id'})
    with pytest.raises(RenderError, match=r"tiles\.example\.org/7/3\.png"):
        _render(tmp_path, page=page)
    assert not list(tmp_path.rglob("*.png"))


def test_a_page_that_is_no_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"no window\.camps"):
        _render(tmp_path, page=film.FilmPage("<!doctype html><title>empty</title>"))


def test_a_state_that_the_page_refuses_is_named_by_its_frame(tmp_path: Path) -> None:
    page = test_page(**{"let drawn = {};": "let drawn = {}; let count = 0;", "const t = days(frame.t);": (
        'const t = days(frame.t); if (++count === 4) throw new Error("no glyph for 新");'
    )})  # fmt: skip
    with pytest.raises(RenderError, match=r"frame 1004: no glyph for 新"):
        _render(tmp_path, page=page)
    assert not browsers()


def test_a_picture_with_holes_is_refused_unless_alpha_is_asked_for(tmp_path: Path) -> None:
    page = test_page(**{"ctx.fillRect(0, 0, frame.width, frame.height);": ""})
    with pytest.raises(RenderError, match=r"frame 10\d\d: the picture is not opaque"):
        _render(tmp_path, page=page)


def test_no_browser_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="workers: found 0"):
        _render(tmp_path, workers=0)


def test_frames_that_a_shot_does_not_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"frames 1000, 1013: the shot has frames 1001-1012"):
        _render(tmp_path, numbers=[1000, 1001, 1013])


def test_a_site_that_the_map_does_not_show_is_named_with_its_key(tmp_path: Path) -> None:
    shot = small_shot(camera=[{"at": 0, "site": "nowhere", "zoom": 9}])
    with pytest.raises(InputError, match=r"key camera\.1\.site: found 'nowhere'"):
        _render(tmp_path, shot=shot)


def test_holds_that_fill_the_film_are_refused() -> None:
    stops = [date(2017, 1, 1), date(2018, 1, 1)]
    shot = small_shot(clock={"kind": "observations", "hold": 5, "stops": stops})
    with pytest.raises(InputError, match="leave no time to move"):
        film.plan_frames(shot, film.Ground({}))


def test_sites_move_less_than_a_pixel_a_frame_and_grow_on_every_one(tmp_path: Path) -> None:
    """A slow film must not stutter: consecutive frames of a still camera all differ where something grows."""
    shot = small_shot(
        frames=30,
        size=(960, 540),
        clock={"kind": "linear", "from": date(2018, 1, 1), "to": date(2018, 3, 1)},
        camera=[{"at": 0, "fit": "xinjiang"}],
    )
    pictures = [_pixels(path) for path in _render(tmp_path, shot=shot).frames]
    changed = [np.abs(later - earlier).sum() for earlier, later in pairwise(pictures)]
    assert min(changed) > 0
    assert max(changed) < 12 * np.median(changed)
