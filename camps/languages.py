"""Languages: one table of how each is written, how it says numbers and dates, and its words on maps.

``languages.toml`` holds it. A language is known by its short tag, such as ``ru``; its ``tag`` there is the BCP 47 one,
``script`` names the fonts that draw it, ``direction`` is ``ltr`` or ``rtl``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

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


def only(tags: Collection[str], value: Any) -> Any:
    """Return a tree of values in which texts by language are those in some languages, where there is one of them.

    Parameters
    ----------
    tags
        The languages kept.
    value
        Mappings, lists and plain values. A mapping of texts that has none of the languages is kept whole.

    Examples
    --------
    >>> only({"fr"}, {"title": {"en": "Camps", "fr": "Les camps"}, "classes": [{"ru": "Лагерь"}]})
    {'title': {'fr': 'Les camps'}, 'classes': [{'ru': 'Лагерь'}]}
    """
    if isinstance(value, list | tuple):
        return [only(tags, one) for one in value]
    if not isinstance(value, Mapping):
        return value
    by_language = value.keys() <= table().keys() and all(isinstance(text, str) for text in value.values())
    chosen = {tag: text for tag, text in value.items() if tag in tags} if by_language else {}
    return chosen or {key: only(tags, one) for key, one in value.items()}
