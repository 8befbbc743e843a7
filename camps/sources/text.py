"""Delimited text of unknown make, read as printed: every cell stays a string.

Encoding and delimiter are found, or told. Nothing in a file can make the reader take more memory than the limits
below allow, or drop a row without a remark.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, count, groupby, islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as arrow
from charset_normalizer import from_bytes

from camps import files
from camps.errors import InputError
from camps.record import GUARDED
from camps.sources.report import Report

#: A list of sites is thousands of rows; what is larger than these is not one.
MOST_BYTES = 64 * 2**20
MOST_LINE_BYTES = 2**20
MOST_CELL_CHARACTERS = 2**17
MOST_COLUMNS = 2000
MOST_ROWS = 1_000_000
MOST_CELLS = 4_000_000
#: Delimited text is kept in columns as it is read: a million rows of five columns take less than 1 GB, all told.
MOST_TEXT_CELLS = 5_500_000

DELIMITERS = (",", "\t", ";", "|")
_PIECE = 1 << 20
_SAMPLE_ROWS = 50
_ROWS_AT_ONCE = 32_768
_LONG_RUN = 10
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
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"SQLite format 3", "a SQLite database (GeoPackage)"),
    (b"PAR1", "a Parquet file"),
)
_NUMERIC = re.compile(r"\s*[+-]?\d+([.,]\d+)?\s*")
_SEPARATOR = re.compile(r"sep=([^\r\n])\r?\n", re.IGNORECASE)
_YEAR = re.compile(r"\s*(1[5-9]|20)\d\d\s*")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_TEXT = pd.StringDtype("pyarrow", na_value=np.nan)
#: Row number in the file, and its cells.
Numbered = tuple[int, list[str]]
_MARKUP = re.compile(r"\ufeff?\s*<\?xml\s")
_WEB_PAGE = re.compile(r"\s*<(!doctype html|html)", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """Where in a file its table stands, as far as that is told.

    Attributes
    ----------
    header_row
        Row number of the column names in the file; found when ``None``, below lines of title.
    header_rows
        1 or 2 rows of column names; found when ``None`` (two when merged header cells leave gaps above a second row).
    strict
        Whether the first row is the header and every other a row of the table, as in a list of known make.
    squared
        Whether short rows are the way of the format, as in a spreadsheet, and not worth a remark.
    """

    header_row: int | None = None
    header_rows: int | None = None
    strict: bool = False
    squared: bool = False


#: Of a table of which nothing is told.
FOUND = Layout()


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
    path: Path, report: Report, *, encoding: str | None = None, delimiter: str | None = None, layout: Layout = FOUND
) -> RawTable:
    """Return a CSV or TSV file with every cell as printed.

    Parameters
    ----------
    path
        The file, under any name.
    report
        Takes the rows, and a remark for each blank, ragged or mended row and for anything guessed.
    encoding, delimiter
        Told, or found when left out: a byte order mark, then UTF-8, then the likeliest code page; a first line
        ``sep=;``, then the delimiter that gives the most regular table.
    layout
        Where the table stands, as far as that is told.

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
    if _MARKUP.match(text):
        raise InputError(
            f"{path.name}: is XML, expected delimited text; give it the suffix of its format, such as .kml or .gml"
        )
    stated = _stated_delimiter(text, report)
    if _WEB_PAGE.match(text):
        raise InputError(f"{path.name}: is a web page, expected a list; the address gives a page, not the file itself")
    mark = delimiter or stated or find_delimiter(text, path.name)
    by_the_book = _is_strict(text, mark, path.name)
    if not by_the_book:
        report.add("noted", "quotation marks inside cells are not doubled; read as printed")
    rows = _Rows(text, mark, path.name, by_the_book, 1 if stated else 0)
    frame = table_of(rows, path.name, report, layout)
    if '"' in text:
        _note_swallowed(frame, mark, report)
    return RawTable(frame, used, mark)


