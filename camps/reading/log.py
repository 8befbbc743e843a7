"""The log of a reading: one line a step, added and never changed, each saved before the next may be made."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camps import files
from camps.errors import CheckError, InputError
from camps.provenance import GENESIS, canonical_json, sha256_text

_FIELDS = {"seq", "utc", "step", "what", "prev_hash"}


@dataclass(frozen=True)
class Step:
    """One line: its number from 1, when, what was done, with what, and the hash of the line before."""

    seq: int
    utc: str
    step: str
    what: Mapping[str, Any]
    prev_hash: str

    @property
    def line(self) -> str:
        """Return the line as it stands in the file, without its line end."""
        return canonical_json(vars(self))


class Log:
    """The steps of one reading, in a file that only grows.

    A line is on the disk when :meth:`append` returns. What a kill in the middle of a line left of it is taken off when
    the log is opened again, and counted in `n_lost_bytes`: it is a step that nobody was told had been saved.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.steps: list[Step] = []
        #: The hash of the last line, which stands for the whole log.
        self.head = GENESIS
        self.n_lost_bytes = 0
        if path.is_file():
            self._read()

    def _read(self) -> None:
        with files.readable(self.path):
            content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        for number, line in enumerate(whole.decode("utf-8", errors="replace").split("\n")[:-1], start=1):
            self.steps.append(_checked(self.path, number, line, self.head))
            self.head = sha256_text(line)
        self.n_lost_bytes = len(content) - len(whole)
        if self.n_lost_bytes:
            files.write_bytes(self.path, whole)

    def append(self, utc: str, step: str, what: Mapping[str, Any]) -> Step:
        """Add a step and return it once it is on the disk.

        Raises
        ------
        InputError
            When the disk is full or refuses; the log is as it was.
        """
        added = Step(len(self.steps) + 1, utc, step, dict(what), self.head)
        line = added.line
        size = self.path.stat().st_size if self.path.is_file() else 0
        try:
            files.make_folder(self.path.parent)
            with self.path.open("ab") as stream:
                stream.write(f"{line}\n".encode())
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            if self.path.is_file():
                os.truncate(self.path, size)
            reason = error.strerror or str(error)
            raise InputError(
                f"{self.path}: this step is not saved ({reason}), all before it are; free space"
            ) from error
        self.steps.append(added)
        self.head = sha256_text(line)
        return added


def _checked(path: Path, number: int, line: str, previous: str) -> Step:
    try:
        content = json.loads(line)
        if not isinstance(content, dict) or set(content) != _FIELDS:
            raise ValueError(f"expected the fields {', '.join(sorted(_FIELDS))}")
        step = Step(**content)
    except ValueError as error:
        raise InputError(f"{path} line {number}: no step of a reading ({error}); restore the file") from error
    if step.line != line or step.seq != number or step.prev_hash != previous:
        raise CheckError(
            f"{path} line {number}: it or a line before it was changed after it was saved; restore the file"
        )
    return step
