"""What is known of each frame: the list of frames beside the pictures, and the journal of a run that is not finished.

Film writes the list and the appendix reads it; this module is the only writer, the only reader and the only schema.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from camps import files
from camps.dates import date_of
from camps.errors import InputError
from camps.film import timecode
from camps.film.camera import near
from camps.film.plan import VIEW, State
from camps.record import csv_text, read_csv

FRAME_LIST = "frames.csv"
CHECKSUMS = "checksum.txt"
JOURNAL = ".unfinished.jsonl"

#: Size of the small picture of each frame by which flashes are judged.
SMALL_SIZE = (64, 36)

#: What a frame shows, as its row says it.
SHOWN_COLUMNS = (
    "frame", "timecode", "day", "date_shown", "kind", "n_observed", "n_interpolated", "n_held", "n_sites", "n_open",
    "n_last_known", "stale_days", "total", "total_lo", "total_hi", "lon", "lat", "zoom", "bearing",
    "before_day", "before_total", "before_total_lo", "before_total_hi", "before_kind", "site_ids",
)  # fmt: skip
#: Columns that the rows of earlier releases do not have.
LATER_COLUMNS = frozenset(
    name for name in SHOWN_COLUMNS if name in {"bearing", "n_interpolated"} or name.startswith("before_")
)
#: What the page says of a frame, and of the earlier date of a split; the rest of a row follows from the shot.
_TOLD = SHOWN_COLUMNS[3:15]
_TOLD_BEFORE = ("total", "total_lo", "total_hi", "kind")
_PICTURE_COLUMNS = ("file", "sha256", "key")


@dataclass(frozen=True)
class FrameRecord:
    """A frame that is on disk.

    Attributes
    ----------
    number
        Frame number.
    sums
        For each pass the key of what it shows and the SHA-256 of its file.
    described
        What the page said that it drew, with the labels and texts of all passes.
    small
        The frame at `SMALL_SIZE`, 8-bit RGB as base64; empty where no beauty pass was composed.
    """

    number: int
    sums: Mapping[str, tuple[str, str]]
    described: Mapping[str, Any]
    small: str = ""

    @property
    def told(self) -> dict[str, Any]:
        """Return what the page said, with the number of the frame as ``frame``."""
        return {**self.described, "frame": self.number}

    def small_picture(self) -> NDArray[np.uint8] | None:
        """Return the small picture, height × width × 3, or ``None``."""
        raw = np.frombuffer(base64.b64decode(self.small), np.uint8)
        return raw.reshape(SMALL_SIZE[1], SMALL_SIZE[0], 3) if len(raw) else None


@dataclass(frozen=True)
class PictureEntry:
    """A picture as the list of frames has it: its path within the folder, its SHA-256, and the key of what it shows."""

    file: str
    sha256: str
    key: str


@dataclass(frozen=True)
class ListedFrame:
    """A row of the list of frames.

    Attributes
    ----------
    shown
        The columns of `SHOWN_COLUMNS` as printed; what nobody knows is empty, what an earlier release did not say is
        not there.
    pictures
        The picture of each pass, the pass that is shown first.
    """

    shown: Mapping[str, str]
    pictures: Mapping[str, PictureEntry]

    @property
    def number(self) -> int:
        """Return the frame number."""
        return int(self.shown["frame"])

    @property
    def site_ids(self) -> list[str]:
        """Return the ids of the sites on the picture."""
        return self.shown["site_ids"].split()

    def record(self) -> FrameRecord:
        """Return what a run that goes on from here needs to know of the frame."""
        told = {name: self.shown[name] or None for name in _TOLD}
        before = {name: self.shown.get(f"before_{name}") or None for name in _TOLD_BEFORE}
        sums = {name: (one.key, one.sha256) for name, one in self.pictures.items()}
        return FrameRecord(self.number, sums, {**told, "before": before, "site_ids": self.site_ids})


@dataclass(frozen=True)
class FrameList:
    """The frames of a folder, in order of their numbers, and the passes that each of them has."""

    frames: Mapping[int, ListedFrame] = field(default_factory=dict)

    @property
    def passes(self) -> tuple[str, ...]:
        """Return the names of the passes, the one that is shown first."""
        return tuple(next(iter(self.frames.values())).pictures) if self.frames else ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of `SHOWN_COLUMNS` that its rows have: all, or those of an earlier release."""
        first = next(iter(self.frames.values()), None)
        return SHOWN_COLUMNS if first is None else tuple(name for name in SHOWN_COLUMNS if name in first.shown)

    def pictures(self) -> Iterator[tuple[int, str, PictureEntry]]:
        """Yield frame number, pass and picture of every picture."""
        for number, frame in self.frames.items():
            yield from ((number, name, one) for name, one in frame.pictures.items())

    def text(self) -> str:
        """Return the list as CSV: a row a frame; each further pass adds three columns that begin with its name."""
        rows = [
            [*map(frame.shown.get, self.columns), *chain.from_iterable(map(astuple, frame.pictures.values()))]
            for frame in self.frames.values()
        ]
        columns = [*self.columns, *_PICTURE_COLUMNS, *_columns_of(self.passes[1:])]
        return csv_text(pd.DataFrame(rows, columns=columns, dtype=object))


