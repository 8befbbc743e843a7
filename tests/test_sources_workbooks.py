"""Workbooks as shown: dates by their number format, merged cells, formulas, sheets; XLSX, XLS and ODS alike."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
import python_calamine
import xlwt
from odf import number as odf_number
from odf import style, table, text
from odf.opendocument import OpenDocumentSpreadsheet
from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from record_support import source_of

from camps import sources
from camps.errors import InputError
from camps.sources import Report, Source, workbooks
from camps.sources.shown import parts_of_format

MAPPING = {"key": "id", "lat": "lat", "lon": "lon", "opened": "opened"}
HEADER = ["id", "lat", "lon", "opened"]


class Cell(NamedTuple):
    """A cell to write: its value, its number format, and how many rows and columns it is merged over."""

    value: Any
    format: str = ""
    down: int = 1
    across: int = 1


Rows = Sequence[Sequence[Any]]


def _cell(one: Any) -> Cell:
    return one if isinstance(one, Cell) else Cell(one)


def _xlsx(path: Path, sheets: dict[str, Rows], hidden: Sequence[str] = (), concealed: Sequence[int] = ()) -> None:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for row, cells in enumerate(rows, 1):
            sheet.row_dimensions[row].hidden = row in concealed
            for column, cell in enumerate(map(_cell, cells), 1):
                if cell.value is not None:
                    made = sheet.cell(row, column, cell.value)
                    made.number_format = cell.format or made.number_format
                if cell.down > 1 or cell.across > 1:
                    corner = f"{get_column_letter(column + cell.across - 1)}{row + cell.down - 1}"
                    sheet.merge_cells(f"{get_column_letter(column)}{row}:{corner}")
    book.save(path)


def _xls(path: Path, sheets: dict[str, Rows], hidden: Sequence[str] = (), concealed: Sequence[int] = ()) -> None:
    book = xlwt.Workbook()
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        sheet.visibility = 1 if name in hidden else 0
        for row, cells in enumerate(rows):
            sheet.row(row).hidden = row + 1 in concealed
            for column, cell in enumerate(map(_cell, cells)):
                look = xlwt.easyxf(num_format_str=cell.format or ("YYYY-MM-DD" if _is_date(cell) else "General"))
                if cell.down > 1 or cell.across > 1:
                    last = (row + cell.down - 1, column + cell.across - 1)
                    sheet.write_merge(row, last[0], column, last[1], cell.value, look)
                elif cell.value is not None:
                    sheet.write(row, column, cell.value, look)
    book.save(str(path))


def _is_date(cell: Cell) -> bool:
    return isinstance(cell.value, dt.date)


ODF_PARTS = {
    "yyyy": odf_number.Year, "mmm": odf_number.Month, "d": odf_number.Day, "q": odf_number.Quarter,
    "h": odf_number.Hours,
}  # fmt: skip


def _ods(path: Path, sheets: dict[str, Rows], hidden: Sequence[str] = (), concealed: Sequence[int] = ()) -> None:
    document = OpenDocumentSpreadsheet()
    for name, rows in sheets.items():
        sheet = table.Table(name=name)
        covered: set[tuple[int, int]] = set()
        for number, cells in enumerate(rows):
            line = table.TableRow(visibility="filter" if number + 1 in concealed else "visible")
            for column, cell in enumerate(map(_cell, cells)):
                if (number, column) in covered:
                    line.addElement(table.CoveredTableCell())
                    continue
                line.addElement(_ods_cell(cell, document))
                covered |= {(number + d, column + a) for d in range(cell.down) for a in range(cell.across)}
            sheet.addElement(line)
        document.spreadsheet.addElement(sheet)
    document.save(path)


def _ods_cell(cell: Cell, document: Any) -> Any:
    told: dict[str, Any] = {}
    if cell.down > 1 or cell.across > 1:
        told |= {"numberrowsspanned": cell.down, "numbercolumnsspanned": cell.across}
    if _is_date(cell):
        told |= {"valuetype": "date", "datevalue": cell.value.isoformat()}
    elif isinstance(cell.value, (int, float)):
        told |= {"valuetype": "float", "value": cell.value}
    if cell.format:
        told["stylename"] = _ods_style(cell.format, document)
    made = table.TableCell(**told)
    if cell.value is not None:
        made.addElement(text.P(text=str(cell.value)))
    return made


def _ods_style(code: str, document: Any) -> str:
    name = f"shown-{code.replace(' ', '-')}"
    if name not in {one.getAttribute("name") for one in document.automaticstyles.childNodes}:
        dates = odf_number.DateStyle(name=f"{name}-date")
        for part in code.split():
            dates.addElement(ODF_PARTS[part]())
        document.automaticstyles.addElement(dates)
        document.automaticstyles.addElement(style.Style(name=name, family="table-cell", datastylename=f"{name}-date"))
    return name


WRITE: dict[str, Callable[..., None]] = {"xlsx": _xlsx, "xls": _xls, "ods": _ods}


def _read(path: Path, mapping: dict[str, str] | None = None, **options: Any) -> Source:
    return source_of(path, mapping or MAPPING, **options)


def _written(path: Path, rows: Rows, **more: Any) -> Path:
    WRITE[path.suffix.removeprefix(".")](path, {"A": rows}, **more)
    return path


def _reasons(source: Source) -> str:
    return "\n".join(f"{remark.row} {remark.column} {remark.reason}" for remark in source.report)


# ── dates as shown ───────────────────────────────────────────────────────────────────────────────────────────────

YEAR = {"xlsx": "yyyy", "xls": "YYYY", "ods": "yyyy"}
MONTH = {"xlsx": "mmm-yy", "xls": "MMM-YY", "ods": "mmm yyyy"}
DAY_MONTH = {"xlsx": "d-mmm", "xls": "D-MMM", "ods": "d mmm"}
FULL = {"xlsx": "dd/mm/yyyy", "xls": "DD/MM/YYYY", "ods": "d mmm yyyy"}


@pytest.mark.parametrize("suffix", WRITE)
@pytest.mark.parametrize(
    ("day", "formats", "edtf"),
    [
        (dt.date(2018, 1, 1), YEAR, "2018"),
        (dt.date(2018, 7, 2), YEAR, "2018"),
        (dt.date(2017, 4, 1), MONTH, "2017-04"),
        (dt.date(2010, 11, 30), MONTH, "2010-11"),
        (dt.date(2017, 3, 20), DAY_MONTH, None),
        (dt.date(2017, 3, 2), DAY_MONTH, None),
        (dt.date(2017, 4, 1), FULL, "2017-04-01"),
        (dt.date(2018, 1, 1), dict.fromkeys(WRITE, ""), "2018-01-01"),
    ],
)
def test_a_date_is_read_as_its_cell_shows_it(
    tmp_path: Path, suffix: str, day: dt.date, formats: dict[str, str], edtf: str | None
) -> None:
    """The cells that are shown as 2018, Apr-17 and 20-Mar, and their neighbours."""
    source = _read(_written(tmp_path / f"list.{suffix}", [HEADER, ["a", 43, 88, Cell(day, formats[suffix])]]))
    [opened] = source.sites["opened"]
    assert opened == edtf if edtf else pd.isna(opened)
    said = "dates are read as the cells show them" in _reasons(source)
    assert said == (edtf != day.isoformat())
    if edtf is None:
        assert source.raw.loc[2, "opened"] == f"{day.day}-Mar"
        assert "no date taken" in _reasons(source)


@pytest.mark.parametrize("suffix", WRITE)
def test_dates_stored_finer_than_shown_are_said_once_a_column(tmp_path: Path, suffix: str) -> None:
    rows = [[f"s{n}", 43, 88, Cell(dt.date(2010 + n, 1, 1), YEAR[suffix])] for n in range(5)]
    source = _read(_written(tmp_path / f"list.{suffix}", [HEADER, *rows]))
    [said] = [remark for remark in source.report if "as the cells show them" in remark.reason]
    assert (said.row, said.column, said.value, said.pieces) == (2, "D", "2010", 5)
    assert "2010-01-01" in said.reason


def test_a_quarter_that_an_ods_shows_is_three_months(tmp_path: Path) -> None:
    rows = [HEADER, ["a", 43, 88, Cell(dt.date(2018, 5, 17), "q yyyy")]]
    assert _read(_written(tmp_path / "list.ods", rows)).sites["opened"].tolist() == ["2018-04/2018-06"]


def test_a_format_of_the_column_is_the_format_of_its_cells(tmp_path: Path) -> None:
    """A style may stand on the column or the row, and take after another, as LibreOffice writes it."""
    _ods(tmp_path / "list.ods", {"A": [HEADER, ["a", 43, 88, Cell(dt.date(2018, 1, 1), "yyyy")]]})
    plain = zipfile.ZipFile(tmp_path / "list.ods").read("content.xml").decode()
    moved = plain.replace(' table:style-name="shown-yyyy"', "")
    child = '<style:style style:name="child" style:family="table-cell" style:parent-style-name="shown-yyyy"/>'
    moved = moved.replace("</office:automatic-styles>", child + "</office:automatic-styles>")
    columns = (
        '<table:table-column table:number-columns-repeated="3"/>'
        '<table:table-column table:default-cell-style-name="child"/>'
    )
    moved = moved.replace('<table:table table:name="A">', '<table:table table:name="A">' + columns)
    with zipfile.ZipFile(tmp_path / "list.ods", "w") as archive:
        archive.writestr("content.xml", moved)
    assert moved != plain
    assert _read(tmp_path / "list.ods").sites["opened"].tolist() == ["2018"]


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("yyyy", "y"), ("mmm-yy", "my"), ("[$-409]mmm\\-yy;@", "my"), ("d-mmm", "dm"),
        ("m/d/yy h:mm", "dhmy"), ("h:mm:ss", "h"), ("mm:ss.0", "h"), ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "dmy"),
        ("dddd, mmmm yyyy", "my"), ('yyyy"年"m"月"', "my"), ('"day" yyyy', "y"), ("mmmm", "m"),
        ('yyyy" (";d")"', "y"), ("[$-30411]e\\.m", "my"), ("h:mm AM/PM", "h"),
    ],
)  # fmt: skip
def test_what_a_number_format_shows(code: str, parts: str) -> None:
    assert "".join(sorted(parts_of_format(code))) == parts


# ── merged cells ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", WRITE)
def test_the_value_of_merged_cells_stands_for_all_their_rows(tmp_path: Path, suffix: str) -> None:
    rows = [
        ["id", "lat", "lon", "county"],
        ["a", 43, 88, Cell("Toksun", down=3)],
        ["b", 43.1, 88.1, None],
        ["c", 43.2, 88.2, None],
        ["d", 43.3, 88.3, None],
    ]
    source = _read(_written(tmp_path / f"list.{suffix}", rows), {**MAPPING, "admin3": "county"} | {"opened": "county"})
    assert source.sites["admin3"].fillna("").tolist() == ["Toksun", "Toksun", "Toksun", ""]
    assert "2 D D2:D4 are merged; the value is taken for all rows to 4" in _reasons(source)


@pytest.mark.parametrize("suffix", WRITE)
def test_a_number_of_merged_cells_is_no_value_of_each_row(tmp_path: Path, suffix: str) -> None:
    """500 prisoners of two camps were 1,000."""
    rows = [
        ["id", "lat", "lon", "p1942", "p1943"],
        ["a", 43, 88, Cell(500, down=2), 1],
        ["b", 43.1, 88.1, None, Cell(2.5, down=2)],
        ["c", 43.2, 88.2, 7, None],
    ]
    mapping = {"key": "id", "lat": "lat", "lon": "lon", "prisoners.1942": "p1942", "area_m2.1943": "p1943"}
    source = _read(_written(tmp_path / f"list.{suffix}", rows), mapping)
    assert source.counts.dropna(subset="value")["value"].tolist() == [1, 7]
    told = [(one.row, one.column) for one in source.report if "a number of merged cells" in one.reason]
    assert told == [(2, "p1942"), (3, "p1942"), (3, "p1943"), (4, "p1943")]


@pytest.mark.parametrize("suffix", WRITE)
def test_rows_that_a_sheet_hides_are_said(tmp_path: Path, suffix: str) -> None:
    rows = [HEADER, ["a", 43, 88, 2017], ["b", 43.1, 88.1, 2018]]
    source = _read(_written(tmp_path / f"list.{suffix}", rows, concealed=[3]))
    assert source.sites["source_key"].tolist() == ["a", "b"]
    assert "rows that the sheet hides are read like the others (1: 3)" in _reasons(source)


@pytest.mark.parametrize("suffix", WRITE)
def test_cells_merged_across_columns_keep_their_value_in_the_first(tmp_path: Path, suffix: str) -> None:
    rows = [
        ["id", "lat", "lon", "opened", "closed"],
        ["a", 43, 88, Cell(2017, across=2), None],
        ["b", 43, 88, 2018, 2019],
    ]
    source = _read(_written(tmp_path / f"list.{suffix}", rows), {**MAPPING, "closed": "closed"})
    assert source.sites[["opened", "closed"]].fillna("").to_numpy().tolist() == [["2017", ""], ["2018", "2019"]]
    assert "D2:E2 are merged; the value stands in column D alone" in _reasons(source)


@pytest.mark.parametrize("suffix", WRITE)
def test_merged_names_of_columns_are_joined_once(tmp_path: Path, suffix: str) -> None:
    rows = [
        [Cell("Site", down=2), Cell("Coordinates", across=2), None, Cell("Seen", down=2)],
        [None, "Lat", "Lon", None],
        ["A", 43.38, 88.29, 2017],
    ]
    mapping = {"key": "Site", "lat": "Coordinates Lat", "lon": "Coordinates Lon", "opened": "Seen"}
    source = _read(_written(tmp_path / f"list.{suffix}", rows), mapping)
    assert source.sites[["source_key", "lat", "lon", "opened"]].to_numpy().tolist() == [["A", 43.38, 88.29, "2017"]]


@pytest.mark.parametrize("suffix", WRITE)
def test_a_title_merged_over_the_table_is_no_row_of_it(tmp_path: Path, suffix: str) -> None:
    rows = [[Cell("Camps of the east", across=4), None, None, None], HEADER, ["a", 43, 88, 2017]]
    source = _read(_written(tmp_path / f"list.{suffix}", rows))
    assert source.sites["source_key"].tolist() == ["a"]
    assert "a line above the header" in _reasons(source)


def test_what_is_hidden_under_merged_cells_is_left_aside_and_said(tmp_path: Path) -> None:
    path = _written(tmp_path / "list.ods", [HEADER, [Cell("a", down=2), 43, 88, 2017], [None, 43.1, 88.1, 2018]])
    content = zipfile.ZipFile(path).read("content.xml").decode()
    hidden = content.replace("<table:covered-table-cell/>",
                             "<table:covered-table-cell><text:p>old</text:p></table:covered-table-cell>")  # fmt: skip
    assert hidden != content
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", hidden)
    source = _read(path)
    assert source.raw["id"].tolist() == ["a", "a"]
    assert [remark.value for remark in source.report if "hidden under the merged cells A2:A3" in remark.reason] == [
        "old"
    ]


# ── sheets, formulas, numbers, notes ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", WRITE)
def test_the_first_sheet_with_rows_is_read_and_all_are_accounted_for(tmp_path: Path, suffix: str) -> None:
    sheets = {"Cover": [], "2017": [HEADER, ["a", 43, 88, 2017]], "2018": [HEADER, ["b", 43, 88, 2018]]}
    path = tmp_path / f"list.{suffix}"
    WRITE[suffix](path, sheets)
    source = _read(path)
    assert source.sites["source_key"].tolist() == ["a"]
    assert "sheet 2017 read; left aside: Cover, 2018; say --sheet for another" in _reasons(source)
    assert "sheets: in 3 = used 1 + noted 2 + refused 0" in map(str, source.report.account())
    assert _read(path, sheet="2018").sites["source_key"].tolist() == ["b"]
    with pytest.raises(InputError, match=r"no sheet '2019'; it has .*2018: say another with --sheet"):
        _read(path, sheet="2019")


@pytest.mark.parametrize("suffix", WRITE)
@pytest.mark.parametrize(
    "cover",
    [[["A list of sites"]], [["A list"], [], ["of sites"]], [["A list", "2017"]], [["made by"], ["me", "in 2017"]]],
)
def test_a_sheet_that_is_no_table_hides_none_behind_it(tmp_path: Path, suffix: str, cover: Rows) -> None:
    path = tmp_path / f"list.{suffix}"
    WRITE[suffix](path, {"About": cover, "Sites": [HEADER, ["a", 43, 88, 2017]]})
    source = _read(path)
    assert source.sites["source_key"].tolist() == ["a"]
    assert "sheet Sites read; left aside: About; say --sheet for another" in _reasons(source)


@pytest.mark.parametrize("suffix", WRITE)
@pytest.mark.parametrize(
    ("first", "why"),
    [([["key", "value"], ["made", "2017"]], "no column is mapped to lat and lon"), ([["A list"]], "a hea")],
)
def test_a_list_that_is_refused_names_its_other_sheets(tmp_path: Path, suffix: str, first: Rows, why: str) -> None:
    path = tmp_path / f"list.{suffix}"
    WRITE[suffix](path, {"About": first, "More": [["of", "sites"]]})
    with pytest.raises(InputError, match=rf"{why}(.|\n)*sheet About read; left aside: More; say --sheet for another"):
        sources.prepare(path, "list")


@pytest.mark.parametrize("suffix", ["xlsx", "xls"])
def test_a_hidden_sheet_is_read_only_when_asked(tmp_path: Path, suffix: str) -> None:
    sheets = {"Old": [HEADER, ["a", 43, 88, 2017]], "New": [HEADER, ["b", 43, 88, 2018]]}
    path = tmp_path / f"list.{suffix}"
    WRITE[suffix](path, sheets, hidden=["Old"])
    assert _read(path).sites["source_key"].tolist() == ["b"]
    assert _read(path, sheet="Old").sites["source_key"].tolist() == ["a"]


def test_a_formula_gives_the_value_that_was_last_computed(tmp_path: Path) -> None:
    path = _written(tmp_path / "list.xlsx", [HEADER, ["a", "=40+3", 88, 2017], ["b", 43, 88, 2018]])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    members[sheet] = (
        members[sheet]
        .replace(b"<f>40+3</f><v></v>", b"<f>40+3</f><v>43</v>")
        .replace(b"<f>40+3</f><v />", b"<f>40+3</f><v>43</v>")
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    source = _read(path)
    assert source.sites["lat"].tolist() == [43, 43]
    [said] = [remark for remark in source.report if "formula" in remark.reason]
    assert (said.row, said.value, said.reason) == (2, "=40+3", "a formula; its last computed value '43' taken")


@pytest.mark.parametrize("suffix", WRITE)
def test_a_number_of_a_workbook_has_its_own_decimal_point(tmp_path: Path, suffix: str) -> None:
    """1.125 is a number there and never 1,125; as text it can be read in two ways."""
    rows = [[*HEADER, "r"], ["a", 43, 88, 2017, 1.125], ["b", 43, 88, 2018, 250]]
    path = _written(tmp_path / f"list.{suffix}", rows)
    assert _read(path, {**MAPPING, "r95_m": "r"}).sites["r95_m"].tolist() == [1.125, 250]
    rows[1][4] = "1.125"
    with pytest.raises(InputError, match=r"row 2, column r: found '1\.125', expected a number that can be read in one"):
        _read(_written(path, rows), {**MAPPING, "r95_m": "r"})


def test_a_text_that_a_row_repeats_beyond_reason_is_refused(tmp_path: Path) -> None:
    path = _written(tmp_path / "list.ods", [HEADER, ["a", 43, 88, 2017]])
    content = zipfile.ZipFile(path).read("content.xml").decode()
    cell = f'<table:table-cell table:number-columns-repeated="2000"><text:p>{"x" * 70_000}</text:p></table:table-cell>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        # 140 million characters in a file of 1 kB.
        archive.writestr(
            "content.xml", content.replace("</table:table>", f"<table:table-row>{cell}</table:table-row></table:table>")
        )
    with pytest.raises(InputError, match="more than 134,217,728 characters up to row 3, expected a list of sites"):
        _read(path)


def test_rows_repeated_beyond_reason_are_refused(tmp_path: Path) -> None:
    """A file of 1 kB that held 999,000 places took a minute and 1.3 GB."""
    path = _written(tmp_path / "list.ods", [HEADER, ["a", 43, 88, 2017]])
    content = zipfile.ZipFile(path).read("content.xml").decode()
    head, row, rest = content.rpartition("<table:table-row")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", f'{head}{row} table:number-rows-repeated="999000"{rest}')
    with pytest.raises(InputError, match=r"row 2 is repeated 999,000 times, expected .* 1,000,000 cells.*\.csv"):
        _read(path)


@pytest.mark.parametrize("suffix", ["xlsx", "xls", "ods"])
def test_a_sheet_of_more_cells_than_a_list_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = _written(tmp_path / f"list.{suffix}", [HEADER, *[["a", 43, 88, 2017]] * 9])
    monkeypatch.setattr(workbooks, "MOST_SHEET_CELLS", 30)
    with pytest.raises(InputError, match=r"30 cells.*save it as \.csv"):
        _read(path)


def test_merged_cells_beyond_reason_are_refused(tmp_path: Path) -> None:
    path = _written(tmp_path / "list.xlsx", [HEADER, *[["a", 43, 88, 2017]] * 2999])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    merged = b'</sheetData><mergeCells><mergeCell ref="D2:BXX3000"/></mergeCells>'
    members[sheet] = members[sheet].replace(b"</sheetData>", merged)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match=r"5,989,003 cells in merged ranges.*unmerge them"):
        _read(path)


def test_a_comment_is_no_part_of_its_cell_and_spaces_are(tmp_path: Path) -> None:
    path = _written(tmp_path / "list.ods", [HEADER, ["a", 43, 88, 2017]])
    content = zipfile.ZipFile(path).read("content.xml").decode()
    note = "<office:annotation><text:p>is this right?</text:p></office:annotation>"
    noted = content.replace("<text:p>a</text:p>", f'{note}<text:p>a<text:s text:c="2"/>b<text:line-break/>c</text:p>')
    assert noted != content
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", noted)
    assert _read(path).raw["id"].tolist() == ["a  b\nc"]


def test_rows_far_down_a_sheet_are_read_and_formatted_blank_ones_are_not(tmp_path: Path) -> None:
    """A list that goes on after 1,500 blank rows lost what followed them."""
    book = Workbook()
    sheet = book.active
    for row, cells in {1: HEADER, 2: ["a", 43, 88, 2017], 1502: ["b", 43, 88, 2018]}.items():
        for column, value in enumerate(cells, 1):
            sheet.cell(row, column, value)
    for row in range(3, 1502):
        sheet.row_dimensions[row].height = 20
    sheet.row_dimensions[1_000_000].height = 20
    book.save(tmp_path / "list.xlsx")
    source = _read(tmp_path / "list.xlsx")
    assert source.sites["row"].tolist() == [2, 1502]


def test_a_row_that_comes_twice_is_refused(tmp_path: Path) -> None:
    path = _written(tmp_path / "list.xlsx", [HEADER, ["a", 43, 88, 2017], ["b", 43, 88, 2018]])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    members[sheet] = members[sheet].replace(b'<row r="3"', b'<row r="2"')
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match="row 2 of sheet A comes twice"):
        _read(path)


# ── XLS ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_xls_under_another_name_says_so(tmp_path: Path) -> None:
    path = _written(tmp_path / "list.xls", [HEADER, ["a", 43, 88, 2017]])
    with pytest.raises(
        InputError, match=r"is an old Excel workbook \(\.xls\), expected delimited text; give it the suffix"
    ):
        _read(path.rename(tmp_path / "list.csv"))
    (tmp_path / "page.xls").write_text("<html><table><tr><td>id</td></tr></table></html>")
    with pytest.raises(InputError, match="a damaged workbook"):
        _read(tmp_path / "page.xls")


@pytest.mark.mirror
def test_an_xls_of_1111_camps_is_read_as_another_reader_reads_it(mirror: Path) -> None:
    """python-calamine is the judge of the values; it does not know what a cell shows."""
    path = mirror / "ss-camps" / "SS_Camps_Definitive.xls"
    if not path.is_file():
        pytest.skip("no ss-camps in the mirror")
    raw = sources.read_table(path, Report()).frame
    judge = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert raw.shape == (1111, len(judge[0])) == (1111, 31)
    for name, ours in raw.items():
        theirs = [row[judge[0].index(name)] for row in judge[1:]]
        assert [_same(one, other) for one, other in zip(ours, theirs, strict=True)].count(False) == 0, name


def _same(ours: str, theirs: Any) -> bool:
    if isinstance(theirs, (int, float)):
        return float(ours) == theirs
    if isinstance(theirs, dt.date):
        return ours == theirs.isoformat()[: len(ours)]
    return ours == theirs.replace("\0", "")
