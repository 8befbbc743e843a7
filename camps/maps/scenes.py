"""Satellite pictures under the footprints: each scene as a small picture in Web Mercator, inside the page."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rasterio
import scipy
from numpy.typing import NDArray
from PIL import Image
from pyproj import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.vrt import WarpedVRT

from camps.crs import HALF_MERCATOR_M
from camps.dates import look_day
from camps.errors import InputError, MissingError, require_columns

#: The widest picture kept, in pixels: a page must stay light.
_WIDEST = 1600
_QUALITY = 82
#: Share of the shorter side over which a picture fades at its edge.
_FEATHER = 0.06
#: Share of the pixels that a stretch to eight bits leaves out at either end.
_CLIP_PERCENT = 2.0


def scene_entries(scenes: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the pictures of a page, oldest first: day, box in Web Mercator's unit square, and the picture as data.

    Parameters
    ----------
    scenes
        A row a scene: ``observed_on`` (EDTF), ``path`` of a georeferenced raster with shifts already removed,
        ``licence``; ``bands`` (red, green and blue, such as ``3,2,1``) where they are neither named so in the raster
        nor the first three; ``matched`` where its colours are to be brought to those of the others, band by band.

    Raises
    ------
    InputError
        For missing columns, a raster without coordinates, or one that cannot be read.
    MissingError
        When a file is not there.
    """
    require_columns(scenes, ("observed_on", "path", "licence"), "scenes")
    rows = sorted(scenes.to_dict("records"), key=lambda row: look_day(str(row["observed_on"])))
    read = [_opened(row) for row in rows]
    alike = _matched([picture for picture, _ in read], [row.get("matched") is True for row in rows])
    return [_entry(row, picture, box) for row, picture, (_, box) in zip(rows, alike, read, strict=True)]


def credits_of(scenes: pd.DataFrame) -> list[str]:
    """Return the licences of scenes, once each; those that differ in the year that they end with are one."""
    years: dict[str, list[str]] = {}
    for licence in scenes.sort_values("licence")["licence"].astype(str):
        text, year = re.fullmatch(r"(.*?)((?:\b\d{4})?)", licence, re.DOTALL).groups()  # type: ignore[union-attr]
        years.setdefault(text, []).append(year)
    return [text + ", ".join(dict.fromkeys(listed)) for text, listed in years.items()]


def _opened(row: dict[Any, Any]) -> tuple[NDArray[np.uint8], list[float]]:
    path = Path(row["path"])
    if not path.is_file():
        raise MissingError(f"{path}: no such file; expected the raster of the scene of {row['observed_on']}")
    bands = [int(band) for band in row["bands"].split(",")] if isinstance(row.get("bands"), str) else None
    picture, (west, south, east, north) = read_colours(path, bands=bands)
    half, whole = HALF_MERCATOR_M, 2 * HALF_MERCATOR_M
    return picture, [(west + half) / whole, (half - north) / whole, (east + half) / whole, (half - south) / whole]


def _entry(row: dict[Any, Any], picture: NDArray[np.uint8], box: list[float]) -> dict[str, Any]:
    stream = io.BytesIO()
    Image.fromarray(_feathered(picture)).save(stream, format="WEBP", quality=_QUALITY, method=6)
    source = "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
    day = float(look_day(str(row["observed_on"])))
    return {"name": Path(row["path"]).name, "day": day, "date": str(row["observed_on"]), "box": box, "source": source}


def _feathered(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture that ends softly, so that no frame has the edge of an image file in it."""
    inside = np.pad(picture[..., 3] > 0, 1)
    reach = _FEATHER * min(picture.shape[:2])
    share = np.clip(scipy.ndimage.distance_transform_edt(inside)[1:-1, 1:-1] / max(reach, 1.0), 0, 1)
    soft = picture.copy()
    soft[..., 3] = np.rint(picture[..., 3] * share)
    return soft


def _matched(pictures: list[NDArray[np.uint8]], wanted: list[bool]) -> list[NDArray[np.uint8]]:
    """Return pictures of which those wanted have, in each band, the median mean and spread of them all."""
    if not any(wanted):
        return pictures
    seen = [picture[picture[..., 3] > 0][:, :3].astype(float) for picture in pictures]
    means, spreads = (np.array([getattr(values, name)(axis=0) for values in seen]) for name in ("mean", "std"))
    mean, spread = np.median(means, axis=0), np.median(spreads, axis=0)
    alike = []
    for picture, own, wide, asked in zip(pictures, means, np.maximum(spreads, 1.0), wanted, strict=True):
        brought = np.clip((picture[..., :3] - own) * (spread / wide) + mean, 0, 255)
        alike.append(np.dstack([np.rint(brought), picture[..., 3]]).astype(np.uint8) if asked else picture)
    return alike


def _bands(raster: Any) -> list[int]:
    """Return the bands of red, green and blue: as the raster names them, or the first three."""
    names = [str(name).lower() for name in raster.descriptions]
    for rgb in (("b04", "b03", "b02"), ("red", "green", "blue")):
        if set(rgb) <= set(names):
            return [names.index(name) + 1 for name in rgb]
    return [1, 2, 3]


def read_colours(
    path: Path, *, crs: CRS | str = "EPSG:3857", bands: Sequence[int] | None = None
) -> tuple[NDArray[np.uint8], tuple[float, float, float, float]]:
    """Return a scene as a picture on a plane, clear where it has no data, and where its edges lie there.

    Parameters
    ----------
    path
        A georeferenced raster.
    crs
        The plane; Web Mercator by default.
    bands
        Red, green and blue; as the raster names them, or its first three, by default.

    Returns
    -------
    pixels
        Rows × columns × 4 in eight bits, north up; wider values are stretched together, so that grey stays grey.
    bounds
        West, south, east and north, in the units of the plane.

    Raises
    ------
    InputError
        For a raster without coordinates, or one that cannot be read.
    """
    try:
        with rasterio.open(path) as raster:
            if raster.crs is None:
                raise InputError(f"{path}: the raster has no coordinates; expected a georeferenced one")
            bare = ColorInterp.alpha not in raster.colorinterp
            with WarpedVRT(raster, crs=crs, resampling=Resampling.bilinear, add_alpha=bare) as warped:
                return _picture(warped, list(bands or _bands(raster))), _edges(warped)
    except rasterio.errors.RasterioError as error:
        raise InputError(f"{path}: cannot be read as a raster ({error})") from error


def _picture(warped: Any, bands: list[int]) -> NDArray[np.uint8]:
    shrink = max(1.0, warped.width / _WIDEST)
    shape = (round(warped.height / shrink), round(warped.width / shrink))
    values = warped.read(bands, out_shape=(len(bands), *shape), resampling=Resampling.average)
    alpha = warped.dataset_mask(out_shape=shape)
    colour = values if values.dtype == np.uint8 else stretched(values, alpha > 0)
    return np.dstack([*colour, alpha]).astype(np.uint8)


def stretched(values: NDArray[Any], seen: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return bands in eight bits, stretched together between their 2nd and 98th percentile, so that grey stays grey.

    Parameters
    ----------
    values
        Bands × rows × columns.
    seen
        Where there are data; at least one pixel.
    """
    low, high = np.percentile(values[:, seen], [_CLIP_PERCENT, 100 - _CLIP_PERCENT])
    share = (values.astype(np.float64) - low) / max(high - low, 1e-9)
    return np.asarray(np.clip(share * 255, 0, 255), dtype=np.uint8)


def _edges(warped: Any) -> tuple[float, float, float, float]:
    at = warped.transform
    return at.c, at.f + at.e * warped.height, at.c + at.a * warped.width, at.f
