"""The state of a whole at a moment of the clock: sites with values, footprints as drawn, and totals that say n of n."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from camps.dates import (
    When,
    as_edtf,
    clock_day,
    in_order,
    iso_day,
    look_day,
    precision,
    spans_as_given,
    standing_day,
)
from camps.errors import InputError, require_columns
from camps.footprints import BUILT, FootprintSeries
from camps.growth.holding import HeldRule
from camps.growth.looks import look_days
from camps.timeline.clock import (
    Mode,
    kinds,
    least_sure,
    require_mode,
)
from camps.timeline.drawn import footprints_state
from camps.timeline.values import counts_state

_VALUES = ["value", "lo", "hi", "kind", "stale_days", "t", "next_t", "counted", "ended", "last_value"]


@dataclass(frozen=True)
class State:
    """What is known at a moment of the clock, and how.

    Attributes
    ----------
    when
        Decimal days since 1970-01-01.
    date_shown
        The date to print, EDTF: the year alone where years are all that the counts state; a month or a year where the
        look of that time is not dated to the day; else the day.
    mode
        ``observed``, ``bracket`` or ``illustrative``.
    metric
        What ``value`` counts: the metric of the counts, or ``area_m2`` from footprints. None where there is neither.
    sites
        A row a site as given, with its columns and ``value``, ``lo``, ``hi``, ``kind``, ``stale_days``, ``t``,
        ``next_t``, ``counted``, ``ended`` and ``last_value`` of :func:`camps.timeline.counts_state`.
    footprints
        The outlines drawn, see :func:`camps.timeline.footprints_state`.
    """

    when: float
    date_shown: str
    mode: Mode
    metric: str | None
    sites: gpd.GeoDataFrame
    footprints: gpd.GeoDataFrame

    @property
    def n_sites(self) -> int:
        """The number of sites in question."""
        return len(self.sites)

    @property
    def n_known(self) -> int:
        """The number of sites that enter the total, with a value of now or one that is held."""
        return int(self.sites["value"].notna().sum())

    @property
    def n_observed(self) -> int:
        """The number of sites whose value is of the day, or of a month or year it is in, and drawn as such."""
        of_now = self.sites["value"].notna() & self.sites["counted"]
        return int((of_now & self.sites["kind"].ne("interpolated")).sum())

    @property
    def n_interpolated(self) -> int:
        """The number of sites that enter the total with a value drawn between two counts."""
        return int(self.sites["kind"].eq("interpolated").sum())

    @property
    def n_held(self) -> int:
        """The number of sites that enter the total with an earlier value."""
        return self.n_known - self.n_observed - self.n_interpolated

    @property
    def n_ended(self) -> int:
        """The number of sites whose last value does not stand any more: the place has closed, or it is too old."""
        return int(self.sites["ended"].notna().sum())

    @property
    def total(self) -> float | None:
        """The sum of the values known, or None when nothing is known."""
        return self._sum("value")

    @property
    def total_lo(self) -> float | None:
        """The sum of the lower ends."""
        return self._sum("lo")

    @property
    def total_hi(self) -> float | None:
        """The sum of the upper ends. Sites without a value, or with one that is held no more, are in none."""
        return self._sum("hi")

    @property
    def kind(self) -> str | None:
        """The least sure kind among the sites and the outlines drawn, or None when nothing is known."""
        return least_sure(pd.concat([self.sites["kind"], self.footprints["kind"]]))

    @property
    def stale_days(self) -> int | None:
        """Days since the last look at any of the sites."""
        stale = self.sites["stale_days"].dropna()
        return int(stale.min()) if len(stale) else None

    @property
    def stale_days_max(self) -> int | None:
        """Days since the last look at the site that was longest not looked at."""
        stale = self.sites["stale_days"].dropna()
        return int(stale.max()) if len(stale) else None

    def _sum(self, column: str) -> float | None:
        known = self.sites[column].dropna()
        # Sorted, so that the order of the sites does not show in the last digit.
        return float(np.sort(known.to_numpy("float64")).sum()) if len(known) else None

    def row(self) -> dict[str, Any]:
        """Return the state as one row of a table of frames; numbers are null where nothing is known."""
        return {
            "date_shown": self.date_shown, "mode": self.mode, "kind": self.kind, "stale_days": self.stale_days,
            "stale_days_max": self.stale_days_max, "n_observed": self.n_observed,
            "n_interpolated": self.n_interpolated, "n_held": self.n_held, "n_ended": self.n_ended,
            "n_sites": self.n_sites, "metric": self.metric, "total": self.total, "total_lo": self.total_lo,
            "total_hi": self.total_hi,
        }  # fmt: skip


def at(
    when: When,
    *,
    sites: gpd.GeoDataFrame,
    series: FootprintSeries | None = None,
    counts: pd.DataFrame | None = None,
    mode: Mode = "observed",
    tracks: pd.DataFrame | None = None,
    held: HeldRule | None = None,
) -> State:
    """Return the state of sites and footprints at a moment of the clock.

    Parameters
    ----------
    when
        Decimal days since 1970-01-01, a date, or an EDTF date; an interval stands where a look of that date does: at
        its middle day with `counts`, at its last for outlines alone.
    sites
        The "site" table, EPSG:4326; the totals are those of these sites. Footprints elsewhere are left out, but for
        those that have no site.
    series
        Footprints with their looks, as from :func:`camps.footprints.load`, or None.
    counts
        A "series" table of one metric; it gives the values, held no longer than the closing dates of the `sites` and
        the rule of the metric let them. Without it the values are the built area (buildings and
        blocks, m²) of the footprints at the sites that were looked at.
    mode
        ``observed`` holds and steps, ``bracket`` shows what is certain and what is possible, ``illustrative``
        interpolates and says so.
    tracks
        The "track" table; see :func:`camps.timeline.cues`.
    held
        How long a count may be held; by default the rule of the metric, see :func:`camps.growth.rule_of`.

    Returns
    -------
    State
        On the day of a look the outlines drawn solid are the stored polygons.

    Raises
    ------
    InputError
        For missing columns, an unknown mode, several metrics, repeated sites, or a date that is none.

    References
    ----------
    METHOD 6, Showing time.
    """
    require_mode(mode)
    _require_sites(sites)
    moment = clock_day(when, look_day if counts is None else standing_day)
    here, looks = _of_sites(series.footprints if series else None, sites), series.looks if series else None
    drawn = footprints_state(here, moment, mode, looks=looks, tracks=tracks)
    if counts is not None:
        values, metric = counts_state(with_closing(counts, sites), moment, mode, held=held), _metric(counts)
    else:
        days = look_days(here, looks)
        days = days[days["site_id"].isin(sites["site_id"])]
        values, metric = _built_area(drawn, days, moment, mode), "area_m2" if len(days) else None
    known = values.set_index("site_id")[_VALUES].reindex(sites["site_id"].astype(str)).set_axis(sites.index)
    shown = sites.drop(columns=[name for name in _VALUES if name in sites]).join(known)
    return State(moment, _date_shown(moment, counts, here, looks), mode, metric, shown, drawn)


def _require_sites(sites: gpd.GeoDataFrame) -> None:
    require_columns(sites, ["site_id"], "sites")
    repeated = sorted(sites.loc[sites["site_id"].duplicated(), "site_id"].astype(str))
    if repeated:
        raise InputError(f"sites: {', '.join(repeated[:5])} more than once, expected one row a site; keep one of them")


def _of_sites(footprints: gpd.GeoDataFrame | None, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if footprints is None:
        names = ["footprint_id", "track_id", "site_id", "observed_on", "kind", "area_m2"]
        return gpd.GeoDataFrame({name: pd.Series(dtype="object") for name in names}, geometry=[], crs=sites.crs)
    require_columns(footprints, ["site_id"], "footprints")
    return footprints[footprints["site_id"].isna() | footprints["site_id"].isin(sites["site_id"])]


def with_closing(counts: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Return counts with ``closed`` of their sites, as the table of sites has it."""
    if "closed" not in sites:
        return counts
    closed = sites.assign(unit=sites["site_id"].astype(str)).set_index("unit")["closed"]
    return counts.assign(closed=counts["unit"].astype(str).map(closed))


