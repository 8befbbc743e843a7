"""Printed coordinates as degrees: decimals, decimal commas, degrees-minutes-seconds, hemispheres in several scripts.

The printed text always stays beside the number. Nothing is guessed that the text does not say; a reading that needs
a guess (a swapped pair) is made for the whole list by :mod:`camps.sources.mapped` and reported.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Literal, NamedTuple

from camps.sources.numbers import has_raised_figures

Axis = Literal["lat", "lon"]
LIMIT_DEG: dict[Axis, float] = {"lat": 90.0, "lon": 180.0}

METRES_PER_DEGREE = 111_320.0
#: No printed coordinate is longer; the patterns below are never tried on more.
MOST_CHARACTERS = 80

_WORDS = {
    "北纬": "N", "北緯": "N", "南纬": "S", "南緯": "S", "东经": "E", "東經": "E", "西经": "W", "西經": "W",
    "north": "N", "south": "S", "east": "E", "west": "W", "度": "°", "分": "'", "秒": '"', "deg": "°",
}  # fmt: skip
_MARKS = str.maketrans({
    "º": "°", "˚": "°", "∘": "°", "′": "'", "’": "'", "‘": "'", "`": "'", "´": "'", "ʹ": "'",
    "″": '"', "”": '"', "“": '"', "ʺ": '"', "−": "-", "–": "-", "‐": "-",
})  # fmt: skip
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_DECIMAL = re.compile(r"([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*°?")
_SEXAGESIMAL = re.compile(
    r"([+-]?)(\d{1,3})\s*[°:\s]\s*(?:(\d{1,2}(?:\.\d*)?)\s*(?:[':]|\s|$)\s*(?:(\d{1,2}(?:\.\d*)?)\s*(?:\"|'')?)?)?"
)
_DECIMALS = re.compile(r"[.,](\d+)")
_PAIR_MARK = re.compile(r"\s*[;/|]\s*|,\s+|\s*,\s*(?=[+-]?\d+\.)|(?<=[NSEWnsew])\s*,?\s+")


class Degrees(NamedTuple):
    """A coordinate as read: degrees, and the axis that the text itself names by a hemisphere letter, if any."""

    value: float
    axis: Axis | None


def read_degrees(verbatim: str) -> Degrees:
    """Return the degrees that a printed coordinate stands for.

    Parameters
    ----------
    verbatim
        Such as ``43.3838``, ``43,3838``, ``43°23′01.8″N``, ``N 43 23.03``, ``-88.29`` or ``北纬43度23分``.

    Returns
    -------
    Degrees
        Decimal degrees, negative to the south and west, and the axis that a hemisphere letter names.

    Raises
    ------
    ValueError
        When the text is no coordinate; the message says what is wrong with it.
    """
    _require_short(verbatim)
    if has_raised_figures(verbatim):
        raise ValueError(
            f"{verbatim!r} holds a raised figure or a fraction, perhaps the mark of a note, and no degrees"
        )
    text, letter = _hemisphere(_normalised(verbatim))
    value = _decimal(text)
    if value is None:
        value = _sexagesimal(text)
    if value is None or not math.isfinite(value):
        raise ValueError(f"{verbatim!r} is no coordinate; expected such as 43.3838 or 43°23'01.8\"N")
    if letter and value < 0:
        raise ValueError(f"{verbatim!r} has both a minus sign and the letter {letter}")
    axis: Axis | None = {"N": "lat", "S": "lat", "E": "lon", "W": "lon"}.get(letter)  # type: ignore[assignment]
    return Degrees(-value if letter in ("S", "W") else value, axis)


def _require_short(verbatim: str) -> None:
    if len(verbatim) > MOST_CHARACTERS:
        raise ValueError(f"{verbatim[:40]!r}… is no coordinate, but a text of {len(verbatim)} characters")


def _normalised(verbatim: str) -> str:
    if _PLAIN.fullmatch(verbatim):
        return verbatim
    text = unicodedata.normalize("NFKC", verbatim.translate(_MARKS)).translate(_MARKS).strip().casefold()
    for word, mark in _WORDS.items():
        text = text.replace(word, mark.casefold())
    return text.upper()


def _hemisphere(text: str) -> tuple[str, str]:
    letters = re.findall(r"[NSEW]", text)
    if len(letters) == 1 and (text.startswith(letters[0]) or text.endswith(letters[0])):
        return text.strip(letters[0]).strip(" ,"), letters[0]
    return text, ""


def _decimal(text: str) -> float | None:
    # A comma is a decimal comma only where it is the sole mark: 1,234,567 and 43,383.1 are no coordinates.
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    found = _DECIMAL.fullmatch(text)
    return float(found[1]) if found else None


def _sexagesimal(text: str) -> float | None:
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    found = _SEXAGESIMAL.fullmatch(text)
    # A part of a minute is said once, in decimals or in seconds: 43 23.5 10 is neither.
    if not found or ("." in (found[3] or "") and found[4]):
        return None
    sign, degrees, minutes, seconds = found[1], float(found[2]), float(found[3] or 0), float(found[4] or 0)
    if minutes >= 60 or seconds >= 60:
        raise ValueError(f"{text!r} has minutes or seconds of 60 or more")
    value = degrees + minutes / 60 + seconds / 3600
    return -value if sign == "-" else value


def read_pair(verbatim: str) -> tuple[str, str]:
    """Return the two printed halves of a cell that holds both coordinates, such as ``43.38, 88.29``.

    Raises
    ------
    ValueError
        When the cell does not part into exactly two.
    """
    _require_short(verbatim)
    text = verbatim.strip().strip("()[]{}")
    halves = [half for half in _PAIR_MARK.split(text) if half.strip()]
    if len(halves) != 2:
        halves = text.split()
    if len(halves) != 2:
        raise ValueError(f"{verbatim!r} does not part into latitude and longitude; expected such as 43.38, 88.29")
    return halves[0].strip(), halves[1].strip()


def printed_precision_m(verbatim: str) -> float:
    """Return how far a printed coordinate can be off by rounding alone, in metres along a meridian.

    Half a unit of the last printed place: 5.6 km for ``43.4``, 15 m for whole seconds. Many decimals promise nothing.
    """
    text = _normalised(verbatim)
    decimals = _DECIMALS.search(text)
    step = 10.0 ** -(len(decimals[1]) if decimals else 0)
    parts = len(re.findall(r"\d+(?:[.,]\d+)?", text))
    return float(METRES_PER_DEGREE * step / 2 / 60 ** (min(parts, 3) - 1))
