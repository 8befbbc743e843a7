"""Linking two large lists, beside what one would otherwise reach for; and reading, beside another build of the suite.

    python benchmarks/catalogue.py               a small run (2 copies: 1,102 and 760 records)
    python benchmarks/catalogue.py --copies 30   the run of the claim (16,530 and 11,400 records)
    python benchmarks/catalogue.py --against PATH            reading alone: this build beside the one in PATH/.venv
    python benchmarks/catalogue.py --against PATH --rows 999000 --formats csv      a list as long as any that is read

BuzzFeed's list of 2021 and ASPI's are copied around the globe by turning and mirroring them, which keeps every distance
inside a copy as it is; the pairs that BuzzFeed states, 369 a copy, are the truth, and no way is told of them. Every way
runs in a process of its own; time is wall time from the two tables to the pairs, memory the peak of the process beyond
what the tables and imports take. Needs the published lists (CAMPS_MIRROR); recordlinkage and splink join in where they
are installed, as `uv pip install --group bench` does (elsewhere than in `.venv`: recordlinkage holds pandas below 3).

Reading is asked of both builds in turns: a SYNTHETIC list of so many sites in each format, and every published list
that is here, each in a process of its own; the best of three: seconds by the clock, seconds of the processor (a busy
machine changes them little), those of the whole process with its imports, and its peak of memory. Each build reads
each file once before anything is measured, so that both have their byte code (in a folder of the benchmark's own) and
both find the files in memory. The ratio of the processor's seconds is the measure; what a build refuses is said.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
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

from camps import catalogue, sources
from camps.catalogue import Side

LEFT, RIGHT = "buzzfeed-2021", "aspi-xjdp-v1"
#: The lists are 22 degrees wide: copies at this step of longitude, north and south of the equator, never touch.
STEP_DEG = 24.0
MOST_COPIES = 30
#: What a user of the other two would set after a look at the data: 95 % of true pairs lie within 130 m.
NEAR_M = 130.0
Pairs = set[tuple[str, str]]


def copies(source_id: str, n: int) -> Side:
    """Return a list n times around the globe; keys and parts are numbered by copy."""
    records = sources.read(source_id).records.assign(references=None)
    turned = [_copy(records, number) for number in range(n)]
    frame = pd.concat(turned, ignore_index=True)
    return Side(gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame["lon"], frame["lat"]), crs=4326), source_id)


def _copy(records: gpd.GeoDataFrame, number: int) -> pd.DataFrame:
    column, south = number // 2, number % 2
    lon = (records["lon"] + column * STEP_DEG + 180) % 360 - 180
    lat = -records["lat"] if south else records["lat"]
    names = {name: records[name] + f"/{number}" for name in ("site_id", "source_key", "part_of", "lon_published")}
    return pd.DataFrame(records.drop(columns="geometry")).assign(lon=lon, lat=lat, **names)


def truth(n: int) -> Pairs:
    """Return the pairs that BuzzFeed's list states, in every copy."""
    raw = sources.read(LEFT).raw
    stated = [
        (key, one.strip()) for key, cell in zip(raw["id"], raw["ASPI 2020 #"], strict=True) for one in cell.split(",")
    ]
    return {(f"{key}/{copy}", f"{one}/{copy}") for key, one in stated if one for copy in range(n)}


def by_camps(left: Side, right: Side) -> Pairs:
    """Link as `camps sources link --ignore-references` does, with scores, reasons and conflicts."""
    links = catalogue.link_sides(left, right, ignore_references=True).links
    return set(zip(links["left_key"], links["right_key"], strict=True))


def by_sjoin_nearest(left: Side, right: Side) -> Pairs:
    """Join the nearest within 130 m on the ground, in the projection most people would take."""
    widened_m = NEAR_M / np.cos(np.radians(43))
    one, other = (side.records[["source_key", "geometry"]].to_crs(3857) for side in (left, right))
    joined = one.sjoin_nearest(other, max_distance=widened_m)
    return set(zip(joined["source_key_left"], joined["source_key_right"], strict=True))