def _metric(counts: pd.DataFrame) -> str | None:
    return str(counts["metric"].iloc[0]) if "metric" in counts and len(counts) else None


def _built_area(drawn: gpd.GeoDataFrame, days: pd.DataFrame, moment: float, mode: Mode) -> pd.DataFrame:
    """Return the built area of each site looked at by now; looked at and nothing built is 0, not looked at is null."""
    day = np.floor(moment)
    last = days[days["day"].le(day)].groupby("site_id")["day"].max()
    coming = days[days["day"].gt(day)].groupby("site_id")["day"].min()
    state = pd.DataFrame(index=pd.Index(days["site_id"].unique(), name="site_id").sort_values()).assign(
        last=last, coming=coming
    )
    areas = drawn.groupby("site_id")[["area_m2", "area_lo_m2", "area_hi_m2"]].sum()
    state[["value", "lo", "hi"]] = areas.reindex(state.index).fillna(0.0).to_numpy()
    state[["value", "lo", "hi"]] = state[["value", "lo", "hi"]].where(state["last"].notna())
    moving = pd.Series(state.index.isin(_moving_sites(drawn)), index=state.index)
    state["kind"] = kinds(unknown=state["last"].isna(), on_day=state["last"].eq(day), moving=moving, mode=mode)
    state["stale_days"] = (day - state["last"]).astype("Int64")
    state = state.assign(counted=state["last"].eq(day), ended=pd.Series(pd.NA, index=state.index, dtype="string"))
    given = days.drop_duplicates("day").set_index("day")["t"].astype("string")
    state = state.assign(last_value=state["value"], t=state["last"].map(given), next_t=state["coming"].map(given))
    return state.astype({"t": "string", "next_t": "string"}).reset_index()


