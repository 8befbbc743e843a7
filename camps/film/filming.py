"""One run over the frames of a film: all its passes in one visit of one page, kept when they are still right.

Camera and clock are set once a frame, and a picture is drawn again only when something that its pass depends on has
changed (`passes.seen_state`). Pictures made of others are composed here from what the files hold, so that whoever lays
the files over one another gets them back. A render is a run with one pass, drawn whole.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import shutil
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from camps import engine, files, machine, notebook
from camps.errors import InputError, RenderError
from camps.film import composite, exr, keys, passes, png, records
from camps.film.canvas import CanvasStage
from camps.film.painted import LEAST_PICTURES, PROVED_EVERY, DoubtError, PaintedStage
from camps.film.passes import PassInfo
from camps.film.plan import Plan
from camps.film.records import FrameRecord
from camps.film.ring import Transport
from camps.film.screen import ScreenStage
from camps.film.stage import Captured, FilmPage, Job, Stage, StageLostError, read_resource
from camps.provenance import sha256_text

Progress = Callable[[int, int, str], None]

#: A frame that takes the browser down this often is given up.
STRIKES = 3
_NO_FRAME = 0

#: Frames that a worker of a cluster draws with one browser.
_PART = 50

#: What is composed, or no part of anything, is not composed again.
_NO_LAYER = composite.Layer((0, 0), None, np.empty((0, 4), np.uint8))

#: Memory that the last pictures of all passes may take, so that what they share with the next is not deflated again.
_MEMORY_BYTES = 1 << 30

#: Pictures that may be waiting to be encoded or composed before the page draws on.
_MOST_WAITING = 4


@dataclass(frozen=True)
class Shooting:
    """What is filmed: the frames of a plan, the page that draws them, and the passes that come of it.

    Attributes
    ----------
    drawn, made
        Passes that the page draws, back to front, and passes that are made of them.
    written
        Names of those that become files.
    scene_days
        Days from which the map shows another satellite picture.
    """

    plan: Plan
    page: FilmPage
    drawn: Mapping[str, PassInfo]
    made: Mapping[str, PassInfo] = field(default_factory=dict)
    written: tuple[str, ...] = ()
    scene_days: tuple[float, ...] = ()

    @property
    def passes(self) -> dict[str, PassInfo]:
        """Return the passes that become files."""
        both = {**self.drawn, **self.made}
        return {name: both[name] for name in self.written}

    @property
    def disk_bytes(self) -> int:
        """Return an estimate of the disk that all pictures take."""
        return int(self.plan.disk_bytes * passes.opaque_pictures(self.passes.values()))

    def frame_keys(self) -> dict[int, dict[str, str]]:
        """Return for each frame the key of what each of its passes shows."""
        sums, browser = keys.page_sums(self.page), keys.browser_number()
        composing = sha256_text(read_resource("composite.py") + read_resource("exr.py"))
        states = zip(self.plan.numbers, self.plan.states, strict=True)
        return {number: self._keys_of(state, sums, browser, composing) for number, state in states}

    def _keys_of(
        self, state: Mapping[str, Any], sums: Mapping[str, str], browser: str, composing: str
    ) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, info in self.drawn.items():
            encoding = f"png {self.plan.shot.bit_depth} {info.alpha} {keys.drawing_sha256()}"
            seen = passes.seen_state(state, info, self.scene_days)
            found[name] = keys.frame_key(sums[state.get("page", "")], seen, encoding, browser)
        made = {
            name: sha256_text("\n".join([composing, name, *(found[part] for part in info.made_of)]))
            for name, info in self.made.items()
        }
        return found | made


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


class SpokenStage(CanvasStage):
    """A canvas stage whose page must have the fonts of several languages.

    Parameters
    ----------
    page, width, height, transport
        As for `CanvasStage`.
    languages
        Languages that the passes are written in.
    """

    def __init__(
        self, page: FilmPage, width: int, height: int, *, languages: Sequence[str], transport: Transport
    ) -> None:
        super().__init__(page, width, height, transport=transport)
        self._languages = list(languages)

    async def _require_ready(self, *arguments: Any) -> None:
        await super()._require_ready(self._languages, *arguments)
        boxes = {lang: await self._boxes(lang) for lang in self._languages}
        if missing := {lang: text for lang, text in boxes.items() if text}:
            told = "; ".join(f"{lang}: {text[:20]} ({len(text)} characters)" for lang, text in missing.items())
            raise RenderError(
                f"no font here has the characters of {told}; they would be drawn as boxes; {machine.remedy('fonts')}"
            )

    async def _boxes(self, lang: str) -> str:
        asked = "lang => camps.missingGlyphs ? camps.missingGlyphs(lang) : ''"
        return str(await self._shown.evaluate(asked, lang))


class Filming:
    """One run over the frames of a shooting.

    Parameters
    ----------
    shooting
        What is filmed.
    folder
        Where the pictures lie.
    transport
        How pixels leave a page that keeps the page contract.
    progress
        Called with frames done, frames in all, and a line of text.
    """

    def __init__(
        self, shooting: Shooting, folder: Path, *, transport: Transport = "file", progress: Progress | None = None
    ) -> None:
        self.shooting, self.plan, self.folder = shooting, shooting.plan, folder
        self.records: dict[int, FrameRecord] = {}
        self.n_drawn = self.n_pictures = 0
        self._transport = transport
        self._progress = progress or notebook.bar("frames") or (lambda done, total, message: None)
        self._states = dict(zip(self.plan.numbers, self.plan.states, strict=True))
        self._keys = shooting.frame_keys()
        self._composed = {part for info in shooting.made.values() for part in info.made_of}
        self._pending: deque[int] = deque()
        self._paints = True
        self._n_wanted = self._n_kept = 0
        self._strikes = Strikes()
        self._lock = threading.Lock()
        self._forget_pictures()

    def _forget_pictures(self) -> None:
        # Passes come by turns, and each looks most like its own last picture.
        self._memories = {name: png.Memory() for name in self.shooting.written}

    # ── what is there already ────────────────────────────────────────────────────────────────────────────────────

    def keep(self, earlier: Iterable[FrameRecord], numbers: Iterable[int] | None = None) -> None:
        """Keep the frames whose files are all there and verified; of `numbers`, or all, the others are to be drawn."""
        files.remove_leftovers(self.folder)
        self.records = {record.number: record for record in earlier if self._is_right(record)}
        wanted = list(self.plan.numbers if numbers is None else numbers)
        self._forget_unproved([number for number in wanted if number not in self.records])
        self.take(number for number in wanted if number not in self.records)
        self._n_wanted, self._n_kept = len(wanted), len(wanted) - len(self._pending)

    def _forget_unproved(self, missing: Iterable[int]) -> None:
        """Forget what a killed run may have painted of a map of somebody else since its last proof."""
        if self.shooting.page.readout == "screen" and len(self.plan.numbers) >= LEAST_PICTURES:
            for number in missing:
                # Two browsers take frames by turns.
                for painted in range(number - 2 * PROVED_EVERY, number):
                    self.records.pop(painted, None)

    def take(self, numbers: Iterable[int]) -> None:
        """Have all of these frames drawn, whatever is there."""
        self._pending = deque(numbers)
        self._n_wanted, self._n_kept = len(self._pending), 0

    def _is_right(self, record: FrameRecord) -> bool:
        wanted = self._keys.get(record.number)
        return wanted is not None and all(
            name in record.sums
            and record.sums[name][0] == wanted[name]
            and files.has_sha256(self.path(name, record.number), record.sums[name][1])
            for name in self.shooting.written
        )

    def path(self, name: str, number: int) -> Path:
        """Return where the picture of a pass of a frame lies."""
        return self.folder / self.shooting.passes[name].file(number)

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def draw(self, *, workers: int = 1, cluster: str | None = None) -> int:
        """Draw the frames that are missing, here with a number of browsers or on a cluster; return how many."""
        if workers < 1:
            raise InputError(f"workers: found {workers}, expected at least 1 browser to draw with")
        if self._pending:
            self._require_space()
            files.make_folder(self.folder)
            self._began = time.monotonic()
            if cluster is None:
                engine.run_apart(self._draw_all(min(workers, len(self._pending))))
            else:
                self._draw_on(cluster)
            # The papers and the movies have no use for the last pictures, which may take hundreds of megabytes.
            self._forget_pictures()
        return self.n_drawn

    def _require_space(self) -> None:
        free = shutil.disk_usage(files.existing_parent(self.folder / "x")).free
        needed = self.shooting.disk_bytes * len(self._pending) // len(self.plan.numbers)
        if free < needed:
            raise InputError(
                f"{self.folder}: {free >> 20} MB free, but the frames take about {(needed >> 20) + 1} MB; "
                "free some space or choose another folder"
            )

    def _draw_on(self, cluster: str) -> None:
        """Have the workers of a Dask cluster draw runs of frames into the same folder."""
        numbers = list(self._pending)
        parts = [numbers[i : i + _PART] for i in range(0, len(numbers), _PART)]
        for drawn in engine.spread(partial(_draw_part, self.shooting, self.folder), parts, cluster=cluster):
            for record in drawn:
                self._require_same_browser(record)
                self.done(record)
        self._pending.clear()

    def _require_same_browser(self, record: FrameRecord) -> None:
        wanted = self._keys[record.number]
        if any(record.sums[name][0] != wanted[name] for name in self.shooting.written):
            raise RenderError(
                f"frame {record.number}: a worker of the cluster has another browser or suite than this machine; "
                "install the same versions on all of them"
            )

    async def _draw_all(self, workers: int) -> None:
        with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2), thread_name_prefix="pictures") as pool:
            await engine.together(self._work(pool) for _ in range(workers))

    async def _work(self, pool: ThreadPoolExecutor) -> None:
        while self._pending:
            visit = _Visit(self, pool)
            try:
                await visit.film()
            except DoubtError:
                self._paints = False
                self._take_back(visit.taken)
            except StageLostError as error:
                self._pending.extendleft(reversed(visit.unfinished))
                self._strikes.count(visit.unfinished, error)

    def _take_back(self, numbers: Sequence[int]) -> None:
        """Have frames drawn once more, whether they are done or not."""
        for number in numbers:
            self.n_drawn -= self.records.pop(number, None) is not None
        self._pending.extendleft(reversed(numbers))

    def stage(self) -> Stage:
        """Return a stage for all passes: one page, one size."""
        shot, page, times = self.plan.shot, self.shooting.page, self.plan.shot.oversampling
        width, height = (side * times for side in shot.size)
        if page.readout == "screen":
            transparent = shot.background == "transparent"
            began_day, scale = self.plan.states[0].get("began", 0.0), shot.scale * times
            n_pages = len({self._states[number].get("page", "") for number in self._pending})
            kind = PaintedStage if self._paints and len(self._pending) >= LEAST_PICTURES * n_pages else ScreenStage
            return kind(page, width, height, scale=scale, transparent=transparent, began_day=began_day)
        spoken = [shot.language, *(info.language for info in self.shooting.drawn.values() if info.language)]
        return SpokenStage(page, width, height, languages=list(dict.fromkeys(spoken)), transport=self._transport)

    def next_frame(self) -> int | None:
        """Return the next frame to be drawn, or ``None`` when all are."""
        return self._pending.popleft() if self._pending else None

    def keys(self, number: int) -> Mapping[str, str]:
        """Return the key of what each pass of a frame shows."""
        return self._keys[number]

    def job_states(self, number: int, info: PassInfo) -> list[dict[str, Any]]:
        """Return what the page is asked to draw for a pass of a frame: one picture, or those whose mean it is."""
        states = passes.exposures_of(self._states[number], info)
        told = {"mattes": True} if info.name == passes.TELLER and passes.MATTES in self.shooting.made else {}
        return [{**state, "scale": state["scale"] * self.plan.shot.oversampling, **told} for state in states]

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
        layer = self._layer(info, pixels, premultiplied=premultiplied)
        return Picture(key, content, digest, layer, captured.order, captured.described, "")

    def _layer(self, info: PassInfo, pixels: NDArray[Any], *, premultiplied: bool) -> composite.Layer:
        if info.name not in self._composed:
            return _NO_LAYER
        layer = composite.build_layer(pixels)
        # After the empty pixels are gone, which are most.
        return replace(layer, pixels=png.straight(layer.pixels)) if premultiplied else layer

    def compose(self, info: PassInfo, key: str, parts: Sequence[Picture]) -> Picture:
        """Return the picture made of others, from back to front."""
        pixels = composite.compose([part.layer for part in parts])
        if info.in_light:
            return self._in_light(info, key, pixels, parts[0])
        content, digest = self._encoded(info, pixels, parts[0].order, premultiplied=False)
        small = _small(pixels, parts[0].order) if info.name == "beauty" else ""
        return Picture(key, content, digest, _NO_LAYER, parts[0].order, {}, small)

    def _in_light(self, info: PassInfo, key: str, pixels: NDArray[Any], told: Picture) -> Picture:
        """Return the picture of a pass in linear light; `told` is the first of its parts."""
        if info.name == passes.MATTES:
            seen, times = told.described["mattes"], self.plan.shot.oversampling
            content = exr.encode_mattes(pixels, seen, order=told.order, times=times)
        else:
            content = exr.encode_linear(pixels, order=told.order, alpha=info.alpha == "straight")
        return Picture(key, content, hashlib.sha256(content).hexdigest(), _NO_LAYER, told.order, {}, "")

    def _encoded(
        self, info: PassInfo, pixels: NDArray[Any], order: png.Order, *, premultiplied: bool
    ) -> tuple[bytes, str]:
        """Return the file and its sum; nothing for a pass that becomes no file."""
        if info.name not in self.shooting.written:
            return b"", ""
        memory = self._memories[info.name] if pixels.nbytes * len(self._memories) <= _MEMORY_BYTES else None
        straight = info.alpha == "straight"
        content = png.encode_pixels(pixels, order=order, alpha=straight, premultiplied=premultiplied, memory=memory)
        return content, hashlib.sha256(content).hexdigest()

    def finish(self, number: int, pictures: Mapping[str, Picture], same: Mapping[str, int]) -> FrameRecord:
        """Write the files of a frame and note it down; `same` names the frame that a picture was drawn for."""
        for name in self.shooting.written:
            path, content = self.path(name, number), pictures[name].content
            # A frame that is done in this run has its files; any other may still have those of an earlier one.
            if same[name] in self.records:
                files.write_linked(path, content, self.path(name, same[name]))
            else:
                files.write_bytes(path, content)
        sums = {name: (pictures[name].key, pictures[name].sha256) for name in self.shooting.written}
        small = pictures["beauty"].small if "beauty" in pictures else ""
        record = FrameRecord(number, sums, _described(pictures, next(iter(self.shooting.drawn))), small)
        with self._lock, (self.folder / records.JOURNAL).open("a", encoding="utf-8") as journal:
            journal.write(records.journal_line(record))
        return record

    def done(self, record: FrameRecord) -> None:
        """Count a frame as drawn and tell how far the run is."""
        self.records[record.number] = record
        self._strikes.forget(record.number)
        self.n_drawn += 1
        speed = self.n_drawn / max(time.monotonic() - self._began, 1e-6)
        done = self._n_kept + self.n_drawn
        n_passes = len(self.shooting.written)
        of_passes = f" of {n_passes} passes" if n_passes > 1 else ""
        self._progress(
            done, self._n_wanted, f"{speed:.1f} frames/s{of_passes}, {(self._n_wanted - done) / speed:.0f} s left"
        )


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


class _Asked:
    """A picture that the page was asked for: of which pass of which frame, and the exposures that make it up."""

    def __init__(self, number: int, info: PassInfo, key: str, place: asyncio.Future[Picture], exposures: int) -> None:
        self.number, self.info, self.key, self.place = number, info, key, place
        self._missing, self._mean, self._lock = exposures, png.Mean() if exposures > 1 else None, threading.Lock()
        self._mattes: dict[int, Any] = {}

    @property
    def is_mean(self) -> bool:
        """Whether several pictures make it up."""
        return self._mean is not None

    def whole(self, captured: Captured) -> Captured | None:
        """Return the picture once all its exposures are there; until then count one in and return ``None``."""
        with self._lock:
            self._missing -= 1
            self._mattes |= {captured.frame: captured.described["mattes"]} if "mattes" in captured.described else {}
            if self._mean is not None:
                self._mean.add(captured.read(), premultiplied=captured.premultiplied)
            if self._missing:
                return None
        seen = {"mattes": [self._mattes[job] for job in sorted(self._mattes)]} if self._mattes else {}
        told = replace(captured, described={**captured.described, **seen})
        return told if self._mean is None else replace(told, read=self._mean.pixels, premultiplied=True)


class _Visit:
    """One browser's visit to the page: frames are taken one by one, and the pictures of each put together."""

    def __init__(self, run: Filming, pool: ThreadPoolExecutor) -> None:
        self.run, self.pool = run, pool
        self.taken: list[int] = []
        self.unfinished: list[int] = []
        self._expected: dict[int, _Asked] = {}
        self._latest: dict[str, tuple[str, int, asyncio.Future[Picture]]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._finishing: dict[int, asyncio.Task[Any]] = {}
        self._n_jobs = self._busy = 0
        self._calmer = asyncio.Condition()

    async def film(self) -> None:
        """Draw until no frame is left."""
        try:
            async with self.run.stage() as stage:
                stage.name_job = self._named
                await self._capture(stage)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _capture(self, stage: Stage) -> None:
        try:
            async with aclosing(stage.capture(self._jobs())) as pictures:
                async for captured in pictures:
                    await self._room()
                    self._start(self._encode(captured, self._expected.pop(captured.frame)))
        finally:
            # What left the page before it was lost is finished, so that none of it is blamed.
            for asked in self._expected.values():
                asked.place.cancel()
            results = await asyncio.gather(*self._tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _named(self, job: int) -> str:
        return self._called(self._expected[job].number, self._expected[job].info)

    def _called(self, number: int, info: PassInfo) -> str:
        return f"frame {number}, pass {info.name}" if len(self.run.shooting.drawn) > 1 else f"frame {number}"

    def _jobs(self) -> Iterator[Job]:
        shooting = self.run.shooting
        while (number := self.run.next_frame()) is not None:
            self.taken.append(number)
            self.unfinished.append(number)
            wanted = self.run.keys(number)
            for name, info in shooting.drawn.items():
                if self._is_new(name, wanted[name], number):
                    yield from self._exposures(number, info, wanted[name])
            for name, info in shooting.made.items():
                if self._is_new(name, wanted[name], number):
                    parts = [self._latest[part][-1] for part in info.made_of]
                    self._start(self._compose(number, info, wanted[name], parts, self._latest[name][-1]))
            self._finishing[number] = self._start(self._finish(number, dict(self._latest)))

    def _exposures(self, number: int, info: PassInfo, key: str) -> Iterator[Job]:
        states = self.run.job_states(number, info)
        asked = _Asked(number, info, key, self._latest[info.name][-1], len(states))
        first, self._n_jobs = self._n_jobs + 1, self._n_jobs + len(states)
        self._expected |= dict.fromkeys(range(first, first + len(states)), asked)
        yield from enumerate(states, first)

    def _is_new(self, name: str, key: str, number: int) -> bool:
        """Return whether a picture is another than the last of its pass; if so, a place for it is made."""
        if name in self._latest and self._latest[name][0] == key:
            return False
        self._latest[name] = (key, number, asyncio.get_running_loop().create_future())
        return True

    def _start(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._tasks.add(task)
        return task

    async def _room(self) -> None:
        """Wait until few pictures are in the works; those that wait for the page do not count."""
        for task in [task for task in self._tasks if task.done()]:
            self._tasks.discard(task)
            if not task.cancelled():
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

    async def _encode(self, captured: Captured, asked: _Asked) -> None:
        try:
            whole = await self._in_thread(partial(asked.whole, captured)) if asked.is_mean else asked.whole(captured)
            if whole is not None:
                asked.place.set_result(await self._in_thread(partial(self.run.encode, asked.info, asked.key, whole)))
                self.run.n_pictures += 1
        except RenderError as error:
            asked.place.cancel()
            raise RenderError(f"{self._called(asked.number, asked.info)}: {error}") from error
        finally:
            await captured.release()

    async def _compose(
        self,
        number: int,
        info: PassInfo,
        key: str,
        parts: Sequence[asyncio.Future[Picture]],
        place: asyncio.Future[Picture],
    ) -> None:
        try:
            ready = [await part for part in parts]
            place.set_result(await self._in_thread(partial(self.run.compose, info, key, ready)))
        except RenderError as error:
            raise RenderError(f"{self._called(number, info)}: {error}") from error
        finally:
            # Whoever waits for what does not come must not wait for ever.
            place.cancel()

    async def _finish(self, number: int, latest: Mapping[str, tuple[str, int, asyncio.Future[Picture]]]) -> None:
        pictures = {name: await place for name, (*_, place) in latest.items()}
        same = {name: drawn_for for name, (_, drawn_for, _) in latest.items()}
        # A picture that is used again becomes a second name of its first file, which has to be there by then.
        if earlier := [self._finishing[drawn_for] for drawn_for in set(same.values()) - {number}]:
            await asyncio.wait(earlier)
        record = await self._in_thread(partial(self.run.finish, number, pictures, same))
        self.unfinished.remove(number)
        self.run.done(record)


def _draw_part(shooting: Shooting, folder: Path, numbers: list[int]) -> list[FrameRecord]:
    """Draw a run of frames where this is called, and return their records."""
    filming = Filming(shooting, folder)
    filming.take(numbers)
    filming.draw()
    return list(filming.records.values())


def _described(pictures: Mapping[str, Picture], first: str) -> dict[str, Any]:
    """Return what the page said of a frame, with the words of every pass and what lies over the map."""
    told = pictures.get(passes.TELLER, pictures[first]).described
    words = {
        kind: [text for picture in pictures.values() for text in picture.described.get(kind) or ()]
        for kind in ("labels", "texts", "lying")
    }
    return {**{name: value for name, value in told.items() if name != "mattes"}, **words}


def _small(pixels: NDArray[Any], order: png.Order) -> str:
    """Return the mean colours of a picture at the size of the small pictures, as base64."""
    eight = pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
    picture = Image.fromarray(np.ascontiguousarray(eight)).resize(records.SMALL_SIZE, Image.Resampling.BOX)
    colours = np.asarray(picture)[..., [order.index(channel) for channel in "RGB"]]
    return base64.b64encode(np.ascontiguousarray(colours).tobytes()).decode("ascii")
