"""Languages: one table of how each is written, how it says numbers and dates, and its words on maps.

``languages.toml`` holds it. A language is known by its short tag, such as ``ru``; its ``tag`` there is the BCP 47 one,
``script`` names the fonts that draw it, ``direction`` is ``ltr`` or ``rtl``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from camps import files
from camps.errors import InputError


@cache
def table() -> dict[str, dict[str, str]]:
    """Return all languages by their short tags, each with its writing, its numbers and dates, and its words."""
    path = Path(__file__).with_suffix(".toml")
    with files.readable(path):
        content: dict[str, dict[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    return content


def require(tags: Iterable[str]) -> tuple[str, ...]:
    """Return languages, each once.

    Raises
    ------
    InputError
        When there are no words and no font for one.

    Examples
    --------
    >>> require(["ru", "en", "ru"])
    ('ru', 'en')
    """
    wanted = tuple(dict.fromkeys(tags))
    if strange := [tag for tag in wanted if tag not in table()]:
        raise InputError(
            f"lang {', '.join(map(repr, strange))}: no words in this language and no font chosen for its script; "
            f"expected one of {', '.join(table())}"
        )
    return wanted
