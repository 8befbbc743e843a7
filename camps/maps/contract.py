"""What a page is told, in full: the one way from Python into the browser, typed on both sides and versioned.

``js/payload.d.ts`` says the same to the page's scripts: ``make format`` writes it from here, and a test holds the two
in step.

Days are days since 1970-01-01, boxes are west, south, east, north, ``names`` are texts by language.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NotRequired, TypeAlias, Union, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict, get_original_bases, get_type_hints, is_typeddict

from camps import files
from camps.errors import Fault, raise_faults
from camps.looks import Corner
from camps.record import Shape
from camps.timeline import Mode

DECLARATIONS = Path(__file__).parent / "js" / "payload.d.ts"

#: Raised with every change after which a page's scripts would read a payload of before wrongly, or not at all.
VERSION: Literal[1] = 1

Names: TypeAlias = dict[str, str]
Text: TypeAlias = str | Names | None
Kind = Literal["sites", "growth", "footprints", "eras", "compare", "systems"]
Level = Literal["compound", "town", "cell", "county", "prefecture", "province"]
FootprintKind = Literal["compound", "other", "construction", "block", "building"]
Script = Literal["latin", "chinese", "arabic", "cyrillic", "korean", "khmer"]
PlaceKind = Literal["country", "region", "nature", "water", "capital", "city"]
#: What a picture is made of, each to be drawn or left out.
Layer = Literal[
    "base", "footprints", "growth", "outlines", "labels", "callouts", "backing", "logo", "title", "subtitle", "scale",
    "north", "legend", "date", "counter", "chapter", "notes", "captions", "credit", "guides",
]  # fmt: skip
#: What a legend explains of a symbol.
LegendMark = Literal[
    "stale", "unknown", "zero", "closed", "lapsed", "opening", "last", "vanished", "lit", "undated", "observed",
    "withheld",
]  # fmt: skip
Swatch = Literal["building", "block", "construction", "compound", "other", "appearing", "unseen", "lost"]
#: Why a count ceases to stand: the place closed, or it may not be held any longer.
Ended = Literal["closed", "lapsed"]
#: A count as it stands: day, value, least, most, last day that its date means, first day on which it stands no more
#: (None: it stands for good), and why it ceases.
CountLook: TypeAlias = tuple[float, float, float, float, float, float | None, Ended | None]
#: First and last day that a date means; None for an end that nobody knows.
Ends: TypeAlias = tuple[float | None, float | None]


class Life(TypedDict):
    """When a site was open, as :func:`camps.timeline.lives` has it."""

    opened: Ends | None
    closed: Ends | None
    vanished: Ends | None
    until: float | None


_OfClass = TypedDict("_OfClass", {"class": str})


class Site(_OfClass):
    """A site: its names, its place, what a popup says of it, and all that stands there over time."""

    id: str
    names: Names
    lon: float
    lat: float
    lon_published: str
    lat_published: str
    r95: float
    level: Level
    area_code: str | None
    enterprise: str | None
    system: str
    tier: str | None
    group: str | None
    place: str
    opened: str | None
    closed: str | None
    status: str | None
    source_id: str
    source_title: str | None
    source_url: str | None
    unverified: bool
    looks: list[CountLook]
    cells: list[tuple[str, str]]
    missed: list[float]
    label_rank: int | None
    label_offset: float
    label_at: NotRequired[tuple[float, float]]
    life: NotRequired[Life]


class Metric(TypedDict):
    """What is counted: the words after a number, by language, and whether its values are whole."""

    id: str
    name: Names
    one: Names
    few: Names
    many: Names
    none: Names
    unit: str
    whole: bool


class Credit(TypedDict):
    """A line of the credit; one that names layers stands while one of them is drawn."""

    text: str | Names
    layers: NotRequired[list[Layer]]


class Meta(TypedDict):
    """What a page is called, what its clock runs over, and in what it opens."""

    title: str | Names
    subtitle: Text
    legend: Names
    legend_near: NotRequired[Names]
    coverage: NotRequired[Names]
    left_out: NotRequired[list[Names]]
    attribution: list[Credit]
    lang: str
    languages: list[str]
    look: str
    mode: Mode
    modes: list[Mode]
    metric: Metric | None
    precision: Literal["none", "year", "month", "day"]
    n_sites: int
    t_min: float
    t_max: float
    t_start: float
    t_before: NotRequired[float]
    split: NotRequired[float]
    stop_days: list[float]
    stops: list[str]
    stop_dates: NotRequired[list[tuple[str, int]]]
    date_spans: NotRequired[list[tuple[int, int, str]]]
    key_step_days: int


class ClassEntry(TypedDict):
    """A class of sites: a colour of the look by its name, or one of the record's own as it is."""

    id: str
    colour: str
    shape: Shape
    names: Names


