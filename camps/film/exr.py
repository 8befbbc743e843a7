"""OpenEXR: pictures in linear light as half floats, and a matte for each site (Cryptomatte).

Code values are those of sRGB, so linear light is that of the primaries and the white of ITU-R BT.709, which stand in
the file as its chromaticities. Colours are multiplied by alpha, as OpenEXR has it. Laying such pictures over one
another mixes light and not code values, which is another picture than beauty: for beauty lay the PNGs.

A matte says how much of a pixel a site makes up: its alpha, less what lies over it. The mattes of all sites therefore
add up to the alpha of the growth pass.

References
----------
IEC 61966-2-1:1999 (sRGB). Academy Software Foundation, OpenEXR 3, standard attributes.
J. Friedman and A. C. Jones, Fully automatic ID mattes with support for motion blur and transparency, SIGGRAPH 2015;
Cryptomatte specification 1.2.0.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import mmh3
import numpy as np
import OpenEXR
from numpy.typing import NDArray

from camps import files
from camps.errors import InputError, RenderError
from camps.film.png import Order

#: Red, green, blue and white of ITU-R BT.709, as x and y of CIE 1931.
CHROMATICITIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
#: Name of the mattes, and sites that may share a pixel; what lies deeper is reported by the check.
LAYER, RANKS = "site", 12
#: Share of a pixel that eight bits may lose where symbols lie on one another, each of a body and several edges while it
#: goes from one state to another: half a code value a stroke. A site that is missing leaves tens.
MOST_ROUNDING = 6 / 255

Mattes = Sequence[Sequence[Any]]

_ABOUT = f"cryptomatte/{mmh3.hash(LAYER, signed=False):08x}"[: len("cryptomatte/") + 7]


def encode_linear(pixels: NDArray[Any], *, order: Order = "RGBA", alpha: bool = True) -> bytes:
    """Return an OpenEXR file of a picture in linear light.

    Parameters
    ----------
    pixels
        Height × width × 4, 8 or 16 bit code values of sRGB with straight alpha.
    order
        Order of the channels.
    alpha
        Whether the file has an alpha channel.
    """
    light = _linear(pixels, order)
    window = _window(light[..., 3] > 0)
    return _file(light.shape, window, {"RGBA" if alpha else "RGB": light[window][..., : 4 if alpha else 3]})


def encode_mattes(pixels: NDArray[Any], exposures: Sequence[Mattes], *, order: Order = "RGBA", times: int = 1) -> bytes:
    """Return an OpenEXR file with a matte for each site, and the picture of all of them in linear light.

    Parameters
    ----------
    pixels, order
        As for `encode_linear`: the sites as drawn.
    exposures
        What each covers by itself, in the order of drawing, as the page tells it: ids, left, top and width of a box,
        and alpha as base64. More than one where the picture is the mean of several.
    times
        Pixels of these boxes to a pixel of the picture, on each side.

    Raises
    ------
    RenderError
        When the sites, drawn one by one, do not make up the picture.
    """
    light = _linear(pixels, order)
    names = sorted({_name(matte) for mattes in exposures for matte in mattes})
    window = _window(light[..., 3] > 0)
    both, shares = _mean_shares([_shares(mattes, names, light.shape, times) for mattes in exposures])
    alpha = pixels[..., 3].ravel() / np.float64(np.iinfo(pixels.dtype).max)
    ranked = _ranked(both, _settled(both, shares, alpha, names), names, light.shape)
    channels: dict[str, NDArray[Any]] = {"RGBA": light[window]}
    channels |= {name: layer[window] for name, layer in ranked.items()}
    ids = {name: f"{code_of(name):08x}" for name in names}
    about = {"name": LAYER, "hash": "MurmurHash3_32", "conversion": "uint32_to_float32", "manifest": json.dumps(ids)}
    return _file(light.shape, window, channels, {f"{_ABOUT}/{key}": value for key, value in about.items()})


def read_linear(path: Path) -> NDArray[np.float32]:
    """Return the picture of a file, height × width × 4, linear light multiplied by alpha; 1 where it has no alpha.

    Raises
    ------
    InputError
        When it is no OpenEXR file of the suite.
    """
    header, channels = _read(path)
    shown = channels["RGBA" if "RGBA" in channels else "RGB"]
    if shown.shape[2] == 3:
        shown = np.concatenate([shown, np.ones_like(shown[..., :1])], axis=2)
    return _laid(shown.astype(np.float32), header)


@dataclass(frozen=True)
class SiteMattes:
    """The mattes of a file.

    Attributes
    ----------
    codes
        The number of each site, by what it is picked by: its id, or ids joined by + where one ring stands for several.
    keys, shares
        Numbers of the sites that meet in each pixel, and what share of it each makes up: height × width × `RANKS`.
    """

    codes: Mapping[str, int]
    keys: NDArray[np.uint32]
    shares: NDArray[np.float32]

    def of(self, name: str) -> NDArray[np.float32]:
        """Return the matte of a site, height × width."""
        matte: NDArray[np.float32] = (self.shares * (self.keys == np.uint32(self.codes[name]))).sum(axis=2)
        return matte


def read_mattes(path: Path) -> SiteMattes:
    """Return the mattes of the sites of a file.

    Raises
    ------
    InputError
        When it is no OpenEXR file of the suite with mattes.
    """
    header, channels = _read(path)
    if f"{_ABOUT}/manifest" not in header:
        raise InputError(f"{path}: found no mattes; expected a picture of the pass ids of a delivery")
    laid = _laid(np.concatenate([channels[f"{LAYER}{i:02d}"] for i in range(RANKS // 2)], axis=2), header)
    codes = {name: int(code, 16) for name, code in json.loads(header[f"{_ABOUT}/manifest"]).items()}
    return SiteMattes(codes, laid[..., ::2].copy().view(np.uint32), laid[..., 1::2])


def read_header(path: Path) -> Mapping[str, Any]:
    """Return the attributes of a file.

    Raises
    ------
    InputError
        When it is no OpenEXR file.
    """
    return _read(path, header_only=True)[0]


def code_values(light: NDArray[np.floating], most: int = 255) -> NDArray[np.float64]:
    """Return linear light multiplied by alpha as code values of sRGB with straight alpha, not rounded."""
    alpha = light[..., 3:].astype(np.float64)
    colour = np.divide(light[..., :3], alpha, out=np.zeros_like(light[..., :3], np.float64), where=alpha > 0)
    coded = np.where(colour <= 0.0031308, 12.92 * colour, 1.055 * np.maximum(colour, 0) ** (1 / 2.4) - 0.055)
    return np.concatenate([coded, alpha], axis=2) * most


def code_of(name: str) -> int:
    """Return the number of a matte by its name; one that as a float some program would not keep is changed."""
    number = mmh3.hash(name, signed=False)
    return number ^ (1 << 23) if (number >> 23) & 0xFF in {0, 0xFF} else number


def _read(path: Path, *, header_only: bool = False) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    with files.readable(path):
        content = path.read_bytes()
    try:
        with OpenEXR.File(io.BytesIO(content), header_only=header_only) as opened:
            channels = {} if header_only else opened.channels()
            # What a file holds is gone once it is closed.
            return dict(opened.header()), {name: channel.pixels for name, channel in channels.items()}
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as OpenEXR ({error}); deliver it again") from error


def _laid(pixels: NDArray[Any], header: Mapping[str, Any]) -> NDArray[Any]:
    """Return pixels of a window in the whole of the picture."""
    (left, top), (right, bottom) = header["dataWindow"]
    _, (last_x, last_y) = header["displayWindow"]
    whole = np.zeros((last_y + 1, last_x + 1, *pixels.shape[2:]), pixels.dtype)
    whole[top : bottom + 1, left : right + 1] = pixels
    return whole


# ── light ────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _curve(kind: str) -> NDArray[np.float32]:
    """Return the linear light of each code value of sRGB."""
    most = np.iinfo(kind).max
    coded = np.arange(most + 1) / most
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _linear(pixels: NDArray[Any], order: Order) -> NDArray[np.float16]:
    planes = [pixels[..., order.index(channel)] for channel in "RGBA"]
    alpha = planes[3] / np.float32(np.iinfo(pixels.dtype).max)
    curve = _curve(pixels.dtype.name)
    return np.stack([*(curve[plane] * alpha for plane in planes[:3]), alpha], axis=2).astype(np.float16)


def _window(shown: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the rows and columns that hold all that is shown; one pixel where there is nothing."""
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0, 1), slice(0, 1)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _file(
    shape: Sequence[int],
    window: tuple[slice, slice],
    channels: Mapping[str, NDArray[Any]],
    about: Mapping[str, str] | None = None,
) -> bytes:
    rows, columns = window
    header = {
        "compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, "chromaticities": CHROMATICITIES,
        "dataWindow": _box(columns.start, rows.start, columns.stop - 1, rows.stop - 1),
        "displayWindow": _box(0, 0, shape[1] - 1, shape[0] - 1), **(about or {}),
    }  # fmt: skip
    written = io.BytesIO()
    with OpenEXR.File(header, {name: np.ascontiguousarray(plane) for name, plane in channels.items()}) as made:
        made.write(written)
    return written.getvalue()


