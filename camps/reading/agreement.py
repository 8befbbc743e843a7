"""Two readings of the same scenes side by side: what both saw, how far apart their outlines lie, how sure presence is.

Method: METHOD 8. Buildings are matched one to one above IoU 0.25, as SpaceNet does; the signed edge offset of a pair is
the difference of their areas over their mean perimeter, which for a rectangle with every edge moved by d is d exactly;
presence is judged by Gwet's AC1, which, unlike Cohen's kappa, does not collapse where nearly everything is there.

References
----------
Gwet, K. L. (2008). Computing inter-rater reliability and its variance in the presence of high agreement. British
Journal of Mathematical and Statistical Psychology 61, 29-48.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy
import shapely
from numpy.typing import NDArray

from camps import crs, tables
from camps.change import one_to_one
from camps.change.linking import shared_area_m2
from camps.change.score import MIN_IOU
from camps.crs import Floats
from camps.dates import day_interval
from camps.errors import InputError
from camps.footprints import BUILT, FootprintSeries
from camps.growth import vertex_noise_sd_m2
from camps.growth.accuracy import wilson

#: Draws of buildings, with replacement, behind each interval.
DRAWS = 2000
ALL = "all dates"

_INTERVAL = (0.025, 0.975)
#: Pairs beyond one a date, and dates, that a measured error must rest on: of one pair, its own offset explains all.
_LEAST_PAIRS, _LEAST_DATES = 10, 3
#: Draws that are measured at once: enough to be quick, and little memory with thousands of buildings.
_BLOCK = 100
#: Positions, a row a draw, to the figure of each draw.
Measure: TypeAlias = Callable[[NDArray[np.intp]], Floats]


@dataclass(frozen=True, repr=False)
class Agreement(tables.Shown):
    """How far two readings of the same scenes agree.

    Attributes
    ----------
    dates
        One row a date that both read, and one for all of them. Numbers: n_first, n_second, n_matched, n_missed (by the
        second), n_extra. Areas: first_m2, second_m2, missed_m2, extra_m2. And each with ``_lo`` and ``_hi``, its 95 %
        bootstrap interval over buildings: ``iou`` of the ground; ``area_bias``, the second's area over the first's
        less 1; ``offset_m``, the median distance by which the second's edges lie outside the first's (negative:
        inside); ``offset_sd_m``, the spread of that over buildings; ``ac1``, Gwet's coefficient on presence: of every
        building that either reading has on any of the dates, whether both say alike on this one. Where they always do,
        drawing buildings shows no doubt, and Wilson's bound stands in for it.
    buildings
        GeoDataFrame, EPSG:4326, one row a building and date: observed_on, first_id, second_id (null where missing),
        iou, offset_m, first_m2, second_m2, and the outline of the first reading, or of the second where that is the
        only one.
    edge_sd_m
        Standard deviation in metres of one vertex of one reading, both readings taken as equally exact: what
        ``camps sources add --edge-sd`` takes.
    edge_bias_m
        Standard deviation in metres of what all edges of a date are off together in one reading: ``--edge-bias``. What
        both readings share is in neither.
    """

    dates: pd.DataFrame
    buildings: gpd.GeoDataFrame
    edge_sd_m: float
    edge_bias_m: float

    @property
    def summary(self) -> str:
        """Return what one reading's outlines are worth, as one line."""
        whole = self.dates.iloc[-1]
        return (
            f"{whole['n_matched']} buildings matched on {len(self.dates) - 1} dates, IoU {whole['iou']:.2f}; one "
            f"reading errs by {self.edge_sd_m:.1f} m a vertex and {self.edge_bias_m:.1f} m on all edges of a date"
        )

    def errors(self, *, one_reader: bool) -> dict[str, float]:
        """Return the errors that take the place of assumed ones: options of :func:`camps.footprints.load`.

        Parameters
        ----------
        one_reader
            Whether both readings are one person's: he errs both times alike, so what all edges of a date share stays
            assumed.

        Returns
        -------
        dict
            ``edge_sd_m``, where at least ten pairs beyond one a date were measured, and ``edge_bias_m``, where the
            pairs of at least three dates of two readers were. What rests on fewer is left out, and stays assumed.
        """
        pairs = self.buildings.loc[self.buildings["offset_m"].notna(), "observed_on"]
        n_dates = pairs.nunique()
        found = {"edge_sd_m": self.edge_sd_m} if len(pairs) - n_dates >= _LEAST_PAIRS else {}
        if n_dates >= _LEAST_DATES and not one_reader:
            found["edge_bias_m"] = self.edge_bias_m
        return {name: round(value, 3) for name, value in found.items()}

    @property
    def table(self) -> pd.DataFrame:
        """Return the figures by date, without their intervals."""
        names = ["observed_on", "n_first", "n_second", "n_matched", "n_missed", "n_extra"]
        return self.dates[[*names, "iou", "area_bias", "offset_m", "ac1"]].round(2)


