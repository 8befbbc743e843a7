"""Which polygons of two dates stand on the same ground."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from camps.crs import Floats

#: Two polygons are linked when they share more than this share of the smaller one (METHOD 3).
MIN_SHARE = 0.1
# Intersections are made and measured in pieces, so that a million of them never lie in memory at once.
_CHUNK = 100_000

Pairs = tuple[NDArray[np.intp], NDArray[np.intp], Floats]


def link(
    earlier: NDArray[Any],
    later: NDArray[Any],
    *,
    group_earlier: ArrayLike | None = None,
    group_later: ArrayLike | None = None,
    min_share: float = MIN_SHARE,
) -> Pairs:
    """Return the pairs that stand on the same ground and the area each pair shares.

    Parameters
    ----------
    earlier, later
        Polygons on one plane in metres.
    group_earlier, group_later
        Such as site codes; only polygons of one group are linked.
    min_share
        a and b are linked when max(shared/|a|, shared/|b|) is greater than this.

    Returns
    -------
    tuple of ndarray
        Positions in `earlier`, positions in `later`, shared area in m²; sorted by both positions.
    """
    two, one = shapely.STRtree(earlier).query(later, predicate="intersects")
    if group_earlier is not None and group_later is not None:
        same = np.asarray(group_earlier)[one] == np.asarray(group_later)[two]
        one, two = one[same], two[same]
    shared = shared_area_m2(earlier, later, one, two)
    smaller = np.minimum(shapely.area(earlier)[one], shapely.area(later)[two])
    linked = shared > min_share * smaller
    order = np.lexsort((two[linked], one[linked]))
    return one[linked][order], two[linked][order], shared[linked][order]


def shared_area_m2(earlier: NDArray[Any], later: NDArray[Any], one: NDArray[np.intp], two: NDArray[np.intp]) -> Floats:
    """Return the area that each pair of positions shares, in the units of the plane."""
    shared = np.empty(len(one))
    for start in range(0, len(one), _CHUNK):
        part = slice(start, start + _CHUNK)
        shared[part] = shapely.area(shapely.intersection(earlier[one[part]], later[two[part]]))
    return shared


def components(
    one: NDArray[np.intp], two: NDArray[np.intp], n_earlier: int, n_later: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the number of the connected component of each earlier and of each later polygon.

    Components are numbered in the order of their first earlier polygon, then of their first later one.
    """
    n = n_earlier + n_later
    links = coo_matrix((np.ones(len(one), dtype=np.int8), (one, two + n_earlier)), shape=(n, n))
    _, label = connected_components(links, directed=False)
    return label[:n_earlier].astype(np.intp), label[n_earlier:].astype(np.intp)
