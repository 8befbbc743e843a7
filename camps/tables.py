"""The tables of the method: one definition each, checked on every read and on every write.

A table is a pandas ``DataFrame``, or a ``GeoDataFrame`` in EPSG:4326 (longitude first) where it has a geometry.
Lengths are metres, areas m², dates calendar dates or EDTF text, never local times. A column may be absent only if it
is optional; columns beyond the definition are kept. A missing value is null: never 0, never an empty string.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

import geopandas as gpd
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
from pandera.errors import SchemaErrors
from pyarrow import parquet

from camps import files, record
from camps.errors import Fault, InputError, raise_faults

TableName = Literal["site", "scene", "look", "footprint", "track", "event", "series", "aggregate"]
Frame = TypeVar("Frame", bound=pd.DataFrame)

LOOK_STATUSES = ("observed", "partial", "obscured", "not_imaged", "no_record")
#: Statuses of looks that see, the better first.
SEEING = LOOK_STATUSES[:2]
SITE_STATUSES = ("active", "disputed", "retracted")
#: How closely a place may be shown that is kept from the public: to a cell of a grid.
CELL = "cell"
#: What stands for a text that is kept from the public.
WITHHELD = "withheld"
#: How closely a list says where a place is, the finest first.
LEVELS = ("compound", "town", CELL, "county", "prefecture", "province")
DATUM_FLAGS = ("wgs84", "gcj02", "bd09", "unknown")
FOOTPRINT_KINDS = ("building", "block", "compound", "construction", "other")
VALUE_KINDS = ("observed", "held", "bracketed", "interpolated")
EVENT_CLASSES = (
    "persist", "extended", "reduced", "rebuilt", "split", "merge", "complex", "registration",
    "new", "first_seen", "demolished", "unobserved", "below_mmu",
)  # fmt: skip
Estimator = Literal["naive", "held", "panel", "chain"]
ESTIMATORS: tuple[Estimator, ...] = get_args(Estimator)

_EDTF = r"^(\.\.|[0-9X]{4}(-[0-9X]{2}){0,2}[?~%]?|)(/(\.\.|[0-9X]{4}(-[0-9X]{2}){0,2}[?~%]?|))?$"

_EDTF_FORMS = "an EDTF date such as 2017, 2017-06-10, 196X, 1967~ or 2017/2018"


def _text(*, null: bool = True, unique: bool = False, one_of: Iterable[str] = (), required: bool = True) -> pa.Column:
    choices = list(one_of)
    checks = [pa.Check.isin(choices, error=f"one of {', '.join(choices)}")] if choices else []
    return pa.Column("string", checks, nullable=null, unique=unique, coerce=True, required=required)


def _number(
    low: float | None = None, high: float | None = None, *, null: bool = True, required: bool = True
) -> pa.Column:
    checks = [pa.Check.ge(low, error=f"at least {low:g}")] if low is not None else []
    checks += [pa.Check.le(high, error=f"at most {high:g}")] if high is not None else []
    return pa.Column("float64", checks, nullable=null, coerce=True, required=required)


def _whole(*, null: bool = False, required: bool = True) -> pa.Column:
    return pa.Column("Int64", [pa.Check.ge(0, error="at least 0")], nullable=null, coerce=True, required=required)


def _edtf(*, null: bool = True, required: bool = True) -> pa.Column:
    return pa.Column(
        "string", [pa.Check.str_matches(_EDTF, error=_EDTF_FORMS)], nullable=null, coerce=True, required=required
    )


_SITE = {
    "site_id": _text(null=False, unique=True),
    "name_en": _text(), "name_fr": _text(), "name_zh": _text(), "name_ug": _text(), "name_other": _text(),
    "lon": _number(-180, 180, null=False), "lat": _number(-90, 90, null=False),
    "lon_published": _text(null=False), "lat_published": _text(null=False),
    "r95_m": _number(0, null=False), "datum_flag": _text(null=False, one_of=DATUM_FLAGS),
    "gcj02_offset_m": _number(0, required=False),
    "system": _text(null=False), "tier": _whole(null=True),
    "country": _text(), "admin1": _text(), "admin2": _text(),
    "level": _text(null=False, one_of=LEVELS, required=False), "area_code": _text(required=False),
    "opened": _edtf(), "closed": _edtf(),
    "last_known": _edtf(required=False), "vanished": _edtf(required=False),
    "source_id": _text(null=False), "source_key": _text(null=False),
    "status": _text(null=False, one_of=SITE_STATUSES),
    "status_reason": _text(required=False), "status_date": _edtf(required=False), "merged_into": _text(),
}  # fmt: skip
_SCENE = {
    "scene_id": _text(null=False, unique=True), "sensor": _text(null=False), "gsd_m": _number(0, null=False),
    "t_lo": _edtf(null=False), "t_hi": _edtf(null=False),
    "reg_dx_m": _number(), "reg_dy_m": _number(), "reg_sd_m": _number(0), "reg_n": _whole(null=True),
    "sha256": _text(), "licence": _text(null=False),
}  # fmt: skip
_LOOK = {
    "site_id": _text(null=False), "scene_id": _text(null=False),
    "status": _text(null=False, one_of=LOOK_STATUSES), "frac_valid": _number(0, 1), "interpreter": _text(),
}  # fmt: skip
_FOOTPRINT = {
    "footprint_id": _text(null=False, unique=True), "site_id": _text(), "scene_id": _text(null=False),
    "kind": _text(null=False, one_of=FOOTPRINT_KINDS),
    "area_m2": _number(0, null=False), "perimeter_m": _number(0, null=False),
    "edge_sd_m": _number(0), "edge_bias_m": _number(), "method": _text(),
    "wkb_sha256": _text(null=False), "repair": _text(),
}  # fmt: skip
_TRACK = {
    "track_id": _text(null=False, unique=True),
    "L": _edtf(), "R": _edtf(), "Ld": _edtf(), "Rd": _edtf(),
}  # fmt: skip
_EVENT = {
    "class": _text(null=False, one_of=EVENT_CLASSES), "gain_m2": _number(0), "loss_m2": _number(0),
    "tau_m": _number(0, null=False), "mmu_m2": _number(0, null=False),
}  # fmt: skip
_SERIES = {
    "unit": _text(null=False), "metric": _text(null=False), "t": _edtf(null=False),
    "value": _number(), "lo": _number(), "hi": _number(),
    "kind": _text(one_of=VALUE_KINDS), "stale_days": _whole(null=True),
    "status": _text(one_of=LOOK_STATUSES, required=False), "verbatim": _text(required=False),
}  # fmt: skip
_AGGREGATE = {
    "group": _text(null=False), "t": _edtf(null=False), "estimator": _text(null=False, one_of=ESTIMATORS),
    "value": _number(), "lo": _number(), "hi": _number(),
    "n_sites": _whole(), "n_observed": _whole(), "n_held": _whole(), "n_never": _whole(),
}  # fmt: skip
_COLUMNS: dict[str, dict[str, pa.Column]] = {
    "site": _SITE, "scene": _SCENE, "look": _LOOK, "footprint": _FOOTPRINT,
    "track": _TRACK, "event": _EVENT, "series": _SERIES, "aggregate": _AGGREGATE,
}  # fmt: skip
_UNIQUE = {
    "look": ["site_id", "scene_id"],
    "series": ["unit", "metric", "t"],
    "aggregate": ["group", "t", "estimator"],
}


class Shown:
    """What a notebook shows as one line and a table, not as all that it holds; a data class has ``repr=False``."""

    @property
    def summary(self) -> str:
        """Return the line."""
        raise NotImplementedError

    @property
    def table(self) -> pd.DataFrame:
        """Return the table."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """Return the line, with the name of the class before it."""
        return f"{type(self).__name__}: {self.summary}"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>{self.table.to_html(index=False, na_rep='', max_rows=30, border=0)}"


@cache
def schema(name: TableName) -> pa.DataFrameSchema:
    """Return the pandera schema of a table of METHOD 1.

    Raises
    ------
    InputError
        When there is no table of that name.
    """
    if name not in _COLUMNS:
        raise InputError(f"{name}: no such table; expected one of {', '.join(get_args(TableName))}")
    return pa.DataFrameSchema(_COLUMNS[name], name=name, unique=_UNIQUE.get(name))


def check(frame: Frame, name: TableName, *, source: str) -> Frame:
    """Return `frame` with the column types of table `name`, or raise one error that lists all faults.

    Parameters
    ----------
    frame
        The table; it is not changed. A geometry, where there is one, must be in EPSG:4326.
    name
        Which table of METHOD 1 it is.
    source
        What the table was read from, as a reader knows it; it heads the message.

    Returns
    -------
    DataFrame or GeoDataFrame
        A copy with coerced types, the same rows, index and column order.

    Raises
    ------
    InputError
        For missing columns, wrong types, values out of range, repeated keys, or another CRS.
    """
    _require_lonlat(frame, source)
    try:
        checked = schema(name).validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases.to_dict("records")
        raise_faults((_fault(case, frame) for case in cases), f"{source} ({name} table)")
        raise
    return cast(Frame, checked)


def _require_lonlat(frame: pd.DataFrame, source: str) -> None:
    if (
        isinstance(frame, gpd.GeoDataFrame)
        and "geometry" in frame
        and (frame.crs is None or frame.crs.to_epsg() != 4326)
    ):
        raise InputError(f"{source}: CRS is {frame.crs}, expected EPSG:4326; call .to_crs(4326) or set the CRS first")


def _fault(case: dict[str, Any], frame: pd.DataFrame) -> Fault:
    if case["check"] == "column_in_dataframe":
        return Fault(f"column {case['failure_case']}", "no such column", "it to be there", "add or map it")
    row = "" if pd.isna(case["index"]) else f"row {_row_in_file(case['index'], frame)}, "
    return Fault(f"{row}column {case['column']}", repr(case["failure_case"]), _expectation(str(case["check"])))


def _row_in_file(index: Any, frame: pd.DataFrame) -> Any:
    """Return the row as the file numbers it, where the table carries that, else the table's own index."""
    return frame["row"].get(index, index) if "row" in frame else index


