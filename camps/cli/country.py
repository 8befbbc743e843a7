"""`camps growth` on releases of footprints of a whole country: cut into cells, followed, measured, and told."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import camps
from camps.cli.output import say
from camps.cli.picturing import frame_progress
from camps.errors import InputError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

#: Options of a registered series that a release takes too.
_TAKEN = ("kind", "edge_sd_m", "edge_bias_m", "crs", "columns")


@dataclass(frozen=True)
class Country:
    """What is said of releases on the command line."""

    source: str
    seen: str | None
    age_days: int
    gsd_m: float | None
    parts: Path | None
    areas: Path | None
    workers: int
    cluster: str | None


def is_country(source: str | None) -> bool:
    """Return whether releases of footprints are meant: several sources, or a file or folder of GeoParquet."""
    return source is not None and ("," in source or source.endswith(".parquet") or "/" in source)


def country_values(told: Country, metric: str | None, by: str | None, *, onset: bool) -> pd.DataFrame:
    """Return the values of the tiles of a country, having said what changed from release to release."""
    if onset:
        raise InputError("--onset: the tracks of a country are not in memory together; leave it out")
    releases = _releases(told)
    folder = told.parts or Path(f"growth-{'-'.join(one.name.partition('.')[0] for one in releases)}")
    areas = _areas(told.areas, by)
    where = {"workers": told.workers, "cluster": told.cluster}
    with frame_progress() as progress:
        run: dict[str, Any] = where | {"progress": progress}
        cut = camps.footprints.partition(releases, folder, **run)
        camps.change.follow_parts(cut, **run)
        values = camps.growth.part_values(
            cut, metric=cast(Any, metric or "area_m2"), areas=areas, by=by if areas is not None else None, **run
        )
    _say_changes(cut)
    return values.assign(source_id="; ".join(one.name for one in releases))


def _releases(told: Country) -> list[camps.footprints.Release]:
    names = [one.strip() for one in told.source.split(",") if one.strip()]
    seen = [one.strip() for one in told.seen.split(",")] if told.seen else [None] * len(names)
    if len(names) < 2:
        raise InputError(f"--source {told.source}: one release, expected two or more, parted by commas")
    if len(seen) != len(names):
        raise InputError(f"--seen {told.seen}: {len(seen)} dates for {len(names)} sources; say one for each, in order")
    return [_release(told, name, date) for name, date in zip(names, seen, strict=True)]


def _release(told: Country, name: str, date: str | None) -> camps.footprints.Release:
    if Path(name).exists() or is_country(name) or not camps.footprints.is_series(name):
        if date is None or told.gsd_m is None:
            raise InputError(f"{name}: a file says neither; expected --seen DATE,… and --gsd, the pixel in metres")
        return camps.footprints.release(name, date, oldest_days=told.age_days, gsd_m=told.gsd_m)
    paths, options = camps.footprints.registered.arguments_of(name)
    published = date or options.get("observed_on")
    gsd_m = told.gsd_m or options.get("gsd_m")
    if not isinstance(published, str) or gsd_m is None:
        raise InputError(f"{name}: is registered without observed_on and gsd_m for all its rows; say --seen and --gsd")
    taken = {key: value for key, value in options.items() if key in _TAKEN}
    return camps.footprints.release(paths, published, oldest_days=told.age_days, gsd_m=gsd_m, name=name, **taken)


def _areas(path: Path | None, by: str | None) -> gpd.GeoDataFrame | None:
    if path is None:
        if by is not None and by != "site":
            raise InputError(f"--by {by}: tiles have no groups; expected --areas FILE with polygons and a column {by}")
        return None
    if by is None:
        raise InputError(f"--areas {path}: expected --by COLUMN as well, the one that names them")
    return camps.footprints.reading.read_vector(path, camps.sources.report.Report())


def _say_changes(cut: camps.footprints.Partition) -> None:
    for (_, to), rows in camps.change.event_counts(cut).groupby(["observed_from", "observed_to"], sort=False):
        counted = ", ".join(f"{row.change} {row.n:,}" for row in rows.itertuples())
        say(f"{to}: {counted}", file=sys.stderr)
    for row in camps.growth.part_curves(cut).to_dict("records"):
        stood = f"{row['lower'] / 1e6:,.3f} to {row['upper'] / 1e6:,.3f} km² stood"
        say(
            f"{row['t']}: {stood}; looked at {row['share_looked']:.1%} of the tiles that hold anything", file=sys.stderr
        )
