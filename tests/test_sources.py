"""The register, where files are found, fetching with pinned sums, adding a list, and the datum check."""

from __future__ import annotations

import http.server
import re
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from camps import crs, record, settings, sources
from camps.appendix.evidence import own_sources
from camps.errors import CheckError, InputError, MissingError
from camps.files import sha256
from camps.sources import fetching, store
from camps.sources.adding import About
from camps.sources.registry import registry_path

PUBLISHED = ("aspi-xjdp-v1", "buzzfeed-2021", "buzzfeed-2020", "osm-camps-2021", "dabancheng-sentinel2")
KEYS = ("title", "publisher", "date", "landing", "licence", "citation", "datum", "format")


# ── the register ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_register_names_every_source_with_its_citation_and_bytes() -> None:
    known = sources.registry()
    assert {"gazetteer", "dabancheng", *PUBLISHED} <= set(known)
    for source in known.values():
        assert all(getattr(source, key) for key in KEYS)
        assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in source.files)
        assert all(file.url or file.bundled or not file.required for file in source.files)


def test_the_register_is_read_once_for_the_same_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    register = tmp_path / "sources.toml"
    register.write_bytes(registry_path().read_bytes())
    read = []
    whole = record.parse_toml
    monkeypatch.setattr(record, "parse_toml", lambda content, **what: read.append(1) or whole(content, **what))
    assert {sources.entry(name, path=register).id for name in OWN * 2} == set(OWN)
    assert len(read) == 1
    register.write_text(register.read_text("utf-8").replace('title = "', 'title = "New: ', 1), "utf-8")
    assert next(iter(sources.registry(register).values())).title.startswith("New: ")


#: The lists and series that travel with the record, in the order of the register.
OWN = ["gazetteer", "places", "prisons", "state-register", "events", "dabancheng"]


def test_bundled_files_have_their_registered_bytes() -> None:
    verified = sources.verify(OWN).set_index(["source_id", "name"])
    entries = sources.registry().values()
    bundled = [(source.id, file.name) for source in entries for file in source.files if file.bundled]
    assert {source_id for source_id, _ in bundled} == set(OWN)
    assert set(verified.loc[bundled, "state"]) == {"sound"}


def test_third_party_lists_are_not_bundled() -> None:
    for source_id in PUBLISHED:
        assert all(file.bundled is None and file.url.startswith("https://") for file in sources.entry(source_id).files)


def test_an_unknown_source_is_named_with_those_there_are() -> None:
    with pytest.raises(MissingError, match=r"no-such: no such source.*aspi-xjdp-v1.*camps sources add"):
        sources.read("no-such")


def test_a_source_without_a_list_says_so() -> None:
    with pytest.raises(InputError, match="holds no list of sites"):
        sources.read("dabancheng")


def test_without_mirror_or_cache_only_bundled_sources_are_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAMPS_MIRROR", raising=False)
    assert sources.available() == OWN
    with pytest.raises(MissingError, match=r"CampDataset_v1.csv is not here; run `camps sources fetch aspi-xjdp-v1`"):
        sources.read("aspi-xjdp-v1")


def test_a_list_that_is_named_and_not_at_hand_is_no_list_here(tmp_path: Path) -> None:
    told = r"gulag-memorial: registered, not at hand \(its tables are SQL.*`camps sources remove gulag-memorial`, then"
    with pytest.raises(MissingError, match=told):
        sources.read("gulag-memorial")
    assert "gulag-memorial" not in {*sources.available(), *own_sources()}
    listed = sources.listing().set_index("id").loc["gulag-memorial"]
    assert (listed["state"], listed["n_files"]) == ("not at hand", 0)
    assert [(one.state, one.detail[:11]) for one in sources.fetch(["gulag-memorial"])] == [("missing", "registered,")]
    text = (settings.geodata() / "sources.toml").read_text("utf-8")
    register = tmp_path / "sources.toml"
    register.write_text(text[: text.index('absent = "its')], "utf-8")
    with pytest.raises(InputError, match=r"source gulag-memorial: found no file, expected at least one.*or absent ="):
        sources.registry(register)


