"""What the document says, in order; its own words stand in ``prose.toml``, all else comes from the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from camps import record
from camps.appendix import front, placeplate, plates, readings, sceneplate, spoken
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
from camps.appendix.claims import CheckedClaim, Dispute, taken_as_read
from camps.appendix.evidence import Evidence
from camps.appendix.passages import CheckedPassage
from camps.appendix.records import said
from camps.appendix.restriction import Restriction, cell_deg, cell_text, decimals_of
from camps.appendix.schemas import RecordName
from camps.appendix.words import prose
from camps.growth.uncertainty import EDGE_BIAS_SD_M
from camps.maps.scenes import credits_of

#: What the status of an entry means, in words; "active" alone would be read as said of the place.
_STATES = {
    "active": "stands in the record, neither disputed nor retracted", "disputed": "disputed", "retracted": "retracted",
}  # fmt: skip


#: What the figures of images are named by; where the images are not here they are taken from the package as they are.
SCENES = "scenes"
#: A table of counts has a column a date up to so many.
_MOST_YEARS = 12


@dataclass(frozen=True)
class Material:
    """All that the text draws on: the tables as written, the claims as checked, software, hashes."""

    evidence: Evidence
    tables: Mapping[RecordName, pd.DataFrame]
    items: pd.DataFrame
    checked: Sequence[CheckedClaim]
    disputes: Sequence[Dispute]
    software: Mapping[str, str]
    custody_hash: str
    custody_lines: int
    stated_on: str
    folder: Path
    dossiers: Sequence[str] = ()
    public: bool = False
    restrictions: Sequence[Restriction] = ()
    restricted_sites: frozenset[str] = frozenset()
    passages: Sequence[CheckedPassage] = ()

    def site(self, site_id: str) -> pd.Series:
        """Return the row of a site."""
        sites = self.tables["sites"]
        return sites[sites["site_id"] == site_id].iloc[0]


def build_document(material: Material) -> Document:
    """Return the whole document; pictures are written to the material's folder on the way."""
    example = front.build_example(material.evidence, material.tables["film_frames"])
    sections = [
        front.build_summary(material.checked, limits=_told(material, prose()["limits"]), has_example=bool(example)),
        Section("definitions", "Definitions", [facts(_definitions(material))]),
        _paragraphs(material, "question", "Question and scope"),
        *example,
        Section("method", "Method", [steps([rich(text) for text in _told(material, prose()["method"])])]),
        _errors(material),
        Section("limits", "Limits", [bullets([rich(text) for text in _told(material, prose()["limits"])])]),
        *spoken.build_chapter(material.passages, material.evidence.events),
        _passages(material),
        _claims(material),
        _dossiers(material),
        _site_table(material),
        _disputes(material),  # both are turned sideways: apart each would leave the page before it half empty
        _sources_of_sites(material),
        _series(material),
        _counts(material),
        _imagery(material),
        readings.build_section(material.evidence, material.tables["imagery"]),
        _software(material),
        _verification(),
        front.build_corrections(),
    ]
    statement = [rich(text) for text in _told(material, prose()["statement"])]
    subtitle = prose()["subtitle"] or record.current().say(record.current().title, "en") or "Published sites"
    return Document(
        prose()["title"],
        subtitle,
        _edition(material),
        statement,
        list(_with_content(sections)),
        front.build_mark(material.folder),
    )


def _with_content(sections: Iterable[Section]) -> Iterator[Section]:
    """Yield the sections without tables that have no row, and none of which nothing is left."""
    for section in sections:
        blocks = [block for block in section.blocks if block["kind"] != "table" or block["rows"]]
        if blocks or section.sections:
            yield replace(section, blocks=blocks)


def _told(material: Material, entries: Iterable[str | Mapping[str, str]]) -> list[str]:
    """Return the texts that hold for this record; one that is of something is told where the record has it."""
    here = {
        "footprints": not material.evidence.areas.empty,
        "china": material.tables["sites"]["gcj02_offset_m"].notna().any(),
        "counts": not material.tables["counts"].empty,
    }
    said = [{"text": entry} if isinstance(entry, str) else entry for entry in entries]
    return [entry["text"] for entry in said if here.get(entry.get("of", ""), True)]


