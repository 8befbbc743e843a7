"""The language of claims: what it computes, what it leaves unknown, and what it refuses by name."""

from __future__ import annotations

import types
from pathlib import Path

import pandas as pd
import pytest
from record_support import claim_text

import camps
from camps import build, files, settings
from camps.appendix.evidence import Evidence
from camps.appendix.expressions import TABLES, evaluate
from camps.cli import run
from camps.errors import CheckError, InputError

SITES = pd.DataFrame(
    {
        "site_id": ["a", "b", "c", "d"],
        "system": ["itl", "itl", "itk", None],
        "opened": ["1931", "1938-05", "1937/1939", None],
        "closed": ["1953", "1940-01-01", None, "1950"],
        "r95_m": [130.0, 500.0, 130.0, 130.0],
        "tier": pd.array([1, None, 2, 2], dtype="Int64"),
    }
)
COUNTS = pd.DataFrame(
    {
        "unit": ["a", "a", "b", "b"],
        "metric": ["prisoners"] * 4,
        "t": ["1938", "1939", "1938", "1939"],
        "value": [1000.0, None, 500.0, 700.0],
    }
)
TABLES_HERE = types.SimpleNamespace(listed=SITES, listed_counts=COUNTS)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("count(sites)", 4),
        ('count(sites, system = "itl")', 2),
        ('count(sites, system = ["itl", "itk"])', 3),
        ("count(sites, opened = known)", 3),
        ("count(sites, system = unknown)", 1),
        ('share(sites, system = "itl")', 50),
        ("count(sites, tier = 2)", 2),
        ("count(sites, r95_m_from = 200)", 1),
        ('count(sites, opened = "1938")', 1),
        ('count(sites, opened_from = "1937")', 2),
        ('count(sites, opened_until = "1938")', 2),
        ('count(sites, open_at = "1939")', 2),
        ('count(sites, open_at = "1940")', 1),
        ("distinct(sites.system)", 2),
        ("first_year(sites.opened)", 1931),
        ("last_year(sites.closed)", 1953),
        ('sum(counts.value, t = "1938")', 1500),
        ('sum(counts.value, t = "1939")', 700),
        ("max(counts.value) - min(counts.value)", 500),
        ("-count(sites) + 2 * (count(counts) / 4)", -2),
        ('median(counts.value, t = "1938")', 750),
    ],
)
def test_what_is_computed(text: str, value: float) -> None:
    assert evaluate(text, TABLES_HERE) == value


@pytest.mark.parametrize(
    "text",
    ['sum(counts.value, t = "1950")', 'count(sites) / count(counts, t = "1950")', 'max(counts.value, t = "1950")'],
)
def test_nothing_to_compute_from_is_no_value_and_never_zero(text: str) -> None:
    assert evaluate(text, TABLES_HERE) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("__import__('os').system('x')", "not in the language"),
        ("open('x')", "no function open"),
        ("(lambda: 1)()", "not in the language"),
        ("count(sites) ** 9", "not in the language"),
        ("[1 for x in (1,)]", "not in the language"),
        ("sites", "not in the language"),
        ("True", "not in the language"),
        ("'a' * 3", "not in the language"),
        ("count(sites.__class__)", "count of a column"),
        ("sum(sites.__class__)", "no column __class__"),
        ("count(camps)", "no table camps; expected one of sites"),
        ("count(sites, **{'a': 1})", "name each column"),
        ("count(sites, colour = 'red')", "no column colour; expected one of site_id"),
        ('count(sites, system = "ILT")', "no row has system 'ILT'; there are itk, itl"),
        ('count(sites, opened = "about 1930")', "about 1930"),
        ("sum(sites.system)", "holds no numbers"),
        ("first_year(sites.r95_m)", "holds no dates"),
        ("count(sites, counts)", "2 tables"),
        ("count(sites, system = system)", "expected a text, a number"),
        ("sum(counts)", "sum of a table, expected a column"),
        ("count(sites", "no expression"),
        ("1 + " * 700 + "1", "characters"),
        ("-" * 1900 + "1", "no expression"),
    ],
)
def test_what_is_not_in_the_language_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        evaluate(text, TABLES_HERE)


def test_every_table_is_one_of_the_evidence() -> None:
    assert all(hasattr(Evidence, attribute) for attribute in TABLES.values())


VALUES = {"n": "count(sites)", "early": 'count(sites, opened_until = "1934")'}
LIST = "ID,Name,Latitude,Longitude,Opened\n1,Solovki,65.02,35.71,1923\n2,Other,62.0,41.7,1938\n"


def _claims(n: int) -> str:
    return claim_text(f"The list names {{{n}:n}} camps, {{1:early}} of them from before 1935.", "l", **VALUES)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CAMPS_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    build.start(tmp_path / "mine", from_list=str(files.write_text(tmp_path / "l.csv", LIST)))
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path / "mine"))
    return tmp_path / "mine"


def test_own_claims_alone_are_built_checked_and_verified(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files.write_text(home / "geodata" / "claims.toml", _claims(2))
    # A record that took over an error whose claim it does not make is no reason to fail.
    prose = '[[error]]\nsource = "x"\nsize = "1 m"\nknown_from = "y"\nclaim = "not-made-here"\n'
    files.write_text(home / "geodata" / "prose.toml", prose)
    assert run(["appendix"]) == 0, capsys.readouterr().err
    folder = settings.exports() / "appendix"
    table = pd.read_csv(folder / "data" / "tables" / "claims.csv")
    assert table["function"].to_list() == [
        'geodata/claims.toml: n = count(sites); early = count(sites, opened_until = "1934")'
    ]
    assert "not stated; taken as WGS 84" in set(
        pd.read_csv(folder / "data" / "tables" / "sites.csv")["published_datum"]
    )
    # What the record has nothing of has no heading, no empty table and no column; its title stands on the first page.
    page = (folder / "data" / "appendix.html").read_text(encoding="utf-8")
    assert '<p class="subtitle">mine</p>' in page
    assert [word for word in ("GCJ-02", "Footprint series", "Site dossiers", "Roofed", "storeys") if word in page] == []
    assert "Table of sites" in page
    capsys.readouterr()
    assert run(["verify", str(folder)]) == 0, capsys.readouterr().out


def test_a_number_that_the_data_do_not_give_stops_the_build(home: Path) -> None:
    files.write_text(home / "geodata" / "claims.toml", _claims(3))
    with pytest.raises(CheckError, match="found 3 in the text, expected 2 as computed"):
        camps.appendix.build_appendix(settings.exports() / "appendix")
    assert not (settings.exports() / "appendix").exists()


def test_a_claim_has_a_function_or_expressions_and_a_fault_in_one_is_told_with_its_claim(home: Path) -> None:
    path = files.write_text(home / "geodata" / "claims.toml", _claims(2).replace("[claim.values]", "[other.values]"))
    with pytest.raises(InputError, match=r"key other: found .*expected no such key here"):
        camps.appendix.claims.read_claims(path)
    files.write_text(path, _claims(2).partition("[claim.values]")[0])
    with pytest.raises(InputError, match="claim size: found neither, expected function, or a table"):
        camps.appendix.claims.read_claims(path)
    files.write_text(path, _claims(2).replace("count(sites)", "count(camps)"))
    with pytest.raises(InputError, match=r"claims\.toml: claim size: count\(camps\): no table camps"):
        camps.appendix.build_appendix(settings.exports() / "appendix")
