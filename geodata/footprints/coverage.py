"""Write the valid areas of the partial looks at Dabancheng, zone by zone: ``python geodata/footprints/coverage.py``.

The interpreter judged each zone of the site on each date (``dabancheng_looks_by_area.csv``). A zone is the hull of all
polygons ever drawn in it; the valid area of a partial look is the union of the zones judged ``observed``. A look that
was judged ``observed`` saw the whole site and needs no outline.
"""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd

from camps import crs, files

HERE = Path(__file__).parent
TRACKS = {
    "admin zone (west)": "dbc-W-",
    "comb strip": "dbc-M-",
    "C-blocks": "dbc-C-r",
    "courtyards of the C-blocks": "dbc-C-h",
    "eastern extension": "dbc-X-",
    "second compound (ASPI #124)": "dbc-S-",
}
INNER, OUTER = "courtyards of the C-blocks", "C-blocks"
# A standing building must lie in its zone although its outline was read anew on each date.
MARGIN_M = 10.0


def build_coverage() -> gpd.GeoDataFrame:
    """Return site_id, scene_id and the valid area of each partial look, in EPSG:4326."""
    zones = _zones(gpd.read_file(HERE / "dabancheng_footprints.geojson"))
    looks, by_zone = (pd.read_csv(HERE / f"dabancheng_{name}.csv") for name in ("looks", "looks_by_area"))
    seen = by_zone[by_zone["status"] == "observed"].merge(zones, left_on="area", right_index=True)
    partial = looks.loc[looks["status"] == "partial", ["site_id", "scene_id"]]
    wanted = seen[["site_id", "scene_id", "geometry"]].merge(partial, on=["site_id", "scene_id"])
    valid = gpd.GeoDataFrame(wanted, geometry="geometry", crs=zones.crs)
    return valid.dissolve(by=["site_id", "scene_id"], as_index=False).to_crs(4326)


def _zones(footprints: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    plane = footprints.set_geometry(crs.to_equal_area(footprints))
    members = {zone: plane[plane["track_id"].str.startswith(prefix)] for zone, prefix in TRACKS.items()}
    shapes = {zone: rows.union_all().convex_hull.buffer(MARGIN_M) for zone, rows in members.items()}
    # The courtyards lie between the wings of the C-blocks and were judged apart from them.
    shapes[INNER] = members[INNER].union_all().buffer(MARGIN_M)
    shapes[OUTER] = shapes[OUTER].difference(shapes[INNER])
    sites = {zone: rows["site_id"].iloc[0] for zone, rows in members.items()}
    return gpd.GeoDataFrame({"site_id": sites}, geometry=gpd.GeoSeries(shapes, crs=plane.crs))


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "dabancheng_coverage.geojson"
    files.write_text(target, build_coverage().to_json(drop_id=True, sort_keys=True) + "\n")
