"""Stages that run once: each knows what it reads and what it wrote, and runs again only when either has changed.

A stage's key is the hash of all that it reads: files, the suite's own code, the versions installed. The ledger
(``exports/.build.json``) holds the key and the hash of every file that the stage wrote. How long stages took is kept
in the cache, apart from results, so that two clones make the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from camps import files, settings
from camps.errors import InputError

#: Called with the share done (0 to 1) and what is being done.
Report = Callable[[float, str], None]
#: How often a stage runs when its inputs are saved meanwhile.
MOST_RUNS = 3


@dataclass(frozen=True)
class Stage:
    """One step of the main job.

    It runs again when what it reads, its settings or its outputs are not as the ledger has them.

    Attributes
    ----------
    name
        Short and unique; the ledger knows it by this.
    title
        What the progress display says.
    reads
        Files and folders whose content decides the result.
    settings
        Anything else that decides the result, as text.
    needs
        Names of the stages whose outputs it reads.
    run
        Makes the outputs and returns their paths; it may report its share done.
    usual_s
        Seconds it takes on a small machine; the display's first guess of the time left.
    apart
        Whether it works in a process of its own, so that several such stages may run side by side.
    """

    name: str
    title: str
    reads: Sequence[Path]
    run: Callable[[Report], Iterable[Path]]
    settings: str = ""
    needs: Sequence[str] = ()
    usual_s: float = 5.0
    apart: bool = False


@dataclass
class Ledger:
    """What earlier runs made: for each stage its key and the hash of each output; and how long stages took."""

    path: Path
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    took_s: dict[str, float] = field(default_factory=dict)
    _seen: dict[Path, tuple[tuple[int, ...], str]] = field(default_factory=dict)
    _writing: Lock = field(default_factory=Lock, repr=False)

    @classmethod
    def load(cls, path: Path) -> Ledger:
        """Read the ledger; one that is absent or damaged counts as empty, so everything is made again."""
        stages = {name: entry for name, entry in _read_mapping(path).items() if _is_entry(entry)}
        took_s = {name: s for name, s in _read_mapping(_timings()).items() if isinstance(s, int | float)}
        return cls(path, stages, took_s)

    def is_current(self, stage: Stage) -> bool:
        """Return whether a stage's inputs and every file it wrote are as the ledger has them."""
        entry = self.stages.get(stage.name)
        if not entry or entry["key"] != self.key(stage):
            return False
        return all(self._unchanged(Path(name), sha256) for name, sha256 in entry["outputs"].items())

    def _unchanged(self, path: Path, sha256: str) -> bool:
        full = settings.exports() / path
        return full.is_file() and self.digest(full) == sha256

    def record(self, stage: Stage, key: str, outputs: Iterable[Path], took_s: float) -> None:
        """Enter a finished stage under the key of what it read, and save the ledger."""
        hashed = {path.relative_to(settings.exports()).as_posix(): self.digest(path) for path in outputs}
        with self._writing:
            self.stages[stage.name] = {"key": key, "outputs": hashed}
            self.took_s[stage.name] = round(took_s, 1)
            files.write_json(self.path, self.stages)
            files.write_json(_timings(), self.took_s)

    def outputs(self, stage: Stage) -> list[Path]:
        """Return the files that a recorded stage wrote."""
        return [settings.exports() / name for name in self.stages[stage.name]["outputs"]]

    def expected_s(self, stage: Stage) -> float:
        """Return how long a stage took last time, or its usual time."""
        return float(self.took_s.get(stage.name, stage.usual_s))

    def key(self, stage: Stage) -> str:
        """Return the hash of all that a stage reads."""
        digest = hashlib.sha256(f"{stage.name}\0{stage.settings}\0".encode())
        for path in stage.reads:
            digest.update(self._content(path))
        return digest.hexdigest()

    def _content(self, path: Path) -> bytes:
        if path.is_dir():
            return b"".join(f"{part.relative_to(path)}\0{self.digest(part)}\0".encode() for part in _inside(path))
        return f"{path.name}\0{self.digest(path) if path.is_file() else 'absent'}\0".encode()

    def digest(self, path: Path) -> str:
        """Return a file's SHA-256, read once a run as long as it is the same file that nobody wrote to."""
        mark = _mark(path)
        if path not in self._seen or self._seen[path][0] != mark:
            self._seen[path] = (mark, files.sha256(path))
        return self._seen[path][1]


def _mark(path: Path) -> tuple[int, ...]:
    # What copies a file over another sets the times of the other back, but not that of the change itself.
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _marks(reads: Iterable[Path]) -> dict[Path, tuple[int, ...]]:
    """Return what shows that a file was written to, of all that a stage reads: its bytes may be the old ones again."""
    inside = (part for path in reads for part in (_inside(path) if path.is_dir() else [path]))
    return {part: _mark(part) for part in inside if part.is_file()}


def _inside(folder: Path) -> list[Path]:
    """Return the files that count in a folder and below it, behind links as well, in order."""
    found, entered = [], set()
    for place, folders, names in os.walk(folder, followlinks=True):
        here = Path(place).stat()
        if (here.st_dev, here.st_ino) in entered:
            folders.clear()
            continue
        entered.add((here.st_dev, here.st_ino))
        folders.sort()
        found += [Path(place, name) for name in names]
    return sorted(part for part in found if part.is_file() and _counts(part))


def _timings() -> Path:
    return settings.cache() / "timings.json"


def _read_mapping(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("key"), str) and isinstance(entry.get("outputs"), dict)


def _counts(path: Path) -> bool:
    return "__pycache__" not in path.parts and not path.name.startswith(".")


@dataclass(frozen=True)
class Outcome:
    """What one stage came to: its outputs, whether it ran, and for how long."""

    stage: Stage
    outputs: list[Path]
    ran: bool
    took_s: float


def run_stage(stage: Stage, ledger: Ledger, report: Report, *, force: bool = False) -> Outcome:
    """Run a stage unless the ledger shows that nothing it reads or wrote has changed.

    An input that is saved while its stage runs is seen, and the stage runs again: what the ledger calls current was
    made from the very bytes that its key is of.

    Raises
    ------
    InputError
        When the inputs change each time the stage runs.
    """
    if not force and ledger.is_current(stage):
        return Outcome(stage, ledger.outputs(stage), ran=False, took_s=0.0)
    began = time.monotonic()
    key, outputs = _run_on_still_inputs(stage, ledger, report)
    took_s = time.monotonic() - began
    ledger.record(stage, key, outputs, took_s)
    return Outcome(stage, outputs, ran=True, took_s=took_s)


def _run_on_still_inputs(stage: Stage, ledger: Ledger, report: Report) -> tuple[str, list[Path]]:
    for _ in range(MOST_RUNS):
        before = _marks(stage.reads)
        key = ledger.key(stage)
        outputs = list(stage.run(report))
        if _marks(stage.reads) == before:
            return key, outputs
    raise InputError(
        f"{stage.title}: what it reads was changed during each of {MOST_RUNS} runs; let the files rest and run again"
    )
