"""Whether a map of somebody else gives the same bytes on a busy machine: many films of a moving camera, each by itself.

    python benchmarks/anymap.py [--runs 200] [--busy 3] [--nice 0]

Every run is a film of its own, large or small, by one browser and by two in turn, beside some processes that do nothing
but keep the machine busy. The exit status is 1 when any frame of any run has other bytes than the first run's.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter

import folium

from camps import film

SHOT = {
    "title": "A busy machine", "code": "BUSY", "frames": 4,
    "clock": {"kind": "linear", "from": "2017-07-02", "to": "2020-07-02"},
    "camera": [{"at": 0, "centre": [85, 41], "zoom": 5}, {"at": 0.12, "centre": [86, 41], "zoom": 6}],
}  # fmt: skip
SIZES = {"large": (960, 540), "small": (320, 180)}


def marked_map() -> folium.Map:
    map_ = folium.Map([41, 85], zoom_start=6, tiles=None)
    for i in range(40):
        folium.CircleMarker([38 + i % 7, 78 + i % 15], radius=4 + i % 5, color="#f00", fill=True).add_to(map_)
        folium.Marker([39 + i % 6, 79 + i % 13], tooltip=str(i)).add_to(map_)
    return map_


def sums(size: str, workers: int) -> list[str]:
    """Return the SHA-256 of each frame of a film of its own."""
    shot = film.build_shot({**SHOT, "size": SIZES[size]})
    with tempfile.TemporaryDirectory() as folder:
        made = film.render(marked_map(), folder, shot=shot, workers=workers, movie=False)
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in made.frames]


def keep_busy(nice: int) -> None:
    os.nice(nice)
    while True:
        pass


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--busy", type=int, default=3, help="processes that keep the machine busy")
    parser.add_argument("--nice", type=int, default=0, help="how far those give way to others")
    asked = parser.parse_args()
    busy = [multiprocessing.Process(target=keep_busy, args=(asked.nice,), daemon=True) for _ in range(asked.busy)]
    for process in busy:
        process.start()
    first = {size: sums(size, 1) for size in SIZES}
    found, began = Counter[tuple[str, int, bool]](), time.monotonic()
    for i in range(asked.runs):
        size, workers = list(SIZES)[i // 2 % 2], 1 + i % 2
        found[size, workers, sums(size, workers) == first[size]] += 1
        n_same = sum(n for (*_, same), n in found.items() if same)
        told = f"\r{i + 1} of {asked.runs}, {n_same} the same, {time.monotonic() - began:.0f} s"
        print(told, end="", file=sys.stderr, flush=True)
    for process in busy:
        process.kill()
    for size, workers in itertools.product(SIZES, (1, 2)):
        same, other = found[size, workers, True], found[size, workers, False]
        print(f"{size}, {workers} at once: {same} of {same + other} runs have the first run's bytes")
    return 1 if any(not same for (*_, same), n in found.items() if n) else 0


if __name__ == "__main__":
    sys.exit(main())
