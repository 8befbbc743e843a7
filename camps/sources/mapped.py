"""The reader of any list: a small mapping says which column is what; the rest is found, mended or refused by name.

A mapping goes from a field of the ``site`` table to a column of the file, for example
``{"key": "No.", "name_en": "Name", "lat": "Latitude", "lon": "Longitude", "opened": "First seen"}``.
"""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from camps import crs, dates, languages, settings, tables
from camps.errors import Fault, InputError, raise_faults
from camps.sources import store
from camps.sources.base import (
    Source,
    count_frame,
    dates_of,
    no_counts,
    null_blank,
    numbers_of,
    references_of,
    require_columns,
    settled,
    site_frame,
    use_texts,
)
from camps.sources.coordinates import printed_precision_m
from camps.sources.dated import REFERENCES, expanded, field_faults, groups_of, metric_and_date, widened
from camps.sources.encodings import misread
from camps.sources.geofiles import read_geofile
from camps.sources.geojson import read_geojson
from camps.sources.kml import read_kml
from camps.sources.positions import FIELDS as POSITION_FIELDS
from camps.sources.positions import read_positions, uses_geometry
from camps.sources.registry import VALUES, SourceEntry
from camps.sources.report import MOST_ROWS_NAMED, Place, Report
from camps.sources.shapes import GEOMETRY, LAT, LON, point_of
from camps.sources.text import MOST_ROWS, Layout, RawTable, read_delimited
from camps.sources.values import missing_kind

TEXT_FIELDS = (
    *(f"name_{tag}" for tag in languages.table()), "name_other", "system", "country", "admin1", "admin2", "admin3",
    "category", "corroboration", "status_reason", "note", "level", "area_code", "enterprise", "date_basis",
    "coord_source_title", "coord_source_url",
)  # fmt: skip
DATE_FIELDS = ("opened", "closed", "last_known", "vanished", "status_date")
#: Fields that one value can stand for in the whole list.
CONSTANTS = (*TEXT_FIELDS, "tier", "status", "r95_m")
OTHER_FIELDS = ("key", "tier", "r95_m", "status", "part_of")
OPTIONS = (
    "encoding", "delimiter", "decimal", "header_row", "header_rows", "sheet", "layer", "crs", "constants", "null",
    "date_order", "edtf", "century", "long",
)  # fmt: skip
#: Options about what cells say, whatever the format.
_OF_ALL = ("decimal", "constants", "null", "date_order", "edtf", "century", "long")

#: Names of columns that a group of the list's own may not have.
_TAKEN = {
    *tables.schema("site").columns, *tables.schema("series").columns, "geometry", "row", "part_of", "n_parts",
    "references", "verbatim", "site", "group", "day",
}  # fmt: skip
MOST_TIER = 1000
#: So many columns that are not mapped are named.
MOST_NAMED = 12
#: Fields whose cells are kept as text, so that only a blank says nothing.
_KEPT_AS_TEXT = (*TEXT_FIELDS, "key", "status", "part_of")
_FORMULA = re.compile(r"\s*(=|@[A-Za-z]|\+[A-Za-z(])")