def _note_swallowed(frame: pd.DataFrame, mark: str, report: Report) -> None:
    """Note cells that hold whole rows, as a quotation mark too many makes them: so many lines, so many delimiters.

    Of two columns any text of two lines might.
    """
    apart = len(frame.columns) - 1
    for column in frame if apart > 1 else ():
        texts = frame[column]
        # Of a million cells hardly any: only these are counted.
        texts = texts[["\n" in str(text) or "\r" in str(text) for text in texts]]
        n_lines = texts.str.count(r"\r\n|\r|\n")
        for row in texts.index[texts.str.count(re.escape(mark)).eq(n_lines * apart)]:
            reason = (
                f"a cell of {n_lines[row] + 1} lines with as many delimiters as so many rows have; is a quotation mark "
                "missing or too many? then rows of the list are lost in it"
            )
            report.add("noted", reason, row=int(row), column=str(column), value=texts[row])


def _stated_delimiter(text: str, report: Report) -> str:
    """Return the delimiter that a first line such as ``sep=;`` states for spreadsheets, else empty text."""
    found = _SEPARATOR.match(text)
    if not found:
        return ""
    report.take("element")
    report.add(
        "noted",
        f"states its delimiter {found[1]!r}; no row of the list",
        row=1,
        value=found[0].strip(),
        piece="element",
    )
    return found[1]


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
        raise InputError(f"{path}: text in no known encoding; say which with --encoding")
    report.add("noted", f"not UTF-8; encoding guessed as {best.encoding}; say --encoding if names look wrong")
    return str(best.encoding)


def _decode(path: Path, encoding: str) -> str:
    try:
        text = path.read_bytes().decode(encoding)
        # Some encodings give halves of characters, which no table can hold.
        text.encode("utf-8")
        return text
    except LookupError as error:
        raise InputError(
            f"{path}: no encoding is called {encoding!r}; for example utf-8, cp1252, cp437, gb18030"
        ) from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}: line {line}: byte 0x{error.object[error.start]:02x} is not {encoding}; "
            "say another with --encoding, or save it as UTF-8"
        ) from error
    except UnicodeError as error:
        raise InputError(f"{path}: is not {encoding} ({error}); say another with --encoding") from error


def find_delimiter(text: str, name: str) -> str:
    """Return which of comma, tab, semicolon and bar makes the most regular table of the first rows.

    Raises
    ------
    InputError
        When none of them parts the text into two columns or more.
    """
    best = max(DELIMITERS, key=lambda mark: _regularity(text, mark))
    if _regularity(text, best) <= 1:
        raise InputError(f"{name}: no comma, tab, semicolon or bar parts it into columns; say --delimiter")
    return best


