"""Pictures of scenes with what a reader needs burnt in: sensor, UTC date, pixel size, north, scale and attribution."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo
from pyproj import Proj

from camps import crs, files
from camps.errors import InputError
from camps.imagery.grid import Grid
from camps.imagery.opening import COLOURS
from camps.imagery.raster import Raster

_PAPER, _INK, _FAINT = (16, 20, 24), (240, 240, 236), (150, 156, 160)
_UNSEEN = (70, 74, 78)
_OUTLINE = (255, 214, 10)
_DARKEST, _BRIGHTEST = 1.0, 99.0
_SCALE_STEPS_M = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
#: Pictures are enlarged by whole numbers until they are about this wide, so that every pixel stays a square.
_WIDTH_PX = 1200
_SHEET_WIDTH_PX = 520
_YEARS = re.compile(r"^(.*?)((?:\d{4}, )*\d{4})$")


def build_picture(raster: Raster, *, outlines: gpd.GeoSeries | gpd.GeoDataFrame | None = None) -> Image.Image:
    """Return one scene as a picture with its facts burnt in below it.

    Parameters
    ----------
    raster
        Bands red, green and blue, or one band, which is drawn in grey.
    outlines
        Polygons to draw over it, in any CRS.

    Raises
    ------
    InputError
        When the scene has no attribution, or nothing of it was observed.
    """
    return _page([raster], columns=1, width_px=_WIDTH_PX, outlines=outlines)


def build_before_after(
    before: Raster, after: Raster, *, outlines: gpd.GeoSeries | gpd.GeoDataFrame | None = None
) -> Image.Image:
    """Return two scenes of one ground beside each other, the earlier left; see :func:`build_picture`.

    Raises
    ------
    InputError
        When they lie on different grids, or as for :func:`build_picture`.
    """
    ordered = sorted([before, after], key=lambda one: one.scene.observed_on)
    return _page(ordered, columns=2, width_px=900, outlines=outlines)


def build_contact_sheet(
    rasters: Sequence[Raster], *, columns: int = 3, outlines: gpd.GeoSeries | gpd.GeoDataFrame | None = None
) -> Image.Image:
    """Return many scenes of one ground as a sheet in order of date; see :func:`build_picture`.

    Raises
    ------
    InputError
        When there is none, they lie on different grids, or as for :func:`build_picture`.
    """
    ordered = sorted(rasters, key=lambda one: (one.scene.observed_on, one.scene.scene_id))
    return _page(ordered, columns=columns, width_px=_SHEET_WIDTH_PX, outlines=outlines)


def write_picture(image: Image.Image, path: Path) -> Path:
    """Write a picture as PNG, tagged sRGB, whole or not at all, and return the path."""
    facts = PngInfo()
    for name, text in sorted(image.info.items()):
        facts.add_itxt(str(name), str(text))
    buffer = io.BytesIO()
    # Pillow writes no sRGB chunk by itself, and an untagged picture looks different in every program.
    facts.add(b"sRGB", b"\x00")
    image.save(buffer, "PNG", pnginfo=facts, compress_level=6)
    return files.write_bytes(path, buffer.getvalue())


def colour_image(raster: Raster) -> NDArray[np.uint8]:
    """Return a raster as 8-bit colours (rows × columns × 4), stretched between its 1st and 99th percentile.

    Each scene is stretched by itself, its colours together, so that grey stays grey. Alpha is 0 where nothing was
    observed.

    Raises
    ------
    InputError
        When nothing was observed.
    """
    names = [name for name in COLOURS if name in raster.bands]
    chosen = names if len(names) == 3 else [raster.bands[0]] * 3
    values = np.stack([raster.band(name) for name in chosen])
    seen = np.isfinite(values).all(axis=0)
    if not seen.any():
        raise InputError(f"scene {raster.scene.scene_id}: nothing of this ground was observed; take another scene")
    low, high = np.percentile(values[:, seen], [_DARKEST, _BRIGHTEST])
    stretched = np.clip((values - low) / max(high - low, 1e-9), 0, 1)
    pixels = np.zeros((*seen.shape, 4), dtype=np.uint8)
    pixels[..., :3] = np.moveaxis(np.nan_to_num(stretched) * 255 + 0.5, 0, -1).astype(np.uint8)
    pixels[..., 3] = seen * np.uint8(255)
    return pixels


def _page(
    rasters: Sequence[Raster], *, columns: int, width_px: int, outlines: gpd.GeoSeries | gpd.GeoDataFrame | None
) -> Image.Image:
    grid = _require_drawable(rasters)
    zoom = max(1, round(width_px / grid.width))
    unit = max(14, min(26, grid.width * zoom // 36))
    tiles = [_tile(one, zoom, unit, outlines) for one in rasters]
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    width, height = tiles[0].size
    gap = unit // 2
    footer = _footer(rasters, zoom, unit, columns * width + (columns - 1) * gap)
    page = Image.new("RGB", (footer.width + 2 * gap, rows * (height + gap) + gap + footer.height), _PAPER)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        page.paste(tile, (gap + column * (width + gap), gap + row * (height + gap)))
    page.paste(footer, (gap, rows * (height + gap) + gap // 2))
    page.info.update(_facts(rasters))
    return page


def _require_drawable(rasters: Sequence[Raster]) -> Grid:
    if not rasters:
        raise InputError("picture: no scene, expected at least one")
    if len({one.grid for one in rasters}) > 1:
        raise InputError("picture: the scenes lie on different grids; read them all on one grid")
    for one in rasters:
        if not one.scene.attribution.strip():
            raise InputError(f"scene {one.scene.scene_id}: has no attribution; a picture without it is never made")
    return rasters[0].grid


def _facts(rasters: Sequence[Raster]) -> dict[str, str]:
    return {
        "Title": "; ".join(f"{one.scene.scene_id} {one.scene.observed_on}" for one in rasters),
        "Copyright": joined_attribution(one.scene.attribution for one in rasters),
        "Description": "; ".join(dict.fromkeys(one.scene.licence for one in rasters)),
    }


def _tile(raster: Raster, zoom: int, unit: int, outlines: gpd.GeoSeries | gpd.GeoDataFrame | None) -> Image.Image:
    colours = Image.fromarray(colour_image(raster), "RGBA")
    colours = colours.resize((raster.grid.width * zoom, raster.grid.height * zoom), Image.Resampling.NEAREST)
    tile = Image.new("RGB", colours.size, _UNSEEN)
    tile.paste(colours, mask=colours.getchannel("A"))
    if outlines is not None:
        _draw_outlines(tile, raster.grid, zoom, outlines)
    return _captioned(tile, raster, unit)


def _draw_outlines(tile: Image.Image, grid: Grid, zoom: int, outlines: gpd.GeoSeries | gpd.GeoDataFrame) -> None:
    draw = ImageDraw.Draw(tile)
    if not len(outlines):
        return
    for shape in crs.to_lonlat(outlines).to_crs(grid.crs).explode():
        for ring in (shape.exterior, *shape.interiors):
            points = [
                ((x - grid.west) / grid.gsd_m * zoom, (grid.north - y) / grid.gsd_m * zoom) for x, y in ring.coords
            ]
            draw.line(points, fill=_OUTLINE, width=max(1, zoom // 2), joint="curve")


def _captioned(tile: Image.Image, raster: Raster, unit: int) -> Image.Image:
    scene = raster.scene
    second = _fitted(f"{scene.sensor} · {scene.gsd_m:g} m", tile.width - unit, round(unit * 0.72))
    whole = Image.new("RGB", (tile.width, tile.height + round(unit * 2.6)), _PAPER)
    whole.paste(tile, (0, 0))
    draw = ImageDraw.Draw(whole)
    draw.text((0, tile.height + unit * 0.25), f"{scene.observed_on} UTC", font=_font(unit, bold=True), fill=_INK)
    draw.text((0, tile.height + unit * 1.55), second[0], font=second[1], fill=_FAINT)
    return whole


def _footer(rasters: Sequence[Raster], zoom: int, unit: int, width: int) -> Image.Image:
    lines = _footer_lines(rasters, width - unit * 16 if width > unit * 40 else width, unit)
    beside = width > unit * 40
    per_metre = zoom / rasters[0].grid.gsd_m
    height = max(unit * 3.2, len(lines) * unit * 1.15) if beside else unit * 3.2 + len(lines) * unit * 1.15
    footer = Image.new("RGB", (width, round(height + unit * 0.8)), _PAPER)
    draw = ImageDraw.Draw(footer)
    _draw_north(draw, rasters[0].grid, (unit * 1.2, unit * 1.5), unit * 1.25, unit)
    _draw_scale(draw, per_metre, (unit * 3.2, unit * 1.7), unit, unit * 16 if beside else width)
    left, top = (unit * 16, unit * 0.35) if beside else (0, unit * 3.2)
    for number, line in enumerate(lines):
        draw.text((left, top + number * unit * 1.15), line, font=_font(round(unit * 0.78)), fill=_FAINT)
    return footer


def _footer_lines(rasters: Sequence[Raster], width: float, unit: int) -> list[str]:
    notes = [joined_attribution(one.scene.attribution for one in rasters)]
    sizes = sorted({one.scene.gsd_m for one in rasters})
    shown = rasters[0].grid.gsd_m
    notes.append(
        f"Ground sample distance {', '.join(f'{one:g}' for one in sizes)} m, drawn on {shown:g} m. "
        "Each scene is stretched by itself."
    )
    if not all(one.valid.all() for one in rasters):
        notes[-1] += " Plain grey: not observed."
    return [line for note in notes for line in _wrapped(note, width, _font(round(unit * 0.78)))]


def _wrapped(text: str, width: float, font: ImageFont.FreeTypeFont) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def joined_attribution(attributions: Iterable[str]) -> str:
    """Return attributions as one line, with the years of lines that differ by year only gathered in one."""
    grouped: dict[str, set[str]] = {}
    for text in dict.fromkeys(attributions):
        parts = _YEARS.match(text)
        stem, years = (parts[1], parts[2].split(", ")) if parts else (text, [])
        grouped.setdefault(stem, set()).update(years)
    return "; ".join(f"{stem}{', '.join(sorted(years))}" for stem, years in grouped.items())


def _draw_north(draw: ImageDraw.ImageDraw, grid: Grid, centre: tuple[float, float], radius: float, unit: int) -> None:
    # North on the ground is not quite up on a grid of UTM.
    lon, lat = grid.centre
    angle = -np.radians(float(np.asarray(Proj(grid.crs).get_factors(lon, lat).meridian_convergence)))
    towards, across = np.array([np.sin(angle), -np.cos(angle)]), np.array([np.cos(angle), np.sin(angle)])
    middle = np.array(centre)
    tip, tail = middle + towards * radius, middle - towards * radius * 0.6
    left, right = (tail + side * across * radius * 0.5 for side in (-1, 1))
    notch = middle - towards * radius * 0.3
    draw.polygon([tuple(point) for point in (tip, left, notch)], fill=_INK)
    draw.polygon([tuple(point) for point in (tip, right, notch)], outline=_INK, fill=_PAPER)
    below = (centre[0], centre[1] + radius * 0.75)
    draw.text(below, "N", font=_font(round(unit * 0.8), bold=True), fill=_INK, anchor="mt")


def _draw_scale(
    draw: ImageDraw.ImageDraw, per_metre: float, corner: tuple[float, float], unit: int, room: float
) -> None:
    fitting = [one for one in _SCALE_STEPS_M if one * per_metre <= room - corner[0] - unit * 2] or [_SCALE_STEPS_M[0]]
    length_m = fitting[-1]
    (x, y), length = corner, length_m * per_metre
    half = unit * 0.22
    draw.rectangle([x, y - half, x + length, y + half], outline=_INK)
    draw.rectangle([x, y - half, x + length / 2, y + half], fill=_INK)
    text = f"{length_m} m" if length_m < 1000 else f"{length_m // 1000} km"
    draw.text((x, y + unit * 0.5), "0", font=_font(round(unit * 0.78)), fill=_INK, anchor="mt")
    draw.text((x + length, y + unit * 0.5), text, font=_font(round(unit * 0.78)), fill=_INK, anchor="mt")


def _fitted(text: str, width: float, size: int) -> tuple[str, ImageFont.FreeTypeFont]:
    while size > 8 and _font(size).getlength(text) > width:
        size -= 1
    return text, _font(size)


@cache
def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    from matplotlib import get_data_path  # noqa: PLC0415 - long to load, and few who read a series draw a scene

    # matplotlib brings these files along, so that the same picture comes out on every machine.
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / name), size)
