"""Damaged lists, footprints and pictures by the thousand, none of which may do more than be read or be refused.

    python benchmarks/readers.py                                  a small run (40 inputs a format)
    python benchmarks/readers.py --inputs 20000 --keep FOLDER     the run of the claim; goes on where it was stopped
    python benchmarks/readers.py --again kml 123 --keep FOLDER    one input again, kept and with its trace

One sound file a format is damaged along its own structure: cells, rows and columns of a table, elements and attributes
of XML, members of JSON and of archives, records of a database, fields of a header. What is damaged how follows from the
seed, the format and the number of the input. Each is read as `camps sources add --dry-run` would (`imagery add` and a
STAC folder for pictures), in a process of its own kind with limits; a fault is an error that is not the suite's own, an
account whose sums do not meet, more than ten seconds of the processor, more than 1 GB, or the end of the process.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import multiprocessing
import random
import re
import resource
import shutil
import sqlite3
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import rasterio
import xlwt
from rasterio.transform import from_origin

from camps import catalogue, footprints, imagery, sources
from camps.errors import CampsError, CheckError
from camps.imagery import stac
from camps.sources import About, SourceEntry, SourceFile, mapped

MOST_SECONDS, MOST_MB = 10.0, 1024.0
#: A process that waits, uses no processor and never answers; much more than a slow machine needs.
MOST_WAIT_S = 180.0
SEED = 13
Random = random.Random
Mutate = Callable[[bytes, Random], bytes]

NUMBERS = [
    "1,200",
    "1.500",
    "1e309",
    "nan",
    "-inf",
    "-0",
    "1e-400",
    "9" * 60,
    "0x1f",
    "1_000",
    "٤٣",
    "½",
    "43.38²",
    "-7",
]
DATES = ["2020-21", "06/07/2018", "Mar-37", "2017/..", "0000-00-00", "2018-02-30", "9999-12-31", "195X", "3rdQt2018"]
PLACES = ["95.5", "-181", "43°23'01\"N", "88.29E", "43,38; 88,29", "0", "180", "N43", "44°70'", "1e5", "43.38,88.29"]
TEXTS = ["", " ", "N/A", "#N/A", "?", "=1+1", "@SUM(A1)", "\u2028", "\x00", "\x0b", "\u202eabc", "🏚️", "e\u0301", "名称",
         "[red]", "x" * 70_000, "</kml>", "]]>", '"', "'", "\r\n", "a\tb", "true", "null", "POINT (1 2)", "../../x",
         "\ud800", "*"]  # fmt: skip
VALUES = NUMBERS + DATES + PLACES + TEXTS
EXTREMES = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0xFFFFFFFFFFFFFFFF, 2**63, 3, 1000]


# ── one sound file a format ──────────────────────────────────────────────────────────────────────────────────────


def _sites() -> pd.DataFrame:
    raw = sources.read("gazetteer").raw.head(24)
    named = {"site_id": "id", "name_en": "name", "name_zh": "chinese name", "lat": "lat", "lon": "lon",
             "aspi_tier": "tier", "opened_edtf": "opened", "closed_edtf": "closed", "admin2": "prefecture"}  # fmt: skip
    held = raw[[name for name in named if name in raw]].rename(columns=named)
    return held.assign(n=range(24), r="250", seen=[f"2018-{1 + row % 12:02d}-11" for row in range(24)]).reset_index(
        drop=True
    )


def _places() -> gpd.GeoDataFrame:
    table = _sites()
    points = gpd.points_from_xy(table["lon"].astype(float), table["lat"].astype(float))
    return gpd.GeoDataFrame(table.drop(columns=["lat", "lon"]), geometry=points, crs=4326)


def _outlines() -> gpd.GeoDataFrame:
    places = _places()
    shapes = places.geometry.to_crs(3857).buffer(120, cap_style="square").to_crs(4326)
    return places.set_geometry(shapes.where(places.index % 3 != 0, shapes.scale(2, 2).difference(shapes)))


def _xls(path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("A")
    day = xlwt.easyxf(num_format_str="MMM-YY")
    for column, (name, cells) in enumerate(_sites().items()):
        sheet.write(0, column, str(name))
        for row, cell in enumerate(cells, 1):
            sheet.write(
                row,
                column,
                date.fromisoformat(cell) if name == "seen" else cell,
                day if name == "seen" else xlwt.Style.default_style,
            )
    sheet.write_merge(30, 32, 0, 0, "x")
    book.save(str(path))


def _workbook(path: Path, engine: Any) -> None:
    table = _sites().assign(seen=pd.to_datetime(_sites()["seen"]))
    with pd.ExcelWriter(path, engine=engine) as writer:
        table.to_excel(writer, sheet_name="A", index=False)
        table.head(3).to_excel(writer, sheet_name="B", index=False)


def _kml() -> str:
    marks = []
    for row, place in _outlines().iterrows():
        ring = " ".join(f"{x},{y},0" for x, y in place.geometry.exterior.coords)
        data = "".join(f'<Data name="{name}"><value>{place[name]}</value></Data>' for name in ("id", "tier", "opened"))
        line = f"<LinearRing><coordinates>{ring}</coordinates></LinearRing>"
        shape = f"<Polygon><outerBoundaryIs>{line}</outerBoundaryIs></Polygon>"
        point = f"<Point><coordinates>{place.geometry.centroid.x},{place.geometry.centroid.y}</coordinates></Point>"
        drawn = (shape, shape, f"<MultiGeometry>{point}{shape}</MultiGeometry>")[int(str(row)) % 3]
        marks.append(f"<Placemark><name>{place['id']}</name><TimeSpan><begin>2017</begin></TimeSpan><ExtendedData>{data}"
                     f"</ExtendedData>{drawn}</Placemark>")  # fmt: skip
    folder = f"<Folder><name>F</name>{''.join(marks)}</Folder>"
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{folder}</Document></kml>'


def _kmz(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", _kml())
        archive.writestr("files/a.png", b"\x89PNG")


def _shapefile(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _written(_outlines(), Path(folder) / "a.shp")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(Path(folder).iterdir()):
                archive.write(part, part.name)


def _written(frame: gpd.GeoDataFrame, path: Path, **how: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_file(path, **how)


def _osm(path: Path) -> None:
    nodes, ways = [], []
    for way, shape in enumerate(_outlines().geometry):
        refs = []
        for x, y in shape.exterior.coords[:-1]:
            nodes.append(f'<node id="{len(nodes) + 1}" lon="{x}" lat="{y}"/>')
            refs.append(f'<nd ref="{len(nodes)}"/>')
        tags = '<tag k="prison_camp" v="re-education"/><tag k="name" v="a"/>'
        ways.append(f'<way id="{way + 1}">{"".join([*refs, refs[0]])}{tags}</way>')
    members = '<member type="way" ref="1" role="outer"/><member type="way" ref="2" role="inner"/>'
    relation = (
        f'<relation id="1">{members}<tag k="type" v="multipolygon"/><tag k="prison_camp" v="re-education"/></relation>'
    )
    path.write_text(f'<osm version="0.6">{"".join(nodes + ways)}{relation}</osm>', "utf-8")


def _gpx(path: Path) -> None:
    marks = "".join(f'<wpt lat="{place.geometry.y}" lon="{place.geometry.x}"><name>{place["id"]}</name>'
                    "<time>2017-06-10T00:00:00Z</time></wpt>" for _, place in _places().iterrows())  # fmt: skip
    path.write_text(f'<gpx version="1.1" creator="c" xmlns="http://www.topografix.com/GPX/1/1">{marks}</gpx>', "utf-8")


def _geotiff(path: Path) -> None:
    rows, columns = np.indices((64, 80))
    bands = np.stack([rows * 3, columns * 2, rows + columns, np.where(rows > 5, 255, 0)]).astype("uint8")
    with rasterio.open(
        path, "w", driver="GTiff", width=80, height=64, count=4, dtype="uint8", crs="EPSG:32645", compress="deflate",
        transform=from_origin(500_000, 4_800_000, 10, 10), photometric="RGB", ALPHA="YES", tiled=True, blockxsize=32,
        blockysize=32,
    ) as target:  # fmt: skip
        target.write(bands)
        target.scales, target.offsets = (0.1,) * 4, (-1.0,) * 4
        target.update_tags(TIFFTAG_DATETIME="2018:06:10 05:00:00")


def _stac(path: Path) -> None:
    box = [86.99, 43.34, 87.02, 43.36]
    ring = [[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]], [box[0], box[1]]]
    bands = [{"name": name, "common_name": name} for name in ("red", "green", "blue")]
    asset = {
        "href": "./a.tif",
        "type": "image/tiff",
        "eo:bands": bands,
        "roles": ["data"],
        "raster:bands": [{"nodata": 0, "scale": 1, "offset": 0}],
    }
    facts = {"datetime": "2018-06-10T05:00:00Z", "platform": "sentinel-2a", "instruments": ["msi"], "gsd": 10,
             "license": "other", "eo:cloud_cover": 3.0, "attribution": "nobody", "proj:epsg": 32645}  # fmt: skip
    links = [{"rel": "root", "href": "./catalog.json"}, {"rel": "parent", "href": "./catalog.json"}]
    outline = {"type": "Polygon", "coordinates": [ring]}
    item = {"type": "Feature", "stac_version": "1.0.0", "id": "a", "geometry": outline, "bbox": box, "links": links,
            "properties": facts, "assets": {"visual": asset}, "collection": "c"}  # fmt: skip
    path.write_text(json.dumps(item), "utf-8")


SOUND: dict[str, Callable[[Path], object]] = {
    "csv": lambda path: _sites().to_csv(path, index=False),
    "tsv": lambda path: _sites().to_csv(path, index=False, sep="\t"),
    "xlsx": lambda path: _workbook(path, "openpyxl"),
    "xls": _xls,
    "ods": lambda path: _workbook(path, "odf"),
    "kml": lambda path: path.write_text(_kml(), "utf-8"),
    "kmz": _kmz,
    "geojson": lambda path: _written(_outlines(), path, driver="GeoJSON"),
    "gpkg": lambda path: _written(_outlines(), path, driver="GPKG"),
    "zip": _shapefile,
    "fgb": lambda path: _written(_outlines(), path, driver="FlatGeobuf", SPATIAL_INDEX="NO"),
    "parquet": lambda path: _outlines().to_parquet(path),
    "osm": _osm,
    "gml": lambda path: _written(_outlines(), path, driver="GML"),
    "gpx": _gpx,
    "tif": _geotiff,
    "stac": _stac,
}


# ── damage along the structure ───────────────────────────────────────────────────────────────────────────────────


def of_bytes(content: bytes, pick: Random) -> bytes:
    """Damage bytes: fields set to extremes, pieces cut, repeated or swapped, the end cut off."""
    held = bytearray(content)
    at = pick.randrange(len(held) or 1)
    way = pick.randrange(6)
    if way <= 2:
        width = pick.choice([1, 2, 4, 8])
        at -= at % width
        held[at : at + width] = (pick.choice(EXTREMES) & (2 ** (8 * width) - 1)).to_bytes(
            width, pick.choice(["little", "big"])
        )
    elif way == 3:
        del held[at : at + pick.randrange(1, 200)]
    elif way == 4:
        held[at:at] = held[at : at + pick.randrange(1, 200)]
    else:
        del held[at:]
    return bytes(held)


def of_head(content: bytes, pick: Random) -> bytes:
    """Damage the first bytes, where sizes and counts stand."""
    n = pick.choice([32, 256, 2048])
    return of_bytes(content[:n], pick) + content[n:]


def of_table(content: bytes, pick: Random) -> bytes:
    """Damage cells, rows and columns of delimited text, and how it is written."""
    mark = "\t" if b"\t" in content[:200] else ","
    rows = list(csv.reader(io.StringIO(content.decode("utf-8", "replace"), newline=""), delimiter=mark)) or [[""]]
    at = pick.randrange(len(rows))
    row = rows[at] or [""]
    column = pick.randrange(len(row))
    way = pick.randrange(12)
    if way <= 3:
        row[column] = pick.choice(VALUES)
    elif way == 4:
        for one in rows[1:]:
            if column < len(one):
                one[column] = pick.choice(VALUES)
    elif way == 5:
        rows[at:at] = pick.choice([[list(row)], [[]], [["A title"]], [list(rows[0])], [["sep=;"]]])
    elif way == 6:
        del rows[at]
    elif way == 7:
        for one in rows:
            del one[column : column + 1]
    elif way == 8:
        for one in rows:
            one[column:column] = one[column : column + 1] * pick.choice([1, 1, 40])
    elif way == 9:
        other = rows[pick.randrange(len(rows))]
        rows[at], other[:] = list(other), list(row)
    elif way == 10:
        row[:] = row[: pick.randrange(len(row) + 1)] + [pick.choice(VALUES)] * pick.randrange(4)
    written = io.StringIO()
    csv.writer(
        written, delimiter=pick.choice([mark] * 8 + [";", "|", "\t", ","]), quoting=pick.choice([0, 0, 0, 1])
    ).writerows(rows)
    encoding = (
        pick.choice(["utf-8"] * 8 + ["utf-8-sig", "utf-16", "cp1252", "gb18030", "utf-16-le"]) if way == 11 else "utf-8"
    )
    return written.getvalue().encode(encoding, "replace" if encoding != "utf-8" else "surrogatepass")


def of_json(content: bytes, pick: Random) -> bytes:
    """Damage members of JSON: values, kinds, names, repeats, depth."""
    document = json.loads(content)
    places = list(_members(document))
    held, key = pick.choice(places) if places else ([document], 0)
    value = held[key]
    way = pick.randrange(8)
    if way <= 2:
        nested: Any = value
        for _ in range(60):
            nested = [nested]
        held[key] = pick.choice(
            [None, True, 0, -1, 1e308, 1e400, 2**70, [], {}, [value], {"a": value}, nested, "", *pick.sample(VALUES, 6)]
        )
    elif way == 3:
        del held[key]
    elif way == 4 and isinstance(held, list):
        held[key:key] = [value] * pick.choice([1, 1, 2, 300])
    elif way == 5 and isinstance(held, dict):
        held[pick.choice([*held, *TEXTS[2:8], "crs", "bbox", "type", "id", "geometries"])] = value
    elif way == 6 and isinstance(value, float):
        held[key] = value * pick.choice([-1, 10, 1e6, 0])
    else:
        held[key], (other, name) = pick.choice(places)[0], pick.choice(places)
        held[key] = json.loads(json.dumps(other[name], default=str)) if other is not held else value
    return json.dumps(document, default=str).encode("utf-8", "surrogatepass")


def _members(held: Any) -> Any:
    pairs = list(held.items()) if isinstance(held, dict) else list(enumerate(held)) if isinstance(held, list) else []
    for key, value in pairs:
        yield held, key
        yield from _members(value)


def of_xml(content: bytes, pick: Random) -> bytes:
    """Damage elements, attributes and text of XML, mostly so that it stays well formed."""
    if pick.random() < 0.2:
        return _of_tags(content, pick)
    for prefix, space in re.findall(rb'xmlns(?::(\w+))?="([^"]+)"', content):
        # Written under the prefixes that it came with: some readers go by them.
        with suppress(ValueError):
            ET.register_namespace(prefix.decode(), space.decode())
    root = ET.fromstring(content)
    parents = [(parent, child) for parent in root.iter() for child in parent] or [(root, root)]
    parent, child = pick.choice(parents)
    _, other = pick.choice(parents)
    way = pick.randrange(10)
    if way <= 2:
        child.text = pick.choice(VALUES)
    elif way == 3 and child.attrib:
        child.set(pick.choice(list(child.attrib)), pick.choice([*VALUES, "-1", "99999999", "1048576"]))
    elif way == 4 and child.attrib:
        del child.attrib[pick.choice(list(child.attrib))]
    elif way == 5:
        parent.remove(child)
    elif way == 6:
        for _ in range(pick.choice([1, 1, 2, 60])):
            parent.append(child)
    elif way == 7:
        child.append(ET.fromstring(ET.tostring(other)))
    elif way == 8:
        child.tag = pick.choice([other.tag, "x"])
    else:
        child.text = (child.text or "").replace(pick.choice([",", " ", "."]), pick.choice([" ", ",", ", ", ";", ""]))
    return (
        re.sub(rb"[\x00\x0b]", b"", ET.tostring(root, "utf-8")) if pick.random() < 0.9 else ET.tostring(root, "utf-16")
    )


def _of_tags(content: bytes, pick: Random) -> bytes:
    tokens = re.split(rb"(<[^>]*>)", content)
    at = pick.randrange(len(tokens))
    put = [b"", tokens[at] * 2, b"<!-- x -->", b"<![CDATA[x]]>", b"<?x?>", b"<a>" * 3000, b"&x;", b"<x xmlns='y'/>",
           b'<!DOCTYPE a [<!ENTITY b "c">]>', pick.choice(tokens)]  # fmt: skip
    tokens[at] = pick.choice(put)
    return b"".join(tokens)


def of_archive(content: bytes, pick: Random) -> bytes:
    """Damage members of a ZIP, each along its own structure, and which members there are."""
    if pick.random() < 0.1:
        return of_bytes(content, pick)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if not members:
        return content
    weighed = [
        name
        for name in members
        for _ in range(8 if re.search(r"sheet\d|content\.xml|\.kml|\.dbf|\.shp$|styles", name) else 1)
    ]
    name = pick.choice(weighed)
    way = pick.randrange(10)
    if way == 0:
        del members[name]
    elif way == 1:
        members[pick.choice(["b/" + name, name.upper(), "doc.kml", "x.shp", "../" + name, "a.zip"])] = members[name]
    elif way == 2:
        members[name] = b""
    else:
        members[name] = _damaged(of_xml if members[name].lstrip()[:1] == b"<" else of_head, members[name], pick)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", pick.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])) as archive:
        for one, held in members.items():
            archive.writestr(one, held)
    return written.getvalue()


def of_database(content: bytes, pick: Random) -> bytes:
    """Damage cells, tables and geometries of a GeoPackage."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(content)
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        table = pick.choice([*tables, *["list", "gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys"] * 3])
        table = table if table in tables else pick.choice(tables)
        columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
        rows = [row[0] for row in database.execute(f'SELECT rowid FROM "{table}"')] or [0]
        column, row = pick.choice(columns), pick.choice(rows)
        way = pick.randrange(8)
        value: Any = pick.choice([None, -1, 2**62, 1e308, b"GP\x00\x01", *pick.sample(VALUES, 8)])
        value = value.encode("utf-8", "replace") if isinstance(value, str) and "\ud800" in value else value
        with suppress(sqlite3.Error):
            if way <= 3:
                (held,) = database.execute(f'SELECT "{column}" FROM "{table}" WHERE rowid = {row}').fetchone() or (
                    None,
                )
                value = of_head(held, pick) if isinstance(held, bytes) else value
                database.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = {row}', [value])
            elif way == 4:
                database.execute(f'DELETE FROM "{table}" WHERE rowid = {row}')
            elif way == 5:
                database.execute(
                    f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "{pick.choice(["x", "fid2", "名", "a b"])}"'
                )
            elif way == 6:
                database.execute(
                    pick.choice([f'DROP TABLE "{table}"', f'CREATE TABLE copied AS SELECT * FROM "{table}"'])
                )
            else:
                database.execute(f'UPDATE "{table}" SET "{column}" = ?', [value])
        database.commit()
        return of_bytes(database.serialize(), pick) if pick.random() < 0.1 else database.serialize()


