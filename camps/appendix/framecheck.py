"""Checks delivered frames: files by their sums, rows by the data, movies by the pictures, and a sample drawn again."""

from __future__ import annotations

import math
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from camps import files, film
from camps.appendix import editions
from camps.appendix.checks import Check
from camps.errors import CampsError, InputError
from camps.film import manifest as film_manifest
from camps.film import moviecheck, redrawing
from camps.film.readouts import read_out
from camps.film.records import CHECKSUMS, FRAME_LIST, SHOWN_COLUMNS, FrameList, FrameRecord, read_frame_list

GROUP = "The frames"
SAMPLE = 3

#: Columns that hold numbers, and how far two machines may be apart in them by rounding.
_SUMS = ("total", "total_lo", "total_hi")
_NUMBERS = (*_SUMS, "lon", "lat", "zoom", "bearing", *(f"before_{name}" for name in _SUMS))
_TOLERANCE = 1e-9
_MOST_NAMED = 5


@dataclass(frozen=True)
class _Delivered:
    """A folder of frames, and what its papers say."""

    folder: Path
    listed: FrameList
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Return what the folder is called."""
        return self.folder.name

    @cached_property
    def shot(self) -> film.Shot | None:
        """Return the shot that was filmed, or ``None`` where somebody's own map was."""
        return film_manifest.read_shot_table(self.manifest, self.folder)


def check_frames(
    folder: Path,
    *,
    sample: int = SAMPLE,
    seed: str = "",
    sealed: Mapping[str, str] | None = None,
    quick: bool = False,
) -> Iterator[Check]:
    """Check every delivery and every render below a folder.

    Parameters
    ----------
    folder
        Folder of one delivery, or of several.
    sample
        How many frames of each delivery are drawn again in all its passes; 0 for none, a large number for all.
    seed
        What the choice of these frames is drawn from, such as the seal of a package.
    sealed
        Sums of the lists of frames that a package was made with, by the name of the delivery; ``None`` without one.
    quick
        Hash and compare only: no movie is read and no frame drawn again.

    Yields
    ------
    Check
        One for each fault, one for each check of a delivery that holds, and one for each frame drawn again.

    Raises
    ------
    MissingError, InputError
        When there is no delivery in `folder`, or its papers cannot be read.
    """
    lists = sorted(folder.rglob(FRAME_LIST)) if folder.is_dir() else []
    if not lists:
        raise InputError(f"{folder}: no {FRAME_LIST} in it or below it; expected a folder that camps frames wrote")
    for path in lists:
        yield from _check_delivery(path.parent, None if quick else sample, seed)
        if sealed is not None:
            yield from _check_sealed(path, sealed)


def _check_delivery(folder: Path, sample: int | None, seed: str) -> Iterator[Check]:
    """Check a delivery; without a sample its files are hashed and its rows compared, and no picture is looked at."""
    try:
        delivered = _Delivered(folder, read_frame_list(folder), film_manifest.read_manifest(folder))
        _ = delivered.shot
    except CampsError as error:
        yield Check(GROUP, folder.name, False, str(error))
        return
    checks: Sequence[tuple[str, Callable[[], Iterator[Check]]]] = (
        ("pictures", lambda: _check_files(delivered)),
        ("withheld", lambda: editions.check_withheld(folder, GROUP)),
        ("rows", lambda: _check_rows(delivered)),
        ("movies", lambda: _check_movies(delivered) if sample is not None else _not_asked(delivered)),
        ("drawn again", lambda: _check_drawn_again(delivered, sample or 0, seed)),
    )
    for what, check in checks:
        try:
            with editions.edition_of(folder / FRAME_LIST):
                found = [*check()]
            yield from found
        except CampsError as error:
            yield Check(GROUP, f"{folder.name}, {what}", None, f"could not be checked: {error}")


def _check_sealed(path: Path, sealed: Mapping[str, str]) -> Iterator[Check]:
    item = f"{path.parent.name}, {FRAME_LIST}"
    if path.parent.name not in sealed:
        yield Check(GROUP, item, None, "the package knows nothing of it; name its folder when the package is made")
    elif files.sha256(path) == sealed[path.parent.name]:
        yield Check(GROUP, item, True, "the one that the package was made with")
    else:
        yield Check(GROUP, item, False, "another one than the package was made with")


