"""Camera and sites as the tracking data of Google Earth Studio, for the many importers that read it.

Positions are those of the flat world of `camps.film.tracks`, so that what they place upon the picture sits on it to the
pixel; coordinates are those of the ground. An importer that rebuilds positions from the coordinates on a globe will be
off towards the edges of a wide picture, because the picture is in Web Mercator.

References
----------
Google Earth Studio documentation, *3D camera export* (tracking data as JSON). A coordinate of a track point is stored
as a share of its range: longitude 360·r − 180, latitude 180·r − 90, altitude 65117981·r − 500 metres.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camps import files
from camps.errors import CheckError, InputError
from camps.film import camera, timecode
from camps.film.tracks import VFOV_DEG, Point, Tracks

#: Lowest value and span of longitude, latitude and altitude, in the order in which they stand.
RANGES = ((-180.0, 360.0), (-90.0, 180.0), (-500.0, 65117981.0))

#: Places may change by the rounding of a share, far below a millimetre.
TOLERANCE_DEG = 1e-10


@dataclass(frozen=True)
class Tracking:
    """Tracking data as read from a file.

    Attributes
    ----------
    name, size, frames_a_second
        Name, width and height in pixels, and rate.
    camera
        For each frame: position, (longitude, latitude, altitude in metres), vertical field of view in degrees.
    points
        For each track point by name: position, (longitude, latitude, altitude in metres).
    """

    name: str
    size: tuple[int, int]
    frames_a_second: float
    camera: tuple[tuple[Point, Point, float], ...]
    points: Mapping[str, tuple[Point, Point]]


def write_earth_studio(path: Path, name: str, tracks: Tracks) -> Path:
    """Write the tracking data of a shot and read it back.

    Raises
    ------
    CheckError
        When what was read back is not what was tracked.
    """
    n = len(tracks.numbers)
    files.write_json(
        path,
        {
            "name": name, "width": tracks.size[0], "height": tracks.size[1],
            "frameRate": float(tracks.rate), "numFrames": n,
            "durationSeconds": float(timecode.duration_s(n, tracks.rate)),
            "cameraFrames": [_camera_frame(tracks, at) for at in range(n)],
            "trackPoints": [_track_point(tracks, at, site) for at, site in enumerate(tracks.sites)],
        },
    )  # fmt: skip
    _require_same(path, tracks)
    return path


def read_earth_studio(path: Path) -> Tracking:
    """Read tracking data of Google Earth Studio.

    Raises
    ------
    MissingError
        When the file is not there.
    InputError
        When it is not such data; the message says what is wrong with it.
    """
    with files.readable(path):
        text = path.read_text("utf-8")
    try:
        read = json.loads(text)
        views = tuple(
            (_xyz(frame["position"]), _coordinate(frame["coordinate"]), float(frame["fovVertical"]))
            for frame in read["cameraFrames"]
        )
        points = {point["name"]: (_xyz(point["position"]), _stored(point)) for point in read["trackPoints"]}
        size = (int(read["width"]), int(read["height"]))
        return Tracking(read["name"], size, float(read["frameRate"]), views, points)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(f"{path}: not tracking data of Google Earth Studio ({error!r}); export it again") from error


def _camera_frame(tracks: Tracks, at: int) -> dict[str, Any]:
    view = tracks.views[at]
    lon, altitude_m = camera.near(view.lon, 0), tracks.altitude_m(view)
    return {
        "position": dict(zip("xyz", tracks.camera_at(view), strict=True)),
        "rotation": {"x": 0.0, "y": 0.0, "z": -view.bearing_deg or 0.0},
        "coordinate": {"longitude": lon, "latitude": view.lat, "altitude": altitude_m},
        "fovVertical": VFOV_DEG,
    }


def _track_point(tracks: Tracks, at: int, site: str) -> dict[str, Any]:
    lon, lat = camera.near(tracks.sites[site][0], 0), tracks.sites[site][1]
    kept = [{"value": {"relative": (value - low) / span}} for value, (low, span) in _in_ranges((lon, lat, 0.0))]
    return {
        "name": site,
        "visible": bool(tracks.visible[:, at].any()),
        "position": dict(zip("xyz", tracks.place(lon, lat), strict=True)),
        "coordinate": {"position": {"attributes": kept}},
    }


def _in_ranges(values: Point) -> list[tuple[float, tuple[float, float]]]:
    return list(zip(values, RANGES, strict=True))


def _xyz(position: Mapping[str, float]) -> Point:
    return float(position["x"]), float(position["y"]), float(position["z"])


def _coordinate(coordinate: Mapping[str, float]) -> Point:
    return float(coordinate["longitude"]), float(coordinate["latitude"]), float(coordinate["altitude"])


def _stored(point: Mapping[str, Any]) -> Point:
    attributes = point["coordinate"]["position"]["attributes"]
    lon, lat, altitude = (attributes[at]["value"]["relative"] * span + low for at, (low, span) in enumerate(RANGES))
    return lon, lat, altitude


def _require_same(path: Path, tracks: Tracks) -> None:
    read = read_earth_studio(path)
    wrong = [
        site
        for site, (lon, lat) in tracks.sites.items()
        if max(abs(camera.near(read.points[site][1][0], lon) - lon), abs(read.points[site][1][1] - lat)) > TOLERANCE_DEG
    ]
    if wrong or len(read.camera) != len(tracks.numbers):
        raise CheckError(f"{path}: read back differs from what was tracked ({', '.join(wrong[:5]) or 'camera'})")
