"""Values by date in a list: columns mapped to ``METRIC.DATE``, patterns of such columns, and long tables.

A metric may be called anything: ``prisoners.1938=pop38`` maps one column, ``prisoners.*=pop_*`` all whose rest is a
date. ``peak.opened`` is a value of the day on which its place opened, ``peak.open`` one of the time that it was open.
A long table has a row a place and date; it is turned into such columns before anything else is read.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from camps import record
from camps.dates import is_edtf, parse, read_dates
from camps.errors import Fault, InputError, raise_faults
from camps.sources.report import Report

#: Prefixes of fields that are no metrics: numbers of other lists, and columns of the list's own to group by.
REFERENCES, GROUP = "references", "group"
#: Instead of a date: the value is of the opening of its place, or of the time from its opening to its closing.
OF_PLACE = ("opened", "open")
_FIELD = re.compile(r"([a-z][a-z0-9_]*)\.(.+)")


def metric_and_date(field: str) -> tuple[str, str] | None:
    """Return metric and date of a field such as ``prisoners.1938``; None for any other field.

    Examples
    --------
    >>> metric_and_date("prisoners.1938"), metric_and_date("references.other")
    (('prisoners', '1938'), None)
    """
    found = _FIELD.fullmatch(field)
    return (found[1], found[2]) if found and found[1] not in (REFERENCES, GROUP) else None


def groups_of(mapping: Mapping[str, str]) -> dict[str, str]:
    """Return the list's own columns to group by: what each is called, and its column in the file."""
    parted = {field.partition("."): column for field, column in mapping.items()}
    return {name: column for (prefix, _, name), column in parted.items() if prefix == GROUP}


def field_faults(fields: Iterable[str], taken: Iterable[str]) -> Iterator[Fault]:
    """Yield a fault for each ``PREFIX.NAME`` that is neither metric and date, nor a reference, nor a group.

    `taken` are the names that a group may not have, since the table of sites uses them.
    """
    for field in fields:
        found = metric_and_date(field)
        if found and not (found[1] in OF_PLACE or is_edtf(found[1])):
            expected = f"METRIC.DATE with an EDTF date such as {found[0]}.1938, or {found[0]}.opened, {found[0]}.open"
            yield Fault(f"mapping {field!r}", f"no date {found[1]!r}", expected)
        elif found is None and not re.fullmatch(rf"{REFERENCES}\..+|{GROUP}\.[a-z][a-z0-9_]*", field):
            yield Fault(f"mapping {field!r}", "no such field", "METRIC.DATE, group.NAME or references.LIST")
        elif field.partition(".")[2] in taken and field.startswith(f"{GROUP}."):
            yield Fault(f"mapping {field!r}", "a name that the sites have already", "map the field itself, or rename")


