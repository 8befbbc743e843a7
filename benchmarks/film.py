"""Frames a second of the film beside what a user would pick instead, browser start included, in one interleaved run.

    python benchmarks/film.py [--frames 250] [--rounds 3] [--only "1080p"]

Beside each other on the same page: folium's ``Map._to_png`` as shipped (a browser a picture, three seconds of sleep)
and without its sleep, a warm Playwright screenshot loop, and the film. folium's way is slow and the same for every
frame, so a few of them are timed; its steps are done here with the film's own browser, so that nothing else differs.
"Limit" is the encoder alone on the same frames, already in memory.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import folium
import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import Page, Route, sync_playwright

from camps import film, machine
from camps.film import anymap, png
from camps.film.subject import build_map, build_subject
from camps.maps.page import html_text

STILL = [{"at": 0, "fit": "xinjiang"}]


@dataclass(frozen=True)
class Case:
    name: str
    size: tuple[int, int] = (1920, 1080)
    moving: bool = False
    background: str = "look"
    folium_markers: bool = False
    target: float = 1.0


CASES = (
    Case("1080p, still camera", target=8),
    Case("1080p, moving camera", moving=True, target=4),
    Case("4K, still camera", size=(3840, 2160), target=12),
    Case("1080p with alpha, still camera", background="transparent", target=8),
    Case("any folium map, 300 DOM markers", folium_markers=True, target=1.5),
)


def shot_of(case: Case, n_frames: int) -> film.Shot:
    seconds = n_frames / 25
    moving = [{"at": 0, "fit": "china"}, {"at": seconds, "fit": "xinjiang", "ease": "in_out_sine"}]
    return film.build_shot(
        {
            "title": case.name, "code": "BENCH", "frames": n_frames, "size": case.size, "background": case.background,
            "clock": {"kind": "linear", "from": "2017-07-02", "to": "2020-07-02"},
            "camera": moving if case.moving else STILL, "map": {"where": {"admin1": "Xinjiang"}},
        }
    )  # fmt: skip


def marked_map() -> folium.Map:
    rng = np.random.default_rng(1)
    map_ = folium.Map([41, 85], zoom_start=6, tiles=None)
    for lat, lon in zip(rng.uniform(36, 47, 300), rng.uniform(75, 95, 300), strict=True):
        folium.Marker([lat, lon]).add_to(map_)
    map_.add_child(folium.Marker([46, 78], icon=folium.DivIcon(html="<b id='day' style='font-size:40px'></b>")))
    return map_


DRIVE = "(map, day, date) => { document.getElementById('day').textContent = date; }"


@contextmanager
def peak_mb() -> Iterator[list[float]]:
    """Yield a list whose one item becomes the peak memory of this process and all that it starts."""
    found, over = [0.0], threading.Event()

    def watch() -> None:
        me = psutil.Process()
        while not over.wait(0.1):
            total = 0
            for process in (me, *me.children(recursive=True)):
                try:
                    memory = process.memory_info()
                    total += memory.rss - memory.shared // 2
                except psutil.Error:
                    continue
            found[0] = max(found[0], total / 2**20)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()


def film_it(case: Case, n_frames: int, folder: Path) -> list[Path]:
    shot = shot_of(case, n_frames)
    subject: Any = marked_map() if case.folium_markers else shot
    options = {"shot": shot, "drive": DRIVE} if case.folium_markers else {}
    return list(film.render(subject, folder, movie=False, **options).frames)


def page_of(case: Case) -> film.FilmPage:
    """Return the page that all ways show, with what it links."""
    if case.folium_markers:
        return anymap.build_map_page(marked_map(), drive=DRIVE)
    return film.FilmPage(html_text(build_map(shot_of(case, 2))))


def states(case: Case, n_frames: int) -> list[dict[str, Any]]:
    shot = shot_of(case, n_frames)
    ground = build_subject(shot)[1] if not case.folium_markers else film.Ground({})
    return list(film.plan_frames(shot, ground).states)


def answer(route: Route, *, body: bytes, kind: str) -> None:
    route.fulfill(body=body, content_type=kind)


@contextmanager
def browser_page(case: Case, html: Path) -> Iterator[Page]:
    files = page_of(case).files if case.folium_markers else {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=machine.find_chromium(), args=["--disable-gpu"])
        height = 1080
        viewport = {"width": case.size[0] * height // case.size[1], "height": height}
        page = browser.new_page(viewport=viewport, device_scale_factor=case.size[1] / height)
        for address, body in files.items():
            kind = "text/css" if address.endswith(".css") else "text/javascript"
            page.route(address, partial(answer, body=body, kind=kind))
        page.goto(html.as_uri(), wait_until="load")
        yield page
        browser.close()


def show(page: Page, case: Case, state: dict[str, Any]) -> None:
    if case.folium_markers:
        page.evaluate("day => filmDrives[0](null, day, String(day))", state["t"])
    else:
        page.evaluate("state => camps.setFrame(state)", state)


def screenshot_loop(case: Case, html: Path, given: list[dict[str, Any]], folder: Path) -> None:
    with browser_page(case, html) as page:
        for i, state in enumerate(given):
            show(page, case, state)
            page.screenshot(path=folder / f"{i}.png", omit_background=case.background == "transparent")


def to_png(case: Case, html: Path, given: list[dict[str, Any]], folder: Path, *, sleep_s: float) -> None:
    for i, state in enumerate(given):
        with browser_page(case, html) as page:
            time.sleep(sleep_s)
            show(page, case, state)
            page.screenshot(path=folder / f"{i}.png")


def encoder_limit(frames: list[Path], *, alpha: bool) -> float:
    """Return frames a second of the encoder alone, two threads, frames in memory."""
    pixels = []
    for path in frames[:: max(1, len(frames) // 20)]:
        with Image.open(path) as picture:
            pixels.append(np.asarray(picture.convert("RGBa" if alpha else "RGBA")).copy())
    many = pixels * 5
    with ThreadPoolExecutor(2) as pool:
        began = time.perf_counter()
        list(pool.map(lambda one: png.encode(one, order="RGBA", alpha=alpha), many))
        return len(many) / (time.perf_counter() - began)


def timed(work: Callable[[], Any], n_frames: int) -> tuple[float, float]:
    """Return frames a second of the whole of `work`, and its peak memory in MB."""
    with peak_mb() as peak:
        began = time.perf_counter()
        work()
        took = time.perf_counter() - began
    return n_frames / took, peak[0]


def measure(case: Case, n_frames: int, rounds: int) -> None:
    given, n_slow = states(case, n_frames), 3
    ways: dict[str, list[tuple[float, float]]] = {"to_png": [], "to_png, no sleep": [], "screenshots": [], "film": []}
    limits: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            html = folder / "page.html"
            html.write_text(page_of(case).html, encoding="utf-8")
            few, many = given[:n_slow], given[: max(n_slow, n_frames // 4)]
            ways["to_png"].append(timed(lambda: to_png(case, html, few[:1], folder, sleep_s=3), 1))  # noqa: B023
            ways["to_png, no sleep"].append(timed(lambda: to_png(case, html, few, folder, sleep_s=0), n_slow))  # noqa: B023
            ways["screenshots"].append(timed(lambda: screenshot_loop(case, html, many, folder), len(many)))  # noqa: B023
            frames: list[Path] = []
            ways["film"].append(timed(lambda: frames.extend(film_it(case, n_frames, folder / "film")), n_frames))  # noqa: B023
            limits.append(encoder_limit(frames, alpha=case.background == "transparent"))
    report(case, ways, statistics.median(limits))


def report(case: Case, ways: dict[str, list[tuple[float, float]]], limit: float) -> None:
    speed = {name: statistics.median(rate for rate, _ in runs) for name, runs in ways.items()}
    peak = {name: max(mb for _, mb in runs) for name, runs in ways.items()}
    ours = speed["film"]
    print(f"\n{case.name}")
    for name in ways:
        beside = f"film is ×{ours / speed[name]:>7.1f}   peak {peak[name]:>6.0f} MB"
        print(f"  {name:<18}{speed[name]:>8.2f} frames/s   {beside}")
    print(f"  {'encoder limit':<18}{limit:>8.1f} frames/s   film is ×{ours / limit:>7.2f}")
    reached = ours / speed["screenshots"]
    print(f"  target ×{case.target:g} of the screenshot loop: {'reached' if reached >= case.target else 'NOT reached'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="part of the name of the cases to run")
    asked = parser.parse_args()
    for case in CASES:
        if asked.only in case.name:
            measure(case, asked.frames, asked.rounds)


if __name__ == "__main__":
    main()
