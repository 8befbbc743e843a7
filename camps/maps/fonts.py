"""Fonts inside the page: Noto Sans, Noto Sans SC and Noto Naskh Arabic, cut down to the characters that it shows.

With them a page looks the same on every machine, and a missing system font cannot leave boxes in a frame.
"""

from __future__ import annotations

import base64
import io
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from fontTools.ttLib import TTFont

from camps import fonts
from camps.fonts import Font

#: Small enough to stand in every page as they are, and not in the pages at all.
_WHOLE, _ABSENT = "Camps Latin", ("Camps Chinese Serif", "Camps Korean Serif")
FACES = tuple(font for font in fonts.FONTS if font.family not in _ABSENT)


def font_style(text: str) -> str:
    """Return ``@font-face`` rules, fonts inside, that draw every character of `text` that the fonts of pages have.

    Raises
    ------
    MissingError, InputError
        When a font is not there or is not the one listed.
    """
    characters = "".join(sorted(character for character in set(text) if ord(character) > 0x7E))
    return "\n".join(rule for face in FACES if (rule := _rule(face, characters)))


def own_style(looks: Iterable[Mapping[str, Any]]) -> str:
    """Return the ``@font-face`` rules of the fonts that looks bring, whole as their files are."""
    faces = [face for look in looks for face in look.get("faces", ())]
    return "".join(
        f"@font-face {{ font-family: '{face['family']}'; font-weight: {face['weight']}; font-style: {face['style']}; "
        f"src: url({face['source']}); }}\n"
        for face in faces
    )


def _rule(face: Font, characters: str) -> str:
    content = _packed(face.file) if face.family == _WHOLE else _cut(face.file, characters)
    if not content:
        return ""
    source = f"url(data:font/woff;base64,{base64.b64encode(content).decode('ascii')}) format('woff')"
    return (
        f"@font-face {{ font-family: '{face.family}'; font-weight: {face.weight}; font-style: {face.style}; "
        f"src: {source}; }}"
    )


def _cut(name: str, characters: str) -> bytes:
    """Return the font with no more than `characters` and what shaping makes of them; nothing when it has none."""
    wanted = tuple(ord(character) for character in characters if ord(character) in _codes(name))
    if not any(unicodedata.category(chr(code)).startswith("L") for code in wanted):
        return b""
    return _subset(name, wanted)


@cache
def _codes(name: str) -> frozenset[int]:
    return frozenset(_opened(name).getBestCmap())


@cache
def _subset(name: str, wanted: tuple[int, ...]) -> bytes:
    """Return the font with no more than these codes: most maps want the same few of most fonts."""
    from fontTools import subset  # noqa: PLC0415 - half a second that who draws no map does not wait for

    font = _opened(name)
    options = subset.Options(layout_features=["*"], hinting=False, notdef_outline=True, name_IDs=[], legacy_kern=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    return _as_woff(font)


@cache
def _packed(name: str) -> bytes:
    return _as_woff(_opened(name))


def _opened(name: str) -> TTFont:
    return TTFont(fonts.font_path(name), recalcTimestamp=False)


def _as_woff(font: TTFont) -> bytes:
    font.flavor = "woff"
    stream = io.BytesIO()
    font.save(stream)
    return stream.getvalue()
