"""PNG files from raw pixels: sRGB tagged, straight alpha, 8 or 16 bit, the same bytes for the same pixels.

Rows are filtered with "up" and deflated by ISA-L, which is ten to twenty times as fast as zlib at its default level.
NumPy and ISA-L let go of the interpreter lock, so threads encode side by side.
"""

from __future__ import annotations

import io
import struct
import threading
from typing import Any

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray
from PIL import Image

from camps.errors import RenderError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SRGB = b"\x00"  # perceptual intent
_UP = 2
#: Level 0 of ISA-L; its higher levels read memory that they did not set, so that threads may get other bytes.
_LEVEL = 0
_COLOUR_TYPES = {3: 2, 4: 6}
_own = threading.local()


def encode(rgba: NDArray[np.uint8], *, alpha: bool = False) -> bytes:
    """Return an 8-bit PNG file.

    Parameters
    ----------
    rgba
        Height × width × 4, alpha premultiplied, as a canvas holds it.
    alpha
        Whether the file keeps the alpha channel (straight); otherwise the picture must be opaque.

    Raises
    ------
    RenderError
        When a picture without alpha has a pixel that is not opaque: its colour would depend on what lies behind.
    """
    if not alpha:
        _require_opaque(rgba)
        return _file(rgba[..., :3])
    return _file(straight(rgba))


def decode(content: bytes, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the pixels of a screenshot as a canvas holds them: height × width × 4, alpha premultiplied.

    Raises
    ------
    RenderError
        When the screenshot is not of the size asked for.
    """
    picture = Image.open(io.BytesIO(content)).convert("RGBA")
    if picture.size != size:
        raise RenderError(f"the browser gave {picture.size[0]}×{picture.size[1]} pixels, expected {size[0]}×{size[1]}")
    return np.asarray(picture)


def _require_opaque(rgba: NDArray[np.uint8]) -> None:
    if rgba[..., 3].min() != 255:
        y, x = np.argwhere(rgba[..., 3] != 255)[0]
        raise RenderError(
            f'the picture is not opaque at x={x}, y={y}; film it with background = "transparent", or give it a ground'
        )


def straight(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a copy with colours divided by alpha, rounded to the nearest; where alpha is 0 all is 0."""
    flat = rgba.reshape(-1, 4).copy()
    part = np.flatnonzero((flat[:, 3] != 255) & (flat[:, 3] != 0))
    alpha = flat[part, 3:].astype(np.uint16)
    whole = (flat[part, :3].astype(np.uint16) * np.uint16(255) + alpha // 2) // alpha
    flat[part, :3] = np.minimum(whole, 255)
    flat[flat[:, 3] == 0] = 0
    return flat.reshape(rgba.shape)


def _file(pixels: NDArray[np.uint8]) -> bytes:
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    data = isal_zlib.compress(_filtered(pixels), _LEVEL)
    chunks = (_chunk(b"IHDR", header), _chunk(b"sRGB", _SRGB), _chunk(b"IDAT", data), _chunk(b"IEND", b""))
    return b"".join((_SIGNATURE, *chunks))


def _filtered(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return filter bytes and filtered rows in this thread's own buffer, which the next call overwrites."""
    height, width, channels = pixels.shape
    plain, filtered = _buffers(height, width * channels)
    for channel in range(channels):
        plain[:, channel::channels] = pixels[..., channel]
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
