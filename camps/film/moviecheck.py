"""Every picture of a movie, decoded, beside the picture that it was made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camps.film.movie import read_movie, read_picture, read_pictures

#: Side of the squares over which colours are averaged, and their share of the picture that is burnt in at the foot.
_BLOCK_PX, _FOOT = 16, 0.1

#: Code values by which the means of the squares may differ from a picture's, at the most and in the root mean square.
#: Measured on the shots of the suite at 1920 × 1080 and 480 × 270: at most 10.1 and 0.65 in a proxy, 5.7 and 0.24 in
#: ProRes 422 HQ, 1.0 and 0.15 in ProRes 4444.
MOST_APART: Mapping[str, tuple[float, float]] = {
    "prores4444": (3.0, 0.4), "prores422hq": (12.0, 0.6), "proxy": (20.0, 1.5),
    "webm": (12.0, 0.6),
}  # fmt: skip


def compare_movie(path: Path, kind: str, frames: Sequence[Path], numbers: Sequence[int]) -> tuple[list[str], str]:
    """Return what is wrong with a movie, and what was found where nothing is.

    Parameters
    ----------
    path, kind
        The movie, and what kind it is said to be.
    frames, numbers
        The pictures that it should show, in order, and their frame numbers.

    Raises
    ------
    InputError
        When movie or pictures cannot be read.
    """
    apart = dict(zip(numbers, _differences(path, frames), strict=False))
    faults = [
        f"frame {number}: shows another picture, {most:.1f} code values apart, {mean:.2f} in the mean"
        for number, (most, mean) in apart.items()
        if most > MOST_APART[kind][0] or mean > MOST_APART[kind][1]
    ]
    if (n_pictures := read_movie(path).n_frames) != len(numbers):
        faults.insert(0, f"has {n_pictures} pictures, expected {len(numbers)}")
    most = max((most for most, _ in apart.values()), default=0.0)
    return faults, f"{len(apart)} pictures decoded, each like its frame (at most {most:.1f} code values apart)"


def _differences(path: Path, frames: Sequence[Path]) -> Iterator[tuple[float, float]]:
    """Yield for each picture that both have how far its squares are apart, at the most and in the root mean square."""
    for shown, frame in zip_longest(read_pictures(path), frames):
        if shown is None or frame is None:
            return
        yield _difference(read_picture(frame), shown)


def _difference(wanted: NDArray[np.uint8], shown: NDArray[np.uint8]) -> tuple[float, float]:
    height, width = (min(one, other) for one, other in zip(wanted.shape[:2], shown.shape[:2], strict=True))
    kept = int(height * (1 - _FOOT))
    one, other = (_means(_multiplied(pixels[:kept, :width])) for pixels in (wanted, shown))
    return float(np.abs(one - other).max()), float(np.sqrt(((one - other) ** 2).mean()))


def _means(values: NDArray[np.float32]) -> NDArray[Any]:
    rows, columns = (np.arange(0, length, _BLOCK_PX) for length in values.shape[:2])
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)
    counts = np.outer(np.diff(np.append(rows, values.shape[0])), np.diff(np.append(columns, values.shape[1])))
    return np.asarray(sums / counts[..., None])


def _multiplied(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = pixels.astype(np.float32)
    values[..., :3] *= values[..., 3:] / 255
    return values
