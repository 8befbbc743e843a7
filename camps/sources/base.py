"""What every reader returns, and the steps that all readers share."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from camps import crs, dates, record, settings, tables
from camps.errors import Fault, raise_faults
from camps.sources.coordinates import LIMIT_DEG, Axis
from camps.sources.dated import dates_of_places, metric_and_date, without_unknown
from camps.sources.numbers import Reading, Shared, read_numbers
from camps.sources.registry import SourceEntry
from camps.sources.report import Place, Report
from camps.sources.values import MISSING_STATUS, missing_kind

#: A key is a number or a short word; an id made of it stays fit for a file name.
MOST_KEY_CHARACTERS = 80
GROUPS = ("tier", "admin1", "admin2", "system", "source_id")
_TEXT_COLUMNS = (
    "name_en", "name_fr", "name_zh", "name_ug", "name_other", "country", "admin1", "admin2", "opened", "closed",
    "merged_into",
)  # fmt: skip
_COUNT_COLUMNS = ("unit", "metric", "t", "value", "lo", "hi", "kind", "stale_days", "status", "verbatim")


@dataclass(frozen=True)
class Source:
    """One published list as read.

    :func:`camps.sources.read` reads one of the register, :func:`camps.sources.read_file` any file.

    Attributes
    ----------
    entry
        Its entry in the register.
    sites : GeoDataFrame
        One row a published site, ``site`` table of METHOD 1, EPSG:4326 points (longitude first), plus ``n_parts``,
        ``references`` (numbers that the list prints of other lists, such as ``first:50; other:17``) and the list's
        own extra columns.
    counts : DataFrame
        One row a site and year, ``series`` table plus status, verbatim and the site's groups; empty for a list
        that counts nothing.
    parts : GeoDataFrame
        Sub-compounds that the list prints as rows of their own: the columns of ``sites`` plus ``part_of``.
    report
        Every row and cell dropped, mended or noted.
    raw : DataFrame
        All cells as printed, indexed by row number in the file.
    outlines : GeoDataFrame or None
        Published outlines, ``footprint`` table of METHOD 1 in EPSG:4326, for a list that prints any.
    """

    entry: SourceEntry
    sites: gpd.GeoDataFrame
    counts: pd.DataFrame
    parts: gpd.GeoDataFrame
    report: Report
    raw: pd.DataFrame
    outlines: gpd.GeoDataFrame | None = None

    @property
    def records(self) -> gpd.GeoDataFrame:
        """Return every published row, sites and parts together, in the order of the list, with ``part_of``."""
        whole = self.sites.assign(part_of=pd.NA)
        stacked = pd.concat([whole, self.parts]) if len(self.parts) else whole
        records = stacked.sort_values("row", kind="stable").reset_index(drop=True)
        return gpd.GeoDataFrame(records, geometry="geometry", crs=4326)


def settled(read: Callable[[Path, SourceEntry, Report], Source]) -> Callable[[Path, SourceEntry], Source]:
    """Return a reader of a file and its entry, made of one that takes a report too: the account is settled at its end.

    Raises
    ------
    CheckError
        When what the file holds and what the reader used, noted and refused are not the same.
    """

    @functools.wraps(read)
    def reader(path: Path, entry: SourceEntry) -> Source:
        report = Report()
        with report.settling(path.name):
            return read(path, entry, report)

    return reader


def site_frame(columns: Mapping[str, object], entry: SourceEntry, *, index: pd.Index) -> gpd.GeoDataFrame:
    """Return a checked ``site`` table from columns of equal length; what is not given takes its default.

    Parameters
    ----------
    columns
        Columns by name: at least source_key, lon, lat, lon_published, lat_published.
    entry
        The source; gives source_id and datum_flag. Points of a GCJ-02 or BD-09 list are undone to WGS 84; the
        published strings stay as printed.
    index
        Row numbers in the file; they become the column ``row``.

    Raises
    ------
    InputError
        When the table is not sound; all faults are named at once.
    """
    # Points are made last: a million of them take more room than all columns, and checking copies what it is given.
    sites = tables.check(_plain_sites(columns, entry, index), "site", source=_printed_name(entry))
    return gpd.GeoDataFrame(sites, geometry=gpd.points_from_xy(sites["lon"], sites["lat"]), crs=4326)


def _plain_sites(columns: Mapping[str, object], entry: SourceEntry, index: pd.Index) -> pd.DataFrame:
    """Return the columns of a ``site`` table, defaults and all, without points."""
    plain = _with_defaults(pd.DataFrame(dict(columns), index=index), entry)
    plain["row"] = index.to_numpy()
    plain = plain.reset_index(drop=True)
    plain["lon"], plain["lat"] = _to_wgs84(plain, entry)
    plain["gcj02_offset_m"] = crs.gcj02_offset_m(plain["lon"], plain["lat"])
    return plain


def _printed_name(entry: SourceEntry) -> str:
    return f"{entry.files[0].name} ({entry.id})" if entry.files else entry.id


def _to_wgs84(frame: pd.DataFrame, entry: SourceEntry) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = (pd.to_numeric(frame[axis], errors="coerce").to_numpy(dtype=np.float64) for axis in ("lon", "lat"))
    raise_faults([*_range_faults(frame, "lon", x), *_range_faults(frame, "lat", y)], _printed_name(entry))
    return crs.TO_WGS84.get(entry.datum, crs.TO_WGS84["wgs84"])(x, y)


def _range_faults(frame: pd.DataFrame, axis: Axis, degrees: NDArray[np.float64]) -> Iterator[Fault]:
    limit = LIMIT_DEG[axis]
    for position in np.flatnonzero(~(np.abs(degrees) <= limit)):
        row = frame.iloc[position]
        where = f"row {row['row']}, key {row['source_key']}, {axis}"
        yield Fault(
            where, repr(row[f"{axis}_published"]), f"degrees from -{limit:g} to {limit:g}", "mend it in the list"
        )


def _site_ids(frame: pd.DataFrame, entry: SourceEntry) -> pd.Series:
    """Return ids that can be file names; keys that differ only in marks are told apart by their row."""
    plain = (
        entry.id
        + "-"
        + frame["source_key"].astype(str).str.replace(r"[^\w.-]+", "-", regex=True).str[:MOST_KEY_CHARACTERS]
    )
    alike = plain.duplicated(keep=False) & ~frame["source_key"].duplicated(keep=False)
    return plain.where(~alike, plain + "-row-" + frame.index.astype(str))


def _with_defaults(frame: pd.DataFrame, entry: SourceEntry) -> pd.DataFrame:
    given = frame.assign(source_id=entry.id)
    defaults: dict[str, Any] = {
        "site_id": _site_ids(given, entry),
        "r95_m": settings.DEFAULT_R95_M,
        "datum_flag": entry.datum,
        "system": "unknown",
        "tier": pd.NA,
        "level": "compound",
        "status": "active",
        "n_parts": 0,
        "references": pd.NA,
        # Of the type that the table has: what is given as single objects is copied when the table is checked.
        **dict.fromkeys(_TEXT_COLUMNS, pd.Series(None, index=given.index, dtype="str")),
    }
    whole = given.assign(**{name: value for name, value in defaults.items() if name not in given})
    known = [name for name in tables.schema("site").columns if name in whole]
    return whole[[*known, *(name for name in whole if name not in known)]]


def require_columns(raw: pd.DataFrame, names: Iterable[str], what: str) -> None:
    """Raise one ``InputError`` that names every column which `raw` lacks."""
    present = ", ".join(map(str, raw.columns[:12]))
    raise_faults(
        (
            Fault(f"column {name!r}", f"none of that name among {present}", "it to be there", "is it another list?")
            for name in names
            if name not in raw
        ),
        what,
    )


def numbers_as_references(namespace: str, printed: str) -> list[str]:
    """Return the numbers in a cell such as ``3, 226`` as references ``first:3`` and ``first:226``."""
    if missing_kind(printed) is not None:
        return []
    return [f"{namespace}:{number.strip()}" for number in printed.split(",") if number.strip()]


def references_of(cells: pd.DataFrame, namespaces: Mapping[str, str], report: Report, *, skip: str = "") -> pd.Series:
    """Return the numbers that a list prints of other lists, such as ``first:50; other:17``, null where it prints none.

    Parameters
    ----------
    cells
        Cells as printed, indexed by row number.
    namespaces
        Column → numbering that its numbers belong to.
    report
        Takes the cells used, and a remark for each cell that says something and gives no number.
    skip
        What is no number where it stands for one.
    """
    if not namespaces:
        return pd.Series(pd.NA, index=cells.index, dtype="string")
    rows: list[list[str]] = [[] for _ in range(len(cells))]
    for column, namespace in namespaces.items():
        for at, text in enumerate(cells[column]):
            numbers = [one for one in numbers_as_references(namespace, text) if one != f"{namespace}:{skip}"]
            rows[at] += numbers
            if numbers:
                report.use("cell")
            elif missing_kind(text) is None:
                report.add("noted", "no number of another list; no reference taken", row=int(cells.index[at]),
                           column=column, value=text, piece="cell")  # fmt: skip
    return null_blank(pd.Series(["; ".join(row) for row in rows], index=cells.index))


def dates_of(
    printed: pd.Series,
    sites: pd.DataFrame,
    column: str,
    report: Report,
    *,
    published: str = "",
    order: dates.Order | None = None,
    edtf: bool = False,
    century: int | None = None,
) -> pd.Series:
    """Return a column of printed dates as EDTF text, null where there is none; what is no date is noted.

    Parameters
    ----------
    printed
        Cells as printed, aligned by position to `sites`.
    sites
        Gives ``row`` and ``source_key`` for the remarks.
    column
        Name of the printed column.
    report
        Takes the remarks.
    published
        Date of the list; a later date is noted, since a list cannot know it.
    order, edtf, century
        How a date of numbers, ``2020-21`` and a year of two digits are read, where the column itself does not
        decide; see :func:`camps.dates.read_dates`.
    """
    said = printed.mask(printed.map(missing_kind).notna()).set_axis(sites.index)
    read = dates.read_dates(said, order=order, edtf=edtf, century=century)
    late = _later(read["edtf"], published) if published else [False] * len(read)
    report.use("cell", int(read["edtf"].notna().sum()))
    report.note("cell", int((read["edtf"].isna() & read["remark"].notna()).sum()))
    cells = zip(printed, sites["row"], sites["source_key"], read["edtf"], read["remark"], late, strict=True)
    for text, row, key, date, remark, is_late in cells:
        place = Place(int(row), key, column)
        taken = f"read as {date}" if pd.notna(date) else "no date taken"
        if pd.notna(remark):
            report.add("noted", f"{remark}; {taken}", **place._asdict(), value=text)
        if is_late:
            reason = f"{taken}, after the list was published on {published}"
            report.add("noted", reason, **place._asdict(), value=text)
    return pd.Series(read["edtf"])


def _later(read: pd.Series, published: str) -> list[bool]:
    """Return which dates lie wholly after another."""
    known = dates.parse(published)
    return [days is not None and known.before(days) for days in dates.intervals(read)]


def missing_cells(raw: pd.DataFrame) -> pd.DataFrame:
    """Return how often each column prints each kind of nothing.

    Returns
    -------
    DataFrame
        column, ``N/A``, ``#N/A``, ``?`` and ``blank``: numbers of cells; only columns that print any.
    """
    kinds = raw.map(missing_kind)
    counted = pd.DataFrame({kind or "blank": (kinds == kind).sum() for kind in ("N/A", "#N/A", "?", "")})
    return counted[counted.any(axis=1)].rename_axis("column").reset_index()


def null_blank(column: pd.Series) -> pd.Series:
    """Return a text column with blank cells as null and the rest stripped."""
    stripped = column.astype("string").str.strip()
    return stripped.mask(stripped == "")


def numbers_of(
    printed: pd.Series, report: Report, what: str, *, whole: bool = False, positive: bool = False,
    least: float = -math.inf, most: float = math.inf, decimal: str = "",
) -> pd.Series:  # fmt: skip
    """Return a column of printed numbers as float64, NaN where there is none: radii, tiers and counts alike.

    Parameters
    ----------
    printed
        Cells as printed, indexed by row number; the name of the column is its name in the list.
    report
        Takes the cells used and refused, and a remark for each that is no number of the kind wanted.
    what
        The list, for messages.
    whole
        Whether only whole numbers of zero or more are meant.
    positive
        Whether only numbers above zero are meant.
    least, most
        Numbers below or above these are noted and left out.
    decimal
        The decimal mark, where it is told.

    Raises
    ------
    InputError
        When cells can be read in two ways, such as 1.500, and no other of the column says how; all are named at once.
    """
    says = printed.map(missing_kind).isna().to_numpy()
    read = read_numbers(printed[says], decimal=decimal or None)
    _refuse_ambiguous(printed, read, report, what)
    numbers = printed.map(read.numbers).astype("float64")
    kinds = {
        "no number": numbers.isna(), "no whole number": (numbers % 1 != 0) | (numbers < 0) if whole else None,
        "not above zero": numbers <= 0 if positive else None, "below zero": numbers < least,
        "beyond reason": numbers > most,
    }  # fmt: skip
    wrong = pd.Series(pd.NA, index=printed.index, dtype="string")
    for kind, rows in kinds.items():
        wrong = wrong if rows is None else wrong.mask(wrong.isna() & rows, kind)
    for row in printed.index[says & wrong.notna()]:
        report.add("noted", f"{wrong[row]}; no value taken", row=int(row), column=str(printed.name), value=printed[row],
                   piece="cell")  # fmt: skip
    report.use("cell", int(wrong.isna().sum()))
    return numbers.where(wrong.isna())


def _refuse_ambiguous(printed: pd.Series, read: Reading, report: Report, what: str) -> None:
    if read.assumed:
        shown = ", ".join(sorted(read.assumed)[:3])
        reason = "a comma before three digits read as parting thousands; say --decimal , if it is the decimal mark"
        report.add("noted", reason, column=str(printed.name), value=shown)
    rows = printed.index[printed.isin(read.ambiguous)] if read.ambiguous else ()
    report.refuse("cell", len(rows))
    raise_faults(
        (
            Fault(
                f"row {row}, column {printed.name}",
                repr(printed[row]),
                "a number that can be read in one way only",
                "say --decimal . or --decimal ,",
            )
            for row in rows
        ),
        what,
    )


def tiers_of(printed: pd.Series, what: str, report: Report) -> pd.Series:
    """Return a column of printed tiers as whole numbers, null where blank.

    Raises
    ------
    InputError
        When a cell is no whole number; all are named at once.
    """
    tiers = numbers_of(printed, Report(), what, whole=True)
    wrong = printed.index[tiers.isna() & printed.map(missing_kind).isna()]
    report.use("cell", int(tiers.notna().sum()))
    report.refuse("cell", len(wrong))
    raise_faults(
        (
            Fault(f"row {row}, column {printed.name}", repr(printed[row]), "a whole number or a blank", "mend it")
            for row in wrong
        ),
        what,
    )
    return tiers.astype("Int64")


def use_texts(report: Report, sites: pd.DataFrame, names: Iterable[str]) -> None:
    """Count the cells of text columns that the result holds."""
    report.use("cell", int(sites[list(names)].notna().to_numpy().sum()))


def take_cells(report: Report, raw: pd.DataFrame, texts: Iterable[str], others: Iterable[str] = ()) -> None:
    """Count the mapped cells that say something: in columns of text what is not blank, in others what is no nothing."""
    says = [*(raw[name].str.strip() != "" for name in texts), *(raw[name].map(missing_kind).isna() for name in others)]
    report.take("cell", int(sum(column.sum() for column in says)))


def no_parts(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return an empty table of parts with the columns of `sites` and ``part_of``."""
    return sites.iloc[:0].assign(part_of=pd.Series(dtype="string"))


