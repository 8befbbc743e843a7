"""Checks a package from its files alone: sums, custody log, tables, sources, and every number computed again."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from camps import files, provenance, settings, sources
from camps.appendix import bag, crate, package, records, schemas
from camps.appendix.checks import Check, Verdict
from camps.appendix.claims import read_claims
from camps.appendix.evidence import BUNDLED
from camps.appendix.framecheck import GROUP, SAMPLE, check_frames
from camps.errors import CampsError, InputError, MissingError

CUSTODY = "custody.jsonl"
_MOST_DIFFERENCES = 3


def verify(
    path: Path, *, seal: str | None = None, frames: Path | None = None, sample: int = SAMPLE, quick: bool = False
) -> Verdict:
    """Check a package and return a line for each check; nothing is written beside it.

    Parameters
    ----------
    path
        Folder of the package, or its ZIP file.
    seal
        The SHA-256 of ``tagmanifest-sha256.txt`` as somebody else published it. Without it a package that was forged
        as a whole, and consistently, is told from the true one only by what the installed suite holds.
    frames
        Folder of delivered frames to check as well.
    sample
        How many frames of each delivery are drawn again and compared.
    quick
        Hash and compare only; the results are not made again, so the verdict cannot be that everything holds.

    Returns
    -------
    Verdict
        ``holds`` is true only if every check was made and holds.

    Raises
    ------
    MissingError, InputError
        When there is no package at `path`, or the ZIP file cannot be read.
    """
    with _opened(path) as folder:
        checks = [*_checks(folder, seal, quick), *([] if frames is None else _check_frames(frames, sample))]
    return Verdict(tuple(checks))


# --- opening --------------------------------------------------------------------------------------------------------


@contextmanager
def _opened(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield path
        return
    if not path.is_file():
        raise MissingError(f"{path}: no such package; expected its folder or its ZIP file; make one by camps appendix")
    with tempfile.TemporaryDirectory(prefix="camps-verify-") as scratch:
        yield _unpacked(path, Path(scratch))


def _unpacked(path: Path, scratch: Path) -> Path:
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(scratch)
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError) as error:
        raise InputError(f"{path}: not a readable ZIP file ({error}); fetch the package again") from error
    roots = sorted(scratch.iterdir())
    if len(roots) != 1 or not roots[0].is_dir():
        raise InputError(f"{path}: found {len(roots)} entries at its top, expected one folder with the package")
    return roots[0]


def _checks(folder: Path, seal: str | None, quick: bool) -> Iterator[Check]:
    payload = folder / bag.PAYLOAD
    if not payload.is_dir():
        raise InputError(f"{folder}: no folder {bag.PAYLOAD}/ in it; expected a package made by camps appendix")
    yield from _check_bag(folder)
    yield from _check_seal(folder, seal)
    for check in (_check_custody, _check_items, _check_tables, _check_sources):
        yield from _guarded(check, payload)
    yield from [_NOT_MADE_AGAIN] if quick else _guarded(_check_results, payload)


def _guarded(check: Callable[[Path], Iterable[Check]], payload: Path) -> Iterator[Check]:
    """Turn an error of one check into a failed check, so that the others are still made."""
    group = _GROUPS[check.__name__]
    try:
        yield from check(payload)
    except CampsError as error:
        yield Check(group, "this check", False, f"stopped: {error}")


_GROUPS = {
    "_check_custody": "The custody log",
    "_check_items": "Every item hashed again",
    "_check_tables": "The tables read again",
    "_check_sources": "The sources against those of the installed suite",
    "_check_results": "Every table, number and page made again from the sources",
}


def _check_frames(folder: Path, sample: int) -> Iterator[Check]:
    try:
        yield from check_frames(folder, sample=sample)
    except CampsError as error:
        yield Check(GROUP, str(folder), False, str(error))


_NOT_MADE_AGAIN = Check(_GROUPS["_check_results"], "results", None, "asked for quickly; run again without --quick")


# --- bag and seal ---------------------------------------------------------------------------------------------------


def _check_bag(folder: Path) -> Iterator[Check]:
    group = "The bag"
    faults = bag.find_bag_faults(folder)
    for fault in faults:
        yield Check(group, fault.where, False, f"found {fault.found}, expected {fault.expected}; {fault.remedy}")
    if not faults:
        count = sum(path.is_file() for path in (folder / bag.PAYLOAD).rglob("*"))
        yield Check(group, "manifests", True, f"{count} files are there with the SHA-256 and SHA-512 sums they had")


def _check_seal(folder: Path, seal: str | None) -> Iterator[Check]:
    if seal is None:
        return
    path = folder / bag.TAG_MANIFEST
    found = files.sha256(path) if path.is_file() else "no such file"
    said = (
        "is the one published elsewhere" if found == seal else f"found {found}, expected {seal} as published elsewhere"
    )
    yield Check("The bag", bag.TAG_MANIFEST, found == seal, said)


# --- custody --------------------------------------------------------------------------------------------------------


def _check_custody(payload: Path) -> Iterator[Check]:
    group = _GROUPS["_check_custody"]
    text = (payload / CUSTODY).read_bytes().decode("utf-8", errors="replace") if (payload / CUSTODY).is_file() else ""
    if not text:
        yield Check(
            group, CUSTODY, False, "is missing or empty; a package without its log proves nothing of its making"
        )
        return
    faults = provenance.find_custody_faults(text, head=_stated_head(payload))
    for fault in faults:
        yield Check(group, f"{CUSTODY}, {fault.where}", False, f"found {fault.found}, expected {fault.expected}")
    if faults:
        return
    log = provenance.read_custody(payload / CUSTODY)
    yield Check(
        group,
        CUSTODY,
        True,
        f"{len(log.events)} lines, each follows from the one before, and the last is the one stated",
    )
    yield from _check_log_against_files(payload, log)


def _stated_head(payload: Path) -> str | None:
    """Return the hash of the log's last line as the description of the package states it."""
    path = payload / crate.METADATA
    if not path.is_file():
        return None
    try:
        graph = json.loads(path.read_text(encoding="utf-8"))["@graph"]
        root = next(entity for entity in graph if entity["@id"] == "./")
        return str(root["identifier"]).rpartition(" ")[2]
    except (ValueError, KeyError, TypeError, StopIteration, UnicodeDecodeError) as error:
        raise InputError(f"{crate.METADATA}: not the description of a package ({error})") from error


