"""What used to be taken in silence, or ended in a bare error, is refused in one line that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from camps import files, growth, maps, record
from camps.catalogue import counts
from camps.cli import run
from camps.errors import InputError, MissingError


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"ru": "Лагеря"}, "title: found texts in ru, expected a text, or texts by language with one in fr or en"),
        (5, "title: found 5, expected a text"),
        ({}, "title: found {}"),
    ],
)
def test_words_that_the_page_cannot_show(words: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        maps.Words("fr", title=words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "when", "said"),
    [
        ("growth", "1950", "plate of 1950-07-02: this map shows 2017-01-01 to 2020-12-31; choose a date of it"),
        ("sites", "2018", "plate of 2018-07-02: this map shows no dates"),
    ],
)
def test_a_plate_of_a_date_that_its_map_does_not_show(
    name: str, when: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["map", name, "--out", str(tmp_path / "p.svg"), "--when", when]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "p.svg").exists()


def test_a_mode_a_base_and_an_era_that_are_none() -> None:
    with pytest.raises(InputError, match="mode 'interpolate': expected one of observed, bracket, illustrative"):
        maps.growth_map(mode="interpolate")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="base 2018"):
        growth.aggregate(counts(), base=2018)  # type: ignore[arg-type]
    eras = '[[chapter]]\nid = "a"\nfrom = 1950-01-01\nto = 1940-01-01\nname = { en = "A" }\n[[chapter]]\nid = "b"\n'
    with pytest.raises(InputError) as caught:
        record.build(record.Record, record.parse_toml((eras + "from = 1960-01-01").encode(), what="r"), what="r")
    assert "later than 'from' (1950-01-01)" in str(caught.value)
    assert "key chapter.2.name: found nothing" in str(caught.value)


def test_no_folder_is_made_in_the_root_of_the_disk(capsys: pytest.CaptureFixture[str]) -> None:
    root = Path(Path.cwd().anchor)
    with pytest.raises(MissingError, match="none is made in"):
        files.write_text(root / "camps-no-such" / "deep" / "x.txt", "x")
    assert run(["growth", "--out", str(root / "camps-no-such" / "x.csv")]) == 2
    assert "make it first" in capsys.readouterr().err
    assert not (root / "camps-no-such").exists()


def test_the_record_that_names_no_metric_is_drawn_by_what_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path / "mine"))
    files.write_text(tmp_path / "mine" / "record.toml", "")
    rows = "ID,Name,Latitude,Longitude,p_1938\n1,A,61.0,40.7,12\n"
    listed = files.write_text(tmp_path / "l.csv", rows)
    assert run(["sources", "add", str(listed), "--id", "l", "--map", "prisoners.1938=p_1938"]) == 0
    assert run(["map", "growth", "--out", str(tmp_path / "g.html")]) == 0
