"""Languages are one table: every word in each, every sign with a font inside, numbers and plurals as each has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from fontTools.ttLib import TTFont
from playwright.sync_api import Page, sync_playwright

from camps import browser, catalogue, fonts, languages, looks, maps, record, style
from camps.errors import InputError
from camps.maps import views

TAGS = tuple(languages.table())


def _texts(node: Any, tag: str) -> Iterator[str]:
    """Yield what stands under a language anywhere in a tree of names."""
    for key, value in node.items():
        if key == tag and isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _texts(value, tag)


@pytest.mark.parametrize("tag", TAGS)
def test_each_language_says_all_that_english_says(tag: str) -> None:
    english, own = languages.table()["en"], languages.table()[tag]
    alone = {key for key in own if key.endswith("_one")}
    assert own.keys() - alone == {key for key in english if not key.endswith("_one")}
    assert {key.removesuffix("_one") for key in alone} < own.keys()
    assert own["script"] in style.FONTS
    assert own["direction"] in {"ltr", "rtl"}
    assert len(own["months"].split("|")) == len(own["months_alone"].split("|")) == 12
    for key in own:
        if not key.startswith("date_"):
            named = english[key.removesuffix("_one")]
            assert set(re.findall(r"\{\w+\}", own[key])) == set(re.findall(r"\{\w+\}", named)), key
    metrics = record._known_metrics().values()
    assert all(tag in said.name and tag in said.many for said in metrics)


@pytest.mark.parametrize("tag", TAGS)
def test_each_sign_of_a_language_has_a_font_inside(tag: str) -> None:
    families = re.findall(r'"(Camps [A-Za-z ]+)"', style.FONTS[languages.table()[tag]["script"]])
    drawn = {code for font in fonts.FONTS if font.family in families
             for code in TTFont(fonts.font_path(font.file)).getBestCmap()}  # fmt: skip
    known = {name: said.model_dump() for name, said in record._known_metrics().items()}
    said = [*languages.table()[tag].values(), *_texts(views.titles(), tag), *_texts(known, tag)]
    signs = {sign for text in said for sign in text if not sign.isspace()}
    assert sorted(sign for sign in signs if ord(sign) not in drawn) == []


def test_a_language_without_words_and_font_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="lang 'hy': no words in this language"):
        maps.Words("hy")


@pytest.fixture(scope="module")
def browsed() -> Iterator[Callable[[Path], Page]]:
    with sync_playwright() as driver:
        opened = driver.chromium.launch(**browser.launch_options())

        def open_page(path: Path) -> Page:
            page = opened.new_context(offline=True).new_page()
            page.goto(path.as_uri())
            return page

        yield open_page
        opened.close()


def _sites(n: int) -> gpd.GeoDataFrame:
    return catalogue.load().head(n).reset_index(drop=True)


def _prisoners(sites: gpd.GeoDataFrame, *values: float) -> pd.DataFrame:
    rows = [{"unit": sites["site_id"][0], "t": str(1930 + at), "value": value} for at, value in enumerate(values)]
    return pd.DataFrame(rows).assign(metric="prisoners", lo=lambda x: x["value"], hi=lambda x: x["value"])


@pytest.mark.browser
def test_a_map_speaks_of_its_metric_in_every_language(tmp_path: Path, browsed: Any, monkeypatch: Any) -> None:
    ours = record.current().model_copy(update={"languages": TAGS})
    monkeypatch.setattr(record, "current", lambda: ours)
    sites = _sites(1)
    counts, flat = _prisoners(sites, 1, 3, 1005, 21), maps.Ground(relief=False)
    map_ = maps.growth_map(sites, counts, words=maps.Words("ru"), ground=flat)
    page = browsed(maps.write_map(map_, tmp_path / "m.html"))
    page.evaluate("tags => camps.ready(tags)", list(TAGS))
    said = {
        tag: page.evaluate(
            """tag => [1930, 1931, 1932, 1933].map((year) => {
                 camps.setFrame({width: 1280, height: 720, t: `${year}-12-31`, lang: tag});
                 return camps.page.stage.words.total(camps.page.stage.last.state, tag); })""",
            tag,
        )
        for tag in TAGS
    }
    assert said["ru"] == ["1 заключённый", "3 заключённых", "1\u202f005 заключённых", "21 заключённый"]
    assert said["uk"][1:3] == ["3 в’язні", "1\u202f005 в’язнів"]
    assert said["de"] == ["1 Häftling", "3 Häftlinge", "1.005 Häftlinge", "21 Häftlinge"]
    assert said["ko"][2] == "수감자 1,005명"
    assert said["ar"][1] == "3 سجناء"
    for tag in TAGS:
        assert page.evaluate("tag => camps.missingGlyphs(tag)", tag) == ""
    say = "([key, tag, n]) => camps.page.stage.words.of(key, tag, {n, days: n, held: 0, year: 1930})"
    told = [page.evaluate(say, ["counted", "en", n]).split(" counted")[0] for n in (0, 1, 2)]
    assert told == ["0 sites", "1 site", "2 sites"]
    assert [page.evaluate(say, ["n_sites", "fr", n]) for n in (0, 1, 2)] == ["0 site", "1 site", "2 sites"]
    assert page.evaluate(say, ["vanished_note", "ru", 21]).startswith("21 исчезло ")


# ── classes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_class_that_the_record_does_not_list_is_drawn() -> None:
    sites = _sites(4).assign(tier=pd.array([7, 7, 2, None], dtype="Int64"))
    content = maps.site_map(sites, by="tier").payload
    drawn = {entry["id"]: entry for entry in content["classes"]}
    assert [site["class"] for site in content["sites"]] == ["tier-7", "tier-7", "tier-2", "tier-"]
    assert drawn.keys() == {"tier-7", "tier-2", "tier-"}
    assert drawn["tier-7"]["names"] == {"en": "7"}
    assert all(entry["colour"] in looks.palette("dark")["classes"] for entry in drawn.values())


def test_groups_of_any_column_and_more_than_a_legend_holds() -> None:
    sites = _sites(40).assign(firm=[f"firm {at % 20:02}" if at < 38 else None for at in range(40)])
    classes = maps.site_map(sites, by="firm", words=maps.Words("de")).payload["classes"]
    assert len(classes) == views.MOST_CLASSES
    assert classes[-1]["names"]["de"] == "Andere" or classes[-2]["names"]["de"] == "Andere"
    looks = [(entry["colour"], entry["shape"]) for entry in classes[:10]]
    assert len(set(looks)) == 10
    stated = maps.site_map(sites.assign(firm=sites["firm"].fillna("firm 00")), by="firm").payload["classes"]
    assert [entry["id"] for entry in stated if entry["id"] == "firm-"] == [], "no class that no site has"
    assert len(stated) == views.MOST_CLASSES


def test_what_is_said_of_one_list_is_not_said_of_another() -> None:
    foreign = _sites(3).assign(source_id="elsewhere", tier=pd.array([1, 2, 5], dtype="Int64"))
    content = maps.site_map(foreign, by="tier").payload
    assert content["meta"]["legend"]["en"] == "Tier"
    assert [entry["names"] for entry in content["classes"]] == [{"en": "1"}, {"en": "2"}, {"en": "5"}]
    assert maps.site_map(by="tier").payload["meta"]["legend"]["en"] == "Security tier (ASPI)"


def test_a_colour_that_no_look_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    teal = record.SymbolClass(of="system", id="laogai", colour="teal")
    ours = record.current().model_copy(update={"classes": (teal,)})
    monkeypatch.setattr(record, "current", lambda: ours)
    with pytest.raises(InputError, match=r"class 'laogai' of system: found colour 'teal', expected one of .*#rrggbb"):
        maps.site_map()
