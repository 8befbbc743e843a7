"""What the document says, in order: question, method, error, limits, claims, dossiers, tables, software, verification."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from camps import settings
from camps.appendix import plates
from camps.appendix.blocks import (
    Block,
    Column,
    Document,
    Section,
    Spans,
    box,
    bullets,
    code,
    facts,
    figure,
    listing,
    note,
    paragraph,
    plain,
    rich,
    steps,
    table,
)
from camps.appendix.claims import CheckedClaim, Dispute
from camps.appendix.evidence import MAIN_SITE, SECOND_SITE, Evidence

TITLE = "Evidence appendix"
SUBTITLE = "Published sites of detention in China, North Korea and Cambodia, and the growth of the camp at Dabancheng"
CORRECTIONS = (
    "Corrections, objections and further sources are received through the project's repository, as an issue. "
    "Each is entered in the table of disputes with its date, the answer and the change it made; a site that is "
    "withdrawn stays in the tables with the reason."
)

#: One dossier of each kind of site; the two compounds at Dabancheng come first because their growth was measured.
DOSSIERS = (
    MAIN_SITE, SECOND_SITE, "xj-bfn141-aspi334", "xj-bfn131-aspi60", "xj-lh-bfn588", "cn-qincheng", "cn-masanjia",
    "kp-camp16", "kh-s21-tuol-sleng",
)  # fmt: skip

_PLATE_DAYS = {
    MAIN_SITE: ("2017-07-08", "2017-08-29", "2018-10-11", "2020-06-02"),
    SECOND_SITE: ("2018-10-11", "2020-06-02"),
}
NONE = "not known"


@dataclass(frozen=True)
class Material:
    """All that the text draws on: the tables as written, the claims as checked, software, hashes."""

    evidence: Evidence
    tables: Mapping[str, pd.DataFrame]
    checked: Sequence[CheckedClaim]
    disputes: Sequence[Dispute]
    software: Mapping[str, str]
    custody_hash: str
    custody_lines: int
    folder: Path
    dossiers: Sequence[str] = DOSSIERS

    def site(self, site_id: str) -> dict[str, Any]:
        """Return the row of a site."""
        sites = self.tables["sites"]
        row: dict[str, Any] = sites[sites["site_id"] == site_id].iloc[0].to_dict()
        return row


def build_document(material: Material) -> Document:
    """Return the whole document; pictures are written to the material's folder on the way."""
    sections = [
        _question(), _definitions(), _method(), _error_budget(), _limits(), _passages(material), _claims(material),
        _dossiers(material), _site_table(material), _series(material), _counts(material), _imagery(material),
        _disputes(material), _software(material), _verification(material), _corrections(),
    ]  # fmt: skip
    return Document(TITLE, SUBTITLE, _edition(material), _statement(), sections)


# --- front ----------------------------------------------------------------------------------------------------------


def _edition(material: Material) -> list[tuple[str, str]]:
    not_checked = sum(result.status == "not checked" for result in material.checked)
    at_hand = ", ".join(material.evidence.published) or "none; built from the bundled record alone"
    return [
        ("Suite", f"camps {material.software['camps']}"),
        ("Sites", f"{len(material.tables['sites'])} with a published coordinate, "
                  f"{len(material.evidence.no_coordinates)} without"),
        ("Claims", f"{len(material.checked) - not_checked} computed afresh and found as printed; "
                   f"{not_checked} not checked in this build"),
        ("Published lists at hand", at_hand),
        ("Date of this build", "none is claimed: the same inputs give the same bytes whenever they are built"),
    ]  # fmt: skip


def _statement() -> list[Spans]:
    return [
        rich("*Not verified on the ground.* Nobody has visited the sites for this work. What is said here rests on "
             "published lists and on satellite images, and each row names its own."),
        rich("*A place without a mark is not a place without a camp.* The record holds what somebody published; it is "
             "not a census. This document does not call itself fit for any court and claims no time that it cannot "
             "prove."),
    ]  # fmt: skip


