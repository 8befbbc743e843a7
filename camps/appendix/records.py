"""The tables of the appendix, built from the evidence: items, images, sites, measurements, claims and the rest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from camps import crs, files
from camps.appendix.claims import CheckedClaim, Dispute, read_works
from camps.appendix.evidence import Evidence, SceneImage
from camps.appendix.findings import PLACE
from camps.appendix.schemas import COLUMNS, VERIFICATION, RecordName, typed
from camps.appendix.words import prose
from camps.errors import MissingError
from camps.film.readouts import Screen
from camps.film.records import FRAME_LIST, read_frame_list
from camps.provenance import CustodyLog, RunRecord, canonical_json
from camps.sources.capturing import Capture


def _frame(rows: Sequence[Mapping[str, Any]], name: RecordName) -> pd.DataFrame:
    return typed(pd.DataFrame([dict(row) for row in rows], columns=list(COLUMNS[name])), name)


# --- items ----------------------------------------------------------------------------------------------------------

_MEDIA = {
    ".csv": "text/csv", ".parquet": "application/vnd.apache.parquet", ".geojson": "application/geo+json",
    ".md": "text/markdown", ".py": "text/x-python", ".toml": "application/toml", ".pdf": "application/pdf",
    ".html": "text/html", ".svg": "image/svg+xml", ".png": "image/png", ".tif": "image/tiff",
    ".json": "application/json", ".jsonl": "application/jsonl", ".wacz": "application/wacz+zip",
}  # fmt: skip
NOT_HELD = "cited; no copy is held here"
NOT_PUBLIC = "withheld from this public edition"
NOT_CARRIED = "kept by the record; not passed on with the package"
NOT_PASSED_ON = "read for this build; not passed on with the package"


def media_type(path: Path) -> str:
    """Return the media type of a file by its suffix."""
    return _MEDIA.get(path.suffix, "application/octet-stream")


def build_items(
    evidence: Evidence, derived: Mapping[str, Path] | None = None, *, withheld: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the items: the files of the record, every source they cite, and the files derived from them.

    Parameters
    ----------
    evidence
        What the appendix is built from.
    derived
        Files that the build wrote, by item id.
    withheld
        Ids of the inputs that the public edition leaves out; they stay in the table, with their sums.
    """
    rows = [_held_item(evidence, item_id, withheld=item_id in withheld) for item_id in evidence.held]
    rows += [_registered_item(evidence, source_id) for source_id in evidence.register if source_id not in evidence.own]
    rows += [_archived_item(evidence, one) for one in evidence.captures.values() if one.item_id not in evidence.held]
    rows += [_shown_item(evidence, image) for image in evidence.shown.values()]
    rows += _cited_items(evidence)
    rows += _works()
    rows += [_derived_item(item_id, path) for item_id, path in (derived or {}).items()]
    return _frame(rows, "items")


def _held_item(evidence: Evidence, item_id: str, *, withheld: bool) -> dict[str, Any]:
    held, entered = evidence.held[item_id], evidence.inputs[item_id]
    # What a record says itself stands under the terms of its first own source.
    entry = held.entry or evidence.register.get(next(iter(evidence.own), ""))
    publisher = entry.publisher if entry else None
    return {
        "item_id": item_id, "evidence_or_working": "evidence", "title": held.title,
        "parent_item": f"cited-{held.entry.images}" if held.entry and held.entry.images else None,
        "creator": publisher, "publisher": publisher, "original_filename": entered.path.name,
        "media_type": media_type(entered.path), "bytes": entered.n_bytes, "sha256": entered.sha256,
        "licence": entry.licence if entry else None, "restriction": NOT_PUBLIC if withheld else None,
        "rights_holder": publisher and f"{publisher}; for each fact its own source",
        "language_script": prose().get("language_script"), **_captured(evidence, item_id),
    }  # fmt: skip


