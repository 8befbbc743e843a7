"""Pictures of other people: what hides ground, what numbers mean, which colour is which, and how a bent one lies."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp, Resampling
from rasterio.transform import Affine, from_gcps
from rasterio.warp import reproject

from camps import cli, files
from camps.errors import InputError
from camps.imagery import adding, grid, raster, scene
from camps.imagery.scene import Band, Scene

ZONE = "EPSG:32645"
WEST, NORTH, SIDE = 600_000.0, 4_804_000.0, 40
WINDOW = grid.Grid(ZONE, WEST, NORTH, 10.0, SIDE, SIDE)
RIGHTS = {"licence": "own", "attribution": "somebody 2018", "sensor": "drone", "observed_on": "2018-06-23"}
#: The pixels of the file itself, half a pixel aside, finer, coarser, and in another zone.
GRIDS = {
    "its own": WINDOW, "half a pixel aside": WINDOW.moved(5.0, 5.0),
    "finer": grid.Grid(ZONE, WEST, NORTH, 5.0, 80, 80), "coarser": grid.Grid(ZONE, WEST, NORTH, 20.0, 20, 20),
    "another zone": grid.site_grid(88.24, 43.38, radius_m=400),
}  # fmt: skip
#: What is stored on ground, under a veil, and what void is marked with.
GROUND, VEILED, VOID = 100, 250, 7


@dataclass
class Picture:
    """A GeoTIFF, or another format, with anything a file may say of itself."""

    path: Path
    values: NDArray[Any]
    colours: tuple[ColorInterp, ...] = ()
    mask: NDArray[np.bool_] | None = None
    scales: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    palette: dict[int, tuple[int, ...]] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)

    def write(self, *, external_mask: bool = False) -> Path:
        placed = {"crs": ZONE, "transform": Affine(10, 0, WEST, 0, -10, NORTH)}
        profile = {"driver": "GTiff", "dtype": self.values.dtype, **placed, **self.profile}
        count, height, width = self.values.shape
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=not external_mask),
            rasterio.open(self.path, "w", count=count, height=height, width=width, **profile) as target,
        ):
            for name, given in (
                ("colorinterp", self.colours), ("scales", self.scales), ("offsets", self.offsets),
                ("descriptions", self.names),
            ):  # fmt: skip
                if given:
                    setattr(target, name, given)
            if self.palette:
                target.write_colormap(1, self.palette)
            target.write(self.values)
            if self.mask is not None:
                target.write_mask(self.mask)
        return self.path


def _stored(count: int = 1, dtype: str = "uint8") -> NDArray[Any]:
    return np.full((count, SIDE, SIDE), GROUND, dtype=dtype)


def _block() -> NDArray[np.bool_]:
    hidden = np.zeros((SIDE, SIDE), dtype=bool)
    hidden[10:20, 10:30] = True
    return hidden


def _strip() -> NDArray[np.bool_]:
    hidden = np.zeros((SIDE, SIDE), dtype=bool)
    hidden[28:34] = True
    return hidden


def _one(path: Path, **changes: Any) -> Scene:
    bands = changes.pop("bands", (Band("red", str(path)),))
    return Scene("one", "drone", "2018-06-23", 10.0, bands, "own", "somebody", **changes)


# --- what hides ground ------------------------------------------------------------------------------------------------


def _by_mask(folder: Path, *, external: bool, nodata: bool = False, **profile: Any) -> tuple[Scene, NDArray[np.bool_]]:
    values, hidden = _stored(), _block()
    values[:, hidden] = VEILED
    if nodata:
        values[:, _strip()] = VOID
    made = Picture(folder / "a.tif", values, mask=~hidden, profile={**({"nodata": VOID} if nodata else {}), **profile})
    path = made.write(external_mask=external)
    assert path.with_suffix(".tif.msk").is_file() is external
    return _one(path), hidden | (_strip() if nodata else False)


def _by_alpha(
    folder: Path, *, dtype: str = "uint8", shown: float = 255, veiled: float = 0, nodata: bool = False,
    mask: bool = False,
) -> tuple[Scene, NDArray[np.bool_]]:  # fmt: skip
    values, hidden = _stored(2, dtype), _block()
    values[0, hidden], values[1] = VEILED, np.where(hidden, veiled, shown)
    profile: dict[str, Any] = {}
    if nodata:
        values[0, _strip()], profile["nodata"] = VOID, VOID
    made = Picture(folder / "a.tif", values, (ColorInterp.gray, ColorInterp.alpha), profile=profile)
    if mask:
        made.mask = ~_strip()
        values[0, _strip()] = VEILED
    return _one(made.write()), hidden | (_strip() if nodata or mask else False)


def _by_named_mask(folder: Path) -> tuple[Scene, NDArray[np.bool_]]:
    values, hidden = _stored(2), _block()
    values[0, hidden], values[1] = VEILED, np.where(hidden, 0, 255)
    path = Picture(folder / "a.tif", values, (ColorInterp.gray, ColorInterp.undefined)).write()
    hints = adding.Hints(bands=["grey", "alpha"])
    return adding.add(path, **RIGHTS, hints=hints, folder=folder / "scenes"), hidden


def _by_nan(folder: Path, *, alpha: bool) -> tuple[Scene, NDArray[np.bool_]]:
    values = _stored(2 if alpha else 1, "float32")
    values[0, _strip()] = np.nan
    if alpha:
        values[0, _block()], values[1] = VEILED, np.where(_block(), 0, 1)
    colours = (ColorInterp.gray, ColorInterp.alpha) if alpha else (ColorInterp.gray,)
    path = Picture(folder / "a.tif", values, colours, profile={"nodata": np.nan}).write()
    return _one(path), _strip() | (_block() if alpha else False)


def _by_png(folder: Path) -> tuple[Scene, NDArray[np.bool_]]:
    values, hidden = _stored(4), _block()
    values[:3, hidden], values[3] = VEILED, np.where(hidden, 0, 255)
    path = Picture(folder / "a.png", values, profile={"driver": "PNG", "worldfile": True}).write()
    return _one(path), hidden


HIDING: dict[str, Callable[[Path], tuple[Scene, NDArray[np.bool_]]]] = {
    "internal mask": lambda folder: _by_mask(folder, external=False),
    "nodata and internal mask": lambda folder: _by_mask(folder, external=False, nodata=True),
    "a mask beside the file": lambda folder: _by_mask(folder, external=True),
    "nodata and a mask beside the file": lambda folder: _by_mask(folder, external=True, nodata=True),
    "a tiled, packed file with a mask": lambda folder: _by_mask(
        folder, external=False, tiled=True, blockxsize=16, blockysize=16, compress="deflate"
    ),
    "alpha": _by_alpha,
    "alpha of 16 bits": lambda folder: _by_alpha(folder, dtype="uint16", shown=65535),
    "alpha half through": lambda folder: _by_alpha(folder, veiled=128),
    "nodata and alpha": lambda folder: _by_alpha(folder, nodata=True),
    "alpha and internal mask": lambda folder: _by_alpha(folder, mask=True),
    "a mask that is named": _by_named_mask,
    "not a number": lambda folder: _by_nan(folder, alpha=False),
    "not a number, and alpha": lambda folder: _by_nan(folder, alpha=True),
    "a PNG with alpha": _by_png,
}  # fmt: skip


@pytest.mark.parametrize("onto", GRIDS)
@pytest.mark.parametrize("way", HIDING)
def test_hidden_ground_is_not_observed(tmp_path: Path, way: str, onto: str) -> None:
    one, hidden = HIDING[way](tmp_path)
    window = GRIDS[onto]
    found = raster.read(one, window, bands=[one.bands[0].name]).values[0]
    shown = np.isfinite(found)
    # Neither what lies under a veil nor the mark of a void is in any value.
    assert np.abs(found[shown] - GROUND).max() < 1e-3
    places = _at(window)
    inside = _well_inside(hidden, places)
    assert inside.sum() > 15
    assert not shown[inside].any()
    assert shown[_well_inside(~hidden, places)].all()


def _at(window: grid.Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return columns and rows of the file at the centres of a window, in another zone too."""
    from pyproj import Transformer

    rows, columns = np.mgrid[0 : window.height, 0 : window.width] + 0.5
    x, y = window.west + columns * window.gsd_m, window.north - rows * window.gsd_m
    if window.crs != ZONE:
        x, y = Transformer.from_crs(window.crs, ZONE, always_xy=True).transform(x, y)
    return (x - WEST) / 10, (NORTH - y) / 10


