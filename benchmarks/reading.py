"""A stroke of a reading in JupyterLab beside one of ipyleaflet, leafmap and JupyterGIS, on the same data.

Run ``python benchmarks/reading.py [--outlines 2000] [--strokes 24]``. Each opens in a real JupyterLab, in the browser
of the suite, with a picture of 2048² pixels and so many outlines that can be mended. A hand draws a rectangle; measured
are the milliseconds from its last press to the picture that shows it (the browser's own Event Timing, in steps of
8 ms), and to the word of the kernel that it is on the disk. The draw controls of ipyleaflet and leafmap save nothing by
themselves: their kernel is told to add the drawn shape to a file and to say so, as ours does. JupyterGIS has no kernel
in it: the rectangle is drawn as a polygon in an opened .jGIS document, and is on the disk when the file of that has one
feature more. Its server saves a second after the last change (`document_save_delay`, left as it is installed), and that
second is in the figure. Peers are installed into folders of the benchmark's own; JupyterGIS brings real-time
collaboration with it and has a JupyterLab of its own. It draws from 0.16, which needs Python 3.12; 0.15, the last for
3.11, has no tool to draw.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rasterio
import shapely
from PIL import Image
from playwright.sync_api import Locator, Page
from rasterio.transform import from_origin

from camps import machine

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import lab_support
from lab_support import Lab, opened

#: A machine that is busy may be slow; what is measured are strokes, not how long all comes up.
lab_support.WAIT_S = 900.0

#: What is installed, with which Python, into which folder.
PEERS = {
    "lab": (sys.executable, {"leafmap": "0.63.1", "ipyleaflet": "0.20.0"}),
    "jupytergis": (sys.executable if sys.version_info >= (3, 12) else ">=3.12", {"jupytergis": "0.17.0"}),
}
#: Strokes lie in five rows of five; one more would lie on the first, where a pen that mends takes hold of that.
PLACES = 25
SIDE = 2048
WEST, NORTH, PIXEL_DEG = 88.27, 43.39, 1e-5
OURS = """
import json, shapely
from pathlib import Path
from camps import reading
from camps.imagery import Band, Scene
bands = tuple(Band(name, "scene.tif", index) for index, name in enumerate(("red", "green", "blue"), 1))
scene = Scene("one", "a camera", "2018-07-23", 1.0, bands, "own", "made for this benchmark")
outlines = [shapely.geometry.shape(one["geometry"]) for one in json.loads(Path("outlines.json").read_text())]
session = reading.start("x-1", [scene], interpreter="A", folder=Path("reading"))
session.accept(*session.propose("task-01", outlines))
session.look("task-01", "observed")
reading.show(session)
"""
THEIRS = """
import base64, json, os, ipywidgets
from pathlib import Path
data = base64.b64encode(Path("scene.png").read_bytes()).decode()
picture = {{"url": "data:image/png;base64," + data, "bounds": ((43.36952, 88.27), (43.39, 88.29048))}}
{map_}
said, log = ipywidgets.Label("0 saved"), open("log.jsonl", "a")
def draw(target, action, geo_json):
    print(json.dumps(geo_json), file=log, flush=True)
    os.fsync(log.fileno())
    said.value = f"{{int(said.value.split()[0]) + 1}} saved"
