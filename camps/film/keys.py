"""What a picture depends on: the page, the state, the code of ours that it passes through, and the browser."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache

from camps import machine
from camps.film import drivers
from camps.film.plan import State
from camps.film.stage import FilmPage, read_resource, read_script

_DRAWING = ("stage.py", "ring.py", "canvas.py", "screen.py", "painted.py", "screen.html", "png.py")
_SCRIPTS = ("canvas.js", "screen.js", "paint.js", drivers.SCRIPT)


def frame_key(page_sha256: str, state: State, encoding: str, browser: str) -> str:
    """Return the hash of all that a frame shows: page, state, file format, and the browser that draws it."""
    shown = json.dumps([page_sha256, state, encoding, browser], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(shown.encode("utf-8")).hexdigest()


def browser_number() -> str:
    """Return the version number of the browser that draws."""
    # Distributions add words of their own before and after it.
    version = machine.browser_version(machine.find_chromium())
    found = re.search(r"\d+(\.\d+)+", version)
    return found[0] if found else version


@cache
def drawing_sha256() -> str:
    """Return the hash of the code of ours that a pixel passes through."""
    texts = [*map(read_resource, _DRAWING), *map(read_script, _SCRIPTS)]
    return hashlib.sha256("".join(texts).encode("utf-8")).hexdigest()


def page_sums(page: FilmPage) -> dict[str, str]:
    """Return for each document of a page the hash of it and of every file that the page may ask for."""
    files_sum = hashlib.sha256()
    for address in sorted(page.files):
        files_sum.update(address.encode("utf-8") + hashlib.sha256(page.files[address]).digest())
    documents = {"": page.html, **page.others}
    return {
        name: hashlib.sha256(html.encode("utf-8") + files_sum.digest()).hexdigest() for name, html in documents.items()
    }
