"""Who read which image, and how far two readings of one agree: the part of the document on what outlines rest on."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from camps.appendix.blocks import Block, Column, Section, Spans, code, paragraph, plain, rich, table
from camps.appendix.evidence import Evidence
from camps.appendix.words import prose


def build_section(evidence: Evidence, imagery: pd.DataFrame) -> Section:
    """Return who read each image, and both readings of those that were read twice; empty where neither is stated."""
    return Section("readings", "Readings", [_read_by(evidence, imagery), *_agreements(evidence)])


def _read_by(evidence: Evidence, imagery: pd.DataFrame) -> Block:
    columns = [
        Column("Date", 0), Column("Site", 1.1), Column("Look", 0.65), Column("Read by", 0.55),
        Column("Again by", 0.55), Column("Image", 0.9), Column("SHA-256 of the image", 2.6),
    ]  # fmt: skip
    sums = imagery.set_index("src_id")["sha256"]
    looks = evidence.read_by
    rows = [
        [
            *map(plain, (look["observed_on"], look["site_id"], look["status"], look["interpreter"])),
            plain("–" if pd.isna(look["second"]) else look["second"]),
            plain(look["scene_id"]),
            plain("not stated") if pd.isna(sums.get(look["scene_id"])) else code(str(sums[look["scene_id"]])),
        ]
        for look in looks[looks["interpreter"].notna()].to_dict("records")
    ]
    return table(columns, rows, caption=rich(prose()["readings_caption"]), size="small")


def _agreements(evidence: Evidence) -> Iterator[Block]:
    for source_id, found in evidence.agreements.items():
        entry = evidence.register[source_id]
        told = next((file.title for file in entry.files if file.role == "repeat"), "") or "Second reading"
        used = [name for name in ("edge_sd_m", "edge_bias_m") if name in entry.options]
        rests = " and ".join({"edge_sd_m": "the first", "edge_bias_m": "the second"}[name] for name in used)
        stated = f"the intervals rest on {rests} of these" if used else "the intervals keep the larger ones they assume"
        yield paragraph(plain(f"{entry.title}. {told}: {found.summary}; {stated}."))
        columns = [
            Column("Date", 0), Column("Buildings, 1st / 2nd", 0.9, "right"), Column("Missed; extra", 0.7, "right"),
            Column("IoU", 1.1, "right"), Column("Area, 2nd against 1st", 1.1, "right"),
            Column("Edges of the 2nd outside, m", 1.1, "right"), Column("Gwet’s AC1", 1.1, "right"),
        ]  # fmt: skip
        rows = [_date(row) for _, row in found.dates.iterrows()]
        yield table(columns, rows, caption=rich(prose()["agreement_caption"]), size="small")


def _date(row: pd.Series) -> list[Spans]:
    cells = [
        row["observed_on"], f"{row['n_first']} / {row['n_second']}", f"{row['n_missed']}; {row['n_extra']}",
        _with_range(row, "iou", ".2f"), _with_range(row, "area_bias", "+.0%"), _with_range(row, "offset_m", "+.1f"),
        _with_range(row, "ac1", ".2f"),
    ]  # fmt: skip
    return [plain(cell) for cell in cells]


def _with_range(row: pd.Series, name: str, form: str) -> str:
    if pd.isna(row[name]):
        return "–"
    value, low, high = (_signed(row[one], form) for one in (name, f"{name}_lo", f"{name}_hi"))
    return f"{value} [{low}, {high}]"


def _signed(value: float, form: str) -> str:
    """Return a number with its sign; what rounds to nothing has none."""
    text = f"{value:{form}}"
    return text.replace("-", "−") if any(digit in text for digit in "123456789") else text.strip("+-")
