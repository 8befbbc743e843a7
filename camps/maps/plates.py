"""Plates: one state of a map as a picture for print or for a page, drawn by the same page as the film."""

from __future__ import annotations

import base64
import io
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin
from playwright.sync_api import Browser, Playwright, sync_playwright
from playwright.sync_api import Error as BrowserError

from camps import browser, embedded, files
from camps.dates import clock_day, iso_day, look_day, standing_day
from camps.errors import InputError, RenderError
from camps.maps import fonts
from camps.maps import page as page_room
from camps.maps.page import CampsMap, html_text
from camps.maps.payload import fit_bounds

MM_PER_INCH = 25.4
#: The drawing is laid out for this many lines whatever the size of the paper, so that type keeps its proportion.
_LINES = 1080
#: Of that drawing, left for title, date and legend: beside, and above and below what is shown.
_MARGINS = (420, 380)
_NO_TIME = time.gmtime(0)
SUFFIXES = (".png", ".svg", ".pdf")
_AS_PNG = "frame => { camps.setFrame(frame); return camps.canvas.toDataURL('image/png').split(',')[1]; }"
_AS_SVG = "([frame, paper, style]) => campsSvg(camps.page.stage, frame, paper, style)"


def write_plate(
    map_: CampsMap,
    path: Path | str,
    *,
    width_mm: float = 254.0,
    height_mm: float = 142.875,
    dpi: int = 300,
    **frame: Any,
) -> Path:
    """Write one state of a map as a PNG or PDF plate and return its path.

    Parameters
    ----------
    map_
        One of our maps.
    path
        The file: ``.png`` (tagged sRGB), ``.pdf`` (one page) or ``.svg`` (lines and letters, its fonts inside).
    width_mm, height_mm
        Size on paper, in millimetres; the default is 16 : 9, ten inches wide.
    dpi
        Pixels an inch of a PNG or PDF.
    **frame
        What to show, as ``camps.setFrame`` takes it: ``t``, ``mode``, ``lang``, ``look``, ``lon``, ``lat``, ``zoom``,
        ``layers``, ``background``. What is left out is as the map was made. Of a ``t`` that is an EDTF date, it is
        the day at which a look of that date stands in this map.

    Raises
    ------
    InputError
        For another kind of file, a size that is not positive, or a date that the map does not show.
    MissingError
        When there is no browser.
    RenderError
        When the page refuses the frame.
    """
    target = Path(path)
    if target.suffix not in SUFFIXES:
        raise InputError(f"{target}: plates are written as .png, .svg or .pdf; name the file so")
    if min(width_mm, height_mm, dpi) <= 0:
        raise InputError(f"plate of {width_mm} × {height_mm} mm at {dpi} dpi: expected sizes above 0")
    if isinstance(frame.get("t"), str):
        frame["t"] = clock_day(frame["t"], look_day if "footprints" in map_.payload else standing_day)
    _require_shown(map_, frame.get("t"))
    # In a thread of its own, because a notebook already runs an event loop and the browser's driver brings another.
    with ThreadPoolExecutor(max_workers=1) as beside:
        whole = _frame_of(map_, width_mm, height_mm, dpi) | frame
        paper = [width_mm, height_mm] if target.suffix == ".svg" else None
        drawn = beside.submit(_drawn, map_, whole, paper).result()
    with files.replacing(target) as temporary:
        if target.suffix == ".svg":
            temporary.write_text(drawn, "utf-8", newline="\n")
        else:
            _save(Image.open(io.BytesIO(base64.b64decode(drawn))), temporary, target.suffix, dpi, map_.page_title)
        embedded.put(temporary, map_.record(whole))
    return target


def _require_shown(map_: CampsMap, t: float | None) -> None:
    """Refuse a date outside the time of a map: it would print what the map says of its first or last day."""
    first, last = map_.payload["meta"]["t_min"], map_.payload["meta"]["t_max"]
    if t is None or first <= t <= last:
        return
    shown = f"shows {iso_day(first)} to {iso_day(last)}" if first < last else "shows no dates"
    raise InputError(f"plate of {iso_day(t)}: this map {shown}; choose a date of it, or leave the date out")


def _frame_of(map_: CampsMap, width_mm: float, height_mm: float, dpi: int) -> dict[str, Any]:
    """Return the frame that fills the paper: laid out for 1080 lines, drawn at as many pixels as the plate has."""
    lines = min(width_mm, height_mm) / MM_PER_INCH * dpi
    scale = lines / _LINES
    width, height = (round(side / MM_PER_INCH * dpi) / scale for side in (width_mm, height_mm))
    view = map_.payload["view"]
    beside, above = ((width - _MARGINS[0]) / (2 if "pair" in map_.payload else 1), height - _MARGINS[1])
    fitted = fit_bounds(view["bounds"], width=beside, height=above, closest=view["closest"])
    return {"width": width, "height": height, "scale": scale, **{key: fitted[key] for key in ("lon", "lat", "zoom")}}


def _drawn(map_: CampsMap, frame: dict[str, Any], paper_mm: list[float] | None) -> str:
    """Return one frame, drawn in a headless browser without a network: a PNG in base 64, or SVG for a size on paper."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        path = files.write_text(Path(folder) / "map.html", html_text(map_))
        shown = _started(driver)
        try:
            page = shown.new_context(offline=True).new_page()
            page.goto(path.as_uri())
            page.evaluate("language => camps.ready([language])", frame.get("lang", map_.payload["meta"]["lang"]))
            if paper_mm is None:
                return str(page.evaluate(_AS_PNG, frame))
            page.add_script_tag(content=page_room.read_own("js/svg.js"))
            return str(page.evaluate(_AS_SVG, [frame, paper_mm, fonts.font_style(map_.payload_text())]))
        except BrowserError as error:
            raise RenderError(f"plate: the page refused the frame ({browser.first_line(error)})") from error
        finally:
            shown.close()


def _started(driver: Playwright) -> Browser:
    try:
        return driver.chromium.launch(**browser.launch_options())
    except BrowserError as error:
        browser.raise_if_refused(error)
        raise RenderError(
            f"plate: the browser does not start ({browser.first_line(error)}); run camps doctor"
        ) from error


def _save(picture: Image.Image, path: Path, suffix: str, dpi: int, title: str) -> None:
    if suffix == ".png":
        tags = PngImagePlugin.PngInfo()
        tags.add(b"sRGB", b"\0")
        picture.save(path, format="PNG", dpi=(dpi, dpi), pnginfo=tags)
        return
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    # No clock and no temporary name in the file: the same plate is the same bytes.
    paper.save(path, format="PDF", resolution=dpi, quality=95, title=title, creationDate=_NO_TIME, modDate=_NO_TIME)
