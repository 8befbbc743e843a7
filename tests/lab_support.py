"""JupyterLab as a reader has it: a server of its own, a browser, a hand on mouse and keys."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, Page, sync_playwright

from camps import browser, files
from camps.reading.sheet import Sheet

WAIT_S = 120.0
NEWS = "@jupyterlab/apputils-extension/notification.jupyterlab-settings"
THEMES = "@jupyterlab/apputils-extension/themes.jupyterlab-settings"
_QUIET = ("--no-browser", "--allow-root", "--ip=127.0.0.1", "--ServerApp.token=", "--ServerApp.password=",
          "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate")  # fmt: skip


@contextmanager
def served(folder: Path, python: str = sys.executable, theme: str = "Light") -> Iterator[str]:
    """Serve a folder, and nothing of the user's own settings; the theme may be Dark."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port = asked.getsockname()[1]
    own = {name: str(folder / ".own" / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR",
           "JUPYTERLAB_WORKSPACES_DIR", "JUPYTERLAB_SETTINGS_DIR")}  # fmt: skip
    command = [python, "-m", "jupyterlab", *_QUIET, f"--port={port}", f"--ServerApp.root_dir={folder}"]
    files.write_text(Path(own["JUPYTERLAB_SETTINGS_DIR"]) / NEWS, '{"fetchNews": "false"}')
    files.write_text(Path(own["JUPYTERLAB_SETTINGS_DIR"]) / THEMES, f'{{"theme": "JupyterLab {theme}"}}')
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env={**os.environ, **own}, stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/api")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(WAIT_S)


def _wait_for(address: str) -> None:
    until = time.monotonic() + WAIT_S
    while True:
        try:
            urllib.request.urlopen(address, timeout=2).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


@contextmanager
def opened(folder: Path, *cells: str, name: str = "reading.ipynb", **settings: str) -> Iterator[Lab]:
    """Open a notebook of these cells, or the one there of that name, in a browser that reaches no other host."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=[new_code_cell(one) for one in cells], metadata={"kernelspec": kernel})
    if cells:
        nbformat.write(notebook, folder / name)
    with served(folder, **settings) as address, sync_playwright() as driver:
        chromium = driver.chromium.launch(**browser.launch_options())
        windows = chromium.new_context(viewport={"width": 1440, "height": 900})
        windows.set_default_timeout(WAIT_S * 1000)
        page = windows.new_page()
        lab = Lab(page)
        lab.go(f"{address}/lab/tree/{name}?reset")
        try:
            yield lab
        finally:
            page.screenshot(path=folder / "last.png")
            chromium.close()


class Lab:
    """A notebook that is open, and what its page complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        # On a busy machine JupyterLab asks which kernel before it has read which one the notebook names.
        asked = page.locator("dialog.jp-Dialog", has_text="Select Kernel")
        page.add_locator_handler(asked, lambda dialog: dialog.locator(".jp-mod-accept").click())
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))

    def go(self, address: str) -> None:
        """Open the page and wait for its kernel."""
        self.page.goto(address)
        self.page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")

    def beside(self) -> Lab:
        """Open the same notebook, and so the same kernel, in a second window."""
        second = Lab(self.page.context.new_page())
        second.go(re.sub(r"/lab/(workspaces/[^/]+/)?tree", "/lab/workspaces/second/tree", self.page.url))
        return second

    def run(self, number: int, wait_s: float = WAIT_S) -> Locator:
        """Run a cell and return what it shows."""
        cell = self.page.locator(".jp-CodeCell").nth(number)
        prompt = cell.locator(".jp-InputPrompt")
        kernel = self.page.locator(".jp-Notebook-ExecutionIndicator")
        until = time.monotonic() + wait_s
        before, runs, ran = prompt.inner_text(), False, False
        while not ran and time.monotonic() < until:
            # JupyterLab drops what is run while it still connects to the kernel.
            if not runs and kernel.get_attribute("data-status") == "idle":
                cell.locator(".cm-content").click()
                self.page.keyboard.press("Control+Enter")
            self.page.wait_for_timeout(200)
            now = prompt.inner_text()
            # What runs quickly is never seen to run.
            ran = now not in ("[*]:", "[ ]:", *([] if runs else [before]))
            runs = now == "[*]:"
        return cell.locator(".jp-OutputArea")

    def read(self, number: int) -> Hand:
        """Run a cell that ends with a reading, and wait until that is on the page."""
        root = self.run(number).locator(".camps-reading")
        root.wait_for()
        hand = Hand(self.page, root)
        hand.saved(0)
        return hand


class Hand:
    """Mouse and keys on one reading. Places are columns and rows of its sheet."""

    def __init__(self, page: Page, root: Locator) -> None:
        self.page, self.root = page, root

    def saved(self, n: int) -> int:
        """Wait until more than `n` steps are saved; return how many are."""
        self.page.wait_for_function(
            "([root, n]) => Number(/\\d+/.exec(root.querySelector('.cr-saved').textContent)) > n",
            arg=[self.root.element_handle(), n],
        )  # fmt: skip
        return self.steps

    @property
    def steps(self) -> int:
        """Return how many steps the page says are saved."""
        return int(self.root.locator(".cr-saved").inner_text().split()[1])

    @property
    def says(self) -> str:
        """Return what stands in the line below."""
        return self.root.locator(".cr-says").inner_text()

    def at(self, sheet: Sheet, place: Sequence[float]) -> tuple[float, float]:
        """Return where a place is on the screen while all of the ground is shown."""
        self.root.scroll_into_view_if_needed()
        box = self.root.locator(".cr-pane").first.bounding_box()
        assert box is not None
        width, height = sheet.grid.width, sheet.grid.height
        scale = min(box["width"] / width, box["height"] / height)
        return (
            box["x"] + box["width"] / 2 + (place[0] - width / 2) * scale,
            box["y"] + box["height"] / 2 + (place[1] - height / 2) * scale,
        )

    def click(self, sheet: Sheet, *places: Sequence[float]) -> None:
        for place in places:
            self.page.mouse.click(*self.at(sheet, place))

    def drag(self, sheet: Sheet, start: Sequence[float], end: Sequence[float]) -> None:
        self.page.mouse.move(*self.at(sheet, start))
        self.page.mouse.down()
        self.page.mouse.move(*self.at(sheet, end), steps=3)
        self.page.mouse.up()

    def key(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def do(self, keys: str, sheet: Sheet | None = None, *places: Sequence[float], then: str = "") -> int:
        """Press keys, click places, and wait until one more step is saved."""
        before = self.steps
        self.key(*keys.split())
        if sheet is not None:
            self.click(sheet, *places)
        self.key(*then.split())
        return self.saved(before)
