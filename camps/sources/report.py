"""What a reader did to a list: every row dropped, mended or worth a second look, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import pandas as pd

Action = Literal["dropped", "mended", "noted"]
COLUMNS = ("row", "key", "column", "action", "value", "reason")


class Place(NamedTuple):
    """A cell of a list: row number in the file, the list's own key of the row, and the column."""

    row: int = 0
    key: str = ""
    column: str = ""


@dataclass(frozen=True)
class Remark:
    """One thing that a reader did or saw.

    Attributes
    ----------
    row
        Row number as an editor or spreadsheet shows it (the header is row 1); 0 for the file as a whole.
    key
        The list's own key of the row, empty when it has none.
    column, value
        Column and verbatim text; empty when the whole row is meant.
    action
        dropped (not in the result), mended (changed in the result) or noted (left as it is).
    reason
        Why, in words for a reader.
    """

    row: int
    key: str
    column: str
    action: Action
    value: str
    reason: str


@dataclass
class Report:
    """All remarks on one list, in the order in which they were made."""

    remarks: list[Remark] = field(default_factory=list)

    def add(
        self, action: Action, reason: str, *, row: int = 0, key: str = "", column: str = "", value: str = ""
    ) -> None:
        """Append one remark; a long value is cut to 200 characters."""
        self.remarks.append(Remark(row, key, column, action, value[:200], reason))

    def __iter__(self) -> Iterator[Remark]:
        """Iterate over the remarks."""
        return iter(self.remarks)

    def __len__(self) -> int:
        """Return how many remarks there are."""
        return len(self.remarks)

    def counts(self) -> dict[str, int]:
        """Return how many rows or cells were dropped, mended and noted."""
        counted = Counter(remark.action for remark in self.remarks)
        return {action: counted.get(action, 0) for action in ("dropped", "mended", "noted")}

    def frame(self) -> pd.DataFrame:
        """Return the remarks as a table with columns row, key, column, action, value, reason."""
        return pd.DataFrame([vars(remark) for remark in self.remarks], columns=list(COLUMNS))
