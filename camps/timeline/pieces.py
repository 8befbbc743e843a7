"""The cue sheet of a footprint series: every outline, in what role it is drawn, and from when to when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from camps import crs
from camps.dates import days
from camps.errors import require_columns
from camps.footprints import BUILT, counted_area_m2
from camps.growth.looks import look_days, neighbour, require_tracks, site_keys
from camps.timeline.clock import Mode, require_mode
from camps.timeline.fronts import polygonal

__all__ = ["BUILT", "ROLE", "build_sightings", "cues", "look_days"]

#: How a footprint seen at a look is drawn.
ROLE = {"building": "solid", "block": "solid", "other": "solid", "compound": "outline", "construction": "hatch"}

_FOREVER = np.inf
_Span: TypeAlias = tuple[Any, Any]
# What a row adds to the built area of its site: v0 … v1 over the span, within lo … hi.
_COMING = {"opacity_from": 0.0, "area_from_m2": 0.0, "area_lo_m2": 0.0}
_GOING = {"opacity_to": 0.0, "area_to_m2": 0.0, "area_lo_m2": 0.0}
_MAYBE = {"area_from_m2": 0.0, "area_to_m2": 0.0, "area_lo_m2": 0.0}
_NOTHING = {**_MAYBE, "area_hi_m2": 0.0}
_TEXT = ["track_id", "footprint_id", "site_id", "footprint_kind", "phase", "role", "kind"]
_SHAPES = ["geometry", "grows_from"]
_NUMBERS = [
    "from_day", "to_day", "seen_day", "opacity_from", "opacity_to", "area_from_m2", "area_to_m2", "area_lo_m2",
    "area_hi_m2",
]  # fmt: skip


def cues(
    footprints: gpd.GeoDataFrame,
    mode: Mode = "observed",
    *,
    looks: pd.DataFrame | None = None,
    tracks: pd.DataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Return every outline that a timeline draws, with the span of the clock in which it is drawn.

    Each track is followed from sighting to sighting. On the day of a sighting, the last one of a composite, the stored
    polygon is drawn, vertex by vertex. Between two sightings that are alike it is held. What was seen and then was not
    is never simply gone:

    ========== ============================================================ ======= ==============================
    phase      meaning                                                      role    area: value (lo … hi)
    ========== ============================================================ ======= ==============================
    standing   seen at the last look, or between two like sightings         by kind A (A … A)
    appearing  after the last look without it, before the first with it     outline 0 (0 … B)
    growing    between two sightings of different outline                   front   A∩B … A∪B
    unseen     seen before, not recognised at the last look                 outline A (0 … A); A … A if seen again
    losing     after the last sighting, before a look that covers the place hatch   0 (0 … A)
    lost       not there at a look that covered the place                   hatch   0 (0 … 0)
    ========== ============================================================ ======= ==============================

    ``observed`` steps at the look: nothing appears, grows or is being lost in between. ``bracket`` draws A∩B in the
    role of its kind, what may have come (B − A) as outline and what may have gone (A − B) hatched. ``illustrative``
    draws the growth front of METHOD 6 from A to B, fades new isolated buildings in and losses out. A building site
    (``construction``) is a state, not a structure: unseen at the next look it is over, and where a roof follows, the
    site goes as the roof comes.

    Parameters
    ----------
    footprints
        The "footprint" table in EPSG:4326 with ``track_id`` and ``observed_on`` (EDTF or timestamps).
    mode
        ``observed``, ``bracket`` or ``illustrative``.
    looks
        The "look" table with ``observed_on``. Without it each date on which a footprint of the site was seen is taken
        as a partial look: enough to bound a first appearance, never enough for a loss.
    tracks
        The "track" table, as of :func:`camps.change.follow`: its L and Rd, found place by place, then stand for what
        the looks say of the whole site.

    Returns
    -------
    GeoDataFrame
        In EPSG:4326, sorted by track, time and role: ``track_id``, ``footprint_id`` (of the sighting before, or of the
        first one for what appears), ``site_id``, ``footprint_kind``, ``phase``, ``role`` (solid, outline, hatch,
        front), ``kind`` (observed, held, bracketed, interpolated), ``from_day`` ≤ t < ``to_day`` (days since
        1970-01-01; inf = to the end), ``seen_day`` of the sighting before (null for what appears), ``opacity_from``,
        ``opacity_to``, ``area_from_m2``, ``area_to_m2`` (linear over the span), ``area_lo_m2``, ``area_hi_m2``
        (geodesic; what the row adds to the built area of its site, 0 for kinds that are not built), ``geometry`` and,
        where ``phase`` is growing and the geometry moves, ``grows_from``, the earlier outline.

    Raises
    ------
    InputError
        For missing columns, an unknown mode, a footprint without a track, or a date that is none.
    """
    require_mode(mode)
    require_tracks(footprints)
    rows = build_sightings(footprints, look_days(footprints, looks), tracks)
    drawn = [*_seen(rows), *_before_first(rows, mode), *_to_next(rows, mode), *_after_last(rows, mode)]
    drawn = [table for table in drawn if len(table)]
    every = pd.concat(drawn, ignore_index=True) if drawn else pd.DataFrame(columns=[*_TEXT, *_NUMBERS, *_SHAPES])
    every = every[every["from_day"].lt(every["to_day"]) & ~shapely.is_empty(_shapes(every["geometry"]))]
    every = every.astype({**dict.fromkeys(_TEXT, "string"), **dict.fromkeys(_NUMBERS, "float64")})
    every["site_id"] = every["site_id"].replace("", pd.NA)
    every = every.sort_values(["track_id", "from_day", "role", "phase"], ignore_index=True)
    return gpd.GeoDataFrame(every, geometry="geometry", crs=crs.WGS84)