def _question() -> Section:
    return Section("question", "Question and scope", [
        paragraph(rich(
            "This appendix answers two questions. *Where* are the sites of detention that somebody has published, with "
            "a coordinate that can be checked? And *how did they grow*, as far as counts of buildings and outlines "
            "read from satellite images can tell?"
        )),
        paragraph(plain(
            "It covers sites in China, North Korea and Cambodia that stand in the bundled gazetteer, the yearly counts "
            "of buildings that the gazetteer repeats from the Australian Strategic Policy Institute (ASPI), and the "
            "suite's own reading of the two compounds at Dabancheng from 13 Sentinel-2 images, March 2017 to June 2020."
        )),
        paragraph(plain(
            "It does not cover who was held, how many, why, or under what law; it holds no data on individual persons. "
            "It does not estimate capacity, which would need the number of storeys and an assumption of space per "
            "person, neither of which an image from above supplies."
        )),
    ])  # fmt: skip


def _definitions() -> Section:
    terms = [
        ("Site", "A place that somebody published as a place of detention. One row of the record."),
        ("Published coordinate", "Latitude and longitude as the source prints them, kept letter by letter."),
        ("Used coordinate", "The same point as a number, longitude and latitude on WGS 84, as drawn on the maps."),
        ("Uncertainty (r95)", "The radius in metres within which the true place lies in 95 of 100 cases."),
        ("GCJ-02", "The datum of maps published in China, which moves points by some hundred metres. The offset of a "
                   "site says how far from its true place it would appear on such a map."),
        ("Look", "A date on which an image covered the site. A look may be full, partial, obscured or missing."),
        ("Roofed area", "The area of buildings and joined blocks seen in one image, geodesic, in m². Not the walled "
                        "area, not the floor area."),
        ("First appearance", "An interval: after the last look without the building, up to the first look with it."),
        ("Not imaged, blank, zero", "Three different things. Only the last is a number."),
        ("95 % interval", "A range that, under the stated sources of error, holds the true value in 95 of 100 cases."),
        ("Xinjiang", "The Xinjiang Uyghur Autonomous Region, 新疆维吾尔自治区, شىنجاڭ ئۇيغۇر ئاپتونوم رايونى."),
        ("Dabancheng", "A district of Urumqi, 达坂城区, داۋانچىڭ رايونى."),
        ("Laogai, laojiao", "Reform through labour, 劳改; re-education through labour, 劳教. Systems of the People's "
                            "Republic of China before those of Xinjiang after 2017."),
        ("Kwan-li-so, kyo-hwa-so", "Political prison camp, 관리소; reform prison, 교화소. Systems of North Korea."),
    ]  # fmt: skip
    return Section("definitions", "Definitions", [facts([(term, plain(meaning)) for term, meaning in terms])])


def _method() -> Section:
    entries = [
        "Each published list is read as it stands. Every cell is kept as printed; “N/A”, “?” and a blank cell are "
        "told apart, and none of them is turned into a zero.",
        "Each file is hashed (SHA-256) when it enters and again whenever it is read. A file that has changed stops the "
        "build.",
        "Coordinates are kept verbatim beside the numbers that are used. For every site in China the offset that the "
        "Chinese datum GCJ-02 would give it is computed and printed.",
        "Where the number of decimals would suggest a precision that no source claims, the uncertainty printed beside "
        "the point says what is meant: 130 m for a point printed by the organisation that located the site, 500 m for "
        "encyclopaedias and directories, more where the source itself says so.",
        "For Dabancheng, 13 satellite images were shifted onto one another by comparing their edges, and the outlines of "
        "buildings, joined blocks, building sites and walls were read by eye on each. Three dates were read a second "
        "time without sight of the first reading.",
        "A building counts from the first date on which about two thirds of its outline has a tone like a roof. Before "
        "that it is a building site and is not counted.",
        "Areas are geodesic, on the WGS 84 ellipsoid. No area is taken in degrees or in the projection of web maps.",
        "A building appears in the interval after the last look without it and up to the first look with it. No day "
        "within that interval is preferred.",
        "A building that is not seen on a later image is called demolished only where that image shows the ground "
        "clearly; otherwise it is unobserved.",
        "Counts of several sites are compared over the same sites only: those counted in every year (panel), or from "
        "year to year those counted at both ends (chain). A bare sum is printed only beside these, as a warning.",
        "Each number in a claim is computed again whenever this document is built. If the text and the data disagree, "
        "there is no document.",
    ]  # fmt: skip
    return Section("method", "Method", [steps([plain(entry) for entry in entries])])


