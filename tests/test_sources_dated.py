"""Values by date under any name: mapped columns, patterns, long tables, what means unknown, and groups of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from camps import growth, plots, record, sources
from camps.cli import run
from camps.errors import InputError, MissingError

RECORD = """
languages = ["en", "de"]
[metric.peak]
zero = "unknown"
unknown = [1]
held = "while_open"
many = { en = "prisoners at their peak", de = "Häftlinge (Höchststand)" }
"""
WIDE = """id,name,lat,lon,firm,prisoners_1938,prisoners_1939,prisoners_note,opened,closed,peak
a,North,64.5,40.5,Wood,100,,x,1937,1941,0
b,South,63.5,41.5,Wood,,"1,200",y,1936-05,1940-02,350
c,East,62.5,44.5,Gold,30,40,,1940,1939,77
d,West,61.5,45.5,,?,N/A,,1938,,1
"""
PLACES = "id,name,lat,lon\na,North,64.5,40.5\nb,South,63.5,41.5\n"
LONG = "camp,when,prisoners\na,1938,100\nb,1 Jan 1939,1200\nb,1938,\na,1940,0\nz,1938,5\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    (folder / "geodata").mkdir(parents=True)
    (folder / "record.toml").write_text(RECORD, encoding="utf-8")
    monkeypatch.setenv("CAMPS_HOME", str(folder))
    return folder


def _file(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def _add(*arguments: str, source_id: str = "mine") -> int:
    return run(["sources", "add", *arguments, "--id", source_id, "--datum", "wgs84"])


def _values(metric: str) -> dict[tuple[str, str], float]:
    counts = sources.read("mine").counts
    rows = counts[counts["metric"].eq(metric) & counts["value"].notna()]
    units = rows["unit"].str.rpartition("-")[2]
    return {(unit, t): value for unit, t, value in zip(units, rows["t"], rows["value"], strict=True)}


def test_a_pattern_stands_for_every_column_whose_rest_is_a_date(home: Path) -> None:
    assert _add(_file(home, "w.csv", WIDE), "--map", "prisoners.*=prisoners_*", "--map", "group.firm=firm") == 0
    assert sources.entry("mine").mapping["prisoners.1939"] == "prisoners_1939"
    assert "prisoners_note" not in sources.entry("mine").mapping.values()
    found = _values("prisoners")
    assert found == {("a", "1938"): 100, ("b", "1939"): 1200, ("c", "1938"): 30, ("c", "1939"): 40}
    counts = growth.values()
    assert counts["metric"].unique().tolist() == ["prisoners"]
    groups = growth.aggregate(counts, by="firm", estimator="naive", draws=5)["group"].unique()
    assert sorted(groups) == ["Gold", "Wood", "not stated"]


def test_a_value_of_the_life_of_its_place_and_numbers_that_mean_unknown(home: Path) -> None:
    assert _add(_file(home, "w.csv", WIDE), "--map", "peak.open=peak", "--map", "peak.opened=") == 0
    assert _values("peak") == {("b", "1936-05/1940-02"): 350}
    said = [remark.reason for remark in sources.read("mine").report]
    assert any("1 cells print what means unknown of peak" in text for text in said)
    # One closed before it opened, the other states no end; neither is dated by a guess.
    assert sum("a value of no date" in text for text in said) == 2


def test_a_long_table_beside_the_places(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places, long = _file(home, "p.csv", PLACES), _file(home, "l.csv", LONG)
    assert _add(places, "--values", long, "--long", "camp,when,prisoners") == 0
    assert "rows: in 7 = used 6 + noted 1 + refused 0" in capsys.readouterr().out
    found = _values("prisoners")
    assert found == {("a", "1938"): 100, ("b", "1939-01-01"): 1200, ("a", "1940"): 0}
    assert [remark.key for remark in sources.read("mine").report if "no place of the list" in remark.reason] == ["z"]
    assert run(["sources", "remove", "mine"]) == 0
    assert not list((home / "geodata" / "lists").rglob("*.csv"))


def test_a_long_table_that_holds_its_places(home: Path) -> None:
    rows = "camp,name,lat,lon,t,n\na,North,64.5,40.5,1938,100\na,North,64.5,40.5,1939,120\nb,South,63.5,41.5,1938,7\n"
    assert _add(_file(home, "l.csv", rows), "--long", "camp,t,prisoners=n") == 0
    assert len(sources.read("mine").sites) == 2
    found = _values("prisoners")
    assert found == {("a", "1938"): 100, ("a", "1939"): 120, ("b", "1938"): 7}


def test_rows_of_a_place_that_say_different_things_of_it(home: Path) -> None:
    rows = "camp,lat,lon,t,n,opened\na,64.5,40.5,1938,100,\na,64.9,40.5,1939,120,1930\nb,63.5,41.5,1938,7,1931\n"
    assert _add(_file(home, "l.csv", rows), "--long", "camp,t,prisoners=n") == 0
    source = sources.read("mine")
    assert source.sites["opened"].tolist() == ["1930", "1931"]
    said = [(remark.row, remark.column, remark.value) for remark in source.report if "which stands" in remark.reason]
    assert said == [(3, "lat", "64.9")]


def test_a_value_of_a_place_that_had_closed_is_said(home: Path) -> None:
    path = _file(
        home, "w.csv", "name,lat,lon,closed,n\nNorth,64.5,40.5,1943,7\nSouth,63.5,41.5,1950,8\nEast,62,41,,9\n"
    )
    assert _add(path, "--map", "prisoners.1950=n") == 0
    said = [(remark.row, remark.value) for remark in sources.read("mine").report if "closed 1943" in remark.reason]
    assert said == [(2, "7")]
    assert _values("prisoners") == {("2", "1950"): 7, ("3", "1950"): 8, ("4", "1950"): 9}


def test_two_columns_of_one_date(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _file(home, "w.csv", "name,lat,lon,pop_1938,pop 1938,pop_1939\nNorth,64.5,40.5,1,2,3\n")
    assert _add(path, "--map", "prisoners.*=pop*") == 2
    assert "columns 'pop_1938' and 'pop 1938' of one date" in capsys.readouterr().err
    # What is told goes first, wherever it stands.
    assert _add(path, "--map", "prisoners.1938=pop_1938", "--map", "prisoners.*=pop*") == 0
    assert _values("prisoners") == {("2", "1938"): 1, ("2", "1939"): 3}


@pytest.mark.parametrize(
    ("dates", "options", "read"),
    [
        (("03/04/1938", "05/06/1938"), ["--date-order", "dmy"], ["1938-04-03", "1938-06-05"]),
        (("03/04/1938", "05/06/1938"), ["--date-order", "mdy"], ["1938-03-04", "1938-05-06"]),
        # One settles the other, as in a column.
        (("03/04/1938", "25/06/1938"), [], ["1938-04-03", "1938-06-25"]),
        (("Mar-37", "38"), ["--century", "1900"], ["1937-03", "1938"]),
        (("1951-21", "1951-22"), ["--edtf"], ["1951-21", "1951-22"]),
        (("März 1951", "апрель 1951"), [], ["1951-03", "1951-04"]),
    ],
)
@pytest.mark.parametrize("form", ["pattern", "long"])
def test_dates_of_values_follow_what_is_told(
    home: Path, form: str, dates: tuple[str, str], options: list[str], read: list[str]
) -> None:
    one, two = dates
    wide = f"id,lat,lon,n_{one},n_{two}\na,64.5,40.5,7,9\n"
    long = f"id,lat,lon,t,n\na,64.5,40.5,{one},7\na,64.5,40.5,{two},9\n"
    told = ["--map", "n.*=n_*"] if form == "pattern" else ["--long", "id,t,n"]
    assert _add(_file(home, "w.csv", wide if form == "pattern" else long), *told, *options) == 0
    assert _values("n") == {("a", read[0]): 7, ("a", read[1]): 9}


@pytest.mark.parametrize(
    ("date", "option"), [("03/04/1938", "--date-order"), ("Mar-37", "--century"), ("37", "--century")]
)
@pytest.mark.parametrize("form", ["pattern", "long"])
def test_a_date_of_values_that_is_in_doubt_is_asked_for(
    home: Path, capsys: pytest.CaptureFixture[str], form: str, date: str, option: str
) -> None:
    wide = f"id,lat,lon,n_{date},n_1938\na,64.5,40.5,7,8\n"
    path = _file(home, "w.csv", wide if form == "pattern" else f"id,lat,lon,t,n\na,64.5,40.5,{date},7\n")
    assert _add(path, *(["--map", "n.*=n_*"] if form == "pattern" else ["--long", "id,t,n"])) == 2
    assert option in capsys.readouterr().err


def test_a_row_of_a_long_table_without_a_date(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _add(_file(home, "l.csv", "camp,lat,lon,t,n\na,64.5,40.5,,1\n"), "--long", "camp,t,n") == 2
    assert "row 2: found no date, expected a date" in capsys.readouterr().err


def test_the_help_prints_a_pattern_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sources", "add", "--help"]) == 0
    assert "'prisoners.*=prisoners_*'" in "".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--map", "prisoners.19x=prisoners_1938"], "no date '19x', expected METRIC.DATE"),
        (["--map", "prisoners.*=people_*"], "no column, expected one * on each side"),
        (["--map", "Prisoners.1938=prisoners_1938"], "no such field, expected METRIC.DATE, group.NAME"),
        (["--map", "group.system=firm"], "a name that the sites have already"),
        (["--long", "id,prisoners_1938"], "expected the columns of place, date and value"),
        (["--long", "id,name,peak"], "row 2: found 'North'"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(home: Path, capsys: Any, arguments: list[str], message: str) -> None:
    assert _add(_file(home, "w.csv", WIDE), *arguments) == 2
    assert message in capsys.readouterr().err
    assert sources.registry() == {}


def test_two_values_of_one_place_and_date_are_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places, long = _file(home, "p.csv", PLACES), _file(home, "l.csv", "camp,t,n\na,1938,1\na,1938,2\na,1938,1\n")
    assert _add(places, "--values", long, "--long", "camp,t,n") == 2
    assert "a at n.1938 a second time" in capsys.readouterr().err


def test_a_metric_has_its_words_from_the_record_and_then_from_the_suite(home: Path) -> None:
    ours = record.current()
    assert ours.say(ours.metric("prisoners").many, "de") == "Häftlinge"
    assert ours.say(ours.metric("peak").many, "de") == "Häftlinge (Höchststand)"
    assert ours.say(ours.metric("hunger_strikes").name, "de") == "Hunger strikes"
    assert growth.rule_of("buildings").until == growth.rule_of("peak").until == "while_open"
    assert growth.rule_of("hunger_strikes").until == "to_next_date"
    assert plots.axis_of("area_m2") == "built-up area (m²)"


def test_the_command_speaks_of_the_metric_and_groups_by_any_column(home: Path, capsys: Any) -> None:
    _add(_file(home, "w.csv", WIDE), "--map", "prisoners.*=prisoners_*", "--map", "group.firm=firm")
    capsys.readouterr()
    base = ["growth", "--estimator", "held", "--by", "firm", "--format", "csv"]
    assert run([*base, "--at", "1939,1950", "--from", "1939"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [[group, t] for group in ("Gold", "Wood", "not stated")
                                                           for t in ("1939", "1950")]  # fmt: skip
    assert run(["growth", "--by", "colour"]) == 2
    assert "expected one of tier, admin1, admin2, system, firm, site" in capsys.readouterr().err
    assert run(["growth", "--metric", "deaths"]) == 2
    assert "no list that is here counts deaths" in capsys.readouterr().err
    assert run(["growth", "--from", "1990"]) == 2
    assert "no date there; expected some of 1938 to 1939" in capsys.readouterr().err


def test_nobody_counts_what_no_list_prints(home: Path) -> None:
    with pytest.raises(MissingError, match="no list that is here counts anything"):
        growth.values()
    _add(_file(home, "w.csv", WIDE), "--map", "prisoners.*=prisoners_*")
    with pytest.raises(InputError, match="no counts of tents; expected prisoners"):
        growth.values("mine", metric="tents")


def test_the_ss_camps_as_published(home: Path, mirror: Path) -> None:
    """1,111 places; of 453 peaks that are printed with numbers, 0 and 1 are no peaks."""
    about = sources.About(
        datum="wgs84",
        mapping={
            "key": "HGC_ID", "name_en": "SubcampSimple", "lat": "LAT", "lon": "LONG", "opened": "Date_Open",
            "closed": "Date_Close", "peak.open": "PEAK_POP", "group.firm": "FIRMS", "group.main_camp": "Main",
        },
    )  # fmt: skip
    source = sources.add(mirror / "ss-camps" / "hgc_data.csv", "ss", about).source
    assert len(source.sites) == 1111
    peaks = source.counts.dropna(subset="value")
    assert peaks["value"].min() > 1
    table = growth.aggregate(growth.values("ss"), by="main_camp", estimator="held", at=["1944-09"], draws=5)
    known = table.set_index("group").loc[["Auschwitz", "Buchenwald"]]
    assert known[["n_observed", "n_held", "n_never", "n_ended"]].sum(axis=1).tolist() == known["n_sites"].tolist()
