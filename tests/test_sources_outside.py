"""What lists from outside print, and what it has to be read as: numbers, sheets, headers, notes, options."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import warnings
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import typer
from hypothesis import given
from hypothesis import strategies as st
from record_support import source_of

from camps import catalogue, cli, footprints, settings, sources
from camps.errors import InputError
from camps.footprints import OPTIONS
from camps.sources import Source, adding, mapped, report
from camps.sources.coordinates import read_degrees
from camps.sources.numbers import Typed, read_numbers

PLACED = {"key": "id", "lat": "lat", "lon": "lon"}


def _read(path: Path, mapping: dict[str, str] | None = None, **options: Any) -> Source:
    return source_of(path, PLACED if mapping is None else mapping, dated="XXXX", **options)


def _text(path: Path, text: str, mapping: dict[str, str] | None = None, **options: Any) -> Source:
    path.write_text(text, encoding="utf-8")
    return _read(path, mapping, **options)


def _reasons(source: Source) -> list[str]:
    return [remark.reason for remark in source.report]


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("column", "values", "ambiguous"),
    [
        (["1,200", "10,000", "1.500"], [1200, 10000, None], {"1.500"}),
        (["1,204", "1.150"], [1204, None], {"1.150"}),
        (["1,204", "1,204.5"], [1204, 1204.5], set()),
        (["1.204", "12,5"], [1204, 12.5], set()),
        (["1,204", "0,123"], [1.204, 0.123], set()),
        (["1.204", "1.204.000"], [1204, 1204000], set()),
        (["1,204", "12.5"], [1204, 12.5], set()),
        (["1.204", "12.5"], [1.204, 12.5], set()),
        (["1,5", "2.5", "1,204"], [1.5, 2.5, None], {"1,204"}),
        (["12,34,567", "1.204"], [1234567, 1.204], set()),
        (["1 204", "1\u202f204,5", "1'204"], [1204, 1204.5, 1204], set()),
        (["1204", "-3", "\u22123", "１２", "1e3", "+7."], [1204, -3, -3, 12, 1000, 7], set()),
        (["43.38²", "½", "①", "12a", "10%", "1_000", "inf", "nan", "0x10", "1.2.3", "1,2,3", "9" * 40],
         [None] * 12, set()),
        ([Typed("1.125"), Typed("3.5")], [1.125, 3.5], set()),
    ],
)  # fmt: skip
def test_the_column_decides_what_its_marks_mean(
    column: list[str], values: list[float | None], ambiguous: set[str]
) -> None:
    read = read_numbers(column)
    assert list(map(read.numbers.get, column)) == values
    assert read.ambiguous == ambiguous


@pytest.mark.parametrize(("decimal", "value"), [(".", 1.5), (",", 1500)])
def test_a_decimal_mark_that_is_told_decides(decimal: str, value: float) -> None:
    assert read_numbers(["1.500"], decimal=decimal).numbers == {"1.500": value}


@given(
    st.lists(st.floats(-1e9, 1e9).map(lambda number: round(number, 2)), min_size=1), st.sampled_from([",.", ".,", " ,"])
)
def test_numbers_written_with_thousands_and_two_decimals_come_back(numbers: list[float], marks: str) -> None:
    table = str.maketrans({",": marks[0], ".": marks[1]})
    written = [f"{number:,.2f}".translate(table) for number in numbers]
    assert list(map(read_numbers(written).numbers.get, written)) == pytest.approx(numbers)


COUNTED = {**PLACED, "r95_m": "accuracy", "buildings.2018": "n", "tier": "tier"}


def test_numbers_of_a_list_are_read_alike_in_radii_tiers_and_counts(tmp_path: Path) -> None:
    rows = 'a,43,88,"1,200","1,204",2\nb,43,88,"10,000",7,"1"\n'
    source = _text(tmp_path / "list.csv", f"id,lat,lon,accuracy,n,tier\n{rows}", COUNTED)
    assert source.sites["r95_m"].tolist() == [1200, 10000]
    assert source.counts["value"].tolist() == [1204, 7]
    assert sum("parting thousands" in reason for reason in _reasons(source)) == 2


@pytest.mark.parametrize(("column", "cell"), [("accuracy", "1.500"), ("n", "1.150"), ("n", "3.000"), ("tier", "1.000")])
def test_a_number_that_can_be_read_in_two_ways_is_refused_with_a_way_on(tmp_path: Path, column: str, cell: str) -> None:
    text = f"id,lat,lon,{','.join(sorted({'accuracy', 'n', 'tier'} - {column}))},{column}\na,43,88,1,1,{cell}\n"
    with pytest.raises(InputError, match=rf"row 2, column {column}: found '{cell}'.*say --decimal") as caught:
        _text(tmp_path / "list.csv", text, COUNTED)
    assert any("refused 1" in line for line in caught.value.account)
    source = _text(tmp_path / "list.csv", text, COUNTED, decimal=",")
    if column == "n":
        assert source.counts["value"].tolist() == [float(cell.replace(".", ""))]


def test_a_count_is_whole(tmp_path: Path) -> None:
    source = _text(tmp_path / "list.csv", "id,lat,lon,accuracy,n,tier\na,43,88,1,12.5,1\nb,43,88,1,12.0,1\n", COUNTED)
    assert source.counts["value"].fillna(-1).tolist() == [-1, 12]
    assert "no whole number; no value taken" in _reasons(source)


@pytest.mark.parametrize("printed", ["43.38²", "43²", "⁴3.38", "43.3₈", "43°23′①″N", "4½"])
def test_a_raised_figure_is_no_digit_of_a_coordinate(tmp_path: Path, printed: str) -> None:
    with pytest.raises(ValueError, match="mark of a note"):
        read_degrees(printed)
    with pytest.raises(InputError, match="row 2, column lat, lon"):
        _text(tmp_path / "list.csv", f"id,lat,lon\na,{printed},88.2\n")


# ── what means nothing ───────────────────────────────────────────────────────────────────────────────────────────


def test_texts_that_mean_nothing_are_told(tmp_path: Path) -> None:
    text = "id,lat,lon,name,opened\na,43,88,NA,na\nb,NA,NA,B,2017\n"
    mapping = {**PLACED, "name_en": "name", "opened": "opened"}
    with pytest.raises(InputError, match=r"row 3.*'NA'.*--null TEXT"):
        _text(tmp_path / "list.csv", text, mapping)
    source = _text(tmp_path / "list.csv", text, mapping, null=["NA", "-"])
    assert source.sites[["source_key", "name_en", "opened"]].fillna("").to_numpy().tolist() == [["a", "", ""]]
    assert source.raw.loc[2, "name"] == "NA"
    assert [str(line) for line in source.report.account()] == [
        "rows: in 2 = used 1 + noted 1 + refused 0", "cells: in 10 = used 3 + noted 7 + refused 0",
    ]  # fmt: skip


# ── the command line of `camps sources add` ──────────────────────────────────────────────────────────────────────


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home of its own with a register that has comments, an own entry and one bundled list."""
    geodata = tmp_path / "home" / "geodata"
    geodata.mkdir(parents=True)
    ours = settings.geodata()
    register = (ours / "sources.toml").read_text("utf-8")
    (geodata / "sources.toml").write_text(f"# our lists\n\n{register}\n# the end\n", "utf-8")
    for file in ours.glob("*.csv"):
        shutil.copy(file, geodata)
    shutil.copytree(ours / "readers", geodata / "readers")
    (tmp_path / "home" / "record.toml").write_bytes((ours.parent / "record.toml").read_bytes())
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path / "home"))
    return geodata


