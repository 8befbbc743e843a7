"""A small page that keeps the page contract, and small shots of it."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from camps import engine, film
from camps.dates import day_of
from camps.film import anymap
from camps.film.canvas import CanvasStage
from camps.film.plan import plan_frames
from camps.film.screen import ScreenStage
from camps.film.subject import build_ground, build_map

Drawn = list[tuple[dict[str, Any], NDArray[np.uint8]]]

PAGE = Path(__file__).parent / "pages" / "growth.html"


def test_page(**changes: str) -> film.FilmPage:
    html = PAGE.read_text(encoding="utf-8")
    for old, new in changes.items():
        html = html.replace(old, new)
    return film.FilmPage(html)


def small_shot(**changes: Any) -> film.Shot:
    content: dict[str, Any] = {
        "title": "A test",
        "code": "TEST_A_0010",
        "frames": 12,
        "size": (320, 180),
        "clock": {"kind": "linear", "from": date(2017, 1, 1), "to": date(2020, 12, 31)},
        "camera": [{"at": 0, "fit": "china"}, {"at": 0.4, "fit": "xinjiang", "ease": "in_out_cubic"}],
    }
    shot = film.build_shot({**content, **changes})
    ends_s = float(shot.n_frames / shot.rate)
    if "camera" in changes or ends_s >= 0.4:
        return shot
    return film.build_shot({**content, **changes, "camera": [content["camera"][0], {"at": ends_s, "fit": "xinjiang"}]})


def film_states(days: Iterable[date], *, fps: int = 25, **more: Any) -> list[dict[str, Any]]:
    """Return states of a film of any map, a frame a day given."""
    listed = [float(day_of(day)) for day in days]
    shown = {"began": listed[0], "background": "look", "mode": "observed", "lang": "en", "look": "dark", **more}
    return [{"t": day, "at": i / fps, **shown} for i, day in enumerate(listed)]


def shoot(
    page: film.FilmPage,
    states: Sequence[Mapping[str, Any]],
    size: tuple[int, int] = (320, 180),
    *,
    scale: float = 0.5,
) -> list[tuple[NDArray[np.uint8], str | None]]:
    """Return the pixels of a page in each state, and the date that it says it shows, from one browser."""

    async def taken() -> list[tuple[NDArray[np.uint8], str | None]]:
        async with ScreenStage(page, *size, scale=scale, began_day=states[0]["began"]) as stage:
            return [(pixels, told["date_shown"]) async for pixels, told in colours(stage, enumerate(states, 1))]

    return asyncio.run(taken())


async def colours(stage: ScreenStage, jobs: Iterable[Any]) -> AsyncIterator[tuple[NDArray[np.uint8], dict[str, Any]]]:
    """Yield red, green and blue of each picture of a stage, and what the page says of it."""
    async for one in stage.capture(jobs):
        yield one.read()[..., [one.order.index(channel) for channel in "RGB"]], one.described
        await one.release()


def sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, by its path there."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] != "cache"  # the test's own, see conftest
    }


def browsers() -> list[psutil.Process]:
    """Return the browsers' processes that this process started, directly or not."""
    return [child for child in psutil.Process().children(recursive=True) if "chrom" in _name(child)]


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


def draw(shot: film.Shot, changes: Iterable[Mapping[str, Any]]) -> Drawn:
    """Return what the page says and draws for the first frame of a shot under each of some changes."""
    map_ = build_map(shot)
    first = plan_frames(shot, build_ground(map_)).states[0]
    jobs = [(number, {**first, **change}) for number, change in enumerate(changes)]

    async def drawn() -> Drawn:
        async with CanvasStage(anymap.build_map_page(map_), *shot.size) as stage:
            frames = []
            async for captured in stage.capture(jobs):
                frames.append((captured.described, np.array(captured.read())))
                await captured.release()
            return frames

    return engine.run_apart(drawn())


def boxes_of(said: dict[str, Any]) -> dict[str, tuple[float, float, float, float]]:
    """Return what each piece of furniture takes of the picture, in pixels of the reference."""
    found: dict[str, tuple[float, float, float, float]] = {}
    for text in said["texts"]:
        left, top, right, foot = found.get(text["layer"], (np.inf, np.inf, -np.inf, -np.inf))
        box = (text["x"], text["y"], text["x"] + text["w"], text["y"] + text["h"])
        found[text["layer"]] = (min(left, box[0]), min(top, box[1]), max(right, box[2]), max(foot, box[3]))
    return found


def profiles() -> list[Path]:
    """Return the browser profiles of this process that are still there."""
    places = [Path("/dev/shm"), Path(os.environ.get("TMPDIR", "/tmp"))]
    return [path for place in places if place.is_dir() for path in place.glob(f"camps-film-{os.getpid()}-*")]


test_page.__test__ = False  # type: ignore[attr-defined]
