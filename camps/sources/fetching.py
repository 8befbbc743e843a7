"""Fetching published files into the cache: progress, resume, pinned sums, and a plain word about what is missing."""

from __future__ import annotations

import logging
import shutil
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import pandas as pd
import pooch

from camps import files, settings
from camps.errors import CheckError, InputError
from camps.sources import store
from camps.sources.registry import SourceEntry, SourceFile, entry, registry

#: Called with the source id, the file name, the bytes so far and the bytes in all (0 where the server does not say).
Progress = Callable[[str, str, int, int], None]
State = Literal["here", "fetched", "missing"]

TIMEOUT_S = 30
_CHUNK_BYTES = 1 << 16
_LISTED = ("id", "title", "publisher", "date", "format", "datum", "licence", "landing", "citation", "absent")


@dataclass(frozen=True)
class Fetched:
    """What became of one file: here already, fetched now, or missing, with the place or the reason."""

    source_id: str
    name: str
    state: State
    path: Path | None
    detail: str


def fetch(source_ids: Iterable[str] = (), *, progress: Progress | None = None) -> list[Fetched]:
    """Fetch the files of some sources into the cache and return what became of each.

    A file that is bundled, mirrored or cached is checked, not fetched; a damaged copy in the cache is fetched again.
    With ``CAMPS_MIRROR`` set to a URL files come from there, else from their public address. What cannot be had (no
    network, no address) is said and left out; the rest goes on. A broken download is taken up where it stopped.

    Parameters
    ----------
    source_ids
        Ids of the register; all when left out.
    progress
        Called as the bytes come in.

    Raises
    ------
    MissingError
        When an id is not registered.
    CheckError
        When a file has another SHA-256 than registered, here or as fetched; the message names both.
    """
    chosen = [entry(source_id) for source_id in source_ids] or list(registry().values())
    unheld = [
        Fetched(one.id, "", "missing", None, store.how_to_get(one)) for one in chosen if not one.files and source_ids
    ]
    return [*(_one(source, file, progress) for source in chosen for file in source.files), *unheld]


def _one(source: SourceEntry, file: SourceFile, progress: Progress | None) -> Fetched:
    found = store.find(source, file)
    if found == store.cached(source.id, file) and not files.has_sha256(found, file.sha256):
        # Our own copy, and damaged: nobody else's work is lost with it.
        found.unlink()
        found = None
    if found is not None:
        store.check_sum(found, file)
        return Fetched(source.id, file.name, "here", found, str(found))
    url = address(source, file)
    if url is None:
        return Fetched(source.id, file.name, "missing", None, f"has no public address; {store.remedy(source, file)}")
    try:
        place = _download(url, source.id, file, progress)
    except OSError as error:
        if isinstance(error, InputError):
            raise
        return Fetched(source.id, file.name, "missing", None, f"{url} could not be fetched: {_short(error)}")
    return Fetched(source.id, file.name, "fetched", place, url)


def _short(error: OSError) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def address(source: SourceEntry, file: SourceFile) -> str | None:
    """Return the address a file is fetched from: the mirror when it is a URL, else the public one, else ``None``."""
    mirror = settings.mirror()
    if mirror and "://" in mirror:
        return f"{mirror.rstrip('/')}/{source.id}/{urllib.parse.quote(file.name)}"
    return file.url


def _download(url: str, source_id: str, file: SourceFile, progress: Progress | None) -> Path:
    place = store.cached(source_id, file)
    part = place.with_name(f".{place.name}.part")
    _make_folder(place.parent)
    resumed = part.is_file()
    meter = _Meter(source_id, file.name, progress)
    try:
        _retrieve(url, file, place, _Resuming(part, meter))
    except (CheckError, OSError):
        # A server that does not resume sends the file from its start: once more, from nothing.
        if not resumed:
            raise
        part.unlink(missing_ok=True)
        _retrieve(url, file, place, _Resuming(part, meter))
    part.unlink(missing_ok=True)
    return place


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made ({error.strerror}); set CAMPS_CACHE to a folder of yours"
        ) from error


