"""From a shot, or any map, to a folder of frames with its papers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from camps import files, tables
from camps.errors import Fault, InputError, raise_faults
from camps.film import keys, manifest, records, testimony
from camps.film.filming import Filming, Progress, Shooting
from camps.film.movie import Movie, movie_key, write_movie
from camps.film.passes import PassInfo, whole_pass
from camps.film.plan import Plan, plan_frames
from camps.film.records import FrameRecord
from camps.film.ring import Transport
from camps.film.shot import Shot
from camps.film.stage import WAIT_S, FilmPage
from camps.film.subject import Subject, build_subject, with_pages


@dataclass(frozen=True, repr=False)
class RenderResult(tables.Shown):
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

    @property
    def summary(self) -> str:
        """Return what is on disk as one line."""
        return f"{self.folder}, {len(self.frames)} frames, {self.n_drawn} drawn and {self.n_kept} kept"

    @property
    def table(self) -> pd.DataFrame:
        """Return one row a file: name, bytes."""
        made = [*self.frames, *([self.movie] if self.movie else [])]
        return pd.DataFrame({"name": [one.name for one in made], "bytes": [one.stat().st_size for one in made]})


def render(
    subject: Subject,
    out: str | Path,
    *,
    shot: Shot | None = None,
    drive: str | None = None,
    layers: Mapping[date, Any] | None = None,
    hosts: Sequence[str] = (),
    furniture: bool = False,
    wait_s: float = WAIT_S,
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
        Hosts that the map may reach while it is filmed, each for all its ports or, as ``"127.0.0.1:8080"``, for one;
        none by default.
    furniture
        Whether what people press and drag stays in the picture of a folium map: buttons, time sliders, drawing tools,
        the choice of layers, the search box.
    wait_s
        Seconds after which what a map waits for, such as a tile, is named as missing.
    numbers
        Frame numbers to render; by default all.
    workers
        Browsers side by side. Any number gives the same bytes. A map whose every picture is a screenshot
        (docs/anymap.md) keeps one core busy, and is faster with two browsers; any other is not, unless there are more
        than two cores.
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
    plan, page = _planned(subject, shot, drive=drive, layers=layers, hosts=hosts, furniture=furniture, wait_s=wait_s)
    wanted = _wanted(plan, numbers)
    shooting = _shooting(plan, page)
    (shown,) = shooting.passes.values()
    filming = Filming(shooting, Path(out) / folder_name(plan.shot), transport=transport, progress=progress)
    with files.locked(filming.folder):
        manifest.require_edition(filming.folder)
        filming.keep(_earlier(filming.folder), wanted)
        drawn = filming.draw(workers=workers, cluster=cluster)
        complete = len(filming.records) == len(plan.numbers)
        of_shot = isinstance(subject, Shot)
        proxy = _proxy(filming, shown, of_shot, progress) if movie and complete else None
        _write_papers(filming, shown, proxy, of_shot=of_shot, complete=complete)
    frames = tuple(filming.path(shown.name, number) for number in wanted)
    return RenderResult(filming.folder, frames, proxy.path if proxy else None, drawn, len(wanted) - drawn)


def film_whole(shot: Shot) -> Shooting:
    """Return the shooting of a shot that is drawn whole, as a render of it is."""
    return _shooting(*_planned(shot, None))


def _shooting(plan: Plan, page: FilmPage) -> Shooting:
    shown = whole_pass(plan.shot)
    return Shooting(plan, page, {shown.name: shown}, written=(shown.name,))


def _earlier(folder: Path) -> Iterator[FrameRecord]:
    """Yield what earlier runs left in a folder: the frames of its list, then those of a run that was stopped."""
    if not records.is_of_another_release(folder):
        yield from (frame.record() for frame in records.read_frame_list(folder).frames.values())
    yield from records.read_journal(folder)


def _planned(subject: Subject, shot: Shot | None, **driven: Any) -> tuple[Plan, FilmPage]:
    film = subject if isinstance(subject, Shot) else shot
    if film is None:
        raise InputError("a map alone does not say what to film; give shot = build_shot({…}) or build_shot_of_dates(…)")
    page, ground = build_subject(subject, **driven)
    plan = plan_frames(film, ground)
    if not isinstance(page, FilmPage):
        plan, page = with_pages(plan, page, **driven)
    if page.readout != "screen":
        return plan, page
    _require_north(film)
    return plan.timed(), page


def _require_north(film: Shot) -> None:
    """Refuse to turn a map of somebody else, whose north is up whatever the camera says."""
    faults = [
        Fault(f"key camera.{i}.bearing_deg", f"{key.bearing_deg:g}", "0 on a map of somebody else", "leave it out")
        for i, key in enumerate(film.camera, 1)
        if key.bearing_deg
    ]
    raise_faults(faults, film.called)


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


def _write_papers(filming: Filming, shown: PassInfo, proxy: Movie | None, *, of_shot: bool, complete: bool) -> None:
    folder, plan = filming.folder, filming.plan
    _remove_strangers(filming, shown, proxy)
    listed = _frame_list(filming, shown)
    records.write_frame_list(folder, listed)
    page = filming.shooting.page
    content = manifest.build_manifest(plan, {shown.name: shown}, page, of_shot=of_shot, complete=complete)
    movies = [manifest.movie_entry(folder, proxy)] if proxy else []
    files.write_json(folder / manifest.MANIFEST, {**content, "readout": page.readout, "movies": movies})
    (folder / records.JOURNAL).unlink(missing_ok=True)
    records.write_checksums(folder, {one.file: one.sha256 for _, _, one in listed.pictures()})


def _frame_list(filming: Filming, shown: PassInfo) -> records.FrameList:
    states = dict(zip(filming.plan.numbers, filming.plan.states, strict=True))
    return records.build_frame_list(filming.records.values(), filming.plan.shot.rate, states, {shown.name: shown})


def _remove_strangers(filming: Filming, shown: PassInfo, proxy: Movie | None) -> None:
    """Remove pictures that no row speaks of, such as the tail of a longer shot, and a movie of other frames."""
    ours = {filming.path(shown.name, number) for number in filming.records}
    for picture in (filming.folder / shown.folder).glob(f"{shown.prefix.partition('_v')[0]}_v*.png"):
        if picture not in ours:
            picture.unlink()
    if proxy is None:
        _proxy_path(filming).unlink(missing_ok=True)


def _proxy_path(filming: Filming) -> Path:
    return filming.folder / "proxy" / f"{filming.folder.name}.mp4"


def _proxy(filming: Filming, shown: PassInfo, of_shot: bool, progress: Progress | None) -> Movie:
    """Return the movie of the frames that lie there; one of just these frames, unchanged since, is kept."""
    shot, numbers = filming.plan.shot, filming.plan.numbers
    sums = [filming.records[number].sums[shown.name][1] for number in numbers]
    page_sums = keys.page_sums(filming.shooting.page)
    record = testimony.pack(
        testimony.build(shot, _frame_list(filming, shown), page_sums, of_shot=of_shot), shown.name, "proxy"
    )
    one = Movie(_proxy_path(filming), "proxy", shown, movie_key("proxy", shot.rate, sums, record=record))
    if not manifest.holds_movie(filming.folder, one):
        frames = [filming.path(shown.name, number) for number in numbers]
        told = partial(_told, progress) if progress else None
        write_movie(frames, one.path, rate=shot.rate, record=record, told=told)
    return one


def _told(progress: Progress, done: int, total: int) -> None:
    progress(done, total, "writing the movie")
