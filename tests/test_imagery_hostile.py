"""What a picture or a catalogue of somebody else may not do: open other files, ask other hosts, or end in a trace."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

from camps import cli, files
from camps.errors import CampsError, InputError, MissingError
from camps.imagery import adding, area, extract, grid, network, opening, raster, scene, sites, stac
from camps.imagery.scene import Band, Scene

ZONE = "EPSG:32645"
WINDOW = grid.site_grid(88.2884, 43.3838, radius_m=200)
SECRET = 77
RIGHTS = {"licence": "own", "attribution": "somebody 2018", "sensor": "drone", "observed_on": "2018-06-23"}


def _pixels(path: Path, value: int = SECRET) -> Path:
    west, _, _, north = WINDOW.bounds
    with rasterio.open(path, "w", driver="GTiff", width=80, height=80, count=1, dtype="uint8", crs=ZONE,
                       transform=Affine(10, 0, west - 200, 0, -10, north + 200)) as target:  # fmt: skip
        target.write(np.full((80, 80), value, dtype="uint8"), 1)
    return path


def _vrt(inside: str) -> str:
    west, _, _, north = WINDOW.bounds
    return (
        f'<VRTDataset rasterXSize="80" rasterYSize="80"><SRS>{ZONE}</SRS><GeoTransform>{west - 200}, 10, 0, '
        f'{north + 200}, 0, -10</GeoTransform><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f'<SourceFilename relativeToVRT="0">{inside}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>'
        "</VRTRasterBand></VRTDataset>"
    )


class _Handler(BaseHTTPRequestHandler):
    """Answers with what it is told, and writes down what it was asked."""

    protocol_version = "HTTP/1.1"
    server: Host

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.server.asked.append(self.path)
        onward, content = self.server.onward.get(self.path), self.server.content.get(self.path, b"")
        self.send_response(302 if onward else 200)
        if onward:
            self.send_header("Location", onward)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


class Host(ThreadingHTTPServer):
    """A host of this machine; another address of the loopback range stands for another host."""

    daemon_threads = True

    def __init__(self, address: str) -> None:
        super().__init__((address, 0), _Handler)
        self.asked: list[str] = []
        self.onward: dict[str, str] = {}
        self.content: dict[str, bytes] = {}
        self.url = f"http://{address}:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    own, other = Host("127.0.0.1"), Host("127.0.0.2")
    yield own, other
    for one in (own, other):
        one.shutdown()
        one.server_close()


def _hostile(folder: Path, other: str) -> dict[str, str]:
    secret = _pixels(folder / "secret.tif")
    return {
        "a file of this machine": _vrt(str(secret)), "an address": _vrt(f"/vsicurl/{other}/x.tif"),
        "a service": f'<GDAL_WMS><Service name="TMS"><ServerUrl>{other}/${{z}}/${{x}}/${{y}}.png</ServerUrl></Service>'
                     "</GDAL_WMS>",
        "an archive": _vrt(f"/vsizip/{secret}.zip/x.tif"), "a query": f"WCS:{other}/wcs?x=1",
        "a tile index": f"<GDALTileIndexDataset><IndexDataset>{other}/x.gpkg</IndexDataset></GDALTileIndexDataset>",
        "a raster of a database": f"PG:host={other} dbname=x",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["a file of this machine", "an address", "a service", "an archive", "a query",
                                  "a tile index", "a raster of a database"])  # fmt: skip
@pytest.mark.parametrize("suffix", [".tif", ".jp2", ".png", ".vrt"])
def test_a_picture_that_names_something_else_is_no_picture(
    tmp_path: Path, hosts: tuple[Host, Host], kind: str, suffix: str
) -> None:
    path = tmp_path / f"picture{suffix}"
    path.write_text(_hostile(tmp_path, hosts[1].url)[kind])
    one = Scene("one", "drone", "2018-06-23", 10.0, (Band("red", str(path)),), "own", "somebody")
    for attempt in (
        lambda: raster.read(one, WINDOW), lambda: raster.covers(one, WINDOW), lambda: adding.describe(path),
        lambda: adding.add(path, **RIGHTS, folder=tmp_path / "scenes"),
    ):  # fmt: skip
        with pytest.raises(InputError, match="not an image that can be read"):
            attempt()
    assert hosts[1].asked == []


@pytest.mark.parametrize("href", [
    "/vsicurl/{other}/x.tif", "/vsizip/secret.zip/x.tif", "/vsis3/bucket/x.tif", "/vsistdin/", "/vsimem/x.tif",
    "GTIFF_DIR:1:secret.tif", "{other}/x.tif", "s3://bucket/x.tif", "NETCDF:secret.nc:x", "/vsisubfile/0_9,secret.tif",
])  # fmt: skip
def test_a_name_that_is_no_file_is_not_opened(tmp_path: Path, hosts: tuple[Host, Host], href: str) -> None:
    named = href.format(other=hosts[1].url)
    one = Scene("one", "drone", "2018-06-23", 10.0, (Band("red", named),), "own", "somebody")
    with pytest.raises(
        (MissingError, InputError), match=r"no such file|only a STAC catalogue is read from the network"
    ):
        raster.read(one, WINDOW)
    assert hosts[1].asked == []


def test_the_words_beside_a_picture_ask_no_other_host(tmp_path: Path, hosts: tuple[Host, Host]) -> None:
    path = _pixels(tmp_path / "a.tif")
    overviews = f"<PAMDataset><Metadata domain='OVERVIEWS'><MDI key='OVERVIEW_FILE'>/vsicurl/{hosts[1].url}/x.ovr</MDI>"
    (tmp_path / "a.tif.aux.xml").write_text(overviews + "</Metadata></PAMDataset>")
    (tmp_path / "a.tif.msk").write_text(_vrt(f"/vsicurl/{hosts[1].url}/x.tif"))
    one = Scene("one", "drone", "2018-06-23", 10.0, (Band("b1", str(path)),), "own", "somebody")
    for window in (WINDOW, WINDOW.moved(5, 5), grid.site_grid(88.2884, 43.3838, radius_m=200, gsd_m=40)):
        raster.read(one, window)
    assert hosts[1].asked == []


# --- what a catalogue may name ----------------------------------------------------------------------------------------


def _item(href: str, **changes: Any) -> dict[str, Any]:
    ring = [[87.9, 43.0], [88.9, 43.0], [88.9, 43.9], [87.9, 43.9], [87.9, 43.0]]
    told = {"datetime": "2018-06-01T05:00:00Z", "license": "other", "attribution": "somebody", "gsd": 10}
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": "one", "collection": "own", "links": [],
        "geometry": {"type": "Polygon", "coordinates": [ring]}, "bbox": [87.9, 43.0, 88.9, 43.9], "properties": told,
        "assets": {"red": {"href": href}}, **changes,
    }  # fmt: skip


def _served(host: Host, item: dict[str, Any]) -> str:
    links = [{"rel": "item", "href": "./item.json"}]
    root = {"type": "Catalog", "stac_version": "1.0.0", "id": "own", "description": "x", "links": links}
    host.content["/catalog.json"] = json.dumps(root).encode()
    host.content["/item.json"] = json.dumps(item).encode()
    return f"{host.url}/catalog.json"


def _read(source: str, folder: Path) -> stac.Windows:
    plan = stac.find(WINDOW, start="2018", end="2018", source=source, bands=["red"])
    assert plan.n_found == 1, plan.summary
    return stac.read(plan, folder=folder / "windows")


def test_a_catalogue_of_the_network_reads_pictures_of_its_own_host(tmp_path: Path, hosts: tuple[Host, Host]) -> None:
    own = hosts[0]
    own.content["/a.tif"] = _pixels(tmp_path / "a.tif").read_bytes()
    found = _read(_served(own, _item(f"{own.url}/a.tif")), tmp_path)
    assert (raster.read(found.scenes["one"], WINDOW).values == SECRET).all()
    own.onward["/moved.tif"] = "/a.tif"
    found = _read(_served(own, _item(f"{own.url}/moved.tif")), tmp_path / "again")
    assert (raster.read(found.scenes["one"], WINDOW).values == SECRET).all()


@pytest.mark.parametrize(("href", "said"), [
    ("file://{secret}", "expected an address on the network"), ("{secret}", "expected an address on the network"),
    ("/vsicurl/{other}/x.tif", "expected an address on the network"),
    ("s3://bucket/x.tif", "expected an address on the network"),
    ("{other}/x.tif", "sends us to a private network"), ("http://10.0.0.1/x.tif", "sends us to a private network"),
    ("http://192.168.1.1/x.tif", "sends us to a private network"), ("http://[::1]/x.tif", "private network"),
    ("http://169.254.169.254/latest/meta-data", "sends us to a private network"),
    ("http://localhost:1/x.tif", "sends us to a private network"), ("http://0x7f000002/x.tif", "private network"),
    ("{own}/onward.tif", "another host"), ("{own}/vrt.tif", "cannot be read from the server"),
])  # fmt: skip
def test_a_catalogue_of_the_network_may_name_no_file_and_no_other_private_host(
    tmp_path: Path, hosts: tuple[Host, Host], href: str, said: str
) -> None:
    own, other = hosts
    secret = _pixels(tmp_path / "secret.tif")
    other.content["/x.tif"] = secret.read_bytes()
    own.onward["/onward.tif"] = f"{other.url}/x.tif"
    own.content["/vrt.tif"] = _vrt(str(secret)).encode()
    named = href.format(secret=secret, own=own.url, other=other.url)
    # A path is made an address of the catalogue's host by the rules of links, which then has no such file.
    with pytest.raises(CampsError, match=f"{said}|cannot be read from the server"):
        _read(_served(own, _item(named)), tmp_path)
    assert other.asked == []
    assert not list((tmp_path / "windows").glob("*.tif"))


@pytest.mark.parametrize("link", ["item", "child"])
def test_a_document_that_is_sent_on_to_another_host_is_not_followed(
    tmp_path: Path, hosts: tuple[Host, Host], link: str
) -> None:
    own, other = hosts
    _served(other, _item(f"{other.url}/x.tif"))
    for number, href in enumerate(("/onward.json", f"{other.url}/item.json", f"file://{tmp_path}/secret.json")):
        links = [{"rel": link, "href": href}]
        root = {"type": "Catalog", "stac_version": "1.0.0", "id": "own", "description": "x", "links": links}
        own.content["/catalog.json"] = json.dumps(root).encode()
        own.onward["/onward.json"] = f"{other.url}/item.json"
        plan = stac.find(WINDOW, start="2018", end="2018", source=f"{own.url}/catalog.json", bands=["red"])
        assert plan.summary == "items 1 = used 0 + left out 1", number
        assert "another host" in plan.left_out["reason"].iloc[0] or "expected an address" in (
            plan.left_out["reason"].iloc[0]) or "private network" in plan.left_out["reason"].iloc[0]  # fmt: skip
    assert other.asked == []


def test_a_redirect_without_end_has_one(hosts: tuple[Host, Host]) -> None:
    own = hosts[0]
    own.onward["/a.tif"], own.onward["/b.tif"] = "/b.tif", "/a.tif"
    with pytest.raises(InputError, match="sent on more than 5 times"):
        network.landing(f"{own.url}/a.tif", own.url)


# --- what a picture may claim -----------------------------------------------------------------------------------------


def test_a_picture_that_claims_more_than_it_holds_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tif"
    place = Affine(1, 0, WINDOW.west, 0, -1, WINDOW.north)
    with rasterio.open(path, "w", driver="GTiff", width=60_000, height=60_000, count=1, dtype="uint8", crs=ZONE,
                       transform=place, sparse_ok=True, tiled=True) as target:  # fmt: skip
        target.update_tags(a="b")
    with pytest.raises(InputError, match=r"claims 1 bands of 60000 by 60000 pixels .* from a file of \d+ bytes"):
        adding.describe(path)
    assert opening.MOST_PACKED == 1000


# --- what ends in words -----------------------------------------------------------------------------------------------


def test_a_swath_edge_without_a_pixel_of_control_ground_is_said_and_stops_no_other(tmp_path: Path) -> None:
    window = grid.Grid(ZONE, 600_000.0, 4_804_000.0, 10.0, 120, 120)
    generator = np.random.default_rng(3)

    def taken(name: str, day: str, *, edge: int = 0) -> raster.Raster:
        values = (100 + generator.normal(size=(3, 120, 120))).astype(np.float32)
        values[:, 40:60, 40:60] += 80 if day > "2018" else 0
        values[:, :, :edge] = np.nan
        one = Scene(name, "made", day, 10.0, (Band("red", "nowhere"),), "own", "somebody")
        return raster.Raster(one, window, ("red", "green", "blue"), values)

    place = gpd.GeoSeries([shapely.box(600_300, 4_803_300, 600_700, 4_803_700)], crs=ZONE)
    control = gpd.GeoSeries([shapely.box(600_000, 4_803_000, 600_150, 4_804_000)], crs=ZONE)
    stack = [taken("a", "2017-05-01"), taken("b", "2018-05-01"), taken("edge", "2018-06-01", edge=20),
             taken("void", "2018-07-01", edge=120)]  # fmt: skip
    for still in (control, None):
        found = extract.read_series(stack, baseline=["a"], site=place, control=still)
        read = {one.scene_id: one for one in found.readings}
        assert read["b"].status == "observed"
        assert 10_000 < found.mapped_m2()["b"] < 60_000
        assert read["void"].status == "not_imaged"
        assert np.isnan(found.mapped_m2()["void"])
    assert read["edge"].status == "observed"
    found = extract.read_series(stack, baseline=["a"], site=place, control=control)
    assert found.reading("edge").status == "obscured"
    assert "scene edge: 0 observed pixels of control ground" in found.reading("edge").reason
    assert area.estimate(found, None, site_id="x")["status"].tolist() == [
        "observed", "observed", "obscured", "not_imaged"
    ]  # fmt: skip
    for lost in ("edge", "void"):
        with pytest.raises(InputError, match=f"scene {lost}: 0 observed pixels of control ground"):
            extract.read_series(stack, baseline=[lost], site=place, control=control)
    with pytest.raises(InputError, match="scene void: 0 observed pixels of control ground"):
        extract.read_series([stack[0], stack[3]], baseline=["a"], site=place, control=control)


@pytest.mark.parametrize("content", [
    "", "x", "[calibration]", "calibration = 3", "[[calibration]]", '[calibration]\nratio = "x"',
    "[calibration]\nratio = 1\nsd_log = 1\nn_scenes = 3\nfloor_share = 0\ngsd_m = 10", "x = " + "[" * 3000,
    '[calibration]\nratio = nan\nsd_log = 1\nn_scenes = 3\nfloor_share = 0\ngsd_m = 10\nbasis = "x"',
    '[calibration]\nratio = 1\nsd_log = 1\nn_scenes = 1\nfloor_share = 0\ngsd_m = 10\nbasis = "x"',
    '[calibration]\nratio = 1\nsd_log = -1\nn_scenes = 3\nfloor_share = 0\ngsd_m = 10\nbasis = "x"',
    '[calibration]\nratio = 0\nsd_log = 1\nn_scenes = 3\nfloor_share = 0\ngsd_m = 10\nbasis = "x"',
    '[calibration]\nratio = 1\nsd_log = 1\nn_scenes = 3\nfloor_share = 0\ngsd_m = 10\nbasis = 3\nmore = 1',
])  # fmt: skip
def test_a_calibration_that_is_none_is_refused_in_words(tmp_path: Path, content: str) -> None:
    path = files.write_text(tmp_path / "calibration.toml", content)
    with pytest.raises(InputError, match=r"calibration\.toml"):
        area.bundled(path)


CATALOGUE = '[[catalogue]]\nid = "own"\nurl = "https://example.org/stac"\nlicence = "x"\nattribution = "y {year}"\n'


@pytest.mark.parametrize(("old", "new"), [
    ("[[catalogue]]", "[catalogue]"), ("[[catalogue]]", "[[catalogues]]"), ('"own"', '"a/b"'), ('"own"', "3"),
    ("https://", "file://"), ("https://", "/vsicurl/http://"), ('"x"', "3"), ("{year}", "{other}"), ("{year}", "{"),
    ("{year}", "{year.real.__class__}x{0}"), ('licence = "x"', 'sign = "http://x/{collection}"'),
    ('licence = "x"', 'collections = "a"'), ('licence = "x"', "assets = 3"), ('licence = "x"', "lisence = 3"),
    (CATALOGUE, "x = " + "[" * 3000), (CATALOGUE, "\x00"), (CATALOGUE, "[[catalogue"),
])  # fmt: skip
def test_a_list_of_catalogues_that_is_none_is_refused_in_words(tmp_path: Path, old: str, new: str) -> None:
    assert "own" in stac.presets(files.write_text(tmp_path / "stac.toml", CATALOGUE))
    path = files.write_text(tmp_path / "stac.toml", CATALOGUE.replace(old, new))
    with pytest.raises(InputError, match=r"stac\.toml"):
        stac.presets(path)


def test_a_record_adds_catalogues_to_those_that_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write_text(tmp_path / "record.toml", 'title = { en = "Another" }\n')
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path))
    assert list(stac.presets()) == ["earth-search", "planetary-computer"]
    files.write_text(tmp_path / "geodata" / "scenes" / "stac.toml", CATALOGUE)
    assert list(stac.presets()) == ["earth-search", "planetary-computer", "own"]
    assert scene.load() == {}
    assert area.bundled() is None


def test_ground_that_is_no_ground_is_refused_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for content in ("", "{}", '{"type": "FeatureCollection", "features": []}', "x", json.dumps(_item("x"))):
        path = files.write_text(tmp_path / "b.geojson", content)
        with pytest.raises((InputError, MissingError), match="boundary"):
            sites._require_ground(sites.read_boundary(path)) if content != json.dumps(_item("x")) else _refuse(path)
    assert cli.run(["imagery", "extract", "xj-bfn130-aspi50", "--boundary", str(tmp_path / "none.geojson")]) == 2
    assert "no such file" in capsys.readouterr().err


def _refuse(path: Path) -> None:
    sites.read_boundary(path)
    raise InputError("boundary: sound")
