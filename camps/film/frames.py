"""Frames on disk: numbered from 1001, each written whole, kept when it is still right, drawn again when it is not."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shutil
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import cache, partial
from pathlib import Path

from camps import engine, files, machine
from camps.errors import InputError, RenderError
from camps.film import png, records
from camps.film.canvas import MOST_SLOTS, CanvasStage, Transport
from camps.film.plan import Plan
from camps.film.records import Row
from camps.film.screen import ScreenStage
from camps.film.stage import Captured, FilmPage, Job, Stage, StageLostError, read_resource

Progress = Callable[[int, int, str], None]

#: A frame that takes the browser down this often is given up.
STRIKES = 3
_NO_FRAME = 0

#: Frames that a worker of a cluster draws with one browser.
_PART = 50

_DRAWING = ("stage.py", "canvas.py", "canvas.js", "screen.py", "screen.html", "anypage.js", "png.py")


class Filming:
    """One run over the frames of a plan.

    Parameters
    ----------
    plan, page
        What is shown on each frame, and the page that draws it.
    folder
        Where the delivery lies.
    layer
        Name of the pass; the folder of the pictures.
    """

    def __init__(
        self,
        plan: Plan,
        page: FilmPage,
        folder: Path,
        *,
        layer: str = "beauty",
        transport: Transport = "file",
        progress: Progress | None = None,
    ) -> None:
        self.plan, self.page, self.folder, self.layer = plan, page, folder, layer
        self.transport = transport
        self.rows: dict[int, Row] = {}
        self._progress = progress or (lambda done, total, message: None)
        self._states = dict(zip(plan.numbers, plan.states, strict=True))
        self._keys = self._frame_keys()
        self._pending: deque[int] = deque()
        self._strikes = Strikes()
        self._journal_lock = threading.Lock()
        self._memory = png.Memory()
        self.n_drawn = 0
        self._wanted = self._n_kept = 0

    def _frame_keys(self) -> dict[int, str]:
        sums = page_sums(self.page)
        browser = browser_number()
        encoding = f"png {self.plan.shot.bit_depth} {self.plan.shot.background} {drawing_sha256()}"
        return {
            number: records.frame_key(sums[state.get("page", "")], state, encoding, browser)
            for number, state in self._states.items()
        }

    @property
    def _alpha(self) -> bool:
        return self.plan.shot.background == "transparent"

    def path(self, number: int) -> Path:
        """Return where a frame lies."""
        return self.folder / self.layer / frame_name(self.plan, self.layer, number)

    # ── what is there already ────────────────────────────────────────────────────────────────────────────────────

    def keep(self, numbers: Iterable[int]) -> None:
        """Keep the frames that are on disk, verified, and show what is asked for; the others are to be drawn."""
        wanted = list(numbers)
        files.remove_leftovers(self.folder)
        earlier = records.read_rows(self.folder)
        for number, row in earlier.items():
            if self._is_right(number, row):
                self.rows[number] = row
        self._pending = deque(number for number in wanted if number not in self.rows)
        self._wanted = len(wanted)
        self._n_kept = self._wanted - len(self._pending)

    def take(self, numbers: Iterable[int]) -> None:
        """Have all of these frames drawn, whatever is there."""
        self._pending = deque(numbers)
        self._wanted = len(self._pending)

    def _is_right(self, number: int, row: Row) -> bool:
        path = self.path(number) if number in self._keys else None
        return path is not None and row["key"] == self._keys[number] and files.has_sha256(path, row["sha256"])

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def draw(self, *, workers: int = 1, cluster: str | None = None) -> int:
        """Draw the frames that are missing, here with a number of browsers or on a cluster; return how many."""
        require_workers(workers)
        if self._pending:
            self._require_space()
            self._began = time.monotonic()
            if cluster is None:
                engine.run_apart(self._draw_all(min(workers, len(self._pending))))
            else:
                self._draw_on(cluster)
            # The papers and the movie have no use for the last picture, which may take hundreds of megabytes.
            self._memory = png.Memory()
        return self.n_drawn

    def _draw_on(self, cluster: str) -> None:
        """Have the workers of a Dask cluster draw runs of frames into the same folder."""
        numbers = list(self._pending)
        parts = [numbers[i : i + _PART] for i in range(0, len(numbers), _PART)]
        draw = partial(_draw_part, self.plan, self.page, self.folder, self.layer)
        for rows in engine.spread(draw, parts, cluster=cluster):
            for number, row in rows.items():
                self._require_same_browser(number, row)
                self._done(number, row)
        self._pending.clear()

    def _require_same_browser(self, number: int, row: Row) -> None:
        if row["key"] != self._keys[number]:
            raise RenderError(
                f"frame {number}: a worker of the cluster has another browser or suite than this machine; "
                "install the same versions on all of them"
            )

    def _require_space(self) -> None:
        share = len(self._pending) / len(self.plan.numbers)
        place = files.existing_parent(self.folder / "x")
        free = shutil.disk_usage(place).free
        needed = int(self.plan.disk_bytes * share / 100)
        if free < needed:
            raise InputError(
                f"{self.folder}: {free >> 20} MB free, but the frames take at least {needed >> 20} MB; "
                "free some space or choose another folder"
            )

    async def _draw_all(self, workers: int) -> None:
        with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2), thread_name_prefix="encode") as pool:
            self._pool = pool
            await engine.together(self._work() for _ in range(workers))

    async def _work(self) -> None:
        while self._pending:
            taken: list[int] = []
            try:
                await self._film(taken)
            except StageLostError as error:
                self._pending.extendleft(reversed(taken))
                self._strikes.count(taken, error)

    async def _film(self, taken: list[int]) -> None:
        async with self._stage() as stage:
            room = asyncio.Semaphore(MOST_SLOTS)
            finishing: set[asyncio.Task[None]] = set()
            try:
                async with aclosing(stage.capture(self._jobs(taken))) as frames:
                    async for captured in frames:
                        await room.acquire()
                        finishing = _unfinished(finishing)
                        finishing.add(asyncio.create_task(self._finish(captured, taken, room)))
            finally:
                results = await asyncio.gather(*finishing, return_exceptions=True)
            _raise_first(results)

    def _stage(self) -> Stage:
        width, height = (side * self.plan.shot.oversampling for side in self.plan.shot.size)
        if self.page.readout == "canvas":
            return CanvasStage(self.page, width, height, transport=self.transport)
        scale = self.plan.shot.scale * self.plan.shot.oversampling
        return ScreenStage(self.page, width, height, scale=scale, transparent=self._alpha)

    def _jobs(self, taken: list[int]) -> Iterator[Job]:
        while self._pending:
            number = self._pending.popleft()
            taken.append(number)
            state = self._states[number]
            yield number, {**state, "scale": state["scale"] * self.plan.shot.oversampling}

    async def _finish(self, captured: Captured, taken: list[int], room: asyncio.Semaphore) -> None:
        try:
            row = await asyncio.get_running_loop().run_in_executor(self._pool, self._write, captured)
        finally:
            room.release()
            await captured.release()
        taken.remove(captured.frame)
        self._strikes.forget(captured.frame)
        self._done(captured.frame, row)

    def _done(self, number: int, row: Row) -> None:
        self.rows[number] = row
        self.n_drawn += 1
        self._tell()

    def _write(self, captured: Captured) -> Row:
        number = captured.frame
        try:
            content = self._encoded(captured)
        except RenderError as error:
            raise RenderError(f"frame {number}: {error}") from error
        path = files.write_bytes(self.path(number), content)
        row = records.frame_row(
            number,
            self.plan.shot.rate,
            self._states[number],
            captured.described,
            file=f"{self.layer}/{path.name}",
            sha256=hashlib.sha256(content).hexdigest(),
            key=self._keys[number],
        )
        self._note(row)
        return row

    def _encoded(self, captured: Captured) -> bytes:
        return png.encode(
            captured.read(),
            order=captured.order,
            alpha=self._alpha,
            premultiplied=captured.premultiplied,
            bit_depth=self.plan.shot.bit_depth,
            memory=self._memory,
        )

    def _note(self, row: Row) -> None:
        with self._journal_lock, (self.folder / records.JOURNAL).open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(row, ensure_ascii=False) + "\n")

    def tell_movie(self, done: int, total: int) -> None:
        """Pass on how far the movie is."""
        self._progress(done, total, "writing the movie")

    def _tell(self) -> None:
        elapsed = max(time.monotonic() - self._began, 1e-6)
        speed = self.n_drawn / elapsed
        done = self._n_kept + self.n_drawn
        left_s = (self._wanted - done) / speed
        self._progress(done, self._wanted, f"{speed:.1f} frames/s, {left_s:.0f} s left")


class Strikes:
    """How often each frame took the browser down; frame 0 stands for none at all."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def forget(self, frame: int) -> None:
        """Stop counting what a frame did: it is drawn."""
        self._counts.pop(frame, None)

    def count(self, unfinished: Sequence[int], error: StageLostError) -> None:
        """Blame the first of the frames in hand for a lost browser; raise a RenderError when it is to be given up."""
        suspect = unfinished[0] if unfinished else _NO_FRAME
        self._counts[suspect] += 1
        if self._counts[suspect] < STRIKES:
            return
        if suspect == _NO_FRAME:
            raise RenderError(
                f"{error}, {STRIKES} times before any frame; open the map in a browser, or run camps doctor"
            )
        raise RenderError(
            f"frame {suspect}: {error}, {STRIKES} times; look at that state in the map, or film at a smaller size"
        )


