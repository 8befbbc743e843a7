"""What a reader is told first: one page of summary, and the way from one frame of the film to the cell of a list."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from camps import film, record, sources
from camps.appendix import sealing, signing
from camps.appendix.blocks import Block, Section, Spans, bullets, facts, figure, paragraph, plain, rich, steps
from camps.appendix.claims import CheckedClaim
from camps.appendix.evidence import Evidence
from camps.appendix.records import said
from camps.appendix.words import PLACE, prose
from camps.errors import InputError

#: So many claims stand in the summary where the record names none, and so many limits.
_MOST = 6


def build_summary(checked: Sequence[CheckedClaim], *, limits: Sequence[str], has_example: bool) -> Section:
    """Return the page to be read first: what was found, what it cannot say, and where to go on.

    Parameters
    ----------
    checked
        The claims as checked; those that the record names in ``summary_claims`` stand here, the first ones otherwise.
    has_example
        Whether the document shows the way from a frame to its source.
    """
    known = {result.claim.id: result for result in checked}
    named = [name for name in prose().get("summary_claims", list(known)[:_MOST]) if name in known]
    ways = [rich(text) for text in prose()["summary_ways"]]
    blocks = [
        paragraph(rich("*What is claimed*")),
        bullets([_found(known[name]) for name in named]),
        paragraph(rich("*What none of it shows*")),
        bullets([rich(text) for text in limits[:_MOST]]),
        paragraph(rich("*How to go on*")),
        bullets([*ways, *([rich(prose()["summary_example"])] if has_example else [])]),
        *_reached(),
    ]
    return Section("summary", "Summary", blocks)


def _found(result: CheckedClaim) -> Spans:
    told = result.claim.sentence if result.status == "checked" else f"{result.claim.title}: {result.reason}"
    return [*plain(f"{told} "), {"text": f"({result.confidence})", "href": f"#claim-{result.claim.id}"}]


def _reached() -> list[Block]:
    contact = record.current().contact or "not stated in this record"
    signer = signing.stated_signer() or "none stated in this record"
    told = [("Write to", plain(contact)), ("Signing key", plain(signer)), ("Reply", rich(prose()["reply"]))]
    return [facts(told)]


def build_mark(folder: Path) -> Block | None:
    """Return the code of the key with which the record says that it signs, written to `folder`; none without one.

    The seal itself stands outside: it is the sum of what seals this page, too.
    """
    signer = signing.stated_signer()
    if signer is None:
        return None
    drawn = sealing.write_code(signer, folder / "signing-key.svg")
    words = signing.words_of(signer)
    return figure(drawn.name, alt=f"QR code: {signer}", caption=rich(f"*Signing key*, in words: {words}"), width="28mm")


def build_corrections() -> Section:
    """Return how to reach those who made the record, to contest it and to obtain the suite, and the right of reply."""
    return Section("corrections", "Corrections and reply", [paragraph(rich(prose()["corrections"])), *_reached()])


# --- from a frame to its source -------------------------------------------------------------------------------------


def example_shot(shown: Collection[str]) -> film.Shot | None:
    """Return the shot of the example that the record names, or none.

    Parameters
    ----------
    shown
        Ids of the sites that have a dossier with counts and a place in this edition; the example is of one of them.

    Raises
    ------
    InputError
        When the shot has no such frame.
    """
    told = prose().get("example")
    if not told or told["site"] not in shown:
        return None
    shot = film.read_shot(told["shot"])
    if told["frame"] not in shot.numbers:
        expected = f"one of {shot.numbers[0]}-{shot.numbers[-1]}"
        raise InputError(f"{_where(told)}: no such frame, expected {expected}; name another")
    return shot


def build_example(evidence: Evidence, frames: pd.DataFrame) -> list[Section]:
    """Return the way from a frame to the cell of a published list, computed in this build; none without frames.

    Parameters
    ----------
    evidence
        What the document is built from.
    frames
        The table of what the frames of the example's shot say.
    """
    if frames.empty:
        return []
    told = prose()["example"]
    values = _example_values(evidence, told, frames.set_index("frame").loc[told["frame"]])
    way = steps([rich(text.format_map(values)) for text in told["steps"]])
    pictures = [
        figure(
            f"{kind}-{told['site']}.svg",
            alt=told[f"{kind}_alt"].format_map(values),
            caption=rich(told[f"{kind}_caption"].format_map(values)),
            width="62%",
        )
        for kind in ("counts", "place")
        if f"{kind}_caption" in told
    ]
    intro = paragraph(rich(prose()["example_intro"]))
    return [Section("example", "From a frame to its source: an example", [intro, way, *pictures])]


def _where(told: Mapping[str, Any]) -> str:
    return f"{PLACE}, [example], frame {told['frame']} of the shot {told['shot']}"


def _example_values(evidence: Evidence, told: Mapping[str, Any], row: pd.Series) -> dict[str, Any]:
    """Return what the steps name: the row of the frame, the site as listed, its count and its sources.

    Raises
    ------
    InputError
        When the frame shows a date for which the site has no count or the shot no total.
    """
    shot = film.read_shot(told["shot"])
    listed = evidence.listed.set_index("site_id").loc[told["site"]]
    counts = sources.read(str(listed["source_id"])).counts
    own = counts[counts["unit"].eq(told["site"]) & counts["t"].eq(row["date_shown"]) & counts["value"].notna()]
    if own.empty or pd.isna(row["total"]):
        what = f"a count of {told['site']}" if own.empty else "a total"
        raise InputError(
            f"{_where(told)}: shows {said(row, 'date_shown') or 'no date'}, for which there is not {what}; name another"
        )
    references = dict(part.split(":") for part in said(listed, "references").split("; ") if ":" in part)
    return {
        "row": row, "frame": told["frame"], "shot": shot, "site": listed, "site_id": told["site"],
        "references": references,
        "printed": own["verbatim"].iloc[0], "total": f"{float(row['total']):,.0f}", "register": evidence.register,
        "folder": film.folder_name(shot), "file": f"{shot.code}_beauty_v{shot.version:03d}.{told['frame']}.png",
        "in_picture": len(row["site_ids"].split()),
    }  # fmt: skip
