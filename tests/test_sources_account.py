"""The account of conservation: what a reader takes in ends as used, as noted or as refused, piece by piece."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from typing import Any

import pandas as pd
import pytest
from record_support import entry_of

from camps import cli, settings, sources
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


# ── lists through a mapping ──────────────────────────────────────────────────────────────────────────────────────


def _account(path: Path, text: str, mapping: dict[str, str], **options: Any) -> list[str]:
    path.write_text(text, encoding="utf-8")
    return [str(balance) for balance in sources.read_file(path, entry_of(path, mapping, **options)).report.account()]


PLACED = {"key": "id", "lat": "lat", "lon": "lon"}
RICH = {
    **PLACED, "name_en": "name", "tier": "tier", "r95_m": "r", "opened": "opened", "buildings.2018": "n",
    "references.aspi": "aspi", "part_of": "whole",
}  # fmt: skip
HEADER = "id,lat,lon,name,tier,r,opened,n,aspi,whole\n"


@pytest.mark.parametrize(
    ("rows", "balances"),
    [
        ("a,43,88,A,1,5,2017,9,3,\nb,43,88,B,2,5,2018,?,N/A,a\n",
         ["rows: in 2 = used 2 + noted 0 + refused 0", "cells: in 18 = used 17 + noted 1 + refused 0"]),
        ("a,43,88,A,1,5,2017,9,3,\nb,,88,B,2,5,2018,4,4,\n\n",
         ["rows: in 3 = used 1 + noted 2 + refused 0", "cells: in 17 = used 9 + noted 8 + refused 0"]),
        ("a,43,88,A,1.5,-5,once,x,\",\",z\n",
         ["rows: in 1 = used 1 + noted 0 + refused 0", "cells: in 10 = used 4 + noted 6 + refused 0"]),
    ],
)  # fmt: skip
def test_every_row_and_mapped_cell_of_a_list_is_accounted_for(tmp_path: Path, rows: str, balances: list[str]) -> None:
    assert _account(tmp_path / "list.csv", HEADER + rows, RICH) == balances


def test_a_list_that_is_refused_says_how_many_rows_are(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    with pytest.raises(InputError) as caught:
        _account(path, "id,lat,lon\na,43,88\nb,91,200\nc,x,88\nd,,88\n", PLACED)
    assert caught.value.account[0] == "rows: in 4 = used 0 + noted 0 + refused 2 + not used 2"


def test_columns_that_are_not_mapped_are_named_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("id,lat,lon,county,guards\na,43,88,x,5\n")
    report = sources.read_file(path, entry_of(path, PLACED)).report
    assert [remark.reason for remark in report] == ["2 of 5 columns are not mapped and not read: county, guards"]


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("source_id", "pieces"),
    [
        ("gazetteer", {"row": (89, 89), "cell": (2554, 2554)}),
        ("aspi-xjdp-v1", {"row": (380, 380), "cell": (6885, 6875)}),
        ("buzzfeed-2020", {"row": (443, 443), "cell": (2154, 2154)}),
        ("buzzfeed-2021", {"row": (554, 551), "cell": (5186, 5186)}),
        ("osm-camps-2021", {"feature": (110, 110), "vertex": (817, 817)}),
    ],
)
def test_the_accounts_of_the_published_lists(mirror: Path, source_id: str, pieces: dict[str, tuple[int, int]]) -> None:
    account = {balance.piece: balance for balance in sources.read(source_id).report.account()}
    assert {piece: (account[piece].taken, account[piece].used) for piece in pieces} == pieces  # type: ignore[index]
    assert all(balance.taken - balance.used == balance.noted for balance in account.values())


SS_CSV = {"key": "ID", "name_en": "SubcampDiaFix", "lat": "LAT", "lon": "LONG", "opened": "Date_Open",
          "closed": "Date_Close", "category": "Main"}  # fmt: skip
SS_XLS = {"key": "ID,C,254", "name_en": "SUBCAMP,C,254", "lat": "LAT,N,19,11", "lon": "LONG,N,19,11",
          "opened": "DATE_OPEN,D", "closed": "DATE_CLOSE,D", "category": "MAIN,C,254"}  # fmt: skip
#: Every list of the mirror through the reader of any list: what is told of it, and its rows taken and used.
EVERY_LIST: dict[str, tuple[dict[str, str], tuple[int, int]]] = {
    "aspi-xjdp-v1/CampDataset_v1.csv": ({}, (380, 380)),
    "buzzfeed-2020/Xinjiang_camps_database_BuzzFeed.csv": ({}, (443, 443)),
    "buzzfeed-2021/210720_all_locations_BFN.csv": ({}, (554, 551)),
    "dabancheng/dabancheng_blind_repeat.geojson": ({}, (156, 156)),
    "dabancheng/dabancheng_footprints.geojson": ({}, (689, 689)),
    "gazetteer/gazetteer.csv": ({}, (89, 89)),
    "ss-camps/SS_Camps_Definitive.xls": (SS_XLS, (1111, 1111)),
    "ss-camps/hgc_data.csv": (SS_CSV, (1111, 1111)),
}
#: Tables without positions: refused by name, with the rows that were met.
NO_PLACES = {
    "dabancheng/dabancheng_looks.csv": 26, "dabancheng/dabancheng_looks_by_area.csv": 78,
    "dabancheng/dabancheng_series.csv": 26, "dabancheng/scenes.csv": 13, "gazetteer/no_coordinates.csv": 17,
    "history/prisons_read.psv": 89, "history/us_import_bans_read.psv": 33, "nbs-divisions/nbs_penal_units.csv": 128,
}  # fmt: skip
#: Read by a reader of its own, above.
OWN_READER = {"osm-camps-2021/reedcamps.osm"}


def _here(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        pytest.skip(f"no {name} in the mirror")
    return path


@pytest.mark.mirror
@pytest.mark.parametrize("name", EVERY_LIST)
def test_the_account_of_every_list_of_the_mirror_meets(mirror: Path, name: str) -> None:
    mapping, rows = EVERY_LIST[name]
    added = sources.prepare(_here(mirror, name), "mine", sources.About(mapping=mapping))
    account = {balance.piece: balance for balance in added.source.report.account()}
    print(name, *account.values(), sep="\n")
    assert (account["row"].taken, account["row"].used) == rows
    assert [balance.lost for balance in account.values()] == [0] * len(account)
    assert len(added.source.records) == rows[1]


@pytest.mark.mirror
@pytest.mark.parametrize("name", NO_PLACES)
def test_a_table_without_positions_is_refused_with_its_account_and_a_way_on(mirror: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"no column is mapped to lat and lon.*say --map lat=COLUMN") as caught:
        sources.prepare(_here(mirror, name), "mine")
    n = NO_PLACES[name]
    assert caught.value.account == (f"rows: in {n} = used 0 + noted 0 + refused 0 + not used {n}",)


@pytest.mark.mirror
def test_no_list_of_the_mirror_is_left_out(mirror: Path) -> None:
    suffixes = {".csv", ".tsv", ".psv", ".xls", ".xlsx", ".ods", ".geojson", ".osm", ".kml", ".gpkg", ".zip"}
    found = {path.relative_to(mirror).as_posix() for path in mirror.rglob("*") if path.suffix in suffixes}
    assert found <= {*EVERY_LIST, *NO_PLACES, *OWN_READER}


@pytest.mark.mirror
def test_one_list_reads_the_same_from_two_of_its_editions(mirror: Path) -> None:
    """1,111 camps of the SS as CSV and as an old workbook: the same places, to the digits that both print."""
    names = ("ss-camps/hgc_data.csv", "ss-camps/SS_Camps_Definitive.xls")
    one, other = (
        sources.prepare(_here(mirror, name), "mine", sources.About(mapping=EVERY_LIST[name][0])).source.sites
        for name in names
    )
    both = one.merge(other, on="source_key")
    assert len(both) == 1111
    assert (both["lat_x"] - both["lat_y"]).abs().max() < 1e-6
    assert (both["lon_x"] - both["lon_y"]).abs().max() < 1e-6


@pytest.mark.mirror
def test_cells_taken_of_the_aspi_list_are_those_that_pandas_counts(mirror: Path) -> None:
    raw = pd.read_csv(mirror / "aspi-xjdp-v1" / "CampDataset_v1.csv", dtype=str, keep_default_na=False)
    said = raw.apply(lambda column: column.str.strip() != "")
    nothing = raw.map(lambda cell: set(cell.strip().upper()) == {"?"} or cell.strip().upper() in ("N/A", "#N/A"))
    aspi = run_path(str(settings.geodata() / "readers" / "aspi.py"))
    texts = ["Number", "Name_Code", "Lat", "Long", "Prefecture", *aspi["_EXTRAS"], *aspi["COUNTED"].values()]
    others = ["Tier", *aspi["_REFERENCES"], *aspi["_DATES"]]
    expected = said[texts].sum().sum() + (said[others] & ~nothing[others]).sum().sum()
    assert sources.read("aspi-xjdp-v1").report.taken["cell"] == expected


def test_the_account_is_printed_by_add_and_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_text("id,lat,lon\na,43,88\nb,,88\n")
    assert cli.run(["sources", "add", str(path), "--id", "my-list", "--dry-run"]) == 0
    assert (
        "rows: in 2 = used 1 + noted 1 + refused 0\ncells: in 5 = used 3 + noted 2 + refused 0\n"
        in capsys.readouterr().out
    )
    assert cli.run(["sources", "show", "gazetteer", "--format", "csv"]) == 0
    assert "account of rows,in 89 = used 89 + noted 0 + refused 0" in capsys.readouterr().out
    path.write_text("id,lat,lon\na,43,88\nb,x,88\n")
    assert cli.run(["sources", "add", str(path), "--id", "my-list", "--dry-run"]) == 2
    assert "rows: in 2 = used 0 + noted 0 + refused 1 + not used 1" in capsys.readouterr().out
