"""Windows of planned scenes, of one site or a thousand: read together, scene by scene, within a bound of memory."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import rasterio
import requests
import tomlkit

from camps import files, notebook, record, settings, tables
from camps.errors import CampsError, InputError
from camps.imagery import indices, raster
from camps.imagery.grid import Grid
from camps.imagery.network import landing, require_allowed
from camps.imagery.opening import TIMEOUT_S, BusyError
from camps.imagery.scene import Scene, load

if TYPE_CHECKING:
    from camps.imagery.stac import Catalogue, Plan

#: Threads that read at a time, and the memory that they may take, when nothing else is asked for.
WORKERS = 4
MEMORY_MB = 512.0
#: Of that, blocks of files that were unpacked and may be asked for again by the next window.
_MOST_BLOCKS_MB = 12.0
#: A window is there as float values, as they are stored, as what was seen, and packed.
_COPIES = 6
#: Windows that are read with one opening of a scene's files; with more, the last threads would wait for one another.
_MOST_TOGETHER = 64
#: What a busy server is left alone for before it is asked again for what it did not give.
PAUSES_S = (2.0, 8.0)


@dataclass(frozen=True)
class Windows:
    """Windows of scenes in the cache.

    Attributes
    ----------
    scenes
        By id in order of date: float32 GeoTIFFs of values (NaN where there is none) on the plan's grid.
    refused
        Scenes that could not be read: scene_id, observed_on, reason.
    account
        One row a scene: scene_id, and how many pixels of its window are valid, cloud (or shadow, or snow, by its own
        classes) and not observed; they sum up to the window.
    """

    scenes: dict[str, Scene]
    refused: pd.DataFrame
    account: pd.DataFrame

    @property
    def summary(self) -> str:
        """Return the account of the scenes as one line."""
        total = len(self.scenes) + len(self.refused)
        return f"scenes {total} = read {len(self.scenes)} + refused {len(self.refused)}"


@dataclass(frozen=True, repr=False)
class SiteWindows(tables.Shown):
    """Windows of many sites in the cache.

    Attributes
    ----------
    sites
        The windows of each site, by its id.
    refused
        What could not be read: site_id, scene_id, observed_on, reason, which begins with the address where it is of a
        file. A site whose scenes could not be looked for is named without a scene.
    """

    sites: dict[str, Windows]
    refused: pd.DataFrame

    @property
    def table(self) -> pd.DataFrame:
        """Return one row a site: site_id, and how many of its windows were read and refused."""
        rows = [(name, len(one.scenes), len(one.refused)) for name, one in self.sites.items()]
        return pd.DataFrame(rows, columns=["site_id", "read", "refused"])

    @property
    def summary(self) -> str:
        """Return the account of the windows as one line."""
        n_read, n_refused = int(self.table["read"].sum()), int(self.table["refused"].sum())
        unknown = int((self.refused["scene_id"] == "").sum())
        told = f", {unknown} sites without an answer" if unknown else ""
        return f"{len(self.sites)} sites, windows {n_read + n_refused} = read {n_read} + refused {n_refused}{told}"


@dataclass(frozen=True, eq=False)
class _Task:
    """One window: of one scene, on the grid of one site's plan."""

    site_id: str
    scene: Scene
    plan: Plan
    where: Path


Progress = Callable[[int, int, str], None]


def read(plan: Plan, *, progress: Progress | None = None, folder: Path | None = None) -> Windows:
    """Read the window of every planned scene into the cache and return the scenes as they lie there.

    What is in the cache already is not read again. A window is written whole or not at all, so a run that was stopped
    goes on where it ended. A scene that cannot be read is named and counted; the others go on.

    Parameters
    ----------
    plan
        From :func:`camps.imagery.stac.find`.
    progress
        Called with windows done, windows in all, and the scene's id.
    folder
        Where to keep the windows; the cache when left out.

    Raises
    ------
    InputError
        When none of the scenes can be read: a server does not answer after five tries, or a file is none.
    """
    where = folder or cache_folder(plan)
    found = _read_plans({"": (plan, where)}, progress or notebook.bar("windows"), WORKERS, MEMORY_MB)[""]
    if len(found.refused) and not found.scenes:
        first = found.refused["reason"].iloc[0]
        raise InputError(f"none of {len(found.refused)} scenes could be read; the first: {first}")
    return found


