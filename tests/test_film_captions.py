"""Captions stand in their words, for their time and in a room of their own, and nothing moves because of them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from film_support import boxes_of, draw, small_shot
from PIL import Image

from camps import film, looks
from camps.dates import day_of
from camps.errors import InputError, RenderError
from camps.film import checks, passes, sound
from camps.film.manifest import read_shot_table, shot_table
from camps.film.plan import FURNITURE_FADE_S, Ground, plan_frames
from camps.film.subject import build_map

GROWTH = {"kind": "growth", "sources": ["gazetteer"], "where": {"admin1": "Xinjiang"}}
SOMEWHERE = Ground({"a": (88.3, 43.4)})
NAMED: dict[str, Any] = {
    "text": {
        "en": "Dabancheng, Ürümchi", "zh": "达坂城，乌鲁木齐", "ar": "دابانتشنغ، أورومتشي", "ug": "داۋانچىڭ، ئۈرۈمچى",
    },
    "line": {
        "en": "The largest compound known", "zh": "已知最大的营区",
        "ar": "أكبر مجمع معروف", "ug": "مەلۇم بولغان ئەڭ چوڭ لاگېر",
    },
}  # fmt: skip
SAID = {"text": "What was built in two years stands on ground that was empty until then, and has a wall on each side."}
WHOLE = [{"at": 0, "alpha": 1.0}]


def _years(first: int, last: int) -> dict[str, Any]:
    return {"kind": "linear", "from": date(first, 1, 1), "to": date(last, 1, 1)}


def _alphas(shot: film.Shot, at: int = 0) -> list[float]:
    """Return how strongly a caption shows on each frame."""
    shown = [state.get("captions", []) for state in plan_frames(shot, SOMEWHERE).states]
    assert all(len(now) < 2 for now in shown)
    return [sum(one["alpha"] for one in now if one["at"] == at) for now in shown]


# ── what a shot may say ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("caption", "said"),
    [
        ({"line": "below nothing"}, r"key captions.1.text: found nothing"),
        ({"text": " "}, r"key captions.1.text: found ' ', expected words, as one text or by language"),
        ({"text": {}}, r"key captions.1.text: found these keys together, expected words"),
        ({"text": "A", "line": {"en": ""}}, r"key captions.1.line: .*expected words"),
        (
            {"text": "A", "chapter": "prologue"},
            r"key captions.1.chapter: found 'prologue', expected one of birth, arch",
        ),
        ({"text": "A", "chapter": "deng", "to": 1}, r"key captions.1: .*expected a chapter, or from and to"),
        ({"text": "A", "from": 2, "to": 1}, r"key captions.1: .*expected 'to' \(1\) later than 'from' \(2\)"),
        ({"text": {"en": "A", "klingon": "B"}}, r"key captions.1.text: .*expected one of en, fr, "),
        ({"text": "A", "at": "top"}, r"key captions.1.at"),
    ],
)
def test_a_caption_that_cannot_be_is_refused_with_its_key(caption: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        small_shot(captions=[caption])


def test_a_record_without_chapters_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "record.toml").write_text('languages = ["en"]\n', encoding="utf-8")
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path))
    with pytest.raises(InputError, match=r"found 'deng', expected a chapter of record.toml, which has none"):
        small_shot(captions=[{"text": "A", "chapter": "deng"}], camera=[{"at": 0, "centre": [88, 43], "zoom": 5}])


@pytest.mark.browser
def test_a_line_ends_where_the_text_says() -> None:
    shot = small_shot(map=GROWTH, captions=[{"text": "First line\n  and the second"}])
    ((told, _),) = draw(shot, [{}])
    assert [line["text"] for line in _lines(told)] == ["First line", "and the second"]


@pytest.mark.parametrize("part", ["captions", "callouts"])
def test_what_never_stands_is_refused(part: str) -> None:
    brief = {"text": "A", "from": 1, "to": 1.04} | ({"centre": (85, 42)} if part == "callouts" else {})
    shot = small_shot(frames=50, map=GROWTH, **{part: [brief]})
    with pytest.raises(InputError, match=rf"key {part}\.1: found 1 s to 1\.04 s, expected a time in which it is seen"):
        plan_frames(shot, Ground({}))


def test_a_caption_of_a_chapter_that_is_over_before_it_is_seen_is_refused() -> None:
    keys = [{"at": 0, "date": date(1950, 1, 1)}, {"at": 2, "date": date(1958, 1, 1), "ease": "linear"}]
    keys += [{"at": 2.24, "date": date(1977, 2, 1), "ease": "linear"}, {"at": 5, "date": date(1985, 1, 1)}]
    shot = small_shot(frames=150, captions=[{**NAMED, "chapter": "great-leap"}], clock={"kind": "keys", "keys": keys})
    with pytest.raises(InputError, match=r"key captions.1.chapter: found .*great-leap'.*at least 0.80 s, .*slow the"):
        plan_frames(shot, SOMEWHERE)


def test_words_are_there_in_the_language_of_the_shot_and_only_on_a_map_of_our_own() -> None:
    shot = small_shot(captions=[{**NAMED, "to": 0.2}, {"text": {"fr": "Ici"}, "line": {"zh": "这里"}, "from": 0.3}])
    with pytest.raises(InputError, match=r"(?s)2 faults.*captions.2.text: found no en.*captions.2.line: found no en"):
        plan_frames(shot, SOMEWHERE)
    with pytest.raises(InputError, match=r"key captions.1: found a map of somebody else, expected a map of the suite"):
        plan_frames(small_shot(captions=[SAID]), Ground({}))
    with pytest.raises(InputError, match=r"key captions.1.to: found 9 s, expected at most 0.48 s"):
        plan_frames(small_shot(captions=[{**SAID, "to": 9}]), SOMEWHERE)


@pytest.mark.parametrize(
    ("captions", "said"),
    [
        (
            [{**NAMED, "from": 1, "to": 2.5}, {**SAID, "from": 2.4}],
            r"key captions.2: found captions.2 “What was built in two years st” \(2.4 s to the end\), expected a time "
            r"in which captions.1 “Dabancheng, Ürümchi” \(1 s to 2.5 s\) does not stand, fades included; move one",
        ),
        ([{**NAMED}, {**SAID, "from": 1, "to": 2}], r"captions.2 .*captions.1 “Dab.* \(0 s to the end\)"),
        ([{**NAMED, "chapter": "great-leap"}, {**SAID, "from": 2, "to": 3}], r"key captions.2: .*captions.1 “Dab"),
        ([{**NAMED, "from": 1}, {**SAID}, {**SAID}], r"3 faults"),
    ],
)
def test_two_at_one_time_are_refused_and_both_are_named(captions: list[dict[str, Any]], said: str) -> None:
    shot = small_shot(frames=100, captions=captions, clock=_years(1950, 1989))
    with pytest.raises(InputError, match=said):
        plan_frames(shot, SOMEWHERE)


def test_one_may_follow_upon_another() -> None:
    shot = small_shot(frames=100, captions=[{**NAMED, "to": 2}, {**SAID, "from": 2}])
    first, then = _alphas(shot), _alphas(shot, 1)
    assert (first[0], first[25], then[75], then[-1]) == (1, 1, 1, 1)
    assert not np.logical_and(first, then).any()


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_fades_in_and_out_within_its_time_as_furniture_does() -> None:
    alphas = _alphas(small_shot(frames=100, captions=[{**NAMED, "from": 1, "to": 3}]))
    assert [alphas[at] for at in (0, 25, 33, 50, 67, 75, 99)] == [0, 0, 1, 1, 1, 0, 0]
    assert np.abs(np.diff(alphas)).max() < 0.25


def test_in_a_chapter_it_stands_while_the_clock_is_there() -> None:
    shot = small_shot(frames=200, captions=[{**NAMED, "chapter": "great-leap"}], clock=_years(1950, 1989))
    alphas, days = _alphas(shot), [state["t"] for state in plan_frames(shot, SOMEWHERE).states]
    inside = [day_of(date(1958, 1, 1)) <= day < day_of(date(1977, 1, 1)) for day in days]
    first, last = inside.index(True), len(inside) - inside[::-1].index(True)
    assert 0 < first < last < 200
    assert not any(alphas[:first] + alphas[last:])
    fade = round(FURNITURE_FADE_S * 25)
    assert (
        alphas[first] == 0 < alphas[first + 1] < 1 == alphas[first + fade] == alphas[last - fade] > alphas[last - 1] > 0
    )


def test_a_chapter_in_which_the_film_begins_or_ends_is_whole_there() -> None:
    captions = [{**NAMED, "chapter": "archipelago"}, {**SAID, "chapter": "deng"}]
    shot = small_shot(frames=100, captions=captions, clock=_years(1950, 1989))
    assert (_alphas(shot)[0], _alphas(shot, 1)[-1]) == (1, 1)


def test_in_the_handles_a_caption_stands_as_at_the_ends_of_the_cut() -> None:
    captions = [{**NAMED, "chapter": "archipelago"}, {**SAID, "from": 3}]
    shot = small_shot(frames=100, handles=8, captions=captions, clock=_years(1950, 1977))
    plain = small_shot(frames=100, captions=captions, clock=_years(1950, 1977))
    for at in (0, 1):
        cut = _alphas(plain, at)
        assert _alphas(shot, at) == [cut[0]] * 8 + cut + [cut[-1]] * 8
    assert (_alphas(shot)[0], _alphas(shot, 1)[-1]) == (1, 1)


def test_a_clock_that_comes_back_to_a_chapter_brings_its_caption_back() -> None:
    keys = [{"at": at, "date": date(year, 1, 1)} for at, year in ((0, 1951), (2, 1965), (4, 1951), (6, 1965))]
    shot = small_shot(frames=150, captions=[{**NAMED, "chapter": "great-leap"}], clock={"kind": "keys", "keys": keys})
    whole = np.array(_alphas(shot)) == 1
    assert np.diff(whole.astype(int)).tolist().count(1) == 2


def test_sound_is_told_when_one_comes_and_goes() -> None:
    captions = [{**NAMED, "chapter": "great-leap"}, {**SAID, "chapter": "archipelago"}]
    shot = small_shot(frames=100, handles=5, captions=captions, clock=_years(1950, 1989))
    planned = plan_frames(shot, SOMEWHERE)
    said = [{"frame": number, "date_shown": ""} for number in planned.numbers]
    found = {one.name: one for one in sound.build_moments(planned, said) if one.kind == "caption"}
    first, whole = "Caption Dabancheng, Ürümchi", f"Caption {SAID['text']}"
    assert set(found) == {f"{first} comes", f"{first} goes", f"{whole} goes"}
    at = [found[f"{first} {word}"].at_s for word in ("comes", "goes")]
    seen = [i for i, state in enumerate(planned.states) if {one["at"] for one in state.get("captions", ())} == {0}]
    assert at[0] == pytest.approx((seen[0] - 1) / 25)
    assert at[1] == pytest.approx((seen[-1] + 1) / 25 - FURNITURE_FADE_S)
    off = small_shot(frames=100, captions=captions, clock=_years(1950, 1989), layers={"captions": False})
    quiet = plan_frames(off, SOMEWHERE)
    said = [{"frame": number, "date_shown": ""} for number in quiet.numbers]
    assert not [one for one in sound.build_moments(quiet, said) if one.kind == "caption"]


def test_a_chapter_that_the_film_does_not_come_to_is_refused_with_those_it_does() -> None:
    shot = small_shot(captions=[{**NAMED, "chapter": "birth"}], clock=_years(1950, 1970))
    with pytest.raises(
        InputError, match=r"captions.1.chapter: found 'birth', .* the film comes to \(archipelago, great-leap\); choose"
    ):
        plan_frames(shot, SOMEWHERE)


# ── passes and page ──────────────────────────────────────────────────────────────────────────────────────────────


def test_captions_have_a_pass_between_notes_and_credit_and_more_where_they_are_said_by_language() -> None:
    assert "captions" not in passes.build_passes(small_shot(), ["zh"])
    made = passes.build_passes(small_shot(captions=[NAMED, SAID]), ["en", "zh"])
    named = list(made)
    at = named.index("captions")
    assert named[at - 1 : at + 3] == ["notes", "captions", "captions_zh", "credit"]
    assert "captions_zh" not in passes.build_passes(small_shot(captions=[SAID]), ["zh"])
    assert "captions" not in passes.build_passes(small_shot(captions=[SAID], layers={"captions": False}), [])
    shown = made["beauty"].made_of
    assert shown.index("captions") == shown.index("notes") + 1 == shown.index("credit") - 1
    assert "captions_zh" not in shown
    assert "captions" not in made["textless"].made_of
    assert passes.what_shows(made["captions_zh"]).endswith("language zh")


def test_only_what_changes_with_a_caption_is_drawn_again() -> None:
    shot = small_shot(frames=60, captions=[{**NAMED, "from": 1}])
    made = passes.build_passes(shot, ["zh"])
    state = plan_frames(shot, SOMEWHERE).states[40]
    shown, none = {**state, "captions": WHOLE}, {name: value for name, value in state.items() if name != "captions"}
    drawn = {name: info for name, info in made.items() if info.layer}
    again = {name for name, info in drawn.items() if passes.seen_state(shown, info) != passes.seen_state(none, info)}
    assert again == {"captions", "captions_zh", "backing"}


def test_the_languages_of_passes_are_known_by_their_names() -> None:
    names = ["beauty", "labels_en", "labels_zh_exr", "title_fr", "captions_ug", "callouts_ru", "beauty_exr", "captions"]
    assert passes.languages_of([*names, "ids"]) == ["en", "zh", "fr", "ug", "ru"]


def test_a_page_holds_the_words_that_a_film_lays_over_it_and_no_other_page_does() -> None:
    said = {**NAMED, "text": {**NAMED["text"], "km": "ដាបានឆេង"}}
    page = build_map(small_shot(map=GROWTH, captions=[{**said, "to": 0.2}, {**SAID, "from": 0.3}])).payload
    assert page["captions"][1] == SAID
    assert set(page["captions"][0]["text"]) == {"en", "zh", "ug"}
    assert "captions" not in build_map(small_shot(map=GROWTH)).payload


def test_a_shot_with_captions_comes_back_from_what_a_film_says_of_itself(tmp_path: Path) -> None:
    shot = small_shot(captions=[{**NAMED, "from": 0, "to": 0.2}, {**SAID, "from": 0.2}], map=GROWTH)
    told = json.loads(json.dumps(shot_table(shot)))
    again = read_shot_table({"shot_table": told}, tmp_path)
    assert again is not None
    assert again.captions == shot.captions


def test_words_that_a_pass_would_lack_are_refused_before_the_first_frame(tmp_path: Path) -> None:
    shot = small_shot(map=GROWTH, captions=[{**NAMED, "line": {"en": "Here"}}])
    with pytest.raises(InputError, match=r"captions_zh: found no captions.1.line in zh, expected the words in that"):
        film.deliver(shot, tmp_path, languages=["zh"], names=["captions", "captions_zh"])
    pointed = small_shot(map=GROWTH, callouts=[{"centre": [85, 42], "text": {"en": "Here", "fr": "Ici"}}])
    with pytest.raises(InputError, match=r"callouts_zh: found no callouts.1.text in zh, expected the words in that"):
        film.deliver(pointed, tmp_path, languages=["zh"], names=["callouts_zh"])
    assert not list(tmp_path.rglob("*.png"))


# ── where ────────────────────────────────────────────────────────────────────────────────────────────────────────

SHAPES = {"16:9": (480, 270), "1:1": (270, 270), "9:16": (270, 480)}


def _lines(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [text for text in said["texts"] if text["layer"] == "captions"]


def _box(text: dict[str, Any]) -> tuple[float, ...]:
    return text["x"], text["y"], text["x"] + text["w"], text["y"] + text["h"]


def _overlap_px(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return how far two boxes reach into one another; negative where they are apart."""
    return min(min(one[i + 2], other[i + 2]) - max(one[i], other[i]) for i in (0, 1))


