"""Values over time for groups of sites: four estimators, their counts of sites, and a bootstrap over sites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from camps import settings
from camps.dates import as_edtf, date_of, days, in_order, intervals, standing_day
from camps.errors import Fault, InputError, raise_faults, require_columns
from camps.growth.holding import HeldRule, held_until, rule_of

Estimator = Literal["naive", "held", "panel", "chain"]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: The group of sites for which a list states no group.
NOT_STATED = "not stated"
ALL_SITES = "all"
#: A list whose values have more dates than this has one for each place, not one for all.
MOST_DATES = 40

_INTERVAL = (0.025, 0.975)
_NUMBERS = ("value", "lo", "hi", "index", "index_lo", "index_hi")
_WEIGHTS_AT_ONCE = 4_000_000


def aggregate(
    counts: pd.DataFrame,
    *,
    by: str | None = None,
    estimator: Estimator = "chain",
    base: str | None = None,
    at: Sequence[str] | None = None,
    held: HeldRule | None = None,
    draws: int = settings.BOOTSTRAP_DRAWS,
    seed: int = settings.SEED,
) -> pd.DataFrame:
    """Aggregate values of sites over time, without letting a site that was not looked at read as a loss.

    With aₜ the values of the sites observed at t: ``naive`` is Σaₜ over what was observed; ``held`` the sum of each
    site's last observed value, for as long as the metric lets it be held; ``panel`` the sum over the sites
    observed at every date; ``chain`` the index Iₜ = Iₜ₋₁ · Σaₜ/Σaₜ₋₁ over the sites observed at both dates, 100 at
    `base` and followed from there both ways. Only ``panel`` and ``chain`` measure growth: the held total also rises
    when a site is first seen, and the naive one falls when fewer are looked at.

    Parameters
    ----------
    counts
        A "series" table of one metric: ``unit``, ``metric``, ``t`` (EDTF), ``value`` (null when not observed), and
        the column `by`. Rows may be in any order; a missing row means the same as a null value. Where it has ``closed``
        (EDTF), a site leaves the held sum when it is known to have closed; where it has ``source_id``, each list has
        its own dates.
    by
        Column to group by, such as ``tier`` or ``admin2``; ``unit`` or ``site`` gives a group a site; ``None`` takes
        all sites together. A site whose group is null or blank goes to the group ``not stated``.
    estimator
        ``naive``, ``held``, ``panel`` or ``chain``.
    base
        Date whose index is 100, of the series or of `at`; the first date by default. See :func:`bases` for those that
        leave an index.
    at
        Dates to return rows for, EDTF, whether anything was observed then or not; all dates of `counts` by default.
    held
        How long a value may be held; by default the rule of the metric, see :func:`camps.growth.rule_of`.
    draws, seed
        Of the bootstrap over sites. The same seed is used for each group, on site ids in sorted order.

    Returns
    -------
    DataFrame
        The "aggregate" table, a row a group and date, sorted by both, with these columns:

        ``group``, ``t``, ``estimator``
            Keys.
        ``value``, ``lo``, ``hi``
            The number, in the unit of the metric (for ``chain`` the index itself), and its 95 % bootstrap interval.
            Null where the row is suppressed or not defined; the interval is null for a group of one site.
        ``n_sites``
            Sites of the group; for ``panel`` the sites of the panel, of which alone the number speaks.
        ``n_observed``, ``n_held``, ``n_never``, ``n_ended``
            Sites whose own value at t enters the number; sites that enter with an earlier value; sites of the group
            not observed at t or before; and for ``held`` the sites whose last value may not be held any more, because
            the place has closed or the value is too old. They are no part of the number.
        ``index``, ``index_lo``, ``index_hi``
            100 at `base`, with its 95 % interval.
        ``n_matched``
            Sites that the comparison rests on: those of the panel; for ``chain`` those observed both at t and at the
            date it is linked to (at `base`, those observed then); otherwise all that enter.
        ``suppressed``
            True where fewer than ``settings.MIN_MATCHED_SITES`` sites match. ``panel`` and ``chain`` pass over such a
            date: the panel does not ask for it, and the chain is linked to the date before. A single site is no group
            and is never suppressed.
        ``metric``, ``draws``, ``seed``
            As given.

    Raises
    ------
    InputError
        For missing columns, several metrics, repeated rows, negative values, a site in two groups, an unknown
        estimator, or a `base` that is not among the dates and `at`.

    References
    ----------
    METHOD 4, Aggregates over many sites, and 8, Held has an end.
    """
    by = "unit" if by == "site" else by
    at = None if at is None else list(map(str, at))
    _require_sound(counts, by=by, estimator=estimator, base=base, at=at or (), draws=draws)
    dates = in_order([*counts["t"].astype(str), *(at or ())])
    at_base = dates.index(base) if base is not None else 0
    groups = _matrices(counts, dates, by=by, held=held)
    smallest = 0 if by == "unit" else settings.MIN_MATCHED_SITES
    shown = np.flatnonzero([at is None or date in at for date in dates])
    tables = [
        _group_table(group, estimator, at_base, shown=shown, smallest=smallest, draws=draws, seed=seed)
        for group in groups.values()
    ]
    table = pd.DataFrame({name: np.concatenate([one[name] for one in tables]) for name in tables[0]})
    names = [dates[index] for index in shown] * len(groups)
    table = table.assign(group=np.repeat(list(groups), len(shown)), t=names, estimator=estimator)
    return _typed(table.assign(metric=str(counts["metric"].iloc[0]), draws=draws, seed=seed))


def comparable_dates(counts: pd.DataFrame) -> list[str] | None:
    """Return the dates at which values are added up: None for all of theirs, the years where those are too many.

    A list that states a value of the time that each place was open has nearly as many dates as places, and hardly two
    of them can be compared.

    Parameters
    ----------
    counts
        As for :func:`aggregate`.

    Returns
    -------
    list of str, or None
        For ``at`` of :func:`aggregate`.

    Examples
    --------
    >>> import pandas as pd
    >>> comparable_dates(pd.DataFrame({"t": [f"1944-{m:02}-{d:02}" for m in (1, 2) for d in range(1, 29)]}))
    ['1944']
    """
    printed = counts["t"].dropna().unique()
    if len(printed) <= MOST_DATES:
        return None
    known = [span for span in intervals(pd.Series(printed)) if span is not None]
    ends = [end for span in known for end in (span.first, span.last) if end is not None]
    return [str(year) for year in range(date_of(min(ends)).year, date_of(max(ends)).year + 1)]


def bases(
    counts: pd.DataFrame, *, by: str | None = None, estimator: Estimator = "chain", held: HeldRule | None = None
) -> pd.DataFrame:
    """Return how many dates have an index for each date that could be its base.

    A base at which too few sites were looked at, or nothing was counted, leaves no index at any date.

    Parameters
    ----------
    counts, by, estimator, held
        As for :func:`aggregate`.

    Returns
    -------
    DataFrame
        A row a group and date: ``group``, ``base``, ``n_sites`` of the group, ``n_observed`` at that date, and
        ``n_dates`` that have an index with that base.

    Raises
    ------
    InputError
        As :func:`aggregate`.

    Examples
    --------
    >>> import pandas as pd
    >>> seen = [("2017", n) for n in range(4)] + [("2018", n) for n in range(20)] + [("2019", n) for n in range(20)]
    >>> counts = pd.DataFrame({"unit": [f"s{n}" for _, n in seen], "metric": "buildings", "t": [t for t, _ in seen]})
    >>> bases(counts.assign(value=2.0))["n_dates"].tolist()
    [0, 2, 2]
    """
    by = "unit" if by == "site" else by
    _require_sound(counts, by=by, estimator=estimator, base=None, at=(), draws=1)
    dates = in_order(counts["t"].astype(str))
    smallest = 0 if by == "unit" else settings.MIN_MATCHED_SITES
    rows = [
        (name, date, len(group.value), int(np.count_nonzero(~np.isnan(group.value[:, at]))),
         int(np.isfinite(_index_alone(group, estimator, at, smallest)).sum()))
        for name, group in _matrices(counts, dates, by=by, held=held).items() for at, date in enumerate(dates)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["group", "base", "n_sites", "n_observed", "n_dates"])


def _index_alone(group: _Matrix, estimator: Estimator, at_base: int, smallest: int) -> Floats:
    parts = _parts(group, estimator, at_base, smallest)
    _, index = _estimate(parts, np.ones((1, len(parts.numerator))), at_base)
    known = (parts.n_matched >= smallest) & (parts.n_matched > 0)
    return np.where(known & known[at_base], index[0], np.nan)


def _require_sound(
    counts: pd.DataFrame, *, by: str | None, estimator: str, base: str | None, at: Sequence[str], draws: int
) -> None:
    needed = ["unit", "metric", "t", "value", *([by] if by else [])]
    require_columns(counts, dict.fromkeys(needed), "series of counts")
    if estimator not in get_args(Estimator):
        raise InputError(f"estimator {estimator!r}: expected one of {', '.join(get_args(Estimator))}")
    if draws < 1:
        raise InputError(f"draws {draws}: expected 1 or more; the default is {settings.BOOTSTRAP_DRAWS}")
    dates = in_order([*counts["t"].astype(str), *at])
    if base is not None and base not in dates:
        known = ", ".join(dates) if len(dates) <= MOST_DATES else f"its {len(dates)} dates, {dates[0]} to {dates[-1]}"
        raise InputError(f"base {base!r}: no such date in the series; expected one of {known}, or of those in at")
    raise_faults(_row_faults(counts), "series of counts")


def _row_faults(counts: pd.DataFrame) -> list[Fault]:
    metrics = sorted(counts["metric"].astype(str).unique())
    faults = []
    if counts.empty:
        faults.append(Fault("rows", "none", "at least one", "give a series with values"))
    if len(metrics) > 1:
        faults.append(Fault("column metric", ", ".join(metrics), "one metric", "select one; metrics are never mixed"))
    nameless = counts[counts["unit"].isna()]
    faults += [
        Fault(f"row {index}, column unit", "no name", "the site it is of", "name it") for index in nameless.index
    ]
    repeated = counts[counts.duplicated(["unit", "t"]) & counts["unit"].notna()]
    faults += [
        Fault(f"row {row.Index}", f"{row.unit} at {row.t} again", "one row a unit and date", "keep one of them")
        for row in repeated.itertuples()
    ]
    value = pd.to_numeric(counts["value"], errors="coerce").astype("Float64")
    # A yes is no count of one.
    is_number = not pd.api.types.is_bool_dtype(counts["value"])
    sound = value.ge(0).fillna(False) & value.lt(np.inf).fillna(False) & is_number
    wrong = counts[counts["value"].notna() & ~sound.astype(bool)]
    faults += [
        Fault(f"row {row.Index}, column value", repr(row.value), "a number of 0 or more", "leave it empty if not known")
        for row in wrong.itertuples()
    ]
    return faults


@dataclass(frozen=True)
class _Matrix:
    """What a group observed, by site (rows, in sorted order) and date (columns).

    Not observed is NaN; ``until`` is the day on which the value ceases to be held, ``day`` that of each date.
    """

    value: Floats
    until: Floats
    day: Floats

    def of(self, rows: NDArray[np.intp]) -> _Matrix:
        return _Matrix(self.value[rows], self.until[rows], self.day)


def _matrices(counts: pd.DataFrame, dates: list[str], *, by: str | None, held: HeldRule | None) -> dict[str, _Matrix]:
    """Return, for each group, what was observed at its sites, in sorted order."""
    row, units = pd.factorize(counts["unit"].astype(str), sort=True)
    column = pd.Index(dates).get_indexer(pd.Index(counts["t"].astype(str)))
    values, until = np.full((2, len(units), len(dates)), np.nan)
    values[row, column] = counts["value"].astype("Float64").to_numpy("float64", na_value=np.nan)
    looks = counts.reset_index(drop=True)
    looks = looks.assign(day=days(as_edtf(looks["t"]), end="standing"))
    rule = held or rule_of(str(counts["metric"].iloc[0]))
    until[row, column] = held_until(looks, counts, rule)["until"]
    every = _Matrix(values, until, np.array([standing_day(date) for date in dates], dtype=np.float64))
    if by is None:
        return {ALL_SITES: every}
    code, levels = pd.factorize(_group_of_unit(counts, by).reindex(units), sort=True)
    order = np.argsort(code, kind="stable")
    ends = np.searchsorted(code[order], np.arange(-1, len(levels) + 1))
    rows = [order[start:end] for start, end in pairwise(ends)]
    stated = {str(level): members for level, members in zip(levels, rows[1:], strict=True)}
    if len(rows[0]):
        stated[NOT_STATED] = np.concatenate([stated.pop(NOT_STATED, rows[0][:0]), rows[0]])
    return {name: every.of(members) for name, members in stated.items()}


def _group_of_unit(counts: pd.DataFrame, by: str) -> pd.Series[Any]:
    stated = counts[by].mask(counts[by].astype("string").str.strip().eq("").fillna(False).astype(bool))
    pairs = pd.DataFrame({"unit": counts["unit"], "group": stated}).drop_duplicates()
    torn = pairs[pairs.duplicated("unit", keep=False)].sort_values("unit")
    raise_faults(
        (
            Fault(f"{unit}, column {by}", ", ".join(map(str, rows["group"])), "one group a site", "settle on one")
            for unit, rows in torn.groupby("unit")
        ),
        "series of counts",
    )
    return pd.Series(pairs["group"].array, index=pairs["unit"].astype(str))


@dataclass(frozen=True)
class _Parts:
    """What an estimator adds up at each date, and for a chain what the sum is set against and at which date."""

    numerator: Floats
    denominator: Floats | None
    reference: NDArray[np.intp] | None
    n_sites: int
    n_observed: NDArray[np.int64]
    n_held: NDArray[np.int64]
    n_never: NDArray[np.int64]
    n_ended: NDArray[np.int64]
    n_matched: NDArray[np.int64]


def _parts(group: _Matrix, estimator: Estimator, at_base: int, smallest: int) -> _Parts:
    values = group.value
    seen = ~np.isnan(values)
    if estimator == "panel":
        return _panel(values, seen, smallest)
    never = len(values) - _tally(np.logical_or.accumulate(seen, axis=1))
    if estimator == "chain":
        return _chain(values, seen, never, _references(seen, at_base, smallest))
    numerator = _held(group) if estimator == "held" else values
    observed = _tally(seen & ~np.isnan(numerator))
    held = _tally(~np.isnan(numerator)) - observed
    ended = len(values) - never - observed - held if estimator == "held" else observed * 0
    return _Parts(np.nan_to_num(numerator), None, None, len(values), observed, held, never, ended, observed + held)


def _panel(values: Floats, seen: Flags, smallest: int) -> _Parts:
    # A date at which hardly any site was looked at would leave no panel; it is passed over.
    dates = _tally(seen) >= max(smallest, 1)
    members = seen[:, dates].all(axis=1) if dates.any() else np.zeros(len(values), dtype=bool)
    size = np.where(dates, members.sum(), 0)
    panel = np.where(dates, values[members], 0.0)
    return _Parts(panel, None, None, len(panel), size, size * 0, size * 0, size * 0, size)


def _references(seen: Flags, at_base: int, smallest: int) -> NDArray[np.intp]:
    """Return the date that each date is linked to: the next one towards the base at which enough sites match."""
    reference = np.full(seen.shape[1], at_base, dtype=np.intp)
    for dates in (range(at_base + 1, seen.shape[1]), range(at_base - 1, -1, -1)):
        latest = at_base
        for date in dates:
            reference[date] = latest
            if np.count_nonzero(seen[:, date] & seen[:, latest]) >= max(smallest, 1):
                latest = date
    return reference


def _chain(values: Floats, seen: Flags, never: NDArray[np.int64], reference: NDArray[np.intp]) -> _Parts:
    matched = seen & seen[:, reference]
    entering = _tally(matched)
    numerator, denominator = np.where(matched, values, 0), np.where(matched, values[:, reference], 0)
    none = entering * 0
    return _Parts(numerator, denominator, reference, len(values), entering, none, never, none, entering)


def _held(group: _Matrix) -> Floats:
    """Return each site's value at each date: its own, or its last one where that may still be held."""
    columns = np.arange(group.value.shape[1])
    latest = np.maximum.accumulate(np.where(np.isnan(group.value), 0, columns), axis=1)
    value, until = (np.take_along_axis(which, latest, axis=1) for which in (group.value, group.until))
    return np.where(group.day < until, value, np.nan)


