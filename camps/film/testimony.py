"""What a film says of itself wherever it goes: the row of every frame, what stands behind it, what it was made with.

The record is made of what the list of frames holds, and travels in the metadata of a movie, or in a frame that leaves
its folder. It is for `camps trace` and `camps verify`; :mod:`camps.embedded` says how it stands in a file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from camps import embedded, files, origins, provenance
from camps.errors import InputError
from camps.film import timecode
from camps.film.manifest import read_manifest, read_shot_table, require_edition, shot_table
from camps.film.records import FRAME_LIST, LATER_COLUMNS, SHOWN_COLUMNS, FrameList, PictureEntry, read_frame_list
from camps.film.shot import Shot
from camps.film.subject import sources_of

#: What a movie says of itself in one line of metadata; a program that copies it into .mov keeps no more of it.
MOST_LETTERS = 65_000
#: Of it for the sum of each coded picture, and for the other sums and a signature.
_LETTERS_A_FRAME, _LETTERS_MORE = 11, 500
_MOST_FRAMES = 1_000_000
_RATE = re.compile(r"[1-9][0-9]{0,8}(/[1-9][0-9]{0,8})?")


@dataclass(frozen=True)
class Testimony:
    """A record of frames, read back.

    Attributes
    ----------
    content
        As it stands in the file.
    rows
        For each frame number the columns of `SHOWN_COLUMNS` as printed, as far as its release had them.
    """

    content: Mapping[str, Any]
    rows: Mapping[int, Mapping[str, str]]

    @cached_property
    def shot(self) -> Shot | None:
        """Return the shot that was filmed, or ``None`` where it was somebody's own map."""
        return read_shot_table(self.content, Path("the record of the file"))

    @property
    def numbers(self) -> list[int]:
        """Return the frame numbers in order."""
        return list(self.rows)


def build(shot: Shot, listed: FrameList, page_sha256: Mapping[str, str], *, of_shot: bool) -> dict[str, Any]:
    """Return the record of the frames of a list.

    Parameters
    ----------
    shot
        What was filmed, or how a map that somebody brought was filmed.
    listed
        The list of frames.
    page_sha256
        Sums of the page that drew it, from `camps.film.keys.page_sums`.
    of_shot
        Whether the map is that of the shot.
    """
    site_ids = list(dict.fromkeys(site_id for frame in listed.frames.values() for site_id in frame.site_ids))
    rows = [frame.shown for frame in listed.frames.values()]
    return {
        "shot": shot.code, "title": shot.title, "version": shot.version,
        "fps": str(shot.rate), "size": list(shot.size),
        "shot_table": shot_table(shot) if of_shot else None,
        "frame_list_sha256": provenance.sha256_text(listed.text()),
        "page_sha256": dict(page_sha256),
        "rows": {column: _runs(row[column] for row in rows) for column in listed.columns},
        "looks": [list(look) for look in find_looks(shot if of_shot else None)],
        **origins.describe(site_ids if of_shot else [], sources_of(shot) if of_shot else []),
    }  # fmt: skip


def find_looks(shot: Shot | None) -> list[tuple[str, str, str]]:
    """Return the looks of the footprints that a shot shows, as `camps.origins.find_looks` does; of another map none."""
    return origins.find_looks(*shot.map.sources[:1]) if shot is not None and shot.map.kind == "footprints" else []


def pack(content: Mapping[str, Any], shown: str, kind: str, timecode: str | None = None) -> str:
    """Return the text of the record of a movie of a pass, or nothing where it is too long to travel in any container.

    Parameters
    ----------
    content
        From `build`.
    shown, kind
        The pass, and the kind of movie.
    timecode
        Timecode of its first frame, where it has a timecode track.
    """
    text = embedded.pack({**content, "pass": shown, "movie": kind, "timecode": timecode})
    return text if len(text) + _LETTERS_A_FRAME * _n_frames(content) + _LETTERS_MORE <= MOST_LETTERS else ""


def write_telling(frame: Path, path: Path) -> Path:
    """Write a copy of a frame that says itself what it shows, and return its path; the frame stays as it is.

    Parameters
    ----------
    frame
        A picture in the folder that it was rendered to.
    path
        Where the copy goes; without its record it is the frame, byte for byte.

    Raises
    ------
    MissingError, InputError
        When no list of frames beside it names it, or it is another picture than that names.
    """
    folder, listed, (number, layer, picture) = find_listed(frame)
    if files.sha256(frame) != picture.sha256:
        raise InputError(f"{frame}: is not the picture that {FRAME_LIST} names, {picture.sha256}; render it again")
    if path.suffix != frame.suffix or path.exists():
        raise InputError(f"{path}: expected a name that ends in {frame.suffix} and that no file has yet")
    require_edition(folder)
    told = read_manifest(folder)
    shot = read_shot_table(told, folder)
    if shot is None:
        raise InputError(f"{frame}: is of somebody's own map, of which no list is known; nothing stands behind it")
    one = FrameList({number: listed.frames[number]})
    content = build(shot, one, {str(k): str(v) for k, v in told.get("data_sha256", {}).items()}, of_shot=True)
    content |= {"pass": layer, "picture_sha256": picture.sha256}
    content |= {"frame_list_sha256": files.sha256(folder / FRAME_LIST)}
    with files.replacing(path) as temporary:
        temporary.write_bytes(frame.read_bytes())
        embedded.put(temporary, content)
    return path


