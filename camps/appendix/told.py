"""All that a file tells, as text: of pages, pictures, movies and maps as well, and of the records in them."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf

from camps import embedded, record
from camps.appendix import schemas
from camps.film.manifest import MANIFEST
from camps.film.records import FRAME_LIST

#: Where a picture holds lengths on paper; any number can stand there, and none tells anything.
_DRAWN = re.compile(r'\s(?:d|points|transform|x|y|x1|x2|y1|y2|width|height|viewBox|style)="[^"]*"')
#: What the suite itself brings into a page: its scripts, its style and its letters.
_BROUGHT = re.compile(r"<(script|style)(?![^>]*application/json)[^>]*>.*?</\1>", re.DOTALL)
#: A letter as scripts and styles may write it: \x41, \u0041, \u{41} and, in styles, \41 with a space behind it.
_ESCAPED = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{2,6})[ \t\n]?)")
_DATA = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)
#: Where a camera stands, frame by frame: a path through the numbers, of which each may be any.
_CAMERA = ("lon", "lat", "zoom", "bearing")
_PNG_HEAD, _PACKED = 8, (b"zTXt", b"iTXt", b"iCCP")
_MOST_UNPACKED = 1 << 24
_PAGES = {".svg", ".html"}
_PICTURES = {".png", ".exr", ".mov", ".mp4", ".mkv", ".webm", ".webp", ".zip"}


def texts_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield the texts in a file, and whether each is made of bytes of which most are no text.

    What is not a text of the inquiry is left out: lengths on paper, the base map, and the path of a camera. Scripts and
    letters of a page are of the second kind: hardly any number stands in ours, and what is added to them can draw.
    """
    kind = path.suffix.lower()
    if kind == ".parquet":
        yield record.csv_text(schemas.read_record(path)), False
    elif kind == ".pdf":
        yield _set_text(path), False
    elif kind in _PICTURES:
        content = path.read_bytes()
        yield content.decode("utf-8", errors="replace"), True
        yield from ((text, False) for text in _png_texts(content))
    else:
        yield _plain_text(path), False
        if kind in _PAGES:
            found_in = _BROUGHT.finditer(path.read_bytes().decode("utf-8", errors="replace"))
            brought = "\n".join(found[0] for found in found_in)
            yield brought, True
            if (said := _ESCAPED.sub(_letter, brought)) != brought:
                yield said, True
    if kind in embedded.TELLING and (found := embedded.read(path)) is not None:
        yield json.dumps(_without_camera(found.content), ensure_ascii=False), False


def _letter(found: re.Match[str]) -> str:
    number = int(next(part for part in found.groups() if part), 16)
    return chr(number) if number < sys.maxunicode else found[0]


def _plain_text(path: Path) -> str:
    text = path.read_bytes().decode("utf-8", errors="replace")
    kind = path.suffix.lower()
    if kind == ".svg":
        return html.unescape(_DRAWN.sub("", _BROUGHT.sub("", text)))
    if kind == ".html":
        return html.unescape(_DATA.sub(_without_base, _BROUGHT.sub("", text)))
    if path.name == MANIFEST:
        said = json.loads(text)
        return json.dumps({name: value for name, value in said.items() if name != "camera"}, ensure_ascii=False)
    return _without_columns(text) if path.name == FRAME_LIST else text


def _without_base(found: re.Match[str]) -> str:
    """Return the data of a map without the ground that it lies upon."""
    said = json.loads(found[1])
    told = {name: value for name, value in said.items() if name != "base"} if isinstance(said, dict) else said
    return json.dumps(told, ensure_ascii=False)


def _without_columns(text: str) -> str:
    rows = csv.DictReader(io.StringIO(text))
    return "\n".join(", ".join(str(cell) for name, cell in row.items() if name not in _CAMERA) for row in rows)


def _without_camera(content: Any) -> dict[str, Any]:
    rows = content.get("rows")
    if not isinstance(rows, dict):
        return dict(content)
    return {**content, "rows": {name: runs for name, runs in rows.items() if name not in _CAMERA}}


def _png_texts(content: bytes) -> Iterator[str]:
    """Yield what the packed parts of a PNG say; the plain ones stand in its bytes."""
    at = _PNG_HEAD
    while content[1:4] == b"PNG" and at + _PNG_HEAD <= len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        if kind in _PACKED:
            yield from _unpacked(body)
        at += length + 12


def _unpacked(body: bytes) -> Iterator[str]:
    for start in [place.start() for place in re.finditer(rb"\0\x78|\0\0\x78", body)] or []:
        packed = body[start:].lstrip(b"\0")
        try:
            yield zlib.decompressobj().decompress(packed, _MOST_UNPACKED).decode("utf-8", errors="replace")
        except zlib.error:
            continue


def _set_text(path: Path) -> str:
    """Return the letters of the pages of a PDF, and what it says of itself."""
    pages = pypdf.PdfReader(path)
    return "\n".join([*(page.extract_text() for page in pages.pages), *map(str, (pages.metadata or {}).values())])
