"""Registering polygons to polygons: one translation between two dates, found by a vote of centroid differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy
import shapely
from numpy.typing import NDArray

from camps.change.visits import Codes
from camps.crs import Floats

#: Scenes shift by up to 10 m from date to date (METHOD 3); a vote looks a little farther.
REACH_M = 12.0
#: Two polygons may be one building when the smaller has more than this share of the larger's area.
MIN_AREA_RATIO = 0.7
#: A shift is accepted when at least so many pairs, and so large a share of the possible pairs, agree on it.
MIN_VOTES = 10
MIN_VOTE_SHARE = 0.3
#: A shift is refused when another one, farther off than the vote dares to look, has this share of its pairs or more.
RIVAL_SHARE = 0.95

_BIN_M = 0.5
_HALF_PITCH = 0.49
_PEAK_RADIUS_M = 2.0
_MAD_TO_SD = 1.4826
# Groups whose ballots are counted at once, so that the ballots of ten thousand camps never lie in memory together.
_CHUNK = 256


@dataclass(frozen=True)
class Shift:
    """A translation in metres that lays the later polygons on the earlier ones, and how well it is known.

    ``sd_m`` is the scatter of single buildings about it, ``n`` the number of pairs that agree, ``n_rival`` the number
    that agree on the best other shift, such as one that lays each row of barracks on the next. A shift that was not
    accepted is (0, 0) with ``sd_m`` NaN.
    """

    dx_m: float
    dy_m: float
    sd_m: float
    n: int
    n_rival: int

    @property
    def accepted(self) -> bool:
        """Return whether enough pairs agreed, and not nearly as many on another shift."""
        return bool(np.isfinite(self.sd_m))


def vote_shift(earlier: NDArray[Any], later: NDArray[Any], *, reach_m: float = REACH_M) -> Shift:
    """Return the translation that most centroid pairs of two sets of polygons agree on.

    Parameters
    ----------
    earlier, later
        Polygons on one plane in metres.
    reach_m
        How far apart two centroids of one building may lie. It is kept below half the lower quartile of the distance
        between neighbours, on either date, or the vote would lock on the next row of barracks. Where a shift beyond
        that half, within 12 m, explains the scene nearly as well, both are refused: which row is which cannot be told.

    Returns
    -------
    Shift
        To be added to `later`.
    """
    groups = (np.zeros(len(earlier), dtype=np.intp), np.zeros(len(later), dtype=np.intp))
    found = vote_shifts(earlier, later, *groups, n_groups=1, reach_m=reach_m)
    row = found.iloc[0]
    return Shift(row["dx_m"], row["dy_m"], row["sd_m"], int(row["n"]), int(row["n_rival"]))


def vote_shifts(
    earlier: NDArray[Any],
    later: NDArray[Any],
    group_earlier: Codes,
    group_later: Codes,
    *,
    n_groups: int,
    reach_m: float = REACH_M,
) -> pd.DataFrame:
    """Return :func:`vote_shift` for each of many groups at once.

    Returns
    -------
    DataFrame
        ``dx_m``, ``dy_m``, ``sd_m``, ``n`` and ``n_rival``, one row a group code from 0 to `n_groups` − 1.
    """
    a, b = (shapely.get_coordinates(shapely.centroid(shapes)) for shapes in (earlier, later))
    tree_a, tree_b = scipy.spatial.cKDTree(a), scipy.spatial.cKDTree(b)
    sides = ((tree_a, group_earlier), (tree_b, group_later))
    pitches = [_half_pitch_m(tree, group, n_groups, reach_m) for tree, group in sides]
    reach = np.minimum(np.minimum(*pitches), reach_m)
    one, two = _near(tree_a, tree_b, reach_m)
    area_a, area_b = shapely.area(earlier)[one], shapely.area(later)[two]
    difference, group = a[one] - b[two], group_earlier[one]
    alike = np.minimum(area_a, area_b) > MIN_AREA_RATIO * np.maximum(area_a, area_b)
    alike &= group == group_later[two]
    pairs = pd.DataFrame({"group": group, "one": one, "two": two, "dx": difference[:, 0], "dy": difference[:, 1]})[
        alike
    ]
    near = np.hypot(*pairs[["dx", "dy"]].to_numpy().T) <= reach[pairs["group"]]
    return _counted(pairs, pairs[near], n_groups, reach_m)


def _half_pitch_m(centres: scipy.spatial.cKDTree, group: Codes, n_groups: int, reach_m: float) -> Floats:
    if centres.n < 2:
        return np.full(n_groups, np.inf)
    # A farther neighbour does not shorten the reach, and need not be found.
    farthest_m = 1.1 * reach_m / _HALF_PITCH
    distance = centres.query(centres.data, k=2, distance_upper_bound=farthest_m)[0][:, 1]
    quartile = pd.Series(distance).groupby(group).quantile(0.25, interpolation="lower")
    return _HALF_PITCH * quartile.reindex(range(n_groups), fill_value=np.inf).to_numpy()


def _near(a: scipy.spatial.cKDTree, b: scipy.spatial.cKDTree, reach_m: float) -> tuple[Codes, Codes]:
    if not a.n or not b.n:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    found = a.sparse_distance_matrix(b, reach_m, output_type="ndarray")
    return found["i"], found["j"]


def _counted(anywhere: pd.DataFrame, pairs: pd.DataFrame, n_groups: int, reach_m: float) -> pd.DataFrame:
    """Take in each group the shift that most `pairs` agree on, unless as good a one is found `anywhere`."""
    group, difference = _ballots(pairs)
    centre, near = _peak(group, difference, n_groups, reach_m)
    n = np.bincount(group[near], minlength=n_groups)
    apart = pd.DataFrame(np.abs(difference[near] - centre[group[near]]), columns=["dx", "dy"])
    scatter = _MAD_TO_SD * _medians(apart, group[near], n_groups).mean(axis=1)
    possible = np.minimum(*(_n_different(pairs[side], group, n_groups) for side in ("one", "two")))
    agreed = n >= np.maximum(MIN_VOTES, MIN_VOTE_SHARE * possible)
    rival = _rivals(anywhere, centre, np.where(agreed, n, 0), n_groups, reach_m)
    agreed &= rival < np.maximum(RIVAL_SHARE * n, 1)
    table = pd.DataFrame({"dx_m": centre[:, 0], "dy_m": centre[:, 1], "sd_m": scatter, "n": n, "n_rival": rival})
    table.loc[~agreed, ["dx_m", "dy_m", "sd_m"]] = 0.0, 0.0, np.nan
    return table


def _n_different(polygon: pd.Series[int], group: Codes, n_groups: int) -> Codes:
    """Return how many polygons each group has; a polygon belongs to one group."""
    _, first = np.unique(polygon, return_index=True)
    return np.bincount(group[first], minlength=n_groups)


def _ballots(pairs: pd.DataFrame) -> tuple[Codes, Floats]:
    return pairs["group"].to_numpy(dtype=np.intp), pairs[["dx", "dy"]].to_numpy(dtype=np.float64)


def _peak(group: Codes, difference: Floats, n_groups: int, reach_m: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Return in each group the median of the differences near the densest place of the scatter, and which they are."""
    centre = _densest(group, difference, n_groups, reach_m)
    for _ in range(2):
        near = np.hypot(*(difference - centre[group]).T) <= _PEAK_RADIUS_M
        centre = _medians(pd.DataFrame(difference[near], columns=["dx", "dy"]), group[near], n_groups)
    return centre, near


