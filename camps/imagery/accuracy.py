"""How good the extraction is: extracted against interpreted footprints, each scene judged by what the others taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from camps.errors import InputError
from camps.imagery import area
from camps.imagery.extract import Extraction, is_look
from camps.imagery.grid import Floats, Grid, Mask

#: A pixel counts as built in the reference by the share of it that footprints cover, in this many parts a side.
PARTS = 5


def cover(geometry: gpd.GeoSeries | gpd.GeoDataFrame, grid: Grid) -> Floats:
    """Return which share of each pixel lies inside `geometry` (rows × columns, 0 to 1, in steps of 1/25)."""
    fine = Grid(grid.crs, grid.west, grid.north, grid.gsd_m / PARTS, grid.width * PARTS, grid.height * PARTS)
    parts = fine.mask(geometry).reshape(grid.height, PARTS, grid.width, PARTS)
    return np.asarray(parts.mean(axis=(1, 3)), dtype=np.float32)


@dataclass(frozen=True)
class Agreement:
    """Mapped against interpreted built-up ground on one scene; areas in m², ratios null where nothing is built."""

    mapped_m2: float
    interpreted_m2: float
    both_m2: float

    @property
    def iou(self) -> float:
        """Return intersection over union."""
        return _ratio(self.both_m2, self.mapped_m2 + self.interpreted_m2 - self.both_m2)

    @property
    def precision(self) -> float:
        """Return the share of the mapped area that is built."""
        return _ratio(self.both_m2, self.mapped_m2)

    @property
    def recall(self) -> float:
        """Return the share of the built area that is mapped."""
        return _ratio(self.both_m2, self.interpreted_m2)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def agreement(built: Mask, reference: Floats, within: Mask, gsd_m: float) -> Agreement:
    """Return how mapped pixels and the interpreted cover of pixels agree within a site."""
    area_m2 = gsd_m**2
    return Agreement(
        float((built & within).sum() * area_m2),
        float(reference[within].sum(dtype=np.float64) * area_m2),
        float(reference[built & within].sum(dtype=np.float64) * area_m2),
    )


def assess(
    extractions: Mapping[str, Extraction],
    footprints: gpd.GeoDataFrame,
    interpreted_m2: pd.DataFrame,
    *,
    kinds: Sequence[str] = ("building", "block"),
) -> pd.DataFrame:
    """Return the extraction of one or more sites against their interpretation, one row a site and scene.

    The interval of a scene comes from a calibration on all other scenes: every row of that scene, at every site, is
    left out, so that whole polygons are held back and never single pixels.

    Parameters
    ----------
    extractions
        Extraction by site_id.
    footprints
        Interpreted footprints with site_id, scene_id, kind and geometry, any CRS.
    interpreted_m2
        Interpreted built-up area: site_id, scene_id, built_m2.
    kinds
        Kinds of footprint that are built-up.

    Returns
    -------
    DataFrame
        site_id, scene_id, observed_on, status, note, snow_share, threshold, mapped_m2 (also of flagged scenes),
        interpreted_m2, iou, precision, recall, value, lo, hi, kind, contained, site_m2 and is_baseline.

    Raises
    ------
    InputError
        When a scene has no interpreted area.
    """
    rows = [
        row
        for site_id, extraction in extractions.items()
        for row in _site_rows(site_id, extraction, footprints[footprints["kind"].isin(kinds)], interpreted_m2)
    ]
    table = pd.DataFrame(rows)
    held_out = [_held_out(table, extractions, scene_id) for scene_id in dict.fromkeys(table["scene_id"])]
    judged = table.merge(pd.concat(held_out), on=["site_id", "scene_id"], how="left", validate="one_to_one")
    inside = judged["interpreted_m2"].between(judged["lo"].fillna(0.0), judged["hi"].fillna(np.inf))
    return judged.assign(contained=inside & judged["hi"].notna())


def _site_rows(
    site_id: str, extraction: Extraction, footprints: gpd.GeoDataFrame, interpreted_m2: pd.DataFrame
) -> list[dict[str, Any]]:
    known = interpreted_m2[interpreted_m2["site_id"] == site_id].set_index("scene_id")["built_m2"]
    absent = [one.scene_id for one in extraction.readings if one.scene_id not in known.index]
    if absent:
        raise InputError(f"{site_id}: no interpreted area for scene {', '.join(absent)}; interpret it or leave it out")
    rows = []
    for one in extraction.readings:
        seen = footprints[(footprints["site_id"] == site_id) & (footprints["scene_id"] == one.scene_id)]
        found = agreement(one.built, cover(seen, extraction.grid), extraction.site, extraction.grid.gsd_m)
        rows.append(
            {
                "site_id": site_id, "scene_id": one.scene_id, "observed_on": one.observed_on, "status": one.status,
                "note": one.reason, "snow_share": one.snow_share, "threshold": one.threshold,
                "mapped_m2": found.mapped_m2, "interpreted_m2": float(known[one.scene_id]), "iou": found.iou,
                "precision": found.precision, "recall": found.recall, "site_m2": extraction.site_m2,
                "is_baseline": one.scene_id in extraction.baseline_ids,
            }
        )  # fmt: skip
    return rows


def calibration_pairs(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of :func:`assess` that teach something: looks after the baseline."""
    looks = table["status"].map(is_look).astype(bool)
    return table.loc[looks & ~table["is_baseline"], ["site_id", "scene_id", "mapped_m2", "interpreted_m2", "site_m2"]]


def _held_out(table: pd.DataFrame, extractions: Mapping[str, Extraction], scene_id: str) -> pd.DataFrame:
    pairs = calibration_pairs(table[table["scene_id"] != scene_id])
    gsd_m = next(iter(extractions.values())).grid.gsd_m
    learnt = area.calibrate(pairs, gsd_m=gsd_m, basis="all other scenes")
    series = [area.estimate(one, learnt, site_id=site_id) for site_id, one in extractions.items()]
    own = pd.concat([one[one["scene_id"] == scene_id] for one in series])
    return own.rename(columns={"unit": "site_id"})[["site_id", "scene_id", "value", "lo", "hi", "kind"]]


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a site: how often the interval held, and how far the value lies off.

    Returns
    -------
    DataFrame
        site_id, n_scenes, n_contained, n_flagged, iou (mean over looks with something built), bias (Σ value / Σ
        interpreted − 1 over looks after the baseline) and rmse_m2.
    """
    rows = []
    for site_id, own in table.groupby("site_id", sort=False):
        looks = own[own["status"].map(is_look).astype(bool) & ~own["is_baseline"]]
        error = looks["value"] - looks["interpreted_m2"]
        rows.append(
            {
                "site_id": site_id, "n_scenes": len(own), "n_contained": int(own["contained"].sum()),
                "n_flagged": int((~own["status"].map(is_look).astype(bool)).sum()),
                "iou": float(looks.loc[looks["interpreted_m2"] > 0, "iou"].mean()),
                "bias": float(error.sum() / looks["interpreted_m2"].sum()),
                "rmse_m2": float(np.sqrt((error**2).mean())),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
