"""Archives of what a source answers: whole by another's reader, under their sums, and carried where terms allow."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from camps import appendix, cli, files, provenance, sources
from camps.appendix import schemas
from camps.appendix.evidence import held_files
from camps.errors import InputError

LIST = b"id,name,lat,lon,buildings.2020\n1,North,44.5,87.2,12\n2,South,38.9,77.6,7\n"
PAGE = "<html><title>The list</title><p>原文</p></html>".encode()
WHEN = datetime(2026, 11, 30, 1, 2, 3, tzinfo=UTC)


class _Publisher(BaseHTTPRequestHandler):
    """A publisher on this machine: a page, a list behind another address, and nothing else."""

    def do_GET(self) -> None:
        if self.path == "/list.csv":
            self.send_response(302)
            self.send_header("Location", "/files/list.csv")
            self.end_headers()
            return
        body = {"/about": PAGE, "/files/list.csv": self.server.list_}.get(self.path)  # type: ignore[attr-defined]
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8" if body == PAGE else "text/csv")
        self.end_headers()
        self.wfile.write(body or b"gone")

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return one time for all answers."""
        return "Mon, 30 Nov 2026 01:02:03 GMT"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def publisher() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Publisher)
    server.list_ = LIST  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def home(publisher: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a record with two lists of one publisher: one under open terms, one under none."""
    monkeypatch.delenv("CAMPS_MIRROR", raising=False)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["init", "home"]) == 0
    home, address = tmp_path / "home", f"http://127.0.0.1:{publisher.server_address[1]}"
    entries = [_entry(name, licence, address) for name, licence in (("open", "CC BY 4.0"), ("shut", "not stated"))]
    (home / "geodata" / "sources.toml").write_text("\n".join(entries))
    for name in ("open", "shut"):
        files.write_bytes(home / "geodata" / "lists" / name / "list.csv", LIST)
    monkeypatch.setenv("CAMPS_HOME", str(home))
    return home


def _entry(name: str, licence: str, address: str) -> str:
    said = {
        "id": name, "title": f"List {name}", "publisher": "A publisher", "date": "2026", "citation": "A publisher",
        "landing": f"{address}/about", "licence": licence, "datum": "wgs84", "format": "csv", "reader": "mapped",
    }  # fmt: skip
    mapping = {"key": "id", "name_en": "name", "lat": "lat", "lon": "lon", "buildings.2020": "buildings.2020"}
    file = {"name": "list.csv", "sha256": hashlib.sha256(LIST).hexdigest(), "url": f"{address}/list.csv"}
    tables = [("[[source]]", said), ("[source.mapping]", mapping), ("[[source.file]]", file)]
    return "\n".join(
        f"{head}\n" + "\n".join(f'"{k}" = {json.dumps(v)}' for k, v in table.items()) for head, table in tables
    )


def test_page_and_file_are_kept_as_answered_and_read_back_by_another_reader(home: Path) -> None:
    kept = sources.archive(["open"], now=WHEN)
    assert [one.state for one in kept] == ["kept", "kept"]
    path = home / "geodata" / "archives" / "open-20261130010203.wacz"
    with zipfile.ZipFile(path) as whole:
        described = json.loads(whole.read("datapackage.json"))
        for part in described["resources"]:
            content = whole.read(part["path"])
            assert (part["hash"], part["bytes"]) == (f"sha256:{hashlib.sha256(content).hexdigest()}", len(content))
        digest = json.loads(whole.read("datapackage-digest.json"))
        assert digest["hash"] == f"sha256:{hashlib.sha256(whole.read('datapackage.json')).hexdigest()}"
        assert {one.compress_type for one in whole.infolist()} == {zipfile.ZIP_STORED}, "a reader seeks in it"
        warc, lines = whole.read("archive/data.warc.gz"), whole.read("indexes/index.cdx").decode().splitlines()
        answers = [
            (
                one.rec_headers["WARC-Target-URI"].rpartition("/")[2],
                one.http_headers.get_statuscode(),
                one.raw_stream.read(),
            )
            for one in ArchiveIterator(io.BytesIO(warc), check_digests="raise")
            if one.rec_type == "response"
        ]
    assert answers == [("about", "200", PAGE), ("list.csv", "302", b""), ("list.csv", "200", LIST)]
    for line in lines:
        told = json.loads(line.split(" ", 2)[2])
        at = int(told["offset"])
        assert told["url"].encode() in gzip.decompress(warc[at : at + int(told["length"])])
    assert lines == sorted(lines)
    assert lines[0].startswith("1,0,0,127:")


def test_the_same_answers_at_the_same_time_are_the_same_bytes_and_nothing_is_replaced(home: Path) -> None:
    (page, _) = sources.archive(["open"], now=WHEN)
    assert page.path is not None
    before = page.path.read_bytes()
    with pytest.raises(InputError, match="an archive is never overwritten"):
        sources.archive(["open"], now=WHEN)
    page.path.rename(home / "first")
    sources.archive(["open"], now=WHEN)
    assert page.path.read_bytes() == before


def test_what_is_answered_otherwise_is_kept_and_said(
    home: Path, publisher: ThreadingHTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    publisher.list_ = LIST + b"3,East,40,90,1\n"  # type: ignore[attr-defined]
    assert cli.run(["sources", "fetch", "open", "--archive"]) == 1
    told = capsys.readouterr().out
    assert "differs  open" in told
    assert "another file than the registered one" in told
    publisher.list_ = None  # type: ignore[attr-defined]
    (page, file) = sources.archive(["open"], now=WHEN)
    assert (page.state, file.state) == ("kept", "differs")
    assert "answered 404" in file.detail
    rows = (home / "geodata" / "archives.csv").read_text("utf-8").splitlines()
    assert len(rows) == 5, "a head and two addresses twice"


def test_what_does_not_answer_is_missing_and_nothing_is_written(home: Path, publisher: ThreadingHTTPServer) -> None:
    publisher.shutdown()
    publisher.server_close()
    told = sources.archive(["open"], now=WHEN)
    assert [one.state for one in told] == ["missing", "missing"]
    assert not (home / "geodata" / "archives.csv").exists()


def test_an_archive_that_was_changed_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (page, _) = sources.archive(["shut"], now=WHEN)
    assert page.path is not None
    assert set(sources.verify_archives()["state"]) == {"sound"}
    page.path.write_bytes(page.path.read_bytes() + b"\0")
    assert cli.run(["sources", "verify"]) == 1
    assert "shut-20261130010203.wacz: SHA-256 is" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../../x-20261130010203.wacz", "x.wacz"])
def test_a_name_that_leads_elsewhere_is_refused(home: Path, name: str) -> None:
    sources.archive(["open"], now=WHEN)
    path = home / "geodata" / "archives.csv"
    path.write_text(path.read_text().replace("open-20261130010203.wacz", name))
    with pytest.raises(InputError, match="column archive"):
        sources.captures()


def test_the_package_carries_what_terms_allow_and_says_where_the_rest_is(home: Path, tmp_path: Path) -> None:
    (home / "geodata" / "claims.toml").write_text('[edition]\nstated_on = "2026-11-29"\n')
    sources.archive(["open", "shut"], now=WHEN)
    package = tmp_path / "package"
    appendix.build_appendix(package, dossiers=[], lists=["open"])
    payload = package / "data"
    items = schemas.read_record(payload / "tables" / "items.csv").set_index("item_id")
    carried, absent = items.loc["archive-open-20261130010203"], items.loc["cited-archive-shut-20261130010203"]
    place = "geodata/archives/open-20261130010203.wacz"
    assert files.sha256(payload / place) == carried["sha256"] == files.sha256(home / place)
    assert carried["retrieved_utc"] == absent["retrieved_utc"] == "2026-11-30T01:02:03Z"
    assert absent["restriction"] == "kept by the record; not passed on with the package"
    assert "geodata/archives/shut-20261130010203.wacz of the record" in absent["notes"]
    assert not (payload / str(absent["url_archived"])).exists()
    log = {one.item_id: one for one in provenance.read_custody(payload / "custody.jsonl").events}
    for item_id, row in (("archive-open-20261130010203", carried), ("cited-archive-shut-20261130010203", absent)):
        assert (log[item_id].utc, log[item_id].sha256_after) == ("2026-11-30T01:02:03Z", row["sha256"])
    verdict = appendix.verify(package)
    assert verdict.holds, verdict.report()
    shutil.copytree(package, tmp_path / "forged")
    (home / place).rename(home / "kept elsewhere")  # as whoever clones the record has it
    (known,) = [
        one for one in appendix.verify(package, quick=True).checks if one.item == carried.name and "states" in one.said
    ]
    assert known.holds
    (payload / "geodata" / "archives.csv").unlink()  # as in a public edition that withholds it
    assert held_files(payload)[carried.name].place == place
    forged = tmp_path / "forged" / "data" / place
    forged.write_bytes(forged.read_bytes().replace(b"List open", b"List shut"))
    assert "archive-open-20261130010203" in "".join(check.item for check in appendix.verify(tmp_path / "forged").failed)
