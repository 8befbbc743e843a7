"""Items of other people's catalogues: what their offset means, what a composite shows, and what a broken one costs."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from camps import files
from camps.errors import CampsError, InputError
from camps.imagery import grid, raster, scene, sites, stac
from camps.imagery.scene import Band, Scene

ZONE = "EPSG:32645"
LON, LAT = 88.2884, 43.3838
WINDOW = grid.site_grid(LON, LAT, radius_m=200)
COLOURS = ("red", "green", "blue")
OFFSET = {"scale": 0.0001, "offset": -0.1, "nodata": 0}


def _pixels(path: Path, stored: float | np.ndarray = 3000, *, dtype: str = "int16") -> Path:
    west, _, _, north = WINDOW.bounds
    place = Affine(10, 0, west - 200, 0, -10, north + 200)
    values = np.broadcast_to(np.asarray(stored, dtype=dtype), (80, 80))
    with rasterio.open(path, "w", driver="GTiff", width=80, height=80, count=1, dtype=dtype, crs=ZONE,
                       transform=place, nodata=0) as target:  # fmt: skip
        target.write(values, 1)
    return path


def _box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _item(name: str, pixels: Path, *, raster_bands: dict[str, Any] | None = None, collection: str = "sentinel-2-c1-l2a",
          **properties: Any) -> dict[str, Any]:  # fmt: skip
    stated = {} if raster_bands is None else {"raster:bands": [raster_bands]}
    assets = {name: {"href": str(pixels), **stated} for name in COLOURS}
    told = {"datetime": "2022-06-01T05:00:00Z", "platform": "sentinel-2a", "gsd": 10, "license": "other",
            "attribution": "somebody 2022", **properties}  # fmt: skip
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "collection": collection, "links": [],
        "geometry": _box(87.9, 43.0, 88.9, 43.9), "bbox": [87.9, 43.0, 88.9, 43.9], "properties": told,
        "assets": assets,
    }  # fmt: skip


def _catalogue(folder: Path, *items: Any, **changes: Any) -> str:
    links = [{"rel": "item", "href": f"./item-{number}.json"} for number in range(len(items))]
    root = {"type": "Catalog", "stac_version": "1.0.0", "id": "own", "description": "one's own", "links": links}
    for number, item in enumerate(items):
        text = item if isinstance(item, str) else json.dumps(item)
        (folder / f"item-{number}.json").write_text(text)
    (folder / "catalog.json").write_text(json.dumps({**root, **changes}))
    return str(folder)


def _found(folder: Path, *items: Any, window: grid.Grid = WINDOW, period: tuple[str, str] = ("2015", "2024"),
           **changes: Any) -> stac.Plan:  # fmt: skip
    source = _catalogue(folder, *items, **changes)
    return stac.find(window, start=period[0], end=period[1], source=source, bands=COLOURS)


def _reasons(plan: stac.Plan) -> dict[str, str]:
    return dict(zip(plan.left_out["scene_id"], plan.left_out["reason"], strict=True))


# --- what an offset means ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stated", "properties", "value"), [
    # Stated, and no baseline at all.
    (OFFSET, {}, 0.20),
    # As STAC 1.1 writes it, and without the extension's prefix.
    ({"raster:scale": 0.0001, "raster:offset": -0.1}, {}, 0.20),
    (OFFSET, {"s2:processing_baseline": "05.09"}, 0.20),
    # Not stated: the baseline says it.
    ({"scale": 0.0001}, {"s2:processing_baseline": "04.00"}, 0.20),
    (None, {"s2:processing_baseline": "N0509"}, 0.20), (None, {"processing:version": "05.10"}, 0.20),
    (None, {"s2:processing_baseline": "03.01"}, 0.30),
    # Products before 2022 never had one, whatever is stated beside them.
    (OFFSET, {"s2:processing_baseline": "02.12"}, 0.30),
    # Who took it off says so.
    (OFFSET, {"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": True}, 0.30),
    (OFFSET, {"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": False}, 0.20),
    ({"scale": 0.0001, "offset": 0}, {}, 0.30),
])  # fmt: skip
@pytest.mark.parametrize("key", ["raster:bands", "bands"])
def test_a_sentinel2_offset_is_taken_off_once(
    tmp_path: Path, stated: dict[str, Any] | None, properties: dict[str, Any], value: float, key: str
) -> None:
    item = _item("one", _pixels(tmp_path / "a.tif"), raster_bands=stated, **properties)
    for asset in item["assets"].values():
        if "raster:bands" in asset:
            asset[key] = asset.pop("raster:bands")
    windows = stac.read(_found(tmp_path, item))
    assert raster.read(windows.scenes["one"], WINDOW).values == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(("stated", "value"), [
    ({"scale": 2.75e-5, "offset": -0.2}, -0.1175), ({"scale": 0.1}, 300), ({"offset": -100}, 2900), (None, 3000),
])  # fmt: skip
def test_what_other_instruments_state_holds(tmp_path: Path, stated: dict[str, Any] | None, value: float) -> None:
    item = _item("one", _pixels(tmp_path / "a.tif"), raster_bands=stated, collection="landsat-c2-l2")
    item["assets"] = {"nir": item["assets"]["red"]}
    plan = stac.find(WINDOW, start="2022", end="2022", source=_catalogue(tmp_path, item), bands=["nir"])
    assert raster.read(stac.read(plan).scenes["one"], WINDOW).values == pytest.approx(value, rel=1e-6)


def test_a_scene_of_which_nothing_tells_the_offset_is_left_out_by_name(tmp_path: Path) -> None:
    pixels = _pixels(tmp_path / "a.tif")
    plan = _found(tmp_path, _item("mute", pixels), _item("told", pixels, raster_bands=OFFSET))
    assert [one.scene_id for one in plan.scenes] == ["told"]
    assert _reasons(plan) == {
        "mute": "states neither an offset nor its processing baseline: its values cannot be known"
    }


@pytest.mark.parametrize(("collection", "taken"), [("sentinel-2-c1-l2a", True), ("sentinel-2-l2a", False)])
def test_of_earth_search_the_reprocessed_collection_alone_is_taken(
    tmp_path: Path, collection: str, taken: bool
) -> None:
    assert stac.presets()["earth-search"].collections == ("sentinel-2-c1-l2a",)
    told = {"s2:processing_baseline": "04.00", "earthsearch:boa_offset_applied": False}
    item = _item("one", _pixels(tmp_path / "a.tif"), raster_bands=OFFSET, collection=collection, **told)
    where = stac.Catalogue("own", "https://earth-search.aws.element84.com/v1", licence="x", attribution="y")
    scene, reason = stac._judged(stac.pystac.Item.from_dict(item), where, COLOURS, WINDOW, 20)
    assert (scene is not None) is taken
    assert taken or "take sentinel-2-c1-l2a of Earth Search" in reason
    # The same words from another publisher are no reason; that its pixels make sense is seen when they are read.
    assert len(_found(tmp_path, item).scenes) == 1


def test_an_offset_that_was_taken_off_before_is_seen_in_the_pixels_and_stops_no_other(tmp_path: Path) -> None:
    told = {"raster_bands": OFFSET, "s2:processing_baseline": "05.09"}
    # Reflectance of 0.02 to 0.2 where the publisher has taken 1000 off already.
    dark = np.linspace(200, 2000, 6400).reshape(80, 80)
    items = [
        _item("twice", _pixels(tmp_path / "twice.tif", dark), **told),
        _item("once", _pixels(tmp_path / "once.tif", dark + 1000), **told, **{"grid:code": "b"}),
    ]
    found = stac.read(_found(tmp_path, *items))
    assert list(found.scenes) == ["once"]
    assert found.summary == "scenes 2 = read 1 + refused 1"
    assert found.refused["scene_id"].tolist() == ["twice"]
    assert "of its red and green lie below zero, expected at most 2%" in found.refused["reason"].iloc[0]
    with pytest.raises(InputError, match=r"none of 1 scenes could be read; the first: scene twice: \d+% of its red"):
        stac.read(_found(tmp_path, items[0]), folder=tmp_path / "other")


def _below(folder: Path, share: float, *, names: tuple[str, ...] = ("red", "green"), nodata: bool = False) -> Scene:
    """Return a scene of which a share of the window's pixels lies below zero."""
    values = np.full((80, 80), 1500, dtype="int16")
    window = values[20:60, 20:60].reshape(-1)
    window[: round(share * 1600)] = -300
    if nodata:
        window[800:] = 0
    values[20:60, 20:60] = window.reshape(40, 40)
    path = str(_pixels(folder / "a.tif", values))
    return Scene("one", "drone", "2018-06-23", 10.0, tuple(Band(name, path) for name in names), "own", "somebody")