def _well_inside(part: NDArray[np.bool_], places: tuple[NDArray[np.float64], NDArray[np.float64]]) -> NDArray[Any]:
    """Return where all pixels of the file within two of a place belong to a part of it."""
    near = np.ones(places[0].shape, dtype=bool)
    for across in (-2, 0, 2):
        for down in (-2, 0, 2):
            column, row = np.floor(places[0] + across).astype(int), np.floor(places[1] + down).astype(int)
            there = (column >= 0) & (column < SIDE) & (row >= 0) & (row < SIDE)
            near &= there & part[np.clip(row, 0, SIDE - 1), np.clip(column, 0, SIDE - 1)]
    return near


@pytest.mark.parametrize(("way", "account"), [
    ("nodata and internal mask", {"valid": 1160, "mask": 200, "nodata": 240}),
    ("nodata and a mask beside the file", {"valid": 1160, "mask": 200, "nodata": 240}),
    ("nodata and alpha", {"valid": 1160, "alpha": 200, "nodata": 240}),
    ("alpha and internal mask", {"valid": 1160, "mask": 240, "alpha": 200}),
    ("not a number, and alpha", {"valid": 1160, "alpha": 200, "no number": 240}),
    ("a mask beside the file", {"valid": 1400, "mask": 200}),
])  # fmt: skip
def test_each_pixel_is_accounted_for(tmp_path: Path, way: str, account: dict[str, int]) -> None:
    one, _ = HIDING[way](tmp_path)
    found = adding.describe(Path(one.bands[0].href))
    assert found.account == account
    assert found.summary.startswith("pixels 1,600 = valid ")


