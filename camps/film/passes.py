"""The passes of a delivery: what each one shows, how it is named, and how they lie upon each other.

A pass is one layer of the picture with straight alpha, drawn by the same page from the same camera and clock as all
the others. Three more are made of these: ``beauty`` (everything), ``textless`` (all but words) and ``graphics`` (all
that lies upon the ground, over nothing).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from camps.errors import InputError
from camps.film import captions
from camps.film.shot import Shot

#: Places of the number in a file name.
FRAME_PADDING = 4

#: Layers from back to front; labels, titles, captions and callouts come once a language, guides are not in the picture.
FURNITURE = (
    "logo", "title", "subtitle", "scale", "north", "legend", "date", "counter", "chapter", "notes", "captions",
    "credit",
)  # fmt: skip
LAYERS = ("base", "footprints", "growth", "outlines", "labels", "callouts", "backing", *FURNITURE, "guides")
_PICTURE = LAYERS[:-1]
_WORDLESS = ("base", "footprints", "growth", "outlines")

#: The pass that every other can take its facts from: it follows both camera and clock.
TELLER = "growth"

#: A matte for each site; and what the name of a pass ends in that is delivered in linear light as well.
MATTES, LINEAR = "ids", "_exr"

#: What a picture that is mostly transparent takes on the disk beside an opaque one.
_TRANSPARENT = 0.1
#: What half a float a channel takes beside eight bits.
_HALF = 3.0

#: The views about a frame, how long a label stays and fades among them, and whether it is the first after a cut.
_VIEWS = ("views", "stay", "fade", "cut")
_CAMERA = ("lon", "lat", "zoom", "bearing", *_VIEWS, "exposures")
#: Layers of the map, which a moving camera blurs; what is written beside it stands still.
_MOVING = ("base", "footprints", "growth", "outlines", "labels", "callouts")
#: What of a state does not change a layer, so that its picture can be used again.
_INDIFFERENT: Mapping[str, tuple[str, ...]] = {
    "base": ("t", "days", "since", *_VIEWS, "furniture", "captions"),
    **dict.fromkeys(("footprints", "growth", "outlines"), ("since", *_VIEWS, "furniture", "captions")),
    # The room of captions is kept all the time.
    "labels": ("days", "since", "captions"),
    "callouts": ("t", "days", "since", *_VIEWS, "furniture", "highlight", "captions"),
    "backing": ("exposures",),
    **dict.fromkeys(("scale", "north"), ("t", "days", "since", *_VIEWS, "exposures", "captions")),
    # Two legends hand over in the time of the film.
    "legend": ("t", "days", "since", "exposures", "captions"),
    **dict.fromkeys(("date", "counter", "notes"), ("since", *_CAMERA, "captions")),
    "chapter": (*_CAMERA, "captions"),
    # They stand above the date and its notes, and as these do.
    "captions": ("since", *_CAMERA),
    **dict.fromkeys(("logo", "title", "subtitle", "credit"), ("t", "days", "since", *_CAMERA, "captions")),
    "guides": ("t", "days", "since", *_CAMERA, "furniture", "captions"),
}
#: The same of a split: its line parts for a legend or a caption that stands in its way.
_INDIFFERENT_SPLIT: Mapping[str, tuple[str, ...]] = {
    **_INDIFFERENT,
    "date": ("since", *_VIEWS, "exposures"),
    **dict.fromkeys(("counter", "notes"), ("since", *_VIEWS, "exposures", "captions")),
}


_WHAT = {
    "beauty": "everything, as it is meant to be seen",
    "textless": "everything but words: no labels, no furniture",
    "graphics": "everything that lies upon the ground, over nothing",
    "base": "ground: relief, rivers, borders; satellite picture where the shot comes close",
    "footprints": "buildings as areas",
    "growth": "sites as symbols whose area is the number counted",
    "outlines": "walls, edges, and dashed lines around what may stand",
    "labels": "place names and site names",
    "callouts": "words at the end of lines that follow places",
    "backing": "the ground under words that symbols come near; leave it out to set type of your own",
    "logo": "the mark of the house, as its look says",
    "title": "title",
    "subtitle": "subtitle",
    "scale": "scale bar",
    "north": "north",
    "legend": "legend",
    "date": "date",
    "counter": "the number that is counted",
    "chapter": "chapter of the story, and what happened in it",
    "notes": "what date and number rest on",
    "captions": "lines of narration and lower thirds, each for its time",
    "credit": "attribution; has to stay on screen",
    MATTES: "a matte for each site (Cryptomatte, by its id), with growth in linear light as its colours",
    "guides": "safe areas of EBU R 95: action 3.5 %, graphics 5 % a side; for the eye, not for air",
}


@dataclass(frozen=True)
class PassInfo:
    """One pass of a delivery, as its papers name it.

    Attributes
    ----------
    name, folder
        Name of the pass, such as ``"growth"`` or ``"labels_ug"``, and the folder of its pictures beside the papers.
    prefix, suffix
        What stands before and after the four-digit frame number in a file name: ``SHOW_SEQ_SHOT_growth_v003.`` and
        ``.png``; pictures in linear light are ``.exr``.
    alpha
        ``"straight"``, or ``"none"`` for an opaque picture.
    language
        Language of its labels, or of titles and captions in another than the shot's; ``None`` when it has none.
    layer
        The page's layer that it shows, or ``None`` when it shows all of them, or is made of other passes.
    made_of
        Names of the passes that it is made of, from back to front.
    """

    name: str
    folder: str
    prefix: str
    suffix: str = ".png"
    alpha: Literal["straight", "none"] = "straight"
    language: str | None = None
    layer: str | None = None
    made_of: tuple[str, ...] = ()

    @property
    def in_light(self) -> bool:
        """Whether its pictures are OpenEXR, in linear light, colours multiplied by alpha."""
        return self.suffix == ".exr"

    @property
    def pattern(self) -> str:
        """Return the path of a picture within the delivery, with ``%04d`` for the frame number."""
        return f"{self.folder}/{self.prefix}%0{FRAME_PADDING}d{self.suffix}"

    def file(self, number: int) -> str:
        """Return the path of the picture of a frame within the delivery."""
        return f"{self.folder}/{self.prefix}{number:0{FRAME_PADDING}d}{self.suffix}"


def build_passes(shot: Shot, languages: Sequence[str]) -> dict[str, PassInfo]:
    """Return all passes of a shot by name, those that are made of others last; those in linear light have to be named.

    Parameters
    ----------
    shot
        A layer that it switches off has no pass; its language is always among those of the labels.
    languages
        Languages of the labels, each a pass of its own, and of titles, captions and callouts.
    """
    spoken = dict.fromkeys([shot.language, *languages])
    drawn = [info for layer in LAYERS if _is_on(shot, layer) for info in _drawn(shot, layer, spoken)]
    passes = {info.name: info for info in drawn}
    for name, layers in (("textless", _WORDLESS), ("graphics", _PICTURE[1:]), ("beauty", _PICTURE)):
        parts = tuple(part for layer in layers if (part := _pass_name(shot, layer, shot.language)) in passes)
        alpha: Literal["straight", "none"] = "none" if passes_opaque(passes, parts) else "straight"
        passes[name] = _info(shot, name, alpha=alpha, made_of=parts)
    return passes


def choose_passes(passes: Mapping[str, PassInfo], names: Sequence[str] | None) -> dict[str, PassInfo]:
    """Return the passes that somebody asks for, in the order of `passes`, and behind them those in linear light.

    Parameters
    ----------
    passes
        From `build_passes`.
    names
        Names of them; ``None`` or ``"all"`` stands for all. ``"ids"`` is a matte for each site, and any name that
        ends in ``_exr``, such as ``"beauty_exr"``, the same picture in linear light.

    Raises
    ------
    InputError
        When a name is no pass of the shot; the message lists those there are.
    """
    wanted = set(names or ["all"]) - {"all"}
    plain = set(passes) if names is None or "all" in names else wanted
    available = {**passes, **_in_light(passes)}
    if strangers := [name for name in names or () if name in wanted - set(available)]:
        raise InputError(
            f"--passes {','.join(strangers)}: expected all, or some of {', '.join(passes)}, {MATTES}; "
            f"or one of them in linear light, such as {next(reversed([*passes]))}{LINEAR}"
        )
    return {name: info for name, info in available.items() if name in (plain | wanted)}


def languages_of(names: Iterable[str]) -> list[str]:
    """Return the languages that names of passes end in, each once.

    Examples
    --------
    >>> languages_of(["beauty", "labels_en", "labels_ug_exr", "captions", "captions_zh"])
    ['en', 'ug', 'zh']
    """
    found = (
        re.fullmatch(rf"(?:labels|title|subtitle|captions|callouts)_([a-z]+?)(?:{LINEAR})?", name) for name in names
    )
    return list(dict.fromkeys(one[1] for one in found if one and f"_{one[1]}" != LINEAR))


def _in_light(passes: Mapping[str, PassInfo]) -> dict[str, PassInfo]:
    """Return the passes in linear light: each of `passes` once more, and the mattes of the sites."""
    twins = {name: _lit(info, name) for info in passes.values() for name in [f"{info.name}{LINEAR}"]}
    return {**twins, MATTES: _lit(passes[TELLER], MATTES)}


def _lit(info: PassInfo, name: str) -> PassInfo:
    code, _, version = info.prefix.rpartition(f"_{info.name}_")
    parts = info.made_of or (info.name,)
    return replace(
        info, name=name, folder=name, prefix=f"{code}_{name}_{version}", suffix=".exr", layer=None, made_of=parts
    )


def drawn_for(passes: Mapping[str, PassInfo], wanted: Iterable[PassInfo]) -> dict[str, PassInfo]:
    """Return the passes that the page has to draw for those wanted, back to front, the `TELLER` among them."""
    needed = {TELLER}
    for info in wanted:
        needed |= set(info.made_of or (info.name,))
    return {name: info for name, info in passes.items() if name in needed and info.layer}


def what_shows(info: PassInfo) -> str:
    """Return in a line what a pass shows."""
    told = _WHAT[info.name.removesuffix(LINEAR).removesuffix(f"_{info.language}")]
    told += f", language {info.language}" if info.language else ""
    return f"{told}; in linear light" if info.name.endswith(LINEAR) else told


def whole_pass(shot: Shot) -> PassInfo:
    """Return the pass of a render: beauty, drawn by the page at once."""
    return _info(shot, "beauty", alpha="straight" if shot.background == "transparent" else "none")


def opaque_pictures(passes: Iterable[PassInfo]) -> float:
    """Return how many opaque pictures take the disk of one picture of each of these passes, about."""
    return sum((1.0 if info.alpha == "none" else _TRANSPARENT) * (_HALF if info.in_light else 1) for info in passes)


def pass_state(state: Mapping[str, Any], info: PassInfo) -> dict[str, Any]:
    """Return what the page is asked to draw for one pass of a frame: the frame laid out whole, one layer painted."""
    if info.layer is None:
        return dict(state)
    layers = {**state["layers"], **({"guides": True} if info.layer == "guides" else {})}
    background = state["background"] if info.layer == "base" else "transparent"
    spoken = {"label_lang": info.language} if info.language else {}
    return {**state, "layers": layers, "only": [info.layer], "background": background, **spoken}


def exposures_of(state: Mapping[str, Any], info: PassInfo) -> list[dict[str, Any]]:
    """Return the states whose mean the picture of a pass is: one, or one for each view that the shutter lets in."""
    plain = {key: value for key, value in pass_state(state, info).items() if key != "exposures"}
    if info.layer is not None and info.layer not in _MOVING:
        return [plain]
    return [{**plain, "exposed": view} for view in state.get("exposures", ())] or [plain]


def seen_state(state: Mapping[str, Any], info: PassInfo, scene_days: Sequence[float] = ()) -> dict[str, Any]:
    """Return the part of a state that a pass depends on: two frames that agree in it have the same picture of it.

    Parameters
    ----------
    state, info
        As for `pass_state`.
    scene_days
        Days, in order, from which the map shows another satellite picture; they are part of its ground.
    """
    seen = pass_state(state, info)
    indifferent = _INDIFFERENT_SPLIT if "split" in seen else _INDIFFERENT
    kept = {key: value for key, value in seen.items() if key not in indifferent.get(str(info.layer), ())}
    if info.layer == "base" and scene_days:
        kept["scene"] = [bisect_right(scene_days, day // 1) for day in state.get("days") or [state["t"]]]
    return kept


def passes_opaque(passes: Mapping[str, PassInfo], parts: Sequence[str]) -> bool:
    """Return whether a picture made of these passes has no transparent pixel: its ground has none."""
    return bool(parts) and passes[parts[0]].alpha == "none"


def _is_on(shot: Shot, layer: str) -> bool:
    switched: dict[str, bool] = {str(name): on for name, on in shot.layers.items()}
    asked = {"callouts": bool(shot.callouts), "captions": bool(shot.captions)}
    return layer in {"guides", TELLER} or (switched.get(layer, True) and asked.get(layer, True))


def _drawn(shot: Shot, layer: str, languages: Iterable[str]) -> list[PassInfo]:
    if layer == "labels" or _is_by_language(shot, layer):
        named = {_pass_name(shot, layer, lang): lang for lang in languages}
        return [
            _info(shot, name, layer=layer, language=None if name == layer else lang) for name, lang in named.items()
        ]
    opaque = layer == "base" and shot.background == "look"
    return [_info(shot, layer, layer=layer, alpha="none" if opaque else "straight")]


def _is_by_language(shot: Shot, layer: str) -> bool:
    """Whether a title, caption or callout is said by language: one text of the shot's is the same in all of them."""
    if layer in {"captions", "callouts"}:
        return any(isinstance(words, dict) for words in captions.texts(shot, layer).values())
    return layer in {"title", "subtitle"} and not isinstance(getattr(shot.map, layer), str)


def _pass_name(shot: Shot, layer: str, language: str) -> str:
    apart = layer == "labels" or (_is_by_language(shot, layer) and language != shot.language)
    return f"{layer}_{language}" if apart else layer


def _info(shot: Shot, name: str, **about: Any) -> PassInfo:
    return PassInfo(name, name, f"{shot.code}_{name}_v{shot.version:03d}.", **about)
