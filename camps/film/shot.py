"""A shot: what a film shows, as a text file that is checked with all its faults at once.

Times are seconds from the first frame of the cut, dates calendar dates, positions longitude and latitude in degrees of
EPSG:4326 (longitude first), zooms real numbers of Web Mercator on a picture of 1080 lines.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import pandas as pd
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from camps import languages, looks, record, settings, tables
from camps.errors import CampsError, Fault, InputError, MissingError, raise_faults
from camps.film import timecode
from camps.film.camera import EASINGS, REFERENCE_SIDE_PX, ZOOM_RANGE, Ease
from camps.film.timecode import FIRST_FRAME
from camps.record import Day, Table

LEAST_SIDE, MOST_WIDTH, MOST_HEIGHT = 16, 8192, 4320
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9-]*(_[A-Za-z0-9-]+)*")
MOST_RATE = 240
#: How far to the left and right the line between two dates may be, as shares of the width.
LINE_RANGE = (0.25, 0.75)
#: Ten turns either way.
MOST_BEARING_DEG = 3600
#: Numbers by which a Bézier curve from 0, 0 to 1, 1 is given.
_NUMBERS_OF_CURVE = 4
#: Frames of one shot, over four hours at 25 a second: what each shows is worked out before one is drawn, 3 kB a frame.
MOST_FRAMES = 400_000
#: Frames of a handle: two seconds at 24 a second.
MOST_HANDLES = 48


def _as_rate(value: object) -> Fraction:
    if isinstance(value, Fraction):
        return value
    text = "" if isinstance(value, bool) else str(value)
    rate = _decimal_rate(text) if "." in text else _whole_rate(text)
    if rate is None or not 0 < rate <= MOST_RATE:
        raise ValueError(f'a rate up to {MOST_RATE} frames/s such as 25, 29.97 or "24000/1001"; others as a fraction')
    return rate


def _whole_rate(text: str) -> Fraction | None:
    match = re.fullmatch(r"(\d{1,9})(?:/([1-9]\d{0,8}))?", text)
    return Fraction(int(match[1]), int(match[2] or 1)) if match else None


def _decimal_rate(text: str) -> Fraction | None:
    """Return the rate that a decimal stands for: 29.97 is 30000/1001, which no decimal can say."""
    if not re.fullmatch(r"\d{1,3}\.\d{1,6}", text):
        return None
    shown = Fraction(text)
    if shown.denominator == 1:
        return shown
    nominal = round(shown * 1001 / 1000)
    meant = Fraction(1000 * nominal, 1001)
    as_shown = round(meant, len(text.partition(".")[2]))
    return meant if as_shown == shown and (nominal % 24 == 0 or nominal % 30 == 0) else None


def _as_ease(value: object) -> object:
    if isinstance(value, list | tuple) and len(value) == _NUMBERS_OF_CURVE and all(map(_is_share, value)):
        return tuple(map(float, value))
    if not isinstance(value, str) or value not in EASINGS:
        raise ValueError(f"one of {', '.join(EASINGS)}, or a Bézier curve as [x1, y1, x2, y2], each from 0 to 1")
    return value


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _as_fit(value: object) -> object:
    regions = record.current().regions
    if not isinstance(value, str) or value not in ("sites", *regions):
        raise ValueError(f"one of {', '.join(['sites', *regions])}; or give box = [west, south, east, north]")
    return value


def _as_code(value: object) -> object:
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise ValueError("letters, digits and '-', in parts joined by '_', such as CAMPS_A_0010")
    return value


def _as_size(size: tuple[int, int]) -> tuple[int, int]:
    if not (LEAST_SIDE <= size[0] <= MOST_WIDTH and LEAST_SIDE <= size[1] <= MOST_HEIGHT):
        raise ValueError(f"width and height from {LEAST_SIDE}, {LEAST_SIDE} to {MOST_WIDTH}, {MOST_HEIGHT}")
    return size


def _as_chapter(value: str | None) -> str | None:
    known = [chapter.id for chapter in record.current().chapters]
    if value is not None and value not in known:
        raise ValueError(f"one of {', '.join(known)}" if known else "a chapter of record.toml, which has none")
    return value


def _as_words(value: str | dict[str, str] | None) -> str | dict[str, str] | None:
    texts = [value] if isinstance(value, str) else list(value.values()) if value is not None else ["none"]
    if not texts or not all(text.strip() for text in texts):
        raise ValueError("words, as one text or by language")
    for tag in value if isinstance(value, dict) else ():
        _as_language(tag)
    return value


def _as_language(tag: str) -> str:
    try:
        return languages.require([tag])[0]
    except InputError as error:
        raise ValueError(f"one of {', '.join(languages.table())}") from error


def _as_look(name: str) -> str:
    """Return a look by its name, or by its path within the record, so that a shot means the same on every machine."""
    try:
        looks.palette(name)
    except CampsError as error:
        raise ValueError(str(error)) from error
    path, home = looks.find(name).resolve(), settings.find_home()
    return path.relative_to(home).as_posix() if home and name.endswith(".toml") and home in path.parents else name


LanguageName = Annotated[str, AfterValidator(_as_language)]
LookName = Annotated[str, AfterValidator(_as_look)]
Size = Annotated[tuple[int, int], AfterValidator(_as_size)]
LayerName = Literal["base", "footprints", "growth", "outlines", "labels", "callouts", "backing", looks.Piece, "guides"]
Rate = Annotated[Fraction, BeforeValidator(_as_rate)]
EaseName = Annotated[Ease, BeforeValidator(_as_ease)]
FitName = Annotated[str, BeforeValidator(_as_fit)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-85, le=85)]
Zoom = Annotated[float, Field(ge=ZOOM_RANGE[0], le=ZOOM_RANGE[1])]


class MapTable(Table):
    """Which map is filmed, with which lists, which of their sites, and whether the ground is shaded by its relief."""

    kind: Literal["growth", "sites", "footprints", "eras", "systems"] = "growth"
    sources: tuple[str, ...] = ()
    where: dict[str, str | int | tuple[str | int, ...]] = Field(default={})
    metric: str = ""
    title: str | dict[str, str] | None = None
    subtitle: str | dict[str, str] | None = None
    relief: bool = True
    pictures: Literal["as taken", "matched"] | None = None


class Hold(Table):
    """A date at which the clock stands still, and for how long."""

    date: Day
    seconds: float = Field(gt=0, allow_inf_nan=False)


def _once(holds: tuple[Hold, ...]) -> tuple[Hold, ...]:
    if any(later.date <= earlier.date for earlier, later in pairwise(holds)):
        raise ValueError("holds in order of their dates, none twice")
    return holds


class _Holding(Table):
    """A clock that stands still at dates of its own choice."""

    holds: Annotated[tuple[Hold, ...], AfterValidator(_once)] = ()


class LinearClock(_Holding):
    """Time runs evenly, or with one easing, from one date to another."""

    kind: Literal["linear"]
    first: Day = Field(alias="from")
    last: Day = Field(alias="to")
    ease: EaseName = "linear"
    hold_first: Seconds = 0.0
    hold_last: Seconds = 0.0

    @model_validator(mode="after")
    def _in_order(self) -> LinearClock:
        if self.last <= self.first:
            raise ValueError(f"'to' ({self.last}) later than 'from' ({self.first})")
        return self


class ObservationsClock(_Holding):
    """Time stands still at every stop; the stops are the map's observations unless they are listed."""

    kind: Literal["observations"]
    hold: Seconds = 1.0
    ease: EaseName = "in_out_sine"
    stops: tuple[Day, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> ObservationsClock:
        if any(later <= earlier for earlier, later in pairwise(self.stops)):
            raise ValueError("stops in order of time, none twice")
        return self


class Span(Table):
    """A span of dates and the length of film that it gets, relative to the others."""

    first: Day = Field(alias="from")
    last: Day = Field(alias="to")
    seconds: float = Field(gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        if self.last <= self.first:
            raise ValueError(f"'to' ({self.last}) later than 'from' ({self.first})")
        return self


class ErasClock(_Holding):
    """Each era runs at its own pace."""

    kind: Literal["eras"]
    eras: tuple[Span, ...] = Field(min_length=1)
    ease: EaseName = "linear"


_Keys = TypeVar("_Keys", bound=Sequence[Any])


def _in_time(keys: _Keys) -> _Keys:
    for earlier, later in pairwise(keys):
        if later.at <= earlier.at + earlier.hold:
            raise ValueError(f"keys in order, each after the hold of the one before (see at = {later.at:g})")
    return keys


class ClockKey(Table):
    """A date that is reached at a time."""

    at: Seconds
    date: Day
    ease: EaseName = "linear"
    hold: Seconds = 0.0


class KeysClock(Table):
    """Dates at times."""

    kind: Literal["keys"]
    keys: Annotated[tuple[ClockKey, ...], AfterValidator(_in_time)] = Field(min_length=1)


Clock = Annotated[LinearClock | ObservationsClock | ErasClock | KeysClock, Field(discriminator="kind")]


class CameraKey(Table):
    """Where the camera is at a time: one of centre and zoom, site and zoom, fit, or box; and how it is turned."""

    at: Seconds
    centre: tuple[Longitude, Latitude] | None = None
    zoom: Zoom | None = None
    site: str | None = None
    fit: FitName | None = None
    box: tuple[Longitude, Latitude, Longitude, Latitude] | None = None
    margin: float = Field(default=0.08, ge=0, lt=0.45)
    bearing_deg: float = Field(default=0, ge=-MOST_BEARING_DEG, le=MOST_BEARING_DEG)
    ease: EaseName = "in_out"
    hold: Seconds = 0.0
    path: Literal["flight", "straight", "curve"] = "flight"

    @model_validator(mode="after")
    def _one_target(self) -> CameraKey:
        targets = [name for name in ("centre", "site", "fit", "box") if getattr(self, name) is not None]
        if len(targets) != 1:
            raise ValueError(f"one of centre, site, fit, box (here: {', '.join(targets) or 'none'})")
        if (targets[0] in {"centre", "site"}) != (self.zoom is not None):
            raise ValueError("zoom with centre or site, and only there")
        if self.path == "curve" and "ease" in self.model_fields_set:
            raise ValueError("no ease on a curve: it leaves and reaches its ends at rest and passes the keys between")
        if self.box and (self.box[0] == self.box[2] or self.box[1] >= self.box[3]):
            raise ValueError("box = [west, south, east, north] with south < north; across 180° east is less than west")
        return self


#: From how near to how far from its place the words of a callout may stand.
LEAD_RANGE_PX = (30.0, 900.0)


class Timed(Table):
    """What stands in a film from one time to another; it fades in and out within that time."""

    first: Seconds | None = Field(default=None, alias="from")
    last: Seconds | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Timed:
        if self.first is not None and self.last is not None and self.last <= self.first:
            raise ValueError(f"'to' ({self.last:g}) later than 'from' ({self.first:g})")
        return self


class TimedPlacement(looks.Placement, Timed):
    """Where a piece of furniture stands in a film, and when."""


def _as_line(share: float) -> float:
    if not LINE_RANGE[0] <= share <= LINE_RANGE[1]:
        raise ValueError(f"a share of the width from {LINE_RANGE[0]} to {LINE_RANGE[1]}, so that both dates have room")
    return share


Line = Annotated[float, AfterValidator(_as_line)]


class SplitKey(Table):
    """Where the line between two dates is at a time."""

    at: Seconds
    line: Line
    ease: EaseName = "in_out"
    hold: Seconds = 0.0


class Split(Table):
    """An earlier date, which the map shows on the left of a line, and where this line is or how it moves."""

    before: Day
    line: Line | None = None
    keys: Annotated[tuple[SplitKey, ...], AfterValidator(_in_time)] = ()

    @model_validator(mode="after")
    def _one_line(self) -> Split:
        if self.line is not None and self.keys:
            raise ValueError("line, or keys that move it, not both")
        return self


class Highlight(Timed):
    """Which sites, or which class of them, are lit while the rest stand back, and how strongly these still show."""

    sites: tuple[str, ...] = ()
    called: str = Field(default="", alias="class")
    dim: float = Field(default=0.25, ge=0, lt=1)

    @model_validator(mode="after")
    def _one_kind(self) -> Highlight:
        if bool(self.sites) == bool(self.called):
            raise ValueError("one of sites and class")
        return self


class MotionBlur(Table):
    """How long the shutter is open, as the angle of a turn that lasts a frame, and how many pictures stand for it."""

    shutter_deg: float = Field(default=180, gt=0, le=360)
    samples: int = Field(default=8, ge=2, le=64)


def _as_lead(lead: tuple[float, float]) -> tuple[float, float]:
    right_px, up_px = lead
    if right_px < 0 or not LEAD_RANGE_PX[0] <= math.hypot(right_px, up_px) <= LEAD_RANGE_PX[1]:
        raise ValueError(
            f"pixels to the side (0 or more) and up of a picture of 1080 lines, {LEAD_RANGE_PX[0]:g} to "
            f"{LEAD_RANGE_PX[1]:g} away"
        )
    return lead


class Callout(Timed):
    """Words at the end of a line that follows a place."""

    text: Annotated[str | dict[str, str], AfterValidator(_as_words)]
    site: str | None = None
    centre: tuple[Longitude, Latitude] | None = None
    side: Literal["left", "right"] = "right"
    lead: Annotated[tuple[float, float], AfterValidator(_as_lead)] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Callout:
        if (self.site is None) == (self.centre is None):
            raise ValueError("one of site and centre")
        return self


class Caption(Timed):
    """Words over the picture for a time: a line of narration, or a name and, in `line` below it, what it is.

    With a `chapter` of the record it stands while the film's clock is in that.
    """

    text: Annotated[str | dict[str, str], AfterValidator(_as_words)]
    line: Annotated[str | dict[str, str] | None, AfterValidator(_as_words)] = None
    chapter: Annotated[str | None, AfterValidator(_as_chapter)] = None

    @model_validator(mode="after")
    def _one_time(self) -> Caption:
        if self.chapter is not None and (self.first is not None or self.last is not None):
            raise ValueError("a chapter, or from and to")
        return self


class Shot(tables.Shown, Table):
    """A shot as read from its file; all checks have passed.

    Attributes
    ----------
    name, source
        Name of the shot, and the file that it was read from.
    code, version
        Show, sequence and shot as they stand in file names, and the version of the delivery.
    rate
        Frames a second, an exact fraction.
    handles
        Frames that lie before and after the cut, for whoever cuts it; all stands in them as at its ends.
    size
        Width and height in pixels.
    """

    name: str = ""
    source: Path | None = None
    title: str
    code: Annotated[str, BeforeValidator(_as_code)] = Field(max_length=40)
    version: int = Field(default=1, ge=1, le=999)
    seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    frames: int | None = Field(default=None, ge=1)
    rate: Rate = Fraction(25)
    handles: int = Field(default=0, ge=0, le=MOST_HANDLES)
    size: Size = (1920, 1080)
    mode: Literal["observed", "bracket", "illustrative"] = "illustrative"
    look: LookName = "dark"
    language: Annotated[str, AfterValidator(_as_language)] = Field(
        default_factory=lambda: record.current().languages[0]
    )
    background: Literal["look", "transparent"] = "look"
    bit_depth: Literal[8, 16] = 8
    motion_blur: MotionBlur | None = None
    layers: dict[LayerName, bool] = Field(default={})
    furniture: dict[looks.Piece, TimedPlacement] = Field(default={})
    map: MapTable = MapTable()
    split: Split | None = None
    highlight: Highlight | None = None
    callouts: tuple[Callout, ...] = ()
    captions: tuple[Caption, ...] = ()
    clock: Clock
    camera: Annotated[tuple[CameraKey, ...], AfterValidator(_in_time)] = ()

    @model_validator(mode="after")
    def _whole(self) -> Shot:
        if (self.seconds is None) == (self.frames is None):
            raise ValueError("one of seconds and frames")
        if self.split and self.map.kind not in {"growth", "footprints"}:
            raise ValueError(f"map.kind growth or footprints, whose totals a split sets side by side ({self.map.kind})")
        if self.motion_blur and not self.camera:
            raise ValueError("a camera that moves for motion_blur: add [[camera]] keys, or leave it out")
        if self.n_frames + 2 * self.handles > MOST_FRAMES:
            raise ValueError(f"at most {MOST_FRAMES:,} frames in one shot; shorten it, lower its rate or divide it")
        return self

    @property
    def summary(self) -> str:
        """Return what is filmed, how long and how large, as one line."""
        width, height = self.size
        handles = f" and {self.handles} before and after them" if self.handles else ""
        return f"{self.called}, {self.n_frames} frames{handles} at {float(self.rate):g} a second, {width} by {height}"

    @property
    def table(self) -> pd.DataFrame:
        """Return one row a key of its file: key, value."""
        told = self.model_dump(exclude_defaults=True, exclude={"source"})
        return pd.DataFrame({"key": list(told), "value": [str(one) for one in told.values()]})

    @property
    def called(self) -> str:
        """What a reader knows the shot by: its file, or its name."""
        return str(self.source or self.name or self.code)

    @property
    def n_frames(self) -> int:
        """Number of frames of the cut: given, or the seconds at the rate, to the nearest frame."""
        return self.frames or timecode.n_frames(Fraction(str(self.seconds)), self.rate)

    @property
    def numbers(self) -> range:
        """Frame numbers, from 1001, those of the handles among them."""
        return range(FIRST_FRAME, FIRST_FRAME + self.n_frames + 2 * self.handles)

    @property
    def cut(self) -> range:
        """Numbers of the frames of the cut: all but those of the handles."""
        return self.numbers[self.handles : self.handles + self.n_frames]

    def say(self, text: str | dict[str, str]) -> str:
        """Return one text as it is, and of texts by language that in the language of the shot."""
        return text if isinstance(text, str) else text[self.language]

    @property
    def turns(self) -> bool:
        """Whether the camera is ever turned away from north."""
        return any(key.bearing_deg for key in self.camera)

    @property
    def oversampling(self) -> int:
        """Pixels drawn to a pixel of the picture, on each side: the mean of four has finer steps than eight bits."""
        return 2 if self.bit_depth == 16 else 1

    @property
    def scale(self) -> float:
        """Device pixels to a pixel of the 1080-line reference."""
        return min(self.size) / REFERENCE_SIDE_PX

    def time_s(self, number: int) -> float:
        """Return the time that a frame shows, in seconds from the first of the cut; in a handle that of its end."""
        cut = self.cut
        return float((min(max(number, cut[0]), cut[-1]) - cut[0]) / self.rate)


def shots_folder() -> Path:
    """Return the folder of the shots that travel with the suite."""
    return settings.home() / "shots"


def list_shots() -> list[str]:
    """Return the names of the shots in `shots_folder`, in order."""
    return sorted(path.stem for path in shots_folder().glob("*.toml"))


def read_shot(name_or_path: str | Path) -> Shot:
    """Read a shot and check all of it.

    Parameters
    ----------
    name_or_path
        A name in shots/, such as ``"first"``, or the path of a TOML file.

    Raises
    ------
    MissingError
        When there is no such shot; the message lists those there are.
    InputError
        When the file is not TOML, or has faults; the message lists all of them, each with its key.
    """
    path = _find(name_or_path)
    content = record.read_toml(path)
    return build_shot({**content, "name": path.stem, "source": path}, what=str(path))


def build_shot(content: dict[str, Any], *, what: str = "shot") -> Shot:
    """Return a shot made from a dictionary with the keys of a shot file.

    Raises
    ------
    InputError
        When it has faults; the message begins with `what` and lists all of them.
    """
    return record.build(Shot, content, what=what)


def build_shot_of_dates(dates: Sequence[date], **content: Any) -> Shot:
    """Return a shot with one frame for each of a list of dates, for a map that others made.

    Parameters
    ----------
    dates
        In order of time, none twice.
    content
        Further keys of a shot, such as ``code``, ``size``, ``rate`` or ``camera``.

    Raises
    ------
    InputError
        When there are no dates, they are not in order, or a key is wrong.
    """
    rate = _as_rate(content.get("rate", 25))
    keys = [{"at": float(i / rate), "date": when, "ease": "step"} for i, when in enumerate(dates)]
    faults = [
        Fault(f"date {later}", f"not after {earlier}", "dates in order")
        for earlier, later in pairwise(dates)
        if later <= earlier
    ]
    raise_faults(faults, "dates")
    given = {"title": "Film of a map", "code": "MAP", "frames": len(keys), "clock": {"kind": "keys", "keys": keys}}
    return build_shot({**given, **content}, what="dates")


def _find(name_or_path: str | Path) -> Path:
    named = Path(name_or_path)
    inside = shots_folder() / f"{named}.toml"
    if named.suffix != ".toml" and inside.is_file():
        return inside
    if named.is_file():
        return named
    raise MissingError(f"{name_or_path}: no such shot; expected a TOML file or one of {', '.join(list_shots())}")
