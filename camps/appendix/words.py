"""The document's own words: those of the package, and over them those of the record (``geodata/prose.toml``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from camps import record, settings

PLACE = "geodata/prose.toml"


def prose() -> dict[str, Any]:
    """Return the document's own words by key; a key that the record has stands for that of the package."""
    general = record.read_toml(Path(__file__).with_name("prose.toml"))
    path = settings.home() / PLACE
    return general | (record.read_toml(path) if path.is_file() else {})