def _check_log_against_files(payload: Path, log: provenance.CustodyLog) -> Iterator[Check]:
    group = _GROUPS["_check_custody"]
    held = [event for event in log.events if event.event != "entered" or event.item_id in BUNDLED]
    logged = {place_of(event.item_id): event.sha256_after for event in held}
    present = {path.relative_to(payload).as_posix() for path in payload.rglob("*") if path.is_file()}
    unlogged = sorted(present - set(logged) - _NOT_LOGGED)
    for name in unlogged:
        yield Check(group, name, False, "is in the package, but the log does not say where it came from")
    for name, total in sorted(logged.items()):
        found = files.sha256(payload / name) if name in present else "no such file"
        if found != total:
            yield Check(group, name, False, f"the log says {total}, found {found}")
    table = schemas.read_record(payload / "tables" / "custody.csv")
    same = table.equals(records.build_custody(log))
    yield Check(group, "tables/custody.csv", same, "repeats the log" if same else "is not what the log says")


#: Written after the last line of the log, so they cannot stand in it; the other checks cover them.
_NOT_LOGGED = {
    CUSTODY, crate.METADATA, "tables/custody.csv", "tables/custody.parquet", "tables/items.csv", "tables/items.parquet",
}  # fmt: skip


def place_of(item_id: str) -> str:
    """Return the path of an item below the payload; derived files are named by it."""
    return f"geodata/{BUNDLED[item_id]}" if item_id in BUNDLED else item_id


# --- items and tables -----------------------------------------------------------------------------------------------


def _check_items(payload: Path) -> Iterator[Check]:
    group = _GROUPS["_check_items"]
    items = schemas.read_record(payload / "tables" / "items.csv")
    held = items[items["sha256"].notna() & ~items["item_id"].str.startswith("cited-")]
    for item_id, total in zip(held["item_id"], held["sha256"], strict=True):
        path = payload / place_of(item_id)
        if not path.resolve().is_relative_to(payload.resolve()) or not path.is_file():
            yield Check(group, item_id, False, "is listed, but is not in the package")
            continue
        found = files.sha256(path)
        said = "unchanged" if found == total else f"changed: found {found}, expected {total}"
        yield Check(group, item_id, found == total, said)


def _check_tables(payload: Path) -> Iterator[Check]:
    group = _GROUPS["_check_tables"]
    for name in schemas.RECORDS:
        try:
            tables = [schemas.read_record(payload / "tables" / f"{name}{suffix}") for suffix in schemas.SUFFIXES]
        except CampsError as error:
            yield Check(group, name, False, str(error))
            continue
        same = tables[0].equals(tables[1])
        said = f"{len(tables[0])} sound rows, the same in CSV and Parquet" if same else "CSV and Parquet differ"
        yield Check(group, name, same, said)


# --- sources --------------------------------------------------------------------------------------------------------


def _check_sources(payload: Path) -> Iterator[Check]:
    """Compare the sources of the package with those of the installed suite: a forger can change only one of the two."""
    group = _GROUPS["_check_sources"]
    for item_id, name in BUNDLED.items():
        ours, theirs = settings.geodata() / name, payload / "geodata" / name
        if not ours.is_file():
            yield Check(
                group, item_id, None, f"the installed suite holds no {name}; set CAMPS_HOME to a copy of the suite"
            )
        elif not theirs.is_file():
            yield Check(group, item_id, False, "is not in the package")
        else:
            same = files.same_bytes(ours, theirs)
            said = "the same file" if same else "another file than the installed suite holds; install the version named"
            yield Check(group, item_id, same, said)


