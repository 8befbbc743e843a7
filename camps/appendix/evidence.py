"""What an appendix is built from: the record and, where they are at hand, the published lists."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import pandas as pd

from camps import catalogue, change, footprints, growth, reading, record, settings, sources
from camps.appendix.claims import read_claims
from camps.appendix.passages import read_passages
from camps.errors import InputError
from camps.film.readouts import Screen
from camps.film.shot import Shot
from camps.footprints import FootprintSeries
from camps.growth.measured import Metric
from camps.provenance import Inputs
from camps.sources.registry import EVENTS, FOOTPRINTS, UNPLACED, reader_place

#: Files of the record that go into the package where there are any: by item id, the place below its home and the title.
_FIXED = {
    "decisions": ("geodata/decisions.csv", "Decisions on disputed and retracted sites and on pairs of records"),
    "claims": ("geodata/claims.toml", "Claims and disputes"),
    "passages": ("geodata/passages.toml", "Passages of the film, each with its verdict"),
    "findings": ("geodata/findings.py", "Findings: how the numbers of the claims are computed"),
    "prose": ("geodata/prose.toml", "The document's own words"),
    "restrictions": ("geodata/restrictions.toml", "What a public edition leaves out"),
    "register": ("geodata/sources.toml", "Register of published lists"),
    "archives": ("geodata/archives.csv", "What pages and files of sources answered when they were archived"),
    "record": ("record.toml", "What the record says of itself"),
}
_EMPTY = {
    "footprints": (
        "footprint_id", "track_id", "site_id", "scene_id", "observed_on", "kind", "area_m2", "wkb_sha256", "geometry",
    ),
    "looks": ("site_id", "scene_id", "observed_on", "status", "note", "interpreter"),
}  # fmt: skip
_SERIES_COLUMNS = ["unit", "metric", "t", "value", "lo", "hi", "kind", "stale_days", "status"]


@dataclass(frozen=True)
class Held:
    """A file of the record that travels with the package: its place below the home, its title, and whose it is."""

    place: str
    title: str
    entry: sources.SourceEntry | None = None


def held_files(home: Path | None = None) -> dict[str, Held]:
    """Return the files that a record passes on, by item id: the bundled ones of its sources, and what it says itself.

    Parameters
    ----------
    home
        Home of the record, or the payload of a package, which is laid out like one; the current record by default. A
        payload that withholds its register, or its table of archives, is read by that of the current record.
    """
    root = home or settings.home()
    register = root / _FIXED["register"][0]
    entries = sources.registry(register if register.is_file() else None).values()
    of_sources = {
        item_id_of(entry, file): Held(f"geodata/{file.bundled}", file.title or entry.title, entry)
        for entry in sorted(entries, key=lambda entry: entry.reader == FOOTPRINTS)
        for file in entry.files
        if file.bundled
    }
    if taken := sorted(set(of_sources) & set(_FIXED)):
        kept = ", ".join(_FIXED)
        raise InputError(f"sources.toml: id {', '.join(taken)}: that of a file of the record; use none of {kept}")
    readers = {place: entry for entry in entries if (place := reader_place(entry))}
    of_readers = {
        f"reader-{Path(place).stem}": Held(f"geodata/{place}", f"How the list {entry.id} is read")
        for place, entry in readers.items()
    }
    shots = {
        f"shot-{path.stem}": Held(f"shots/{path.name}", f"The shot {path.stem}: what the film shows")
        for path in sorted((root / "shots").glob("*.toml"))
    }
    known = {entry.id: entry for entry in entries}
    archived_in = root if (root / _FIXED["archives"][0]).is_file() else settings.find_home() or root
    archived = {
        one.item_id: Held(one.place, f"Page and files of {one.source_id} as they were answered", known[one.source_id])
        for one in sources.captures(archived_in)
        if one.source_id in known and sources.may_be_passed_on(known[one.source_id])
    }
    fixed = {item_id: Held(*told) for item_id, told in _FIXED.items()}
    return of_sources | fixed | of_readers | shots | archived


def item_id_of(entry: sources.SourceEntry, file: sources.SourceFile) -> str:
    """Return the id of a file of a source: that of the source for a list itself, else with the file's name."""
    if entry.reader != FOOTPRINTS and file == entry.files[0]:
        return entry.id
    stem = Path(file.name).stem.lower().replace("_", "-").removeprefix(f"{entry.id}-")
    return f"{entry.id}-{stem}"


@dataclass(frozen=True)
class SceneImage:
    """The image behind a look, as a map or a dossier shows it.

    Attributes
    ----------
    item_id
        Its id as an item; that of its file where that travels with the record.
    entry, file
        The footprint series that it belongs to, and which of its files it is.
    scene_id, observed_on, licence
        What the series says of it.
    """

    item_id: str
    entry: sources.SourceEntry
    file: sources.SourceFile
    scene_id: str
    observed_on: str
    licence: str


