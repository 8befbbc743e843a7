"""What a reader did to a list: every row dropped, mended or worth a second look, and an account of every piece.

What a reader takes in is conserved. A piece is *taken* when the parser meets it; it ends as *used* (it is in the
result, as printed or mended), as *noted* (it is not, and a remark says what became of it), or as *refused* (a fault).
What is taken is counted apart from what is used, so a piece that is lost on the way makes the sums differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import pandas as pd

from camps.errors import CheckError, InputError

Action = Literal["dropped", "mended", "noted"]
Piece = Literal["member", "sheet", "layer", "feature", "row", "cell", "part", "ring", "vertex", "element"]
#: Pieces from large to small, by the name of many; a cell is one of a mapped column that says something, an element
#: one that carries a time, a place or an attribute.
PIECES: dict[Piece, str] = {
    "member": "members", "sheet": "sheets", "layer": "layers", "feature": "features", "row": "rows", "cell": "cells",
    "part": "parts", "ring": "rings", "vertex": "vertices", "element": "elements",
}  # fmt: skip
COLUMNS = ("row", "key", "column", "action", "value", "reason")
#: More remarks than these nobody looks through: what they are about is no slip of some rows.
MOST_REMARKS = 100_000
#: So many rows of one kind are named.
MOST_ROWS_NAMED = 5
#: So many choices are told of a list that is refused.
MOST_CHOICES = 3


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
    pieces
        How many rows or cells are meant.
    """

    row: int
    key: str
    column: str
    action: Action
    value: str
    reason: str
    pieces: int = 1


class Balance(NamedTuple):
    """What became of all pieces of one kind: those taken are those used, noted and refused."""

    piece: Piece
    taken: int
    used: int
    noted: int
    refused: int

    @property
    def lost(self) -> int:
        """Return how many pieces are not accounted for; below zero when some were counted twice."""
        return self.taken - self.used - self.noted - self.refused

    def __str__(self) -> str:
        """Return the balance as a line, such as ``rows: in 46 = used 41 + noted 3 + refused 2``."""
        ends = f"used {self.used:,} + noted {self.noted:,} + refused {self.refused:,}"
        lost = f" + not used {self.lost:,}" if self.lost else ""
        return f"{PIECES[self.piece]}: in {self.taken:,} = {ends}{lost}"


@dataclass
class Report:
    """All remarks on one list, in the order in which they were made, and the account of its pieces.

    Examples
    --------
    >>> report = Report()
    >>> report.take("row", 3)
    >>> report.add("dropped", "no position printed; it cannot be placed", row=4, piece="row")
    >>> report.use("row", 2)
    >>> print(*report.account())
    rows: in 3 = used 2 + noted 1 + refused 0
    >>> report.settle("list.csv")
    """

    remarks: list[Remark] = field(default_factory=list)
    taken: Counter[Piece] = field(default_factory=Counter)
    used: Counter[Piece] = field(default_factory=Counter)
    noted: Counter[Piece] = field(default_factory=Counter)
    refused: Counter[Piece] = field(default_factory=Counter)
    #: What is being read, for messages.
    what: str = ""

    def add(
        self, action: Action, reason: str, *, row: int = 0, key: str = "", column: str = "", value: str = "",
        piece: Piece | None = None, pieces: int = 1,
    ) -> None:  # fmt: skip
        """Append one remark; a long value is cut to 200 characters.

        With `piece`, so many `pieces` of that kind end here: they are not in the result, and this remark says why.

        Raises
        ------
        InputError
            When there are more remarks than anybody looks through.
        """
        if len(self.remarks) >= MOST_REMARKS:
            raise InputError(
                f"{self.what}: more than {MOST_REMARKS:,} remarks on rows and cells, up to row {row}: {reason[:80]}; "
                "expected a list of which most rows are sound: mend them, map another column, or cut the list"
            )
        self.remarks.append(Remark(row, key, column, action, value[:200], reason, pieces))
        if piece:
            self.note(piece, pieces)

    def take(self, piece: Piece, n: int = 1) -> None:
        """Count pieces that the parser met, before anything is known of their use."""
        self.taken[piece] += n

    def use(self, piece: Piece, n: int = 1) -> None:
        """Count pieces that are in the result."""
        self.used[piece] += n

    def note(self, piece: Piece, n: int = 1) -> None:
        """Count pieces that end with a remark made on what holds them, such as the cells of a row that is dropped."""
        self.noted[piece] += n

    def refuse(self, piece: Piece, n: int = 1) -> None:
        """Count pieces that end as a fault."""
        self.refused[piece] += n

    def account(self) -> list[Balance]:
        """Return what became of the pieces, a balance a kind, large ones first; kinds never met are left out."""
        ledgers = (self.taken, self.used, self.noted, self.refused)
        return [
            Balance(piece, *(ledger[piece] for ledger in ledgers))
            for piece in PIECES
            if any(ledger[piece] for ledger in ledgers)
        ]

    def settle(self, what: str) -> None:
        """Do nothing when every piece taken is used, noted or refused.

        Raises
        ------
        CheckError
            When a sum does not meet; the message names `what` was read and each balance that is off.
        """
        off = [balance for balance in self.account() if balance.lost]
        if off:
            told = "; ".join(f"{balance} ({balance.lost:+,})" for balance in off)
            raise CheckError(
                f"{what}: the account of what was read does not meet: {told}; a fault of the reader, not of the file: "
                "the list is not used, please report it"
            )

    @contextmanager
    def settling(self, what: str) -> Iterator[None]:
        """Settle the account when a read ends; a read that is refused carries the account as far as it came.

        Raises
        ------
        CheckError
            As :meth:`settle`.
        InputError
            Whatever the read raises, with the account in its ``account``, and with what was chosen before that and an
            option could say otherwise.
        """
        self.what = what
        try:
            yield
        except InputError as error:
            error.account = tuple(map(str, self.account()))
            chosen = dict.fromkeys(one.reason for one in self.remarks if "; say --" in one.reason)
            error.args = ("\n  ".join([str(error), *list(chosen)[:MOST_CHOICES]]),)
            raise
        self.settle(what)

    def __iter__(self) -> Iterator[Remark]:
        """Iterate over the remarks."""
        return iter(self.remarks)

    def __len__(self) -> int:
        """Return how many remarks there are."""
        return len(self.remarks)

    def counts(self) -> dict[str, int]:
        """Return how many rows or cells were dropped, mended and noted."""
        counted = dict.fromkeys(("dropped", "mended", "noted"), 0)
        for remark in self.remarks:
            counted[remark.action] += remark.pieces
        return counted

    def frame(self) -> pd.DataFrame:
        """Return the remarks as a table with columns row, key, column, action, value, reason."""
        return pd.DataFrame([vars(remark) for remark in self.remarks], columns=list(COLUMNS))
