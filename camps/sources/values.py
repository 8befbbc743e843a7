"""The four kinds of nothing that a published cell can say.

"N/A", "#N/A", "?" and a blank cell are four different statements. They are told apart here and kept apart
everywhere; the printed text always travels beside what was read from it.
"""

from __future__ import annotations

from typing import Literal

Missing = Literal["N/A", "#N/A", "?", ""]
MISSING_STATUS: dict[str, str] = {"N/A": "not_imaged", "#N/A": "not_imaged", "?": "obscured", "": "no_record"}


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
