"""What every test shares: the bundled record, and the published lists where a mirror of them is at hand."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from filelock import FileLock
from playwright.sync_api import Browser, sync_playwright

from camps import machine

# A slow machine is no failure, and a run that fails must fail the same way again.
hypothesis.settings.register_profile(
    "house", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("house")

# Where Playwright's own Node.js does not start, tests that open a browser themselves take the one that the suite takes.
machine.use_own_node()

REPOSITORY = Path(__file__).resolve().parents[1]


#: The modules that take longest, the longest first; what is left at the end is short, and workers end together.
_LONGEST = (
    "end_to_end", "maps", "appendix_making", "appendix_package", "appendix_document", "imagery_series", "reading_lab",
    "film_maps", "appendix_public", "walk", "appendix_frames", "appendix_claims", "wheel", "film_faults", "growth",
    "film_delivery", "appendix_trace", "testimony", "machine", "change", "imagery_extract", "footprints",
    "film_cluster", "public_editions", "starting", "film_frames", "film_editorial", "film_flips", "film_picture",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest modules first, so that nobody waits for one of them alone at the end."""
    places = {f"test_{name}.py": place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


def _mirror_folder() -> Path | None:
    named = os.environ.get("CAMPS_MIRROR")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    return folder if (folder / "aspi-xjdp-v1").is_dir() else None


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of published lists, with CAMPS_MIRROR pointing at it; skip where there is none."""
    folder = _mirror_folder()
    if folder is None:
        pytest.skip("no published lists here: set CAMPS_MIRROR to a mirror of them to run this test")
    monkeypatch.setenv("CAMPS_MIRROR", str(folder))
    return folder


@pytest.fixture
def own_home(tmp_path: Path) -> Path:
    """Return a copy of what the record says and reads, to be changed; nobody stands in it yet."""
    from camps import settings

    home = tmp_path / "record"
    shutil.copytree(settings.geodata(), home / "geodata", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(settings.home() / "record.toml", home)
    return home


@pytest.fixture(scope="session")
def default_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the appendix of the record, made without lists; it is built once for all workers and changed by none."""
    from camps import appendix

    own = tmp_path_factory.getbasetemp()
    beside = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    out = Path(os.environ.get("CAMPS_TEST_PACKAGE") or beside / "package")
    with FileLock(f"{out}.lock"), pytest.MonkeyPatch.context() as patch:
        if not out.exists():
            patch.delenv("CAMPS_MIRROR", raising=False)
            patch.setenv("CAMPS_CACHE", str(tmp_path_factory.mktemp("cache")))
            appendix.build_appendix(out)
    return out


@pytest.fixture
def copy(default_package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the appendix of the record, to be changed."""
    monkeypatch.delenv("CAMPS_MIRROR", raising=False)
    return shutil.copytree(default_package, tmp_path / "package")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield a browser for the tests of a module."""
    from camps import browser as browsers

    with sync_playwright() as driver:
        launched = driver.chromium.launch(**browsers.launch_options())
        yield launched
        launched.close()


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CAMPS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CAMPS_EXPORTS", str(tmp_path / "exports"))