def _captured(evidence: Evidence, item_id: str) -> dict[str, Any]:
    """Return of an archive what it answers for, where it is kept, and when, by the clock of whoever ran the command."""
    one = evidence.captures.get(item_id)
    if one is None:
        return {}
    return {
        "parent_item": f"cited-{one.source_id}", "url": one.urls[0], "url_archived": one.place,
        "retrieved_utc": one.retrieved_utc, "tool": "camps sources fetch --archive",
        "media_type": media_type(Path(one.place)),
        "notes": f"answers of {', '.join(one.urls)}; kept at {one.place} of the record",
    }  # fmt: skip


def _archived_item(evidence: Evidence, one: Capture) -> dict[str, Any]:
    """Return an archive that is not in the package, and where the rest is."""
    entry = evidence.register.get(one.source_id)
    return {
        "item_id": f"cited-{one.item_id}", "evidence_or_working": "evidence",
        "title": f"Page and files of {one.source_id} as they were answered", "original_filename": Path(one.place).name,
        "bytes": one.n_bytes, "sha256": one.sha256, "licence": entry.licence if entry else None,
        "publisher": entry.publisher if entry else None, "rights_holder": entry.publisher if entry else None,
        "restriction": NOT_CARRIED, **_captured(evidence, one.item_id),
    }  # fmt: skip


def _shown_item(evidence: Evidence, image: SceneImage) -> dict[str, Any]:
    """Return an image that a dossier shows a part of; where one gets it is told by the source of the images."""
    images = evidence.register.get(image.entry.images)
    publisher = images.publisher if images else image.entry.publisher
    return {
        "item_id": f"cited-{image.item_id}", "evidence_or_working": "evidence",
        "title": f"Image of {image.observed_on}, {image.scene_id}", "original_filename": Path(image.file.name).name,
        "parent_item": f"cited-{images.id}" if images else None, "creator": publisher, "publisher": publisher,
        "url": image.file.url or (images.landing if images else image.entry.landing),
        "media_type": media_type(Path(image.file.name)), "bytes": evidence.inputs[image.item_id].n_bytes,
        "sha256": image.file.sha256, "licence": image.licence, "rights_holder": publisher,
        "restriction": NOT_PASSED_ON, "notes": "a part of it is shown in the dossiers of the sites that it covers",
    }  # fmt: skip


def _registered_item(evidence: Evidence, source_id: str) -> dict[str, Any]:
    entry = evidence.register[source_id]
    file = entry.files[0] if len(entry.files) == 1 else None
    return {
        "item_id": f"cited-{source_id}", "evidence_or_working": "evidence", "title": entry.title,
        "creator": entry.publisher, "publisher": entry.publisher, "url": file.url if file else entry.landing,
        "original_filename": file.name if file else None,
        "media_type": media_type(Path(entry.files[0].name)) if entry.files else None,
        "sha256": file.sha256 if file else None, "licence": entry.licence, "rights_holder": entry.publisher,
        "bytes": evidence.inputs[source_id].n_bytes if source_id in evidence.published else None,
        "restriction": NOT_PASSED_ON if source_id in evidence.published else NOT_HELD,
        "notes": entry.citation,
    }  # fmt: skip


def cited_item_id(evidence: Evidence, url: str) -> str:
    """Return the id of the item that stands for a cited address; the same address has the same id in every build."""
    for source_id, entry in evidence.register.items():
        names = [file.name for file in entry.files if file.url]
        if source_id not in evidence.own and (url == entry.landing or any(url.endswith(f"/{name}") for name in names)):
            return f"cited-{source_id}"
    return f"cited-{hashlib.sha256(url.encode()).hexdigest()[:8]}"


#: Where a site's row names a source: the column of the address and that of its title.
_CITATIONS = (
    ("coord_source_url", "coord_source_title"),
    ("dates_source_url", "dates_source_title"),
    ("peak_source_url", ""),
)


