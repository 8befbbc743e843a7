"""The document: a tagged PDF and a page with the same words, names set right, nothing missing, nothing fetched."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import html5rdf
import pandas as pd
import pypdf
import pytest
import requests
import rocrate
from axe_playwright_python.sync_playwright import Axe
from csvw import CSVW
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page
from rdflib.plugins.sparql import processor
from requests_cache import CachedSession
from rocrate_validator import models, services
from urllib3 import HTTPResponse

from camps import catalogue, files, fonts, settings
from camps.appendix import bag, blocks, claims, content, document, front, readings, schemas
from camps.appendix.evidence import Evidence
from camps.errors import InputError, MissingError, RenderError

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@pytest.fixture(scope="module")
def payload(default_package: Path) -> Path:
    """Return what the default edition holds, with a dossier of each kind."""
    return default_package / "data"


@pytest.fixture(scope="module")
def pdf(payload: Path) -> pypdf.PdfReader:
    return pypdf.PdfReader(payload / "appendix.pdf")


@dataclass(frozen=True)
class Read:
    """A page of the PDF as read once: its text, and each piece of it with its place in points from below left."""

    text: str
    pieces: list[tuple[str, float, float]]
    width: float
    height: float


@pytest.fixture(scope="module")
def pages(pdf: pypdf.PdfReader) -> list[Read]:
    return [_read(page) for page in pdf.pages]


def _read(page: pypdf.PageObject) -> Read:
    pieces: list[tuple[str, float, float]] = []
    text = page.extract_text(visitor_text=partial(_note_place, pieces))
    return Read(text, pieces, float(page.mediabox.width), float(page.mediabox.height))


def _note_place(places: list[tuple[str, float, float]], *drawn: Any) -> None:
    text, cm, tm = drawn[:3]
    if text.strip():
        places.append((text, tm[4] * cm[0] + cm[4], tm[5] * cm[3] + cm[5]))


@pytest.fixture(scope="module")
def printed(pages: list[Read]) -> str:
    """Return the text of the PDF with all white space as single spaces."""
    return " ".join(" ".join(page.text for page in pages).split())


@pytest.fixture(scope="module")
def page(payload: Path) -> str:
    return (payload / "appendix.html").read_text("utf-8")


def test_three_readers_of_the_film_find_their_answers_in_the_pdf(printed: str) -> None:
    # How many camps are mapped in Xinjiang, and by whom?
    assert re.search(r"380 suspected places were mapped by ASPI.{1,40}BuzzFeed News found 347 compounds", printed)
    # What does "over 50 million" rest on?
    assert re.search(r"rests on one author.s estimate, Wu 1997", printed)
    # Which laogai were under an import ban in 1995?
    assert re.search(r"all 18 of these orders stand before the end of 1995, 6 of them of that year", printed)
    bans = catalogue.events()
    bans = bans[bans["kind"].eq("import ban") & bans["date"].lt("1996")]
    letters = re.sub(r"[\W_]", "", printed)  # names are parted at the ends of lines
    assert [name for name in bans["entity"] if re.sub(r"[\W_]", "", name) not in letters] == []
    # How each event was read, at its row.
    assert printed.count("read in a copy; to be checked against the page") >= len(catalogue.events())


# --- PDF ------------------------------------------------------------------------------------------------------------


def test_the_pdf_is_tagged_titled_and_declares_pdf_ua_and_pdf_a(pdf: pypdf.PdfReader) -> None:
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"].value is True
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    metadata = root["/Metadata"].get_data().decode("utf-8")
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert pdf.metadata is not None
    assert str(pdf.metadata.title).startswith("Evidence appendix. Published sites")
    assert pdf.metadata.creation_date is not None
    assert pdf.metadata.creation_date.year == 1970


def _elements(node: object) -> Iterator[pypdf.generic.DictionaryObject]:
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for child in node:
            yield from _elements(child)
    elif isinstance(node, dict):
        if "/S" in node:
            yield node
        if "/K" in node:
            yield from _elements(node["/K"])


def test_the_tags_name_headings_tables_figures_and_notes(pdf: pypdf.PdfReader) -> None:
    elements = list(_elements(pdf.trailer["/Root"]["/StructTreeRoot"]))
    kinds = {element["/S"] for element in elements}
    assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/Figure", "/Caption", "/L", "/LI", "/TOC", "/Link"} <= kinds
    figures = [element for element in elements if element["/S"] == "/Figure"]
    assert len(figures) >= 8
    assert all(len(str(figure["/Alt"])) > 20 for figure in figures)
    heads = [element for element in elements if element["/S"] == "/TH"]
    assert all("/A" in head for head in heads)


def test_every_font_is_embedded(pdf: pypdf.PdfReader) -> None:
    for page in pdf.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            described = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(described.get_object())


def test_pages_are_numbered_and_carry_a_running_head(pages: list[Read]) -> None:
    for number, page in enumerate(pages[1:], start=2):
        assert f"Page {number} of {len(pages)}" in page.text
        assert "Evidence appendix" in page.text


def test_nothing_is_printed_outside_the_page(pages: list[Read]) -> None:
    for number, page in enumerate(pages, start=1):
        assert page.pieces
        for text, x, y in page.pieces:
            assert 30 < x < page.width - 30, (number, text)
            assert 20 < y < page.height - 20, (number, text)


def test_every_claim_stands_in_the_pdf_with_its_numbers(printed: str) -> None:
    squeezed = printed.replace(" ", "").replace("-", "")
    for claim in claims.read_claims():
        assert claim.sentence.replace(" ", "").replace("-", "") in squeezed, claim.id
    assert printed.count("not checked in this build: source not at hand") >= 6


@pytest.mark.parametrize("name", ["秦城监狱", "马三家劳教所", "新疆维吾尔自治区", "达坂城区", "관리소"])
def test_names_are_set_and_not_lost(printed: str, page: str, name: str) -> None:
    assert name in page
    assert name in printed.replace(" ", "")


def test_uyghur_is_set_from_right_to_left_in_its_own_font(pdf: pypdf.PdfReader, page: str) -> None:
    assert '<bdi lang="ug" dir="rtl">شىنجاڭ ئۇيغۇر ئاپتونوم رايونى</bdi>' in page
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in pdf.pages
        for font in page["/Resources"].get("/Font", {}).values()
    }
    assert any("CampsArabic" in font for font in fonts)
    assert any("CampsChineseSerif" in font for font in fonts)


def test_no_sign_is_printed_as_a_missing_one(pdf: pypdf.PdfReader, printed: str) -> None:
    assert "\ufffd" not in printed
    assert ".notdef" not in printed


def test_what_it_must_say_it_says(printed: str, page: str) -> None:
    for said in (
        "Not verified on the ground", "A place without a mark is not a place without a camp",
        "it holds no data on individual persons", "sha256sum -c manifest-sha256.txt", "Offset in GCJ-02",
    ):  # fmt: skip
        assert said in printed
        assert said in page
    for never in ("court-admissible", "admissible in court"):
        assert never not in printed


def test_the_summary_fills_one_page_and_stands_first(pages: list[Read]) -> None:
    third, fourth = (" ".join(pages[number].text.split()) for number in (2, 3))
    assert "1 Summary What is claimed" in third
    assert "Write to the repository of the project" in third
    assert "2 Definitions" in fourth


def _lowest(page: Read) -> float:
    """Return how far up the page its last line stands, the foot left out, as a share of its height."""
    return min(share for share in (y / page.height for _, _, y in page.pieces) if share > 0.09)


def test_no_page_is_left_half_empty_but_before_a_page_turned_sideways_and_at_the_end(pages: list[Read]) -> None:
    for number, (page, after) in enumerate(pairwise(pages[1:]), start=2):
        turned = {one.width > one.height for one in (page, after)}
        assert turned != {False} or _lowest(page) < 0.5, number


_IN_FILE = re.compile(r"In `([^`]+\.csv)`.*? the row (.*?) says (.*?)[.:]? *(?:over |The |$)")
_PAIR = re.compile(r"whose `([^`]+)` is `([^`]+)`")
_CELL = re.compile(r"`([^`]+)` under `([^`]+)`")


def _printed_steps(page: str) -> list[str]:
    """Return the steps of the example as a reader sees them, with what is set as code between backticks."""
    (way,) = re.findall(r"<ol.*?</ol>", page.partition('id="example"')[2].partition("</section>")[0], re.DOTALL)
    marked = (re.sub(r"</?code>", "`", one) for one in re.findall(r"<li>(.*?)</li>", way, re.DOTALL))
    return [html.unescape(re.sub(r"<[^>]+>", "", one)) for one in marked]


def _row_of(path: Path, named: list[tuple[str, str]]) -> dict[str, str]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        (row,) = [row for row in csv.DictReader(stream) if all(row[name] == said for name, said in named)]
    return row


def test_dossiers_begin_below_the_heading_of_their_chapter(pages: list[Read]) -> None:
    texts = [" ".join(page.text.split()) for page in pages[2:]]
    (first,) = [text for text in texts if "What is said of one site holds for that site alone" in text]
    assert "13.1 Dabancheng - I" in first


@pytest.mark.mirror
def test_who_has_only_the_zip_gets_from_the_frame_to_the_cell_of_the_list_in_under_ten_steps(
    default_package: Path, tmp_path: Path, mirror: Path
) -> None:
    """The printed steps are taken one by one, with no program of the suite and no film; the mirror is the download."""
    with zipfile.ZipFile(bag.write_zip(default_package, tmp_path / "x.zip")) as archive:
        archive.extractall(tmp_path / "empty")
    (root,) = (tmp_path / "empty").iterdir()
    steps = _printed_steps((root / "data" / "appendix.html").read_text("utf-8"))
    assert len(steps) < 10
    assert steps[0].startswith(
        "Frame 1050 of the shot `xinjiang`, timecode 01:00:01:24, says “2017” and “233 buildings”"
    )
    row: dict[str, str] = {}
    fetched, read = Path(), []
    for step in steps[1:-1]:
        if found := _IN_FILE.search(step):
            path = fetched if found[1] == fetched.name else root / found[1]
            row = _row_of(path, _PAIR.findall(found[2]))
            told = [(name, said) for said, name in _CELL.findall(found[3])]
            assert told
            assert [(name, row[name]) for name, _ in told] == told, step
            read.append(path.name)
        elif found := re.search(r"Under `(\w+)`.* One of them is `([^`]+)`", step):
            assert found[2] in row[found[1]].split()
        else:
            url, total = re.findall(r"https:\S+(?=;)", step) + re.findall(r"SHA-256 is `(\w+)`", step)
            fetched = mirror / "aspi-xjdp-v1" / url.rpartition("/")[2]
            assert hashlib.sha256(fetched.read_bytes()).hexdigest() == total
    assert read == ["film_frames.csv", "counts.csv", "gazetteer.csv", "CampDataset_v1.csv"]
    assert row["Number of Buildings in 2017"] == "9"
    with (root / "data" / "tables" / "counts.csv").open(encoding="utf-8") as stream:
        of_year = [float(one["value"]) for one in csv.DictReader(stream) if one["date_edtf"] == "2017" and one["value"]]
    assert f"The `value` of all rows of 2017 adds up to {sum(of_year):.0f}." in steps[3]


@pytest.mark.parametrize(
    ("told", "match"),
    [
        ({"frame": 900}, r"frame 900 of the shot xinjiang: no such frame, expected one of 1001-1600"),
        (
            {"site": "xj-bfn130-aspi50"},
            r"frame 1050 .*: shows 2017, for which there is not a count of xj-bfn130-aspi50",
        ),
    ],
)
def test_an_example_that_shows_no_count_is_refused_by_its_frame(
    told: dict[str, Any], match: str, payload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = front.prose()
    monkeypatch.setattr(front, "prose", lambda: ours | {"example": ours["example"] | told})
    frames = schemas.read_record(payload / "tables" / "film_frames.csv")
    with pytest.raises(InputError, match=match):
        _ = front.example_shot(["xj-bfn141-aspi334", "xj-bfn130-aspi50"]), front.build_example(Evidence(), frames)


# --- HTML -----------------------------------------------------------------------------------------------------------


def test_the_page_is_valid_html(page: str) -> None:
    parser = html5rdf.HTMLParser(strict=False)
    parser.parse(page)
    assert parser.errors == []


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.images: list[str | None] = []
        self.levels: list[int] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [str(given["id"])] if "id" in given else []
        self.links += [str(given["href"])] if tag == "a" else []
        self.loaded += [str(given[name]) for name in ("src", "srcset") if name in given]
        self.loaded += [str(given["href"])] if tag == "link" else []
        if tag == "img":
            self.images.append(given.get("alt"))
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(page: str) -> None:
    read = _Page()
    read.feed(page)
    assert read.open == []
    assert len(read.ids) == len(set(read.ids))
    assert all(link[1:] in read.ids for link in read.links if link.startswith("#"))
    assert all(address.startswith("data:") for address in read.loaded)
    assert len(read.images) >= 8
    assert all(read.images)
    assert all(after <= before + 1 for before, after in zip(read.levels, read.levels[1:], strict=False))
    assert not re.search(r"@import|url\(|<script|<iframe", page)


def test_both_editions_say_the_same(page: str, printed: str) -> None:
    text = re.sub(r"<(style|title|nav|figcaption|sup|caption)\b.*?</\1>", " ", page, flags=re.S)
    text = re.sub(r"<[^>]+>", " ", text)
    words = set(re.findall(r"[A-Za-z]{7,}", text))
    missing = {word for word in words if word not in printed.replace("-\u200b", "").replace(" ", "").replace("-", "")}
    assert not missing - {"Footnotes", "Footnote"}, sorted(missing)[:20]


#: Words of letters alone, outside addresses and names of files, that stand on more than one line.
BROKEN_WORDS = r"""() => {
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const [broken, range] = [[], document.createRange()];
    while (walk.nextNode()) {
        for (const word of walk.currentNode.data.matchAll(/(?<![^\s(“])[A-Za-z]{2,18}(?=[\s,.;:)”]|$)/g)) {
            range.setStart(walk.currentNode, word.index);
            range.setEnd(walk.currentNode, word.index + word[0].length);
            const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
            if (lines.size > 1) broken.push(word[0]);
        }
    }
    return broken;
}"""


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (820, "light"), (1440, "dark")])
def test_the_page_is_usable_at_three_widths_and_by_keyboard(
    payload: Path, browser: Browser, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    tab = context.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto((payload / "appendix.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate(BROKEN_WORDS) == []
    violations = Axe().run(tab).response["violations"]
    assert not violations, [(found["id"], found["nodes"][0]["target"]) for found in violations]
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the text"
    tab.keyboard.press("Enter")
    assert tab.evaluate("location.hash") == "#summary"
    _tab_to(tab, "[role=region]")
    _tab_to(tab, "[role=doc-noteref]")
    tab.keyboard.press("Enter")
    assert tab.evaluate("location.hash") == "#note-1"
    _tab_to(tab, "[href='#ref-1']")
    tab.keyboard.press("Enter")
    assert tab.evaluate("location.hash") == "#ref-1"
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    context.close()


def _tab_to(tab: Page, wanted: str) -> None:
    """Press the tab key until what is wanted has the focus, which must be to be seen."""
    for _ in range(100):
        tab.keyboard.press("Tab")
        if tab.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            return
    raise AssertionError(f"no {wanted} is reached by keyboard")


# --- RO-Crate -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def offline_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold the JSON-LD context that rocrate carries where the validator looks for it, so that it asks no network."""
    context = (Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_bytes()
    url = "https://w3id.org/ro/crate/1.3/context"
    folder = tmp_path_factory.mktemp("roc") / "http"
    headers = {"Content-Type": "application/ld+json"}
    response = requests.Response()
    response.status_code, response.url, response._content = 200, url, context
    response.request = requests.Request("GET", url).prepare()
    response.raw = HTTPResponse(
        io.BytesIO(context), headers=headers, status=200, preload_content=False, request_url=url
    )
    response.headers.update(headers)
    with CachedSession(cache_name=str(folder), backend="sqlite", expire_after=-1) as session:
        session.cache.save_response(response)
    return folder


@pytest.fixture
def parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parse a question once: the validator parses it anew for each entity, which was nine tenths of its time."""
    ask = processor.SPARQLProcessor.query

    @cache
    def prepared(question: str, namespaces: tuple[tuple[str, Any], ...], base: str | None) -> Any:
        return processor.prepareQuery(question, dict(namespaces), base)

    def query(
        self: Any, question: str, bindings: Any = None, namespaces: Any = None, base: Any = None, *rest: Any
    ) -> Any:
        known = prepared(question, tuple((namespaces or {}).items()), base)
        return ask(self, known, bindings, namespaces, base, *rest)

    monkeypatch.setattr(processor.SPARQLProcessor, "query", query)


@pytest.mark.usefixtures("parsed_once")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("profile", "unmet"),
    [
        # No registry of research organisations names the project, and it claims no name there.
        ("ro-crate-1.3", {"An Organization entity SHOULD have a ROR identifier as its @id"}),
        # The profile itself asks for 1.1 and for nothing that 1.3 has not; of its own checks all pass.
        ("process-run-crate-0.5", {"The RO-Crate metadata file descriptor MUST have a `conformsTo` property with the"}),
    ],
)
def test_the_description_passes_what_the_profile_requires_and_recommends(
    payload: Path, offline_cache: Path, profile: str, unmet: set[str]
) -> None:
    severity = models.Severity.RECOMMENDED
    settings = services.ValidationSettings(
        rocrate_uri=str(payload), profile_identifier=profile, requirement_severity=severity, offline=True,
        cache_path=offline_cache,
    )  # fmt: skip
    said = {str(issue.message) for issue in services.validate(settings).get_issues(severity)}
    assert len(said) == len(unmet), said
    assert all(any(one.startswith(known) for one in said) for known in unmet), said


def test_the_description_names_every_file_and_what_made_it(payload: Path) -> None:
    graph = {entity["@id"]: entity for entity in json.loads((payload / "ro-crate-metadata.json").read_text())["@graph"]}
    present = {path.relative_to(payload).as_posix() for path in payload.rglob("*") if path.is_file()}
    assert present - {"ro-crate-metadata.json"} == {part["@id"] for part in graph["./"]["hasPart"]}
    actions = [entity for entity in graph.values() if entity["@type"] == "CreateAction"]
    made = {result["@id"] for action in actions for result in action["result"]}
    assert {"appendix.pdf", "appendix.html", "tables/claims.csv"} <= made
    assert all("geodata/gazetteer.csv" in {one["@id"] for one in action["object"]} for action in actions)


# --- CSVW -----------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("always")
def test_a_validator_of_others_finds_every_table_as_described_and_each_wrong_cell(
    payload: Path, tmp_path: Path
) -> None:
    described = json.loads((payload / "tables" / "csv-metadata.json").read_text("utf-8"))["tables"]
    present = {os.path.relpath(path, payload / "tables") for path in payload.rglob("*.csv")}
    assert {table["url"] for table in described} == present
    assert _is_as_described(payload / "tables")
    for name, old, new in WRONG_CELLS:
        for part in ("tables", "geodata"):
            shutil.copytree(payload / part, tmp_path / part, dirs_exist_ok=True)
        path = tmp_path / "tables" / name
        content = path.read_bytes()
        assert old in content, (name, old)
        path.write_bytes(content.replace(old, new, 1))
        assert not _is_as_described(tmp_path / "tables"), (name, new)


#: A number that is none, one out of its limits, a word that is not of the list, a null, a key twice, a site unknown.
WRONG_CELLS = [
    ("sites.csv", b",43.3838333333333,88.2883888888889,130.0", b",north,88.2883888888889,130.0"),
    ("sites.csv", b",43.3838333333333,88.2883888888889,130.0", b",93.38,88.2883888888889,130.0"),
    ("sites.csv", b",active,", b",closed,"),
    ("sites.csv", b",Dabancheng - I,", b",,"),
    ("sites.csv", b"xj-bfn949-aspi124,", b"xj-bfn130-aspi50,"),
    ("counts.csv", b"xj-bfn130-aspi50,2018", b"xj-nowhere,2018"),
    ("items.csv", files.sha256(settings.geodata() / "gazetteer.csv").encode(), b"0x530"),
    ("../geodata/gazetteer.csv", b"site_id,", b"id,"),
]


def _is_as_described(tables: Path) -> bool:
    try:
        return CSVW(str(tables / "csv-metadata.json"), validate=True).is_valid
    except ValueError:  # it stops at a cell that it cannot read
        return False


# --- blocks and failures --------------------------------------------------------------------------------------------


@given(st.text(max_size=60))
def test_spans_lose_no_letter(text: str) -> None:
    assert "".join(span["text"] for span in blocks.plain(text)) == text


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("a *b* c", [{"text": "a "}, {"text": "b", "em": True}, {"text": " c"}]),
        ("`x.csv`", [{"text": "x.csv", "code": True}]),
        ("[here](#there)", [{"text": "here", "href": "#there"}]),
        ("Qincheng 秦城监狱", [{"text": "Qincheng "}, {"text": "秦城监狱", "lang": "zh"}]),
        ("داۋانچىڭ رايونى.", [{"text": "داۋانچىڭ رايونى", "lang": "ug"}, {"text": "."}]),
    ],
)
def test_markup_and_scripts_are_told_apart(text: str, spans: list[dict[str, object]]) -> None:
    assert blocks.rich(text) == spans


def test_data_are_never_read_as_markup() -> None:
    assert blocks.plain("5 * 6 * 7 [a](b) `c`") == [{"text": "5 * 6 * 7 [a](b) `c`"}]


def _document(text: str) -> blocks.Document:
    section = blocks.Section("one", "One", [blocks.paragraph(blocks.plain(text))])
    return blocks.Document("Title", "Subtitle", [("Label", "Value")], [blocks.plain(text)], [section])


@pytest.mark.parametrize(
    "text", ["#panic()", '$x$ \\ #import "a"', "<script>alert(1)</script>", "</main>&amp;{{ 7 * 7 }}"]
)
def test_text_that_looks_like_code_is_printed_as_text(tmp_path: Path, text: str) -> None:
    path = document.write_pdf(_document(text), tmp_path, tmp_path / "one.pdf")
    said = "".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    assert text.replace(" ", "") in said.replace(" ", "").replace("\n", "")
    html = document.write_html(_document(text), tmp_path, tmp_path / "one.html").read_text()
    assert "<script>" not in html
    assert "49" not in html.partition("</style>")[2]


@pytest.mark.parametrize("text", ["达坂城", "관리소 관리소", "ئۇيغۇر", "Ürümqi, Калмык, Ἀθῆναι"])
def test_every_script_of_the_record_is_set_in_the_fonts_of_the_suite(tmp_path: Path, text: str) -> None:
    """Whether a machine had serif CJK fonts decided whether there was a document, and which bytes it had."""
    path = document.write_pdf(_document(text), tmp_path, tmp_path / "one.pdf")
    named = {
        str(font.get_object()["/BaseFont"]).partition("+")[2]
        for page in pypdf.PdfReader(path).pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert named
    assert not [name for name in named if "Noto" in name]
    assert document._foreign(text) == ""


def test_a_character_that_only_the_machine_has_is_set_in_its_font_and_one_that_nobody_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "FONTS", ("arabic-400.ttf",))

    class Machine:
        def fonts(self) -> list[SimpleNamespace]:
            return [SimpleNamespace(path=str(fonts.font_path("chinese-400.ttf")))]

    monkeypatch.setattr(document.typst, "Fonts", Machine)
    assert document._foreign("达坂城 Ürümqi ئۇيغۇر") == "坂城达"
    with pytest.raises(MissingError, match=r"the document has 관 \(U\+AD00\), which no font here has; "):
        document.write_pdf(_document("관"), tmp_path, tmp_path / "one.pdf")


def test_a_document_that_cannot_be_set_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    broken = _document("x")
    broken.sections[0].blocks.append(blocks.figure("absent.svg", alt="nothing", caption=blocks.plain("Nothing")))
    with pytest.raises(RenderError, match=r"absent\.svg"):
        document.write_pdf(broken, tmp_path, tmp_path / "one.pdf")
    assert list(tmp_path.iterdir()) == []


def test_a_caption_stays_with_the_first_row_of_its_table(tmp_path: Path) -> None:
    tall = blocks.plain("first " * 300)
    listed = blocks.table([blocks.Column("Head", 1)], [[tall]], caption=blocks.plain("The caption"))
    for n_lines in (37, 43):
        text = [blocks.bullets([blocks.plain("line")] * n_lines), listed]
        whole = blocks.Document("Title", "Subtitle", [("Label", "Value")], [], [blocks.Section("a", "A", text)])
        pages = pypdf.PdfReader(document.write_pdf(whole, tmp_path, tmp_path / "one.pdf")).pages
        (page,) = [text for text in (page.extract_text() for page in pages) if "The caption" in text]
        assert "first first" in page, n_lines


def _cells(section: blocks.Section) -> list[list[str]]:
    (table,) = section.blocks
    return [["".join(str(span["text"]) for span in cell) for cell in row] for row in table["rows"]]


def test_each_metric_of_a_list_is_told_apart_and_called_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prisoners were "buildings counted", and of two metrics a table held one number a year."""
    counts = pd.DataFrame({
        "site_id": "a", "date_edtf": ["2016", "2018", "2016"], "metric": ["prisoners", "prisoners", "deaths"],
        "printed": ["100", None, "7"], "value": [100.0, None, 7.0], "status": ["observed", "no_record", "observed"],
    })  # fmt: skip
    sites = pd.DataFrame({"site_id": ["a"], "name_en": ["Alpha"]})
    told: Any = SimpleNamespace(tables={"counts": counts, "sites": sites}, folder=tmp_path)
    drawn = []
    monkeypatch.setattr(
        content.plates, "draw_counts", lambda own, path, *, counted: drawn.append((counted, len(own))) or path
    )
    figures = content._count_blocks(told, "a")
    assert drawn == [("prisoners counted", 2), ("deaths counted", 1)]
    assert len({figure["file"] for figure in figures}) == 2
    assert _cells(content._counts(told)) == [
        ["Alpha", "a", "prisoners", "100", "blank"], ["Alpha", "a", "deaths", "7", "blank"],
    ]  # fmt: skip
    assert _cells(content._counts_by_row(counts, sites.set_index("site_id")["name_en"]))[2] == [
        "Alpha", "a", "deaths", "2016", "7",
    ]  # fmt: skip
    told.tables["counts"] = counts.head(2)
    assert _cells(content._counts(told)) == [["Alpha", "a", "100", "blank"]]


def test_what_nobody_knows_is_a_dash() -> None:
    told = pd.Series({"src_id": "a", "src_date": "2018", "processing_level": None, "gsd_m": 0.5,
                      "georef_error_m": float("nan"), "source_name": "a.tif"})  # fmt: skip
    assert ["".join(str(span["text"]) for span in cell) for cell in content._image_row(told)] == [
        "a", "2018", "–", "0.5", "–", "a.tif",
    ]  # fmt: skip
    assert content._range(pd.Series({"value": None, "lo": None, "hi": None}, dtype="float64"), ".0f") == "–"


@pytest.mark.parametrize(("stated", "said"), [
    ([5.0, 5.0], "5 m, as stated with the polygons"), ([-1.0, 2.5], "1 to 2.5 m, as stated with the polygons"),
    ([5.0, None], "5 m, as stated with the polygons; 0.8 m, assumed where none is stated"),
    ([None, None], "0.8 m, assumed"), (None, "0.8 m, assumed"),
])  # fmt: skip
def test_the_bias_of_edges_is_printed_as_the_intervals_have_it(stated: list[float | None] | None, said: str) -> None:
    assert content._edge_bias(pd.DataFrame({} if stated is None else {"edge_bias_m": stated})) == said


def test_what_rounds_to_nothing_has_no_sign() -> None:
    row = pd.Series({"x": -0.004, "x_lo": -0.06, "x_hi": 0.04})
    assert readings._with_range(row, "x", "+.1f") == "0.0 [−0.1, 0.0]"
    assert readings._with_range(row, "x", "+.0%") == "0% [−6%, +4%]"
