"""Checks of a package that only hash, read and compare: log, items, tables, and the sources against the suite's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from camps import files, provenance, settings, sources
from camps.appendix import bag, crate, making, package, records, schemas, sealing, signing
from camps.appendix.checks import Check
from camps.appendix.evidence import held_files
from camps.errors import CampsError, InputError

BAG = "The bag"
LOG = "The custody log"
ITEMS = "Every item hashed again"
TABLES = "The tables read again"
SOURCES = "The sources against those of the installed suite"

CUSTODY = "custody.jsonl"
#: Written after the last line of the log, so they cannot stand in it; the other checks cover them.
_NOT_LOGGED = {
    CUSTODY, crate.METADATA, "tables/custody.csv", "tables/custody.parquet", "tables/items.csv", "tables/items.parquet",
}  # fmt: skip


def place_of(payload: Path, item_id: str) -> str:
    """Return the path of an item below the payload; derived files are named by it."""
    held = held_files(payload)
    return held[item_id].place if item_id in held else item_id


def read_withheld(payload: Path) -> dict[str, str]:
    """Return the inputs that a public edition leaves out, with their sums.

    Raises
    ------
    MissingError, InputError
        When the table of items is not there or not sound.
    """
    items = schemas.read_record(payload / "tables" / "items.csv")
    withheld = items[items["restriction"] == records.NOT_PUBLIC]
    return dict(zip(withheld["item_id"], withheld["sha256"], strict=True))


# --- bag ------------------------------------------------------------------------------------------------------------


def check_bag(folder: Path, seal: str | None, signer: str | None = None) -> Iterator[Check]:
    """Check the manifests of a bag, its seal where one is given, and its signature."""
    faults = bag.find_bag_faults(folder)
    for fault in faults:
        yield Check(BAG, fault.where, False, f"found {fault.found}, expected {fault.expected}; {fault.remedy}")
    if not faults:
        count = sum(path.is_file() for path in (folder / bag.PAYLOAD).rglob("*"))
        yield Check(BAG, "manifests", True, f"{count} files are there with the SHA-256 and SHA-512 sums they had")
    if seal is not None:
        yield _check_seal(folder / bag.TAG_MANIFEST, seal)
    yield from _check_signature(folder, signer)
    yield from _check_tags(folder)


def _check_tags(folder: Path) -> Iterator[Check]:
    """Check that the declaration and the information of a bag say what follows from its payload, and no more."""
    payload = folder / bag.PAYLOAD
    log = provenance.read_custody(payload / CUSTODY)
    software = making.read_made_with(payload).software
    for name, said in bag.tag_texts(folder, package.bag_info(software, log.head)).items():
        found = (folder / name).read_bytes() if (folder / name).is_file() else b""
        if found == said.encode("utf-8"):
            yield Check(BAG, name, True, "says what follows from the payload")
        else:
            apart = sorted(set(found.decode("utf-8", "replace").splitlines()) - set(said.splitlines()))
            yield Check(
                BAG, name, False, f"says {'; '.join(apart) or 'too little'}, which does not follow from the payload"
            )


def _check_seal(path: Path, seal: str) -> Check:
    found = files.sha256(path) if path.is_file() else "no such file"
    if found == sealing.sum_of(seal):
        return Check(BAG, bag.TAG_MANIFEST, True, "is the one published elsewhere")
    return Check(BAG, bag.TAG_MANIFEST, False, f"found {found}, expected {seal} as published elsewhere")


def _check_signature(folder: Path, signer: str | None) -> Iterator[Check]:
    """Check who signed a bag: against the key that one is told, or, without one, whether it is a signature at all."""
    expected = signing.read_key(signer) if signer else None
    try:
        found = signing.read_signer(folder)
    except CampsError as error:
        yield Check(BAG, bag.SIGNATURE, False, str(error))
        return
    if said := signing.judge(found, expected):
        yield Check(BAG, bag.SIGNATURE, *said)


# --- custody --------------------------------------------------------------------------------------------------------


def check_custody(payload: Path) -> Iterator[Check]:
    """Check the chain of the log, its end against the description, and every file against it."""
    path = payload / CUSTODY
    if not path.is_file() or not path.stat().st_size:
        yield Check(LOG, CUSTODY, False, "is missing or empty; without its log a package proves nothing of its making")
        return
    text = path.read_bytes().decode("utf-8", errors="replace")
    faults = provenance.find_custody_faults(text, head=_stated_head(payload))
    for fault in faults:
        yield Check(LOG, f"{CUSTODY}, {fault.where}", False, f"found {fault.found}, expected {fault.expected}")
    if not faults:
        log = provenance.read_custody(path)
        said = f"{len(log.events)} lines, each follows from the one before, and the last is the one stated"
        yield Check(LOG, CUSTODY, True, said)
        yield from _check_log_against_files(payload, log)


def _stated_head(payload: Path) -> str | None:
    """Return the hash of the log's last line as the description of the package states it."""
    path = payload / crate.METADATA
    if not path.is_file():
        return None
    try:
        graph = json.loads(path.read_text(encoding="utf-8"))["@graph"]
        return str(next(entity for entity in graph if entity["@id"] == crate.HEAD)["value"])
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise InputError(f"{crate.METADATA}: not the description of a package ({error})") from error


