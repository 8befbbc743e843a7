"""A record of one's own, begun: the folder with all that every command expects, ready to be built as it is."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from camps import files, settings, sources
from camps.errors import InputError, MissingError
from camps.sources import store
from camps.sources.registry import reader_place

#: Folders of a record that a list, a claim or a build fills.
_EMPTY = ("geodata",)
_TITLE = "{title}"


def start(folder: Path, *, from_list: str | None = None) -> str | None:
    """Begin a record: a folder with ``record.toml``, ``geodata/``, ``shots/``, seven notebooks and ``exports/``.

    Parameters
    ----------
    folder
        The folder to make; it may not be there yet. Its name is the title until ``record.toml`` says another.
    from_list
        A file that is added as the first list, as :func:`camps.sources.add` reads it, or the id of a source of the
        record that one stands in, whose entry and files are taken over.

    Returns
    -------
    str or None
        The id of the list that was added.

    Raises
    ------
    InputError, MissingError
        When there is such a folder already or it cannot be written, or when the list cannot be read. Nothing is left
        then.
    """
    if folder.exists() or folder.is_symlink():
        raise InputError(f"{folder}: is there already; name a folder that is not, or go into it and use it as it is")
    if not folder.absolute().parent.is_dir():
        raise MissingError(f"{folder.absolute().parent}: no such folder to make {folder.name} in; make it first")
    taken = None if from_list is None or Path(from_list).is_file() else _entry_here(from_list)
    with files.new_folder(folder) as begun:
        _copy(resources.files("camps.build") / "starter", begun, folder.absolute().name)
        for name in _EMPTY:
            (begun / name).mkdir()
        if taken is not None:
            return _take_over(*taken, settings.geodata(), begun)
        return None if from_list is None else _add(Path(from_list).absolute(), begun)


def _copy(template: Traversable, target: Path, title: str) -> None:
    for part in sorted(template.iterdir(), key=lambda one: one.name):
        if part.is_dir():
            _copy(part, target / part.name, title)
        else:
            # A title stands between quotes in TOML and bare in Markdown; what would end either is left out.
            plain = re.sub(r'["\\\x00-\x1f]', " ", title)
            files.write_text(target / part.name, part.read_text("utf-8").replace(_TITLE, plain))


def _add(path: Path, home: Path) -> str:
    source_id = id_for(path)
    try:
        with settings.standing_in(home):
            sources.add(path, source_id)
    except InputError as error:
        raise InputError(
            f"{error}\nno folder was made: begin without --from, then "
            f"`camps sources add {shlex.quote(str(path))} --id {source_id}` with what the message asks for"
        ) from error
    return source_id


def id_for(path: Path) -> str:
    """Return an id for a file that nobody named: its name in plain letters, digits and hyphens.

    Examples
    --------
    >>> id_for(Path("Lager (Ost) 1943.CSV"))
    'lager-ost-1943'
    """
    plain = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode("ascii").casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64] or "list"


def _entry_here(source_id: str) -> tuple[sources.SourceEntry, dict[str, Path]]:
    """Return a source of the record that one stands in, and where those of its files are that do not come anew."""
    known = sources.registry() if settings.find_home() else {}
    if source_id not in known:
        raise MissingError(
            f"{source_id}: no file of that name, nor a source of the record here "
            f"({', '.join(known) or 'none registered'}); name a list's file, or go where its id is known"
        )
    entry = known[source_id]
    if not entry.files:
        raise MissingError(f"{source_id}: {store.how_to_get(entry)}")
    found = {file.name: store.path(source_id, file.name) for file in entry.files if file.bundled or file.required}
    return entry, found


def _take_over(entry: sources.SourceEntry, found: dict[str, Path], theirs: Path, home: Path) -> str:
    if place := reader_place(entry):
        files.write_bytes(home / "geodata" / place, (theirs / place).read_bytes())
    kept = replace(entry, files=tuple(replace(file, bundled=None) for file in entry.files if file.name in found))
    with settings.standing_in(home):
        sources.register(kept, dict(_copies(kept, found)))
    return entry.id


def _copies(entry: sources.SourceEntry, found: dict[str, Path]) -> Iterator[tuple[Path, Path]]:
    yield from ((store.kept(entry.id, file), found[file.name]) for file in entry.files)