def of_parquet(content: bytes, pick: Random) -> bytes:
    """Damage columns, geometries and what a GeoParquet says of them, or its footer."""
    if pick.random() < 0.25:
        n = pick.choice([8, 64, 1500])
        return content[:-n] + of_bytes(content[-n:], pick)
    table = pq.read_table(io.BytesIO(content))
    facts = dict(table.schema.metadata or {})
    name = pick.choice(table.column_names)
    frame = table.to_pandas()
    way = pick.randrange(7)
    if way <= 1 and b"geo" in facts:
        facts[b"geo"] = of_json(facts[b"geo"], pick)
    elif way == 2:
        frame = frame.drop(columns=name)
    elif way == 3:
        frame[name] = [pick.choice(TEXTS[:20]) for _ in range(len(frame))]
    elif way == 4:
        frame[name] = pick.choice([1e308, None, 2**62, pd.Timestamp("2018-06-10 05:00"), b"\x01", True])
    elif way == 5 and isinstance(frame[name].iloc[0], bytes):
        frame[name] = [of_bytes(one, pick) if pick.random() < 0.2 else one for one in frame[name]]
    else:
        frame = frame.rename(columns={name: pick.choice(["geometry", "x", "", "名"])})
    written = io.BytesIO()
    made = table.from_pandas(frame, preserve_index=False)
    pq.write_table(made.replace_schema_metadata(facts), written)
    return written.getvalue()


