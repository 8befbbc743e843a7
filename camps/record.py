"""What one inquiry says of itself: ``record.toml``, read once, checked whole, with a fallback for all that is left out.

A record is a folder: ``record.toml``, ``geodata/``, ``shots/``, ``notebooks/`` and ``exports/``. The package holds no
list, place, class or chapter of its own; what a map is titled, which list is read first, how a grouping is drawn and
what a metric is called come from here. Names are given by language: ``{ en = "Prison", fr = "Prison" }``.
"""

from __future__ import annotations

import copy
import csv
import importlib.util
import inspect
import io
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import pandas as pd
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from camps import files, settings
from camps.errors import Fault, InputError, raise_faults

#: What a symbol may look like; a disc may be read by the size of its area.
Shape = Literal["disc", "square", "diamond", "triangle", "pentagon", "hexagon", "inverted"]
SHAPES: tuple[Shape, ...] = get_args(Shape)
#: What a spreadsheet computes, or would once more apostrophes were taken off; some take the wide forms, too.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", re.ASCII)
#: A text that :func:`csv_text` kept from being one, and what it was.
GUARDED = r"^'('*[=+\-@\t\r\n＝＋－＠])"
_GUARDED = re.compile(GUARDED)
_QUOTED_OR_END = re.compile(r'("(?:[^"]|"")*")|\r\n')
_WORDS = {
    "extra_forbidden": "no such key here",
    "missing": "this key to be there",
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list in [ ]",
    "list_type": "a list in [ ]",
    "dict_type": "a table in { }",
    "model_type": "a table in { }",
}


def _as_box(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    west, south, east, north = box
    if not (west != east and -180 <= west <= 180 and -180 <= east <= 360 and -90 <= south < north <= 90):
        raise ValueError("[west, south, east, north] in degrees, south below north")
    return box


def _as_day(given: Any) -> Any:
    """Take a day that stands in quotes, too; a number is none, though it could be counted from 1970."""
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    if isinstance(given, str) and _DAY.fullmatch(given):
        return date.fromisoformat(given)
    raise ValueError("a day such as 1957-08-01")


#: A day of the calendar, as a TOML file has it.
Day = Annotated[date, BeforeValidator(_as_day)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")]
Year = Annotated[int, Field(ge=1, le=9999)]
#: A text in one language or several, by tag.
Names = dict[Language, str]
Box = Annotated[tuple[float, float, float, float], AfterValidator(_as_box)]
Colour = Annotated[str, Field(pattern=r"^(#[0-9a-f]{6}|[a-z][a-z0-9_]*)$")]


def _as_tuples(given: Any) -> Any:
    if isinstance(given, dict):
        return {name: _as_tuples(value) for name, value in given.items()}
    return tuple(map(_as_tuples, given)) if isinstance(given, list) else given


class Table(BaseModel):
    """A table of a TOML file of the record: no key that is not known, nothing that changes once read."""

    # Strict: else `true` is taken for 1, and 86400 for 2 January 1970.
    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, populate_by_name=True, strict=True
    )

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, given: Any) -> Any:
        return _as_tuples(given)


class Grouping(Table):
    """A column that sites are grouped by, such as ``system`` or ``tier``.

    Attributes
    ----------
    name
        What the legend calls it.
    lists
        Ids of the lists whose values these are; of all where none is named.
    """

    name: Names = {}
    lists: tuple[str, ...] = ()


class SymbolClass(Table):
    """How the sites of one value of a grouping are drawn and named.

    Attributes
    ----------
    of
        The column of the ``site`` table, such as ``system``.
    id
        The value in that column, as text. An empty id stands for sites that have none, ``other`` for values that are
        not listed.
    colour
        A colour of the looks by name (``orange``, ``green`` …), which stays readable on dark and light ground, or
        ``#rrggbb``.
    shape
        One of ``SHAPES``.
    name
        What the legend says, by language; the id where it says nothing.
    """

    of: str
    id: str
    colour: Colour = "grey"
    shape: Shape = "disc"
    name: Names = {}


