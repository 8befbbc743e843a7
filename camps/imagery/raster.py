"""Reading a scene on the grid of a site: only the window, as float values, with NaN where nothing was observed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import MaskFlags, Resampling
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.transform import from_gcps
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_geom
from rasterio.windows import Window

from camps.crs import GEOD
from camps.errors import InputError, MissingError
from camps.imagery.grid import Floats, Grid, Mask
from camps.imagery.scene import Band, Scene, require_size

#: Rasters that hold classes, not quantities: their values are picked, never averaged.
CLASS_BANDS = ("scl", "qa60", "classification")

_AVERAGE_BELOW = 0.75
# GDAL's default of an eighth of a pixel moves a whole scene by some tenths of a metre.
_WARP_TOLERANCE_PX = 0.01

#: GDAL options of every reading.
# A JPEG cut short is otherwise filled up with grey, and a world file's neighbour with whatever lies beside it.
READING = {"GDAL_ERROR_ON_LIBJPEG_WARNING": "TRUE"}


@dataclass(frozen=True)
class Raster:
    """Bands of one scene on one grid.

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
    options: Mapping[str, Any] | None = None,
) -> Raster:
    """Return the bands of a scene on a grid, reading no more of the files than the grid needs.

    Pixels that are finer than the grid are averaged, coarser ones interpolated bilinearly, classes picked. The scene's
    shift is undone, scale and offset are applied once, and nodata, alpha and hidden boxes become NaN.

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
    options
        GDAL options for the reading, such as those of a remote store.

    Raises
    ------
    InputError
        When a file is not an image, is cut short, has no georeference, or does not cover the grid at all.
    MissingError
        When a file is not there.
    """
    chosen = [scene.band(name) for name in bands] if bands is not None else list(scene.bands)
    if not chosen:
        raise InputError(f"scene {scene.scene_id}: no band asked for, it has {', '.join(b.name for b in scene.bands)}")
    values = np.full((len(chosen), *grid.shape), np.nan, dtype=np.float32)
    with rasterio.Env(**{**READING, **(options or {})}):
        for href in dict.fromkeys(band.href for band in chosen):
            rows = [row for row, band in enumerate(chosen) if band.href == href]
            values[rows] = _read_file(scene, [chosen[row] for row in rows], grid, resampling)
    return Raster(scene, grid, tuple(band.name for band in chosen), values)


@contextmanager
def opened(href: str) -> Iterator[Any]:
    """Open an image file for reading, with errors that say what to do.

    Raises
    ------
    MissingError, InputError
        When there is no such file, or it is no image or is cut short.
    """
    try:
        with _open(href) as dataset:
            _require_png_end(dataset, href)
            yield dataset
    except RasterioError as error:
        raise _trouble(href, error) from error


def _require_png_end(dataset: Any, href: str) -> None:
    # GDAL fills a PNG that was cut short with whatever lies in memory, and says nothing.
    path = Path(href)
    if dataset.driver == "PNG" and path.is_file():
        with path.open("rb") as stream:
            stream.seek(-min(64, path.stat().st_size), 2)
            if b"IEND" not in stream.read():
                raise InputError(f"{href}: a PNG cut short; copy or fetch it again")


def _open(href: str) -> Any:
    # That a picture has no georeference of its own is said by `placement`, where it matters. Remote files are opened
    # in threads, in which warnings cannot be caught.
    if "://" in href or href.startswith("/vsi"):
        return rasterio.open(href)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(href)


def _trouble(href: str, error: Exception) -> InputError | MissingError:
    text = " ".join(str(error.__cause__ or error).split())[:200]
    if "No such file" in text or "does not exist" in text:
        return MissingError(f"{href}: no such file; check the path, or fetch the scene again")
    if "://" in href or href.startswith("/vsicurl"):
        return InputError(f"{href}: cannot be read from the server ({text}); try again later")
    return InputError(f"{href}: not an image that can be read, or cut short ({text}); copy or fetch it again")


def _read_file(scene: Scene, bands: Sequence[Band], grid: Grid, resampling: Resampling | None) -> Floats:
    require_size(bands[0])
    with opened(bands[0].href) as dataset:
        _require_bands(dataset, bands)
        crs, transform = placement(dataset, scene)
        _require_overlap(scene, grid, footprint(dataset, crs, transform))
        target = _target(scene, grid)
        finer = pixel_m(dataset, crs, transform) < grid.gsd_m * _AVERAGE_BELOW
        usual = resampling or (Resampling.average if finer else Resampling.bilinear)
        placed = {"src_crs": crs, "src_transform": transform}
        values = np.empty((len(bands), *grid.shape), dtype=np.float32)
        for kind in dict.fromkeys(_kind(dataset, band, usual) for band in bands):
            rows = [row for row, band in enumerate(bands) if _kind(dataset, band, usual) == kind]
            values[rows] = _warp(dataset, [bands[row] for row in rows], target, placed, kind)
        if scene.hidden_px:
            values[:, _hidden(scene, target, crs, transform)] = np.nan
    return values


