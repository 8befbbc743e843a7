"""Tables as a reader wants them: drawn on the screen, or as JSON, CSV or Parquet, on stdout or in a file."""

from __future__ import annotations

import json
import math
import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from camps import files, record
from camps.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

#: What would act on a terminal, or turn its text round, instead of being read.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
#: Columns that repeat the same value down a table; JSON, CSV and Parquet keep them.
NOT_ON_SCREEN = ("draws", "seed", "estimator", "source_id")


class TableFormat(StrEnum):
    """How a table is printed or written."""

    table = "table"
    json = "json"
    csv = "csv"
    parquet = "parquet"


Form = Annotated[TableFormat, typer.Option("--format", help="Form of the answer.")]
Out = Annotated[Path | None, typer.Option(help="Write to this file instead of the screen.")]


def deliver_table(
    table: pd.DataFrame, form: TableFormat, out: Path | None, *, shown: pd.DataFrame | None = None
) -> None:
    """Print a table in the form asked for, or write it to `out` and print the path; as a table `shown` stands for it.

    Raises
    ------
    InputError
        When a Parquet table is asked for on the screen, or the disk refuses.
    """
    table = shown if form is TableFormat.table and shown is not None else table
    if form is TableFormat.parquet or (out and out.suffix == ".parquet"):
        _write_parquet(table, out)
        return
    text = {TableFormat.json: _as_json, TableFormat.csv: _as_csv}.get(form, _as_text)(table)
    if out is None:
        sys.stdout.write(text)
    else:
        say(files.write_text(out, text))


def _write_parquet(table: pd.DataFrame, out: Path | None) -> None:
    if out is None:
        raise InputError("--format parquet: a Parquet table is no text; name a file with --out FILE.parquet")
    with files.replacing(out) as temporary:
        table.to_parquet(temporary, index=False)
    say(out)


def _as_json(table: pd.DataFrame) -> str:
    rows = [{name: _plain(value) for name, value in row.items()} for row in table.to_dict("records")]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: null for unknown, a whole number without a point, at most six decimals."""
    if value is None or (isinstance(value, float) and math.isnan(value)) or type(value).__name__ == "NAType":
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        value = round(value, 6)
        return int(value) if value.is_integer() else value
    return value


def _as_csv(table: pd.DataFrame) -> str:
    return record.csv_text(table)


def _as_text(table: pd.DataFrame) -> str:
    table = table.drop(columns=[name for name in NOT_ON_SCREEN if name in table])
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in table.columns:
        numeric = table[name].dtype.kind in "iuf" or str(table[name].dtype) in {"Int64", "Float64"}
        drawn.add_column(_as_it_is(str(name)), justify="right" if numeric else "left", overflow="fold")
    for row in table.itertuples(index=False):
        drawn.add_row(*(_as_it_is(_cell(value)) for value in row))
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    with console.capture() as captured:
        console.print(drawn)
    return captured.get()


def _as_it_is(text: str) -> Text:
    """Return text that is drawn letter by letter: brackets are no markup, and no control reaches the terminal."""
    return Text(visible(text))


def visible(text: str) -> str:
    """Return text with its control characters written out as Python writes them, line ends and tabs apart."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def say(what: object, *, file: IO[str] | None = None, end: str = "\n") -> None:
    """Print what is meant for a reader: titles, names and reports of other people may hold what acts on a terminal."""
    print(visible(str(what)), file=file or sys.stdout, end=end)


def _cell(value: Any) -> str:
    plain = _plain(value)
    if plain is None:
        return "–"
    return f"{plain:,.2f}" if isinstance(plain, float) else str(plain)
