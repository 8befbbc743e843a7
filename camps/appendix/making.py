"""What a package says of its own making, and whether that can be so: software, selection of sites, lists read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from camps import files, provenance, record, settings, sources
from camps.appendix import document, schemas
from camps.appendix.checks import Check
from camps.appendix.claims import read_claims
from camps.appendix.evidence import Evidence, held_files, images_at_hand, is_image
from camps.appendix.passages import read_answers
from camps.errors import CampsError, InputError, MissingError

GROUP = "How it says that it was made"

_CODE = "camps code (SHA-256)"


@dataclass(frozen=True)
class MadeWith:
    """What a package says of its own making.

    Attributes
    ----------
    dossiers, lists, published, images
        Ids of the sites that have one, of the lists in the tables, of the published lists that were read, and of the
        images that were shown.
    software
        Versions and sums, by name.
    public
        Whether it is a public edition.
    """

    dossiers: tuple[str, ...]
    lists: tuple[str, ...]
    published: tuple[str, ...]
    images: tuple[str, ...]
    software: Mapping[str, str]
    public: bool


def installed_software() -> dict[str, str]:
    """Return the versions of all that computes the numbers, and the sums of the fonts that set the pages."""
    return provenance.software() | document.font_sums()


def software_here() -> dict[str, str]:
    """Return what is installed here; without the fonts where some are missing, which then set no page."""
    try:
        return installed_software()
    except MissingError:
        return provenance.software()


def read_made_with(payload: Path) -> MadeWith:
    """Read what the record of processing says of the document.

    Raises
    ------
    MissingError, InputError
        When it does not say it.
    """
    processing = schemas.read_record(payload / "tables" / "processing.csv").set_index("instrument")
    try:
        row = processing.loc["camps.appendix.document"]
        parameters = json.loads(str(row["parameters"]))
        dossiers, lists, public = (parameters[name] for name in ("dossiers", "lists", "public"))
        told = json.loads(str(row["software"]))
        if not (_texts(dossiers) and _texts(lists) and isinstance(public, bool) and _texts(list(told.values()))):
            raise ValueError("values of other kinds than ids, versions, true or false")
        _ = told["camps"], told[_CODE]
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"tables/processing.csv: does not say how the document was made ({error})") from error
    held = held_files(payload)
    read = [name for name in str(row["objects"]).split("; ") if name not in held]
    images = tuple(name for name in read if is_image(name))
    published = tuple(name for name in read if not is_image(name))
    return MadeWith(tuple(dossiers), tuple(lists), published, images, _in_our_order(told), public)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) and part for part in value)


def _in_our_order(software: Mapping[str, str]) -> dict[str, str]:
    """Return recorded versions in the order in which the suite prints them; the record holds them sorted."""
    known = [name for name in _names() if name in software]
    return {name: software[name] for name in [*known, *(name for name in software if name not in known)]}


def _names() -> list[str]:
    return [*provenance.software(), *(f"font {family}" for family in sorted(document.FONTS))]


# --- software -------------------------------------------------------------------------------------------------------


def check_software(payload: Path) -> Iterator[Check]:
    """Check that the software named is what the suite runs on, and its code the one installed."""
    software = read_made_with(payload).software
    faults = [*_name_faults(software), *_version_faults(software)]
    yield from (Check(GROUP, f"software, {name}", False, said) for name, said in faults)
    here = provenance.software()
    for name in ("camps", _CODE):
        if software[name] != here[name]:
            said = f"says {software[name]}, installed is {here[name]}; install the one named to check this package"
            yield Check(GROUP, f"software, {name}", False, said)
            faults = [*faults, (name, said)]
    if not faults:
        other = [f"{name} {software[name]}, here {here[name]}" for name in here if software[name] != here[name]]
        yield Check(
            GROUP, "software", True, f"this suite; of other versions: {'; '.join(other)}" if other else "as here"
        )


def _name_faults(software: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    needed, known = set(provenance.software()), set(_names())
    yield from ((name, "is no software that the suite names") for name in sorted(set(software) - known))
    yield from ((name, "is not named, though every package names it") for name in sorted(needed - set(software)))


def _version_faults(software: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    allowed = _allowed()
    for name, told in software.items():
        if name == _CODE or name.startswith("font "):
            if not files.SHA256.fullmatch(told):
                yield name, f"says {told!r}, which is no SHA-256"
            continue
        try:
            version = Version(told)
        except InvalidVersion:
            yield name, f"says {told!r}, which is no version"
            continue
        if str(version) != told or version.local:
            yield name, f"says {told!r}, which no release is called"
        elif not allowed.get(name, SpecifierSet()).contains(version, prereleases=True):
            # A set of specifiers has no order of its own.
            needed = ",".join(sorted(map(str, allowed[name]), reverse=True))
            yield name, f"says {told}, with which the suite does not run; it needs {name}{needed}"


def _allowed() -> dict[str, SpecifierSet]:
    """Return the versions that the installed suite runs with, by the name of the software."""
    required = [Requirement(one) for one in metadata.requires("camps") or [] if "extra ==" not in one]
    python = SpecifierSet(metadata.metadata("camps")["Requires-Python"] or "")
    return {one.name: one.specifier for one in required} | {"python": python}


# --- selection ------------------------------------------------------------------------------------------------------


def check_selection(payload: Path) -> Iterator[Check]:
    """Check that a package leaves out no dossier that its record names, and reads no list that nobody registered."""
    made_with = read_made_with(payload)
    yield from _check_dossiers(payload, made_with)
    registered = set(sources.registry(_said_in("geodata/sources.toml", payload)))
    for name in sorted({*made_with.published, *made_with.lists} - registered):
        yield Check(GROUP, f"list {name}", False, "stands in no register of this package; nobody can read it")
    yield from _check_left_out(payload, made_with)
    yield from _check_images(made_with)


def _said_in(place: str, payload: Path) -> Path:
    """Return where a file of the record is read: in the package, or here where an edition withholds it."""
    return payload / place if (payload / place).is_file() else (settings.find_home() or payload) / place


def _check_dossiers(payload: Path, made_with: MadeWith) -> Iterator[Check]:
    path = _said_in(settings.RECORD_NAME, payload)
    named = record.read_toml(path).get("dossiers", []) if path.is_file() else []
    left = [one for one in named if one not in made_with.dossiers]
    said = f"left out, though {settings.RECORD_NAME} names it: the package shows what suited whoever made it"
    yield from (Check(GROUP, f"dossier {site_id}", False, said) for site_id in left)
    if not left:
        said = f"{len(made_with.dossiers)}, none of those that {settings.RECORD_NAME} names is left out"
        yield Check(GROUP, "dossiers", True, said)


def _check_left_out(payload: Path, made_with: MadeWith) -> Iterator[Check]:
    """Name the published lists that claims need, that are at hand here, and that were not read."""
    readers = {"claims.toml": read_claims, "passages.toml": read_answers}
    said_in = {name: _said_in(f"geodata/{name}", payload) for name in readers}
    claims = [claim for name, path in said_in.items() if path.is_file() for claim in readers[name](path)]
    needed = [name for claim in claims for name in claim.needs]
    own = {held.entry.id for held in held_files(payload).values() if held.entry is not None}
    for name in sources.available() if settings.find_home() else []:
        if name in needed and name not in own.union(made_with.published):
            said = f"is at hand here and was not read; {needed.count(name)} claims need it. Build the appendix with it"
            yield Check(GROUP, f"list {name}", None, said)


def _check_images(made_with: MadeWith) -> Iterator[Check]:
    """Say where images of a site with a dossier are at hand that the package does not show."""
    shown = [] if made_with.images or made_with.public else _imaged_here(made_with.dossiers)
    if shown:
        said = f"of {', '.join(shown)} are at hand here and are not shown. Build the appendix with them"
        yield Check(GROUP, "images", None, said)


def _imaged_here(site_ids: Sequence[str]) -> list[str]:
    """Return the sites whose images the record here has at hand; none where that record is not sound itself."""
    # Without an image at hand the record is not read for this.
    if not settings.find_home() or not any(map(is_image, images_at_hand())):
        return []
    try:
        here = Evidence(published=())
        pairs = {site_id: here.before_and_after(site_id) for site_id in site_ids}
    except CampsError:
        return []
    return [site_id for site_id, pair in pairs.items() if any(not image.file.bundled for image in pair)]
