"""The small language of claims: numbers computed from the record's tables, without any code.

``count(sites, system = "itl")``, ``sum(counts.value, metric = "prisoners", t = "1944")``,
``100 * count(sites, opened = known) / count(sites)``. Nothing of it is run as Python: the text is parsed, and what is
not in the language is refused by name.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import pandas as pd

from camps.dates import Interval, date_of, intervals, parse
from camps.errors import InputError

#: The tables of the evidence that an expression may read, by the name it calls them.
TABLES = {
    "sites": "listed",
    "counts": "listed_counts",
    "footprints": "footprints",
    "looks": "looks",
    "scenes": "scenes",
    "areas": "areas",
    "unplaced": "unplaced",
}
DATE_COLUMNS = ("opened", "closed", "t", "observed_on", "status_date")
KNOWN, UNKNOWN = "known", "unknown"
_MOST_CHARACTERS = 2000
_MOST_NAMED = 12
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class Tables(Protocol):
    """What holds the tables that `TABLES` names, as attributes."""

    def __getattribute__(self, name: str, /) -> Any:
        """Return a table."""


def evaluate(text: str, tables: Tables) -> float | None:
    """Return the number that an expression stands for; ``None`` where there is no value to compute it from.

    Parameters
    ----------
    text
        Numbers, ``+ - * /``, brackets, and calls of ``count(TABLE, …)``, ``share(TABLE, …)`` (per cent of the rows of
        the table), ``distinct(TABLE.COLUMN, …)``, ``sum``, ``min``, ``max``, ``mean``, ``median`` of ``TABLE.COLUMN``,
        ``first_year`` and ``last_year`` of a column of dates. A filter ``COLUMN = VALUE`` keeps the rows with that
        value, with one of a list, or ``known`` or ``unknown``; ``COLUMN_from`` and ``COLUMN_until`` keep those not
        below and not above it. In a column of dates ``COLUMN = "1944"`` keeps what lies wholly in it.
        ``open_at = "1944-06"`` keeps the sites known to be open all that time: opened before it, closed after it.
    tables
        The evidence, or what has its tables.

    Raises
    ------
    InputError
        For what is not in the language, a table or column that is not there, a text that no row of its column has, or
        a column that holds no numbers.

    Examples
    --------
    >>> import types
    >>> rows = pd.DataFrame({"site_id": ["a", "b"], "system": ["itl", "itk"], "opened": ["1931", None]})
    >>> evaluate('100 * count(sites, opened = known) / count(sites)', types.SimpleNamespace(listed=rows))
    50.0
    """
    if len(text) > _MOST_CHARACTERS:
        raise InputError(f"an expression of {len(text)} characters, expected at most {_MOST_CHARACTERS}; part it")
    try:
        return _value(ast.parse(text.strip(), mode="eval").body, tables)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, InputError):
            raise InputError(f"{text}: {error}") from error
        raise InputError(f'{text}: no expression ({error}); expected such as count(sites, system = "camp")') from error


def _value(node: ast.expr, tables: Tables) -> float | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _value(node.left, tables), _value(node.right, tables)
        if left is None or right is None or (right == 0 and isinstance(node.op, ast.Div)):
            return None
        return _OPERATORS[type(node.op)](left, right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        found = _value(node.operand, tables)
        return None if found is None else -found
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _call(node.func.id, node, tables)
    raise InputError(f"{ast.unparse(node)} is not in the language of claims; expected {_language()}")


def _language() -> str:
    return f"numbers, + - * /, and {', '.join([*_OF_ROWS, *_OF_COLUMNS])} of {', '.join(TABLES)}"


def _call(name: str, node: ast.Call, tables: Tables) -> float | None:
    if name not in {*_OF_ROWS, *_OF_COLUMNS}:
        raise InputError(f"no function {name}; expected one of {', '.join([*_OF_ROWS, *_OF_COLUMNS])}")
    if len(node.args) != 1:
        raise InputError(f"{name} with {len(node.args)} tables before its filters, expected one")
    table, column = _target(node.args[0], tables)
    kept = table[_kept(table, node.keywords)]
    if name in _OF_ROWS:
        if column is not None:
            raise InputError(f"{name} of a column, expected a table: {name}({ast.unparse(node.args[0]).split('.')[0]})")
        return _OF_ROWS[name](kept, table)
    if column is None:
        raise InputError(f"{name} of a table, expected a column of it, such as counts.value")
    return _OF_COLUMNS[name](_column(kept, column))


def _target(node: ast.expr, tables: Tables) -> tuple[pd.DataFrame, str | None]:
    named, column = (node.value, node.attr) if isinstance(node, ast.Attribute) else (node, None)
    if not isinstance(named, ast.Name) or named.id not in TABLES:
        raise InputError(f"no table {ast.unparse(named)}; expected one of {', '.join(TABLES)}")
    return pd.DataFrame(getattr(tables, TABLES[named.id])), column


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        raise InputError(f"no column {name}; expected one of {', '.join(map(str, table.columns))}")
    return table[name]


# --- filters --------------------------------------------------------------------------------------------------------


def _kept(table: pd.DataFrame, filters: list[ast.keyword]) -> pd.Series:
    kept = pd.Series(data=True, index=table.index)
    for one in filters:
        if one.arg is None:
            raise InputError("** is not in the language of claims; name each column")
        kept &= _meets(table, one.arg, one.value)
    return kept


def _meets(table: pd.DataFrame, name: str, node: ast.expr) -> pd.Series:
    if isinstance(node, ast.Name) and node.id in (KNOWN, UNKNOWN):
        return _column(table, name).notna() == (node.id == KNOWN)
    wanted = _constants(node)
    if name == "open_at" and name not in table:
        return _open_all(table, parse(str(wanted[0])))
    stem, _, end = name.rpartition("_")
    if name not in table and end in ("from", "until"):
        return _on_one_side(_column(table, stem), stem, end, wanted)
    column = _column(table, name)
    if name in DATE_COLUMNS:
        spans = [parse(str(one)) for one in wanted]
        return _each(column, lambda days: any(_within(days, span) for span in spans))
    return _is_one_of(column, name, wanted)


def _constants(node: ast.expr) -> list[str | float]:
    parts = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    values = [part.value for part in parts if isinstance(part, ast.Constant)]
    texts = [value for value in values if isinstance(value, str | int | float) and not isinstance(value, bool)]
    if len(texts) != len(parts) or not parts:
        raise InputError(
            f"a filter of {ast.unparse(node)}, expected a text, a number, a list of them, known or unknown"
        )
    return texts


def _is_one_of(column: pd.Series, name: str, wanted: list[str | float]) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        return column.isin([float(one) for one in wanted]).fillna(value=False).astype(bool)
    texts, there = [str(one) for one in wanted], column.dropna().astype(str)
    if absent := sorted(set(texts) - set(there)):
        some = sorted(set(there))
        named = ", ".join(some[:_MOST_NAMED]) + (" …" if len(some) > _MOST_NAMED else "")
        raise InputError(f"no row has {name} {', '.join(map(repr, absent))}; there are {named or 'none'}")
    return column.astype("string").isin(texts).fillna(value=False).astype(bool)


def _on_one_side(column: pd.Series, name: str, end: str, wanted: list[str | float]) -> pd.Series:
    if len(wanted) != 1:
        raise InputError(f"{name}_{end} of {len(wanted)} values, expected one")
    if name in DATE_COLUMNS:
        span = parse(str(wanted[0]))
        after = end == "from"
        edge = span.first if after else span.last
        return _each(column, lambda days: _is_beyond(days.first if after else days.last, edge, after=after))
    numbers = _numbers(column)
    return numbers.ge(float(wanted[0])) if end == "from" else numbers.le(float(wanted[0]))


def _is_beyond(day: int | None, edge: int | None, *, after: bool) -> bool:
    return day is not None and edge is not None and (day >= edge if after else day <= edge)


def _each(column: pd.Series, holds: Callable[[Interval], bool]) -> pd.Series:
    return pd.Series([days is not None and holds(days) for days in intervals(column)], index=column.index, dtype=bool)


def _within(days: Interval, span: Interval) -> bool:
    return _is_beyond(days.first, span.first, after=True) and _is_beyond(days.last, span.last, after=False)


def _open_all(table: pd.DataFrame, span: Interval) -> pd.Series:
    """Return which sites are known to be open on every day of a span; a closing that nobody knows says nothing."""
    opened = _each(_column(table, "opened"), lambda days: _is_beyond(days.last, span.first, after=False))
    closed = _each(_column(table, "closed"), lambda days: _is_beyond(days.first, span.last, after=True))
    return opened & closed


# --- what is computed -----------------------------------------------------------------------------------------------


def _numbers(column: pd.Series) -> pd.Series:
    if not pd.api.types.is_numeric_dtype(column):
        raise InputError(f"column {column.name} holds no numbers; expected one that does, such as counts.value")
    return column.astype("float64")


def _reduced(how: str) -> Callable[[pd.Series], float | None]:
    def reduce(column: pd.Series) -> float | None:
        known = _numbers(column).dropna()
        return float(getattr(known, how)()) if len(known) else None

    return reduce


def _year(pick: Callable[[list[int]], int], end: str) -> Callable[[pd.Series], float | None]:
    def year(column: pd.Series) -> float | None:
        if column.name not in DATE_COLUMNS:
            raise InputError(f"column {column.name} holds no dates; expected one of {', '.join(DATE_COLUMNS)}")
        ends = [getattr(days, end) for days in intervals(column) if days is not None]
        known = [day for day in ends if day is not None]
        return float(date_of(pick(known)).year) if known else None

    return year


_OF_ROWS: Mapping[str, Callable[[pd.DataFrame, pd.DataFrame], float | None]] = {
    "count": lambda kept, _: float(len(kept)),
    "share": lambda kept, table: 100 * len(kept) / len(table) if len(table) else None,
}
_OF_COLUMNS: Mapping[str, Callable[[pd.Series], float | None]] = {
    "distinct": lambda column: float(column.nunique()),
    "first_year": _year(min, "first"),
    "last_year": _year(max, "last"),
    **{name: _reduced(name) for name in ("sum", "min", "max", "mean", "median")},
}
