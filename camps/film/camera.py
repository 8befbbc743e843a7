"""Where the camera is on each frame: keyframes, named easings, holds, and flights that feel constant in speed.

Longitude and latitude are degrees of EPSG:4326, longitude first; zoom is a real number of Web Mercator with 256-pixel
tiles, as seen on a picture whose shorter side is 1080 pixels.

References
----------
J. J. van Wijk and W. A. A. Nuij, Smooth and efficient zooming and panning, IEEE InfoVis 2003.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

#: Side of the picture, in pixels, that line widths, type sizes and zooms refer to.
REFERENCE_SIDE_PX = 1080

#: Trade of zooming against panning that people like best (van Wijk and Nuij, section 5).
RHO = math.sqrt(2)

TILE_PX = 256
MOST_LATITUDE = 85.0511287798066
ZOOM_RANGE = (0.0, 22.0)

#: The name of an easing, or the two handles of a curve of one's own, as After Effects and CSS count them.
Ease = str | tuple[float, float, float, float]
Path = Literal["flight", "straight", "curve"]


def _in_out(power: int) -> Callable[[float], float]:
    def eased(share: float) -> float:
        half = (2 * min(share, 1 - share)) ** power / 2
        return half if share < 0.5 else 1 - half

    return eased


#: Easings by name: share of the way done at a share of the time, both 0…1.
EASINGS: dict[str, Callable[[float], float]] = {
    "linear": lambda share: share,
    "in": lambda share: share**2,
    "out": lambda share: 1 - (1 - share) ** 2,
    "in_out": _in_out(2),
    "in_out_cubic": _in_out(3),
    "in_out_sine": lambda share: (1 - math.cos(math.pi * share)) / 2,
    "in_out_quint": _in_out(5),
    "step": lambda share: float(share >= 1),
}


#: Halvings by which a moment is found: more than a double can tell apart.
_HALVINGS = 60


def first_at(low: float, high: float, is_reached: Callable[[float], bool]) -> float:
    """Return the first place from `low` to `high` at which something is reached that stays so from there on."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_reached(middle) else (middle, high)
    return high


def eased(ease: Ease, share: float) -> float:
    """Return the share of the way done at a share of the time, both 0…1, by a name in `EASINGS` or a Bézier curve.

    A curve is given by its two inner points, ``(x1, y1, x2, y2)``, x the time and y the way; it goes from 0, 0 to 1, 1.
    """
    if isinstance(ease, str):
        return EASINGS[ease](share)
    if share in {0, 1}:
        return float(share)
    x1, y1, x2, y2 = ease
    along = first_at(0.0, 1.0, lambda at: _bezier(x1, x2, at) >= share)
    return min(1.0, max(0.0, _bezier(y1, y2, along)))


def _bezier(first: float, second: float, at: float) -> float:
    rest = 1 - at
    return 3 * rest * rest * at * first + 3 * rest * at * at * second + at**3


@dataclass(frozen=True)
class View:
    """What the camera looks at: the centre of the picture in degrees, the zoom, and where its upper edge points.

    The bearing is in degrees clockwise from north, and may be more than a turn.
    """

    lon: float
    lat: float
    zoom: float
    bearing_deg: float = 0.0


@dataclass(frozen=True)
class Box:
    """A box of longitudes and latitudes in degrees, as west, south, east, north."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class Key:
    """A view that the camera reaches at a time, how it gets there from the one before, and how long it stays.

    Attributes
    ----------
    at_s, hold_s
        Seconds of the film.
    view
        The view.
    ease
        As `eased` takes it; keys along one curve have none of their own.
    path
        ``"flight"`` follows van Wijk and Nuij; ``"straight"`` interpolates centre and zoom; ``"curve"`` goes on
        through the key before without a stop, where that was reached on a curve as well.
    """

    at_s: float
    view: View
    ease: Ease = "in_out"
    path: Path = "flight"
    hold_s: float = 0.0


def world(lon: float, lat: float) -> tuple[float, float]:
    """Return Web Mercator coordinates as shares of the world's width, y downwards."""
    sine = math.sin(math.radians(max(-MOST_LATITUDE, min(MOST_LATITUDE, lat))))
    return (lon + 180) / 360, 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)


def lonlat(x: float, y: float) -> tuple[float, float]:
    """Return longitude and latitude of Web Mercator coordinates given as shares of the world's width."""
    return x * 360 - 180, math.degrees(2 * math.atan(math.exp(math.pi * (1 - 2 * y))) - math.pi / 2)


def near(lon: float, other: float) -> float:
    """Return a longitude with the whole turns that bring it within half the globe of another: the short way round."""
    return lon + 360 * round((other - lon) / 360)