def _error_budget() -> Section:
    rows = [
        ("Place of a published point", "31 m median, 129 m at 95 %, 402 m at most", "two lists compared at 369 sites"),
        ("Chinese datum, if mistaken for WGS 84", "165 to 309 m in Xinjiang", "computed for each site"),
        ("Shift left between two images", "0.1 to 0.4 m; single places 1 m, 2.2 m on 2018-03-22", "edges off the site"),
        ("Place of the whole image series", "about 1 m, and any bias common to all Sentinel-2 images", "13 images"),
        ("One edge of one building", "1.6 to 3.5 m (standard deviation)", "blind repeat"),
        ("Common bias of edges, one image", "0.8 m (standard deviation), drawn once per image", "assumed"),
        ("Area of one building", "17 % (standard deviation)", "blind repeat"),
        ("Total area of one date, second reading", "+5 to +7 %, overlap 0.71 to 0.79", "blind repeat"),
        ("A polygon that is no building", "1 % to 40 % by how clearly it was seen", "judged"),
        ("Buildings under 15 to 20 m", "missed; no correction is made", "10 m pixels"),
    ]
    blocks = [
        table(
            [Column("Source of error", 1.4), Column("Size", 1.7), Column("Known from", 1)],
            [[plain(cell) for cell in row] for row in rows],
            caption=rich("The errors that were measured or assumed. The intervals of the footprint series combine the edge, "
                         "the common bias and the chance that a polygon is no building."),
        ),
        paragraph(plain(
            "The common bias matters most. If every edge in an image is read one metre too far out, sixty barracks of "
            "18 by 80 m come out 13.6 % too large together, and no number of buildings averages that away."
        )),
        paragraph(plain(
            "Assumptions that the numbers rest on: that published points mean WGS 84 where they do not say otherwise; "
            "that ASPI's count of a year was taken on an unknown day of that year; that what looks like a roof in a 10 m "
            "image, keeps its outline and casts its shadow as a building would, is a building."
        )),
    ]  # fmt: skip
    return Section("errors", "Assumptions and error budget", blocks)


def _limits() -> Section:
    entries = [
        "Nothing was verified on the ground.",
        "A place without a mark is not a place without a camp.",
        "At 10 m, storeys, doors, fences, watchtowers, the wall itself and the use of a building cannot be seen.",
        "The footprints were read by a machine interpreter; no human analyst has reviewed them. The second reading is by "
        "the same interpreter and shows repeatability, not agreement between people.",
        "Counts of buildings depend on what is called one building. Areas depend on it much less.",
        "The lists of ASPI and BuzzFeed News share references and imagery and are not independent of one another.",
        "Between 11 October 2018 and 2 June 2020 no image of Dabancheng was at hand.",
        "Most sources are cited, not held: their addresses are given, but a page may have changed since it was read.",
        "The time at which a source was read was not recorded, so none is printed.",
    ]
    return Section("limits", "Limits", [bullets([plain(entry) for entry in entries])])


# --- claims ---------------------------------------------------------------------------------------------------------


def _passages(material: Material) -> Section:
    rows = [
        [
            [{"text": result.claim.id, "href": f"#claim-{result.claim.id}"}],
            code(result.claim.function),
            plain(result.claim.notebook),
            plain(", ".join(result.claim.needs) or "arithmetic"),
            plain(result.status),
        ]
        for result in material.checked
    ]
    columns = [
        Column("Claim", 1.25), Column("Computed by (camps.appendix.findings)", 1.55), Column("Shown in notebook", 0.8),
        Column("Reads", 1), Column("This build", 0.7),
    ]  # fmt: skip
    caption = plain("From each published passage to the analysis behind it. The passages stand in the next section.")
    return Section("passages", "From passage to analysis", [table(columns, rows, caption=caption)])


