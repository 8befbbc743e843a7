"""Any folium map can be filmed: its time is driven, its picture is of the state asked for, its links are served."""

from __future__ import annotations

import base64
import copy
import csv
import io
import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pytest
from film_support import browsers, small_shot, sums
from folium.plugins import TimeSliderChoropleth, TimestampedGeoJson
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import sync_playwright
from shapely.geometry import box, mapping

from camps import browser, film, maps
from camps.errors import InputError, MissingError, RenderError
from camps.film import passes, screen
from camps.film.subject import build_map

pytestmark = pytest.mark.browser
DATES = [date(2017, 7, 2), date(2018, 7, 2), date(2019, 7, 2), date(2020, 7, 2)]
RED, BLUE = (255, 0, 0), (0, 0, 255)


def _pixels(path: Path) -> NDArray[np.int_]:
    with Image.open(path) as opened:
        return np.asarray(opened).astype(int)


def _share(path: Path, colour: tuple[int, int, int]) -> float:
    """Return the share of a picture that has a colour, to within what blending does."""
    return float((np.abs(_pixels(path)[..., :3] - np.array(colour)).max(axis=-1) < 8).mean())


def _shot(**content: Any) -> film.Shot:
    return film.build_shot_of_dates(DATES, size=(640, 360), **content)


def _square(west: float, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": mapping(box(west, 40, west + 2, 42)),
        "properties": properties,
    }


def _map() -> folium.Map:
    return folium.Map([41, 85], zoom_start=6, tiles=None)


def test_timestamped_geojson_is_driven_as_it_is(tmp_path: Path) -> None:
    features = [
        _square(80 + 2 * i, times=[f"{2017 + i}-07-01"], style={"color": "red", "fillColor": "red", "fillOpacity": 1})
        for i in range(4)
    ]
    map_ = _map()
    data = {"type": "FeatureCollection", "features": features}
    TimestampedGeoJson(data, period="P1M", auto_play=True, transition_time=50).add_to(map_)
    result = film.render(map_, tmp_path, shot=_shot(), movie=False)
    shares = [_share(path, RED) for path in result.frames]
    assert shares[0] > 0.001
    assert shares == pytest.approx([shares[0] * n for n in (1, 2, 3, 4)], rel=0.1)


def test_a_choropleth_slider_is_driven_as_it_is(tmp_path: Path) -> None:
    area = gpd.GeoDataFrame({"id": ["a"]}, geometry=[box(80, 38, 90, 44)], crs=4326, index=["a"])
    second = lambda when: str((when - date(1970, 1, 1)).days * 86400)  # noqa: E731
    style = {
        "a": {second(when): {"color": "#ff0000" if i % 2 else "#0000ff", "opacity": 1} for i, when in enumerate(DATES)}
    }
    map_ = _map()
    TimeSliderChoropleth(area.to_json(), styledict=style).add_to(map_)
    frames = film.render(map_, tmp_path, shot=_shot(), movie=False).frames
    assert [_share(path, BLUE) > 0.05 for path in frames] == [True, False, True, False]
    assert [_share(path, RED) > 0.05 for path in frames] == [False, True, False, True]
    # Its slider, with a date of its own, stands above the map and stays out of the picture.
    assert np.abs(_pixels(frames[0])[:12].astype(int) - 0xDD).max() < 8


def test_layers_with_dates_are_shown_one_after_the_other(tmp_path: Path) -> None:
    map_ = _map()
    layers = {
        DATES[i]: folium.GeoJson(_square(82 + 2 * i), style_function=_filled(colour)).add_to(map_)
        for i, colour in ((0, "#f00"), (2, "#00f"))
    }
    frames = film.render(map_, tmp_path, shot=_shot(), layers=layers, movie=False).frames
    assert [_share(path, RED) > 0.003 for path in frames] == [True, True, False, False]
    assert [_share(path, BLUE) > 0.003 for path in frames] == [False, False, True, True]


def _filled(colour: str) -> Any:
    return lambda feature: {"color": colour, "fillColor": colour, "fillOpacity": 1}


