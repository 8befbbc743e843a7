"""Which datum a list is in: WGS 84, or one of the shifted ones of Chinese maps.

The question is put to a whole list, never to a point: its sites are compared with a trusted list as they are, and
after undoing GCJ-02 or BD-09. In the west of China the first moves a point 165–316 m, the second 972–1156 m.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import scipy

from camps import crs
from camps.crs import Floats
from camps.errors import InputError

#: Fewer sites in common with the trusted list than this say nothing.
FEWEST_PAIRS = 10
#: A site with nothing trusted within this, under any datum, is not one that both lists have.
REACH_M = 1500.0
#: The median distance must fall at least by this factor for a shift to be believed.
CLEAR_FACTOR = 0.5


@dataclass(frozen=True)
class DatumCheck:
    """Outcome of a datum check.

    :func:`check_datum` makes it; what it finds is said, and undone only when the list is added with that datum.

    Attributes
    ----------
    datum
        wgs84, gcj02, bd09, or unknown when fewer than ten sites are shared with the trusted list.
    n_pairs
        Sites with a trusted one within 1.5 km under some datum.
    median_m
        Median distance to the nearest trusted site, by datum assumed, in metres; NaN without pairs.
    """

    datum: str
    n_pairs: int
    median_m: dict[str, float]

    def __str__(self) -> str:
        """Return the outcome in one line."""
        medians = ", ".join(f"{name} {value:.0f} m" for name, value in self.median_m.items())
        return f"{self.datum} ({self.n_pairs} sites in common; median distance as {medians})"


def check_datum(sites: gpd.GeoDataFrame, trusted: gpd.GeoDataFrame) -> DatumCheck:
    """Return which datum the positions of a list are in, by its distances to a trusted list.

    Parameters
    ----------
    sites
        Positions as the list gives them: ``site`` table, columns lon and lat in degrees of the datum in question.
    trusted
        ``site`` table in WGS 84.

    Returns
    -------
    DatumCheck
        The verdict and the median distances behind it.

    Raises
    ------
    InputError
        When either list is empty.
    """
    if sites.empty or trusted.empty:
        raise InputError("datum check: a list without sites; expected two lists that share some")
    lon, lat = sites["lon"].to_numpy(dtype=np.float64), sites["lat"].to_numpy(dtype=np.float64)
    distance_m = {name: _nearest_m(undo(lon, lat), trusted) for name, undo in crs.TO_WGS84.items()}
    paired = np.min(list(distance_m.values()), axis=0) <= REACH_M
    if not paired.any():
        return DatumCheck("unknown", 0, dict.fromkeys(crs.TO_WGS84, float("nan")))
    median_m = {name: float(np.median(distances[paired])) for name, distances in distance_m.items()}
    return DatumCheck(_verdict(median_m, int(paired.sum())), int(paired.sum()), median_m)


def _nearest_m(position: tuple[Floats, Floats], trusted: gpd.GeoDataFrame) -> Floats:
    """Return the geodesic distance to the nearest trusted site; nearest by chord, which keeps the order of arcs."""
    lon, lat = trusted["lon"].to_numpy(dtype=np.float64), trusted["lat"].to_numpy(dtype=np.float64)
    nearest = scipy.spatial.cKDTree(on_sphere(lon, lat)).query(on_sphere(*position))[1]
    return crs.distance_m(position, (lon[nearest], lat[nearest]))


def on_sphere(lon: Floats, lat: Floats) -> Floats:
    """Return points on the unit sphere, one row of x, y, z a position in degrees: a metric without seams or poles."""
    x, y = np.radians(lon), np.radians(lat)
    return np.column_stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])


def _verdict(median_m: dict[str, float], n_pairs: int) -> str:
    if n_pairs < FEWEST_PAIRS:
        return "unknown"
    best = min(median_m, key=lambda name: median_m[name])
    return best if median_m[best] <= CLEAR_FACTOR * median_m["wgs84"] else "wgs84"
