"""The error of an area: vertices, an edge bias common to a scene, pixels, and polygons that are no building."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS

from camps import crs, settings
from camps.dates import as_edtf, days
from camps.errors import Fault, InputError, raise_faults, require_columns
from camps.footprints import BUILT, own_area_m2
from camps.growth.comparison import verdict

Floats = NDArray[np.float64]

#: Standard deviation of the edge bias that all outlines of a scene share, where a footprint states none.
EDGE_BIAS_SD_M = 0.8
#: Chance that a polygon is no building, by the interpreter's confidence.
FALSE_CHANCE: Mapping[str, float] = {"high": 0.01, "medium": 0.05, "low": 0.4}

_INTERVAL = (0.025, 0.975)
_NUMBERS_AT_ONCE = 4_000_000
_SCENES_AT_HAND = 2048


def vertex_noise_sd_m2(
    geometry: gpd.GeoSeries | gpd.GeoDataFrame, sigma_m: ArrayLike, *, plane: CRS | None = None
) -> pd.Series[Any]:
    """Return the standard deviation of each area when every vertex is off by `sigma_m`, independently in x and y.

    σ_A² = (σ²/4) · Σ|p_{i+1} − p_{i−1}|² over all rings, on the equal-area plane of the region. For a rectangle it is
    σ times the diagonal: 82.0 m² for 18 × 80 m and σ = 1 m.

    Parameters
    ----------
    geometry
        Polygons in any CRS.
    sigma_m
        Metres; one for all, or one a row.
    plane
        Equal-area CRS in metres; that of the region by default.

    Returns
    -------
    Series
        ``vertex_sd_m2``, on the index of `geometry`.

    Raises
    ------
    InputError
        When the geometry has no CRS.
    """
    if not len(geometry):
        return pd.Series(dtype="float64", index=geometry.index, name="vertex_sd_m2")
    shapes = np.asarray(crs.to_equal_area(geometry, plane).array)
    rings, row = _rings(shapes)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    # The last vertex of a ring repeats the first, so each one's neighbours are found in its own ring, taken round.
    sizes = np.bincount(ring, minlength=len(rings)) - 1
    start = np.concatenate([[0], np.cumsum(sizes + 1)[:-1]])
    at = np.concatenate([np.arange(size) for size in sizes]) if len(sizes) else np.array([], dtype=int)
    of = np.repeat(np.arange(len(rings)), sizes)
    chord = points[start[of] + (at + 1) % sizes[of]] - points[start[of] + (at - 1) % sizes[of]]
    squares = np.bincount(row[of], weights=(chord**2).sum(axis=1), minlength=len(shapes))
    sigma = np.broadcast_to(np.asarray(sigma_m, dtype=np.float64), squares.shape)
    return pd.Series(sigma / 2 * np.sqrt(squares), index=geometry.index, name="vertex_sd_m2")


def _rings(shapes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    polygons, shape = shapely.get_parts(shapes, return_index=True)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    return rings, shape[polygon]


def edge_bias_m2(perimeter_m: ArrayLike, bias_m: ArrayLike) -> Floats:
    """Return the change of area when every edge lies `bias_m` too far out, ΔA ≈ b · perimeter (all rings).

    For 60 buildings of 18 × 80 m a bias of 1 m is 13.6 % of their area, and no averaging removes it.
    """
    return np.asarray(np.asarray(bias_m, dtype=np.float64) * np.asarray(perimeter_m, dtype=np.float64))


def pixel_counting_sd_m2(gsd_m: ArrayLike, perimeter_m: ArrayLike) -> Floats:
    """Return the standard deviation of an area counted in pixels, σ_A ≈ 0.25 · g^1.5 · √perimeter."""
    gsd, perimeter = np.asarray(gsd_m, dtype=np.float64), np.asarray(perimeter_m, dtype=np.float64)
    return np.asarray(0.25 * gsd**1.5 * np.sqrt(perimeter))


@dataclass(frozen=True)
class _Polygons:
    """What a draw needs to know of each polygon, in the order of scene and footprint id."""

    group: NDArray[np.intp]
    scene: NDArray[np.intp]
    scene_ids: list[str]
    area: Floats
    spread: Floats
    bias: Floats
    false_chance: Floats


def budget(
    footprints: gpd.GeoDataFrame,
    *,
    by: Sequence[str] = ("site_id", "observed_on"),
    kinds: Sequence[str] = BUILT,
    scenes: pd.DataFrame | None = None,
    edge_bias_sd_m: float = EDGE_BIAS_SD_M,
    false_chance: Mapping[str, float] = FALSE_CHANCE,
    draws: int = settings.BOOTSTRAP_DRAWS,
    seed: int = settings.SEED,
) -> pd.DataFrame:
    """Return the area of each group with its 95 % interval by Monte Carlo, and what each source of error adds.

    Drawn anew each time: for each scene one edge bias, the same for all its polygons; for each polygon the noise of
    its own edges, and whether it is a building at all. Scenes are independent of one another. Buildings that the
    images cannot show are in none of it.

    Parameters
    ----------
    footprints
        The "footprint" table. ``edge_sd_m`` gives the vertex noise; where it is null the pixel size of `scenes` gives
        the error of counting pixels. ``edge_bias_m``, where stated, is the standard deviation of the common bias.
    by
        Columns that make a group; rows where one is null belong to none.
    kinds
        Kinds to count.
    scenes
        The "scene" table, for ``gsd_m``.
    edge_bias_sd_m
        Standard deviation of the common edge bias, metres.
    false_chance
        Chance that a polygon is no building, by ``confidence``; 0 where a footprint states none. A track once seen
        clearly keeps the least chance it had by then.
    draws, seed
        Of the Monte Carlo. Neither the order of rows nor what other groups there are changes a result.

    Returns
    -------
    DataFrame
        The columns of `by`, then ``n``, ``n_lo``, ``n_hi`` (polygons), ``area_m2`` (as measured, overlaps counted
        once), ``lo``, ``hi`` (never short of what was measured), ``sd_m2`` (of all sources), ``sd_edge_m2``,
        ``sd_bias_m2``, ``sd_false_m2`` (of each alone), ``draws``, ``seed``; sorted by `by`.

    Raises
    ------
    InputError
        For missing columns, or a polygon whose error nothing states.

    References
    ----------
    METHOD 4, Uncertainty.
    """
    keys, polygons = _grouped(_counted(footprints, by, kinds, false_chance), by, scenes, edge_bias_sd_m)
    measured = np.bincount(polygons.group, weights=polygons.area, minlength=len(keys))
    n = np.bincount(polygons.group, minlength=len(keys))
    ends = np.zeros((len(keys), 5))
    for at, (area, number) in enumerate(_draws(polygons, _names(keys), draws=draws, seed=seed)):
        ends[at, :2], ends[at, 2:4] = _around(measured[at], area), _around(n[at], number)
        ends[at, 4] = area.std(ddof=1) if draws > 1 else np.nan
    table = keys.assign(n=n, n_lo=ends[:, 2].astype(int), n_hi=ends[:, 3].astype(int), area_m2=measured)
    table = table.assign(lo=ends[:, 0], hi=ends[:, 1], sd_m2=ends[:, 4])
    return pd.DataFrame(table.assign(**_shares(polygons, len(keys)), draws=draws, seed=seed))


def shares(
    footprints: gpd.GeoDataFrame,
    *,
    by: Sequence[str],
    kinds: Sequence[str] = BUILT,
    scenes: pd.DataFrame | None = None,
    edge_bias_sd_m: float = EDGE_BIAS_SD_M,
    false_chance: Mapping[str, float] = FALSE_CHANCE,
    plane: CRS | None = None,
) -> pd.DataFrame:
    """Return the area of each group and what each source of error adds to it, without a draw.

    Sums of many independent errors are normal, so that for groups of many polygons the interval follows from these.

    Parameters
    ----------
    footprints, by, kinds, scenes, edge_bias_sd_m, false_chance
        As for :func:`budget`.
    plane
        Equal-area CRS for shared ground and vertices; that of the region by default.

    Returns
    -------
    DataFrame
        The columns of `by`, then ``n``, ``n_true`` (expected to be buildings), ``n_sd``, ``area_m2``, ``sd_edge_m2``,
        ``sd_bias_m2``, ``sd_false_m2``; sorted by `by`.

    Raises
    ------
    InputError
        As :func:`budget`.
    """
    counted = _counted(footprints, by, kinds, false_chance, plane)
    keys, polygons = _grouped(counted, by, scenes, edge_bias_sd_m, plane)
    sums = {"area_m2": polygons.area, "n_true": 1 - polygons.false_chance}
    sums["n_sd"] = polygons.false_chance * (1 - polygons.false_chance)
    table = keys.assign(n=np.bincount(polygons.group, minlength=len(keys)))
    for name, values in sums.items():
        table[name] = np.bincount(polygons.group, weights=values, minlength=len(keys))
    return pd.DataFrame(table.assign(n_sd=np.sqrt(table["n_sd"]), **_shares(polygons, len(keys))))


def _grouped(
    counted: gpd.GeoDataFrame,
    by: Sequence[str],
    scenes: pd.DataFrame | None,
    edge_bias_sd_m: float,
    plane: CRS | None = None,
) -> tuple[pd.DataFrame, _Polygons]:
    keys = counted[list(by)].drop_duplicates().sort_values(list(by), ignore_index=True)
    return keys, _polygons(counted, keys, scenes, edge_bias_sd_m, plane)


def _names(keys: pd.DataFrame) -> list[str]:
    return ["\x1f".join(map(str, key)) for key in keys.itertuples(index=False)]


def _counted(
    footprints: gpd.GeoDataFrame,
    by: Sequence[str],
    kinds: Sequence[str],
    false_chance: Mapping[str, float],
    plane: CRS | None = None,
) -> gpd.GeoDataFrame:
    """Return the rows of these kinds and of any group in one order for the draws, with ``false_chance``.

    Ground that several of a group cover counts for the first of them only.
    """
    require_columns(
        footprints, ["footprint_id", "scene_id", "kind", "area_m2", "perimeter_m", "edge_sd_m", *by], "footprints"
    )
    rows = footprints[footprints["kind"].isin(list(kinds))]
    rows = rows.assign(false_chance=_chance_so_far(rows, false_chance)).dropna(subset=list(by))
    rows = rows.sort_values(["scene_id", "footprint_id"], ignore_index=True)
    return rows.assign(area_m2=own_area_m2(rows, by=by, plane=plane))


def _chance_so_far(rows: pd.DataFrame, false_chance: Mapping[str, float]) -> pd.Series[Any]:
    """Return the chance that each polygon is no building: the least that its track had by that date."""
    if "confidence" not in rows:
        return pd.Series(0.0, index=rows.index)
    chance = rows["confidence"].map(dict(false_chance)).astype("float64").fillna(0.0)
    if "track_id" not in rows or "observed_on" not in rows:
        return chance
    followed = pd.DataFrame({"track": rows["track_id"], "day": days(rows["observed_on"], end="standing")})
    followed = followed.assign(chance=chance).sort_values(["track", "day"])
    return followed.groupby("track")["chance"].cummin().reindex(rows.index).fillna(chance)


def _polygons(
    counted: gpd.GeoDataFrame,
    keys: pd.DataFrame,
    scenes: pd.DataFrame | None,
    edge_bias_sd_m: float,
    plane: CRS | None = None,
) -> _Polygons:
    group = keys.reset_index(names="_group").merge(counted[list(keys)].reset_index(), on=list(keys), how="right")
    bias = counted["edge_bias_m"] if "edge_bias_m" in counted else pd.Series(np.nan, index=counted.index)
    bias = bias.astype("float64").abs().fillna(edge_bias_sd_m)
    scene, scene_ids = pd.factorize(counted["scene_id"].astype(str), sort=True)
    return _Polygons(
        group=group.sort_values("index")["_group"].to_numpy(dtype=np.intp),
        scene=scene,
        scene_ids=list(scene_ids),
        area=counted["area_m2"].to_numpy("float64"),
        spread=_edge_spread(counted, scenes, plane),
        bias=edge_bias_m2(counted["perimeter_m"], bias),
        false_chance=counted["false_chance"].to_numpy("float64"),
    )


def _edge_spread(counted: gpd.GeoDataFrame, scenes: pd.DataFrame | None, plane: CRS | None) -> Floats:
    edge = counted["edge_sd_m"].astype("float64")
    unstated, spread = edge.isna(), np.zeros(len(edge))
    if not unstated.all():
        spread = vertex_noise_sd_m2(counted, edge.fillna(0.0), plane=plane).to_numpy("float64")
    gsd_m = None if scenes is None else counted["scene_id"].map(scenes.set_index("scene_id")["gsd_m"])
    unknown = unstated if gsd_m is None else unstated & gsd_m.isna()
    raise_faults(
        (
            Fault(f"footprint {name}", "no edge_sd_m and no gsd_m", "one of them", "state edge_sd_m, or give scenes=")
            for name in counted.loc[unknown, "footprint_id"]
        ),
        "footprints",
    )
    if gsd_m is None or not unstated.any():
        return spread
    return np.where(unstated, pixel_counting_sd_m2(gsd_m.astype("float64"), counted["perimeter_m"]), spread)


def _draws(polygons: _Polygons, names: Sequence[str], *, draws: int, seed: int) -> Iterator[tuple[Floats, Floats]]:
    """Yield the drawn areas and numbers of polygons of each group.

    Each group and each scene has a stream of its own, so that no number depends on what else is in the table: a scene
    that is added leaves all others as they were.
    """
    if draws < 1:
        raise InputError(f"draws {draws}: expected 1 or more; the default is {settings.BOOTSTRAP_DRAWS}")
    order = np.argsort(polygons.group, kind="stable")
    ends = np.searchsorted(polygons.group[order], np.arange(len(names) + 1))

    @lru_cache(maxsize=_SCENES_AT_HAND)
    def bias(scene: int) -> Floats:
        return _stream(seed, "scene", polygons.scene_ids[scene]).standard_normal(draws)

    for at, name in enumerate(names):
        rows = order[ends[at] : ends[at + 1]]
        yield _drawn_group(polygons, rows, bias, _stream(seed, "group", name), draws)


def _stream(seed: int, *names: str) -> np.random.Generator:
    digest = hashlib.sha256("\x1e".join([str(seed), *names]).encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "big")))


def _drawn_group(
    polygons: _Polygons,
    rows: NDArray[np.intp],
    bias: Callable[[int], Floats],
    generator: np.random.Generator,
    draws: int,
) -> tuple[Floats, Floats]:
    area, number = np.zeros(draws), np.zeros(draws)
    chance, spread = polygons.false_chance[rows], polygons.spread[rows]
    size = max(1, _NUMBERS_AT_ONCE // draws)
    for start in range(0, len(rows), size):
        part = slice(start, start + size)
        at = rows[part]
        scenes, place = np.unique(polygons.scene[at], return_inverse=True)
        common = np.stack([bias(int(scene)) for scene in scenes])[place] * polygons.bias[at, None]
        noise = generator.standard_normal((len(at), draws)) * spread[part, None]
        there = generator.random((len(at), draws)) >= chance[part, None]
        area += np.where(there, np.maximum(polygons.area[at, None] + common + noise, 0.0), 0.0).sum(axis=0)
        number += there.sum(axis=0)
    return area, number


def _quantiles(drawn: Floats) -> Floats:
    return np.asarray(np.quantile(drawn, _INTERVAL, axis=0, method="inverted_cdf"))


def _around(measured: ArrayLike, drawn: Floats) -> tuple[Floats, Floats]:
    """Return 95 % intervals; where many polygons may be no buildings they are widened to hold what was measured."""
    low, high = _quantiles(drawn)
    return np.minimum(low, measured), np.maximum(high, measured)


def _shares(polygons: _Polygons, n_groups: int) -> dict[str, Floats]:
    """Return the standard deviation that each source alone would give."""

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(polygons.group, weights=values, minlength=n_groups))

    chance = polygons.false_chance
    scenes = polygons.scene.astype(np.int64)
    by_scene = np.zeros((n_groups, int(scenes.max()) + 1 if len(scenes) else 0))
    np.add.at(by_scene, (polygons.group, scenes), polygons.bias)
    return {
        "sd_edge_m2": np.sqrt(total(polygons.spread**2)),
        "sd_bias_m2": np.sqrt((by_scene**2).sum(axis=1)),
        "sd_false_m2": np.sqrt(total(polygons.area**2 * chance * (1 - chance))),
    }


def increase(
    footprints: gpd.GeoDataFrame,
    before: str,
    after: str,
    *,
    site_id: str | None = None,
    kinds: Sequence[str] = BUILT,
    scenes: pd.DataFrame | None = None,
    edge_bias_sd_m: float = EDGE_BIAS_SD_M,
    false_chance: Mapping[str, float] = FALSE_CHANCE,
    draws: int = settings.BOOTSTRAP_DRAWS,
    seed: int = settings.SEED,
) -> dict[str, Any]:
    """Return by how much the area seen on one date exceeds that on another, with its 95 % interval.

    The two dates are other scenes, so their edge biases are drawn apart. Outlines that were copied from one date to
    the other share errors; the interval is then on the safe side.

    Parameters
    ----------
    footprints, kinds, scenes, edge_bias_sd_m, false_chance, draws, seed
        As for :func:`budget`.
    before, after
        EDTF dates of ``observed_on``. A date on which a site was looked at and nothing seen counts as 0.
    site_id
        One site, or None for all.

    Returns
    -------
    dict
        ``before_m2``, ``after_m2`` and their ``_lo``, ``_hi``; ``increase_m2``, ``increase_m2_lo``, ``increase_m2_hi``;
        ``increase_percent`` and its ``_lo``, ``_hi`` (None from nothing); ``verdict``; ``draws``, ``seed``.

    Raises
    ------
    InputError
        As :func:`budget`, when neither date has a polygon, or the two are one date.
    """
    if before == after:
        raise InputError(f"increase: from {before} to {after}, expected two dates; choose another")
    rows = footprints.assign(observed_on=as_edtf(footprints["observed_on"]))
    rows = rows if site_id is None else rows[rows["site_id"].eq(site_id)]
    counted = _counted(rows, ["observed_on"], kinds, false_chance)
    counted = counted[counted["observed_on"].isin([before, after])].reset_index(drop=True)
    if counted.empty:
        raise InputError(f"increase: no {' or '.join(kinds)} on {before} or {after}, expected one; check the dates")
    keys = pd.DataFrame({"observed_on": pd.Series([before, after], dtype="string")})
    polygons = _polygons(counted, keys, scenes, edge_bias_sd_m)
    measured = np.asarray(np.bincount(polygons.group, weights=polygons.area, minlength=2), dtype=np.float64)
    drawn = np.column_stack([area for area, _ in _draws(polygons, _names(keys), draws=draws, seed=seed)])
    return _compared(measured, drawn) | {"draws": draws, "seed": seed}


def _compared(measured: Floats, drawn: Floats) -> dict[str, Any]:
    ends = np.stack(_around(measured, drawn))
    gain = _quantiles(drawn[:, 1] - drawn[:, 0])
    some = measured[0] > 0 and bool((drawn[:, 0] > 0).all())
    percent = _quantiles(100 * (drawn[:, 1] / drawn[:, 0] - 1)) if some else (None, None)
    return {
        "before_m2": float(measured[0]), "before_m2_lo": float(ends[0, 0]), "before_m2_hi": float(ends[1, 0]),
        "after_m2": float(measured[1]), "after_m2_lo": float(ends[0, 1]), "after_m2_hi": float(ends[1, 1]),
        "increase_m2": float(measured[1] - measured[0]), "increase_m2_lo": float(gain[0]),
        "increase_m2_hi": float(gain[1]),
        "increase_percent": float(100 * (measured[1] / measured[0] - 1)) if some else None,
        "increase_percent_lo": None if percent[0] is None else float(percent[0]),
        "increase_percent_hi": None if percent[1] is None else float(percent[1]),
        "verdict": verdict((ends[0, 0], ends[1, 0]), (ends[0, 1], ends[1, 1])),
    }  # fmt: skip
