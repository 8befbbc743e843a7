"""`camps build`, `camps appendix` and `camps doctor`: the main job, the evidence, the machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import camps
from camps.cli.app import app, example

if TYPE_CHECKING:
    pass


@app.command(epilog=example("camps build", "CAMPS_MIRROR=../shared/data camps build"))
def build(
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only this stage and what it needs; may be given again.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make everything again, changed or not.")] = False,
) -> None:
    """Make everything in exports/: tables, growth, maps, film, notebooks, appendix, index.

    A second run makes only what changed or was deleted.
    """
    outcomes = camps.build.build(only=only or [], force=force, report=camps.build.display(sys.stderr))
    print("\n".join(["Made:", *camps.build.summary(outcomes)]))


@app.command(epilog=example("camps appendix --out evidence"))
def appendix(
    out: Annotated[Path | None, typer.Option(help="Folder to write [default: exports/appendix].")] = None,
) -> None:
    """Write the evidence appendix: the document, its tables, the claims computed afresh, and the sum of every file.

    A claim whose text gives another number than the data stops the build, and nothing is written.
    """
    written = camps.appendix.build_appendix(out or camps.settings.exports() / "appendix")
    print("\n".join(map(str, written)))


@app.command(epilog=example("camps doctor"))
def doctor() -> int:
    """Say what this machine and this clone have and lack, each with its remedy.

    The exit status is 1 when something is wrong; published lists that are not here are no fault.
    """
    marks = {"ok": "✓", "absent": "–", "wrong": "✗"}
    checks = camps.build.checks()
    for check in checks:
        print(f"{marks[check.state]} {check.name:<20} {check.detail}")
    return int(any(check.state == "wrong" for check in checks))
