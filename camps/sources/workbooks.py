"""Spreadsheets as printed: XLSX through openpyxl, ODS from its own XML, row by row within the limits."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import openpyxl
import pandas as pd
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from camps.errors import InputError
from camps.sources.archives import unpacking
from camps.sources.report import Report
from camps.sources.text import MOST_COLUMNS, MOST_ROWS, Layout, RawTable, check_size, table_of

#: Spreadsheets are often formatted far below their last row; so many blank rows end the sheet.
MOST_BLANK_ROWS = 1000
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
Numbered = tuple[int, list[str]]


def read_xlsx(
    path: Path,
    report: Report,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    header_rows: int | None = None,
) -> RawTable:
    """Return one sheet of an Excel workbook with every cell as text; of a formula its last computed value.

    Parameters
    ----------
    path
        The workbook.
    report
        Takes a remark for each formula and for sheets left aside.
    sheet
        Name of the sheet; the first with rows when left out.
    header_row, header_rows
        As for delimited text.

    Raises
    ------
    MissingError, InputError
        When the file is not there, is no workbook, is a ZIP bomb, or has no such sheet.
    """
    check_size(path)
    with unpacking(path):
        pass
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        table = _xlsx_table(path, report, sheet, Layout(header_row, header_rows, squared=True))
    for text in sorted({str(warning.message) for warning in said if issubclass(warning.category, UserWarning)}):
        report.add("noted", text)
    return RawTable(table)


def _xlsx_table(path: Path, report: Report, sheet: str | None, layout: Layout) -> pd.DataFrame:
    try:
        values = openpyxl.load_workbook(path, read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(path, read_only=True, data_only=False)
        name = _pick(list(values.sheetnames), sheet, path, report)
        rows = _xlsx_rows(_cells(values[name]), _cells(formulas[name]), report)
        return table_of(rows, f"{path.name}, sheet {name}", report, layout)
    except InputError:
        raise
    except Exception as error:
        # A damaged workbook makes openpyxl fail in any way; whatever it is, the file is what is wrong.
        raise InputError(f"{path}: a damaged workbook ({error!r:.200}); open it and save it as .xlsx again") from error


def _pick(names: list[str], sheet: str | None, path: Path, report: Report) -> str:
    if sheet is not None and sheet not in names:
        raise InputError(f"{path}: no sheet {sheet!r}; it has {', '.join(names)}")
    if not names:
        raise InputError(f"{path}: a workbook without sheets, expected one with a list")
    chosen = sheet or names[0]
    if sheet is None and len(names) > 1:
        report.add("noted", f"sheet {chosen} read; left aside: {', '.join(names[1:])}; say --sheet for another")
    return chosen


def _cells(sheet: Any) -> Iterator[tuple[Any, ...]]:
    sheet.reset_dimensions()
    return iter(sheet.iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS, values_only=True))


def _xlsx_rows(
    values: Iterable[tuple[Any, ...]], formulas: Iterable[tuple[Any, ...]], report: Report
) -> Iterator[Numbered]:
    blank = 0
    for number, (row, written) in enumerate(zip(values, formulas, strict=False), 1):
        cells = _trimmed([_as_text(cell) for cell in row])
        for position, formula in enumerate(written):
            if isinstance(formula, str) and formula.startswith("=") and formula != row[position]:
                _note_formula(formula, cells[position] if position < len(cells) else "", number, report)
        blank = 0 if any(cells) else blank + 1
        if blank > MOST_BLANK_ROWS:
            report.add("noted", f"more than {MOST_BLANK_ROWS} blank rows; taken as the end of the sheet", row=number)
            return
        yield number, cells


def _note_formula(formula: str, value: str, number: int, report: Report) -> None:
    if value:
        report.add("mended", f"a formula; its last computed value {value!r} taken", row=number, value=formula)
    else:
        report.add("noted", "a formula that was never computed; taken as blank", row=number, value=formula)


def _as_text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime):
        midnight = cell.time() == dt.time(0)
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return str(cell)


def read_ods(
    path: Path,
    report: Report,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    header_rows: int | None = None,
) -> RawTable:
    """Return one sheet of an OpenDocument spreadsheet with every cell as text, as :func:`read_xlsx` does.

    Numbers keep all their digits, not only those shown.

    Raises
    ------
    MissingError, InputError
        When the file is not there, is no spreadsheet, is a ZIP bomb, or has no such sheet.
    """
    check_size(path)
    try:
        with unpacking(path) as archive, archive.open("content.xml") as stream:
            name, rows = _ods_sheet(stream, sheet, path, report)
    except (ParseError, DefusedXmlException) as error:
        raise InputError(f"{path}: a damaged spreadsheet ({error}); open and save it again") from error
    except KeyError as error:
        raise InputError(f"{path}: no OpenDocument spreadsheet (no content.xml); save it as .ods again") from error
    return RawTable(table_of(rows, f"{path.name}, sheet {name}", report, Layout(header_row, header_rows, squared=True)))


def _ods_sheet(stream: Any, sheet: str | None, path: Path, report: Report) -> tuple[str, list[Numbered]]:
    names: list[str] = []
    chosen: list[Numbered] = []
    number = 0
    for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
        if element.tag == f"{_TABLE}table" and event == "start":
            names.append(element.get(f"{_TABLE}name", ""))
            number = 0
        elif element.tag == f"{_TABLE}table-row" and event == "end":
            if names and names[-1] == (sheet or names[0]):
                number = _take_row(element, number, chosen, report)
            element.clear()
    return _pick(names, sheet, path, report), chosen


def _take_row(element: Element, number: int, rows: list[Numbered], report: Report) -> int:
    times = _repeats(element, "number-rows-repeated")
    cells = _ods_cells(element, number + 1, report)
    if times > 1 and not any(cells):
        # Sheets end in a million repeated blank rows; one stands for all of them.
        rows.append((number + 1, []))
    else:
        if len(rows) + times > MOST_ROWS:
            raise InputError(f"row {number + 1} is repeated {times:,} times, expected a list of sites; mend the sheet")
        rows.extend((number + 1 + extra, list(cells)) for extra in range(times))
    return number + times


def _ods_cells(row: Element, number: int, report: Report) -> list[str]:
    cells: list[str] = []
    for cell in row:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        text = _ods_text(cell)
        formula = cell.get(f"{_TABLE}formula")
        if formula:
            _note_formula(formula, text, number, report)
        cells.extend([text] * min(_repeats(cell, "number-columns-repeated"), MOST_COLUMNS - len(cells)))
    return _trimmed(cells)


def _trimmed(cells: list[str]) -> list[str]:
    """Return the cells up to the last that is not blank; sheets are padded to the right."""
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _repeats(element: Element, name: str) -> int:
    return int(element.get(f"{_TABLE}{name}", "1"))


def _ods_text(cell: Element) -> str:
    kind = cell.get(f"{_OFFICE}value-type")
    if kind in ("float", "percentage", "currency"):
        return cell.get(f"{_OFFICE}value", "")
    if kind == "date":
        return cell.get(f"{_OFFICE}date-value", "").removesuffix("T00:00:00")
    return "\n".join("".join(paragraph.itertext()) for paragraph in cell.iter(f"{_TEXT}p"))
