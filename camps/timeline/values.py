"""Values of sites at a moment of the clock, from the looks before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from camps.dates import When, as_edtf, clock_day, days
from camps.errors import Fault, raise_faults, require_columns
from camps.growth.holding import HeldRule, held_until, rule_of
from camps.timeline.clock import (
    Mode,
    kinds,
    require_mode,
)


def counts_state(
    counts: pd.DataFrame, when: When, mode: Mode = "observed", *, held: HeldRule | None = None
) -> pd.DataFrame:
    """Return each site's value at a moment of the clock.

    The rule, to be followed to the digit by whoever draws the same state elsewhere:

    1. The clock x is in decimal days since 1970-01-01; its day is ⌊x⌋.
    2. A look is a row with a value. It stands at the middle day d of its date, d = ⌈(first + last) / 2⌉ of the days
       that the date may mean: a year stands at 2 July, a day at itself. Rows without a value are no looks. A site's
       looks in the order of d are d₁ < d₂ < … with the values v₁, v₂, …; a look lasts its whole day, [d, d + 1).
    3. Before d₁ nothing is known: value, lo, hi, kind and stale_days are null, never zero. next_t is the first look.
    4. Else let a be the last look with d_a ≤ ⌊x⌋, and b the next one; stale_days = ⌊x⌋ − d_a.

       * ⌊x⌋ = d_a: value v_a, kind ``observed``.
       * There is no b, or v_b = v_a, or mode ``observed``: value v_a, kind ``held``.
       * Mode ``bracket``: value min(v_a, v_b), drawn solid, within lo … hi, the outline; kind ``bracketed``.
       * Mode ``illustrative``: value v_a + s·(v_b − v_a), s = (x − d_a − 1) / (d_b − d_a − 1), not rounded; kind
         ``interpolated``.
    5. lo and hi are those of look a (its value where it states none); for ``bracketed`` and ``interpolated`` they are
       the lower lo and the higher hi of a and b.
    6. The value of look a stands until the first day u_a that :func:`camps.growth.held_until` gives by the rule
       of the metric. From u_a on value, lo, hi, kind and stale_days are null again, and ended says why; where the
       place is known to have closed before d_a that is from the start. Where
       u_a < d_b nothing is said of the way from a to b: the value is held until u_a.

    Parameters
    ----------
    counts
        A "series" table of one metric: ``unit``, ``t`` (EDTF), ``value`` and, where they are stated, ``lo``, ``hi``,
        ``closed`` (EDTF) and ``source_id``.
    when
        Decimal days since 1970-01-01, a date, or an EDTF date.
    mode
        ``observed``, ``bracket`` or ``illustrative``.
    held
        How long a value may be held; by default the rule of the metric, see :func:`camps.growth.rule_of`.

    Returns
    -------
    DataFrame
        A row a unit, sorted by unit: ``site_id``, ``value``, ``lo``, ``hi`` (float64), ``kind``, ``stale_days``
        (Int64), ``t`` and ``next_t`` (EDTF of the looks a and b), ``counted`` (whether the date of look a means this
        day too: a count of a year is of all the days of it that follow its own), ``ended`` (``closed`` or ``lapsed``
        where the last value does not stand any more, else null) and ``last_value`` (that of look a, in any case).

    Raises
    ------
    InputError
        For missing columns, an unknown mode, several metrics, two looks of a site that stand at one day, or a date
        that is none.

    References
    ----------
    METHOD 6, Showing time, and 8, Held has an end.
    """
    return counts_states(counts, [clock_day(when)], mode, held=held).drop(columns="moment")


def counts_states(
    counts: pd.DataFrame, moments: Sequence[float], mode: Mode = "observed", *, held: HeldRule | None = None
) -> pd.DataFrame:
    """Return each site's value at many moments of the clock, by the rule of :func:`counts_state`.

    Parameters
    ----------
    counts, mode, held
        As there.
    moments
        Decimal days since 1970-01-01, each once.

    Returns
    -------
    DataFrame
        The rows of :func:`counts_state` for each moment, one under the other in their order, and ``moment``.

    Raises
    ------
    InputError
        As there.
    """
    require_mode(mode)
    require_columns(counts, ["unit", "t", "value"], "series of counts")
    looks = looks_of(counts, held)
    units = sorted(counts["unit"].astype(str).unique())
    clock = np.asarray(moments, dtype="float64")
    before, after = (
        looks.reindex(rows.ravel()).reset_index(drop=True) for rows in _rows_around(looks, units, np.floor(clock))
    )
    state = _between(before, after, pd.Series(clock.repeat(len(units))), mode)
    state.insert(0, "site_id", pd.Index(units)[np.tile(np.arange(len(units)), len(clock))])
    return state.assign(moment=clock.repeat(len(units)))


def _rows_around(looks: pd.DataFrame, units: Sequence[str], days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, a row a day and a column a unit, the last look up to that day and the next one; -1 for none."""
    last, following = (np.empty((len(days), len(units)), dtype="int64") for _ in range(2))
    of_units = looks.groupby("unit", sort=False).indices
    stands = looks["day"].to_numpy("float64")
    for column, unit in enumerate(units):
        rows = of_units.get(unit, np.empty(0, dtype="int64"))
        n_seen = np.searchsorted(stands[rows], days, side="right")
        around = np.array([-1, *rows, -1])
        last[:, column], following[:, column] = around[n_seen], around[n_seen + 1]
    return last, following