def no_counts() -> pd.DataFrame:
    """Return an empty table of counts."""
    empty = pd.DataFrame({name: pd.Series(dtype=object) for name in _COUNT_COLUMNS})
    return tables.check(empty, "series", source="no counts").assign(
        **{name: pd.Series(dtype=object) for name in GROUPS}
    )


def count_frame(
    cells: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    fields: Mapping[str, str],
    report: Report,
    *,
    source: str,
    decimal: str = "",
    groups: Iterable[str] = (),
) -> pd.DataFrame:
    """Return values by date, one row a site and field, from cells as printed.

    Parameters
    ----------
    cells
        Printed cells, aligned by position to `sites`.
    sites
        The sites they belong to.
    fields
        ``METRIC.DATE`` → column name.
    report
        Takes a remark for each cell that is neither a value nor a known kind of nothing; such a cell has no value.
    source
        The list, for messages.
    decimal
        The decimal mark, where it is told.
    groups
        The list's own columns of `sites` to group by.

    Returns
    -------
    DataFrame
        ``series`` table with value, lo and hi null where nothing was counted, plus status, verbatim and groups.
    """
    pieces = [_one_field(cells[column], sites, field, report, decimal) for field, column in fields.items()]
    long = pd.concat(pieces, ignore_index=True).sort_values(["order", "t"], kind="stable")
    counts = tables.check(long[list(_COUNT_COLUMNS)].reset_index(drop=True), "series", source=source)
    return counts.join(sites.set_index("site_id")[[*GROUPS, *groups]], on="unit")


