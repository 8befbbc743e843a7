"""Adding an image of one's own: GeoTIFF, JPEG2000, or JPEG and PNG with a world file or control points."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import rasterio
import tomlkit
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.enums import ColorInterp

from camps import files, record
from camps.crs import to_degrees, unshifted
from camps.errors import CheckError, Fault, InputError, raise_faults
from camps.imagery import opening, placing, raster
from camps.imagery.placing import MOST_MISFIT_PX, Placement, as_crs
from camps.imagery.scene import (
    MASK_BAND,
    SCENE_ID,
    UNUSED_BAND,
    Band,
    Georeference,
    Scene,
    date_faults,
    get,
    scene_folder,
)

POINT_COLUMNS = ("column", "row", "lon", "lat")
Warp = Literal["affine", "tps"]
#: Names that bands have in common (STAC, extension eo), and those of the suite.
COMMON_NAMES = frozenset((
    "pan", "coastal", "blue", "green", "green05", "yellow", "red", "rededge", "rededge071", "rededge075", "rededge078",
    "nir", "nir08", "nir09", "cirrus", "swir16", "swir22", "lwir", "lwir11", "lwir12", "scl", "grey", MASK_BAND,
))  # fmt: skip
#: Colour interpretations that are names of bands; a band of any other, or of none, has to be named.
_NAMED = ("red", "green", "blue", "nir", "coastal", "pan", "rededge")


@dataclass(frozen=True)
class Hints:
    """How to read a picture, where its file does not say so or says it wrong.

    Attributes
    ----------
    bands
        Names in the file's order; ``alpha`` for a band that is 0 where there is no ground, ``-`` for one that is not
        used. By the file's own names and colours when left out.
    gsd_m
        Ground sample distance in metres; the size of its pixels when left out.
    nodata
        Stored number that stands for nothing.
    scale, offset
        value = stored · scale + offset, in place of the file's.
    crs
        CRS of the world file, of control points inside the file, or of x and y in `points`.
    points
        CSV of control points: column, row (pixels from the upper left corner) and lon, lat in degrees, or x, y in
        `crs`.
    warp
        ``affine`` through the control points by least squares, or ``tps``, a thin-plate spline, for a bent picture.
    tolerance_px
        Pixels that the control points may be missed by (root mean square).
    """

    bands: Sequence[str] | None = None
    gsd_m: float | None = None
    nodata: float | None = None
    scale: float | None = None
    offset: float | None = None
    crs: str | None = None
    points: Path | None = None
    warp: Warp = "affine"
    tolerance_px: float = MOST_MISFIT_PX


@dataclass(frozen=True)
class Description:
    """What a picture holds and how it is read.

    Attributes
    ----------
    bands
        Names in the file's order, with ``alpha`` and ``-`` as in :class:`Hints`.
    gsd_m
        Ground sample distance in metres.
    georeference
        As fitted or given; ``None`` where the file's own holds.
    scaling
        Scale and offset of each band.
    account
        Pixels by what became of them: ``valid``, or hidden by ``mask``, ``alpha``, ``nodata`` or ``no number``,
        whichever comes first. They sum up to all pixels of the picture.
    notes
        What a reader should know, a sentence each.
    """

    bands: tuple[str, ...]
    gsd_m: float
    georeference: Georeference | None
    scaling: tuple[tuple[float, float], ...]
    account: dict[str, int]
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """Return the account as one line."""
        parts = " + ".join(f"{name} {number:,}" for name, number in self.account.items())
        return f"pixels {sum(self.account.values()):,} = {parts}"


def add(
    path: Path,
    *,
    observed_on: str,
    sensor: str,
    licence: str,
    attribution: str,
    scene_id: str | None = None,
    folder: Path | None = None,
    described: Description | None = None,
    hints: Hints | None = None,
) -> Scene:
    """Register a picture of one's own and return it as a scene; the picture stays where it is.

    Parameters
    ----------
    path
        GeoTIFF, JPEG 2000, JPEG or PNG.
    observed_on
        UTC date of the image, YYYY-MM-DD, or the first and last of a composite with a slash between them.
    sensor, licence, attribution
        Instrument, licence text, and the line to print on every picture made from it.
    scene_id
        Its id; the file's name and date when left out.
    folder
        Where to write the entry; ``geodata/scenes/`` when left out.
    described
        What :func:`describe` has found, when it was asked before.
    hints
        How to read it, where the file does not say so.

    Raises
    ------
    MissingError, InputError
        When the file cannot be read to its end, does not say how to read it, or the control points do not fit.
    """
    named = check_told(
        path, observed_on=observed_on, sensor=sensor, licence=licence, attribution=attribution, scene_id=scene_id
    )
    how = hints or Hints()
    found = described or describe(path, how)
    entry = {
        "id": named, "sensor": sensor, "observed_on": observed_on, "gsd_m": found.gsd_m, "licence": licence,
        "attribution": attribution, **_placed(found.georeference),
    }  # fmt: skip
    where = (folder or scene_folder()) / f"{named}.toml"
    _write(where, entry, {**_file(path, found), **({"nodata": how.nodata} if how.nodata is not None else {})})
    return get(named, path=where)


def _id_of(path: Path, observed_on: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{path.stem}-{observed_on}").lstrip("-._")[-96:]


def check_told(path: Path, *, observed_on: str, scene_id: str | None = None, **rights: str) -> str:
    """Return the id of a picture of which all is told that a scene needs; see :func:`add`.

    Raises
    ------
    InputError
        For a date or an id that is none, or a text among sensor, licence and attribution that is empty or has a place
        to be filled in; all are named at once.
    """
    named = _id_of(path, observed_on) if scene_id is None else scene_id

    def faults() -> Iterator[Fault]:
        if not SCENE_ID.fullmatch(named):
            yield Fault("--id", repr(named), "letters, digits, dots, hyphens and underscores, at most 96")
        yield from date_faults(observed_on, "--date")
        for name, text in rights.items():
            if not text.strip():
                yield Fault(f"--{name}", "nothing", "text", "a picture without it is never shown")
            elif said := re.search(r"\{\w*\}", text):
                yield Fault(f"--{name}", f"{said[0]!r}, which nothing fills in", "the text as it is printed")

    raise_faults(faults(), path.name)
    return named


def _file(path: Path, found: Description) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": str(path.resolve()), "bands": list(found.bands), "sha256": files.sha256(path),
        "bytes": path.stat().st_size,
    }  # fmt: skip
    if set(found.scaling) != {(1.0, 0.0)}:
        entry |= {"scale": [scale for scale, _ in found.scaling], "offset": [offset for _, offset in found.scaling]}
    return entry


def describe(path: Path, hints: Hints | None = None) -> Description:
    """Return what a picture holds and how it is read, having read it to its end. Raises as :func:`add` does."""
    how = hints or Hints()
    raise_faults(_number_faults(how), path.name)
    with rasterio.Env(**opening.READING), opening.opened(str(path)) as stored:
        placed = _georeference(stored, how)
        names = _band_names(stored, how.bands)
        shown = [name for name in names if name not in (MASK_BAND, UNUSED_BAND)]
        with opening.as_colours(stored, shown) as dataset:
            bands = _bands(path, names, how)
            raise_faults(_nodata_faults(dataset, bands, how.nodata), path.name)
            scaling = _scaling(dataset, names, how)
            size_m = how.gsd_m or round(placing.pixel_m(stored, _placement(stored, placed)), 3)
            found = Description(tuple(names), size_m, placed, scaling, _account(dataset, bands))
            return replace(found, notes=tuple(_notes(stored, dataset, found, how)))


def _number_faults(how: Hints) -> Iterator[Fault]:
    for name, number, positive in (
        ("gsd", how.gsd_m, True), ("scale", how.scale, False), ("offset", how.offset, False),
        ("tolerance", how.tolerance_px, True),
    ):  # fmt: skip
        if number is None:
            continue
        if not np.isfinite(number) or (positive and number <= 0):
            yield Fault(f"--{name}", f"{number:g}", "a number above 0" if positive else "a number")
        elif name == "scale" and number == 0:
            yield Fault("--scale", "0", "another number", "with it every value is the same")


def _nodata_faults(dataset: Any, bands: Sequence[Band], nodata: float | None) -> Iterator[Fault]:
    """Yield the kinds of stored number that cannot hold what stands for nothing: all ground would count as seen."""
    for kind in dict.fromkeys(dataset.dtypes[band.index - 1] for band in bands):
        if nodata is None or not np.issubdtype(kind, np.integer):
            continue
        about = np.iinfo(kind)
        if not (float(nodata).is_integer() and about.min <= nodata <= about.max):
            yield Fault("--nodata", f"{nodata:g}", f"a number that {kind} can hold, {about.min} to {about.max}")


def _bands(path: Path, names: Sequence[str], how: Hints) -> list[Band]:
    mask = names.index(MASK_BAND) + 1 if MASK_BAND in names else None
    return [
        Band(name, str(path), number, nodata=how.nodata, mask=mask)
        for number, name in enumerate(names, 1)
        if name not in (MASK_BAND, UNUSED_BAND)
    ]


def _georeference(dataset: Any, how: Hints) -> Georeference | None:
    if how.points is not None:
        pixels = (dataset.width, dataset.height)
        return fit_points(
            how.points, crs=how.crs, pixels=pixels, warp=how.warp, tolerance_px=how.tolerance_px
        )  # fmt: skip
    own = dataset.crs is not None and not dataset.transform.is_identity
    if own and how.crs is not None and as_crs(how.crs) != dataset.crs:
        raise InputError(f"{dataset.name}: is placed in {dataset.crs.to_string()} by itself; leave out --crs")
    if dataset.gcps[0] and not own and (how.crs or dataset.gcps[1]):
        return placing.fit_file(dataset, crs=how.crs, warp=how.warp, tolerance_px=how.tolerance_px)
    if dataset.crs is None and not dataset.transform.is_identity:
        if how.crs is None:
            raise InputError(
                f"{dataset.name}: is placed, by a world file or by itself, and names no CRS; say in which it is: "
                "--crs EPSG:32645 or the like"
            )
        return Georeference(as_crs(how.crs).to_string(), _six(dataset.transform))
    placing.placement(dataset)
    return None


def _band_names(dataset: Any, bands: Sequence[str] | None) -> list[str]:
    if bands is not None:
        return _given_names(dataset, bands)
    if opening.has_palette(dataset):
        return list(opening.COLOURS)
    kinds = list(dataset.colorinterp)
    stated = [_stated_name(*one, alone=dataset.count) for one in zip(dataset.descriptions, kinds, strict=True)]
    names = [name for name in stated if name]
    if len(set(names)) < dataset.count:
        raise InputError(
            f"{dataset.name}: {dataset.count} bands, and no word on what each shows "
            f"({', '.join(kind.name for kind in kinds)}); name them in the file's order, such as "
            "--bands blue,green,red,nir, with 'alpha' for a mask and '-' for one that is not used"
        )
    return names


def _stated_name(description: str | None, kind: ColorInterp, *, alone: int) -> str | None:
    if kind is ColorInterp.alpha:
        return MASK_BAND
    if kind is ColorInterp.gray and alone <= 2 and not description:
        return "grey"
    return _common((description or "").strip()) or (kind.name if kind.name in _NAMED else None)


def _common(name: str) -> str:
    """Return a name of a band as the rest of the suite writes it, however it is written."""
    return name.casefold() if name.casefold() in COMMON_NAMES else name


def _given_names(dataset: Any, bands: Sequence[str]) -> list[str]:
    bands = [_common(name) for name in bands]
    used = [name for name in bands if name != UNUSED_BAND]
    n_bands = 3 if opening.has_palette(dataset) and set(used) <= set(opening.COLOURS) else dataset.count
    if len(bands) > n_bands or len(set(used)) != len(used) or not set(used) - {MASK_BAND}:
        raise InputError(
            f"{dataset.name}: --bands {','.join(bands)}, the file has {n_bands} bands; name each that is used once"
        )
    return list(bands)


def _scaling(dataset: Any, names: Sequence[str], how: Hints) -> tuple[tuple[float, float], ...]:
    if how.scale is not None or how.offset is not None:
        given = (1.0 if how.scale is None else how.scale, how.offset or 0.0)
        return tuple((1.0, 0.0) if name in raster.CLASS_BANDS else given for name in names)
    stated = zip(names, dataset.scales, dataset.offsets, strict=False)
    return tuple((1.0, 0.0) if name in raster.CLASS_BANDS else (scale, offset) for name, scale, offset in stated)


def _account(dataset: Any, bands: Sequence[Band]) -> dict[str, int]:
    """Return pixels by what became of them."""
    # Every block is decoded once: a file cut short opens well and fails only where it ends.
    counted: Counter[str] = Counter()
    numbers = [band.index for band in bands]
    for _, window in dataset.block_windows(1):
        stored = dataset.read(numbers, window=window)
        left = np.ones(stored.shape[1:], dtype=bool)
        for reason, hidden in _hidden(dataset, bands, stored, window):
            counted[reason] += int((left & hidden).sum())
            left &= ~hidden
        counted["valid"] += int(left.sum())
    if sum(counted.values()) != dataset.width * dataset.height:
        raise CheckError(
            f"{dataset.name}: {sum(counted.values())} pixels accounted for, expected all; report this file"
        )
    return {
        "valid": counted["valid"],
        **{name: number for name, number in counted.items() if name != "valid" and number},
    }


def _hidden(
    dataset: Any, bands: Sequence[Band], stored: NDArray[Any], window: Any
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    for one in raster.veil(dataset, bands[0]):
        yield "mask" if one == "mask,1" else MASK_BAND, ~raster.unveiled(dataset, [one], window)
    tags = [dataset.nodatavals[band.index - 1] if band.nodata is None else band.nodata for band in bands]
    void = [layer == tag for layer, tag in zip(stored, tags, strict=True) if tag is not None]
    yield "nodata", np.any(void, axis=0) if void else np.zeros(stored.shape[1:], dtype=bool)
    yield "no number", ~np.isfinite(stored).all(axis=0)


def _notes(stored: Any, dataset: Any, found: Description, how: Hints) -> Iterator[str]:
    yield _bands_note(stored, dataset, found.bands)
    placed = found.georeference
    if placed is not None and placed.residual_m is not None:
        means = "a thin-plate spline" if placed.points else "an affine transform"
        yield f"placed by {means}, which misses its control points by {placed.residual_m:.3g} m (root mean square)"
    stated, ground = how.crs or stored.crs or stored.gcps[1], placing.footprint(stored, _placement(stored, placed))
    if stated and (said := unshifted(CRS.from_user_input(stated), ground.get_coordinates().to_numpy())):
        yield said
    if stored.rpcs is not None:
        yield "its rational polynomial coefficients (RPCs) are not used"
    given = how.scale is not None or how.offset is not None
    for scale, offset in dict.fromkeys(one for one in found.scaling if one != (1.0, 0.0)):
        yield f"scale {scale:g} and offset {offset:g}, {'as given' if given else 'as the file states'}, applied once"
    tags = sorted({tag for tag in dataset.nodatavals if tag is not None})
    if tags and how.nodata is None:
        yield f"nodata {', '.join(f'{tag:g}' for tag in tags)}, as the file states"


def _bands_note(stored: Any, dataset: Any, names: Sequence[str]) -> str:
    used = [name for name in names if name not in (MASK_BAND, UNUSED_BAND)]
    said = f"bands {', '.join(used)}" + (" from its palette" if dataset is not stored else "")
    if MASK_BAND in names:
        said += "; alpha hides ground"
    unused = [str(n) for n in range(1, dataset.count + 1) if n > len(names) or names[n - 1] == UNUSED_BAND]
    return f"{said}; not used: band {', '.join(unused)}" if unused and dataset is stored else said


def _placement(dataset: Any, placed: Georeference | None) -> Placement:
    if placed is None:
        return placing.placement(dataset)
    return Placement(as_crs(placed.crs), Affine(*placed.transform), placed.points)


def _placed(placed: Georeference | None) -> dict[str, Any]:
    if placed is None:
        return {}
    misfit = {} if placed.residual_m is None else {"residual_m": round(placed.residual_m, 3)}
    bent = {"points": [list(point) for point in placed.points]} if placed.points else {}
    return {"crs": placed.crs, "transform": list(placed.transform), **misfit, **bent}


def _write(path: Path, entry: dict[str, Any], file: dict[str, Any]) -> None:
    if path.exists():
        raise InputError(f"{path}: a scene of that id is there already; give another one with --id")
    document = tomlkit.document()
    scenes, tables = tomlkit.aot(), tomlkit.aot()
    tables.append(tomlkit.item(file))
    scenes.append(tomlkit.item({**entry, "file": tables}))
    document["scene"] = scenes
    files.write_text(path, tomlkit.dumps(document))


def fit_points(
    points: Path,
    *,
    crs: str | None = None,
    pixels: tuple[int, int] | None = None,
    warp: Warp = "affine",
    tolerance_px: float = MOST_MISFIT_PX,
) -> Georeference:
    """Return the georeference that fits control points of a file; see :func:`camps.imagery.placing.fit`.

    Parameters
    ----------
    points
        CSV with column, row and lon, lat in degrees, or x, y in `crs`; pixels count from the upper left corner.
    crs
        CRS of x and y.
    pixels
        Columns and rows of the picture, for a check that the points lie in it.
    warp, tolerance_px
        As in :class:`Hints`.

    Raises
    ------
    MissingError, InputError
        For fewer than three points, points on one line, points outside the picture, or a misfit beyond the tolerance;
        the message names the worst point.
    """
    table = _read_points(points, by_crs=crs is not None, pixels=pixels)
    lon, lat = table["x"].to_numpy(), table["y"].to_numpy()
    if crs is not None:
        lon, lat = to_degrees(as_crs(crs).to_wkt(), str(points)).transform(lon, lat)
    here = table[["column", "row"]].to_numpy(dtype="float64")
    return placing.fit(here, lon, lat, what=points, warp=warp, tolerance_px=tolerance_px)


def _read_points(path: Path, *, by_crs: bool, pixels: tuple[int, int] | None) -> pd.DataFrame:
    wanted = ("column", "row", "x", "y") if by_crs else POINT_COLUMNS
    table = record.read_csv(path).rename(columns=str.strip)
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
    if len(numbers) < 3:
        yield Fault("the file", f"{len(numbers)} points", "at least 3, better 6 spread over the picture")
    if pixels is not None:
        outside = ~(numbers["column"].between(0, pixels[0]) & numbers["row"].between(0, pixels[1]))
        for row in np.flatnonzero(outside & numbers.notna().all(axis=1)):
            at = numbers.iloc[row]
            yield Fault(
                f"row {row + 2}", f"pixel {at['column']:g}, {at['row']:g}", f"inside {pixels[0]} by {pixels[1]}"
            )


def _six(transform: Affine) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = (float(number) for number in tuple(transform)[:6])
    return a, b, c, d, e, f
