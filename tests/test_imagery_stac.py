"""Scenes from STAC catalogues: a real STAC API and a real file server on loopback, counted, cut and taken away."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
from rasterio.transform import Affine

from camps import catalogue
from camps.errors import InputError, MissingError
from camps.imagery import grid, raster, scene, stac

SITE = "xj-bfn130-aspi50"
#: Scenes that get pixels; the other nine are found, and not read.
WITH_PIXELS = ("s2l1c-ql-20170302", "s2l1c-ql-20170829", "s2l1c-ql-20180723", "s2l2a-20200602")


class _Handler(BaseHTTPRequestHandler):
    """Files with range requests; every n-th connection is dropped without an answer."""

    protocol_version = "HTTP/1.1"
    server: FileServer

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if self.server.drops():
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        path = self.server.root / self.path.split("?")[0].lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        self._send(path)

    def _send(self, path: Path) -> None:
        size = path.stat().st_size
        asked = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first, last = (int(asked[1]), min(int(asked[2] or size - 1), size - 1)) if asked else (0, size - 1)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(last - first + 1))
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        with path.open("rb") as stream:
            stream.seek(first)
            content = stream.read(last - first + 1)
        self.wfile.write(content)
        self.server.count(path.name, len(content))


class FileServer(ThreadingHTTPServer):
    """A loopback file server that counts what it sends."""

    def __init__(self, root: Path, *, drop_every: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root, self.drop_every = root, drop_every
        self.n_requests = self.n_dropped = 0
        self.sent: dict[str, int] = {}
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def drops(self) -> bool:
        with self.lock:
            self.n_requests += 1
            dropped = bool(self.drop_every) and self.n_requests % self.drop_every == 0
            self.n_dropped += dropped
            return dropped

    def count(self, name: str, n_bytes: int) -> None:
        with self.lock:
            self.sent[name] = self.sent.get(name, 0) + n_bytes

    def handle_error(self, *_: object) -> None:
        """Say nothing when the other side hangs up."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join()


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
    stacked, crs, transform = [], None, None
    for name in names:
        band = one.band(name)
        with raster.opened(band.href) as dataset:
            crs, transform = raster.placement(dataset, one)
            stacked.append(dataset.read(band.index))
    values, place = _reflected(np.stack(stacked), transform)
    with rasterio.open(
        path, "w", driver="COG", dtype="uint8", count=len(values), height=values.shape[1], width=values.shape[2],
        crs=crs, transform=place, compress="deflate", level=1, blocksize=256, overviews="NONE", num_threads=2,
    ) as target:  # fmt: skip
        target.write(values)


def _item(one: scene.Scene, base: str) -> pystac.Item:
    colours = ["red", "green", "blue"]
    with raster.opened(one.band("red").href) as dataset:
        outline = raster.footprint(dataset, *raster.placement(dataset, one)).iloc[0]
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


@pytest.fixture(scope="session")
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
