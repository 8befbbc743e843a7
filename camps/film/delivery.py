"""A delivery: the folder that a graphics team opens, whole or not at all, and never overwritten.

A version that is finished has its manifest and no journal, and is left alone; one that was stopped half-way has a
journal and is continued, to the same bytes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from camps import files, maps
from camps.errors import Fault, InputError, raise_faults
from camps.film import (
    anymap,
    captions,
    checks,
    editorial,
    exr,
    keys,
    movie,
    papers,
    passes,
    records,
    sound,
    testimony,
    timecode,
    tracking,
)
from camps.film.checks import Check, Finished
from camps.film.filming import Filming, Progress, Shooting
from camps.film.licences import list_licences
from camps.film.manifest import MANIFEST, start_timecode
from camps.film.movie import Movie, MovieKind
from camps.film.passes import PassInfo
from camps.film.plan import Plan, plan_frames
from camps.film.records import FrameRecord
from camps.film.render import folder_name
from camps.film.shot import Shot
from camps.film.stage import FilmPage
from camps.film.subject import build_ground, build_map

#: Which pass each kind of movie shows: those of every delivery, and those of one that asks for them.
MOVIES: Mapping[MovieKind, str] = {"prores4444": "graphics", "prores422hq": "beauty", "proxy": "beauty"}
ON_REQUEST: Mapping[MovieKind, str] = {"webm": "graphics"}
_PROXY, _MOVIE_JOURNAL = "proxy", ".unfinished-movies.json"
_MOST_PATH = 256


@dataclass(frozen=True)
class Delivery:
    """What lies in a delivered folder.

    Attributes
    ----------
    folder
        ``CODE_vNNN``.
    passes
        The passes delivered, those made of others last.
    movies
        The movies, or none.
    report
        What was checked.
    n_drawn, n_kept
        Frames drawn in this run, and frames that were there and still right.
    n_pictures
        Pictures that the page drew; fewer than frames times passes, because what stands still is drawn once.
    left_out
        Passes that show nothing on any frame, and are not delivered.
    """

    folder: Path
    passes: tuple[PassInfo, ...]
    movies: tuple[Path, ...]
    report: tuple[Check, ...]
    n_drawn: int
    n_kept: int
    n_pictures: int
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Filmed:
    """A shot with its map as a page, and its frames."""

    plan: Plan
    page: FilmPage
    meta: Mapping[str, Any]
    scene_days: Sequence[float]


def deliver(
    shot: Shot,
    out: str | Path,
    *,
    names: Sequence[str] | None = None,
    languages: Sequence[str] = (),
    numbers: Iterable[int] | None = None,
    workers: int = 1,
    cluster: str | None = None,
    waive: Sequence[str] = (),
    movies: bool = True,
    webm: bool = False,
    progress: Progress | None = None,
) -> Delivery:
    """Deliver a shot into ``out/CODE_vNNN`` and return what is there.

    Parameters
    ----------
    shot
        From `read_shot` or `build_shot`; its version names the folder.
    out
        Folder of the deliveries.
    names
        Names of the passes; by default all.
    languages
        Languages of labels, titles and captions, besides the shot's own.
    numbers
        Frames to deliver, one after the other; by default all.
    workers
        Browsers side by side. Any number gives the same bytes.
    cluster
        Address of a Dask scheduler whose workers see `out` under the same path; ``None`` to work here.
    waive
        Names of checks that may fail; each waiver that was needed stands in the manifest.
    movies
        Whether to write the movies.
    webm
        Whether to write a WebM with alpha, for web pages.
    progress
        Called with parts done, parts in all, and a line of text.

    Raises
    ------
    InputError
        When the version is finished already, a pass, language, frame or check is not known, edit lists have no count
        at the rate of the shot, or a WebM is asked for without the pass that it shows.
    CheckError
        When a layer has no licence, before anything is drawn; or when a check fails that is not waived, and then the
        pictures stay, and running again continues.
    RenderError
        When a font lacks a character, or the page cannot be drawn.
    """
    timecode.require_counted(shot.rate)
    checks.require_known(waive)
    checks.require_licensed(list_licences(shot), waive=waive)
    checks.require_legible(shot, waive=waive)
    available, wanted = _chosen(shot, names, languages)
    kinds = _chosen_movies(wanted, movies=movies, webm=webm)
    folder = Path(out) / folder_name(shot)
    require_unfinished(folder, shot)
    filmed = _filmed(shot, numbers)
    _require_short(folder, filmed.plan, wanted)
    run = Filming(_shooting(filmed, available, wanted), folder, progress=progress)
    with files.locked(folder):
        run.keep(records.read_journal(folder))
        n_kept = len(run.records)
        n_drawn = run.draw(workers=workers, cluster=cluster)
        finished = _assemble(filmed, run, kinds, progress=progress)
        report = _sign(finished, filmed.page, waive)
    clips = tuple(one.path for one in finished.movies)
    infos = tuple(finished.passes.values())
    return Delivery(folder, infos, clips, tuple(report), n_drawn, n_kept, run.n_pictures, tuple(finished.left_out))


def plan_delivery(shot: Shot, *, numbers: Iterable[int] | None = None) -> Plan:
    """Return what a delivery of a shot would draw, without drawing."""
    return _filmed(shot, numbers).plan


def list_passes(shot: Shot, *, languages: Sequence[str] = (), names: Sequence[str] | None = None) -> list[PassInfo]:
    """Return the passes that a delivery would have, those made of others last."""
    return list(_chosen(shot, names, languages)[1].values())


def require_unfinished(folder: Path, shot: Shot) -> None:
    """Raise an InputError when a version is finished: it is never overwritten."""
    if not (folder / MANIFEST).exists() or (folder / records.JOURNAL).exists():
        return
    version = shot.version
    while (folder.parent / folder_name(shot.model_copy(update={"version": version}))).exists():
        version += 1
    raise InputError(
        f"{folder}: version {shot.version} is finished and is never overwritten; deliver the next free one: "
        f"--version {version}"
    )


def film_passes(shot: Shot, names: Sequence[str]) -> Shooting:
    """Return the shooting of some passes of a shot, as a delivery of them is."""
    return _shooting(_filmed(shot, None), *_chosen(shot, names, passes.languages_of(names)))


def _chosen(
    shot: Shot, names: Sequence[str] | None, languages: Sequence[str]
) -> tuple[dict[str, PassInfo], dict[str, PassInfo]]:
    """Return all passes of a shot, and those wanted."""
    known = maps.Words(shot.language).languages
    if strangers := [lang for lang in languages if lang not in known]:
        more = "; a record names its languages in record.toml"
        raise InputError(f"--langs {','.join(strangers)}: expected some of {', '.join(known)}{more}")
    available = passes.build_passes(shot, languages)
    return available, passes.choose_passes(available, names)


def _chosen_movies(wanted: Mapping[str, PassInfo], *, movies: bool, webm: bool) -> dict[MovieKind, str]:
    """Return which movies a delivery has, and the pass that each shows."""
    if webm and ON_REQUEST["webm"] not in wanted:
        raise InputError(f"--webm: it shows the pass {ON_REQUEST['webm']}, which is not delivered; name it in --passes")
    return {**(MOVIES if movies else {}), **(ON_REQUEST if webm else {})}


def _filmed(shot: Shot, numbers: Iterable[int] | None) -> _Filmed:
    map_: Any = build_map(shot)
    plan = _part(plan_frames(shot, build_ground(map_)), numbers)
    days = [float(scene["day"]) for scene in map_.payload.get("scenes") or ()]
    return _Filmed(plan, anymap.build_map_page(map_), map_.payload["meta"], days)


def _part(plan: Plan, numbers: Iterable[int] | None) -> Plan:
    if numbers is None:
        return plan
    wanted = list(numbers)
    if not wanted or wanted != list(range(wanted[0], wanted[-1] + 1)) or not set(wanted) <= set(plan.numbers):
        raise InputError(
            f"--range: the shot has frames {plan.numbers[0]}-{plan.numbers[-1]}; choose a run of these without a gap"
        )
    if not set(wanted) & set(plan.shot.cut):
        first, last = plan.shot.cut[0], plan.shot.cut[-1]
        raise InputError(
            f"--range: {wanted[0]}-{wanted[-1]} lies in a handle, of which edit lists show nothing; choose frames of "
            f"the cut as well, which is {first}-{last}"
        )
    first = wanted[0] - plan.numbers[0]
    return replace(plan, numbers=tuple(wanted), states=plan.states[first : first + len(wanted)])


def _require_short(folder: Path, plan: Plan, wanted: Mapping[str, PassInfo]) -> None:
    longest = max((info.file(plan.numbers[-1]) for info in wanted.values()), key=len)
    if len(str(folder.absolute() / longest)) > _MOST_PATH:
        raise InputError(f"{folder}: paths would be longer than {_MOST_PATH} characters; choose a shorter folder")


def _require_said(filmed: _Filmed, wanted: Mapping[str, PassInfo]) -> None:
    """Require what a pass says to be said in its language: the page would show another's words."""
    faults = [
        Fault(f"pass {info.name}", f"no {info.layer} in {info.language}", "the words of the map in that language",
              f"say it in map.{info.layer} of the shot, leave the language out, or name the --passes that you want")
        for info in wanted.values()
        if info.language and info.layer in {"title", "subtitle"} and info.language not in filmed.meta[info.layer]
    ]  # fmt: skip
    faults += [
        Fault(f"pass {info.name}", f"no {key} in {info.language}", "the words in that language",
              "add them, leave the language out, or name the --passes that you want")
        for info in wanted.values()
        if info.layer in {"captions", "callouts"} and info.language
        for key, words in captions.texts(filmed.plan.shot, info.layer).items()
        if isinstance(words, dict) and info.language not in words
    ]  # fmt: skip
    raise_faults(faults, filmed.plan.shot.called)


