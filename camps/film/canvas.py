"""Reading a page that draws all of itself on one canvas: the fast way."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from itertools import islice
from pathlib import Path

from playwright.async_api import BrowserContext

from camps.errors import RenderError
from camps.film.ring import WINDOW, Ring, Transport
from camps.film.stage import Captured, FilmPage, Job, Stage, read_script

#: The canvas has the size of the picture whatever the window's; a small window costs nothing to lay out.
_WINDOW_SIZE = (960, 540)


class CanvasStage(Stage):
    """A stage for pages that keep the page contract.

    Parameters
    ----------
    page, width, height
        As for `Stage`.
    transport
        How pixels leave the page, as for `camps.film.ring.Ring`.
    """

    def __init__(self, page: FilmPage, width: int, height: int, *, transport: Transport = "file") -> None:
        super().__init__(page, width, height)
        self._ring = Ring(self._loopback, width, height, transport)

    @property
    def transport(self) -> Transport:
        """How pixels leave the page."""
        return self._ring.transport

    def _served(self) -> dict[str, str]:
        return {"": self.page.html}

    def _viewport(self) -> tuple[int, int, float]:
        return (*_WINDOW_SIZE, 1.0)

    async def __aexit__(self, *exception: object) -> None:
        """Let go of the ring before its file is removed."""
        self._ring.close()
        await super().__aexit__(*exception)

    async def _prepare(self, context: BrowserContext, profile: Path) -> None:
        await self._require_ready()
        await self._shown.evaluate(read_script("canvas.js"))
        await self._shown.evaluate("setup => stage.open(setup)", self._ring.setup)
        await self._ring.map(profile)

    async def capture(self, jobs: Iterable[Job]) -> AsyncGenerator[Captured, None]:
        """Draw states and yield each as it leaves the page, in order; see `Stage.capture`."""
        waiting = iter(jobs)
        first = list(islice(waiting, WINDOW))
        await self._ring.send(first)
        ahead = len(first)
        while ahead:
            yield await self._unless_lost(self._receive())
            further = list(islice(waiting, 1))
            await self._ring.send(further)
            ahead += len(further) - 1

    async def _receive(self) -> Captured:
        message = await self._ring.told()
        if "error" in message:
            raise RenderError(f"{self.name_job(message['frame'])}: {message['error']}")
        return await self._ring.captured(message)
