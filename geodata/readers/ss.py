"""Reader of the camps of the SS: its dates no finer than the columns of year, month and day say that they are known."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from camps.sources.base import Source, settled
from camps.sources.mapped import read_rows, read_table
from camps.sources.registry import SourceEntry
from camps.sources.report import Report

#: The whole date of the list, filled up to the middle of a month or year where less is known, and what is known of it.
_DATES = {"opened": ("Date_Open", "OPEN"), "closed": ("Date_Close", "CLOSE")}
_PARTS = ("YYYY", "MM", "DD")
CENTURY = 1900


@settled
def read(path: Path, entry: SourceEntry, report: Report) -> Source:
    """Return the camps, each date as EDTF in a column of its own (``opened``, ``closed``).

    Raises
    ------
    MissingError, InputError
        As :func:`camps.sources.mapped.read_mapped`.
    """
    raw = read_table(path, report, format=entry.format, options=entry.options).frame
    stated = {name: _stated(raw, *columns) for name, columns in _DATES.items()}
    return read_rows(raw.assign(**stated), entry, report, path.name)


def _stated(raw: pd.DataFrame, whole: str, suffix: str) -> pd.Series[str]:
    """Return dates to the day, the month or the year; the year alone where there is no whole date."""
    parts = raw[[f"{part}_{suffix}" for part in _PARTS]].apply(pd.to_numeric, errors="coerce")
    dates = pd.to_datetime(raw[whole], format="%m/%d/%Y", errors="coerce")
    known = parts.notna().cumprod(axis=1).sum(axis=1).where(parts.iloc[:, 0].notna(), len(_PARTS))
    lengths = known.map({1: len("1942"), 2: len("1942-10"), 3: len("1942-10-15")})
    texts = [text[:length] for text, length in zip(dates.dt.strftime("%Y-%m-%d").fillna(""), lengths, strict=True)]
    years = parts.iloc[:, 0].add(CENTURY).astype("Int64").astype("string").fillna("")
    return pd.Series(texts, index=raw.index, dtype="string").where(dates.notna(), years)