def of_records(content: bytes, pick: Random) -> bytes:
    """Damage a record of an old workbook: its kind, its length, or a field of it."""
    starts, at = [], 512
    while at + 4 <= len(content):
        kind, length = struct.unpack_from("<HH", content, at)
        if not kind or length > 8224:
            break
        starts.append((at, length))
        at += 4 + length
    if not starts or pick.random() < 0.2:
        return of_head(content, pick)
    at, length = pick.choice(starts)
    held = bytearray(content)
    way = pick.randrange(5)
    if way == 0:
        struct.pack_into(
            "<H", held, at, pick.choice([0x0809, 0x000A, 0x00FD, 0x0203, 0x0006, 0x00E5, 0x0085, 0x041E, 0xFFFF])
        )
    elif way == 1:
        struct.pack_into("<H", held, at + 2, pick.choice(EXTREMES) & 0xFFFF)
    elif length:
        put = at + 4 + pick.randrange(length)
        held[put : put + 2] = (pick.choice(EXTREMES) & 0xFFFF).to_bytes(2, "little")
    return bytes(held)


def of_tiff(content: bytes, pick: Random) -> bytes:
    """Damage an entry of a TIFF's directory: tag, type, count or value; or the pixels."""
    if content[:4] != b"II*\0" or pick.random() < 0.2:
        return of_bytes(content, pick)
    (where,) = struct.unpack_from("<I", content, 4)
    (n,) = struct.unpack_from("<H", content, where)
    held = bytearray(content)
    entry = where + 2 + 12 * pick.randrange(n or 1)
    part, width = pick.choice([(0, 2), (2, 2), (4, 4), (8, 4), (8, 4), (8, 4)])
    value = pick.choice([*EXTREMES, 42112, 42113, 33922, 34264, 34735, 5, 8, 12]) & (2 ** (8 * width) - 1)
    held[entry + part : entry + part + width] = value.to_bytes(width, "little")
    return bytes(held)


