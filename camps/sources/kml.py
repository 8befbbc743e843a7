"""KML and KMZ as printed tables with a geometry, for lists and for footprints.

Every element that carries a time, a place or an attribute is a cell of its placemark, or is noted. What is taken is
counted over the whole document; what is used, over the places that are read.

References
----------
OGC 12-007r2, OGC KML 2.3, 2015; Google, KML Reference (``gx`` extensions).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import shapely
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from shapely.geometry.base import BaseGeometry

from camps import files
from camps.errors import Fault, InputError, raise_faults
from camps.sources.archives import account_members, choose, names_of, read_member, unpacking
from camps.sources.report import PIECES, Piece, Report
from camps.sources.shapes import pieces_of, place_table, table_of_cells
from camps.sources.text import RawTable, check_size

#: Parsed whole, at about ten times its size in memory.
MOST_KML_BYTES = 32 * 2**20
#: Folders in folders, groups in groups: those of people come to a dozen.
_MOST_DEEP = 200
_CONTAINERS = ("Document", "Folder")
_GROUPS = ("MultiGeometry", "MultiTrack")
_BOUNDARIES = ("outerBoundaryIs", "innerBoundaryIs")
#: Children of a placemark that are cells, by the column that they stand in.
_CELLS = {"name": "name", "description": "description", "address": "address", "phoneNumber": "phoneNumber",
          "AddressDetails": "address details", "Snippet": "snippet", "snippet": "snippet",
          "styleUrl": "styleUrl"}  # fmt: skip
#: Elements that say how something looks or opens, and nothing about it.
_LOOKS = ("Style", "StyleMap", "visibility", "open", "balloonVisibility", "Schema")
_TIMES = ("TimeSpan", "TimeStamp")
_WHY = {
    "NetworkLink": "a link to another file, not followed: fetch that file and read it",
    "NetworkLinkControl": "changes to another file, not made: read that file",
    "GroundOverlay": "a picture on the ground, no place of the list",
    "LookAt": "where a reader's eye stands, no place of the list",
    "Camera": "where a reader's eye stands, no place of the list",
}
# Longitude, latitude and perhaps an altitude; many write a space after the comma.
# It begins where a word does and gives nothing back: a long word without a comma is looked at once.
_POSITION = re.compile(r"(?<![^\s,])[^\s,]++(?:\s*+,\s*+[^\s,]++)++")


@dataclass
class _Met:
    """What was met while the documents of a file were read."""

    report: Report
    rows: list[dict[str, str]] = field(default_factory=list)
    shapes: list[BaseGeometry | None] = field(default_factory=list)
    printed: dict[int, tuple[str, str]] = field(default_factory=dict)
    #: How many elements stand in the cells of each row.
    filled: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    #: Geometries read: where, how many pieces their elements have, and the geometry.
    drawn: list[tuple[str, Counter[Piece], BaseGeometry]] = field(default_factory=list)
    reached: set[int] = field(default_factory=set)
    #: Elements left aside, by the reason: the row and the text of each.
    aside: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    @property
    def row(self) -> int:
        return len(self.rows) + 1

    def put_aside(self, reason: str, value: str = "", *, row: int | None = None) -> None:
        self.aside.setdefault(reason, []).append((self.row if row is None else row, value))


def read_kml(path: Path, report: Report, *, layer: str | None = None) -> RawTable:
    """Return the placemarks of a KML or KMZ file: name, description, extended data, times, folder, and the geometry.

    Parameters
    ----------
    path
        The file.
    report
        Takes the remarks and the account of members, elements, features, parts, rings and vertices.
    layer
        Member of a KMZ to read, ``*`` for all; ``doc.kml``, or the only one, when left out.

    Returns
    -------
    RawTable
        A row a placemark, under its number in the file. ``begin``, ``end`` and ``when`` hold its times, or those of
        the folder around it, as printed; of several members, ``member`` says which.

    Raises
    ------
    MissingError, InputError
        When the file is not there, too large, a ZIP bomb, no KML, or defines XML entities; when a KMZ holds several
        documents and none is called doc.kml; when coordinates cannot be read (all faults are named at once).
    """
    check_size(path)
    met = _Met(report)
    documents = _documents(path, layer, report)
    for name, content in documents:
        root = _root(content, path)
        _take(root, report)
        folder = _folder_name(root, "") if _local(root) in _CONTAINERS else ""
        _read_container(root, {"folder": folder, **({"member": name} if len(documents) > 1 else {})}, {}, met)
        _note_strays(root, met)
    _check_whole(met)
    raise_faults(met.faults, path.name)
    _say_aside(met)
    return _as_table(met, path, report)


def _say_aside(met: _Met) -> None:
    for reason, found in met.aside.items():
        row, value = found[0]
        said = f"{reason} ({len(found):,} of them, here the first)" if len(found) > 1 else reason
        met.report.add("noted", said, row=row, value=value, piece="element", pieces=len(found))


def _as_table(met: _Met, path: Path, report: Report) -> RawTable:
    table = place_table(table_of_cells(met.rows, path), met.shapes, path, report, printed=met.printed)
    kept = table.frame.index
    for row, filled in enumerate(met.filled, 1):
        (report.use if row in kept else report.note)("element", filled)
    return table


def _documents(path: Path, layer: str | None, report: Report) -> list[tuple[str, bytes]]:
    if not is_zip(path):
        check_size(path, MOST_KML_BYTES)
        return [(path.name, path.read_bytes())]
    with unpacking(path) as archive:
        names = names_of(archive)
        documents = [name for name in names if name.casefold().endswith(".kml")]
        if not documents:
            raise InputError(f"{path}: holds no .kml file, only {', '.join(names[:5]) or 'nothing'}")
        # The document of a KMZ is doc.kml; others in it are what that one links to.
        main = [name for name in documents if name.casefold() == "doc.kml"]
        chosen = main[:1] if layer is None and main else choose(documents, layer, path, what="document")
        account_members(report, names, chosen, [name for name in names if name.casefold().endswith(_PICTURES)])
        return [(name, read_member(archive, name, path, most=MOST_KML_BYTES)) for name in chosen]


_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".svg")


def is_zip(path: Path) -> bool:
    """Return whether a file begins as a ZIP archive does."""
    with files.readable(path), path.open("rb") as stream:
        return stream.read(4) == b"PK\x03\x04"


def _root(content: bytes, path: Path) -> Element:
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise InputError(f"{path}: no whole KML ({error}); fetch or export it again") from error
    level = [root]
    for _ in range(_MOST_DEEP):
        level = [child for element in level for child in element]
    if level:
        raise InputError(
            f"{path}: elements more than {_MOST_DEEP} deep in one another, expected placemarks; mend the file"
        )
    return root


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _child(element: Element, name: str) -> Element | None:
    return next((child for child in element if _local(child) == name), None)


def _said(element: Element | None) -> str:
    return "".join(element.itertext()).strip() if element is not None else ""


# ── what is taken: counted over the document, apart from what is read of it ──────────────────────────────────────


def _take(root: Element, report: Report) -> None:
    for mark in (element for element in root.iter() if _local(element) == "Placemark"):
        report.take("feature")
        _count_drawn(mark, report.take)
        report.take("element", _n_elements(mark))


def _count_drawn(mark: Element, count: Callable[..., None]) -> None:
    """Count what a placemark draws; what stands in a name, a time or an attribute is text there."""
    for child in (child for child in mark if _local(child) not in _TEXTS):
        _count_geometry(child, count)


def _count_geometry(mark: Element, count: Callable[..., None]) -> None:
    inside = list(mark.iter())
    tags = Counter(map(_local, inside))
    # A ring is one of a polygon only; elsewhere it is drawn as a line.
    polygons = [element for element in inside if _local(element) == "Polygon"]
    boundaries = [part for polygon in polygons for part in polygon.iter() if _local(part) in _BOUNDARIES]
    rings = {id(ring): ring for part in boundaries for ring in part.iter() if _local(ring) == "LinearRing"}.values()
    positions = sum(len(_POSITION.findall(_said(element))) for element in inside if _local(element) == "coordinates")
    alone = tags["LinearRing"] - len(rings)
    count("part", sum(tags[name] for name in ("Point", "LineString", "Polygon", "Track", "Model")) + alone)
    count("ring", len(rings))
    count("vertex", positions - sum(map(_closes, rings)) + tags["coord"] + tags["Model"])


def _closes(ring: Element) -> bool:
    text = next((_said(element) for element in ring.iter() if _local(element) == "coordinates"), "")
    positions = _POSITION.findall(text)
    ends = [re.split(r"\s*,\s*", position)[:2] for position in positions[:1] + positions[-1:]]
    try:
        first, last = (tuple(map(float, end)) for end in ends)
    except ValueError:
        return False
    return len(positions) > 1 and first == last


def _n_elements(mark: Element) -> int:
    """Return how many elements of a placemark carry a time or an attribute, or are of a kind that is not read."""
    n = sum(1 for child in mark if _local(child) in _CELLS and _said(child))
    n += sum(1 for child in mark if _local(child) not in _KNOWN) + sum(1 for _ in _undrawn(mark))
    spans = [child for child in mark if _local(child) in _TIMES]
    n += sum(1 for span in spans for time in span if _said(time))
    n += sum(1 for element in mark.iter() if _local(element) == "Track" for time in element if _local(time) == "when")
    extended = [child for child in mark if _local(child) == "ExtendedData"]
    return n + sum(1 for data in extended for _, value in _data(data) if value)


# ── what is read ─────────────────────────────────────────────────────────────────────────────────────────────────


def _read_container(element: Element, around: dict[str, str], times: dict[str, str], met: _Met) -> None:
    alone = _local(element) == "Placemark"
    own = {} if alone else _times(element)
    met.report.take("element", len(own))
    first = met.row
    for child in [element] if alone else element:
        name = _local(child)
        if name == "Placemark":
            _read_placemark(child, around, own or times, met)
        elif name in _CONTAINERS:
            inside = {**around, "folder": _folder_name(child, around["folder"], nested=_local(element) == "Folder")}
            _read_container(child, inside, own or times, met)
        elif name not in (*_LOOKS, *_TIMES, "name", "styleUrl") and (len(child) or _said(child)):
            met.report.take("element")
            met.put_aside(_reason(name, "a folder or document"), _said(child), row=0)
    if own and any(own.items() <= row.items() for row in met.rows[first - 1 :]):
        met.report.use("element", len(own))
    else:
        for time in own.values():
            met.put_aside("a time of a folder whose placemarks have times of their own", time, row=0)


def _folder_name(element: Element, folder: str, *, nested: bool = False) -> str:
    """Return the names of the folders around a placemark; that of the document where there is no folder."""
    name = _said(_child(element, "name"))
    if _local(element) == "Document" or not name:
        return folder or name
    return f"{folder} / {name}" if nested and folder else name


def _reason(name: str, where: str) -> str:
    return f"{name} of {where}: {_WHY.get(name, 'an element that is not read')}"


def _read_placemark(mark: Element, around: dict[str, str], times: dict[str, str], met: _Met) -> None:
    met.reached.add(id(mark))
    own = _own_times(mark, met)
    cells = {"name": "", "description": "", **around, **(own or _track_times(mark, met) or times)}
    filled = len(own) + _fill(cells, mark, met)
    drawn = _draw(mark, f"placemark {met.row} ({cells['name']})", met)
    met.filled.append(filled)
    met.shapes.append(drawn[0] if len(drawn) == 1 else shapely.GeometryCollection(drawn) if drawn else None)
    met.rows.append(cells)


def _draw(mark: Element, where: str, met: _Met) -> list[BaseGeometry]:
    drawn, points = [], []
    for element in _drawings(mark):
        try:
            shape = _DRAW[_local(element)](element)
        except (ValueError, shapely.errors.ShapelyError) as error:
            met.faults.append(Fault(where, str(error), "a geometry that can be read", "mend it in the file"))
            continue
        counted: Counter[Piece] = Counter()
        _count_geometry(element, lambda piece, n, counted=counted: counted.update({piece: n}))
        met.drawn.append((where, counted, shape))
        drawn.append(shape)
        if _local(element) in ("Point", "Model"):
            points.append(_positions(element)[0] if _local(element) == "Point" else _model_position(element))
    if len(points) == 1 and not any(isinstance(shape, shapely.Polygon) for shape in drawn):
        met.printed[met.row] = points[0]
    return drawn


def _check_whole(met: _Met) -> None:
    """Add a fault for each geometry read that has fewer rings or vertices than its element."""
    read = pieces_of([shape for *_, shape in met.drawn], by_shape=True)
    for at, (where, counted, _) in enumerate(met.drawn):
        for piece, n in read.items():
            if counted[piece] != n[at]:
                told = f"{counted[piece]} {PIECES[piece]}, of which {n[at]} can be read"
                met.faults.append(Fault(where, told, "a geometry that can be read", "mend it in the file"))


def _fill(cells: dict[str, str], mark: Element, met: _Met) -> int:
    """Put the attributes of a placemark into its cells and return how many there are."""
    filled = 0
    for child in mark:
        name = _local(child)
        if name in _CELLS and _said(child):
            filled += _put(cells, _CELLS[name], _said(child), met)
        elif name == "ExtendedData":
            filled += sum(_put(cells, column, value, met) for column, value in _data(child))
        elif name not in _KNOWN:
            met.put_aside(_reason(name, "a placemark"), _said(child))
            _count_geometry(child, met.report.note)
    for element in _undrawn(mark):
        met.put_aside(_reason(_local(element), "a geometry"), _said(element))
        _count_geometry(element, met.report.note)
    if mark.get("id"):
        cells.setdefault("id", str(mark.get("id")))
    return filled


def _put(cells: dict[str, str], column: str, value: str, met: _Met) -> int:
    """Put a value into a column, or into one of its own where that is taken; return 1 for a value that is used."""
    if not value:
        cells.setdefault(column, "")
        return 0
    if cells.get(column) == value:
        met.put_aside(f"{column} given twice in one placemark, in the same words; taken once")
        return 0
    name, number = column, 2
    while cells.get(name):
        name, number = f"{column} ({number})", number + 1
    if name != column:
        met.report.add("noted", f"{column} given twice in one placemark; the second is kept as {name}", row=met.row)
    cells[name] = value
    return 1


def _data(extended: Element) -> Iterator[tuple[str, str]]:
    """Yield names and values of extended data: typed, untyped, of a schema, or elements of another namespace."""
    for child in extended:
        name = _local(child)
        if name == "SchemaData":
            yield from _data(child)
        elif name == "SimpleArrayData":
            yield child.get("name", "data"), " ".join(_said(value) for value in child)
        elif name == "Data":
            # The name that is displayed is no value.
            value = _child(child, "value")
            yield child.get("name", "data"), _said(value) if value is not None or len(child) else _said(child)
        else:
            yield child.get("name", "data" if name == "SimpleData" else name), _said(child)


def _times(element: Element) -> dict[str, str]:
    """Return begin, end and when of an element's own time, as printed."""
    spans = [child for child in element if _local(child) in _TIMES]
    return {_local(time): _said(time) for span in spans for time in span if _said(time)}


