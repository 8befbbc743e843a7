"""Checks one file by the record that it carries: its bytes or pictures, its rows, and its sources."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from camps import embedded, files, origins, sources
from camps.appendix import credentials, editions, signing
from camps.appendix.checks import Check
from camps.appendix.framecheck import row_fault
from camps.errors import CampsError, CheckError, MissingError
from camps.film import movie, testimony
from camps.film.movie import MovieFacts
from camps.film.readouts import read_out
from camps.film.testimony import Testimony

FILE, SHOWN = "The file", "What it shows"

_MOST_NAMED = 5
#: Share of a frame by which its time may be off: some containers count in milliseconds.
_LATE = Fraction(1, 4)
_BT709 = (1, 1, 1, True)
_CODECS = {"proxy": ("h264",), "prores4444": ("prores",), "prores422hq": ("prores",), "webm": ("vp9",)}


def check_file(
    path: Path,
    found: embedded.Embedded,
    *,
    remuxed: bool = False,
    quick: bool = False,
    signer: str | None = None,
) -> Iterator[Check]:
    """Check a movie, a frame or a map against the record in it, and the record against the data here.

    Parameters
    ----------
    path
        The file.
    found
        The record in it, from `camps.embedded.read`.
    remuxed
        Whether it is known to have been copied into another container, whose own bytes are then not asked about.
    quick
        Whether the rows are taken as they stand, and not worked out again.
    signer
        Fingerprint of the key that has to have signed the record.

    Yields
    ------
    Check
        One for each thing that was asked.

    Raises
    ------
    InputError
        When the record is none of frames, or the movie cannot be read.
    """
    is_film = "rows" in found.content and "picture_sha256" not in found.content
    yield _check_around(path, found, remuxed and is_film)
    yield from _check_signature(found, signer)
    told = testimony.read(found.content, path) if "rows" in found.content else None
    if told is not None:
        yield from check_film(path, found) if is_film else [_check_picture(path, found)]
    stated = found.content.get("edition")
    if stated is not None and (fault := editions.edition_fault(stated)):
        yield Check(SHOWN, "edition", None, fault)
        return
    with editions.edition_of(path):
        checks = [*_check_shown(told, quick)] if told else [*_check_data(testimony.read_map(found.content, path))]
        checks += editions.check_withheld(path, FILE)
    yield from checks


def _check_shown(told: Testimony, quick: bool) -> Iterator[Check]:
    """Check what a film or a frame says of itself."""
    yield from _check_data(told.content)
    yield from _check_looks(told)
    if not quick:
        yield from _check_rows(told)
    else:
        yield Check(SHOWN, "rows", None, "not worked out again, as asked; leave --quick out")


# --- the file -------------------------------------------------------------------------------------------------------


def _check_around(path: Path, found: embedded.Embedded, remuxed: bool) -> Check:
    if embedded.sum_around(path, found) == found.around:
        return Check(
            FILE, path.name, True,
            "byte for byte as it was written with its record. Whoever forges a whole film can write its record too: "
            f"hold its sum, {files.sha256(path)}, against the one that its makers made known",
        )  # fmt: skip
    signed = _check_credentials(path, found)
    if signed is not None:
        return signed
    if remuxed:
        return Check(
            FILE, path.name, True, "in another container than it was written in, as was said; see the pictures"
        )
    return Check(
        FILE, path.name, False,
        "other bytes than were written with its record; where it was only copied into another container, --remuxed "
        "asks for pictures, times and tags alone",
    )  # fmt: skip


def _check_signature(found: embedded.Embedded, signer: str | None) -> Iterator[Check]:
    """Check who signed the record, which holds the sums of all the rest."""
    try:
        said = signing.judge(signing.read_record_signer(found), signer)
    except CheckError as error:
        said = (False, str(error))
    if said:
        yield Check(FILE, "signature", *said)


def _check_credentials(path: Path, found: embedded.Embedded) -> Check | None:
    """Check the content credentials of a file whose bytes are no longer those around its record, where it has any."""
    try:
        by = credentials.read_signer(path, found)
    except MissingError as error:
        return Check(FILE, path.name, None, str(error))
    except CheckError as error:
        return Check(FILE, path.name, False, str(error))
    if by is None:
        return None
    said = f"byte for byte as it was signed with its record (C2PA), signed by {by}; whose certificate that is, ask them"
    return Check(FILE, path.name, True, said)


def _check_picture(path: Path, found: embedded.Embedded) -> Check:
    total, stated = hashlib.sha256(embedded.without(path.read_bytes())).hexdigest(), found.content["picture_sha256"]
    if total == stated:
        return Check(FILE, "picture", True, f"without its record the frame that was rendered, {total}")
    return Check(FILE, "picture", False, f"without its record found {total}, expected {stated}")


def check_film(path: Path, found: embedded.Embedded) -> Iterator[Check]:
    """Check the pictures of a movie, their times and its tags: what a copy into another container keeps."""
    told = testimony.read(found.content, path)
    yield from _check_pictures(path, found, told)
    yield from _check_facts(path, told)


def _check_pictures(path: Path, found: embedded.Embedded, told: Testimony) -> Iterator[Check]:
    coded, parts = movie.read_coded(path), movie.parts_of(found.bound)
    if not len(coded.sums) == len(parts) == len(told.rows):
        said = f"found {len(coded.sums)}, expected {len(told.rows)}: it was cut, added to, or another film put in"
        yield Check(FILE, "pictures", False, said)
        return
    pairs = zip(told.numbers, coded.sums, parts, strict=True)
    wrong = [number for number, digest, part in pairs if not digest.startswith(part)]
    if wrong:
        yield Check(FILE, "pictures", False, f"{_named(wrong)}: not as recorded")
    elif movie.bound_sums(coded) != found.bound:
        yield Check(FILE, "pictures", False, "not as recorded: the sum over all of them is another")
    else:
        yield Check(FILE, "pictures", True, f"{len(parts)} coded pictures, each the one recorded for its frame")
    yield _check_times(coded, told)


def _check_times(coded: movie.Coded, told: Testimony) -> Check:
    rate = Fraction(told.content["fps"])
    off = [
        number
        for at, (number, time) in enumerate(zip(told.numbers, coded.times_s, strict=True))
        if abs(time - coded.times_s[0] - at / rate) * rate > _LATE
    ]
    if off:
        return Check(FILE, "times", False, f"{_named(off)}: not shown at its time at {rate} frames/s")
    return Check(FILE, "times", True, f"each is shown for one frame at {rate} frames/s")


def _check_facts(path: Path, told: Testimony) -> Iterator[Check]:
    facts, kind = movie.read_movie(path), str(told.content.get("movie"))
    faults = [
        f"{what}: found {was}, expected {wanted}" for what, was, wanted in _facts(facts, told, kind) if was != wanted
    ]
    if faults:
        yield Check(FILE, "tags", False, "; ".join(faults))
    else:
        lost = "; its timecode track was lost" if told.content.get("timecode") and not facts.timecode else ""
        yield Check(FILE, "tags", True, f"{facts.codec}, {facts.width} × {facts.height}, bt709, as recorded{lost}")


def _facts(facts: MovieFacts, told: Testimony, kind: str) -> Iterator[tuple[str, object, object]]:
    width, height = told.content["size"]
    yield "size", (facts.width, facts.height), (width - width % 2, height - height % 2)
    yield "codec", (facts.codec,), _CODECS.get(kind, (f"none of a movie of kind {kind}",))
    yield "colour", (facts.primaries, facts.transfer, facts.matrix, facts.studio_range), _BT709
    yield "further tracks", facts.more, ()
    yield "turned by degrees", facts.turned_deg, 0
    yield "pixel aspect", facts.pixel_aspect or Fraction(1), Fraction(1)
    # Matroska has no timecode track; what lost its own says nothing false.
    yield "timecode", facts.timecode or told.content.get("timecode"), told.content.get("timecode")


def _named(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_MOST_NAMED]))
    return f"frame {shown}{' …' if len(numbers) > _MOST_NAMED else ''} ({len(numbers)} in all)"


# --- what it shows --------------------------------------------------------------------------------------------------


def _check_data(told: Mapping[str, Any]) -> Iterator[Check]:
    """Check what the file says of where it comes from against what lies here."""
    yield from _check_sources(told)
    yield from _check_sites(told)
    yield from _check_claims(told)


def _check_sources(told: Mapping[str, Any]) -> Iterator[Check]:
    """Check that the data the film was made of are those that are registered here."""
    known = sources.registry()
    for source_id, sums in told["sources"].items():
        here = {file.name: file.sha256 for file in known[source_id].files} if source_id in known else None
        if here is None:
            yield Check(SHOWN, source_id, None, "is not registered here; stand in the record that it was made from")
        elif here == sums:
            yield Check(SHOWN, source_id, True, f"{len(sums)} files, with the sums that are registered here")
        else:
            yield Check(SHOWN, source_id, None, f"it was made of another edition ({_apart(sums, here)})")


def _apart(sums: Mapping[str, str], here: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {total}" for name, total in sums.items() if here.get(name) != total) or "other files"


def _check_sites(told: Mapping[str, Any]) -> Iterator[Check]:
    """Check that the rows of the lists are as the film says."""
    sites = told["sites"]
    here = origins.look_up(list(sites))
    faults = [name for name, site in here.items() if sites[name] != [site.source_id, origins.carried(site)]]
    absent = [name for name in sites if name not in here]
    for name in faults[:_MOST_NAMED]:
        yield Check(SHOWN, name, False, f"the list here says: {origins.carried(here[name])}".replace("\n", "; "))
    if absent:
        said = f"{len(absent)} of {len(sites)} sites are in no list at hand ({', '.join(absent[:3])}); set CAMPS_MIRROR"
        yield Check(SHOWN, "sites", None, said)
    elif not faults:
        yield Check(SHOWN, "sites", True, f"{len(sites)} sites, each as it stands in its list here")


def _check_claims(told: Mapping[str, Any]) -> Iterator[Check]:
    """Check that the claims on it are those of the record here, in the same words."""
    here = {name: [name, *rest] for name, *rest in origins.read_claims()}
    on_it = {name: [name, *rest] for name, *rest in told["claims"]}
    wanted = [name for name, (*_, sites, needs) in here.items()
              if origins.is_about(sites, needs, set(told["sites"]), set(told["sources"]))]  # fmt: skip
    faults = [name for name, said in on_it.items() if name in here and here[name] != said]
    for name in faults[:_MOST_NAMED]:
        yield Check(SHOWN, f"claim {name}", False, f"the record here says: {here[name][1]}")
    if apart := [*(set(on_it) - set(here)), *(set(wanted) - set(on_it))]:
        said = f"{', '.join(sorted(apart)[:_MOST_NAMED])}: on one of it and the record here, and not on the other"
        yield Check(SHOWN, "claims", None, said)
    elif on_it and not faults:
        yield Check(SHOWN, "claims", True, f"{len(on_it)} claims, each as the record here has it")


def _check_looks(told: Testimony) -> Iterator[Check]:
    """Check that what is said of each look, who read it and on which scene, is what the series here says."""
    try:
        here = [list(look) for look in testimony.find_looks(told.shot)]
    except CampsError as error:
        yield Check(SHOWN, "looks", None, f"could not be read here: {error}")
        return
    apart = [look for look in told.content["looks"] if look not in here] or [
        one for one in here if one not in told.content["looks"]
    ]
    if apart:
        yield Check(SHOWN, "looks", False, f"not as the series here says: {apart[0][2]}".replace("\n", "; "))
    elif here:
        yield Check(SHOWN, "looks", True, f"{len(here)} looks, each as the series here has it")


def _check_rows(told: Testimony) -> Iterator[Check]:
    """Check that what every frame says comes out of the data here."""
    try:
        shot = told.shot
        again = read_out(shot, told.numbers) if shot else None
    except CampsError as error:
        yield Check(SHOWN, "rows", None, f"could not be worked out here: {error}")
        return
    if again is None:
        yield Check(SHOWN, "rows", None, "somebody's own map was filmed, whose state no data here give")
        return
    faults = {number: said for number, row in told.rows.items() if (said := row_fault(row, again.get(number)))}
    for number, said in list(faults.items())[:_MOST_NAMED]:
        yield Check(SHOWN, f"frame {number}", False, said)
    if len(faults) > _MOST_NAMED:
        yield Check(SHOWN, "rows", False, f"{_named(list(faults))}: say what does not come out of the data")
    if not faults:
        yield Check(SHOWN, "rows", True, f"{len(again)} rows say what comes out of the data")
