"""What two readings of the same scenes agree on and what they dispute, as it is laid before a third reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
import shapely

from camps.footprints import FootprintSeries
from camps.reading.agreement import agreement
from camps.tables import FOOTPRINT_KINDS


class Laid(NamedTuple):
    """An outline of one of two readings (EPSG:4326): its date, whether both agree on it, and what is said of it."""

    observed_on: str
    agreed: bool
    shape: shapely.Polygon
    kind: str
    confidence: str
    track_id: str
    note: str


def lay_out(
    first: FootprintSeries, second: FootprintSeries, readers: tuple[str, str], least_iou: float
) -> Iterator[Laid]:
    """Yield the outlines of two readings on the dates that both read.

    Of a building whose outlines share at least `least_iou`, that of the first, as agreed; of one whose outlines share
    less, both, on one track; and what one of them has alone.
    """
    buildings = agreement(first, second, kinds=FOOTPRINT_KINDS, draws=0).buildings
    tables = [series.footprints.set_index("footprint_id") for series in (first, second)]
    for date, one, two, iou in buildings[["observed_on", "first_id", "second_id", "iou"]].itertuples(index=False):
        sides = [
            (table.loc[named], reader)
            for table, named, reader in zip(tables, (one, two), readers, strict=True)
            if pd.notna(named)
        ]
        agreed = iou >= least_iou
        for row, reader in sides[:1] if agreed else sides:
            alone = f"{reader} alone" if len(sides) == 1 else f"outline of {reader}; both share {iou:.0%}"
            note = f"{' and '.join(readers)} agree" if agreed else alone
            track = str(sides[0][0]["track_id"])
            yield Laid(date, agreed, row["geometry"], row["kind"], row["confidence"], track, note)
