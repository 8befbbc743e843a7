"""Time and memory of the evidence appendix for 20, 100 and 380 dossiers, each in a process of its own.

    CAMPS_MIRROR=… python benchmarks/appendix.py

With a mirror of the published lists the sites are those of ASPI; without one, those of the bundled record (89).
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (20, 100, 380)
LIMIT_S = 300


def measure(size: int) -> dict[str, float]:
    """Build one appendix and return what it took; runs in a process of its own."""
    from camps import appendix, catalogue, growth

    source = growth.fullest()
    sites = catalogue.load(source)["site_id"].head(size)
    lists = dict.fromkeys((*catalogue.default_lists(), source))
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        paths = appendix.build_appendix(Path(scratch) / "package", dossiers=list(sites), lists=list(lists))
        built_s = time.perf_counter() - started
        verdict = appendix.verify(Path(scratch) / "package", quick=True)
        n_bytes = sum(path.stat().st_size for path in paths)
    n_failed = sum(check.holds is False for check in verdict.checks)
    return {
        "dossiers": len(sites), "build_s": built_s, "quick_verify_s": time.perf_counter() - started - built_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "package_mb": n_bytes / 2**20,
        "failed": n_failed,
    }  # fmt: skip


def main() -> int:
    print(f"{'dossiers':>9}{'build s':>10}{'s each':>9}{'verify s':>10}{'peak MB':>9}{'package MB':>12}")
    slowest = 0.0
    for size in SIZES:
        command = [sys.executable, __file__, str(size)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
        told = json.loads(done.stdout.splitlines()[-1])
        slowest = max(slowest, told["build_s"])
        print(
            f"{told['dossiers']:>9}{told['build_s']:>10.1f}{told['build_s'] / told['dossiers']:>9.2f}"
            f"{told['quick_verify_s']:>10.1f}{told['peak_mb']:>9.0f}{told['package_mb']:>12.1f}"
        )
        if told["failed"]:
            print(f"  {told['failed']} checks of the package failed")
    print(f"slowest {slowest:.0f} s; {'within' if slowest < LIMIT_S else 'OVER'} the limit of {LIMIT_S} s")
    return int(slowest >= LIMIT_S)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
    else:
        sys.exit(main())
