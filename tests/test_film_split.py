"""Two dates side by side: each side is the map of its date, and the rows say both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from film_support import small_shot

from camps import appendix, film, growth
from camps.appendix import framecheck, tracing
from camps.dates import day_of
from camps.errors import InputError
from camps.film import checks, exr, readouts, records, testimony
from camps.film.plan import Ground, plan_frames

GROWTH = {"kind": "growth", "sources": ["gazetteer"], "where": {"admin1": "Xinjiang"}, "relief": False}
CLOCK = {"kind": "linear", "from": "2020-07-02", "to": "2020-07-03", "hold_first": 0.4}
SPLIT = {"before": "2017-07-02"}
WIPE = [{"at": 0, "line": 0.75}, {"at": 0.4, "line": 0.25, "ease": "linear", "hold": 0.04}]


def _shot(**changes: object) -> film.Shot:
    given = {"frames": 12, "map": GROWTH, "clock": CLOCK, "camera": [{"at": 0, "fit": "xinjiang"}], "split": SPLIT}
    return small_shot(**{**given, "mode": "observed", **changes})


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
    shot = _shot(size=size, split={**SPLIT, "keys": WIPE}, language=language, frames=30)
    made = film.deliver(shot, tmp_path, waive=["credit", "legible"], names=["beauty", "date", "growth"])
    assert (made.folder / "frames.csv").is_file()


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
