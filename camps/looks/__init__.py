"""Looks: colours, type, lines, a mark and the places of furniture, each look a TOML file that may inherit another.

``dark``, ``light`` and ``paper`` travel with the suite; those of a record stand in its folder ``looks``.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from camps import record, settings
from camps.errors import Fault, InputError, MissingError, raise_faults
from camps.record import Table

SHIPPED = ("dark", "light", "paper")
_HERE = Path(__file__).parent
_MEDIA = {
    ".ttf": "font/ttf", ".otf": "font/otf", ".woff": "font/woff", ".woff2": "font/woff2",
    ".png": "image/png", ".svg": "image/svg+xml",
}  # fmt: skip
_CHANNEL = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_COLOUR = re.compile(rf"#[0-9a-fA-F]{{6}}|rgba\({_CHANNEL},{_CHANNEL},{_CHANNEL},(0|1|0?\.\d+)\)")
#: What of a drawing a picture of it would not show, or not twice the same: what moves, runs, or lies elsewhere.
_NOT_DRAWN = re.compile(
    r"<\s*(?:\w+:)?(script|foreignObject|animate\w*|set)\b|@import|@keyframes|url\(\s*[\"']?(?!#|data:|[\"'])[^)]*\)"
    r"|\bhref\s*=\s*[\"'](?!#|data:)[^\"']*[\"']",
    re.IGNORECASE,
)

Piece = Literal[
    "logo", "title", "subtitle", "scale", "north", "legend", "date", "counter", "chapter", "notes", "captions", "credit"
]
Place = Literal["country", "region", "nature", "water", "capital", "city", "site"]
Aspect = Literal["16:9", "1:1", "4:5", "9:16"]
Corner = Literal[
    "top left", "top", "top right", "middle left", "middle", "middle right", "bottom left", "bottom", "bottom right"
]
Share = Annotated[float, Field(ge=0, lt=0.45)]


#: Weights in which type is set, as far as a look does not say otherwise.
WEIGHTS = (400, 600, 700)


def _is_colour(value: str) -> str:
    if not _COLOUR.fullmatch(value.replace(" ", "")):
        raise ValueError('a colour as "#rrggbb" or "rgba(r,g,b,a)"')
    return value


def _is_licence(value: str) -> str:
    if not value.strip():
        raise ValueError("the licence under which it may be shown")
    return value


Colour = Annotated[str, AfterValidator(_is_colour)]
Licence = Annotated[str, AfterValidator(_is_licence)]


class Spot(Table):
    """Where a piece of furniture stands: its corner, and its distance from the edges as shares of width and height."""

    at: Corner | None = None
    margin: tuple[Share, Share] | None = None
    show: bool | None = None


class Placement(Spot):
    """Where a piece stands, by the shape of the picture and, `rtl`, in a language that is read from the right.

    `backing` lays a ground under it, or never.
    """

    backing: bool | None = None
    wide: Spot | None = Field(default=None, alias="16:9")
    square: Spot | None = Field(default=None, alias="1:1")
    portrait: Spot | None = Field(default=None, alias="4:5")
    upright: Spot | None = Field(default=None, alias="9:16")
    rtl: Spot | None = None


class Setting(Table):
    """How a piece, or a kind of place, is set: pixels of a picture of 1080 lines, weight, and a colour by its role."""

    size: float | None = Field(default=None, ge=14, le=400)
    weight: int | None = Field(default=None, ge=100, le=900)
    colour: str | None = None


class Face(Table):
    """A font file for one script; signs that it lacks are drawn in the suite's own."""

    script: Literal["latin", "chinese", "arabic", "cyrillic", "korean", "khmer"] = "latin"
    file: str
    weight: int = Field(default=400, ge=100, le=900)
    style: Literal["normal", "italic"] = "normal"
    licence: Licence


class Logo(Table):
    """The mark of a house: a PNG or SVG, its height in pixels of a picture of 1080 lines, and its licence."""

    file: str
    height: float = Field(default=64, gt=0, le=400)
    licence: Licence


class Look(Table):
    """A look as its file has it; see docs/looks.md."""

    name: dict[str, str] = Field(default={})
    inherits: str = ""
    colours: dict[str, Colour] = Field(default={})
    classes: dict[str, Colour] = Field(default={})
    relief_alpha: float | None = Field(default=None, ge=0, le=1)
    halos: bool = True
    lines: dict[Literal["river", "province", "border"], Annotated[float, Field(ge=0, le=10)]] = Field(default={})
    type: dict[Piece | Place, Setting] = Field(default={})
    fonts: tuple[Face, ...] = ()
    logo: Logo | None = None
    furniture: dict[Piece, Placement] = Field(default={})


def find(name: str) -> Path:
    """Return the file of a look: one that travels with the suite, one of the record's ``looks``, or a path.

    Raises
    ------
    InputError
        When there is none; the message lists those there are.
    """
    home = settings.find_home()
    ours = home / "looks" if home else None
    if name in SHIPPED:
        if ours and (ours / f"{name}.toml").is_file():
            raise InputError(f"{ours / name}.toml: a look called as the suite's own, expected another name; rename it")
        return _HERE / f"{name}.toml"
    for path in (ours / f"{name}.toml" if ours else None, Path(name), home / name if home else None):
        if path is not None and path.suffix == ".toml" and path.is_file():
            return path
    own = sorted(path.stem for path in ours.glob("*.toml")) if ours else []
    raise InputError(f"{name}: no such look; expected one of {', '.join([*SHIPPED, *own])}, or a TOML file")


