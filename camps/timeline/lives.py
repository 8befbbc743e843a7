"""Places that are known only by when they opened, closed and were last spoken of.

A place is open at t when its opening lies before t and its closing after. Where nobody states its closing it is open
up to the last day on which a source speaks of it as open, and "last known open" afterwards: it is not counted as open,
and its symbol fades over ten years. What vanished from a register is that, and not closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from camps import catalogue, record, sources
from camps.dates import Interval, as_edtf, begun, clock_day, is_edtf, iso_day, parse
from camps.errors import Fault, InputError, raise_faults
from camps.record import System

#: In the order of a life. ``unnamed``: no opening is known, and no source had spoken of the place yet.
PHASES = ("absent", "unnamed", "undated", "opening", "open", "last", "vanished", "closing", "closed")
_DATES = ("opened", "closed", "last_known", "vanished")
Life = Mapping[str, Any]


def lives(sites: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what is known of when each site was open, each date as [first, last] day, None for an end that is open.

    ``opened``, ``closed`` and ``vanished`` are null where nobody says or both ends are open; ``until`` is the last day
    on which the place is known to be open, null where its closing is known. What is dated ``1957/..`` opened within
    1957. A place without an opening date opened by the day on which a source first speaks of it.

    Raises
    ------
    InputError
        For dates that are none; all are named, with their sites.
    """
    told = {name: _texts(sites, name) for name in _DATES}
    faults = [
        Fault(f"site {site}, column {name}", repr(text), "an EDTF date", "mend it in the list, or leave it blank")
        for name, texts in told.items()
        for site, text in zip(sites["site_id"], texts, strict=True)
        if text and not is_edtf(text)
    ]
    raise_faults(faults, "sites")
    return [_life(*dates) for dates in zip(*(told[name] for name in _DATES), strict=True)]


def _texts(sites: pd.DataFrame, name: str) -> list[str]:
    return list(as_edtf(sites[name]).fillna("").str.strip()) if name in sites else [""] * len(sites)


def _life(opened: str, closed: str, last_known: str, vanished: str) -> dict[str, Any]:
    begin, end, named = begun(opened or ".."), parse(closed or ".."), parse(last_known or "..")
    if begin.first is None and named.first is not None:
        begin = Interval(None, min(named.first, begin.last if begin.last is not None else named.first))
    known = [day for day in (begin.last, begin.first, named.last, named.first) if day is not None]
    until = None if end.first is not None or end.last is not None or not known else max(known)
    return {"opened": _ends(begin), "closed": _ends(end), "vanished": _ends(parse(vanished or "..")), "until": until}


def _ends(days: Interval) -> list[float | None] | None:
    ends = [None if day is None else float(day) for day in (days.first, days.last)]
    return None if ends == [None, None] else ends


def phase(life: Life, day: float) -> str:
    """Return which of ``PHASES`` a place is in on a day; the page draws by the same rules."""
    if not life["opened"]:
        return "undated"
    first, by = life["opened"]
    if first is None and day < by:
        return "unnamed"
    if first is not None and day < first:
        return "absent"
    if (ended := _ended(life, day)) is not None:
        return ended
    if first is not None and (by is None or day < by or (day == by and first < by)):
        return "opening"
    return "last" if life["until"] is not None and day > life["until"] else "open"


def _ended(life: Life, day: float) -> str | None:
    if life["closed"]:
        first, last = life["closed"]
        if last is not None and day > last:
            return "closed"
        if first is None or day >= first:
            return "closing"
    gone = life["vanished"]
    return "vanished" if gone and gone[0] is not None and day >= gone[0] else None


def count_places(sites: pd.DataFrame, dates: Iterable[str]) -> pd.DataFrame:
    """Return how many places are in which phase on each date, by level: the table that an era map prints from.

    Raises as :func:`lives` does.

    Parameters
    ----------
    sites
        The "site" table with ``opened``, ``closed``, ``last_known``, ``vanished`` (EDTF) and ``level``.
    dates
        EDTF dates; an interval stands at its middle day.

    Returns
    -------
    DataFrame
        ``date`` (ISO), ``level`` (``all`` for the sum), ``n_sites``, ``n_opening_unknown`` (on whatever date; also of
        those that a source has spoken of by then) and one column for each of ``PHASES``.

    Examples
    --------
    >>> sites = pd.DataFrame({"site_id": ["a"], "opened": ["1955"], "closed": [None], "last_known": ["2008"]})
    >>> count_places(sites, ["1960", "2020"])[["date", "open", "last"]].values.tolist()
    [['1960-07-02', 1, 0], ['2020-07-02', 0, 1]]
    """
    known = lives(sites)
    unknown = pd.Series([not life["opened"] or life["opened"][0] is None for life in known])
    levels = list(sites["level"]) if "level" in sites else ["compound"] * len(sites)
    rows = []
    for date in dates:
        day = clock_day(date)
        found = pd.DataFrame({"level": levels, "phase": [phase(life, day) for life in known]})
        for level in ["all", *dict.fromkeys(levels)]:
            here = found["phase"] if level == "all" else found.loc[found["level"].eq(level), "phase"]
            counted = here.value_counts()
            rows.append({
                "date": iso_day(day), "level": level, "n_sites": len(here),
                "n_opening_unknown": int(unknown[here.index].sum()),
                **{name: int(counted.get(name, 0)) for name in PHASES},
            })  # fmt: skip
    return pd.DataFrame(rows)


