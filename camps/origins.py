"""Where what a picture shows comes from: the row of each site in its list, who read which scene, and claims on it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from camps import catalogue, files, footprints, provenance, record, settings, sources
from camps.dates import look_day
from camps.errors import MissingError
from camps.tables import SEEING

#: Lists under terms that what is taken from them be passed on under the same: only where a row stands is carried.
_SHARE_ALIKE = ("ODbL",)


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

    def text(self) -> str:
        """Return the site as lines to read."""
        said = ", ".join(f"{year}: {cell or 'blank'}" for year, cell in self.printed.items()) or "no count"
        lines = [
            f"{self.site_id}  {self.name}",
            f"  row {self.row} of {self.file} ({self.source_id}); counts as printed: {said}",
            f"  {self.citation}",
            f"  {self.address}",
            f"  SHA-256 of the file {self.sha256}",
        ]
        return "\n".join(lines)


def find_sites(site_ids: Sequence[str]) -> list[TracedSite]:
    """Return where each site stands in its source, in the order given.

    Raises
    ------
    MissingError
        When a site is in none of the lists that can be read here.
    """
    found = look_up(site_ids)
    missing = [site_id for site_id in site_ids if site_id not in found]
    if missing:
        shown = ", ".join(missing[:5])
        raise MissingError(
            f"{shown}: no such site in the lists at hand; set CAMPS_MIRROR if it is of a published list, "
            "or CAMPS_HOME to the record that it is of"
        )
    return [found[site_id] for site_id in site_ids]


def look_up(site_ids: Sequence[str], among: Collection[str] | None = None) -> dict[str, TracedSite]:
    """Return where each site stands in its source, by its id; one that is in no list at hand is left out.

    `among` are the lists that are read; all of them where it is not given.
    """
    found: dict[str, TracedSite] = {}
    for source_id in sources.lists() if settings.find_home() else ():
        wanted = [site_id for site_id in site_ids if site_id not in found]
        if wanted and (among is None or source_id in among):
            found |= _in_source(source_id, set(wanted))
    return found


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
    own, page = (
        None if pd.isna(row.get(name)) else str(row[name]) for name in ("coord_source_title", "coord_source_url")
    )
    citation = entry.citation if own is None else f"point after {own}"
    address = page if "coord_source_title" in row else entry.files[0].url
    return TracedSite(
        site_id=row["site_id"], name=str(row["name_en"]) if pd.notna(row["name_en"]) else "without a name",
        source_id=source_id, row=int(row["row"]), printed=printed, citation=citation,
        address=str(address or entry.landing), file=entry.files[0].name, sha256=entry.files[0].sha256,
    )  # fmt: skip


def find_looks(source_id: str | None = None) -> list[tuple[str, str, str]]:
    """Return of a footprint series the site and date (EDTF) of each look, and who read which scene, with its sum."""
    series = footprints.load(*([source_id] if source_id else []))
    shown = series.looks.merge(series.scenes[["scene_id", "sensor", "sha256"]], on="scene_id")
    return [
        (
            look["site_id"],
            look["observed_on"],
            f"{look['site_id']}  {look['observed_on']}  {look['status']}, read by: {look['interpreter']} "
            f"({series.source_id})\n  scene {look['scene_id']}, {look['sensor']}\n"
            f"  SHA-256 of the scene {look['sha256']}",
        )
        for look in shown.astype("string").fillna("not stated").to_dict("records")
    ]


def looks_behind(looks: Iterable[Sequence[str]], site_ids: Iterable[str], shown: str) -> Iterator[str]:
    """Yield the looks that a day rests on: of each site the last that saw it by then, and each since that did not.

    Parameters
    ----------
    looks
        As :func:`find_looks` returns them.
    shown
        The day that is shown, EDTF: what was last seen is shown until the next look.
    """
    held = [(of, look_day(date), text) for of, date, text in looks]
    for site_id in site_ids:
        until = sorted((day, text) for of, day, text in held if of == site_id and day <= look_day(shown))
        for _, text in reversed(until):
            yield text
            if text.split("  ")[2].startswith(SEEING):
                break


def describe(
    site_ids: Sequence[str], source_ids: Iterable[str], among: Collection[str] | None = None
) -> dict[str, Any]:
    """Return what a picture carries of where it comes from: sources with sums, sites, claims, versions, its edition.

    Parameters
    ----------
    site_ids
        The sites on it; one that is in no list at hand is left out.
    source_ids
        Sources that it is made of, besides those of the sites.
    among
        Lists that its sites are of, where that is known: no other list is read for it.
    """
    found = look_up(site_ids, among)
    named = dict.fromkeys([*source_ids, *(site.source_id for site in found.values())])
    return {
        "sources": {name: {file.name: file.sha256 for file in sources.entry(name).files} for name in named},
        "sites": {site_id: [site.source_id, carried(site)] for site_id, site in found.items()},
        "claims": [one for one in read_claims() if is_about(one[2], one[3], set(site_ids), set(named))],
        "software": provenance.software(),
        **sources.told_edition(),
    }


def carried(site: TracedSite) -> str:
    """Return what a picture carries of a site: all that is traced; of a list under share-alike terms, where it is."""
    licence = sources.entry(site.source_id).licence
    if not licence.startswith(_SHARE_ALIKE):
        return site.text()
    return replace(site, name=f"(not carried: {licence})", printed={f"not carried ({licence})": "see the list"}).text()


def read_claims() -> list[list[Any]]:
    """Return id, text as marked, sites and lists of each claim of the record here."""
    path = settings.geodata() / "claims.toml"
    told = record.read_toml(path).get("claim", []) if settings.find_home() and files.is_there(path) else []
    return [
        [str(one.get("id")), str(one.get("text")), [*one.get("sites", ())], [*one.get("needs", ())]] for one in told
    ]


def is_about(sites: Iterable[str], needs: Iterable[str], site_ids: set[str], source_ids: set[str]) -> bool:
    """Return whether a claim names one of some sites, or names none and is computed from one of their lists."""
    return bool(set(sites) & site_ids) if sites else bool(set(needs) & source_ids)
