"""`camps map` and `camps frames`: what people will see."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

import camps
from camps import style
from camps.cli.app import command
from camps.cli.output import say
from camps.errors import InputError


class MapName(StrEnum):
    """The maps that can be written."""

    sites = "sites"
    growth = "growth"
    footprints = "footprints"
    eras = "eras"
    compare = "compare"
    systems = "systems"


LookOf = Annotated[
    str | None, typer.Option("--look", help="dark, light, paper, or a look of your own (docs/looks.md).")
]


@command(
    "camps map growth --lang fr --out growth_fr.html",
    "camps map footprints --when 2018-06-10 --look light --out a.svg",
    name="map",
)
def draw_map(
    name: Annotated[MapName, typer.Argument(help="Which map.")],
    source: Annotated[
        list[str] | None,
        typer.Option(help="Lists to draw, may be given again; for `footprints` and `compare` one footprint series."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="File to write: .html, or a plate as .png, .svg or .pdf [default: exports/maps/NAME.html]."),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="What growth counts [default: what the list has most values of].")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Column that colour and shape stand for.")] = None,
    pair: Annotated[str | None, typer.Option(help="Two systems side by side, as ONE,OTHER: for `systems`.")] = None,
    lang: Annotated[
        str | None, typer.Option(help="Language of the words, such as en, ru or ar [default: the record's first].")
    ] = None,
    look: LookOf = None,
    when: Annotated[str | None, typer.Option(help="Date of a plate, such as 2018-06-10 [default: the last].")] = None,
    size: Annotated[str | None, typer.Option(help="A plate's size in mm, such as 420x297 [default: 254x143].")] = None,
    dpi: Annotated[int, typer.Option(min=1, help="Pixels an inch of a PNG or PDF.")] = 300,
    public: Public = False,
) -> None:
    """Write one map as one file that opens anywhere, without a network, or as a plate for print.

    Everything is inside: scripts, borders, data. `growth` and `footprints` carry a time slider that stops at the real
    observation dates, `eras` one through the chapters from 1938 on; `compare` is two dates with a divider to swipe;
    `systems` is the systems of record.toml with their places open a year, or with `--pair` two of them side by side.
    A plate is one date of the map: a picture (`.png`), a page (`.pdf`), or lines and letters (`.svg`).
    """
    path = out or folder_for(public, "maps") / f"{name.value}.html"
    if name is not MapName.systems and pair is not None:
        raise InputError(f"--pair {pair}: for the map of systems; leave it out")
    if path.suffix not in _PLATES and (when is not None or size is not None):
        raise InputError(f"{path}: --when and --size are for plates; name the file .png, .svg or .pdf")
    words = camps.maps.Words(lang or "", look)
    with edition_for(public) as edition:
        drawn = _draw_systems(pair, source, by, words) if name is MapName.systems else None
        drawn = drawn or _draw(name, source or (), by, metric, words)
        written = _write_drawn(drawn, path, when, size, dpi)
        say(edition.require_nothing_told(written) if edition else written)


def _write_drawn(drawn: Any, path: Path, when: str | None, size: str | None, dpi: int) -> Path:
    """Write a map as the kind of file that it is called, and return its path."""
    if path.suffix not in _PLATES:
        return Path(camps.maps.write_map(drawn, path))
    chosen: dict[str, Any] = {} if when is None else {"t": when}
    sides = map(float, _size(size, "millimetres", "420x297")) if size else ()
    paper = dict(zip(("width_mm", "height_mm"), sides, strict=bool(size)))
    return Path(camps.maps.write_plate(drawn, path, dpi=dpi, **paper, **chosen))


def _draw_systems(pair: str | None, source: Sequence[str] | None, by: str | None, words: Any) -> Any:
    if source or by:
        raise InputError(
            "map systems: its lists and colours are those of [system.ID] in record.toml; leave out --source, --by"
        )
    return camps.maps.systems_map([one.strip() for one in pair.split(",")] if pair else (), words=words)


_SIZE = re.compile(r"(\d{1,9})[xX](\d{1,9})", re.ASCII)
_SPAN = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?", re.ASCII)
_PLATES = (".png", ".svg", ".pdf")


def _draw(name: MapName, chosen: Sequence[str], by: str | None, metric: str | None, words: Any) -> Any:
    """Return a map of the sources chosen, or of those of the record."""
    maps = camps.maps
    if metric is not None and name is not MapName.growth:
        raise InputError(f"--metric {metric}: for the map of growth; leave it out")
    if name in {MapName.footprints, MapName.compare}:
        if len(chosen) > 1:
            raise InputError(f"--source {', '.join(chosen)}: one footprint series makes a map of {name.value}")
        if by is not None:
            raise InputError(f"--by {by}: a map of {name.value} draws outlines; leave it out")
        draw = maps.footprint_map if name is MapName.footprints else maps.compare_map
        return draw(camps.footprints.load(*chosen), words=words)
    if name is MapName.eras:
        _say_what_values_do_not(chosen)
        return maps.era_map(camps.catalogue.once(*chosen) if chosen else None, by=by, words=words)
    if name is MapName.sites:
        return maps.site_map(camps.catalogue.load(*chosen), by=by, words=words)
    lists = chosen or [camps.growth.fullest(metric)]
    counts = camps.catalogue.counts(*lists, metric=metric or camps.growth.metric_of(lists[0]))
    sites = camps.catalogue.load(*lists)
    return maps.growth_map(sites[sites["site_id"].isin(counts["unit"])], counts, by=by, words=words)


def _say_what_values_do_not(chosen: Sequence[str]) -> None:
    """Name the metrics that have values after their places are last known open, and how to say what that means."""
    lists = chosen or camps.record.current().heading("eras").lists or camps.catalogue.default_lists()
    for metric, n in camps.catalogue.unsaid(lists).items():
        say(
            f"{metric}: values later than the last date on which their place is known open (places: {n}); say in "
            f"record.toml, under [metric.{metric}], shows_open = true where a value shows a place open, or false",
            file=sys.stderr,
        )


def say_retracted() -> None:
    """Say how many places were retracted, for they are in nothing that is drawn or counted."""
    n_retracted = int(camps.catalogue.read_decisions()["decision"].eq("retracted").sum())
    if n_retracted:
        told = f"{n_retracted} {'place is' if n_retracted == 1 else 'places are'} retracted in geodata/decisions.csv"
        say(f"{told}: in the tables, with the reason, but neither drawn nor counted", file=sys.stderr)


#: What every command that draws is asked.
Public = Annotated[bool, typer.Option("--public", help="Leave out what geodata/restrictions.toml declares.")]


@contextmanager
def edition_for(public: bool) -> Iterator[Any]:
    """Yield the edition in which all is drawn within the block: the public one where it is asked for, or nothing."""
    say_retracted()
    if public:
        with camps.appendix.public_edition() as edition:
            yield edition
        return
    if camps.files.is_there(camps.settings.geodata() / "restrictions.toml") and camps.appendix.read_restrictions():
        say(
            "restrictions.toml holds for what is made with --public; this shows all of it, as does the record in it",
            file=sys.stderr,
        )
    yield None


def folder_for(public: bool, name: str) -> Path:
    """Return the folder of exports that something goes to by default; what is public lies apart from all the rest."""
    exports: Path = camps.settings.exports()
    return exports / "public" / name if public else exports / name


#: What every command that films a shot is asked.
ShotName = Annotated[str, typer.Argument(help="Name of a shot in shots/, or the path of a shot file.")]
Fps = Annotated[str | None, typer.Option(help="Frames a second: 25, 24000/1001, or 29.97 for 30000/1001.")]
Size = Annotated[str | None, typer.Option(help="Width and height in pixels, such as 3840x2160.")]
Span = Annotated[str | None, typer.Option("--range", help="Only these frames, such as 1001-1050.")]
Workers = Annotated[int, typer.Option(min=1, help="Browsers to film with; the bytes are the same.")]
Cluster = Annotated[
    str | None,
    typer.Option(help="Address of a Dask scheduler whose workers see --out under the same path; the same bytes."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped (the default).")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan and draw nothing.")]


@command("camps frames first --dry-run", "camps frames first --size 3840x2160 --fps 24000/1001 --range 1001-1010")
def frames(
    shot: ShotName,
    fps: Fps = None,
    size: Size = None,
    look: LookOf = None,
    span: Span = None,
    workers: Workers = 1,
    cluster: Cluster = None,
    resume: Resume = True,
    dry_run: DryRun = False,
    public: Public = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the deliveries [default: exports/frames].")] = None,
) -> None:
    """Film a shot: numbered PNG frames with checksums, a table of what each shows, and a movie to look at.

    Frames that are there and still right are kept, so a run that was stopped goes on where it was, and a change of one
    date draws only the frames that show it.
    """
    chosen = chosen_shot(shot, fps, size, look=look)
    folder = out or folder_for(public, "frames")
    with filming(chosen, public) as (progress, told):
        if dry_run:
            say(plan_text(camps.film.build_plan(chosen), workers))
            return
        result = camps.film.render(
            chosen, folder, numbers=frame_numbers(span), workers=workers, cluster=cluster, progress=progress
        )
        told(result.folder)
    say(f"{result.folder}: {result.n_drawn} frames drawn, {result.n_kept} kept")
    if result.movie:
        say(result.movie)


@contextmanager
def filming(shot: Any, public: bool) -> Iterator[tuple[Callable[[int, int, str], None], Callable[[Path], None]]]:
    """Yield what tells how far a run is, and what is to be called with its folder, in the edition asked for."""
    with edition_for(public) as edition, frame_progress() as progress:
        if edition:
            edition.require_not_aimed(shot.model_dump(), shot.called)
        yield progress, edition.require_nothing_told if edition else lambda folder: None


def chosen_shot(name: str, fps: str | None, size: str | None, **changes: Any) -> Any:
    """Return a shot at the rate and size, and with the other changes, that the command line asks for."""
    if fps is not None:
        changes["rate"] = fps
    if size is not None:
        changes["size"] = _size(size)
    given = {key: value for key, value in changes.items() if value is not None}
    shot = camps.film.read_shot(name)
    if not given:
        return shot
    return camps.film.build_shot({**shot.model_dump(mode="python", by_alias=True), **given}, what=name)


def _size(text: str, unit: str = "pixels", such_as: str = "3840x2160") -> list[int]:
    found = _SIZE.fullmatch(text)
    if not found:
        raise InputError(f"--size {text}: expected width and height in {unit}, such as {such_as}")
    return [int(found[1]), int(found[2])]


def frame_numbers(span: str | None) -> range | None:
    """Return the frames that ``--range`` names, or ``None`` for all."""
    if span is None:
        return None
    found = _SPAN.fullmatch(span)
    if not found or int(found[2] or found[1]) < int(found[1]):
        raise InputError(f"--range {span}: expected a frame or two, such as 1001-1050")
    return range(int(found[1]), int(found[2] or found[1]) + 1)


def plan_text(plan: Any, workers: int) -> str:
    """Return what a run would draw, a line each."""
    shot = plan.shot
    return "\n".join(
        [
            f"shot      {shot.title} ({shot.code}, version {shot.version})",
            f"frames    {plan.numbers[0]} to {plan.numbers[-1]}: {len(plan.numbers)}",
            *([f"cut       {plan.cut_told}"] if plan.cut_told else []),
            *([f"blur      {blur}"] if (blur := plan.blur_told) else []),
            f"duration  {plan.seconds:g} s at {shot.rate} frames/s, timecode {plan.timecode(0)}",
            f"pictures  {shot.size[0]}x{shot.size[1]}, {shot.look} look, language {shot.language}",
            *(f"type      {line}: name files of these (fonts)" for line in camps.looks.borrowed_weights(shot.look)),
            *([f"ground    none; {style.made_for(shot.look)}"] if shot.background == "transparent" else []),
            f"dates     {plan.first_date} to {plan.last_date}, {shot.mode}",
            f"sources   {', '.join(camps.film.sources_of(shot))}",
            f"disk      about {plan.disk_bytes / 1e6:.0f} MB",
            f"time      about {duration(plan.drawing_s(workers))} on a machine with two cores",
        ]
    )


def duration(seconds: float) -> str:
    """Return a time as words, in minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


@contextmanager
def frame_progress() -> Iterator[Callable[[int, int, str], None]]:
    """Yield what tells how far a run is, on a terminal only."""
    console = Console(file=sys.stderr)
    columns = (BarColumn(bar_width=32), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, message: bar.update(task, completed=done, total=total, description=message)
