"""The progress display of the main job: the stage, what it is doing, the share done and the time left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import IO, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

from camps.build.runner import Outcome, Stage


class Display:
    """Shows a run on a terminal as one moving line, elsewhere as a line a stage."""

    def __init__(self, stream: IO[str]) -> None:
        self._console = Console(file=stream, highlight=False)
        self._bar: Progress | None = None
        self._expected_s: dict[str, float] = {}
        #: The share done of each stage that runs.
        self._shares: dict[str, float] = {}
        self._finished: set[str] = set()
        self._began = 0.0

    def __enter__(self) -> Self:
        """Begin to show."""
        self._began = time.monotonic()
        if self._console.is_terminal:
            self._bar = _moving_line(self._console)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the screen tidy, also when the run was stopped."""
        if self._bar is not None:
            self._bar.stop()

    def plan(self, stages: Sequence[Stage], expected_s: dict[str, float]) -> None:
        """Say what is to come and how long each stage is expected to take."""
        self._expected_s = {stage.name: max(expected_s[stage.name], 0.1) for stage in stages}
        if self._bar is not None:
            self._bar.add_task("", total=sum(self._expected_s.values()), stage="", left="")

    def begin(self, stage: Stage) -> None:
        """Name the stage that starts."""
        self._shares[stage.name] = 0.0
        self._move(stage.title, "")

    def report(self, stage: Stage, share: float, doing: str) -> None:
        """Show how far a running stage is (0 to 1) and what it is doing."""
        self._shares[stage.name] = min(max(share, 0.0), 1.0)
        self._move(stage.title, doing)

    def done(self, outcome: Outcome) -> None:
        """Tick a stage off; one that had nothing to do is ticked in passing."""
        self._finished.add(outcome.stage.name)
        self._shares.pop(outcome.stage.name, None)
        self._move(None, "")
        took = f"{outcome.took_s:6.1f} s" if outcome.ran else "unchanged"
        self._console.print(f"  [green]✓[/] {escape(f'{outcome.stage.title:<58}')} {took:>9}", soft_wrap=True)

    def _move(self, title: str | None, doing: str) -> None:
        if self._bar is None or not self._bar.tasks:
            return
        task = self._bar.tasks[0]
        left, stage = f"{_clock(self.left_s())} left", title or task.fields["stage"]
        self._bar.update(task.id, completed=self._completed_s(), description=doing, left=left, stage=stage)

    def _completed_s(self) -> float:
        finished = sum(seconds for name, seconds in self._expected_s.items() if name in self._finished)
        under_way = sum(share * self._expected_s.get(name, 0.0) for name, share in list(self._shares.items()))
        return finished + under_way

    def left_s(self) -> float:
        """Return the seconds left: what the rest took last time, scaled by how this run has gone so far."""
        completed = self._completed_s()
        left = sum(self._expected_s.values()) - completed
        elapsed = time.monotonic() - self._began
        pace = elapsed / completed if completed > 5 else 1.0
        return left * min(max(pace, 0.1), 10.0)


def _moving_line(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[stage]}", style="bold", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.description}", style="dim", markup=False),
        console=console,
        transient=True,
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
