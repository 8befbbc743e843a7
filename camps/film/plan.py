"""What each frame of a shot shows, worked out before anything is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import pandas as pd

from camps import looks, record, tables
from camps.dates import date_of, day_of
from camps.errors import Fault, InputError, raise_faults
from camps.film import camera, captions, clock, lasting, split, timecode
from camps.film.shot import (
    CameraKey,
    ClockKey,
    ErasClock,
    Hold,
    KeysClock,
    LinearClock,
    ObservationsClock,
    Shot,
    SplitKey,
    Timed,
)

State = dict[str, Any]

#: What a view is in a state; the bearing stands in those of a shot that turns.
VIEW = ("lon", "lat", "zoom", "bearing")

#: How close a fit to all sites comes: places alone are points, and one by itself would fill the picture with nothing.
_CLOSEST_PLACES, _CLOSEST_OUTLINES = 8.5, 17.0

#: Where the line between two dates is if nobody says.
_MIDDLE = 0.5

#: Between the exposures of a frame, at 1080 lines: as far apart as a thin line and its halo are wide they still join.
_SMOOTH_PX = 6.0
#: Seconds before and after a frame whose days decide what it shows: a symbol fades over nine frames of 25 a second.
DAYS_ABOUT_S = 0.16

#: Seconds for which a film of chapters tells an event, and days before its beginning in which one is still told: a year
#: of the clock may be over in a few frames.
EVENT_S, EVENT_DAYS = 2.4, 366

#: Seconds in which a piece of furniture comes or goes: eight frames of 25 a second.
FURNITURE_FADE_S = 0.32
#: How strongly what comes and goes has to show on some frame.
_SEEN = 0.25

#: What filming the shots took on two cores: until the first frame, from then on, and what a second browser adds to it.
_START_S, _PIXELS_A_SECOND, _TWO_BROWSERS = 4.0, 50e6, 1.3


@dataclass(frozen=True)
class Ground:
    """What a shot needs to know of its map: where its sites are and when they were observed.

    Attributes
    ----------
    sites
        Longitude and latitude in degrees of each site shown, by id.
    stops
        Dates at which the observations stand, in order.
    given
        How the date of an observation is given (EDTF), by the date at which it stands.
    classes
        Ids of the classes of its sites.
    extent
        West, south, east and north in degrees of what a fit to all sites shows; ``None`` for the places themselves.
    """

    sites: Mapping[str, tuple[float, float]]
    stops: Sequence[date] = ()
    given: Mapping[date, str] = field(default_factory=dict)
    classes: frozenset[str] = frozenset()
    extent: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, repr=False)
class Plan(tables.Shown):
    """The frames of a shot before they are drawn.

    Attributes
    ----------
    numbers
        Frame numbers.
    states
        What the page is asked to draw for each, in the same order.
    first_date, last_date
        Dates of the first and last frame.
    seconds
        Length of the film.
    stops
        Dates at which the observations on the map that is filmed stand, in order.
    given
        As of :class:`Ground`.
    keys
        The keys of the camera, each with the view that it shows.
    stays
        When each caption stands.
    disk_bytes
        Estimate of what the frames take; a map of few colours takes less.
    """

    shot: Shot
    numbers: tuple[int, ...]
    states: tuple[State, ...]
    stops: tuple[date, ...] = ()
    given: Mapping[date, str] = field(default_factory=dict)
    keys: tuple[camera.Key, ...] = ()
    stays: tuple[captions.Stay, ...] = ()

    @property
    def dates(self) -> list[date]:
        """Date of each frame."""
        return [date_of(state["t"]) for state in self.states]

    def paged(self) -> Plan:
        """Return the plan with the date of each state as the name of the page that shows it."""
        states = ({**state, "page": when.isoformat()} for state, when in zip(self.states, self.dates, strict=True))
        return replace(self, states=tuple(states))

    def timed(self) -> Plan:
        """Return the plan with the seconds of the film in each state, and the day on which it begins."""
        began, times = self.states[0]["t"], map(self.shot.time_s, self.numbers)
        states = ({**state, "at": at_s, "began": began} for state, at_s in zip(self.states, times, strict=True))
        return replace(self, states=tuple(states))

    @property
    def first_date(self) -> date:
        """Date of the first frame."""
        return date_of(self.states[0]["t"])

    @property
    def last_date(self) -> date:
        """Date of the last frame."""
        return date_of(self.states[-1]["t"])

    @property
    def cut(self) -> Plan:
        """The frames of the cut alone, which an edit shows; those of the handles lie before and after them."""
        before, after = self.handles
        kept = slice(before, len(self.numbers) - after)
        return replace(self, numbers=self.numbers[kept], states=self.states[kept])

    @property
    def split_told(self) -> str:
        """Return which date is left of a line, and where this is, by the width of the picture; nothing without one."""
        if not self.shot.split:
            return ""
        shares = dict.fromkeys(f"{share:.0%}" for share in self.states[0]["swept"])
        return f"; {self.shot.split.before} left of a line at {' to '.join(shares)} of the width"

    @property
    def handles(self) -> tuple[int, int]:
        """How many frames lie before the cut, and how many after it."""
        cut = self.shot.cut
        return sum(number < cut[0] for number in self.numbers), sum(number > cut[-1] for number in self.numbers)

    @property
    def cut_told(self) -> str:
        """Return which frames the cut has, and how many lie before and after it; nothing where there are no handles."""
        before, after = self.handles
        if not (before or after):
            return ""
        cut = self.cut
        shown = f"{cut.numbers[0]} to {cut.numbers[-1]} ({len(cut.numbers)} frames, {cut.seconds:g} s)"
        return f"{shown}, with handles of {before} frames before and {after} after it"

    @property
    def blur_told(self) -> str:
        """Return how far apart the exposures of a frame lie, where the camera is fastest; nothing without any."""
        apart = [
            (max(_apart_px(self.shot, one, other) for one, other in pairwise(state["exposures"])), number)
            for number, state in zip(self.numbers, self.states, strict=True)
            if "exposures" in state
        ]
        if not apart:
            return ""
        most_px, number = max(apart, key=lambda found: round(found[0], 1))
        told = f"exposures lie at most {most_px:.1f} px apart at 1080 lines (frame {number})"
        return told if most_px <= _SMOOTH_PX else f"{told} and can be told apart: motion_blur.samples closes the gaps"

    def timecode(self, at: int) -> str:
        """Timecode of the frame at a position in the plan; one past the last is where an edit of it ends."""
        return timecode.of_frame(self.numbers[0] + at, self.shot.rate)

    @property
    def seconds(self) -> float:
        """Length of the film in seconds."""
        return float(timecode.duration_s(len(self.numbers), self.shot.rate))

    @property
    def summary(self) -> str:
        """Return how much is filmed as one line."""
        return (
            f"{self.shot.called}, {len(self.numbers)} frames, {self.seconds:g} s, {self.first_date} to "
            f"{self.last_date}, at most {self.disk_bytes / 1e6:,.0f} MB"
        )

    @property
    def table(self) -> pd.DataFrame:
        """Return one row a frame: frame, timecode, date."""
        times = [self.timecode(at) for at in range(len(self.numbers))]
        return pd.DataFrame({"frame": self.numbers, "timecode": times, "date": self.dates})

    @property
    def disk_bytes(self) -> int:
        """Disk that the frames will take, at a byte a pixel of eight bits (a map without relief takes a third)."""
        return len(self.numbers) * math.prod(self.shot.size) * self.shot.bit_depth // 8

    def drawing_s(self, workers: int = 1) -> float:
        """Estimate of the seconds that drawing takes: each browser starts once; two keep two cores busy."""
        pictures = sum(len(state.get("exposures", (1,))) for state in self.states)
        drawn_px = pictures * math.prod(self.shot.size) * self.shot.oversampling**2
        return _START_S * workers + drawn_px / (_PIXELS_A_SECOND * (1 if workers == 1 else _TWO_BROWSERS))


def plan_frames(shot: Shot, ground: Ground) -> Plan:
    """Return what each frame of a shot shows.

    Raises
    ------
    InputError
        When the shot names a site that its map does not show, holds fill the film, there is nothing to hold on, or a
        caption has no time of its own.
    """
    _require_within(shot)
    _require_seen(shot)
    _require_on_map(shot, ground)
    keys = _camera_keys(shot, ground)
    timing = _timing(shot, ground)
    spanned = _spanned(shot, timing)
    stays = captions.standing(shot, timing.day_at, FURNITURE_FADE_S)
    raise_faults(_out_of_picture(shot, ground, keys), shot.called)
    told = [
        _state(shot, keys, timing, number) | spanned
        | _pointing(shot, ground, number) | _captioned(stays, shot.time_s(number), _last_s(shot))
        for number in shot.cut
    ]  # fmt: skip
    raise_faults(split.find_unseen(shot, told, ground.sites.values()), shot.called)
    takes = [camera.n_cuts(keys, shot.time_s(number)) for number in shot.cut]
    states = _with_handles(list(_in_film_time(told, shot, takes)), shot.handles)
    return Plan(shot, tuple(shot.numbers), states, tuple(ground.stops), ground.given, tuple(keys), tuple(stays))


def _with_handles(states: Sequence[State], n_frames: int) -> tuple[State, ...]:
    """Return the states of a cut with as many more before and after it, in which all stands as at its ends."""
    return (*[states[0]] * n_frames, *states, *[states[-1]] * n_frames)


def _spanned(shot: Shot, timing: clock.Timing) -> State:
    """Return the first and the last day of a film that is split, whose words are as large as all of them allow."""
    if not shot.split:
        return {}
    days = [timing.day_at(shot.time_s(number)) for number in shot.cut]
    faults = [*split.find_faults(shot)]
    if day_of(shot.split.before) >= min(days):
        expected = f"a date before {date_of(min(days))}, the first of the film"
        faults.append(Fault("key split.before", str(shot.split.before), expected, "move it"))
    raise_faults(faults, shot.called)
    return {"spanned": [min(days), max(days)]}


def _in_film_time(states: Sequence[State], shot: Shot, takes: Sequence[int]) -> Iterator[State]:
    """Yield the states with the views and days about each, by which labels and symbols come and go in film time.

    Before the first and after the last frame the film is taken to stand still, and the camera on both sides of a cut,
    across which nobody sees anything come; a state about which nothing moves is left as it is. How long a label stays
    and fades, in frames, stands beside the views.
    """
    rate, told = shot.rate, round(EVENT_S * shot.rate)
    stay = {"stay": lasting.stay_frames(rate), "fade": lasting.fade_frames(rate)}
    most_days = round(DAYS_ABOUT_S * float(rate))
    views = list(_views_about(states, takes, lasting.about_frames(rate)))
    days = [state["t"] for state in states]
    for at, state in enumerate(states):
        about = {**({"views": views[at], **stay} if views[at] else {}), "days": _about(days, at, most_days)}
        since = {"since": days[at - told] if at >= told else days[0] - EVENT_DAYS} if shot.map.kind == "eras" else {}
        cut = {"cut": True} if at and takes[at] != takes[at - 1] else {}
        yield state | {name: listed for name, listed in about.items() if listed} | since | cut


def _views_about(states: Sequence[State], takes: Sequence[int], most: int) -> Iterator[list[Any] | None]:
    """Yield the views about each state, all of its own take: what the camera films from one cut to the next."""
    for _, run in groupby(zip(takes, states, strict=True), key=itemgetter(0)):
        views = [tuple(state[name] for name in VIEW if name in state) for _, state in run]
        yield from (_about(views, at, most) if views[0] else None for at in range(len(views)))


def _about(values: Sequence[Any], at: int, most: int) -> list[Any] | None:
    found = [*[values[0]] * (most - at), *values[max(0, at - most) : at + most + 1]]
    found += [values[-1]] * (2 * most + 1 - len(found))
    return found if found.count(found[0]) < len(found) else None


def _state(shot: Shot, keys: Sequence[camera.Key], timing: clock.Timing, number: int) -> State:
    at_s = shot.time_s(number)
    width, height = reference_size(shot)
    view = camera.view_at(keys, at_s, width_px=width) if keys else None
    return {
        "width": width, "height": height, "scale": shot.scale,
        **(dict(zip(VIEW, _listed(shot, view), strict=False)) if view else {}),
        **_exposures(shot, keys, at_s), "t": timing.day_at(at_s), **_split(shot, at_s),
        "mode": shot.mode, "lang": shot.language, "look": looks.key_of(shot.look), **_furniture(shot, at_s),
        "layers": {str(name): on for name, on in shot.layers.items()}, "background": shot.background, "safe": True,
    }  # fmt: skip


def _split(shot: Shot, at_s: float) -> State:
    """Return the earlier date that stands on the left of a line, where the line is, and between where it moves."""
    said = shot.split
    if not said:
        return {}
    keys = said.keys or (SplitKey(at=0, line=said.line or _MIDDLE),)
    lines = [key.line for key in keys]
    # The line moves by its keys as the clock does by its own: a share of the width stands where a day would.
    marks = [clock.Mark(min(key.at, _last_s(shot)), key.line, key.ease, key.hold) for key in keys]
    return {
        "t_before": day_of(said.before), "split": clock.day_at(marks, at_s), "swept": [min(lines), max(lines)],
    }  # fmt: skip


def _exposures(shot: Shot, keys: Sequence[camera.Key], at_s: float) -> State:
    """Return the views whose mean a frame shows, where the camera moves while the shutter is open."""
    blur = shot.motion_blur
    if not blur or not keys:
        return {}
    open_s = blur.shutter_deg / 360 / float(shot.rate)
    views = camera.exposures(keys, at_s, open_s, blur.samples, width_px=reference_size(shot)[0])
    moves = any(view != views[0] for view in views)
    return {"exposures": [_listed(shot, view) for view in views]} if moves else {}


def _apart_px(shot: Shot, one: Sequence[float], other: Sequence[float]) -> float:
    """Return by how many pixels at 1080 lines the middle or a corner of one exposure has moved on the next."""
    before, after = camera.View(*one), camera.View(*other)
    wide, high = (side / 2 for side in reference_size(shot))
    corners = [(0.0, 0.0), *((x, y) for x in (-wide, wide) for y in (-high, high))]
    moved = (camera.project(after, *camera.world(*camera.unproject(before, *corner))) for corner in corners)
    return max(math.dist(corner, place) for corner, place in zip(corners, moved, strict=True))


def _listed(shot: Shot, view: camera.View) -> list[float]:
    return [view.lon, view.lat, view.zoom, *([view.bearing_deg] if shot.turns else [])]


def _furniture(shot: Shot, at_s: float) -> State:
    """Return where the shot places its furniture, and how strongly each piece shows at a time."""
    if not shot.furniture:
        return {}
    said = {
        str(piece): placed.model_dump(by_alias=True, exclude_none=True, exclude={"first", "last"})
        | {"alpha": _shown(placed, at_s, _last_s(shot))}
        for piece, placed in shot.furniture.items()
    }
    return {"furniture": said}


def _pointing(shot: Shot, ground: Ground, number: int) -> State:
    """Return what of the map a frame lights, and to what it points, with what its words are."""
    at_s, last_s, lit, said = shot.time_s(number), _last_s(shot), shot.highlight, {}
    if lit and (share := _shown(lit, at_s, last_s)):
        said["highlight"] = {"sites": list(lit.sites), "class": lit.called, "dim": 1 - (1 - lit.dim) * share}
    callouts = [
        {"lon": lon, "lat": lat, "text": one.text, "side": one.side,
         **({"lead": list(one.lead)} if one.lead else {}), "alpha": alpha}
        for one in shot.callouts
        if (alpha := _shown(one, at_s, last_s))
        for lon, lat in [one.centre or ground.sites[str(one.site)]]
    ]  # fmt: skip
    return {**said, **({"callouts": callouts} if callouts else {})}


def _out_of_picture(shot: Shot, ground: Ground, keys: Sequence[camera.Key]) -> Iterator[Fault]:
    """Yield the callouts whose place the camera does not see for all of the time that they stand."""
    for i, one in enumerate(shot.callouts if keys else (), 1):
        place = camera.world(*(one.centre or ground.sites[str(one.site)]))
        stands = [number for number in shot.cut if _shown(one, shot.time_s(number), _last_s(shot))]
        lost = [number for number in stands if not _is_seen(shot, keys, number, place)]
        if lost:
            seen = [number for number in stands if number not in set(lost)]
            within = f"between {shot.time_s(seen[0]):.2f} s and {shot.time_s(seen[-1]):.2f} s" if seen else "at no time"
            found = f"out of the picture in {len(lost)} of {len(stands)} frames, {lost[0]} to {lost[-1]}"
            expected = f"its place in the picture while it stands (it is there {within})"
            yield Fault(f"key callouts.{i}", found, expected, "set from and to, or move the camera")


def _is_seen(shot: Shot, keys: Sequence[camera.Key], number: int, place: tuple[float, float]) -> bool:
    size = reference_size(shot)
    at = camera.project(camera.view_at(keys, shot.time_s(number), width_px=size[0]), *place)
    return all(abs(away) <= side / 2 for away, side in zip(at, size, strict=True))


def _captioned(stays: Sequence[captions.Stay], at_s: float, last_s: float) -> State:
    """Return which caption stands at a time, by its position in the shot, and how strongly."""
    shown = [{"at": i, "alpha": alpha} for i, stay in stays if (alpha := _shown(stay, at_s, last_s))]
    return {"captions": shown} if shown else {}


def _require_on_map(shot: Shot, ground: Ground) -> None:
    """Require that what is lit or pointed to is on the map, and that its words are there."""
    lit = shot.highlight
    sites = {f"callouts.{i}.site": one.site for i, one in enumerate(shot.callouts, 1) if one.site is not None}
    sites |= {f"highlight.sites.{i}": site for i, site in enumerate(lit.sites if lit else (), 1)}
    faults = [
        Fault(f"key {key}", repr(site), "a site that the map shows", "check its id and the map's filter")
        for key, site in sites.items()
        if site not in ground.sites
    ]
    faults += [
        Fault(
            "key highlight.class",
            repr(lit.called),
            f"one of {', '.join(sorted(ground.classes)) or 'none'}",
            "choose one",
        )
        for lit in [shot.highlight]
        if lit and lit.called and lit.called not in ground.classes
    ]
    raise_faults([*faults, *_unsaid(shot, ground)], shot.called)


def _unsaid(shot: Shot, ground: Ground) -> Iterator[Fault]:
    """Yield the callouts and captions that the map cannot show, and the words that are not in the shot's language."""
    pointed = [f"callouts.{i}" for i, one in enumerate(shot.callouts, 1) if one.centre]
    for key in [] if ground.sites else [*pointed, *(f"captions.{i}" for i in range(1, len(shot.captions) + 1))]:
        yield Fault(f"key {key}", "a map of somebody else", "a map of the suite's own", "set words on it in an edit")
    said = captions.texts(shot, "callouts") | captions.texts(shot, "captions")
    for key, words in said.items():
        if isinstance(words, dict) and shot.language not in words:
            yield Fault(f"key {key}", f"no {shot.language}", "the words in the shot's language", "add them")


