"""Words that lie over other words, and captions over sites: neither can be seen.

Names of the map make way for one another and for what stands beside the map. What a shot places by itself, a callout
that follows its place or a piece of furniture with a margin of its own, may run into the rest on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

#: Strength from which on a word hides another.
LEAST_ALPHA = 0.25
#: Share of a line's height, above and below, in which letters seldom are.
_SPARE = 0.2


def find_overlaps(described: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the words that lie over other words, each pair with its frames.

    Parameters
    ----------
    described
        What the page said of each frame, in order, with ``frame`` added.
    """
    met: dict[tuple[str, str], list[int]] = {}
    for frame in described:
        for pair in _pairs([*frame.get("labels", ()), *frame.get("texts", ())]):
            met.setdefault(pair, []).append(frame["frame"])
    return [f"{one} and {other}: frames {seen[0]}-{seen[-1]}" for (one, other), seen in met.items()]


def find_covered(described: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the captions that lie over sites of the map, each with how many at most, and its frames.

    Parameters
    ----------
    described
        What the page said of each frame, in order, with ``frame`` added.
    """
    met: dict[str, list[tuple[int, int]]] = {}
    for frame in described:
        lines = [one for one in frame.get("texts", ()) if one["layer"] == "captions" and one["alpha"] > LEAST_ALPHA]
        if count := _count_under(lines, frame.get("points", {})) if lines else 0:
            met.setdefault(_named(lines[0]), []).append((frame["frame"], count))
    return [
        f"{name} lies over sites, {max(count for _, count in seen)} at most: frames {seen[0][0]}-{seen[-1][0]}"
        for name, seen in met.items()
    ]


def _count_under(lines: Sequence[Mapping[str, Any]], points: Mapping[str, Sequence[float]]) -> int:
    """Return how many sites have their middle under a block of lines."""
    left, top = (min(line[side] for line in lines) for side in "xy")
    right, foot = (max(line[side] + line[long] for line in lines) for side, long in ("xw", "yh"))
    return sum(left <= x <= right and top <= y <= foot for x, y, _ in points.values())


def _pairs(texts: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    # Numbers of symbols have no layer: they lie on the ground, as close as their places are.
    seen = [text for text in texts if text["layer"] and text["alpha"] > LEAST_ALPHA and text["text"].strip()]
    x, y, w, h = (np.array([text[side] for text in seen], float) for side in "xywh")
    top, foot = y + _SPARE * h, y + (1 - _SPARE) * h
    wide = np.minimum(x + w, (x + w)[:, None]) - np.maximum(x, x[:, None])
    high = np.minimum(foot, foot[:, None]) - np.maximum(top, top[:, None])
    # Words in several languages are passes of their own, of which a picture has one.
    lang = np.array([text["lang"] for text in seen])
    alike = lang == lang[:, None]
    for one, other in zip(*np.nonzero(np.triu(alike & (wide > 1) & (high > 1), 1)), strict=True):
        yield _named(seen[one]), _named(seen[other])


def _named(text: Mapping[str, Any]) -> str:
    # Digits change with every frame, and the words are the same.
    said = re.sub(r"\d", "0", text["text"])
    return f"{text['layer']} “{said}”"
