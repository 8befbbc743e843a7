"""Builds a package again from its own sources and compares every file, and every cell where a table differs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd

from camps import files, settings, sources
from camps.appendix import bag, making, package, schemas
from camps.appendix.checks import Check
from camps.appendix.claims import Claim, read_claims
from camps.appendix.content import SCENES
from camps.appendix.evidence import held_files, images_at_hand
from camps.appendix.findings import PLACE
from camps.appendix.integrity import read_withheld
from camps.appendix.making import MadeWith
from camps.appendix.passages import read_answers
from camps.errors import CampsError, InputError
from camps.sources import store
from camps.sources.registry import READERS

RESULTS = "Every table, number and page made again from the sources"
NOT_ASKED = Check(RESULTS, "results", None, "asked for quickly; run again without --quick")
_ALL = "tables, claims and pages"
_MOST_DIFFERENCES = 3

#: What writes files of a kind: another version of it gives other bytes for the same content.
_ENGINES = {".pdf": ("typst", "font "), ".svg": ("matplotlib",), ".parquet": ("pyarrow",)}
#: What cuts and packs the images in figures, besides.
_OF_IMAGES = ("pillow", "GDAL (rasterio)")


def check_results(folder: Path) -> Iterator[Check]:
    """Build the package again and compare what comes out; what cannot be made here is taken as it is, and named.

    Raises
    ------
    CampsError
        When it cannot be built, as where a claim prints a number that its data do not give.
    """
    payload = folder / bag.PAYLOAD
    made_with = making.read_made_with(payload)
    if unknown := _missing_inputs(payload):
        said = f"needs {', '.join(unknown)}, withheld from this edition; install the version named, which holds them"
        yield Check(RESULTS, _ALL, None, said)
        return
    if other := _other_readers(payload):
        said = f"brings {', '.join(other)}, not as in the record here; not run: read the code, and check from there"
        yield Check(RESULTS, _ALL, None, said)
        return
    trusted = not _brings_other_findings(payload)
    with tempfile.TemporaryDirectory(prefix="camps-again-") as scratch:
        again = Path(scratch) / "package"
        with _home_from(payload, Path(scratch) / "home"):
            checks = list(_make_again(payload, made_with, again, trusted=trusted))
            unseen = _unseen(made_with)
        yield from checks
        if again.is_dir():
            yield from _compare(folder, again, made_with.software, unseen=unseen)


def _make_again(payload: Path, made_with: MadeWith, again: Path, *, trusted: bool) -> Iterator[Check]:
    if missing := _missing_lists(made_with.lists):
        said = f"the sites are those of {', '.join(missing)}, not at hand; set CAMPS_MIRROR to a copy of the lists"
        yield Check(RESULTS, _ALL, None, said)
        return
    claims, absent = [*read_claims(), *read_answers()], _missing_lists(made_with.published)
    unmade = [claim for claim in claims if (claim.function and not trusted) or set(claim.needs) & set(absent)]
    unseen = _missing_images(made_with.images)
    taken = _taken(payload, made_with, [*absent, *unseen], unmade, trusted=trusted)
    _build_again(again, made_with, replace(taken, unseen=bool(_unseen(made_with))))
    yield from _check_claims(len(claims), unmade, absent, trusted=trusted)


# --- what can be made here ------------------------------------------------------------------------------------------


def _missing_lists(named: tuple[str, ...]) -> list[str]:
    at_hand = set(sources.available())
    return [name for name in named if name not in at_hand]


def _unseen(made_with: MadeWith) -> str:
    """Return why the figures of images cannot be made here as they were, or nothing."""
    if _missing_images(made_with.images):
        return "shows images that are not at hand; set CAMPS_MIRROR to a copy of them"
    if made_with.images and (needed := _apart(_OF_IMAGES, made_with.software)):
        return f"another engine cut its images, whose bytes cannot be made here; needs {needed}"
    return ""


def _missing_images(named: tuple[str, ...]) -> list[str]:
    at_hand = images_at_hand()
    return [name for name in named if name not in at_hand]


def _missing_inputs(payload: Path) -> list[str]:
    """Return the withheld inputs that the installed suite does not hold as they were."""
    withheld = read_withheld(payload)
    held, home = held_files(payload), settings.find_home() or Path()
    ours = {item_id: home / held[item_id].place for item_id in withheld if item_id in held}
    unknown = [item for item, path in ours.items() if not path.is_file() or files.sha256(path) != withheld[item]]
    return unknown + [item for item in withheld if item not in held]


def _brings_other_findings(payload: Path) -> bool:
    """Return whether a package would have findings run that are not those of the record one stands in."""
    return bool(_others(payload, [PLACE]))


def _other_readers(payload: Path) -> list[str]:
    """Return the readers of a package that are not those of the record one stands in."""
    folder = payload / "geodata" / READERS
    return _others(payload, sorted(path.relative_to(payload).as_posix() for path in folder.rglob("*.py")))


def _others(payload: Path, names: list[str]) -> list[str]:
    ours = settings.find_home() or Path()
    there = [name for name in names if (payload / name).is_file()]
    return [name for name in there if not ((ours / name).is_file() and files.same_bytes(payload / name, ours / name))]


def _added_lists() -> list[Path]:
    """Return the copies of lists that were added to the record; they do not travel, and are read here as they were."""
    if settings.find_home() is None:
        return []
    places = [store.kept(entry.id, file) for entry in sources.registry().values() for file in entry.files]
    return [path for path in places if path.is_file()]


def _taken(
    payload: Path, made_with: MadeWith, absent: list[str], unmade: list[Claim], *, trusted: bool
) -> package.Taken:
    items = schemas.read_record(payload / "tables" / "items.csv").set_index("item_id")["bytes"]
    if unknown := [name for name in absent if pd.isna(items.get(f"cited-{name}"))]:
        raise InputError(f"tables/items.csv: does not say of {', '.join(unknown)} how many bytes were read")
    return package.Taken(
        software=made_with.software,
        deliveries=schemas.read_record(payload / "tables" / "deliveries.csv"),
        absent={name: int(items[f"cited-{name}"]) for name in absent},
        stated=_stated_values(payload, unmade),
        trusts_findings=trusted,
        payload=payload,
        kinds=frozenset(kind for kind in _ENGINES if _other_engine(kind, made_with.software)),
    )


def _stated_values(payload: Path, unmade: list[Claim]) -> dict[str, dict[str, float | None]]:
    """Return, by finding, the values that the package says it gave."""
    stated = schemas.read_record(payload / "tables" / "claims.csv").set_index("claim_id")["numbers"]
    values: dict[str, dict[str, float | None]] = {}
    try:
        for claim in unmade:
            told = {entry["value"]: entry["computed"] for entry in json.loads(str(stated[claim.id]))}
            values.setdefault(claim.called, {}).update(told)
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"tables/claims.csv: does not say what the claims rest on ({error})") from error
    return values


def _other_engine(kind: str, software: Mapping[str, str]) -> str:
    """Return which software would write files of a kind otherwise than it did, and which is needed; or nothing."""
    return _apart(_ENGINES.get(kind, ()), software)


def _apart(engines: tuple[str, ...], software: Mapping[str, str]) -> str:
    here = making.software_here()
    names = [name for name in {**software, **here} if name.startswith(engines)]
    apart = [name for name in names if software.get(name) != here.get(name)]
    return ", ".join(f"{name} {software.get(name, '(none)')}" for name in sorted(apart))


# --- building again -------------------------------------------------------------------------------------------------


@contextmanager
def _home_from(payload: Path, home: Path) -> Iterator[None]:
    """Let the suite read its record from a copy of the package's; what is withheld there comes from the suite's own."""
    withheld = read_withheld(payload)
    for item_id, held in held_files(payload).items():
        source = (settings.home() if item_id in withheld else payload) / held.place
        if source.is_file():
            files.write_bytes(home / held.place, source.read_bytes())
    for path in _added_lists():
        files.write_bytes(home / path.relative_to(settings.home()), path.read_bytes())
    with settings.standing_in(home):
        yield


def _build_again(out: Path, made_with: MadeWith, taken: package.Taken) -> None:
    package.build_appendix(
        out, dossiers=made_with.dossiers, lists=made_with.lists, published=made_with.published,
        images=made_with.images, public=made_with.public, taken=taken,
    )  # fmt: skip


# --- comparing ------------------------------------------------------------------------------------------------------


def _check_claims(n_claims: int, unmade: list[Claim], absent: list[str], *, trusted: bool) -> Iterator[Check]:
    said = f"all numbers of {n_claims - len(unmade)} claims come out as printed, or are said to be unchecked"
    yield Check(RESULTS, "claims", True, said)
    if not trusted:
        said = f"rest on a {PLACE} that is not that of the record here; its code was not run: read it, and check there"
        yield Check(RESULTS, f"{len(unmade)} claims", None, said)
    elif unmade:
        said = f"{', '.join(claim.id for claim in unmade)}: need {', '.join(absent)}, not at hand; set CAMPS_MIRROR"
        yield Check(RESULTS, f"{len(unmade)} claims", None, said)


def _compare(folder: Path, again: Path, software: Mapping[str, str], *, unseen: str) -> Iterator[Check]:
    names = {
        path.relative_to(root).as_posix() for root in (folder, again) for path in root.rglob("*") if path.is_file()
    }
    for name in sorted(names - {bag.SIGNATURE}):
        told, theirs, ours = name.removeprefix(f"{bag.PAYLOAD}/"), folder / name, again / name
        # A file that does not come out at all was added, whatever would have made it.
        both = theirs.is_file() and ours.is_file()
        if both and (needed := _other_engine(theirs.suffix, software)):
            yield _check_taken(told, theirs, needed)
        elif both and unseen and told.startswith(f"figures/{SCENES}-"):
            yield Check(RESULTS, told, None, unseen)
        else:
            yield _compare_file(told, theirs, ours)


def _check_taken(name: str, theirs: Path, needed: str) -> Check:
    if theirs.suffix == ".parquet" and theirs.stem in schemas.RECORDS:
        same = schemas.read_record(theirs).equals(schemas.read_record(theirs.with_suffix(".csv")))
        return Check(RESULTS, name, same, "holds what its CSV file holds" if same else "is not what its CSV file holds")
    return Check(RESULTS, name, None, f"another engine made it, whose bytes cannot be made here; needs {needed}")


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
