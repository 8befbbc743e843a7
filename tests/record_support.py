"""What small records of tests are made of: a list as an entry describes it, a shot, a claim."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import tomlkit

from camps import sources
from camps.sources import Source, SourceEntry, SourceFile

_CLAIM = """
[edition]
stated_on = "2026-11-29"

[[claim]]
id = "size"
title = "Size"
text = "{text}"
needs = ["{source}"]
supporting = ["cited-{source}"]
alternatives = "None."
confidence = "high"
limits = "A list is no census."

[claim.values]
"""


def entry_of(path: Path, mapping: dict[str, str], *, dated: str = "2024", **options: Any) -> SourceEntry:
    """Return the entry of a file that is read through a mapping."""
    return SourceEntry(
        id="list", title="A list", publisher="P", date=dated, landing="-", licence="-", citation="-", datum="wgs84",
        format=path.suffix.removeprefix("."), files=(SourceFile(path.name, "0" * 64),), reader="mapped",
        namespace="list", mapping=mapping, options=options,
    )  # fmt: skip


def source_of(path: Path, mapping: dict[str, str], *, dated: str = "2024", **options: Any) -> Source:
    """Return a file as the list that its entry describes."""
    return sources.read_file(path, entry_of(path, mapping, dated=dated, **options))


def shot_of(first: str, last: str, **changes: Any) -> dict[str, Any]:
    """Return a small shot of two frames that fits the sites, through a time; `changes` are other keys of it."""
    return {
        "title": "A test", "code": "TEST_P_0010", "frames": 2, "rate": 25, "size": [320, 180],
        "clock": {"kind": "linear", "from": date.fromisoformat(first), "to": date.fromisoformat(last)},
        "camera": [{"at": 0, "fit": "sites"}],
    } | changes  # fmt: skip


def shot_text(shot: dict[str, Any]) -> str:
    """Return the text of a shot file."""
    return tomlkit.dumps(shot)


def claim_text(text: str, source: str, **values: str) -> str:
    """Return claims with one claim about a list; `values` are the expressions that give its numbers, by name."""
    return _CLAIM.format(text=text, source=source) + tomlkit.dumps(values)
