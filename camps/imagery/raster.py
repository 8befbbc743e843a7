"""Reading a scene on the grid of a site: only the window, as float values, with NaN where nothing was observed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.vrt import WarpedVRT
from rasterio.warp import reproject
from rasterio.windows import Window

from camps.errors import InputError
from camps.imagery.grid import Floats, Grid, Mask
from camps.imagery.opening import READING, REMOTE, as_colours, as_plain, opened, permitted
from camps.imagery.placing import Placement, footprint, pixel_m, placement
from camps.imagery.scene import Band, Scene, require_size

#: Rasters that hold classes, not quantities: their values are picked, never averaged.
CLASS_BANDS = ("scl", "qa60", "classification")
#: No ground reflects less than nothing: a scene with a larger share of red and green below zero than this is refused.
MOST_BELOW_ZERO = 0.02

_AVERAGE_BELOW = 0.75
# GDAL's default of an eighth of a pixel moves a whole scene by some tenths of a metre.
_WARP_TOLERANCE_PX = 0.01
#: More pixels of a file under one grid than these are read for minutes, and its pixel size is most likely wrong.
_MOST_SOURCE_PIXELS = 4e9


@dataclass(frozen=True)
class Raster:
    """Bands of one scene on one grid.

    :func:`read` makes it of the files of the scene.

    Attributes
    ----------
    scene
        Where the pixels come from.
    grid
        Where they lie.
    bands
        Names in the order of `values`.
    values
        float32, bands × rows × columns; NaN where the scene shows no ground.
    """

    scene: Scene
    grid: Grid
    bands: tuple[str, ...]
    values: Floats

    @property
    def valid(self) -> Mask:
        """Return which pixels were observed in every band (rows × columns)."""
        return np.asarray(np.isfinite(self.values).all(axis=0))

    def band(self, name: str) -> Floats:
        """Return one band (rows × columns).

        Raises
        ------
        InputError
            When it was not read.
        """
        if name not in self.bands:
            raise InputError(f"scene {self.scene.scene_id}: band {name!r} was not read, only {', '.join(self.bands)}")
        return np.asarray(self.values[self.bands.index(name)])

    def cropped(self, rows: slice, columns: slice) -> Raster:
        """Return a part of it: whole rows and columns counted from the upper left corner."""
        values = self.values[:, rows, columns]
        grid = self.grid
        west, north = grid.west + columns.start * grid.gsd_m, grid.north - rows.start * grid.gsd_m
        part = Grid(grid.crs, west, north, grid.gsd_m, values.shape[2], values.shape[1])
        return Raster(self.scene, part, self.bands, values)


def read(
    scene: Scene,
    grid: Grid,
    *,
    bands: Sequence[str] | None = None,
    resampling: Resampling | None = None,
    online: bool = False,
) -> Raster:
    """Return the bands of a scene on a grid, reading no more of the files than the grid needs.

    Pixels that are finer than the grid are averaged, coarser ones interpolated bilinearly, classes picked. The scene's
    shift is undone. Scale and offset are applied once: those that the scene states, or else those of the file. What
    nodata, a mask, a ``.msk`` beside the file or alpha hides, whichever of them there are, and hidden boxes become NaN.

    Parameters
    ----------
    scene
        The scene.
    grid
        The ground to read.
    bands
        Names of bands; all of the scene when left out.
    resampling
        Another way of resampling quantities.
    online
        Whether bands may lie at addresses.

    Raises
    ------
    InputError
        When a file is not an image, is cut short, has no georeference, or does not cover the grid at all, or when more
        than 2 % of red and green lie below zero, which no ground does.
    MissingError
        When a file is not there.
    """
    with reader(scene, bands=bands, resampling=resampling, online=online) as window:
        return window(grid)


@contextmanager
def reader(
    scene: Scene, *, bands: Sequence[str] | None = None, resampling: Resampling | None = None, online: bool = False
) -> Iterator[Callable[[Grid], Raster]]:
    """Open the files of a scene once and yield what reads grid after grid of them; parameters as for :func:`read`.

    Blocks that two grids share are fetched and unpacked once, while they are in GDAL's cache.

    Raises
    ------
    InputError, MissingError
        As :func:`read`: here for the files, and by what is yielded for a grid. The other grids can be read after that.
    """
    chosen = [scene.band(name) for name in bands] if bands is not None else list(scene.bands)
    if not chosen:
        raise InputError(f"scene {scene.scene_id}: no band asked for, it has {', '.join(b.name for b in scene.bands)}")
    hrefs = list(dict.fromkeys(band.href for band in chosen))
    with rasterio.Env(**READING, **(REMOTE if online else {})), ExitStack() as stack:
        found = [stack.enter_context(_file(scene, [b for b in chosen if b.href == one], online)) for one in hrefs]

        def window(grid: Grid) -> Raster:
            values = np.full((len(chosen), *grid.shape), np.nan, dtype=np.float32)
            for file in found:
                rows = [row for row, band in enumerate(chosen) if band.href == file.href]
                values[rows] = _read_file(scene, file, grid, resampling)
            _require_ground(scene, values[[band.name in ("red", "green") for band in chosen]])
            return Raster(scene, grid, tuple(band.name for band in chosen), values)

        yield window


def _require_ground(scene: Scene, values: Floats) -> None:
    # An offset that the provider had taken off before is taken off twice: dark ground falls below zero.
    seen = int(np.isfinite(values).sum())
    below = int((values < 0).sum())
    if below > MOST_BELOW_ZERO * seen:
        raise InputError(
            f"scene {scene.scene_id}: {below / seen:.0%} of its red and green lie below zero, expected at most "
            f"{MOST_BELOW_ZERO:.0%}; its offset was taken off twice or is not its own: take another processing of it, "
            "or add the file with --offset"
        )


@dataclass(frozen=True)
class _File:
    """An open file with the bands that are read of it, where it lies and how large its pixels are."""

    href: str
    online: bool
    bands: Sequence[Band]
    dataset: Any
    placed: Placement
    outline: gpd.GeoSeries
    size_m: float
    #: Its outline by CRS: the windows of many sites lie on few zones.
    outlines: dict[str, shapely.Polygon] = field(default_factory=dict)

    def outline_on(self, crs: str) -> shapely.Polygon:
        if crs not in self.outlines:
            self.outlines[crs] = self.outline.to_crs(crs).iloc[0]
        return self.outlines[crs]


@contextmanager
def _file(scene: Scene, bands: Sequence[Band], online: bool) -> Iterator[_File]:
    href = bands[0].href
    require_size(bands[0])
    with opened(href, online=online) as stored, as_colours(stored, [band.name for band in bands]) as dataset:
        _require_bands(dataset, bands)
        placed = placement(stored, scene)
        yield _File(href, online, bands, dataset, placed, footprint(stored, placed), pixel_m(stored, placed))


def _read_file(scene: Scene, file: _File, grid: Grid, resampling: Resampling | None) -> Floats:
    _require_overlap(scene, grid, file)
    target = _target(scene, grid)
    _require_readable(scene, grid, file.size_m)
    finer = file.size_m < grid.gsd_m * _AVERAGE_BELOW
    usual = resampling or (Resampling.average if finer else Resampling.bilinear)
    values = np.empty((len(file.bands), *grid.shape), dtype=np.float32)
    kinds = [_kind(file.dataset, band, usual) for band in file.bands]
    with permitted(file.href, online=file.online):
        for kind in dict.fromkeys(kinds):
            rows = [row for row, one in enumerate(kinds) if one == kind]
            values[rows] = _warp(file.dataset, [file.bands[row] for row in rows], target, file.placed, kind)
    if scene.hidden_px:
        values[:, _hidden(scene, target, file.placed)] = np.nan
    return values


def _require_readable(scene: Scene, grid: Grid, size_m: float) -> None:
    n_pixels = grid.width * grid.height * (grid.gsd_m / size_m) ** 2
    if n_pixels > _MOST_SOURCE_PIXELS:
        raise InputError(
            f"scene {scene.scene_id}: {n_pixels:.1e} pixels of {size_m:.2g} m lie under the grid, expected at most "
            f"{_MOST_SOURCE_PIXELS:.0e}; take a smaller radius, or check its pixel size"
        )


def _require_bands(dataset: Any, bands: Sequence[Band]) -> None:
    wanted = max(band.index for band in bands)
    if wanted > dataset.count:
        raise InputError(f"{dataset.name}: has {dataset.count} bands, band {wanted} was asked for")


def _target(scene: Scene, grid: Grid) -> Grid:
    # An image that has to move east is read from a window that lies to the west.
    return grid.moved(-scene.shift_m[0], -scene.shift_m[1])


def _require_overlap(scene: Scene, grid: Grid, file: _File) -> None:
    shape, box = file.outline_on(grid.crs), shapely.box(*grid.bounds)
    if not (shape.is_valid and shape.intersects(box)):
        away_km = shape.distance(box) / 1000 if shape.is_valid else np.nan
        west, south, east, north = file.outline.total_bounds
        lon, lat = grid.centre
        raise InputError(
            f"scene {scene.scene_id}: does not show the site at {lon:.4f}, {lat:.4f}; it covers {west:.4f} to "
            f"{east:.4f} E, {south:.4f} to {north:.4f} N, {away_km:.1f} km away; take another scene or check its CRS"
        )


def covers(scene: Scene, grid: Grid) -> bool:
    """Return whether any ground of the grid lies inside the outline of the scene's first file.

    Raises
    ------
    InputError, MissingError
        When the file cannot be read or has no georeference.
    """
    outline, _ = extent(scene)
    return bool(outline.to_crs(grid.crs).iloc[0].intersects(grid.box.iloc[0]))


def extent(scene: Scene) -> tuple[gpd.GeoSeries, float]:
    """Return the outline of the scene's first file, EPSG:4326, and the side of its pixels in metres.

    Raises
    ------
    InputError, MissingError
        When the file cannot be read or has no georeference.
    """
    with rasterio.Env(**READING), opened(scene.bands[0].href) as dataset:
        placed = placement(dataset, scene)
        return footprint(dataset, placed), pixel_m(dataset, placed)


def _kind(dataset: Any, band: Band, usual: Resampling) -> tuple[Resampling, float | None]:
    how = Resampling.nearest if band.name in CLASS_BANDS else usual
    nodata = band.nodata if band.nodata is not None else dataset.nodatavals[band.index - 1]
    # NaN is no equal of itself, and would make a kind of its own of every band.
    return how, (None if nodata is not None and np.isnan(nodata) else nodata)


@dataclass(frozen=True)
class _Source:
    """Bands of one kind in an open file, and what tells ground from nothing in them."""

    dataset: Any
    numbers: list[int]
    placed: Placement
    how: Resampling
    missing: float | None
    hiding: list[str]

    @property
    def hides_twice(self) -> bool:
        return len(self.hiding) + (self.missing is not None) > 1


def _warp(
    dataset: Any, bands: Sequence[Band], grid: Grid, placed: Placement, kind: tuple[Resampling, float | None]
) -> Floats:
    # Bands of one kind are read together: a JPEG is decoded as a whole each time.
    how, nodata = kind
    numbers = [band.index for band in bands]
    missing = nodata if nodata is not None or not _has_nan(dataset, numbers) else np.nan
    source = _Source(dataset, numbers, placed, how, missing, veil(dataset, bands[0]))
    corner = _aligned(grid, placed)
    if corner is not None:
        stored, seen = _cut_out(source, grid, corner)
    elif placed.points or source.hides_twice or bands[0].mask:
        stored, seen = _resampled_apart(source, grid)
    else:
        stored, seen = _resampled(source, grid)
    scale, offset = np.array([scaling(dataset, band) for band in bands], dtype=np.float32).T[:, :, None, None]
    return np.where(seen, stored * scale + offset, np.float32(np.nan))


def scaling(dataset: Any, band: Band) -> tuple[float, float]:
    """Return scale and offset of a band: as the scene states them, or else as its file does."""
    if band.scale is None and band.offset is None:
        return dataset.scales[band.index - 1], dataset.offsets[band.index - 1]
    return 1.0 if band.scale is None else band.scale, band.offset or 0.0


def veil(dataset: Any, band: Band) -> list[str]:
    """Return which bands hide ground besides nodata: the file's mask, inside it or beside it, and alpha."""
    flags = dataset.mask_flag_enums[band.index - 1]
    masked = MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags
    return ["mask,1"] * masked + [str(number) for number in [alpha_band(dataset, band)] if number]


