"""What is checked before a delivery goes out. A failing check stops it unless somebody waives it by its name."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from camps import files, looks, style
from camps.errors import CheckError, InputError
from camps.film import composite, exr, flashes, flips, legibility, movie, overlaps, passes
from camps.film.licences import LayerLicence, credits_shown
from camps.film.movie import Movie, MovieKind
from camps.film.passes import PassInfo
from camps.film.plan import VIEW, Plan, reference_size
from camps.film.records import FrameRecord
from camps.film.shot import Shot

#: Share of each side that graphics keep clear of (EBU R 95).
GRAPHICS_SAFE = 0.05
#: A label thinner than this is on its way in or out.
LEAST_ALPHA = 0.02
#: Smallest type, in lines of a 1080-line picture.
LEAST_TEXT_PX = 14.0
#: Time that the whole credit must stand, at full strength.
LEAST_CREDIT_S = 3.0
#: Code values by which a composite of the passes may differ from the beauty pass.
MOST_DIFFERENCE = 1
#: Least likeness of a movie's first and last picture to their PNGs, in dB (peak signal to noise).
LEAST_PSNR_DB: Mapping[MovieKind, float] = {"prores4444": 40.0, "prores422hq": 36.0, "proxy": 28.0, "webm": 36.0}

_MOST_DETAILS = 20
#: Rounding of a text box, in lines of a 1080-line picture.
_TOLERANCE_PX = 1.0
_BT709 = 1
#: Passes that have to show the credit, if they are delivered at all, and how strongly it stands as a whole.
_WITH_CREDIT, _WHOLE_ALPHA = frozenset({"beauty", "credit", "graphics"}), 0.99
#: On how many frames, from the first to the last, words are held against the ground; those of these layers.
_GROUNDS, _ON_GROUND = 9, frozenset(passes.FURNITURE) - {"legend", "logo"}
_LOST = "\N{REPLACEMENT CHARACTER}"
_OTHER_SCRIPTS = ("zh", "ug")
_PIXEL_FORMATS = {
    "prores4444": ("yuva444p10le", "yuva444p12le"),
    "prores422hq": ("yuv422p10le",),
    "proxy": ("yuv420p",),
    "webm": ("yuva420p",),
}


@dataclass(frozen=True)
class Finished:
    """All that lies in the folder of a delivery before its papers are signed."""

    folder: Path
    plan: Plan
    passes: Mapping[str, PassInfo]
    frames: Sequence[FrameRecord]
    movies: Sequence[Movie]
    licences: Sequence[LayerLicence]
    meta: Mapping[str, Any]
    left_out: Sequence[str] = ()

    @property
    def shown(self) -> PassInfo:
        """Return the pass that is meant to be seen: beauty, or the first there is."""
        return self.passes.get("beauty") or next(iter(self.passes.values()))


@dataclass(frozen=True)
class Check:
    """What a check found.

    Attributes
    ----------
    name
        What it is waived by.
    passed
        Whether all is as it has to be.
    finding
        One line.
    details
        The faults, at most twenty.
    waived
        Whether it failed and was waived.
    """

    name: str
    passed: bool
    finding: str
    details: tuple[str, ...] = field(default=())
    waived: bool = False

    @property
    def outcome(self) -> str:
        """Return pass, waived or FAIL."""
        return "pass" if self.passed else "waived" if self.waived else "FAIL"


def run_checks(finished: Finished, *, waive: Iterable[str] = ()) -> list[Check]:
    """Return what every check of `CHECKS` found, in order."""
    waived = set(waive)
    checks = [_checked(name, check(finished)) for name, check in CHECKS.items()]
    return [replace(one, waived=not one.passed and one.name in waived) for one in checks]


def require_known(names: Iterable[str]) -> None:
    """Raise an InputError when a name to waive is no check."""
    if strangers := [name for name in names if name not in CHECKS]:
        raise InputError(f"--waive {', '.join(strangers)}: expected a check: {', '.join(CHECKS)}")


def require_licensed(licences: Sequence[LayerLicence], *, waive: Iterable[str] = ()) -> None:
    """Raise a CheckError when a layer has no licence, before hours are spent on drawing it."""
    faults = _unlicensed(licences)
    if faults and "licences" not in set(waive):
        raise CheckError(
            f"the delivery is not begun: {'; '.join(faults)}; state the licence where the source is registered, or run "
            "again with --waive licences"
        )


def require_legible(shot: Shot, *, waive: Iterable[str] = ()) -> None:
    """Raise a CheckError when the words of a look are as dark or as light as its ground, before any is drawn."""
    faults = style.faint_words(looks.palette(shot.look))
    if faults and "legible" not in set(waive):
        raise CheckError(
            f"the delivery is not begun: look {shot.look}: {'; '.join(faults)}; change these colours, or run again "
            "with --waive legible"
        )


def require_passed(checks: Sequence[Check], report: Path) -> None:
    """Raise a CheckError that names the checks which failed and were not waived."""
    failed = [check for check in checks if check.outcome == "FAIL"]
    if not failed:
        return
    told = "; ".join(f"{check.name}: {check.finding}" for check in failed)
    flags = " ".join(f"--waive {check.name}" for check in failed)
    raise CheckError(f"the delivery is not finished: {told} (see {report}); mend it, or run again with {flags}")


def report_text(checks: Sequence[Check]) -> str:
    """Return the report as text, a line a check and its faults below."""
    lines = []
    for check in checks:
        lines.append(f"{check.outcome:<7}{check.name:<12}{check.finding}")
        lines += [f"         {detail}" for detail in check.details]
    return "\n".join(lines) + "\n"


def report_json(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """Return the report as plain values."""
    return [
        {"check": c.name, "outcome": c.outcome.lower(), "finding": c.finding, "details": list(c.details)}
        for c in checks
    ]


def _checked(name: str, result: tuple[list[str], str]) -> Check:
    faults, finding = result
    details = tuple(faults[:_MOST_DETAILS])
    if len(faults) > _MOST_DETAILS:
        details = (*details, f"… and {len(faults) - _MOST_DETAILS} more")
    return Check(name, not faults, f"{len(faults)} faults; {finding}" if faults else finding, details)


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _files(finished: Finished) -> tuple[list[str], str]:
    """Every picture is there and has the bytes that were written."""
    faults = [
        f"{info.file(record.number)}: not there, or not the bytes that were written; delete it and run again"
        for record in finished.frames
        for info in finished.passes.values()
        if not files.has_sha256(finished.folder / info.file(record.number), record.sums[info.name][1])
    ]
    n = len(finished.frames) * len(finished.passes)
    return faults, f"{n} pictures, each whole"


def _gaps(finished: Finished) -> tuple[list[str], str]:
    """Frame numbers follow one another, and no other picture lies among them."""
    numbers = [record.number for record in finished.frames]
    wanted = list(range(numbers[0], numbers[-1] + 1)) if numbers else []
    faults = [f"frame {number} is missing" for number in sorted(set(wanted) - set(numbers))]
    for info in finished.passes.values():
        expected = {Path(info.file(number)).name for number in numbers}
        strangers = sorted({path.name for path in (finished.folder / info.folder).iterdir()} - expected)
        faults += [f"{info.folder}/{name}: does not belong to the sequence" for name in strangers]
    return faults, f"frames {numbers[0]} to {numbers[-1]} without a gap" if numbers else "no frames"


def _colour(finished: Finished) -> tuple[list[str], str]:
    """Every picture is tagged sRGB, and has the size, depth and alpha of the first of its pass."""
    faults = []
    for info in (info for info in finished.passes.values() if not info.in_light):
        heads = {n: _head(finished.folder / info.file(n)) for n in finished.plan.numbers}
        first = next(iter(heads.values()))
        wanted = struct.pack(">IIBB", *finished.plan.shot.size, finished.plan.shot.bit_depth, _colour_type(info))
        if first[16:26] != wanted or first[37:41] != b"sRGB":
            faults.append(f"{info.file(finished.plan.numbers[0])}: wrong size, depth or alpha, or no sRGB tag")
        faults += [f"{info.file(n)}: another head than the first frame's" for n, head in heads.items() if head != first]
    return faults, "sRGB tag, size, depth and alpha from the first frame on"


def _colour_type(info: PassInfo) -> int:
    return 2 if info.alpha == "none" else 6


def _head(path: Path) -> bytes:
    """Return the beginning of a PNG file up to the end of its sRGB chunk."""
    with path.open("rb") as stream:
        return stream.read(46)


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _composite(finished: Finished) -> tuple[list[str], str]:
    """Three frames, their passes read back and laid over one another, are the beauty pass."""
    beauty = finished.passes.get("beauty")
    if beauty is None or not set(beauty.made_of) <= set(finished.passes):
        return [], "not asked: beauty or a pass that it is made of is not delivered"
    most = {number: difference(finished, beauty, number) for number in _three(finished)}
    faults = [f"frame {n}: differs by {d} code values" for n, d in most.items() if d > MOST_DIFFERENCE]
    return faults, f"passes laid over one another differ from beauty by at most {max(most.values())} code values"


def difference(finished: Finished, made: PassInfo, number: int) -> int:
    """Return the largest difference of a made pass from the composite of its parts, as the files have them."""
    read = _read_deep if finished.plan.shot.bit_depth == 16 else _read
    parts = [composite.build_layer(read(finished.folder / finished.passes[name].file(number))) for name in made.made_of]
    shown = read(finished.folder / made.file(number)).astype(np.int64)
    return int(np.abs(composite.compose(parts).astype(np.int64) - shown).max())


def _light(finished: Finished) -> tuple[list[str], str]:
    """Pictures in linear light say so and are those of their passes; mattes of all sites add up to what is drawn."""
    lit = [info for info in finished.passes.values() if info.in_light]
    faults = [
        f"{info.file(number)}: another size than the shot's, or other chromaticities than those of BT.709"
        for info in lit
        for number in finished.plan.numbers
        if not _is_lit(finished, exr.read_header(finished.folder / info.file(number)))
    ]
    apart = {f"{info.name}, frame {n}": _apart(finished, info, n) for info in lit for n in _three(finished)}
    faults += [f"{what}: differs by {most:.1f} code values" for what, most in apart.items() if most > MOST_DIFFERENCE]
    most = max(apart.values(), default=0.0)
    told = f"{len(lit)} passes in linear light differ from their PNGs by at most {most:.2f} code values"
    return faults, told if lit else "not asked: no pass in linear light is delivered"


def _is_lit(finished: Finished, header: Mapping[str, Any]) -> bool:
    last = np.array(finished.plan.shot.size) - 1
    primaries = np.allclose(header["chromaticities"], exr.CHROMATICITIES)
    return primaries and (np.asarray(header["displayWindow"]) == [[0, 0], last]).all()


def _apart(finished: Finished, info: PassInfo, number: int) -> float:
    """Return by how many code values of eight bits a picture in linear light differs from its PNG, as both are laid."""
    path = finished.folder / info.file(number)
    coded = exr.code_values(exr.read_linear(path))
    most = 0.0
    if info.name == passes.MATTES:
        most = float(np.abs(exr.read_mattes(path).shares.sum(axis=2) * 255 - coded[..., 3]).max())
    plain = finished.passes.get(passes.TELLER if info.name == passes.MATTES else info.name.removesuffix(passes.LINEAR))
    if plain is None:
        return most
    deep = finished.plan.shot.bit_depth == 16
    wanted = (_read_deep if deep else _read)(finished.folder / plain.file(number)) / (257 if deep else 1)
    apart = np.abs(_multiplied(coded) - _multiplied(wanted))
    return max(most, float(apart.max()))


def _three(finished: Finished) -> list[int]:
    """Return the numbers of the first, the middle and the last frame."""
    numbers = finished.plan.numbers
    return sorted({numbers[0], numbers[len(numbers) // 2], numbers[-1]})


def _read(path: Path) -> NDArray[np.uint8]:
    with files.readable(path), Image.open(path) as picture:
        return np.asarray(picture.convert("RGBA"))


def _read_deep(path: Path) -> NDArray[np.uint16]:
    with files.readable(path), av.open(str(path)) as opened:
        return next(opened.decode(opened.streams.video[0])).to_ndarray(format="rgba64le").astype(np.uint16)


def _flashes(finished: Finished) -> tuple[list[str], str]:
    """No second has more than three flashes over more than a quarter of the picture."""
    pictures = [small for record in finished.frames if (small := record.small_picture()) is not None]
    if not pictures:
        return [], "not asked: beauty is not delivered"
    found = flashes.find_flashes(pictures, finished.plan.shot.rate)
    first = finished.plan.numbers[0]
    finding = (
        f"at most {found.n_most} flashes a second; largest jump of the mean {found.largest_jump:.1f} cd/m² "
        f"(frame {first + found.jump_at}); by ITU-R BT.1702"
    )
    over = found.n_most > flashes.MOST_FLASHES_A_SECOND
    return [f"{found.n_most} flashes in the second before frame {first + found.at}"] if over else [], finding


def _flips_seen(finished: Finished) -> tuple[list[str], str]:
    """Nothing written, and no part of symbols or outlines, comes or goes for a few frames."""
    described = [record.told for record in finished.frames]
    faults = flips.find_short_texts(described, finished.plan.shot.rate) if described else []
    asked = [finished.passes[name] for name in ("growth", "outlines") if name in finished.passes]
    for info in asked:
        found = flips.find_flips(_looked_at(finished, info), finished.plan.shot.rate)
        faults += [f"{info.name}: a part flips and flips back from frame {finished.plan.numbers[at]}" for at in found]
    return faults, f"words, {', '.join(info.name for info in asked) or 'no pass'}: nothing lasts under four frames"


def _looked_at(finished: Finished, info: PassInfo) -> Iterator[tuple[Any, NDArray[np.uint8]]]:
    for record, state in zip(finished.frames, finished.plan.states, strict=True):
        view = tuple(state.get(name) for name in VIEW)
        yield view, _read(finished.folder / info.file(record.number))


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _safe_area(finished: Finished) -> tuple[list[str], str]:
    """Every label and line of text lies inside the graphics-safe area, but for numbers that are a part of symbols."""
    width, height = reference_size(finished.plan.shot)
    outside: dict[str, list[int]] = {}
    for number, text in _texts(finished):
        # Numbers of symbols have no layer: they go with these to the edge of the picture.
        if text["layer"] and _reach(text, width, height) > _TOLERANCE_PX:
            outside.setdefault(f"{text['layer']} {text['lang']} “{text['text']}”", []).append(number)
    faults = [f"{what}: frames {seen[0]}-{seen[-1]}" for what, seen in outside.items()]
    return faults, "every text inside the graphics-safe area (EBU R 95, 5 %)"


def _overlaps(finished: Finished) -> tuple[list[str], str]:
    """No words lie over other words, and nothing that stands over the map over sites or what it points to."""
    described = [record.told for record in finished.frames]
    faults = overlaps.find_overlaps(described) + overlaps.find_covered(described, finished.plan.shot.rate)
    return faults, faults[0] if faults else "no words lie over others, and no site stays under any"


def _reach(text: Mapping[str, Any], width: float, height: float) -> float:
    """Return by how many pixels of the 1080-line picture a text leaves the graphics-safe area."""
    x, y = GRAPHICS_SAFE * width, GRAPHICS_SAFE * height
    right, bottom = text["x"] + text["w"], text["y"] + text["h"]
    return float(max(x - text["x"], y - text["y"], right - (width - x), bottom - (height - y)))


def _texts(finished: Finished) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for record in finished.frames:
        for kind in ("labels", "texts"):
            for text in record.described.get(kind) or ():
                if text["alpha"] > LEAST_ALPHA and text["text"].strip():
                    yield record.number, text


def _glyphs(finished: Finished) -> tuple[list[str], str]:
    """No text holds the mark of a lost character; that each has a font was asked before the first frame was drawn."""
    texts = {(text["lang"], text["text"]) for _, text in _texts(finished)}
    faults = [f"{lang}: “{text}” has lost a character" for lang, text in sorted(texts) if _LOST in text]
    borrowed = sorted(lang for lang, text in texts if lang in _OTHER_SCRIPTS and text.isascii() and _has_letter(text))
    told = [f"; {borrowed.count(lang)} texts of {lang} stand in Latin letters" for lang in dict.fromkeys(borrowed)]
    return faults, f"every character has a font: {', '.join(sorted({lang for lang, _ in texts}))}{''.join(told)}"


def _has_letter(text: str) -> bool:
    return any(character.isalpha() for character in text)


def _legible(finished: Finished) -> tuple[list[str], str]:
    """No type is smaller than can be read at 1080 lines, or has the shade of the ground that it stands on."""
    small: dict[str, float] = {}
    least = float("inf")
    for _, text in _texts(finished):
        least = min(least, text["size"])
        if text["size"] < LEAST_TEXT_PX:
            small.setdefault(f"{text['layer']} “{text['text']}”", text["size"])
    faults = [f"{what}: {size:g} px" for what, size in small.items()]
    faults += style.faint_words(looks.palette(finished.plan.shot.look))
    faint, told = _faint(finished)
    told += "".join(f"; {line}" for line in looks.borrowed_weights(finished.plan.shot.look))
    return faults + faint, f"smallest type {least:g} px at 1080 lines (least {LEAST_TEXT_PX:g}){told}"


def _faint(finished: Finished) -> tuple[list[str], str]:
    """Return the lines that what is under them swallows, on frames all over the film, and the least contrast found."""
    beauty = finished.passes.get("beauty")
    if beauty is None or not set(beauty.made_of) <= set(finished.passes):
        return [], "; words not asked on the map itself: beauty or a pass that it is made of is not delivered"
    numbers = finished.plan.numbers
    asked = sorted({numbers[round(at)] for at in np.linspace(0, len(numbers) - 1, _GROUNDS)})
    records = {record.number: record for record in finished.frames}
    worst: dict[str, tuple[float, float, int]] = {}
    for number in asked:
        for words, ratio, least in _on_ground(finished, beauty, records[number]):
            worst[words] = min(worst.get(words, (ratio, least, number)), (ratio, least, number))
    faults = [
        f"“{words}”: frame {number}: contrast {ratio:.1f} with what is under it (least {least:g}, WCAG AA); give it "
        "backing (furniture), or another colour or less relief (look)"
        for words, (ratio, least, number) in worst.items()
        if ratio < least
    ]
    lowest = min((ratio for ratio, *_ in worst.values()), default=None)
    return faults, "" if lowest is None else f"; least contrast with what is under it {lowest:.1f}"


def _on_ground(finished: Finished, beauty: PassInfo, record: FrameRecord) -> Iterator[tuple[str, float, float]]:
    """Yield each line beside the map on a frame with its contrast and the least that it needs."""
    under = [name for name in beauty.made_of if name.partition("_")[0] not in passes.FURNITURE]
    pictures = [_read(finished.folder / finished.passes[name].file(record.number)) for name in under]
    ground = composite.compose([composite.build_layer(picture) for picture in pictures])
    # A legend brings its own ground, and words in other languages stand on the same.
    texts = [one for one in record.described.get("texts") or () if one["layer"] in _ON_GROUND]
    yield from legibility.contrasts(texts, ground, finished.plan.shot.scale)


def _credit(finished: Finished) -> tuple[list[str], str]:
    """No credit is cut short in words or in time, as far as what is delivered has to show it."""
    named = {name.removesuffix(passes.LINEAR) for name in finished.passes}
    if named and not named & _WITH_CREDIT:
        return [], f"not asked: none of {', '.join(sorted(_WITH_CREDIT))} is delivered"
    wanted = _plain(credits_shown(finished.meta, finished.plan.shot))
    # Handles are cut off.
    cut = [record for record in finished.frames if record.number in finished.plan.shot.cut]
    whole = {record.number for record in cut if _plain(_credit_lines(record)) == wanted}
    if len(cut) < len(finished.plan.shot.cut):
        short = sorted({record.number for record in cut} & set(_credited(finished.plan)) - whole)
        faults = [f"frames {short[0]}-{short[-1]}: not on screen, or not whole"] if short else []
        return faults, f"not asked how long it stands: {len(cut)} of {len(finished.plan.shot.cut)} frames are delivered"
    seconds = float(Fraction(len(whole)) / finished.plan.shot.rate)
    finding = f"the whole credit stands for {seconds:.2f} s (least {LEAST_CREDIT_S:g} s)"
    return [] if seconds >= LEAST_CREDIT_S else ["not on screen long enough, or not whole"], finding


def _credited(plan: Plan) -> list[int]:
    """Return the frames on which the shot has the credit stand at full strength."""
    said = [state.get("furniture", {}).get("credit", {}) for state in plan.states]
    return [number for number, one in zip(plan.numbers, said, strict=True) if one.get("alpha", 1.0) > _WHOLE_ALPHA]


def _credit_lines(record: FrameRecord) -> list[str]:
    texts = record.described.get("texts") or ()
    return [text["text"] for text in texts if text["layer"] == "credit" and text["alpha"] > _WHOLE_ALPHA]


def _plain(texts: Iterable[str]) -> str:
    """Return texts without what line breaks and joints do to them."""
    return "".join("".join(texts).replace("·", "").split())


def _licences(finished: Finished) -> tuple[list[str], str]:
    """Every layer has a licence."""
    return _unlicensed(finished.licences), f"{len(finished.licences)} sources, each with its licence"


def _unlicensed(licences: Sequence[LayerLicence]) -> list[str]:
    return [f"{entry.layer}: {entry.title}: no licence stated" for entry in licences if not entry.stated]


# ── movies ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _movies(finished: Finished) -> tuple[list[str], str]:
    """Each movie, read back, is what it has to be, and its first and last picture are the PNGs'."""
    faults = [fault for one in finished.movies for fault in _movie_faults(finished, one)]
    read_back = "format, tags, rate, timecode, pixel aspect, first and last picture"
    said = f"{len(finished.movies)} movies read back: {read_back}"
    width, height = finished.plan.shot.size
    if width % 2 or height % 2:
        said += f"; {width - width % 2}×{height - height % 2}, as a movie needs even sizes"
    return faults, said