@pytest.mark.parametrize(("share", "told", "refused"), [
    (0.019, {}, False), (0.021, {}, True), (0.02, {}, False),
    # Of valid pixels: what is nodata makes the others a larger share.
    (0.011, {"nodata": True}, True), (0.009, {"nodata": True}, False),
    (0.021, {"names": ("red",)}, True), (0.3, {"names": ("nir", "blue")}, False),
])  # fmt: skip
def test_more_than_two_per_cent_of_red_and_green_below_zero_is_refused_by_name(
    tmp_path: Path, share: float, told: dict[str, Any], refused: bool
) -> None:
    one = _below(tmp_path, share, **told)
    if refused:
        with pytest.raises(InputError, match=r"scene one: [0-9]+% of its red and green lie below zero"):
            raster.read(one, WINDOW)
    else:
        assert (raster.read(one, WINDOW).values < 0).any()


@pytest.mark.parametrize(("lost", "told", "taken"), [
    (("license", "attribution"), {}, False), (("attribution",), {}, False),
    (("license",), {"attribution": "me"}, False),
    (("license", "attribution"), {"licence": "CC0", "attribution": "me {year}"}, True),
    (("license",), {"licence": "CC0"}, True),
])  # fmt: skip
def test_the_terms_that_a_catalogue_does_not_state_can_be_said(
    tmp_path: Path, lost: tuple[str, ...], told: dict[str, str], taken: bool
) -> None:
    item = _item("one", _pixels(tmp_path / "a.tif"), raster_bands=OFFSET)
    for name in lost:
        del item["properties"][name]
    source = _catalogue(tmp_path, item)
    plan = stac.find(WINDOW, start="2022", end="2022", source=source, bands=COLOURS, **told)
    assert len(plan.scenes) == taken
    if not taken:
        assert "say them with --licence and --attribution" in _reasons(plan)["one"]
    elif "attribution" in told:
        assert plan.scenes[0].attribution == "me 2022"
    for wrong in ("{month}", "{", "{0}"):
        with pytest.raises(InputError, match=r"--attribution .*year"):
            stac.find(WINDOW, start="2022", end="2022", source=source, attribution=wrong)


