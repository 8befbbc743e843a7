"""Whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from camps import files
from camps.errors import InputError, MissingError
from camps.film import profile


def test_a_write_that_changes_nothing_keeps_the_modification_time(tmp_path: Path) -> None:
    path = files.write_text(tmp_path / "a.txt", "one")
    os.utime(path, (1, 1))
    files.write_text(path, "one")
    assert path.stat().st_mtime == 1
    files.write_text(path, "two")
    assert path.read_text("utf-8") == "two"
    assert path.stat().st_mtime > 1


def test_a_file_of_several_pieces_is_written_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * 3000 + b"end"
    assert files.write_bytes(tmp_path / "a.bin", content).read_bytes() == content
    assert files.write_bytes(tmp_path / "empty.bin", b"").read_bytes() == b""


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = files.write_text(tmp_path / "a.txt", "old")
    with pytest.raises(KeyboardInterrupt), files.replacing(path) as temporary:
        _half_write(temporary)
    assert path.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="no locks that end with their process")
def test_what_a_killed_writer_left_is_removed_and_a_living_one_is_let_alone(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from camps import files\n"
        "with files.replacing(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path / "below" / "a.txt")], check=False)
    assert killed.returncode < 0
    with files.replacing(tmp_path / "b.txt") as living:
        living.write_text("whole", "utf-8")
        assert len(list(tmp_path.rglob(".camps-*"))) == 2
        files.remove_leftovers(tmp_path)
        assert list(tmp_path.rglob(".camps-*")) == [living]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["b.txt"]


def _half_write(path: Path) -> None:
    path.write_text("half", "utf-8")
    raise KeyboardInterrupt


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    with pytest.raises(InputError, match=r"a\.txt: the disk is full \(\d+ MB free\)"), files.replacing(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert not list(path.parent.iterdir())


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    blocking = files.write_text(tmp_path / "file", "")
    with pytest.raises(InputError, match="cannot be written"):
        files.write_text(blocking / "below.txt", "")


def test_missing_and_unreadable_files_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such file"):
        files.sha256(tmp_path / "absent")
    with pytest.raises(InputError, match="cannot be read"):
        files.sha256(tmp_path)


def test_json_has_one_form(tmp_path: Path) -> None:
    one = files.write_json(tmp_path / "1.json", {"b": 1, "a": "营"}).read_bytes()
    assert one == files.write_json(tmp_path / "2.json", {"a": "营", "b": 1}).read_bytes()
    assert "营".encode() in one


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
@pytest.mark.parametrize(("umask", "mode"), [("022", 0o644), ("077", 0o600), ("002", 0o664)])
def test_a_file_may_be_read_by_whom_the_user_lets_read(tmp_path: Path, umask: str, mode: int) -> None:
    code = f"from pathlib import Path; from camps import files; files.write_text(Path({str(tmp_path / 'a')!r}), 'x')"
    root = Path(files.__file__).parents[1]
    subprocess.run(["sh", "-c", f'umask {umask}; exec "$0" -c "$1"', sys.executable, code], cwd=root, check=True)
    assert (tmp_path / "a").stat().st_mode & 0o777 == mode


def test_a_lock_whose_file_was_removed_as_it_was_taken_is_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever had it before removes its file; two others could each hold a file of that name."""
    lock, ended = files._lock, []

    def late(stream: IO[str]) -> bool:
        if not ended:
            ended.append((tmp_path / ".in-use").unlink())
        return lock(stream)

    monkeypatch.setattr(files, "_lock", late)
    held = f"process {os.getpid()} on .* writes it just now"
    with files.locked(tmp_path), pytest.raises(InputError, match=held), files.locked(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_on_windows_nobody_is_asked_whether_he_lives_by_what_stops_him_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "kill", lambda process, sign: pytest.fail("Ctrl-C"))
    assert profile._is_alive(os.getpid())
