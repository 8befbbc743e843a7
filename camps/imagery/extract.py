"""From registered scenes to built-up ground: change against a baseline, polygons with interval dates, and an area."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes as raster_shapes

from camps import crs
from camps.dates import day_interval
from camps.errors import InputError
from camps.imagery import indices
from camps.imagery.grid import Floats, Grid, Mask
from camps.imagery.indices import Ground
from camps.imagery.raster import Raster
from camps.imagery.scene import in_order, place_in_time

#: Without a declared control ground the calmest quarter of the surroundings, in tiles of this size, stands in for it.
CALM_TILE_M = 300.0
CALM_SHARE = 0.25
#: A scene with more snow than this in its surroundings is not read (the share stands in the table).
MOST_SNOW = 0.005
#: A scene with less of the site than this is partial, and with less than half of it not an observation.
WHOLE_SITE = 0.95
HALF_SITE = 0.5
METHOD = "colour against soil line + texture, change from baseline, Otsu"


@dataclass(frozen=True)
class Reading:
    """One scene as read for built-up ground.

    Attributes
    ----------
    scene_id, observed_on
        Which scene.
    status
        Look status: observed, partial, obscured (snow, cloud) or not_imaged.
    reason
        Why it is not observed, or an empty text.
    threshold, otsu, control
        Score above which ground counts as built: the larger of Otsu's over the site and the highest score that any
        control ground reaches.
    noise_colour, noise_texture
        Spread (1.4826 · MAD) of the differences on the control ground, by which they are divided.
    snow_share, frac_valid
        Share of the surroundings under snow, share of the site that was observed.
    built
        Pixels called built, after opening and minimum mapping unit (rows × columns); worth nothing unless the status
        is observed or partial.
    seen
        Pixels observed (rows × columns).
    score
        The change score (rows × columns).
    """

    scene_id: str
    observed_on: str
    status: str
    reason: str
    threshold: float
    otsu: float
    control: float
    noise_colour: float
    noise_texture: float
    snow_share: float
    frac_valid: float
    built: Mask
    seen: Mask
    score: Floats


@dataclass(frozen=True)
class Extraction:
    """What was read from a series of scenes over one site.

    :func:`read_series` reads it; :func:`camps.imagery.area.estimate` makes areas of it.

    Attributes
    ----------
    grid, site, control
        The ground, and which of its pixels are the site and the control ground.
    control_declared
        Whether somebody declared the control ground, or the calmest surroundings were taken.
    readings
        One reading a scene in order of date.
    baseline_ids
        Scenes taken together as the state before.
    mmu_m2
        Minimum mapping unit.
    """

    grid: Grid
    site: Mask
    control: Mask
    control_declared: bool
    readings: tuple[Reading, ...]
    baseline_ids: tuple[str, ...]
    mmu_m2: float

    @property
    def site_m2(self) -> float:
        """Return the area of the site's pixels in m²."""
        return float(self.site.sum() * self.grid.gsd_m**2)

    def reading(self, scene_id: str) -> Reading:
        """Return the reading of one scene.

        Raises
        ------
        InputError
            When there is none.
        """
        for one in self.readings:
            if one.scene_id == scene_id:
                return one
        raise InputError(f"{scene_id}: not among the scenes read: {', '.join(r.scene_id for r in self.readings)}")

    def mapped_m2(self, within: Mask | None = None) -> pd.Series:
        """Return the mapped area in m² by scene_id, null where the scene is no observation."""
        area = self.grid.gsd_m**2
        where = self.site if within is None else within
        values = {
            one.scene_id: float((one.built & where).sum() * area) if is_look(one.status) else np.nan
            for one in self.readings
        }
        return pd.Series(values, dtype="float64", name="mapped_m2")


@dataclass(frozen=True)
class _Draft:
    ground: Ground
    score: Floats
    noise: tuple[float, float]
    otsu: float
    control: float

    @property
    def threshold(self) -> float:
        return max(self.otsu, self.control)

    @property
    def above(self) -> Mask:
        # Comparing with NaN, the threshold of a scene without one, gives nothing.
        return np.asarray(self.score > np.float32(self.threshold))


def is_look(status: str) -> bool:
    """Return whether a look of that status says something about what stands there."""
    return status in ("observed", "partial")