def _rivals(pairs: pd.DataFrame, centre: Floats, n: Codes, n_groups: int, reach_m: float) -> Codes:
    """Return how many pairs agree on the best shift that is another than `centre`, in groups with any votes `n`."""
    group, difference = _ballots(pairs)
    other = (n[group] > 0) & (np.hypot(*(difference - centre[group]).T) > 2 * _PEAK_RADIUS_M)
    # A shift that no pair of scenes has is no rival, however far a caller lets the vote look.
    other &= np.hypot(*difference.T) <= REACH_M
    rivals = np.zeros(n_groups, dtype=np.intp)
    some, place = np.unique(group[other], return_inverse=True)
    if len(some):
        _, near = _peak(place, difference[other], len(some), reach_m)
        rivals[some] = np.bincount(place[near], minlength=len(some))
    return rivals


def _medians(values: pd.DataFrame, group: Codes, n_groups: int) -> Floats:
    medians = values.groupby(group).median().reindex(range(n_groups), fill_value=0.0)
    return np.asarray(medians.to_numpy(dtype=np.float64))


def _densest(group: Codes, difference: Floats, n_groups: int, reach_m: float) -> Floats:
    half = int(np.ceil(reach_m / _BIN_M)) + 1
    across = 2 * half + 1
    places = np.stack(np.meshgrid(*[np.arange(-half, half + 1)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    # Of places equally dense the one nearest to no shift at all, so that the answer does not depend on luck.
    order = np.lexsort((places[:, 1], places[:, 0], (places**2).sum(axis=1)))
    column, row = (np.rint(difference / _BIN_M).astype(np.intp) + half).T
    ballot = (group * across + column) * across + row
    peaks = np.empty(n_groups, dtype=np.intp)
    for start in range(0, n_groups, _CHUNK):
        stop = min(start + _CHUNK, n_groups)
        chosen = ballot[(group >= start) & (group < stop)] - start * across**2
        counts = np.bincount(chosen, minlength=(stop - start) * across**2).reshape(-1, across, across)
        spread = (0, *[_PEAK_RADIUS_M / 2 / _BIN_M] * 2)
        density = scipy.ndimage.gaussian_filter(counts.astype(np.float64), sigma=spread, mode="constant").reshape(
            stop - start, -1
        )
        peaks[start:stop] = np.round(density, 6)[:, order].argmax(axis=1)
    return np.asarray(places[order][peaks] * _BIN_M, dtype=np.float64)
