"""Any folium map as a page that can be filmed: what it links is served from here, and its time is driven.

Maps with a time slider are driven as they are (`camps.film.drivers`). Other maps are driven by a JavaScript function,
by layers that have dates, or by a function that makes a map for each date.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import folium
from branca.element import CssLink, Element, JavascriptLink
from folium.map import Popup, Tooltip
from folium.plugins import DualMap

from camps.dates import day_of
from camps.errors import InputError, MissingError
from camps.film import drivers
from camps.film.stage import WAIT_S, FilmPage, may_reach
from camps.maps import online, vendored
from camps.maps.page import CampsMap, copied, html_text, walk

AnyMap = folium.Map | DualMap
MapAt = Callable[[date], AnyMap]


def build_map_page(
    map_: AnyMap,
    *,
    drive: str | None = None,
    layers: Mapping[date, Any] | None = None,
    hosts: Sequence[str] = (),
    furniture: bool = False,
    wait_s: float = WAIT_S,
    made_for: date | None = None,
) -> FilmPage:
    """Return a page that shows a folium map; the map is not changed.

    Parameters
    ----------
    map_
        Any folium map, or two side by side. One of ours that nothing was added to is read from its canvas, every other
        one as a screen.
    drive
        JavaScript, ``(map, day, date) => {…}``, called before each frame with the Leaflet map, decimal days since
        1970-01-01 and the date as ISO text; what it shows may depend on nothing but these. A date that it returns, as
        ISO text, is what the frame is said to show.
    layers
        Layers of the map by date: each is shown from its date on until the next one's.
    hosts
        Hosts that the page may reach, such as a tile server whose terms allow it; none by default. A name stands for
        all ports of its host; ``"127.0.0.1:8080"`` for one.
    furniture
        Whether what people press and drag stays in the picture: buttons, time sliders, drawing tools, the choice of
        layers, the search box.
    wait_s
        Seconds after which what has not arrived is named.
    made_for
        The date that the map shows, where it was made for one.

    Raises
    ------
    InputError
        When a layer does not belong to the map, its tiles may not be read in bulk without asking, or a plugin with a
        time does not say which date it shows.
    MissingError
        When the map links a script or style that does not travel with the suite, and its host is not named.
    """
    online.require_filmable(map_.get_root())
    map_ = copied(map_)  # rendering a folium map adds to it
    if isinstance(map_, CampsMap) and not map_._has_others() and not drive and not layers:
        return FilmPage(html_text(map_), hosts=tuple(hosts), wait_s=wait_s)
    drives = [f"({drive})"] if drive else []
    if layers:
        drives.append(_by_date(map_, layers))
    root = map_.get_root()
    _take_as_written(root)
    text = str(root.render())  # links of plugins and the second map of a pair come with it
    about = {
        "filmGiven": drivers.given(list(walk(root))),
        "filmFurniture": furniture,
        "filmDate": made_for.isoformat() if made_for else None,
    }
    script = "".join(f"window.{name} = {json.dumps(value)}; " for name, value in about.items())
    files = _linked(root, hosts)
    for address in files:  # a browser keeps back what goes wrong in a script of another host, unless it is asked so
        text = text.replace(f'<script src="{address}"', f'<script crossorigin="anonymous" src="{address}"')
    html = _html(root, text, f"{script}window.filmDrives = [{', '.join(drives)}];")
    return FilmPage(html, "screen", files=files, hosts=tuple(hosts), wait_s=wait_s)


def build_page_of_maps(map_at: MapAt, dates: Sequence[date], **options: Any) -> FilmPage:
    """Return a page that shows another map on each date; its states name the date as ``page``.

    Parameters
    ----------
    map_at
        Makes the map of a date.
    dates
        The dates of the film.
    options
        As for `build_map_page`.
    """
    pages = {when.isoformat(): build_map_page(map_at(when), made_for=when, **options) for when in dict.fromkeys(dates)}
    files = {address: body for page in pages.values() for address, body in page.files.items()}
    first = next(iter(pages.values()))
    return replace(first, readout="screen", others={name: page.html for name, page in pages.items()}, files=files)


def _html(root: Element, text: str, script: str) -> str:
    """Return the page of a map with Leaflet's icons inside, a last script, and running numbers for random names."""
    icons = (vendored.VENDOR / "leaflet-icons.json").read_text("utf-8")
    head = f"<head><script>window.filmIcons = {icons};</script>"
    text = f"{text}\n<script>{script}</script>\n".replace("<head>", head, 1)
    random_names = {element._id for element in walk(root)}
    numbers: dict[str, str] = {}

    def stable(found: re.Match[str]) -> str:
        name = found.group()
        return numbers.setdefault(name, f"{len(numbers):032x}") if name in random_names else name

    return re.sub(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", stable, text)


def _take_as_written(root: Element) -> None:
    """Make popups and tooltips say what they were given: folium puts them between JavaScript's backticks."""
    for element in list(walk(root)):
        if isinstance(element, Popup):
            for name, child in element.html._children.items():
                element.html._children[name] = Element(vendored.raw(_between_backticks(child.render())))
        elif isinstance(element, Tooltip):
            element.text = _between_backticks(element.text)


def _between_backticks(text: str) -> str:
    """Return text as a template literal of JavaScript has it; folium has escaped some backticks already."""
    return re.sub(r"\\(?!`)|(?<!\\)`|\$\{", r"\\\g<0>", text)


def _by_date(map_: AnyMap, layers: Mapping[date, Any]) -> str:
    names = {element.get_name() for element in walk(map_.get_root())}
    strangers = [str(when) for when, layer in layers.items() if layer.get_name() not in names]
    if strangers:
        raise InputError(f"layers of {', '.join(strangers)}: not on the map; call add_to(map) on each first")
    stops = [[day_of(when), layer.get_name()] for when, layer in sorted(layers.items())]
    return (
        "(map, day) => { const stops = [" + ", ".join(f"[{day}, {name}]" for day, name in stops) + "];"
        " const passed = stops.filter(([from]) => from <= day).length;"
        # Laid anew, so that what is shown lies as high whatever was shown before.
        " stops.forEach(([, layer]) => map.removeLayer(layer)); if (passed) map.addLayer(stops[passed - 1][1]); }"
    )


def _linked(root: Element, hosts: Sequence[str]) -> dict[str, bytes]:
    """Return what a page's scripts and styles link, by address, from the files that travel with the suite."""
    addresses = sorted({element.url for element in walk(root) if isinstance(element, JavascriptLink | CssLink)})
    found, unknown = {}, []
    for address in addresses:
        if vendored.file_name(address) in vendored.NEVER_NEEDED:
            found[address] = b""
        elif name := vendored.twin(address):
            found[address] = vendored.read_asset(name).encode("utf-8")
        elif not may_reach(address, hosts):
            unknown.append(address + vendored.what_helps(address))
    if unknown:
        raise MissingError(f"the map links {', '.join(unknown)}, which do not travel with the suite; name their hosts")
    return found
