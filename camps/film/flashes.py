"""Flashes and jumps of luminance that broadcasters refuse, judged on small pictures of the frames.

A flash is a pair of opposing changes of 20 cd/m² or more where the darker side is below 160 cd/m²; more than three of
them within a second over more than a quarter of the picture are refused.

References
----------
Recommendation ITU-R BT.1702-3 (2023), Guidance for the reduction of photosensitive epileptic seizures caused by
television; Recommendation ITU-R BT.1886 for the luminance of a code value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

#: Luminance of white on the display that the Recommendation assumes.
WHITE_CD_M2 = 200.0
_GAMMA = 2.4
_WEIGHTS = np.array([0.2126, 0.7152, 0.0722])

LEAST_CHANGE_CD_M2 = 20.0
DARK_CD_M2 = 160.0
MOST_AREA = 0.25
MOST_FLASHES_A_SECOND = 3


@dataclass(frozen=True)
class Flashes:
    """What the frames of a film do to the eye.

    Attributes
    ----------
    n_most
        Most flashes that begin and end within one second.
    at
        Position of the frame (from 0) at which that second ends.
    largest_jump
        Largest change of the mean luminance from one frame to the next, cd/m².
    jump_at
        Position of the frame after that change.
    """

    n_most: int
    at: int
    largest_jump: float
    jump_at: int


def luminance(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return luminance in cd/m² of 8-bit RGB pictures; the last axis are the colours."""
    shown: NDArray[np.float64] = WHITE_CD_M2 * ((pictures / 255.0) ** _GAMMA) @ _WEIGHTS
    return shown


def find_flashes(pictures: Sequence[NDArray[np.uint8]], rate: Fraction) -> Flashes:
    """Return the worst second and the largest jump of a film.

    Parameters
    ----------
    pictures
        The frames in order, all of one size, height × width × 3; small ones will do.
    rate
        Frames a second.
    """
    if not pictures:
        return Flashes(0, 0, 0.0, 0)
    light = luminance(np.stack(pictures))
    changes = _whole_changes(light)
    counts = [_flashes_in(changes, end, rate) for end in range(len(light))]
    jumps = np.abs(np.diff(light.mean(axis=(1, 2)), prepend=light[0].mean()))
    worst, jump_at = int(np.argmax(counts)), int(np.argmax(jumps))
    return Flashes(counts[worst], worst, float(jumps[jump_at]), jump_at)


def _flashes_in(changes: Sequence[tuple[int, int]], end: int, rate: Fraction) -> int:
    """Return the pairs of opposing changes within the second that ends with a frame."""
    directions = [way for at, way in changes if at <= end and end - at < rate]
    opposing = sum(one != other for one, other in pairwise(directions))
    return (opposing + 1) // 2


def _whole_changes(light: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the frames at which more than a quarter of the picture has turned brighter (1) or darker (-1)."""
    low, high = light[0].copy(), light[0].copy()
    changes = []
    for at, now in enumerate(light[1:], 1):
        low, high = np.minimum(low, now), np.maximum(high, now)
        up = (now - low >= LEAST_CHANGE_CD_M2) & (low < DARK_CD_M2)
        down = (high - now >= LEAST_CHANGE_CD_M2) & (now < DARK_CD_M2)
        changes += [(at, way) for way, turned in ((1, up), (-1, down)) if turned.mean() > MOST_AREA]
        # What has turned is measured from where it is now.
        low, high = np.where(up | down, now, low), np.where(up | down, now, high)
    return changes