control.on_draw(draw)
said.add_class("cr-saved")
ipywidgets.VBox([m, said])
"""
IPYLEAFLET = """
import ipyleaflet
m = ipyleaflet.Map(center=(43.37976, 88.28024), zoom=15, layers=[], layout={"height": "600px"})
m.add(ipyleaflet.ImageOverlay(**picture))
control = ipyleaflet.DrawControl(rectangle={"shapeOptions": {}}, data=json.loads(Path("outlines.json").read_text()))
m.add(control)
"""
LEAFMAP = """
import ipyleaflet, leafmap.leafmap as leafmap
m = leafmap.Map(center=(43.37976, 88.28024), zoom=15, height="600px")
m.clear_layers()
m.add(ipyleaflet.ImageOverlay(**picture))
control = m.draw_control
control.data = json.loads(Path("outlines.json").read_text())
"""
DOCUMENT = "drawn.jGIS"
#: Collects when each last press of a stroke was, how long it took to be shown, and to be said to be saved.
WATCH = """() => {
  window.strokes = { at: 0, shown: [], saved: [] };
  addEventListener('pointerup', (event) => { strokes.at = event.timeStamp; }, true);
  new PerformanceObserver((list) => {
    const ups = list.getEntries().filter((one) => one.name === 'pointerup');
    strokes.shown.push(...ups.map((one) => [one.startTime, one.duration]));
  }).observe({ type: 'event', durationThreshold: 16 });
  const said = document.querySelector('.cr-saved');
  if (!said) return;
  let text = said.textContent;
  new MutationObserver(() => {
    if (said.textContent === text) return;
    text = said.textContent;
    strokes.saved.push([strokes.at, performance.now() - strokes.at]);
  }).observe(said, { childList: true, subtree: true, characterData: true });
}"""


class Timed(NamedTuple):
    """Milliseconds of each stroke to the screen and to the disk."""

    shown: list[float]
    saved: list[float]


class Way(NamedTuple):
    """How one is opened to draw on, how a hand draws in it, and when a stroke was made and how long to the disk."""

    peers: str
    cell: str
    stage: Callable[[Lab], Locator]
    draw: Callable[[Page, float, float], None]
    saved: Callable[[Page, Path, int], tuple[float, float]]
    apart: tuple[int, int] = (34, 20)


def installed(peers: str) -> str:
    """Return the Python that has these peers; they are installed once, beside the JupyterLab that we have ourselves."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "camps-benchmarks" / peers
    python = folder / "bin" / "python"
    uv = machine.find_uv()
    if uv is None:
        raise SystemExit("uv is not here; run `make setup`")
    base, versions = PEERS[peers]
    if not python.is_file():
        made = subprocess.run(
            [str(uv), "venv", "--quiet", "--no-python-downloads", "--python", base, str(folder)],
            env=_with_pyenv(),
            check=False,
        )
        if made.returncode:
            raise SystemExit(f"no Python {base} for {peers}; install one, or leave that out with --only")
    lab = f"jupyterlab=={importlib.metadata.version('jupyterlab')}"
    named = [f"{name}=={version}" for name, version in versions.items()]
    subprocess.run([str(uv), "pip", "install", "--quiet", "--python", str(python), lab, *named], check=True)
    return str(python)


def _with_pyenv() -> dict[str, str]:
    """Return the environment with the Pythons of pyenv themselves on the path, before shims that may lead nowhere."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    return {**os.environ, "PATH": os.pathsep.join([*map(str, sorted(kept.glob("3.*/bin"))), os.environ["PATH"]])}


def write_data(folder: Path, n_outlines: int) -> None:
    """Write a picture of a pattern, and so many outlines on it, a little apart; its middle is left free for strokes."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    pattern = np.stack([rows ^ columns, rows // 8, columns // 8]).astype("uint8")
    Image.fromarray(np.moveaxis(pattern, 0, -1)).save(folder / "scene.png")
    profile = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": 3, "dtype": "uint8", "crs": "EPSG:4326"}
    with rasterio.open(
        folder / "scene.tif", "w", transform=from_origin(WEST, NORTH, PIXEL_DEG, PIXEL_DEG), **profile
    ) as made:
        made.write(pattern)
    side = int(np.ceil(np.sqrt(n_outlines / 0.7)))
    steps = SIDE * PIXEL_DEG / side
    places = [
        (column, row) for row in range(side) for column in range(side)
        if not (0.25 < row / side < 0.75 and 0.25 < column / side < 0.75)
    ]  # fmt: skip
    boxes = [
        shapely.box(WEST + c * steps, NORTH - (r + 0.6) * steps, WEST + (c + 0.7) * steps, NORTH - r * steps)
        for c, r in places[:n_outlines]
    ]
    if len(boxes) < n_outlines:
        raise SystemExit(f"{len(boxes)} places for {n_outlines} outlines")
    told = [{"type": "Feature", "properties": {"style": {}}, "geometry": shapely.geometry.mapping(b)} for b in boxes]
    (folder / "outlines.json").write_text(json.dumps(told), "utf-8")
    (folder / DOCUMENT).write_text(json.dumps(_document(told)), "utf-8")


