"""Adding an image of one's own: GeoTIFF, JPEG2000, or JPEG and PNG with a world file or control points."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rasterio
import tomlkit
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer

from camps import files
from camps.errors import Fault, InputError, raise_faults
from camps.imagery import raster
from camps.imagery.grid import utm_crs
from camps.imagery.scene import SCENE_ID, Georeference, Scene, date_faults, get, scene_folder

POINT_COLUMNS = ("column", "row", "lon", "lat")
_FEWEST_POINTS = 3
#: Control points that miss by more pixels than this (root mean square) belong to another picture, or are mixed up.
MOST_MISFIT_PX = 5.0
_COLOURS = {1: ("grey",), 3: ("red", "green", "blue"), 4: ("red", "green", "blue", "nir")}


@dataclass(frozen=True)
class Described:
    """What a reader has to say about a picture, because no file says it reliably."""

    observed_on: str
    sensor: str
    licence: str
    attribution: str


def add(
    path: Path,
    *,
    observed_on: str,
    sensor: str,
    licence: str,
    attribution: str,
    scene_id: str | None = None,
    gsd_m: float | None = None,
    bands: Sequence[str] | None = None,
    crs: str | None = None,
    points: Path | None = None,
    nodata: float | None = None,
    folder: Path | None = None,
) -> Scene:
    """Register a picture of one's own and return it as a scene; the picture stays where it is.

    Parameters
    ----------
    path
        GeoTIFF, JPEG2000, JPEG, PNG or anything else that GDAL reads.
    observed_on
        UTC date of the image, YYYY-MM-DD.
    sensor, licence, attribution
        Instrument, licence text, and the line to print on every picture made from it.
    scene_id
        Its id; the file's name and date when left out.
    gsd_m
        Ground sample distance in metres; the size of its pixels when left out.
    bands
        Names of the bands in the file's order; red, green, blue and nir are guessed for three or four.
    crs
        CRS of the world file, or of x and y in `points`, for a picture that names none.
    points
        CSV of control points: column, row (pixels from the upper left corner) and lon, lat in degrees, or x, y in
        `crs`.
    nodata
        Stored number that stands for nothing, where the file does not say so.
    folder
        Where to write the entry; ``geodata/scenes/`` when left out.

    Raises
    ------
    MissingError, InputError
        When the file cannot be read to its end, or has no georeference, or the control points do not fit.
    """
    named = _id_of(path, observed_on) if scene_id is None else scene_id
    _require_described(path, Described(observed_on, sensor, licence, attribution), named)
    with rasterio.Env(**raster.READING), raster.opened(str(path)) as dataset:
        placed = _georeference(dataset, crs, points)
        names = _band_names(dataset, bands)
        _require_whole(dataset)
        entry = {
            "id": named, "sensor": sensor,
            "observed_on": observed_on, "gsd_m": gsd_m or round(_pixel_m(dataset, placed), 3), "licence": licence,
            "attribution": attribution, **_placed(placed),
        }  # fmt: skip
    file = {"name": str(path.resolve()), "bands": names, "sha256": files.sha256(path), "bytes": path.stat().st_size}
    where = (folder or scene_folder()) / f"{entry['id']}.toml"
    _write(where, entry, {**file, **({"nodata": nodata} if nodata is not None else {})})
    return get(entry["id"], path=where)


def _id_of(path: Path, observed_on: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{path.stem}-{observed_on}").lstrip("-._")[-96:]


def _require_described(path: Path, described: Described, scene_id: str) -> None:
    def faults() -> Iterator[Fault]:
        if not SCENE_ID.fullmatch(scene_id):
            yield Fault("--id", repr(scene_id), "letters, digits, dots, hyphens and underscores, at most 96")
        yield from date_faults(described.observed_on, "--date")
        for name in ("sensor", "licence", "attribution"):
            if not getattr(described, name).strip():
                yield Fault(f"--{name}", "nothing", "text", "a picture without it is never shown")

    raise_faults(faults(), path.name)


def _georeference(dataset: Any, crs: str | None, points: Path | None) -> Georeference | None:
    if points is not None:
        return fit_points(points, crs=crs, pixels=(dataset.width, dataset.height))
    if dataset.crs is None and not dataset.transform.is_identity:
        if crs is None:
            raise InputError(
                f"{dataset.name}: has a world file and no CRS; say in which CRS it is: --crs EPSG:32645 or the like"
            )
        return Georeference(raster.as_crs(crs).to_string(), _six(dataset.transform))
    raster.placement(dataset)
    return None


def _band_names(dataset: Any, bands: Sequence[str] | None) -> list[str]:
    if bands is None:
        described = [name for name in dataset.descriptions if name]
        guessed = described if len(described) == dataset.count else _COLOURS.get(dataset.count)
        return list(guessed or (f"band{number}" for number in range(1, dataset.count + 1)))
    if len(bands) > dataset.count or len(set(bands)) != len(bands):
        raise InputError(f"{dataset.name}: {len(bands)} band names, the file has {dataset.count} bands; name each once")
    return list(bands)


def _require_whole(dataset: Any) -> None:
    # Every block is decoded once: a file cut short opens well and fails only where it ends.
    for _, window in dataset.block_windows(1):
        dataset.read(window=window)


def _pixel_m(dataset: Any, placed: Georeference | None) -> float:
    if placed is None:
        crs, transform = raster.placement(dataset)
    else:
        crs, transform = raster.as_crs(placed.crs), Affine(*placed.transform)
    return raster.pixel_m(dataset, crs, transform)


def _placed(placed: Georeference | None) -> dict[str, Any]:
    if placed is None:
        return {}
    misfit = {} if placed.residual_m is None else {"residual_m": round(placed.residual_m, 3)}
    return {"crs": placed.crs, "transform": list(placed.transform), **misfit}


def _write(path: Path, entry: dict[str, Any], file: dict[str, Any]) -> None:
    if path.exists():
        raise InputError(f"{path}: a scene of that id is there already; give another one with --id")
    document = tomlkit.document()
    scenes, tables = tomlkit.aot(), tomlkit.aot()
    tables.append(tomlkit.item(file))
    scenes.append(tomlkit.item({**entry, "file": tables}))
    document["scene"] = scenes
    files.write_text(path, tomlkit.dumps(document))


def fit_points(points: Path, *, crs: str | None = None, pixels: tuple[int, int] | None = None) -> Georeference:
    """Return the affine georeference that fits control points best (least squares).

    Parameters
    ----------
    points
        CSV with column, row and lon, lat in degrees, or x, y in `crs`; pixels count from the upper left corner.
    crs
        CRS of x and y.
    pixels
        Columns and rows of the picture, for a check that the points lie in it.

    Returns
    -------
    Georeference
        On the UTM zone of the points; ``residual_m`` is null for three points, which any transform fits.

    Raises
    ------
    MissingError, InputError
        For fewer than three points, points on one line, points outside the picture, or a misfit beyond 5 pixels;
        the message names the worst point.
    """
    table = _read_points(points, by_crs=crs is not None, pixels=pixels)
    lon, lat = table["x"].to_numpy(), table["y"].to_numpy()
    if crs is not None:
        lon, lat = Transformer.from_crs(raster.as_crs(crs).to_wkt(), 4326, always_xy=True).transform(lon, lat)
    zone = utm_crs(float(np.mean(lon)), float(np.mean(lat)))
    there = np.column_stack(Transformer.from_crs(4326, zone, always_xy=True).transform(lon, lat))
    return _fit(table[["column", "row"]].to_numpy(), there, zone, points)


def _read_points(path: Path, *, by_crs: bool, pixels: tuple[int, int] | None) -> pd.DataFrame:
    wanted = ("column", "row", "x", "y") if by_crs else POINT_COLUMNS
    with files.readable(path):
        table = pd.read_csv(path, dtype=str, keep_default_na=False, skipinitialspace=True)
    missing = [name for name in wanted if name not in table]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; expected {', '.join(wanted)}")
    numbers = table[list(wanted)].apply(pd.to_numeric, errors="coerce")
    raise_faults(_point_faults(table, numbers, pixels), path.name)
    return pd.DataFrame(numbers.to_numpy(dtype="float64"), columns=["column", "row", "x", "y"])


def _point_faults(table: pd.DataFrame, numbers: pd.DataFrame, pixels: tuple[int, int] | None) -> Iterator[Fault]:
    for row, column in zip(*np.nonzero(~np.isfinite(numbers.to_numpy(dtype=float))), strict=True):
        name = numbers.columns[column]
        yield Fault(f"row {row + 2}, column {name}", repr(table[name].iloc[row]), "a number")
    if len(numbers) < _FEWEST_POINTS:
        yield Fault("the file", f"{len(numbers)} points", "at least 3, better 6 spread over the picture")
    if pixels is not None:
        outside = ~(numbers["column"].between(0, pixels[0]) & numbers["row"].between(0, pixels[1]))
        for row in np.flatnonzero(outside & numbers.notna().all(axis=1)):
            at = numbers.iloc[row]
            yield Fault(
                f"row {row + 2}", f"pixel {at['column']:g}, {at['row']:g}", f"inside {pixels[0]} by {pixels[1]}"
            )


def _fit(here: NDArray[Any], there: NDArray[Any], crs: str, source: Path) -> Georeference:
    design = np.column_stack([here, np.ones(len(here))])
    if np.linalg.matrix_rank(design - design.mean(axis=0) * [1, 1, 0]) < 3:
        raise InputError(f"{source}: the control points lie on one line; add one well off it")
    origin = there.mean(axis=0)
    solved, *_ = np.linalg.lstsq(design, there - origin, rcond=None)
    misses = np.hypot(*(design @ solved + origin - there).T)
    (a, d), (b, e), (c, f) = solved[0], solved[1], solved[2] + origin
    # Rows count downwards, so east and north turn the other way round from columns and rows.
    if a * e - b * d > 0:
        raise InputError(f"{source}: the control points show the picture mirrored; check them for swapped numbers")
    _require_fit(misses, float(np.sqrt(abs(a * e - b * d))), source)
    residual = float(np.sqrt(np.mean(misses**2))) if len(here) > _FEWEST_POINTS else None
    return Georeference(crs, (float(a), float(b), float(c), float(d), float(e), float(f)), residual)


def _require_fit(misses: NDArray[Any], pixel: float, source: Path) -> None:
    rms = float(np.sqrt(np.mean(misses**2)))
    if rms > MOST_MISFIT_PX * pixel:
        worst = int(np.argmax(misses))
        raise InputError(
            f"{source}: the control points miss by {rms / pixel:.1f} pixels (root mean square), expected at most "
            f"{MOST_MISFIT_PX:g}; row {worst + 2} misses most ({misses[worst]:.0f} m): check it for swapped numbers"
        )


def _six(transform: Affine) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = (float(number) for number in tuple(transform)[:6])
    return a, b, c, d, e, f
