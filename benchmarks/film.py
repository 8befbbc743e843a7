"""Frames a second of the film beside what a user would pick instead, browser start included, in one interleaved run.

    python benchmarks/film.py [--frames 250] [--rounds 3] [--only "1080p"]

Beside each other, from the same page on: folium's ``Map._to_png`` as shipped (Firefox through selenium, a browser a
picture, three seconds of sleep), the same without its sleep, the same steps with the film's own browser in Firefox's
place, a warm Playwright screenshot loop, and the film. folium's way is slow and the same for every frame, so a few of
them are timed. "Loop" is the film without its start and end, "limit" the encoder alone on the same frames, already in
memory. A map of somebody else is filmed with two browsers too.

The 380 published sites are filmed beside MapLibre GL, deck.gl and HyperFrames, which come from npm into a cache of the
benchmark's own (`film_peers.py`), each with the share of frames whose bytes are the same in all rounds.

folium's own way wants selenium (``pip install -e .[bench]``) and Firefox with geckodriver on the PATH; without them
it is left out, and said so.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
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
from typing import Any, NamedTuple

import film_peers
import folium
import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import Page, Route, sync_playwright

from camps import film, machine
from camps.film import anymap, png
from camps.film.subject import build_map, build_subject
from camps.maps.page import html_text

States = list[dict[str, Any]]
STILL = [{"at": 0, "fit": "xinjiang"}]
NO_SLEEP, TWO_BROWSERS = "to_png, no sleep", "film, two browsers"


@dataclass(frozen=True)
class Case:
    name: str
    size: tuple[int, int] = (1920, 1080)
    moving: bool = False
    background: str = "look"
    relief: bool = True
    folium_markers: bool = False
    sources: tuple[str, ...] = ()
    target: float = 1.0
    target_to_png: float = 0.0
    target_limit: float = 0.0


CASES = (
    Case("1080p, still camera", target=8, target_to_png=100, target_limit=0.2),
    Case("1080p, still camera, flat ground", relief=False, target=8, target_to_png=100, target_limit=0.2),
    Case("1080p, moving camera", moving=True, target=4),
    Case("4K, still camera", size=(3840, 2160), target=12, target_limit=0.2),
    Case("1080p with alpha, still camera", background="transparent", target=8),
    Case("any folium map, 300 DOM markers, moving camera", moving=True, folium_markers=True, target=3),
    Case("380 sites beside others", moving=True, relief=False, sources=("aspi-xjdp-v1",), target=4),
)


def shot_of(case: Case, n_frames: int) -> film.Shot:
    seconds = n_frames / 25
    moving = [{"at": 0, "fit": "china"}, {"at": seconds, "fit": "xinjiang", "ease": "in_out_sine"}]
    shown = {"sources": case.sources} if case.sources else {"where": {"admin1": "Xinjiang"}}
    return film.build_shot(
        {
            "title": case.name, "code": "BENCH", "frames": n_frames, "size": case.size, "background": case.background,
            "clock": {"kind": "linear", "from": "2017-07-02", "to": "2020-07-02"},
            "camera": moving if case.moving else STILL, "map": {**shown, "relief": case.relief},
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


class Use(NamedTuple):
    """Frames a second of a way, the processors' time that a frame took in all its processes, and the peak memory."""

    rate: float
    cpu_ms: float = 0.0
    peak_mb: float = 0.0