def test_a_script_drives_what_it_likes_and_the_camera_moves(tmp_path: Path) -> None:
    map_ = _map()
    map_.add_child(folium.Marker([41, 85], icon=folium.DivIcon(html="<b id='year' style='font-size:60px'></b>")))
    shot = _shot(camera=[{"at": 0, "centre": [85, 41], "zoom": 5}, {"at": 0.12, "centre": [85, 41], "zoom": 7.5}])
    drive = "(map, day, date) => { document.getElementById('year').textContent = date.slice(0, 4); }"
    frames = film.render(map_, tmp_path, shot=shot, drive=drive, movie=False).frames
    pictures = [_pixels(path) for path in frames]
    assert all((pictures[i] != pictures[i + 1]).any() for i in range(3))
    rows = list(csv.DictReader((frames[0].parents[1] / "frames.csv").read_text().splitlines()))
    assert [rows[0][name] for name in ("frame", "timecode", "day", "date_shown")] == [
        "1001", "01:00:00:00", "2017-07-02", "2017-07-02",
    ]  # fmt: skip
    assert rows[3]["zoom"] == "7.5"


def test_a_function_makes_a_map_for_each_date(tmp_path: Path) -> None:
    def map_at(when: date) -> folium.Map:
        map_ = _map()
        folium.CircleMarker([41, 85], radius=20 * (when.year - 2016), color="#f00", fill=True, fill_opacity=1).add_to(
            map_
        )
        return map_

    frames = film.render(map_at, tmp_path, shot=_shot(), movie=False).frames
    shares = [_share(path, RED) for path in frames]
    assert shares == sorted(shares)
    assert shares[3] / shares[0] == pytest.approx(16, rel=0.25)


def test_a_map_with_markers_gives_the_same_bytes_every_time(tmp_path: Path) -> None:
    def busy() -> folium.Map:
        map_ = _map()
        for i in range(40):
            folium.CircleMarker([38 + i % 7, 78 + i % 15], radius=4 + i % 5, color="#f00", fill=True).add_to(map_)
            folium.Marker([39 + i % 6, 79 + i % 13], tooltip=str(i)).add_to(map_)
        return map_

    camera = [{"at": 0, "centre": [85, 41], "zoom": 5}, {"at": 0.12, "centre": [86, 41], "zoom": 6}]
    for name, workers in (("one", 1), ("two", 2)):
        film.render(busy(), tmp_path / name, shot=_shot(camera=camera), workers=workers, movie=False)
    assert sums(tmp_path / "one") == sums(tmp_path / "two")


def test_the_frame_that_hangs_is_blamed_and_those_before_it_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camps.film.stage.PATIENCE_S", 2.0)
    drive = "(map, day, date) => { while (date > '2019'); }"
    with pytest.raises(RenderError, match=r"frame 1003: the page said nothing for 2 s, 3 times"):
        film.render(_map(), tmp_path, shot=_shot(), drive=drive, movie=False)
    assert [path.name[-8:] for path in sorted(tmp_path.rglob("*.png"))] == ["1001.png", "1002.png"]


def test_a_picture_of_an_earlier_state_is_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def filmed(folder: Path) -> list[Path]:
        map_ = _map()
        map_.add_child(folium.Marker([41, 85], icon=folium.DivIcon(html="<b id='day' style='font-size:60px'></b>")))
        drive = "(map, day, date) => { document.getElementById('day').textContent = date; }"
        return list(film.render(map_, folder, shot=_shot(), drive=drive, movie=False).frames)

    unpacked, taken = screen._unpacked, []

    def late(data: str) -> Any:
        taken.append(data)
        return unpacked(taken[-2] if len(taken) in (3, 4) else data)

    filmed(tmp_path / "right")
    monkeypatch.setattr(screen, "_unpacked", late)
    filmed(tmp_path / "late")
    assert len(taken) >= len(DATES) + 2
    assert sums(tmp_path / "late") == sums(tmp_path / "right")


def test_a_browser_that_only_shows_an_earlier_state_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked, first = screen._unpacked, []

    def stuck(data: str) -> Any:
        first.append(data)
        return unpacked(first[0])

    monkeypatch.setattr(screen, "_unpacked", stuck)
    with pytest.raises(RenderError, match=r"frame 1002: the browser shows an earlier state even after 50 more"):
        film.render(_map(), tmp_path, shot=_shot(), movie=False)


