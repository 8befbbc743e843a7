"""The offline base: land, borders, provinces, rivers, lakes and places in a few hundred kilobytes.

Three scales of Natural Earth are kept under ``camps/basemap_data/``: ``world`` (whole globe, for zooms below about 4),
``asia`` (44–152° E, below about 6.5) and ``china`` (70–138° E, beyond). Each is simplified to half a screen pixel at
the zoom where the next takes over, so that the change between them cannot be seen. For a map elsewhere ``region`` and
``fine`` hold the whole globe at such scales, and the map carries the part that it shows. Coordinates are encoded
polylines (Google's algorithm: deltas as printable text) in EPSG:4326, latitude first, as that format has it.

Borders are Natural Earth's: the line held on the ground. Natural Earth's own attributes do not travel with the
packaged files, so the stretches that governments dispute are named in ``disputed.csv`` by boxes, and any border inside
one is kept in a layer of its own, which maps draw dashed. Claim lines away from the line held are not drawn.
"""

from __future__ import annotations

import json
import math
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from shapely.geometry.base import BaseGeometry

from camps import files, settings
from camps.errors import InputError

SCALES = ("world", "asia", "china")

#: Box of the shaded relief (west, south, east, north) and its width in pixels.
RELIEF_BOX = (58.0, 5.0, 146.0, 58.0)
_RELIEF_WIDTH, _WORLD_RELIEF_WIDTH = 2400, 4096
#: The same for the whole globe.
WORLD_RELIEF_BOX = (-180.0, -60.0, 180.0, 80.0)
#: Degrees of longitude and latitude around the sites of a map that a view may show before the coarser scale is enough.
_AROUND = {"region": (40.0, 25.0), "fine": (12.0, 8.0)}
#: Boxes (west, south, east, north) of rings that Natural Earth has among the borders and that are none: Baikonur, a
#: lease.
_LEASES = ((62.7, 45.5, 64.1, 46.5),)
#: Width of the blur that takes the tints of height away from the shading, in source pixels, and what stays of them.
_TINT_SIGMA = 22.0
_TINT_KEPT = 0.18
_FEATHER_PX = 260
#: Pieces of five bits in the longest number: 180 degrees at nine decimals.
_MOST_PIECES = 8

Box = tuple[float, float, float, float]
Rings = list[NDArray[np.float64]]


class Scale(NamedTuple):
    """How one scale is made: its box (west, south, east, north), tolerance and digits kept, in degrees."""

    box: Box
    tolerance_deg: float
    digits: int
    min_area_deg2: float


_RECIPES = {
    "world": Scale((-180.0, -60.0, 180.0, 84.0), 0.04, 2, 0.05),
    "asia": Scale((44.0, -11.0, 152.0, 62.0), 0.008, 3, 0.002),
    "china": Scale((70.0, 15.0, 138.0, 55.0), 0.0015, 4, 0.0001),
    "region": Scale((-180.0, -60.0, 180.0, 84.0), 0.008, 3, 0.002),
    "fine": Scale((-180.0, -60.0, 180.0, 84.0), 0.003, 4, 0.0005),
}
_AREAS = ("land", "lakes")


def folder() -> Path:
    """Return the folder of the base map's files, which travel with the package."""
    return settings.BASEMAP


def read_scale(name: str) -> dict[str, Any]:
    """Return one scale: ``name``, ``digits``, ``bounds`` (W, S, E, N) and ``layers`` of encoded polylines.

    Raises
    ------
    InputError
        When there is no scale of that name.
    MissingError
        When its file is not there.
    """
    if name not in _RECIPES:
        raise InputError(f"{name}: no such scale of the base map; expected one of {', '.join(_RECIPES)}")
    path = folder() / f"{name}.json"
    with files.readable(path):
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def is_at_home(box: Box) -> bool:
    """Return whether the scales and places made for Asia hold a box (west, south, east, north)."""
    west, south, east, north = _RECIPES["asia"].box
    return west <= box[0] and south <= box[1] and box[2] <= east and box[3] <= north