def find_listed(path: Path) -> tuple[Path, FrameList, tuple[int, str, PictureEntry]]:
    """Return the folder and the list that names a picture, and of which frame and pass it is.

    Raises
    ------
    InputError
        When no list beside it does.
    """
    for folder in path.resolve().parents[:3]:
        if (folder / FRAME_LIST).is_file():
            listed = read_frame_list(folder)
            for found in listed.pictures():
                if Path(found[2].file).name == path.name:
                    return folder, listed, found
    raise InputError(f"{path}: no {FRAME_LIST} beside it names it; expected a frame in the folder it was rendered to")


def _n_frames(content: Mapping[str, Any]) -> int:
    return sum(count for _, count in content["rows"]["frame"])


def _runs(values: Iterable[str]) -> list[list[Any]]:
    return [[value, len(list(group))] for value, group in groupby(values)]


# ── read back ────────────────────────────────────────────────────────────────────────────────────────────────────


def read(content: Mapping[str, Any], path: Path) -> Testimony:
    """Return the record that a file holds, once it is one of frames.

    Raises
    ------
    InputError
        When it is none: other columns, rows of another length, a part that is of another kind.
    """
    try:
        rows = content["rows"]
        asked = [name for name in SHOWN_COLUMNS if name in rows or name not in LATER_COLUMNS]
        columns = {name: _unrolled(rows[name]) for name in asked}
        if len({len(cells) for cells in columns.values()}) != 1:
            raise ValueError("its columns are not of one length")
        rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
        numbered = {int(row["frame"]): row for row in rows}
        if not rows or len(numbered) < len(rows) or list(numbered) != sorted(numbered):
            raise ValueError("its frames are not in order")
        _require_kinds(content, {**_OF_FRAMES, **_OF_ORIGINS})
        if not _RATE.fullmatch(content["fps"]) or any(not isinstance(side, int) for side in content["size"]):
            raise ValueError("its rate or size is none")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path}: its record is no record of frames of this release ({error}); ask for the film once more"
        ) from error
    return Testimony(content, numbered)


def read_map(content: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the record of a map or a plate that a file holds.

    Raises
    ------
    InputError
        When it is none.
    """
    try:
        kinds = {"map": str, "shown": dict, "payload_sha256": str, **_OF_ORIGINS}
        _require_kinds(content, kinds)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path}: its record is no record of a map of this release ({error}); draw the map once more"
        ) from error
    return dict(content)


def _unrolled(runs: Sequence[tuple[Any, Any]]) -> list[str]:
    if any(not isinstance(value, str) or not isinstance(count, int) or count < 1 for value, count in runs):
        raise ValueError("a run of cells is none")
    if sum(count for _, count in runs) > _MOST_FRAMES:
        raise ValueError("it counts more frames than a film has")
    return [value for value, count in runs for _ in range(count)]


_OF_ORIGINS = {"sites": dict, "claims": list, "sources": dict, "software": dict}
_OF_FRAMES = {
    "looks": list, "page_sha256": dict, "shot": str, "pass": str, "fps": str, "size": list, "frame_list_sha256": str,
}  # fmt: skip
#: Of what the parts of a record are made: of texts, or of lists of texts.
_PARTS: Mapping[str, tuple[type, ...]] = {"looks": (str, str, str), "claims": (str, str, list, list)}


def _require_kinds(content: Mapping[str, Any], kinds: Mapping[str, type]) -> None:
    if wrong := [name for name, kind in kinds.items() if not isinstance(content[name], kind)]:
        raise ValueError(f"{', '.join(wrong)} of another kind")
    parts = [(one, kinds) for name, kinds in _PARTS.items() for one in content.get(name, ())]
    parts += [(one, (str, str)) for one in content["sites"].values()]
    parts += [(list(sums.values()), (str,) * len(sums)) for sums in content["sources"].values()]
    for one, wanted in parts:
        if len(one) != len(wanted) or not all(map(isinstance, one, wanted)):
            raise ValueError("a part of another kind")
        if not all(isinstance(name, str) for part in one if isinstance(part, list) for name in part):
            raise ValueError("a list of another kind")


def find_frame(told: Testimony, at: str) -> tuple[int, str]:
    """Return the number of the frame at a place of a film, and how the place was read.

    Parameters
    ----------
    at
        A timecode of the film, a frame number, or how long after the beginning: ``HH:MM:SS:FF``, or seconds as
        ``12.2s``.

    Raises
    ------
    InputError
        When the film has no such frame.
    """
    named = {row["timecode"]: number for number, row in told.rows.items()}
    if at in named:
        return named[at], "its timecode"
    if at.isascii() and at.isdigit() and int(at) in told.rows:
        return int(at), "its frame number"
    after = _frames_after(at, Fraction(told.content["fps"]))
    if after is not None and after < len(told.rows):
        return told.numbers[after], "counted from the beginning of the film"
    first, last = (told.rows[number]["timecode"] for number in (told.numbers[0], told.numbers[-1]))
    raise InputError(
        f"--at {at}: the film has no such place; expected a timecode from {first} to {last}, a frame number from "
        f"{told.numbers[0]} to {told.numbers[-1]}, or a time after its beginning as 00:00:12:05 or 12.2s"
    )


def _frames_after(at: str, rate: Fraction) -> int | None:
    if seconds := re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)s", at):
        return math.floor(Fraction(seconds[1]) * rate)
    try:
        return timecode.from_timecode(at, rate)
    except InputError:
        return None
