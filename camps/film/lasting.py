"""How long what comes and goes has to last so that it is seen: a time of the film, in frames of its rate."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from itertools import groupby

#: Seconds that a label stays, and stays away.
LABEL_S = 1
#: Frames that anything else has to last at 24 to 30 frames a second, and in which labels come and go at 25.
_LEAST_FRAMES, _FADE_FRAMES = 4, 8
_RATE = 25
#: Frames of a fade whose first and last are seen; of a longer one they are weaker than `flips.LEAST_ALPHA`.
_SEEN_FADE_FRAMES = 10


def label_frames(rate: Fraction) -> int:
    """Return in how many frames a label's time is over."""
    return math.ceil(LABEL_S * rate)


def stay_frames(rate: Fraction) -> int:
    """Return in how many frames a label that is told to stay does so: in the faintest of its fade nobody sees it.

    At up to 30 frames a second every frame of a fade is seen.
    """
    return label_frames(rate) + 2 * (fade_frames(rate) > _SEEN_FADE_FRAMES)


def fade_frames(rate: Fraction) -> int:
    """Return in how many frames a label comes or goes: an even number, since they lie about the moment."""
    return 2 * max(1, round(_FADE_FRAMES * rate / _RATE / 2))


def about_frames(rate: Fraction) -> int:
    """Return how many frames before and after one decide whether a label shows: it stays, is away, stays, and fades."""
    return 3 * stay_frames(rate) + fade_frames(rate) + 1


def runs(positions: Iterable[int]) -> list[list[int]]:
    """Return the runs of positions, in ascending order, that follow one another without a gap."""
    return [[at for _, at in run] for _, run in groupby(enumerate(positions), key=lambda pair: pair[1] - pair[0])]


def least_frames(rate: Fraction) -> int:
    """Return in how many frames anything can be seen."""
    return max(_LEAST_FRAMES, round(_LEAST_FRAMES * rate / _RATE))
