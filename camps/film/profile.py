"""The browser's folder: empty, in memory where there is memory, and gone afterwards, also after a killed run."""

from __future__ import annotations

import contextlib
import mmap
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "camps-film-"
_MEMORY = Path("/dev/shm")
_LEAST_FREE_BYTES = 2 << 30
_LOOK_FOR_S = 3.0


@contextmanager
def browser_profile() -> Iterator[Path]:
    """Yield an empty folder for one browser and remove it afterwards; sweep what killed runs left."""
    parent = _parent()
    _sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))
    try:
        yield folder
    finally:
        _remove(folder)


def _parent() -> Path:
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _LEAST_FREE_BYTES:
        return _MEMORY
    return Path(tempfile.gettempdir())


def _remove(folder: Path) -> None:
    # The browser's helpers may still be writing for a moment after the browser said goodbye.
    for _ in range(50):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).split("-", 1)[0]
        if owner.isdigit() and not _is_alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    if sys.platform == "win32":
        # There the same call sends Ctrl-C.
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def map_ring(profile: Path, size: int, nonce: str) -> mmap.mmap | None:
    """Map the file of the browser's storage that is `size` bytes long and begins with `nonce`.

    Returns
    -------
    mmap or None
        Read-only memory; ``None`` when the file is not found within a few seconds, as on a system that locks it.
    """
    until = time.monotonic() + _LOOK_FOR_S
    while time.monotonic() < until:
        for path in profile.rglob("[0-9]" * 8):
            with contextlib.suppress(OSError):
                if path.stat().st_size == size and _begins_with(path, nonce):
                    with path.open("rb") as stream:
                        return mmap.mmap(stream.fileno(), size, access=mmap.ACCESS_READ)
        time.sleep(0.05)
    return None


def _begins_with(path: Path, nonce: str) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(nonce)) == nonce.encode("ascii")
