"""Fonts inside the page: Noto Sans, Noto Sans SC and Noto Naskh Arabic, cut down to the characters that it shows.

With them a page looks the same on every machine, and a missing system font cannot leave boxes in a frame.
"""

from __future__ import annotations

import base64
import io
import unicodedata
from functools import cache
from typing import NamedTuple

from fontTools import subset
from fontTools.ttLib import TTFont

from camps.maps import vendored


class Face(NamedTuple):
    """One vendored font file: the family it serves, its weight and style, and whether it is cut down."""

    file: str
    family: str
    weight: int
    style: str
    whole: bool


FACES = (
    Face("latin-400.woff", "Camps Latin", 400, "normal", True),
    Face("latin-600.woff", "Camps Latin", 600, "normal", True),
    Face("latin-700.woff", "Camps Latin", 700, "normal", True),
    Face("latin-400-italic.woff", "Camps Latin", 400, "italic", True),
    Face("latin-ext-400.woff", "Camps Latin More", 400, "normal", False),
    Face("latin-ext-700.woff", "Camps Latin More", 700, "normal", False),
    Face("chinese-400.woff", "Camps Chinese", 400, "normal", False),
    Face("chinese-700.woff", "Camps Chinese", 700, "normal", False),
    Face("arabic-400.woff", "Camps Arabic", 400, "normal", False),
    Face("arabic-700.woff", "Camps Arabic", 700, "normal", False),
)


def font_style(text: str) -> str:
    """Return ``@font-face`` rules, fonts inside, that draw every character of `text` that the vendored fonts have.

    Raises
    ------
    MissingError, InputError
        When a vendored font is not there or is not the one listed.
    """
    characters = "".join(sorted({character for character in text if ord(character) > 0x7E}))
    return "\n".join(rule for face in FACES if (rule := _rule(face, characters)))


def _rule(face: Face, characters: str) -> str:
    content = vendored.read_bytes(face.file) if face.whole else _cut(face.file, characters)
    if not content:
        return ""
    source = f"url(data:font/woff;base64,{base64.b64encode(content).decode('ascii')}) format('woff')"
    return (
        f"@font-face {{ font-family: '{face.family}'; font-weight: {face.weight}; font-style: {face.style}; "
        f"src: {source}; }}"
    )


@cache
def _cut(name: str, characters: str) -> bytes:
    """Return the font with no more than `characters` and what shaping makes of them; nothing when it has none."""
    font = TTFont(io.BytesIO(vendored.read_bytes(name)), recalcTimestamp=False)
    wanted = [ord(character) for character in characters if ord(character) in font.getBestCmap()]
    if not any(unicodedata.category(chr(code)).startswith("L") for code in wanted):
        return b""
    options = subset.Options(layout_features=["*"], hinting=False, notdef_outline=True, name_IDs=[], legacy_kern=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    font.flavor = "woff"
    stream = io.BytesIO()
    font.save(stream)
    return stream.getvalue()
