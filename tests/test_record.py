"""The record: found from where one stands, read whole, checked with all its faults at once, apart from others."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

import camps
from camps import catalogue, files, growth, record, settings, sources, style
from camps.cli import run
from camps.errors import InputError, MissingError
from camps.sources import store

WHOLE = """
title = { en = "Gulag", ru = "ГУЛАГ" }
languages = ["ru", "en"]
lists = ["places"]
look = "light"

[[class]]
of = "system"
id = "itl"
colour = "#336699"
shape = "square"
name = { en = "Corrective labour camp", ru = "ИТЛ" }

[metric.prisoners]
one = { en = "prisoner" }
many = { en = "prisoners" }
held = "to_next_date"
zero = "unknown"

[[chapter]]
id = "solovki"
from = 1923-10-13
to = 1933-12-04
name = { en = "Solovki" }

[region]
solovki = [35.0, 64.8, 36.3, 65.3]
"""
FAULTY = """
languages = ["english"]
look = "sepia"
titel = "x"

[[class]]
of = "system"
id = "itl"
shape = "star"

[metric.prisoners]
held = "always"

[region]
north = [10, 70, 20, 60]
"""


def _home(folder: Path, content: str) -> Path:
    files.write_text(folder / "record.toml", content)
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = _home(tmp_path / "gulag", WHOLE)
    (folder / "notebooks").mkdir()
    monkeypatch.delenv("CAMPS_HOME", raising=False)
    monkeypatch.chdir(folder / "notebooks")
    return folder


def test_a_record_is_found_from_any_folder_in_it_upwards(here: Path) -> None:
    assert settings.home() == here
    read = record.current()
    assert (read.languages, read.lists, read.look) == (("ru", "en"), ("places",), "light")
    assert read.regions == {"solovki": (35.0, 64.8, 36.3, 65.3)}
    assert read.metric("prisoners").held == "to_next_date"
    assert read.say(read.title, "fr") == "ГУЛАГ"


def test_what_is_left_out_falls_back(here: Path) -> None:
    assert record.current().metric("tents_m2") == record.Metric(
        name={"ru": "Tents m2"}, one={"ru": "tents m2"}, many={"ru": "tents m2"}
    )
    assert record.Record() == record.build(record.Record, {}, what="nothing")


def test_the_environment_and_the_option_name_another_record(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = _home(tmp_path / "other", 'title = { en = "Other" }')
    monkeypatch.setenv("CAMPS_HOME", str(other))
    assert settings.home() == other
    assert record.current().title == {"en": "Other"}
    script = "import sys; from camps.cli import run; run(sys.argv[1:]); import camps; print(camps.settings.home())"
    shown = subprocess.run(
        [sys.executable, "-c", script, "--home", str(here), "sources", "nothing"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout.strip() == str(here)


def test_outside_any_record_the_way_in_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CAMPS_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert record.current() == record.Record()
    with pytest.raises(MissingError, match=r"no record\.toml here or above; start a record with `camps init NAME`"):
        settings.home()
    assert run(["sources", "list"]) == 2
    assert "--home or CAMPS_HOME" in capsys.readouterr().err


def test_all_faults_of_a_record_are_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPS_HOME", str(_home(tmp_path, FAULTY)))
    with pytest.raises(InputError) as caught:
        camps.record.current()
    for key in ("languages.1", "look", "titel", "class.1.shape", "metric.prisoners.held", "region.north"):
        assert f"key {key}" in str(caught.value)


#: Taken in silence, as 1, as 1.0, as 2 January 1970, as 5 and as true: TOML knows what a value is.
MISTAKEN = {
    "held": ("[metric.x]\nheld = true", "key metric.x.held"),
    "unknown": ("[metric.x]\nunknown = [true]", "key metric.x.unknown.1: found True"),
    "a day as a number": ('[[chapter]]\nid = "a"\nfrom = 86400\nname = {en = "A"}', "a day such as 1957-08-01"),
    "a year as a day": ('[[chapter]]\nid = "a"\nfrom = 1930\nname = {en = "A"}', "expected a day such as 1957-08-01"),
    "a year in quotes": ('[system.a]\nlists = ["x"]\nfrom = "1930"\nto = 1950', "key system.a.from: found '1930'"),
    "whole": ("[metric.x]\nwhole = 1", "key metric.x.whole: found 1, expected true or false"),
    "a text for a list": ('lists = "one"', "key lists: found 'one', expected a list in [ ]"),
    "a system backwards": ('[system.a]\nlists = ["x"]\nfrom = 1950\nto = 1930', "'to' (1930) later than 'from' (1950)"),
    "two chapters": (
        '[[chapter]]\nid = "a"\nfrom = 1930-01-01\nto = 1931-01-01\nname = {en = "A"}\n'
        '[[chapter]]\nid = "a"\nfrom = 1931-01-01\nname = {en = "B"}',
        "each chapter once (twice: a)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKEN)
def test_a_value_of_another_kind_is_refused_and_not_taken_for_one(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, told = MISTAKEN[name]
    monkeypatch.setenv("CAMPS_HOME", str(_home(tmp_path, text)))
    with pytest.raises(InputError, match=re.escape(told)):
        record.current()


def test_a_day_may_stand_in_quotes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "CAMPS_HOME", str(_home(tmp_path, '[[chapter]]\nid = "a"\nfrom = "1930-08-01"\nname = {en = "A"}'))
    )
    assert record.current().chapters[0].first == date(1930, 8, 1)


def test_a_record_that_changes_is_read_again(here: Path) -> None:
    assert record.current().look == "light"
    files.write_text(here / "record.toml", WHOLE.replace('look = "light"', 'look = "dark"'))
    assert record.current().look == "dark"


def test_a_new_record_is_added_to_drawn_and_built_without_more_than_a_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CAMPS_HOME", str(_home(tmp_path / "new", "")))
    listed = files.write_text(tmp_path / "a.csv", "ID,Name,Latitude,Longitude,Opened\n1,Camp,61.0,40.7,1930\n")
    assert run(["sources", "add", str(listed), "--id", "places"]) == 0
    assert run(["map", "sites"]) == 0
    assert run(["build"]) == 0, capsys.readouterr().err
    made = {path.name for path in settings.exports().rglob("*.html")}
    assert made == {"sites.html", "eras.html", "licences.html", "index.html"}


def test_lists_may_be_named_before_they_are_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CAMPS_HOME", str(_home(tmp_path / "new", 'lists = ["one", "two"]\ntrusted = ["two", "one"]')))
    listed = files.write_text(tmp_path / "a.csv", "ID,Name,Latitude,Longitude\n1,Camp,61.0,40.7\n")
    for name in ("one", "two"):
        assert run(["sources", "add", str(listed), "--id", name]) == 0, capsys.readouterr().err
    assert len(catalogue.load()) == 2


COUNTED = """ID,Name,Latitude,Longitude,Opened,Closed,prisoners.1935,held.1950
1,Seen,61.0,40.7,1930,,12,3
2,Closed,61.1,40.7,1930,1933-05-01,7,2
3,Empty,61.2,40.7,1930,,0,
4,Undated,61.3,40.7,,,5,
"""


def test_a_place_is_known_open_while_somebody_is_counted_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = _home(tmp_path / "new", "")
    monkeypatch.setenv("CAMPS_HOME", str(home))
    files.write_text(home / "geodata" / "sources.toml", "")
    listed = files.write_text(tmp_path / "a.csv", COUNTED)
    told = [word for name in ("prisoners.1935", "held.1950") for word in ("--map", f"{name}={name}")]
    assert run(["sources", "add", str(listed), "--id", "places", *told]) == 0
    assert catalogue.load()["last_known"].fillna("").to_list() == ["1935", "", "", "1935"]
    assert run(["map", "eras", "--out", str(tmp_path / "eras.html")]) == 0
    said = "held: values later than the last date on which their place is known open (places: 1); say in record.toml, "
    assert said in capsys.readouterr().err.replace("\n", " ")
    _home(home, "[metric.held]\nshows_open = true\n")
    assert catalogue.load()["last_known"].fillna("").to_list() == ["1950", "", "", "1935"]
    assert run(["map", "eras", "--out", str(tmp_path / "eras.html")]) == 0
    assert "held" not in capsys.readouterr().err


def test_values_come_from_the_first_list_that_holds_the_metric(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = _home(tmp_path / "new", "")
    monkeypatch.setenv("CAMPS_HOME", str(home))
    files.write_text(home / "geodata" / "sources.toml", "")
    for name, metric in (("first", "prisoners"), ("second", "deaths")):
        rows = f"ID,Name,Latitude,Longitude,{metric}.1935\n1,Camp,61.0,40.7,12\n"
        listed = files.write_text(tmp_path / f"{name}.csv", rows)
        assert run(["sources", "add", str(listed), "--id", name, "--map", f"{metric}.1935={metric}.1935"]) == 0
    assert [growth.fullest(metric) for metric in (None, "prisoners", "deaths")] == ["first", "first", "second"]
    with pytest.raises(MissingError, match="no list that is here counts tents"):
        growth.fullest("tents")


def test_the_manual_names_every_key_of_a_record() -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "record.md").read_text("utf-8")
    tables = (record.Record, record.SymbolClass, record.Metric, record.Chapter, record.Heading, record.Grouping)
    keys = {field.alias or name for table in tables for name, field in table.model_fields.items()}
    assert [key for key in sorted({*keys, *record.SHAPES, *style.HUES}) if not re.search(rf"\b{key}\b", text)] == []


def test_values_that_the_record_does_not_list_get_hues_in_turn(here: Path) -> None:
    drawn = style.classes("system", ["itl", "ssylka", "", "tyurma", "ssylka"])
    assert list(drawn) == ["itl", "ssylka", "tyurma", ""]
    assert drawn["itl"].shape == "square"
    assert drawn["ssylka"] != drawn["tyurma"]
    assert drawn["ssylka"] == style.classes("system", ["ssylka"])["ssylka"]


def test_two_records_with_one_cache_keep_their_copies_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, lat in (("one", "61.0"), ("two", "62.0")):
        home = _home(tmp_path / name, "")
        monkeypatch.setenv("CAMPS_HOME", str(home))
        files.write_text(home / "geodata" / "sources.toml", "")
        listed = files.write_text(tmp_path / f"{name}.csv", f"ID,Name,Latitude,Longitude\n1,Camp,{lat},40.7\n")
        sources.add(listed.rename(tmp_path / "places.csv"), "places")
    for name, lat in (("one", 61.0), ("two", 62.0)):
        monkeypatch.setenv("CAMPS_HOME", str(tmp_path / name))
        assert sources.read("places").sites["lat"].to_list() == [lat]
        assert store.path("places").name == "places.csv"


READER = """
from camps.sources.base import no_counts, no_parts, site_frame
from camps.sources import Report, Source
import pandas as pd

