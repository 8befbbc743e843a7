"""The stage: one persistent headless Chromium that shows one page and hands over the picture of any state of it.

Every address but the page's own is refused, so a film never depends on the network unless hosts are named. How the
pixels leave the browser is the business of `camps.film.canvas`, `camps.film.screen` and `camps.film.painted`.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import mimetypes
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from playwright.async_api import BrowserContext, Page, Playwright, Request, Response, Route, async_playwright
from playwright.async_api import Error as PlaywrightError

from camps import browser, javascript
from camps.errors import RenderError
from camps.film import remedies
from camps.film.loopback import Loopback
from camps.film.png import Order
from camps.film.profile import browser_profile

_HERE = Path(__file__).parent

Readout = Literal["canvas", "screen"]
Job = tuple[int, Mapping[str, Any]]
_Result = TypeVar("_Result")

#: A renderer that says nothing for this long, plus a second a megapixel, is taken for hung.
PATIENCE_S = 30.0

#: What a page waits for does not arrive any more after this long.
WAIT_S = 20.0


class StageLostError(Exception):
    """The renderer or the browser died, or said nothing for too long; the stage has to be opened again."""


@dataclass(frozen=True)
class FilmPage:
    """A page that can be filmed: its HTML, the files it asks for, and how its pixels are read.

    Attributes
    ----------
    html
        The whole document.
    readout
        ``"canvas"``: all that is seen is on ``camps.canvas`` and the page keeps the page contract (``window.camps``
        with ``ready``, ``meta``, ``setFrame``, ``describe`` and ``canvas``); its body is hidden meanwhile.
        ``"screen"``: any page with a Leaflet map.
    others
        Further documents by name; a state with ``page`` shows the one that it names.
    files
        Bodies for other addresses that the page asks for, by address.
    hosts
        Names of hosts that the page may reach, each with all its ports, or with one: ``"127.0.0.1:8080"``; none by
        default.
    wait_s
        Seconds after which what has not arrived is named.
    """

    html: str
    readout: Readout = "canvas"
    others: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    wait_s: float = WAIT_S

    def may_reach(self, address: str) -> bool:
        """Return whether an address is of one of the hosts named."""
        return may_reach(address, self.hosts)


@dataclass(frozen=True)
class Captured:
    """One frame as it left the page.

    Attributes
    ----------
    frame
        Number of the job that asked for it.
    described
        What the page says that it drew (``camps.describe()``).
    read
        Returns the pixels, height × width × 4, 8 bit; may take a while and is called in a thread.
    order
        Order of the channels.
    premultiplied
        Whether colours are multiplied by alpha.
    release
        Gives the memory behind `read` back to the page; await it once.
    """

    frame: int
    described: dict[str, Any]
    read: Callable[[], NDArray[np.uint8]]
    order: Order
    premultiplied: bool
    release: Callable[[], Awaitable[None]]


class Stage(abc.ABC):
    """One browser showing one page; an asynchronous context manager.

    Parameters
    ----------
    page
        What is shown.
    width, height
        Size of the pictures in pixels.
    scale
        Device pixels to a CSS pixel.
    """

    def __init__(self, page: FilmPage, width: int, height: int, *, scale: float = 1.0) -> None:
        self.page = page
        self.width, self.height, self.scale = width, height, scale
        self.meta: dict[str, Any] = {}
        self.name_job: Callable[[int], str] = "frame {}".format
        self._loopback = Loopback(self._served())
        self._missing: list[str] = []
        self._asked_for: set[str] = set()
        self._lost = asyncio.Event()
        self._lost_reason = ""
        self._closing = contextlib.AsyncExitStack()

    @abc.abstractmethod
    def _served(self) -> dict[str, str]:
        """Return the documents to serve, by path; ``""`` is opened first."""

    @abc.abstractmethod
    def _viewport(self) -> tuple[int, int, float]:
        """Return width and height of the window in CSS pixels, and device pixels to one of them."""

    @abc.abstractmethod
    async def _prepare(self, context: BrowserContext, profile: Path) -> None:
        """Make the open page ready to be captured."""

    @abc.abstractmethod
    def capture(self, jobs: Iterable[Job]) -> AsyncGenerator[Captured, None]:
        """Draw states and yield each as it leaves the page, in order.

        Parameters
        ----------
        jobs
            Numbers, each another, and states; taken one by one as the page needs them.

        Raises
        ------
        RenderError
            When the page refuses a state; the message names the job by `name_job`.
        StageLostError
            When the browser is gone or hangs. Frames not yet yielded were not drawn.
        """

    # ── opening and closing ──────────────────────────────────────────────────────────────────────────────────────

    async def __aenter__(self) -> Stage:
        """Open the browser and the page, and prove that the page is ready."""
        try:
            await self._open()
        except PlaywrightError as error:
            await self._closing.aclose()
            browser.raise_if_refused(error)
            raise StageLostError(
                self._lost_reason or f"the page could not be shown ({browser.first_line(error)})"
            ) from error
        except BaseException:
            await self._closing.aclose()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        """End the browser and remove its profile."""
        await self._closing.aclose()

    async def _open(self) -> None:
        profile = self._closing.enter_context(browser_profile())
        await self._closing.enter_async_context(self._loopback.serving())
        playwright = await self._closing.enter_async_context(async_playwright())
        context = await self._launch(playwright, profile)
        self._shown = await self._load(context)
        await self._unless_lost(self._prepare(context, profile))

    async def _launch(self, playwright: Playwright, profile: Path) -> BrowserContext:
        width, height, scale = self._viewport()
        context = await playwright.chromium.launch_persistent_context(
            profile,
            **browser.launch_options(scale=scale),
            viewport={"width": width, "height": height},
            device_scale_factor=scale,
            locale="en-US",
            timezone_id="UTC",
            color_scheme="light",
            reduced_motion="reduce",
            service_workers="block",
        )
        self._closing.push_async_callback(_close_quietly, context)
        context.on("close", lambda _: self._lose("the browser ended"))
        await context.route("**/*", self._route)
        return context

    async def _load(self, context: BrowserContext) -> Page:
        page = context.pages[0] if context.pages else await context.new_page()
        page.on("crash", lambda _: self._lose("the renderer crashed"))
        return await self._opened(page)

    async def _opened(self, page: Page, path: str = "") -> Page:
        """Show one of the documents that are served, and hear what it asks for."""
        page.on("request", lambda request: self._asked_for.add(request.url))
        page.on("requestfinished", lambda request: self._asked_for.discard(request.url))
        page.on("requestfailed", self._miss)
        page.on("response", self._heed)
        await page.goto(f"http://{self._loopback.address}/{path}", wait_until="load")
        return page

    async def _require_ready(self, *arguments: Any) -> None:
        """Wait until the page proves that all it shows is there.

        Raises
        ------
        RenderError
            Naming what is missing.
        """
        if not await self._shown.evaluate("typeof window.camps === 'object' && typeof camps.setFrame === 'function'"):
            raise RenderError("the page has no window.camps to draw with; give a folium.Map, or a page of camps.maps")
        try:
            await self._shown.evaluate("arguments => camps.ready(...arguments)", list(arguments))
        except PlaywrightError as error:
            self._raise_if_lost(error)
            raise RenderError(f"the page is not ready: {self._told(error)}") from error
        if self._missing:
            raise RenderError(f"the page is not whole{self._what_is_missing()}")
        self.meta = await self._shown.evaluate("camps.meta || {}")

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _route(self, route: Route, request: Request) -> None:
        address = request.url.split("//", 1)[-1]
        with contextlib.suppress(PlaywrightError):
            if address.startswith(self._loopback.address) or self.page.may_reach(request.url):
                await route.continue_()
            elif request.url in self.page.files:
                headers = {"Access-Control-Allow-Origin": "*", "Content-Type": _media_type(request.url)}
                await route.fulfill(body=self.page.files[request.url], headers=headers)
            else:
                await route.abort()

    def _miss(self, request: Request) -> None:
        self._asked_for.discard(request.url)
        # What the page itself gave up, such as a tile that the camera has left behind, is not missed.
        if request.failure != "net::ERR_ABORTED":
            self._missing.append(request.url)

    def _heed(self, response: Response) -> None:
        if response.status >= HTTPStatus.BAD_REQUEST:
            self._missing.append(f"{response.url} (HTTP {response.status})")

    def _told(self, error: Exception) -> str:
        """Return what an error of the page says, what is missing or was never answered, and what helps."""
        said = browser.first_line(error)
        late = sorted(self._asked_for) if " did not " in said else []
        told = f"; never answered: {_few(late)}" if late else ""
        return f"{said}{told}{self._what_is_missing()}{remedies.remedy(said)}"

    def _what_is_missing(self) -> str:
        if not self._missing:
            return ""
        named = _few(self._missing)
        return f"; missing: {named} (put it into the page, or name its host if the film may use the network)"

    # ── life signs ───────────────────────────────────────────────────────────────────────────────────────────────

    def _lose(self, reason: str) -> None:
        self._lost_reason = self._lost_reason or reason
        self._lost.set()

    def _raise_if_lost(self, error: Exception) -> None:
        if self._lost.is_set():
            raise StageLostError(self._lost_reason) from error

    async def _unless_lost(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Return what `work` returns, or give up as soon as the browser is lost or its patience is over."""
        longer_s = max(0.0, self.page.wait_s - WAIT_S)
        patience_s = PATIENCE_S + longer_s + self.width * self.height / 1e6
        task, lost = asyncio.ensure_future(work), asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({task, lost}, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
            if self._lost.is_set():
                raise StageLostError(self._lost_reason)
            if not task.done():
                raise StageLostError(f"the page said nothing for {patience_s:.0f} s")
            return task.result()
        finally:
            lost.cancel()
            task.cancel()
            await asyncio.gather(task, lost, return_exceptions=True)


def read_resource(name: str) -> str:
    """Return the text of a file that travels with this package."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def read_script(name: str) -> str:
    """Return a script that travels with this package, with all that it imports, as a browser runs it."""
    return javascript.joined(_HERE / name)


def may_reach(address: str, hosts: Iterable[str]) -> bool:
    """Return whether an address is of one of some hosts, each named with its port or, for all its ports, without."""
    parts = urlsplit(address)
    return parts.netloc.rpartition("@")[2] in hosts or (parts.hostname or "") in hosts


def _few(names: Iterable[str]) -> str:
    return ", ".join(list(dict.fromkeys(names))[:5])


async def _close_quietly(context: BrowserContext) -> None:
    with contextlib.suppress(PlaywrightError):
        await context.close()


def _media_type(address: str) -> str:
    return mimetypes.guess_type(urlsplit(address).path)[0] or "application/octet-stream"
