"""Which scenes looked at which site, in order, and whether a look would have seen a building at a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from camps.footprints import FootprintSeries
from camps.tables import SEEING

#: A look saw a place when its valid area holds this share of the building; the rest is the drawing of the edges.
CONTAINED = 0.99

Codes = NDArray[np.intp]


@dataclass(frozen=True)
class Visits:
    """Sites and scenes as numbers, and the looks of each site in order.

    ``sites`` and ``scenes`` are the names behind the codes; footprints without a site share the code after the last.
    ``scene_at[k, site]`` is the scene of the k-th look at a site, -1 after its last.
    """

    sites: pd.Index[Any]
    scenes: pd.Index[Any]
    scene_at: Codes
    _whole: Codes
    _valid_key: Codes
    _valid: NDArray[Any]
    centres: bool = False

    def site_codes(self, names: pd.Series[Any]) -> Codes:
        """Return the code of each site's name."""
        return _site_codes(self.sites, names)

    def order(self, site: Codes, scene: Codes) -> Codes:
        """Return which look at its site (0, 1, …) each pair of codes is."""
        look, visited = np.nonzero(self.scene_at >= 0)
        keys = visited * len(self.scenes) + self.scene_at[look, visited]
        sort = np.argsort(keys)
        return np.asarray(look[sort][np.searchsorted(keys[sort], site * len(self.scenes) + scene)])

    def saw(self, site: Codes, scene: Codes, shapes: NDArray[Any]) -> NDArray[np.bool_]:
        """Return whether each scene would have shown a building at each site and place.

        With ``centres`` the places are :func:`centres_of` footprints, otherwise outlines on the plane.

        Where a valid area is recorded for the scene, it decides; otherwise a look judged ``observed`` saw the whole
        site and any other saw nothing for certain.
        """
        key = site * len(self.scenes) + scene
        seen = np.isin(key, self._whole)
        anywhere = -len(self.scenes) + scene
        for keys in (anywhere, key):
            at = np.searchsorted(self._valid_key, keys)
            recorded = (at < len(self._valid_key)) & (np.append(self._valid_key, -1)[at] == keys) & (scene >= 0)
            holds = _holds if self.centres else _contains
            seen[recorded] = holds(self._valid[at[recorded]], shapes[recorded])
        return seen & (scene >= 0)


def _contains(valid: NDArray[Any], shapes: NDArray[Any]) -> NDArray[np.bool_]:
    held = np.asarray(shapely.covers(valid, shapes))
    rest = np.flatnonzero(~held)
    share = shapely.area(shapely.intersection(valid[rest], shapes[rest])) / shapely.area(shapes[rest])
    held[rest] = share >= CONTAINED
    return held


def _holds(valid: NDArray[Any], centres: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(shapely.covers(valid, centres))


def centres_of(footprints: gpd.GeoDataFrame) -> NDArray[Any]:
    """Return the middle of the bounds of each footprint, in degrees: the point by which it is of a tile."""
    west, south, east, north = shapely.bounds(np.asarray(footprints.geometry.array)).T
    lon = (west + east) / 2
    # Outlines may run on past the antimeridian, tiles do not.
    return np.asarray(shapely.points(np.where(lon >= 180, lon - 360, lon), (south + north) / 2))


def read_visits(series: FootprintSeries, footprints: gpd.GeoDataFrame, plane: CRS, *, centres: bool = False) -> Visits:
    """Return the visits of a series; `footprints` are those that are followed, valid areas are laid on `plane`.

    A site was visited by every scene with a look judged observed or partial, with a valid area there, or with one of
    its footprints; a valid area without a site is one wherever no site is. With `centres` a valid area that holds the
    centre of a building shows all of it, as the tiles of a release do, and lies in degrees as tiles do.
    """
    scenes = pd.Index(series.scenes["scene_id"])
    looked = series.looks[series.looks["status"].isin(SEEING)]
    pairs = pd.concat([frame[["site_id", "scene_id"]].astype(object) for frame in (
        looked, series.coverage, footprints,
    )]).drop_duplicates()  # fmt: skip
    sites = pd.Index(sorted(pairs["site_id"].dropna().unique()), dtype=object)
    table = pd.DataFrame(
        {"site": _site_codes(sites, pairs["site_id"]), "scene": scenes.get_indexer(pd.Index(pairs["scene_id"]))}
    )
    table = table.sort_values(["site", "scene"])
    look = table.groupby("site").cumcount()
    scene_at = np.full((int(look.max()) + 1 if len(look) else 0, len(sites) + 1), -1, dtype=np.intp)
    scene_at[look, table["site"]] = table["scene"]
    whole = looked[looked["status"] == "observed"]
    key, valid = _valid_areas(series.coverage if centres else series.coverage.to_crs(plane), sites, scenes)
    return Visits(sites, scenes, scene_at, _keys(whole, sites, scenes), key, valid, centres)


def _site_codes(sites: pd.Index[Any], names: pd.Series[Any]) -> Codes:
    codes = sites.get_indexer(pd.Index(names.astype(object)))
    codes[names.isna().to_numpy()] = len(sites)
    return np.asarray(codes, dtype=np.intp)


def _keys(frame: pd.DataFrame, sites: pd.Index[Any], scenes: pd.Index[Any]) -> Codes:
    # A valid area without a site holds for every site: its key is that of the site before the first.
    site = np.where(frame["site_id"].isna(), -1, _site_codes(sites, frame["site_id"]))
    return np.asarray(site * len(scenes) + scenes.get_indexer(pd.Index(frame["scene_id"])), dtype=np.intp)


def _valid_areas(coverage: gpd.GeoDataFrame, sites: pd.Index[Any], scenes: pd.Index[Any]) -> tuple[Codes, NDArray[Any]]:
    keys, position = np.unique(_keys(coverage, sites, scenes), return_inverse=True)
    shapes = np.asarray(coverage.geometry.array)
    valid = np.array([shapely.union_all(shapes[position == i]) for i in range(len(keys))], dtype=object)
    shapely.prepare(valid)
    return keys, valid