def _box(left: int, top: int, right: int, bottom: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return np.array([left, top], np.int32), np.array([right, bottom], np.int32)


# ── mattes ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _name(matte: Sequence[Any]) -> str:
    """Return what a matte is picked by: the id of its site, or the ids of all sites that one ring stands for."""
    return "+".join(matte[0])


def _shares(
    mattes: Mattes, names: Sequence[str], shape: Sequence[int], times: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return for each pixel and site that meet one number for both, and the share of the pixel that the site has."""
    clear = np.ones((shape[0] * times, shape[1] * times), np.float32)
    met, shares = [], []
    for matte in reversed(mattes):
        _, left, top, width, packed = matte
        alpha = np.frombuffer(base64.b64decode(packed), np.uint8).reshape(-1, width) / np.float32(255)
        under = clear[top : top + len(alpha), left : left + width]
        rows, columns = np.nonzero(alpha)
        shares.append((alpha * under)[rows, columns] / times**2)
        places = (rows + top) // times * shape[1] + (columns + left) // times
        met.append(places * len(names) + names.index(_name(matte)))
        under *= 1 - alpha
    return _summed(met, shares)


def _mean_shares(
    exposures: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    if len(exposures) == 1:
        return exposures[0]
    return _summed([both for both, _ in exposures], [shares / len(exposures) for _, shares in exposures])


def _summed(
    met: Sequence[NDArray[np.int64]], shares: Sequence[NDArray[np.floating]]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    if not met:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    both, at = np.unique(np.concatenate(met), return_inverse=True)
    return both, np.bincount(at, np.concatenate(shares)).astype(np.float32)


def _settled(
    both: NDArray[np.int64], shares: NDArray[np.float32], alpha: NDArray[np.float64], names: Sequence[str]
) -> NDArray[np.float32]:
    """Return shares that add up to what is drawn: a canvas rounds to eight bits after every stroke, these do not."""
    places, keys = np.divmod(both, max(len(names), 1))
    total = np.bincount(places, shares, minlength=len(alpha))
    apart = np.abs(total - alpha)
    if (most := float(apart.max(initial=0))) > MOST_ROUNDING:
        here = [names[key] for key in keys[places == apart.argmax()]]
        raise RenderError(
            f"mattes: the sites drawn one by one ({', '.join(here) or 'none'}) differ from the growth pass by "
            f"{255 * most:.1f} code values, expected at most {255 * MOST_ROUNDING:g}; deliver without the pass ids, "
            "and report it"
        )
    return shares * np.divide(alpha, total, out=np.zeros(len(alpha)), where=total > 0).astype(np.float32)[places]


def _ranked(
    both: NDArray[np.int64], shares: NDArray[np.float32], names: Sequence[str], shape: Sequence[int]
) -> dict[str, NDArray[np.float32]]:
    """Return layers of two sites a pixel, each as name and share, the site with the largest share first."""
    places, keys = np.divmod(both, max(len(names), 1))
    order = np.lexsort((keys, -shares, places))
    places, keys, shares = places[order], keys[order], shares[order]
    rank = np.arange(len(places)) - np.searchsorted(places, places)
    codes = np.array([code_of(name) for name in names], np.uint32).view(np.float32)
    layers = np.zeros((RANKS // 2, shape[0] * shape[1], 4), np.float32)
    for i in range(RANKS):
        here = rank == i
        layers[i // 2, places[here], i % 2 * 2] = codes[keys[here]]
        layers[i // 2, places[here], i % 2 * 2 + 1] = shares[here]
    return {f"{LAYER}{i:02d}": layer.reshape(shape[0], shape[1], 4) for i, layer in enumerate(layers)}
