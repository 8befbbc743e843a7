"""A reading by eye: every step saved at once, taken back and done again, blind, killed and gone on with, and used."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given
from hypothesis import strategies as st
from shapely import affinity

from camps import files, growth, reading, settings
from camps.errors import CheckError, InputError
from camps.imagery import Band, Scene
from camps.reading import Session, shapes

DAYS = ("2017-08-29", "2018-07-23", "2020-06-02")
GROUND = shapely.box(88.28, 43.38, 88.30, 43.39)


def _scenes(folder: Path) -> list[Scene]:
    folder.mkdir(exist_ok=True, parents=True)
    found = []
    for day in DAYS:
        path = folder / f"{day}.tif"
        path.write_bytes(day.encode())
        found.append(Scene(f"s-{day}", "a camera", day, 10.0, (Band("red", str(path)),), "own", f"own {day[:4]}"))
    return found


def _box(column: int, row: int = 0) -> shapely.Polygon:
    """Return an outline of about 40 m by 50 m; neighbours in a row share a wall."""
    west, south = 88.281 + 0.0005 * column, 43.381 + 0.001 * row
    return shapely.box(west, south, west + 0.0005, south + 0.0005)


def _begin(folder: Path, **options: Any) -> Session:
    told = {"interpreter": "A", "ground": GROUND, "folder": folder / "reading", "clock": lambda: "2026-01-01T00:00:00Z"}
    return reading.start("x-1", _scenes(folder), **{**told, **options})


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with _begin(tmp_path) as begun:
        yield begun


def test_what_is_read_is_a_series_that_growth_reads(session: Session) -> None:
    first, second, last = session.tasks
    for column in range(3):
        session.draw(first, _box(2 * column))
    session.look(first, "observed")
    assert len(session.copy_forward(first, second)) == 3
    assert session.copy_forward(first, second) == []
    session.draw(second, _box(0, 3), kind="construction", confidence="low", note="foundations")
    hidden = shapely.box(88.28, 43.38, 88.285, 43.39)
    session.look(second, "partial", hidden=[hidden], note="cloud")
    series = session.series()
    assert list(series.looks["observed_on"]) == list(DAYS[:2])
    assert list(series.looks["frac_valid"]) == [1.0, pytest.approx(0.75, abs=1e-3)]
    assert series.footprints["track_id"].nunique() == 4
    assert set(series.looks["interpreter"]) == {"A"}
    assert series.scenes["sha256"].notna().all()
    # The last scene was shown to nobody: it is no look, and no zero.
    assert last not in session.looks
    assert not series.coverage.geometry.iloc[1].contains(hidden.centroid)


def test_outlines_on_a_scene_that_nobody_marked_are_refused(session: Session) -> None:
    first = next(iter(session.tasks))
    session.draw(first, _box(0))
    with pytest.raises(InputError, match="task-01: outlines, and nobody said what the scene let be seen"):
        session.series()
    session.remove("task-01-001")
    with pytest.raises(InputError, match="nothing read yet"):
        session.series()


@pytest.mark.parametrize("status", ["obscured", "not_imaged"])
def test_outlines_on_a_scene_that_let_nothing_be_seen_are_refused(session: Session, status: str) -> None:
    first = next(iter(session.tasks))
    session.draw(first, _box(0))
    session.look(first, status)
    with pytest.raises(InputError, match=rf"task-01 \({status}\): outlines on a scene that let nothing be seen"):
        session.series()
    session.look(first, "observed")
    assert len(session.series().footprints) == 1


def test_a_partial_look_without_an_outline_is_no_zero_in_the_table(session: Session) -> None:
    first, second, last = session.tasks
    session.draw(first, _box(0))
    session.look(first, "observed")
    session.look(second, "partial", hidden=[shapely.box(88.28, 43.38, 88.299, 43.39)])
    session.look(last, "observed")
    assert session.series().table["building"].tolist() == [1, pd.NA, 0]


def test_an_outline_outside_the_ground_that_is_read_is_refused(session: Session) -> None:
    first = next(iter(session.tasks))
    named = session.draw(first, _box(0))
    away = affinity.translate(_box(0), 0.1, 0)
    for change in (lambda: session.draw(first, away), lambda: session.mend(named, shape=away)):
        with pytest.raises(InputError, match="lies outside the ground that is read"):
            change()
    session.draw(first, affinity.translate(GROUND, 0.0199, 0))  # across its edge


def test_a_scene_that_is_named_twice_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    scenes = _scenes(tmp_path)
    with pytest.raises(InputError, match=f"scenes: s-{DAYS[0]} more than once"):
        reading.start("x-1", [*scenes, scenes[0]], interpreter="A", folder=tmp_path / "reading")


def test_a_reading_that_found_nothing_yet_is_a_series_of_zeros(session: Session) -> None:
    session.look("task-01", "observed")
    series = session.series()
    assert growth.series(series.footprints, series.looks, scenes=series.scenes)["value"].tolist() == [0.0]


def test_a_scene_that_shows_nothing_is_an_observed_zero(session: Session) -> None:
    session.look("task-01", "observed")
    session.draw("task-02", _box(0))
    session.look("task-02", "observed")
    series = session.series()
    assert list(series.looks["status"]) == ["observed", "observed"]
    assert list(series.footprints["observed_on"]) == [DAYS[1]]


def test_a_killed_reading_goes_on_where_the_last_step_was_saved(tmp_path: Path) -> None:
    with _begin(tmp_path) as before:
        before.draw("task-01", _box(0))
        held = before.outlines()
        before.draw("task-01", _box(1))
        before.undo()
    log = tmp_path / "reading" / "log.jsonl"
    whole = log.read_bytes()
    for cut in (1, 40, len(whole.splitlines()[-1])):
        log.write_bytes(whole + whole.splitlines(keepends=True)[-1][:cut])
        with _begin(tmp_path) as after:
            assert after.n_lost_bytes == cut
            assert_geodataframe_equal(after.outlines(), held)
        assert log.read_bytes() == whole
    with _begin(tmp_path) as after:
        assert after.draw("task-01", _box(1)) == "task-01-003", "no id is used twice, nor that of what was taken back"


def test_a_site_may_have_any_name_and_none_leads_out_of_the_record(tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>\u202e'; DROP\u2028{{x}},\"=1+1"
    with reading.start(hostile, _scenes(tmp_path), interpreter="A", folder=tmp_path / "reading") as session:
        session.draw("task-01", _box(0), note=hostile)
        session.look("task-01", "observed")
        read = session.series().footprints
    assert (list(read["site_id"]), list(read["note"])) == ([hostile], [hostile])
    for strange in ("../../x", "C:\\x", "x" * 300):
        with pytest.raises(InputError, match="no folder can have that name"):
            reading.start(strange, _scenes(tmp_path), interpreter="A")


def test_a_second_tab_on_one_reading_is_told(tmp_path: Path) -> None:
    with files.locked(tmp_path / "reading"), pytest.raises(InputError, match=r"process .* writes it just now"):
        _begin(tmp_path)
    with _begin(tmp_path) as first, _begin(tmp_path) as second:
        with pytest.raises(InputError, match="this reading was closed"):
            first.draw("task-01", _box(0))
        second.draw("task-01", _box(0))


def test_a_full_disk_loses_nothing(session: Session, tmp_path: Path) -> None:
    session.draw("task-01", _box(0))
    log = tmp_path / "reading" / "log.jsonl"
    saved, held = log.read_bytes(), session.outlines()

    # The disk takes a part of the line and no more, as a full one does.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(saved) + 100, before[1]))
    try:
        with pytest.raises(InputError, match=r"this step is not saved .*File too large"):
            session.draw("task-01", _box(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert log.read_bytes() == saved
    assert_geodataframe_equal(session.outlines(), held)
    assert session.draw("task-01", _box(2)) == "task-01-002"


def test_a_scene_that_is_no_longer_the_one_is_refused(session: Session, tmp_path: Path) -> None:
    session.show("task-01")
    (tmp_path / f"{DAYS[0]}.tif").write_bytes(b"another picture")
    with pytest.raises(CheckError, match="scene s-2017-08-29: its file is not the one"):
        session.show("task-01")
    session.close()
    scenes = _scenes(tmp_path)
    (tmp_path / f"{DAYS[0]}.tif").write_bytes(b"another picture")
    with pytest.raises(CheckError, match="scene s-2017-08-29: its file is not the one"):
        reading.start("x-1", scenes, interpreter="A", ground=GROUND, folder=tmp_path / "reading")


def test_a_log_that_was_changed_is_refused_by_its_line(tmp_path: Path) -> None:
    with _begin(tmp_path) as before:
        before.draw("task-01", _box(0), note="gate")
        before.draw("task-01", _box(2))
    log = tmp_path / "reading" / "log.jsonl"
    whole = log.read_text("utf-8")
    for forged in (whole.replace("gate", "hall"), "".join(whole.splitlines(keepends=True)[1:])):
        log.write_text(forged, "utf-8")
        with pytest.raises((CheckError, InputError), match=r"line [13]"):
            _begin(tmp_path)
    log.write_text(whole, "utf-8")
    with pytest.raises(InputError, match="the reading there has another blind"):
        _begin(tmp_path, blind=4)


def test_a_blind_reading_has_the_order_that_its_seed_draws_and_no_date_in_its_tasks(tmp_path: Path) -> None:
    orders = set()
    for seed in range(8):
        with _begin(tmp_path / str(seed), blind=seed, repeats=2) as blind:
            tasks = list(blind.tasks.values())
            orders.add(tuple(task.scene_id for task in tasks))
            assert [task.showing for task in tasks] == [0, 0, 0, 1, 1]
            assert {task.scene_id for task in tasks[:3]} == {f"s-{day}" for day in DAYS}
            assert not any(day[:4] in task.task_id for task in tasks for day in DAYS)
        with _begin(tmp_path / str(seed), blind=seed, repeats=2) as again:
            assert list(again.tasks.values()) == tasks
    assert len(orders) > 1
    with pytest.raises(InputError, match="repeats 2: expected 0 to 3, and a seed"):
        _begin(tmp_path, repeats=2)


def test_what_is_shown_again_is_held_against_the_first_time(tmp_path: Path) -> None:
    with _begin(tmp_path, blind=1, repeats=3) as blind:
        for task in blind.tasks.values():
            step = 1e-5 * task.showing
            for column in range(3):
                blind.draw(task.task_id, affinity.translate(_box(2 * column), step, 0))
            blind.look(task.task_id, "observed")
        found = reading.agreement(blind.series(), blind.series(showing=1), draws=20)
    assert list(found.dates["n_matched"]) == [3, 3, 3, 9]
    # Moved by 1e-5 of 5e-4 degrees: the overlap is 49 of 51 parts.
    assert found.dates["iou"].iloc[-1] == pytest.approx(49 / 51, abs=1e-3)


def test_cutting_and_joining_keep_ground_and_track(session: Session) -> None:
    drawn = session.draw("task-01", shapely.union_all([_box(0), _box(1)]))
    middle = 88.281 + 0.0005
    pieces = session.cut(drawn, shapely.LineString([(middle, 43.380), (middle, 43.385)]))
    assert pieces == [drawn, "task-01-002"]
    assert session.join(pieces) == drawn
    back = session.outlines()
    assert list(back["track_id"]) == [drawn]
    assert back.geometry.iloc[0].symmetric_difference(shapely.union_all([_box(0), _box(1)])).area < 1e-4 * 5e-7
    with pytest.raises(InputError, match="does not cut"):
        session.cut(drawn, shapely.LineString([(80, 40), (80, 41)]))
    apart = session.draw("task-01", _box(6))
    with pytest.raises(InputError, match="lie apart"):
        session.join([drawn, apart])
    assert apart != "task-01-002"


@given(angle=st.floats(-180, 180), seed=st.integers(0, 99))
def test_a_squared_outline_has_right_angles_and_nearly_its_area(angle: float, seed: int) -> None:
    plan = shapely.Polygon([(0, 0), (80, 0), (80, 30), (40, 30), (40, 60), (0, 60)])
    noise = np.random.default_rng(seed).normal(0, 0.7, (6, 2))
    rough = affinity.rotate(shapely.Polygon(shapely.get_coordinates(plan)[:-1] + noise), angle, origin=(0, 0))
    made = shapes.squared(rough)
    steps = np.diff(shapely.get_coordinates(made.exterior), axis=0)
    turns = (steps * np.roll(steps, 1, axis=0)).sum(axis=1) / (
        np.hypot(*steps.T) * np.hypot(*np.roll(steps, 1, axis=0).T)
    )
    assert np.abs(turns).max() < 1e-6
    assert len(steps) == 6
    assert made.area == pytest.approx(rough.area, rel=0.05)


def test_a_round_outline_is_not_squared(session: Session) -> None:
    tower = session.draw("task-01", shapely.Point(88.29, 43.385).buffer(0.0002))
    before = session.outlines()
    with pytest.raises(InputError, match="round or slanted"):
        session.square(tower)
    assert_geodataframe_equal(session.outlines(), before)


@given(st.lists(st.sampled_from(["draw", "remove", "mend", "look", "undo", "redo"]), max_size=14))
def test_undo_and_redo_lead_back_and_forth_through_every_state(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    with _begin(tmp_path_factory.mktemp("steps")) as session:
        for number, step in enumerate(steps):
            held = sorted(session.held)
            if step == "draw":
                session.draw("task-01", _box(2 * number))
            elif step == "remove" and held:
                session.remove(held[0])
            elif step == "mend" and held:
                session.mend(held[-1], note=str(number))
            elif step == "look":
                session.look("task-01", "observed", note=str(number))
            elif step == "undo":
                session.undo()
            elif step == "redo":
                session.redo()
        end, looks = session.outlines(), session.looks
        n = 0
        while session.undo():
            n += 1
        assert session.outlines().empty
        assert not session.looks
        assert sum(session.redo() for _ in range(n)) == n
        assert_geodataframe_equal(session.outlines(), end)
        assert session.looks == looks


@pytest.mark.parametrize(
    ("outline", "said"),
    [
        (shapely.Polygon([(88, 43), (89, 44), (89, 43), (88, 44)]), "Self-intersection"),
        (shapely.Point(88, 43), "expected a polygon"),
        (shapely.box(500_000, 4_800_000, 500_010, 4_800_010), "degrees"),
        (shapely.Polygon(), "expected a polygon"),
    ],
)
def test_what_is_no_outline_is_refused_and_not_saved(session: Session, outline: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        session.draw("task-01", outline)
    assert session.outlines().empty
    assert not session.undo()


def test_what_a_machine_proposes_counts_once_a_reader_settled_it(session: Session) -> None:
    laid = session.propose("task-01", [_box(0), _box(2), _box(4)])
    session.look("task-01", "observed")
    with pytest.raises(InputError, match=r"proposals not settled: 3 \(task-01-001 …\); accept\(\), mend\(\) or remove"):
        session.series()
    assert session.copy_forward("task-01", "task-02") == []
    session.accept(laid[0])
    session.mend(laid[1], shape=_box(3))
    session.remove(laid[2])
    assert session.series().footprints["method"].tolist() == ["outlined by a machine, accepted by eye", "read by eye"]
    with pytest.raises(InputError, match="accept task-01-001: no open proposal"):
        session.accept(laid[0])
    # A cell that is run again lays nothing twice, and nothing anew that was refused.
    assert session.propose("task-01", [_box(0), _box(2), _box(4)]) == []
    session.undo()
    with pytest.raises(InputError, match="proposals not settled: 1"):
        session.series()


def test_a_third_reader_settles_what_two_dispute_and_both_stay_on_record(tmp_path: Path) -> None:
    sessions = [_begin(tmp_path / reader, interpreter=reader) for reader in "ABC"]
    first, second, third = sessions
    slanted = affinity.translate(_box(4), 2e-4, 1e-4)
    for session, outlines in ((first, [_box(0), _box(2), _box(4)]), (second, [_box(0), slanted, _box(6)])):
        for outline in outlines:
            session.draw("task-01", outline)
        session.look("task-01", "observed")
    lacking = reading.start("x-1", _scenes(tmp_path / "D")[1:], interpreter="D", ground=GROUND, folder=tmp_path / "D/r")
    with pytest.raises(InputError, match=r"has no scene of 20\d\d-\d\d-\d\d, which both read"):
        lacking.dispute(first, second)
    lacking.close()
    assert third.dispute(first, second) == (1, 4)
    third.look("task-01", "observed")
    with pytest.raises(InputError, match="proposals not settled: 4"):
        third.series()
    by_note = {one.note: one.outline_id for one in third.held.values()}
    third.accept(by_note["A alone"])
    third.remove(by_note["B alone"])
    (ours, theirs) = (
        next(one for note, one in by_note.items() if note.startswith(f"outline of {who}")) for who in "AB"
    )
    with pytest.raises(InputError, match="is the same building"):
        third.accept(ours, theirs)
    # Taking one of two outlines in refuses the other.
    third.accept(theirs)
    settled = third.series().footprints
    assert sorted(settled["method"]) == [
        "read by eye, disputed by two readers, settled by a third",
        "read by eye, disputed by two readers, settled by a third",
        "read by eye, two readers agree",
    ]
    assert third._settlement() == "; 4 outlines disputed by A and B, of which 2 taken in and 2 refused"
    laid = next(step for step in third.steps if step.step == "dispute")
    assert laid.what["between"] == {"A": first.head, "B": second.head}
    with pytest.raises(InputError, match="two readings were laid here before"):
        third.dispute(first, second)
    for session in sessions:
        session.close()


def test_a_task_that_there_is_not_is_refused_whatever_is_asked_of_it(session: Session) -> None:
    for asked in (
        lambda: session.draw("task-99", _box(0)),
        lambda: session.copy_forward("task-99", "task-01"),
        lambda: session.copy_forward("task-01", "task-99"),
        lambda: session.look("task-99", "observed"),
        lambda: session.show("task-99"),
    ):
        with pytest.raises(InputError, match="task 'task-99': no such; expected one of task-01"):
            asked()
    assert session.outlines().empty


def test_a_registered_reading_is_a_source_of_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, session: Session
) -> None:
    home = tmp_path / "home"
    (home / "geodata").mkdir(parents=True)
    (home / "record.toml").write_text('[title]\nen = "A record"\n', "utf-8")
    monkeypatch.setenv("CAMPS_HOME", str(home))
    assert settings.geodata().is_relative_to(home)
    session.draw("task-01", _box(0))
    session.look("task-01", "observed")
    series = session.register("read-x-1-a")
    assert series.source_id == "read-x-1-a"
    measured = growth.values("read-x-1-a", metric="area_m2")
    assert measured["value"].iloc[0] == pytest.approx(series.footprints["area_m2"].iloc[0], rel=1e-6)
