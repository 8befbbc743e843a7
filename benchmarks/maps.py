"""Maps beside what a user would pick instead: file size, time to the first picture, frames a second while panning.

Run ``python benchmarks/maps.py [--sizes 380 10000 100000]``. Footprints are the bundled Dabancheng buildings, laid out
again and again on a grid over the Tarim basin. Everything opens in the same headless browser with networking off; the
libraries that the other maps link are answered from the vendored copies, so that nobody waits for a network, and count
as part of their size, because without them their file shows nothing.

Measured on two cores without a graphics card (seconds to the first picture, frames a second while panning):

==========  ===================  ==============  ===================  =================
footprints  ours                 folium GeoJson  TimestampedGeoJson   geopandas explore
==========  ===================  ==============  ===================  =================
380         1.2 s, 48 (1.6 MB)   1.1 s, 53       0.3 s, 60            0.4 s, 25
10 000      1.0 s, 59 (2.9 MB)   1.0 s, 7.9      0.8 s, 61            1.0 s, 7.7
100 000     2.1 s, 43 (16 MB)    10 s, 1.1       4.4 s, 53            15 s, 0.8
==========  ===================  ==============  ===================  =================

Ours carries borders, relief, fonts and a timeline in its file; TimestampedGeoJson draws the features of one moment.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import folium
import folium.plugins
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from playwright.sync_api import Browser, Page, Route, sync_playwright

from camps import catalogue, footprints, machine, maps
from camps.maps import vendored

PAN_STEPS = 40
PATIENCE_MS = 180_000
COLUMNS = (
    "footprints",
    "map",
    "file MB",
    "with links MB",
    "write s",
    "first picture s",
    "pan frames/s",
    "size ×",
    "first ×",
    "pan ×",
)


def build_footprints(count: int) -> gpd.GeoDataFrame:
    """Return `count` buildings, each seen on one date: the bundled ones, shifted over a grid."""
    series = footprints.load().footprints
    last = series[series["kind"].isin(["building", "block"])].drop_duplicates("track_id", keep="last")
    copies = -(-count // len(last))
    side = int(np.ceil(np.sqrt(copies)))
    parts = [_shifted(last, number, side) for number in range(copies)]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True).head(count), geometry="geometry", crs=4326)


def _shifted(rows: gpd.GeoDataFrame, number: int, side: int) -> gpd.GeoDataFrame:
    east, north = (number % side) * 0.05, (number // side) * 0.03
    moved = shapely.transform(rows.geometry.to_numpy(), lambda places: places + np.array([east, north]))
    names = {name: rows[name].astype(str) + f"-{number}" for name in ("footprint_id", "track_id")}
    return rows.assign(geometry=moved, **names)


def _ours(rows: gpd.GeoDataFrame) -> folium.Map:
    sites = catalogue.load()
    return maps.footprint_map(rows, sites=sites)


def _geojson(rows: gpd.GeoDataFrame) -> folium.Map:
    map_ = _plain(rows)
    folium.GeoJson(rows[["footprint_id", "geometry"]]).add_to(map_)
    return map_


def _timestamped(rows: gpd.GeoDataFrame) -> folium.Map:
    map_ = _plain(rows)
    features = [
        {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(row.geometry),
            "properties": {"times": [row.observed_on] * len(row.geometry.exterior.coords)},
        }
        for row in rows.itertuples()
    ]
    data = {"type": "FeatureCollection", "features": features}
    folium.plugins.TimestampedGeoJson(data, period="P1M", auto_play=False).add_to(map_)
    return map_


def _explore(rows: gpd.GeoDataFrame) -> folium.Map:
    return rows[["footprint_id", "geometry"]].explore(tiles=None)


def _plain(rows: gpd.GeoDataFrame) -> folium.Map:
    west, south, east, north = rows.total_bounds
    return folium.Map([(south + north) / 2, (west + east) / 2], zoom_start=11, tiles=None)


MAKERS: dict[str, Callable[[gpd.GeoDataFrame], folium.Map]] = {
    "camps.maps.footprint_map": _ours,
    "folium GeoJson": _geojson,
    "folium TimestampedGeoJson": _timestamped,
    "geopandas explore": _explore,
}

_PAN = """async (steps) => {
    const map = Object.values(window).find((one) => one instanceof L.Map);
    const start = performance.now();
    for (let i = 0; i < steps; i += 1) {
        map.panBy([7, 3], { animate: false });
        await new Promise((done) => requestAnimationFrame(done));
    }
    return steps / ((performance.now() - start) / 1000);
}"""


class Links:
    """The libraries that a page links, answered from the vendored copies and weighed."""

    def __init__(self) -> None:
        self.n_bytes = 0

    def answer(self, route: Route) -> None:
        """Answer one link."""
        name = urlsplit(route.request.url).path.rsplit("/", 1)[-1]
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        body = vendored.read_asset(name) if vendored.has_asset(name) else ""
        self.n_bytes += len(body.encode("utf-8"))
        route.fulfill(body=body, content_type=kind)


def _open(browser: Browser, path: Path, links: Links) -> tuple[Page, float]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.route(re.compile("^https?:"), links.answer)
    start = time.perf_counter()
    page.goto(path.as_uri(), timeout=PATIENCE_MS, wait_until="load")
    page.evaluate("window.camps ? camps.ready() : null")
    page.screenshot(timeout=PATIENCE_MS)
    return page, time.perf_counter() - start


def measure(browser: Browser, maker: str, rows: gpd.GeoDataFrame, folder: Path) -> dict[str, Any]:
    """Return what one map of these footprints weighs and how fast it is."""
    path = folder / "map.html"
    start = time.perf_counter()
    map_ = MAKERS[maker](rows)
    maps.write_map(map_, path) if isinstance(map_, maps.CampsMap) else map_.save(path)
    written = time.perf_counter() - start
    links = Links()
    page, first = _open(browser, path, links)
    rate = statistics.median(page.evaluate(_PAN, PAN_STEPS) for _ in range(3))
    page.close()
    return {
        "map": maker,
        "file MB": path.stat().st_size / 1e6,
        "with links MB": (path.stat().st_size + links.n_bytes) / 1e6,
        "write s": written,
        "first picture s": first,
        "pan frames/s": rate,
    }


def compare(sizes: list[int]) -> Iterator[dict[str, Any]]:
    """Yield a row a size and map, with ratios to ours; above 1 the other is larger or slower."""
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = driver.chromium.launch(executable_path=str(machine.find_chromium()), args=options)
        for size in sizes:
            rows = build_footprints(size)
            ours: dict[str, Any] = {}
            for maker in MAKERS:
                found = measure(browser, maker, rows, Path(folder))
                ours = ours or found
                ratios = {
                    "size ×": found["with links MB"] / ours["with links MB"],
                    "first ×": found["first picture s"] / ours["first picture s"],
                    "pan ×": ours["pan frames/s"] / found["pan frames/s"],
                }
                yield {"footprints": size} | found | ratios
        browser.close()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[380, 10_000, 100_000])
    print(" | ".join(COLUMNS))
    for row in compare(parser.parse_args().sizes):
        cells = (f"{row[name]:.3g}" if isinstance(row[name], float) else str(row[name]) for name in COLUMNS)
        print(" | ".join(cells), flush=True)


if __name__ == "__main__":
    main()