def _check_log_against_files(payload: Path, log: provenance.CustodyLog) -> Iterator[Check]:
    logged = _logged_sums(payload, log)
    present = {path.relative_to(payload).as_posix() for path in payload.rglob("*") if path.is_file()}
    for name in sorted(present - set(logged) - _NOT_LOGGED):
        yield Check(LOG, name, False, "is in the package, but the log does not say where it came from")
    for name, total in sorted(logged.items()):
        found = files.sha256(payload / name) if name in present else "no such file"
        if found != total:
            yield Check(LOG, name, False, f"the log says {total}, found {found}")
    same = schemas.read_record(payload / "tables" / "custody.csv").equals(records.build_custody(log))
    yield Check(LOG, "tables/custody.csv", same, "repeats the log" if same else "is not what the log says")


def _logged_sums(payload: Path, log: provenance.CustodyLog) -> dict[str, str | None]:
    """Return the files that the log says are in the package: inputs that were passed on, and all that was derived."""
    withheld = {event.item_id for event in log.events if event.event == "withheld"}
    passed_on = held_files(payload)
    held = (event for event in log.events if event.event != "entered" or event.item_id in passed_on)
    return {place_of(payload, event.item_id): event.sha256_after for event in held if event.item_id not in withheld}


# --- items and tables -----------------------------------------------------------------------------------------------


def check_items(payload: Path) -> Iterator[Check]:
    """Hash every item that the table of items says is in the package."""
    items = schemas.read_record(payload / "tables" / "items.csv")
    absent = items["item_id"].str.startswith("cited-") | (items["restriction"] == records.NOT_PUBLIC).fillna(False)
    held = items[items["sha256"].notna() & ~absent]
    for item_id, total in zip(held["item_id"], held["sha256"], strict=True):
        yield _check_item(payload, item_id, total)


def _check_item(payload: Path, item_id: str, total: str) -> Check:
    path = payload / place_of(payload, item_id)
    if not path.resolve().is_relative_to(payload.resolve()) or not path.is_file():
        return Check(ITEMS, item_id, False, "is listed, but is not in the package")
    found = files.sha256(path)
    if found == total:
        return Check(ITEMS, item_id, True, "unchanged")
    return Check(ITEMS, item_id, False, f"changed: found {found}, expected {total}")


def check_tables(payload: Path) -> Iterator[Check]:
    """Read every table in both forms, check it, and compare the two."""
    for name in schemas.RECORDS:
        try:
            one, other = (schemas.read_record(payload / "tables" / f"{name}{suffix}") for suffix in schemas.SUFFIXES)
        except CampsError as error:
            yield Check(TABLES, name, False, str(error))
            continue
        same = one.equals(other)
        said = f"{len(one)} sound rows, the same in CSV and Parquet" if same else "CSV and Parquet differ"
        yield Check(TABLES, name, same, said)


# --- sources --------------------------------------------------------------------------------------------------------


def check_sources(payload: Path) -> Iterator[Check]:
    """Compare the sources of the package with those of the installed suite: a forger can change only one of the two."""
    withheld = read_withheld(payload)
    archived = {one.item_id: one.sha256 for one in sources.captures()} if settings.find_home() else {}
    for item_id, held in held_files(payload).items():
        name, ours = held.place, (settings.find_home() or Path()) / held.place
        if not ours.is_file() and not (payload / name).is_file():
            continue
        if not ours.is_file() and item_id in archived:
            yield _stated_archive(item_id, files.sha256(payload / name), archived[item_id])
        elif not ours.is_file():
            said = f"the installed suite holds no {name}; set CAMPS_HOME to a copy of the suite"
            yield Check(SOURCES, item_id, None, said)
        elif item_id in withheld:
            yield _same_sum(item_id, files.sha256(ours), withheld[item_id])
        else:
            yield _same_file(item_id, ours, payload / name)


def _stated_archive(item_id: str, found: str, total: str) -> Check:
    """Check an archive that the record here knows, but does not keep: it is not committed."""
    said = "the sum that geodata/archives.csv of the record here states"
    return Check(SOURCES, item_id, found == total, f"has {said}" if found == total else f"has not {said}, {total}")


def _same_sum(item_id: str, found: str, total: str) -> Check:
    said = "withheld from this edition; the installed suite holds"
    if found == total:
        return Check(SOURCES, item_id, True, f"{said} a file with its sum")
    return Check(SOURCES, item_id, None, f"{said} another file, so it cannot be checked; install the version named")


def _same_file(item_id: str, ours: Path, theirs: Path) -> Check:
    if not theirs.is_file():
        return Check(SOURCES, item_id, False, "is not in the package")
    if files.same_bytes(ours, theirs):
        return Check(SOURCES, item_id, True, "the same file")
    said = (
        "another file than the installed suite holds; install the version named, and stand in the record of the package"
    )
    return Check(SOURCES, item_id, False, said)
