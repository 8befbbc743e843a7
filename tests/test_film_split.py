"""Two dates side by side: each side is the map of its date, and the rows say both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pysubs2
import pytest
from film_support import draw, small_shot
from numpy.typing import NDArray

from camps import appendix, film, growth
from camps.appendix import framecheck, tracing
from camps.dates import day_of
from camps.errors import InputError, RenderError
from camps.film import checks, editorial, exr, readouts, records, testimony
from camps.film.plan import Ground, State, plan_frames
from camps.film.subject import build_ground, build_map

GROWTH = {"kind": "growth", "sources": ["gazetteer"], "where": {"admin1": "Xinjiang"}, "relief": False}
CLOCK = {"kind": "linear", "from": "2020-07-02", "to": "2020-07-03", "hold_first": 0.4}
SPLIT = {"before": "2017-07-02"}
WIPE = [{"at": 0, "line": 0.75}, {"at": 0.4, "line": 0.25, "ease": "linear", "hold": 0.04}]


def _shot(**changes: object) -> film.Shot:
    given = {"frames": 12, "map": GROWTH, "clock": CLOCK, "camera": [{"at": 0, "fit": "xinjiang"}], "split": SPLIT}
    return small_shot(**{**given, "mode": "observed", **changes})


def _states(shot: film.Shot) -> tuple[State, ...]:
    return plan_frames(shot, build_ground(build_map(shot))).states


def _words(said: dict[str, Any], layer: str) -> list[dict[str, Any]]:
    return [text for text in said["texts"] if text["layer"] == layer]


def test_the_line_stands_or_moves_by_its_keys() -> None:
    assert {state["split"] for state in plan_frames(_shot(), Ground({})).states} == {0.5}
    states = plan_frames(_shot(split={**SPLIT, "keys": WIPE}), Ground({})).states
    assert [states[at]["split"] for at in (0, 5, 10, 11)] == pytest.approx([0.75, 0.5, 0.25, 0.25])
    to_the_end = _shot(split={**SPLIT, "keys": [{"at": 0, "line": 0.75}, {"at": 0.48, "line": 0.25}]})
    assert plan_frames(to_the_end, Ground({})).states[-1]["split"] == 0.25
    assert {state["t_before"] for state in states} == {day_of(_shot().split.before)}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"split": {**SPLIT, "line": 0.1}},
            r"key split\.line: found 0\.1, expected a share of the width from 0\.25 to 0\.75",
        ),
        ({"split": {**SPLIT, "line": 0.5, "keys": WIPE}}, "line, or keys that move it, not both"),
        ({"map": {"kind": "sites"}}, r"map\.kind growth or footprints, whose totals a split sets side by side"),
    ],
)
def test_what_cannot_be_split_is_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        _shot(**changes)


def test_the_left_side_is_the_earlier_one_and_keys_lie_within_the_film() -> None:
    late = _shot(split={"before": "2020-07-02"})
    with pytest.raises(InputError, match=r"key split\.before: found 2020-07-02, expected a date before 2020-07-02"):
        plan_frames(late, Ground({}))
    beyond = _shot(split={**SPLIT, "keys": [*WIPE, {"at": 9, "line": 0.5}]})
    with pytest.raises(InputError, match=r"key split\.keys\.3\.at"):
        plan_frames(beyond, Ground({}))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"layers": {"date": False}}, r"key layers\.date: found false, expected both dates of a split"),
        ({"furniture": {"date": {"show": False}}}, r"key furniture\.date\.show: found false, expected both dates"),
        ({"furniture": {"date": {"9:16": {"show": False}}}}, r"key furniture\.date\.9:16\.show: found false"),
        ({"furniture": {"date": {"from": 0.2}}}, r"key furniture\.date\.from: found 0\.2, expected both dates"),
        (
            {"furniture": {"counter": {"at": "top left"}}},
            r"key furniture\.counter\.at: found top left, expected no place",
        ),
        ({"furniture": {"notes": {"rtl": {"margin": [0.1, 0.1]}}}}, r"key furniture\.notes\.rtl\.margin"),
    ],
)
def test_a_split_has_its_dates_beside_its_line(changes: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        plan_frames(_shot(**changes), Ground({}))


def test_a_look_that_hides_the_date_has_no_split_unless_the_shot_shows_it(tmp_path: Path) -> None:
    look = tmp_path / "bare.toml"
    look.write_text('inherits = "dark"\n[furniture]\ndate = { show = false }\n', "utf-8")
    with pytest.raises(InputError, match=r"key look: found .*bare\.toml, which hides the date"):
        plan_frames(_shot(look=str(look)), Ground({}))
    shown = _shot(look=str(look), furniture={"date": {"show": True}})
    assert plan_frames(shown, Ground({})).states[0]["spanned"] == [day_of(date(2020, 7, 2)), day_of(date(2020, 7, 3))]


@pytest.mark.parametrize(
    ("before", "said"), [("2017", "2017 | 2020"), ("2020", "2020-01-02 | 2020-07-02 – 2020-07-03")]
)
def test_subtitles_say_both_dates(before: str, said: str) -> None:
    plan = plan_frames(_shot(frames=25, split={"before": f"{before}-01-02"}), Ground({}))
    described = [
        {
            "frame": number,
            "t": state["t"],
            "date_shown": "2020",
            "before": {"t": state["t_before"], "date_shown": before},
        }
        for number, state in zip(plan.numbers, plan.states, strict=True)
    ]
    cues = pysubs2.SSAFile.from_string(editorial.subtitles(plan, described))
    assert [cue.text for cue in cues] == [said]


@pytest.mark.browser
def test_date_number_and_notes_are_pieces_that_the_shot_switches_and_times() -> None:
    shot = _shot(furniture={"counter": {"from": 0.2, "backing": True}}, split={**SPLIT, "line": 0.4})
    first, last = (said for said, _ in draw(shot, [_states(shot)[at] for at in (0, 11)]))
    for said, alpha in ((first, 0), (last, 1)):
        assert [len(_words(said, layer)) for layer in ("date", "counter")] == [2, 2 * alpha]
        assert len(_words(said, "notes")) > 2
    assert [one["y"] for one in _words(first, "notes")] == [one["y"] for one in _words(last, "notes")]
    bare = _shot(furniture={"counter": {"show": False}}, layers={"notes": False})
    ((said, _),) = draw(bare, [{}])
    assert {one["layer"] for one in said["texts"]} >= {"date", "title", "credit"}
    assert not _words(said, "counter") + _words(said, "notes")


@pytest.mark.browser
def test_the_ground_of_words_is_under_all_of_them() -> None:
    pieces = {piece: {"backing": True} for piece in ("date", "counter", "notes")}
    shot = _shot(size=(480, 270), furniture=pieces, layers={"legend": False})
    ((said, ground),) = draw(shot, [{"only": ["backing"], "background": "transparent"}])
    ((said, _),) = draw(shot, [{}])
    words = [text for piece in pieces for text in _words(said, piece)]
    rows = {round((one["y"] + 0.6 * one["h"]) / 4): one for one in words}
    for row, one in rows.items():
        assert ground[row, int(one["x"] / 4) : int((one["x"] + one["w"]) / 4), 3].min() > 200
    left, right = min(one["x"] for one in words) / 4, max(one["x"] + one["w"] for one in words) / 4
    assert not ground[list(rows), : int(left) - 8, 3].any()
    assert not ground[list(rows), int(right) + 8 :, 3].any()


@pytest.mark.browser
@pytest.mark.parametrize("size", [(480, 270), (270, 480)])
def test_nothing_breathes_or_blinks_where_the_line_moves(size: tuple[int, int]) -> None:
    """The line goes from side to side while totals grow by a digit and notes by a line."""
    clock = {"kind": "linear", "from": "2018-06-20", "to": "2020-07-02"}
    shot = _shot(
        size=size, mode="illustrative", split={"before": "2017-07-02", "keys": WIPE}, clock=clock, language="en"
    )
    drawn = [said for said, _ in draw(shot, _states(shot))]
    for layer in ("date", "counter", "notes"):
        sizes = {one["size"] for said in drawn for one in _words(said, layer)}
        assert len(sizes) == 1
        assert min(sizes) >= 17
    assert len({tuple(sorted(label["text"] for label in said["labels"])) for said in drawn}) == 1
    assert {said["texts"][0]["y"] for said in drawn} == {drawn[0]["texts"][0]["y"]}
    assert drawn[0]["labels"]


@pytest.mark.browser
def test_a_side_without_room_stops_the_first_frame() -> None:
    shot = _shot(split={**SPLIT, "line": 0.25}, size=(270, 480))
    with pytest.raises(
        RenderError, match=r"split: “.*” \(en\) has no room in 7\d px at 1080 lines; keep the line nearer"
    ):
        draw(shot, [{"split": 0.15, "swept": [0.15, 0.5]}])


@pytest.mark.browser
@pytest.mark.parametrize(
    ("before", "dates"),
    [
        ("2017-07-02", {"2017", "2020"}),
        ("2020-01-05", {"January 2020", "July 2020"}),
        ("2020-07-01", {"1 July 2020", "2 July 2020"}),
    ],
)
def test_two_dates_of_one_year_are_told_apart(before: str, dates: set[str]) -> None:
    ((said, _),) = draw(_shot(split={"before": before}), [{}])
    assert {one["text"] for one in _words(said, "date")} == dates


def _line(shot: film.Shot, states: Sequence[Mapping[str, Any]]) -> list[NDArray[np.int64]]:
    """Return how strong the line is in each row of the picture, in each state."""
    ask = [{**state, "only": ["date"], "background": "transparent"} for state in states]
    columns = [round(state["split"] * shot.size[0]) for state in states]
    drawn = [picture for _, picture in draw(shot, ask)]
    return [one[:, x - 1 : x + 1, 3].astype(int).sum(axis=1) for one, x in zip(drawn, columns, strict=True)]


@pytest.mark.browser
def test_the_line_runs_over_the_whole_height_and_parts_little_by_little() -> None:
    """It passes the end of the title, the credit and the legend at a few pixels a frame."""
    shot = _shot(size=(480, 270), layers={"labels": False}, frames=150, split={**SPLIT, "keys": [
        {"at": 0, "line": 0.75}, {"at": 6, "line": 0.25, "ease": "linear"}]})  # fmt: skip
    states = _states(shot)
    lines = _line(shot, states)
    rows = np.array(lines)
    full = rows.max()
    assert rows[:, [0, 1, 2, -3, -2, -1]].min() > 0.95 * full
    assert rows.min() == 0, "the title stands in its way"
    # A row fades over several frames, whatever it passes.
    assert np.abs(np.diff(rows, axis=0)).max() < 0.5 * full


@pytest.mark.browser
def test_the_line_parts_for_a_caption_only_while_it_stands() -> None:
    said = [{"text": "Here a caption stands in the way of the line", "from": 0.2}]
    shot = _shot(size=(480, 270), split={**SPLIT, "line": 0.3}, captions=said, frames=25)
    states = _states(shot)
    ((told, _),) = draw(shot, [states[20]])
    (caption,) = _words(told, "captions")
    top, foot = int(caption["y"] / 4), int((caption["y"] + caption["h"]) / 4)
    gone, coming, there = (line[top:foot] for line in _line(shot, [states[at] for at in (0, 9, 20)]))
    assert gone.min() > 100
    assert 0 < coming.max() < gone.min()
    assert there.max() == 0


@pytest.mark.browser
def test_each_side_is_the_map_of_its_date_and_every_row_says_both(tmp_path: Path) -> None:
    given = {"size": (480, 270), "layers": {"labels": False, "legend": False}}
    both = film.render(_shot(**given), tmp_path / "both", movie=False, numbers=[1001])
    sides = []
    for name, when in (("left", "2017-07-02"), ("right", "2020-07-02")):
        clock = {**CLOCK, "from": when, "to": when.replace("-02", "-03")}
        alone = _shot(**given, split=None, clock=clock, code=name.upper())
        sides.append(checks._read(film.render(alone, tmp_path / name, movie=False, numbers=[1001]).frames[0]))
    shown = checks._read(both.frames[0])
    # Between title and totals, a few pixels away from the line.
    for side, columns in zip(sides, (slice(0, 235), slice(245, 480)), strict=True):
        assert np.array_equal(shown[110:190, columns], side[110:190, columns])
    assert (sides[0] != sides[1]).any()
    row = records.read_frame_list(both.folder).frames[1001].shown
    counts = growth.values("gazetteer")
    here = counts["unit"].isin(row["site_ids"].split())
    assert row["before_day"] == "2017-07-02"
    assert float(row["before_total"]) == counts.loc[here & counts["t"].eq("2017"), "value"].sum()
    assert float(row["total"]) > float(row["before_total"]) > 0
    again = readouts.read_out(_shot(**given))[1001]
    assert again["before_day"] == row["before_day"]
    assert [float(again[name]) for name in ("before_total", "total")] == [
        float(row[name]) for name in ("before_total", "total")
    ]
    told = appendix.trace(both.frames[0]).report()
    assert f"left of the line, on 2017-07-02, {float(row['before_total']):,.0f}" in told


def test_a_side_on_which_no_site_is_ever_seen_is_refused() -> None:
    # All of Xinjiang lies east of a camera over the Caspian Sea; from there to Ürümqi both sides have had some.
    away, near = {"at": 0, "centre": [60, 42], "zoom": 4}, {"at": 0.4, "fit": "xinjiang"}
    with pytest.raises(InputError, match=r"key split: found no site left of its line in any frame, expected a site"):
        _states(_shot(camera=[away]))
    assert _states(_shot(camera=[away, near]))
    assert _states(_shot(camera=[])), "the page keeps a view of its own"


def test_a_list_of_an_earlier_release_is_read_as_it_is(tmp_path: Path) -> None:
    earlier = [name for name in records.SHOWN_COLUMNS if name not in records.LATER_COLUMNS]
    shown = dict.fromkeys(earlier, "") | {"frame": "1001", "date_shown": "2018", "total": "40.0"}
    entry = records.PictureEntry("beauty/x.1001.png", "0" * 64, "a key")
    listed = records.FrameList({1001: records.ListedFrame(shown, {"beauty": entry})})
    assert "before_total" not in records.write_frame_list(tmp_path, listed).read_text("utf-8")
    assert records.is_of_another_release(tmp_path)
    again = records.read_frame_list(tmp_path)
    assert again == listed
    assert again.text() == (tmp_path / records.FRAME_LIST).read_text("utf-8")
    told = testimony.build(_shot(), listed, {}, of_shot=False) | {"pass": "beauty"}
    assert testimony.read(told, tmp_path).rows == {1001: shown}
    assert tracing._told(shown)[1].startswith("40 over")
    assert not framecheck.row_fault(shown, shown | {"before_total": "3", "bearing": "0.0"})


def test_a_row_that_told_no_value_between_two_counts_apart_is_held_to_the_sites_known() -> None:
    now = {"n_observed": "36", "n_interpolated": "12", "n_held": "1"}
    assert not framecheck.row_fault({"n_observed": "47", "n_held": "2"}, now)
    assert "n_observed says 46" in framecheck.row_fault({"n_observed": "46", "n_held": "2"}, now)
    assert "n_observed says 47" in framecheck.row_fault({**now, "n_observed": "47"}, now)


@pytest.mark.browser
def test_the_interval_that_a_side_prints_is_in_its_row(tmp_path: Path) -> None:
    shot = _shot(
        frames=1, mode="bracket", map={"kind": "footprints", "relief": False}, split={"before": "2017-11-29"},
        clock={"kind": "linear", "from": "2018-08-20", "to": "2018-09-20"}, size=(480, 270),
        camera=[{"at": 0, "centre": [88.2868, 43.3804], "zoom": 15}],
    )  # fmt: skip
    made = film.render(shot, tmp_path, movie=False)
    row = records.read_frame_list(made.folder).frames[1001].shown
    assert row["before_kind"] == row["kind"] == "bracketed"
    assert float(row["before_total_lo"]) < float(row["before_total_hi"]) < float(row["total_hi"])
    again = readouts.read_out(shot)[1001]
    assert not framecheck.row_fault(row, again)
    assert "before_total_hi says" in framecheck.row_fault({**row, "before_total_hi": "1.0"}, again)
    told = appendix.trace(made.frames[0]).report()
    for side in ("", "before_"):
        low, high = (f"{float(row[f'{side}total_{end}']):,.0f}" for end in ("lo", "hi"))
        assert f"{low}–{high}" in told
    # A run that finds the frame there keeps all that its row says.
    kept = film.render(shot, tmp_path, movie=False)
    assert (kept.n_drawn, records.read_frame_list(kept.folder).frames[1001].shown) == (0, row)


@pytest.mark.browser
@pytest.mark.parametrize("size", [(480, 270), (270, 480)])
@pytest.mark.parametrize("language", ["en", "ug"])
def test_a_split_delivery_passes_its_checks(size: tuple[int, int], language: str, tmp_path: Path) -> None:
    # From further away: no word beside the line, and no legend, may lie over a site.
    far = [{"at": 0, "fit": "xinjiang", "margin": 0.27}]
    shot = _shot(size=size, split={**SPLIT, "keys": WIPE}, language=language, frames=30, camera=far)
    made = film.deliver(shot, tmp_path, waive=["credit"], names=["beauty", "date", "growth"])
    readme = (made.folder / "README.txt").read_text("utf-8")
    assert "Dates      2020-07-02 to 2020-07-03; 2017-07-02 left of a line at 25% to 75% of the width" in readme
    assert "Left of a line the picture is of 2017-07-02" in readme


@pytest.mark.browser
def test_mattes_of_a_split_have_both_its_sides(tmp_path: Path) -> None:
    turned = [{"at": 0, "fit": "xinjiang", "bearing_deg": 20}]
    shot = _shot(size=(480, 270), split={**SPLIT, "keys": WIPE}, camera=turned)
    made = film.deliver(shot, tmp_path, waive=["credit", "legible"], names=["growth", "ids"], numbers=range(1004, 1006))
    named = {info.name: info for info in made.passes}
    found = exr.read_mattes(made.folder / named["ids"].file(1004))
    drawn = checks._read(made.folder / named["growth"].file(1004))[..., 3]
    assert np.abs(found.shares.sum(axis=2) * 255 - drawn).max() < 0.01
    for side in (slice(0, 240), slice(240, 480)):
        assert any(found.of(name)[:, side].max() > 0.5 for name in found.codes)
