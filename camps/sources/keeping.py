"""What was read and is sound, kept as long as all that decided it is the same."""

from __future__ import annotations

import copy
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

One = TypeVar("One")


class Kept(Generic[One]):
    """The last results of some work, each under the hash of all that decided it; what it hands out is a copy."""

    def __init__(self, most: int) -> None:
        self._most, self._kept, self._writing = most, dict[bytes, One](), Lock()

    def get(self, state: bytes, make: Callable[[], One]) -> One:
        """Return the result under a hash; it is made, and kept unless that fails, where there is none."""
        kept = self._kept.get(state)
        if kept is None:
            kept = make()
            with self._writing:
                self._kept[state] = kept
                while len(self._kept) > self._most:
                    self._kept.pop(next(iter(self._kept)))
        return copy.deepcopy(kept)
