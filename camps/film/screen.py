"""Reading any page that holds a Leaflet map: as DevTools sees it, with proof of which state a picture shows.

The page stands in a frame of exactly the picture's size; a strip below it carries the number of the state in black
and white. Browsers hand out a picture of an earlier state now and then; such a picture has another number, and is
taken again, and therefore a picture may be asked for before its state is known to be drawn. The strip is cut off.
"""

from __future__ import annotations

import asyncio
import base64
import math
from collections.abc import AsyncGenerator, Iterable, Mapping
from functools import partial
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.async_api import BrowserContext
from playwright.async_api import Error as PlaywrightError

from camps.errors import RenderError
from camps.film import drivers, png
from camps.film.stage import Captured, FilmPage, Job, Stage, StageLostError, read_resource, read_script

MARK_BLOCKS, MARK_SIDE = 24, 40
#: A picture that shows an earlier state is taken again this often.
RETAKES = 50

#: Browsers do not go below this scale; smaller pictures are the mean of several pixels.
_LEAST_DEVICE_SCALE = 0.5

_DRAW = "async state => { await camps.setFrame(state); return camps.describe() }"
_SCREENSHOT = {"format": "png", "optimizeForSpeed": True, "fromSurface": True}
_Pixels = NDArray[np.uint8]


class _Shot(NamedTuple):
    """A picture of the whole window, on its way from the browser."""

    frame: int
    state: Mapping[str, Any]
    described: dict[str, Any]
    picture: asyncio.Future[_Pixels]


