"""Two dates of one place side by side: what persists, grows, shrinks, splits, merges, comes and goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from camps import crs
from camps.change.linking import Pairs, components, link
from camps.crs import Floats
from camps.errors import InputError

#: Differences narrower than twice this are offsets of outlines, not building work.
TAU_M = 2.0
#: Gain and loss as equal as this, on opposite sides, are one outline moved by at most MOST_SHIFT_M.
EVEN_RATIO = 0.8
OPPOSITE_COSINE = -0.7
MOST_SHIFT_M = 10.0

# Minimum mapping unit of METHOD 3 at 0.5 m, 3 m and 10 m; coarser images scale with the pixel's area.
_MMU_GSD_M = (0.5, 3.0, 10.0)
_MMU_M2 = (25.0, 150.0, 400.0)


def mmu_m2(gsd_m: ArrayLike) -> Floats:
    """Return the smallest area in m² that images of this ground sample distance in metres can map.

    25 m² at 0.5 m and finer, 150 m² at 3 m, 400 m² at 10 m, straight between; above 10 m four pixels.
    """
    gsd = np.asarray(gsd_m, dtype=np.float64)
    return np.where(gsd > _MMU_GSD_M[-1], 4 * gsd**2, np.interp(gsd, _MMU_GSD_M, _MMU_M2))


def open_tau(shapes: NDArray[Any], tau_m: ArrayLike) -> NDArray[Any]:
    """Return the morphological opening buffer(−τ).buffer(τ) with mitre joins: parts narrower than 2τ are gone."""
    tau = np.asarray(tau_m, dtype=np.float64)
    return np.asarray(shapely.buffer(shapely.buffer(shapes, -tau, join_style="mitre"), tau, join_style="mitre"))


@dataclass(frozen=True)
class Comparison:
    """The changes between two sets of polygons.

    Attributes
    ----------
    table
        One row a connected component: class, gain_m2, loss_m2, tau_m, mmu_m2, n_from, n_to, area_from_m2, area_to_m2.
        Gain and loss are null where one of the dates did not see the place.
    of_earlier, of_later
        The row of `table` that each earlier and each later polygon belongs to.
    pairs
        Positions in `earlier`, in `later`, and the area they share, for each link.
    """

    table: pd.DataFrame
    of_earlier: NDArray[np.intp]
    of_later: NDArray[np.intp]
    pairs: Pairs


def compare(
    earlier: gpd.GeoSeries,
    later: gpd.GeoSeries,
    *,
    tau_m: float = TAU_M,
    mmu_m2: float = 25.0,
    seen_later: ArrayLike = True,
    seen_earlier: ArrayLike = True,
) -> Comparison:
    """Compare the polygons of one place on two dates.

    Parameters
    ----------
    earlier, later
        Polygons in one CRS in which areas can be taken, such as ``camps.crs.regional_crs``.
    tau_m
        Opening in metres; at least half the offset that registration left.
    mmu_m2
        Minimum mapping unit: no change smaller than this makes a class, and nothing smaller is more than
        ``below_mmu``.
    seen_later
        Whether the later image's valid area contains each earlier polygon.
    seen_earlier
        Whether the earlier image's valid area contains each later polygon.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        When the CRS differ, or areas cannot be taken in them.
    """
    if earlier.crs != later.crs:
        raise InputError(f"CRS: {earlier.crs} and {later.crs}, expected one; call to_crs on one of them")
    crs.require_measurable_crs(earlier.crs)
    a, b = np.asarray(earlier.array), np.asarray(later.array)
    return compare_linked(
        a, b, link(a, b),
        tau_m=(tau_m, tau_m), mmu_m2=(mmu_m2, mmu_m2), seen_later=seen_later, seen_earlier=seen_earlier,
    )  # fmt: skip


def compare_linked(
    a: NDArray[Any],
    b: NDArray[Any],
    pairs: Pairs,
    *,
    tau_m: tuple[ArrayLike, ArrayLike],
    mmu_m2: tuple[ArrayLike, ArrayLike],
    seen_later: ArrayLike,
    seen_earlier: ArrayLike,
    unchanged: NDArray[np.bool_] | None = None,
) -> Comparison:
    """Compare polygons on one plane whose links are known; `unchanged` marks pairs of equal outlines.

    `tau_m` and `mmu_m2` are given for the earlier and for the later polygons, each or one for all; the largest of a
    component holds. See :func:`compare`.
    """
    one, two, _ = pairs
    of_a, of_b = components(one, two, len(a), len(b))
    n = int(max(of_a.max(initial=-1), of_b.max(initial=-1))) + 1
    table = pd.DataFrame({
        "n_from": np.bincount(of_a, minlength=n),
        "n_to": np.bincount(of_b, minlength=n),
        "area_from_m2": np.bincount(of_a, weights=shapely.area(a), minlength=n),
        "area_to_m2": np.bincount(of_b, weights=shapely.area(b), minlength=n),
        "tau_m": _largest(of_a, of_b, tau_m, n),
        "mmu_m2": _largest(of_a, of_b, mmu_m2, n),
        "seen_later": _all_of(of_a, seen_later, n),
        "seen_earlier": _all_of(of_b, seen_earlier, n),
    })  # fmt: skip
    changed = (table["n_from"] > 0) & (table["n_to"] > 0)
    if unchanged is not None:
        changed.iloc[of_a[one[unchanged]]] = False
    at = np.flatnonzero(changed)
    table = _with_gain_and_loss(table, at, _ground(a, of_a, at), _ground(b, of_b, at))
    table["class"] = _classes(table)
    unknown = table["class"].isin(["first_seen", "unobserved"])
    table.loc[unknown, ["gain_m2", "loss_m2"]] = np.nan
    names = ["class", "gain_m2", "loss_m2", "tau_m", "mmu_m2", "n_from", "n_to", "area_from_m2", "area_to_m2"]
    return Comparison(table[names], of_a, of_b, pairs)


def _largest(of_a: NDArray[np.intp], of_b: NDArray[np.intp], values: tuple[ArrayLike, ArrayLike], n: int) -> Floats:
    largest = np.zeros(n)
    for label, value in zip((of_a, of_b), values, strict=True):
        np.maximum.at(largest, label, np.broadcast_to(np.asarray(value, dtype=np.float64), label.shape))
    return largest


def _all_of(label: NDArray[np.intp], seen: ArrayLike, n: int) -> NDArray[np.bool_]:
    unseen = ~np.broadcast_to(np.asarray(seen, dtype=bool), label.shape)
    return np.asarray(np.bincount(label, weights=unseen, minlength=n) == 0)


def _with_gain_and_loss(
    table: pd.DataFrame, changed: NDArray[np.intp], before: NDArray[Any], after: NDArray[Any]
) -> pd.DataFrame:
    come, gone = table["n_from"] == 0, table["n_to"] == 0
    measured = table.assign(
        gain_m2=table["area_to_m2"].where(come, 0.0), loss_m2=table["area_from_m2"].where(gone, 0.0), even=False
    )
    tau = table["tau_m"].to_numpy()[changed]
    gain, loss = _opened(after, before, tau), _opened(before, after, tau)
    values = {
        # Polygons of one date may overlap: the area of several is their union's.
        "area_from_m2": shapely.area(before), "area_to_m2": shapely.area(after),
        "gain_m2": shapely.area(gain), "loss_m2": shapely.area(loss), "even": _moved(before, after, gain, loss),
    }  # fmt: skip
    for name, value in values.items():
        measured.loc[changed, name] = value
    return measured


def _ground(shapes: NDArray[Any], label: NDArray[np.intp], wanted: NDArray[np.intp]) -> NDArray[Any]:
    order = np.argsort(label, kind="stable")
    start, end = np.searchsorted(label[order], wanted), np.searchsorted(label[order], wanted, side="right")
    ground = shapes[order[start]]
    for i in np.flatnonzero(end - start > 1):
        ground[i] = shapely.union_all(shapes[order[start[i] : end[i]]])
    return ground


def _opened(minuend: NDArray[Any], subtrahend: NDArray[Any], tau_m: Floats) -> NDArray[Any]:
    difference = shapely.difference(minuend, subtrahend)
    opened = np.full(len(difference), shapely.Polygon(), dtype=object)
    # What holds no disc of radius τ opens to nothing, and most differences are that small.
    wide = shapely.area(difference) >= np.pi * tau_m**2
    opened[wide] = open_tau(difference[wide], tau_m[wide])
    return opened


def _moved(before: NDArray[Any], after: NDArray[Any], gain: NDArray[Any], loss: NDArray[Any]) -> NDArray[np.bool_]:
    grown, lost = shapely.area(gain), shapely.area(loss)
    even = np.minimum(grown, lost) > EVEN_RATIO * np.maximum(grown, lost)
    moved = np.zeros(len(before), dtype=bool)
    if not even.any():
        return moved
    start, end = _centres(before[even]), _centres(after[even])
    middle = (start + end) / 2
    to_gain, to_loss = _centres(gain[even]) - middle, _centres(loss[even]) - middle
    lengths = np.hypot(*to_gain.T) * np.hypot(*to_loss.T)
    opposite = (to_gain * to_loss).sum(axis=1) < OPPOSITE_COSINE * lengths
    moved[even] = opposite & (np.hypot(*(end - start).T) <= MOST_SHIFT_M)
    return moved


def _centres(shapes: NDArray[Any]) -> Floats:
    return shapely.get_coordinates(shapely.centroid(shapes))


def _classes(table: pd.DataFrame) -> NDArray[Any]:
    come, gone = table["n_from"] == 0, table["n_to"] == 0
    small = table[["area_from_m2", "area_to_m2"]].max(axis=1) < table["mmu_m2"]
    gained, lost = table["gain_m2"] >= table["mmu_m2"], table["loss_m2"] >= table["mmu_m2"]
    rules = [
        # Whether a place was seen comes before how large it is: what was not seen is not gone.
        ("first_seen", come & ~table["seen_earlier"]),
        ("unobserved", gone & ~table["seen_later"]),
        ("below_mmu", small),
        ("new", come),
        ("demolished", gone),
        ("complex", (table["n_from"] > 1) & (table["n_to"] > 1)),
        ("split", table["n_to"] > 1),
        ("merge", table["n_from"] > 1),
        ("registration", gained & lost & table["even"]),
        ("rebuilt", gained & lost),
        ("extended", gained),
        ("reduced", lost),
    ]
    return np.select([rule for _, rule in rules], [name for name, _ in rules], "persist")
