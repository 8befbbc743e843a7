"""Writing whole or not at all, and the same bytes every time.

A file is written beside its place under a temporary name and renamed, so a killed run leaves the old file or the
new one, never half of one. A write that would change nothing leaves the file, and its modification time, alone.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from camps.errors import InputError, MissingError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

#: Read or written at once. To hold more than a megabyte Linux looks for huge pages, which takes eight times as long.
_PIECE = 1 << 18
_TEMPORARY = ".camps-"
_LOCK = ".in-use"
#: Characters that XML 1.0 cannot hold, however they are written.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _umask() -> int:
    """Return what the user's files may not be: it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


#: Read once, before there are threads: another thread's file must not be made while it is set.
_UMASK = _umask()


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text, reading it in pieces.

    Raises
    ------
    MissingError
        When the file is not there.
    InputError
        When it cannot be read.
    """
    digest = hashlib.sha256()
    with readable(path), path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def has_sha256(path: Path, expected: str) -> bool:
    """Return whether a file is there and has this SHA-256."""
    return path.is_file() and sha256(path) == expected


def is_there(path: Path) -> bool:
    """Return whether a file is there that may be left out.

    Raises
    ------
    InputError
        When a folder or a link to nothing has its place: what somebody put there is not left out without a word.
    """
    if not path.is_file() and os.path.lexists(path):
        raise InputError(f"{path}: a folder, or a link to nothing; expected a file, or nothing of that name")
    return path.is_file()


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn the operating system's read errors on `path` into the suite's own."""
    try:
        yield
    except FileNotFoundError as error:
        raise MissingError(
            f"{path}: no such file; expected a readable file there; check the path or restore it"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{path}: cannot be read ({reason}); check that it is a file you may read") from error


#: The time that entries of a ZIP file get: the earliest that it holds, so that the same content has the same bytes.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
#: A SHA-256 as it is written.
SHA256 = re.compile(r"[0-9a-f]{64}")


class Shipped:
    """Files that travel with the suite, as a list beside them (TOML) states them.

    Attributes
    ----------
    listed
        Package, version, sha256 and licence of each by name.

    Raises
    ------
    MissingError, InputError
        When the list, or a file asked for, is not there, cannot be read, or is not the one listed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sound: set[str] = set()

    @cached_property
    def listed(self) -> dict[str, dict[str, str]]:
        """Return what is listed of each file, by name."""
        with readable(self._path):
            content: dict[str, dict[str, str]] = tomllib.loads(self._path.read_text(encoding="utf-8"))["file"]
        return content

    def file(self, name: str) -> Path:
        """Return where a file lies."""
        path = self._path.with_name(name)
        if name not in self._sound and (found := sha256(path)) != self.listed[name]["sha256"]:
            raise InputError(f"{path}: SHA-256 {found}, expected {self.listed[name]['sha256']}; restore the file")
        self._sound.add(name)
        return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it into place when the block ends well, else remove it.

    A temporary file with the bytes that `path` already has is dropped, so the modification time stays.

    Raises
    ------
    InputError
        When the disk is full or the folder cannot be written; nothing half-written stays.
    """
    temporary: Path | None = None
    try:
        make_folder(path.parent)
        handle, name = tempfile.mkstemp(prefix=_TEMPORARY, suffix=path.suffix, dir=path.parent)
        temporary = Path(name)
        with _held(handle):
            yield temporary
            _settle(temporary, path)
    except OSError as error:
        if isinstance(error, MissingError):
            raise
        raise InputError(_write_problem(path, error)) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, but none directly below the root of the disk.

    Raises
    ------
    MissingError
        When the first that is absent lies there: a path that begins so is a slip more often than a wish.
    """
    if not folder.is_dir() and existing_parent(folder) == Path(folder.absolute().anchor):
        raise MissingError(f"{folder}: no such folder, and none is made in {folder.absolute().anchor}; make it first")
    folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder`; rename it into place when the block ends well, else remove it.

    Raises
    ------
    InputError
        When it cannot be written; nothing stays.
    """
    temporary: Path | None = None
    try:
        temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=folder.absolute().parent))
        yield temporary
        temporary.chmod(0o777 & ~_UMASK)
        temporary.rename(folder)
    except OSError as error:
        if isinstance(error, InputError | MissingError):
            raise
        raise InputError(_write_problem(folder, error)) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _held(handle: int) -> Iterator[None]:
    """Lock an open file for as long as its writer lives, so that what a killed writer left is known for it."""
    if sys.platform == "win32":
        os.close(handle)
        yield
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that killed writers left in a folder and below it; those of living writers stay."""
    for path in folder.rglob(f"{_TEMPORARY}*"):
        if _is_abandoned(path):
            path.unlink(missing_ok=True)


def _is_abandoned(path: Path) -> bool:
    if sys.platform == "win32":
        return False
    try:
        with path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep a folder to this process; another one that asks for it is told who has it.

    Raises
    ------
    InputError
        When another process has the folder, or it cannot be written.
    """
    path = folder / _LOCK
    try:
        make_folder(folder)
        stream = _take(path)
    except OSError as error:
        if isinstance(error, MissingError):
            raise
        raise InputError(_write_problem(folder, error)) from error
    try:
        with stream:
            try:
                yield
            finally:
                if sys.platform != "win32":
                    # While it is held: whoever opened it meanwhile sees that it is gone.
                    path.unlink(missing_ok=True)
    finally:
        # Windows removes no file that is open, here or in the process that asks for it.
        with suppress(OSError):
            if sys.platform == "win32":
                path.unlink(missing_ok=True)