def _definitions(material: Material) -> list[tuple[str, Spans]]:
    return [(name, plain(text)) for name, entry in prose()["definitions"].items() for text in _told(material, [entry])]


def _paragraphs(material: Material, label: str, title: str) -> Section:
    return Section(label, title, [paragraph(rich(text)) for text in _told(material, prose()[label])])


def _caption(name: str) -> Spans:
    return rich(prose()[f"{name}_caption"])


# --- front ----------------------------------------------------------------------------------------------------------


def _edition(material: Material) -> list[tuple[str, str]]:
    not_checked = sum(result.status == "not checked" for result in material.checked)
    n_checked, n_sites = len(material.checked) - not_checked, len(material.tables["sites"])
    n_without = len(material.evidence.unplaced)
    at_hand = ", ".join(material.evidence.published) or "none; built from the bundled record alone"
    return [
        ("Edition", _edition_told(material)),
        ("Suite", f"camps {material.software['camps']}"),
        ("Sites", f"{n_sites} with a published coordinate, {n_without} without"),
        ("Claims", f"{n_checked} computed afresh and found as printed; {not_checked} not checked in this build"),
        *([("Passages", _told_of(material.passages))] if material.passages else []),
        ("Published lists at hand", at_hand),
        ("Stated on", f"{material.stated_on}, by the authors; nothing proves it, and no clock was read in the build"),
    ]


def _told_of(passages: Sequence[CheckedPassage]) -> str:
    counted = Counter(one.passage.verdict for one in passages)
    return f"{len(passages)} of the film: " + "; ".join(f"{n} {verdict}" for verdict, n in counted.items())


def _edition_told(material: Material) -> str:
    if not material.public:
        return "full"
    told = "; ".join(one.told() for one in material.restrictions)
    return f"public; {told or 'nothing is withheld'}"


def _errors(material: Material) -> Section:
    claim_ids = {result.claim.id for result in material.checked}
    columns = [Column("Source of error", 1.4), Column("Size", 1.7), Column("Known from", 1)]
    bias = _edge_bias(material.evidence.built)
    rows = [
        [plain(error["source"]), plain(error["size"].replace("{edge_bias}", bias)), _basis(error, claim_ids)]
        for error in prose()["error"]
        if _told(material, [{**error, "text": error["source"]}])
    ]
    said = [paragraph(rich(text)) for text in _told(material, prose()["errors"])]
    return Section("errors", "Assumptions and error budget", [table(columns, rows, caption=_caption("errors")), *said])


def _edge_bias(built: pd.DataFrame) -> str:
    """Return how far all edges of an image are taken to lie off together: as the series state it, else as assumed."""
    stated = built.reindex(columns=["edge_bias_m"])["edge_bias_m"].astype("float64").abs()
    least, most = (f"{edge:.2g}" for edge in (stated.min(), stated.max()))
    assumed = f"{EDGE_BIAS_SD_M} m, assumed"
    if stated.isna().all():
        return assumed
    told = f"{least if least == most else f'{least} to {most}'} m, as stated with the polygons"
    return f"{told}; {assumed} where none is stated" if stated.isna().any() else told


def _basis(error: Mapping[str, str], claim_ids: Set[str]) -> Spans:
    """Return how the size of an error is known, with a link to the claim that computes it."""
    told = plain(error["known_from"])
    known = error.get("claim") in claim_ids
    linked = [{"text": "; see the claim", "href": f"#claim-{error['claim']}"}] if known else []
    return [*told, *linked]


# --- claims ---------------------------------------------------------------------------------------------------------


def _passages(material: Material) -> Section:
    columns = [
        Column("Claim", 1.6), Column("Computed by", 1.35), Column("Notebook", 0.75),
        Column("Reads", 0.85), Column("This build", 0.65),
    ]  # fmt: skip
    rows = [_passage(result) for result in material.checked]
    return Section("passages", "From passage to analysis", [table(columns, rows, caption=_caption("passages"))])


