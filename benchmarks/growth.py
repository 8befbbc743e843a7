"""Following buildings through many dates, beside what one would otherwise write.

    python benchmarks/growth.py                        a small run (2,000 buildings, 12 dates)
    python benchmarks/growth.py --buildings 100000     the run of the claim
    python benchmarks/growth.py --buildings 1000000 --dates 2 --ways ours
    python benchmarks/growth.py --buildings 100000 --dates 13 --ways ours --beside ../older
                                                       another checkout of the suite in turn, and whether each table
                                                       that it makes has the same sum

The archipelago is SYNTHETIC, drawn by rules known in advance: camps of parallel barracks, each scene moved by up to
5 m and each outline drawn anew. Every way runs in a process of its own, from the file on disk to tracks and changes;
time is wall time, memory the peak of the process. Absolute figures depend on the machine, ratios carry over.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Geod

from camps import change, crs, footprints

SEED = 20170401
BUILDINGS_A_SITE = 250
SHIFT_M = 5.0
REDRAWN_SD_M = 0.5
FIRST_YEAR = 2009
REGION = (74.0, 36.0, 96.0, 48.0)
PLANE = crs.regional_crs(REGION)


def archipelago(buildings: int, dates: int, *, redrawn: float = 1.0, seed: int = SEED) -> dict[str, pd.DataFrame]:
    """Draw footprints (with the true track_id), scenes and looks; `redrawn` is the share of outlines drawn anew."""
    chance = np.random.default_rng(seed)
    n_sites = -(-buildings // BUILDINGS_A_SITE)
    centre = gpd.GeoSeries(gpd.points_from_xy(*chance.uniform(REGION[:2], REGION[2:], (n_sites, 2)).T), crs=4326)
    centre_xy = shapely.get_coordinates(centre.to_crs(PLANE).array)
    number = np.arange(buildings)
    site, at = number // BUILDINGS_A_SITE, number % BUILDINGS_A_SITE
    corner = centre_xy[site] + np.column_stack([(at % 25) * 30.0, (at // 25) * 110.0])
    size = np.column_stack([chance.uniform(14, 18, buildings), chance.uniform(40, 90, buildings)])
    # 60 % stand from the first date, the rest follow; 2 % are pulled down again.
    first = np.where(chance.random(buildings) < 0.6, 0, chance.integers(0, dates, buildings))
    last = np.where(chance.random(buildings) < 0.02, chance.integers(1, dates + 1, buildings), dates)
    drawn = _redrawn(corner, size, chance)
    rows = []
    for date in range(dates):
        stands = (first <= date) & (date < last)
        anew = stands & (chance.random(buildings) < redrawn)
        drawn[anew] = _redrawn(corner[anew], size[anew], chance)
        angle, length = chance.uniform(0, 2 * np.pi, n_sites), SHIFT_M * np.sqrt(chance.random(n_sites))
        shift = np.column_stack([np.cos(angle), np.sin(angle)]) * length[:, None] * (redrawn > 0)
        rows.append((number[stands], np.full(stands.sum(), date), drawn[stands] + shift[site[stands]][:, None]))
    return _tables(*(np.concatenate(part) for part in zip(*rows, strict=True)), site=site, n_sites=n_sites, dates=dates)


def _redrawn(corner: np.ndarray, size: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    corners = corner[:, None] + size[:, None] * square
    return corners + chance.normal(0, REDRAWN_SD_M, corners.shape)


def _tables(
    number: np.ndarray, date: np.ndarray, corners: np.ndarray, *, site: np.ndarray, n_sites: int, dates: int
) -> dict[str, pd.DataFrame]:
    lonlat = gpd.GeoSeries(shapely.polygons(corners), crs=PLANE).to_crs(4326)
    years = np.array([str(FIRST_YEAR + k) for k in range(dates)])
    scene = np.char.add(np.char.add("s", site[number].astype(str)), np.char.add("-", years[date]))
    observed = gpd.GeoDataFrame(
        {"track_id": number.astype(str), "site_id": np.char.add("site-", site[number].astype(str)), "scene_id": scene,
         "observed_on": years[date]},
        geometry=lonlat, crs=4326,
    )  # fmt: skip
    everywhere = pd.MultiIndex.from_product([range(n_sites), years], names=["site", "observed_on"]).to_frame(
        index=False
    )
    everywhere["scene_id"] = "s" + everywhere["site"].astype(str) + "-" + everywhere["observed_on"]
    everywhere["site_id"] = "site-" + everywhere["site"].astype(str)
    scenes = everywhere[["scene_id", "observed_on"]].assign(sensor="synthetic", gsd_m=0.5, licence="synthetic")
    looks = everywhere[["site_id", "scene_id"]].assign(status="observed")
    # Rows in no particular order, as a digitiser leaves them.
    order = np.random.default_rng(SEED).permutation(len(observed))
    return {"footprints": observed.iloc[order].reset_index(drop=True), "scenes": scenes, "looks": looks}


# --- the ways -----------------------------------------------------------------------------------------------------


def ours(folder: Path) -> dict[str, Any]:
    """The suite: read, repair, hash, look for duplicates, register, link, events, tracks."""
    series = footprints.load(
        folder / "footprints.parquet",
        scenes=pd.read_csv(folder / "scenes.csv", dtype={"observed_on": str}),
        looks=pd.read_csv(folder / "looks.csv"),
    )
    loaded = time.perf_counter()
    areas = footprints.areas(series.footprints)
    history = change.follow(series, identity="linked")
    return {
        "tracks": len(history.tracks),
        "changes": int(history.events["class"].isin(["extended", "reduced", "new", "demolished", "rebuilt"]).sum()),
        "area_m2": areas["area_m2"].sum(),
        "loaded_at": loaded,
        "tables": {
            "footprints": series.footprints, "scenes": series.scenes, "looks": series.looks, "repairs": series.repairs,
            "areas": areas, "tracks": history.tracks, "events": history.events, "followed": history.footprints,
            "shifts": history.shifts,
        },
    }  # fmt: skip


def sums(tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Return the SHA-256 of every value, type and name in each table."""
    found = {}
    for name, table in tables.items():
        plain = pd.DataFrame(table)
        if "geometry" in plain:
            plain["geometry"] = shapely.to_wkb(np.asarray(table["geometry"].array), hex=True)
        told = f"{dict(plain.dtypes)}\n{plain.to_csv(na_rep='null')}"
        found[name] = hashlib.sha256(told.encode()).hexdigest()
    return found


