"""Maps with a time of their own show the state of the day asked for, read back; what goes wrong on a page is quoted."""

from __future__ import annotations

import base64
import csv
import io
import json
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import folium
import numpy as np
import pytest
from branca.element import Element
from film_support import film_states, shoot
from folium.plugins import (
    DualMap,
    HeatMap,
    HeatMapWithTime,
    MarkerCluster,
    Terminator,
    Timeline,
    TimelineSlider,
    TimeSliderChoropleth,
    TimestampedGeoJson,
    TimestampedWmsTileLayers,
)
from folium.raster_layers import VideoOverlay
from folium.utilities import JsCode
from numpy.typing import NDArray
from PIL import Image
from shapely.geometry import MultiPolygon, box, mapping
from zoo import moving_video

from camps import film
from camps.dates import day_of
from camps.errors import InputError, RenderError
from camps.film.anymap import build_map_page
from camps.film.remedies import remedy

pytestmark = pytest.mark.browser
YEARS = [date(year, 7, 2) for year in (2017, 2018, 2019, 2020)]
RED = {"color": "red", "fillColor": "red", "fillOpacity": 1, "weight": 0}


def _map(**options: Any) -> folium.Map:
    return folium.Map([41, 85], zoom_start=5, tiles=None, **options)


def _square(west: float, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": mapping(box(west, 40, west + 1.5, 41.5)), "properties": properties}


def _n_red(pixels: NDArray[np.uint8], *, wide: float = 1.5) -> int:
    """Return how many squares are red: their pixels over those of one."""
    red = (pixels[..., 0] > 200) & (pixels[..., 1] < 60)
    column = 256 * 2**5 / 360 * wide * 0.5
    return round(float(red.any(axis=0).sum()) / column)


# ── the day asked for ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("times", "period"),
    [
        (["1995-01-01", "2000-01-01", "2005-01-01", "2010-01-01"], "P1Y"),
        (["1955-01-01", "1965-01-01", "1975-01-01", "1985-01-01"], "P1Y"),
        (["2017-01-31", "2017-02-28", "2017-03-31", "2017-04-30"], "P1M"),
        (["1969-12-31", "1970-01-01", "1970-01-02", "2001-09-09"], "P1D"),
    ],
)
def test_features_with_times_stand_from_their_own_time_on(times: list[str], period: str) -> None:
    features = [_square(78 + 3 * i, times=[when], style=RED) for i, when in enumerate(times)]
    map_ = _map()
    TimestampedGeoJson({"type": "FeatureCollection", "features": features}, period=period).add_to(map_)
    taken = shoot(build_map_page(map_), film_states(map(date.fromisoformat, times)))
    assert [_n_red(pixels) for pixels, _ in taken] == [1, 2, 3, 4]
    assert [shown for _, shown in taken] == times


def test_a_day_before_all_times_of_a_map_is_refused() -> None:
    map_ = _map()
    TimestampedGeoJson({"type": "FeatureCollection", "features": [_square(80, times=["2017-01-31"])]}).add_to(map_)
    told = r"the map has nothing for 2016-07-02: its first time is 2017-01-31; let the film begin there"
    with pytest.raises(RenderError, match=told):
        shoot(build_map_page(map_), film_states([date(2016, 7, 2)]))


def test_heat_with_dates_is_driven_and_without_is_refused() -> None:
    data = [[[41, 80 + 3 * i, 1]] for i in range(4)]
    map_, dated = _map(), _map()
    HeatMapWithTime(data).add_to(map_)
    with pytest.raises(InputError, match=r"HeatMapWithTime: its index is no list of dates .* give index="):
        build_map_page(map_)
    HeatMapWithTime(data, index=[f"{year}-01-01" for year in range(2017, 2021)], radius=30).add_to(dated)
    taken = shoot(build_map_page(dated), film_states(YEARS))
    assert [shown for _, shown in taken] == [f"{year}-01-01" for year in range(2017, 2021)]
    hottest = [int(np.argmin(pixels[90, :, 2].astype(int))) for pixels, _ in taken]
    step = 256 * 2**5 / 360 * 3 * 0.5
    assert np.diff(hottest) == pytest.approx([step] * 3, abs=4)


