"""Series of a site: built area, compound area and buildings at each look, with 95 % intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import geopandas as gpd
import pandas as pd
import shapely

from camps import crs, settings
from camps.dates import as_edtf, days
from camps.errors import InputError, require_columns
from camps.footprints import BUILT
from camps.growth.holding import HeldRule, held_until, rule_of
from camps.growth.looks import require_tracks, site_keys
from camps.growth.uncertainty import EDGE_BIAS_SD_M, FALSE_CHANCE, budget

Metric = Literal["area_m2", "compound_area_m2", "buildings"]

#: Statuses of a look that saw something of a site.
SEEING = ("observed", "partial")


def series(
    footprints: gpd.GeoDataFrame,
    looks: pd.DataFrame | None = None,
    *,
    metric: Metric = "area_m2",
    scenes: pd.DataFrame | None = None,
    edge_bias_sd_m: float = EDGE_BIAS_SD_M,
    false_chance: Mapping[str, float] = FALSE_CHANCE,
    draws: int = settings.BOOTSTRAP_DRAWS,
    seed: int = settings.SEED,
) -> pd.DataFrame:
    """Return a value for each site and look, from the footprints seen at it.

    Parameters
    ----------
    footprints
        The "footprint" table with ``track_id`` and ``observed_on``.
    looks
        The "look" table with ``observed_on``. A look that saw the site and no footprint gives 0, a look that could not
        see gives null, and so does a partial one without a footprint: what stands may lie in the part that was not
        seen. Without looks there are only the dates on which a footprint of the site was seen.
    metric
        ``area_m2``: buildings and blocks, geodesic, overlaps counted once. ``compound_area_m2``: enclosures,
        courtyards filled; null where no enclosure of the site was ever drawn. ``buildings``: polygons of buildings and
        blocks.
    scenes, edge_bias_sd_m, false_chance, draws, seed
        As for :func:`camps.growth.budget`.

    Returns
    -------
    DataFrame
        The "series" table, sorted by unit and date: ``unit`` (site_id), ``metric``, ``t``, ``value``, ``lo``, ``hi``,
        ``kind`` (``observed``, null where nothing could be seen), ``stale_days`` (0), ``status`` of the look, and
        ``n_unseen``, ``unseen_m2``: buildings and blocks not recognised at this look that were seen before it and
        after it, so stood; they are not in the value. ``draws``, ``seed``.

    Raises
    ------
    InputError
        For missing columns, an unknown metric, or a polygon whose error nothing states.
    """
    if metric not in get_args(Metric):
        raise InputError(f"metric {metric!r}: expected one of {', '.join(get_args(Metric))}")
    require_tracks(footprints)
    footprints = footprints.assign(observed_on=as_edtf(footprints["observed_on"]))
    compounds = metric == "compound_area_m2"
    kinds = ("compound",) if compounds else BUILT
    values = budget(
        _filled(footprints) if compounds else footprints,
        kinds=kinds,
        scenes=scenes,
        edge_bias_sd_m=edge_bias_sd_m,
        # An enclosure is no building, so there is no chance of its being none.
        false_chance={} if compounds else false_chance,
        draws=draws,
        seed=seed,
    )
    names = {"n": "value", "n_lo": "lo", "n_hi": "hi"} if metric == "buildings" else {"area_m2": "value"}
    values = values.drop(columns=["lo", "hi"] if metric == "buildings" else []).rename(columns=names)
    table = _at_looks(footprints, looks)
    table = table.merge(values[["site_id", "observed_on", "value", "lo", "hi"]], how="left")
    table["unknown"] = table["value"].isna() & table["status"].eq("partial").fillna(False).astype(bool)
    if compounds:
        # Where nobody ever drew an enclosure, its area is unknown and not zero.
        drawn = footprints.loc[footprints["kind"].isin(kinds), "site_id"]
        table["unknown"] |= ~table["site_id"].isin(drawn)
    return _finished(table, metric, _unseen(footprints, table), draws=draws, seed=seed)


def _filled(footprints: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the enclosures with their courtyards filled and measured so."""
    compounds = footprints[footprints["kind"].eq("compound")].explode(ignore_index=True)
    filled = compounds.set_geometry(
        gpd.GeoSeries(shapely.polygons(shapely.get_exterior_ring(compounds.geometry.to_numpy())), crs=compounds.crs)
    )
    # What overlapped was found before the courtyards were filled.
    return filled.assign(**crs.measure(filled)).drop(columns="overlap_m2", errors="ignore")


def _at_looks(footprints: gpd.GeoDataFrame, looks: pd.DataFrame | None) -> pd.DataFrame:
    seen = pd.DataFrame({"site_id": site_keys(footprints), "observed_on": footprints["observed_on"]})
    seen = seen[seen["site_id"].ne("")].assign(status="observed").astype("string")
    if looks is None:
        return seen.drop_duplicates().reset_index(drop=True)
    needed = ["site_id", "observed_on", "status"]
    require_columns(looks, needed, "looks")
    given = looks[needed].assign(observed_on=as_edtf(looks["observed_on"])).astype("string")
    # Of several looks on one day the one that saw most speaks.
    rank = given["status"].map({status: rank for rank, status in enumerate(SEEING)}).fillna(len(SEEING))
    given = given.assign(rank=rank).sort_values("rank", kind="stable").drop_duplicates(["site_id", "observed_on"])
    return (
        pd.concat([given.drop(columns="rank"), seen]).drop_duplicates(["site_id", "observed_on"]).reset_index(drop=True)
    )


