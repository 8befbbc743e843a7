"""Text from outside reaches the screen as text: no markup, no control of the terminal, no line of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pandas as pd
import pytest

import camps
from camps import build, cli
from camps.cli.output import TableFormat, deliver_table, visible
from camps.errors import InputError
from camps.film.records import FrameRecord, read_journal, write_journal
from camps.sources.archives import choose

#: Characters at which Python's splitlines() breaks, and JavaScript or a terminal may.
LINE_BREAKERS = ["\u2028", "\u2029", "\u0085", "\v", "\f", "\x1c", "\x1d", "\x1e"]


@pytest.mark.parametrize("cell", ["[old] wall", "[/red]", "[bold]north[/bold]", "a [link=x]b", "\\[x]"])
def test_brackets_in_a_table_are_printed_and_are_no_markup(capsys: pytest.CaptureFixture[str], cell: str) -> None:
    deliver_table(pd.DataFrame({cell: [cell]}), TableFormat.table, None)
    assert capsys.readouterr().out.count(cell) == 2


@pytest.mark.parametrize(
    "control", ["\x1b[31m", "\x1b]0;title\x07", "\r", "\x9b2J", "\u202e", "\u2066", *LINE_BREAKERS]
)
def test_no_control_character_of_a_cell_or_a_message_reaches_the_terminal(
    capsys: pytest.CaptureFixture[str], control: str
) -> None:
    deliver_table(pd.DataFrame({"name": [f"a{control}b"]}), TableFormat.table, None)
    printed = capsys.readouterr().out
    assert visible(f"a{control}b") in printed
    assert not [c for c in printed if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"} and c != "\n"]


def test_all_that_is_said_to_a_reader_goes_through_what_writes_controls_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "checks", lambda: [build.Check("list", "ok", "A\x1b]0;title\x07 title")])
    assert cli.run(["doctor"]) == 0
    assert capsys.readouterr().out.endswith("A\\x1b]0;title\\x07 title\n")
    modules = [path for path in Path(cli.__file__).parent.glob("*.py") if path.name != "output.py"]
    assert not [path.name for path in modules if re.search(r"(?<![\w.])print\(|stdout\.write", path.read_text("utf-8"))]


def test_a_console_with_a_small_code_page_shows_a_question_mark_instead_of_stopping(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "CAMPS_CACHE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "camps.cli", "doctor"], capture_output=True, env=environment, timeout=120, check=False
    )
    assert b"Traceback" not in done.stderr
    assert done.stdout.startswith(b"? python")


@pytest.mark.parametrize("breaker", LINE_BREAKERS)
def test_a_map_keeps_a_name_with_a_line_breaking_character(breaker: str) -> None:
    """splitlines() cut the page's data in two at such a name: a blank map, and no word of it."""
    sites = camps.catalogue.load().head(3).copy()
    sites["name_en"] = f"East{breaker}gate"
    html = camps.maps.page.html_text(camps.maps.site_map(sites))
    found = re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    assert f"East{breaker}gate" in {entry["names"]["en"] for entry in json.loads(found[1])["sites"]}


@pytest.mark.parametrize("breaker", LINE_BREAKERS)
def test_a_stopped_film_is_gone_on_with_whose_labels_hold_a_line_breaking_character(
    tmp_path: Path, breaker: str
) -> None:
    """splitlines() cut the line of each such frame in two, and all were drawn again."""
    drawn = FrameRecord(1001, {"beauty": ("key", "0" * 64)}, {"labels": [f"East{breaker}gate"]})
    write_journal(tmp_path, [drawn])
    assert read_journal(tmp_path) == [drawn]


def test_a_layer_that_a_message_names_can_be_copied() -> None:
    with pytest.raises(InputError, match=r"say which with --layer 'Old town', or --layer '\*' for all of them"):
        choose(["Old town", "New"], None, Path("a.gpkg"), what="layer")
