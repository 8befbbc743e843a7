"""Opens a package: its folder as it is, or its ZIP file once nothing in that can be read in two ways."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from camps import files
from camps.appendix import bag
from camps.appendix.checks import Check
from camps.errors import MissingError

GROUP = "The ZIP file"

_REMEDY = "unpack it with a program you trust and check the folder, or fetch the package again"
_BLOCK = 2**20


def open_package(path: Path, scratch: Path) -> tuple[Path | None, list[Check]]:
    """Return the folder of a package, and what is to be said of the ZIP file that it came in.

    Parameters
    ----------
    path
        Folder of the package, or its ZIP file.
    scratch
        An empty folder, into which a ZIP file is unpacked when all of it is sound.

    Returns
    -------
    tuple of (Path or None, list of Check)
        ``None`` for the folder when the ZIP file is not sound; then the checks say why.

    Raises
    ------
    MissingError
        When there is neither.
    """
    if path.is_dir():
        return path, []
    if not path.is_file():
        raise MissingError(f"{path}: no such package; expected its folder or its ZIP file; make one by camps appendix")
    try:
        with zipfile.ZipFile(path) as archive:
            faults = list(_faults(path, archive)) or list(_unpack(archive, scratch))
            faults = faults or list(_difference(path, archive, scratch))
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError, ValueError) as error:
        faults = [(path.name, f"not a readable ZIP file ({error})")]
    if faults:
        return None, [Check(GROUP, item, False, f"{said}; {_REMEDY}") for item, said in faults]
    return scratch / bag.ROOT, [Check(GROUP, path.name, True, "holds the files of the package and nothing else")]


def _faults(path: Path, archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Yield what speaks against unpacking: names, compressed entries, and more bytes than the file itself has."""
    names = [entry.orig_filename for entry in archive.infolist()]
    yield from bag.find_aliases(names)
    for name, times in Counter(names).items():
        if times > 1:
            yield name, "is there twice, expected each file once"
    if others := sorted({name.partition("/")[0] for name in names} - {bag.ROOT}):
        yield others[0], f"is no name of the folder at the top, which camps appendix calls {bag.ROOT}"
    for entry in archive.infolist():
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            yield entry.orig_filename, f"is compressed to {entry.compress_size:,} bytes; camps appendix compresses none"
    if (total := sum(entry.file_size for entry in archive.infolist())) > path.stat().st_size:
        yield path.name, f"would unpack to {total:,} bytes, more than it has itself"


# --- bytes ----------------------------------------------------------------------------------------------------------


def _unpack(archive: zipfile.ZipFile, scratch: Path) -> Iterator[tuple[str, str]]:
    for entry in archive.infolist():
        try:
            files.write_bytes(scratch / entry.filename, archive.read(entry))
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
            yield entry.filename, f"cannot be read ({error})"


def _difference(path: Path, archive: zipfile.ZipFile, scratch: Path) -> Iterator[tuple[str, str]]:
    """Yield where a ZIP file is another than the one that is made of its files: a header, a comment, bytes between."""
    again = bag.write_zip(scratch / bag.ROOT, scratch / "again.zip")
    at = _first_difference(path, again)
    if at is None:
        return
    before = [entry.filename for entry in archive.infolist() if entry.header_offset <= at < archive.start_dir]
    where = f"at or after the entry {before[-1]}" if before else "in the list of files at its end"
    yield path.name, f"has other bytes than a ZIP file of these files has, from byte {at:,} on, {where}"


def _first_difference(one: Path, other: Path) -> int | None:
    with one.open("rb") as first, other.open("rb") as second:
        at = 0
        while True:
            left, right = first.read(_BLOCK), second.read(_BLOCK)
            if left != right:
                same = (n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b)
                return at + next(same, min(len(left), len(right)))
            if not left:
                return None
            at += len(left)
