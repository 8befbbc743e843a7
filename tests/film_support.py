"""A small page that keeps the page contract, and small shots of it."""

from __future__ import annotations

import hashlib
import os
from datetime import date
from pathlib import Path
from typing import Any

import psutil

from camps import film

PAGE = Path(__file__).parent / "pages" / "growth.html"


def test_page(**changes: str) -> film.FilmPage:
    html = PAGE.read_text(encoding="utf-8")
    for old, new in changes.items():
        html = html.replace(old, new)
    return film.FilmPage(html)


def small_shot(**changes: Any) -> film.Shot:
    content: dict[str, Any] = {
        "title": "A test",
        "code": "TEST_A_0010",
        "frames": 12,
        "size": (320, 180),
        "clock": {"kind": "linear", "from": date(2017, 1, 1), "to": date(2020, 12, 31)},
        "camera": [{"at": 0, "fit": "china"}, {"at": 0.4, "fit": "xinjiang", "ease": "in_out_cubic"}],
    }
    shot = film.build_shot({**content, **changes})
    ends_s = float(shot.n_frames / shot.rate)
    if "camera" in changes or ends_s >= 0.4:
        return shot
    return film.build_shot({**content, **changes, "camera": [content["camera"][0], {"at": ends_s, "fit": "xinjiang"}]})


def sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, by its path there."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def browsers() -> list[psutil.Process]:
    """Return the browsers' processes that this process started, directly or not."""
    return [child for child in psutil.Process().children(recursive=True) if "chrom" in _name(child)]


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


def profiles() -> list[Path]:
    """Return the browser profiles of this process that are still there."""
    places = [Path("/dev/shm"), Path(os.environ.get("TMPDIR", "/tmp"))]
    return [path for place in places if place.is_dir() for path in place.glob(f"camps-film-{os.getpid()}-*")]


test_page.__test__ = False  # type: ignore[attr-defined]
