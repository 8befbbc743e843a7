"""Many published lists as one catalogue of sites."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from camps import files, record, sources, tables
from camps.catalogue.checking import check_links, figures
from camps.catalogue.conflicts import CONFLICT_COLUMNS
from camps.catalogue.consensus import Catalogue, gather, joined
from camps.catalogue.decisions import apply_statuses, decisions_path, read_decisions, settle, standing
from camps.catalogue.editions import diff as diff_sources
from camps.catalogue.editions import summarise_diff
from camps.catalogue.exporting import render_sites, select, write_sites
from camps.catalogue.linking import LINK_COLUMNS, Links, link_sides
from camps.catalogue.mentions import as_counted, unsaid
from camps.catalogue.records import Side, Two, side_of
from camps.catalogue.towns import town_inside
from camps.catalogue.unlisted import with_unlisted
from camps.dates import is_edtf
from camps.errors import Fault, InputError, MissingError, raise_faults
from camps.sources.keeping import Kept
from camps.sources.registry import EVENTS, UNPLACED

__all__ = [
    "LINK_COLUMNS",
    "Catalogue",
    "Links",
    "Side",
    "build",
    "check",
    "counts",
    "default_lists",
    "diff",
    "events",
    "figures",
    "link",
    "link_sides",
    "load",
    "names",
    "once",
    "owners",
    "read_decisions",
    "render_sites",
    "retracted",
    "select",
    "side_of",
    "standing",
    "summarise_diff",
    "town_inside",
    "trusted",
    "unplaced",
    "unsaid",
    "write_sites",
]

#: What a place takes from a later list where an earlier one leaves it blank.
_FILLED = ("name_en", "name_zh", "enterprise", "opened", "closed", "last_known", "vanished")
#: Catalogues of whole lists: a map, its record, a claim and a page each ask for the same few.
_loaded: Kept[gpd.GeoDataFrame] = Kept(12)


def default_lists() -> tuple[str, ...]:
    """Return the ids of the lists that make the catalogue where none is named: the record's, or its first one.

    Raises
    ------
    MissingError
        When the record has no list.
    """
    if not (found := _own_lists()):
        raise MissingError("this record has no list of sites; add one with `camps sources add FILE --id ID`")
    return found


def owners(
    footprints: gpd.GeoDataFrame, source_id: str = "", *, sites: gpd.GeoDataFrame | None = None
) -> gpd.GeoDataFrame:
    """Return the sites that footprints belong to, also those that no list has; a site that was retracted is none.

    Parameters
    ----------
    footprints, source_id
        As for :func:`camps.catalogue.unlisted.with_unlisted`.
    sites
        ``site`` table to find them in; the record's lists by default, of which there may be none.
    """
    listed = load() if sites is None and _own_lists() else sites
    return standing(with_unlisted(footprints, listed, source_id))


def names() -> dict[str, str]:
    """Return the English name of each site of the record's lists that has one, by its id; none without a list."""
    return dict(load().set_index("site_id")["name_en"].dropna()) if _own_lists() else {}


def _own_lists() -> tuple[str, ...]:
    return record.current().lists or tuple(sources.lists()[:1])


def trusted() -> gpd.GeoDataFrame | None:
    """Return the sites of the lists whose positions others are checked against; none in a record without a list.

    A list that the record names and that is still to be added is passed over: how else would it be added.
    """
    added = [name for name in record.current().trusted or _own_lists() if name in sources.registry()]
    # Positions serve whatever is decided; and a list of which something is decided may be the one that is to be added.
    return _together([sources.read(name) for name in added]) if added else None


def load(*source_ids: str) -> gpd.GeoDataFrame:
    """Return the sites of one or more lists, one under the other.

    Parameters
    ----------
    *source_ids
        Ids of the register; the record's own lists when none is given. Lists are not merged: the same place in two
        lists is two rows, each with its ``source_id``; see :func:`build` for one catalogue out of many.

    Returns
    -------
    GeoDataFrame
        ``site`` table of METHOD 1 plus extras, EPSG:4326 points (longitude first), rows in the order given; status,
        status_reason and status_date as decided in ``geodata/decisions.csv``; ``last_known`` no earlier than the last
        value above zero of a metric that ``shows_open``.

    Raises
    ------
    MissingError, InputError, CheckError
        When a list is not here, not sound, or not the registered one.
    """
    chosen = source_ids or default_lists()
    if twice := sorted({one for one in chosen if chosen.count(one) > 1}):
        raise InputError(f"{', '.join(twice)}: named twice; name each list once")
    states = [sources.state_of(source_id) for source_id in chosen]
    if None in states:
        return _load(chosen)
    return _loaded.get(_state_of(filter(None, states)), partial(_load, chosen))


def _state_of(lists: Iterable[bytes]) -> bytes:
    """Return the hash of what decides a catalogue: its lists, what was decided by hand, and what the record says."""
    decided = decisions_path()
    by_hand = decided.read_bytes() if files.is_there(decided) else b""
    parts = (*lists, by_hand, repr(record.current()).encode("utf-8", "surrogatepass"))
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()


