"""From a shot's map table to the page that is filmed, and what the plan needs to know of its sites."""

from __future__ import annotations

from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd

from camps import catalogue, maps, timeline
from camps.errors import InputError
from camps.film.plan import Ground
from camps.film.shot import Shot
from camps.film.stage import FilmPage
from camps.maps.page import html_text


def build_subject(shot: Shot) -> tuple[FilmPage, Ground]:
    """Return the page that a shot films and the places and observations on it.

    Raises
    ------
    InputError
        When the filter names a column that the sites do not have, or leaves no site.
    """
    sites = _sites(shot)
    counts = catalogue.counts(*shot.map.sources, metric=shot.map.metric)
    counts = counts[counts["unit"].isin(sites["site_id"])]
    page = FilmPage(html_text(_map(shot, sites, counts)))
    return page, build_ground(sites, counts)


def build_ground(sites: gpd.GeoDataFrame, counts: pd.DataFrame) -> Ground:
    """Return places and observations of the sites that have a row of counts."""
    shown = sites[sites["site_id"].isin(counts["unit"])]
    places = dict(zip(shown["site_id"], zip(shown["lon"], shown["lat"], strict=True), strict=True))
    return Ground(places, [date.fromisoformat(timeline.iso_day(day)) for day in _stop_days(counts)])


def _stop_days(counts: pd.DataFrame) -> list[float]:
    return [timeline.clock_day(stop) for stop in timeline.stops(counts)]


def _sites(shot: Shot) -> gpd.GeoDataFrame:
    sites = catalogue.load(*shot.map.sources)
    for column, wanted in shot.map.where.items():
        sites = sites[_is_wanted(sites, column, wanted, shot)]
    if sites.empty:
        raise InputError(f"{shot.source or shot.name}: key map.where: no site is left by {shot.map.where}; widen it")
    return sites


def _is_wanted(sites: gpd.GeoDataFrame, column: str, wanted: Any, shot: Shot) -> Any:
    if column not in sites:
        raise InputError(
            f"{shot.source or shot.name}: key map.where.{column}: the sites have no such column; "
            f"expected one of {', '.join(map(str, sites.columns))}"
        )
    values = wanted if isinstance(wanted, list) else [wanted]
    return sites[column].astype("string").isin([str(value) for value in values])


def _map(shot: Shot, sites: gpd.GeoDataFrame, counts: pd.DataFrame) -> Any:
    return maps.growth_map(sites, counts, mode=shot.mode, lang=shot.language, look=shot.look)