class Metric(Table):
    """Something that is counted or measured at a site, and what may be said of it between two values.

    Attributes
    ----------
    name
        Heading of an axis or a legend, by language, such as "Number of prisoners".
    one, few, many
        The word after a number, by language: "1 prisoner", "2 prisoners"; `few` where a language has another word
        after 2 to 4 or 3 to 10. A word with ``{value}`` in it is the whole phrase.
    none
        What a legend says of a place whose value is 0.
    unit
        Unit in which values are stored, such as ``m²``; empty for things that are counted.
    whole
        Whether values are whole numbers.
    zero
        Whether a printed 0 is a ``value`` or stands for ``unknown``.
    unknown
        Printed numbers that stand for "unknown" as well, such as ``[1, 999]``.
    held
        How long a value may stand for a site that was not looked at again: ``while_open`` (until the place is known
        to be closed), ``to_next_date`` (not past the next date that the list covers), ``never``, or days. Left out:
        ``while_open`` for what is built (``buildings`` and areas), ``never`` for ``deaths``, ``to_next_date`` for
        people and all else.
    counts_when_closed
        Whether the value of a place still counts after it closed.
    shows_open
        Whether a value above 0 shows that its place was open on that date. Left out: true for ``prisoners``, false for
        what is built and for ``deaths``; of all else nothing is concluded, and the map of eras says where it matters.
    """

    name: Names = {}
    one: Names = {}
    few: Names = {}
    many: Names = {}
    none: Names = {}
    unit: str = ""
    whole: bool = True
    zero: Literal["value", "unknown"] = "value"
    unknown: tuple[float, ...] = ()
    held: Literal["while_open", "to_next_date", "never"] | Annotated[int, Field(gt=0)] | None = None
    counts_when_closed: bool = False
    shows_open: bool | None = None


def require_order(first: Any, last: Any) -> None:
    """Raise ValueError where ``to`` is not later than ``from``; without an end, or in order, do nothing."""
    if last is not None and last <= first:
        raise ValueError(f"'to' ({last}) later than 'from' ({first})")


class Chapter(Table):
    """A period of the story, from the day `first` to the day before `end`; open without an end.

    `lit` is a column of the sites: in this chapter those that have a value there are marked, such as ``enterprise``.
    """

    id: str
    first: Day = Field(alias="from")
    end: Day | None = Field(default=None, alias="to")
    lit: Literal["enterprise", ""] = ""
    name: Names = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Chapter:
        require_order(self.first, self.end)
        return self


class System(Table):
    """One system of camps among those that are compared: its lists, which of their sites, and the years to show.

    Attributes
    ----------
    first, last
        The years to show, from the first to the last of them.
    """

    name: Names = {}
    lists: tuple[str, ...] = Field(min_length=1)
    of: tuple[str, ...] = ()
    country: str = ""
    first: Year = Field(alias="from")
    last: Year = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> System:
        require_order(self.first, self.last)
        return self


class Heading(Table):
    """What a map of the record shows and says: titles, lists, what they cover, and what its colours stand for."""

    title: Names = {}
    subtitle: Names = {}
    lists: tuple[str, ...] = ()
    coverage: Names = {}
    by: str = ""


#: On what each key falls back that a record leaves out, as docs/record.md has it.
FALLBACKS = {
    "title": "no title",
    "contact": "none",
    "signer": "none",
    "languages": '["en"]',
    "look": '"dark"',
    "lists": "the first list of the register",
    "counted": "the lists",
    "trusted": "the lists",
    "dossiers": "none",
    "plate": "four of them",
    "grouping": "the column's name; all lists",
    "class": "hues and shapes in turn",
    "metric": "what the suite knows of buildings, areas, prisoners and deaths (camps/metrics.toml), key by key; else a "
    "whole number of that name, held to the next date",
    "chapter": "none",
    "region": "none",
    "map": "general words; the first grouping that the sites have",
    "credit": "as registered",
    "system": "none",
}


def _left_out(table: Table) -> str:
    fields = type(table).model_fields
    left = [name for name in fields if name not in table.model_fields_set]
    return ", ".join(f"{name} is {fields[name].default or 'none'}" for name in left)


def _each_once(chapters: tuple[Chapter, ...]) -> tuple[Chapter, ...]:
    for earlier, later in pairwise(chapters):
        if earlier.end is None or later.first < earlier.end:
            raise ValueError(f"chapters in order of time, {later.id} not before the end of {earlier.id}")
    ids = [one.id for one in chapters]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise ValueError(f"each chapter once (twice: {', '.join(twice)})")
    return chapters


