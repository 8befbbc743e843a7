"""What an appendix is built from: the bundled record and, where they are at hand, the published lists."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import geopandas as gpd
import pandas as pd

from camps import catalogue, crs, files, footprints, growth, settings, sources
from camps.growth.measured import Metric
from camps.provenance import Inputs

MAIN_SITE = "xj-bfn130-aspi50"
SECOND_SITE = "xj-bfn949-aspi124"

#: Files that travel with the suite and go into the package, below the home of the record, by item id.
BUNDLED = {
    "gazetteer": "geodata/gazetteer.csv",
    "gazetteer-no-coordinates": "geodata/no_coordinates.csv",
    "gazetteer-sources": "geodata/SOURCES.md",
    "decisions": "geodata/decisions.csv",
    "claims": "geodata/claims.toml",
    "restrictions": "geodata/restrictions.toml",
    "register": "geodata/sources.toml",
    "record": "record.toml",
    "dabancheng-footprints": "geodata/footprints/dabancheng_footprints.geojson",
    "dabancheng-looks": "geodata/footprints/dabancheng_looks.csv",
    "dabancheng-looks-by-area": "geodata/footprints/dabancheng_looks_by_area.csv",
    "dabancheng-series": "geodata/footprints/dabancheng_series.csv",
    "dabancheng-blind-repeat": "geodata/footprints/dabancheng_blind_repeat.geojson",
    "dabancheng-readme": "geodata/footprints/README.md",
    "dabancheng-scenes": "geodata/scenes/scenes.csv",
}

#: Published lists that claims may need; used where they are at hand, named with their sums, never put in the package.
PUBLISHED = ("aspi-xjdp-v1", "buzzfeed-2020", "buzzfeed-2021")

_BUNDLED_SOURCES = ("gazetteer", "dabancheng")


class Evidence:
    """The tables behind an appendix, each read once, from files hashed when they entered.

    Parameters
    ----------
    published
        Ids of the published lists to read; all that are at hand when ``None``.
    lists
        Ids of the lists whose sites stand in the tables and have dossiers.

    Attributes
    ----------
    inputs
        The files, by item id.
    available
        Ids of the sources that can be read now.
    """

    def __init__(self, published: Sequence[str] | None = None, lists: Sequence[str] | None = None) -> None:
        self.inputs = Inputs()
        self.lists = catalogue.default_lists() if lists is None else tuple(lists)
        for item_id, name in BUNDLED.items():
            self.inputs.enter(item_id, settings.home() / name)
        at_hand = [name for name in PUBLISHED if name in sources.available()] if published is None else published
        # In one order, however they were named: a package says which they were, and is built again from that.
        self.available = tuple(dict.fromkeys([*_BUNDLED_SOURCES, *sorted({*at_hand, *self.lists})]))
        for source_id in self.published:
            self.inputs.enter(source_id, sources.path(source_id), sha256=self.register[source_id].files[0].sha256)

    @property
    def published(self) -> tuple[str, ...]:
        """Return the ids of the published lists that are read."""
        return tuple(name for name in self.available if name not in _BUNDLED_SOURCES)

    @cached_property
    def register(self) -> dict[str, sources.SourceEntry]:
        """Return the register of sources."""
        return sources.registry()

    @cached_property
    def sites(self) -> gpd.GeoDataFrame:
        """Return the sites of the gazetteer, EPSG:4326."""
        return catalogue.load()

    @cached_property
    def listed(self) -> pd.DataFrame:
        """Return the sites of all lists, indexed by site_id, with what each list says of them."""
        for source_id in self.lists:
            self.inputs.path(source_id)
        return pd.DataFrame(catalogue.load(*self.lists)).set_index("site_id", drop=False)

    @cached_property
    def listed_counts(self) -> pd.DataFrame:
        """Return the yearly counts of all lists that count, a "series" table."""
        return pd.concat([sources.read(source_id).counts for source_id in self.lists], ignore_index=True)

    @cached_property
    def gazetteer(self) -> pd.DataFrame:
        """Return the cells of the gazetteer as printed, indexed by site_id."""
        return self._printed("gazetteer").set_index("site_id")

    @cached_property
    def no_coordinates(self) -> pd.DataFrame:
        """Return the documented sites without a printed coordinate, as printed."""
        return self._printed("gazetteer-no-coordinates")

    @cached_property
    def counts(self) -> pd.DataFrame:
        """Return the counts of buildings that the gazetteer repeats from ASPI, a "series" table."""
        return catalogue.counts()

    @cached_property
    def dabancheng(self) -> footprints.FootprintSeries:
        """Return the Dabancheng footprints with their images and looks."""
        for item_id in ("dabancheng-footprints", "dabancheng-looks", "dabancheng-looks-by-area", "dabancheng-scenes"):
            self.inputs.path(item_id)
        return footprints.load()

    @cached_property
    def areas(self) -> pd.DataFrame:
        """Return the roofed area of each compound at each look, in m² with 95 % intervals ("series" table)."""
        return self._values("area_m2")

    @cached_property
    def polygons(self) -> pd.DataFrame:
        """Return the number of polygons of each compound at each look, with 95 % intervals ("series" table)."""
        return self._values("buildings")

    @cached_property
    def enclosures(self) -> pd.DataFrame:
        """Return the walled area of each compound at each look, in m² ("series" table)."""
        return self._values("compound_area_m2")

    def _values(self, metric: Metric) -> pd.DataFrame:
        read = self.dabancheng
        return growth.series(read.footprints, read.looks, metric=metric, scenes=read.scenes)

    @cached_property
    def built(self) -> gpd.GeoDataFrame:
        """Return the footprints that count as built area: buildings and blocks of a site."""
        frame = self.dabancheng.footprints
        return frame[frame["kind"].isin(footprints.BUILT) & frame["site_id"].notna()]

    @cached_property
    def built_again(self) -> gpd.GeoDataFrame:
        """Return the buildings and blocks of the second, blind reading."""
        return self.blind_repeat[self.blind_repeat["kind"].isin(footprints.BUILT)]

    @cached_property
    def agreement_iou(self) -> dict[str, float]:
        """Return, by date, the area both readings share over the area either has (intersection over union)."""
        return {day: self._agreement(day) for day in sorted(self.built_again["observed_on"].unique())}

    def _agreement(self, day: str) -> float:
        first = crs.to_equal_area(self.built.loc[self.built["observed_on"] == day, "geometry"])
        again = self.built_again.loc[self.built_again["observed_on"] == day, "geometry"]
        one, other = first.union_all(), crs.to_equal_area(again, first.crs).union_all()
        return float(one.intersection(other).area / one.union(other).area)

    @cached_property
    def blind_repeat(self) -> gpd.GeoDataFrame:
        """Return the second, blind digitisation of three dates, EPSG:4326."""
        frame = gpd.read_file(self.inputs.path("dabancheng-blind-repeat"))
        days = pd.to_datetime(frame["observed_on"]).dt.strftime("%Y-%m-%d")
        return frame.assign(observed_on=days)

    @cached_property
    def series(self) -> pd.DataFrame:
        """Return the totals that were delivered with the Dabancheng footprints, with the intervals given there."""
        return pd.read_csv(self.inputs.path("dabancheng-series"))

    def published_counts(self, source_id: str) -> pd.DataFrame:
        """Return the yearly counts of a published list at hand, a "series" table."""
        self.inputs.path(source_id)
        return catalogue.counts(source_id)

    def published_list(self, source_id: str) -> sources.Source:
        """Return a published list at hand."""
        self.inputs.path(source_id)
        return sources.read(source_id)

    def _printed(self, item_id: str) -> pd.DataFrame:
        path = self.inputs.path(item_id)
        with files.readable(path):
            return pd.read_csv(path, dtype=str, keep_default_na=False)
