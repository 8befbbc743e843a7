"""ZIP archives that cannot fill the memory: what a member claims to hold is added up before anything is unpacked."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from camps import files
from camps.errors import InputError

#: A list of sites unpacks to a few megabytes.
MOST_UNPACKED_BYTES = 128 * 2**20
MOST_MEMBERS = 2000
#: XML shrinks ten- to thirtyfold; a bomb a thousandfold.
MOST_RATIO = 200
_SMALL_BYTES = 2**20


@contextmanager
def unpacking(path: Path) -> Iterator[zipfile.ZipFile]:
    """Yield an open ZIP archive whose members are known to unpack within the limits.

    Raises
    ------
    MissingError
        When the file is not there.
    InputError
        When it is no ZIP archive, cut off, encrypted, or would unpack beyond the limits.
    """
    try:
        with files.readable(path), zipfile.ZipFile(path) as archive:
            _check(archive, path)
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(f"{path}: not a whole ZIP archive ({error}); fetch or save it again") from error
    except RuntimeError as error:
        raise InputError(f"{path}: cannot be unpacked ({error}); save it without a password") from error


def _check(archive: zipfile.ZipFile, path: Path) -> None:
    members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if len(members) > MOST_MEMBERS or unpacked > MOST_UNPACKED_BYTES:
        raise InputError(
            f"{path}: {len(members):,} members that unpack to {unpacked / 2**20:,.0f} MB, expected at most "
            f"{MOST_MEMBERS:,} and {MOST_UNPACKED_BYTES / 2**20:,.0f} MB; not opened"
        )
    for member in members:
        ratio = member.file_size / max(member.compress_size, 1)
        if member.file_size > _SMALL_BYTES and ratio > MOST_RATIO:
            raise InputError(
                f"{path}: {member.filename} unpacks {ratio:,.0f}-fold, expected at most {MOST_RATIO}-fold; "
                "a bomb, not opened"
            )


def member(archive: zipfile.ZipFile, suffix: str, path: Path) -> str:
    """Return the name of the first member with `suffix`.

    Raises
    ------
    InputError
        When there is none.
    """
    names = [name for name in archive.namelist() if name.casefold().endswith(suffix)]
    if not names:
        raise InputError(f"{path}: holds no {suffix} file, only {', '.join(archive.namelist()[:5]) or 'nothing'}")
    return min(names, key=lambda name: (name.count("/"), name))
