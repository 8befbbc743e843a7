"""All passes of a film in one visit of one page: camera and clock are set once, and what stands still is drawn once.

A picture is drawn again only when something that its pass depends on has changed (`passes.seen_state`). Pictures made
of others are composed here from what the files hold, so that whoever lays the files over one another gets them back.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from camps import engine, files
from camps.errors import RenderError
from camps.film import composite, png, records
from camps.film.canvas import CanvasStage
from camps.film.frames import Progress, Strikes, browser_number, drawing_sha256, page_sums, require_workers
from camps.film.passes import TELLER, PassInfo, pass_state, seen_state
from camps.film.plan import Plan
from camps.film.stage import Captured, FilmPage, Job, StageLostError, read_resource
from camps.provenance import sha256_text

#: Size of the small picture of each frame by which flashes are judged.
SMALL_SIZE = (64, 36)

#: What is composed is not composed again.
_NO_LAYER = composite.Layer((0, 0), None, np.empty((0, 4), np.uint8))

#: Memory that the last pictures of all passes may take, so that what they share with the next is not deflated again.
_MEMORY_BYTES = 1 << 30

#: Pictures that may be waiting to be encoded or composed before the page draws on.
_MOST_WAITING = 4


@dataclass(frozen=True)
class Picture:
    """A picture of a pass: its file, its pixels for composing, and what the page said of it."""

    key: str
    content: bytes
    sha256: str
    layer: composite.Layer
    order: png.Order
    described: Mapping[str, Any]
    small: str


@dataclass(frozen=True)
class FrameRecord:
    """A frame that is on disk.

    Attributes
    ----------
    number
        Frame number.
    sums
        For each pass the key of what it shows and the SHA-256 of its file.
    described
        What the page said that it drew, with the labels and texts of all passes.
    small
        The frame at `SMALL_SIZE`, 8-bit RGB as base64; empty without a beauty pass.
    """

    number: int
    sums: Mapping[str, tuple[str, str]]
    described: Mapping[str, Any]
    small: str

    def small_picture(self) -> NDArray[np.uint8] | None:
        """Return the small picture, height × width × 3, or ``None``."""
        raw = np.frombuffer(base64.b64decode(self.small), np.uint8)
        return raw.reshape(SMALL_SIZE[1], SMALL_SIZE[0], 3) if len(raw) else None


class SpokenStage(CanvasStage):
    """A canvas stage whose page must have the fonts of several languages.

    Parameters
    ----------
    page, width, height
        As for `CanvasStage`.
    languages
        Languages that the passes are written in.
    """

    def __init__(self, page: FilmPage, width: int, height: int, *, languages: Sequence[str]) -> None:
        super().__init__(page, width, height)
        self._languages = list(languages)

    async def _require_ready(self, *arguments: Any) -> None:
        await super()._require_ready(self._languages, *arguments)
        boxes = {lang: await self._boxes(lang) for lang in self._languages}
        if missing := {lang: text for lang, text in boxes.items() if text}:
            told = "; ".join(f"{lang}: {text[:20]} ({len(text)} characters)" for lang, text in missing.items())
            raise RenderError(
                f"no font here has the characters of {told}; they would be drawn as boxes; "
                "install the Noto fonts with: make setup"
            )

    async def _boxes(self, lang: str) -> str:
        asked = "lang => camps.missingGlyphs ? camps.missingGlyphs(lang) : ''"
        return str(await self._shown.evaluate(asked, lang))


class Together:
    """One run over the frames of a plan, all passes at once.

    Parameters
    ----------
    plan, page
        What is shown on each frame, and the page that draws it.
    folder
        Where the delivery lies.
    drawn, made
        Passes that the page draws, back to front, and passes that are made of them.
    written
        Names of those that become files.
    scene_days
        Days from which the map shows another satellite picture.
    """

    def __init__(
        self,
        plan: Plan,
        page: FilmPage,
        folder: Path,
        *,
        drawn: Mapping[str, PassInfo],
        made: Mapping[str, PassInfo],
        written: Iterable[str],
        scene_days: Sequence[float] = (),
        progress: Progress | None = None,
    ) -> None:
        self.plan, self.page, self.folder = plan, page, folder
        self.drawn, self.made, self.written = drawn, made, tuple(written)
        self.records: dict[int, FrameRecord] = {}
        self.n_drawn = self.n_pictures = 0
        self._scene_days = scene_days
        self._progress = progress or (lambda done, total, message: None)
        self._states = dict(zip(plan.numbers, plan.states, strict=True))
        self._keys = self._frame_keys()
        self._pending: deque[int] = deque()
        self._strikes = Strikes()
        self._lock = threading.Lock()
        # Passes come by turns, and each looks most like its own last picture.
        self._memories = {name: png.Memory() for name in self.written}

    # ── what is there already ────────────────────────────────────────────────────────────────────────────────────

    def _frame_keys(self) -> dict[int, dict[str, str]]:
        browser = browser_number()
        page_sum = page_sums(self.page)[""]
        composing = sha256_text(read_resource("composite.py"))
        keys: dict[int, dict[str, str]] = {}
        for number, state in self._states.items():
            own = {name: self._key(page_sum, browser, state, info) for name, info in self.drawn.items()}
            made = {
                name: sha256_text("\n".join([composing, name, *(own[part] for part in info.made_of)]))
                for name, info in self.made.items()
            }
            keys[number] = own | made
        return keys

    def _key(self, page_sum: str, browser: str, state: Mapping[str, Any], info: PassInfo) -> str:
        encoding = f"png {self.plan.shot.bit_depth} {info.alpha} {drawing_sha256()}"
        return records.frame_key(page_sum, seen_state(state, info, self._scene_days), encoding, browser)

    def keep(self) -> None:
        """Keep the frames whose files are all there and verified; the others are to be drawn."""
        files.remove_leftovers(self.folder)
        for record in read_journal(self.folder):
            if self._is_right(record):
                self.records[record.number] = record
        self._pending = deque(number for number in self.plan.numbers if number not in self.records)

    def _is_right(self, record: FrameRecord) -> bool:
        keys = self._keys.get(record.number)
        return keys is not None and all(
            name in record.sums
            and record.sums[name][0] == keys[name]
            and files.has_sha256(self.path(name, record.number), record.sums[name][1])
            for name in self.written
        )

    def path(self, name: str, number: int) -> Path:
        """Return where the picture of a pass of a frame lies."""
        return self.folder / {**self.drawn, **self.made}[name].file(number)

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def draw(self, *, workers: int = 1) -> int:
        """Draw the frames that are missing with a number of browsers, and return how many they were."""
        require_workers(workers)
        if self._pending:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._began = time.monotonic()
            engine.run_apart(self._draw_all(min(workers, len(self._pending))))
        return self.n_drawn

    async def _draw_all(self, workers: int) -> None:
        with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2), thread_name_prefix="passes") as pool:
            await engine.together(self._work(pool) for _ in range(workers))

    async def _work(self, pool: ThreadPoolExecutor) -> None:
        while self._pending:
            visit = _Visit(self, pool)
            try:
                await visit.film()
            except StageLostError as error:
                self._pending.extendleft(reversed(visit.unfinished))
                self._strikes.count(visit.unfinished, error)

    def stage(self) -> CanvasStage:
        """Return a stage for all passes: one page, one size."""
        width, height = (side * self.plan.shot.oversampling for side in self.plan.shot.size)
        spoken = dict.fromkeys([self.plan.shot.language, *(i.language for i in self.drawn.values() if i.language)])
        return SpokenStage(self.page, width, height, languages=list(spoken))

    def take(self) -> int | None:
        """Return the next frame to be drawn, or ``None`` when all are."""
        return self._pending.popleft() if self._pending else None

    def keys(self, number: int) -> Mapping[str, str]:
        """Return the key of what each pass of a frame shows."""
        return self._keys[number]

    def job_state(self, number: int, info: PassInfo) -> dict[str, Any]:
        """Return what the page is asked to draw for a pass of a frame."""
        state = pass_state(self._states[number], info)
        return {**state, "scale": state["scale"] * self.plan.shot.oversampling}

    # ── pictures (in threads) ────────────────────────────────────────────────────────────────────────────────────

    def encode(self, info: PassInfo, key: str, captured: Captured) -> Picture:
        """Return the picture of what left the page."""
        pixels = captured.read()
        if info.alpha == "none":
            png.require_opaque(pixels)
        premultiplied = captured.premultiplied and info.alpha == "straight"
        if self.plan.shot.oversampling > 1:
            pixels = png.refine(pixels, premultiplied=premultiplied, bit_depth=self.plan.shot.bit_depth)
            premultiplied = False
        content, digest = self._encoded(info, pixels, captured.order, premultiplied=premultiplied)
        layer = composite.build_layer(pixels)
        if premultiplied:
            # After the empty pixels are gone, which are most.
            layer = replace(layer, pixels=png.straight(layer.pixels))
        return Picture(key, content, digest, layer, captured.order, captured.described, "")

    def compose(self, info: PassInfo, key: str, parts: Sequence[Picture]) -> Picture:
        """Return the picture made of others, from back to front."""
        pixels = composite.compose([part.layer for part in parts])
        content, digest = self._encoded(info, pixels, parts[0].order, premultiplied=False)
        small = _small(pixels, parts[0].order) if info.name == "beauty" else ""
        return Picture(key, content, digest, _NO_LAYER, parts[0].order, {}, small)

    def _encoded(
        self, info: PassInfo, pixels: NDArray[Any], order: png.Order, *, premultiplied: bool
    ) -> tuple[bytes, str]:
        """Return the file and its sum; nothing for a pass that becomes no file."""
        if info.name not in self.written:
            return b"", ""
        memory = self._memories[info.name] if pixels.nbytes * len(self._memories) <= _MEMORY_BYTES else None
        straight = info.alpha == "straight"
        content = png.encode_pixels(pixels, order=order, alpha=straight, premultiplied=premultiplied, memory=memory)
        return content, hashlib.sha256(content).hexdigest()

    def finish(self, number: int, pictures: Mapping[str, Picture]) -> FrameRecord:
        """Write the files of a frame and note it down."""
        for name in self.written:
            files.write_bytes(self.path(name, number), pictures[name].content)
        sums = {name: (pictures[name].key, pictures[name].sha256) for name in self.written}
        small = pictures["beauty"].small if "beauty" in pictures else ""
        record = FrameRecord(number, sums, _described(pictures), small)
        with self._lock, (self.folder / records.JOURNAL).open("a", encoding="utf-8") as journal:
            journal.write(_journal_line(record))
        return record

    def done(self, record: FrameRecord) -> None:
        """Count a frame as drawn and tell how far the run is."""
        self.records[record.number] = record
        self._strikes.forget(record.number)
        self.n_drawn += 1
        speed = self.n_drawn / max(time.monotonic() - self._began, 1e-6)
        left = len(self.plan.numbers) - len(self.records)
        told = f"{speed:.1f} frames/s of {len(self.written)} passes, {left / speed:.0f} s left"
        self._progress(len(self.records), len(self.plan.numbers), told)


class _Visit:
    """One browser's visit to the page: frames are taken one by one, and the pictures of each put together."""

    def __init__(self, run: Together, pool: ThreadPoolExecutor) -> None:
        self.run, self.pool = run, pool
        self.unfinished: list[int] = []
        self._expected: dict[int, tuple[PassInfo, str, asyncio.Future[Picture]]] = {}
        self._latest: dict[str, tuple[str, asyncio.Future[Picture]]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._n_jobs = self._busy = 0
        self._calmer = asyncio.Condition()

    async def film(self) -> None:
        """Draw until no frame is left."""
        try:
            async with self.run.stage() as stage, aclosing(stage.capture(self._jobs())) as pictures:
                async for captured in pictures:
                    await self._room()
                    self._start(self._encode(captured, *self._expected.pop(captured.frame)))
                await asyncio.gather(*self._tasks)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _jobs(self) -> Iterator[Job]:
        while (number := self.run.take()) is not None:
            self.unfinished.append(number)
            keys = self.run.keys(number)
            for name, info in self.run.drawn.items():
                if self._is_new(name, keys[name]):
                    self._n_jobs += 1
                    self._expected[self._n_jobs] = (info, keys[name], self._latest[name][1])
                    yield self._n_jobs, self.run.job_state(number, info)
            for name, info in self.run.made.items():
                if self._is_new(name, keys[name]):
                    parts = [self._latest[part][1] for part in info.made_of]
                    self._start(self._compose(info, keys[name], parts, self._latest[name][1]))
            self._start(self._finish(number, {name: future for name, (_, future) in self._latest.items()}))

    def _is_new(self, name: str, key: str) -> bool:
        """Return whether a picture is another than the last of its pass; if so, a place for it is made."""
        if name in self._latest and self._latest[name][0] == key:
            return False
        self._latest[name] = (key, asyncio.get_running_loop().create_future())
        return True

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)

    async def _room(self) -> None:
        """Wait until few pictures are in the works; those that wait for the page do not count."""
        for task in [task for task in self._tasks if task.done()]:
            self._tasks.discard(task)
            task.result()
        async with self._calmer:
            await self._calmer.wait_for(lambda: self._busy < _MOST_WAITING)

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        self._busy += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.pool, work)
        finally:
            async with self._calmer:
                self._busy -= 1
                self._calmer.notify_all()

    async def _encode(self, captured: Captured, info: PassInfo, key: str, place: asyncio.Future[Picture]) -> None:
        try:
            place.set_result(await self._in_thread(partial(self.run.encode, info, key, captured)))
        except RenderError as error:
            raise RenderError(f"pass {info.name}: {error}") from error
        finally:
            await captured.release()
        self.run.n_pictures += 1

    async def _compose(
        self, info: PassInfo, key: str, parts: Sequence[asyncio.Future[Picture]], place: asyncio.Future[Picture]
    ) -> None:
        ready = [await part for part in parts]
        place.set_result(await self._in_thread(partial(self.run.compose, info, key, ready)))

    async def _finish(self, number: int, places: Mapping[str, asyncio.Future[Picture]]) -> None:
        pictures = {name: await place for name, place in places.items()}
        record = await self._in_thread(partial(self.run.finish, number, pictures))
        self.unfinished.remove(number)
        self.run.done(record)


