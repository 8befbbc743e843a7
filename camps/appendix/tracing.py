"""From a frame to the sites, rows, sources and hashes behind it, and from a site to everything that uses it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from camps import embedded, files, settings
from camps.appendix import schemas, signing
from camps.appendix.claims import as_read, claims_path, read_claims
from camps.errors import CheckError, InputError, MissingError
from camps.film import movie, testimony
from camps.film.manifest import read_manifest, read_shot_table
from camps.film.records import FRAME_LIST, read_frame_list
from camps.origins import find_sites, is_about, looks_behind

_MOST_LINES = 12
#: Numbers below this are told to a tenth.
_TENTHS_BELOW = 10


@dataclass(frozen=True)
class Trace:
    """What was found behind a frame or a site: a heading, facts, and the lines of each part."""

    subject: str
    facts: tuple[tuple[str, str], ...]
    parts: tuple[tuple[str, tuple[str, ...]], ...]
    holds: bool = True

    def report(self) -> str:
        """Return the trace as text to read."""
        lines = [self.subject, *(f"  {label}: {value}" for label, value in self.facts)]
        for title, entries in self.parts:
            lines += [
                "",
                f"{title} ({len(entries)})",
                *(f"  {line}" for entry in entries for line in entry.split("\n")),
            ]
        return "\n".join(lines) + "\n"


def trace(subject: str | Path, *, at: str | None = None, frames: Path | None = None) -> Trace:
    """Return what stands behind a frame, or everything that uses a site.

    Parameters
    ----------
    subject
        The path of a frame beside whose folder lies its ``frames.csv``; of a movie, a map, a plate or a frame that left
        its folder, which say themselves what they show; or the id of a site.
    at
        Which frame of a movie: a timecode, a frame number, or a time after its beginning.
    frames
        Folder that holds the deliveries, searched for frames that show a site; ``exports/frames`` by default.

    Returns
    -------
    Trace
        For a frame: what it shows, then each site with its row, source and hash, and the claims on it; ``holds`` is
        false when the picture is not the one recorded. For a site: its source, and the claims, tables and frames that
        use it.

    Raises
    ------
    MissingError
        When there is neither such a file nor such a site.
    InputError
        When nothing is recorded of the frame.
    """
    path = Path(subject)
    if path.is_file():
        found = embedded.read(path)
        if found is not None:
            return _trace_record(path, found, at)
        if at is not None:
            raise InputError(
                f"{path}: holds no record of what it shows; expected a movie that camps wrote, or its frames"
            )
        return _trace_frame(path)
    if path.suffix:
        raise MissingError(f"{path}: no such file; expected a frame such as exports/frames/…/x.1001.png, or a site id")
    return _trace_site(str(subject), frames or settings.exports() / "frames")


# --- from a frame ---------------------------------------------------------------------------------------------------


def _trace_frame(path: Path) -> Trace:
    folder, listed, (number, layer, picture) = testimony.find_listed(path)
    frame, shot = listed.frames[number], read_shot_table(read_manifest(folder), folder)
    found = files.sha256(path)
    same = found == picture.sha256
    said = "as recorded" if same else f"NOT as recorded, which was {picture.sha256}; it is another picture"
    sites = find_sites(frame.site_ids)
    behind = _Behind(
        tuple(site.text() for site in sites),
        tuple(looks_behind(testimony.find_looks(shot), frame.site_ids, frame.shown["date_shown"])),
        tuple(_claims_on({site.site_id for site in sites}, {site.source_id for site in sites})),
    )
    return _frame_trace(str(path), ("SHA-256", f"{found}, {said}"), frame.shown, layer, behind, holds=same)


@dataclass(frozen=True)
class _Behind:
    """What stands behind a frame: its sites, its looks, and the claims on them."""

    sites: tuple[str, ...]
    looks: tuple[str, ...]
    claims: tuple[str, ...]


def _frame_trace(
    subject: str, picture: tuple[str, str], row: Mapping[str, str], layer: str, behind: _Behind, *, holds: bool
) -> Trace:
    facts = (
        picture,
        ("frame", f"{row['frame']}, timecode {row['timecode']}, pass {layer}"),
        ("shows", f"{row['date_shown']} ({row['kind']}), day of the film clock {row['day']}"),
        _told(row),
        ("days since the last look", row["stale_days"] or "none, or no looks"),
    )
    parts = [("Sites, rows and sources", behind.sites)]
    parts += [("Looks, readers and scenes", behind.looks)] if behind.looks else []
    parts += [("Claims", behind.claims)] if behind.claims else []
    return Trace(subject, facts, tuple(parts), holds=holds)


def _trace_record(path: Path, found: embedded.Embedded, at: str | None) -> Trace:
    """Trace a frame of a movie, a frame that left its folder, or a map, by what the file itself says."""
    if "rows" not in found.content:
        return _trace_map(path, found)
    told = testimony.read(found.content, path)
    if at is None and len(told.rows) == 1:
        at = str(told.numbers[0])
    if at is None:
        first, last = told.numbers[0], told.numbers[-1]
        raise InputError(f"{path}: holds frames {first} to {last}; say which with --at, such as --at {first}")
    number, how = testimony.find_frame(told, at)
    row, sites = told.rows[number], told.content["sites"]
    site_ids = row["site_ids"].split()
    source_ids = {sites[one][0] for one in site_ids if one in sites}
    behind = _Behind(
        tuple(sites[one][1] if one in sites else f"{one}  in none of the lists at hand when it was filmed"
              for one in site_ids),
        tuple(looks_behind(told.content["looks"], site_ids, row["date_shown"])),
        tuple(f"{name}: {as_read(text)}" for name, text, named, needs in told.content["claims"]
              if is_about(named, needs, set(site_ids), source_ids)),
    )  # fmt: skip
    if "picture_sha256" in told.content:
        label, said, holds = _own_picture(path, found)
    else:
        label, said, holds = _coded_picture(path, found, told.numbers.index(number), len(told.numbers))
    traced = _frame_trace(f"{path}, {at} ({how})", (label, said), row, told.content["pass"], behind, holds=holds)
    return _with_signer(traced, found)


def _with_signer(traced: Trace, found: embedded.Embedded) -> Trace:
    """Return a trace with who signed the record of its file, where somebody did."""
    try:
        by = signing.read_record_signer(found)
    except CheckError as error:
        return replace(traced, facts=(*traced.facts, ("signed", f"NOT: {error}")), holds=False)
    return replace(traced, facts=(*traced.facts, ("signed", f"by {by}"))) if by else traced


def _trace_map(path: Path, found: embedded.Embedded) -> Trace:
    """Trace a map or a plate by what the file itself says."""
    told = testimony.read_map(found.content, path)
    whole = embedded.sum_around(path, found) == found.around
    said = "as it was written with its record" if whole else "NOT as it was written with its record"
    shown = ", ".join(f"{name} {value}" for name, value in told["shown"].items())
    facts = (("file", f"SHA-256 {files.sha256(path)}, {said}"), ("map", told["map"]), ("shows", shown or "all of it"))
    parts = (
        ("Sites, rows and sources", tuple(text for _, text in told["sites"].values())),
        ("Claims", tuple(f"{name}: {as_read(text)}" for name, text, *_ in told["claims"])),
    )
    return _with_signer(Trace(str(path), facts, tuple(part for part in parts if part[1]), holds=whole), found)


def _own_picture(path: Path, found: embedded.Embedded) -> tuple[str, str, bool]:
    total = hashlib.sha256(embedded.without(path.read_bytes())).hexdigest()
    if total == found.content["picture_sha256"]:
        return "SHA-256 without its record", f"{total}, as recorded", True
    return "SHA-256 without its record", f"{total}, NOT as recorded; it is another picture", False


def _coded_picture(path: Path, found: embedded.Embedded, index: int, n_frames: int) -> tuple[str, str, bool]:
    coded, label = movie.read_coded(path), "coded picture"
    parts = movie.parts_of(found.bound)
    if not len(coded.sums) == len(parts) == n_frames:
        said = f"NOT as recorded: {len(coded.sums)} pictures, recorded are {n_frames}; it was cut or added to"
        return label, said, False
    said = f"SHA-256 {coded.sums[index].hex()}"
    if coded.sums[index].startswith(parts[index]):
        return label, f"{said}, begins as recorded", True
    return label, f"{said}, NOT as recorded, which begins {parts[index].hex()}; it is another picture", False


def _told(row: Mapping[str, str]) -> tuple[str, str]:
    """Return the number that a frame prints large, and what it is over."""
    if row["n_open"]:
        told = f"{row['n_open']} of {row['n_sites']} sites on record as open"
        return "open", f"{told}; {row['n_last_known']} last known open"
    told = f"{_printed(row)} over {_counted(row)} of {row['n_sites']} sites"
    before = row.get("before_day")
    return "total", told + (f"; left of the line, on {before}, {_printed(row, 'before_')}" if before else "")


def _printed(row: Mapping[str, str], side: str = "") -> str:
    """Return the number that a side prints: its bounds where the next look bounds it."""
    bounds = [_rounded(row.get(f"{side}total_{end}", "")) for end in ("lo", "hi")]
    if row.get(f"{side}kind") == "bracketed" and len(set(bounds)) > 1:
        return "–".join(bounds)
    return _rounded(row.get(f"{side}total", ""))


def _counted(row: Mapping[str, str]) -> str:
    if row["kind"] == "interpolated" and "n_interpolated" in row:
        return f"{row['n_observed']} counted, {row['n_interpolated']} interpolated and {row['n_held']} held"
    # Of what is bracketed, and of what an earlier release filmed, a row says no more.
    if row["kind"] in {"interpolated", "bracketed"}:
        return f"{row['n_observed']} with a count of this date and {row['n_held']} between counts or held"
    return f"{row['n_observed']} counted and {row['n_held']} held"


def _rounded(total: str) -> str:
    """Return a number as the page prints it: a decimal below ten, none above."""
    try:
        value = float(total)
    except ValueError:
        return "none"
    return f"{value:,.1f}".removesuffix(".0") if abs(value) < _TENTHS_BELOW else f"{value:,.0f}"


# --- from a site ----------------------------------------------------------------------------------------------------


def _trace_site(site_id: str, frames: Path) -> Trace:
    (site,) = find_sites([site_id])
    parts = [
        ("Source", (site.text(),)),
        ("Claims", tuple(_claims_on({site.site_id}, {site.source_id}))),
        ("Rows of the appendix", tuple(_rows_with(site_id))),
        ("Frames", tuple(_frames_with(site_id, frames))),
    ]
    return Trace(site_id, (("name", site.name),), tuple(parts))


def _claims_on(site_ids: set[str], source_ids: set[str]) -> list[str]:
    """Return the claims that name one of the sites, and those computed from all sites of one of the sources."""
    listed = read_claims() if files.is_there(claims_path()) else []
    return [f"{one.id}: {one.sentence}" for one in listed if is_about(one.sites, one.needs, site_ids, source_ids)]


def _rows_with(site_id: str) -> list[str]:
    tables = settings.exports() / "appendix" / "data" / "tables"
    told = []
    for name in ("sites", "measurements", "counts"):
        path = tables / f"{name}.csv"
        if path.is_file():
            table = schemas.read_record(path)
            lines = [row + 2 for row in table.index[table["site_id"] == site_id]]
            more = " …" if len(lines) > _MOST_LINES else ""
            told += [f"{path.name}: lines {', '.join(map(str, lines[:_MOST_LINES]))}{more}"] if lines else []
    return told


def _frames_with(site_id: str, frames: Path) -> list[str]:
    told = []
    for listed in sorted(frames.rglob(FRAME_LIST)):
        frames_of = read_frame_list(listed.parent).frames
        numbers = [number for number, frame in frames_of.items() if site_id in frame.site_ids]
        if numbers:
            told.append(f"{listed.parent.name}: {len(numbers)} frames, {min(numbers)} to {max(numbers)}")
    return told
