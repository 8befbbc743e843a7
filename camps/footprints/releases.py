"""Dated releases of footprints as looks: what a release shows anew, and what it repeats of an older image.

A release says when it was *published*. Its images are older by a time that nobody states, and ground that was not
looked at again is given out once more as it was. So the date of a release is an interval, from the oldest image it may
rest on to its publication; and a tile whose outlines are byte for the same as in a release before was not looked at:
nothing in it is a second sighting, and what is not in it is not gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from camps.dates import day_interval, iso_day
from camps.errors import InputError
from camps.footprints.series import FootprintSeries
from camps.footprints.tiles import ZOOM, Keys, centre_keys, tile_bounds, tile_names

#: What a tile is to a release: looked at; the same as in a release before; without an outline.
LOOKED, REPEATED, EMPTY = "observed", "not_imaged", "no_record"


def taken(published: str, *, oldest_days: int) -> str:
    """Return the date of a release as a look: from its oldest image to the day on which it was published.

    Parameters
    ----------
    published
        EDTF; of a month or a year its last day counts.
    oldest_days
        How many days before that its oldest image may have been taken.

    Raises
    ------
    InputError
        When the days are negative.

    Examples
    --------
    >>> taken("2020-06-30", oldest_days=365)
    '2019-07-01/2020-06-30'
    """
    if oldest_days < 0:
        raise InputError(f"oldest_days {oldest_days}: expected 0 or more days before the publication")
    last = day_interval(published)[1]
    return f"{iso_day(last - oldest_days)}/{iso_day(last)}" if oldest_days else iso_day(last)


def as_looks(
    series: FootprintSeries, *, zoom: int = ZOOM, repeats: bool = True, extent: shapely.Geometry | None = None
) -> FootprintSeries:
    """Return a series of releases with the ground that each looked at, and without what each repeats.

    Parameters
    ----------
    series
        As from :func:`camps.footprints.load`, one scene a release; its coverage and looks are made anew.
    zoom
        Of the tiles, see :func:`camps.footprints.tiles.tile_keys`. Smaller tiles take more ground that did not change
        for not looked at, which widens intervals; larger ones take more stale ground for looked at.
    repeats
        Whether a tile that is the same as in a release before was not looked at.
    extent
        Ground in degrees that every release covers whole. In it a tile without an outline was looked at; elsewhere
        nobody knows whether it was.

    Returns
    -------
    FootprintSeries
        ``coverage`` is the ground looked at, ``looks`` says of each tile (``site_id``) what it is to each scene:
        ``observed``, ``not_imaged`` (the same as before) or ``no_record`` (no outline). Follow it with
        ``camps.change.follow(series, centres=True)``.

    References
    ----------
    METHOD 8, Releases as looks.
    """
    frame, scenes = series.footprints, list(series.scenes["scene_id"])
    scene = pd.Index(scenes).get_indexer(pd.Index(frame["scene_id"]))
    key = centre_keys(np.asarray(frame.geometry.array), zoom=zoom)
    tiles = with_statuses(tile_sums(key, scene, frame["wkb_sha256"]), len(scenes), zoom, repeats=repeats, extent=extent)
    return replace(
        series,
        footprints=frame[fresh(tiles, key, scene)].reset_index(drop=True),
        coverage=coverage_of(tiles, scenes, zoom),
        looks=looks_of(tiles, series.scenes, zoom),
    )


def tile_sums(key: Keys, scene: NDArray[np.intp], hashes: pd.Series[Any]) -> pd.DataFrame:
    """Return ``key``, ``scene``, ``n`` and ``sum`` of the outlines in each tile of each scene.

    The sum is the SHA-256 of the outlines' own sums in order, the same whatever the order of the rows.
    """
    rows = pd.DataFrame({"key": key, "scene": scene, "hash": hashes.array})
    rows = rows.sort_values(["key", "scene", "hash"], ignore_index=True)
    starts = np.flatnonzero(rows[["key", "scene"]].ne(rows[["key", "scene"]].shift()).any(axis=1))
    ends = np.append(starts, len(rows))[1:]
    listed = rows["hash"].tolist()
    sums = ["".join(listed[start:end]) for start, end in zip(starts, ends, strict=True)]
    table = rows.loc[starts, ["key", "scene"]].reset_index(drop=True)
    return table.assign(n=ends - starts, sum=[hashlib.sha256(told.encode()).hexdigest() for told in sums])


def with_statuses(
    sums: pd.DataFrame, n_scenes: int, zoom: int, *, repeats: bool = True, extent: shapely.Geometry | None = None
) -> pd.DataFrame:
    """Return a row a tile and scene with ``status``, sorted by both; see :func:`as_looks`."""
    keys = np.unique(sums["key"].to_numpy())
    every = pd.MultiIndex.from_product([keys, range(n_scenes)], names=["key", "scene"]).to_frame(index=False)
    tiles = every.merge(sums, on=["key", "scene"], how="left")
    tiles = tiles.assign(n=tiles["n"].fillna(0).astype("int64"), sum=tiles["sum"].fillna("").astype("string"))
    shown = tiles["n"].gt(0)
    if extent is not None:
        boxes = shown_boxes(keys, zoom)
        shown |= np.repeat(shapely.covers(extent, boxes), n_scenes)
    same = tiles.assign(sum=tiles["sum"].where(shown)).duplicated(["key", "sum"]) & shown & repeats
    return tiles.assign(status=np.select([~shown, same], [EMPTY, REPEATED], LOOKED))


def shown_boxes(keys: Keys, zoom: int) -> NDArray[Any]:
    """Return the tiles as boxes whose longitudes are those of published outlines, -180 to 180."""
    edges = tile_bounds(keys, zoom=zoom)
    edges[edges[:, 0] >= 180] -= (360, 0, 360, 0)
    return np.asarray(shapely.box(*edges.T))


def fresh(tiles: pd.DataFrame, key: Keys, scene: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which outlines, by tile and scene, stand in a tile that their scene looked at."""
    looked = tiles[tiles["status"].eq(LOOKED)]
    held = pd.MultiIndex.from_frame(looked[["key", "scene"]])
    return np.asarray(held.get_indexer(pd.MultiIndex.from_arrays([key, scene])) >= 0)


def coverage_of(tiles: pd.DataFrame, scenes: Sequence[str], zoom: int) -> gpd.GeoDataFrame:
    """Return the tiles that each scene looked at; a scene that looked at none has an empty area all the same."""
    looked = tiles[tiles["status"].eq(LOOKED)]
    boxes = shown_boxes(looked["key"].to_numpy(), zoom)
    # So that a scene is a visit everywhere, and what it did not look at is unobserved.
    names = [*np.asarray(scenes, dtype=object)[looked["scene"].to_numpy()], *scenes]
    shapes = [*boxes, *(shapely.Polygon() for _ in scenes)]
    columns = {"site_id": pd.Series(pd.NA, index=range(len(names)), dtype="string"), "scene_id": names}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


def looks_of(tiles: pd.DataFrame, scenes: pd.DataFrame, zoom: int) -> pd.DataFrame:
    """Return the "look" table of tiles, sorted by tile and scene."""
    at = scenes.iloc[tiles["scene"].to_numpy()]
    text = {"site_id": tile_names(tiles["key"].to_numpy(), zoom=zoom), "scene_id": at["scene_id"].to_numpy()}
    table = pd.DataFrame(text, dtype="string").assign(status=tiles["status"].astype("string").to_numpy())
    table["frac_valid"], table["interpreter"] = np.nan, pd.Series(pd.NA, index=table.index, dtype="string")
    table["observed_on"] = at["observed_on"].to_numpy()
    return table
