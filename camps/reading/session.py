"""A reading by eye: outlines and looks, scene by scene, every step saved at once and kept for ever.

The log is the reading. Outlines, looks and the series made of them follow from its lines alone; what was undone is
still in it. Times in it are those of the reader's clock and go into no result.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from weakref import WeakValueDictionary

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry import mapping, shape

from camps import crs, files, footprints, settings, sources
from camps.errors import CheckError, InputError
from camps.footprints import FootprintSeries
from camps.growth import SEEING
from camps.imagery import Scene
from camps.imagery.scene import scene_table
from camps.provenance import canonical_json
from camps.reading import shapes
from camps.reading.agreement import agreement
from camps.reading.disputes import lay_out
from camps.reading.log import Log, Step
from camps.record import csv_text
from camps.tables import FOOTPRINT_KINDS, LOOK_STATUSES

CONFIDENCES = ("high", "medium", "low")
#: Steps that change what is read, and can be undone; the others are how it came about.
_CHANGES = ("draw", "mend", "remove", "cut", "join", "copy", "look", "note", "propose", "accept", "dispute")
#: Outlines that the reader has still to accept, to mend or to refuse, and what they are once accepted.
OPEN = {"proposed": "accepted", "disputed": "settled"}
_METHODS = {
    "accepted": "outlined by a machine, accepted by eye",
    "agreed": "read by eye, two readers agree",
    "settled": "read by eye, disputed by two readers, settled by a third",
}
#: Bytes that a folder's name may have on common file systems.
_LONGEST_NAME = 255
_READER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}")


@dataclass(frozen=True)
class Task:
    """A scene to be read: its number in the session's order, and which time it is shown (0 the first)."""

    task_id: str
    scene_id: str
    showing: int


@dataclass(frozen=True)
class Outline:
    """An outline as it stands, EPSG:4326; one track is one building.

    ``origin`` is drawn, copied, mended, proposed (by a machine, and not settled yet), accepted, agreed (by two
    readers), disputed (by them, and not settled yet) or settled.
    """

    outline_id: str
    task_id: str
    track_id: str
    shape: shapely.Polygon
    kind: str
    confidence: str
    note: str
    origin: str


@dataclass(frozen=True)
class Look:
    """What one showing of a scene let be seen: a status, and the areas (EPSG:4326) where nothing could be."""

    status: str
    hidden: tuple[shapely.Polygon, ...] = ()
    note: str = ""


@dataclass
class State:
    """What the log amounts to: outlines by id and looks by task, and what can be undone and done again.

    ``done`` holds each change with the outlines and looks that it took the place of, ``None`` where there was none.
    """

    outlines: dict[str, Outline] = field(default_factory=dict)
    looks: dict[str, Look] = field(default_factory=dict)
    done: list[tuple[Step, dict[str, Outline | None], dict[str, Look | None]]] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)

    @classmethod
    def of(cls, steps: Sequence[Step]) -> State:
        """Return the state after these steps."""
        state = cls()
        for step in steps:
            state.take(step)
        return state

    def take(self, step: Step) -> None:
        """Take in the next step."""
        if step.step == "undo":
            done, outlines, looks = self.done.pop()
            self.undone.append(done)
            _put_back(self.outlines, outlines)
            _put_back(self.looks, looks)
        elif step.step == "redo":
            self._do(self.undone.pop())
        elif step.step in _CHANGES:
            self.undone.clear()
            self._do(step)

    def _do(self, step: Step) -> None:
        what = step.what
        put = {one["outline_id"]: Outline(**{**one, "shape": _polygon(one["shape"])}) for one in what.get("put", ())}
        looks = {}
        if "status" in what:
            looks[what["task"]] = Look(what["status"], tuple(map(_polygon, what["hidden"])), what["note"])
        before = {named: self.outlines.get(named) for named in (*what.get("drop", ()), *put)}
        self.done.append((step, before, {task: self.looks.get(task) for task in looks}))
        for gone in what.get("drop", ()):
            del self.outlines[gone]
        self.outlines.update(put)
        self.looks.update(looks)


def _put_back(held: dict[str, Any], before: Mapping[str, Any]) -> None:
    held.update(before)
    for named in [named for named, one in before.items() if one is None]:
        del held[named]


def _polygon(saved: dict[str, Any]) -> shapely.Polygon:
    read: Any = shape(saved)
    return read if isinstance(read, shapely.Polygon) else shapely.Polygon()


