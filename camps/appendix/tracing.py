"""From a frame to the sites, rows, sources and hashes behind it, and from a site to everything that uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from camps import catalogue, files, footprints, settings, sources
from camps.appendix import schemas
from camps.appendix.claims import Claim, read_claims
from camps.errors import InputError, MissingError
from camps.film.manifest import read_manifest, read_shot_table
from camps.film.records import FRAME_LIST, ListedFrame, PictureEntry, read_frame_list
from camps.film.shot import Shot

_MOST_LINES = 12


@dataclass(frozen=True)
class TracedSite:
    """One site as a source holds it: its row in the file, what is printed there, and the file with its sum."""

    site_id: str
    name: str
    source_id: str
    row: int
    printed: Mapping[str, str]
    citation: str
    address: str
    file: str
    sha256: str

    def lines(self) -> list[str]:
        """Return the site as lines to read."""
        said = ", ".join(f"{year}: {cell or 'blank'}" for year, cell in self.printed.items()) or "no count"
        return [
            f"{self.site_id}  {self.name}",
            f"  row {self.row} of {self.file} ({self.source_id}); counts as printed: {said}",
            f"  {self.citation}",
            f"  {self.address}",
            f"  SHA-256 of the file {self.sha256}",
        ]


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


def trace(subject: str | Path, *, frames: Path | None = None) -> Trace:
    """Return what stands behind a frame, or everything that uses a site.

    Parameters
    ----------
    subject
        The path of a frame beside whose folder lies its ``frames.csv``; or the id of a site.
    frames
        Folder that holds the deliveries, searched for frames that show a site; ``exports/frames`` by default.

    Returns
    -------
    Trace
        For a frame: what it shows, then each site with its row, source and hash; ``holds`` is false when the picture
        is not the one recorded. For a site: its source, and the claims, tables and frames that use it.

    Raises
    ------
    MissingError
        When there is neither such a file nor such a site.
    InputError
        When nothing is recorded of the frame.
    """
    path = Path(subject)
    if path.is_file():
        return _trace_frame(path)
    if path.suffix:
        raise MissingError(f"{path}: no such file; expected a frame such as exports/frames/…/x.1001.png, or a site id")
    return _trace_site(str(subject), frames or settings.exports() / "frames")


# --- from a frame ---------------------------------------------------------------------------------------------------


def _trace_frame(path: Path) -> Trace:
    frame, layer, picture = _recorded(path)
    row, found = frame.shown, files.sha256(path)
    same = found == picture.sha256
    said = "as recorded" if same else f"NOT as recorded, which was {picture.sha256}; it is another picture"
    facts = (
        ("SHA-256", f"{found}, {said}"),
        ("frame", f"{row['frame']}, timecode {row['timecode']}, pass {layer}"),
        ("shows", f"{row['date_shown']} ({row['kind']}), day of the film clock {row['day']}"),
        _told(row),
        ("days since the last look", row["stale_days"] or "none, or no looks"),
    )
    sites = tuple("\n".join(site.lines()) for site in find_sites(frame.site_ids))
    seen = tuple(_looks_behind(_shot_of(path), row["date_shown"], frame.site_ids))
    parts = (("Sites, rows and sources", sites), *((("Looks, readers and scenes", seen),) if seen else ()))
    return Trace(str(path), facts, parts, holds=same)


def _shot_of(path: Path) -> Shot | None:
    folder = next(folder for folder in path.resolve().parents[:3] if (folder / FRAME_LIST).is_file())
    return read_shot_table(read_manifest(folder), folder)


def _looks_behind(shot: Shot | None, date_shown: str, site_ids: Sequence[str]) -> Iterator[str]:
    """Yield who read which scene, with its sum, for the looks that stand behind a frame of footprints."""
    if shot is None or shot.map.kind != "footprints":
        return
    series = footprints.load(*shot.map.sources[:1])
    behind = series.looks[series.looks["site_id"].isin(site_ids) & series.looks["observed_on"].eq(date_shown)]
    shown = behind.merge(series.scenes[["scene_id", "sensor", "sha256"]], on="scene_id")
    for look in shown.astype("string").fillna("not stated").to_dict("records"):
        yield (
            f"{look['site_id']}  {look['observed_on']}  {look['status']}, read by: {look['interpreter']} "
            f"({series.source_id})\n  scene {look['scene_id']}, {look['sensor']}\n"
            f"  SHA-256 of the scene {look['sha256']}"
        )


def _told(row: Mapping[str, str]) -> tuple[str, str]:
    """Return the number that a frame prints large, and what it is over."""
    if row["n_open"]:
        told = f"{row['n_open']} of {row['n_sites']} sites on record as open"
        return "open", f"{told}; {row['n_last_known']} last known open"
    return "total", f"{_rounded(row['total'])} over {_counted(row)} of {row['n_sites']} sites"


def _counted(row: Mapping[str, str]) -> str:
    return f"{row['n_observed']} counted and {row['n_held']} held"


def _rounded(total: str) -> str:
    try:
        return f"{float(total):,.1f}".removesuffix(".0")
    except ValueError:
        return "none"


def _recorded(path: Path) -> tuple[ListedFrame, str, PictureEntry]:
    """Return the frame that a picture is of, the pass that it shows, and what is recorded of it."""
    for folder in path.resolve().parents[:3]:
        if (folder / FRAME_LIST).is_file():
            listed = read_frame_list(folder)
            for number, layer, picture in listed.pictures():
                if Path(picture.file).name == path.name:
                    return listed.frames[number], layer, picture
    raise InputError(f"{path}: no {FRAME_LIST} beside it names it; expected a frame in the folder it was rendered to")


def find_sites(site_ids: Sequence[str]) -> list[TracedSite]:
    """Return where each site stands in its source, in the order given.

    Raises
    ------
    MissingError
        When a site is in none of the lists that can be read here.
    """
    found: dict[str, TracedSite] = {}
    for source_id in sources.lists():
        wanted = [site_id for site_id in site_ids if site_id not in found]
        if wanted:
            found |= _in_source(source_id, set(wanted))
    missing = [site_id for site_id in site_ids if site_id not in found]
    if missing:
        shown = ", ".join(missing[:5])
        raise MissingError(f"{shown}: no such site in the lists at hand; set CAMPS_MIRROR if it is of a published list")
    return [found[site_id] for site_id in site_ids]


def _in_source(source_id: str, wanted: set[str]) -> dict[str, TracedSite]:
    sites = catalogue.load(source_id)
    sites = sites[sites["site_id"].isin(wanted)]
    if sites.empty:
        return {}
    printed = _printed_counts(source_id)
    return {row["site_id"]: _traced(source_id, row, printed.get(row["site_id"], {})) for _, row in sites.iterrows()}


def _printed_counts(source_id: str) -> dict[str, dict[str, str]]:
    counts = sources.read(source_id).counts
    printed: dict[str, dict[str, str]] = {}
    for unit, year, cell in zip(counts["unit"], counts["t"], counts["verbatim"], strict=True):
        printed.setdefault(unit, {})[year] = "" if pd.isna(cell) else str(cell)
    return printed


def _traced(source_id: str, row: pd.Series, printed: Mapping[str, str]) -> TracedSite:
    entry = sources.entry(source_id)
    own = row.get("coord_source_title")
    citation = entry.citation if own is None or pd.isna(own) else f"point after {own}"
    address = row.get("coord_source_url") if own is not None else entry.files[0].url
    return TracedSite(
        site_id=row["site_id"], name=str(row["name_en"]) if pd.notna(row["name_en"]) else "without a name",
        source_id=source_id, row=int(row["row"]), printed=printed, citation=citation,
        address=str(address or entry.landing), file=entry.files[0].name, sha256=entry.files[0].sha256,
    )  # fmt: skip


# --- from a site ----------------------------------------------------------------------------------------------------


def _trace_site(site_id: str, frames: Path) -> Trace:
    (site,) = find_sites([site_id])
    parts = [
        ("Source", ("\n".join(site.lines()),)),
        ("Claims", tuple(_claims_with(site))),
        ("Rows of the appendix", tuple(_rows_with(site_id))),
        ("Frames", tuple(_frames_with(site_id, frames))),
    ]
    return Trace(site_id, (("name", site.name),), tuple(parts))


def _claims_with(site: TracedSite) -> list[str]:
    """Return the claims that name the site, and those computed from all sites of its source."""
    used = (claim for claim in read_claims() if site.site_id in claim.sites or _is_about_all(claim, site.source_id))
    return [f"{claim.id}: {claim.sentence}" for claim in used]


def _is_about_all(claim: Claim, source_id: str) -> bool:
    return not claim.sites and source_id in claim.needs


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
