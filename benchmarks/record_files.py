"""Whether anything in a file of a record ends in a trace: each is harmed in many ways and read.

    python benchmarks/record_files.py [--times 6000] [--seed 7] [--only NAME]

A copy of this record is made, and one file of it at a time is harmed: cut, doubled, bytes replaced, a value of a
TOML, JSON or CSV file replaced by one of another kind, keys and columns dropped or added, brackets set in brackets.
Then what the suite does with the file is done. It must end in the suite's own error, of one line a fault, or well.
Sums in the register follow the harmed file, so that the reader behind them is reached. Seeded: the same call harms
in the same ways. The exit status is 1 when anything ended in a trace; those inputs are kept in --keep FOLDER.
"""

from __future__ import annotations

import argparse
import copy
import csv
import hashlib
import io
import json
import os
import random
import shutil
import sys
import tempfile
import tomllib
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomlkit

from camps import build, catalogue, film, footprints, growth, imagery, maps, record, sources
from camps.appendix import claims, restriction, words
from camps.errors import CampsError

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("record.toml", "geodata", "shots", "notebooks")

Reader = Callable[[Path], object]


def _plan(path: Path) -> object:
    return film.build_plan(film.read_shot(path))


def _sources(_: Path) -> object:
    return [sources.read(name) for name in sources.lists() if name in sources.available()], catalogue.unplaced()


def _record(_: Path) -> object:
    return record.current(), maps.read_eras(), catalogue.default_lists(), film.list_shots()


def _sites(_: Path) -> object:
    return catalogue.load(), catalogue.counts(), catalogue.unplaced()


def _series(_: Path) -> object:
    series = footprints.load()
    return series, growth.values(footprints.series_ids()[0])


READERS: dict[str, Reader] = {
    "record.toml": _record,
    "geodata/sources.toml": _sources,
    "geodata/gazetteer.csv": _sites,
    "geodata/no_coordinates.csv": _sites,
    "geodata/decisions.csv": lambda _: catalogue.load(),
    "geodata/claims.toml": lambda path: (claims.read_claims(path), claims.read_disputes(path), claims.read_works(path)),
    "geodata/prose.toml": lambda _: words.prose(),
    "geodata/restrictions.toml": restriction.read_restrictions,
    "geodata/scenes/calibration.toml": imagery.area.bundled,
    "geodata/scenes/dabancheng.toml": imagery.scene.load,
    "geodata/scenes/dabancheng_ground.geojson": imagery.sites.read_boundary,
    "geodata/footprints/dabancheng_footprints.geojson": _series,
    "geodata/footprints/dabancheng_coverage.geojson": _series,
    "geodata/footprints/dabancheng_looks.csv": _series,
    "geodata/scenes/scenes.csv": _series,
    "notebooks/00_sources.ipynb": build.notebooks.describe,
    "shots/first.toml": _plan,
    "shots/xinjiang.toml": _plan,
    "shots/archipelago.toml": _plan,
    "shots/dabancheng.toml": _plan,
}

ODD: tuple[Any, ...] = (
    "", " ", "x", "N/A", "=1+1", "\x00", "\u2028", "nan", "inf", "-1", "1e400", "9" * 400, "2019-02-30", "../../x", "é",
    0, -1, 10**30, 1.5, float("nan"), float("inf"), True, [], [[]], ["x"], [1, "x"], {}, {"x": 1}, [{}], [{"x": []}],
)  # fmt: skip


