"""Vector files as GDAL and Arrow read them, for lists and for footprints: GeoPackage, Shapefile, Parquet and others.

A file is opened by the driver of its first bytes and by no other: GDAL goes by content, and a text that names other
files, or addresses on the web, would be followed. Columns come through Arrow, where a whole number beside a blank
stays one.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree.ElementTree import ParseError

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as arrow
import pyogrio
import shapely
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from pyarrow import compute, parquet
from pyproj import CRS
from pyproj.exceptions import CRSError

from camps import files
from camps.crs import to_degrees
from camps.errors import InputError
from camps.sources.archives import (
    ALL,
    MOST_UNPACKED_BYTES,
    account_layers,
    account_members,
    choose,
    names_of,
    read_member,
    unpacking,
)
from camps.sources.encodings import DBF_NAME, decodes, likely_encodings, stated_encoding
from camps.sources.geojson import check_crs
from camps.sources.kml import is_zip
from camps.sources.numbers import Typed
from camps.sources.report import Report
from camps.sources.shapes import place_table, take_shapes
from camps.sources.text import MOST_CELLS, RawTable, check_size, unique_names

MOST_XML_BYTES = 32 * 2**20
PARQUET = (".parquet", ".geoparquet")
_SHAPEFILE = (".shp", ".dbf", ".shx", ".prj", ".cpg")
#: Files that belong to a Shapefile and say nothing that is read here.
_BESIDE = (".sbn", ".sbx", ".qix", ".qpj", ".qmd", ".fbn", ".fbx", ".ain", ".aih", ".atx", ".xml", ".idm", ".ind")
_DRIVERS = {b"SQLite format 3\0": "GPKG", b"fgb\x03": "FlatGeobuf", b"\x00\x00\x27\x0a": "ESRI Shapefile"}
_WHOLE = {arrow.int8(): pd.Int8Dtype(), arrow.int16(): pd.Int16Dtype(), arrow.int32(): pd.Int32Dtype(),
          arrow.int64(): pd.Int64Dtype(), arrow.uint8(): pd.UInt8Dtype(), arrow.uint16(): pd.UInt16Dtype(),
          arrow.uint32(): pd.UInt32Dtype(), arrow.uint64(): pd.UInt64Dtype(),
          arrow.bool_(): pd.BooleanDtype()}  # fmt: skip
# A GML of a WFS names the address of its schema, which GDAL would ask for.
pyogrio.set_gdal_config_options({"GML_DOWNLOAD_SCHEMA": "NO"})
#: Beyond it a float no longer tells whole numbers apart.
_MOST_WHOLE = 2.0**53
_MIDNIGHT = re.compile(r"(\d{4}-\d\d-\d\d)T00:00:00(?:\.0+)?(?:Z|\+00:00)?")


@dataclass(frozen=True)
class Drawn:
    """A vector file as read: its columns, and a geometry a row where it has any.

    :func:`read_drawn` reads it.

    Attributes
    ----------
    columns
        Attributes, whole numbers and truth values nullable; the index counts rows from 1.
    shapes
        Geometries as stored, ``None`` where a row has none; ``None`` for a file without.
    crs
        The CRS that the file states.
    """

    columns: pd.DataFrame
    shapes: Any | None
    crs: CRS | None


@dataclass(frozen=True)
class _Layer:
    """One layer, and how GDAL finds it."""

    label: str
    where: str
    name: str
    n_features: int
    drawn: bool

    @property
    def told(self) -> str:
        return f"{self.n_features:,} features{'' if self.drawn else ' without geometry'}"


def read_geofile(
    path: Path, report: Report, *, layer: str | None = None, crs: str | None = None, encoding: str | None = None
) -> RawTable:
    """Return a GeoPackage, Shapefile (plain or zipped), FlatGeobuf, GML, GPX or (Geo)Parquet file as text and geometry.

    Parameters
    ----------
    path, report
        As for :func:`camps.sources.kml.read_kml`; the account is of layers as well.
    layer
        Layer or member to read, ``*`` for all; needed where several hold features.
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
    drawn = read_drawn(path, report, layer=layer, encoding=encoding)
    if len(drawn.columns) == 0:
        raise InputError(f"{path}: no rows, expected at least one")
    text = plain(drawn.columns)
    if drawn.shapes is None:
        report.use("feature", len(text))
        return RawTable(text.rename_axis("row"))
    return place_table(text, drawn.shapes, path, report, stated_crs=_stated_crs(drawn, path, crs, report))


