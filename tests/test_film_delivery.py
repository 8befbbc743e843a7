"""A delivery holds what it says, to the byte, is checked before it is finished, and is never overwritten."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from film_support import small_shot, sums
from numpy.typing import NDArray
from PIL import Image

from camps import files, film, sources
from camps import fonts as camps_fonts
from camps.errors import CheckError, InputError, RenderError
from camps.film import checks, delivery, exr, filming, legibility, licences, movie, passes, records
from camps.film.delivery import Delivery
from camps.maps import page

NUMBERS = range(1137, 1140)  # the camera comes to rest on 1139
REACH = 6  # of the largest symbol, in pixels of the small picture


def _shot(**changes: Any) -> film.Shot:
    return film.read_shot("xinjiang").model_copy(update={"size": (480, 270), "version": 3, **changes})


def _deliver(out: Path, **options: Any) -> Delivery:
    named = ["all", "ids", "beauty_exr"]
    given = {"languages": ["en", "ug"], "numbers": NUMBERS, "waive": ["flashes"], "names": named, "webm": True}
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(checks.CHECKS, "flashes", lambda finished: (["here"], "made to fail"))  # type: ignore[misc]
        return film.deliver(_shot(), out, **{**given, **options})


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    return _deliver(tmp_path_factory.mktemp("out"))


@pytest.fixture(scope="module")
def filmed() -> delivery._Filmed:
    return delivery._filmed(_shot(), None)


def _pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGBA"))


# ── what it holds ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.browser
def test_the_passes_laid_over_one_another_are_the_beauty_pass(delivered: Delivery) -> None:
    named = {info.name: info for info in delivered.passes}
    for number in NUMBERS:
        for made in ("beauty", "textless"):
            result = np.zeros((270, 480, 3))
            for part in named[made].made_of:
                pixels = _pixels(delivered.folder / named[part].file(number))
                alpha = pixels[..., 3:] / 255
                result = pixels[..., :3] * alpha + result * (1 - alpha)
            shown = _pixels(delivered.folder / named[made].file(number))[..., :3]
            assert np.abs(np.rint(result) - shown).max() <= checks.MOST_DIFFERENCE
    beauty, textless = (_pixels(delivered.folder / named[name].file(1139)) for name in ("beauty", "textless"))
    assert (beauty != textless).any(axis=2).mean() > 0.01


@pytest.mark.browser
def test_each_of_fifty_sites_is_selected_and_no_other(delivered: Delivery) -> None:
    named = {info.name: info for info in delivered.passes}
    tracks = pd.read_csv(next(delivered.folder.glob("track/*_track.csv")))
    for number in NUMBERS:
        found = exr.read_mattes(delivered.folder / named["ids"].file(number))
        drawn = _pixels(delivered.folder / named["growth"].file(number))[..., 3]
        assert np.abs(found.shares.sum(axis=2) * 255 - drawn).max() < 0.01
        places = tracks[tracks["frame"].eq(number)].set_index("site_id")
        assert sorted(found.codes) == sorted(places.index)
        assert len(found.codes) == 50
        y, x = np.indices(drawn.shape) + 0.5
        at_px = places[["x_px", "y_px"]].itertuples()
        near = {site: np.hypot(x - x_px, y - y_px) < REACH for site, x_px, y_px in at_px}
        crowd = np.sum(list(near.values()), axis=0)
        for site, here in near.items():
            matte = found.of(site)
            assert matte[here].any()
            assert not matte[~here].any()
            # Where no other site comes near it has all that is drawn.
            assert np.allclose(matte[here & (crowd == 1)] * 255, drawn[here & (crowd == 1)], atol=0.01)


@pytest.mark.browser
def test_beauty_in_linear_light_is_beauty(delivered: Delivery) -> None:
    named = {info.name: info for info in delivered.passes}
    for number in NUMBERS:
        light = exr.code_values(exr.read_linear(delivered.folder / named["beauty_exr"].file(number)))
        assert np.abs(light - _pixels(delivered.folder / named["beauty"].file(number))).max() < 0.5


@pytest.mark.browser
def test_the_folder_is_named_and_summed_as_the_graphics_team_expects(delivered: Delivery) -> None:
    assert delivered.folder.name == "CAMPS_XJ_0010_v003"
    assert {path.name for path in delivered.folder.iterdir()} == {
        *(info.name for info in delivered.passes), "track", "edit", "proxy", "manifest.json", "frames.csv",
        "README.txt", "ATTRIBUTION.txt", "checksum.txt", "checks.txt", "checks.json",
    }  # fmt: skip
    listed = dict(
        reversed(line.split("  ", 1)) for line in (delivered.folder / "checksum.txt").read_text().splitlines()
    )
    found = sums(delivered.folder)
    del found["checksum.txt"]
    assert listed == found
    assert "growth/CAMPS_XJ_0010_growth_v003.1138.png" in found
    assert all(len(name) < 120 and name.isascii() and " " not in name for name in found)


@pytest.mark.browser
def test_the_manifest_says_how_to_put_it_together_and_what_was_waived(delivered: Delivery) -> None:
    manifest = json.loads((delivered.folder / "manifest.json").read_text("utf-8"))
    assert (manifest["fps_num"], manifest["fps_den"], manifest["drop_frame"]) == (25, 1, False)
    assert (manifest["first_frame"], manifest["last_frame"], manifest["start_timecode"]) == (1137, 1139, "01:00:05:11")
    assert manifest["waived"] == ["flashes"]
    assert manifest["composite"]["beauty"][0] == "base"
    orders = [entry["order"] for entry in manifest["passes"] if entry["order"]]
    assert orders == sorted(orders)
    assert all(entry["licence"] for entry in manifest["licences"])
    assert {one["check"]: one["outcome"] for one in manifest["checks"]} == {
        **dict.fromkeys(checks.CHECKS, "pass"), "flashes": "waived",
    }  # fmt: skip
    readme = (delivered.folder / "README.txt").read_text("utf-8")
    assert "WAIVED  flashes" in readme
    assert "  edit/*_sound.csv what sound is cut to" in readme
    assert (delivered.folder / "edit" / "CAMPS_XJ_0010_v003_sound.csv").is_file()


def test_a_title_that_nobody_said_in_a_language_is_refused_before_the_first_frame(tmp_path: Path) -> None:
    said = {"map": {"kind": "sites", "sources": ["gazetteer"], "subtitle": {"en": "Seen", "fr": "Vus"}}}
    with pytest.raises(InputError, match="pass subtitle_ug: found no subtitle in ug, expected the words of the map"):
        film.deliver(small_shot(**said), tmp_path, languages=["fr", "ug"], waive=["licences"])
    assert not list(tmp_path.rglob("*.png"))


@pytest.mark.browser
def test_labels_come_in_each_language_inside_the_safe_area(delivered: Delivery) -> None:
    spoken = {info.name: _pixels(delivered.folder / info.file(1139)) for info in delivered.passes if info.language}
    english, uyghur = spoken["labels_en"], spoken["labels_ug"]
    assert (english[..., 3] > 0).mean() > 0.001 < (uyghur[..., 3] > 0).mean()
    assert (english != uyghur).any()
    # The title of another language stands where that of the shot's does.
    title = _pixels(delivered.folder / "title" / "CAMPS_XJ_0010_title_v003.1139.png")
    lefts = [np.flatnonzero(one[..., 3].any(axis=0))[0] for one in (title, spoken["title_ug"])]
    assert abs(lefts[0] - lefts[1]) < 3
    assert (title != spoken["title_ug"]).any()
    for labels in (english, uyghur):
        outside = labels.copy()
        outside[14:-14, 24:-24] = 0
        assert not outside.any()


@pytest.mark.browser
def test_each_movie_read_back_is_what_it_has_to_be(delivered: Delivery) -> None:
    named = {info.name: info for info in delivered.passes}
    formats = {"prores4444": "yuva444p", "prores422hq": "yuv422p10le", "proxy": "yuv420p", "webm": "yuva420p"}
    kinds = {**delivery.MOVIES, **delivery.ON_REQUEST}
    assert len(delivered.movies) == 4
    for path, (kind, shows) in zip(delivered.movies, kinds.items(), strict=True):
        facts = movie.read_movie(path)
        assert (facts.n_frames, facts.rate, facts.timecode) == (3, Fraction(25), "01:00:05:11")
        assert (facts.primaries, facts.transfer, facts.matrix, facts.studio_range) == (1, 1, 1, True)
        assert facts.pixel_format.startswith(formats[kind])
        if kind in movie.WITH_ALPHA:
            for number, shown in zip((1137, 1139), movie.read_ends(path), strict=True):
                wanted = _pixels(delivered.folder / named[shows].file(number))
                apart = np.abs(shown[..., 3].astype(int) - wanted[..., 3])
                assert (apart.max() <= 1) if kind == "prores4444" else (apart.mean() < 1)
                assert 0.02 < (shown[..., 3] == 0).mean() < 0.99


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
@pytest.mark.browser
def test_ffprobe_reads_tags_and_timecode(delivered: Delivery) -> None:
    asked = "stream=color_range,color_space,color_transfer,color_primaries,r_frame_rate:stream_tags=timecode,alpha_mode"
    for path in delivered.movies:
        command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", asked, "-of", "json", str(path)]
        stream = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)["streams"][0]
        colours = [stream[f"color_{name}"] for name in ("range", "space", "transfer", "primaries")]
        assert colours == ["tv", "bt709", "bt709", "bt709"]
        tags = {name.lower(): text for name, text in stream["tags"].items()}
        assert (stream["r_frame_rate"], tags["timecode"]) == ("25/1", "01:00:05:11")
        assert tags.get("alpha_mode") == ("1" if path.suffix == ".webm" else None)


# ── never twice, never half ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.browser
def test_a_finished_version_is_never_overwritten(delivered: Delivery) -> None:
    before = sums(delivered.folder)
    with pytest.raises(InputError, match=r"version 3 is finished and is never overwritten.*--version 4"):
        _deliver(delivered.folder.parent)
    assert sums(delivered.folder) == before


@pytest.mark.browser
def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(
    delivered: Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = filming.Filming.finish

    def stopping(run: filming.Filming, number: int, pictures: Any, same: Any) -> Any:
        if number == NUMBERS[1]:
            raise RenderError("stopped")
        return whole(run, number, pictures, same)

    monkeypatch.setattr(filming.Filming, "finish", stopping)
    with pytest.raises(RenderError, match="stopped"):
        _deliver(tmp_path)
    monkeypatch.setattr(filming.Filming, "finish", whole)
    with pytest.raises(CheckError, match=r"flashes: .*--waive flashes"):
        _deliver(tmp_path, waive=[], workers=2, webm=False)
    assert not (tmp_path / delivered.folder.name / "manifest.json").exists()
    continued = _deliver(tmp_path)
    assert (continued.n_drawn, continued.n_kept) == (0, 3)
    assert sums(continued.folder) == sums(delivered.folder)


def test_a_movie_that_is_not_asked_for_again_goes(tmp_path: Path) -> None:
    plan = film.plan_frames(small_shot(frames=1), film.Ground({}))
    folder = tmp_path / "TEST_A_0010_v001"
    lie = {
        kind: files.write_bytes(delivery._movie_path(folder, kind), b"x")
        for kind in (*delivery.MOVIES, *delivery.ON_REQUEST)
    }
    available = passes.build_passes(plan.shot, [])
    delivery._remove_strangers(folder, plan, available, delivery.MOVIES)
    assert [kind for kind, path in lie.items() if path.exists()] == [*delivery.MOVIES]
    delivery._remove_strangers(folder, plan, available, {})
    assert not (folder / "proxy").exists()


@pytest.mark.browser
def test_what_is_used_again_is_what_would_have_been_drawn(
    filmed: delivery._Filmed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = replace(filmed.plan, numbers=(1001, 1600), states=(filmed.plan.states[0], filmed.plan.states[-1]))
    made = passes.build_passes(_shot(), [])
    drawn = {name: made[name] for name in ("growth", "base", "backing", *passes.FURNITURE, "guides") if name in made}
    day_only = {**ends.states[0], "t": ends.states[1]["t"]}
    camera_only = {**ends.states[1], "t": ends.states[0]["t"]}
    states = (ends.states[0], day_only, camera_only)
    plan = replace(ends, numbers=(1001, 1002, 1003), states=states)
    run = filming.Filming(filming.Shooting(plan, filmed.page, drawn, written=tuple(drawn)), tmp_path)
    honest = {n: dict(run.keys(n)) for n in plan.numbers}
    monkeypatch.setattr(run, "keys", lambda number: dict.fromkeys(drawn, f"{number}"))
    run.keep([])
    run.draw()
    content = {(name, n): files.sha256(run.path(name, n)) for name in drawn for n in plan.numbers}
    for name in drawn:
        for n in (1002, 1003):
            if honest[1001][name] == honest[n][name]:
                assert content[name, 1001] == content[name, n], (name, n)
    assert content["growth", 1001] != content["growth", 1002]
    assert content["base", 1001] != content["base", 1003]


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"waive": ["everything"]}, r"--waive everything: expected a check: files, gaps"),
        ({"names": ["shadows"]}, r"--passes shadows: expected all"),
        ({"languages": ["xx"]}, r"--langs xx: expected some of en"),
        ({"numbers": [1001, 1003]}, r"--range: the shot has frames 1001-1600; choose a run"),
        ({"names": ["beauty"]}, r"--webm: it shows the pass graphics, which is not delivered; name it in --passes"),
    ],
)
def test_what_is_not_known_is_refused_before_anything_is_drawn(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        _deliver(tmp_path, **options)
    assert not list(tmp_path.rglob("*.png"))


@pytest.mark.browser
def test_a_machine_with_latin_fonts_only_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fonts = tmp_path / "fonts"
    fonts.mkdir()
    shutil.copy(camps_fonts.font_path("latin-400.ttf"), fonts)
    (tmp_path / "fonts.conf").write_text(
        f'<?xml version="1.0"?><fontconfig><dir>{fonts}</dir><cachedir>{tmp_path}/cache</cachedir></fontconfig>'
    )
    monkeypatch.setenv("FONTCONFIG_FILE", str(tmp_path / "fonts.conf"))
    monkeypatch.setattr(page.fonts, "font_style", lambda text: "")
    with pytest.raises(RenderError, match=r"font for arabic script|no font here has the characters of ug"):
        _deliver(tmp_path / "out", numbers=[1001])


@pytest.mark.parametrize(("size", "said"), [((481, 271), "; 480×270, as a movie needs even sizes"), ((480, 270), "")])
def test_a_movie_smaller_than_its_pictures_is_said(tmp_path: Path, size: tuple[int, int], said: str) -> None:
    shot = small_shot(frames=1).model_copy(update={"size": size})
    faults, told = checks.CHECKS["movies"](_finished(tmp_path, [{}], shot))
    assert not faults
    assert told.partition("last picture")[2] == said


def _finished(folder: Path, described: list[dict[str, Any]], shot: film.Shot | None = None) -> checks.Finished:
    chosen = shot or small_shot(frames=len(described))
    plan = film.plan_frames(chosen, film.Ground({}))
    frames = [records.FrameRecord(n, {}, d, "") for n, d in zip(plan.numbers, described, strict=True)]
    meta = {"attribution": [{"text": "Base map: somebody"}, {"text": {"en": "Sites: somebody else"}}]}
    return checks.Finished(folder, plan, {}, frames, (), (), meta)


def _text(text: str = "A", **changes: Any) -> dict[str, Any]:
    return {
        "layer": "labels", "text": text, "lang": "en", "x": 500.0, "y": 500.0, "w": 90.0, "h": 20.0, "size": 16,
        "alpha": 1.0, **changes,
    }  # fmt: skip


def test_words_over_other_words_stop_a_delivery(tmp_path: Path) -> None:
    line = _text("Two lines of 2017", x=100.0, y=100.0, w=200.0)
    below = {**line, "layer": "counter", "y": 117.0}
    over = {**line, "layer": "callouts", "text": "A hall", "x": 250.0, "y": 106.0}
    ring = {**over, "layer": "", "text": "4"}
    faint = {**over, "alpha": 0.1}
    for beside in (below, ring, faint):
        described = [{"texts": [{**line, "layer": "date"}, beside]}]
        assert checks.CHECKS["overlaps"](_finished(tmp_path, described)) == (
            [],
            "no words lie over others, and no site stays under any",
        )
    shown = [{"texts": [{**line, "layer": "date"}]}, {"texts": [{**line, "layer": "date"}, over]}]
    faults, _ = checks.CHECKS["overlaps"](_finished(tmp_path, shown))
    assert faults == ["date “Two lines of 2017” and callouts “A hall”: frames 1002-1002"]
    built = [{"texts": [{**line, "layer": "counter", "text": "255 m² built"}, over]}]
    assert checks.CHECKS["overlaps"](_finished(tmp_path, built))[0][0].startswith("counter “255 m² built” and ")


def _piece(layer: str = "credit", **changes: Any) -> dict[str, Any]:
    return {"layer": layer, "lang": "en", "text": "", "box": [500.0, 500.0, 590.0, 520.0], "alpha": 1.0, **changes}


def _covered(folder: Path, frames: list[dict[str, Any]]) -> list[str]:
    return checks.CHECKS["overlaps"](_finished(folder, frames))[0]


def test_what_lies_over_sites_stops_a_delivery(tmp_path: Path) -> None:
    # Half of a disc under a credit is read as a smaller disc.
    half = {"lying": [_piece()], "points": {"a": [520.0, 540.0, 16.0], "b": [700.0, 510.0, 16.0]}}
    clear = {"lying": [_piece()], "points": {"a": [520.0, 546.0, 16.0]}}
    told = "credit en lies over 1 site (a): frames 1002-1005; show more around them (camera: margin, zoom), or place it"
    assert _covered(tmp_path, [clear, half, half, half, half]) == [f"{told} elsewhere (furniture.credit)"]
    assert not _covered(tmp_path, [clear, half, half, half, clear])
    faint = {**half, "faint": ["a"]}
    gone = {**half, "lying": [_piece(alpha=0.2)]}
    assert not _covered(tmp_path, [faint] * 9 + [gone] * 9)


def test_what_passes_under_a_piece_is_not_asked_for_and_what_creeps_is(tmp_path: Path) -> None:
    def moving(n_frames: int) -> list[dict[str, Any]]:
        return [{"lying": [_piece()], "points": {"a": [501.0 + at, 510.0, 9.0]}} for at in range(n_frames)]

    away = [{"lying": [_piece()], "points": {}}]
    assert not _covered(tmp_path, away * 30 + moving(49) + away * 30)
    assert len(_covered(tmp_path, away * 30 + moving(50) + away * 30)) == 1


def test_words_in_other_languages_are_asked_by_their_lines(tmp_path: Path) -> None:
    line = _text("Hier stand ein Lager", layer="captions", lang="de")
    told = _covered(tmp_path, [{"lying": [_piece()], "texts": [line], "points": {"a": [520.0, 530.0, 20.0]}}] * 9)
    assert [one.partition(":")[0] for one in told] == [
        "credit en lies over 1 site (a)",
        "captions de lies over 1 site (a)",
    ]


def test_a_callout_over_outlines_for_a_second_stops_a_delivery(tmp_path: Path) -> None:
    over, beside = ({"lying": [_piece("callouts", text="The wall", outlines=n)]} for n in (7, 0))
    assert _covered(tmp_path, [beside] * 30 + [over] * 25) == [
        "callouts en “The wall” lies over 7 outlines: frames 1031-1055; give it another side or lead (callouts)"
    ]
    assert not _covered(tmp_path, [beside] * 31 + [over] * 24)


def test_a_label_outside_the_graphics_safe_area_is_reported_with_its_frames(tmp_path: Path) -> None:
    inside, outside = _text("inside"), _text("outside", x=1850.0)
    ring = {**outside, "layer": "", "text": "4"}
    assert not checks.CHECKS["safe-area"](_finished(tmp_path, [{"labels": [inside], "texts": [ring]}]))[0]
    faults, _ = checks.CHECKS["safe-area"](_finished(tmp_path, [{"labels": [inside]}, {"labels": [inside, outside]}]))
    assert faults == ["labels en “outside”: frames 1002-1002"]


def test_type_too_small_to_read_is_reported(tmp_path: Path) -> None:
    faults, _ = checks.CHECKS["legible"](_finished(tmp_path, [{"texts": [_text("tiny", size=9), _text()]}]))
    assert faults == ["labels “tiny”: 9 px"]


def test_words_are_held_against_the_relief_that_is_under_them() -> None:
    # Grey words of a look, on its plain ground and on shaded slopes; and a large line, which needs less.
    ground = np.full((40, 200, 4), 255, np.uint8)
    text = _text("notes", size=19) | {"x": 20, "y": 8, "w": 160, "h": 20, "colour": "#4a545d"}
    ((_, plain, least),) = legibility.contrasts([text], ground, 1.0)
    assert plain > 7
    assert least == 4.5
    ground[:, 100:115, :3] = 0x90
    ((_, shaded, _),) = legibility.contrasts([text], ground, 1.0)
    assert shaded == pytest.approx(2.4, abs=0.1)
    ground[:, 100:104, :3] = 255
    ground[:, 108:115, :3] = 255
    assert [ratio for _, ratio, _ in legibility.contrasts([text], ground, 1.0)] == [plain], "a border crosses it"
    assert [least for *_, least in legibility.contrasts([text | {"size": 40}], ground, 1.0)] == [3.0]
    ground[0:30, 100, 3] = 0
    assert not [*legibility.contrasts([text, text | {"alpha": 0.5}], ground, 1.0)], "over nothing"


@pytest.mark.browser
def test_a_delivery_names_words_that_slopes_swallow(tmp_path: Path) -> None:
    steep = files.write_text(tmp_path / "steep.toml", "inherits = 'light'\nrelief_alpha = 1.0\n")
    camera = [{"at": 0, "centre": [74.5, 37.5], "zoom": 6.5}]
    shot = small_shot(frames=1, size=(1280, 720), look=str(steep), camera=camera)
    with pytest.raises(CheckError, match=r"legible: \d faults"):
        film.deliver(shot, tmp_path, movies=False, waive=["credit", "overlaps"])
    (report,) = tmp_path.rglob("checks.txt")
    assert "contrast" in report.read_text("utf-8")
    assert "give it backing (furniture)" in report.read_text("utf-8")


@pytest.mark.parametrize(
    ("n_frames", "words", "passed"),
    [
        (75, ["Base map: somebody ·", "Sites: somebody else"], True),
        (74, ["Base map: somebody ·", "Sites: somebody else"], False),
        (75, ["Base map: somebody"], False),
    ],
)
def test_the_whole_credit_has_to_stand_three_seconds(
    tmp_path: Path, n_frames: int, words: list[str], passed: bool
) -> None:
    described = {"texts": [_text(line, layer="credit") for line in words]}
    faults, _ = checks.CHECKS["credit"](_finished(tmp_path, [described] * n_frames))
    assert (not faults) is passed


def test_what_a_delivery_cannot_show_of_the_credit_is_not_asked(tmp_path: Path) -> None:
    words = [_text(line, layer="credit") for line in ("Base map: somebody ·", "Sites: somebody else")]
    bare = _finished(tmp_path, [{"texts": []}] * 75)
    available = passes.build_passes(bare.plan.shot, [])
    labels = replace(bare, passes={"labels_en": available["labels_en"]})
    assert checks.CHECKS["credit"](labels) == ([], "not asked: none of beauty, credit, graphics is delivered")
    assert checks.CHECKS["credit"](replace(bare, passes=available))[0]
    for texts, faults in ((words, []), (words[:1], ["frames 1011-1020: not on screen, or not whole"]), ([], 1)):
        whole = _finished(tmp_path, [{"texts": texts}] * 75)
        plan = replace(whole.plan, numbers=whole.plan.numbers[10:20], states=whole.plan.states[10:20])
        found, told = checks.CHECKS["credit"](replace(whole, plan=plan, frames=whole.frames[10:20]))
        assert told == "not asked how long it stands: 10 of 75 frames are delivered"
        assert found == faults or len(found) == faults


def test_a_credit_that_stands_in_the_handles_is_cut_off(tmp_path: Path) -> None:
    words = ["Base map: somebody ·", "Sites: somebody else"]
    described = {"texts": [_text(line, layer="credit") for line in words]}
    shots = [small_shot(frames=n_frames, handles=20) for n_frames in (74, 75)]
    passed = [
        not checks.CHECKS["credit"](_finished(tmp_path, [described] * len(shot.numbers), shot))[0] for shot in shots
    ]
    assert passed == [False, True]


def test_a_layer_without_a_licence_is_refused(tmp_path: Path) -> None:
    shot = small_shot(map={"kind": "sites", "sources": ["aspi-xjdp-v1", "nobody-knows"]})
    listed = licences.list_licences(shot)
    assert [entry.stated for entry in listed][:2] == [False, False]
    faults, _ = checks.CHECKS["licences"](replace(_finished(tmp_path, [{}]), licences=listed))
    assert len(faults) == 2
    assert all("no licence stated" in fault for fault in faults)
    for name in film.list_shots():
        unstated = {entry.title for entry in licences.list_licences(film.read_shot(name)) if not entry.stated}
        # Its licence begins "none stated": the list is refused like any other of which nobody states the terms.
        assert {title.rpartition(": ")[2] for title in unstated} <= {"Camps of the SS with opening and closing dates"}
        assert not unstated or name == "systems"
    ss = licences.LayerLicence("growth", "a list", sources.entry("ss-camps").licence)
    assert not ss.stated


def test_a_rate_that_edit_lists_do_not_count_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"rate 2: edit lists are counted .*24000/1001, 24, 25.*camps frames"):
        film.deliver(small_shot(rate=2), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_layer_without_a_licence_stops_a_delivery_before_anything_is_drawn(tmp_path: Path) -> None:
    shot = small_shot(map={"kind": "sites", "sources": ["aspi-xjdp-v1"]})
    with pytest.raises(CheckError, match=r"not begun: .*no licence stated.*--waive licences"):
        film.deliver(shot, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_movies_say_that_their_pictures_are_whole_and_their_pixels_square(tmp_path: Path) -> None:
    picture = tmp_path / "1001.png"
    Image.new("RGBA", (64, 36), (200, 40, 20, 255)).save(picture)
    for kind in ("prores4444", "prores422hq", "proxy", "webm"):
        path = movie.write_movie(
            [picture] * 4, tmp_path / f"a_{kind}{movie.SUFFIXES[kind]}", rate=Fraction(25), kind=kind
        )
        assert movie.read_movie(path).pixel_aspect == 1
        # QuickTime's atom "fiel": one field a picture is progressive.
        assert (b"fiel\x01" in path.read_bytes()) is kind.startswith("prores")


@pytest.mark.browser
@pytest.mark.parametrize("harm", ["cut", "missing", "stranger", "untagged"])
def test_a_folder_that_was_tampered_with_is_found_out(
    delivered: Delivery, filmed: delivery._Filmed, tmp_path: Path, harm: str
) -> None:
    folder = shutil.copytree(delivered.folder / "guides", tmp_path / "guides").parent
    info = next(one for one in delivered.passes if one.name == "guides")
    plan = delivery._part(filmed.plan, NUMBERS)
    first = folder / info.file(NUMBERS[0])
    listed = {n: {"guides": ("", files.sha256(folder / info.file(n)))} for n in NUMBERS}
    whole = [records.FrameRecord(n, sums_of, {}, "") for n, sums_of in listed.items()]
    content = first.read_bytes()
    if harm == "cut":
        first.write_bytes(content[:-9])
    elif harm == "missing":
        first.unlink()
    elif harm == "stranger":
        (folder / "guides" / "Thumbs.db").write_bytes(b"")
    else:
        first.write_bytes(content[:33] + content[46:])
    finished = checks.Finished(folder, plan, {"guides": info}, whole, (), (), {})
    check = {"cut": "files", "missing": "files", "stranger": "gaps", "untagged": "colour"}[harm]
    faults, _ = checks.CHECKS[check](finished)
    assert faults
    assert "guides/" in faults[0]


def test_a_look_whose_words_cannot_be_seen_is_refused_before_the_first_frame(tmp_path: Path) -> None:
    look = tmp_path / "sunk.toml"
    look.write_text('inherits = "dark"\n[colours]\ntext = "#1a1f26"\n')
    shot = small_shot(frames=3, map={"kind": "growth", "sources": ["gazetteer"]}, look=str(look))
    with pytest.raises(CheckError, match=r"not begun: look .*: text #1a1f26 on land #191f26 has a contrast of 1\.0"):
        film.deliver(shot, tmp_path / "out")
    assert not (tmp_path / "out").exists()
