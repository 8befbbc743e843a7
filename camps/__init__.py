"""Measure, map, film and evidence the growth of detention camps.

The rooms are modules, read as ``camps.catalogue.load()``. Data goes one way; a module imports only from those
before it::

    errors dates machine settings notebook files languages fonts browser record crs tables provenance engine sources
    catalogue imagery footprints change growth reading timeline plots style basemap maps film appendix build cli
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from camps import appendix as appendix
    from camps import basemap as basemap
    from camps import browser as browser
    from camps import build as build
    from camps import catalogue as catalogue
    from camps import change as change
    from camps import crs as crs
    from camps import dates as dates
    from camps import errors as errors
    from camps import files as files
    from camps import film as film
    from camps import fonts as fonts
    from camps import footprints as footprints
    from camps import growth as growth
    from camps import imagery as imagery
    from camps import languages as languages
    from camps import machine as machine
    from camps import maps as maps
    from camps import plots as plots
    from camps import provenance as provenance
    from camps import reading as reading
    from camps import record as record
    from camps import settings as settings
    from camps import sources as sources
    from camps import style as style
    from camps import tables as tables
    from camps import timeline as timeline

__all__ = [
    "appendix", "basemap", "browser", "build", "catalogue", "change", "crs", "dates", "errors", "files", "film",
    "fonts", "footprints", "growth", "imagery", "languages", "machine", "maps", "plots", "provenance", "reading",
    "record", "settings", "sources", "style", "tables", "timeline",
]  # fmt: skip


class _Room:
    """A room of the package, loaded when it is first used: the set-up runs before any package is there.

    A notebook that lists the rooms as one types does not load them: it takes no value from a descriptor.
    """

    def __set_name__(self, package: type, name: str) -> None:
        self.name = name

    def __get__(self, package: ModuleType | None, of: type) -> ModuleType | _Room:
        return self if package is None else importlib.import_module(f"camps.{self.name}")


sys.modules[__name__].__class__ = type("_Package", (ModuleType,), {name: _Room() for name in __all__})


def __dir__() -> list[str]:
    return sorted(__all__)