def _shown(placed: Timed, at_s: float, last_s: float) -> float:
    """Return how strongly something shows at a time; what stands until the end is gone on the last frame of the cut."""
    since = math.inf if placed.first is None else at_s - placed.first
    until = math.inf if placed.last is None else min(placed.last, last_s) - at_s
    share = max(0.0, min(1.0, min(since, until) / FURNITURE_FADE_S))
    return share * share * (3 - 2 * share)


def reference_size(shot: Shot) -> tuple[float, float]:
    """Return width and height of the picture in pixels of the 1080-line reference."""
    width, height = shot.size
    return width / shot.scale, height / shot.scale


def _last_s(shot: Shot) -> float:
    return shot.time_s(shot.cut[-1])


def _require_within(shot: Shot) -> None:
    """Require that the cut reaches every key: one after its end would be drawn as a jump on the last frame.

    A length in seconds is rounded to whole frames, so one that is meant for the end may lie up to a frame behind it.
    """
    length_s, end_s = (float(timecode.duration_s(shot.n_frames + more, shot.rate)) for more in (0, 1))
    dated = shot.clock.keys if isinstance(shot.clock, KeysClock) else ()
    lined = shot.split.keys if shot.split else ()
    lists: dict[str, Sequence[CameraKey | ClockKey | SplitKey]] = {
        "camera": shot.camera, "clock.keys": dated, "split.keys": lined,
    }  # fmt: skip
    timed = {
        f"{part}.{name}": at_s
        for part, placed in _timed(shot).items()
        for name, at_s in (("from", placed.first), ("to", placed.last))
        if at_s is not None
    }
    late = [
        Fault(
            f"key {name}", f"{at_s:g} s", f"at most {length_s:g} s, the length of the film", "move it, or leave it out"
        )
        for name, at_s in timed.items()
        if at_s >= end_s
    ]
    faults = [
        Fault(f"key {name}.{i}.at", f"{key.at:g} s", f"at most {length_s:g} s, the length of the film",
              "lengthen the film (seconds), or move the key")
        for name, listed in lists.items()
        for i, key in enumerate(listed, 1)
        if key.at >= end_s
    ]  # fmt: skip
    raise_faults([*faults, *late], shot.called)


