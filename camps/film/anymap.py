"""Any folium map as a page that can be filmed: what it links is served from here, and its time is driven.

TimestampedGeoJson and TimeSliderChoropleth are driven as they are. Other maps are driven by a JavaScript function, by
layers that have dates, or by a function that makes a map for each date.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import folium
from branca.element import CssLink, Element, JavascriptLink
from folium.plugins import TimeSliderChoropleth

from camps.dates import day_of
from camps.errors import InputError, MissingError
from camps.film.stage import FilmPage
from camps.maps import online, vendored
from camps.maps.page import CampsMap, html_text

MapAt = Callable[[date], folium.Map]


def build_map_page(
    map_: folium.Map,
    *,
    drive: str | None = None,
    layers: Mapping[date, Any] | None = None,
    hosts: Sequence[str] = (),
) -> FilmPage:
    """Return a page that shows a folium map; the map is not changed.

    Parameters
    ----------
    map_
        Any folium map. One of ours that nothing was added to is read from its canvas, every other one as a screen.
    drive
        JavaScript, ``(map, day, date) => {…}``, called before each frame with the Leaflet map, decimal days since
        1970-01-01 and the date as ISO text; what it shows may depend on nothing but these.
    layers
        Layers of the map by date: each is shown from its date on until the next one's.
    hosts
        Hosts that the page may reach, such as a tile server whose terms allow it; none by default.

    Raises
    ------
    InputError
        When a layer does not belong to the map, or its tiles may not be read in bulk without asking.
    MissingError
        When the map links a script or style that does not travel with the suite, and its host is not named.
    """
    online.require_filmable(map_)
    map_ = copy.deepcopy(map_)  # rendering a folium map adds to it
    if isinstance(map_, CampsMap) and not map_._has_others() and not drive and not layers:
        return FilmPage(html_text(map_), hosts=tuple(hosts))
    drives = [f"({drive})"] if drive else []
    if layers:
        drives.append(_by_date(map_, layers))
    script = f"window.filmSliders = {json.dumps(_sliders(map_))}; window.filmDrives = [{', '.join(drives)}];"
    return FilmPage(_html(map_, script), "screen", files=_linked(map_, hosts), hosts=tuple(hosts))


def build_page_of_maps(map_at: MapAt, dates: Sequence[date], *, hosts: Sequence[str] = ()) -> FilmPage:
    """Return a page that shows another map on each date; its states name the date as ``page``."""
    maps = {when.isoformat(): map_at(when) for when in dict.fromkeys(dates)}
    pages = {name: build_map_page(map_, hosts=hosts) for name, map_ in maps.items()}
    files = {address: body for page in pages.values() for address, body in page.files.items()}
    others = {name: page.html for name, page in pages.items()}
    return FilmPage(next(iter(others.values())), "screen", others, files, tuple(hosts))


def _html(map_: folium.Map, script: str) -> str:
    """Return the page of a map with Leaflet's icons inside, a last script, and running numbers for random names."""
    root = map_.get_root()
    icons = (vendored.VENDOR / "leaflet-icons.json").read_text("utf-8")
    head = f"<head><script>window.filmIcons = {icons};</script>"
    text = f"{root.render()}\n<script>{script}</script>\n".replace("<head>", head, 1)
    random_names = {element._id for element in _walk(root)}
    numbers: dict[str, str] = {}

    def stable(found: re.Match[str]) -> str:
        name = found.group()
        return numbers.setdefault(name, f"{len(numbers):032x}") if name in random_names else name

    return re.sub(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", stable, text)


def _sliders(map_: folium.Map) -> list[dict[str, Any]]:
    """Return the choropleth sliders of a map with the days of their stops."""
    found = [element for element in _walk(map_) if isinstance(element, TimeSliderChoropleth)]
    return [{"id": element.get_name(), "days": [int(t) / 86400 for t in element.timestamps]} for element in found]


def _by_date(map_: folium.Map, layers: Mapping[date, Any]) -> str:
    names = {element.get_name() for element in _walk(map_)}
    strangers = [str(when) for when, layer in layers.items() if layer.get_name() not in names]
    if strangers:
        raise InputError(f"layers of {', '.join(strangers)}: not on the map; call add_to(map) on each first")
    stops = [[day_of(when), layer.get_name()] for when, layer in sorted(layers.items())]
    return (
        "(map, day) => { const stops = [" + ", ".join(f"[{day}, {name}]" for day, name in stops) + "];"
        " const passed = stops.filter(([from]) => from <= day).length;"
        " stops.forEach(([, layer], i) => i === passed - 1 ? map.addLayer(layer) : map.removeLayer(layer)); }"
    )


def _linked(map_: folium.Map, hosts: Sequence[str]) -> dict[str, bytes]:
    """Return what the map's scripts and styles link, by address, from the files that travel with the suite."""
    addresses = sorted(
        {element.url for element in _walk(map_.get_root()) if isinstance(element, JavascriptLink | CssLink)}
    )
    found, unknown = {}, []
    for address in addresses:
        parts = urlsplit(address)
        name = parts.path.rsplit("/", 1)[-1]
        if name in vendored.NEVER_NEEDED:
            found[address] = b""
        elif vendored.has_asset(name):
            found[address] = vendored.read_asset(name).encode("utf-8")
        elif parts.netloc not in hosts:
            unknown.append(address)
    if unknown:
        raise MissingError(f"the map links {', '.join(unknown)}, which do not travel with the suite; name their hosts")
    return found


def _walk(element: Any) -> Iterator[Any]:
    yield element
    parts = [*element._children.values(), *(getattr(element, name, None) for name in ("header", "html", "script"))]
    for part in parts:
        if isinstance(part, Element):
            yield from _walk(part)
