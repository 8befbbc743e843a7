"""Onset: the distribution of dates at which building began, from dates that are known as intervals only."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from camps.dates import as_edtf, days, standing_day
from camps.errors import CheckError, InputError, require_columns

Floats = NDArray[np.float64]

_TOLERANCE = 1e-9
_MOST_STEPS = 100_000


def turnbull(left: ArrayLike, right: ArrayLike, weight: ArrayLike = 1.0) -> pd.DataFrame:
    """Return Turnbull's estimate of a distribution from half-open intervals (left, right].

    Parameters
    ----------
    left, right
        The event came after `left` and not after `right`; −inf and inf where censored. Numbers of any one unit.
    weight
        Weight of each interval, such as an area.

    Returns
    -------
    DataFrame
        The innermost intervals in order: ``lo``, ``hi`` of (lo, hi], ``mass`` (they add up to 1) and ``cumulative``,
        the estimated share that came by `hi`. Where within an interval the mass lies cannot be known.

    Raises
    ------
    InputError
        For an empty or missing interval, a weight that is not positive, or no interval at all.
    CheckError
        When the estimate does not settle.

    References
    ----------
    Turnbull, B. W. (1976). The empirical distribution function with arbitrarily grouped, censored and truncated data.
    JRSS B 38, 290-295. METHOD 4: (0,1], (0,1], (1,2] → 2/3, 1/3; (0,1], (1,2], (0,2] → ½, ½.
    """
    low, high, weights = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(x, dtype=np.float64)) for x in (left, right, weight))
    )
    wrong = np.flatnonzero(~((low < high) & (weights > 0)))
    if wrong.size or not low.size:
        where = f"({low[wrong[0]]}, {high[wrong[0]]}] of weight {weights[wrong[0]]}" if wrong.size else "no interval"
        raise InputError(f"onset: {where}, expected intervals (left, right] with left < right and a weight above 0")
    intervals, row = np.unique(np.column_stack([low, high]), axis=0, return_inverse=True)
    share = np.bincount(row.ravel(), weights=weights)
    starts, ends = _innermost(intervals[:, 0], intervals[:, 1])
    inside = (intervals[:, :1] <= starts) & (ends <= intervals[:, 1:])
    mass = _self_consistent(inside.astype(np.float64), share / share.sum())
    return pd.DataFrame({"lo": starts, "hi": ends, "mass": mass, "cumulative": np.minimum(np.cumsum(mass), 1.0)})


def _innermost(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Return the intervals from a left end to the right end next to it, with no other end in between."""
    ends = np.concatenate([left, right])
    is_left = np.arange(len(ends)) < len(left)
    # At one point (…, x] closes before (x, …] opens.
    order = np.lexsort((is_left, ends))
    ends, is_left = ends[order], is_left[order]
    at = np.flatnonzero(is_left[:-1] & ~is_left[1:])
    return ends[at], ends[at + 1]


def _self_consistent(inside: Floats, share: Floats) -> Floats:
    mass = np.full(inside.shape[1], 1 / inside.shape[1])
    for _ in range(_MOST_STEPS):
        expected = inside * mass
        updated = share @ (expected / expected.sum(axis=1, keepdims=True))
        if np.abs(updated - mass).max() < _TOLERANCE:
            return np.asarray(updated)
        mass = updated
    raise CheckError(f"onset: no convergence after {_MOST_STEPS} steps, expected it; give the dates more coarsely")


def onset(tracks: pd.DataFrame, *, weight: str | None = None) -> pd.DataFrame:
    """Return the estimated distribution of the dates at which tracks, or sites, first appeared.

    Parameters
    ----------
    tracks
        ``L`` and ``R`` (EDTF, null = censored), as from :func:`camps.change.follow` or
        :func:`camps.growth.site_onsets`.
    weight
        Column to weight by, such as ``area_m2``; each row counts once by default.

    Returns
    -------
    DataFrame
        ``after`` and ``by`` (EDTF dates of looks; null = censored) of each innermost interval, ``mass``,
        ``cumulative`` (the share that had begun by ``by``, in the order of which the rows stand), ``n`` (rows of
        `tracks` in all). What its own first look already saw had begun by that look, and not by the first look at
        another: it has a row a first look, without ``after``. A look of uncertain date stands at its middle day:
        whatever that day was, it parts what had begun by then from what had not.

    Raises
    ------
    InputError
        For missing columns, empty intervals or no rows.
    """
    require_columns(tracks, ["L", "R", *([weight] if weight else [])], "tracks")
    left, right = (days(as_edtf(tracks[name]), end="standing") for name in ("L", "R"))
    weights = tracks[weight].astype("float64") if weight else pd.Series(1.0, index=tracks.index)
    seen_first = left.isna() & right.notna()
    early = weights[seen_first].groupby(right[seen_first]).sum()
    table = pd.DataFrame({"lo": -np.inf, "hi": early.index, "mass": early.to_numpy() / weights.sum()})
    if not seen_first.all() or table.empty:
        rest = ~seen_first
        estimate = turnbull(left[rest].fillna(-np.inf), right[rest].fillna(np.inf), weights[rest])
        estimate["mass"] *= weights[rest].sum() / weights.sum()
        table = pd.concat([table, estimate[["lo", "hi", "mass"]]]).sort_values(["hi", "lo"], ignore_index=True)
    texts = pd.concat([as_edtf(tracks["L"]), as_edtf(tracks["R"])]).dropna().sort_values()
    named = {standing_day(text): text for text in texts.unique()}
    ends = {name: table[end].map(named).astype("string") for name, end in (("after", "lo"), ("by", "hi"))}
    return pd.DataFrame(
        {**ends, "mass": table["mass"], "cumulative": table["mass"].cumsum().clip(upper=1.0), "n": len(tracks)}
    )


def site_onsets(series: pd.DataFrame) -> pd.DataFrame:
    """Return for each site of a series of values the interval (L, R] in which it first rose above zero.

    Parameters
    ----------
    series
        A "series" table of one metric: ``unit``, ``t``, ``value``. Rows without a value are no looks.

    Returns
    -------
    DataFrame
        ``track_id`` (the unit), ``L``, ``R`` (EDTF), sorted by unit. L is null where the first look already saw
        something, R where no look did. A unit that was never looked at has no row.
    """
    seen = series[series["value"].notna()]
    seen = seen.assign(t=as_edtf(seen["t"]), day=days(seen["t"], end="standing")).sort_values(["unit", "day"])
    first = seen[seen["value"].gt(0)].drop_duplicates("unit").set_index("unit")
    start = first["day"].reindex(seen["unit"]).to_numpy()
    before = seen[~(seen["day"].to_numpy() >= start)].drop_duplicates("unit", keep="last").set_index("unit")
    units = pd.Index(sorted(seen["unit"].unique()), name="track_id")
    return pd.DataFrame({"L": before["t"].reindex(units), "R": first["t"].reindex(units)}).reset_index()
