"""Maps of every class of folium and its plugins, with scripts or a time of their own: what a film makes of each."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import av
import branca
import folium
import numpy as np
from branca.element import Element, IFrame
from folium import plugins
from folium.raster_layers import ImageOverlay, VideoOverlay
from folium.utilities import JsCode
from PIL import Image
from shapely.geometry import box, mapping

TILES = "https://tiles.example.org/{z}/{x}/{y}.png"
RED = {"color": "#c00", "fillColor": "#c00", "fillOpacity": 0.6, "fill": True}
PLACES = [[40.0 + 0.5 * (i % 4), 80.0 + 1.3 * i] for i in range(8)]


@dataclass(frozen=True)
class Animal:
    """A map of the zoo.

    Attributes
    ----------
    fill
        Fills an empty map, or makes one.
    plain
        JavaScript, ``(map, ms, at_ms) => {…}``, that puts the page to an instant in a browser without the film.
    refused
        What the film says instead of filming it.
    moves
        Whether its three frames are three pictures.
    levels
        How far a pixel may be from a plain browser's: a video is made larger by another filter.
    extra
        Bodies for addresses that it asks for.
    """

    fill: Callable[[folium.Map], Any]
    plain: str = "() => {}"
    refused: str = ""
    moves: bool = False
    levels: int = 0
    extra: Mapping[str, bytes] = field(default_factory=dict)

    def build(self) -> Any:
        """Return the map."""
        map_ = folium.Map([41, 85], zoom_start=5, tiles=None)
        made = self.fill(map_)
        return made if isinstance(made, plugins.DualMap | folium.Map) else map_


def _png(red: int, size: int = 16) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (size, size), (red, 90, 140)).save(content, "PNG")
    return content.getvalue()


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _square(west: float, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": f"s{west:.0f}",
        "geometry": mapping(box(west, 39, west + 2, 42)),
        "properties": properties,
    }


def _collection(*features: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


SQUARES = _collection(*(_square(78.0 + 3 * i, name=f"n{i}", count=i) for i in range(4)))
TIMED = _collection(*(_square(78.0 + 3 * i, times=[f"{2017 + i}-01-01"], style=RED) for i in range(4)))
SPANS = _collection(*(_square(78.0 + 3 * i, start=f"{2017 + i}-01-01", end=f"{2018 + i}-06-30") for i in range(4)))
TOPO = {
    "type": "Topology", "transform": {"scale": [1, 1], "translate": [0, 0]},
    "objects": {"a": {"type": "GeometryCollection", "geometries": [{"type": "Polygon", "arcs": [[0]]}]}},
    "arcs": [[[80, 39], [6, 0], [0, 3], [-6, 0], [0, -3]]],
}  # fmt: skip
CHART: dict[str, Any] = {
    "data": {"values": [{"a": "x", "b": 3}, {"a": "y", "b": 5}]}, "mark": "bar", "width": 120, "height": 60,
    "encoding": {"x": {"field": "a", "type": "nominal"}, "y": {"field": "b", "type": "quantitative"}},
}  # fmt: skip
TILE_FILES = {TILES.format(z=5, x=x, y=y): _png(10 * x + y, 256) for x in range(18, 30) for y in range(8, 16)}


def _each(make: Callable[..., Any]) -> Callable[[folium.Map], None]:
    """Return what puts one of a kind at every place."""

    def fill(map_: folium.Map) -> None:
        for place in PLACES:
            make(place).add_to(map_)

    return fill


def _add(*things: Callable[[], Any]) -> Callable[[folium.Map], None]:
    """Return what adds things to a map, one after the other."""

    def fill(map_: folium.Map) -> None:
        for thing in things:
            thing().add_to(map_)

    return fill


def _with_zoom(fill: Callable[[folium.Map], Any]) -> Callable[[folium.Map], Any]:
    def filled(map_: folium.Map) -> Any:
        map_.options["max_zoom"] = 18
        return fill(map_)

    return filled


def _clustered(map_: folium.Map) -> None:
    cluster = plugins.MarkerCluster().add_to(map_)
    for place in PLACES:
        folium.Marker(place).add_to(cluster)


def _subgroup(map_: folium.Map) -> None:
    cluster = plugins.MarkerCluster().add_to(map_)
    group = plugins.FeatureGroupSubGroup(cluster, "g").add_to(map_)
    for place in PLACES:
        folium.Marker(place).add_to(group)


def _popup(content: Any, **options: Any) -> Callable[[folium.Map], None]:
    def fill(map_: folium.Map) -> None:
        made = content() if callable(content) else content
        folium.Marker([39, 85], popup=folium.Popup(made, show=True, **options)).add_to(map_)

    return fill


def _chart(version: int | None) -> Callable[[folium.Map], None]:
    def fill(map_: folium.Map) -> None:
        popup = folium.Popup(show=True, max_width=260)
        schema = {"$schema": f"https://vega.github.io/schema/vega-lite/v{version}.json"}
        folium.features.VegaLite({**CHART, **schema}, width=220, height=120).add_to(popup)
        popup.add_to(folium.Marker([39, 85]).add_to(map_))

    return fill


def _vega(map_: folium.Map) -> None:
    spec = {
        "width": 100, "height": 60, "data": [{"name": "t", "values": [{"x": 10}, {"x": 70}]}],
        "marks": [{"type": "rect", "from": {"data": "t"}, "properties": {"enter": {
            "x": {"field": "x"}, "width": {"value": 20}, "y": {"value": 10}, "height": {"value": 40},
            "fill": {"value": "steelblue"}}}}],
    }  # fmt: skip
    popup = folium.Popup(show=True, max_width=200)
    folium.features.Vega(spec, width=150, height=100).add_to(popup)
    popup.add_to(folium.Marker([39, 85]).add_to(map_))


def _dual(_: folium.Map) -> plugins.DualMap:
    pair = plugins.DualMap([41, 85], zoom_start=5, tiles=None)
    folium.CircleMarker([41, 85], **RED).add_to(pair)
    folium.Marker([41, 87]).add_to(pair.m2)
    return pair


def _sides(map_: folium.Map) -> None:
    left, right = (
        folium.TileLayer(TILES, attr="x", name=name, opacity=o).add_to(map_) for name, o in (("l", 1), ("r", 0.4))
    )
    plugins.SideBySideLayers(left, right).add_to(map_)


def _grouped(map_: folium.Map) -> None:
    group = folium.FeatureGroup("g").add_to(map_)
    folium.CircleMarker([41, 85], **RED).add_to(group)
    plugins.GroupedLayerControl({"all": [group]}).add_to(map_)


def _tree(map_: folium.Map) -> None:
    group = folium.FeatureGroup("g").add_to(map_)
    folium.Circle([41, 85], radius=90000, **RED).add_to(group)
    plugins.TreeLayerControl(overlay_tree={"label": "all", "children": [{"label": "g", "layer": group}]}).add_to(map_)


def _search(map_: folium.Map) -> None:
    plugins.Search(folium.GeoJson(SQUARES).add_to(map_), search_label="name").add_to(map_)


def _spider(map_: folium.Map) -> None:
    for place in PLACES:
        folium.Marker(place, popup="here").add_to(map_)
    plugins.OverlappingMarkerSpiderfier().add_to(map_)


def _patterned(make: Callable[..., Any]) -> Callable[[folium.Map], None]:
    def fill(map_: folium.Map) -> None:
        pattern = make(color="#070", fill_color="#070").add_to(map_)
        folium.GeoJson(SQUARES, style_function=lambda _: {"fillPattern": pattern, "fillOpacity": 1}).add_to(map_)

    return fill


def _choropleth_slider(map_: folium.Map) -> None:
    days = {2017: 17167, 2018: 17532, 2019: 17897, 2020: 18262}
    style = {
        str(feature["id"]): {
            str(day * 86400): {"color": f"#{50 * (i + 1):02x}0040", "opacity": 0.8}
            for i, day in enumerate(days.values())
        }
        for feature in SQUARES["features"]
    }
    plugins.TimeSliderChoropleth(SQUARES, styledict=style).add_to(map_)


def _timeline(map_: folium.Map) -> None:
    timeline = plugins.Timeline(SPANS).add_to(map_)
    plugins.TimelineSlider(auto_play=False).add_timelines(timeline).add_to(map_)


def _timed_tiles(map_: folium.Map) -> None:
    layer = folium.WmsTileLayer("https://wms.example.org/wms", layers="a", name="a").add_to(map_)
    plugins.TimestampedWmsTileLayers(layer).add_to(map_)


def _html(text: str, code: str = "") -> Callable[[folium.Map], None]:
    def fill(map_: folium.Map) -> None:
        map_.get_root().html.add_child(
            Element(f"<div style='position:absolute;left:80px;top:60px;z-index:999'>{text}</div>")
        )
        map_.get_root().script.add_child(Element(code))

    return fill


def _scripted(code: str) -> Callable[[folium.Map], None]:
    def fill(map_: folium.Map) -> None:
        started = f"addEventListener('load', () => {{ {code.replace('MAP', map_.get_name())} }});"
        map_.get_root().script.add_child(Element(started))

    return fill


def _linked(map_: folium.Map) -> None:
    map_.get_root().header.add_child(folium.JavascriptLink("https://scripts.example.org/sparkle.js"))


def moving_video() -> str:
    content = io.BytesIO()
    content.name = "a.webm"
    with av.open(content, "w", format="webm") as container:
        stream = container.add_stream("libvpx", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for i in range(50):
            pixels = np.zeros((64, 64, 3), np.uint8)
            pixels[:, : i + 8] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        container.mux(stream.encode())
    return _data("video/webm", content.getvalue())


BOX = [[38, 80], [44, 90]]
SMIL = (
    "<svg width=400 height=50><rect width=50 height=50 fill='#c00'>"
    "<animate attributeName=x from=0 to=350 dur=2s repeatCount=indefinite /></rect></svg>"
)
SLIDE = (
    "<style>@keyframes slide { to { transform: translateX(300px) } }"
    " #s { animation: slide 2s linear infinite; width: 40px; height: 40px; background: #c00 }</style><div id=s></div>"
)
MOVING_SVG = "<img src=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'%3E%3Canimate/%3E%3C/svg%3E\">"
SET_TIME = "(map, ms) => map.timeDimension.setCurrentTime(ms)"
HEAT = [[[41, 80 + 3 * i, 1], [40, 82 + 3 * i, 0.5]] for i in range(4)]
YEARS = [f"{year}-01-01" for year in range(2017, 2021)]
ANIMATED = "(map, ms, at) => document.getAnimations().forEach((one) => { one.pause(); one.currentTime = at; })"
STEPPED = "(map, ms) => map.timeDimension.setCurrentTimeIndex(new Date(ms).getUTCFullYear() - 2017)"
SUNLIT = "(map, ms) => Object.values(map._layers).forEach((layer) => layer.setTime && layer.setTime(new Date(ms)))"
SLID = """(map, ms) => {
    const input = document.querySelector('[id^=slider_] > input');
    for (input.value = 0; ; input.value = Number(input.value) + 1) {
        input.dispatchEvent(new Event('input'));
        if (Number(input.value) === new Date(ms).getUTCFullYear() - 2017) return;
    }
}"""
LINED = "(map, ms) => Object.values(map._layers).filter((one) => one.ranges).forEach((one) => one.setTime(ms))"
WIDENED = """(map, ms, at) => {
    window.requestAnimationFrame = () => 0;
    setTimeout(() => { document.getElementById('s').style.width = `${at / 5}px`; }, 100);
}"""
UNTIMED = "for (let i = 0; i < 999; i++) clearInterval(i);"
COUNTED = f"(map, ms, at) => {{ {UNTIMED} document.getElementById('s').textContent = Math.floor(at / 20); }}"
DATED = f"""(map, ms, at) => {{
    {UNTIMED}
    document.getElementById('s').textContent = new Date(Date.UTC(2018, 6, 2) - 1000 + at).toISOString();
}}"""
DRAWN = """(map, ms, at) => document.querySelectorAll('svg').forEach((svg) => {
    if (svg.ownerSVGElement) return;
    svg.pauseAnimations();
    svg.setCurrentTime(at / 1000);
})"""
WOUND = """(map, ms, at) => document.querySelectorAll('video').forEach((video) => {
    video.pause();
    video.currentTime = (at / 1000) % video.duration + 0.0005;
})"""
WIDENING = """(function go(t) {
    document.getElementById('s').style.width = `${t / 5}px`;
    requestAnimationFrame(go);
})(0);"""
COUNTING = "let n = 0; setInterval(() => { document.getElementById('s').textContent = ++n; }, 20);"
DATING = "setInterval(() => { document.getElementById('s').textContent = new Date().toISOString(); }, 20);"
PAINTED = """
    const Painted = L.GridLayer.extend({ createTile({ x, y }) {
        const tile = Object.assign(document.createElement('canvas'), { width: 256, height: 256 });
        const pen = tile.getContext('2d');
        pen.fillStyle = `hsl(${x * 40} 60% ${40 + 5 * (y % 5)}%)`;
        pen.fillRect(0, 0, 250, 250);
        return tile;
    } });
    new Painted().addTo(MAP);"""
MOVED = """
    const dot = L.circleMarker(MAP.getCenter(), { radius: 30, color: '#070' }).addTo(MAP);
    MAP.on('move', () => dot.setLatLng(MAP.getCenter()));"""
LATE = """
    fetch('https://data.example.org/a.json').then((answer) => answer.json())
        .then((data) => setTimeout(() => L.geoJSON(data).addTo(MAP), 50));"""

ZOO: dict[str, Animal] = {
    # folium
    "folium.Map": Animal(lambda map_: map_),
    "folium.Marker": Animal(_each(folium.Marker)),
    "folium.Icon": Animal(_each(lambda at: folium.Marker(at, icon=folium.Icon("red", icon="star", prefix="fa")))),
    "folium.CustomIcon": Animal(
        _each(lambda at: folium.Marker(at, icon=folium.CustomIcon(_data("image/png", _png(200)), (24, 24))))
    ),
    "folium.DivIcon": Animal(_each(lambda at: folium.Marker(at, icon=folium.DivIcon(html="<b>here</b>")))),
    "folium.Circle": Animal(_each(lambda at: folium.Circle(at, radius=40000, **RED))),
    "folium.CircleMarker": Animal(_each(lambda at: folium.CircleMarker(at, radius=9, **RED))),
    "folium.PolyLine": Animal(_add(lambda: folium.PolyLine(PLACES, color="#c00"))),
    "folium.Polygon": Animal(_add(lambda: folium.Polygon([[39, 80], [43, 85], [39, 90]], **RED))),
    "folium.Rectangle": Animal(_add(lambda: folium.Rectangle(BOX, **RED))),
    "folium.RegularPolygonMarker": Animal(
        _each(lambda at: folium.RegularPolygonMarker(at, number_of_sides=5, radius=12))
    ),
    "folium.Tooltip": Animal(
        _each(lambda at: folium.Marker(at, tooltip=folium.Tooltip("a `tip` of ${1 + 1}", permanent=True)))
    ),
    "folium.Popup": Animal(_popup("a <b>popup</b>")),
    "folium.IFrame": Animal(_popup(lambda: IFrame("<i>inside</i>", width=120, height=50))),
    "folium.Html": Animal(_popup(lambda: branca.element.Html("<i>as text</i>"))),
    "folium.LatLngPopup": Animal(_add(folium.LatLngPopup)),
    "folium.ClickForMarker": Animal(_add(folium.ClickForMarker)),
    "folium.ClickForLatLng": Animal(_add(folium.ClickForLatLng)),
    "folium.GeoJson": Animal(_add(lambda: folium.GeoJson(SQUARES))),
    "folium.GeoJsonTooltip": Animal(_add(lambda: folium.GeoJson(SQUARES, tooltip=folium.GeoJsonTooltip(["name"])))),
    "folium.GeoJsonPopup": Animal(_add(lambda: folium.GeoJson(SQUARES, popup=folium.GeoJsonPopup(["name"])))),
    "folium.TopoJson": Animal(_add(lambda: folium.TopoJson(TOPO, "objects.a"))),
    "folium.Choropleth": Animal(
        _add(
            lambda: folium.Choropleth(
                SQUARES, data={f["id"]: i for i, f in enumerate(SQUARES["features"])}, key_on="feature.id", bins=3
            )
        )
    ),
    "folium.ColorLine": Animal(
        _add(lambda: folium.ColorLine(PLACES, list(range(7)), colormap=["#0000ff", "#00ff00", "#ff0000"], weight=6))
    ),
    "folium.LinearColormap": Animal(
        _add(lambda: branca.colormap.LinearColormap(["#0000ff", "#ff0000"], vmin=0, vmax=9, caption="number"))
    ),
    "folium.StepColormap": Animal(
        _add(lambda: branca.colormap.StepColormap(["#0000ff", "#00ff00", "#ff0000"], vmin=0, vmax=9, caption="number"))
    ),
    "folium.FeatureGroup": Animal(_add(lambda: folium.FeatureGroup().add_child(folium.Marker([41, 85])))),
    "folium.LayerControl": Animal(
        _add(lambda: folium.FeatureGroup("g").add_child(folium.Marker([41, 85])), folium.LayerControl)
    ),
    "folium.Control": Animal(_add(lambda: folium.Control("Scale", position="bottomleft"))),
    "folium.FitBounds": Animal(_add(lambda: folium.Rectangle(BOX), lambda: folium.FitBounds(BOX))),
    "folium.FitOverlays": Animal(_add(lambda: folium.Rectangle(BOX), folium.FitOverlays)),
    "folium.TileLayer": Animal(_add(lambda: folium.TileLayer(TILES, attr="nobody")), extra=TILE_FILES),
    "folium.WmsTileLayer": Animal(
        _add(lambda: folium.WmsTileLayer("https://wms.example.org/wms", layers="a")),
        refused=r"missing: https://wms\.example\.org/wms\?.*name its host",
    ),
    "folium.ImageOverlay": Animal(_add(lambda: ImageOverlay(np.linspace(0, 1, 48).reshape(4, 4, 3), BOX))),
    "folium.VideoOverlay": Animal(
        _add(lambda: VideoOverlay(moving_video(), BOX, autoplay=False)), plain=WOUND, moves=True, levels=16
    ),
    "folium.Vega": Animal(_vega),
    "folium.VegaLite, version 5": Animal(_chart(5)),
    "folium.VegaLite, version 4": Animal(_chart(4)),
    "folium.VegaLite, version 2": Animal(
        _chart(2),
        refused=r"vega-lite@2 \(vega-lite travels in .*; let the chart's \$schema say .*v5\.json\)",
    ),
    # folium.plugins
    "AntPath": Animal(_add(lambda: plugins.AntPath(PLACES)), plain=ANIMATED, moves=True),
    "BeautifyIcon": Animal(
        _each(lambda at: folium.Marker(at, icon=plugins.BeautifyIcon(icon="star", border_color="#c00")))
    ),
    "BoatMarker": Animal(
        _each(lambda at: plugins.BoatMarker(at, heading=40, wind_heading=90, wind_speed=30, color="#c00"))
    ),
    "CirclePattern": Animal(_patterned(lambda **o: plugins.pattern.CirclePattern(width=12, height=12, radius=4, **o))),
    "StripePattern": Animal(_patterned(lambda **o: plugins.pattern.StripePattern(angle=30, color=o["color"]))),
    "Draw": Animal(_add(plugins.Draw)),
    "DualMap": Animal(_dual),
    "FastMarkerCluster": Animal(_with_zoom(_add(lambda: plugins.FastMarkerCluster(PLACES)))),
    "FeatureGroupSubGroup": Animal(_with_zoom(_subgroup)),
    "FloatImage": Animal(_add(lambda: plugins.FloatImage(_data("image/png", _png(220, 40)), bottom=60, left=10))),
    "Fullscreen": Animal(_add(plugins.Fullscreen)),
    "Geocoder": Animal(_add(plugins.Geocoder)),
    "GeoMan": Animal(_add(plugins.GeoMan)),
    "GroupedLayerControl": Animal(_grouped),
    "HeatMap": Animal(_add(lambda: plugins.HeatMap(PLACES, radius=25))),
    "HeatMapWithTime": Animal(
        _add(lambda: plugins.HeatMapWithTime(HEAT, index=YEARS, radius=30)), plain=STEPPED, moves=True
    ),
    "HeatMapWithTime, no dates": Animal(
        _add(lambda: plugins.HeatMapWithTime(HEAT)),
        refused=r"HeatMapWithTime: its index is no list of dates .* give index=",
    ),
    "LocateControl": Animal(_add(plugins.LocateControl)),
    "MarkerCluster": Animal(_with_zoom(_clustered)),
    "MarkerCluster, no largest zoom": Animal(
        _clustered, refused=r"Map has no maxZoom specified; .*map\.options\['max_zoom'\] = 18"
    ),
    "MeasureControl": Animal(_add(plugins.MeasureControl)),
    "MiniMap": Animal(
        _add(lambda: plugins.MiniMap(folium.TileLayer(TILES, attr="nobody"), zoom_level_fixed=5)), extra=TILE_FILES
    ),
    "MousePosition": Animal(_add(plugins.MousePosition)),
    "OverlappingMarkerSpiderfier": Animal(_spider),
    "PolygonFromEncoded": Animal(_add(lambda: plugins.PolygonFromEncoded("w`j~FpxivO}jz@qnnCd}~Bsa{@~f`C`lkH", **RED))),
    "PolyLineFromEncoded": Animal(_add(lambda: plugins.PolyLineFromEncoded("_p~iF~cn~U_ulLn{vA_mqNvxq`@"))),
    "PolyLineTextPath": Animal(
        lambda map_: plugins.PolyLineTextPath(
            folium.PolyLine(PLACES).add_to(map_), "along  ", repeat=True, offset=8
        ).add_to(map_)
    ),
    "PolyLineOffset": Animal(_add(lambda: plugins.PolyLineOffset(PLACES, offset=10))),
    "Realtime": Animal(
        _add(
            lambda: plugins.Realtime(
                JsCode(f"(done) => done({json.dumps(SQUARES)})"), get_feature_id=JsCode("f => f.id"), interval=10000
            )
        )
    ),
    "ScrollZoomToggler": Animal(
        _add(plugins.ScrollZoomToggler),
        refused=r"missing: https://cdnjs\.cloudflare\.com/.*arrow-move\.png.*name its host",
    ),
    "Search": Animal(_search),
    "SemiCircle": Animal(_each(lambda at: plugins.SemiCircle(at, 60000, direction=40, arc=100))),
    "SideBySideLayers": Animal(_sides, extra=TILE_FILES),
    "TagFilterButton": Animal(
        _add(lambda: folium.Marker([41, 85], tags=["a"]), lambda: plugins.TagFilterButton(["a"]))
    ),
    "Terminator": Animal(_add(plugins.Terminator), plain=SUNLIT),
    "TimeSliderChoropleth": Animal(_choropleth_slider, plain=SLID, moves=True),
    "TimelineSlider": Animal(_timeline, plain=LINED, moves=True),
    "Timeline, no slider": Animal(
        _add(lambda: plugins.Timeline(SPANS)),
        refused=r"L\.timeline is not a function; .*TimelineSlider\(\)\.add_timelines",
    ),
    "TimestampedGeoJson": Animal(
        _add(lambda: plugins.TimestampedGeoJson(TIMED, period="P1Y", auto_play=False)), plain=SET_TIME, moves=True
    ),
    "TimestampedWmsTileLayers": Animal(_timed_tiles, refused=r"wms\.example\.org/wms\?.*name its host"),
    "TreeLayerControl": Animal(_tree),
    "VectorGridProtobuf": Animal(
        _add(lambda: plugins.VectorGridProtobuf("https://tiles.example.org/{z}/{x}/{y}.pbf", "v")),
        refused=r"tiles\.example\.org/5/\d+/\d+\.pbf.*name its host",
    ),
    # scripts of their own
    "own script: a canvas layer": Animal(_scripted(PAINTED)),
    "own script: drawn on every move": Animal(_scripted(MOVED)),
    "own script: data that come late": Animal(
        _scripted(LATE), extra={"https://data.example.org/a.json": json.dumps(SQUARES).encode()}
    ),
    "own script: none that travels": Animal(
        _linked, refused=r"the map links https://scripts\.example\.org/sparkle\.js, which do not travel"
    ),
    # a time of their own
    "own time: animation frames": Animal(
        _html("<div id=s style='height:40px;background:#c00'></div>", WIDENING), plain=WIDENED, moves=True
    ),
    "own time: setInterval": Animal(_html("<b id=s style='font-size:40px'></b>", COUNTING), plain=COUNTED, moves=True),
    "own time: Date": Animal(_html("<b id=s style='font-size:24px'></b>", DATING), plain=DATED, moves=True),
    "own time: a style's animation": Animal(_html(SLIDE), plain=ANIMATED, moves=True),
    "own time: an SVG in an <img>": Animal(_html(MOVING_SVG), refused="moves by itself; put its SVG into the page"),
    "own time: SVG": Animal(_html(SMIL), plain=DRAWN, moves=True),
}
