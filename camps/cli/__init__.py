"""The command line: the same words as the library, one line on stderr when something is wrong.

Exit status 0 when all went well, 1 when a check failed, 2 for input that cannot be used, 130 when stopped by hand.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import traceback

import typer

# The help lists the commands in the order of these imports: the main job first.
from camps.cli import running  # isort: skip
from camps.cli import listing, growing, picturing, delivering, seeing, agreeing  # isort: skip
from camps.cli.app import app
from camps.cli.output import say
from camps.errors import CampsError

__all__ = ["agreeing", "app", "delivering", "growing", "listing", "main", "picturing", "run", "running", "seeing"]

STOPPED = 128 + signal.SIGINT
STOPPED_TEXT = "stopped; run the same command again to continue"


def main() -> None:
    """Run the command line and end the process with its exit status."""
    for stream in (sys.stdout, sys.stderr):
        # A console with a small code page shows "?" for a letter it lacks; it is no reason to stop.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status; what is wrong is one line on stderr."""
    try:
        status = app(arguments, prog_name="camps", standalone_mode=False)
        if status == STOPPED:
            # Typer turns Ctrl-C into this status without a word.
            say(f"camps: {STOPPED_TEXT}", file=sys.stderr)
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; Python must not complain about it on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, Exception) as error:
        message, status = _explain(error)
        _complain(message, error)
    return status if isinstance(status, int) else 0


def _explain(error: BaseException) -> tuple[str, int]:
    """Return what to say of an error on one line, and the exit status."""
    if isinstance(error, CampsError):
        return _on_one_line(str(error)), error.exit_status
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return STOPPED_TEXT, STOPPED
    if isinstance(error, typer.TyperException):
        # Called without a command, the help has been printed and there is nothing to add.
        return (_usage_problem(error) if str(error) else ""), 2
    if isinstance(error, OSError):
        return _system_problem(error), 2
    # A fault of ours: one line for whoever ran it, the whole trace for whoever mends it.
    line = f"a fault in the suite itself, {type(error).__name__}: {_first_line(error)}"
    return f"{line}; run 'camps --debug …' and report what it prints", 1


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0]


def _system_problem(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"{where}the disk is full; nothing half-written was left; free some space and run again"
    return f"{where}{error.strerror or _first_line(error)}; check that the path is there and that you may use it"


def _usage_problem(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "camps"
    message = " ".join(error.format_message().split()) if hasattr(error, "format_message") else str(error)
    message = message.replace("Value error, ", "")
    return f"{message.rstrip('.')}; '{command} --help' lists what there is"


def _on_one_line(message: str) -> str:
    head, *lines = message.splitlines()
    return ": ".join([head, " | ".join(line.strip() for line in lines)]) if lines else head


def _complain(message: str, error: BaseException) -> None:
    if "--debug" in sys.argv:
        traceback.print_exception(error, file=sys.stderr)
    if message:
        say(f"camps: {message}", file=sys.stderr)