def _own_times(mark: Element, met: _Met) -> dict[str, str]:
    own = _times(mark)
    given = [_said(time) for span in mark if _local(span) in _TIMES for time in span if _said(time)]
    for time in given[: len(given) - len(own)]:
        met.put_aside("a second time of one placemark; the last is taken", time)
    return own


def _track_times(mark: Element, met: _Met) -> dict[str, str]:
    times = [
        _said(time) for track in mark.iter() if _local(track) == "Track" for time in track if _local(time) == "when"
    ]
    if not times:
        return {}
    for time in times:
        met.put_aside("a time of a position of a track; the first and the last are kept as begin and end", time)
    return {"begin": min(times), "end": max(times)}


def _drawings(element: Element, *, inside: bool = False) -> Iterator[Element]:
    for child in element:
        if _local(child) in _DRAW:
            yield child
        elif _local(child) in _GROUPS or (inside and _local(child) != "coordinates"):
            yield from _drawings(child, inside=True)


def _undrawn(element: Element, *, inside: bool = False) -> Iterator[Element]:
    """Yield what holds positions inside a group of geometries and is none that can be drawn."""
    for child in element:
        name = _local(child)
        if name in _DRAW or not (inside or name in _GROUPS):
            continue
        if name in _GROUPS or (name != "coordinates" and next(_drawings(child, inside=True), None) is not None):
            yield from _undrawn(child, inside=True)
        elif any(_local(one) in ("coordinates", "coord") for one in child.iter()):
            yield child


