"""Browser code that travels with the maps, so that a page asks no other host for anything.

``vendor/vendor.toml`` lists each file with its package, exact version, SHA-256 and licence. folium links its scripts
and styles by address; here such a link is replaced by the vendored file of the same name. A link that has no vendored
file is an error that names it, unless the map allows online layers.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink

from camps import files, fonts
from camps.errors import MissingError

VENDOR = Path(__file__).parent / "vendor"
#: Folder of the licences' texts, one a package, and the page of all that stands beside each map.
LICENCES = "licences"
LICENCES_PAGE = "licences.html"
_LICENCES_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Licences of what the maps carry inside</title>
<style>body { margin: 2rem auto; max-width: 50rem; padding: 0 1rem; font: 1rem/1.5 sans-serif; color: #222; }
pre { white-space: pre-wrap; background: #f4f4f2; padding: 1rem; font-size: .85rem; } h2 { margin-top: 2.5rem; }
p { overflow-wrap: anywhere; }</style>
</head><body><main><h1>Licences of what the maps carry inside</h1>
<p>A map holds the code and the letters that it is drawn with, so that it asks no other host for anything. They are the
work of others, under these licences. Whose data a map shows stands on the map.</p>"""

#: What folium links for its time plugins and no code of theirs uses, and a style for icons turned by odd angles.
NEVER_NEEDED = frozenset({"jquery-ui.min.js", "default.min.css", "leaflet.awesome.rotate.min.css"})
#: Files that folium itself carries.
_FOLIUM_TEMPLATES = Path(folium.__file__).parent / "templates"


SHIPPED = files.Shipped(VENDOR / "vendor.toml")


@cache
def read_asset(name: str) -> str:
    """Return the text of a vendored script or style.

    Raises
    ------
    MissingError
        When no file of that name is vendored.
    InputError
        When the file is not the one listed.
    """
    if name in SHIPPED.listed:
        return SHIPPED.file(name).read_bytes().decode("utf-8")
    if (_FOLIUM_TEMPLATES / name).is_file():
        return (_FOLIUM_TEMPLATES / name).read_text(encoding="utf-8")
    raise MissingError(f"{name}: not among the vendored browser files; expected one listed in {VENDOR / 'vendor.toml'}")


def twin(address: str) -> str | None:
    """Return the name of the vendored file that stands for a linked one: the same name, and the same major version.

    Examples
    --------
    >>> twin("https://example.org/npm/leaflet@1.9.3/dist/leaflet.js")
    'leaflet.js'
    >>> twin("https://example.org/ajax/libs/d3/7.9.0/d3.min.js") is None
    True
    """
    path, name = urlsplit(address).path, file_name(address)
    if name not in SHIPPED.listed:
        return name if (_FOLIUM_TEMPLATES / name).is_file() else None
    asked = re.search(r"(?:[@/]|\.v)(\d+)(?:\.\d+)*(?=/|\.)", path)
    return name if asked is None or asked[1] == SHIPPED.listed[name]["version"].partition(".")[0] else None


def what_helps(address: str) -> str:
    """Return how a map does without a link that has no vendored file; nothing where nobody knows."""
    path = urlsplit(address).path
    if urlsplit(address).hostname == "www.webglearth.com":
        return " (a globe is drawn by its own server; add the same layers to a folium.Map without it)"
    if found := re.search(r"/(vega-lite|vega-embed|vega|d3)[@/.]", path):
        kept = {"vega-lite": "5 and 4", "vega": "5", "vega-embed": "6", "d3": "3 and 4"}[found[1]]
        how = "; let the chart's $schema say vega-lite/v5.json" if found[1].startswith("vega") else ""
        return f" ({found[1]} travels in version {kept}{how})"
    return ""


@cache
def licences_page() -> str:
    """Return the page that every map links: each package whose code or letters it may hold, and its licence's text."""
    packages: dict[str, tuple[str, list[str]]] = {}
    for name, entry in sorted({**SHIPPED.listed, **fonts.SHIPPED.listed}.items()):
        key = f"{entry['package']}-{entry['version']}"
        packages.setdefault(key, (entry["licence"], []))[1].append(name)
    parts = [_LICENCES_HEAD]
    for key, (licence, names) in sorted(packages.items()):
        path = VENDOR / LICENCES / f"{key}.txt"
        with files.readable(path):
            text = path.read_text("utf-8")
        heading = f"<h2>{escape(key)}</h2>\n<p>{escape(licence)}: {escape(', '.join(names))}</p>"
        parts.append(f"{heading}\n<pre>{escape(text.strip())}</pre>")
    return "\n".join([*parts, "</main></body></html>", ""])


def inline_links(figure: Figure, *, leave_out: frozenset[str], online: bool) -> None:
    """Replace the linked scripts and styles in the head of `figure` by their vendored text, in the same order.

    Parameters
    ----------
    figure
        The page; its head is changed.
    leave_out
        Names of files that this page does not need.
    online
        Leave links that are not vendored as they are, instead of refusing them.

    Raises
    ------
    MissingError
        Naming every link that has no vendored file.
    """
    head = figure.header._children
    links = {key: str(one.url) for key, one in head.items() if isinstance(one, (JavascriptLink, CssLink))}
    leave_out |= NEVER_NEEDED
    kept = {key: address for key, address in links.items() if file_name(address) not in leave_out}
    unknown = sorted(file_name(one) + what_helps(one) for one in kept.values() if twin(one) is None)
    if unknown and not online:
        raise MissingError(
            f"map: {', '.join(unknown)} would be loaded from another host, expected only vendored files; "
            "leave that plugin out, or make the map with online=True"
        )
    for key, address in links.items():
        if key not in kept:
            head[key] = Element("")
        elif name := twin(address):
            head[key] = _inline(head[key], name)


def file_name(address: str) -> str:
    """Return the last part of the path of an address."""
    return urlsplit(address).path.rsplit("/", 1)[-1]


def _inline(link: Any, name: str) -> Element:
    text = read_asset(name)
    if isinstance(link, CssLink):
        return Element(raw(f"<style>{text}</style>"))
    # A script inside a page ends at the first closing tag, wherever it stands.
    return Element(raw("<script>" + text.replace("</script", "<\\/script") + "</script>"))


def raw(text: str) -> str:
    """Return text that a branca template gives out as it is; what a macro returns is read as a template once more."""
    return "{% raw %}" + text.replace("{%", "{\\u0025") + "{% endraw %}"