# --- what a number means ----------------------------------------------------------------------------------------------


def _scaled(folder: Path, stored: int = 1500, **told: Any) -> Path:
    values = np.full((len(told.get("names", "x")), SIDE, SIDE), stored, dtype="uint16")
    return Picture(folder / "a.tif", values, **told).write()


@pytest.mark.parametrize("onto", GRIDS)
def test_a_scale_and_an_offset_of_the_file_are_applied_once(tmp_path: Path, onto: str) -> None:
    path = _scaled(tmp_path, scales=(0.1,), offsets=(-100.0,))
    assert np.nanmax(np.abs(raster.read(_one(path), GRIDS[onto]).values - 50)) < 1e-4
    # And no second time by way of the register.
    added = adding.add(path, **RIGHTS, folder=tmp_path / "scenes")
    for one in (added, scene.get(added.scene_id, path=tmp_path / "scenes")):
        assert np.nanmax(np.abs(raster.read(one, GRIDS[onto]).values - 50)) < 1e-4


def test_each_band_has_its_own_scale_and_classes_have_none(tmp_path: Path) -> None:
    path = _scaled(tmp_path, names=("red", "nir", "scl"), scales=(0.1, 0.2, 0.5), offsets=(-100.0, 0.0, 3.0))
    one = adding.add(path, **RIGHTS, folder=tmp_path / "scenes")
    found = raster.read(one, WINDOW)
    assert [float(found.band(name).mean()) for name in ("red", "nir", "scl")] == pytest.approx([50, 300, 1500])


def test_nodata_is_a_stored_number_and_no_value(tmp_path: Path) -> None:
    values = np.full((1, SIDE, SIDE), 1500, dtype="uint16")
    values[0, _strip()] = 50
    path = Picture(tmp_path / "a.tif", values, scales=(0.1,), offsets=(-100.0,), profile={"nodata": 50}).write()
    found = raster.read(_one(path), WINDOW).values[0]
    assert np.isnan(found[_strip()]).all()
    assert found[~_strip()] == pytest.approx(50)
    # A value that happens to be the number of nodata is one all the same.
    values[0, _strip()] = 1500
    path = Picture(tmp_path / "b.tif", values, scales=(0.1,), offsets=(-100.0,), profile={"nodata": 50}).write()
    assert raster.read(_one(path), WINDOW).values[0] == pytest.approx(50)


@pytest.mark.parametrize(("band", "value"), [
    ({}, 50), ({"scale": 1.0, "offset": 0.0}, 1500), ({"scale": 0.01}, 15), ({"offset": -0.1}, 1499.9),
])  # fmt: skip
def test_what_a_scene_states_takes_the_place_of_what_its_file_does(
    tmp_path: Path, band: dict[str, float], value: float
) -> None:
    path = _scaled(tmp_path, scales=(0.1,), offsets=(-100.0,))
    found = raster.read(_one(path, bands=(Band("nir", str(path), **band),)), WINDOW)
    assert found.values == pytest.approx(value)


def _command(path: Path, *options: str) -> list[str]:
    told = ["--date", "2018-06-23", "--sensor", "drone", "--licence", "own", "--attribution", "somebody"]
    return ["imagery", "add", str(path), *told, *options]


