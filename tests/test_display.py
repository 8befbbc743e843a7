"""The progress display: a line a stage where there is no terminal, a time left that follows the run."""

from __future__ import annotations

import io

import pytest
from IPython.core.interactiveshell import InteractiveShell

from camps import notebook
from camps.build.display import Display
from camps.build.runner import Outcome, Stage

ONE = Stage("one", "first things", [], lambda report: [])
TWO = Stage("two", "second [/red]things", [], lambda report: [])


def _shown(terminal: bool) -> str:
    stream = io.StringIO()
    if terminal:
        stream.isatty = lambda: True  # type: ignore[method-assign]
    with Display(stream) as display:
        display.plan([ONE, TWO], {"one": 1.0, "two": 3.0})
        display.begin(ONE)
        display.report(ONE, 0.5, "half of it")
        display.done(Outcome(ONE, [], ran=True, took_s=1.2))
        display.begin(TWO)
        display.done(Outcome(TWO, [], ran=False, took_s=0.0))
    return stream.getvalue()


def test_without_a_terminal_each_stage_is_one_line() -> None:
    lines = _shown(terminal=False).splitlines()
    assert [line.split()[1:3] for line in lines] == [["first", "things"], ["second", "[/red]things"]]
    assert lines[0].endswith("1.2 s")
    assert lines[1].endswith("unchanged")


def test_on_a_terminal_the_stage_and_the_time_left_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    shown = _shown(terminal=True)
    assert "first things" in shown
    assert "left" in shown


def test_the_time_left_shrinks_with_what_is_done() -> None:
    with Display(io.StringIO()) as display:
        display.plan([ONE, TWO], {"one": 1.0, "two": 3.0})
        assert display.left_s() == pytest.approx(4.0)
        display.begin(TWO)
        display.report(TWO, 0.5, "")
        assert display.left_s() == pytest.approx(2.5)
        display.done(Outcome(TWO, [], ran=True, took_s=3.0))
        assert display.left_s() == pytest.approx(1.0)


def test_a_notebook_shows_an_error_in_one_line_and_how_far_the_work_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = InteractiveShell.instance()
    shown: list[list[str]] = []
    monkeypatch.setattr(shell, "_showtraceback", lambda kind, error, lines: shown.append(lines))
    shell.run_cell("from camps.errors import InputError\nraise InputError('row 2: no date; write one')")
    assert shown == [["InputError: row 2: no date; write one"]]
    bars: list[str] = []
    bar = notebook.Bar("frames", lambda told, **_: bars.append(told["text/html"]))
    bar(1, 3, "<b>")
    bar(2, 3, "too soon to be shown")
    assert bars == ['<progress value="1" max="3"></progress> frames: 1 of 3, &lt;b&gt;']
    assert notebook.bar("frames") is None, "a shell has no cell to show it in"
