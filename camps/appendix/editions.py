"""The public edition of all that is read: of it maps, films and the records in them are made where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from camps import catalogue, crs, embedded, files, record, settings, sources, tables
from camps.appendix import records, restriction
from camps.appendix.checks import Check
from camps.appendix.evidence import Evidence
from camps.appendix.restriction import PLACE, Restriction, Secrets
from camps.appendix.schemas import RecordName
from camps.errors import CheckError, Fault, InputError, raise_faults
from camps.film.manifest import MANIFEST, read_manifest
from camps.sources import Source
from camps.sources.report import Report

PUBLIC = "public"
#: What of a restricted site is shown at all; remarks, pages and numbers of other lists would tell of it.
_SHOWN = frozenset({
    "site_id", "lon", "lat", "lon_published", "lat_published", "r95_m", "datum_flag", "system", "tier", "country",
    "admin1", "admin2", "level", "area_code", "opened", "closed", "last_known", "vanished", "source_id", "source_key",
    "status", "merged_into", "geometry", "row", "n_parts",
})  # fmt: skip
#: Columns of a list by those of the appendix that are withheld as they are.
_SAME = ("name_zh", "name_ug", "name_other", "country", "admin1", "admin2")
_DATES = {"opened": ("opened",), "closed": ("closed", "last_known", "vanished")}
#: Columns without which nothing can be drawn, and those of counts that say what a value is of.
_NEEDED: Mapping[RecordName, set[str]] = {
    "sites": {"system", "level", "status"},
    "counts": {"date_edtf", "metric", "source_item", "status"},
}
#: A point of a camera nearer to a withheld place than this share of its cell looks at it.
_AIMED = 0.25
#: An outline so near to a withheld place may be of it.
_NEAR_M = 1000.0


@dataclass(frozen=True)
class PublicEdition:
    """All that is read as the public may see it: places as cells, values withheld, and what must not come out.

    :func:`public_edition` holds it for all that is read within a block.

    Attributes
    ----------
    restrictions
        What is left out.
    full, public
        Tables of the appendix that are restricted, as they are and as the public may see them.
    secrets
        What must not come out.
    """

    restrictions: Sequence[Restriction]
    full: Mapping[RecordName, pd.DataFrame]
    public: Mapping[RecordName, pd.DataFrame]
    secrets: Secrets

    @cached_property
    def told(self) -> Mapping[str, str]:
        """Return what a file says that is made of it."""
        return {"name": PUBLIC, "restrictions_sha256": files.sha256(settings.geodata() / "restrictions.toml")}

    @property
    def hidden(self) -> frozenset[str]:
        """Return the ids of the sites of which something is left out."""
        return self.secrets.sites

    @cached_property
    def _sites(self) -> dict[Any, Any]:
        return self.public["sites"].set_index("site_id").to_dict("index")

    @cached_property
    def _true(self) -> pd.DataFrame:
        """Return the restricted sites as they are, by id."""
        sites = self.full["sites"].set_index("site_id")
        return sites[sites.index.isin(self.hidden)]

    def _columns(self, table: RecordName, site_id: str) -> set[str]:
        """Return which columns of a site are left out."""
        about = (one for one in self.restrictions if one.table == table and (not one.sites or site_id in one.sites))
        return {column for one in about for column in one.columns}

    # --- lists ------------------------------------------------------------------------------------------------------

    def of_list(self, source: Source) -> Source:
        """Return a list as the public may see it.

        Raises
        ------
        InputError
            When it would tell what another list keeps back, or lacks what nothing is drawn without.
        """
        here = set(source.records["site_id"]) & self.hidden
        self._require_apart(source)
        if not here:
            return source
        self._require_drawn(sorted(here))
        sites, parts = source.sites, source.parts
        within = parts["part_of"].isin(set(sites.loc[sites["site_id"].isin(here), "source_key"])) if len(parts) else []
        parts = parts[~(parts["site_id"].isin(here) | within)] if len(parts) else parts
        shown = self._shown(sites, here)
        outlines = source.outlines
        return replace(
            source, sites=shown, counts=self._shown_counts(source.counts, shown, here),
            parts=parts.reset_index(drop=True), report=Report(), raw=source.raw.head(0),
            outlines=None if outlines is None else outlines[~outlines["site_id"].isin(here)].reset_index(drop=True),
        )  # fmt: skip

    def _require_apart(self, source: Source) -> None:
        """Require that no row of a list is, under an id of its own, a place of which another list keeps something."""
        known = set(source.records["site_id"])
        rows = source.records[~source.records["site_id"].isin(self.hidden)]
        faults = []
        # A list tells its own places apart.
        for site_id, place in self._true[~self._true.index.isin(known)].iterrows():
            apart_m = crs.distance_m((rows["lon"], rows["lat"]), (place["used_lon"], place["used_lat"]))
            near = rows[apart_m <= rows["r95_m"].to_numpy() + place["uncertainty_m"]]
            faults += [
                Fault(f"site {one}", f"may be the place of {site_id}, of which the public edition keeps something back",
                      "no other list to tell it", "restrict it as well, or leave its list out")
                for one in near["site_id"]
            ]  # fmt: skip
        raise_faults(faults, f"{source.entry.id} in the public edition")

    def _require_drawn(self, site_ids: Sequence[str]) -> None:
        faults = [
            Fault(f"{table}, site {site_id}", f"{', '.join(sorted(lost))} withheld", "what a map can do without",
                  "draw a list without the site, or withhold others")
            for table, needed in _NEEDED.items()
            for site_id in site_ids
            if (lost := needed & self._columns(table, site_id))
        ]  # fmt: skip
        raise_faults(faults, "restrictions.toml")

    def _shown(self, sites: gpd.GeoDataFrame, here: set[str]) -> gpd.GeoDataFrame:
        """Return the sites of a list with those that are restricted as the public may see them."""
        chosen = sites["site_id"].isin(here)
        shown = sites.copy()
        for column in [name for name in shown if name not in _SHOWN and not name.startswith("name_")]:
            shown[column] = shown[column].mask(chosen)
        for at in shown.index[chosen]:
            for column, value in self._changes(str(shown.loc[at, "site_id"])).items():
                if column in shown or value is not None:
                    shown[column] = _with(shown, column, at, value)
        shown["n_parts"] = shown["n_parts"].where(~chosen, 0)
        points = gpd.points_from_xy(shown["lon"], shown["lat"])
        return gpd.GeoDataFrame(shown.drop(columns="geometry"), geometry=points, crs=4326)

    def _changes(self, site_id: str) -> dict[str, Any]:
        """Return what is said of a restricted site in place of what its list says, by column of a list."""
        columns, row = self._columns("sites", site_id), self._sites[site_id]
        changes: dict[str, Any] = dict.fromkeys(name for name in _SAME if name in columns)
        changes |= dict.fromkeys(name for date, names in _DATES.items() if date in columns for name in names)
        if "name_en" in columns:
            names = ("name_fr", "name_zh", "name_ug", "name_other")
            changes |= dict.fromkeys(names) | {"name_en": tables.WITHHELD}
        if set(PLACE) & columns:
            decimals = restriction.decimals_of(self.restrictions, site_id) or 0
            lat, lon = (restriction.cell_text(row[name], decimals) for name in ("used_lat", "used_lon"))
            changes |= {"lat": row["used_lat"], "lon": row["used_lon"], "r95_m": row["uncertainty_m"]}
            changes |= {"lat_published": lat, "lon_published": lon, "level": tables.CELL, "area_code": f"{lat}, {lon}"}
        return changes

    def _shown_counts(self, counts: pd.DataFrame, sites: gpd.GeoDataFrame, here: set[str]) -> pd.DataFrame:
        if counts.empty:
            return counts
        shown, known = counts.copy(), sites.set_index("site_id")
        of_site = shown["unit"].isin(here)
        for column in [name for name in shown if name in known and name != "source_id"]:
            shown[column] = shown[column].where(~of_site, shown["unit"].map(known[column]))
        hidden = {site_id for site_id in here if {"value", "printed"} & self._columns("counts", site_id)}
        kept_back = shown["unit"].isin(hidden)
        for column in ("value", "lo", "hi"):
            shown[column] = shown[column].mask(kept_back)
        return shown.assign(
            verbatim=shown["verbatim"].mask(kept_back, tables.WITHHELD),
            status=shown["status"].mask(kept_back, "no_record"),
        )

    # --- outlines, cameras ------------------------------------------------------------------------------------------

    def require_shown(self, name: str, footprints: gpd.GeoDataFrame, looks: pd.DataFrame) -> None:
        """Require that a footprint series outlines no site whose place or measurements are kept back.

        Raises
        ------
        InputError
            Naming the sites.
        """
        of_series = {*looks["site_id"].dropna(), *footprints["site_id"].dropna()} & self.hidden
        told_by = {one for one in of_series if set(PLACE) & self._columns("sites", one)}
        told_by |= {one for one in of_series if self._columns("measurements", one)}
        corners = footprints.geometry.bounds
        for site_id, lon, lat in self._hidden_places():
            middle = (corners[["minx", "maxx"]].mean(axis=1), corners[["miny", "maxy"]].mean(axis=1))
            if len(corners) and (crs.distance_m(middle, (lon, lat)) <= _NEAR_M).any():
                told_by.add(site_id)
        if told_by:
            raise InputError(
                f"{name}: outlines {', '.join(sorted(told_by))}, of which restrictions.toml keeps place or measurements"
                " back; draw another series, or another kind of map, which shows the site as a cell"
            )

    def _hidden_places(self) -> Iterator[tuple[str, float, float]]:
        for site_id, row in self._true.iterrows():
            if set(PLACE) & self._columns("sites", str(site_id)):
                yield str(site_id), float(row["used_lon"]), float(row["used_lat"])

    def require_not_aimed(self, table: Mapping[str, Any], what: str) -> None:
        """Require that no point of a shot stands on a place that is kept back: the middle of a picture would tell it.

        Parameters
        ----------
        table
            The shot as a shot file has it.
        what
            The shot, for messages.

        Raises
        ------
        InputError
            Naming the points.
        """
        faults = [
            Fault(where, f"a point on {site_id}", "none on a place that the public edition keeps back",
                  'say fit = "sites" or another region, or a point farther off')
            for where, lon, lat in _points(table)
            for site_id, true_lon, true_lat in self._hidden_places()
            if max(abs(lon - true_lon), abs(lat - true_lat)) <= self._aim_deg(site_id)
        ]  # fmt: skip
        raise_faults(faults, what)

    def _aim_deg(self, site_id: str) -> float:
        return _AIMED * restriction.cell_deg(restriction.decimals_of(self.restrictions, site_id) or 0)

    # --- what is made -----------------------------------------------------------------------------------------------

    def require_nothing_told(self, path: Path) -> Path:
        """Search a file, or a folder, for what is kept back, and return its path.

        Raises
        ------
        CheckError
            When it is found; the files that tell it are removed, and named, and so are folders, which stay.
        """
        leaks = list(restriction.find_leaks(path, self.secrets))
        for one in leaks:
            if one.path and one.path.is_file():
                one.path.unlink()
        if leaks:
            stay = "; rename the folders" if any(one.path and one.path.is_dir() for one in leaks) else ""
            raise CheckError(f"{path}: {restriction.say_leaks(leaks)}; they were removed{stay}")
        return path


def _with(table: pd.DataFrame, column: str, at: Any, value: Any) -> pd.Series[Any]:
    held = table[column] if column in table else pd.Series(pd.NA, index=table.index, dtype="string")
    held = held.copy()
    held.loc[at] = pd.NA if value is None else value
    return held


def _points(content: Any, where: str = "") -> Iterator[tuple[str, float, float]]:
    """Yield every point that a shot names by its degrees or stands in the middle of, and where in it."""
    if isinstance(content, dict):
        if content.get("centre"):
            yield f"{where}.centre".strip("."), *content["centre"]
        if box := content.get("box") or record.current().regions.get(str(content.get("fit"))):
            yield f"{where}.box".strip("."), (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    parts = content.items() if isinstance(content, dict) else enumerate(content, 1)
    for name, part in parts:
        if isinstance(part, dict | list | tuple):
            yield from _points(part, f"{where}.{name}")


# --- reading it -----------------------------------------------------------------------------------------------------


@contextmanager
def public_edition() -> Iterator[PublicEdition]:
    """Let all that is read within the block, and so all that is made of it, be as the public may see it.

    What ``geodata/restrictions.toml`` keeps back is left out of every list: a place is the cell in which it lies, and
    has no remarks, no pages and no numbers of other lists. Search what was made by ``require_nothing_told``.

    Raises
    ------
    MissingError, InputError
        When there are no restrictions, or they are not sound or name no site of the lists here.

    Examples
    --------
    >>> with public_edition() as edition:
    ...     edition.told["name"]
    'public'
    """
    now = sources.edition()
    if isinstance(now, PublicEdition):
        yield now
        return
    edition = _read_edition()
    with sources.reading(edition):
        yield edition


def _read_edition() -> PublicEdition:
    restrictions = restriction.read_restrictions()
    if not restrictions:
        return PublicEdition(restrictions, {"sites": _none()}, {"sites": _none()}, restriction.NOTHING)
    evidence = Evidence([], _lists_of(restrictions))
    build = {"sites": records.build_sites, "counts": records.build_counts, "measurements": records.build_measurements}
    named = {"sites", *(one.table for one in restrictions)}
    full: dict[RecordName, pd.DataFrame] = {name: make(evidence) for name, make in build.items() if name in named}
    return PublicEdition(restrictions, full, *restriction.restrict(full, restrictions))


def _none() -> pd.DataFrame:
    return pd.DataFrame(columns=["site_id", "source_items"])


def _lists_of(restrictions: Sequence[Restriction]) -> list[str]:
    """Return the lists that hold the sites that are restricted: the record's own, and others at hand that do."""
    if any(not one.sites for one in restrictions):
        return sources.lists()
    chosen = list(catalogue.default_lists())
    wanted = {site_id for one in restrictions for site_id in one.sites} - set(catalogue.load(*chosen)["site_id"])
    for source_id in sources.lists() if wanted else ():
        held = wanted & set(sources.read(source_id).sites["site_id"])
        chosen += [source_id] if held and source_id not in chosen else []
        wanted -= held
    return chosen