def read_drawn(
    path: Path, report: Report, *, layer: str | None = None, encoding: str | None = None, most_cells: int = MOST_CELLS
) -> Drawn:
    """Return the features of a vector file as stored, everything in it counted as taken.

    Parameters
    ----------
    path
        GeoParquet by its suffix; GeoPackage, Shapefile (plain or zipped), FlatGeobuf, GeoJSON, GML or GPX by its first
        bytes; a file geodatabase, which is a folder, by its name.
    report
        Takes the remarks and the account of members, layers, features, parts, rings and vertices.
    layer, encoding
        As for :func:`read_geofile`.
    most_cells
        No more cells than these are read.

    Raises
    ------
    MissingError, InputError
        When the file is not there, cannot be read, is too large, or holds several layers.
    """
    if path.suffix.casefold() in PARQUET:
        return _parquet(path, report, most_cells)
    try:
        with _opened(path, layer, report) as layers:
            pieces = [_read_layer(one, path, encoding, report, most_cells) for one in layers]
        drawn = _under_one_another(pieces, [one.label for one in layers])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, shapely.errors.ShapelyError,
            arrow.ArrowException, ValueError, IndexError, RuntimeError, OSError,
            UnboundLocalError) as error:  # fmt: skip
        # The last is what pyogrio makes of a CRS that is not in UTF-8.
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: cannot be read ({error}); check the file and its layer") from error
    report.take("feature", sum(one.n_features for one in layers))
    if drawn.shapes is not None:
        take_shapes(report, drawn.shapes)
    return drawn


# ── which file, which member, which layer ────────────────────────────────────────────────────────────────────────


@contextmanager
def _opened(path: Path, layer: str | None, report: Report) -> Iterator[list[_Layer]]:
    """Yield the layers that are read, where GDAL finds nothing but the file itself."""
    with tempfile.TemporaryDirectory(prefix="camps-") as made:
        if not path.is_dir() and is_zip(path):
            found = _unpacked(path, layer, Path(made), report)
            yield [one for label, shp in found for one in _layers("ESRI Shapefile", shp, label)]
            return
        driver = _driver(path)
        where = path.absolute()
        if driver in ("GML", "GPX"):
            # GDAL reads and writes files of like names beside an XML.
            where = Path(made) / f"layer.{driver.casefold()}"
            shutil.copyfile(path, where)
        if driver == "GPKG":
            _check_tables(path)
        if driver == "GeoJSON":
            check_crs(path)
        layers = _layers(driver, where, "")
        if not layers:
            raise InputError(f"{path}: no layer of it can be read; save the file again")
        yield _chosen(layers, layer, path, report)


def _driver(path: Path) -> str:
    if path.is_dir():
        if path.suffix.casefold() == ".gdb":
            return "OpenFileGDB"
        raise InputError(f"{path}: is a folder, expected a file; name the file inside it")
    with files.readable(path), path.open("rb") as stream:
        head = stream.read(4096)
    for magic, driver in _DRIVERS.items():
        if head.startswith(magic):
            return driver
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return "GeoJSON"
    # Some drivers go by a word anywhere in the head, and follow what stands under it.
    root = _root_name(path) if text.startswith(b"<") and not re.search(rb"<(OGR|VRT|GDAL)", head) else ""
    if root == "gpx" or (root.endswith("Collection") and not root.startswith("OGR")):
        return "GPX" if root == "gpx" else "GML"
    raise InputError(
        f"{path}: its first bytes are of no GeoPackage, Shapefile, FlatGeobuf, GeoJSON, GML or GPX; is the suffix "
        "right? convert other formats to GeoPackage"
    )


def _root_name(path: Path) -> str:
    """Return the name of the root of an XML that is whole and defines no entities."""
    check_size(path, MOST_XML_BYTES)
    name = ""
    try:
        for _, element in iterparse(str(path), events=("start",), forbid_dtd=True):
            name = name or str(element.tag).rpartition("}")[2]
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise InputError(f"{path}: no whole XML ({error}); fetch or export it again") from error
    return name


