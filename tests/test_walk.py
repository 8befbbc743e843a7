"""A walk through the whole promise, in an empty record and in this one: from a list to the trace of a frame.

list → add → map → shot → deliver → appendix → ``verify --frames`` → ``trace`` of a frame of each pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import shapely
from record_support import claim_text, shot_of, shot_text
from shapely import affinity

from camps import build, files, reading, record, settings
from camps.cli import run
from camps.imagery import Band, Scene

ROOT = Path(__file__).resolve().parents[1]
LIST = """ID,Name,Latitude,Longitude,Opened,Closed,prisoners_1938,prisoners_1939
1,Solovki,65.02,35.71,1923,1933,,
2,Северный лагерь,64.55,40.52,1937,1953,1200,1500
3,Лагерь Ö,61.25,46.65,1938-05,,800,NA
"""
CLAIMS = claim_text(
    "The list names {3:n} camps, and {1,500:held} prisoners in 1939.",
    "gulag",
    n="count(sites)",
    held='sum(counts.value, metric = "prisoners", t = "1939")',
)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a record that holds nothing yet."""
    monkeypatch.delenv("CAMPS_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    build.start(tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    return tmp_path / "mine"


@contextmanager
def _told(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Show what a command said when the block fails."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{error}\n{capsys.readouterr()}") from error


def _film_and_prove(shot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Deliver a shot, write the appendix, verify both, and trace a frame of each pass."""
    frames, package = settings.exports() / "frames", settings.exports() / "appendix"
    with _told(capsys):
        assert run(["deliver", str(shot), "--out", str(frames), "--no-movies", "--waive", "credit"]) == 0
        assert run(["appendix", "--out", str(package)]) == 0
        assert run(["verify", str(package), "--frames", str(frames), "--sample", "1"]) == 0
        first = sorted(frames.rglob("*.1001.png"))
        assert len({path.parent.name for path in first}) > 3, "a delivery has several passes"
        assert [path.parent.name for path in first if run(["trace", str(path), "--frames", str(frames)]) != 0] == []


def test_in_an_empty_record(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = files.write_text(empty.parent / "gulag.csv", LIST)
    with _told(capsys):
        added = [
            "sources",
            "add",
            str(listed),
            "--id",
            "gulag",
            "--map",
            "prisoners.*=prisoners_*",
            "--null",
            "NA",
            "--licence",
            "CC BY 4.0",
        ]
        assert run(added) == 0
        assert run(["map", "sites"]) == 0
        assert run(["map", "growth"]) == 0
    files.write_text(empty / "geodata" / "claims.toml", CLAIMS)
    told = _read_twice(empty)
    around = [{"at": 0, "fit": "sites", "margin": 0.35}]  # the title of so small a picture needs its room
    shown = shot_of("1938-07-02", "1939-07-02", camera=around, map={"kind": "growth", "metric": "prisoners"})
    shot = files.write_text(empty / "shots" / "walk.toml", shot_text(shown))
    _film_and_prove(shot, capsys)
    document = (settings.exports() / "appendix" / "data" / "appendix.html").read_text("utf-8")
    assert [one for one in told if one not in document] == []
    measured = record.read_csv(settings.exports() / "appendix" / "data" / "tables" / "measurements.csv")
    assert set(zip(measured["analyst"], measured["second_analyst"], strict=True)) == {("A", "B")}


def _read_twice(home: Path) -> list[str]:
    """Register a reading of two scenes and a blind one by somebody else; return what the appendix must say of them."""
    scenes = []
    for day in ("1938-06-01", "1939-06-01"):
        path = files.write_text(home / f"{day}.tif", day)
        scenes.append(Scene(f"air-{day}", "a camera", day, 1.0, (Band("red", str(path)),), "own", "own"))
    halls = [shapely.box(35.7 + step, 65.02, 35.7005 + step, 65.0203) for step in 0.001 * np.arange(13)]
    common = {"ground": shapely.box(35.69, 65.01, 35.73, 65.03), "clock": lambda: "2026-01-01T00:00:00Z"}
    with (
        reading.start("gulag-1", scenes, interpreter="A", **common) as first,
        reading.start("gulag-1", scenes, interpreter="B", blind=7, **common) as second,
    ):
        for session, apart in ((first, 0.0), (second, 0.00002)):
            for task in session.tasks:
                later = session.scene(task).observed_on.startswith("1939")
                for hall in halls[: 13 if later else 0]:
                    session.draw(task, affinity.translate(hall, apart))
                session.look(task, "observed")
        series = first.register("own-reading", second=second)
    # Thirteen pairs of one date: enough for a vertex, and one date is none for what all edges share.
    assert series.footprints["edge_sd_m"].between(0, 0.01).all()
    assert series.footprints["edge_bias_m"].isna().all()
    return [
        files.sha256(home / "1938-06-01.tif"),
        "air-1939-06-01",
        "Second reading, by B, blind",
        "13 / 13",
        "0.92 [0.92, 0.92]",
    ]


def test_in_this_record(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPS_HOME", str(ROOT))
    monkeypatch.delenv("CAMPS_MIRROR", raising=False)
    shown = shot_of("2017-07-02", "2018-07-02", map={"kind": "growth", "where": {"admin1": "Xinjiang"}})
    with _told(capsys):
        assert run(["map", "growth"]) == 0
    _film_and_prove(files.write_text(tmp_path / "walk.toml", shot_text(shown)), capsys)
