"""The command line: the same words as the library, one line on stderr when something is wrong.

Exit status 0 when all went well, 1 when a check failed, 2 for input that cannot be used, 130 when stopped by hand.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

import camps
from camps import files
from camps.errors import CampsError, InputError

if TYPE_CHECKING:
    import pandas as pd

MOST_FAULTS_ON_A_LINE = 3
FOOTPRINTS = "dabancheng"
#: Columns that repeat the same value down a table; JSON, CSV and Parquet keep them.
NOT_ON_SCREEN = ("draws", "seed", "estimator", "source_id")

app = typer.Typer(
    name="camps",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Measure, map, film and evidence the growth of detention camps.\n\n"
    "Works offline on the record that travels with the suite; the published lists join in when they are fetched "
    "('camps sources fetch') or served from a mirror (CAMPS_MIRROR=FOLDER).\n\n"
    "Start with **camps build**, which makes everything in exports/.",
    epilog="Exit status: 0 done, 1 a check failed, 2 input that cannot be used. 'camps --debug …' shows the trace.",
)


class Estimator(StrEnum):
    """How sites are added up when not all of them were looked at."""

    naive = "naive"
    held = "held"
    panel = "panel"
    chain = "chain"


class Metric(StrEnum):
    """What is measured; the three are never mixed."""

    buildings = "buildings"
    area_m2 = "area_m2"
    compound_area_m2 = "compound_area_m2"


class TableFormat(StrEnum):
    """How a table is printed or written."""

    table = "table"
    json = "json"
    csv = "csv"
    parquet = "parquet"


def _example(*lines: str) -> str:
    return "Example: " + "   ".join(f"`{line}`" for line in lines)


@app.callback()
def _options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole trace when something goes wrong.")] = False,
) -> None:
    context.obj = {"debug": debug}


# ── the main job ─────────────────────────────────────────────────────────────────────────────────────────────────


@app.command(epilog=_example("camps build", "CAMPS_MIRROR=../shared/data camps build"))
def build(
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only this stage and what it needs; may be given again.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make everything again, changed or not.")] = False,
) -> None:
    """Make everything in exports/: tables, growth, maps, film, notebooks, appendix, index.

    A second run makes only what changed or was deleted.
    """
    camps.build.build(only=only or [], force=force, report=camps.build.display(sys.stderr))


# ── growth ───────────────────────────────────────────────────────────────────────────────────────────────────────


@app.command(
    epilog=_example(
        "camps growth --by tier", "camps growth --source aspi-xjdp-v1 --metric buildings --estimator held --format json"
    )
)
def growth(
    source: Annotated[
        str | None, typer.Option(help="Source of the counts or footprints; see 'camps sources list'.")
    ] = None,
    metric: Annotated[Metric, typer.Option(help="What is measured.")] = Metric.buildings,
    estimator: Annotated[Estimator, typer.Option(help="How sites are added up.")] = Estimator.chain,
    by: Annotated[str | None, typer.Option(help="Group by tier, admin1, admin2, system or site.")] = None,
    form: Annotated[TableFormat, typer.Option("--format", help="Form of the answer.")] = TableFormat.table,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of the screen.")] = None,
) -> None:
    """Print how much the camps grew, one row a date (and group), with its interval and the sites it rests on.

    `naive` adds what was seen and falls when fewer sites are looked at; `held` keeps each site's last value; `panel`
    and `chain` alone measure growth. A number that rests on fewer than ten sites is suppressed, never zero.
    """
    values = camps.growth.values(source, metric=metric.value)
    measured = set(values["source_id"]) == {FOOTPRINTS}
    table = values if measured and by in {None, "site"} else _aggregate(values, by, estimator)
    _deliver_table(table, form, out)


def _aggregate(values: pd.DataFrame, by: str | None, estimator: Estimator) -> pd.DataFrame:
    if by is not None and by != "site" and by not in values:
        known = [name for name in ("tier", "admin1", "admin2", "system") if name in values]
        raise InputError(f"--by {by}: no such group; expected one of {', '.join([*known, 'site'])}")
    return camps.growth.aggregate(values, by=by, estimator=estimator.value)


def _deliver_table(table: pd.DataFrame, form: TableFormat, out: Path | None) -> None:
    if form is TableFormat.parquet or (out and out.suffix == ".parquet"):
        _write_parquet(table, out)
        return
    text = {TableFormat.json: _as_json, TableFormat.csv: _as_csv}.get(form, _as_text)(table)
    if out is None:
        sys.stdout.write(text)
    else:
        print(files.write_text(out, text))


def _write_parquet(table: pd.DataFrame, out: Path | None) -> None:
    if out is None:
        raise InputError("--format parquet: a Parquet table is no text; name a file with --out FILE.parquet")
    with files.replacing(out) as temporary:
        table.to_parquet(temporary, index=False)
    print(out)


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
    return table.to_csv(index=False, lineterminator="\n")


def _as_text(table: pd.DataFrame) -> str:
    table = table.drop(columns=[name for name in NOT_ON_SCREEN if name in table])
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in table.columns:
        numeric = table[name].dtype.kind in "iuf" or str(table[name].dtype) in {"Int64", "Float64"}
        drawn.add_column(str(name), justify="right" if numeric else "left", overflow="fold")
    for row in table.itertuples(index=False):
        drawn.add_row(*(_cell(value) for value in row))
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    with console.capture() as captured:
        console.print(drawn)
    return captured.get()


def _cell(value: Any) -> str:
    plain = _plain(value)
    if plain is None:
        return "–"
    return f"{plain:,.2f}" if isinstance(plain, float) else str(plain)


# ── running it ───────────────────────────────────────────────────────────────────────────────────────────────────


def main() -> None:
    """Run the command line and end the process with its exit status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status; what is wrong is one line on stderr."""
    try:
        status = app(arguments, prog_name="camps", standalone_mode=False)
    except typer.Exit as error:
        return int(error.exit_code)
    except typer.TyperException as error:
        # Called without a command, the help has been printed and there is nothing to add.
        return _complain(_usage_problem(error), 2) if str(error) else 2
    except (KeyboardInterrupt, typer.Abort):
        return _complain("stopped; run the same command again to continue", 128 + signal.SIGINT)
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; Python must not complain about it on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except CampsError as error:
        return _complain(_on_one_line(str(error)), error.exit_status, error)
    return status if isinstance(status, int) else 0


def _usage_problem(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "camps"
    message = " ".join(error.format_message().split()) if hasattr(error, "format_message") else str(error)
    message = message.replace("Value error, ", "")
    return f"{message.rstrip('.')}; '{command} --help' lists what there is"


def _on_one_line(message: str) -> str:
    head, *lines = message.splitlines()
    shown = [line.strip() for line in lines[:MOST_FAULTS_ON_A_LINE]]
    if len(lines) > len(shown):
        shown.append(f"and {len(lines) - len(shown)} more ('camps --debug …' lists them)")
    return ": ".join([head, " | ".join(shown)]) if shown else head


def _complain(message: str, status: int, error: BaseException | None = None) -> int:
    if error is not None and "--debug" in sys.argv:
        traceback.print_exception(error, file=sys.stderr)
    print(f"camps: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    main()
