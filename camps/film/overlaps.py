"""What lies over what: words over other words, and furniture, captions and callouts over sites and outlines.

Names of the map make way for one another and for what stands beside the map. What a shot places by itself, a callout
that follows its place or a piece of furniture with a margin of its own, may run into the rest on the way; and a disc of
which a part lies under type is read as a smaller one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camps.film import lasting

#: Strength from which on a word hides another.
LEAST_ALPHA = 0.25
#: Share of a line's height, above and below, in which letters seldom are.
_SPARE = 0.2
#: How far the ground of a piece hides what it lies over, beyond its box (at 1080 lines), and how far under it the edge
#: of a disc may come.
_GROUND_PX, _TOUCH_PX = 8.0, 1.0
#: Sites that are named.
_NAMED = 3

#: What moves by less from one frame to the next stands still (at 1080 lines); and for how many seconds nothing may be
#: hidden, even if it moves.
_STILL_PX, _MOST_S = 0.05, 2

_Frames = Sequence[Mapping[str, Any]]
#: Layer, language, and of a callout its words.
_Piece = tuple[str, str, str]


def find_overlaps(described: _Frames) -> list[str]:
    """Return the words that lie over other words, each pair with its frames.

    Parameters
    ----------
    described
        What the page said of each frame, in order, with ``frame`` added.
    """
    met: dict[tuple[str, ...], list[int]] = {}
    told: dict[tuple[str, ...], str] = {}
    for frame in described:
        for pair in _pairs([*frame.get("labels", ()), *frame.get("texts", ())]):
            # Digits change with every frame, and the words are the same.
            key = tuple(re.sub(r"\d", "0", named) for named in pair)
            told.setdefault(key, " and ".join(pair))
            met.setdefault(key, []).append(frame["frame"])
    return [f"{told[key]}: frames {seen[0]}-{seen[-1]}" for key, seen in met.items()]


@dataclass
class _Found:
    """What a piece lies over: when and where each site, by the position of the frame, and how many outlines."""

    sites: dict[str, dict[int, tuple[float, float]]] = field(default_factory=dict)
    outlines: dict[int, int] = field(default_factory=dict)


def find_covered(described: _Frames, rate: Fraction) -> list[str]:
    """Return what lies over sites or outlines, each with what is under it, and its frames.

    A site is under a piece as soon as a part of its symbol is. What only passes under it is not asked for: it is there
    for less than two seconds, and at rest for fewer frames than are seen.

    Parameters
    ----------
    described
        What the page said of each frame, in order, with ``frame`` added.
    rate
        Frames a second.
    """
    met: dict[_Piece, _Found] = {}
    for at, frame in enumerate(described):
        ids, discs = _discs(frame)
        for one in _lying(frame):
            found = met.setdefault((one["layer"], one["lang"], one["text"]), _Found())
            for i in np.flatnonzero(_is_under(discs, one["box"])):
                found.sites.setdefault(ids[i], {})[at] = (discs[i, 0], discs[i, 1])
            if one.get("outlines"):
                found.outlines[at] = one["outlines"]
    return [fault for key, found in met.items() for fault in _told(described, key, found, rate)]


def _discs(frame: Mapping[str, Any]) -> tuple[list[str], NDArray[np.float64]]:
    """Return the ids of the sites that are seen, and the middle and radius of the symbol of each."""
    faint = set(frame.get("faint") or ())
    seen = {site: point for site, point in (frame.get("points") or {}).items() if site not in faint}
    return list(seen), np.asarray([point[:3] for point in seen.values()], float).reshape(-1, 3)


def _lying(frame: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the boxes over the map; of words in other languages, whose ground nobody draws, their lines."""
    told = [one for one in frame.get("lying") or () if one["alpha"] > LEAST_ALPHA]
    yield from told
    known = {(one["layer"], one["lang"]) for one in told} | {("labels", "")}
    spoken = {one["lang"] for one in told if one["layer"] != "callouts"}
    for text in frame.get("texts") or ():
        is_told = text["lang"] in spoken or (text["layer"], text["lang"]) in known
        if text["layer"] and not is_told and text["alpha"] > LEAST_ALPHA and text["text"].strip():
            box = [text["x"], text["y"], text["x"] + text["w"], text["y"] + text["h"]]
            yield {"layer": text["layer"], "lang": text["lang"], "text": "", "box": box}


