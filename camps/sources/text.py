"""Delimited text of unknown make, read as printed: every cell stays a string.

Encoding and delimiter are found, or told. Nothing in a file can make the reader take more memory than the limits
below allow, or drop a row without a remark.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd
from charset_normalizer import from_bytes

from camps import files
from camps.errors import InputError
from camps.sources.report import Report

#: A list of sites is thousands of rows; what is larger than these is not one.
MOST_BYTES = 64 * 2**20
MOST_LINE_BYTES = 2**20
MOST_CELL_CHARACTERS = 2**17
MOST_COLUMNS = 2000
MOST_ROWS = 1_000_000
MOST_CELLS = 4_000_000

DELIMITERS = (",", "\t", ";", "|")
_PIECE = 1 << 20
_SAMPLE_ROWS = 50
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = (
    (b"PK\x03\x04", "a ZIP archive (XLSX, ODS or KMZ)"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls); save it as .xlsx"),
    (b"SQLite format 3", "a SQLite database (GeoPackage)"),
    (b"PAR1", "a Parquet file"),
)
_NUMERIC = re.compile(r"\s*[+-]?\d+([.,]\d+)?\s*")
_WEB_PAGE = re.compile(r"\s*<(!doctype html|html)", re.IGNORECASE)


@dataclass(frozen=True)
class RawTable:
    """A list as printed.

    Attributes
    ----------
    frame
        All cells as text, blank cells as empty text; the index is the row number in the file (header = 1).
    encoding, delimiter
        How the text was read; empty for formats that have none.
    """

    frame: pd.DataFrame
    encoding: str = ""
    delimiter: str = ""


def read_delimited(
    path: Path,
    report: Report,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    header_rows: int | None = None,
) -> RawTable:
    """Return a CSV or TSV file with every cell as printed.

    Parameters
    ----------
    path
        The file, under any name.
    report
        Takes a remark for each blank, ragged or mended row and for anything guessed.
    encoding, delimiter
        Told, or found when left out: a byte order mark, then UTF-8, then the likeliest code page; the delimiter that
        gives the most regular table.
    header_rows
        1 or 2; found when left out (two when merged header cells leave gaps above a second row of names).

    Raises
    ------
    MissingError
        When the file is not there.
    InputError
        When it is empty, binary, truncated inside a quoted cell, too large, of another encoding than told, or not
        a table.
    """
    check_size(path)
    _check_kind(path)
    used = encoding or find_encoding(path, report)
    _check_lines(path)
    text = _decode(path, used)
    mark = delimiter or find_delimiter(text, path.name)
    rows = _rows(text, mark, path.name, report)
    return RawTable(table_of(rows, path.name, report, header_rows=header_rows), used, mark)


def check_size(path: Path, most: int = MOST_BYTES) -> None:
    """Raise ``InputError`` when a file is empty or larger than `most` bytes, ``MissingError`` when it is not there."""
    with files.readable(path):
        size = path.stat().st_size
        if not path.is_file():
            raise InputError(f"{path}: is a folder, expected a file; name the file inside it")
    if size == 0:
        raise InputError(f"{path}: is empty, expected a list; fetch or export it again")
    if size > most:
        raise InputError(
            f"{path}: {size / 2**20:,.0f} MB, expected at most {most / 2**20:,.0f} MB for a list of sites; "
            "cut it to the rows and columns that matter"
        )


def _check_kind(path: Path) -> None:
    with files.readable(path), path.open("rb") as stream:
        head = stream.read(16)
    for magic, kind in _BINARY:
        if head.startswith(magic):
            raise InputError(f"{path}: is {kind}, expected delimited text; give it the suffix of its format")


def _check_lines(path: Path) -> None:
    longest = run = 0
    with files.readable(path), path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            first, *rest = re.split(rb"[\r\n]", piece)
            run += len(first)
            longest = max(longest, run, *(len(line) for line in rest)) if rest else max(longest, run)
            run = len(rest[-1]) if rest else run
            if longest > MOST_LINE_BYTES:
                raise InputError(
                    f"{path}: a line of more than {MOST_LINE_BYTES:,} bytes, expected a row a line; "
                    "the line ends are lost or the file is not a table: export it again"
                )


def find_encoding(path: Path, report: Report) -> str:
    """Return the encoding of a text file; a guess is noted in `report`.

    A byte order mark decides; text that is valid UTF-8 is UTF-8; else the likeliest code page is taken and said.

    Raises
    ------
    InputError
        When the bytes are no text in any encoding known.
    """
    with files.readable(path):
        content = path.read_bytes()
    for mark, name in _BOMS:
        if content.startswith(mark):
            report.add("mended", f"byte order mark removed, read as {name}")
            return name
    unmarked = _unmarked_utf16(content[:4096])
    if unmarked:
        report.add("noted", f"no byte order mark, zero bytes as in {unmarked}; read so")
        return unmarked
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _guess(path, content, report)
    return "utf-8"


def _unmarked_utf16(head: bytes) -> str:
    if head.count(0) < len(head) // 4:
        return ""
    return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"


def _guess(path: Path, content: bytes, report: Report) -> str:
    # The lines with bytes beyond ASCII are the only ones that tell code pages apart.
    telling = b"\n".join(islice((line for line in content.split(b"\n") if not line.isascii()), 2000))
    best = from_bytes(telling[: 2**18]).best()
    if best is None:
        raise InputError(f'{path}: text in no known encoding; say which with encoding = "…"')
    report.add("noted", f'not UTF-8; encoding guessed as {best.encoding}; say encoding = "…" if names look wrong')
    return str(best.encoding)


def _decode(path: Path, encoding: str) -> str:
    try:
        return path.read_bytes().decode(encoding)
    except LookupError as error:
        raise InputError(
            f"{path}: no encoding is called {encoding!r}; for example utf-8, cp1252, cp437, gb18030"
        ) from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}: line {line}: byte 0x{error.object[error.start]:02x} is not {encoding}; "
            "name the encoding it was saved in, or save it as UTF-8"
        ) from error
    except UnicodeError as error:
        raise InputError(f"{path}: is not {encoding} ({error}); name the encoding it was saved in") from error


def find_delimiter(text: str, name: str) -> str:
    """Return which of comma, tab, semicolon and bar makes the most regular table of the first rows.

    Raises
    ------
    InputError
        When none of them parts the text into two columns or more.
    """
    best = max(DELIMITERS, key=lambda mark: _regularity(text, mark))
    if _regularity(text, best) <= 1:
        raise InputError(f'{name}: no comma, tab, semicolon or bar parts it into columns; say delimiter = "…"')
    return best


def _regularity(text: str, mark: str) -> float:
    try:
        rows = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=mark), _SAMPLE_ROWS))
    except csv.Error:
        return 0
    widths = Counter(len(row) for row in rows if any(row))
    if not widths:
        return 0
    width, times = max(widths.items(), key=lambda item: (item[1], item[0]))
    return width * times / sum(widths.values())


def _rows(text: str, mark: str, name: str, report: Report) -> Iterator[tuple[int, list[str]]]:
    if _WEB_PAGE.match(text):
        raise InputError(f"{name}: is a web page, expected a list; the address gives a page, not the file itself")
    strict = _is_strict(text, mark, name)
    if not strict:
        report.add("noted", "quotation marks inside cells are not doubled; read as printed")
    csv.field_size_limit(MOST_CELL_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=strict)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{name}: line {line}: {error}; mend the quotation marks of that line") from error


def _is_strict(text: str, mark: str, name: str) -> bool:
    """Return whether quotation marks are used by the book; a cell that never closes means a truncated file."""
    csv.field_size_limit(MOST_CELL_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    line = 1
    try:
        for _ in reader:
            line = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise InputError(
                f"{name}: line {line}: a quoted cell is opened and never closed; the file is cut off or a quotation "
                "mark is missing: fetch or export it again"
            ) from error
        return False
    return True


def table_of(
    rows: Iterable[tuple[int, Sequence[str]]],
    name: str,
    report: Report,
    *,
    header_rows: int | None = None,
    squared: bool = False,
) -> pd.DataFrame:
    """Return numbered rows of text as a table: header found, blank rows and ragged ends reported.

    Parameters
    ----------
    rows
        Row number in the file and its cells.
    name
        The file as a reader knows it.
    report
        Takes the remarks.
    header_rows
        1 or 2 rows of column names; found when left out.
    squared
        Whether short rows are the way of the format, as in a spreadsheet, and not worth a remark.

    Raises
    ------
    InputError
        When there is no row below the header, or there are too many rows or columns.
    """
    filled = _filled(rows, name, report)
    if not filled:
        raise InputError(f"{name}: holds no row with text in it, expected a header and rows")
    _check_width(filled, name)
    depth = header_rows or _header_depth([cells for _, cells in filled[:2]])
    header = _header([cells for _, cells in filled[:depth]], report)
    body = filled[depth:]
    if not body:
        raise InputError(f"{name}: a header and no row below it, expected at least one row")
    return _frame(header, body, report, squared=squared)


def _filled(rows: Iterable[tuple[int, Sequence[str]]], name: str, report: Report) -> list[tuple[int, list[str]]]:
    filled = []
    n_cells = 0
    for count, (number, cells) in enumerate(rows):
        n_cells += len(cells)
        if count > MOST_ROWS or n_cells > MOST_CELLS:
            raise InputError(
                f"{name}: more than {MOST_ROWS:,} rows or {MOST_CELLS:,} cells, expected a list of sites; cut it"
            )
        if any(cell.strip() for cell in cells):
            filled.append((number, list(cells)))
        else:
            report.add("dropped", "blank row", row=number)
    return filled


def _check_width(filled: list[tuple[int, list[str]]], name: str) -> None:
    number, cells = max(filled, key=lambda item: len(item[1]))
    if len(cells) > MOST_COLUMNS:
        raise InputError(f"{name}: row {number} has {len(cells):,} cells, expected at most {MOST_COLUMNS:,}")


def _header_depth(first: Sequence[Sequence[str]]) -> int:
    """Return 2 when gaps in the first row stand over names in the second, as merged header cells leave them."""
    if len(first) < 2:
        return 1
    top, second = first
    gaps = [position for position, cell in enumerate(top) if not cell.strip()]
    under = [second[position].strip() for position in gaps if position < len(second)]
    named = [cell for cell in second if cell.strip()]
    all_words = bool(named) and not any(_NUMERIC.fullmatch(cell) for cell in named)
    return 2 if under and all(under) and all_words else 1


def _header(rows: list[list[str]], report: Report) -> list[str]:
    names = [cell.strip() for cell in rows[0]]
    if len(rows) == 2:
        names = _joined(names, [cell.strip() for cell in rows[1]])
        report.add("mended", "two header rows with merged cells joined into one", value=" | ".join(names))
    return _unique(names, report)


def _joined(top: list[str], second: list[str]) -> list[str]:
    width = max(len(top), len(second))
    top, second = [[*row, *[""] * (width - len(row))] for row in (top, second)]
    above, joined = "", []
    for upper, lower in zip(top, second, strict=True):
        above = upper or above
        joined.append(f"{above} {lower}".strip() if lower else above)
    return joined


def _unique(names: list[str], report: Report) -> list[str]:
    while names and not names[-1]:
        names = names[:-1]
    used: Counter[str] = Counter()
    unique = []
    for position, name in enumerate(names, 1):
        label = name or f"column {position}"
        used[label] += 1
        if used[label] > 1:
            report.add("mended", "column name given twice; numbered", column=label)
            label = f"{label} ({used[label]})"
        unique.append(label)
    return unique


def _frame(header: list[str], body: list[tuple[int, list[str]]], report: Report, *, squared: bool) -> pd.DataFrame:
    named = len(header)
    width = max(named, *(_last_filled(cells) for _, cells in body))
    for number, cells in body:
        if len(cells) < named and not squared:
            report.add("noted", f"{len(cells)} cells where the header has {named}; the rest taken as blank", row=number)
        elif _last_filled(cells) > named:
            extra = " | ".join(cell for cell in cells[named:] if cell.strip())
            report.add("noted", f"cells beyond the {named} columns of the header; kept apart", row=number, value=extra)
    names = [*header, *(f"column {position}" for position in range(named + 1, width + 1))]
    table = [[*cells[:width], *[""] * (width - len(cells))] for _, cells in body]
    index = pd.Index([number for number, _ in body], name="row")
    return pd.DataFrame(table, columns=names, index=index, dtype=object)


def _last_filled(cells: Sequence[str]) -> int:
    return max((position for position, cell in enumerate(cells, 1) if cell.strip()), default=0)