# --- what a composite shows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dated", "shown"), [
    ({"datetime": None, "start_datetime": "2018-06-01T00:00:00Z", "end_datetime": "2018-06-30T23:59:59Z"},
     "2018-06-01/2018-06-30"),
    # With a date of its own as well, which is the middle or the first of it.
    ({"datetime": "2018-06-01T00:00:00Z", "start_datetime": "2018-06-01T00:00:00Z",
      "end_datetime": "2018-06-30T23:59:59Z"}, "2018-06-01/2018-06-30"),
    ({"datetime": "2018-06-01T23:30:00-04:00"}, "2018-06-02"),
    ({"datetime": None, "start_datetime": "2018-06-05T05:00:00Z", "end_datetime": "2018-06-05T05:00:20Z"},
     "2018-06-05"),
    # A pass over midnight.
    ({"datetime": "2018-06-05T23:59:55Z", "start_datetime": "2018-06-05T23:59:55Z",
      "end_datetime": "2018-06-06T00:00:05Z"}, "2018-06-05/2018-06-06"),
])  # fmt: skip
def test_a_composite_keeps_its_interval_into_the_cache(tmp_path: Path, dated: dict[str, Any], shown: str) -> None:
    item = _item("one", _pixels(tmp_path / "a.tif"), raster_bands=OFFSET, **dated)
    plan = _found(tmp_path, item)
    assert [one.observed_on for one in plan.scenes] == [shown]
    read = stac.read(plan).scenes["one"]
    assert read.observed_on == shown
    assert read.interval == (shown[:10], shown[-10:])