def _passage(result: CheckedClaim) -> list[Spans]:
    claim = result.claim
    link = [{"text": claim.title, "href": f"#claim-{claim.id}"}]
    reads = plain(", ".join(claim.needs) or "arithmetic")
    return [link, code(claim.computed_by), plain(claim.notebook or "–"), reads, plain(result.status)]


def _claims(material: Material) -> Section:
    intro = paragraph(plain(prose()["claims"]))
    claims = [_claim(material, result) for result in material.checked]
    return Section("claims", "Claims", [intro], claims)


def _claim(material: Material, result: CheckedClaim) -> Section:
    claim = result.claim
    state = "computed in this build, and as printed" if result.status == "checked" else result.reason
    dated = ", ".join(taken_as_read(claim)) if result.status == "checked" else ""
    rows = [
        ("State", plain(f"{state}; not computed, but read as dates and names: {dated}" if dated else state)),
        ("Supporting items", _cited(material, claim.supporting)),
        *([("Contrary items", _cited(material, claim.contrary))] if claim.contrary else []),
        ("Other explanations", plain(claim.alternatives)),
        ("Confidence", plain(result.confidence)),
        ("Limits", plain(claim.limits)),
    ]
    sentence = box(plain(claim.sentence), tone="note" if result.status == "checked" else "warn")
    return Section(f"claim-{claim.id}", claim.title, [sentence, facts(rows)])


def _cited(material: Material, names: Iterable[str]) -> Spans:
    """Return ids of items set as code, with commas between; a work of which no copy is held has a footnote."""
    spans: Spans = []
    for name in names:
        spans += [*([{"text": ", "}] if spans else []), *code(name), *_work_note(material, name)]
    return spans


def _work_note(material: Material, item_id: str) -> Spans:
    item = material.items.set_index("item_id").loc[item_id]
    if not item_id.startswith("cited-") or pd.isna(item["url"]):
        return []
    told = str(item["title"] if pd.isna(item["notes"]) else item["notes"])
    return [note([*plain(f"{told.rstrip('.')}: "), *_address(str(item["url"]))])]


# --- dossiers -------------------------------------------------------------------------------------------------------


def _dossiers(material: Material) -> Section:
    intro = [paragraph(plain(prose()["dossiers"]))] if material.dossiers else []
    dossiers = [_dossier(material, site_id) for site_id in material.dossiers]
    return Section("dossiers", "Site dossiers", intro, dossiers)


def _dossier(material: Material, site_id: str) -> Section:
    row = material.site(site_id)
    # The ground about a site and the remarks on it tell where it is; a restricted site has neither.
    told = site_id not in material.restricted_sites
    blocks = [
        facts(_dossier_facts(material, row)),
        *([_place_plate(material, row), *_growth_blocks(material, site_id)] if told else []),
        *_count_blocks(material, site_id),
        *(_remarks(material, site_id) if told else []),
    ]
    return Section(f"site-{site_id}", row["name_en"], blocks)


def _dossier_facts(material: Material, row: pd.Series) -> list[tuple[str, Spans]]:
    listed = _listed(material, row["site_id"])
    return [
        ("Record", code(row["site_id"])),
        ("Names", plain(_names(row))),
        ("Place", plain(_place(row))),
        ("System", plain(_system(row["system"]))),
        ("Opened; closed", plain(f"{_date(row['opened'])}; {_date(row['closed'])}")),
        *([] if row["site_id"] in material.restricted_sites else _basis_of_dates(listed)),
        ("Known to", plain(f"the {row['level']}")),
        ("Coordinate as published", plain(f"{row['published_verbatim']} (datum: {row['published_datum']})")),
        ("Coordinate as used", plain(_used(row, material))),
        ("Uncertainty", plain(f"{row['uncertainty_m']:,.0f} m at 95 %; {row['detection_method']}")),
        ("Offset in GCJ-02", plain(_offset(row))),
        ("Source of the point", _source_of_point(material.evidence, listed)),
        ("State of the entry", plain(f"{_STATES[row['status']]}; {row['verification_state']}")),
    ]


