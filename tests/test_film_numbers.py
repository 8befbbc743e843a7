"""Every number on a picture of our shots: which row of the data, claim or look it is, sentence by sentence."""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from camps import catalogue, film, footprints, settings, sources, timeline
from camps.appendix import claims, framecheck
from camps.dates import clock_day
from camps.film import readouts, records
from camps.film.readouts import Screen
from camps.film.subject import build_map, series_of, sources_of

pytestmark = pytest.mark.browser
SHOTS = ["archipelago", "dabancheng", "first", "systems", "xinjiang"]
MONTHS = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
]  # fmt: skip
LEVELS = {
    "at the compound": "compound", "known to a town": "town", "to a county": "county", "to a prefecture": "prefecture",
    "to a province": "province",
}  # fmt: skip


def _said(value: Any) -> str:
    return f"{round(float(value)):,}"


@dataclass
class Facts:
    """What the data say of one shot, worked out without its page."""

    shot: film.Shot
    rows: Mapping[int, records.ListedFrame]
    known: dict[str, pd.DataFrame] = field(default_factory=dict)

    @cached_property
    def payload(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = build_map(self.shot).payload
        return found

    def row(self, number: int) -> Mapping[str, str]:
        """Return what one frame says, the first for one that is before it."""
        return self.screen.rows([max(number, self.shot.numbers[0])])[max(number, self.shot.numbers[0])]

    @cached_property
    def series(self) -> footprints.FootprintSeries:
        return series_of(self.shot)

    @cached_property
    def screen(self) -> Screen:
        return Screen(self.shot)

    @cached_property
    def sites(self) -> pd.DataFrame:
        sites = catalogue.once(*sources_of(self.shot))
        return sites[sites["site_id"].isin({site["id"] for site in self.payload["sites"]})].reset_index(drop=True)

    def places(self, day: str) -> pd.DataFrame:
        """Return how many places are in which phase, by level."""
        if day not in self.known:
            self.known[day] = timeline.count_places(self.sites, [day]).set_index("level")
        return self.known[day]

    def drawn(self, day: float) -> list[Any]:
        """Return what is drawn of each site whose count is known."""
        return [
            one for one in readouts._of_counts(self.shot, self.payload, [day])(day).values() if one.value is not None
        ]

    def firms(self, day: str) -> int:
        open_ = np.array([timeline.phase(life, clock_day(day)) == "open" for life in timeline.lives(self.sites)])
        return int((self.sites["enterprise"].notna() & open_).sum())

    def seen_m2(self, day: str) -> float:
        """Return what the looks of one day saw of buildings and blocks."""
        outlines = self.series.footprints
        here = outlines["observed_on"].eq(day) & outlines["kind"].isin(["building", "block"])
        return float((outlines["area_m2"] - outlines["overlap_m2"].fillna(0))[here].sum())

    @cached_property
    def systems(self) -> pd.DataFrame:
        return timeline.compare_systems(timeline.systems_here()[0])


def _of_values(row: Mapping[str, str]) -> list[str]:
    """Return the sentences of a map whose places have values."""
    known = int(row["n_observed"]) + int(row["n_interpolated"]) + int(row["n_held"])
    total = [_said(row[name]) for name in ("total", "total_lo", "total_hi") if row[name]]
    sums = [f"~{total[0]}", f"{total[1]}–{total[2]}", total[0]] if total else []
    when = f"(?:at this date|in {row['date_shown'][:4]})"
    return [
        *(rf"(?<![\d,–]){one} (?:buildings?|m² built)" for one in sums),
        rf"{row['n_observed']} sites? counted {when}, {row['n_held']} held from before",
        rf"Count known for {known} of {row['n_sites']} sites",
    ]


def _of_counts(facts: Facts, row: Mapping[str, str]) -> list[str]:
    """Return how the sizes of a map of counts are drawn on the day: between two counts, counted, or held."""
    if facts.shot.mode != "illustrative":
        return []
    drawn = facts.drawn(clock_day(row["day"]))
    between = sum(one.kind == "interpolated" for one in drawn)
    n = sum(one.counted and one.kind != "interpolated" for one in drawn)
    split = [n, between, len(drawn) - n - between]
    assert split == [int(row[name]) for name in ("n_observed", "n_interpolated", "n_held")]
    when = f"(?:at this date|in {row['date_shown'][:4]})"
    return [f"{n} counted {when}, {between} interpolated, {split[2]} held"]


def _of_looks(facts: Facts, row: Mapping[str, str]) -> list[str]:
    """Return the sentences of a map of outlines: every one is of the day, however many frames that has."""
    if not row["stale_days"]:
        return []
    return [
        *_of_last_look(row["day"], int(row["stale_days"])),
        rf"{_said(facts.seen_m2(row['day']))} m² seen on this day",
    ]


def _of_last_look(day: str, days: int) -> list[str]:
    last = pd.Timestamp(day) - pd.Timedelta(days=days)
    return [rf"Last image {last.day} {MONTHS[last.month - 1]} {last.year}, {days} days? before"]


def _of_lives(facts: Facts, row: Mapping[str, str]) -> list[str]:
    """Return the sentences of a map of chapters."""
    table = facts.places(row["day"])
    all_, opened = table.loc["all"], table["open"]
    levels = ", ".join(f"{opened.get(level, 0)} {words}" for words, level in LEVELS.items() if level in table.index)
    bans = catalogue.events()
    day = clock_day(row["day"])
    n_bans = sum(clock_day(date) <= day for date in bans.loc[bans["kind"].eq("import ban"), "date"])
    assert (str(all_["open"]), str(all_["last"])) == (row["n_open"], row["n_last_known"])
    return [
        rf"{row['n_open']} sites? on record as open",
        rf"{row['n_last_known']} last known open earlier: not counted",
        rf"{all_['vanished']} gone from the state’s register: not counted",
        rf"{all_['opening'] + all_['closing']} opened or closed within a span of dates: not counted",
        rf"{all_['n_opening_unknown']} of {row['n_sites']} sites: opening date not known",
        rf"{facts.firms(row['day'])} of the open sites have an enterprise name",
        rf"open: {levels}",
        rf"United States import bans by then: {n_bans} entr(?:y|ies) on record",
        *(re.escape(era["names"]["en"]) for era in facts.payload["eras"] if era["from"] <= day < era["to"]),
        *(re.escape(f"{_date(one['date'])}: {one['what']}") for _, one in bans.iterrows()),
    ]


def _date(iso: str) -> str:
    year, *rest = iso.split("-")
    return " ".join([*(str(int(part)) for part in rest[1:]), *(MONTHS[int(part) - 1] for part in rest[:1]), year])


def _of_systems(facts: Facts, row: Mapping[str, str]) -> list[str]:
    """Return the sentences of the chart of several systems, and the numbers at its axes."""
    whole = facts.systems
    ends = whole.groupby("system")["year"].agg(["min", "max"])
    now = whole[whole["year"].eq(int(row["date_shown"]))]
    stated = whole.drop_duplicates("system")[["n_places", "n_unknown"]].to_numpy()
    return [
        *(rf"{lo}–{hi} open" if lo != hi else rf"{lo} open" for lo, hi in now[["lo", "hi"]].to_numpy()),
        *(rf"{n:,} places?; dates of {unknown} not fully stated" for n, unknown in stated),
        *(rf"{first}–{last}" for first, last in ends.to_numpy()),
        *(rf"(?<![\d–]){hi}(?![\d–])" for hi in [0, *whole.groupby("system")["hi"].max()]),
        *(rf"(?<![\d–]){year}(?![\d–])" for year in range(whole["year"].min(), whole["year"].max() + 1)),
    ]


def _of_papers(facts: Facts) -> list[str]:
    """Return what credit, legend and scale say: words of a claim, of the record, of the looks, of classes and bars."""
    selection = next(claim.sentence for claim in claims.read_claims() if claim.id == "selection")
    said = tomllib.loads((settings.home() / "record.toml").read_text("utf-8"))
    near = facts.shot.map.kind == "footprints"
    years = sorted({str(day)[:4] for day in facts.series.looks["observed_on"]}) if near else []
    return [
        *(rf"\+{percent} %" for percent in re.findall(r"\+(\d+) %", selection)),
        r"buildings 2017–2020 where",
        *(re.escape(text) for text in _texts(said) if re.search(r"\d", text)),
        *(re.escape(entry.credit) for entry in sources.registry().values() if re.search(r"\d", entry.credit)),
        *(re.escape(names["en"]) for one in facts.payload["class_names"].values() for names in one.values()),
        r"read by an AI model at 10 m", r"Sentinel-2", r"CC BY 4\.0", rf"Copernicus Sentinel data {', '.join(years)}",
        r"(?:[125]0*|1,000|2,000|5,000) k?m\b",
        r"last known open; fades over 10 years",
    ]  # fmt: skip


def _texts(part: Any) -> list[str]:
    if isinstance(part, dict):
        return [part["en"]] if "en" in part else [text for one in part.values() for text in _texts(one)]
    return [text for one in part for text in _texts(one)] if isinstance(part, list) else []


def _left(text: str, sentences: Iterable[str]) -> str:
    """Return what is left of a text with digits once all sentences are taken out."""
    for sentence in sorted(sentences, key=len, reverse=True):
        text = re.sub(sentence, " ", text)
    return text if re.search(r"\d", text) else ""


def _rings(facts: Facts, one: records.FrameRecord) -> list[str]:
    """Return what is written in rings that is not the number of the places there that are open."""
    sites, day = facts.payload["sites"], math.floor(one.described["t"])
    open_ = {site["id"] for site in sites if "life" in site and timeline.phase(site["life"], day) == "open"}
    area_of = {site["id"]: (site["lon"], site["lat"], site["r95"]) for site in sites if site["id"] in open_}
    wrong = []
    for text in (text for text in one.described["texts"] if text["layer"] == ""):
        x = text["x"] + text["w"] / 2
        here = [name for name, (at_x, *_) in one.described["points"].items() if name in open_ and abs(at_x - x) < 0.01]
        if int(text["text"]) not in Counter(area_of[name] for name in here).values():
            wrong.append(f"{text['text']} at {here}")
    return wrong


def _sentences(facts: Facts, row: Mapping[str, str]) -> list[str]:
    of_kind = {"growth": _of_counts, "eras": _of_lives, "systems": _of_systems, "footprints": _of_looks}.get(
        facts.shot.map.kind
    )
    date = _date(row["date_shown"])
    return [date, *_of_values(row), *(of_kind(facts, row) if of_kind else ())]


@pytest.mark.parametrize("name", SHOTS)
def test_every_number_on_a_picture_is_one_of_a_row_a_claim_or_a_look(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that the page filled in a browser are those that `camps.timeline` gives without one, and say all numbers."""
    drawn: list[records.FrameRecord] = []
    told = records.build_frame_list
    monkeypatch.setattr(records, "build_frame_list", lambda found, *rest: told(drawn.extend(found) or drawn, *rest))
    shot = film.read_shot(name).model_copy(update={"size": (320, 180)})
    film.render(shot, tmp_path, numbers=[*shot.numbers[:: len(shot.numbers) // 8], shot.numbers[-1]], movie=False)
    checks = list(framecheck.check_frames(tmp_path, sample=0))
    assert [check.holds for check in checks] == [True, True], checks
    facts = Facts(shot, records.read_frame_list(tmp_path / film.folder_name(shot)).frames)
    papers = _of_papers(facts)
    for one in drawn:
        words = {layer: _words(one, layer) for layer in {text["layer"] for text in one.described["texts"]} - {""}}
        row = facts.rows[one.number].shown
        sentences = [*_sentences(facts, row), *papers]
        left = {layer: _left(text, sentences) for layer, text in words.items()}
        if shot.map.kind == "growth":
            left["legend"] = _left(left["legend"], [r"\b(?:10|50|100)\b"])
        assert not {layer: text for layer, text in left.items() if text}, (one.number, row)
        assert not _rings(facts, one)
        assert "Not verified on the ground" in words["credit"]


def _words(one: records.FrameRecord, layer: str) -> str:
    return " ".join(text["text"] for text in one.described["texts"] if text["layer"] == layer)
