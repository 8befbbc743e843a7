"""The images of a dossier: what is cut lies where it was taken, and what nobody saw is not drawn."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.features import geometry_mask
from shapely.geometry import box

from camps import crs
from camps.appendix import sceneplate
from camps.maps.scenes import read_colours

#: A hall of 200 by 100 m at Dabancheng, in UTM 45 N.
HALL = box(603_000, 4_803_900, 603_200, 4_804_000)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """Return an image of 10 m a pixel that is dark but for the hall."""
    bands = np.full((3, 100, 150), 20, dtype=np.uint8)
    bands[:, 50:60, 50:70] = 250
    place = {"crs": "EPSG:32645", "transform": Affine(10, 0, 602_500, 0, -10, 4_804_500)}
    with rasterio.open(
        tmp_path / "scene.tif", "w", driver="GTiff", width=150, height=100, count=3, dtype="uint8", **place
    ) as raster:
        raster.write(bands)
    return tmp_path / "scene.tif"


def _plane() -> gpd.GeoSeries:
    return crs.to_equal_area(gpd.GeoSeries([HALL], crs="EPSG:32645"))


def test_what_is_cut_out_of_an_image_lies_where_it_was_taken(scene: Path) -> None:
    hall = _plane()
    west, south, east, north = hall.total_bounds
    frame = (west - 60, south - 60, east + 60, north + 60)
    pixels, edges = sceneplate._cut(*read_colours(scene, crs=hall.crs), frame)
    assert np.allclose(edges, frame, atol=10)
    shape = pixels.shape[:2]
    across, down = (edges[2] - edges[0]) / shape[1], (edges[3] - edges[1]) / shape[0]
    place = Affine(across, 0, edges[0], 0, -down, edges[3])
    there = ~geometry_mask(hall, shape, place)
    bright = pixels[..., 0] > 135
    assert (there & bright).sum() / (there | bright).sum() > 0.9


def test_ground_beyond_an_image_is_left_empty(scene: Path, tmp_path: Path) -> None:
    far = gpd.GeoDataFrame(
        {"observed_on": ["2020-01-01"], "kind": ["building"]},
        geometry=[box(605_000, 4_803_900, 605_200, 4_804_000)], crs="EPSG:32645",
    ).to_crs(4326)  # fmt: skip
    drawn = sceneplate.draw_scenes([("2020-01-01", scene)], far, tmp_path / "far.svg").read_text("utf-8")
    assert "<image" not in drawn
    near = far.set_geometry(gpd.GeoSeries([HALL], crs="EPSG:32645").to_crs(4326))
    drawn = sceneplate.draw_scenes([("2020-01-01", scene)], near, tmp_path / "near.svg").read_text("utf-8")
    assert drawn.count("<image") == 2