@pytest.mark.parametrize(("options", "said"), [
    ((), "scale 0.1 and offset -100, as the file states, applied once"),
    (("--scale", "0.5"), "scale 0.5 and offset 0, as given, applied once"),
    (("--offset", "-3"), "scale 1 and offset -3, as given, applied once"),
])  # fmt: skip
def test_a_scale_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    path = _scaled(tmp_path, names=("red",), scales=(0.1,), offsets=(-100.0,))
    assert cli.run([*_command(path, *options), "--dry-run"]) == 0
    assert said in capsys.readouterr().out.splitlines()


# --- which colour is which --------------------------------------------------------------------------------------------

RGB = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
#: Stored numbers of the three colours.
RED, GREEN, BLUE = 30, 60, 90


def _coloured(path: Path, stored: tuple[int, ...], colours: tuple[ColorInterp, ...], **profile: Any) -> Path:
    values = np.stack([np.full((SIDE, SIDE), number, dtype="uint8") for number in stored])
    return Picture(path, values, colours, profile=profile).write()


@pytest.mark.parametrize(("stored", "colours", "names"), [
    ((RED, GREEN, BLUE, 255), (*RGB, ColorInterp.alpha), ("red", "green", "blue", "alpha")),
    ((BLUE, GREEN, RED), RGB[::-1], ("blue", "green", "red")),
    ((BLUE, GREEN, RED, 255), (*RGB[::-1], ColorInterp.alpha), ("blue", "green", "red", "alpha")),
    ((255, RED, GREEN, BLUE), (ColorInterp.alpha, *RGB), ("alpha", "red", "green", "blue")),
    ((RED, GREEN, BLUE), RGB, ("red", "green", "blue")),
])  # fmt: skip
def test_a_band_is_what_its_colour_says(
    tmp_path: Path, stored: tuple[int, ...], colours: tuple[ColorInterp, ...], names: tuple[str, ...]
) -> None:
    path = _coloured(tmp_path / "a.tif", stored, colours)
    assert adding.describe(path).bands == names
    one = adding.add(path, **RIGHTS, folder=tmp_path / "scenes")
    assert "nir" not in {band.name for band in one.bands}
    found = raster.read(one, WINDOW, bands=["red", "green", "blue"])
    assert found.values.mean(axis=(1, 2)).tolist() == [RED, GREEN, BLUE]


@pytest.mark.parametrize("given", [None, ["Red", "GREEN", "blue", "-"]])
def test_a_name_of_a_band_is_one_however_it_is_written(tmp_path: Path, given: list[str] | None) -> None:
    """A file with Red, Green and Blue was registered, and then said to have no red, green and blue."""
    path = tmp_path / "a.tif"
    values = np.stack([np.full((SIDE, SIDE), number, dtype="uint16") for number in (RED, GREEN, BLUE, 9)])
    Picture(path, values, names=("Red", "Green", "BLUE", "B8A")).write()
    names = adding.describe(path, adding.Hints(bands=given)).bands
    assert names == ("red", "green", "blue", "-" if given else "B8A")


@pytest.mark.parametrize(("options", "said"), [
    (("--gsd", "-10"), "--gsd: found -10, expected a number above 0"), (("--scale", "nan"), "--scale: found nan"),
    (("--scale", "0"), "--scale: found 0, expected another number"), (("--offset", "inf"), "--offset: found inf"),
    (("--nodata", "-9999"), "--nodata: found -9999, expected a number that uint16 can hold, 0 to 65535"),
    (("--nodata", "0.5"), "--nodata: found 0.5"),
    (("--attribution", "ESA {year}"), "--attribution: found '{year}', which nothing fills in"),
])  # fmt: skip
def test_a_number_that_none_can_be_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: tuple[str, str],
    said: str,
) -> None:  # fmt: skip
    """The entry was written before it was read, and every later command about scenes failed on it."""
    files.write_text(tmp_path / "record.toml", 'title = { en = "Another" }\n')
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path))
    path = _scaled(tmp_path, names=("red",))
    assert cli.run(_command(path, *options)) == 2
    assert said in capsys.readouterr().err
    assert not list((tmp_path / "geodata").rglob("*.toml"))


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ('LOCAL_CS["site grid",UNIT["metre",1]]', None),
        ("EPSG:4978", None),
        ("EPSG:2343", "no shift from the datum of Xian 1980 / Gauss-Kruger CM 105E to WGS 84 is known"),
        ("EPSG:32645", ""),
    ],
)
def test_a_picture_says_what_is_wrong_with_its_crs(tmp_path: Path, stated: str, says: str | None) -> None:
    path = Picture(tmp_path / "a.tif", _stored(), profile={"crs": stated}).write()
    if says is None:
        with pytest.raises(InputError, match=r"a\.tif: its CRS, .*, is no degrees or grid on Earth"):
            adding.describe(path)
    else:
        notes = "; ".join(adding.describe(path).notes)
        assert says in notes
        assert ("no shift" in notes) is bool(says)


