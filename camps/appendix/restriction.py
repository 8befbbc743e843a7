"""The public edition: fields withheld or rounded as declared, and a search of all that comes out for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from camps import record, settings
from camps import tables as tables_room
from camps.appendix import schemas, told
from camps.appendix.schemas import COLUMNS, RecordName
from camps.errors import CheckError, Fault, InputError, raise_faults
from camps.film.tracking import TRACK
from camps.record import Table
from camps.sources.coordinates import METRES_PER_DEGREE

#: Columns each of which tells where a site is: to restrict one of them for a site is to restrict all.
PLACE = ("used_lat", "used_lon", "published_lat", "published_lon", "published_verbatim", "gcj02_offset_m")
#: A number rounded to n decimals must not come out with n + 2 or more.
_TELLTALE_DIGITS = 2
_MOST_DECIMALS = 8
#: From so many bytes on a form is looked for anywhere; shorter ones as whole words, numbers from so many digits on.
_LONG_BYTES, _LEAST_DIGITS = 6, 4
_SHORT_NUMBER = re.compile(r"\d{0,3}")


class Restriction(Table):
    """What is left out of the public edition: columns of a table, for some sites or all, and why.

    Attributes
    ----------
    table, columns
        Where it stands.
    action
        ``withhold``, or ``round`` to `decimals`.
    reason
        Printed beside it.
    sites
        Ids of the sites it holds for; all when there is none.
    """

    table: Literal["sites", "counts", "measurements"]
    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    action: Literal["withhold", "round"]
    reason: Annotated[str, Field(min_length=1)]
    decimals: Annotated[int, Field(ge=0, le=15)] | None = None
    sites: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_possible(self) -> Restriction:
        columns = COLUMNS[self.table]
        if wrong := [name for name in self.columns if name not in columns or name == "site_id"]:
            raise ValueError(f"columns of {self.table} other than site_id, not {', '.join(wrong)}")
        decimal = [name for name in self.columns if str(columns[name].dtype) == "float64"]
        if self.action == "round" and (words := [name for name in self.columns if name not in decimal]):
            raise ValueError(f"columns of decimal numbers to round, not {', '.join(words)}; withhold those")
        if self.action == "withhold" and (needed := [name for name in decimal if not columns[name].nullable]):
            raise ValueError(f"columns that may be null to withhold, not {', '.join(needed)}; round those")
        if (self.action == "round") != (self.decimals is not None):
            raise ValueError("decimals = a whole number where the action is round, and nowhere else")
        return self

    def told(self) -> str:
        """Return the restriction as a sentence."""
        what = tables_room.WITHHELD if self.action == "withhold" else f"rounded to {self.decimals} decimals"
        whose = f"of {len(self.sites)} sites" if self.sites else "of all sites"
        return f"{', '.join(self.columns)} {whose} in the table {self.table}: {what}; {self.reason}"


class _Restrictions(Table):
    """The whole of ``restrictions.toml``."""

    restrictions: tuple[Restriction, ...] = Field(default=(), alias="restriction")


@dataclass(frozen=True)
class Secrets:
    """What must not come out: the sites that are restricted, and the values withheld in every form they could take."""

    sites: frozenset[str]
    forms: frozenset[str]

    def found_in(self, text: str, least_bytes: int = 0) -> list[str]:
        """Return the withheld forms that stand in a text, of those that are so long."""
        forms = (form for form in self.forms if form in text and len(form.encode("utf-8")) >= least_bytes)
        return sorted(form for form in forms if _stands(form, text))


def _stands(form: str, text: str) -> bool:
    """Return whether a form stands by itself: a number not behind other digits, a short word not in others."""
    # A comma parts cells as well as digits: beside one a number stands by itself, or a table would tell it.
    before = r"(?<!\d)(?<!\d\.)" if form[0].isdigit() else r"(?<!\w)"
    if len(form.encode("utf-8")) >= _LONG_BYTES:
        return not form[0].isdigit() or re.search(before + re.escape(form), text) is not None
    return re.search(rf"{before}{re.escape(form)}(?!\w|\.\d)", text) is not None


NOTHING = Secrets(frozenset(), frozenset())


# --- reading --------------------------------------------------------------------------------------------------------


def read_restrictions(path: Path | None = None) -> list[Restriction]:
    """Read what the public edition leaves out; ``geodata/restrictions.toml`` by default.

    Raises
    ------
    MissingError, InputError
        When the file is not there or not sound; all faults are named at once.
    """
    where = path or settings.geodata() / "restrictions.toml"
    return list(record.build(_Restrictions, record.read_toml(where), what=where.name).restrictions)


# --- applying -------------------------------------------------------------------------------------------------------


def restrict(
    tables: Mapping[RecordName, pd.DataFrame], restrictions: Sequence[Restriction]
) -> tuple[dict[RecordName, pd.DataFrame], Secrets]:
    """Return the tables as the public may see them, and what must not come out.

    Raises
    ------
    InputError
        When a restriction names a site that the table does not hold, or one column of a place without the others.
    """
    require_whole_places(restrictions)
    public = dict(tables)
    sites: set[str] = set()
    forms: set[str] = set()
    for one in restrictions:
        table = public[one.table]
        of_sites = table["site_id"].isin(one.sites) if one.sites else pd.Series(True, index=table.index)
        _require_sites(one, table)
        sites |= set(table.loc[of_sites, "site_id"])
        for column in one.columns:
            forms |= _forms(tables[one.table].loc[of_sites, column], one.decimals)
            table = table.assign(**{column: _hidden(table[column], of_sites, one.decimals)})
        if "used_lat" in one.columns and one.decimals is not None:
            table = table.assign(
                uncertainty_m=_widened(table, of_sites, one.decimals),
                level=table["level"].mask(of_sites, tables_room.CELL),
            )
        public[one.table] = schemas.check_record(table, one.table, source=f"public {one.table}")
    return public, Secrets(frozenset(sites), frozenset(forms))


def require_whole_places(restrictions: Sequence[Restriction]) -> None:
    """Require that a place is restricted in all columns that tell it.

    Raises
    ------
    InputError
        When a restriction names one of them without the others.
    """
    of_places = [one for one in restrictions if one.table == "sites" and set(one.columns) & set(PLACE)]
    restricted: dict[str, set[str]] = {}
    for one in of_places:
        for site_id in one.sites or ("all sites",):
            restricted.setdefault(site_id, set()).update(one.columns)
    for_all = restricted.get("all sites", set())
    missing = {site_id: set(PLACE) - columns - for_all for site_id, columns in restricted.items()}
    remedy = "restrict them, too: each of them tells the place"
    faults = [
        Fault(site, f"{', '.join(sorted(left))} not restricted", "the whole place", remedy)
        for site, left in missing.items()
        if left
    ]
    raise_faults(faults, "restrictions.toml")


def _require_sites(one: Restriction, table: pd.DataFrame) -> None:
    unknown = sorted(set(one.sites) - set(table["site_id"]))
    if unknown:
        raise InputError(
            f"restrictions.toml: site {', '.join(unknown)} is not in the table {one.table}; correct the id"
        )


def _hidden(values: pd.Series, chosen: pd.Series, decimals: int | None) -> pd.Series:
    if decimals is not None:
        return values.where(~chosen, values.round(decimals))
    if pd.api.types.is_string_dtype(values):
        return values.mask(chosen & values.notna(), tables_room.WITHHELD)
    return values.mask(chosen)


def _widened(sites: pd.DataFrame, chosen: pd.Series, decimals: int) -> pd.Series:
    """Return how far the middle of a cell may be from a site: as far as its point was, and half across the cell."""
    half_m = METRES_PER_DEGREE * cell_deg(decimals) / 2
    across_m = half_m * np.hypot(1.0, np.cos(np.radians(sites["used_lat"])))
    return sites["uncertainty_m"].where(~chosen, np.ceil(sites["uncertainty_m"] + across_m))


def cell_deg(decimals: int) -> float:
    """Return the side of the cell in which a point that was rounded to decimals of a degree may lie."""
    return float(10.0**-decimals)


def cell_text(degrees: float, decimals: int) -> str:
    """Return from where to where the cell of a point lies that was rounded to decimals of a degree."""
    half = cell_deg(decimals) / 2
    return f"{degrees - half:.{decimals + 1}f}–{degrees + half:.{decimals + 1}f}"


def decimals_of(restrictions: Iterable[Restriction], site_id: str) -> int | None:
    """Return to how many decimals the place of a site was rounded, or ``None`` where it was not."""
    rounded = (one for one in restrictions if one.decimals is not None and "used_lat" in one.columns)
    return next((one.decimals for one in rounded if not one.sites or site_id in one.sites), None)


def _forms(values: pd.Series, decimals: int | None) -> set[str]:
    """Return the texts by which withheld values could be told: as they stand, and numbers to any telltale digits.

    A number of few digits tells nothing where it stands alone, for it stands everywhere.
    """
    forms: set[str] = set()
    for value in values.dropna():
        if isinstance(value, str):
            forms |= set() if _SHORT_NUMBER.fullmatch(value.strip()) else {value}
            continue
        least = _TELLTALE_DIGITS + (decimals or 0)
        texts = {f"{value:.{digits}f}" for digits in range(least, _MOST_DECIMALS + 1)} | {repr(float(value))}
        texts |= {f"{value:,.{digits}f}" for digits in range(2) if decimals is None}
        # A whole number of four digits without its comma is any year.
        texts |= {f"{value:.{digits}f}" for digits in range(2) if decimals is None and abs(value) >= 10_000}
        forms |= {one for one in texts if sum(letter.isdigit() for letter in one.strip("0.")) >= _LEAST_DIGITS}
    return {form for form in forms if len(form) > 1}


# --- searching ------------------------------------------------------------------------------------------------------


def may_pass(path: Path, item_id: str, secrets: Secrets) -> bool:
    """Return whether an input may stand in the public package: it tells nothing withheld, nor of a restricted site.

    What is no text, such as a workbook or a database, cannot be searched, and stays out.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return not secrets.sites
    if "\0" in text and secrets.sites:
        return False
    tells_of_site = item_id != "claims" and any(_names(text, site) for site in secrets.sites)
    return not (tells_of_site or secrets.found_in(text))


