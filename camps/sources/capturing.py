"""Keeping what an address answered: page and file of a source as one WACZ, its sum and time in the record.

``wacz`` on PyPI writes such files too, but brings frictionless, cdxj-indexer and some thirty packages more for four
small files in a ZIP; so the WARC inside is by ``warcio``, and the ZIP around it by what stands here.

References
----------
Webrecorder, Web Archive Collection Zipped (WACZ) 1.1.1; CDXJ 1.0. ISO 28500:2017 (WARC 1.1).
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd

from camps import files, provenance, record, settings
from camps.errors import Fault, InputError, raise_faults
from camps.sources.fetching import TIMEOUT_S, address
from camps.sources.registry import SourceEntry, entry, registry

ARCHIVES = "archives.csv"
FOLDER = "archives"
COLUMNS = (
    "source_id", "kind", "url", "http_status", "sha256", "bytes", "retrieved_utc", "archive", "archive_sha256",
    "archive_bytes",
)  # fmt: skip
#: Terms under which a copy may be handed on as it is.
_PASSED_ON = re.compile(r"(CC0|CC BY(-SA)? \d|public domain|MIT\b|Apache)", re.IGNORECASE)
_MOST_HOPS = 8
_MOST_BYTES = 1 << 29
_SHA256, _STAMP = re.compile(r"[0-9a-f]{64}"), "%Y%m%d%H%M%S"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*-\d{14}\.wacz")
_SPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # of addresses, RFC 4122
_AGENT = "camps (evidence archive)"
Kind = Literal["page", "file"]


@dataclass(frozen=True)
class Archived:
    """What became of one address: kept, or missing, with the reason.

    Attributes
    ----------
    source_id, url
        Whose page or file, and where.
    state
        ``kept``; ``differs`` where a file was kept that is not the registered one, or the answer was none of it;
        ``missing`` where nothing answered.
    path
        The WACZ that it is in, where it is kept.
    detail
        The place, or what is wrong.
    """

    source_id: str
    url: str
    state: Literal["kept", "differs", "missing"]
    path: Path | None
    detail: str


class _Answer(NamedTuple):
    """One answer of a server as it came: of a redirection, each on the way has its own."""

    url: str
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Capture(NamedTuple):
    """An archive by its rows of ``archives.csv``: its item, where it lies below the home, and what was asked when."""

    item_id: str
    source_id: str
    place: str
    urls: tuple[str, ...]
    retrieved_utc: str
    sha256: str
    n_bytes: int


# --- fetching -------------------------------------------------------------------------------------------------------


def archive(source_ids: Iterable[str] = (), *, now: datetime | None = None) -> list[Archived]:
    """Keep page and files of some sources as they are answered now, one WACZ a source, and say what became of each.

    The WACZ goes to ``geodata/archives/``, and ``geodata/archives.csv`` says of every address when it answered what,
    with the SHA-256 of the answer and of the WACZ. Nothing of an earlier time is replaced. What answers with an
    error, or with another file than the registered one, is kept as well: that is what it answered.

    Parameters
    ----------
    source_ids
        Ids of the register; all when left out.
    now
        The time that is written; the clock's by default. Nothing proves it.

    Raises
    ------
    MissingError
        When an id is not registered.
    InputError
        When there is an archive of that second already, or ``archives.csv`` is not sound.
    """
    chosen = [entry(source_id) for source_id in source_ids] or list(registry().values())
    at = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    return [told for source in chosen for told in _archive_one(source, at)]


def _archive_one(source: SourceEntry, at: datetime) -> Iterator[Archived]:
    addresses = list(_addresses(source))
    if not addresses:
        yield Archived(source.id, "", "missing", None, "has no public address")
        return
    answered: list[tuple[Kind, str, list[_Answer]]] = []
    for kind, url in addresses:
        try:
            answered.append((kind, url, list(_answers(url))))
        except (OSError, ValueError) as error:
            yield Archived(source.id, url, "missing", None, f"could not be fetched: {str(error)[:200]}")
    if answered:
        path = settings.geodata() / FOLDER / f"{source.id}-{at.strftime(_STAMP)}.wacz"
        if path.exists():
            raise InputError(f"{path}: is there already; an archive is never overwritten: run it again in a second")
        files.write_bytes(path, _wacz(source, at, [answer for _, _, hops in answered for answer in hops]))
        _enter(source, at, path, answered)
        yield from (_told(source, kind, url, hops, path) for kind, url, hops in answered)


def _addresses(source: SourceEntry) -> Iterator[tuple[Kind, str]]:
    if _is_web(source.landing):
        yield "page", source.landing
    for url in dict.fromkeys(address(source, file) for file in source.files):
        if url and _is_web(url) and url != source.landing:
            yield "file", url


def _is_web(url: str) -> bool:
    return url.partition("://")[0] in {"http", "https"}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _answers(url: str) -> Iterator[_Answer]:
    """Yield what an address answers, and where it sends one on what that answers."""
    opener = urllib.request.build_opener(_NoRedirect)
    for _ in range(_MOST_HOPS):
        answer = _ask(opener, url)
        yield answer
        further = next((value for name, value in answer.headers if name.lower() == "location"), None)
        if not (300 <= answer.status < 400 and further):
            return
        url = urllib.parse.urljoin(url, further)
        if not _is_web(url):
            raise ValueError(f"sends one on to {url}, which is no web address")
    raise ValueError(f"sends one on more than {_MOST_HOPS} times")


def _ask(opener: urllib.request.OpenerDirector, url: str) -> _Answer:
    request = urllib.request.Request(url, headers={"User-Agent": _AGENT, "Accept-Encoding": "identity"})
    try:
        answered: Any = opener.open(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        answered = error
    with answered:
        body = answered.read(_MOST_BYTES + 1)
        if len(body) > _MOST_BYTES:
            raise ValueError(f"answers with more than {_MOST_BYTES >> 20} MB")
        return _Answer(url, int(answered.status), str(answered.reason), tuple(answered.headers.items()), body)


def _told(source: SourceEntry, kind: Kind, url: str, hops: Sequence[_Answer], path: Path) -> Archived:
    last, wanted = hops[-1], {address(source, file): file.sha256 for file in source.files}
    if last.status != 200:
        return Archived(source.id, url, "differs", path, f"answered {last.status} {last.reason}, which {path} keeps")
    total = hashlib.sha256(last.body).hexdigest()
    if kind == "file" and total != wanted.get(url):
        said = f"answered another file than the registered one, SHA-256 {total}, which {path} keeps"
        return Archived(source.id, url, "differs", path, said)
    return Archived(source.id, url, "kept", path, str(path))


# --- the file -------------------------------------------------------------------------------------------------------


def _wacz(source: SourceEntry, at: datetime, answers: Sequence[_Answer]) -> bytes:
    """Return a WACZ of some answers; the same answers at the same time give the same bytes."""
    warc, lines = _warc(at, answers)
    first, iso = answers[0].url, at.strftime("%Y-%m-%dT%H:%M:%SZ")
    pages = [
        {"format": "json-pages-1.0", "id": "pages", "title": "Pages"},
        {"id": str(uuid.uuid5(_SPACE, f"{first} {iso}")), "url": first, "ts": iso, "title": source.title},
    ]
    parts = {
        "archive/data.warc.gz": warc,
        "indexes/index.cdx": "".join(sorted(lines)).encode("utf-8"),
        "pages/pages.jsonl": "".join(f"{json.dumps(page, ensure_ascii=False)}\n" for page in pages).encode("utf-8"),
    }
    described = json.dumps(
        {
            "profile": "data-package", "wacz_version": "1.1.1", "title": source.title, "created": iso,
            "software": f"camps {provenance.software()['camps']}", "mainPageUrl": first, "mainPageDate": iso,
            "resources": [
                {"name": name.rpartition("/")[2], "path": name, "hash": _sum(content), "bytes": len(content)}
                for name, content in parts.items()
            ],
        },
        ensure_ascii=False, indent=1,
    ).encode("utf-8")  # fmt: skip
    parts["datapackage.json"] = described
    digest = {"path": "datapackage.json", "hash": _sum(described)}
    parts["datapackage-digest.json"] = json.dumps(digest, indent=1).encode("utf-8")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as whole:
        for name, content in parts.items():
            whole.writestr(zipfile.ZipInfo(name, files.ZIP_TIME), content)
    return stream.getvalue()


def _sum(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _warc(at: datetime, answers: Sequence[_Answer]) -> tuple[bytes, list[str]]:
    """Return the WARC of some answers, and a line of its index for each."""
    from warcio.statusandheaders import StatusAndHeaders  # noqa: PLC0415 - only who keeps an answer needs it
    from warcio.warcwriter import WARCWriter  # noqa: PLC0415

    stream, lines = io.BytesIO(), []
    writer = WARCWriter(stream, gzip=True, warc_version="1.1")
    iso = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    writer.write_record(
        _dated(
            writer.create_warcinfo_record("data.warc.gz", {"software": _AGENT, "format": "WARC File Format 1.1"}), iso
        )
    )
    for number, answer in enumerate(answers):
        # The body is kept as it was sent; how it was cut up on the way is not, so its header is no longer true.
        headers = [
            (f"X-Archive-Orig-{name}" if name.lower() == "transfer-encoding" else name, value)
            for name, value in answer.headers
        ]
        told = {
            "WARC-Date": iso,
            "WARC-Record-ID": f"<urn:uuid:{uuid.uuid5(_SPACE, f'{answer.url} {iso} {number}')}>",
        }
        status = StatusAndHeaders(f"{answer.status} {answer.reason}", headers, protocol="HTTP/1.1")
        one = writer.create_warc_record(
            answer.url, "response", payload=io.BytesIO(answer.body), length=len(answer.body), http_headers=status,
            warc_headers_dict=told,
        )  # fmt: skip
        began = stream.tell()
        writer.write_record(one)
        lines.append(_index_line(at, answer, began, stream.tell() - began))
    return stream.getvalue(), lines


def _dated(one: Any, iso: str) -> Any:
    one.rec_headers.replace_header("WARC-Date", iso)
    one.rec_headers.replace_header("WARC-Record-ID", f"<urn:uuid:{uuid.uuid5(_SPACE, iso)}>")
    return one


def _index_line(at: datetime, answer: _Answer, offset: int, length: int) -> str:
    kind = next((value for name, value in answer.headers if name.lower() == "content-type"), "unk")
    told = {
        "url": answer.url, "mime": kind.partition(";")[0].strip(), "status": str(answer.status),
        "digest": _sum(answer.body), "length": str(length), "offset": str(offset), "filename": "data.warc.gz",
    }  # fmt: skip
    return f"{_key(answer.url)} {at.strftime(_STAMP)} {json.dumps(told, ensure_ascii=False)}\n"


def _key(url: str) -> str:
    """Return an address as an index is sorted by: the host turned round, then path and query in small letters."""
    parts = urllib.parse.urlsplit(url)
    host = ",".join(reversed(re.sub(r"^www\d*\.", "", (parts.hostname or "").lower()).split(".")))
    port = f":{parts.port}" if parts.port not in {None, 80, 443} else ""
    query = f"?{'&'.join(sorted(parts.query.split('&')))}" if parts.query else ""
    return f"{host}{port}){(parts.path or '/')}{query}".lower()


# --- the record of them ---------------------------------------------------------------------------------------------


def _enter(source: SourceEntry, at: datetime, path: Path, answered: Sequence[tuple[Kind, str, list[_Answer]]]) -> None:
    """Add to the table of archives what an archive holds."""
    rows = [
        {
            "source_id": source.id, "kind": kind, "url": url, "http_status": str(hops[-1].status),
            "sha256": hashlib.sha256(hops[-1].body).hexdigest(), "bytes": str(len(hops[-1].body)),
            "retrieved_utc": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "archive": path.name,
            "archive_sha256": files.sha256(path), "archive_bytes": str(path.stat().st_size),
        }
        for kind, url, hops in answered
    ]  # fmt: skip
    whole = pd.concat([read_archives(), pd.DataFrame(rows, columns=list(COLUMNS))], ignore_index=True)
    files.write_text(settings.geodata() / ARCHIVES, record.csv_text(whole))


def read_archives(root: Path | None = None) -> pd.DataFrame:
    """Return what was archived: a row an address, all text; empty where nothing was.

    Parameters
    ----------
    root
        Folder of a record, or the payload of a package; the current record by default.

    Raises
    ------
    InputError
        When the table is not sound; all faults are named.
    """
    path = (settings.home() if root is None else root) / "geodata" / ARCHIVES
    if not files.is_there(path):
        return pd.DataFrame(columns=list(COLUMNS))
    table = record.read_csv(path)
    if tuple(table.columns) != COLUMNS:
        raise InputError(f"{path}: columns {', '.join(table.columns)}; expected {', '.join(COLUMNS)}")
    raise_faults(
        (fault for at, row in table.iterrows() for fault in _row_faults(row.to_dict(), int(str(at)) + 2)), str(path)
    )
    return table


def _row_faults(row: Mapping[Any, Any], number: int) -> Iterator[Fault]:
    wrong = [name for name in ("sha256", "archive_sha256") if not _SHA256.fullmatch(str(row[name]))]
    wrong += [name for name in ("bytes", "archive_bytes", "http_status") if not str(row[name]).isdigit()]
    wrong += [] if _NAME.fullmatch(str(row["archive"])) else ["archive"]
    for name in wrong:
        yield Fault(f"row {number}, column {name}", repr(row[name]), "as `camps sources fetch --archive` writes it")


def captures(root: Path | None = None) -> list[Capture]:
    """Return the archives of a record, the oldest first: id of the item, source, place below the home, sum and time.

    Parameters
    ----------
    root
        As for :func:`read_archives`.
    """
    table = read_archives(root)
    return [
        Capture(
            f"archive-{str(name).removesuffix('.wacz')}", str(rows["source_id"].iloc[0]),
            f"geodata/{FOLDER}/{name}", tuple(rows["url"]), str(rows["retrieved_utc"].iloc[0]),
            str(rows["archive_sha256"].iloc[0]), int(rows["archive_bytes"].iloc[0]),
        )
        for name, rows in table.groupby("archive", sort=False)
    ]  # fmt: skip


def verify_archives() -> pd.DataFrame:
    """Return whether each archive of the record has the sum that it had, as `camps.sources.verify` does of files."""
    rows = []
    for one in captures():
        path = settings.home() / one.place
        actual = files.sha256(path) if path.is_file() else ""
        state = "missing" if not actual else "sound" if actual == one.sha256 else "differs"
        rows.append([one.source_id, path.name, state, str(path) if actual else "", one.sha256, actual])
    return pd.DataFrame(rows, columns=["source_id", "name", "state", "path", "expected", "actual"])


def may_be_passed_on(source: SourceEntry) -> bool:
    """Return whether the terms of a source let a copy of it be handed on as it is."""
    return _PASSED_ON.match(source.licence) is not None
