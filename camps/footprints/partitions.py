"""Footprints of a whole country, cut into cells that are worked on one at a time.

Releases of footprints as GeoParquet, of one file or a folder of many, are read piece by piece, mended, measured and
laid in the order of a space-filling curve (*runs*); then cut into *cells* of about as many outlines each, a GeoParquet
with bounds a cell. Whoever works on a cell reads what lies about it as well, as far out as it takes. Every part is
written whole or not at all, so that a run that was stopped goes on from what is there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as arrow
import scipy
import shapely
from numpy.typing import NDArray
from pyarrow import parquet
from pyproj import CRS

from camps import crs, engine, files, provenance
from camps.dates import day_interval
from camps.errors import Fault, InputError, raise_faults
from camps.footprints.mending import LOG_COLUMNS
from camps.footprints.overlap import overlaps, without_duplicates
from camps.footprints.released import (
    BBOX,
    Release,
    as_frame,
    as_table,
    chunks_of,
    sound_rows,
    write_outlines,
)
from camps.footprints.releases import tile_sums, with_statuses
from camps.footprints.series import made_ids, release_scenes
from camps.footprints.tiles import ZOOM, Keys, eastward_of_edge, tile_bounds

#: Outlines of all releases together in a cell, unless one tile alone has more.
ROWS = 200_000
#: How far about a cell is read at first, and how much farther each time that this does not do.
REACH_M, WIDER = 100.0, 4.0
_RUN_ROWS = 524_288
_PLAN = "plan.json"
Progress = Callable[[int, int, str], None]
_Found = TypeVar("_Found")


def silent(done: int, total: int, message: str) -> None:
    """Tell nobody how far a run is."""


@dataclass(frozen=True)
class Partition:
    """Footprints cut into cells, on disk.

    Attributes
    ----------
    folder
        Where the parts are.
    scenes
        The "scene" table, one scene a release, in the order of publication.
    edges
        Where on the curve each cell begins, and after the last where that ends.
    bounds
        West, south, east, north of all outlines; west > east across the antimeridian.
    zoom
        Of the tiles that lie along the curve.
    """

    folder: Path
    scenes: pd.DataFrame
    edges: tuple[int, ...]
    bounds: tuple[float, float, float, float]
    zoom: int

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to other processes without the tables that were read: each reads what it needs."""
        return Partition, (self.folder, self.scenes, self.edges, self.bounds, self.zoom)

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.edges) - 1

    @cached_property
    def plane(self) -> CRS:
        """Return the one equal-area plane on which all cells are worked on."""
        return crs.regional_crs(self.bounds)

    @cached_property
    def tiles(self) -> pd.DataFrame:
        """Return what each tile is to each release; see :func:`camps.footprints.as_looks`."""
        return pd.read_parquet(self.folder / "tiles.parquet")

    def cells_of(self, keys: Keys) -> NDArray[np.intp]:
        """Return the cell of each tile."""
        return np.asarray(np.searchsorted(self.edges, keys, side="right") - 1, dtype=np.intp)

    def part(self, name: str, cell: int) -> Path:
        """Return the folder of one kind of part of a cell."""
        return self.folder / name / f"{cell:06d}"

    def parts(self, name: str, file: str) -> list[Path]:
        """Return the files of one kind of all cells, in their order along the curve."""
        return [self.part(name, cell) / file for cell in range(len(self))]

    def boxes(self, cell: int, reach_m: float) -> NDArray[Any]:
        """Return the tiles of a cell that hold anything, each with what lies within `reach_m` of it."""
        start, end = np.searchsorted(self._held, self.edges[cell : cell + 2])
        return np.asarray(shapely.box(*self.about(self._held[start:end], reach_m).T))

    def about(self, keys: Keys, reach_m: float) -> NDArray[np.float64]:
        """Return west, south, east, north of what lies within `reach_m` of each tile, or a little farther."""
        west, south, east, north = tile_bounds(keys, zoom=self.zoom).T
        up = reach_m / _METRES_A_DEGREE
        wide = up / np.cos(np.radians(np.minimum(np.maximum(np.abs(south), np.abs(north)) + up, 89.0)))
        return np.column_stack([west - wide, south - up, east + wide, north + up])

    def tiles_near(self, cell: int, reach_m: float) -> pd.DataFrame:
        """Return the tiles that lie about a cell: all that an outline wholly in its region may have its centre in."""
        edges = tile_bounds(self._held, zoom=self.zoom)
        near = self._held[_meets(edges, shapely.total_bounds(self.boxes(cell, reach_m)).tolist())]
        return self.tiles[np.isin(self.tiles["key"].to_numpy(), near)]

    @cached_property
    def _held(self) -> Keys:
        return np.asarray(parquet.read_table(self.folder / "held.parquet")["key"].to_numpy())