class ScreenStage(Stage):
    """A stage for any page with a Leaflet map.

    Parameters
    ----------
    page, width, height, scale
        As for `Stage`.
    transparent
        Whether what the page leaves transparent stays so.
    began_day
        Day (since 1970-01-01) at which the page's own clock stands when the film begins.
    """

    def __init__(
        self,
        page: FilmPage,
        width: int,
        height: int,
        *,
        scale: float = 1.0,
        transparent: bool = False,
        began_day: float = 0.0,
    ) -> None:
        self._began_day = began_day
        super().__init__(page, width, height, scale=scale)
        self.transparent = transparent
        self._is_prompt = True

    def _served(self) -> dict[str, str]:
        pages = {"": self.page.html, **self.page.others}
        return {
            "": self._document("screen.js"),
            **{f"page/{name}": self._driven(html) for name, html in pages.items()},
        }

    @staticmethod
    def _document(script: str) -> str:
        return Template(read_resource("screen.html")).substitute(script=read_script(script))

    def _driven(self, html: str) -> str:
        """Return a page whose first script is ours."""
        began = f"const BEGAN_MS = {round(self._began_day * 86400e3)};"
        script = f"<script>(() => {{\n'use strict';\n{began}\n{read_script(drivers.SCRIPT)}}})();</script>"
        at = html.lower().find("<head>")
        return html[: at + 6] + script + html[at + 6 :] if at >= 0 else script + html

    def _viewport(self) -> tuple[int, int, float]:
        width, height = self._layout()
        return max(width, MARK_BLOCKS * MARK_SIDE), height + MARK_SIDE, self.scale * self._times

    @property
    def _times(self) -> int:
        """Pixels of the screen, on each side, that make one of a picture too small for a browser."""
        return math.ceil(_LEAST_DEVICE_SCALE / self.scale)

    def _layout(self) -> tuple[int, int]:
        return math.ceil(self.width / self.scale), math.ceil(self.height / self.scale)

    async def _prepare(self, context: BrowserContext, profile: Path) -> None:
        await self._shown.evaluate("([width, height]) => camps.lay(width, height)", list(self._layout()))
        await self._require_ready("", self.page.wait_s)
        self._devtools = await context.new_cdp_session(self._shown)
        if self.transparent:
            clear = {"color": {"r": 0, "g": 0, "b": 0, "a": 0}}
            await self._devtools.send("Emulation.setDefaultBackgroundColorOverride", clear)

    async def capture(self, jobs: Iterable[Job]) -> AsyncGenerator[Captured, None]:
        """Draw states and yield each as it leaves the page, in order; see `Stage.capture`."""
        # While a picture is unpacked and proved, the page draws the next.
        earlier: _Shot | None = None
        for frame, state in jobs:
            try:
                shot = await self._unless_lost(self._shoot(frame, state))
            except (RenderError, StageLostError):
                # The picture before is here already, and has no part in what happened.
                if earlier is not None:
                    yield await self._proved(earlier)
                raise
            if earlier is not None:
                yield await self._proved(earlier)
            earlier = shot
        if earlier is not None:
            yield await self._proved(earlier)

    async def _shoot(self, frame: int, state: Mapping[str, Any]) -> _Shot:
        try:
            described, answer = await self._asked(self._told_page(frame, state))
        except PlaywrightError as error:
            self._raise_if_lost(error)
            raise RenderError(f"{self.name_job(frame)}: {self._told(error)}") from error
        if self._missing:
            raise RenderError(f"{self.name_job(frame)} is not whole{self._what_is_missing()}")
        return _Shot(frame, state, described, asyncio.ensure_future(asyncio.to_thread(_unpacked, answer["data"])))

    @staticmethod
    def _told_page(frame: int, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return a state as the page is asked for it: with the view of its exposure as its own, and its number."""
        exposed = dict(zip(("lon", "lat", "zoom"), state.get("exposed", ()), strict=False))
        return {"page": "", **state, **exposed, "mark": frame}

    async def _asked(self, state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Ask for a state and, without waiting for it, for a picture; after one that came too early, wait."""
        drawing = asyncio.ensure_future(self._shown.evaluate(_DRAW, state))
        if not self._is_prompt:
            await drawing
        described, answer = await asyncio.gather(drawing, self._devtools.send("Page.captureScreenshot", _SCREENSHOT))
        await self._shown.evaluate("camps.stay()")
        return described, answer

    async def _proved(self, shot: _Shot) -> Captured:
        """Return a picture that carries the number of its state, taken again until it does."""
        for retake in range(RETAKES + 1):
            if retake:
                self._is_prompt = False
                shot = await self._unless_lost(self._shoot(shot.frame, shot.state))
            picture = await shot.picture
            if self._number(picture) == shot.frame:
                read = partial(self._pixels, picture)
                return Captured(shot.frame, shot.described, read, "RGBA", False, _nothing)
        raise RenderError(
            f"{self.name_job(shot.frame)}: the browser shows an earlier state even after {RETAKES} more pictures"
        )

    def _number(self, picture: _Pixels) -> int:
        """Return the number that the strip below the page carries; 0 where there is no strip."""
        scale = self.scale * self._times
        places = [int((block + 0.5) * MARK_SIDE * scale) for block in range(MARK_BLOCKS)]
        y = int((self._layout()[1] + MARK_SIDE / 2) * scale)
        if y >= len(picture) or places[-1] >= picture.shape[1]:
            return 0
        return sum(1 << block for block, red in enumerate(picture[y, places, 0]) if red > 127)

    def _pixels(self, picture: _Pixels) -> _Pixels:
        width, height = self.width * self._times, self.height * self._times
        if len(picture) < height or picture.shape[1] < width:
            found = f"{picture.shape[1]}×{len(picture)}"
            raise RenderError(f"the browser gave {found} pixels, expected {width}×{height}")
        cut = picture[:height, :width]
        if self._times == 1:
            return cut
        # Colours are averaged in proportion to their alpha.
        return np.asarray(Image.fromarray(cut).convert("RGBa").reduce(self._times).convert("RGBA"))


def _unpacked(data: str) -> _Pixels:
    return png.decode(base64.b64decode(data))


async def _nothing() -> None:
    """Release nothing: a screenshot is a copy already."""