def _movie_faults(finished: Finished, one: Movie) -> Iterator[str]:
    facts, rate = movie.read_movie(one.path), finished.plan.shot.rate
    start = finished.plan.timecode(0)
    asked = {
        "pictures": (facts.n_frames, len(finished.plan.numbers)),
        "rate": (facts.rate, rate),
        "timecode": (facts.timecode, start),
        "pixel aspect": (facts.pixel_aspect, Fraction(1)),
        "colour": ((facts.primaries, facts.transfer, facts.matrix, facts.studio_range), (_BT709,) * 3 + (True,)),
    }
    for what, (found, wanted) in asked.items():
        if found != wanted:
            yield f"{one.path.name}: {what}: found {found}, expected {wanted}"
    if facts.pixel_format not in _PIXEL_FORMATS[one.kind]:
        yield f"{one.path.name}: pixel format: found {facts.pixel_format}, expected {_PIXEL_FORMATS[one.kind][0]}"
    for where, ratio in likeness(finished, one).items():
        if ratio < LEAST_PSNR_DB[one.kind]:
            yield f"{one.path.name}: {where} picture: {ratio:.1f} dB like its PNG, expected {LEAST_PSNR_DB[one.kind]:g}"


def likeness(finished: Finished, one: Movie) -> dict[str, float]:
    """Return how like the first and last picture of a movie are to their PNGs, as peak signal to noise in dB."""
    numbers = finished.plan.numbers
    pairs = zip(("first", "last"), (numbers[0], numbers[-1]), movie.read_ends(one.path), strict=True)
    channels = 4 if one.kind in movie.WITH_ALPHA else 3
    return {where: _psnr_db(_read(finished.folder / one.shows.file(n)), shown, channels) for where, n, shown in pairs}


def _psnr_db(wanted: NDArray[np.uint8], shown: NDArray[np.uint8], channels: int) -> float:
    """Return the ratio over colours times alpha, and alpha where a movie has it; what is burnt in is left out."""
    height, width = (min(one, other) for one, other in zip(wanted.shape[:2], shown.shape[:2], strict=True))
    kept = int(height * 0.9)
    errors = _multiplied(wanted[:kept, :width]) - _multiplied(shown[:kept, :width])
    errors[..., channels:] = 0
    return float(10 * np.log10(255.0**2 / max(float((errors**2).mean()), 1e-9)))


def _multiplied(pixels: NDArray[Any]) -> NDArray[np.float64]:
    values = pixels.astype(np.float64)
    values[..., :3] *= values[..., 3:] / 255
    return values


CHECKS: Mapping[str, Callable[[Finished], tuple[list[str], str]]] = {
    "files": _files, "gaps": _gaps, "colour": _colour, "composite": _composite, "light": _light, "flashes": _flashes,
    "flips": _flips_seen, "safe-area": _safe_area, "overlaps": _overlaps, "glyphs": _glyphs, "legible": _legible,
    "credit": _credit, "licences": _licences, "movies": _movies,
}  # fmt: skip