def _document(outlines: list[dict[str, object]]) -> dict[str, object]:
    """Return picture and outlines as JupyterGIS keeps them, seen as near as the maps of the others see them."""
    east, south = WEST + SIDE * PIXEL_DEG, NORTH - SIDE * PIXEL_DEG
    corners = [[WEST, NORTH], [east, NORTH], [east, south], [WEST, south]]
    sources = {
        "picture": {"type": "ImageSource", "parameters": {"path": "scene.png", "coordinates": corners}},
        "outlines": {
            "type": "GeoJSONSource",
            "parameters": {"data": {"type": "FeatureCollection", "features": outlines}},
        },
    }
    layers = {
        f"{name}-layer": {"name": name, "type": kind, "visible": True, "parameters": {"source": name, "opacity": 1}}
        for name, kind in (("picture", "ImageLayer"), ("outlines", "VectorLayer"))
    }
    return {
        "schemaVersion": "0.7.0",
        "sources": {name: {"name": name, **one} for name, one in sources.items()},
        "layers": layers,
        "layerTree": list(layers),
        "options": {"latitude": 43.37976, "longitude": 88.28024, "zoom": 15, "projection": "EPSG:3857"},
    }


def _ours(page: Page, x: float, y: float) -> None:
    page.keyboard.press("r")
    for place in ((x, y), (x + 24, y), (x + 24, y + 12)):
        page.mouse.click(*place)


def _theirs(page: Page, x: float, y: float) -> None:
    page.locator(".leaflet-draw-draw-rectangle").click()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 24, y + 12, steps=3)
    page.mouse.up()


def _by_polygon(page: Page, x: float, y: float) -> None:
    # Twice as high as those of the others: a press within 12 pixels of the first corner would be taken for the last.
    for place in ((x, y), (x + 24, y), (x + 24, y + 24), (x, y + 24), (x, y)):
        page.mouse.click(*place)


def _cell(on: str) -> Callable[[Lab], Locator]:
    """Return what runs the notebook and waits for what it shows."""

    def stage(lab: Lab) -> Locator:
        lab.run(0, lab_support.WAIT_S)
        shown = lab.page.locator(on).first
        shown.wait_for(timeout=900_000)
        lab.page.locator(".cr-saved").first.wait_for(timeout=900_000)
        # The picture and all outlines are there, and the curve is computed.
        lab.page.wait_for_timeout(15_000)
        shown.click(position={"x": 8, "y": 200})
        shown.scroll_into_view_if_needed()
        return shown

    return stage


def _opened_document(lab: Lab) -> Locator:
    """Open the document instead of the notebook, and take up the pen for polygons on the layer of the outlines."""
    page = lab.page
    page.goto(f"{page.url.split('/lab')[0]}/lab/tree/{DOCUMENT}?reset")
    layer = page.locator(".jp-gis-layerItem", has_text="outlines")
    layer.wait_for(timeout=900_000)
    page.wait_for_timeout(15_000)
    layer.locator(".jp-gis-layerText").click()
    page.get_by_test_id("toggle-draw-features-button").click()
    page.locator(".lm-Menu-item", has_text="Draw Features On Selected Layer").click()
    page.locator(".jgis-vector-draw-controls").get_by_label("Polygon").click()
    return page.locator(".ol-viewport").first


def _said(page: Page, folder: Path, number: int) -> tuple[float, float]:
    """Wait for the word of the kernel."""
    page.wait_for_function("n => strokes.saved.length > n", arg=number, timeout=900_000)
    page.wait_for_timeout(1500)
    at, took = page.evaluate("strokes.saved.at(-1)")
    page.evaluate("n => { strokes.saved.length = n; }", number + 1)
    return at, took