def _unpacked(path: Path, layer: str | None, folder: Path, report: Report) -> list[tuple[str, Path]]:
    """Return the name and the place of each Shapefile of an archive that is read, alone in a folder of its own."""
    with unpacking(path) as archive:
        names = names_of(archive)
        shapefiles = [name for name in names if name.casefold().endswith(".shp")]
        if not shapefiles:
            held = ", ".join(names[:5]) or "nothing"
            raise InputError(f"{path}: holds no .shp file, only {held}; take a file of another kind out of the archive")
        chosen = choose(shapefiles, layer, path, what="member")
        belonging = {shp: _belonging(shp, names) for shp in shapefiles}
        account_members(report, names, chosen, [name for held in belonging.values() for name in held])
        found = []
        for number, shp in enumerate(chosen):
            (folder / str(number)).mkdir()
            for name in (shp, *belonging[shp]):
                suffix = PurePosixPath(name).suffix.casefold()
                if suffix in _SHAPEFILE:
                    place = folder / str(number) / f"{PurePosixPath(shp).stem}{suffix}"
                    content = read_member(archive, name, path)
                    place.write_bytes(_in_utf8(content) if suffix == ".prj" else content)
            found.append((shp, folder / str(number) / f"{PurePosixPath(shp).stem}.shp"))
            if _driver(found[-1][1]) != "ESRI Shapefile":
                raise InputError(f"{path}: {shp}: its first bytes are of no Shapefile; is the suffix right?")
        return found


def _in_utf8(content: bytes) -> bytes:
    """Return a CRS in UTF-8, the only encoding that is read; its own may be any, and only names are beyond ASCII."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1").encode("utf-8")
    return content


def _belonging(shp: str, names: Sequence[str]) -> list[str]:
    """Return the files of an archive that belong to a Shapefile."""
    stem = shp[: -len(".shp")].casefold()
    plain = {name.casefold(): name for name in names}
    suffixes = (*_SHAPEFILE[1:], *_BESIDE, ".shp.xml", ".shp.iso.xml")
    return [plain[f"{stem}{suffix}"] for suffix in suffixes if f"{stem}{suffix}" in plain]


def _layers(driver: str, where: Path, label: str) -> list[_Layer]:
    prefix = f"{driver}:" if driver in ("GPKG", "GeoJSON") else ""
    place = f"{prefix}{where.as_posix()}"
    if driver == "ESRI Shapefile" and not any(where.with_suffix(suffix).exists() for suffix in (".shx", ".SHX")):
        raise InputError(f"{label or where}: its .shx is not beside it, expected the files of a Shapefile together")
    found = []
    for name, kind in pyogrio.list_layers(place):
        info = pyogrio.read_info(place, layer=str(name), force_feature_count=True, **_encoded(driver))
        found.append(_Layer(label or str(name), place, str(name), int(info["features"]), kind is not None))
    return found


def _encoded(driver: str) -> dict[str, str]:
    # Bytes come through this code page one by one, to be read in their own afterwards.
    return {"encoding": "ISO-8859-1"} if driver == "ESRI Shapefile" else {}


def _chosen(layers: list[_Layer], wanted: str | None, path: Path, report: Report) -> list[_Layer]:
    """Return the layers that are read: of those that hold features with a geometry the only one, or as asked."""
    drawn = [one for one in layers if one.drawn and one.n_features]
    worth = layers if wanted else drawn or [one for one in layers if one.n_features] or layers[:1]
    if wanted == ALL and drawn:
        worth = drawn
    labels = choose([one.label for one in worth], wanted, path, what="layer", told=[one.told for one in worth])
    account_layers(report, [one.label for one in layers], labels, [one.told for one in layers])
    return [one for one in layers if one.label in labels]


def _check_tables(path: Path) -> None:
    """Refuse a GeoPackage whose layers are computed as they are read: a view may have no end."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            tables = [row[0] for row in database.execute("SELECT table_name FROM gpkg_contents")]
            kinds = dict(
                database.execute("SELECT lower(name), type FROM sqlite_master WHERE type IN ('table', 'view')")
            )
            for table in tables:
                quoted = str(table).replace('"', '""')
                computed = kinds.get(str(table).casefold()) == "view" or any(
                    hidden for *_, hidden in database.execute(f'PRAGMA table_xinfo("{quoted}")')
                )
                if computed:
                    raise InputError(
                        f"{path}: layer {table} is a view or has computed columns, expected a table; "
                        "export it to a GeoPackage of its own"
                    )
    except sqlite3.Error as error:
        raise InputError(f"{path}: cannot be read ({error}); expected a GeoPackage, save it again") from error


# ── what is in a layer ───────────────────────────────────────────────────────────────────────────────────────────