def _used(row: pd.Series, material: Material) -> str:
    decimals = decimals_of(material.restrictions, row["site_id"])
    if decimals is None:
        return f"{_degrees(row, material)} (latitude, longitude, WGS 84)"
    return f"somewhere in {_degrees(row, material)} (latitude, longitude, WGS 84), a cell of {cell_deg(decimals):g}°"


def _degrees(row: pd.Series, material: Material, digits: int = 6) -> str:
    """Return a point in degrees; of one that was rounded, the cell that it lies in, for the middle of that is none."""
    decimals, points = decimals_of(material.restrictions, row["site_id"]), (row["used_lat"], row["used_lon"])
    if decimals is None:
        return ", ".join(f"{degrees:.{digits}f}" for degrees in points)
    return ", ".join(cell_text(degrees, decimals) for degrees in points)


def _system(name: str) -> str:
    named = {one.id: one.name for one in record.current().classes_of("system")}
    return named.get(name, {}).get("en", name.replace("-", " "))


def _names(row: pd.Series) -> str:
    names = [row[name] for name in ("name_en", "name_zh", "name_ug", "name_other") if pd.notna(row[name])]
    return "; ".join(dict.fromkeys(names))


def _place(row: pd.Series) -> str:
    return ", ".join(str(row[part]) for part in ("admin2", "admin1", "country") if pd.notna(row[part]))


def _date(edtf: Any) -> str:
    """Return an EDTF date as a reader would say it; a source in the present tense has not said that nothing changed."""
    if pd.isna(edtf):
        return "not known"
    if edtf == "..":
        return "no end stated"
    first, _, last = str(edtf).partition("/")
    return f"between {_date(first)} and {_date(last)}" if last else _one_date(first)


def _one_date(edtf: str) -> str:
    digits = edtf.rstrip("?~%")
    named = digits.replace("X", "0") + "s" if digits.endswith("X") else digits
    return {"?": f"{named}, uncertain", "~": f"about {named}", "%": f"about {named}, uncertain"}.get(edtf[-1], named)


def _offset(row: pd.Series) -> str:
    if pd.isna(row["gcj02_offset_m"]):
        return "withheld" if row["country"] == "China" else "does not apply outside China"
    return f"{row['gcj02_offset_m']:.0f} m: so far from its place would the point appear on a Chinese map"


def _listed(material: Material, site_id: str) -> pd.Series:
    listed = material.evidence.listed
    return listed[listed["site_id"] == site_id].iloc[0]


def _source_of_point(evidence: Evidence, listed: pd.Series) -> Spans:
    entry = evidence.register[listed["source_id"]]
    title, address = said(listed, "coord_source_title"), said(listed, "coord_source_url")
    return [*plain(title or entry.citation), note(_address(address or entry.files[0].url or entry.landing))]


def _basis_of_dates(listed: pd.Series) -> list[tuple[str, Spans]]:
    basis, address = said(listed, "date_basis"), said(listed, "dates_source_url")
    if not basis:
        return []
    return [("Basis of the dates", [*plain(basis), *([note(_address(address))] if address else [])])]


def _address(url: str) -> Spans:
    return [{"text": url, "href": url}] if url.startswith("http") else plain(url)


def _place_plate(material: Material, row: pd.Series) -> Block:
    site_id = row["site_id"]
    footprints = material.evidence.footprints
    own = footprints[footprints["site_id"] == site_id]
    last = own[own["observed_on"] == own["observed_on"].max()] if len(own) else None
    path = placeplate.draw_place(row, last, material.folder / f"place-{site_id}.svg")
    alt = prose()["place_alt"].format(
        name=row["name_en"], place=_place(row), lat=row["used_lat"], lon=row["used_lon"], r95=row["uncertainty_m"]
    )
    shifted = prose()["place_shifted"] if row["country"] == "China" and last is not None else ""
    caption = rich(prose()["place_caption" if last is not None else "region_caption"] + shifted)
    return figure(path.name, alt=alt, caption=caption)


def _growth_blocks(material: Material, site_id: str) -> list[Block]:
    areas = material.evidence.areas
    own = areas[areas["unit"] == site_id]
    if own.empty:
        return []
    plates_of = [_growth_curve(material, site_id, own), _footprint_plate(material, site_id)]
    return [*plates_of, *_scene_plate(material, site_id)]