def _expectation(check_text: str) -> str:
    known = {
        "not_nullable": "a value",
        "field_uniqueness": "no repeats",
        "multiple_fields_uniqueness": "no repeats",
    }
    return known.get(check_text, check_text.replace("_", " "))


def write(frame: pd.DataFrame, path: Path, name: TableName) -> Path:
    """Check a table and write it as (Geo)Parquet or CSV by the suffix of `path`; return the path.

    CSV holds geometry as WKT. The write is atomic, and the same table gives the same bytes.

    Raises
    ------
    InputError
        When the table is not sound, the suffix is neither .parquet nor .csv, or the disk refuses.
    """
    checked = check(frame, name, source=path.name)
    with files.replacing(path) as temporary:
        _write_as(checked, temporary, path.suffix)
    return path


def _write_as(frame: pd.DataFrame, path: Path, suffix: str) -> None:
    if suffix == ".csv":
        path.write_bytes(record.csv_text(frame).encode("utf-8"))
    elif suffix != ".parquet":
        raise InputError(f"{path.name}: tables are written as .parquet or .csv, not {suffix or 'without a suffix'}")
    elif isinstance(frame, gpd.GeoDataFrame):
        frame.to_parquet(path, index=False, compression="zstd", write_covering_bbox=True)
    else:
        parquet.write_table(arrow.Table.from_pandas(frame, preserve_index=False), path, compression="zstd")


def read(path: Path, name: TableName) -> pd.DataFrame:
    """Read a (Geo)Parquet or CSV table, check it and return it.

    CSV is read as text first, so that "N/A" stays "N/A"; only empty cells become null.

    Raises
    ------
    MissingError, InputError
        When the file is not there, cannot be read, or is not a sound table.
    """
    with files.readable(path):
        frame = _read_as(path)
    return check(frame, name, source=path.name)


def _read_as(path: Path) -> pd.DataFrame:
    if path.suffix == ".csv":
        return record.read_csv(path, null="")
    try:
        if b"geo" in (parquet.read_schema(path).metadata or {}):
            return cast(pd.DataFrame, gpd.read_parquet(path))
        return pd.read_parquet(path)
    except arrow.ArrowInvalid as error:
        raise InputError(f"{path}: not a Parquet file ({error}); write it with camps.tables.write") from error