#: The id of an image that does not travel: no source can have one like it by accident.
_IMAGE_ID = re.compile(r"image-[0-9a-f]{24}")


def image_id(entry: sources.SourceEntry, file: sources.SourceFile) -> str:
    """Return the id of an image: that of its file where that travels with the record, else one by its sum."""
    return item_id_of(entry, file) if file.bundled else f"image-{file.sha256[:24]}"


def images_at_hand() -> set[str]:
    """Return the ids of the files of footprint series that are here, the images among them."""
    return {
        image_id(entry, file)
        for entry in sources.registry().values()
        for file in entry.files
        if entry.reader == FOOTPRINTS and sources.find(entry, file) is not None
    }


def is_image(item_id: str) -> bool:
    """Return whether an id is that of an image that was shown and does not travel with the record."""
    return _IMAGE_ID.fullmatch(item_id) is not None


def own_sources() -> tuple[str, ...]:
    """Return the ids of the sources that travel with the record: all their required files are bundled."""
    return tuple(entry.id for entry in sources.registry().values() if entry.travels)


def _sites_in(series: FootprintSeries) -> set[str]:
    return {*series.looks["site_id"], *series.footprints["site_id"].dropna()}


def _without_sites(series: FootprintSeries, sites: set[str]) -> FootprintSeries:
    if not sites:
        return series
    looks = series.looks[~series.looks["site_id"].isin(sites)].reset_index(drop=True)
    polygons = series.footprints[~series.footprints["site_id"].isin(sites)].reset_index(drop=True)
    used = set(looks["scene_id"]) | set(polygons["scene_id"])
    scenes = series.scenes[series.scenes["scene_id"].isin(used)].reset_index(drop=True)
    return replace(series, looks=looks, footprints=polygons, scenes=scenes)


