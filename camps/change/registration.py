"""Registering polygons to polygons: one translation between two dates, found by a vote of centroid differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from camps.crs import Floats

#: Scenes shift by up to 10 m from date to date (METHOD 3); a vote looks a little farther.
REACH_M = 12.0
#: Two polygons may be one building when the smaller has more than this share of the larger's area.
MIN_AREA_RATIO = 0.7
#: A shift is accepted when at least so many pairs, and so large a share of the possible pairs, agree on it.
MIN_VOTES = 10
MIN_VOTE_SHARE = 0.3

_BIN_M = 0.5
_PEAK_RADIUS_M = 2.0
_MAD_TO_SD = 1.4826
# Groups whose ballots are counted at once, so that the ballots of ten thousand camps never lie in memory together.
_CHUNK = 256

Codes = NDArray[np.intp]


@dataclass(frozen=True)
class Shift:
    """A translation in metres that lays the later polygons on the earlier ones, and how well it is known.

    ``sd_m`` is the scatter of single buildings about it, ``n`` the number of pairs that agree. A shift that was not
    accepted is (0, 0) with ``sd_m`` NaN.
    """

    dx_m: float
    dy_m: float
    sd_m: float
    n: int

    @property
    def accepted(self) -> bool:
        """Return whether enough pairs agreed."""
        return bool(np.isfinite(self.sd_m))


def vote_shift(earlier: NDArray[Any], later: NDArray[Any], *, reach_m: float = REACH_M) -> Shift:
    """Return the translation that most centroid pairs of two sets of polygons agree on.

    Parameters
    ----------
    earlier, later
        Polygons on one plane in metres.
    reach_m
        How far apart two centroids of one building may lie. It is kept below half the lower quartile of the distance
        between neighbours, on either date, or the vote would lock on the next row of barracks.

    Returns
    -------
    Shift
        To be added to `later`.
    """
    groups = (np.zeros(len(earlier), dtype=np.intp), np.zeros(len(later), dtype=np.intp))
    found = vote_shifts(earlier, later, *groups, n_groups=1, reach_m=reach_m)
    return Shift(found["dx_m"].iloc[0], found["dy_m"].iloc[0], found["sd_m"].iloc[0], int(found["n"].iloc[0]))


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
        ``dx_m``, ``dy_m``, ``sd_m`` and ``n``, one row a group code from 0 to `n_groups` − 1.
    """
    a, b = (shapely.get_coordinates(shapely.centroid(shapes)) for shapes in (earlier, later))
    pitches = [_half_pitch_m(centres, group, n_groups) for centres, group in ((a, group_earlier), (b, group_later))]
    reach = np.minimum(np.minimum(*pitches), reach_m)
    one, two = _near(a, b, reach_m)
    area_a, area_b = shapely.area(earlier)[one], shapely.area(later)[two]
    difference, group = a[one] - b[two], group_earlier[one]
    fits = (group == group_later[two]) & (np.hypot(*difference.T) <= reach[group])
    fits &= np.minimum(area_a, area_b) > MIN_AREA_RATIO * np.maximum(area_a, area_b)
    pairs = pd.DataFrame({"group": group, "one": one, "two": two, "dx": difference[:, 0], "dy": difference[:, 1]})
    return _counted(pairs[fits], n_groups, reach_m)


def _half_pitch_m(centres: Floats, group: Codes, n_groups: int) -> Floats:
    if len(centres) < 2:
        return np.full(n_groups, np.inf)
    distance = cKDTree(centres).query(centres, k=2)[0][:, 1]
    quartile = pd.Series(distance).groupby(group).quantile(0.25, interpolation="lower")
    return 0.49 * quartile.reindex(range(n_groups), fill_value=np.inf).to_numpy()


def _near(a: Floats, b: Floats, reach_m: float) -> tuple[Codes, Codes]:
    if not len(a) or not len(b):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    found = cKDTree(a).sparse_distance_matrix(cKDTree(b), reach_m, output_type="ndarray")
    return found["i"], found["j"]


def _counted(pairs: pd.DataFrame, n_groups: int, reach_m: float) -> pd.DataFrame:
    """Take in each group the median of the differences near the densest place of their scatter."""
    group, difference = pairs["group"].to_numpy(), pairs[["dx", "dy"]].to_numpy()
    possible = pairs.groupby("group")[["one", "two"]].nunique().min(axis=1).reindex(range(n_groups), fill_value=0)
    centre = _densest(group, difference, n_groups, reach_m)
    for _ in range(2):
        near = np.hypot(*(difference - centre[group]).T) <= _PEAK_RADIUS_M
        centre = _medians(pairs.loc[near, ["dx", "dy"]], group[near], n_groups)
    n = np.bincount(group[near], minlength=n_groups)
    apart = pd.DataFrame(np.abs(difference[near] - centre[group[near]]), columns=["dx", "dy"])
    scatter = _MAD_TO_SD * _medians(apart, group[near], n_groups).mean(axis=1)
    agreed = n >= np.maximum(MIN_VOTES, MIN_VOTE_SHARE * possible.to_numpy())
    table = pd.DataFrame({"dx_m": centre[:, 0], "dy_m": centre[:, 1], "sd_m": scatter, "n": n})
    table.loc[~agreed, ["dx_m", "dy_m", "sd_m"]] = 0.0, 0.0, np.nan
    return table


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
        density = gaussian_filter(counts.astype(np.float64), sigma=spread, mode="constant").reshape(stop - start, -1)
        peaks[start:stop] = np.round(density, 6)[:, order].argmax(axis=1)
    return np.asarray(places[order][peaks] * _BIN_M, dtype=np.float64)
