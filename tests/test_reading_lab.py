"""A reading in JupyterLab, from the first outline to the trace of a frame: by hand, the kernel killed once."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest
import shapely
from lab_support import Hand, Lab, opened
from record_support import claim_text, shot_of, shot_text
from test_reading_widget import DAYS, GROUND, HOSTILE, scenes

from camps import build, files, footprints, growth, reading, settings
from camps.cli import run
from camps.reading.sheet import Rings, Sheet

SITE = "dbc-1"
BEGIN = """
import sys
from pathlib import Path
import shapely
sys.path.insert(0, {tests!r})
from test_reading_widget import DAYS, GROUND, scenes
from camps import growth, reading
read = [scene for scene in scenes(Path({mirror!r})) if scene.observed_on != DAYS[1]]
session = reading.start("dbc-1", read, interpreter="A", ground=GROUND)
reading.show(session)
"""
PROPOSE = 'len(session.propose("task-02", [shapely.from_wkt(one) for one in {proposals!r}]))'
BLIND = """
blind = reading.start("dbc-1", read, interpreter="B", ground=GROUND, blind=2)
reading.show(blind)
"""
AGREE = """
found = reading.agreement(session.series(), blind.series(), draws=200)
print(found.dates[["observed_on", "n_matched", "iou"]].to_string())
"""
REGISTER = """
series = session.register("read-a", second=blind)
print(growth.values("read-a", metric="area_m2")[["t", "value", "lo", "hi"]].to_string())
"""
LIVE = """
from camps import maps
map_ = maps.footprint_map(series, ground=maps.Ground(relief=False)).show()
map_
"""
SET = """
map_.date = {day!r}
on_day = series.footprints[series.footprints["observed_on"] == map_.date]
hall = on_day.sort_values("area_m2").iloc[-1]
place = hall.geometry.representative_point()
map_.view = {{"lon": place.x, "lat": place.y, "zoom": 17}}
print(hall["track_id"])
"""
SAYS = 'print(map_.value.attrs["date"], len(map_.value), *map_.selected)'
SHOT = shot_of("2018-07-23", "2018-07-24", map={"kind": "footprints", "sources": ["read-a"]}) | {"frames": 1}
CLAIM = claim_text("The list names {1:n} camp.", "dbc", n="count(sites)")


def _outlines(day: str) -> list[shapely.Polygon]:
    """Return the buildings of the record's own reading on a day, the largest first."""
    table = footprints.load().footprints
    seen = table[table["observed_on"].eq(day) & table["kind"].isin(["building", "block"])]
    return list(seen[seen.within(GROUND)].sort_values("area_m2", ascending=False).geometry)


def _rectangle(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    around = shapely.minimum_rotated_rectangle(shapely.Polygon(ring))
    corners = shapely.get_coordinates(around)[:4]
    # The long side first: a rectangle is drawn along it.
    turned = (
        corners if np.ptp(corners[:2], axis=0).sum() > np.ptp(corners[1:3], axis=0).sum() else np.roll(corners, 1, 0)
    )
    return [tuple(corner) for corner in turned.tolist()]


def _outline(hand: Hand, sheet: Sheet, halls: Rings, by: float = 0.0) -> None:
    hand.key("r")
    for hall in halls:
        # Alt: neighbours are drawn as they are, not snapped to one another.
        hand.page.keyboard.down("Alt")
        hand.do("", sheet, *(np.array(hall[:3]) + by).tolist())
        hand.page.keyboard.up("Alt")


def look_at(name: str, hand: Hand) -> None:
    """Do nothing; who wants to see each step puts something else here."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a record that knows the camp and nothing else."""
    build.start(tmp_path / "record")
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path / "record"))
    files.write_text(tmp_path / "record" / "geodata" / "claims.toml", CLAIM)
    listed = files.write_text(tmp_path / "dbc.csv", "ID,Name,Latitude,Longitude\n1,Dabancheng,43.3836,88.2865\n")
    assert run(["sources", "add", str(listed), "--id", "dbc"]) == 0
    return tmp_path / "record"