def _require_bands(dataset: Any, bands: Sequence[Band]) -> None:
    wanted = max(band.index for band in bands)
    if wanted > dataset.count:
        raise InputError(f"{dataset.name}: has {dataset.count} bands, band {wanted} was asked for")


def _target(scene: Scene, grid: Grid) -> Grid:
    # An image that has to move east is read from a window that lies to the west.
    return grid.moved(-scene.shift_m[0], -scene.shift_m[1])


def placement(dataset: Any, scene: Scene | None = None) -> tuple[CRS, Affine]:
    """Return the CRS and the affine transform of an open file: the scene's own, the file's, or its control points.

    Raises
    ------
    InputError
        When there is none; the message says how to give one.
    """
    if scene is not None and scene.georeference is not None:
        return as_crs(scene.georeference.crs), Affine(*scene.georeference.transform)
    if dataset.crs is not None and not dataset.transform.is_identity:
        return dataset.crs, dataset.transform
    points, crs = dataset.gcps
    if points and crs is not None:
        return crs, from_gcps(points)
    raise InputError(
        f"{dataset.name}: has no georeference; put a world file beside it and name its CRS, or give control points: "
        "camps imagery add FILE --crs EPSG:… [--points POINTS.csv]"
    )


def as_crs(text: str) -> CRS:
    """Return a CRS by its text.

    Raises
    ------
    InputError
        When it is not understood.
    """
    try:
        return CRS.from_user_input(text)
    except CRSError as error:
        raise InputError(f"CRS {text!r} is not understood, expected an EPSG code such as 'EPSG:32645'") from error


def _place(transform: Affine, column: float, row: float) -> tuple[float, float]:
    a, b, c, d, e, f = tuple(transform)[:6]
    return a * column + b * row + c, d * column + e * row + f


def footprint(dataset: Any, crs: CRS, transform: Affine) -> gpd.GeoSeries:
    """Return the outline of a file on the ground, EPSG:4326, as one polygon."""
    width, height = dataset.width, dataset.height
    across, down = np.linspace(0, width, 9), np.linspace(0, height, 9)
    pixels = [*((c, 0) for c in across), *((width, r) for r in down[1:]), *((c, height) for c in across[-2::-1]),
              *((0, r) for r in down[-2:0:-1])]  # fmt: skip
    ring = {"type": "Polygon", "coordinates": [[_place(transform, *pixel) for pixel in (*pixels, pixels[0])]]}
    return gpd.GeoSeries([shapely.geometry.shape(transform_geom(crs, "EPSG:4326", ring))], crs=4326)


def _require_overlap(scene: Scene, grid: Grid, outline: gpd.GeoSeries) -> None:
    shape = outline.to_crs(grid.crs).iloc[0]
    box = grid.box.iloc[0]
    if not (shape.is_valid and shape.intersects(box)):
        away_km = shape.distance(box) / 1000 if shape.is_valid else np.nan
        west, south, east, north = outline.total_bounds
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
    with rasterio.Env(**READING), opened(scene.bands[0].href) as dataset:
        outline = footprint(dataset, *placement(dataset, scene))
    return bool(outline.to_crs(grid.crs).iloc[0].intersects(grid.box.iloc[0]))


def _kind(dataset: Any, band: Band, usual: Resampling) -> tuple[Resampling, float | None]:
    how = Resampling.nearest if band.name in CLASS_BANDS else usual
    nodata = band.nodata if band.nodata is not None else dataset.nodatavals[band.index - 1]
    # NaN is no equal of itself, and would make a kind of its own of every band.
    return how, (None if nodata is not None and np.isnan(nodata) else nodata)


def _warp(
    dataset: Any, bands: Sequence[Band], grid: Grid, placed: Mapping[str, Any], kind: tuple[Resampling, float | None]
) -> Floats:
    # Bands of one kind are read together: a JPEG is decoded as a whole each time.
    how, nodata = kind
    numbers = [band.index for band in bands]
    missing = nodata if nodata is not None or not _has_nan(dataset, numbers) else np.nan
    corner = _aligned(grid, placed)
    if corner is not None:
        stored, seen = _cut_out(dataset, numbers, grid, corner, missing)
    else:
        stored, seen = _resampled(dataset, numbers, grid, {**placed, "resampling": how}, missing)
    scale, offset = (
        np.array([getattr(band, name) for band in bands], dtype=np.float32)[:, None, None]
        for name in ("scale", "offset")
    )
    return np.where(seen, stored * scale + offset, np.float32(np.nan))


