"""One way to start the browser: shut in, and refused with the remedy where the system cannot do that."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from camps import browser, build, film, machine, maps
from camps.errors import CampsError, InputError, MissingError

#: Runs a program as a user who is not root and to whom the kernel gives no more namespaces of users.
_NO_NAMESPACES = """\
import ctypes, os, sys
uid, gid = os.getuid(), os.getgid()
if ctypes.CDLL(None).unshare(0x10000000):
    sys.exit("no namespace for the test")
for name, text in (("user/max_user_namespaces", "0"),):
    open(f"/proc/sys/{name}", "w").write(text)
for name, text in (("setgroups", "deny"), ("uid_map", f"1000 {uid} 1"), ("gid_map", f"1000 {gid} 1")):
    open(f"/proc/self/{name}", "w").write(text)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def confined(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return this machine's browser as it is for a user without namespaces of his own, and let the suite find it."""
    real = machine.find_chromium()
    (tmp_path / "confine.py").write_text(_NO_NAMESPACES, "utf-8")
    path = tmp_path / "chromium"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{tmp_path}/confine.py" "{real}" "$@"\n', "utf-8")
    path.chmod(0o755)
    machine.browser_version.cache_clear()
    if not machine.browser_version(path):
        pytest.skip("this system lets nobody make a namespace, so none can be made without one either")
    monkeypatch.setenv("CAMPS_CHROMIUM", str(path))
    monkeypatch.setattr(browser, "is_root", lambda: False)
    browser._say_once.cache_clear()
    return path


@pytest.mark.browser
def test_a_frame_of_one_colour_comes_out_as_it_was_drawn() -> None:
    assert film.film_trial() in {"file", "socket"}


@pytest.mark.browser
def test_a_browser_that_can_shut_nothing_in_is_refused_with_the_remedy_in_every_room(
    confined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Set-up and doctor were green, the film died and hid why, and plates never had a sandbox."""
    remedy = r"no namespaces to shut its pages in; .*max_user_namespaces.*CAMPS_BROWSER_SANDBOX=off"
    with pytest.raises(MissingError, match=remedy):
        film.film_trial()
    with pytest.raises(MissingError, match=remedy):
        maps.write_plate(maps.site_map(), tmp_path / "plate.png", dpi=20)
    check = next(check for check in build.checks() if check.name == "film")
    assert (check.state, "CAMPS_BROWSER_SANDBOX=off" in check.detail) == ("wrong", True)
    assert capsys.readouterr().err == ""


@pytest.mark.browser
def test_a_browser_without_a_sandbox_has_to_be_asked_for_and_is_said(
    confined: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CAMPS_BROWSER_SANDBOX", "off")
    film.film_trial()
    maps.write_plate(maps.site_map(), tmp_path / "plate.png", dpi=20)
    assert capsys.readouterr().err.count("without its sandbox") == 1
    monkeypatch.setenv("CAMPS_BROWSER_SANDBOX", "no")
    with pytest.raises(InputError, match=r"CAMPS_BROWSER_SANDBOX=no: expected on or off"):
        browser.launch_options()


@pytest.mark.browser
def test_doctor_says_of_a_browser_that_shows_nothing_that_no_film_can_be_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It prints a version, which was all that doctor asked of it."""
    dumb = tmp_path / "chromium"
    dumb.write_text("#!/bin/sh\necho Chromium 1.2\n", "utf-8")
    dumb.chmod(0o755)
    monkeypatch.setenv("CAMPS_CHROMIUM", str(dumb))
    with pytest.raises(CampsError, match="the browser shows no page"):
        film.film_trial()
