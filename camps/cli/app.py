"""The command `camps` itself: what it is for, and the options that go before every command."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

_F = TypeVar("_F", bound=Callable[..., Any])

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


def subgroup(name: str, about: str) -> typer.Typer:
    """Return a group of commands of the command `camps`, such as `camps sources`."""
    settings = {"help_option_names": ["-h", "--help"]}
    group = typer.Typer(
        name=name, no_args_is_help=True, help=about, context_settings=settings, rich_markup_mode="markdown"
    )
    app.add_typer(group)
    return group


def command(*examples: str, name: str | None = None, group: typer.Typer = app) -> Callable[[_F], _F]:
    """Return a decorator that makes a function a command; its help ends with one or more commands to try."""
    return group.command(name, epilog="Example: " + "   ".join(f"`{line}`" for line in examples))


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