def test_all_faults_of_a_register_are_named_at_once(tmp_path: Path) -> None:
    register = tmp_path / "sources.toml"
    register.write_text(
        '[[source]]\nid = "A b"\ndatum = "ed50"\n[[source.file]]\nname = "../x.csv"\nsha256 = "12"\n', encoding="utf-8"
    )
    with pytest.raises(InputError) as caught:
        sources.registry(register)
    message = str(caught.value)
    assert all(
        text in message for text in ("title = None", "id 'A b'", "datum 'ed50'", "leaves the folder", "sha256 '12'")
    )


def test_a_register_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    register = tmp_path / "sources.toml"
    register.write_bytes(b"[[source]\nid =")
    with pytest.raises(InputError, match="not TOML"):
        sources.registry(register)


@pytest.mark.mirror
def test_every_mirrored_file_is_the_registered_one(mirror: Path) -> None:
    verified = sources.verify()
    assert set(verified["state"]) == {"sound"}
    assert set(sources.available()) >= {"gazetteer", *PUBLISHED}
    assert set(sources.listing().set_index("id").loc[list(PUBLISHED), "state"]) == {"mirrored"}


# ── finding and fetching ─────────────────────────────────────────────────────────────────────────────────────────

CONTENT = b"Number,Lat,Long\n1,43.38,88.29\n" * 40_000


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder with byte ranges, and can break off once."""

    requests: ClassVar[list[str]] = []
    break_once_after: int | None = None

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        self.requests.append(self.headers.get("Range", ""))
        if not path.is_file():
            self.send_error(404)
            return
        content, start = path.read_bytes(), 0
        if asked := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            start = int(asked[1])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        sent = content[start:]
        if type(self).break_once_after is not None:
            sent = sent[: type(self).break_once_after]
            type(self).break_once_after = None
            self.close_connection = True
        self.wfile.write(sent)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve a folder as a mirror and yield it."""
    folder = tmp_path / "served"
    (folder / "aspi-xjdp-v1").mkdir(parents=True)
    _Handler.requests, _Handler.break_once_after = [], None
    serving = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("CAMPS_MIRROR", f"http://127.0.0.1:{serving.server_port}/")
    yield folder
    serving.shutdown()
    serving.server_close()


def _cached(source_id: str) -> Path:
    return store.cached(source_id, sources.entry(source_id).files[0])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy geodata's register into a home of its own, with ASPI's sum set to CONTENT's."""
    folder = tmp_path / "home"
    (folder / "geodata").mkdir(parents=True)
    (folder / "content.csv").write_bytes(CONTENT)
    text = registry_path().read_text(encoding="utf-8")
    published = sources.entry("aspi-xjdp-v1").files[0].sha256
    (folder / "geodata" / "sources.toml").write_text(
        text.replace(published, sha256(folder / "content.csv")), encoding="utf-8"
    )
    for name in ("gazetteer.csv", "no_coordinates.csv", "decisions.csv"):
        shutil.copy(settings.geodata() / name, folder / "geodata" / name)
    shutil.copytree(settings.geodata() / "readers", folder / "geodata" / "readers")
    monkeypatch.setenv("CAMPS_HOME", str(folder))
    return folder


def test_fetch_from_a_mirror_with_progress(server: Path, home: Path) -> None:
    (server / "aspi-xjdp-v1" / "CampDataset_v1.csv").write_bytes(CONTENT)
    seen: list[tuple[int, int]] = []
    [fetched] = sources.fetch(["aspi-xjdp-v1"], progress=lambda _, __, done, total: seen.append((done, total)))
    assert fetched.state == "fetched"
    assert fetched.path == _cached("aspi-xjdp-v1")
    assert fetched.path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert sources.fetch(["aspi-xjdp-v1"])[0].state == "here"
    assert "aspi-xjdp-v1" in sources.available()


def test_a_damaged_copy_in_the_cache_is_refused_with_the_command_and_fetched_again(server: Path, home: Path) -> None:
    """The copy stood in its own way: refused when read, and "not the one registered" when fetched, for ever."""
    (server / "aspi-xjdp-v1" / "CampDataset_v1.csv").write_bytes(CONTENT)
    sources.fetch(["aspi-xjdp-v1"])
    copy = _cached("aspi-xjdp-v1")
    sound = copy.read_bytes()
    copy.write_bytes(sound[:-3])
    with pytest.raises(CheckError, match="the copy is damaged; run `camps sources fetch aspi-xjdp-v1`"):
        sources.path("aspi-xjdp-v1")
    (fetched,) = sources.fetch(["aspi-xjdp-v1"])
    assert fetched.state == "fetched"
    assert sources.path("aspi-xjdp-v1").read_bytes() == sound


