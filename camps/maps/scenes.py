"""Satellite pictures under the footprints: each scene as a small picture in Web Mercator, inside the page."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rasterio
from numpy.typing import NDArray
from PIL import Image
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT

from camps.dates import clock_day
from camps.errors import Fault, InputError, MissingError, raise_faults

#: Half the width of Web Mercator, in metres.
_HALF_M = 20037508.342789244
#: The widest picture kept, in pixels: a page must stay light.
_WIDEST = 1600
_QUALITY = 82
#: Share of the pixels that a stretch to eight bits leaves out at either end.
_CLIP_PERCENT = 2.0


def scene_entries(scenes: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the pictures of a page, oldest first: day, box in Web Mercator's unit square, and the picture as data.

    Parameters
    ----------
    scenes
        A row a scene: ``observed_on`` (EDTF), ``path`` of a georeferenced raster with shifts already removed,
        ``licence``; ``bands`` (red, green and blue, such as ``3,2,1``) where they are not the first three.

    Raises
    ------
    InputError
        For missing columns, a raster without coordinates, or one that cannot be read.
    MissingError
        When a file is not there.
    """
    needed = ("observed_on", "path", "licence")
    raise_faults(
        (Fault(f"column {c}", "no such column", "it to be there") for c in needed if c not in scenes), "scenes"
    )
    return sorted((_entry(row) for row in scenes.to_dict("records")), key=lambda entry: entry["day"])


def _entry(row: dict[Any, Any]) -> dict[str, Any]:
    path = Path(row["path"])
    if not path.is_file():
        raise MissingError(f"{path}: no such file; expected the raster of the scene of {row['observed_on']}")
    bands = str(row["bands"]) if isinstance(row.get("bands"), str) else "1,2,3"
    picture, box = _read(path, [int(band) for band in bands.split(",")])
    stream = io.BytesIO()
    picture.save(stream, format="WEBP", quality=_QUALITY, method=6)
    source = "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
    return {"name": path.name, "day": clock_day(str(row["observed_on"])), "box": box, "source": source}


def _read(path: Path, bands: list[int]) -> tuple[Image.Image, list[float]]:
    """Return a raster in Web Mercator as a picture, clear where it has no data, and its box in the unit square."""
    try:
        with rasterio.open(path) as raster:
            if raster.crs is None:
                raise InputError(f"{path}: the raster has no coordinates; expected a georeferenced one")
            with WarpedVRT(raster, crs="EPSG:3857", resampling=Resampling.bilinear, add_alpha=True) as warped:
                return _picture(warped, bands), _unit_box(warped.transform, warped.width, warped.height)
    except rasterio.errors.RasterioError as error:
        raise InputError(f"{path}: cannot be read as a raster ({error})") from error


def _picture(warped: Any, bands: list[int]) -> Image.Image:
    shrink = max(1.0, warped.width / _WIDEST)
    shape = (round(warped.height / shrink), round(warped.width / shrink))
    values = warped.read(bands, out_shape=(len(bands), *shape), resampling=Resampling.average)
    alpha = warped.dataset_mask(out_shape=shape)
    colour = values if values.dtype == np.uint8 else _stretched(values, alpha > 0)
    return Image.fromarray(np.dstack([*colour, alpha]).astype(np.uint8))


def _stretched(values: NDArray[Any], seen: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return bands in eight bits, stretched together so that colours keep their balance."""
    low, high = np.percentile(values[:, seen], [_CLIP_PERCENT, 100 - _CLIP_PERCENT])
    share = (values.astype(np.float64) - low) / max(high - low, 1e-9)
    return np.asarray(np.clip(share * 255, 0, 255), dtype=np.uint8)


def _unit_box(transform: Any, width: int, height: int) -> list[float]:
    left, top = transform.c, transform.f
    right, foot = left + transform.a * width, top + transform.e * height
    whole = 2 * _HALF_M
    return [(left + _HALF_M) / whole, (_HALF_M - top) / whole, (right + _HALF_M) / whole, (_HALF_M - foot) / whole]
