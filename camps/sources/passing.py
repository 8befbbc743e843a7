"""What every list and footprint series passes on its way out: nothing, or the edition in which it may be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import geopandas as gpd
import pandas as pd

from camps.sources.base import Source


class Edition(Protocol):
    """An edition of all that is read: what of it is left out, and under which name it goes."""

    @property
    def told(self) -> Mapping[str, str]:
        """What a file that is made of it says: the name of the edition, and the sum of what it leaves out."""

    @property
    def hidden(self) -> frozenset[str]:
        """Ids of the sites of which it leaves something out."""

    def of_list(self, source: Source) -> Source:
        """Return a list as it may be shown."""

    def require_shown(self, name: str, footprints: gpd.GeoDataFrame, looks: pd.DataFrame) -> None:
        """Raise an InputError where outlines would show what is left out."""


#: The edition that is read now, last; of the whole process, so that no thread of it reads another.
_read_now: list[Edition] = []


def edition() -> Edition | None:
    """Return the edition that is read now; ``None`` where all is read as it is."""
    return _read_now[-1] if _read_now else None


@contextmanager
def reading(one: Edition) -> Iterator[None]:
    """Let every list and series that is read within the block be of one edition."""
    _read_now.append(one)
    try:
        yield
    finally:
        _read_now.remove(one)


def told_edition() -> dict[str, dict[str, str]]:
    """Return what a file says of the edition that it is made of; nothing where all is read as it is."""
    one = edition()
    return {} if one is None else {"edition": dict(one.told)}