def alpha_band(dataset: Any, band: Band) -> int | None:
    """Return the number of the band that says how much of a pixel is ground, or ``None``."""
    if band.mask is not None:
        return band.mask
    kinds = list(dataset.colorinterp)
    return kinds.index(ColorInterp.alpha) + 1 if ColorInterp.alpha in kinds else None


def _aligned(grid: Grid, placed: Placement) -> tuple[int, int] | None:
    """Return row and column of the grid's corner in a file whose pixels are the grid's own, else ``None``."""
    a, b, c, d, e, f = tuple(placed.transform)[:6]
    column, row = (grid.west - c) / grid.gsd_m, (f - grid.north) / grid.gsd_m
    same = np.allclose((a, b, d, e), (grid.gsd_m, 0, 0, -grid.gsd_m), rtol=1e-9, atol=1e-9)
    whole = abs(column - round(column)) < _WARP_TOLERANCE_PX and abs(row - round(row)) < _WARP_TOLERANCE_PX
    if placed.points or not (same and whole and placed.crs == CRS.from_user_input(grid.crs)):
        return None
    return round(row), round(column)


def _cut_out(source: _Source, grid: Grid, corner: tuple[int, int]) -> tuple[Floats, Mask]:
    # Pixels that are the grid's own are taken as they are: exact, and without a border for interpolation.
    dataset = source.dataset
    top, left = max(0, corner[0]), max(0, corner[1])
    bottom, right = min(dataset.height, corner[0] + grid.height), min(dataset.width, corner[1] + grid.width)
    stored = np.zeros((len(source.numbers), *grid.shape), dtype=np.float32)
    seen = np.zeros(stored.shape, dtype=bool)
    if top < bottom and left < right:
        window = Window(left, top, right - left, bottom - top)
        here = np.s_[:, top - corner[0] : bottom - corner[0], left - corner[1] : right - corner[1]]
        stored[here] = dataset.read(source.numbers, window=window)
        seen[here] = _real(stored[here], source.missing) & unveiled(dataset, source.hiding, window)
    return stored, seen