#: Readings that this process has open, by folder: a cell that is run again goes on with its own.
_OPEN: WeakValueDictionary[Path, Session] = WeakValueDictionary()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def start(
    site_id: str,
    scenes: Sequence[Scene],
    *,
    interpreter: str,
    ground: shapely.Polygon | shapely.MultiPolygon | None = None,
    blind: int | None = None,
    repeats: int = 0,
    folder: Path | None = None,
    clock: Callable[[], str] = _now,
) -> Session:
    """Begin a reading of a site's scenes, or go on with it where it was left.

    Parameters
    ----------
    site_id
        The site that is read.
    scenes
        Its scenes with their files here, such as ``camps.imagery.load().values()``.
    interpreter
        Who reads, as it will be printed: initials or a number, no name of a private person.
    ground
        The ground that is read, EPSG:4326: what is hidden of it by cloud is taken off its coverage.
    blind
        A seed. The scenes then come in an order drawn by it, and tasks carry no date, so that a second reader knows
        neither the first reading nor when each picture was taken. By default they come in order of date.
    repeats
        So many scenes, drawn by the seed, are shown again later; what differs then is the reader's own error.
    folder
        Where the reading is kept; ``geodata/readings/SITE-INTERPRETER`` by default.
    clock
        Returns the time that a step is given.

    Returns
    -------
    Session
        The reading, kept to this process until :meth:`Session.close`. Where this process has it open already, as when
        a cell is run again, that one is closed and this goes on.

    Raises
    ------
    InputError
        When another process reads it, the log there is of another reading, or a scene has no file here.
    CheckError
        When the file of a scene is no longer what it was, or the log was changed.
    """
    _require_sound(scenes, interpreter, blind, repeats)
    if ground is not None:
        _require_outline(ground, (shapely.Polygon, shapely.MultiPolygon), "ground")
    where = (folder or _folder_of(site_id, interpreter)).resolve()
    if (before := _OPEN.get(where)) is not None:
        before.close()
    kept = ExitStack()
    try:
        kept.enter_context(files.locked(where))
        log = Log(where / "log.jsonl")
        begun = {
            "site_id": site_id, "interpreter": interpreter, "blind": blind, "repeats": repeats,
            "ground": None if ground is None else mapping(ground),
            "scenes": [
                {"scene_id": s.scene_id, "observed_on": s.observed_on, "files": _sums(s), "shift_m": list(s.shift_m)}
                for s in scenes
            ],
        }  # fmt: skip
        _begin_or_go_on(log, begun, clock)
    except BaseException:
        kept.close()
        raise
    _OPEN[where] = session = Session(where, log, tuple(scenes), clock, kept)
    return session


def _folder_of(site_id: str, interpreter: str) -> Path:
    named = f"{site_id}-{interpreter}"
    if set(named) & set("/\\\0") or len(named.encode()) > _LONGEST_NAME:
        raise InputError(f"site_id {site_id!r}: no folder can have that name; name one: start(…, folder=…)")
    return settings.geodata() / "readings" / named


def _require_sound(scenes: Sequence[Scene], interpreter: str, blind: int | None, repeats: int) -> None:
    if not scenes:
        raise InputError("scenes: none, expected at least one; see `camps imagery list`")
    ids = [one.scene_id for one in scenes]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise InputError(
            f"scenes: {', '.join(twice)} more than once; name each once, and repeats= to be shown some again"
        )
    if not _READER.fullmatch(interpreter):
        raise InputError(f"interpreter {interpreter!r}: expected letters, digits and hyphens, such as A or second")
    if repeats and (blind is None or not 0 < repeats <= len(scenes)):
        raise InputError(f"repeats {repeats}: expected 0 to {len(scenes)}, and a seed: blind=1")


def _sums(scene: Scene) -> dict[str, str]:
    """Return the sum of each file of a scene by name."""
    paths = {Path(band.href) for band in scene.bands}
    return {path.name: files.sha256(path) for path in sorted(paths)}


def _begin_or_go_on(log: Log, begun: Mapping[str, Any], clock: Callable[[], str]) -> None:
    if not log.steps:
        log.append(clock(), "begin", begun)
        return
    first = log.steps[0].what
    # As JSON has it: tuples are lists there.
    if canonical_json(first) == canonical_json(begun):
        return
    sums = {one["scene_id"]: one["files"] for one in first["scenes"]}
    if changed := [
        one["scene_id"] for one in begun["scenes"] if sums.get(one["scene_id"], one["files"]) != one["files"]
    ]:
        raise CheckError(
            f"scene {', '.join(changed)}: its file is not the one that was read; restore it, or begin anew"
        )
    other = ", ".join(name for name in begun if first.get(name) != begun[name])
    raise InputError(f"{log.path}: the reading there has another {other}; go on with that, or name another folder=")


