"""Two lists laid side by side: records, keys, wholes and printed references by position."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from camps import crs
from camps.crs import Floats
from camps.sources import Source

#: Pairs of row positions, left and right.
Pairs = set[tuple[int, int]]


@dataclass(frozen=True)
class Side:
    """One of two lists to be linked: its records, its name, and the numbering its keys belong to."""

    records: gpd.GeoDataFrame
    source_id: str
    namespace: str = ""
    #: Whether numbers in its names are the list's own count of places, which tells nothing of another list.
    numbers_are_its_own: bool = False

    @cached_property
    def lonlat(self) -> tuple[Floats, Floats]:
        """Return the positions in degrees, longitude first."""
        return self.records["lon"].to_numpy(dtype=np.float64), self.records["lat"].to_numpy(dtype=np.float64)

    @cached_property
    def r95_m(self) -> Floats:
        """Return the uncertainty of each position in metres."""
        return np.asarray(self.records["r95_m"].to_numpy(dtype=np.float64))

    @cached_property
    def is_compound(self) -> NDArray[np.bool_]:
        """Return which records stand at the compound itself; of the others no distance to another place is known."""
        if "level" not in self.records:
            return np.ones(len(self.records), dtype=np.bool_)
        return np.asarray(self.records["level"].eq("compound").to_numpy(dtype=np.bool_))

    @cached_property
    def keys(self) -> list[str]:
        """Return the list's own keys."""
        return [str(key) for key in self.records["source_key"]]

    @cached_property
    def is_part(self) -> NDArray[np.bool_]:
        """Return which records are sub-compounds."""
        if "part_of" not in self.records:
            return np.zeros(len(self.records), dtype=np.bool_)
        return np.asarray(self.records["part_of"].notna().to_numpy(dtype=np.bool_))

    @cached_property
    def wholes(self) -> list[str]:
        """Return the site each record belongs to: itself, or the site it is a part of."""
        own = self.records["site_id"].astype("string")
        whole = self.records["part_of"].astype("string").fillna(own) if "part_of" in self.records else own
        return [str(site) for site in whole]

    @cached_property
    def references(self) -> list[frozenset[str]]:
        """Return the numbers of other lists that each record prints, such as ``first:50``."""
        if "references" not in self.records:
            return [frozenset()] * len(self.records)
        cells = self.records["references"].tolist()
        return [frozenset(cell.split("; ")) if isinstance(cell, str) else frozenset() for cell in cells]


@dataclass(frozen=True)
class Two:
    """Two lists side by side."""

    left: Side
    right: Side

    def distances_m(self, left: NDArray[np.intp], right: NDArray[np.intp]) -> Floats:
        """Return the geodesic distances in metres between records at row positions of either side."""
        (lon, lat), (lon_r, lat_r) = self.left.lonlat, self.right.lonlat
        return crs.distance_m((lon[left], lat[left]), (lon_r[right], lat_r[right]))

    def combined_r95_m(self, left: NDArray[np.intp], right: NDArray[np.intp]) -> Floats:
        """Return within how many metres 95 % of two independent readings of one place lie."""
        return np.asarray(np.hypot(self.left.r95_m[left], self.right.r95_m[right]))


def side_of(source: Source) -> Side:
    """Return a list, sites and parts together, as one side."""
    return Side(source.records, source.entry.id, source.entry.namespace, source.entry.own_numbers)