def _read_layer(layer: _Layer, path: Path, encoding: str | None, report: Report, most_cells: int) -> Drawn:
    is_shapefile = layer.where.casefold().endswith(".shp")
    how: dict[str, Any] = _encoded("ESRI Shapefile") if is_shapefile else {}
    info = pyogrio.read_info(layer.where, layer=layer.name, **how)
    if layer.n_features * (len(info["fields"]) + 1) > most_cells:
        raise InputError(f"{path}: {layer.n_features:,} features, too many for a list of sites; cut it")
    if layer.where.startswith("GeoJSON:"):
        how |= {"DATE_AS_STRING": "YES"}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        meta, table = pyogrio.read_arrow(layer.where, layer=layer.name, datetime_as_string=True, **how)
    for warning in said:
        report.add("noted", str(warning.message)[:300])
    # GDAL hands on what a file says of its sizes; what Arrow has not checked may end the process.
    table.validate(full=True)
    if len(table) != layer.n_features:
        raise InputError(f"{path}: {len(table):,} of {layer.n_features:,} features can be read; save the file again")
    if len(set(table.column_names)) < len(table.column_names):
        table = table.rename_columns(_told_apart(table.column_names, report))
    columns = _columns(table)
    if is_shapefile:
        columns = _reencoded(columns, Path(layer.where), path, encoding, report)
    elif encoding:
        report.add("noted", f"the encoding told, {encoding}, is not needed: text in this format is UTF-8")
    shapes = _geometries(table) if layer.drawn else None
    return Drawn(columns, shapes, CRS.from_user_input(meta["crs"]) if meta["crs"] else None)


def _geometry_name(table: arrow.Table) -> str:
    """Return the column that holds the geometry, which is not told by its name: an attribute may have the same."""
    kinds = {field.name: (field.metadata or {}).get(b"ARROW:extension:name", b"") for field in table.schema}
    return next((name for name, kind in kinds.items() if kind.endswith(b".wkb")), "")


def _geometries(table: arrow.Table) -> Any:
    name = _geometry_name(table)
    stored = table.column(name).to_pylist() if name else [None] * len(table)
    # Rings that are not closed are closed; coordinates that are no numbers are refused where places are made of them.
    with np.errstate(invalid="ignore"):
        return shapely.from_wkb(np.array(stored, dtype=object), on_invalid="fix")


def _told_apart(names: list[str], report: Report) -> list[str]:
    # A blank name at the end would be left out.
    return unique_names([*names, "-"], report)[:-1]


def _columns(table: arrow.Table) -> pd.DataFrame:
    drawn = _geometry_name(table)
    names = [name for name in table.column_names if name != drawn]
    held = {name: _column(table.column(name)) for name in names}
    return pd.DataFrame(held, index=pd.RangeIndex(1, len(table) + 1), columns=names)


def _column(values: arrow.ChunkedArray) -> Any:
    if isinstance(values.type, arrow.BaseExtensionType):
        values = arrow.chunked_array([chunk.storage for chunk in values.chunks], type=values.type.storage_type)
    return values.to_pandas(types_mapper=_WHOLE.get).array


def _under_one_another(pieces: list[Drawn], labels: list[str]) -> Drawn:
    if len(pieces) == 1:
        return pieces[0]
    crs = pieces[0].crs
    shapes = [np.asarray(_in_crs(one, crs)) for one in pieces]
    columns = pd.concat([one.columns.assign(layer=label) for one, label in zip(pieces, labels, strict=True)])
    return Drawn(columns.set_axis(pd.RangeIndex(1, len(columns) + 1), axis=0), np.concatenate(shapes), crs)


def _in_crs(drawn: Drawn, crs: CRS | None) -> Any:
    if drawn.crs == crs or drawn.crs is None or crs is None:
        return drawn.shapes
    to_degrees(drawn.crs, "a layer")
    return gpd.GeoSeries(drawn.shapes, crs=drawn.crs).to_crs(crs).array


