"""Sets the document: PDF by Typst and HTML, the same words in both."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import typst
from fontTools.ttLib import TTCollection, TTFont

from camps import files, fonts, machine
from camps.appendix.blocks import Document, Spans
from camps.errors import MissingError, RenderError

#: Tagged for screen readers (PDF/UA-1) and fit for keeping (PDF/A-2a).
PDF_STANDARDS: Any = ["ua-1", "a-2a"]

#: The document claims no time; PDF wants one, so it gets the beginning of the count.
NO_TIME = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

#: Fonts of the suite that the document is set in, beside those inside Typst.
FONTS = ("arabic-400.ttf", "arabic-700.ttf", "chinese-400.ttf", "chinese-serif-400.ttf", "korean-serif-400.ttf")
#: Scripts of which the fonts inside Typst have nothing: all from Armenian on, but for its signs and symbols.
_ELSEWHERE = re.compile(r"[\u0530-\u1dff\u2e80-\U0010ffff]")


def write_pdf(document: Document, pictures: Path, path: Path) -> Path:
    """Set a document as a tagged PDF and return the path; the same document gives the same bytes.

    Parameters
    ----------
    document
        The content.
    pictures
        Folder of the pictures that it names.
    path
        Where the PDF goes.

    Raises
    ------
    MissingError
        When no font of the suite or of this machine has a character.
    RenderError
        When Typst cannot set the document.
    """
    content = json.dumps(document.as_dict(), ensure_ascii=False)
    sources = {
        "main.typ": _template("appendix.typ"),
        "content.json": content.encode("utf-8"),
        **{picture.name: picture.read_bytes() for picture in sorted(pictures.glob("*.svg"))},
    }
    return files.write_bytes(path, _compiled(sources, own_fonts=not _foreign(content)))


def write_html(document: Document, pictures: Path, path: Path) -> Path:
    """Write a document as one HTML file that needs nothing else, and return the path.

    Parameters
    ----------
    document, pictures, path
        As for :func:`write_pdf`; the pictures are written into the file.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.ChainableUndefined)
    template = environment.from_string(_template("appendix.html.jinja").decode("utf-8"))
    notes: list[Spans] = []
    page = template.render(
        content=document.as_dict(),
        notes=notes,
        footnote=partial(_noted, notes),
        numbered=_counter(),
        picture=partial(_inlined, pictures),
    )
    return files.write_text(path, page + "\n")


def _noted(notes: list[Spans], spans: Spans) -> int:
    notes.append(spans)
    return len(notes)


def _counter() -> Callable[[str], int]:
    counts: Counter[str] = Counter()

    def numbered(kind: str) -> int:
        counts[kind] += 1
        return counts[kind]

    return numbered


def _inlined(pictures: Path, name: str) -> str:
    coded = base64.b64encode((pictures / name).read_bytes()).decode("ascii")
    return f"data:image/svg+xml;base64,{coded}"


def _compiled(sources: dict[str, bytes], *, own_fonts: bool) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", typst.TypstWarning)
            # The stubs do not know that sources may be given by name.
            given: Any = sources
            type_: Any = {"font_paths": [str(fonts.FOLDER)], "ignore_system_fonts": own_fonts}
            return bytes(typst.compile(given, format="pdf", pdf_standards=PDF_STANDARDS, timestamp=NO_TIME, **type_))
    except typst.TypstError as error:
        raise RenderError(f"the document cannot be set: {error.message}; {' '.join(error.hints)}") from error


def _template(name: str) -> bytes:
    return resources.files("camps.appendix").joinpath("templates", name).read_bytes()


def font_sums() -> dict[str, str]:
    """Return the SHA-256 of the font files that the document is set in, by name; those inside Typst have its version.

    Raises
    ------
    MissingError, InputError
        When one is not there or is not the one of the suite.
    """
    return {f"font {name}": files.sha256(fonts.font_path(name)) for name in FONTS}


def _foreign(text: str) -> str:
    """Return the characters of a text that the fonts of the suite lack and one of this machine has.

    Raises
    ------
    MissingError
        When none of this machine has one of them: it would be printed as an empty box.
    """
    lacking = set(_ELSEWHERE.findall(text)) - _signs(fonts.font_path(name) for name in FONTS)
    if not lacking:
        return ""
    boxes = lacking - _signs(Path(font.path) for font in typst.Fonts().fonts() if font.path)
    if boxes:
        told = ", ".join(f"{sign} (U+{ord(sign):04X})" for sign in sorted(boxes))
        raise MissingError(f"the document has {told}, which no font here has; {machine.remedy('fonts')}")
    return "".join(sorted(lacking))


def _signs(paths: Iterable[Path]) -> set[str]:
    return {chr(code) for path in paths for code in _codes(path)}


@cache
def _codes(path: Path) -> frozenset[int]:
    """Return the characters that a font file has, in any of its fonts."""
    if path.suffix.lower() not in {".ttc", ".otc"}:
        with TTFont(path, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    with TTCollection(path, lazy=True) as collection:
        return frozenset(code for font in collection for code in font.getBestCmap() or ())
