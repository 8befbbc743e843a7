"""The main job as somebody runs it who has just cloned the repository: once, again, and in another place."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, sync_playwright

from camps import browser

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.browser


def _build(folder: Path, home: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "camps.cli", "build"],
        capture_output=True, text=True, check=False, cwd=environment.pop("PWD", str(home)),
        env={**os.environ, "CAMPS_MIRROR": "", "CAMPS_HOME": str(home), "CAMPS_EXPORTS": str(folder / "exports"),
             "CAMPS_CACHE": str(folder / "cache"), **environment},
    )  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the main job once and return its exports."""
    folder = tmp_path_factory.mktemp("build")
    done = _build(folder)
    assert done.returncode == 0, done.stderr
    return folder / "exports"


def _sums(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _times(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()
    }


def test_everything_promised_is_there(built: Path) -> None:
    frames = [path.read_bytes() for path in sorted(built.glob("frames/*/*/*.png"))]
    assert len(frames) == len(set(frames)) == 100, "100 frames, and something moves on each"
    assert len(list(built.glob("frames/*/proxy/*.mp4"))) == 1
    assert len(list(built.glob("notebooks/*.html"))) == 8
    for name in ("index.html", "maps/growth.html", "maps/sites.html", "maps/footprints.html"):
        assert (built / name).stat().st_size > 1000
    assert next(iter(built.glob("appendix/**/*.pdf"))).read_bytes().startswith(b"%PDF")


def test_every_link_of_the_overview_leads_somewhere(built: Path) -> None:
    page = (built / "index.html").read_text("utf-8")
    links = re.findall(r'(?:href|src|poster)="([^"#]+)"', page)
    assert links
    assert not [link for link in links if "://" in link or not (built / link).exists()]


def test_the_sums_of_the_appendix_hold(built: Path) -> None:
    manifest = next(built.glob("appendix/**/manifest-sha256.txt"))
    listed = dict(reversed(line.split(maxsplit=1)) for line in manifest.read_text("utf-8").splitlines())
    sums = _sums(manifest.parent)
    assert listed
    assert listed == {name: sums[name] for name in listed}


def test_a_second_run_rewrites_nothing_and_deleted_exports_come_back_alone(built: Path) -> None:
    before = _times(built)
    again = _build(built.parent)
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("unchanged") == again.stderr.count("✓")
    assert _times(built) == before
    lost = {"maps/sites.html", "notebooks/00_sources.html", "index.html"}
    for name in lost:
        (built / name).unlink()
    _build(built.parent)
    after = _times(built)
    assert {other for other in before if after[other] != before[other]} - {".build.json"} == lost


#: What makes a record.
_COPIED = {"record.toml", "geodata", "notebooks", "shots"}


def test_another_clone_another_zone_and_language_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    clone = tmp_path / "klon ü"
    # What is committed and what is being worked on: the clone holds the tree as it stands.
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and name.partition("/")[0] in _COPIED:
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, clone / name)
    done = _build(tmp_path, clone, TZ="Asia/Urumqi", LANG="C", LC_ALL="C", PYTHONHASHSEED="7", PWD="/")
    assert done.returncode == 0, done.stderr
    here, there = _sums(built), _sums(tmp_path / "exports")
    assert [name for name in sorted({*here, *there}) if here.get(name) != there.get(name)] == []


@pytest.fixture(scope="module")
def offline() -> Iterator[BrowserContext]:
    """Return a browser with networking off."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(**browser.launch_options())
        yield opened.new_context(offline=True, viewport={"width": 1280, "height": 800})
        opened.close()


def _complaints(offline: BrowserContext, path: Path) -> list[str]:
    """Return what goes wrong on a page, and what it asks of another host."""
    said: list[str] = []
    own = ("file:", "data:", "blob:", "about:")
    page = offline.new_page()
    page.on("request", lambda asked: None if asked.url.startswith(own) else said.append(asked.url))
    # A player stops loading a movie once it has its first picture; that is no failure.
    page.on("requestfailed", lambda asked: None if asked.failure == "net::ERR_ABORTED" else said.append(asked.url))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(path.as_uri(), wait_until="load")
    page.wait_for_timeout(300)
    page.close()
    return said


def test_pages_ask_no_other_host_and_complain_of_nothing(built: Path, offline: BrowserContext) -> None:
    pages = sorted(built.rglob("*.html"))
    assert len(pages) >= 12
    said = {path.relative_to(built).as_posix(): _complaints(offline, path) for path in pages}
    assert not {name: complaints for name, complaints in said.items() if complaints}


def test_a_broken_record_is_one_line_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("geodata", "notebooks", "shots"):
        subprocess.run(
            ["cp", "-r", str(ROOT / name), f"{home}/"] if home.mkdir(exist_ok=True) is None else [], check=True
        )
    gazetteer = home / "geodata" / "gazetteer.csv"
    gazetteer.write_text(gazetteer.read_text("utf-8").replace(",43.3838333333333,", ",95,", 1), "utf-8")
    done = _build(tmp_path, home)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "gazetteer.csv" in done.stderr
    assert "95" in done.stderr
    left = [path.name for path in (tmp_path / "exports").rglob("*") if path.is_file()]
    assert not [name for name in left if name.startswith(".camps-")]


def test_json_of_every_manifest_reads(built: Path) -> None:
    for path in built.rglob("*.json"):
        json.loads(path.read_text("utf-8"))
