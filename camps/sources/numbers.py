"""Printed numbers as numbers: which of comma and dot is the decimal mark, the whole column decides.

``1,204`` is 1204 or 1.204, and ``1.150`` is 1.15 or 1150. One cell of a column that can be read in one way only
(``1,204,000``, ``12.5``, ``0,123``) says how the others are meant. Where none does, a comma before three digits parts
thousands, which is said; a dot there is refused until the decimal mark is told.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

MARKS = (".", ",")
_OTHER = {",": ".", ".": ","}
_NUMBER = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d{0,30})?|\.\d{1,30})(?:e[+-]?\d{1,3})?")
#: Thousands in threes, or as in India in twos before the last three.
_GROUPED = {
    mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+|[+-]?[1-9]\d?(?:{re.escape(mark)}\d\d)+"
                     rf"{re.escape(mark)}\d{{3}}")
    for mark in MARKS
}  # fmt: skip
_SPACED = re.compile(r"([+-]?\d{1,3})((?:[ '\u2019\u00a0\u2009\u202f]\d{3})+)(?!\d)")
_MOST_CHARACTERS = 60


class Typed(str):
    """The text of a number that its file holds as a number: its dot is the decimal mark, whatever the column says."""

    __slots__ = ()


class Shared(str):
    """The text of merged cells, in each row that they cover; of a number nobody can say how much of it is a row's."""

    __slots__ = ()


class _SharedNumber(Typed, Shared):
    __slots__ = ()


def shared(text: str) -> Shared:
    """Return a text as that of merged cells; a number of its file stays one."""
    return _SharedNumber(text) if isinstance(text, Typed) else Shared(text)


@dataclass(frozen=True)
class Reading:
    """The numbers of a column, by their text.

    Attributes
    ----------
    numbers
        Number of each text that is one.
    ambiguous
        Texts that can be read in two ways; they have no value.
    assumed
        Texts whose comma was taken to part thousands although nothing in the column says so.
    """

    numbers: dict[str, float]
    ambiguous: frozenset[str]
    assumed: frozenset[str]


def has_raised_figures(text: str) -> bool:
    """Return whether a text holds figures that are no digits: ``43.38²`` carries the mark of a note, ½ is a half."""
    return not text.isascii() and any(
        not one.isdecimal() and any(two.isdecimal() for two in unicodedata.normalize("NFKC", one)) for one in text
    )


def read_numbers(texts: Iterable[str], *, decimal: str | None = None) -> Reading:
    """Return the numbers that the texts of one column stand for; what is no number has no value.

    Parameters
    ----------
    texts
        Cells as printed.
    decimal
        The decimal mark of the column, "," or "."; the column decides when left out.

    Examples
    --------
    >>> read_numbers(["1.204", "12,5"]).numbers
    {'1.204': 1204.0, '12,5': 12.5}
    >>> sorted(read_numbers(["1.500"]).ambiguous)
    ['1.500']
    """
    read = {text: _readings(text) for text in dict.fromkeys(texts)}
    proofs = {next(iter(ways)) for ways in read.values() if len(ways) == 1} & set(MARKS)
    mark = decimal or (proofs.pop() if len(proofs) == 1 else "")
    either = {text for text, ways in read.items() if len(ways) == 2 and not mark}
    assumed = frozenset() if proofs else frozenset(text for text in either if "," in text)
    numbers = {text: _chosen(ways, mark or ".") for text, ways in read.items() if ways and text not in either - assumed}
    return Reading(numbers, frozenset(either - assumed), assumed)


def _chosen(ways: dict[str, float], mark: str) -> float:
    return ways[mark] if mark in ways else next(iter(ways.values()))


def _readings(text: str) -> dict[str, float]:
    """Return what a text says by the decimal mark that is assumed; under no mark where that makes no difference."""
    if isinstance(text, Typed):
        return {"": float(text)}
    if has_raised_figures(text) or len(text) > _MOST_CHARACTERS:
        return {}
    plain = unicodedata.normalize("NFKC", text).strip().casefold().replace("\u2212", "-")
    plain = _SPACED.sub(lambda found: found[1] + re.sub(r"\D", "", found[2]), plain, count=1)
    ways = {mark: number for mark in MARKS if (number := _number(plain, mark)) is not None}
    return ways if not ways or "," in plain or "." in plain else {"": ways["."]}


def _number(text: str, decimal: str) -> float | None:
    whole, _, fraction = text.partition(decimal)
    if _GROUPED[_OTHER[decimal]].fullmatch(whole):
        whole = whole.replace(_OTHER[decimal], "")
    number = f"{whole}.{fraction}" if decimal in text else whole
    if not _NUMBER.fullmatch(number) or number.count(".") > (decimal in text) or math.isinf(float(number)):
        return None
    return float(number)