# --- results --------------------------------------------------------------------------------------------------------


def _check_results(payload: Path) -> Iterator[Check]:
    """Build the package again from its own sources and compare every file."""
    group = _GROUPS["_check_results"]
    made_with = _made_with(payload)
    missing = _missing_lists(made_with.published)
    if missing:
        said = (
            f"needs the published lists {', '.join(missing)}, which are not at hand; set CAMPS_MIRROR to a copy of them"
        )
        yield Check(group, "tables, claims and pages", None, said)
        return
    with tempfile.TemporaryDirectory(prefix="camps-again-") as scratch:
        again = Path(scratch) / "package"
        with _home_at(payload):
            package.build_appendix(
                again,
                dossiers=made_with.dossiers,
                lists=made_with.lists,
                published=made_with.published,
                software=made_with.software,
            )
            n_claims = len(read_claims())
        yield from _compare(payload, again / bag.PAYLOAD, n_claims)
    yield _check_software(made_with.software)


@dataclass(frozen=True)
class _MadeWith:
    """What a package says of its own making."""

    dossiers: tuple[str, ...]
    lists: tuple[str, ...]
    published: tuple[str, ...]
    software: Mapping[str, str]


def _made_with(payload: Path) -> _MadeWith:
    processing = schemas.read_record(payload / "tables" / "processing.csv").set_index("instrument")
    try:
        row = processing.loc["camps.appendix.document"]
        parameters = json.loads(str(row["parameters"]))
        dossiers, lists = tuple(parameters["dossiers"]), tuple(parameters["lists"])
        software = _in_our_order(json.loads(str(row["software"])))
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"tables/processing.csv: does not say how the document was made ({error})") from error
    objects = str(row["objects"]).split("; ")
    return _MadeWith(dossiers, lists, tuple(name for name in objects if name not in BUNDLED), software)


def _in_our_order(software: Mapping[str, str]) -> dict[str, str]:
    """Return recorded versions in the order in which the suite prints them; the record holds them sorted."""
    known = [name for name in provenance.software() if name in software]
    return {name: software[name] for name in [*known, *(name for name in software if name not in known)]}


def _missing_lists(published: Iterable[str]) -> list[str]:
    at_hand = set(sources.available())
    return [name for name in published if name not in at_hand]


@contextmanager
def _home_at(payload: Path) -> Iterator[None]:
    """Let the suite read its record from the package instead of its own folder."""
    before = os.environ.get("CAMPS_HOME")
    os.environ["CAMPS_HOME"] = str(payload)
    try:
        yield
    finally:
        os.environ.pop("CAMPS_HOME") if before is None else os.environ.update(CAMPS_HOME=before)


def _compare(payload: Path, again: Path, n_claims: int) -> Iterator[Check]:
    group = _GROUPS["_check_results"]
    yield Check(
        group, "claims", True, f"all numbers of {n_claims} claims come out as printed, or are said to be unchecked"
    )
    names = sorted({path.relative_to(root).as_posix() for root in (payload, again) for path in root.rglob("*.*")})
    for name in names:
        theirs, ours = payload / name, again / name
        if not ours.is_file():
            yield Check(group, name, False, "does not come out of the sources; it was added")
        elif not theirs.is_file():
            yield Check(group, name, False, "comes out of the sources, but is not in the package")
        else:
            same = files.same_bytes(theirs, ours)
            yield Check(group, name, same, "comes out the same" if same else _difference(theirs, ours))


def _difference(theirs: Path, ours: Path) -> str:
    if theirs.suffix != ".csv" or theirs.parent.name != "tables":
        return "comes out with other bytes"
    try:
        one, other = (schemas.read_record(path) for path in (theirs, ours))
    except CampsError as error:
        return f"is no sound table: {error}"
    if one.shape != other.shape:
        return f"has {len(one)} rows, comes out with {len(other)}"
    return "; ".join(_cells_apart(one, other)) or "holds the same values in other bytes"


def _cells_apart(one: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    apart = (one != other) & ~(one.isna() & other.isna())
    places = [(row, column) for column in one.columns for row in one.index[apart[column].fillna(True)]]
    told = [
        f"row {row + 2}, {column}: says {one[column].loc[row]!s}, comes out as {other[column].loc[row]!s}"
        for row, column in places[:_MOST_DIFFERENCES]
    ]
    return [*told, f"{len(places) - _MOST_DIFFERENCES} more cells"] if len(places) > _MOST_DIFFERENCES else told


def _check_software(made_with: Mapping[str, str]) -> Check:
    installed = provenance.software()
    other = [name for name, version in made_with.items() if installed.get(name) != version]
    said = "the same as installed" if not other else f"other versions of {', '.join(other)}, with the same results"
    return Check(_GROUPS["_check_results"], "software", True, said)