def _timed(shot: Shot) -> dict[str, Timed]:
    """Return all that comes and goes, by its key."""
    parts: dict[str, Timed] = {f"furniture.{piece}": placed for piece, placed in shot.furniture.items()}
    parts |= {f"callouts.{i}": one for i, one in enumerate(shot.callouts, 1)}
    parts |= {f"captions.{i}": one for i, one in enumerate(shot.captions, 1)}
    return parts | ({"highlight": shot.highlight} if shot.highlight else {})


def _require_seen(shot: Shot) -> None:
    """Require that what comes and goes stands on some frame, and not between its fades alone."""
    times = [shot.time_s(number) for number in shot.numbers]
    faults = [
        Fault(
            f"key {key}", f"{placed.first or 0:g} s to {until:g} s",
            f"a time in which it is seen: it fades for {FURNITURE_FADE_S:g} s each way", "let it stand for longer",
        )
        for key, placed in _timed(shot).items()
        for until in [times[-1] if placed.last is None else placed.last]
        if max(_shown(placed, at_s, _last_s(shot)) for at_s in times) < _SEEN
    ]  # fmt: skip
    raise_faults(faults, shot.called)


def _camera_keys(shot: Shot, ground: Ground) -> list[camera.Key]:
    faults = [
        Fault(f"key camera.{i}.site", repr(key.site), "a site that the map shows", "check its id and the map's filter")
        for i, key in enumerate(shot.camera, 1)
        if key.site is not None and key.site not in ground.sites
    ]
    raise_faults(faults, shot.called)
    # A key at the very end of the film is meant for its last frame, which begins a frame earlier.
    views: list[camera.View] = []
    for key in shot.camera:
        view = _view(key, shot, ground)
        views.append(replace(view, lon=camera.near(view.lon, views[-1].lon)) if views else view)
    return [
        camera.Key(min(key.at, _last_s(shot)), view, key.ease, key.path, key.hold)
        for key, view in zip(shot.camera, views, strict=True)
    ]