@pytest.mark.parametrize(("suffix", "profile"), [
    (".png", {"driver": "PNG", "worldfile": True}), (".tif", {}), (".tif", {"tiled": True, "blockxsize": 16,
                                                                            "blockysize": 16}),
])  # fmt: skip
@pytest.mark.parametrize("onto", ["its own", "half a pixel aside"])
def test_a_palette_is_read_as_its_colours(tmp_path: Path, suffix: str, profile: dict[str, Any], onto: str) -> None:
    values = np.zeros((1, SIDE, SIDE), dtype="uint8")
    values[0, _block()] = 1
    palette = {0: (RED, GREEN, BLUE, 255), 1: (200, 210, 220, 255)}
    path = Picture(tmp_path / f"a{suffix}", values, palette=palette, profile=profile).write()
    hints = adding.Hints(crs=ZONE if suffix == ".png" else None)
    if suffix == ".png":
        (tmp_path / "a.png.aux.xml").unlink(missing_ok=True)
    one = adding.add(path, **RIGHTS, hints=hints, folder=tmp_path / "scenes")
    assert [band.name for band in one.bands] == ["red", "green", "blue"]
    found = raster.read(one, GRIDS[onto], bands=["red", "green", "blue"]).values
    assert found[:, 5, 5].tolist() == [RED, GREEN, BLUE]
    assert found[:, 15, 20].tolist() == [200, 210, 220]


def test_a_clear_entry_of_a_palette_hides_ground(tmp_path: Path) -> None:
    values = np.zeros((1, SIDE, SIDE), dtype="uint8")
    values[0, _block()] = 1
    palette = {0: (RED, GREEN, BLUE, 255), 1: (200, 210, 220, 0)}
    path = Picture(tmp_path / "a.png", values, palette=palette, profile={"driver": "PNG", "worldfile": True}).write()
    found = raster.read(_one(path, bands=tuple(Band(name, str(path), n) for n, name in
                                               enumerate(("red", "green", "blue"), 1))), WINDOW).values  # fmt: skip
    assert np.isnan(found[:, _block()]).all()
    assert found[:, 5, 5].tolist() == [RED, GREEN, BLUE]


def test_bands_that_nothing_names_are_asked_for(tmp_path: Path) -> None:
    path = _coloured(tmp_path / "a.tif", (RED, GREEN, BLUE, 120), (ColorInterp.gray, *[ColorInterp.undefined] * 3))
    with pytest.raises(InputError, match=r"4 bands, and no word on what each shows .*--bands blue,green,red,nir"):
        adding.add(path, **RIGHTS, folder=tmp_path / "scenes")
    hints = adding.Hints(bands=["blue", "green", "red", "-"])
    one = adding.add(path, **RIGHTS, hints=hints, folder=tmp_path / "scenes")
    assert raster.read(one, WINDOW, bands=["red"]).values.mean() == BLUE
    for wrong in (["red", "red", "blue"], ["red", "green", "blue", "nir", "swir16"], ["alpha"], []):
        with pytest.raises(InputError, match="name each that is used once"):
            adding.describe(path, adding.Hints(bands=wrong))


# --- how a bent picture lies ------------------------------------------------------------------------------------------

N_POINTS, PIXEL_M, BEND_M = 6, 5.0, 60.0
WIDTH, HEIGHT = 200, 160


def _bent(columns: Any, rows: Any, bend_m: float = BEND_M) -> tuple[Any, Any]:
    """Return where a pixel lies on the ground when the picture sags in its middle, as one taken from aside does."""
    across, down = np.asarray(columns) / WIDTH, np.asarray(rows) / HEIGHT
    x = WEST + PIXEL_M * np.asarray(columns) + bend_m * np.sin(np.pi * across) * np.cos(np.pi * down)
    y = NORTH - PIXEL_M * np.asarray(rows) + bend_m * np.sin(np.pi * down) * across
    return x, y


def _brightness(x: Any, y: Any) -> NDArray[np.float64]:
    return np.asarray(120 + 60 * np.sin((x - WEST) / 110) + 50 * np.cos((NORTH - y) / 90))


def _control(bend_m: float, side: int = N_POINTS) -> list[GroundControlPoint]:
    places = [(c, r) for r in np.linspace(0, HEIGHT, side) for c in np.linspace(0, WIDTH, side)]
    return [GroundControlPoint(r, c, *map(float, _bent(c, r, bend_m))) for c, r in places]


