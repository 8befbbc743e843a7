"""`camps deliver`: what a graphics team takes delivery of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import camps
from camps.cli.app import command
from camps.cli.output import say
from camps.cli.picturing import (
    Cluster,
    DryRun,
    Fps,
    LookOf,
    Public,
    Resume,
    ShotName,
    Size,
    Span,
    Workers,
    chosen_shot,
    duration,
    filming,
    folder_for,
    frame_numbers,
    plan_text,
)

#: What a picture that is mostly transparent takes beside an opaque one.
_TRANSPARENT = 0.1


@command(
    "camps deliver first --version 3 --langs en,fr,zh,ug --size 3840x2160",
    "camps deliver first --range 1001-1010 --waive credit",
)
def deliver(
    shot: ShotName,
    version: Annotated[
        int | None, typer.Option(min=1, max=999, help="Version of the delivery [default: the shot's].")
    ] = None,
    passes: Annotated[str, typer.Option(help="Names of passes joined by commas, or all.")] = "all",
    langs: Annotated[str, typer.Option(help="Languages of the labels joined by commas: en, fr, zh, ug.")] = "en",
    out: Annotated[Path | None, typer.Option(help="Folder of the deliveries [default: exports/deliveries].")] = None,
    size: Size = None,
    fps: Fps = None,
    look: LookOf = None,
    span: Span = None,
    bit_depth: Annotated[int | None, typer.Option(help="8 or 16 bits a channel.")] = None,
    workers: Workers = 1,
    cluster: Cluster = None,
    movies: Annotated[bool, typer.Option("--movies/--no-movies", help="Whether to write the movies.")] = True,
    webm: Annotated[bool, typer.Option("--webm", help="Write a WebM with alpha as well, for web pages.")] = False,
    waive: Annotated[
        list[str] | None, typer.Option(help="A check that may fail; it stands in the manifest. May be given again.")
    ] = None,
    resume: Resume = True,
    dry_run: DryRun = False,
    public: Public = False,
) -> None:
    """Deliver a shot: all passes, movies, tracks, edit lists and papers in one folder, checked.

    Every pass is drawn from one camera and one clock in one visit of the page. A version that is finished is never
    overwritten; one that was stopped is continued.
    """
    chosen = chosen_shot(shot, fps, size, version=version, bit_depth=bit_depth, look=look)
    with filming(chosen, public) as (progress, told):
        if dry_run:
            say(_dry_run(chosen, _list(langs), _list(passes), span, workers))
            return
        result = camps.film.deliver(
            chosen,
            out or folder_for(public, "deliveries"),
            names=_list(passes),
            languages=_list(langs),
            numbers=frame_numbers(span),
            workers=workers,
            cluster=cluster,
            waive=waive or [],
            movies=movies,
            webm=webm,
            progress=progress,
        )
        told(result.folder)
    say(_summary(result))


def _list(text: str) -> list[str]:
    return [part for part in text.replace(" ", "").split(",") if part]


def _dry_run(shot: Any, langs: list[str], names: list[str], span: str | None, workers: int) -> str:
    plan = camps.film.plan_delivery(shot, numbers=frame_numbers(span))
    listed = camps.film.list_passes(shot, languages=langs, names=names)
    opaque = sum(info.alpha == "none" for info in listed)
    disk_mb = plan.disk_bytes * (opaque + _TRANSPARENT * (len(listed) - opaque)) / 1e6
    named = ", ".join(info.name for info in listed)
    most = duration(plan.drawing_s(workers) * len(listed))
    every = f"passes    {named}\nall       about {disk_mb:.0f} MB and at most {most}, and movies"
    planned = f"{plan_text(plan, workers)}\n\n{every}"
    unstated = [entry.title for entry in camps.film.list_licences(shot) if not entry.stated]
    return "\n".join([planned, *(f"refused   no licence stated: {title}; see --waive licences" for title in unstated)])


def _summary(result: Any) -> str:
    drawn = f"{result.folder}: {result.n_drawn} frames drawn, {result.n_kept} kept, {len(result.passes)} passes"
    empty = [f"left out, as empty on every frame: {', '.join(result.left_out)}"] if result.left_out else []
    return "\n".join([drawn, *empty, *map(str, result.movies), "", camps.film.report_text(result.report).rstrip()])
