"""The stage: one persistent headless Chromium that shows one page and hands over the pixels of any state of it.

Every address but the page's own is refused, so a film never depends on the network unless hosts are named. A page
that draws on one canvas is read through ``VideoFrame.copyTo`` in a worker: the pixels go into a ring of slots in a
file of the browser's own storage that this process maps ("file"), or through the loopback socket where that file
cannot be found ("socket"). Both give the same pixels. Any other page is read as DevTools sees it ("screenshot").
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from playwright.async_api import BrowserContext, CDPSession, Page, Playwright, Request, Route, async_playwright
from playwright.async_api import Error as PlaywrightError

from camps import machine
from camps.errors import RenderError
from camps.film.loopback import Loopback
from camps.film.profile import browser_profile, map_ring

Readout = Literal["canvas", "screenshot"]
Transport = Literal["file", "socket"]
Job = tuple[int, Mapping[str, Any]]
_Result = TypeVar("_Result")

#: Frames that the page may be ahead of the encoder, and the memory that they may take.
MOST_SLOTS = 4
SLOT_BUDGET_BYTES = 512 << 20

#: Jobs sent ahead of the frame being drawn, so that the page never waits for the next one.
WINDOW = 8

#: A renderer that says nothing for this long, plus a second a megapixel, is taken for hung.
PATIENCE_S = 30.0

_FLAGS = (
    "--disable-gpu",
    "--disable-accelerated-2d-canvas",
    "--disable-partial-raster",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--disable-lcd-text",
)


class StageLostError(Exception):
    """The renderer or the browser died, or said nothing for too long; the stage has to be opened again."""


@dataclass(frozen=True)
class FilmPage:
    """A page that can be filmed: its HTML, the files it asks for, and how its pixels are read.

    Attributes
    ----------
    html
        The whole document. It keeps the page contract: ``window.camps`` with ``ready``, ``setFrame``, ``describe``
        and, for ``readout="canvas"``, ``canvas``.
    readout
        ``"canvas"``: all that is seen is on ``camps.canvas``. ``"screenshot"``: the page is read as DevTools sees it.
    files
        Bodies for other addresses that the page asks for, by address.
    hosts
        Names of hosts that the page may reach; none by default.
    """

    html: str
    readout: Readout = "canvas"
    files: Mapping[str, bytes] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Captured:
    """One frame as it left the page.

    Attributes
    ----------
    frame
        Frame number.
    described
        What the page says that it drew (``camps.describe()``).
    pixels
        Height × width × 4, RGBA, 8 bit, alpha premultiplied, valid until `release`; for a screenshot a PNG file.
    release
        Gives the memory back to the page; await it once.
    """

    frame: int
    described: dict[str, Any]
    pixels: NDArray[np.uint8] | bytes
    release: Callable[[], Awaitable[None]]


class Stage:
    """One browser showing one page; an asynchronous context manager.

    Parameters
    ----------
    page
        What is shown.
    width, height
        Size of the pictures in pixels.
    scale
        Device pixels to a CSS pixel, for pages that are read as screenshots.
    transport
        How pixels leave a canvas page.
    transparent
        Whether a screenshot keeps the page's own transparency.
    """

    def __init__(
        self,
        page: FilmPage,
        width: int,
        height: int,
        *,
        scale: float = 1.0,
        transport: Transport = "file",
        transparent: bool = False,
    ) -> None:
        self.page = page
        self.width, self.height, self.scale = width, height, scale
        self.transport: Transport = transport
        self.transparent = transparent
        self.meta: dict[str, Any] = {}
        self._loopback = Loopback(page.html)
        self._missing: list[str] = []
        self._lost: asyncio.Event = asyncio.Event()
        self._lost_reason = ""
        self._ring: NDArray[np.uint8] | None = None
        self._closing = contextlib.AsyncExitStack()

    # ── opening and closing ──────────────────────────────────────────────────────────────────────────────────────

    async def __aenter__(self) -> Stage:
        """Open the browser and the page, and prove that the page is ready."""
        try:
            await self._open()
        except PlaywrightError as error:
            await self._closing.aclose()
            if self._lost.is_set():
                raise StageLostError(self._lost_reason) from error
            raise RenderError(f"the page could not be shown: {_first_line(error)}{self._what_is_missing()}") from error
        except BaseException:
            await self._closing.aclose()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        """End the browser and remove its profile."""
        self._ring = None
        await self._closing.aclose()

    async def _open(self) -> None:
        profile = self._closing.enter_context(browser_profile())
        await self._closing.enter_async_context(self._loopback.serving())
        playwright = await self._closing.enter_async_context(async_playwright())
        context = await self._launch(playwright, profile)
        self._shown = await self._load(context)
        await self._unless_lost(self._require_ready(), self._patience())
        self.meta = await self._shown.evaluate("camps.meta || {}")
        if self.page.readout == "canvas":
            await self._open_ring(profile)
        else:
            self._devtools = await context.new_cdp_session(self._shown)
            await _prepare_screenshots(self._devtools, transparent=self.transparent)

    async def _launch(self, playwright: Playwright, profile: Path) -> BrowserContext:
        context = await playwright.chromium.launch_persistent_context(
            profile,
            executable_path=machine.find_chromium(),
            headless=True,
            args=list(_FLAGS),
            chromium_sandbox=not _is_root(),
            env=_environment(),
            viewport={"width": round(self.width / self.scale), "height": round(self.height / self.scale)},
            device_scale_factor=self.scale,
            locale="en-US",
            timezone_id="UTC",
            color_scheme="light",
            reduced_motion="reduce",
            service_workers="block",
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
        self._closing.push_async_callback(_close_quietly, context)
        context.on("close", lambda _: self._lose("the browser ended"))
        await context.route("**/*", self._route)
        return context

    async def _load(self, context: BrowserContext) -> Page:
        page = context.pages[0] if context.pages else await context.new_page()
        page.on("crash", lambda _: self._lose("the renderer crashed"))
        page.on("requestfailed", lambda request: self._missing.append(request.url))
        await page.goto(f"http://{self._loopback.address}/", wait_until="load")
        return page

    async def _require_ready(self) -> None:
        if not await self._shown.evaluate("typeof window.camps === 'object' && typeof camps.setFrame === 'function'"):
            raise RenderError("the page has no window.camps to draw with; give a folium.Map, or a page of camps.maps")
        try:
            await self._shown.evaluate("camps.ready()")
        except PlaywrightError as error:
            raise RenderError(f"the page is not ready: {_first_line(error)}{self._what_is_missing()}") from error
        if self._missing:
            raise RenderError(f"the page is not whole{self._what_is_missing()}")

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _route(self, route: Route, request: Request) -> None:
        address = request.url.split("//", 1)[-1]
        if address.startswith(self._loopback.address) or request.url.startswith(("data:", "blob:")):
            await route.continue_()
        elif request.url in self.page.files:
            await route.fulfill(body=self.page.files[request.url], headers={"Access-Control-Allow-Origin": "*"})
        elif address.split("/", 1)[0].split(":", 1)[0] in self.page.hosts:
            await route.continue_()
        else:
            await route.abort()

    def _what_is_missing(self) -> str:
        if not self._missing:
            return ""
        named = ", ".join(list(dict.fromkeys(self._missing))[:5])
        return f"; missing: {named} (put it into the page, or name its host if the film may use the network)"

    # ── life signs ───────────────────────────────────────────────────────────────────────────────────────────────

    def _lose(self, reason: str) -> None:
        self._lost_reason = self._lost_reason or reason
        self._lost.set()

    def _patience(self) -> float:
        return PATIENCE_S + self.width * self.height / 1e6

    async def _unless_lost(self, work: Coroutine[Any, Any, _Result], patience_s: float) -> _Result:
        """Return what `work` returns, or give up as soon as the browser is lost or the time is over."""
        task, lost = asyncio.ensure_future(work), asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({task, lost}, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
            if task.done() and not (self._lost.is_set() and task.exception()):
                return task.result()
            raise StageLostError(self._lost_reason or f"the page said nothing for {patience_s:.0f} s")
        finally:
            lost.cancel()
            task.cancel()

    # ── pixels ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _open_ring(self, profile: Path) -> None:
        await self._shown.evaluate(resources.files(__package__).joinpath("stage.js").read_text("utf-8"))
        frame_bytes = self.width * self.height * 4
        slots = max(2, min(MOST_SLOTS, SLOT_BUDGET_BYTES // frame_bytes))
        setup = {"bytes": frame_bytes, "slots": slots, "mode": self.transport, "nonce": secrets.token_hex(16)}
        await self._shown.evaluate(
            "setup => stage.open(setup)", {**setup, "url": f"ws://{self._loopback.address}/socket"}
        )
        if self.transport == "file":
            ring = map_ring(profile, slots * frame_bytes, str(setup["nonce"]))
            if ring is None:
                self.transport = "socket"
                await self._loopback.send({"mode": "socket"})
            else:
                self._ring = np.frombuffer(ring, np.uint8).reshape(slots, self.height, self.width, 4)

    async def capture(self, jobs: Iterable[Job]) -> AsyncGenerator[Captured, None]:
        """Draw states and yield each as it leaves the page, in order.

        Parameters
        ----------
        jobs
            Frame numbers and states; taken one by one as the page needs them.

        Raises
        ------
        RenderError
            When the page refuses a state; the message names the frame.
        StageLostError
            When the browser is gone or hangs. Frames not yet yielded were not drawn.
        """
        waiting = iter(jobs)
        if self.page.readout == "screenshot":
            for frame, state in waiting:
                yield await self._unless_lost(self._screenshot(frame, state), self._patience())
            return
        ahead = await self._send(waiting, WINDOW)
        while ahead:
            yield await self._unless_lost(self._receive(), self._patience())
            ahead += await self._send(waiting, 1) - 1

    async def _send(self, waiting: Iterator[Job], most: int) -> int:
        jobs = [{"frame": frame, "state": state} for _, (frame, state) in zip(range(most), waiting, strict=False)]
        if jobs:
            await self._loopback.send({"jobs": jobs})
        return len(jobs)

    async def _receive(self) -> Captured:
        message = await self._loopback.messages.get()
        if isinstance(message, bytes):
            raise StageLostError("the page sent pixels that nobody asked for")
        if "error" in message:
            raise RenderError(f"frame {message['frame']}: {message['error']}")
        slot = int(message["slot"])
        pixels = self._ring[slot] if self._ring is not None else await self._socket_pixels()
        return Captured(message["frame"], message["described"], pixels, lambda: self._loopback.send({"free": slot}))

    async def _socket_pixels(self) -> NDArray[np.uint8]:
        message = await self._loopback.messages.get()
        if not isinstance(message, bytes):
            raise StageLostError("the page sent no pixels")
        return np.frombuffer(message, np.uint8).reshape(self.height, self.width, 4)

    async def _screenshot(self, frame: int, state: Mapping[str, Any]) -> Captured:
        try:
            described = await self._shown.evaluate(
                "async state => { await camps.setFrame(state); return camps.describe() }", dict(state)
            )
            answer = await self._devtools.send("Page.captureScreenshot", _SCREENSHOT)
        except PlaywrightError as error:
            raise RenderError(f"frame {frame}: {_first_line(error)}{self._what_is_missing()}") from error
        if self._missing:
            raise RenderError(f"frame {frame} is not whole{self._what_is_missing()}")
        return Captured(frame, described, base64.b64decode(answer["data"]), _nothing)


_SCREENSHOT = {"format": "png", "optimizeForSpeed": True, "fromSurface": True}


async def _prepare_screenshots(devtools: CDPSession, *, transparent: bool) -> None:
    if transparent:
        clear = {"color": {"r": 0, "g": 0, "b": 0, "a": 0}}
        await devtools.send("Emulation.setDefaultBackgroundColorOverride", clear)


async def _nothing() -> None:
    """Release nothing: a screenshot is already a copy."""


async def _close_quietly(context: BrowserContext) -> None:
    with contextlib.suppress(PlaywrightError):
        await context.close()


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].split("Error: ", 1)[-1] if lines else type(error).__name__


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _environment() -> dict[str, str | float | bool]:
    """Return the browser's environment: this one, with the language and time zone fixed."""
    kept = {name: value for name, value in os.environ.items() if name != "LANGUAGE" and not name.startswith("LC_")}
    return {**kept, "LANG": "C.UTF-8", "TZ": "UTC"}