def harm(content: bytes, suffix: str, rng: random.Random) -> bytes:
    """Return the content of a file harmed in one way or several."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        ways = [_bytes] if rng.random() < 0.3 else [{".toml": _toml, ".csv": _csv}.get(suffix, _json)]
        try:
            content = rng.choice(ways)(content, rng)
        except (ValueError, TypeError, csv.Error, RecursionError):
            content = _bytes(content, rng)
    return content


def _bytes(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    end = min(len(content), at + rng.choice((1, 3, 30, 300)))
    piece = rng.choice(
        (b"", content[at:end] * 2, b"\xff", b"\xed\xa0\x80", b"\x00", b'"', b"[" * 2000, b"{", b"\n", b",",
         b"\xef\xbb\xbf", b"\r", b"'''", b"= = =", "\u202e".encode(), b"[[" + content[at:end])
    )  # fmt: skip
    harmed = content[:at] + piece + content[end:]
    return rng.choice((harmed, harmed, harmed, content[:at], b"", content + content, harmed[::-1]))


def _toml(content: bytes, rng: random.Random) -> bytes:
    return tomlkit.dumps(_harmed_tree(tomllib.loads(content.decode("utf-8-sig")), rng)).encode("utf-8", "surrogatepass")


def _json(content: bytes, rng: random.Random) -> bytes:
    return json.dumps(_harmed_tree(json.loads(content), rng)).encode("utf-8")


def _harmed_tree(tree: Any, rng: random.Random) -> Any:
    """Return a tree of tables and lists with one value dropped, doubled, renamed or replaced."""
    tree = copy.deepcopy(tree)
    holders = [one for one in _holders(tree) if one]
    holder = rng.choice(holders or [{"x": 1}])
    key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    way = rng.randrange(6)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, dict):
        holder[rng.choice(("x", "", "id", "é", "__class__"))] = holder.pop(key)
    elif way == 2 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif way == 3:
        holder[key] = [holder[key]]
    else:
        holder[key] = copy.deepcopy(rng.choice(ODD))
    return tree


def _holders(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [tree, *(one for value in tree.values() for one in _holders(value))]
    if isinstance(tree, list):
        return [tree, *(one for value in tree[:50] for one in _holders(value))]
    return []


def _csv(content: bytes, rng: random.Random) -> bytes:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    row, column = rng.randrange(len(rows)), rng.randrange(len(rows[0]))
    way = rng.randrange(7)
    if way == 0:
        rows = [cells[:column] + cells[column + 1 :] for cells in rows]
    elif way == 1:
        rows[row] = rows[row][:column]
    elif way == 2:
        rows[row] = rows[row] + ["x"] * 3
    elif way == 3:
        rows.insert(row, list(rows[row]))
    elif way == 4:
        rows[0][column] = rng.choice((rows[0][column - 1], "", "x", " " + rows[0][column]))
    else:
        rows[row][column % len(rows[row])] = str(rng.choice(ODD))
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode("utf-8")


def follow(home: Path, name: str) -> None:
    """Let the register give the sum of a harmed file, so that its reader is reached."""
    register = home / "geodata" / "sources.toml"
    held = hashlib.sha256((ROOT / name).read_bytes()).hexdigest()
    now = hashlib.sha256((home / name).read_bytes()).hexdigest()
    register.write_text((ROOT / "geodata/sources.toml").read_text("utf-8").replace(held, now), "utf-8")


def one_line(error: CampsError) -> bool:
    return all(line.startswith("  ") for line in str(error).split("\n")[1:])


def try_one(home: Path, name: str, reader: Reader) -> str:
    """Return what became of reading a harmed file: well, refused, or the trace."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader(home / name)
    except CampsError as error:
        return "refused" if one_line(error) else f"several lines: {str(error)[:300]}"
    except BaseException:
        return traceback.format_exc()
    return "well"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    readers = {name: reader for name, reader in READERS.items() if chosen.only in name}
    rng, counts, traces = random.Random(chosen.seed), Counter[str](), dict[str, list[str]]()
    os.environ.pop("CAMPS_MIRROR", None)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "record"
        os.environ |= {"CAMPS_HOME": str(home), "CAMPS_CACHE": str(Path(folder) / "cache")}
        for name in COPIED:
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, _made(home) / name)
        for number in range(chosen.times):
            name = list(readers)[number % len(readers)]
            sound = (ROOT / name).read_bytes()
            harmed = harm(sound, Path(name).suffix, rng)
            (home / name).write_bytes(harmed)
            if name != "geodata/sources.toml":
                follow(home, name)
            outcome = try_one(home, name, readers[name])
            (home / name).write_bytes(sound)
            kind = outcome if outcome in ("well", "refused") else "trace"
            counts[kind] += 1
            if kind == "trace":
                traces.setdefault(f"{name}: {outcome.splitlines()[-1][:160]} {_where(outcome)}", []).append(outcome)
                if chosen.keep:
                    (_made(chosen.keep) / f"{number}-{Path(name).name}").write_bytes(harmed)
    for told, outcomes in sorted(traces.items()):
        print(f"{len(outcomes)} × {told}")
    print(
        f"{chosen.times} harmed files: {counts['well']} read, {counts['refused']} refused, {counts['trace']} in a trace"
    )
    return int(counts["trace"] > 0)


def _where(trace: str) -> str:
    ours = [line.strip() for line in trace.splitlines() if f"{ROOT}/camps/" in line]
    return ours[-1].replace(str(ROOT), "") if ours else ""


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
