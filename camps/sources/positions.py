"""Where the rows of a list say they are: printed positions read, swapped ones put right, impossible ones refused."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from camps.crs import Floats
from camps.errors import Fault, InputError, raise_faults
from camps.sources.coordinates import LIMIT_DEG, Axis, read_degrees, read_pair
from camps.sources.report import Report
from camps.sources.sea import in_sea
from camps.sources.shapes import GEOMETRY, LAT, LON, point_of
from camps.sources.values import missing_kind

FIELDS = ("lat", "lon", "latlon", "lonlat")
SWAPPED = "latitude and longitude were swapped; put right"

_REMEDY = "correct it, blank the cell, or say --null TEXT where the text means nothing"
_TURNED = "correct it, or say --map lat=COLUMN --map lon=COLUMN where the columns are the other way round"
#: A row this many times farther out than most of the list is tried the other way round.
_FAR = 5.0
_LEAST_SPREAD_DEG = 2.0
#: Of a list that covers more than this nobody can say among which others a row falls.
_MOST_SPREAD_DEG = 10.0
_FEWEST_ROWS = 5
_MOST_ROWS = 0.8
#: No camp lies so far from any land that the base map knows; an island that it leaves out may lie nearer.
_FAR_OUT_M = 100_000.0
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Positions:
    """Printed and read coordinates, row by row; NaN where a row prints none."""

    lon_text: Any
    lat_text: Any
    lon: Floats
    lat: Floats

    def swapped(self, rows: Flags) -> Positions:
        """Return the positions with latitude and longitude exchanged in the flagged rows; what is printed stays."""
        return replace(self, lon=np.where(rows, self.lat, self.lon), lat=np.where(rows, self.lon, self.lat))

    @property
    def placed(self) -> Flags:
        """Return which rows have both coordinates."""
        return np.asarray(~np.isnan(self.lon) & ~np.isnan(self.lat))


def read_positions(raw: pd.DataFrame, mapping: Mapping[str, str], name: str, report: Report) -> pd.DataFrame:
    """Return the position of every row that prints one.

    Parameters
    ----------
    raw
        The list as printed; a geometry column gives the position unless lat, latlon or lonlat is mapped.
    mapping
        Field → column.
    name
        The file, for messages.
    report
        Takes a remark for each row dropped for want of a position, swapped, or in the sea.

    Returns
    -------
    DataFrame
        lon, lat (degrees), lon_published, lat_published (as printed); index of `raw` without the rows dropped.

    Raises
    ------
    InputError
        When a printed position cannot be read or is no place on earth (all are named at once), or no row prints one.
    """
    drawn = uses_geometry(raw, mapping)
    positions, faults = (_drawn(raw), []) if drawn else _printed(raw, mapping, report)
    turned = _swapped(positions)
    for position in np.flatnonzero(turned):
        printed = f"{positions.lat_text[position]}, {positions.lon_text[position]}"
        report.add("mended", SWAPPED, row=_row(raw, position), value=printed)
    mended = positions.swapped(turned)
    faults += _out_of_range(mended, raw)
    report.refuse("row", len({fault.where.partition(",")[0] for fault in faults}))
    raise_faults(faults, name)
    return _placed(raw, mended, name, report)


def uses_geometry(raw: pd.DataFrame, mapping: Mapping[str, str]) -> bool:
    """Return whether positions come from the geometry of the file rather than from mapped columns."""
    return GEOMETRY in raw and not {"lat", "latlon", "lonlat"} & set(mapping)


def _row(raw: pd.DataFrame, position: np.signedinteger[Any]) -> int:
    return int(raw.index.to_numpy()[position])


def _drawn(raw: pd.DataFrame) -> Positions:
    points = [point_of(shape) for shape in raw[GEOMETRY]]
    lon, lat = np.array([point.x for point in points]), np.array([point.y for point in points])
    return Positions(raw[LON].to_numpy(dtype=object), raw[LAT].to_numpy(dtype=object), lon, lat)


def _printed(raw: pd.DataFrame, mapping: Mapping[str, str], report: Report) -> tuple[Positions, list[Fault]]:
    faults: list[Fault] = []
    columns = ", ".join(mapping[what] for what in FIELDS if what in mapping)
    both = {"lat", "lon"} <= set(mapping)
    named = [mapping["lon"], mapping["lat"]] if both else [mapping.get("latlon") or mapping["lonlat"]]
    degrees = np.full((2, len(raw)), np.nan)
    texts = [raw[name].array if both else np.full(len(raw), "", dtype=object) for name in (named * 2)[:2]]
    for at, (row, *cells) in enumerate(zip(raw.index, *(raw[name] for name in named), strict=True)):
        try:
            lon, lat = cells if both else _halves(cells[0], lat_first="latlon" in mapping)
            degrees[:, at] = _one(lon, lat, int(row), report)
            if not both:
                texts[0][at], texts[1][at] = lon, lat
        except ValueError as error:
            faults.append(Fault(f"row {row}, column {columns}", str(error), "a position", _REMEDY))
    return Positions(texts[0], texts[1], degrees[0], degrees[1]), faults


def _one(lon: str, lat: str, row: int, report: Report) -> tuple[float, float]:
    """Return longitude and latitude in degrees, NaN where a row prints none."""
    if missing_kind(lon) is not None or missing_kind(lat) is not None:
        return np.nan, np.nan
    east, north = read_degrees(lon), read_degrees(lat)
    if east.axis == "lat" and north.axis == "lon":
        report.add("mended", SWAPPED, row=row, value=f"{lat}, {lon}")
        return north.value, east.value
    if east.axis == "lat" or north.axis == "lon":
        raise ValueError(f"{lat!r} and {lon!r}, where a hemisphere letter contradicts its column")
    return east.value, north.value


def _halves(cell: str, *, lat_first: bool) -> tuple[str, str]:
    """Return longitude and latitude as printed in one cell that holds both."""
    if missing_kind(cell) is not None:
        return cell, cell
    first, second = read_pair(cell)
    return (second, first) if lat_first else (first, second)


def _swapped(positions: Positions) -> Flags:
    """Return which rows have latitude and longitude plainly exchanged: all of a list, a few of a compact one, or none.

    A list is turned when most of its rows can be no place of a list as they are, and every one can be after it. Fewer
    rows are turned where they then fall among the others. Anything else stays: a slip of the pen is a fault of its row.
    """
    placed = positions.placed
    turnable = placed & (np.abs(positions.lon) <= LIMIT_DEG["lat"])
    if placed.sum() < _FEWEST_ROWS:
        return np.zeros(len(placed), dtype=bool)
    if turnable[placed].all():
        as_is, turned = (_impossible(one)[placed] for one in (positions, positions.swapped(turnable)))
        if as_is.mean() >= _MOST_ROWS and not turned.any():
            return turnable
    return _outliers(positions, turnable)


def _impossible(positions: Positions) -> Flags:
    """Return which rows can be no place of a list: beyond the pole, or so far out at sea that no island is there."""
    beyond = positions.placed & (np.abs(positions.lat) > LIMIT_DEG["lat"])
    rest = positions.placed & ~beyond
    beyond[rest] = in_sea(positions.lon[rest], positions.lat[rest], beyond_m=_FAR_OUT_M)
    return beyond


def _away(positions: Positions, east: float, north: float) -> Floats:
    """Return distances from a point in plain degrees, good enough to tell continents apart."""
    return np.asarray(np.hypot(positions.lon - east, positions.lat - north))


def _outliers(positions: Positions, turnable: Flags) -> Flags:
    """Return the few rows far from all others that fall among them when turned; none where the list is spread out."""
    placed = positions.placed
    east, north = np.median(positions.lon[placed]), np.median(positions.lat[placed])
    as_is = _away(positions, east, north)
    turned = _away(positions.swapped(turnable), east, north)
    spread = max(float(np.quantile(as_is[placed], 0.75)), _LEAST_SPREAD_DEG)
    beyond = np.abs(positions.lat) > LIMIT_DEG["lat"]
    found = turnable & (beyond | (as_is > _FAR * spread)) & (turned <= 2 * spread)
    # Where a quarter and more lie elsewhere, that is the spread.
    return found & (spread <= _MOST_SPREAD_DEG)


def _out_of_range(positions: Positions, raw: pd.DataFrame) -> Iterator[Fault]:
    axes: tuple[tuple[Axis, Floats, NDArray[Any]], ...] = (
        ("lat", positions.lat, positions.lat_text),
        ("lon", positions.lon, positions.lon_text),
    )
    for axis, degrees, texts in axes:
        limit = LIMIT_DEG[axis]
        for position in np.flatnonzero(np.abs(degrees) > limit):
            expected = f"{axis} from -{limit:g} to {limit:g} degrees"
            other = positions.lon[position] if axis == "lat" else math.inf
            remedy = _TURNED if abs(other) <= LIMIT_DEG["lat"] else _REMEDY
            yield Fault(f"row {_row(raw, position)}", repr(texts[position]), expected, remedy)


def _placed(raw: pd.DataFrame, positions: Positions, name: str, report: Report) -> pd.DataFrame:
    columns = {"lon": positions.lon, "lat": positions.lat}
    printed = {"lon_published": positions.lon_text, "lat_published": positions.lat_text}
    frame = pd.DataFrame({**columns, **printed}, index=raw.index)
    for position in np.flatnonzero(~positions.placed):
        cells = raw.iloc[position].drop(GEOMETRY, errors="ignore")
        value = " | ".join(str(cell) for cell in cells if cell)
        report.add("dropped", "no position printed; it cannot be placed", row=_row(raw, position), value=value,
                   piece="row")  # fmt: skip
    placed = frame if positions.placed.all() else frame[positions.placed]
    if placed.empty:
        raise InputError(f"{name}: no row prints a position, expected at least one; say another column with --map")
    for position in np.flatnonzero(in_sea(placed["lon"], placed["lat"])):
        where = placed.iloc[position]
        value = f"{where['lat_published']}, {where['lon_published']}"
        report.add("noted", "lies in the sea, more than 10 km from land; kept", row=_row(placed, position), value=value)
    return placed
