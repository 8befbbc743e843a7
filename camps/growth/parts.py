"""Growth of a whole country: values of its tiles at each release, measured cell by cell, ready to be aggregated."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as arrow
import shapely
from pyarrow import parquet
from pyproj import CRS

from camps import crs, files
from camps.errors import InputError
from camps.footprints import FootprintSeries
from camps.footprints.partitions import Partition, Progress, new_part, silent, spread
from camps.footprints.released import as_frame
from camps.footprints.releases import LOOKED, fresh, shown_boxes
from camps.footprints.tiles import ZOOM, Keys, centre_keys, tile_names
from camps.growth.intervals import curves
from camps.growth.uncertainty import EDGE_BIAS_SD_M, FALSE_CHANCE, shares
from camps.provenance import canonical_json, sha256_text

TileMetric = Literal["area_m2", "buildings"]
_NORMAL_95 = 1.959964
_KEYS = ("key", "scene_id")


def tile_values(
    series: FootprintSeries,
    *,
    metric: TileMetric = "area_m2",
    zoom: int = ZOOM,
    edge_bias_sd_m: float = EDGE_BIAS_SD_M,
    plane: CRS | None = None,
) -> pd.DataFrame:
    """Return the value of each tile at each release that looked at it, in memory; see :func:`part_values`.

    Parameters
    ----------
    series
        As from :func:`camps.footprints.as_looks`, of the same `zoom`.
    metric, edge_bias_sd_m
        As for :func:`part_values`.
    plane
        Equal-area CRS for shared ground; that of the region by default.

    Returns
    -------
    DataFrame
        As :func:`part_values`.
    """
    _require(metric, None, None)
    keyed = series.footprints.assign(key=centre_keys(np.asarray(series.footprints.geometry.array), zoom=zoom))
    found = shares(keyed, by=_KEYS, scenes=series.scenes, edge_bias_sd_m=edge_bias_sd_m, plane=plane)
    found = found.assign(site_id=tile_names(found.pop("key").to_numpy(), zoom=zoom)).astype({"site_id": "string"})
    looked = series.looks[["site_id", "scene_id", "observed_on", "status"]]
    return _as_values(looked.merge(found, on=["site_id", "scene_id"], how="left"), series.scenes, metric)


def part_values(
    cut: Partition,
    *,
    metric: TileMetric = "area_m2",
    areas: gpd.GeoDataFrame | None = None,
    by: str | None = None,
    edge_bias_sd_m: float = EDGE_BIAS_SD_M,
    false_chance: Mapping[str, float] = FALSE_CHANCE,
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Return the value of each tile at each release, for :func:`camps.growth.aggregate`, measured cell by cell.

    Parameters
    ----------
    cut
        As from :func:`camps.footprints.partition`.
    metric
        ``area_m2`` of buildings and blocks, or ``buildings``, their number.
    areas, by
        Polygons with a column `by`, such as counties: a tile is of the one that holds its centre.
    edge_bias_sd_m, false_chance
        As for :func:`camps.growth.budget`.
    workers, cluster, progress
        As for :func:`camps.footprints.partition`.

    Returns
    -------
    DataFrame
        The "series" table, a row a tile (``unit``) and release, with ``status`` and `by`. A tile that a release did not
        look at has no value, never zero. Its interval is in closed form, of the same errors as that of
        :func:`camps.growth.budget`: edges and pixels, one bias a release, and outlines that are no buildings.

    Raises
    ------
    InputError
        For an unknown metric, or `areas` without a CRS or the column `by`.
    """
    _require(metric, areas, by)
    name = _name(edge_bias_sd_m, false_chance)
    with files.locked(cut.folder):
        work = partial(_write_cell, cut, name, edge_bias_sd_m, dict(false_chance))
        spread(work, range(len(cut)), "measuring", workers=workers, cluster=cluster, progress=progress)
    found = pd.concat([pd.read_parquet(path) for path in cut.parts(name, "values.parquet")])
    at = cut.scenes.iloc[cut.tiles["scene"].to_numpy()]
    text = {name: at[name].to_numpy() for name in ("scene_id", "observed_on")}
    table = cut.tiles[["key", "status"]].assign(**text).merge(found, on=list(_KEYS), how="left")
    table["site_id"] = tile_names(table["key"].to_numpy(), zoom=cut.zoom)
    if areas is not None and by is not None:
        table[by] = _areas_of(table["key"].to_numpy(), cut.zoom, areas, by)
    return _as_values(table, cut.scenes, metric, by)


def _require(metric: str, areas: gpd.GeoDataFrame | None, by: str | None) -> None:
    if metric not in get_args(TileMetric):
        raise InputError(f"metric {metric!r}: expected one of {', '.join(get_args(TileMetric))}")
    if areas is not None and by not in areas:
        known = ", ".join(map(str, areas.columns.drop("geometry")))
        raise InputError(f"areas: no column {by}, expected the one that names them; it has {known}")


def _name(edge_bias_sd_m: float, false_chance: Mapping[str, float]) -> str:
    """Return the name of parts that were measured so: those measured otherwise are others."""
    return f"values-{sha256_text(canonical_json([edge_bias_sd_m, dict(false_chance)]))[:16]}"


