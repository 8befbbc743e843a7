"""The maps themselves: tables in, a folium map out."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd

from camps import catalogue, style
from camps.errors import InputError
from camps.maps import page, payload
from camps.timeline import Mode, iso_day, stops
from camps.timeline.clock import clock_day

_TIER_NAMES = {
    "tier-1": {"en": "Tier 1, lowest security", "fr": "Niveau 1, sécurité la plus basse", "zh": "一级（戒备最低）", "ug": "1-دەرىجە، ئەڭ تۆۋەن بىخەتەرلىك"},
    "tier-2": {"en": "Tier 2", "fr": "Niveau 2", "zh": "二级", "ug": "2-دەرىجە"},
    "tier-3": {"en": "Tier 3", "fr": "Niveau 3", "zh": "三级", "ug": "3-دەرىجە"},
    "tier-4": {"en": "Tier 4, highest security", "fr": "Niveau 4, sécurité la plus haute", "zh": "四级（戒备最高）", "ug": "4-دەرىجە، ئەڭ يۇقىرى بىخەتەرلىك"},
    "tier-0": {"en": "Tier not published", "fr": "Niveau non publié", "zh": "未公布级别", "ug": "دەرىجىسى ئېلان قىلىنمىغان"},
}  # fmt: skip

_GROWTH_TITLE = {
    "en": "Detention sites in Xinjiang, 2017–2020",
    "fr": "Sites de détention au Xinjiang, 2017-2020",
    "zh": "新疆拘押设施，2017–2020年",
    "ug": "شىنجاڭدىكى تۇتۇپ تۇرۇش ئورۇنلىرى، 2017–2020",
}
_GROWTH_SUBTITLE = {
    "en": "Buildings counted on satellite images; symbol area is the number of buildings",
    "fr": "Bâtiments comptés sur images satellite ; surface du symbole proportionnelle au nombre",
    "zh": "据卫星影像计数的建筑；符号面积表示建筑数量",
    "ug": "سۈنئىي ھەمراھ سۈرىتىدە سانالغان بىنالار؛ بەلگە كۆلىمى بىنا سانىنى بىلدۈرىدۇ",
}
_LEGEND_TIER = {
    "en": "Security tier (ASPI)",
    "fr": "Niveau de sécurité (ASPI)",
    "zh": "戒备级别（ASPI）",
    "ug": "بىخەتەرلىك دەرىجىسى (ASPI)",
}


def growth_map(
    sites: gpd.GeoDataFrame | None = None,
    counts: pd.DataFrame | None = None,
    *,
    mode: Mode = "observed",
    lang: str = "en",
    look: str = "dark",
    title: str | dict[str, str] | None = None,
    subtitle: str | dict[str, str] | None = None,
    online: bool = False,
) -> page.CampsMap:
    """Return a map of counts that grow over time, with a time slider.

    Parameters
    ----------
    sites
        The "site" table, EPSG:4326; by default the bundled gazetteer's sites that have a row of counts.
    counts
        A "series" table of one metric, ``unit`` = site_id; by default the gazetteer's numbers of buildings.
    mode
        How the time between counts is shown: ``observed``, ``bracket`` or ``illustrative`` (METHOD 6).
    lang
        ``en``, ``fr``, ``zh`` or ``ug``; the reader can change it in the page.
    look
        ``dark`` or ``light``.
    title, subtitle
        One text, or texts by language.
    online
        Let layers that others add load from other hosts.

    Returns
    -------
    CampsMap
        A :class:`folium.Map`; symbol area is in proportion to the value, a site without a count is drawn hollow.

    Raises
    ------
    InputError
        For an unknown language, look or mode, or a table without the columns named.
    """
    _require_choice(lang, look)
    series = catalogue.counts() if counts is None else counts
    table = catalogue.load() if sites is None else sites
    shown = table[table["site_id"].isin(series["unit"])]
    if shown.empty:
        raise InputError("growth_map: none of the sites has a count; expected units of counts among the site_ids")
    classes = "tier-" + shown["tier"].astype("Int64").fillna(0).astype(str)
    entries = payload.site_entries(shown, classes)
    payload.add_counts(entries, series)
    payload.rank_labels(entries)
    days = [clock_day(stop) for stop in stops(series[series["unit"].isin(shown["site_id"])])]
    meta = _meta(
        shown,
        days,
        title=title or _GROWTH_TITLE,
        subtitle=subtitle or _GROWTH_SUBTITLE,
        lang=lang,
        look=look,
        mode=mode,
    )
    meta |= {"precision": "year", "measure": "buildings", "legend": _LEGEND_TIER, "key_step_days": 30}
    content = _content("growth", entries, meta) | {
        "classes": _classes(style.TIERS, _TIER_NAMES, entries),
        "marks": ["held", "unknown", "zero"],
        "options": {
            "radius_of_one": payload.RADIUS_OF_ONE,
            "unknown_radius": 6,
            "zero_radius": 5,
            "samples": payload.size_samples(entries),
            "label_zoom": 7.5,
            "fixed_radius": 0,
            "yield_to_outlines": False,
        },
    }
    return page.CampsMap(content, online=online)


def _require_choice(lang: str, look: str) -> None:
    if lang not in style.LANGUAGES:
        raise InputError(f"lang {lang!r}: expected one of {', '.join(style.LANGUAGES)}")
    style.palette(look)


def _meta(
    sites: gpd.GeoDataFrame,
    days: list[float],
    *,
    title: str | dict[str, str],
    subtitle: str | dict[str, str] | None,
    lang: str,
    look: str,
    mode: str,
) -> dict[str, Any]:
    low, high = _period(days)
    return {
        "title": title,
        "subtitle": subtitle,
        "lang": lang,
        "look": look,
        "mode": mode,
        "modes": ["observed", "bracket", "illustrative"],
        "t_min": low,
        "t_max": high,
        "t_start": high,
        "stop_days": days,
        "stops": [iso_day(day) for day in days],
        "n_sites": len(sites),
        "attribution": payload.attribution(sites),
    }


def _period(days: list[float]) -> tuple[float, float]:
    """Return whole years around the observations."""
    first, last = iso_day(days[0])[:4], iso_day(days[-1])[:4]
    return clock_day(f"{first}-01-01"), clock_day(f"{last}-12-31")


def _content(kind: str, entries: list[dict[str, Any]], meta: dict[str, Any]) -> dict[str, Any]:
    lon, lat = [entry["lon"] for entry in entries], [entry["lat"] for entry in entries]
    return {
        "kind": kind,
        "sites": entries,
        "meta": meta,
        "view": payload.fit_view(lon, lat),
        "base": page.base(),
        "eras": [],
        "class_names": {},
        **payload.looks_and_words(page.words()),
    }


def _classes(
    known: tuple[style.SymbolClass, ...], names: dict[str, dict[str, str]], entries: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    used = {entry["class"] for entry in entries}
    return [
        {"id": entry.id, "colour": entry.colour, "shape": entry.shape, "names": names[entry.id]}
        for entry in known
        if entry.id in used
    ]