def _columns_of(passes: Iterable[str]) -> Iterator[str]:
    return (f"{name}_{column}" for name in passes for column in _PICTURE_COLUMNS)


def build_frame_list(
    records: Iterable[FrameRecord], rate: Fraction, states: Mapping[int, State], passes: Mapping[str, Any]
) -> FrameList:
    """Return the list of frames of a run.

    Parameters
    ----------
    records
        What was drawn.
    rate, states
        Frames a second, and what the page was asked for, by frame number.
    passes
        The passes delivered, `camps.film.passes.PassInfo` by name, the one that is shown first.
    """
    frames = {
        record.number: ListedFrame(
            shown_row(record.number, rate, states[record.number], record.described),
            {
                name: PictureEntry(info.file(record.number), record.sums[name][1], record.sums[name][0])
                for name, info in passes.items()
            },
        )
        for record in sorted(records, key=lambda record: record.number)
    }
    return FrameList(frames)


def shown_row(number: int, rate: Fraction, state: State, described: Mapping[str, Any]) -> dict[str, str]:
    """Return what a row says of a frame; a value that nobody knows stays empty."""
    before = described.get("before") or {}
    values: dict[str, Any] = {
        "frame": number, "timecode": timecode.of_frame(number, rate),
        "day": date_of(state["t"]).isoformat(),
        **{name: described.get(name) for name in _TOLD},
        "lon": near(state["lon"], 0) if "lon" in state else None, **{name: state.get(name) for name in VIEW[1:]},
        "before_day": date_of(state["t_before"]).isoformat() if "t_before" in state else None,
        **{f"before_{name}": before.get(name) for name in _TOLD_BEFORE},
        "site_ids": " ".join(map(str, described.get("site_ids") or [])),
    }  # fmt: skip
    return {name: "" if value is None else str(value) for name, value in values.items()}


def write_frame_list(folder: Path, listed: FrameList) -> Path:
    """Write the list of frames into a folder."""
    return files.write_text(folder / FRAME_LIST, listed.text())


def read_frame_list(folder: Path) -> FrameList:
    """Return the list of frames of a folder; without one, an empty list.

    Raises
    ------
    InputError
        When the list is none of this suite's: other columns, a frame number that is none or stands twice.
    """
    path = folder / FRAME_LIST
    if not path.is_file():
        return FrameList()
    try:
        table = read_csv(path)
        return FrameList(_listed_frames([*map(str, table)], table.to_numpy().tolist()))
    except ValueError as error:
        raise InputError(
            f"{path}: not a frame list of this suite ({error}); film the shot again, or choose another folder"
        ) from error