#: Less than the shortest degree of latitude, so that a reach in metres is reached.
_METRES_A_DEGREE = 110_500.0


def partition(
    releases: Sequence[Release],
    folder: Path,
    *,
    rows: int = ROWS,
    zoom: int = ZOOM,
    repeats: bool = True,
    extent: shapely.Geometry | None = None,
    refused: Literal["raise", "drop"] = "raise",
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress = silent,
) -> Partition:
    """Cut releases of footprints into cells, or go on with cutting them.

    Parameters
    ----------
    releases
        In the order of their publication.
    folder
        Where the parts are kept. It is of these releases and options alone.
    rows
        Outlines in a cell, about: memory goes with them.
    zoom, repeats, extent
        As for :func:`camps.footprints.as_looks`.
    refused
        ``raise`` or ``drop`` for an outline whose repair changes its area by more than max(1 %, 5 m²).
    workers, cluster
        Where work runs, see :func:`camps.engine.spread`.
    progress
        Is told how many parts of how many are done, and of what.

    Returns
    -------
    Partition
        The same rows as :func:`camps.footprints.load` gives of the same files, whatever the cells.

    Raises
    ------
    InputError
        For a file in another CRS than the first of its release, without a column that this has, with an outline that
        cannot be used, or an id that stands twice, each with file and row; and when `folder` is of other releases.
    """
    scenes, folder = _scenes(releases), folder.absolute()
    options = {"rows": rows, "zoom": zoom, "repeats": repeats, "refused": refused,
               "extent": None if extent is None else shapely.to_wkb(extent, hex=True)}  # fmt: skip
    if rows < 1:
        raise InputError(f"rows {rows}: expected 1 or more outlines in a cell")
    with files.locked(folder):
        _clear(folder)
        _require_plan(folder, releases, options)
        run = partial(_write_run, releases=releases, folder=folder, zoom=zoom, refused=refused)
        chunks = list(enumerate(chunks_of(releases, _RUN_ROWS)))
        spread(run, chunks, "reading", workers=workers, cluster=cluster, progress=progress)
        _require_unique(folder, len(chunks))
        cut = _cut(folder, len(chunks), scenes, rows, zoom)
        cell = partial(_write_cell, cut)
        spread(cell, range(len(cut)), "cutting", workers=workers, cluster=cluster, progress=progress)
        if not (folder / "tiles.parquet").exists():
            _write_tiles(cut, repeats, extent)
    return cut


def spread(
    work: Callable[[Any], Any],
    parts: Iterable[Any],
    what: str,
    *,
    workers: int,
    cluster: str | None,
    progress: Progress,
) -> None:
    """Do work on every part, telling how much of `what` is done; the first fault stops it."""
    every = list(parts)
    progress(0, len(every), what)
    for done, _ in enumerate(engine.spread(work, every, workers=workers, cluster=cluster), 1):
        progress(done, len(every), what)


@contextmanager
def new_part(target: Path) -> Iterator[Path]:
    """Give a folder that becomes a part once all of it is written, and give back the memory that it took."""
    files.make_folder(target.parent)
    with files.new_folder(target) as made:
        yield made
    engine.give_back_memory()


def far_enough(found_within: Callable[[float], _Found | None], reach_m: float) -> _Found:
    """Return what is found within a reach in metres, which grows for as long as that is nothing."""
    while (found := found_within(reach_m)) is None:
        reach_m *= WIDER
    return found


def _clear(folder: Path) -> None:
    """Remove what a run that was stopped left half-written."""
    files.remove_leftovers(folder)
    for half in folder.glob("*/.camps-*"):
        shutil.rmtree(half, ignore_errors=True)


