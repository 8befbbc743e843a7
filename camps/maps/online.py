"""Layers that load from other hosts: only where the caller asks for them, with their credit, within their terms."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import folium
from branca.element import Element
from folium.raster_layers import TileLayer, WmsTileLayer

from camps.errors import Fault, InputError, raise_faults
from camps.files import readable


def require_offline(map_: folium.Map) -> None:
    """Raise InputError naming every host that a map would ask for tiles."""
    expected = "no other host, or a map made with online=True"
    raise_faults((Fault(f"layer {name}", f"tiles from {host}", expected) for name, host, _ in _tile_hosts(map_)), "map")


def require_credit(map_: folium.Map) -> None:
    """Raise InputError naming every layer of a map that has tiles without a credit line."""
    faults = [
        Fault(f"layer {name}", f"tiles from {host} without attribution", "the publisher's credit, as attr=…")
        for name, host, credit in _tile_hosts(map_)
        if not credit
    ]
    raise_faults(faults, "map")


def require_filmable(map_: Element) -> None:
    """Raise when a map has tiles that nobody may read in bulk without asking: a film reads thousands.

    Raises
    ------
    InputError
        Naming the layer, whose tiles they are and where the terms stand.
    """
    for name, host, _ in _tile_hosts(map_):
        for server in _servers():
            if any(host == known or host.endswith(f".{known}") for known in server["hosts"]):
                raise InputError(
                    f"layer {name}: {server['name']} ({host}) may not be read in bulk without its owner's leave, and "
                    f"filming reads thousands ({server['terms']}); take a layer whose terms allow it, or our own ground"
                )


def _tile_hosts(map_: Element) -> Iterator[tuple[str, str, str]]:
    """Yield name, host and credit of every layer of tiles that another host serves."""
    for layer in _walk(map_):
        if not isinstance(layer, TileLayer | WmsTileLayer):
            continue
        address = urlsplit(str(layer.tiles if isinstance(layer, TileLayer) else layer.url))
        host = address.hostname or ""
        if address.scheme in ("http", "https") and host not in ("", "127.0.0.1", "localhost"):
            yield str(layer.layer_name or layer.get_name()), host, str(layer.options.get("attribution") or "")


@cache
def _servers() -> list[dict[str, Any]]:
    path = Path(__file__).parent / "tiles.toml"
    with readable(path):
        servers: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["server"]
    return servers


def _walk(element: Any) -> Iterator[Any]:
    for child in element._children.values():
        yield child
        yield from _walk(child)