class Options(TypedDict):
    """How symbols are drawn; radii in lines of a picture of 1080."""

    radius_of_one: float
    unknown_radius: float
    zero_radius: float
    fixed_radius: float
    samples: list[float]
    label_zoom: float
    cluster: bool
    yield_to_outlines: bool
    quiet: NotRequired[bool]


_EraFrom = TypedDict("_EraFrom", {"from": float})


class Era(_EraFrom):
    """A chapter; ``lit`` is what a site has to have to be marked while it lasts."""

    id: str
    to: float
    names: Names
    lit: Literal["", "enterprise"]


class Event(TypedDict):
    """An event of the record, without a point."""

    day: float
    date: str
    kind: str
    name: str
    names: Names


class Caption(TypedDict):
    """Words that a film lays over the map for a time, and a smaller line below them; or those at the end of a line."""

    text: str | Names
    line: NotRequired[str | Names]


class System(TypedDict):
    """A system of camps: a row a year of the least and the greatest number of places open."""

    id: str
    names: Names
    n_places: int
    n_unknown: int
    rows: list[tuple[int, int, int]]


class Side(TypedDict):
    """One of two systems side by side: its middle, how many days its clock runs behind, and its first year."""

    id: str
    lon: float
    lat: float
    shift: float
    first: int


class Seen(TypedDict):
    """The sightings of outlines in columns, track by track; the first three list what the columns number."""

    tracks: list[str]
    sites: list[str]
    kinds: list[FootprintKind]
    id: list[str]
    track: list[int]
    site: list[int]
    kind: list[int]
    shape: list[int | None]
    day: list[int]
    area: list[float]
    before: list[int | None]
    after: list[int | None]
    covered: list[int | None]
    since: NotRequired[list[int | None]]


class Change(TypedDict):
    """What a sighting and the next one of its track share, gain and lose, and the way of the growth front in metres."""

    low: float
    grows: bool
    front: NotRequired[list[float]]
    kept: NotRequired[int]
    gain: NotRequired[int]
    loss: NotRequired[int]


class Footprints(TypedDict):
    """Outlines, each encoded once, and their sightings."""

    digits: int
    built: list[FootprintKind]
    shapes: list[str]
    seen: Seen
    changes: dict[str, Change]
    days: dict[str, list[float]]


class Picture(TypedDict):
    """A picture inside the page."""

    name: str
    source: str


class Scene(Picture):
    """A satellite picture: its day, and its box in Web Mercator's unit square."""

    day: float
    date: str
    box: tuple[float, float, float, float]


class Relief(Picture):
    """Shaded ground, and the zooms between which it fades."""

    bounds: tuple[float, float, float, float]
    fades: tuple[float, float]


class Logo(Picture):
    """The mark of a house."""

    height: float
    licence: str


class Scale(TypedDict):
    """One scale of the base map: encoded lines by layer."""

    name: str
    digits: int
    bounds: tuple[float, float, float, float]
    layers: dict[Literal["land", "lakes", "rivers", "provinces", "borders", "disputed"], list[str]]


class Place(TypedDict):
    """A place that the base map names; of rank 1 to 4."""

    names: Names
    lon: float
    lat: float
    kind: PlaceKind
    rank: int


class Base(TypedDict):
    """The ground."""

    scales: list[Scale]
    places: list[Place]
    relief: Relief | None


class View(TypedDict):
    """Where a page opens, the box that it was fitted to, and the closest zoom that it may be fitted with."""

    lon: float
    lat: float
    zoom: float
    bounds: tuple[float, float, float, float]
    closest: float


Colours = TypedDict("Colours", {  # noqa: UP013
    "sea": str, "land": str, "lake": str, "river": str, "province": str, "border": str, "panel": str, "group": str,
    "text": str, "secondary": str, "muted": str, "place": str, "place_area": str, "place_water": str, "label": str,
    "edge": str, "unknown": str, "sample": str, "guide": str, "tick": str, "chart": str, "footprint": str,
    "footprint_block": str, "footprint_other": str, "footprint_edge": str, "compound": str, "appearing": str,
    "construction": str, "loss": str,
})  # fmt: skip


class Setting(TypedDict):
    """How a piece of type is set, where a look says something of it."""

    size: NotRequired[float]
    weight: NotRequired[int]
    colour: NotRequired[str]


class Spot(TypedDict):
    """Where a piece stands, where a look says something of it; margins are shares of width and height."""

    at: NotRequired[Corner]
    margin: NotRequired[tuple[float, float]]
    show: NotRequired[bool]
    backing: NotRequired[bool]


_ByShape = TypedDict("_ByShape", {
    "16:9": NotRequired[Spot], "1:1": NotRequired[Spot], "4:5": NotRequired[Spot], "9:16": NotRequired[Spot],
})  # fmt: skip


class Placement(Spot, _ByShape):
    """The same by the shape of the picture, and in a language that is read from the right."""

    rtl: NotRequired[Spot]


class Face(TypedDict):
    """A font that a look brings."""

    family: str
    weight: int
    style: Literal["normal", "italic"]
    licence: str
    file: str
    source: str


