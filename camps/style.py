"""One look for every map, plot and frame: colours, symbols and type, tested for colour-blind readers.

Two looks, ``dark`` for broadcast and ``light`` for print and projectors. Text keeps WCAG AA contrast (4.5 : 1) and
symbols 3 : 1 against land and sea. The four colours ``tier_1`` to ``tier_4`` are steps of lightness, so they stay in
order without any sense of colour; groups without an order differ in shape as well as in hue.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from camps import languages, record, settings
from camps.errors import Fault, InputError, raise_faults

LANGUAGES = tuple(languages.table())
LOOKS = ("dark", "light")

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


_DARK: dict[str, Any] = {
    "sea": "#0b1015",
    "land": "#191f26",
    "lake": "#15293a",
    "river": "#2c4356",
    "province": "#39444e",
    "border": "#5b6873",
    "relief_alpha": 0.36,
    "halo": "rgba(13,18,23,0.85)",
    "panel": "rgba(11,16,21,0.78)",
    "group": "#10161c",
    "text": "#f1f4f6",
    "secondary": "#cfd7dd",
    "muted": "#a7b3bd",
    "place": "#c3ccd3",
    "place_area": "#8d9aa5",
    "place_water": "#7f9db4",
    "label": "#f1f4f6",
    "edge": "#ffffff",
    "unknown": "#a7b3bd",
    "sample": "#cfd7dd",
    "guide": "rgba(0,229,255,0.7)",
    "tick": "#77848f",
    "chart": "rgba(245,177,76,0.55)",
    "footprint": "#f2b25a",
    "footprint_block": "#e58a4e",
    "footprint_other": "#8d9aa5",
    "footprint_edge": "#fff3dc",
    "compound": "#cfd7dd",
    "appearing": "#ffd58a",
    "construction": "#d9a441",
    "loss": "#8fb7d6",
    "classes": {
        "tier_1": "#fbe7a3",
        "tier_2": "#f6ad49",
        "tier_3": "#e8613f",
        "tier_4": "#b7478c",
        "tier_0": "#98a4ae",
        "orange": "#f0a13a",
        "green": "#3fbf94",
        "yellow": "#f4e285",
        "blue": "#62b5ee",
        "red": "#e8613f",
        "pink": "#e7a3cc",
        "violet": "#9d8df1",
        "grey": "#98a4ae",
    },
}  # fmt: skip

_LIGHT: dict[str, Any] = {
    "sea": "#dfe7ec",
    "land": "#f6f3ec",
    "lake": "#d3dfe7",
    "river": "#b9cad6",
    "province": "#dcd6ca",
    "border": "#8d8778",
    "relief_alpha": 0.5,
    "halo": "rgba(250,248,243,0.9)",
    "panel": "rgba(250,248,243,0.88)",
    "group": "#fffdf8",
    "text": "#14191e",
    "secondary": "#2c343b",
    "muted": "#4a545d",
    "place": "#3b444c",
    "place_area": "#5f6870",
    "place_water": "#3f637e",
    "label": "#14191e",
    "edge": "#14191e",
    "unknown": "#5f6870",
    "sample": "#4a545d",
    "guide": "rgba(0,110,150,0.8)",
    "tick": "#7c868e",
    "chart": "rgba(176,84,22,0.45)",
    "footprint": "#c46a17",
    "footprint_block": "#9c4410",
    "footprint_other": "#8b9299",
    "footprint_edge": "#3f1d05",
    "compound": "#4a545d",
    "appearing": "#8a3d00",
    "construction": "#8a6200",
    "loss": "#2f6f9f",
    "classes": {
        "tier_1": "#c48a00",
        "tier_2": "#bf5b04",
        "tier_3": "#a3231c",
        "tier_4": "#5c1048",
        "tier_0": "#6d767d",
        "orange": "#b96a00",
        "green": "#00704f",
        "yellow": "#8f7a00",
        "blue": "#1f6fae",
        "red": "#b3290f",
        "pink": "#a8508a",
        "violet": "#5646b8",
        "grey": "#6d767d",
    },
}  # fmt: skip

#: Colours that differ in hue, for groups without an order.
HUES = ("orange", "green", "yellow", "blue", "red", "pink", "violet")

_PALETTES = {"dark": _DARK, "light": _LIGHT}


def palette(look: str) -> dict[str, Any]:
    """Return the colours of a look, CSS colour text by role; ``classes`` holds those of symbols.

    Raises
    ------
    InputError
        When there is no such look.
    """
    if look not in _PALETTES:
        raise InputError(f"{look}: no such look; expected one of {', '.join(LOOKS)}")
    return _PALETTES[look]


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
    wanted = set(values)
    held = {one.id: one for one in record.current().classes_of(column, lists)}
    raise_faults(
        (
            Fault(f"class {one.id!r} of {column}", f"colour {one.colour!r}", f"one of {', '.join(_DARK['classes'])}",
                  "or write it as #rrggbb")
            for one in held.values()
            if one.colour not in _DARK["classes"] and not one.colour.startswith("#")
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


def relative_luminance(colour: str) -> float:
    """Return the relative luminance of an sRGB colour written as ``#rrggbb``, 0 (black) to 1 (white)."""
    red, green, blue = (_linear(part) for part in rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def rgb(colour: str) -> tuple[float, float, float]:
    """Return the sRGB channels of ``#rrggbb``, each 0 to 1."""
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
