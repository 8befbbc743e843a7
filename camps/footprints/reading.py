"""Reading polygons of any vector format into one frame in EPSG:4326, each row with the place it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from camps import crs, dates, engine, files
from camps.errors import Fault, InputError
from camps.sources.geofiles import read_drawn
from camps.sources.geojson import check_positions, is_topology, read_geojson
from camps.sources.kml import read_kml
from camps.sources.report import Report
from camps.sources.shapes import GEOMETRY, LAT, LON, take_shapes

#: A city's buildings with a dozen columns each.
MOST_CELLS = 100_000_000

_TEXT = ("footprint_id", "site_id", "scene_id", "track_id", "kind", "method", "confidence", "note", "repair")
#: Columns whose cells are accounted for.
CELLS = ("observed_on", "kind")
_NUMBERS = ("edge_sd_m", "edge_bias_m")


def read_vector(
    path: Path, report: Report, *, layer: str | None = None, assumed_crs: Any = None, encoding: str | None = None
) -> gpd.GeoDataFrame:
    """Read one vector file, in EPSG:4326, with ``source_file`` and ``source_row`` (the number in the file, from 1).

    Parameters
    ----------
    path
        GeoParquet, GeoJSON, TopoJSON, GeoPackage, Shapefile (plain or zipped), FlatGeobuf, KML, KMZ, GML or a file
        geodatabase.
    report
        Takes what was noted, and the account of members, layers, features, parts, rings and vertices taken.
    layer
        The layer or member to read, ``*`` for all; needed only where several hold features.
    assumed_crs
        The CRS of a file that states none.
    encoding
        Encoding of a Shapefile's attributes where its .cpg is missing or wrong.

    Raises
    ------
    MissingError, InputError
        When the file is not there, is no vector file, has several layers, or has no CRS.
    """
    with files.readable(path):
        # A folder may be a file geodatabase; GDAL says when it is not.
        if not path.is_dir():
            path.open("rb").close()
    kind = path.suffix.casefold()
    if kind in (".kml", ".kmz", ".topojson") or (kind in (".json", ".geojson") and is_topology(path)):
        frame = _read_places(path, report, layer)
    else:
        frame = _read_drawn(path, report, layer, assumed_crs, encoding)
    frame["source_file"] = path.name
    lonlat = crs.to_lonlat(frame.geometry, path.name)
    if unshifted := crs.unshifted(frame.crs, shapely.get_coordinates(lonlat)):
        report.add("noted", unshifted)
    return frame.set_geometry(lonlat)


def _read_places(path: Path, report: Report, layer: str | None) -> gpd.GeoDataFrame:
    """Return a file that the reader of lists takes apart itself, under the numbers of its rows."""
    own = Report()
    read = read_kml if path.suffix.casefold() in (".kml", ".kmz") else read_geojson
    table = read(path, own, layer=layer).frame
    own.settle(path.name)
    report.remarks += own.remarks
    for piece in ("member", "layer", "element"):
        report.take(piece, own.taken[piece])
        report.use(piece, own.used[piece])
        report.note(piece, own.noted[piece])
    report.take("feature", len(table))
    take_shapes(report, table[GEOMETRY].to_numpy())
    frame = gpd.GeoDataFrame(table.drop(columns=[GEOMETRY, LON, LAT]), geometry=list(table[GEOMETRY]), crs=4326)
    return frame.assign(source_row=table.index.to_numpy()).reset_index(drop=True)


def _read_drawn(
    path: Path, report: Report, layer: str | None, assumed_crs: Any, encoding: str | None
) -> gpd.GeoDataFrame:
    drawn = read_drawn(path, report, layer=layer, encoding=encoding, most_cells=MOST_CELLS)
    if drawn.shapes is None:
        raise InputError(f"{path.name}: has no geometry, expected polygons; export it with its outlines")
    stated = drawn.crs if drawn.crs is not None else _required_crs(path, assumed_crs)
    columns = drawn.columns.reset_index(drop=True).drop(columns="geometry", errors="ignore")
    frame = gpd.GeoDataFrame(columns, geometry=drawn.shapes, crs=stated)
    if path.suffix.casefold() in (".json", ".geojson"):
        check_positions(path, drawn.shapes)
    return frame.assign(source_row=np.arange(1, len(frame) + 1))


def _required_crs(path: Path, assumed_crs: Any) -> Any:
    if assumed_crs is None:
        raise InputError(
            f"{path.name}: states no CRS, expected one; say --crs (crs=), EPSG:4326 for longitude and latitude"
        )
    return assumed_crs


def read_dated(
    paths: Sequence[Path],
    *,
    observed_on: str | Mapping[str, str] | None,
    columns: Mapping[str, str],
    layer: str | None,
    assumed_crs: Any,
    report: Report,
    encoding: str | None = None,
    rules: Mapping[str, Any] | None = None,
    has_scenes: bool = False,
) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """Return all rows of `paths` with the suite's column names and a date each, and the faults found in them.

    A date given for the files stands for all their rows; otherwise each row needs one of its own, which is read by
    `rules`, those of :func:`camps.dates.read_dates`. A file without a row needs one, unless scenes tell what was seen.
    """
    read = [read_vector(path, report, layer=layer, assumed_crs=assumed_crs, encoding=encoding) for path in paths]
    frames = [
        _with_date(_renamed(frame, columns, path.name), observed_on, path.name, has_scenes=has_scenes)
        for frame, path in zip(read, paths, strict=True)
    ]
    frame = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=4326)
    _take_cells(frame, report)
    frame, faults = _with_dates(frame, rules or {})
    faults += number_faults(frame)
    del read, frames
    # What the reader has put aside for itself is as large as the outlines.
    engine.give_back_memory()
    return typed(frame), faults


def _take_cells(frame: gpd.GeoDataFrame, report: Report) -> None:
    """Count the cells of dates and kinds that say something, and keep in which rows they stand."""
    for name in CELLS:
        said = frame[name].notna() & (frame[name].astype("string").str.strip() != "") if name in frame else False
        frame[f"{name} as read"] = said
        report.take("cell", int(frame[f"{name} as read"].sum()))


def _renamed(frame: gpd.GeoDataFrame, columns: Mapping[str, str], file: str) -> gpd.GeoDataFrame:
    missing = sorted(theirs for theirs in columns.values() if theirs not in frame)
    if missing:
        raise InputError(f"{file}: no column {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}")
    # A column of the suite's own name gives way to the one that the caller says is meant.
    given_way = [ours for ours, theirs in columns.items() if ours in frame and ours != theirs]
    return frame.drop(columns=given_way).rename(columns={theirs: ours for ours, theirs in columns.items()})


def _with_date(
    frame: gpd.GeoDataFrame, observed_on: str | Mapping[str, str] | None, file: str, *, has_scenes: bool
) -> gpd.GeoDataFrame:
    date = observed_on.get(file) if isinstance(observed_on, Mapping) else observed_on
    if date is not None:
        return frame.assign(observed_on=date)
    if frame.empty and not has_scenes:
        raise InputError(
            f"{file}: neither a polygon nor a date, expected one of them; say with --seen (observed_on=) when it was"
        )
    return frame if "observed_on" in frame else frame.assign(observed_on=pd.NA)


def _with_dates(frame: gpd.GeoDataFrame, rules: Mapping[str, Any]) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """Return the rows with ``observed_on`` as EDTF text and ``date_remark``, and a fault for each date that is none."""
    read = dates.read_dates(frame["observed_on"], **rules)
    closed = [text for text in read["edtf"].dropna().unique() if not dates.parse(text).is_open]
    in_doubt = read["remark"].str.startswith(dates.DAY_IN_DOUBT).fillna(value=False)
    wrong = ~read["edtf"].isin(closed) | in_doubt
    faults = list(_date_faults(frame[wrong], read[wrong]))
    return frame.assign(observed_on=read["edtf"], date_remark=read["remark"]), faults


def _date_faults(rows: gpd.GeoDataFrame, read: pd.DataFrame) -> Iterator[Fault]:
    """Yield a fault for each row without a date, then one for each date that is none or has an open end."""
    told = pd.DataFrame({"place": places(rows), "printed": rows["observed_on"].astype("string")})
    told["remark"] = read["remark"].fillna("a date with a first and a last day")
    blank = read["edtf"].isna() & read["remark"].isna()
    remedy = "say --seen (observed_on=), or --map observed_on=COLUMN (columns=)"
    for place in told.loc[blank, "place"]:
        yield Fault(f"{place}, column observed_on", "no date", "a calendar date", remedy)
    for place, text, remark in told[~blank].drop_duplicates("printed").to_numpy():
        remedy = "write the calendar date alone" if ":" in text else "write it as 2017-06-10, 2017-06 or 2017"
        yield Fault(f"{place}, column observed_on", repr(text), remark, remedy)


def typed(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return rows with every column that the suite knows, text or number, null where nothing is said."""
    for name in _TEXT:
        if name in frame:
            text = frame[name].astype("string").str.strip()
            frame[name] = text.mask(text == "")
        else:
            frame[name] = pd.Series(pd.NA, index=frame.index, dtype="string")
    for name in _NUMBERS:
        frame[name] = pd.to_numeric(frame[name], errors="coerce") if name in frame else np.nan
    return frame


def number_faults(frame: gpd.GeoDataFrame) -> Iterator[Fault]:
    """Yield a fault for each metre of an edge that is no number."""
    for name in (name for name in _NUMBERS if name in frame):
        told = frame[frame[name].notna() & pd.to_numeric(frame[name], errors="coerce").isna()]
        for place, value in zip(places(told), told[name], strict=True):
            yield Fault(f"{place}, column {name}", repr(value), "a number, or nothing")


def places(frame: pd.DataFrame) -> pd.Series:
    """Return where each row was read, as a reader would look for it: file and row."""
    return frame["source_file"].astype(str) + " row " + frame["source_row"].astype(str)
