"""The maps: offline, escaped, the same bytes, and in the browser the state that camps.timeline computes."""

from __future__ import annotations

import base64
import io
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import folium
import folium.plugins
import numpy as np
import pandas as pd
import pytest
import rasterio
import xyzservices
from affine import Affine
from branca.element import MacroElement
from fontTools.ttLib import TTFont
from jinja2 import Template
from PIL import Image
from playwright.sync_api import Browser, Page, Route
from pypdf import PdfReader

from camps import catalogue, cli, film, footprints, languages, maps, record, style, timeline
from camps import fonts as house_fonts
from camps.dates import clock_day, iso_day, look_day
from camps.errors import InputError, MissingError
from camps.film import anymap, flips, passes
from camps.maps import fonts, online, outlines, page, payload, plates, scenes, vendored, views
from camps.timeline import drawn, values

MAKERS: dict[str, Callable[..., maps.CampsMap]] = {
    "sites": maps.site_map,
    "growth": maps.growth_map,
    "footprints": maps.footprint_map,
    "eras": maps.era_map,
    "compare": maps.compare_map,
    "systems": maps.systems_map,
}
FLAT = maps.Ground(relief=False)
MODES = ("observed", "bracket", "illustrative")
HOSTILE = "<img src=x onerror=window.hacked=1> ';-- {{ 7*7 }} {% endraw %} </script><script>window.hacked=1</script>"
SHOW_SITE = """(i) => {
  const { state, stage } = camps.page;
  camps.page.showSite({ i, state: stage.timeline.at(state.t, state.mode).sites[i] });
}"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("maps")
    return {name: maps.write_map(make(), folder / f"{name}.html") for name, make in MAKERS.items()}


class Opened:
    """A page opened with networking off, and what it complained of."""

    def __init__(self, browser: Browser, path: Path, width: int = 1280, height: int = 800) -> None:
        self.complaints: list[str] = []
        self.context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self._note("error", str(error)))
        self.page.on("requestfailed", lambda request: self._note("error", f"failed {request.url[:120]}"))
        self.context.route(re.compile("^(https?|wss?):"), self._refuse)
        self.page.goto(path.as_uri())
        self.page.evaluate("camps.ready()")

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def _refuse(self, route: Route) -> None:
        self.complaints.append(f"asked another host: {route.request.url[:120]}")
        route.abort()

    def frame(self, **arguments: Any) -> dict[str, Any]:
        """Draw one frame and return what the page says it drew."""
        script = "frame => { camps.setFrame(frame); return camps.describe(); }"
        return self.page.evaluate(script, {"width": 640, "height": 360, **arguments})

    def pixels(self, **arguments: Any) -> str:
        """Draw one frame and return its pixels as a data URI of a PNG."""
        script = "frame => { camps.setFrame(frame); return camps.canvas.toDataURL('image/png'); }"
        return self.page.evaluate(script, {"width": 640, "height": 360, **arguments})


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Opened]]:
    pages: list[Opened] = []

    def open_page(path: Path, **size: int) -> Opened:
        pages.append(Opened(browser, path, **size))
        return pages[-1]

    yield open_page
    for one in pages:
        one.context.close()


# ------------------------------------------------------------------------------------------- what is written


@pytest.mark.parametrize("name", MAKERS)
def test_a_map_refers_to_no_other_host(written, name):
    text = written[name].read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=[\"']?(https?:)?//", text)
    assert not re.search(r"@import|url\(\s*['\"]?(https?:)?//", text)


@pytest.mark.parametrize("name", MAKERS)
def test_the_same_map_is_the_same_bytes(written, name, tmp_path):
    again = maps.write_map(MAKERS[name](), tmp_path / "again.html")
    assert again.read_bytes() == written[name].read_bytes()


def test_the_command_writes_the_map_of_chapters_that_the_build_writes(written, tmp_path):
    path = tmp_path / "eras.html"
    assert cli.run(["map", "eras", "--out", str(path)]) == 0
    assert path.read_bytes() == written["eras"].read_bytes()


def test_the_command_sets_two_systems_side_by_side(tmp_path, capsys):
    asked = ["map", "systems", "--out", str(tmp_path / "pair.html"), "--pair"]
    assert cli.run([*asked, "kampuchea,north-korea"]) == 0
    assert '"pair":[{' in (tmp_path / "pair.html").read_text("utf-8").replace(" ", "")
    assert cli.run([*asked, "kampuchea,gulag"]) == 2
    assert "pair kampuchea, gulag; expected two of laogai" in capsys.readouterr().err
    assert cli.run(["map", "sites", "--pair", "a,b", "--out", str(tmp_path / "s.html")]) == 2


def test_writing_twice_leaves_the_file_alone(tmp_path):
    map_ = maps.site_map()
    path = maps.write_map(map_, tmp_path / "m.html")
    before = path.stat().st_mtime_ns
    assert maps.write_map(map_, path).stat().st_mtime_ns == before


def test_a_page_carries_texts_and_fonts_of_its_own_languages_alone(written):
    text = written["footprints"].read_text("utf-8")
    assert "Китай" not in text
    assert "font-family: 'Camps Khmer'" not in text
    content = maps.footprint_map(words=maps.Words("ru")).payload
    assert {tag for place in content["base"]["places"] for tag in place["names"]} == {"en", "fr", "ru", "ug", "zh"}
    assert content["meta"]["attribution"][0]["text"].keys() == {"en", "fr", "ru", "ug", "zh"}


def test_pages_are_light(written):
    # The map of systems with the lists of all of them at hand: four thousand places.
    heavy = {name: path.stat().st_size for name, path in written.items() if path.stat().st_size > 2_500_000}
    assert heavy.pop("systems", 0) < 4_000_000
    assert heavy == {}


def test_maps_show_in_a_notebook():
    html = maps.growth_map()._repr_html_()
    assert "<iframe" in html
    assert "camps-page" in html


def test_a_path_must_end_in_html(tmp_path):
    with pytest.raises(InputError, match=r"maps are written as \.html"):
        maps.write_map(maps.site_map(), tmp_path / "map.htm")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"words": {"lang": "hy"}}, "lang 'hy': no words in this language and no font chosen for its script"),
        ({"words": {"look": "sepia"}}, "sepia: no such look"),
        ({"by": "height"}, "by 'height': no such column; expected one of the sites"),
    ],
)
def test_unknown_choices_are_refused_by_name(arguments, message):
    with pytest.raises(InputError, match=message):
        maps.site_map(**{name: maps.Words(**given) if name == "words" else given for name, given in arguments.items()})


def test_missing_columns_are_named():
    with pytest.raises(InputError, match="column r95_m"):
        maps.site_map(catalogue.load().drop(columns="r95_m"))


def test_counts_of_other_sites_are_refused():
    counts = catalogue.counts().assign(unit="elsewhere")
    with pytest.raises(InputError, match="none of the sites has a count"):
        maps.growth_map(counts=counts)


def test_too_many_footprints_are_refused_with_a_way_out(monkeypatch):
    monkeypatch.setattr(outlines, "MOST_FOOTPRINTS", 100)
    with pytest.raises(InputError, match="689 footprints, expected at most 100 in one page; filter by site_id"):
        maps.footprint_map()


def test_dates_of_a_comparison_must_be_in_order():
    with pytest.raises(InputError, match="expected two dates in order"):
        maps.compare_map(before="2020", after="2018")


def test_a_plugin_without_vendored_code_is_refused_by_name():
    class Stranger(folium.plugins.Geocoder):
        default_js = [("stranger", "https://cdn.example.org/stranger.js")]  # noqa: RUF012

    map_ = maps.site_map()
    Stranger().add_to(map_)
    with pytest.raises(MissingError, match=r"stranger\.js.* would be loaded from another host"):
        page.html_text(map_)


def test_online_is_a_choice():
    class Stranger(folium.plugins.Geocoder):
        default_js = [("stranger", "https://cdn.example.org/stranger.js")]  # noqa: RUF012

    map_ = maps.site_map(ground=maps.Ground(online=True))
    Stranger().add_to(map_)
    assert "https://cdn.example.org/stranger.js" in page.html_text(map_)


def test_a_template_that_one_element_was_given_is_written_and_filmed():
    map_ = folium.Map([43, 88], tiles=None)
    own = MacroElement()
    own._template = Template("{% macro script(this, kwargs) %}ownScript({{ this._parent.get_name() }});{% endmacro %}")
    map_.add_child(own)
    for html in (page.html_text(map_), anymap.build_map_page(map_).html, page.html_text(map_)):
        assert len(re.findall(r"ownScript\(map_[0-9a-f]{32}\);", html)) == 1


def test_tiles_of_other_hosts_need_online_and_a_credit():
    map_ = maps.site_map()
    folium.TileLayer("https://tiles.example.org/{z}/{x}/{y}.png", attr="© Example").add_to(map_)
    with pytest.raises(InputError, match=r"tiles from tiles\.example\.org, expected .*online=True"):
        page.html_text(map_)
    uncredited = maps.site_map(ground=maps.Ground(online=True))
    folium.TileLayer("https://tiles.example.org/{z}/{x}/{y}.png", attr=" ").add_to(uncredited)
    uncredited._children[next(reversed(uncredited._children))].options["attribution"] = None
    with pytest.raises(InputError, match="without attribution"):
        page.html_text(uncredited)


def test_tiles_whose_terms_forbid_bulk_reading_are_not_filmed():
    map_ = maps.site_map(ground=maps.Ground(online=True))
    folium.TileLayer(xyzservices.providers.OpenStreetMap.Mapnik).add_to(map_)
    with pytest.raises(InputError, match=r"tile\.openstreetmap\.org\) may not be read in bulk"):
        online.require_filmable(map_)
    allowed = maps.site_map(ground=maps.Ground(online=True))
    folium.TileLayer("https://tiles.example.org/{z}/{x}/{y}.png", attr="© Example").add_to(allowed)
    online.require_filmable(allowed)


# ------------------------------------------------------------------------------------------- texts, fonts, vendor


def test_every_title_is_there_in_every_language():
    def leaves(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
        if all(isinstance(value, str) for value in node.values()):
            yield path, node
            return
        for key, value in node.items():
            yield from leaves(value, f"{path}.{key}")

    assert [path for path, texts in leaves(views.titles()) if set(texts) != set(style.LANGUAGES)] == []


def test_every_word_of_the_record_is_there_in_every_language():
    ours = record.current()
    named = [ours.title, *(one.name for one in (*ours.classes, *ours.chapters, *ours.groupings.values()))]
    named += [text for heading in ours.maps.values() for text in (heading.title, heading.subtitle) if text]
    assert set(ours.languages) < set(style.LANGUAGES)
    assert [text for text in [*named, *ours.credits.values()] if set(text) != set(ours.languages)] == []


def test_eras_follow_each_other_and_have_names():
    eras = maps.read_eras()
    assert [era["id"] for era in eras] == ["birth", "archipelago", "great-leap", "deng", "after-tiananmen", "xinjiang"]
    assert all(earlier["to"] <= later["from"] for earlier, later in itertools.pairwise(eras))
    assert all(set(era["names"]) == set(record.current().languages) for era in eras)


def test_vendored_files_are_the_listed_ones():
    listed = vendored.SHIPPED.listed
    assert all(vendored.SHIPPED.file(name) for name in listed)
    present = {path.name for path in vendored.VENDOR.iterdir()}
    assert present == set(listed) | {"vendor.toml", "sources.toml", "leaflet-icons.json", vendored.LICENCES}
    assert all(entry["licence"] and entry["version"] for entry in listed.values())


#: What every text of a licence says, and no other.
SAYS = {
    "MIT": "Permission is hereby granted, free of charge",
    "ISC": "Permission to use, copy, modify, and",
    "BSD-2-Clause": "Redistributions in binary form must reproduce",
    "BSD-3-Clause": "(Neither the name|The name|names of)",
    "Apache-2.0": "Apache License",
    "OFL-1.1": "SIL OPEN FONT LICENSE",
    "Beerware": "THE BEER-WARE LICENSE",
}


def test_each_vendored_file_has_the_text_of_its_licence_and_the_right_label(tmp_path):
    """Texts were missing for all, and five labels were not those of the packages."""
    listed = {**vendored.SHIPPED.listed, **house_fonts.SHIPPED.listed}
    packages = {f"{entry['package']}-{entry['version']}": entry["licence"] for entry in listed.values()}
    assert {path.stem for path in (vendored.VENDOR / vendored.LICENCES).iterdir()} == set(packages)
    page_text = vendored.licences_page()
    for package, label in packages.items():
        text = " ".join((vendored.VENDOR / vendored.LICENCES / f"{package}.txt").read_text("utf-8").split())
        for licence in re.findall("MIT|ISC|BSD-.-Clause|Apache-2.0|OFL-1.1|Beerware", label):
            assert re.search(SAYS[licence], text), package
        assert label != "BSD-2-Clause" or not re.search(SAYS["BSD-3-Clause"], text), package
        assert f"<h2>{package}</h2>" in page_text
    path = maps.write_map(maps.era_map(), tmp_path / "map.html")
    assert '<link rel="license" href="licences.html">' in path.read_text("utf-8")
    assert (tmp_path / "licences.html").read_text("utf-8") == page_text


def test_fonts_are_cut_to_the_characters_shown():
    few, more = fonts.font_style("新"), fonts.font_style("新疆拘押设施")
    assert "Camps Chinese" in few
    assert "Camps Arabic" not in few
    assert len(few) < len(more) < len(few) + 20_000
    assert "Camps Arabic" in fonts.font_style("شىنجاڭ")


LIVES = {
    # opened, closed → the days between which each may lie; None is an end that nobody knows.
    ("1957/..", None): (["1957-01-01", "1957-12-31"], None),
    ("1957/", None): (["1957-01-01", None], None),
    ("../1953", ".."): ([None, "1953-12-31"], None),
    ("195X/1953", "1960"): (["1950-01-01", "1953-12-31"], ["1960-01-01", "1960-12-31"]),
    ("2017-12/2017", "../2019"): (["2017-12-01", "2017-12-31"], [None, "2019-12-31"]),
    ("1955?", "1957/.."): (["1955-01-01", "1955-12-31"], ["1957-01-01", None]),
    (None, "1960"): (None, ["1960-01-01", "1960-12-31"]),
    ("..", None): (None, None),
    ("", " "): (None, None),
}


def _dated_sites() -> Any:
    sites = catalogue.load().head(len(LIVES)).reset_index(drop=True)
    return sites.assign(
        opened=[opened for opened, _ in LIVES], closed=[closed for _, closed in LIVES], last_known=pd.NA
    )


def test_lives_keep_open_ends_open() -> None:
    found = [[life["opened"], life["closed"]] for life in timeline.lives(_dated_sites())]
    days = [
        [None if ends is None else [None if end is None else clock_day(end) for end in ends] for ends in life]
        for life in LIVES.values()
    ]
    assert found == days


def test_a_date_that_is_none_names_its_site_and_all_others() -> None:
    sites = _dated_sites()
    sites.loc[2, "opened"], sites.loc[4, "closed"] = "2017-13", "Mar-37"
    with pytest.raises(InputError) as caught:
        maps.era_map(sites)
    for site, told in ((2, "column opened: found '2017-13'"), (4, "column closed: found 'Mar-37'")):
        assert f"site {sites.loc[site, 'site_id']}, {told}" in str(caught.value)


@pytest.mark.parametrize("name", ["growth", "footprints", "eras"])
def test_a_mode_that_is_none_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(InputError, match=r"^mode 'interpolate': expected one of observed, bracket, illustrative$"):
        MAKERS[name](mode="interpolate")


# ------------------------------------------------------------------------------------------- in the browser


@pytest.mark.browser
@pytest.mark.parametrize("name", MAKERS)
def test_opens_without_network_and_without_complaint(written, opened, name):
    one = opened(written[name])
    assert one.page.evaluate("camps.meta.n_sites") > 0
    assert one.complaints == []


def _dates(meta: dict[str, Any], *, steps: int) -> list[float]:
    """Return dates all over the period, and around every observation: before, on, late on the day, and after."""
    low, high = meta["t_min"], meta["t_max"]
    spread = [low + (high - low) * part / steps for part in range(steps + 1)]
    return [
        *spread,
        *(day + shift for day in meta["stop_days"][:: max(1, 24 // steps)] for shift in (-0.5, 0, 0.75, 1)),
    ]


def _assert_same(found: dict[str, Any], state: timeline.State, label: str) -> None:
    row = state.row()
    for key in ("date_shown", "kind", "n_observed", "n_interpolated", "n_held", "n_ended", "n_sites"):
        assert found[key] == row[key], f"{label} {key}"
    for key in ("total", "total_lo", "total_hi"):
        assert found[key] == (None if row[key] is None else pytest.approx(row[key], rel=1e-9, abs=1e-6)), (
            f"{label} {key}"
        )
    for site in state.sites.itertuples():
        value = None if pd.isna(site.value) else pytest.approx(float(site.value), rel=1e-9, abs=1e-6)
        assert found["values"][site.site_id] == value, f"{label} {site.site_id}"


@pytest.fixture
def _prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prepare the tables of a test once, not once a date: within a test they and the mode are the same."""

    def once(function: Callable[..., Any]) -> Callable[..., Any]:
        made: list[Any] = []
        return lambda *given, **named: (made or made.append(function(*given, **named)) or made)[0]

    monkeypatch.setattr(drawn, "cues", once(drawn.cues))
    monkeypatch.setattr(values, "looks_of", once(values.looks_of))