def _one_field(printed: pd.Series, sites: gpd.GeoDataFrame, field: str, report: Report, decimal: str) -> pd.DataFrame:
    metric, date = metric_and_date(field) or (field, "")
    cells = printed.set_axis(pd.Index(sites["row"].to_numpy()))
    t = dates_of_places(date, sites).set_axis(cells.index)
    cells = _without_shared(_without_dateless(cells, t, report), report)
    value = numbers_of(cells, report, "values", whole=record.current().metric(metric).whole, least=0, decimal=decimal)
    known = without_unknown(value, metric, report).to_numpy()
    kinds = cells.map(missing_kind)
    seen = ~np.isnan(known)
    _note_after_closing(cells[seen], t[seen], sites["closed"].set_axis(cells.index)[seen], report)
    report.use("cell", int((kinds.notna() & (kinds != "")).sum()))
    found = pd.DataFrame(
        {
            "order": np.arange(len(sites)), "unit": sites["site_id"].to_numpy(), "metric": metric, "t": t.to_numpy(),
            "value": known, "lo": known, "hi": known,
            "kind": pd.Series("observed", index=printed.index).where(seen).to_numpy(),
            "stale_days": pd.array([0 if one else None for one in seen], dtype="Int64"),
            "status": np.where(seen, "observed", kinds.map(MISSING_STATUS).fillna("no_record")),
            "verbatim": printed.to_numpy(),
        }
    )  # fmt: skip
    return found[found["t"].notna()]


