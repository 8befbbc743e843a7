"""The CSVW description of the CSV files of a package: columns, kinds, units, nulls and keys, for validators of others.

    csvwvalidate data/tables/csv-metadata.json

It follows W3C's Metadata Vocabulary for Tabular Data, and says of tables what their schemas say, and no more.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandera.pandas as pa

from camps import files
from camps.appendix.schemas import COLUMNS, RECORDS, UNIQUE, RecordName

#: The name under which validators look for it beside a table.
METADATA = "csv-metadata.json"

_DIALECT = {"delimiter": ",", "doubleQuote": True, "encoding": "utf-8", "header": True, "trim": False}
#: Columns that hold several ids in one cell.
_LISTS = ("source_items", "supporting_items", "contrary_items")
_POINTS_TO: dict[RecordName, dict[str, tuple[RecordName, str]]] = {
    "counts": {"site_id": ("sites", "site_id")},
    "measurements": {"site_id": ("sites", "site_id"), "src_id": ("imagery", "src_id")},
}
#: Units by what a name ends in, or by the name; text, and the code of UN/CEFACT where there is one.
_UNITS = {
    "_m2": ("square metre", "MTK"), "area_low": ("square metre", "MTK"), "area_high": ("square metre", "MTK"),
    "_m": ("metre", "MTR"), "_pct": ("per cent", "P1"), "bytes": ("byte", "AD"), "off_nadir": ("degree", "DD"),
    "used_lat": ("degree, north of the equator, WGS 84 (EPSG:4326)", "DD"),
    "used_lon": ("degree, east of Greenwich, WGS 84 (EPSG:4326)", "DD"),
    "agreement_iou": ("one (ratio of areas)", "C62"), "value": ("that of the metric of the row", ""),
    "decimals": ("decimal digits", "C62"), "n_frames": ("frames", "C62"),
}  # fmt: skip


def write_metadata(folder: Path) -> Path:
    """Describe all CSV files of a payload in ``tables/csv-metadata.json`` and return its path.

    Parameters
    ----------
    folder
        The payload. Its own tables are described by their schemas; files that came from elsewhere, as they entered, by
        the names of their columns alone.
    """
    tables = folder / "tables"
    theirs = [path for path in sorted(folder.rglob("*.csv")) if path.parent != tables]
    described = {
        "@context": "http://www.w3.org/ns/csvw",
        "rdfs:comment": "A text that a spreadsheet would run begins with an apostrophe, which is none of it.",
        "dialect": _DIALECT,
        "tables": [*map(_table, RECORDS), *(_as_entered(path, folder) for path in theirs)],
    }
    return files.write_json(tables / METADATA, described)


def _table(name: RecordName) -> dict[str, Any]:
    schema: dict[str, Any] = {"columns": [_column(column, told) for column, told in COLUMNS[name].items()]}
    if key := UNIQUE.get(name) or [column for column, told in COLUMNS[name].items() if told.unique][:1]:
        schema["primaryKey"] = key
    if pointing := _POINTS_TO.get(name):
        schema["foreignKeys"] = [
            {"columnReference": column, "reference": {"resource": f"{other}.csv", "columnReference": named}}
            for column, (other, named) in pointing.items()
        ]
    return {"url": f"{name}.csv", "tableSchema": schema}


def _column(name: str, told: pa.Column) -> dict[str, Any]:
    column = {"name": name, "titles": name, "null": "", "required": not told.nullable, "datatype": _datatype(told)}
    if name in _LISTS:
        column["separator"] = "; "
    text, code = next((unit for end, unit in _UNITS.items() if name == end or name.endswith(end)), ("", ""))
    said = {"schema:unitText": text, "schema:unitCode": code} if str(told.dtype) == "float64" or code else {}
    return column | {key: value for key, value in said.items() if value}


def _datatype(told: pa.Column) -> dict[str, Any]:
    """Return the kind of a column with the limits that its checks set."""
    limits: dict[str, Any] = {}
    for check in told.checks:
        match check.statistics:
            case {"min_value": (int() | float()) as low} if check.name == "greater_than_or_equal_to":
                limits["minimum"] = low
            case {"max_value": (int() | float()) as high}:
                limits["maximum"] = high
            case {"allowed_values": allowed}:
                limits["format"] = f"^({'|'.join(map(_literally, allowed))})$"
            case {"pattern": pattern}:
                limits["format"] = str(getattr(pattern, "pattern", pattern))
    kinds = {"float64": "double", "int64": "integer"}
    return {"base": kinds.get(str(told.dtype).lower(), "string"), **limits}


def _literally(text: str) -> str:
    return "".join(f"\\{letter}" if letter in r"\.^$|?*+()[]{}" else letter for letter in text)


def _as_entered(path: Path, folder: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        names = next(csv.reader(stream), [])
    columns = [{"titles": name, "datatype": "string", "null": ""} for name in names]
    return {"url": f"../{path.relative_to(folder).as_posix()}", "tableSchema": {"columns": columns}}