class Watch:
    """Peak memory in MB and processors' seconds of this process and all that it starts, while the block runs."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._over, self._me = threading.Event(), psutil.Process()
        self._spent: dict[int, float] = {}
        self._watcher = threading.Thread(target=self._watch)

    @property
    def cpu_s(self) -> float:
        return sum(self._spent.values())

    def __enter__(self) -> Watch:
        self._began_s = sum(self._me.cpu_times()[:2])
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            self._look()
        self._look()

    def _look(self) -> None:
        total = 0
        for process in (self._me, *self._me.children(recursive=True)):
            try:
                memory, spent = process.memory_info(), sum(process.cpu_times()[:2])
            except psutil.Error:
                continue
            total += memory.rss - memory.shared // 2
            self._spent[process.pid] = spent - (self._began_s if process == self._me else 0.0)
        self.peak_mb = max(self.peak_mb, total / 2**20)


def film_it(
    case: Case, page: film.FilmPage, n_frames: int, folder: Path, *, workers: int = 1
) -> tuple[list[Path], float]:
    """Film a page; return the frames, and frames a second from the first to the last."""
    times: list[float] = []
    shot = shot_of(case, n_frames)
    told = lambda *_: times.append(time.perf_counter())  # noqa: E731
    result = film.render(page, folder, shot=shot, workers=workers, movie=False, progress=told)
    return list(result.frames), (len(times) - 1) / (times[-1] - times[0])


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


MOVED = """state => {
    const map = window[Object.keys(window).find((name) => /^map_/.test(name))];
    map.setView([state.lat, state.lon], state.zoom, { animate: false });
    filmDrives[0](map, state.t, String(state.t));
}"""


def show(page: Page, case: Case, state: dict[str, Any]) -> None:
    if case.folium_markers:
        page.evaluate(MOVED, state)
    else:
        page.evaluate("state => camps.setFrame(state)", state)


def screenshot_loop(case: Case, html: Path, given: States, folder: Path) -> None:
    with browser_page(case, html) as page:
        for i, state in enumerate(given):
            show(page, case, state)
            page.screenshot(path=folder / f"{i}.png", omit_background=case.background == "transparent")


def has_folium_browser() -> bool:
    """Return whether what ``Map._to_png`` starts by itself is here."""
    has_selenium = importlib.util.find_spec("selenium") is not None
    return has_selenium and all(shutil.which(name) for name in ("geckodriver", "firefox"))


def to_png(map_: folium.Map, size: tuple[int, int], n_pictures: int, *, delay_s: int) -> None:
    # It is to run its own driver without asking the network for another.
    os.environ["SE_OFFLINE"] = "true"
    for _ in range(n_pictures):
        map_._png_image = None  # a map gives the picture that it has made once
        map_._to_png(delay_s, size=size)


def to_png_steps(case: Case, html: Path, given: States, folder: Path) -> None:
    for i, state in enumerate(given):
        with browser_page(case, html) as page:
            show(page, case, state)
            page.screenshot(path=folder / f"{i}.png")


def encoder_limit(frames: list[Path], *, alpha: bool) -> float:
    """Return frames a second of the encoder alone, two threads, on frames that follow each other, in memory."""
    pixels, memory = [], png.Memory()
    for path in frames[len(frames) // 2 :][:20]:
        with Image.open(path) as picture:
            pixels.append(np.asarray(picture.convert("RGBa" if alpha else "RGBA")).copy())
    many = pixels * 5
    with ThreadPoolExecutor(2) as pool:
        began = time.perf_counter()
        list(pool.map(lambda one: png.encode(one, order="RGBA", alpha=alpha, memory=memory), many))
        return len(many) / (time.perf_counter() - began)


def timed(work: Callable[[], Any], n_frames: int) -> Use:
    """Return what the whole of `work` takes."""
    with Watch() as watch:
        began = time.perf_counter()
        work()
        took_s = time.perf_counter() - began
    return Use(n_frames / took_s, 1000 * watch.cpu_s / n_frames, watch.peak_mb)


def measure(case: Case, n_frames: int, rounds: int) -> None:
    given, page, n_slow = states(case, n_frames), page_of(case), 3
    if case.target_to_png and not has_folium_browser():
        print("folium's own _to_png is left out: it wants selenium, and Firefox and geckodriver on the PATH")
    found: dict[str, list[Use]] = {}
    sums: dict[str, list[list[str]]] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as scratch:
            for name, use in one_round(case, page, given, n_slow, Path(scratch)):
                found.setdefault(name, []).append(use)
            sums.setdefault("film", []).append(film_peers.sums_of(next(Path(scratch).glob("film/**/*.png")).parent))
        if case.sources:
            for name, use in beside(case, given, sums):
                found.setdefault(name, []).append(use)
    report(case, found)
    for name, rounds_ in sums.items() if rounds > 1 else ():
        same = sum(len(set(one)) == 1 for one in zip(*rounds_, strict=True))
        print(f"  {name}: {same} of {len(rounds_[0])} frames have the same bytes in {rounds} runs")


def beside(case: Case, given: States, sums: dict[str, list[list[str]]]) -> Iterator[tuple[str, Use]]:
    """Yield how fast others film the same sites; a part of the frames is timed, for all take the same."""
    content = film_peers.scene(build_map(shot_of(case, 2)), given[:: max(1, len(given) // 25)])
    for name, way in film_peers.WAYS.items():
        try:
            with tempfile.TemporaryDirectory() as scratch, Watch() as watch:
                filmed = way(content, case.size, Path(scratch))
        except (RuntimeError, OSError) as error:
            print(f"{name} does not run here: {error}")
            continue
        sums.setdefault(name, []).append(filmed.sums)
        yield name, Use(len(given) / (filmed.start_s + filmed.each_s * len(given)), 0.0, watch.peak_mb)


def one_round(case: Case, page: film.FilmPage, given: States, n_slow: int, folder: Path) -> Iterator[tuple[str, Use]]:
    """Yield the name of each way and what it takes, one way after the other."""
    html = folder / "page.html"
    html.write_text(page.html, encoding="utf-8")
    filmed: list[tuple[list[Path], float]] = []
    if case.target_to_png and has_folium_browser():
        map_ = build_map(shot_of(case, 2))
        # Without its sleep first: folium's next release does without it.
        yield NO_SLEEP, timed(lambda: to_png(map_, case.size, n_slow, delay_s=0), n_slow)
        yield "to_png", timed(lambda: to_png(map_, case.size, 1, delay_s=3), 1)
    yield "its steps, our browser", timed(lambda: to_png_steps(case, html, given[:n_slow], folder), n_slow)
    yield "screenshots", timed(lambda: screenshot_loop(case, html, given, folder), len(given))
    yield "film", timed(lambda: filmed.append(film_it(case, page, len(given), folder / "film")), len(given))
    if case.folium_markers:
        yield TWO_BROWSERS, timed(lambda: film_it(case, page, len(given), folder / "two", workers=2), len(given))
    yield "loop", Use(filmed[0][1])
    yield "limit", Use(encoder_limit(filmed[0][0], alpha=case.background == "transparent"))


def report(case: Case, found: dict[str, list[Use]]) -> None:
    speed = {name: statistics.median(use.rate for use in runs) for name, runs in found.items()}
    spent = {name: statistics.median(use.cpu_ms for use in runs) for name, runs in found.items()}
    print(f"\n{case.name}")
    for name, runs in found.items():
        memory = max(use.peak_mb for use in runs)
        of_cpu = (
            f" ×{spent[name] / spent['film']:>5.1f} by {spent[name]:>6.0f} ms of CPU a frame" if spent[name] else ""
        )
        beside = f"   film is ×{speed['film'] / speed[name]:>6.1f}{of_cpu}   peak {memory:>6.0f} MB" if memory else ""
        print(f"  {name:<28}{speed[name]:>8.2f} frames/s{beside}")
    told = [
        ("folium's to_png without its sleep", speed["film"] / speed.get(NO_SLEEP, float("inf")), case.target_to_png),
        ("the screenshot loop", speed["film"] / speed["screenshots"], case.target),
        ("the screenshot loop, with two browsers", speed.get(TWO_BROWSERS, 0) / speed["screenshots"], case.target),
        ("the encoder's limit, in the loop", speed["loop"] / speed["limit"], case.target_limit),
    ]
    for what, reached, target in told:
        if target and reached:
            print(
                f"  ×{reached:.2f} of {what}; target ×{target:g}: {'reached' if reached >= target else 'NOT reached'}"
            )


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
