"""The passages of the film: each with a verdict, its numbers computed, and a chapter that says so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from camps import catalogue, sources, timeline
from camps.appendix import findings, passages, spoken
from camps.appendix.evidence import Evidence
from camps.errors import CheckError, InputError
from camps.files import sha256

IDS = (  # noqa: SIM905
    "xj-held xj-1200 xj-10000 xj-22m us-3m only-two 50m 20m-deaths never-8m birth five-years multinationals brands "
    "exports-10bn companies hong-kong 73-years tibet laojiao"
).split()
TOML = Path(__file__).resolve().parents[1] / "geodata" / "passages.toml"


def check(path: Path | None = None, evidence: Evidence | None = None) -> list[passages.CheckedPassage]:
    read = evidence or Evidence([])
    found = passages.read_passages(path)
    return passages.check_passages(found, findings.bind(read), available=read.available)


def test_all_passages_of_the_treatment_are_there_in_its_order() -> None:
    assert [passage.id for passage in passages.read_passages()] == IDS


def test_what_the_bundled_lists_reach_is_computed_and_the_rest_says_why_not() -> None:
    checked = {one.passage.id: one for one in check()}
    computed = {name for name, one in checked.items() if one.checked and one.checked.status == "checked"}
    unreached = {"xj-22m", "us-3m", "50m", "20m-deaths", "never-8m", "brands", "73-years"}
    assert computed == set(IDS) - unreached - {"xj-held", "xj-1200", "five-years"}
    waiting = {name for name, one in checked.items() if one.checked and one.checked.status != "checked"}
    assert waiting == {"xj-held", "xj-1200", "five-years"}


@pytest.mark.mirror
def test_with_the_published_lists_all_that_data_reach_is_computed(mirror: Path) -> None:
    checked = check(evidence=Evidence(["aspi-xjdp-v1", "buzzfeed-2021", "osm-camps-2021", "ss-camps"]))
    values = next(one for one in checked if one.passage.id == "xj-1200").checked
    assert values is not None
    assert dict(values.computed) == {"n_aspi": 380, "n_buzzfeed": 347, "n_osm": 110}
    assert all(one.checked.status == "checked" for one in checked if one.checked)
    years = next(one for one in checked if one.passage.id == "five-years").checked
    assert years is not None
    table = timeline.compare_systems(timeline.systems_here()[0]).set_index(["system", "year"])
    for prefix, at in {"laogai": ("laogai", 1954), "ss": ("ss-camps", 1941), "ss_most": ("ss-camps", 1944)}.items():
        computed = [years.computed[f"{prefix}_{name}"] for name in ("lo", "hi", "n_places")]
        assert computed == table.loc[at, ["lo", "hi", "n_places"]].tolist()


@pytest.mark.mirror
def test_two_counts_of_the_ss_camps_differ_by_their_day_and_their_rows(mirror: Path) -> None:
    """44 to 80 in 1941, 548 to 648 in 1944: the same list on 31 December, rows with an opening, days as filled in."""
    rows = pd.read_csv(mirror / "ss-camps" / "hgc_data.csv", dtype=str, keep_default_na=False)
    begin, end = (
        pd.to_datetime(rows[name], format="%m/%d/%Y", errors="coerce") for name in ("Date_Open", "Date_Close")
    )
    found = {
        year: (int((begin.le(day) & end.ge(day)).sum()), int((begin.le(day) & ~end.lt(day)).sum()))
        for year, day in ((year, pd.Timestamp(year, 12, 31)) for year in (1941, 1944))
    }
    assert found == {1941: (44, 80), 1944: (548, 648)}
    sites = sources.read("ss-camps").sites
    assert sites["opened"].str.len().value_counts().to_dict() == {10: 560, 7: 386, 4: 129}
    assert (sites["opened"].notna().sum(), sites["closed"].notna().sum()) == (1075, 987)


def test_a_passage_without_a_verdict_stops_the_build(tmp_path: Path) -> None:
    path = tmp_path / "passages.toml"
    path.write_text(TOML.read_text("utf-8").replace('verdict = "contradicted"\n', "", 1), "utf-8")
    with pytest.raises(InputError, match=r"key passage\.2\.verdict: found nothing"):
        passages.read_passages(path)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('verdict = "contradicted"', 'verdict = "wrong"', r"passage\.2\.verdict"),
        ('function = "enterprises"\n', "", "a function or a marked number alone"),
        ('id = "tibet"', 'id = "laojiao"', "the id a second time"),
        ("instead = \"Leave it out, unless a source is found.\"\n", "", "what may be said instead"),
        ("{89:n_listed} rows", "89 rows", "the digits 89 outside a marked number"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_passage_is_said(tmp_path: Path, before: str, after: str, told: str) -> None:
    text = TOML.read_text("utf-8")
    assert before in text
    path = tmp_path / "passages.toml"
    path.write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(InputError, match=told):
        check(path)


#: A list, which row of it is changed, what in it, and which passage then says so.
CHANGED = (
    ("prisons", ("key", "anhui-bengbu-prison"), ("opened", "1906"), "film-birth, before_1949: found 3 .*, expected 4"),
    ("register", ("system", "laojiao"), ("system", "prison"), "film-laojiao, n_register: found 18 .*, expected 17"),
    ("events", ("status", "WRO"), ("status", "finding"), "film-companies, n_banned: found 18 .*, expected 17"),
    ("register", ("key", "131182400"), ("opened", "1950"), "film-only-two, laogai_lo: found 90 .*, expected 91"),
)


@pytest.mark.parametrize("case", CHANGED, ids=lambda case: case[3].partition(":")[0])
def test_another_figure_in_a_list_stops_the_passage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: tuple[str, tuple[str, str], tuple[str, str], str]
) -> None:
    name, where, change, told = case
    home = tmp_path / "home"
    shutil.copytree(TOML.parent, home / "geodata")
    shutil.copy(TOML.parents[1] / "record.toml", home)
    monkeypatch.setenv("CAMPS_HOME", str(home))
    path = home / "geodata" / "history" / f"{name}.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    at = rows.index[rows[where[0]].eq(where[1])][0]
    assert rows.loc[at, change[0]] != change[1]
    rows.loc[at, change[0]] = change[1]
    before = sha256(path)
    path.write_text(rows.to_csv(index=False, lineterminator="\n"), "utf-8")
    register = home / "geodata" / "sources.toml"
    register.write_text(register.read_text("utf-8").replace(before, sha256(path)), "utf-8")
    with pytest.raises(CheckError, match=told):
        check()


def test_the_chapter_has_one_page_first_then_each_passage_then_the_events() -> None:
    evidence = Evidence([])
    chapter = spoken.build_chapter(check(evidence=evidence), evidence.events)
    assert [section.label for section in chapter] == ["film", "film-passages", "events"]
    first = chapter[0].blocks[0]
    assert len(first["rows"]) == len(chapter[1].sections) == 19
    events = chapter[2].blocks[0]["rows"]
    assert len(events) == 48
    as_read = [row[-1][0]["text"] for row in events]
    assert all(text == "read in a copy; to be checked against the page" for text in as_read)
    told = catalogue.events()
    assert told["source_url"].str.startswith("http").all()
    assert told["source"].str.strip().ne("").all()
    of_1995 = [row[1][0]["text"] for row in events if row[0][0]["text"].startswith("1995")]
    assert len(of_1995) == 6
    assert "US import ban: Shanghai Huadong Electric Welding Machine Factory" in of_1995
    # What was not computed in a build prints no number as if it had been.
    held = next(section for section in chapter[1].sections if section.label == "film-xj-1200")
    assert "not checked in this build" in str(held.blocks)
    said = {row["label"]: row["spans"] for row in held.blocks[1]["rows"]}
    assert "its numbers are left out" in str(said["What the data say"])
    assert not any(number in str(said["What the data say"]) for number in ("380", "347", "110"))


def test_a_record_without_passages_has_no_chapter() -> None:
    assert spoken.build_chapter([], pd.DataFrame()) == []