def _view(key: CameraKey, shot: Shot, ground: Ground) -> camera.View:
    if key.centre is not None and key.zoom is not None:
        return camera.View(*key.centre, key.zoom, key.bearing_deg)
    if key.site is not None and key.zoom is not None:
        return camera.View(*ground.sites[key.site], key.zoom, key.bearing_deg)
    west, south, east, north = key.box or _named_box(key.fit, shot, ground)
    box = camera.Box(west, south, east + 360 * (east < west), north)
    view = camera.fit(box, *reference_size(shot), margin=key.margin, bearing_deg=key.bearing_deg)
    closest = _CLOSEST_OUTLINES if shot.map.kind == "footprints" else _CLOSEST_PLACES
    return replace(view, zoom=min(view.zoom, closest)) if key.fit == "sites" else view


def _named_box(name: str | None, shot: Shot, ground: Ground) -> tuple[float, float, float, float]:
    if name != "sites" and name is not None:
        return record.current().regions[name]
    if not ground.sites:
        raise InputError(f'{shot.called}: fit = "sites", but the map shows none; widen map.where or give a box')
    if ground.extent:
        return ground.extent
    lons, lats = zip(*ground.sites.values(), strict=True)
    return min(lons), min(lats), max(lons), max(lats)


def _timing(shot: Shot, ground: Ground) -> clock.Timing:
    """Return the clock of a shot: what is left beside its holds moves as if there were none."""
    last_s = _last_s(shot)
    holds = () if isinstance(shot.clock, KeysClock) else shot.clock.holds
    if not holds or not last_s:
        return clock.Timing(_clock_marks(shot, ground, last_s))
    held_s = sum(hold.seconds for hold in holds)
    _require_time(shot, held_s, last_s)
    marks = _clock_marks(shot, ground, last_s - held_s)
    raise_faults(_hold_faults(marks, holds), shot.called)
    return clock.Timing(marks, [(clock.moment_of(marks, day_of(hold.date)), hold.seconds) for hold in holds])


