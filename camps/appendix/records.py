"""The tables of the appendix: built from the evidence, each with one schema, checked on writing and on reading."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
from pandera.errors import SchemaErrors
from pyarrow import parquet

from camps import crs, files, settings, tables
from camps.appendix.claims import CheckedClaim, Dispute
from camps.appendix.evidence import BUNDLED, Evidence
from camps.errors import CheckError, Fault, InputError, raise_faults
from camps.provenance import CustodyLog, RunRecord, canonical_json

RecordName = Literal[
    "items", "imagery", "sites", "measurements", "counts", "claims", "custody", "processing", "disputes"
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


_COLUMNS: dict[RecordName, dict[str, pa.Column]] = {
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
        "published_verbatim": _text(null=False), "published_lat": _text(null=False), "published_lon": _text(null=False),
        "published_datum": _text(null=False), "decimals": _whole(null=True),
        "used_lat": _number(-90, 90, null=False), "used_lon": _number(-180, 180, null=False),
        "uncertainty_m": _number(0, null=False), "gcj02_offset_m": _number(0),
        "source_items": _text(null=False), "detection_method": _text(null=False),
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
        "numbers": _text(null=False), "function": _text(null=False), "notebook": _text(null=False),
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
}  # fmt: skip
_UNIQUE: dict[RecordName, list[str]] = {"counts": ["site_id", "date_edtf", "metric"], "custody": ["seq"]}


@cache
def schema(name: RecordName) -> pa.DataFrameSchema:
    """Return the pandera schema of a table of the appendix; it allows no other column and no other order."""
    return pa.DataFrameSchema(_COLUMNS[name], name=name, unique=_UNIQUE.get(name), strict=True, ordered=True)


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
        if not read_record(path).equals(checked):
            raise CheckError(f"{path}: does not read back as it was written; report this with the table")
    return paths


def _write_as(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
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
        frame = _read_as(path)
    return check_record(frame, name, source=path.name)


def _read_as(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".csv":
            return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
        return cast(pd.DataFrame, parquet.read_table(path).to_pandas())
    except (ValueError, arrow.ArrowInvalid) as error:
        raise InputError(f"{path}: not a readable table ({error}); build the appendix again") from error


def _frame(rows: Sequence[Mapping[str, Any]], name: RecordName) -> pd.DataFrame:
    return pd.DataFrame([dict(row) for row in rows], columns=list(_COLUMNS[name]))


# --- items ----------------------------------------------------------------------------------------------------------

_MEDIA = {
    ".csv": "text/csv", ".parquet": "application/vnd.apache.parquet", ".geojson": "application/geo+json",
    ".md": "text/markdown", ".toml": "application/toml", ".pdf": "application/pdf", ".html": "text/html",
    ".svg": "image/svg+xml", ".png": "image/png", ".json": "application/json", ".jsonl": "application/jsonl",
}  # fmt: skip
NOT_HELD = "cited; no copy is held here"
NOT_PASSED_ON = "read for this build; not passed on with the package"


def media_type(path: Path) -> str:
    """Return the media type of a file by its suffix."""
    return _MEDIA.get(path.suffix, "application/octet-stream")


def build_items(evidence: Evidence, derived: Mapping[str, Path] | None = None) -> pd.DataFrame:
    """Return the items: the files of the record, every source they cite, and the files derived from them.

    Parameters
    ----------
    evidence
        What the appendix is built from.
    derived
        Files that the build wrote, by item id.
    """
    rows = [_bundled_item(evidence, item_id) for item_id in BUNDLED]
    rows += [_registered_item(evidence, source_id) for source_id in evidence.register if _is_published(source_id)]
    rows += _cited_items(evidence)
    rows += [_derived_item(item_id, path) for item_id, path in (derived or {}).items()]
    return check_record(_frame(rows, "items"), "items", source="items")


def _is_published(source_id: str) -> bool:
    return source_id not in ("gazetteer", "dabancheng")


def _bundled_item(evidence: Evidence, item_id: str) -> dict[str, Any]:
    held = evidence.inputs[item_id]
    of_footprints = item_id.startswith("dabancheng")
    return {
        "item_id": item_id, "evidence_or_working": "evidence", "title": _TITLES[item_id],
        "parent_item": "cited-dabancheng-sentinel2" if of_footprints else None,
        "creator": "camps", "publisher": "camps", "original_filename": BUNDLED[item_id].rpartition("/")[2],
        "media_type": media_type(held.path), "bytes": held.n_bytes, "sha256": held.sha256,
        "licence": evidence.register["dabancheng" if of_footprints else "gazetteer"].licence,
        "rights_holder": "camps; for each fact its own source", "language_script": "English; names also in Chinese",
    }  # fmt: skip


_TITLES = {
    "gazetteer": "Gazetteer of documented detention sites",
    "gazetteer-no-coordinates": "Documented sites without a published coordinate",
    "gazetteer-sources": "Sources of the gazetteer",
    "decisions": "Decisions on disputed and retracted sites and on pairs of records",
    "claims": "Claims and disputes",
    "register": "Register of published lists",
    "dabancheng-footprints": "Dabancheng footprints on 13 dates",
    "dabancheng-looks": "Dabancheng: which site was seen in which image",
    "dabancheng-looks-by-area": "Dabancheng: which part was seen in which image",
    "dabancheng-series": "Dabancheng totals with intervals",
    "dabancheng-blind-repeat": "Dabancheng: second, blind reading of three dates",
    "dabancheng-readme": "Dabancheng: how the footprints were made",
    "dabancheng-scenes": "Dabancheng: images",
}


def _registered_item(evidence: Evidence, source_id: str) -> dict[str, Any]:
    entry = evidence.register[source_id]
    file = entry.files[0]
    one_file = len(entry.files) == 1
    return {
        "item_id": f"cited-{source_id}", "evidence_or_working": "evidence", "title": entry.title,
        "creator": entry.publisher, "publisher": entry.publisher, "url": file.url if one_file else entry.landing,
        "original_filename": file.name if one_file else None, "media_type": media_type(Path(file.name)),
        "sha256": file.sha256 if one_file else None, "licence": entry.licence, "rights_holder": entry.publisher,
        "restriction": NOT_PASSED_ON if source_id in evidence.available else NOT_HELD,
        "notes": entry.citation,
    }  # fmt: skip


def cited_item_id(evidence: Evidence, url: str) -> str:
    """Return the id of the item that stands for a cited address; the same address has the same id in every build."""
    for source_id, entry in evidence.register.items():
        names = [file.name for file in entry.files if file.url]
        if _is_published(source_id) and (url == entry.landing or any(url.endswith(f"/{name}") for name in names)):
            return f"cited-{source_id}"
    return f"cited-{hashlib.sha256(url.encode()).hexdigest()[:8]}"


_CITATIONS = (
    ("coord_source_url", "coord_source_title"),
    ("dates_source_url", "dates_source_title"),
    ("peak_source_url", ""),
)


def _cited_items(evidence: Evidence) -> list[dict[str, Any]]:
    titles: dict[str, str] = {}
    for url_column, title_column in _CITATIONS:
        for _, row in evidence.gazetteer.iterrows():
            url = row[url_column]
            title = row[title_column] if title_column else ""
            if url and (url not in titles or titles[url] == url):
                titles[url] = title if title and title != "same list" else url
    return [
        {
            "item_id": item_id, "evidence_or_working": "evidence", "title": titles[url],
            "url": url, "restriction": NOT_HELD,
        }
        for url, item_id in sorted((url, cited_item_id(evidence, url)) for url in titles)
        if item_id not in {f"cited-{source_id}" for source_id in evidence.register}
    ]  # fmt: skip


def _derived_item(item_id: str, path: Path) -> dict[str, Any]:
    return {
        "item_id": item_id, "evidence_or_working": "working", "title": path.name, "creator": "camps",
        "original_filename": path.name, "media_type": media_type(path), "bytes": path.stat().st_size,
        "sha256": files.sha256(path), "licence": "Apache-2.0", "tool": "camps appendix",
    }  # fmt: skip


# --- imagery --------------------------------------------------------------------------------------------------------


def build_imagery(evidence: Evidence) -> pd.DataFrame:
    """Return one row an image behind the footprints; what its publisher did not state is null."""
    sums = {file.name: file.sha256 for file in evidence.register["dabancheng-sentinel2"].files}
    rows = [_image(row, sums) for _, row in evidence.dabancheng.scenes.iterrows()]
    return check_record(_frame(rows, "imagery"), "imagery", source="imagery")


def _image(row: pd.Series, sums: Mapping[str, str]) -> dict[str, Any]:
    level = "L1C" if "L1C" in row["sensor"] else "L2A"
    return {
        "src_id": row["scene_id"], "source_name": row["source_file"], "platform": "Sentinel-2",
        "provider": "Copernicus, European Space Agency", "src_date": row["observed_on"], "gsd_m": float(row["gsd_m"]),
        "processing_level": level, "georef_error_m": float(row["reg_sd_m"]),
        "georef_error_basis": "scatter of phase correlation with the image of 2020-06-02, metres, after the shift",
        "licence": row["licence"], "sha256": sums.get(row["source_file"].rpartition("/")[2]),
    }  # fmt: skip


# --- sites ----------------------------------------------------------------------------------------------------------

_METHODS = {
    "A": "point printed by the organisation that located or measured the site",
    "B": "point printed by an encyclopaedia or a directory of places",
    "C": "centre of a nearby town; not the site itself",
}
_CONFIDENCE = {"A": "place: high", "B": "place: moderate", "C": "place: low"}


def build_sites(evidence: Evidence) -> pd.DataFrame:
    """Return the sites as published and as used, with the offset of the Chinese datum where it applies."""
    sites = evidence.sites
    offsets = crs.gcj02_offset_m(sites["lon"], sites["lat"])
    rows = [
        _site(evidence, row, offset) for row, offset in zip(sites.to_dict("records"), offsets.tolist(), strict=True)
    ]
    return check_record(_frame(rows, "sites"), "sites", source="sites")


def _site(evidence: Evidence, row: Mapping[str, Any], offset_m: float) -> dict[str, Any]:
    printed = evidence.gazetteer.loc[row["site_id"]]
    tier = printed["coord_tier"]
    same = ("site_id", "name_en", "name_zh", "name_ug", "name_other", "country", "admin1", "admin2", "system")
    return {
        **{name: row[name] for name in same}, "opened": row["opened"], "closed": row["closed"],
        "published_verbatim": printed["coord_verbatim"],
        "published_lat": row["lat_published"], "published_lon": row["lon_published"],
        "published_datum": "not stated; taken as WGS 84", "decimals": _decimals(row["lat_published"]),
        "used_lat": row["lat"], "used_lon": row["lon"], "uncertainty_m": row["r95_m"],
        "gcj02_offset_m": round(offset_m, 1) if row["country"] == "China" else None,
        "source_items": "; ".join(_source_items(evidence, printed)),
        "detection_method": _METHODS[tier], "verification_state": VERIFICATION, "confidence": _CONFIDENCE[tier],
        "status": row["status"], "status_reason": row.get("status_reason"), "status_date": row.get("status_date"),
    }  # fmt: skip


def _source_items(evidence: Evidence, printed: pd.Series) -> list[str]:
    urls = [printed[column] for column, _ in _CITATIONS if printed[column]]
    return ["gazetteer", *dict.fromkeys(cited_item_id(evidence, url) for url in urls)]


def _decimals(printed: str) -> int:
    return len(printed.partition(".")[2])


# --- measurements and counts ----------------------------------------------------------------------------------------

_READ = "read by eye on enlarged crops, right-angled outlines; geodesic area"
_ANALYST = "machine interpreter of the footprint series; no human analyst has reviewed it"


def build_measurements(evidence: Evidence) -> pd.DataFrame:
    """Return every footprint that counts and every total, with the interval in which each first appeared."""
    rows = [*_totals(evidence), *_footprints(evidence)]
    return check_record(_frame(rows, "measurements"), "measurements", source="measurements")


def _totals(evidence: Evidence) -> list[dict[str, Any]]:
    scenes = evidence.dabancheng.scenes.set_index("observed_on")["scene_id"]
    return [
        {
            "measurement_id": f"total-{row['unit']}-{row['t']}", "site_id": row["unit"],
            "src_id": scenes[row["t"]], "metric": "built_area_total", "date_edtf": row["t"],
            "area_m2": _rounded(row["value"], 1),
            "area_low": _rounded(row["lo"], 1), "area_high": _rounded(row["hi"], 1),
            "method": "sum of buildings and blocks; interval from edges, common bias and chance of no building",
            "ellipsoid": "WGS 84", "analyst": _ANALYST,
            "agreement_iou": _rounded(evidence.agreement_iou.get(row["t"]), 4),
        }
        for _, row in evidence.areas.iterrows()
    ]  # fmt: skip


def _footprints(evidence: Evidence) -> list[dict[str, Any]]:
    built = evidence.built
    brackets = _brackets(evidence, built)
    return [
        {
            "measurement_id": row["footprint_id"], "site_id": row["site_id"], "src_id": row["scene_id"],
            "metric": "footprint_area", "track_id": row["track_id"], "date_edtf": row["observed_on"],
            "last_seen_absent": brackets[row["track_id"]][0], "first_seen_present": brackets[row["track_id"]][1],
            "area_m2": _rounded(row["area_m2"], 2), "method": _READ, "ellipsoid": "WGS 84", "analyst": _ANALYST,
            "geometry_sha256": row["wkb_sha256"],
        }
        for row in built.to_dict("records")
    ]  # fmt: skip


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), digits)


def _brackets(evidence: Evidence, built: pd.DataFrame) -> dict[str, tuple[str | None, str]]:
    """Return, by track, the last look without it (null when there is none) and the first look with it."""
    days = {site: sorted(rows["observed_on"]) for site, rows in evidence.dabancheng.looks.groupby("site_id")}
    first = built.groupby("track_id").agg(site_id=("site_id", "first"), day=("observed_on", "min"))
    return {
        str(track): (max((day for day in days[site] if day < seen), default=None), seen)
        for track, site, seen in zip(first.index, first["site_id"], first["day"], strict=True)
    }


def build_counts(evidence: Evidence) -> pd.DataFrame:
    """Return the yearly counts as printed and as read; "N/A" and blank are told apart and neither is zero."""
    counts = evidence.counts
    frame = pd.DataFrame(
        {
            "site_id": counts["unit"], "date_edtf": counts["t"], "metric": counts["metric"],
            "printed": counts["verbatim"].where(counts["verbatim"] != ""), "value": counts["value"],
            "status": counts["status"], "source_item": "gazetteer",
        }
    )  # fmt: skip
    return check_record(frame, "counts", source="counts")


# --- claims, disputes, custody, processing --------------------------------------------------------------------------


def build_claims(checked: Sequence[CheckedClaim]) -> pd.DataFrame:
    """Return the claims with the values of this build."""
    return check_record(_frame([_claim(result) for result in checked], "claims"), "claims", source="claims")


def _claim(result: CheckedClaim) -> dict[str, Any]:
    claim = result.claim
    numbers = [
        {"printed": number.printed, "value": number.key, "computed": _plain(result.computed.get(number.key))}
        for number in claim.numbers
    ]
    return {
        "claim_id": claim.id, "title": claim.title, "text": claim.sentence,
        "status": result.status, "reason": result.reason or None,
        "numbers": canonical_json(numbers), "function": f"camps.appendix.findings.{claim.function}",
        "notebook": claim.notebook, "supporting_items": "; ".join(claim.supporting),
        "contrary_items": "; ".join(claim.contrary) or None, "alternatives": claim.alternatives,
        "confidence": claim.confidence, "limits": claim.limits,
    }  # fmt: skip


def _plain(value: float | None) -> float | int | None:
    if value is None or np.isnan(value):
        return None
    # Ten digits: the last bits of a sum depend on the machine, no printed number does.
    rounded = float(f"{float(value):.10g}")
    return int(rounded) if rounded.is_integer() else rounded


def build_disputes(disputes: Sequence[Dispute]) -> pd.DataFrame:
    """Return what was said against the record, the answer, and the change it made."""
    return check_record(_frame([vars(dispute) for dispute in disputes], "disputes"), "disputes", source="disputes")


def build_custody(log: CustodyLog) -> pd.DataFrame:
    """Return the custody log as a table."""
    return check_record(_frame([vars(event) for event in log.events], "custody"), "custody", source="custody")


def build_processing(runs: Sequence[RunRecord]) -> pd.DataFrame:
    """Return one row an action: what ran, on what, with what result; no time is claimed."""
    return check_record(_frame([_action(run) for run in runs], "processing"), "processing", source="processing")


def _action(run: RunRecord) -> dict[str, Any]:
    return {
        "action_id": run.run_id, "instrument": run.instrument, "objects": "; ".join(sorted(run.inputs)),
        "results": "; ".join(sorted(run.outputs)), "agent": "camps", "end_time": None,
        "parameters": canonical_json(run.parameters), "seed": run.seed, "software": canonical_json(run.software),
    }  # fmt: skip
