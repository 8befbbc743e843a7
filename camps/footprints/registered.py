"""Footprint series as sources: which are registered, where their files are, and how one's own is registered."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from camps import record, sources
from camps.errors import InputError, MissingError
from camps.footprints.reading import read_vector
from camps.sources import store
from camps.sources.registry import FOOTPRINTS, ROLES
from camps.sources.report import Report

#: Options of ``footprints.load`` that a register may hold.
OPTIONS = (
    "observed_on", "columns", "kind", "gsd_m", "layer", "crs", "encoding", "date_order", "edtf", "century", "refused",
    "edge_sd_m", "edge_bias_m",
)  # fmt: skip


def series_ids() -> list[str]:
    """Return the ids of the footprint series that are registered and here, in the order of the register."""
    here = sources.available()
    return [
        source_id for source_id, entry in sources.registry().items() if entry.reader == FOOTPRINTS and source_id in here
    ]


def default_id() -> str:
    """Return the id of the record's first footprint series.

    Raises
    ------
    MissingError
        When it has none.
    """
    found = series_ids()
    if not found:
        raise MissingError(
            "this record has no footprint series; register one with "
            "`camps sources add FILE --id ID --reader footprints`"
        )
    return found[0]


def is_series(source_id: str) -> bool:
    """Return whether an id is that of a registered footprint series."""
    known = sources.registry().get(source_id)
    return known is not None and known.reader == FOOTPRINTS


def arguments_of(source_id: str) -> tuple[list[Path], dict[str, Any]]:
    """Return the footprint files of a registered series, and what else ``footprints.load`` is told of them.

    Raises
    ------
    MissingError, InputError, CheckError
        When it is not registered or not here, not a footprint series, or a file has another sum than registered.
    """
    entry = sources.entry(source_id)
    if entry.reader != FOOTPRINTS:
        known = ", ".join(series_ids()) or "none"
        raise InputError(f"{source_id}: a list of sites, expected a footprint series; registered are {known}")
    strange = sorted(set(entry.options) - set(OPTIONS))
    if strange:
        raise InputError(f"{source_id}: option {', '.join(strange)}; expected some of {', '.join(OPTIONS)}")
    paths = _paths(source_id, entry)
    if "footprints" not in paths:
        raise InputError(f'{source_id}: no footprints, expected at least one file with role = "footprints"')
    held, arguments = files_as_arguments(paths)
    return held, {**arguments, **entry.options}


def second_arguments_of(source_id: str) -> tuple[list[Path], dict[str, Any]] | None:
    """Return what :func:`arguments_of` does, of the second reading of a registered series; nothing where it has none.

    Where that brings no scenes of its own they are those of the first.
    """
    entry = sources.entry(source_id)
    paths = _paths(source_id, entry)
    again = {"footprints" if role == "repeat" else role.removeprefix("repeat-"): one for role, one in paths.items()
             if role.startswith("repeat")}  # fmt: skip
    if not again:
        return None
    held, arguments = files_as_arguments({"scenes": paths.get("scenes", []), **again})
    options = {name: value for name, value in entry.options.items() if name == "gsd_m"}
    return held, {**options, **arguments}


def _paths(source_id: str, entry: sources.SourceEntry) -> dict[str, list[Path]]:
    paths: dict[str, list[Path]] = {}
    for file in (file for file in entry.files if file.role in ROLES):
        path = store.path(source_id, file.name)
        store.check_sum(path, file)
        paths.setdefault(file.role, []).append(path)
    return paths


def pictures(source_id: str, *, here: bool = True) -> pd.DataFrame:
    """Return the satellite pictures of a registered series, as maps lay them under its outlines.

    Parameters
    ----------
    source_id
        Id of the series.
    here
        Whether their files have to be here, each with its registered sum; ``False`` to name them alone.

    Returns
    -------
    DataFrame
        A row a scene that names a picture among the files of the source (``geotiff``): ``observed_on`` (EDTF), ``path``
        and ``licence``.

    Raises
    ------
    InputError
        When the series names none.
    MissingError
        When they are not here; the message says how they come.
    """
    entry = sources.entry(source_id)
    listed = {file.name: file for file in entry.files}
    named = pictured(arguments_of(source_id)[1].get("scenes", pd.DataFrame()), entry)
    if named.empty:
        raise InputError(f"{source_id}: no satellite pictures; expected scenes that name a geotiff of the source")
    if not here:
        return pd.DataFrame(named[["observed_on", "licence"]])
    held = {name: store.find(entry, listed[name]) for name in named["geotiff"]}
    if absent := [name for name, path in held.items() if path is None]:
        remedy = "set CAMPS_MIRROR to a folder that has them"
        raise MissingError(f"{source_id}: {len(absent)} satellite pictures are not here, such as {absent[0]}; {remedy}")
    for name, path in held.items():
        store.check_sum(Path(str(path)), listed[name])
    found: pd.DataFrame = named[["observed_on", "licence"]].assign(path=[str(path) for path in held.values()])
    return found


def pictured(scenes: pd.DataFrame, entry: sources.SourceEntry) -> pd.DataFrame:
    """Return the scenes that name a picture (``geotiff``) among the files of their source."""
    names = [file.name for file in entry.files]
    return scenes[scenes["geotiff"].isin(names)] if "geotiff" in scenes else scenes.head(0)


def files_as_arguments(paths: Mapping[str, list[Path]]) -> tuple[list[Path], dict[str, Any]]:
    """Return the footprint files among files by role, and the others as the tables ``footprints.load`` takes."""
    tables: dict[str, Any] = {
        role: pd.concat([record.read_csv(path, null="") for path in paths[role]], ignore_index=True)
        for role in ("looks", "scenes")
        if paths.get(role)
    }
    if "coverage" in paths:
        tables["coverage"] = pd.concat([read_vector(path, Report()) for path in paths["coverage"]], ignore_index=True)
    return paths["footprints"], tables
