"""The main job: from the record to everything in exports/, making only what is not there or not up to date."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from camps import files, settings
from camps.build import notebooks
from camps.build.display import Display
from camps.build.doctor import Check as Check
from camps.build.doctor import checks as checks
from camps.build.runner import Ledger, Outcome, Stage, run_stage
from camps.build.stages import plan
from camps.build.starting import start as start
from camps.errors import CampsError, InputError

__all__ = ["Check", "Display", "Outcome", "build", "checks", "display", "plan", "start", "summary"]

LEDGER_NAME = ".build.json"
LOCK_NAME = ".build.lock"
GROUPS = ("maps", "notebooks")
#: How many stages run side by side where there are as many processors: each is a kernel of half a gigabyte.
MOST_AT_ONCE = 4


def display(stream: IO[str]) -> Display:
    """Return a progress display that writes to `stream`."""
    return Display(stream)


def build(*, report: Display, only: Sequence[str] = (), force: bool = False) -> list[Outcome]:
    """Run the main job and return what each stage came to.

    Parameters
    ----------
    report
        Shows the progress.
    only
        Names of stages to run, or ``maps`` or ``notebooks``, with those they need; all of them when empty.
    force
        Run every chosen stage, changed or not.

    Raises
    ------
    InputError
        For an unknown stage, or when another run is writing to the same folder.
    CampsError
        When a stage fails. Stages that were finished stay finished; the next run goes on from there.
    """
    stages = _chosen(only)
    folder = settings.exports()
    folder.mkdir(parents=True, exist_ok=True)
    settings.cache().mkdir(parents=True, exist_ok=True)
    try:
        # The lock lies in the folder it guards: two runs with different caches are still kept apart.
        with FileLock(folder / LOCK_NAME, timeout=0), report:
            files.remove_leftovers(folder)
            return _run(stages, Ledger.load(folder / LEDGER_NAME), report, force)
    except Timeout as error:
        raise InputError(f"{folder}: another run is writing there; wait for it or stop it") from error


def _chosen(only: Sequence[str]) -> list[Stage]:
    stages = plan()
    names = [stage.name for stage in stages]
    meant = {name: [one for one in names if name in (one, _group(one))] for name in only}
    unknown = [name for name in only if not meant[name]]
    if unknown:
        raise InputError(f"no stage called {', '.join(unknown)}; expected one of {', '.join([*names, *GROUPS])}")
    if not only:
        return stages
    wanted = {one for named in meant.values() for one in named}
    for stage in reversed(stages):
        if stage.name in wanted:
            wanted.update(stage.needs)
    return [stage for stage in stages if stage.name in wanted]


def _group(stage: str) -> str:
    """Return the name of all stages of a kind: ``maps`` for ``map-sites``."""
    return f"{stage.partition('-')[0]}s"


def _run(stages: Sequence[Stage], ledger: Ledger, report: Display, force: bool) -> list[Outcome]:
    report.plan(stages, {stage.name: ledger.expected_s(stage) for stage in stages})
    one = partial(_run_one, ledger=ledger, report=report, force=force)
    return [
        outcome
        for apart, group in groupby(stages, attrgetter("apart"))
        for outcome in (_side_by_side(one, list(group)) if apart else map(one, group))
    ]


def _run_one(stage: Stage, ledger: Ledger, report: Display, force: bool) -> Outcome:
    report.begin(stage)
    outcome = run_stage(stage, ledger, partial(report.report, stage), force=force)
    report.done(outcome)
    return outcome


def _side_by_side(one: Callable[[Stage], Outcome], stages: Sequence[Stage]) -> list[Outcome]:
    """Run stages that work in processes of their own; what one of them lacks does not undo the others."""
    with ThreadPoolExecutor(min(MOST_AT_ONCE, os.cpu_count() or 1)) as pool:
        running = [pool.submit(one, stage) for stage in stages]
        try:
            for future in as_completed(running):
                future.result()
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            if not isinstance(error, CampsError):
                notebooks.stop()
            raise
    return [future.result() for future in running]


#: What somebody will want to open, as patterns below the exports, in the order in which the end of a run names them.
_WORTH_OPENING = {
    "overview": "index.html",
    "maps": "maps/*.html",
    "frames": "frames/*/beauty",
    "movie": "frames/*/proxy/*.mp4",
    "notebooks": "notebooks/*.html",
    "growth": "growth/*.csv",
    "sites": "sites/*.csv",
    "appendix": "appendix/**/*.pdf",
}


def summary(outcomes: Sequence[Outcome]) -> list[str]:
    """Return what a run made as lines of a name and a path; many files of a kind are one line."""
    made = {path for outcome in outcomes for path in outcome.outputs}
    places = made | {path.parent for path in made}
    lines = []
    for name, pattern in _WORTH_OPENING.items():
        found = sorted(path for path in settings.exports().glob(pattern) if path in places)
        if found:
            lines.append(f"  {name:<10} {found[0] if len(found) == 1 else _together(found)}")
    return lines


def _together(paths: Sequence[Path]) -> str:
    if len({path.suffix for path in paths}) == 1 and len(paths) > 3:
        return f"{paths[0].parent}{os.sep}*{paths[0].suffix} ({len(paths)})"
    return "\n             ".join(map(str, paths))