def read_all(
    plans: Mapping[str, Plan],
    *,
    workers: int = WORKERS,
    memory_mb: float = MEMORY_MB,
    progress: Progress | None = None,
    folder: Path | None = None,
) -> SiteWindows:
    """Read the windows of many sites into the cache, scene by scene; as :func:`read` does for one site.

    Each file is opened once for the windows of all sites that it shows, which are read in the order of its blocks. What
    a busy server did not give is asked for again after the rest, after a pause. The same windows have the same bytes,
    whatever the number of workers.

    Parameters
    ----------
    plans
        By site; from :func:`camps.imagery.stac.find_all`.
    workers
        Threads that read at a time.
    memory_mb
        What reading may take beside what the suite takes itself; fewer threads read where windows are large.
    progress
        Called with windows done, windows in all, and the site's and the scene's id.
    folder
        Where to keep the windows, a folder a site; the cache when left out.

    Raises
    ------
    InputError
        When there is to be no worker, or a single window takes more memory than that.
    """
    placed = {site: (plan, folder / safe(site) if folder else cache_folder(plan)) for site, plan in plans.items()}
    found = _read_plans(placed, progress or notebook.bar("windows"), workers, memory_mb)
    rows = [(site, *row) for site, one in found.items() for row in one.refused.itertuples(index=False, name=None)]
    return SiteWindows(found, pd.DataFrame(rows, columns=["site_id", "scene_id", "observed_on", "reason"]))


def _read_plans(
    plans: Mapping[str, tuple[Plan, Path]], progress: Progress | None, workers: int, memory_mb: float
) -> dict[str, Windows]:
    todo = [task for site, (plan, where) in plans.items() for task in _unread(site, plan, where)]
    total = sum(len(plan.scenes) for plan, _ in plans.values())
    reported = iter(range(total - len(todo) + 1, total + 1))

    def tell(task: _Task) -> None:
        if progress is not None:
            progress(next(reported), total, f"{task.site_id} {task.scene.scene_id}".strip())

    blocks_mb = min(_MOST_BLOCKS_MB, memory_mb / 4)
    threads = _threads(todo, workers, memory_mb - blocks_mb)
    with rasterio.Env(GDAL_CACHEMAX=int(blocks_mb * 2**20)):
        faults = _fetch_all(todo, threads, tell)
    refused: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for task, error in faults.items():
        refused[task.site_id].append((task.scene.scene_id, task.scene.observed_on, str(error)))
    return {site: _windows(plan, where, sorted(refused[site])) for site, (plan, where) in plans.items()}


def _unread(site_id: str, plan: Plan, where: Path) -> list[_Task]:
    known = load(where) if where.is_dir() else {}
    return [_Task(site_id, one, plan, where) for one in plan.scenes if not _is_read(one, known.get(safe(one.scene_id)))]


def _windows(plan: Plan, where: Path, refused: Sequence[tuple[str, str, str]]) -> Windows:
    cached = load(where) if where.is_dir() else {}
    failed = {scene_id for scene_id, _, _ in refused}
    scenes = {one.scene_id: cached[safe(one.scene_id)] for one in plan.scenes if one.scene_id not in failed}
    counted = [{"scene_id": name, **one.properties["pixels"]} for name, one in scenes.items()]
    account = pd.DataFrame(counted, columns=["scene_id", "valid", "cloud", "not_observed"])
    return Windows(scenes, pd.DataFrame(refused, columns=["scene_id", "observed_on", "reason"]), account)


def _threads(todo: Sequence[_Task], workers: int, memory_mb: float) -> int:
    if workers < 1:
        raise InputError(f"workers {workers}: expected 1 or more threads")
    if not todo:
        return 1
    largest = max(todo, key=_window_mb)
    if _window_mb(largest) > memory_mb:
        raise InputError(
            f"memory_mb: {memory_mb:.0f} MB for windows, expected at least the {_window_mb(largest):.0f} MB that one "
            f"of site {largest.site_id} takes; take a smaller radius, fewer bands, or more memory"
        )
    return min(workers, int(memory_mb / _window_mb(largest)))


