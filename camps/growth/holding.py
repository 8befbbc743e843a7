"""How long a value may be held after the look that it is of: the rule of a metric, and the day on which it ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from camps import record
from camps.dates import parse, standing_day

#: Why a value is not held any more.
CLOSED, LAPSED = "closed", "lapsed"


@dataclass(frozen=True)
class HeldRule:
    """How long a value may be held.

    Attributes
    ----------
    until
        ``while_open``: as long as the place is not known to be closed; ``to_next_date``: until the next date that the
        list covers, which has its own word on every place; ``never``; or a number of days.
    closed_counts
        Whether a place that is known to be closed keeps its value.
    """

    until: Literal["while_open", "to_next_date", "never"] | int = "to_next_date"
    closed_counts: bool = False


def rule_of(metric: str | None) -> HeldRule:
    """Return how long a value may be held, as the record says of its metric.

    Where it does not say, what is built is held while its place is open, and all else to the next date of the list.

    Examples
    --------
    >>> rule_of("buildings").until, rule_of("prisoners").until
    ('while_open', 'to_next_date')
    """
    stated = record.current().metric(metric or "value")
    return HeldRule(stated.held or "to_next_date", closed_counts=stated.counts_when_closed)


def closing_days(closed: pd.Series[Any]) -> pd.Series[Any]:
    """Return the last day on which each place may have closed, days since 1970-01-01; inf where no end is known."""
    lasts = [None if pd.isna(text) else parse(str(text)).last for text in closed]
    return pd.Series([np.inf if last is None else float(last) for last in lasts], index=closed.index, dtype="float64")


def held_until(looks: pd.DataFrame, covered: pd.DataFrame, rule: HeldRule) -> pd.DataFrame:
    """Return on which day the value of each look ceases to be held, and why.

    Parameters
    ----------
    looks
        A row a look with a value: ``day`` and, where they are known, ``closed`` (EDTF) and ``source_id``.
    covered
        All rows of the series, values or not: ``t``, and ``source_id`` where lists are to be told apart.
    rule
        The rule of the metric.

    Returns
    -------
    DataFrame
        On the index of `looks`: ``until``, the first day on which the value does not stand any more (inf: it stands for
        good): before the day of the look where the place is known to have closed before it, so that this value stands
        on no day; and ``ended``, ``closed`` or ``lapsed``.
    """
    ends = "closed" in looks and not rule.closed_counts
    closing = closing_days(looks["closed"]) + 1 if ends else pd.Series(np.inf, index=looks.index)
    lapsing = _lapsing(looks, covered, rule)
    return pd.DataFrame(
        {"until": np.minimum(closing, lapsing), "ended": np.where(closing.le(lapsing), CLOSED, LAPSED)},
        index=looks.index,
    )


def _lapsing(looks: pd.DataFrame, covered: pd.DataFrame, rule: HeldRule) -> pd.Series[Any]:
    if rule.until == "while_open":
        return pd.Series(np.inf, index=looks.index)
    if rule.until != "to_next_date":
        return pd.Series(looks["day"] + (0 if rule.until == "never" else rule.until) + 1)
    if "source_id" not in covered or "source_id" not in looks:
        return pd.Series(_next_day(looks["day"], covered["t"]), index=looks.index)
    lists = covered.groupby("source_id")["t"]
    ends = [
        pd.Series(_next_day(rows["day"], lists.get_group(name)), index=rows.index)
        for name, rows in looks.groupby("source_id")
    ]
    return pd.Series(pd.concat([*ends, pd.Series(dtype="float64")]).reindex(looks.index).fillna(np.inf))


def _next_day(day: pd.Series[Any], dates: Iterable[Any]) -> np.ndarray:
    stands = np.array([*sorted({float(standing_day(str(t))) for t in dates}), np.inf])
    return stands[np.searchsorted(stands, day.to_numpy("float64"), side="right")]