@pytest.mark.parametrize(("period", "found"), [
    (("2018-06-30", "2018-07"), True), (("2018-05", "2018-06-01"), True), (("2018-06-10", "2018-06-12"), True),
    (("2018-07-01", "2018-08"), False), (("2017", "2018-05-31"), False),
])  # fmt: skip
def test_a_composite_is_found_in_any_part_of_its_time(tmp_path: Path, period: tuple[str, str], found: bool) -> None:
    dated = {"datetime": None, "start_datetime": "2018-06-01T00:00:00Z", "end_datetime": "2018-06-30T23:59:59Z"}
    item = _item("one", _pixels(tmp_path / "a.tif"), raster_bands=OFFSET, **dated)
    assert len(_found(tmp_path, item, period=period).scenes) == found


@pytest.mark.parametrize(("dated", "reason"), [
    ({"datetime": None}, "Invalid Item: If datetime is None"),
    ({"datetime": None, "start_datetime": "2018-06-30T00:00:00Z", "end_datetime": "2018-06-01T00:00:00Z"},
     "ends before it begins"),
    ({"datetime": "the summer of 2018"}, "cannot be read as a STAC"),
])  # fmt: skip
def test_an_item_without_a_date_is_left_out_by_name(tmp_path: Path, dated: dict[str, Any], reason: str) -> None:
    pixels = _pixels(tmp_path / "a.tif")
    items = [_item("undated", pixels, raster_bands=OFFSET, **dated), _item("dated", pixels, raster_bands=OFFSET)]
    plan = _found(tmp_path, *items)
    assert [one.scene_id for one in plan.scenes] == ["dated"]
    assert reason in " ".join(plan.left_out["reason"])
    assert plan.summary == "items 2 = used 1 + left out 1"


# --- where an item lies -----------------------------------------------------------------------------------------------

ACROSS = {"bbox": [179.5, 60.0, -179.5, 61.0],
          "geometry": {"type": "MultiPolygon", "coordinates": [_box(179.5, 60, 180, 61)["coordinates"],
                                                               _box(-180, 60, -179.5, 61)["coordinates"]]}}  # fmt: skip
TURNED = {"bbox": [-179.5, 60.0, 179.5, 61.0], "geometry": _box(-179.5, 60, 179.5, 61)}
LONG_WAY = {"bbox": [179.5, 60.0, 180.5, 61.0], "geometry": _box(179.5, 60, 180.5, 61)}


@pytest.mark.parametrize("shape", [ACROSS, TURNED, LONG_WAY, {**ACROSS, "geometry": None}, {**TURNED, "bbox": None}],
                         ids=["two parts", "turned", "running on", "a box alone", "an outline alone"])  # fmt: skip
@pytest.mark.parametrize(("lon", "shows"), [(88.0, False), (179.7, True), (-179.7, True), (179.999, True),
                                            (178.9, False), (-179.3, False), (0.0, False)])  # fmt: skip
def test_an_item_across_the_date_line_is_found_where_it_lies(
    tmp_path: Path, shape: dict[str, Any], lon: float, shows: bool
) -> None:
    item = {**_item("across", tmp_path / "none.tif", raster_bands=OFFSET), **shape}
    if item["bbox"] is None:
        del item["bbox"]
    if item["geometry"] is None:
        item["links"] = []
    plan = _found(tmp_path, item, window=grid.site_grid(lon, 60.5, radius_m=1000))
    # A box that spans the whole world the wrong way round says nothing: the outline tells.
    assert (len(plan.scenes) == 1) is shows, plan.left_out["reason"].tolist()


