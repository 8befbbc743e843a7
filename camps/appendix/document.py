"""Sets the document: PDF by Typst, with the same words as the HTML edition."""

from __future__ import annotations

import datetime as dt
import json
import warnings
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import typst

from camps import files
from camps.appendix.blocks import Document
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
