"""`camps imagery`: satellite scenes of a site, from a catalogue or a folder, and what can be measured on them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

import camps
from camps.cli.app import command, subgroup
from camps.cli.output import Form, Out, TableFormat, deliver_table, say


class Warp(StrEnum):
    """How control points place a picture."""

    affine = "affine"
    tps = "tps"


group = subgroup(
    "imagery",
    "Satellite scenes of a site: found in a catalogue or added from a file, read, and turned into built-up area.",
)

Site = Annotated[str, typer.Argument(help="Id of a site, such as my-list-17.")]
Start = Annotated[str, typer.Option("--from", help="First date, EDTF, such as 2017.")]
End = Annotated[str, typer.Option("--to", help="Last date, EDTF, such as 2020.")]
Catalogue = Annotated[
    str, typer.Option("--source", help="STAC catalogue: earth-search, planetary-computer, an address, or a folder.")
]
Cloud = Annotated[float, typer.Option("--cloud", help="Most cloud, per cent of the scene.")]
Radius = Annotated[float, typer.Option("--radius", help="Half the side of the window, in metres.")]
Bands = Annotated[
    str | None,
    typer.Option("--bands", help="Bands to read where a scene has them, with commas [default: what extract needs]."),
]
Licence = Annotated[str, typer.Option("--licence", help="Terms of the scenes, where the catalogue states none.")]
Credit = Annotated[str, typer.Option("--attribution", help="The line on each picture; {year} is the scene's.")]


@command("camps imagery list", "camps imagery list --format csv", name="list", group=group)
def list_scenes(form: Form = TableFormat.table, out: Out = None) -> None:
    """Print every registered scene: sensor, date, ground sample distance, licence, and whether its picture is here."""
    table = camps.imagery.listing()
    shown = ["scene_id", "observed_on", "sensor", "gsd_m", "bands", "here", "licence"]
    deliver_table(table, form, out, shown=table[shown])


@command(
    "camps imagery add scene.tif --date 2019-05-01 --sensor 'SkySat' --licence '…' --attribution '© …'",
    "camps imagery add scan.png --bands red,green,blue,alpha --points points.csv --warp tps --dry-run …",
    group=group,
)
def add(
    picture: Annotated[Path, typer.Argument(help="GeoTIFF, JPEG 2000, JPEG or PNG.")],
    date: Annotated[str, typer.Option(help="UTC date of the image, or first/last of a composite, YYYY-MM-DD.")],
    sensor: Annotated[str, typer.Option(help="The instrument.")],
    licence: Annotated[str, typer.Option(help="Its terms, as text.")],
    attribution: Annotated[str, typer.Option(help="The line printed on every picture made from it.")],
    scene_id: Annotated[str | None, typer.Option("--id", help="Id [default: from name and date].")] = None,
    bands: Annotated[
        str | None,
        typer.Option(help="Names in the file's order, with commas; 'alpha' for a mask, '-' for one not used."),
    ] = None,
    gsd: Annotated[float | None, typer.Option(help="Ground sample distance in metres [default: its pixels].")] = None,
    nodata: Annotated[float | None, typer.Option(help="Stored number that stands for nothing.")] = None,
    scale: Annotated[float | None, typer.Option(help="Value = stored x scale + offset, not the file's.")] = None,
    offset: Annotated[float | None, typer.Option(help="Value = stored x scale + offset, not the file's.")] = None,
    crs: Annotated[str | None, typer.Option(help="CRS of the world file or the control points.")] = None,
    points: Annotated[
        Path | None, typer.Option(help="Control points as CSV: column, row, and lon, lat, or x, y in --crs.")
    ] = None,
    warp: Annotated[Warp, typer.Option(help="How control points place it: straight, or bent.")] = Warp.affine,
    tolerance: Annotated[
        float, typer.Option(help="Pixels that the control points may be missed by (root mean square).")
    ] = 2.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how it would be read, and register nothing.")] = False,
) -> None:
    """Register a picture of your own as a scene, and say how it is read; the picture stays where it is."""
    names = None if bands is None else _names(bands)
    hints = camps.imagery.Hints(names, gsd, nodata, scale, offset, crs, points, warp.value, tolerance)
    told: Any = {"observed_on": date, "sensor": sensor, "licence": licence, "attribution": attribution}
    camps.imagery.check_told(picture, scene_id=scene_id, **told)
    found = camps.imagery.describe(picture, hints)
    say("\n".join([*found.notes, found.summary]))
    if dry_run:
        return
    scene = camps.imagery.add(picture, scene_id=scene_id, hints=hints, described=found, **told)
    say(f"{scene.scene_id}: {scene.sensor}, {scene.observed_on}, {scene.gsd_m:g} m")


@command("camps imagery find my-list-17 --from 2017 --to 2020", group=group)
def find(
    site: Site,
    start: Start,
    end: End,
    source: Catalogue = "earth-search",
    cloud: Cloud = 20.0,
    radius: Radius = 1500.0,
    bands: Bands = None,
    licence: Licence = "",
    attribution: Credit = "",
) -> None:
    """Print which scenes would be read for a site, before anything is read."""
    plan = camps.imagery.find_site(
        site, start=start, end=end, source=source, cloud_percent=cloud, radius_m=radius, bands=_wanted(bands),
        licence=licence, attribution=attribution,
    )  # fmt: skip
    deliver_table(plan.table, TableFormat.table, None)
    for one in plan.left_out.itertuples():
        say(f"{one.scene_id}: left out, {one.reason}", file=sys.stderr)
    say(f"{plan.catalogue.id}: {plan.summary}")
    say(f"at most {plan.table['window_bytes'].sum() / 1e6:.1f} MB to read")


@command("camps imagery read my-list-17 --from 2017 --to 2020 --register", group=group)
def read(
    site: Site,
    start: Start,
    end: End,
    source: Catalogue = "earth-search",
    cloud: Cloud = 20.0,
    radius: Radius = 1500.0,
    bands: Bands = None,
    licence: Licence = "",
    attribution: Credit = "",
    register: Annotated[
        bool, typer.Option("--register", help="Copy the windows to geodata/scenes, for extract, maps and readings.")
    ] = False,
) -> None:
    """Read the window of a site out of each scene into the cache; only the window travels."""
    columns = (BarColumn(bar_width=32), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("", total=None)

        def progress(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=what)

        windows = camps.imagery.read_site(
            site, start=start, end=end, source=source, cloud_percent=cloud, radius_m=radius, bands=_wanted(bands),
            licence=licence, attribution=attribution, progress=progress,
        )  # fmt: skip
    counted = windows.account.set_index("scene_id")
    for scene_id, scene in windows.scenes.items():
        pixels = ", ".join(f"{str(name).replace('_', ' ')} {number}" for name, number in counted.loc[scene_id].items())
        say(f"{scene_id}: {scene.sensor}, {scene.observed_on}, {scene.gsd_m:g} m; pixels {pixels}")
    for one in windows.refused.itertuples():
        say(f"{one.scene_id}: refused, {one.reason}", file=sys.stderr)
    say(windows.summary)
    if register:
        say(f"registered: {', '.join(camps.imagery.register_windows(windows, site))}")
    else:
        say("they are in the cache; again with --register they are scenes of the record, for camps imagery extract")


@command("CAMPS_MIRROR=../shared/data camps imagery extract my-list-17", group=group)
def extract(
    site: Site,
    out: Annotated[Path | None, typer.Option(help="Folder to write [default: exports/imagery/SITE].")] = None,
    boundary: Annotated[
        Path | None,
        typer.Option(help="Polygons of the site's ground [default: its compound in the footprints, or 750 m around]."),
    ] = None,
    control: Annotated[
        Path | None, typer.Option(help="Polygons of ground on which nothing was ever built [default: the calmest].")
    ] = None,
    reference: Annotated[str | None, typer.Option(help="Id of the scene to register on [default: the last].")] = None,
    baseline: Annotated[
        list[str] | None, typer.Option(help="Id of a scene of the state before, again for more [default: the first].")
    ] = None,
    gsd: Annotated[float, typer.Option(help="Pixels to work on, metres.")] = 10.0,
    source_id: Annotated[
        str | None, typer.Option("--id", help="Id of the footprint series that it becomes [default: extracted-SITE].")
    ] = None,
    register: Annotated[
        bool, typer.Option("--register/--no-register", help="Keep what was built as a footprint series of the record.")
    ] = True,
) -> None:
    """Measure what was built at a site on the scenes that are here: area with an interval, polygons, pictures.

    What was built on each scene becomes a footprint series, for `camps growth --source ID`, maps, film and appendix.
    """
    named = camps.footprints.extracted_id(site, source_id)
    ground, said = _boundary(site, boundary)
    still = None if control is None else camps.imagery.read_boundary(control)
    found: Any = camps.imagery.extract_site(
        site, boundary=ground, control=still, baseline=baseline, reference=reference, gsd_m=gsd
    )
    say(f"boundary: {said}", file=sys.stderr)
    deliver_table(found.series, TableFormat.table, None)
    for one in found.left_out.itertuples():
        say(f"{one.scene_id}: left out, {one.reason}", file=sys.stderr)
    written = camps.imagery.write_extraction(found, out)
    say("\n".join(map(str, written)))
    if register:
        series = camps.footprints.add_extraction(found, written, named)
        say(f"{series.source_id}: {len(series.footprints)} footprints in {len(series.scenes)} scenes registered")


def _wanted(bands: str | None) -> Sequence[str]:
    return camps.imagery.DEFAULT_BANDS if bands is None else _names(bands)


def _names(bands: str) -> list[str]:
    return [name.strip() for name in bands.split(",")]


def _boundary(site: str, path: Path | None) -> tuple[Any, str]:
    """Return the ground of a site and where it comes from: a file, the last compound outlined, or none known."""
    if path is not None:
        return camps.imagery.read_boundary(path), str(path)
    for series in map(camps.footprints.load, camps.footprints.series_ids()):
        outlined = series.footprints
        walls = outlined[outlined["site_id"].eq(site) & outlined["kind"].eq("compound")]
        if len(walls):
            break
    else:
        return None, "no compound is outlined for this site; the ground within 750 m of its point stands in"
    last = walls["observed_on"].max()
    return walls[walls["observed_on"].eq(last)], f"the compound as outlined on {last}"