def _in_file(page: Page, folder: Path, number: int) -> tuple[float, float]:
    """Wait for the document's file to have the stroke; it took until that was written, not until it was read here."""
    path, until, read = folder / DOCUMENT, time.monotonic() + 900, 0
    expected = len(json.loads((folder / "outlines.json").read_text("utf-8"))) + number + 1
    held: list[dict[str, Any]] = []
    while len(held) < expected:
        if time.monotonic() > until:
            raise SystemExit(f"{path}: {len(held)} features, expected {expected}")
        page.wait_for_timeout(10)
        if path.stat().st_mtime_ns != read:
            read = path.stat().st_mtime_ns
            held = _features(path)
    written_ms = path.stat().st_mtime_ns / 1e6
    if len(held) > expected or len(held[-1]["geometry"]["coordinates"][0]) != 5:
        raise SystemExit(f"{path}: {len(held)} features, expected {expected}, the last a rectangle; got {held[-1]}")
    at, origin_ms = page.evaluate("[strokes.at, Date.now() - performance.now()]")
    page.wait_for_timeout(1500)
    return at, written_ms - origin_ms - at


def _features(path: Path) -> list[dict[str, Any]]:
    """Return the features of the file, and none while it is being written."""
    try:
        source = json.loads(path.read_text("utf-8"))["sources"]["outlines"]
    except ValueError:
        return []
    return list(source["parameters"]["data"]["features"])


def time_strokes(lab: Lab, way: Way, folder: Path, n: int) -> Timed:
    """Draw `n` rectangles, and return what the page measured of each."""
    page = lab.page
    box = way.stage(lab).bounding_box()
    assert box is not None
    page.evaluate(WATCH)
    strokes: list[tuple[float, float]] = []
    for number in range(n):
        x = box["x"] + box["width"] / 2 + way.apart[0] * (number % 5 - 2.5)
        way.draw(page, x, box["y"] + box["height"] / 2 + way.apart[1] * (number // 5 % 5 - 2.5))
        strokes.append(way.saved(page, folder, number))
    listed = page.evaluate("strokes.shown")
    # What is not listed took less than the 16 ms from which the browser lists it.
    shown = [max((took for start, took in listed if abs(start - at) < 1), default=16.0) for at, _ in strokes]
    return Timed(shown, [took for _, took in strokes])


WAYS = {
    "ours": Way("", OURS, _cell(".camps-reading .cr-pane"), _ours, _said),
    "ipyleaflet": Way("lab", THEIRS.format(map_=IPYLEAFLET), _cell(".leaflet-container"), _theirs, _said),
    "leafmap": Way("lab", THEIRS.format(map_=LEAFMAP), _cell(".leaflet-container"), _theirs, _said),
    # Its pen catches corners and edges ten pixels away, and a press on one would mend it.
    "jupytergis": Way("jupytergis", "pass", _opened_document, _by_polygon, _in_file, apart=(40, 40)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outlines", type=int, default=2000)
    parser.add_argument("--strokes", type=int, default=24, choices=range(1, PLACES + 1), metavar=f"1 to {PLACES}")
    peers = [name for name in WAYS if name != "ours"]
    parser.add_argument("--only", nargs="*", help="ours is always measured", default=peers, choices=peers)
    parser.add_argument("--folder", type=Path, help="keep what was made, and a picture of each, in this new folder")
    asked = parser.parse_args()
    names = ["ours", *asked.only]
    needed = dict.fromkeys(WAYS[name].peers for name in asked.only)
    pythons = {"": sys.executable} | {folder: installed(folder) for folder in needed}
    timed: dict[str, Timed] = {}
    print(f"median (largest) of {asked.strokes} strokes at {asked.outlines:,} outlines over {SIDE}², ms, × ours")
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            way = WAYS[name]
            folder = (asked.folder or Path(scratch)).resolve() / name
            folder.mkdir(parents=True)
            write_data(folder, asked.outlines)
            before = os.getloadavg()[0]
            with opened(folder, way.cell, python=pythons[way.peers]) as lab:
                timed[name] = time_strokes(lab, way, folder, asked.strokes)
            load = f"load {before:.1f} to {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
            shown, saved = (_told(each, base) for each, base in zip(timed[name], timed["ours"], strict=True))
            print(f"{name:<11} to the screen {shown:<20} to the disk {saved:<20} {load}", flush=True)


def _told(each: list[float], base: list[float]) -> str:
    median = statistics.median(each)
    return f"{median:.0f} ({max(each):.0f}) × {median / statistics.median(base):.1f}"


if __name__ == "__main__":
    main()