def test_a_timeline_is_driven_by_its_slider_and_refused_without() -> None:
    features = [_square(78 + 3 * i, start=f"{2017 + i}-01-01", end=f"{2018 + i}-12-31") for i in range(4)]
    map_ = _map()
    timeline = Timeline({"type": "FeatureCollection", "features": features}, style=JsCode(f"() => ({RED})"))
    timeline.add_to(map_)
    with pytest.raises(RenderError, match=r"L\.timeline is not a function; .*TimelineSlider\(\)\.add_timelines"):
        shoot(build_map_page(map_), film_states(YEARS))
    TimelineSlider(auto_play=True).add_timelines(timeline).add_to(map_)
    taken = shoot(build_map_page(map_), film_states(YEARS))
    assert [_n_red(pixels) for pixels, _ in taken] == [1, 2, 2, 2]
    assert [shown for _, shown in taken] == [day.isoformat() for day in YEARS]


def test_a_choropleth_keeps_what_it_has_and_its_times_are_no_text() -> None:
    # In seconds, 1999 is shorter than 2005 and sorts after it as text.
    days = [date(1999, 1, 1), date(2005, 1, 1), date(2011, 1, 1)]
    seconds = [str(day_of(day) * 86400) for day in days]
    colours = {"a": ["#0000ff", "#ff0000", "#0000ff"], "b": ["#0000ff", "#ff0000", None]}
    style = {
        name: {second: {"color": colour, "opacity": 1} for second, colour in zip(seconds, own, strict=True) if colour}
        for name, own in colours.items()
    }
    areas = [{**_square(78 + 6 * i), "id": name} for i, name in enumerate("ab")]
    map_ = _map()
    TimeSliderChoropleth({"type": "FeatureCollection", "features": areas}, styledict=style).add_to(map_)
    states = film_states([date(2004, 12, 31), date(2005, 6, 1), date(2012, 1, 1)])
    taken = shoot(build_map_page(map_), states)
    assert [_n_red(pixels) for pixels, _ in taken] == [0, 2, 1]
    assert [shown for _, shown in taken] == ["1999-01-01", "2005-01-01", "2011-01-01"]
    assert (shoot(build_map_page(map_), states[::-1])[-1][0] == taken[0][0]).all()


def _resisting(thing: str, code: str) -> folium.Map:
    """Return a map with a time, and a script of its own that puts it elsewhere than it is told."""
    map_ = _map()
    if thing == "time slider":
        features = {"type": "FeatureCollection", "features": [_square(84, times=["2017-01-01"], style=RED)]}
        TimestampedGeoJson(features).add_to(map_)
    elif thing == "timeline":
        timeline = Timeline(
            {"type": "FeatureCollection", "features": [_square(84, start="2017-01-01", end="2021-01-01")]}
        )
        TimelineSlider().add_timelines(timeline.add_to(map_)).add_to(map_)
    else:
        Terminator().add_to(map_)
    map_.get_root().script.add_child(Element(code))
    return map_


@pytest.mark.parametrize(
    ("thing", "code"),
    [
        ("time slider", "L.TimeDimension.prototype.getCurrentTime = () => Date.UTC(2018, 0, 1);"),
        ("timeline", "const put = L.Timeline.prototype.setTime; L.Timeline.prototype.setTime = function (ms) {"
         " put.call(this, Math.min(ms, Date.UTC(2018, 0, 1))); };"),
        ("terminator", "const make = L.terminator; L.terminator = () => Object.assign(make(), {"
         " setTime() { this.options.time = new Date(Date.UTC(2018, 0, 1)); } });"),
    ],
)  # fmt: skip
def test_a_page_that_shows_another_date_than_it_was_asked_for_fails_its_frame(thing: str, code: str) -> None:
    told = rf"frame 2: the map's {thing} shows 2018-01-01, expected 2018-07-02"
    states = film_states([date(2018, 1, 1), YEARS[1]])
    with pytest.raises(RenderError, match=told):
        shoot(build_map_page(_resisting(thing, code)), states)