def _real(stored: Floats, nodata: float | None) -> Mask:
    real = np.isfinite(stored)
    return real if nodata is None or np.isnan(nodata) else np.asarray(real & (stored != np.float32(nodata)))


def unveiled(dataset: Any, hiding: Sequence[str], window: Window | None = None) -> Mask:
    """Return where nothing of :func:`veil` hides the ground (rows × columns): what is half transparent is hidden."""
    seen = np.ones((dataset.height, dataset.width) if window is None else (window.height, window.width), dtype=bool)
    for one in hiding:
        masked = one == "mask,1"
        shown = dataset.read_masks(1, window=window) if masked else dataset.read(int(one), window=window)
        seen &= shown >= opaque(shown.dtype)
    return seen


def opaque(kind: Any) -> float:
    """Return what alpha is where a pixel is all ground: the largest whole number, or 1."""
    return float(np.iinfo(kind).max) if np.issubdtype(kind, np.integer) else 1.0


def _resampled(source: _Source, grid: Grid) -> tuple[Floats, Mask]:
    missing = source.missing
    with WarpedVRT(
        source.dataset, src_crs=source.placed.crs, src_transform=source.placed.transform, crs=grid.crs,
        transform=grid.transform, width=grid.width, height=grid.height, resampling=source.how, src_nodata=missing,
        nodata=missing, add_alpha=_needs_alpha(source.dataset, missing), tolerance=_WARP_TOLERANCE_PX,
        warp_mem_limit=64,
    ) as view:  # fmt: skip
        stored = view.read(source.numbers).astype(np.float32)
        if missing is not None:
            return stored, _real(stored, missing)
        return stored, np.asarray((view.read_masks(source.numbers) == 255) & np.isfinite(stored))


