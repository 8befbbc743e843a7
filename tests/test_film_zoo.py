"""Every class of folium and its plugins is filmed as a plain browser shows it, twice the same, or refused by name.

Pictures are painted where they can be, and the second of a map, which is held against a plain browser's, is as a rule
one of those that the stage itself does not prove.
"""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import folium
import folium.features
import folium.plugins
import numpy as np
import pytest
from film_support import colours, film_states, shoot
from numpy.typing import NDArray
from PIL import Image
from playwright.async_api import Route, async_playwright
from zoo import ZOO

from camps import browser, film
from camps.errors import CampsError
from camps.film.anymap import build_map_page
from camps.film.painted import PaintedStage
from camps.film.stage import read_resource

pytestmark = pytest.mark.browser
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "anymap.md"
DAYS = [date(2018, 7, 2), date(2019, 7, 2), date(2020, 7, 2)]
STATES = film_states(DAYS, lon=85.0, lat=41.0, zoom=5.0)
SIZE, SCALE, LAYOUT = (400, 240), 1.0, (400, 240)
FILMED = [name for name, animal in ZOO.items() if not animal.refused]


def _page(name: str) -> film.FilmPage:
    page = build_map_page(ZOO[name].build(), wait_s=20)
    return replace(page, files={**page.files, **ZOO[name].extra})


@pytest.fixture(scope="module")
def pages() -> dict[str, film.FilmPage]:
    return {name: _page(name) for name in FILMED}


class Studio:
    """One browser that films all maps of the zoo, and one that knows nothing of films."""

    def __init__(self, pages: Mapping[str, film.FilmPage]) -> None:
        files = {address: body for page in pages.values() for address, body in page.files.items()}
        others = {str(FILMED.index(name)): page.html for name, page in pages.items()}
        page = replace(next(iter(pages.values())), others=others, files=files)
        self.pages = pages
        self.stage = PaintedStage(page, *SIZE, scale=SCALE, began_day=STATES[0]["began"])
        self._closing = AsyncExitStack()

    async def open(self) -> None:
        """Start both browsers."""
        await self._closing.enter_async_context(self.stage)
        playwright = await self._closing.enter_async_context(async_playwright())
        opened = await playwright.chromium.launch(**browser.launch_options(scale=SCALE))
        self._closing.push_async_callback(opened.close)
        # As large as the film's own window, since edges depend on how a page is cut into pieces to be drawn.
        size: Any = dict(zip(("width", "height"), self.stage._viewport()[:2], strict=True))
        context = await opened.new_context(
            viewport=size, device_scale_factor=SCALE, timezone_id="UTC", reduced_motion="reduce"
        )
        self.plain = await context.new_page()

    async def close(self) -> None:
        """End both browsers."""
        await self._closing.aclose()

    async def film(self, name: str, states: Sequence[Mapping[str, Any]]) -> list[NDArray[np.uint8]]:
        """Return the pictures of a map in some states."""
        page = str(FILMED.index(name))
        jobs = enumerate(({**state, "page": page} for state in states), 1)
        return [pixels async for pixels, _ in colours(self.stage, jobs)]

    async def both(self, name: str) -> tuple[list[NDArray[np.uint8]], NDArray[np.uint8]]:
        """Return a map's pictures in all states, there and back, and what a plain browser shows of the second."""
        filmed, shown = await asyncio.gather(
            self.film(name, [*STATES, *STATES[::-1]]), self.show(name, STATES[1]), return_exceptions=True
        )
        for one in (filmed, shown):
            if isinstance(one, BaseException):
                raise one
        return filmed, shown  # type: ignore[return-value]

    async def show(self, name: str, state: Mapping[str, Any]) -> NDArray[np.uint8]:
        """Return what a plain browser shows of a map that is put to a state by the map's own means."""
        page = self.pages[name]
        await self.plain.unroute_all()
        await self.plain.route("**/*", partial(_answer, page))
        await self.plain.goto("http://plain.test/frame", wait_until="load")
        shown = self.plain.frames[1]
        furniture = read_resource("drivers/page.js").partition("FURNITURE = [")[2].partition("];")[0]
        hidden = ", ".join(re.findall(r'"([^"]*)"', furniture))
        await shown.add_style_tag(content=f".leaflet-control-zoom, {hidden} {{ display: none !important }} {FLAT}")
        await self.plain.wait_for_timeout(400)
        about = [dict(state), ZOO[name].plain, state["t"] * 864e5, 1000 + state["at"] * 1000]
        await shown.evaluate(SHOW, about)
        await self.plain.wait_for_timeout(500)
        with Image.open(io.BytesIO(await self.plain.screenshot())) as picture:
            return np.asarray(picture.convert("RGB"))[: SIZE[1], : SIZE[0]]