def test_day_and_night_are_those_of_the_day_asked_for() -> None:
    map_ = _map()
    Terminator().add_to(map_)
    days = [date(2018, 1, 1), date(2018, 4, 1), date(2018, 7, 2)]
    taken = shoot(build_map_page(map_), film_states(days, lon=0.0, lat=0.0, zoom=0.0))
    assert [shown for _, shown in taken] == [day.isoformat() for day in days]
    assert len({pixels.tobytes() for pixels, _ in taken}) == 3


def test_a_frame_list_has_the_date_that_a_script_says_it_shows_and_not_the_day_asked_for(tmp_path: Path) -> None:
    drive = "(map, day, date) => (date < '2020' ? '2016-03-01' : 'soon')"
    shot, still = film.build_shot_of_dates(YEARS, size=(320, 180)), {"movie": False, "drive": drive}
    with pytest.raises(RenderError, match=r"frame 1004: the map's drive says that it shows “soon”, which is no date"):
        film.render(_map(), tmp_path, shot=shot, **still)
    result = film.render(_map(), tmp_path, shot=shot, numbers=[1001, 1002, 1003], **still)
    rows = list(csv.DictReader((result.folder / "frames.csv").read_text("utf-8").splitlines()))
    assert [(row["day"], row["date_shown"]) for row in rows] == [(str(day), "2016-03-01") for day in YEARS[:3]]


def test_both_maps_of_a_pair_are_filmed_side_by_side() -> None:
    pair = DualMap([41, 85], zoom_start=5, tiles=None)
    features = {"type": "FeatureCollection", "features": [_square(84, times=["2018-01-01"], style=RED)]}
    TimestampedGeoJson(features).add_to(pair.m1)
    folium.Rectangle([[40, 84], [41.5, 85.5]], **RED).add_to(pair.m2)
    page = build_map_page(pair)
    (pixels, shown), *_ = shoot(page, film_states([YEARS[1]], lon=85, lat=41, zoom=5))
    left, right = pixels[:, :160], pixels[:, 160:]
    assert _n_red(left) == _n_red(right) == 1
    assert shown == "2018-07-02"


# ── a server of tiles ────────────────────────────────────────────────────────────────────────────────────────────


class _Tiles(BaseHTTPRequestHandler):
    """Tiles whose red is the year; one that never comes under /late/, none under /none/, and a picture that moves."""

    over = threading.Event()

    def do_GET(self) -> None:
        asked = {name.lower(): values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if self.path.startswith("/late/"):
            self.over.wait(60)
        if self.path.startswith("/none/"):
            return self.send_error(404)
        if self.path == "/moving.gif":
            return self._answer(_moving(), "")
        if asked.get("request") == "GetCapabilities":
            times = ",".join(f"{year}-01-01T00:00:00.000Z" for year in range(2017, 2021))
            dimension = f'<Dimension name="time" default="2017-01-01">{times}</Dimension>'
            layer = f'<Layer queryable="1"><Name>wet</Name>{dimension}</Layer>'
            return self._answer(f"<WMS_Capabilities>{layer}</WMS_Capabilities>".encode(), "text/xml")
        return self._answer(_tile(int(asked.get("time", "2000")[:4]) - 2000), "image/png")

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _tile(red: int) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (256, 256), (red * 10, 0, 0)).save(content, "PNG")
    return content.getvalue()


def _moving() -> bytes:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "lime", "blue")]
    content = io.BytesIO()
    frames[0].save(content, "GIF", save_all=True, append_images=frames[1:], duration=20, loop=0)
    return content.getvalue()


INLINE = f"data:image/gif;base64,{base64.b64encode(_moving()).decode()}"