def test_a_reading_from_the_first_outline_to_the_trace_of_a_frame(
    mirror: Path, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = Sheet.over(scenes(mirror)[:1], GROUND)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CAMPS_HOME", str(Path(__file__).parents[1]))
        outlines = _outlines(DAYS[0])[:8]
        later = [one for one in _outlines(DAYS[2]) if not one.intersects(shapely.union_all(outlines))]
    halls = [_rectangle(sheet.rings(one)[0]) for one in outlines]
    begin = BEGIN.format(tests=str(Path(__file__).parent), mirror=str(mirror))
    cells = (
        begin,
        PROPOSE.format(proposals=[one.wkt for one in later[:2]]),
        BLIND,
        AGREE,
        REGISTER,
        LIVE,
        SET.format(day=DAYS[0]),
        SAYS,
    )
    with opened(tmp_path, *cells) as lab:
        hand = lab.read(0)
        _first_date(hand, sheet, halls)
        # Keys of the notebook's own are not heard: its cells are as many as before.
        assert lab.page.locator(".jp-CodeCell").count() == len(cells)
        _second_date(hand, sheet, halls)
        _proposals(lab, hand, sheet, later)
        hand = _killed(lab, hand, sheet)
        _blind(lab.read(2), sheet, halls)
        printed = lab.run(3)
        printed.get_by_text("all dates").wait_for()
        look_at("agreement", hand)
        found = re.findall(r"(\S+ dates|[\d-]{10})\s+(\d+)\s+([\d.]+)", printed.inner_text())
        assert [(day, int(n)) for day, n, _ in found] == [(DAYS[0], 8), (DAYS[2], 8), ("all dates", 16)]
        assert 0.6 < float(found[-1][2]) < 1
        _in_two_windows(lab, hand, sheet)
        lab.run(4).get_by_text(DAYS[2]).wait_for()
        look_at("registered", hand)
        _on_a_map(lab, hand)
        assert lab.complaints == []
    _goes_on(mirror)
    _is_traced(home, mirror, capsys)


def _first_date(hand: Hand, sheet: Sheet, halls: Rings) -> None:
    hand.root.locator(".cr-stage").click(position={"x": 5, "y": 40})
    look_at("opened", hand)
    _outline(hand, sheet, halls)
    hand.do("1")
    hand.root.locator(".cr-point").wait_for()
    look_at("outlined", hand)
    # What is copied, and the scene that it is copied to, are a step each.
    before = hand.steps
    hand.key("g")
    hand.saved(before + 1)


def _second_date(hand: Hand, sheet: Sheet, halls: Rings) -> None:
    hand.key("s")
    first, second = np.array(halls[0]), np.array(halls[1])
    hand.click(sheet, first.mean(axis=0))
    look_at("picked", hand)
    before = hand.steps
    hand.drag(sheet, first[0], first.mean(axis=0) + 1.2 * (first[0] - first.mean(axis=0)))
    hand.saved(before)
    # A double click sets a corner on an edge, which keys then move; that is kept when the focus goes elsewhere.
    hand.click(sheet, second.mean(axis=0))
    before = hand.steps
    hand.page.mouse.dblclick(*hand.at(sheet, 0.7 * second[0] + 0.3 * second[1]))
    before = hand.saved(before)
    hand.page.keyboard.down("ArrowUp")
    hand.root.locator("[name=kind]").focus()
    hand.saved(before)
    hand.page.keyboard.up("ArrowUp")
    look_at("mended", hand)
    hand.root.locator("[name=note]").click()
    hand.page.keyboard.type(HOSTILE)
    hand.do("Enter")
    hand.do("h", sheet, (150, 40), (190, 36), (194, 66), (168, 74), then="Enter")
    hand.root.locator(".cr-point").nth(1).wait_for()
    look_at("partly", hand)
    hand.key("b")
    look_at("beside", hand)
    hand.key("b")


def _proposals(lab: Lab, hand: Hand, sheet: Sheet, laid: list[shapely.Polygon]) -> None:
    """Lay two from another cell, take the first in, refuse the second."""
    before = hand.steps
    lab.run(1)
    before = hand.saved(before)
    hand.root.locator("[data-do='tool:select']").click()
    hand.click(sheet, *sheet.rings(laid[0].representative_point().buffer(1e-6))[0][:1])
    look_at("proposed", hand)
    hand.root.get_by_text("2 to settle").wait_for()
    hand.root.locator("[data-do=accept]").click()
    before = hand.saved(before)
    look_at("accepted", hand)
    hand.key("Delete")
    hand.saved(before)


def _killed(lab: Lab, hand: Hand, sheet: Sheet) -> Hand:
    steps = hand.steps
    hand.key("r")
    hand.click(sheet, (120, 20), (140, 20))
    last = hand.at(sheet, (140, 30))
    os.kill(_kernel_of(settings.geodata() / "readings" / f"{SITE}-A"), signal.SIGKILL)
    # At once: soon JupyterLab lays its own word of the kernel over the page.
    hand.page.mouse.click(*last)
    hand.root.get_by_text("Not saved: the last 1.").wait_for()
    look_at("killed", hand)
    lab.page.locator(".jp-Dialog button").click()
    hand = lab.read(0)
    assert hand.steps == steps + 1, "the page was shown once more, and nothing else was lost or made up"
    assert hand.root.locator("[name=scene]").input_value() == "task-02", "it goes on where it was left"
    look_at("gone on with", hand)
    return hand


def _blind(hand: Hand, sheet: Sheet, halls: Rings) -> None:
    hand.root.locator(".cr-stage").click(position={"x": 5, "y": 40})
    for keys in ("1", "PageDown", "1"):
        if keys == "1":
            _outline(hand, sheet, halls, by=0.4)
        hand.do(keys)
        look_at(f"blind {keys}", hand)


def _in_two_windows(lab: Lab, hand: Hand, sheet: Sheet) -> None:
    """Run the cell in a second window: the first is told at once, and the second goes on from the last step."""
    second = lab.beside()
    there = second.read(0)
    look_at("second window", there)
    assert there.steps == hand.steps + 1, "the page was shown once more, and nothing else"
    hand.root.get_by_text("This page saves nothing any more").wait_for()
    look_at("first window", hand)
    there.root.locator(".cr-stage").click(position={"x": 5, "y": 40})
    there.do("r", sheet, (120, 20), (140, 20), (140, 30))
    there.do("Control+z")
    assert second.complaints == []
    second.page.close()


def _on_a_map(lab: Lab, hand: Hand) -> None:
    """Open the series as a map that talks back: Python sets it, a click and a row pick for Python."""
    shown = lab.run(5)
    shown.get_by_text(f"9 on {DAYS[2]}").wait_for()
    assert lab.run(7).inner_text().split() == [DAYS[2], "9"]
    hall = lab.run(6).inner_text().strip()
    shown.get_by_text(f"8 on {DAYS[0]}").wait_for()
    shown.frame_locator("iframe").locator(".leaflet-container").click()
    shown.locator("[aria-selected=true]").wait_for()
    look_at("live map", hand)
    assert lab.run(7).inner_text().split() == [DAYS[0], "8", hall]
    row = shown.locator("[aria-selected=false]").first
    other = row.locator("td").first.inner_text()
    row.click()
    shown.locator("[aria-selected=true]", has_text=other).wait_for()
    assert lab.run(7).inner_text().split() == [DAYS[0], "8", other]


def _kernel_of(folder: Path) -> int:
    held = next(folder.glob(".in-use")).read_text("utf-8")
    return int(re.search(r"process (\d+)", held)[1])


def _goes_on(mirror: Path) -> None:
    read = [scene for scene in scenes(mirror) if scene.observed_on != DAYS[1]]
    with reading.start(SITE, read, interpreter="A", ground=GROUND) as session:
        assert [step.step for step in session.steps].count("propose") == 1
    series = footprints.load("read-a")
    assert series.footprints.groupby("observed_on").size().tolist() == [8, 9]
    assert series.looks["status"].tolist() == ["observed", "partial"]
    assert sorted(series.footprints["note"].dropna()) == [HOSTILE]
    assert series.footprints["method"].str.contains("machine").sum() == 1
    corners = series.footprints[series.footprints["observed_on"].eq(DAYS[2])].geometry.count_coordinates()
    assert sorted(corners)[-1] >= 6, "the double click set a corner"
    # The error of edges is that of both readers, in place of an assumed one.
    assert series.footprints["edge_sd_m"].between(0, 3).all()
    assert growth.values("read-a", metric="area_m2")["value"].is_monotonic_increasing
    assert series.footprints["track_id"].nunique() == 9


def _is_traced(home: Path, mirror: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shot = files.write_text(home / "shots" / "read.toml", shot_text(SHOT))
    assert run(["map", "footprints"]) == 0
    assert run(["frames", str(shot)]) == 0
    assert run(["appendix"]) == 0
    (frame,) = (settings.exports() / "frames").rglob("*.1001.png")
    capsys.readouterr()
    assert run(["trace", str(frame)]) == 0
    told = capsys.readouterr().out
    scene = next(one for one in scenes(mirror) if one.observed_on == DAYS[2])
    total = files.sha256(Path(scene.bands[0].href))
    document = (settings.exports() / "appendix" / "data" / "appendix.html").read_text("utf-8")
    assert [one for one in (total, "s2-2018-07-23", "read by: A") if one not in told] == []
    assert [one for one in (total, "s2-2018-07-23", "by B, blind") if one not in document] == []
