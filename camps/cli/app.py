"""The command `camps` itself: what it is for, and the options that go before every command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="camps",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Measure, map, film and evidence the growth of detention camps.\n\n"
    "Works offline on the record that travels with the suite; the published lists join in when they are fetched "
    "('camps sources fetch') or served from a mirror (CAMPS_MIRROR=FOLDER).\n\n"
    "Start with **camps build**, which makes everything in exports/.",
    epilog="Exit status: 0 done, 1 a check failed, 2 input that cannot be used. 'camps --debug …' shows the trace.",
)


def example(*lines: str) -> str:
    """Return the last line of a help text: one or more commands to try."""
    return "Example: " + "   ".join(f"`{line}`" for line in lines)


@app.callback()
def _options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole trace when something goes wrong.")] = False,
    home: Annotated[
        Path | None, typer.Option(help="Folder of the record [default: the one that you stand in, upwards].")
    ] = None,
) -> None:
    if home is not None:
        # For the processes that a command starts as well.
        os.environ["CAMPS_HOME"] = str(home.absolute())
    context.obj = {"debug": debug}