MUTATE: dict[str, Mutate] = {
    "csv": of_table, "tsv": of_table, "xlsx": of_archive, "xls": of_records, "ods": of_archive, "kml": of_xml,
    "kmz": of_archive, "geojson": of_json, "gpkg": of_database, "zip": of_archive, "fgb": of_head,
    "parquet": of_parquet, "osm": of_xml, "gml": of_xml, "gpx": of_xml, "tif": of_tiff, "stac": of_json,
}  # fmt: skip


def _damaged(mutate: Mutate, content: bytes, pick: Random) -> bytes:
    try:
        return mutate(content, pick)
    except Exception:
        # Damaged before, so that its structure is no longer found.
        return of_bytes(content, pick)


def damaged(kind: str, sound: bytes, number: int, seed: int) -> tuple[bytes, Random]:
    """Return input `number` of a format, and what picks the rest of how it is read."""
    pick = Random(f"{seed}:{kind}:{number}")
    content = sound
    for _ in range(1 + min(int(pick.expovariate(0.9)), 6)):
        content = _damaged(MUTATE[kind] if pick.random() < 0.93 else of_bytes, content, pick)
    return content, pick


# ── reading one, in a process of its own kind ────────────────────────────────────────────────────────────────────

MORE = {
    "r95_m": "r",
    "buildings.2018": "n",
    "closed": "seen",
    "references.a": "n",
    "part_of": "id",
    "name_other": "name",
}
OPTIONS: dict[str, list[Any]] = {
    "encoding": ["cp1252", "utf-8", "gb18030"], "delimiter": [";", ","], "decimal": [",", "."], "header_row": [1, 2],
    "header_rows": [1, 2], "sheet": ["A", "B"], "layer": ["*", "a"], "crs": ["EPSG:4326", "EPSG:32645"],
    "null": [["NA"]], "date_order": ["dmy", "mdy"], "edtf": [True], "century": [1900, 2000],
}  # fmt: skip
GEOGRAPHIC = ("kml", "kmz", "geojson", "gpkg", "zip", "fgb", "parquet", "gml")


