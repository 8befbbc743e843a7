"""Reading scenes: every way a picture can lie on the ground, and every way a file can be wrong."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.control import GroundControlPoint
from rasterio.transform import Affine, from_gcps

from camps.errors import CheckError, InputError, MissingError
from camps.imagery import adding, grid, raster, scene
from camps.imagery.scene import Band, Scene

LON, LAT = 88.2884, 43.3838
ZONE = "EPSG:32645"
RIGHTS = {"licence": "own", "attribution": "somebody 2018", "sensor": "drone", "observed_on": "2018-06-23"}


def _centre() -> tuple[float, float]:
    x, y = Transformer.from_crs(4326, ZONE, always_xy=True).transform(LON, LAT)
    return round(x / 10) * 10.0, round(y / 10) * 10.0


def _ground(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what every picture shows: smooth waves, fixed to the ground."""
    east, north = _centre()
    return np.asarray(100 + 50 * np.sin((x - east) / 90) + 40 * np.cos((y - north) / 70))


def _picture(path: Path, transform: Affine, crs: str, *, size: tuple[int, int] = (160, 140), dtype: str = "uint8",
             count: int = 1, gain: float = 1.0, **profile: object) -> Path:  # fmt: skip
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]] + 0.5
    a, b, c, d, e, f = tuple(transform)[:6]
    x, y = a * columns + b * rows + c, d * columns + e * rows + f
    if crs != ZONE:
        x, y = Transformer.from_crs(crs, ZONE, always_xy=True).transform(x, y)
    values = np.stack([(_ground(x, y) + 5 * band) * gain for band in range(count)])
    driver = profile.pop("driver", "GTiff")
    with rasterio.open(path, "w", driver=driver, width=size[1], height=size[0], count=count, dtype=dtype, crs=crs,
                       transform=transform, **profile) as target:  # fmt: skip
        target.write(values.round().astype(dtype))
    return path


def _scene(path: Path, *, bands: int = 1, **changes: object) -> Scene:
    named = tuple(Band(f"b{number}", str(path), number) for number in range(1, bands + 1))
    return Scene("one", "drone", "2018-06-23", 5.0, changes.pop("bands_", named), "own", "somebody", **changes)


def _north_up(pixel_m: float = 5.0, *, east_m: float = -350.0, north_m: float = 400.0) -> Affine:
    x, y = _centre()
    return Affine(pixel_m, 0, x + east_m, 0, -pixel_m, y + north_m)


def _wanted(window: grid.Grid) -> NDArray[np.float64]:
    rows, columns = np.mgrid[0 : window.height, 0 : window.width] + 0.5
    return _ground(window.west + columns * window.gsd_m, window.north - rows * window.gsd_m)


def _site(radius_m: float = 200.0, gsd_m: float = 10.0) -> grid.Grid:
    return grid.site_grid(LON, LAT, radius_m=radius_m, gsd_m=gsd_m)


@pytest.mark.parametrize(("dtype", "gain"), [("uint8", 1.0), ("uint16", 50.0), ("int16", 20.0), ("float32", 0.01)])
def test_eight_and_sixteen_bit_read_the_same_ground(tmp_path: Path, dtype: str, gain: float) -> None:
    path = _picture(tmp_path / "a.tif", _north_up(), ZONE, dtype=dtype, gain=gain)
    if dtype == "float32":
        pytest.skip("rounded to whole numbers when written") if gain < 0.01 else None
        gain = 1.0
        path = _picture(tmp_path / "b.tif", _north_up(), ZONE, dtype=dtype)
    found = raster.read(_scene(path, bands_=(Band("b1", str(path), 1, scale=1 / gain),)), _site())
    assert found.valid.all()
    assert np.abs(found.values[0] - _wanted(found.grid)).max() < 1.2


def test_thirteen_bands_keep_their_order(tmp_path: Path) -> None:
    path = _picture(tmp_path / "a.tif", _north_up(), ZONE, count=13, dtype="uint16")
    found = raster.read(_scene(path, bands=13), _site(), bands=["b13", "b1", "b7"])
    assert found.bands == ("b13", "b1", "b7")
    steps = np.median(found.values - found.values[1], axis=(1, 2))
    assert steps.round().tolist() == [60, 0, 30]


