"""Make ``vendor/`` from npm packages: ``python -m camps.maps.vendoring FOLDER``.

Only for whoever renews the vendored files; nothing imports it at run time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import mimetypes
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from camps import files
from camps.maps.vendored import VENDOR

#: Kinds of file that a style may hold inside; of a font, the one kind that every browser reads.
_EMBEDDED = (".png", ".gif", ".svg", ".woff2")
#: Font Awesome's brand marks and old aliases: large, and no map uses them.
_LEFT_OUT = re.compile(r"fa-brands|fa-v4compat|font-family:\"?(Font Awesome 5|FontAwesome)")
_URL = re.compile(r"url\(\s*['\"]?([^'\")]+?)['\"]?\s*\)")


def build_vendor(packages: Path) -> Path:
    """Copy every file of ``sources.toml`` from unpacked packages into ``vendor/`` and return the list written.

    Raises
    ------
    MissingError
        When a package lacks a file.
    """
    sources = tomllib.loads((VENDOR / "sources.toml").read_text(encoding="utf-8"))["packages"]
    lines = ["# Written by camps.maps.vendoring from sources.toml.", ""]
    for package, version, licence, wanted in sources:
        root = packages / f"{package}-{version}" / "package"
        for name, path in wanted.items():
            target = files.write_bytes(VENDOR / name, _content(root / path, name))
            lines += _entry(name, package, version, licence, files.sha256(target))
    _write_icons(packages / "leaflet-1.9.4" / "package" / "dist" / "images")
    return files.write_text(VENDOR / "vendor.toml", "\n".join(lines))


def _entry(name: str, package: str, version: str, licence: str, digest: str) -> Iterator[str]:
    values = {"package": package, "version": version, "licence": licence, "sha256": digest}
    yield f'[file."{name}"]'
    yield from (f'{key} = "{value}"' for key, value in values.items())
    yield ""


def _content(path: Path, name: str) -> bytes:
    with files.readable(path):
        content = path.read_bytes()
    if path.suffix == ".woff":
        return content
    text = re.sub(r"(//|/\*)# sourceMappingURL=[^\n*]*(\*/)?", "", content.decode("utf-8"))
    if name == "bootstrap-glyphicons.css":
        text = _glyphicons(text)
    return (_with_insides(text, path.parent) if path.suffix == ".css" else text).encode("utf-8")


def _glyphicons(style: str) -> str:
    """Return the rules of Bootstrap 3 that draw glyphicons, and no others."""
    rules = re.findall(r"@font-face\{[^}]*Glyphicons[^}]*\}|\.glyphicon[^{}]*\{[^}]*\}", style)
    return "\n".join(rules)


def _with_insides(style: str, folder: Path) -> str:
    """Return a style with its pictures and fonts as data; what is not embedded is taken out."""
    style = re.sub(r"@font-face\s*\{[^}]*\}", lambda rule: _font_rule(rule.group()), style)

    def inside(found: re.Match[str]) -> str:
        address = found.group(1)
        path = folder / address.split("?")[0].split("#")[0]
        if address.startswith(("data:", "#")):
            return found.group()
        if path.suffix not in _EMBEDDED or not path.is_file():
            return "url(data:,)"
        kind = "font/woff2" if path.suffix == ".woff2" else mimetypes.guess_type(path.name)[0]
        return f"url(data:{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')})"

    return _URL.sub(inside, style)


def _font_rule(rule: str) -> str:
    """Return a font rule with its WOFF2 source alone, or nothing for a font that no map uses."""
    source = re.search(r"url\([^)]*\.woff2[^)]*\)", rule)
    if _LEFT_OUT.search(rule) or not source:
        return ""
    return re.sub(r"src:[^;}]*;?", "", rule).rstrip("}").rstrip(";") + f";src:{source.group()} format('woff2')}}"


def _write_icons(folder: Path) -> None:
    names = {"iconUrl": "marker-icon.png", "iconRetinaUrl": "marker-icon-2x.png", "shadowUrl": "marker-shadow.png"}
    icons = {
        key: "data:image/png;base64," + base64.b64encode((folder / name).read_bytes()).decode("ascii")
        for key, name in names.items()
    }
    files.write_text(VENDOR / "leaflet-icons.json", json.dumps(icons, indent=1, sort_keys=True) + "\n")


def main(arguments: Sequence[str]) -> None:
    """Renew ``vendor/`` from the folder named."""
    path = build_vendor(Path(arguments[0]))
    print(f"{path}  {hashlib.sha256(path.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main(sys.argv[1:])