def _aligned(grid: Grid, placed: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return row and column of the grid's corner in a file whose pixels are the grid's own, else ``None``."""
    a, b, c, d, e, f = tuple(placed["src_transform"])[:6]
    column, row = (grid.west - c) / grid.gsd_m, (f - grid.north) / grid.gsd_m
    same = np.allclose((a, b, d, e), (grid.gsd_m, 0, 0, -grid.gsd_m), rtol=1e-9, atol=1e-9)
    whole = abs(column - round(column)) < _WARP_TOLERANCE_PX and abs(row - round(row)) < _WARP_TOLERANCE_PX
    if not (same and whole and placed["src_crs"] == CRS.from_user_input(grid.crs)):
        return None
    return round(row), round(column)


def _cut_out(
    dataset: Any, numbers: Sequence[int], grid: Grid, corner: tuple[int, int], nodata: float | None
) -> tuple[Floats, Mask]:
    # Pixels that are the grid's own are taken as they are: exact, and without a border for interpolation.
    top, left = max(0, corner[0]), max(0, corner[1])
    bottom, right = min(dataset.height, corner[0] + grid.height), min(dataset.width, corner[1] + grid.width)
    stored = np.zeros((len(numbers), *grid.shape), dtype=np.float32)
    seen = np.zeros(stored.shape, dtype=bool)
    if top < bottom and left < right:
        window = Window(left, top, right - left, bottom - top)
        here = np.s_[:, top - corner[0] : bottom - corner[0], left - corner[1] : right - corner[1]]
        stored[here] = dataset.read(list(numbers), window=window)
        seen[here] = _seen(dataset, numbers, stored[here], nodata, window)
    return stored, seen


def _resampled(
    dataset: Any, numbers: Sequence[int], grid: Grid, warp: Mapping[str, Any], missing: float | None
) -> tuple[Floats, Mask]:
    with WarpedVRT(
        dataset, crs=grid.crs, transform=grid.transform, width=grid.width, height=grid.height,
        src_nodata=missing, nodata=missing, add_alpha=_needs_alpha(dataset, missing),
        tolerance=_WARP_TOLERANCE_PX, warp_mem_limit=64, **warp,
    ) as view:  # fmt: skip
        stored = view.read(list(numbers)).astype(np.float32)
        return stored, _seen(view, numbers, stored, missing, None)


def _has_nan(dataset: Any, numbers: Sequence[int]) -> bool:
    tags = [dataset.nodatavals[number - 1] for number in numbers]
    return any(tag is not None and np.isnan(tag) for tag in tags)


def _needs_alpha(dataset: Any, nodata: float | None) -> bool:
    # Without nodata only an alpha band tells ground from the void around a turned or smaller image.
    has_alpha = any(MaskFlags.alpha in flags for flags in dataset.mask_flag_enums)
    return nodata is None and not has_alpha


def _seen(source: Any, numbers: Sequence[int], stored: Floats, nodata: float | None, window: Window | None) -> Mask:
    real = np.isfinite(stored)
    if nodata is not None:
        return np.asarray(real & (stored != np.float32(nodata)))
    return np.asarray((source.read_masks(list(numbers), window=window) == 255) & real)


def pixel_m(dataset: Any, crs: CRS, transform: Affine) -> float:
    """Return the side of a pixel at the centre of a file, in metres on the ground."""
    column, row = dataset.width / 2, dataset.height / 2
    corners = [_place(transform, column + c, row + r) for c, r in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))]
    square = shapely.geometry.shape(
        transform_geom(crs, "EPSG:4326", {"type": "Polygon", "coordinates": [corners]}, precision=-1)
    )
    area_m2, _ = GEOD.geometry_area_perimeter(square)
    return float(np.sqrt(abs(area_m2)))


def _hidden(scene: Scene, grid: Grid, crs: CRS, transform: Affine) -> Mask:
    rings = [
        shapely.Polygon([_place(transform, *corner) for corner in ((c0, r0), (c1, r0), (c1, r1), (c0, r1))])
        for c0, r0, c1, r1 in scene.hidden_px
    ]
    return grid.mask(gpd.GeoSeries(rings, crs=crs.to_wkt()))


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
