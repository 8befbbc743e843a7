"""Registering a footprint series of one's own, so that growth, maps, film and appendix read it by its id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from camps import files, settings, sources
from camps.errors import InputError
from camps.footprints.registered import files_as_arguments
from camps.footprints.series import FootprintSeries, load
from camps.sources.registry import FOOTPRINTS, ROLES, SOURCE_ID, SourceEntry, SourceFile, registry


def add(
    source_id: str,
    paths: Mapping[str, Path],
    about: sources.About | None = None,
    *,
    titles: Mapping[str, str] = MappingProxyType({}),
) -> FootprintSeries:
    """Register footprints as a series of the record: read them, copy them to geodata/, write the entry with its sums.

    Parameters
    ----------
    source_id
        The id to give it: lower-case letters, digits, dots and hyphens.
    paths
        Files by what they hold: ``footprints`` (any vector format, dated by a column ``observed_on`` or the option of
        that name), and where there are any ``looks`` and ``scenes`` (CSV, tables of METHOD 1), ``coverage`` (where a
        building would have been seen, EPSG:4326), ``repeat`` (a second reading, with ``repeat-looks`` and
        ``repeat-scenes``) and ``log`` (how the reading was made).
    about
        Title, publisher, licence and so on; its ``options`` are those of :func:`camps.footprints.load`, such as
        ``{"gsd_m": 10}``, and are kept with the entry.
    titles
        What each file is, by what it holds, where that is not plain from the title of the series.

    Returns
    -------
    FootprintSeries
        The series as it is read from now on by ``camps.footprints.load(source_id)``.

    Raises
    ------
    MissingError, InputError
        When a file cannot be read as part of a series, or the id is registered already; nothing is written then.
    """
    series = prepare(source_id, paths, about)
    entry = _entry(source_id, paths, about or sources.About(), titles)
    targets = [settings.geodata() / str(file.bundled) for file in entry.files]
    sources.register(entry, dict(zip(targets, paths.values(), strict=True)))
    return series


def prepare(source_id: str, paths: Mapping[str, Path], about: sources.About | None = None) -> FootprintSeries:
    """Return footprints as :func:`add` would register them; nothing is written."""
    if not SOURCE_ID.fullmatch(source_id) or source_id in registry():
        expected = "a new one in lower-case letters, digits, dots and hyphens"
        raise InputError(f"id {source_id!r}: taken, or no id; expected {expected}")
    strange = sorted(set(paths) - set(ROLES))
    if strange or "footprints" not in paths:
        raise InputError(f"{source_id}: files {', '.join(paths)}; expected footprints and some of {', '.join(ROLES)}")
    held, arguments = files_as_arguments({role: [path] for role, path in paths.items()})
    options = dict(about.options) if about else {}
    return replace(load(held, **arguments, **options), source_id=source_id)


def _entry(source_id: str, paths: Mapping[str, Path], about: sources.About, titles: Mapping[str, str]) -> SourceEntry:
    title = about.title or paths["footprints"].stem
    held = tuple(
        SourceFile(
            name, files.sha256(path), bundled=f"footprints/{source_id}/{name}", role=role, title=titles.get(role, "")
        )
        for role, path in paths.items()
        # A second reading has files of the same names.
        for name in [f"repeat-{path.name}" if role.startswith("repeat") else path.name]
    )
    return SourceEntry(
        id=source_id, title=title, publisher=about.publisher, date=about.date, landing=about.landing,
        licence=about.licence, citation=about.cited(title), datum="wgs84",
        format=paths["footprints"].suffix.removeprefix(".").casefold(), files=held, reader=FOOTPRINTS,
        namespace=source_id, options=dict(about.options),
    )  # fmt: skip