def _retrieve(url: str, file: SourceFile, place: Path, downloader: _Resuming) -> None:
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        pooch.retrieve(url, f"sha256:{file.sha256}", fname=place.name, path=place.parent, downloader=downloader)
    except ValueError as error:
        if isinstance(error, OSError):
            raise
        actual = files.sha256(downloader.part)
        downloader.part.unlink(missing_ok=True)
        raise CheckError(
            f"{url}: SHA-256 is {actual}, expected {file.sha256}; nothing was kept: the published file has changed, "
            "or is not the one registered"
        ) from error
    finally:
        logger.setLevel(level)


class _Meter:
    """What pooch expects of a progress bar, passing the numbers on."""

    def __init__(self, source_id: str, name: str, progress: Progress | None) -> None:
        self.source_id, self.name, self.progress = source_id, name, progress
        self.total = self.before = self.done = 0

    def update(self, size: int) -> None:
        self.done = min(self.done + size, self.total) if self.total else self.done + size
        if self.progress:
            self.progress(self.source_id, self.name, self.before + self.done, self.before + self.total)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        pass


class _Resuming:
    """A downloader for pooch that keeps what has come in beside the cache and goes on from there."""

    def __init__(self, part: Path, meter: _Meter) -> None:
        self.part, self.meter = part, meter

    def __call__(self, url: str, output_file: str, _: Any) -> None:
        stream: IO[bytes]
        with self.part.open("ab") as stream:
            before = stream.tell()
            self.meter.before, self.meter.done = before, 0
            headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={before}-"} if before else {})
            download = pooch.HTTPDownloader(
                progressbar=self.meter, chunk_size=_CHUNK_BYTES, headers=headers, timeout=TIMEOUT_S
            )
            download(url, stream, None)
        shutil.copyfile(self.part, output_file)


def listing() -> pd.DataFrame:
    """Return the register as a table, one row a source.

    Returns
    -------
    DataFrame
        id, title, publisher, date, format, datum, licence, landing, citation, absent, n_files, and ``state``: bundled,
        mirrored, cached, missing, or not at hand (registered without a file; ``absent`` says why).
    """
    rows = [
        {**{name: getattr(source, name) for name in _LISTED}, "n_files": len(source.files), "state": _state(source)}
        for source in registry().values()
    ]
    return pd.DataFrame(rows, columns=[*_LISTED, "n_files", "state"])


def _state(source: SourceEntry) -> str:
    if not source.files:
        return "not at hand"
    found = store.find(source, source.files[0])
    if store.missing(source) or found is None:
        return "missing"
    mirror = store.mirror_folder()
    if mirror is not None and found.is_relative_to(mirror):
        return "mirrored"
    return "cached" if found.is_relative_to(settings.cache()) else "bundled"


def verify(source_ids: Iterable[str] = ()) -> pd.DataFrame:
    """Return whether each registered file that is here has its registered bytes.

    Returns
    -------
    DataFrame
        source_id, name, state (sound, differs, missing), path, expected and actual SHA-256; empty text where there
        is none.

    Raises
    ------
    MissingError
        When an id is not registered.
    """
    chosen = [entry(source_id) for source_id in source_ids] or list(registry().values())
    rows = [_verified(source, file) for source in chosen for file in source.files]
    return pd.DataFrame(rows, columns=["source_id", "name", "state", "path", "expected", "actual"])


def _verified(source: SourceEntry, file: SourceFile) -> dict[str, str]:
    found = store.find(source, file)
    actual = files.sha256(found) if found else ""
    state = "missing" if found is None else "sound" if actual == file.sha256 else "differs"
    return {
        "source_id": source.id, "name": file.name, "state": state, "path": str(found or ""),
        "expected": file.sha256, "actual": actual,
    }  # fmt: skip
