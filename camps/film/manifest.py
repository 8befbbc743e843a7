"""The manifest of a delivery or a render: for machines, all that a graphics team and a verifier need to know of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from camps import embedded, files, provenance, sources
from camps.errors import InputError
from camps.film import keys, movie, timecode
from camps.film.movie import Movie
from camps.film.passes import LAYERS, PassInfo, what_shows
from camps.film.plan import VIEW, Plan
from camps.film.shot import Shot, build_shot
from camps.film.stage import FilmPage

MANIFEST = "manifest.json"

_LIGHT = "half float, linear light, primaries and white of ITU-R BT.709 (chromaticities in the file)"


def build_manifest(
    plan: Plan, passes: Mapping[str, PassInfo], page: FilmPage, *, of_shot: bool, complete: bool = True
) -> dict[str, Any]:
    """Return what every manifest says; the same shot gives the same.

    Parameters
    ----------
    plan, passes, page
        The frames, the passes delivered, and the page that drew them.
    of_shot
        Whether the map is that of the shot, so that the shot is enough to draw all again.
    complete
        Whether all frames of the plan are there.
    """
    shot = plan.shot
    return {
        "shot": shot.code, "title": shot.title, "version": shot.version,
        "width": shot.size[0], "height": shot.size[1], "pixel_aspect": 1,
        "fps_num": shot.rate.numerator, "fps_den": shot.rate.denominator,
        "first_frame": plan.numbers[0], "last_frame": plan.numbers[-1], "n_frames": len(plan.numbers),
        **cut_entries(shot, plan.numbers),
        "complete": complete,
        "start_timecode": start_timecode(plan), "drop_frame": timecode.drops(shot.rate),
        "passes": [_pass_entry(plan, info) for info in passes.values()],
        "crs": "EPSG:3857 view of EPSG:4326 data; zoom of 256-pixel tiles on a picture of 1080 lines",
        "camera": [
            [n, *(s.get(name) for name in (VIEW if shot.turns else VIEW[:3]))]
            for n, s in zip(plan.numbers, plan.states, strict=True)
        ],
        "data_sha256": keys.page_sums(page),
        "shot_table": shot_table(shot) if of_shot else None,
        "software": provenance.software(),
        **sources.told_edition(),
    }  # fmt: skip


def cut_entries(shot: Shot, numbers: Sequence[int]) -> dict[str, Any]:
    """Return which of some frames of a shot, one after the other, are the cut, and how many lie before and after it."""
    first, last = max(numbers[0], shot.cut[0]), min(numbers[-1], shot.cut[-1])
    return {
        "handles": {"before": first - numbers[0], "after": numbers[-1] - last},
        "cut_first_frame": first, "cut_last_frame": last,
    }  # fmt: skip


def start_timecode(plan: Plan) -> str:
    """Return the timecode of the first frame of a plan."""
    return plan.timecode(0)


def _pass_entry(plan: Plan, info: PassInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "shows": what_shows(info),
        "files": info.pattern,
        "bit_depth": 16 if info.in_light else plan.shot.bit_depth,
        "alpha": "premultiplied" if info.in_light and info.alpha == "straight" else info.alpha,
        "colour": _LIGHT if info.in_light else "sRGB (IEC 61966-2-1), tagged with an sRGB chunk",
        "language": info.language,
        "made_of": list(info.made_of),
        "order": LAYERS.index(info.layer) + 1 if info.layer else None,
        "operator": "over" if info.layer else None,
    }


def movie_entry(folder: Path, one: Movie) -> dict[str, Any]:
    """Return what a movie says of itself, read back, with its sum and the key of the frames in it."""
    facts = movie.read_movie(one.path)
    return {
        "file": one.path.relative_to(folder).as_posix(), "shows": one.shows.name, "kind": one.kind,
        "codec": facts.codec, "profile": facts.profile, "pixel_format": facts.pixel_format,
        "colour": "bt709, studio range", "alpha": "straight" if one.kind in movie.WITH_ALPHA else "none",
        "timecode": facts.timecode, "n_frames": facts.n_frames,
        "fps_num": facts.rate.numerator, "fps_den": facts.rate.denominator,
        "frames_sha256": one.key, "sha256": files.sha256(one.path),
        "carries_record": embedded.read(one.path) is not None,
    }  # fmt: skip


def holds_movie(folder: Path, one: Movie) -> bool:
    """Return whether the movie that lies there is, by the manifest beside it, made of just these frames."""
    try:
        entries = read_manifest(folder).get("movies") or []
    except InputError:
        return False
    name = one.path.relative_to(folder).as_posix()
    return any(
        (entry.get("file"), entry.get("frames_sha256")) == (name, one.key)
        and files.has_sha256(one.path, str(entry.get("sha256")))
        for entry in entries
        if isinstance(entry, dict)
    )


def shot_table(shot: Shot) -> dict[str, Any]:
    """Return a shot as a shot file has it, so that `read_shot_table` gives it back."""
    content = shot.model_dump(mode="python", by_alias=True, exclude={"source"}, exclude_none=True)
    table: dict[str, Any] = json.loads(json.dumps(content, default=str))
    return table


def read_shot_table(content: Mapping[str, Any], folder: Path) -> Shot | None:
    """Return the shot of a manifest, or ``None`` where it filmed a map that somebody brought.

    Raises
    ------
    InputError
        When what it says is no shot.
    """
    table = content.get("shot_table")
    if not isinstance(table, dict):
        return None
    return build_shot(table, what=f"{folder / MANIFEST}: shot_table")


def require_edition(folder: Path) -> None:
    """Require that what lies in a folder is of the edition that is read now, so that no folder holds two.

    Raises
    ------
    InputError
        When it is of another.
    """
    held, now = read_manifest(folder), sources.told_edition()
    if held and held.get("edition") != now.get("edition"):
        which = "the public edition, under restrictions.toml as it was" if held.get("edition") else "all of it"
        raise InputError(f"{folder}: holds the film of another edition ({which}); name another folder with --out")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder; an empty one where there is none.

    Raises
    ------
    InputError
        When it is not a manifest.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    with files.readable(path):
        text = path.read_bytes()
    try:
        content = json.loads(text.decode("utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); film the shot again") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: not the manifest of a delivery; film the shot again")
    return content
