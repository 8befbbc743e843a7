"""How far one scene lies beside another: phase correlation of edges in tiles, and their median.

The edges (Sobel magnitude) stay put when the light changes; a Hann window keeps a tile's own borders out; the median
over tiles is not moved by those that hold something new. A match is accepted only when the tiles agree.

References
----------
METHOD 3.1. Guizar-Sicairos, M., Thurman, S. T., Fienup, J. R. (2008). Efficient subpixel image registration
algorithms. Optics Letters 33, 156-158.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray
from rasterio.enums import Resampling

from camps.errors import CampsError, CheckError, InputError
from camps.imagery import raster
from camps.imagery.grid import Floats, Grid, Mask
from camps.imagery.opening import COLOURS
from camps.imagery.scene import Scene

#: Side of a tile; the two images are compared on pixels of half the ground sample distance.
TILE_M = 440.0
#: No Sentinel-2 scene lies further off than this; a peak beyond it is chance.
MOST_SHIFT_M = 30.0
#: A match is accepted when the median absolute deviation of the tiles is below this, in pixels of the sensor …
MOST_MAD_PX = 0.3
#: … and at least this many tiles agree.
FEWEST_TILES = 10
#: Tiles agree that lie within this many pixels of the sensor from the median.
AGREEMENT_PX = 0.5


@dataclass(frozen=True)
class Match:
    """The shift of one scene against a reference.

    :func:`match` finds it, :func:`register` applies it.

    Attributes
    ----------
    scene_id, reference_id
        Which scene against which.
    dx_m, dy_m
        Metres east and north by which the scene has to be moved; NaN when no tile could be compared.
    mad_m
        Median absolute deviation of the tiles, the larger of both axes.
    n_tiles, n_agree
        Tiles compared, and tiles within half a sensor pixel of the median on both axes.
    accepted
        Whether the match may be used.
    reason
        Why not, or an empty text.
    tiles : DataFrame
        One row a tile: x_m, y_m (centre, in the grid's CRS), dx_m, dy_m.
    """

    scene_id: str
    reference_id: str
    dx_m: float
    dy_m: float
    mad_m: float
    n_tiles: int
    n_agree: int
    accepted: bool
    reason: str
    tiles: pd.DataFrame


def match(
    scene: Scene,
    reference: Scene,
    grid: Grid,
    *,
    exclude: gpd.GeoSeries | gpd.GeoDataFrame | None = None,
) -> Match:
    """Return the shift that lays `scene` on `reference`; a bad match is returned as not accepted, never guessed.

    Parameters
    ----------
    scene, reference
        Scenes with at least one band of the same name; colours are averaged when both have them.
    grid
        The ground to compare, best several kilometres of it.
    exclude
        Ground that changes, such as the site itself, in any CRS; tiles that touch it are left out.

    Raises
    ------
    InputError, MissingError
        When a scene cannot be read or does not show the grid, or the two share no band.
    """
    fine = grid.at(max(scene.gsd_m, reference.gsd_m) / 2)
    bands = _common_bands(scene, reference)
    base, moving = _edges(reference, fine, bands), _edges(scene, fine, bands)
    return match_edges(base, moving, fine, scene, reference, unusable=fine.mask(exclude))


def match_all(
    scenes: Sequence[Scene],
    reference: Scene,
    grid: Grid,
    *,
    exclude: gpd.GeoSeries | gpd.GeoDataFrame | None = None,
) -> list[Match]:
    """Return the matches of many scenes on one reference, which is read once; see :func:`match`.

    A scene that cannot be read has no match, and its reason says why; the others go on.
    """
    read_before: dict[tuple[float, tuple[str, ...]], Floats] = {}
    matches = []
    for scene in scenes:
        fine = grid.at(max(scene.gsd_m, reference.gsd_m) / 2)
        bands = tuple(_common_bands(scene, reference))
        if (fine.gsd_m, bands) not in read_before:
            read_before[fine.gsd_m, bands] = _edges(reference, fine, bands)
        base = read_before[fine.gsd_m, bands]
        try:
            moving = _edges(scene, fine, bands)
        except CampsError as error:
            matches.append(_no_match(scene, reference, str(error), pd.DataFrame()))
            continue
        matches.append(match_edges(base, moving, fine, scene, reference, unusable=fine.mask(exclude)))
    return matches


def register(
    scene: Scene,
    reference: Scene,
    grid: Grid,
    *,
    exclude: gpd.GeoSeries | gpd.GeoDataFrame | None = None,
) -> tuple[Scene, Match]:
    """Return the scene moved onto the reference, and the match; parameters as for :func:`match`.

    Raises
    ------
    CheckError
        When the match is not good enough to be used; the message says why.
    InputError, MissingError
        When a scene cannot be read or does not show the grid.
    """
    found = match(scene, reference, grid, exclude=exclude)
    if not found.accepted:
        raise CheckError(
            f"scene {scene.scene_id}: cannot be registered on {reference.scene_id}, {found.reason}; take a "
            "reference of the same season, a larger window, or leave the scene out"
        )
    return scene.shifted(found.dx_m, found.dy_m), found


def _common_bands(scene: Scene, reference: Scene) -> list[str]:
    names = [[band.name for band in one.bands] for one in (scene, reference)]
    shared = [name for name in names[0] if name in names[1] and name not in raster.CLASS_BANDS]
    if not shared:
        raise InputError(
            f"scenes {scene.scene_id} and {reference.scene_id} share no band: {', '.join(names[0])} against "
            f"{', '.join(names[1])}; name the bands alike when adding them"
        )
    colours = [name for name in COLOURS if name in shared]
    return colours or shared[:1]


def _edges(scene: Scene, grid: Grid, bands: Sequence[str]) -> Floats:
    window = raster.read(scene, grid, bands=bands, resampling=Resampling.cubic)
    return edges(np.asarray(np.mean(window.values, axis=0)))


def edges(brightness: Floats) -> Floats:
    """Return the Sobel magnitude of an image (rows × columns); NaN spreads by one pixel."""
    return np.asarray(
        np.hypot(scipy.ndimage.sobel(brightness, 0), scipy.ndimage.sobel(brightness, 1)), dtype=np.float32
    )


def match_edges(
    base: Floats, moving: Floats, grid: Grid, scene: Scene, reference: Scene, *, unusable: Mask | None = None
) -> Match:
    """Return the match of two edge images on one grid (rows × columns); NaN and `unusable` pixels end a tile."""
    blocked = ~(np.isfinite(base) & np.isfinite(moving))
    if unusable is not None:
        blocked |= unusable
    side = max(16, round(TILE_M / grid.gsd_m / 2) * 2)
    corners = _tiles(blocked, side)
    sensor_m = max(scene.gsd_m, reference.gsd_m)
    shifts = _shifts_px(base, moving, corners, side, MOST_SHIFT_M / grid.gsd_m) * grid.gsd_m
    return _judge(_tile_table(corners, shifts, grid, side), sensor_m, scene, reference)


def _tiles(blocked: Mask, side: int) -> list[tuple[int, int]]:
    rows, columns = blocked.shape
    summed = np.pad(blocked.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    starts = [(r, c) for r in range(0, rows - side + 1, side // 2) for c in range(0, columns - side + 1, side // 2)]
    return [
        (r, c)
        for r, c in starts
        if summed[r + side, c + side] - summed[r, c + side] - summed[r + side, c] + summed[r, c] == 0
    ]


def _shifts_px(
    base: Floats, moving: Floats, corners: Sequence[tuple[int, int]], side: int, most_px: float
) -> NDArray[np.float64]:
    found = [
        _shift_px(base[r : r + side, c : c + side], moving[r : r + side, c : c + side], most_px) for r, c in corners
    ]
    return np.array(found, dtype=np.float64).reshape(-1, 2)


def _shift_px(base: Floats, moving: Floats, most_px: float) -> tuple[float, float]:
    """Return by how many rows and columns `moving` lies below and right of `base`; NaN when there is no texture."""
    spectrum = np.conj(_spectrum(base)) * _spectrum(moving)
    strength = np.abs(spectrum)
    if not strength.max() > 0:
        return np.nan, np.nan
    spectrum /= strength + strength.max() * 1e-12
    row, column = _coarse_peak(np.fft.ifft2(spectrum).real, most_px)
    return _fine_peak(spectrum, row, column)


def _spectrum(tile: Floats) -> NDArray[np.complex128]:
    window = np.hanning(len(tile) + 2)[1:-1]
    return np.asarray(np.fft.fft2((tile - tile.mean(dtype=np.float64)) * np.outer(window, window)))


def _coarse_peak(correlation: NDArray[np.float64], most_px: float) -> tuple[int, int]:
    centred = np.fft.fftshift(correlation)
    middle, reach = len(centred) // 2, int(np.ceil(most_px))
    near = centred[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1]
    row, column = np.unravel_index(int(np.argmax(near)), near.shape)
    return int(row) - reach, int(column) - reach


def _fine_peak(spectrum: NDArray[np.complex128], row: int, column: int) -> tuple[float, float]:
    near = _peak_around(spectrum, (float(row), float(column)), reach=1.5, step=0.1)
    return _peak_around(spectrum, near, reach=0.1, step=0.01)


def _peak_around(
    spectrum: NDArray[np.complex128], centre: tuple[float, float], *, reach: float, step: float
) -> tuple[float, float]:
    # The inverse transform on a fine grid around the peak. The products are too small for threads, and einsum sums in
    # one order on every machine.
    frequencies = np.fft.fftfreq(len(spectrum))
    steps = np.arange(-reach, reach + step / 2, step)
    by_row = np.exp(2j * np.pi * np.outer(centre[0] + steps, frequencies))
    by_column = np.exp(2j * np.pi * np.outer(frequencies, centre[1] + steps))
    fine = np.einsum("ij,jk->ik", np.einsum("ij,jk->ik", by_row, spectrum), by_column).real
    i, j = np.unravel_index(int(np.argmax(fine)), fine.shape)
    return float(centre[0] + steps[i]), float(centre[1] + steps[j])


def _tile_table(corners: Sequence[tuple[int, int]], shifts: NDArray[np.float64], grid: Grid, side: int) -> pd.DataFrame:
    places = np.array(corners, dtype=np.float64).reshape(-1, 2) + side / 2
    table = pd.DataFrame(
        {
            "x_m": grid.west + places[:, 1] * grid.gsd_m, "y_m": grid.north - places[:, 0] * grid.gsd_m,
            # What lies too far right and down has to move west and north.
            "dx_m": -shifts[:, 1], "dy_m": shifts[:, 0],
        }
    )  # fmt: skip
    return table.dropna(ignore_index=True)


def _judge(tiles: pd.DataFrame, sensor_m: float, scene: Scene, reference: Scene) -> Match:
    moves = tiles[["dx_m", "dy_m"]].to_numpy()
    if not len(moves):
        reason = "no tile of 440 m is free of missing and excluded ground"
        return _no_match(scene, reference, reason, tiles)
    middle = np.median(moves, axis=0)
    away = np.abs(moves - middle)
    mad_m = float(np.median(away, axis=0).max())
    agree = int((away <= AGREEMENT_PX * sensor_m).all(axis=1).sum())
    reason = _refusal(mad_m, agree, len(moves), sensor_m)
    return Match(
        scene.scene_id, reference.scene_id, float(middle[0]), float(middle[1]), mad_m, len(moves), agree,
        not reason, reason, tiles,
    )  # fmt: skip


def _no_match(scene: Scene, reference: Scene, reason: str, tiles: pd.DataFrame) -> Match:
    return Match(scene.scene_id, reference.scene_id, np.nan, np.nan, np.nan, 0, 0, False, reason, tiles)


def _refusal(mad_m: float, agree: int, n_tiles: int, sensor_m: float) -> str:
    if agree < FEWEST_TILES:
        return f"only {agree} of {n_tiles} tiles agree, expected at least {FEWEST_TILES}"
    if mad_m >= MOST_MAD_PX * sensor_m:
        return f"the tiles scatter by {mad_m / sensor_m:.2f} pixels, expected below {MOST_MAD_PX}"
    return ""
