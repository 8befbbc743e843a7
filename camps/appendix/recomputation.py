"""Builds a package again from its own sources and compares every file, and every cell where a table differs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from camps import files, settings, sources
from camps.appendix import bag, package, schemas
from camps.appendix.checks import Check
from camps.appendix.claims import read_claims
from camps.appendix.evidence import held_files
from camps.appendix.findings import PLACE
from camps.appendix.integrity import read_withheld
from camps.errors import CampsError, InputError

RESULTS = "Every table, number and page made again from the sources"
NOT_ASKED = Check(RESULTS, "results", None, "asked for quickly; run again without --quick")
_MOST_DIFFERENCES = 3


def check_results(payload: Path) -> Iterator[Check]:
    """Build the package again and compare what comes out.

    Raises
    ------
    CampsError
        When it cannot be built, as where a claim prints a number that its data do not give.
    """
    made_with = _made_with(payload)
    missing = _missing_lists(made_with.published)
    if missing:
        said = f"needs the published lists {', '.join(missing)}, which are not at hand; set CAMPS_MIRROR to a copy"
        yield Check(RESULTS, "tables, claims and pages", None, said)
        return
    unknown = _missing_inputs(payload)
    if unknown:
        said = f"needs {', '.join(unknown)}, withheld from this edition; install the version named, which holds them"
        yield Check(RESULTS, "tables, claims and pages", None, said)
        return
    if _brings_other_findings(payload):
        said = (
            f"brings a {PLACE} that is not that of the record here; its code was not run: read it, and check from there"
        )
        yield Check(RESULTS, "tables, claims and pages", None, said)
        return
    with tempfile.TemporaryDirectory(prefix="camps-again-") as scratch:
        again = Path(scratch) / "package"
        with _home_from(payload, Path(scratch) / "home"):
            n_claims = _build_again(again, made_with)
        yield from _compare(payload, again / bag.PAYLOAD, n_claims)
    yield _check_software(made_with.software)


# --- what it was made with ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _MadeWith:
    """What a package says of its own making."""

    dossiers: tuple[str, ...]
    lists: tuple[str, ...]
    published: tuple[str, ...]
    software: Mapping[str, str]
    public: bool


def _made_with(payload: Path) -> _MadeWith:
    processing = schemas.read_record(payload / "tables" / "processing.csv").set_index("instrument")
    try:
        row = processing.loc["camps.appendix.document"]
        parameters = json.loads(str(row["parameters"]))
        dossiers, lists, public = tuple(parameters["dossiers"]), tuple(parameters["lists"]), bool(parameters["public"])
        software = _in_our_order(json.loads(str(row["software"])))
        _ = software["camps"], software["camps code (SHA-256)"]
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"tables/processing.csv: does not say how the document was made ({error})") from error
    published = tuple(name for name in str(row["objects"]).split("; ") if name not in held_files(payload))
    return _MadeWith(dossiers, lists, published, software, public)


def _in_our_order(software: Mapping[str, str]) -> dict[str, str]:
    """Return recorded versions in the order in which the suite prints them; the record holds them sorted."""
    known = [name for name in package.installed_software() if name in software]
    return {name: software[name] for name in [*known, *(name for name in software if name not in known)]}


def _missing_lists(published: Iterable[str]) -> list[str]:
    at_hand = set(sources.available())
    return [name for name in published if name not in at_hand]


def _missing_inputs(payload: Path) -> list[str]:
    """Return the withheld inputs that the installed suite does not hold as they were."""
    withheld = read_withheld(payload)
    held = held_files(payload)
    ours = {item_id: settings.home() / held[item_id].place for item_id in withheld}
    return [item for item, path in ours.items() if not path.is_file() or files.sha256(path) != withheld[item]]


def _brings_other_findings(payload: Path) -> bool:
    """Return whether a package would have code run that is not that of the record one stands in."""
    theirs, ours = payload / PLACE, settings.find_home()
    return theirs.is_file() and not (ours and (ours / PLACE).is_file() and files.same_bytes(theirs, ours / PLACE))


# --- building again -------------------------------------------------------------------------------------------------


@contextmanager
def _home_from(payload: Path, home: Path) -> Iterator[None]:
    """Let the suite read its record from a copy of the package's; what is withheld there comes from the suite's own."""
    withheld = read_withheld(payload)
    for item_id, held in held_files(payload).items():
        source = (settings.home() if item_id in withheld else payload) / held.place
        if source.is_file():
            files.write_bytes(home / held.place, source.read_bytes())
    with settings.standing_in(home):
        yield


def _build_again(out: Path, made_with: _MadeWith) -> int:
    """Build the package and return how many claims it makes."""
    package.build_appendix(
        out, dossiers=made_with.dossiers, lists=made_with.lists, published=made_with.published,
        software=made_with.software, public=made_with.public,
    )  # fmt: skip
    return len(read_claims())


# --- comparing ------------------------------------------------------------------------------------------------------


def _compare(payload: Path, again: Path, n_claims: int) -> Iterator[Check]:
    said = f"all numbers of {n_claims} claims come out as printed, or are said to be unchecked"
    yield Check(RESULTS, "claims", True, said)
    names = {
        path.relative_to(root).as_posix() for root in (payload, again) for path in root.rglob("*") if path.is_file()
    }
    yield from (_compare_file(name, payload / name, again / name) for name in sorted(names))


def _compare_file(name: str, theirs: Path, ours: Path) -> Check:
    if not ours.is_file():
        return Check(RESULTS, name, False, "does not come out of the sources; it was added")
    if not theirs.is_file():
        return Check(RESULTS, name, False, "comes out of the sources, but is not in the package")
    if files.same_bytes(theirs, ours):
        return Check(RESULTS, name, True, "comes out the same")
    return Check(RESULTS, name, False, _difference(theirs, ours))


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
    apart = (one != other).fillna(True) & ~(one.isna() & other.isna())
    places = [(row, column) for column in one.columns for row in one.index[apart[column]]]
    told = [
        f"row {row + 2}, {column}: says {one[column].loc[row]!s}, comes out as {other[column].loc[row]!s}"
        for row, column in places[:_MOST_DIFFERENCES]
    ]
    return [*told, f"{len(places) - _MOST_DIFFERENCES} more cells"] if len(places) > _MOST_DIFFERENCES else told


def _check_software(made_with: Mapping[str, str]) -> Check:
    installed = package.installed_software()
    other = [name for name, version in made_with.items() if installed.get(name) != version]
    said = "the same as installed" if not other else f"other versions of {', '.join(other)}, with the same results"
    return Check(RESULTS, "software", True, said)
