"""The three modes of showing time, and how sure what they show is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, get_args

import pandas as pd

from camps.errors import InputError

Mode = Literal["observed", "bracket", "illustrative"]

#: How a value or a shape between two different looks is named, by mode; the ``observed`` mode only ever holds.
KIND_BETWEEN = {"observed": "held", "bracket": "bracketed", "illustrative": "interpolated"}
#: From the surest to the least sure: a whole is as sure as its least sure part.
LEAST_SURE_LAST = ("observed", "held", "bracketed", "interpolated")


def require_mode(mode: str) -> None:
    """Raise InputError when `mode` is not one of the three."""
    if mode not in get_args(Mode):
        raise InputError(f"mode {mode!r}: expected one of {', '.join(get_args(Mode))}")


def kinds(*, unknown: pd.Series[Any], on_day: pd.Series[Any], moving: pd.Series[Any], mode: Mode) -> pd.Series[Any]:
    """Return the kind of each value: null where unknown, else observed, held, or what the mode shows in between."""
    kind = pd.Series("held", index=unknown.index, dtype="string")
    return kind.mask(moving, KIND_BETWEEN[mode]).mask(on_day, "observed").mask(unknown, pd.NA)


def least_sure(present: Iterable[Any]) -> str | None:
    """Return the least sure of some kinds, among which what is none is passed over, or None when there is none."""
    found = set(present)
    return next((kind for kind in reversed(LEAST_SURE_LAST) if kind in found), None)
