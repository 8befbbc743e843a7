"""GeoJSON and TopoJSON as printed tables with a geometry: properties as text, positions as printed.

References
----------
Butler, H. et al. (2016). The GeoJSON Format. RFC 7946. Bostock, M. and Metcalf, C. (2013). The TopoJSON Format.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from camps import files
from camps.errors import Fault, InputError, raise_faults
from camps.sources.archives import account_layers, choose
from camps.sources.numbers import Typed
from camps.sources.report import PIECES, Piece, Report
from camps.sources.shapes import pieces_of, place_table, table_of_cells
from camps.sources.text import MOST_ROWS, RawTable, check_size

#: Parsed whole, at ten to forty times its size in memory.
MOST_JSON_BYTES = 32 * 2**20
MOST_JSON_VALUES = 2_500_000
#: How deep the positions of each kind of geometry lie.
_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_FEATURE = ("type", "id", "properties", "geometry", "bbox")
_COLLECTION = ("type", "features", "crs", "bbox", "name", "arcs", "objects", "transform")


class _Printed(float):
    """A number that remembers how it was printed."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> _Printed:
        number = super().__new__(cls, text)
        number.text = text
        return number


class _Twice(dict[str, Any]):
    """An object of which a member is given twice; the last stands, as in any reader."""


def read_geojson(path: Path, report: Report, *, crs: str | None = None, layer: str | None = None) -> RawTable:
    """Return the features of a GeoJSON or TopoJSON file: properties as text, positions as printed, and the geometry.

    Parameters
    ----------
    path
        The file.
    report
        Takes the remarks and the account of features, elements, parts, rings and vertices.
    crs
        CRS of the positions where it is neither WGS 84 (RFC 7946) nor named by a member ``crs``.
    layer
        Object of a TopoJSON file to read, ``*`` for all.

    Raises
    ------
    MissingError, InputError
        When the file is not there, too large, or neither of the two; all geometries that cannot be read are named at
        once.
    """
    document = read_json(path)
    if document.get("type") == "Topology":
        features = _topology(document, layer, path, report)
    else:
        features = _features(document, path)
    stated = _stated_crs(document, crs, path)
    if len(features) > MOST_ROWS:
        raise InputError(f"{path}: {len(features):,} features, expected at most {MOST_ROWS:,}")
    _note_members(document, _COLLECTION, report)
    faults: list[Fault] = []
    rows, shapes = [], []
    printed: dict[int, tuple[str, str]] = {}
    for number, feature in enumerate(features, 1):
        report.take("feature")
        rows.append(_cells(feature, number, report))
        shapes.append(_shape(feature, number, report, faults))
        position = _printed_position(feature)
        printed |= {number: position} if position else {}
    raise_faults(faults, path.name)
    return place_table(table_of_cells(rows, path), shapes, path, report, printed=printed, stated_crs=stated)


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object that a file holds, its numbers as printed.

    Raises
    ------
    MissingError, InputError
        When the file is not there, too large, or no JSON object in UTF-8.
    """
    check_size(path, MOST_JSON_BYTES)
    with files.readable(path):
        content = path.read_bytes()
    n_values = content.count(b",") + 1
    if n_values > MOST_JSON_VALUES:
        raise InputError(
            f"{path}: {n_values:,} values, expected at most {MOST_JSON_VALUES:,} for a list of sites; cut it"
        )
    try:
        document = json.loads(
            content.decode("utf-8-sig"), parse_float=_Printed, parse_int=_integer, object_pairs_hook=_object
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path}: no JSON in UTF-8 ({error}); fetch or export it again") from error
    if not isinstance(document, dict):
        raise InputError(f"{path}: no GeoJSON; expected a FeatureCollection")
    return document


def _integer(text: str) -> Any:
    return _Printed(text) if len(text) < 20 else text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    return held if len(held) == len(pairs) else _Twice(held)


def _features(document: dict[str, Any], path: Path) -> list[Any]:
    if document.get("type") in (*_DEPTH, "GeometryCollection"):
        return [{"type": "Feature", "properties": {}, "geometry": document}]
    features = [document] if document.get("type") == "Feature" else document.get("features")
    if not isinstance(features, list) or not features:
        raise InputError(f"{path}: no features, expected a FeatureCollection with at least one")
    return features


def _stated_crs(document: dict[str, Any], told: str | None, path: Path) -> CRS:
    return _known_crs(told or _crs_name(document.get("crs")), path, ", or say --crs EPSG:…")


def _known_crs(named: str, path: Path, way: str = "") -> CRS:
    try:
        return CRS.from_user_input(named)
    except CRSError as error:
        raise InputError(f"{path}: CRS is {named}, which is not known; export it in EPSG:4326{way}") from error


def _crs_name(stated: Any) -> str:
    if not stated:
        return "OGC:CRS84"
    try:
        properties = stated["properties"]
        return str(properties["name"]) if "name" in properties else f"EPSG:{int(properties['code'])}"
    except (KeyError, TypeError, IndexError, ValueError):
        return str(stated)[:60]


def _note_members(held: dict[str, Any], known: Iterable[str], report: Report, *, row: int = 0) -> None:
    """Note what stands beside the members that are read, and those that are given twice."""
    others = [name for name in held if name not in known]
    if others:
        report.take("element", len(others))
        value = json.dumps({name: held[name] for name in others}, ensure_ascii=False)
        reason = f"members {', '.join(others)[:100]} beside the properties; not read"
        report.add("noted", reason, row=row, value=value, piece="element", pieces=len(others))
    if isinstance(held, _Twice):
        report.add("noted", "a member given twice in one object; the last is taken", row=row)


def _cells(feature: Any, number: int, report: Report) -> dict[str, str]:
    if not isinstance(feature, dict):
        return {}
    _note_members(feature, _FEATURE, report, row=number)
    properties = feature.get("properties")
    if properties and not isinstance(properties, dict):
        report.add("noted", "properties that are no object; not read", row=number, value=_json_text(properties))
    held = properties if isinstance(properties, dict) else {}
    if isinstance(held, _Twice):
        report.add("noted", "a property given twice; the last is taken", row=number)
    cells = {str(name): _json_text(value) for name, value in held.items()}
    if feature.get("id") is not None:
        cells.setdefault("id", _json_text(feature["id"]))
    return cells


def _json_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, _Printed):
        return Typed(value.text)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _printed_position(feature: Any) -> tuple[str, str] | None:
    shape = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(shape, dict) or shape.get("type") != "Point":
        return None
    axes = (shape.get("coordinates") or [])[:2]
    return (axes[0].text, axes[1].text) if len(axes) == 2 and all(isinstance(axis, _Printed) for axis in axes) else None


# ── geometry ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _shape(feature: Any, number: int, report: Report, faults: list[Fault]) -> BaseGeometry | None:
    where = f"feature {number}"
    if not isinstance(feature, dict) or ("geometry" not in feature and feature.get("type") != "Feature"):
        faults.append(Fault(where, _json_text(feature)[:60], "a Feature", "take it out, or mend it in the file"))
        return None
    shape = feature.get("geometry")
    if not shape:
        return None
    try:
        count_geometry(shape, report.take)
        return _geometry(shape)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError,
            shapely.errors.ShapelyError) as error:  # fmt: skip
        faults.append(Fault(where, f"no geometry that can be read ({error})", "a geometry of RFC 7946", "mend it"))
        return None


def count_geometry(shape: Any, count: Callable[[Piece, int], None]) -> None:
    """Count the parts, rings and vertices of a GeoJSON geometry straight from its positions.

    Raises
    ------
    ValueError, TypeError, KeyError
        When it is none.
    """
    if shape["type"] == "GeometryCollection":
        for part in shape["geometries"]:
            count_geometry(part, count)
        return
    if shape["type"] not in _DEPTH:
        raise ValueError(f"a geometry of type {str(shape['type'])[:40]!r}")
    positions, depth = shape["coordinates"], _DEPTH[shape["type"]]
    parts = positions if shape["type"].startswith("Multi") else [positions]
    count("part", len(parts))
    for part in parts:
        lines = part if depth - shape["type"].startswith("Multi") == 2 else [part]
        closed = lines is part
        count("ring", len([line for line in lines if line]) if closed else 0)
        for line in lines:
            count("vertex", _n_vertices(line, closed=closed))


def _n_vertices(line: Any, *, closed: bool) -> int:
    if line and not isinstance(line[0], list):
        return 1
    return len(line) - (closed and len(line) > 1 and line[0][:2] == line[-1][:2])


def _geometry(shape: dict[str, Any]) -> BaseGeometry:
    if shape["type"] == "GeometryCollection":
        return shapely.GeometryCollection([_geometry(part) for part in shape["geometries"]])
    flat = _positions(shape["coordinates"], _DEPTH[shape["type"]])
    return shapely.geometry.shape({"type": shape["type"], "coordinates": flat})


def _positions(held: Any, depth: int) -> Any:
    """Return nested positions of at most four numbers each, longitude, latitude and what may follow."""
    if not isinstance(held, list):
        raise ValueError(f"{_json_text(held)[:40]!r} where positions are expected")
    if depth:
        return [_positions(part, depth - 1) for part in held]
    if not held:
        return held
    if len(held) < 2 or not all(isinstance(axis, float) and math.isfinite(axis) for axis in held):
        raise ValueError(f"position {_json_text(held)[:40]}, expected two numbers or three")
    return held[:3]


# ── TopoJSON ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _topology(document: dict[str, Any], layer: str | None, path: Path, report: Report) -> list[dict[str, Any]]:
    objects = document.get("objects")
    if not isinstance(objects, dict) or not objects:
        raise InputError(f"{path}: a topology without objects, expected at least one")
    geometries = {name: _members(held) for name, held in objects.items()}
    told = [f"{len(held)} features" for held in geometries.values()]
    chosen = choose(list(geometries), layer, path, what="object", told=told)
    account_layers(report, list(geometries), chosen)
    arcs = _Arcs(document, path)
    features = []
    for name in chosen:
        for number, held in enumerate(geometries[name], 1):
            try:
                geometry = arcs.geometry(held)
            except (KeyError, TypeError, IndexError, ValueError, AttributeError, RecursionError) as error:
                if isinstance(error, InputError):
                    raise
                raise InputError(
                    f"{path}: object {name}, geometry {number}: cannot be put together ({error!r}); export it again"
                ) from error
            more = {"layer": name} if len(chosen) > 1 else {}
            properties = {**(held.get("properties") or {}), **more}
            features.append({"type": "Feature", "id": held.get("id"), "properties": properties, "geometry": geometry})
    return features


def _members(held: Any) -> list[Any]:
    is_collection = isinstance(held, dict) and held.get("type") == "GeometryCollection"
    return list(held.get("geometries") or []) if is_collection else [held]


class _Arcs:
    """The arcs of a topology in degrees, put together to geometries."""

    def __init__(self, topology: dict[str, Any], path: Path) -> None:
        self._path, self._n_vertices = path, 0
        transform = topology.get("transform") or {}
        self._scale, self._shift = transform.get("scale", (1.0, 1.0)), transform.get("translate", (0.0, 0.0))
        self._arcs = [self._decoded(arc, delta=bool(transform)) for arc in topology.get("arcs") or []]

    def _decoded(self, arc: list[Any], *, delta: bool) -> list[list[float]]:
        steps = [position[:2] for position in arc]
        if delta:
            steps = list(zip(*(accumulate(axis) for axis in zip(*steps, strict=True)), strict=True))
        return [self._placed(position) for position in steps]

    def _placed(self, position: Any) -> list[float]:
        return [float(p) * k + t for p, k, t in zip(position, self._scale, self._shift, strict=False)]

    def _line(self, numbers: list[Any]) -> list[list[float]]:
        line: list[list[float]] = []
        for number in map(int, numbers):
            arc = self._arcs[number] if number >= 0 else self._arcs[~number][::-1]
            # One arc may be named over and over.
            self._n_vertices += len(arc)
            if self._n_vertices > MOST_JSON_VALUES:
                raise InputError(
                    f"{self._path}: its arcs come to more than {MOST_JSON_VALUES:,} vertices put together; cut it"
                )
            # Arcs share their ends.
            line += arc[1:] if line else arc
        return line

    def geometry(self, held: dict[str, Any]) -> dict[str, Any] | None:
        """Return a geometry object of a topology as one of GeoJSON; ``None`` for one that is null."""
        kind = held.get("type")
        if kind is None:
            return None
        if kind == "GeometryCollection":
            return {"type": kind, "geometries": [part for g in held["geometries"] if (part := self.geometry(g))]}
        if kind in ("Point", "MultiPoint"):
            at = held["coordinates"]
            return {"type": kind, "coordinates": self._placed(at) if kind == "Point" else list(map(self._placed, at))}
        return {"type": kind, "coordinates": self._lines(held["arcs"], _DEPTH[kind] - 1)}

    def _lines(self, arcs: list[Any], depth: int) -> list[Any]:
        return [self._lines(part, depth - 1) for part in arcs] if depth else self._line(arcs)


# ── what another reader has made of a file ───────────────────────────────────────────────────────────────────────


def is_topology(path: Path) -> bool:
    """Return whether a JSON is a TopoJSON, going by its first bytes and, where they leave it open, all of it."""
    with files.readable(path), path.open("rb") as stream:
        head = stream.read(2**16)
    plain = head.translate(None, b" \t\r\n")
    if b'"type":"FeatureCollection"' in plain:
        return False
    return b'"type":"Topology"' in plain or (b'"arcs":' in plain and read_json(path).get("type") == "Topology")


def check_crs(path: Path) -> None:
    """Do nothing when a GeoJSON names no CRS, or a known one, once, for all of it.

    GDAL takes one that it does not know for WGS 84, and asks the address of one that is linked, wherever it stands.

    Raises
    ------
    InputError
        When it is not known, or a feature names one of its own.
    """
    with files.readable(path):
        plain = path.read_bytes().translate(None, b" \t\r\n")
    if b"\\u00" not in plain:
        if b'"crs"' not in plain:
            return
        if plain.count(b'"crs"') == 1 and (named := _NAMED_CRS.search(plain)):
            _known_crs(named[1].decode(), path)
            return
    document = read_json(path)
    _known_crs(_crs_name(document.pop("crs", None)), path)
    if _names_crs(document):
        raise InputError(f"{path}: a feature names a CRS of its own, expected one for all; export it in EPSG:4326")


_NAMED_CRS = re.compile(rb'"crs":\{"type":"name","properties":\{"name":"([\w:.-]+)"\}\}')


def _names_crs(held: Any) -> bool:
    if isinstance(held, dict):
        return "crs" in held or any(_names_crs(part) for name, part in held.items() if name != "properties")
    return isinstance(held, list) and any(_names_crs(part) for part in held if isinstance(part, dict | list))


def check_positions(path: Path, shapes: Any) -> None:
    """Do nothing when geometries have all the vertices that a GeoJSON file prints.

    The vertices are counted in the bytes of the file, where nearly every bracket after a digit closes a position;
    only when that does not meet are they counted feature by feature.

    Raises
    ------
    InputError
        Naming each feature of which another reader has lost a part, a ring or a vertex.
    """
    with files.readable(path):
        # All digits alike, no spaces: a position ends in "0]".
        plain = path.read_bytes().translate(bytes.maketrans(b"123456789", b"0" * 9), b" \t\r\n")
    read = pieces_of(shapes)
    n_vertices, n_rings = (int(read[piece].sum()) for piece in ("vertex", "ring"))
    n_features = plain.count(b'"type":"Feature"')
    if plain.count(b"0]") == n_vertices + n_rings and n_features == len(shapes) and not _STRANGE_MEMBER.search(plain):
        return
    by_shape = pieces_of(shapes, by_shape=True)
    features = _features(read_json(path), path)
    if len(features) != len(shapes):
        raise InputError(
            f"{path.name}: {len(features):,} features, of which {len(shapes):,} can be read; mend the file"
        )
    raise_faults(_lost(features, by_shape), path.name)


#: What is no object in a list of objects, features among them.
_STRANGE_MEMBER = re.compile(rb'\},[^{"]|"features":\[[^{\]]')


def _lost(features: list[Any], read: dict[Piece, Any]) -> Iterator[Fault]:
    if len(features) != len(read["vertex"]):
        found = f"{len(features)} features, of which {len(read['vertex'])} can be read"
        yield Fault("the file", found, "all of them", "mend those that are no features, or take them out")
        return
    for number, feature in enumerate(features, 1):
        held: Counter[Piece] = Counter()
        shape = feature.get("geometry") if isinstance(feature, dict) else None
        try:
            if shape:
                count_geometry(shape, lambda piece, n, held=held: held.update({piece: n}))  # type: ignore[misc]
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            yield Fault(f"row {number}", f"no geometry that can be read ({error})", "a geometry of RFC 7946", "mend it")
            continue
        for piece in ("ring", "vertex"):
            if held[piece] != read[piece][number - 1]:
                found = f"{held[piece]} {PIECES[piece]}, of which {read[piece][number - 1]} can be read"
                yield Fault(f"row {number}", found, "all of them", "mend the geometry in the file")