@pytest.fixture
def tiles() -> Iterator[str]:
    """Yield host and port of a server of tiles."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Tiles)
    server.daemon_threads = True
    _Tiles.over.clear()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    _Tiles.over.set()
    server.shutdown()
    server.server_close()


def _tiled(address: str) -> folium.Map:
    return folium.Map([41, 85], zoom_start=5, tiles=f"http://{address}/{{z}}/{{x}}/{{y}}.png", attr="nobody")


@pytest.mark.parametrize("named", ["127.0.0.1", "{}"])
def test_tiles_with_times_are_driven_and_a_host_has_one_spelling(tiles: str, named: str) -> None:
    map_ = _map()
    layer = folium.WmsTileLayer(f"http://{tiles}/wms", layers="wet", name="wet", fmt="image/png")
    layer.add_to(map_)
    TimestampedWmsTileLayers(layer, period="P1Y").add_to(map_)
    taken = shoot(build_map_page(map_, hosts=[named.format(tiles)]), film_states(YEARS))
    assert [int(pixels[40, 40, 0]) for pixels, _ in taken] == [170, 180, 190, 200]
    assert [shown for _, shown in taken] == [f"{year}-01-01" for year in range(2017, 2021)]


def test_tiles_of_another_port_are_refused(tiles: str) -> None:
    with pytest.raises(RenderError, match=rf"missing: http://{tiles}/5/"):
        shoot(build_map_page(_tiled(tiles), hosts=["127.0.0.1:9"]), film_states(YEARS[:1]))


def test_a_tile_that_never_answers_is_named_within_the_time_given(tiles: str) -> None:
    began = time.monotonic()
    with pytest.raises(RenderError, match=rf"did not (?:arrive|load) in 2 s.*{tiles}/late/5/\d+/\d+.*wait_s"):
        shoot(build_map_page(_tiled(f"{tiles}/late"), hosts=["127.0.0.1"], wait_s=2), film_states(YEARS[:1]))
    assert time.monotonic() - began < 80, "not after 97 s, as the browser itself would"


def test_a_tile_that_is_not_there_is_named(tiles: str) -> None:
    with pytest.raises(RenderError, match=rf"{tiles}/none/5/\d+/\d+"):
        shoot(build_map_page(_tiled(f"{tiles}/none"), hosts=["127.0.0.1"]), film_states(YEARS[:1]))


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────


def _scripted(code: str, map_: folium.Map | None = None) -> folium.Map:
    map_ = map_ or _map()
    map_.get_root().script.add_child(Element(code))
    return map_


LOST_IN_SVG = """document.body.insertAdjacentHTML('beforeend',
    '<svg style="position:absolute"><image href="https://data.example.org/a.png"/></svg>');"""
NO_CANVAS = f"""HTMLCanvasElement.prototype.getContext = () => null;
    document.body.append(Object.assign(new Image(), {{ src: '{INLINE}' }}));"""


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("throw new Error('the data are upside down');", "the map's page says: the data are upside down"),
        ("Promise.reject(new Error('nobody came'));", "the map's page says: nobody came"),
        ("console.error('no such', 'year');", "the map's page says: no such year"),
        ("setTimeout(() => lost.at(1), 300);", "the map's page says: lost is not defined"),
        ("fetch('https://data.example.org/a.json');", r"missing: https://data\.example\.org/a\.json"),
        (LOST_IN_SVG, r"not ready: missing: https://data\.example\.org/a\.png"),
        (NO_CANVAS, "the map's page says: the browser gives nothing to draw with on 40×40 pixels"),
        ("L.sparkle(1);", r"L\.sparkle is not a function; a plugin's script is missing"),
    ],
)
def test_what_a_page_says_fails_its_film_and_is_quoted(code: str, told: str) -> None:
    with pytest.raises(RenderError, match=told):
        shoot(build_map_page(_scripted(code)), film_states(YEARS[:1]))


def test_a_page_that_goes_elsewhere_is_refused() -> None:
    map_ = _map()
    map_.get_root().header.add_child(Element("<script>location.href = 'about:blank';</script>"))
    with pytest.raises(RenderError, match=r"the map's page has gone to another address, .* sets location"):
        shoot(build_map_page(map_), film_states(YEARS[:1]))


def test_a_page_that_goes_elsewhere_after_its_last_date_is_refused() -> None:
    # Nothing more is asked of the page, so nothing fails but the picture.
    away = "location.href = 'about:blank'"
    code = f"const {{ show }} = film; film.show = (state) => show.call(film, state).then(() => {{ {away}; }});"
    map_ = _scripted(f"addEventListener('load', () => {{ {code} }});")
    with pytest.raises(RenderError, match=r"the map's page has gone to another address, .* sets location"):
        shoot(build_map_page(map_), film_states(YEARS[:1]))


@pytest.mark.parametrize(
    "code",
    [
        "setTimeout(() => L.noConflict(), 9);",
        "clearTimeout(String(setTimeout(() => { throw new Error('stopped in vain') }, 300)));",
        "L.map(document.createElement('div')).setView([0, 0], 1);",
    ],
    ids=["takes Leaflet back", "names a timer by text", "keeps a map out of sight"],
)
def test_what_a_page_may_do_leaves_its_film_as_it_is(code: str) -> None:
    features = [_square(78 + 3 * i, times=[f"{year}-01-01"], style=RED) for i, year in enumerate((2017, 2019))]
    map_ = _map()
    TimestampedGeoJson({"type": "FeatureCollection", "features": features}).add_to(map_)
    taken = shoot(build_map_page(_scripted(code, map_)), film_states(YEARS))
    assert [_n_red(pixels) for pixels, _ in taken] == [1, 1, 2, 2]


ASKED = "where the camera asks for 85, 41 at zoom 9; its own max_zoom"
KEPT = {
    "largest zoom": ({"maxZoom": 6}, f"shows 85, 41 at zoom 6 {ASKED}"),
    "smallest zoom": ({"minZoom": 11}, f"shows 85, 41 at zoom 11 {ASKED}"),
    "bounds": ({"maxBounds": [[0, 0], [10, 20]]}, rf"shows 1[\d.]+, 9[\d.]+ at zoom 9 {ASKED}"),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_map_that_keeps_its_camera_elsewhere_fails_and_says_where(name: str) -> None:
    options, told = KEPT[name]
    with pytest.raises(RenderError, match=told):
        shoot(build_map_page(_map(**options)), film_states(YEARS[:1], lon=85.0, lat=41.0, zoom=9.0))


def test_a_map_that_is_moved_by_what_drives_it_fails_its_frame() -> None:
    drive = "(map, day, date) => { if (date > '2018') map.panBy([40, 0], { animate: false }); }"
    with pytest.raises(RenderError, match=r"frame 2: .*where the camera asks for 85, 41 at zoom 9"):
        shoot(build_map_page(_map(), drive=drive), film_states(YEARS, lon=85.0, lat=41.0, zoom=9.0))


def _far(kind: str, east: float) -> folium.Map:
    map_ = _map()
    if kind == "cluster":
        map_.options["max_zoom"] = 18
        map_.add_child(MarkerCluster([[40, east], [40.1, east]]))
    elif kind == "heat":
        map_.add_child(HeatMap([[40, 100, 1.0], [40, east, 1.0]]))
    else:
        shapes = [box(east, 39, east + 2, 41), *([box(175, 39, 176, 41)] if kind == "several" else [])]
        folium.GeoJson(mapping(MultiPolygon(shapes))).add_to(map_)
    return map_


@pytest.mark.parametrize("kind", ["one", "several", "cluster", "heat"])
def test_what_lies_beyond_180_degrees_is_not_left_out_of_a_picture(kind: str) -> None:
    across = film_states(YEARS[:1], lon=180.0, lat=40.0, zoom=5.0)
    told = r"longitude -175(\.\d+)? is drawn on its own side only; .*a second time with 360°"
    with pytest.raises(RenderError, match=told):
        shoot(build_map_page(_far(kind, -175)), across)
    both = _far(kind, -175)
    for element in list(_far(kind, 185)._children.values()):
        both.add_child(element)
    ((pixels, _),) = shoot(build_map_page(both), across)
    assert len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0)) > 1, "it is there"
    # On its own side it is filmed as before.
    shoot(build_map_page(_far(kind, -175)), film_states(YEARS[:1], lon=-175.0, lat=40.0, zoom=6.0))


def test_an_error_after_some_frames_fails_the_frame_that_it_came_with() -> None:
    drive = "(map, day, date) => { if (date > '2018') setTimeout(() => { throw new Error('too late') }, 100); }"
    with pytest.raises(RenderError, match=r"frame 2: the map's page says: too late"):
        shoot(build_map_page(_map(), drive=drive), film_states(YEARS))


def test_a_cluster_without_a_largest_zoom_is_told_the_remedy_which_works() -> None:
    map_ = _map()
    folium.Marker([41, 85]).add_to(MarkerCluster().add_to(map_))
    with pytest.raises(RenderError, match=r"Map has no maxZoom specified; .*map\.options\['max_zoom'\] = 18"):
        shoot(build_map_page(map_), film_states(YEARS[:1]))
    map_.options["max_zoom"] = 18
    plain = shoot(build_map_page(_map()), film_states(YEARS[:1]))[0][0]
    assert (shoot(build_map_page(map_), film_states(YEARS[:1]))[0][0] != plain).sum() > 100


def test_a_popup_says_what_it_was_given() -> None:
    text, tip = "a`b ${x} C:\\new\\table \\u0041", "${y} \\n `"
    map_ = _map()
    popup = folium.Popup(text, show=True, max_width=300)
    folium.Marker([41, 85], popup=popup, tooltip=folium.Tooltip(tip, permanent=True)).add_to(map_)
    asked = "[...document.querySelectorAll('.leaflet-popup-content, .leaflet-tooltip')].map(e => e.textContent.trim())"
    wanted = json.dumps([tip, text])
    drive = f"() => {{ const said = {asked}.sort().join(); if (said !== {wanted}.sort().join()) throw Error(said); }}"
    shoot(build_map_page(map_, drive=drive), film_states(YEARS[:1]))


def test_a_remedy_is_only_told_where_one_is_known() -> None:
    assert "wait_s" in remedy("pictures did not arrive in 2 s")
    assert remedy("nobody came") == ""


# ── furniture ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_people_press_stays_out_of_the_picture_unless_it_is_asked_for() -> None:
    def furnished() -> folium.Map:
        map_ = _map()
        TimestampedGeoJson({"type": "FeatureCollection", "features": [_square(84, times=["2017-01-01"])]}).add_to(map_)
        folium.plugins.Draw().add_to(map_)
        folium.plugins.Fullscreen().add_to(map_)
        places = {"type": "FeatureCollection", "features": [_square(40, name="x")]}
        folium.plugins.Search(folium.GeoJson(places).add_to(map_), search_label="name").add_to(map_)
        folium.LayerControl(collapsed=False).add_to(map_)
        return map_

    def corners(*, furniture: bool) -> list[int]:
        pixels = shoot(build_map_page(furnished(), furniture=furniture), film_states(YEARS[:1]))[0][0]
        ground = np.abs(pixels.astype(int) - [0xDD] * 3).max(axis=-1) > 8
        places = (slice(90), slice(60)), (slice(60), slice(260, 320)), (slice(150, 180), slice(100))
        return [int(ground[rows, columns].sum()) for rows, columns in places]

    assert corners(furniture=False) == [0, 0, 0]
    assert min(corners(furniture=True)) > 50


# ── what was shown before ────────────────────────────────────────────────────────────────────────────────────────


def _views(order: Sequence[int]) -> list[dict[str, Any]]:
    """Return states of pans at one zoom, of parts of a pixel, and of zooms between them."""
    views = [(85 + i * 0.013, 41 + i * 0.007, 5 + 0.05 * (i % 2)) for i in range(6)]
    still = film_states(YEARS[:1])[0]
    return [{**still, **dict(zip(("lon", "lat", "zoom"), views[i], strict=True))} for i in order]


def _marked() -> folium.Map:
    map_ = _map()
    for i in range(20):
        folium.CircleMarker([38 + i % 7, 78 + i % 15], radius=4 + i % 5, color="#f00", fill=True).add_to(map_)
        folium.Marker([39 + i % 6, 79 + i % 13]).add_to(map_)
    return map_


@pytest.mark.parametrize("scale", [1 / 3, 0.37, 1.0])
def test_a_picture_does_not_depend_on_those_before_it(scale: float) -> None:
    order = [*range(6), 5, 3, 1, 0, 2, 4]
    taken = shoot(build_map_page(_marked()), _views(order), (240, 160), scale=scale)
    first = {i: pixels for i, (pixels, _) in zip(order[:6], taken[:6], strict=True)}
    again = {i: pixels for i, (pixels, _) in zip(order[6:], taken[6:], strict=True)}
    assert [int((first[i] != again[i]).any(axis=-1).sum()) for i in range(6)] == [0] * 6


def test_a_picture_of_another_host_is_filmed_from_the_frame_on_that_has_it(tiles: str) -> None:
    style = "position:absolute;left:9px;top:9px;z-index:9;width:99px;height:99px"
    drive = f"""(map, day, date) => {{
        if (date < '2019' || document.getElementById('late')) return;
        document.body.insertAdjacentHTML('beforeend', `<img id='late' src='http://{tiles}/a' style='{style}'>`);
    }}"""
    page = build_map_page(_map(), drive=drive, hosts=["127.0.0.1"])
    taken = [pixels[40, 40].tolist() for pixels, _ in shoot(page, film_states(YEARS), scale=1.0)]
    assert taken == [[0xDD] * 3] * 2 + [[0, 0, 0]] * 2


def test_a_map_that_fits_itself_keeps_the_zoom_that_its_page_has() -> None:
    map_ = _map()
    map_.fit_bounds([[38, 80], [44, 90]])
    drive = "(map) => { if (map.getZoom() % 1) throw new Error(`zoom ${map.getZoom()}`); }"
    shoot(build_map_page(map_, drive=drive), film_states(YEARS[:1]))


@pytest.mark.parametrize("source", [INLINE, "http://{}/moving.gif"], ids=["inline", "of a server that says no type"])
def test_a_moving_picture_shows_its_first(tiles: str, source: str) -> None:
    map_ = _map()
    map_.get_root().html.add_child(
        Element(f"<img src='{source.format(tiles)}' style='position:absolute;left:9px;top:9px;z-index:9'>")
    )
    taken = shoot(build_map_page(map_, hosts=["127.0.0.1"]), film_states(YEARS), scale=1.0)
    assert [pixels[20, 20].tolist() for pixels, _ in taken] == [[255, 0, 0]] * 4


#: A busy machine: a video is said to be at a time, and to be there at all, before its picture is.
EARLY = """<script>(() => {
    const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'currentTime');
    Object.defineProperty(HTMLMediaElement.prototype, 'currentTime', { get, set(seconds) {
        set.call(this, seconds);
        queueMicrotask(() => this.dispatchEvent(new Event('seeked')));
    } });
})();</script>"""


def test_a_video_is_taken_when_its_picture_is_there() -> None:
    map_ = _map()
    map_.get_root().header.add_child(Element(EARLY))
    VideoOverlay(moving_video(), [[38, 80], [44, 90]], autoplay=False).add_to(map_)
    states = film_states(YEARS)
    taken = shoot(build_map_page(map_), [*states, *states[::-1]], scale=1.0)
    bright = [float((pixels[..., 0] > 200).mean()) for pixels, _ in taken]
    assert bright[:4] == sorted(set(bright)) == bright[:3:-1], "a video that grows brighter with time, there and back"