def agreement(
    first: FootprintSeries,
    second: FootprintSeries,
    *,
    site_id: str | None = None,
    kinds: Sequence[str] = BUILT,
    draws: int = DRAWS,
    seed: int = 0,
) -> Agreement:
    """Hold two readings of the same scenes against one another.

    Parameters
    ----------
    first, second
        Footprint series; a date counts when both have a polygon or a look that saw the site then.
    site_id
        Only what is assigned to this site in `first`, and what lies within 500 m of it in `second`.
    kinds
        Kinds of footprints that are compared; buildings and blocks by default.
    draws, seed
        Of the bootstrap over buildings. The same seed gives the same intervals.

    Returns
    -------
    Agreement

    Raises
    ------
    InputError
        When the readings have no date in common, or neither has a building then.

    Examples
    --------
    >>> from camps import footprints, reading
    >>> series = footprints.load()
    >>> same = reading.agreement(series, series, draws=10)
    >>> float(same.dates["iou"].iloc[-1]), float(same.edge_sd_m)
    (1.0, 0.0)
    """
    one, two = _compared(first, site_id, kinds), _compared(second, None, kinds)
    if site_id is not None:
        two = _near(two, one)
    dates = sorted(_seen(first, one) & _seen(second, two), key=day_interval)
    one, two = (frame[frame["observed_on"].isin(dates)].reset_index(drop=True) for frame in (one, two))
    if not dates or one.empty or two.empty:
        raise InputError(_nothing_in_common(first, second, dates))
    plane = crs.regional_crs(crs.lonlat_bounds(pd.concat([one, two])))
    flat_one, flat_two = one.to_crs(plane), two.to_crs(plane)
    buildings = pd.concat([_buildings(flat_one, flat_two, date) for date in dates], ignore_index=True)
    label, n = _places(flat_one, flat_two)
    presence = [_presence(buildings[buildings["observed_on"] == date], label, n) for date in dates]
    drawn = _Drawn(draws, seed)
    rows = [
        _row(date, buildings[buildings["observed_on"] == date], there, drawn)
        for date, there in zip(dates, presence, strict=True)
    ]
    rows.append(_row(ALL, buildings, np.sum(presence, axis=0), drawn))
    shown = buildings.drop(columns=["shared_m2", "perimeter_m", "area_sd_m2"]).to_crs(4326)
    return Agreement(pd.DataFrame(rows), shown, _edge_sd_m(buildings), _edge_bias_m(buildings))


def _compared(series: FootprintSeries, site_id: str | None, kinds: Sequence[str]) -> gpd.GeoDataFrame:
    frame = series.footprints
    wanted = frame["kind"].isin(kinds)
    if site_id is not None:
        wanted &= frame["site_id"] == site_id
        if not (frame["site_id"] == site_id).any():
            known = ", ".join(sorted(frame["site_id"].dropna().unique())) or "none"
            raise InputError(f"site {site_id!r}: no footprint is assigned to it; expected one of: {known}")
    return frame[wanted]


def _near(frame: gpd.GeoDataFrame, site: gpd.GeoDataFrame, within_m: float = 500.0) -> gpd.GeoDataFrame:
    if site.empty or frame.empty:
        return frame
    plane = crs.regional_crs(crs.lonlat_bounds(pd.concat([frame, site])))
    ground = shapely.buffer(shapely.convex_hull(shapely.union_all(site.to_crs(plane).geometry.array)), within_m)
    return frame[frame.to_crs(plane).intersects(ground)]


def _seen(series: FootprintSeries, compared: gpd.GeoDataFrame) -> set[str]:
    saw = series.looks[series.looks["status"].isin(["observed", "partial"])]
    return {*compared["observed_on"], *saw["observed_on"]}


def _nothing_in_common(first: FootprintSeries, second: FootprintSeries, dates: Sequence[str]) -> str:
    if dates:
        return f"agreement: neither reading, or one alone, has a building on {', '.join(dates)}; read one of them again"
    of_each = [", ".join(series.scenes["observed_on"].head(5)) or "none" for series in (first, second)]
    return f"agreement: no date in common ({of_each[0]} … and {of_each[1]} …); give two readings of the same scenes"


