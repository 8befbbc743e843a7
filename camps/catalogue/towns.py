"""Names of towns: found only inside the area in which a list says that they lie."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry


def town_inside(name: str, towns: pd.DataFrame, area: BaseGeometry) -> dict[str, str | float] | None:
    """Return the town of a name that lies inside an area, or None where none does, or more than one.

    A name alone is not enough: of 48 towns that a prison list names, five are first found in another county, and
    Xincheng 23 times all over the country.

    Parameters
    ----------
    name
        The town as a list prints it.
    towns
        ``id``, ``name``, ``lon`` and ``lat`` (degrees, WGS 84), a row for each name that a town has.
    area
        The stated area, in EPSG:4326, longitude first.

    Returns
    -------
    dict or None
        ``id``, ``name``, ``lon`` and ``lat`` of the town.

    Examples
    --------
    >>> where = {"lon": [112.1, 122.1], "lat": [22.0, 37.3]}
    >>> towns = pd.DataFrame({"id": ["1", "2"], "name": ["Heshan", "He Shan"], **where})
    >>> town_inside("Heshan", towns, shapely.box(120, 36, 124, 38))["id"]
    '2'
    >>> town_inside("Heshan", towns, shapely.box(100, 30, 101, 31)) is None
    True
    """
    named = towns[towns["name"].map(_plain) == _plain(name)].drop_duplicates("id")
    inside = named[shapely.covers(area, shapely.points(named["lon"].astype(float), named["lat"].astype(float)))]
    if len(inside) != 1:
        return None
    row = inside.iloc[0]
    return {"id": str(row["id"]), "name": str(row["name"]), "lon": float(row["lon"]), "lat": float(row["lat"])}


def _plain(name: str) -> str:
    """Return a name without marks, blanks and case."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    return re.sub(r"[^\w]|_", "", letters, flags=re.UNICODE)
