"""The house itself: imports go one way, versions stand in step, and nothing shipped names a host or a machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
ORDER = (  # noqa: SIM905
    "errors dates machine settings notebook files javascript languages fonts browser record crs tables provenance "
    "embedded engine sources catalogue imagery footprints origins change growth reading timeline plots looks style "
    "basemap maps film appendix build cli"
).split()
CONDA_NAMES = {
    "playwright": "playwright-python",
    "typst": "typst-py",
    "isal": "python-isal",
    "matplotlib": "matplotlib-base",
    "openexr": "openexr-python",
}


def _room(path: Path) -> str:
    return path.relative_to(ROOT / "camps").parts[0].removesuffix(".py")


def _imported_rooms(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            parts = node.module.split(".")
            if parts[0] == "camps":
                yield from [parts[1]] if len(parts) > 1 else (alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("camps."))


def _modules() -> list[Path]:
    return [path for path in sorted((ROOT / "camps").rglob("*.py")) if path != ROOT / "camps" / "__init__.py"]


@pytest.mark.parametrize("path", _modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_imports_only_from_rooms_before_it(path: Path) -> None:
    room = _room(path)
    later = [other for other in _imported_rooms(path) if other != room and ORDER.index(other) >= ORDER.index(room)]
    assert not later, f"{room} may not import {later}"


def test_every_room_stands_in_the_order() -> None:
    assert {_room(path) for path in _modules()} <= set(ORDER)


def _of_the_record() -> Iterator[str]:
    """Return what is this record's alone: ids of its sources and sites, and the names that stand in them."""
    yield from (
        r"dabancheng",
        r"\baspi\b",
        r"buzzfeed",
        r"\bxj-",
        r"xinjiang",
        r"lao(gai|jiao)",
        r"gazetteer\b(?=.*\bid)",
    )
    register = tomllib.loads((ROOT / "geodata" / "sources.toml").read_text("utf-8"))
    yield from (rf"\b{re.escape(source['id'])}\b" for source in register["source"] if "-" in source["id"])
    told = tomllib.loads((ROOT / "record.toml").read_text("utf-8"))
    yield from map(re.escape, [*told["dossiers"], *told["plate"]])
    yield from (rf"[\"']{one['id']}[\"']" for one in [*told["class"], *told["chapter"]] if len(one["id"]) > 6)


def test_no_module_of_the_package_names_what_is_the_records() -> None:
    particular = re.compile("|".join(_of_the_record()), re.IGNORECASE)
    modules = [path for path in _tracked() if path.is_relative_to(ROOT / "camps") and path.suffix in {".py", ".js"}]
    ours = [path for path in modules if "vendor" not in path.parts]
    named = [
        f"{path.relative_to(ROOT)}:{n}: {line.strip()}"
        for path in ours
        for n, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if particular.search(line)
    ]
    assert named == []


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def _requirements() -> dict[str, str]:
    listed = _project()["dependencies"]
    return dict(_split(line) for line in listed)


def _split(requirement: str) -> tuple[str, str]:
    name = re.match(r"[A-Za-z0-9_.-]+?(?=[<>=!~ ]|$)", requirement)
    assert name is not None
    return name[0], requirement[len(name[0]) :]


def test_csv_is_written_in_one_place() -> None:
    """What is not written there may hold formulas for a spreadsheet, or a line end that is not in quotes."""
    writes = re.compile(r"\.to_csv\(|csv\.(writer|DictWriter)\(")
    assert [path.name for path in _modules() if writes.search(path.read_text("utf-8"))] == ["record.py"]


def test_environment_yml_names_the_same_packages_and_ranges_as_pyproject() -> None:
    lines = (ROOT / "environment.yml").read_text("utf-8").split("dependencies:\n")[1].splitlines()
    conda = dict(_split(line.strip().removeprefix("- ")) for line in lines if line.strip())
    assert conda.pop("python") == _project()["requires-python"]
    assert conda == {CONDA_NAMES.get(name, name): bounds for name, bounds in _requirements().items()}


def test_the_lock_holds_every_requirement_with_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    for name in _requirements():
        assert re.search(rf"^{re.escape(name)}==[^\n]+\\\n    --hash=sha256:", lock, re.MULTILINE), name


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_committed_file_names_a_registry_host() -> None:
    hosts = re.compile(rb"(pypi\.org|pythonhosted|registry\.npmjs|npmjs\.org|deb\.debian\.org)")
    named = [path.name for path in _tracked() if path.name != "test_house.py" and hosts.search(path.read_bytes())]
    assert not named


def test_no_committed_file_names_a_home_folder() -> None:
    homes = re.compile(rb"(/home/[a-z]+/|/root/|/Users/[A-Za-z]+/|/work/main)")
    named = [path.name for path in _tracked() if path.name != "test_house.py" and homes.search(path.read_bytes())]
    assert not named


def test_third_party_lists_are_not_committed(mirror: Path) -> None:
    ours = {"gazetteer", "dabancheng"}
    theirs = {path.read_bytes() for folder in mirror.iterdir() if folder.is_dir() and folder.name not in ours
              for path in folder.rglob("*") if path.is_file()}  # fmt: skip
    assert not [path.name for path in _tracked() if path.read_bytes() in theirs]


def test_help_and_a_first_command_load_no_more_than_they_need() -> None:
    script = "import sys, camps.cli, camps; camps.maps, camps.imagery; print(*sys.modules)"
    for code, absent in (
        (
            script.replace(", camps; camps.maps, camps.imagery", ""),
            {"geopandas", "pandera", "matplotlib", "scipy", "rasterio", "pystac"},
        ),
        (
            script,
            {
                "pystac_client",
                "rfc3987_syntax",
                "matplotlib",
                "openpyxl",
                "fontTools.subset",
                "scipy.ndimage",
                "ipywidgets",
                "warcio",
            },
        ),
    ):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert absent & {*done.stdout.split()} == set()
