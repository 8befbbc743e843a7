"""Scenes: what an image is, when and by what it was taken, and how its pixels lie on the ground."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from camps import files, settings, sources, tables
from camps.errors import CheckError, Fault, InputError, MissingError, raise_faults

SCENE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_TEXTS = ("id", "sensor", "observed_on", "licence", "attribution")


@dataclass(frozen=True)
class Georeference:
    """How pixels lie on the ground: a CRS and six numbers a, b, c, d, e, f (x = a·column + b·row + c, …).

    ``residual_m`` is the root mean square misfit of the control points it was fitted to, ``None`` where it was given.
    """

    crs: str
    transform: tuple[float, float, float, float, float, float]
    residual_m: float | None = None


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
    nodata
        Stored number that stands for nothing, where the file does not say so itself.
    sha256
        Expected sum of a local file, or ``None``.
    bytes
        Size of the file where the publisher states it.
    """

    name: str
    href: str
    index: int = 1
    scale: float = 1.0
    offset: float = 0.0
    nodata: float | None = None
    sha256: str | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class Scene:
    """One image of some ground on one day.

    Attributes
    ----------
    scene_id, sensor
        Its name here, and the instrument.
    observed_on
        UTC date, EDTF text.
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
    return {scene.scene_id: scene for scene in sorted(found, key=lambda one: (one.observed_on, one.scene_id))}


def get(scene_id: str, *, path: Path | None = None) -> Scene:
    """Return one registered scene.

    Raises
    ------
    MissingError
        When no scene has that id, or its files are not here; the message says how to get them.
    """
    for entry in _entries(path):
        if entry["id"] == scene_id:
            scene = _resolve(entry)
            if scene is None:
                raise MissingError(f"scene {scene_id}: its files are not here; {_remedy(entry)}")
            return scene
    known = ", ".join(entry["id"] for entry in _entries(path))
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


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    sums = {file.get("sha256") for file in entry["file"]}
    return {
        "scene_id": entry["id"], "sensor": entry["sensor"], "gsd_m": float(entry["gsd_m"]),
        "t_lo": entry["observed_on"], "t_hi": entry["observed_on"], "reg_dx_m": None, "reg_dy_m": None,
        "reg_sd_m": None, "reg_n": None, "sha256": sums.pop() if len(sums) == 1 else None,
        "licence": entry["licence"], "observed_on": entry["observed_on"],
        "bands": ", ".join(name for file in entry["file"] for name in file["bands"]),
        "here": _resolve(entry) is not None,
    }  # fmt: skip


def scene_table(scenes: Mapping[str, Scene] | list[Scene]) -> pd.DataFrame:
    """Return scenes as the ``scene`` table of METHOD 1 plus observed_on; one row a scene, in the order given."""
    listed = list(scenes.values()) if isinstance(scenes, Mapping) else scenes
    rows = [
        {
            "scene_id": one.scene_id, "sensor": one.sensor, "gsd_m": one.gsd_m, "t_lo": one.observed_on,
            "t_hi": one.observed_on, "reg_dx_m": one.shift_m[0], "reg_dy_m": one.shift_m[1], "reg_sd_m": None,
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


def _entries(path: Path | None) -> list[dict[str, Any]]:
    where = path or scene_folder()
    names = [where] if where.is_file() else sorted(where.glob("*.toml"))
    entries = [entry for name in names for entry in _read_entries(name)]
    _require_once(entries)
    return entries


def _require_once(entries: list[dict[str, Any]]) -> None:
    ids = [entry["id"] for entry in entries]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    raise_faults((Fault(f"scene {one}", "the id twice", "each id once", "rename one") for one in twice), "scenes")


def _read_entries(path: Path) -> list[dict[str, Any]]:
    with files.readable(path):
        content = path.read_bytes()
    try:
        entries = tomllib.loads(content.decode("utf-8-sig")).get("scene", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not TOML in UTF-8 ({error}); mend the line it names") from error
    raise_faults((fault for number, one in enumerate(entries, 1) for fault in _faults(one, number)), path.name)
    return [{**one, "folder": path.parent} for one in entries]


def _faults(entry: Mapping[str, Any], number: int) -> Iterator[Fault]:
    where = f"scene {entry.get('id', number)}"
    for name in _TEXTS:
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            yield Fault(where, f"{name} = {entry.get(name)!r}", "text", f'write {name} = "…"')
    if not SCENE_ID.fullmatch(str(entry.get("id", ""))):
        yield Fault(where, f"id {entry.get('id')!r}", "letters, digits, dots, hyphens and underscores")
    yield from date_faults(str(entry.get("observed_on", "")), where)
    if not isinstance(entry.get("gsd_m"), int | float) or entry["gsd_m"] <= 0:
        yield Fault(where, f"gsd_m = {entry.get('gsd_m')!r}", "metres above 0")
    if ("crs" in entry) != ("transform" in entry):
        yield Fault(where, "crs without transform, or the other way round", "both or neither")
    if len(entry.get("transform", [0] * 6)) != 6:
        yield Fault(where, f"{len(entry['transform'])} numbers in transform", "six: a, b, c, d, e, f")
    yield from _file_faults(entry, where)


def _file_faults(entry: Mapping[str, Any], where: str) -> Iterator[Fault]:
    if not entry.get("file"):
        yield Fault(where, "no file", "at least one [[scene.file]]")
    for file in entry.get("file", []):
        if not file.get("bands"):
            yield Fault(where, f"file {file.get('name')!r} without bands", 'bands = ["red", …] in the file\'s order')
        if not file.get("name"):
            yield Fault(where, "a file without a name", 'name = "…"')


def date_faults(text: str, where: str) -> Iterator[Fault]:
    """Yield a fault when `text` is not a calendar date written YYYY-MM-DD."""
    try:
        date.fromisoformat(text)
        sound = len(text) == 10
    except ValueError:
        sound = False
    if not sound:
        yield Fault(where, f"observed_on {text!r}", "the UTC date of the image, such as 2018-06-23")


def _resolve(entry: Mapping[str, Any]) -> Scene | None:
    located = [(file, _locate(entry, file)) for file in entry["file"]]
    if any(path is None for _, path in located):
        return None
    bands = [
        Band(name, str(path), index, float(file.get("scale", 1.0)), float(file.get("offset", 0.0)),
             file.get("nodata"), file.get("sha256"), file.get("bytes"))
        for file, path in located for index, name in enumerate(file["bands"], 1)
    ]  # fmt: skip
    return Scene(
        entry["id"], entry["sensor"], entry["observed_on"], float(entry["gsd_m"]), tuple(bands), entry["licence"],
        entry["attribution"], _georeference(entry), hidden_px=tuple(tuple(box) for box in entry.get("hidden_px", [])),
    )  # fmt: skip


def _georeference(entry: Mapping[str, Any]) -> Georeference | None:
    if "crs" not in entry:
        return None
    a, b, c, d, e, f = (float(number) for number in entry["transform"])
    return Georeference(entry["crs"], (a, b, c, d, e, f), entry.get("residual_m"))


def _locate(entry: Mapping[str, Any], file: Mapping[str, Any]) -> Path | None:
    if "source" in entry:
        try:
            return sources.path(entry["source"], file["name"])
        except MissingError:
            return None
    path = Path(file["name"])
    whole = path if path.is_absolute() else entry["folder"] / path
    return whole if whole.is_file() else None


def _remedy(entry: Mapping[str, Any]) -> str:
    if "source" in entry:
        return f"run `camps sources fetch {entry['source']}`, or set CAMPS_MIRROR to a folder that holds it"
    return f"restore {', '.join(file['name'] for file in entry['file'])}"


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


def require_sums(scene: Scene) -> None:
    """Do nothing when every local file of a scene has its registered SHA-256.

    Raises
    ------
    CheckError
        With both sums when one has others.
    """
    for band in scene.bands:
        if band.sha256 is None or "://" in band.href:
            continue
        actual = files.sha256(Path(band.href))
        if actual != band.sha256:
            raise CheckError(
                f"{band.href}: SHA-256 is {actual}, expected {band.sha256}; the file is not the one registered: copy "
                "it again, or add it under another id"
            )