@pytest.mark.browser
def test_the_era_map_draws_open_ends_as_open(tmp_path, opened):
    one = opened(maps.write_map(maps.era_map(_dated_sites(), ground=FLAT), tmp_path / "eras.html"))
    phases = {
        "1949-06-01": ["absent", "absent", "unnamed", "absent", "absent", "absent", "undated", "undated", "undated"],
        "1952-06-01": ["absent", "absent", "unnamed", "opening", "absent", "absent", "undated", "undated", "undated"],
        "1957-06-01": ["opening", "opening", "last", "open", "absent", "closing", "undated", "undated", "undated"],
        "1958-06-01": ["last", "opening", "last", "open", "absent", "closing", "undated", "undated", "undated"],
        "2018-06-01": ["last", "opening", "last", "closed", "closing", "closing", "undated", "undated", "undated"],
        "2020-06-01": ["last", "opening", "last", "closed", "closed", "closing", "undated", "undated", "undated"],
    }
    script = "t => camps.page.stage.timeline.at(t, 'bracket').sites.map((site) => site.phase)"
    assert {when: one.page.evaluate(script, clock_day(when)) for when in phases} == phases


@pytest.mark.browser
def test_the_era_map_says_what_the_table_says(tmp_path, opened):
    one = opened(maps.write_map(maps.era_map(ground=FLAT), tmp_path / "eras.html"))
    sites = catalogue.once(*record.current().heading("eras").lists)
    days = ["1950-03-01", "1966-07-01", "1984-07-01", "2001-07-01", "2012-12-31", "2020-07-01", "2025-12-31"]
    table = timeline.count_places(sites, days).set_index(["date", "level"])
    script = """([t, lang]) => {
        camps.setFrame({ t, lang, width: 1920, height: 1080 });
        const { phases, levels } = camps.page.stage.last.state;
        return [phases, levels, camps.describe().texts.map(({ text }) => text)];
    }"""
    for day, lang in itertools.product(days, ["en", "fr", "zh", "ug"]):
        phases, levels, texts = one.page.evaluate(script, [clock_day(day), lang])
        row = table.loc[day, "all"]
        assert {name: phases.get(name, 0) for name in timeline.PHASES} == {name: row[name] for name in timeline.PHASES}
        assert levels == {
            level: n for level, n in table.loc[day]["open"].drop("all").items() if n
        }  # fmt: skip
        words = languages.table()[lang]
        alone = row["open"] < {"one": 0, "up_to_one": 2, "none": 0}[words["plural"]]
        assert words["sites_open_one" if alone else "sites_open"].format(n=row["open"]) in texts, (day, lang)
        said = " ".join(texts)
        for name, n in (("last_note", row["last"]), ("undated_note", row["n_opening_unknown"])):
            if n:
                wanted = words[name].format(n=n, all=row["n_sites"])
                assert wanted in said, (day, lang, name)


