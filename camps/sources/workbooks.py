"""Workbooks as shown: XLSX through openpyxl, XLS through xlrd, ODS from its own XML, row by row within the limits.

Of a formula the last computed value is read, of a date what its number format shows, and the value of merged cells
stands for every row that they cover.
"""

from __future__ import annotations

import datetime as dt
import io
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, NamedTuple
from xml.etree.ElementTree import Element, ParseError

import openpyxl
import xlrd
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.utils import get_column_letter, range_boundaries

# The parser below openpyxl's read-only sheets: they pad rows, and hide merged cells and formulas.
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

from camps.errors import InputError
from camps.sources.archives import MOST_UNPACKED_BYTES, unpacking
from camps.sources.numbers import Typed, shared
from camps.sources.report import MOST_ROWS_NAMED, Report
from camps.sources.shown import IN_FULL, Parts, ShownDates, parts_of_format
from camps.sources.text import (
    FOUND,
    MOST_BYTES,
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_ROWS,
    Layout,
    Numbered,
    RawTable,
    check_size,
    limited,
    table_of,
    too_long,
)

Kind = Literal["xlsx", "xls", "ods"]
#: A sheet is read in lists of cells, at some twenty microseconds a cell; longer lists are kept as text.
MOST_SHEET_CELLS = 1_000_000
#: An XLS unpacks to some fifty times its size.
MOST_XLS_BYTES = 24 * 2**20
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_NUMBER = "{urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0}"
_DATE_PARTS = {f"{_NUMBER}year": "y", f"{_NUMBER}month": "m", f"{_NUMBER}day": "d", f"{_NUMBER}quarter": "q",
               f"{_NUMBER}hours": "h"}  # fmt: skip
_COVERED = f"{_TABLE}covered-table-cell"
#: How full a sheet is that holds a table.
_WITH_TABLE = 2


class _Merged(NamedTuple):
    """Cells that are shown as one: first and last row and column, from 1."""

    top: int
    left: int
    bottom: int
    right: int

    def __str__(self) -> str:
        return f"{get_column_letter(self.left)}{self.top}:{get_column_letter(self.right)}{self.bottom}"


class _Sheet(NamedTuple):
    """A sheet as read: its name, its rows, which of its cells are merged, and the numbers of rows that it hides."""

    name: str
    rows: list[Numbered]
    merged: Sequence[_Merged] = ()
    hidden: Iterable[int] = ()


def read_workbook(
    path: Path,
    report: Report,
    kind: Kind,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    layout: Layout = FOUND,
) -> RawTable:
    """Return one sheet of a workbook with every cell as text, a date as it is shown.

    Of an OpenDocument spreadsheet numbers keep all their digits, not only those shown.

    Parameters
    ----------
    path
        The workbook.
    report
        Takes a remark for each formula (of an .xls they are not told apart), for merged cells, for dates that are
        stored finer than they are shown, and for sheets left aside.
    kind
        ``xlsx``, ``xls`` or ``ods``.
    sheet
        Name of the sheet; the first that is visible and has rows when left out.
    encoding
        Encoding of the text of an .xls from before 1997 that states a wrong one.
    layout
        Where the table stands in the sheet, as far as that is told.

    Raises
    ------
    MissingError, InputError
        When the file is not there, is no such workbook, is too large or a ZIP bomb, or has no such sheet.
    """
    check_size(path, MOST_XLS_BYTES if kind == "xls" else MOST_BYTES)
    if kind == "xls":
        found = _undamaged(lambda: _xls_sheet(path, sheet, report, encoding), path, ".xls")
    else:
        found = (_read_xlsx if kind == "xlsx" else _read_ods)(path, sheet, report)
    return _as_table(found, path, report, replace(layout, squared=True))


def _read_xlsx(path: Path, sheet: str | None, report: Report) -> _Sheet:
    with unpacking(path):
        pass
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = _undamaged(lambda: _xlsx_sheet(path, sheet, report), path, ".xlsx")
    for text in sorted({str(warning.message) for warning in said if issubclass(warning.category, UserWarning)}):
        report.add("noted", text)
    return found