def _cited_items(evidence: Evidence) -> list[dict[str, Any]]:
    registered = {f"cited-{source_id}" for source_id in evidence.register}
    titles = _cited_titles(evidence)
    listed = sorted((url, cited_item_id(evidence, url)) for url in titles)
    return [
        {"item_id": item, "evidence_or_working": "evidence", "title": titles[url], "url": url, "restriction": NOT_HELD}
        for url, item in listed
        if item not in registered
    ]


def _works() -> list[dict[str, Any]]:
    return [
        {
            "item_id": work.id, "evidence_or_working": "evidence", "title": work.title, "creator": work.creator,
            "url": work.url, "restriction": NOT_HELD,
            "notes": f"{work.creator}, {work.title}, {work.published}; {work.notes}",
        }
        for work in read_works()
    ]  # fmt: skip


def _cited_titles(evidence: Evidence) -> dict[str, str]:
    """Return the title of each address that a site cites; the address itself where no row gives a title."""
    titles: dict[str, str] = {}
    for url_column, title_column in _CITATIONS:
        cited = evidence.listed.reindex(columns=[url_column, title_column]).astype(object).fillna("")
        for url, title in cited.astype(str).itertuples(index=False):
            if url and titles.get(url, url) == url:
                titles[url] = title if title not in ("", "same list") else url
    return titles


def _derived_item(item_id: str, path: Path) -> dict[str, Any]:
    return {
        "item_id": item_id, "evidence_or_working": "working", "title": path.name, "creator": "camps",
        "original_filename": path.name, "media_type": media_type(path), "bytes": path.stat().st_size,
        "sha256": files.sha256(path), "licence": "Apache-2.0", "tool": "camps appendix",
    }  # fmt: skip


# --- imagery --------------------------------------------------------------------------------------------------------


def build_imagery(evidence: Evidence) -> pd.DataFrame:
    """Return one row an image behind the footprints; what its publisher did not state is null."""
    rows = [_image(row, evidence) for _, row in evidence.scenes.iterrows()]
    return _frame(rows, "imagery")


def _image(row: pd.Series, evidence: Evidence) -> dict[str, Any]:
    images = evidence.register.get(evidence.register[row["source_id"]].images)
    sums = {file.name: file.sha256 for file in images.files} if images else {}
    sensor, name = str(row["sensor"]), said(row, "source_file") or row["scene_id"]
    return {
        "src_id": row["scene_id"], "source_name": name,
        "platform": sensor if sensor.startswith("not ") else sensor.partition(" ")[0],
        "provider": images.publisher if images else None, "src_date": row["observed_on"], "gsd_m": float(row["gsd_m"]),
        "processing_level": next((level for level in ("L1C", "L2A") if level in sensor), None),
        "georef_error_m": float(row["reg_sd_m"]),
        "georef_error_basis": "scatter of the shift between images, metres, after the shift",
        "licence": row["licence"], "sha256": sums.get(name.rpartition("/")[2], said(row, "sha256") or None),
    }  # fmt: skip


# --- sites ----------------------------------------------------------------------------------------------------------

_METHODS = {
    "A": "point printed by the organisation that located or measured the site",
    "B": "point printed by an encyclopaedia or a directory of places",
    "C": "centre of a nearby town; not the site itself",
}
_CONFIDENCE = {"A": "place: high", "B": "place: moderate", "C": "place: low"}
#: The page that is cited and the copy that was read, for the point and for the dates.
_READ_AT = {
    "point_cited_at": "coord_source_url", "point_read_at": "coord_read_at_url", "dates_cited_at": "dates_source_url",
    "dates_read_at": "dates_read_at_url",
}  # fmt: skip
#: A latitude and a longitude with their letters before or behind.
_PRINTED_PAIR = re.compile(r"(N[^E]+|[^NE]+N)(E[^N]+|[^NE]+E)")
_AS_LISTED = "point printed by the list"
_NOT_RATED = "place: not rated here"


