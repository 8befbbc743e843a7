"""Registering a list of one's own: read it as it will be read, keep a copy, write the entry with its hash."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import tomlkit
from tomlkit.exceptions import TOMLKitError

from camps import dates, files, settings
from camps.errors import InputError
from camps.sources import store
from camps.sources.base import Source
from camps.sources.datum import DatumCheck, check_datum
from camps.sources.mapped import complete_mapping, read_rows, read_table, values_table
from camps.sources.registry import (
    FOOTPRINTS,
    NOT_STATED,
    SOURCE_ID,
    VALUES,
    SourceEntry,
    SourceFile,
    parse_registry,
    registry,
    registry_path,
)
from camps.sources.registry import entry as registry_entry
from camps.sources.report import Report
from camps.tables import DATUM_FLAGS

#: EDTF for a year that is not known.
UNKNOWN_DATE = "XXXX"
_SHOWN = (
    "source_key",
    "name_en",
    "name_zh",
    "lat",
    "lon",
    "lat_published",
    "lon_published",
    "opened",
    "closed",
    "tier",
)
N_SHOWN = 5
_HEAD = re.compile(r"\s*\[\[?[^\[\]]+\]\]?\s*(#.*)?$")
_INNER = re.compile(r"\s*\[\[?\s*source\.")


@dataclass(frozen=True)
class About:
    """What is known of a list beyond its rows; each text as it will be cited.

    ``values_file`` is a long table of values of its places, a file of its own beside the list; the option ``long``
    names its columns.
    """

    title: str = ""
    publisher: str = NOT_STATED
    date: str = UNKNOWN_DATE
    landing: str = NOT_STATED
    licence: str = NOT_STATED
    citation: str = ""
    datum: str = "unknown"
    values_file: Path | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def cited(self, title: str) -> str:
        """Return the citation as given, or who published what is called `title`, where that is stated."""
        return self.citation or (title if self.publisher == NOT_STATED else f"{self.publisher}, {title}")


@dataclass(frozen=True)
class Added:
    """A list as registered: its entry, the list as read, and the outcome of the datum check (``None`` if not made)."""

    entry: SourceEntry
    source: Source
    datum: DatumCheck | None

    def first_rows(self, n: int = N_SHOWN) -> pd.DataFrame:
        """Return the first rows as they will be read: keys, names, positions and the printed strings beside them."""
        rows = self.source.records.head(n)
        shown = [name for name in _SHOWN if name in rows and rows[name].notna().any()]
        return pd.DataFrame(rows[shown])


def prepare(
    path: Path, source_id: str, about: About | None = None, *, trusted: gpd.GeoDataFrame | None = None
) -> Added:
    """Return a local file as it would be registered and read; nothing is written.

    Parameters
    ----------
    path
        The file: CSV, TSV, XLSX, XLS, ODS, KML, KMZ, GeoJSON, GeoPackage, Shapefile (as one ZIP) or GeoParquet.
    source_id
        The id to give it: lower-case letters, digits, dots and hyphens.
    about
        Title, publisher, mapping and so on; what plain column names suggest is added to the mapping, and a field
        that is mapped to empty text is none.
    trusted
        ``site`` table in WGS 84 to check the datum against; no check when left out.

    Raises
    ------
    MissingError, InputError
        When the file cannot be read through the mapping, or the id or the datum is not one.
    """
    told = about or About()
    if not SOURCE_ID.fullmatch(source_id):
        raise InputError(
            f"id {source_id!r}: expected lower-case letters, digits, dots and hyphens, such as my-list-2024"
        )
    if told.datum not in DATUM_FLAGS:
        raise InputError(f"datum {told.datum!r}: expected one of {', '.join(DATUM_FLAGS)}")
    report = Report()
    # The sum is of the bytes before they are read; `add` holds what it keeps against it.
    sha256 = files.sha256(path)
    with report.settling(path.name):
        raw = read_table(path, report, options=told.options).frame
        mapping = complete_mapping(raw, told.mapping, dates.rules_of(told.options))
        entry = _entry(path, source_id, replace(told, mapping=mapping), sha256)
        values = values_table(entry, report, told.values_file)
        source = read_rows(raw, entry, report, path.name, values=values)
    if trusted is None:
        return Added(entry, source, None)
    if entry.datum in ("wgs84", "unknown"):
        return Added(entry, source, check_datum(source.records, trusted))
    # As printed, with no datum undone.
    printed = read_rows(raw, replace(entry, datum="wgs84"), Report(), path.name, values=values)
    return Added(entry, source, check_datum(printed.records, trusted))


def _entry(path: Path, source_id: str, about: About, sha256: str) -> SourceEntry:
    title = about.title or path.stem
    beside = about.values_file
    if beside and "long" not in about.options:
        raise InputError(f"{beside}: a table of values beside a list; say --long PLACE,DATE,VALUE with its columns")
    held = [SourceFile(path.name, sha256)]
    if beside:
        held.append(SourceFile(beside.name, files.sha256(beside), role=VALUES))
    return SourceEntry(
        id=source_id, title=title, publisher=about.publisher, date=about.date, landing=about.landing,
        licence=about.licence, citation=about.cited(title), datum=about.datum,
        format=path.suffix.removeprefix(".").casefold() or "csv", files=tuple(held),
        reader="mapped", namespace=source_id, mapping=about.mapping, options=dict(about.options),
    )  # fmt: skip


def add(path: Path, source_id: str, about: About | None = None, *, trusted: gpd.GeoDataFrame | None = None) -> Added:
    """Register a local file as a source: copy it into the record and write its entry, with its hash, to the register.

    Parameters
    ----------
    path, source_id, about, trusted
        As for :func:`prepare`.

    Returns
    -------
    Added
        The entry, the list as read, and the datum check; :meth:`Added.first_rows` shows how it is read.

    Raises
    ------
    MissingError, InputError
        As :func:`prepare`, and when the id is registered already with another file.
    """
    if source_id in registry():
        raise InputError(
            f"{source_id}: registered already; choose another id, or `camps sources remove {source_id}` first"
        )
    if path.suffix.casefold() == ".shp":
        raise InputError(f"{path}: one of several files of a Shapefile; put them into one .zip and add that")
    added = prepare(path, source_id, about, trusted=trusted)
    sources = (path, about.values_file) if about and about.values_file else (path,)
    kept = [store.kept(source_id, file) for file in added.entry.files]
    register(added.entry, dict(zip(kept, sources, strict=True)))
    return added


def register(entry: SourceEntry, copies: Mapping[Path, Path]) -> None:
    """Write an entry to the register, its comments and order kept, once its files (target by source) are copied.

    Raises
    ------
    InputError
        When the id is registered already, or the register would not be sound; nothing is written then.
    """
    where = registry_path()
    text = _with_entry(where, entry)
    parse_registry(text.encode("utf-8"), where)
    sums = {file.sha256 for file in entry.files}
    for target, source in copies.items():
        content = source.read_bytes()
        if hashlib.sha256(content).hexdigest() not in sums:
            raise InputError(f"{source}: was changed while it was read; nothing was registered: add it again")
        files.write_bytes(target, content)
    files.write_text(where, text)


def remove(source_id: str) -> SourceEntry:
    """Undo :func:`add`: take a source out of the register, whose order and comments stay, and its copies with it.

    Returns
    -------
    SourceEntry
        The entry as it was.

    Raises
    ------
    MissingError
        When no source of that id is registered.
    InputError
        When it was not added from a local file: what is bundled or published is not removed.
    """
    where = registry_path()
    source = registry_entry(source_id)
    own = f"{FOOTPRINTS}/{source_id}/"
    if any(file.url or not (file.bundled or own).startswith(own) for file in source.files):
        raise InputError(f"{source_id}: bundled or published, not added from a file; its entry in {where} stays")
    with files.readable(where):
        text = where.read_text(encoding="utf-8")
    left = _without_entry(text, source_id)
    if parse_registry(left.encode("utf-8"), where) != {k: v for k, v in registry().items() if k != source_id}:
        raise InputError(f"{where}: the entry of {source_id} cannot be told from its neighbours; take it out by hand")
    files.write_text(where, left)
    for file in source.files:
        copy = settings.geodata() / file.bundled if file.bundled else store.kept(source_id, file)
        for place in (copy, store.cached(source_id, file)):
            place.unlink(missing_ok=True)
    return source


def _without_entry(text: str, source_id: str) -> str:
    """Return the text of a register without the lines of one entry; comments above the next entry stay."""
    lines = text.splitlines(keepends=True)
    heads = [at for at, line in enumerate(lines) if _HEAD.match(line) and not _INNER.match(line)] + [len(lines)]
    for start, end in pairwise(heads):
        block = tomlkit.parse("".join(lines[start:end])).unwrap().get("source", [])
        if isinstance(block, list) and any(one.get("id") == source_id for one in block):
            while end > start + 1 and re.match(r"\s*(#|$)", lines[end - 1]):
                end -= 1  # noqa: PLW2901
            rest = lines[end:]
            return "".join(lines[:start] + (rest if any(map(str.strip, rest)) else []))
    return text


def _with_entry(where: Path, entry: SourceEntry) -> str:
    """Return the text of the register with one entry more, its comments and order kept."""
    document = _document(where)
    document.setdefault("source", tomlkit.aot()).append(_table(entry))
    return tomlkit.dumps(document)


def _document(where: Path) -> tomlkit.TOMLDocument:
    if not where.is_file():
        return tomlkit.document()
    with files.readable(where):
        text = where.read_text(encoding="utf-8")
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise InputError(f"{where}: not TOML ({error}); mend the line it names") from error


def _table(entry: SourceEntry) -> Any:
    table = tomlkit.table()
    for name in ("id", "title", "publisher", "date", "landing", "licence", "citation", "datum", "format", "reader"):
        table[name] = getattr(entry, name)
    table["namespace"] = entry.namespace
    for name in ("images", "own_numbers"):
        if getattr(entry, name):
            table[name] = getattr(entry, name)
    for name in ("mapping", "options"):
        if getattr(entry, name):
            table[name] = dict(getattr(entry, name))
    held = tomlkit.aot()
    for file in entry.files:
        told = {name: value for name, value in asdict(file).items() if value not in (None, "", True)}
        held.append(tomlkit.item(told))
    table["file"] = held
    return table


def parse_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Return a mapping from texts such as ``name_en=Facility name``, as a command line gives them.

    ``opened=`` maps no column, although one may be called so.

    Raises
    ------
    InputError
        When a text has no ``=``.
    """
    parted = {pair: re.fullmatch(r"\s*([\w./*-]+)\s*=\s*(.*?)\s*", pair, re.DOTALL) for pair in pairs}
    for pair, found in parted.items():
        if found is None:
            raise InputError(f"mapping {pair!r}: expected FIELD=COLUMN, such as lat=Latitude")
    return {found[1]: found[2] for found in parted.values() if found}
