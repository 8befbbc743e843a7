"""Passes laid over one another: OVER with straight alpha on code values, rounded once at the end.

References
----------
T. Porter and T. Duff, Compositing Digital Images, SIGGRAPH 1984 (the operator "over").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: A picture that covers more of its frame than this is kept whole.
_SPARSE = 0.5


@dataclass(frozen=True)
class Layer:
    """The pixels of a picture that are not wholly transparent.

    Attributes
    ----------
    shape
        Height and width.
    where
        Row-major places of the pixels, in order; ``None`` for all of them.
    pixels
        One row a place, three colours and straight alpha, 8 or 16 bit.
    """

    shape: tuple[int, int]
    where: NDArray[np.intp] | None
    pixels: NDArray[Any]


def build_layer(pixels: NDArray[Any]) -> Layer:
    """Return a layer of a picture, height × width × 4 with straight alpha and 0 throughout where alpha is 0."""
    height, width, _ = pixels.shape
    flat = np.ascontiguousarray(pixels).reshape(-1, 4)
    # Four channels as one number: a pixel is 0 exactly where its alpha is.
    where = np.flatnonzero(flat.view(np.uint32 if pixels.dtype == np.uint8 else np.uint64).ravel())
    if len(where) > _SPARSE * len(flat):
        return Layer((height, width), None, flat.copy())
    return Layer((height, width), where, flat[where])


def compose(layers: Sequence[Layer]) -> NDArray[Any]:
    """Return the picture of layers from back to front: height × width × 4, straight alpha, of their depth.

    All arithmetic is on code values as they stand, not on linear light, in double precision; only the result is
    rounded, to the nearest.
    """
    whole = layers[0].where is None
    shape, kind = layers[0].shape, layers[0].pixels.dtype
    picture = layers[0].pixels.copy() if whole else np.zeros((shape[0] * shape[1], 4), kind)
    upper = layers[1:] if whole else layers
    touched, rows = _places(upper, len(picture))
    most = np.iinfo(kind).max
    mixed = _premultiplied(picture[touched], most)
    for layer in upper:
        own = _premultiplied(layer.pixels, most)
        at = rows if layer.where is None else rows[layer.where]
        mixed[at] = own + mixed[at] * (1 - own[:, 3:])
    picture[touched] = _straight(mixed, most).astype(kind)
    return picture.reshape(*shape, 4)


def _places(layers: Sequence[Layer], n_pixels: int) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Return the places that any layer covers, and for each place its row among them."""
    covered = np.zeros(n_pixels, bool)
    for layer in layers:
        covered[slice(None) if layer.where is None else layer.where] = True
    return np.flatnonzero(covered), np.cumsum(covered, dtype=np.int32) - 1


def _premultiplied(pixels: NDArray[Any], most: int) -> NDArray[np.float64]:
    shares = pixels.astype(np.float64) / most
    shares[:, :3] *= shares[:, 3:]
    return shares


def _straight(mixed: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    alpha = mixed[:, 3:]
    colours = np.divide(mixed[:, :3], alpha, out=np.zeros_like(mixed[:, :3]), where=alpha > 0)
    rounded: NDArray[np.float64] = np.rint(np.concatenate([colours, alpha], axis=1) * most)
    # Too thin for a code value of alpha: nothing of it is left to have a colour.
    rounded[rounded[:, 3] == 0] = 0
    return rounded
