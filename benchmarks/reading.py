"""A stroke of a reading in JupyterLab beside one with leafmap's and ipyleaflet's draw control, on the same data.

Run ``python benchmarks/reading.py [--outlines 2000] [--strokes 24]``. Each opens in a real JupyterLab, in the browser
of the suite, with a picture of 2048² pixels and so many outlines that can be mended. A hand draws a rectangle; measured
are the milliseconds from its last press to the picture that shows it (the browser's own Event Timing, in steps of
8 ms), and to the word of the kernel that it is on the disk. The peers save nothing by themselves: their kernel is told
to add the drawn shape to a file and to say so, as ours does. They are installed into a folder of the benchmark's own.
JupyterGIS is not measured.
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
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rasterio
import shapely
from PIL import Image
from playwright.sync_api import Page
from rasterio.transform import from_origin

from camps import machine

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import lab_support
from lab_support import Lab, opened

#: A machine that is busy may be slow; what is measured are strokes, not how long all comes up.
lab_support.WAIT_S = 900.0

PEERS = {"leafmap": "0.63.1", "ipyleaflet": "0.20.0"}
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
#: Collects how long each last press of a stroke took to be shown, and to be saved.
WATCH = """() => {
  window.strokes = { shown: [], saved: [] };
  let at = 0;
  addEventListener('pointerup', (event) => { at = event.timeStamp; }, true);
  new PerformanceObserver((list) => {
    const ups = list.getEntries().filter((one) => one.name === 'pointerup');
    strokes.shown.push(...ups.map((one) => [one.startTime, one.duration]));
  }).observe({ type: 'event', durationThreshold: 16 });
  const said = document.querySelector('.cr-saved');
  let text = said.textContent;
  new MutationObserver(() => {
    if (said.textContent === text) return;
    text = said.textContent;
    strokes.saved.push([at, performance.now() - at]);
  }).observe(said, { childList: true, subtree: true, characterData: true });
}"""


class Timed(NamedTuple):
    """Milliseconds of each stroke to the screen and to the disk."""

    shown: list[float]
    saved: list[float]


def installed() -> Path:
    """Return the Python that has the peers; they are installed once, beside the JupyterLab that we have ourselves."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "camps-benchmarks" / "lab"
    python = folder / "bin" / "python"
    uv = machine.find_uv()
    if uv is None:
        raise SystemExit("uv is not here; run `make setup`")
    if not python.is_file():
        subprocess.run([str(uv), "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    lab = f"jupyterlab=={importlib.metadata.version('jupyterlab')}"
    named = [f"{name}=={version}" for name, version in PEERS.items()]
    subprocess.run([str(uv), "pip", "install", "--quiet", "--python", str(python), lab, *named], check=True)
    return python


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


def time_strokes(lab: Lab, on: str, draw: Callable[[Page, float, float], None], n: int) -> Timed:
    """Run the notebook, draw `n` rectangles, and return what the page measured of each."""
    lab.run(0, lab_support.WAIT_S)
    page = lab.page
    stage = page.locator(on).first
    stage.wait_for(timeout=900_000)
    page.locator(".cr-saved").first.wait_for(timeout=900_000)
    # The picture and all outlines are there, and the curve is computed.
    page.wait_for_timeout(15_000)
    stage.click(position={"x": 8, "y": 200})
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None
    page.evaluate(WATCH)
    strokes: list[tuple[float, float]] = []
    for number in range(n):
        x = box["x"] + box["width"] / 2 + 34 * (number % 5 - 2.5)
        draw(page, x, box["y"] + box["height"] / 2 + 20 * (number // 5 % 5 - 2.5))
        page.wait_for_function("n => strokes.saved.length > n", arg=number, timeout=900_000)
        page.wait_for_timeout(1500)
        strokes.append(tuple(page.evaluate("strokes.saved.at(-1)")))
        page.evaluate("n => { strokes.saved.length = n; }", number + 1)
    listed = page.evaluate("strokes.shown")
    # What is not listed took less than the 16 ms from which the browser lists it.
    shown = [max((took for start, took in listed if abs(start - at) < 1), default=16.0) for at, _ in strokes]
    return Timed(shown, [took for _, took in strokes])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outlines", type=int, default=2000)
    parser.add_argument("--strokes", type=int, default=24)
    parser.add_argument("--only", nargs="*", help="ours is always measured", default=["ipyleaflet", "leafmap"])
    parser.add_argument("--folder", type=Path, help="keep what was made, and a picture of each, in this new folder")
    asked = parser.parse_args()
    peers = str(installed())
    ways = {
        "ours": (OURS, ".camps-reading .cr-pane", _ours, sys.executable),
        "ipyleaflet": (THEIRS.format(map_=IPYLEAFLET), ".leaflet-container", _theirs, peers),
        "leafmap": (THEIRS.format(map_=LEAFMAP), ".leaflet-container", _theirs, peers),
    }
    timed: dict[str, Timed] = {}
    print(f"median (largest) of {asked.strokes} strokes at {asked.outlines:,} outlines over {SIDE}², ms, × ours")
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("ours", *asked.only):
            cell, on, draw, python = ways[name]
            folder = (asked.folder or Path(scratch)) / name
            folder.mkdir(parents=True)
            write_data(folder, asked.outlines)
            before = os.getloadavg()[0]
            with opened(folder, cell, python=python) as lab:
                timed[name] = time_strokes(lab, on, draw, asked.strokes)
            load = f"load {before:.1f} to {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
            shown, saved = (_told(each, base) for each, base in zip(timed[name], timed["ours"], strict=True))
            print(f"{name:<11} to the screen {shown:<20} to the disk {saved:<20} {load}", flush=True)


def _told(each: list[float], base: list[float]) -> str:
    median = statistics.median(each)
    return f"{median:.0f} ({max(each):.0f}) × {median / statistics.median(base):.1f}"


if __name__ == "__main__":
    main()