def _positions(element: Element) -> list[tuple[str, str]]:
    text = next((_said(child) for child in element.iter() if _local(child) == "coordinates"), "")
    found = [re.split(r"\s*,\s*", position) for position in _POSITION.findall(text)]
    left = _POSITION.sub("", text).strip(", \t\r\n")
    if not found or left or any(len(position) > 3 for position in found):
        raise ValueError(f"coordinates {text[:60]!r}, expected longitude,latitude or longitude,latitude,altitude")
    return [(position[0], position[1]) for position in found]


def _numbers(element: Element) -> list[tuple[float, float]]:
    numbers = [(float(x), float(y)) for x, y in _positions(element)]
    if not all(math.isfinite(axis) for position in numbers for axis in position):
        raise ValueError("a coordinate that is no number")
    return numbers


def _point(element: Element) -> BaseGeometry:
    positions = _numbers(element)
    if len(positions) > 1:
        raise ValueError(f"a point of {len(positions)} positions")
    return shapely.Point(positions[0])


def _polygon(element: Element) -> BaseGeometry:
    rings: dict[str, list[list[tuple[float, float]]]] = {"outerBoundaryIs": [], "innerBoundaryIs": []}
    for boundary in element:
        if _local(boundary) in rings:
            held = [ring for ring in boundary.iter() if _local(ring) == "LinearRing"]
            rings[_local(boundary)] += [_numbers(ring) for ring in held]
    if len(rings["outerBoundaryIs"]) != 1:
        raise ValueError(f"a polygon of {len(rings['outerBoundaryIs'])} outer boundaries, where one is expected")
    return shapely.Polygon(rings["outerBoundaryIs"][0], rings["innerBoundaryIs"])