#: What a column of names is called in lists of a language, besides ``name_`` and its tag.
_NAME_WORDS = {
    "zh": ("chinese", "chinese name", "名称", "中文名"), "ru": ("название", "наименование", "лагерь"), "uk": ("назва",),
    "fr": ("nom",), "es": ("nombre",), "ar": ("الاسم",), "ko": ("이름", "명칭"), "km": ("ឈ្មោះ",),
}  # fmt: skip
_GUESSES: dict[str, tuple[str, ...]] = {
    "key": ("id", "number", "no", "nr", "#", "key", "ref", "编号"),
    "name_en": ("name", "name_en", "site", "title", "facility", "name_code", "name_id"),
    **{
        f"name_{tag}": (f"name_{tag}", *_NAME_WORDS.get(tag, ()))
        for tag in [*_NAME_WORDS, *languages.table()]
        if tag != "en"
    },
    "lat": ("lat", "latitude", "y", "ycoord", "纬度", "широта", "breitengrad", "latitud", "خط العرض", "위도"),
    "lon": (
        "lon", "long", "lng", "longitude", "x", "xcoord", "经度", "долгота", "довгота", "längengrad", "longitud",
        "خط الطول", "경도",
    ),
    "latlon": ("coordinates", "coords", "latlon", "lat/lon", "lat, lon", "position", "坐标"),
    "opened": (
        "opened", "opening", "founded", "start", "begin", "открыт", "открыта", "открыто", "дата открытия", "відкрито",
        "eröffnet", "ouvert", "ouverture", "apertura",
    ),
    "closed": (
        "closed", "closing", "end", "закрыт", "закрыта", "закрыто", "дата закрытия", "закрито", "geschlossen", "fermé",
        "fermeture", "cierre",
    ),
    "country": ("country", "страна", "країна", "pays", "país", "国家"),
    "admin1": ("province", "admin1", "region", "регион", "область"), "admin2": ("prefecture", "admin2"),
    "admin3": ("county", "town", "admin3"), "tier": ("tier",),
}  # fmt: skip


def read_table(path: Path, report: Report, *, format: str = "", options: Mapping[str, Any] | None = None) -> RawTable:
    """Return a file of any known format as a table of text, with a geometry column where it has one.

    Parameters
    ----------
    path
        A CSV, TSV, XLSX, XLS, ODS, KML, KMZ, GeoJSON, GeoPackage, Shapefile, FlatGeobuf or (Geo)Parquet file.
    report
        Takes the remarks.
    format
        Which of them, when the suffix does not say.
    options
        encoding, delimiter, header_rows, sheet, layer or crs, where they are not to be found.

    Raises
    ------
    MissingError, InputError
        As the readers of each format.
    """
    told = dict(options or {})
    kind = (format or path.suffix.removeprefix(".")).casefold()
    family = _FAMILY.get(kind, "text")
    raise_faults(_option_faults(told, _TAKES[family]), path.name)
    taken = {name: told[name] for name in _TAKES[family] if name in told}
    where = {name: taken.pop(name) for name in ("header_row", "header_rows") if name in taken}
    return _READ[family](path, report, **taken, **({"layout": Layout(**where)} if where else {}))


_FAMILY = {
    "xlsx": "xlsx", "xlsm": "xlsx", "xls": "xls", "ods": "ods", "kml": "kml", "kmz": "kml", "geojson": "geojson",
    "json": "geojson", "gpkg": "geofile", "shp": "geofile", "zip": "geofile", "fgb": "geofile", "parquet": "geofile",
    "geoparquet": "geofile", "shapefile": "geofile", "shz": "geofile", "gml": "geofile", "gpx": "geofile",
    "topojson": "geojson",
}  # fmt: skip


def _workbook(kind: str) -> Callable[..., RawTable]:
    """Return a reader of workbooks; what it stands on takes long to load, and is loaded when there is one to read."""

    def read(path: Path, report: Report, **told: Any) -> RawTable:
        workbooks = importlib.import_module("camps.sources.workbooks")
        table: RawTable = workbooks.read_workbook(path, report, kind, **told)
        return table

    return read


_READ: dict[str, Callable[..., RawTable]] = {
    "text": read_delimited, "xlsx": _workbook("xlsx"), "xls": _workbook("xls"), "ods": _workbook("ods"),
    "kml": read_kml, "geojson": read_geojson, "geofile": read_geofile,
}  # fmt: skip
_TAKES = {
    "text": ("encoding", "delimiter", "header_row", "header_rows"), "xlsx": ("sheet", "header_row", "header_rows"),
    "xls": ("sheet", "header_row", "header_rows", "encoding"), "ods": ("sheet", "header_row", "header_rows"),
    "kml": ("layer",), "geojson": ("crs", "layer"), "geofile": ("layer", "crs", "encoding"),
}  # fmt: skip


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