def _moving_sites(drawn: gpd.GeoDataFrame) -> Any:
    built = drawn["area_hi_m2"].gt(0) & drawn["footprint_kind"].isin(BUILT)
    return drawn.loc[built & drawn["kind"].isin(["bracketed", "interpolated"]), "site_id"].dropna().unique()


def _date_shown(
    moment: float, counts: pd.DataFrame | None, footprints: gpd.GeoDataFrame, looks: pd.DataFrame | None
) -> str:
    if counts is not None and not len(footprints):
        finest, given = precision(as_edtf(counts["t"]).dropna()), observed_dates(counts)
    else:
        finest, given = "day", observed_dates(footprints=footprints, looks=looks)
    if finest != "day":
        return iso_day(moment)[: 4 if finest == "year" else 7]
    spans = spans_as_given(given)
    return next((text for first, last, text in spans if first <= np.floor(moment) <= last), iso_day(moment))


def stops(
    counts: pd.DataFrame | None = None, footprints: gpd.GeoDataFrame | None = None, looks: pd.DataFrame | None = None
) -> list[str]:
    """Return the days at which a timeline can stop, ISO in order: where the dates of :func:`observed_dates` stand.

    A count of a year stands at 2 July, outlines seen in a composite at its last day; see :func:`camps.dates.look_day`.
    Raises as :func:`observed_dates` does.
    """
    found = {standing_day(text) for text in observed_dates(counts)}
    found |= {look_day(text) for text in observed_dates(footprints=footprints, looks=looks)}
    return [iso_day(day) for day in sorted(found)]


def observed_dates(
    counts: pd.DataFrame | None = None, footprints: gpd.GeoDataFrame | None = None, looks: pd.DataFrame | None = None
) -> list[str]:
    """Return the different dates of real observations as they are given, EDTF in the order of the clock.

    Rows of `counts` without a value and looks at which nothing could be seen are no observations.

    Raises
    ------
    InputError
        For missing columns, or a date that is none.
    """
    dated: list[pd.Series[Any]] = []
    if counts is not None:
        require_columns(counts, ["t", "value"], "series of counts")
        dated.append(counts.loc[counts["value"].notna(), "t"])
    if footprints is not None:
        require_columns(footprints, ["observed_on"], "footprints")
        dated.append(footprints["observed_on"])
    if looks is not None:
        require_columns(looks, ["observed_on", "status"], "looks")
        dated.append(looks.loc[looks["status"].isin(["observed", "partial"]), "observed_on"])
    return in_order(text for dates in dated for text in as_edtf(dates).dropna().unique())
