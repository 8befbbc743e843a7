"""One place out of many records: a consensus position with its uncertainty, and every original kept."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from camps import crs, tables
from camps.sources.datum import on_sphere

SOURCE_ID = "catalogue"
RELATIONS = ("one-to-one", "one-to-many", "many-to-one", "many-to-many")
_TAKEN = (
    "name_en", "name_fr", "name_zh", "name_ug", "name_other", "system", "tier", "country", "admin1", "admin2",
    "opened", "closed", "last_known", "vanished",
)  # fmt: skip
#: What says how closely a place is known goes with its position.
_OF_EXTENT = ("level", "area_code")


@dataclass(frozen=True, repr=False)
class Catalogue(tables.Shown):
    """Many lists as one.

    Attributes
    ----------
    places : GeoDataFrame
        ``site`` table, one row a place: consensus position, r95_m, and n_records, n_lists, spread_m (farthest record
        from the consensus), members (such as ``one-list:50; other-list:130``) and relation.
    records : GeoDataFrame
        Every published record as it was, sites and parts, with ``place_id``.
    links : DataFrame
        All links between lists, with left_source and right_source.
    conflicts : DataFrame
        All conflicts between lists, likewise.
    """

    places: gpd.GeoDataFrame
    records: gpd.GeoDataFrame
    links: pd.DataFrame
    conflicts: pd.DataFrame

    @property
    def summary(self) -> str:
        """Return how many places there are, of how many records and lists."""
        lists = self.records["source_id"].nunique()
        found = f"{len(self.links):,} links and {len(self.conflicts):,} conflicts between them"
        return f"{len(self.places):,} places of {len(self.records):,} records in {lists} lists, {found}"

    @property
    def table(self) -> pd.DataFrame:
        """Return a row a list: its records, the places they are, and how many of these other lists have too."""
        placed = self.records[["source_id", "place_id"]].drop_duplicates()
        places = placed.assign(shared=placed["place_id"].duplicated(keep=False)).groupby("source_id")
        return pd.DataFrame({
            "records": self.records.groupby("source_id").size(), "places": places.size(),
            "shared with others": places["shared"].sum(),
        }).rename_axis("list").reset_index()  # fmt: skip


def gather(records: gpd.GeoDataFrame, links: pd.DataFrame, conflicts: pd.DataFrame) -> Catalogue:
    """Return one catalogue out of the records of several lists and the links between them.

    Records that are linked, directly or through others, or that are parts of one site, are one place. The position is
    the mean weighted by 1/r95²; ``r95_m`` is the least of the records' own, or the distance to the farthest record
    where that is more: lists copy from one another, so agreement among them buys no precision. Where records differ in
    level, only those of the finest place it. Values come from the first list that states them, in the order of the
    lists; what others say stays in the records and the conflicts.

    Parameters
    ----------
    records
        Records of all lists, one under the other, most trusted list first: ``site`` columns, part_of.
    links
        Links with left_site and right_site.
    conflicts
        Conflicts, passed on.
    """
    placed = records.assign(place_id=_place_ids(records, links))
    frame = _places(placed).join(_relations(placed, links), on="place_id")
    frame["relation"] = frame["relation"].fillna("one list")
    frame["site_id"] = "place-" + frame.pop("place_id")
    points = gpd.points_from_xy(frame["lon"], frame["lat"])
    places = tables.check(gpd.GeoDataFrame(frame, geometry=points, crs=4326), "site", source="catalogue")
    return Catalogue(places, placed, links, conflicts)


def _place_ids(records: gpd.GeoDataFrame, links: pd.DataFrame) -> pd.Series:
    """Return for each record the site_id of the first record of its place."""
    position = pd.Series(np.arange(len(records)), index=records["site_id"].astype(str))
    parts = records[records["part_of"].notna()]
    ends = [
        *zip(parts["site_id"], parts["part_of"], strict=True),
        *zip(links["left_site"], links["right_site"], strict=True),
    ]
    one = position.loc[[str(left) for left, _ in ends]].to_numpy(dtype=np.intp)
    other = position.loc[[str(right) for _, right in ends]].to_numpy(dtype=np.intp)
    group = pd.Series(joined(one, other, len(records)), index=records.index)
    wholes = records["site_id"].where(records["part_of"].isna())
    return pd.Series(wholes.groupby(group).transform("first"))


def joined(one: NDArray[np.intp], other: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """Return the number of the group of each of `n` rows, when row ``one[i]`` belongs together with ``other[i]``."""
    graph = scipy.sparse.coo_matrix((np.ones(len(one)), (one, other)), shape=(n, n))
    groups: NDArray[np.intp] = scipy.sparse.csgraph.connected_components(graph, directed=False)[1]
    return groups


def _relations(records: gpd.GeoDataFrame, links: pd.DataFrame) -> pd.Series:
    """Return the widest relation among the links of each place."""
    place = records.set_index("site_id")["place_id"]
    ranks = {name: rank for rank, name in enumerate(RELATIONS)}
    ranked = links["relation"].map(ranks).groupby(links["left_site"].map(place)).max()
    return ranked.map(dict(enumerate(RELATIONS))).rename("relation")


def _places(placed: gpd.GeoDataFrame) -> pd.DataFrame:
    wholes = pd.DataFrame(placed[placed["part_of"].isna()])
    by_place = wholes.groupby("place_id", sort=False)
    finest = _finest(wholes)
    frame = by_place[[name for name in _TAKEN if name in wholes]].first().join(_positions(finest))
    named = finest.groupby("place_id", sort=False)[[name for name in _OF_EXTENT if name in finest]].first()
    frame = frame.join(named)
    frame["status"] = by_place["status"].agg(_status)
    member = placed["source_id"] + ":" + placed["source_key"]
    members = member.groupby(placed["place_id"])
    frame["members"], frame["n_records"] = members.agg("; ".join), members.size()
    frame["n_lists"] = placed.groupby("place_id")["source_id"].nunique()
    frame["source_id"], frame["source_key"] = SOURCE_ID, frame.index.to_numpy()
    frame["merged_into"], frame["datum_flag"] = pd.NA, "wgs84"
    return frame.reset_index()


def _finest(wholes: pd.DataFrame) -> pd.DataFrame:
    """Return the records that place each place: those of the finest level among its own."""
    if "level" not in wholes:
        return wholes
    rank = wholes["level"].map({level: rank for rank, level in enumerate(tables.LEVELS)})
    return wholes[rank == rank.groupby(wholes["place_id"]).transform("min")]


def _positions(wholes: pd.DataFrame) -> pd.DataFrame:
    """Return lon, lat, r95_m and spread_m of each place."""
    r95_m = wholes["r95_m"].clip(lower=1.0)
    weight = 1 / r95_m**2
    place = wholes["place_id"]
    mean = _mean_position(wholes, weight)
    # A place with one record stands exactly where that record stands.
    alone = place.groupby(place).transform("size") == 1
    mean.loc[place[alone]] = wholes.loc[alone, ["lon", "lat"]].to_numpy()
    centre = mean.loc[place]
    away_m = crs.distance_m((wholes["lon"], wholes["lat"]), (centre["lon"], centre["lat"]))
    spread_m = pd.Series(away_m, index=wholes.index).groupby(place).max()
    printed = {f"{axis}_published": mean[axis].map("{:.6f}".format) for axis in ("lon", "lat")}
    least_m = r95_m.groupby(place).min()
    shift_m = crs.gcj02_offset_m(mean["lon"], mean["lat"])
    return mean.assign(**printed, r95_m=np.maximum(least_m, spread_m), spread_m=spread_m, gcj02_offset_m=shift_m)


def _mean_position(wholes: pd.DataFrame, weight: pd.Series) -> pd.DataFrame:
    """Return the weighted mean of each place's points on the sphere, so that the antimeridian is no seam."""
    vectors = on_sphere(wholes["lon"].to_numpy(dtype=float), wholes["lat"].to_numpy(dtype=float))
    weighted = pd.DataFrame(vectors * weight.to_numpy()[:, None], columns=list("xyz"), index=wholes.index)
    total = weighted.groupby(wholes["place_id"]).sum()
    lon = np.degrees(np.arctan2(total["y"], total["x"]))
    lat = np.degrees(np.arctan2(total["z"], np.hypot(total["x"], total["y"])))
    return pd.DataFrame({"lon": lon, "lat": lat})


def _status(statuses: pd.Series) -> str:
    """Return retracted or disputed only where no record of the place stands undisputed."""
    said = set(statuses)
    return "active" if "active" in said else "disputed" if "disputed" in said else "retracted"
