"""What changed between two packages: rows added, removed and changed, table by table and cell by cell."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from camps import sources
from camps.appendix import bag, schemas
from camps.appendix.schemas import RecordName
from camps.errors import InputError

#: The tables that are compared and what names a row of each. The log and the record of processing differ whenever
#: anything does, and would only repeat it.
KEYS: dict[RecordName, list[str]] = {
    "claims": ["claim_id"],
    "sites": ["site_id"],
    "measurements": ["measurement_id"],
    "counts": ["site_id", "date_edtf", "metric"],
    "imagery": ["src_id"],
    "disputes": ["who", "claim"],
    "deliveries": ["delivery"],
    "items": ["item_id"],
}
COLUMNS = ("table", "key", "change", "column", "before", "after")
_MOST_SHOWN = 40


@dataclass(frozen=True)
class Comparison:
    """What changed from one package to another.

    Attributes
    ----------
    changes : DataFrame
        One row a change, in the order of `KEYS`: ``table``, ``key``, ``change`` (added, removed or changed), and for a
        changed cell ``column``, ``before`` and ``after`` as text (null where a value is null).
    """

    changes: pd.DataFrame

    def report(self) -> str:
        """Return the changes as text to read, at most forty of each kind a table, with the number of all of them."""
        if self.changes.empty:
            return "Nothing changed: all tables hold the same.\n"
        lines: list[str] = []
        for table, rows in self.changes.groupby("table", sort=False):
            counts = rows["change"].value_counts()
            kinds = [kind for kind in ("added", "removed", "changed") if kind in counts]
            said = ", ".join(f"{counts[kind]} {kind}" for kind in kinds)
            lines += ["", f"{table}: {said}{_columns_told(rows)}"]
            for kind in kinds:
                lines += _lines(_rarest_first(rows[rows["change"] == kind]), kind)
        return "\n".join(lines[1:]) + "\n"


def _columns_told(rows: pd.DataFrame) -> str:
    told = ", ".join(f"{column} {count}" for column, count in rows["column"].value_counts().items())
    return f" ({told})" if told else ""


def _rarest_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Return changes of the column that changed least often first: what moved must not drown in what was renamed."""
    often = rows["column"].map(rows["column"].value_counts()).fillna(0)
    return rows.loc[often.sort_values(kind="stable").index]


def _lines(rows: pd.DataFrame, kind: str) -> list[str]:
    shown = [f"  {_line(row)}" for _, row in rows.head(_MOST_SHOWN).iterrows()]
    return [*shown, f"  … and {len(rows) - _MOST_SHOWN} more {kind}"] if len(rows) > _MOST_SHOWN else shown


def _line(row: pd.Series) -> str:
    if row["change"] != "changed":
        return f"{row['change']:<8} {row['key']}"
    before, after = ("nothing" if pd.isna(row[name]) else row[name] for name in ("before", "after"))
    return f"changed  {row['key']}, {row['column']}: {before} → {after}"


def compare(old: Path, new: Path) -> Comparison:
    """Return what changed between two packages.

    Parameters
    ----------
    old, new
        Folders of the packages.

    Raises
    ------
    MissingError, InputError
        When a folder holds no package, or a table is not there or not sound.
    """
    for folder in (old, new):
        require_package(folder)
    return Comparison(pd.concat([_changes(old, new, name) for name in KEYS], ignore_index=True))


def require_package(folder: Path) -> None:
    """Raise where a folder holds no package.

    Raises
    ------
    InputError
        Naming the folder.
    """
    if not (folder / bag.PAYLOAD / "tables").is_dir():
        raise InputError(f"{folder}: no tables in it; expected the folder of a package made by camps appendix")


def _changes(old: Path, new: Path, name: RecordName) -> pd.DataFrame:
    before, after = (_keyed(folder, name) for folder in (old, new))
    both = before.index.intersection(after.index, sort=False)
    pieces = [
        _whole_rows(name, after.index.difference(before.index, sort=False), "added"),
        _whole_rows(name, before.index.difference(after.index, sort=False), "removed"),
        _cells(name, before.loc[both], after.loc[both]),
    ]
    return pd.concat(pieces, ignore_index=True)


def _keyed(folder: Path, name: RecordName) -> pd.DataFrame:
    table = schemas.read_record(folder / bag.PAYLOAD / "tables" / f"{name}.csv").astype("string")
    table = _by_namespace(table)
    if name == "claims":
        table = table.assign(numbers=table["numbers"].map(_numbers_told))
    key = KEYS[name]
    keys = [", ".join(row) for row in table[key].itertuples(index=False)]
    return table.set_index(pd.Index(keys, dtype="string")).drop(columns=key)


def _by_namespace(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose ids name the numbering of a list instead of its edition, so that editions can be paired."""
    editions = {entry.id: entry.namespace for entry in sources.registry().values() if entry.namespace}
    renamed = {}
    for column in table.columns.intersection(["site_id", "source_items", "source_item", "measurement_id"]):
        renamed[column] = table[column]
        for edition, namespace in editions.items():
            pattern = rf"(^|; |cited-){re.escape(edition)}(?=-|;|$)"
            renamed[column] = renamed[column].str.replace(pattern, rf"\g<1>{namespace}", regex=True)
    return table.assign(**renamed)


def _numbers_told(text: str) -> str:
    """Return the computed numbers of a claim as a reader would say them."""
    numbers = {entry["value"]: entry["computed"] for entry in json.loads(text)}
    return ", ".join(f"{key} {'not computed' if value is None else value}" for key, value in numbers.items())


def _whole_rows(name: str, keys: pd.Index, change: str) -> pd.DataFrame:
    rows = pd.DataFrame({"table": name, "key": keys.astype("string"), "change": change})
    return rows.reindex(columns=list(COLUMNS)).astype("string")


def _cells(name: str, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    apart = (before != after).fillna(True) & ~(before.isna() & after.isna())
    found = [
        {"table": name, "key": key, "change": "changed", "column": column, "before": was, "after": now}
        for column in apart.columns
        for key, changed, was, now in zip(apart.index, apart[column], before[column], after[column], strict=True)
        if changed
    ]
    order = {key: place for place, key in enumerate(apart.index)}
    found.sort(key=lambda change: order[change["key"]])
    return pd.DataFrame(found, columns=list(COLUMNS)).astype("string")
