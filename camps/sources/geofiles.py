"""Geographic files as printed tables with a geometry: GeoJSON, KML, KMZ, GeoPackage, Shapefile, GeoParquet."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as arrow
import pyogrio
import shapely
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pyarrow import parquet
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from camps import files
from camps.errors import InputError
from camps.sources.archives import MOST_UNPACKED_BYTES, member, unpacking
from camps.sources.report import Report
from camps.sources.text import MOST_CELLS, MOST_COLUMNS, MOST_ROWS, RawTable, check_size

#: Names of the columns that hold the printed position of a geographic file.
LON, LAT = "longitude as printed", "latitude as printed"
GEOMETRY = "geometry as read"
#: Text formats are parsed whole, at about ten times their size in memory.
MOST_TEXT_BYTES = 32 * 2**20
MOST_BINARY_BYTES = 256 * 2**20


_MAGIC = (b"SQLite format 3\0", b"fgb\x03", b"\x00\x00\x27\x0a")


class _Printed(float):
    """A number that remembers how it was printed."""

    text: str

    def __new__(cls, text: str) -> _Printed:
        number = super().__new__(cls, text)
        number.text = text
        return number


def read_geojson(path: Path, report: Report) -> RawTable:
    """Return the features of a GeoJSON file: properties as text, positions as printed, and the geometry.

    Raises
    ------
    MissingError, InputError
        When the file is not there, too large, or no GeoJSON feature collection in WGS 84.
    """
    check_size(path, MOST_TEXT_BYTES)
    with files.readable(path):
        content = path.read_bytes()
    try:
        document = json.loads(content.decode("utf-8-sig"), parse_float=_Printed, parse_int=_integer)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path}: no JSON in UTF-8 ({error}); fetch or export it again") from error
    features = _features(document, path)
    records = [_feature(feature, number, report) for number, feature in enumerate(features, 1)]
    return _table([record for record in records if record is not None], path)


def _integer(text: str) -> Any:
    return _Printed(text) if len(text) < 20 else text


def _features(document: Any, path: Path) -> list[Any]:
    if not isinstance(document, dict):
        raise InputError(f"{path}: no GeoJSON; expected a FeatureCollection")
    named = _crs_name(document.get("crs"))
    if not named.endswith(("CRS84", "4326")):
        raise InputError(f"{path}: CRS is {named}, expected WGS 84 (RFC 7946); export it in EPSG:4326")
    features = [document] if document.get("type") == "Feature" else document.get("features")
    if not isinstance(features, list) or not features:
        raise InputError(f"{path}: no features, expected a FeatureCollection with at least one")
    if len(features) > MOST_ROWS:
        raise InputError(f"{path}: {len(features):,} features, expected at most {MOST_ROWS:,}")
    return features


def _crs_name(stated: Any) -> str:
    if not stated:
        return "CRS84"
    try:
        return str(stated["properties"]["name"])
    except (KeyError, TypeError, IndexError):
        return str(stated)[:60]


def _feature(feature: Any, number: int, report: Report) -> dict[str, Any] | None:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    cells = {str(name): _json_text(value) for name, value in properties.items()} if isinstance(properties, dict) else {}
    shape = feature.get("geometry") if isinstance(feature, dict) else None
    if not shape:
        report.add("dropped", "a feature without a geometry", row=number, value=" | ".join(cells.values()))
        return None
    try:
        geometry = shapely.geometry.shape(shape)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, shapely.errors.ShapelyError) as error:
        raise InputError(f"feature {number}: no geometry that can be read ({error}); mend it in the file") from error
    if geometry.is_empty:
        report.add("dropped", "a feature with an empty geometry", row=number, value=" | ".join(cells.values()))
        return None
    if feature.get("id") is not None:
        cells.setdefault("id", _json_text(feature["id"]))
    position = shape.get("coordinates") if shape.get("type") == "Point" else None
    return {**cells, **_printed_position(position, geometry), GEOMETRY: geometry}


def _json_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, _Printed):
        return value.text
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _printed_position(position: Any, geometry: BaseGeometry) -> dict[str, str]:
    if position and len(position) >= 2 and all(isinstance(axis, _Printed) for axis in position[:2]):
        return {LON: position[0].text, LAT: position[1].text}
    point = point_of(geometry)
    return {LON: repr(point.x), LAT: repr(point.y)}


def point_of(geometry: BaseGeometry) -> shapely.Point:
    """Return the point that stands for a geometry: itself, its centroid, or a point inside where that lies outside."""
    if isinstance(geometry, shapely.Point):
        return geometry
    centroid = geometry.centroid
    return centroid if geometry.intersects(centroid) else geometry.representative_point()


def _table(records: list[dict[str, Any]], path: Path) -> RawTable:
    if not records:
        raise InputError(f"{path}: no feature with a geometry, expected at least one")
    frame = pd.DataFrame(records, index=pd.RangeIndex(1, len(records) + 1, name="row"), dtype=object)
    if frame.shape[1] > MOST_COLUMNS:
        raise InputError(f"{path}: {frame.shape[1]:,} columns, expected at most {MOST_COLUMNS:,}")
    printed = frame.columns.drop(GEOMETRY)
    frame[printed] = frame[printed].fillna("")
    return RawTable(frame[[*printed, GEOMETRY]])


def read_kml(path: Path, report: Report) -> RawTable:
    """Return the placemarks of a KML or KMZ file: name, description, extended data, folder, and the geometry.

    Raises
    ------
    MissingError, InputError
        When the file is not there, too large, a ZIP bomb, no KML, or defines XML entities.
    """
    check_size(path)
    content = _kmz_document(path) if _is_zip(path) else _bounded(path)
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise InputError(f"{path}: no whole KML ({error}); fetch or export it again") from error
    records = [
        _placemark(mark, folder, number, report) for number, (mark, folder) in enumerate(_placemarks(root, ""), 1)
    ]
    return _table([record for record in records if record is not None], path)


def _is_zip(path: Path) -> bool:
    with files.readable(path), path.open("rb") as stream:
        return stream.read(4) == b"PK\x03\x04"


def _kmz_document(path: Path) -> bytes:
    with unpacking(path) as archive:
        name = member(archive, ".kml", path)
        if archive.getinfo(name).file_size > MOST_TEXT_BYTES:
            raise InputError(f"{path}: {name} is larger than {MOST_TEXT_BYTES / 2**20:.0f} MB; cut it")
        return archive.read(name)


def _bounded(path: Path) -> bytes:
    check_size(path, MOST_TEXT_BYTES)
    return path.read_bytes()


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _child(element: Element, name: str) -> Element | None:
    return next((child for child in element if _local(child) == name), None)


def _said(element: Element | None) -> str:
    return "".join(element.itertext()).strip() if element is not None else ""


def _placemarks(element: Element, folder: str, depth: int = 0) -> Iterator[tuple[Element, str]]:
    if depth > 100:
        raise InputError("folders within folders more than 100 deep, expected a list of placemarks; mend the file")
    for child in element:
        if _local(child) == "Placemark":
            yield child, folder
        elif _local(child) in ("Folder", "Document"):
            yield from _placemarks(child, _said(_child(child, "name")) or folder, depth + 1)


def _placemark(mark: Element, folder: str, number: int, report: Report) -> dict[str, Any] | None:
    cells = {"name": _said(_child(mark, "name")), "description": _said(_child(mark, "description")), "folder": folder}
    cells |= _extended(mark)
    try:
        shapes, printed = _kml_shapes(mark)
    except (ValueError, shapely.errors.ShapelyError) as error:
        raise InputError(f"placemark {number} ({cells['name']}): {error}; mend it in the file") from error
    if not shapes:
        report.add("dropped", "a placemark without a point or polygon", row=number, value=cells["name"])
        return None
    geometry = shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)
    point = point_of(geometry)
    lon, lat = printed if len(shapes) == 1 and printed else (repr(point.x), repr(point.y))
    return {**cells, LON: lon, LAT: lat, GEOMETRY: geometry}


def _extended(mark: Element) -> dict[str, str]:
    data = [element for element in mark.iter() if _local(element) in ("Data", "SimpleData")]
    return {element.get("name", "data"): _said(_child(element, "value")) or _said(element) for element in data}


def _kml_shapes(mark: Element) -> tuple[list[BaseGeometry], tuple[str, str] | None]:
    shapes: list[BaseGeometry] = []
    printed = None
    for element in mark.iter():
        if _local(element) == "Point":
            printed = _positions(element)[0]
            shapes.append(shapely.Point(float(printed[0]), float(printed[1])))
        elif _local(element) == "Polygon":
            shapes.append(_kml_polygon(element))
    return shapes, printed


def _kml_polygon(element: Element) -> BaseGeometry:
    rings: dict[str, list[list[tuple[float, float]]]] = {"outerBoundaryIs": [], "innerBoundaryIs": []}
    for boundary in element:
        if _local(boundary) in rings:
            rings[_local(boundary)].append([(float(x), float(y)) for x, y in _positions(boundary)])
    if not rings["outerBoundaryIs"]:
        raise ValueError("a polygon without an outer boundary")
    return shapely.Polygon(rings["outerBoundaryIs"][0], rings["innerBoundaryIs"])


def _positions(element: Element) -> list[tuple[str, str]]:
    text = next((_said(child) for child in element.iter() if _local(child) == "coordinates"), "")
    pairs = [triple.split(",") for triple in text.split()]
    if not pairs or any(len(pair) < 2 for pair in pairs):
        raise ValueError(f"coordinates {text[:60]!r}, expected longitude,latitude pairs")
    return [(pair[0], pair[1]) for pair in pairs]


def read_geofile(
    path: Path, report: Report, *, layer: str | None = None, crs: str | None = None, encoding: str | None = None
) -> RawTable:
    """Return a GeoPackage, Shapefile (plain or zipped), FlatGeobuf or (Geo)Parquet file as text and geometry.

    Parameters
    ----------
    path
        The file.
    report
        Takes a remark where positions are reprojected or a CRS is taken on trust.
    layer
        Layer to read; the first when left out.
    crs
        CRS of a file that states none, such as ``EPSG:32645``.
    encoding
        Encoding of a Shapefile's attributes where its .cpg is missing or wrong.

    Returns
    -------
    RawTable
        Attributes as text, positions as stored (``repr`` of the float, in the file's own CRS), geometry in EPSG:4326.

    Raises
    ------
    MissingError, InputError
        When the file is not there, cannot be read, is too large, or its CRS is unknown.
    """
    check_size(path)
    frame = (
        _parquet(path) if path.suffix.casefold() in (".parquet", ".geoparquet") else _ogr(path, layer, encoding, report)
    )
    if len(frame) == 0:
        raise InputError(f"{path}: no rows, expected at least one")
    if not isinstance(frame, gpd.GeoDataFrame):
        return RawTable(_plain(frame))
    return _positioned(frame, path, crs, report)


def _parquet(path: Path) -> pd.DataFrame:
    try:
        meta = parquet.ParquetFile(path).metadata
        size = sum(meta.row_group(group).total_byte_size for group in range(meta.num_row_groups))
        if meta.num_rows * meta.num_columns > MOST_CELLS or size > MOST_UNPACKED_BYTES:
            raise InputError(f"{path}: {meta.num_rows:,} rows, {size / 2**20:,.0f} MB unpacked; too large for a list")
        if b"geo" in (parquet.read_schema(path).metadata or {}):
            located: pd.DataFrame = gpd.read_parquet(path)
            return located
        return pd.read_parquet(path)
    except (arrow.ArrowException, OSError, KeyError, CRSError, shapely.errors.ShapelyError) as error:
        raise InputError(f"{path}: no whole Parquet file ({error}); write it again") from error


def _ogr(path: Path, layer: str | None, encoding: str | None, report: Report) -> pd.DataFrame:
    where = _place_of(path)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        frame = _layer(path, where, layer, encoding, report)
    for warning in said:
        report.add("noted", str(warning.message)[:300])
    return frame


def _place_of(path: Path) -> str:
    """Return the name GDAL reads a file by, once its first bytes are those of its format.

    GDAL goes by content: a text that names other files, or addresses on the web, would be followed.
    """
    with files.readable(path), path.open("rb") as stream:
        head = stream.read(16)
    where = path.absolute().as_posix()
    if head.startswith(b"PK\x03\x04"):
        with unpacking(path) as archive:
            inner = member(archive, ".shp", path)
            with archive.open(inner) as stream:
                head = stream.read(16)
            where = f"/vsizip/{where}/{inner}"
    if not head.startswith(_MAGIC):
        raise InputError(f"{path}: its first bytes are of no GeoPackage, Shapefile or FlatGeobuf; is the suffix right?")
    return where


def _layer(path: Path, where: str, layer: str | None, encoding: str | None, report: Report) -> pd.DataFrame:
    try:
        names = [str(name) for name, _ in pyogrio.list_layers(where)]
        if layer is None and len(names) > 1:
            report.add("noted", f"layer {names[0]} read; left aside: {', '.join(names[1:])}")
        info = pyogrio.read_info(where, layer=layer or names[0], force_feature_count=True)
        if info["features"] * (len(info["fields"]) + 1) > MOST_CELLS:
            raise InputError(f"{path}: {info['features']:,} features, too many for a list of sites; cut it")
        frame: pd.DataFrame = pyogrio.read_dataframe(
            where, layer=layer or names[0], encoding=encoding, on_invalid="raise"
        )
        return frame
    except InputError:
        raise
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, shapely.errors.ShapelyError,
            UnicodeDecodeError, ValueError, IndexError, RuntimeError) as error:  # fmt: skip
        raise InputError(f"{path}: cannot be read ({error}); check the file and its layer") from error


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    text = frame.map(_cell_text)
    text.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return text


def _cell_text(value: Any) -> str:
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat() if value == value.normalize() else value.isoformat(sep=" ")
    return str(value)


def _positioned(frame: gpd.GeoDataFrame, path: Path, crs: str | None, report: Report) -> RawTable:
    located = _with_crs(frame, path, crs, report)
    text = _plain(located.drop(columns=located.geometry.name))
    shapes = located.geometry.reset_index(drop=True)
    bare = np.flatnonzero(shapes.isna() | shapes.is_empty)
    for position in bare:
        report.add("dropped", "a row without a geometry", row=int(position) + 1)
    kept = shapes.drop(bare)
    if kept.empty:
        raise InputError(f"{path}: no row with a geometry, expected at least one")
    points = [point_of(shape) for shape in kept]
    text = text.iloc[kept.index].assign(**{LON: [repr(p.x) for p in points], LAT: [repr(p.y) for p in points]})
    text[GEOMETRY] = kept.to_crs(4326).to_numpy()
    return RawTable(text)


def _with_crs(frame: gpd.GeoDataFrame, path: Path, crs: str | None, report: Report) -> gpd.GeoDataFrame:
    if frame.crs is None and crs is None:
        west, south, east, north = frame.total_bounds
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            raise InputError(f"{path}: states no CRS and its positions are no degrees; say --crs EPSG:…")
        report.add("noted", "states no CRS; all positions are possible degrees, taken as EPSG:4326")
        return frame.set_crs(4326)
    located = _declared(frame, path, crs) if frame.crs is None else frame
    if located.crs.to_epsg() != 4326:
        report.add(
            "mended", f"positions reprojected from {located.crs.to_string()[:60]} to EPSG:4326; printed ones kept"
        )
    return located


def _declared(frame: gpd.GeoDataFrame, path: Path, crs: str | None) -> gpd.GeoDataFrame:
    try:
        return frame.set_crs(crs)
    except CRSError as error:
        raise InputError(f"{path}: crs {crs!r} is no CRS that is known; expected such as EPSG:32645") from error