def test_a_broken_download_is_taken_up_where_it_stopped(server: Path, home: Path) -> None:
    (server / "aspi-xjdp-v1" / "CampDataset_v1.csv").write_bytes(CONTENT)
    _Handler.break_once_after = 300_000
    [broken] = sources.fetch(["aspi-xjdp-v1"])
    assert broken.state == "missing"
    assert not _cached("aspi-xjdp-v1").exists()
    [fetched] = sources.fetch(["aspi-xjdp-v1"])
    assert fetched.state == "fetched"
    start = int(re.fullmatch(r"bytes=(\d+)-", _Handler.requests[-1])[1])
    assert 0 < start <= 300_000
    assert fetched.path.read_bytes() == CONTENT
    assert [path.name for path in fetched.path.parent.iterdir()] == ["CampDataset_v1.csv"]


def test_a_differing_sum_stops_and_names_both(server: Path, home: Path) -> None:
    (server / "aspi-xjdp-v1" / "CampDataset_v1.csv").write_bytes(CONTENT + b"x")
    expected, other = sha256(home / "content.csv"), sha256(server / "aspi-xjdp-v1" / "CampDataset_v1.csv")
    with pytest.raises(CheckError, match=rf"{other}, expected {expected}"):
        sources.fetch(["aspi-xjdp-v1"])
    assert not _cached("aspi-xjdp-v1").exists()


