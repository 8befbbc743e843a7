"""Whatever dies, the film goes on or can be gone on with: nothing is lost, nothing is half-written, nothing stays."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import psutil
import pytest
from film_support import PAGE, browsers, profiles, small_shot, sums, test_page
from jupyter_client.manager import start_new_kernel
from PIL import Image

from camps import film
from camps.errors import InputError, RenderError

pytestmark = pytest.mark.browser
N_FRAMES = 60


def _shot() -> film.Shot:
    return small_shot(frames=N_FRAMES, camera=[{"at": 0, "fit": "xinjiang"}])


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("undisturbed")
    film.render(test_page(), out, shot=_shot(), movie=False)
    return sums(out)


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    yield
    assert not browsers()
    assert not profiles()


def _renderers() -> list[psutil.Process]:
    return [process for process in browsers() if "--type=renderer" in " ".join(process.cmdline())]


def _main_browser() -> list[psutil.Process]:
    return [process for process in browsers() if "--type=" not in " ".join(process.cmdline())]


def _killing(find: Callable[[], list[psutil.Process]], after: int) -> Callable[[int, int, str], None]:
    """Return a progress callback that kills a process once when so many frames are done."""
    killed = threading.Event()

    def progress(done: int, total: int, message: str) -> None:
        if done >= after and not killed.is_set():
            killed.set()
            for process in find():
                process.kill()

    return progress


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("who", ["renderer", "browser"])
def test_a_browser_that_dies_is_started_again_and_the_film_is_the_same(
    tmp_path: Path, undisturbed: dict[str, str], who: str, seed: int
) -> None:
    after = random.Random(f"{who} {seed}").randrange(1, N_FRAMES - 10)
    find = _renderers if who == "renderer" else _main_browser
    result = film.render(test_page(), tmp_path, shot=_shot(), movie=False, progress=_killing(find, after))
    assert result.n_drawn == N_FRAMES
    assert sums(tmp_path) == undisturbed


def test_a_page_that_never_gets_ready_is_given_up_after_three_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camps.film.stage.PATIENCE_S", 1.0)
    page = test_page(**{"await document.fonts.ready;": "await new Promise(() => {});"})
    with pytest.raises(RenderError, match=r"the page said nothing for 1 s, 3 times"):
        film.render(page, tmp_path, shot=_shot(), movie=False)


def test_a_page_that_hangs_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camps.film.stage.PATIENCE_S", 1.0)
    page = test_page(**{"const t = days(frame.t);": "const t = days(frame.t); while (frame.t > 17900);"})
    with pytest.raises(RenderError, match=r"frame 10\d\d: the page said nothing for 1 s, 3 times"):
        film.render(page, tmp_path, shot=_shot(), movie=False)


_JOB = """
import sys
sys.path.insert(0, sys.argv[2])
from test_film_faults import _shot
from film_support import test_page
from camps import film
def progress(done, total, message):
    print(done, flush=True)
