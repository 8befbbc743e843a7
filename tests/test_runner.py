"""Stages run once, again when what they read or wrote has changed, and not otherwise."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest
from filelock import FileLock

from camps import build, files, settings
from camps.build.runner import Ledger, Report, Stage, run_stage
from camps.errors import InputError


class Copy:
    """A stage that copies one file into the exports, and counts how often it ran."""

    def __init__(self, source: Path) -> None:
        self.source, self.runs = source, 0

    def stage(self, text: str = "") -> Stage:
        return Stage("copy", "copying", [self.source], self._run, settings=text)

    def _run(self, report: Report) -> Iterable[Path]:
        self.runs += 1
        yield files.write_bytes(settings.exports() / "out" / "a.txt", self.source.read_bytes())


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    source = tmp_path / "in.txt"
    source.write_text("one", "utf-8")
    return Copy(source)


def _run(stage: Stage) -> bool:
    ledger = Ledger.load(settings.exports() / ".build.json")
    return run_stage(stage, ledger, lambda share, doing: None).ran


def test_a_second_run_does_nothing_and_touches_nothing(copy: Copy) -> None:
    assert _run(copy.stage())
    out = settings.exports() / "out" / "a.txt"
    os.utime(out, (1, 1))
    assert not _run(copy.stage())
    assert copy.runs == 1
    assert out.stat().st_mtime == 1


@pytest.mark.parametrize("change", ["input", "setting", "deleted", "edited", "ledger"])
def test_any_change_makes_it_run_again(copy: Copy, change: str) -> None:
    _run(copy.stage())
    out = settings.exports() / "out" / "a.txt"
    ledger = settings.exports() / ".build.json"
    {
        "input": lambda: copy.source.write_text("two", "utf-8"),
        "setting": lambda: None,
        "deleted": out.unlink,
        "edited": lambda: out.write_text("forged", "utf-8"),
        "ledger": lambda: ledger.write_text("{ half", "utf-8"),
    }[change]()
    assert _run(copy.stage("other" if change == "setting" else ""))
    assert out.read_text("utf-8") == copy.source.read_text("utf-8")


def test_a_folder_counts_by_content_and_not_by_caches(tmp_path: Path, copy: Copy) -> None:
    folder = tmp_path / "code"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "a.py").write_text("1", "utf-8")
    stage = Stage("s", "s", [folder], lambda report: [])
    before = Ledger(tmp_path / "l").key(stage)
    (folder / "__pycache__" / "a.pyc").write_text("x", "utf-8")
    assert Ledger(tmp_path / "l").key(stage) == before
    (folder / "a.py").rename(folder / "b.py")
    assert Ledger(tmp_path / "l").key(stage) != before


def test_the_ledger_holds_no_clock_and_no_place(copy: Copy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _run(copy.stage())
    first = (settings.exports() / ".build.json").read_bytes()
    monkeypatch.setenv("CAMPS_EXPORTS", str(tmp_path / "elsewhere"))
    _run(copy.stage())
    assert (settings.exports() / ".build.json").read_bytes() == first


def test_a_stage_that_fails_is_not_entered(copy: Copy) -> None:
    def fail(report: Report) -> Iterable[Path]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(Stage("copy", "copying", [copy.source], fail))
    assert _run(copy.stage())


def test_an_input_saved_while_its_stage_runs_is_not_taken_for_what_was_read(copy: Copy) -> None:
    """The key was taken after the run, so a result made from the old bytes counted as made from the new ones."""

    def read_then_edited(report: Report) -> Iterable[Path]:
        outputs = list(copy._run(report))
        if copy.runs == 1:
            copy.source.write_text("two", "utf-8")
        return outputs

    stage = Stage("copy", "copying", [copy.source], read_then_edited)
    assert _run(stage)
    assert (settings.exports() / "out" / "a.txt").read_text("utf-8") == "two"
    assert copy.runs == 2
    assert not _run(stage)


@pytest.mark.parametrize("way", ["edited", "copied with its times"])
def test_an_input_that_is_put_back_while_its_stage_runs_is_seen(copy: Copy, way: str) -> None:
    """Its bytes are the old ones again, and the result was made from others."""
    held = copy.source.stat()

    def read_in_between(report: Report) -> Iterable[Path]:
        if copy.runs == 0:
            copy.source.write_text("two", "utf-8")
        outputs = list(copy._run(report))
        if copy.runs == 1:
            copy.source.write_text("one", "utf-8")
        if way == "copied with its times":
            os.utime(copy.source, ns=(held.st_atime_ns, held.st_mtime_ns))
        return outputs

    stage = Stage("copy", "copying", [copy.source], read_in_between)
    if way == "copied with its times":
        with pytest.raises(InputError, match="let the files rest"):
            _run(stage)
        return
    assert _run(stage)
    assert (settings.exports() / "out" / "a.txt").read_text("utf-8") == "one"


def test_what_lies_behind_a_link_in_a_folder_counts(tmp_path: Path, copy: Copy) -> None:
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "lists").symlink_to(elsewhere)
    (elsewhere / "round").symlink_to(folder)
    (elsewhere / "a.csv").write_text("1", "utf-8")
    stage = Stage("copy", "copying", [copy.source, folder], copy._run)
    assert _run(stage)
    (elsewhere / "a.csv").write_text("22", "utf-8")
    assert _run(stage)
    assert not _run(stage)


@pytest.mark.parametrize("text", ["{", "[]", '{"copy": 5}', '{"copy": {"key": "x"}}', '{"a":' * 5000])
def test_a_damaged_ledger_and_damaged_times_make_everything_again(copy: Copy, text: str) -> None:
    _run(copy.stage())
    for place in (settings.exports() / ".build.json", settings.cache() / "timings.json"):
        place.write_text(text, "utf-8")
    assert Ledger.load(settings.exports() / ".build.json").expected_s(copy.stage()) == 5.0
    assert _run(copy.stage())
    assert not _run(copy.stage())


@pytest.mark.parametrize("change", ["grows", "comes", "goes"])
def test_an_input_that_never_rests_is_refused_and_not_entered(copy: Copy, change: str) -> None:
    folder = copy.source.parent / "folder"
    folder.mkdir()
    (folder / "0.txt").write_text("0", "utf-8")

    def never_still(report: Report) -> Iterable[Path]:
        copy.runs += 1
        if change == "grows":
            (folder / "0.txt").write_text("0" * copy.runs * 2, "utf-8")
        elif change == "comes":
            (folder / f"{copy.runs}.txt").write_text("", "utf-8")
        elif (folder / "0.txt").exists():
            (folder / "0.txt").unlink()
        else:
            (folder / "0.txt").write_text("0", "utf-8")
        return []

    stage = Stage("restless", "reading what is being written", [folder], never_still)
    with pytest.raises(InputError, match="let the files rest"):
        _run(stage)
    assert "restless" not in Ledger.load(settings.exports() / ".build.json").stages


def test_two_builds_into_one_folder_are_kept_apart_whatever_their_caches(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The lock lay in the cache, so two users of one folder of exports wrote into each other's files."""
    settings.exports().mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("CAMPS_CACHE", str(tmp_path / "another cache"))
    with FileLock(settings.exports() / ".build.lock"), pytest.raises(InputError, match="another run is writing there"):
        build.build(report=build.display(io.StringIO()))


