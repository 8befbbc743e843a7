"""Published lists: registered, fetched, checked and read, each cell kept as printed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

from camps import files, record, settings
from camps.errors import InputError, MissingError
from camps.sources.adding import About, Added, add, parse_mapping, prepare, register, remove
from camps.sources.base import Source, missing_cells
from camps.sources.capturing import Archived, archive, captures, may_be_passed_on, verify_archives
from camps.sources.dated import parse_long
from camps.sources.datum import DatumCheck, check_datum
from camps.sources.fetching import Fetched, fetch, listing, verify
from camps.sources.keeping import Kept
from camps.sources.mapped import complete_mapping, guess_mapping, read_mapped, read_table
from camps.sources.passing import Edition, edition, reading, told_edition
from camps.sources.registry import (
    EVENTS,
    FOOTPRINTS,
    MAPPED,
    NOT_STATED,
    OF_NO_LIST,
    READERS,
    SourceEntry,
    SourceFile,
    entry,
    reader_place,
    registry,
)
from camps.sources.report import Remark, Report
from camps.sources.store import available, check_sum, find, how_to_get, path
from camps.sources.summary import summarise

__all__ = [
    "NOT_STATED",
    "About",
    "Added",
    "Archived",
    "DatumCheck",
    "Edition",
    "Fetched",
    "Remark",
    "Report",
    "Source",
    "SourceEntry",
    "SourceFile",
    "add",
    "archive",
    "available",
    "captures",
    "check_datum",
    "complete_mapping",
    "edition",
    "entry",
    "fetch",
    "find",
    "guess_mapping",
    "how_to_get",
    "listing",
    "lists",
    "may_be_passed_on",
    "missing_cells",
    "parse_long",
    "parse_mapping",
    "path",
    "prepare",
    "read",
    "read_file",
    "read_table",
    "reading",
    "register",
    "registry",
    "remove",
    "summarise",
    "told_edition",
    "verify",
    "verify_archives",
]

#: Lists that were read and are sound: a map, a claim and a page each ask for the same few.
_kept: Kept[Source] = Kept(12)
_MOST_KEPT_BYTES = 8_000_000

#: A function that returns a file as the list that an entry describes.
Reader = Callable[[Path, SourceEntry], Source]


def read(source_id: str) -> Source:
    """Return one registered list as read, if its file has the registered SHA-256.

    A published file is checked before it is read. The bundled record is checked after: it is ours to correct, so the
    row that is wrong is named first.

    Parameters
    ----------
    source_id
        An id of the register.

    Returns
    -------
    Source
        With .entry, .sites, .counts, .parts, .report and .raw; the points are in EPSG:4326, longitude first. Within
        :func:`camps.appendix.public_edition` it is as the public may see it.

    Raises
    ------
    MissingError
        When the source is not registered or its file is not here; the message says how to get it.
    CheckError
        When the file is not the registered one.
    InputError
        When the file cannot be read, or the source holds no list of sites.
    """
    found = _read(source_id)
    shown = edition()
    return found if shown is None else shown.of_list(found)


def _read(source_id: str) -> Source:
    source = entry(source_id)
    found = path(source_id)
    if found.stat().st_size > _MOST_KEPT_BYTES:
        return _read_sound(source, found)
    return _kept.get(_state(source, found), partial(_read_sound, source, found))


def state_of(source_id: str) -> bytes | None:
    """Return the hash of all that decides how a list is read here; nothing where it is too large to be kept.

    Raises
    ------
    MissingError
        When the source is not registered or its file is not here.
    """
    source = entry(source_id)
    found = path(source_id)
    return None if edition() or found.stat().st_size > _MOST_KEPT_BYTES else _state(source, found)


def _read_sound(source: SourceEntry, found: Path) -> Source:
    _reader(source)
    done = read_file(found, source)
    check_sum(found, source.files[0])
    return done


def _state(source: SourceEntry, found: Path) -> bytes:
    """Return the hash of all that decides how a list is read: its entry, its files, the record's words and readers."""
    companions = [other for file in source.files[1:] if (other := find(source, file))]
    own = [settings.home() / settings.RECORD_NAME, *sorted((settings.geodata() / READERS).glob("*.py"))]
    digest = hashlib.sha256(f"{found}\0{source!r}".encode("utf-8", "surrogatepass"))
    for one in (found, *companions, *own):
        digest.update(f"\0{one}\0{files.sha256(one) if one.is_file() else ''}".encode("utf-8", "surrogatepass"))
    return digest.digest()


def lists() -> list[str]:
    """Return the ids of the lists of sites that are here, in the order of the register."""
    return [source_id for source_id in available() if entry(source_id).reader not in OF_NO_LIST]


def read_file(file: Path, source: SourceEntry) -> Source:
    """Return any file read as the list that an entry describes, whatever its SHA-256.

    Parameters
    ----------
    file
        The file.
    source
        The entry whose reader, mapping, options and datum apply.

    Raises
    ------
    MissingError, InputError
        When the file is not there or cannot be read, or the source holds no list of sites.
    """
    return _reader(source)(file, source)


def _reader(source: SourceEntry) -> Reader:
    if source.reader in OF_NO_LIST:
        raise InputError(f"{source.id}: holds no list of sites (format {source.format}); get its files by sources.path")
    place = reader_place(source)
    return read_mapped if place is None else _reader_of_the_record(source, settings.geodata() / place)


def _reader_of_the_record(source: SourceEntry, path: Path) -> Reader:
    """Return the function that a record brings for a list that no mapping can express."""
    function = str(source.reader).partition(":")[2]
    if not path.is_file():
        raise MissingError(
            f"{source.id}: reader {source.reader!r}: no {path}; expected {MAPPED}, {FOOTPRINTS}, {EVENTS}, or that "
            f"file with a function `{function or 'read'}`"
        )
    found = record.load_functions(path).get(function or "read")
    if found is None:
        raise InputError(f"{path}: no function `{function or 'read'}`, which the reader of {source.id} names; write it")
    return cast("Reader", found)
