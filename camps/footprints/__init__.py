"""Footprints: polygons seen in dated scenes, read from any vector format, repaired with a log, and assigned to sites.

What becomes of each awkward input is written down once, here:

==================  ================================================================================================
zero area           left out and logged (under 10 cm², the rounding noise of a geodesic area)
empty, null         left out and logged
Z coordinates       dropped and logged; every measure is on the ellipsoid
multi-part          one footprint a part, logged; parts that meet at the antimeridian are joined into one
antimeridian        stored in one piece, longitudes running on past 180; logged
invalid             ``make_valid(method="structure", keep_collapsed=False)``, logged with the area before and after;
                    a change of more than max(1 %, 5 m²) is refused: the file is, or with ``refused="drop"`` the row
self-touching       a ring that touches itself is repaired like any invalid one; its area stays
huge                more than 1,000 km² is refused: no compound is as large, a wrong CRS is
mixed dates         day, month, year and interval may stand side by side; each is an interval of days
dates with a time   midnight is read as the day, a moment in UTC as its day in UTC; any other time is refused, as its
                    calendar day depends on a zone
reversed dates      rows in any order give the same result; an interval that ends before it begins is refused
duplicate dates     one scene for all rows of a date unless they name different scenes
duplicates          on one date, two polygons with IoU > 0.8: the better source stays, the other is logged
overlaps            ``overlap_m2`` flags them, and :func:`areas` counts the union, never the sum
==================  ================================================================================================
"""

from camps.footprints.adding import add, prepare
from camps.footprints.extracted import add_extraction, extracted_id
from camps.footprints.mending import repair, repair_geometry
from camps.footprints.overlap import BUILT, areas, counted_area_m2, own_area_m2
from camps.footprints.partitions import Partition, partition
from camps.footprints.registered import OPTIONS, default_id, is_series, pictured, pictures, series_ids
from camps.footprints.released import Release, release
from camps.footprints.releases import as_looks, taken
from camps.footprints.series import FootprintSeries, load, load_second
from camps.footprints.sites import assign_sites

__all__ = [
    "BUILT",
    "OPTIONS",
    "FootprintSeries",
    "Partition",
    "Release",
    "add",
    "add_extraction",
    "areas",
    "as_looks",
    "assign_sites",
    "counted_area_m2",
    "default_id",
    "extracted_id",
    "is_series",
    "load",
    "load_second",
    "own_area_m2",
    "partition",
    "pictured",
    "pictures",
    "prepare",
    "release",
    "repair",
    "repair_geometry",
    "series_ids",
    "taken",
]
