"""What is filmed: the map that a shot names, or a map that somebody brings, as a page and the ground that it shows."""

from __future__ import annotations

from datetime import date
from typing import Any

import folium
import geopandas as gpd
import pandas as pd

from camps import catalogue, change, footprints, growth, maps, record, sources, timeline
from camps.errors import Fault, InputError, raise_faults
from camps.film import anymap, captions
from camps.film.plan import Ground, Plan
from camps.film.shot import Shot
from camps.film.stage import FilmPage
from camps.maps.contract import Caption

Subject = Shot | FilmPage | anymap.AnyMap | anymap.MapAt


def build_subject(
    subject: Subject,
    **options: Any,
) -> tuple[FilmPage | anymap.MapAt, Ground]:
    """Return the page that is filmed and the places and observations on it.

    Parameters
    ----------
    subject
        A shot, whose map is drawn; a page; a folium map; or a function that makes a map for each date.
    options
        What drives a folium map, as for :func:`camps.film.anymap.build_map_page`.

    Raises
    ------
    InputError
        When a shot's filter names a column that the sites do not have, or leaves no site.
    """
    if isinstance(subject, FilmPage):
        return subject, Ground({})
    if not isinstance(subject, Shot | anymap.AnyMap):
        if not callable(subject):
            raise InputError(
                f"{type(subject).__name__} is no map; expected a folium.Map, a DualMap or a function of a date"
            )
        return subject, Ground({})
    map_ = build_map(subject) if isinstance(subject, Shot) else subject
    return anymap.build_map_page(map_, **options), build_ground(map_)


def build_ground(map_: anymap.AnyMap) -> Ground:
    """Return places and observations of one of our maps; nothing is known of any other."""
    if not isinstance(map_, maps.CampsMap):
        return Ground({})
    sites = {site["id"]: (site["lon"], site["lat"]) for site in map_.payload["sites"]}
    meta = map_.payload["meta"]
    stops = [date.fromisoformat(stop) for stop in meta["stops"]]
    given = {stop: text for stop, (text, _) in zip(stops, meta.get("stop_dates", []), strict=False)}
    classes = frozenset(site["class"] for site in map_.payload["sites"])
    extent = tuple(map_.payload["view"]["bounds"]) if map_.payload["kind"] == "footprints" else None
    return Ground(sites, stops, given, classes, extent)


def with_pages(plan: Plan, map_at: anymap.MapAt, **options: Any) -> tuple[Plan, FilmPage]:
    """Return a plan whose states name the page of their date, and the page that has them all."""
    return plan.paged(), anymap.build_page_of_maps(map_at, plan.dates, **options)


def build_map(shot: Shot) -> folium.Map:
    """Return the map that a shot films.

    Raises
    ------
    InputError
        When the shot's filter names a column that the sites do not have, or leaves no site.
    """
    _require_used(shot)
    title, subtitle = shot.map.title or None, shot.map.subtitle or None
    pointed = tuple(Caption(text=one.text) for one in shot.callouts)
    words = maps.Words(shot.language, shot.look, title, subtitle, captions.entries(shot), pointed)
    on: dict[str, Any] = {"words": words, "ground": maps.Ground(relief=shot.map.relief)}
    if shot.map.kind == "footprints":
        return maps.footprint_map(series_of(shot), scenes=pictures_of(shot), mode=shot.mode, **on)
    if shot.map.kind == "sites":
        return maps.site_map(_sites(shot), cluster=False, **on)
    if shot.map.kind == "eras":
        return maps.era_map(_sites(shot), mode=shot.mode, **on)
    if shot.map.kind == "systems":
        return maps.systems_map(mode=shot.mode, **on)
    return maps.growth_map(_sites(shot), _counts(shot), mode=shot.mode, **on)


