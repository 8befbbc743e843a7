"""The page: a folium map with our canvas, our scripts and our data inside, and nothing outside."""

from __future__ import annotations

import base64
import copy
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from camps import basemap, embedded, files, javascript, languages, origins, provenance, style
from camps.errors import InputError
from camps.maps import contract, fonts, online, vendored

if TYPE_CHECKING:
    from camps.maps.live import LiveMap

_HERE = Path(__file__).parent
#: What of a payload has texts by language beside its base map; a site keeps its names in all languages.
_WORDED = ("meta", "eras", "classes", "class_names", "systems", "events", "captions", "callouts")
#: Rank of countries, seas and capitals that every page names.
_NAMED_ANYWHERE = 2

#: Our own page needs only Leaflet; the rest of what folium lists serves its own markers and popups.
_FOR_FOLIUM_ELEMENTS = frozenset(
    {
        "jquery-3.7.1.min.js",
        "bootstrap.bundle.min.js",
        "leaflet.awesome-markers.js",
        "bootstrap.min.css",
        "bootstrap-glyphicons.css",
        "all.min.css",
        "leaflet.awesome-markers.css",
        "leaflet.awesome.rotate.min.css",
    }
)


class CampsMap(folium.Map):
    """A folium map that draws the suite's layers on one canvas and works without a network.

    Parameters
    ----------
    payload
        What the page shows, see :class:`camps.maps.contract.Page`; another shape is refused with its faults.
    online
        Let layers and plugins that others add load from other hosts.
    made_of
        Ids of the sources that it is made of, besides those of its sites.

    Notes
    -----
    ``window.camps`` in the page is the contract with the film: ``ready``, ``meta``, ``setFrame``, ``describe`` and
    ``canvas``.
    """

    _template = Template(
        """
        {% macro header(this, kwargs) %}
            <meta name="viewport" content="width=device-width, initial-scale=1.0">
            <meta name="generator" content="camps">
            <link rel="license" href="{{ this.licences }}">
            <title>{{ this.page_title|e }}</title>
            <style>
                html, body { width: 100%; height: 100%; margin: 0; padding: 0; }
                #{{ this.page_id() }} {
                    position: {{ this.position }};
                    width: {{ this.width[0] }}{{ this.width[1] }};
                    height: {{ this.height[0] }}{{ this.height[1] }};
                    left: {{ this.left[0] }}{{ this.left[1] }};
                    top: {{ this.top[0] }}{{ this.top[1] }};
                }
                .leaflet-container { font-size: {{ this.font_size }}; }
            </style>
            <style>{{ this.styles() }}</style>
            <script>
                L_NO_TOUCH = {{ this.global_switches.no_touch|tojson }};
                L_DISABLE_3D = {{ this.global_switches.disable_3d|tojson }};
            </script>
        {% endmacro %}

        {% macro html(this, kwargs) %}
            <div class="camps-page" id="{{ this.page_id() }}" data-look="{{ this.theme() }}">
                <script type="application/json">{{ this.data_text() }}</script>
                <div class="folium-map" id="{{ this.get_name() }}"></div>
                <div class="camps-bar" tabindex="-1"></div>
            </div>
        {% endmacro %}

        {% macro script(this, kwargs) %}
            {{ this.scripts() }}
            var {{ this.get_name() }} = L.map(
                {{ this.get_name()|tojson }},
                {
                    center: {{ this.location|tojson }},
                    crs: L.CRS.{{ this.crs }},
                    ...{{ this.options|tojavascript }}
                }
            );
            campsStart({{ this.get_name() }}, document.getElementById({{ this.page_id()|tojson }}));
        {% endmacro %}
        """
    )

    def __init__(self, payload: dict[str, Any], *, online: bool = False, made_of: Sequence[str] = ()) -> None:
        contract.require(payload)
        view = payload["view"]
        super().__init__(
            location=[view["lat"], view["lon"]],
            zoom_start=view["zoom"],
            tiles=None,
            zoom_snap=0,
            zoom_delta=0.5,
            wheel_px_per_zoom_level=120,
            zoom_animation=False,
            fade_animation=False,
            marker_zoom_animation=False,
            attribution_control=False,
            zoom_control=False,
            world_copy_jump=False,
        )
        self._name = "CampsMap"
        # folium keeps these two for its tile layers; plugins such as MarkerCluster read them from the map.
        self.options |= {"min_zoom": 2, "max_zoom": 19}
        self.payload = _spoken(payload)
        self.made_of = tuple(made_of)
        self.online = online
        self.page_title = _plain(payload["meta"]["title"], payload["meta"]["lang"])

    licences = vendored.LICENCES_PAGE

    def theme(self) -> str:
        """Return which colours the controls have, ``dark`` or ``light``."""
        return str(self.payload["looks"][self.payload["meta"]["look"]]["theme"])

    def page_id(self) -> str:
        """Return the id of the element that holds map and controls."""
        return f"page_{self.get_name()}"

    def styles(self) -> str:
        """Return the page's style sheet."""
        faces = fonts.own_style(self.payload["looks"].values())
        return vendored.raw(fonts.font_style(self.payload_text()) + faces + read_own("css/page.css"))

    def scripts(self) -> str:
        """Return the page's scripts, in one scope of their own."""
        return vendored.raw(f"(() => {{\n'use strict';\n{javascript.joined(_HERE / 'js' / 'page.js')}}})();\n")

    def data_text(self) -> str:
        """Return the payload as JSON that no HTML parser can mistake for markup."""
        return vendored.raw(self.payload_text().replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))

    def payload_text(self) -> str:
        """Return what the page shows, as JSON."""
        looks = {name: {**look, "faces": []} for name, look in self.payload["looks"].items()}
        return json.dumps(
            {**self.payload, "looks": looks}, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
        )

    def record(self, frame: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return what a file of this map says of itself; `frame` is what a plate shows of it."""
        said = {name: value for name, value in (frame or {}).items() if isinstance(value, str | int | float)}
        sites = self.payload["sites"]
        return {
            "map": self.page_title,
            "shown": said,
            "payload_sha256": provenance.sha256_text(self.payload_text()),
            **origins.describe(
                [str(site["id"]) for site in sites], self.made_of, {site["source_id"] for site in sites}
            ),
        }

    def render(self, **kwargs: Any) -> str:
        """Render into the figure, with every link replaced by the vendored file."""
        online.require_credit(self)
        if not self.online:
            online.require_offline(self)
        text = str(super().render(**kwargs))  # type: ignore[no-untyped-call]
        figure = cast(Figure, self.get_root())
        leave_out = frozenset() if self._has_others() else _FOR_FOLIUM_ELEMENTS
        vendored.inline_links(figure, leave_out=leave_out, online=self.online)
        if self._has_others():
            figure.header.add_child(Element(_icon_defaults()), name="camps_icons")
        return text

    def show(self) -> LiveMap:
        """Open the map in JupyterLab, as the last line of a cell: what is picked, the date and the view are in Python.

        Returns
        -------
        LiveMap
            Its ``selected``, ``date`` and ``view`` can be read and set, ``value`` is the table of what is shown. Where
            no kernel answers, as in an exported page, there is the map as it stands.
        """
        from camps.maps.live import LiveMap  # noqa: PLC0415 - what speaks to a kernel takes long to load

        return LiveMap(self, html_text(self))

    def _repr_html_(self, **kwargs: Any) -> str:
        """Return the page in a frame, as a notebook shows it; the same text for the same map."""
        framed = str(super()._repr_html_(**kwargs))
        return _with_running_numbers(framed, self.get_root())

    def _has_others(self) -> bool:
        return any(not isinstance(child, folium.map.FitBounds) for child in self._children.values())


def write_map(map_: folium.Map, path: Path | str) -> Path:
    """Write a folium map as one HTML file, whole or not at all, and return its path.

    Beside it goes ``licences.html``, with the licences of all that maps carry inside; it is the same for every map.

    The same map gives the same bytes: folium's random element names are replaced by running numbers. One of ours says
    in its head what it is made of, for `camps trace` and `camps verify`.

    Parameters
    ----------
    map_
        Any folium map; one of ours needs no network.
    path
        The file; it must end in ``.html``.

    Raises
    ------
    InputError
        When the path does not end in .html or the disk refuses.
    MissingError
        When a plugin links a script that is not vendored.
    """
    target = Path(path)
    if target.suffix != ".html":
        raise InputError(f"{target}: maps are written as .html; name the file so")
    files.write_text(target.with_name(vendored.LICENCES_PAGE), vendored.licences_page())
    text = html_text(map_)
    if not isinstance(map_, CampsMap):
        return files.write_text(target, text)
    with files.replacing(target) as temporary:
        temporary.write_text(text, "utf-8", newline="\n")
        embedded.put(temporary, map_.record())
    return target


def html_text(map_: folium.Map) -> str:
    """Return the whole page of a map as text, the same for the same map."""
    # folium adds to a map as it renders it; a copy keeps the map as its maker left it, and the text the same.
    root = copied(map_).get_root()
    text = _with_running_numbers(str(root.render()), root)
    # Not splitlines(): it also breaks at characters that may stand inside a name, such as U+2028.
    lines = re.split(r"[ \t\f\v]*(?:\r\n|\n|\r)", text)
    return "\n".join(lines).rstrip() + "\n"


def _with_running_numbers(text: str, root: Any) -> str:
    """Return text in which folium's random element names are running numbers."""
    names = {element._id: f"{number:032x}" for number, element in enumerate(walk(root))}
    pattern = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
    numbered: dict[str, str] = {}

    def stable(found: re.Match[str]) -> str:
        name = found.group()
        return numbered.setdefault(name, f"{len(numbered):032x}") if name in names else name

    return pattern.sub(stable, text)


_Part = TypeVar("_Part", bound=Element)


def copied(map_: _Part) -> _Part:
    """Return a copy of a map and all that belongs to it, with the templates that single elements were given.

    Those are lost when branca copies an element (``Element.__getstate__``), and with them what the element draws.
    """
    copies: dict[int, Any] = {}
    found = copy.deepcopy(map_, copies)
    for element in walk(map_.get_root()):
        if "_template" in vars(element) and id(element) in copies:
            copies[id(element)]._template = vars(element)["_template"]
    return found


def walk(element: Any) -> Iterator[Any]:
    """Yield an element of a map and all within it."""
    yield element
    parts = [*element._children.values(), *(getattr(element, name, None) for name in ("header", "html", "script"))]
    for part in parts:
        if isinstance(part, (Element, MacroElement)):
            yield from walk(part)


def _plain(title: Any, lang: str) -> str:
    return str(title if isinstance(title, str) else title.get(lang) or title["en"])


def _icon_defaults() -> str:
    """Return the script that gives Leaflet its marker pictures without a folder to look in."""
    icons = json.loads((vendored.VENDOR / "leaflet-icons.json").read_text(encoding="utf-8"))
    options = json.dumps(icons, sort_keys=True)
    return f"<script>L.Icon.Default.imagePath = ''; L.Icon.Default.mergeOptions({options});</script>"


@cache
def read_own(name: str) -> str:
    """Return one of the package's own files as text."""
    path = _HERE / name
    with files.readable(path):
        return path.read_text(encoding="utf-8")


def _spoken(content: dict[str, Any]) -> dict[str, Any]:
    """Return a payload with the texts of the languages that it is read in, and English for what has no other."""
    tags = {*content["meta"]["languages"], "en"}
    named = {**content["base"], "places": languages.only(tags, content["base"]["places"])}
    rest = {key: value for key, value in content.items() if key in _WORDED}
    return {**content, **languages.only(tags, rest), "base": named}


@cache
def texts(name: str) -> dict[str, Any]:
    """Return one of the package's own files of texts."""
    return tomllib.loads(read_own(name))


@cache
def base(box: basemap.Box) -> dict[str, Any]:
    """Return the base map as pages hold it: the scales and places of a box, the places with their names by language.

    `box` is west, south, east, north of what the map shows; east is above 180 across the antimeridian.
    """
    at_home = basemap.is_at_home(box)
    places = [
        {
            "names": {lang: name for lang in style.LANGUAGES if isinstance(name := row.get(f"name_{lang}"), str)},
            "lon": row["lon"] + 360 * (box[2] > 180 and row["lon"] < 0),
            "lat": row["lat"],
            "kind": row["kind"],
            "rank": row["rank"],
        }
        for row in basemap.read_places(world=not at_home).to_dict("records")
        if at_home or _may_be_named(row, box)
    ]
    relief = {
        "name": "relief",
        "bounds": list(basemap.RELIEF_BOX if at_home else basemap.WORLD_RELIEF_BOX),
        "fades": [6.8, 10.2] if at_home else [4.6, 9.0],
        "source": _data_uri("image/webp", basemap.read_relief(world=not at_home)),
    }
    return {"scales": basemap.read_scales(box), "places": places, "relief": relief}


def _may_be_named(place: dict[Any, Any], box: basemap.Box) -> bool:
    """Return whether a page has room for a place: the great ones anywhere, towns near what the map shows."""
    lon = place["lon"] + 360 * (box[2] > 180 and place["lon"] < 0)
    near = box[0] - 25 < lon < box[2] + 25 and box[1] - 15 < place["lat"] < box[3] + 15
    return bool(near or (place["kind"] != "city" and place["rank"] <= _NAMED_ANYWHERE))


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
