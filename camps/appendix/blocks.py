"""The parts a document is made of: plain values that both the PDF and the HTML template read.

Text is a list of spans. Han and Arabic script are marked with their language wherever they occur, so that names are
set in the right font and direction and read aloud in the right voice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Span = dict[str, Any]
Spans = list[Span]
Block = dict[str, Any]
Align = Literal["left", "right", "center"]
#: How a section stands on paper: after what comes before, on a page of its own, unbroken, or on a page turned sideways.
Layout = Literal["flow", "page", "wide"]

_HAN = r"[\u2e80-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]+"
_ARABIC_LETTERS = r"[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]+"
_ARABIC = rf"{_ARABIC_LETTERS}(?:[ \u200c]{_ARABIC_LETTERS})*"
_HANGUL = r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]+"
_SCRIPTS = re.compile(f"(?P<zh>{_HAN})|(?P<ug>{_ARABIC})|(?P<ko>{_HANGUL})")
_MARKUP = re.compile(r"\*(?P<em>[^*]+)\*|`(?P<code>[^`]+)`|\[(?P<label>[^\]]+)\]\((?P<href>[^)]+)\)")


def plain(text: object) -> Spans:
    """Return text as spans, each script marked; nothing in it is read as markup."""
    return list(_split_scripts(str(text), {}))


def rich(text: str) -> Spans:
    """Return text as spans; ``*emphasis*``, ```code``` and ``[label](address)`` are markup."""
    spans: Spans = []
    end = 0
    for found in _MARKUP.finditer(text):
        spans += _split_scripts(text[end : found.start()], {})
        spans += _marked(found)
        end = found.end()
    return [*spans, *_split_scripts(text[end:], {})]


def _marked(found: re.Match[str]) -> Spans:
    if found["em"]:
        return list(_split_scripts(found["em"], {"em": True}))
    if found["code"]:
        return [{"text": found["code"], "code": True}]
    return list(_split_scripts(found["label"], {"href": found["href"]}))


def _split_scripts(text: str, marks: Span) -> Iterable[Span]:
    end = 0
    for found in _SCRIPTS.finditer(text):
        if found.start() > end:
            yield {"text": text[end : found.start()], **marks}
        yield {"text": found[0], "lang": found.lastgroup, **marks}
        end = found.end()
    if end < len(text):
        yield {"text": text[end:], **marks}


def code(text: str) -> Spans:
    """Return text set as code, such as a hash or a file name."""
    return [{"text": text, "code": True}]


def note(spans: Spans) -> Span:
    """Return a footnote; it stands where the sign is to stand."""
    return {"note": spans}


def paragraph(spans: Spans) -> Block:
    """Return a paragraph."""
    return {"kind": "paragraph", "spans": spans}


def bullets(entries: Sequence[Spans]) -> Block:
    """Return a list without order."""
    return {"kind": "bullets", "entries": list(entries)}


def steps(entries: Sequence[Spans]) -> Block:
    """Return a numbered list."""
    return {"kind": "steps", "entries": list(entries)}


def box(spans: Spans, *, tone: Literal["note", "warn"] = "note") -> Block:
    """Return a passage set apart."""
    return {"kind": "box", "spans": spans, "tone": tone}


def facts(rows: Sequence[tuple[str, Spans]]) -> Block:
    """Return pairs of a label and what is to be said of it."""
    return {"kind": "facts", "rows": [{"label": label, "spans": spans} for label, spans in rows]}


def listing(lines: str) -> Block:
    """Return commands or other lines to be read letter by letter."""
    return {"kind": "listing", "lines": lines}


def figure(file: str, *, alt: str, caption: Spans, width: str = "100%") -> Block:
    """Return a picture of the package with what it shows in words."""
    return {"kind": "figure", "file": file, "alt": alt, "caption": caption, "width": width}


@dataclass(frozen=True)
class Column:
    """A column of a printed table: its head, its share of the width (0 for as much as it needs), and how it is set."""

    head: str
    share: float = 1
    align: Align = "left"


def table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[Spans]],
    *,
    caption: Spans,
    size: Literal["normal", "small"] = "normal",
) -> Block:
    """Return a table with a head that is repeated on every page."""
    heads = [{"head": column.head, "share": column.share, "align": column.align} for column in columns]
    return {"kind": "table", "columns": heads, "rows": [list(row) for row in rows], "caption": caption, "size": size}


@dataclass(frozen=True)
class Section:
    """A part with a heading; `label` is its address within the document."""

    label: str
    title: str
    blocks: list[Block] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    layout: Layout = "flow"

    def as_dict(self) -> dict[str, Any]:
        """Return the section as plain values."""
        return {
            "label": self.label, "title": plain(self.title), "blocks": self.blocks, "layout": self.layout,
            "sections": [section.as_dict() for section in self.sections],
        }  # fmt: skip


@dataclass(frozen=True)
class Document:
    """A document: what stands on its title page, and its sections."""

    title: str
    subtitle: str
    edition: list[tuple[str, str]]
    statement: list[Spans]
    sections: list[Section]
    mark: Block | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the document as plain values, for the templates."""
        return {
            "title": self.title, "subtitle": self.subtitle, "statement": self.statement, "mark": self.mark,
            "edition": [{"label": label, "spans": plain(value)} for label, value in self.edition],
            "sections": [section.as_dict() for section in self.sections],
        }  # fmt: skip