def test_a_bad_scene_stops_no_other(tmp_path: Path) -> None:
    pixels = _pixels(tmp_path / "a.tif")
    sound = _item("sound", pixels, raster_bands=OFFSET)
    cut = tmp_path / "cut.tif"
    cut.write_bytes(pixels.read_bytes()[:2000])
    away = _pixels(tmp_path / "away.tif")
    with rasterio.open(away, "r+") as target:
        target.transform = Affine(10, 0, 500_000, 0, -10, 3_000_000)
    broken = [
        {**_item("across", pixels, raster_bands=OFFSET), **ACROSS}, _item("cut", cut, raster_bands=OFFSET),
        _item("gone", tmp_path / "gone.tif", raster_bands=OFFSET), _item("away", away, raster_bands=OFFSET),
        "no json at all", json.dumps([1, 2]), {**_item("x", pixels), "bbox": [1, 2, "c", 4]},
    ]  # fmt: skip
    for number, one in enumerate(broken):
        if isinstance(one, dict):
            one["properties"]["grid:code"] = f"tile {number}"
    found = stac.read(plan := _found(tmp_path, *broken, sound))
    assert plan.summary == "items 8 = used 4 + left out 4"
    assert _reasons(plan)["across"] == "does not show the site"
    assert list(found.scenes) == ["sound"]
    assert found.refused["scene_id"].tolist() == ["away", "cut", "gone"]
    for scene_id, reason in zip(found.refused["scene_id"], found.refused["reason"], strict=True):
        assert scene_id in reason
    assert int(found.account.drop(columns="scene_id").to_numpy().sum()) == WINDOW.width * WINDOW.height


def test_of_two_items_with_one_id_the_second_is_named_and_not_taken_for_the_first(tmp_path: Path) -> None:
    items = [
        _item(name, _pixels(tmp_path / f"{number}.tif", 3000 + 100 * number), raster_bands=OFFSET,
              **{"grid:code": f"{number}"}) for number, name in enumerate(("a/b", "a-b", "A-b", "c"))
    ]  # fmt: skip
    plan = _found(tmp_path, *items, _item("c", tmp_path / "none.tif", raster_bands=OFFSET, collection="sentinel-2-b"))
    assert plan.summary == "items 5 = used 2 + left out 3"
    assert set(plan.left_out["reason"]) == {"its id is that of another item, or too like it"}
    found = stac.read(plan)
    values = {name: raster.read(one, WINDOW).values.mean() for name, one in found.scenes.items()}
    assert len(values) == 2
    for one in plan.scenes:
        stored = {"a/b": 3000, "a-b": 3100, "A-b": 3200, "c": 3300}[one.scene_id]
        assert values[one.scene_id] == pytest.approx(stored * 1e-4 - 0.1, abs=1e-6)


def test_two_folders_of_one_name_and_a_picture_that_changed_are_read_each_for_itself(tmp_path: Path) -> None:
    """Windows were kept by the name of the folder, so another's picture stood for the one asked for."""
    for folder, stored in (("x/own", 3000), ("y/own", 4000), ("y/own", 5000)):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        item = _item("one", _pixels(tmp_path / folder / "a.tif", stored), raster_bands=OFFSET)
        found = stac.read(_found(tmp_path / folder, item))
        assert raster.read(found.scenes["one"], WINDOW).values == pytest.approx(stored * 1e-4 - 0.1, abs=1e-6)
    again = _item("one", tmp_path / "y/own/a.tif", raster_bands={**OFFSET, "offset": 0})
    found = stac.read(_found(tmp_path / "y/own", again))
    assert raster.read(found.scenes["one"], WINDOW).values == pytest.approx(0.5, abs=1e-6)


