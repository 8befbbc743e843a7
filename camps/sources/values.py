"""What a published cell says: a number, one of four kinds of nothing, or an approximate date.

"N/A", "#N/A", "?" and a blank cell are four different statements. They are told apart here and kept apart
everywhere; the printed text always travels beside what was read from it.
"""

from __future__ import annotations

import math
import re
from typing import Literal

Missing = Literal["N/A", "#N/A", "?", ""]
MISSING_STATUS: dict[str, str] = {"N/A": "not_imaged", "#N/A": "not_imaged", "?": "obscured", "": "no_record"}

_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d+)?")


def missing_kind(verbatim: str) -> Missing | None:
    """Return which kind of nothing a printed cell is, or ``None`` when it says something."""
    text = verbatim.strip()
    if text.upper() == "N/A":
        return "N/A"
    if text.upper() == "#N/A":
        return "#N/A"
    if text and set(text) == {"?"}:
        return "?"
    return None if text else ""


def read_count(verbatim: str) -> tuple[float, str]:
    """Return a printed count and the look status it stands for.

    Returns
    -------
    value : float
        The count, NaN when the cell holds none.
    status : str
        observed; not_imaged for "N/A" and "#N/A"; obscured for "?"; no_record for a blank.

    Raises
    ------
    ValueError
        When the cell is neither a number of zero or more nor one of the four kinds of nothing.
    """
    kind = missing_kind(verbatim)
    if kind is not None:
        return math.nan, MISSING_STATUS[kind]
    text = verbatim.strip()
    if not _NUMBER.fullmatch(text) or float(text) < 0:
        raise ValueError(f"{verbatim!r} is not a count")
    return float(text), "observed"
