"""What a pixel says about the ground: brightness, colour against the soil line, texture, and the usual indices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
import spyndex

from camps.errors import InputError
from camps.imagery.grid import Floats, Mask
from camps.imagery.raster import Raster

#: Our names of bands → the symbols of spyndex.
SYMBOLS = {
    "coastal": "A", "blue": "B", "green": "G", "red": "R", "rededge1": "RE1", "rededge2": "RE2", "rededge3": "RE3",
    "nir": "N", "nir08": "N2", "nir09": "WV", "swir16": "S1", "swir22": "S2",
}  # fmt: skip
#: Sentinel-2 scene classes that show no ground: no data, saturated, cloud shadow, clouds, cirrus, snow.
UNSEEN_CLASSES = (0, 1, 3, 8, 9, 10, 11)
_CLASS_SNOW = 11
SNOW_NDSI = 0.4
#: Without a shortwave band snow is ground this much brighter than before (natural logarithm) and not redder than soil.
SNOW_BRIGHTENING = 0.2
_CONTROL_SAMPLE = 600
_FEWEST_CONTROL_PIXELS = 200
_TEXTURE_PX = 3


def index(raster: Raster, name: str) -> Floats:
    """Return a spectral index of spyndex's list, such as NDVI, MNDWI, PISI or NDSI (rows × columns).

    Raises
    ------
    InputError
        When spyndex knows no such index, or the scene lacks one of its bands.
    """
    if name not in spyndex.indices:
        raise InputError(f"{name}: no such index; see the list of Awesome Spectral Indices for its short names")
    by_symbol = {SYMBOLS[band]: raster.band(band) for band in raster.bands if band in SYMBOLS}
    needed = [symbol for symbol in spyndex.indices[name].bands if symbol not in spyndex.constants]
    missing = [symbol for symbol in needed if symbol not in by_symbol]
    if missing:
        raise InputError(f"scene {raster.scene.scene_id}: {name} needs band {', '.join(missing)} (spyndex symbols)")
    given = {symbol: by_symbol[symbol] for symbol in needed}
    constants = {s: spyndex.constants[s].default for s in spyndex.indices[name].bands if s in spyndex.constants}
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.asarray(spyndex.computeIndex(index=name, params={**given, **constants}), dtype=np.float32)
    return np.where(np.isfinite(value), value, np.float32(np.nan))


@dataclass(frozen=True)
class Ground:
    """A scene as deviations from its control ground (rows × columns each; NaN where not observed).

    Attributes
    ----------
    brightness
        Natural logarithm of the mean of red, green and blue, relative to the control ground.
    colour
        (B − R)/(B + R) above the soil line, on which brighter soil is redder; grey roofs, concrete and asphalt lie
        above it.
    texture
        Standard deviation of brightness in 3 by 3 pixels, relative to the control ground.
    soil_slope
        Slope of the soil line.
    """

    raster: Raster
    brightness: Floats
    colour: Floats
    texture: Floats
    soil_slope: float


def ground(raster: Raster, control: Mask) -> Ground:
    """Return a scene relative to its control ground, so that scenes of other light and other processing compare.

    Parameters
    ----------
    raster
        Bands red, green and blue on a grid.
    control
        Pixels on which nothing is built, before or after (rows × columns).

    Raises
    ------
    InputError
        When fewer than 200 control pixels were observed, or they do not differ in brightness.

    References
    ----------
    METHOD 5. The slope of the soil line is Theil and Sen's, which outliers do not move.
    """
    usable = _usable(raster) & control
    if int(usable.sum()) < _FEWEST_CONTROL_PIXELS:
        raise InputError(
            f"scene {raster.scene.scene_id}: {int(usable.sum())} observed pixels of control ground, expected at least "
            f"{_FEWEST_CONTROL_PIXELS}; declare a larger one with --control, or take another --baseline"
        )
    brightness, hue = _brightness(raster), -index(raster, "IKAW")
    slope = _soil_slope(brightness[usable], hue[usable], raster)
    parts = [brightness, hue - np.float32(slope) * brightness, _texture(brightness)]
    level = [np.float32(np.nanmedian(part[usable])) for part in parts]
    relative = [np.asarray(part - middle, dtype=np.float32) for part, middle in zip(parts, level, strict=True)]
    return Ground(raster, relative[0], relative[1], relative[2], slope)


def relative_brightness(raster: Raster, still: Mask) -> Floats:
    """Return the natural logarithm of the mean of red, green and blue relative to its median on `still` ground."""
    brightness = _brightness(raster)
    return np.asarray(brightness - np.nanmedian(brightness[still]), dtype=np.float32)


def _usable(raster: Raster) -> Mask:
    seen = raster.valid & (_sum_of_colours(raster) > 0)
    return np.asarray(seen & ~unseen(raster))


def _sum_of_colours(raster: Raster) -> Floats:
    return np.asarray(raster.band("red") + raster.band("green") + raster.band("blue"))


def _brightness(raster: Raster) -> Floats:
    total = _sum_of_colours(raster) / 3
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(_usable(raster), np.log(total), np.float32(np.nan)).astype(np.float32)


def _soil_slope(brightness: Floats, hue: Floats, raster: Raster) -> float:
    step = max(1, len(brightness) // _CONTROL_SAMPLE)
    if float(np.ptp(brightness)) == 0:
        raise InputError(f"scene {raster.scene.scene_id}: the control ground is of one brightness; is it a picture?")
    return _median_slope(brightness[::step].astype(np.float64), hue[::step].astype(np.float64))


def _median_slope(x: Floats, y: Floats) -> float:
    """Return the Theil-Sen slope, the median over all pairs of points; scipy.stats, which has it, is slow to load."""
    dx, dy = x[:, None] - x, y[:, None] - y
    return float(np.median(dy[dx > 0] / dx[dx > 0]))


def _texture(brightness: Floats) -> Floats:
    # NaN would run on through the moving sums, so gaps are filled first and cut out, with their neighbours, after.
    seen = np.isfinite(brightness)
    filled = np.where(seen, brightness, np.nanmedian(brightness)).astype(np.float64)
    mean = scipy.ndimage.uniform_filter(filled, _TEXTURE_PX)
    spread = np.sqrt(np.maximum(scipy.ndimage.uniform_filter(filled**2, _TEXTURE_PX) - mean**2, 0))
    whole = scipy.ndimage.binary_erosion(seen, np.ones((_TEXTURE_PX, _TEXTURE_PX)), border_value=1)
    return np.where(whole, spread, np.nan).astype(np.float32)


def unseen(raster: Raster) -> Mask:
    """Return which pixels show no ground by the scene's own classes or, with a shortwave band, by their snow index.

    Scenes of three colours only have neither: clouds, shadows and snow in them cannot be told from roofs pixel by
    pixel, and only :func:`snow_share` speaks about the scene as a whole.
    """
    if "scl" in raster.bands:
        return np.isin(raster.band("scl"), UNSEEN_CLASSES)
    if {"green", "swir16"} <= set(raster.bands):
        return _snow(raster)
    return np.zeros(raster.grid.shape, dtype=bool)


def _snow(raster: Raster) -> Mask:
    bright = raster.band("green") > np.nanmedian(raster.band("green"))
    return np.asarray((index(raster, "NDSI") > SNOW_NDSI) & bright)


def snow_share(later: Ground, baseline: Ground, surroundings: Mask) -> float:
    """Return which share of the surroundings shows snow: by class, by snow index, or newly white against the baseline.

    Parameters
    ----------
    later, baseline
        The scene, and the scene before anything was built, relative to the same control ground.
    surroundings
        Ground outside the site (rows × columns); white roofs inside it look like snow to three colours.
    """
    seen = surroundings & np.isfinite(later.brightness) & np.isfinite(baseline.brightness)
    raster = later.raster
    if "scl" in raster.bands:
        observed = surroundings & raster.valid
        return _share(raster.band("scl") == _CLASS_SNOW, observed)
    if {"green", "swir16"} <= set(raster.bands):
        return _share(_snow(raster), surroundings & raster.valid)
    whiter = (later.brightness - baseline.brightness > SNOW_BRIGHTENING) & (later.brightness > SNOW_BRIGHTENING)
    hue = later.colour + np.float32(later.soil_slope) * later.brightness
    return _share(whiter & (hue > 0), seen)


def _share(what: Any, of: Mask) -> float:
    total = int(of.sum())
    return float((what & of).sum() / total) if total else float("nan")
