"""The register of published lists: ``geodata/sources.toml`` as checked records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from camps import files, record, settings
from camps.errors import Fault, InputError, MissingError, raise_faults, repeats
from camps.tables import DATUM_FLAGS

REGISTRY_NAME = "sources.toml"
#: The reader that a mapping tells which column is what; a record brings others as files of this folder of its geodata.
MAPPED, READERS = "mapped", "readers"
#: The reader of footprint series, and the roles of their files.
FOOTPRINTS = "footprints"
#: The reader of a table of dated events: what happened when, without a point on a map.
EVENTS = "events"
#: The readers of sources that are no lists of sites.
OF_NO_LIST = (None, FOOTPRINTS, EVENTS)
ROLES = (
    "footprints", "looks", "scenes", "coverage", "repeat", "repeat-looks", "repeat-scenes", "log",
)  # fmt: skip
#: Documented places of a list that have no coordinate, as a table beside it.
UNPLACED = "unplaced"
#: Values of a list's places by date, as a long table beside it.
VALUES = "values"
SOURCE_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_TEXTS = ("id", "title", "publisher", "date", "landing", "licence", "citation", "datum", "format")


#: What stands in the register where nobody said who published a source, or on what terms.
NOT_STATED = "not stated"


@dataclass(frozen=True)
class SourceFile:
    """One published file of a source: its name, its pinned bytes, and where they come from.

    Attributes
    ----------
    name
        File name inside the source's folder; a mirror and the cache hold it as ``<source id>/<name>``.
    sha256
        Expected SHA-256, 64 hexadecimal digits.
    url
        Public address, or ``None`` for a file that is not published on the web.
    bundled
        Path below ``geodata/`` when the file travels with the suite, else ``None``.
    required
        Whether the source can be read only when this file is there.
    role
        What a file of a footprint series holds: one of ``ROLES`` (``repeat`` is a second reading of the same scenes,
        with its own looks and scenes where it has any, ``log`` how a reading was made).
        ``unplaced`` beside a list: documented places without a coordinate; ``values``: a long table of values of its
        places. Empty for any other file.
    title
        What the file is, where that is not plain from the source's title.
    """

    name: str
    sha256: str
    url: str | None = None
    bundled: str | None = None
    required: bool = True
    role: str = ""
    title: str = ""


@dataclass(frozen=True)
class SourceEntry:
    """One source as registered.

    Attributes
    ----------
    id, title, publisher, date, landing, licence, citation, format
        As in ``geodata/sources.toml``; ``date`` is EDTF text.
    datum
        Datum that the coordinates are registered as: wgs84, gcj02, bd09 or unknown.
    files
        The files of the source, the main one first; none of a list that is named and not at hand.
    absent
        Why there is no file of it, and where one is to be had; empty for a source that has files.
    reader
        ``mapped``, ``footprints``, or a reader that the record brings: ``NAME`` is the function ``read`` of
        ``geodata/readers/NAME.py``, ``NAME:function`` another of its functions. ``None`` when the source holds neither.
    namespace
        Numbering that the list's own keys belong to, shared by editions of one list.
    images
        Id of the source of the pictures that a footprint series was read from.
    own_numbers
        Whether numbers in the list's names are its own count of places ("Lop 3"), so that they tell nothing of the
        names of another list; in all other lists a number tells sites apart ("No 514", "No 1418").
    mapping, options
        For the generic reader: field of the ``site`` table → column of the file, and how to read the file.
    """

    id: str
    title: str
    publisher: str
    date: str
    landing: str
    licence: str
    citation: str
    datum: str
    format: str
    files: tuple[SourceFile, ...]
    reader: str | None = None
    namespace: str = ""
    images: str = ""
    own_numbers: bool = False
    absent: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def travels(self) -> bool:
        """Return whether all that is needed to read the source is bundled with its record."""
        return bool(self.files) and all(file.bundled for file in self.files if file.required)

    @property
    def credit(self) -> str:
        """Who published it and what it is called; the title alone where no publisher is stated."""
        return self.title if self.publisher == NOT_STATED else f"{self.publisher}: {self.title}"


def reader_place(entry: SourceEntry) -> str | None:
    """Return the place below geodata/ of the file that reads a source, for one that the record itself brings."""
    own = entry.reader not in (MAPPED, *OF_NO_LIST)
    return f"{READERS}/{str(entry.reader).partition(':')[0]}.py" if own else None


def registry_path() -> Path:
    """Return the path of the register of the record."""
    return settings.geodata() / REGISTRY_NAME


def registry(path: Path | None = None) -> dict[str, SourceEntry]:
    """Return every registered source by its id, in the order of the register.

    Parameters
    ----------
    path
        A register to read instead of ``geodata/sources.toml``.

    Raises
    ------
    MissingError
        When there is no such file; a record that has no register yet has no source.
    InputError
        When it is not TOML, or an entry is incomplete; all faults are named at once.
    """
    where = path or registry_path()
    if path is None and not files.is_there(where):
        return {}
    with files.readable(where):
        return parse_registry(where.read_bytes(), where)


def parse_registry(content: bytes, where: Path) -> dict[str, SourceEntry]:
    """Return the sources that the text of a register describes; `where` names it in messages.

    Raises as :func:`registry` does.
    """
    return dict(_parsed(content, where))


@lru_cache(maxsize=8)
def _parsed(content: bytes, where: Path) -> dict[str, SourceEntry]:
    """Return the sources of a register; the same bytes, asked for by hundreds of sites, are read once."""
    tables = _tables(content, where)
    raise_faults(_faults(tables), where.name)
    return {table["id"]: _entry(table) for table in tables}


def entry(source_id: str, *, path: Path | None = None) -> SourceEntry:
    """Return one registered source.

    Raises
    ------
    MissingError
        When no source of that id is registered; the message lists those that are.
    """
    known = registry(path)
    if source_id not in known:
        raise MissingError(
            f"{source_id}: no such source in {(path or registry_path()).name}; known are {', '.join(known) or 'none'}; "
            "add it with `camps sources add`"
        )
    return known[source_id]


def _tables(content: bytes, where: Path) -> list[dict[str, Any]]:
    tables = record.parse_toml(content, what=str(where)).get("source", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise InputError(f"{where}: `source` is not a list of tables; write each source under [[source]]")
    return tables


def _entry(table: Mapping[str, Any]) -> SourceEntry:
    rest = {name: value for name, value in table.items() if name != "file"}
    return SourceEntry(files=tuple(SourceFile(**file) for file in table.get("file", ())), **rest)


def _faults(tables: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    yield from repeats("source", (str(table.get("id", number)) for number, table in enumerate(tables, 1)))
    for number, table in enumerate(tables, 1):
        where = f"source {table.get('id', number)}"
        yield from _entry_faults(table, where)
        for file in _file_tables(table):
            yield from _file_faults(file, f"{where}, file {file.get('name', '?')}")


def _entry_faults(table: Mapping[str, Any], where: str) -> Iterator[Fault]:
    for name in _TEXTS:
        if not isinstance(table.get(name), str) or not table[name]:
            yield Fault(where, f"{name} = {table.get(name)!r}", "text", f'write {name} = "…"')
    if not SOURCE_ID.fullmatch(str(table.get("id", ""))):
        yield Fault(where, f"id {table.get('id')!r}", "lower-case letters, digits, dots and hyphens")
    if table.get("datum") not in DATUM_FLAGS:
        yield Fault(where, f"datum {table.get('datum')!r}", f"one of {', '.join(DATUM_FLAGS)}")
    if bool(_file_tables(table)) == bool(table.get("absent")):
        found = "files and a reason for having none" if table.get("absent") else "no file"
        yield Fault(where, found, 'at least one [[source.file]], or absent = "why there is none"')
    for name in ("mapping", "options"):
        if not isinstance(table.get(name, {}), dict):
            yield Fault(where, f"{name} = {table[name]!r}", "a table")
    mapping = table.get("mapping")
    if isinstance(mapping, dict) and not all(isinstance(column, str) for column in mapping.values()):
        yield Fault(where, "a mapping to something else than a column name", 'field = "column"')
    yield from _type_faults(table, SourceEntry, where, left=("files", "mapping", "options", *_TEXTS))
    unknown = set(table) - {*SourceEntry.__dataclass_fields__, "file"}
    if unknown:
        yield Fault(where, f"unknown key {', '.join(sorted(unknown))}", "the keys that SourceEntry documents")


def _file_tables(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    held = table.get("file")
    return held if isinstance(held, list) and all(isinstance(file, dict) for file in held) else []


def _file_faults(file: Mapping[str, Any], where: str) -> Iterator[Fault]:
    if not _safe_name(str(file.get("name", ""))):
        yield Fault(where, "a name that leaves the folder, or none", "a relative file name")
    if not files.SHA256.fullmatch(str(file.get("sha256", ""))):
        yield Fault(where, f"sha256 {file.get('sha256')!r}", "64 hexadecimal digits", "run `sha256sum` on the file")
    if not _safe_name(str(file.get("bundled", "x"))):
        yield Fault(where, f"bundled = {file['bundled']!r}", "a path below geodata/")
    yield from _type_faults(file, SourceFile, where)
    unknown = set(file) - set(SourceFile.__dataclass_fields__)
    if unknown:
        yield Fault(where, f"unknown key {', '.join(sorted(unknown))}", ", ".join(SourceFile.__dataclass_fields__))
    if file.get("role", "") not in ("", UNPLACED, VALUES, *ROLES):
        expected = f"one of {', '.join([*ROLES, UNPLACED, VALUES])}"
        yield Fault(where, f"role {file['role']!r}", expected, "leave it out for any other file")


def _type_faults(table: Mapping[str, Any], of: type, where: str, *, left: Sequence[str] = ()) -> Iterator[Fault]:
    """Yield a fault for each key of a dataclass that has another type than it tells, but for those in `left`."""
    for name, told in of.__dataclass_fields__.items():  # type: ignore[attr-defined]
        expected = bool if told.type == "bool" else str
        if name in table and name not in left and not isinstance(table[name], expected):
            yield Fault(where, f"{name} = {table[name]!r}", "true or false" if expected is bool else "text")


def _safe_name(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return all(part not in ("", ".", "..") for part in parts)