def _reencoded(columns: pd.DataFrame, shp: Path, path: Path, told: str | None, report: Report) -> pd.DataFrame:
    """Return the columns of a Shapefile, and their names, in the encoding that makes words of them."""
    texts = [name for name in columns if columns[name].dtype == object or pd.api.types.is_string_dtype(columns[name])]
    raw = {
        name: [cell.encode("latin-1") if isinstance(cell, str) else None for cell in columns[name]] for name in texts
    }
    names = {name: str(name).encode("latin-1") for name in columns}
    cells = [cell for column in raw.values() for cell in column if cell] + list(names.values())
    used = told or _found_encoding(cells, shp, path, report)
    _check_encoding(cells, used, path)
    for name, column in raw.items():
        columns[name] = [None if cell is None else cell.decode(used, "ignore") for cell in column]
    cut = [name for name, held in names.items() if len(held) == DBF_NAME]
    if cut:
        listed = ", ".join(names[name].decode(used, "ignore") for name in cut)
        report.add("noted", f"names of {DBF_NAME} bytes, where a DBF cuts longer ones off: {listed}")
    decoded = [held.decode(used, "ignore") for held in names.values()]
    return columns.set_axis(decoded if len(set(decoded)) == len(decoded) else _told_apart(decoded, report), axis=1)


def _found_encoding(cells: list[bytes], shp: Path, path: Path, report: Report) -> str:
    beside = {one.suffix.casefold(): one for one in shp.parent.glob(f"{shp.stem}.*")}
    cpg = beside[".cpg"].read_text("latin-1") if ".cpg" in beside else ""
    driver = beside[".dbf"].read_bytes()[29:30] if ".dbf" in beside else b""
    stated = stated_encoding(cpg, driver[0] if driver else 0)
    likely = likely_encodings(cells, stated)
    if len(likely) == 1:
        if likely[0] != stated and not all(cell.isascii() for cell in cells):
            says = f"says {stated}, which makes no words" if stated else "states no encoding"
            report.add("noted", f"{says}; read as {likely[0]}, the only one that makes words of all cells")
        return likely[0]
    sample = next(cell for cell in cells if not cell.isascii())
    tried = "; ".join(
        f"{name} makes {sample.decode(name, 'replace')[:30]!r}" for name in likely or ["cp1252", "gb18030"]
    )
    raise InputError(
        f"{path}: the encoding of its text is not sure, expected a .cpg that says it: {tried}; "
        "say which with --encoding"
    )


def _check_encoding(cells: list[bytes], used: str, path: Path) -> None:
    try:
        wrong = next((cell for cell in cells if not decodes(cell, used)), None)
    except LookupError as error:
        raise InputError(f"{path}: no encoding is called {used!r}; for example utf-8, cp1252, gb18030") from error
    if wrong is not None:
        raise InputError(f"{path}: text {wrong[:40]!r} is not {used}; say another with --encoding")


# ── Parquet ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _parquet(path: Path, report: Report, most_cells: int) -> Drawn:
    with files.readable(path):
        path.open("rb").close()
    try:
        _check_parquet(path, most_cells)
        how = {"types_mapper": _WHOLE.get}
        if b"geo" in (parquet.read_schema(path).metadata or {}):
            frame: pd.DataFrame = gpd.read_parquet(path, to_pandas_kwargs=how)
        else:
            frame = parquet.read_table(path).to_pandas(**how)
    except (arrow.ArrowException, OSError, LookupError, ValueError, TypeError, AttributeError, CRSError,
            shapely.errors.ShapelyError) as error:  # fmt: skip
        # What the file says of its geometries is taken on trust by those who read it, a float for an object too.
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: no whole Parquet file ({error}); write it again") from error
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    frame = frame.set_axis(pd.RangeIndex(1, len(frame) + 1), axis=0)
    report.take("feature", len(frame))
    if not isinstance(frame, gpd.GeoDataFrame):
        return Drawn(frame, None, None)
    shapes = np.asarray(frame.geometry.array)
    take_shapes(report, shapes)
    others = [name for name in frame if isinstance(frame[name], gpd.GeoSeries) and name != frame.geometry.name]
    if others:
        report.take("element", len(others))
        reason = f"further geometries {', '.join(others)}; {frame.geometry.name} is the one that is read"
        report.add("noted", reason, piece="element", pieces=len(others))
    return Drawn(pd.DataFrame(frame.drop(columns=[frame.geometry.name, *others])), shapes, frame.crs)


