"""Windows of many sites read and extracted, beside what a user would write with rasterio and with odc-stac.

    python benchmarks/imagery.py                              400 sites in 20 tiles, before and after
    python benchmarks/imagery.py --tiles 2 --sites 6 --side 1500      a quick look
    python benchmarks/imagery.py --against ../before          our two ways beside those of another checkout: 12 sites in
                                                              2 tiles of 1500 pixels, where no other sizes are told

The tiles are SYNTHETIC: bare ground on a soil line, and roofs at the sites on the later date; 16-bit, one file a band,
cloud-optimised, served over HTTP on loopback with range requests, as a public catalogue serves them. Each way runs in
a process of its own, so that its memory is its own. Printed are seconds, bytes sent and peak memory, and their ratios
to ours. Loopback has no latency and endless bandwidth: on a real network bytes decide, not the seconds here.

- ours: a plan per site, windows into the cache, built-up ground extracted
- ours, reading only: the same without the extraction, for a like comparison with the two below
- rasterio, whole scenes: each file read once in full, then the windows of its sites cut out of it
- odc-stac: `odc.stac.load` over the box of each site, kept in memory only; ours are on the disk with their sums

`--faults 0.05` reads all windows from a server that is busy (503) or drops the connection that often and has lost
every twentieth file, and counts what was read and what was named.

With `--against` the ways of another checkout run in turn with ours, each with the Python of its own `.venv`, and the
ratios of time by the clock, of time of the processor (which a busy machine changes little, so that it is the measure)
and of memory, new over old, are printed: the least of the repeats, after one that is not measured, in which both write
their byte code (in a folder of the benchmark's own).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pystac
import rasterio
import shapely
from pyproj import Transformer
from rasterio.transform import Affine
from rasterio.windows import from_bounds

from camps.imagery import extract, grid, raster, scene, stac

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from served_support import FileServer

ZONE = "EPSG:32645"
DATES = ("2017-05-01", "2020-05-01")
BANDS = ("red", "green", "blue")
RADIUS_M = 1500.0
SEED = 20170401
#: Of the run of the claim; and beside another checkout, where both read the same in a few minutes.
SIZES = {"tiles": 20, "sites": 400, "side": 5490}
AGAINST = {"tiles": 2, "sites": 12, "side": 1500}
WAYS = ("ours", "ours, reading only", "rasterio, whole scenes", "odc-stac")


def _make_tile(root: Path, number: int, side: int, sites: np.ndarray, date: str, *, built: bool) -> Affine:
    generator = np.random.default_rng([SEED, number])
    tone = np.kron(generator.normal(size=(side // 8 + 1, side // 8 + 1)), np.ones((8, 8)))[:side, :side] * 120 + 2000
    tone += np.random.default_rng([SEED, number, len(date), built]).normal(scale=15, size=tone.shape)
    transform = Affine(10, 0, 400_000 + number * 120_000 % 400_000, 0, -10, 4_900_000 - number // 4 * 120_000)
    for name, gain in (("red", 1.25), ("green", 1.0), ("blue", 0.8)):
        values = tone * gain + (tone - 2000) * (gain - 1) * 2
        if built:
            for column, row in sites:
                for step in range(5):
                    values[row + step * 8 : row + step * 8 + 4, column : column + 20] = 3000 + 200 * (name == "blue")
        with rasterio.open(
            root / f"{number}_{date}_{name}.tif", "w", driver="COG", dtype="uint16", count=1, height=side, width=side,
            crs=ZONE, transform=transform, compress="deflate", level=1, blocksize=512, predictor=2, nodata=0,
        ) as target:  # fmt: skip
            target.write(np.clip(values, 1, 10_000).astype(np.uint16), 1)
    return transform


def make(root: Path, n_tiles: int, n_sites: int, side: int) -> None:
    """Write tiles, a static catalogue of them, and the list of sites."""
    generator = np.random.default_rng(SEED)
    edge = int(RADIUS_M // 10) + 20
    listed, items = [], []
    for number in range(n_tiles):
        places = generator.integers(edge, side - edge - 40, size=(n_sites // n_tiles, 2))
        for date, built in zip(DATES, (False, True), strict=True):
            transform = _make_tile(root, number, side, places, date, built=built)
            items.append(_item(number, date, transform, side))
        to_lonlat = Transformer.from_crs(ZONE, 4326, always_xy=True)
        for column, row in (places + [10, 18]).tolist():  # noqa: RUF005 - an array, moved
            lon, lat = to_lonlat.transform(transform.c + column * 10, transform.f - row * 10)
            listed.append({"tile": number, "lon": float(lon), "lat": float(lat)})
    (root / "sites.json").write_text(json.dumps(listed))
    (root / "items.json").write_text(json.dumps(items))


def _item(number: int, date: str, transform: Affine, side: int) -> dict[str, object]:
    box = gpd.GeoSeries(
        [shapely.box(transform.c, transform.f - side * 10, transform.c + side * 10, transform.f)], crs=ZONE
    )
    outline = box.to_crs(4326).iloc[0]
    item = pystac.Item(
        f"t{number}-{date}", shapely.geometry.mapping(outline), list(outline.bounds),
        datetime.fromisoformat(date).replace(tzinfo=UTC),
        {"platform": "made", "gsd": 10, "license": "own", "attribution": "made", "proj:code": ZONE,
         "proj:transform": list(transform)[:6], "proj:shape": [side, side], "tile": number},
        stac_extensions=["https://stac-extensions.github.io/projection/v2.0.0/schema.json"],
    )  # fmt: skip
    for name in BANDS:
        fields = {
            "eo:bands": [{"name": name, "common_name": name}],
            "raster:bands": [{"data_type": "uint16", "nodata": 0}],
        }
        item.add_asset(name, pystac.Asset(f"BASE/{number}_{date}_{name}.tif", media_type=pystac.MediaType.COG,
                                          roles=["data"], extra_fields=fields))  # fmt: skip
    return item.to_dict(include_self_link=False)


def _items(root: Path, base: str) -> dict[int, list[pystac.Item]]:
    listed = json.loads((root / "items.json").read_text().replace("BASE", base))
    items = [pystac.Item.from_dict(one) for one in listed]
    return {
        tile: [one for one in items if one.properties["tile"] == tile] for tile in {i.properties["tile"] for i in items}
    }


def _ours(root: Path, base: str, *, extracting: bool) -> int:
    catalogue = stac.Catalogue("made", base)
    placed, plans = {}, {}
    for number, (site, items) in enumerate(_sites(root, base)):
        window = grid.site_grid(site["lon"], site["lat"], radius_m=RADIUS_M)
        scenes = tuple(stac._scene(one, catalogue, BANDS) for one in items)
        name = f"{number}_{site['lon']:.5f}_{site['lat']:.5f}"
        placed[name], plans[name] = site, stac.Plan(catalogue, window, BANDS, scenes, None)
    read = _read(plans, root / "cache")
    if extracting:
        return sum(_built(placed[name], plans[name].grid, read[name]) for name in plans)
    return sum(map(len, read.values()))


def _read(plans: dict[str, stac.Plan], folder: Path) -> dict[str, dict[str, scene.Scene]]:
    if hasattr(stac, "read_all"):
        found = stac.read_all(plans, folder=folder)
        if len(found.refused):
            print(json.dumps(sorted({reason.split(": ")[0] for reason in found.refused["reason"]})), file=sys.stderr)
        return {name: one.scenes for name, one in found.sites.items()}
    # Older checkouts read site after site, and the oldest return the scenes alone.
    windows = {name: stac.read(plan, folder=folder / name) for name, plan in plans.items()}
    return {name: getattr(one, "scenes", one) for name, one in windows.items()}


def _built(site: dict[str, float], window: grid.Grid, read: dict[str, scene.Scene]) -> int:
    rasters = [raster.read(one, window) for one in read.values()]
    x, y = Transformer.from_crs(4326, ZONE, always_xy=True).transform(site["lon"], site["lat"])
    around = gpd.GeoSeries([shapely.Point(x, y).buffer(300)], crs=ZONE)
    found = extract.read_series(rasters, baseline=[next(iter(read))], site=around)
    return int(found.mapped_m2().iloc[-1] > 0)


def _whole(root: Path, base: str) -> int:
    count = 0
    for tile, items in _items(root, base).items():
        sites = [site for site in json.loads((root / "sites.json").read_text()) if site["tile"] == tile]
        for item in items:
            for name in BANDS:
                with rasterio.open(item.assets[name].href) as dataset:
                    values, transform = dataset.read(1), dataset.transform
                for site in sites:
                    bounds = grid.site_grid(site["lon"], site["lat"], radius_m=RADIUS_M).bounds
                    rows, columns = from_bounds(*bounds, transform=transform).round_offsets().toslices()
                    count += values[rows, columns].astype("float32").size > 0
    return count


def _odc(root: Path, base: str) -> int:
    import odc.stac

    count = 0
    for site, items in _sites(root, base):
        west, south, east, north = grid.site_grid(site["lon"], site["lat"], radius_m=RADIUS_M).lonlat_bounds
        loaded = odc.stac.load(items, bands=list(BANDS), bbox=[west, south, east, north], crs=ZONE, resolution=10)
        count += int(loaded["red"].to_numpy().size > 0)
    return count


def _sites(root: Path, base: str) -> list[tuple[dict[str, float], list[pystac.Item]]]:
    by_tile = _items(root, base)
    return [(site, by_tile[site["tile"]]) for site in json.loads((root / "sites.json").read_text())]


def run(way: str, root: Path, base: str) -> None:
    """Go one way in this process and print what it took."""
    warnings.simplefilter("ignore")
    ways: dict[str, Callable[[], int]] = {
        "ours": lambda: _ours(root, base, extracting=True),
        "ours, reading only": lambda: _ours(root, base, extracting=False),
        "rasterio, whole scenes": lambda: _whole(root, base),
        "odc-stac": lambda: _odc(root, base),
    }
    start, busy = time.perf_counter(), time.process_time()
    count = ways[way]()
    took, cpu_s = time.perf_counter() - start, time.process_time() - busy
    print(json.dumps({"seconds": took, "cpu_s": cpu_s, "peak_mb": _peak_mb(), "count": count}))


def _peak_mb() -> float:
    # The operating system's getrusage counts the parent's memory before the start as well.
    status = Path("/proc/self/status").read_text("ascii", errors="replace")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def main() -> None:
    """Make the tiles, go every way in a process of its own, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", type=int)
    parser.add_argument("--sites", type=int)
    parser.add_argument("--side", type=int, help="pixels of 10 m along a tile; Sentinel-2 has 10980")
    parser.add_argument("--folder", type=Path, help="keep the tiles there, and take those that are there already")
    parser.add_argument("--only-make", action="store_true", help="make the tiles and stop")
    parser.add_argument("--against", type=Path, help="another checkout with its own .venv, to be timed in the same run")
    parser.add_argument("--repeats", type=int, default=3, help="how often each way runs; the least are printed")
    parser.add_argument("--faults", type=float, help="share of answers that fail; reads all once from such a server")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    for name, size in (AGAINST if asked.against else SIZES).items():
        setattr(asked, name, getattr(asked, name) or size)
    if asked.run:
        run(asked.run[0], Path(asked.run[1]), asked.run[2])
        return
    with tempfile.TemporaryDirectory() as temporary:
        root = asked.folder or Path(temporary)
        if not (root / "items.json").is_file():
            root.mkdir(parents=True, exist_ok=True)
            make(root, asked.tiles, asked.sites, asked.side)
        total = sum(path.stat().st_size for path in root.glob("*.tif"))
        print(f"{asked.sites} sites, {asked.tiles} tiles of {asked.side} px, 2 dates, {total / 2**20:.0f} MB of files")
        if asked.faults:
            _faulty(root, asked.faults)
        elif not asked.only_make:
            _compare(root, asked.repeats) if asked.against is None else _against(root, asked.against, asked.repeats)


