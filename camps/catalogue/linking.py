"""Which record of one list is which record of another, each link with its score and its reasons.

Of all one-to-one assignments the one with the most evidence is taken (:mod:`camps.catalogue.evidence`), and of that
the pairs with more evidence for than against. The score is the probability that goes with the evidence at even odds.
A number that one list prints of the other settles a pair, and a manual decision settles it above that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from camps.catalogue.conflicts import find_conflicts
from camps.catalogue.evidence import find_candidates, stated_pairs, stated_reason
from camps.catalogue.records import Pairs, Side, Two

LINK_COLUMNS = ("left_key", "right_key", "distance_m", "score", "reason")


@dataclass(frozen=True)
class Links:
    """Two lists linked.

    Attributes
    ----------
    links : DataFrame
        One row a pair: left_key, right_key, distance_m (geodesic), score (0 to 1), reason; then left_site and
        right_site (site_id of the whole where the record is a part) and relation (one-to-one, one-to-many,
        many-to-one, many-to-many) between the wholes.
    conflicts : DataFrame
        What the lists disagree on: kind, left_key, right_key, distance_m, detail. Nothing of it is averaged away.
    """

    links: pd.DataFrame
    conflicts: pd.DataFrame


@dataclass(frozen=True)
class Settled:
    """Pairs of row positions that a manual decision links or keeps apart, with what to cite for each."""

    linked: Mapping[tuple[int, int], str] = field(default_factory=dict)
    apart: Mapping[tuple[int, int], str] = field(default_factory=dict)


def link_sides(left: Side, right: Side, *, ignore_references: bool = False, settled: Settled | None = None) -> Links:
    """Return the links between two lists and what they disagree on.

    Parameters
    ----------
    left, right
        The lists; records are sites and parts together.
    ignore_references
        Whether to leave out all numbers that the lists print of one another and of third lists.
    settled
        Pairs that are decided by hand.

    Returns
    -------
    Links
        Rows in the order of the left list, then of the right.

    Raises
    ------
    InputError
        When the lists lie so densely that there are more than 20 million candidate pairs.
    """
    two, by_hand = Two(left, right), settled or Settled()
    candidates = find_candidates(two, use_references=not ignore_references)
    stated = set() if ignore_references else stated_pairs(two)
    fixed = set(by_hand.linked) | (stated - set(by_hand.apart))
    free = _assigned(candidates, two, fixed=set(), apart=set(by_hand.apart))
    chosen = fixed | (_assigned(candidates, two, fixed=fixed, apart=set(by_hand.apart)) if fixed else free)
    why = {pair: stated_reason(two, pair) for pair in stated} | dict(by_hand.linked)
    links = _link_table(sorted(chosen), candidates, two, why)
    conflicts = find_conflicts(two, candidates, chosen=chosen, stated=stated, free=free, apart=by_hand.apart)
    return Links(links, conflicts)


# ── assignment ───────────────────────────────────────────────────────────────────────────────────────────────────


def _assigned(candidates: pd.DataFrame, two: Two, *, fixed: Pairs, apart: Pairs) -> Pairs:
    """Return the one-to-one assignment with the most evidence; records of one list at one printed point go together."""
    pairs = _open_pairs(candidates, fixed, apart)
    if pairs.empty:
        return set()
    ours, theirs = _points(two.left)[pairs["i"]], _points(two.right)[pairs["j"]]
    places = pairs.assign(one=ours, other=theirs)
    best = places.sort_values("evidence", ascending=False, kind="stable").drop_duplicates(["one", "other"])
    matched = _most_evidence(best)
    kept = [pair in matched for pair in zip(places["one"], places["other"], strict=True)]
    return {(int(i), int(j)) for i, j in places.loc[kept, ["i", "j"]].to_numpy()}


def _open_pairs(candidates: pd.DataFrame, fixed: Pairs, apart: Pairs) -> pd.DataFrame:
    taken_left, taken_right = {i for i, _ in fixed}, {j for _, j in fixed}
    is_open = ~candidates["i"].isin(taken_left) & ~candidates["j"].isin(taken_right) & (candidates["evidence"] > 0)
    together = [pair not in apart for pair in zip(candidates["i"], candidates["j"], strict=True)]
    return candidates[is_open & np.array(together, dtype=bool)]


def _points(side: Side) -> NDArray[np.intp]:
    """Return a number for each printed point, the same for records of the list that share it."""
    printed = side.records["lon_published"].astype(str) + " " + side.records["lat_published"].astype(str)
    return np.asarray(pd.factorize(printed)[0])


def _most_evidence(best: pd.DataFrame) -> set[tuple[int, int]]:
    """Return the assignment of places with the greatest sum of evidence; a place may stay alone."""
    ours, one = np.unique(best["one"], return_inverse=True)
    theirs, other = np.unique(best["other"], return_inverse=True)
    evidence = best["evidence"].to_numpy()
    # Each place of ours may also stay alone, at no evidence: a column of its own keeps the assignment full.
    ceiling = float(evidence.max()) + 1
    rows = np.concatenate([one, np.arange(len(ours))])
    columns = np.concatenate([other, len(theirs) + np.arange(len(ours))])
    costs = np.concatenate([ceiling - evidence, np.full(len(ours), ceiling)])
    graph = scipy.sparse.csr_matrix(
        scipy.sparse.coo_matrix((costs, (rows, columns)), shape=(len(ours), len(theirs) + len(ours)))
    )
    row, column = scipy.sparse.csgraph.min_weight_full_bipartite_matching(graph)
    return {(int(ours[a]), int(theirs[b])) for a, b in zip(row, column, strict=True) if b < len(theirs)}


# ── table of links ───────────────────────────────────────────────────────────────────────────────────────────────


def _link_table(
    chosen: list[tuple[int, int]], candidates: pd.DataFrame, two: Two, why: Mapping[tuple[int, int], str]
) -> pd.DataFrame:
    i, j = (np.array(side, dtype=np.intp) for side in (zip(*chosen, strict=True) if chosen else ([], [])))
    links = pd.DataFrame({"i": i, "j": j}).merge(candidates, how="left", on=["i", "j"])
    links["distance_m"] = two.distances_m(i, j)
    links["r95_m"] = two.combined_r95_m(i, j)
    links["settled"] = [why.get(pair, "") for pair in chosen]
    links["score"] = np.where(links["settled"] != "", 1.0, 1 / (1 + np.exp(-links["evidence"])))
    links["reason"] = [_reason(row, two) for row in links.to_dict("records")]
    keys = {"left_key": [two.left.keys[one] for one in i], "right_key": [two.right.keys[one] for one in j]}
    wholes = {"left_site": [two.left.wholes[one] for one in i], "right_site": [two.right.wholes[one] for one in j]}
    table = pd.DataFrame(
        {
            **keys,
            "distance_m": links["distance_m"].round(1),
            "score": links["score"].round(4),
            "reason": links["reason"],
            **wholes,
        }
    )
    return table.assign(relation=_relations(table))


def _reason(row: Mapping[Any, Any], two: Two) -> str:
    said = [row["settled"]] if row["settled"] else []
    said.append(f"{row['distance_m']:.0f} m apart, combined r95 {row['r95_m']:.0f} m")
    said += [f"same name '{row['same_name']}'"] if isinstance(row["same_name"], str) and row["same_name"] else []
    said += [f"both name {number}" for number in row["shared"]] if isinstance(row["shared"], tuple) else []
    said += [f"sub-compound in {two.left.source_id}"] if two.left.is_part[row["i"]] else []
    said += [f"sub-compound in {two.right.source_id}"] if two.right.is_part[row["j"]] else []
    return "; ".join(said)


def _relations(links: pd.DataFrame) -> list[str]:
    """Return how the wholes at both ends of each link stand to one another, over all their links."""
    if links.empty:
        return []
    ours, left = np.unique(links["left_site"].astype(str), return_inverse=True)
    theirs, right = np.unique(links["right_site"].astype(str), return_inverse=True)
    n = len(ours) + len(theirs)
    graph = scipy.sparse.coo_matrix((np.ones(len(links)), (left, right + len(ours))), shape=(n, n))
    group = scipy.sparse.csgraph.connected_components(graph, directed=False)[1]
    n_ours, n_theirs = np.bincount(group[: len(ours)], minlength=n), np.bincount(group[len(ours) :], minlength=n)
    return [_relation(int(n_ours[group[one]]), int(n_theirs[group[one]])) for one in left]


def _relation(n_left: int, n_right: int) -> str:
    return f"{'one' if n_left == 1 else 'many'}-to-{'one' if n_right == 1 else 'many'}"