def test_scale_and_offset_are_applied_once(tmp_path: Path) -> None:
    path = _picture(tmp_path / "a.tif", _north_up(), ZONE, dtype="uint16", gain=10)
    one = _scene(path, bands_=(Band("nir", str(path), 1, scale=1e-4, offset=-0.1),))
    found = raster.read(one, _site()).band("nir")
    assert np.abs(found - (_wanted(_site()) * 1e-3 - 0.1)).max() < 1.2e-3


@pytest.mark.parametrize("crs", [ZONE, "EPSG:4326", "EPSG:3857", "EPSG:32644"])
def test_any_crs_lands_on_the_ground(tmp_path: Path, crs: str) -> None:
    x, y = _centre()
    corner = Transformer.from_crs(ZONE, crs, always_xy=True).transform(x - 500, y + 500)
    steps = {"EPSG:4326": (6e-5, 4.5e-5), "EPSG:3857": (7.0, 7.0)}.get(crs, (5.0, 5.0))
    path = _picture(tmp_path / "a.tif", Affine(steps[0], 0, corner[0], 0, -steps[1], corner[1]), crs, size=(260, 260))
    found = raster.read(_scene(path), _site())
    assert found.valid.all()
    assert np.abs(found.values[0] - _wanted(found.grid)).max() < 1.5


def test_a_rotated_geotransform_lands_on_the_ground(tmp_path: Path) -> None:
    x, y = _centre()
    turned = Affine(4.33, 2.5, x - 600, 2.5, -4.33, y + 100)
    path = _picture(tmp_path / "a.tif", turned, ZONE, size=(240, 240))
    found = raster.read(_scene(path), _site(150))
    assert found.valid.all()
    assert np.abs(found.values[0] - _wanted(found.grid)).max() < 1.5
    wide = raster.read(_scene(path), _site(900))
    assert 0 < wide.valid.mean() < 0.9
    assert np.abs((wide.values[0] - _wanted(wide.grid))[wide.valid]).max() < 8


@pytest.mark.parametrize("finer", [2.0, 5.0, 10.0, 20.0])
def test_pixels_of_any_size_are_averaged_or_interpolated(tmp_path: Path, finer: float) -> None:
    size = (int(1000 / finer), int(1000 / finer))
    path = _picture(tmp_path / "a.tif", _north_up(finer, east_m=-500, north_m=500), ZONE, size=size)
    found = raster.read(_scene(path), _site())
    assert np.abs(found.values[0] - _wanted(found.grid)).max() < (1.5 if finer < 20 else 5)


def _with_hole(path: Path, *, tag: float | None, dtype: str = "uint16") -> Path:
    _picture(path, _north_up(), ZONE, dtype=dtype, nodata=tag)
    with rasterio.open(path, "r+") as target:
        values = target.read()
        values[:, 60:90, 50:80] = 0
        target.write(values)
    return path


def test_nodata_with_a_tag_is_not_observed(tmp_path: Path) -> None:
    found = raster.read(_scene(_with_hole(tmp_path / "a.tif", tag=0)), _site())
    assert 0.02 < (~found.valid).mean() < 0.3
    assert np.abs((found.values[0] - _wanted(found.grid))[found.valid]).max() < 30


def test_nodata_without_a_tag_counts_unless_it_is_named(tmp_path: Path) -> None:
    path = _with_hole(tmp_path / "a.tif", tag=None)
    plain = raster.read(_scene(path), _site())
    assert plain.valid.all()
    assert plain.values.min() == 0
    named = raster.read(_scene(path, bands_=(Band("b1", str(path), 1, nodata=0),)), _site())
    assert 0.02 < (~named.valid).mean() < 0.3


def test_an_alpha_band_and_nan_are_not_observed(tmp_path: Path) -> None:
    path = _picture(tmp_path / "a.tif", _north_up(), ZONE, count=2, photometric="MINISBLACK", alpha="YES")
    with rasterio.open(path, "r+") as target:
        target.write(np.where(np.arange(140) < 70, 0, 255).astype("uint8")[None].repeat(160, 0), 2)
    found = raster.read(_scene(path), _site())
    assert 0.3 < found.valid.mean() < 0.7
    gaps = _picture(tmp_path / "b.tif", _north_up(), ZONE, dtype="float32", nodata=float("nan"))
    with rasterio.open(gaps, "r+") as target:
        values = target.read()
        values[:, :80] = np.nan
        target.write(values)
    assert 0.3 < raster.read(_scene(gaps), _site()).valid.mean() < 0.7


