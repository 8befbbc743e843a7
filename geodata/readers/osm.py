"""Reader of an OpenStreetMap extract: compounds drawn by mappers, as points and outlines."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import geopandas as gpd
import pandas as pd
import shapely
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from shapely.geometry.base import BaseGeometry

from camps import crs, settings, tables
from camps.errors import InputError
from camps.sources.base import Source, no_counts, no_parts, settled, site_frame
from camps.sources.registry import SourceEntry
from camps.sources.report import Report
from camps.sources.text import check_size

#: The tag that makes a closed way or a multipolygon a compound of this list.
TAG, VALUE = "prison_camp", "re-education"
_CONSTANTS = {"system": "xinjiang-internment", "country": "China", "admin1": "Xinjiang"}
_NAMES = {"name_en": ("name:en",), "name_zh": ("name:zh-Hans", "name"), "name_other": ("alt_name",)}
Ring = list[tuple[float, float]]


@dataclass
class _Extract:
    nodes: dict[str, tuple[float, float]] = field(default_factory=dict)
    ways: dict[str, list[str]] = field(default_factory=dict)
    tagged: list[tuple[str, str, dict[str, str], list[tuple[str, str]]]] = field(default_factory=list)


@settled
def read(path: Path, entry: SourceEntry, report: Report) -> Source:
    """Return the compounds of an OpenStreetMap XML extract.

    The point of a compound is the centroid of its outline, or a point inside it where the centroid is not, and
    ``r95_m`` reaches at least the farthest corner. ``outlines`` holds the outlines with their geodesic area.

    Raises
    ------
    MissingError, InputError
        When the file is not there, is no XML, defines entities, or holds no compound.
    """
    check_size(path)
    extract = _extract(path, report)
    shapes = [(*thing, _shape(thing, extract, report)) for thing in extract.tagged]
    found = [(kind, number, tags, shape) for kind, number, tags, _, shape in shapes if shape is not None]
    if not found:
        raise InputError(f"{path.name}: no closed way or multipolygon tagged {TAG}={VALUE}; is it another extract?")
    outlines = gpd.GeoSeries([shape for *_, shape in found], crs=4326)
    sites = site_frame(_columns(found, outlines), entry, index=pd.RangeIndex(1, len(found) + 1))
    raw = pd.DataFrame([{"type": kind, "id": number, **tags} for kind, number, tags, _ in found]).fillna("")
    report.use("feature", len(sites))
    return Source(entry, sites, no_counts(), no_parts(sites), report, raw, _outline_table(sites, outlines, entry))


def _extract(path: Path, report: Report) -> _Extract:
    extract = _Extract()
    try:
        for element in _elements(path):
            _take(element, extract, report)
    except DefusedXmlException as error:
        raise InputError(f"{path}: defines XML entities ({error!r}), which no extract does; get it again") from error
    except ParseError as error:
        raise InputError(f"{path}: not whole XML ({error}); fetch or export it again") from error
    return extract


def _elements(path: Path) -> Iterator[Element]:
    context = iterparse(str(path), events=("start", "end"), forbid_dtd=True)
    root: Element | None = None
    for event, element in context:
        root = element if root is None else root
        if event == "end" and element.tag in ("node", "way", "relation"):
            yield element
            root.clear()


def _take(element: Element, extract: _Extract, report: Report) -> None:
    number = element.get("id", "")
    tags = {tag.get("k", ""): tag.get("v", "") for tag in element.iter("tag")}
    if element.tag == "node":
        extract.nodes[number] = _position(element, number)
    if element.tag == "way":
        extract.ways[number] = [node.get("ref", "") for node in element.iter("nd")]
    if tags.get(TAG) != VALUE:
        return
    report.take("feature")
    if element.tag == "node":
        report.add("dropped", "a point, not an outline", key=f"node/{number}", piece="feature")
        return
    members = [(part.get("ref", ""), part.get("role", "")) for part in element.iter("member")]
    extract.tagged.append((element.tag, number, tags, members))


def _position(node: Element, number: str) -> tuple[float, float]:
    lon, lat = node.get("lon", ""), node.get("lat", "")
    try:
        x, y = float(lon), float(lat)
    except ValueError as error:
        raise InputError(f"node {number}: found lon {lon!r}, lat {lat!r}, expected degrees; fetch it again") from error
    if not (abs(x) <= 180 and abs(y) <= 90):
        raise InputError(f"node {number}: lon {lon}, lat {lat} is no place on earth; fetch the extract again")
    return x, y


def _shape(thing: tuple[str, str, dict[str, str], Any], extract: _Extract, report: Report) -> BaseGeometry | None:
    kind, number, _, members = thing
    key = f"{kind}/{number}"
    outer = [number] if kind == "way" else [ref for ref, role in members if role in ("outer", "")]
    inner = [ref for ref, role in members if role == "inner"]
    _note_members(members, extract, key, report)
    rings = _polygons(outer, extract, key, report)
    if rings is None:
        report.add(
            "dropped", "an outline that does not close, or whose nodes are not in the file", key=key, piece="feature"
        )
        return None
    holes = _polygons(inner, extract, key, report) if inner else None
    return _valid(shapely.difference(rings, holes or shapely.Polygon()), key, report)


def _note_members(members: list[tuple[str, str]], extract: _Extract, key: str, report: Report) -> None:
    """Count the members of a relation: what is no part of its outline, or is not in the file, is noted."""
    report.take("part", len(members))
    for ref, role in members:
        if role not in ("outer", "", "inner"):
            report.add(
                "noted", f"a member of the role {role!r}; no part of the outline", key=key, value=ref, piece="part"
            )
        elif ref not in extract.ways:
            report.add("dropped", "a member that is not in the file", key=key, value=ref, piece="part")
        else:
            report.use("part")


def _valid(shape: BaseGeometry, key: str, report: Report) -> BaseGeometry | None:
    if shape.is_valid and not shape.is_empty:
        return shape
    mended = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    if mended.is_empty:
        report.add("dropped", "an outline without an area", key=key, piece="feature")
        return None
    report.add("mended", "an outline that crosses itself; made valid", key=key)
    return mended


def _polygons(ways: list[str], extract: _Extract, key: str, report: Report) -> BaseGeometry | None:
    """Return the ground within ways joined end to end; nodes that are not there and lines left over are noted."""
    lines = [_line(way, extract, key, report) for way in ways if way in extract.ways]
    whole = shapely.polygonize_full([shapely.linestrings(line) for line in lines if len(line) > 1])
    left_over = sum(shapely.get_num_geometries(part) for part in whole[1:])
    if left_over or any(len(line) < 2 for line in lines):
        report.add("noted", "lines of the outline that close no ring; left out", key=key)
    return shapely.union_all(shapely.get_parts(whole[0])) if shapely.get_num_geometries(whole[0]) else None


def _line(way: str, extract: _Extract, key: str, report: Report) -> Ring:
    nodes = extract.ways[way]
    line = [extract.nodes[node] for node in nodes if node in extract.nodes]
    report.take("vertex", len(nodes))
    report.use("vertex", len(line))
    if len(line) < len(nodes):
        report.add("dropped", f"nodes of way {way} that are not in the file; the outline goes past them", key=key,
                   piece="vertex", pieces=len(nodes) - len(line))  # fmt: skip
    return line


def _columns(found: list[tuple[str, str, dict[str, str], BaseGeometry]], outlines: gpd.GeoSeries) -> dict[str, object]:
    points = _points(outlines)
    tags = [tags for _, _, tags, _ in found]
    return {
        **_CONSTANTS, **{name: [_first(one, keys) for one in tags] for name, keys in _NAMES.items()},
        "source_key": [f"{kind}/{number}" for kind, number, _, _ in found],
        "lon": points.x.to_numpy(), "lat": points.y.to_numpy(),
        "lon_published": [f"{x:.7f}" for x in points.x], "lat_published": [f"{y:.7f}" for y in points.y],
        "r95_m": _reach_m(outlines, points), "position_basis": "centroid of the published outline",
        "compound_area_m2": crs.area_m2(outlines).to_numpy(), "note": [_first(one, ("note",)) for one in tags],
    }  # fmt: skip


def _first(tags: dict[str, str], keys: tuple[str, ...]) -> str | None:
    return next((tags[key].strip() for key in keys if tags.get(key, "").strip()), None)


def _points(outlines: gpd.GeoSeries) -> gpd.GeoSeries:
    inside = gpd.GeoSeries(shapely.centroid(outlines.to_numpy()), crs=4326)
    return inside.where(outlines.contains(inside), outlines.representative_point())


def _reach_m(outlines: gpd.GeoSeries, points: gpd.GeoSeries) -> list[float]:
    reach = []
    for outline, point in zip(outlines, points, strict=True):
        corners = shapely.get_coordinates(outline)
        far = crs.distance_m((corners[:, 0], corners[:, 1]), (point.x, point.y)).max()
        reach.append(max(settings.DEFAULT_R95_M, float(far)))
    return reach


def _outline_table(sites: gpd.GeoDataFrame, outlines: gpd.GeoSeries, entry: SourceEntry) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(
        {
            "footprint_id": sites["site_id"] + "-outline", "site_id": sites["site_id"], "scene_id": entry.id,
            "kind": "compound", "area_m2": crs.area_m2(outlines), "perimeter_m": crs.perimeter_m(outlines),
            "edge_sd_m": None, "edge_bias_m": None, "method": "outline drawn by mappers",
            "wkb_sha256": [hashlib.sha256(shapely.to_wkb(shape)).hexdigest() for shape in outlines], "repair": None,
        },
        geometry=outlines.to_numpy(), crs=4326,
    )  # fmt: skip
    return tables.check(frame, "footprint", source=entry.id)
