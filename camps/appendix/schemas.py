"""The schemas of the appendix: one for each table, checked on every writing and on every reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
from pandera.errors import SchemaErrors
from pyarrow import parquet

from camps import files, record, settings, tables
from camps.errors import CheckError, Fault, InputError, raise_faults

RecordName = Literal[
    "items",
    "imagery",
    "sites",
    "measurements",
    "counts",
    "claims",
    "custody",
    "processing",
    "disputes",
    "deliveries",
    "film_frames",
]
RECORDS: tuple[RecordName, ...] = get_args(RecordName)

VERIFICATION = settings.NOT_VERIFIED
SUFFIXES = (".csv", ".parquet")

_SHA256 = r"^[0-9a-f]{64}$"


def _text(*, null: bool = True, unique: bool = False, one_of: Iterable[str] = (), like: str = "") -> pa.Column:
    checks = [pa.Check.isin(list(one_of))] if one_of else []
    checks += [pa.Check.str_matches(like)] if like else []
    return pa.Column("string", [*checks, pa.Check.str_length(min_value=1)], nullable=null, unique=unique, coerce=True)


def _number(low: float | None = None, high: float | None = None, *, null: bool = True) -> pa.Column:
    checks = [pa.Check.ge(low)] if low is not None else []
    checks += [pa.Check.le(high)] if high is not None else []
    return pa.Column("float64", checks, nullable=null, coerce=True)


def _whole(*, null: bool = False) -> pa.Column:
    return pa.Column("Int64", [pa.Check.ge(0)], nullable=null, coerce=True)


COLUMNS: dict[RecordName, dict[str, pa.Column]] = {
    "items": {
        "item_id": _text(null=False, unique=True),
        "evidence_or_working": _text(null=False, one_of=("evidence", "working")),
        "parent_item": _text(), "title": _text(null=False), "creator": _text(), "publisher": _text(),
        "url": _text(), "url_archived": _text(), "retrieved_utc": _text(), "tool": _text(), "tool_version": _text(),
        "original_filename": _text(), "media_type": _text(), "bytes": _whole(null=True), "sha256": _text(like=_SHA256),
        "licence": _text(), "rights_holder": _text(), "restriction": _text(), "language_script": _text(),
        "notes": _text(),
    },
    "imagery": {
        "src_id": _text(null=False, unique=True), "source_name": _text(null=False), "platform": _text(null=False),
        "provider": _text(), "provider_image_id": _text(), "src_date": _text(null=False), "src_time_utc": _text(),
        "gsd_m": _number(0, null=False), "off_nadir": _number(), "cloud_pct": _number(0, 100),
        "processing_level": _text(), "georef_error_m": _number(0), "georef_error_basis": _text(),
        "licence": _text(null=False), "sha256": _text(like=_SHA256),
    },
    "sites": {
        "site_id": _text(null=False, unique=True),
        "name_en": _text(null=False), "name_zh": _text(), "name_ug": _text(), "name_other": _text(),
        "country": _text(null=False), "admin1": _text(), "admin2": _text(), "system": _text(null=False),
        "opened": _text(), "closed": _text(),
        "level": _text(null=False, one_of=tables.LEVELS),
        "published_verbatim": _text(null=False), "published_lat": _text(null=False), "published_lon": _text(null=False),
        "published_datum": _text(null=False), "decimals": _whole(null=True),
        "used_lat": _number(-90, 90, null=False), "used_lon": _number(-180, 180, null=False),
        "uncertainty_m": _number(0, null=False), "gcj02_offset_m": _number(0),
        "source_items": _text(null=False), "point_cited_at": _text(), "point_read_at": _text(),
        "dates_cited_at": _text(), "dates_read_at": _text(), "detection_method": _text(null=False),
        "verification_state": _text(null=False, one_of=(VERIFICATION,)),
        "confidence": _text(null=False), "status": _text(null=False, one_of=tables.SITE_STATUSES),
        "status_reason": _text(), "status_date": _text(),
    },
    "measurements": {
        "measurement_id": _text(null=False, unique=True), "site_id": _text(null=False), "src_id": _text(null=False),
        "metric": _text(null=False, one_of=("footprint_area", "built_area_total")), "track_id": _text(),
        "date_edtf": _text(null=False), "last_seen_absent": _text(), "first_seen_present": _text(),
        "area_m2": _number(0), "area_low": _number(0), "area_high": _number(0),
        "method": _text(null=False), "ellipsoid": _text(null=False, one_of=("WGS 84",)),
        "analyst": _text(null=False), "second_analyst": _text(), "agreement_iou": _number(0, 1),
        "geometry_sha256": _text(like=_SHA256),
    },
    "counts": {
        "site_id": _text(null=False), "date_edtf": _text(null=False), "metric": _text(null=False),
        "printed": _text(), "value": _number(0), "status": _text(null=False, one_of=tables.LOOK_STATUSES),
        "source_item": _text(null=False),
    },
    "claims": {
        "claim_id": _text(null=False, unique=True), "title": _text(null=False), "text": _text(null=False),
        "status": _text(null=False, one_of=("checked", "not checked")), "reason": _text(),
        "numbers": _text(null=False), "function": _text(null=False), "notebook": _text(null=True),
        "supporting_items": _text(null=False), "contrary_items": _text(), "alternatives": _text(null=False),
        "confidence": _text(null=False), "limits": _text(null=False),
    },
    "custody": {
        "seq": _whole(), "item_id": _text(null=False), "event": _text(null=False), "utc": _text(),
        "sha256_before": _text(like=_SHA256), "sha256_after": _text(like=_SHA256),
        "prev_hash": _text(null=False, unique=True, like=_SHA256),
    },
    "processing": {
        "action_id": _text(null=False, unique=True), "instrument": _text(null=False), "objects": _text(null=False),
        "results": _text(null=False), "agent": _text(), "end_time": _text(), "parameters": _text(null=False),
        "seed": _whole(null=True), "software": _text(null=False),
    },
    "disputes": {
        "date": _text(null=False), "who": _text(null=False), "claim": _text(null=False), "answer": _text(null=False),
        "change": _text(null=False), "source": _text(null=False),
    },
    "deliveries": {
        "delivery": _text(null=False, unique=True), "n_frames": _whole(), "first_frame": _whole(),
        "last_frame": _whole(), "passes": _text(null=False), "frames_csv_sha256": _text(null=False, like=_SHA256),
    },
    "film_frames": {
        "shot": _text(null=False), "frame": _whole(), "timecode": _text(null=False), "day": _text(null=False),
        "date_shown": _text(), "kind": _text(), "n_observed": _whole(), "n_interpolated": _whole(),
        "n_held": _whole(), "n_sites": _whole(), "n_open": _whole(null=True), "n_last_known": _whole(null=True),
        "stale_days": _whole(null=True), "total": _number(), "total_lo": _number(), "total_hi": _number(),
        "before_day": _text(), "before_total": _number(), "before_total_lo": _number(), "before_total_hi": _number(),
        "before_kind": _text(), "site_ids": _text(),
    },
}  # fmt: skip
#: Columns that together are the key of a table that has no id.
UNIQUE: dict[RecordName, list[str]] = {
    "counts": ["site_id", "date_edtf", "metric"],
    "custody": ["seq"],
    "film_frames": ["shot", "frame"],
}


@cache
def schema(name: RecordName) -> pa.DataFrameSchema:
    """Return the pandera schema of a table of the appendix; it allows no other column and no other order."""
    return pa.DataFrameSchema(COLUMNS[name], name=name, unique=UNIQUE.get(name), strict=True, ordered=True)


def typed(frame: pd.DataFrame, name: RecordName) -> pd.DataFrame:
    """Return a table with the types of its schema, unchecked: it is checked when it is written."""
    return frame.astype({column: one.dtype.type for column, one in COLUMNS[name].items()})


def check_record(frame: pd.DataFrame, name: RecordName, *, source: str) -> pd.DataFrame:
    """Return a table with the types of its schema.

    Raises
    ------
    InputError
        When a column is missing, added or moved, or a value is not allowed; all faults are named.
    """
    try:
        checked: pd.DataFrame = schema(name).validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases.to_dict("records")
        raise_faults((_fault(case) for case in cases), f"{source} ({name} table)")
        raise
    return checked


def _fault(case: Mapping[str, Any]) -> Fault:
    where = f"column {case['column']}" if pd.isna(case["index"]) else f"row {case['index']}, column {case['column']}"
    return Fault(where, repr(case["failure_case"]), str(case["check"]).replace("_", " "))


# --- writing and reading --------------------------------------------------------------------------------------------


def write_record(frame: pd.DataFrame, folder: Path, name: RecordName) -> list[Path]:
    """Check a table, write it to `folder` as CSV and Parquet, read both back and return their paths.

    Raises
    ------
    InputError
        When the table is not sound or the disk refuses.
    CheckError
        When a file does not read back as the table that was written.
    """
    checked = check_record(frame, name, source=name)
    paths = [folder / f"{name}{suffix}" for suffix in SUFFIXES]
    for path in paths:
        with files.replacing(path) as temporary:
            _write_as(checked, temporary)
        if not typed(_read_as(name, path.suffix, path.read_bytes()), name).equals(checked):
            raise CheckError(f"{path}: does not read back as it was written; report this with the table")
    return paths


def _write_as(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        path.write_bytes(record.csv_text(frame).encode("utf-8"))
    else:
        # Without pandas metadata, which names versions: the bytes depend on the table alone.
        plain = arrow.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        parquet.write_table(plain, path, compression="zstd")


def read_record(path: Path) -> pd.DataFrame:
    """Read a table of the appendix, named by its file, and check it.

    Raises
    ------
    MissingError, InputError
        When the file is not there, is not one of the tables, cannot be read or is not sound.
    """
    name = path.stem
    if name not in RECORDS or path.suffix not in SUFFIXES:
        raise InputError(f"{path}: no table of the appendix; expected one of {', '.join(RECORDS)} as .csv or .parquet")
    with files.readable(path):
        content = path.read_bytes()
    return _read_and_checked(name, path.suffix, content).copy()


@lru_cache(maxsize=64)
def _read_and_checked(name: RecordName, suffix: str, content: bytes) -> pd.DataFrame:
    """Return a table from the bytes of its file; the same bytes, which are read many times over, are checked once."""
    return check_record(_read_as(name, suffix, content), name, source=f"{name}{suffix}")


def _read_as(name: RecordName, suffix: str, content: bytes) -> pd.DataFrame:
    try:
        if suffix == ".csv":
            return record.parse_csv(content, what=f"{name}.csv", null="")
        return cast(pd.DataFrame, parquet.read_table(arrow.BufferReader(content)).to_pandas())
    except (ValueError, arrow.ArrowException) as error:
        raise InputError(f"{name}{suffix}: not a readable table ({error}); build the appendix again") from error