def _note_after_closing(cells: pd.Series, dated: pd.Series, closed: pd.Series, report: Report) -> None:
    """Say of values that their place had closed by then: one of the two is wrong, and which is not for us to say."""
    for row, end, day in zip(closed.index, closed, dated, strict=True):
        if pd.notna(end) and pd.notna(day) and dates.parse(str(end)).before(dates.parse(str(day))):
            takes = "growth takes it but for the held sum, maps draw it closed"
            reason = f"a value of {day}, but the place is said to have closed {end}: {takes}"
            report.add("noted", reason, row=int(str(row)), column=str(cells.name), value=cells[row])


def _without_shared(cells: pd.Series, report: Report) -> pd.Series:
    """Return cells blank whose number stands for several rows: added up it would count for each of them."""
    is_shared = np.array([isinstance(text, Shared) and missing_kind(text) is None for text in cells], dtype=bool)
    for row, text in cells[is_shared].items():
        reason = "a number of merged cells, of which nobody can say how much is this row's; no value taken"
        report.add("noted", reason, row=int(str(row)), column=str(cells.name), value=text, piece="cell")
    return cells.mask(is_shared, "")


def _without_dateless(cells: pd.Series, t: pd.Series, report: Report) -> pd.Series:
    """Return cells blank whose place does not say when it was open."""
    dateless = t.isna() & cells.map(lambda text: bool(text.strip()))
    for row, text in cells[dateless].items():
        report.add("noted", "a value of no date, since the place states none that is in order", row=int(str(row)),
                   column=str(cells.name), value=text, piece="cell")  # fmt: skip
    return cells.mask(dateless, "")
