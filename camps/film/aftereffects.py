"""Tracks for Adobe After Effects: a script that builds the composition, and keyframe text to paste onto a layer.

Composition space has its origin at the top left, x to the right, y down and z away from the viewer. A site at pixel
(x, y) stands at [x, y, 0]; the camera at [W/2, H/2, −zoom] with zoom = (H/2)/tan(vfov/2) sees the plane z = 0 pixel by
pixel.

References
----------
Adobe, After Effects Scripting Guide: *ItemCollection.addComp*, *LayerCollection.addNull* and *addCamera*,
*Property.setValuesAtTimes*, *CompItem.dropFrame* and *displayStartTime*, *ImportOptions*; layer and effect match names.
Adobe, After Effects Help, *Set, select, and delete keyframes*: keyframes are copied as tab-delimited text.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from camps import files
from camps.errors import Fault, raise_faults
from camps.film import timecode
from camps.film.counters import Counter, changes
from camps.film.stage import read_resource
from camps.film.tracks import VFOV_DEG, Tracks

#: What a Slider Control holds, either side of zero.
MOST_OF_SLIDER = 1_000_000
#: What After Effects takes for the frame rate and the length of a composition.
MOST_RATE, MOST_SECONDS = 99, 10_800

_HEAD = """// {name}: composition, camera, one null a site and counters, on frames {first}-{last} at {rate} frames/s.
// In After Effects: File > Scripts > Run Script File, and choose this file. One undo takes all of it back.
"""


def layer_name(site: str) -> str:
    """Return the name of the layer of a site; it starts with a letter, as expressions and other tools need."""
    return f"site_{site}"


def write_script(
    path: Path, name: str, tracks: Tracks, counters: Sequence[Counter], *, sequences: Sequence[Path] = ()
) -> Path:
    """Write the script that builds the composition of a shot.

    A number that nobody knows gets no keyframe: its slider keeps the last known value, and the checkbox beside it,
    ``… known``, is off.

    Parameters
    ----------
    path, name
        The ``.jsx`` file, and the name of the composition.
    tracks, counters
        What is keyed.
    sequences
        The first picture of each pass to lay under the nulls, the lowest first, found again from where the script lies.
        The last is the picture as it is meant to be seen; the others are there, and switched off.

    Raises
    ------
    InputError
        When After Effects cannot hold the shot or one of its numbers.
    """
    _require_fits(name, tracks, counters)
    parts = [
        _HEAD.format(name=name, first=tracks.numbers[0], last=tracks.numbers[-1], rate=tracks.rate),
        f"var SHOT = {_literal(_shot(path, name, tracks, sequences))};\n",
        f"var SITES = [\n{_lines(_sites(tracks))}];\n",
        f"var COUNTERS = [\n{_lines(_counters(counters))}];\n\n",
        read_resource("aftereffects.jsx"),
    ]
    return files.write_text(path, "".join(parts))


def write_keyframe_texts(folder: Path, name: str, tracks: Tracks) -> list[Path]:
    """Write, for each site, the text that pasted onto a 3D layer gives it the track, with a key on every frame."""
    return [
        files.write_text(folder / f"{name}_{layer_name(site)}_aekeys.txt", _keyframe_text(tracks, at))
        for at, site in enumerate(tracks.sites)
    ]


def _keyframe_text(tracks: Tracks, at: int) -> str:
    width, height = tracks.size
    rows = [f"\t{i}\t{_number(x)}\t{_number(y)}\t0" for i, (x, y) in enumerate(tracks.xy_px[:, at])]
    lines = [
        "Adobe After Effects 8.0 Keyframe Data", "",
        f"\tUnits Per Second\t{float(tracks.rate):.10g}",
        f"\tSource Width\t{width}", f"\tSource Height\t{height}",
        "\tSource Pixel Aspect Ratio\t1", "\tComp Pixel Aspect Ratio\t1", "",
        "Transform\tPosition", "\tFrame\tX pixels\tY pixels\tZ pixels", *rows, "",
        "End of Keyframe Data", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _shot(path: Path, name: str, tracks: Tracks, sequences: Sequence[Path]) -> dict[str, Any]:
    width, height = tracks.size
    return {
        "name": name, "width": width, "height": height,
        "fpsNum": tracks.rate.numerator, "fpsDen": tracks.rate.denominator,
        "frames": len(tracks.numbers),
        "startFrame": timecode.count_of_frame(tracks.numbers[0], tracks.rate), "dropFrame": timecode.drops(tracks.rate),
        "zoom": height / 2 / math.tan(math.radians(VFOV_DEG / 2)),
        "footage": [Path(os.path.relpath(sequence, path.parent)).as_posix() for sequence in sequences],
    }  # fmt: skip


def _sites(tracks: Tracks) -> list[dict[str, Any]]:
    return [
        {
            "layer": layer_name(site),
            "comment": f"{lon:.6f}, {lat:.6f} (longitude, latitude)",
            "xy": [round(float(value), 3) for value in tracks.xy_px[:, at].ravel()],
            "visible": _flat(changes([int(state) for state in tracks.visible[:, at]])),
        }
        for at, (site, (lon, lat)) in enumerate(tracks.sites.items())
    ]


def _counters(counters: Sequence[Counter]) -> list[dict[str, Any]]:
    return [
        {
            "name": counter.name,
            "keys": _flat([(at, round(value, 6)) for at, value in counter.value_keys()]),
            "known": _flat(counter.known_keys()),
        }
        for counter in counters
    ]


def _flat(keys: Sequence[tuple[int, float]]) -> list[float]:
    return [part for key in keys for part in key]


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _literal(value: Any) -> str:
    # Plain ASCII: ExtendScript reads a script in the encoding of its machine.
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _lines(entries: Sequence[dict[str, Any]]) -> str:
    return ",\n".join(map(_literal, entries)) + "\n"


def _require_fits(name: str, tracks: Tracks, counters: Sequence[Counter]) -> None:
    seconds = timecode.duration_s(len(tracks.numbers), tracks.rate)
    faults = [
        Fault(
            counter.name, f"{value:g}", f"at most {MOST_OF_SLIDER}, the most that a slider holds", "use a larger unit"
        )
        for counter in counters
        if (value := max((abs(v) for v in counter.values if v is not None), default=0)) > MOST_OF_SLIDER
    ]
    if tracks.rate > MOST_RATE or seconds > MOST_SECONDS:
        faults.append(
            Fault(
                "the composition", f"{float(seconds):g} s at {tracks.rate} frames/s",
                f"at most {MOST_SECONDS} s and {MOST_RATE} frames/s, as After Effects has it", "divide the shot",
            )
        )  # fmt: skip
    raise_faults(faults, name)