def _growth_curve(material: Material, site_id: str, own: pd.DataFrame) -> Block:
    path = plates.draw_growth_curve(own, material.folder / f"growth-{site_id}.svg")
    known = own[own["value"].notna()]
    last = known.iloc[-1] if len(known) else own.iloc[-1]
    value, least, most = (_figure(last[name], ",.0f") for name in ("value", "lo", "hi"))
    alt = (
        f"Step curve of roofed area over {len(own)} dates, ending on {last['t']} at {value} m², "
        f"95 per cent interval {least} to {most}."
    )
    return figure(path.name, alt=alt, caption=_caption("growth"))


def _footprint_plate(material: Material, site_id: str) -> Block:
    footprints = material.evidence.footprints
    own = footprints[footprints["site_id"] == site_id]
    days = record.current().plates.get(site_id) or _days_to_show(own)
    path = plates.draw_footprints(own, days, material.folder / f"footprints-{site_id}.svg")
    alt = prose()["footprints_alt"].format(days=", ".join(days))
    return figure(path.name, alt=alt, caption=_caption("footprints"))


def _scene_plate(material: Material, site_id: str) -> list[Block]:
    """Return the first and the last image of a site beside what was read from them, where both may be shown."""
    images = material.evidence.before_and_after(site_id)
    if not images:
        return []
    footprints = material.evidence.footprints
    path = material.folder / f"{SCENES}-{site_id}.svg"
    if not path.is_file():
        pairs = [(one.observed_on, material.evidence.image_path(one)) for one in images]
        sceneplate.draw_scenes(pairs, footprints[footprints["site_id"] == site_id], path)
    credit = "; ".join(credits_of(pd.DataFrame([vars(one) for one in images])))
    first, last = (one.observed_on for one in images)
    alt = prose()["scenes_alt"].format(first=first, last=last)
    caption = [*_caption("scenes"), *plain(f" Images: {credit}.")]
    return [figure(path.name, alt=alt, caption=caption)]


def _days_to_show(own: pd.DataFrame) -> tuple[str, ...]:
    """Return the days of a plate where the record names none: the first and the last drawn, and two between them."""
    days = sorted(own["observed_on"].unique())
    last = len(days) - 1
    return tuple(dict.fromkeys(days[round(last * step / 3)] for step in range(4)))


def _count_blocks(material: Material, site_id: str) -> list[Block]:
    counts = material.tables["counts"]
    own = counts[counts["site_id"] == site_id]
    several = _of_several(own)
    return [
        _count_figure(material, rows, f"counts-{site_id}{f'-{metric}' if several else ''}.svg", str(metric))
        for metric, rows in own.groupby("metric", sort=False, observed=True)
    ]


def _count_figure(material: Material, own: pd.DataFrame, name: str, metric: str) -> Block:
    path = plates.draw_counts(own, material.folder / name, counted=_counted(metric))
    said = "; ".join(f"{year}: {_printed(own, year)}" for year in own["date_edtf"])
    alt = prose()["counts_figure_alt"].format(said=said)
    return figure(path.name, alt=alt, caption=_caption("counts_figure"), width="58%")


def _of_several(counts: pd.DataFrame) -> bool:
    """Return whether counts are of several metrics, of which none may be read as another."""
    return len(counts["metric"].unique()) > 1


def _counted(metric: str) -> str:
    """Return what an axis says of a metric: the word after its numbers, or its name."""
    ours = record.current()
    told = ours.metric(metric)
    word = ours.say(told.many, "en") if told.many and told.whole else ""
    return f"{word} counted" if word and "{value}" not in word else ours.say(told.name, "en") or metric


def _remarks(material: Material, site_id: str) -> list[Block]:
    listed = _listed(material, site_id)
    told = (said(listed, name) for name in ("status_note", "check_note", "coord_precision_note"))
    remarks = [remark for remark in told if remark]
    remarks += look_remarks(material.evidence.looks, site_id)
    kept = [plain(_sentence(remark)) for remark in remarks]
    return [paragraph(rich("*Remarks of the record and limits of this site*")), bullets(kept)] if kept else []


