"""`camps growth`: how much, by which estimator, and on how many sites it rests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

import camps
from camps import plots, settings
from camps.cli.app import app, example
from camps.cli.output import TableFormat, deliver_table
from camps.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


PLOT_FORMS = (".svg", ".png")
#: More lines than these cannot be told apart in a curve, and cannot be read as a ranking.
MOST_CURVES, MOST_RANKED = 7, 60
_TITLES = {"buildings": "Number of buildings", "area_m2": "Built-up area", "compound_area_m2": "Compound area"}


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
        "camps growth --by tier",
        "camps growth --source aspi-xjdp-v1 --metric buildings --estimator held --format json",
        "camps growth --by tier --plot growth.svg",
        "camps growth --source aspi-xjdp-v1 --base 2018",
        "camps growth --onset",
    )
)
def growth(
    source: Annotated[
        str | None, typer.Option(help="Source of the counts or footprints; see 'camps sources list'.")
    ] = None,
    metric: Annotated[Metric, typer.Option(help="What is measured.")] = Metric.buildings,
    estimator: Annotated[Estimator, typer.Option(help="How sites are added up.")] = Estimator.chain,
    by: Annotated[str | None, typer.Option(help="Group by tier, admin1, admin2, system or site.")] = None,
    base: Annotated[str | None, typer.Option(help="Date whose index is 100 [default: the first].")] = None,
    onset: Annotated[bool, typer.Option("--onset", help="Print instead between which looks it all began.")] = False,
    form: Annotated[TableFormat, typer.Option("--format", help="Form of the answer.")] = TableFormat.table,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of the screen.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it as well, into this .svg or .png.")] = None,
) -> None:
    """Print how much the camps grew, one row a date (and group), with its interval and the sites it rests on.

    `naive` adds what was seen and falls when fewer sites are looked at; `held` keeps each site's last value; `panel`
    and `chain` alone measure growth. A number that rests on fewer than ten sites is suppressed, never zero; where that
    leaves no index at all because the base was hardly looked at, the bases that would do are named.
    """
    if plot is not None and plot.suffix.lower() not in PLOT_FORMS:
        raise InputError(f"--plot {plot}: expected a file ending in {' or '.join(PLOT_FORMS)}")
    if onset and by is not None:
        raise InputError(f"--onset --by {by}: the onset is that of all sites together; leave out --by")
    values = camps.growth.values(source, metric=metric.value)
    measured = all(map(camps.footprints.is_series, values["source_id"].unique()))
    alone = measured and by in {None, "site"}
    if base is not None and (onset or alone):
        raise InputError(f"--base {base}: there is no index here that needs one; leave it out")
    table = values if alone else None
    if onset:
        table = _onset(values, measured, metric)
    elif table is None:
        table = _aggregate(values, by, estimator, base)
    if plot is not None:
        figure = _onset_figure(table, values, measured) if onset else _figure(table, values, by)
        plots.write_figure(figure, plot, forms=[plot.suffix.lower()[1:]])
    deliver_table(table, form, out)
    if plot is not None:
        print(plot, file=sys.stderr)


def _aggregate(values: pd.DataFrame, by: str | None, estimator: Estimator, base: str | None) -> pd.DataFrame:
    if by is not None and by != "site" and by not in values:
        known = [name for name in ("tier", "admin1", "admin2", "system") if name in values]
        raise InputError(f"--by {by}: no such group; expected one of {', '.join([*known, 'site'])}")
    table = camps.growth.aggregate(values, by=by, estimator=estimator.value, base=base)
    if by != "site" and table.groupby("group")["index"].count().le(1).any():
        for line in _other_bases(values, by, estimator, base or str(table["t"].iloc[0])):
            print(line, file=sys.stderr)
    return table


def _other_bases(values: pd.DataFrame, by: str | None, estimator: Estimator, base: str) -> Iterator[str]:
    """Yield a line for each group that has no index with this base and would have one with another."""
    for group, rows in camps.growth.bases(values, by=by, estimator=estimator.value).groupby("group", sort=False):
        now = rows[rows["base"].eq(base)].iloc[0]
        better = rows[rows["n_dates"].eq(rows["n_dates"].max())]
        # From nothing there is the 100 of the base alone.
        if now["n_dates"] <= 1 < better["n_dates"].iloc[0]:
            few = now["n_observed"] < settings.MIN_MATCHED_SITES
            why = f"{now['n_observed']} of {now['n_sites']} sites were seen" if few else "nothing was counted"
            them = " or ".join(better["base"])
            yield f"{group}: no index, as {why} at the base {base}; it has one with --base {them}"


def _onset(values: pd.DataFrame, measured: bool, metric: Metric) -> pd.DataFrame:
    """Return between which looks sites began, or where footprints tell them apart, buildings and their area."""
    if not measured or metric is Metric.compound_area_m2:
        return camps.growth.onset(camps.growth.site_onsets(values))
    tracks = camps.change.follow(camps.footprints.load(values["source_id"].iloc[0])).tracks
    return camps.growth.onset(tracks, weight="area_m2" if metric is Metric.area_m2 else None)


def _onset_figure(table: pd.DataFrame, values: pd.DataFrame, measured: bool) -> Figure:
    metric = values["metric"].iloc[0]
    what = {"buildings": "buildings and blocks begun", "area_m2": "built-up area begun"}.get(metric, "sites begun")
    what = what if measured else "sites begun"
    return plots.onset_distribution(table, title="When building began", what=what, note=_cited(values))


def _figure(table: pd.DataFrame, values: pd.DataFrame, by: str | None) -> Figure:
    note = _cited(values)
    title = _TITLES[values["metric"].iloc[0]] + (f" by {by}" if by else "")
    if "unit" in table:
        names = camps.catalogue.load().set_index("site_id")["name_en"].dropna().to_dict()
        return plots.series_curve(table, title=title, names=names, note=note)
    # A site alone has no interval and no index of many sites: its values are ranked.
    measure: Literal["index", "value"] = "index" if table["index"].notna().any() else "value"
    names = {name: f"{by} {name}" for name in table["group"]} if by == "tier" else {}
    groups = table["group"].nunique()
    if groups <= MOST_CURVES and by != "site":
        return plots.growth_curve(table, measure=measure, title=title, names=names, note=note)
    if groups > MOST_RANKED:
        raise InputError(f"--plot: {groups} groups, expected at most {MOST_RANKED} that can be read; group by less")
    first, last = table["t"].iloc[0], table["t"].iloc[-1]
    return plots.slope_chart(table, first, last, measure=measure, title=title, names=names, note=note)


def _cited(values: pd.DataFrame) -> str:
    cited = [camps.sources.entry(source_id).citation for source_id in dict.fromkeys(values["source_id"])]
    return f"Source: {'; '.join(cited)}"