def _scenes(releases: Sequence[Release]) -> pd.DataFrame:
    if not releases:
        raise InputError("releases: none, expected two or more; name their files")
    ends = [day_interval(one.observed_on) for one in releases]
    for at, (before, now) in enumerate(pairwise(ends), 1):
        if now[0] < before[0] or now[1] <= before[1]:
            found = f"release {releases[at].name}: {releases[at].observed_on} after {releases[at - 1].observed_on}"
            raise InputError(
                f"{found}, expected a later publication and no older images; name releases in the order of their dates"
            )
    return release_scenes([one.observed_on for one in releases], [one.gsd_m for one in releases])


def _require_plan(folder: Path, releases: Sequence[Release], options: Mapping[str, Any]) -> None:
    told = [asdict(one) | {"paths": [[path.name, files.sha256(path)] for path in one.paths]} for one in releases]
    # Parts of another version of the suite may have been made otherwise.
    made = {"releases": told, "options": options, "code": provenance.code_sha256()}
    plan = json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    path = folder / _PLAN
    if path.exists() and path.read_text(encoding="utf-8") != plan:
        raise InputError(f"{folder}: holds parts of other releases, options or code; name another folder, or remove it")
    files.write_text(path, plan)


# ── runs ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _write_run(
    chunk: tuple[int, Any], *, releases: Sequence[Release], folder: Path, zoom: int, refused: Literal["raise", "drop"]
) -> None:
    number, rows = chunk
    target = folder / "runs" / f"{number:06d}"
    if target.exists():
        return
    with new_part(target) as made:
        held, ids, logs = [], [], []
        for frame, log in sound_rows(releases, rows, zoom=zoom, refused=refused):
            held.append(as_table(frame))
            ids.append(frame.loc[frame["footprint_id"].notna(), ["footprint_id", "source_file", "source_row"]])
            logs.append(log)
        table = arrow.concat_tables(held).sort_by([("key", "ascending"), ("source_row", "ascending")])
        write_outlines(table, made / "footprints.parquet")
        _write_ids(pd.concat(ids, ignore_index=True), made / "ids.parquet")
        _write_log(pd.concat(logs, ignore_index=True), made / "repairs.parquet")


def _write_ids(ids: pd.DataFrame, path: Path) -> None:
    code = pd.util.hash_array(ids["footprint_id"].to_numpy(dtype=object)) if len(ids) else np.empty(0, dtype=np.uint64)
    held = ids.assign(code=code >> np.uint64(2)).sort_values("code", ignore_index=True).astype({"code": "int64"})
    parquet.write_table(arrow.Table.from_pandas(held, preserve_index=False), path, row_group_size=65_536)


def _write_log(log: pd.DataFrame, path: Path) -> None:
    table = log.reindex(columns=list(LOG_COLUMNS)).astype("object")
    numbers = {"source_row": "int64", "area_before_m2": "float64", "area_after_m2": "float64"}
    text = {name: "string" for name in LOG_COLUMNS if name not in numbers}
    parquet.write_table(arrow.Table.from_pandas(table.astype(numbers | text), preserve_index=False), path)


#: Ids are compared share by share, so that no more of them than these lie in memory.
_SHARES = 16


def _require_unique(folder: Path, n_runs: int) -> None:
    paths = [folder / "runs" / f"{run:06d}" / "ids.parquet" for run in range(n_runs)]
    step = (1 << 62) // _SHARES
    for share in range(_SHARES):
        within = [("code", ">=", share * step), ("code", "<", (share + 1) * step)]
        shares = [parquet.read_table(path, columns=["code"], filters=within)["code"] for path in paths]
        codes = np.concatenate([codes.to_numpy() for codes in shares])
        values, n = np.unique(codes, return_counts=True)
        if (n > 1).any():
            alike = [("code", "in", values[n > 1][:1000].tolist())]
            raise_faults(_repeated(pd.concat([pd.read_parquet(p, filters=alike) for p in paths])), "footprints")


def _repeated(rows: pd.DataFrame) -> Iterator[Fault]:
    rows = rows.sort_values(["footprint_id", "source_file", "source_row"], kind="stable")
    for name, same in rows[rows.duplicated("footprint_id", keep=False)].groupby("footprint_id"):
        first, *others = (f"{row.source_file} row {row.source_row}" for row in same.itertuples())
        for place in others:
            remedy = "give each outline of each release an id of its own, or map none"
            yield Fault(f"{place}, column footprint_id", f"{name!r}, as in {first}", "no repeats", remedy)