def _load(chosen: Sequence[str]) -> gpd.GeoDataFrame:
    read = [sources.read(source_id) for source_id in chosen]
    namespaces = {source.entry.id: source.entry.namespace for source in read}
    sites = apply_statuses(_together(read), read_decisions(), namespaces)
    return tables.check(sites, "site", source=", ".join(chosen))


def _together(read: Sequence[sources.Source]) -> gpd.GeoDataFrame:
    frames = [as_counted(source) for source in read]
    stacked = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    return gpd.GeoDataFrame(stacked, geometry="geometry", crs=4326)


def once(*source_ids: str) -> gpd.GeoDataFrame:
    """Return the sites of several lists, each place once, as far as the lists say which are the same.

    Raises as :func:`load` does.

    Parameters
    ----------
    *source_ids
        Ids of the register, the most trusted first; the record's own lists when none is given.

    Returns
    -------
    GeoDataFrame
        As of :func:`load`. Rows of which one names the other as its own place, by number, are joined, directly or by
        others between: the earliest stays, with its position, and takes from the later ones the dates and names that
        it leaves blank. Rows that name none may still be the same place as another.
    """
    sites = load(*source_ids)
    namespaces = {source_id: sources.entry(source_id).namespace for source_id in sites["source_id"].unique()}
    own = sites["source_id"].map(namespaces) + ":" + sites["source_key"]
    one, other = _same_places(sites["references"], own, sites["source_id"])
    group = pd.Series(joined(one, other, len(sites)), index=sites.index)
    for name in [name for name in _FILLED if name in sites]:
        sites[name] = sites[name].fillna(sites[name].groupby(group).transform("first"))
    return sites[~group.duplicated()].reset_index(drop=True)


def _same_places(references: pd.Series, own: pd.Series, source_ids: pd.Series) -> NDArray[np.intp]:
    """Return pairs of rows of which one names the other, whichever of the lists comes first: two rows of numbers."""
    first_at = {number: at for at, number in reversed(list(enumerate(own)))}
    pairs = [
        (at, other)
        for at, cell in enumerate(references)
        if isinstance(cell, str)
        # Two rows of one list are two places, though a third row names both.
        for other in {source_ids.iloc[to]: to for to in _named(cell, first_at)}.values()
    ]
    return np.array(pairs, dtype=np.intp).reshape(-1, 2).T


def _named(cell: str, first_at: dict[str, int]) -> list[int]:
    """Return the rows that a cell names, the first of the catalogue last."""
    return sorted((first_at[number] for number in cell.split("; ") if number in first_at), reverse=True)


def events() -> pd.DataFrame:
    """Return the dated events of the lists here, in order of date; empty where there is none.

    Returns
    -------
    DataFrame
        ``date`` (EDTF), ``kind``, ``what``, whatever else the list prints, and ``source_id``, all text.

    Raises
    ------
    InputError
        For a date that is none; all are named, each with its row.
    """
    known = [entry for entry in sources.registry().values() if entry.reader == EVENTS]
    here = [entry for entry in known if entry.id in sources.available()]
    tables = [record.read_csv(sources.path(entry.id)).assign(source_id=entry.id) for entry in here]
    if not tables:
        return pd.DataFrame()
    whole = pd.concat(tables, ignore_index=True)
    raise_faults(
        (
            Fault(f"row {at + 2}, column date", repr(date), "an EDTF date", "mend it in the list")
            for at, date in enumerate(whole["date"])
            if not is_edtf(date)
        ),
        ", ".join(entry.id for entry in here),
    )
    return whole.sort_values("date", kind="stable", ignore_index=True)


def unplaced() -> pd.DataFrame:
    """Return the documented sites of the lists here that have no coordinate, as printed; empty where none has any."""
    here = [(name, file) for name in sources.lists() for file in sources.entry(name).files if file.role == UNPLACED]
    tables = [record.read_csv(sources.path(name, file.name)) for name, file in here]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def counts(*source_ids: str, metric: str = "buildings") -> pd.DataFrame:
    """Return what one or more lists count at their sites over the years.

    Parameters
    ----------
    *source_ids
        Ids of the register; the record's own lists when none is given.
    metric
        What is counted, such as ``buildings`` or ``prisoners``.

    Returns
    -------
    DataFrame
        ``series`` table: unit (site_id), metric, t (EDTF year), value (null when not a number), lo, hi, kind,
        stale_days, plus status (observed, not_imaged, no_record, obscured), verbatim (the printed cell), the groups
        tier, admin1, admin2, system and source_id of the site and those of the list's own, and the date on which it
        closed, ``closed``. Nothing of a site that was retracted.

    Raises
    ------
    MissingError, InputError, CheckError
        When a list is not here, not sound or not the registered one, or none of them counts `metric`.
    """
    chosen = source_ids or default_lists()
    read = [_counts_of(sources.read(source_id)) for source_id in chosen]
    wanted = [frame[frame["metric"] == metric] for frame in read if not frame.empty]
    if not any(len(frame) for frame in wanted):
        held = sorted({name for frame in read for name in frame["metric"].dropna().unique()})
        expected = f"expected {' or '.join(held)}" if held else "map a column to METRIC.DATE with `camps sources add`"
        raise InputError(f"{', '.join(chosen)}: no counts of {metric}; {expected}")
    whole = pd.concat(wanted, ignore_index=True)
    gone = retracted(*chosen)
    return whole[~whole["unit"].isin(gone)].reset_index(drop=True) if gone else whole


