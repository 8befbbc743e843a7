"""What was measured on the scenes of a site, as a footprint series of the record."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from camps import files, sources
from camps.errors import InputError
from camps.footprints.adding import add
from camps.footprints.series import FootprintSeries, load
from camps.imagery.pictures import joined_attribution
from camps.imagery.sites import SiteExtraction
from camps.sources.registry import SOURCE_ID, registry

_ROLES = {
    "footprints.parquet": "footprints", "looks.csv": "looks", "scenes.csv": "scenes", "coverage.geojson": "coverage"
}  # fmt: skip


def add_extraction(found: SiteExtraction, written: Iterable[Path], source_id: str | None = None) -> FootprintSeries:
    """Register what was built at a site as a footprint series, read by growth, maps, film and appendix like any other.

    Nothing changes where the same is registered already.

    Parameters
    ----------
    found, written
        What :func:`camps.imagery.extract_site` found, and the files that :func:`camps.imagery.write_extraction` wrote.
    source_id
        The id to give it; that of :func:`extracted_id` when left out.

    Returns
    -------
    FootprintSeries
        The series as ``camps.footprints.load(source_id)`` reads it.

    Raises
    ------
    InputError
        When the id is taken by something else.
    """
    named = extracted_id(found.site_id, source_id)
    paths = {_ROLES[path.name]: path for path in written if path.name in _ROLES}
    taken = registry().get(named)
    if taken is None:
        return add(named, paths, _about(found))
    if {file.role: file.sha256 for file in taken.files} == {role: files.sha256(path) for role, path in paths.items()}:
        return load(named)
    raise InputError(
        f"{named}: registered already with other figures; run `camps sources remove {named}` to replace them, or name "
        "another with --id"
    )


def extracted_id(site_id: str, source_id: str | None = None) -> str:
    """Return the id of the series that becomes of a site: the one given, or one from the site's.

    Raises
    ------
    InputError
        When the one given is none.

    Examples
    --------
    >>> extracted_id("camps-A 1")
    'extracted-camps-a-1'
    """
    if source_id is not None and not SOURCE_ID.fullmatch(source_id):
        raise InputError(f"id {source_id!r}: expected lower-case letters, digits, dots and hyphens")
    return source_id or re.sub(r"[^a-z0-9._-]+", "-", f"extracted-{site_id}".casefold())[:64]


def _about(found: SiteExtraction) -> sources.About:
    shown = [one.scene for one in found.rasters]
    days = [day for one in shown for day in one.interval]
    credits_line = joined_attribution([one.attribution for one in shown])
    # The title is what every map and film prints as the credit.
    title = f"Built-up ground of {found.site_id} ({credits_line})"
    return sources.About(
        title=title, publisher="camps", date=f"{min(days)}/{max(days)}",
        landing=f"camps imagery extract {found.site_id}", licence=f"own measurement; pictures: {credits_line}",
        citation=f"camps, {title}, {min(days)} to {max(days)}.",
        datum="wgs84",
    )  # fmt: skip
