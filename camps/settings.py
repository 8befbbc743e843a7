"""Where things lie and the constants that more than one room uses.

The home is a record: a folder with a ``record.toml``. Folders are functions, not constants, so that ``CAMPS_HOME``,
``CAMPS_EXPORTS``, ``CAMPS_CACHE`` and ``CAMPS_MIRROR`` are read when they are needed and a test or a notebook can point
a run elsewhere.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from camps.errors import MissingError

#: Base map of every record: Natural Earth, names and relief; see its ``sources.toml``.
BASEMAP = Path(__file__).parent / "basemap_data"

#: The file whose folder is a record.
RECORD_NAME = "record.toml"

#: Uncertainty of a published point that states none: of two lists of one system, 95 % of pairs lie within 128 m.
DEFAULT_R95_M = 130.0

#: Seed of every Monte-Carlo run; it is stored with each result.
SEED = 20170401

#: A group with fewer sites than this prints no number (METHOD 4).
MIN_MATCHED_SITES = 10

#: Draws of a bootstrap over sites.
BOOTSTRAP_DRAWS = 2000

#: Marks that the command line prints on anything that nobody has visited.
NOT_VERIFIED = "not verified on the ground"


def find_home() -> Path | None:
    """Return the folder of the record: ``CAMPS_HOME``, or the nearest with a record.toml from here upwards."""
    if named := os.environ.get("CAMPS_HOME"):
        return Path(named).absolute()
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / RECORD_NAME).is_file()), None)


def home() -> Path:
    """Return the folder of the record, which holds geodata/, notebooks/, shots/ and exports/.

    Raises
    ------
    MissingError
        When one stands in no record and names none.
    """
    found = find_home()
    if found is None:
        raise MissingError(
            f"{Path.cwd()}: no {RECORD_NAME} here or above; start a record with `camps init NAME`, go into one, or "
            "name one with --home or CAMPS_HOME"
        )
    return found


@contextmanager
def standing_in(folder: Path) -> Iterator[None]:
    """Let everything within the block, and the processes that it starts, take this folder for the record."""
    before = os.environ.get("CAMPS_HOME")
    os.environ["CAMPS_HOME"] = str(folder.absolute())
    try:
        yield
    finally:
        os.environ.pop("CAMPS_HOME") if before is None else os.environ.update(CAMPS_HOME=before)


def geodata() -> Path:
    """Return the folder of what goes in; code never writes there except on an explicit ``add``."""
    return home() / "geodata"


def exports() -> Path:
    """Return the folder of what comes out (``CAMPS_EXPORTS`` overrides)."""
    return Path(os.environ.get("CAMPS_EXPORTS") or home() / "exports")


def cache() -> Path:
    """Return the folder of fetched sources and intermediate results (``CAMPS_CACHE`` overrides)."""
    return Path(os.environ.get("CAMPS_CACHE") or platformdirs.user_cache_dir("camps", appauthor=False))


def scratch() -> Path:
    """Return the folder of what this record's notebooks try out; no two records share it."""
    return cache() / "scratch" / hashlib.sha256(str(home().resolve()).encode()).hexdigest()[:16]


def mirror() -> str | None:
    """Return the local mirror of published lists, a folder or a URL, or ``None`` (``CAMPS_MIRROR``)."""
    return os.environ.get("CAMPS_MIRROR") or None