def _add(*arguments: str) -> int:
    return cli.run(["sources", "add", *arguments])


def test_what_add_is_told_is_kept_and_read_again(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "liste.csv"
    text = "Lager im Norden\n\nKey|Breite|Länge|Bel.|Größe\n1|43,1|88,2|1.204|NA\n2|43,3|88,4|NA|1.500\n"
    path.write_bytes(text.encode("cp1252"))
    told = ["--encoding", "cp1252", "--delimiter", "|", "--decimal", ",", "--null", "NA", "--header-row", "3"]
    maps = ["key=Key", "lat=Breite", "lon=Länge", "buildings.1942=Bel.", "r95_m=Größe", "references.my-list=Key"]
    assert _add(str(path), "--id", "my-own", *told, *(part for one in maps for part in ("--map", one))) == 0
    entry = sources.entry("my-own")
    assert entry.options == {"encoding": "cp1252", "delimiter": "|", "decimal": ",", "null": ["NA"], "header_row": 3}
    again = sources.read("my-own")
    assert again.counts["value"].fillna(-1).tolist() == [1204, -1]
    assert again.sites["r95_m"].tolist()[1] == 1500
    assert again.sites["references"].tolist() == ["my-list:1", "my-list:2"]


DATES = "id,lat,lon,opened,closed\n1,43,88,06/07/1942,Mar-37\n2,43.1,88.1,01/02/1943,Apr-38\n"


def _register_text(home: Path) -> dict[str, Any]:
    entries = tomllib.loads((home / "sources.toml").read_text("utf-8"))["source"]
    return dict(next(one for one in entries if one["id"] == "mine"))


@pytest.mark.parametrize(
    ("told", "options", "read"),
    [
        ([], {}, {"opened": ["", ""], "closed": ["", ""]}),
        (["--date-order", "dmy"], {"date_order": "dmy"}, {"opened": ["1942-07-06", "1943-02-01"], "closed": ["", ""]}),
        (["--date-order", "mdy"], {"date_order": "mdy"}, {"opened": ["1942-06-07", "1943-01-02"], "closed": ["", ""]}),
        (["--century", "1900"], {"century": 1900}, {"opened": ["", ""], "closed": ["1937-03", "1938-04"]}),
        (["--century", "1938"], {"century": 1938}, {"opened": ["", ""], "closed": ["2037-03", "1938-04"]}),
    ],
)
def test_what_is_told_of_dates_reaches_the_reader_and_the_register(
    home: Path, tmp_path: Path, told: list[str], options: dict[str, Any], read: dict[str, list[str]]
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(DATES)
    assert _add(str(path), "--id", "mine", *told) == 0
    assert _register_text(home).get("options", {}) == options
    sites = sources.read("mine").sites
    assert sites[["opened", "closed"]].fillna("").to_dict("list") == read
    asked = "\n".join(remark.reason for remark in sources.read("mine").report)
    assert ("say which with --date-order" in asked) == (read["opened"] == ["", ""])
    assert ("say of which hundred years with --century" in asked) == (read["closed"] == ["", ""])


@pytest.mark.parametrize(
    ("told", "options", "read"),
    [
        (["--edtf"], {"edtf": True}, ["2020-21", "2017-24", "2017-06"]),
        ([], {}, ["2020/2021", "2017/2024", "2017-06"]),
    ],
)
def test_a_column_of_edtf_is_told(
    home: Path, tmp_path: Path, told: list[str], options: dict[str, Any], read: list[Any]
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("id,lat,lon,opened\n1,43,88,2020-21\n2,43,88,2017-24\n3,43,88,2017-06\n")
    assert _add(str(path), "--id", "mine", *told) == 0
    assert _register_text(home).get("options", {}) == options
    opened = sources.read("mine").sites["opened"]
    assert opened.tolist() == read


@pytest.mark.parametrize("told", [["--date-order", "ydm"], ["--century", "0"]])
def test_what_is_told_of_dates_must_be_sound(
    home: Path, tmp_path: Path, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(DATES)
    assert _add(str(path), "--id", "mine", *told) == 2
    assert "list.csv: option" in capsys.readouterr().err


def test_what_a_message_about_footprints_asks_for_is_told_to_the_same_command(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Layer, CRS, encoding, order and century of dates: asked for one after the other, given, kept, and read again."""
    square = shapely.box(500_000, 4_800_000, 500_050, 4_800_050)
    frame = gpd.GeoDataFrame({"seen": ["06/07/18"], "site": ["Казарма"]}, geometry=[square], crs=32645)
    folder = tmp_path / "shp"
    folder.mkdir()
    for name in ("a", "b"):
        frame.to_file(folder / f"{name}.shp", encoding="cp1251")
        (folder / f"{name}.cpg").write_text("UTF-8")
        (folder / f"{name}.prj").unlink()
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    told = ["--reader", "footprints", "--map", "observed_on=seen", "--map", "site_id=site"]
    for asked, answer in (
        ("--layer", ["--layer", "a"]), ("--crs", ["--crs", "EPSG:32645"]), ("--date-order", ["--date-order", "dmy"]),
        ("--century", ["--century", "2000"]), ("--gsd", ["--gsd", "0.5"]), ("", ["--encoding", "cp1251"]),
    ):  # fmt: skip
        if asked:
            assert _add(str(tmp_path / "two.zip"), "--id", "mine", *told) == 2
            assert asked in capsys.readouterr().err
        told += answer
    assert _add(str(tmp_path / "two.zip"), "--id", "mine", *told) == 0
    kept = {"layer": "a", "crs": "EPSG:32645", "date_order": "dmy", "century": 2000, "gsd_m": 0.5, "encoding": "cp1251"}
    assert {name: value for name, value in _register_text(home)["options"].items() if name in kept} == kept
    read = footprints.load("mine").footprints
    assert read[["observed_on", "site_id"]].to_numpy().tolist() == [["2018-07-06", "Казарма"]]


def test_a_mapping_adds_to_what_the_names_suggest(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("id,name,other,lat,lon,opened,a=b\n1,A,B,43,88,2017,x\n")
    assert _add(str(path), "--id", "one", "--map", "name_other=other", "--map", "opened=", "--map", "note=a=b") == 0
    assert dict(sources.entry("one").mapping) == {
        "key": "id", "name_en": "name", "name_other": "other", "lat": "lat", "lon": "lon", "note": "a=b",
    }  # fmt: skip
    assert sources.complete_mapping(pd.DataFrame(columns=["id", "lat", "lon", "at"]), {"latlon": "at"}) == {
        "latlon": "at", "key": "id",
    }  # fmt: skip
    assert sources.complete_mapping(pd.DataFrame(columns=["id", "name"]), {"name_zh": "name"}) == {
        "name_zh": "name", "key": "id",
    }  # fmt: skip


def test_remove_undoes_add_to_the_byte(home: Path, tmp_path: Path) -> None:
    before = (home / "sources.toml").read_text("utf-8")
    path = tmp_path / "list.csv"
    path.write_text("id,lat,lon\n1,43,88\n")
    for name in ("one", "two", "three"):
        assert _add(str(path), "--id", name) == 0
    with (home / "sources.toml").open("a", encoding="utf-8") as stream:
        stream.write("\n# written by hand\n")
    copy = sources.path("two")
    assert cli.run(["sources", "remove", "two"]) == 0
    assert [name for name in sources.registry() if name in ("one", "two", "three")] == ["one", "three"]
    assert not copy.exists()
    assert sources.path("one").is_file()
    assert cli.run(["sources", "remove", "three"]) == 0
    assert cli.run(["sources", "remove", "one"]) == 0
    after = (home / "sources.toml").read_text("utf-8")
    assert after.startswith(before.rstrip())
    assert after.rstrip().endswith("# written by hand")
    assert tomllib.loads(after) == tomllib.loads(before)


@pytest.mark.parametrize(
    ("source_id", "said"),
    [("gazetteer", "bundled"), ("aspi-xjdp-v1", "published"), ("nobody", "no such source")],
)
def test_what_was_not_added_is_not_removed(
    home: Path, source_id: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (home / "sources.toml").read_bytes()
    assert cli.run(["sources", "remove", source_id]) == 2
    assert said in capsys.readouterr().err
    assert (home / "sources.toml").read_bytes() == before


def test_an_export_that_is_added_back_has_its_texts_as_they_were(tmp_path: Path) -> None:
    """No text of an export is a formula to a spreadsheet; what keeps it from being one is no part of the text."""
    names = ["=1+1", "@x", "'=1", "-5", "-2+3", "+a,b", "a\rb", "O'Neil", "'tis"]
    rows = [f'{at},43.{at},88,"{name}"' for at, name in enumerate(names)]
    mapping = {**PLACED, "name_en": "name"}
    sites = _text(tmp_path / "list.csv", "\n".join(["id,lat,lon,name", *rows, ""]), mapping).sites
    expected = ["=1+1", "@x", "=1", *names[3:]]
    assert sites["name_en"].tolist() == expected
    path = catalogue.write_sites(sites, tmp_path / "back.csv")
    assert [line for line in path.read_text("utf-8").splitlines() if ",=" in line or ",@" in line] == []
    back = _read(path, {**mapping, "key": "source_key", "name_en": "name_en"})
    assert back.sites["name_en"].tolist() == expected
    assert _reasons(back).count("an apostrophe keeps it from being a formula in a spreadsheet; taken off") == 5


def test_a_file_that_changes_while_it_is_added_is_not_registered(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("id,lat,lon\n1,43,88\n")
    read = adding.prepare

    def _prepare(*arguments: Any, **told: Any) -> Any:
        done = read(*arguments, **told)
        path.write_text("id,lat,lon\n1,44,88\n")
        return done

    monkeypatch.setattr(adding, "prepare", _prepare)
    with pytest.raises(InputError, match="changed while it was read"):
        sources.add(path, "mine")
    assert "mine" not in sources.registry()


@pytest.mark.parametrize(("option", "value"), [("sheet", "A"), ("layer", "a"), ("crs", "EPSG:4326")])
def test_an_option_that_a_format_has_no_use_for_is_refused(tmp_path: Path, option: str, value: str) -> None:
    with pytest.raises(InputError, match=f"option '{option}': found one that this format has no use for"):
        _text(tmp_path / "list.csv", "id,lat,lon\n1,43,88\n", **{option: value})


ROOMS = {"sources": ["sources"], "footprints": ["sources"], "imagery": ["imagery", "sources"]}


def _literals(room: str) -> Iterator[tuple[str, str]]:
    return _of_file(f"{room}/*.py")


def _of_file(pattern: str) -> Iterator[tuple[str, str]]:
    for path in sorted(Path(sources.__file__).parents[1].glob(pattern)):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.count("\n") < 2:
                yield path.name, node.value


@cache
def _command(*path: str) -> Any:
    command: Any = typer.main.get_command(cli.app)
    for name in path:
        command = command.commands[name]
    return command


def _options(*path: str) -> set[str]:
    command = _command(*path)
    return {option for parameter in command.params for option in parameter.opts}


def test_every_option_that_a_message_names_is_one_of_the_command_where_it_comes_up() -> None:
    """Reading comes up in `sources add`; a message of another command names it."""
    named = []
    for room in ROOMS:
        for file, text in _literals(room):
            for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text):
                of = re.search(r"camps ([a-z]+(?: [a-z]+)?)", text)
                path = of[1].split() if of else [] if room == "imagery" else ["sources", "add"]
                named.append((file, text, option, option in (_options(*path) if path else _all_options())))
    assert len(named) >= 8
    assert [entry[:3] for entry in named if not entry[3]] == []


@cache
def _all_options(path: tuple[str, ...] = ()) -> set[str]:
    below = [_all_options((*path, name)) for name in getattr(_command(*path), "commands", {})]
    return _options(*path).union(*below)


def test_no_message_asks_for_a_key_that_the_command_line_cannot_give() -> None:
    asked = [(file, text) for room in ROOMS for file, text in _literals(room) if re.search(r'\bsay \w+ = "', text)]
    assert asked == []


def test_a_message_that_asks_for_an_argument_names_its_option_too() -> None:
    """`crs=` is of no use on a command line; the modules that the rooms read dates by are walked with them."""
    asked = [(file, text) for room in ROOMS for file, text in _literals(room)] + list(_of_file("dates.py"))
    bare = [
        (file, text)
        for file, text in asked
        if re.search(r"(say|give|with) [^;:]*\b[a-z_]+=(?![A-Z'\"])", text) and "--" not in text and "`" not in text
    ]
    assert bare == []


def _two_layers(path: Path, **crs: Any) -> None:
    places = gpd.GeoDataFrame({"id": ["a"]}, geometry=[shapely.Point(88, 43)], **crs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for layer in ("one", "two")[: 2 if crs else 1]:
            places.to_file(path, layer=layer)


def _two_sheets(path: Path) -> None:
    with pd.ExcelWriter(path, engine="openpyxl") as writer:
        pd.DataFrame({"key": ["made"], "value": ["2017"]}).to_excel(writer, sheet_name="About", index=False)
        pd.DataFrame({"id": ["a"], "lat": ["43"], "lon": ["88"]}).to_excel(writer, sheet_name="Sites", index=False)


PLAIN = "id,lat,lon,n_1938\na,43,88,7\n"
#: What is refused: the file, what is told, and what is told again, by the option that the message has to name.
REFUSED: dict[str, tuple[str, Any, list[str], list[str]]] = {
    "--encoding": ("a.csv", "id,lat,lon\né,43,88\n", ["--encoding", "ascii"], ["--encoding", "utf-8"]),
    "--delimiter": ("a.csv", "id~lat~lon\na~43~88\n", [], ["--delimiter", "~"]),
    "--decimal": ("a.csv", "id,lat,lon,r\na,43,88,1.500\n", ["--map", "r95_m=r"], ["--decimal", "."]),
    "--header-row": ("a.csv", f"Made by,hand\n,,,\n,Place,,\n{PLAIN}", ["--header-rows", "2", "--header-row", "9"],
                     ["--header-row", "3", "--map", "lat=Place lat", "--map", "lon=Place lon"]),
    "--sheet": ("a.xlsx", _two_sheets, [], ["--sheet", "Sites"]),
    "--layer": ("a.gpkg", lambda path: _two_layers(path, crs=4326), [], ["--layer", "two"]),
    "--crs": ("a.gpkg", _two_layers, [], ["--crs", "EPSG:4326"]),
    "--date-order": ("a.csv", PLAIN.replace("1938", "03/04/1938"), ["--map", "n.*=n_*"], ["--date-order", "dmy"]),
    "--century": ("a.csv", PLAIN.replace("1938", "Mar-37"), ["--map", "n.*=n_*"], ["--century", "1900"]),
    "--map": ("a.csv", PLAIN.replace("lat,lon", "a,b"), [], ["--map", "lat=a", "--map", "lon=b"]),
    "--null": ("a.csv", f"{PLAIN}b,offen,offen,8\n", [], ["--null", "offen"]),
    "--long": ("a.csv", "id,lat,lon,t,n\na,43,88,1938,7\n", ["--values", "a.csv"], ["--long", "id,t,n"]),
}  # fmt: skip


@pytest.mark.parametrize("option", REFUSED)
def test_the_option_that_a_refusal_names_is_a_way_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    name, content, told, again = REFUSED[option]
    path = tmp_path / name
    content(path) if callable(content) else path.write_text(content, encoding="utf-8")
    command = ["sources", "add", str(path), "--id", "mine", "--dry-run"]
    told = [str(path) if part == name else part for part in told]
    assert cli.run([*command, *told]) == 2
    assert option in capsys.readouterr().err
    # What is told a second time takes the place of what was told first.
    kept = [part for pair in zip(told[::2], told[1::2], strict=True) if pair[0] not in again or pair[0] == "--map"
            for part in pair]  # fmt: skip
    assert cli.run([*command, *kept, *again]) == 0


def test_each_option_that_a_refusal_of_a_list_names_was_tried() -> None:
    texts = [text for _, text in _literals("sources")] + [text for _, text in _of_file("dates.py")]
    named = {option for text in texts for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)}
    # A season is told in a remark, of a cell that is left blank; the id is for a list registered without a file;
    # the others are of another command.
    assert named - {"--edtf", "--id", "--online", "--archive"} == set(REFUSED)


def test_every_option_of_reading_is_one_of_add() -> None:
    flags = {f"--{name.replace('_', '-')}" for name in mapped.OPTIONS if name != "constants"}
    assert flags <= _options("sources", "add")
    named = {"observed_on": "--seen", "columns": "--map"}
    named |= {f"{name}_m": f"--{name.replace('_', '-')}" for name in ("gsd", "edge_sd", "edge_bias")}
    flags = {named.get(name, f"--{name.replace('_', '-')}") for name in OPTIONS if name != "kind"}
    assert flags <= _options("sources", "add")


# ── which way round a list is ────────────────────────────────────────────────────────────────────────────────────

#: Places of the gulag from the White Sea to the Pacific, degrees north and east.
GULAG = [
    (67.5, 64.0), (67.0, 63.1), (69.35, 88.2), (59.57, 150.8), (61.1, 150.0), (50.6, 66.8), (49.8, 73.1), (56.0, 92.9),
    (63.6, 53.7), (65.6, 57.2), (61.7, 34.5), (55.8, 37.6), (54.0, 86.6), (52.3, 104.3), (62.8, 40.3), (60.4, 57.1),
]  # fmt: skip
SOLOVKI = (65.03, 35.7)


def _places(tmp_path: Path, positions: list[tuple[float, float]]) -> Source:
    rows = "".join(f"{row},{lat},{lon}\n" for row, (lat, lon) in enumerate(positions))
    return _text(tmp_path / "list.csv", f"id,lat,lon\n{rows}")


def _turned(source: Source) -> list[int]:
    return [remark.row for remark in source.report if "swapped" in remark.reason]


@pytest.mark.parametrize("wrong", [(95.5, 37.6), (95.5, 89.0), (-91.0, 60.0)])
def test_one_latitude_beyond_the_pole_is_the_fault_of_its_row(tmp_path: Path, wrong: tuple[float, float]) -> None:
    """Of 668 places in the published case 520 were turned: Moscow came to lie in Iran."""
    with pytest.raises(
        InputError, match=rf"^list\.csv: row 18: found '{wrong[0]}', expected lat from -90 to 90"
    ) as caught:
        _places(tmp_path, [*GULAG, wrong])
    assert "--map lat=COLUMN --map lon=COLUMN" in str(caught.value)


@pytest.mark.parametrize("others", [[], GULAG[:2], GULAG, [(65.0 + n / 100, 35.6 + n / 50) for n in range(9)]])
def test_a_place_in_the_sea_turns_nothing(tmp_path: Path, others: list[tuple[float, float]]) -> None:
    """An island that the base map leaves out is no reason, alone, among others or with its neighbours."""
    source = _places(tmp_path, [SOLOVKI, *others])
    assert _turned(source) == []
    assert source.sites[["lat", "lon"]].to_numpy().tolist()[0] == list(SOLOVKI)


def test_a_list_is_turned_when_all_of_it_can_be_right_and_is_printed_as_it_was(tmp_path: Path) -> None:
    xinjiang = [(43.3838, 88.29), (39.47, 75.99), (41.16, 80.26), (37.11, 79.92), (44.0, 87.3), (38.42, 77.24)]
    source = _places(tmp_path, [(lon, lat) for lat, lon in xinjiang])
    assert source.sites[["lat", "lon"]].to_numpy().tolist() == [list(one) for one in xinjiang]
    assert source.sites["lat_published"].tolist() == [str(lon) for _, lon in xinjiang]
    assert _turned(source) == [2, 3, 4, 5, 6, 7]


def _outlines(path: Path, outlines: list[shapely.Polygon]) -> Source:
    gpd.GeoDataFrame({"id": range(len(outlines))}, geometry=outlines, crs=4326).to_file(path)
    return _read(path, {"key": "id"})


@pytest.mark.parametrize("west", [88.28, 104.9])
def test_the_reach_of_an_outline_that_was_turned_is_that_of_the_outline_as_it_is(tmp_path: Path, west: float) -> None:
    """1.6 km across: 817.9 m to its corners; turned it would reach 1117 m, and beyond 90° east nobody knows."""
    straight = [shapely.box(west + n / 100, 43.38, west + n / 100 + 0.02, 43.382) for n in range(6)]
    turned = [shapely.transform(outline, lambda at: at[:, ::-1]) for outline in straight]
    one, other = (_outlines(tmp_path / f"{n}.geojson", held) for n, held in enumerate((straight, turned)))
    assert len(_turned(other)) == 6
    assert one.sites["r95_m"].tolist() == pytest.approx([817.94] * 6, abs=0.01)
    assert other.sites["r95_m"].tolist() == pytest.approx(one.sites["r95_m"].tolist())


@pytest.mark.parametrize(("west", "east", "middle"), [(179.9, -179.9, 180.0), (179.9, -179.5, -179.8)])
def test_an_outline_across_180_degrees_is_not_one_around_the_globe(
    tmp_path: Path, west: float, east: float, middle: float
) -> None:
    """Its middle came to lie at 0° east, in Ghana."""
    source = _outlines(
        tmp_path / "list.geojson", [shapely.Polygon([(west, 10), (east, 10), (east, 10.1), (west, 10.1)])]
    )
    assert source.sites["lon"].tolist() == pytest.approx([middle])
    assert source.sites["r95_m"].item() < 40_000
    assert "lies across 180°; read as the short way round" in _reasons(source)


@pytest.mark.parametrize("stays", [(43.4, 120.0), (-10.0, 85.0)])
def test_a_list_that_cannot_all_be_right_the_other_way_round_is_refused(
    tmp_path: Path, stays: tuple[float, float]
) -> None:
    """One row is beyond 90 degrees east, or comes to lie in the ocean: the columns are asked for."""
    with pytest.raises(InputError, match="2 faults") as caught:
        _places(tmp_path, [(92.0, 43.0), (93.5, 42.8), (87.3, 44.0), (88.3, 43.4), (86.1, 41.7), stays])
    assert "say --map lat=COLUMN --map lon=COLUMN where the columns are the other way round" in str(caught.value)


@pytest.mark.mirror
@pytest.mark.parametrize("rows", [[7], [7, 300, 900]])
def test_a_slip_in_a_list_of_1111_camps_is_named(mirror: Path, tmp_path: Path, rows: list[int]) -> None:
    path = mirror / "ss-camps" / "hgc_data.csv"
    if not path.is_file():
        pytest.skip("no ss-camps in the mirror")
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[rows, "LAT"] = "95.5"
    table.to_csv(tmp_path / "list.csv", index=False)
    with pytest.raises(InputError) as caught:
        _read(tmp_path / "list.csv", {"key": "ID", "lat": "LAT", "lon": "LONG"})
    assert str(caught.value).count("found '95.5', expected lat") == len(rows)


# ── what stands around a table ───────────────────────────────────────────────────────────────────────────────────

ROWS = "a,A,43,88\nb,B,43.1,88.1\nc,C,43.2,88.2\n"


@pytest.mark.parametrize(
    ("text", "rows", "around"),
    [
        ("sep=;\n" + f"id,name,lat,lon\n{ROWS}".replace(",", ";"), [3, 4, 5], "states its delimiter ';'"),
        ("SEP=|\r\n" + f"id,name,lat,lon\n{ROWS}".replace(",", "|"), [3, 4, 5], "states its delimiter '|'"),
        (f"Camps of the east\nid,name,lat,lon\n{ROWS}", [3, 4, 5], "a line above the header (row 2)"),
        (f"Camps of the east\nas of 2018\n\nid,name,lat,lon\n{ROWS}", [5, 6, 7], "a line above the header (row 4)"),
        (f"id,name,lat,lon\n{ROWS}\nSource: own survey\nPrepared by hand\n", [2, 3, 4], "a note below the table"),
        (f"id,name,lat,lon\n{ROWS}Positions are approximate\n", [2, 3, 4], "a note below the table"),
        (f"id,name,lat,lon\n{ROWS}", [2, 3, 4], ""),
    ],
)
def test_a_stated_delimiter_titles_and_notes_are_no_rows(
    tmp_path: Path, text: str, rows: list[int], around: str
) -> None:
    source = _text(tmp_path / "list.csv", text, {**PLACED, "name_en": "name"})
    assert source.sites["source_key"].tolist() == ["a", "b", "c"]
    assert source.sites["row"].tolist() == rows
    assert around in "\n".join(_reasons(source))
    elements = [balance for balance in source.report.account() if balance.piece == "element"]
    assert all(balance.taken == balance.noted > 0 for balance in elements)
    assert bool(elements) == bool(around)


@pytest.mark.parametrize(("row", "keys"), [(3, ["a", "b", "c"]), (5, ["c"])])
def test_the_row_of_the_header_is_told_where_it_is_not_found(tmp_path: Path, row: int, keys: list[str]) -> None:
    text = f"1,2,3,4\n5,6,7,8\nid,name,lat,lon\n{ROWS}"
    mapping = PLACED if row == 3 else {"key": "b", "lat": "43.1", "lon": "88.1"}
    assert _text(tmp_path / "list.csv", text, mapping, header_row=row).sites["source_key"].tolist() == keys
    with pytest.raises(InputError, match=r"row 9 is blank or not there.*say another with --header-row"):
        _text(tmp_path / "list.csv", text, mapping, header_row=9)


TWO_ROWS = ",Place,,Buildings\nid,lat,lon,2018\n"
NUMBERS = "a,43,88,7\nb,43.1,88.1,8\nc,43.2,88.2,9\n"


@pytest.mark.parametrize(
    ("above", "told"),
    [
        ("", {}),
        ("A list\n\n", {}),
        ("A list\nof 2018\n", {}),
        ("A list\n", {"header_row": 2}),
        ("1,2,3,4\n", {"header_row": 2}),
    ],
)  # fmt: skip
def test_two_rows_of_names_are_found_below_lines_of_title(tmp_path: Path, above: str, told: dict[str, int]) -> None:
    source = _text(
        tmp_path / "list.csv", above + TWO_ROWS + NUMBERS, {"key": "id", "lat": "Place lat", "lon": "Place lon"},
        header_rows=2, **told,
    )  # fmt: skip
    assert source.sites["source_key"].tolist() == ["a", "b", "c"]
    assert "Buildings 2018" in source.raw


@pytest.mark.parametrize("above", ["", "A list of sites\n\n"])
def test_a_row_of_the_table_is_not_taken_for_names(tmp_path: Path, above: str) -> None:
    text = f"{above}id,lat,lon,n\n{NUMBERS}"
    with pytest.raises(InputError, match=r"rows \d, \d are not both names of columns.*say with --header-row"):
        _text(tmp_path / "list.csv", text, PLACED, header_rows=2)
    assert len(_text(tmp_path / "list.csv", text, PLACED, header_rows=1).sites) == 3


# ── long lists ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_list_with_a_remark_on_every_row_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 950,000 rows with one id each was numbered apart: 69 seconds and 1.1 GB for 949,999 remarks."""
    monkeypatch.setattr(report, "MOST_REMARKS", 50)
    rows = "1,43,88\n" * 99
    with pytest.raises(InputError, match=r"list\.csv: more than 50 remarks .* up to row 53: id used before") as caught:
        _text(tmp_path / "list.csv", f"id,lat,lon\n{rows}")
    assert "map another column" in str(caught.value)
    assert len(_text(tmp_path / "list.csv", f"id,lat,lon\n{rows}", {"lat": "lat", "lon": "lon"}).sites) == 99


PEAK = """
import re, sys
from pathlib import Path
from camps import sources
def peak_kb():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
paths = [Path(name) for name in sys.argv[1:]]
peaks = []
for path in paths:
    assert len(sources.prepare(path, "list").source.sites) > 0
    peaks.append(peak_kb())
print(peaks[1] - peaks[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read where Linux keeps it")
def test_a_row_of_a_long_list_takes_about_a_kilobyte(tmp_path: Path) -> None:
    """So that a million rows of five columns stay within 1 GB; where rows were lists of cells they took 1.6 each."""
    few, many = 1_000, 60_000
    for n in (few, many):
        rows = (
            f"{row},Site {row},{40 + row % 900 / 100},{80 + row % 1000 / 100},{2010 + row % 10}" for row in range(n)
        )
        (tmp_path / f"{n}.csv").write_text("id,name,lat,lon,opened\n" + "\n".join(rows))
    command = [sys.executable, "-c", PEAK, *(str(tmp_path / f"{n}.csv") for n in (few, many))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) / (many - few) < 1.25


# ── characters that were lost or exchanged ───────────────────────────────────────────────────────────────────────

NAMES = ["Br\ufffdnn", "Brünn", "BrÃ¼nn", "РљРѕР»С‹РјР°", "São «Tomé»", "新疆"]


def _named(path: Path, names: list[str]) -> Path:
    """Write a list of names in the format of the path."""
    places = [shapely.Point(88 + at / 10, 43) for at in range(len(names))]
    frame = gpd.GeoDataFrame({"id": [f"k{at}" for at in range(len(names))], "name": names}, geometry=places, crs=4326)
    if path.suffix == ".kml":
        marks = "".join(
            f"<Placemark id='k{at}'><name>{name}</name><Point><coordinates>88.{at},43</coordinates></Point></Placemark>"
            for at, name in enumerate(names)
        )
        path.write_text(f"<kml><Document>{marks}</Document></kml>", "utf-8")
    elif path.suffix == ".zip":
        frame.to_file(path.with_suffix(".shz"), driver="ESRI Shapefile", encoding="utf-8")
        path.with_suffix(".shz").rename(path)
    elif path.suffix == ".geojson":
        frame.to_file(path)
    else:
        table = pd.DataFrame(frame.drop(columns="geometry")).assign(lat="43", lon=frame.geometry.x.astype(str))
        table.to_csv(path, index=False) if path.suffix == ".csv" else table.to_excel(path, index=False)
    return path


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "kml", "geojson", "zip"])
def test_characters_lost_or_exchanged_before_us_are_noted_with_their_rows(tmp_path: Path, suffix: str) -> None:
    path = _named(tmp_path / f"list.{suffix}", NAMES)
    placed = PLACED if suffix in ("csv", "xlsx") else {"key": "id"}
    source = _read(path, {**placed, "name_en": "name"})
    assert source.sites["name_en"].tolist() == NAMES
    first = 2 if suffix in ("csv", "xlsx") else 1
    told = [one for one in source.report if "\ufffd in" in one.reason or "UTF-8 read in" in one.reason]
    assert [(one.row, one.column, one.pieces) for one in told] == [(first, "name", 1), (first + 2, "name", 2)]
    assert told[0].reason.startswith(f"\ufffd in row {first}: bytes that were no text were replaced")
    assert f"probably 'Brünn', in 2 cells (row {first + 2}, row {first + 3}); the file was saved so" in told[1].reason


def test_an_encoding_that_was_told_wrong_is_told_again(tmp_path: Path) -> None:
    text = "id,Größe,lat,lon\na,Königshütte,43,88\n"
    source = _text(tmp_path / "list.csv", text, {**PLACED, "name_en": "GrÃ¶ÃŸe"}, encoding="cp1252")
    told = {one.column: one.reason for one in source.report if "say --encoding utf-8" in one.reason}
    assert list(told) == ["GrÃ¶ÃŸe"]
    assert "probably 'Größe', in 2 cells (its name, row 2)" in told["GrÃ¶ÃŸe"]
    again = _text(tmp_path / "list.csv", text, {**PLACED, "name_en": "Größe"}, encoding="utf-8")
    assert again.sites["name_en"].tolist() == ["Königshütte"]
    assert not any("UTF-8 read in" in reason for reason in _reasons(again))


@pytest.mark.mirror
def test_the_names_that_lost_a_character_in_a_published_list_are_counted(mirror: Path) -> None:
    path = mirror / "ss-camps" / "hgc_data.csv"
    if not path.is_file():
        pytest.skip("no ss-camps in the mirror")
    source = _read(path, {"key": "ID", "lat": "LAT", "lon": "LONG", "name_en": "SubcampDiaFix"})
    named = {one.column: one for one in source.report if one.reason.startswith("\ufffd in")}
    held = path.read_text("utf-8").splitlines()
    assert named["SubcampDiaFix"].pieces == source.sites["name_en"].str.contains("\ufffd").sum() == 236
    assert "\ufffd" in held[named["SubcampDiaFix"].row - 1]


# ── rows within a cell ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ('1,"a,43.1,88.2\n2,b,43.2,88.3\n3,c",43.3,88.4\n4,d,43.4,88.5\n', [2]),
        ('1,"a, first\nand second",43.1,88.2\n', []),
    ],
)
def test_rows_that_a_stray_quotation_mark_takes_into_a_cell_are_told(
    tmp_path: Path, rows: str, told: list[int]
) -> None:
    source = _text(tmp_path / "list.csv", f"id,name,lat,lon\n{rows}", {**PLACED, "name_en": "name"})
    assert [one.row for one in source.report if "rows of the list are lost in it" in one.reason] == told


# ── dates that contradict each other ─────────────────────────────────────────────────────────────────────────────


def test_a_place_that_closed_before_it_opened_is_told(tmp_path: Path) -> None:
    """Such a place is open on no day: it was in no count and on no map, without a word."""
    rows = "a,43,88,1943,1942\nb,43,88,1943-05,1943\nc,43,88,1942,\nd,43,88,,1942\ne,43,88,1944/..,1943-12\n"
    mapping = {**PLACED, "opened": "opened", "closed": "closed"}
    source = _text(tmp_path / "list.csv", f"id,lat,lon,opened,closed\n{rows}", mapping)
    told = [(one.row, one.key, one.column, one.value) for one in source.report if "closed before" in one.reason]
    assert told == [(2, "a", "closed", "1942"), (6, "e", "closed", "1943-12")]
    assert source.sites["closed"].fillna("").tolist() == ["1942", "1943", "", "1942", "1943-12"]