def mmu_m2(gsd_m: float) -> float:
    """Return the minimum mapping unit for a ground sample distance: 25 m² at 0.5 m, 150 at 3 m, 400 at 10 m.

    Between and beyond those it follows the power of the distance that joins them (METHOD 3.6).
    """
    known = np.log([0.5, 3.0, 10.0]), np.log([25.0, 150.0, 400.0])
    if gsd_m > 10.0:
        return float(400.0 * (gsd_m / 10.0) ** 2)
    return float(np.exp(np.interp(np.log(gsd_m), *known)))


def otsu(values: NDArray[np.floating]) -> float:
    """Return Otsu's threshold: the value that parts a histogram of 256 bins into the two most distinct classes.

    Raises
    ------
    InputError
        When there are fewer than two different values.

    References
    ----------
    Otsu, N. (1979). A threshold selection method from gray-level histograms. IEEE Trans. SMC 9, 62-66.
    """
    sound = values[np.isfinite(values)]
    if not len(sound) or float(np.ptp(sound)) == 0:
        raise InputError("Otsu's threshold: all values are alike; there is nothing to part")
    counts, edges = np.histogram(sound, 256)
    share, middle = counts / counts.sum(), (edges[1:] + edges[:-1]) / 2
    below, mean = np.cumsum(share), np.cumsum(share * middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (mean[-1] * below - mean) ** 2 / (below * (1 - below))
    return float(middle[int(np.nanargmax(np.where(np.isfinite(between), between, np.nan)))])


def read_series(
    rasters: Sequence[Raster],
    *,
    baseline: Sequence[str],
    site: gpd.GeoSeries | gpd.GeoDataFrame,
    control: gpd.GeoSeries | gpd.GeoDataFrame | None = None,
) -> Extraction:
    """Return what was built on a site between a baseline and each scene.

    Each scene is taken relative to its control ground, which undoes other light and other processing; the difference
    from the baseline in colour against the soil line, and in texture, each divided by its spread on the control
    ground, is added; where the sum is above Otsu's threshold over the site, and above anything on the control
    ground, ground counts as built. A 2 by 2 opening and the minimum mapping unit follow.

    Parameters
    ----------
    rasters
        Registered scenes on one grid with red, green and blue; other bands serve the masks.
    baseline
        Scene ids of the state before; more than one are taken together by their median.
    site
        Boundary of the site, in any CRS.
    control
        Ground on which nothing is built on any date; when left out, the calmest quarter of the surroundings, which
        is a guess and stands in ``control_declared``.

    Returns
    -------
    Extraction
        Readings in order of date, the baseline scenes among them.

    Raises
    ------
    InputError
        When the grids differ, a baseline scene is not among the scenes, or control ground or site hold too few pixels
        in it or in all others. Another scene that saw too little of the control ground is a reading that is none.
    """
    grid = _one_grid(rasters)
    inside = grid.mask(site)
    if int(inside.sum()) * grid.gsd_m**2 < mmu_m2(grid.gsd_m):
        raise InputError("site: its boundary holds less than the minimum mapping unit on this grid; widen it")
    outside = ~scipy.ndimage.binary_dilation(inside, iterations=max(1, round(50 / grid.gsd_m)))
    still = grid.mask(control) & ~inside if control is not None else calm_ground(rasters, outside)
    grounds, unread = _grounds(rasters, still, baseline, inside)
    before = _composite(grounds, baseline)
    drafts = [_draft(one, before, inside, still) for one in grounds.values()]
    around = outside & ~scipy.ndimage.binary_dilation(_lasting(drafts, baseline), iterations=2)
    readings = [*(_finish(one, before, inside, around) for one in drafts), *unread]
    ordered = sorted(readings, key=lambda one: place_in_time(one.observed_on, one.scene_id))
    declared = control is not None
    return Extraction(grid, inside, still, declared, tuple(ordered), tuple(baseline), mmu_m2(grid.gsd_m))


def _grounds(
    rasters: Sequence[Raster], control: Mask, baseline: Sequence[str], site: Mask
) -> tuple[dict[str, Ground], list[Reading]]:
    """Return scenes relative to their control ground, and as no observation those that saw too little of it."""
    grounds: dict[str, Ground] = {}
    unread: dict[str, Reading] = {}
    for one in rasters:
        try:
            grounds[one.scene.scene_id] = indices.ground(one, control)
        except InputError as error:
            unread[one.scene.scene_id] = _unread(one, site, str(error))
    lost = [one.reason for name, one in unread.items() if name in baseline or set(grounds) <= set(baseline)]
    if lost:
        raise InputError(lost[0])
    return grounds, list(unread.values())


def _unread(one: Raster, site: Mask, reason: str) -> Reading:
    frac_valid = float(one.valid[site].mean())
    status = "obscured" if frac_valid else "not_imaged"
    nothing = np.zeros(one.grid.shape, dtype=bool)
    return Reading(
        one.scene.scene_id, one.scene.observed_on, status, reason, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan,
        frac_valid, nothing, one.valid, np.full(one.grid.shape, np.nan, dtype=np.float32),
    )  # fmt: skip


def calm_ground(rasters: Sequence[Raster], around: Mask) -> Mask:
    """Return the calmest quarter of the surroundings: tiles in which the least changed between any two scenes.

    Parameters
    ----------
    rasters
        Scenes on one grid.
    around
        Ground outside the site (rows × columns).
    """
    # A scene that saw little of the surroundings has no say in where they are calm.
    sees = [one for one in rasters if one.valid[around].mean() >= HALF_SITE]
    levels = [indices.relative_brightness(one, around) for one in sees or rasters]
    changes = [_unrest(one, levels[0]) for one in levels[1:]] or [np.zeros(around.shape, dtype=np.float32)]
    unrest = np.max(changes, axis=0)
    side = max(2, round(CALM_TILE_M / rasters[0].grid.gsd_m))
    rows, columns = (np.arange(extent) // side for extent in around.shape)
    tile = rows[:, None] * (columns[-1] + 1) + columns
    usable = around & np.isfinite(unrest)
    whole = np.bincount(tile[usable], minlength=tile.max() + 1) >= side**2 // 2
    worst = np.full(tile.max() + 1, -np.inf)
    np.maximum.at(worst, tile[usable], unrest[usable])
    limit = np.quantile(worst[whole], CALM_SHARE) if whole.any() else -np.inf
    return np.asarray(usable & (whole & (worst <= limit))[tile])


def _unrest(later: Floats, earlier: Floats) -> Floats:
    # Over 3 by 3 pixels, so that one odd pixel does not make a whole tile restless.
    change = np.abs(later - earlier)
    gaps = ~np.isfinite(change)
    smooth = scipy.ndimage.uniform_filter(np.where(gaps, 0, change).astype(np.float64), 3)
    return np.where(gaps, np.nan, smooth).astype(np.float32)


def _one_grid(rasters: Sequence[Raster]) -> Grid:
    if not rasters:
        raise InputError("extraction: no scenes, expected a baseline and at least one later scene")
    grids = {one.grid for one in rasters}
    if len(grids) > 1:
        raise InputError("extraction: the scenes lie on different grids; read them all on one grid")
    return grids.pop()


def _composite(grounds: Mapping[str, Ground], baseline: Sequence[str]) -> Ground:
    absent = [one for one in baseline if one not in grounds]
    if absent or not baseline:
        raise InputError(f"baseline {', '.join(absent) or 'of no scene'}: expected some of {', '.join(grounds)}")
    chosen = [grounds[one] for one in baseline]
    if len(chosen) == 1:
        return chosen[0]
    stacked = {name: _median([getattr(one, name) for one in chosen]) for name in ("brightness", "colour", "texture")}
    slope = float(np.median([one.soil_slope for one in chosen]))
    return Ground(chosen[0].raster, stacked["brightness"], stacked["colour"], stacked["texture"], slope)


def _median(layers: Sequence[Floats]) -> Floats:
    stack = np.stack(layers)
    never = ~np.isfinite(stack).any(axis=0)
    middle = np.nanmedian(np.where(never, 0, stack), axis=0)
    return np.where(never, np.nan, middle).astype(np.float32)


def _draft(later: Ground, before: Ground, site: Mask, control: Mask) -> _Draft:
    score, noise = _score(later, before, control)
    is_baseline = later.raster.scene == before.raster.scene
    found, edge = (np.nan, np.nan) if is_baseline else _thresholds(score, site, control)
    return _Draft(later, score, noise, found, edge)


def _lasting(drafts: Sequence[_Draft], baseline: Sequence[str]) -> Mask:
    # New roofs around the site are white in every later scene, snow is not: only what goes again may be snow.
    scenes = in_order(one.ground.raster.scene for one in drafts)
    by_id = {one.ground.raster.scene.scene_id: one for one in drafts}
    later = [by_id[one.scene_id] for one in scenes if one.scene_id not in baseline]
    if not later:
        return np.zeros(drafts[0].score.shape, dtype=bool)
    above = np.stack([one.above for one in later])
    seen = np.stack([np.isfinite(one.score) for one in later])
    return np.asarray(_first_lasting(above, seen) >= 0)


def _finish(draft: _Draft, before: Ground, site: Mask, around: Mask) -> Reading:
    scene, gsd_m = draft.ground.raster.scene, draft.ground.raster.grid.gsd_m
    seen = np.asarray(np.isfinite(draft.score))
    frac_valid = float(seen[site].mean())
    snow = indices.snow_share(draft.ground, before, around)
    status, reason = _status(frac_valid, snow)
    return Reading(
        scene.scene_id, scene.observed_on, status, reason, draft.threshold, draft.otsu, draft.control, draft.noise[0],
        draft.noise[1], snow, frac_valid, _tidy(draft.above & seen, gsd_m), seen, draft.score,
    )  # fmt: skip


def _score(later: Ground, before: Ground, control: Mask) -> tuple[Floats, tuple[float, float]]:
    parts, spreads = [], []
    for name in ("colour", "texture"):
        change = getattr(later, name) - getattr(before, name)
        on_control = change[control & np.isfinite(change)]
        middle = np.median(on_control) if len(on_control) else np.nan
        spread = float(1.4826 * np.median(np.abs(on_control - middle))) if len(on_control) else np.nan
        parts.append((change - middle) / spread if spread > 0 else change * 0)
        spreads.append(spread)
    score = (parts[0] + parts[1]) / np.sqrt(2)
    return np.asarray(score, dtype=np.float32), (spreads[0], spreads[1])


def _status(frac_valid: float, snow: float) -> tuple[str, str]:
    if frac_valid == 0:
        return "not_imaged", "no pixel of the site was observed"
    if snow > MOST_SNOW:
        return "obscured", f"snow on {snow:.1%} of the surroundings"
    if frac_valid < HALF_SITE:
        return "obscured", f"only {frac_valid:.0%} of the site was observed"
    return ("observed", "") if frac_valid >= WHOLE_SITE else ("partial", f"{frac_valid:.0%} of the site was observed")


def _thresholds(score: Floats, site: Mask, control: Mask) -> tuple[float, float]:
    here = score[site & np.isfinite(score)]
    if not len(here):
        return np.nan, np.nan
    edge = float(np.max(score[control & np.isfinite(score)]))
    # A handful of glaring roofs would otherwise stretch the histogram until it parts roofs from roofs.
    clipped = np.minimum(here, np.quantile(here, 0.995))
    return (otsu(clipped) if float(np.ptp(clipped)) > 0 else np.nan), edge


def _tidy(built: Mask, gsd_m: float) -> Mask:
    opened = scipy.ndimage.binary_opening(built, np.ones((2, 2), dtype=bool))
    labels, n_patches = scipy.ndimage.label(opened)
    if not n_patches:
        return np.asarray(opened)
    large = np.bincount(labels.ravel()) * gsd_m**2 >= mmu_m2(gsd_m) - 1e-6
    large[0] = False
    return np.asarray(large[labels])


def onset(extraction: Extraction) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Return for each pixel of the site the last reading without and the first with built ground; −1 for none.

    A pixel counts from the first reading on which it is built and from which on it is built in at least half of the
    readings that saw it: earthworks that come and go do not start a building.

    Returns
    -------
    before, first
        Positions in ``extraction.readings`` (rows × columns). ``before`` is −1 where no earlier reading saw the pixel.
    """
    looks = [is_look(one.status) for one in extraction.readings]
    seen = np.stack([one.seen & look for one, look in zip(extraction.readings, looks, strict=True)])
    built = np.stack([one.built for one in extraction.readings]) & seen
    first = np.where(extraction.site, _first_lasting(built, seen), np.int16(-1))
    return _seen_before(seen, first, [one.observed_on for one in extraction.readings]), first


def _first_lasting(built: NDArray[np.bool_], seen: NDArray[np.bool_]) -> NDArray[np.int16]:
    seen_from = seen[::-1].cumsum(axis=0)[::-1]
    built_from = built[::-1].cumsum(axis=0)[::-1]
    starts = built & (2 * built_from >= seen_from)
    return np.where(starts.any(axis=0), starts.argmax(axis=0), -1).astype(np.int16)


def _seen_before(seen: NDArray[np.bool_], first: NDArray[np.int16], dates: Sequence[str]) -> NDArray[np.int16]:
    begins, ends = np.array([day_interval(date) for date in dates]).T
    before = np.full(first.shape, -1, dtype=np.int16)
    for position in range(len(seen)):
        # Two images of one day bracket nothing.
        later = (position < first) & (begins[position] < ends[first])
        before[seen[position] & later] = position
    return before


def dated_polygons(extraction: Extraction) -> gpd.GeoDataFrame:
    """Return built ground as polygons with the interval in which it appeared: (L, R].

    Returns
    -------
    GeoDataFrame
        EPSG:4326, one row a patch of one interval: L (last date seen without, null when never), R (first date seen
        with), area_m2 and perimeter_m (geodesic), n_px. Outlines follow pixels: no perimeter of a building.
    """
    before, first = onset(extraction)
    dates = [one.observed_on for one in extraction.readings]
    rows = [
        (dates[early] if early >= 0 else None, dates[late], shape)
        for early, late in sorted(set(zip(before[first >= 0].tolist(), first[first >= 0].tolist(), strict=True)))
        for shape in _polygons((before == early) & (first == late), extraction.grid)
    ]
    return _measured(pd.DataFrame(rows, columns=["L", "R", "geometry"]), extraction.grid)


def _polygons(mask: Mask, grid: Grid) -> list[shapely.Geometry]:
    found = raster_shapes(mask.astype(np.uint8), mask=mask, transform=grid.transform, connectivity=4)
    return [shapely.geometry.shape(geometry) for geometry, _ in found]


def _measured(table: pd.DataFrame, grid: Grid) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(table, geometry="geometry", crs=grid.crs)
    frame["n_px"] = np.round(frame.area / grid.gsd_m**2).astype("int64")
    lonlat = frame.to_crs(4326)
    return lonlat.assign(**crs.measure(lonlat.geometry))


def scene_polygons(extraction: Extraction, *, site_id: str, spread: float | None = None) -> gpd.GeoDataFrame:
    """Return what was called built on each scene, as the ``footprint`` table of METHOD 1 plus observed_on.

    ``kind`` is ``block``: at 10 m a patch is no single building. Patches are cut at the site's boundary. An edge is
    uncertain by half a pixel (``edge_sd_m``). All edges of a scene are off together (``edge_bias_m``) by as much as
    moves its area by `spread`, the standard deviation of a calibration's logarithm, or by half a pixel without one.
    """
    looks = [one for one in extraction.readings if is_look(one.status)] or list(extraction.readings[:1])
    joined = pd.concat([_one_scene(extraction, one, site_id, spread) for one in looks], ignore_index=True)
    return gpd.GeoDataFrame(joined, geometry="geometry", crs=4326)


def seen_ground(extraction: Extraction, *, site_id: str) -> gpd.GeoDataFrame:
    """Return the part of the site that each look which saw only part of it did see.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, a row a partial look: site_id, scene_id, observed_on.
    """
    partial = [one for one in extraction.readings if one.status == "partial"]
    shapes = [shapely.union_all(_polygons(one.seen & extraction.site, extraction.grid)) for one in partial]
    told = {
        "site_id": [site_id] * len(partial), "scene_id": [one.scene_id for one in partial],
        "observed_on": [one.observed_on for one in partial],
    }  # fmt: skip
    return gpd.GeoDataFrame(told, geometry=gpd.GeoSeries(shapes, crs=extraction.grid.crs)).to_crs(4326)


def _one_scene(extraction: Extraction, reading: Reading, site_id: str, spread: float | None) -> gpd.GeoDataFrame:
    shapes = _polygons(reading.built & extraction.site, extraction.grid)
    frame = _measured(pd.DataFrame({"geometry": shapes}), extraction.grid)
    ids = [f"{site_id}-{reading.scene_id}-{number}" for number in range(1, len(frame) + 1)]
    half_m = extraction.grid.gsd_m / 2
    bias_m = half_m if spread is None else spread * frame["area_m2"] / frame["perimeter_m"]
    return frame.assign(
        footprint_id=ids, site_id=site_id, scene_id=reading.scene_id, observed_on=reading.observed_on, kind="block",
        edge_sd_m=half_m, edge_bias_m=bias_m, method=METHOD, repair=None,
        wkb_sha256=[_wkb_sha256(shape) for shape in frame.geometry],
    )  # fmt: skip


def _wkb_sha256(shape: shapely.Geometry) -> str:
    return hashlib.sha256(shapely.to_wkb(shape, byte_order=1)).hexdigest()
