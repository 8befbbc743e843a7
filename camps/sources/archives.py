"""ZIP archives that cannot fill the memory: what a member claims to hold is added up, what it holds is counted."""

from __future__ import annotations

import shlex
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from camps import files
from camps.errors import InputError
from camps.sources.report import Report

#: A list of sites unpacks to a few megabytes.
MOST_UNPACKED_BYTES = 128 * 2**20
MOST_MEMBERS = 2000
#: XML shrinks ten- to thirtyfold; a bomb a thousandfold.
MOST_RATIO = 200
#: What is asked for to have all members or layers, one under the other.
ALL = "*"
_SMALL_BYTES = 2**20
_PIECE = 2**16
#: What the Finder and Windows put into an archive beside the files that were meant.
_LITTER = ("__macosx/", "._", ".ds_store", "thumbs.db", "desktop.ini")


@contextmanager
def unpacking(path: Path) -> Iterator[zipfile.ZipFile]:
    """Yield an open ZIP archive whose members say that they unpack within the limits.

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


def read_member(archive: zipfile.ZipFile, name: str, path: Path, *, most: int = MOST_UNPACKED_BYTES) -> bytes:
    """Return the bytes of a member, piece by piece: one that is larger than it says is not unpacked whole.

    Raises
    ------
    InputError
        When it holds more than `most` bytes.
    """
    content = bytearray()
    with archive.open(name) as stream:
        while piece := stream.read(_PIECE):
            content += piece
            if len(content) > most:
                raise InputError(f"{path}: {name} is larger than {most / 2**20:.0f} MB; cut it")
    return bytes(content)


def names_of(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the files in an archive, without folders and what operating systems leave in them."""
    names = [member.filename for member in archive.infolist() if not member.is_dir()]
    return [name for name in names if not _is_litter(name)]


def _is_litter(name: str) -> bool:
    plain = name.casefold()
    return plain.startswith(_LITTER[0]) or plain.rpartition("/")[2].startswith(_LITTER[1:])


def choose(names: Sequence[str], wanted: str | None, path: Path, *, what: str, told: Sequence[str] = ()) -> list[str]:
    """Return which of several members or layers are read: the only one, the one asked for, or all.

    Parameters
    ----------
    names
        All that can be read.
    wanted
        Name of one, as it stands or without folder and suffix; ``*`` for all.
    path, what
        The file, and what `names` are, for messages.
    told
        What to say of each, such as ``2 features``.

    Raises
    ------
    InputError
        Naming all of them, when there are several and none is asked for, or none is of the name.
    """
    listed = ", ".join(f"{name} ({more})" for name, more in zip(names, told, strict=True)) if told else ", ".join(names)
    if wanted is None and len(names) > 1:
        raise InputError(
            f"{path}: has {what}s {listed}, expected one; say which with --layer {shlex.quote(names[0])}, "
            f"or --layer {ALL!r} for all of them"
        )
    if wanted in (None, ALL):
        return list(names)
    exact = [name for name in names if name == wanted]
    found = exact or [name for name in names if wanted in (PurePosixPath(name).name, PurePosixPath(name).stem)]
    if len(found) != 1:
        raise InputError(f"{path}: no one {what} is called {wanted!r}, expected one of {listed}")
    return found


def account_members(report: Report, names: Sequence[str], used: Sequence[str], parts: Sequence[str] = ()) -> None:
    """Count the members of an archive, and note those that are neither `used` nor belong to them as `parts`.

    Members are what a reader could have meant: the files that only belong to one that is used are not counted apart.
    """
    others = [name for name in names if name not in {*used, *parts}]
    report.take("member", len(used) + len(others))
    report.use("member", len(used))
    for name in others:
        report.add("noted", f"{name} in the archive is not read", value=name, piece="member")


def account_layers(report: Report, names: Sequence[str], used: Sequence[str], told: Sequence[str] = ()) -> None:
    """Count the layers of a file, and note those that are not read."""
    report.take("layer", len(names))
    report.use("layer", len(used))
    for name, more in zip(names, told or [""] * len(names), strict=True):
        if name not in used:
            report.add("noted", f"layer {name} is not read{f' ({more})' if more else ''}", value=name, piece="layer")
