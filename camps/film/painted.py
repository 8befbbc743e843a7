"""Reading any page that holds a Leaflet map from a canvas around it, where that gives the pixels of its screen.

A screenshot has the whole window composed twice more, packed and unpacked; a canvas that the page is painted on takes
a third of the work. What it leaves out nobody promises, so a second window shows the same page as a screen: whenever
something is on the page that was on none of its pictures before, every so many pictures and at the end, the same state
is taken there too, and both have to be the same, pixel for pixel. A page that is painted otherwise is taken from its
screen from then on.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any

import numpy as np
from playwright.async_api import BrowserContext
from playwright.async_api import Error as PlaywrightError

from camps.errors import RenderError
from camps.film.ring import WINDOW, Ring
from camps.film.screen import ScreenStage
from camps.film.stage import Captured, FilmPage, Job

#: Painted pictures from one that was held against its screen to the next.
PROVED_EVERY = 50

#: A page with fewer pictures is not worth opening twice.
LEAST_PICTURES = 24

# A browser may come down when a frame comes onto a page that is painted, even if it is never drawn there. What brings
# one stands in the document, also where a script or a popup is to bring it later.
_FRAMES = re.compile(r"""<(iframe|object|embed)\b|createElement\(\s*["'`](iframe|object|embed)\b""", re.IGNORECASE)


class DoubtError(Exception):
    """What is painted cannot be trusted: a picture is not what its screen shows, or painting brought the page down."""


class PaintedStage(ScreenStage):
    """A stage for any page with a Leaflet map that paints what can be painted.

    Parameters
    ----------
    page, width, height, scale, transparent, began_day
        As for `ScreenStage`.
    """

    def __init__(self, page: FilmPage, width: int, height: int, **more: Any) -> None:
        super().__init__(page, width, height, **more)
        self._ring = Ring(self._loopback, width, height)
        self._can_paint = False
        #: Pictures of each page since the last that was proved; none yet where it is missing.
        self._unproved: dict[str, int] = {}
        documents = {"": page.html, **page.others}
        #: Pages that are taken from their screen.
        self._screened = {name for name, html in documents.items() if _FRAMES.search(html)}

    def _served(self) -> dict[str, str]:
        return {**super()._served(), "paint": self._document("paint.js")}

    @property
    def _may_paint(self) -> bool:
        # A canvas holds its colours multiplied by alpha, and does not tell what is of another host.
        return self._times == 1 and not self.transparent and not self.page.hosts and "" not in self._screened

    async def __aexit__(self, *exception: object) -> None:
        """Let go of the ring before its file is removed."""
        self._ring.close()
        await super().__aexit__(*exception)

    async def _prepare(self, context: BrowserContext, profile: Path) -> None:
        painting = asyncio.ensure_future(self._open_painter(context)) if self._may_paint else None
        try:
            await super()._prepare(context, profile)
            self._can_paint = painting is not None and await painting
        finally:
            if painting is not None:
                painting.cancel()
                await asyncio.gather(painting, return_exceptions=True)
        if self._can_paint:
            await self._ring.map(profile)

    async def _open_painter(self, context: BrowserContext) -> bool:
        """Open the page a second time, on a canvas; return whether this browser has one for it."""
        try:
            painter = await context.new_page()
            # Its end is no end of the screen.
            painter.on("crash", lambda _: self._loopback.messages.put_nowait({"isCrashed": True}))
            await self._opened(painter, "paint")
            if not await painter.evaluate("painting.canPaint()"):
                return False
            size = {"width": self.width, "height": self.height}
            layout = dict(zip(("width", "height"), self._layout(), strict=True))
            setup = {**self._ring.setup, "layout": layout, "size": size}
            await painter.evaluate("given => painting.open(...given)", [setup, self.page.wait_s])
        except PlaywrightError:
            # What is wrong with the page is said by its screen.
            return False
        return True

    async def capture(self, jobs: Iterable[Job]) -> AsyncGenerator[Captured, None]:
        """Draw states and yield each as it leaves the page, in order; see `Stage.capture`."""
        for page, waiting in groupby(jobs, key=lambda job: str(job[1].get("page", ""))):
            ahead: deque[Job] = deque()
            async for captured in self._painted(page, waiting, ahead):
                yield captured
            async for captured in super().capture(chain(ahead, waiting)):
                yield captured

    async def _painted(self, page: str, waiting: Iterator[Job], ahead: deque[Job]) -> AsyncGenerator[Captured, None]:
        """Yield what is painted of a page; what is left in `ahead` and `waiting` is for the screen."""
        if not self._can_paint or page in self._screened:
            return
        await self._send(waiting, ahead, WINDOW)
        while ahead:
            message = await self._unless_lost(self._told_of(ahead[0]))
            captured = await self._unless_lost(self._ring.captured(message)) if "slot" in message else None
            await self._send(waiting, ahead, 1)
            if captured is None or not await self._is_proved(page, captured, ahead, is_new=message["isNew"]):
                self._screened.add(page)
                await self._drop(len(ahead) - 1, captured)
                return
            ahead.popleft()
            yield captured

    async def _send(self, waiting: Iterator[Job], ahead: deque[Job], most: int) -> None:
        jobs = list(islice(waiting, most))
        ahead.extend(jobs)
        await self._ring.send((frame, self._told_page(frame, state)) for frame, state in jobs)

    async def _told_of(self, job: Job) -> dict[str, Any]:
        message = await self._ring.told()
        if "isCrashed" in message:
            raise DoubtError(f"{self.name_job(job[0])}: the page that is painted crashed")
        if "error" in message:
            raise RenderError(f"{self.name_job(job[0])}: {self._told(RenderError(message['error']))}")
        if self._missing:
            raise RenderError(f"{self.name_job(job[0])} is not whole{self._what_is_missing()}")
        return message

    async def _drop(self, n_more: int, captured: Captured | None) -> None:
        """Give back a picture that is not taken, and await those that the page was asked for after it."""
        if captured is not None:
            await captured.release()
        for _ in range(n_more):
            message = await self._unless_lost(self._ring.told())
            if "isCrashed" in message:
                self._can_paint = False
                return
            if "slot" in message:
                await (await self._ring.captured(message)).release()

    async def _is_proved(self, page: str, captured: Captured, ahead: deque[Job], *, is_new: bool) -> bool:
        """Return whether a picture need not be held against its screen, or is the same.

        Raises
        ------
        DoubtError
            When it is not, though all that is on it was painted rightly before.
        """
        is_first = page not in self._unproved
        self._unproved[page] = self._unproved.get(page, 0) + 1
        if not (is_new or is_first) and self._unproved[page] < PROVED_EVERY and len(ahead) > 1:
            return True
        if await self._is_as_shown(captured, ahead[0][1]):
            self._unproved[page] = 0
            return True
        if is_first or is_new:
            return False
        raise DoubtError(f"{self.name_job(captured.frame)} is painted otherwise than its screen shows it")

    async def _is_as_shown(self, captured: Captured, state: Mapping[str, Any]) -> bool:
        seen = await self._proved(await self._unless_lost(self._shoot(captured.frame, state)))
        channels = [captured.order.index(channel) for channel in "RGB"]
        return await asyncio.to_thread(lambda: np.array_equal(captured.read()[..., channels], seen.read()[..., :3]))