def read_journal(folder: Path) -> list[FrameRecord]:
    """Return the frames that an unfinished run noted down; a half-written last line is passed over."""
    path = folder / records.JOURNAL
    if not path.is_file():
        return []
    return [record for line in path.read_text("utf-8", errors="replace").splitlines() if (record := _record(line))]


def write_journal(folder: Path, frames: Iterable[FrameRecord]) -> None:
    """Write the journal anew with the frames that count."""
    files.write_text(folder / records.JOURNAL, "".join(map(_journal_line, frames)))


def _journal_line(record: FrameRecord) -> str:
    return json.dumps(vars(record), ensure_ascii=False, sort_keys=True) + "\n"


def _record(line: str) -> FrameRecord | None:
    try:
        found = json.loads(line)
        sums = {name: (key, digest) for name, (key, digest) in found["sums"].items()}
        return FrameRecord(int(found["number"]), sums, dict(found["described"]), str(found["small"]))
    except (ValueError, KeyError, TypeError):
        return None


def _described(pictures: Mapping[str, Picture]) -> dict[str, Any]:
    """Return what the page said of a frame, with the words of every pass."""
    words = {
        kind: [text for picture in pictures.values() for text in picture.described.get(kind) or ()]
        for kind in ("labels", "texts")
    }
    return {**pictures[TELLER].described, **words}


def _small(pixels: NDArray[Any], order: png.Order) -> str:
    """Return the mean colours of a picture at `SMALL_SIZE`, as base64."""
    eight = pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
    picture = Image.fromarray(np.ascontiguousarray(eight)).resize(SMALL_SIZE, Image.Resampling.BOX)
    colours = np.asarray(picture)[..., [order.index(channel) for channel in "RGB"]]
    return base64.b64encode(np.ascontiguousarray(colours).tobytes()).decode("ascii")
