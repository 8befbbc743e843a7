"""Our own JavaScript: modules that import from one another, joined into the one script that a page carries.

A page is a file on somebody's disk, and a browser loads no modules from there; so the modules stand in one scope, each
behind what it imports. Two of them may not use the same name at their top (a test holds that).
"""

from __future__ import annotations

import re
from functools import cache, reduce
from pathlib import Path

from camps import files

_IMPORT = re.compile(r"^import \{[^}]*\} from ['\"]\./(\w+)\.js['\"];\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
#: What is said of types, on lines of its own.
_TYPES = re.compile(r"^ */\*\*(?:(?!\*/).)*\*/\n", re.MULTILINE | re.DOTALL)


@cache
def joined(entry: Path) -> str:
    """Return a module and all that it imports as one script, without what is said of types.

    ``export default`` stays for who wants a module.
    """
    left_out = (_IMPORT, _TYPES, _EXPORT)
    return "\n".join(reduce(lambda text, one: one.sub("", text), left_out, text) for text in modules(entry).values())


def modules(entry: Path) -> dict[Path, str]:
    """Return the text of a module and of all that it imports, each behind what it imports itself.

    Raises
    ------
    ImportError
        When modules import one another in a circle.
    """
    found: dict[Path, str] = {}
    _gather(entry, found, ())
    return found


def _gather(path: Path, found: dict[Path, str], above: tuple[Path, ...]) -> None:
    if path in above:
        raise ImportError(" → ".join(one.name for one in (*above[above.index(path) :], path)))
    if path in found:
        return
    with files.readable(path):
        text = path.read_text("utf-8")
    for name in _IMPORT.findall(text):
        _gather(path.with_name(f"{name}.js"), found, (*above, path))
    found[path] = text