class Record(Table):
    """One inquiry, as its ``record.toml`` has it. Every key may be left out.

    Attributes
    ----------
    title
        What the inquiry is called, by language.
    contact
        Whom to write to, as printed on the appendix.
    signer
        Public key with which packages are signed, as printed on the appendix: an ``ssh-ed25519`` line or ``SHA256:…``.
    languages
        Languages of the record's own words, the first being the one to fall back on.
    look
        ``dark`` or ``light``, for what states none.
    lists
        Ids of the registered lists that make the catalogue where none is named; the first of the register otherwise.
    counted
        Ids of the lists that count something, the fullest first.
    trusted
        Ids of the lists whose positions others are checked against; the default lists otherwise.
    groupings, classes
        What sites are grouped by (``[grouping.COLUMN]``) and how each group is drawn (``[[class]]``).
    metrics
        What is counted or measured, by name (``[metric.NAME]``).
    chapters
        Periods of the story in order (``[[chapter]]``).
    regions
        Areas that a camera can be fitted to (``[region]``): west, south, east, north in degrees.
    maps
        Titles of the record's own maps by their kind: ``growth``, ``sites``, ``footprints``, ``eras``, ``compare``,
        ``systems``.
    systems
        Systems of camps that are compared by the number of places (``[system.ID]``).
    credits
        Credits of sources by id (``[credit]``) that say more than the register.
    dossiers
        Ids of the sites that the appendix describes one by one.
    plates
        Days of the footprints that the appendix draws, by site (``[plate]``); four of them where none is named.
    """

    title: Names = {}
    contact: str = ""
    signer: str = ""
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("en",)
    look: Literal["dark", "light", "paper"] = "dark"
    lists: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    groupings: dict[str, Grouping] = Field(default={}, alias="grouping")
    classes: tuple[SymbolClass, ...] = Field(default=(), alias="class")
    metrics: dict[str, Metric] = Field(default={}, alias="metric")
    chapters: Annotated[tuple[Chapter, ...], AfterValidator(_each_once)] = Field(default=(), alias="chapter")
    regions: dict[str, Box] = Field(default={}, alias="region")
    maps: dict[Literal["growth", "sites", "footprints", "eras", "compare", "systems"], Heading] = Field(
        default={}, alias="map"
    )
    systems: dict[str, System] = Field(default={}, alias="system")
    credits: dict[str, Names] = Field(default={}, alias="credit")
    dossiers: tuple[str, ...] = ()
    plates: dict[str, tuple[str, ...]] = Field(default={}, alias="plate")

    @model_validator(mode="after")
    def _no_class_twice(self) -> Record:
        ids = [(one.of, one.id) for one in self.classes]
        if twice := sorted({f"{of} {name!r}" for of, name in ids if ids.count((of, name)) > 1}):
            raise ValueError(f"each class once (twice: {', '.join(twice)})")
        return self

    def fallbacks(self) -> dict[str, str]:
        """Return what the record leaves out and on what each falls back: keys, and the keys of its own tables."""
        keys = {name: field.alias or name for name, field in type(self).model_fields.items()}
        whole = {key: FALLBACKS[key] for name, key in keys.items() if name not in self.model_fields_set}
        tables = {f"metric.{name}": table for name, table in self.metrics.items()} | {
            f"class {table.of} {table.id!r}": table for table in self.classes
        }
        return whole | {where: _left_out(table) for where, table in tables.items() if _left_out(table)}

    def speaks_of(self, column: str, lists: Iterable[str] = ()) -> bool:
        """Return whether what the record says of a column holds for these lists."""
        meant = self.groupings.get(column, Grouping()).lists
        return not meant or set(lists) <= set(meant)

    def classes_of(self, column: str, lists: Iterable[str] = ()) -> tuple[SymbolClass, ...]:
        """Return how the groups of a column are drawn, in the order of the record; empty for one it does not name."""
        return tuple(one for one in self.classes if one.of == column) if self.speaks_of(column, lists) else ()

    def heading(self, kind: str) -> Heading:
        """Return the title and subtitle of the record's own map of a kind; empty where it gives none."""
        return next((heading for name, heading in self.maps.items() if name == kind), Heading())

    def metric(self, name: str) -> Metric:
        """Return what is known of a metric: what the record says, then what the suite knows, then its mere name.

        Examples
        --------
        >>> Record().metric("prisoners").many["en"], Record().metric("hunger_strikes").name["en"]
        ('prisoners', 'Hunger strikes')
        """
        spoken = name.replace("_", " ")
        tag = self.languages[0]
        plain = {"name": {tag: spoken.capitalize()}, "one": {tag: spoken}, "many": {tag: spoken}}
        known = [
            one.model_dump(exclude_unset=True) for one in (_known_metrics().get(name), self.metrics.get(name)) if one
        ]
        said = {key: value for one in known for key, value in one.items()}
        # What has words of its own is not called by its mere name in another language.
        plain = {} if "name" in said and "many" in said else plain
        return Metric.model_validate({**plain, **said})

    def say(self, names: Mapping[str, str], language: str) -> str:
        """Return a text in a language; in the record's first one, or any there is, where it has none in that."""
        wanted = (language, *self.languages)
        return next((names[tag] for tag in wanted if tag in names), next(iter(names.values()), ""))