def _take(path: Path) -> IO[str]:
    """Return the file of a lock once it is locked and is still the one of that name."""
    while True:
        stream = path.open("a+", encoding="utf-8")
        if not _lock(stream):
            stream.seek(0)
            with stream:
                raise InputError(
                    f"{path.parent}: {stream.read().strip() or 'another process'} writes it just now; "
                    "wait until that has ended, or stop it"
                )
        if path.exists() and os.path.samestat(os.fstat(stream.fileno()), path.stat()):
            break
        stream.close()
    stream.truncate(0)
    stream.write(f"process {os.getpid()} on {platform.node()}\n")
    stream.flush()
    return stream


def _lock(stream: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            # Behind all that is written, which others may read then.
            os.lseek(stream.fileno(), _PIECE, os.SEEK_SET)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _settle(temporary: Path, path: Path) -> None:
    if path.is_file() and same_bytes(temporary, path):
        return
    temporary.chmod(0o666 & ~_UMASK)
    temporary.replace(path)


def same_bytes(one: Path, other: Path) -> bool:
    """Return whether two files hold the same bytes."""
    return one.stat().st_size == other.stat().st_size and sha256(one) == sha256(other)


def _write_problem(path: Path, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        free = shutil.disk_usage(existing_parent(path)).free // 2**20
        return f"{path}: the disk is full ({free} MB free); this file stays as it was; free some space and run again"
    reason = error.strerror or str(error)
    return f"{path}: cannot be written ({reason}); choose a folder you may write to"


def existing_parent(path: Path) -> Path:
    """Return the nearest folder above `path` that exists."""
    return next(folder for folder in path.absolute().parents if folder.is_dir())


def write_bytes(path: Path, content: bytes) -> Path:
    """Write `content` to `path` whole or not at all and return the path."""
    with replacing(path) as temporary, temporary.open("wb") as stream:
        for start in range(0, len(content), _PIECE):
            stream.write(content[start : start + _PIECE])
    return path


def write_linked(path: Path, content: bytes, same: Path) -> Path:
    """Write `content` to `path`: a second name of the file `same`, which holds it, where the disk has such."""
    if path.exists() or not same.is_file():
        return write_bytes(path, content)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(same, path)
    except OSError:
        return write_bytes(path, content)
    return path


def write_text(path: Path, content: str) -> Path:
    """Write UTF-8 text with Unix line ends to `path`, whole or not at all, and return the path."""
    return write_bytes(path, content.encode("utf-8"))


def xml_text(text: str) -> str:
    r"""Return text with a space for each character that XML cannot hold, so that a file of it opens everywhere.

    Examples
    --------
    >>> xml_text("Camp\x0b7 & <gate>")
    'Camp 7 & <gate>'
    """
    return _NOT_XML.sub(" ", text)


def write_json(path: Path, content: Mapping[str, Any] | Sequence[Any]) -> Path:
    """Write JSON with stable key order and line ends to `path`, whole or not at all, and return the path."""
    return write_text(path, json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
