"""A scene as a layer of a folium map, from this page alone: one embedded image, or tiles in a folder beside it."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import folium
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from PIL import Image
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.warp import reproject

from camps import files
from camps.crs import HALF_MERCATOR_M
from camps.errors import InputError
from camps.imagery.pictures import colour_image
from camps.imagery.raster import Raster

_MERCATOR = "EPSG:3857"
_TILE_PX = 256
#: More tiles than this are no scene of a site.
_MOST_TILES = 5000


def scene_layer(raster: Raster, *, name: str | None = None, opacity: float = 1.0) -> folium.raster_layers.ImageOverlay:
    """Return a scene as one image embedded in the page, laid exactly on Web Mercator.

    Parameters
    ----------
    raster
        Bands red, green and blue, or one band.
    name
        Name in the layer control; sensor and date when left out.
    opacity
        From 0 to 1.

    Raises
    ------
    InputError
        When the scene has no attribution, or nothing of it was observed.
    """
    _require_attribution(raster)
    pixels, transform = _mercator(raster)
    height, width = pixels.shape[:2]
    to_lonlat = Transformer.from_crs(_MERCATOR, 4326, always_xy=True)
    west, north = to_lonlat.transform(transform.c, transform.f)
    east, south = to_lonlat.transform(transform.c + transform.a * width, transform.f + transform.e * height)
    address = "data:image/png;base64," + base64.b64encode(_png(pixels)).decode("ascii")
    return folium.raster_layers.ImageOverlay(
        address, [[south, west], [north, east]], name=name or _name(raster), opacity=opacity,
        attribution=raster.scene.attribution, mercator_project=False, zindex=1,
    )  # fmt: skip


def _require_attribution(raster: Raster) -> None:
    if not raster.scene.attribution.strip():
        raise InputError(f"scene {raster.scene.scene_id}: has no attribution; a layer without it is never made")


def _name(raster: Raster) -> str:
    return f"{raster.scene.observed_on} · {raster.scene.sensor} · {raster.scene.gsd_m:g} m"


def _mercator(raster: Raster) -> tuple[NDArray[np.uint8], Affine]:
    (left, right), (bottom, top) = _mercator_bounds(raster)
    _, lat = raster.grid.centre
    step = raster.grid.gsd_m / float(np.cos(np.radians(lat)))
    width, height = int(np.ceil((right - left) / step)), int(np.ceil((top - bottom) / step))
    transform = Affine(step, 0, left, 0, -step, top)
    return _laid_on(colour_image(raster), raster, transform, (height, width)), transform


def _mercator_bounds(raster: Raster) -> tuple[tuple[float, float], tuple[float, float]]:
    west, south, east, north = raster.grid.lonlat_bounds
    x, y = Transformer.from_crs(4326, _MERCATOR, always_xy=True).transform([west, east], [south, north])
    return (float(x[0]), float(x[1])), (float(y[0]), float(y[1]))


def _laid_on(
    colours: NDArray[np.uint8], raster: Raster, transform: Affine, shape: tuple[int, int]
) -> NDArray[np.uint8]:
    target = np.zeros((4, *shape), dtype=np.uint8)
    reproject(
        np.moveaxis(colours, -1, 0), target, src_transform=raster.grid.transform, src_crs=raster.grid.crs,
        dst_transform=transform, dst_crs=_MERCATOR, resampling=Resampling.nearest,
    )  # fmt: skip
    return np.moveaxis(target, 0, -1)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


def write_tiles(raster: Raster, folder: Path, *, max_zoom: int | None = None, min_zoom: int = 10) -> list[Path]:
    """Cut a scene into Web Mercator tiles ``folder/z/x/y.png`` and return their paths; empty tiles are not written.

    Parameters
    ----------
    raster
        Bands red, green and blue, or one band.
    folder
        Where the tiles go, whole or not at all each.
    max_zoom, min_zoom
        Largest and smallest zoom; the largest shows every pixel when left out.

    Raises
    ------
    InputError
        When the scene has no attribution, nothing of it was observed, or it would take more than 5000 tiles.
    """
    _require_attribution(raster)
    colours = colour_image(raster)
    deepest = native_zoom(raster) if max_zoom is None else max_zoom
    places = [place for zoom in range(min_zoom, deepest + 1) for place in _tiles_of(raster, zoom)]
    if len(places) > _MOST_TILES:
        raise InputError(f"tiles: {len(places)} of them, expected at most {_MOST_TILES}; take a smaller max_zoom")
    written = []
    for zoom, column, row in places:
        side = 2 * HALF_MERCATOR_M / 2**zoom
        step = side / _TILE_PX
        corner = Affine(step, 0, column * side - HALF_MERCATOR_M, 0, -step, HALF_MERCATOR_M - row * side)
        pixels = _laid_on(colours, raster, corner, (_TILE_PX, _TILE_PX))
        if pixels[..., 3].any():
            written.append(files.write_bytes(folder / str(zoom) / str(column) / f"{row}.png", _png(pixels)))
    return written


def native_zoom(raster: Raster) -> int:
    """Return the zoom at which a tile's pixel is no larger than the raster's."""
    _, lat = raster.grid.centre
    ground_m = 2 * HALF_MERCATOR_M / _TILE_PX * np.cos(np.radians(lat))
    return int(np.ceil(np.log2(ground_m / raster.grid.gsd_m)))


def _tiles_of(raster: Raster, zoom: int) -> list[tuple[int, int, int]]:
    (left, right), (bottom, top) = _mercator_bounds(raster)
    side = 2 * HALF_MERCATOR_M / 2**zoom
    columns = range(int((left + HALF_MERCATOR_M) // side), int((right + HALF_MERCATOR_M) // side) + 1)
    rows = range(int((HALF_MERCATOR_M - top) // side), int((HALF_MERCATOR_M - bottom) // side) + 1)
    return [(zoom, column, row) for column in columns for row in rows]


def tile_layer(raster: Raster, address: str, *, name: str | None = None, min_zoom: int = 10) -> folium.TileLayer:
    """Return a layer of tiles that :func:`write_tiles` cut.

    Parameters
    ----------
    raster
        The scene that was cut.
    address
        Folder of the tiles relative to the page, such as ``tiles/2018-10-11``: the page and its tiles are of one
        origin, and a canvas that draws them can be read back.
    name
        Name in the layer control; sensor and date when left out.
    min_zoom
        As for :func:`write_tiles`.

    Raises
    ------
    InputError
        When the address names another host.
    """
    _require_attribution(raster)
    if "://" in address or address.startswith("//"):
        raise InputError(f"tiles at {address}: on another host; expected a folder relative to the page")
    west, south, east, north = raster.grid.lonlat_bounds
    return folium.TileLayer(
        f"{address.rstrip('/')}/{{z}}/{{x}}/{{y}}.png", attr=raster.scene.attribution, name=name or _name(raster),
        min_zoom=min_zoom, max_native_zoom=native_zoom(raster), max_zoom=22, overlay=True,
        bounds=[[south, west], [north, east]],
    )  # fmt: skip
