"""Reader of ASPI's Xinjiang Data Project camp dataset."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from camps.sources import base
from camps.sources.base import Source, settled
from camps.sources.registry import SourceEntry
from camps.sources.report import Report
from camps.sources.text import Layout, read_delimited

COUNTED = {f"buildings.{year}": f"Number of Buildings in {year}" for year in range(2017, 2021)}
SYSTEM = "xinjiang-internment"
_EXTRAS = {
    "County": "admin3",
    "Usage prior to 2017": "usage_prior_2017",
    "Security features changed when": "security_changed_published",
    "Any signs of decomissioning": "decommissioned_published",
    "Desecuritisation": "desecuritised_published",
    "Construction ongoing in 2019?": "construction_2019_published",
    "Construction ongoing in 2020?": "construction_2020_published",
    "Date of Latest Sat Imagery": "latest_imagery_published",
}
#: Years of two digits are of the hundred years from 1950: ``20-Mar`` is what a spreadsheet made of March 2020.
CENTURY = 1950
_DATES = {
    "Security features changed when": "security_changed",
    "Date of Latest Sat Imagery": "latest_imagery",
}
_REFERENCES = {"# Shawn": "shawn", "# ETNAM": "etnam"}
_TEXTS = {name: column for column, name in _EXTRAS.items()} | {
    "source_key": "Number", "name_en": "Name_Code", "lat_published": "Lat", "lon_published": "Long",
    "admin2": "Prefecture",
}  # fmt: skip
_NEEDED = ("Number", "Name_Code", "Lat", "Long", "Prefecture", "# Shawn", "# ETNAM", "Tier")


@settled
def read(path: Path, entry: SourceEntry, report: Report) -> Source:
    """Return ASPI's list as a source: 380 facilities with tier and yearly numbers of buildings.

    "N/A" and "#N/A" become ``not_imaged``, "?" ``obscured`` and blank ``no_record``; the printed cell stays beside.
    Facilities that share one printed point are noted, never merged.

    Raises as :func:`camps.sources.text.read_delimited` does, and for rows that are not sound.
    """
    raw = read_delimited(path, report, encoding="utf-8-sig", delimiter=",", layout=Layout(strict=True)).frame
    base.require_columns(raw, (*_NEEDED, *_EXTRAS, *COUNTED.values()), path.name)
    base.take_cells(report, raw, (*_TEXTS.values(), *COUNTED.values()), (*_DATES, *_REFERENCES, "Tier"))
    sites = base.site_frame(_columns(raw, report), entry, index=raw.index)
    base.use_texts(report, sites, _TEXTS)
    for column, name in _DATES.items():
        sites[name] = base.dates_of(raw[column], sites, column, report, published=entry.date, century=CENTURY)
    _note_repeats(sites, report)
    counts = base.count_frame(raw, sites, COUNTED, report, source=entry.id)
    report.use("row", len(sites))
    return Source(entry, sites, counts, base.no_parts(sites), report, raw)


def _columns(raw: pd.DataFrame, report: Report) -> dict[str, object]:
    return {
        **{name: base.null_blank(raw[column]) for column, name in _EXTRAS.items()},
        "source_key": raw["Number"].str.strip(), "name_en": base.null_blank(raw["Name_Code"]),
        "lon": raw["Long"], "lat": raw["Lat"], "lon_published": raw["Long"], "lat_published": raw["Lat"],
        "system": SYSTEM, "tier": base.tiers_of(raw["Tier"], "ASPI list", report),
        "country": "China", "admin1": "Xinjiang", "admin2": base.null_blank(raw["Prefecture"]),
        "category": "tier " + raw["Tier"].str.strip(),
        # "Additional" stands in the column of Shawn Zhang's numbers for his unnumbered supplement.
        "references": base.references_of(raw, _REFERENCES, report, skip="Additional"),
    }  # fmt: skip


def _note_repeats(sites: gpd.GeoDataFrame, report: Report) -> None:
    points = ["lat_published", "lon_published"]
    for (lat, lon), group in sites[sites.duplicated(points, keep=False)].groupby(points, sort=False):
        keys = ", ".join(group["source_key"])
        for _, site in group.iloc[1:].iterrows():
            report.add("noted", f"same printed point as another row (numbers {keys}); all kept", row=int(site["row"]),
                       key=site["source_key"], column="Lat, Long", value=f"{lat}, {lon}")  # fmt: skip