def look_remarks(looks: pd.DataFrame, site_id: str) -> list[str]:
    """Return how each look that did not see all of a site saw it, with what was noted at it."""
    partial = looks[(looks["site_id"] == site_id) & (looks["status"] != "observed")]
    notes = partial.reindex(columns=["note"])["note"]
    how = partial["status"].map(prose()["look_statuses"])
    return [
        f"{day}, {seen}{f': {note}' if pd.notna(note) else ''}"
        for day, seen, note in zip(partial["observed_on"], how, notes, strict=True)
    ]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


# --- tables ---------------------------------------------------------------------------------------------------------


def _site_table(material: Material) -> Section:
    columns = [
        Column("Record", 1.45), Column("Name", 1.8), Column("Place", 1.6), Column("Published latitude, longitude", 2.3),
        Column("Used", 1.45), Column("r95, m", 0.6, "right"), Column("GCJ-02, m", 0.65, "right"),
        Column("Opened", 1.4), Column("Closed", 0.75), Column("Entry", 0.55), Column("Sources", 0.65),
    ]  # fmt: skip
    numbers = _source_numbers(material)
    rows = [_site_row(row, material, numbers) for _, row in material.tables["sites"].iterrows()]
    # A column in which no site has anything says nothing.
    blank = (plain(""), plain("–"))
    shown = [at for at in range(len(columns)) if any(row[at] not in blank for row in rows)]
    kept = [[row[at] for at in shown] for row in rows]
    caption = " ".join(_told(material, prose()["sites_caption"]))
    listed = table([columns[at] for at in shown], kept, caption=rich(caption), size="small")
    return Section("sites", "Table of sites", [listed], layout="wide")


def _source_numbers(material: Material) -> dict[str, int]:
    """Return the numbers of the items that the sites rest on, in the order in which the table names them first."""
    named = (item_id for told in material.tables["sites"]["source_items"] for item_id in told.split("; "))
    return {item_id: number for number, item_id in enumerate(dict.fromkeys(named), 1)}


def _sources_of_sites(material: Material) -> Section:
    columns = [Column("No.", 0, "right"), Column("Source", 2.3), Column("Address", 3)]
    items = {str(item["item_id"]): item for _, item in material.items.iterrows()}
    rows = [
        [plain(number), plain(items[item_id]["title"]), _address(_where(items[item_id]))]
        for item_id, number in _source_numbers(material).items()
    ]
    listed = table(columns, rows, caption=_caption("sources"), size="small")
    return Section("site-sources", "Sources of the sites", [listed])


def _where(item: pd.Series) -> str:
    return str(item["url"]) if pd.notna(item["url"]) else f"in the package, {item['original_filename']}"


def _site_row(row: pd.Series, material: Material, numbers: Mapping[str, int]) -> list[Spans]:
    place = ", ".join(str(row[part]) for part in ("admin2", "admin1") if pd.notna(row[part]))
    names = " ".join(str(row[name]) for name in ("name_en", "name_zh") if pd.notna(row[name]))
    offset = "–" if pd.isna(row["gcj02_offset_m"]) else f"{row['gcj02_offset_m']:.0f}"
    cells = [
        row["site_id"], names, place, row["published_verbatim"], _degrees(row, material, 5),
        f"{row['uncertainty_m']:,.0f}", offset, _dash(row["opened"]), _dash(row["closed"]),
        "stands" if row["status"] == "active" else row["status"],
        ", ".join(str(numbers[item_id]) for item_id in row["source_items"].split("; ")),
    ]  # fmt: skip
    return [plain(cell) for cell in cells]


def _dash(edtf: Any) -> str:
    return "–" if pd.isna(edtf) else _date(edtf)