@pytest.fixture
def systems_at_hand(monkeypatch):
    monkeypatch.delenv("CAMPS_MIRROR", raising=False)
    return timeline.systems_here()


def _says(row, lang, n_places, n_unknown):
    words = languages.table()[lang]
    n = f"{row.lo}–{row.hi}" if row.lo < row.hi else str(row.lo)
    return {words["system_open"].format(n=n), words["system_stated"].format(n=n_places, unknown=n_unknown)}


@pytest.mark.browser
def test_the_map_of_systems_says_what_the_table_says_and_what_is_left_out(systems_at_hand, tmp_path, opened):
    shown, left_out = systems_at_hand
    assert (list(shown), list(left_out)) == (["laogai", "kampuchea", "north-korea"], ["ss-camps", "gulag"])
    one = opened(maps.write_map(maps.systems_map(ground=FLAT), tmp_path / "systems.html"))
    script = """([t, lang]) => {
        camps.setFrame({ t, lang, width: 1920, height: 1080 });
        return camps.describe().texts.map(({ text }) => text);
    }"""
    table = timeline.compare_systems(shown)
    for year, lang in itertools.product([1966, 1978, 2001, 2020], ["en", "fr", "zh", "ug"]):
        texts = one.page.evaluate(script, [clock_day(f"{year}-07-01"), lang])
        of_year = table[table["year"].eq(year)]
        for row in of_year.itertuples():
            assert _says(row, lang, row.n_places, row.n_unknown) <= set(texts), (year, lang, row.system)
        assert len(of_year) == (3 if year == 1978 else 2)
        said = " ".join(texts)
        named = record.current().systems
        assert all(named[name].name[lang] in said for name in [*shown, *left_out]), (year, lang)
        words = languages.table()[lang]["sites_open"]
        assert not re.search(words.format(n=r"\d+"), said), "places of unlike systems must not be added up"


