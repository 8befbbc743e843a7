"""A record inside a file: what the file shows, as text within it, bound to the bytes around it.

    camps-record-1:HEAD.BOUND.AROUND.SIGNATURE~

``HEAD`` is the record, JSON deflated by LZMA; ``BOUND`` the sums of what the file is made of, such as the coded
pictures of a movie; ``AROUND`` the SHA-256 of the whole file with itself and what follows set to ``A``; ``SIGNATURE``
is ``A`` until somebody signs. All are base64 for file names, without padding: letters that no container changes, so a
program that copies metadata as text carries it on.

It shows that nothing was changed since it was written. It does not show who wrote it: that takes a signature, for which
every record has room.
"""

from __future__ import annotations

import base64
import hashlib
import json
import lzma
import mmap
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import PdfParser

from camps import files, provenance
from camps.errors import InputError

#: Files that carry a record.
TELLING = frozenset({".mp4", ".mov", ".mkv", ".webm", ".html", ".svg", ".png", ".pdf"})
_MARK = b"camps-record-1:"
_TEXT = re.compile(_MARK + rb"([A-Za-z0-9_-]{1,67108864})\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]*)~")
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": 1 << 22}]
#: No record of ours comes near; what would unpack to more is not unpacked.
_MOST_BYTES, _MEMORY_BYTES = 1 << 23, 1 << 25
_SUM_BYTES = 32
#: Room for a signature of OpenSSH by an Ed25519 key, which `camps.appendix.signing` makes.
SIGNATURE_BYTES = 180
_PIECE = 1 << 20
#: Where a page, a drawing or a picture has room for what its readers look over. A PNG sums up each of its parts itself.
_HTML, _SVG = '<meta name="generator" content="camps">', re.compile(r"<svg [^>]*>")
_PNG, _CHUNK, _CRC_BYTES = b"\x89PNG\r\n\x1a\n", b"tEXtcamps\0", 4


@dataclass(frozen=True)
class Embedded:
    """A record as it stands in a file.

    Attributes
    ----------
    content
        The record; its texts hold only what can be printed.
    bound
        Sums of what the file is made of; empty where only the file as a whole is bound.
    around
        Stated SHA-256 of the file around it.
    signature
        Signature over all that stands before it; zeros where nobody signed.
    text
        All of it as it stands in the file.
    """

    content: Mapping[str, Any]
    bound: bytes
    around: bytes
    signature: bytes
    text: bytes

    @property
    def is_signed(self) -> bool:
        """Return whether something stands where a signature would."""
        return any(self.signature)

    @property
    def signed(self) -> bytes:
        """Return the bytes that a signature is over."""
        return self.text.rpartition(b".")[0]


def pack(content: Mapping[str, Any]) -> str:
    """Return the head of the text of a record; the same record gives the same text.

    Examples
    --------
    >>> pack({"shot": "A"}).startswith("camps-record-1:")
    True
    """
    said = provenance.canonical_json(content).encode("utf-8")
    return (_MARK + _written(lzma.compress(said, lzma.FORMAT_XZ, lzma.CHECK_CRC32, filters=_FILTERS))).decode()


def blank(head: str, n_bound: int = 0) -> str:
    """Return the whole text with ``A`` for what is not known before the file is there; `fill` replaces that.

    Parameters
    ----------
    head
        From `pack`.
    n_bound
        Bytes that the sums will have.
    """
    return _unsigned(f"{head}.{_letters(n_bound)}")


def _unsigned(stated: str, n_signature: int = SIGNATURE_BYTES) -> str:
    return f"{stated}.{_letters(_SUM_BYTES)}.{_letters(n_signature)}~"


def _letters(n: int) -> str:
    return "A" * len(_written(bytes(n)))


def fill(path: Path, head: str, bound: bytes = b"") -> Path:
    """Write the sums into a file that holds the text of `blank`, once or more often, and return the path."""
    empty = blank(head, len(bound)).encode()
    with path.open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as content:
        places, crc = list(_places(content, empty)), _n_crc(content)
        stated = b".".join([head.encode(), _written(bound)])
        for at in places:
            content[at : at + len(stated)] = stated
            content[at + len(empty) : at + len(empty) + crc] = bytes(crc)
        around = hashlib.sha256(content).digest()
        _lay(content, places, b".".join([stated, _written(around), _written(bytes(SIGNATURE_BYTES)) + b"~"]))
    return path


def sign(path: Path, found: Embedded, signature: bytes) -> Path:
    """Write a signature into the room that the record of a file has for it, and return the path.

    Raises
    ------
    InputError
        When it has none, as in a file of an earlier release.
    """
    if len(found.signature) != len(signature):
        raise InputError(f"{path}: its record has no room for a signature; write the file once more and sign that")
    with path.open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as content:
        _lay(content, list(_places(content, found.text)), b".".join([found.signed, _written(signature) + b"~"]))
    return path


def _lay(content: mmap.mmap, places: list[int], text: bytes) -> None:
    """Write a text at places of a file; behind each of them in a PNG stands the sum of the part that it is in."""
    crc = _n_crc(content)
    for at in places:
        content[at : at + len(text)] = text
        content[at + len(text) : at + len(text) + crc] = _crc(content, at, len(text))[:crc]


def _n_crc(content: mmap.mmap | bytes) -> int:
    return _CRC_BYTES if content[: len(_PNG)] == _PNG else 0


def _crc(content: mmap.mmap | bytes, at: int, length: int) -> bytes:
    return struct.pack(">I", zlib.crc32(content[at - len(_CHUNK) : at + length]))


