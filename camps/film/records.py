"""The papers beside the pictures: frames.csv, checksum.txt, manifest.json, and the journal of an unfinished run."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from camps import files
from camps.dates import date_of
from camps.errors import InputError
from camps.film.plan import State
from camps.film.shot import FIRST_FRAME
from camps.film.timecode import timecode

JOURNAL = ".unfinished.jsonl"
FRAME_COLUMNS = (
    "frame", "timecode", "day", "date_shown", "kind", "n_observed", "n_held", "n_sites", "total", "total_lo",
    "total_hi",    "lon", "lat", "zoom", "site_ids", "file", "sha256", "key",
)  # fmt: skip
Row = dict[str, str]


def frame_key(page_sha256: str, state: State, encoding: str, browser: str) -> str:
    """Return the hash of all that a frame shows: page, state, file format, and the browser that draws it."""
    shown = json.dumps([page_sha256, state, encoding, browser], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(shown.encode("utf-8")).hexdigest()


def frame_row(
    number: int, rate: Fraction, state: State, described: Mapping[str, Any], *, file: str, sha256: str, key: str
) -> Row:
    """Return a row of frames.csv; a value that nobody knows stays empty."""
    site_ids = described.get("site_ids") or []
    values: dict[str, Any] = {
        "frame": number, "timecode": timecode(number - FIRST_FRAME, rate),
        "day": date_of(state["t"]).isoformat(),
        **{name: described.get(name) for name in FRAME_COLUMNS[3:11]},
        "lon": state.get("lon"), "lat": state.get("lat"), "zoom": state.get("zoom"),
        "site_ids": " ".join(map(str, site_ids)), "file": file, "sha256": sha256, "key": key,
    }  # fmt: skip
    return {name: "" if value is None else str(value) for name, value in values.items()}


def read_rows(folder: Path) -> dict[int, Row]:
    """Return what earlier runs wrote into a folder: the rows of frames.csv, then those of an unfinished run."""
    rows = {int(row["frame"]): row for row in _finished(folder / "frames.csv")}
    return rows | {int(row["frame"]): row for row in _unfinished(folder / JOURNAL)}


def _finished(path: Path) -> list[Row]:
    if not path.is_file():
        return []
    with files.readable(path), path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if any(set(row) != set(FRAME_COLUMNS) or not row["frame"].isdigit() for row in rows):
        raise InputError(f"{path}: not a frame list of this suite; move it away or choose another folder")
    return rows


def _unfinished(path: Path) -> list[Row]:
    if not path.is_file():
        return []
    lines = path.read_text("utf-8", errors="replace").splitlines()
    return [row for line in lines if (row := _journal_row(line)) is not None]


def _journal_row(line: str) -> Row | None:
    # A killed run may have left its last line half-written.
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and set(row) == set(FRAME_COLUMNS) else None


def write_frames_csv(path: Path, rows: Iterable[Row]) -> Path:
    """Write frames.csv in order of frame number."""
    text = io.StringIO()
    writer = csv.DictWriter(text, FRAME_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: int(row["frame"])))
    return files.write_text(path, text.getvalue())


def write_checksums(path: Path, rows: Iterable[Row]) -> Path:
    """Write checksum.txt as ``sha256sum --check`` reads it."""
    ordered = sorted(rows, key=lambda row: int(row["frame"]))
    return files.write_text(path, "".join(f"{row['sha256']}  {row['file']}\n" for row in ordered))
