"""Registering polygons to polygons: one translation between two dates, found by a vote of centroid differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
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
        between neighbours, or the vote would lock on the next row of barracks.

    Returns
    -------
    Shift
        To be added to `later`.
    """
    if not len(earlier) or not len(later):
        return Shift(0.0, 0.0, np.nan, 0)
    centres = [shapely.get_coordinates(shapely.centroid(shapes)) for shapes in (earlier, later)]
    areas = [shapely.area(shapes) for shapes in (earlier, later)]
    reach_m = min(reach_m, *(half_pitch_m(centre) for centre in centres))
    one, other = _near(centres[0], centres[1], reach_m)
    alike = np.minimum(areas[0][one], areas[1][other]) > MIN_AREA_RATIO * np.maximum(areas[0][one], areas[1][other])
    one, other = one[alike], other[alike]
    possible = min(len(np.unique(one)), len(np.unique(other)))
    return vote(centres[0][one] - centres[1][other], reach_m, possible=possible)


def half_pitch_m(centres: Floats) -> float:
    """Return just under half the lower quartile of the distance from each centre to its nearest neighbour."""
    if len(centres) < 2:
        return np.inf
    distance = cKDTree(centres).query(centres, k=2)[0][:, 1]
    return 0.49 * float(np.quantile(distance, 0.25))


def _near(a: Floats, b: Floats, reach_m: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    found = cKDTree(a).sparse_distance_matrix(cKDTree(b), reach_m, output_type="ndarray")
    order = np.lexsort((found["j"], found["i"]))
    return found["i"][order], found["j"][order]


def vote(difference: Floats, reach_m: float, *, possible: int) -> Shift:
    """Return the median of the differences near the densest place of their scatter, if enough of them agree."""
    if len(difference) < MIN_VOTES:
        return Shift(0.0, 0.0, np.nan, len(difference))
    centre = _densest(difference, reach_m)
    for _ in range(2):
        near = difference[np.hypot(*(difference - centre).T) <= _PEAK_RADIUS_M]
        centre = np.median(near, axis=0) if len(near) else centre
    if len(near) < max(MIN_VOTES, MIN_VOTE_SHARE * possible):
        return Shift(0.0, 0.0, np.nan, len(near))
    scatter = _MAD_TO_SD * float(np.median(np.abs(near - centre)))
    return Shift(float(centre[0]), float(centre[1]), scatter, len(near))


def _densest(difference: Floats, reach_m: float) -> Floats:
    half = int(np.ceil(reach_m / _BIN_M)) + 1
    edges = (np.arange(-half, half + 2) - 0.5) * _BIN_M
    counts, _, _ = np.histogram2d(difference[:, 0], difference[:, 1], bins=[edges, edges])
    density = np.round(gaussian_filter(counts, sigma=_PEAK_RADIUS_M / 2 / _BIN_M, mode="constant"), 6)
    peak = np.argwhere(density == density.max()) - half
    # Of places equally dense the one nearest to no shift at all, so that the answer does not depend on luck.
    return np.asarray(peak[np.lexsort((peak[:, 1], peak[:, 0], (peak**2).sum(axis=1)))[0]] * _BIN_M)