#: What each option has to be.
_SOUND: dict[str, tuple[Callable[[Any], bool], str]] = {
    "header_rows": (lambda value: value in (1, 2), "1 or 2"),
    "header_row": (lambda value: isinstance(value, int) and 1 <= value <= MOST_ROWS, "the number of a row"),
    "null": (lambda value: isinstance(value, list) and all(map(_is_text, value)), "a list of texts"),
    "long": (lambda value: isinstance(value, list) and len(value) in (3, 4), "columns of place, date and value"),
    "decimal": (lambda value: value in (",", "."), "a comma or a dot"),
    "date_order": (lambda value: value in get_args(dates.Order), "dmy, mdy or ymd"),
    "edtf": (lambda value: isinstance(value, bool), "true or false"),
    "century": (lambda value: type(value) is int and 1 <= value <= 9900, "the first of a hundred years, such as 1900"),
    "delimiter": (lambda value: _is_text(value) and len(value) == 1, "one character"),
}


def _option_faults(options: Mapping[str, Any], taken: Sequence[str]) -> Iterator[Fault]:
    for name, value in options.items():
        where = f"option {name!r}"
        sound, expected = _SOUND.get(name, (_is_text, "text"))
        if name not in OPTIONS:
            yield Fault(where, "no such option", f"one of {', '.join(OPTIONS)}")
        elif name not in {*taken, *_OF_ALL}:
            yield Fault(where, "one that this format has no use for", f"one of {', '.join([*taken, *_OF_ALL])}")
        elif name == "constants":
            fields = value if isinstance(value, Mapping) else {repr(value): ""}
            unknown = [what for what in fields if what not in CONSTANTS]
            yield from (Fault(where, what, f"one of {', '.join(CONSTANTS)}") for what in unknown)
        elif not sound(value):
            yield Fault(where, repr(value), expected)


def guess_mapping(table: pd.DataFrame) -> dict[str, str]:
    """Return the mapping that the column names suggest, field → column; only what they say plainly."""
    named = {str(column).strip().casefold(): str(column) for column in reversed(table.columns) if column != GEOMETRY}
    found = {what: next((named[name] for name in names if name in named), "") for what, names in _GUESSES.items()}
    mapping = {what: column for what, column in found.items() if column}
    has_both = "lat" in mapping and "lon" in mapping
    unneeded = POSITION_FIELDS if GEOMETRY in table else ("latlon",) if has_both else ("lat", "lon")
    return {what: column for what, column in mapping.items() if what not in unneeded}