def retracted(*source_ids: str) -> frozenset[str]:
    """Return the ids of the sites of some lists, or of the record's own, that were retracted; see :func:`standing`."""
    if not read_decisions()["decision"].eq("retracted").any():
        return frozenset()
    sites = load(*source_ids)
    return frozenset(sites["site_id"]) - frozenset(standing(sites)["site_id"])


def _counts_of(source: sources.Source) -> pd.DataFrame:
    closed = source.records.set_index("site_id")["closed"]
    return source.counts.assign(closed=source.counts["unit"].map(closed))


def link(left: str, right: str, *, ignore_references: bool = False, decisions: Path | None = None) -> Links:
    """Return which record of one list is which of another, and what the two disagree on.

    Parameters
    ----------
    left, right
        Ids of the register.
    ignore_references
        Whether to leave out every number that the lists print of one another and of third lists.
    decisions
        A file of manual decisions instead of ``geodata/decisions.csv``.

    Returns
    -------
    Links
        ``links``: left_key, right_key, distance_m, score, reason, left_site, right_site, relation; ``conflicts``.

    Raises
    ------
    MissingError, InputError, CheckError
        When a list is not here or not sound, or a decision names a record that is not there.
    """
    two = Two(side_of(sources.read(left)), side_of(sources.read(right)))
    return _link(two, read_decisions(decisions), ignore_references=ignore_references)


def check(left: str, right: str) -> pd.DataFrame:
    """Return how links by position, name and part-of alone stand against the numbers that two lists print.

    Parameters
    ----------
    left, right
        Ids of the register.

    Returns
    -------
    DataFrame
        outcome (lost, not stated, found), left_key, right_key, distance_m, score, reason; :func:`figures` gives its
        precision and recall.

    Raises
    ------
    MissingError, InputError, CheckError
        When a list is not here or not sound, or neither prints numbers of the other.
    """
    return check_links(Two(side_of(sources.read(left)), side_of(sources.read(right))))


def _link(two: Two, decisions: pd.DataFrame, *, ignore_references: bool = False) -> Links:
    return link_sides(two.left, two.right, ignore_references=ignore_references, settled=settle(decisions, two))


def diff(before: str, after: str) -> pd.DataFrame:
    """Return what happened to each key between two editions of one list.

    Parameters
    ----------
    before, after
        Ids of the register whose lists share one numbering, such as two editions of it.

    Returns
    -------
    DataFrame
        key, change (same, moved, changed, added, dropped), moved_m, name_before, name_after, details.

    Raises
    ------
    MissingError, InputError, CheckError
        When a list is not here, or the two are not editions of one list.
    """
    return diff_sources(sources.read(before), sources.read(after))


def build(*source_ids: str) -> Catalogue:
    """Return one catalogue out of many lists: places, every original record, links and conflicts.

    Parameters
    ----------
    *source_ids
        Ids of the register, the most trusted first; all lists that are here when none is given.

    Returns
    -------
    Catalogue
        ``places`` is a ``site`` table with one row a place; a place that only one list has is there too.

    Raises
    ------
    MissingError, InputError, CheckError
        When a list is not here or not sound.
    """
    chosen = source_ids or tuple(sources.lists())
    read = {source_id: sources.read(source_id) for source_id in chosen}
    pairs = list(combinations(chosen, 2))
    sides, decisions = {name: side_of(source) for name, source in read.items()}, read_decisions()
    linked = {(left, right): _link(Two(sides[left], sides[right]), decisions) for left, right in pairs}
    links = _stacked(
        [linked[pair].links for pair in pairs], pairs, (*LINK_COLUMNS, "left_site", "right_site", "relation")
    )
    conflicts = _stacked([linked[pair].conflicts for pair in pairs], pairs, CONFLICT_COLUMNS)
    records = pd.concat([source.records for source in read.values()], ignore_index=True)
    decided = {source_id: source.entry.namespace for source_id, source in read.items()}
    judged = apply_statuses(gpd.GeoDataFrame(records, geometry="geometry", crs=4326), decisions, decided)
    return gather(judged, links, conflicts)


def _stacked(frames: list[pd.DataFrame], pairs: list[tuple[str, str]], columns: tuple[str, ...]) -> pd.DataFrame:
    named = [
        frame.assign(left_source=left, right_source=right)
        for frame, (left, right) in zip(frames, pairs, strict=True)
        if not frame.empty
    ]
    if not named:
        return pd.DataFrame(columns=[*columns, "left_source", "right_source"])
    return pd.concat(named, ignore_index=True)