def _resampled_apart(source: _Source, grid: Grid) -> tuple[Floats, Mask]:
    # GDAL heeds one of nodata, mask and alpha. Here values and what hides them are resampled side by side, and a pixel
    # is ground where all that it is made of is.
    warp = {
        "dst_crs": grid.crs, "dst_transform": grid.transform, "resampling": source.how, "warp_mem_limit": 64,
        "tolerance": _WARP_TOLERANCE_PX, **({"METHOD": "GCP_TPS"} if source.placed.points else {}),
    }  # fmt: skip
    sources = [*map(str, source.numbers), *source.hiding]
    with as_plain(source.dataset, sources, source.placed.vrt) as view:
        stored = np.full((len(source.numbers), *grid.shape), np.nan, dtype=np.float32)
        bands = rasterio.band(view, list(range(1, len(stored) + 1)))
        reproject(bands, stored, src_nodata=source.missing, dst_nodata=np.nan, **warp)
        seen = _real(stored, source.missing)
        for number in range(len(stored) + 1, len(sources) + 1):
            shown = np.zeros(grid.shape, dtype=np.float32)
            reproject(rasterio.band(view, number), shown, dst_nodata=0, **warp)
            seen &= shown >= opaque(view.dtypes[number - 1])
    return stored, seen


def _has_nan(dataset: Any, numbers: Sequence[int]) -> bool:
    tags = [dataset.nodatavals[number - 1] for number in numbers]
    return any(tag is not None and np.isnan(tag) for tag in tags)