def build_sites(evidence: Evidence) -> pd.DataFrame:
    """Return the sites as published and as used, with the offset of the Chinese datum where it applies."""
    sites = evidence.listed
    offsets = crs.gcj02_offset_m(sites["lon"], sites["lat"])
    rows = [_site(evidence, row, offset) for (_, row), offset in zip(sites.iterrows(), offsets, strict=True)]
    return _frame(rows, "sites")


def _site(evidence: Evidence, row: pd.Series, offset_m: float) -> dict[str, Any]:
    same = ("site_id", "name_zh", "name_ug", "name_other", "admin1", "admin2", "system", "opened", "closed", "status")
    tier = said(row, "coord_tier")
    return {
        **{name: row[name] for name in same},
        "name_en": said(row, "name_en") or row["site_id"], "country": said(row, "country") or "not stated",
        **_published(row), "level": said(row, "level") or "compound",
        "used_lat": row["lat"], "used_lon": row["lon"], "uncertainty_m": row["r95_m"],
        "gcj02_offset_m": round(float(offset_m), 1) if row["country"] == "China" else None,
        "source_items": "; ".join(_source_items(evidence, row)),
        **{name: said(row, column) or None for name, column in _READ_AT.items()},
        "detection_method": _METHODS.get(tier, _how_placed(row)), "verification_state": VERIFICATION,
        "confidence": _CONFIDENCE.get(tier, _NOT_RATED),
        "status_reason": said(row, "status_reason") or None, "status_date": said(row, "status_date") or None,
    }  # fmt: skip


def _published(row: pd.Series) -> dict[str, Any]:
    """Return the point as somebody printed it; of a place that is known only to an area nobody printed one."""
    if not said(row, "area_code"):
        verbatim = said(row, "coord_verbatim") or f"{row['lat_published']}, {row['lon_published']}"
        latitude, longitude = _as_printed(row)
        return {
            "published_verbatim": verbatim, "published_lat": latitude, "published_lon": longitude,
            "published_datum": prose()["datum"][row["datum_flag"]], "decimals": _decimals(latitude),
        }  # fmt: skip
    known = f"none; known to the {row['level']}, area {row['area_code']}"
    return {
        "published_verbatim": known, "published_lat": "none", "published_lon": "none", "published_datum": "none",
        "decimals": None,
    }  # fmt: skip


def _how_placed(row: pd.Series) -> str:
    return "middle of the area, with the radius that holds it" if said(row, "area_code") else _AS_LISTED


def said(row: pd.Series | Mapping[str, Any], column: str) -> str:
    """Return what a row says in a column, or nothing where the column or the value is not there."""
    value = row.get(column)
    return "" if value is None or pd.isna(value) else str(value)


def _source_items(evidence: Evidence, row: pd.Series) -> list[str]:
    own = row["source_id"] if row["source_id"] in evidence.own else f"cited-{row['source_id']}"
    urls = [said(row, column) for column, _ in _CITATIONS]
    return list(dict.fromkeys([own, *(cited_item_id(evidence, url) for url in urls if url)]))


def _as_printed(row: pd.Series) -> tuple[str, str]:
    """Return latitude and longitude letter by letter, also where the list holds a conversion of what was printed."""
    whole, latitude, longitude = said(row, "coord_verbatim"), str(row["lat_published"]), str(row["lon_published"])
    if not whole or (latitude in whole and longitude in whole):
        return latitude, longitude
    found = _PRINTED_PAIR.fullmatch(re.sub(r" *\([^)]*\)$", "", whole))
    return (found[1].strip(" ,"), found[2].strip(" ,")) if found else (whole, whole)


def _decimals(printed: str) -> int | None:
    return len(printed.partition(".")[2]) if re.fullmatch(r"-?[0-9]+\.?[0-9]*", printed) else None


# --- measurements and counts ----------------------------------------------------------------------------------------


def build_measurements(evidence: Evidence) -> pd.DataFrame:
    """Return every footprint that counts and every total, with the interval in which each first appeared."""
    rows = [*_totals(evidence), *_footprints(evidence)]
    return _frame(rows, "measurements")


