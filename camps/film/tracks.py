"""Where each site stands on each frame, and the camera that sees it there.

Pixels are those of the delivered picture, origin at the top left corner of the first pixel, x to the right and y down,
so that the middle of the first pixel is (0.5, 0.5).

A picture in Web Mercator is flat: no camera above a globe sees it so. The *flat world* in which it can be filmed is the
plane of the projection, x to the east, y to the north, z towards the camera, which looks straight down on it. Its
origin is the middle of the closest frame, and its unit is such that the camera at its farthest stands
`FARTHEST` units above the map, well between the clipping planes of a compositor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from camps.errors import CheckError, InputError
from camps.film import camera
from camps.film.plan import Plan

#: Vertical field of view of the tracking camera in degrees; a flat map looks the same through any.
VFOV_DEG = 20.0
FARTHEST = 1000.0

#: The page and the camera may differ by rounding, not by more.
TOLERANCE_PX = 0.01
EQUATOR_M = 2 * math.pi * 6378137.0
#: Height of the picture in multiples of the distance of the camera.
HEIGHT_AT_ONE = 2 * math.tan(math.radians(VFOV_DEG / 2))

Described = Sequence[Mapping[str, object]]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Tracks:
    """The sites of a shot, tracked.

    Attributes
    ----------
    numbers
        Frame numbers.
    rate
        Frames a second, exact.
    size
        Width and height of the picture in pixels.
    scale
        Pixels to a pixel of the 1080-line reference, which zooms refer to.
    views
        What the camera looks at on each frame, in degrees of EPSG:4326.
    sites
        Longitude and latitude in degrees of each site that is drawn on at least one frame, by id, in order of id.
    xy_px
        Frames × sites × 2, in pixels; also where a site is outside the picture.
    visible
        Frames × sites: whether the site is drawn, and its middle within the picture.
    """

    numbers: tuple[int, ...]
    rate: Fraction
    size: tuple[int, int]
    scale: float
    views: tuple[camera.View, ...]
    sites: Mapping[str, tuple[float, float]]
    xy_px: NDArray[np.float64]
    visible: NDArray[np.bool_]

    def distance(self, view: camera.View) -> float:
        """Return how far above the map the camera stands, as a share of the width of the Web Mercator world."""
        return self.size[1] / self.scale / (camera.TILE_PX * 2**view.zoom) / HEIGHT_AT_ONE

    @cached_property
    def units(self) -> float:
        """Units of the flat world to the width of the Web Mercator world."""
        return FARTHEST / max(map(self.distance, self.views))

    @cached_property
    def origin(self) -> tuple[float, float]:
        """Middle of the closest frame, as shares of the width of the Web Mercator world, y down."""
        closest = max(self.views, key=lambda view: view.zoom)
        return camera.world(closest.lon, closest.lat)

    def camera_at(self, view: camera.View) -> Point:
        """Return where the camera stands in the flat world."""
        x, y, _ = self.place(view.lon, view.lat)
        return x, y, self.distance(view) * self.units

    def altitude_m(self, view: camera.View) -> float:
        """Return the height in metres from which as much ground is seen at the middle of the picture."""
        return self.distance(view) * EQUATOR_M * math.cos(math.radians(view.lat))

    def place(self, lon: float, lat: float) -> Point:
        """Return where a place of the ground lies in the flat world."""
        x, y = camera.world(lon, lat)
        return (x - self.origin[0]) * self.units, (self.origin[1] - y) * self.units, 0.0


def build_tracks(plan: Plan, described: Described) -> Tracks:
    """Return the track of every site that is drawn, through the camera of the plan.

    Parameters
    ----------
    plan
        The shot, with a camera of its own.
    described
        What the page said of each frame, as `camps.describe()` returns it, with ``frame`` added.

    Raises
    ------
    InputError
        When the frames are not those of the plan, or the shot leaves the camera to the map.
    CheckError
        When the page drew a site elsewhere than the camera sees it.
    """
    require_frames(plan, described)
    views = tuple(_view(plan, state) for state in plan.states)
    scale = plan.shot.scale
    size = np.asarray(plan.shot.size) / scale
    drawn = [_points(frame) for frame in described]
    sites = _sites(views, drawn, size)
    xy = np.asarray([_project(view, sites, size) for view in views]).reshape(len(views), len(sites), 2)
    _require_drawn_there(plan, drawn, list(sites), xy)
    shown = np.asarray([[site in points for site in sites] for points in drawn], dtype=bool).reshape(xy.shape[:2])
    within = ((xy >= 0) & (xy <= size)).all(axis=2)
    return Tracks(plan.numbers, plan.shot.rate, plan.shot.size, scale, views, sites, xy * scale, shown & within)


def require_frames(plan: Plan, described: Described) -> None:
    """Require a description of every frame of a plan, in order; raise InputError when one is missing."""
    found = [frame.get("frame") for frame in described]
    if found != list(plan.numbers):
        raise InputError(
            f"{plan.shot.called}: the descriptions are of {len(found)} frames from {found[0] if found else 'none'}; "
            f"expected one for each of {plan.numbers[0]}-{plan.numbers[-1]}, in order; draw the missing frames first"
        )


def _view(plan: Plan, state: Mapping[str, float]) -> camera.View:
    if "lon" not in state:
        raise InputError(
            f"{plan.shot.called}: found no camera keys, so the map keeps a view of its own that nothing can be tracked "
            'through; expected at least one [[camera]], such as at = 0 and fit = "sites"'
        )
    return camera.View(state["lon"], state["lat"], state["zoom"], state.get("bearing", 0.0))


def _points(frame: Mapping[str, object]) -> dict[str, tuple[float, float]]:
    points = frame.get("points") or {}
    assert isinstance(points, Mapping)
    return {str(site): (float(point[0]), float(point[1])) for site, point in points.items()}


def _sites(
    views: Sequence[camera.View], drawn: Sequence[Mapping[str, tuple[float, float]]], size: NDArray[np.float64]
) -> dict[str, tuple[float, float]]:
    """Return where each site lies, from the closest frame that it is drawn on, which knows it best."""
    sites: dict[str, tuple[float, float]] = {}
    for at in sorted(range(len(views)), key=lambda i: -views[i].zoom):
        for site, point in drawn[at].items():
            if site not in sites:
                sites[site] = _ground(views[at], point, size)
    return dict(sorted(sites.items()))


def _ground(view: camera.View, point: tuple[float, float], size: NDArray[np.float64]) -> tuple[float, float]:
    return camera.unproject(view, point[0] - size[0] / 2, point[1] - size[1] / 2)


def _project(
    view: camera.View, sites: Mapping[str, tuple[float, float]], size: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return where the camera sees each site, in pixels of the 1080-line reference."""
    places = [camera.project(view, *camera.world(*site)) for site in sites.values()]
    return np.asarray(places).reshape(-1, 2) + size / 2


def _require_drawn_there(
    plan: Plan, drawn: Sequence[Mapping[str, tuple[float, float]]], ids: Sequence[str], xy: NDArray[np.float64]
) -> None:
    for number, points, seen in zip(plan.numbers, drawn, xy, strict=True):
        for site, (x, y) in zip(ids, seen, strict=True):
            apart = math.dist(points.get(site, (x, y)), (x, y))
            if apart > TOLERANCE_PX:
                raise CheckError(
                    f"frame {number}: site {site} is drawn {apart:.2f} px from where the camera sees it; expected less "
                    f"than {TOLERANCE_PX}; the page did not draw this camera, so render the frames again"
                )