@pytest.mark.browser
def test_two_systems_side_by_side_are_at_one_scale_and_in_one_year_of_their_lives(systems_at_hand, tmp_path, opened):
    pair = ("north-korea", "laogai")
    one = opened(maps.write_map(maps.systems_map(pair, ground=FLAT), tmp_path / "pair.html"))
    script = """([t, lang]) => {
        camps.setFrame({ t, lang, width: 1920, height: 1080 });
        const { systems } = camps.page.stage.furniture;
        const scales = [0, 1].map((at) => systems.view(camps.page.stage.last.frame, at).pxPerMetre());
        const placed = camps.page.stage.last.placed.map(({ site, x }) => [site.class, x]);
        return [camps.describe().texts.map(({ text }) => text), scales, placed];
    }"""
    table = timeline.compare_systems(systems_at_hand[0]).set_index(["system", "year"])
    for year, lang in itertools.product([1953, 1995], ["en", "fr", "zh", "ug"]):
        texts, scales, placed = one.page.evaluate(script, [clock_day(f"{year}-07-01"), lang])
        for name, own in zip(pair, (year + 6, year), strict=True):
            row = table.loc[name, own]
            assert _says(row, lang, row.n_places, row.n_unknown) <= set(texts), (year, lang, name)
            assert f"{own} · " + languages.table()[lang]["system_year"].format(n=year - 1949 + 1) in texts
        assert scales[0] == pytest.approx(scales[1], rel=1e-9)
        assert {name for name, _ in placed} == set(pair)
        assert all((x < 960) == (name == "north-korea") for name, x in placed)
    with pytest.raises(InputError, match="pair laogai, gulag; expected two of laogai, kampuchea, north-korea"):
        maps.systems_map(("laogai", "gulag"))


@pytest.mark.browser
def test_events_are_told_without_a_point_and_firms_are_marked_in_their_chapter(tmp_path, opened):
    one = opened(maps.write_map(maps.era_map(ground=FLAT), tmp_path / "eras.html"))
    script = """([t, more]) => {
        camps.setFrame({ t, width: 1920, height: 1080, ...more });
        return [camps.describe().texts.map(({ text }) => text).join(" "), camps.page.stage.last.state.sites.length];
    }"""
    told, n_sites = one.page.evaluate(script, [clock_day("1995-07-01"), {}])
    banned = catalogue.events()
    banned = banned[banned["kind"].eq("import ban") & banned["date"].le("1995-07-01")]
    of_bans = f"United States import bans by then: {len(banned)} entries on record"
    assert f"18 April 1995: United States import ban on {banned['entity'].iloc[-1]}" in told
    assert of_bans in told
    assert "events and their dates: read in copies, to be checked" in told
    assert "enterprise name" not in told.replace("with an enterprise name, in its chapter", "")
    # In a film a year is a few frames: bans are told as a number, acts by name, as long as the plan says.
    film_of = {"since": clock_day("1994-07-01"), "safe": True}
    told, _ = one.page.evaluate(script, [clock_day("1995-07-01"), film_of])
    assert of_bans in told
    assert "29 December 1994: Prison Law" in told
    assert "import ban on" not in told
    sites = catalogue.once(*record.current().heading("eras").lists)
    assert n_sites == len(sites)
    told, _ = one.page.evaluate(script, [clock_day("1984-07-01"), {}])
    phases = [timeline.phase(life, clock_day("1984-07-01")) for life in timeline.lives(sites)]
    firms = sum(phase == "open" and pd.notna(name) for phase, name in zip(phases, sites["enterprise"], strict=True))
    assert f"{firms} of the open sites have an enterprise name" in told
    assert firms > 20


@pytest.mark.browser
def test_no_line_of_the_film_of_chapters_blinks_or_moves_the_date(tmp_path, opened):
    shot = film.read_shot("archipelago").model_copy(update={"camera": ()})
    plan = film.plan_frames(shot, film.Ground({}))
    one = opened(maps.write_map(maps.era_map(ground=FLAT), tmp_path / "eras.html"))
    script = """([states, lang]) => {
        const { words, timeline } = camps.page.stage;
        const notes = (t) => words.notes(timeline.compute(t, 'bracket'), lang);
        return states.map(({ t, since }) => [...words.events({ t, since, lang }), ...notes(t)]);
    }"""
    placed = """([states, lang]) => states.map((state) => {
        camps.setFrame({ ...state, lang, width: 1920, height: 1080, scale: 0.2, relief: false });
        const { texts } = camps.describe();
        const at = Object.fromEntries(texts.map(({ layer, x, y }) => [layer, { x, y }]));
        const told = texts.filter(({ layer }) => layer === "notes");
        const notes = told.map(({ text, y }) => [text.replace(/\\d+/g, "#"), y]);
        return [at.date.y, Math.max(at.title.x, at.subtitle.x), Object.fromEntries(notes)];
    })"""
    states = [
        {"t": state["t"], "since": state["since"], "safe": True, "furniture": state["furniture"]}
        for state in plan.states
    ]
    for lang in record.current().languages:
        rows = one.page.evaluate(script, [states, lang])
        described = [
            {"frame": number, "texts": [{"layer": "", "lang": lang, "text": text, "alpha": 1} for text in told]}
            for number, told in zip(plan.numbers, rows, strict=True)
        ]
        assert not flips.find_short_texts(described, shot.rate)
        law = {"en": "Prison Law", "fr": "Loi sur les prisons", "zh": "《监狱法》", "ug": "تۈرمە قانۇنى"}[lang]
        assert sum(law in " ".join(told) for told in rows) >= 2 * shot.rate
        dates, titles, notes = zip(*one.page.evaluate(placed, [states[::95], lang]), strict=True)
        assert len(set(dates)) == 1, lang
        # A line that some chapters alone have pushes no other down.
        assert all(len({lines[text] for lines in notes if text in lines}) == 1 for lines in notes for text in lines)
        assert max(titles) < 960, f"{lang}: on the right the title would lie over Heilongjiang"