def is_of_another_release(folder: Path) -> bool:
    """Return whether a folder's frames were listed by another release of the suite, whose rows say less or more.

    Such frames are drawn again rather than taken over: what their rows do not say is not known of them.
    """
    path = folder / FRAME_LIST
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as lines:
        header = lines.readline().strip().split(",")
    common = {"frame", "timecode", "day", *_PICTURE_COLUMNS}
    return common <= set(header) and header[: len(SHOWN_COLUMNS)] != list(SHOWN_COLUMNS)


def _listed_frames(header: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[int, ListedFrame]:
    shown = [name for name in SHOWN_COLUMNS if name in header or name not in LATER_COLUMNS]
    further = [name.removesuffix("_file") for name in header[len(shown) + 3 :: 3]]
    if header != [*shown, *_PICTURE_COLUMNS, *_columns_of(further)]:
        raise ValueError(f"found the columns {', '.join(header)[:200]}")
    frames = [_listed_frame(row, shown, further, line) for line, row in enumerate(rows, 2)]
    found = {frame.number: frame for frame in sorted(frames, key=lambda frame: frame.number)}
    if len(found) < len(frames):
        raise ValueError("a frame stands twice")
    return found


def _listed_frame(row: Sequence[str], shown: Sequence[str], further: Sequence[str], line: int) -> ListedFrame:
    n_shown = len(shown)
    if len(row) != n_shown + 3 * (1 + len(further)) or not (row[0].isascii() and row[0].isdigit()):
        raise ValueError(f"line {line} is no row of it")
    entries = [PictureEntry(*row[at : at + 3]) for at in range(n_shown, len(row), 3)]
    names = [entries[0].file.partition("/")[0], *further]
    if len(set(names)) < len(names):
        raise ValueError(f"line {line} has a pass twice")
    return ListedFrame(dict(zip(shown, row[:n_shown], strict=True)), dict(zip(names, entries, strict=True)))


def write_checksums(folder: Path, known: Mapping[str, str]) -> Path:
    """Write checksum.txt over every file of a folder, as ``sha256sum --check`` reads it.

    Parameters
    ----------
    known
        Sums that are known already, by path within the folder.
    """
    lines = [f"{known.get(name) or files.sha256(folder / name)}  {name}\n" for name in summed_files(folder)]
    return files.write_text(folder / CHECKSUMS, "".join(lines))


def summed_files(folder: Path) -> list[str]:
    """Return the paths within a folder that its checksum.txt has to name: all but hidden ones and itself."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(path.as_posix() for path in paths if not path.name.startswith(".") and path.as_posix() != CHECKSUMS)


# ── journal ──────────────────────────────────────────────────────────────────────────────────────────────────────


def read_journal(folder: Path) -> list[FrameRecord]:
    """Return the frames that an unfinished run noted down; a half-written last line is passed over."""
    path = folder / JOURNAL
    if not path.is_file():
        return []
    # Not splitlines(): it also breaks at characters that may stand inside a label, such as U+2028.
    lines = path.read_bytes().decode("utf-8", errors="replace").split("\n")
    return [record for line in lines if (record := _record(line))]


def write_journal(folder: Path, frames: Iterable[FrameRecord]) -> None:
    """Write the journal anew with the frames that count."""
    files.write_text(folder / JOURNAL, "".join(map(journal_line, frames)))


def journal_line(record: FrameRecord) -> str:
    """Return a frame as a line of the journal."""
    return json.dumps(vars(record), ensure_ascii=False, sort_keys=True) + "\n"


def _record(line: str) -> FrameRecord | None:
    try:
        found = json.loads(line)
        sums = {name: (key, digest) for name, (key, digest) in found["sums"].items()}
        return FrameRecord(int(found["number"]), sums, dict(found["described"]), str(found["small"]))
    except (ValueError, KeyError, TypeError):
        return None
