"""The camera for Nuke, as a `.chan` file.

References
----------
Foundry, Nuke Reference Guide, Camera node, *import chan file*; ``nukescripts.import_boujou`` names the columns:
a line a frame, ``frame tx ty tz rx ry rz vfov``, in degrees, y up.
"""

from __future__ import annotations

from pathlib import Path

from camps import files
from camps.film.tracks import VFOV_DEG, Tracks

#: Width of the film back that a new camera of Nuke has.
HORIZONTAL_APERTURE_MM = 24.576


def write_chan(path: Path, tracks: Tracks) -> Path:
    """Write the camera of a shot in the flat world of `camps.film.tracks`, looking straight down on the map.

    A camera that is turned clockwise, as a map's bearing counts, turns the other way about its z axis, which points up.
    """
    lines = []
    for number, view in zip(tracks.numbers, tracks.views, strict=True):
        x, y, z = tracks.camera_at(view)
        lines.append(f"{number} {x:.10g} {y:.10g} {z:.10g} 0 0 {-view.bearing_deg or 0:.10g} {VFOV_DEG:g}\n")
    return files.write_text(path, "".join(lines))
