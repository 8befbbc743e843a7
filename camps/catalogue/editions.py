"""Two editions of one list: what stayed, moved, changed, came and went."""

from __future__ import annotations

import re
import unicodedata
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
        a moved record may have changed besides), moved_m (geodesic, null where there is only one edition),
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
    old, new = (source.records.set_index("source_key", drop=False) for source in (before, after))
    keys = [*old.index, *(key for key in new.index if key not in old.index)]
    compared = [name for name in _COMPARED if _says(old, name) and _says(new, name)]
    return pd.DataFrame([_row(key, old, new, compared, moved_m) for key in keys])


def _row(key: str, old: pd.DataFrame, new: pd.DataFrame, compared: list[str], limit_m: float) -> dict[str, Any]:
    one, other = _record(old, key), _record(new, key)
    names = {"name_before": _name(one), "name_after": _name(other)}
    if one is None or other is None:
        change = "added" if one is None else "dropped"
        return {"key": key, "change": change, "moved_m": np.nan, **names, "details": ""}
    moved_m = float(crs.distance_m((one["lon"], one["lat"]), (other["lon"], other["lat"])))
    details = [
        f"{name}: {_said(one[name])} → {_said(other[name])}" for name in compared if _differ(one[name], other[name])
    ]
    change = "moved" if moved_m > limit_m else "changed" if details else "same"
    return {"key": key, "change": change, "moved_m": round(moved_m, 2), **names, "details": "; ".join(details)}


def _says(edition: pd.DataFrame, column: str) -> bool:
    """Return whether an edition has the column at all: what only one edition prints is no change of a record."""
    return column in edition and bool(edition[column].notna().any())


def _record(edition: pd.DataFrame, key: str) -> pd.Series | None:
    found = edition[edition["source_key"] == key]
    return found.iloc[0] if len(found) else None


def _name(record: pd.Series | None) -> str:
    return "" if record is None else _said(record["name_en"])


def _said(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]


def _differ(one: object, other: object) -> bool:
    return _plain(one) != _plain(other)


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