# ── cells ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _cut(folder: Path, n_runs: int, scenes: pd.DataFrame, rows: int, zoom: int) -> Partition:
    n_of: dict[int, int] = {}
    edges = np.array([np.inf, np.inf, -np.inf, -np.inf])
    for run in range(n_runs):
        held = parquet.read_table(_run_of(folder, run), columns=["key", "bbox"])
        keys, n = np.unique(held["key"].to_numpy(), return_counts=True)
        for key, more in zip(keys.tolist(), n.tolist(), strict=True):
            n_of[key] = n_of.get(key, 0) + more
        box = bounds_of(held)
        edges = np.concatenate([np.minimum(edges[:2], box[:, :2].min(axis=0, initial=np.inf)),
                                np.maximum(edges[2:], box[:, 2:].max(axis=0, initial=-np.inf))])  # fmt: skip
    if not n_of:
        raise InputError("releases: no outline in any of them, expected some; check the files")
    keys, n = (np.array(values, dtype=np.int64) for values in zip(*sorted(n_of.items()), strict=True))
    _write_table(pd.DataFrame({"key": keys}), folder / "held.parquet")
    west, south, east, north = edges.tolist()
    bounds = (west - 360 if west > 180 else west, south, east - 360 if east > 180 else east, north)
    return Partition(folder, scenes, _edges(keys, n, rows), bounds, zoom)


def _edges(keys: Keys, n: Keys, rows: int) -> tuple[int, ...]:
    """Return where cells begin along the curve: before the tile with which one would hold more than `rows`."""
    edges, held = [int(keys[0])], 0
    for key, more in zip(keys.tolist(), n.tolist(), strict=True):
        if held and held + more > rows:
            edges.append(key)
            held = 0
        held += more
    return (*edges, int(keys[-1]) + 1)


def _run_of(folder: Path, run: int) -> Path:
    return folder / "runs" / f"{run:06d}" / "footprints.parquet"


def bounds_of(table: arrow.Table) -> NDArray[np.float64]:
    """Return west, south, east, north of each row, on longitudes that run on past the antimeridian."""
    box = table["bbox"].combine_chunks()
    edges = np.column_stack([box.field(name).to_numpy(zero_copy_only=False) for name in BBOX])
    edges[:, [0, 2]] += (eastward_of_edge(edges[:, 0]) - edges[:, 0])[:, None]
    return edges


def _write_cell(cut: Partition, cell: int) -> None:
    target = cut.part("cells", cell)
    if target.exists():
        return
    runs = sorted((cut.folder / "runs").glob("*/footprints.parquet"))
    rows, log = far_enough(partial(_own, cut, cell, runs), REACH_M)
    with new_part(target) as made:
        write_outlines(as_table(rows), made / "footprints.parquet")
        scene = pd.Index(cut.scenes["scene_id"]).get_indexer(pd.Index(rows["scene_id"]))
        _write_table(tile_sums(rows["key"].to_numpy(), scene, rows["wkb_sha256"]), made / "tiles.parquet")
        _write_log(log, made / "repairs.parquet")


def _own(
    cut: Partition, cell: int, runs: Sequence[Path], reach_m: float
) -> tuple[gpd.GeoDataFrame, pd.DataFrame] | None:
    """Return the outlines of a cell without duplicates, and the log of these; nothing where they reach too far out."""
    frame, inside = read_near(runs, cut, cell, reach_m)
    mine = cut.cells_of(frame["key"].to_numpy()) == cell
    pairs = overlaps(frame, cut.plane)
    if reaches_out(len(frame), pairs["one"].to_numpy(), pairs["other"].to_numpy(), mine=mine, inside=inside):
        return None
    frame["mine"] = mine
    kept, log = without_duplicates(frame, overlapping=pairs)
    kept = kept.assign(footprint_id=kept["footprint_id"].fillna(made_ids(kept)))
    return kept[kept["mine"]].drop(columns="mine").reset_index(drop=True), log[mine[log.index]]


def reaches_out(
    n: int, one: NDArray[np.intp], other: NDArray[np.intp], *, mine: NDArray[np.bool_], inside: NDArray[np.bool_]
) -> bool:
    """Return whether something of mine hangs together with what does not lie wholly inside."""
    label = joined(n, one, other)
    return bool(np.isin(label[mine], label[~inside]).any())


