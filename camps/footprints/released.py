"""Reading releases of footprints piece by piece: GeoParquet of one file or many, as one dated look each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as arrow
import shapely
from numpy.typing import NDArray
from pyarrow import parquet
from pyproj import CRS

from camps import crs, files
from camps.dates import day_interval
from camps.errors import Fault, InputError, MissingError, raise_faults
from camps.footprints.mending import repair
from camps.footprints.reading import number_faults, places, typed
from camps.footprints.releases import taken
from camps.footprints.series import geometry_hashes
from camps.footprints.tiles import EDGE_LON, centre_keys, eastward_of_edge

#: The bounds of each outline, as the "covering" of GeoParquet names them.
BBOX = ("xmin", "ymin", "xmax", "ymax")
#: What may be said of an outline of a release, beside where it is.
COLUMNS = ("footprint_id", "kind", "method", "confidence", "note", "edge_sd_m", "edge_bias_m")
_TEXT = ("footprint_id", "kind", "method", "confidence", "note", "repair", "source_file")
_NUMBERS = ("edge_sd_m", "edge_bias_m", "area_m2", "perimeter_m", "overlap_m2")
_GROUP_ROWS = 8_192
_BATCH_ROWS = 65_536
#: A piece of a release: which one, and of which of its files which groups of rows.
Chunk = tuple[int, tuple[tuple[int, tuple[int, ...]], ...]]


@dataclass(frozen=True)
class Release:
    """One dated release of footprints.

    Attributes
    ----------
    name
        As a reader knows it.
    paths
        Its GeoParquet files.
    observed_on
        EDTF: from its oldest image to its publication, see :func:`camps.footprints.taken`.
    gsd_m
        Ground sample distance in metres of the images it was drawn on.
    columns
        The suite's names of columns (:data:`COLUMNS`) and what the files call them.
    kind, edge_sd_m, edge_bias_m, crs
        As for :func:`camps.footprints.load`.
    """

    name: str
    paths: tuple[Path, ...]
    observed_on: str
    gsd_m: float
    columns: Mapping[str, str] = field(default_factory=dict)
    kind: str = "building"
    edge_sd_m: float | None = None
    edge_bias_m: float | None = None
    crs: str | None = None

    def file(self, at: int) -> str:
        """Return the name of a file as a reader would look for it."""
        path = self.paths[at]
        return path.name if len(self.paths) == 1 else f"{path.parent.name}/{path.name}"


def release(
    path: str | Path | Sequence[Path],
    published: str,
    *,
    oldest_days: int = 0,
    gsd_m: float,
    name: str | None = None,
    **options: Any,
) -> Release:
    """Return a release that lies in GeoParquet files, or in those of a folder and below it.

    Parameters
    ----------
    path
        File or folder, or several files.
    published
        When it was published, EDTF.
    oldest_days
        How many days before that its oldest image may have been taken; with 0 `published` is the date of the images.
    gsd_m, name, options
        As for :class:`Release`; by default it is named after its file or folder.

    Raises
    ------
    MissingError, InputError
        When nothing is there, or a folder holds no GeoParquet file.
    """
    found = [one for part in ([path] if isinstance(path, str | Path) else path) for one in _files_at(Path(part))]
    told = name or Path(path if isinstance(path, str | Path) else path[0]).name
    strange = sorted(set(options.get("columns", {})) - set(COLUMNS))
    if strange:
        raise InputError(f"columns {', '.join(strange)}: expected some of {', '.join(COLUMNS)}")
    observed_on = taken(published, oldest_days=oldest_days) if oldest_days else published
    day_interval(observed_on)
    # Workers may stand in another folder.
    return Release(told, tuple(one.absolute() for one in found), observed_on, gsd_m, **options)


def _files_at(where: Path) -> list[Path]:
    if not where.exists():
        raise MissingError(f"{where}: no such file or folder; expected GeoParquet there; check the path")
    found = sorted(one for one in where.rglob("*.parquet") if one.is_file()) if where.is_dir() else [where]
    if not found:
        raise InputError(f"{where}: no file ending in .parquet; write the release as GeoParquet (ogr2ogr, to_parquet)")
    return found


@dataclass(frozen=True)
class _Held:
    """What the foot of a GeoParquet file says: its geometry, its CRS, the suite's columns, its groups of rows."""

    geometry: str
    encoding: str
    stated: CRS | None
    columns: frozenset[str]
    groups: tuple[int, ...]


