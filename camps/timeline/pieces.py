"""Footprints at a moment of the clock: which outlines are drawn, in what role, and how sure they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from camps import crs
from camps.footprints import BUILT
from camps.growth.appearance import look_days, neighbour, require_tracks, site_keys
from camps.timeline.clock import Mode, When, clock_day, require_mode, standing_days
from camps.timeline.fronts import growth_front

#: How a footprint seen at a look is drawn.
ROLE = {"building": "solid", "block": "solid", "other": "solid", "compound": "outline", "construction": "hatch"}
_NEEDED = ["footprint_id", "track_id", "site_id", "observed_on", "kind", "area_m2", "geometry"]
_COLUMNS = [
    "track_id", "footprint_id", "site_id", "footprint_kind", "phase", "role", "opacity", "kind", "stale_days",
    "area_m2", "area_lo_m2", "area_hi_m2", "geometry",
]  # fmt: skip


def footprints_state(
    footprints: gpd.GeoDataFrame, when: When, mode: Mode = "observed", *, looks: pd.DataFrame | None = None
) -> gpd.GeoDataFrame:
    """Return the outlines that stand, appear, grow, are missed or are lost at a moment of the clock.

    Each track is followed from sighting to sighting. On the day of a sighting the stored polygon is drawn, vertex by
    vertex. Between two sightings that are alike it is held. What was seen and then was not is never simply gone:

    ========== ============================================================ ======= ===============================
    phase      meaning                                                      role    area: value (lo … hi)
    ========== ============================================================ ======= ===============================
    standing   seen at the last look, or between two like sightings         by kind A (A … A)
    appearing  after the last look without it, before the first with it     outline 0 (0 … B)
    growing    between two sightings of different outline                   front   A∩B … A∪B
    unseen     seen before, not recognised at the last look                 outline A (0 … A), A (A … A) if seen again
    losing     after the last sighting, before a look that covers the place hatch   0 (0 … A)
    lost       not there at a look that covered the place                   hatch   0 (0 … 0)
    ========== ============================================================ ======= ===============================

    ``observed`` steps at the look: nothing appears, grows or is being lost in between. ``bracket`` draws A∩B solid,
    what may have come (B − A) as outline and what may have gone (A − B) hatched. ``illustrative`` draws the growth
    front G(s) of METHOD 6, fades new isolated buildings in and losses out; its areas are linear in s within the
    brackets. A building site (``construction``) is a state, not a structure: unseen at the next look, it is over.

    Parameters
    ----------
    footprints
        The "footprint" table in EPSG:4326 with ``track_id`` and ``observed_on`` (EDTF or timestamps).
    when, mode
        As for :func:`camps.timeline.counts_state`.
    looks
        The "look" table with ``observed_on``. Without it each date on which a footprint of the site was seen is taken
        as a partial look: enough to bound a first appearance, never enough for a loss.

    Returns
    -------
    GeoDataFrame
        In EPSG:4326, sorted by track and role, one row an outline drawn: ``track_id``, ``footprint_id`` of the last
        sighting (of the first one for what appears), ``site_id``, ``footprint_kind``, ``phase``, ``role`` (solid,
        outline, hatch, front), ``opacity`` (0 to 1), ``kind`` (observed, held, bracketed, interpolated),
        ``stale_days`` (null before the first sighting), ``area_m2``, ``area_lo_m2``, ``area_hi_m2`` (geodesic; what
        the row adds to the built area of the site, 0 for kinds that are not built), ``geometry``.

    Raises
    ------
    InputError
        For missing columns, an unknown mode, or a date that is none.
    """
    require_mode(mode)
    require_tracks(footprints)
    moment = clock_day(when)
    current, coming = _around(_sightings(footprints, look_days(footprints, looks)), moment)
    drawn = [rows for rows in (*_appearing(coming, moment, mode), *_followed(current, moment, mode)) if len(rows)]
    if not drawn:
        return _empty(footprints)
    pieces = pd.concat(drawn, ignore_index=True)
    pieces = pieces[pieces["opacity"].gt(0) & ~shapely.is_empty(pieces["geometry"].to_numpy())]
    return _finished(pieces, footprints)


def _sightings(footprints: gpd.GeoDataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Return a row a sighting, in the order of the clock, with the sighting after it and the looks around it."""
    rows = pd.DataFrame(footprints[_NEEDED]).assign(
        site_id=site_keys(footprints), day=standing_days(footprints["observed_on"])
    )
    rows = rows.sort_values(["track_id", "day"], ignore_index=True)
    track = rows.groupby("track_id", sort=False)
    rows["is_first"] = track.cumcount().eq(0)
    for name in ("day", "kind", "area_m2", "geometry"):
        rows[f"next_{name}"] = track[name].shift(-1)
    rows["look_before"] = neighbour(rows, days, "backward")
    rows["look_after"] = neighbour(rows, days, "forward")
    rows["covered_on"] = neighbour(rows, days[days["covers"]], "forward")
    return rows