def looks_of(counts: pd.DataFrame, held: HeldRule | None = None) -> pd.DataFrame:
    """Return the rows with a value, in the order of the clock, as whoever draws them needs them.

    Returns
    -------
    DataFrame
        Sorted by ``unit`` and ``day``, the day at which ``t`` stands: ``value``, ``lo`` and ``hi`` (filled), ``last``
        (the last day that the date means), ``until`` and ``ended`` of :func:`camps.growth.held_until`.
    """
    looks = pd.DataFrame({"unit": counts["unit"].astype(str), "t": as_edtf(counts["t"]), "row": counts.index})
    looks["value"] = _floats(counts["value"])
    for end in ("lo", "hi"):
        looks[end] = _floats(counts[end]).fillna(looks["value"]) if end in counts else looks["value"]
    for name in {"closed", "source_id"} & set(counts):
        looks[name] = counts[name]
    looks = looks[looks["value"].notna()].reset_index(drop=True)
    looks["day"], looks["last"] = days(looks["t"], end="standing"), days(looks["t"], end="last")
    _require_one_value_a_day(looks, counts)
    metric = str(counts["metric"].iloc[0]) if "metric" in counts and len(counts) else None
    looks = looks.join(held_until(looks, counts, held or rule_of(metric)))
    return looks.sort_values(["unit", "day"], ignore_index=True)


def _floats(values: pd.Series[Any]) -> pd.Series[Any]:
    return values.astype("Float64").astype("float64")


def _require_one_value_a_day(looks: pd.DataFrame, counts: pd.DataFrame) -> None:
    metrics = sorted(counts["metric"].astype(str).unique()) if "metric" in counts else []
    faults = [Fault("column metric", ", ".join(metrics), "one metric", "select one")] if len(metrics) > 1 else []
    repeated = looks[looks.duplicated(["unit", "day"])]
    faults += [
        Fault(f"row {row.row}", f"a second look of {row.unit} at {row.t}", "one value a site and day", "keep one")
        for row in repeated.itertuples()
    ]
    raise_faults(faults, "series of counts")


def _between(before: pd.DataFrame, after: pd.DataFrame, moment: pd.Series[Any], mode: Mode) -> pd.DataFrame:
    day = np.floor(moment)
    on_day = before["day"].eq(day)
    open_between = before["day"].notna() & after["day"].notna() & ~on_day & before["value"].ne(after["value"])
    moving = open_between & before["until"].ge(after["day"]) if mode != "observed" else open_between & False
    state = before[["value", "lo", "hi"]].copy()
    state.loc[moving, "value"] = _value_between(before[moving], after[moving], moment[moving], mode)
    state.loc[moving, "lo"] = np.minimum(before["lo"], after["lo"])[moving]
    state.loc[moving, "hi"] = np.maximum(before["hi"], after["hi"])[moving]
    over = before["until"].le(day)
    state = state.mask(over)
    state["kind"] = kinds(unknown=before["day"].isna() | over, on_day=on_day, moving=moving, mode=mode)
    state["stale_days"] = (day - before["day"]).mask(over).astype("Int64")
    state["counted"] = before["last"].ge(day) & ~over
    state["ended"] = before["ended"].astype("string").where(over)
    return state.assign(t=before["t"], next_t=after["t"], last_value=before["value"])


def _value_between(before: pd.DataFrame, after: pd.DataFrame, moment: pd.Series[Any], mode: Mode) -> pd.Series[Any]:
    if mode == "bracket":
        return pd.Series(np.minimum(before["value"], after["value"]))
    share = (moment - before["day"] - 1) / (after["day"] - before["day"] - 1)
    return before["value"] + share * (after["value"] - before["value"])
