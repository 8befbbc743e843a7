"""Make ``vendor/`` from npm packages: ``python -m camps.maps.vendoring FOLDER``.

Only for whoever renews the vendored files; nothing imports it at run time.
"""

from __future__ import annotations

import base64
import io
import json
import mimetypes
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from camps import files, fonts
from camps.errors import MissingError
from camps.maps.vendored import LICENCES, VENDOR

#: Kinds of file that a style may hold inside; of a font, the one kind that every browser reads.
_EMBEDDED = (".png", ".gif", ".svg", ".woff2")
#: Font Awesome's brand marks and old aliases: large, and no map uses them.
_LEFT_OUT = re.compile(r"fa-brands|fa-v4compat|font-family:\"?(Font Awesome 5|FontAwesome)")
_LICENCE = re.compile(r"(mit-)?licen[cs]e|copying", re.IGNORECASE)
_URL = re.compile(r"url\(\s*['\"]?([^'\")]+?)['\"]?\s*\)")


def build_vendor(packages: Path) -> list[Path]:
    """Copy every file of ``sources.toml`` from unpacked packages to its place and return the lists written.

    Raises
    ------
    MissingError
        When a package lacks a file.
    """
    sources = tomllib.loads((VENDOR / "sources.toml").read_text(encoding="utf-8"))["packages"]
    head = "# Written by camps.maps.vendoring from maps/vendor/sources.toml."
    listed = {VENDOR / "vendor.toml": [head, ""], fonts.FOLDER / "fonts.toml": [head, ""]}
    for package, version, licence, wanted in sources:
        root = packages / f"{package}-{version}" / "package"
        _write_licence(root, f"{package}-{version}.txt")
        for name, path in wanted.items():
            list_ = fonts.FOLDER / "fonts.toml" if name.endswith(".ttf") else VENDOR / "vendor.toml"
            target = files.write_bytes(list_.parent / name, _content(root / path, name))
            listed[list_] += _entry(name, package, version, licence, files.sha256(target))
    _write_icons(packages / "leaflet-1.9.4" / "package" / "dist" / "images")
    return [files.write_text(path, "\n".join(lines)) for path, lines in listed.items()]


def _write_licence(root: Path, name: str) -> None:
    """Write the text of a package's licence; where the package holds none, one has to stand there already."""
    texts = [path for path in sorted(root.iterdir()) if path.is_file() and _LICENCE.match(path.name)]
    target = VENDOR / LICENCES / name
    if texts:
        parts = [path.read_text("utf-8-sig", errors="replace").replace("\r\n", "\n").strip() for path in texts]
        files.write_text(target, "\n\n".join(parts) + "\n")
    elif not target.is_file():
        raise MissingError(f"{root}: no text of its licence; write it to {target}")


def _entry(name: str, package: str, version: str, licence: str, digest: str) -> Iterator[str]:
    values = {"package": package, "version": version, "licence": licence, "sha256": digest}
    yield f'[file."{name}"]'
    yield from (f'{key} = "{value}"' for key, value in values.items())
    yield ""


def _content(path: Path, name: str) -> bytes:
    with files.readable(path):
        content = path.read_bytes()
    if path.suffix == ".woff":
        return _font(content, name)
    text = re.sub(r"(//|/\*)# sourceMappingURL=[^\n*]*(\*/)?", "", content.decode("utf-8"))
    if name == "bootstrap-glyphicons.css":
        text = _glyphicons(text)
    if text.startswith("var L = require('leaflet')"):
        text = _as_script(text, path.parent)
    return (_with_insides(text, path.parent) if path.suffix == ".css" else text).encode("utf-8")


def _font(content: bytes, name: str) -> bytes:
    """Return a font as TrueType under the suite's own name; of Hangul, the syllables of KS X 1001."""
    font = TTFont(io.BytesIO(content), recalcTimestamp=False)
    if name.startswith("korean"):
        common = [code for code in font.getBestCmap() if _is_common(chr(code))]
        cutter = subset.Subsetter(subset.Options(hinting=False, notdef_outline=True, layout_features=["*"]))
        cutter.populate(unicodes=common)
        cutter.subset(font)
    family = next(one.family for one in fonts.FONTS if one.file == name)
    for record in list(font["name"].names):
        if record.nameID in (1, 3, 4, 6, 16):
            record.string = family.replace(" ", "") if record.nameID == 6 else family
        elif record.nameID > 14:
            font["name"].names.remove(record)
    font.flavor = None
    stream = io.BytesIO()
    font.save(stream)
    return stream.getvalue()


def _is_common(sign: str) -> bool:
    # What the standard has no code for, Python writes as a sequence of letters.
    try:
        return len(sign.encode("euc_kr")) <= 2
    except UnicodeEncodeError:
        return False


def _as_script(module: str, folder: Path) -> str:
    """Return a CommonJS module as a script that adds the styles which the module asks for."""
    names = re.findall(r"require\('\./(.+?\.css)'\)", module)
    styles = "".join(_with_insides((folder / name).read_text(encoding="utf-8"), folder) for name in names)
    given = (
        "const module = { exports: {} }; const require = (name) => (name === 'leaflet' ? window.L : {});\n"
        "const style = document.createElement('style'); document.head.append(style);\n"
        f"style.textContent = {json.dumps(styles)};\n"
    )
    return f"(() => {{\n{given}{module}\n}})();\n"


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
    for path in build_vendor(Path(arguments[0])):
        print(f"{path}  {files.sha256(path)}")


if __name__ == "__main__":
    main(sys.argv[1:])
