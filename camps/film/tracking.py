"""The folder ``track``: where every site is on every frame, for After Effects, Nuke and other tools."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from string import Template

import pandas as pd

from camps import files, record
from camps.film import aftereffects, earthstudio, nuke
from camps.film.counters import build_counters
from camps.film.plan import Plan
from camps.film.stage import read_resource
from camps.film.tracks import Described, Tracks, build_tracks

#: Folder of the tracks in a delivery.
TRACK = "track"


def write_tracking(
    folder: Path, name: str, plan: Plan, described: Described, *, sequences: Sequence[Path] = ()
) -> list[Path]:
    """Write the tracks of a shot and return the files.

    ``NAME.jsx`` builds the composition in After Effects; ``NAME_site_ID_aekeys.txt`` is keyframe text for its
    clipboard, a file a site; ``NAME.chan`` is the camera for Nuke; ``NAME_ges.json`` is in the form of Earth Studio;
    ``NAME_track.csv`` has a row a frame and site (``frame, site_id, x_px, y_px, visible``); ``NAME_sites.csv`` says
    where each site lies on the ground and in the flat world of the ``.chan`` and the ``.json``; ``README.txt`` tells
    how each is used.

    Parameters
    ----------
    folder, name
        Where the files go, and what their names begin with.
    plan
        The shot, with a camera of its own.
    described
        What the page said of each frame, as `camps.describe()` returns it, with ``frame`` added.
    sequences
        The first picture of each pass that After Effects lays under the tracks, the lowest first.

    Raises
    ------
    InputError
        When frames are missing, the shot has no camera, or After Effects cannot hold it.
    CheckError
        When a site was drawn elsewhere than the camera sees it.
    """
    tracks = build_tracks(plan, described)
    counters = build_counters(plan, described)
    return [
        aftereffects.write_script(folder / f"{name}.jsx", name, tracks, counters, sequences=sequences),
        *aftereffects.write_keyframe_texts(folder, name, tracks),
        nuke.write_chan(folder / f"{name}.chan", tracks),
        earthstudio.write_earth_studio(folder / f"{name}_ges.json", name, tracks),
        _write_csv(folder / f"{name}_track.csv", ("frame", "site_id", "x_px", "y_px", "visible"), _positions(tracks)),
        _write_csv(folder / f"{name}_sites.csv", ("site_id", "layer", "lon", "lat", "x", "y", "z"), _places(tracks)),
        files.write_text(folder / "README.txt", _how_to(name, plan, tracks)),
    ]


def _how_to(name: str, plan: Plan, tracks: Tracks) -> str:
    width, height = tracks.size
    aperture = nuke.HORIZONTAL_APERTURE_MM * height / width
    told = {"name": name, "first": tracks.numbers[0], "width": width, "height": height, "aperture": f"{aperture:.3f}"}
    told["cut"] = f"The cut is {plan.cut_told}; tracks have all of them.\n" if plan.cut_told else ""
    return Template(read_resource("tracking.txt")).substitute(told)


def _positions(tracks: Tracks) -> Iterable[Sequence[object]]:
    for number, points, seen in zip(tracks.numbers, tracks.xy_px, tracks.visible, strict=True):
        for site, (x, y), shown in zip(tracks.sites, points, seen, strict=True):
            yield number, site, f"{x:.3f}", f"{y:.3f}", int(shown)


def _places(tracks: Tracks) -> Iterable[Sequence[object]]:
    for site, (lon, lat) in tracks.sites.items():
        x, y, z = tracks.place(lon, lat)
        yield site, aftereffects.layer_name(site), f"{lon:.7f}", f"{lat:.7f}", f"{x:.10g}", f"{y:.10g}", f"{z:g}"


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    return files.write_text(path, record.csv_text(pd.DataFrame(rows, columns=list(columns), dtype=object)))