def _rest(said: dict[str, Any]) -> list[Any]:
    return [said["labels"], [text for text in said["texts"] if text["layer"] != "captions"]]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("shape", "lang"),
    [("16:9", "en"), ("16:9", "ug"), ("16:9", "zh"), ("9:16", "en"), ("9:16", "ar"), ("1:1", "zh"), ("1:1", "ug")],
)
def test_it_stands_above_all_in_its_corner_inside_the_safe_area_and_apart(shape: str, lang: str) -> None:
    shot = small_shot(
        map=GROWTH, size=SHAPES[shape], language=lang, captions=[{**NAMED, "to": 0.2}, {**SAID, "from": 0.3}]
    )
    shown = [{"captions": [{"at": at, "alpha": 1.0}]} for at in (0, 1)]
    (named, _), (said, _), (none, _) = draw(shot, [*shown, {"captions": []}])
    width, height = (side / shot.scale for side in shot.size)
    side, foot = (0.06, 0.2) if shape == "9:16" else (0.05, 0.05)
    text, line = _lines(named)
    assert text["text"] == NAMED["text"][lang]
    assert line["text"] == NAMED["line"][lang]
    assert text["size"] > line["size"] >= checks.LEAST_TEXT_PX
    assert text["y"] < line["y"]
    assert 1 < len(_lines(said)) <= 3
    for lines in (_lines(named), _lines(said)):
        starts = [one["x"] + one["w"] if lang in {"ar", "ug"} else one["x"] for one in lines]
        assert starts == pytest.approx([width * (1 - side if lang in {"ar", "ug"} else side)] * len(lines), abs=1)
        assert max(one["w"] for one in lines) <= width * (0.45 if shape == "16:9" else 0.86)
        assert all(one["y"] > 0.05 * height and one["y"] + one["h"] < height * (1 - foot) + 1 for one in lines)
    for one in (named, said):
        taken = boxes_of(one)
        box = taken.pop("captions")
        assert all(_overlap_px(box, other) < 8 for other in taken.values())
        assert box[3] <= taken["date"][1] + 8
        assert all(_overlap_px(box, _box(label)) <= 0 for label in one["labels"])
    # Whether one stands or not, and which, nothing else moves.
    assert _lines(none) == []
    assert _rest(named) == _rest(said) == _rest(none)


