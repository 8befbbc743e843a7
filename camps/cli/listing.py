"""`camps sources` and `camps sites`: the published lists, and the places they name."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import pandas as pd
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

import camps
from camps.cli.app import command, subgroup
from camps.cli.output import Form, Out, TableFormat, deliver_table, say
from camps.errors import CheckError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd

    from camps.catalogue.exporting import SiteFormat
    from camps.sources import Remark

#: Remarks on reading that are shown when a list is added; `camps sources show ID --remarks` shows all.
MOST_REMARKS = 8

#: Delimiters that a command line cannot print well.
_CHECKED = (
    "{linked} links, {found} of them among the {stated} stated pairs: precision {precision:.4f}, recall {recall:.4f}"
)
_COMPARED = (
    "{shared} shared: {same} same, {moved} moved by more than 1 m (at most {most_moved_m:.2f} m), {changed} changed; "
    "{dropped} dropped, {added} added"
)
_DELIMITERS = {"tab": "\t", "\\t": "\t"}

group = subgroup(
    "sources",
    "The published lists: which are registered, which are here, how they differ and how they hang together.",
)

Ids = Annotated[list[str] | None, typer.Argument(help="Ids of sources [default: all].")]


@command("camps sources list", "camps sources list --format json", name="list", group=group)
def list_sources(form: Form = TableFormat.table, out: Out = None) -> None:
    """Print the register: each source, who published it, under which terms, and whether it is here."""
    table = camps.sources.listing()
    deliver_table(table, form, out, shown=table[["id", "title", "publisher", "date", "licence", "state"]])


@command("camps sources fetch", "camps sources fetch my-list --archive", group=group)
def fetch(
    source_ids: Ids = None,
    archive: Annotated[
        bool, typer.Option("--archive", help="Keep page and files as answered now, in geodata/archives (WACZ).")
    ] = False,
) -> int:
    """Fetch the files of sources into the cache, each checked against its SHA-256.

    What is bundled, mirrored or cached is checked and not fetched again; a broken download goes on where it stopped.
    Without a network what is missing is said, and the rest goes on; the exit status is then 1. A file with another sum
    stops the run and both sums are named. With `--archive` page and files are asked for again, and every answer is kept
    with its time and sum in geodata/archives.csv; nothing is put in its place later.
    """
    if archive:
        kept = camps.sources.archive(source_ids or ())
        say("\n".join(f"{one.state:<8} {one.source_id} {one.url}: {one.detail}" for one in kept))
        return int(any(one.state != "kept" for one in kept))
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        fetched = camps.sources.fetch(source_ids or (), progress=_Bytes(bar))
    for one in fetched:
        say(f"{one.state:<8} {one.source_id}/{one.name}: {one.detail}")
    return int(any(one.state == "missing" for one in fetched))


class _Bytes:
    """Shows the bytes of one file after another as they come in."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, source_id: str, name: str, done_bytes: int, total_bytes: int) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bar.add_task(f"{source_id}/{name}", total=total_bytes or None)
        self._bar.update(self._tasks[name], completed=done_bytes, total=total_bytes or None)


@command("camps sources verify", group=group)
def verify(source_ids: Ids = None, form: Form = TableFormat.table, out: Out = None) -> int:
    """Check each registered file that is here, and each archive, against its SHA-256; status 1 when one differs."""
    archives = camps.sources.verify_archives()
    of_these = archives[archives["source_id"].isin(source_ids)] if source_ids else archives
    table = pd.concat([camps.sources.verify(source_ids or ()), of_these], ignore_index=True)
    deliver_table(table, form, out, shown=table[["source_id", "name", "state"]])
    differs = table[table["state"] == "differs"]
    if len(differs):
        row = differs.iloc[0]
        raise CheckError(f"{row['path']}: SHA-256 is {row['actual']}, expected {row['expected']}; restore or fetch it")
    return 0


@command("camps sources show my-list", "camps sources show my-list --missing --format csv", group=group)
def show(
    source_id: Annotated[str, typer.Argument(help="Id of a list.")],
    remarks: Annotated[
        bool, typer.Option("--remarks", help="Print every row and cell dropped, mended or noted instead.")
    ] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="Print how often each column says N/A, #N/A, ? or nothing instead.")
    ] = False,
    form: Form = TableFormat.table,
    out: Out = None,
) -> None:
    """Print a list in a few figures: rows, sites, shared points, areas, what was dropped or mended, and its datum."""
    source = camps.sources.read(source_id)
    if remarks:
        table = source.report.frame()
    elif missing:
        table = camps.sources.missing_cells(source.raw)
    else:
        table = camps.sources.summarise(source, trusted=camps.catalogue.trusted())
    deliver_table(table, form, out)