FLAT = "* { will-change: auto !important; transition: none !important }"
SHOW = """([state, set, ms, at]) => {
    for (const name of Object.keys(window).filter((one) => /^map_[0-9a-f]+$/.test(one))) {
        window[name].setView([state.lat, state.lon], state.zoom, { animate: false });
        window[name].fire('moveend');
        (0, eval)(set)(window[name], ms, at);
    }
}"""
#: What is moved by the graphics card is drawn apart, and its edges depend on that.
NO_3D = "<script>L_DISABLE_3D = true;</script>"
ICONS = "<script>L.Icon.Default.imagePath = ''; L.Icon.Default.mergeOptions(window.filmIcons);</script>"
KINDS = {"css": "text/css", "png": "image/png", "json": "application/json"}


async def _answer(page: film.FilmPage, route: Route) -> None:
    address = route.request.url
    if address == "http://plain.test/frame":
        frame = '<iframe src="/" width="{}" height="{}" style="display:block;border:0"></iframe>'.format(*LAYOUT)
        await route.fulfill(body=f"<!doctype html><body style='margin:0'>{frame}", content_type="text/html")
    elif address == "http://plain.test/":
        html = re.sub(r'(<script[^>]*src="[^"]*/leaflet\.js"></script>)', rf"{NO_3D}\1{ICONS}", page.html)
        await route.fulfill(body=html, content_type="text/html")
    elif address in page.files:
        kind = KINDS.get(urlsplit(address).path.rpartition(".")[2], "text/javascript")
        headers = {"Access-Control-Allow-Origin": "*"}
        await route.fulfill(body=page.files[address], content_type=kind, headers=headers)
    else:
        await route.abort()


@pytest.fixture(scope="module")
def taken(pages: dict[str, film.FilmPage]) -> Iterator[Callable[[str], Any]]:
    """Yield what takes the pictures of a map."""
    loop, studio = asyncio.new_event_loop(), Studio(pages)
    loop.run_until_complete(studio.open())
    yield lambda name: loop.run_until_complete(studio.both(name))
    loop.run_until_complete(studio.close())
    loop.close()


@pytest.mark.parametrize("name", FILMED)
def test_a_map_is_filmed_as_a_browser_shows_it(name: str, taken: Callable[[str], Any]) -> None:
    filmed, shown = taken(name)
    pictures, again = filmed[:3], filmed[:2:-1]
    apart = [int((one != other).any(axis=-1).sum()) for one, other in zip(pictures, again, strict=True)]
    assert apart == [0, 0, 0], "not the same from back to front"
    assert len({picture.tobytes() for picture in pictures}) == (3 if ZOO[name].moves else 1)
    levels = np.abs(shown.astype(int) - pictures[1]).max(axis=-1)
    differs = levels > ZOO[name].levels
    assert not differs.any(), f"{differs.sum()} pixels, at {np.argwhere(differs)[0]}"


@pytest.mark.parametrize("name", [name for name in ZOO if name not in FILMED])
def test_a_map_that_cannot_be_filmed_is_refused_by_name(name: str) -> None:
    with pytest.raises(CampsError, match=ZOO[name].refused):
        shoot(_page(name), STATES)


def _classes() -> set[str]:
    """Return every class of folium, its features and its plugins that a map is made of."""
    known = {f"folium.{name}" for name in vars(folium) if isinstance(getattr(folium, name), type)}
    known |= {f"folium.{name}" for name, one in vars(folium.features).items() if isinstance(one, type)}
    return known | set(folium.plugins.__all__)


def test_every_class_of_folium_is_in_the_zoo() -> None:
    shown = {name.partition(",")[0] for name in ZOO}
    parts = {
        # what others are made of, or no part of a picture
        "Any", "ColorMap", "CssLink", "Div", "Element", "Figure", "JavascriptLink", "Link", "MacroElement", "JsCode",
        "JSCSSMixin", "Class", "Layer", "Template", "GeoJsonStyleMapper", "GeoJsonDetail",
    }  # fmt: skip
    missing = {name for name in _classes() if name.removeprefix("folium.") not in parts} - shown
    assert missing - {"Timeline"} == set()


def table() -> str:
    """Return the zoo as the table of the document."""
    rows = []
    for name, animal in ZOO.items():
        filmed = "filmed, and follows the film's time" if animal.moves else "filmed"
        near = f", within {animal.levels} levels of a browser's picture" if animal.levels else ""
        told = "refused" if animal.refused else filmed + near
        rows.append(f"| {name} | {told} |")
    return "\n".join(["| map | what comes of it |", "|---|---|", *rows])


def test_the_document_has_the_zoo() -> None:
    assert table() in DOCUMENT.read_text("utf-8")