# --- files against their sums ---------------------------------------------------------------------------------------


def _check_files(delivered: _Delivered) -> Iterator[Check]:
    faults = [*_sum_faults(delivered), *_list_faults(delivered), *_manifest_faults(delivered)]
    yield from (Check(GROUP, f"{delivered.name}, {item}", False, said) for item, said in faults)
    if not faults:
        n_passes = len(delivered.listed.passes)
        said = f"{len(delivered.listed.frames)} frames of {n_passes} {'pass' if n_passes == 1 else 'passes'}"
        yield Check(GROUP, delivered.name, True, f"{said} are there and as recorded, none is missing or added")


def _sum_faults(delivered: _Delivered) -> Iterator[tuple[str, str]]:
    """Yield what does not have the sum that the list of frames and the list of sums say it has."""
    stated = _stated_sums(delivered.folder)
    there = _present(delivered.folder)
    listed = {one.file: (number, one) for number, _, one in delivered.listed.pictures()}
    owners = {one.sha256: number for number, _, one in reversed(list(delivered.listed.pictures()))}
    for name, (number, one) in listed.items():
        item = f"frame {number}"
        if name not in there:
            yield item, f"{name} is listed, but is not there"
        elif (found := files.sha256(delivered.folder / name)) != one.sha256:
            owner = owners.get(found)
            what = f"holds the picture of frame {owner}" if owner is not None else f"is another picture, {found}"
            yield item, f"{name}: {what}, expected {one.sha256}"
        if stated.get(name) != one.sha256:
            yield CHECKSUMS, f"does not say of {name} what {FRAME_LIST} says"
    pictures = {Path(name).suffix.lower() for name in listed}
    for name in sorted(there - set(listed)):
        if Path(name).suffix.lower() in pictures:
            yield name, f"is a picture of which {FRAME_LIST} does not speak; it was added"
        elif name not in stated:
            yield name, f"neither {FRAME_LIST} nor {CHECKSUMS} speaks of it; it was added"
        elif files.sha256(delivered.folder / name) != stated[name]:
            yield name, f"is another file, expected {stated[name]}"
    yield from ((name, f"{CHECKSUMS} speaks of it, but it is not there") for name in sorted(set(stated) - there))


def _present(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if (path.is_file() or path.is_symlink()) and path.parent != folder)
    beside = (path for path in folder.iterdir() if not path.is_dir())
    names = {path.relative_to(folder).as_posix() for path in (*found, *beside)}
    return {name for name in names if name != CHECKSUMS and (folder / name).resolve().is_relative_to(folder.resolve())}


def _stated_sums(folder: Path) -> dict[str, str]:
    path = folder / CHECKSUMS
    if not path.is_file():
        return {}
    lines = path.read_bytes().decode("utf-8", errors="replace").removesuffix("\n").split("\n")
    return {name: total for total, _, name in (line.partition("  ") for line in lines)}


def _list_faults(delivered: _Delivered) -> Iterator[tuple[str, str]]:
    listed = delivered.listed
    if (delivered.folder / FRAME_LIST).read_bytes() != listed.text().encode("utf-8"):
        yield FRAME_LIST, "is not written as film writes it: rows out of order, or other signs around the cells"
    repeated = [name for name, count in Counter(one.file for _, _, one in listed.pictures()).items() if count > 1]
    yield from ((name, "is listed for two frames") for name in repeated)
    for number, frame in listed.frames.items():
        if tuple(frame.pictures) != listed.passes:
            yield f"frame {number}", f"has the passes {', '.join(frame.pictures)}, expected {', '.join(listed.passes)}"


def _manifest_faults(delivered: _Delivered) -> Iterator[tuple[str, str]]:
    manifest, listed = delivered.manifest, delivered.listed
    first, last = manifest.get("first_frame"), manifest.get("last_frame")
    if not (isinstance(first, int) and isinstance(last, int)):
        yield film_manifest.MANIFEST, "does not say which frames the shot has"
    else:
        beyond = f"is none of the shot, which has {first} to {last} by {film_manifest.MANIFEST}"
        yield from ((f"frame {n}", beyond) for n in listed.frames if not first <= n <= last)
        if manifest.get("complete"):
            missing = sorted(set(range(first, last + 1)) - set(listed.frames))
            yield from ((f"frame {n}", "belongs to the shot, but no row speaks of it") for n in missing)
    patterns = {str(one.get("name")): str(one.get("files")) for one in _entries(manifest, "passes")}
    if set(patterns) != set(listed.passes):
        yield film_manifest.MANIFEST, f"names the passes {', '.join(patterns)}; listed are {', '.join(listed.passes)}"
    for number, name, one in listed.pictures():
        if name in patterns and one.file != patterns[name].replace("%04d", f"{number:04d}"):
            yield f"frame {number}", f"{one.file} is not what a picture of the pass {name} is called"