def _held(one: Release, at: int) -> _Held:
    path = one.paths[at]
    try:
        with files.readable(path):
            foot = parquet.ParquetFile(path)
    except arrow.ArrowInvalid as error:
        raise InputError(f"{one.file(at)}: no Parquet file ({error}); write it as GeoParquet") from error
    told = (foot.schema_arrow.metadata or {}).get(b"geo")
    if told is None:
        raise InputError(f"{one.file(at)}: says nothing of its geometry, expected GeoParquet; write it with to_parquet")
    meta = json.loads(told)
    name = meta["primary_column"]
    column = meta["columns"][name]
    stated = column.get("crs", "OGC:CRS84")
    theirs = {ours: one.columns.get(ours, ours) for ours in COLUMNS}
    named = set(foot.schema_arrow.names)
    return _Held(
        geometry=name,
        encoding=str(column.get("encoding")),
        stated=None if stated is None else _crs_of(json.dumps(stated)),
        columns=frozenset(ours for ours, their in theirs.items() if their in named),
        groups=tuple(foot.metadata.row_group(group).num_rows for group in range(foot.metadata.num_row_groups)),
    )


@lru_cache(maxsize=64)
def _crs_of(told: str) -> CRS:
    """Return the CRS that a file states: to understand one takes as long as a thousand outlines, and most are alike."""
    return CRS.from_user_input(json.loads(told))


def _file_faults(one: Release, first: _Held, held: _Held, at: int) -> Iterator[Fault]:
    """Yield what makes a file unlike the first of its release, or unreadable."""
    place = one.file(at)
    if held.encoding != "WKB":
        yield Fault(place, f"geometry as {held.encoding}", "WKB", "write it with geometry_encoding='WKB'")
    if held.stated is None and one.crs is None:
        remedy = "write it with its CRS (`set_crs` of geopandas), or say it as `crs` of `camps.footprints.release`"
        yield Fault(place, "no CRS", "one", remedy)
    if held.stated != first.stated:
        name, other = (str(side and side.name) for side in (held.stated, first.stated))
        yield Fault(place, f"CRS {name}", f"{other}, as in {one.file(0)}", "bring all files of a release to one CRS")
    expected = first.columns | set(one.columns)
    for ours in sorted(expected - held.columns):
        remedy = f"every file of a release has the columns of the first, {one.file(0)}"
        yield Fault(place, f"no column {one.columns.get(ours, ours)}", "it to be there", remedy)


def chunks_of(releases: Sequence[Release], rows: int) -> list[Chunk]:
    """Return the pieces in which releases are read, each of about `rows` rows, after a look at the foot of every file.

    Raises
    ------
    InputError
        Listing every file that is in another CRS than the first of its release, lacks a column that this has, or
        cannot be read.
    """
    faults: list[Fault] = []
    chunks: list[Chunk] = []
    for number, one in enumerate(releases):
        held = [_held(one, at) for at in range(len(one.paths))]
        faults += [fault for at, file in enumerate(held) for fault in _file_faults(one, held[0], file, at)]
        chunks += [(number, piece) for piece in _pieces([file.groups for file in held], rows)]
    raise_faults(faults, "releases")
    return chunks


def _pieces(groups: Sequence[Sequence[int]], rows: int) -> Iterator[tuple[tuple[int, tuple[int, ...]], ...]]:
    piece: dict[int, list[int]] = {}
    n = 0
    for at, sizes in enumerate(groups):
        for group, size in enumerate(sizes):
            if n and n + size > rows:
                yield tuple((file, tuple(listed)) for file, listed in piece.items())
                piece, n = {}, 0
            piece.setdefault(at, []).append(group)
            n += size
    if piece:
        yield tuple((file, tuple(listed)) for file, listed in piece.items())


def sound_rows(
    releases: Sequence[Release], chunk: Chunk, *, zoom: int, refused: Literal["raise", "drop"]
) -> Iterator[tuple[gpd.GeoDataFrame, pd.DataFrame]]:
    """Yield the outlines of a piece, mended and measured, with ``key`` of their tile, and the log of their mending.

    Raises
    ------
    InputError
        Naming file and row of what cannot be used.
    """
    number, piece = chunk
    one = releases[number]
    for at, groups in piece:
        for frame, faults in _batches(one, at, groups):
            sound, log, more = repair(frame, refused=refused)
            raise_faults([*faults, *more], one.name)
            shapes = np.asarray(sound.geometry.array)
            raise_faults(_torn(sound, shapes), one.name)
            keyed = sound.assign(wkb_sha256=geometry_hashes(shapes), key=centre_keys(shapes, zoom=zoom), scene=number)
            yield keyed, log


def _torn(frame: gpd.GeoDataFrame, shapes: NDArray[Any]) -> Iterator[Fault]:
    edges = shapely.bounds(shapes)
    west, east = eastward_of_edge(edges[:, 0]), eastward_of_edge(edges[:, 2])
    for place in places(frame[east < west]):
        yield Fault(place, f"an outline across {-EDGE_LON}°W", "none there, at sea", "leave it out")