def _buildings(one: gpd.GeoDataFrame, two: gpd.GeoDataFrame, date: str) -> gpd.GeoDataFrame:
    """Return pairs, then what the second missed, then what it has in addition, on one date and an equal-area plane."""
    a, b = (frame[frame["observed_on"] == date].reset_index(drop=True) for frame in (one, two))
    pairs = sorted(one_to_one(a, b))
    left = np.array([i for i, _ in pairs], dtype=int)
    right = np.array([j for _, j in pairs], dtype=int)
    missed, extra = np.setdiff1d(np.arange(len(a)), left), np.setdiff1d(np.arange(len(b)), right)
    of_a = np.concatenate([left, missed, np.full(len(extra), -1)])
    of_b = np.concatenate([right, np.full(len(missed), -1), extra])
    shape_a, shape_b = _taken(a, of_a), _taken(b, of_b)
    ground = shapely.union_all(b.geometry.array)
    area_a, area_b = shapely.area(shape_a), shapely.area(shape_b)
    both = (of_a >= 0) & (of_b >= 0)
    shared = shapely.area(shapely.intersection(shape_a, shape_b))
    perimeter = (shapely.length(shape_a) + shapely.length(shape_b)) / 2
    outline = np.where(of_a >= 0, shape_a, shape_b)
    # What an equal edge error in both would make of the difference of their areas, for an error of 1 m.
    noise_a, noise_b = (vertex_noise_sd_m2(gpd.GeoSeries(x[both], crs=one.crs), 1.0) for x in (shape_a, shape_b))
    area_sd = np.full(len(of_a), np.nan)
    area_sd[both] = np.hypot(noise_a.to_numpy(), noise_b.to_numpy())
    values = {
        "observed_on": date, "first_id": _ids(a, of_a), "second_id": _ids(b, of_b),
        "iou": np.where(both, shared / np.where(both, area_a + area_b - shared, 1), 0.0),
        "offset_m": np.where(both, (area_b - area_a) / perimeter, np.nan),
        "first_m2": area_a, "second_m2": area_b,
        "shared_m2": shapely.area(shapely.intersection(shape_a, ground)), "perimeter_m": perimeter,
        "area_sd_m2": area_sd,
    }  # fmt: skip
    return gpd.GeoDataFrame(values, geometry=outline, crs=one.crs)


def _taken(frame: gpd.GeoDataFrame, at: NDArray[np.intp]) -> NDArray[Any]:
    shapes = np.full(len(at), shapely.Polygon(), dtype=object)
    shapes[at >= 0] = np.asarray(frame.geometry.array)[at[at >= 0]]
    return shapes


def _ids(frame: gpd.GeoDataFrame, at: NDArray[np.intp]) -> pd.Series[Any]:
    return pd.Series([frame["footprint_id"].iloc[i] if i >= 0 else None for i in at], dtype="string")


def _edge_sd_m(buildings: gpd.GeoDataFrame) -> float:
    """Return the vertex error that explains what differs in area when each date's common offset is taken off."""
    common = buildings.groupby("observed_on")["offset_m"].transform("median")
    left = (buildings["offset_m"] - common) * buildings["perimeter_m"] / buildings["area_sd_m2"]
    return _root_mean_square(left.dropna())


def _edge_bias_m(buildings: gpd.GeoDataFrame) -> float:
    """Return the error that all edges of a date share in one reading: two such errors make a date's offset."""
    return _root_mean_square(buildings.groupby("observed_on")["offset_m"].median().dropna() / math.sqrt(2))


def _root_mean_square(values: pd.Series[Any]) -> float:
    return math.sqrt(float((values**2).mean())) if len(values) else math.nan


# --- presence -------------------------------------------------------------------------------------------------------


def _places(one: gpd.GeoDataFrame, two: gpd.GeoDataFrame) -> tuple[pd.Series[Any], int]:
    """Return which building each footprint_id is, and how many there are: all that match, on whatever date, are one."""
    shapes = np.concatenate([np.asarray(frame.geometry.array) for frame in (one, two)])
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    shared = shared_area_m2(shapes, shapes, left, right)
    alike = shared > MIN_IOU * (shapely.area(shapes)[left] + shapely.area(shapes)[right] - shared)
    size = (len(shapes), len(shapes))
    graph = scipy.sparse.coo_array((np.ones(np.count_nonzero(alike)), (left[alike], right[alike])), shape=size)
    n, label = scipy.sparse.csgraph.connected_components(graph, directed=False)
    sides = ["first"] * len(one) + ["second"] * len(two)
    return pd.Series(label, index=pd.MultiIndex.from_arrays([sides, [*one["footprint_id"], *two["footprint_id"]]])), n