def read(path, entry):
    rows = pd.read_csv(path, sep="|", dtype=str).set_axis([2])
    columns = {"source_key": rows["n"], "lat": rows["y"], "lon": rows["x"], "lat_published": rows["y"],
               "lon_published": rows["x"]}
    sites = site_frame(columns, entry, index=rows.index)
    return Source(entry, sites, no_counts(), no_parts(sites), Report(), rows)
"""


def test_a_record_brings_a_reader_for_a_list_that_no_mapping_can_express(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPS_HOME", str(home := _home(tmp_path / "new", "")))
    listed = files.write_text(tmp_path / "a.csv", "n,lat,lon\n7,61.0,40.7\n")
    sources.add(listed, "mine")
    register = home / "geodata" / "sources.toml"
    files.write_text(register, register.read_text("utf-8").replace('reader = "mapped"', 'reader = "odd"'))
    with pytest.raises(
        MissingError, match=r"mine: reader 'odd': no .*readers/odd\.py; expected mapped, footprints, events, or"
    ):
        sources.read("mine")
    kept = home / "geodata" / "lists" / "mine" / "a.csv"
    files.write_text(kept, "n|y|x\n7|61.0|40.7\n")
    files.write_text(register, register.read_text("utf-8").replace(files.sha256(listed), files.sha256(kept)))
    files.write_text(home / "geodata" / "readers" / "odd.py", READER.replace("def read", "def other"))
    with pytest.raises(InputError, match=r"no function `read`, which the reader of mine names"):
        sources.read("mine")
    files.write_text(home / "geodata" / "readers" / "odd.py", READER)
    assert sources.read("mine").sites["lat"].to_list() == [61.0]


def test_what_notebooks_try_out_is_apart_by_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = []
    for name in ("one", "other"):
        monkeypatch.setenv("CAMPS_HOME", str(_home(tmp_path / name, WHOLE)))
        folders.append(settings.scratch())
    assert folders[0] != folders[1]
    assert {folder.parent.parent for folder in folders} == {settings.cache()}
