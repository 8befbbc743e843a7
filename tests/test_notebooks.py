"""The eight notebooks: thin, clean in git, and no page of them names another host."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from camps import files
from camps.build import notebooks
from camps.errors import InputError, MissingError, RenderError

MOST_CODE_CELLS = 20
NAMES = [
    "00_sources", "01_sites", "02_footprints", "03_growth", "04_maps", "05_frames", "06_appendix", "07_reading"
]  # fmt: skip
PATHS = notebooks.notebook_paths()


def _quiet(share: float, doing: str) -> None:
    """Hear the progress and say nothing."""


def _written(folder: Path, *sources: str) -> Path:
    cells = [new_markdown_cell("# A title\n\nA first sentence.", id="a")]
    cells += [new_code_cell(source, id=f"c{n}") for n, source in enumerate(sources)]
    return files.write_text(folder / "00_test.ipynb", nbformat.writes(new_notebook(cells=cells)))


def test_they_are_all_there() -> None:
    assert [path.stem for path in PATHS] == NAMES


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_each_is_thin_and_clean(path: Path) -> None:
    notebook = notebooks.read_notebook(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert 0 < len(code) <= MOST_CODE_CELLS
    assert not any(re.search(r"^\s*(def|class|lambda) ", cell.source, re.MULTILINE) for cell in code)
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert len(notebook.cells) > len(code), "a notebook explains what it does"
    page = notebooks.describe(path)
    assert page.title
    assert page.text


def test_nbstripout_finds_nothing_to_strip() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbstripout", "--verify", *map(str, PATHS)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_page_is_the_same_twice_and_holds_what_ran(tmp_path: Path) -> None:
    path = _written(tmp_path, "print(6 * 7)", "from IPython.display import HTML\nHTML('<b>bold</b>')")
    one = notebooks.render_notebook(path, tmp_path / "1.html", report=_quiet).read_text("utf-8")
    two = notebooks.render_notebook(path, tmp_path / "2.html", report=_quiet).read_text("utf-8")
    assert one == two
    assert "42" in one
    assert "<b>bold</b>" in one
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", one)


def test_a_page_does_not_show_when_the_kernel_sent_what_it_printed(tmp_path: Path) -> None:
    slow = _written(tmp_path, "import time\nprint('one')\ntime.sleep(0.5)\nprint('two')")
    page = notebooks.render_notebook(slow, tmp_path / "slow.html", report=_quiet).read_text("utf-8")
    assert "one\ntwo" in page
    assert page.count("output_stdout") == 1


def test_a_failing_cell_stops_the_build_by_name(tmp_path: Path) -> None:
    path = _written(tmp_path, "1 / 0")
    with pytest.raises(RenderError, match=r"00_test\.ipynb: a cell failed with ZeroDivisionError: division by zero"):
        notebooks.render_notebook(path, tmp_path / "1.html", report=_quiet)
    assert not (tmp_path / "1.html").exists()


def test_a_run_that_is_stopped_leaves_no_kernel_and_no_page(tmp_path: Path) -> None:
    path = _written(tmp_path, "import os, time\nopen('pid', 'w').write(str(os.getpid()))", "time.sleep(600)")
    sleeps = threading.Event()

    def heard(share: float, doing: str) -> None:
        if doing == "cell 3 of 3":
            sleeps.set()

    with ThreadPoolExecutor(1) as apart:
        running = apart.submit(notebooks.render_notebook, path, tmp_path / "1.html", report=heard)
        assert sleeps.wait(120)
        notebooks.stop()
        with pytest.raises(RenderError, match="the kernel stopped"):
            running.result(timeout=120)
    assert not (tmp_path / "1.html").exists()
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_a_damaged_or_missing_notebook_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = files.write_text(tmp_path / "x.ipynb", "{ half")
    with pytest.raises(InputError, match=r"x\.ipynb: no Jupyter notebook"):
        notebooks.read_notebook(broken)
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path))
    assert notebooks.notebook_paths() == [], "a record need not have any"
    with pytest.raises(MissingError, match="no such file"):
        notebooks.read_notebook(tmp_path / "00_absent.ipynb")