@cache
def _known_metrics() -> dict[str, Metric]:
    """Return the metrics that the suite knows by itself, with their words."""
    path = Path(__file__).with_name("metrics.toml")
    return {name: build(Metric, table, what=path.name) for name, table in read_toml(path).items()}


def current() -> Record:
    """Return the record of the folder that one stands in (or of ``CAMPS_HOME``), with fallbacks for what it omits.

    Raises
    ------
    InputError
        When its ``record.toml`` has faults; the message lists all of them, each with its key.

    Examples
    --------
    >>> camps.record.current().languages[0]
    'en'
    """
    home = settings.find_home()
    path = home / settings.RECORD_NAME if home else None
    if path is None or not files.is_there(path):
        return Record()
    held = path.stat()
    return _read(path, held.st_mtime_ns, held.st_size)


@lru_cache(maxsize=8)
def _read(path: Path, _changed_ns: int, _size: int) -> Record:
    return build(Record, read_toml(path), what=str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file of a record holds.

    Raises
    ------
    MissingError
        When the file is not there.
    InputError
        When it is not TOML in UTF-8; the message names the line.
    """
    with files.readable(path):
        content = path.read_bytes()
    return parse_toml(content, what=str(path))


def parse_toml(content: bytes, *, what: str) -> dict[str, Any]:
    """Return what the bytes of a TOML file hold; `what` names it in messages. Raises as :func:`read_toml` does."""
    try:
        return copy.deepcopy(_parsed(content))
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits is no fault of the grammar.
        raise InputError(f"{what}: not TOML in UTF-8 ({error}); mend the line it names") from error


@lru_cache(maxsize=64)
def _parsed(content: bytes) -> dict[str, Any]:
    return tomllib.loads(content.decode("utf-8-sig"))


def load_functions(path: Path) -> dict[str, Callable[..., Any]]:
    """Return the functions that a Python file of a record defines, by name; a name with ``_`` first is none of them.

    Raises
    ------
    InputError
        When the file cannot be run; the message names what stopped it.
    """
    held = path.stat()
    return _functions(path, held.st_mtime_ns, held.st_size)


@lru_cache(maxsize=32)
def _functions(path: Path, _changed_ns: int, _size: int) -> dict[str, Callable[..., Any]]:
    spec = importlib.util.spec_from_file_location(f"camps_record_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: no Python module; expected functions")
    module = importlib.util.module_from_spec(spec)
    # What a dataclass looks itself up by.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise InputError(f"{path}: cannot be run ({type(error).__name__}: {error}); mend it") from error
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as CSV, a header line first, in which no text is a formula to a spreadsheet.

    A text or a name of a column that would be one begins with an apostrophe, which all readers of this suite take off
    again. Numbers, dates and all other texts stay as they are; what holds a comma, a quotation mark or an end of a line
    is in quotes. This is the only writer of CSV.
    """
    texts = [name for name in table.columns if not pd.api.types.is_numeric_dtype(table[name].dtype)]
    inert = pd.DataFrame(table).assign(**{name: table[name].map(_guarded, na_action="ignore") for name in texts})
    # Python before 3.13 quotes no carriage return unless lines end with one.
    written = inert.rename(columns=_guarded).to_csv(index=False, lineterminator="\r\n")
    return _QUOTED_OR_END.sub(lambda found: found[1] or "\n", written)


def _guarded(value: Any) -> Any:
    is_formula = isinstance(value, str) and len(value) > 1 and _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return f"'{value}" if is_formula else value


def read_csv(path: Path, *, null: str | None = None) -> pd.DataFrame:
    """Return the cells of a CSV file of a record, all text, in the order of its rows; blank lines are no rows.

    The apostrophes of :func:`csv_text` are taken off.

    Parameters
    ----------
    path
        Comma-separated, in UTF-8, a header line first.
    null
        The text of a cell that stands for null, such as an empty one; there is no null by default.

    Raises
    ------
    MissingError
        When the file is not there.
    InputError
        When it is no such file; all rows that are too short or too long are named at once.
    """
    with files.readable(path):
        content = path.read_bytes()
    return parse_csv(content, what=str(path), null=null)


def parse_csv(content: bytes, *, what: str, null: str | None = None) -> pd.DataFrame:
    """Return the cells that the bytes of a CSV file hold; `what` names it in messages.

    Raises as :func:`read_csv` does.
    """
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        rows = [(reader.line_num, [_GUARDED.sub(r"\1", cell) for cell in row]) for row in reader if row]
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{what}: not CSV in UTF-8 ({error}); save it as CSV with commas, in UTF-8") from error
    (_, header), *rows = rows or [(1, [])]
    raise_faults(_csv_faults(header, rows), what)
    cells = {name: [None if row[at] == null else row[at] for _, row in rows] for at, name in enumerate(header)}
    return pd.DataFrame(cells, dtype=object)


def _csv_faults(header: list[str], rows: Iterable[tuple[int, list[str]]]) -> Iterator[Fault]:
    if not header:
        yield Fault("line 1", "nothing", "the names of the columns")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        yield Fault("line 1", f"column {', '.join(map(repr, twice))} twice", "each name once", "rename one")
    for line, row in rows:
        if len(row) != len(header):
            yield Fault(f"line {line}", f"{len(row)} cells", f"{len(header)}", "put a text with a comma in quotes")


_Model = TypeVar("_Model", bound=BaseModel)


def build(model: type[_Model], content: Mapping[str, Any], *, what: str) -> _Model:
    """Return a table of the record made from what its file holds.

    Raises
    ------
    InputError
        When it has faults; the message begins with `what` and lists all of them, each with its key.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise_faults(_faults(error), what)
        raise


def _faults(error: ValidationError) -> Iterator[Fault]:
    places = [detail["loc"] for detail in error.errors()]
    for detail in error.errors():
        loc = detail["loc"]
        if detail["type"] == "too_short" and any(at[: len(loc)] == loc != at for at in places):
            continue  # its items have faults of their own, which are listed
        yield Fault(_place(detail, error.title), _found(detail), _expected(detail), _remedy(detail))


def _place(detail: ErrorDetails, model: str) -> str:
    kinds = {"linear", "observations", "eras", "keys"}
    # What is wrong is the key before "[key]"; what follows is the way in which it was tried.
    loc = detail["loc"][: detail["loc"].index("[key]")] if "[key]" in detail["loc"] else detail["loc"]
    parts = [str(part + 1) if isinstance(part, int) else part for part in loc]
    steps = [part for i, part in enumerate(parts) if not (i == 1 and parts[0] == "clock" and part in kinds)]
    return "key " + ".".join(steps) if steps else f"the {model.lower()}"


def _found(detail: ErrorDetails) -> str:
    if detail["type"] == "missing":
        return "nothing"
    if isinstance(detail["input"], dict | Table):
        return "these keys together"
    return repr(detail["input"])


def _expected(detail: ErrorDetails) -> str:
    if detail["type"] in _WORDS:
        return _WORDS[detail["type"]]
    if detail["type"] == "union_tag_invalid":
        return f"kind = one of {detail['ctx']['expected_tags']}"
    return detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")


def _remedy(detail: ErrorDetails) -> str:
    return "remove it or correct its name" if detail["type"] == "extra_forbidden" else ""