def put(path: Path, content: Mapping[str, Any]) -> Path:
    """Write a record into an HTML, SVG, PNG or PDF file, bound to all its bytes, and return the path."""
    head = pack(content)
    _WAYS[path.suffix](path, blank(head))
    return fill(path, head)


def without(content: bytes) -> bytes:
    """Return a PNG as it was before its record was put in."""
    at = content.find(_CHUNK + _MARK) - 4
    if at < len(_PNG):
        return content
    (length,) = struct.unpack(">I", content[at : at + 4])
    return content[:at] + content[at + 12 + length :]


def _into_html(path: Path, text: str) -> None:
    said = path.read_text("utf-8").replace(_HTML, f'{_HTML}\n<meta name="camps-record" content="{text}">', 1)
    path.write_text(said, "utf-8", newline="\n")


def _into_svg(path: Path, text: str) -> None:
    said = path.read_text("utf-8")
    said = _SVG.sub(lambda found: f"{found[0]}<metadata>{text}</metadata>", said, count=1)
    path.write_text(said, "utf-8", newline="\n")


def _into_png(path: Path, text: str) -> None:
    content, body = path.read_bytes(), _CHUNK + text.encode()
    at = content.find(b"IDAT") - 4
    if at < len(_PNG):
        raise InputError(f"{path}: not a PNG that can be read; draw it again")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    path.write_bytes(content[:at] + chunk + content[at:])


def _into_pdf(path: Path, text: str) -> None:
    """Add an object that nothing refers to, as an update at the end of the file."""
    with PdfParser.PdfParser(str(path), mode="r+b") as paper:
        paper.start_writing()
        paper.write_obj(None, stream=text.encode())
        paper.write_xref_and_trailer()


_WAYS = {".html": _into_html, ".svg": _into_svg, ".png": _into_png, ".pdf": _into_pdf}


# ── read back ────────────────────────────────────────────────────────────────────────────────────────────────────


def read(path: Path) -> Embedded | None:
    """Return the record in a file, or ``None`` where there is none.

    Raises
    ------
    MissingError, InputError
        When the file cannot be read, it holds two records, or its record is none of ours.
    """
    with _mapped(path) as content:
        texts = {_text_at(path, content, at) for at in _places(content, _MARK)}
    if len(texts) > 1:
        raise InputError(f"{path}: holds {len(texts)} records that say different things; ask for the file once more")
    for text in texts:
        return _parsed(path, text)
    return None


def sum_around(path: Path, found: Embedded) -> bytes:
    """Return the SHA-256 of a file around its record, as it was when the record was written."""
    stated = b".".join(found.text.split(b".")[:2]).decode()
    empty = _unsigned(stated, len(found.signature)).encode()
    digest, done = hashlib.sha256(), 0
    with _mapped(path) as content:
        crc = _n_crc(content)
        for at in _places(content, found.text):
            _hash_part(digest, content, done, at)
            done = at + len(found.text) + crc
            if content[done - crc : done] != _crc(content, at, len(found.text))[:crc]:
                return b""
            digest.update(empty + bytes(crc))
        _hash_part(digest, content, done, len(content))
    return digest.digest()


def _hash_part(digest: Any, content: mmap.mmap | bytes, first: int, end: int) -> None:
    for at in range(first, end, _PIECE):
        digest.update(content[at : min(end, at + _PIECE)])


def holds(path: Path, text: bytes) -> bool:
    """Return whether some bytes stand in a file."""
    with _mapped(path) as content:
        return content.find(text) >= 0


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap | bytes]:
    with files.readable(path), path.open("rb") as stream:
        try:
            content: mmap.mmap | bytes = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # an empty file cannot be mapped
            content = b""
        yield content


def _places(content: mmap.mmap | bytes, text: bytes) -> Iterator[int]:
    at = content.find(text)
    while at >= 0:
        yield at
        at = content.find(text, at + len(text))


def _text_at(path: Path, content: mmap.mmap | bytes, at: int) -> bytes:
    found = _TEXT.match(content, at)
    if found is None:
        raise _unreadable(path, "it is cut short")
    return found[0]


def _unreadable(path: Path, reason: object) -> InputError:
    return InputError(f"{path}: its record cannot be read ({reason}); it was changed: ask for the file once more")


def _parsed(path: Path, text: bytes) -> Embedded:
    head, *parts = text.removeprefix(_MARK).removesuffix(b"~").split(b".")
    try:
        packed, bound, around, signature = map(_decoded, (head, *parts))
        return Embedded(_unpacked(packed), bound, around, signature, text)
    except (ValueError, lzma.LZMAError, MemoryError, RecursionError) as error:
        raise _unreadable(path, error) from error


def _unpacked(packed: bytes) -> dict[str, Any]:
    reader = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_BYTES)
    said = reader.decompress(packed, max_length=_MOST_BYTES)
    if not reader.eof or reader.unused_data:
        raise ValueError("it would unpack to more than a record is long")
    content = json.loads(said.decode("utf-8"), parse_constant=_refuse_number)
    if not isinstance(content, dict):
        raise ValueError("it is no table")
    # Half a sign can be said in JSON and nowhere else. What would steer a terminal is a list's own, and shown as it is
    # written wherever it is printed.
    json.dumps(content, ensure_ascii=False).encode("utf-8")
    return content


def _refuse_number(text: str) -> None:
    raise ValueError(f"{text} is no number of a record")


def _written(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _decoded(text: bytes) -> bytes:
    content = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    # Spelt in one way only, so that no sign of it can be changed unseen.
    if _written(content) != text:
        raise ValueError("not written as a record is")
    return content
