"""What speaks for two records of two lists being one place: position, name, part-of and printed references.

Evidence is added up in nats (natural logarithms of odds). For a pair of records d metres apart

    position    ln(k² / 2πρ) − k·d, with k = 4.744 / √(r95_left² + r95_right²)
    name        + 1 when the names agree once generic words are taken away, and no number tells them apart
    part-of     − ln 8 when one record is a sub-compound and the other is not
    reference   + 3 for each number of a third list that both print

The first compares two explanations of the distance: one place located twice (an exponential offset in the plane, of
which 95 % is within the combined r95) and two neighbours (ρ records per m² around). Of all one-to-one assignments the
one with the most evidence is taken, and of that the pairs with more evidence for than against. The score is the
probability that goes with the evidence at even odds. A number that one list prints of the other settles the pair,
and a manual decision settles it above that.

A place that is known only to a town, a county or a province has no distance to another: it is linked by a number or by
a decision, never by position.

References
----------
Fellegi, I. P., and Sunter, A. B. (1969). A theory for record linkage. JASA 64, 1183-1210.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray
from rapidfuzz.distance import Indel

from camps.catalogue.records import Pairs, Side, Two
from camps.crs import Floats
from camps.errors import InputError
from camps.sources.datum import on_sphere

EARTH_RADIUS_M = 6_371_008.8
#: Pairs farther apart than this many combined r95 are no candidates, nor pairs beyond the cap.
REACH_R95 = 3.0
MOST_REACH_M = 5000.0
#: Around each record neighbours are counted within this.
DENSITY_RADIUS_M = 5000.0
#: 95 % of an exponential offset in the plane, (1 + kr)·exp(−kr) = 0.05, lies within kr.
K95 = 4.743865
#: Another list names the compound rather than one of its sub-compounds about eight times out of nine.
PART_ODDS = 8.0
NAME_NATS = 1.0
SHARED_REFERENCE_NATS = 3.0
SAME_NAME = 0.9
#: What is longer is a description; its beginning is compared.
MOST_NAME_CHARACTERS = 200
#: More candidate pairs than this are no two lists of sites, and would not fit into memory.
MOST_PAIRS = 20_000_000

_NAMES = ("name_en", "name_zh", "name_other", "admin3")
_GENERIC = re.compile(
    r"#\s*\d+|\b(facility|facilities|camp|prison|detention|centre|center|county|site|compound|no|[ivxlc]+|\d+)\b"
)


def find_candidates(two: Two, *, use_references: bool) -> pd.DataFrame:
    """Return all pairs within reach of one another, with what speaks for each.

    Parameters
    ----------
    two
        The lists.
    use_references
        Whether numbers of third lists that both print count.

    Returns
    -------
    DataFrame
        i and j (row positions, sorted), distance_m, same_name (empty text where they differ), shared (a tuple of
        references) and evidence in nats.

    Raises
    ------
    InputError
        When there are more than 20 million pairs.
    """
    i, j = _near(two)
    distance_m = two.distances_m(i, j)
    within = distance_m <= np.minimum(REACH_R95 * two.combined_r95_m(i, j), MOST_REACH_M)
    within &= two.left.is_compound[i] & two.right.is_compound[j]
    pairs = pd.DataFrame({"i": i, "j": j, "distance_m": distance_m})[within].reset_index(drop=True)
    pairs["same_name"] = _same_names(pairs, two)
    pairs["shared"] = _shared_references(pairs, two) if use_references else [()] * len(pairs)
    pairs["evidence"] = _evidence(pairs, two)
    return pairs


def _near(two: Two) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    most_r95_m = float(np.hypot(two.left.r95_m.max(), two.right.r95_m.max()))
    radius = _chord(min(REACH_R95 * most_r95_m, MOST_REACH_M))
    one, other = scipy.spatial.cKDTree(on_sphere(*two.left.lonlat)), scipy.spatial.cKDTree(on_sphere(*two.right.lonlat))
    n_pairs = int(one.count_neighbors(other, radius))
    if n_pairs > MOST_PAIRS:
        raise InputError(
            f"{two.left.source_id}, {two.right.source_id}: {n_pairs:,} pairs of records within reach, expected at most "
            f"{MOST_PAIRS:,}; are the positions of a list all the same?"
        )
    near = one.sparse_distance_matrix(other, radius, output_type="ndarray")
    order = np.lexsort((near["j"], near["i"]))
    return near["i"][order], near["j"][order]


def _chord(distance_m: float) -> float:
    """Return the chord on the unit sphere for a distance, one per cent long so that the ellipsoid loses no pair."""
    return 2 * float(np.sin(1.01 * distance_m / EARTH_RADIUS_M / 2))


def _density_per_m2(side: Side, other: Side) -> Floats:
    """Return how many records of the other list there are per m² around each record, one more than counted."""
    tree = scipy.spatial.cKDTree(on_sphere(*other.lonlat))
    counted = tree.query_ball_point(on_sphere(*side.lonlat), _chord(DENSITY_RADIUS_M), return_length=True)
    return np.asarray((np.asarray(counted) + 1) / (np.pi * DENSITY_RADIUS_M**2))


def _evidence(pairs: pd.DataFrame, two: Two) -> Floats:
    i, j = pairs["i"].to_numpy(), pairs["j"].to_numpy()
    k = K95 / two.combined_r95_m(i, j)
    density = (_density_per_m2(two.left, two.right)[i] + _density_per_m2(two.right, two.left)[j]) / 2
    position = np.log(k**2 / (2 * np.pi * density)) - k * pairs["distance_m"].to_numpy()
    name = NAME_NATS * np.array([bool(same) for same in pairs["same_name"]], dtype=float)
    shared = SHARED_REFERENCE_NATS * np.array([len(numbers) for numbers in pairs["shared"]], dtype=float)
    part = np.log(PART_ODDS) * (two.left.is_part[i] != two.right.is_part[j])
    return np.asarray(position + name + shared - part)


def _same_names(pairs: pd.DataFrame, two: Two) -> list[str]:
    """Return for each pair the name on which the two agree, empty where they do not."""
    told = not (two.left.numbers_are_its_own or two.right.numbers_are_its_own)
    ours, theirs = _plain_names(two.left.records, told), _plain_names(two.right.records, told)
    return [_common(ours[i], theirs[j]) for i, j in zip(pairs["i"], pairs["j"], strict=True)]


#: A name without its numbers, and the numbers, which tell "No 514" from "No 1418".
Named = tuple[str, frozenset[int]]


def _common(ours: Sequence[Named], theirs: Sequence[Named]) -> str:
    return next((one for one, n in ours for other, m in theirs if not (n and m and n != m) and _alike(one, other)), "")


def _alike(one: str, other: str) -> bool:
    return Indel.normalized_similarity(one, other) >= SAME_NAME


def _plain_names(records: gpd.GeoDataFrame, numbers_tell: bool) -> list[list[Named]]:
    columns = [records[name] for name in _NAMES if name in records]
    return [
        [(plain, _numbers(name) if numbers_tell else frozenset()) for name in names if (plain := _plain(name))]
        for names in zip(*columns, strict=True)
    ]


def _numbers(name: str) -> frozenset[int]:
    return frozenset(int(digits) for digits in re.findall(r"\d{1,9}", name[:MOST_NAME_CHARACTERS]))


def _plain(name: Any) -> str:
    """Return a name without numbers, generic words, accents and marks, in lower case."""
    if not isinstance(name, str):
        return ""
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", name[:MOST_NAME_CHARACTERS].casefold()) if not unicodedata.combining(c)
    )
    return " ".join(re.sub(r"[^\w]+", " ", _GENERIC.sub(" ", bare)).split())


def _shared_references(pairs: pd.DataFrame, two: Two) -> list[tuple[str, ...]]:
    own = (two.left.namespace, two.right.namespace)
    ours, theirs = _of_third_lists(two.left, own), _of_third_lists(two.right, own)
    return [tuple(sorted(ours[i] & theirs[j])) for i, j in zip(pairs["i"], pairs["j"], strict=True)]


def _of_third_lists(side: Side, own: tuple[str, ...]) -> list[set[str]]:
    return [{number for number in numbers if number.partition(":")[0] not in own} for numbers in side.references]


def stated_pairs(two: Two) -> Pairs:
    """Return the pairs that one list states by printing the other's number, or the same number of one numbering."""
    left, right = two.left, two.right
    stated = set(_naming(left, right)) | {(i, j) for j, i in _naming(right, left)}
    if left.namespace and left.namespace == right.namespace:
        at = {key: j for j, key in enumerate(right.keys)}
        stated |= {(i, at[key]) for i, key in enumerate(left.keys) if key in at}
    return stated


def _naming(side: Side, other: Side) -> Iterator[tuple[int, int]]:
    if not other.namespace:
        return
    at = {f"{other.namespace}:{key}": position for position, key in enumerate(other.keys)}
    for position, numbers in enumerate(side.references):
        yield from ((position, at[number]) for number in sorted(numbers) if number in at)


def stated_reason(two: Two, pair: tuple[int, int]) -> str:
    """Return in words what states a pair."""
    (left, right), (i, j) = (two.left, two.right), pair
    if f"{right.namespace}:{right.keys[j]}" in left.references[i]:
        return f"{left.source_id} names {right.namespace}:{right.keys[j]}"
    if f"{left.namespace}:{left.keys[i]}" in right.references[j]:
        return f"{right.source_id} names {left.namespace}:{left.keys[i]}"
    return f"same number {left.keys[i]} of {left.namespace}"
