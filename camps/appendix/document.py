"""Sets the document: PDF by Typst and HTML, the same words in both."""

from __future__ import annotations

import base64
import datetime as dt
import json
import warnings
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import typst

from camps import files
from camps.appendix.blocks import Document, Spans
from camps.errors import MissingError, RenderError

#: Tagged for screen readers (PDF/UA-1) and fit for keeping (PDF/A-2a).
PDF_STANDARDS: Any = ["ua-1", "a-2a"]

#: The document claims no time; PDF wants one, so it gets the beginning of the count.
NO_TIME = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

#: Fonts that the document is set in and that do not travel inside Typst, with the package that brings them.
FONTS = {
    "Noto Serif CJK SC": "fonts-noto-cjk",
    "Noto Serif CJK KR": "fonts-noto-cjk",
    "Noto Naskh Arabic": "fonts-noto-core",
}


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
        When a font for Chinese, Korean or Arabic script is not installed.
    RenderError
        When Typst cannot set the document.
    """
    require_fonts()
    sources = {
        "main.typ": _template("appendix.typ"),
        "content.json": json.dumps(document.as_dict(), ensure_ascii=False).encode("utf-8"),
        **{picture.name: picture.read_bytes() for picture in sorted(pictures.glob("*.svg"))},
    }
    return files.write_bytes(path, _compiled(sources))


def write_html(document: Document, pictures: Path, path: Path) -> Path:
    """Write a document as one HTML file that needs nothing else, and return the path.

    Parameters
    ----------
    document
        The content.
    pictures
        Folder of the pictures that it names; they are written into the file.
    path
        Where the HTML goes.
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


def _compiled(sources: dict[str, bytes]) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", typst.TypstWarning)
            # The stubs do not know that sources may be given by name.
            given: Any = sources
            return bytes(typst.compile(given, format="pdf", pdf_standards=PDF_STANDARDS, timestamp=NO_TIME))
    except typst.TypstError as error:
        raise RenderError(f"the document cannot be set: {error.message}; {' '.join(error.hints)}") from error


def _template(name: str) -> bytes:
    return resources.files("camps.appendix").joinpath("templates", name).read_bytes()


@cache
def _families() -> frozenset[str]:
    return frozenset(typst.Fonts().families())


@cache
def font_sums() -> dict[str, str]:
    """Return the SHA-256 of the font files that the document is set in, by name; those inside Typst have its version.

    Raises
    ------
    MissingError
        When a script could not be set.
    """
    require_fonts()
    used = {font.family: font.path for font in typst.Fonts().fonts() if font.family in FONTS and font.weight == 400}
    return {f"font {family}": files.sha256(Path(path)) for family, path in sorted(used.items()) if path}


def require_fonts() -> None:
    """Raise where a font is missing, with the package that brings it.

    Raises
    ------
    MissingError
        When a script could not be set.
    """
    missing = {family: package for family, package in FONTS.items() if family not in _families()}
    if missing:
        packages = " ".join(sorted(set(missing.values())))
        raise MissingError(f"fonts {', '.join(missing)} are not installed; install the packages {packages}")