def _window_mb(task: _Task) -> float:
    return _COPIES * 4 * len(task.scene.bands) * task.plan.grid.width * task.plan.grid.height / 2**20


def _fetch_all(todo: Sequence[_Task], threads: int, tell: Callable[[_Task], None]) -> dict[_Task, CampsError]:
    refused: dict[_Task, CampsError] = {}
    left, pauses = list(todo), iter(PAUSES_S)
    while left:
        busy: dict[_Task, CampsError] = {}
        for task, error in _fetch_once(left, threads):
            if isinstance(error, BusyError):
                busy[task] = error
                continue
            if error is not None:
                refused[task] = error
            tell(task)
        # A server that gave nothing at all is not busy but gone.
        gave_something = len(busy) + sum(task in refused for task in left) < len(left)
        pause_s = next(pauses, None) if busy and gave_something else None
        if pause_s is None:
            for task in busy:
                tell(task)
            return refused | busy
        time.sleep(pause_s)
        left = list(busy)
    return refused


def _fetch_once(todo: Sequence[_Task], threads: int) -> Iterator[tuple[_Task, CampsError | None]]:
    """Yield every window as it is done, with what was wrong with it, or ``None``."""
    # A token lives for an hour or less: each round asks for new ones.
    tokens: dict[str, str] = {}
    for task in todo:
        _token(task.plan.catalogue, str(task.scene.properties.get("collection")), tokens)
    news: SimpleQueue[tuple[_Task, BaseException | None]] = SimpleQueue()
    stopped = threading.Event()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for part in _parts(todo):
                pool.submit(_fetch_together, part, tokens, news, stopped)
            for _ in todo:
                task, error = news.get()
                if error is not None and not isinstance(error, CampsError):
                    raise error
                yield task, error
        finally:
            stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _parts(todo: Iterable[_Task]) -> Iterator[list[_Task]]:
    """Yield windows that are read with one opening of the same files, in the order of the blocks that they lie in."""
    by_scene: dict[tuple[str, Scene], list[_Task]] = defaultdict(list)
    for task in todo:
        by_scene[(task.plan.catalogue.url, task.scene)].append(task)
    for tasks in by_scene.values():
        tasks.sort(key=_place)
        yield from (tasks[at : at + _MOST_TOGETHER] for at in range(0, len(tasks), _MOST_TOGETHER))


