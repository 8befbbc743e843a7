"""The few errors of the suite, each with a standard parent.

Every message names the place (file, row, column, value), says what was expected and gives the remedy.
``exit_status`` is what the command line ends with: 2 for input that cannot be used, 1 for a check that failed.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MOST_FAULTS_SHOWN = 20


class CampsError(Exception):
    """Parent of every error that the suite raises on purpose."""

    exit_status = 1

    def _render_traceback_(self) -> list[str]:
        # What a notebook shows: the message says what to do, and the forty lines above it tell its reader nothing.
        return [f"{type(self).__name__}: {self}"]


class InputError(CampsError, ValueError):
    """A file, row, value or argument that cannot be used as it is.

    ``account`` holds what became of the pieces of a list until it was refused, a line a kind; empty for other input.
    """

    exit_status = 2
    account: tuple[str, ...] = ()


class MissingError(CampsError, FileNotFoundError):
    """A file, source, browser or font that is not there."""

    exit_status = 2

    # FileNotFoundError would print an errno; the message alone is what a reader needs.
    def __str__(self) -> str:
        """Return the message as written."""
        return str(self.args[0]) if self.args else ""


class CheckError(CampsError, ArithmeticError):
    """A number, hash or frame that is not what it has to be."""


class RenderError(CampsError, RuntimeError):
    """A picture, page or document that could not be made."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong in an input: where, what was found, what was expected, and what mends it."""

    where: str
    found: str
    expected: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return the fault as one line."""
        line = f"{self.where}: found {self.found}, expected {self.expected}"
        return f"{line}; {self.remedy}" if self.remedy else line


def repeats(what: str, ids: Iterable[str]) -> Iterator[Fault]:
    """Yield a fault for each id that stands a second time; `what` it is of stands before it, such as a claim."""
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            yield Fault(f"{what} {one}", "the id a second time", "each id once", "rename one")
        seen.add(one)


def lacking(table: Container[Any], names: Iterable[str]) -> Iterator[Fault]:
    """Yield a fault for each column that a table does not have."""
    return (Fault(f"column {name}", "no such column", "it to be there") for name in names if name not in table)


def require_columns(table: Container[Any], names: Iterable[str], what: str) -> None:
    """Raise InputError naming all the columns that a table lacks; `what` it is stands first."""
    raise_faults(lacking(table, names), what)


def raise_faults(faults: Iterable[Fault], what: str) -> None:
    """Raise one error that lists every fault of an input; do nothing when there is none.

    Parameters
    ----------
    faults
        All faults found, in the order in which a reader would meet them.
    what
        The input as a reader knows it, such as a file name.

    Raises
    ------
    InputError
        When there is at least one fault. The message is one line for one fault; otherwise a heading and a
        line a fault, at most ``MOST_FAULTS_SHOWN`` of them and the number left out.
    """
    listed = list(faults)
    if not listed:
        return
    if len(listed) == 1:
        raise InputError(f"{what}: {listed[0]}")
    shown = [f"  {fault}" for fault in listed[:MOST_FAULTS_SHOWN]]
    if len(listed) > MOST_FAULTS_SHOWN:
        shown.append(f"  … and {len(listed) - MOST_FAULTS_SHOWN} more")
    raise InputError("\n".join([f"{what}: {len(listed)} faults", *shown]))
