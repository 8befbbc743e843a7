"""Which code page old text is in: as told or stated where the bytes bear it out, else the only one that makes words."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress

#: Tried in this order; each must make words of its own script of every cell.
CANDIDATES = ("gb18030", "big5", "euc_kr", "shift_jis", "cp1251", "koi8-r", "cp866", "cp1252")
#: Language drivers in the 30th byte of a DBF; 0 and others state nothing.
_DRIVERS = {0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x26: "cp866", 0x4D: "gb18030", 0x4E: "cp949", 0x4F: "big5",
            0x57: "cp1252", 0x58: "cp1252", 0x64: "cp852", 0x65: "cp866", 0x7B: "cp932", 0xC8: "cp1250",
            0xC9: "cp1251", 0xCA: "cp1254"}  # fmt: skip
_CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859-5")
_SCRIPTS = {"gb18030": ("一", "鿿"), "gbk": ("一", "鿿"), "gb2312": ("一", "鿿"), "big5": ("一", "鿿"),
            "euc_kr": ("가", "힣"), "cp949": ("가", "힣"), "shift_jis": ("ぁ", "ヿ"),
            "cp932": ("ぁ", "ヿ")}  # fmt: skip
#: Scripts whose text is not mixed with Chinese characters.
_ALONE = ("euc_kr", "cp949")
_COMMON = {"gb18030": "gb2312", "gbk": "gb2312", "gb2312": "gb2312", "big5": "big5"}
_PUNCTUATION = "’‘“”–—…°№«»·、。，（）《》：；-"
#: Bytes by the character that they show, or by the control character that some readers keep in its place.
_CONTROLS = {chr(at): at for at in range(0x80, 0xA0)}
_PAGES = [_CONTROLS | {bytes([at]).decode(name, "ignore"): at for at in range(256)} for name in ("cp1252", "cp1251")]
_CYRILLIC_WORD = re.compile(r"[Ѐ-Я]?[а-ӿ]+|[Ѐ-Я]+")
_MOST_ACCENTED = 0.5
_CUT_BYTES = 3
#: A DBF cuts the names of its columns after so many bytes, and long cells at the width of the field.
DBF_NAME = 10
_LONG_CELL = 80


def stated_encoding(cpg: str, language_driver: int) -> str:
    """Return the encoding that the .cpg of a Shapefile, or the head of its .dbf, states; empty where neither does."""
    name = cpg.strip().upper().removeprefix("ANSI").removeprefix("OEM").strip()
    name = {"65001": "utf-8", "88591": "latin-1", "936": "gb18030"}.get(name, f"cp{name}" if name.isdigit() else name)
    try:
        return codecs.lookup(name).name if name else _DRIVERS.get(language_driver, "")
    except LookupError:
        return ""


def likely_encodings(cells: Iterable[bytes], stated: str = "") -> list[str]:
    """Return the encodings in which all cells are words, the likeliest first; one alone is sure.

    Text that is valid UTF-8 is UTF-8; a stated encoding stands when it makes words of the bytes.

    Examples
    --------
    >>> likely_encodings(["新疆第一监狱".encode("gbk")], "latin-1")
    ['gb18030']
    >>> likely_encodings(["Колыма".encode("cp1251"), "Воркута".encode("cp1251")])
    ['cp1251']
    """
    telling = [cell for cell in cells if not cell.isascii()]
    if not telling:
        return ["utf-8"]
    if stated and _is_wide(stated) and _makes_words(telling, stated):
        return [stated]
    if all(decodes(cell, "utf-8") for cell in telling):
        return ["utf-8"]
    if stated and _makes_words(telling, stated):
        return [stated]
    likely = [name for name in CANDIDATES if _makes_words(telling, name)]
    stands = stated and not likely and all(decodes(cell, stated) for cell in telling)
    return [stated] if stands else likely


def _is_wide(name: str) -> bool:
    return bool(name) and not name.startswith(("cp125", "cp4", "cp8", "iso8859", "latin", "koi8", "ascii"))


def decodes(cell: bytes, name: str) -> bool:
    """Return whether bytes are text in an encoding, but for a last character that a full field cuts off."""
    try:
        cell.decode(name)
    except UnicodeDecodeError as error:
        at_the_end = error.end >= len(cell) and error.start >= len(cell) - _CUT_BYTES
        return at_the_end and _is_wide(name) and (len(cell) == DBF_NAME or len(cell) >= _LONG_CELL)
    return True


def _makes_words(cells: list[bytes], name: str) -> bool:
    if not all(decodes(cell, name) for cell in cells):
        return False
    words = list(_words(cell.decode(name, "ignore") for cell in cells))
    return bool(words) and all(_is_word(word, name) for word in words)


def _words(texts: Iterable[str]) -> Iterator[str]:
    """Yield the runs of characters between spaces and plain marks that hold one beyond ASCII."""
    for text in texts:
        for run in re.split(r"[\s\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]+", text):
            word = run.strip(_PUNCTUATION)
            if word and not word.isascii():
                yield word


def _is_word(word: str, name: str) -> bool:
    marks = [mark for mark in word if not mark.isascii() and mark not in _PUNCTUATION]
    if name in _CYRILLIC:
        parts = re.split(r"[0-9–—№-]+", word)
        return all(_CYRILLIC_WORD.fullmatch(part.strip(_PUNCTUATION)) for part in parts if part)
    if name in _SCRIPTS:
        return all(first <= mark <= last or ("一" <= mark <= "鿿" and name not in _ALONE)
                   for mark in marks for first, last in [_SCRIPTS[name]]) and _is_common(marks, name)  # fmt: skip
    latin = all(unicodedata.name(mark, "").startswith("LATIN") for mark in marks)
    return latin and len(marks) <= _MOST_ACCENTED * len(word)


def misread(text: str) -> str:
    """Return what a text says when it is UTF-8 that was read as a code page of one byte a character, else empty text.

    Examples
    --------
    >>> misread("BismarckhÃ¼tte"), misread("РљРѕР»С‹РјР°"), misread("Königshütte")
    ('Bismarckhütte', 'Колыма', '')
    """
    for page in () if text.isascii() else _PAGES:
        with suppress(KeyError, UnicodeDecodeError):
            return bytes(page[mark] for mark in text).decode("utf-8")
    return ""


def _is_common(marks: list[str], name: str) -> bool:
    """Return whether Chinese characters are of the common sets: GB 2312, or the first level of Big5."""
    if name not in _COMMON:
        return True
    try:
        held = "".join(marks).encode(_COMMON[name])
    except UnicodeEncodeError:
        return False
    return name != "big5" or all(0xA4 <= lead <= 0xC6 for lead in held[::2])