def test_a_map_of_ours_with_a_layer_of_somebody_else_is_filmed_with_it(tmp_path: Path) -> None:
    map_ = maps.growth_map(mode="illustrative")
    folium.GeoJson(_square(84), style_function=_filled("#f00")).add_to(map_)
    shot = _shot(camera=[{"at": 0, "fit": "xinjiang"}])
    frames = film.render(map_, tmp_path, shot=shot, movie=False).frames
    assert all(_share(path, RED) > 0.002 for path in frames)
    assert (_pixels(frames[0]) != _pixels(frames[3])).any()


def test_what_the_page_leaves_clear_stays_clear(tmp_path: Path) -> None:
    map_ = _map()
    folium.GeoJson(_square(84), style_function=_filled("#f00")).add_to(map_)
    frame = film.render(map_, tmp_path, shot=_shot(background="transparent"), movie=False, numbers=[1001]).frames[0]
    alpha = _pixels(frame)[..., 3]
    assert alpha[100, 5] == 0
    assert alpha.max() == 255


def test_a_missing_tile_fails_the_frame_by_its_address(tmp_path: Path) -> None:
    map_ = folium.Map([41, 85], zoom_start=6, tiles="https://tiles.example.org/{z}/{x}/{y}.png", attr="nobody")
    with pytest.raises(RenderError, match=r"tiles\.example\.org/6/\d+/\d+\.png"):
        film.render(map_, tmp_path, shot=_shot(), movie=False)
    assert not list(tmp_path.rglob("*.png"))
    assert not browsers()


def test_a_missing_picture_fails_the_frame_by_its_address(tmp_path: Path) -> None:
    map_ = _map()
    folium.Marker([41, 85], icon=folium.CustomIcon("https://pictures.example.org/tower.png", (30, 30))).add_to(map_)
    with pytest.raises(RenderError, match=r"pictures\.example\.org/tower\.png"):
        film.render(map_, tmp_path, shot=_shot(), movie=False)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (
            "https://scripts.example.org/sparkle.js",
            r"sparkle\.js, which do not travel with the suite; name",
        ),
        # what folium 1.0 will ask for
        ("https://cdn.jsdelivr.net/npm/vega-lite@6", r"travels in version 5 and 4; let the chart's \$schema say .*v5"),
        (
            "https://www.webglearth.com/v2/api.js",
            r"a globe is drawn by its own server; add the same layers",
        ),
    ],
)
def test_a_script_that_does_not_travel_with_the_suite_is_named(address: str, told: str, tmp_path: Path) -> None:
    map_ = _map()
    map_.get_root().header.add_child(folium.JavascriptLink(address))
    with pytest.raises(MissingError, match=told):
        film.render(map_, tmp_path, shot=_shot(), movie=False)


def test_a_script_of_the_map_that_fails_is_named_by_its_frame(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"frame 1001: .*nothing is not defined"):
        film.render(_map(), tmp_path, shot=_shot(), drive="(map) => nothing.at(all)", movie=False)


def test_a_layer_of_another_map_is_refused(tmp_path: Path) -> None:
    stranger = folium.GeoJson(_square(84))
    with pytest.raises(InputError, match=r"layers of 2017-07-02: not on the map"):
        film.render(_map(), tmp_path, shot=_shot(), layers={DATES[0]: stranger}, movie=False)


def test_a_map_without_a_shot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a map alone does not say what to film"):
        film.render(_map(), tmp_path)


def test_filming_a_map_does_not_change_it(tmp_path: Path) -> None:
    map_ = _map()
    folium.GeoJson(_square(84)).add_to(map_)
    untouched = copy.deepcopy(map_)
    film.render(map_, tmp_path, shot=_shot(), movie=False, numbers=[1001])
    assert maps.page.html_text(map_) == maps.page.html_text(untouched)


@pytest.mark.parametrize("kind", ["growth", "sites", "footprints", "eras", "systems"])
def test_every_map_of_the_suite_can_be_filmed(tmp_path: Path, kind: str) -> None:
    shot = small_shot(frames=2, size=(640, 360), map={"kind": kind}, camera=[{"at": 0, "fit": "sites"}], mode="bracket")
    result = film.render(shot, tmp_path, movie=False)
    assert result.n_drawn == 2
    assert len(np.unique(_pixels(result.frames[1]))) > 50
    assert re.search(r"readout\": \"canvas", (result.folder / "manifest.json").read_text())


def test_a_shot_says_whether_the_ground_is_shaded() -> None:
    shaded, flat = (build_map(small_shot(map={"kind": "sites", "relief": relief})) for relief in (True, False))
    assert shaded.payload["base"]["relief"]
    assert flat.payload["base"]["relief"] is None


