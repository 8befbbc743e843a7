"""A look is a file: what it says is in the picture, what it gets wrong is named, and furniture stands where it says."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from film_support import boxes_of, draw, small_shot
from playwright.sync_api import sync_playwright

from camps import browser, film, fonts, looks, maps, style
from camps.errors import CampsError, InputError, RenderError
from camps.film import passes
from camps.film.licences import list_licences
from camps.film.plan import plan_frames
from camps.film.subject import build_ground, build_map

HARBOUR = Path(__file__).parent / "looks" / "harbour.toml"
GROWTH = {"kind": "growth", "sources": ["gazetteer"], "where": {"admin1": "Xinjiang"}}


def test_a_look_has_what_it_inherits_and_says_otherwise() -> None:
    dark, own = looks.palette("dark"), looks.palette(str(HARBOUR))
    assert own["sea"] == "#07131f"
    assert own["river"] == dark["river"]
    assert own["classes"] == {**dark["classes"], "tier_4": "#c25a9c"}
    assert own["lines"] == {**dark["lines"], "border": 2.0}
    assert (own["halo"], own["theme"], own["key"]) == (None, "dark", "harbour")
    assert dark["halo"]


@pytest.mark.parametrize("ground", ["land", "sea"])
def test_the_words_of_a_look_can_be_read(ground: str) -> None:
    own = looks.palette(str(HARBOUR))
    assert min(style.contrast(own[role], own[ground]) for role in ("text", "secondary", "muted", "label")) >= 4.5
    assert min(style.contrast(colour, own[ground]) for colour in own["classes"].values()) >= 2.4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('inherits = "sepia"', "key inherits: found 'sepia', expected one of dark, light, paper"),
        ("halos = true", "key inherits: not there"),
        ('inherits = "dark"\n[colours]\nsky = "#ffffff"\n[type]\ndate = { colour = "sun" }', "2 faults"),
        (
            'inherits = "dark"\n[colours]\nsea = "blue"',
            "key colours.sea: found 'blue', expected a colour as \"#rrggbb\"",
        ),
        ('inherits = "dark"\n[colours]\nsea = "rgba(999,0,0,1)"', "key colours.sea: found 'rgba(999,0,0,1)'"),
        ('inherits = "dark"\n[logo]\nfile = "a.svg"\nlicence = " "', "key logo.licence"),
        ('inherits = "dark"\n[logo]\nfile = "a.svg"\nlicence = "ours"', "a.svg: no such file beside the look"),
        ('inherits = "dark"\n[[fonts]]\nfile = "a.zip"\nlicence = "ours"', "expected a file ending in one of .ttf"),
        ('inherits = "dark"\n[furniture]\ndate = { at = "left" }', "key furniture.date.at"),
    ],
)
def test_what_is_wrong_with_a_look_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CampsError, match=r"own\.toml") as raised:
        looks.palette(str(path))
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ('<image href="https://example.org/mark.png"/>', "holds 'href=\"https://example.org/mark.png\"'"),
        ("<circle r='9'><animate attributeName='r' to='1' dur='1s'/></circle>", "holds '<animate'"),
        ("<style>@import 'x.css';</style>", "holds '@import'"),
        ("<rect fill='url(x.svg#y)'/>", "holds 'url(x.svg#y)'"),
        ("<script>1</script>", "holds '<script'"),
        ("<rect fill='url(#own)'/><use href='#part'/><image href='data:image/png;base64,AA'/>", ""),
    ],
)
def test_a_mark_stands_still_and_has_all_it_shows_inside(tmp_path: Path, drawn: str, said: str) -> None:
    (tmp_path / "a.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{drawn}</svg>')
    path = tmp_path / "own.toml"
    path.write_text('inherits = "dark"\n[logo]\nfile = "a.svg"\nlicence = "ours"')
    if not said:
        assert looks.palette(str(path))["logo"]["name"] == "a.svg"
        return
    with pytest.raises(CampsError, match=r"own\.toml: a\.svg") as raised:
        looks.palette(str(path))
    assert said in str(raised.value)


def test_a_look_of_the_record_called_as_one_of_the_suite_is_not_passed_over(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPS_HOME", str(own_home))
    (own_home / "looks").mkdir()
    (own_home / "looks" / "dark.toml").write_text('inherits = "light"')
    with pytest.raises(CampsError, match=r"dark\.toml: a look called as the suite's own, expected another name"):
        looks.palette("dark")


@pytest.mark.browser
def test_a_look_without_a_name_is_called_by_its_file(tmp_path: Path) -> None:
    path = tmp_path / "harbour-night.toml"
    path.write_text('inherits = "dark"\n[colours]\nsea = "#07131f"')
    written = maps.write_map(maps.site_map(words=maps.Words(look=str(path))), tmp_path / "map.html")
    complaints: list[str] = []
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(**browser.launch_options())
        page = chromium.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(written.as_uri(), wait_until="load")
        page.wait_for_function("window.camps !== undefined")
        page.evaluate("camps.ready()")
        assert "harbour-night" in page.locator("option").all_inner_texts()
        chromium.close()
    assert complaints == []


@pytest.mark.browser
@pytest.mark.parametrize(("text", "told"), [("Dabancheng ዳ", "ዳ"), ({"en": "Dabancheng ዳ"}, "ዳ"), ("Dabancheng Ж", "")])
def test_a_callout_is_drawn_in_letters_or_refused(text: Any, told: str) -> None:
    callout = {"centre": [88.28, 43.38], "text": text}
    shot = small_shot(frames=1, map=GROWTH, callouts=[callout])
    if not told:
        ((said, _),) = draw(shot, [{}])
        assert "Dabancheng Ж" in {one["text"] for one in said["texts"]}
        return
    refused = pytest.raises(RenderError, match=f"no font here has the characters of en: {told}")
    with TemporaryDirectory() as folder, refused:
        film.render(shot, folder, movie=False)


def test_fonts_and_mark_of_a_look_are_among_the_licences() -> None:
    shot = small_shot(map=GROWTH, look=str(HARBOUR))
    told = [(entry.layer, entry.title) for entry in list_licences(shot)]
    assert {("labels", "bitter-400.woff"), ("labels", "bitter-700.woff"), ("logo", "harbour.svg")} <= set(told)
    assert shot.look == "tests/looks/harbour.toml"


def test_a_piece_fades_in_and_out_within_its_time() -> None:
    asked = {"title": {"from": 1.0, "to": 3.0}, "counter": {"at": "top right"}}
    shot = small_shot(frames=100, furniture=asked)
    states = plan_frames(shot, build_ground(build_map(shot))).states
    alphas = [state["furniture"]["title"]["alpha"] for state in states]
    assert [alphas[at] for at in (0, 25, 33, 50, 67, 75, 99)] == [0, 0, 1, 1, 1, 0, 0]
    assert np.abs(np.diff(alphas)).max() < 0.25
    assert {state["furniture"]["counter"]["alpha"] for state in states} == {1.0}
    late = small_shot(frames=100, furniture={"title": {"to": 9}})
    with pytest.raises(InputError, match=r"key furniture.title.to: found 9 s, expected at most 4 s"):
        plan_frames(late, build_ground(build_map(shot)))


@pytest.mark.browser
def test_one_file_gives_a_film_another_face() -> None:
    shot = small_shot(map=GROWTH, size=(960, 540), look=str(HARBOUR))
    plain = small_shot(map=GROWTH, size=(960, 540))
    ((own, picture),) = draw(shot, [{}])
    ((said, _),) = draw(plain, [{}])
    placed, before = boxes_of(own), boxes_of(said)
    assert placed["counter"][2] == pytest.approx(1920 * 0.95, abs=1)
    assert placed["counter"][3] < 300
    assert before["counter"][0] == pytest.approx(1920 * 0.05, abs=1)
    assert "notes" in before
    assert "notes" not in placed
    # Another typeface: the same words take another width at the same size.
    widths = [{text["text"]: text["w"] for text in one["labels"]}["Guangzhou"] for one in (own, said)]
    assert abs(widths[0] - widths[1]) > 0.5
    # The mark stands at the upper left, white upon the ground.
    assert (picture[27:55, 48:150, :3].min(axis=2) > 240).sum() > 100


@pytest.mark.browser
def test_a_number_at_the_top_right_takes_its_company_along_and_room_from_the_title() -> None:
    eras = {"kind": "eras", "sources": ["prisons"]}
    for shown, at, n_counters in ((eras, {}, 2), ({"kind": "footprints"}, {"t": 17683}, 1)):
        shot = small_shot(map=shown, look=str(HARBOUR), mode="bracket")
        ((said, _),) = draw(shot, [at])
        counters = [text for text in said["texts"] if text["layer"] == "counter"]
        assert len(counters) == n_counters
        assert all(text["x"] + text["w"] == pytest.approx(1920 * 0.95, abs=1) for text in counters)
        title = max(text["x"] + text["w"] for text in said["texts"] if text["layer"] == "title")
        assert title + 60 < min(text["x"] for text in counters)


SHAPES = {"16:9": (480, 270), "1:1": (270, 270), "4:5": (272, 340), "9:16": (270, 480)}


@pytest.mark.browser
@pytest.mark.parametrize("shape", SHAPES)
def test_furniture_keeps_to_the_safe_area_of_every_shape_and_apart(shape: str) -> None:
    size = SHAPES[shape]
    shot = small_shot(map=GROWTH, size=size, camera=[{"at": 0, "fit": "xinjiang"}])
    ((said, _),) = draw(shot, [{}])
    width, height = (side / shot.scale for side in size)
    left, top, foot = (0.06, 0.14, 0.2) if shape == "9:16" else (0.05, 0.05, 0.05)
    boxes = boxes_of(said)
    assert {"title", "date", "counter", "notes", "legend", "scale", "north", "credit"} <= boxes.keys()
    for box in boxes.values():
        assert box[0] > width * left - 12
        assert box[1] > height * top - 12
        assert box[2] < width * (1 - left) + 12
        assert box[3] < height * (1 - foot) + 12
    names = sorted(boxes)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            a, b = boxes[one], boxes[other]
            over = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            assert min(over) < 8, (one, other)


@pytest.mark.browser
def test_no_symbol_runs_under_type() -> None:
    # The camera stands so that Kashgar and its neighbours lie under the title.
    shot = small_shot(map=GROWTH, size=(960, 540), camera=[{"at": 0, "centre": [98, 26.8], "zoom": 5.4}])
    only = ["backing", *passes.FURNITURE]
    changes = [{"only": layers, "background": "transparent"} for layers in (["growth"], only, ["growth", *only])]
    (_, symbols), (said, words), (_, both) = draw(shot, changes)
    assert any(text["layer"] == "title" for text in said["texts"])
    ((x, y, w, h),) = [
        [int(text[side] / 2) for side in ("x", "y", "w", "h")] for text in said["texts"] if text["layer"] == "title"
    ]
    under = np.s_[y : y + h, x : x + w]
    assert (symbols[under][..., 3] > 120).sum() > 50
    # Where a symbol would show through, hardly a fifteenth of it is left.
    assert np.abs(both[under][..., :3].astype(int) - words[under][..., :3]).max() < 30


def test_weights_that_a_look_has_no_file_of_are_told(own_home: Path) -> None:
    shutil.copy(fonts.font_path("latin-600.ttf"), own_home / "a.ttf")
    (own_home / "house.toml").write_text(
        'inherits = "dark"\n[[fonts]]\nscript = "latin"\nfile = "a.ttf"\nweight = 600\nlicence = "OFL-1.1"\n'
    )
    told = looks.borrowed_weights(str(own_home / "house.toml"))
    assert told == ["house latin has weight 600 alone, in which 400 and 700 are set as well"]
    assert looks.borrowed_weights("dark") == []


@pytest.mark.browser
def test_a_title_and_the_number_beside_it_keep_apart(own_home: Path) -> None:
    (own_home / "house.toml").write_text(
        'inherits = "dark"\n[type]\ntitle = { size = 40, weight = 700 }\ncounter = { size = 60 }\n'
        '[furniture]\ncounter = { at = "top right" }\n'
    )
    title = {"en": "Xinjiang: the camps counted, year after year, on satellite pictures"}
    shot = small_shot(
        frames=2, size=(540, 540), mode="observed", look=str(own_home / "house.toml"), map={**GROWTH, "title": title}
    )
    state = plan_frames(shot, build_ground(build_map(shot))).states[1]
    made = passes.build_passes(shot, [])
    (told, _), (counted, _) = draw(shot, [passes.pass_state(state, made[name]) for name in ("title", "counter")])
    ends = max(one["x"] + one["w"] for one in told["texts"])
    begins = min(one["x"] for one in counted["texts"] if one["layer"] == "counter")
    assert begins - ends >= 40