def count_open(sites: pd.DataFrame, years: Iterable[int]) -> pd.DataFrame:
    """Return between how many and how many places were open in the middle of each year. Raises as :func:`lives` does.

    Parameters
    ----------
    sites
        As for :func:`count_places`.
    years
        Calendar years; each stands at 1 July.

    Returns
    -------
    DataFrame
        ``year``; ``lo``, the places that are known to have been open, and ``hi``, those that no date rules out;
        ``n_places``, and ``n_unknown`` of them whose opening or closing nobody states.

    Examples
    --------
    >>> sites = pd.DataFrame({"site_id": ["a", "b"], "opened": ["1955", None], "closed": ["1967", None]})
    >>> count_open(sites, [1950, 1960]).values.tolist()
    [[1950, 0, 1, 2, 1], [1960, 1, 2, 2, 1]]
    """
    known = lives(sites)
    unknown = sum(not _is_stated(life, "opened") or not _is_stated(life, "closed") for life in known)
    rows = []
    for year in years:
        day = clock_day(f"{year:04d}-07-01")
        lo, hi = (sum(test(life, day) for life in known) for test in (_surely_open, _maybe_open))
        rows.append({"year": year, "lo": lo, "hi": hi, "n_places": len(known), "n_unknown": unknown})
    return pd.DataFrame(rows, columns=["year", "lo", "hi", "n_places", "n_unknown"])


def compare_systems(systems: Mapping[str, System]) -> pd.DataFrame:
    """Return the places open a year of systems of camps, one under the other.

    Parameters
    ----------
    systems
        By id, as the record names them; all their lists must be here.

    Returns
    -------
    DataFrame
        ``system`` and the columns of :func:`count_open`. Counts of places alone: what a place is differs by system.

    Raises
    ------
    MissingError, InputError
        When a list is not here or not sound, or none of its sites is of the system.
    """
    tables = [
        count_open(sites_of_system(name, one), range(one.first, one.last + 1)).assign(system=name)
        for name, one in systems.items()
    ]
    whole = pd.concat(tables, ignore_index=True)
    return whole[["system", *(column for column in whole if column != "system")]]


def sites_of_system(name: str, one: System) -> gpd.GeoDataFrame:
    """Return the sites of a system, each place once. Raises as :func:`compare_systems` does."""
    sites = catalogue.standing(catalogue.once(*one.lists))
    sites = sites[sites["system"].isin(one.of)] if one.of else sites
    sites = sites[sites["country"].eq(one.country)] if one.country else sites
    if sites.empty:
        raise InputError(f"system {name}: none of the sites of {', '.join(one.lists)} is of it; mend record.toml")
    return sites


def systems_here() -> tuple[dict[str, System], dict[str, str]]:
    """Return the systems of the record whose lists are all at hand, and those left out with how to get their lists.

    Raises
    ------
    InputError
        When the record names no system, or no list of any is here.
    """
    named, at_hand, registered = record.current().systems, set(sources.lists()), sources.registry()
    if not named:
        raise InputError("systems: the record names no system of camps; add [system.ID] to record.toml")
    lacking = {name: [source for source in one.lists if source not in at_hand] for name, one in named.items()}
    told = {
        name: "; ".join(
            f"{source}: {sources.how_to_get(registered[source]) if source in registered else 'not registered'}"
            for source in absent
        )
        for name, absent in lacking.items()
        if absent
    }
    if len(told) == len(named):
        raise InputError(f"systems: no list of any system is here; {'; '.join(told.values())}")
    return {name: one for name, one in named.items() if name not in told}, told


def _is_stated(life: Life, name: str) -> bool:
    return bool(life[name]) and None not in life[name]


def _surely_open(life: Life, day: float) -> bool:
    if not life["opened"] or life["opened"][1] is None or life["opened"][1] > day:
        return False
    if life["closed"]:
        return life["closed"][0] is not None and day < life["closed"][0]
    return life["until"] is not None and day <= life["until"]


def _maybe_open(life: Life, day: float) -> bool:
    begun_by = not life["opened"] or life["opened"][0] is None or life["opened"][0] <= day
    return begun_by and (not life["closed"] or life["closed"][1] is None or day <= life["closed"][1])
