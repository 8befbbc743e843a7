"""Where things lie and the constants that more than one room uses.

Folders are functions, not constants, so that ``CAMPS_HOME``, ``CAMPS_EXPORTS``, ``CAMPS_CACHE`` and ``CAMPS_MIRROR``
are read when they are needed and a test or a notebook can point a run elsewhere.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

#: Uncertainty of a published point that states none: 95 % of ASPI/BuzzFeed pairs lie within 128 m (METHOD 2).
DEFAULT_R95_M = 130.0

#: Seed of every Monte-Carlo run; it is stored with each result.
SEED = 20170401

#: A group with fewer sites than this prints no number (METHOD 4).
MIN_MATCHED_SITES = 10

#: Draws of a bootstrap over sites.
BOOTSTRAP_DRAWS = 2000

#: Marks that the command line prints on anything that nobody has visited.
NOT_VERIFIED = "not verified on the ground"


def home() -> Path:
    """Return the folder that holds geodata/, notebooks/, shots/ and exports/ (``CAMPS_HOME`` overrides)."""
    return Path(os.environ.get("CAMPS_HOME") or Path(__file__).resolve().parents[1])


def geodata() -> Path:
    """Return the folder of what goes in; code never writes there except on an explicit ``add``."""
    return home() / "geodata"


def exports() -> Path:
    """Return the folder of what comes out (``CAMPS_EXPORTS`` overrides)."""
    return Path(os.environ.get("CAMPS_EXPORTS") or home() / "exports")


def cache() -> Path:
    """Return the folder of fetched sources and intermediate results (``CAMPS_CACHE`` overrides)."""
    return Path(os.environ.get("CAMPS_CACHE") or platformdirs.user_cache_dir("camps", appauthor=False))


def mirror() -> str | None:
    """Return the local mirror of published lists, a folder or a URL, or ``None`` (``CAMPS_MIRROR``)."""
    return os.environ.get("CAMPS_MIRROR") or None