@pytest.mark.browser
def test_nothing_but_labels_makes_room_for_captions() -> None:
    with_them, without = (small_shot(map=GROWTH, size=(480, 270), **more) for more in ({"captions": [NAMED]}, {}))
    ((said, _),) = draw(with_them, [{}])
    ((plain, _),) = draw(without, [{}])
    assert _lines(said)
    assert _rest(said)[1] == plain["texts"]
    assert {label["text"] for label in said["labels"]} <= {label["text"] for label in plain["labels"]}


@pytest.mark.browser
def test_a_caption_does_not_move_where_one_legend_hands_over_to_another() -> None:
    shot = small_shot(map={"kind": "footprints"}, size=(270, 480), mode="observed", captions=[NAMED])
    here = {"lon": 88.2868, "lat": 43.3804, "only": ["captions"]}
    frames = draw(shot, [{**here, "zoom": zoom} for zoom in (10, 11.5, 11.8, 12.1, 15)])
    assert len({json.dumps(_lines(said)) for said, _ in frames}) == 1


@pytest.mark.browser
@pytest.mark.parametrize("at", ["top right", "bottom", "middle"])
def test_it_is_placed_as_all_furniture_is(at: str) -> None:
    shot = small_shot(
        map=GROWTH, size=(480, 270), captions=[NAMED], furniture={"captions": {"at": at, "backing": True}}
    )
    (said, _), (_, ground), (_, none) = draw(
        shot, [{}, *({"only": ["backing"], "background": "transparent", "captions": now} for now in (WHOLE, []))]
    )
    taken = boxes_of(said)
    box = taken.pop("captions")
    down, _, across = at.partition(" ")
    assert {"top": box[3] < 500, "middle": 400 < (box[1] + box[3]) / 2 < 680, "bottom": box[3] > 540}[down]
    starts = {"left": box[0] - 96, "right": box[2] - 1824, "": (box[0] + box[2]) / 2 - 960}[across]
    assert starts == pytest.approx(0, abs=1)
    assert all(_overlap_px(box, other) < 8 for other in taken.values())
    left, top, right, foot = (int(edge / 4) for edge in box)
    under = np.s_[top + 1 : foot - 1, left + 1 : right - 1, 3]
    assert ground[under].min() > 200
    assert none[under].max() < ground[under].min()