class Session:
    """One reader's reading of a site, as :func:`start` begins it. Positions are longitude and latitude, EPSG:4326.

    Attributes
    ----------
    folder
        Where its log is kept, and what :meth:`write` makes of it.
    tasks
        Its tasks by id, in the order in which they are read.
    closed
        Whether it was closed; nothing can be added then.
    n_lost_bytes
        Length of a step that a kill cut short before it was saved; it was taken off.
    watchers
        Called after each step that was saved, and when it is closed: the pages that show the reading.
    """

    def __init__(
        self, folder: Path, log: Log, scenes: tuple[Scene, ...], clock: Callable[[], str], kept: ExitStack
    ) -> None:
        self.folder, self.n_lost_bytes = folder, log.n_lost_bytes
        self._log, self._clock, self._kept = log, clock, kept
        self._scenes = {one.scene_id: one for one in scenes}
        self._begun = log.steps[0].what
        self._state = State.of(log.steps)
        self._last_ids: dict[str, int] = {}
        for step in log.steps:
            self._count_ids(step)
        self.closed = False
        self.watchers: list[Callable[[], None]] = []
        self.tasks = {task.task_id: task for task in _tasks(self._begun)}

    def __enter__(self) -> Session:
        """Return the session; it is closed where the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the session."""
        self.close()

    def close(self) -> None:
        """Let go of the reading; another process may go on with it. Everything is saved already."""
        if self.closed:
            return
        self._kept.close()
        self.closed = True
        for watcher in self.watchers:
            watcher()

    # --- what there is ---

    @property
    def site_id(self) -> str:
        """Return the site that is read."""
        return str(self._begun["site_id"])

    @property
    def reader(self) -> str:
        """Return who reads."""
        return str(self._begun["interpreter"])

    @property
    def head(self) -> str:
        """Return the hash of the last line of its log, which stands for the whole log."""
        return self._log.head

    @property
    def blind(self) -> bool:
        """Return whether dates and other readings are hidden from the reader."""
        return self._begun["blind"] is not None

    @property
    def steps(self) -> Sequence[Step]:
        """Return the lines of its log, undone ones too."""
        return tuple(self._log.steps)

    @property
    def turns(self) -> tuple[int, int]:
        """Return how many changes can be undone, and how many done again."""
        return len(self._state.done), len(self._state.undone)

    @property
    def held(self) -> Mapping[str, Outline]:
        """Return the outlines as they stand, by id."""
        return dict(self._state.outlines)

    @property
    def looks(self) -> Mapping[str, Look]:
        """Return what was marked of each task; a task that is not here was not looked at yet."""
        return dict(self._state.looks)

    def outlines(self, task: str | None = None) -> gpd.GeoDataFrame:
        """Return outlines as they stand, of one task or all: the fields of `Outline`, EPSG:4326, by id."""
        held = [one for one in self._state.outlines.values() if task in (None, one.task_id)]
        names = ("outline_id", "task_id", "track_id", "kind", "confidence", "note", "origin")
        values = {name: pd.Series([getattr(one, name) for one in held], dtype="string") for name in names}
        frame = gpd.GeoDataFrame(values, geometry=[one.shape for one in held], crs=4326)
        return frame.sort_values("outline_id", ignore_index=True)

    def snapshot(self, folder: Path) -> Session:
        """Return the reading as it stands, closed, for work beside it, also in another process.

        It has the head of the log without its steps, and what it writes goes to another folder.
        """
        still = copy(self)
        still.folder, still.closed, still.watchers = folder, True, []
        still._log, still._clock, still._kept = copy(self._log), _now, ExitStack()
        still._log.steps = []
        still._state = State(dict(self._state.outlines), dict(self._state.looks))
        return still

    def scene(self, task: str) -> Scene:
        """Return the scene of a task, without showing it."""
        return self._scenes[self._task(task).scene_id]

    @property
    def task(self) -> str:
        """Return the task that was shown last, other than beside it; at the beginning the first."""
        shown = (one.what for one in reversed(self._log.steps) if one.step == "show")
        return next((str(what["task"]) for what in shown if "beside" not in what), next(iter(self.tasks)))

    def show(self, task: str, *, beside: bool = False) -> Scene:
        """Return the scene of a task and note that it was shown, or shown beside the one that is read.

        Raises
        ------
        CheckError
            When its file is no longer the one that the reading began with.
        """
        scene = self.scene(task)
        begun = next(one for one in self._begun["scenes"] if one["scene_id"] == scene.scene_id)
        if _sums(scene) != begun["files"]:
            raise CheckError(f"scene {scene.scene_id}: its file is not the one that the reading began with; restore it")
        self._append("show", {"task": task, **({"beside": True} if beside else {})})
        return scene

    # --- what is done ---

    def draw(
        self, task: str, outline: shapely.Polygon, *, kind: str = "building", confidence: str = "medium", note: str = ""
    ) -> str:
        """Add an outline to a task and return its id.

        Raises
        ------
        InputError
            When it is no sound polygon on the globe, lies outside the ground that is read, or kind or confidence are
            not known.
        """
        (named,) = self._new_ids(task, 1)
        drawn = Outline(named, task, named, outline, kind, confidence, note, "drawn")
        self._change("draw", put=[drawn])
        return named

    def mend(self, outline_id: str, **changes: Any) -> None:
        """Give an outline another ``shape``, ``kind``, ``confidence`` or ``note``."""
        strange = sorted(set(changes) - {"shape", "kind", "confidence", "note"})
        if strange or not changes:
            raise InputError(f"mend {', '.join(strange) or 'nothing'}: expected some of shape, kind, confidence, note")
        changed = replace(self._outline(outline_id), **changes)
        self._change("mend", put=[replace(changed, origin="mended") if "shape" in changes else changed])

    def propose(self, task: str, outlines: Iterable[shapely.Polygon], *, kind: str = "building") -> list[str]:
        """Lay outlines of a machine on a scene, such as those of an extraction, and return their ids.

        Each is settled by the reader: :meth:`accept` and :meth:`mend` take it in, :meth:`remove` refuses it. Until all
        are settled the reading is no series. What was laid there before, as by a cell that is run again, is not laid
        twice.
        """
        laid = [one for step, *_ in self._state.done if step.step == "propose" for one in step.what["put"]]
        before = {_polygon(one["shape"]) for one in laid if one["task_id"] == task}
        shapes = [outline for outline in outlines if outline not in before]
        if not shapes:
            return []
        named = self._new_ids(task, len(shapes))
        put = [
            Outline(one, task, one, outline, kind, "low", "", "proposed")
            for one, outline in zip(named, shapes, strict=True)
        ]
        self._change("propose", put=put)
        return named

    def accept(self, *outline_ids: str) -> None:
        """Take in proposals as they are, in one step.

        Raises
        ------
        InputError
            When one of them is no proposal, or settled already.
        """
        held = [self._outline(one) for one in outline_ids]
        if settled := [one.outline_id for one in held if one.origin not in OPEN]:
            raise InputError(f"accept {', '.join(settled)}: no open proposal; nothing is to be accepted there")
        put = [replace(one, origin=OPEN[one.origin]) for one in held]
        self._change("accept", put=put, drop=[rival for one in held for rival in self._rivals(one, outline_ids)])

    def dispute(self, first: Session, second: Session, *, least_iou: float = 0.5) -> tuple[int, int]:
        """Lay two readings of the same scenes before this third reader, who settles what they dispute.

        A building whose outlines share at least `least_iou` is taken in as the first outlined it. What one of them has
        alone is settled as a proposal is: :meth:`accept` and :meth:`mend` take it in, :meth:`remove` refuses it; of a
        building whose outlines share less, both are laid, and taking one in refuses the other. The log names the heads
        of both logs, and keeps what was done with each outline.

        Returns
        -------
        tuple of int
            How many outlines are agreed, and how many are to be settled.

        Raises
        ------
        InputError
            When a reading is no series yet, both have no date or no building in common, this one lacks a date that both
            read, or two were laid here before.
        """
        if self._disputed:
            raise InputError(f"{self.folder}: two readings were laid here before; begin another reading for these")
        tasks = {self.scene(one.task_id).observed_on: one.task_id for one in self.tasks.values() if not one.showing}
        laid = list(lay_out(first.series(), second.series(), (first.reader, second.reader), least_iou))
        if unread := sorted({one.observed_on for one in laid} - set(tasks)):
            raise InputError(f"{self.folder}: has no scene of {', '.join(unread)}, which both read; begin with it too")
        put = []
        for date, task in tasks.items():
            here = [one for one in laid if one.observed_on == date]
            for named, one in zip(self._new_ids(task, len(here)), here, strict=True):
                track = one.track_id.removeprefix(f"{self.site_id}-")
                origin = "agreed" if one.agreed else "disputed"
                put.append(Outline(named, task, track, one.shape, one.kind, one.confidence, one.note, origin))
        self._change("dispute", put=put, between={one.reader: one.head for one in (first, second)})
        n_open = sum(one.origin == "disputed" for one in put)
        return len(put) - n_open, n_open

    def square(self, outline_id: str) -> None:
        """Give an outline right angles; see :func:`camps.reading.shapes.squared`."""
        flat, plane = self._flat([outline_id])
        self.mend(outline_id, shape=_on_globe(shapes.squared(flat[0]), plane))

    def remove(self, *outline_ids: str) -> None:
        """Take outlines away, in one step."""
        self._change("remove", drop=[self._outline(one).outline_id for one in outline_ids])

    def cut(self, outline_id: str, line: shapely.LineString) -> list[str]:
        """Cut an outline along a line and return the ids of its pieces; the largest keeps id and track."""
        (flat,), plane = self._flat([outline_id])
        across = gpd.GeoSeries([line], crs=4326).to_crs(plane).iloc[0]
        held, parts = self._outline(outline_id), shapes.cut(flat, across)
        further = self._new_ids(held.task_id, len(parts) - 1)
        pieces = [
            replace(held, outline_id=named, track_id=track, shape=_on_globe(part, plane), origin="mended")
            for named, track, part in zip([outline_id, *further], [held.track_id, *further], parts, strict=True)
        ]
        self._change("cut", put=pieces)
        return [piece.outline_id for piece in pieces]

    def join(self, outline_ids: Sequence[str]) -> str:
        """Make one outline of several of one task that touch; it keeps the id of the first, which is returned."""
        held = [self._outline(one) for one in outline_ids]
        if len(held) < 2 or len({one.task_id for one in held}) > 1:
            raise InputError(f"join {', '.join(outline_ids)}: expected two outlines or more of one task")
        flat, plane = self._flat(outline_ids)
        whole = replace(held[0], shape=_on_globe(shapes.joined(flat), plane), origin="mended")
        self._change("join", put=[whole], drop=list(outline_ids[1:]))
        return whole.outline_id

    def copy_forward(self, start_task: str, to_task: str) -> list[str]:
        """Copy a task's outlines, each on its track, to another task that has not got that track; return the ids."""
        there = {one.track_id for one in self._outlines_of(to_task)}
        settled = [one for one in self._outlines_of(start_task) if one.origin not in OPEN]
        wanted = [one for one in settled if one.track_id not in there]
        made = [
            replace(one, outline_id=named, task_id=to_task, origin="copied")
            for named, one in zip(self._new_ids(to_task, len(wanted)), wanted, strict=True)
        ]
        self._change("copy", put=made)
        return [one.outline_id for one in made]

    def look(self, task: str, status: str, *, hidden: Sequence[shapely.Polygon] = (), note: str = "") -> None:
        """Say what a scene let be seen, such as observed or obscured; `hidden` are the areas that a partial look lacks.

        A scene that was looked at and shows nothing is observed without an outline. One that nobody marked was not
        looked at, and is no zero.
        """
        if status not in LOOK_STATUSES or (bool(hidden) != (status == "partial")):
            raise InputError(
                f"look {status!r} with {len(hidden)} hidden areas: expected one of {', '.join(LOOK_STATUSES)}, and "
                "areas with partial alone"
            )
        for one in hidden:
            _require_outline(one)
        what = {
            "task": self._task(task).task_id,
            "status": status,
            "hidden": [mapping(h) for h in hidden],
            "note": note,
        }
        self._save("look", what)

    def undo(self) -> bool:
        """Take back the last change; return whether there was one."""
        return self._turn("undo", bool(self._state.done))

    def redo(self) -> bool:
        """Do again what was last taken back; return whether there was anything."""
        return self._turn("redo", bool(self._state.undone))

    # --- what becomes of it ---

    def write(self, showing: int = 0) -> dict[str, Path]:
        """Write the reading as files of a footprint series, and return them by role.

        Parameters
        ----------
        showing
            0 for the first time that each scene was shown, 1 for what was shown again.

        Raises
        ------
        InputError
            When a task has outlines and nobody said what it let be seen, a proposal is not settled, or nothing was
            read.
        """
        read = [task for task in self.tasks.values() if task.showing == showing and task.task_id in self._state.looks]
        self._require_looks(showing, read)
        self._require_settled(read)
        named = {task.task_id: task.scene_id for task in read}
        table = self.outlines()
        table = table[table["task_id"].isin(named)]
        table = table.assign(scene_id=table["task_id"].map(named), site_id=self.site_id)
        table["method"] = table["origin"].map(_METHODS).fillna("read by eye")
        dates = {scene_id: self._scenes[scene_id].observed_on for scene_id in named.values()}
        table["observed_on"] = table["scene_id"].map(dates)
        reader = self.reader
        table["footprint_id"] = [f"{self.site_id}-{reader}-{one}" for one in table["outline_id"]]
        table["track_id"] = [f"{self.site_id}-{reader}-{one}" for one in table["track_id"]]
        where = self.folder if showing == 0 else self.folder / f"showing-{showing + 1}"
        kept = table.drop(columns=["outline_id", "task_id", "origin"])
        paths = {
            "footprints": files.write_text(where / "footprints.geojson", kept.to_json(drop_id=True) + "\n"),
            "scenes": files.write_text(where / "scenes.csv", self._scene_csv(named.values())),
            "looks": files.write_text(where / "looks.csv", csv_text(self._looks(read))),
        }
        if (seen := self._coverage(read)) is not None:
            paths["coverage"] = files.write_text(where / "coverage.geojson", seen.to_json(drop_id=True) + "\n")
        return paths

    def series(self, showing: int = 0) -> FootprintSeries:
        """Return the reading as a footprint series; see :meth:`write`, whose files it reads."""
        return _series_of(self.write(showing))

    def register(self, source_id: str | None = None, *, second: Session | None = None) -> FootprintSeries:
        """Register the reading as a footprint series of the record, which growth, map, film and appendix read.

        Its log goes with it. Where the scenes were read twice, the outlines of the second time go with it too, and what
        both differ by is the error of its edges from then on, in place of an assumed one.

        Parameters
        ----------
        source_id
            The id of the series; ``read-SITE-INTERPRETER`` by default.
        second
            Another reader's reading of the same scenes; by default what was shown again in this one.

        Raises
        ------
        InputError
            When a task has outlines and no look, nothing was read, the id is taken, or both readings have no date or no
            building in common.
        """
        paths, reader = self.write(), self.reader
        options: dict[str, Any] = {}
        titles = {"log": f"Log of the reading by {reader}, each step with the hash of the one before"}
        if (again := self._again(second)) is not None:
            by, how = (second or self).reader, "blind" if (second or self).blind else "not blind"
            paths |= {"repeat": again["footprints"], "repeat-looks": again["looks"], "repeat-scenes": again["scenes"]}
            titles |= dict.fromkeys(("repeat", "repeat-looks", "repeat-scenes"), f"Second reading, by {by}, {how}")
            options |= _errors(_series_of(paths), _series_of(again), one_reader=by == reader)
        credits_line = "; ".join(sorted({self._scenes[s["scene_id"]].attribution for s in self._begun["scenes"]}))
        title = f"Buildings of {self.site_id} as read by {reader} ({credits_line}){self._settlement()}"
        about = sources.About(
            title=title, publisher="own reading", landing=f"log of the reading, head {self.head}",
            licence=f"own reading; pictures: {credits_line}", citation=f"{title}.", datum="wgs84", options=options,
        )  # fmt: skip
        named = source_id or f"read-{self.site_id}-{reader}".casefold()
        return footprints.add(named, {**paths, "log": self._log.path}, about, titles=titles)

    def _again(self, second: Session | None) -> dict[str, Path] | None:
        """Return the files of a second reading: another reader's, or of what was shown again; of neither, null."""
        if second is not None:
            return second.write()
        shown_again = [task.task_id for task in self.tasks.values() if task.showing == 1]
        return self.write(showing=1) if any(one in self._state.looks for one in shown_again) else None

    # --- inside ---

    def _task(self, named: str) -> Task:
        if named not in self.tasks:
            raise InputError(f"task {named!r}: no such; expected one of {', '.join(self.tasks)}")
        return self.tasks[named]

    def _outlines_of(self, task: str) -> list[Outline]:
        """Return the outlines of a task by id."""
        wanted = self._task(task).task_id
        held = (one for one in self._state.outlines.values() if one.task_id == wanted)
        return sorted(held, key=lambda one: one.outline_id)

    def _outline(self, named: str) -> Outline:
        if named not in self._state.outlines:
            raise InputError(f"outline {named!r}: no such; it may have been removed or joined to another")
        return self._state.outlines[named]

    def _new_ids(self, task: str, n: int) -> list[str]:
        """Return ids that were never used in this task, also not by what was taken back."""
        first = self._last_ids.get(self._task(task).task_id, 0) + 1
        return [f"{task}-{number:03d}" for number in range(first, first + n)]

    def _count_ids(self, step: Step) -> None:
        for put in step.what.get("put", ()):
            task, _, number = put["outline_id"].rpartition("-")
            self._last_ids[task] = max(self._last_ids.get(task, 0), int(number))

    def _rivals(self, one: Outline, accepted: Sequence[str]) -> list[str]:
        """Return the other outlines of a building that two readers dispute, which are refused when this is taken in."""
        if one.origin != "disputed":
            return []
        others = [other for other in self._outlines_of(one.task_id) if other.track_id == one.track_id and other != one]
        if taken := [other.outline_id for other in others if other.origin not in OPEN or other.outline_id in accepted]:
            raise InputError(f"accept {one.outline_id}: {taken[0]} is the same building; remove() one of them")
        return [other.outline_id for other in others]

    @property
    def _disputed(self) -> Step | None:
        """Return the step that laid two readings before this reader, where there was one."""
        return next((step for step, *_ in self._state.done if step.step == "dispute"), None)

    def _settlement(self) -> str:
        """Return how what two readers disputed was settled, as the title of the series says it; empty without that."""
        step = self._disputed
        if step is None:
            return ""
        laid = [one["outline_id"] for one in step.what["put"] if one["origin"] == "disputed"]
        n_in = sum(one in self._state.outlines for one in laid)
        readers = " and ".join(sorted(step.what["between"]))
        return f"; {len(laid)} outlines disputed by {readers}, of which {n_in} taken in and {len(laid) - n_in} refused"

    def _flat(self, outline_ids: Sequence[str]) -> tuple[list[shapely.Polygon], Any]:
        held = gpd.GeoSeries([self._outline(one).shape for one in outline_ids], crs=4326)
        plane = crs.regional_crs(crs.lonlat_bounds(held))
        return list(held.to_crs(plane)), plane

    def _change(self, step: str, *, put: Sequence[Outline] = (), drop: Sequence[str] = (), **told: Any) -> None:
        ground = self.ground
        for one in put:
            _require_outline(one.shape)
            # A proposal is the machine's; where it lies is asked when it is taken in.
            if ground is not None and one.origin not in OPEN and not shapely.intersects(ground, one.shape):
                raise InputError(f"outline {one.outline_id}: lies outside the ground that is read; draw it within")
            _require_word("kind", one.kind, FOOTPRINT_KINDS)
            _require_word("confidence", one.confidence, CONFIDENCES)
        saved = [{**vars(one), "shape": mapping(one.shape)} for one in put]
        self._save(step, {"put": saved, "drop": list(drop), **told})

    def _save(self, step: str, what: Mapping[str, Any]) -> None:
        # What is taken in is what the file holds, so that a session gone on with is the one that was left.
        self._append(step, json.loads(json.dumps(what)))

    def _append(self, step: str, what: Mapping[str, Any]) -> None:
        if self.closed:
            raise InputError(
                f"{self.folder}: this reading was closed; go on with reading.start(), or where that was done"
            )
        added = self._log.append(self._clock(), step, what)
        self._state.take(added)
        self._count_ids(added)
        for watcher in self.watchers:
            watcher()

    def _turn(self, step: str, possible: bool) -> bool:
        if possible:
            self._append(step, {})
        return possible

    def _require_looks(self, showing: int, read: Sequence[Task]) -> None:
        marked = {task.task_id for task in read}
        of_this = {task.task_id for task in self.tasks.values() if task.showing == showing}
        unmarked = sorted({one.task_id for one in self._state.outlines.values()} & of_this - marked)
        if unmarked:
            raise InputError(
                f"{', '.join(unmarked)}: outlines, and nobody said what the scene let be seen; mark it with look()"
            )
        said = {task.task_id: self._state.looks[task.task_id].status for task in read}
        drawn = {one.task_id for one in self._state.outlines.values()}
        if blind := [f"{task} ({status})" for task, status in said.items() if task in drawn and status not in SEEING]:
            raise InputError(
                f"{', '.join(blind)}: outlines on a scene that let nothing be seen; mark it anew with look(), or "
                "remove() them"
            )
        if not read:
            raise InputError("nothing read yet; mark what a scene let be seen with look()")

    def _require_settled(self, read: Sequence[Task]) -> None:
        left = [one.outline_id for task in read for one in self._outlines_of(task.task_id) if one.origin in OPEN]
        if left:
            raise InputError(f"proposals not settled: {len(left)} ({left[0]} …); accept(), mend() or remove() each")

    def _scene_csv(self, scene_ids: Any) -> str:
        table = scene_table([self._scenes[one] for one in dict.fromkeys(scene_ids)])
        sums = {one["scene_id"]: one["files"] for one in self._begun["scenes"]}
        # A scene of several files has no one sum; the log names them all.
        table["sha256"] = [next(iter(sums[one].values())) if len(sums[one]) == 1 else None for one in table["scene_id"]]
        return csv_text(table)

    def _looks(self, read: Sequence[Task]) -> pd.DataFrame:
        return pd.DataFrame([
            {
                "site_id": self.site_id, "scene_id": task.scene_id, "status": self._state.looks[task.task_id].status,
                "frac_valid": self._frac_valid(self._state.looks[task.task_id]),
                "interpreter": self.reader,
            }
            for task in read
        ])  # fmt: skip

    @property
    def ground(self) -> shapely.Polygon | shapely.MultiPolygon | None:
        """Return the ground that is read, EPSG:4326, where it was stated."""
        saved: Any = self._begun["ground"]
        return None if saved is None else cast("shapely.Polygon | shapely.MultiPolygon", shape(saved))

    def _frac_valid(self, look: Look) -> float | None:
        """Return the part of the ground that was seen; null where some was hidden of a ground that nobody stated."""
        ground = self.ground
        if look.status != "partial":
            return 1.0 if look.status == "observed" else 0.0
        if ground is None:
            return None
        seen = gpd.GeoSeries([_without(ground, look.hidden), ground], crs=4326)
        area = crs.area_m2(seen)
        return float(area.iloc[0] / area.iloc[1])

    def _coverage(self, read: Sequence[Task]) -> gpd.GeoDataFrame | None:
        ground = self.ground
        if ground is None:
            return None
        looks = [(task.scene_id, self._state.looks[task.task_id]) for task in read]
        seen = [(one, _without(ground, look.hidden)) for one, look in looks if look.status in ("observed", "partial")]
        return gpd.GeoDataFrame(
            {"site_id": self.site_id, "scene_id": [one for one, _ in seen]},
            geometry=[area for _, area in seen],
            crs=4326,
        )


