"""Checks a package from its files alone: sums, custody log, tables, sources, every number and page, and the frames."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from camps import embedded, files, settings
from camps.appendix import (
    bag,
    filecheck,
    framecheck,
    integrity,
    making,
    opening,
    recomputation,
    schemas,
    sealing,
    signing,
)
from camps.appendix.checks import Check, Verdict
from camps.errors import CampsError, InputError, MissingError
from camps.film.records import CHECKSUMS, FRAME_LIST

_CHECKS: tuple[tuple[str, Callable[[Path], Iterable[Check]]], ...] = (
    (integrity.LOG, integrity.check_custody),
    (integrity.ITEMS, integrity.check_items),
    (integrity.TABLES, integrity.check_tables),
    (making.GROUP, making.check_software),
    (making.GROUP, making.check_selection),
    (integrity.SOURCES, integrity.check_sources),
)


def verify(
    path: Path,
    *,
    seal: str | None = None,
    signer: str | None = None,
    frames: Path | None = None,
    sample: int = framecheck.SAMPLE,
    quick: bool = False,
    remuxed: bool = False,
) -> Verdict:
    """Check a package, or a file by the record in it, and return a line for each check; nothing is written beside it.

    Parameters
    ----------
    path
        Folder of the package, its ZIP file, or a movie, a map, a plate or a frame with its record in it.
    seal
        The SHA-256 of ``tagmanifest-sha256.txt``, or of the movie, as somebody else published it. Without it one that
        was forged as a whole, and consistently, is told from the true one only by what the installed suite holds.
    signer
        The public key that has to have signed it: a ``.pub`` file, its line, or ``SHA256:…``; the one that the record
        here states when none is given.
    frames
        Folder of delivered frames to check as well.
    sample
        How many frames of each delivery are drawn again and compared.
    quick
        Hash and compare only; no result is made again, no movie read and no frame drawn, so
        the verdict cannot be that everything holds.
    remuxed
        Whether a movie is known to have been copied into another container, whose own bytes are then not asked about.

    Returns
    -------
    Verdict
        ``holds`` is true only if every check was made and holds.

    Raises
    ------
    MissingError, InputError
        When there is no package at `path`, a file of another kind without a record, no frames at `frames`, or
        `signer` is no key.
    """
    by = signing.read_key(signer) if signer else signing.stated_signer()
    if path.suffix.lower() in embedded.TELLING:  # anything else is a package
        asked = partial(filecheck.check_file, remuxed=remuxed, quick=quick, signer=by)
        return Verdict(tuple(_check_file(path, seal, asked)))
    with tempfile.TemporaryDirectory(prefix="camps-verify-") as scratch:
        folder, checks = opening.open_package(path, Path(scratch))
        if folder is not None:
            checks += _check_package(folder, seal, by, quick)
            if frames is not None:
                checks += _guarded(framecheck.GROUP, partial(_check_frames, folder, frames, sample, quick))
    return Verdict(tuple(checks))


def _check_file(path: Path, seal: str | None, check: Callable[..., Iterator[Check]]) -> Iterator[Check]:
    """Check a file by the record that it carries."""
    found = embedded.read(path)
    if found is None:
        raise InputError(
            f"{path}: holds no record of what it shows; expected a movie, map or plate that camps wrote; "
            "the pages of an appendix are checked with their package: camps verify FOLDER"
        )
    if seal is not None:
        total = files.sha256(path)
        same = total == sealing.sum_of(seal)
        said = "is the one published elsewhere" if same else f"found {total}, expected {seal} as published elsewhere"
        yield Check(filecheck.FILE, path.name, same, said)
    yield from _guarded(filecheck.FILE, partial(check, path, found))


def _check_frames(folder: Path, frames: Path, sample: int, quick: bool) -> Iterator[Check]:
    """Check frames against the lists that the package vouches for, and by a sample that its seal chooses."""
    path = folder / bag.TAG_MANIFEST
    seed = files.sha256(path) if path.is_file() else ""
    table = schemas.read_record(folder / bag.PAYLOAD / "tables" / "deliveries.csv").set_index("delivery")
    sealed = {str(name): str(total) for name, total in table["frames_csv_sha256"].items()}
    yield from framecheck.check_frames(frames, sample=sample, seed=seed, sealed=sealed, quick=quick)


def _check_package(folder: Path, seal: str | None, signer: str | None, quick: bool) -> Iterator[Check]:
    payload = folder / bag.PAYLOAD
    if not payload.is_dir() and (folder / FRAME_LIST).is_file():
        raise InputError(
            f"{folder}: found the frames of a film, expected a package made by camps appendix; check them with camps "
            f"verify PACKAGE --frames {folder}, or by their sums with sha256sum -c {CHECKSUMS} in that folder"
        )
    if not payload.is_dir():
        raise InputError(f"{folder}: no folder {bag.PAYLOAD}/ in it; expected a package made by camps appendix")
    yield from _guarded(integrity.BAG, partial(integrity.check_bag, folder, seal, signer))
    for group, check in _CHECKS:
        yield from _guarded(group, partial(check, payload))
    if quick:
        yield recomputation.NOT_ASKED
    else:
        yield from _guarded(recomputation.RESULTS, partial(recomputation.check_results, folder))


def _guarded(group: str, check: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """Turn an error of one check into a failed check, so that the others are still made and there is a report.

    A package is written by others, and what nobody foresaw in it is a fault of the package until it is understood.
    """
    try:
        yield from check()
    except CampsError as error:
        # Where no record is, there is nothing that a file could be held against.
        nothing_here = isinstance(error, MissingError) and settings.find_home() is None
        yield Check(group, "this check", None if nothing_here else False, f"stopped: {error}")
    except Exception as error:
        yield Check(group, "this check", False, f"stopped at what no package holds ({type(error).__name__}: {error})")