def _built(monkeypatch: pytest.MonkeyPatch, *stages: Stage) -> list[str]:
    monkeypatch.setattr(build, "plan", lambda: list(stages))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    return [outcome.stage.name for outcome in build.build(report=build.display(io.StringIO()))]


def test_stages_that_work_apart_run_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=60)

    def meet(report: Report) -> Iterable[Path]:
        both.wait()
        return []

    def alone(report: Report) -> Iterable[Path]:
        assert threading.current_thread() is threading.main_thread()
        return []

    last = Stage("z", "z", [], alone)
    apart = [Stage(name, name, [], meet, apart=True) for name in "ab"]
    assert _built(monkeypatch, *apart, last) == ["a", "b", "z"]


def test_one_that_fails_is_named_and_the_one_beside_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    both, failed = threading.Barrier(2, timeout=60), threading.Event()

    def fail(report: Report) -> Iterable[Path]:
        both.wait()
        failed.set()
        raise InputError("row 2: no date")

    def wait(report: Report) -> Iterable[Path]:
        both.wait()
        assert failed.wait(60)
        return []

    stages = [Stage("a", "a", [], fail, apart=True), Stage("b", "b", [], wait, apart=True), Stage("z", "z", [], fail)]
    with pytest.raises(InputError, match="row 2"):
        _built(monkeypatch, *stages)
    assert list(Ledger.load(settings.exports() / ".build.json").stages) == ["b"]