film.render(test_page(), sys.argv[1], shot=_shot(), movie=False, progress=progress)
"""


def _job(out: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", _JOB, out, PAGE.parents[1]], stdout=subprocess.PIPE, text=True)


def _stop(job: subprocess.Popen[str], after: int, how: int) -> list[psutil.Process]:
    assert job.stdout is not None
    for line in job.stdout:
        if int(line) >= after:
            break
    started = psutil.Process(job.pid).children(recursive=True)
    os.kill(job.pid, how)
    job.stdout.close()
    job.wait(timeout=120)
    return started


def _wait_for_the_end(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=120)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("seed", range(2))
def test_a_killed_job_is_gone_on_with(tmp_path: Path, undisturbed: dict[str, str], seed: int) -> None:
    after = random.Random(seed).randrange(1, N_FRAMES - 10)
    job = _job(tmp_path)
    _wait_for_the_end(_stop(job, after, signal.SIGKILL))
    for picture in tmp_path.rglob("TEST*.png"):
        with Image.open(picture) as opened:
            opened.load()
    result = film.render(test_page(), tmp_path, shot=_shot(), movie=False)
    assert result.n_kept >= after - 1
    assert sums(tmp_path) == undisturbed
    assert not list(Path("/dev/shm").glob(f"camps-film-{job.pid}-*")), "the next run sweeps what is left"


def test_an_interrupt_stops_cleanly_and_what_is_done_is_kept(tmp_path: Path, undisturbed: dict[str, str]) -> None:
    job = _job(tmp_path)
    _wait_for_the_end(_stop(job, 10, signal.SIGINT))
    assert job.returncode != 0
    assert not list(Path("/dev/shm").glob(f"camps-film-{job.pid}-*"))
    result = film.render(test_page(), tmp_path, shot=_shot(), movie=False)
    assert 9 <= result.n_kept < N_FRAMES, "it stopped, and not at the end"
    assert sums(tmp_path) == undisturbed


def test_an_interrupted_cell_of_a_notebook_leaves_whole_pictures_alone(tmp_path: Path) -> None:
    manager, kernel = start_new_kernel(kernel_name="python3")
    try:
        kernel.execute(f"import sys; sys.argv = ['', {str(tmp_path)!r}, {str(PAGE.parents[1])!r}]\n{_JOB}")
        told = (one["content"] for one in iter(kernel.get_iopub_msg, None))
        # What a debugger of some Pythons warns of comes by the other stream.
        done = (one["text"].split() for one in told if one.get("name") == "stdout")
        next(number for numbers in done for number in numbers if int(number) >= 10)
        manager.interrupt_kernel()
        answers = iter(lambda: kernel.get_shell_msg(timeout=600), None)
        answer = next(one["content"] for one in answers if one["msg_type"] == "execute_reply")
        assert answer.get("ename") == "KeyboardInterrupt", answer
        left = psutil.Process(manager.provisioner.process.pid).children(recursive=True)
        assert [one.name() for one in left if "chrom" in one.name() and one.status() != psutil.STATUS_ZOMBIE] == []
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)
    pictures = [path for path in (tmp_path / film.folder_name(_shot())).rglob("*") if ".png" in path.name]
    for picture in pictures:
        with Image.open(picture) as opened:
            opened.load()
    assert 9 <= len(pictures) < N_FRAMES


def test_frames_that_another_release_listed_are_drawn_again(tmp_path: Path) -> None:
    first = film.render(test_page(), tmp_path, shot=_shot(), numbers=_shot().numbers[:2], movie=False)
    listed = first.folder / "frames.csv"
    today = listed.read_text("utf-8")
    pd.read_csv(listed, dtype=str).drop(columns=["n_held", "stale_days"]).to_csv(listed, index=False)
    again = film.render(test_page(), tmp_path, shot=_shot(), numbers=_shot().numbers[:2], movie=False)
    assert again.n_drawn == 2
    assert listed.read_text("utf-8") == today


def test_a_table_of_somebody_elses_is_not_written_over(tmp_path: Path) -> None:
    listed = tmp_path / film.folder_name(_shot()) / "frames.csv"
    listed.parent.mkdir(parents=True)
    listed.write_text("frame,worker\n1,A\n")
    with pytest.raises(InputError, match="not a frame list of this suite"):
        film.render(test_page(), tmp_path, shot=_shot(), numbers=_shot().numbers[:1], movie=False)
    assert listed.read_text() == "frame,worker\n1,A\n"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder on a disk of 64 kilobytes; skip where one cannot be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here; run as root to try what a full disk does")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_named_and_nothing_half_written_stays(small_disk: Path) -> None:
    with pytest.raises(InputError, match=r"the disk is full|MB free, but the frames take"):
        film.render(test_page(), small_disk, shot=_shot(), movie=False)
    assert not list(small_disk.rglob(".camps-*"))
    for picture in small_disk.rglob("*.png"):
        with Image.open(picture) as opened:
            opened.load()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "TEST_A_0010_v001").write_text("a file where the folder should be")
    with pytest.raises(InputError, match="TEST_A_0010_v001"):
        film.render(test_page(), tmp_path, shot=_shot(), movie=False)
