"""From a shot, or any map, to a folder of frames with its papers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from camps import files, provenance
from camps.errors import InputError
from camps.film import records, timecode
from camps.film.canvas import Transport
from camps.film.frames import Filming, Progress, page_sums
from camps.film.movie import write_movie
from camps.film.plan import Plan, plan_frames
from camps.film.shot import Shot
from camps.film.stage import FilmPage
from camps.film.subject import Subject, build_subject, with_pages


@dataclass(frozen=True)
class RenderResult:
    """What a render left on disk.

    Attributes
    ----------
    folder
        The delivery, ``CODE_vNNN``.
    frames
        The pictures asked for, in order.
    movie
        The H.264 proxy, or ``None`` when none was asked for or the frames are not all there.
    n_drawn, n_kept
        Frames drawn in this run, and frames that were there and still right.
    """

    folder: Path
    frames: tuple[Path, ...]
    movie: Path | None
    n_drawn: int
    n_kept: int


def render(
    subject: Subject,
    out: str | Path,
    *,
    shot: Shot | None = None,
    drive: str | None = None,
    layers: Mapping[date, Any] | None = None,
    hosts: Sequence[str] = (),
    numbers: Iterable[int] | None = None,
    workers: int = 1,
    cluster: str | None = None,
    movie: bool = True,
    transport: Transport = "file",
    progress: Progress | None = None,
) -> RenderResult:
    """Film a shot, or any map, into ``out/CODE_vNNN`` and return what is there.

    Frames that are on disk, verified, and show what is asked for are kept; a run that was killed is thus continued by
    running it again, and gives the same bytes as one that ran through.

    Parameters
    ----------
    subject
        A shot from `read_shot` or `build_shot`; or any `folium.Map`, a page, or a function that makes a map for each
        date, together with `shot`.
    out
        Folder of the deliveries.
    shot
        Size, rate, time and camera of a film of a map that somebody brings, from `build_shot` or
        `build_shot_of_dates`. Without camera keys a map keeps its own view.
    drive
        JavaScript, ``(map, day, date) => {…}``, called before each frame of a folium map; in any order, and more
        than once for some, so what it shows may depend on nothing but these.
    layers
        Layers of a folium map by date: each is shown from its date on until the next one's.
    hosts
        Hosts that the map may reach while it is filmed; none by default.
    numbers
        Frame numbers to render; by default all.
    workers
        Browsers side by side. Any number gives the same bytes. A map that is read from the screen keeps one core
        busy, and is faster with two browsers; one of ours is not, unless there are more than two cores.
    cluster
        Address of a Dask scheduler whose workers see `out` under the same path; ``None`` to work here.
    movie
        Whether to write the H.264 proxy once all frames are there.
    transport
        How pixels leave the browser; ``"file"`` falls back to ``"socket"`` by itself.
    progress
        Called with frames done, frames in all, and a line of text.

    Raises
    ------
    InputError
        When the shot does not fit its map, a number is not one of its frames, or the disk refuses or is full.
    MissingError
        When no headless Chromium is found, or a map links a script that does not travel with the suite.
    RenderError
        When the page is not whole, a picture is not what it has to be, or a frame takes the browser down three times.
    """
    plan, page = _planned(subject, shot, drive=drive, layers=layers, hosts=hosts)
    wanted = _wanted(plan, numbers)
    filming = Filming(plan, page, Path(out) / folder_name(plan.shot), transport=transport, progress=progress)
    filming.keep(wanted)
    drawn = filming.draw(workers=workers, cluster=cluster)
    complete = len(filming.rows) == len(plan.numbers)
    _write_papers(filming, complete=complete)
    proxy = _proxy(filming) if movie and complete else None
    return RenderResult(filming.folder, tuple(map(filming.path, wanted)), proxy, drawn, len(wanted) - drawn)


def _planned(subject: Subject, shot: Shot | None, **driven: Any) -> tuple[Plan, FilmPage]:
    film = subject if isinstance(subject, Shot) else shot
    if film is None:
        raise InputError("a map alone does not say what to film; give shot = build_shot({…}) or build_shot_of_dates(…)")
    page, ground = build_subject(subject, **driven)
    plan = plan_frames(film, ground)
    return (plan, page) if isinstance(page, FilmPage) else with_pages(plan, page, driven["hosts"])


def build_plan(shot: Shot) -> Plan:
    """Return what a render of a shot would draw, without drawing: frames, dates, camera, disk.

    Raises
    ------
    InputError
        When the shot does not fit its map.
    """
    return plan_frames(shot, build_subject(shot)[1])


def folder_name(shot: Shot) -> str:
    """Return the name of the folder of a delivery."""
    return f"{shot.code}_v{shot.version:03d}"


def _wanted(plan: Plan, numbers: Iterable[int] | None) -> list[int]:
    wanted = list(plan.numbers if numbers is None else numbers)
    if beyond := [n for n in wanted if n not in plan.shot.numbers]:
        first, last = plan.numbers[0], plan.numbers[-1]
        raise InputError(
            f"frames {', '.join(map(str, beyond[:5]))}: the shot has frames {first}-{last}; choose among these"
        )
    return wanted


def _write_papers(filming: Filming, *, complete: bool) -> None:
    folder, rows = filming.folder, filming.rows.values()
    _remove_strangers(filming)
    records.write_frames_csv(folder / "frames.csv", rows)
    records.write_checksums(folder / "checksum.txt", rows)
    files.write_json(folder / "manifest.json", manifest(filming, complete=complete))
    (folder / records.JOURNAL).unlink(missing_ok=True)


def _remove_strangers(filming: Filming) -> None:
    """Remove pictures that no row speaks of, such as the tail of a shot that was longer once."""
    ours = {filming.path(number) for number in filming.rows}
    pictures = (filming.folder / filming.layer).glob(f"{filming.plan.shot.code}_{filming.layer}_v*.png")
    for picture in pictures:
        if picture not in ours:
            picture.unlink()


def manifest(filming: Filming, *, complete: bool) -> dict[str, Any]:
    """Return what a graphics team needs to know of a delivery; the same shot gives the same manifest."""
    shot, plan = filming.plan.shot, filming.plan
    return {
        "shot": shot.code,
        "title": shot.title,
        "version": shot.version,
        "width": shot.size[0],
        "height": shot.size[1],
        "pixel_aspect": 1,
        "fps_num": shot.rate.numerator,
        "fps_den": shot.rate.denominator,
        "first_frame": plan.numbers[0],
        "last_frame": plan.numbers[-1],
        "complete": complete,
        "start_timecode": timecode.timecode(0, shot.rate),
        "drop_frame": timecode.drops(shot.rate),
        "crs": "EPSG:3857 view of EPSG:4326 data; zoom of 256-pixel tiles on a picture of 1080 lines",
        "camera": [
            [n, s.get("lon"), s.get("lat"), s.get("zoom")] for n, s in zip(plan.numbers, plan.states, strict=True)
        ],
        "passes": [
            {
                "name": filming.layer,
                "files": f"{filming.layer}/{shot.code}_{filming.layer}_v{shot.version:03d}.%04d.png",
                "bit_depth": shot.bit_depth,
                "alpha": "straight" if shot.background == "transparent" else "none",
                "colour": "sRGB",
                "order": 1,
                "operator": "over",
            }
        ],
        "readout": filming.page.readout,
        "page_sha256": page_sums(filming.page),
        "software": provenance.software(),
    }


def _proxy(filming: Filming) -> Path:
    path = filming.folder / "proxy" / f"{filming.folder.name}.mp4"
    frames = [filming.path(number) for number in filming.plan.numbers]
    if filming.n_drawn or not path.is_file():
        write_movie(frames, path, rate=filming.plan.shot.rate, told=filming.tell_movie)
    return path
