"""What comes and goes too fast to be seen: a label or note of a few frames, a part that flips and flips back.

A viewer takes it for a fault. What is written is known from the page's own account of each frame; symbols and outlines
are looked at in the pictures of their passes, where the camera stands still.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camps.film import lasting

#: Change of a label's strength, and of its place beside what it names (at 1080 lines), from one frame to the next that
#: is a jump: it fades over several frames, and moves with its place and the edge of its symbol.
JUMP_ALPHA, JUMP_PX = 0.5, 4.0
#: Strength below which a label may change its place: it has faded out in one and comes in another.
FADED_ALPHA = 0.1
#: Strength above which a label is as good as whole.
STRONG_ALPHA = 0.9
#: Alpha below which a label is not seen; steps of a block's alpha that are seen as a change, and as none.
LEAST_ALPHA, CHANGED, SAME = 0.02, 24.0, 6.0
#: Pixels on a side of the blocks that are compared.
BLOCK_PX = 8

#: Layers whose words are of a moment of the clock.
_OF_A_MOMENT = frozenset({"counter", "chapter", "notes"})

#: A number as any language groups its digits: one of three figures may be followed by one of four.
_NUMBER = re.compile(r"\d+(?:[.,'’\u00a0\u202f]\d+)*")

_Key = tuple[str, str, str]
_Frames = Sequence[Mapping[str, Any]]


def find_short_texts(described: _Frames, rate: Fraction) -> list[str]:
    """Return the labels and lines that stand, or are away, for too short a time, and the labels that jump.

    Digits do not count, since a date or a number may change with every frame. A cut of the camera brings other labels;
    what is written beside the map goes on across it.

    Parameters
    ----------
    described
        What the page said of each frame, in order, with ``frame`` added.
    rate
        Frames a second.
    """
    least, stay = lasting.least_frames(rate), lasting.label_frames(rate)
    takes = list(_takes(described))
    labels = [fault for take in takes for fault in (*_short(take, stay, labels=True), *_dips(take, stay))]
    jumps = [jump for take in takes for one, other in pairwise(take) for jump in _jumps(one, other)]
    return [*labels, *jumps, *_short(described, least, labels=False)]


def _takes(described: _Frames) -> Iterator[_Frames]:
    """Yield the frames from one cut of the camera to the next."""
    cuts = [at for at, frame in enumerate(described) if at and frame.get("cut")]
    yield from (described[first:after] for first, after in pairwise([0, *cuts, len(described)]))


def _short(described: _Frames, least: int, *, labels: bool) -> Iterator[str]:
    shown: dict[_Key, dict[int, str]] = {}
    for at, frame in enumerate(described):
        for text in _seen(frame):
            if (text["layer"] == "labels") == labels:
                shown.setdefault(_key(text), {}).setdefault(at, text["text"])
    for key, said in sorted(shown.items()):
        for at, told in _too_short([*said], least, len(described), int(described[0]["frame"])):
            yield f"{_named((*key[:2], said[at]))} {told}{_when(described[at], key[0])}"


def _when(frame: Mapping[str, Any], layer: str) -> str:
    """Return when the clock is too fast for what is written of a moment, and what helps."""
    if layer not in _OF_A_MOMENT:
        return ""
    day = f", at {frame['date_shown']}" if frame.get("date_shown") else ""
    return f"{day}: let the film be longer (seconds), the clock slower there ([clock]), or leave out furniture.{layer}"


def _dips(described: _Frames, stay: int) -> Iterator[str]:
    """Yield the labels that grow faint and strong again sooner than one may come back, without ever being away."""
    shown: dict[_Key, list[tuple[int, float]]] = {}
    for at, frame in enumerate(described):
        for key, (alpha, _) in _labels(frame).items():
            shown.setdefault(key, []).append((at, alpha))
    for key, seen in sorted(shown.items()):
        there = {at for at, _ in seen}
        for one, other in pairwise(at for at, alpha in seen if alpha > STRONG_ALPHA):
            if 1 < other - one <= stay and there.issuperset(range(one, other)):
                first = described[one + 1]["frame"]
                yield f"{_named(key)} faint for {other - one - 1} frames from {first}, expected none"


def _apart(one: tuple[float, float] | None, other: tuple[float, float] | None) -> float:
    return max(abs(x - y) for x, y in zip(one, other, strict=True)) if one and other else 0.0


def _jumps(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """Yield the labels that come, go or leave their places from one frame to the next."""
    before, now = _labels(one), _labels(other)
    for key in sorted(before.keys() | now.keys()):
        (alpha, away), (alpha_now, away_now) = before.get(key, _NOTHING), now.get(key, _NOTHING)
        told = _named(key)
        if abs(alpha_now - alpha) > JUMP_ALPHA:
            yield f"{told} {'comes' if alpha_now > alpha else 'goes'} in one frame, {other['frame']}, expected a fade"
        if min(alpha, alpha_now) > FADED_ALPHA and _apart(away, away_now) > JUMP_PX:
            yield f"{told} jumps beside its place at frame {other['frame']}, expected to keep there"


_NOTHING: tuple[float, None] = (0.0, None)


def _labels(frame: Mapping[str, Any]) -> dict[_Key, tuple[float, tuple[float, float] | None]]:
    """Return how strongly each label shows, and where its middle is from its place; of two of one name neither."""
    found: dict[_Key, tuple[float, tuple[float, float] | None]] = {}
    twice: set[_Key] = set()
    for text in _seen(frame):
        if text["layer"] == "labels":
            key, of = (text["layer"], text["lang"], text["text"]), text.get("of")
            twice |= {key} & found.keys()
            found[key] = text["alpha"], of and (text["x"] + text["w"] / 2 - of[0], text["y"] - of[1])
    return {key: one for key, one in found.items() if key not in twice}


def _seen(frame: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    texts = [*(frame.get("labels") or ()), *(frame.get("texts") or ())]
    # The date may change with every frame, its month in letters as well.
    for text in texts:
        if text["alpha"] > LEAST_ALPHA and text["text"].strip() and text["layer"] != "date":
            yield text


def _key(text: Mapping[str, Any]) -> _Key:
    said = _NUMBER.sub("#", text["text"])
    # A word ends otherwise after one than after many: beside a number its first three letters tell it.
    return text["layer"], text["lang"], re.sub(r"(\w{3})\w+", r"\1", said) if "#" in said else said


def _named(key: _Key) -> str:
    return f"{key[0]} {key[1]} “{key[2]}”:"


def _too_short(positions: Sequence[int], least: int, n_frames: int, first: int) -> Iterator[tuple[int, str]]:
    """Yield where words stand, or from where on they are away, for too short a time, and for how long."""
    runs = lasting.runs(positions)
    for run in runs:
        if len(run) < least and run[0] > 0 and run[-1] < n_frames - 1:
            yield run[0], f"shown for {len(run)} frames from {first + run[0]}, expected {least}"
    for earlier, later in pairwise(runs):
        if (away := later[0] - earlier[-1] - 1) < least:
            yield earlier[-1], f"away for {away} frames from {first + earlier[-1] + 1}, expected {least}"


def find_flips(pictures: Iterable[tuple[Any, NDArray[np.uint8]]], rate: Fraction) -> list[int]:
    """Return the positions of frames from which a part of a pass changes and is as before within a few frames.

    Parameters
    ----------
    pictures
        What the camera sees, and the picture (height × width × 4, straight alpha), of each frame in order. Frames
        are compared while the camera stands still.
    rate
        Frames a second.
    """
    least = lasting.least_frames(rate)
    held: list[tuple[Any, NDArray[np.float32]]] = []
    found = []
    for at, (view, picture) in enumerate(pictures):
        held = [*held[-least:], (view, _blocks(picture))]
        if any(one[0] != view for one in held):
            held = held[-1:]
        if (changed := _flip(held)) is not None:
            found.append(at - len(held) + 1 + changed)
    return list(dict.fromkeys(found))


def _flip(held: Sequence[tuple[Any, NDArray[np.float32]]]) -> int | None:
    """Return which of some pictures is the first to differ in a block that is on the last as it was on the first."""
    before, now = held[0][1], held[-1][1]
    returned = np.abs(now - before).max(axis=-1) < SAME
    differs = ((returned & (np.abs(one - before).max(axis=-1) > CHANGED)).any() for _, one in held[1:-1])
    return next((i for i, found in enumerate(differs, 1) if found), None)


def _blocks(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the mean of colour times alpha, and of alpha, over blocks of a picture."""
    height, width = (side - side % BLOCK_PX for side in picture.shape[:2])
    values = picture[:height, :width].astype(np.float32)
    values[..., :3] *= values[..., 3:] / 255
    blocks = values.reshape(height // BLOCK_PX, BLOCK_PX, width // BLOCK_PX, BLOCK_PX, 4)
    means: NDArray[np.float32] = blocks.mean(axis=(1, 3))
    return means