def by_recordlinkage(left: Side, right: Side) -> Pairs:
    """Block on cells of a twentieth of a degree, compare by distance, take what scores a half or more."""
    import recordlinkage

    one, other = (_blocked(side) for side in (left, right))
    index = recordlinkage.Index()
    index.block("cell")
    pairs = index.index(one, other)
    compare = recordlinkage.Compare()
    compare.geo("lat", "lon", "lat", "lon", method="exp", scale=NEAR_M / 1000, label="near")
    scored = compare.compute(pairs, one, other)
    found = scored.index[scored["near"] >= 0.5]
    return {(one.loc[i, "source_key"], other.loc[j, "source_key"]) for i, j in found}


def by_splink(left: Side, right: Side) -> Pairs:
    """Block on the same cells, compare distance and name in levels, train without labels, take what is likelier so."""
    import splink.comparison_library as compared
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    columns = {"source_key": "unique_id", "name_en": "name"}
    one, other = (_blocked(side, "name_en").rename(columns=columns) for side in (left, right))
    near = compared.DistanceInKMAtThresholds("lat", "lon", [0.03, 0.06, NEAR_M / 1000, 0.5])
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[near, compared.JaroWinklerAtThresholds("name", [0.9])],
        blocking_rules_to_generate_predictions=[block_on("cell")],
    )
    database = DuckDBAPI()
    tables = [database.register(table, table_name=name) for table, name in ((one, "ours"), (other, "theirs"))]
    linker = Linker(tables, settings, log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match([block_on("cell")], recall=0.95)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("cell"))
    found = linker.inference.predict(threshold_match_probability=0.5).as_pandas_dataframe()
    return set(zip(found["unique_id_l"], found["unique_id_r"], strict=True))


def _blocked(side: Side, *more: str) -> pd.DataFrame:
    frame = pd.DataFrame(side.records[["source_key", "lon", "lat", *more]])
    cell = (frame[["lon", "lat"]] * 20).round().astype(int).astype(str)
    return frame.assign(cell=cell["lon"] + " " + cell["lat"])


WAYS: dict[str, Callable[[Side, Side], Pairs]] = {
    "camps": by_camps,
    "geopandas.sjoin_nearest": by_sjoin_nearest,
    "recordlinkage": by_recordlinkage,
    "splink": by_splink,
}


def measure(way: str, n: int) -> dict[str, float | str]:
    """Return seconds, peak memory and what was found, of one way in this process."""
    left, right = copies(LEFT, n), copies(RIGHT, n)
    if way in {"recordlinkage", "splink"}:
        importlib.import_module(way)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    found = WAYS[way](left, right)
    seconds = time.perf_counter() - started
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    right_ones = len(found & truth(n))
    return {
        "way": way, "left": len(left.records), "right": len(right.records), "pairs": len(found),
        "precision": right_ones / max(len(found), 1), "recall": right_ones / len(truth(n)),
        "seconds": seconds, "peak_mb": max(0.0, (peak_kb - before_kb) / 1024),
    }  # fmt: skip


def in_a_process(way: str, n: int) -> dict[str, float | str] | None:
    """Measure one way in a fresh process; ``None`` where its package is not installed."""
    command = [sys.executable, __file__, "--copies", str(n), "--way", way]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if missing := re.search(r"No module named '(recordlinkage|splink)'", done.stderr):
        print(f"{missing[1]} is not installed; `uv pip install --group bench` brings it")
        return None
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


# ── reading, beside another build ────────────────────────────────────────────────────────────────────────────────

#: What reading is asked of both builds; it names only what both have.
READING = r"""
import json, re, sys, time
from pathlib import Path
from camps import sources
path, mapping = Path(sys.argv[1]), json.loads(sys.argv[2])
started, busy = time.perf_counter(), time.process_time()
if path.exists():
    n = len(sources.prepare(path, "measured", sources.About(mapping=mapping)).source.records)
else:
    n = len(sources.read(str(path)).records)
seconds, cpu_s = time.perf_counter() - started, time.process_time() - busy
# The peak that rusage tells is that of the process before it began, where that was larger.
status = Path("/proc/self/status").read_text()
peak_mb = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024
print(json.dumps({"n": n, "seconds": seconds, "cpu_s": cpu_s, "peak_mb": peak_mb}))
"""
#: What is told of both builds: of the read by the clock and of the processor, of the whole process with its imports.
TOLD = {"seconds": "s", "cpu_s": "cpu_s", "process_cpu_s": "process_cpu_s", "peak_mb": "mb"}
FORMATS = ("csv", "xlsx", "ods", "geojson", "gpkg", "fgb", "parquet", "kml")
TIMES = 3