def _claims(material: Material) -> Section:
    intro = paragraph(plain(
        "Each sentence below is published somewhere in the maps, the film or the notebooks. The numbers in it were "
        "computed in this build from the items named, unless it says that they were not."
    ))  # fmt: skip
    return Section("claims", "Claims", [intro], [_claim(result) for result in material.checked], new_page=True)


def _claim(result: CheckedClaim) -> Section:
    claim = result.claim
    state = "computed in this build, and as printed" if result.status == "checked" else result.reason
    rows = [
        ("State", plain(state)),
        ("Supporting items", code_list(claim.supporting)),
        *([("Contrary items", code_list(claim.contrary))] if claim.contrary else []),
        ("Other explanations", plain(claim.alternatives)),
        ("Confidence", plain(claim.confidence)),
        ("Limits", plain(claim.limits)),
    ]
    sentence = box(plain(claim.sentence), tone="note" if result.status == "checked" else "warn")
    return Section(f"claim-{claim.id}", claim.id.replace("-", " ").capitalize(), [sentence, facts(rows)])


def code_list(names: Iterable[str]) -> Spans:
    """Return ids set as code, with commas between."""
    spans: Spans = []
    for name in names:
        spans += [*([{"text": ", "}] if spans else []), *code(name)]
    return spans


# --- dossiers -------------------------------------------------------------------------------------------------------


def _dossiers(material: Material) -> Section:
    intro = paragraph(plain(
        "One dossier for each kind of site in the record. The full table of sites follows; what is said of one site "
        "holds for that site alone."
    ))  # fmt: skip
    return Section(
        "dossiers",
        "Site dossiers",
        [intro],
        [_dossier(material, site_id) for site_id in material.dossiers],
        new_page=True,
    )


def _dossier(material: Material, site_id: str) -> Section:
    row = material.site(site_id)
    blocks = [
        facts(_dossier_facts(material, row)),
        *_growth_blocks(material, site_id),
        *_count_blocks(material, site_id),
    ]
    remarks = _remarks(material, site_id)
    return Section(f"site-{site_id}", row["name_en"], [*blocks, *remarks])


def _dossier_facts(material: Material, row: Mapping[str, Any]) -> list[tuple[str, Spans]]:
    printed = material.evidence.gazetteer.loc[row["site_id"]]
    place = ", ".join(part for part in (row["admin2"], row["admin1"], row["country"]) if pd.notna(part))
    source = [*plain(printed["coord_source_title"]), note(_address(printed["coord_source_url"]))]
    return [
        ("Record", code(row["site_id"])),
        ("Names", _names(row)),
        ("Place", plain(place)),
        ("System", plain(row["system"].replace("-", " "))),
        ("Opened, closed", plain(f"{_date(row['opened'])}, {_date(row['closed'])}")),
        ("Coordinate as published", [*plain(row["published_verbatim"]), {"text": " (datum not stated)"}]),
        ("Coordinate as used", plain(f"{row['used_lat']:.6f}, {row['used_lon']:.6f} (latitude, longitude, WGS 84)")),
        ("Uncertainty", plain(f"{row['uncertainty_m']:,.0f} m at 95 %; {row['detection_method']}")),
        ("Offset in GCJ-02", plain(_offset(row))),
        ("Source of the point", source),
        *_dates_source(printed),
        ("Status", plain(f"{row['status']}; {row['verification_state']}")),
    ]


def _names(row: Mapping[str, Any]) -> Spans:
    names = [row[name] for name in ("name_en", "name_zh", "name_ug", "name_other") if pd.notna(row[name])]
    return plain("; ".join(dict.fromkeys(names)))


def _date(edtf: object) -> str:
    return NONE if pd.isna(edtf) or not edtf else ("in use" if edtf == ".." else str(edtf))


