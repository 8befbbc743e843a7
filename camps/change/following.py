"""Every building followed through all looks at its site: tracks with censored intervals, and an event for each step.

At each look the polygons are laid on the last known outline of every building that may still stand. So a building that
one look could not see is found again by the next one, and nothing is gone because a look was poor.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from camps import crs, engine, tables
from camps.change.comparison import TAU_M, Comparison, compare_linked, mmu_m2
from camps.change.linking import Pairs, candidates, measured, told_apart
from camps.change.registration import REACH_M, vote_shifts
from camps.change.visits import Codes, Visits, centres_of, read_visits
from camps.crs import Floats
from camps.dates import day_interval
from camps.errors import InputError
from camps.footprints import BUILT, FootprintSeries, counted_area_m2
from camps.footprints.series import in_order

Identity = Literal["auto", "published", "linked"]
_NONE = -1
_EVENT_COLUMNS = (
    "site_id", "scene_from", "scene_to", "observed_from", "observed_to", "class", "gain_m2", "loss_m2", "tau_m",
    "mmu_m2", "n_from", "n_to", "area_from_m2", "area_to_m2", "track_ids",
)  # fmt: skip


@dataclass(frozen=True)
class History:
    """What became of every building.

    Attributes
    ----------
    tracks
        One row a building: the "track" table (track_id, L, R, Ld, Rd as EDTF dates of scenes, null = censored) with
        site_id, kind and area_m2 (both as last seen, overlaps counted once), area_lo_m2 and area_hi_m2 (of all
        sightings), n_seen, first_seen, last_seen, parent (the track it was split from, whose L and R it has) and
        merged_into.
    events
        One row a change between two successive looks at a site: site_id, scene_from, scene_to, observed_from,
        observed_to, the "event" table (class, gain_m2, loss_m2, tau_m, mmu_m2), n_from, n_to, area_from_m2,
        area_to_m2 and track_ids (joined by ";"). Gain and loss are null where a date did not see the place.
    footprints
        The footprints followed, with track_id.
    shifts
        One row a scene and reference scene: dx_m, dy_m (added to the scene's polygons), sd_m, n (buildings that agree),
        n_rival (those that agree on another shift), accepted. A scene whose rows could as well lie on the next ones
        is not accepted, and stays where it is.
    """

    tracks: pd.DataFrame
    events: pd.DataFrame
    footprints: gpd.GeoDataFrame
    shifts: pd.DataFrame


@engine.without_cycle_search()
@engine.system_memory()
def follow(
    series: FootprintSeries,
    *,
    kinds: tuple[str, ...] = BUILT,
    identity: Identity = "auto",
    register: bool = True,
    reach_m: float = REACH_M,
    tau_m: float = TAU_M,
    minimum_m2: float | None = None,
    plane: CRS | None = None,
    centres: bool = False,
) -> History:
    """Follow every building of a series through the looks at its site.

    Parameters
    ----------
    series
        As from :func:`camps.footprints.load`.
    kinds
        Kinds of footprint to follow; built ones by default.
    identity
        ``published`` takes the series' own track_id, ``linked`` finds tracks by shared ground; ``auto`` takes the
        published ones where every footprint has one.
    register
        Whether to lay each scene's polygons on those of the first scene by :func:`vote_shift`. Scenes with fewer than
        10 agreeing buildings, or with nearly as many that agree on another shift, stay where they are.
    reach_m
        How far a scene may be shifted.
    tau_m
        Opening in metres for gain and loss; half the residual offset when that is more.
    minimum_m2
        Minimum mapping unit; by default what the coarser image of each step can map.
    plane
        Equal-area CRS to lay the outlines on; that of the series' region by default.
    centres
        Whether a valid area shows each building whose centre it holds, and not those alone that it holds whole: so it
        is with the tiles of a release, see :func:`camps.footprints.as_looks`.

    Returns
    -------
    History
        The same whatever the order of rows and rings.

    Raises
    ------
    InputError
        When `identity` is ``published`` and a footprint has no track_id.
    CheckError
        When geodesic and equal-area figures differ.
    """
    frame = _in_order(series, kinds)
    published = _takes_published(frame, identity)
    plane = plane or _plane(series)
    visits = read_visits(series, frame, plane, centres=centres)
    settings = _Settings(published, register, reach_m, tau_m, minimum_m2)
    run = _Run(frame, series.scenes.reset_index(drop=True), visits, plane, settings)
    for step in range(len(visits.scene_at)):
        run.look(step)
    return run.history()


def tracked(series: FootprintSeries) -> FootprintSeries:
    """Return a series whose every footprint has a track_id.

    Where the series gives none they are found by :func:`follow`: the buildings and blocks together, and each other kind
    for itself, as a compound holds the buildings in it. Kinds of which every footprint has one keep theirs.

    Raises
    ------
    CheckError
        When geodesic and equal-area figures differ.
    """
    frame = series.footprints
    if frame["track_id"].notna().all():
        return series
    others = sorted(set(frame["kind"]) - set(BUILT))
    parts = [follow(series, kinds=kinds).footprints for kinds in (BUILT, *((kind,) for kind in others))]
    named = pd.concat([part.set_index("footprint_id")["track_id"] for part in parts])
    return replace(series, footprints=frame.assign(track_id=frame["footprint_id"].map(named).astype("string")))


def _in_order(series: FootprintSeries, kinds: tuple[str, ...]) -> gpd.GeoDataFrame:
    frame = series.footprints
    order = in_order(frame, series.scenes)
    order = order[frame["kind"].isin(list(kinds)).to_numpy()[order]]
    # A loaded series is in order, and a copy of a million rows is worth sparing.
    unsorted = len(order) < len(frame) or (np.diff(order) != 1).any()
    return (frame.iloc[order] if unsorted else frame).reset_index(drop=True)


def _takes_published(frame: gpd.GeoDataFrame, identity: Identity) -> bool:
    named = frame["track_id"].notna()
    if identity == "published" and not named.all():
        row = frame.loc[~named, "footprint_id"].iloc[0]
        raise InputError(f'footprint {row}: has no track_id, expected one; map the column or use identity="linked"')
    return identity == "published" or (identity == "auto" and bool(named.all()) and len(frame) > 0)


def _plane(series: FootprintSeries) -> CRS:
    if series.footprints.empty and series.coverage.empty:
        return crs.regional_crs((0.0, 0.0, 0.0, 0.0))
    everything = pd.concat([series.footprints.geometry, series.coverage.geometry])
    return crs.regional_crs(crs.lonlat_bounds(gpd.GeoSeries(everything)))


@dataclass(frozen=True)
class _Settings:
    published: bool
    register: bool
    reach_m: float
    tau_m: float
    minimum_m2: float | None


@dataclass
class _Outlines:
    """The last known outline of every building that may still stand; `row` is its footprint."""

    row: Codes = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    track: Codes = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    site: Codes = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    shape: NDArray[Any] = field(default_factory=lambda: np.empty(0, dtype=object))
    shift: Floats = field(default_factory=lambda: np.empty((0, 2)))

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, chosen: NDArray[Any]) -> _Outlines:
        return _Outlines(*(value[chosen] for value in vars(self).values()))

    def __add__(self, other: _Outlines) -> _Outlines:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return _Outlines(*(np.concatenate(pair) for pair in pairs))


class _Run:
    """The state of one :func:`follow`, led from look to look."""

    def __init__(
        self, frame: gpd.GeoDataFrame, scenes: pd.DataFrame, visits: Visits, plane: CRS, settings: _Settings
    ) -> None:
        self.frame, self.scenes, self.visits, self.settings = frame, scenes, visits, settings
        self.plane = plane
        self.to_plane: Any = Transformer.from_crs(frame.crs, plane, always_xy=True).transform
        self.site = visits.site_codes(frame["site_id"])
        self.scene = visits.scenes.get_indexer(pd.Index(frame["scene_id"]))
        look = visits.order(self.site, self.scene)
        self._by_look = np.argsort(look, kind="stable")
        self._look = look[self._by_look]
        bounds = [day_interval(date) for date in scenes["observed_on"]]
        self.first_day, self.last_day = np.array([*bounds, (0, 0)]).T
        self.centre = centres_of(frame) if visits.centres else None
        self.outline_code = pd.factorize(frame["wkb_sha256"])[0]
        self.alone = (frame["overlap_m2"] == 0).to_numpy()
        self.standing = _Outlines()
        self.row_track = np.full(len(frame), _NONE, dtype=np.intp)
        self._prepare_tracks()
        self.events: list[pd.DataFrame] = []
        # The tracks of events that have more than one: a split, a merge.
        self.several: dict[int, set[int]] = {}
        self.shifts: list[pd.DataFrame] = []

    def _prepare_tracks(self) -> None:
        n = len(self.frame)
        codes, names = pd.factorize(self.frame["track_id"])
        self.published_track, self.published_names = codes, names
        self.last_look_of = np.full(n, _NONE, dtype=np.intp)
        self.n_tracks = 0
        if self.settings.published:
            np.maximum.at(self.last_look_of, codes[self._by_look], self._look)
            self.n_tracks = len(names)
        names_of = ("first", "last", "before", "appeared", "last_seen", "gone", "parent", "merged", "n_seen")
        self.track = {name: np.full(n, _NONE, dtype=np.intp) for name in names_of}
        self.track["n_seen"][:] = 0

    def look(self, k: int) -> None:
        """Lay the footprints of the k-th look of every site on the outlines that may still stand there."""
        scene = self.visits.scene_at[k]
        here = scene[self.standing.site] >= 0
        a, b = self.standing[here], self._seen_at(k)
        b, tau_m = self._registered(a, b, scene)
        pairs, unchanged = self._links(a, b, tau_m[b.site])
        before = self.visits.scene_at[k - 1] if k else np.full_like(scene, _NONE)
        seen_later, seen_earlier = self._saw_again(a, scene, k), self._saw_already(b, before)
        compared = compare_linked(
            a.shape, b.shape, pairs,
            tau_m=(tau_m[a.site], tau_m[b.site]), mmu_m2=self._mmu(a, b, before, scene),
            seen_later=seen_later, seen_earlier=seen_earlier, unchanged=unchanged,
        )  # fmt: skip
        self._assign(a, b, compared, k)
        if k:
            self.events.append(self._events(a, b, compared, before, scene))
        absent = ~np.isin(compared.of_earlier, compared.of_later)
        self._update(a, b, here=here, absent=absent, gone=absent & seen_later, scene=scene)

    def _seen_at(self, k: int) -> _Outlines:
        start, end = np.searchsorted(self._look, [k, k + 1])
        row = np.sort(self._by_look[start:end])
        lonlat, shape = np.asarray(self.frame.geometry.array)[row], np.empty(len(row), dtype=object)
        for part in crs.chunks(len(row)):
            # In normal form, so that not even rounding depends on how a ring is written.
            plain = shapely.normalize(lonlat[part])
            shape[part] = shapely.transform(plain, self.to_plane, interleaved=False)
        measured = self.frame["area_m2"].iloc[row]
        walled = (self.frame["kind"].iloc[row] == "compound").to_numpy()
        crs.require_agreement(measured[~walled], shapely.area(shape[~walled]))
        return _Outlines(row, np.full(len(row), _NONE, dtype=np.intp), self.site[row], shape, np.zeros((len(row), 2)))

    def _registered(self, a: _Outlines, b: _Outlines, scene: Codes) -> tuple[_Outlines, Floats]:
        reference = self.visits.scene_at[0]
        residual = self._stated_residual_m(reference, scene)
        shift = np.zeros((len(scene), 2))
        if self.settings.register:
            shift, residual = self._voted(a, b, scene, residual)
        for part in crs.chunks(len(b) if shift.any() else 0):
            coordinates, at = shapely.get_coordinates(b.shape[part], return_index=True)
            shapely.set_coordinates(b.shape[part], coordinates + shift[b.site[part][at]])
        registered = _Outlines(b.row, b.track, b.site, b.shape, shift[b.site])
        return registered, np.maximum(self.settings.tau_m, residual / 2)

    def _voted(self, a: _Outlines, b: _Outlines, scene: Codes, residual: Floats) -> tuple[Floats, Floats]:
        reference = self.visits.scene_at[0]
        looks = pd.DataFrame({"reference": reference, "scene": scene})
        group = np.asarray(looks.groupby(["reference", "scene"], sort=False).ngroup(), dtype=np.intp)
        n_groups = int(group.max()) + 1
        found = vote_shifts(
            a.shape, b.shape, group[a.site], group[b.site], n_groups=n_groups, reach_m=self.settings.reach_m
        )
        found["accepted"] = found["sd_m"].notna()
        voted = found.assign(**looks.groupby(group).first())[found["n"] > 0]
        self.shifts.append(voted)
        # Votes take as much as the outlines that they are about.
        engine.give_back_memory()
        shift = found[["dx_m", "dy_m"]].to_numpy()[group]
        sd_m = found["sd_m"].to_numpy()[group]
        return shift, np.where(np.isnan(sd_m), residual, sd_m)

    def _stated_residual_m(self, reference: Codes, scene: Codes) -> Floats:
        stated = np.append(self.scenes["reg_sd_m"].fillna(0.0).to_numpy(dtype=np.float64), 0.0)
        return np.asarray(np.hypot(stated[reference], stated[scene]))

    def _links(self, a: _Outlines, b: _Outlines, tau_m: Floats) -> tuple[Pairs, NDArray[np.bool_]]:
        if self.settings.published:
            one, two = _equal(self.published_track[a.row], self.published_track[b.row])
            return (one, two, np.ones(len(one))), np.zeros(len(one), dtype=bool)
        same_a, same_b = self._unchanged(a, b)
        rest_a, rest_b = _all_but(same_a, len(a)), _all_but(same_b, len(b))
        one, two = candidates(
            a.shape[rest_a], b.shape[rest_b], group_earlier=a.site[rest_a], group_later=b.site[rest_b]
        )
        one, two, again = told_apart(a.shape, b.shape, rest_a[one], rest_b[two], tau_m=tau_m[rest_b[two]])
        still_a, still_b = np.append(same_a, one[again]), np.append(same_b, two[again])
        one, two, shared = measured(a.shape, b.shape, one[~again], two[~again])
        shared = np.append(shapely.area(a.shape[still_a]), shared)
        unchanged = np.arange(len(shared)) < len(still_a)
        return (np.append(still_a, one), np.append(still_b, two), shared), unchanged

    def _unchanged(self, a: _Outlines, b: _Outlines) -> tuple[Codes, Codes]:
        sides = []
        for side in (a, b):
            keys = pd.DataFrame({"site": side.site, "outline": self.outline_code[side.row]})
            keys["dx"], keys["dy"] = side.shift[:, 0], side.shift[:, 1]
            sides.append(keys.assign(at=np.arange(len(side)))[self.alone[side.row]])
        joined = sides[0].merge(sides[1], on=["site", "outline", "dx", "dy"], suffixes=("_a", "_b"))
        twice = joined.duplicated("at_a", keep=False) | joined.duplicated("at_b", keep=False)
        return joined.loc[~twice, "at_a"].to_numpy(), joined.loc[~twice, "at_b"].to_numpy()

    def _saw_again(self, a: _Outlines, scene: Codes, k: int) -> NDArray[np.bool_]:
        seen = self.visits.saw(a.site, scene[a.site], self._places(a))
        seen &= self._precedes(self.track["last_seen"][a.track], scene[a.site])
        if self.settings.published:
            # The interpreter found the building again later, so here it was overlooked.
            seen &= self.last_look_of[self.published_track[a.row]] < k
        return seen

    def _saw_already(self, b: _Outlines, before: Codes) -> NDArray[np.bool_]:
        seen = self.visits.saw(b.site, before[b.site], self._places(b))
        return seen & self._precedes(before[b.site], self.scene[b.row])

    def _places(self, outlines: _Outlines) -> NDArray[Any]:
        """Return where a look must have been to see each: all of its outline, or the middle of it."""
        return outlines.shape if self.centre is None else self.centre[outlines.row]

    def _precedes(self, scene: Codes, other: Codes) -> NDArray[np.bool_]:
        """Return where one scene may be older than the other: two images of one day do not bracket anything."""
        return np.asarray(self.first_day[scene] < self.last_day[other])

    def _mmu(self, a: _Outlines, b: _Outlines, before: Codes, scene: Codes) -> tuple[Floats, Floats]:
        if self.settings.minimum_m2 is not None:
            return np.full(len(a), self.settings.minimum_m2), np.full(len(b), self.settings.minimum_m2)
        gsd_m = np.append(self.scenes["gsd_m"].to_numpy(dtype=np.float64), 0.0)
        coarser = mmu_m2(np.maximum(gsd_m[before], gsd_m[scene]))
        return coarser[a.site], coarser[b.site]

    def _assign(self, a: _Outlines, b: _Outlines, compared: Comparison, k: int) -> None:
        if self.settings.published:
            b.track[:] = self.published_track[b.row]
            fresh = self.track["first"][b.track] == _NONE
            self._begin(b, np.flatnonzero(fresh), k)
            return
        one, two = _best_partners(compared, a, b)
        b.track[two] = a.track[one]
        fresh = np.flatnonzero(b.track == _NONE)
        b.track[fresh] = self.n_tracks + np.arange(len(fresh))
        self.n_tracks += len(fresh)
        self._begin(b, fresh, k)
        self._inherit(a, b, compared, fresh)

    def _begin(self, b: _Outlines, fresh: Codes, k: int) -> None:
        track = b.track[fresh]
        self.track["first"][track] = b.row[fresh]
        self.track["appeared"][track] = self.scene[b.row[fresh]]
        waiting = fresh
        for earlier in range(k - 1, -1, -1):
            scene = self.visits.scene_at[earlier]
            covered = self.visits.saw(b.site[waiting], scene[b.site[waiting]], self._places(b)[waiting])
            covered &= self._precedes(scene[b.site[waiting]], self.scene[b.row[waiting]])
            self.track["before"][b.track[waiting[covered]]] = scene[b.site[waiting[covered]]]
            waiting = waiting[~covered]

    def _inherit(self, a: _Outlines, b: _Outlines, compared: Comparison, fresh: Codes) -> None:
        one, two, _ = compared.pairs
        # The largest share last, so that it is the one that stays.
        order = _by_share(compared, a, b)
        parent = np.full(len(b), _NONE, dtype=np.intp)
        parent[two[order]] = a.track[one[order]]
        split = fresh[parent[fresh] != _NONE]
        for name in ("before", "appeared"):
            self.track[name][b.track[split]] = self.track[name][parent[split]]
        self.track["parent"][b.track[split]] = parent[split]
        into = np.full(len(a), _NONE, dtype=np.intp)
        into[one[order]] = b.track[two[order]]
        ended = (into != _NONE) & ~np.isin(a.track, b.track)
        self.track["merged"][a.track[ended]] = into[ended]

    def _update(
        self,
        a: _Outlines,
        b: _Outlines,
        *,
        here: NDArray[np.bool_],
        absent: NDArray[np.bool_],
        gone: NDArray[np.bool_],
        scene: Codes,
    ) -> None:
        self.row_track[b.row] = b.track
        self.track["last"][b.track] = b.row
        self.track["last_seen"][b.track] = scene[b.site]
        seen = np.zeros(len(self.frame), dtype=bool)
        seen[b.track] = True
        self.track["n_seen"] += seen
        self.track["gone"][a.track[gone]] = scene[a.site[gone]]
        self.standing = self.standing[~here] + a[absent & ~gone] + b

    def _events(self, a: _Outlines, b: _Outlines, compared: Comparison, before: Codes, scene: Codes) -> pd.DataFrame:
        n = len(compared.table)
        site, track = np.empty(n, dtype=np.intp), np.empty(n, dtype=np.intp)
        site[compared.of_earlier], site[compared.of_later] = a.site, b.site
        track[compared.of_earlier], track[compared.of_later] = a.track, b.track
        start = sum(len(events) for events in self.events)
        many = (compared.table["n_from"] + compared.table["n_to"] > 2).to_numpy()
        for side, label in ((a, compared.of_earlier), (b, compared.of_later)):
            for row in np.flatnonzero(many[label]):
                self.several.setdefault(start + int(label[row]), set()).add(int(side.track[row]))
        return compared.table.assign(site=site, track=track, scene_from=before[site], scene_to=scene[site])

    def history(self) -> History:
        """Return the tables of the whole run."""
        # The tables of a million buildings need the room of what led to them, so each goes when it has served.
        self.standing = _Outlines()
        del self.outline_code, self.alone, self.last_look_of, self.published_track, self._by_look, self._look
        engine.give_back_memory()
        names = self._track_names()
        rank = np.empty(len(names), dtype=np.intp)
        rank[names.argsort()] = np.arange(len(names))
        tracks = tables.check(self._tracks(names, rank), "track", source="tracks")
        self.track.clear()
        engine.give_back_memory()
        events = tables.check(self._event_table(names, rank), "event", source="events")
        return History(tracks, events, self.frame.assign(track_id=_named(names, self.row_track)), self._shift_table())

    def _track_names(self) -> Any:
        if self.settings.published:
            return pd.array(self.published_names, dtype="string")
        first = self.frame["footprint_id"].iloc[self.track["first"][: self.n_tracks]]
        return ("track-" + first.astype("string")).array

    def _tracks(self, names: Any, rank: Codes) -> pd.DataFrame:
        track = {name: values[: self.n_tracks][np.argsort(rank)] for name, values in self.track.items()}
        dates = self.scenes["observed_on"]
        counted = counted_area_m2(self.frame, plane=self.plane)
        last = self.frame[["site_id", "kind"]].assign(area_m2=counted).iloc[track["last"]].reset_index(drop=True)
        areas = counted.groupby(self.row_track).agg(["min", "max"]).iloc[np.argsort(rank)]
        return pd.DataFrame({
            "track_id": _named(names, np.argsort(rank)), "site_id": last["site_id"], "kind": last["kind"],
            "L": _named(dates, track["before"]), "R": _named(dates, track["appeared"]),
            "Ld": _named(dates, np.where(track["gone"] == _NONE, _NONE, track["last_seen"])),
            "Rd": _named(dates, track["gone"]),
            "area_m2": last["area_m2"], "area_lo_m2": areas["min"].array, "area_hi_m2": areas["max"].array,
            "n_seen": track["n_seen"],
            "first_seen": _named(dates, self.scene[track["first"]]), "last_seen": _named(dates, track["last_seen"]),
            "parent": _named(names, track["parent"]), "merged_into": _named(names, track["merged"]),
        })  # fmt: skip

    def _event_table(self, names: Any, rank: Codes) -> pd.DataFrame:
        if not self.events:
            return pd.DataFrame(columns=list(_EVENT_COLUMNS))
        table = pd.concat(self.events, ignore_index=True)
        self.events.clear()
        table["rank"] = rank[table["track"]]
        for event, members in self.several.items():
            table.loc[event, "rank"] = rank[list(members)].min()
        table = table.sort_values(["site", "scene_to", "rank"])
        table["track_ids"] = self._members(names, table)
        site = table.pop("site").to_numpy()
        table["site_id"] = _named(self.visits.sites, np.where(site < len(self.visits.sites), site, _NONE))
        dates, scenes = self.scenes["observed_on"], self.scenes["scene_id"]
        for side in ("from", "to"):
            code = table[f"scene_{side}"].to_numpy()
            table[f"observed_{side}"], table[f"scene_{side}"] = _named(dates, code), _named(scenes, code)
        return table[list(_EVENT_COLUMNS)].reset_index(drop=True)

    def _members(self, names: Any, table: pd.DataFrame) -> Any:
        track_ids = pd.Series(_named(names, table["track"].to_numpy()), index=table.index)
        joined = {event: ";".join(sorted(names[list(members)])) for event, members in self.several.items()}
        track_ids.loc[list(joined)] = list(joined.values())
        return track_ids

    def _shift_table(self) -> pd.DataFrame:
        names = ["reference", "scene_id", "dx_m", "dy_m", "sd_m", "n", "n_rival", "accepted"]
        if not self.shifts:
            return pd.DataFrame(columns=names)
        table = pd.concat(self.shifts, ignore_index=True)
        table["reference"] = _named(self.scenes["scene_id"], table["reference"].to_numpy())
        table["scene_id"] = _named(self.scenes["scene_id"], table["scene"].to_numpy())
        return table[names]


def _equal(one: Codes, two: Codes) -> tuple[Codes, Codes]:
    left = pd.DataFrame({"code": one, "i": np.arange(len(one))})
    joined = left.merge(pd.DataFrame({"code": two, "j": np.arange(len(two))}), on="code")
    return joined["i"].to_numpy(dtype=np.intp), joined["j"].to_numpy(dtype=np.intp)


def _all_but(positions: Codes, n: int) -> Codes:
    rest = np.ones(n, dtype=bool)
    rest[positions] = False
    return np.flatnonzero(rest)


def _one_to_one(compared: Comparison) -> NDArray[np.bool_]:
    """Return which pairs are one building and nothing else."""
    single = (compared.table["n_from"] == 1) & (compared.table["n_to"] == 1)
    return single.to_numpy()[compared.of_earlier[compared.pairs[0]]]


def _by_share(compared: Comparison, a: _Outlines, b: _Outlines) -> Codes:
    """Return the pairs of splits, merges and complex groups, the smallest share first."""
    one, two, shared = compared.pairs
    pair = np.flatnonzero(~_one_to_one(compared))
    # Equal shares are told apart by the rows, which are sorted by scene and footprint_id.
    return pair[np.lexsort((-b.row[two[pair]], -a.row[one[pair]], shared[pair]))]


def _best_partners(compared: Comparison, a: _Outlines, b: _Outlines) -> tuple[Codes, Codes]:
    one, two, _ = compared.pairs
    taken_a, taken_b = set[int](), set[int]()
    chosen = []
    # From the largest share downwards.
    for pair in _by_share(compared, a, b)[::-1]:
        if one[pair] not in taken_a and two[pair] not in taken_b:
            taken_a.add(one[pair])
            taken_b.add(two[pair])
            chosen.append(pair)
    kept = np.append(np.flatnonzero(_one_to_one(compared)), np.array(chosen, dtype=np.intp))
    return one[kept], two[kept]


def _named(names: Any, code: Codes) -> Any:
    return pd.array(names, dtype="string").take(code, allow_fill=True)
