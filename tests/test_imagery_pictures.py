"""Pictures and layers: their facts are burnt in, the same bytes come twice, and nothing is asked of another host."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import folium
import geopandas as gpd
import numpy as np
import pytest
import shapely
from PIL import Image

from camps.errors import InputError
from camps.imagery import grid, layers, pictures
from camps.imagery.raster import Raster
from camps.imagery.scene import Band, Scene

WINDOW = grid.site_grid(88.2884, 43.3838, radius_m=400)
COLOURS = ("red", "green", "blue")


def _raster(day: str = "2018-06-23", *, hole: bool = False, attribution: str = "contains data 2018") -> Raster:
    bands = tuple(Band(name, "nowhere") for name in COLOURS)
    one = Scene(f"made-{day}", "Sentinel-2 MSI", day, 10.0, bands, "own", attribution)
    rows, columns = np.mgrid[0 : WINDOW.height, 0 : WINDOW.width]
    values = np.stack([rows + columns, rows * 1.2, columns * 0.8]).astype(np.float32)
    if hole:
        values[:, :20] = np.nan
    return Raster(one, WINDOW, COLOURS, values)


def _pixels(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image)


def _text_rows(image: Image.Image, top: int) -> int:
    """Return how many rows below `top` have something bright on them: lines of text, an arrow, a scale bar."""
    below = np.asarray(image.convert("L"))[top:]
    return int((below > 120).any(axis=1).sum())


def test_a_picture_carries_its_facts_below_it(tmp_path: Path) -> None:
    image = pictures.build_picture(_raster())
    zoom = round(1200 / WINDOW.width)
    assert image.width >= WINDOW.width * zoom
    assert _text_rows(image, WINDOW.height * zoom + 20) > 60
    path = pictures.write_picture(image, tmp_path / "a.png")
    content = path.read_bytes()
    assert content.index(b"sRGB") < content.index(b"IDAT")
    with Image.open(path) as written:
        facts = dict(written.info)
    assert facts["Copyright"] == "contains data 2018"
    assert facts["Title"] == "made-2018-06-23 2018-06-23"
    again = pictures.write_picture(pictures.build_picture(_raster()), tmp_path / "b.png")
    assert again.read_bytes() == content


def test_each_pixel_is_a_square_and_north_is_up() -> None:
    image = np.asarray(pictures.build_picture(_raster()))
    zoom = round(1200 / WINDOW.width)
    gap = (max(14, min(26, WINDOW.width * zoom // 36))) // 2
    block = image[gap : gap + zoom, gap : gap + zoom]
    assert (block == block[0, 0]).all()
    right = image[gap, gap + zoom * (WINDOW.width - 1)].astype(int)
    left = image[gap, gap].astype(int)
    assert right[2] > left[2] + 100


def test_what_was_not_observed_is_grey_and_said() -> None:
    whole, holed = pictures.build_picture(_raster()), pictures.build_picture(_raster(hole=True))
    assert np.asarray(holed)[60, 200].tolist() == [70, 74, 78]
    assert holed.height >= whole.height
    nothing = replace(_raster(), values=np.full_like(_raster().values, np.nan))
    with pytest.raises(InputError, match="nothing of this ground was observed"):
        pictures.build_picture(nothing)


def test_before_and_after_stand_in_order_of_date() -> None:
    early, late = _raster("2017-03-02", attribution="contains data 2017"), _raster("2020-06-02")
    page = pictures.build_before_after(late, early)
    assert page.info["Title"] == "made-2017-03-02 2017-03-02; made-2020-06-02 2020-06-02"
    assert page.info["Copyright"] == "contains data 2017, 2018"
    with pytest.raises(InputError, match="different grids"):
        pictures.build_before_after(early, replace(late, grid=WINDOW.moved(10, 0)))


def test_a_contact_sheet_holds_every_scene() -> None:
    sheet = pictures.build_contact_sheet([_raster(f"2018-0{month}-01") for month in range(1, 8)], columns=3)
    one = pictures.build_contact_sheet([_raster()], columns=3)
    assert sheet.width > 2.8 * one.width
    assert sheet.height > 2.5 * one.height
    with pytest.raises(InputError, match="no scene"):
        pictures.build_contact_sheet([])


def test_outlines_are_drawn_where_they_lie() -> None:
    west, south, east, north = WINDOW.bounds
    box = gpd.GeoSeries([shapely.box(west + 100, south + 100, east - 100, north - 100)], crs=WINDOW.crs)
    drawn = np.asarray(pictures.build_picture(_raster(), outlines=box))
    yellow = (drawn == (255, 214, 10)).all(axis=2)
    rows, columns = np.nonzero(yellow)
    zoom = round(1200 / WINDOW.width)
    gap = (max(14, min(26, WINDOW.width * zoom // 36))) // 2
    assert columns.min() - gap == pytest.approx(10 * zoom, abs=zoom)
    assert rows.min() - gap == pytest.approx(10 * zoom, abs=zoom)
    empty = gpd.GeoSeries([], crs=WINDOW.crs)
    assert pictures.build_picture(_raster(), outlines=empty).size == pictures.build_picture(_raster()).size


@pytest.mark.parametrize("make", [pictures.build_picture, layers.scene_layer])
def test_nothing_without_attribution_is_ever_shown(make: object) -> None:
    with pytest.raises(InputError, match="has no attribution"):
        make(_raster(attribution=" "))  # type: ignore[operator]


@pytest.mark.parametrize(("lines", "joined"), [
    (["contains modified Copernicus Sentinel data 2017", "contains modified Copernicus Sentinel data 2018"],
     "contains modified Copernicus Sentinel data 2017, 2018"),
    (["A 2017, 2018", "B", "A 2020", "B"], "A 2017, 2018, 2020; B"), (["© Somebody"], "© Somebody"),
])  # fmt: skip
def test_attributions_join_their_years(lines: list[str], joined: str) -> None:
    assert pictures.joined_attribution(lines) == joined


def test_a_layer_is_one_image_in_the_page_laid_on_its_ground() -> None:
    layer = layers.scene_layer(_raster(hole=True))
    fmap = folium.Map(tiles=None)
    layer.add_to(fmap)
    page = fmap.get_root().render()
    assert "contains data 2018" in page
    found = re.search(r"data:image/png;base64,([A-Za-z0-9+/=]+)", page)
    assert found is not None
    image = _pixels(base64.b64decode(found[1]))
    # The upper quarter was not observed and is clear.
    assert (image[:15, :, 3] == 0).all()
    assert (image[40:70, 10:-10, 3] == 255).all()
    (south, west), (north, east) = layer.bounds
    lon, lat = WINDOW.centre
    assert west < lon < east
    assert south < lat < north
    assert east - west == pytest.approx(0.01, rel=0.1)


def test_tiles_are_cut_to_the_native_zoom_and_of_one_origin(tmp_path: Path) -> None:
    raster = _raster()
    written = layers.write_tiles(raster, tmp_path / "tiles", min_zoom=12)
    deepest = layers.native_zoom(raster)
    # At 43° N a pixel of zoom 14 is 7 m wide: the first that is no larger than 10 m.
    assert deepest == 14
    zooms = {int(path.relative_to(tmp_path / "tiles").parts[0]) for path in written}
    assert zooms == {12, 13, 14}
    assert all(_pixels(path.read_bytes()).shape == (256, 256, 4) for path in written)
    layer = layers.tile_layer(raster, "tiles")
    assert layer.tiles == "tiles/{z}/{x}/{y}.png"
    assert layer.options["attribution"] == "contains data 2018"
    stamps = [path.stat().st_mtime_ns for path in written]
    layers.write_tiles(raster, tmp_path / "tiles", min_zoom=12)
    assert [path.stat().st_mtime_ns for path in written] == stamps
    with pytest.raises(InputError, match="on another host"):
        layers.tile_layer(raster, "https://example.org/tiles")
    with pytest.raises(InputError, match="expected at most 5000"):
        layers.write_tiles(raster, tmp_path / "tiles", max_zoom=22)


def test_image_and_tiles_show_the_same_ground(tmp_path: Path) -> None:
    # A single bright pixel has to come out at the same longitude and latitude both ways.
    raster = _raster()
    spot = np.full_like(raster.values, 10)
    spot[:, 30:34, 50:54] = 200
    raster = replace(raster, values=spot)
    layer = layers.scene_layer(raster)
    pixels, transform = layers._mercator(raster)
    rows, columns = np.nonzero(pixels[..., 0] > 128)
    x, y = transform.c + transform.a * (columns.mean() + 0.5), transform.f + transform.e * (rows.mean() + 0.5)
    assert layer.bounds[0][1] < layer.bounds[1][1]
    layers.write_tiles(raster, tmp_path, min_zoom=14)
    side = 2 * 20037508.342789244 / 2**14
    places = []
    for path in tmp_path.rglob("*.png"):
        column, row = int(path.parent.name), int(path.stem)
        bright = np.nonzero(_pixels(path.read_bytes())[..., 0] > 128)
        places += [
            (column * side - 20037508.342789244 + (c + 0.5) * side / 256,
             20037508.342789244 - row * side - (r + 0.5) * side / 256)
            for r, c in zip(*bright, strict=True)
        ]  # fmt: skip
    assert np.mean(places, axis=0) == pytest.approx((x, y), abs=8)