class Reader(StrEnum):
    """What a file holds."""

    sites = "sites"
    footprints = "footprints"


@command(
    "camps sources add ngo.xlsx --id ngo-2024 --map lat=Latitude --map lon=Longitude --map name_en=Site", group=group
)
def add(
    file: Annotated[
        Path, typer.Argument(help="CSV, TSV, XLSX, XLS, ODS, KML, KMZ, GeoJSON, GPKG, SHP in a ZIP, GeoParquet.")
    ],
    source_id: Annotated[str, typer.Option("--id", help="Id to register it under, such as ngo-2024.")],
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="FIELD=COLUMN, such as lat=Latitude, or FIELD= for none; the rest is guessed. METRIC.DATE=COLUMN, "
            r"'prisoners.\*=prisoners_\*' or peak.opened=COLUMN for values, group.NAME=COLUMN to group by.",
        ),
    ] = None,
    long: Annotated[
        str | None, typer.Option(help="Columns of a long table: place, date and value, such as camp,year,prisoners.")
    ] = None,
    values: Annotated[
        Path | None, typer.Option(help="The long table, where it is a file of its own; its places are the list's ids.")
    ] = None,
    title: Annotated[str, typer.Option(help="Title as it will be cited.")] = "",
    publisher: Annotated[str, typer.Option(help="Who published it.")] = "not stated",
    licence: Annotated[str, typer.Option(help="Its terms.")] = "not stated",
    date: Annotated[str, typer.Option(help="When it was published, EDTF.")] = "XXXX",
    datum: Annotated[str, typer.Option(help="wgs84, gcj02, bd09 or unknown.")] = "unknown",
    encoding: Annotated[str | None, typer.Option(help="Encoding of the text, such as gb18030 or cp1251.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="One character that parts the columns, or tab.")] = None,
    decimal: Annotated[str | None, typer.Option(help="Decimal mark of the numbers: , or .")] = None,
    null: Annotated[
        list[str] | None, typer.Option(help="A text that means nothing in this list, such as NA; again for more.")
    ] = None,
    date_order: Annotated[
        str | None, typer.Option(help="Order of day, month and year in dates of numbers: dmy, mdy or ymd.")
    ] = None,
    edtf: Annotated[bool, typer.Option("--edtf", help="Dates are EDTF: 2020-21 is the spring of 2020.")] = False,
    century: Annotated[
        int | None, typer.Option(help="First of the hundred years of two-digit years: 1900, or 1950 for 1950 to 2049.")
    ] = None,
    header_row: Annotated[int | None, typer.Option(help="Number of the row of column names in the file.")] = None,
    header_rows: Annotated[int | None, typer.Option(help="How many rows of column names there are: 1 or 2.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    layer: Annotated[str | None, typer.Option(help="Layer of a geographic file.")] = None,
    crs: Annotated[str | None, typer.Option(help="CRS of a file that states none, such as EPSG:32645.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show how it is read and register nothing.")] = False,
    reader: Annotated[Reader, typer.Option(help="What it holds: a list of sites, or footprints.")] = Reader.sites,
    looks: Annotated[Path | None, typer.Option(help="Footprints: CSV of which scene covered which site.")] = None,
    scenes: Annotated[Path | None, typer.Option(help="Footprints: CSV of the scenes they were seen in.")] = None,
    coverage: Annotated[Path | None, typer.Option(help="Footprints: where a building would have been seen.")] = None,
    gsd_m: Annotated[float | None, typer.Option("--gsd", help="Footprints: pixel of the images, metres.")] = None,
    refused: Annotated[
        str | None, typer.Option(help="Footprints: raise, or drop an outline that no repair mends.")
    ] = None,
    seen: Annotated[str | None, typer.Option("--seen", help="Footprints: date of all of them, EDTF.")] = None,
    edge_sd: Annotated[
        float | None, typer.Option(help="Footprints: metres (standard deviation) that one edge is off for itself.")
    ] = None,
    edge_bias: Annotated[
        float | None, typer.Option(help="Footprints: metres that all edges of a date are off together [default: 0.8].")
    ] = None,
) -> None:
    """Register a local file as a source, with its SHA-256, and show its first rows as they will be read.

    What a list does not say by itself is found, and said; an option tells it, and is kept in the register.
    """
    told = {
        "encoding": encoding, "delimiter": _DELIMITERS.get(delimiter or "", delimiter), "decimal": decimal,
        "null": null, "header_row": header_row, "header_rows": header_rows, "sheet": sheet, "layer": layer, "crs": crs,
        "date_order": date_order, "edtf": edtf or None, "century": century,
        "long": camps.sources.parse_long(long) if long else None,
    }  # fmt: skip
    options = {name: value for name, value in told.items() if value is not None}
    if reader is Reader.footprints:
        strange = [name for name in options if name not in camps.footprints.OPTIONS]
        if strange:
            raise InputError(f"--{strange[0].replace('_', '-')}: for lists of sites, not footprints; leave it out")
        paths = {"footprints": file, "looks": looks, "scenes": scenes, "coverage": coverage}
        seen_so = {
            "gsd_m": gsd_m,
            "observed_on": seen,
            "refused": refused,
            "edge_sd_m": edge_sd,
            "edge_bias_m": edge_bias,
            "columns": camps.sources.parse_mapping(mapping or ()),
        }
        kept = options | {name: value for name, value in seen_so.items() if value not in (None, {})}
        about = camps.sources.About(title, publisher, date, licence=licence, datum="wgs84", options=kept)
        _add_footprints(source_id, {role: path for role, path in paths.items() if path}, about, dry_run=dry_run)
        return
    about = camps.sources.About(
        title=title, publisher=publisher, licence=licence, date=date, datum=datum,
        mapping=camps.sources.parse_mapping(mapping or ()),
        options=options, values_file=values,
    )  # fmt: skip
    take = camps.sources.prepare if dry_run else camps.sources.add
    try:
        added = take(file, source_id, about, trusted=camps.catalogue.trusted())
    except InputError as error:
        _say_account(error.account if dry_run else ())
        raise
    rows = added.first_rows()
    exactly = {name: rows[name].map("{:.6f}".format) for name in ("lat", "lon")}
    deliver_table(rows.assign(**exactly), TableFormat.table, None)
    say(f"{len(added.source.records)} rows read as {source_id}{'; nothing was registered' if dry_run else ''}")
    _say_account(map(str, added.source.report.account()))
    _say_remarks(list(added.source.report))
    if added.datum is not None:
        say(f"datum: {added.datum}")
        if added.datum.datum not in {datum, "unknown", "wgs84"}:
            say(f"the positions are shifted: add the list with --datum {added.datum.datum}, and they are undone")


@command("camps sources remove ngo-2024", group=group)
def remove(source_id: Annotated[str, typer.Argument(help="Id of a list that was added.")]) -> None:
    """Undo `camps sources add`: take the entry out of the register and the copy out of the record."""
    camps.sources.remove(source_id)
    say(f"{source_id}: removed from the register; its file was copied, and stays where it came from")


def _say_account(balances: Iterable[str]) -> None:
    for balance in balances:
        say(balance)


def _add_footprints(source_id: str, paths: dict[str, Path], about: camps.sources.About, *, dry_run: bool) -> None:
    take = camps.footprints.prepare if dry_run else camps.footprints.add
    series = take(source_id, paths, about)
    shown = series.footprints[["site_id", "observed_on", "kind", "area_m2", "track_id"]]
    deliver_table(pd.DataFrame(shown).head(), TableFormat.table, None)
    nothing = "; nothing was registered" if dry_run else ""
    say(f"{len(series.footprints)} footprints in {len(series.scenes)} scenes read as {source_id}{nothing}")
    for row in series.repairs.head(MOST_REMARKS).to_dict("records"):
        say(f"{row['action']}, {row['source_file']} row {row['source_row']}: {row['reason']}")


def _say_remarks(remarks: list[Remark]) -> None:
    for remark in remarks[:MOST_REMARKS]:
        where = f"row {remark.row}" if remark.row else "the whole list"
        say(f"{remark.action}, {where}{f', {remark.column}' if remark.column else ''}: {remark.reason}")
    if len(remarks) > MOST_REMARKS:
        say(f"… and {len(remarks) - MOST_REMARKS} more remarks")


@command(
    "camps sources link my-list other-list --ignore-references --format csv",
    "camps sources link my-list other-list --check",
    group=group,
)
def link(
    left: Annotated[str, typer.Argument(help="Id of one list.")],
    right: Annotated[str, typer.Argument(help="Id of the other.")],
    ignore_references: Annotated[
        bool, typer.Option("--ignore-references", help="Leave out the numbers that the lists print of one another.")
    ] = False,
    conflicts: Annotated[bool, typer.Option("--conflicts", help="Print what the two disagree on instead.")] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Link by position alone; print what is lost of the printed numbers, and why."),
    ] = False,
    form: Form = TableFormat.table,
    out: Out = None,
) -> None:
    """Print which record of one list is which of the other: distance, score and the reasons.

    What the two disagree on is listed and never averaged away; `geodata/decisions.csv` overrides, and is cited.
    """
    if check:
        _deliver_check(left, right, form, out)
        return
    links = camps.catalogue.link(left, right, ignore_references=ignore_references)
    columns = ["left_key", "right_key", "distance_m", "score", "reason"]
    deliver_table(links.conflicts if conflicts else links.links[columns], form, out)


def _deliver_check(left: str, right: str, form: TableFormat, out: Path | None) -> None:
    checked = camps.catalogue.check(left, right)
    deliver_table(checked, form, out, shown=checked[checked["outcome"] != "found"])
    say(_CHECKED.format(**camps.catalogue.figures(checked)), file=sys.stderr)


@command("camps sources diff my-list-2020 my-list-2021", group=group)
def diff(
    before: Annotated[str, typer.Argument(help="Id of the earlier edition.")],
    after: Annotated[str, typer.Argument(help="Id of the later edition.")],
    form: Form = TableFormat.table,
    out: Out = None,
) -> None:
    """Print what became of each entry between two editions of a list: same, moved, changed, added or dropped."""
    changes = camps.catalogue.diff(before, after)
    deliver_table(changes, form, out, shown=changes[changes["change"] != "same"])
    say(_COMPARED.format(**camps.catalogue.summarise_diff(changes)), file=sys.stderr)


class SiteForm(StrEnum):
    """How sites are written."""

    table = "table"
    geojson = "geojson"
    gpkg = "gpkg"
    csv = "csv"
    parquet = "parquet"
    kml = "kml"


@command("camps sites --country Russia --system labour-camp", "camps sites --source my-list --format gpkg --out a.gpkg")
def sites(
    source: Annotated[
        list[str] | None, typer.Option(help="Lists to take the sites from [default: the record's].")
    ] = None,
    system: Annotated[list[str] | None, typer.Option(help="Only this system; may be given again.")] = None,
    country: Annotated[list[str] | None, typer.Option(help="Only this country; may be given again.")] = None,
    tier: Annotated[list[int] | None, typer.Option(help="Only this tier; may be given again.")] = None,
    date: Annotated[str | None, typer.Option(help="Only sites not known to be closed or unopened then, EDTF.")] = None,
    bounds: Annotated[str | None, typer.Option("--box", help="west,south,east,north in degrees.")] = None,
    form: Annotated[SiteForm, typer.Option("--format", help="Form of the answer.")] = SiteForm.table,
    out: Out = None,
) -> None:
    """Print or write the sites, with coordinates as published and as used, their uncertainty and their sources."""
    chosen = camps.catalogue.select(
        camps.catalogue.load(*(source or ())),
        system=system or (), country=country or (), tier=tier or (), date=date, box=_box(bounds),
    )  # fmt: skip
    if form is SiteForm.table and out is None:
        shown = ["site_id", "name_en", "country", "admin1", "system", "tier", "lat_published", "lon_published", "r95_m"]
        deliver_table(chosen[[*shown, "status"]], TableFormat.table, None)
    else:
        _deliver_sites(chosen, form, out)


def _deliver_sites(chosen: gpd.GeoDataFrame, form: SiteForm, out: Path | None) -> None:
    wanted = None if form is SiteForm.table else cast("SiteFormat", form.value)
    if out is not None:
        say(camps.catalogue.write_sites(chosen, out, format=wanted))
        return
    if form in {SiteForm.gpkg, SiteForm.parquet}:
        raise InputError(f"--format {form.value}: this is no text; name a file with --out FILE.{form.value}")
    sys.stdout.buffer.write(camps.catalogue.render_sites(chosen, wanted or "csv"))


def _box(text: str | None) -> tuple[float, float, float, float] | None:
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"--box {text}: expected west,south,east,north in degrees, such as 73,34,97,50") from error
    return west, south, east, north