def _regularity(text: str, mark: str) -> float:
    try:
        rows = list(islice(csv.reader(_lines(text), delimiter=mark), _SAMPLE_ROWS))
    except csv.Error:
        return 0
    widths = Counter(len(row) for row in rows if any(row))
    if not widths:
        return 0
    width, times = max(widths.items(), key=lambda item: (item[1], item[0]))
    return width * times / sum(widths.values())


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text with their ends, as the csv module parts them; no copy of the text is made."""
    return (found[0] for found in _LINE.finditer(text))


@dataclass(frozen=True)
class _Rows:
    """The rows of delimited text, read anew at each turn, so that never all of them are lists at once."""

    text: str
    mark: str
    name: str
    strict: bool
    skipped: int

    def __iter__(self) -> Iterator[Numbered]:
        csv.field_size_limit(MOST_CELL_CHARACTERS)
        reader = csv.reader(_lines(self.text), delimiter=self.mark, strict=self.strict)
        return islice(self._numbered(reader), self.skipped, None)

    def _numbered(self, reader: Any) -> Iterator[Numbered]:
        line = 1
        try:
            for row in reader:
                yield line, row
                line = reader.line_num + 1
        except csv.Error as error:
            raise InputError(f"{self.name}: line {line}: {error}; mend the quotation marks of that line") from error


def _is_strict(text: str, mark: str, name: str) -> bool:
    """Return whether quotation marks are used by the book; a cell that never closes means a truncated file."""
    csv.field_size_limit(MOST_CELL_CHARACTERS)
    reader = csv.reader(_lines(text), delimiter=mark, strict=True)
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


def table_of(rows: Iterable[Numbered], name: str, report: Report, layout: Layout = FOUND) -> pd.DataFrame:
    """Return numbered rows of text as a table: header found, lines around the table and blank or ragged rows reported.

    Parameters
    ----------
    rows
        Row number in the file and its cells; gone through twice.
    name
        The file as a reader knows it.
    report
        Takes the rows below the header, the lines above the header and below the table, and the remarks.
    layout
        Where the table stands; found when left out.

    Raises
    ------
    InputError
        When there is no row below the header, or there are too many rows or columns.
    """
    met = _Met(name)
    most = MOST_CELLS if layout.squared else MOST_TEXT_CELLS
    filled = met.filled(limited(rows, name, most))
    head = _head(filled, layout)
    if not head:
        raise InputError(f"{name}: holds no row with text in it, expected a header and rows")
    start = _header_at(head, layout, name)
    depth = layout.header_rows or _header_depth([cells for _, cells in head[start : start + 2]])
    header = _header([cells for _, cells in head[start : start + depth]], report)
    end = met.end(chain(head, filled), start + depth, len(header), strict=layout.strict)
    _note_blank(met.blank, report)
    below = list(islice(_with_text(rows), end, None)) if end < met.n_filled else []
    _note_around(head[:start], below, head[start][0], report)
    report.take("row", met.n - depth - start - (met.n_filled - end))
    if end <= start + depth:
        raise InputError(f"{name}: a header and no row below it, expected at least one row")
    body = islice(_with_text(rows), start + depth, end)
    return _frame(header, body, met.width, report, squared=layout.squared)


def limited(rows: Iterable[Numbered], name: str, most_cells: int = MOST_CELLS) -> Iterator[Numbered]:
    """Yield rows as long as there are no more of them, nor of their cells, than a list has.

    Raises
    ------
    InputError
        When there are.
    """
    n_cells = 0
    for n_met, (number, cells) in enumerate(rows, 1):
        n_cells += len(cells)
        if n_met > MOST_ROWS + 1 or n_cells > most_cells:
            raise too_long(name, most_cells)
        yield number, cells


def too_long(name: str, most_cells: int) -> InputError:
    """Return the error for a list of more rows or cells than are read."""
    other = ", or save it as .csv" if most_cells < MOST_CELLS else ""
    return InputError(
        f"{name}: more than {MOST_ROWS:,} rows or {most_cells:,} cells, expected a list of sites; cut it{other}"
    )


def _with_text(rows: Iterable[Numbered]) -> Iterator[Numbered]:
    return (row for row in rows if any(cell.strip() for cell in row[1]))


def _head(filled: Iterator[Numbered], told: Layout) -> list[Numbered]:
    """Return the first rows, as many as it takes to find the header and the row below it."""
    head: list[Numbered] = []
    for row in filled:
        head.append(row)
        if len(head) >= _SAMPLE_ROWS and row[0] > (told.header_row or 0) + 1:
            break
    return head


@dataclass
class _Met:
    """What a first turn over the rows finds, none of which it keeps."""

    name: str
    n: int = 0
    n_filled: int = 0
    width: int = 0
    blank: list[int] = field(default_factory=list)

    def filled(self, rows: Iterable[Numbered]) -> Iterator[Numbered]:
        """Yield the rows that hold any text."""
        for number, cells in rows:
            self.n += 1
            if len(cells) > MOST_COLUMNS:
                raise InputError(
                    f"{self.name}: row {number} has {len(cells):,} cells, expected at most {MOST_COLUMNS:,}"
                )
            if any(cell.strip() for cell in cells):
                self.n_filled += 1
                yield number, cells
            else:
                self.blank.append(number)

    def end(self, filled: Iterable[Numbered], start: int, n_named: int, *, strict: bool) -> int:
        """Return where the table ends and notes begin, by the count of filled rows; find how wide the table is.

        Notes are rows that fill the first cell alone, or few after a blank row.
        """
        narrow: list[tuple[int, int]] = []
        before = 0
        for at, (number, cells) in enumerate(filled):
            self.width = max(self.width, _last_filled(cells)) if at >= start else n_named
            if at > start and _is_narrow(cells, n_named):
                narrow.append((number, _n_filled(cells)))
            else:
                narrow, before = [], number
        return self.n_filled if strict else self.n_filled - _n_notes(narrow, before)


def _n_notes(narrow: list[tuple[int, int]], before: int) -> int:
    """Return how many of the last narrow rows, as number and width, are notes; `before` is the row above them."""
    n = 0
    above = [before, *(number for number, _ in narrow)]
    for back, (number, width) in enumerate(reversed(narrow), 1):
        lone = n == back - 1 and width == 1
        n = back if lone or number - above[-back - 1] > 1 else n
    return n


def _note_blank(numbers: list[int], report: Report) -> None:
    """Note the blank rows, a long run of them in one remark."""
    for _, held in groupby(enumerate(numbers), key=lambda item: item[1] - item[0]):
        run = [number for _, number in held]
        if len(run) > _LONG_RUN:
            reason = f"{len(run):,} blank rows, to row {run[-1]}"
            report.add("dropped", reason, row=run[0], piece="row", pieces=len(run))
        else:
            for number in run:
                report.add("dropped", "blank row", row=number, piece="row")


def _header_at(filled: list[Numbered], told: Layout, name: str) -> int:
    """Return which of the filled rows is the header, as told or found."""
    numbers = [number for number, _ in filled]
    if told.header_row is None:
        first = [cells for _, cells in filled[:_SAMPLE_ROWS]]
        found = 0 if told.strict else _find_header(first, told.header_rows)
        if told.header_rows == 2 and not all(map(_is_header, first[found : found + 2])):
            raise InputError(
                f"{name}: rows {', '.join(map(str, numbers[found : found + 2]))} are not both names of columns, "
                "expected two rows of names; say with --header-row where the first of them is"
            )
        return found
    if told.header_row not in numbers:
        shown = ", ".join(map(str, numbers[:8]))
        raise InputError(
            f"{name}: row {told.header_row} is blank or not there, expected the row of column names; "
            f"rows with text are {shown}{' …' if len(numbers) > 8 else ''}: say another with --header-row"
        )
    return numbers.index(told.header_row)


def _find_header(first: list[list[str]], depth: int | None) -> int:
    """Return the position of the header: the first row as wide as the table and all words, below lines of title.

    Where a wide row stands above it, that row is no title, and the first row stays the header.
    """
    widths = [_n_filled(cells) for cells in first]
    usual = sorted(widths)[len(widths) * 3 // 4]
    wide = (at for at, width in enumerate(widths) if width >= max(2, 0.75 * usual) and _is_header(first[at]))
    found = next(wide, 0)
    if not found or max(widths[:found]) > usual / 2:
        return 0
    under = found - 1
    return under if widths[under] > 1 and (depth or _header_depth(first[under : found + 1])) == 2 else found


def _n_filled(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if cell.strip())


def _is_header(cells: Sequence[str]) -> bool:
    return not any(_NUMERIC.fullmatch(cell) and not _YEAR.fullmatch(cell) for cell in cells)


def _is_narrow(cells: Sequence[str], n_named: int) -> bool:
    """Return whether a row fills at most half of the columns, from the first on, with words."""
    width = _n_filled(cells)
    words = not any(_NUMERIC.fullmatch(cell) for cell in cells)
    return n_named > 2 and 2 * width <= n_named and _last_filled(cells) == width and words


def _note_around(above: list[Numbered], below: list[Numbered], header: int, report: Report) -> None:
    report.take("element", len(above) + len(below))
    reasons = ((above, f"a line above the header (row {header}); say --header-row if that is another"),
               (below, "a note below the table; no row of it"))  # fmt: skip
    for lines, reason in reasons:
        for number, cells in lines:
            text = " | ".join(cell.strip() for cell in cells if cell.strip())
            report.add("noted", reason, row=number, value=text, piece="element")


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
    return unique_names(names, report)


def _joined(top: list[str], second: list[str]) -> list[str]:
    width = max(len(top), len(second))
    top, second = [[*row, *[""] * (width - len(row))] for row in (top, second)]
    above, joined = "", []
    for upper, lower in zip(top, second, strict=True):
        above = upper or above
        # Cells merged over both rows have one name.
        joined.append(above if lower in ("", above) else f"{above} {lower}".strip())
    return joined


def unique_names(names: list[str], report: Report) -> list[str]:
    """Return names of columns of which none comes twice, those at the end that are blank left out."""
    while names and not names[-1]:
        names = names[:-1]
    unique: list[str] = []
    for position, name in enumerate(names, 1):
        label = name or f"column {position}"
        if label in unique:
            report.add("mended", "column name given twice; numbered", column=label)
            label = _apart(label, {*names, *unique})
        unique.append(label)
    return unique


def _apart(name: str, taken: Container[str]) -> str:
    """Return a column name with the first number behind it that makes it differ from all others."""
    return next(label for number in count(2) if (label := f"{name} ({number})") not in taken)


def _frame(header: list[str], body: Iterable[Numbered], width: int, report: Report, *, squared: bool) -> pd.DataFrame:
    named, width = len(header), max(len(header), width)
    beyond = [f"column {position}" for position in range(named + 1, width + 1)]
    names = [*header, *(_apart(name, header) if name in header else name for name in beyond)]
    numbers: list[Any] = []
    pieces: list[list[Any]] = [[] for _ in names]
    rows = iter(body)
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        numbers.append(np.array([number for number, _ in some]))
        for number, cells in some:
            _note_ragged(number, cells, named, report, squared=squared)
            cells.extend([""] * (width - len(cells)))
        for held, column in zip(pieces, zip(*(cells for _, cells in some), strict=False), strict=False):
            held.append(column if squared else arrow.array(column, arrow.large_string()))
    index = pd.Index(np.concatenate(numbers), name="row")
    if squared:
        columns = {name: list(chain(*held)) for name, held in zip(names, pieces, strict=True)}
        return pd.DataFrame(columns, index=index, dtype=object)
    held = [_unguarded(arrow.chunked_array(pieces.pop(0)).combine_chunks(), name, index, report) for name in names]
    arrow.default_memory_pool().release_unused()
    text: pd.DataFrame = arrow.Table.from_arrays(held, names).to_pandas(types_mapper={arrow.large_string(): _TEXT}.get)
    return text.set_axis(index)


def _unguarded(column: Any, name: str, numbers: Any, report: Report) -> Any:
    """Return a column without the apostrophes that keep its texts from being formulas, such as our exports have."""
    found = arrow.compute.match_substring_regex(column, GUARDED)
    for at in np.flatnonzero(found):
        reason = "an apostrophe keeps it from being a formula in a spreadsheet; taken off"
        report.add("mended", reason, row=int(numbers[at]), column=name, value=column[at].as_py())
    return arrow.compute.replace_substring_regex(column, GUARDED, r"\1") if found.true_count else column


def _note_ragged(number: int, cells: list[str], named: int, report: Report, *, squared: bool) -> None:
    if len(cells) < named and not squared:
        report.add("noted", f"{len(cells)} cells where the header has {named}; the rest taken as blank", row=number)
    elif len(cells) > named and _last_filled(cells) > named:
        extra = " | ".join(cell for cell in cells[named:] if cell.strip())
        report.add("noted", f"cells beyond the {named} columns of the header; kept apart", row=number, value=extra)


def _last_filled(cells: Sequence[str]) -> int:
    return next((position for position in range(len(cells), 0, -1) if cells[position - 1].strip()), 0)
