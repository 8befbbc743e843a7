"""Whether a film survives what may happen: twenty runs, each disturbed at a random frame, gone on with, and compared.

    python benchmarks/faults.py [--times 20] [--seed 7] [--size 480x270]

In turn the renderer is killed, the browser is killed, the disk fills up (a small disk is mounted, which takes root),
and the job itself is killed. The first two must end by themselves; after the others the same command goes on. Every
file must then be what an undisturbed run leaves, and no process and no profile may be left. The exit status is 1
otherwise.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

SHOT, N_FRAMES = "first", 100
KINDS = ("renderer killed", "browser killed", "disk full", "job killed")
MEMORY = Path("/dev/shm")
OWN = "camps-film-"


def command(out: Path, size: str) -> list[str]:
    camps = str(Path(sys.executable).parent / "camps")
    return [camps, "frames", SHOT, "--size", size, "--out", str(out), "--resume"]


def sums(out: Path) -> dict[str, str]:
    found = (path for path in sorted(out.rglob("*")) if path.is_file())
    return {path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def n_done(out: Path) -> int:
    return sum(len(path.read_bytes().splitlines()) for path in out.rglob(".unfinished.jsonl"))


def children(job: psutil.Process, *, renderer: bool) -> list[psutil.Process]:
    """Return the renderers, or the browsers, of a job."""
    found = []
    for process in job.children(recursive=True):
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if any(OWN in word for word in words) or renderer:
            kinds = [word for word in words if word.startswith("--type=")]
            if (kinds == ["--type=renderer"]) if renderer else (not kinds):
                found.append(process)
    return found


def wait_for(out: Path, job: subprocess.Popen[str], frame: int) -> None:
    while n_done(out) < frame and job.poll() is None:
        time.sleep(0.005)


def left(job: int) -> list[str]:
    """Return what a job left: processes and profiles of its browsers."""
    mark = f"{OWN}{job}-"
    parents = (MEMORY, Path(tempfile.gettempdir()))
    profiles = [str(path) for parent in parents for path in parent.glob(f"{mark}*")]
    living = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(mark in word for word in words):
            living.append(f"process {process.pid}")
    return profiles + living


def run(out: Path, size: str) -> tuple[int, int]:
    """Run to the end and return the process's number and its status."""
    job = subprocess.Popen(command(out, size), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    job.communicate()
    return job.pid, job.returncode


def disturb(kind: str, frame: int, out: Path, size: str) -> tuple[list[int], int, int]:
    """Disturb one run at a frame, go on where that is needed; return jobs, frames done by then, and the last status."""
    job = subprocess.Popen(command(out, size), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
    wait_for(out, job, frame)
    done = n_done(out)
    if kind == "job killed":
        job.send_signal(signal.SIGKILL)
    else:
        for process in children(psutil.Process(job.pid), renderer=kind == "renderer killed"):
            process.kill()
    status = job.wait()
    if kind != "job killed":
        return [job.pid], done, status
    again, status = run(out, size)
    return [job.pid, again], done, status


@contextmanager
def small_disk(folder: Path, n_bytes: int) -> Iterator[Path]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={n_bytes}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fill_disk(frame: int, out: Path, size: str, whole: int) -> tuple[list[int], int, int, dict[str, str]]:
    """Run on a disk with room for about `frame` frames, give it more, go on; return also the sums."""
    with small_disk(out, whole * frame // N_FRAMES) as disk:
        first, status = run(disk, size)
        assert status == 2, f"the full disk gave status {status}, expected 2"
        done = len(list(disk.rglob("*.png")))
        subprocess.run(["mount", "-o", f"remount,size={whole * 4}", disk], check=True)
        again, status = run(disk, size)
        return [first, again], done, status, sums(disk)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", default="480x270")
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    fine = True
    with tempfile.TemporaryDirectory() as scratch:
        undisturbed = Path(scratch, "undisturbed")
        run(undisturbed, asked.size)
        expected = sums(undisturbed)
        whole = sum(path.stat().st_size for path in undisturbed.rglob("*") if path.is_file())
        print(
            f"undisturbed: {len(expected)} files, {whole >> 10} KB\n{'':>3} {'what':<16}{'frame':>6}{'done':>6}  result"
        )
        for i in range(asked.times):
            kind, frame, out = KINDS[i % len(KINDS)], chance.randrange(1, N_FRAMES - 2), Path(scratch, f"{i}")
            if kind == "disk full":
                jobs, done, status, found = fill_disk(frame, out, asked.size, whole)
            else:
                jobs, done, status = disturb(kind, frame, out, asked.size)
                found = sums(out)
            stray = [one for job in jobs for one in left(job)]
            right = status == 0 and found == expected and not stray
            fine &= right
            said = "same bytes, nothing left" if right else f"status {status}, same {found == expected}, left {stray}"
            print(f"{i + 1:>3} {kind:<16}{frame:>6}{done:>6}  {said}", flush=True)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