def key_of(name: str) -> str:
    """Return what a page calls a look: the name of its file."""
    return name if name in SHIPPED else Path(name).stem


def palette(name: str) -> dict[str, Any]:
    """Return a look as a page holds it, with what it inherits.

    Returns
    -------
    dict
        Colours by role as CSS text, ``classes`` of symbols, ``halo`` (``None`` without halos), ``lines`` (widths in
        pixels of a picture of 1080 lines), ``type``, ``fonts`` (families by script), ``faces`` and ``logo``
        (files inside, with their licences) and ``furniture``, the last five only where a look says something of them.

    Raises
    ------
    InputError
        When there is no such look, or it has faults; the message lists all of them, each with its key.
    MissingError
        When a file that it names is not there.
    """
    path = find(name)
    held = path.stat()
    return _palette(path, held.st_mtime_ns, held.st_size)


def borrowed_weights(name: str) -> list[str]:
    """Return the scripts of a look whose type is set in fewer weights than are asked for, each as one line.

    A browser takes the nearest that there is: of a bold file alone all type is bold.

    Raises
    ------
    InputError, MissingError
        As of `palette`.
    """
    held: dict[str, set[int]] = {}
    for face in palette(name).get("faces", ()):
        if face["style"] == "normal":
            held.setdefault(face["family"], set()).add(face["weight"])
    return [
        f"{family} has weight {', '.join(map(str, sorted(weights)))} alone, in which {missing} are set as well"
        for family, weights in held.items()
        if (missing := " and ".join(str(weight) for weight in WEIGHTS if weight not in weights))
    ]


@cache
def _palette(path: Path, _changed_ns: int, _size: int) -> dict[str, Any]:
    look = record.build(Look, record.read_toml(path), what=str(path))
    if not look.inherits:
        if path.parent != _HERE:
            raise InputError(f"{path}: key inherits: not there, expected one of {', '.join(SHIPPED)}")
        base: dict[str, Any] = {"theme": path.stem}
    else:
        base = _inherited(look, path)
    own = look.model_dump(by_alias=True, exclude_none=True, include={"relief_alpha", "name"})
    merged = {**base, **look.colours, **own, "key": path.stem}
    merged |= {part: {**base.get(part, {}), **getattr(look, part)} for part in ("classes", "lines")}
    merged |= {
        part: base.get(part, {}) | {key: one.model_dump(by_alias=True, exclude_none=True) for key, one in said.items()}
        for part in ("type", "furniture")
        if (said := getattr(look, part)) or part in base
    }
    merged |= {} if look.halos else {"halo": None}
    return merged | _faces(look, path) | _logo(look, path)


def _inherited(look: Look, path: Path) -> dict[str, Any]:
    if look.inherits not in SHIPPED:
        raise InputError(f"{path}: key inherits: found {look.inherits!r}, expected one of {', '.join(SHIPPED)}")
    base = palette(look.inherits)
    roles = {role for role, value in base.items() if isinstance(value, str) and role not in ("key", "theme")}
    strange = {"colours": set(look.colours) - roles, "classes": set(look.classes) - set(base["classes"])}
    known = {"colours": roles, "classes": set(base["classes"])}
    said = {key: one.colour for key, one in look.type.items() if one.colour and one.colour not in roles}
    raise_faults(
        [Fault(f"key {part}.{key}", "no such colour", f"one of {', '.join(sorted(known[part]))}")
         for part, keys in strange.items() for key in sorted(keys)]
        + [Fault(f"key type.{key}.colour", repr(role), f"one of {', '.join(sorted(roles))}")
           for key, role in said.items()],
        str(path),
    )  # fmt: skip
    return base


def _faces(look: Look, path: Path) -> dict[str, Any]:
    if not look.fonts:
        return {}
    family = {face.script: f"{path.stem} {face.script}" for face in look.fonts}
    faces = [
        {"family": family[face.script], "weight": face.weight, "style": face.style, "licence": face.licence,
         "file": Path(face.file).name, "source": _inside(path, face.file, "font/")}
        for face in look.fonts
    ]  # fmt: skip
    return {"fonts": {script: f'"{name}"' for script, name in family.items()}, "faces": faces}


def _logo(look: Look, path: Path) -> dict[str, Any]:
    if look.logo is None:
        return {}
    entry = {"name": Path(look.logo.file).name, "height": look.logo.height, "licence": look.logo.licence}
    return {"logo": entry | {"source": _inside(path, look.logo.file, "image/")}}


def _inside(look: Path, name: str, kind: str) -> str:
    """Return a file that a look names, beside it, as a data address."""
    path = look.parent / name
    media = _MEDIA.get(path.suffix.lower(), "")
    if not media.startswith(kind):
        known = ", ".join(suffix for suffix, one in _MEDIA.items() if one.startswith(kind))
        raise InputError(f"{look}: {name}: expected a file ending in one of {known}")
    if not path.is_file():
        raise MissingError(f"{look}: {name}: no such file beside the look")
    content = path.read_bytes()
    if media == _MEDIA[".svg"] and (said := _NOT_DRAWN.search(content.decode("utf-8", errors="replace"))):
        raise InputError(
            f"{look}: {name}: holds {said[0][:40]!r}, expected a drawing that stands still and has all that it shows; "
            "put the picture into it as data, or draw it plainly"
        )
    return f"data:{media};base64,{base64.b64encode(content).decode('ascii')}"
