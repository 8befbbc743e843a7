"""A record of one's own: begun whole or not at all, built as it is, and told by the doctor what it leaves out."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from camps import build, files, film, record, settings, sources
from camps.build import notebooks
from camps.build.doctor import record_checks
from camps.cli import run
from camps.errors import InputError, MissingError

STARTER = Path(build.__file__).with_name("starter")
DOCS = Path(__file__).resolve().parents[1] / "docs"
LIST = "ID,Name,Latitude,Longitude,Opened,Country\n1,Camp,61.0,40.7,1930,\n2,Other,62.0,41.7,1931,\n"


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder that is in no record."""
    monkeypatch.delenv("CAMPS_HOME", raising=False)
    monkeypatch.delenv("CAMPS_EXPORTS", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _uncommented(text: str) -> str:
    return re.sub(r"^#(?=[\[a-z])", "", text, flags=re.MULTILINE)


def test_the_starting_record_falls_back_in_all_but_its_title() -> None:
    content = record.read_toml(STARTER / "record.toml")
    assert record.build(record.Record, {**content, "title": {}}, what="starter") == record.Record()


def test_the_starting_record_shows_every_key_with_its_fallback() -> None:
    text = _uncommented((STARTER / "record.toml").read_text("utf-8"))
    whole = record.build(record.Record, record.parse_toml(text.encode(), what="starter"), what="starter")
    assert [key for key in whole.fallbacks() if "." not in key] == []
    plain = record.Record()
    assert (whole.contact, whole.languages, whole.look) == (plain.contact, plain.languages, plain.look)
    # What counts prisoners says that a place is open; what is left out is asked for, and TOML has no word for that.
    apart = {"name", "one", "many", "held", "shows_open"}
    assert whole.metrics["prisoners"].model_dump(exclude=apart) == record.Metric().model_dump(exclude=apart)


def test_what_is_left_out_is_told_as_the_manual_has_it() -> None:
    text = (DOCS / "record.md").read_text("utf-8").replace("’", "'").replace("`", "")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    manual = {re.sub(r"[\[\]]|\..*", "", row[0]): row[-1] for row in rows}
    assert {key: manual[key] for key in record.FALLBACKS} == record.FALLBACKS
    assert set(record.FALLBACKS) == {field.alias or name for name, field in record.Record.model_fields.items()}


def test_a_record_is_begun_with_a_list_and_read(outside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files.write_text(outside / "Läger 1930.csv", LIST)
    assert run(["init", "mine", "--from", "Läger 1930.csv"]) == 0
    assert capsys.readouterr().out.startswith("mine: begun with the list lager-1930. Next:\n  cd mine\n")
    with settings.standing_in(outside / "mine"):
        assert sources.read("lager-1930").sites["name_en"].to_list() == ["Camp", "Other"]
        assert record.current().title == {"en": "mine"}
        assert film.read_shot("first").map.kind == "sites"
        assert {path.name for path in settings.home().iterdir()} == {
            "README.md", "exports", "geodata", "notebooks", "record.toml", "shots",
        }  # fmt: skip


def test_what_was_odd_in_a_first_list_is_said_and_the_way_into_its_folder_works(
    outside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row without a position was left out without a word, and `cd our camps` went nowhere."""
    files.write_text(outside / "list.csv", f"{LIST.rstrip()}\n9,Nowhere,,,,\n")
    assert run(["init", "our camps", "--from", "list.csv"]) == 0
    said = "our camps: begun with the list list (remarks on how it is read: 1). Next:\n  cd 'our camps'\n"
    assert capsys.readouterr().out.startswith(f"{said}  camps sources show list --remarks\n")


def test_a_source_of_the_record_that_one_stands_in_is_taken_over(
    outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    listed = next(name for name in sources.lists() if sources.entry(name).files[0].bundled)
    expected = sources.read(listed).sites
    assert build.start(outside / "mine", from_list=listed) == listed
    with settings.standing_in(outside / "mine"):
        assert sources.read(listed).sites.equals(expected)


@pytest.mark.parametrize(
    ("content", "said"),
    [("a,b\n1,2\n", "no column is mapped to lat and lon"), ("ID,Latitude,Longitude\n1,abc,1\n", "abc")],
)
def test_a_folder_that_cannot_be_finished_is_taken_away_again(
    outside: Path, content: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files.write_text(outside / "bad list.csv", content)
    assert run(["init", "mine", "--from", "bad list.csv"]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    again = f"camps sources add {shlex.quote(str(outside / 'bad list.csv'))} --id bad-list"
    assert f"no folder was made: begin without --from, then `{again}`" in shown
    assert [path.name for path in outside.iterdir()] == ["bad list.csv"]


def test_a_folder_that_is_there_is_never_touched(outside: Path) -> None:
    (outside / "mine").mkdir()
    with pytest.raises(InputError, match="is there already"):
        build.start(outside / "mine")
    assert list((outside / "mine").iterdir()) == []
    with pytest.raises(MissingError, match="no such folder to make mine in; make it first"):
        build.start(outside / "no" / "mine")
    with pytest.raises(MissingError, match="nothing: no file of that name, nor a source of the record here"):
        build.start(outside / "other", from_list="nothing")
    assert [path.name for path in outside.iterdir()] == ["mine"]


def test_a_title_cannot_break_the_record(outside: Path) -> None:
    build.start(outside / 'a "b" \\c')
    with settings.standing_in(outside / 'a "b" \\c'):
        assert record.current().title == {"en": "a  b   c"}


def test_the_first_command_of_the_manual_works_in_an_empty_record(
    outside: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files.write_text(outside / "l.csv", LIST)
    assert run(["init", "mine"]) == 0
    monkeypatch.chdir(outside / "mine")
    assert run(["sources", "add", "../l.csv", "--id", "l"]) == 0
    assert run(["sources", "list"]) == 0


def test_the_doctor_speaks_of_a_record_without_a_list_and_of_none(
    outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {check.name: check for check in record_checks()}
    assert told["record"].state == "absent"
    assert "camps init NAME" in told["record"].detail
    build.start(outside / "mine")
    monkeypatch.chdir(outside / "mine")
    assert "no list yet" in {check.name: check for check in record_checks()}["record"].detail


def test_the_doctor_lists_the_keys_that_fell_back(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write_text(outside / "l.csv", LIST)
    build.start(outside / "mine", from_list="l.csv")
    monkeypatch.chdir(outside / "mine")
    text = 'title = { en = "x" }\nlook = "light"\n[metric.prisoners]\nunit = ""\nzero = "unknown"\n'
    files.write_text(outside / "mine" / "record.toml", text)
    left = "left out of record.toml: "
    told = {check.name: check.detail for check in record_checks() if check.detail.startswith(left)}
    assert set(told) == set(record.FALLBACKS) - {"title", "look", "metric"} | {"metric.prisoners"}
    assert "held is none" in told["metric.prisoners"]
    assert "zero" not in told["metric.prisoners"]
    assert told["languages"].endswith('["en"]')


PATHS = sorted((STARTER / "notebooks").glob("*.ipynb"))


def test_the_starting_notebooks_are_seven_thin_and_clean() -> None:
    assert len(PATHS) == 7
    for path in PATHS:
        notebook = notebooks.read_notebook(path)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert not any(re.search(r"^\s*(def|class|lambda) ", cell.source, re.MULTILINE) for cell in code)
        assert notebooks.describe(path).text
    done = subprocess.run([sys.executable, "-m", "nbstripout", "--verify", *map(str, PATHS)], check=False)
    assert done.returncode == 0


def test_an_empty_record_builds_with_its_notebooks(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All their cells in one kernel: seven kernels would take a minute to start."""
    build.start(outside / "mine")
    monkeypatch.chdir(outside / "mine")
    as_one_notebook(settings.home() / "notebooks")
    assert run(["build"]) == 0
    assert "no list yet" in (settings.exports() / "index.html").read_text("utf-8")
    assert (settings.exports() / "notebooks" / "00_all.html").is_file()


def as_one_notebook(folder: Path) -> None:
    """Make one notebook of all, because each kernel takes seconds to start."""
    read = [notebooks.read_notebook(path) for path in sorted(folder.glob("*.ipynb"))]
    whole = read[0].copy()
    whole.cells = [cell for one in read for cell in one.cells]
    for n, cell in enumerate(whole.cells):
        cell.id = f"c{n}"
    for path in folder.glob("*.ipynb"):
        path.unlink()
    files.write_text(folder / "00_all.ipynb", nbformat.writes(whole))