def straightforward(folder: Path) -> dict[str, float]:
    """What a GeoPandas user writes: a loop over sites, a union a date, overlays a pair of dates, row loops.

    It measures and removes duplicates as the suite does, but knows nothing of shifted scenes, coverage, splits,
    merges or repairs.
    """
    frame = gpd.read_parquet(folder / "footprints.parquet")
    geod = Geod(ellps="WGS84")
    frame["area_m2"] = [abs(geod.geometry_area_perimeter(shape)[0]) for shape in frame.geometry]
    frame = frame.to_crs(PLANE)
    tracks, changes, area_m2 = 0, 0, 0.0
    for _, site in frame.groupby("site_id"):
        by_date = [part.reset_index(drop=True).reset_index(names="row") for _, part in site.groupby("observed_on")]
        by_date = [_without_duplicates(part) for part in by_date]
        area_m2 += sum(part.union_all().area for part in by_date)
        track_of = {row: tracks + i for i, row in enumerate(by_date[0]["row"])}
        tracks += len(track_of)
        for earlier, later in itertools.pairwise(by_date):
            shared = gpd.overlay(earlier[["row", "geometry"]], later[["row", "geometry"]], keep_geom_type=False)
            gained = _opened(gpd.overlay(later, earlier, how="difference"))
            lost = _opened(gpd.overlay(earlier, later, how="difference"))
            changes += int((gained > 25).sum() + (lost > 25).sum())
            found: dict[int, int] = {}
            for _, row in shared.iterrows():
                before, now = earlier.geometry.iloc[row["row_1"]], later.geometry.iloc[row["row_2"]]
                if row.geometry.area > 0.1 * min(before.area, now.area):
                    found[row["row_2"]] = track_of[row["row_1"]]
            for now in later["row"]:
                if now not in found:
                    found[now], tracks = tracks, tracks + 1
            track_of = found
    return {"tracks": tracks, "changes": changes, "area_m2": area_m2}