def test_what_lies_outside_the_picture_was_not_observed(tmp_path: Path) -> None:
    path = _picture(tmp_path / "a.tif", _north_up(), ZONE)
    found = raster.read(_scene(path), _site(600))
    assert np.isnan(found.values).any()
    assert np.abs((found.values[0] - _wanted(found.grid))[found.valid]).max() < 8


def test_a_scene_that_misses_the_site_says_how_far_it_is(tmp_path: Path) -> None:
    path = _picture(tmp_path / "a.tif", _north_up(east_m=20_000), ZONE)
    with pytest.raises(InputError, match=r"does not show the site at 88\.28.*km away"):
        raster.read(_scene(path), _site())
    assert not raster.covers(_scene(path), _site())


def test_a_shift_moves_the_image_by_that_many_metres(tmp_path: Path) -> None:
    path = _picture(tmp_path / "a.tif", _north_up(), ZONE)
    moved = raster.read(_scene(path).shifted(30.0, -20.0), _site())
    inner = _site().moved(-30.0, 20.0)
    assert np.nanmax(np.abs(moved.values[0] - _wanted(inner))) < 1.5


def test_hidden_boxes_are_not_observed(tmp_path: Path) -> None:
    path = _picture(tmp_path / "a.tif", _north_up(), ZONE)
    found = raster.read(_scene(path, hidden_px=((60, 70, 80, 90),)), _site())
    assert (~found.valid).sum() == 100