def _read_ods(path: Path, sheet: str | None, report: Report) -> _Sheet:
    reader = _OdsReader(path, sheet, report)
    try:
        with unpacking(path) as archive:
            if "styles.xml" in archive.namelist():
                with archive.open("styles.xml") as stream:
                    reader.take(stream)
            with archive.open("content.xml") as stream:
                reader.take(stream)
    except (ParseError, DefusedXmlException) as error:
        raise InputError(f"{path}: a damaged spreadsheet ({error}); open and save it again") from error
    except KeyError as error:
        raise InputError(f"{path}: no OpenDocument spreadsheet (no content.xml); save it as .ods again") from error
    return reader.sheet()


# ── what all workbooks share ─────────────────────────────────────────────────────────────────────────────────────


def _undamaged(read: Callable[[], _Sheet], path: Path, suffix: str) -> _Sheet:
    try:
        return read()
    except InputError:
        raise
    except Exception as error:
        # A damaged workbook makes openpyxl and xlrd fail in any way; whatever it is, the file is what is wrong.
        raise InputError(
            f"{path}: a damaged workbook ({error!r:.200}); open it and save it as {suffix} again"
        ) from error


def _as_table(sheet: _Sheet, path: Path, report: Report, layout: Layout) -> RawTable:
    last = next((at for at in range(len(sheet.rows), 0, -1) if any(sheet.rows[at - 1][1])), 0)
    name = f"{path.name}, sheet {sheet.name}"
    _note_hidden(sheet, report)
    rows = list(_spelled(_spread(sheet.rows[:last], sheet.merged, report), name))
    return RawTable(table_of(rows, name, report, layout))


def _note_hidden(sheet: _Sheet, report: Report) -> None:
    """Note the rows with text that the sheet does not show, filtered out or hidden by hand."""
    hidden = set(sheet.hidden)
    found = [number for number, cells in sheet.rows if number in hidden and any(cells)]
    if found:
        shown = ", ".join(map(str, found[:MOST_ROWS_NAMED])) + (", …" if len(found) > MOST_ROWS_NAMED else "")
        report.add("noted", f"rows that the sheet hides are read like the others ({len(found)}: {shown})", row=found[0])


def _spelled(rows: Iterable[Numbered], name: str) -> Iterator[Numbered]:
    """Yield rows as long as their text is no more than a list has; what a file repeats it holds once."""
    n_characters = 0
    for number, cells in rows:
        n_characters += sum(map(len, cells))
        if n_characters > MOST_UNPACKED_BYTES:
            raise InputError(
                f"{name}: more than {MOST_UNPACKED_BYTES:,} characters up to row {number}, expected a list of sites; "
                "cut it"
            )
        yield number, cells


def _pick(names: Sequence[str], fullness: Callable[[str], int], sheet: str | None, path: Path, report: Report) -> str:
    """Return the sheet that is read, as asked or the first of the fullest kind, and account for all of them."""
    if sheet is not None and sheet not in names:
        raise InputError(f"{path}: no sheet {sheet!r}; it has {', '.join(names)}: say another with --sheet")
    if not names:
        raise InputError(f"{path}: a workbook without sheets, expected one with a list")
    chosen = sheet or _first_fullest(names, fullness)
    others = [name for name in names if name != chosen]
    report.take("sheet", len(names))
    report.use("sheet")
    if others:
        reason = f"sheet {chosen} read; left aside: {', '.join(others)}; say --sheet for another"
        report.add("noted", reason, piece="sheet", pieces=len(others))
    return chosen


def _first_fullest(names: Sequence[str], fullness: Callable[[str], int]) -> str:
    """Return the first sheet with a table, else the first with any text; none is looked at beyond a table."""
    best, found = 0, names[0]
    for name in names if len(names) > 1 else ():
        if (full := fullness(name)) > best:
            best, found = full, name
        if best == _WITH_TABLE:
            break
    return found


def _fullness(rows: Iterable[Sequence[Any]]) -> int:
    """Return whether rows hold nothing (0), text (1), or a table of two rows and columns (2)."""
    filled = (n for row in rows if (n := sum(1 for cell in row if cell not in (None, ""))))
    first = next(filled, 0)
    wide = (n for n in chain([first], filled) if n > 1)
    return _WITH_TABLE if len(list(islice(wide, 2))) == 2 else min(first, 1)


