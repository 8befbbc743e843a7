"""The moments of a film that sound is cut to, as markers that Adobe Audition imports.

References
----------
Adobe Audition, panel *Markers*: lists that it wrote, and programs of others that write such lists for it. A line is a
marker, its fields apart by tabs (Name, Start, Duration, Time Format, Type, Description), in UTF-8 with a byte order
mark; a time in the format ``decimal`` is ``M:SS.mmm``, after an hour ``H:MM:SS.mmm``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path

from camps import files
from camps.film import camera, captions, timecode
from camps.film.editorial import build_marks
from camps.film.plan import FURNITURE_FADE_S, Plan
from camps.film.shot import CameraKey, Shot, Timed
from camps.film.tracks import Described, require_frames

COLUMNS = ("Name", "Start", "Duration", "Time Format", "Type", "Description")
#: A clock that stands still for less time than this is not seen to.
LEAST_HOLD_S = 0.2

_MARKED = {"era": "chapter", "observation": "observation"}
_MILLISECONDS = 1000
#: Of a second: finer than what is written, and coarser than what sums of fractions leave over.
_PLACES = 9


@dataclass(frozen=True)
class Moment:
    """A moment of a film, and for how long goes on what begins there.

    Attributes
    ----------
    at_s, lasts_s
        Seconds of the film.
    name
        What begins or ends.
    kind
        What it is of: ``"chapter"``, ``"observation"``, ``"camera"``, ``"split"``, ``"clock"``, ``"furniture"``,
        ``"callout"``, ``"caption"`` or ``"highlight"``.
    """

    at_s: float
    name: str
    kind: str
    lasts_s: float = 0.0


def write_sound(folder: Path, name: str, plan: Plan, described: Described) -> Path:
    """Write ``NAME_sound.csv``, the moments of a shot as markers for Adobe Audition, and return its path.

    Parameters
    ----------
    folder, name
        Where the file goes, and what its name begins with.
    plan
        The shot.
    described
        What the page said of each frame, as `camps.describe()` returns it, with ``frame`` added.

    Raises
    ------
    InputError
        When frames are missing.
    """
    require_frames(plan, described)
    rows = dict.fromkeys([COLUMNS, *map(_row, build_moments(plan, described))])
    # Audition's own lists begin with this mark.
    return files.write_text(folder / f"{name}_sound.csv", "\ufeff" + "".join("\t".join(row) + "\n" for row in rows))


def build_moments(plan: Plan, described: Described) -> list[Moment]:
    """Return the moments of a shot in order of time, counted from the first frame of its film, handles among them.

    Chapters and observations are those that edit lists mark. A move of the camera or of the line of a split and a hold
    of the clock have a moment for the beginning and one for the end; furniture, callouts,
    captions and what is lit come and go.
    """
    begins_s = _seconds(plan, plan.shot.cut[0] - plan.numbers[0])
    found = [*_marked(plan), *_moved(plan), *_swept(plan.shot), *_held(plan, described), *_timed(plan)]
    moved = (replace(one, at_s=round(one.at_s + begins_s, _PLACES)) for one in found)
    ends_s = round(plan.seconds, _PLACES)
    within = [replace(one, lasts_s=min(one.lasts_s, ends_s - one.at_s)) for one in moved if 0 <= one.at_s <= ends_s]
    # What ends stands before what begins with it.
    return sorted(within, key=lambda one: (one.at_s, one.lasts_s > 0, one.kind, one.name))


def _seconds(plan: Plan, n_frames: int) -> float:
    return float(timecode.duration_s(n_frames, plan.shot.rate))


# ── moments, in seconds from the first frame of the cut ──────────────────────────────────────────────────────────────


def _since_cut(plan: Plan, at: int) -> float:
    """Return when a frame of the cut of a plan is shown, which may begin later than that of the shot."""
    return _seconds(plan, plan.cut.numbers[0] - plan.shot.cut[0] + at)


def _marked(plan: Plan) -> Iterator[Moment]:
    for mark in build_marks(plan):
        yield Moment(_since_cut(plan, mark.at), mark.text, _MARKED[mark.kind])


def _moved(plan: Plan) -> Iterator[Moment]:
    for first, last in camera.moves(plan.keys):
        start, end = plan.keys[first], plan.keys[last]
        leaves_s = None if end.ease == "step" and end.path != "curve" else start.at_s + start.hold_s
        yield from _way("camera", (leaves_s, end.at_s), _target(plan.shot.camera[last]))


def _swept(shot: Shot) -> Iterator[Moment]:
    """Yield the moves of the line between two dates."""
    for start, end in pairwise(shot.split.keys if shot.split else ()):
        if end.line != start.line:
            leaves_s = None if end.ease == "step" else start.at + start.hold
            yield from _way("split", (leaves_s, end.at), f"{end.line:.0%}")


def _way(kind: str, times_s: tuple[float | None, float], target: str) -> Iterator[Moment]:
    """Yield when something leaves for a place and reaches it; what jumps there never left."""
    leaves_s, reached_s = times_s
    if leaves_s is None:
        yield Moment(reached_s, f"{kind.capitalize()} jumps to {target}", kind)
        return
    yield Moment(leaves_s, f"{kind.capitalize()} leaves for {target}", kind, reached_s - leaves_s)
    yield Moment(reached_s, f"{kind.capitalize()} reaches {target}", kind)


def _target(key: CameraKey) -> str:
    place = key.site or key.fit or ", ".join(f"{degrees:g}" for degrees in key.centre or key.box or ())
    zoom = "" if key.zoom is None else f" at zoom {key.zoom:g}"
    return f"{place}{zoom}" + (f", turned to {key.bearing_deg:g} degrees" if key.bearing_deg else "")


def _held(plan: Plan, described: Described) -> Iterator[Moment]:
    """Yield when the clock stands still and goes on; one that never moves does neither."""
    cut, before = plan.cut, plan.handles[0]
    for _, run in groupby(range(len(cut.states)), key=lambda at: cut.states[at]["t"]):
        held = list(run)
        lasts_s, after = _seconds(plan, len(held)), held[-1] + 1
        if lasts_s < LEAST_HOLD_S or len(held) == len(cut.states):
            continue
        shown = described[before + held[0]].get("date_shown")
        yield Moment(_since_cut(plan, held[0]), f"Clock holds{f' on {shown}' if shown else ''}", "clock", lasts_s)
        if after < len(cut.states):
            yield Moment(_since_cut(plan, after), f"Clock goes on{f' from {shown}' if shown else ''}", "clock")


def _timed(plan: Plan) -> Iterator[Moment]:
    """Yield when what stands for a while begins to come, and when it begins to go."""
    for name, kind, placed in _placed(plan):
        first_s, last_s = placed.first, placed.last
        stands_s = math.inf if last_s is None else last_s - (first_s or 0)
        fades_s = min(FURNITURE_FADE_S, stands_s / (1 if first_s is None else 2))
        if first_s is not None:
            yield Moment(first_s, f"{name} comes", kind, fades_s)
        if last_s is not None:
            yield Moment(last_s - fades_s, f"{name} goes", kind, fades_s)


def _placed(plan: Plan) -> Iterator[tuple[str, str, Timed]]:
    shot = plan.shot
    layers = {str(layer): on for layer, on in shot.layers.items()}
    for piece, placed in shot.furniture.items():
        if placed.show is not False and layers.get(piece, True):
            yield piece.capitalize(), "furniture", placed
    for one in shot.callouts if layers.get("callouts", True) else ():
        yield f"Callout {shot.say(one.text)}", "callout", one
    for at, stay in plan.stays if layers.get("captions", True) else ():
        yield f"Caption {captions.words_of(shot, at)}", "caption", stay
    if shot.highlight:
        yield "Highlight", "highlight", shot.highlight


# ── as text ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _row(moment: Moment) -> tuple[str, ...]:
    first_ms, after_ms = (round(_MILLISECONDS * at_s) for at_s in (moment.at_s, moment.at_s + moment.lasts_s))
    times = (_decimal(first_ms), _decimal(after_ms - first_ms))
    return (" ".join(files.xml_text(moment.name).split()), *times, "decimal", "Cue", moment.kind)


def _decimal(time_ms: int) -> str:
    seconds, rest_ms = divmod(time_ms, _MILLISECONDS)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    whole = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{whole}:{seconds:02d}.{rest_ms:03d}"
