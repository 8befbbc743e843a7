"""What stands under every number: hashes of what went in, versions of what computed it, and a log that shows edits.

Nothing here reads a clock. A time stands in the custody log only where the caller knows it from a source, so the same
inputs give the same record, and no record claims a time that it cannot prove.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import pyogrio
import pyproj
import rasterio
import shapely

from camps import files
from camps.errors import CheckError, Fault, InputError, raise_faults

Event = Literal["entered", "derived", "corrected", "retracted", "withheld", "sealed"]

#: ``prev_hash`` of the first line of a custody log.
GENESIS = "0" * 64

_PACKAGES = (
    "geopandas", "numpy", "pandas", "pandera", "pyarrow", "pyproj", "scipy", "shapely", "folium", "matplotlib",
    "jinja2", "rocrate", "typst", "pillow",
)  # fmt: skip
_EVENTS = ("entered", "derived", "corrected", "retracted", "withheld", "sealed")


def canonical_json(content: Mapping[str, Any] | Sequence[Any]) -> str:
    """Return one line of JSON with sorted keys and no spaces: the form whose bytes are hashed."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256_text(text: str) -> str:
    """Return the SHA-256 of the UTF-8 bytes of `text` as hexadecimal text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


# --- software -------------------------------------------------------------------------------------------------------


def software() -> dict[str, str]:
    """Return the name and version of everything that a number depends on, in a fixed order.

    Returns
    -------
    dict of str
        The suite and the hash of its code, Python, GDAL (once for each library that carries it), GEOS, PROJ and the
        packages that compute or draw. The same installation gives the same dict.
    """
    carried = {
        "camps": _version("camps"),
        "camps code (SHA-256)": code_sha256(),
        "python": platform.python_version(),
        "GDAL (pyogrio)": str(pyogrio.__gdal_version_string__),
        "GDAL (rasterio)": str(rasterio.__gdal_version__),
        "GEOS (shapely)": str(shapely.geos_version_string),
        "PROJ (pyproj)": str(pyproj.proj_version_str),
    }
    return carried | {name: _version(name) for name in _PACKAGES}


_version = cache(metadata.version)


@cache
def code_sha256() -> str:
    """Return one SHA-256 over the names and bytes of the suite's code and templates, so that a changed line shows."""
    package = Path(__file__).parent
    parts = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sha256_text(canonical_json({path.relative_to(package).as_posix(): files.sha256(path) for path in parts}))


# --- inputs ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Input:
    """A file as it was when it entered: its id, where it lies, its size in bytes and its SHA-256."""

    item_id: str
    path: Path
    n_bytes: int
    sha256: str


class Inputs:
    """The files a run reads: each is hashed when it enters and checked again on every read."""

    def __init__(self) -> None:
        self._entered: dict[str, Input] = {}

    def enter(self, item_id: str, path: Path, *, sha256: str | None = None) -> Input:
        """Hash `path` as `item_id` and return what was recorded.

        Parameters
        ----------
        item_id
            The id under which tables and claims name the file.
        path
            The file.
        sha256
            The sum the file must have, where one is published.

        Raises
        ------
        MissingError, InputError
            When the file cannot be read, or the id stands for another file already.
        CheckError
            When the file has another sum than it must have.
        """
        found = Input(item_id, path, *_size_and_sum(path))
        if sha256 is not None and found.sha256 != sha256:
            raise CheckError(_changed(found, sha256, "fetch it again or correct the registry"))
        if self._entered.setdefault(item_id, found) != found:
            raise InputError(f"{item_id}: entered twice with two contents ({self._entered[item_id].path} and {path})")
        return found

    def state(self, item_id: str, *, n_bytes: int, sha256: str) -> Input:
        """Record a file that is not here as somebody else recorded it; whoever asks for its path is refused."""
        return self._entered.setdefault(item_id, Input(item_id, Path(f"{item_id} (not at hand)"), n_bytes, sha256))

    def path(self, item_id: str) -> Path:
        """Return the file of an item after hashing it again.

        Raises
        ------
        InputError
            When no such item entered.
        CheckError
            When the file is no longer what it was.
        """
        entered = self[item_id]
        _, now = _size_and_sum(entered.path)
        if now != entered.sha256:
            changed = Input(item_id, entered.path, 0, now)
            raise CheckError(_changed(changed, entered.sha256, "restore the file and run again"))
        return entered.path

    def __getitem__(self, item_id: str) -> Input:
        """Return what was recorded of an item."""
        if item_id not in self._entered:
            known = ", ".join(sorted(self._entered)) or "none"
            raise InputError(f"{item_id}: no such input; expected one of: {known}")
        return self._entered[item_id]

    def __iter__(self) -> Iterator[Input]:
        """Yield the inputs in the order of their ids."""
        return iter(self._entered[item_id] for item_id in sorted(self._entered))

    def sums(self) -> dict[str, str]:
        """Return the SHA-256 of every input by item id."""
        return {entered.item_id: entered.sha256 for entered in self}


def _size_and_sum(path: Path) -> tuple[int, str]:
    total = files.sha256(path)
    return path.stat().st_size, total


def _changed(found: Input, expected: str, remedy: str) -> str:
    return f"{found.path}: {found.item_id} has SHA-256 {found.sha256}, expected {expected}; {remedy}"


