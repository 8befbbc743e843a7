"""One look for every map, plot and frame: colours, symbols and type, tested for colour-blind readers.

Three looks travel with the suite (:mod:`camps.looks`). Text keeps WCAG AA contrast (4.5 : 1) and symbols 3 : 1 against
land and sea. The four colours ``tier_1`` to ``tier_4`` are steps of lightness, so they stay in
order without any sense of colour; groups without an order differ in shape as well as in hue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camps import languages, looks, record, settings
from camps.errors import Fault, raise_faults

LANGUAGES = tuple(languages.table())
LOOKS = looks.SHIPPED

#: Families for signs of another script within a text, such as a name that only its own country writes.
_OTHERS = '"Camps Cyrillic", "Camps Cyrillic More", "Camps Korean", "Camps Khmer"'
#: Font families by script, first choice first; the embedded ones stand at the head.
FONTS = {
    "latin": f'"Camps Latin", "Camps Latin More", {_OTHERS}, "Noto Sans", "Helvetica Neue", "Segoe UI", Arial, '
    "sans-serif",
    "chinese": '"Camps Latin", "Camps Chinese", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", '
    '"PingFang SC", "Microsoft YaHei", sans-serif',
    "arabic": f'"Camps Arabic", "Camps Latin", {_OTHERS}, "Noto Naskh Arabic", "Noto Sans Arabic", "Geeza Pro", '
    '"Segoe UI", sans-serif',
    "cyrillic": f'"Camps Latin", "Camps Latin More", {_OTHERS}, "Noto Sans", sans-serif',
    "korean": f'"Camps Latin", {_OTHERS}, "Noto Sans KR", "Noto Sans CJK KR", sans-serif',
    "khmer": f'"Camps Latin", {_OTHERS}, "Noto Sans Khmer", sans-serif',
}

#: Roles of words that are read on the ground itself, and the least contrast that they have with it.
WORD_ROLES = ("text", "secondary", "muted", "place", "label")
LEAST_CONTRAST = 4.5
#: Colours that differ in hue, for groups without an order.
HUES = ("orange", "green", "yellow", "blue", "red", "pink", "violet")


def classes(column: str, values: Iterable[str], lists: Iterable[str] = ()) -> dict[str, record.SymbolClass]:
    """Return how each value of a column of the "site" table is drawn, in the order of the legend.

    Parameters
    ----------
    column
        The column that sites are grouped by, such as ``system``.
    values
        Its values as text; empty for a site that has none.
    lists
        Ids of the lists that the values are of.

    Returns
    -------
    dict
        The record's class of each value. One that the record does not list is its class ``other``; where it names none,
        values get hues and shapes in turn, in the order of the alphabet, and a missing one is grey.

    Raises
    ------
    InputError
        When a class has a colour that no look knows.
    """
    wanted, known = set(values), looks.palette(LOOKS[0])["classes"]
    held = {one.id: one for one in record.current().classes_of(column, lists)}
    raise_faults(
        (
            Fault(f"class {one.id!r} of {column}", f"colour {one.colour!r}", f"one of {', '.join(known)}",
                  "or write it as #rrggbb")
            for one in held.values()
            if one.colour not in known and not one.colour.startswith("#")
        ),
        settings.RECORD_NAME,
    )  # fmt: skip
    strange = sorted(value for value in wanted if value and value not in held)
    made = {value: held.get("other") or _in_turn(column, value, place) for place, value in enumerate(strange)}
    none = {"": record.SymbolClass(of=column, id="")} if "" in wanted and "" not in held else {}
    return {value: one for value, one in held.items() if value in wanted} | made | none


def _in_turn(column: str, value: str, place: int) -> record.SymbolClass:
    # Hues and shapes go on together, and the shape one step further in each round, so that no two values look alike.
    colour, shape = HUES[place % len(HUES)], record.SHAPES[(place + place // len(HUES)) % len(record.SHAPES)]
    return record.SymbolClass(of=column, id=value, colour=colour, shape=shape)


def contrast(one: str, other: str) -> float:
    """Return the WCAG 2 contrast ratio of two colours written as ``#rrggbb``, from 1 to 21."""
    light, dark = sorted((relative_luminance(one), relative_luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def faint_words(palette: Mapping[str, Any]) -> list[str]:
    """Return the words of a look that its ground swallows: each with its colours, and what contrast they have.

    Parameters
    ----------
    palette
        A look, as :func:`camps.looks.palette` returns it. Colours that let something shine through are not judged.
    """
    pairs = [(role, ground, palette[role], palette[ground]) for role in WORD_ROLES for ground in ("land", "sea")]
    return [
        f"{role} {colour} on {ground} {below} has a contrast of {ratio:.1f} (least {LEAST_CONTRAST:g}, WCAG AA)"
        for role, ground, colour, below in pairs
        if is_plain(colour) and is_plain(below) and (ratio := contrast(colour, below)) < LEAST_CONTRAST
    ]


def made_for(look: str) -> str:
    """Return, as words, for which grounds the words and symbols of a look are made where its own is left out."""
    palette = looks.palette(look)
    is_dark = relative_luminance(palette["land"]) < relative_luminance(palette["text"])
    return f"words and symbols of look {look} are for {'dark' if is_dark else 'light'} grounds"


def is_plain(colour: str) -> bool:
    """Return whether a colour is written as ``#rrggbb``: nothing shines through it."""
    return re.fullmatch("#[0-9a-fA-F]{6}", colour) is not None


def relative_luminance(colour: str) -> float:
    """Return the relative luminance of an sRGB colour written as ``#rrggbb``, 0 (black) to 1 (white)."""
    return float(relative_luminances(np.array(rgb(colour))))


def relative_luminances(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the relative luminance of sRGB colours, each channel 0 to 1, whose channels are the last axis."""
    light = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return np.asarray(light @ [0.2126, 0.7152, 0.0722])


def rgb(colour: str) -> tuple[float, float, float]:
    """Return the sRGB channels of ``#rrggbb``, each 0 to 1."""
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue
