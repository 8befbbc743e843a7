"""Where the files of a source are: bundled with the suite, in a mirror folder, or in the cache."""

from __future__ import annotations

from pathlib import Path

from camps import files, settings
from camps.errors import CheckError, MissingError
from camps.sources.registry import SourceEntry, SourceFile, entry, registry

_DIGITS = 12


def cached(source_id: str, file: SourceFile) -> Path:
    """Return where the cache keeps a file, whether it is there or not: two records may give one id to two files."""
    return settings.cache() / "sources" / source_id / file.sha256[:_DIGITS] / file.name


def kept(source_id: str, file: SourceFile) -> Path:
    """Return where a record keeps its copy of a list that was added to it; it does not travel with the appendix."""
    return settings.geodata() / "lists" / source_id / file.name


def mirror_folder() -> Path | None:
    """Return ``CAMPS_MIRROR`` when it names a folder, ``None`` when it is unset or a URL.

    Raises
    ------
    MissingError
        When it names a folder that is not there.
    """
    mirror = settings.mirror()
    if not mirror or "://" in mirror:
        return None
    folder = Path(mirror)
    if not folder.is_dir():
        raise MissingError(f"CAMPS_MIRROR={mirror}: no such folder; correct it, or unset it to go without a mirror")
    return folder


def find(source: SourceEntry, file: SourceFile) -> Path | None:
    """Return where a file lies now, or ``None``: bundled, in the record, the mirror folder or the cache."""
    mirror = mirror_folder()
    places = [
        settings.geodata() / file.bundled if file.bundled else None,
        kept(source.id, file),
        mirror / source.id / file.name if mirror else None,
        cached(source.id, file),
    ]
    return next((place for place in places if place and files.is_there(place)), None)


def missing(source: SourceEntry) -> list[SourceFile]:
    """Return the required files of a source that are nowhere to be found."""
    return [file for file in source.files if file.required and find(source, file) is None]


def available() -> list[str]:
    """Return the ids of the sources whose required files are all here: bundled, mirrored or cached."""
    return [source.id for source in registry().values() if source.files and not missing(source)]


def path(source_id: str, name: str | None = None) -> Path:
    """Return the path of one file of a source; a published one after checking its SHA-256.

    The bundled record is checked by :func:`camps.sources.read`, once its rows have been read.

    Parameters
    ----------
    source_id
        A registered source.
    name
        File name as registered; the source's main file when left out.

    Raises
    ------
    MissingError
        When the source or the file is unknown, or the file is nowhere to be found.
    CheckError
        When the SHA-256 of a published file is not the registered one; the message names both.
    """
    source = entry(source_id)
    if not source.files:
        raise MissingError(f"{source_id}: {how_to_get(source)}")
    file = _file(source, name)
    found = find(source, file)
    if found is None:
        raise MissingError(f"{source_id}: {file.name} is not here; {remedy(source, file)}")
    if not file.bundled:
        check_sum(found, file)
    return found


def _file(source: SourceEntry, name: str | None) -> SourceFile:
    if name is None:
        return source.files[0]
    known = {file.name: file for file in source.files}
    if name not in known:
        raise MissingError(f"{source.id}: no file {name} registered; it has {', '.join(known)}")
    return known[name]


def remedy(source: SourceEntry, file: SourceFile) -> str:
    """Return what brings a missing file here."""
    if file.bundled:
        return f"restore geodata/{file.bundled} from the repository"
    place = f"put it at <folder>/{source.id}/{file.name} and set CAMPS_MIRROR=<folder>"
    return f"run `camps sources fetch {source.id}`, or {place}" if file.url else place


def how_to_get(source: SourceEntry) -> str:
    """Return what brings a source here of which a file is missing, or that has none."""
    if source.files:
        return f"not at hand; run `camps sources fetch {source.id}`, or set CAMPS_MIRROR"
    return (
        f"registered, not at hand ({source.absent}); with a copy of your own: `camps sources remove {source.id}`, then "
        f"`camps sources add FILE --id {source.id}`"
    )


def check_sum(found: Path, file: SourceFile) -> None:
    """Do nothing when a file has its registered bytes.

    Raises
    ------
    CheckError
        With both sums when it has others.
    """
    actual = files.sha256(found)
    if actual != file.sha256:
        remedy = "fetch it again, or register the new edition under its own id"
        if file.bundled:
            remedy = "restore it from the repository, or enter its new sum in geodata/sources.toml if you corrected it"
        elif found.is_relative_to(kept_copies := settings.cache() / "sources"):
            source_id = found.relative_to(kept_copies).parts[0]
            remedy = f"the copy is damaged; run `camps sources fetch {source_id}`, which fetches it again"
        raise CheckError(
            f"{found}: SHA-256 is {actual}, expected {file.sha256}; the file is not the one registered: {remedy}"
        )