def _presence(buildings: gpd.GeoDataFrame, label: pd.Series[Any], n: int) -> NDArray[np.int_]:
    """Return for each of n buildings how often, on one date, both have it, the first alone, the second, neither."""
    there = np.zeros((n, 4), dtype=int)
    for first, second in zip(buildings["first_id"], buildings["second_id"], strict=True):
        place = label[("second", second)] if first is pd.NA else label[("first", first)]
        there[place, 1 if second is pd.NA else 2 if first is pd.NA else 0] += 1
    there[there.sum(axis=1) == 0, 3] = 1
    return there


def _ac1(both: Any, first: Any, second: Any, neither: Any) -> Any:
    """Return Gwet's AC1 of how often both say yes, one alone does, and both say no."""
    n = both + first + second + neither
    return _beyond_chance((both + neither) / n, (2 * both + first + second) / (2 * n))


def _beyond_chance(alike: Any, prevalence: Any) -> Any:
    by_chance = 2 * prevalence * (1 - prevalence)
    return (alike - by_chance) / (1 - by_chance)


# --- rows and their intervals ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Drawn:
    """Draws of buildings with replacement, the same for the same number of them."""

    draws: int
    seed: int

    def interval(self, n: int, measure: Measure) -> tuple[float, float]:
        """Return the 95 % interval of what is measured on draws of n positions; null where it is null."""
        chance = np.random.default_rng(self.seed)
        sizes = [min(_BLOCK, self.draws - begun) for begun in range(0, self.draws, _BLOCK)] if n else []
        values = np.concatenate([np.empty(0), *(measure(chance.integers(0, n, (size, n))) for size in sizes)])
        known = values[~np.isnan(values)]
        lo, hi = np.quantile(known, _INTERVAL) if len(known) else (math.nan, math.nan)
        return float(lo), float(hi)


def _row(date: str, buildings: gpd.GeoDataFrame, presence: NDArray[np.int_], drawn: _Drawn) -> dict[str, Any]:
    no_first, no_second = buildings["first_id"].isna(), buildings["second_id"].isna()
    row: dict[str, Any] = {
        "observed_on": date,
        "n_first": int((~no_first).sum()), "n_second": int((~no_second).sum()),
        "n_matched": int((~no_first & ~no_second).sum()), "n_missed": int(no_second.sum()),
        "n_extra": int(no_first.sum()),
        "first_m2": buildings["first_m2"].sum(), "second_m2": buildings["second_m2"].sum(),
        "missed_m2": buildings.loc[no_second, "first_m2"].sum(), "extra_m2": buildings.loc[no_first, "second_m2"].sum(),
    }  # fmt: skip
    for name, n, measure in _measures(buildings, presence):
        row[name] = float(measure(np.arange(n)[None])[0]) if n else math.nan
        row[f"{name}_lo"], row[f"{name}_hi"] = drawn.interval(n, measure)
    both, alone_a, alone_b, neither = presence.sum(axis=0)
    if alone_a + alone_b == 0:
        n = both + neither
        row["ac1_lo"] = _beyond_chance(float(wilson(n, n)[0]), both / n)
    return row


def _measures(buildings: gpd.GeoDataFrame, presence: NDArray[np.int_]) -> Iterator[tuple[str, int, Measure]]:
    """Yield each figure's name, the number of buildings that it rests on, and the figure of draws of those."""
    first, second, shared = (buildings[name].to_numpy() for name in ("first_m2", "second_m2", "shared_m2"))
    offset = buildings["offset_m"].dropna().to_numpy()
    yield "iou", len(first), lambda at: _ratio(_sums(shared, at), _sums(first + second - shared, at))
    yield "area_bias", len(first), lambda at: _ratio(_sums(second, at), _sums(first, at)) - 1
    yield "offset_m", len(offset), lambda at: np.median(offset[at], axis=-1)
    yield "offset_sd_m", len(offset) if len(offset) > 1 else 0, lambda at: np.std(offset[at], axis=-1, ddof=1)
    yield "ac1", len(presence), lambda at: _ac1(*(_sums(column, at) for column in presence.T))


def _sums(values: NDArray[Any], at: NDArray[np.intp]) -> Floats:
    return np.asarray(values[at].sum(axis=-1), dtype=np.float64)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole != 0))