def require_workers(workers: int) -> None:
    """Raise an InputError when there is no browser to draw with."""
    if workers < 1:
        raise InputError(f"workers: found {workers}, expected at least 1 browser to draw with")


def _draw_part(plan: Plan, page: FilmPage, folder: Path, layer: str, numbers: list[int]) -> dict[int, Row]:
    """Draw a run of frames where this is called, and return their rows."""
    filming = Filming(plan, page, folder, layer=layer)
    filming.take(numbers)
    filming.draw()
    return filming.rows


def _unfinished(tasks: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    for task in tasks:
        if task.done():
            task.result()
    return {task for task in tasks if not task.done()}


def _raise_first(results: Iterable[BaseException | None]) -> None:
    for result in results:
        if result is not None:
            raise result


def frame_name(plan: Plan, layer: str, number: int) -> str:
    """Return the file name of a frame, as GRAPHICS.md has it."""
    return f"{plan.shot.code}_{layer}_v{plan.shot.version:03d}.{number:04d}.png"


def browser_number() -> str:
    """Return the version number of the browser that draws."""
    # Distributions add words of their own before and after it.
    version = machine.browser_version(machine.find_chromium())
    found = re.search(r"\d+(\.\d+)+", version)
    return found[0] if found else version


@cache
def drawing_sha256() -> str:
    """Return the hash of the code of ours that a pixel passes through."""
    return hashlib.sha256("".join(map(read_resource, _DRAWING)).encode("utf-8")).hexdigest()


def page_sums(page: FilmPage) -> dict[str, str]:
    """Return for each document of a page the hash of it and of every file that the page may ask for."""
    files_sum = hashlib.sha256()
    for address in sorted(page.files):
        files_sum.update(address.encode("utf-8") + hashlib.sha256(page.files[address]).digest())
    documents = {"": page.html, **page.others}
    return {
        name: hashlib.sha256(html.encode("utf-8") + files_sum.digest()).hexdigest() for name, html in documents.items()
    }