def _shooting(filmed: _Filmed, available: Mapping[str, PassInfo], wanted: Mapping[str, PassInfo]) -> Shooting:
    _require_said(filmed, wanted)
    made = {name: info for name, info in wanted.items() if info.made_of}
    drawn = passes.drawn_for(available, wanted.values())
    return Shooting(filmed.plan, filmed.page, drawn, made, tuple(wanted), tuple(filmed.scene_days))


# ── what is made of the frames ───────────────────────────────────────────────────────────────────────────────────


def _assemble(
    filmed: _Filmed,
    run: Filming,
    kinds: Mapping[MovieKind, str],
    *,
    progress: Progress | None,
) -> Finished:
    """Write all that is made of the frames, and return what lies there."""
    folder, written = run.folder, run.shooting.passes
    frames = [run.records[number] for number in filmed.plan.numbers]
    records.write_journal(folder, frames)
    _remove_strangers(folder, filmed.plan, written, kinds)
    empty = _empty_passes(folder, written, frames)
    licences = list_licences(filmed.plan.shot)
    finished = Finished(folder, filmed.plan, _without(written, empty), frames, (), licences, filmed.meta, empty)
    if kinds:
        finished = replace(finished, movies=_write_movies(finished, filmed.page, kinds, progress))
    _write_tables(finished)
    return finished


