"""Satellite scenes of a site: found, read, registered, and turned into built-up area with an interval.

`find_site`, `read_site` and `extract_site` go from a site's id to figures; what they are made of stands in the modules
``stac``, ``raster``, ``registration``, ``extract``, ``area``, ``accuracy``, ``pictures`` and ``layers``.
"""

from camps.imagery.accuracy import assess, summary
from camps.imagery.adding import Description, Hints, add, check_told, describe
from camps.imagery.area import Calibration, calibrate, estimate
from camps.imagery.extract import Extraction, dated_polygons, read_series, scene_polygons
from camps.imagery.grid import Grid, geometry_grid, site_grid
from camps.imagery.layers import scene_layer, tile_layer, write_tiles
from camps.imagery.pictures import build_before_after, build_contact_sheet, build_picture, write_picture
from camps.imagery.raster import Raster, read
from camps.imagery.registration import Match, match, register
from camps.imagery.scene import Band, Georeference, Scene, get, listing, load
from camps.imagery.sites import (
    SiteExtraction,
    extract_site,
    find_site,
    locate,
    read_boundary,
    read_site,
    read_sites,
    register_windows,
    write_extraction,
)
from camps.imagery.stac import DEFAULT_BANDS, Plan, SiteWindows, Windows

__all__ = [
    "DEFAULT_BANDS", "Band", "Calibration", "Description", "Extraction", "Georeference", "Grid", "Hints", "Match",
    "Plan", "Raster", "Scene", "SiteExtraction", "SiteWindows", "Windows", "add", "assess", "build_before_after",
    "build_contact_sheet", "build_picture", "calibrate", "check_told", "dated_polygons", "describe", "estimate",
    "extract_site", "find_site", "geometry_grid", "get", "listing", "load", "locate", "match", "read",
    "read_boundary", "read_series", "read_site", "read_sites", "register", "register_windows", "scene_layer",
    "scene_polygons", "site_grid", "summary", "tile_layer", "write_extraction", "write_picture", "write_tiles",
]  # fmt: skip