@pytest.mark.browser
def test_a_place_known_to_a_county_is_a_ring_that_holds_it(tmp_path, opened):
    one = opened(maps.write_map(maps.era_map(ground=FLAT), tmp_path / "eras.html"))
    script = """() => {
        camps.setFrame({ t: 8000, width: 1920, height: 1080, lon: 126, lat: 48.6, zoom: 8 });
        return camps.page.stage.last.placed.map(({ site, ring }) => [site.id, site.level, ring || 0, site.r95]);
    }"""
    placed = one.page.evaluate(script)
    rings = {site: (ring, r95) for site, level, ring, r95 in placed if level != "compound"}
    assert "prisons-heilongjiang-huashan-prison" in rings
    metres_per_pixel = 40_075_016.7 / (256 * 2**8)
    sites = catalogue.once("prisons").set_index("site_id")
    for site, (ring, r95) in rings.items():
        lat = sites.loc[site, "lat"] if site in sites.index else None
        if lat is not None:
            assert ring * metres_per_pixel * np.cos(np.radians(lat)) == pytest.approx(r95, rel=0.01)
    assert all(ring == 0 for _, level, ring, _ in placed if level == "compound")


@pytest.mark.browser
def test_a_look_known_to_the_month_is_shown_as_the_month(tmp_path, opened):
    series = footprints.load()
    exact, coarser, last = (series.scenes["observed_on"].iloc[i] for i in (0, 2, 3))
    month = coarser[:7]
    tables = [table.assign(observed_on=table["observed_on"].replace(coarser, month))
              for table in (series.footprints, series.looks)]  # fmt: skip
    sites = catalogue.load()
    one = opened(maps.write_map(maps.footprint_map(*tables, sites, ground=FLAT), tmp_path / "month.html"))
    stands = look_day(month)
    told = {}
    for t in (clock_day(exact), stands - 3, stands, stands + 1, clock_day(last)):
        found = one.frame(t=t, mode="bracket")
        here = sites[sites["site_id"].isin(tables[0]["site_id"])]
        shown = replace(series, footprints=tables[0], looks=tables[1])
        state = timeline.at(t, sites=here, series=shown, mode="bracket")
        _assert_same(found, state, t)
        told[t] = (found["date_shown"], " ".join(text["text"] for text in found["texts"]))
    assert told[clock_day(exact)][0] == exact
    assert "image of this day" in told[clock_day(exact)][1]
    name = f"{pd.Timestamp(coarser):%B %Y}"
    assert [told[stands + shift][0] for shift in (-3, 0)] == [month] * 2
    assert f"seen in an image of {name}" in told[stands][1]
    assert "days before" in told[stands - 3][1]
    after = told[stands + 1]
    assert after[0] == iso_day(stands + 1)
    assert f"Last image {name}" in after[1]
    assert "days before" not in after[1]
    assert told[clock_day(last)][0] == last


@pytest.mark.browser
@pytest.mark.usefixtures("_prepared_once")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "steps"), [("growth", 24), ("footprints", 8)])
def test_a_map_is_the_state_of_the_timeline_at_every_date(written, opened, name, steps, mode):
    one, sites, series = opened(written[name]), catalogue.load(), footprints.load()
    told = {"counts": catalogue.counts()} if name == "growth" else {"series": series}
    units = told["counts"]["unit"] if name == "growth" else series.footprints["site_id"]
    for t in _dates(one.page.evaluate("camps.meta"), steps=steps):
        state = timeline.at(t, sites=sites[sites["site_id"].isin(units)], mode=mode, **told)
        found = one.frame(t=t, mode=mode)
        _assert_same(found, state, f"{mode} {t}")
        if name == "footprints":
            assert _pieces(pd.DataFrame(found["pieces"])) == _pieces(state.footprints), f"{mode} {t}"


@pytest.mark.browser
@pytest.mark.usefixtures("_prepared_once")
@pytest.mark.parametrize("mode", MODES)
def test_a_value_that_is_held_no_more_is_in_no_total_of_the_page(tmp_path, opened, mode):
    sites, counts = catalogue.load(), catalogue.counts().assign(metric="prisoners")
    sites = sites[sites["site_id"].isin(counts["unit"])]
    sites["closed"] = [("2018-03" if n % 3 else None) for n in range(len(sites))]
    one = opened(maps.write_map(maps.growth_map(sites, counts), tmp_path / "m.html"))
    ended = set()
    for t in _dates(one.page.evaluate("camps.meta"), steps=16):
        found = one.frame(t=t, mode=mode)
        _assert_same(found, timeline.at(t, sites=sites, mode=mode, counts=counts), f"{mode} {t}")
        ended.add(found["n_ended"] > 0)
    assert ended == {True, False}
    texts = " ".join(entry["text"] for entry in found["texts"])
    assert ("interpolated" if mode == "illustrative" else "held from before") in texts
    assert "not added" in texts
    assert one.page.evaluate("camps.page.data.marks") == ["stale", "unknown", "zero", "closed", "lapsed"]
    assert one.complaints == []


def _pieces(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    columns = ["track_id", "footprint_id", "phase", "role", "kind", "opacity", "area_m2", "area_lo_m2", "area_hi_m2"]
    rounded = frame.reindex(columns=columns).round({"opacity": 6, "area_m2": 3, "area_lo_m2": 3, "area_hi_m2": 3})
    return sorted(tuple(row) for row in rounded.astype(object).to_numpy().tolist())


@pytest.mark.browser
def test_symbols_grow_a_little_in_every_frame(written, opened):
    """Leaflet would round radii to whole pixels; 40 frames of one month each differ."""
    one = opened(written["growth"])
    start = one.page.evaluate("camps.meta.stop_days[1]")
    radii = [one.frame(t=start + 2 + step, mode="illustrative")["points"] for step in range(40)]
    growing = [id_ for id_ in radii[0] if radii[-1][id_][2] > radii[0][id_][2] + 0.4]
    assert growing
    for id_ in growing:
        series = [frame[id_][2] for frame in radii]
        assert all(later > earlier for earlier, later in itertools.pairwise(series))


@pytest.mark.browser
def test_points_are_web_mercator_to_the_hundredth_of_a_pixel(written, opened):
    one = opened(written["growth"])
    found = one.frame(lon=88.28838889, lat=43.38383333, zoom=9.25, t="2019-08-01")
    x, y, radius = found["points"]["xj-bfn130-aspi50"]
    assert (x, y) == (pytest.approx(320, abs=0.01), pytest.approx(180, abs=0.01))
    assert radius == pytest.approx(3.6 * (68**0.5) * 0.55, abs=0.01)


@pytest.mark.browser
@pytest.mark.parametrize("name", ["growth", "footprints", "eras"])
def test_a_frame_depends_on_its_own_state_alone(written, opened, name):
    one = opened(written[name])
    other = opened(written[name])
    wanted = {"t": "2018-06-01", "mode": "bracket"}
    first = one.pixels(**wanted)
    one.pixels(t="2020-01-01", zoom=6, lon=100, lat=30, look="light", lang="ug")
    other.pixels(t="2017-04-01", width=500, height=300, background="transparent")
    assert one.pixels(**wanted) == first
    assert other.pixels(**wanted) == first


@pytest.mark.browser
def test_each_layer_can_be_drawn_alone_on_nothing(written, opened):
    one = opened(written["growth"])
    none_here = {"footprints", "outlines", "backing", "logo", "chapter", "captions"}
    layers = [name for name in passes.LAYERS if name not in none_here]
    off = dict.fromkeys(passes.LAYERS, False)
    count = """frame => { camps.setFrame(frame); const c = camps.canvas;
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; }"""
    pointed = [{"lon": 84.0, "lat": 41.0, "text": "Here", "side": "right", "alpha": 1}]
    frame = {"width": 960, "height": 540, "background": "transparent", "t": "2018-12-31", "callouts": pointed}
    assert one.page.evaluate(count, {**frame, "layers": off}) == 0
    for layer in layers:
        share = one.page.evaluate(count, {**frame, "layers": {**off, layer: True}}) / (960 * 540)
        assert share == 1 if layer == "base" and share > 0.99 else 0 < share < 1


@pytest.mark.browser
@pytest.mark.parametrize("scale", [1, 2, 1.5])
def test_the_canvas_has_the_size_asked_for(written, opened, scale):
    one = opened(written["growth"])
    one.frame(width=640, height=360, scale=scale)
    assert one.page.evaluate("[camps.canvas.width, camps.canvas.height]") == [640 * scale, 360 * scale]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"zoom": None}, "zoom is null; expected a number"),
        ({"lang": "de"}, 'no language "de"'),
        ({"look": "sepia"}, 'no look "sepia"'),
        ({"mode": "guess"}, 'no mode "guess"'),
        ({"t": "soon"}, '"soon" is not a date'),
    ],
)
def test_a_wrong_frame_is_refused_by_name(written, opened, frame, message):
    one = opened(written["growth"])
    with pytest.raises(Exception, match=re.escape(message)):
        one.frame(**frame)