def _unseen(footprints: gpd.GeoDataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return number and area of the tracks that stood unseen at each look: seen before it and after it, not at it."""
    built = footprints[footprints["kind"].isin(BUILT)]
    seen = pd.DataFrame({
        "track_id": built["track_id"], "site_id": site_keys(built), "day": days(built["observed_on"], end="standing"),
        "area_m2": built["area_m2"],
    }).sort_values(["track_id", "day"])  # fmt: skip
    seen["next_day"] = seen.groupby("track_id")["day"].shift(-1)
    at = table[["site_id"]].assign(row=table.index, at=days(table["observed_on"], end="standing"))
    gaps = seen[seen["next_day"].notna()].merge(at, on="site_id")
    gaps = gaps[gaps["day"].lt(gaps["at"]) & gaps["next_day"].gt(gaps["at"])]
    found = gaps.groupby("row")["area_m2"].agg(["size", "sum"]).reindex(table.index).fillna(0)
    return pd.DataFrame({"n_unseen": found["size"].astype("Int64"), "unseen_m2": found["sum"]})


def _finished(table: pd.DataFrame, metric: str, unseen: pd.DataFrame, *, draws: int, seed: int) -> pd.DataFrame:
    sees = table["status"].isin(SEEING)
    sees &= ~table["unknown"]
    table = table.join(unseen)
    for name in ("value", "lo", "hi"):
        table[name] = table[name].astype("float64").fillna(0.0).where(sees)
    table = table.assign(metric=metric, kind="observed", stale_days=0, draws=draws, seed=seed)
    table["kind"] = table["kind"].astype("string").where(sees)
    table["stale_days"] = table["stale_days"].astype("Int64").where(sees)
    table["day"] = days(table["observed_on"], end="standing")
    table = table.rename(columns={"site_id": "unit", "observed_on": "t"})
    names = [
        "unit", "metric", "t", "value", "lo", "hi", "kind", "stale_days", "status", "n_unseen", "unseen_m2", "draws",
        "seed",
    ]  # fmt: skip
    return pd.DataFrame(table.sort_values(["unit", "day"], ignore_index=True)[names].astype({"metric": "string"}))


def hold(values: pd.DataFrame, *, held: HeldRule | None = None) -> pd.DataFrame:
    """Return a series with each gap filled by the value last observed, and each row saying so.

    Parameters
    ----------
    values
        A "series" table: ``unit``, ``metric``, ``t``, ``value``, ``lo``, ``hi``, and where they are known ``closed``
        (EDTF) and ``source_id``.
    held
        How long a value may be held; by default the rule of each metric, see :func:`camps.growth.rule_of`.

    Returns
    -------
    DataFrame
        On the index of `values`: the same rows, with ``kind`` ``observed`` or ``held`` and ``stale_days`` since the
        look that the value is of, and ``ended``: ``closed`` or ``lapsed`` where the last value may not be held any
        more. There, as before the first look, value, kind and stale_days are null, never zero.

    Raises
    ------
    InputError
        For missing columns.

    References
    ----------
    METHOD 8, Held has an end.
    """
    require_columns(values, ["unit", "metric", "t", "value", "lo", "hi"], "series")
    rows = values.reset_index(drop=True).assign(day=days(values["t"], end="standing").to_numpy())
    rows["looked"] = rows["day"].where(rows["value"].notna())
    rows = rows.join(_ends(rows, held)).sort_values(["unit", "metric", "day"], kind="stable")
    unit = rows.groupby(["unit", "metric"], sort=False)
    carried = ("value", "lo", "hi", "looked", "until", "ended")
    filled = rows.assign(**{name: unit[name].ffill() for name in carried})
    stale, over = filled["day"] - filled["looked"], filled["day"].ge(filled["until"])
    kind = pd.Series("held", index=filled.index, dtype="string").mask(stale.eq(0), "observed")
    known = stale.notna() & ~over
    filled = filled.assign(kind=kind, stale_days=stale.astype("Int64"))
    for name in ("value", "lo", "hi", "kind", "stale_days"):
        filled[name] = filled[name].where(known)
    filled["ended"] = filled["ended"].where(over)
    return pd.DataFrame(filled.drop(columns=["day", "looked", "until"]).sort_index().set_axis(values.index))


def _ends(rows: pd.DataFrame, held: HeldRule | None) -> pd.DataFrame:
    """Return until when the value of each look is held, and why no longer; null where a row has no value."""
    seen = rows[rows["looked"].notna()]
    ends = [
        held_until(looks, rows[rows["metric"].eq(metric)], held or rule_of(str(metric)))
        for metric, looks in seen.groupby("metric", observed=True)
    ]
    return pd.concat(ends).astype({"ended": "string"}) if ends else pd.DataFrame(columns=["until", "ended"])
