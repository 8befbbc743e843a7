"""Every building of a country followed through its releases, cell by cell, as all at once would give it.

A cell is worked on with what lies about it. Buildings that have to do with one another, by a link at any look, make a
group; a group is right where all of it lies wholly within what was read, as then nothing else can touch it, and
otherwise more is read. The first cell that holds something of a group writes it, so that none is written twice.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as arrow
from numpy.typing import NDArray
from pyarrow import parquet

from camps import engine, files
from camps.change.comparison import TAU_M
from camps.change.following import History, follow
from camps.errors import InputError
from camps.footprints import BUILT, FootprintSeries
from camps.footprints.partitions import (
    REACH_M,
    Partition,
    Progress,
    far_enough,
    joined,
    new_part,
    read_near,
    silent,
    spread,
)
from camps.footprints.releases import coverage_of, fresh, looks_of
from camps.footprints.series import in_order

#: What changes are called where they are counted.
CALLED = {
    "new": ("new",), "gone": ("demolished",), "grown": ("extended",), "shrunk": ("reduced",), "rebuilt": ("rebuilt",),
    "parted or joined": ("split", "merge", "complex"), "same": ("persist", "registration"),
    "too small to tell": ("below_mmu",), "not looked at": ("first_seen", "unobserved"),
}  # fmt: skip
_FOLLOWED = "followed"


@dataclass(frozen=True)
class _How:
    """How buildings are followed."""

    kinds: tuple[str, ...]
    tau_m: float
    minimum_m2: float | None
    reach_m: float


def follow_parts(
    cut: Partition,
    *,
    kinds: tuple[str, ...] = BUILT,
    tau_m: float = TAU_M,
    minimum_m2: float | None = None,
    reach_m: float = REACH_M,
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress = silent,
) -> None:
    """Follow every building of a partition through its releases, or go on with it.

    It is what ``follow(as_looks(series), register=False, centres=True)`` gives: a release is made of many images, so
    that no one shift lays it on another. Beside each cell are written ``tracks.parquet``, ``events.parquet`` and
    ``followed.parquet`` (footprint_id, track_id, key of its tile, scene_id, area_m2, own_m2), for :func:`history`.

    Parameters
    ----------
    cut
        As from :func:`camps.footprints.partition`.
    kinds, tau_m, minimum_m2
        As for :func:`camps.change.follow`.
    reach_m
        How far about a cell is read at first. The result does not depend on it.
    workers, cluster, progress
        As for :func:`camps.footprints.partition`.

    Raises
    ------
    InputError
        When the folder holds buildings that were followed otherwise.
    CheckError
        When geodesic and equal-area figures differ.
    """
    how = _How(kinds, tau_m, minimum_m2, reach_m)
    with files.locked(cut.folder):
        told = json.dumps({name: value for name, value in asdict(how).items() if name != "reach_m"}, indent=1) + "\n"
        path = cut.folder / f"{_FOLLOWED}.json"
        if path.exists() and path.read_text(encoding="utf-8") != told:
            raise InputError(
                f"{path}: buildings were followed otherwise here; remove it and {_FOLLOWED}, or say the same"
            )
        files.write_text(path, told)
        work = partial(_write_cell, cut, how)
        spread(work, range(len(cut)), "following", workers=workers, cluster=cluster, progress=progress)


def history(cut: Partition, *, columns: list[str] | None = None) -> History:
    """Return what was followed in all cells, in memory; for a country :func:`event_counts` does.

    Its tables are those of :func:`camps.change.follow`, in the same order; ``footprints`` has no outlines, and
    ``shifts`` is empty.
    """
    tables = [_all(cut, name) for name in ("tracks", "events", "followed")]
    order = {name: at for at, name in enumerate(cut.scenes["scene_id"])}
    tracks = tables[0].sort_values("track_id", ignore_index=True)
    events = tables[1].assign(_at=tables[1]["scene_to"].map(order))
    events = events.sort_values(["_at", "track_ids"], ignore_index=True).drop(columns="_at")
    found = tables[2].assign(_at=tables[2]["scene_id"].map(order))
    found = found.sort_values(["_at", "footprint_id"], ignore_index=True).drop(columns="_at")
    return History(tracks, events, found, pd.DataFrame())


def _all(cut: Partition, name: str) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in cut.parts(_FOLLOWED, f"{name}.parquet")], ignore_index=True)


def event_counts(cut: Partition) -> pd.DataFrame:
    """Return how many changes of each kind there were between each release and the one before, and how much they make.

    Returns
    -------
    DataFrame
        ``observed_from``, ``observed_to``, ``change`` (new, gone, grown, … not looked at: absent from one of the two
        where that did not look), ``n``, ``gain_m2``, ``loss_m2``; null where nobody could see it.
    """
    named = {one: name for name, classes in CALLED.items() for one in classes}
    keys = ["observed_from", "observed_to", "change"]
    parts = []
    for path in cut.parts(_FOLLOWED, "events.parquet"):
        events = pd.read_parquet(path, columns=["observed_from", "observed_to", "class", "gain_m2", "loss_m2"])
        events["change"] = events["class"].map(named)
        # In thousandths, whole numbers, so that a sum does not depend on how the country was cut.
        exact = events.assign(**{name: events[name].mul(1000).round().fillna(0).astype("int64") for name in _SUMS})
        parts.append(exact.groupby(keys, dropna=False).agg(n=("class", "size"), **{one: (one, "sum") for one in _SUMS}))
    table = pd.concat(parts).groupby(level=keys, dropna=False).sum().reset_index()
    table[list(_SUMS)] = table[list(_SUMS)] / 1000
    table.loc[table["change"].eq("not looked at"), list(_SUMS)] = np.nan
    rank = {name: at for at, name in enumerate(CALLED)}
    order = {date: at for at, date in enumerate(cut.scenes["observed_on"])}
    ranked = table.assign(_to=table["observed_to"].map(order), _rank=table["change"].map(rank))
    return ranked.sort_values(["_to", "_rank"], ignore_index=True).drop(columns=["_to", "_rank"])


_SUMS = ("gain_m2", "loss_m2")


@engine.without_cycle_search()
@engine.system_memory()
def _write_cell(cut: Partition, how: _How, cell: int) -> None:
    target = cut.part(_FOLLOWED, cell)
    if target.exists():
        return
    found = far_enough(partial(_own, cut, how, cell), how.reach_m)
    with new_part(target) as made:
        # One after the other, so that none is kept when memory is given back.
        while found:
            name, table = found.popitem()
            plain = arrow.Table.from_pandas(table, preserve_index=False)
            parquet.write_table(plain, made / f"{name}.parquet", compression="zstd")


def _own(cut: Partition, how: _How, cell: int, reach_m: float) -> dict[str, pd.DataFrame] | None:
    """Return the tables of the groups that a cell writes; nothing where one of its groups reaches too far out."""
    series, inside, cells = _near(cut, cell, reach_m)
    run = follow(
        series, kinds=how.kinds, identity="linked", register=False, tau_m=how.tau_m, minimum_m2=how.minimum_m2,
        plane=cut.plane, centres=True,
    )  # fmt: skip
    counted = series.footprints["kind"].isin(list(how.kinds)).to_numpy()
    inside, cells = inside[counted], cells[counted]
    track, group = _groups(run)
    open_groups, mine = group[track[~inside]], group[track[cells == cell]]
    if np.isin(mine, open_groups).any():
        return None
    first = np.full(int(group.max(initial=-1)) + 1, len(cut), dtype=np.intp)
    np.minimum.at(first, group[track], cells)
    own = first[group] == cell
    tracks = run.tracks[own]
    events = run.events[own[_codes(run, run.events["track_ids"].str.partition(";")[0])]]
    return {"tracks": tracks, "events": events, "followed": _followed(cut, run.footprints, own[track])}


def _followed(cut: Partition, found: gpd.GeoDataFrame, own: NDArray[np.bool_]) -> pd.DataFrame:
    names = ["footprint_id", "track_id", "key", "scene_id", "observed_on", "kind", "area_m2"]
    return pd.DataFrame(found.loc[own, names])


def _near(cut: Partition, cell: int, reach_m: float) -> tuple[FootprintSeries, NDArray[np.bool_], NDArray[np.intp]]:
    """Return the series in a cell and about it, which outlines lie wholly in what was read, and the cell of each."""
    frame, inside = read_near(cut.parts("cells", "footprints.parquet"), cut, cell, reach_m)
    key, scene = frame["key"].to_numpy(), frame["scene"].to_numpy(dtype=np.intp)
    order = in_order(frame, cut.scenes)
    order = order[fresh(cut.tiles, key, scene)[order]]
    nothing = pd.Series(pd.NA, index=range(len(order)), dtype="string")
    frame = frame.iloc[order].reset_index(drop=True).assign(site_id=nothing, track_id=nothing)
    coverage = coverage_of(cut.tiles_near(cell, reach_m), list(cut.scenes["scene_id"]), cut.zoom)
    looks = looks_of(cut.tiles[:0], cut.scenes, cut.zoom)
    series = FootprintSeries(frame, cut.scenes, looks, pd.DataFrame(), coverage)
    return series, inside[order], cut.cells_of(key[order])


def _codes(run: History, names: Any) -> NDArray[np.intp]:
    return np.asarray(pd.Index(run.tracks["track_id"]).get_indexer(pd.Index(names)), dtype=np.intp)


def _groups(run: History) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the track of each footprint, and the group of each track: those that one event names, and so on."""
    track = _codes(run, run.footprints["track_id"])
    several = run.events.loc[run.events["track_ids"].str.contains(";", regex=False), "track_ids"].str.split(";")
    members = several.explode()
    first = several.str[0].reindex(members.index)
    return track, joined(len(run.tracks), _codes(run, first), _codes(run, members))