@pytest.mark.browser
def test_the_slider_moves_the_picture_by_mouse_and_by_keyboard(written, opened):
    one = opened(written["growth"])
    now = "camps.page.state.t"
    slider = one.page.locator(".camps-slider")
    box = slider.bounding_box()
    assert box is not None
    before = one.page.screenshot()
    one.page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2)
    clicked = one.page.evaluate(now)
    assert clicked < one.page.evaluate("camps.meta.t_max") - 300
    assert one.page.screenshot() != before
    slider.press("ArrowRight")
    assert one.page.evaluate(now) == pytest.approx(clicked + 30)
    slider.press("Home")
    slider.press(".")
    assert one.page.evaluate(now) == one.page.evaluate("camps.meta.stop_days[0]")
    slider.press(",")
    assert one.page.evaluate(now) == one.page.evaluate("camps.meta.t_min")
    slider.press("End")
    assert one.page.evaluate(now) == one.page.evaluate("camps.meta.t_max")
    assert one.complaints == []


@pytest.mark.browser
def test_uncertainty_and_relief_are_switched_by_hand(written, opened):
    one = opened(written["growth"])
    for name, at_first in (("uncertainty", "false"), ("relief", "true")):
        button = one.page.locator(f".camps-{name}")
        assert button.get_attribute("aria-pressed") == at_first
        one.page.evaluate(
            "zoom => { camps.page.map.setView([43.384, 88.288], zoom); }", 13 if name == "uncertainty" else 5
        )
        picture = one.page.evaluate("camps.canvas.toDataURL()")
        button.click()
        assert button.get_attribute("aria-pressed") != at_first
        assert one.page.evaluate("camps.canvas.toDataURL()") != picture
        button.click()
        assert one.page.evaluate("camps.canvas.toDataURL()") == picture


@pytest.mark.browser
def test_layers_that_others_add_are_credited(opened, tmp_path):
    map_ = maps.site_map(ground=maps.Ground(online=True))
    folium.TileLayer("https://tiles.example.org/{z}/{x}/{y}.png", attr="© <b>Example</b>").add_to(map_)
    one = opened(maps.write_map(map_, tmp_path / "tiles.html"))
    assert one.page.evaluate("camps.page.frame().credits") == ["© Example"]
    assert one.complaints
    assert all("tiles.example.org" in text or "ERR_FAILED" in text for text in one.complaints)


def _touched(shown: dict[str, Any]) -> list[str]:
    """Return the names of towns that are written upon a symbol."""
    towns = [text for text in shown["labels"] if text["size"] in (17, 18)]
    assert len(towns) >= 8
    return [text["text"] for text in towns for x, y, r in shown["points"].values() if _reach(text, x, y) < r - 1]


def _reach(text: dict[str, Any], x: float, y: float) -> float:
    top, foot = text["y"] + 0.2 * text["size"], text["y"] + text["size"]
    dx = max(text["x"] - x, 0, x - text["x"] - text["w"])
    return float(np.hypot(dx, max(top - y, 0, y - foot)))


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "fr", "zh", "ug"])
def test_names_of_towns_stand_beside_symbols_at_every_date(written, opened, lang):
    one = opened(written["growth"])
    days = _dates(one.page.evaluate("camps.meta"), steps=7)
    shown = [one.frame(t=day, lang=lang, width=1920, height=1080) for day in days]
    assert {name for state in shown for name in _touched(state)} == set()


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "fr", "zh", "ug"])
@pytest.mark.parametrize("name", ["growth", "footprints", "eras"])
def test_every_character_drawn_comes_from_the_fonts_inside(written, opened, name, lang):
    """A character that only the machine's fonts have is another picture on another machine."""
    there = {code for face in fonts.FACES for code in TTFont(house_fonts.font_path(face.file)).getBestCmap()}
    one = opened(written[name])
    meta = one.page.evaluate("camps.meta")
    shown = [one.frame(t=day, lang=lang, mode=mode) for mode in MODES for day in _dates(meta, steps=3)]
    drawn = {sign for state in shown for text in state["texts"] + state["labels"] for sign in text["text"]}
    assert {sign for sign in drawn if not sign.isspace() and ord(sign) not in there} == set()


@pytest.mark.browser
def test_groups_never_touch_at_any_zoom(written, opened):
    """Rings that say how many stay apart: a reader sees every number whole."""
    one = opened(written["sites"])
    script = """zoom => { const s = camps.page.stage.symbols; const k = 256 * 2 ** zoom;
        return s.groups(zoom).map((m) => [m.length, ...s.centre(m).map((c) => c * k)]); }"""
    for zoom in np.arange(2, 12, 0.5):
        groups = one.page.evaluate(script, float(zoom))
        assert sum(n for n, _, _ in groups) == len(catalogue.load())
        for (n, x, y), (m, x2, y2) in itertools.combinations([g for g in groups if g[0] > 1], 2):
            assert np.hypot(x - x2, y - y2) > 22 + 2.6 * (n**0.5 + m**0.5), f"zoom {zoom}"


@pytest.mark.browser
def test_playing_reaches_later_dates_and_stops(written, opened):
    one = opened(written["growth"])
    one.page.locator(".camps-slider").press("Home")
    one.page.locator(".camps-play").click()
    one.page.wait_for_function("camps.page.state.t > camps.meta.t_min + 20")
    one.page.locator(".camps-play").click()
    stopped = one.page.evaluate("camps.page.state.t")
    one.page.wait_for_timeout(200)
    assert one.page.evaluate("camps.page.state.t") == stopped < one.page.evaluate("camps.meta.t_max")


