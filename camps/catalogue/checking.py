"""Links held against the numbers that two lists print of one another: which are found, which are lost, and why."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from camps.catalogue.evidence import find_candidates, stated_pairs
from camps.catalogue.linking import Links, link_sides
from camps.catalogue.records import Pairs, Two
from camps.errors import InputError

CHECK_COLUMNS = ("outcome", "left_key", "right_key", "distance_m", "score", "reason")
OUTCOMES = ("found", "lost", "not stated")


def check_links(two: Two) -> pd.DataFrame:
    """Link two lists without any printed number, and hold the result against those numbers.

    Parameters
    ----------
    two
        The lists; at least one must print numbers of the other.

    Returns
    -------
    DataFrame
        One row a pair, the lost ones first: outcome (``found``, ``lost``: stated and not linked, ``not stated``:
        linked and not stated), left_key, right_key, distance_m, score (null where lost) and reason.

    Raises
    ------
    InputError
        When neither list states any pair.
    """
    stated = stated_pairs(two)
    if not stated:
        raise InputError(
            f"{two.left.source_id}, {two.right.source_id}: neither prints numbers of the other, expected one that does"
        )
    linked = link_sides(two.left, two.right, ignore_references=True)
    rows = linked.links.assign(
        i=[two.left.keys.index(key) for key in linked.links["left_key"]],
        j=[two.right.keys.index(key) for key in linked.links["right_key"]],
    )
    pairs = list(zip(rows["i"], rows["j"], strict=True))
    rows["outcome"] = ["found" if pair in stated else "not stated" for pair in pairs]
    table = pd.concat([_lost(two, stated - set(pairs), pairs, linked), rows], ignore_index=True)
    order = table["outcome"].map({"lost": 0, "not stated": 1, "found": 2})
    return table.assign(order=order).sort_values(["order", "i", "j"], ignore_index=True)[list(CHECK_COLUMNS)]


def figures(checked: pd.DataFrame) -> dict[str, float]:
    """Return linked, stated, found, precision and recall of a table from :func:`check_links`."""
    n = {outcome: int(checked["outcome"].eq(outcome).sum()) for outcome in OUTCOMES}
    linked, stated = n["found"] + n["not stated"], n["found"] + n["lost"]
    return {
        "linked": linked, "stated": stated, "found": n["found"], "precision": n["found"] / max(linked, 1),
        "recall": n["found"] / stated,
    }  # fmt: skip


def _lost(two: Two, lost: Pairs, linked: list[tuple[int, int]], links: Links) -> pd.DataFrame:
    candidates = find_candidates(two, use_references=False)
    near = dict(zip(zip(candidates["i"], candidates["j"], strict=True), candidates["evidence"], strict=True))
    apart_m = dict(zip(linked, links.links["distance_m"], strict=True))
    rows = []
    for i, j in sorted(lost):
        taken = [pair for pair in linked if pair[0] == i or pair[1] == j]
        instead = [
            f"{two.left.keys[a]} is linked with {two.right.keys[b]}, {apart_m[a, b]:.0f} m away" for a, b in taken
        ]
        rows.append({
            "outcome": "lost", "left_key": two.left.keys[i], "right_key": two.right.keys[j], "i": i, "j": j,
            "reason": "; ".join(instead) if instead else _against(near, (i, j)),
        })  # fmt: skip
    table = pd.DataFrame(rows, columns=["outcome", "left_key", "right_key", "i", "j", "reason"])
    distance_m = two.distances_m(table["i"].to_numpy(dtype="intp"), table["j"].to_numpy(dtype="intp"))
    return table.assign(distance_m=distance_m.round(1), score=float("nan"))


def _against(near: Mapping[tuple[int, int], float], pair: tuple[int, int]) -> str:
    if pair not in near:
        return "farther apart than any two readings of one place are taken to be"
    return f"two neighbours explain the distance better than one place does (evidence {near[pair]:.1f} nats)"
