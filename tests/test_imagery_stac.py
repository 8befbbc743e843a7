"""Scenes from STAC catalogues: a real STAC API and a real file server on loopback, counted, cut and taken away."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
from rasterio.transform import Affine
from served_support import FileServer

from camps import catalogue
from camps.errors import InputError, MissingError
from camps.imagery import grid, raster, scene, stac

SITE = "xj-bfn130-aspi50"
#: Scenes that get pixels; the other nine are found, and not read.
WITH_PIXELS = ("s2l1c-ql-20170302", "s2l1c-ql-20170829", "s2l1c-ql-20180723", "s2l2a-20200602")


@dataclass
class Tiles:
    """The mirrored scenes as cloud-optimised GeoTIFFs, each in the middle of a tile nine times as large."""

    root: Path
    sizes: dict[str, int] = field(default_factory=dict)
    items: list[pystac.Item] = field(default_factory=list)


def _reflected(values: np.ndarray, transform: Affine) -> tuple[np.ndarray, Affine]:
    # A published tile is far larger than the cut-outs at hand: mirror them outwards to keep the share honest.
    _, height, width = values.shape
    pad = np.pad(values, ((0, 0), (height - 1, height - 1), (width - 1, width - 1)), mode="reflect")
    a, b, c, d, e, f = tuple(transform)[:6]
    away = (1 - width, 1 - height)
    return pad, Affine(a, b, a * away[0] + b * away[1] + c, d, e, d * away[0] + e * away[1] + f)


def _write_cog(one: scene.Scene, names: list[str], path: Path) -> None:
    stacked, placed = [], None
    for name in names:
        band = one.band(name)
        with raster.opened(band.href) as dataset:
            placed = raster.placement(dataset, one)
            stacked.append(dataset.read(band.index))
    values, place = _reflected(np.stack(stacked), placed.transform)
    with rasterio.open(
        path, "w", driver="COG", dtype="uint8", count=len(values), height=values.shape[1], width=values.shape[2],
        crs=placed.crs, transform=place, compress="deflate", level=1, blocksize=256, overviews="NONE", num_threads=2,
    ) as target:  # fmt: skip
        target.write(values)


def _item(one: scene.Scene, base: str) -> pystac.Item:
    colours = ["red", "green", "blue"]
    with raster.opened(one.band("red").href) as dataset:
        outline = raster.footprint(dataset, raster.placement(dataset, one)).iloc[0]
    item = pystac.Item(
        one.scene_id, json.loads(json.dumps(outline.__geo_interface__)), list(outline.bounds),
        datetime.fromisoformat(one.observed_on).replace(hour=5, tzinfo=UTC),
        {"platform": "sentinel-2a", "instruments": ["msi"], "gsd": 10, "license": "other",
         "eo:cloud_cover": 60.0 if one.scene_id.endswith("20180526") else 3.0, "attribution": one.attribution},
        collection="quicklooks",
    )  # fmt: skip
    bands = [{"name": name, "common_name": name} for name in colours]
    item.add_asset("visual", pystac.Asset(f"{base}/{one.scene_id}.tif", extra_fields={"eo:bands": bands}))
    return item


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiles]:
    from conftest import _mirror_folder

    folder = _mirror_folder()
    if folder is None:
        pytest.skip("no pictures here: set CAMPS_MIRROR to a mirror of them to run this test")
    root = tmp_path_factory.mktemp("tiles")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMPS_MIRROR", str(folder))
        scenes = scene.load()
        made = Tiles(root)
        for one in scenes.values():
            made.items.append(_item(one, "http://files.invalid"))
            if one.scene_id in WITH_PIXELS:
                _write_cog(one, ["red", "green", "blue"], root / f"{one.scene_id}.tif")
                made.sizes[f"{one.scene_id}.tif"] = (root / f"{one.scene_id}.tif").stat().st_size
    yield made
    shutil.rmtree(root)


def _at(items: list[pystac.Item], base: str) -> list[dict[str, object]]:
    moved = [item.clone() for item in items]
    for item in moved:
        for asset in item.assets.values():
            asset.href = asset.href.replace("http://files.invalid", base)
    return [item.to_dict(include_self_link=False) for item in moved]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def served(tiles: Tiles, tmp_path: Path) -> Iterator[tuple[FileServer, str]]:
    """Yield the file server and the address of a STAC API (rustac) that lists all thirteen scenes on it."""
    server = FileServer(tiles.root)
    collection = tmp_path / "items.json"
    collection.write_text(json.dumps({"type": "FeatureCollection", "features": _at(tiles.items, server.url)}))
    port = _free_port()
    program = Path(sys.executable).with_name("rustac")
    log = (tmp_path / "rustac.log").open("wb")
    api = subprocess.Popen(
        [program, "serve", "--addr", f"127.0.0.1:{port}", "--create-collections", str(collection)],
        stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        _await(port, api)
        yield server, f"http://127.0.0.1:{port}"
    finally:
        api.terminate()
        api.wait(10)
        log.close()
        server.close()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "the STAC server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the STAC server did not come up")


def _site_grid(radius_m: float = 1000.0) -> grid.Grid:
    site = catalogue.load().set_index("site_id").loc[SITE]
    return grid.site_grid(site["lon"], site["lat"], radius_m=radius_m)


COLOURS = ("red", "green", "blue")


@pytest.mark.mirror
def test_find_lists_the_scenes_of_a_site_and_says_why_one_is_left_out(served: tuple[FileServer, str]) -> None:
    plan = stac.find(_site_grid(), start="2017", end="2020", source=served[1], bands=COLOURS)
    assert len(plan.scenes) == 12
    assert list(plan.table["observed_on"]) == sorted(plan.table["observed_on"])
    assert plan.left_out["scene_id"].tolist() == ["s2l1c-ql-20180526"]
    assert "cloud 60 %" in plan.left_out["reason"].iloc[0]
    assert (plan.table["window_bytes"] > 0).all()
    assert plan.scenes[0].attribution == "contains modified Copernicus Sentinel data 2017"
    assert plan.scenes[0].licence == "other"


def _plan(api: str, radius_m: float = 1000.0) -> stac.Plan:
    found = stac.find(_site_grid(radius_m), start="2017", end="2020", source=api, bands=COLOURS)
    return found.only(WITH_PIXELS)


@pytest.mark.mirror
def test_read_transfers_only_the_window_and_nothing_twice(tiles: Tiles, served: tuple[FileServer, str]) -> None:
    server, api = served
    plan = _plan(api)
    seen: list[tuple[int, int, str]] = []
    windows = stac.read(plan, progress=lambda *step: seen.append(step)).scenes
    assert sorted(windows) == sorted(WITH_PIXELS)
    assert [step[:2] for step in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    shares = {name: server.sent[name] / size for name, size in tiles.sizes.items()}
    assert max(shares.values()) < 0.15, shares
    assert sum(server.sent.values()) < 0.15 * sum(tiles.sizes.values())
    before = dict(server.sent)
    again = stac.read(plan).scenes
    assert server.sent == before
    assert again == windows


@pytest.mark.mirror
def test_a_window_read_over_http_is_the_window_read_from_the_file(mirror: Path, served: tuple[FileServer, str]) -> None:
    plan = _plan(served[1])
    windows = stac.read(plan).scenes
    for scene_id in WITH_PIXELS:
        ours = raster.read(windows[scene_id], plan.grid)
        theirs = raster.read(scene.get(scene_id), plan.grid, bands=COLOURS)
        both = np.isfinite(ours.values) & np.isfinite(theirs.values)
        assert both[0].mean() > 0.95
        # The tile is the quicklook without its logo's mask, mirrored outwards: inside, pixel for pixel the same.
        assert np.median(np.abs(ours.values - theirs.values)[both]) == 0
        assert windows[scene_id].attribution.startswith("contains modified Copernicus Sentinel data")


@pytest.mark.mirror
def test_a_server_that_drops_every_fifth_connection_costs_nothing(
    tiles: Tiles, served: tuple[FileServer, str], tmp_path: Path
) -> None:
    server, api = served
    plan = _plan(api)
    whole = stac.read(plan, folder=tmp_path / "whole").scenes
    torn = FileServer(tiles.root, drop_every=5)
    moved = [_moved(one, server.url, torn.url) for one in plan.scenes]
    patchy = stac.read(stac.Plan(plan.catalogue, plan.grid, plan.bands, tuple(moved), plan.left_out),
                       folder=tmp_path / "patchy").scenes  # fmt: skip
    torn.close()
    assert torn.n_dropped >= 2
    for scene_id in WITH_PIXELS:
        one, other = (Path(found[scene_id].bands[0].href).read_bytes() for found in (whole, patchy))
        assert one == other


def _moved(one: scene.Scene, old: str, new: str) -> scene.Scene:
    from dataclasses import replace

    return replace(one, bands=tuple(replace(band, href=band.href.replace(old, new)) for band in one.bands))


@pytest.mark.mirror
def test_a_server_that_is_gone_is_said_and_leaves_nothing_half_written(
    served: tuple[FileServer, str], tmp_path: Path
) -> None:
    plan = _plan(served[1])
    gone = f"http://127.0.0.1:{_free_port()}"
    first = plan.scenes[0]
    stac.read(plan.only([first.scene_id]), folder=tmp_path / "cache")
    moved = [first, *(_moved(one, served[0].url, gone) for one in plan.scenes[1:])]
    broken = stac.Plan(plan.catalogue, plan.grid, plan.bands, tuple(moved), plan.left_out)
    found = stac.read(broken, folder=tmp_path / "cache")
    assert list(found.scenes) == [first.scene_id]
    assert found.summary == "scenes 4 = read 1 + refused 3"
    assert found.refused["reason"].str.contains(r"cannot be read from the server .* try again later").all()
    with pytest.raises(InputError, match=r"none of 3 scenes could be read.* try again later"):
        stac.read(broken.only([one.scene_id for one in moved[1:]]), folder=tmp_path / "cache")
    left = sorted(path.name for path in (tmp_path / "cache").iterdir())
    assert left == [f"{first.scene_id}.tif", f"{first.scene_id}.toml"]
    assert sorted(stac.read(plan, folder=tmp_path / "cache").scenes) == sorted(WITH_PIXELS)


@pytest.mark.mirror
def test_a_cached_window_that_was_cut_is_read_again(served: tuple[FileServer, str]) -> None:
    plan = _plan(served[1]).only(["s2l1c-ql-20170829"])
    path = Path(stac.read(plan).scenes["s2l1c-ql-20170829"].bands[0].href)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    stac.read(plan)
    assert path.read_bytes() == whole


@pytest.mark.mirror
def test_a_static_catalogue_in_a_folder_works_the_same(tiles: Tiles, tmp_path: Path) -> None:
    root = pystac.Catalog("local", "scenes of one's own")
    for features in _at(tiles.items, str(tiles.root)):
        root.add_item(pystac.Item.from_dict(features))
    root.normalize_and_save(str(tmp_path / "catalogue"), pystac.CatalogType.SELF_CONTAINED)
    plan = stac.find(_site_grid(), start="2017-08", end="2018", source=str(tmp_path / "catalogue"), bands=COLOURS)
    assert plan.scenes[0].observed_on == "2017-08-04"
    assert len(plan.scenes) == 8
    read = stac.read(plan.only(["s2l1c-ql-20180723"])).scenes
    assert raster.read(read["s2l1c-ql-20180723"], plan.grid).valid.mean() > 0.95


@pytest.mark.mirror
def test_a_period_without_scenes_and_a_site_elsewhere_find_nothing(served: tuple[FileServer, str]) -> None:
    assert stac.find(_site_grid(), start="2019", end="2019", source=served[1], bands=COLOURS).scenes == ()
    far = grid.site_grid(125.0, 39.0)
    assert stac.find(far, start="2017", end="2020", source=served[1], bands=COLOURS).scenes == ()


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [("17", "2020", "expected a year"), ("2017", "soon", "expected a year"), ("2017-13", "2020", "no such date"),
     ("2020", "2017", "ends before it begins")],
)  # fmt: skip
def test_a_period_that_is_none_is_refused(start: str, end: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        stac.find(grid.site_grid(88.3, 43.4), start=start, end=end)


def test_a_catalogue_that_is_not_there_is_said() -> None:
    with pytest.raises(MissingError, match="neither a preset"):
        stac.catalogue("/no/such/folder")
    here = grid.site_grid(88.3, 43.4)
    with pytest.raises(InputError, match="does not answer as a STAC catalogue"):
        stac.find(here, start="2017", end="2018", source=f"http://127.0.0.1:{_free_port()}")


def test_presets_name_a_file_for_each_default_band() -> None:
    for preset in stac.presets().values():
        assert set(stac.DEFAULT_BANDS) <= set(preset.assets)
        assert preset.licence
        assert "{year}" in preset.attribution


def _sentinel2(**properties: object) -> pystac.Item:
    return pystac.Item(
        "S2A_T45TWJ", None, [88, 43, 89, 44], datetime(2023, 6, 1, 5, tzinfo=UTC),
        {"platform": "sentinel-2a", **properties}, collection="sentinel-2-c1-l2a",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("properties", "scale", "offset"),
    [
        ({"s2:processing_baseline": "05.09"}, 1e-4, -0.1),
        ({"s2:processing_baseline": "03.01"}, 1e-4, 0.0),
        ({"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": True}, 1e-4, 0.0),
        ({"s2:processing_baseline": "04.00", "earthsearch:boa_offset_applied": False}, 1e-4, -0.1),
    ],
)
def test_the_sentinel2_offset_is_applied_once(properties: dict[str, object], scale: float, offset: float) -> None:
    item = _sentinel2(**properties)
    # What a catalogue states beside the pixels is not added to what the processing baseline says.
    stated = {"raster:bands": [{"scale": 1e-4, "offset": -0.1, "nodata": 0}]}
    item.add_asset("red", pystac.Asset("http://files.invalid/red.tif", extra_fields=stated))
    item.add_asset("scl", pystac.Asset("http://files.invalid/scl.tif"))
    found = stac._scene(item, stac.presets()["earth-search"], ["red", "scl"])
    assert (found.band("red").scale, found.band("red").offset) == (scale, offset)
    assert (found.band("scl").scale, found.band("scl").offset) == (1.0, 0.0)
    assert found.band("red").nodata == 0


def test_of_two_processings_of_one_scene_the_newer_is_taken() -> None:
    preset = stac.presets()["earth-search"]
    scenes = []
    for number, baseline in enumerate(("03.01", "05.09")):
        item = _sentinel2(**{"s2:processing_baseline": baseline, "grid:code": "MGRS-45TWJ"})
        item.id = f"run-{number}"
        item.add_asset("red", pystac.Asset("http://files.invalid/red.tif"))
        scenes.append(stac._scene(item, preset, ["red"]))
    kept, older = stac._newest(scenes)
    assert [one.scene_id for one in kept] == ["run-1"]
    assert older == [("run-0", "2023-06-01", "older processing of run-1")]


def test_a_scene_without_licence_is_left_out() -> None:
    item = _sentinel2(**{"s2:processing_baseline": "05.09"})
    item.add_asset("red", pystac.Asset("http://files.invalid/red.tif"))
    found = stac._scene(item, stac.Catalogue("own", "http://files.invalid"), ["red"])
    assert "no licence" in stac._refusal(found, 20)
