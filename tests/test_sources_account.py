"""The account of conservation: what a reader takes in ends as used, as noted or as refused, piece by piece."""

from __future__ import annotations

import pytest

from camps.errors import CheckError, InputError
from camps.sources import Report
from camps.sources.report import PIECES, Balance

# ── the account itself ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_account_prints_what_became_of_every_piece() -> None:
    report = Report()
    report.take("row", 46)
    report.use("row", 41)
    for row in (7, 8):
        report.add("dropped", "no position", row=row, piece="row")
    report.add("noted", "a remark on a row that is used", row=9)
    report.note("row")
    report.refuse("row", 2)
    assert [str(balance) for balance in report.account()] == ["rows: in 46 = used 41 + noted 3 + refused 2"]
    assert report.account() == [Balance("row", 46, 41, 3, 2)]
    assert len(report) == 3
    report.settle("a list")


@pytest.mark.parametrize(("used", "noted", "off"), [(2, 0, "+1"), (0, 2, "+1"), (3, 1, "-1")])
def test_sums_that_do_not_meet_are_refused_by_name(used: int, noted: int, off: str) -> None:
    report = Report()
    report.take("feature", 3)
    report.use("feature", used)
    report.add("dropped", "no geometry", piece="feature", pieces=noted)
    with pytest.raises(CheckError, match=rf"^a\.kml: .*features: in 3 = used {used} ") as caught:
        report.settle("a.kml")
    assert off in str(caught.value)


def test_pieces_come_from_large_to_small_and_only_those_met() -> None:
    report = Report()
    for piece in ("vertex", "member", "row"):
        report.take(piece)  # type: ignore[arg-type]
        report.use(piece)  # type: ignore[arg-type]
    assert [balance.piece for balance in report.account()] == ["member", "row", "vertex"]
    assert [str(balance).partition(":")[0] for balance in report.account()] == ["members", "rows", "vertices"]
    assert set(PIECES) >= {"member", "sheet", "layer", "feature", "row", "cell", "part", "ring", "vertex", "element"}


def test_a_piece_used_that_was_never_taken_is_seen() -> None:
    report = Report()
    report.use("cell")
    with pytest.raises(CheckError, match="cells: in 0 = used 1"):
        report.settle("a list")


def _refused(report: Report) -> None:
    with report.settling("list.csv"):
        report.take("row", 5)
        report.refuse("row", 2)
        raise InputError("two rows are wrong")


def test_a_read_that_is_refused_carries_its_account() -> None:
    with pytest.raises(InputError) as caught:
        _refused(Report())
    assert caught.value.account == ("rows: in 5 = used 0 + noted 0 + refused 2 + not used 3",)


def test_a_read_that_ends_well_settles() -> None:
    report = Report()
    with pytest.raises(CheckError), report.settling("list.csv"):
        report.take("row")