def _with_points(path: Path, points: list[GroundControlPoint], bend_m: float = BEND_M, **profile: Any) -> Path:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    values = _brightness(*_bent(columns, rows, bend_m)).round().astype("uint8")
    profile = {"driver": "GTiff", "width": WIDTH, "height": HEIGHT, "count": 1, "dtype": "uint8", "crs": ZONE,
               **profile}  # fmt: skip
    with rasterio.open(path, "w", gcps=points, **profile) as target:
        target.write(values, 1)
    return path


INSIDE = grid.Grid(ZONE, WEST + 200, NORTH - 200, 10.0, 40, 30)


def _off(one: Scene) -> float:
    """Return by how much the picture as read differs from what lies there, at most."""
    rows, columns = np.mgrid[0 : INSIDE.height, 0 : INSIDE.width] + 0.5
    truth = _brightness(INSIDE.west + columns * 10, INSIDE.north - rows * 10)
    found = raster.read(one, INSIDE).values[0]
    assert np.isfinite(found).all()
    return float(np.abs(found - truth).max())


def test_a_bent_picture_is_refused_with_its_residual_and_the_way_on(tmp_path: Path) -> None:
    path = _with_points(tmp_path / "a.tif", _control(BEND_M))
    # GDAL's own straight fit, as a judge of the misfit.
    fit, points = from_gcps(_control(BEND_M)), _control(BEND_M)
    misses = [np.hypot(*np.subtract(fit @ (one.col, one.row), (one.x, one.y))) for one in points]
    rms = float(np.sqrt(np.mean(np.square(misses))))
    assert max(misses) > 40
    for read in (lambda: adding.describe(path), lambda: raster.read(_one(path), INSIDE)):
        with pytest.raises(InputError, match="control points miss by") as caught:
            read()
        said = re.search(r"miss by ([\d.]+) pixels, ([\d.]+) m", str(caught.value))
        assert said is not None
        assert float(said[2]) == pytest.approx(rms, rel=0.01)
        assert "--warp tps" in str(caught.value)
        assert "--tolerance PIXELS" in str(caught.value)


def test_a_thin_plate_spline_lays_a_bent_picture_where_it_belongs(tmp_path: Path) -> None:
    path = _with_points(tmp_path / "a.tif", _control(BEND_M))
    straight = adding.Hints(tolerance_px=100)
    bent = adding.Hints(warp="tps")
    flat = adding.add(path, **RIGHTS, scene_id="flat", hints=straight, folder=tmp_path / "scenes")
    one = adding.add(path, **RIGHTS, scene_id="bent", hints=bent, folder=tmp_path / "scenes")
    assert _off(flat) > 10
    assert _off(one) < 4
    assert one.georeference is not None
    assert 0.1 < one.georeference.residual_m < 2 * PIXEL_M
    assert _off(scene.get("bent", path=tmp_path / "scenes")) < 4


def test_the_spline_is_the_one_that_gdal_lays(tmp_path: Path) -> None:
    path = _with_points(tmp_path / "a.tif", _control(BEND_M))
    one = adding.add(path, **RIGHTS, hints=adding.Hints(warp="tps"), folder=tmp_path / "scenes")
    theirs = np.full(INSIDE.shape, np.nan, dtype="float32")
    with rasterio.open(path) as dataset:
        reproject(rasterio.band(dataset, 1), theirs, gcps=_control(BEND_M), src_crs=ZONE, dst_crs=ZONE,
                  dst_transform=INSIDE.transform, dst_nodata=np.nan, resampling=Resampling.average,
                  METHOD="GCP_TPS")  # fmt: skip
    assert np.abs(raster.read(one, INSIDE).values[0] - theirs).max() < 1.5