def _errors(first: FootprintSeries, again: FootprintSeries, *, one_reader: bool) -> dict[str, float]:
    """Return what two readings tell of the error of edges; nothing where a reader had no building both times."""
    if first.footprints.empty or again.footprints.empty:
        return {}
    return agreement(first, again, draws=0).errors(one_reader=one_reader)


def _series_of(paths: Mapping[str, Path]) -> FootprintSeries:
    """Return the series in files by role."""
    held, told = footprints.registered.files_as_arguments({role: [path] for role, path in paths.items()})
    return footprints.load(held, **told)


def _tasks(begun: Mapping[str, Any]) -> Iterator[Task]:
    """Yield a reading's tasks in their order: by date, or blind as the seed draws it, each repeat after its first."""
    ids = [one["scene_id"] for one in sorted(begun["scenes"], key=lambda one: (one["observed_on"], one["scene_id"]))]
    order = [(one, 0) for one in ids]
    if begun["blind"] is not None:
        chance = random.Random(begun["blind"])
        chance.shuffle(order)
        again = [(one, 1) for one, _ in chance.sample(order, begun["repeats"])]
        order += again
    for number, (scene_id, showing) in enumerate(order, start=1):
        yield Task(f"task-{number:02d}", scene_id, showing)


def _without(ground: shapely.Polygon | shapely.MultiPolygon, hidden: Sequence[shapely.Polygon]) -> Any:
    return shapely.difference(ground, shapely.union_all(list(hidden)))


def _on_globe(outline: shapely.Polygon, plane: Any) -> shapely.Polygon:
    back: shapely.Polygon = gpd.GeoSeries([outline], crs=plane).to_crs(4326).iloc[0]
    return back


def _require_outline(outline: Any, of: Any = shapely.Polygon, what: str = "outline") -> None:
    if not isinstance(outline, of) or outline.is_empty or not outline.is_valid or outline.area == 0:
        reason = shapely.is_valid_reason(outline) if isinstance(outline, of) else type(outline).__name__
        raise InputError(f"{what}: {reason}, expected a polygon that does not cross itself; draw it again")
    west, south, east, north = outline.bounds
    if west < -180 or east > 360 or south < -90 or north > 90:
        raise InputError(f"{what}: {outline.bounds}, expected longitude and latitude in degrees (EPSG:4326)")


def _require_word(what: str, given: str, known: Sequence[str]) -> None:
    if given not in known:
        raise InputError(f"{what} {given!r}: expected one of {', '.join(known)}")