def complete_mapping(
    table: pd.DataFrame, told: Mapping[str, str], rules: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Return a mapping with what the column names suggest added to it.

    What is told goes first: its columns are not guessed for another field, nor a second way to a position. A field
    told as empty text is none, and a pattern such as ``prisoners.*`` is replaced by the columns it stands for, whose
    dates are read by `rules`; see :func:`camps.dates.read_dates`.

    Raises
    ------
    InputError
        For a pattern that stands for no column.
    """
    told = expanded(told, map(str, table.columns), rules)
    both = {"latlon", "lonlat"}
    not_guessed = {*told, *(POSITION_FIELDS if both & set(told) else both if {"lat", "lon"} & set(told) else ())}
    guessed = guess_mapping(table)
    added = {what: name for what, name in guessed.items() if what not in not_guessed and name not in told.values()}
    return {what: column for what, column in {**told, **added}.items() if column}


@settled
def read_mapped(path: Path, entry: SourceEntry, report: Report) -> Source:
    """Return any list as a source, through the entry's mapping and options.

    Rows without a position are dropped and reported; a position that cannot be read, or is no place on earth, is a
    fault, and all faults are named at once. Latitude and longitude that are plainly swapped are put right and
    reported; points in the sea are noted. Ids used twice are numbered apart.

    Parameters
    ----------
    path
        The file.
    entry
        Gives the mapping, the options, the datum and the format.
    report
        Takes the remarks and the account; :func:`camps.sources.base.settled` brings it.

    Raises
    ------
    MissingError, InputError
        When the file is not there, cannot be read, lacks a mapped column, or holds positions that cannot be read.
    """
    raw = read_table(path, report, format=entry.format, options=entry.options).frame
    return read_rows(raw, entry, report, path.name, values=values_table(entry, report))


def values_table(entry: SourceEntry, report: Report, path: Path | None = None) -> pd.DataFrame | None:
    """Return the long table of values that stands beside a list, at `path` or where the register has it, or None."""
    file = next((file for file in entry.files if file.role == VALUES), None)
    if file is None:
        return None
    found = path or store.path(entry.id, file.name)
    options = {name: entry.options[name] for name in ("encoding", "delimiter") if name in entry.options}
    return read_table(found, report, options=options).frame


def read_rows(
    raw: pd.DataFrame, entry: SourceEntry, report: Report, name: str, *, values: pd.DataFrame | None = None
) -> Source:
    """Return the rows of a table as :func:`read_table` gives it, as a source; `name` is the file in messages.

    `values` is the long table beside it, see :func:`values_table`. Raises as :func:`read_mapped` does.
    """
    if not report.taken["row"]:
        # Of a geographic file the reader has accounted for the features; from here on each place is a row.
        report.take("row", len(raw))
    rules = dates.rules_of(entry.options)
    mapping = expanded(entry.mapping, map(str, raw.columns), rules) or guess_mapping(raw)
    told, mapping = _with_long(raw, mapping, entry, report, values)
    _check_mapping(mapping, told, name)
    _note_unmapped(raw, mapping, report, entry.options.get("long", ()))
    _note_texts(raw, report, is_told="encoding" in entry.options)
    report.take("cell", int(_says(told, mapping).sum()))
    rows = _without_null(told, mapping, entry.options.get("null", ()), report)
    says = _says(rows, mapping)
    placed = read_positions(rows, mapping, name, report)
    is_placed = rows.index.isin(placed.index)
    report.note("cell", int(says[~is_placed].sum()))
    report.use("cell", int(_says(rows[is_placed], mapping, POSITION_FIELDS).sum()))
    records = _records(rows, placed, mapping, entry, report)
    source = replace(_as_source(rows, records, mapping, entry, report), raw=raw)
    report.use("row", len(source.sites) + len(source.parts))
    return source


def _with_long(
    raw: pd.DataFrame, mapping: dict[str, str], entry: SourceEntry, report: Report, values: pd.DataFrame | None
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a table with the values of its long form in columns, mapped to themselves."""
    long = entry.options.get("long")
    if not long:
        return raw, mapping
    mapping = mapping if "key" in mapping or values is not None else {"key": long[0], **mapping}
    if mapping.get("key") not in raw:
        raise InputError(f"{entry.id}: a table of values beside a list names places by the list's ids; map key=COLUMN")
    name = next((file.name for file in entry.files if file.role == VALUES), entry.files[0].name)
    rules = dates.rules_of(entry.options)
    said = {*mapping.values(), GEOMETRY, LON, LAT}
    told = widened(raw, long, report, name, values=values, key=mapping["key"], said=said, rules=rules)
    return told, mapping | {field: field for field in told.columns.difference(raw.columns, sort=False)}


def _without_null(raw: pd.DataFrame, mapping: Mapping[str, str], null: Iterable[str], report: Report) -> pd.DataFrame:
    """Return the table with the mapped cells blank that print a text which means nothing in this list."""
    texts = {text.strip().casefold() for text in null}
    rows = raw.copy(deep=False)
    for column in dict.fromkeys(mapping.values()) if texts else ():
        is_null = raw[column].map(lambda text: text.strip().casefold() in texts)
        if is_null.any():
            only = {what: name for what, name in mapping.items() if name == column}
            shown = ", ".join(sorted(set(raw.loc[is_null, column]))[:3])
            report.add("noted", "cells that mean nothing in this list; taken as blank", column=column, value=shown,
                       piece="cell", pieces=int(_says(raw[is_null], only).sum()))  # fmt: skip
            rows[column] = raw[column].mask(is_null, "")
    return rows


def _note_unmapped(raw: pd.DataFrame, mapping: Mapping[str, str], report: Report, long: Sequence[str]) -> None:
    columns = list(map(str, raw.columns.drop([GEOMETRY, LON, LAT], errors="ignore")))
    used = {*mapping.values(), *(name.rpartition("=")[2] for name in long)}
    left = [name for name in columns if name not in used]
    if left:
        named = ", ".join(left[:MOST_NAMED]) + (" …" if len(left) > MOST_NAMED else "")
        report.add("noted", f"{len(left)} of {len(columns)} columns are not mapped and not read: {named}")


def _says(raw: pd.DataFrame, mapping: Mapping[str, str], fields: Container[str] | None = None) -> NDArray[np.int64]:
    """Return how many mapped cells of each row say something: text that is not blank, or what is no kind of nothing."""
    says = np.zeros(len(raw), dtype=np.int64)
    for what, column in mapping.items():
        if fields is None or what in fields:
            as_text = what in _KEPT_AS_TEXT or ("." in what and not what.startswith(f"{REFERENCES}."))
            says += raw[column].map(str.strip if as_text else _says_something).astype(bool).to_numpy()
    return says


def _says_something(text: str) -> bool:
    return missing_kind(text) is None


def _check_mapping(mapping: Mapping[str, str], raw: pd.DataFrame, name: str) -> None:
    known = {*TEXT_FIELDS, *DATE_FIELDS, *POSITION_FIELDS, *OTHER_FIELDS}
    faults = [
        Fault(
            f"mapping {what!r}",
            "no such field",
            f"one of {', '.join(sorted(known))}, references.LIST, group.NAME or METRIC.DATE",
        )
        for what in mapping
        if what not in known and "." not in what
    ]
    faults += field_faults([what for what in mapping if what not in known and "." in what], _TAKEN)
    raise_faults(faults, name)
    require_columns(raw.drop(columns=GEOMETRY, errors="ignore"), mapping.values(), name)
    if GEOMETRY not in raw and not ({"lat", "lon"} <= set(mapping) or {"latlon", "lonlat"} & set(mapping)):
        columns = ", ".join(map(str, raw.columns[:12]))
        raise InputError(
            f"{name}: no column is mapped to lat and lon, or to latlon; its columns are {columns}: say "
            "--map lat=COLUMN --map lon=COLUMN"
        )


def _note_texts(raw: pd.DataFrame, report: Report, *, is_told: bool) -> None:
    """Note texts that look like formulas, and those in which characters were lost or exchanged before we had them."""
    for column in raw.columns.drop(GEOMETRY, errors="ignore"):
        strange = {0: str(column)} if not str(column).isascii() else {}
        for row, text in raw[column].items():
            if _FORMULA.match(text):
                reason = "looks like a formula; kept as text"
                report.add("noted", reason, row=int(str(row)), column=str(column), value=text)
            if not text.isascii():
                strange[int(str(row))] = text
        _note_lost(strange, str(column), report, is_told=is_told)


def _note_lost(texts: Mapping[int, str], column: str, report: Report, *, is_told: bool) -> None:
    lost = [row for row, text in texts.items() if "\ufffd" in text]
    if lost:
        reason = (
            f"\ufffd in {_cells(lost)}: bytes that were no text were replaced before the file was saved; nobody can "
            "read them from it: get the list as it was before"
        )
        report.add("noted", reason, row=lost[0], column=column, value=texts[lost[0]], pieces=len(lost))
    meant = {row: said for row, text in texts.items() if (said := misread(text))}
    if meant:
        first, *_ = meant
        remedy = "say --encoding utf-8" if is_told else "the file was saved so: get it as it was before, in UTF-8"
        reason = f"UTF-8 read in another encoding, probably {meant[first][:60]!r}, in {_cells([*meant])}; {remedy}"
        report.add("noted", reason, row=first, column=column, value=texts[first], pieces=len(meant))


def _cells(rows: Sequence[int]) -> str:
    """Return how many cells are meant, and the rows of the first; row 0 is the name of the column."""
    named = ", ".join("its name" if row == 0 else f"row {row}" for row in rows[:MOST_ROWS_NAMED])
    return f"{len(rows):,} cells ({named}{', …' if len(rows) > MOST_ROWS_NAMED else ''})" if len(rows) > 1 else named


def _records(
    raw: pd.DataFrame, placed: pd.DataFrame, mapping: Mapping[str, str], entry: SourceEntry, report: Report
) -> gpd.GeoDataFrame:
    rows = raw if len(placed) == len(raw) else raw.loc[placed.index]
    columns: dict[str, Any] = {**placed, **entry.options.get("constants", {})}
    named = {name: mapping[name] for name in TEXT_FIELDS if name in mapping} | groups_of(mapping)
    texts = {name: null_blank(rows[column]) for name, column in named.items()}
    use_texts(report, pd.DataFrame(texts), texts)
    columns |= texts
    columns["source_key"] = _keys(rows, mapping, report)
    columns["references"] = _references(rows, mapping, report)
    if "r95_m" not in columns:
        columns["r95_m"] = _reaches_m(rows, placed, mapping)
        if "r95_m" in mapping:
            stated = _numbers(rows, mapping["r95_m"], entry, report, positive=True)
            columns["r95_m"] = stated.fillna(columns["r95_m"])
    if "tier" in mapping:
        columns["tier"] = _numbers(rows, mapping["tier"], entry, report, whole=True, most=MOST_TIER).astype("Int64")
    if "status" in mapping:
        status = null_blank(rows[mapping["status"]])
        report.use("cell", int(status.notna().sum()))
        columns["status"] = status.str.casefold().fillna("active")
    columns["system"] = pd.Series(columns.get("system", pd.NA), index=rows.index, dtype="string").fillna("unknown")
    records = site_frame(columns, entry, index=rows.index)
    for name in DATE_FIELDS:
        if name in mapping:
            printed, rules = rows[mapping[name]], dates.rules_of(entry.options)
            records[name] = dates_of(printed, records, mapping[name], report, published=entry.date, **rules)
    _note_reversed(records, mapping, report)
    return records


def _note_reversed(records: gpd.GeoDataFrame, mapping: Mapping[str, str], report: Report) -> None:
    """Say which places closed before they opened: one of the two dates is wrong, and none of them is ever open."""
    opened, closed = (dates.intervals(records[name]) for name in ("opened", "closed"))
    for at, (begin, end) in enumerate(zip(opened, closed, strict=True)):
        if begin is not None and end is not None and end.before(begin):
            place, printed = records.iloc[at], records["opened"].iloc[at]
            reason = f"closed before it opened ({printed}), so that it is never open on a map; both kept as printed"
            where = Place(int(place["row"]), place["source_key"], mapping.get("closed", ""))
            report.add("noted", reason, **where._asdict(), value=str(place["closed"]))


def _keys(rows: pd.DataFrame, mapping: Mapping[str, str], report: Report) -> pd.Series:
    if "key" not in mapping:
        report.add("noted", "no column of ids is mapped; the row number in the file stands for it")
        return rows.index.astype(str).to_series(rows.index)
    column = mapping["key"]
    printed = rows[column].str.strip()
    report.use("cell", int((printed != "").sum()))
    keys = printed.mask(printed == "", "row-" + rows.index.astype(str).to_series(rows.index))
    again = keys.duplicated(keep=False).to_numpy()
    taken: Container[str] = set(keys) if again.any() else ()
    used: Counter[str] = Counter()
    given: set[str] = set()
    renamed: dict[int, str] = {}
    for at in map(int, np.flatnonzero(again | (printed == "").to_numpy())):
        key = new = keys.iloc[at]
        used[key] += 1
        while used[key] > 1 and (new == key or new in taken or new in given):
            new = f"{key}-{used[key]}" if new == key else f"{new}x"
        given.add(new)
        if new != printed.iloc[at]:
            reason = "id used before; numbered apart" if printed.iloc[at] else "no id; the row number stands for it"
            place = Place(int(rows.index[at]), key, column)
            report.add("mended", f"{reason} as {new}", **place._asdict(), value=rows[column].iloc[at])
            renamed[at] = new
    keys.iloc[list(renamed)] = pd.Series(list(renamed.values()), dtype=keys.dtype)
    return keys


def _references(rows: pd.DataFrame, mapping: Mapping[str, str], report: Report) -> pd.Series:
    named = {column: what.partition(".")[2] for what, column in mapping.items() if what.startswith("references.")}
    return references_of(rows, named, report)


def _reaches_m(rows: pd.DataFrame, placed: pd.DataFrame, mapping: Mapping[str, str]) -> pd.Series:
    """Return the usual r95, or what the printed digits or the outline allow where that is more."""
    if uses_geometry(rows, mapping):
        corners, at = shapely.get_coordinates(rows[GEOMETRY], return_index=True)
        points = shapely.get_coordinates([point_of(shape) for shape in rows[GEOMETRY]])
        # Of a place that was put right the outline is turned with its point.
        turned = (points != placed[["lon", "lat"]].to_numpy()).any(axis=1)
        points[turned], corners[turned[at]] = points[turned, ::-1], corners[turned[at], ::-1]
        reach_m = pd.Series(crs.distance_m(tuple(corners.T), tuple(points[at].T))).groupby(at).max()
        return pd.Series(np.maximum(settings.DEFAULT_R95_M, reach_m.to_numpy()), index=rows.index)
    printed = [
        max(printed_precision_m(lat), printed_precision_m(lon))
        for lat, lon in zip(placed["lat_published"], placed["lon_published"], strict=True)
    ]
    return pd.Series(np.maximum(settings.DEFAULT_R95_M, printed), index=rows.index)


def _numbers(rows: pd.DataFrame, column: str, entry: SourceEntry, report: Report, **kind: Any) -> pd.Series:
    decimal = entry.options.get("decimal", "")
    return numbers_of(rows[column], report, entry.files[0].name, decimal=decimal, **kind)


def _as_source(
    raw: pd.DataFrame, records: gpd.GeoDataFrame, mapping: Mapping[str, str], entry: SourceEntry, report: Report
) -> Source:
    records["part_of"] = _wholes(raw, records, mapping, report)
    is_part = records["part_of"].notna()
    parts = records[is_part].reset_index(drop=True)
    sites = records[~is_part].drop(columns="part_of").reset_index(drop=True)
    sites["n_parts"] = sites["site_id"].map(parts["part_of"].value_counts()).fillna(0).astype("int64")
    fields = {what: column for what, column in mapping.items() if metric_and_date(what)}
    told = {"source": entry.id, "decimal": entry.options.get("decimal", ""), "groups": list(groups_of(mapping))}
    counts = count_frame(raw.loc[sites["row"]], sites, fields, report, **told) if fields else no_counts()
    _note_uncounted(raw.loc[parts["row"]], fields.values(), report)
    return Source(entry, sites, counts, parts, report, raw)


def _note_uncounted(parts: pd.DataFrame, columns: Iterable[str], report: Report) -> None:
    for column in columns:
        for row, text in parts.loc[parts[column].map(str.strip).astype(bool), column].items():
            report.add("noted", "a count of a part of a site; counts are of whole sites", row=int(str(row)),
                       column=column, value=text, piece="cell")  # fmt: skip


def _wholes(raw: pd.DataFrame, records: gpd.GeoDataFrame, mapping: Mapping[str, str], report: Report) -> pd.Series:
    nothing = pd.Series(pd.NA, index=records.index, dtype="string")
    if "part_of" not in mapping:
        return nothing
    named = null_blank(raw.loc[records["row"], mapping["part_of"]].reset_index(drop=True))
    ids = records.set_index("source_key")["site_id"]
    # A part of a part would have no site above it; only rows that name none are wholes.
    wholes = named.map(ids[ids.isin(records.loc[named.isna(), "site_id"])]).astype("string")
    report.use("cell", int(wholes.notna().sum()))
    for position in np.flatnonzero(named.notna() & wholes.isna()):
        place = Place(int(records["row"].iloc[position]), records["source_key"].iloc[position], mapping["part_of"])
        report.add("noted", "names no site of this list; kept as a site", **place._asdict(), value=named.iloc[position],
                   piece="cell")  # fmt: skip
    return wholes
