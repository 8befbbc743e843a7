"""Published lists: registered, fetched, checked and read, each cell kept as printed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from camps.errors import InputError
from camps.sources.adding import About, Added, add, parse_mapping, prepare, register, remove
from camps.sources.aspi import read_aspi
from camps.sources.base import Source, missing_cells
from camps.sources.buzzfeed import read_buzzfeed_2020, read_buzzfeed_2021
from camps.sources.dated import parse_long
from camps.sources.datum import DatumCheck, check_datum, undo_datum
from camps.sources.fetching import Fetched, fetch, listing, verify
from camps.sources.gazetteer import read_gazetteer
from camps.sources.mapped import complete_mapping, guess_mapping, read_mapped, read_table
from camps.sources.osm import read_osm
from camps.sources.registry import SourceEntry, SourceFile, entry, registry
from camps.sources.report import Remark, Report
from camps.sources.store import available, check_sum, path
from camps.sources.summary import summarise

__all__ = [
    "About",
    "Added",
    "DatumCheck",
    "Fetched",
    "Remark",
    "Report",
    "Source",
    "SourceEntry",
    "SourceFile",
    "add",
    "available",
    "check_datum",
    "complete_mapping",
    "entry",
    "fetch",
    "guess_mapping",
    "listing",
    "lists",
    "missing_cells",
    "parse_long",
    "parse_mapping",
    "path",
    "prepare",
    "read",
    "read_file",
    "read_table",
    "register",
    "registry",
    "remove",
    "summarise",
    "undo_datum",
    "verify",
]

_READERS: dict[str, Callable[[Path, SourceEntry], Source]] = {
    "gazetteer": read_gazetteer,
    "aspi": read_aspi,
    "buzzfeed-2020": read_buzzfeed_2020,
    "buzzfeed-2021": read_buzzfeed_2021,
    "osm": read_osm,
    "mapped": read_mapped,
}


def read(source_id: str) -> Source:
    """Return one registered list as read, if its file has the registered SHA-256.

    A published file is checked before it is read. The bundled record is checked after: it is ours to correct, so the
    row that is wrong is named first.

    Parameters
    ----------
    source_id
        An id of the register, such as ``gazetteer`` or ``aspi-xjdp-v1``.

    Returns
    -------
    Source
        With .entry, .sites, .counts, .parts, .report and .raw; the points are in EPSG:4326, longitude first.

    Raises
    ------
    MissingError
        When the source is not registered or its file is not here; the message says how to get it.
    CheckError
        When the file is not the registered one.
    InputError
        When the file cannot be read, or the source holds no list of sites.
    """
    source = entry(source_id)
    _reader(source)
    found = path(source_id)
    done = read_file(found, source)
    check_sum(found, source.files[0])
    return done


def lists() -> list[str]:
    """Return the ids of the lists of sites that are here, in the order of the register."""
    return [source_id for source_id in available() if entry(source_id).reader in _READERS]


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


def _reader(source: SourceEntry) -> Callable[[Path, SourceEntry], Source]:
    if source.reader not in _READERS:
        raise InputError(f"{source.id}: holds no list of sites (format {source.format}); get its files by sources.path")
    return _READERS[source.reader]
