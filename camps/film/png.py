"""PNG files from raw pixels: sRGB tagged, straight alpha, 8 or 16 bit, the same bytes for the same pixels.

Rows are filtered with "up" and deflated by ISA-L, which is ten to twenty times as fast as zlib at its default level.
NumPy and ISA-L let go of the interpreter lock, so threads encode side by side.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from camps.errors import RenderError

Order = Literal["BGRA", "RGBA"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SRGB = b"\x00"  # perceptual intent
_UP = 2
#: Level 0 of ISA-L. Levels 1 and 2 gave other bytes for the same pixels now and then when threads ran side by side.
_LEVEL = 0
_COLOUR_TYPES = {3: 2, 4: 6}
_own = threading.local()


def encode(
    pixels: NDArray[np.uint8],
    *,
    order: Order = "BGRA",
    premultiplied: bool = True,
    alpha: bool = False,
    bit_depth: int = 8,
) -> bytes:
    """Return a PNG file.

    Parameters
    ----------
    pixels
        Height × width × 4, 8 bit; for 16 bit twice as high and wide, and averaged over 2 × 2 pixels.
    order
        Order of the channels.
    premultiplied
        Whether colours come multiplied by alpha, as a canvas holds them.
    alpha
        Whether the file keeps the alpha channel, straight; otherwise the picture must be opaque.
    bit_depth
        8 or 16.

    Raises
    ------
    RenderError
        When a picture without alpha has a pixel that is not opaque: its colour would depend on what lies behind.
    """
    if not alpha:
        require_opaque(pixels)
    fine = refine(pixels, premultiplied=alpha and premultiplied, bit_depth=bit_depth)
    return encode_straight(fine, order=order, alpha=alpha)


def refine(pixels: NDArray[np.uint8], *, premultiplied: bool = True, bit_depth: int = 8) -> NDArray[Any]:
    """Return what a file of a bit depth holds: straight alpha, and for 16 bit the mean of 2 × 2 pixels."""
    fine: NDArray[Any] = _averaged(pixels) if bit_depth == 16 else pixels
    return straight(fine) if premultiplied else fine


def encode_straight(pixels: NDArray[Any], *, order: Order = "RGBA", alpha: bool = True) -> bytes:
    """Return a PNG file of the depth of `pixels`, which are height × width × 4 with straight alpha."""
    planes = [pixels[..., order.index(channel)] for channel in ("RGBA" if alpha else "RGB")]
    return _file(planes, 8 * pixels.dtype.itemsize)


def require_opaque(pixels: NDArray[np.uint8]) -> None:
    """Raise a RenderError naming the first pixel that is not opaque."""
    if pixels[..., 3].min() != 255:
        y, x = np.argwhere(pixels[..., 3] != 255)[0]
        raise RenderError(
            f'the picture is not opaque at x={x}, y={y}; film it with background = "transparent", or give it a ground'
        )


def _averaged(pixels: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return the mean of 2 × 2 pixels on a scale of 65535, rounded: four 8-bit steps in each of the old ones."""
    height, width, channels = pixels.shape
    quads = pixels.reshape(height // 2, 2, width // 2, 2, channels).astype(np.uint32).sum(axis=(1, 3))
    mean: NDArray[np.uint16] = ((quads * 257 + 2) // 4).astype(np.uint16)
    return mean


def straight(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return a copy with colours divided by alpha, rounded to the nearest; where alpha is 0 all is 0.

    Parameters
    ----------
    pixels
        Height × width × 4, the last channel alpha.
    """
    most = np.iinfo(pixels.dtype).max
    flat = pixels.reshape(-1, 4).copy()
    part = np.flatnonzero((flat[:, 3] != most) & (flat[:, 3] != 0))
    alpha = flat[part, 3:].astype(np.uint64)
    whole = (flat[part, :3].astype(np.uint64) * most + alpha // 2) // alpha
    flat[part, :3] = np.minimum(whole, most).astype(pixels.dtype)
    flat[flat[:, 3] == 0] = 0
    return flat.reshape(pixels.shape)


def _file(planes: Sequence[NDArray[Any]], bit_depth: int) -> bytes:
    height, width = planes[0].shape
    header = struct.pack(">IIBBBBB", width, height, bit_depth, _COLOUR_TYPES[len(planes)], 0, 0, 0)
    if bit_depth == 16:
        planes = [byte for plane in planes for byte in (plane >> 8, plane & 0xFF)]
    data = isal_zlib.compress(_filtered(planes), _LEVEL)
    chunks = (_chunk(b"IHDR", header), _chunk(b"sRGB", _SRGB), _chunk(b"IDAT", data), _chunk(b"IEND", b""))
    return b"".join((_SIGNATURE, *chunks))


def _filtered(planes: Sequence[NDArray[Any]]) -> NDArray[np.uint8]:
    """Return filter bytes and filtered rows in this thread's own buffer, which the next call overwrites."""
    height, width = planes[0].shape
    plain, filtered = _buffers(height, width * len(planes))
    for i, plane in enumerate(planes):
        plain[:, i :: len(planes)] = plane
    filtered[:, 0] = _UP
    filtered[0, 1:] = plain[0]
    np.subtract(plain[1:], plain[:-1], out=filtered[1:, 1:])
    return filtered


def _buffers(height: int, row_bytes: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    # Fresh buffers of this size would cost more in page faults than the filter itself.
    kept: dict[tuple[int, int], Any] = _own.__dict__.setdefault("buffers", {})
    size = (height, row_bytes)
    if size not in kept:
        kept.clear()
        kept[size] = (np.empty((height, row_bytes), np.uint8), np.empty((height, row_bytes + 1), np.uint8))
    buffers: tuple[NDArray[np.uint8], NDArray[np.uint8]] = kept[size]
    return buffers


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", isal_zlib.crc32(name + body))