def _track(element: Element) -> BaseGeometry:
    texts = [_said(child).split() for child in element if _local(child) == "coord"]
    if not texts or any(len(text) < 2 for text in texts):
        raise ValueError("a track without positions")
    positions = [(float(text[0]), float(text[1])) for text in texts]
    return shapely.LineString(positions) if len(positions) > 1 else shapely.Point(positions[0])


def _model(element: Element) -> BaseGeometry:
    return shapely.Point(*map(float, _model_position(element)))


def _model_position(element: Element) -> tuple[str, str]:
    place = _child(element, "Location")
    if place is None:
        raise ValueError("a model without a location")
    return _said(_child(place, "longitude")), _said(_child(place, "latitude"))


_DRAW: dict[str, Callable[[Element], BaseGeometry]] = {
    "Point": _point, "LineString": lambda element: shapely.LineString(_numbers(element)),
    "LinearRing": lambda element: shapely.LineString(_numbers(element)), "Polygon": _polygon, "Track": _track,
    "Model": _model,
}  # fmt: skip
_TEXTS = (*_CELLS, *_LOOKS, *_TIMES, "ExtendedData")
_KNOWN = (*_TEXTS, *_GROUPS, *_DRAW)


def _note_strays(root: Element, met: _Met) -> None:
    """Note placemarks outside the folders of a document, such as those of an update of another file."""
    for element in root.iter():
        if _local(element) == "Placemark" and id(element) not in met.reached:
            name = _said(_child(element, "name"))
            met.report.add("dropped", "a placemark outside the folders of the document; left aside", value=name,
                           piece="feature")  # fmt: skip
            met.report.note("element", _n_elements(element))
            _count_drawn(element, met.report.note)
    met.reached.clear()