class Look(Colours):
    """A look, as :func:`camps.looks.palette` has it."""

    key: str
    name: Names
    theme: Literal["dark", "light"]
    halo: str | None
    relief_alpha: float
    classes: dict[str, str]
    lines: dict[Literal["river", "province", "border"], float]
    type: NotRequired[dict[str, Setting]]
    furniture: NotRequired[dict[str, Placement]]
    fonts: NotRequired[dict[str, str]]
    faces: NotRequired[list[Face]]
    logo: NotRequired[Logo]


class Page(TypedDict):
    """All that a page is told."""

    version: Literal[1]
    kind: Kind
    meta: Meta
    view: View
    base: Base
    sites: list[Site]
    classes: list[ClassEntry]
    class_names: dict[Literal["system", "tier"], dict[str, Names]]
    eras: list[Era]
    marks: list[LegendMark]
    options: Options
    looks: dict[str, Look]
    fonts: dict[str, str]
    words: dict[str, dict[str, str]]
    not_verified: str
    levels: NotRequired[list[Level]]
    events: NotRequired[list[Event]]
    captions: NotRequired[list[Caption]]
    callouts: NotRequired[list[Caption]]
    systems: NotRequired[list[System]]
    pair: NotRequired[list[Side]]
    footprints: NotRequired[Footprints]
    scenes: NotRequired[list[Scene]]
    swatches: NotRequired[list[Swatch]]


def _shapes() -> list[Any]:
    """Return the types of the contract in the order in which they stand here."""
    ours = [one for one in globals().values() if is_typeddict(one) and one.__module__ == __name__]
    return [one for one in ours if not one.__name__.startswith("_")]


def require(payload: Mapping[str, Any]) -> None:
    """Refuse what a page could not show: another shape than the contract's, or a site of a class that is not drawn.

    Raises
    ------
    InputError
        With all faults, each with its place in the payload.
    """
    try:
        _reader().validate_python(payload)
    except ValidationError as error:
        found = [(".".join(map(str, one["loc"])), one["input"], one["msg"]) for one in error.errors()]
        raise_faults([Fault(place, repr(held)[:80], message) for place, held, message in found], "page")
    drawn = {entry["id"] for entry in payload["classes"]}
    strange = [site for site in payload["sites"] if site["class"] not in drawn]
    expected = f"one of {', '.join(sorted(drawn))}"
    raise_faults([Fault(f"site {site['id']}, class", repr(site["class"]), expected) for site in strange], "page")


@cache
def _reader() -> TypeAdapter[Page]:
    for shape in _shapes():
        shape.__pydantic_config__ = ConfigDict(extra="forbid")
    return TypeAdapter(Page)


# ── for the page's scripts ───────────────────────────────────────────────────────────────────────────────────────


def typescript() -> str:
    """Return the contract as declarations that a type checker reads beside the page's scripts."""
    aliases = {name: one for name, one in globals().items() if get_origin(one) and name[0].isupper()}
    named = {one: name for name, one in aliases.items()}
    said = ["// Written by make format from camps/maps/contract.py: what a page is told."]
    said += [f"export type {name} = {_typed(one, {})};" for name, one in aliases.items()]
    for shape in (shapes := _shapes()):
        beneath = [base for base in get_original_bases(shape) if base in shapes]
        extends = f" extends {', '.join(base.__name__ for base in beneath)}" if beneath else ""
        known = {name for base in beneath for name in get_type_hints(base)}
        fields = [field for field in get_type_hints(shape, include_extras=True).items() if field[0] not in known]
        said += ["", *([f"/** {shape.__doc__} */"] if shape.__doc__ else [])]
        said.append(f"export interface {shape.__name__}{extends} {{")
        said += [*(f"  {_field(*field, named)};" for field in fields), "}"]
    return "\n".join(said) + "\n"


def _field(name: str, one: Any, named: Mapping[Any, str]) -> str:
    optional = get_origin(one) is NotRequired
    key = name if name.isidentifier() else f"'{name}'"
    return f"{key}{'?' * optional}: {_typed(get_args(one)[0] if optional else one, named)}"


_PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", types.NoneType: "null"}
_GENERIC = {list: "Array", dict: "Record"}


def _typed(one: Any, named: Mapping[Any, str]) -> str:
    if one in named:
        return named[one]
    outer = get_origin(one)
    if outer is Literal:
        return " | ".join(repr(value) for value in get_args(one))
    parts = [_typed(part, named) for part in get_args(one)]
    if outer in (Union, types.UnionType):
        return " | ".join(parts)
    if outer is None:
        return _PLAIN.get(one) or str(one.__name__)
    return f"[{', '.join(parts)}]" if outer is tuple else f"{_GENERIC[outer]}<{', '.join(parts)}>"


def write_declarations() -> Path:
    """Write the declarations beside the page's scripts."""
    return files.write_text(DECLARATIONS, typescript())