def _is_under(discs: NDArray[np.float64], box: Sequence[float]) -> NDArray[np.bool_]:
    left, top, right, foot = box
    x, y, r = discs.T
    away_x = np.maximum(np.maximum(left - _GROUND_PX - x, x - right - _GROUND_PX), 0)
    away_y = np.maximum(np.maximum(top - _GROUND_PX - y, y - foot - _GROUND_PX), 0)
    under: NDArray[np.bool_] = np.hypot(away_x, away_y) < np.maximum(r - _TOUCH_PX, 1e-9)
    return under


def _told(described: _Frames, key: _Piece, found: _Found, rate: Fraction) -> Iterator[str]:
    """Yield a line on the sites and outlines that stay under a piece."""
    rest, most = (
        min(frames, len(described)) for frames in (lasting.least_frames(rate), _MOST_S * lasting.label_frames(rate))
    )
    stay = {name: run for name, places in sorted(found.sites.items()) if (run := _stay(places, rest, most))}
    drawn = _longest(found.outlines) if found.outlines else []
    drawn = drawn if len(drawn) >= most / _MOST_S else []
    if not (stay or drawn):
        return
    layer, lang, text = key
    what = (
        [f"{_counted(len(stay), 'site')} ({', '.join([*stay][:_NAMED])}{', …' * (len(stay) > _NAMED)})"] if stay else []
    )
    what += [_counted(max(found.outlines[at] for at in drawn), "outline")] if drawn else []
    frames = [described[at]["frame"] for run in (*stay.values(), drawn) for at in run]
    who = f"{layer} {lang}" + (f" “{text}”" if text else "")
    yield f"{who} lies over {' and '.join(what)}: frames {min(frames)}-{max(frames)}; {_remedy(layer)}"


def _stay(places: Mapping[int, tuple[float, float]], rest: int, most: int) -> list[int]:
    """Return the frames in which a site stays where it is for so many, or is under a piece for more; none otherwise."""
    still = [at for at in places if at - 1 in places and math.dist(places[at], places[at - 1]) < _STILL_PX]
    if len(run := _longest(places)) >= most:
        return run
    return [run[0] - 1, *run] if still and len(run := _longest(still)) >= rest - 1 else []


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _remedy(layer: str) -> str:
    if layer == "callouts":
        return "give it another side or lead (callouts)"
    return f"show more around them (camera: margin, zoom), or place it elsewhere (furniture.{layer})"


def _longest(places: Iterable[int]) -> list[int]:
    """Return the longest run of numbers that follow one another."""
    return max(lasting.runs(places), key=len)


def _pairs(texts: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    # Numbers of symbols have no layer: they lie on the ground, as close as their places are.
    seen = [text for text in texts if text["layer"] and text["alpha"] > LEAST_ALPHA and text["text"].strip()]
    x, y, w, h = (np.array([text[side] for text in seen], float) for side in "xywh")
    top, foot = y + _SPARE * h, y + (1 - _SPARE) * h
    wide = np.minimum(x + w, (x + w)[:, None]) - np.maximum(x, x[:, None])
    high = np.minimum(foot, foot[:, None]) - np.maximum(top, top[:, None])
    # Words in several languages are passes of their own, of which a picture has one.
    lang, layer = (np.array([text[name] for text in seen]) for name in ("lang", "layer"))
    # A legend that hands over to another has it over it, ground and all.
    alike = (lang == lang[:, None]) & ~((layer == "legend") & (layer == layer[:, None]))
    for one, other in zip(*np.nonzero(np.triu(alike & (wide > 1) & (high > 1), 1)), strict=True):
        yield _named(seen[one]), _named(seen[other])


def _named(text: Mapping[str, Any]) -> str:
    return f"{text['layer']} “{text['text']}”"
