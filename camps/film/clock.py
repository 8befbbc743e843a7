"""Which day each frame shows: film time is mapped to real time by a line, by holds on observations, or by keyframes.

Days are decimal days since 1970-01-01 on the proleptic Gregorian calendar, without clock time or time zone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, pairwise

from camps.dates import day_of
from camps.film.camera import Ease, eased, first_at

#: Seconds in which a film passes from one observation to the next, however few days lie between.
LEAST_PASSAGE_S = 0.6


@dataclass(frozen=True)
class Mark:
    """A day that the film shows from `at_s` on for `hold_s` seconds, and how it gets there from the mark before."""

    at_s: float
    day: float
    ease: Ease = "linear"
    hold_s: float = 0.0


def day_at(marks: Sequence[Mark], at_s: float) -> float:
    """Return the day shown at a time of the film; before the first and after the last mark time stands still."""
    after = bisect_right(marks, at_s, key=lambda mark: mark.at_s)
    if after == 0:
        return marks[0].day
    start = marks[after - 1]
    if after == len(marks) or at_s <= start.at_s + start.hold_s:
        return start.day
    end, leaves = marks[after], start.at_s + start.hold_s
    share = eased(end.ease, (at_s - leaves) / (end.at_s - leaves))
    return start.day + (end.day - start.day) * share


@dataclass(frozen=True)
class Timing:
    """The clock of a film: marks over its moving time, and the moments of it at which the film stands still.

    Attributes
    ----------
    marks
        Marks as if nothing stood still.
    pauses
        Seconds of the moving time at which the film stands still, and for how many, in order.
    """

    marks: Sequence[Mark]
    pauses: Sequence[tuple[float, float]] = ()

    def day_at(self, at_s: float) -> float:
        """Return the day shown at a time of the film."""
        for moment_s, held_s in self.pauses:
            if at_s <= moment_s:
                break
            at_s = max(moment_s, at_s - held_s)
        return day_at(self.marks, at_s)


def moment_of(marks: Sequence[Mark], day: float) -> float:
    """Return the first moment at which marks that never go back in time have reached a day."""
    return first_at(marks[0].at_s, marks[-1].at_s, lambda at_s: day_at(marks, at_s) >= day)


def linear(
    first: date, last: date, seconds: float, *, ease: Ease, hold_first_s: float, hold_last_s: float
) -> list[Mark]:
    """Return marks that run from one date to another over a film of `seconds`, standing still at both ends."""
    return [
        Mark(0.0, day_of(first), hold_s=hold_first_s),
        Mark(seconds - hold_last_s, day_of(last), ease, hold_last_s),
    ]


def on_observations(stops: Sequence[date], seconds: float, *, hold_s: float, ease: Ease) -> list[Mark]:
    """Return marks that hold on every stop for `hold_s` seconds and share the rest by the days between stops.

    Between stops a day or two apart the film takes at least `LEAST_PASSAGE_S`, where there is so much time: what is
    said of the days between could not be read otherwise, and would blink.
    """
    days = [day_of(stop) for stop in stops]
    passages = _passages([later - earlier for earlier, later in pairwise(days)], seconds - hold_s * len(days))
    reached = accumulate(passages, lambda at_s, passage_s: at_s + hold_s + passage_s, initial=0.0)
    return [Mark(at_s, day, ease, hold_s) for at_s, day in zip(reached, days, strict=True)]


def _passages(spans: Sequence[float], moving_s: float) -> list[float]:
    """Return the seconds of each span of days: as many as it has days, but for those that would be too short."""
    short: set[int] = set()
    while True:
        left_s = moving_s - LEAST_PASSAGE_S * len(short)
        days = sum(span for at, span in enumerate(spans) if at not in short)
        more = {at for at, span in enumerate(spans) if at not in short and left_s * span < LEAST_PASSAGE_S * days}
        if not more:
            return [LEAST_PASSAGE_S if at in short else left_s * span / days for at, span in enumerate(spans)]
        short |= more
        if LEAST_PASSAGE_S * len(spans) >= moving_s:
            return [moving_s / len(spans)] * len(spans)


def by_spans(spans: Sequence[tuple[date, date, float]], seconds: float, *, ease: Ease) -> list[Mark]:
    """Return marks that run through each span of dates in its own number of seconds, one after the other.

    Parameters
    ----------
    spans
        First date, last date and relative length of each span; lengths are scaled to fill the film.
    seconds, ease
        Length of the film, and the easing within each span.
    """
    whole = sum(length for _, _, length in spans)
    marks, at_s = [Mark(0.0, day_of(spans[0][0]))], 0.0
    for first, last, length in spans:
        if day_of(first) != marks[-1].day:
            marks.append(Mark(at_s, day_of(first), "step"))
        at_s += seconds * length / whole
        marks.append(Mark(at_s, day_of(last), ease))
    return marks