def read(kind: str, path: Path, pick: Random, trusted: Any) -> None:
    """Read an input as the command line would."""
    if kind == "tif":
        imagery.describe(path, imagery.Hints(bands=pick.choice([None, None, ["red", "green", "blue", "alpha"]])))
    elif kind == "stac":
        _read_stac(path, pick)
    elif kind == "osm":
        file = SourceFile(path.name, "0" * 64)
        entry = SourceEntry("osm", "t", "p", "2021", "-", "-", "-", "wgs84", "osm", (file,), "osm", "osm")
        sources.read_file(path, entry).report.frame()
    elif kind in GEOGRAPHIC and pick.random() < 0.3:
        told = {
            "layer": pick.choice([None, None, "*"]),
            "crs": pick.choice([None, 4326]),
            "refused": pick.choice(["raise", "drop"]),
        }
        footprints.load(path, gsd_m=10, observed_on="2018", **told)
    else:
        takes = [*mapped._TAKES[mapped._FAMILY.get(kind, "text")], *mapped._OF_ALL[:1], "null", "date_order", "century"]
        options = {name: pick.choice(OPTIONS[name]) for name in takes if pick.random() < 0.06}
        more = {what: name for what, name in MORE.items() if pick.random() < 0.05}
        datum = pick.choice(["unknown", "unknown", "gcj02", "bd09"])
        added = sources.prepare(path, "fuzzed", About(datum=datum, mapping=more, options=options), trusted=trusted)
        added.first_rows(), added.source.report.frame()