def _check_parquet(path: Path, most_cells: int) -> None:
    """Refuse a file that unpacks beyond the limits; what repeats is stored once and would be spelled out."""
    held = parquet.ParquetFile(path)
    groups = [held.metadata.row_group(group) for group in range(held.metadata.num_row_groups)]
    values = sum(group.column(leaf).num_values for group in groups for leaf in range(group.num_columns))
    size = sum(group.total_byte_size for group in groups)
    most_bytes = MOST_UNPACKED_BYTES * max(1, most_cells // MOST_CELLS)
    if held.metadata.num_rows * held.metadata.num_columns > most_cells or values > most_cells * 4 or size > most_bytes:
        raise InputError(
            f"{path}: {held.metadata.num_rows:,} rows, {size / 2**20:,.0f} MB unpacked; too large for a list"
        )
    for name, spelled in _spelled(path, held):
        if spelled > most_bytes:
            raise InputError(
                f"{path}: column {name} unpacks to {spelled / 2**20:,.0f} MB, expected at most "
                f"{most_bytes / 2**20:,.0f} MB; too large for a list"
            )


def _spelled(path: Path, held: parquet.ParquetFile) -> Iterator[tuple[str, int]]:
    """Yield how many bytes each column of text holds once what repeats is spelled out; nothing is, to find it."""
    for leaf in (held.schema.column(number) for number in range(len(held.schema))):
        if leaf.physical_type == "FIXED_LEN_BYTE_ARRAY":
            yield leaf.path, held.metadata.num_rows * leaf.length
        elif leaf.physical_type == "BYTE_ARRAY":
            once = parquet.ParquetFile(path, read_dictionary=[leaf.path])
            groups = (once.read_row_group(group, columns=[leaf.path]) for group in range(once.metadata.num_row_groups))
            yield (
                leaf.path,
                sum(_spelled_bytes(_innermost(chunk)) for group in groups for chunk in group.column(0).chunks),
            )


def _innermost(chunk: Any) -> Any:
    """Return what the lists, maps and structures around one column hold."""
    while arrow.types.is_nested(chunk.type):
        chunk = chunk.field(0) if arrow.types.is_struct(chunk.type) else chunk.flatten()
    return chunk


def _spelled_bytes(chunk: Any) -> int:
    if isinstance(chunk, arrow.ExtensionArray):
        chunk = chunk.storage
    if not isinstance(chunk, arrow.DictionaryArray):
        return int(chunk.nbytes)
    lengths = compute.binary_length(chunk.dictionary)
    return int(compute.sum(compute.take(lengths, chunk.indices)).as_py() or 0)


# ── as text, and in degrees ──────────────────────────────────────────────────────────────────────────────────────


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return columns as text: whole numbers without a point, dates as days where they are at midnight, blanks empty."""
    return pd.DataFrame({name: _as_text(frame[name]) for name in frame}, index=frame.index, dtype=object)


def _as_text(column: pd.Series) -> list[str]:
    if pd.api.types.is_float_dtype(column.dtype):
        known = column.dropna()
        # A column of whole numbers that the file stores as fractions, as most programs do when one is blank.
        whole = bool(((known % 1 == 0) & (known.abs() < _MOST_WHOLE)).all())
        return ["" if pd.isna(value) else str(int(value)) if whole else Typed(value) for value in column.to_numpy()]
    return [_cell_text(value) for value in column]


def _cell_text(value: Any) -> str:
    if isinstance(value, (list, tuple, dict, np.ndarray)):
        return json.dumps(value, ensure_ascii=False, default=_as_json)
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).casefold()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        # A number of the file, whose dot is its decimal mark however many digits follow.
        return Typed(f"{value:f}")
    text = value.isoformat() if isinstance(value, pd.Timestamp) else str(value)
    return _MIDNIGHT.sub(r"\1", text) if _MIDNIGHT.fullmatch(text) else text


def _as_json(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)


def _stated_crs(drawn: Drawn, path: Path, told: str | None, report: Report) -> CRS:
    if drawn.crs is not None:
        if told and not drawn.crs.equals(_known_crs(told, path), ignore_axis_order=True):
            report.add("noted", f"states its own CRS, {drawn.crs.to_string()[:60]}; the one told, {told}, is not used")
        return drawn.crs
    if told:
        return _known_crs(told, path)
    edges = shapely.total_bounds(drawn.shapes)
    degrees = np.isfinite(edges).all() and (np.abs(edges) <= (180, 90, 180, 90)).all()
    looks = "its positions are possible degrees, EPSG:4326 perhaps" if degrees else "its positions are no degrees"
    raise InputError(f"{path}: states no CRS, expected a .prj or the like; {looks}: say --crs EPSG:…")


def _known_crs(told: str, path: Path) -> CRS:
    try:
        return CRS.from_user_input(told)
    except CRSError as error:
        raise InputError(f"{path}: crs {told!r} is no CRS that is known; expected such as EPSG:32645") from error
