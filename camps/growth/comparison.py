"""Rates, doubling times, verdicts on two values, and the dates at which a series changes level."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from camps.dates import as_edtf, days
from camps.errors import Fault, InputError, raise_faults, require_columns

Verdict = Literal["increase", "decrease", "within error"]
Floats = NDArray[np.float64]

DAYS_A_YEAR = 365.25
NEW_BUILD = "new build"
NOTHING_LEFT = "nothing left"


def increase_percent(before: float, after: float) -> float | None:
    """Return by how many per cent a value rose: 7,000 → 172,850 is an increase of 2,369 %. None when it was 0.

    Raises
    ------
    InputError
        For a negative value.
    """
    _require_amounts(before, after)
    return None if before == 0 else 100.0 * (after - before) / before


def percent_of(before: float, after: float) -> float | None:
    """Return to how many per cent a value rose: 7,000 → 172,850 is to 2,469 % of it. None when it was 0.

    Raises
    ------
    InputError
        For a negative value.
    """
    _require_amounts(before, after)
    return None if before == 0 else 100.0 * after / before


def rate_a_year(before: float, after: float, years: float) -> float | None:
    """Return the continuous growth rate r = ln(a₁/a₀)/Δt a year.

    None when a₀ = 0, which is a new build and has no rate, or a₁ = 0.

    Raises
    ------
    InputError
        For a negative value, or a time that is not above 0.
    """
    _require_amounts(before, after)
    if not years > 0:
        raise InputError(f"rate: over {years} years, expected a time above 0; give the earlier value first")
    return None if before == 0 or after == 0 else math.log(after / before) / years


def doubling_years(rate: float | None) -> float | None:
    """Return the years to double at a continuous rate a year, ln 2/r; None when there is no rate or r ≤ 0."""
    return None if rate is None or not rate > 0 else math.log(2) / rate


def _require_amounts(*values: float) -> None:
    wrong = [value for value in values if not value >= 0]
    if wrong:
        raise InputError(f"value {wrong[0]}: expected an amount of 0 or more; a value not known has no rate")


def verdict(before: tuple[float, float], after: tuple[float, float]) -> Verdict:
    """Return what two intervals (lo, hi) let one say: ``increase``, ``decrease``, or ``within error`` if they overlap.

    Intervals that touch overlap.

    Raises
    ------
    InputError
        For an interval that is not a pair lo ≤ hi.
    """
    for low, high in (before, after):
        if not low <= high:
            raise InputError(f"interval ({low}, {high}): expected lo ≤ hi, both known")
    if after[0] > before[1]:
        return "increase"
    return "decrease" if after[1] < before[0] else "within error"


def rates(series: pd.DataFrame) -> pd.DataFrame:
    """Return the growth of each unit from each look to the next.

    Parameters
    ----------
    series
        A "series" table of one metric: ``unit``, ``metric``, ``t``, ``value``, ``lo``, ``hi``. Rows without a value are
        no looks.

    Returns
    -------
    DataFrame
        A row a unit and pair of looks: ``unit``, ``metric``, ``t0``, ``t1``, ``value0``, ``value1``, ``years``,
        ``increase_percent``, ``percent_of``, ``rate_a_year``, ``doubling_years``, ``note`` ("new build" from nothing,
        "nothing left"), ``verdict``. Null where not defined; the verdict is null where an interval is not stated. A
        date that is an interval stands at its middle day.

    Raises
    ------
    InputError
        For missing columns, several metrics, or two looks of a unit that stand at one day.
    """
    rows = _ordered(series)
    earlier = rows.groupby("unit")[["t", "day", "value", "lo", "hi"]].shift(1).add_suffix("0")
    pairs = rows.rename(columns=lambda name: f"{name}1" if name in {"t", "day", "value", "lo", "hi"} else name)
    pairs = pairs.join(earlier)
    pairs = pairs[pairs["value0"].notna()]
    pairs["years"] = (pairs["day1"] - pairs["day0"]) / DAYS_A_YEAR
    measured = pd.DataFrame([_measured(pair) for pair in pairs.to_dict("records")], index=pairs.index)
    names = ["unit", "metric", "t0", "t1", "value0", "value1", "years"]
    return pairs[names].join(measured.reindex(columns=list(_MEASURES))).astype(_MEASURES).reset_index(drop=True)


_MEASURES = {
    "increase_percent": "float64", "percent_of": "float64", "rate_a_year": "float64", "doubling_years": "float64",
    "note": "string", "verdict": "string",
}  # fmt: skip


def _ordered(series: pd.DataFrame) -> pd.DataFrame:
    needed = ["unit", "metric", "t", "value", "lo", "hi"]
    require_columns(series, needed, "series")
    rows = series.loc[series["value"].notna(), needed]
    rows = rows.assign(t=as_edtf(rows["t"]), day=days(rows["t"], end="standing"))
    metrics = sorted(rows["metric"].astype(str).unique())
    faults = [Fault("column metric", ", ".join(metrics), "one metric", "select one")] if len(metrics) > 1 else []
    repeated = rows[rows.duplicated(["unit", "day"])]
    faults += [
        Fault(f"row {row.Index}", f"a second look of {row.unit} at {row.t}", "one value a day", "keep one")
        for row in repeated.itertuples()
    ]
    raise_faults(faults, "series")
    amounts = ["value", "lo", "hi"]
    rows[amounts] = rows[amounts].astype("Float64").astype("float64")
    return rows.sort_values(["unit", "day"], ignore_index=True)


def _measured(pair: dict[Any, Any]) -> dict[str, Any]:
    before, after = pair["value0"], pair["value1"]
    rate = rate_a_year(before, after, pair["years"])
    stated = not any(math.isnan(pair[name]) for name in ("lo0", "hi0", "lo1", "hi1"))
    note = NEW_BUILD if before == 0 and after > 0 else NOTHING_LEFT if after == 0 and before > 0 else None
    return {
        "increase_percent": increase_percent(before, after), "percent_of": percent_of(before, after),
        "rate_a_year": rate, "doubling_years": doubling_years(rate), "note": note,
        "verdict": verdict((pair["lo0"], pair["hi0"]), (pair["lo1"], pair["hi1"])) if stated else None,
    }  # fmt: skip


def change_points(value: ArrayLike, sd: ArrayLike, t: Iterable[str], *, penalty: float | None = None) -> pd.DataFrame:
    """Return the stretches over which a series keeps one level within its error, and when the level changed.

    The stretches minimise Σ((value − level)/sd)² plus a penalty a change, over all ways to cut the series; the level
    of a stretch is its mean, weighted by 1/sd².

    Parameters
    ----------
    value, sd
        Values and their standard errors (above 0), in order of time.
    t
        EDTF dates of the values, in the same order.
    penalty
        2 ln n by default (the Bayesian information criterion: a change is a level and a place).

    Returns
    -------
    DataFrame
        A row a stretch: ``t_first``, ``t_last``, ``n``, ``level``, ``level_sd``, and ``changed_after``,
        ``changed_by``: the level changed in (changed_after, changed_by], the last value of the stretch before and the
        first of this one; null for the first stretch.

    Raises
    ------
    InputError
        For lengths that differ, no value, an sd that is not above 0, or a value not known.

    References
    ----------
    Jackson, B. et al. (2005). An algorithm for optimal partitioning of data on an interval. IEEE Signal Processing
    Letters 12, 105-108.
    """
    values, errors, dates = np.asarray(value, dtype=np.float64), np.asarray(sd, dtype=np.float64), list(t)
    if not (len(values) == len(errors) == len(dates) > 0 and np.isfinite(values).all() and (errors > 0).all()):
        raise InputError("change points: expected as many values as sds and dates, all known, each sd above 0")
    weight = errors**-2.0
    price = 2 * math.log(len(values)) if penalty is None else penalty
    starts = _optimal_starts(values, weight, price)
    table = pd.DataFrame(
        [
            _stretch(values, weight, dates, first, end)
            for first, end in zip(starts, [*starts[1:], len(values)], strict=True)
        ]
    )
    return table.astype(dict.fromkeys(["t_first", "t_last", "changed_after", "changed_by"], "string"))


def _optimal_starts(values: Floats, weight: Floats, price: float) -> list[int]:
    sums = [np.concatenate([[0.0], np.cumsum(weight * values**power)]) for power in (0, 1, 2)]
    best, came_from = np.full(len(values) + 1, -price), np.zeros(len(values) + 1, dtype=np.intp)
    for end in range(1, len(values) + 1):
        mass, first, second = (total[end] - total[:end] for total in sums)
        cost = best[:end] + second - first**2 / mass + price
        came_from[end] = int(np.argmin(cost))
        best[end] = cost[came_from[end]]
    starts = [int(came_from[-1])]
    while starts[0] > 0:
        starts.insert(0, int(came_from[starts[0]]))
    return starts


def _stretch(values: Floats, weight: Floats, dates: list[str], first: int, end: int) -> dict[str, Any]:
    part = slice(first, end)
    return {
        "t_first": dates[first], "t_last": dates[end - 1], "n": end - first,
        "level": float(np.average(values[part], weights=weight[part])),
        "level_sd": float(weight[part].sum() ** -0.5),
        "changed_after": dates[first - 1] if first else None, "changed_by": dates[first] if first else None,
    }  # fmt: skip