def _batches(one: Release, at: int, groups: Sequence[int]) -> Iterator[tuple[gpd.GeoDataFrame, list[Fault]]]:
    held = _held(one, at)
    theirs = {ours: one.columns.get(ours, ours) for ours in held.columns}
    foot = parquet.ParquetFile(one.paths[at])
    start = sum(held.groups[: groups[0]])
    names = list(dict.fromkeys([held.geometry, *theirs.values()]))
    for batch in foot.iter_batches(_BATCH_ROWS, row_groups=list(groups), columns=names):
        table = arrow.Table.from_batches([batch])
        rows = np.arange(start + 1, start + 1 + len(table))
        start += len(table)
        said = {ours: table[their].to_pandas() for ours, their in sorted(theirs.items())}
        frame = pd.DataFrame(said, index=range(len(rows)))
        frame = frame.assign(source_file=one.file(at), source_row=rows, observed_on=one.observed_on)
        yield _outlined(frame, table[held.geometry].to_numpy(), held.stated or CRS.from_user_input(one.crs), one)


def _outlined(
    frame: pd.DataFrame, wkb: NDArray[Any], stated: CRS, one: Release
) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    broken = shapely.is_missing(shapes) & ~pd.isna(wkb)
    remedy = "write the file again from its source"
    wanted = "WKB of a polygon"
    faults = [Fault(place, "no geometry that can be read", wanted, remedy) for place in places(frame[broken])]
    # Rows as the file numbers them, for what is said of a position that cannot lie on Earth.
    numbered = gpd.GeoSeries(shapes, index=frame["source_row"], crs=stated)
    lonlat = crs.to_lonlat(numbered, str(frame["source_file"].iloc[0]))
    outlined = gpd.GeoDataFrame(frame, geometry=np.asarray(lonlat.array), crs=4326)
    faults += number_faults(outlined)
    outlined = typed(outlined)
    outlined["kind"] = outlined["kind"].fillna(one.kind)
    for name in ("edge_sd_m", "edge_bias_m"):
        metres = getattr(one, name)
        outlined[name] = outlined[name] if metres is None else outlined[name].fillna(metres)
    return outlined, faults


# ── as parts hold them ───────────────────────────────────────────────────────────────────────────────────────────


def as_table(frame: gpd.GeoDataFrame) -> arrow.Table:
    """Return outlines as a part holds them: with their bounds, and their scene as a number."""
    shapes = np.asarray(frame.geometry.array)
    columns: dict[str, Any] = {name: arrow.array(frame[name], type=arrow.string()) for name in _TEXT if name in frame}
    numbers = [name for name in _NUMBERS if name in frame]
    columns |= {name: arrow.array(frame[name], type=arrow.float64(), from_pandas=True) for name in numbers}
    columns["source_row"] = arrow.array(frame["source_row"], type=arrow.int64())
    columns["scene"] = arrow.array(frame["scene"], type=arrow.int16())
    columns["key"] = arrow.array(frame["key"], type=arrow.int64())
    columns["wkb_sha256"] = arrow.array([bytes.fromhex(one) for one in frame["wkb_sha256"]], type=arrow.binary(32))
    edges = [arrow.array(edge) for edge in shapely.bounds(shapes).T]
    columns["bbox"] = arrow.StructArray.from_arrays(edges, names=list(BBOX))
    columns["geometry"] = arrow.array(shapely.to_wkb(shapes), type=arrow.binary())
    return arrow.table(columns)


def as_frame(table: arrow.Table, scenes: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return outlines of a part as :func:`camps.footprints.load` would give them."""
    plain = table.drop_columns(["geometry", "bbox", "wkb_sha256"]).to_pandas(
        types_mapper={arrow.string(): pd.StringDtype()}.get
    )
    of = scenes.iloc[plain["scene"].to_numpy()]
    for name in ("scene_id", "observed_on", "gsd_m"):
        plain[name] = of[name].to_numpy()
    sums = [one.hex() for one in table["wkb_sha256"].to_pylist()]
    plain = plain.assign(wkb_sha256=pd.array(sums, dtype="string"))
    plain = plain.astype({"scene_id": "string", "observed_on": "string"})
    return gpd.GeoDataFrame(plain, geometry=shapely.from_wkb(table["geometry"].to_numpy()), crs=4326)


def write_outlines(table: arrow.Table, path: Path) -> None:
    """Write outlines along the curve as GeoParquet with their bounds as covering."""
    covering = {"bbox": {name: ["bbox", name] for name in BBOX}}
    column = {"encoding": "WKB", "geometry_types": ["Polygon"], "covering": covering}
    told = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    described = table.replace_schema_metadata({"geo": json.dumps(told, sort_keys=True)})
    parquet.write_table(described, path, row_group_size=_GROUP_ROWS, compression="zstd")
