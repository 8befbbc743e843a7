"""The base map of the whole world: each map carries its part, whole across 180°, with names by language."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from camps import basemap, catalogue, maps, style
from camps.appendix import placeplate

EUROPE = (4.0, 44.0, 31.0, 60.0)


def test_decoding_many_lines_at_once_is_decoding_each() -> None:
    lines = basemap.read_scale("asia")["layers"]["rivers"][:40]
    points, of_line = basemap._decode_lines(lines, 3)
    for number, line in enumerate(lines):
        np.testing.assert_allclose(points[of_line == number], basemap.decode_line(line, 3), atol=1e-12)


def test_a_map_at_home_carries_the_scales_made_for_it() -> None:
    assert basemap.read_scales((73.0, 18.0, 135.0, 53.0)) == [basemap.read_scale(name) for name in basemap.SCALES]


@pytest.mark.parametrize("box", [EUROPE, (178.5, -21.1, 188.3, -13.8), (-3.7, 40.4, -3.7, 40.4)])
def test_the_parts_of_a_map_hold_it_and_nothing_far_away(box: basemap.Box) -> None:
    for scale in basemap.read_scales(box)[1:]:
        west, south, east, north = scale["bounds"]
        assert west <= box[0] and box[2] <= east and south <= box[1] and box[3] <= north  # noqa: PT018
        points, _ = basemap._decode_lines(scale["layers"]["land"], scale["digits"])
        assert len(points) > 50
        step = 10.0 ** -scale["digits"]
        assert points[:, 0].min() >= west - step and points[:, 0].max() <= east + step  # noqa: PT018


def test_places_have_the_names_that_each_language_gives_them() -> None:
    world = basemap.read_places(world=True).set_index("name_en")
    assert world.loc["Wrocław", "name_de"] == "Breslau"
    assert world.loc["Munich", ["name_de", "name_ru", "name_es"]].tolist() == ["München", "Мюнхен", "Múnich"]
    assert world.loc["Magadan", "name_ru"] == "Магадан"
    assert world.loc["Germany", ["name_ko", "name_ar"]].tolist() == ["독일", "ألمانيا"]
    assert world["rank"].between(1, 4).all()
    assert set(world["kind"]) == {"country", "water", "city", "capital"}
    assert all(f"name_{tag}" in world or tag == "en" for tag in style.LANGUAGES)


def test_sites_on_both_sides_of_180_lie_beside_each_other() -> None:
    sites = catalogue.load().head(2).assign(lon=[178.5, -175.2], lat=[-18.1, -21.1])
    content = maps.site_map(sites, ground=maps.Ground(relief=False)).payload
    assert [site["lon"] for site in content["sites"]] == [178.5, pytest.approx(184.8)]
    assert content["view"]["bounds"][2] - content["view"]["bounds"][0] < 10


def test_a_city_has_the_names_that_either_table_says() -> None:
    """The table of the globe has Beijing in German alone, that of Asia in Chinese and Uyghur."""
    for world in (True, False):
        beijing = basemap.read_places(world=world).set_index("name_en").loc["Beijing"]
        assert (beijing["name_zh"], beijing["name_ug"], beijing["name_de"]) == ("北京", "بېيجىڭ", "Peking")


@pytest.mark.parametrize(
    ("lon", "lat", "town"),
    [
        (36.3, 33.4, "Amman"),
        (64.0, 67.5, "Vorkuta"),
        (-74.5, 4.0, "Bogotá"),
        (178.4, -17.9, "Suva"),
        (88.3, 43.4, "Ürümqi"),
    ],
)
def test_the_plate_of_a_place_lies_on_land_wherever_it_is(tmp_path: Path, lon: float, lat: float, town: str) -> None:
    """The plate of a site near Damascus stood in the sea: its base map was that of Asia, which begins at 44 degrees."""
    site = pd.Series({"used_lon": lon, "used_lat": lat, "uncertainty_m": 100.0, "country": "Elsewhere"})
    drawn: list[tuple[str, list[shapely.Polygon]]] = []
    with pytest.MonkeyPatch.context() as patch:
        found = placeplate._within
        patch.setattr(placeplate, "_within", lambda *given: drawn.append((given[2], found(*given))) or drawn[-1][1])
        path = placeplate.draw_place(site, None, tmp_path / "place.svg")
    kind, land = drawn[0]
    assert kind == "Polygon"
    assert shapely.intersects_xy(land, lon, lat).any()
    assert town in path.read_text("utf-8")