def _empty_passes(folder: Path, written: Mapping[str, PassInfo], frames: Sequence[FrameRecord]) -> tuple[str, ...]:
    """Return the passes that show nothing on any frame."""
    alike = [info for info in written.values() if len({record.sums[info.name][1] for record in frames}) == 1]
    empty = [info.name for info in alike if not _alpha(folder, info, frames[0].number).any()]
    return tuple(empty) if len(empty) < len(written) else tuple(empty[1:])


def _alpha(folder: Path, info: PassInfo, number: int) -> NDArray[Any]:
    path = folder / info.file(number)
    return exr.read_linear(path)[..., 3] if info.in_light else movie.read_picture(path)[..., 3]


def _without(written: Mapping[str, PassInfo], empty: Sequence[str]) -> dict[str, PassInfo]:
    return {
        name: replace(info, made_of=tuple(part for part in info.made_of if part not in empty))
        for name, info in written.items()
        if name not in empty
    }


def _remove_strangers(folder: Path, plan: Plan, wanted: Mapping[str, PassInfo], kinds: Mapping[MovieKind, str]) -> None:
    """Remove what an earlier, unfinished run left that asked for other passes, frames or movies."""
    ours = {folder / info.file(number) for info in wanted.values() for number in plan.numbers}
    ours |= {_movie_path(folder, kind) for kind, name in kinds.items() if name in wanted}
    pictures = folder.glob(f"*/{plan.shot.code}_*_v{plan.shot.version:03d}.*.*")
    for path in [*pictures, *folder.glob(f"{_PROXY}/{folder.name}_*")]:
        if path not in ours:
            path.unlink()
    for emptied in [path for path in folder.iterdir() if path.is_dir() and not any(path.iterdir())]:
        emptied.rmdir()


