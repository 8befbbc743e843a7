"""Reader of the suite's own gazetteer of documented sites."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from camps import settings
from camps.sources import base
from camps.sources.base import Source, settled
from camps.sources.registry import SourceEntry
from camps.sources.report import Report
from camps.sources.text import Layout, read_delimited

COUNTED = {f"buildings.{year}": f"n_buildings_{year}" for year in range(2017, 2021)}

#: A town centroid stands for the site: its own note says to expect errors of kilometres to tens of kilometres.
TOWN_R95_M = 20_000.0
#: Encyclopaedia and directory coordinates are arc-second or coarser and not always of the compound itself.
DIRECTORY_R95_M = 500.0
R95_M = {"A": settings.DEFAULT_R95_M, "B": DIRECTORY_R95_M, "C": TOWN_R95_M}
LEVEL = {"A": "compound", "B": "compound", "C": "town"}
#: Camps of which only a centre is given, and how far they reach.
_WIDE = {"kp-camp16": 15_000.0, "cn-baihu": 7_000.0}
#: What the notes of a row know of how far its point may be off: another point of the same place, or its extent.
_OTHER_PIN = re.compile(r"([0-9.]+) km away(?! *, rejected)|the point would move ([0-9.]+) km")
_NOT_THE_PLACE = re.compile(r"(The other area of the same prison|, its execution site,) is [0-9.]+ km away")
_EXTENT_KM2 = re.compile(r"(?:covers about|on a|is about) ([0-9.]+) km2")
_EXTENT_KM = re.compile(r"compound of ([0-9.]+) by ([0-9.]+) km")
_EXTRAS = (
    "admin3", "coord_tier", "coord_verbatim", "coord_precision_note", "coord_source_title", "coord_source_url",
    "coord_read_at_url", "dates_source_title", "dates_source_url", "dates_read_at_url", "date_basis", "status_note",
    "peak_detainees", "peak_source_url", "check_note", "site_group", "aspi_usage_prior_2017", "bfn_facility_type",
    "bfn_corroboration_2021",
)  # fmt: skip
_SAME = ("name_en", "name_zh", "name_other", "country", "admin1", "admin2", "system", *_EXTRAS)
_TEXTS = dict(zip(_SAME, _SAME, strict=True)) | {
    "source_key": "site_id", "lon_published": "lon", "lat_published": "lat", "opened": "opened_edtf",
    "closed": "closed_edtf", "last_known": "last_known_edtf",
}  # fmt: skip
_REFERENCES = {"aspi_number": "aspi", "buzzfeed_id": "buzzfeed"}
_NEEDED = (
    "site_id", "name_en", "name_zh", "name_other", "country", "admin1", "admin2", "system", "lat", "lon",
    "opened_edtf", "closed_edtf", "last_known_edtf", "aspi_number", "buzzfeed_id", "aspi_tier",
)  # fmt: skip


@settled
def read(path: Path, entry: SourceEntry, report: Report) -> Source:
    """Return the gazetteer as a source.

    ``r95_m`` follows the coordinate tier and is never less than what the notes of the row know, such as another point
    of the place or its extent: 130 m where the locating organisation printed the point, 500 m for encyclopaedias and
    directories, 20 km for the two town centroids, whose level is ``town``. Counts are those that the gazetteer
    repeats from ASPI, only for sites that ASPI lists.

    Raises as :func:`camps.sources.text.read_delimited` does, and for rows that are not sound.
    """
    raw = read_delimited(path, report, encoding="utf-8", delimiter=",", layout=Layout(strict=True)).frame
    base.require_columns(raw, (*_NEEDED, *_EXTRAS, *COUNTED.values()), path.name)
    base.take_cells(report, raw, (*_TEXTS.values(), *_REFERENCES, *COUNTED.values()), ["aspi_tier"])
    sites = base.site_frame(_columns(raw, report), entry, index=raw.index)
    base.use_texts(report, sites, _TEXTS)
    counted = (raw["aspi_number"] != "").to_numpy()
    counts = base.count_frame(raw[counted], sites[counted], COUNTED, report, source=entry.id)
    _note_uncounted(raw[~counted], report)
    report.use("row", len(sites))
    return Source(entry, sites, counts, base.no_parts(sites), report, raw)


def _note_uncounted(raw: pd.DataFrame, report: Report) -> None:
    for column in COUNTED.values():
        for row, text in raw.loc[raw[column].str.strip() != "", column].items():
            report.add("noted", "a count without an ASPI number; not taken", row=int(str(row)), column=column,
                       value=text, piece="cell")  # fmt: skip


def _columns(raw: pd.DataFrame, report: Report) -> dict[str, object]:
    return {
        **{name: base.null_blank(raw[column]) for name, column in _TEXTS.items()},
        "source_key": raw["site_id"], "site_id": raw["site_id"], "lon": raw["lon"], "lat": raw["lat"],
        "r95_m": _r95_m(raw), "level": raw["coord_tier"].map(LEVEL),
        "tier": base.tiers_of(raw["aspi_tier"], "gazetteer", report),
        "references": base.references_of(raw, _REFERENCES, report),
    }  # fmt: skip


def _r95_m(raw: pd.DataFrame) -> pd.Series:
    """Return the uncertainty by tier, and never less than what the notes of the same row know."""
    noted = [max(_noted_m(row), default=0.0) for row in (raw["coord_precision_note"] + "; " + raw["check_note"])]
    least = raw["site_id"].map(_WIDE).fillna(0).clip(lower=pd.Series(noted, index=raw.index))
    return raw["coord_tier"].map(R95_M).clip(lower=least)


def _noted_m(notes: str) -> Iterator[float]:
    """Yield, in metres, each distance to another point of the place and half of each extent that notes tell."""
    told = _NOT_THE_PLACE.sub("", notes)
    yield from (1000 * float(one or other) for one, other in _OTHER_PIN.findall(told))
    yield from (1000 * math.sqrt(float(area) / math.pi) for area in _EXTENT_KM2.findall(told))
    yield from (500 * math.hypot(float(one), float(other)) for one, other in _EXTENT_KM.findall(told))