def _spread(rows: list[Numbered], merged: Iterable[_Merged], report: Report) -> Iterator[Numbered]:
    """Yield rows with the value of merged cells in every row that they cover; across columns it stays where it is."""
    starting: dict[int, list[_Merged]] = {}
    for one in merged:
        starting.setdefault(one.top, []).append(one)
    covered: dict[int, tuple[str, _Merged]] = {}
    for number, cells in rows:
        covered = {column: held for column, held in covered.items() if held[1].bottom >= number}
        for column, (text, one) in covered.items():
            _cover(cells, (number, column), text, one, report)
        for one in starting.get(number, ()):
            text = cells[one.left - 1] if one.left <= len(cells) else ""
            if text and one.bottom > one.top:
                text = cells[one.left - 1] = shared(text)
            _say_merged(one, text, report)
            beside = dict.fromkeys(range(one.left + 1, one.right + 1), ("", one))
            for column in beside:
                _cover(cells, (number, column), "", one, report)
            covered |= {one.left: (text, one), **beside}
        yield number, cells


def _cover(cells: list[str], place: tuple[int, int], text: str, merged: _Merged, report: Report) -> None:
    """Put the text of merged cells into one that they cover; what that holds by itself is not shown."""
    number, column = place
    held = cells[column - 1] if column <= len(cells) else ""
    if held and held != text:
        reason = f"hidden under the merged cells {merged}; left aside"
        report.add("noted", reason, row=number, column=get_column_letter(column), value=held)
    if text and column > len(cells):
        cells.extend([""] * (column - len(cells)))
    if held or text:
        cells[column - 1] = text


def _say_merged(merged: _Merged, text: str, report: Report) -> None:
    if text and merged.bottom > merged.top:
        reason = f"{merged} are merged; the value is taken for all rows to {merged.bottom}"
        report.add("mended", reason, row=merged.top, column=get_column_letter(merged.left), value=text)
    elif text and merged.right > merged.left:
        reason = f"{merged} are merged; the value stands in column {get_column_letter(merged.left)} alone"
        report.add("noted", reason, row=merged.top, column=get_column_letter(merged.left), value=text)


def _within_limits(merged: Iterable[_Merged], rows: Sequence[Numbered], path: Path) -> list[_Merged]:
    kept = list(dict.fromkeys(one for one in merged if one.bottom > one.top or one.right > one.left))
    last = rows[-1][0] if rows else 0
    n_covered = sum(max(min(one.bottom, last) - one.top + 1, 1) * (one.right - one.left + 1) for one in kept)
    if n_covered > MOST_CELLS:
        raise InputError(f"{path}: {n_covered:,} cells in merged ranges, expected a list of sites; unmerge them")
    return kept


def _note_formula(formula: str, value: str, number: int, report: Report) -> None:
    if value:
        report.add("mended", f"a formula; its last computed value {value!r} taken", row=number, value=formula)
    else:
        report.add("noted", "a formula that was never computed; taken as blank", row=number, value=formula)


def _plain(value: Any) -> str:
    """Return a value that is no date as text; numbers keep their own decimal point."""
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else Typed(value)
    return str(value)


def _trimmed(cells: list[str]) -> list[str]:
    """Return the cells up to the last that is not blank; sheets are padded to the right."""
    while cells and not cells[-1]:
        cells.pop()
    return cells