def _write_cell(cut: Partition, name: str, edge_bias_sd_m: float, false_chance: Mapping[str, float], cell: int) -> None:
    target = cut.part(name, cell)
    if target.exists():
        return
    frame = as_frame(parquet.read_table(cut.part("cells", cell) / "footprints.parquet"), cut.scenes)
    looked = fresh(cut.tiles, frame["key"].to_numpy(), frame["scene"].to_numpy(dtype=np.intp))
    found = shares(
        frame[looked], by=_KEYS, scenes=cut.scenes, edge_bias_sd_m=edge_bias_sd_m, false_chance=false_chance,
        plane=cut.plane,
    )  # fmt: skip
    with new_part(target) as made:
        parquet.write_table(arrow.Table.from_pandas(found, preserve_index=False), made / "values.parquet")


def _areas_of(keys: Keys, zoom: int, areas: gpd.GeoDataFrame, by: str) -> pd.Series[str]:
    each, at = np.unique(keys, return_inverse=True)
    lonlat = crs.to_lonlat(areas, "areas")
    centres = shapely.centroid(shown_boxes(each, zoom))
    tile, area = shapely.STRtree(np.asarray(lonlat.array)).query(centres, predicate="within")
    first, row = np.unique(tile, return_index=True)
    names = np.full(len(each), None, dtype=object)
    names[first] = areas[by].astype("string").to_numpy(dtype=object)[area[row]]
    return pd.Series(names[at], dtype="string")


def _as_values(table: pd.DataFrame, scenes: pd.DataFrame, metric: TileMetric, by: str | None = None) -> pd.DataFrame:
    looked = table["status"].eq(LOOKED)
    numbers = table[["n", "n_true", "n_sd", "area_m2", "sd_edge_m2", "sd_bias_m2", "sd_false_m2"]].fillna(0.0)
    if metric == "buildings":
        value = numbers["n"].astype("float64")
        low, high = numbers["n_true"] - _NORMAL_95 * numbers["n_sd"], value
    else:
        value = numbers["area_m2"]
        sd_m2 = (numbers[["sd_edge_m2", "sd_bias_m2", "sd_false_m2"]] ** 2).sum(axis=1) ** 0.5
        low, high = value - _NORMAL_95 * sd_m2, value + _NORMAL_95 * sd_m2
    values = pd.DataFrame({
        "unit": table["site_id"].astype("string"), "metric": pd.Series(metric, index=table.index, dtype="string"),
        "t": table["observed_on"].astype("string"), "value": value.where(looked),
        "lo": low.clip(lower=0.0).where(looked), "hi": high.where(looked),
        "kind": pd.Series("observed", index=table.index, dtype="string").where(looked),
        "stale_days": pd.Series(0, index=table.index, dtype="Int64").where(looked),
        "status": table["status"].astype("string"),
    })  # fmt: skip
    if by is not None:
        values[by] = table[by]
    order = {date: at for at, date in enumerate(scenes["observed_on"])}
    at = values["t"].map(order)
    return values.assign(_at=at).sort_values(["unit", "_at"], ignore_index=True).drop(columns="_at")


def part_curves(cut: Partition) -> pd.DataFrame:
    """Return what stood at each release, lower, expected and upper, from the tracks of a partition.

    Returns
    -------
    DataFrame
        As :func:`camps.growth.curves` for all tracks, their areas to a thousandth of a m²: ``t``, ``lower``,
        ``expected``, ``upper``, ``sd_correlated``, ``n_tracks``, and ``share_looked``, of the tiles that hold anything
        the part that the release looked at.
    """
    dates = list(cut.scenes["observed_on"])
    alike = pd.concat(map(_alike, cut.parts("followed", "tracks.parquet"))).groupby(level=_DATES, dropna=False).sum()
    alike[list(_AREAS)] /= 1000
    # Areas enter in proportion, so that tracks of the same dates are as good as one of them all.
    stood = alike.reset_index().assign(track_id=[f"{at:09d}" for at in range(len(alike))])
    table = curves(stood, dates)[["t", "lower", "expected", "upper", "sd_correlated"]]
    looked = cut.tiles["status"].eq(LOOKED).groupby(cut.tiles["scene"]).mean()
    return table.assign(n_tracks=int(alike["n"].sum()), share_looked=looked.reindex(range(len(dates))).to_numpy())


_DATES = ["L", "R", "Ld", "Rd", "last_seen"]
_AREAS = ("area_m2", "area_lo_m2", "area_hi_m2")


def _alike(path: Path) -> pd.DataFrame:
    """Return the number and the areas of the tracks of a cell that have the same dates.

    Areas are whole thousandths, so that their sum does not depend on how the country was cut.
    """
    tracks = pd.read_parquet(path, columns=[*_DATES, *_AREAS])
    exact = tracks.assign(**{name: tracks[name].mul(1000).round().astype("int64") for name in _AREAS}, n=1)
    return exact.groupby(_DATES, dropna=False)[[*_AREAS, "n"]].sum()