def _measured(server: FileServer, root: Path, way: str, python: str = sys.executable) -> dict[str, float]:
    """Return what one way took in a process of its own, with nothing in the cache."""
    shutil.rmtree(root / "cache", ignore_errors=True)
    before = sum(server.sent.values())
    command = [python, __file__, "--run", way, str(root), server.url]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    answer = subprocess.run(
        command, capture_output=True, text=True, check=False,
        env={**kept, "PYTHONPYCACHEPREFIX": str(root / "compiled")},
    )  # fmt: skip
    if answer.returncode:
        raise SystemExit(f"{way} with {python} ended with\n{answer.stderr}")
    return {**json.loads(answer.stdout.splitlines()[-1]), "sent": sum(server.sent.values()) - before}


def _least(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: min(run[name] for run in runs) for name in runs[0]}


def _faulty(root: Path, share: float) -> None:
    """Read all windows from a server with faults, twice, and print what became of them."""
    server = FileServer(root, **_faults(root, share))
    catalogue = stac.Catalogue("made", server.url)
    plans = {
        str(number): stac.Plan(
            catalogue, grid.site_grid(site["lon"], site["lat"], radius_m=RADIUS_M), BANDS,
            tuple(stac._scene(one, catalogue, BANDS) for one in items), None,
        )
        for number, (site, items) in enumerate(_sites(root, server.url))
    }  # fmt: skip
    start = time.perf_counter()
    found = stac.read_all(plans, folder=root / "faulty")
    named = found.refused["reason"].str.contains(server.url, regex=False).sum()
    print(f"{share:.0%} of answers busy or dropped, {len(server.missing)} files gone: {found.summary}")
    print(f"{named} of {len(found.refused)} refused are named by address; {time.perf_counter() - start:.1f} s")
    shutil.rmtree(root / "faulty")


