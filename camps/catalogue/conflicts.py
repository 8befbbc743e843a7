"""What two linked lists disagree on: listed one by one, never averaged away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from camps.catalogue.records import Pairs, Side, Two

CONFLICT_COLUMNS = ("kind", "left_key", "right_key", "distance_m", "detail")
_COMPARED = ("country", "admin1", "system", "opened", "closed", "status")
Conflict = tuple[str, tuple[int, int], str]


def find_conflicts(
    two: Two,
    candidates: pd.DataFrame,
    *,
    chosen: Pairs,
    stated: Pairs,
    free: Pairs,
    apart: Mapping[tuple[int, int], str],
) -> pd.DataFrame:
    """Return what two lists disagree on.

    Parameters
    ----------
    two
        The lists.
    candidates
        Pairs within reach, with their evidence.
    chosen
        The links taken.
    stated
        Pairs that the lists state by printing one another's numbers.
    free
        The links that position, name and part-of alone would give.
    apart
        Pairs kept apart by decision, with the reason.

    Returns
    -------
    DataFrame
        kind, left_key, right_key, distance_m, detail. The kinds: ``reference against position``, ``reference to
        nothing``, ``several to one`` (by reference), ``kept apart``, ``positions disagree`` (farther apart than the
        combined r95), ``values disagree``, and ``second candidate`` (evidence for a pair of which one end is linked
        elsewhere and the other not at all).
    """
    found = [
        *_references_against_positions(two, stated, free),
        *_several_to_one(two, stated),
        *(("kept apart", pair, reason) for pair, reason in sorted(apart.items())),
        *_far_apart(two, chosen),
        *_values(two, chosen),
        *_second_candidates(two, candidates, chosen),
    ]
    return pd.concat([_table(two, found), _to_nothing(two) if stated else _table(two, [])], ignore_index=True)


def _table(two: Two, found: list[Conflict]) -> pd.DataFrame:
    i, j = (np.array([pair[end] for _, pair, _ in found], dtype=np.intp) for end in (0, 1))
    return pd.DataFrame(
        {
            "kind": [kind for kind, _, _ in found],
            "left_key": [two.left.keys[one] for one in i], "right_key": [two.right.keys[one] for one in j],
            "distance_m": two.distances_m(i, j).round(1), "detail": [detail for _, _, detail in found],
        },
        columns=list(CONFLICT_COLUMNS),
    )  # fmt: skip


def _references_against_positions(two: Two, stated: Pairs, free: Pairs) -> Iterator[Conflict]:
    left_keys, right_keys = two.left.keys, two.right.keys
    ours, theirs = dict(sorted(free)), {j: i for i, j in sorted(free)}
    for i, j in sorted(stated):
        nearer, other = ours.get(i), theirs.get(j)
        if nearer is not None and (i, nearer) not in stated:
            detail = f"named, but by position {two.left.source_id} {left_keys[i]} is {right_keys[nearer]}"
            yield "reference against position", (i, j), detail
        if other is not None and (other, j) not in stated:
            detail = f"named, but by position {two.right.source_id} {right_keys[j]} is {left_keys[other]}"
            yield "reference against position", (i, j), detail


def _several_to_one(two: Two, stated: Pairs) -> Iterator[Conflict]:
    """Yield references of one record to several: each is kept, and it is said."""
    left_keys, right_keys = two.left.keys, two.right.keys
    by_left: dict[int, list[int]] = {}
    by_right: dict[int, list[int]] = {}
    for i, j in sorted(stated):
        by_left.setdefault(i, []).append(j)
        by_right.setdefault(j, []).append(i)
    for i, several in by_left.items():
        detail = f"{two.left.source_id} {left_keys[i]} goes with {', '.join(right_keys[j] for j in several)}"
        yield from (("several to one", (i, j), detail) for j in several if len(several) > 1)
    for j, several in by_right.items():
        detail = f"{two.right.source_id} {right_keys[j]} goes with {', '.join(left_keys[i] for i in several)}"
        yield from (("several to one", (i, j), detail) for i in several if len(several) > 1)


def _to_nothing(two: Two) -> pd.DataFrame:
    rows = [
        *(("reference to nothing", key, number, detail) for key, number, detail in _dangling(two.left, two.right)),
        *(("reference to nothing", number, key, detail) for key, number, detail in _dangling(two.right, two.left)),
    ]
    table = pd.DataFrame(rows, columns=["kind", "left_key", "right_key", "detail"])
    return table.assign(distance_m=np.nan)[list(CONFLICT_COLUMNS)]


def _dangling(side: Side, other: Side) -> Iterator[tuple[str, str, str]]:
    known = {f"{other.namespace}:{key}" for key in other.keys}
    for key, numbers in zip(side.keys, side.references, strict=True):
        for number in sorted(numbers - known):
            if other.namespace and number.startswith(f"{other.namespace}:"):
                yield key, number.partition(":")[2], f"{side.source_id} names {number}, {other.source_id} has none such"


def _far_apart(two: Two, chosen: Pairs) -> Iterator[Conflict]:
    pairs = sorted(chosen)
    i, j = (np.array([pair[end] for pair in pairs], dtype=np.intp) for end in (0, 1))
    distance_m, r95_m = two.distances_m(i, j), two.combined_r95_m(i, j)
    for position in np.flatnonzero(distance_m > r95_m):
        detail = f"linked, but {distance_m[position]:.0f} m apart where {r95_m[position]:.0f} m is expected at most"
        yield "positions disagree", pairs[position], detail


def _values(two: Two, chosen: Pairs) -> Iterator[Conflict]:
    for name in _COMPARED:
        if name not in two.left.records or name not in two.right.records:
            continue
        ours, theirs = two.left.records[name].tolist(), two.right.records[name].tolist()
        for i, j in sorted(chosen):
            if _differ(name, ours[i], theirs[j]):
                yield "values disagree", (i, j), f"{name}: {ours[i]} against {theirs[j]}"


def _differ(name: str, one: object, other: object) -> bool:
    if not (isinstance(one, str) and isinstance(other, str)):
        return False
    return one != other and not (name == "system" and "unknown" in (one, other))


def _second_candidates(two: Two, candidates: pd.DataFrame, chosen: Pairs) -> Iterator[Conflict]:
    ours, theirs = {i for i, _ in chosen}, {j for _, j in chosen}
    left_keys, right_keys = two.left.keys, two.right.keys
    likely = candidates.loc[candidates["evidence"] > 0, ["i", "j"]].to_numpy()
    for i, j in likely.tolist():
        if (i, j) not in chosen and ((i in ours) != (j in theirs)):
            taken = left_keys[i] if i in ours else right_keys[j]
            yield "second candidate", (i, j), f"could be the same, but {taken} is linked with another"