def fit(box: Box, width_px: float, height_px: float, *, margin: float = 0.08, bearing_deg: float = 0.0) -> View:
    """Return the view that holds a whole box.

    Parameters
    ----------
    box
        What must be seen.
    width_px, height_px
        The picture on the 1080-line reference.
    margin
        Share of the picture left free on each side.
    bearing_deg
        Where the upper edge of the picture points.
    """
    left, top = world(box.west, box.north)
    right, bottom = world(box.east, box.south)
    wide, high = _turned_sides(right - left, bottom - top, math.radians(bearing_deg))
    free = 1 - 2 * margin
    across = wide * TILE_PX / (width_px * free)
    down = high * TILE_PX / (height_px * free)
    zoom = -math.log2(max(across, down, 2.0 ** -ZOOM_RANGE[1]))
    lon, lat = lonlat((left + right) / 2, (top + bottom) / 2)
    return View(lon, lat, max(ZOOM_RANGE[0], min(ZOOM_RANGE[1], zoom)), bearing_deg)


def _turned_sides(wide: float, high: float, angle: float) -> tuple[float, float]:
    """Return the sides of the upright box that holds a turned one."""
    if not angle:
        return wide, high
    cosine, sine = abs(math.cos(angle)), abs(math.sin(angle))
    return wide * cosine + high * sine, wide * sine + high * cosine


def view_at(keys: Sequence[Key], at_s: float, *, width_px: float) -> View:
    """Return the view at a time of the film.

    Parameters
    ----------
    keys
        In order of time, at least one. Before the first and after the last the camera stands still.
    at_s
        Seconds from the first frame.
    width_px
        Width of the picture on the 1080-line reference; it sets how a flight trades zoom for distance.
    """
    after = bisect_right(keys, at_s, key=lambda key: key.at_s)
    if after == 0:
        return keys[0].view
    start = keys[after - 1]
    if after == len(keys) or at_s <= start.at_s + start.hold_s:
        return start.view
    end = keys[after]
    if end.path == "curve":
        return _on_curve(_run_of(keys, after), at_s)
    leaves = start.at_s + start.hold_s
    share = eased(end.ease, (at_s - leaves) / (end.at_s - leaves))
    between = straight if end.path == "straight" else flight
    return between(start.view, end.view, share, width_px)


def n_cuts(keys: Sequence[Key], at_s: float) -> int:
    """Return how many cuts a film has had by a time: other views that are reached with the easing ``"step"``."""
    return sum(
        key.ease == "step" and key.path != "curve" and key.view != before.view and key.at_s <= at_s
        for before, key in pairwise(keys)
    )


def exposures(keys: Sequence[Key], at_s: float, open_s: float, samples: int, *, width_px: float) -> list[View]:
    """Return the views at times spread evenly over those at which a shutter is open, `at_s` in their middle.

    None is from the other side of a cut, as `n_cuts` counts them.

    Parameters
    ----------
    keys, width_px
        As for `view_at`.
    at_s
        Seconds from the first frame.
    open_s
        How long the shutter is open.
    samples
        Number of views.
    """
    times = [at_s + open_s * ((i + 0.5) / samples - 0.5) for i in range(samples)]
    own = n_cuts(keys, at_s)
    here = [time_s if n_cuts(keys, time_s) == own else at_s for time_s in times]
    return [view_at(keys, time_s, width_px=width_px) for time_s in here]


def _run_of(keys: Sequence[Key], at: int) -> list[tuple[float, View]]:
    """Return the times and views through which the curve goes that leads to a key, from one rest to the next."""
    first, last = at - 1, at
    while first and _goes_on(keys, first):
        first -= 1
    while _goes_on(keys, last):
        last += 1
    began = (keys[first].at_s + keys[first].hold_s, keys[first].view)
    return [began, *((key.at_s, key.view) for key in keys[first + 1 : last + 1])]


def _goes_on(keys: Sequence[Key], at: int) -> bool:
    """Return whether the camera passes a key without a stop: it comes and leaves on a curve."""
    return not keys[at].hold_s and at + 1 < len(keys) and keys[at].path == keys[at + 1].path == "curve"


def moves(keys: Sequence[Key]) -> list[tuple[int, int]]:
    """Return the moves of a camera, each as the places of the two keys between which it goes.

    Keys along one curve are one move; from a key to one with the same view the camera stands still.
    """
    found, first = [], 0
    for at in range(1, len(keys)):
        if not _goes_on(keys, at):
            if any(key.view != keys[first].view for key in keys[first + 1 : at + 1]):
                found.append((first, at))
            first = at
    return found


def _on_curve(run: Sequence[tuple[float, View]], at_s: float) -> View:
    """Return the view at a time along a curve that begins and ends at rest and never overshoots a key.

    Centre, zoom and bearing are monotone cubics of time, as of F. N. Fritsch and R. E. Carlson, Monotone piecewise
    cubic interpolation, SIAM Journal on Numerical Analysis 17, 1980.
    """
    times = [time_s for time_s, _ in run]
    places = [(*world(view.lon, view.lat), view.zoom, view.bearing_deg) for _, view in run]
    x, y, zoom, bearing_deg = (_monotone(times, values, at_s) for values in zip(*places, strict=True))
    return View(*lonlat(x, y), zoom, bearing_deg)


