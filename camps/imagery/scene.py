"""Scenes: what an image is, when and by what it was taken, and how its pixels lie on the ground."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from camps import record, settings, sources, tables
from camps.dates import standing_day
from camps.errors import CheckError, Fault, InputError, MissingError, raise_faults

SCENE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
#: Name of a band that says where there is ground, and of one that is not used.
MASK_BAND, UNUSED_BAND = "alpha", "-"
_MOST_BANDS = 500


@dataclass(frozen=True)
class Georeference:
    """How pixels lie on the ground: a CRS and six numbers a, b, c, d, e, f (x = a·column + b·row + c, …).

    ``residual_m`` is the root mean square misfit of the control points it was fitted to, ``None`` where it was given.
    With ``points`` (column, row, x, y) a thin-plate spline through them holds, and the six numbers are only near it.
    """

    crs: str
    transform: tuple[float, float, float, float, float, float]
    residual_m: float | None = None
    points: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Band:
    """One band: its name, where its pixels are, and how stored numbers become values.

    Attributes
    ----------
    name
        Common name: red, green, blue, nir, swir16, swir22, scl … or the publisher's own.
    href
        Path or address of the file.
    index
        Number of the band in the file, from 1.
    scale, offset
        value = stored · scale + offset, applied once on reading; the Sentinel-2 offset since 2022-01-25 is in here.
        With neither, those of the file hold.
    nodata
        Stored number that stands for nothing, where the file does not say so itself.
    sha256
        Expected sum of a local file, or ``None``.
    bytes
        Size of the file where the publisher states it.
    mask
        Number of the band of the same file that is 0 or half transparent where there is no ground, where the file does
        not say so itself.
    """

    name: str
    href: str
    index: int = 1
    scale: float | None = None
    offset: float | None = None
    nodata: float | None = None
    sha256: str | None = None
    bytes: int | None = None
    mask: int | None = None


@dataclass(frozen=True)
class Scene:
    """One image of some ground on one day.

    Attributes
    ----------
    scene_id, sensor
        Its name here, and the instrument.
    observed_on
        UTC date, or the first and the last of a composite: EDTF text such as ``2018-06-01/2018-06-30``.
    gsd_m
        Ground sample distance of the instrument, in metres; pixels may be finer than that.
    bands
        Its bands in order.
    licence, attribution
        Licence text and the line that goes with every picture.
    georeference
        Overrides what the file says; ``None`` where the file carries its own.
    shift_m
        Metres east and north by which the image is moved when it is read.
    hidden_px
        Boxes (first column, first row, past last column, past last row) in pixels of the file that show no ground,
        such as a publisher's logo.
    cloud_percent, platform, processing
        As the publisher states them.
    """

    scene_id: str
    sensor: str
    observed_on: str
    gsd_m: float
    bands: tuple[Band, ...]
    licence: str
    attribution: str
    georeference: Georeference | None = None
    shift_m: tuple[float, float] = (0.0, 0.0)
    hidden_px: tuple[tuple[int, int, int, int], ...] = ()
    cloud_percent: float | None = None
    platform: str | None = None
    processing: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def interval(self) -> tuple[str, str]:
        """Return the first and the last day that it may show."""
        return day_ends(self.observed_on)

    def band(self, name: str) -> Band:
        """Return one band.

        Raises
        ------
        InputError
            When the scene has no such band; the message lists those it has.
        """
        for band in self.bands:
            if band.name == name:
                return band
        raise InputError(f"scene {self.scene_id}: no band {name!r}, it has {', '.join(b.name for b in self.bands)}")

    def shifted(self, east_m: float, north_m: float) -> Scene:
        """Return the scene moved by metres east and north, on top of what it is moved already."""
        return replace(self, shift_m=(self.shift_m[0] + east_m, self.shift_m[1] + north_m))


def load(path: Path | None = None) -> dict[str, Scene]:
    """Return every registered scene by its id, in order of date.

    Parameters
    ----------
    path
        A folder of scene files to read instead of ``geodata/scenes/``, or one such file.

    Returns
    -------
    dict
        Scenes whose files are here, bundled, mirrored, fetched or added. Scenes that are not here are left out; see
        :func:`listing` for all of them.

    Raises
    ------
    InputError
        When a scene file is not sound; all its faults are named at once.
    """
    found = [scene for entry in _entries(path) if (scene := _resolve(entry)) is not None]
    return {scene.scene_id: scene for scene in in_order(found)}


def in_order(scenes: Iterable[Scene]) -> list[Scene]:
    """Return scenes in order of date; a composite stands at its middle day."""
    return sorted(scenes, key=lambda one: place_in_time(one.observed_on, one.scene_id))


def place_in_time(observed_on: str, scene_id: str) -> tuple[int, str, str]:
    """Return what scenes are sorted by: the day at which they stand, their dates and their id."""
    return standing_day(observed_on), observed_on, scene_id


def get(scene_id: str, *, path: Path | None = None) -> Scene:
    """Return one registered scene.

    Raises
    ------
    MissingError
        When no scene has that id, or its files are not here; the message says how to get them.
    """
    for entry in _entries(path):
        if entry.id == scene_id:
            scene = _resolve(entry)
            if scene is None:
                raise MissingError(f"scene {scene_id}: its files are not here; {_remedy(entry)}")
            return scene
    known = ", ".join(entry.id for entry in _entries(path))
    raise MissingError(f"scene {scene_id}: not registered; known are {known}; add it with `camps imagery add`")


def listing(path: Path | None = None) -> pd.DataFrame:
    """Return all registered scenes, here or not: ``scene`` table of METHOD 1 plus observed_on, bands and here.

    Raises
    ------
    InputError
        When a scene file is not sound.
    """
    rows = [_row(entry) for entry in _entries(path)]
    columns = [*tables.schema("scene").columns, "observed_on", "bands", "here"]
    frame = pd.DataFrame(rows, columns=columns).sort_values(["observed_on", "scene_id"], ignore_index=True)
    return tables.check(frame, "scene", source="geodata/scenes")


def _row(entry: _Entry) -> dict[str, Any]:
    sums = {file.sha256 for file in entry.file}
    first, last = day_ends(entry.observed_on)
    return {
        "scene_id": entry.id, "sensor": entry.sensor, "gsd_m": entry.gsd_m, "t_lo": first, "t_hi": last,
        "reg_dx_m": None, "reg_dy_m": None, "reg_sd_m": None, "reg_n": None,
        "sha256": sums.pop() if len(sums) == 1 else None, "licence": entry.licence, "observed_on": entry.observed_on,
        "bands": ", ".join(name for file in entry.file for name in file.bands), "here": _resolve(entry) is not None,
    }  # fmt: skip


def scene_table(scenes: Mapping[str, Scene] | list[Scene]) -> pd.DataFrame:
    """Return scenes as the ``scene`` table of METHOD 1 plus observed_on; one row a scene, in the order given."""
    listed = list(scenes.values()) if isinstance(scenes, Mapping) else scenes
    rows = [
        {
            "scene_id": one.scene_id, "sensor": one.sensor, "gsd_m": one.gsd_m, "t_lo": one.interval[0],
            "t_hi": one.interval[1], "reg_dx_m": one.shift_m[0], "reg_dy_m": one.shift_m[1], "reg_sd_m": None,
            "reg_n": None, "sha256": one.bands[0].sha256 if len({b.href for b in one.bands}) == 1 else None,
            "licence": one.licence, "observed_on": one.observed_on,
        }
        for one in listed
    ]  # fmt: skip
    columns = [*tables.schema("scene").columns, "observed_on"]
    return tables.check(pd.DataFrame(rows, columns=columns), "scene", source="scenes")


def scene_folder() -> Path:
    """Return the folder of scene files that ship with the suite or were added to it."""
    return settings.geodata() / "scenes"


def day_ends(observed_on: str) -> tuple[str, str]:
    """Return the first and the last day of a date or an interval of two.

    Raises
    ------
    ValueError
        When it is neither, or the interval ends before it begins.
    """
    first, _, last = observed_on.partition("/")
    days = [first, last or first]
    if observed_on.endswith("/") or any(len(day) != 10 for day in days):
        raise ValueError("no day")
    if date.fromisoformat(days[0]) > date.fromisoformat(days[1]):
        raise ValueError("ends before it begins")
    return days[0], days[1]


def _as_date(text: str) -> str:
    try:
        day_ends(text)
    except ValueError:
        raise ValueError(_DATES) from None
    return text


def _as_id(text: str) -> str:
    if not SCENE_ID.fullmatch(text):
        raise ValueError("letters, digits, dots, hyphens and underscores, at most 96")
    return text


_DATES = "the UTC date of the image, such as 2018-06-23, or the two of a composite, such as 2018-06-01/2018-06-30"
_Text = Annotated[str, Field(pattern=r"\S")]
_Number = Annotated[float, Field(allow_inf_nan=False)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _File(_Model):
    name: _Text
    bands: Annotated[list[_Text], Field(min_length=1, max_length=_MOST_BANDS)]
    scale: _Number | list[_Number] | None = None
    offset: _Number | list[_Number] | None = None
    nodata: float | None = None
    sha256: str | None = None
    bytes: int | None = None

    @model_validator(mode="after")
    def _one_a_band(self) -> Self:
        for name in ("scale", "offset"):
            given = getattr(self, name)
            if isinstance(given, list) and len(given) != len(self.bands):
                raise ValueError(f"one number for {name}, or one a band")
        return self


class _Entry(_Model):
    """A scene as its file has it."""

    id: Annotated[str, AfterValidator(_as_id)]
    sensor: _Text
    observed_on: Annotated[str, AfterValidator(_as_date)]
    gsd_m: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    licence: _Text
    attribution: _Text
    file: Annotated[list[_File], Field(min_length=1)]
    source: _Text | None = None
    crs: _Text | None = None
    transform: Annotated[list[_Number], Field(min_length=6, max_length=6)] | None = None
    residual_m: _Number | None = None
    points: list[Annotated[list[_Number], Field(min_length=4, max_length=4)]] = []
    hidden_px: list[Annotated[list[int], Field(min_length=4, max_length=4)]] = []
    origin: list[str] = []
    pixels: dict[str, int] = {}
    read_as: str = ""
    folder: Path = Field(default=Path(), exclude=True)

    @model_validator(mode="after")
    def _placed_whole(self) -> Self:
        if (self.crs is None) != (self.transform is None) or (self.points and self.crs is None):
            raise ValueError("crs and transform, both or neither, and points only with them")
        return self


class _SceneFile(_Model):
    scene: list[_Entry] = []


def _entries(path: Path | None) -> list[_Entry]:
    where = path or scene_folder()
    names = [where] if where.is_file() else sorted(where.glob("*.toml"))
    entries = [entry for name in names for entry in _read_entries(name)]
    _require_once(entries)
    return entries


def _require_once(entries: list[_Entry]) -> None:
    ids = [entry.id for entry in entries]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    raise_faults((Fault(f"scene {one}", "the id twice", "each id once", "rename one") for one in twice), "scenes")


def _read_entries(path: Path) -> list[_Entry]:
    content = record.read_toml(path)
    # Catalogues and the calibration lie beside the scenes.
    mine = {"scene": content.get("scene", [])} if content.keys() & {"scene", "catalogue", "calibration"} else content
    read = record.build(_SceneFile, mine, what=path.name)
    return [one.model_copy(update={"folder": path.parent}) for one in read.scene]


def date_faults(text: str, where: str) -> Iterator[Fault]:
    """Yield a fault when `text` is not a calendar date written YYYY-MM-DD, or an interval of two."""
    try:
        day_ends(text)
    except ValueError:
        yield Fault(where, f"observed_on {text!r}", _DATES)


def _resolve(entry: _Entry) -> Scene | None:
    located = [(file, _locate(entry, file)) for file in entry.file]
    if any(path is None for _, path in located):
        return None
    bands = [band for file, path in located if path is not None for band in _bands(file, path)]
    hidden = tuple((a, b, c, d) for a, b, c, d in entry.hidden_px)
    return Scene(
        entry.id, entry.sensor, entry.observed_on, entry.gsd_m, tuple(bands), entry.licence, entry.attribution,
        _georeference(entry), hidden_px=hidden, properties={"pixels": entry.pixels, "read_as": entry.read_as},
    )  # fmt: skip


def _bands(file: _File, path: Path) -> Iterator[Band]:
    mask = file.bands.index(MASK_BAND) + 1 if MASK_BAND in file.bands else None
    for index, name in enumerate(file.bands, 1):
        if name not in (MASK_BAND, UNUSED_BAND):
            scale, offset = _of_band(file.scale, index), _of_band(file.offset, index)
            yield Band(name, str(path), index, scale, offset, file.nodata, file.sha256, file.bytes, mask)


def _of_band(given: float | list[float] | None, index: int) -> float | None:
    return given[index - 1] if isinstance(given, list) else given


def _georeference(entry: _Entry) -> Georeference | None:
    if entry.crs is None or entry.transform is None:
        return None
    a, b, c, d, e, f = entry.transform
    points = tuple(tuple(point) for point in entry.points)
    return Georeference(entry.crs, (a, b, c, d, e, f), entry.residual_m, points)


def _locate(entry: _Entry, file: _File) -> Path | None:
    if entry.source is not None:
        try:
            return sources.path(entry.source, file.name)
        except MissingError:
            return None
    path = Path(file.name)
    whole = path if path.is_absolute() else entry.folder / path
    return whole if whole.is_file() else None


def _remedy(entry: _Entry) -> str:
    if entry.source is not None:
        return f"run `camps sources fetch {entry.source}`, or set CAMPS_MIRROR to a folder that holds it"
    return f"restore {', '.join(file.name for file in entry.file)}"


def require_size(band: Band) -> None:
    """Do nothing when the local file of a band is as long as it was when it was added.

    Raises
    ------
    CheckError
        When it is longer or shorter, as a file cut short is.
    """
    path = Path(band.href)
    if band.bytes is None or "://" in band.href or not path.is_file():
        return
    actual = path.stat().st_size
    if actual != band.bytes:
        raise CheckError(
            f"{path}: has {actual} bytes, expected {band.bytes}; the file was changed or cut short: copy it again, or "
            "add it under another id"
        )
