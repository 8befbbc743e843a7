"""Captions of a film: their words, and when each of them stands.

A caption stands from one time to another, or while the film's clock is in a chapter of the record; it fades in and out
within that time, and no two stand at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, groupby

from camps import maps
from camps.errors import Fault, raise_faults
from camps.film import lasting, timecode
from camps.film.shot import Shot, Timed
from camps.maps.contract import Caption

#: When a caption stands: its position in the shot, and one of its times.
Stay = tuple[int, Timed]
#: Seconds that sums of fractions leave over.
_ROUNDING_S = 1e-6


def texts(shot: Shot, layer: str) -> dict[str, str | dict[str, str]]:
    """Return the words of a shot's ``"captions"`` or ``"callouts"`` by their keys, such as ``"captions.1.text"``."""
    if layer == "callouts":
        return {f"callouts.{i}.text": one.text for i, one in enumerate(shot.callouts, 1)}
    said = {f"captions.{i}": one for i, one in enumerate(shot.captions, 1)}
    return {
        f"{key}.{part}": words
        for key, one in said.items()
        for part, words in (("text", one.text), ("line", one.line))
        if words is not None
    }


def entries(shot: Shot) -> tuple[Caption, ...]:
    """Return the captions of a shot as its page holds them."""
    return tuple(Caption(text=one.text, line=one.line) if one.line else Caption(text=one.text) for one in shot.captions)


def standing(shot: Shot, day_at: Callable[[float], float], fade_s: float) -> list[Stay]:
    """Return when each caption stands, in the order of the shot.

    Parameters
    ----------
    shot
        The shot.
    day_at
        The day (since 1970-01-01) that the film shows at a time in seconds.
    fade_s
        In how many seconds a caption comes or goes.

    Raises
    ------
    InputError
        When the film never comes to the chapter of a caption, or leaves it before anybody has seen the words, or two
        captions would stand at one time.
    """
    here = _chapters(shot, day_at) if any(one.chapter for one in shot.captions) else []
    stays = [
        (i, stay)
        for i, one in enumerate(shot.captions)
        for stay in (_stays(shot, here, one.chapter) if one.chapter else [one])
    ]
    raise_faults([*_unreached(shot, here), *_clashes(shot, stays), *_too_short(shot, stays, fade_s)], shot.called)
    return stays


def _too_short(shot: Shot, stays: Sequence[Stay], fade_s: float) -> Iterator[Fault]:
    """Yield the captions that are gone before they are seen, since the clock leaves their chapter so soon."""
    end_s = float(timecode.duration_s(shot.n_frames, shot.rate))
    whole_s = float(lasting.least_frames(shot.rate) / shot.rate)
    for i, stay in stays:
        chapter = shot.captions[i].chapter
        stands_s = min(_last(stay), end_s) - _first(stay)
        least_s = whole_s + fade_s * ((stay.first is not None) + (stay.last is not None))
        if chapter and stands_s < least_s - _ROUNDING_S:
            found = f"{_told(shot, i, stay)}, {stands_s:.2f} s in {chapter!r}"
            expected = f"at least {least_s:.2f} s, its fades among them"
            yield Fault(f"key captions.{i + 1}.chapter", found, expected, "slow the clock there, or leave it out")


def _chapters(shot: Shot, day_at: Callable[[float], float]) -> list[str]:
    """Return the id of the chapter in which each frame is; nothing where it is in none."""
    days, eras = (day_at(shot.time_s(number)) for number in shot.numbers), maps.read_eras()
    return [next((era["id"] for era in eras if era["from"] <= day < era["to"]), "") for day in days]


def _stays(shot: Shot, here: Sequence[str], chapter: str) -> Iterator[Timed]:
    """Yield the times that the film is in a chapter; one in which it begins or ends is not faded into, or out of."""
    at, numbers = 0, shot.numbers
    for name, run in groupby(here):
        after = at + len(list(run))
        if name == chapter:
            first = shot.time_s(numbers[at]) if at else None
            last = shot.time_s(numbers[after]) if after < len(numbers) else None
            yield Timed.model_validate({"from": first, "to": last})
        at = after


def _unreached(shot: Shot, here: Sequence[str]) -> Iterator[Fault]:
    seen = ", ".join(dict.fromkeys(name for name in here if name)) or "it comes to none"
    for i, one in enumerate(shot.captions, 1):
        if one.chapter and one.chapter not in here:
            expected = f"a chapter that the film comes to ({seen})"
            yield Fault(f"key captions.{i}.chapter", repr(one.chapter), expected, "choose one, or change the clock")


def _clashes(shot: Shot, stays: Sequence[Stay]) -> Iterator[Fault]:
    told: set[tuple[int, int]] = set()
    for (i, one), (j, other) in combinations(stays, 2):
        if i != j and (i, j) not in told and max(map(_first, (one, other))) < min(map(_last, (one, other))):
            told.add((i, j))
            expected = f"a time in which {_told(shot, i, one)} does not stand, fades included"
            yield Fault(f"key captions.{j + 1}", _told(shot, j, other), expected, "move one of them")


def _first(stay: Timed) -> float:
    return 0.0 if stay.first is None else stay.first


def _last(stay: Timed) -> float:
    return math.inf if stay.last is None else stay.last


def words_of(shot: Shot, at: int) -> str:
    """Return the first line of a caption, by its position in the shot, in the shot's language."""
    return shot.say(shot.captions[at].text)


def _told(shot: Shot, at: int, stay: Timed) -> str:
    """Return a caption as a reader knows it: its key, its first words, and when it stands."""
    until = "the end" if stay.last is None else f"{stay.last:g} s"
    return f"captions.{at + 1} “{words_of(shot, at)[:30]}” ({_first(stay):g} s to {until})"