def _offset(row: Mapping[str, Any]) -> str:
    if pd.isna(row["gcj02_offset_m"]):
        return "does not apply outside China"
    return f"{row['gcj02_offset_m']:.0f} m: so far from its place would the point appear on a Chinese map"


def _dates_source(printed: Mapping[str, str]) -> list[tuple[str, Spans]]:
    if not printed["date_basis"]:
        return []
    spans = plain(printed["date_basis"])
    address = printed["dates_source_url"]
    return [("Basis of the dates", [*spans, note(_address(address))] if address else spans)]


def _address(url: str) -> Spans:
    return [{"text": url, "href": url}] if url.startswith("http") else plain(url)


def _growth_blocks(material: Material, site_id: str) -> list[Block]:
    series = material.evidence.series
    own = series[series["site_id"] == site_id]
    if own.empty:
        return []
    footprints = material.evidence.footprints
    curve = plates.draw_growth_curve(own, material.folder / f"growth-{site_id}.svg")
    days = _PLATE_DAYS[site_id]
    plate = plates.draw_footprints(
        footprints[footprints["site_id"] == site_id], days, material.folder / f"footprints-{site_id}.svg"
    )
    last = own.iloc[-1]
    return [
        figure(
            curve.name,
            alt=f"Step curve of roofed area over {len(own)} dates, ending at {last['built_m2']:,} square metres on "
            f"{last['observed_on']} with a 95 per cent interval from {last['built_m2_lo95']:,} to {last['built_m2_hi95']:,}.",
            caption=plain(
                "Roofed area on each date with an image, with 95 % intervals. The line holds the last reading until the "
                "next; it does not say when within an interval the growth took place."
            ),
        ),
        figure(
            plate.name,
            alt=f"Outlines of the compound on {', '.join(days)}: buildings filled, building sites hatched, walls as lines.",
            caption=plain(
                "Footprints as read, at one scale, north up. Filled: buildings and joined blocks. Hatched: building sites, "
                "not counted. Line: walls and perimeter tracks. Outlines read from images that contain modified Copernicus "
                "Sentinel data 2017, 2018, 2020."
            ),
        ),
    ]


def _count_blocks(material: Material, site_id: str) -> list[Block]:
    counts = material.tables["counts"]
    own = counts[counts["site_id"] == site_id]
    if own.empty:
        return []
    plate = plates.draw_counts(own, material.folder / f"counts-{site_id}.svg")
    said = "; ".join(
        f"{row['date_edtf']}: {row['printed'] if pd.notna(row['printed']) else 'blank'}" for _, row in own.iterrows()
    )
    return [
        figure(
            plate.name,
            alt=f"Buildings counted by ASPI, as printed. {said}.",
            caption=plain(
                f"Buildings counted by ASPI, as printed ({said}). Each count was taken on an unknown day of its year. "
                "Where no bar stands there is no count; that is not a zero."
            ),
            width="62%",
        )
    ]


def _remarks(material: Material, site_id: str) -> list[Block]:
    printed = material.evidence.gazetteer.loc[site_id]
    remarks = [printed["status_note"], printed["check_note"], printed["coord_precision_note"]]
    kept = [plain(_sentence(remark)) for remark in remarks if remark]
    looks = material.evidence.looks
    partial = looks[(looks["site_id"] == site_id) & (looks["status"] != "observed")]
    kept += [plain(_sentence(f"{row['observed_on']}: {row['note']}")) for _, row in partial.iterrows()]
    return [paragraph(rich("*Remarks of the record and limits of this site*")), bullets(kept)] if kept else []


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


# --- tables ---------------------------------------------------------------------------------------------------------