def _tally(flags: Flags) -> NDArray[np.int64]:
    return np.asarray(flags.sum(axis=0, dtype=np.int64))


def _group_table(
    group: _Matrix,
    estimator: Estimator,
    at_base: int,
    *,
    shown: NDArray[np.intp],
    smallest: int,
    draws: int,
    seed: int,
) -> dict[str, NDArray[Any]]:
    parts = _parts(group, estimator, at_base, smallest)
    value, index = _estimate(parts, np.ones((1, len(parts.numerator))), at_base)
    hidden = parts.n_matched < smallest
    spread = np.full((2, 2, len(hidden)), np.nan)
    if not hidden.all():
        spread[:, :, shown] = _bootstrap(parts, at_base, shown, draws=draws, seed=seed)
    known = ~hidden & (parts.n_matched > 0)
    numbers = np.stack([value[0], *spread[0], index[0], *spread[1]])
    numbers = np.where(np.isfinite(numbers) & known, numbers, np.nan)
    if not known[at_base]:
        numbers[3:] = np.nan
    counted = {
        "n_sites": np.full(len(hidden), parts.n_sites), "n_observed": parts.n_observed, "n_held": parts.n_held,
        "n_never": parts.n_never, "n_ended": parts.n_ended, "n_matched": parts.n_matched, "suppressed": hidden,
    }  # fmt: skip
    return {name: column[shown] for name, column in (*zip(_NUMBERS, numbers, strict=True), *counted.items())}