def joined(n: int, one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return a number a row; rows that are linked, if only through others, have the same."""
    links = scipy.sparse.coo_matrix((np.ones(len(one), dtype=np.int8), (one, other)), shape=(n, n))
    return np.asarray(scipy.sparse.csgraph.connected_components(links, directed=False)[1], dtype=np.intp)


def read_near(
    paths: Sequence[Path], cut: Partition, cell: int, reach_m: float
) -> tuple[gpd.GeoDataFrame, NDArray[np.bool_]]:
    """Return the outlines in a cell and within `reach_m` of it, and which of them lie there with their whole bounds.

    Whatever touches one of the latter is among the rows.
    """
    tree = shapely.STRtree(cut.boxes(cell, reach_m))
    region = shapely.union_all(tree.geometries)
    shapely.prepare(region)
    bounds = shapely.bounds(region).tolist()
    tables, inside = [], []
    for path in paths:
        held = parquet.ParquetFile(path)
        for group in _groups_near(held.metadata, bounds):
            # Bounds are read before all else.
            known = held.read_row_group(group, columns=["bbox", "key"])
            near, whole = _placed(known, cut, cell, reach_m, region=region, tree=tree)
            if near.any():
                tables.append(held.read_row_group(group).filter(arrow.array(near)))
                inside.append(whole[near])
    return as_frame(arrow.concat_tables(tables), cut.scenes), np.concatenate(inside)


def _placed(
    table: arrow.Table, cut: Partition, cell: int, reach_m: float, *, region: shapely.Geometry, tree: shapely.STRtree
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows have something in the region about a cell, and which lie in it with their whole bounds."""
    edges, keys = bounds_of(table), table["key"].to_numpy()
    near = (keys >= cut.edges[cell]) & (keys < cut.edges[cell + 1])
    whole = near.copy()
    # Nearly all lie within reach of their own tile, which numbers alone tell.
    about = cut.about(keys[near], reach_m)
    whole[near] = ((edges[near] - about) * (1, 1, -1, -1) >= 0).all(axis=1)
    rest = np.flatnonzero(~whole & _meets(edges, shapely.bounds(region).tolist()))
    box = np.asarray(shapely.box(*edges[rest].T))
    # The region is made of boxes, so that bounds alone tell what has something in it.
    met = np.unique(tree.query(box)[0])
    near[rest[met]], whole[rest[met]] = True, shapely.covers(region, box[met])
    return near, whole


def _meets(edges: NDArray[np.float64], bounds: Sequence[float]) -> NDArray[np.bool_]:
    west, south, east, north = edges.T
    return np.asarray((west <= bounds[2]) & (east >= bounds[0]) & (south <= bounds[3]) & (north >= bounds[1]))


def _groups_near(foot: parquet.FileMetaData, bounds: Sequence[float]) -> Iterator[int]:
    """Yield the groups of rows whose bounds, as the foot of the file states them, meet `bounds`."""
    paths = {foot.schema.column(at).path: at for at in range(foot.num_columns)}
    columns = [paths[f"bbox.{name}"] for name in BBOX]
    for group in range(foot.num_row_groups):
        told = [foot.row_group(group).column(at).statistics for at in columns]
        west, south = told[0].min, told[1].min
        east, north = told[2].max, told[3].max
        # Longitudes run on past the antimeridian in regions, so that those of a group may have to be moved too.
        apart = eastward_of_edge([west, east]) - (west, east)
        edges = np.array([[west + apart[0], south, east + apart[1], north]])
        if apart[0] != apart[1] or _meets(edges, bounds)[0]:
            yield group


def _write_table(table: pd.DataFrame, path: Path) -> None:
    with files.replacing(path) as temporary:
        parquet.write_table(arrow.Table.from_pandas(table, preserve_index=False), temporary, compression="zstd")


def _write_tiles(cut: Partition, repeats: bool, extent: shapely.Geometry | None) -> None:
    """Write what each tile is to each release; a tile lies in one cell, so that no two say it of one."""
    sums = [pd.read_parquet(path) for path in cut.parts("cells", "tiles.parquet")]
    found = [with_statuses(one, len(cut.scenes), cut.zoom, repeats=repeats, extent=extent) for one in sums if len(one)]
    _write_table(pd.concat(found, ignore_index=True).drop(columns="sum"), cut.folder / "tiles.parquet")
