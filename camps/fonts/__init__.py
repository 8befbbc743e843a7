"""The fonts of all rooms: Noto, cut to the scripts that the suite sets, under names that no font of a machine has.

With them nothing that is drawn depends on what the machine has: maps carry them inside, plates, figures and the
appendix are set in them, and the browser falls back on them where a page of somebody else asks for a font that is not
there. ``fonts.toml`` lists each file with its package, exact version, SHA-256 and licence.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from PIL import ImageFont

from camps import files, settings
from camps.errors import InputError

FOLDER = Path(__file__).parent


class Font(NamedTuple):
    """One font: its file, the family it serves, its weight and style, and a sign that it has to draw."""

    file: str
    family: str
    weight: int
    style: str
    sign: str


FONTS = (
    Font("latin-400.ttf", "Camps Latin", 400, "normal", "n"),
    Font("latin-600.ttf", "Camps Latin", 600, "normal", "n"),
    Font("latin-700.ttf", "Camps Latin", 700, "normal", "n"),
    Font("latin-400-italic.ttf", "Camps Latin", 400, "italic", "n"),
    Font("latin-ext-400.ttf", "Camps Latin More", 400, "normal", "ğ"),
    Font("latin-ext-700.ttf", "Camps Latin More", 700, "normal", "ğ"),
    Font("chinese-400.ttf", "Camps Chinese", 400, "normal", "疆"),
    Font("chinese-700.ttf", "Camps Chinese", 700, "normal", "疆"),
    Font("chinese-serif-400.ttf", "Camps Chinese Serif", 400, "normal", "疆"),
    Font("korean-serif-400.ttf", "Camps Korean Serif", 400, "normal", "소"),
    Font("korean-400.ttf", "Camps Korean", 400, "normal", "소"),
    Font("korean-700.ttf", "Camps Korean", 700, "normal", "소"),
    Font("cyrillic-400.ttf", "Camps Cyrillic", 400, "normal", "ж"),
    Font("cyrillic-600.ttf", "Camps Cyrillic", 600, "normal", "ж"),
    Font("cyrillic-700.ttf", "Camps Cyrillic", 700, "normal", "ж"),
    Font("cyrillic-ext-400.ttf", "Camps Cyrillic More", 400, "normal", "ӄ"),
    Font("cyrillic-ext-700.ttf", "Camps Cyrillic More", 700, "normal", "ӄ"),
    Font("khmer-400.ttf", "Camps Khmer", 400, "normal", "ក"),
    Font("khmer-700.ttf", "Camps Khmer", 700, "normal", "ក"),
    Font("arabic-400.ttf", "Camps Arabic", 400, "normal", "ۇ"),
    Font("arabic-700.ttf", "Camps Arabic", 700, "normal", "ۇ"),
)


SHIPPED = files.Shipped(FOLDER / "fonts.toml")


def font_path(name: str) -> Path:
    """Return where a font file lies. Raises as :class:`camps.files.Shipped` does."""
    return SHIPPED.file(name)


def draw_each() -> list[str]:
    """Draw the sign of each font and return the families, each once.

    Raises
    ------
    MissingError, InputError
        When a file is not there, is not the one listed, or draws its sign as it draws a sign that no font has.
    """
    for font in FONTS:
        pen = ImageFont.truetype(font_path(font.file), 32)
        if bytes(pen.getmask(font.sign)) == bytes(pen.getmask("\U0010ffff")):
            raise InputError(f"{FOLDER / font.file}: does not draw {font.sign!r}; restore the file")
    return list(dict.fromkeys(font.family for font in FONTS))


def write_configuration() -> Path:
    """Write what tells the browser of these fonts beside the machine's own (fontconfig), and return the file.

    Their names are their own, so a font of the machine is taken first wherever a page asks for it or it has the sign.
    """
    own = f"<dir>{escape(str(FOLDER))}</dir>"
    machines = '<include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
    head = '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">\n'
    kept = f"<cachedir>{escape(str(settings.cache() / 'fontconfig'))}</cachedir>"
    text = f"{head}<fontconfig>{machines}{own}{kept}</fontconfig>\n"
    return files.write_text(settings.cache() / "fonts.conf", text)