def _faults(root: Path, share: float) -> dict[str, object]:
    names = sorted(path.name for path in root.glob("*.tif"))
    return {
        "drop_every": round(2 / share), "busy_every": round(2 / share) + 1, "missing": names[:: round(1 / share)]
    }  # fmt: skip


def _against(root: Path, other: Path, repeats: int) -> None:
    python = other / ".venv" / "bin" / "python"
    if not python.is_file():
        raise SystemExit(f"{other}: no .venv with a Python in it; run `make setup` there")
    server = FileServer(root)
    told = {"s": "seconds", "CPU": "cpu_s", "MB": "peak_mb"}
    heads = (f"{'new ' + unit:>9}{'old ' + unit:>9}{'ratio':>7}" for unit in told)
    print(f"{'way':24}{''.join(heads)}{'sent':>7}")
    for way in WAYS[:2]:
        # In turn, so that what else the machine does falls on both.
        _, *pairs = [
            (_measured(server, root, way), _measured(server, root, way, str(python.absolute())))
            for _ in range(1 + repeats)
        ]
        new, old = (_least(runs) for runs in zip(*pairs, strict=True))
        figures = (f"{new[name]:9.1f}{old[name]:9.1f}{new[name] / old[name]:7.2f}" for name in told.values())
        print(f"{way:24}{''.join(figures)}{new['sent'] / max(old['sent'], 1):7.2f}", flush=True)
        if new["count"] != old["count"]:
            print(f"{way}: something built at {new['count']:.0f} sites here and at {old['count']:.0f} there")


