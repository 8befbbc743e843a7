"""Opening image files of other people: formats on a list, sizes that can be read, and nothing from elsewhere."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from camps.errors import InputError, MissingError

#: Formats that hold pixels and nothing else. A VRT may name any file of the machine or any address.
DRIVERS = ("GTiff", "JP2OpenJPEG", "JPEG", "PNG")
COLOURS = ("red", "green", "blue")

TRIES = 5
TIMEOUT_S = 30
#: GDAL options of every reading.
# A JPEG cut short is otherwise filled up with grey, and a world file's neighbour with whatever lies beside it.
READING = {"GDAL_ERROR_ON_LIBJPEG_WARNING": "TRUE"}
#: GDAL options for reading over HTTP: no listing of folders, little kept, a few tries, and then an end. 0 is a
#: connection that was dropped; what is not there is not asked for again.
REMOTE = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_HTTP_MAX_RETRY": str(TRIES), "GDAL_HTTP_RETRY_DELAY": "0.2",
    "GDAL_HTTP_RETRY_CODES": "0,429,500,502,503,504", "GDAL_HTTP_TIMEOUT": str(TIMEOUT_S),
    "GDAL_HTTP_CONNECTTIMEOUT": "10", "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
    # A file is opened once for all that is read of it: what was sent is not asked for again.
    "CPL_VSIL_CURL_CACHE_SIZE": str(4 * 2**20),
}  # fmt: skip

_GONE = re.compile(r"HTTP response code: (404|410)\b")

#: What a file may claim before any of it is read.
MOST_SIDE_PX, MOST_BANDS = 2_000_000, 500
MOST_BLOCK_BYTES = 1 << 30
#: No picture packs to less than this share of its size; a small file may unpack to a gigabyte all the same.
MOST_PACKED, ALWAYS_UNPACKED_BYTES = 1000, 1 << 30
_GDAL_TYPES = {
    "uint8": "Byte", "int8": "Int8", "uint16": "UInt16", "int16": "Int16", "uint32": "UInt32", "int32": "Int32",
    "float32": "Float32", "float64": "Float64",
}  # fmt: skip


class BusyError(InputError):
    """An address that could not be read this time, and may be another time."""


#: Addresses that failed in this process. GDAL remembers that for as long as the process lives, and would not ask a
#: server again that was busy for a moment, unless the address is one of those that it keeps nothing of.
_failed: set[str] = set()


@contextmanager
def opened(href: str, *, online: bool = False) -> Iterator[Any]:
    """Open an image file for reading, with errors that say what to do.

    Parameters
    ----------
    href
        Path of a GeoTIFF, JPEG 2000, JPEG or PNG, or with `online` its address.
    online
        Whether an address may be read.

    Raises
    ------
    MissingError, InputError
        When there is no such file, it is of another format, claims more pixels than it can hold, or is cut short.
    """
    path = _checked(href, online=online)
    with permitted(href, online=online), _open(path) as dataset:
        _require_sane(dataset, href)
        _require_png_end(dataset, href)
        yield dataset


@contextmanager
def permitted(href: str, *, online: bool = False) -> Iterator[None]:
    """Let GDAL fetch one address, or none, and nothing else; say what to do where that fails.

    Raises
    ------
    MissingError, InputError
        For whatever GDAL cannot read within it.
    """
    path = _checked(href, online=online)
    # Whatever the file may name, GDAL fetches no other address for it.
    options = {"CPL_VSIL_CURL_ALLOWED_FILENAME": path if online else "none"}
    if path in _failed:
        options["CPL_VSIL_CURL_NON_CACHED"] = path
    try:
        with rasterio.Env(**options):
            yield
    except RasterioError as error:
        if online:
            _failed.add(path)
        raise _trouble(href, error) from error


def _checked(href: str, *, online: bool) -> str:
    if "://" in href and not href.startswith("file://"):
        if not online:
            raise InputError(f"{href}: an address; only a STAC catalogue is read from the network, copy the file here")
        return f"/vsicurl/{href}"
    path = Path(href.removeprefix("file://"))
    if not path.is_file():
        raise MissingError(f"{href}: no such file; check the path, or fetch the scene again")
    return str(path)


def _open(path: str) -> Any:
    # That a picture has no georeference of its own is said by `placement`, where it matters. Remote files are opened
    # in threads, in which warnings cannot be caught.
    if path.startswith("/vsicurl/"):
        return DatasetReader(path, driver=list(DRIVERS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return DatasetReader(path, driver=list(DRIVERS))


def _require_sane(dataset: Any, href: str) -> None:
    kinds = [kind for kind in dataset.dtypes if kind not in _GDAL_TYPES]
    if kinds:
        raise InputError(f"{href}: holds {kinds[0]} numbers, expected whole or decimal ones; convert it first")
    sample = max(np.dtype(kind).itemsize for kind in dataset.dtypes)
    block = max(rows * columns for rows, columns in dataset.block_shapes) * sample
    unpacked = dataset.width * dataset.height * dataset.count * sample
    path = Path(href)
    packed = path.stat().st_size if path.is_file() else unpacked
    if (
        max(dataset.width, dataset.height) > MOST_SIDE_PX or dataset.count > MOST_BANDS or block > MOST_BLOCK_BYTES
        or unpacked > max(MOST_PACKED * packed, ALWAYS_UNPACKED_BYTES)
    ):  # fmt: skip
        raise InputError(
            f"{href}: claims {dataset.count} bands of {dataset.width} by {dataset.height} pixels in blocks of "
            f"{block / 1e6:.0f} MB, {unpacked / 1e9:.3g} GB from a file of {packed} bytes; expected at most "
            f"{MOST_SIDE_PX} pixels a side, {MOST_BANDS} bands, blocks of 1 GB and {MOST_PACKED} times the file; cut "
            "out the ground that matters, and tile it"
        )


def _require_png_end(dataset: Any, href: str) -> None:
    # GDAL fills a PNG that was cut short with whatever lies in memory, and says nothing.
    path = Path(href)
    if dataset.driver == "PNG" and path.is_file():
        with path.open("rb") as stream:
            stream.seek(-min(64, path.stat().st_size), 2)
            if b"IEND" not in stream.read():
                raise InputError(f"{href}: a PNG cut short; copy or fetch it again")


def _trouble(href: str, error: Exception) -> InputError | MissingError:
    text = " ".join(str(error.__cause__ or error).split())[:200]
    if "://" in href and _GONE.search(text):
        return InputError(f"{href}: is not on the server ({text}); what names it is out of date: take another scene")
    if "://" in href:
        return BusyError(f"{href}: cannot be read from the server ({text}); try again later")
    if "No such file" in text or "does not exist" in text:
        return MissingError(f"{href}: no such file; check the path, or fetch the scene again")
    return InputError(
        f"{href}: not an image that can be read, or cut short ({text}); expected GeoTIFF, JPEG 2000, JPEG or PNG: copy "
        "or fetch it again, or convert it"
    )


@contextmanager
def as_colours(dataset: Any, names: Sequence[str]) -> Iterator[Any]:
    """Yield a file as red, green, blue (and alpha) when it has a palette and colours are asked for, else as it is."""
    if not has_palette(dataset) or not set(names) <= set(COLOURS):
        yield dataset
        return
    opaque = all(entry[3] == 255 for entry in dataset.colormap(1).values())
    named = COLOURS if opaque else (*COLOURS, "alpha")
    bands = "".join(
        _band_xml(dataset, "1", "Byte", f"<ColorInterp>{name.title()}</ColorInterp>", component=number)
        for number, name in enumerate(named, 1)
    )
    mask = f"<MaskBand>{_band_xml(dataset, 'mask,1', 'Byte')}</MaskBand>"
    with _opened_view(_vrt(dataset, bands + mask)) as expanded:
        yield expanded


def has_palette(dataset: Any) -> bool:
    """Return whether the one band of a file holds places in a palette and no brightness."""
    return dataset.count == 1 and dataset.colorinterp[0] is ColorInterp.palette


@contextmanager
def as_plain(dataset: Any, sources: Sequence[str], place: str) -> Iterator[Any]:
    """Yield bands of a file as numbers alone: no nodata, no alpha and no mask of theirs has a say.

    Parameters
    ----------
    dataset
        An open file.
    sources
        Numbers of bands, or ``mask,1`` for the mask of band 1.
    place
        How it lies on the ground, in the words of a VRT.
    """
    bands = "".join(
        _band_xml(dataset, one, "Byte" if "," in one else _GDAL_TYPES[dataset.dtypes[int(one) - 1]]) for one in sources
    )
    with _opened_view(_vrt(dataset, place + bands)) as view:
        yield view


def _opened_view(vrt: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(vrt)


def _band_xml(dataset: Any, source: str, kind: str, more: str = "", *, component: int = 0) -> str:
    looked_up = f"<ColorTableComponent>{component}</ColorTableComponent>" if component else ""
    name = "ComplexSource" if component else "SimpleSource"
    return (
        f'<VRTRasterBand dataType="{kind}">{more}<{name}><SourceFilename>{escape(dataset.name)}</SourceFilename>'
        f"<SourceBand>{source}</SourceBand>{looked_up}</{name}></VRTRasterBand>"
    )


def _vrt(dataset: Any, inside: str) -> str:
    return f'<VRTDataset rasterXSize="{dataset.width}" rasterYSize="{dataset.height}">{inside}</VRTDataset>'