def _site_table(material: Material) -> Section:
    columns = [
        Column("Record", 1.5), Column("Name", 2), Column("Place", 1.9), Column("Published latitude, longitude", 2.3),
        Column("Used", 1.45), Column("r95, m", 0.6, "right"), Column("GCJ-02, m", 0.6, "right"),
        Column("Opened", 0.85), Column("Closed", 0.75), Column("Status", 0.6),
    ]  # fmt: skip
    rows = [_site_row(row) for row in material.tables["sites"].to_dict("records")]
    caption = plain(
        "All sites of the record with the coordinate as published, letter by letter, and as used. r95: uncertainty at 95 %. "
        "GCJ-02: offset of the Chinese datum. A dash means that nobody has published it. None was verified on the ground. "
        "The sources of each site stand in the table sites.csv of the package."
    )
    return Section("sites", "Table of sites", [table(columns, rows, caption=caption, size="small")], wide=True)


def _site_row(row: Mapping[Any, Any]) -> list[Spans]:
    place = ", ".join(str(part) for part in (row["admin2"], row["admin1"]) if pd.notna(part))
    names = [str(row[name]) for name in ("name_en", "name_zh") if pd.notna(row[name])]
    offset = "–" if pd.isna(row["gcj02_offset_m"]) else f"{row['gcj02_offset_m']:.0f}"
    return [
        plain(row["site_id"]), plain(" ".join(names)), plain(place), plain(row["published_verbatim"]),
        plain(f"{row['used_lat']:.5f}, {row['used_lon']:.5f}"), plain(f"{row['uncertainty_m']:,.0f}"), plain(offset),
        plain(_dash(row["opened"])), plain(_dash(row["closed"])), plain(row["status"]),
    ]  # fmt: skip


def _dash(value: object) -> str:
    return "–" if pd.isna(value) or value == "" else ("in use" if value == ".." else str(value))


def _series(material: Material) -> Section:
    columns = [
        Column("Date", 1), Column("Compound", 1), Column("Polygons", 0.8, "right"), Column("Interval", 1, "right"),
        Column("Roofed area, m²", 1.1, "right"), Column("95 % interval, m²", 1.6, "right"),
        Column("Building sites", 0.8, "right"), Column("Walled, ha", 0.7, "right"),
    ]  # fmt: skip
    rows = [_series_row(row) for row in material.evidence.series.to_dict("records")]
    caption = plain(
        "The footprint series of Dabancheng: what was read on each date, with 95 % intervals. A zero is an observed zero: "
        "the ground was seen and stood empty. A smaller number on a later date is lost visibility unless a claim says "
        "otherwise."
    )
    return Section("series", "Footprint series", [table(columns, rows, caption=caption)], new_page=True)


_COMPOUNDS = {MAIN_SITE: "main", SECOND_SITE: "second"}


def _series_row(row: Mapping[Any, Any]) -> list[Spans]:
    walled = f"{row['compound_ha']:.1f}" if row["compound_ha"] else "–"
    return [
        plain(row["observed_on"]), plain(_COMPOUNDS[row["site_id"]]), plain(row["n_total"]),
        plain(f"{row['n_total_lo']} – {row['n_total_hi']}"), plain(f"{row['built_m2']:,}"),
        plain(f"{row['built_m2_lo95']:,} – {row['built_m2_hi95']:,}"), plain(row["n_construction"]), plain(walled),
    ]  # fmt: skip


def _counts(material: Material) -> Section:
    counts = material.tables["counts"]
    names = material.tables["sites"].set_index("site_id")["name_en"]
    years = sorted(counts["date_edtf"].unique())
    rows = [
        [plain(names[site_id]), plain(site_id), *(plain(_printed(own, year)) for year in years)]
        for site_id, own in counts.groupby("site_id", sort=False)
    ]
    columns = [Column("Site", 1.6), Column("Record", 1.4), *(Column(year, 0.6, "right") for year in years)]
    caption = plain(
        "Numbers of buildings by year, as ASPI printed them and the gazetteer repeats them. “N/A”: ASPI had no image it "
        "could use. “blank”: the cell is empty. Neither is a zero, and the columns must not be added up."
    )
    return Section("counts", "Published yearly counts", [table(columns, rows, caption=caption)], new_page=True)


def _printed(own: pd.DataFrame, year: str) -> str:
    cell = own.loc[own["date_edtf"] == year, "printed"]
    return "blank" if cell.empty or pd.isna(cell.iloc[0]) else str(cell.iloc[0])


