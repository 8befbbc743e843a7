"""Reading a page that draws all of itself on one canvas: the fast way.

The page draws; a worker copies each finished canvas with ``VideoFrame.copyTo``, which is exact and takes a fraction
of a millisecond, into a ring of slots in a file of the browser's own storage that this process maps ("file"). Where
that file cannot be found, the same pixels come through the loopback socket ("socket").
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from playwright.async_api import BrowserContext

from camps.errors import RenderError
from camps.film.png import Order
from camps.film.profile import map_ring
from camps.film.stage import Captured, FilmPage, Job, Stage, StageLostError, read_script

Transport = Literal["file", "socket"]

#: Frames that the page may be ahead of the encoder, and the memory that they may take.
MOST_SLOTS = 4
SLOT_BUDGET_BYTES = 512 << 20

#: Jobs sent ahead of the frame being drawn, so that the page never waits for the next one.
WINDOW = 8

#: The canvas has the size of the picture whatever the window's; a small window costs nothing to lay out.
_WINDOW_SIZE = (960, 540)


class CanvasStage(Stage):
    """A stage for pages that keep the page contract.

    Parameters
    ----------
    page, width, height
        As for `Stage`.
    transport
        How pixels leave the page; ``"file"`` becomes ``"socket"`` by itself where it has to.
    """

    def __init__(self, page: FilmPage, width: int, height: int, *, transport: Transport = "file") -> None:
        super().__init__(page, width, height)
        self.transport: Transport = transport
        self._ring: NDArray[np.uint8] | None = None

    def _served(self) -> dict[str, str]:
        return {"": self.page.html}

    def _viewport(self) -> tuple[int, int, float]:
        return (*_WINDOW_SIZE, 1.0)

    async def __aexit__(self, *exception: object) -> None:
        """Let go of the ring before its file is removed."""
        self._ring = None
        await super().__aexit__(*exception)

    async def _prepare(self, context: BrowserContext, profile: Path) -> None:
        await self._require_ready()
        await self._shown.evaluate(read_script("canvas.js"))
        frame_bytes = self.width * self.height * 4
        slots = max(2, min(MOST_SLOTS, SLOT_BUDGET_BYTES // frame_bytes))
        nonce = secrets.token_hex(16)
        url = f"ws://{self._loopback.address}/socket"
        setup = {"url": url, "bytes": frame_bytes, "slots": slots, "mode": self.transport, "nonce": nonce}
        await self._shown.evaluate("setup => stage.open(setup)", setup)
        if self.transport == "file":
            await self._map(profile, slots, nonce)

    async def _map(self, profile: Path, slots: int, nonce: str) -> None:
        ring = map_ring(profile, slots * self.width * self.height * 4, nonce)
        if ring is None:
            self.transport = "socket"
            await self._loopback.send({"mode": "socket"})
        else:
            self._ring = np.frombuffer(ring, np.uint8).reshape(slots, self.height, self.width, 4)

    async def capture(self, jobs: Iterable[Job]) -> AsyncGenerator[Captured, None]:
        """Draw states and yield each as it leaves the page, in order; see `Stage.capture`."""
        waiting = iter(jobs)
        ahead = await self._send(waiting, WINDOW)
        while ahead:
            yield await self._unless_lost(self._receive())
            ahead += await self._send(waiting, 1) - 1

    async def _send(self, waiting: Iterator[Job], most: int) -> int:
        jobs = [{"frame": frame, "state": state} for frame, state in islice(waiting, most)]
        if jobs:
            await self._loopback.send({"jobs": jobs})
        return len(jobs)

    async def _receive(self) -> Captured:
        message = await self._loopback.messages.get()
        if isinstance(message, bytes):
            raise StageLostError("the page sent pixels that nobody asked for")
        if "error" in message:
            raise RenderError(f"{self.name_job(message['frame'])}: {message['error']}")
        slot = int(message["slot"])
        pixels = self._ring[slot] if self._ring is not None else await self._sent_pixels()

        async def release() -> None:
            await self._loopback.send({"free": slot})

        if message["order"] not in get_args(Order):
            raise RenderError(
                f"the browser gave pixels as {message['order']}, expected BGRA or RGBA; use another browser"
            )
        return Captured(message["frame"], message["described"], lambda: pixels, message["order"], True, release)

    async def _sent_pixels(self) -> NDArray[np.uint8]:
        message = await self._loopback.messages.get()
        if not isinstance(message, bytes):
            raise StageLostError("the page sent no pixels")
        return np.frombuffer(message, np.uint8).reshape(self.height, self.width, 4)
