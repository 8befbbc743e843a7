"""Two editions of one list: what stayed, moved, changed, came and went."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from camps import crs
from camps.errors import InputError
from camps.sources import Source

#: A point that shifts by less than this was only printed with other digits.
MOVED_M = 1.0
CHANGES = ("same", "moved", "changed", "added", "dropped")
_COMPARED = (
    "name_en", "name_fr", "name_zh", "name_ug", "name_other", "system", "tier", "country", "admin1", "admin2", "admin3",
    "category", "corroboration", "opened", "closed", "part_of", "status",
)  # fmt: skip


def diff(before: Source, after: Source, *, moved_m: float = MOVED_M) -> pd.DataFrame:
    """Return what happened to each key from one edition of a list to the next.

    Parameters
    ----------
    before, after
        The editions; every record counts, sub-compounds too.
    moved_m
        A point is moved when it shifts by more than this many metres.

    Returns
    -------
    DataFrame
        One row a key, in the order of `before`, then what is new: key, change (same, moved, changed, added, dropped;
        a moved record may have changed besides; what is counted is compared on the dates that both editions have),
        moved_m (geodesic, null where there is only one edition),
        name_before, name_after, and details, such as ``corroboration: closed → corroborated``.

    Raises
    ------
    InputError
        When the two lists are not numbered alike.
    """
    if not before.entry.namespace or before.entry.namespace != after.entry.namespace:
        raise InputError(
            f"{before.entry.id}, {after.entry.id}: not two editions of one list (numbered {before.entry.namespace!r} "
            f"and {after.entry.namespace!r}); compare different lists with `camps sources link`"
        )
    one, other = before.records, after.records
    compared = [name for name in _COMPARED if _says(one, name) and _says(other, name)]
    old, new = _by_key(one), _by_key(other)
    shift_m = _moved_m(old, new)
    comparison = _Comparison(old, new, compared, shift_m, moved_m, _counts(before), _counts(after))
    return pd.DataFrame([comparison.row(key) for key in old | new])


Record = dict[str, Any]


def _says(edition: pd.DataFrame, column: str) -> bool:
    """Return whether an edition has the column at all: what only one edition prints is no change of a record."""
    return column in edition and bool(edition[column].notna().any())


def _by_key(edition: pd.DataFrame) -> dict[str, Record]:
    records = edition.drop(columns="geometry").to_dict("records")
    return {str(record["source_key"]): {str(name): value for name, value in record.items()} for record in records}


#: What each record counts: by key, metric and date, the cell as printed, or its value where a record prints none.
Counts = dict[tuple[str, str], dict[str, str]]


def _counts(edition: Source) -> Counts:
    keys = edition.records.set_index("site_id")["source_key"]
    counted: Counts = {}
    for row in edition.counts.to_dict("records"):
        told = _said(row.get("verbatim")).strip() or _number(row["value"])
        counted.setdefault((str(row["metric"]), str(row["t"])), {})[str(keys[row["unit"]])] = told
    return counted


def _number(value: object) -> str:
    return "" if pd.isna(value) else f"{value:g}"  # type: ignore[call-overload]


def _moved_m(old: dict[str, Record], new: dict[str, Record]) -> dict[str, float]:
    shared = [key for key in old if key in new]
    before, after = (
        np.array([[one[key]["lon"], one[key]["lat"]] for key in shared]).reshape(-1, 2) for one in (old, new)
    )
    distances_m = crs.distance_m((before[:, 0], before[:, 1]), (after[:, 0], after[:, 1]))
    return dict(zip(shared, distances_m.tolist(), strict=True))


@dataclass(frozen=True)
class _Comparison:
    old: dict[str, Record]
    new: dict[str, Record]
    compared: list[str]
    shift_m: dict[str, float]
    limit_m: float
    old_counts: Counts
    new_counts: Counts

    def row(self, key: str) -> Record:
        names = {"name_before": _name(self.old.get(key)), "name_after": _name(self.new.get(key))}
        if key not in self.shift_m:
            change = "dropped" if key in self.old else "added"
            return {"key": key, "change": change, "moved_m": np.nan, **names, "details": ""}
        moved_m, details = self.shift_m[key], self._details(key)
        change = "moved" if moved_m > self.limit_m else "changed" if details else "same"
        return {"key": key, "change": change, "moved_m": round(moved_m, 2), **names, "details": details}

    def _details(self, key: str) -> str:
        one, other = self.old[key], self.new[key]
        differing = [name for name in self.compared if _plain(one[name]) != _plain(other[name])]
        told = [f"{name}: {_said(one[name])} → {_said(other[name])}" for name in differing]
        return "; ".join([*told, *self._counts(key)])

    def _counts(self, key: str) -> Iterator[str]:
        """Yield what is counted otherwise; a date that only one edition has is no change of a record."""
        for of, before in self.old_counts.items():
            one, other = before.get(key, ""), self.new_counts.get(of, {}).get(key, "")
            if of in self.new_counts and one != other:
                yield f"{' '.join(of)}: {one or 'nothing'} → {other or 'nothing'}"


def _name(record: Record | None) -> str:
    return "" if record is None else _said(record["name_en"])


def _said(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]


def _plain(value: object) -> str:
    """Return a value with dashes, spaces, case and numerals evened out: ``Lop – 1`` and ``Lop - I`` are one name."""
    text = unicodedata.normalize("NFKC", _said(value)).casefold()
    dashed = re.sub(r"[‐-―−]", "-", text)
    return " ".join(re.sub(r"(?<=- )[ivxl]+$", lambda found: str(_arabic(found[0])), dashed).split())


def _arabic(roman: str) -> int:
    values = [{"i": 1, "v": 5, "x": 10, "l": 50}[digit] for digit in roman]
    following = [*values[1:], 0]
    return sum(-one if one < after else one for one, after in zip(values, following, strict=True))


def summarise_diff(changes: pd.DataFrame) -> dict[str, float]:
    """Return the figures of a comparison: shared, same, moved, changed, added, dropped and most_moved_m."""
    counted = changes["change"].value_counts()
    figures: dict[str, float] = {name: int(counted.get(name, 0)) for name in CHANGES}
    shared = figures["same"] + figures["moved"] + figures["changed"]
    return {"shared": shared, **figures, "most_moved_m": float(changes["moved_m"].max())}
