"""Checks a package from its files alone: sums, custody log, tables, sources, every number and page, and the frames."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from camps.appendix import bag, framecheck, integrity, recomputation
from camps.appendix.checks import Check, Verdict
from camps.errors import CampsError, InputError, MissingError

_CHECKS: tuple[tuple[str, Callable[[Path], Iterable[Check]]], ...] = (
    (integrity.LOG, integrity.check_custody),
    (integrity.ITEMS, integrity.check_items),
    (integrity.TABLES, integrity.check_tables),
    (integrity.SOURCES, integrity.check_sources),
)


def verify(
    path: Path,
    *,
    seal: str | None = None,
    frames: Path | None = None,
    sample: int = framecheck.SAMPLE,
    quick: bool = False,
) -> Verdict:
    """Check a package and return a line for each check; nothing is written beside it.

    Parameters
    ----------
    path
        Folder of the package, or its ZIP file.
    seal
        The SHA-256 of ``tagmanifest-sha256.txt`` as somebody else published it. Without it a package that was forged
        as a whole, and consistently, is told from the true one only by what the installed suite holds.
    frames
        Folder of delivered frames to check as well.
    sample
        How many frames of each delivery are drawn again and compared.
    quick
        Hash and compare only; the results are not made again, so the verdict cannot be that everything holds.

    Returns
    -------
    Verdict
        ``holds`` is true only if every check was made and holds.

    Raises
    ------
    MissingError, InputError
        When there is no package at `path`, or the ZIP file cannot be read.
    """
    with _opened(path) as folder:
        checks = list(_check_package(folder, seal, quick))
    if frames is not None:
        checks += _guarded(framecheck.GROUP, partial(framecheck.check_frames, frames, sample=sample))
    return Verdict(tuple(checks))


def _check_package(folder: Path, seal: str | None, quick: bool) -> Iterator[Check]:
    payload = folder / bag.PAYLOAD
    if not payload.is_dir():
        raise InputError(f"{folder}: no folder {bag.PAYLOAD}/ in it; expected a package made by camps appendix")
    yield from integrity.check_bag(folder, seal)
    for group, check in _CHECKS:
        yield from _guarded(group, partial(check, payload))
    if quick:
        yield recomputation.NOT_ASKED
    else:
        yield from _guarded(recomputation.RESULTS, partial(recomputation.check_results, payload))


def _guarded(group: str, check: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """Turn an error of one check into a failed check, so that the others are still made."""
    try:
        yield from check()
    except CampsError as error:
        yield Check(group, "this check", False, f"stopped: {error}")


# --- opening --------------------------------------------------------------------------------------------------------


@contextmanager
def _opened(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield path
        return
    if not path.is_file():
        raise MissingError(f"{path}: no such package; expected its folder or its ZIP file; make one by camps appendix")
    with tempfile.TemporaryDirectory(prefix="camps-verify-") as scratch:
        yield _unpacked(path, Path(scratch))


def _unpacked(path: Path, scratch: Path) -> Path:
    try:
        with zipfile.ZipFile(path) as archive:
            _require_each_once(path, archive.namelist())
            archive.extractall(scratch)
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise InputError(f"{path}: not a readable ZIP file ({error}); fetch the package again") from error
    roots = sorted(scratch.iterdir())
    if len(roots) != 1 or not roots[0].is_dir():
        raise InputError(f"{path}: found {len(roots)} entries at its top, expected one folder with the package")
    return roots[0]


def _require_each_once(path: Path, names: list[str]) -> None:
    """Raise where a name stands twice: of two files under one name, some programs show one and some the other."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(f"{path}: holds {', '.join(repeated)} twice, expected each file once; fetch the package again")
