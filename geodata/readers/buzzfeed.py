"""Reader of BuzzFeed News' list of 2021: some of its compounds in Xinjiang are parts of others, told by their name."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from camps.sources import base
from camps.sources.base import Source, settled
from camps.sources.registry import SourceEntry
from camps.sources.report import Place, Report
from camps.sources.text import Layout, read_delimited

SYSTEM = "xinjiang-internment"
#: What the list of 2021 writes in its column of corroboration for a row that is part of another row's compound.
SUB_COMPOUND = "sub-compound"
#: The list of 2021 is tab-separated text in the code page of DOS, under the name .csv.
ENCODING = "cp437"
_PLACE = {"system": SYSTEM, "country": "China", "admin1": "Xinjiang"}
_REFERENCES = {"ASPI 2020 #": "aspi", "ETNAM": "etnam", "Shawn Zhang #": "shawn"}
_TEXTS = {
    "source_key": "id", "name_en": "Name", "lat_published": "lat", "lon_published": "long", "admin2": "Prefecture",
    "admin3": "Town", "corroboration": "corroboration level", "category": "facility type", "sub": "id_sub",
}  # fmt: skip
_NEEDED = (
    "id", "Name", "id_sub", "Town", "Prefecture", "lat", "long", "facility type", "corroboration level", *_REFERENCES,
)  # fmt: skip


@settled
def read(path: Path, entry: SourceEntry, report: Report) -> Source:
    """Return the list of 20 July 2021: 551 rows, of which the sub-compounds become parts of their site.

    A row rated "sub-compound" is a part of the row with the same name that is not. One with no such row stays a site
    and is noted.

    Raises as :func:`camps.sources.text.read_delimited` does, and for rows that are not sound.
    """
    raw = read_delimited(path, report, encoding=ENCODING, delimiter="\t", layout=Layout(strict=True)).frame
    base.require_columns(raw, _NEEDED, path.name)
    base.take_cells(report, raw, _TEXTS.values(), _REFERENCES)
    columns = {name: base.null_blank(raw[column]) for name, column in _TEXTS.items()}
    columns["references"] = base.references_of(raw, _REFERENCES, report)
    records = base.site_frame({**_PLACE, **_points(raw, "lat", "long"), **columns}, entry, index=raw.index)
    base.use_texts(report, records, _TEXTS)
    records["part_of"] = _whole_of(records, report)
    is_part = records["part_of"].notna()
    parts = records[is_part].reset_index(drop=True)
    sites = records[~is_part].drop(columns="part_of").reset_index(drop=True)
    sites["n_parts"] = sites["site_id"].map(parts["part_of"].value_counts()).fillna(0).astype("int64")
    report.use("row", len(sites) + len(parts))
    return Source(entry, sites, base.no_counts(), parts, report, raw)


def _points(raw: pd.DataFrame, lat: str, lon: str) -> dict[str, object]:
    return {"lon": raw[lon], "lat": raw[lat]}


def _whole_of(records: gpd.GeoDataFrame, report: Report) -> pd.Series:
    is_part = records["corroboration"] == SUB_COMPOUND
    wholes = records[~is_part & records["sub"].notna()].drop_duplicates("name_en").set_index("name_en")["site_id"]
    whole: pd.Series = records["name_en"].map(wholes).where(is_part).astype("string")
    reason = "rated sub-compound, but no compound of that name has parts; kept as a site"
    for _, orphan in records[is_part & whole.isna()].iterrows():
        place = Place(int(orphan["row"]), orphan["source_key"], "Name")
        report.add("noted", reason, **place._asdict(), value=orphan["name_en"])
    return whole
