"""A sum as words to be read out and as a code to be scanned, so that it is kept and compared away from the files.

The words are those of BIP-39, in English: 24 of them are 32 bytes and a check, so that a word misheard is noticed. They
are public, and open nothing.
"""

from __future__ import annotations

import io
from pathlib import Path

import segno
from mnemonic import Mnemonic

from camps import files
from camps.errors import InputError

N_WORDS = 24


def words_of(total: bytes) -> str:
    """Return a SHA-256 as 24 words.

    Examples
    --------
    >>> words_of(bytes(31) + b"a")[-18:]
    'abandon about glow'
    """
    return str(Mnemonic("english").to_mnemonic(total))


def bytes_of(words: str) -> bytes:
    """Return the sum that 24 words are.

    Raises
    ------
    InputError
        When one of them is no such word, or they are not in the order in which they were printed.
    """
    told = words.lower().split()
    listed = Mnemonic("english")
    if unknown := [word for word in told if word not in listed.wordlist]:
        raise InputError(f"{', '.join(unknown)}: no word of a seal; read it again where it is printed")
    try:
        if len(told) != N_WORDS:
            raise ValueError
        return bytes(listed.to_entropy(told))
    except ValueError as error:
        raise InputError(
            f"{len(told)} words that are no seal; one is wrong or out of place, expected {N_WORDS}"
        ) from error


def is_words(text: str) -> bool:
    """Return whether a text is words, and not a sum or the name of a file."""
    return len(text.split()) > 3 and not text.startswith("ssh-")


def sum_of(stated: str) -> str:
    """Return a SHA-256 in hexadecimal, stated so or as words.

    Raises
    ------
    InputError
        When it is neither.
    """
    if is_words(stated):
        return bytes_of(stated).hex()
    if files.SHA256.fullmatch(told := stated.strip().lower()):
        return told
    raise InputError(f"{stated}: no seal; expected 64 hexadecimal digits, or {N_WORDS} words")


def write_code(text: str, path: Path) -> Path:
    """Write a text as a QR code (SVG) and return the path; the same text gives the same bytes."""
    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(drawn, kind="svg", scale=4, border=4, nl=True)
    return files.write_bytes(path, drawn.getvalue())
