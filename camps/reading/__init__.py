"""Readings of scenes by eye: made step by step, blind where wished, and held against one another.

:func:`start` begins a reading of a site's scenes, or goes on with it: every step is saved at once, nothing is ever
taken out of its log, and what comes of it is a footprint series like any other. :func:`show` opens it in a notebook.
:func:`agreement` holds two readings of the same scenes against one another, building by building, and says how exact
an outline of either is; that takes the place of an assumed edge error in the intervals of growth.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from camps.reading.agreement import Agreement, agreement
from camps.reading.session import Session, Task, start

if TYPE_CHECKING:
    from camps.reading.widget import Reader, show

__all__ = ["Agreement", "Reader", "Session", "Task", "agreement", "show", "start"]


def __getattr__(name: str) -> Any:
    # What a notebook is drawn with is loaded where one is drawn.
    if name in ("Reader", "show"):
        return getattr(importlib.import_module("camps.reading.widget"), name)
    raise AttributeError(f"module 'camps.reading' has no attribute {name!r}")
