"""SCOT, the SpaceNet 7 score of a tracking.

References
----------
Van Etten, A. et al. (2021). The Multi-Temporal Urban Development SpaceNet Dataset. CVPR.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy
import shapely
from numpy.typing import NDArray

from camps import crs
from camps.change.linking import components, shared_area_m2
from camps.crs import Floats
from camps.errors import InputError

#: Polygons match when their intersection over union is greater than this.
MIN_IOU = 0.25
#: How much more change counts than tracking.
BETA = 2.0


@dataclass(frozen=True)
class Scot:
    """Scores from 0 to 1: of the tracking, of finding change, and both; ``score`` is null when nothing changed."""

    track_f: float
    change_f: float
    score: float | None


def scot(
    truth: gpd.GeoDataFrame,
    found: gpd.GeoDataFrame,
    *,
    time: str = "observed_on",
    identity: str = "track_id",
    beta: float = BETA,
) -> Scot:
    """Score a tracking against the truth.

    Parameters
    ----------
    truth, found
        Polygons with a time and an identity each, in one measurable CRS. An identity occurs once a time.
    time, identity
        Columns; times sort in their order.
    beta
        Weight of the change term.

    Returns
    -------
    Scot

    Raises
    ------
    InputError
        When the CRS differ or areas cannot be taken in them, or an identity occurs twice at one time.
    """
    _validate(truth, found, time, identity)
    tracking, change = np.zeros(3, dtype=int), np.zeros(3, dtype=int)
    partner_of_true: dict[Hashable, Hashable] = {}
    partner_of_found: dict[Hashable, Hashable] = {}
    known_true: set[Hashable] = set()
    known_found: set[Hashable] = set()
    for step, moment in enumerate(sorted({*truth[time], *found[time]})):
        now_true, now_found = truth[truth[time] == moment], found[found[time] == moment]
        ids_true, ids_found = list(now_true[identity]), list(now_found[identity])
        matches = [(ids_true[i], ids_found[j]) for i, j in one_to_one(now_true, now_found)]
        kept = sum(_is_kept(pair, partner_of_true, partner_of_found) for pair in matches)
        tracking += (kept, len(ids_found) - kept, len(ids_true) - kept)
        new_true, new_found = set(ids_true) - known_true, set(ids_found) - known_found
        if step > 0:
            both_new = sum(t in new_true and f in new_found for t, f in matches)
            change += (both_new, len(new_found) - both_new, len(new_true) - both_new)
        partner_of_true.update(matches)
        partner_of_found.update((f, t) for t, f in matches)
        known_true |= new_true
        known_found |= new_found
    return _scores(tracking, change, beta)


def _is_kept(pair: tuple[Hashable, Hashable], of_true: dict[Any, Any], of_found: dict[Any, Any]) -> bool:
    true, found = pair
    return bool(of_true.get(true, found) == found and of_found.get(found, true) == true)


def _scores(tracking: NDArray[np.int_], change: NDArray[np.int_], beta: float) -> Scot:
    track_f, change_f = _f1(tracking), _f1(change)
    if not change.any():
        return Scot(track_f, change_f, None)
    weighed = beta**2 * change_f + track_f
    return Scot(track_f, change_f, (1 + beta**2) * change_f * track_f / weighed if weighed else 0.0)


def _f1(counts: NDArray[np.int_]) -> float:
    hits, false, missed = (int(count) for count in counts)
    return 2 * hits / (2 * hits + false + missed) if hits else 0.0


def one_to_one(
    truth: gpd.GeoDataFrame | gpd.GeoSeries, found: gpd.GeoDataFrame | gpd.GeoSeries
) -> Iterator[tuple[int, int]]:
    """Yield the positions of polygons that match: IoU greater than 0.25, each at most once, of greatest total IoU.

    Both are in one measurable CRS.
    """
    a, b = np.asarray(truth.geometry.array), np.asarray(found.geometry.array)
    two, one = shapely.STRtree(a).query(b, predicate="intersects")
    shared = shared_area_m2(a, b, one, two)
    iou = shared / (shapely.area(a)[one] + shapely.area(b)[two] - shared)
    alike = iou > MIN_IOU
    yield from _assigned(one[alike], two[alike], iou[alike], len(a), len(b))


def _assigned(
    one: NDArray[np.intp], two: NDArray[np.intp], iou: Floats, n_true: int, n_found: int
) -> Iterator[tuple[int, int]]:
    label = components(one, two, n_true, n_found)[0][one]
    candidates = pd.DataFrame({"one": one, "two": two, "iou": iou, "label": label})
    alone = candidates.groupby("label")["iou"].transform("size") == 1
    yield from candidates.loc[alone, ["one", "two"]].itertuples(index=False, name=None)
    # Where several compete, the assignment of greatest total IoU; such groups are small.
    for _, group in candidates[~alone].groupby("label"):
        rows, row = np.unique(group["one"], return_inverse=True)
        columns, column = np.unique(group["two"], return_inverse=True)
        weights = np.zeros((len(rows), len(columns)))
        weights[row, column] = group["iou"]
        for i, j in zip(*scipy.optimize.linear_sum_assignment(weights, maximize=True), strict=True):
            if weights[i, j] > 0:
                yield int(rows[i]), int(columns[j])


def _validate(truth: gpd.GeoDataFrame, found: gpd.GeoDataFrame, time: str, identity: str) -> None:
    if truth.crs != found.crs:
        raise InputError(f"SCOT: CRS {truth.crs} and {found.crs}, expected one; call to_crs on one of them")
    crs.require_measurable_crs(truth.crs)
    for name, frame in (("truth", truth), ("found", found)):
        twice = frame[frame.duplicated([time, identity])]
        if len(twice):
            row = twice.iloc[0]
            raise InputError(f"SCOT: {name} has track {row[identity]} twice at {row[time]}, expected once; dissolve it")
