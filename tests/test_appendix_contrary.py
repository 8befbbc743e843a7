"""What speaks against the record stands in it: other methods, lists' own columns, other points; no number is bare."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from camps import catalogue, film, record, settings
from camps.appendix import claims, findings, records
from camps.appendix.evidence import Evidence
from camps.appendix.words import prose
from camps.film import readouts, subject

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def bundled() -> Evidence:
    return Evidence(published=())


def _raw() -> pd.DataFrame:
    path = settings.geodata() / "gazetteer.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False).set_index("site_id")


def test_the_second_method_is_carried_as_its_accuracy_report_prints_it(bundled: Evidence) -> None:
    table = bundled.printed("dabancheng-second-method")
    printed = (REPOSITORY / "docs" / "accuracy.md").read_text("utf-8").replace("\u202f", " ")
    for row in table[table["built_m2"] != ""].to_dict("records"):
        area, low, high = (
            f"{int(row[name]):,}".replace(",", " ") for name in ("built_m2", "built_m2_lo95", "built_m2_hi95")
        )
        lines = [one for one in printed.split("\n") if f"| {row['observed_on']} |" in one and f"| {area} |" in one]
        assert row["kind"] == "baseline" or any(f"| {low} – {high} |" in one for one in lines), row


def test_what_speaks_against_a_claim_is_named_with_it() -> None:
    contrary = {claim.id: set(claim.contrary) for claim in claims.read_claims()}
    assert "dabancheng-second-method" in contrary["dabancheng-second"] & contrary["dabancheng-growth"]
    assert {"cited-aspi-xjdp-v1", "cited-buzzfeed-2021"} <= contrary["apparent-fall-bundled"]
    assert {claim.confidence for claim in claims.read_claims() if claim.id == "dabancheng-second"} == {"moderate"}


def test_a_claim_that_was_not_computed_is_not_rated(bundled: Evidence) -> None:
    items = records.build_items(bundled)["item_id"]
    checked = claims.check_claims(
        claims.read_claims(), findings.bind(bundled), available=bundled.available, items=items
    )
    rated = {result.confidence for result in checked if result.status == "not checked"}
    assert rated == {claims.NOT_RATED}


@pytest.mark.mirror
def test_the_selection_and_its_effect_stand_beside_what_is_made_from_it(mirror: Path) -> None:
    values = findings.bind(Evidence())
    selection = values["selection_of_the_record"]()
    told = [f"+{round(selection[name] or 0)} %" for name in ("ours_percent", "all_percent")]
    credit = record.current().credits["gazetteer"]
    statement = " ".join(prose()["statement"])
    assert all(one in statement and one in credit["en"] and one in credit["fr"] for one in told)
    grades = values["dabancheng_grades"]()
    assert f"graded {grades['medium']:.0f} %" in statement
    assert f"{values['marks_of_winding_down']()['n_desecuritised']} of its sites" in " ".join(prose()["limits"])
    assert "AI model" in record.current().credits["dabancheng"]["en"]
    assert all("AI model" in prose()[name] for name in ("growth_caption", "footprints_caption", "series_caption"))


def test_no_uncertainty_is_smaller_than_what_the_row_knows() -> None:
    raw, r95 = _raw(), catalogue.load().set_index("site_id")["r95_m"]
    for site_id, least in {
        "kp-camp22": 7020, "kp-camp14": 580, "kp-camp15": 10_900, "kp-camp18": 2460, "kp-camp25": 1090,
        "cn-tilanqiao": 870, "kh-prek-sandek": 640, "kh-tuol-cheung-chap": 610, "kh-me-chbar": 690,
        "kh-wat-po-laingka": 520, "xj-bfn594-aspi250": 297,
    }.items():  # fmt: skip
        assert r95[site_id] >= least, site_id
    for site_id, note in raw["check_note"].items():
        told = note.replace("7.14 km away, rejected", "")
        told = re.sub(r"(other area of the same prison|its execution site,) is [0-9.]+ km away", "", told)
        away = [1000 * float(far) for far in re.findall(r"([0-9.]+) km away", told)]
        assert r95[site_id] >= max(away, default=0), site_id
    assert r95["cn-qincheng"] == 500
    assert r95["kh-s21-tuol-sleng"] == 500


def test_coordinates_are_printed_letter_by_letter_and_the_copy_that_was_read_is_named(bundled: Evidence) -> None:
    sites, raw = records.build_sites(bundled).set_index("site_id"), _raw()
    for site_id, verbatim in raw["coord_verbatim"].items():
        assert sites.loc[site_id, "published_lat"] in verbatim, site_id
        assert sites.loc[site_id, "published_lon"] in verbatim, site_id
    assert sites.loc["kh-prek-sandek", "published_lat"] == "N 11050’4981”"
    assert sites["decimals"].isna().sum() == 5
    assert (sites["point_cited_at"] != sites["point_read_at"]).sum() == 18
    assert (sites["dates_read_at"].notna() & (sites["dates_cited_at"] != sites["dates_read_at"])).sum() == 34


def test_what_the_shots_say_on_screen_is_claimed() -> None:
    """The last totals of the three shots; each frame's own numbers are a row of its list."""
    sentences = {claim.id: claim.sentence for claim in claims.read_claims()}
    assert "233 buildings at 42 sites" in sentences["screen-xinjiang"]
    assert "255,715 m²" in sentences["screen-dabancheng"]
    assert "88 of 228 sites of China on record as open" in sentences["screen-archipelago"]


def test_a_shot_is_worked_out_of_one_map_in_a_build_however_often_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    evidence, made = Evidence(published=()), []
    monkeypatch.setattr(readouts, "build_map", lambda shot: made.append(shot) or subject.build_map(shot))
    said = findings.bind(evidence)["screen_xinjiang"]()
    shot = film.read_shot("xinjiang")
    last = evidence.screen(shot).rows([shot.numbers[-1]])[shot.numbers[-1]]
    assert (float(last["total"]), len(made)) == (said["last_total"], 1)