@pytest.mark.browser
def test_a_look_sets_it_and_may_leave_it_out(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    said = '[type]\ncaptions = { size = 54 }\n[furniture]\ncaptions = { at = "top right" }\n'
    own.write_text(f'inherits = "dark"\nname = {{ en = "Own" }}\n{said}', encoding="utf-8")
    shot = small_shot(map=GROWTH, size=(480, 270), captions=[NAMED], look=str(own))
    ((shown, _),) = draw(shot, [{}])
    text, line = _lines(shown)
    assert (text["size"], line["size"]) == (54, 36)
    assert text["x"] + text["w"] == pytest.approx(1824, abs=1)
    ((gone, _),) = draw(small_shot(map=GROWTH, captions=[NAMED], furniture={"captions": {"show": False}}), [{}])
    assert _lines(gone) == []


@pytest.mark.browser
@pytest.mark.parametrize("look", looks.SHIPPED)
def test_it_has_the_colours_of_each_look(look: str) -> None:
    shot = small_shot(map=GROWTH, size=(1920, 1080), look=look, captions=[NAMED])
    ((said, picture),) = draw(shot, [{"only": ["captions"], "background": "transparent"}])
    for text, role in zip(_lines(said), ("text", "secondary"), strict=True):
        colour = looks.palette(look)[role]
        wanted = [int(colour[at : at + 2], 16) for at in (5, 3, 1)]  # a canvas has blue first
        left, top, right, foot = map(int, _box(text))
        inside = picture[top:foot, left:right, :3].astype(int)
        assert (np.abs(inside - wanted).max(axis=2) < 3).sum() > 100


@pytest.mark.browser
@pytest.mark.parametrize(
    ("caption", "said"),
    [
        (
            {"text": " ".join(["a film that says too much"] * 9)},
            r"frame .*captions.1.text “a film .* \(en\) has no room in 3",
        ),
        (
            {"text": "A", "line": " ".join(["and says it twice"] * 12)},
            r"captions.1.line “and .*in 2 lines .*; shorten it",
        ),
        ({"text": "A" * 60}, r"captions.1.text “AAA.* has no room"),
    ],
)
def test_words_without_room_are_refused_by_their_key_on_the_first_frame(caption: dict[str, Any], said: str) -> None:
    shot = small_shot(frames=50, map=GROWTH, captions=[{**caption, "from": 1.5}])
    with pytest.raises(RenderError, match=said):
        draw(shot, [{}])


@pytest.mark.browser
def test_a_corner_without_room_is_refused() -> None:
    shot = small_shot(map=GROWTH, captions=[SAID], furniture={"captions": {"margin": [0.05, 0.44]}})
    with pytest.raises(RenderError, match=r"captions have no room at \"bottom left\".*\[furniture\]"):
        draw(shot, [{}])


@pytest.mark.browser
def test_the_line_between_two_dates_stops_short_of_it() -> None:
    split = {"before": date(2017, 7, 2), "line": 0.3}
    more = {"map": GROWTH, "size": (480, 270), "split": split, "clock": _years(2018, 2020)}
    ask = [{"only": ["date"], "background": "transparent", "t": 18000}]
    ((_, plain),), ((_, short),) = draw(small_shot(**more), ask), draw(small_shot(**more, captions=[SAID]), ask)
    ((said, _),) = draw(small_shot(**more, captions=[SAID]), [{"t": 18000}])
    # The column of the line, and what of it would run through the caption.
    x, top, foot = 144, int(_box(_lines(said)[0])[1] / 4), int(_box(_lines(said)[-1])[3] / 4)
    assert _box(_lines(said)[0])[0] < 4 * x < _box(_lines(said)[0])[2]
    assert plain[top:foot, x, 3].any()
    assert not short[top:foot, x - 1 : x + 2, 3].any()
    taken = boxes_of(said)
    box = taken.pop("captions")
    assert all(_overlap_px(box, other) < 8 for other in taken.values())


@pytest.mark.browser
def test_the_systems_and_their_chart_leave_it_the_right_side() -> None:
    for lang in ("en", "ug"):
        shot = small_shot(
            map={"kind": "systems"}, size=(480, 270), language=lang, captions=[NAMED], clock=_years(1940, 1960)
        )
        ((said, _),) = draw(shot, [{}])
        assert min(text["x"] for text in _lines(said)) > 960


# ── a delivery ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.browser
def test_a_delivery_has_captions_as_passes_that_recompose(tmp_path: Path) -> None:
    captions = [{**NAMED, "from": 0, "to": 0.4}]
    shot = small_shot(map=GROWTH, size=(480, 270), captions=captions, camera=[{"at": 0, "fit": "xinjiang"}])
    made = film.deliver(shot, tmp_path, languages=["zh"], numbers=range(1004, 1007), movies=False)
    named = {info.name: info for info in made.passes}
    assert {"captions", "captions_zh"} <= set(named)
    assert [one.name for one in made.report if not one.passed] == []

    def read(name: str, number: int) -> Any:
        with Image.open(made.folder / named[name].file(number)) as picture:
            return np.asarray(picture.convert("RGBA")).astype(float)

    for number in (1004, 1006):
        result = np.zeros((270, 480, 3))
        for part in named["beauty"].made_of:
            pixels = read(part, number)
            result = pixels[..., :3] * pixels[..., 3:] / 255 + result * (1 - pixels[..., 3:] / 255)
        assert np.abs(np.rint(result) - read("beauty", number)[..., :3]).max() <= checks.MOST_DIFFERENCE
    one, other = read("captions", 1005), read("captions_zh", 1005)
    assert one[..., 3].any()
    assert other[..., 3].any()
    assert (one != other).any()
    lefts = [np.flatnonzero(picture[..., 3].any(axis=0))[0] for picture in (one, other)]
    assert abs(lefts[0] - lefts[1]) < 3
    assert "captions" in (made.folder / "README.txt").read_text("utf-8")