def _read_stac(path: Path, pick: Random) -> None:
    folder = path.parent
    shutil.copy(path, folder / "item.json")
    links = [{"rel": "root", "href": "./catalog.json"}, {"rel": "item", "href": "./item.json"}]
    catalog = {"type": "Catalog", "stac_version": "1.0.0", "id": "c", "description": "d", "links": links}
    (folder / "catalog.json").write_text(json.dumps(catalog))
    grid = imagery.site_grid(87.0, 43.35, radius_m=300)
    plan = stac.find(grid, start="2017", end="2020", source=str(folder), bands=["red", "green", "blue"])
    if plan.scenes and pick.random() < 0.5:
        stac.read(plan, folder=folder / "cache")


def work(jobs: Connection, folder: Path, seed: int) -> None:
    """Read the inputs that are asked for and answer with what became of each."""
    resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))
    warnings.simplefilter("ignore")
    trusted = catalogue.trusted()
    sound = {kind: (folder / f"sound.{kind}").read_bytes() for kind in SOUND}
    while job := jobs.recv():
        kind, number = job
        with tempfile.TemporaryDirectory(dir=folder) as place:
            content, pick = damaged(kind, sound[kind], number, seed)
            jobs.send({"kind": kind, "number": number, **_one(kind, content, Path(place), pick, trusted)})