def _around(sightings: pd.DataFrame, moment: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return each track's last sighting so far, or else its first one to come."""
    day = np.floor(moment)
    current = sightings[sightings["day"].le(day) & ~sightings["next_day"].le(day)]
    coming = sightings[sightings["is_first"] & sightings["day"].gt(day) & sightings["look_before"].lt(day)]
    return current.assign(stale=day - current["day"]), coming.assign(stale=np.nan)


def _share(start: pd.Series[Any], end: pd.Series[Any], moment: float) -> pd.Series[Any]:
    """Return how much of the time between two looks has passed; a look lasts its whole day."""
    return (moment - start - 1) / (end - start - 1)


def _piece(rows: pd.DataFrame, phase: str, role: str | pd.Series[Any], kind: str, **columns: Any) -> pd.DataFrame:
    drawn = rows.assign(footprint_kind=rows["kind"], phase=phase, role=role, stale_days=rows["stale"], opacity=1.0)
    built = drawn["footprint_kind"].isin(BUILT)
    drawn = drawn.assign(area_lo_m2=drawn["area_m2"], area_hi_m2=drawn["area_m2"]).assign(kind=kind, **columns)
    for name in ("area_m2", "area_lo_m2", "area_hi_m2"):
        drawn[name] = drawn[name].where(built, 0.0)
    return drawn[_COLUMNS]


def _appearing(coming: pd.DataFrame, moment: float, mode: Mode) -> Iterator[pd.DataFrame]:
    if mode == "bracket":
        yield _piece(coming, "appearing", "outline", "bracketed", area_m2=0.0, area_lo_m2=0.0)
    elif mode == "illustrative":
        share = _share(coming["look_before"], coming["day"], moment)
        yield _piece(
            coming, "appearing", coming["kind"].map(ROLE), "interpolated",
            opacity=share, area_m2=share * coming["area_m2"], area_lo_m2=0.0,
        )  # fmt: skip


def _followed(current: pd.DataFrame, moment: float, mode: Mode) -> Iterator[pd.DataFrame]:
    on_day = current["stale"].eq(0)
    seen_now = current[on_day]
    yield _piece(seen_now, "standing", seen_now["kind"].map(ROLE), "observed")
    rest = current[~on_day]
    ends = rest["next_day"].isna()
    yield from _after_last(rest[ends], moment, mode)
    yield from _between_sightings(rest[~ends], moment, mode)


def _after_last(rows: pd.DataFrame, moment: float, mode: Mode) -> Iterator[pd.DataFrame]:
    day = np.floor(moment)
    missed, lost = rows["look_after"].le(day), rows["covered_on"].le(day)
    site_over = rows["kind"].eq("construction") & missed
    # The next look may cover the place without it: then it goes some time before that look.
    going = ~missed & rows["covered_on"].eq(rows["look_after"]) & (mode != "observed")
    still = rows[~missed & ~going]
    yield _piece(still, "standing", still["kind"].map(ROLE), "held")
    unseen = rows[missed & ~lost & ~site_over]
    yield _piece(unseen, "unseen", "outline", "held", area_lo_m2=0.0)
    gone = rows[lost & ~site_over]
    yield _piece(gone, "lost", "hatch", "held", area_m2=0.0, area_lo_m2=0.0, area_hi_m2=0.0)
    yield from _losing(rows[going], moment, mode)


def _losing(rows: pd.DataFrame, moment: float, mode: Mode) -> Iterator[pd.DataFrame]:
    if mode == "bracket":
        yield _piece(rows, "losing", "hatch", "bracketed", area_m2=0.0, area_lo_m2=0.0)
    else:
        left = 1 - _share(rows["day"], rows["look_after"], moment)
        yield _piece(
            rows, "losing", "hatch", "interpolated", opacity=left, area_m2=left * rows["area_m2"], area_lo_m2=0.0
        )


def _between_sightings(rows: pd.DataFrame, moment: float, mode: Mode) -> Iterator[pd.DataFrame]:
    old, new = rows["geometry"].to_numpy(), rows["next_geometry"].to_numpy()
    like = rows["kind"].eq(rows["next_kind"]) & shapely.equals_exact(old, new, tolerance=0.0)
    missed = rows["look_after"].le(np.floor(moment))
    unseen = rows[missed]
    yield _piece(unseen, "unseen", "outline", "held")
    held = rows[~missed & (like | (mode == "observed"))]
    yield _piece(held, "standing", held["kind"].map(ROLE), "held")
    changing = rows[~missed & ~like & (mode != "observed")]
    kept = shapely.intersection(changing["geometry"].to_numpy(), changing["next_geometry"].to_numpy())
    alike = changing["kind"].eq(changing["next_kind"]) | (
        changing["kind"].isin(BUILT) & changing["next_kind"].isin(BUILT)
    )
    grows = alike.to_numpy(bool) & (shapely.area(kept) > 0)
    yield from _growing(changing[grows].assign(kept=kept[grows]), moment, mode)
    yield from _replaced(changing[~grows], moment, mode)


def _growing(rows: pd.DataFrame, moment: float, mode: Mode) -> Iterator[pd.DataFrame]:
    before, after = rows["geometry"].to_numpy(), rows["next_geometry"].to_numpy()
    low = crs.area_m2(gpd.GeoSeries(rows["kept"], crs=crs.WGS84)).clip(
        upper=rows[["area_m2", "next_area_m2"]].min(axis=1)
    )
    bracket = {"area_lo_m2": low, "area_hi_m2": rows["area_m2"] + rows["next_area_m2"] - low}
    nothing = {"area_m2": 0.0, "area_lo_m2": 0.0, "area_hi_m2": 0.0}
    role, lost = rows["kind"].map(ROLE), shapely.difference(before, after)
    if mode == "bracket":
        yield _piece(rows, "growing", role, "bracketed", geometry=rows["kept"], area_m2=low, **bracket)
        yield _piece(rows, "appearing", "outline", "bracketed", geometry=shapely.difference(after, before), **nothing)
        yield _piece(rows, "losing", "hatch", "bracketed", geometry=lost, **nothing)
        return
    share = _share(rows["day"], rows["next_day"], moment)
    value = rows["area_m2"] + share * (rows["next_area_m2"] - rows["area_m2"])
    # An enclosure grows as an outline; only what is filled has a front.
    front = role.where(role.ne("solid"), "front")
    geometry = _front(rows, share)
    yield _piece(rows, "growing", front, "interpolated", geometry=geometry, area_m2=value, **bracket)
    yield _piece(rows, "losing", "hatch", "interpolated", geometry=lost, opacity=1 - share, **nothing)


def _front(rows: pd.DataFrame, share: pd.Series[Any]) -> gpd.GeoSeries:
    """Return the growth fronts in degrees; the areas are taken on the plane."""
    if rows.empty:
        return gpd.GeoSeries(rows["geometry"], crs=crs.WGS84)
    after = gpd.GeoSeries(rows["next_geometry"], crs=crs.WGS84)
    plane = crs.regional_crs(crs.lonlat_bounds(after))
    before = gpd.GeoSeries(rows["geometry"], crs=crs.WGS84).to_crs(plane)
    front = growth_front(before.array, after.to_crs(plane).array, share.to_numpy())
    return gpd.GeoSeries(front, index=rows.index, crs=plane).to_crs(crs.WGS84)


def _replaced(rows: pd.DataFrame, moment: float, mode: Mode) -> Iterator[pd.DataFrame]:
    """Draw the old going and the new coming where they share no outline, as when a building site becomes a roof."""
    coming = rows.assign(kind=rows["next_kind"], area_m2=rows["next_area_m2"], geometry=rows["next_geometry"])
    if mode == "bracket":
        yield _piece(rows, "losing", "hatch", "bracketed", area_m2=0.0, area_lo_m2=0.0)
        yield _piece(coming, "appearing", "outline", "bracketed", area_m2=0.0, area_lo_m2=0.0)
        return
    share = _share(rows["day"], rows["next_day"], moment)
    left, role = 1 - share, coming["kind"].map(ROLE)
    area = {"area_m2": left * rows["area_m2"], "area_lo_m2": 0.0}
    yield _piece(rows, "losing", "hatch", "interpolated", opacity=left, **area)
    area = {"area_m2": share * coming["area_m2"], "area_lo_m2": 0.0}
    yield _piece(coming, "appearing", role, "interpolated", opacity=share, **area)


def _finished(pieces: pd.DataFrame, footprints: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    text = ["track_id", "footprint_id", "site_id", "footprint_kind", "phase", "role", "kind"]
    pieces = pieces.sort_values(["track_id", "role", "phase"], ignore_index=True)
    pieces = pieces.astype({**dict.fromkeys(text, "string"), "stale_days": "Int64"})
    pieces["site_id"] = pieces["site_id"].replace("", pd.NA)
    return gpd.GeoDataFrame(pieces, geometry="geometry", crs=footprints.crs)


def _empty(footprints: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    numbers = ["opacity", "area_m2", "area_lo_m2", "area_hi_m2"]
    pieces = pd.DataFrame({name: pd.Series(dtype="float64" if name in numbers else "object") for name in _COLUMNS})
    return _finished(pieces, footprints)