class Evidence:
    """The tables behind an appendix, each read once, from files hashed when they entered.

    Parameters
    ----------
    published
        Ids of the published lists to read; all that are at hand when ``None``.
    lists
        Ids of the lists whose sites stand in the tables and have dossiers.
    absent
        Published lists that were read, and images that were shown, that are not here, with their bytes: what does not
        depend on them can be made.
    images
        Ids of the images that dossiers may show; all that are at hand when ``None``.

    Attributes
    ----------
    inputs
        The files, by item id.
    available
        Ids of the sources that can be read now.
    captures
        Archives of pages and files of sources, by item id.
    shown
        Images that dossiers show, by item id; see :meth:`show`.
    """

    def __init__(
        self,
        published: Sequence[str] | None = None,
        lists: Sequence[str] | None = None,
        absent: Mapping[str, int] = MappingProxyType({}),
        images: Collection[str] | None = None,
    ) -> None:
        self.inputs = Inputs()
        self.shown: dict[str, SceneImage] = {}
        self._absent, self._images = absent, images
        self._screens: dict[str, Screen] = {}
        self.lists = catalogue.default_lists() if lists is None else tuple(lists)
        self.own = own_sources()
        self.held = {name: one for name, one in held_files().items() if (settings.home() / one.place).is_file()}
        self.captures = {one.item_id: one for one in sources.captures()}
        for item_id, held in self.held.items():
            stated = self.captures[item_id].sha256 if item_id in self.captures else None
            self.inputs.enter(item_id, settings.home() / held.place, sha256=stated)
        at_hand = self._needed_at_hand() if published is None else published
        # In one order, however they were named: a package says which they were, and is built again from that.
        self.available = tuple(dict.fromkeys([*self.own, *sorted({*at_hand, *self.lists})]))
        for source_id in self.published:
            total = self.register[source_id].files[0].sha256
            if source_id in absent:
                self.inputs.state(source_id, n_bytes=absent[source_id], sha256=total)
            else:
                self.inputs.enter(source_id, sources.path(source_id), sha256=total)

    def _needed_at_hand(self) -> set[str]:
        needs = [*(claim.needs for claim in read_claims()), *(passage.needs for passage in read_passages())]
        needed = {name for names in needs for name in names}
        return {name for name in sources.available() if name in needed and name not in self.own}

    @property
    def published(self) -> tuple[str, ...]:
        """Return the ids of the published lists that are read."""
        return tuple(name for name in self.available if name not in self.own)

    @cached_property
    def register(self) -> dict[str, sources.SourceEntry]:
        """Return the register of sources."""
        return sources.registry()

    @cached_property
    def sites(self) -> gpd.GeoDataFrame:
        """Return the sites of the record's own lists, EPSG:4326."""
        return catalogue.load()

    @cached_property
    def listed(self) -> pd.DataFrame:
        """Return the sites of all lists, indexed by site_id, with what each list says of them."""
        for source_id in self.lists:
            self.inputs.path(source_id)
        return pd.DataFrame(catalogue.load(*self.lists)).set_index("site_id", drop=False)

    @cached_property
    def listed_counts(self) -> pd.DataFrame:
        """Return the yearly counts of all lists that count, a "series" table."""
        return pd.concat([sources.read(source_id).counts for source_id in self.lists], ignore_index=True)

    @cached_property
    def unplaced(self) -> pd.DataFrame:
        """Return the documented sites without a printed coordinate, as printed; empty where no list has any."""
        tables = [
            self.printed(item_id_of(entry, file))
            for entry in self.register.values()
            for file in entry.files
            if file.role == UNPLACED and item_id_of(entry, file) in self.held
        ]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    @cached_property
    def events(self) -> pd.DataFrame:
        """Return the dated events of the record as printed, in order of date; empty where it has no list of them."""
        named = [entry.id for entry in self.register.values() if entry.reader == EVENTS and entry.id in self.held]
        tables = [self.printed(name) for name in named]
        whole = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
        return whole if whole.empty else whole.sort_values("date", kind="stable", ignore_index=True)

    @cached_property
    def counts(self) -> pd.DataFrame:
        """Return what the record's own lists count, a "series" table of buildings."""
        return catalogue.counts()

    @cached_property
    def series(self) -> dict[str, FootprintSeries]:
        """Return the footprint series that travel with the record, by id, with their images and looks.

        Of several readings of one site the first that is registered speaks for it: two are never added up.
        """
        own = [source_id for source_id in footprints.series_ids() if source_id in self.own]
        for item_id, held in self.held.items():
            if held.entry is not None and held.entry.id in own:
                self.inputs.path(item_id)
        found: dict[str, FootprintSeries] = {}
        for source_id in own:
            read = change.tracked(footprints.load(source_id))
            spoken_for = {site for other in found.values() for site in _sites_in(other)}
            found[source_id] = _without_sites(read, spoken_for)
        return found

    def _stacked(self, name: str) -> Any:
        """Return one table of all series, one under the other; an empty one where there is none."""
        frames = [getattr(series, name) for series in self.series.values()]
        if not frames:
            return gpd.GeoDataFrame(columns=list(_EMPTY[name]), geometry="geometry" if name == "footprints" else None)
        return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]

    @cached_property
    def footprints(self) -> gpd.GeoDataFrame:
        """Return the footprints of all series, EPSG:4326."""
        return self._stacked("footprints")

    @cached_property
    def looks(self) -> pd.DataFrame:
        """Return which site was seen in which image, over all series."""
        return pd.DataFrame(self._stacked("looks"))

    @cached_property
    def scenes(self) -> pd.DataFrame:
        """Return the images behind all series, each with its ``source_id``."""
        frames = [series.scenes.assign(source_id=source_id) for source_id, series in self.series.items()]
        if not frames:
            return pd.DataFrame(columns=["observed_on", "scene_id"])
        return pd.concat(frames, ignore_index=True).drop_duplicates("scene_id", ignore_index=True)

    @cached_property
    def images(self) -> dict[str, SceneImage]:
        """Return the images behind the footprints that are files of their series, by scene."""
        found: dict[str, SceneImage] = {}
        for source_id, series in self.series.items():
            entry = self.register[source_id]
            listed = {file.name: file for file in entry.files}
            for _, row in footprints.pictured(series.scenes, entry).iterrows():
                file = listed[row["geotiff"]]
                told = map(str, (row["scene_id"], row["observed_on"], row["licence"]))
                found.setdefault(row["scene_id"], SceneImage(image_id(entry, file), entry, file, *told))
        return found

    def before_and_after(self, site_id: str) -> tuple[SceneImage, ...]:
        """Return the images of the first and the last look that saw a site, or none where they cannot both be shown."""
        looks = self.looks[(self.looks["site_id"] == site_id) & self.looks["status"].isin(growth.SEEING)]
        scenes = looks.sort_values(["observed_on", "scene_id"])["scene_id"]
        named = [self.images[name] for name in scenes if name in self.images]
        pair = (named[0], named[-1]) if len(named) > 1 else ()
        return pair if all(map(self._may_show, pair)) else ()

    def _may_show(self, image: SceneImage) -> bool:
        if self._images is not None and not image.file.bundled:
            return image.item_id in self._images
        return sources.find(image.entry, image.file) is not None

    def show(self, image: SceneImage) -> None:
        """Let an image enter, or what was recorded of it where it is not here."""
        if image.file.bundled:
            return
        self.shown[image.item_id] = image
        if image.item_id in self._absent:
            self.inputs.state(image.item_id, n_bytes=self._absent[image.item_id], sha256=image.file.sha256)
        else:
            found = sources.find(image.entry, image.file)
            self.inputs.enter(image.item_id, Path(str(found)), sha256=image.file.sha256)

    def image_path(self, image: SceneImage) -> Path:
        """Return the file of an image that is shown, after hashing it again."""
        return self.inputs.path(image.item_id)

    @cached_property
    def areas(self) -> pd.DataFrame:
        """Return the roofed area of each compound at each look, in m² with 95 % intervals ("series" table)."""
        return self._values("area_m2")

    @cached_property
    def polygons(self) -> pd.DataFrame:
        """Return the number of polygons of each compound at each look, with 95 % intervals ("series" table)."""
        return self._values("buildings")

    @cached_property
    def enclosures(self) -> pd.DataFrame:
        """Return the walled area of each compound at each look, in m² ("series" table)."""
        return self._values("compound_area_m2")

    def _values(self, metric: Metric) -> pd.DataFrame:
        tables = [
            growth.series(read.footprints, read.looks, metric=metric, scenes=read.scenes)
            for read in self.series.values()
        ]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=_SERIES_COLUMNS)

    @cached_property
    def built(self) -> gpd.GeoDataFrame:
        """Return the footprints that count as built area: buildings and blocks of a site."""
        frame = self.footprints
        return frame[frame["kind"].isin(footprints.BUILT) & frame["site_id"].notna()]

    @cached_property
    def second(self) -> dict[str, FootprintSeries]:
        """Return the second readings of series, by the id of the series; those that nobody read twice are not there."""
        read = {source_id: footprints.load_second(source_id) for source_id in self.series}
        return {source_id: one for source_id, one in read.items() if one is not None}

    @cached_property
    def read_by(self) -> pd.DataFrame:
        """Return the looks with who read each, and who a second time: ``interpreter`` and ``second``, null unstated."""
        looks = self.looks.reindex(columns=["site_id", "observed_on", "scene_id", "status", "interpreter"])
        again = [one.looks[["site_id", "observed_on", "interpreter"]] for one in self.second.values()]
        names = pd.concat(again) if again else looks.head(0)[["site_id", "observed_on", "interpreter"]]
        named = names.rename(columns={"interpreter": "second"}).drop_duplicates(["site_id", "observed_on"])
        return looks.merge(named, on=["site_id", "observed_on"], how="left").sort_values(
            ["observed_on", "site_id"], ignore_index=True
        )

    @cached_property
    def built_again(self) -> gpd.GeoDataFrame:
        """Return the buildings and blocks of the second readings, EPSG:4326; empty where nobody read any twice."""
        frames = [one.footprints for one in self.second.values()]
        if not frames:
            return gpd.GeoDataFrame(columns=["kind", "observed_on", "geometry"], geometry="geometry", crs=4326)
        again = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
        return again[again["kind"].isin(footprints.BUILT)]

    @cached_property
    def agreements(self) -> dict[str, reading.Agreement]:
        """Return how far both readings of a series agree, by its id; not there where either has no building."""
        pairs = {source_id: (self.series[source_id], again) for source_id, again in self.second.items()}
        return {
            source_id: reading.agreement(first, again)
            for source_id, (first, again) in pairs.items()
            if not first.footprints.empty and not again.footprints.empty
        }

    def agreement_iou(self, site_id: str | None = None) -> dict[str, float]:
        """Return, by date, the area both readings share over the area either has (intersection over union).

        Of one site: over the series that it is in.
        """
        within = [
            one for source_id, one in self.agreements.items() if site_id in {None, *_sites_in(self.series[source_id])}
        ]
        dates = [one.dates.iloc[:-1] for one in within]
        return {day: iou for table in dates for day, iou in zip(table["observed_on"], table["iou"], strict=True)}

    def screen(self, shot: Shot) -> Screen:
        """Return what the frames of a shot say, worked out of one map however often it is asked for."""
        return self._screens.setdefault(shot.called, Screen(shot))

    def published_counts(self, source_id: str) -> pd.DataFrame:
        """Return the yearly counts of a published list at hand, a "series" table."""
        self.inputs.path(source_id)
        return catalogue.counts(source_id)

    def published_list(self, source_id: str) -> sources.Source:
        """Return a published list at hand."""
        self.inputs.path(source_id)
        return sources.read(source_id)

    def printed(self, item_id: str) -> pd.DataFrame:
        """Return the cells of a table of the record as printed, all text."""
        path = self.inputs.path(item_id)
        return record.read_csv(path)