def read_scales(box: Box) -> list[dict[str, Any]]:
    """Return the scales that a map of a box carries, coarse to fine, each as :func:`read_scale` has it.

    Parameters
    ----------
    box
        West, south, east, north in degrees; east is above 180 where the box lies across the antimeridian.

    Returns
    -------
    list
        The whole globe, and of the two finer scales the part around the box.
    """
    if is_at_home(box):
        return [read_scale(name) for name in SCALES]
    return [read_scale("world"), *(read_part(name, box) for name in _AROUND)]


def read_part(name: str, box: Box) -> dict[str, Any]:
    """Return the part around a box of one of the scales of the whole globe, ``region`` or ``fine``, as that is read."""
    return _part(read_scale(name), _padded(box, *_AROUND[name]))


def _padded(box: Box, lon_deg: float, lat_deg: float) -> Box:
    west, south, east, north = box
    low, high = (-180.0, 180.0) if east <= 180 else (0.0, 360.0)
    return (
        max(west - lon_deg, low),
        max(south - lat_deg, -60.0),
        min(east + lon_deg, high),
        min(north + lat_deg, 84.0),
    )


def _part(scale: dict[str, Any], box: Box) -> dict[str, Any]:
    turns = (0.0, 360.0) if box[2] > 180 else (0.0,)
    digits = scale["digits"]
    layers = {
        name: _cut_lines(lines, digits, box, turns, areas=name in _AREAS) for name, lines in scale["layers"].items()
    }
    return {**scale, "bounds": list(box), "layers": layers}


def _cut_lines(lines: Sequence[str], digits: int, box: Box, turns: Sequence[float], *, areas: bool) -> list[str]:
    """Return the parts of encoded lines, or rings, that lie in a box, with whole turns of longitude added."""
    if not lines:
        return []
    points, of_line = _decode_lines(lines, digits)
    found: list[BaseGeometry] = []
    for turn in turns:
        shifted = points + np.array([turn, 0.0])
        if areas:
            shapes = shapely.polygons(shapely.linearrings(shifted, indices=of_line))
        else:
            shapes = shapely.linestrings(shifted, indices=of_line)
        parts = shapely.get_parts(shapely.clip_by_rect(shapes, *box))
        parts = parts[~shapely.is_empty(parts)]
        found += list(shapely.get_exterior_ring(parts) if areas else parts)
    if not found:
        return []
    coordinates, number = shapely.get_coordinates(found, return_index=True)
    return [line for line in encode_lines(coordinates, number, digits) if line]


def read_places(*, world: bool = False) -> pd.DataFrame:
    """Return the named places: name by language, lon, lat, kind, rank (1 = first to be labelled).

    Parameters
    ----------
    world
        Those of the whole globe; otherwise those of Asia, which are more and have Uyghur names.
    """
    named = ("places.csv", "world_places.csv")
    table, more = (_places(name) for name in (named[::-1] if world else named))
    # What one table does not say in a language, the other may.
    known = more.drop_duplicates("name_en").set_index("name_en")
    for name in known.filter(like="name_"):
        said = table["name_en"].map(known[name])
        table[name] = table[name].fillna(said) if name in table else said
    return table.sort_values(["rank", "name_en"], kind="stable").reset_index(drop=True)


def _places(name: str) -> pd.DataFrame:
    path = folder() / name
    with files.readable(path):
        places = pd.read_csv(path, keep_default_na=False, na_values=[""])
    return places.astype({column: "string" for column in places if str(column).startswith("name_")})


def read_sources() -> dict[str, Any]:
    """Return where the base map's files come from: package, version, SHA-256 and licence of each."""
    path = folder() / "sources.toml"
    with files.readable(path):
        return tomllib.loads(path.read_text(encoding="utf-8"))


def read_relief(*, world: bool = False) -> bytes:
    """Return the shaded relief as WebP bytes: grey, 128 where the ground is level, in Web Mercator.

    It covers RELIEF_BOX, or coarser the whole WORLD_RELIEF_BOX.
    """
    path = folder() / ("world_relief.webp" if world else "relief.webp")
    with files.readable(path):
        return path.read_bytes()


def encode_line(lonlat: NDArray[np.float64], digits: int) -> str:
    """Return a line of (lon, lat) rows, in degrees, as an encoded polyline kept to `digits` decimals."""
    return encode_lines(lonlat, np.zeros(len(lonlat), dtype=np.intp), digits)[0]