def test_a_filter_that_leaves_no_site_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"map\.where: no site is left"):
        film.render(small_shot(map={"where": {"admin1": "Nowhere"}}), tmp_path)
    with pytest.raises(InputError, match=r"map\.where: no site is left"):
        film.render(small_shot(map={"where": {"admin1": ["Nowhere", "Neither"]}}), tmp_path)
    with pytest.raises(InputError, match=r"map\.where\.colour: the sites have no such column"):
        film.render(small_shot(map={"where": {"colour": "red"}}), tmp_path)


def test_a_frame_is_the_interactive_page_at_that_state_pixel_for_pixel(tmp_path: Path) -> None:
    shot = small_shot(frames=3, size=(1080, 1080), map={"kind": "growth"}, camera=[{"at": 0, "fit": "xinjiang"}])
    html = maps.write_map(build_map(shot), tmp_path / "map.html")
    shown, state = _interactive(html, film.build_plan(shot).states[1])
    # Leaflet reckons a centre back from pixels, so it is a billionth of a degree beside what it was told.
    camera = [{"at": 0, "centre": [state["lon"], state["lat"]], "zoom": state["zoom"]}]
    same = small_shot(frames=3, size=(1080, 1080), map={"kind": "growth"}, camera=camera)
    frame = film.render(same, tmp_path, movie=False, numbers=[1002]).frames[0]
    apart = np.argwhere((np.asarray(shown) != _pixels(frame)).any(axis=-1))
    assert not len(apart), f"{len(apart)} pixels differ, from {apart.min(axis=0)} to {apart.max(axis=0)}"


def _interactive(html: Path, wanted: dict[str, Any]) -> tuple[Image.Image, dict[str, Any]]:
    """Return what a map's own page shows when it is moved and its clock is set, and the state that it says it is in."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(**browser.launch_options())
        page = opened.new_page(viewport={"width": 1080, "height": 1080})
        page.goto(html.as_uri())
        page.evaluate("camps.ready()")
        bar = 1080 - page.evaluate("camps.page.map.getSize().y")
        page.set_viewport_size({"width": 1080, "height": 1080 + bar})
        page.wait_for_function("camps.page.map.getSize().y === 1080")
        centre = [wanted["lat"], wanted["lon"]]
        page.evaluate("([at, zoom]) => camps.page.map.setView(at, zoom, { animate: false })", [centre, wanted["zoom"]])
        page.evaluate("({ t, mode, safe, days }) => camps.page.set({ t, mode, safe, days })", wanted)
        shown, state = page.evaluate("[camps.canvas.toDataURL('image/png'), camps.page.frame()]")
        opened.close()
    return Image.open(io.BytesIO(base64.b64decode(shown.split(",")[1]))).convert("RGB"), state


def test_a_slow_pan_moves_on_every_frame_and_its_lines_do_not_shimmer(tmp_path: Path) -> None:
    camera = [
        {"at": 0, "centre": [84.0, 41.7], "zoom": 5.0},
        {"at": 0.28, "centre": [84.08, 41.75], "zoom": 5.0, "ease": "linear", "path": "straight"},
    ]
    only = dict.fromkeys(["growth", "outlines", "labels", *passes.FURNITURE], False)
    shot = small_shot(frames=8, size=(960, 540), map={"kind": "eras"}, camera=camera, layers=only)
    pictures = [_pixels(path).mean(axis=-1) for path in film.render(shot, tmp_path, movie=False).frames]
    assert all((later != earlier).any() for earlier, later in pairwise(pictures))
    strength = [np.abs(np.diff(picture, axis=0)).sum() + np.abs(np.diff(picture, axis=1)).sum() for picture in pictures]
    assert max(strength) / min(strength) < 1.02


def test_the_first_picture_of_a_browser_is_like_any_other(tmp_path: Path) -> None:
    # A triangle: its corners show a pen that was left by the picture before. Smaller pictures do not.
    shot = film.read_shot("archipelago")
    first = film.render(shot, tmp_path / "first", movie=False, numbers=[1012]).frames[0]
    after = film.render(shot, tmp_path / "after", movie=False, numbers=[1011, 1012]).frames[1]
    assert first.read_bytes() == after.read_bytes()
