"""Choosing sites and writing them out: GeoJSON, GeoPackage, CSV, GeoParquet, KML; the same sites, the same bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from camps import files, record, tables
from camps.dates import intervals, parse
from camps.errors import InputError

SiteFormat = Literal["geojson", "gpkg", "csv", "parquet", "kml"]
Box = tuple[float, float, float, float]
#: GeoPackages carry the time of their last change; a fixed one keeps the bytes the same.
_FIXED_TIME = "2000-01-01T00:00:00.000Z"
_LAYER = "sites"


def select(
    sites: gpd.GeoDataFrame,
    *,
    system: Iterable[str] = (),
    country: Iterable[str] = (),
    tier: Iterable[int] = (),
    source: Iterable[str] = (),
    date: str | None = None,
    box: Box | None = None,
) -> gpd.GeoDataFrame:
    """Return the sites that meet every filter given.

    Parameters
    ----------
    sites
        ``site`` table.
    system, country, source
        Names to keep, in any case; all when left out.
    tier
        Tiers to keep.
    date
        EDTF date: sites that are known to have opened later, or closed earlier, are left out. A site whose dates are
        unknown stays.
    box
        West, south, east, north in degrees; west > east across the antimeridian.

    Raises
    ------
    InputError
        When a name is not among the sites' own, the date is none, or the box has its corners mixed up.
    """
    kept = pd.Series(data=True, index=sites.index)
    for column, wanted in (("system", system), ("country", country), ("source_id", source)):
        kept &= _named(sites, column, list(wanted))
    tiers = list(tier)
    kept &= sites["tier"].isin(tiers) if tiers else True
    kept &= _open_at(sites, date) if date else True
    kept &= _inside(sites, box) if box else True
    return sites[kept]


def _named(sites: gpd.GeoDataFrame, column: str, wanted: list[str]) -> pd.Series:
    if not wanted:
        return pd.Series(data=True, index=sites.index)
    known = {str(name).casefold(): name for name in sites[column].dropna().unique()}
    absent = [name for name in wanted if name.casefold() not in known]
    if absent:
        names = ", ".join(sorted(map(str, known.values())))
        helps = f"expected one of {names}" if names else "nor any other; leave it out"
        raise InputError(f"{column} {', '.join(absent)}: no site has it; {helps}")
    return pd.Series(sites[column].isin([known[name.casefold()] for name in wanted]))


def _open_at(sites: gpd.GeoDataFrame, date: str) -> pd.Series:
    try:
        when = parse(date)
    except InputError as error:
        raise InputError(f"date {error}") from error
    not_yet = [days is not None and when.before(days) for days in intervals(sites["opened"])]
    no_more = [days is not None and days.before(when) for days in intervals(sites["closed"])]
    return pd.Series(~(np.array(not_yet) | np.array(no_more)), index=sites.index)


def _inside(sites: gpd.GeoDataFrame, box: Box) -> pd.Series:
    west, south, east, north = box
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise InputError(f"box {west:g},{south:g},{east:g},{north:g}: expected west,south,east,north in degrees")
    lon, lat = sites["lon"], sites["lat"]
    across = (lon >= west) | (lon <= east) if west > east else (lon >= west) & (lon <= east)
    return pd.Series(across & (lat >= south) & (lat <= north))


def write_sites(sites: gpd.GeoDataFrame, path: Path, *, format: SiteFormat | None = None) -> Path:
    """Write sites to a file, whole or not at all, and return the path.

    Parameters
    ----------
    sites
        ``site`` table.
    path
        Where to; its suffix gives the format unless that is named.
    format
        geojson, gpkg, csv, parquet or kml.

    Raises
    ------
    InputError
        When the format is none of these, the table is not sound, or the disk refuses.
    """
    return files.write_bytes(path, render_sites(sites, format or _format_of(path)))


def _format_of(path: Path) -> SiteFormat:
    suffix = path.suffix.removeprefix(".").casefold()
    found: SiteFormat | None = next((name for name in get_args(SiteFormat) if name == suffix), None)
    if found is None:
        raise InputError(
            f"{path.name}: sites are written as {', '.join(get_args(SiteFormat))}, not {suffix or 'nothing'}"
        )
    return found


def render_sites(sites: gpd.GeoDataFrame, format: SiteFormat) -> bytes:
    """Return sites as the bytes of a file in one of the formats; EPSG:4326, longitude first.

    CSV has lon and lat in place of the geometry; KML shows the name and carries all columns as extended data.

    Raises
    ------
    InputError
        When there is no such format, or the table is not sound.
    """
    if format not in get_args(SiteFormat):
        raise InputError(f"format {format!r}: expected one of {', '.join(get_args(SiteFormat))}")
    checked = tables.check(sites, "site", source="sites")
    if format == "csv":
        return record.csv_text(checked.drop(columns="geometry")).encode("utf-8")
    if format == "geojson":
        return bytes(checked.to_json(na="null", drop_id=True, ensure_ascii=False) + "\n", "utf-8")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / f"sites.{format}"
        if format == "parquet":
            tables.write(checked, place, "site")
        else:
            _write_ogr(checked, place, format)
        return place.read_bytes()


def _write_ogr(sites: gpd.GeoDataFrame, path: Path, format: str) -> None:
    texts = {name: _plain(sites[name]) for name in sites.columns if _is_text(sites, name)}
    plain = sites.assign(**texts)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _FIXED_TIME})
    try:
        if format == "kml":
            pyogrio.write_dataframe(plain, path, driver="KML", layer=_LAYER, dataset_options={"NameField": "name_en"})
        else:
            pyogrio.write_dataframe(plain, path, driver="GPKG", layer=_LAYER)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _is_text(sites: gpd.GeoDataFrame, name: str) -> bool:
    return name != sites.geometry.name and not pd.api.types.is_numeric_dtype(sites[name])


def _plain(column: pd.Series) -> list[str | None]:
    """Return text without the characters that XML cannot hold, null where there is none."""
    return [files.xml_text(str(text)) if pd.notna(text) else None for text in column]
