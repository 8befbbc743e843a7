"""Hashes that notice a changed file, a record without a clock, and a log that shows every edit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camps import provenance
from camps.errors import CheckError, InputError, MissingError
from camps.provenance import CustodyLog, Inputs, RunRecord

REPOSITORY = Path(__file__).resolve().parents[1]
GAZETTEER = REPOSITORY / "geodata" / "gazetteer.csv"


def _log(n: int = 5) -> CustodyLog:
    log = CustodyLog()
    for number in range(n):
        log = log.append(f"item-{number}", "entered", sha256_after=provenance.sha256_text(str(number)))
    return log


def test_software_names_the_geospatial_libraries_and_the_code() -> None:
    versions = provenance.software()
    for name in ("camps", "GDAL (pyogrio)", "GDAL (rasterio)", "GEOS (shapely)", "PROJ (pyproj)", "typst"):
        assert versions[name][0].isdigit(), name
    assert len(versions["camps code (SHA-256)"]) == 64
    assert list(versions) == list(provenance.software())


def test_an_input_is_checked_on_every_read(tmp_path: Path) -> None:
    copy = tmp_path / "gazetteer.csv"
    copy.write_bytes(GAZETTEER.read_bytes())
    inputs = Inputs()
    entered = inputs.enter("gazetteer", copy)
    assert entered.n_bytes == GAZETTEER.stat().st_size
    assert inputs.path("gazetteer") == copy
    copy.write_bytes(copy.read_bytes().replace(b"43.38", b"43.39", 1))
    with pytest.raises(CheckError, match=r"gazetteer has SHA-256 .* expected " + entered.sha256):
        inputs.path("gazetteer")


def test_an_input_must_have_the_sum_that_was_published() -> None:
    with pytest.raises(CheckError, match="expected 0000"):
        Inputs().enter("gazetteer", GAZETTEER, sha256="0" * 64)


def test_one_id_cannot_stand_for_two_files() -> None:
    inputs = Inputs()
    inputs.enter("gazetteer", GAZETTEER)
    inputs.enter("gazetteer", GAZETTEER)
    with pytest.raises(InputError, match="two contents"):
        inputs.enter("gazetteer", GAZETTEER.with_name("no_coordinates.csv"))
    with pytest.raises(InputError, match="expected one of: gazetteer"):
        inputs.path("aspi")
    with pytest.raises(MissingError):
        inputs.enter("absent", GAZETTEER.with_name("absent.csv"))


def test_a_run_is_named_by_all_that_it_records() -> None:
    record = RunRecord("camps.growth.aggregate", {"gazetteer": "ab"}, {"growth": "cd"}, {"by": "tier"}, seed=1)
    assert record.run_id == replace(record).run_id
    assert record.run_id != replace(record, seed=2).run_id


def test_a_custody_log_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    log = _log().append("item-0", "corrected", sha256_before="a" * 64, sha256_after="b" * 64, utc="2020-06-02")
    path = provenance.write_custody(log, tmp_path / "custody.jsonl")
    assert provenance.read_custody(path, head=log.head) == log
    assert log.events[0].prev_hash == provenance.GENESIS


def test_a_custody_log_only_grows(tmp_path: Path) -> None:
    path = provenance.write_custody(_log(3), tmp_path / "custody.jsonl")
    provenance.write_custody(_log(4), path)
    with pytest.raises(CheckError, match="only ever added to"):
        provenance.write_custody(_log(3), path)
    with pytest.raises(InputError, match="expected one of"):
        _log(1).append("x", "invented")  # type: ignore[arg-type]


def _edited(lines: list[str]) -> list[str]:
    return [line.replace("item-2", "item-9") for line in lines]


def _rehashed(lines: list[str]) -> list[str]:
    """Write the whole log anew around an edited line, as somebody who knows the format would."""
    log = CustodyLog()
    for line in _edited(lines):
        event = json.loads(line)
        log = log.append(event["item_id"], event["event"], sha256_after=event["sha256_after"])
    return log.text.splitlines()


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (_edited, "line 4"),
        (lambda lines: lines[:2] + lines[3:], "line 3"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "line 2"),
        (lambda lines: lines[1:], "line 1"),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], "line 4"),
        (lambda lines: [lines[0].replace(":", ": ", 1), *lines[1:]], "line 1"),
        (lambda lines: [lines[0], "not json", *lines[2:]], "line 2"),
        (lambda lines: [lines[0], "", *lines[1:]], "line 2"),
        (lambda lines: lines[:-1], "end of the log"),
        (_rehashed, "end of the log"),
        (lambda lines: [], "end of the log"),
    ],
)
def test_every_change_of_a_custody_log_is_named(tamper, named: str) -> None:
    log = _log()
    changed = "".join(f"{line}\n" for line in tamper(log.text.splitlines()))
    faults = provenance.find_custody_faults(changed, head=log.head)
    assert any(named in fault.where for fault in faults)


def test_a_log_cut_inside_its_last_line_shows() -> None:
    assert provenance.find_custody_faults(_log().text[:-1])[-1].where == "last line"


@given(st.binary(min_size=1, max_size=1), st.integers(min_value=0))
def test_no_single_byte_can_change_unseen(byte: bytes, where: int) -> None:
    log = _log(3)
    whole = log.text.encode()
    at = where % len(whole)
    changed = whole[:at] + byte + whole[at + 1 :]
    faults = provenance.find_custody_faults(changed.decode("utf-8", errors="replace"), head=log.head)
    assert bool(faults) == (changed != whole)


@given(st.text(max_size=40))
def test_any_item_id_survives_the_log(item_id: str) -> None:
    item_id = item_id.encode("utf-8", errors="ignore").decode()
    log = CustodyLog().append(item_id, "entered").append("next", "derived")
    assert provenance.find_custody_faults(log.text, head=log.head) == []