def _names(text: str, site_id: str) -> bool:
    """Return whether a text names a site: list-2 is not named by list-20."""
    return re.search(rf"(?<![^\W_]){re.escape(site_id)}(?![^\W_])", text) is not None


def require_nothing_told(folder: Path, document: Mapping[str, Any], secrets: Secrets) -> None:
    """Raise where anything withheld stands in what is made: in a file, a file name, a table or words of a document.

    Parameters
    ----------
    folder
        The payload, or one file.
    document
        The content of the document, of which its pages are set.
    secrets
        What must not come out.

    Raises
    ------
    CheckError
        Naming each file and how many withheld values stand in it, but not the values.
    """
    if not secrets.forms:
        return
    worded = Leak(None, "the document", len(secrets.found_in(json.dumps(document, ensure_ascii=False))))
    if leaks := [*([worded] if worded.n_values else []), *find_leaks(folder, secrets)]:
        raise CheckError(say_leaks(leaks))


class Leak(NamedTuple):
    """Where something withheld stands: in which file or folder, if in one, by what name, and how many values."""

    path: Path | None
    name: str
    n_values: int


def say_leaks(leaks: Iterable[Leak]) -> str:
    """Return a message that names what tells something withheld, but not what it tells."""
    remedy = "restrict the column that tells them, too"
    named = (f"{one.name} tells {one.n_values} withheld values" for one in leaks)
    return "\n".join([f"the public edition would tell what is withheld; {remedy}:", *named])


def find_leaks(folder: Path, secrets: Secrets) -> Iterator[Leak]:
    """Yield each file below a folder, or the one file, that tells anything withheld, and each name that does."""
    for path in [folder, *sorted(folder.rglob("*"))] if secrets.forms else []:
        name = path.relative_to(folder).as_posix() if path != folder else path.name
        if found := secrets.found_in(name):
            yield Leak(path, f"the name {name}", len(found))
        if n_values := len(_told_in(path, secrets)):
            yield Leak(path, name, n_values)


def _told_in(path: Path, secrets: Secrets) -> set[str]:
    if not path.is_file():
        return set()
    # Where sites lie in a picture is a number of any kind.
    drawn = _LONG_BYTES + 2 if path.parent.name == TRACK else 0
    texts = told.texts_of(path)
    return {form for text, packed in texts for form in secrets.found_in(text, _LONG_BYTES if packed else drawn)}
