"""The command line: help worth reading, one line on stderr, and the right exit status."""

from __future__ import annotations

import errno
import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest
import typer

from camps import cli, errors


@pytest.fixture
def camps(capsys: pytest.CaptureFixture[str]):
    """Return a function that runs one command and gives its status, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = cli.run(list(arguments))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def _commands() -> list[list[str]]:
    group = typer.main.get_command(cli.app)
    return [*_below(group, [])]


def _below(command: object, path: list[str]) -> list[list[str]]:
    inner = getattr(command, "commands", {})
    return [path, *(found for name, child in inner.items() for found in _below(child, [*path, name]))]


@pytest.mark.parametrize("path", _commands(), ids=" ".join)
def test_every_command_has_a_help_text_and_an_example(camps, path: list[str]) -> None:
    status, out, _ = camps(*path, "--help")
    assert status == 0
    assert len(out.splitlines()) > 5
    is_group = any(other[: len(path)] == path and len(other) > len(path) for other in _commands())
    assert is_group or "Example" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["growth", "--nope"], "No such option"),
        (["growth", "--estimator", "mean"], "'mean' is not one of"),
        (["growth", "--source", "nobody"], "nobody"),
        (["growth", "--by", "colour"], "colour"),
        (["growth", "--format", "parquet"], "--out"),
        (["growth", "--plot", "growth.pdf"], "expected a file ending in .svg or .png"),
        (["growth", "--onset", "--by", "tier"], "leave out --by"),
        (["growth", "--onset", "--base", "2018"], "leave it out"),
        (["growth", "--source", "gazetteer", "--base", "2016"], "expected one of 2017, 2018, 2019, 2020"),
        (["growth", "--metric", "area_m2", "--by", "tier", "--plot", "x.svg"], "rests on too few sites"),
    ],
)
def test_bad_input_is_one_line_on_stderr_and_status_two(camps, arguments: list[str], said: str) -> None:
    status, out, err = camps(*arguments)
    assert status == 2
    assert out == ""
    assert err.startswith("camps: ")
    assert err.count("\n") == 1
    assert said in err


def test_many_faults_are_one_line_and_all_there(camps, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [errors.Fault(f"row {n}", "95", "at most 90") for n in range(9)]

    def fail(*args: object, **kwargs: object) -> None:
        errors.raise_faults(faults, "my.csv")

    monkeypatch.setattr("camps.catalogue.counts", fail)
    status, _, err = camps("growth")
    assert status == 2
    assert err.count("\n") == 1
    assert "my.csv: 9 faults: row 0: found 95, expected at most 90 | row 1" in err
    assert err.endswith("row 8: found 95, expected at most 90\n")


@pytest.mark.parametrize(
    ("raised", "said", "status"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a.png"), "a.png: the disk is full", 2),
        (PermissionError(errno.EACCES, "Permission denied", "b"), "b: Permission denied", 2),
        (KeyError("column"), "a fault in the suite itself, KeyError: 'column'", 1),
        (KeyboardInterrupt(), "stopped; run the same command again", 130),
    ],
)
def test_what_nobody_foresaw_is_one_line_too(
    camps, monkeypatch: pytest.MonkeyPatch, raised: BaseException, said: str, status: int
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise raised

    monkeypatch.setattr("camps.catalogue.counts", fail)
    done, _, err = camps("growth")
    assert done == status
    assert err.strip().count("\n") == 0
    assert said in err


@pytest.mark.parametrize("estimator", ["naive", "held", "panel", "chain"])
def test_growth_prints_one_object_a_year(camps, estimator: str) -> None:
    status, out, _ = camps("growth", "--source", "gazetteer", "--estimator", estimator, "--format", "json")
    rows = json.loads(out)
    assert status == 0
    assert [row["t"] for row in rows] == ["2017", "2018", "2019", "2020"]
    assert all({"t", "value", "index", "n_sites", "n_observed", "n_held", "n_never"} <= set(row) for row in rows)


def test_a_list_of_many_dates_is_printed_by_the_year(camps, monkeypatch: pytest.MonkeyPatch) -> None:
    dates = [f"{year}-{month:02}" for year in (1941, 1942, 1943, 1944) for month in range(1, 12)]
    counts = pd.DataFrame({
        "unit": [f"s{n}" for n in range(44)], "metric": "peak", "t": dates, "value": 2.0, "source_id": "gazetteer",
        "closed": None,
    })  # fmt: skip
    monkeypatch.setattr("camps.growth.values", lambda *_, **__: counts)
    status, out, err = camps("growth", "--format", "json")
    assert (status, [row["t"] for row in json.loads(out)]) == (0, ["1941", "1942", "1943", "1944"])
    assert "44 dates: printed by the year; --at DATE,… for others, --every for all" in err
    assert "--estimator held adds up what stood" in err
    assert len(json.loads(camps("growth", "--format", "json", "--every")[1])) == 44
    # Of nine sites no estimator prints a number: each by itself has one.
    monkeypatch.setattr("camps.growth.values", lambda *_, **__: counts.head(9))
    helps = ("--by", "site", "--estimator", "naive")
    assert (
        f"none rests on 10 sites seen at one of these dates; {' '.join(helps)}" in camps("growth", "--at", "1941-01")[2]
    )
    each = json.loads(camps("growth", *helps, "--at", "1941-09", "--format", "json")[1])
    assert [row["group"] for row in each if row["value"] == 2.0] == ["s8"]
    monkeypatch.setattr("camps.growth.values", lambda *_, **__: counts)
    at = ["growth", "--estimator", "naive", "--at", "1942,1942-03", "--base", "1942", "--format", "json"]
    assert [row["t"] for row in json.loads(camps(*at)[1])] == ["1942-03", "1942"]
    assert "1941-01 to 1944-11, or of those in at" in camps("growth", "--base", "1900")[2]


def test_a_thin_first_year_names_the_base_that_would_do(camps, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [("2017", n) for n in range(4)] + [(year, n) for year in ("2018", "2019") for n in range(20)]
    counts = pd.DataFrame({
        "unit": [f"s{n}" for _, n in seen], "metric": "buildings", "t": [year for year, _ in seen], "value": 2.0,
        "source_id": "gazetteer", "tier": 1,
    })  # fmt: skip
    monkeypatch.setattr("camps.growth.values", lambda *_, **__: counts)
    status, out, err = camps("growth", "--format", "json")
    assert (status, [row["index"] for row in json.loads(out)]) == (0, [None] * 3)
    assert "all: no index, as 4 of 20 sites were seen at the base 2017; it has one with --base 2018 or 2019" in err
    status, out, err = camps("growth", "--format", "json", "--base", "2019")
    assert [row["index"] for row in json.loads(out)] == [None, 100, 100]
    assert "no index" not in err
    zero = counts.assign(value=counts["value"].where(counts["t"].ne("2018"), 0.0))
    monkeypatch.setattr("camps.growth.values", lambda *_, **__: zero)
    said = camps("growth", "--by", "tier", "--base", "2018")[2]
    assert said.startswith("1: no index, as nothing was counted at the base 2018; it has one with --base 2019\n")


def test_the_aspi_figures_come_out_to_the_digit(camps, mirror: Path) -> None:
    want = {
        "naive": [1749, 3038, 4172, 3184],
        "held": [1749, 3180, 4366, 4576],
        "panel": [1342, 1951, 2275, 2381],
        "chain": [100, 153.45, 180.42, 187.50],
    }
    for estimator, values in want.items():
        _, out, _ = camps("growth", "--source", "aspi-xjdp-v1", "--metric", "buildings", "--estimator", estimator,
                          "--format", "json")  # fmt: skip
        assert [round(row["value"], 2) for row in json.loads(out)] == values


def test_the_published_lists_say_their_figures(camps, mirror: Path) -> None:
    assert "at most 60" in camps("growth", "--source", "aspi-xjdp-v1", "--by", "site", "--plot", "x.svg")[2]
    _, out, err = camps("sources", "link", "buzzfeed-2021", "aspi-xjdp-v1", "--check", "--format", "csv")
    assert "373 links, 363 of them among the 369 stated pairs: precision 0.9732, recall 0.9837" in err
    assert out.startswith('outcome,left_key,right_key,distance_m,score,reason\nlost,262,275,104.7,,"261 is linked')
    _, _, err = camps("sources", "diff", "buzzfeed-2020", "buzzfeed-2021", "--format", "csv")
    assert "433 shared: 272 same, 5 moved by more than 1 m (at most 108.46 m), 156 changed; 10 dropped, 118" in err
    _, out, _ = camps("sources", "show", "osm-camps-2021", "--format", "json")
    figures = {row["what"]: row["value"] for row in json.loads(out)}
    assert (figures["outlines"], figures["geodesic area of the outlines, ha"]) == ("110", "1,682.5")
    _, out, _ = camps("sources", "show", "aspi-xjdp-v1", "--format", "json")
    figures = {row["what"]: row["value"] for row in json.loads(out)}
    assert (figures["rows printed"], figures["sites"], figures["rows or cells dropped"]) == ("380", "380", "0")
    assert figures["printed points that several rows share"] == "7"
    assert figures["datum by position"].startswith("wgs84")
    _, out, _ = camps("sources", "show", "aspi-xjdp-v1", "--missing", "--format", "csv")
    printed = [line for line in out.splitlines() if line.startswith("Number of Buildings in")]
    assert [line.split(",", 1)[1] for line in printed] == ["120,0,0,25", "84,0,0,26", "24,0,0,26", "122,0,0,26"]


def test_growth_is_written_whole_to_a_file(camps, tmp_path: Path) -> None:
    for suffix in ("csv", "parquet"):
        out = tmp_path / f"g.{suffix}"
        status, said, _ = camps("growth", "--source", "gazetteer", "--format", suffix, "--out", str(out))
        assert (status, said.strip()) == (0, str(out))
        table = pd.read_csv(out) if suffix == "csv" else pd.read_parquet(out)
        assert len(table) == 4


@pytest.mark.parametrize(
    ("options", "drawn"),
    [
        (["--source", "gazetteer"], "growth"), (["--source", "gazetteer", "--by", "tier"], "growth"),
        (["--metric", "area_m2"], "looks"), (["--source", "gazetteer", "--onset"], "onset"),
        (["--metric", "area_m2", "--onset"], "onset"),
    ],
)  # fmt: skip
def test_growth_is_drawn_beside_its_table(camps, tmp_path: Path, options: list[str], drawn: str) -> None:
    plot = tmp_path / f"{drawn}.svg"
    status, out, err = camps("growth", *options, "--format", "csv", "--plot", str(plot))
    *said, last = err.splitlines()
    assert (status, last) == (0, str(plot))
    # What a list holds beside those that are counted is said: they are in no denominator.
    told = "gazetteer: 50 of its 89 sites have buildings with a date, if only an empty cell; "
    assert [line.startswith(told) for line in said] == [True] * ("gazetteer" in options)
    assert [path.name for path in tmp_path.iterdir()] == [plot.name]
    assert ET.fromstring(plot.read_bytes()).tag.endswith("svg")
    table = pd.read_csv(io.StringIO(out))
    if drawn == "onset":
        assert table["mass"].sum() == pytest.approx(1)
        assert {"after", "by", "cumulative", "n"} <= set(table)
    else:
        assert {"t", "value", "lo", "hi"} <= set(table)


def test_nothing_said_is_help(camps) -> None:
    status, out, err = camps()
    assert "Usage: camps" in out
    assert (status, err) == (2, "")


def test_the_plan_of_a_film_says_all_that_it_will_take(camps) -> None:
    status, out, _ = camps("frames", "first", "--size", "3840x2160", "--dry-run")
    said = {line.split()[0]: " ".join(line.split()[1:]) for line in out.splitlines()}
    assert status == 0
    assert said["frames"] == "1001 to 1100: 100"
    assert said["dates"].startswith("2017-07-02 to 2020-07-02")
    assert said["disk"] == "about 829 MB"
    assert said["time"].startswith("about 21 s")


def test_a_film_on_a_cluster_that_does_not_answer_is_named(camps, tmp_path: Path) -> None:
    status, _, err = camps("frames", "first", "--cluster", "nonsense://nowhere", "--out", str(tmp_path))
    assert status == 2
    assert "nonsense://nowhere: no Dask scheduler answers there" in err