def expanded(
    mapping: Mapping[str, str], columns: Iterable[str], rules: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Return a mapping with every pattern such as ``prisoners.* → prisoners_*`` replaced by the columns it stands for.

    The dates in the names are read together, by `rules` as for :func:`camps.dates.read_dates`.

    Raises
    ------
    InputError
        For a pattern without one ``*`` on either side, or that stands for no column whose rest is a date, for a date
        that can be read in two ways, or for two columns of one date of which the mapping does not say which it means.

    Examples
    --------
    >>> expanded({"prisoners.*": "pop_*"}, ["pop_1938", "pop_1939", "pop_note"])
    {'prisoners.1938': 'pop_1938', 'prisoners.1939': 'pop_1939'}
    """
    names = list(columns)
    told = {field: column for field, column in mapping.items() if "*" not in field}
    exact = frozenset(told)
    faults = []
    for field, column in mapping.items():
        if "*" not in field:
            continue
        found = _matching(field, column, names, rules or {})
        known = found["edtf"].notna()
        doubtful = found["remark"][~known & found["remark"].str.contains("--", na=False)]
        faults += [Fault(f"column {name!r}", f"{why}", "a date") for name, why in doubtful.items()]
        if not known.any() and doubtful.empty:
            expected = "one * on each side, such as prisoners.*=prisoners_*, and columns whose rest is a date"
            faults.append(Fault(f"mapping {field!r} to {column!r}", "no column", expected))
        for name, date in zip(map(str, found.index[known]), found["edtf"][known], strict=True):
            dated = field.replace("*", date)
            if told.setdefault(dated, name) != name and dated not in exact:
                both = f"columns {told[dated]!r} and {name!r} of one date"
                remedy = f"say which with --map {shlex.quote(dated)}=COLUMN"
                faults.append(Fault(f"mapping {field!r} to {column!r}", both, "one column a date", remedy))
    raise_faults(faults, "mapping")
    return told


def _matching(field: str, column: str, names: Sequence[str], rules: Mapping[str, Any]) -> pd.DataFrame:
    """Return the dates in the names of the columns that a pattern stands for, as :func:`read_dates` does."""
    parted: dict[str, str] = {}
    if field.count("*") == column.count("*") == 1:
        head, tail = map(re.escape, column.split("*"))
        parted = {name: found[1].strip("_- ") for name in names if (found := re.fullmatch(f"{head}(.+){tail}", name))}
    return read_dates(pd.Series(parted, dtype="string"), **rules)


def dates_of_places(date: str, sites: pd.DataFrame) -> pd.Series:
    """Return the date of a value at each site, EDTF: the same for all, or of the site's own life; null if not known."""
    if date not in OF_PLACE:
        return pd.Series(date, index=sites.index, dtype="string")
    opened = sites["opened"].astype("string")
    if date == "opened":
        return opened
    pairs = zip(opened, sites["closed"].astype("string"), strict=True)
    return pd.Series([_life(*pair) for pair in pairs], index=sites.index, dtype="string")


def _life(opened: Any, closed: Any) -> str | None:
    if pd.isna(opened) or pd.isna(closed):
        return None
    first, last = parse(opened), parse(closed)
    return None if last.before(first) or first.first is None or last.last is None else f"{opened}/{closed}"


def without_unknown(values: pd.Series, metric: str, report: Report) -> pd.Series:
    """Return printed numbers with those that stand for "unknown" in this metric left out, as the record says.

    A remark says how many there were.
    """
    said = record.current().metric(metric)
    meant = {*said.unknown, *([0.0] if said.zero == "unknown" else [])}
    unknown = values.isin(meant)
    if unknown.any():
        shown = ", ".join(f"{value:g}" for value in sorted(set(values[unknown])))
        reason = f"{int(unknown.sum())} cells print what means unknown of {metric} in this record; no value taken"
        report.add("noted", reason, column=str(values.name), value=shown)
    return values.mask(unknown)


# ── long tables ──────────────────────────────────────────────────────────────────────────────────────────────────


def parse_long(text: str) -> list[str]:
    """Return the columns of a long table from text such as ``camp,year,prisoners`` or ``camp,year,prisoners=Anzahl``.

    Raises
    ------
    InputError
        When it does not name three or four columns, or the metric cannot be told from them.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (3, 4) or not all(parts):
        raise InputError(
            f"--long {text}: expected the columns of place, date and value, such as camp,year,prisoners, or of place, "
            "date, value and metric"
        )
    return parts


def widened(
    rows: pd.DataFrame,
    long: Sequence[str],
    report: Report,
    name: str,
    *,
    values: pd.DataFrame | None = None,
    key: str = "",
    said: Container[str] = (),
    rules: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Return a list with a row a place, and a column ``METRIC.DATE`` for each value of its long table.

    Parameters
    ----------
    rows
        The list as printed: the long table itself, or the places alone.
    long
        Columns of place, date and value (``NAME=COLUMN`` where the metric is called otherwise), and of the metric
        where there are several.
    report
        Takes the rows that become columns, and those that belong to no place.
    name
        The file of the long table, for messages.
    values, key
        The long table where it is a file of its own, and the column of `rows` that its places are named by.
    said
        Columns that are about the place. Where its rows differ in one, the first that says something stands, and the
        others are noted.
    rules
        How dates are read, as for :func:`camps.dates.read_dates`.

    Raises
    ------
    InputError
        For missing columns, dates that are none, and two values of one place, date and metric.
    """
    told = rows if values is None else values
    table = _long_table(told, long, name)
    wide = _wide(table, name, rules or {})
    if clash := [str(field) for field in wide if field in rows]:
        raise InputError(f"{name}: columns {', '.join(clash)} are there beside the long table; rename them")
    if values is None:
        about = [column for column in map(str, rows) if column in said and column not in _columns(long)]
        places = _one_row_each(rows, table["unit"], about, report)
        report.use("row", len(rows) - len(places))
        units = table["unit"][places.index]
    else:
        places, units = rows, rows[key].str.strip()
        _account_for(table, units, report)
    return places.join(wide.reindex(units).set_axis(places.index).fillna(""))


def _columns(long: Sequence[str]) -> list[str]:
    return [long[0], long[1], long[2].rpartition("=")[2], *long[3:]]


def _one_row_each(rows: pd.DataFrame, units: pd.Series, about: Iterable[str], report: Report) -> pd.DataFrame:
    """Return the first row of each place, with what its rows say in the columns that are about the place."""
    places = rows[~units.duplicated()].copy()
    for column in about:
        says = rows[column][rows[column].ne("")]
        first = says.groupby(units[says.index], sort=False).transform("first")
        others = says[says.ne(first)]
        for row, other, stands in zip(others.index, others, first[others.index], strict=True):
            reason = f"an earlier row of this place says {stands}, which stands"
            report.add("noted", reason, row=int(row), key=str(units[row]), column=column, value=str(other))
        stated = dict(zip(units[says.index], first, strict=True))
        places[column] = [stated.get(unit, "") for unit in units[places.index]]
    return places


def _long_table(told: pd.DataFrame, long: Sequence[str], name: str) -> pd.DataFrame:
    called, _, column = long[2].rpartition("=")
    missing = [
        Fault(f"column {one!r}", "no such column", "it to be there") for one in _columns(long) if one not in told
    ]
    raise_faults(missing, name)
    metric = told[long[3]] if len(long) > 3 else pd.Series(called or column, index=told.index)
    return pd.DataFrame({
        "unit": told[long[0]].str.strip(), "date": told[long[1]], "value": told[column].str.strip(),
        "metric": metric.map(_metric_name), "printed": metric,
    })  # fmt: skip


def _account_for(table: pd.DataFrame, units: pd.Series, report: Report) -> None:
    strange = table[~table["unit"].isin(set(units))]
    for row, unit in strange["unit"].items():
        report.add("noted", "a value of no place of the list", row=int(str(row)), key=unit, piece="row")
    report.use("row", len(table) - len(strange))


def _wide(table: pd.DataFrame, name: str, rules: Mapping[str, Any]) -> pd.DataFrame:
    stated = table[table["value"].ne("")]
    read = read_dates(stated["date"], **rules)
    dateless = stated.assign(remark=read["remark"])[read["edtf"].isna()]
    said = stated.assign(field=stated["metric"] + "." + read["edtf"]).drop_duplicates(["unit", "field", "value"])
    twice = said[said["field"].notna() & said.duplicated(["unit", "field"])]
    raise_faults([
        *(Fault(f"row {row}", f"{one['date']!r}: {one['remark']}" if one["date"].strip() else "no date", "a date",
                "say --date-order, or write 1938-01-31")
          for row, one in dateless.iterrows()),
        *(Fault(f"row {row}", "no place", "the place that the value is of")
          for row in stated.index[stated["unit"].eq("")]),
        *(Fault(f"row {row}", f"metric {text!r}", "a word such as prisoners", "name it: --long …,prisoners=COLUMN")
          for row, text in stated.loc[stated["metric"].eq(""), "printed"].items()),
        *(Fault(f"row {row}", f"{one['unit']} at {one['field']} a second time", "one value", "keep one of them")
          for row, one in twice.iterrows()),
    ], name)  # fmt: skip
    wide = said.set_index(["unit", "field"])["value"].unstack()  # noqa: PD010
    return wide[list(dict.fromkeys(said["field"]))].fillna("").rename_axis(columns=None)


def _metric_name(text: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", text.strip().casefold()).strip("_")
    return name if re.fullmatch(r"[a-z][a-z0-9_]*", name) else ""
