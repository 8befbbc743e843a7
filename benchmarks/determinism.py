"""Whether the shots give the same bytes however they are rendered: the SHA-256 of every frame, beside a first run's.

    python benchmarks/determinism.py [--shots xinjiang] [--ways "two browsers"] [--chromium /usr/bin/chromium]

Two clones of the last commit are rendered, so that edits in the working tree change nothing half-way. What was found
is kept in ``--results``, so that the ways can be run in pieces; the table shows all that is there. The exit status is
1 when any frame differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SHOTS = ("archipelago", "xinjiang", "dabancheng")
FIRST = "first run"

RENDER = """
import sys
import camps
from camps import film
shot = film.read_shot(sys.argv[1])
numbers = list(shot.numbers)[::-1][::int(sys.argv[3])] if int(sys.argv[3]) > 1 else None
film.render(shot, sys.argv[2], numbers=numbers, workers=int(sys.argv[4]), movie=False)
print(camps.__file__)
"""


@dataclass(frozen=True)
class Way:
    name: str
    clone: str = "one"
    workers: int = 1
    every: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    elsewhere: bool = False


def ways(chromium: str | None) -> Iterator[Way]:
    yield Way(FIRST)
    yield Way("second run")
    yield Way("two browsers", workers=2)
    yield Way("every tenth alone, last first", every=10)
    yield Way("second clone", clone="two/further/down")
    foreign = {"TZ": "Asia/Kashgar", "LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8", "PYTHONHASHSEED": "7"}
    yield Way("TZ, LANG and folder changed", environment=foreign, elsewhere=True)
    if chromium:
        yield Way("another Chromium", environment={"CAMPS_CHROMIUM": chromium})


def clone(results: Path, name: str) -> Path:
    """Return a clone of the last commit, or of the commit that the first one holds."""
    first, wanted = (results / "clones" / one / "camps" for one in ("one", name))
    if not wanted.is_dir():
        origin = first if first.is_dir() else ROOT
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", origin, wanted], check=True)
    return wanted


def render(shot: str, way: Way, results: Path) -> dict[str, object]:
    """Render a shot one way and return the sums of its frames, by frame number."""
    source = clone(results, way.clone)
    with tempfile.TemporaryDirectory(dir=results) as out:
        environment = {**os.environ, **way.environment, "PYTHONPATH": str(source)}
        cwd = Path(out) if way.elsewhere else source
        command = [sys.executable, "-c", RENDER, shot, f"{out}/film", str(way.every), str(way.workers)]
        began = time.monotonic()
        ran = subprocess.run(command, env=environment, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True)
        assert Path(ran.stdout.strip()).is_relative_to(source), f"{ran.stdout}: not the code of the clone"
        return {"seconds": time.monotonic() - began, "sums": sums(Path(out))}


def sums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*.png"))}


def report(results: Path, names: list[str]) -> bool:
    """Print what was found so far; return whether all frames are the same."""
    print(f"{'shot':<13}{'way':<32}{'frames':>7}{'same':>7}{'differ':>8}{'s':>7}")
    fine = True
    for shot in SHOTS:
        found = {name: _read(results, shot, name) for name in names}
        first = found[FIRST]["sums"]
        for name, one in found.items():
            if one["sums"] and first:
                same = sum(first.get(frame) == sha256 for frame, sha256 in one["sums"].items())
                differ = len(one["sums"]) - same
                fine &= differ == 0
                print(f"{shot:<13}{name:<32}{len(one['sums']):>7}{same:>7}{differ:>8}{one['seconds']:>7.0f}")
    return fine


def _read(results: Path, shot: str, name: str) -> dict[str, Any]:
    path = _result(results, shot, name)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"sums": {}, "seconds": 0.0}


def _result(results: Path, shot: str, name: str) -> Path:
    return results / f"{shot}-{name.replace(' ', '-').replace(',', '')}.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", nargs="*", default=list(SHOTS), choices=SHOTS)
    parser.add_argument("--ways", nargs="*", help="only these; all by default")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="a full Chromium of the same version")
    parser.add_argument("--results", type=Path, default=Path(tempfile.gettempdir()) / "camps-determinism")
    asked = parser.parse_args()
    asked.results.mkdir(parents=True, exist_ok=True)
    known = list(ways(asked.chromium))
    for way in known:
        for shot in asked.shots if asked.ways is None or way.name in asked.ways else ():
            found = render(shot, way, asked.results)
            _result(asked.results, shot, way.name).write_text(json.dumps(found), encoding="utf-8")
    return 0 if report(asked.results, [way.name for way in known]) else 1


if __name__ == "__main__":
    sys.exit(main())