def _imagery(material: Material) -> Section:
    columns = [Column("Image", 1.3), Column("Date", 0.9), Column("Level", 0.5), Column("Pixel, m", 0.6, "right"),
               Column("Scatter of shift, m", 0.8, "right"), Column("File as published", 2.4)]  # fmt: skip
    rows = [
        [
            plain(row["src_id"]), plain(row["src_date"]), plain(row["processing_level"]), plain(f"{row['gsd_m']:.0f}"),
            plain(f"{row['georef_error_m']:.2f}"), plain(row["source_name"]),
        ]
        for _, row in material.tables["imagery"].iterrows()
    ]  # fmt: skip
    caption = plain(
        "The images behind the footprints. The provider's own image number, hour, angle and cloud cover were not in the "
        "published copies and are therefore empty in the table imagery.csv. The images contain modified Copernicus "
        "Sentinel data 2017, 2018, 2020 and are not part of the package."
    )
    return Section("imagery", "Images", [table(columns, rows, caption=caption)])


def _disputes(material: Material) -> Section:
    columns = [
        Column("Date", 0.55),
        Column("Who", 1),
        Column("What was said", 1.5),
        Column("Answer", 2),
        Column("Change", 1.4),
    ]
    rows = [
        [plain(one.date), plain(one.who), plain(one.claim), plain(one.answer), plain(one.change)]
        for one in material.disputes
    ]
    sites = material.tables["sites"]
    retracted = sites[sites["status"] != "active"]
    told = "No site of the record is disputed or retracted at present." if retracted.empty else (
        f"{len(retracted)} sites are disputed or retracted; they stay in the table of sites, with the reason."
    )  # fmt: skip
    caption = plain("What has been said against published records of these sites, and what follows from it here.")
    return Section(
        "disputes", "Disputes and retractions", [paragraph(plain(told)), table(columns, rows, caption=caption)]
    )


# --- back -----------------------------------------------------------------------------------------------------------


def _software(material: Material) -> Section:
    versions = [[plain(name), code(version)] for name, version in material.software.items()]
    inputs = [[plain(held.item_id), plain(f"{held.n_bytes:,}"), code(held.sha256)] for held in material.evidence.inputs]
    return Section("software", "Software and hashes", [
        table([Column("Software", 1), Column("Version", 2.6)], versions,
              caption=plain("What computed the numbers and set this document. GDAL is named once for each package that carries its own.")),
        table([Column("Item", 1.1), Column("Bytes", 0.45, "right"), Column("SHA-256", 3.1)], inputs, size="small",
              caption=plain("The files that went in. Every other file of the package has its sum in the manifest.")),
        facts([
            ("Custody log, line", plain(str(material.custody_lines))),
            ("Hash of that line", code(material.custody_hash)),
        ]),
        paragraph(plain(
            "The log holds a line for each file that entered and each table that was derived, and every line repeats the hash "
            "of the line before. The hash above is that of the last line before this document was set; a log that was "
            "edited, cut or written anew up to that line does not give it."
        )),
    ], new_page=True)  # fmt: skip


def _verification(material: Material) -> Section:
    return Section("verify", "How to verify this", [
        paragraph(plain(
            "The package can be checked in two ways. The first needs no software of ours: the manifest lists the SHA-256 sum of "
            "every file, and a standard command compares them. In the folder of the package:"
        )),
        listing("sha256sum -c manifest-sha256.txt"),
        paragraph(plain(
            "The second uses the suite. It hashes every file again, follows the custody log line by line, builds every table again "
            "from the sources in the package, computes every number of every claim and compares all of it. It prints one line an "
            "item and ends with status 0 only if everything holds:"
        )),
        listing("camps verify DIR"),
        paragraph(plain(
            "What neither can show: that the sources say what is true, and that this package is the one that was published. "
            "For the second, compare the sum of the manifest with a copy from somebody else."
        )),
    ])  # fmt: skip


def _corrections() -> Section:
    return Section("corrections", "Corrections", [paragraph(plain(CORRECTIONS))])
