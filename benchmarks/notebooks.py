"""The record's notebooks as a person runs them in JupyterLab, and as pages with networking off: what fails there.

Run ``python benchmarks/notebooks.py OUT [--only 07_reading …] [--theme Dark]``. Each notebook of a copy of the record
is opened in a real JupyterLab and run by Shift+Enter from its first cell to its last; then nbclient runs it to a page,
which is opened from the disk with networking off. Both are pictured screen by screen. Told are cells that failed, what
the console complains of, requests to any host other than the server, and pictures, maps and widgets that stay empty.
The exit status is 1 where there was any.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from pathlib import Path

import nbformat
from playwright.sync_api import Locator, Page, Request, sync_playwright

from camps import browser, settings
from camps.build import notebooks

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from lab_support import Lab, opened

CELL_MS = 1_200_000
SCREEN = {"width": 1280, "height": 900}
RECORD = ("record.toml", "geodata", "notebooks", "shots")
FAILED = "[data-mime-type='application/vnd.jupyter.error'], [data-mime-type='application/vnd.jupyter.stderr']"
#: Pictures without a size, maps in frames that drew nothing, widgets that JupyterLab could not make.
EMPTY = """(root) => [
  ...[...root.querySelectorAll('img')].filter((one) => !one.naturalWidth).map((one) => `picture ${one.alt}`),
  ...[...root.querySelectorAll('iframe')].filter(
    (one) => ![...one.contentDocument.querySelectorAll('canvas, svg, img')].some((drawn) => drawn.clientWidth > 200),
  ).map((one) => `frame ${one.title}`),
  ...[...root.querySelectorAll('.jupyter-widgets-view, .jp-RenderedText')].filter(
    (one) => /Error (displaying|creating) widget|Loading widget/.test(one.textContent)).map((one) => one.textContent),
]"""

#: Scroll on by most of a screen; true where there was more.
DOWN = """(one) => {
  const at = one.scrollTop;
  one.scrollBy({ top: 720, behavior: 'instant' });
  return one.scrollTop > at;
}"""


def copy_record(folder: Path) -> Path:
    """Copy what notebooks read to a folder and make that the record; return its notebooks' folder."""
    for name in RECORD:
        source = settings.home() / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    os.environ["CAMPS_HOME"] = str(folder)
    return folder / "notebooks"


def watch(page: Page, own: str) -> list[str]:
    """Return a list that fills with complaints of a page, and with what it asks of others than `own`."""
    wrong: list[str] = []

    def asks(request: Request) -> None:
        if not request.url.startswith((own, "data:", "blob:", "about:")):
            wrong.append(f"asked for {request.url[:120]}")

    page.on("request", asks)
    page.on("pageerror", lambda error: wrong.append(f"page: {error}"))
    page.on("console", lambda said: wrong.append(f"console: {said.text[:200]}") if said.type == "error" else None)
    return wrong


def run_by_hand(home: Path, path: Path, pictures: Path, theme: str) -> list[str]:
    """Run every cell in JupyterLab, picture what it shows, and return what failed."""
    with opened(home, name=f"notebooks/{path.name}", theme=theme) as lab:
        wrong = watch(lab.page, lab.page.url.partition("/lab/")[0])
        lab.page.locator(".jp-Cell").first.click()
        lab.page.keyboard.press("Escape")
        for number in range(len(notebooks.read_notebook(path).cells)):
            wrong += [f"cell {number + 1}: {text}" for text in _stepped(lab, number)]
        lab.page.keyboard.press("Control+s")
        _picture(lab.page, lab.page.locator(".jp-WindowedPanel-outer").first, pictures / f"{path.stem}_lab")
        return wrong + lab.complaints


def _stepped(lab: Lab, number: int) -> list[str]:
    """Run the cell that is picked, wait for it, and return what is wrong in what it shows."""
    cell = lab.page.locator(f".jp-Cell[data-windowed-list-index='{number}']")
    cell.and_(lab.page.locator(".jp-mod-active")).wait_for()
    if not cell.and_(lab.page.locator(".jp-CodeCell")).count():
        lab.page.keyboard.press("Shift+Enter")
        return []
    prompt = cell.locator(".jp-InputPrompt")
    # JupyterLab drops what is run while it still connects to the kernel.
    while prompt.inner_text() == "[ ]:":
        prompt.click()
        lab.page.keyboard.press("Shift+Enter")
        lab.page.wait_for_timeout(3000)
    prompt.filter(has_text=re.compile(r"\d")).wait_for(timeout=CELL_MS)
    cell.scroll_into_view_if_needed()
    return [*(text[:300] for text in cell.locator(FAILED).all_inner_texts()), *_empty(lab.page, cell)]


def _empty(page: Page, within: Locator) -> list[str]:
    """Return what stays empty however long one waits."""
    found: list[str] = []
    for _ in range(20):
        found = within.evaluate(EMPTY)
        if not found:
            break
        page.wait_for_timeout(500)
    return found


def _picture(page: Page, scrolled: Locator, stem: Path) -> None:
    """Scroll from top to bottom and picture every screen."""
    scrolled.evaluate("(one) => { one.scrollTop = 0; }")
    for number in range(1, 100):
        # Maps are drawn once they are looked at.
        page.wait_for_timeout(1000)
        page.screenshot(path=f"{stem}_{number:02d}.png")
        if not scrolled.evaluate(DOWN):
            return


def open_page(page_path: Path, pictures: Path, theme: str) -> list[str]:
    """Open a page from the disk with networking off, picture it, and return what is wrong."""
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(**browser.launch_options())
        scheme = "dark" if theme == "Dark" else "light"
        page = chromium.new_context(offline=True, viewport=SCREEN, color_scheme=scheme).new_page()
        wrong = watch(page, "file:")
        page.goto(page_path.as_uri())
        _picture(page, page.locator("html"), pictures / f"{page_path.stem}_page")
        wrong += _empty(page, page.locator("body"))
        chromium.close()
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="a new folder for the record's copy, pages and pictures")
    parser.add_argument("--only", nargs="*", help="stems of notebooks; all by default")
    parser.add_argument("--theme", choices=("Light", "Dark"), default="Light")
    asked = parser.parse_args()
    home, pictures = (asked.out / "record").resolve(), (asked.out / "pictures").resolve()
    for folder in (home, pictures):
        folder.mkdir(parents=True)
    paths = [path for path in sorted(copy_record(home).glob("*.ipynb")) if not asked.only or path.stem in asked.only]
    failed = False
    for path in paths:
        plain = notebooks.read_notebook(path)
        ways = {"in JupyterLab": run_by_hand(home, path, pictures, asked.theme)}
        nbformat.write(plain, path)
        page = notebooks.render_notebook(path, asked.out / "pages" / f"{path.stem}.html", report=lambda *_: None)
        ways["by nbclient, as a page, offline"] = open_page(page.resolve(), pictures, asked.theme)
        for where, wrong in ways.items():
            print(f"{path.stem} {where}:", *(wrong or ["nothing wrong"]), sep="\n  ", flush=True)
            failed |= bool(wrong)
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
