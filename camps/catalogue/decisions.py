"""Decisions made by hand: which records are one place, which are not, which sites are disputed or retracted.

``geodata/decisions.csv`` holds one a row; each has a reason, a citation and a date, and overrides what the lists and
the positions say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from camps import files, record, settings
from camps.catalogue.linking import Settled
from camps.catalogue.records import Side, Two
from camps.dates import read_date
from camps.errors import Fault, InputError, raise_faults
from camps.sources import registry
from camps.tables import SITE_STATUSES

COLUMNS = (
    "decision", "left_source", "left_key", "right_source", "right_key", "reason", "citation", "decided_on",
)  # fmt: skip
PAIRED = ("link", "separate")


def decisions_path() -> Path:
    """Return the path of the decisions that ship with the suite."""
    return settings.geodata() / "decisions.csv"


def read_decisions(path: Path | None = None) -> pd.DataFrame:
    """Return the manual decisions, checked.

    Returns
    -------
    DataFrame
        decision (link, separate, active, disputed, retracted), left_source and left_key, right_source and right_key
        (empty for a status), reason, citation, decided_on (EDTF); all text. A source is a source id, or the
        numbering that all editions of a list share, such as ``first``.

    Raises
    ------
    MissingError, InputError
        When a named file is not there, a row is not whole, names a list that is not registered, or says of a site or a
        pair what another row says otherwise; all faults are named at once. A record without a file of decisions has
        none.
    """
    where = path or decisions_path()
    if path is None and not files.is_there(where):
        return pd.DataFrame(columns=list(COLUMNS), dtype="string")
    frame = record.read_csv(where)
    absent = [name for name in COLUMNS if name not in frame]
    if absent:
        raise InputError(f"{where}: no column {', '.join(absent)}; expected {', '.join(COLUMNS)}")
    said = frame[list(COLUMNS)].map(str.strip)
    raise_faults([*_faults(said), *_contradictions(said)], where.name)
    return said.astype("string")


def _faults(frame: pd.DataFrame) -> Iterator[Fault]:
    for row, cells in zip(frame.index, frame.to_dict("records"), strict=True):
        where, decision = f"row {row + 2}", cells["decision"]
        if decision not in (*PAIRED, *SITE_STATUSES):
            yield Fault(where, f"decision {decision!r}", f"one of {', '.join((*PAIRED, *SITE_STATUSES))}")
        needed = ["left_source", "left_key", "reason", "citation", "decided_on"]
        needed += ["right_source", "right_key"] if decision in PAIRED else []
        yield from (
            Fault(where, f"no {name}", "every decision to be reasoned and cited") for name in needed if not cells[name]
        )
        yield from _list_faults(where, cells)
        try:
            read_date(cells["decided_on"])
        except ValueError as error:
            yield Fault(where, f"decided_on {cells['decided_on']!r}", "a date", str(error))


def _list_faults(where: str, cells: Mapping[Any, str]) -> Iterator[Fault]:
    known = {name for entry in registry().values() for name in (entry.id, entry.namespace) if name}
    sides = {side: cells[f"{side}_source"] for side in ("left", "right")}
    for side, name in sides.items():
        if name and name not in known:
            remedy = "correct it, register the list, or take the row out"
            yield Fault(where, f"{side}_source {name!r}", f"one of {', '.join(sorted(known)) or 'none yet'}", remedy)
    if cells["decision"] in SITE_STATUSES and (sides["right"] or cells["right_key"]):
        yield Fault(where, f"a right side for {cells['decision']}", "one site", "leave right_source, right_key empty")
    if cells["decision"] in PAIRED and sides["left"] and sides["left"] == sides["right"] in registry():
        yield Fault(where, f"two records of {sides['left']}", "one of each of two lists", "take the row out")


def _contradictions(frame: pd.DataFrame) -> Iterator[Fault]:
    """Yield the rows that say of a site, or of a pair whichever way round, what an earlier row has settled."""
    first: dict[frozenset[tuple[str, str]], int] = {}
    for row, cells in zip(frame.index, frame.to_dict("records"), strict=True):
        sides = {(cells[f"{side}_source"], cells[f"{side}_key"]) for side in ("left", "right")}
        before = first.setdefault(frozenset(sides - {("", "")}), row)
        if before != row:
            what = "the same " + ("pair" if cells["decision"] in PAIRED else "site")
            yield Fault(f"row {row + 2}", f"{what} as in row {before + 2}", "one decision", "keep the one that stands")


def _cited(row: pd.Series) -> str:
    return f"decision of {row['decided_on']}: {row['reason']} ({row['citation']})"


def settle(decisions: pd.DataFrame, two: Two) -> Settled:
    """Return which pairs of two lists are decided by hand, by row position, with the citation of each.

    Raises
    ------
    InputError
        When a decision names a record that its list does not have.
    """
    linked: dict[tuple[int, int], str] = {}
    apart: dict[tuple[int, int], str] = {}
    for _, row in decisions[decisions["decision"].isin(PAIRED)].iterrows():
        pair = _pair(row, two)
        if pair is not None:
            (linked if row["decision"] == "link" else apart)[pair] = _cited(row)
    return Settled(linked, apart)


def _pair(row: pd.Series, two: Two) -> tuple[int, int] | None:
    left, right = (row["left_source"], row["left_key"]), (row["right_source"], row["right_key"])
    if not (_is(two.left, left[0]) and _is(two.right, right[0])):
        left, right = right, left
    if not (_is(two.left, left[0]) and _is(two.right, right[0])):
        return None
    return _position(two.left, left[1]), _position(two.right, right[1])


def _is(side: Side, name: str) -> bool:
    return name in (side.source_id, side.namespace)


def _position(side: Side, key: str) -> int:
    if key not in side.keys:
        raise InputError(
            f"decisions.csv: {side.source_id} has no record {key}; expected one of its own keys; correct it"
        )
    return side.keys.index(key)


def apply_statuses(sites: gpd.GeoDataFrame, decisions: pd.DataFrame, namespaces: dict[str, str]) -> gpd.GeoDataFrame:
    """Return a copy of the sites with status, reason and date as decided; retracted sites stay.

    Parameters
    ----------
    sites
        ``site`` table.
    decisions
        As :func:`read_decisions` returns them.
    namespaces
        Source id → numbering.

    Raises
    ------
    InputError
        When a decision names a key that its list does not have, or two decide on one site; all are named at once.
    """
    decided = decisions[decisions["decision"].isin(SITE_STATUSES)]
    if decided.empty:
        return sites
    changed = sites.copy()
    for name in ("status_reason", "status_date"):
        if name not in changed:
            changed[name] = pd.Series(pd.NA, index=changed.index, dtype="string")
    faults, taken = [], pd.Series(data=False, index=changed.index)
    for _, row in decided.iterrows():
        of_list = (changed["source_id"] == row["left_source"]) | (
            changed["source_id"].map(namespaces) == row["left_source"]
        )
        here = of_list & (changed["source_key"] == row["left_key"])
        named = f"{row['left_source']} {row['left_key']}"
        # An edition need not hold every place of its numbering; a list that is named by its own id has to.
        if changed["source_id"].eq(row["left_source"]).any() and not here.any():
            faults.append(Fault(named, "no such place", "a key of that list", "correct left_key"))
        if taken[here].any():
            faults.append(Fault(named, "decided on twice", "one decision a site", "keep the one that stands"))
        taken |= here
        changed.loc[here, ["status", "status_reason", "status_date"]] = [
            row["decision"], f"{row['reason']} ({row['citation']})", read_date(row["decided_on"]),
        ]  # fmt: skip
    raise_faults(faults, "decisions.csv")
    return changed


def standing(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the sites without those that were retracted, which stay in the tables but are neither drawn nor counted.

    Parameters
    ----------
    sites
        ``site`` table; one without ``status`` has none that were.
    """
    return sites[~sites["status"].eq("retracted").fillna(False)] if "status" in sites else sites