def _totals(evidence: Evidence) -> list[dict[str, Any]]:
    # Two sites may have been seen on one day in two images.
    seen_in = pd.concat([evidence.built, evidence.looks])[["site_id", "observed_on", "scene_id"]]
    scenes = seen_in.drop_duplicates(["site_id", "observed_on"]).set_index(["site_id", "observed_on"])["scene_id"]
    overlaps = {site: evidence.agreement_iou(site) for site in evidence.areas["unit"].unique()}
    readers = _readers(evidence)
    return [
        {
            "measurement_id": f"total-{row['unit']}-{row['t']}", "site_id": row["unit"],
            "src_id": scenes[row["unit"], row["t"]], "metric": "built_area_total", "date_edtf": row["t"],
            "area_m2": _rounded(row["value"], 1),
            # Where no roof was read there is no edge whose error could be drawn, so no interval is claimed.
            "area_low": _rounded(row["lo"], 1) if row["value"] else None,
            "area_high": _rounded(row["hi"], 1) if row["value"] else None,
            "method": "sum of buildings and blocks; interval from edges, common bias and chance of no building",
            "ellipsoid": "WGS 84", **readers.get((row["unit"], row["t"]), _unstated()),
            "agreement_iou": _rounded(overlaps[row["unit"]].get(row["t"]), 4),
        }
        for _, row in evidence.areas.iterrows()
    ]  # fmt: skip


def _readers(evidence: Evidence) -> dict[tuple[str, str], dict[str, str | None]]:
    """Return the analyst and the second one by site and date, where the looks state who they were."""
    stated = evidence.read_by[evidence.read_by["interpreter"].notna()]
    return {
        (row["site_id"], row["observed_on"]): {
            "analyst": row["interpreter"], "second_analyst": None if pd.isna(row["second"]) else row["second"]
        }
        for row in stated.to_dict("records")
    }  # fmt: skip


def _unstated() -> dict[str, str | None]:
    return {"analyst": prose()["analyst"], "second_analyst": None}


def _footprints(evidence: Evidence) -> list[dict[str, Any]]:
    built = evidence.built
    brackets, words, readers = _brackets(evidence, built), prose(), _readers(evidence)
    return [
        {
            "measurement_id": row["footprint_id"], "site_id": row["site_id"], "src_id": row["scene_id"],
            "metric": "footprint_area", "track_id": row["track_id"], "date_edtf": row["observed_on"],
            "last_seen_absent": brackets[row["track_id"]][0], "first_seen_present": brackets[row["track_id"]][1],
            "area_m2": _rounded(row["area_m2"], 2),
            "method": said(row, "method") or words["read_how"], "ellipsoid": "WGS 84",
            **readers.get((row["site_id"], row["observed_on"]), _unstated()),
            "geometry_sha256": row["wkb_sha256"],
        }
        for row in built.to_dict("records")
    ]  # fmt: skip


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), digits)


def _brackets(evidence: Evidence, built: pd.DataFrame) -> dict[str, tuple[str | None, str]]:
    """Return, by track, the last look without it (null when there is none) and the first look with it."""
    days = {site: sorted(rows["observed_on"]) for site, rows in evidence.looks.groupby("site_id")}
    first = built.groupby("track_id").agg(site_id=("site_id", "first"), day=("observed_on", "min"))
    return {
        str(track): (max((day for day in days[site] if day < seen), default=None), seen)
        for track, site, seen in zip(first.index, first["site_id"], first["day"], strict=True)
    }


def build_counts(evidence: Evidence) -> pd.DataFrame:
    """Return the yearly counts as printed and as read; "N/A" and blank are told apart and neither is zero."""
    counts = evidence.listed_counts
    own = counts["source_id"].isin(evidence.own)
    frame = pd.DataFrame(
        {
            "site_id": counts["unit"], "date_edtf": counts["t"], "metric": counts["metric"],
            "printed": counts["verbatim"].where(counts["verbatim"] != ""), "value": counts["value"],
            "status": counts["status"], "source_item": counts["source_id"].where(own, "cited-" + counts["source_id"]),
        }
    )  # fmt: skip
    return typed(frame, "counts")