def _series(material: Material) -> Section:
    columns = [
        Column("Date", 0), Column("Compound", 0.9), Column("Polygons", 0.8, "right"), Column("Interval", 0.9, "right"),
        Column("Roofed area, m²", 1, "right"), Column("95 % interval, m²", 1.5, "right"),
        Column("Building sites", 0.8, "right"), Column("Walled, ha", 0.7, "right"),
    ]  # fmt: skip
    # Where they may be restricted, the numbers of the table of measurements stand for those of the evidence.
    restricted = {site for one in material.restrictions if one.table == "measurements" for site in one.sites or ("",)}
    areas = material.evidence.areas.sort_values(["t", "unit"])
    areas = areas[~areas["unit"].isin(material.restricted_sites if "" in restricted else restricted)]
    listed = table(
        columns, [_series_row(material.evidence, row) for _, row in areas.iterrows()], caption=_caption("series")
    )
    return Section("series", "Footprint series", [listed])


def _series_row(evidence: Evidence, area: pd.Series) -> list[Spans]:
    at = evidence.polygons.set_index(["unit", "t"]).loc[(area["unit"], area["t"])]
    walled = evidence.enclosures.set_index(["unit", "t"]).loc[(area["unit"], area["t"]), "value"]
    footprints = evidence.footprints
    here = footprints[(footprints["site_id"] == area["unit"]) & (footprints["observed_on"] == area["t"])]
    cells = [
        area["t"], _compound(evidence, area["unit"]), _figure(at["value"], ".0f"), _range(at, ".0f"),
        _figure(area["value"], ",.0f"), _range(area, ",.0f"), (here["kind"] == "construction").sum(),
        _figure(walled / 1e4 if walled else None, ".1f"),
    ]  # fmt: skip
    return [plain(cell) for cell in cells]


def _compound(evidence: Evidence, site_id: str) -> str:
    named = prose()["compounds"].get(site_id)
    return str(named or evidence.sites.set_index("site_id")["name_en"].get(site_id, site_id))


def _figure(number: Any, form: str) -> str:
    """Return a number, and a dash where nobody knows it."""
    return "–" if pd.isna(number) else f"{number:{form}}"


def _range(row: pd.Series, form: str) -> str:
    """Return an interval; where nothing was read there is no edge that could err, and none is claimed."""
    return f"{row['lo']:{form}} – {row['hi']:{form}}" if pd.notna(row["value"]) and row["value"] else "–"


def _counts(material: Material) -> Section:
    counts = material.tables["counts"]
    names = material.tables["sites"].set_index("site_id")["name_en"]
    years = sorted(counts["date_edtf"].unique())
    if len(years) > _MOST_YEARS:
        return _counts_by_row(counts, names)
    several = _of_several(counts)
    rows = [
        [*map(plain, (names[str(site_id)], site_id, *[metric] * several, *(_printed(own, year) for year in years)))]
        for (site_id, metric), own in counts.groupby(["site_id", "metric"], sort=False, observed=True)
    ]
    told = [Column("Counted", 1)] * several
    columns = [Column("Site", 1.6), Column("Record", 1.4), *told, *(Column(year, 0.6, "right") for year in years)]
    listed = table(columns, rows, caption=_counts_caption(counts))
    return Section("counts", "Published yearly counts", [listed])


def _counts_by_row(counts: pd.DataFrame, names: pd.Series) -> Section:
    """Return a row a count: a list whose places each have their own dates would need a column for every date."""
    several = _of_several(counts)
    columns = [
        Column("Site", 1.6), Column("Record", 1.4), *[Column("Counted", 1)] * several, Column("Date", 1.2),
        Column("Printed", 0.8, "right"),
    ]  # fmt: skip
    rows = [
        [*map(plain, (names[str(row["site_id"])], row["site_id"], *[row["metric"]] * several, row["date_edtf"],
                      _cell(row["printed"])))]
        for row in counts.to_dict("records")
    ]  # fmt: skip
    listed = table(columns, rows, caption=_counts_caption(counts), size="small")
    return Section("counts", "Published counts", [listed])


