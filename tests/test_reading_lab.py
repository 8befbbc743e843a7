"""A reading in JupyterLab, from the first outline to a series: by mouse and keys, the kernel killed in the middle."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import numpy as np
import shapely
from lab_support import Hand, opened
from test_reading_widget import DAYS, GROUND, HOSTILE, scenes

from camps import footprints, growth, reading
from camps.reading.sheet import Sheet

BEGIN = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_reading_widget import DAYS, GROUND, scenes
from camps import reading
read = [scene for scene in scenes(Path({mirror!r})) if scene.observed_on != DAYS[1]]
"""
FIRST = (
    'session = reading.start("xj-bfn130-aspi50", read, interpreter="A", ground=GROUND, folder=Path({folder!r}) / "A")\n'
    "reading.show(session)"
)
SECOND = (
    'blind = reading.start("xj-bfn130-aspi50", read, interpreter="B", ground=GROUND, blind=2,\n'
    '                      folder=Path({folder!r}) / "B")\n'
    "reading.show(blind)"
)
AGREE = (
    "found = reading.agreement(session.series(), blind.series(), draws=200)\n"
    'print(found.dates[["observed_on", "n_matched", "iou"]].to_string())'
)


def _halls(sheet: Sheet) -> list[list[tuple[float, float]]]:
    """Return eight buildings of the record's own reading as rectangles: the largest that stand apart."""
    table = footprints.load().footprints
    seen = table[table["observed_on"].eq(DAYS[0]) & table["kind"].isin(["building", "block"])]
    seen = seen[seen.within(GROUND)].sort_values("area_m2", ascending=False)
    return [_rectangle(sheet.rings(shape)[0]) for shape in seen.geometry.head(8)]


def _rectangle(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    around = shapely.minimum_rotated_rectangle(shapely.Polygon(ring))
    corners = shapely.get_coordinates(around)[:4]
    # The long side first: a rectangle is drawn along it.
    turned = (
        corners if np.ptp(corners[:2], axis=0).sum() > np.ptp(corners[1:3], axis=0).sum() else np.roll(corners, 1, 0)
    )
    return [tuple(corner) for corner in turned.tolist()]


def _outline(hand: Hand, sheet: Sheet, halls: list[list[tuple[float, float]]], by: float = 0.0) -> None:
    hand.key("r")
    for hall in halls:
        # Alt: neighbours are drawn as they are, not snapped to one another.
        hand.page.keyboard.down("Alt")
        hand.do("", sheet, *(np.array(hall[:3]) + by).tolist())
        hand.page.keyboard.up("Alt")


def look_at(name: str, hand: Hand) -> None:
    """Do nothing; who wants to see each step puts something else here."""


def test_a_reading_from_the_first_outline_to_the_second_reader(mirror: Path, tmp_path: Path) -> None:
    names = {"tests": str(Path(__file__).parent), "mirror": str(mirror), "folder": str(tmp_path)}
    sheet = Sheet.over(scenes(mirror)[:1], GROUND)
    halls = _halls(sheet)
    cells = [(BEGIN + FIRST).format(**names), SECOND.format(**names), AGREE]
    with opened(tmp_path, *cells) as lab:
        hand = lab.read(0)
        _first_date(hand, sheet, halls)
        # Keys of the notebook's own are not heard: its cells are as many as before.
        assert lab.page.locator(".jp-CodeCell").count() == 3
        _second_date(hand, sheet, halls)
        steps = hand.steps
        os.kill(_kernel_of(tmp_path / "A"), signal.SIGKILL)
        hand.key("r")
        hand.click(sheet, (120, 20), (140, 20), (140, 30))
        hand.root.get_by_text("Not saved: the last 1.").wait_for()
        look_at("killed", hand)
        lab.page.locator(".jp-Dialog button").click()
        hand = lab.read(0)
        assert hand.steps == steps + 1, "the page was shown once more, and nothing else was lost or made up"
        look_at("gone on with", hand)
        _blind(lab.read(1), sheet, halls)
        printed = lab.run(2)
        printed.get_by_text("all dates").wait_for()
        found = re.findall(r"(\S+ dates|[\d-]{10})\s+(\d+)\s+([\d.]+)", printed.inner_text())
        assert [(day, int(n)) for day, n, _ in found] == [(DAYS[0], 8), (DAYS[2], 8), ("all dates", 16)]
        assert 0.6 < float(found[-1][2]) < 1
        assert lab.complaints == []
    _goes_on(mirror, tmp_path)


def _first_date(hand: Hand, sheet: Sheet, halls: list[list[tuple[float, float]]]) -> None:
    hand.root.locator(".cr-stage").click(position={"x": 5, "y": 40})
    look_at("opened", hand)
    _outline(hand, sheet, halls)
    hand.do("1")
    look_at("outlined", hand)
    # What is copied, and the scene that it is copied to, are a step each.
    before = hand.steps
    hand.key("g")
    hand.saved(before + 1)


def _second_date(hand: Hand, sheet: Sheet, halls: list[list[tuple[float, float]]]) -> None:
    hand.key("s")
    for hall in halls[:2]:
        hand.click(sheet, np.mean(hall, axis=0).tolist())
        before = hand.steps
        hand.drag(sheet, hall[0], (2 * np.array(hall[0]) - np.mean(hall, axis=0)).tolist())
        hand.saved(before)
    look_at("mended", hand)
    hand.key("n")
    hand.page.keyboard.type(HOSTILE)
    hand.do("Enter")
    hand.do("h", sheet, (150, 40), (190, 40), (190, 70), then="Enter")
    look_at("partly", hand)
    hand.key("b")
    look_at("beside", hand)
    hand.key("b")


def _blind(hand: Hand, sheet: Sheet, halls: list[list[tuple[float, float]]]) -> None:
    hand.root.locator(".cr-stage").click(position={"x": 5, "y": 40})
    for keys in ("1", "PageDown", "1"):
        if keys == "1":
            _outline(hand, sheet, halls, by=0.4)
        hand.do(keys)
        look_at(f"blind {keys}", hand)


def _kernel_of(folder: Path) -> int:
    held = next(folder.glob(".in-use")).read_text("utf-8")
    return int(re.search(r"process (\d+)", held)[1])


def _goes_on(mirror: Path, folder: Path) -> None:
    read = [scene for scene in scenes(mirror) if scene.observed_on != DAYS[1]]
    with reading.start("xj-bfn130-aspi50", read, interpreter="A", ground=GROUND, folder=folder / "A") as session:
        series = session.series()
    assert series.footprints.groupby("observed_on").size().tolist() == [8, 8]
    assert series.looks["status"].tolist() == ["observed", "partial"]
    assert sorted(series.footprints["note"].dropna()) == [HOSTILE]
    table = growth.series(series.footprints, series.looks, scenes=series.scenes)
    # Both were mended outwards.
    assert table["value"].is_monotonic_increasing
    assert series.footprints["track_id"].nunique() == 8