def _place(task: _Task) -> tuple[str, float, float]:
    # Rows of blocks lie about five kilometres apart at ten metres a pixel.
    grid = task.plan.grid
    return grid.crs, -(grid.north // (512 * grid.gsd_m)), grid.west


def _fetch_together(
    part: Sequence[_Task],
    tokens: Mapping[str, str],
    news: SimpleQueue[tuple[_Task, BaseException | None]],
    stopped: threading.Event,
) -> None:
    waiting = list(part)
    try:
        signed = _signed_scene(part[0], tokens)
        with raster.reader(signed, online="://" in signed.bands[0].href) as window:
            while waiting and not stopped.is_set():
                news.put((waiting[0], _kept(waiting[0], window)))
                del waiting[0]
    except BaseException as error:
        # It is raised, or kept, in the thread that waits for the news.
        for task in waiting:
            news.put((task, error))


def _kept(task: _Task, window: Callable[[Grid], raster.Raster]) -> CampsError | None:
    """Read a window and write it whole; return what was wrong with it."""
    try:
        found = window(task.plan.grid)
    except CampsError as error:
        return error
    picture = task.where / f"{safe(task.scene.scene_id)}.tif"
    with files.replacing(picture) as temporary:
        raster.write_geotiff(found.values, found.grid, temporary, bands=found.bands, nodata=float("nan"))
    _describe(task.scene, found, picture, picture.with_suffix(".toml"))
    return None


def _signed_scene(task: _Task, tokens: Mapping[str, str]) -> Scene:
    token = tokens.get(str(task.scene.properties.get("collection")))
    bands = (replace(one, href=_signed(one.href, task.plan, token), bytes=None) for one in task.scene.bands)
    return replace(task.scene, bands=tuple(bands))


def _is_read(scene: Scene, window: Scene | None) -> bool:
    """Return whether a window is there, whole, and read from what the catalogue gives now, in the same way."""
    if window is None or window.properties["read_as"] != _read_as(scene):
        return False
    path = Path(window.bands[0].href)
    return path.is_file() and path.stat().st_size == window.bands[0].bytes


def _read_as(scene: Scene) -> str:
    """Return a sum over the files of a scene, their state where they lie here, and how their numbers are read."""
    told = [(*astuple(replace(band, bytes=None)), _state(band.href)) for band in scene.bands]
    return hashlib.sha256(repr((scene.observed_on, told)).encode("utf-8", "backslashreplace")).hexdigest()


def _state(href: str) -> tuple[int, int] | None:
    path = Path(href)
    if "://" in href or not path.is_file():
        return None
    return path.stat().st_size, path.stat().st_mtime_ns


def registered_id(scene_id: str, site_id: str) -> str:
    """Return the id of a window of a scene at a site, at most 96 characters: a sum stands for what is cut off."""
    named = f"{safe(scene_id)}-{safe(site_id)}"
    return named if len(named) <= 96 else f"{named[:83]}-{hashlib.sha256(named.encode()).hexdigest()[:12]}"


def copy_window(window: Scene, folder: Path, named: str) -> None:
    """Copy a window of the cache and what describes it to another folder under another id."""
    picture = Path(window.bands[0].href)
    entry = record.read_toml(picture.with_suffix(".toml"))["scene"][0]
    del entry["read_as"]
    entry["id"], entry["file"][0]["name"] = named, f"{named}.tif"
    files.write_bytes(folder / f"{named}.tif", picture.read_bytes())
    files.write_text(folder / f"{named}.toml", tomlkit.dumps({"scene": [entry]}))


def _pixels(window: raster.Raster) -> dict[str, int]:
    """Return the pixels of a window by what became of them; they sum up to all."""
    seen = window.valid
    cloud = seen & indices.unseen(window) if "scl" in window.bands else np.zeros_like(seen)
    return {
        "valid": int((seen & ~cloud).sum()), "cloud": int(cloud.sum()), "not_observed": int((~seen).sum())
    }  # fmt: skip


def cache_folder(plan: Plan) -> Path:
    """Return where the windows of a plan are kept: one folder a catalogue, window and set of bands."""
    grid = plan.grid
    # The number stands for the rules by which a window was read: one read by others is read again.
    place = (grid.crs, grid.west, grid.north, grid.gsd_m, grid.width, grid.height)
    text = repr((3, plan.catalogue.url, *place, plan.bands))
    key = hashlib.sha256(text.encode()).hexdigest()[:12]
    lon, lat = grid.centre
    return settings.cache() / "imagery" / plan.catalogue.id / f"{lon:.4f}_{lat:.4f}_{key}"


def _token(where: Catalogue, collection: str, tokens: dict[str, str]) -> None:
    if where.sign is None or collection in tokens:
        return
    try:
        answer = requests.get(where.sign.format(collection=collection), timeout=TIMEOUT_S)
        answer.raise_for_status()
        tokens[collection] = str(answer.json()["token"])
    except (requests.RequestException, ValueError, KeyError) as error:
        raise InputError(f"catalogue {where.id}: gives no token for reading ({error}); try again later") from error


def _signed(href: str, plan: Plan, token: str | None) -> str:
    require_allowed(href, plan.catalogue.url)
    if "://" not in href:
        return href
    return f"{landing(href, plan.catalogue.url)}{'?' + token if token else ''}"


def safe(text: str) -> str:
    """Return the id of somebody else's scene or site as the name of a file."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)


def _describe(scene: Scene, window: raster.Raster, picture: Path, path: Path) -> None:
    entry: dict[str, Any] = {
        "id": safe(scene.scene_id), "sensor": scene.sensor, "observed_on": scene.observed_on, "gsd_m": scene.gsd_m,
        "licence": scene.licence, "attribution": scene.attribution,
        "origin": [band.href for band in scene.bands], "pixels": _pixels(window), "read_as": _read_as(scene),
        "file": [
            {"name": picture.name, "bands": list(window.bands), "sha256": files.sha256(picture),
             "bytes": picture.stat().st_size}
        ],
    }  # fmt: skip
    files.write_text(path, tomlkit.dumps({"scene": [entry]}))