def _hold_faults(marks: Sequence[clock.Mark], holds: Sequence[Hold]) -> Iterator[Fault]:
    if any(later.day < earlier.day for earlier, later in pairwise(marks)):
        yield Fault("key clock.holds", "eras that go back in time", "a clock that runs forward", "leave holds out")
    for i, hold in enumerate(holds, 1):
        if not marks[0].day <= day_of(hold.date) <= marks[-1].day:
            first, last = date_of(marks[0].day), date_of(marks[-1].day)
            yield Fault(f"key clock.holds.{i}.date", str(hold.date), f"a date from {first} to {last}", "move it")


def _clock_marks(shot: Shot, ground: Ground, last_s: float) -> list[clock.Mark]:
    film = shot.clock
    if isinstance(film, LinearClock):
        _require_time(shot, film.hold_first + film.hold_last, last_s)
        return clock.linear(
            film.first, film.last, last_s, ease=film.ease, hold_first_s=film.hold_first, hold_last_s=film.hold_last
        )
    if isinstance(film, ObservationsClock):
        stops = film.stops or tuple(ground.stops)
        if not stops:
            raise InputError(f"{shot.called}: the map has no observations to hold on; list clock.stops")
        _require_time(shot, film.hold * len(stops), last_s)
        return clock.on_observations(stops, last_s, hold_s=film.hold, ease=film.ease)
    if isinstance(film, ErasClock):
        return clock.by_spans([(era.first, era.last, era.seconds) for era in film.eras], last_s, ease=film.ease)
    return _keyed_marks(film, last_s)


def _keyed_marks(film: KeysClock, last_s: float) -> list[clock.Mark]:
    return [clock.Mark(min(key.at, last_s), day_of(key.date), key.ease, key.hold) for key in film.keys]


def _require_time(shot: Shot, held_s: float, last_s: float) -> None:
    if held_s >= last_s > 0:
        raise InputError(
            f"{shot.called}: key clock: holds of {held_s:g} s leave no time to move in {last_s:g} s; "
            "shorten the holds or lengthen the film"
        )
