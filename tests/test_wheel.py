"""The wheel alone: built, installed into a fresh environment, and used in an empty folder, without the clone.

The packages that the suite depends on are those of this environment, named to the fresh one by a ``.pth`` file: nothing
is asked of an index. That the wheel asks for all of them stands in its metadata, and the doctor checks it there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from test_starting import as_one_notebook

from camps import files, machine

LIST = "ID,Name,Latitude,Longitude,Opened,Closed\n1,Lager Ö,50.1,18.9,1940-06-14,1945-01\n2,Other,51.4,17.5,1942,1943\n"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=machine.ROOT, capture_output=True, check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def run(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return what runs a command of the fresh environment in an empty folder, or below it."""
    folder = tmp_path_factory.mktemp("installed")
    uv = str(machine.find_uv())
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    install = [uv, "pip", "install", "-q", "--offline", "--no-deps", "--python", str(python), str(wheel)]
    subprocess.run(install, check=True)
    site = next((folder / "venv" / "lib").glob("python3*")) / "site-packages"
    files.write_text(site / "dependencies.pth", sysconfig.get_path("purelib") + "\n")
    # Jupyter looks for the templates of its pages below the environment, where pip would have put them.
    (folder / "venv" / "share").symlink_to(Path(sys.prefix) / "share")
    (folder / "empty").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CAMPS_", "PYTHON", "VIRTUAL_"))}
    # What a browser needs of this machine, the installed suite needs too.
    told = {name: value for name, value in os.environ.items() if name.startswith("CAMPS_BROWSER")}
    kept |= {"CAMPS_CACHE": str(folder / "cache"), **told}

    def command(*words: str, below: str = ".") -> subprocess.CompletedProcess[str]:
        called = [str(python.with_name(words[0])), *words[1:]]
        return subprocess.run(
            called, cwd=folder / "empty" / below, env=kept, capture_output=True, text=True, check=False
        )

    return command


def test_the_wheel_holds_all_that_the_package_holds(wheel: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "camps"], cwd=machine.ROOT, capture_output=True, text=True, check=True)
    assert set(listed.stdout.split()) - set(zipfile.ZipFile(wheel).namelist()) == set()
    assert "camps/py.typed" in zipfile.ZipFile(wheel).namelist()


def test_the_suite_that_runs_is_the_installed_one(run: Run) -> None:
    shown = run("python", "-c", "import camps; print(camps.__file__); print(camps.machine.IN_CLONE)")
    assert not shown.stdout.startswith(str(machine.ROOT)), shown.stderr
    assert shown.stdout.split()[-1] == "False"


def test_a_record_is_begun_filled_and_built_from_the_wheel(run: Run, tmp_path: Path) -> None:
    listed = files.write_text(tmp_path / "l.csv", LIST)
    assert run("camps", "init", "mine").returncode == 0
    added = run("camps", "sources", "add", str(listed), "--id", "l", below="mine")
    assert added.returncode == 0, added.stderr
    home = Path(
        run("python", "-c", "import camps; print(camps.settings.home())", below="mine/notebooks").stdout.strip()
    )
    as_one_notebook(home / "notebooks")
    shot = home / "shots" / "first.toml"
    files.write_text(shot, shot.read_text("utf-8").replace("1920, 1080", "320, 180").replace("= 25", "= 2"))
    built = run("camps", "build", below="mine")
    assert built.returncode == 0, built.stderr
    made = {path.relative_to(home / "exports").as_posix() for path in (home / "exports").rglob("*") if path.is_file()}
    assert {"index.html", "maps/sites.html", "maps/eras.html", "notebooks/00_all.html", "sites/l_sites.csv"} <= made
    assert len([name for name in made if name.startswith("frames/") and name.endswith(".png")]) == 8
    doctor = run("camps", "doctor", below="mine")
    assert doctor.returncode == 0, doctor.stdout
    assert "make setup" not in doctor.stdout


def test_what_the_machine_lacks_is_mended_without_a_clone(run: Run) -> None:
    code = "import camps.machine as m; m.CHROMIUM_NAMES = (); m._chromium_candidates = lambda: []; m.find_chromium()"
    assert "-m camps.machine browser" in run("python", "-c", code).stderr
    done = run("python", "-m", "camps.machine")
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == ["Python", "driver", "browser"]