# ── XLSX ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class _XlsxParser(WorkSheetParser):  # type: ignore[misc]
    """Reads the cells of a sheet, with the formula beside the value."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)
        formula = element.find(FORMULA_TAG)
        return cell if formula is None else {**cell, "formula": f"={formula.text or ''}"}

    def parse_extensions(self, element: Any) -> None:
        """Leave aside what later versions of Excel add; it is about looks."""


def _xlsx_sheet(path: Path, sheet: str | None, report: Report) -> _Sheet:
    with closing(openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)) as book:
        names = [one.title for one in sorted(book.worksheets, key=lambda one: one.sheet_state != "visible")]
        name = _pick(names, lambda one: _fullness(_values(book[one])), sheet, path, report)
        told = f"{path.name}, sheet {name}"
        with book[name]._get_source() as stream:
            _check_values(stream, told)
        with book[name]._get_source() as stream:
            parser = _parser(book[name], stream)
            rows = list(limited(_xlsx_rows(parser, book[name], path, report), told, MOST_SHEET_CELLS))
        held = parser.merged_cells.mergeCell if parser.merged_cells else ()
        merged = [_Merged(top, left, bottom, min(right, MOST_COLUMNS))
                  for left, top, right, bottom in (range_boundaries(one.ref) for one in held)]  # fmt: skip
        hidden = (int(number) for number, told in parser.row_dimensions.items() if told.get("hidden") in ("1", "true"))
        return _Sheet(name, rows, _within_limits(merged, rows, path), list(hidden))


def _check_values(stream: Any, name: str) -> None:
    """Count the values in the XML of a sheet, a hundred times as fast as they are read."""
    n_values = sum(piece.count(b"</v>") + piece.count(b"</is>") for piece in iter(lambda: stream.read(2**20), b""))
    if n_values > MOST_SHEET_CELLS:
        raise too_long(name, MOST_SHEET_CELLS)


def _parser(sheet: Any, stream: Any) -> _XlsxParser:
    book = sheet.parent
    return _XlsxParser(
        stream, sheet._shared_strings, data_only=True, epoch=book.epoch, date_formats=book._date_formats,
        timedelta_formats=book._timedelta_formats,
    )  # fmt: skip


def _values(sheet: Any) -> Iterator[list[Any]]:
    with sheet._get_source() as stream:
        for _, row in islice(_parser(sheet, stream).parse(), MOST_ROWS):
            yield [cell["value"] for cell in row]


def _xlsx_rows(parser: _XlsxParser, sheet: Any, path: Path, report: Report) -> Iterator[Numbered]:
    shown = ShownDates()
    formats: dict[int, Parts] = {}
    before = 0
    for number, row in parser.parse():
        columns = [cell["column"] for cell in row]
        if number <= before or len(set(columns)) < len(columns) or max(columns, default=0) > MOST_COLUMNS:
            raise InputError(
                f"{path}: row {number} of sheet {sheet.title} comes twice, has a cell twice, or has more than "
                f"{MOST_COLUMNS:,} columns; open it and save it as .xlsx again, with the columns that matter"
            )
        cells = [""] * max(columns, default=0)
        for cell in row:
            cells[cell["column"] - 1] = text = _xlsx_text(cell, number, sheet, formats, shown)
            if "formula" in cell:
                _note_formula(cell["formula"], text, number, report)
        before = number
        yield number, _trimmed(cells)
    shown.tell(report)


def _xlsx_text(cell: dict[str, Any], number: int, sheet: Any, formats: dict[int, Parts], shown: ShownDates) -> str:
    value = cell["value"]
    if not isinstance(value, dt.datetime):
        return _plain(value)
    style = cell["style_id"]
    if style not in formats:
        code = ReadOnlyCell(sheet, number, cell["column"], value, style_id=style).number_format
        formats[style] = parts_of_format(code) or IN_FULL
    return shown.text(value, formats[style], number, cell["column"])


# ── XLS ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _xls_sheet(path: Path, sheet: str | None, report: Report, encoding: str | None) -> _Sheet:
    how: dict[str, Any] = {"formatting_info": True, "ragged_rows": True, "logfile": io.StringIO()}
    with xlrd.open_workbook(path, encoding_override=encoding, **how) as book:
        names = [one.name for one in sorted(book.sheets(), key=lambda one: bool(one.visibility))]
        name = _pick(names, lambda one: _fullness(_xls_values(book.sheet_by_name(one))), sheet, path, report)
        found = book.sheet_by_name(name)
        rows = list(limited(_xls_rows(book, found, report), f"{path.name}, sheet {name}", MOST_SHEET_CELLS))
        merged = (_Merged(top + 1, left + 1, bottom, right) for top, bottom, left, right in found.merged_cells)
        hidden = [row + 1 for row, told in found.rowinfo_map.items() if told.hidden]
        return _Sheet(name, rows, _within_limits(merged, rows, path), hidden)


def _xls_values(sheet: Any) -> Iterator[list[Any]]:
    return (sheet.row_values(row) for row in range(sheet.nrows))


def _xls_rows(book: Any, sheet: Any, report: Report) -> Iterator[Numbered]:
    shown = ShownDates()
    formats: dict[int, Parts] = {}
    for row in range(sheet.nrows):
        cells = []
        for column, cell in enumerate(sheet.row(row), 1):
            if cell.xf_index not in formats:
                code = book.format_map[book.xf_list[cell.xf_index].format_key].format_str
                formats[cell.xf_index] = parts_of_format(code) or IN_FULL
            cells.append(_xls_text(cell, book.datemode, formats[cell.xf_index], (row + 1, column), shown))
        yield row + 1, _trimmed(cells)
    shown.tell(report)


def _xls_text(cell: Any, datemode: int, parts: Parts, place: tuple[int, int], shown: ShownDates) -> str:
    if cell.ctype == xlrd.XL_CELL_DATE:
        return shown.text(xlrd.xldate_as_datetime(cell.value, datemode), parts, *place)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return str(bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#ERR"))
    # Tables that come from a DBF keep its padding.
    return _plain(cell.value.replace("\0", "") if isinstance(cell.value, str) else cell.value)


# ── ODS ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class _OdsReader:
    """Takes the styles and the first sheet with a table, or the one asked for, out of the XML of a spreadsheet."""

    def __init__(self, path: Path, wanted: str | None, report: Report) -> None:
        self._path, self._wanted, self._report = path, wanted, report
        self._names: list[str] = []
        self._chosen = ""
        self._rows: list[Numbered] = []
        #: The fullest sheet so far, and how full it is.
        self._best, self._full = _Sheet("", []), -1
        self._number = self._n_cells = 0
        self._merged: list[_Merged] = []
        self._hidden: list[int] = []
        self._columns: list[str] = []
        #: Name of a style → its own date format, and the style that it takes after.
        self._styles: dict[str, tuple[str, str]] = {}
        self._formats: dict[str, Parts] = {}
        self._shown = ShownDates()

    def take(self, stream: Any) -> None:
        """Read one of the two files of XML."""
        for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
            if element.tag == f"{_TABLE}table" and event == "start":
                self._begin(element.get(f"{_TABLE}name", ""))
            elif event == "end":
                self._end(element)

    def sheet(self) -> _Sheet:
        """Return the sheet that is read."""
        self._keep_fullest()
        name = _pick(self._names, lambda one: int(one == self._best.name), self._wanted, self._path, self._report)
        self._shown.tell(self._report)
        merged = _within_limits(self._best.merged, self._best.rows, self._path)
        return self._best._replace(name=name, merged=merged)

    def _keep_fullest(self) -> None:
        full = _fullness(cells for _, cells in self._rows)
        if full > self._full:
            self._best, self._full = _Sheet(self._chosen, self._rows, self._merged, self._hidden), full

    def _begin(self, name: str) -> None:
        self._names.append(name)
        self._columns = []
        self._keep_fullest()
        if name == self._wanted or (self._wanted is None and self._full < _WITH_TABLE):
            self._chosen, self._number, self._n_cells = name, 0, 0
            self._rows, self._merged, self._hidden = [], [], []

    def _end(self, element: Element) -> None:
        reading = bool(self._names) and self._names[-1] == self._chosen
        if element.tag == f"{_NUMBER}date-style":
            parts = frozenset(_DATE_PARTS[part.tag] for part in element if part.tag in _DATE_PARTS)
            self._formats[element.get(f"{_STYLE}name", "")] = parts
        elif element.tag == f"{_STYLE}style":
            own, above = (element.get(f"{_STYLE}{name}", "") for name in ("data-style-name", "parent-style-name"))
            self._styles[element.get(f"{_STYLE}name", "")] = (own, above)
        elif element.tag == f"{_TABLE}table-column" and reading:
            style = element.get(f"{_TABLE}default-cell-style-name", "")
            room = MOST_COLUMNS - len(self._columns)
            self._columns += [style] * min(_repeats(element, "number-columns-repeated"), room)
        elif element.tag == f"{_TABLE}table-row":
            if reading:
                self._take_row(element)
            element.clear()

    def _take_row(self, element: Element) -> None:
        times = _repeats(element, "number-rows-repeated")
        cells = self._cells(element)
        covered = any(cell.tag == _COVERED for cell in element)
        if times > 1 and not any(cells) and not covered:
            # Sheets end in a million repeated blank rows; one stands for all of them.
            self._rows.append((self._number + 1, []))
        else:
            self._n_cells += times * len(cells)
            if len(self._rows) + times > MOST_ROWS or self._n_cells > MOST_SHEET_CELLS:
                raise InputError(
                    f"{self._path}: row {self._number + 1} is repeated {times:,} times, expected at most {MOST_ROWS:,} "
                    f"rows and {MOST_SHEET_CELLS:,} cells; mend the sheet, or save it as .csv"
                )
            numbers = range(self._number + 1, self._number + 1 + times)
            self._rows.extend((number, list(cells)) for number in numbers)
            if element.get(f"{_TABLE}visibility", "visible") != "visible":
                self._hidden.extend(numbers)
        self._number += times

    def _cells(self, row: Element) -> list[str]:
        cells: list[str] = []
        default = row.get(f"{_TABLE}default-cell-style-name", "")
        for cell in row:
            if cell.tag not in (f"{_TABLE}table-cell", _COVERED):
                continue
            times = _repeats(cell, "number-columns-repeated")
            text = self._text(cell, default, len(cells))
            if text and len(cells) + times > MOST_COLUMNS:
                raise InputError(
                    f"{self._path}: row {self._number + 1} has {len(cells) + times:,} cells, expected at most "
                    f"{MOST_COLUMNS:,}; mend the sheet"
                )
            self._note_merged(cell, len(cells) + 1)
            formula = cell.get(f"{_TABLE}formula")
            if formula:
                _note_formula(formula, text, self._number + 1, self._report)
            cells.extend([text] * min(times, MOST_COLUMNS - len(cells)))
        return _trimmed(cells)

    def _note_merged(self, cell: Element, column: int) -> None:
        down, across = _repeats(cell, "number-rows-spanned"), _repeats(cell, "number-columns-spanned")
        top = self._number + 1
        if down > 1 or across > 1:
            self._merged.append(_Merged(top, column, top + down - 1, min(column + across - 1, MOST_COLUMNS)))

    def _text(self, cell: Element, row_style: str, position: int) -> str:
        kind = cell.get(f"{_OFFICE}value-type")
        if kind in ("float", "percentage", "currency"):
            value = cell.get(f"{_OFFICE}value", "")
            with suppress(ValueError):
                float(value)
                return Typed(value)
            return value
        if kind != "date":
            return "\n".join(_paragraph(one) for one in cell if one.tag == f"{_TEXT}p")
        value = cell.get(f"{_OFFICE}date-value", "").removesuffix("T00:00:00")
        column_style = self._columns[position] if position < len(self._columns) else ""
        parts = self._parts(cell.get(f"{_TABLE}style-name", "") or row_style or column_style)
        try:
            when = dt.datetime.fromisoformat(value)
        except ValueError:
            return value
        return self._shown.text(when, parts, self._number + 1, position + 1)

    def _parts(self, style: str) -> Parts:
        """Return what a style shows of a date, by itself or by the styles that it takes after."""
        seen: set[str] = set()
        while style and style not in seen:
            seen.add(style)
            own, style = self._styles.get(style, ("", ""))
            if own in self._formats:
                return self._formats[own] or IN_FULL
        return IN_FULL


def _repeats(element: Element, name: str) -> int:
    told = element.get(f"{_TABLE}{name}", "1")
    if not told.isascii() or not told.isdigit() or len(told) > 9:
        raise InputError(
            f"{name} is {told[:40]!r}, expected a number of rows or columns; open the sheet and save it again"
        )
    return max(int(told), 1)


def _paragraph(element: Element) -> str:
    """Return the text of a paragraph, its runs of spaces, tabs and line breaks included."""
    pieces = [element.text or ""]
    for part in element:
        name = part.tag.removeprefix(_TEXT)
        marks = {"s": " " * min(int(part.get(f"{_TEXT}c", "1")), MOST_COLUMNS), "tab": "\t", "line-break": "\n"}
        pieces += [marks.get(name) or _paragraph(part), part.tail or ""]
    return "".join(pieces)