def test_a_half_download_of_another_file_is_started_afresh(server: Path, home: Path) -> None:
    (server / "aspi-xjdp-v1" / "CampDataset_v1.csv").write_bytes(CONTENT)
    part = _cached("aspi-xjdp-v1").with_name(".CampDataset_v1.csv.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"something else")
    assert sources.fetch(["aspi-xjdp-v1"])[0].path.read_bytes() == CONTENT


def test_offline_says_what_is_missing_and_goes_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("CAMPS_MIRROR", "http://127.0.0.1:9/")
    outcome = {(one.source_id, one.name): one for one in sources.fetch(["gazetteer", "aspi-xjdp-v1", "buzzfeed-2021"])}
    assert outcome["gazetteer", "gazetteer.csv"].state == "here"
    for source_id, name in list(outcome)[2:]:
        assert outcome[source_id, name].state == "missing"
        assert "could not be fetched" in outcome[source_id, name].detail


def test_a_file_without_an_address_says_where_to_put_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAMPS_MIRROR", raising=False)
    pictures = [one for one in sources.fetch(["dabancheng"]) if one.name.startswith("scenes/")]
    assert len(pictures) == 13
    assert all("CAMPS_MIRROR=<folder>" in one.detail for one in pictures)


def test_a_mirrored_file_with_other_bytes_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "mirror" / "aspi-xjdp-v1" / "CampDataset_v1.csv"
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    monkeypatch.setenv("CAMPS_MIRROR", str(tmp_path / "mirror"))
    with pytest.raises(CheckError, match=f"{sha256(place)}, expected {sources.entry('aspi-xjdp-v1').files[0].sha256}"):
        sources.read("aspi-xjdp-v1")
    assert sources.verify(["aspi-xjdp-v1"])["state"].tolist() == ["differs"]


def test_addresses_are_quoted_below_a_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPS_MIRROR", "https://mirror.example/lists/")
    source = sources.entry("dabancheng-sentinel2")
    quicklook = next(file for file in source.files if file.name.endswith(".jpg"))
    address = fetching.address(source, quicklook)
    assert address.startswith("https://mirror.example/lists/dabancheng-sentinel2/Sentinel-2%20L1C%20image")


# ── adding a list ────────────────────────────────────────────────────────────────────────────────────────────────

LIST = "No;Site;Breite;Länge;seit\nK1;Erstes Lager;41,5;85,1;1955?\nK2;Zweites Lager;41,75;85,25;3rdQt2018\n"
MAPPING = {"key": "No", "name_en": "Site", "lat": "Breite", "lon": "Länge", "opened": "seit"}


def test_add_registers_a_list_with_its_hash_and_shows_how_it_is_read(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "lager.csv"
    file.write_text(LIST, encoding="cp1252")
    before = registry_path().read_text(encoding="utf-8")
    about = About(title="Lager", publisher="A colleague", date="2024", mapping=MAPPING, options={"encoding": "cp1252"})
    added = sources.add(file, "my-list", about)
    assert added.first_rows()[["source_key", "lat", "lat_published", "opened"]].to_numpy().tolist() == [
        ["K1", 41.5, "41,5", "1955?"],
        ["K2", 41.75, "41,75", "2018-07/2018-09"],
    ]
    after = registry_path().read_text(encoding="utf-8")
    assert after.startswith(before)
    assert sources.entry("my-list").files[0].sha256 == sha256(file)
    assert sources.read("my-list").sites["name_en"].tolist() == ["Erstes Lager", "Zweites Lager"]
    with pytest.raises(InputError, match="registered already"):
        sources.add(file, "my-list", about)


def test_prepare_writes_nothing_and_guesses_plain_names(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "plain.tsv"
    file.write_text("ID\tName\tLatitude\tLongitude\n1\tOne\t43.38\t88.29\n", encoding="utf-8")
    before = registry_path().read_bytes()
    prepared = sources.prepare(file, "plain")
    assert dict(prepared.entry.mapping) == {"key": "ID", "name_en": "Name", "lat": "Latitude", "lon": "Longitude"}
    assert registry_path().read_bytes() == before
    assert not store.cached("plain", prepared.entry.files[0]).exists()


@pytest.mark.parametrize(
    ("language", "heads"),
    [
        ("ru", "Название,Широта,Долгота,Открыт,Страна"),
        ("uk", "Назва,Широта,Довгота,Відкрито,Країна"),
        ("fr", "Nom,Latitude,Longitude,Ouverture,Pays"),
        ("es", "Nombre,Latitud,Longitud,Apertura,País"),
        ("de", "name_de,Breitengrad,Längengrad,Eröffnet,Country"),
    ],
)
def test_plain_heads_of_other_languages_are_known(home: Path, tmp_path: Path, language: str, heads: str) -> None:
    file = tmp_path / "plain.csv"
    file.write_text(f"{heads}\nСоловки,65.0247,35.71,1923,RU\n", encoding="utf-8")
    fields = (f"name_{language}", "lat", "lon", "opened", "country")
    assert dict(sources.prepare(file, "plain").entry.mapping) == dict(zip(fields, heads.split(","), strict=True))


@pytest.mark.parametrize(
    ("source_id", "about", "why"),
    [
        ("Bad Id", About(mapping=MAPPING), "lower-case"),
        ("ok", About(mapping=MAPPING, datum="ed50"), "expected one of wgs84"),
        ("ok", About(mapping=MAPPING | {"lat": "Lat"}), "column 'Lat'"),
        ("ok", About(mapping=MAPPING | {"latt": "Breite"}), "no such field"),
        ("ok", About(mapping=MAPPING, options={"encodng": "cp1252"}), "no such option"),
        ("ok", About(mapping={"name_en": "Site"}), "no column is mapped to lat and lon"),
    ],
)
def test_add_refuses_what_it_cannot_read(home: Path, tmp_path: Path, source_id: str, about: About, why: str) -> None:
    file = tmp_path / "lager.csv"
    file.write_text(LIST, encoding="utf-8")
    before = registry_path().read_bytes()
    with pytest.raises(InputError, match=why):
        sources.add(file, source_id, about)
    assert registry_path().read_bytes() == before


def test_a_mapping_is_parsed_from_the_command_line() -> None:
    assert sources.parse_mapping(["lat=Lat. (N)", "references.aspi = ASPI #"]) == {
        "lat": "Lat. (N)",
        "references.aspi": "ASPI #",
    }
    with pytest.raises(InputError, match="FIELD=COLUMN"):
        sources.parse_mapping(["lat"])


# ── datum ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _shifted(sites, forward):
    lon, lat = forward(sites["lon"], sites["lat"])
    return sites.assign(lon=lon, lat=lat)


@pytest.mark.mirror
@pytest.mark.parametrize(("datum", "forward"), [("gcj02", crs.wgs84_to_gcj02), ("bd09", crs.wgs84_to_bd09)])
def test_a_shifted_copy_of_aspi_is_recognised(mirror: Path, datum: str, forward) -> None:
    trusted, true = sources.read("buzzfeed-2021").sites, sources.read("aspi-xjdp-v1").sites
    shifted = _shifted(true, forward)
    checked = sources.check_datum(shifted, trusted)
    assert checked.datum == datum
    assert checked.n_pairs >= 300


@pytest.mark.mirror
@pytest.mark.parametrize("source_id", ["aspi-xjdp-v1", "buzzfeed-2020", "buzzfeed-2021", "osm-camps-2021", "gazetteer"])
def test_the_true_lists_are_not_flagged(mirror: Path, source_id: str) -> None:
    trusted = "aspi-xjdp-v1" if source_id != "aspi-xjdp-v1" else "buzzfeed-2021"
    assert sources.check_datum(sources.read(source_id).sites, sources.read(trusted).sites).datum == "wgs84"


def test_two_lists_with_nothing_in_common_decide_nothing() -> None:
    sites = sources.read("gazetteer").sites
    north_korea, cambodia = (sites[sites["country"] == name] for name in ("North Korea", "Cambodia"))
    checked = sources.check_datum(north_korea, cambodia)
    assert (checked.datum, checked.n_pairs) == ("unknown", 0)


@pytest.mark.parametrize(("datum", "forward"), [("gcj02", crs.wgs84_to_gcj02), ("bd09", crs.wgs84_to_bd09)])
def test_a_list_registered_as_shifted_is_read_in_wgs84_with_its_printed_strings(
    home: Path, tmp_path: Path, datum: str, forward
) -> None:
    true = sources.read("gazetteer").sites.query("system == 'xinjiang-internment'")
    moved = _shifted(true, forward)
    file = tmp_path / "shifted.csv"
    moved[["source_key", "lat", "lon"]].to_csv(file, index=False)
    mapping = {"key": "source_key", "lat": "lat", "lon": "lon"}
    added = sources.add(file, "shifted", About(mapping=mapping, datum=datum), trusted=true)
    assert added.datum.datum == datum
    read = sources.read("shifted").sites
    away_m = crs.distance_m((read["lon"], read["lat"]), (true["lon"].to_numpy(), true["lat"].to_numpy()))
    assert float(np.max(away_m)) < 0.01
    assert set(read["datum_flag"]) == {datum}
    assert pd.to_numeric(read["lon_published"]).to_numpy() == pytest.approx(moved["lon"].to_numpy(), abs=0)


@pytest.mark.mirror
def test_each_site_carries_its_gcj02_offset(mirror: Path) -> None:
    offset_m = sources.read("aspi-xjdp-v1").sites["gcj02_offset_m"]
    assert (round(offset_m.min()), round(offset_m.median()), round(offset_m.max())) == (165, 249, 316)
    korea = sources.read("gazetteer").sites.query("country == 'North Korea'")["gcj02_offset_m"]
    assert korea.gt(0).all()


def _own_copy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    shutil.copytree(settings.geodata(), tmp_path / "geodata")
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path))
    return tmp_path / "geodata" / "gazetteer.csv"


def test_a_wrong_row_of_the_bundled_record_is_named_before_its_sum(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    record = _own_copy(monkeypatch, tmp_path)
    record.write_text(record.read_text("utf-8").replace(",43.3838333333333,88", ",95,88", 1), "utf-8")
    with pytest.raises(InputError, match=r"gazetteer\.csv .*row 2, .*lat: found '95', expected degrees from -90 to 90"):
        sources.read("gazetteer")


def test_a_bundled_record_that_reads_well_but_is_cut_short_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    record = _own_copy(monkeypatch, tmp_path)
    record.write_text("".join(record.read_text("utf-8").splitlines(keepends=True)[:40]), "utf-8")
    with pytest.raises(CheckError, match=r"SHA-256 is [0-9a-f]{64}, expected .* restore it from the repository"):
        sources.read("gazetteer")
