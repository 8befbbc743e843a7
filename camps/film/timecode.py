"""Timecode: the name of each frame as HH:MM:SS:FF, counted in whole numbers at exact rates.

A timecode names a frame; it does not tell the time. At 30000/1001 frames a second a count by thirties falls 3.6 s
behind in an hour, so drop-frame timecode leaves out two names (four at 60000/1001) at the start of every minute that
is not a multiple of ten. No frame is left out. It is written with a semicolon before the frames, and exists for these
two rates only; they are counted that way here, and all others without a gap.

References
----------
SMPTE ST 12-1:2014, Time and Control Code, clauses 5.2 and 5.4 (non-drop and drop-frame counting; 24 h wrap).
"""

from __future__ import annotations

import re
from fractions import Fraction

from camps.errors import InputError

#: Names left out at the start of a minute, by rate; no other rate has drop-frame timecode.
DROPPED_NAMES = {Fraction(30000, 1001): 2, Fraction(60000, 1001): 4}

#: Rates at which the writers of edit lists count; others have no SMPTE timecode.
SMPTE_RATES = (
    Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(48000, 1001),
    Fraction(48), Fraction(50), Fraction(60000, 1001), Fraction(60),
)  # fmt: skip

#: Number of the first frame of a shot, and the hour at which it stands, so that a leader fits before it.
FIRST_FRAME, START_HOUR = 1001, 1

_PATTERN = re.compile(r"(\d{2}):([0-5]\d):([0-5]\d)([:;.])(\d{2,3})")


def drops(rate: Fraction) -> bool:
    """Return whether frames at this rate are named by drop-frame timecode."""
    return rate in DROPPED_NAMES


def require_counted(rate: Fraction) -> None:
    """Raise an InputError when SMPTE has no count at a rate: edit lists name each frame by it."""
    if rate not in SMPTE_RATES:
        known = ", ".join(str(one) for one in SMPTE_RATES)
        raise InputError(
            f"rate {rate}: edit lists are counted in SMPTE timecode, which has {known} frames/s; state one of these in "
            "the shot, or take the frames alone with 'camps frames'"
        )


def frames_a_second(rate: Fraction) -> int:
    """Return how many frames the timecode counts in a second: 24 for 24000/1001, 30 for 30000/1001."""
    return max(1, round(rate))


def of_frame(number: int, rate: Fraction) -> str:
    """Return the timecode of a frame by its number; frame 1001 stands at hour 1."""
    return to_timecode(count_of_frame(number, rate), rate)


def count_of_frame(number: int, rate: Fraction) -> int:
    """Return how many frames after 00:00:00:00 a frame stands, by its number."""
    return number - FIRST_FRAME + from_timecode(f"{START_HOUR:02d}:00:00{';' if drops(rate) else ':'}00", rate)


def to_timecode(count: int, rate: Fraction) -> str:
    """Return the timecode of the frame that is `count` frames after 00:00:00:00, going round after 24 hours.

    Parameters
    ----------
    count
        Frames, not negative.
    rate
        Frames a second, exact.

    Returns
    -------
    str
        ``HH:MM:SS:FF``, or ``HH:MM:SS;FF`` at the rates of `DROPPED_NAMES`.

    Raises
    ------
    InputError
        When `count` is negative.
    """
    if count < 0:
        raise InputError(f"timecode: found {count} frames, expected 0 or more; timecode starts at 00:00:00:00")
    nominal = frames_a_second(rate)
    seconds, frames = divmod(_with_dropped_names(count, rate) % (86400 * nominal), nominal)
    mark = ";" if drops(rate) else ":"
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}{frames:02d}"


def _with_dropped_names(count: int, rate: Fraction) -> int:
    """Return the count of names up to a frame, those left out among them."""
    dropped = DROPPED_NAMES.get(rate, 0)
    minute = 60 * frames_a_second(rate) - dropped
    tens, rest = divmod(count, 10 * minute + dropped)
    # The first minute of ten keeps all its names and is longer by them.
    minutes = max(0, rest - dropped) // minute
    return count + dropped * (9 * tens + minutes)


def from_timecode(text: str, rate: Fraction) -> int:
    """Return how many frames after 00:00:00:00 the frame of a timecode stands.

    Parameters
    ----------
    text
        ``HH:MM:SS:FF``; a ``;`` or ``.`` before the frames says that it is drop-frame.
    rate
        Frames a second, exact.

    Raises
    ------
    InputError
        When the text is not a timecode, is not counted as this rate is, or names a frame that drop-frame leaves out.
    """
    match = _PATTERN.fullmatch(text)
    if match is None or int(match[1]) > 23:
        raise InputError(f"timecode {text!r}: expected HH:MM:SS:FF up to 23:59:59, with ; before FF for drop-frame")
    if (match[4] != ":") != drops(rate):
        raise InputError(
            f"timecode {text!r}: {rate} frames/s is counted {'with' if drops(rate) else 'without'} dropped names; "
            f"write {'; ' if drops(rate) else ': '}before the frames"
        )
    hours, minutes, seconds, frames = (int(match[i]) for i in (1, 2, 3, 5))
    _require_named(text, minutes, seconds, frames, rate)
    whole = 60 * hours + minutes
    dropped = DROPPED_NAMES.get(rate, 0) * (whole - whole // 10)
    return (60 * whole + seconds) * frames_a_second(rate) + frames - dropped


def _require_named(text: str, minutes: int, seconds: int, frames: int, rate: Fraction) -> None:
    nominal = frames_a_second(rate)
    if frames >= nominal:
        raise InputError(f"timecode {text!r}: found frame {frames}, expected 0 to {nominal - 1} at {rate} frames/s")
    if seconds == 0 and minutes % 10 and frames < DROPPED_NAMES.get(rate, 0):
        raise InputError(
            f"timecode {text!r}: drop-frame leaves this name out; the frame after the last of the minute before is "
            f"{text[:-2]}{DROPPED_NAMES[rate]:02d}"
        )


def duration_s(frames: int, rate: Fraction) -> Fraction:
    """Return how long a number of frames lasts, in seconds, exactly."""
    return frames / rate


def n_frames(seconds: Fraction, rate: Fraction) -> int:
    """Return the number of frames that comes nearest to a length in seconds, at least one."""
    return max(1, round(seconds * rate))


def milliseconds(frames: int, rate: Fraction) -> int:
    """Return the time of the start of a frame in whole milliseconds, never before it, as subtitle files count."""
    return -int(-(frames / rate * 1000) // 1)