@pytest.mark.browser
def test_chapters_are_steps_of_the_era_map(written, opened):
    one = opened(written["eras"])
    slider = one.page.locator(".camps-slider")
    slider.press("Home")
    for start in ("1938-01-01", "1949-10-01", "1958-01-01"):
        slider.press("]")
        assert one.page.evaluate("camps.page.state.t") == clock_day(start)
    slider.press("[")
    assert one.page.evaluate("camps.page.state.t") == clock_day("1949-10-01")


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "fr", "zh", "ug"])
def test_each_language_is_drawn_and_tagged(written, opened, lang):
    one = opened(written["growth"])
    one.page.locator(".camps-lang").select_option(lang)
    root = one.page.locator(".camps-page")
    assert root.get_attribute("lang") == languages.table()[lang]["tag"]
    assert root.get_attribute("dir") == ("rtl" if lang == "ug" else "ltr")
    one.page.evaluate(f"camps.ready(['{lang}'])")
    missing = one.frame(lang=lang, zoom=9)["missing_words"]
    # Only names of sites that nobody has published in that language fall back; the page's own words never do.
    names = set(catalogue.load()["name_en"])
    assert {word.split(":", 1)[1] for word in missing} <= names
    assert one.complaints == []


@pytest.mark.browser
def test_popups_show_what_is_known_of_ten_sites(written, opened):
    one = opened(written["growth"])
    sites = catalogue.load().set_index("site_id")
    ids = one.page.evaluate("camps.page.data.sites.map((site) => site.id)")
    for number in range(10):
        one.page.evaluate(SHOW_SITE, number)
        card = one.page.locator(".camps-card")
        text = card.inner_text()
        row = sites.loc[ids[number]]
        assert str(row["name_en"]) in text
        assert f"{row['lat_published']}, {row['lon_published']}" in text
        assert "± 130 m" in text
        assert "Not verified on the ground" in text
        assert card.locator("a").get_attribute("href") == row["coord_source_url"]
    assert one.complaints == []


@pytest.mark.browser
def test_a_click_on_a_symbol_opens_its_card(written, opened):
    one = opened(written["growth"])
    point = one.page.evaluate(
        "(() => { const d = camps.page.stage.describe().points['xj-bfn967-aspi214'];"
        " const b = camps.page.map.getContainer().getBoundingClientRect(); return [b.left + d[0], b.top + d[1]]; })()"
    )
    one.page.mouse.click(*point)
    assert "Qiemo - III" in one.page.locator(".camps-card").inner_text()


@pytest.mark.browser
def test_data_of_another_version_is_refused_in_one_line(written, browser, tmp_path):
    path = tmp_path / "later.html"
    path.write_text(written["sites"].read_text("utf-8").replace('"version":1', '"version":2'), "utf-8")
    page = browser.new_page()
    with page.expect_event("pageerror") as refused:
        page.goto(path.as_uri())
    assert str(refused.value) == "camps: this page holds data of version 2, expected 1; make the map again"
    page.close()


def test_hostile_names_are_text(opened, tmp_path):
    sites = catalogue.load()
    sites["name_en"] = sites["name_en"].where(sites.index != 0, HOSTILE)
    sites["coord_source_url"] = sites["coord_source_url"].where(sites.index != 0, "javascript:window.hacked=1")
    one = opened(maps.write_map(maps.growth_map(sites), tmp_path / "hostile.html"))
    one.page.evaluate(SHOW_SITE, 0)
    card = one.page.locator(".camps-card")
    assert card.locator("h3").inner_text() == HOSTILE.strip()
    assert card.locator("img, script, a").count() == 0
    one.frame(zoom=12, lon=88.288, lat=43.384)
    assert one.page.evaluate("window.hacked === undefined")
    assert one.complaints == []


@pytest.mark.browser
def test_a_comparison_shows_both_dates_and_its_divider_moves(written, opened):
    one = opened(written["compare"])
    found = one.page.evaluate("camps.page.stage.describe()")
    assert (found["before"]["date_shown"], found["date_shown"]) == ("2017-03-02", "2020-06-02")
    assert found["before"]["total"] == 0
    assert found["total"] > 200_000
    before = one.page.evaluate("camps.canvas.toDataURL()")
    one.page.locator(".camps-divider").press("ArrowRight")
    assert one.page.evaluate("camps.page.split") == pytest.approx(0.52)
    assert one.page.evaluate("camps.canvas.toDataURL()") != before


def _write_scene(path: Path, level: int) -> Path:
    """Write a small picture of one grey over the Dabancheng site, in UTM 45N."""
    grid = {"crs": "EPSG:32645", "transform": Affine(50, 0, 603500, 0, -50, 4804500)}
    with rasterio.open(path, "w", driver="GTiff", width=40, height=30, count=3, dtype="uint8", **grid) as raster:
        raster.write(np.full((3, 30, 40), level, dtype=np.uint8))
    return path


@pytest.mark.browser
def test_each_date_shows_its_own_satellite_picture(opened, tmp_path):
    rows = [("2017-03-02", 40), ("2018-04-29", 220)]
    scenes = pd.DataFrame(
        [
            {"observed_on": day, "path": _write_scene(tmp_path / f"{day}.tif", level), "licence": "test"}
            for day, level in rows
        ]
    )
    one = opened(maps.write_map(maps.footprint_map(scenes=scenes), tmp_path / "scenes.html"))
    script = """frame => { camps.setFrame(frame); const { width, height } = camps.canvas;
        return [...camps.canvas.getContext('2d').getImageData(width / 2, height / 2, 1, 1).data].slice(0, 3); }"""
    frame = {"width": 400, "height": 300, "lon": 88.2835, "lat": 43.3765, "zoom": 15}
    only_base = dict.fromkeys(passes.LAYERS[1:], False)
    for day, level in [("2017-03-02", 40), ("2018-04-28", 40), ("2018-04-29", 220), ("2020-01-01", 220)]:
        found = one.page.evaluate(script, {**frame, "t": day, "layers": only_base})
        assert found == pytest.approx([level] * 3, abs=6), day
    assert {"text": "test"} in one.page.evaluate("camps.meta.attribution")


def test_a_scene_without_coordinates_or_file_is_refused_by_name(tmp_path):
    scenes = pd.DataFrame([{"observed_on": "2018", "path": tmp_path / "none.tif", "licence": "test"}])
    with pytest.raises(MissingError, match=r"none\.tif: no such file"):
        maps.footprint_map(scenes=scenes)
    with pytest.raises(InputError, match="column licence"):
        maps.footprint_map(scenes=scenes.drop(columns="licence"))
    (tmp_path / "none.tif").write_text("no raster")
    with pytest.raises(InputError, match="cannot be read as a raster"):
        maps.footprint_map(scenes=scenes)


def _with_plugins(map_: folium.Map) -> folium.Map:
    folium.Marker([43.8, 87.6], popup="Ürümqi", icon=folium.Icon(color="red", icon="info-sign")).add_to(map_)
    folium.CircleMarker([39.5, 76.0], radius=12, tooltip="Kashgar").add_to(map_)
    folium.plugins.Draw().add_to(map_)
    folium.plugins.MeasureControl().add_to(map_)
    folium.plugins.HeatMap([[43.8, 87.6, 1.0], [39.5, 76.0, 0.5]]).add_to(map_)
    folium.plugins.MarkerCluster([[43.8, 87.6], [43.9, 87.7]]).add_to(map_)
    folium.plugins.Fullscreen().add_to(map_)
    folium.plugins.MousePosition().add_to(map_)
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [80.0, 41.0]},
        "properties": {"times": ["2018-01-01"], "icon": "circle"},
    }
    folium.plugins.TimestampedGeoJson({"type": "FeatureCollection", "features": [feature]}, period="P1M").add_to(map_)
    folium.LayerControl().add_to(map_)
    return map_