def _without_duplicates(part: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    touching = gpd.sjoin(part[["row", "geometry"]], part[["row", "geometry"]], predicate="intersects")
    twice = set()
    for _, pair in touching[touching["row_left"] < touching["row_right"]].iterrows():
        one, other = part.geometry[pair["row_left"]], part.geometry[pair["row_right"]]
        if one.intersection(other).area > 0.8 * one.union(other).area:
            twice.add(pair["row_right"])
    return part[~part["row"].isin(twice)].reset_index(drop=True)


def _opened(difference: gpd.GeoDataFrame) -> pd.Series:
    return difference.buffer(-2, join_style="mitre").buffer(2, join_style="mitre").area


def dense(folder: Path) -> dict[str, float]:
    """A full matrix of IoU for each site and pair of dates, as SpaceNet's scoring code (solaris) builds it."""
    frame = gpd.read_parquet(folder / "footprints.parquet").to_crs(PLANE)
    tracks = 0
    for _, site in frame.groupby("site_id"):
        before, track_of = np.empty(0, dtype=object), np.empty(0, dtype=int)
        for _, part in site.groupby("observed_on"):
            now = np.asarray(part.geometry.array)
            shared = shapely.area(shapely.intersection(before[:, None], now[None, :]))
            union = shapely.area(shapely.union(before[:, None], now[None, :]))
            iou = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
            partner = iou.argmax(axis=0) if len(before) else np.zeros(len(now), dtype=int)
            linked = iou.max(axis=0, initial=0) > 0.25
            fresh = tracks + np.cumsum(~linked) - 1
            track_of = np.where(linked, track_of[partner] if len(before) else 0, fresh)
            tracks, before = tracks + int((~linked).sum()), now
    return {"tracks": tracks}


def score(folder: Path) -> dict[str, float]:
    """SCOT of the suite's tracks against the truth that the archipelago was drawn by (not timed against the others)."""
    truth = gpd.read_parquet(folder / "footprints.parquet")
    series = footprints.load(
        folder / "footprints.parquet",
        scenes=pd.read_csv(folder / "scenes.csv", dtype={"observed_on": str}),
        looks=pd.read_csv(folder / "looks.csv"),
    )
    history = change.follow(series, identity="linked")
    # Scenes are moved by metres: each is scored where it was drawn.
    result = change.scot(truth.to_crs(PLANE), history.footprints.to_crs(PLANE))
    return {"track_f": result.track_f, "change_f": result.change_f, "scot": result.score or float("nan")}


WAYS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "ours": ours, "straightforward": straightforward, "dense": dense, "score": score,
}  # fmt: skip


def measure(way: str, folder: Path, suite: Path | None = None) -> dict[str, Any]:
    """Run one way, of another `suite` if one is given, in a process of its own: what it found, its time and memory."""
    command = [sys.executable, __file__, "--inside", way, "--folder", str(folder)]
    path = {"PYTHONPATH": str(suite.resolve())} if suite else {}
    ended = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | path)
    return json.loads(ended.stdout.splitlines()[-1])


def beside(older: Path, folder: Path, times: int) -> None:
    """Run the suite and an older one in turn, print how long each took, and stop where a table is another one."""
    runs = [(measure("ours", folder, older), measure("ours", folder)) for _ in range(times)]
    clocks = ["seconds", "seconds_reading", "cpu_seconds", "peak_mb"]
    older_runs, our_runs = (pd.DataFrame(list(side))[clocks].median() for side in zip(*runs, strict=True))
    table = pd.DataFrame({"older": older_runs, "ours": our_runs})
    print(table.assign(ratio=table["ours"] / table["older"]).round(3).to_string())
    for name, expected in runs[0][0]["sums"].items():
        same = all(run["sums"][name] == expected for pair in runs for run in pair)
        print(f"{name}: {expected[:16]} {'the same in all runs' if same else 'NOT the same'}")
        if not same:
            raise SystemExit(1)


def _inside(way: str, folder: Path) -> None:
    start = time.perf_counter()
    found = WAYS[way](folder)
    found["seconds"], found["cpu_seconds"] = time.perf_counter() - start, time.process_time()
    if "loaded_at" in found:
        found["seconds_reading"] = found.pop("loaded_at") - start
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if "tables" in found:
        found["sums"] = sums(found.pop("tables"))
    print(json.dumps(found))


def main() -> None:
    """Draw the archipelago, run each way and print the ratios."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--buildings", type=int, default=2000)
    options.add_argument("--dates", type=int, default=12)
    options.add_argument("--redrawn", type=float, default=1.0, help="share of outlines drawn anew on each date")
    options.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    options.add_argument("--beside", type=Path, help="another checkout of the suite, to be run in turn with this one")
    options.add_argument("--times", type=int, default=3, help="how often, with --beside")
    options.add_argument("--inside", choices=list(WAYS), help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.inside:
        _inside(given.inside, given.folder)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        drawn = archipelago(given.buildings, given.dates, redrawn=given.redrawn)
        drawn["footprints"].to_parquet(folder / "footprints.parquet", compression="zstd")
        drawn["scenes"].to_csv(folder / "scenes.csv", index=False)
        drawn["looks"].to_csv(folder / "looks.csv", index=False)
        n = len(drawn["footprints"])
        print(f"SYNTHETIC archipelago: {given.buildings:,} buildings, {given.dates} dates, {n:,} footprints")
        del drawn
        if given.beside:
            beside(given.beside, folder, given.times)
            return
        results = {way: measure(way, folder) for way in given.ways}
    table = pd.DataFrame(results).drop(index="sums", errors="ignore").T.astype(float)
    if "ours" in results:
        for clock in ("seconds", "cpu_seconds"):
            table[f"{clock}_ratio"] = table[clock] / table.loc["ours", clock]
        table["memory_ratio"] = table["peak_mb"] / table.loc["ours", "peak_mb"]
    print(table.round(4).to_string(na_rep=""))


if __name__ == "__main__":
    main()
