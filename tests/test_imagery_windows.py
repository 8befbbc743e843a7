"""Windows of many sites, read together from a file server that is busy, drops connections and has lost files."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
import shapely
from pyproj import Transformer
from rasterio.transform import Affine
from served_support import FileServer

from camps import catalogue
from camps.errors import InputError
from camps.imagery import fetching, grid, opening, raster, scene, sites, stac

ZONE = "EPSG:32645"
BANDS = ("red", "green", "blue")
DATES = ("2017-05-01", "2018-05-01", "2020-05-01")
SIDE, WEST, NORTH = 1024, 400_000, 4_900_000
#: Upper left pixels of the sites: two share a block, one reaches over the edge.
CORNERS = {"near": (100, 100), "beside": (150, 130), "far": (700, 640), "edge": (980, 300)}


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of cloud-optimised tiles, three bands on three dates."""
    root = tmp_path_factory.mktemp("tiles")
    for number, date in enumerate(DATES):
        for place, name in enumerate(BANDS):
            values = np.random.default_rng([number, place]).integers(1, 10_000, (SIDE, SIDE), dtype=np.uint16)
            with rasterio.open(
                root / f"{date}_{name}.tif", "w", driver="COG", dtype="uint16", count=1, height=SIDE, width=SIDE,
                crs=ZONE, transform=Affine(10, 0, WEST, 0, -10, NORTH), compress="deflate", blocksize=256, nodata=0,
            ) as target:  # fmt: skip
                target.write(values, 1)
    return root


def _scene(date: str, base: str) -> scene.Scene:
    bands = tuple(scene.Band(name, f"{base}/{date}_{name}.tif", 1, 1e-4, 0.0, 0.0) for name in BANDS)
    return scene.Scene(f"t-{date}", "made", date, 10, bands, "own", "made", properties={"collection": "t"})


def _plans(base: str) -> dict[str, stac.Plan]:
    where = stac.Catalogue("made", base)
    scenes = tuple(_scene(date, base) for date in DATES)
    boxes = {name: (WEST + 10 * column, NORTH - 10 * row) for name, (column, row) in CORNERS.items()}
    return {
        name: stac.Plan(where, grid.Grid(ZONE, x, y, 10, 90, 80), BANDS, scenes, fetching.pd.DataFrame())
        for name, (x, y) in boxes.items()
    }


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAUSES_S", (0.05, 0.1))
    monkeypatch.setitem(opening.REMOTE, "GDAL_HTTP_RETRY_DELAY", "0.02")


def _sums(folder: Path) -> dict[str, str]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.fixture
def server(tiles: Path) -> Iterator[FileServer]:
    server = FileServer(tiles)
    yield server
    server.close()


def test_windows_of_many_sites_are_those_of_each_site_alone_whatever_the_workers(
    server: FileServer, tmp_path: Path
) -> None:
    plans = _plans(server.url)
    before = server.n_requests
    for name, plan in plans.items():
        stac.read(plan, folder=tmp_path / "alone" / name)
    alone, before = server.n_requests - before, server.n_requests
    found = stac.read_all(plans, folder=tmp_path / "one", workers=1)
    together = server.n_requests - before
    stac.read_all(plans, folder=tmp_path / "four", workers=4)
    assert found.summary == "4 sites, windows 12 = read 12 + refused 0"
    assert found.table["read"].tolist() == [3, 3, 3, 3]
    assert _sums(tmp_path / "one") == _sums(tmp_path / "alone") == _sums(tmp_path / "four")
    assert together < alone
    column, row = CORNERS["far"]
    with rasterio.open(server.root / f"{DATES[1]}_red.tif") as dataset:
        stored = dataset.read(1)[row : row + 80, column : column + 90]
    read = raster.read(found.sites["far"].scenes[f"t-{DATES[1]}"], plans["far"].grid)
    assert read.band("red") == pytest.approx(stored * np.float32(1e-4), rel=1e-6)


