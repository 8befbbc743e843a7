"""`camps growth`: how much, by which estimator, and on how many sites it rests."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import camps
from camps.cli.app import app, example
from camps.cli.output import TableFormat, deliver_table
from camps.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


FOOTPRINTS = "dabancheng"


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


@app.command(
    epilog=example(
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
    deliver_table(table, form, out)


def _aggregate(values: pd.DataFrame, by: str | None, estimator: Estimator) -> pd.DataFrame:
    if by is not None and by != "site" and by not in values:
        known = [name for name in ("tier", "admin1", "admin2", "system") if name in values]
        raise InputError(f"--by {by}: no such group; expected one of {', '.join([*known, 'site'])}")
    return camps.growth.aggregate(values, by=by, estimator=estimator.value)