def test_a_bent_picture_keeps_its_mask_and_its_hidden_boxes(tmp_path: Path) -> None:
    path = _with_points(tmp_path / "a.tif", _control(BEND_M))
    shown = np.ones((HEIGHT, WIDTH), dtype=bool)
    shown[80:110, 60:120] = False
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as target:
        target.write_mask(shown)
    one = adding.add(path, **RIGHTS, hints=adding.Hints(warp="tps"), folder=tmp_path / "scenes")
    x, y = _bent(90, 95)
    column, row = int((x - INSIDE.west) // 10), int((INSIDE.north - y) // 10)
    assert np.isnan(raster.read(one, INSIDE).values[0, row, column])
    boxed = replace(one, bands=one.bands, hidden_px=((95, 50, 115, 70),))
    x, y = _bent(100, 60)
    column, row = int((x - INSIDE.west) // 10), int((INSIDE.north - y) // 10)
    assert np.isfinite(raster.read(one, INSIDE).values[0, row, column])
    assert np.isnan(raster.read(boxed, INSIDE).values[0, row, column])


@pytest.mark.parametrize("warp", ["affine", "tps"])
def test_a_straight_picture_is_laid_with_a_small_residual(tmp_path: Path, warp: adding.Warp) -> None:
    path = _with_points(tmp_path / "a.tif", _control(0.0), 0.0)
    one = adding.add(path, **RIGHTS, hints=adding.Hints(warp=warp), folder=tmp_path / "scenes")
    assert one.gsd_m == pytest.approx(PIXEL_M, rel=0.01)
    assert raster.read(one, INSIDE).valid.all()
    assert _off(one) < 2


@pytest.mark.parametrize("warp", ["affine", "tps"])
def test_one_point_mixed_up_is_named(tmp_path: Path, warp: adding.Warp) -> None:
    points = _control(0.0)
    points[14] = GroundControlPoint(points[14].row, points[14].col, points[14].x + 390, points[14].y)
    path = _with_points(tmp_path / "a.tif", points, 0.0)
    with pytest.raises(InputError, match=r"point 15 misses most \((3|4)\d\d m\)"):
        adding.describe(path, adding.Hints(warp=warp))


@pytest.mark.parametrize("warp", ["affine", "tps"])
def test_two_points_in_one_place_are_no_control(tmp_path: Path, warp: adding.Warp) -> None:
    points = _control(0.0)
    points[14] = GroundControlPoint(points[14].row, points[14].col, points[16].x, points[16].y)
    path = _with_points(tmp_path / "a.tif", points, 0.0)
    with pytest.raises(InputError, match=r"two control points at 600800\.0, 4803680\.0 in EPSG:32645; keep the right"):
        adding.describe(path, adding.Hints(warp=warp))
    points[14] = GroundControlPoint(points[16].row, points[16].col, points[14].x, points[14].y)
    path = _with_points(tmp_path / "b.tif", points, 0.0)
    with pytest.raises(InputError, match=r"two control points at pixel 160, 64; keep the right"):
        adding.describe(path, adding.Hints(warp=warp))


def test_points_that_hang_on_one_of_them_bend_nothing(tmp_path: Path) -> None:
    line = [GroundControlPoint(r, r, WEST + 5 * r, NORTH - 5 * r) for r in (0, 30, 60, 90, 120, 150)]
    path = _with_points(tmp_path / "a.tif", [*line, GroundControlPoint(0, 150, WEST + 750, NORTH)], 0.0)
    with pytest.raises(InputError, match="all control points but one lie on one line; add another well off it"):
        adding.describe(path, adding.Hints(warp="tps"))
    with pytest.raises(InputError, match="control points lie on one line; add one well off it"):
        adding.describe(_with_points(tmp_path / "b.tif", line, 0.0), adding.Hints(warp="tps"))


def test_a_picture_that_is_folded_is_read_or_refused_in_words(tmp_path: Path) -> None:
    points = _control(0.0)
    points[14] = GroundControlPoint(points[14].row, points[14].col, points[14].x + 390, points[14].y)
    path = _with_points(tmp_path / "a.tif", points, 0.0)
    hints = adding.Hints(warp="tps", tolerance_px=100)
    one = adding.add(path, **RIGHTS, hints=hints, folder=tmp_path / "scenes")
    with contextlib.suppress(InputError):
        assert np.isfinite(raster.read(one, INSIDE).values).any()


def test_control_points_without_a_crs_ask_for_it(tmp_path: Path) -> None:
    path = _with_points(tmp_path / "a.tif", _control(0.0), 0.0, crs=rasterio.CRS())
    with pytest.raises(InputError, match="no word on their CRS; name it: camps imagery add FILE --crs"):
        adding.describe(path)
    one = adding.add(path, **RIGHTS, hints=adding.Hints(crs=ZONE), folder=tmp_path / "scenes")
    assert _off(one) < 2


def test_three_points_have_no_residual_and_too_few_bend_nothing(tmp_path: Path) -> None:
    corners = [_control(0.0)[at] for at in (0, 5, 30)]
    path = _with_points(tmp_path / "a.tif", corners, 0.0)
    found = adding.describe(path)
    assert found.georeference is not None
    assert found.georeference.residual_m is None
    with pytest.raises(InputError, match="3 control points, expected at least 6"):
        adding.describe(path, adding.Hints(warp="tps"))


def test_the_residual_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _with_points(tmp_path / "a.tif", _control(BEND_M))
    assert cli.run([*_command(path), "--dry-run"]) == 2
    assert "camps imagery add FILE --tolerance PIXELS" in capsys.readouterr().err
    for options, said in (
        (("--warp", "tps"), r"a thin-plate spline, which misses its control points by [\d.]+ m"),
        (("--tolerance", "20"), r"an affine transform, which misses its control points by [\d.]+ m"),
    ):
        assert cli.run([*_command(path, *options), "--dry-run"]) == 0
        assert re.search(said, capsys.readouterr().out)


# --- what a message asks for, done ------------------------------------------------------------------------------------


def _bare(folder: Path, world: bool = False) -> Path:
    """Write a picture without a place, or with a world file alone."""
    path = folder / "a.png"
    Image.fromarray(_stored()[0]).save(path)
    if world:
        path.with_suffix(".pgw").write_text(f"10\n0\n0\n-10\n{WEST}\n{NORTH}\n")
    return path


def _pointed(folder: Path) -> Path:
    rows = "".join(f"{c},{r},{WEST + 10 * c},{NORTH - 10 * r}\n" for c, r in ((0, 0), (40, 0), (0, 40), (40, 40)))
    (folder / "points.csv").write_text(f"column,row,x,y\n{rows}")
    return _bare(folder)


def _unnamed(folder: Path) -> Path:
    return Picture(folder / "a.tif", _stored(3, "uint16"), (ColorInterp.gray, *[ColorInterp.undefined] * 2)).write()


#: Option → the picture, what is told of it, what is told again, and how the message names the option.
REFUSED: dict[str, tuple[Callable[[Path], Path], list[str], list[str]]] = {
    "--bands": (_unnamed, [], ["--bands", "blue,green,red"]),
    "--bands blue": (_unnamed, ["--bands", "blue,blue,red"], ["--bands", "blue,green,red"]),
    "--crs EPSG": (lambda folder: _bare(folder, world=True), [], ["--crs", ZONE]),
    "leave out --crs": (_unnamed, ["--bands", "b,g,r", "--crs", "EPSG:32646"], ["--bands", "b,g,r"]),
    "FILE --crs": (lambda folder: _with_points(folder / "a.tif", _control(0.0), 0.0, crs=rasterio.CRS()), [],
                   ["--crs", ZONE]),
    "--points": (_pointed, [], ["--crs", ZONE, "--points", "points.csv"]),
    "--warp": (lambda folder: _with_points(folder / "a.tif", _control(BEND_M)), [], ["--warp", "tps"]),
    "--tolerance": (lambda folder: _with_points(folder / "a.tif", _control(BEND_M)), [], ["--tolerance", "20"]),
    "--date": (lambda folder: _scaled(folder, names=("red",)), ["--date", "23.6.2018"], ["--date", "2018-06-23"]),
    "--licence": (lambda folder: _scaled(folder, names=("red",)), ["--licence", " "], ["--licence", "own"]),
    "--attribution": (lambda folder: _scaled(folder, names=("red",)), ["--attribution", " "], ["--attribution", "me"]),
    "--id": (lambda folder: _scaled(folder, names=("red",)), ["--id", "a b"], ["--id", "a-b"]),
}  # fmt: skip


@pytest.mark.parametrize("asked", REFUSED)
def test_the_option_that_a_message_on_a_picture_names_is_a_way_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    make, told, again = REFUSED[asked]
    monkeypatch.chdir(tmp_path)
    command = [*_command(make(tmp_path)), "--dry-run"]
    assert cli.run([*command, *told]) == 2
    assert asked in capsys.readouterr().err
    assert cli.run([*command, *again]) == 0


def test_a_scene_added_twice_or_with_an_offset_of_another_is_added_as_its_message_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "record.toml").write_text('title = { en = "Another" }\n')
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path))
    path = _scaled(tmp_path, names=("red",))
    told = [*_command(path), "--id", "one"]
    assert cli.run([*told, "--offset", "-2000"]) == 0
    assert cli.run([*told, "--offset", "0"]) == 2
    assert "give another one with --id" in capsys.readouterr().err
    with pytest.raises(InputError, match="or add the file with --offset"):
        raster.read(scene.get("one"), WINDOW)
    assert cli.run([*_command(path), "--id", "two", "--offset", "0"]) == 0
    assert (raster.read(scene.get("two"), WINDOW).values >= 0).all()