def test_a_server_with_faults_gives_all_or_it_is_named_and_nothing_is_empty(tiles: Path, tmp_path: Path) -> None:
    gone = f"{DATES[1]}_green.tif"
    torn = FileServer(tiles, drop_every=20, busy_every=19, missing=[gone])
    plans = _plans(torn.url)
    found = stac.read_all(plans, folder=tmp_path / "faulty")
    torn.close()
    assert torn.n_dropped
    assert torn.n_busy
    assert found.summary == "4 sites, windows 12 = read 8 + refused 4"
    assert found.refused["site_id"].tolist() == list(CORNERS)
    assert set(found.refused["scene_id"]) == {f"t-{DATES[1]}"}
    assert found.refused["reason"].str.startswith(f"{torn.url}/{gone}: is not on the server").all()
    assert len(list((tmp_path / "faulty").rglob("*.tif"))) == 8
    for name, windows in found.sites.items():
        for one in windows.scenes.values():
            share = 0.9 if name != "edge" else 0.4
            assert raster.read(one, plans[name].grid).valid.mean() > share


def test_what_a_busy_server_did_not_give_is_asked_for_again(
    tiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(opening.REMOTE, "GDAL_HTTP_MAX_RETRY", "0")
    server = FileServer(tiles)
    plans = {"near": _plans(server.url)["near"]}
    rounds: list[int] = []
    once = fetching._fetch_once

    def counted(todo: list[fetching._Task], threads: int) -> Iterator[tuple[fetching._Task, object]]:
        rounds.append(len(todo))
        return once(todo, threads)

    monkeypatch.setattr(fetching, "_fetch_once", counted)
    # Refused are the questions where the three files of the first scene lie, and then GDAL.
    server.busy = 4
    steps: list[int] = []
    found = stac.read_all(
        plans, folder=tmp_path / "a", workers=1, progress=lambda done, _total, _what: steps.append(done)
    )
    server.close()
    assert server.n_busy == 4
    assert rounds == [3, 1]
    assert steps == [1, 2, 3]
    assert found.summary == "1 sites, windows 3 = read 3 + refused 0"


def test_a_failure_is_not_remembered_after_the_server_recovered(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(opening.REMOTE, "GDAL_HTTP_MAX_RETRY", "0")
    plan = _plans(server.url)["near"]
    server.busy = 1_000
    with pytest.raises(InputError, match=r"none of 3 scenes .*HTTP response code: 503"):
        stac.read(plan, folder=tmp_path / "cache")
    server.busy = 0
    assert stac.read(plan, folder=tmp_path / "cache").summary == "scenes 3 = read 3 + refused 0"


def test_a_stopped_run_goes_on_from_what_is_whole(server: FileServer, tmp_path: Path) -> None:
    plans = _plans(server.url)

    def stop(done: int, _total: int, _what: str) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stac.read_all(plans, folder=tmp_path / "cut", progress=stop)
    kept = _sums(tmp_path / "cut")
    whole = len([name for name in kept if name.endswith(".toml")])
    assert 5 <= whole < 12
    seen: list[int] = []
    stac.read_all(plans, folder=tmp_path / "cut", progress=lambda done, _total, _what: seen.append(done))
    assert seen == list(range(whole + 1, 13))
    stac.read_all(plans, folder=tmp_path / "whole")
    assert _sums(tmp_path / "cut") == _sums(tmp_path / "whole")
    assert kept.items() <= _sums(tmp_path / "cut").items()


def test_memory_bounds_the_threads_and_a_window_that_is_too_large_is_refused(tmp_path: Path) -> None:
    plan = _plans("http://files.invalid")["near"]
    large = replace(plan, grid=grid.Grid(ZONE, WEST, NORTH, 10, 1000, 1000))
    todo = [fetching._Task("near", one, large, tmp_path) for one in large.scenes]
    assert [fetching._threads(todo, 4, memory_mb) for memory_mb in (70, 150, 210, 1000)] == [1, 2, 3, 4]
    with pytest.raises(InputError, match="expected at least the 69 MB that one of site near takes"):
        stac.read_all({"near": large}, memory_mb=40, folder=tmp_path)
    with pytest.raises(InputError, match="workers 0: expected 1 or more"):
        stac.read_all({"near": plan}, workers=0, folder=tmp_path)


class _Api(BaseHTTPRequestHandler):
    """A STAC API of one collection, which has no answer to some searches."""

    server: ApiServer

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        base = f"http://127.0.0.1:{self.server.server_port}"
        links = [{"rel": rel, "href": base + path} for rel, path in
                 (("self", "/"), ("root", "/"), ("data", "/collections"))]  # fmt: skip
        search = {"rel": "search", "href": f"{base}/search", "type": "application/geo+json", "method": "POST"}
        links.append(search)
        classes = ["core", "item-search", "collections"]
        root = {"type": "Catalog", "id": "made", "description": "made", "stac_version": "1.0.0", "links": links,
                "conformsTo": [f"https://api.stacspec.org/v1.0.0/{one}" for one in classes]}  # fmt: skip
        self._say({"collections": [], "links": []} if self.path.startswith("/collections") else root)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        window = shapely.box(*asked["bbox"])
        if window.intersects(self.server.silent):
            self.send_error(400)
            return
        self._say({"type": "FeatureCollection", "features": self.server.items, "links": []})

    def _say(self, content: object) -> None:
        text = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class ApiServer(ThreadingHTTPServer):
    """A STAC API on loopback."""

    def __init__(self, items: list[dict[str, object]], silent: shapely.Geometry) -> None:
        super().__init__(("127.0.0.1", 0), _Api)
        self.items, self.silent = items, silent
        threading.Thread(target=self.serve_forever, daemon=True).start()


def _item(date: str, base: str) -> dict[str, object]:
    to_lonlat = Transformer.from_crs(ZONE, 4326, always_xy=True)
    outline = shapely.box(*to_lonlat.transform_bounds(WEST, NORTH - SIDE * 10, WEST + SIDE * 10, NORTH))
    item = pystac.Item(
        f"t-{date}", shapely.geometry.mapping(outline), list(outline.bounds),
        datetime.fromisoformat(date).replace(tzinfo=UTC),
        {"platform": "made", "gsd": 10, "license": "own", "attribution": "made"},
    )  # fmt: skip
    for name in BANDS:
        fields = {"eo:bands": [{"name": name, "common_name": name}]}
        item.add_asset(name, pystac.Asset(f"{base}/{date}_{name}.tif", roles=["data"], extra_fields=fields))
    return item.to_dict(include_self_link=False)


def test_sites_are_planned_and_read_together_and_one_without_an_answer_is_named(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_lonlat = Transformer.from_crs(ZONE, 4326, always_xy=True)
    places = {
        name: to_lonlat.transform(WEST + 10 * column + 300, NORTH - 10 * row - 300)
        for name, (column, row) in {"a": (200, 200), "b": (300, 240), "c": (700, 700)}.items()
    }
    silent = shapely.Point(*places["c"]).buffer(0.001)
    api = ApiServer([_item(date, server.url) for date in DATES], silent)
    monkeypatch.setattr(sites, "locate", places.__getitem__)
    monkeypatch.setenv("CAMPS_CACHE", str(tmp_path))
    found = sites.read_sites(
        ["a", "b", "c"], radius_m=400, start="2017", end="2020", source=f"http://127.0.0.1:{api.server_port}",
        bands=BANDS,
    )  # fmt: skip
    api.shutdown()
    api.server_close()
    assert found.summary == "2 sites, windows 6 = read 6 + refused 0, 1 sites without an answer"
    assert found.refused[["site_id", "scene_id"]].to_numpy().tolist() == [["c", ""]]
    assert "does not answer as a STAC catalogue" in found.refused["reason"].iloc[0]


@pytest.mark.mirror
def test_windows_of_real_pixels_read_together_are_those_of_each_alone(mirror: Path, tmp_path: Path) -> None:
    site = catalogue.load().set_index("site_id").loc["xj-bfn130-aspi50"]
    here = {one.scene_id: one for one in scene.load().values() if one.scene_id.startswith("s2l1c-ql-2018")}
    first = next(iter(here.values()))
    grids = [grid.site_grid(site["lon"] + east, site["lat"], radius_m=300) for east in (-0.004, 0.0, 0.004)]
    with raster.reader(first, bands=BANDS) as window:
        together = [window(one).values for one in grids]
    for one, values in zip(grids, together, strict=True):
        assert np.array_equal(values, raster.read(first, one, bands=BANDS).values, equal_nan=True)