@pytest.mark.parametrize(("suffix", "driver", "options"), [
    (".tif", "GTiff", {}), (".tif", "GTiff", {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "lzw"}),
    (".jp2", "JP2OpenJPEG", {}), (".jpg", "JPEG", {}), (".png", "PNG", {}),
])  # fmt: skip
def test_a_file_cut_in_half_is_refused_or_read_right(
    tmp_path: Path, suffix: str, driver: str, options: dict[str, object]
) -> None:
    path = _picture(tmp_path / f"a{suffix}", _north_up(), ZONE, size=(512, 512), driver=driver, **options)
    whole = path.read_bytes()
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(whole[: len(whole) // 2])
    for side in tmp_path.glob(f"a{suffix}.aux.xml"):
        (tmp_path / f"cut{suffix}.aux.xml").write_bytes(side.read_bytes())
    x, y = _centre()
    everywhere = grid.Grid(ZONE, x - 350, y + 400, 5.0, 512, 512)
    assert raster.read(_scene(path), everywhere).valid.any()
    with pytest.raises(InputError, match="cut short"):
        raster.read(_scene(cut), everywhere)
    with pytest.raises(InputError, match=r"cut short|no georeference"):
        adding.add(cut, **RIGHTS, scene_id="cut", folder=tmp_path / "scenes")
    assert not (tmp_path / "scenes").exists()


def test_a_registered_file_that_was_cut_later_is_refused(tmp_path: Path) -> None:
    path = _picture(tmp_path / "a.tif", _north_up(), ZONE)
    one = adding.add(path, **RIGHTS, scene_id="mine", folder=tmp_path / "scenes")
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(CheckError, match="9000 bytes, expected"):
        raster.read(one, _site())


@pytest.mark.parametrize("content", [b"", b"not an image at all", b"II*\x00\x08\x00\x00\x00"])
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not an image that can be read"):
        raster.read(_scene(path), _site())


def test_a_missing_file_and_a_missing_band_are_said(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such file"):
        raster.read(_scene(tmp_path / "none.tif"), _site())
    path = _picture(tmp_path / "a.tif", _north_up(), ZONE)
    with pytest.raises(InputError, match="no band 'nir', it has b1"):
        raster.read(_scene(path), _site(), bands=["nir"])
    with pytest.raises(InputError, match="has 1 bands, band 4"):
        raster.read(_scene(path, bands_=(Band("b4", str(path), 4),)), _site())


def test_control_points_inside_a_file_place_it(tmp_path: Path) -> None:
    place = _north_up()
    path = _picture(tmp_path / "a.tif", place, ZONE)
    corners = [(0, 0), (0, 140), (160, 0), (160, 140)]
    points = [GroundControlPoint(r, c, place.c + 5 * c, place.f - 5 * r) for r, c in corners]
    profile = {"driver": "GTiff", "width": 140, "height": 160, "count": 1, "dtype": "uint8", "crs": ZONE}
    with rasterio.open(path) as source, rasterio.open(tmp_path / "gcps.tif", "w", gcps=points, **profile) as target:
        target.write(source.read())
    assert from_gcps(points).almost_equals(place, 1e-6)
    found = raster.read(_scene(tmp_path / "gcps.tif"), _site())
    assert np.abs(found.values[0] - _wanted(found.grid)).max() < 1.2


def _bare(tmp_path: Path, suffix: str, driver: str) -> Path:
    placed = _picture(tmp_path / f"placed{suffix}", _north_up(), ZONE, driver=driver, count=3)
    bare = tmp_path / f"bare{suffix}"
    bare.write_bytes(placed.read_bytes())
    return bare


@pytest.mark.parametrize(("suffix", "driver", "world"), [(".jpg", "JPEG", ".jgw"), (".png", "PNG", ".pgw")])
def test_a_world_file_places_a_picture(tmp_path: Path, suffix: str, driver: str, world: str) -> None:
    path = _bare(tmp_path, suffix, driver)
    with pytest.raises(InputError, match="has no georeference; put a world file"):
        adding.add(path, **RIGHTS, folder=tmp_path / "scenes")
    place = _north_up()
    path.with_suffix(world).write_text(f"5\n0\n0\n-5\n{place.c + 2.5}\n{place.f - 2.5}\n")
    with pytest.raises(InputError, match="--crs EPSG:32645"):
        adding.add(path, **RIGHTS, folder=tmp_path / "scenes")
    one = adding.add(path, **RIGHTS, hints=adding.Hints(crs=ZONE), folder=tmp_path / "scenes")
    assert one.gsd_m == pytest.approx(5, abs=0.01)
    assert [band.name for band in one.bands] == ["red", "green", "blue"]
    found = raster.read(one, _site())
    assert np.abs(found.values[0] - _wanted(found.grid)).max() < 12


def _points(path: Path, rows: list[tuple[float, float, float, float]]) -> Path:
    lines = [",".join(str(number) for number in row) for row in rows]
    path.write_text("\n".join(["column,row,lon,lat", *lines]) + "\n")
    return path


def _on_ground(column: float, row: float, *, off_m: float = 0.0) -> tuple[float, float, float, float]:
    place = _north_up()
    to_lonlat = Transformer.from_crs(ZONE, 4326, always_xy=True)
    lon, lat = to_lonlat.transform(place.c + 5 * column + off_m, place.f - 5 * row)
    return column, row, lon, lat


FOUR = [(0.0, 0.0), (140.0, 0.0), (0.0, 160.0), (140.0, 160.0), (70.0, 80.0)]


def test_control_points_place_a_picture_and_state_their_misfit(tmp_path: Path) -> None:
    path = _bare(tmp_path, ".jpg", "JPEG")
    points = _points(tmp_path / "p.csv", [_on_ground(*at, off_m=3 if at == (70, 80) else 0) for at in FOUR])
    one = adding.add(path, **RIGHTS, hints=adding.Hints(points=points), folder=tmp_path / "scenes")
    assert one.georeference is not None
    assert one.georeference.residual_m == pytest.approx(1.2, abs=0.01)
    found = raster.read(one, _site())
    assert np.abs(found.values[0] - _wanted(found.grid)).max() < 12
    assert scene.load(tmp_path / "scenes")[one.scene_id] == one


def test_points_in_a_crs_of_their_own_fit_as_well(tmp_path: Path) -> None:
    place = _north_up()
    lines = ["column,row,x,y", *(f"{c},{r},{place.c + 5 * c},{place.f - 5 * r}" for c, r in FOUR[:3])]
    (tmp_path / "p.csv").write_text("\n".join(lines))
    fitted = adding.fit_points(tmp_path / "p.csv", crs=ZONE)
    assert fitted.residual_m is None
    assert fitted.crs == ZONE
    assert np.allclose(fitted.transform, tuple(place)[:6], atol=1e-5)


@pytest.mark.parametrize(("rows", "message"), [
    ([(0, 0), (140, 0)], "2 points, expected at least 3"),
    ([(0, 0), (70, 80), (140, 160)], "lie on one line"),
    ([(0, 0), (140, 0), (0, 160), (900, 900)], "pixel 900, 900, expected inside 140 by 160"),
])  # fmt: skip
def test_control_points_that_cannot_hold_are_refused(
    tmp_path: Path, rows: list[tuple[float, float]], message: str
) -> None:
    points = _points(tmp_path / "p.csv", [_on_ground(*at) for at in rows])
    with pytest.raises(InputError, match=message):
        adding.fit_points(points, pixels=(140, 160))


def test_swapped_control_points_are_refused_with_the_worst_named(tmp_path: Path) -> None:
    rows = [_on_ground(*at) for at in FOUR]
    mirrored = [rows[0], (*rows[1][:2], *rows[2][2:]), (*rows[2][:2], *rows[1][2:]), *rows[3:]]
    with pytest.raises(InputError, match="the picture mirrored"):
        adding.fit_points(_points(tmp_path / "p.csv", mirrored))
    muddled = [*rows[:3], (*rows[3][:2], *rows[4][2:]), (*rows[4][:2], *rows[3][2:])]
    with pytest.raises(InputError, match=r"miss by .* pixels.* row [2-6] misses most"):
        adding.fit_points(_points(tmp_path / "p.csv", muddled))
    (tmp_path / "q.csv").write_text("column,row,lon,lat\n1,2,x,4\n")
    with pytest.raises(InputError, match="row 2, column lon: found 'x', expected a number"):
        adding.fit_points(tmp_path / "q.csv")


@pytest.mark.parametrize(("changed", "message"), [
    ({"observed_on": "23.6.2018"}, "the UTC date of the image"), ({"attribution": " "}, "--attribution"),
    ({"licence": ""}, "--licence"), ({"observed_on": "2018-02-30"}, "the UTC date of the image"),
])  # fmt: skip
def test_a_picture_without_date_or_rights_is_refused(tmp_path: Path, changed: dict[str, str], message: str) -> None:
    path = _picture(tmp_path / "a.tif", _north_up(), ZONE)
    with pytest.raises(InputError, match=message):
        adding.add(path, **{**RIGHTS, **changed}, folder=tmp_path / "scenes")


def test_an_id_is_made_sound_from_a_name_and_refused_otherwise(tmp_path: Path) -> None:
    path = _picture(tmp_path / "B04 (Raw).tif", _north_up(), ZONE)
    one = adding.add(path, **RIGHTS, folder=tmp_path / "scenes")
    assert one.scene_id == "B04-Raw--2018-06-23"
    with pytest.raises(InputError, match=r"--id: found '\.\./x'"):
        adding.add(path, **RIGHTS, scene_id="../x", folder=tmp_path / "scenes")
    assert [path.name for path in tmp_path.rglob("*.toml")] == ["B04-Raw--2018-06-23.toml"]


def test_an_id_is_given_once(tmp_path: Path) -> None:
    path = _picture(tmp_path / "a.tif", _north_up(), ZONE)
    adding.add(path, **RIGHTS, scene_id="mine", folder=tmp_path / "scenes")
    with pytest.raises(InputError, match="a scene of that id is there already"):
        adding.add(path, **RIGHTS, scene_id="mine", folder=tmp_path / "scenes")


def test_faults_of_a_scene_file_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text('[[scene]]\nid = "a b"\nobserved_on = "2018"\ngsd_m = 0\ncrs = "EPSG:4326"\n')
    with pytest.raises(InputError) as caught:
        scene.load(tmp_path)
    for part in (
        "key scene.1.sensor: found nothing", "key scene.1.licence", "found 'a b', expected letters, digits",
        "found '2018', expected the UTC date", "gsd_m: found 0, expected", "key scene.1.file: found nothing",
    ):  # fmt: skip
        assert part in str(caught.value)


SOUND = """[[scene]]
id = "a"
sensor = "s"
observed_on = "2018-06-23"
gsd_m = 5
licence = "own"
attribution = "me"
file = [{name = "a.tif", bands = ["red", "green"]}]
"""


@pytest.mark.parametrize(("old", "new", "said"), [
    ("gsd_m = 5", 'gsd_m = 5\ncrs = "EPSG:4326"', "crs and transform, both or neither"),
    ("gsd_m = 5", 'gsd_m = "5"', "scene.1.gsd_m: found '5'"), ("gsd_m = 5", "gsd_m = nan", "gsd_m: found nan"),
    ("gsd_m = 5", "gsd_m = 5\ncrs = 3\ntransform = [1, 2]", "scene.1.crs: found 3"),
    ('"2018-06-23"', "2018-06-23", "expected text in quotes"), ('"2018-06-23"', '"2018-06-30/2018-06-01"', "UTC date"),
    ('["red", "green"]', '"red"', "scene.1.file.1.bands: found 'red'"), ('["red", "green"]', "[]", "file.1.bands"),
    ("gsd_m = 5", "gsd_m = 5\nhidden_px = [[1, 2]]", "hidden_px.1"), ("[[scene]]", "[scene]", "key scene: found"),
    ('bands = ["red"', 'scale = [1], bands = ["red"', "one number for scale, or one a band"),
    ('bands = ["red"', 'ofset = 1, bands = ["red"', "file.1.ofset"), ("[[scene]]", "x = " + "[" * 3000, "not TOML"),
    ('name = "a.tif"', "name = 3", "file.1.name: found 3"), ('file = [{', 'file = ["a", {', "scene.1.file.1"),
])  # fmt: skip
def test_a_scene_file_of_the_wrong_kind_is_refused_in_words(tmp_path: Path, old: str, new: str, said: str) -> None:
    (tmp_path / "x.toml").write_text(SOUND)
    assert scene.listing(tmp_path)["scene_id"].tolist() == ["a"]
    (tmp_path / "x.toml").write_text(SOUND.replace(old, new))
    with pytest.raises(InputError) as caught:
        scene.load(tmp_path)
    assert said in str(caught.value)


def test_the_bundled_scenes_are_listed_whether_here_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAMPS_MIRROR", raising=False)
    listed = scene.listing()
    assert len(listed) == 13
    assert not listed["here"].any()
    assert scene.load() == {}
    with pytest.raises(MissingError, match="camps sources fetch dabancheng-sentinel2"):
        scene.get("s2l2a-20200602")
    with pytest.raises(MissingError, match="not registered"):
        scene.get("nothing")


@pytest.mark.mirror
def test_the_published_pictures_are_read(mirror: Path) -> None:
    scenes = scene.load()
    assert len(scenes) == 13
    window = grid.site_grid(LON, LAT, radius_m=600)
    for one in scenes.values():
        found = raster.read(one, window, bands=["red", "green", "blue"])
        assert found.valid.all()
        assert np.ptp(found.values) > 40


def test_a_pixel_belongs_to_a_building_by_its_centre() -> None:
    window = grid.Grid(ZONE, 600_000.0, 4_800_000.0, 10.0, 20, 20)
    building = gpd.GeoSeries([shapely.box(600_056, 4_799_872, 600_068, 4_799_912)], crs=ZONE)
    # 12 by 40 m are 4.8 pixels; counting each pixel touched would make them 10.
    assert window.mask(building).sum() == 4


def test_a_grid_refuses_what_it_cannot_be() -> None:
    with pytest.raises(InputError, match="expected longitude, latitude"):
        grid.site_grid(43.4, 88.3)
    with pytest.raises(InputError, match="take a smaller radius"):
        grid.site_grid(LON, LAT, radius_m=100_000)
    with pytest.raises(InputError, match="areas cannot be taken"):
        grid.bounds_grid((0, 0, 1, 1), "EPSG:3857", gsd_m=0.1)


@given(lon=st.floats(-179, 179), lat=st.floats(-79, 79), radius_m=st.floats(50, 3000))
def test_a_site_lies_in_the_middle_of_its_grid(lon: float, lat: float, radius_m: float) -> None:
    window = grid.site_grid(lon, lat, radius_m=radius_m)
    x, y = Transformer.from_crs(4326, window.crs, always_xy=True).transform(lon, lat)
    west, south, east, north = window.bounds
    assert west <= x - radius_m + 1e-6
    assert east >= x + radius_m - 1e-6
    assert south <= y - radius_m + 1e-6
    assert north >= y + radius_m - 1e-6
    assert window.width * 10 <= 2 * radius_m + 20
    assert west % 10 == 0