def _bands(*names: str) -> list[dict[str, Any]]:
    return [{"name": f"b-{name}", "common_name": name} for name in names]


def test_a_picture_for_the_eye_is_not_taken_for_data(tmp_path: Path) -> None:
    """Its stretched numbers came out as reflectances, as it stands before the bands in many a catalogue."""
    item = _item("one", _pixels(tmp_path / "a.tif", 3000), raster_bands=OFFSET)
    eye = {"href": str(_pixels(tmp_path / "eye.tif", 200)), "roles": ["overview"], "eo:bands": _bands(*COLOURS)}
    data = {f"b-{name}": {**item["assets"][name], "eo:bands": _bands(name)} for name in COLOURS}
    item["assets"] = {"overview": eye, **data}
    windows = stac.read(_found(tmp_path, item))
    assert raster.read(windows.scenes["one"], WINDOW).values == pytest.approx(0.2, abs=1e-6)
    item["assets"] = {"overview": eye}
    assert _reasons(_found(tmp_path, item)) == {"one": "has pictures for the eye alone, whose values cannot be known"}
    drone = {**item, "collection": "drone"}
    assert [band.index for band in _found(tmp_path, drone).scenes[0].bands] == [1, 2, 3]


def test_of_one_band_at_several_sizes_of_pixel_the_smallest_is_taken(tmp_path: Path) -> None:
    item = _item("one", _pixels(tmp_path / "a.tif"), raster_bands=OFFSET)
    item["assets"] = {
        f"{gsd}-{name}": {"href": f"{tmp_path}/{gsd}.tif", "gsd": gsd, "eo:bands": _bands(name)}
        for gsd in (60, 20, 10)
        for name in COLOURS
    }
    item["properties"]["s2:processing_baseline"] = "05.09"
    assert {Path(band.href).name for band in _found(tmp_path, item).scenes[0].bands} == {"10.tif"}


def test_a_scale_of_nought_is_named(tmp_path: Path) -> None:
    item = _item("one", _pixels(tmp_path / "a.tif"), raster_bands={"scale": 0}, collection="landsat-c2-l2")
    assert "a scale of 0 for red" in _reasons(_found(tmp_path, item))["one"]


