"""`camps growth`: how much, by which estimator, and on how many sites it rests."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

import camps
from camps import settings
from camps.cli.app import command
from camps.cli.country import Country, country_values, is_country
from camps.cli.output import Form, Out, TableFormat, deliver_table, say
from camps.cli.picturing import say_retracted
from camps.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


PLOT_FORMS = (".svg", ".png")
#: Columns of values beside those of every "series" table that are no groups.
_NO_GROUPS = ("status", "verbatim", "closed", "source_id")
#: More lines than these cannot be told apart in a curve, and cannot be read as a ranking.
MOST_CURVES, MOST_RANKED = 7, 60
#: So many dates that would do as a base are named.
MOST_BASES = 5


class Estimator(StrEnum):
    """How sites are added up when not all of them were looked at."""

    naive = "naive"
    held = "held"
    panel = "panel"
    chain = "chain"


@command(
    "camps growth --compare --plot systems.svg",
    "camps growth --by tier",
    "camps growth --source my-list --metric buildings --estimator held --format json",
    "camps growth --by tier --plot growth.svg",
    "camps growth --source my-list --base 2018",
    "camps growth --onset",
    "camps growth --source ms-2018.parquet,ms-2020.parquet --seen 2018-06-13,2020-09-14 --age 730 --gsd 0.5",
)
def growth(
    source: Annotated[
        str | None,
        typer.Option(
            help="Source of the counts or footprints; see 'camps sources list'. Several, or files or folders of "
            "GeoParquet, parted by commas, are releases of footprints, oldest first."
        ),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="What is counted or measured [default: what the source has most values of].")
    ] = None,
    estimator: Annotated[Estimator, typer.Option(help="How sites are added up.")] = Estimator.chain,
    by: Annotated[str | None, typer.Option(help="Group by site or any column of the values, such as tier.")] = None,
    base: Annotated[str | None, typer.Option(help="Date whose index is 100 [default: the first].")] = None,
    at: Annotated[
        str | None, typer.Option(help="Only these dates, parted by commas, whether anything was counted then or not.")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", help="Only dates that do not stand before this one.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Only dates that do not stand after this one.")] = None,
    every: Annotated[
        bool,
        typer.Option("--every", help="All dates of the values; where they are more than 40 it is the years."),
    ] = False,
    onset: Annotated[bool, typer.Option("--onset", help="Print instead between which looks it all began.")] = False,
    compare: Annotated[bool, typer.Option("--compare", help="Print places open a year, by system of camps.")] = False,
    seen: Annotated[
        str | None, typer.Option(help="Releases: the date of each, parted by commas [default: as registered].")
    ] = None,
    age: Annotated[
        int, typer.Option(help="Releases: days that their oldest images may be older than the publication.", min=0)
    ] = 0,
    gsd: Annotated[
        float | None, typer.Option(help="Releases: pixel of their images in metres [default: as registered].")
    ] = None,
    areas: Annotated[
        Path | None, typer.Option(help="Releases: polygons, such as counties, whose column --by names.")
    ] = None,
    parts: Annotated[
        Path | None,
        typer.Option(help="Releases: folder of the parts; a run goes on from there [default: growth-NAMES here]."),
    ] = None,
    workers: Annotated[int, typer.Option(help="Releases: processes of this machine.", min=1)] = 1,
    cluster: Annotated[
        str | None, typer.Option(help="Releases: a Dask scheduler, such as tcp://10.0.0.5:8786.")
    ] = None,
    form: Form = TableFormat.table,
    out: Out = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it as well, into this .svg or .png.")] = None,
) -> None:
    """Print how much the camps grew, one row a date (and group), with its interval and the sites it rests on.

    `naive` adds what was seen and falls when fewer sites are looked at; `held` keeps each site's last value; `panel`
    and `chain` alone measure growth. A number that rests on fewer than ten sites is suppressed, never zero; where that
    leaves no index at all because the base was hardly looked at, the bases that would do are named.

    `--compare` counts places, not buildings or people: `lo` are known to have been open, `hi` are those that no date
    rules out, `n_unknown` is the number of places whose opening or closing nobody states.

    Releases of footprints are worked on cell by cell, so that a country fits in memory: what changed is said first,
    then its tiles are added up as sites are. A tile that is the same as in a release before was not looked at, and is
    no "no change"; `--age` says how old images may be, which makes a date an interval.
    """
    if plot is not None and plot.suffix.lower() not in PLOT_FORMS:
        raise InputError(f"--plot {plot}: expected a file ending in {' or '.join(PLOT_FORMS)}")
    if compare:
        _deliver_comparison(form, out, plot)
        return
    if onset and by is not None:
        raise InputError(f"--onset --by {by}: the onset is that of all sites together; leave out --by")
    country = Country(str(source), seen, age, gsd, parts, areas, workers, cluster) if is_country(source) else None
    values = country_values(country, metric, by, onset=onset) if country else camps.growth.values(source, metric=metric)
    measured = not country and all(map(camps.footprints.is_series, values["source_id"].unique()))
    alone = measured and by in {None, "site"}
    if at is not None and (onset or alone):
        raise InputError(f"--at {at}: values of single sites and onsets stand at their own dates; leave it out")
    if base is not None and (onset or alone):
        raise InputError(f"--base {base}: there is no index here that needs one; leave it out")
    table = values if alone else None
    if onset:
        table = _onset(values, measured)
    elif table is None:
        dates = [one.strip() for one in at.split(",")] if at else None if every else _years(values)
        table = _aggregate(values, by, estimator, base, at=dates, drawn=plot is not None)
    table = _between(table, since, until)
    if plot is not None:
        figure = _onset_figure(table, values, measured) if onset else _figure(table, values, by)
        camps.plots.write_figure(figure, plot, forms=[plot.suffix.lower()[1:]])
    deliver_table(table, form, out)
    _say_left_out(values, country)
    if plot is not None:
        say(plot, file=sys.stderr)


def _say_left_out(values: pd.DataFrame, country: Country | None) -> None:
    """Say how many sites of each list are in no number and no denominator, as nothing of them is dated or retracted."""
    if country is not None:
        return
    say_retracted()
    for (source_id, metric), units in values.groupby(["source_id", "metric"])["unit"]:
        if source_id not in camps.sources.lists():
            continue
        n_sites, n_dated = len(camps.sources.read(source_id).sites), units.nunique()
        if n_dated < n_sites:
            told = f"{source_id}: {n_dated:,} of its {n_sites:,} sites have {metric} with a date, if only an empty cell"
            say(f"{told}; the others are in no number here", file=sys.stderr)


def _deliver_comparison(form: TableFormat, out: Path | None, plot: Path | None) -> None:
    """Print, and draw, the places open a year of each system of the record whose lists are here."""
    shown, left_out = camps.timeline.systems_here()
    for name, told in left_out.items():
        say(f"{name}: left out; {told}", file=sys.stderr)
    table = camps.timeline.compare_systems(shown)
    if plot is not None:
        lists = dict.fromkeys(source for one in shown.values() for source in one.lists)
        entries = [camps.sources.entry(name) for name in lists]
        cited = "; ".join(entry.credit for entry in entries)
        named = {name: one.name.get("en", name) for name, one in camps.record.current().systems.items()}
        lacking = "; ".join(named[name] for name in left_out)
        note = (f"Left out, no list at hand: {lacking}. " if lacking else "") + f"Sources: {cited}"
        figure = camps.plots.systems_curve(table, title="Places open, by system", names=named, note=note)
        camps.plots.write_figure(figure, plot, forms=[plot.suffix.lower()[1:]])
    deliver_table(table, form, out)


def _between(table: pd.DataFrame, since: str | None, until: str | None) -> pd.DataFrame:
    """Return the rows whose date stands within the two dates, EDTF; the beginning and the end of these days count."""
    if since is None and until is None:
        return table
    if "t" not in table:
        raise InputError("--from and --to: the onset is that of all dates together; leave them out")
    first = camps.dates.day_interval(since)[0] if since else -math.inf
    last = camps.dates.day_interval(until)[1] if until else math.inf
    shown = table[camps.dates.days(table["t"], end="standing").between(first, last)].reset_index(drop=True)
    if shown.empty:
        dates = camps.dates.in_order(table["t"].astype(str))
        raise InputError(f"--from {since} --to {until}: no date there; expected some of {dates[0]} to {dates[-1]}")
    return shown


def _aggregate(
    values: pd.DataFrame, by: str | None, estimator: Estimator, base: str | None, *, at: list[str] | None, drawn: bool
) -> pd.DataFrame:
    if by is not None and by != "site" and by not in values:
        known = [str(name) for name in values if name not in (*camps.tables.schema("series").columns, *_NO_GROUPS)]
        raise InputError(f"--by {by}: no such group; expected one of {', '.join([*known, 'site'])}")
    table = camps.growth.aggregate(values, by=by, estimator=estimator.value, base=base, at=at)
    said: list[str] = []
    if by != "site" and at is None and table.groupby("group")["index"].count().le(1).any():
        said = list(_other_bases(values, by, estimator, base or str(table["t"].iloc[0])))
    # A figure of no number is refused anyway.
    if not (said or drawn) and table[["value", "index"]].isna().all(axis=None):
        least = settings.MIN_MATCHED_SITES
        few = estimator is Estimator.held or values.loc[values["value"].notna(), "unit"].nunique() < least
        helps = "--by site --estimator naive prints what was seen" if few else "--estimator held adds up what stood"
        said = [f"no number: none rests on {least} sites seen at one of these dates; {helps}"]
    for line in said:
        say(line, file=sys.stderr)
    return table


def _years(values: pd.DataFrame) -> list[str] | None:
    """Return the years to print where values have too many dates, and say so."""
    years = camps.growth.comparable_dates(values)
    if years is not None:
        n_dates = values["t"].nunique()
        say(f"{n_dates:,} dates: printed by the year; --at DATE,… for others, --every for all", file=sys.stderr)
    return years


def _other_bases(values: pd.DataFrame, by: str | None, estimator: Estimator, base: str) -> Iterator[str]:
    """Yield a line for each group that has no index with this base and would have one with another."""
    for group, rows in camps.growth.bases(values, by=by, estimator=estimator.value).groupby("group", sort=False):
        now = rows[rows["base"].eq(base)].iloc[0]
        better = rows[rows["n_dates"].eq(rows["n_dates"].max())]
        # From nothing there is the 100 of the base alone.
        if now["n_dates"] <= 1 < better["n_dates"].iloc[0]:
            few = now["n_observed"] < settings.MIN_MATCHED_SITES
            why = f"{now['n_observed']} of {now['n_sites']} sites were seen" if few else "nothing was counted"
            more = f" or {len(better) - MOST_BASES} more dates" if len(better) > MOST_BASES else ""
            them = " or ".join(better["base"].head(MOST_BASES)) + more
            yield f"{group}: no index, as {why} at the base {base}; it has one with --base {them}"


def _onset(values: pd.DataFrame, measured: bool) -> pd.DataFrame:
    """Return between which looks sites began, or where footprints tell them apart, buildings and their area."""
    metric = values["metric"].iloc[0]
    if not measured or metric == "compound_area_m2":
        return camps.growth.onset(camps.growth.site_onsets(values))
    tracks = camps.change.follow(camps.footprints.load(values["source_id"].iloc[0])).tracks
    return camps.growth.onset(tracks, weight="area_m2" if metric == "area_m2" else None)


def _onset_figure(table: pd.DataFrame, values: pd.DataFrame, measured: bool) -> Figure:
    metric = values["metric"].iloc[0]
    what = {"buildings": "buildings and blocks begun", "area_m2": "built-up area begun"}.get(metric, "sites begun")
    what = what if measured else "sites begun"
    return camps.plots.onset_distribution(table, title="When building began", what=what, note=_cited(values))


def _figure(table: pd.DataFrame, values: pd.DataFrame, by: str | None) -> Figure:
    note = _cited(values)
    ours = camps.record.current()
    said = ours.say(ours.metric(values["metric"].iloc[0]).name, "en")
    title = said + (f" by {by.replace('_', ' ')}" if by else "")
    if "unit" in table:
        return camps.plots.series_curve(table, title=title, names=camps.catalogue.names(), note=note)
    # A site alone has no interval and no index of many sites: its values are ranked.
    measure: Literal["index", "value"] = "index" if table["index"].notna().any() else "value"
    names = {name: f"{by} {name}" for name in table["group"]} if by == "tier" else {}
    groups = table["group"].nunique()
    if groups <= MOST_CURVES and by != "site":
        return camps.plots.growth_curve(table, measure=measure, title=title, names=names, note=note)
    if groups > MOST_RANKED:
        raise InputError(f"--plot: {groups} groups, expected at most {MOST_RANKED} that can be read; group by less")
    first, last = table["t"].iloc[0], table["t"].iloc[-1]
    return camps.plots.slope_chart(table, first, last, measure=measure, title=title, names=names, note=note)


def _cited(values: pd.DataFrame) -> str:
    known = camps.sources.registry()
    cited = [known[name].citation if name in known else name for name in dict.fromkeys(values["source_id"])]
    return f"Source: {'; '.join(cited)}"