def build_sightings(
    footprints: gpd.GeoDataFrame, at_site: pd.DataFrame, tracks: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return a row a sighting, in the order of the clock, with the sighting after it and the looks around it.

    Parameters
    ----------
    footprints
        The "footprint" table with ``track_id`` and ``observed_on``.
    at_site
        The days on which each site was looked at, as from :func:`look_days`.
    tracks
        How the outlines follow each other, where that is known.

    Returns
    -------
    DataFrame
        Per sighting: track_id, footprint_id, site_id, kind, day, area_m2 (of what is built without the ground that
        another outline of its date covers, as ``overlap_m2`` flags it), geometry (EPSG:4326), the same of the next
        sighting as ``next_*``, and the looks before, after and covering it, as days since 1970-01-01; ``may_come`` is
        the first day of the look before.
    """
    rows = _one_a_day(footprints)
    track = rows.groupby("track_id", sort=False)
    rows["is_first"], rows["is_last"] = track.cumcount().eq(0), track.cumcount(ascending=False).eq(0)
    for name in ("day", "kind", "area_m2", "geometry"):
        rows[f"next_{name}"] = track[name].shift(-1)
    rows["look_before"] = neighbour(rows, at_site, "backward")
    # What a look does not show may have come from the first day of its date on.
    rows["may_come"] = days(neighbour(rows, at_site, "backward", column="t"), end="first")
    rows["look_after"] = neighbour(rows, at_site, "forward")
    rows["covered_on"] = neighbour(rows, at_site[at_site["covers"]], "forward")
    return rows if tracks is None else _as_followed(rows, tracks)


def _one_a_day(footprints: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return one row a track and day; the parts of a building that was split are drawn as one, none of them changed."""
    names = ["track_id", "footprint_id", "kind", "area_m2", "geometry"]
    rows = pd.DataFrame(footprints[names]).astype({"track_id": "string"}).assign(area_m2=counted_area_m2(footprints))
    rows = rows.assign(site_id=site_keys(footprints), day=days(footprints["observed_on"], end="last"))
    rows = rows.sort_values(["track_id", "day", "area_m2", "footprint_id"], ascending=[True, True, False, True])
    several = rows.duplicated(["track_id", "day"], keep=False)
    if not several.any():
        return rows.reset_index(drop=True)
    whole = rows[several].groupby(["track_id", "day"])
    joined = whole.agg({"footprint_id": "first", "kind": "first", "site_id": "first", "area_m2": "sum"})
    merged = [shapely.multipolygons(shapely.get_parts(list(parts))) for _, parts in whole["geometry"]]
    joined["geometry"] = pd.Series(np.asarray(merged, dtype=object), index=joined.index)
    return pd.concat([rows[~several], joined.reset_index()]).sort_values(["track_id", "day"], ignore_index=True)


def _as_followed(rows: pd.DataFrame, tracks: pd.DataFrame) -> pd.DataFrame:
    require_columns(tracks, ["track_id", "L", "Rd"], "tracks")
    ends = pd.DataFrame({name: days(tracks[name], end="last") for name in ("L", "Rd")})
    ends["may_come"] = days(tracks["L"], end="first")
    ends = ends.set_axis(pd.Index(tracks["track_id"].astype("string"))).reindex(rows["track_id"]).set_axis(rows.index)
    followed = rows["track_id"].isin(tracks["track_id"]) & rows["kind"].isin(BUILT)
    starts = {"look_before": "L", "may_come": "may_come"}
    before = {name: rows[name].mask(followed & rows["is_first"], ends[end]) for name, end in starts.items()}
    return rows.assign(**before, covered_on=rows["covered_on"].mask(followed & rows["is_last"], ends["Rd"]))


def _cue(rows: pd.DataFrame, span: _Span, phase: str, role: Any, kind: str, **columns: Any) -> pd.DataFrame:
    if rows.empty:
        return rows
    area = rows["area_m2"]
    given = {"area_lo_m2": area, "area_hi_m2": area, "area_from_m2": area, "area_to_m2": area, **columns}
    table = rows[["track_id", "footprint_id", "site_id", "geometry"]].assign(
        footprint_kind=rows["kind"], seen_day=rows["day"], from_day=span[0], to_day=span[1], phase=phase, role=role,
        kind=kind, opacity_from=1.0, opacity_to=1.0, grows_from=None,
    )  # fmt: skip
    table = table.assign(**given)
    areas = ["area_from_m2", "area_to_m2", "area_lo_m2", "area_hi_m2"]
    table[areas] = table[areas].where(rows["kind"].isin(BUILT), 0.0)
    return table


def _by_kind(rows: pd.DataFrame) -> pd.Series[Any]:
    return rows["kind"].map(ROLE)


def _seen(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    yield _cue(rows, (rows["day"], rows["day"] + 1), "standing", _by_kind(rows), "observed")


def _before_first(rows: pd.DataFrame, mode: Mode) -> Iterator[pd.DataFrame]:
    new = rows[rows["is_first"] & rows["look_before"].notna()].assign(day=np.nan)
    came = rows["day"].reindex(new.index)
    if mode == "bracket":
        span = (new["may_come"] + 1, came)
        yield _cue(new, span, "appearing", "outline", "bracketed", area_from_m2=0.0, area_to_m2=0.0, area_lo_m2=0.0)
    elif mode == "illustrative":
        span = (new["look_before"] + 1, came)
        yield _cue(new, span, "appearing", _by_kind(new), "interpolated", **_COMING)


def _to_next(rows: pd.DataFrame, mode: Mode) -> Iterator[pd.DataFrame]:
    """Draw what is between two sightings."""
    rows = rows[~rows["is_last"]]
    missed = rows["look_after"].lt(rows["next_day"])
    lost_sight = rows[missed]
    yield _cue(lost_sight, (lost_sight["day"] + 1, lost_sight["look_after"]), "standing", _by_kind(lost_sight), "held")
    yield _cue(lost_sight, (lost_sight["look_after"], lost_sight["next_day"]), "unseen", "outline", "held")
    like = rows["kind"].eq(rows["next_kind"]) & shapely.equals_exact(
        _shapes(rows["geometry"]), _shapes(rows["next_geometry"]), tolerance=0.0
    )
    held = rows[~missed & (like | (mode == "observed"))]
    yield _cue(held, (held["day"] + 1, held["next_day"]), "standing", _by_kind(held), "held")
    yield from _changing(rows[~missed & ~like & (mode != "observed")], mode)


def _shapes(column: pd.Series[Any]) -> NDArray[Any]:
    return column.to_numpy(dtype=object)


def _changing(rows: pd.DataFrame, mode: Mode) -> Iterator[pd.DataFrame]:
    if rows.empty:
        return
    kept = polygonal(shapely.intersection(_shapes(rows["geometry"]), _shapes(rows["next_geometry"])))
    both_built = rows["kind"].isin(BUILT) & rows["next_kind"].isin(BUILT)
    grows = (rows["kind"].eq(rows["next_kind"]) | both_built).to_numpy(bool) & (shapely.area(kept) > 0)
    yield from _growing(rows[grows].assign(kept=kept[grows]), mode)
    yield from _replaced(rows[~grows], mode)


def _growing(rows: pd.DataFrame, mode: Mode) -> Iterator[pd.DataFrame]:
    before, after = _shapes(rows["geometry"]), _shapes(rows["next_geometry"])
    low = crs.area_m2(gpd.GeoSeries(rows["kept"], crs=crs.WGS84)).clip(
        upper=rows[["area_m2", "next_area_m2"]].min(axis=1)
    )
    bracket = {"area_lo_m2": low, "area_hi_m2": rows["area_m2"] + rows["next_area_m2"] - low}
    span, role, lost = (rows["day"] + 1, rows["next_day"]), _by_kind(rows), polygonal(shapely.difference(before, after))
    if mode == "bracket":
        bracket |= {"area_from_m2": low, "area_to_m2": low}
        yield _cue(rows, span, "growing", role, "bracketed", geometry=rows["kept"], **bracket)
        gained = polygonal(shapely.difference(after, before))
        yield _cue(rows, span, "appearing", "outline", "bracketed", geometry=gained, **_NOTHING)
        yield _cue(rows, span, "losing", "hatch", "bracketed", geometry=lost, **_NOTHING)
        return
    # An enclosure grows as an outline; only what is filled has a front.
    front = role.where(role.ne("solid"), "front")
    bracket |= {"area_to_m2": rows["next_area_m2"], "grows_from": rows["geometry"]}
    yield _cue(rows, span, "growing", front, "interpolated", geometry=rows["next_geometry"], **bracket)
    yield _cue(rows, span, "losing", "hatch", "interpolated", geometry=lost, **_NOTHING, opacity_to=0.0)


def _replaced(rows: pd.DataFrame, mode: Mode) -> Iterator[pd.DataFrame]:
    """Draw the old going and the new coming where they share no outline, as when a building site becomes a roof."""
    coming = rows.assign(kind=rows["next_kind"], area_m2=rows["next_area_m2"], geometry=rows["next_geometry"])
    span = (rows["day"] + 1, rows["next_day"])
    if mode == "bracket":
        yield _cue(rows, span, "losing", "hatch", "bracketed", **_MAYBE)
        yield _cue(coming, span, "appearing", "outline", "bracketed", **_MAYBE)
    else:
        yield _cue(rows, span, "losing", "hatch", "interpolated", **_GOING)
        yield _cue(coming, span, "appearing", _by_kind(coming), "interpolated", **_COMING)


def _after_last(rows: pd.DataFrame, mode: Mode) -> Iterator[pd.DataFrame]:
    """Draw what was not seen again: held, then unseen, and lost from the first look that covers the place."""
    rows = rows[rows["is_last"]]
    # The next look may cover the place without it: then it goes some time before that look.
    going = rows["covered_on"].eq(rows["look_after"]) & (mode != "observed")
    still, leaves = rows[~going], rows[going]
    yield _cue(still, (still["day"] + 1, still["look_after"].fillna(_FOREVER)), "standing", _by_kind(still), "held")
    span = (leaves["day"] + 1, leaves["look_after"])
    if mode == "bracket":
        yield _cue(leaves, span, "losing", "hatch", "bracketed", **_MAYBE)
    else:
        yield _cue(leaves, span, "losing", "hatch", "interpolated", **_GOING)
    missed = rows[rows["look_after"].notna() & rows["kind"].ne("construction")]
    lost_on = missed["covered_on"].fillna(_FOREVER)
    yield _cue(missed, (missed["look_after"], lost_on), "unseen", "outline", "held", area_lo_m2=0.0)
    lost = missed[missed["covered_on"].notna()]
    yield _cue(lost, (lost["covered_on"], _FOREVER), "lost", "hatch", "held", **_NOTHING)