def _estimate(parts: _Parts, weights: Floats, at_base: int) -> tuple[Floats, Floats]:
    """Return value and index, one row a set of site weights and one column a date."""
    sums = np.asarray(weights @ parts.numerator)
    with np.errstate(divide="ignore", invalid="ignore"):
        if parts.denominator is None or parts.reference is None:
            return sums, 100.0 * sums / sums[:, [at_base]]
        index = sums / np.asarray(weights @ parts.denominator)
        index[:, at_base] = 100.0
        later, earlier = range(at_base + 1, index.shape[1]), range(at_base - 1, -1, -1)
        for date in (*later, *earlier):
            index[:, date] *= index[:, parts.reference[date]]
    return index, index


def _bootstrap(parts: _Parts, at_base: int, shown: NDArray[np.intp], *, draws: int, seed: int) -> Floats:
    """Return 95 % intervals over resampled sites, shaped (value or index, lower or upper, date shown)."""
    size = len(parts.numerator)
    if size < 2:
        return np.full((2, 2, len(shown)), np.nan)
    generator = np.random.default_rng(seed)
    chunk = max(1, _WEIGHTS_AT_ONCE // size)
    sizes = [min(chunk, draws - start) for start in range(0, draws, chunk)]
    samples = [_estimate(parts, _weights(generator, rows, size), at_base) for rows in sizes]
    stacked = np.stack([np.concatenate(which)[:, shown] for which in zip(*samples, strict=True)])
    return np.stack([_interval(which) for which in stacked])


def _weights(generator: np.random.Generator, rows: int, size: int) -> Floats:
    """Return how often each site is drawn in each of `rows` samples with replacement."""
    drawn = generator.integers(0, size, (rows, size)) + np.arange(rows)[:, None] * size
    return np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size).astype(np.float64)


def _interval(samples: Floats) -> Floats:
    """Return the 95 % interval of each column; a sample whose ratio is 0/0 says nothing and is left out."""
    ends = np.full((2, samples.shape[1]), np.nan)
    for date, column in enumerate(samples.T):
        known = column[~np.isnan(column)]
        if known.size:
            # No interpolation: an end between a finite and an infinite ratio must not become a number.
            ends[:, date] = np.quantile(known, _INTERVAL, method="inverted_cdf")
    return ends


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    whole = ["n_sites", "n_observed", "n_held", "n_never", "n_ended", "n_matched"]
    names = [
        "group", "t", "estimator", "value", "lo", "hi", *whole[:5], "index", "index_lo", "index_hi", "n_matched",
        "suppressed", "metric", "draws", "seed",
    ]  # fmt: skip
    text = dict.fromkeys(["group", "t", "estimator", "metric"], "string")
    return table[names].astype({**text, **dict.fromkeys(whole, "Int64"), "suppressed": bool})