def encode_lines(lonlat: NDArray[np.float64], line: NDArray[np.intp], digits: int) -> list[str]:
    """Return many lines as encoded polylines, without a loop over points.

    Parameters
    ----------
    lonlat
        All points, (lon, lat) rows in degrees, line after line.
    line
        The number of the line of each point: 0, 1, 2 … in order, none left out.
    digits
        Decimals kept; a point that repeats the one before it at that precision is left out.
    """
    whole = np.rint(lonlat[:, ::-1] * 10**digits).astype(np.int64)
    starts = np.append(True, line[1:] != line[:-1])
    keep = starts | np.append(True, np.any(whole[1:] != whole[:-1], axis=1))
    whole, starts, line = whole[keep], starts[keep], line[keep]
    deltas = np.where(starts[:, None], whole, np.diff(whole, axis=0, prepend=0)).ravel()
    characters, counts = _encode_numbers(deltas)
    ends = np.cumsum(np.bincount(np.repeat(line, 2), weights=counts).astype(np.int64))
    text = characters.tobytes().decode("ascii")
    return [text[start:end] for start, end in zip(np.append(0, ends[:-1]), ends, strict=True)]


def _encode_numbers(numbers: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the characters of all numbers, five bits each and the lowest first, and how many each number has."""
    zigzag = (numbers << 1) ^ (numbers >> 63)
    pieces = zigzag[:, None] >> (5 * np.arange(_MOST_PIECES))
    counts = np.maximum(1, np.count_nonzero(pieces, axis=1))
    place = np.arange(_MOST_PIECES)
    marked = (pieces & 0x1F) | np.where(place < counts[:, None] - 1, 0x20, 0)
    return (marked + 63).astype(np.uint8)[place < counts[:, None]], counts


def decode_line(text: str, digits: int) -> NDArray[np.float64]:
    """Return the (lon, lat) rows, in degrees, of an encoded polyline."""
    numbers = list(_decode_numbers(text))
    latlon = np.cumsum(np.array(numbers, dtype=np.float64).reshape(-1, 2), axis=0) / 10**digits
    return np.asarray(latlon[:, ::-1], dtype=np.float64)


def _decode_lines(lines: Sequence[str], digits: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return all (lon, lat) rows of encoded lines, in degrees, and the number of the line of each."""
    pieces = np.frombuffer("".join(lines).encode("ascii"), dtype=np.uint8).astype(np.int64) - 63
    last = pieces < 0x20
    starts = np.flatnonzero(np.append(True, last[:-1]))
    place = np.arange(len(pieces)) - np.repeat(starts, np.diff(np.append(starts, len(pieces))))
    raw = np.add.reduceat((pieces & 0x1F) << (5 * place), starts)
    deltas = np.where(raw & 1, ~(raw >> 1), raw >> 1).reshape(-1, 2)
    ends = np.cumsum(np.array([len(line) for line in lines]))
    of_line = np.searchsorted(ends, starts[::2], side="right")
    sums = np.cumsum(deltas, axis=0)
    first = np.flatnonzero(np.append(True, of_line[1:] != of_line[:-1]))
    before = np.vstack([np.zeros((1, 2), dtype=np.int64), sums])[first]
    whole = sums - np.repeat(before, np.diff(np.append(first, len(sums))), axis=0)
    return whole[:, ::-1] / 10**digits, of_line


def _decode_numbers(text: str) -> Iterator[int]:
    value, shift = 0, 0
    for character in text:
        piece = ord(character) - 63
        value |= (piece & 0x1F) << shift
        shift += 5
        if piece < 0x20:
            yield ~(value >> 1) if value & 1 else value >> 1
            value, shift = 0, 0


def build_basemap(sources: Path, out: Path | None = None) -> list[Path]:
    """Build the three scales from the packages named in ``sources.toml`` and return the paths written.

    Parameters
    ----------
    sources
        A folder with the unpacked packages, each under the folder name that ``sources.toml`` gives it.
    out
        Where to write; that folder by default.

    Raises
    ------
    MissingError
        When a source file is not there.
    InputError
        When a source file does not have the SHA-256 recorded for it.
    """
    paths = {name: _verified(sources, entry) for name, entry in read_sources()["file"].items()}
    disputed = _disputed_area()
    written = []
    for name, recipe in _RECIPES.items():
        raw = _world_layers(paths) if name == "world" else _regional_layers(paths, recipe.box, name in SCALES)
        layers = _encode_layers(raw, recipe, disputed)
        content = {"name": name, "digits": recipe.digits, "bounds": list(recipe.box), "layers": layers}
        written.append(_write_compact((out or folder()) / f"{name}.json", content))
    for file, box in {"relief.webp": RELIEF_BOX, "world_relief.webp": WORLD_RELIEF_BOX}.items():
        written.append(_write_relief(paths["relief"], _read_parts(paths["land"], box), (out or folder()) / file, box))
    return written


def _write_relief(source: Path, land: list[BaseGeometry], path: Path, box: Box) -> Path:
    width = _RELIEF_WIDTH if box == RELIEF_BOX else _WORLD_RELIEF_WIDTH
    shade = _mercator(_level(_grey(source)), box, width)
    shade = np.where(_land_mask(land, shade.shape, box), shade, 128.0)
    with files.replacing(path) as temporary:
        Image.fromarray(np.rint(shade).astype(np.uint8)).save(temporary, format="WEBP", quality=55, method=6)
    return path


def _grey(source: Path) -> NDArray[np.float64]:
    with Image.open(source) as image:
        return np.asarray(image.convert("L"), dtype=np.float64)


def _level(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the shading about 128, with most of the tints of height taken out."""
    tint = scipy.ndimage.gaussian_filter(grey, _TINT_SIGMA, mode="nearest")
    shade: NDArray[np.float64] = 128 + (grey - tint) * 1.15 + (tint - tint.mean()) * _TINT_KEPT
    return shade


def _mercator(shade: NDArray[np.float64], box: Box, width: int) -> NDArray[np.float64]:
    """Return a global plate carrée picture resampled to Web Mercator on a box, fading to 128 at its edges."""
    west, south, east, north = box
    per_degree = shade.shape[1] / 360
    top, foot = (np.arcsinh(np.tan(np.radians(lat))) for lat in (north, south))
    height = round(width * (top - foot) / np.radians(east - west))
    columns = (np.linspace(west, east, width, endpoint=False) + 180) * per_degree
    rows = (90 - np.degrees(np.arctan(np.sinh(np.linspace(top, foot, height, endpoint=False))))) * per_degree
    picture = scipy.ndimage.map_coordinates(shade, np.meshgrid(rows, columns, indexing="ij"), order=1, mode="nearest")
    # The whole globe has no edge in the east or west.
    across = np.ones(width) if east - west >= 360 else _edge_fade(width)
    fade = _edge_fade(height)[:, None] * across[None, :]
    return np.asarray(np.clip(128 + (picture - 128) * fade, 0, 255), dtype=np.float64)


def _land_mask(land: list[BaseGeometry], shape: tuple[int, ...], box: Box) -> NDArray[np.bool_]:
    """Return where a picture on a box shows land: the floor of the sea is not drawn."""
    west, south, east, north = box
    top, foot = (math.asinh(math.tan(math.radians(lat))) for lat in (north, south))
    mask = Image.new("1", (shape[1], shape[0]))
    pen = ImageDraw.Draw(mask)
    for ring in (ring for part in shapely.orient_polygons(land, exterior_cw=True) for ring in _rings(part)):
        x = (ring[:, 0] - west) / (east - west) * shape[1]
        y = (top - np.arcsinh(np.tan(np.radians(ring[:, 1])))) / (top - foot) * shape[0]
        pen.polygon(list(zip(x, y, strict=True)), fill=int(_ring_area(ring) < 0))
    return np.asarray(mask, dtype=np.bool_)


def _edge_fade(count: int) -> NDArray[np.float64]:
    place = np.arange(count)
    return np.clip(np.minimum(place, count - 1 - place) / _FEATHER_PX, 0.0, 1.0)


def _verified(sources: Path, entry: dict[str, str]) -> Path:
    path = sources / entry["path"]
    found = files.sha256(path)
    if found != entry["sha256"]:
        raise InputError(f"{path}: SHA-256 {found}, expected {entry['sha256']}; fetch {entry['package']} again")
    return path


def _write_compact(path: Path, content: dict[str, Any]) -> Path:
    lines = [f'"{key}":{json.dumps(value, separators=(",", ":"))}' for key, value in content.items() if key != "layers"]
    layers = ",\n".join(
        f'"{key}":[\n' + ",\n".join(json.dumps(line) for line in value) + "\n]"
        for key, value in content["layers"].items()
    )
    return files.write_text(path, "{" + ",\n".join(lines) + ',\n"layers":{\n' + layers + "\n}}\n")


def _world_layers(paths: dict[str, Path]) -> dict[str, list[BaseGeometry]]:
    world = json.loads(paths["world_50m"].read_text(encoding="utf-8"))
    countries = json.loads(paths["countries_50m"].read_text(encoding="utf-8"))
    return {
        "land": _polygons(_topology_rings(world, "land")),
        "lakes": _polygons(_topology_rings(world, "lakes")),
        "rivers": [shapely.LineString(line) for line in _topology_lines(world, "rivers")],
        "provinces": [],
        "borders": [shapely.LineString(line) for line in _shared_arcs(countries, "countries")],
    }


def _regional_layers(paths: dict[str, Path], box: Box, at_home: bool) -> dict[str, list[BaseGeometry]]:
    world = json.loads(paths["world_50m"].read_text(encoding="utf-8"))
    rivers = [shapely.LineString(line) for line in _topology_lines(world, "rivers")]
    read = {name: _read_parts(paths[name], box) for name in ("land", "lakes", "provinces", "borders")}
    leases = shapely.union_all([shapely.box(*lease) for lease in _LEASES])
    read["borders"] = [line for line in read["borders"] if not shapely.within(line, leases)]
    window, inside = shapely.box(*box), _country(paths, "China")
    kept = (line for line in read["provinces"] if at_home and shapely.contains(inside, shapely.centroid(line)))
    read["provinces"] = list(kept)
    return {**read, "rivers": [shapely.intersection(river, window) for river in rivers]}


def _country(paths: dict[str, Path], name: str) -> BaseGeometry:
    """Return the area of a country: the maps are about the camps of one, and the provinces of others are noise."""
    countries = json.loads(paths["countries_50m"].read_text(encoding="utf-8"))
    geometry = next(one for one in _geometries(countries, "countries") if one["properties"]["name"] == name)
    rings = [_stitch(ring, _arcs(countries)) for ring in _ring_indices(geometry)]
    area = shapely.union_all(_polygons(rings))
    shapely.prepare(area)
    return area


def _read_parts(path: Path, box: Box) -> list[BaseGeometry]:
    frame = gpd.read_file(path, bbox=box)
    clipped = shapely.intersection(shapely.make_valid(frame.geometry.to_numpy()), shapely.box(*box))
    return [part for part in shapely.get_parts(clipped) if not part.is_empty]


def _disputed_area() -> BaseGeometry:
    boxes = pd.read_csv(folder() / "disputed.csv")
    return shapely.union_all(shapely.box(boxes["west"], boxes["south"], boxes["east"], boxes["north"]))


def _encode_layers(raw: dict[str, list[BaseGeometry]], recipe: Scale, disputed: BaseGeometry) -> dict[str, list[str]]:
    lines = {
        "rivers": raw["rivers"],
        "provinces": raw["provinces"],
        "borders": [shapely.difference(line, disputed) for line in raw["borders"]],
        "disputed": [shapely.intersection(line, disputed) for line in raw["borders"]],
    }
    encoded = {name: _encode_areas(raw[name], recipe) for name in ("land", "lakes")}
    return encoded | {name: _encode_lines(parts, recipe) for name, parts in lines.items()}


def _encode_areas(parts: Iterable[BaseGeometry], recipe: Scale) -> list[str]:
    rings = [ring for part in parts for ring in _rings(part) if abs(_ring_area(ring)) >= recipe.min_area_deg2]
    simple = (shapely.get_coordinates(shapely.simplify(shapely.LineString(r), recipe.tolerance_deg)) for r in rings)
    return sorted(encode_line(ring, recipe.digits) for ring in simple if len(ring) >= 4)


def _rings(part: BaseGeometry) -> Rings:
    polygons = [piece for piece in shapely.get_parts(part) if piece.geom_type == "Polygon"]
    return [shapely.get_coordinates(ring) for piece in polygons for ring in (piece.exterior, *piece.interiors)]


def _ring_area(ring: NDArray[np.float64]) -> float:
    x, y = ring.T
    return float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2


def _encode_lines(parts: Sequence[BaseGeometry], recipe: Scale) -> list[str]:
    pieces = [piece for piece in shapely.get_parts(np.array(parts, dtype=object)) if piece.geom_type == "LineString"]
    pieces = [piece for piece in pieces if not piece.is_empty]
    # Lines that end where the next begins are joined first, so that a dash pattern runs on and no joint shows.
    merged = shapely.get_parts(shapely.line_merge(shapely.MultiLineString(pieces)))
    simple = shapely.simplify(merged, recipe.tolerance_deg)
    # Shorter than the last digit kept, a line would be a point.
    long = simple[shapely.length(simple) > 10.0**-recipe.digits]
    return sorted(encode_line(shapely.get_coordinates(line), recipe.digits) for line in long)


def _polygons(rings: Iterable[NDArray[np.float64]]) -> list[BaseGeometry]:
    return [shapely.Polygon(ring) for ring in rings if len(ring) >= 4]


def _topology_rings(topology: dict[str, Any], name: str) -> Rings:
    arcs = _arcs(topology)
    rings = [_stitch(ring, arcs) for geometry in _geometries(topology, name) for ring in _ring_indices(geometry)]
    return [_unwrapped(ring) for ring in rings]


def _unwrapped(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a ring that runs on past 180° where it crosses the antimeridian, instead of jumping round the globe."""
    lon = np.unwrap(ring[:, 0], period=360)
    return np.column_stack([lon - 360 * np.round((lon.mean() - ring[:, 0].mean()) / 360), ring[:, 1]])


def _topology_lines(topology: dict[str, Any], name: str) -> Rings:
    arcs = _arcs(topology)
    lines = []
    for geometry in _geometries(topology, name):
        parts = geometry["arcs"] if geometry["type"] == "MultiLineString" else [geometry["arcs"]]
        lines += [_stitch(part, arcs) for part in parts]
    return lines


def _shared_arcs(topology: dict[str, Any], name: str) -> Rings:
    """Return the arcs that two countries share, each once: borders on land without the coast."""
    uses: dict[int, set[int]] = {}
    for number, geometry in enumerate(_geometries(topology, name)):
        for ring in _ring_indices(geometry):
            for arc in ring:
                uses.setdefault(arc if arc >= 0 else ~arc, set()).add(number)
    arcs = _arcs(topology)
    return [arcs[arc] for arc, users in sorted(uses.items()) if len(users) > 1]


def _geometries(topology: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [geometry for geometry in topology["objects"][name]["geometries"] if geometry.get("arcs")]


def _ring_indices(geometry: dict[str, Any]) -> list[list[int]]:
    if geometry["type"] == "Polygon":
        return list(geometry["arcs"])
    return [ring for polygon in geometry["arcs"] for ring in polygon]


def _arcs(topology: dict[str, Any]) -> Rings:
    scale, translate = (np.array(topology["transform"][key], dtype=np.float64) for key in ("scale", "translate"))
    return [np.cumsum(np.array(arc, dtype=np.float64), axis=0) * scale + translate for arc in topology["arcs"]]


def _stitch(indices: Sequence[int], arcs: Rings) -> NDArray[np.float64]:
    pieces = [arcs[index] if index >= 0 else arcs[~index][::-1] for index in indices]
    return np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])


def main(arguments: Sequence[str]) -> None:
    """Build the base map from a folder of unpacked packages: ``python -m camps.basemap FOLDER``."""
    for path in build_basemap(Path(arguments[0])):
        print(f"{path}  {math.ceil(path.stat().st_size / 1000)} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