def _compare(root: Path, repeats: int) -> None:
    server = FileServer(root)
    # In turn, so that what else the machine does falls on all.
    runs = [{way: _measured(server, root, way) for way in WAYS} for _ in range(repeats)]
    rows = {way: _least([run[way] for run in runs]) for way in WAYS}
    first, told = rows[WAYS[0]], {"s": "seconds", "CPU": "cpu_s", "MB sent": "sent", "peak MB": "peak_mb"}
    heads = "".join(f"{unit:>9}{'ratio':>7}" for unit in told)
    print(f"{'way':24}{heads}")
    for way, figures in rows.items():
        shown = (f"{_shown(name, figures):9.1f}{figures[name] / max(first[name], 1e-9):7.2f}" for name in told.values())
        print(f"{way:24}{''.join(shown)}")
    mine, theirs = rows[WAYS[1]], rows["odc-stac"]
    ratios = (f"{unit} {mine[name] / max(theirs[name], 1e-9):.2f}" for unit, name in told.items())
    print(f"ours, reading only, over odc-stac: {', '.join(ratios)}")
    print(f"ours found something built at {first['count']:.0f} sites")


def _shown(name: str, figures: dict[str, float]) -> float:
    return figures[name] / 2**20 if name == "sent" else figures[name]


if __name__ == "__main__":
    main()