def _list_of(n: int) -> gpd.GeoDataFrame:
    """Return a SYNTHETIC list of so many sites on land."""
    number = np.arange(n)
    lon, lat = (80 + number % 1000 / 100).round(2), (40 + number % 900 / 100).round(2)
    columns = {"id": number.astype(str), "lat": lat.astype(str), "lon": lon.astype(str)}
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(lon, lat), crs=4326)


def _write(sites: gpd.GeoDataFrame, path: Path) -> Path:
    table = pd.DataFrame(sites.drop(columns="geometry"))
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    elif path.suffix in (".xlsx", ".ods"):
        table.to_excel(path, index=False, engine={"xlsx": "openpyxl", "ods": "odf"}[path.suffix[1:]])
    elif path.suffix == ".parquet":
        sites.to_parquet(path)
    else:
        how = {".fgb": {"SPATIAL_INDEX": "NO"}, ".kml": {"driver": "KML"}}
        sites.to_file(path, **how.get(path.suffix, {}))
    return path


def _read_once(build: Path, what: str, mapping: dict[str, str], compiled: Path) -> dict[str, Any]:
    """Return seconds, seconds of the processor and peak memory of one read by a build, in a process of its own."""
    command = [str(build / ".venv" / "bin" / "python"), "-c", READING, what, json.dumps(mapping)]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before_s = _children_cpu_s()
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=build,
        env={**kept, "PYTHONPYCACHEPREFIX": str(compiled)},
    )  # fmt: skip
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2][:100]
        return {"n": 0, "said": f"refused by {build.name}: {said}", **dict.fromkeys(TOLD, float("nan"))}
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {"said": "", **told, "process_cpu_s": _children_cpu_s() - before_s}


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def reading(other: Path, rows: int, formats: list[str]) -> pd.DataFrame:
    """Return how long and how large each read is in this build, in the other, and as a ratio of the two."""
    ours = Path(__file__).resolve().parents[1]
    table = []
    with tempfile.TemporaryDirectory() as folder:
        sites = _list_of(rows)
        files = {suffix: _write(sites, Path(folder) / f"list.{suffix}") for suffix in formats}
        asked = {f"{rows:,} sites, {suffix}": str(path) for suffix, path in files.items()}
        asked |= {source_id: source_id for source_id in sources.lists()}
        for name, what in asked.items():
            placed = {"lat": "lat", "lon": "lon"} if Path(what).suffix in (".csv", ".xlsx", ".ods") else {}
            asking = (what, {"key": "id", **placed}, Path(folder) / "compiled")
            _, *turns = [(_read_once(ours, *asking), _read_once(other, *asking)) for _ in range(1 + TIMES)]
            row: dict[str, object] = {"read": name, "n": turns[0][0]["n"]}
            for measured, unit in TOLD.items():
                new, old = (min(one[measured] for one in side) for side in zip(*turns, strict=True))
                row |= {f"ours_{unit}": new, f"other_{unit}": old, f"ratio_{unit}": new / old}
            table.append(row | {"said": "; ".join(filter(None, (one["said"] for one in turns[0])))})
    return pd.DataFrame(table).set_index("read")


def main() -> None:
    """Run every way and print the figures and their ratios to ours."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=2, choices=range(1, MOST_COPIES + 1), metavar="1..30")
    parser.add_argument("--way", choices=list(WAYS), help=argparse.SUPPRESS)
    parser.add_argument(
        "--against", type=Path, metavar="PATH", help="another checkout, with its own .venv: time reading"
    )
    parser.add_argument("--rows", type=int, default=11_445, help="sites of the lists that are read")
    parser.add_argument("--formats", nargs="*", choices=FORMATS, default=list(FORMATS))
    told = parser.parse_args()
    if told.against:
        print(reading(told.against.resolve(), told.rows, told.formats).round(3).to_string())
        return
    if not {LEFT, RIGHT} <= set(sources.available()):
        raise SystemExit("needs the published lists: `camps sources fetch`, or CAMPS_MIRROR=FOLDER")
    if told.way:
        print(json.dumps(measure(told.way, told.copies)))
        return
    rows = [row for way in WAYS if (row := in_a_process(way, told.copies))]
    table = pd.DataFrame(rows).set_index("way")
    for name in ("seconds", "peak_mb"):
        table[f"{name}_ratio"] = table[name] / table.loc["camps", name]
    print(table.round(4).to_string())


if __name__ == "__main__":
    main()
