"""Checks delivered frames: every picture against its record, and some of them, or all, drawn again and compared."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from camps import files, film
from camps.appendix.checks import Check
from camps.appendix.tracing import FRAME_LIST
from camps.errors import CampsError, InputError
from camps.film.records import Row, read_rows

GROUP = "The frames"
SAMPLE = 3


def check_frames(folder: Path, *, sample: int = SAMPLE) -> Iterator[Check]:
    """Check every delivery below a folder.

    Parameters
    ----------
    folder
        Folder of one delivery, or of several.
    sample
        How many frames of each delivery are drawn again; 0 for none, a large number for all.

    Yields
    ------
    Check
        One for each fault, one for each delivery whose pictures are all as recorded, and one for each frame drawn
        again.

    Raises
    ------
    MissingError, InputError
        When there is no delivery in `folder`, or its records cannot be read.
    """
    lists = sorted(folder.rglob(FRAME_LIST)) if folder.is_dir() else []
    if not lists:
        raise InputError(f"{folder}: no {FRAME_LIST} in it or below it; expected a folder that camps frames wrote")
    for listed in lists:
        rows = read_rows(listed.parent)
        yield from _check_pictures(listed.parent, rows)
        yield from _check_drawn_again(listed.parent, rows, sample)


# --- pictures against their record ----------------------------------------------------------------------------------


def _check_pictures(folder: Path, rows: Mapping[int, Row]) -> Iterator[Check]:
    faults = [*_row_faults(folder, rows), *_list_faults(folder, rows)]
    yield from (Check(GROUP, item, False, said) for item, said in faults)
    if not faults:
        yield Check(
            GROUP, folder.name, True, f"{len(rows)} pictures are there and as recorded, none is missing or added"
        )


def _row_faults(folder: Path, rows: Mapping[int, Row]) -> Iterator[tuple[str, str]]:
    # Of several frames with one picture the first is named.
    owners = {row["sha256"]: number for number, row in sorted(rows.items(), reverse=True)}
    for number, row in sorted(rows.items()):
        path = folder / row["file"]
        item = f"{folder.name}, frame {number}"
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            yield item, f"{row['file']} is listed, but is not there"
            continue
        found = files.sha256(path)
        if found != row["sha256"]:
            owner = owners.get(found)
            what = f"holds the picture of frame {owner}" if owner is not None else f"is another picture, {found}"
            yield item, f"{what}, expected {row['sha256']}"


def _list_faults(folder: Path, rows: Mapping[int, Row]) -> Iterator[tuple[str, str]]:
    sums = "".join(f"{row['sha256']}  {row['file']}\n" for _, row in sorted(rows.items()))
    listed = folder / "checksum.txt"
    if not listed.is_file() or listed.read_text(encoding="utf-8") != sums:
        yield f"{folder.name}, checksum.txt", f"does not say what {FRAME_LIST} says"
    yield from _number_faults(folder, rows)
    known = {row["file"] for row in rows.values()}
    pictures = (path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    yield from (
        (f"{folder.name}, {name}", "no row speaks of it; it was added") for name in sorted(set(pictures) - known)
    )


def _number_faults(folder: Path, rows: Mapping[int, Row]) -> Iterator[tuple[str, str]]:
    manifest = _manifest(folder)
    first, last = manifest.get("first_frame"), manifest.get("last_frame")
    if not (isinstance(first, int) and isinstance(last, int)):
        yield f"{folder.name}, manifest.json", "does not say which frames the shot has"
    elif manifest.get("complete"):
        for number in sorted(set(range(first, last + 1)) - set(rows)):
            yield f"{folder.name}, frame {number}", "belongs to the shot, but no row speaks of it"
    repeated = [name for name, count in Counter(row["file"] for row in rows.values()).items() if count > 1]
    yield from ((f"{folder.name}, {name}", "is listed for two frames") for name in repeated)


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    with files.readable(path):
        text = path.read_text(encoding="utf-8")
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); film the shot again") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: not the manifest of a delivery; film the shot again")
    return content


# --- drawn again ----------------------------------------------------------------------------------------------------


def _check_drawn_again(folder: Path, rows: Mapping[int, Row], sample: int) -> Iterator[Check]:
    numbers = choose_sample(sorted(rows), sample)
    if not numbers:
        return
    shot = _shot_of(folder)
    if shot is None:
        yield Check(GROUP, f"{folder.name}, drawn again", None, "its shot is not in shots/; put the shot file there")
        return
    try:
        yield from _compared(folder, rows, shot, numbers)
    except CampsError as error:
        yield Check(GROUP, f"{folder.name}, drawn again", None, f"could not be drawn: {error}")


def choose_sample(numbers: Sequence[int], sample: int) -> list[int]:
    """Return `sample` of the numbers, spread evenly from the first to the last; all where there are no more."""
    if sample >= len(numbers):
        return list(numbers)
    if sample == 1:
        return [numbers[len(numbers) // 2]]
    last = len(numbers) - 1
    return [numbers[round(step * last / (sample - 1))] for step in range(sample)]


def _shot_of(folder: Path) -> film.Shot | None:
    for name in film.list_shots():
        shot = film.read_shot(name)
        if film.folder_name(shot) == folder.name:
            return shot
    return None


def _compared(folder: Path, rows: Mapping[int, Row], shot: film.Shot, numbers: Sequence[int]) -> Iterator[Check]:
    with tempfile.TemporaryDirectory(prefix="camps-frames-") as scratch:
        result = film.render(shot, scratch, numbers=numbers, movie=False)
        again = read_rows(result.folder)
        for number in numbers:
            yield _same_picture(folder.name, number, rows[number], again[number])
    if len(numbers) < len(rows):
        said = (
            f"{len(numbers)} of {len(rows)} frames, spread from the first to the last; --sample {len(rows)} draws all"
        )
        yield Check(GROUP, f"{folder.name}, drawn again", True, said)


def _same_picture(name: str, number: int, row: Row, again: Row) -> Check:
    item = f"{name}, frame {number} drawn again"
    if again["sha256"] == row["sha256"]:
        return Check(GROUP, item, True, "the same picture")
    if again["key"] == row["key"]:
        return Check(GROUP, item, False, "another picture from the same page, state and browser")
    apart = [column for column in ("date_shown", "total", "n_observed", "site_ids") if again[column] != row[column]]
    if apart:
        return Check(GROUP, item, False, f"shows another {', '.join(apart)}")
    return Check(
        GROUP, item, None, "another page or browser drew it; what it shows is the same, its pixels are not compared"
    )