def _one(kind: str, content: bytes, place: Path, pick: Random, trusted: Any) -> dict[str, Any]:
    path = place / f"list.{'json' if kind == 'stac' else kind}"
    path.write_bytes(content)
    if kind == "stac":
        _geotiff(place / "a.tif")
    Path("/proc/self/clear_refs").write_text("5")
    started = time.process_time()
    outcome, said = "read", ""
    try:
        read(kind, path, pick, trusted)
    except CheckError as error:
        outcome, said = "account" if "account" in str(error) else "refused", str(error)
    except MemoryError as error:
        outcome, said = "memory", str(error)
    except CampsError as error:
        outcome, said = "refused", str(error)
    except BaseException:
        outcome, said = "exception", traceback.format_exc(limit=-4)
    seconds = time.process_time() - started
    peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024  # type: ignore[index]
    if outcome in ("read", "refused"):
        outcome = "slow" if seconds > MOST_SECONDS else "memory" if peak > MOST_MB else outcome
    return {
        "outcome": outcome,
        "seconds": round(seconds, 3),
        "mb": round(peak),
        "said": said[-1500:],
    }


class Worker:
    """A process that reads inputs; it is started anew when one has ended it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._seed = folder, seed
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=work, args=(other, self._folder, self._seed), daemon=True)
        self._process.start()
        other.close()

    def ask(self, kind: str, number: int) -> dict[str, Any]:
        """Return what became of one input."""
        try:
            self._pipe.send((kind, number))
            if self._pipe.poll(MOST_WAIT_S):
                return dict(self._pipe.recv())
            outcome = "hang"
        except (EOFError, OSError):
            outcome = "crash"
        self.stop()
        self._start()
        return {"kind": kind, "number": number, "outcome": outcome, "seconds": MOST_WAIT_S, "mb": 0, "said": ""}

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


# ── the run ──────────────────────────────────────────────────────────────────────────────────────────────────────


def run(kinds: list[str], inputs: int, folder: Path, seed: int) -> pd.DataFrame:
    """Read so many inputs of each format, those that were read before left out; return a row an input."""
    kept = folder / "results.jsonl"
    for kind, write in SOUND.items():
        if not (folder / f"sound.{kind}").is_file():
            write(folder / f"sound.{kind}")
    known = [json.loads(line) for line in kept.read_text("utf-8").splitlines()] if kept.is_file() else []
    done = {(one["kind"], one["number"]) for one in known}
    worker = Worker(folder, seed)
    with kept.open("a", encoding="utf-8") as stream:
        for number in range(inputs):
            for kind in (kind for kind in kinds if (kind, number) not in done):
                known.append(worker.ask(kind, number))
                print(json.dumps(known[-1]), file=stream, flush=True)
    worker.stop()
    return pd.DataFrame([one for one in known if one["kind"] in kinds and one["number"] < inputs])


def summary(results: pd.DataFrame) -> pd.DataFrame:
    """Return by format how many were read and refused, what went wrong, and the slowest and the largest."""
    counted = pd.crosstab(results["kind"], results["outcome"]).reindex(columns=["read", "refused"], fill_value=0)
    wrong = results[~results["outcome"].isin(["read", "refused"])].groupby("kind").size()
    slowest = results.loc[results.groupby("kind")["seconds"].idxmax()].set_index("kind")
    largest = results.loc[results.groupby("kind")["mb"].idxmax()].set_index("kind")
    return counted.assign(
        wrong=wrong.reindex(counted.index, fill_value=0), slowest_s=slowest["seconds"], slowest_input=slowest["number"],
        largest_mb=largest["mb"], largest_input=largest["number"],
    )  # fmt: skip


def again(kind: str, number: int, folder: Path, seed: int) -> None:
    """Read one input in this process, with its trace, and keep it."""
    SOUND[kind](folder / f"sound.{kind}")
    content, pick = damaged(kind, (folder / f"sound.{kind}").read_bytes(), number, seed)
    path = folder / "again" / f"{number}.{'json' if kind == 'stac' else kind}"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    if kind == "stac":
        _geotiff(path.parent / "a.tif")
    print(path)
    read(kind, path, pick, catalogue.trusted())


def main() -> None:
    """Run, and end with status 1 when anything was more than read or refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=40 * len(SOUND), help="of all formats together")
    parser.add_argument("--formats", nargs="*", choices=list(SOUND), default=list(SOUND))
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--keep", type=Path, help="folder of results, to go on from")
    parser.add_argument("--again", nargs=2, metavar=("FORMAT", "NUMBER"))
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = told.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if told.again:
            again(told.again[0], int(told.again[1]), folder, told.seed)
            return
        results = run(told.formats, -(-told.inputs // len(told.formats)), folder, told.seed)
    print(summary(results).to_string())
    wrong = results[~results["outcome"].isin(["read", "refused"])]
    print(f"{len(results):,} inputs, {len(wrong)} wrong: {dict(Counter(wrong['outcome']))}")
    for row in wrong.to_dict("records")[:40]:
        print(f"{row['kind']} {row['number']}: {row['outcome']}, {row['seconds']} s, {row['mb']} MB\n{row['said']}")
    sys.exit(1 if len(wrong) else 0)


if __name__ == "__main__":
    main()