def _require_used(shot: Shot) -> None:
    """Require that the map makes use of every key of its table: one that changes nothing is taken for one that did."""
    systems = shot.map.kind == "systems"
    unused = {
        "sources": systems and shot.map.sources and "another kind of map: systems are those of record.toml",
        "metric": shot.map.metric and shot.map.kind != "growth" and 'kind = "growth", which alone counts',
        "pictures": shot.map.pictures and shot.map.kind != "footprints" and 'kind = "footprints", which has outlines',
        "where": shot.map.where
        and (systems or shot.map.kind == "footprints")
        and "growth, sites or eras: a series is filmed whole, and so are systems",
    }
    raise_faults(
        (Fault(f"key map.{key}", repr(getattr(shot.map, key)), expected, "or remove it")
         for key, expected in unused.items() if expected),
        shot.called,
    )  # fmt: skip


def _counts(shot: Shot) -> pd.DataFrame:
    """Return the counts of a shot of growth; a list that it names and that counts nothing of the kind is refused."""
    metric = metric_of(shot)
    counts = catalogue.counts(*sources_of(shot), metric=metric)
    silent = [name for name in shot.map.sources if not counts["source_id"].eq(name).any()]
    raise_faults(
        (Fault("key map.sources", name, f"lists that count {metric}", "remove it, or choose another map.metric")
         for name in silent),
        shot.called,
    )  # fmt: skip
    return counts


def pictures_of(shot: Shot, *, here: bool = True) -> pd.DataFrame | None:
    """Return the satellite pictures that a shot lays under its outlines, or ``None`` where it asks for none."""
    if not shot.map.pictures:
        return None
    return footprints.pictures(sources_of(shot)[0], here=here).assign(matched=shot.map.pictures == "matched")


def metric_of(shot: Shot) -> str:
    """Return what a shot of growth counts: what it names, or what its first list holds most values of."""
    return shot.map.metric or growth.metric_of(sources_of(shot)[0])


def sources_of(shot: Shot) -> tuple[str, ...]:
    """Return the ids of the sources that a shot names, or those of the record where it names none."""
    if shot.map.sources:
        return shot.map.sources
    if shot.map.kind == "systems":
        return tuple(dict.fromkeys(source for one in timeline.systems_here()[0].values() for source in one.lists))
    if shot.map.kind == "eras" and (named := record.current().heading("eras").lists):
        return named
    # A record may have outlines alone: then its places are where these lie.
    alone = shot.map.kind == "sites" and not sources.lists() and footprints.series_ids()
    return (footprints.default_id(),) if alone or shot.map.kind == "footprints" else catalogue.default_lists()


def series_of(shot: Shot) -> footprints.FootprintSeries:
    """Return the footprint series that a shot films, each building of it followed.

    Raises
    ------
    InputError
        When the shot names something else, or more than one.
    """
    named = sources_of(shot)
    known = ", ".join(footprints.series_ids()) or "none is registered"
    if len(named) != 1 or not footprints.is_series(named[0]):
        found = ", ".join(named)
        raise InputError(f"{shot.called}: key map.sources: found {found}, expected one footprint series ({known})")
    return change.tracked(footprints.load(named[0]))


def _sites(shot: Shot) -> gpd.GeoDataFrame:
    named = sources_of(shot)
    if len(named) == 1 and footprints.is_series(named[0]):
        sites = catalogue.owners(footprints.load(named[0]).footprints, named[0])
    else:
        sites = catalogue.standing((catalogue.once if shot.map.kind == "eras" else catalogue.load)(*named))
    for column, wanted in shot.map.where.items():
        sites = sites[_is_wanted(sites, column, wanted, shot)]
    if sites.empty:
        raise InputError(f"{shot.called}: key map.where: no site is left by {shot.map.where}; widen it")
    return sites


def _is_wanted(sites: gpd.GeoDataFrame, column: str, wanted: Any, shot: Shot) -> Any:
    if column not in sites:
        raise InputError(
            f"{shot.called}: key map.where.{column}: the sites have no such column; "
            f"expected one of {', '.join(map(str, sites.columns))}"
        )
    values = wanted if isinstance(wanted, tuple) else [wanted]
    return sites[column].astype("string").isin([str(value) for value in values])