def _counts_caption(counts: pd.DataFrame) -> Spans:
    """Return the caption of the counts, with the numbers that mean nothing known as the record says of their metric."""
    ours, told = record.current(), [prose()["counts_caption"]]
    for name in counts["metric"].dropna().unique():
        metric = ours.metric(str(name))
        empty = sorted({*metric.unknown, *([0.0] if metric.zero == "unknown" else [])})
        if empty:
            numbers = " and ".join(f"{number:g}" for number in empty)
            told.append(f"{ours.say(metric.name, 'en')}: {numbers} stand for “not known”.")
    return rich(" ".join(told))


def _cell(printed: Any) -> str:
    return "blank" if pd.isna(printed) else str(printed)


def _printed(own: pd.DataFrame, year: str) -> str:
    cell = own.loc[own["date_edtf"] == year, "printed"]
    return _cell(None if cell.empty else cell.iloc[0])


def _imagery(material: Material) -> Section:
    columns = [
        Column("Image", 1.25), Column("Date", 0.8), Column("Level", 0.5), Column("Pixel, m", 0.6, "right"),
        Column("Scatter of shift, m", 0.8, "right"), Column("File as published", 2.6),
    ]  # fmt: skip
    rows = [_image_row(row) for _, row in material.tables["imagery"].iterrows()]
    return Section("imagery", "Images", [table(columns, rows, caption=_caption("imagery"))])


def _image_row(row: pd.Series) -> list[Spans]:
    cells = [
        row["src_id"], row["src_date"], _figure(row["processing_level"], ""), _figure(row["gsd_m"], ".3g"),
        _figure(row["georef_error_m"], ".2f"), row["source_name"],
    ]  # fmt: skip
    return [plain(cell) for cell in cells]


def _disputes(material: Material) -> Section:
    columns = [
        Column("Date", 0.7), Column("Who", 1), Column("What was said", 1.4), Column("Answer", 2), Column("Change", 1.3),
    ]  # fmt: skip
    rows = [
        [
            plain(one.date),
            [*plain(one.who), note(_address(one.source))],
            *map(plain, (one.claim, one.answer, one.change)),
        ]
        for one in material.disputes
    ]
    told = _not_active(material.tables["sites"])
    listed = table(columns, rows, caption=_caption("disputes"), size="small")
    return Section("disputes", "Disputes and retractions", [*told, listed], layout="wide")


def _not_active(sites: pd.DataFrame) -> list[Block]:
    found = sites[sites["status"] != "active"]
    if found.empty:
        return [paragraph(plain("No site of the record is disputed or retracted at present."))]
    told = [
        f"{row['name_en']} ({row['site_id']}): {row['status']}; {row['status_reason']}" for _, row in found.iterrows()
    ]
    intro = f"{len(found)} sites are disputed or retracted; they stay in the table of sites."
    return [paragraph(plain(intro)), bullets([plain(_sentence(one)) for one in told])]


# --- back -----------------------------------------------------------------------------------------------------------


def _software(material: Material) -> Section:
    versions = [[plain(name), code(version)] for name, version in material.software.items()]
    inputs = [[plain(held.item_id), plain(f"{held.n_bytes:,}"), code(held.sha256)] for held in material.evidence.inputs]
    summed = [Column("Item", 1.1), Column("Bytes", 0.45, "right"), Column("SHA-256", 3.1)]
    blocks = [
        table([Column("Software", 1), Column("Version", 2.6)], versions, caption=_caption("software")),
        table(summed, inputs, caption=_caption("inputs"), size="small"),
        facts([
            ("Custody log, line", plain(material.custody_lines)),
            ("Hash of that line", code(material.custody_hash)),
            ("Held and processed by", plain(prose()["custodian"])),
            ("Time of each step", plain(prose()["custody_time"])),
            ("Before that", plain(prose()["custody_before"])),
        ]),
        paragraph(plain(prose()["custody"])),
    ]  # fmt: skip
    return Section("software", "Software and hashes", blocks)


def _verification() -> Section:
    by_hand, by_suite, left_open = (paragraph(plain(text)) for text in prose()["verify"])
    standard, ours = (listing(command) for command in prose()["verify_commands"])
    cannot = bullets([rich(entry) for entry in prose()["verify_open"]])
    blocks = [by_hand, standard, by_suite, ours, left_open, cannot]
    return Section("verify", "How to verify this", blocks)