def _entries(manifest: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = manifest.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


# --- rows against the data ------------------------------------------------------------------------------------------


def _check_rows(delivered: _Delivered) -> Iterator[Check]:
    item = f"{delivered.name}, {FRAME_LIST}"
    shot = delivered.shot
    if shot is None:
        yield Check(GROUP, item, None, "somebody's own map was filmed, whose state no data here give")
        return
    again = read_out(shot, list(delivered.listed.frames))
    faults = [
        (number, said)
        for number, frame in delivered.listed.frames.items()
        if (said := row_fault(frame.shown, again.get(number)))
    ]
    for number, said in faults:
        yield Check(GROUP, f"{delivered.name}, frame {number}", False, f"{FRAME_LIST}: {said}")
    yield from _identity_faults(delivered, shot)
    if not faults:
        unknown = [name for name in SHOWN_COLUMNS if any(name not in row for row in again.values())]
        told = f"; {', '.join(unknown)} not, which only the page knows" if unknown else ""
        yield Check(GROUP, item, True, f"{len(again)} rows say what comes out of the data{told}")


def row_fault(row: Mapping[str, str], again: Mapping[str, str] | None) -> str:
    """Return what a row says that does not come out of the data, or nothing."""
    if again is None:
        return "the shot has no such frame"
    # Of a column that its release did not have a row says nothing.
    asked = [name for name in again if name in row and name not in _split_then(row, again)]
    apart = [name for name in asked if not _is_same(name, row[name], again[name])]
    return "; ".join(f"{name} says {row[name] or 'nothing'}, comes out as {again[name] or 'nothing'}" for name in apart)


def _split_then(row: Mapping[str, str], again: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns that mean something else in a row of a release that told no value between two counts apart."""
    if "n_interpolated" in row or again.get("n_interpolated", "0") in {"", "0"}:
        return ()
    known = sum(int(again[name]) for name in ("n_observed", "n_interpolated", "n_held"))
    told = [row[name] for name in ("n_observed", "n_held")]
    return ("n_observed", "n_held") if all(map(str.isdecimal, told)) and sum(map(int, told)) == known else ()


def _is_same(name: str, stated: str, found: str) -> bool:
    if name not in _NUMBERS or not (stated and found):
        return stated == found
    try:
        return math.isclose(float(stated), float(found), rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    except ValueError:
        return False


def _identity_faults(delivered: _Delivered, shot: film.Shot) -> Iterator[Check]:
    """Yield what the manifest says of the shot in two ways."""
    wanted = {
        "shot": shot.code, "title": shot.title, "version": shot.version,
        "width": shot.size[0], "height": shot.size[1],
        "fps_num": shot.rate.numerator, "fps_den": shot.rate.denominator, **_cut(delivered, shot),
    }  # fmt: skip
    for name, value in wanted.items():
        if delivered.manifest.get(name) != value:
            said = f"{name} says {delivered.manifest.get(name)}, its shot has {value}"
            yield Check(GROUP, f"{delivered.name}, {film_manifest.MANIFEST}", False, said)
    if film.folder_name(shot) != delivered.name:
        yield Check(GROUP, delivered.name, False, f"holds the shot {film.folder_name(shot)}, not what it is called")


def _cut(delivered: _Delivered, shot: film.Shot) -> dict[str, Any]:
    """Return which frames the cut has to have by the shot; nothing of a folder of an earlier release."""
    ends: list[Any] = [delivered.manifest.get(name) for name in ("first_frame", "last_frame")]
    if not all(isinstance(end, int) for end in ends) or not (shot.handles or "handles" in delivered.manifest):
        return {}
    return film_manifest.cut_entries(shot, ends)


# --- movies against the pictures ------------------------------------------------------------------------------------


def _check_movies(delivered: _Delivered) -> Iterator[Check]:
    entries = _entries(delivered.manifest, "movies")
    named = {str(entry.get("file")) for entry in entries}
    for path in sorted((delivered.folder / "proxy").glob("*")):
        if (name := path.relative_to(delivered.folder).as_posix()) not in named:
            yield Check(GROUP, f"{delivered.name}, {name}", False, "the manifest knows no such movie; it was added")
    for entry in entries:
        yield _movie_check(delivered, entry)


def _movie_check(delivered: _Delivered, entry: Mapping[str, Any]) -> Check:
    name, shows, kind = (str(entry.get(key)) for key in ("file", "shows", "kind"))
    item, path = f"{delivered.name}, {name}", delivered.folder / name
    if not path.is_file() or not path.resolve().is_relative_to(delivered.folder.resolve()):
        return Check(GROUP, item, False, "is listed, but is not there")
    if shows not in delivered.listed.passes or kind not in moviecheck.MOST_APART:
        return Check(GROUP, item, False, f"is said to be a {kind} of the pass {shows}, which is none of those here")
    pictures = [delivered.folder / frame.pictures[shows].file for frame in delivered.listed.frames.values()]
    faults, said = moviecheck.compare_movie(path, kind, pictures, list(delivered.listed.frames))
    if faults:
        return Check(GROUP, item, False, "; ".join([*faults[:_MOST_NAMED], *(["…"] * (len(faults) > _MOST_NAMED))]))
    return Check(GROUP, item, True, said)


def _not_asked(delivered: _Delivered) -> Iterator[Check]:
    said = "asked for quickly; run again without --quick"
    yield Check(GROUP, f"{delivered.name}, movies and frames drawn again", None, said)


# --- drawn again ----------------------------------------------------------------------------------------------------


def _check_drawn_again(delivered: _Delivered, sample: int, seed: str) -> Iterator[Check]:
    numbers = choose_sample(list(delivered.listed.frames), sample, f"{seed} {delivered.name}")
    if not numbers:
        return
    if delivered.shot is None:
        yield Check(GROUP, f"{delivered.name}, drawn again", None, "somebody's own map was filmed; film it once more")
        return
    try:
        yield from _compared(delivered, delivered.shot, numbers)
    except CampsError as error:
        yield Check(GROUP, f"{delivered.name}, drawn again", None, f"could not be drawn: {error}")


def choose_sample(numbers: Sequence[int], sample: int, seed: str) -> list[int]:
    """Return `sample` of the numbers in order, chosen by a seed; all where there are no more."""
    if sample >= len(numbers):
        return list(numbers)
    return sorted(random.Random(seed).sample(list(numbers), sample))


def _compared(delivered: _Delivered, shot: film.Shot, numbers: Sequence[int]) -> Iterator[Check]:
    with tempfile.TemporaryDirectory(prefix="camps-frames-") as scratch:
        names = delivered.listed.passes
        whole = not any(entry.get("made_of") for entry in _entries(delivered.manifest, "passes"))
        again = redrawing.draw_again(shot, names, numbers, Path(scratch), whole=whole and names == ("beauty",))
        for number in numbers:
            yield _same_pictures(delivered, number, again[number])
    n_frames = len(delivered.listed.frames)
    if len(numbers) < n_frames:
        chosen = ", ".join(map(str, numbers))
        said = f"{len(numbers)} of {n_frames} frames, {chosen}, as the seed has it; --sample {n_frames} draws all"
        yield Check(GROUP, f"{delivered.name}, drawn again", True, said)


def _same_pictures(delivered: _Delivered, number: int, again: FrameRecord) -> Check:
    item = f"{delivered.name}, frame {number} drawn again"
    pictures = delivered.listed.frames[number].pictures
    other = {name for name, one in pictures.items() if again.sums[name][1] != one.sha256}
    wrong = sorted(name for name in other if again.sums[name][0] == pictures[name].key)
    if wrong:
        return Check(GROUP, item, False, f"{', '.join(wrong)}: another picture from the same page, state and browser")
    if other:
        said = f"{', '.join(sorted(other))}: another page or browser drew it; its pixels are not compared"
        return Check(GROUP, item, None, said)
    same = "the picture" if len(pictures) == 1 else f"the {len(pictures)} pictures"
    return Check(GROUP, item, True, f"{same} that {FRAME_LIST} lists")
