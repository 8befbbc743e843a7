"""The chapter on what a film says: one page to be shown first, each passage with both sides, and the events."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from camps.appendix.blocks import (
    Block,
    Column,
    Section,
    Spans,
    box,
    bullets,
    code,
    facts,
    paragraph,
    plain,
    rich,
    table,
)
from camps.appendix.passages import CheckedPassage
from camps.appendix.words import prose


def build_chapter(passages: Sequence[CheckedPassage], events: pd.DataFrame) -> list[Section]:
    """Return the sections on the passages of a film and its events; none where the record has no passages.

    Parameters
    ----------
    passages
        In the order of the film.
    events
        ``date`` (EDTF), ``kind``, ``what``, ``aliases``, ``place``, ``source`` as printed; may be empty.
    """
    if not passages:
        return []
    parts = [_passage(one) for one in passages]
    intro = [paragraph(rich(prose()["film"]))]
    chapter = Section("film-passages", "Each passage, and what stands on both sides", intro, parts)
    return [_first_page(passages), chapter, *_events(events)]


def _first_page(passages: Sequence[CheckedPassage]) -> Section:
    columns = [Column("What the film says", 1.5), Column("Verdict", 0.8), Column("What may be said", 2)]
    rows = [
        [
            [{"text": one.passage.text, "href": f"#film-{one.passage.id}"}],
            plain(one.passage.verdict),
            plain(one.passage.instead or "It may stand."),
        ]
        for one in passages
    ]
    listed = table(columns, rows, caption=rich(prose()["film_caption"]), size="small")
    return Section("film", "What the film may say, and what it may not", [listed])


def _passage(one: CheckedPassage) -> Section:
    passage = one.passage
    rows: list[tuple[str, Spans]] = [
        ("Verdict", rich(f"*{passage.verdict}*")),
        ("What the data say", plain(one.answer if _is_shown(one) else _not_checked(one))),
        ("Computed by", code(passage.function) if passage.function else plain("not computed: see the line above")),
        ("Other explanations", plain(passage.alternatives)),
        ("Confidence", plain(passage.confidence)),
        ("Limits", plain(passage.limits)),
        ("What may be said", plain(passage.instead or "It may stand.")),
    ]
    blocks = [
        box(plain(passage.text), tone="note" if passage.verdict == "supported" else "warn"),
        facts(rows),
        *_side("What supports it", passage.supporting),
        *_side("What speaks against it, or limits it", passage.contrary),
    ]
    return Section(f"film-{passage.id}", passage.text, blocks)


def _is_shown(one: CheckedPassage) -> bool:
    return one.checked is None or one.checked.status == "checked"


def _not_checked(one: CheckedPassage) -> str:
    assert one.checked is not None
    return f"{one.checked.reason}; its numbers are left out."


def _side(head: str, items: Sequence[str]) -> list[Block]:
    said = [plain(item) for item in items] or [plain("None was found.")]
    return [paragraph(rich(f"*{head}*")), bullets(said)]


#: Columns of the table of events: what they are called, and how wide they are.
_EVENT_COLUMNS = {
    "date": ("Date", 0.7), "what": ("What", 2), "aliases": ("Also called", 1.7), "place": ("Place", 0.8),
    "checked": ("How it was read", 1.4),
}  # fmt: skip


def _events(events: pd.DataFrame) -> list[Section]:
    if events.empty:
        return []
    columns = [Column(name, width) for name, width in _EVENT_COLUMNS.values()]
    rows = [[plain(row[name]) for name in _EVENT_COLUMNS] for _, row in events.iterrows()]
    listed = table(columns, rows, caption=rich(prose()["events_caption"]), size="small")
    return [Section("events", "Table of events", [listed])]