@pytest.mark.browser
def test_other_folium_layers_and_plugins_work_offline(opened, tmp_path):
    one = opened(maps.write_map(_with_plugins(maps.growth_map()), tmp_path / "plugins.html"))
    controls = (
        ".leaflet-draw",
        ".leaflet-control-measure",
        ".leaflet-heatmap-layer",
        ".leaflet-bar-timecontrol, .timecontrol-play",
        ".awesome-marker",
        ".leaflet-control-layers",
    )
    for selector in controls:
        assert one.page.locator(selector).count() > 0, selector
    assert one.complaints == []


def test_a_map_with_plugins_is_the_same_bytes():
    first, again = (page.html_text(_with_plugins(maps.growth_map())) for _ in range(2))
    assert first == again


@pytest.mark.browser
@pytest.mark.parametrize("name", MAKERS)
def test_fits_a_telephone(written, opened, name):
    one = opened(written[name], width=390, height=844)
    overflow = one.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0
    one.page.locator(".camps-settings").click()
    assert one.page.locator(".camps-lang").is_visible()
    assert one.complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_a_plate_has_its_size_on_paper_and_the_same_bytes_twice(tmp_path, suffix):
    map_ = maps.growth_map(words=maps.Words(look="light"))
    one, other = (
        maps.write_plate(map_, tmp_path / f"{name}{suffix}", width_mm=120, height_mm=90, dpi=150, t="2019-12-31")
        for name in ("one", "other")
    )
    assert one.read_bytes() == other.read_bytes()
    if suffix == ".png":
        with Image.open(one) as picture:
            assert picture.size == (709, 531)
            assert picture.info["dpi"] == (pytest.approx(150, abs=0.02), pytest.approx(150, abs=0.02))
    elif suffix == ".svg":
        root = ElementTree.parse(one).getroot()
        assert (root.get("width"), root.get("height")) == ("120mm", "90mm")
        assert "Ürümqi" in {node.text for node in root.iter("{http://www.w3.org/2000/svg}text")}
        assert not re.search(r"(href|src)=\"https?:", one.read_text(encoding="utf-8"))
    else:
        box = PdfReader(one).pages[0].mediabox
        assert float(box.width) / 72 * 25.4 == pytest.approx(120, abs=0.3)


@pytest.mark.browser
def test_a_plate_with_a_title_that_xml_cannot_hold_opens_all_the_same(tmp_path):
    words = maps.Words(title="Camp\x0b7 \x01 & <gate>\uffff")
    plate = maps.write_plate(maps.site_map(words=words, ground=maps.Ground(relief=False)), tmp_path / "plate.svg")
    assert "Camp 7 & <gate>" in " ".join("".join(ElementTree.parse(plate).getroot().itertext()).split())


@pytest.mark.parametrize("size", [(254, 142.875), (200, 150), (150, 200), (400, 100)])
def test_a_plate_of_any_shape_holds_all_that_the_map_shows(size):
    map_ = maps.site_map()
    west, south, east, north = map_.payload["view"]["bounds"]
    frame = plates._frame_of(map_, *size, 300)
    world_px = 256 * 2 ** frame["zoom"]
    assert (east - west) / 360 * world_px < frame["width"] - 300
    assert (payload._unit_y(south) - payload._unit_y(north)) * world_px < frame["height"] - 300


def test_a_plate_of_another_kind_or_size_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"plates are written as \.png, \.svg or \.pdf"):
        maps.write_plate(maps.site_map(), tmp_path / "plate.jpg")
    with pytest.raises(InputError, match="expected sizes above 0"):
        maps.write_plate(maps.site_map(), tmp_path / "plate.png", width_mm=0)


@pytest.mark.browser
def test_the_command_line_writes_plates(tmp_path, capsys):
    path = tmp_path / "plate.svg"
    asked = ["map", "footprints", "--when", "2018-06-10", "--size", "200x100", "--lang", "fr", "--look", "light"]
    assert cli.run([*asked, "--out", str(path)]) == 0
    words = "".join(ElementTree.parse(path).getroot().itertext())
    assert "10 juin 2018" in words
    assert "Copernicus Sentinel" in " ".join(words.split())
    assert cli.run(["map", "sites", "--size", "200x100", "--out", str(tmp_path / "a.html")]) == 2
    assert "--when and --size are for plates" in capsys.readouterr().err


@pytest.mark.browser
def test_the_film_page_and_the_page_at_hand_are_one_picture(written, opened):
    one = opened(written["growth"], width=1280, height=800)
    own = one.page.evaluate("camps.canvas.toDataURL()")
    frame = json.loads(one.page.evaluate("JSON.stringify(camps.page.frame())"))
    assert one.pixels(**frame) == own
    one.page.evaluate("camps.resume()")
    assert one.page.evaluate("camps.canvas.toDataURL()") == own


def test_a_notebook_shows_the_same_text_for_the_same_map() -> None:
    sites = catalogue.load().head(5)
    assert maps.site_map(sites)._repr_html_() == maps.site_map(sites)._repr_html_()


def test_a_raster_is_drawn_in_its_own_red_green_and_blue(tmp_path):
    path = tmp_path / "bands.tif"
    grid = {"crs": "EPSG:32645", "transform": rasterio.Affine(5, 0, 602550, 0, -5, 4804700), "dtype": "uint8"}
    with rasterio.open(
        path, "w", driver="GTiff", width=60, height=60, count=4, photometric="minisblack", **grid
    ) as raster:
        for band, (name, level) in enumerate([("B02", 30), ("B03", 90), ("B04", 200), ("B08", 250)], 1):
            raster.write(np.full((60, 60), level, np.uint8), band)
            raster.set_band_description(band, name)
    (entry,) = scenes.scene_entries(pd.DataFrame([{"observed_on": "2020-06-02", "path": path, "licence": "test"}]))
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(entry["source"].split(",")[1]))).convert("RGBA"))
    assert picture[30, 30].tolist() == pytest.approx([200, 90, 30, 255], abs=4)
    assert picture[1, 30, 3] < 200


def test_pictures_that_are_to_be_matched_have_one_mean_and_spread():
    noise = np.random.default_rng(1).normal(0, 1, (40, 40, 3))
    levels = [(60, 5), (90, 10), (120, 20)]
    bands = [np.dstack([np.clip(level + spread * noise, 0, 255), np.full((40, 40), 255)]) for level, spread in levels]
    alike = scenes._matched([one.astype(np.uint8) for one in bands], [True, True, True])
    for one in alike:
        assert one[..., :3].mean() == pytest.approx(90, abs=1)
        assert one[..., :3].std() == pytest.approx(10, abs=0.5)
    assert (scenes._matched(alike, [False] * 3)[0] == alike[0]).all()


def test_licences_of_scenes_that_differ_in_their_year_are_one():
    said = ["data 2018", "© somebody", "data 2017", "data 2018"]
    assert scenes.credits_of(pd.DataFrame({"licence": said})) == ["data 2017, 2018", "© somebody"]