# --- run record -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunRecord:
    """How one result was made: what ran, on what, with what, and what came out. It holds no clock."""

    instrument: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    software: Mapping[str, str] = field(default_factory=software)

    @property
    def run_id(self) -> str:
        """Return the name of the run: the first 16 digits of the hash of all that it records."""
        return sha256_text(canonical_json(self.as_dict()))[:16]

    def as_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return asdict(self)


# --- custody --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CustodyEvent:
    """One line of the log. ``utc`` is null where nobody can prove the time."""

    seq: int
    item_id: str
    event: str
    utc: str | None
    sha256_before: str | None
    sha256_after: str | None
    prev_hash: str

    @property
    def line(self) -> str:
        """Return the line as it stands in the file, without its line end."""
        return canonical_json(asdict(self))

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the line, which the next line repeats."""
        return sha256_text(self.line)


@dataclass(frozen=True)
class CustodyLog:
    """An append-only log: every line holds the hash of the line before, so a change anywhere breaks all that follows.

    What a chain cannot show is that its last lines were cut off or that the whole of it was written anew; for that the
    hash of the last line (`head`) is printed in the document and in the package, and compared by `find_custody_faults`.
    """

    events: tuple[CustodyEvent, ...] = ()

    @property
    def head(self) -> str:
        """Return the hash of the last line, which stands for the whole log."""
        return self.events[-1].hash if self.events else GENESIS

    def append(
        self,
        item_id: str,
        event: Event,
        *,
        sha256_before: str | None = None,
        sha256_after: str | None = None,
        utc: str | None = None,
    ) -> CustodyLog:
        """Return the log with one line more; this log stays as it is.

        Raises
        ------
        InputError
            When the event is not one of the known kinds.
        """
        if event not in _EVENTS:
            raise InputError(f"custody event {event!r} of {item_id}: expected one of {', '.join(_EVENTS)}")
        added = CustodyEvent(len(self.events) + 1, item_id, event, utc, sha256_before, sha256_after, self.head)
        return CustodyLog((*self.events, added))

    @property
    def text(self) -> str:
        """Return the log as lines of JSON."""
        return "".join(f"{event.line}\n" for event in self.events)


def write_custody(log: CustodyLog, path: Path) -> Path:
    """Write a log that continues what `path` holds, and return the path.

    Raises
    ------
    CheckError
        When `path` holds a log that `log` does not continue: a log only grows.
    """
    held = path.read_text(encoding="utf-8") if path.is_file() else ""
    if not log.text.startswith(held):
        raise CheckError(f"{path}: the log there is not the beginning of this one; a custody log is only ever added to")
    return files.write_text(path, log.text)


def read_custody(path: Path, *, head: str | None = None) -> CustodyLog:
    """Read a log and check its chain.

    Parameters
    ----------
    path
        A file of JSON lines.
    head
        The hash of the last line as printed elsewhere; shows a log that was cut or written anew.

    Raises
    ------
    MissingError, InputError
        When the file is not there, or a line was edited, removed, added or moved; the message names the lines.
    """
    with files.readable(path):
        text = path.read_bytes().decode("utf-8", errors="replace")
    raise_faults(find_custody_faults(text, head=head), str(path))
    return CustodyLog(tuple(_event(line) for line in _lines(text)))


def find_custody_faults(text: str, *, head: str | None = None) -> list[Fault]:
    """Return everything wrong with the chain of a custody log, in the order of its lines.

    Parameters
    ----------
    text
        The content of the log.
    head
        The hash of the last line as printed elsewhere, where it is known.

    Returns
    -------
    list of Fault
        Empty when every line is whole, in place and unchanged.
    """
    faults: list[Fault] = []
    previous = GENESIS
    for number, line in enumerate(_lines(text), start=1):
        faults += _line_faults(number, line, previous)
        previous = sha256_text(line)
    if text and not text.endswith("\n"):
        faults.append(Fault("last line", "no line end", "a whole line", "the log was cut"))
    if head is not None and previous != head:
        faults.append(Fault("end of the log", previous, head, "lines were removed, added, or all written anew"))
    return faults


def _lines(text: str) -> list[str]:
    # Not splitlines(): it also breaks at characters that may stand inside a line of JSON.
    return text.removesuffix("\n").split("\n") if text else []


def _line_faults(number: int, line: str, previous: str) -> Iterable[Fault]:
    try:
        event = _event(line)
    except (ValueError, TypeError) as error:
        yield Fault(f"line {number}", f"no custody event ({error})", "one event in JSON", "the line was edited")
        return
    if event.line != line:
        yield Fault(f"line {number}", "other bytes than its event has", "canonical JSON", "the line was edited")
    if event.seq != number:
        yield Fault(f"line {number}", f"seq {event.seq}", f"seq {number}", "lines were removed, added or moved")
    if event.event not in _EVENTS:
        yield Fault(f"line {number}", f"event {event.event!r}", f"one of {', '.join(_EVENTS)}", "the line was edited")
    if event.prev_hash != previous:
        yield Fault(f"line {number}", f"prev_hash {event.prev_hash}", previous, "a line before it was changed")


def _event(line: str) -> CustodyEvent:
    content = json.loads(line)
    expected = {part.name for part in fields(CustodyEvent)}
    if not isinstance(content, dict) or set(content) != expected:
        raise ValueError(f"expected the fields {', '.join(sorted(expected))}")
    return CustodyEvent(**content)
