"""Reading polygons of any vector format into one frame in EPSG:4326, each row with the place it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyarrow import ArrowInvalid
from pyogrio.errors import DataSourceError

from camps import crs, dates, engine, files
from camps.errors import Fault, InputError

_TEXT = ("footprint_id", "site_id", "scene_id", "track_id", "kind", "method", "confidence", "note", "repair")
_NUMBERS = ("edge_sd_m", "edge_bias_m")


def read_vector(path: Path, *, layer: str | None = None, assumed_crs: Any = None) -> gpd.GeoDataFrame:
    """Read one vector file as GeoPandas sees it, in EPSG:4326, with ``source_file`` and ``source_row`` (from 1).

    Parameters
    ----------
    path
        GeoParquet by its suffix ``.parquet``; otherwise whatever GDAL reads (GeoJSON, GeoPackage, Shapefile, KML …).
    layer
        The layer to read; needed only where a file has several.
    assumed_crs
        The CRS of a file that states none.

    Raises
    ------
    MissingError, InputError
        When the file is not there, is no vector file, has several layers, or has no CRS.
    """
    with files.readable(path):
        # A folder may be a file geodatabase; GDAL says when it is not.
        if not path.is_dir():
            path.open("rb").close()
    frame = _read_parquet(path) if path.suffix == ".parquet" else _read_gdal(path, layer)
    frame = frame.rename_geometry("geometry") if frame.geometry.name != "geometry" else frame
    if frame.crs is None:
        frame = frame.set_crs(_required_crs(path, assumed_crs))
    frame["source_file"] = path.name
    frame["source_row"] = np.arange(1, len(frame) + 1)
    return frame.set_geometry(crs.to_lonlat(frame.geometry))


def _read_parquet(path: Path) -> gpd.GeoDataFrame:
    try:
        return gpd.read_parquet(path)
    except (ArrowInvalid, ValueError) as error:
        raise InputError(
            f"{path.name}: not a GeoParquet file ({error}); write it with GeoPandas' to_parquet"
        ) from error


def _read_gdal(path: Path, layer: str | None) -> gpd.GeoDataFrame:
    try:
        layers = [str(name) for name, _ in pyogrio.list_layers(path)]
        if layer is None and len(layers) > 1:
            raise InputError(f"{path.name}: has layers {', '.join(layers)}, expected one; say which with layer=")
        frame = pyogrio.read_dataframe(path, layer=layer, datetime_as_string=True)
    except DataSourceError as error:
        raise InputError(
            f"{path.name}: not a vector file that can be read ({error}); convert it to GeoPackage"
        ) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError(f"{path.name}: has no geometry, expected polygons; export it with its outlines")
    return frame


def _required_crs(path: Path, assumed_crs: Any) -> Any:
    if assumed_crs is None:
        raise InputError(f"{path.name}: states no CRS, expected one; give crs= (EPSG:4326 for longitude and latitude)")
    return assumed_crs


def read_dated(
    paths: Sequence[Path],
    *,
    observed_on: str | Mapping[str, str] | None,
    columns: Mapping[str, str],
    layer: str | None,
    assumed_crs: Any,
) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """Return all rows of `paths` with the suite's column names and a date each, and the faults found in them.

    A date given for the files stands for all their rows; otherwise each row needs one of its own.
    """
    read = [read_vector(path, layer=layer, assumed_crs=assumed_crs) for path in paths]
    frames = [
        _with_date(_renamed(frame, columns, path.name), observed_on, path.name)
        for frame, path in zip(read, paths, strict=True)
    ]
    frame = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=4326)
    frame, faults = _with_dates(frame)
    del read, frames
    # What the reader has put aside for itself is as large as the outlines.
    engine.give_back_memory()
    return _typed(frame), faults


def _renamed(frame: gpd.GeoDataFrame, columns: Mapping[str, str], file: str) -> gpd.GeoDataFrame:
    missing = sorted(theirs for theirs in columns.values() if theirs not in frame)
    if missing:
        raise InputError(f"{file}: no column {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}")
    # A column of the suite's own name gives way to the one that the caller says is meant.
    given_way = [ours for ours, theirs in columns.items() if ours in frame and ours != theirs]
    return frame.drop(columns=given_way).rename(columns={theirs: ours for ours, theirs in columns.items()})


def _with_date(frame: gpd.GeoDataFrame, observed_on: str | Mapping[str, str] | None, file: str) -> gpd.GeoDataFrame:
    date = observed_on.get(file) if isinstance(observed_on, Mapping) else observed_on
    if date is not None:
        return frame.assign(observed_on=date)
    if frame.empty:
        raise InputError(
            f"{file}: neither a polygon nor a date, expected one of them; say with observed_on= when it was"
        )
    return frame if "observed_on" in frame else frame.assign(observed_on=pd.NA)


def _with_dates(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """Return the rows with ``observed_on`` as EDTF text and ``date_remark``, and a fault for each date that is none."""
    printed, read = frame["observed_on"], dates.read_dates(frame["observed_on"])
    known = np.array([days is not None and not days.is_open for days in dates.intervals(read["edtf"])], dtype=bool)
    in_doubt = read["remark"].str.startswith(dates.DAY_IN_DOUBT).fillna(value=False)
    blank = read["edtf"].isna() & read["remark"].isna()
    told = pd.DataFrame({"place": places(frame), "printed": printed.astype("string"), "remark": read["remark"]})
    told["remark"] = told["remark"].fillna("a date with a first and a last day")
    remedy = {False: "write it as 2017-06-10, 2017-06 or 2017", True: "write the calendar date alone"}
    faults = [
        Fault(f"{place}, column observed_on", "no date", "a calendar date", "give observed_on, or map the column")
        for place in told.loc[blank, "place"]
    ]
    faults += [
        Fault(f"{place}, column observed_on", repr(text), remark, remedy[":" in text])
        for place, text, remark in told[~blank & (~known | in_doubt)].drop_duplicates("printed").to_numpy()
    ]
    return frame.assign(observed_on=read["edtf"], date_remark=read["remark"]), faults


def _typed(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    for name in _TEXT:
        text = frame[name] if name in frame else pd.Series(pd.NA, index=frame.index)
        text = text.astype("string").str.strip()
        frame[name] = text.mask(text == "")
    for name in _NUMBERS:
        frame[name] = pd.to_numeric(frame[name]) if name in frame else np.nan
    return frame


def places(frame: pd.DataFrame) -> pd.Series:
    """Return where each row was read, as a reader would look for it: file and row."""
    return frame["source_file"].astype(str) + " row " + frame["source_row"].astype(str)
