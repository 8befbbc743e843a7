"""The document's own words: those of the package, and over them those of the record (``geodata/prose.toml``)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from camps import files, record, settings

PLACE = "geodata/prose.toml"


def prose() -> dict[str, Any]:
    """Return the document's own words by key; a key that the record has stands for that of the package."""
    path = settings.home() / PLACE
    return dict(_joined(_mark(Path(__file__).with_name("prose.toml")), _mark(path) if files.is_there(path) else None))


def _mark(path: Path) -> tuple[Path, int, int]:
    held = path.stat()
    return path, held.st_mtime_ns, held.st_size


@lru_cache(maxsize=4)
def _joined(*places: tuple[Path, int, int] | None) -> dict[str, Any]:
    """Return the words of several files, the later ones first; hundreds of cells ask for one text each."""
    return {key: text for place in places if place for key, text in record.read_toml(place[0]).items()}