def _write_tables(finished: Finished) -> None:
    plan, name = finished.plan, finished.folder.name
    described = [record.told for record in finished.frames]
    if plan.shot.camera:
        tracking.write_tracking(finished.folder / tracking.TRACK, name, plan, described, sequences=_firsts(finished))
    order = list(finished.passes.values())
    editorial.write_editorial(finished.folder / "edit", name, plan, described, passes=order)
    sound.write_sound(finished.folder / "edit", name, plan, described)
    records.write_frame_list(finished.folder, papers.build_frame_list(finished))
    papers.write_attribution(finished)


def _firsts(finished: Finished) -> list[Path]:
    """Return the first picture of every pass that lies on code values, the lowest first, last the one to be seen."""
    coded = [info for info in finished.passes.values() if not info.in_light]
    passes = sorted(coded, key=lambda info: info is finished.shown)
    return [finished.folder / info.file(finished.plan.numbers[0]) for info in passes]


def _write_movies(
    finished: Finished, page: FilmPage, kinds: Mapping[MovieKind, str], progress: Progress | None
) -> list[Movie]:
    """Write the movies whose pass is delivered; one that was written by a stopped run and is whole is kept."""
    done = _written_movies(finished.folder)
    shot, listed = finished.plan.shot, papers.build_frame_list(finished)
    told = testimony.build(shot, listed, keys.page_sums(page), of_shot=True)
    made = []
    for kind, name in kinds.items():
        if name in finished.passes:
            record = testimony.pack(told, name, kind, start_timecode(finished.plan))
            one = _movie(finished, kind, finished.passes[name], record)
            held = done.get(one.path.name)
            if not (held and held[0] == one.key and files.has_sha256(one.path, held[1])):
                _write_one_movie(finished, one, record, progress)
                done[one.path.name] = [one.key, files.sha256(one.path)]
                files.write_json(finished.folder / _MOVIE_JOURNAL, done)
            made.append(one)
    return made


def _movie(finished: Finished, kind: MovieKind, shows: PassInfo, record: str) -> Movie:
    sums = [record.sums[shows.name][1] for record in finished.frames]
    key = movie.movie_key(kind, finished.plan.shot.rate, sums, burnt=kind == "proxy", record=record)
    return Movie(_movie_path(finished.folder, kind), kind, shows, key)


def _movie_path(folder: Path, kind: MovieKind) -> Path:
    return folder / _PROXY / f"{folder.name}_{kind}{movie.SUFFIXES[kind]}"


def _written_movies(folder: Path) -> dict[str, list[str]]:
    path = folder / _MOVIE_JOURNAL
    if not path.is_file():
        return {}
    found: dict[str, list[str]] = json.loads(path.read_text("utf-8"))
    return found


def _write_one_movie(finished: Finished, one: Movie, record: str, progress: Progress | None) -> None:
    plan, rate = finished.plan, finished.plan.shot.rate
    codes = [plan.timecode(at) for at in range(len(plan.numbers))]
    burnt = [f"{plan.shot.code}   {n}   {code}" for n, code in zip(plan.numbers, codes, strict=True)]
    frames = [finished.folder / one.shows.file(number) for number in plan.numbers]
    movie.write_movie(
        frames,
        one.path,
        rate=rate,
        kind=one.kind,
        timecode=codes[0],
        burnt=burnt if one.kind == "proxy" else (),
        record=record,
        told=_told(progress, f"writing {one.path.name}"),
    )


def _told(progress: Progress | None, text: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(done, total, text) if progress else None


# ── checks and signature ─────────────────────────────────────────────────────────────────────────────────────────


def _sign(finished: Finished, page: FilmPage, waive: Sequence[str]) -> list[Check]:
    """Check what lies there, and write the papers that make it a finished delivery."""
    folder = finished.folder
    report = checks.run_checks(finished, waive=waive)
    text = files.write_text(folder / "checks.txt", checks.report_text(report))
    files.write_json(folder / "checks.json", checks.report_json(report))
    checks.require_passed(report, text)
    for name in finished.left_out:
        shutil.rmtree(folder / name)
    papers.write_readme(finished, report)
    files.write_json(folder / MANIFEST, papers.manifest(finished, report, page))
    known = {one.file: one.sha256 for _, _, one in papers.build_frame_list(finished).pictures()}
    records.write_checksums(folder, known)
    for journal in (_MOVIE_JOURNAL, records.JOURNAL):
        (folder / journal).unlink(missing_ok=True)
    return report