def _needs_alpha(dataset: Any, nodata: float | None) -> bool:
    # Without nodata only an alpha band tells ground from the void around a turned or smaller image.
    has_alpha = any(MaskFlags.alpha in flags for flags in dataset.mask_flag_enums)
    return nodata is None and not has_alpha


def _hidden(scene: Scene, grid: Grid, placed: Placement) -> Mask:
    rings = [
        shapely.Polygon(zip(*placed.xy([c0, c1, c1, c0], [r0, r0, r1, r1]), strict=True))
        for c0, r0, c1, r1 in scene.hidden_px
    ]
    return grid.mask(gpd.GeoSeries(rings, crs=placed.crs.to_wkt()))


def write_geotiff(values: NDArray[Any], grid: Grid, path: Any, *, bands: Sequence[str], nodata: float) -> None:
    """Write an array (bands × rows × columns) on a grid as a tiled, compressed GeoTIFF."""
    predictor = 2 if np.issubdtype(values.dtype, np.integer) else 3
    profile = {
        "driver": "GTiff", "height": grid.height, "width": grid.width, "count": len(values), "dtype": values.dtype,
        "crs": grid.crs, "transform": grid.transform, "nodata": nodata, "compress": "deflate", "zlevel": 1,
        "predictor": predictor, "tiled": True, "blockxsize": 256, "blockysize": 256,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as target:
        target.write(values)
        target.descriptions = tuple(bands)