# --- claims, disputes, custody, processing --------------------------------------------------------------------------


def build_claims(checked: Sequence[CheckedClaim]) -> pd.DataFrame:
    """Return the claims with the values of this build."""
    return _frame([_claim(result) for result in checked], "claims")


def _claim(result: CheckedClaim) -> dict[str, Any]:
    claim = result.claim
    place = PLACE if claim.function else "geodata/claims.toml"
    numbers = [
        {"printed": number.printed, "value": number.key, "computed": _plain(result.computed.get(number.key))}
        for number in claim.numbers
    ]
    return {
        "claim_id": claim.id, "title": claim.title, "text": claim.sentence,
        "status": result.status, "reason": result.reason or None,
        "numbers": canonical_json(numbers), "function": f"{place}: {claim.computed_by}",
        "notebook": claim.notebook or None, "supporting_items": "; ".join(claim.supporting),
        "contrary_items": "; ".join(claim.contrary) or None, "alternatives": claim.alternatives,
        "confidence": result.confidence, "limits": claim.limits,
    }  # fmt: skip


def _plain(value: float | None) -> float | int | None:
    if value is None or np.isnan(value):
        return None
    # Ten digits: the last bits of a sum depend on the machine, no printed number does.
    rounded = float(f"{float(value):.10g}")
    return int(rounded) if rounded.is_integer() else rounded


def build_disputes(disputes: Sequence[Dispute]) -> pd.DataFrame:
    """Return what was said against the record, the answer, and the change it made."""
    return _frame([vars(dispute) for dispute in disputes], "disputes")


def build_deliveries(frames: Path | None) -> pd.DataFrame:
    """Return one row a delivery of frames below a folder, with the sum of the list that names each of its pictures.

    Raises
    ------
    MissingError, InputError
        When there is no such folder, a list of frames cannot be read, or two deliveries have one name.
    """
    if frames is not None and not frames.is_dir():
        raise MissingError(
            f"{frames}: no such folder; expected one in which camps frames or camps deliver wrote frames"
        )
    lists = sorted(frames.rglob(FRAME_LIST)) if frames is not None else []
    rows = [_delivery(path) for path in lists]
    return _frame(rows, "deliveries")


def _delivery(path: Path) -> dict[str, Any]:
    listed = read_frame_list(path.parent)
    return {
        "delivery": path.parent.name, "n_frames": len(listed.frames), "first_frame": min(listed.frames),
        "last_frame": max(listed.frames), "passes": "; ".join(listed.passes), "frames_csv_sha256": files.sha256(path),
    }  # fmt: skip


def build_film_frames(screen: Screen | None) -> pd.DataFrame:
    """Return one row a frame of a shot with what it says, worked out from the data without a film; none without a shot.

    Where the camera stands is left out: no number of it is shown.
    """
    shown = [(screen.shot.name, row) for row in screen.rows().values()] if screen else []
    known = [{"shot": shot, **{name: text or None for name, text in row.items()}} for shot, row in shown]
    return _frame(known, "film_frames")


def build_custody(log: CustodyLog) -> pd.DataFrame:
    """Return the custody log as a table."""
    return _frame([vars(event) for event in log.events], "custody")


def build_processing(runs: Sequence[RunRecord]) -> pd.DataFrame:
    """Return one row an action: what ran, on what, with what result; no time is claimed."""
    return _frame([_action(run) for run in runs], "processing")


def _action(run: RunRecord) -> dict[str, Any]:
    return {
        "action_id": run.run_id, "instrument": run.instrument, "objects": "; ".join(sorted(run.inputs)),
        "results": "; ".join(sorted(run.outputs)), "agent": "camps", "end_time": None,
        "parameters": canonical_json(run.parameters), "seed": run.seed, "software": canonical_json(run.software),
    }  # fmt: skip
