"""Lower, expected and upper curves of what stood at a date, from intervals of first appearance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from camps.dates import as_edtf, days, look_day
from camps.errors import InputError, require_columns
from camps.growth.aggregates import ALL_SITES, NOT_STATED

Floats = NDArray[np.float64]


def bounds(area_m2: ArrayLike, left: ArrayLike, right: ArrayLike, t: ArrayLike) -> pd.DataFrame:
    """Return lower, expected and upper sums at the times `t` of things that came in the intervals (left, right].

    lower(t) = Σa·1[t ≥ R], upper(t) = Σa·1[t > L], expected(t) = Σa·F with F = (t − L)/(R − L) between 0 and 1.

    Parameters
    ----------
    area_m2
        What each thing adds, any unit.
    left, right
        Ends of the intervals on one scale, such as days. −inf on the left or inf on the right is censored.
    t
        Times on the same scale.

    Returns
    -------
    DataFrame
        A row a time, in the order given: ``t``, ``lower``, ``expected``, ``upper``, ``sd_independent`` = √Σa²F(1−F),
        ``sd_correlated`` = Σa√(F(1−F)). Publish the second: buildings go up together. While a censored interval is
        open nothing is expected of it, and the last three are null.

    Raises
    ------
    InputError
        For an interval that is empty or not a number.

    References
    ----------
    METHOD 4. Two 100 m² buildings, (0, 10], t = 5: 0, 100, 200, 70.711, 100.
    """
    area, low, high = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(x, dtype=np.float64)) for x in (area_m2, left, right))
    )
    wrong = np.flatnonzero(~(low < high))
    if wrong.size:
        first = int(wrong[0])
        raise InputError(
            f"first appearance {first}: ({low[first]}, {high[first]}], expected the last look without it before the "
            "first look with it; check the dates of the looks"
        )
    return pd.DataFrame([_at(area, low, high, time) for time in np.atleast_1d(np.asarray(t, dtype=np.float64))])


def _at(area: Floats, low: Floats, high: Floats, time: float) -> dict[str, float]:
    stands, may_stand = time >= high, time > low
    censored = may_stand & ~stands & ~(np.isfinite(low) & np.isfinite(high))
    with np.errstate(invalid="ignore"):
        part = np.where(stands, 1.0, np.where(may_stand, (time - low) / (high - low), 0.0))
    part[censored] = np.nan
    spread = np.sqrt(part * (1 - part))
    return {
        "t": float(time), "lower": float(area[stands].sum()), "expected": float((area * part).sum()),
        "upper": float(area[may_stand].sum()), "sd_independent": float(np.sqrt(np.sum((area * spread) ** 2))),
        "sd_correlated": float(np.sum(area * spread)),
    }  # fmt: skip


def curves(tracks: pd.DataFrame, dates: Sequence[str], *, by: str | None = None) -> pd.DataFrame:
    """Return lower, expected and upper built area at some dates, for all tracks or group by group.

    Parameters
    ----------
    tracks
        The "track" table with ``area_m2``, as from :func:`camps.change.follow`, and the column `by`. Where it has
        ``area_lo_m2`` and ``area_hi_m2``, these are the lower and the upper area of a track until it was seen last.
    dates
        EDTF. Of a date that is an interval, such as that of a composite, it is what was built by its last day, as in
        timeline, map and film; see :func:`camps.dates.look_day`.
    by
        Column to group by, such as ``site_id``; null goes to the group ``not stated``.

    Returns
    -------
    DataFrame
        ``group``, ``t`` as given, ``lower``, ``expected``, ``upper``, ``sd_independent``, ``sd_correlated`` (m²) and
        ``n_tracks``, sorted by group and in the order of `dates`. What has gone within (Ld, Rd] is taken off again: off
        the lower curve after Ld, off the upper at Rd.

    Raises
    ------
    InputError
        For missing columns, or dates that are none.
    """
    require_columns(tracks, ["track_id", "L", "R", "area_m2", *([by] if by else [])], "tracks")
    # Sums of floats in one order, whatever the order of the rows.
    tracks = tracks.sort_values("track_id", ignore_index=True)
    left, right = appearance_days(tracks)
    group = tracks[by].astype("string").fillna(NOT_STATED) if by else pd.Series(ALL_SITES, index=tracks.index)
    times = [look_day(date) for date in dates]
    tables = []
    for name, rows in tracks.groupby(group, sort=True):
        table = _standing(rows, left[rows.index], right[rows.index], times)
        tables.append(table.assign(group=name, t=list(dates), n_tracks=len(rows)))
    names = ["group", "t", "lower", "expected", "upper", "sd_independent", "sd_correlated", "n_tracks"]
    return pd.concat(tables, ignore_index=True)[names] if tables else pd.DataFrame(columns=names)


def _standing(tracks: pd.DataFrame, left: Floats, right: Floats, times: ArrayLike) -> pd.DataFrame:
    """Return the curves of what came less what has gone: no track's coming and going are both open at a time."""
    area = tracks["area_m2"].to_numpy("float64")
    stands = bounds(area, left, right, times)
    if "area_lo_m2" in tracks:
        # Until it was seen last, a track has the smallest or the largest of its areas.
        seen = days(as_edtf(tracks["last_seen"]), end="last").to_numpy() <= np.asarray(times)[:, None]
        for curve, name in (("lower", "area_lo_m2"), ("upper", "area_hi_m2")):
            other = tracks[name].to_numpy("float64")
            stands[curve] = bounds(other, left, right, times)[curve] + (seen * (area - other)).sum(axis=1)
    lost = tracks[tracks["Rd"].notna()] if "Rd" in tracks else tracks[:0]
    if lost.empty:
        return stands
    gone = bounds(lost["area_m2"], days(as_edtf(lost["Ld"]), end="first"), days(as_edtf(lost["Rd"]), end="last"), times)
    return stands.assign(
        lower=stands["lower"] - gone["upper"],
        expected=stands["expected"] - gone["expected"],
        upper=stands["upper"] - gone["lower"],
        sd_independent=np.hypot(stands["sd_independent"], gone["sd_independent"]),
        sd_correlated=stands["sd_correlated"] + gone["sd_correlated"],
    )


def appearance_days(tracks: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return the ends of (L, R] in days since 1970-01-01; −inf and inf where censored.

    Where the date of a look is itself an interval, its earliest day counts on the left and its latest on the right.
    """
    left = days(as_edtf(tracks["L"]), end="first").fillna(-np.inf)
    right = days(as_edtf(tracks["R"]), end="last").fillna(np.inf)
    return left.to_numpy("float64"), right.to_numpy("float64")