def check_withheld(path: Path, group: str) -> Iterator[Check]:
    """Check that a file, or a folder, tells nothing that the edition keeps back which is read now; nothing in the full.

    Whoever forges a public edition can write its record anew, so what it says of itself does not tell.
    """
    now = sources.edition()
    if isinstance(now, PublicEdition):
        told = [f"{one.name} tells {one.n_values}" for one in restriction.find_leaks(path, now.secrets)]
        yield Check(group, f"{path.name}, withheld values", not told, "; ".join(told) or "stand nowhere in it")


def edition_of(path: Path) -> AbstractContextManager[PublicEdition | None]:
    """Return what lets all be read in the edition that a file was made in, as it or the manifest beside it says.

    Raises
    ------
    InputError
        When it was made in a public edition under other restrictions than those here.
    """
    stated = read_edition(path)
    if stated is None:
        return nullcontext()
    if fault := edition_fault(stated):
        raise InputError(f"{path}: {fault}")
    return public_edition()


def read_edition(path: Path) -> Mapping[str, Any] | None:
    """Return what a file, or the manifest of the folder that a frame lies in, says of its edition; else nothing."""
    found = embedded.read(path) if path.suffix.lower() in embedded.TELLING and path.is_file() else None
    if found is not None:
        return found.content.get("edition")
    folder = next((one for one in path.resolve().parents[:3] if (one / MANIFEST).is_file()), None)
    return read_manifest(folder).get("edition") if folder and path.is_file() else None


def edition_fault(stated: Mapping[str, Any]) -> str:
    """Return why what was made in an edition cannot be made again here, or nothing."""
    path = settings.geodata() / "restrictions.toml" if settings.find_home() else None
    if path is None or not path.is_file() or files.sha256(path) != stated.get("restrictions_sha256"):
        return (
            "was made in a public edition, under a restrictions.toml that is not the one here; stand in the record that"
            " it was made from"
        )
    return ""
