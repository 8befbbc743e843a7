"""Places that are known only by when they opened, closed and were last spoken of.

A place is open at t when its opening lies before t and its closing after. Where nobody states its closing it is open
up to the last day on which a source speaks of it as open, and "last known open" afterwards: it is not counted as open,
and its symbol fades over ten years. What vanished from a register is that, and not closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from camps.dates import Interval, as_edtf, begun, clock_day, is_edtf, iso_day, parse
from camps.errors import Fault, raise_faults

#: In the order of a life. ``unnamed``: no opening is known, and no source had spoken of the place yet.
PHASES = ("absent", "unnamed", "undated", "opening", "open", "last", "vanished", "closing", "closed")
#: A place that is last known open fades over so many days.
FADE_DAYS = 3653
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

    Raises
    ------
    InputError
        As :func:`lives`.

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