def _monotone(times: Sequence[float], values: Sequence[float], at: float) -> float:
    steps = [
        (later - earlier) / (to - since) for (since, earlier), (to, later) in pairwise(zip(times, values, strict=True))
    ]
    slopes = [0.0, *(_slope(times[i : i + 3], steps[i], steps[i + 1]) for i in range(len(steps) - 1)), 0.0]
    i = min(max(bisect_right(times, at) - 1, 0), len(steps) - 1)
    width = times[i + 1] - times[i]
    share = (at - times[i]) / width
    rest = 1 - share
    return (
        values[i] * (1 + 2 * share) * rest * rest
        + values[i + 1] * (3 - 2 * share) * share * share
        + width * (slopes[i] * share * rest * rest - slopes[i + 1] * share * share * rest)
    )


def _slope(times: Sequence[float], before: float, after: float) -> float:
    """Return the slope at the middle of three keys: none at a turn, else a harmonic mean weighted by distance."""
    if before * after <= 0:
        return 0.0
    first, second = times[1] - times[0], times[2] - times[1]
    one, other = 2 * second + first, second + 2 * first
    return (one + other) / (one / before + other / after)


def straight(start: View, end: View, share: float, width_px: float) -> View:
    """Return the view at a share of the way along a straight line on the map, with the zoom in equal steps."""
    (x0, y0), (x1, y1) = world(start.lon, start.lat), world(end.lon, end.lat)
    lon, lat = lonlat(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share)
    return View(lon, lat, start.zoom + (end.zoom - start.zoom) * share, _turned(start, end, share))


def _turned(start: View, end: View, share: float) -> float:
    return start.bearing_deg + (end.bearing_deg - start.bearing_deg) * share


def project(view: View, x: float, y: float) -> tuple[float, float]:
    """Return where a view has a place, in pixels of the 1080-line reference from its middle, x right and y down.

    Parameters
    ----------
    view
        The view.
    x, y
        The place, as `world` returns it, on whichever turn of the globe is nearest.
    """
    own_x, own_y = world(view.lon, view.lat)
    size, angle = TILE_PX * 2**view.zoom, math.radians(view.bearing_deg)
    dx, dy = (x - own_x - round(x - own_x)) * size, (y - own_y) * size
    return dx * math.cos(angle) + dy * math.sin(angle), dy * math.cos(angle) - dx * math.sin(angle)


def unproject(view: View, right: float, down: float) -> tuple[float, float]:
    """Return the longitude and latitude that a view has at some pixels from its middle: `project` undone."""
    x, y = world(view.lon, view.lat)
    size, angle = TILE_PX * 2**view.zoom, math.radians(view.bearing_deg)
    dx, dy = right * math.cos(angle) - down * math.sin(angle), down * math.cos(angle) + right * math.sin(angle)
    return lonlat(x + dx / size, y + dy / size)


def flight(start: View, end: View, share: float, width_px: float) -> View:
    """Return the view at a share of the perceived length of van Wijk and Nuij's optimal path.

    The ends are returned as they were given, to the bit.
    """
    if share <= 0:
        return start
    if share >= 1:
        return end
    (x0, y0), (x1, y1) = world(start.lon, start.lat), world(end.lon, end.lat)
    distance = math.hypot(x1 - x0, y1 - y0)
    w0, w1 = (width_px / (TILE_PX * 2**view.zoom) for view in (start, end))
    if distance < 1e-9 * min(w0, w1):
        return straight(start, end, share, width_px)
    along, span = _optimal(w0, w1, distance, share)
    lon, lat = lonlat(x0 + (x1 - x0) * along, y0 + (y1 - y0) * along)
    return View(lon, lat, math.log2(width_px / (TILE_PX * span)), _turned(start, end, share))


def _optimal(w0: float, w1: float, distance: float, share: float) -> tuple[float, float]:
    """Return the share of the distance covered and the width seen (equations 9 and 10 of the paper)."""
    squared = RHO**2
    b0 = (w1**2 - w0**2 + squared**2 * distance**2) / (2 * w0 * squared * distance)
    b1 = (w1**2 - w0**2 - squared**2 * distance**2) / (2 * w1 * squared * distance)
    # asinh(−b) is log(√(b²+1) − b) without the loss of digits at large b.
    r0, r1 = math.asinh(-b0), math.asinh(-b1)
    s = share * (r1 - r0) / RHO
    covered = w0 / squared * (math.cosh(r0) * math.tanh(RHO * s + r0) - math.sinh(r0))
    return covered / distance, w0 * math.cosh(r0) / math.cosh(RHO * s + r0)