def test_windows_become_scenes_of_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What had been read into the cache no other command could read."""
    files.write_text(tmp_path / "record.toml", 'title = { en = "Another" }\n')
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path))
    pixels = tmp_path / "a.tif"
    for stored in (3000, 3000, 4000):
        found = stac.read(_found(tmp_path, _item("one", _pixels(pixels, stored), raster_bands=OFFSET)))
        if stored == 3000:
            assert list(sites.register_windows(found, "my/site 1")) == ["one-my-site-1"]
    assert raster.read(scene.get("one-my-site-1"), WINDOW).values == pytest.approx(0.2, abs=1e-6)
    assert scene.listing()["here"].tolist() == [True]
    with pytest.raises(InputError, match=r"other pixels, expected those read now; remove one-my-site-1\.tif"):
        sites.register_windows(found, "my/site 1")


def test_ids_that_are_cut_stay_apart() -> None:
    ids = {stac.registered_id(f"{'a' * 90}{end}", "site") for end in "xyz"}
    assert len(ids) == 3
    assert all(scene.SCENE_ID.fullmatch(one) for one in ids)


# --- what a catalogue may be ------------------------------------------------------------------------------------------


def test_a_catalogue_that_holds_itself_has_an_end(tmp_path: Path) -> None:
    pixels = _pixels(tmp_path / "a.tif")
    above = [
        {"rel": "item", "href": "./item-0.json"}, {"rel": "item", "href": "./item-0.json"},
        {"rel": "child", "href": "./catalog.json"}, {"rel": "child", "href": "./below/catalog.json"},
    ]  # fmt: skip
    links = [{"rel": "child", "href": "../catalog.json"}, {"rel": "child", "href": "./catalog.json"}]
    below = {"type": "Catalog", "stac_version": "1.0.0", "id": "below", "description": "x", "links": links}
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "catalog.json").write_text(json.dumps(below))
    plan = _found(tmp_path, _item("one", pixels, raster_bands=OFFSET), links=above)
    assert plan.summary == "items 1 = used 1 + left out 0"


@pytest.mark.parametrize("content", [
    "", "no json", "[]", "{}", "null", '"catalog"', '{"type": "Catalog"}', '{"type": "Feature"}', "[" * 5000,
    '{"type": "Catalog", "stac_version": "1.0.0", "id": "x", "description": "x", "links": [3]}',
    '{"type": "Catalog", "stac_version": "1.0.0", "id": "x", "description": "x", "links": null}',
    '{"type": "Catalog", "stac_version": "9", "id": "x", "description": "x", "links": [{"rel": "item"}]}',
    '{"type": "Catalog", "stac_version": 1, "id": {}, "description": "x", "links": {"a": 1}}',
])  # fmt: skip
def test_what_is_no_catalogue_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "catalog.json").write_text(content)
    try:
        said = stac.find(WINDOW, start="2017", end="2018", source=str(tmp_path)).summary
    except CampsError as error:
        said = str(error)
    assert str(tmp_path) in said or said == "items 0 = used 0 + left out 0"


#: What stands where something else is expected.
ODD: tuple[Any, ...] = (
    None, 3, -1e400, "x", "", [], {}, [[]], {"a": 1}, [None], True, "2018-13-45T99:00:00Z", "\ud800"
)  # fmt: skip


def _places(content: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [at, *(place for key, value in inner for place in _places(value, (*at, key)))]


def _with(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(content)
    if not place:
        return value
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return changed


def _rich(pixels: Path) -> dict[str, Any]:
    item = _item("rich", pixels, raster_bands=OFFSET, **{
        "eo:cloud_cover": 3.0, "instruments": ["msi"], "s2:processing_baseline": "05.09", "grid:code": "MGRS-45TWJ",
        "start_datetime": "2022-06-01T05:00:00Z", "end_datetime": "2022-06-01T05:00:20Z", "updated": "2023-01-01",
    })  # fmt: skip
    item["assets"]["visual"] = {"href": str(pixels), "eo:bands": [{"name": "B04", "common_name": "red"}],
                                "gsd": 10, "file:size": 12800}  # fmt: skip
    item["links"] = [{"rel": "collection", "href": "./collection.json"}]
    return item


def _sound(pixels: Path) -> dict[str, Any]:
    return _item("sound", pixels, raster_bands=OFFSET, **{"grid:code": "another"})


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_any_field_of_an_item_may_be_of_another_kind(tmp_path: Path, odd: Any) -> None:
    pixels = _pixels(tmp_path / "a.tif")
    rich = _rich(pixels)
    places = _places(rich)
    assert len(places) > 60
    items = [_with(rich, place, odd) for place in places]
    plan = _found(tmp_path, *[json.dumps(one) for one in items], _sound(pixels))
    assert plan.n_found == len(plan.scenes) + len(plan.left_out) <= len(items) + 1
    assert "sound" in {one.scene_id for one in plan.scenes}
    assert not plan.left_out["reason"].isna().any()
    # What was planned is read or named.
    found = stac.read(plan)
    assert len(found.scenes) + len(found.refused) == len(plan.scenes)
    assert "sound" in found.scenes


@pytest.mark.parametrize("missing", [True])
def test_any_field_of_an_item_may_be_missing(tmp_path: Path, missing: bool) -> None:
    pixels = _pixels(tmp_path / "a.tif")
    rich = _rich(pixels)
    items = []
    for place in _places(rich)[1:]:
        one = copy.deepcopy(rich)
        inner = one
        for key in place[:-1]:
            inner = inner[key]
        del inner[place[-1]]
        items.append(one)
    plan = _found(tmp_path, *items, _sound(pixels))
    assert plan.n_found == len(plan.scenes) + len(plan.left_out)
    assert "sound" in stac.read(plan).scenes
