"""Every file of a record, harmed: refused in lines that a reader can act on, and never by a trace."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camps import catalogue, cli, imagery, record, sources
from camps.appendix import findings, passages, words
from camps.errors import InputError

ROOT = Path(__file__).resolve().parents[1]


def _benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("record_files", ROOT / "benchmarks" / "record_files.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


harming = _benchmark()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of this record in which one stands."""
    for name in harming.COPIED:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path))
    monkeypatch.delenv("CAMPS_MIRROR", raising=False)
    return tmp_path


def _read(home: Path, name: str, content: bytes) -> None:
    (home / name).write_bytes(content)
    if name != "geodata/sources.toml":
        harming.follow(home, name)
    harming.READERS[name](home / name)


#: Each ended in a trace.
HARMED = [
    ("geodata/restrictions.toml", "restriction = 5", r"restrictions\.toml: key restriction: found 5"),
    ("geodata/restrictions.toml", "[[restriction]]\ntable = ['sites']", r"restrictions\.toml: 4 faults"),
    ("record.toml", f"title = {'9' * 5000}", r"record\.toml: not TOML"),
    ("geodata/claims.toml", "claim = [1]", r"claims\.toml: key claim\.1: found 1"),
    ("geodata/claims.toml", "edition = 1", r"claims\.toml: key edition: found 1"),
    (
        "geodata/no_coordinates.csv",
        "",
        r"line 1: found nothing, expected the names of the columns",
    ),
    ("geodata/no_coordinates.csv", 'a,b\n"x', r"no_coordinates\.csv: not CSV in UTF-8"),
    ("geodata/footprints/dabancheng_looks.csv", "x\n1\n", "no column site_id, scene_id, status"),
    ("geodata/scenes/scenes.csv", "scene_id\n1\n", "no column t_lo, t_hi"),
    ("geodata/scenes/scenes.csv", "scene_id,observed_on\n", "column sensor: found no such column"),
    ("geodata/scenes/scenes.csv", "scene_id,t_lo,t_hi\n1,2,3,4\n", r"line 2: found 4 cells, expected 3"),
    ("geodata/footprints/dabancheng_coverage.geojson", '{"type": "Feature', r"dabancheng_coverage\.geojson"),
    ("notebooks/00_sources.ipynb", '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "first cell"),
    ("notebooks/00_sources.ipynb", '{"cells": 5, "nbformat": 3}', "no Jupyter notebook"),
    ("notebooks/00_sources.ipynb", "[]", "no Jupyter notebook"),
    ("notebooks/00_sources.ipynb", '{"cells": [{"cell_type": "x"}], "nbformat": 1}', "no Jupyter notebook"),
    ("shots/first.toml", "[[camera]]\nat = 0\nfit = ['x']", r"key camera\.1\.fit"),
]


@pytest.mark.parametrize(("name", "text", "said"), HARMED)
def test_a_harmed_file_is_refused_in_words(home: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        _read(home, name, text.encode("utf-8"))


def test_a_register_with_other_types_than_text_is_refused(home: Path) -> None:
    sound = (home / "geodata/sources.toml").read_text("utf-8")
    for old, new, said in (
        ('bundled = "gazetteer.csv"', 'bundled = ["x"]', "bundled = "),
        ('bundled = "gazetteer.csv"', 'bundled = "../x"', "bundled = "),
        ('name = "gazetteer.csv"', "name = 1.5", "name = 1.5"),
        ('id = "gazetteer"', "id = ['x']", r"id = \['x'\]"),
    ):
        assert old in sound
        with pytest.raises(InputError, match=said):
            _read(home, "geodata/sources.toml", sound.replace(old, new).encode("utf-8"))


#: One of each kind of file; the benchmark harms all.
NAMES = sorted(name for name in harming.READERS if not name.startswith("shots/") or name == "shots/first.toml")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", [b"\xed\xa0\x80", b"x = " + b"[" * 2000])
def test_what_is_no_text_or_has_no_end_of_brackets_is_refused(home: Path, name: str, content: bytes) -> None:
    assert harming.try_one(home, name, lambda path: _read(home, name, content)) in ("refused", "well")


#: Files that a record may do without.
OPTIONAL: dict[str, Callable[[], object]] = {
    "record.toml": record.current,
    "geodata/archives.csv": sources.verify_archives,
    "geodata/decisions.csv": catalogue.read_decisions,
    "geodata/findings.py": findings.load_findings,
    "geodata/no_coordinates.csv": catalogue.unplaced,
    "geodata/passages.toml": passages.read_passages,
    "geodata/prose.toml": words.prose,
    "geodata/scenes/calibration.toml": imagery.area.bundled,
    "geodata/scenes/stac.toml": imagery.stac.presets,
    "geodata/sources.toml": sources.registry,
}


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_link_to_nothing_or_a_folder_is_no_file_that_was_left_out(home: Path, name: str) -> None:
    """Decisions behind a link to a disk that was not there were left out without a word."""
    (home / name).unlink(missing_ok=True)
    for put in (Path.mkdir, lambda path: path.symlink_to(home / "nowhere")):
        put(home / name)
        with pytest.raises(InputError, match=r"a folder, or a link to nothing; expected a file, or nothing of that"):
            OPTIONAL[name]()
        (home / name).unlink() if (home / name).is_symlink() else (home / name).rmdir()


@pytest.mark.parametrize("command", ["list", "verify"])
def test_a_register_without_a_source_is_listed(home: Path, command: str) -> None:
    (home / "geodata/sources.toml").write_text("", "utf-8")
    assert cli.run(["sources", command]) == 0


def test_a_word_where_a_footprint_has_a_number_is_named(home: Path) -> None:
    name = "geodata/footprints/dabancheng_footprints.geojson"
    content = json.loads((home / name).read_bytes())
    content["features"][3]["properties"]["edge_sd_m"] = "x"
    with pytest.raises(InputError, match="row 4, column edge_sd_m: found 'x', expected a number, or nothing"):
        _read(home, name, json.dumps(content).encode("utf-8"))


def test_a_feature_that_is_none_is_missed_and_named(home: Path) -> None:
    """GDAL passes over it, and the vertices were looked for in the features that were left."""
    name = "geodata/footprints/dabancheng_footprints.geojson"
    content = json.loads((home / name).read_bytes())
    content["features"][3] = [content["features"][3]]
    n = len(content["features"])
    with pytest.raises(InputError, match=rf"{n} features, of which {n - 1} can be read"):
        _read(home, name, json.dumps(content).encode("utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_files_harmed_at_random_end_in_no_trace(home: Path, name: str) -> None:
    """The benchmark does the same thousands of times."""
    rng = random.Random(name)
    sound = (home / name).read_bytes()
    harmed = harming.harm(sound, Path(name).suffix, rng)
    assert harming.try_one(home, name, lambda path: _read(home, name, harmed)) in ("refused", "well")


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=6), min_size=1, max_size=5))
def test_no_text_of_an_export_is_a_formula_and_each_is_read_back_as_it_was(texts: list[str]) -> None:
    formulas = ["=1+1", "'=1+1", "@x", "-2+3", "\t=x", "\rx", "a\r=1", "x\r\ny", "-5", "-", "-inf", "-1_0", "＝1", "a"]
    frame = pd.DataFrame({"text": [*texts, *formulas], "n": -1.5, "=1+2": "x"})
    written = record.csv_text(frame).encode("utf-8")
    cells = [row[0] for row in csv.reader(io.StringIO(written.decode("utf-8"), newline=""))]
    assert not [cell for cell in cells[1:] if len(cell) > 1 and cell[0] in "=+-@\t\r\n＝" and not _is_number(cell)]
    assert written.splitlines()[0] == b"text,n,'=1+2"
    assert record.parse_csv(written, what="one").equals(frame.astype("string").astype(object))


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", text, re.ASCII) is not None


def test_a_table_of_the_record_is_read_as_printed(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_bytes('\ufeffa,b\r\nN/A,\r\n\r\n"x,\ny",2\r\n'.encode())
    assert record.read_csv(path).to_dict("list") == {"a": ["N/A", "x,\ny"], "b": ["", "2"]}
    assert record.read_csv(path, null="")["b"].tolist() == [None, "2"]
    path.write_text("a,a\n1\n", "utf-8")
    with pytest.raises(InputError, match=r"2 faults\n.*column 'a' twice.*\n.*line 2: found 1 cells, expected 2"):
        record.read_csv(path)
