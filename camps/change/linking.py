"""Which polygons of two dates stand on the same ground."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
import shapely
from numpy.typing import ArrayLike, NDArray

from camps.crs import Floats, chunks

#: Two polygons are linked when they share more than this share of the smaller one (METHOD 3).
MIN_SHARE = 0.1
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
    one, two = candidates(earlier, later, group_earlier=group_earlier, group_later=group_later)
    return measured(earlier, later, one, two, min_share=min_share)


def candidates(
    earlier: NDArray[Any],
    later: NDArray[Any],
    *,
    group_earlier: ArrayLike | None = None,
    group_later: ArrayLike | None = None,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions of all pairs of one group whose bounds meet; see :func:`link`."""
    two, one = shapely.STRtree(earlier).query(later)
    if group_earlier is not None and group_later is not None:
        same = np.asarray(group_earlier)[one] == np.asarray(group_later)[two]
        one, two = one[same], two[same]
    return one, two


def told_apart(
    earlier: NDArray[Any], later: NDArray[Any], one: NDArray[np.intp], two: NDArray[np.intp], *, tau_m: Floats
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Return those of the candidate pairs that touch, and which of them are :func:`redrawn`; `tau_m` one a pair.

    What is surely redrawn touches, and most pairs are, so that few have to be intersected to know that they do.
    """
    again = redrawn(earlier, later, one, two, tau_m=tau_m)
    meets = again.copy()
    meets[~again] = shapely.intersects(earlier[one[~again]], later[two[~again]])
    one, two, again, tau_m = one[meets], two[meets], again[meets], tau_m[meets]
    # A neighbour whose bounds alone met the outline no longer stands beside it.
    rest = ~again
    again[rest] = redrawn(earlier, later, one[rest], two[rest], tau_m=tau_m[rest])
    return one, two, again


def measured(
    earlier: NDArray[Any],
    later: NDArray[Any],
    one: NDArray[np.intp],
    two: NDArray[np.intp],
    *,
    min_share: float = MIN_SHARE,
) -> Pairs:
    """Return those of the pairs that share enough ground to be linked; see :func:`link`."""
    shared = shared_area_m2(earlier, later, one, two)
    linked = shared > min_share * np.minimum(shapely.area(earlier[one]), shapely.area(later[two]))
    order = np.lexsort((two[linked], one[linked]))
    return one[linked][order], two[linked][order], shared[linked][order]


def redrawn(
    earlier: NDArray[Any],
    later: NDArray[Any],
    one: NDArray[np.intp],
    two: NDArray[np.intp],
    *,
    tau_m: Floats,
) -> NDArray[np.bool_]:
    """Return which pairs are surely one building whose outline was drawn again, without a single intersection.

    Both are convex, neither touches anything else, and no corner of one lies 2τ or more from the edges of the other.
    Then each lies in the other widened by less than 2τ, so that no disc of radius τ fits in what it gained; and what
    is left of the earlier one when it is narrowed by that distance lies in the later one, which makes the link sure.
    """
    alone = (np.bincount(one, minlength=len(earlier))[one] == 1) & (np.bincount(two, minlength=len(later))[two] == 1)
    pair = np.flatnonzero(alone)
    pair = pair[_convex(earlier[one[pair]]) & _convex(later[two[pair]])]
    a, b = earlier[one[pair]], later[two[pair]]
    apart_m, area_m2 = shapely.hausdorff_distance(a, b), shapely.area(a)
    left_m2 = area_m2 - apart_m * shapely.length(a)
    sure = np.zeros(len(one), dtype=bool)
    sure[pair] = (apart_m < 2 * tau_m[pair]) & (left_m2 > MIN_SHARE * np.minimum(area_m2, shapely.area(b)))
    return sure


def _convex(shapes: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which polygons are convex; those of four corners, as most buildings are, turn one way at each."""
    four = (shapely.get_num_coordinates(shapes) == 5) & (shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON)
    edges = np.diff(shapely.get_coordinates(shapes[four]).reshape(-1, 5, 2), axis=1)
    # One edge of all buildings after the other lies in memory as it is worked on.
    east, north = np.ascontiguousarray(edges.transpose(2, 1, 0))
    turns = east * np.roll(north, -1, axis=0) - north * np.roll(east, -1, axis=0)
    convex = np.zeros(len(shapes), dtype=bool)
    convex[four] = (turns >= 0).all(axis=0) | (turns <= 0).all(axis=0)
    others = shapes[~four]
    convex[~four] = shapely.area(others) >= shapely.area(shapely.convex_hull(others)) * (1 - 1e-12)
    return convex


def shared_area_m2(earlier: NDArray[Any], later: NDArray[Any], one: NDArray[np.intp], two: NDArray[np.intp]) -> Floats:
    """Return the area that each pair of positions shares, in the units of the plane."""
    shared = np.empty(len(one))
    for part in chunks(len(one)):
        shared[part] = shapely.area(shapely.intersection(earlier[one[part]], later[two[part]]))
    return shared


def components(
    one: NDArray[np.intp], two: NDArray[np.intp], n_earlier: int, n_later: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the number of the connected component of each earlier and of each later polygon.

    Components are numbered in the order of their first earlier polygon, then of their first later one.
    """
    n = n_earlier + n_later
    links = scipy.sparse.coo_matrix((np.ones(len(one), dtype=np.int8), (one, two + n_earlier)), shape=(n, n))
    _, label = scipy.sparse.csgraph.connected_components(links, directed=False)
    return label[:n_earlier].astype(np.intp), label[n_earlier:].astype(np.intp)
