"""Whether words that stand over the map can be read where they stand, on the picture that is under them.

A look is asked for its colours before anything is drawn; what relief and satellite pictures do to a small line of type
is seen in the delivered passes alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camps import style

#: Lines of type from this size on (at 1080 lines) are large, and need less (WCAG 2, 1.4.3).
LARGE_PX, LEAST_OF_LARGE = 32.0, 3.0
#: The share of the ground under a line that may be of too little contrast: a border or a river crosses it.
_SPARE = 0.05
#: A line that is on its way in or out is not judged.
_WHOLE_ALPHA = 0.99


def contrasts(
    texts: Iterable[Mapping[str, Any]], ground: NDArray[np.uint8], scale: float
) -> Iterator[tuple[str, float, float]]:
    """Yield each line of type with the contrast to its ground, and the least that it needs.

    Parameters
    ----------
    texts
        What the page said of the lines.
    ground
        The picture under them, height × width × 4 with straight alpha.
    scale
        Pixels of the picture for one of 1080 lines.

    Yields
    ------
    tuple
        The words; the WCAG 2 contrast that all but a twentieth of the ground under them has; the least one needed.
        Lines on their way in or out, those over nothing, and those that something shines through are left out.
    """
    for text in texts:
        below = ground[_box(text, scale, ground.shape)]
        is_whole = text["alpha"] >= _WHOLE_ALPHA and style.is_plain(text.get("colour") or "")
        if is_whole and below.size and below[..., 3].min() == 255:
            ratios = _contrast(text["colour"], below[..., :3].reshape(-1, 3))
            least = LEAST_OF_LARGE if text["size"] >= LARGE_PX else style.LEAST_CONTRAST
            yield text["text"], float(np.quantile(ratios, _SPARE)), least


def _box(text: Mapping[str, Any], scale: float, shape: tuple[int, ...]) -> tuple[slice, slice]:
    sides = [(text["y"], text["y"] + text["h"], shape[0]), (text["x"], text["x"] + text["w"], shape[1])]
    rows, columns = (slice(*(int(np.clip(round(at * scale), 0, most)) for at in ends)) for *ends, most in sides)
    return rows, columns


def _contrast(colour: str, others: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the WCAG 2 contrast ratio of a colour to each of others."""
    one, many = style.relative_luminance(colour) + 0.05, style.relative_luminances(others / 255) + 0.05
    return np.asarray(np.maximum(one, many) / np.minimum(one, many))
