"""Movies from the frames that lie on disk, with the same bytes every time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Literal, cast

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from camps import embedded, files
from camps.errors import InputError
from camps.film.passes import PassInfo
from camps.film.stage import read_resource
from camps.provenance import sha256_text

MovieKind = Literal["proxy", "prores4444", "prores422hq", "webm", "gif", "webp"]
Told = Callable[[int, int], None]

_BT709 = 1
_STUDIO_RANGE = 1
_MILLISECONDS, _NANOSECOND = 1000, Fraction(1, 10**9)
#: Of the sum over all coded pictures, and of the sum of each, by which the one that was changed is named.
_SUM_BYTES, _PART_BYTES = 32, 8
#: GIF counts in hundredths of a second, and players slow down what is faster than this.
_LEAST_GIF_MS = 20


@dataclass(frozen=True)
class _Codec:
    """How a movie is encoded; threads are fixed, because the bytes may depend on how many there are."""

    name: str
    container: str
    pixel_format: str
    picture: str
    array: str
    options: Mapping[str, str] = field(default_factory=dict)
    index_first: tuple[str, str] = ("movflags", "+faststart")


#: Not fields of two moments, as editors take a movie that does not say.
_WHOLE_FRAMES = {"field_order": "progressive"}

_CODECS = {
    "proxy": _Codec(
        "libx264", "mp4", "yuv420p", "RGB", "rgb24",
        {"preset": "veryfast", "crf": "18", "threads": "2", "x264-params": "threads=2:lookahead-threads=1"},
    ),
    "prores4444": _Codec(
        "prores_ks", "mov", "yuva444p10le", "RGBA", "rgba",
        {"profile": "4444", "alpha_bits": "16", "vendor": "apl0", "threads": "2", **_WHOLE_FRAMES},
    ),
    "prores422hq": _Codec(
        "prores_ks", "mov", "yuv422p10le", "RGB", "rgb24",
        {"profile": "hq", "vendor": "apl0", "threads": "2", **_WHOLE_FRAMES},
    ),
    # Key pictures at a fixed distance stand at the same places in colours and in alpha, which are coded apart: a player
    # that jumps to one finds the other.
    "webm": _Codec(
        "libvpx-vp9", "webm", "yuva420p", "RGBA", "rgba",
        {"crf": "16", "b": "0", "deadline": "good", "cpu-used": "3", "auto-alt-ref": "0", "g": "48",
         "keyint_min": "48", "tile-columns": "1", "row-mt": "0", "threads": "2"},
        ("cues_to_front", "1"),
    ),
}  # fmt: skip
#: Kinds that have alpha.
WITH_ALPHA = frozenset(kind for kind, codec in _CODECS.items() if codec.picture == "RGBA")
#: The decoder that finds the alpha of VP9, and where it lies: beside each picture, as Matroska has it.
_VP9_WITH_ALPHA, _BESIDE = "libvpx-vp9", "matroska_block_additional"
#: Suffix of each kind of movie.
SUFFIXES: dict[MovieKind, str] = {
    "proxy": ".mp4", "prores4444": ".mov", "prores422hq": ".mov", "webm": ".webm", "gif": ".gif", "webp": ".webp",
}  # fmt: skip
#: Height of the burnt-in text as a share of the picture's.
_BURNT = 0.026


@dataclass(frozen=True)
class Movie:
    """A movie of a delivery: its file, its kind, the pass that it shows, and the key of the frames in it."""

    path: Path
    kind: MovieKind
    shows: PassInfo
    key: str = ""


def movie_key(kind: MovieKind, rate: Fraction, sums: Sequence[str], *, burnt: bool = False, record: str = "") -> str:
    """Return the hash of all that a movie is made of: this code, kind and rate, pictures in order, and its record."""
    made = sha256_text(read_resource("movie.py"))
    return sha256_text("\n".join([made, kind, str(rate), "burnt in" if burnt else "", *sums, record]))


@dataclass(frozen=True)
class MovieFacts:
    """What a movie says of itself, read back.

    Attributes
    ----------
    codec, profile, pixel_format, container
        As FFmpeg names them.
    width, height, n_frames
        Size in pixels, and pictures counted packet by packet.
    rate
        Frames a second, exact.
    primaries, transfer, matrix
        Colour tags as numbers of ITU-T H.273; 1 is BT.709.
    studio_range
        Whether it says that black is 16 and white 235 (of 255).
    timecode
        Timecode of the first frame, or ``None`` without a timecode track.
    pixel_aspect
        Width of a pixel to its height, or ``None`` where it does not say.
    turned_deg
        By how much a player turns it.
    more
        What else a player shows or plays: further pictures, words, sound.
    """

    codec: str
    profile: str
    pixel_format: str
    container: str
    width: int
    height: int
    n_frames: int
    rate: Fraction
    primaries: int
    transfer: int
    matrix: int
    studio_range: bool
    timecode: str | None
    pixel_aspect: Fraction | None
    turned_deg: int = 0
    more: tuple[str, ...] = ()


def write_movie(
    frames: Sequence[Path],
    path: Path,
    *,
    rate: Fraction,
    kind: MovieKind = "proxy",
    timecode: str | None = None,
    burnt: Sequence[str] = (),
    record: str = "",
    told: Told | None = None,
) -> Path:
    """Write a movie of pictures and return its path.

    Parameters
    ----------
    frames
        Pictures of one size, in order.
    path
        Where the movie goes; written whole or not at all.
    rate
        Frames a second.
    kind
        ``"proxy"``: H.264, yuv420p, for any player and browser; an odd last row or column is left out, as 4:2:0 needs
        even sizes. ``"prores4444"``: ten bits with straight alpha. ``"prores422hq"``: ten bits, opaque. ``"webm"``:
        VP9, yuva420p with straight alpha, for web pages. All four are tagged bt709, studio range. ``"gif"`` and
        ``"webp"``: pictures that move.
    timecode
        Timecode of the first frame, for a timecode track, or a tag where the container has no such tracks.
    burnt
        A line for each frame that is burnt into its foot, such as its number and timecode.
    record
        What the movie says of itself, from `camps.embedded.pack`; it goes into the comment, bound to every picture.
        Pictures that move have no place for one.
    told
        Called with frames done and frames in all.

    Raises
    ------
    InputError
        When there are no frames, or one is missing, broken or of another size, or the suffix is of another kind.
    """
    if not frames:
        raise InputError(f"{path}: there are no frames to make a movie of; render some first")
    if path.suffix != SUFFIXES[kind]:
        raise InputError(f"{path}: a movie of kind {kind} ends in {SUFFIXES[kind]}; name it so")
    with files.replacing(path) as temporary:
        if kind in _CODECS:
            pictures = _burn(_pictures(frames, _CODECS[kind].picture, told or _nobody), burnt)
            tags = {"timecode": timecode} if timecode is not None else {}
            if record:
                tags["comment"] = embedded.blank(record, _SUM_BYTES + _PART_BYTES * len(frames))
            _encode(temporary, pictures, rate, _CODECS[kind], tags)
            if record:
                embedded.fill(temporary, record, bound_sums(read_coded(temporary)))
        else:
            _animate(temporary, frames, rate, kind, told or _nobody)
    return path


def _nobody(done: int, total: int) -> None:
    """Tell nobody."""


@contextmanager
def _reading(path: Path) -> Iterator[Any]:
    """Open a movie to read it, with errors that say what to do."""
    try:
        with files.readable(path), av.open(str(path)) as movie:
            yield movie
    except (av.FFmpegError, IndexError) as error:
        raise InputError(f"{path}: cannot be read as a movie ({error}); write it again") from error


def read_movie(path: Path) -> MovieFacts:
    """Return what a movie says of itself, its pictures counted.

    Raises
    ------
    InputError
        When it cannot be read as a movie.
    """
    with _reading(path) as movie:
        stream = movie.streams.video[0]
        tagged = [stream.metadata, movie.metadata, *(data.metadata for data in movie.streams.data)]
        # Matroska writes the names of its tags in capitals.
        timecodes = [text for tags in tagged for name, text in tags.items() if name.lower() == "timecode"]
        n_frames = sum(packet.size > 0 for packet in movie.demux(stream))
        context, first = stream.codec_context, _first_picture(path)
        pixel_format = first.format.name if first and _has_alpha_beside(stream) else context.pix_fmt
        return MovieFacts(
            context.name, str(context.profile), str(pixel_format), movie.format.name,
            context.width, context.height, n_frames, _rate_of(movie),
            int(context.color_primaries), int(context.color_trc), int(context.colorspace),
            int(context.color_range) == _STUDIO_RANGE, timecodes[0] if timecodes else None,
            stream.sample_aspect_ratio, int(first.rotation) if first else 0,
            tuple(one.type for one in movie.streams if one.index != stream.index and one.type != "data"),
        )  # fmt: skip


def _rate_of(movie: Any) -> Fraction:
    """Return the exact rate of a movie: Matroska counts in nanoseconds, of which FFmpeg makes 19001/317 for 59.94."""
    said = Fraction(movie.streams.video[0].average_rate or 0)
    meant = Fraction(1000 * round(said * 1001 / 1000), 1001)
    is_near = "matroska" in movie.format.name and meant and abs(1 / meant - 1 / said) < _NANOSECOND
    return meant if is_near else said


def _first_picture(path: Path) -> av.VideoFrame | None:
    with _reading(path) as movie:
        return next(_decoded(movie), None)


def _has_alpha_beside(stream: Any) -> bool:
    """Return whether the pictures of a stream have their alpha beside them, as those of VP9 do."""
    return bool(stream.codec_context.name == "vp9" and stream.metadata.get("alpha_mode") == "1")


def _decoded(movie: Any) -> Iterator[av.VideoFrame]:
    """Yield the pictures of a movie from where it stands; FFmpeg's own decoder leaves out the alpha of VP9."""
    stream = movie.streams.video[0]
    if not _has_alpha_beside(stream):
        yield from movie.decode(stream)
        return
    decoder: Any = av.CodecContext.create(_VP9_WITH_ALPHA, "r")
    for packet in movie.demux(stream):
        yield from decoder.decode(packet)


@dataclass(frozen=True)
class Coded:
    """The pictures of a movie as they are coded, in the order in which they are shown.

    Attributes
    ----------
    head
        What a decoder needs before the first picture, where that is not in the pictures themselves.
    sums
        SHA-256 of each coded picture, with its alpha where that lies beside it.
    times_s
        When each is shown, in seconds.
    """

    head: bytes
    sums: tuple[bytes, ...]
    times_s: tuple[Fraction, ...]


def read_coded(path: Path) -> Coded:
    """Return the sums and times of the coded pictures of a movie; the same in any container that they are copied to.

    Raises
    ------
    InputError
        When it cannot be read as a movie, or a picture has no time.
    """
    with _reading(path) as movie:
        if not movie.streams.video:
            raise InputError(f"{path}: has no pictures that move; expected a movie")
        stream = movie.streams.video[0]
        head = bytes(stream.codec_context.extradata or b"") if stream.codec_context.name == "h264" else b""
        packets = [(one.pts, one.time_base, _sum_of(one)) for one in movie.demux(stream) if one.size]
    if any(pts is None or base is None for pts, base, _ in packets):
        raise InputError(
            f"{path}: a picture of it has no time; it was changed, or copied into a container without times"
        )
    shown = sorted((pts * base, digest) for pts, base, digest in packets)
    return Coded(head, tuple(digest for _, digest in shown), tuple(time for time, _ in shown))


def _sum_of(packet: Any) -> bytes:
    digest = hashlib.sha256(packet)
    if packet.has_sidedata(_BESIDE):
        digest.update(bytes(packet.get_sidedata(_BESIDE)))
    return digest.digest()


def bound_sums(coded: Coded) -> bytes:
    """Return what binds a record to coded pictures: one sum over all of them, and the beginning of the sum of each."""
    whole = hashlib.sha256(hashlib.sha256(coded.head).digest() + b"".join(coded.sums)).digest()
    return whole + b"".join(digest[:_PART_BYTES] for digest in coded.sums)


def parts_of(bound: bytes) -> list[bytes]:
    """Return of `bound_sums` the beginning of the sum of each picture."""
    return [bound[at : at + _PART_BYTES] for at in range(_SUM_BYTES, len(bound), _PART_BYTES)]


def read_ends(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the first and the last picture of a movie, height × width × 4, 8-bit RGB with straight alpha.

    Raises
    ------
    InputError
        When it cannot be read as a movie.
    """
    with _reading(path) as movie:
        stream = movie.streams.video[0]
        first = _shown(next(_decoded(movie)))
        if stream.duration:
            movie.seek(max(0, stream.duration - 1), stream=stream)
        elif movie.duration:  # Matroska says how long the whole is
            movie.seek(max(0, movie.duration - 1))
        *_, last = _decoded(movie)
        return first, _shown(last)


def read_pictures(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Yield all pictures of a movie in order, as `read_ends` returns them.

    Raises
    ------
    InputError
        When it cannot be read as a movie.
    """
    with _reading(path) as movie:
        yield from map(_shown, _decoded(movie))


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return a picture on disk, height × width × 4, 8-bit RGB with straight alpha."""
    return np.asarray(_read(path, "RGBA"))


def _shown(frame: av.VideoFrame) -> NDArray[np.uint8]:
    tagged: dict[str, Any] = {"src_colorspace": Colorspace.ITU709, "src_color_range": ColorRange.MPEG}
    # FFmpeg's short way from 4:2:2 and 4:2:0 to RGB is two code values too dark; by way of 4:4:4 it is right.
    whole = frame.reformat(format="yuva444p10le", **tagged, dst_colorspace=Colorspace.ITU709)
    whole = frame if frame.format.name.startswith("yuva444p") else whole
    return whole.reformat(format="rgba", **tagged, dst_color_range=ColorRange.JPEG).to_ndarray().astype(np.uint8)


def _burn(pictures: Iterator[Image.Image], lines: Sequence[str]) -> Iterator[Image.Image]:
    """Yield pictures with a line of text on a dark ground at the middle of their foot."""
    for i, picture in enumerate(pictures):
        yield _burnt_in(picture, lines[i]) if lines else picture


def _burnt_in(picture: Image.Image, line: str) -> Image.Image:
    width, height = picture.size
    size = max(8.0, height * _BURNT)
    burnt = picture.copy()
    pen = ImageDraw.Draw(burnt, "RGBA")
    # The font inside Pillow: the same letters on every machine.
    font: Any = ImageFont.load_default(size)
    middle = (width / 2, height - size)
    left, top, right, bottom = pen.textbbox(middle, line, font=font, anchor="mm")
    pen.rectangle((left - size / 2, top - size / 4, right + size / 2, bottom + size / 4), fill=(0, 0, 0, 160))
    pen.text(middle, line, font=font, anchor="mm", fill=(255, 255, 255, 255))
    return burnt


def _encode(
    path: Path, pictures: Iterator[Image.Image], rate: Fraction, codec: _Codec, tags: Mapping[str, str]
) -> None:
    options = {"fflags": "+bitexact", **dict([codec.index_first])}
    first = next(pictures)
    width, height = first.size
    with av.open(str(path), "w", format=codec.container, options=options) as movie:
        movie.metadata.update({name: text for name, text in tags.items() if name == "comment"})
        stream = cast(av.VideoStream, movie.add_stream(codec.name, rate=rate, options=dict(codec.options)))
        stream.width, stream.height, stream.pix_fmt = width - width % 2, height - height % 2, codec.pixel_format
        context = stream.codec_context
        context.flags |= av.codec.context.Flags.bitexact
        context.sample_aspect_ratio = Fraction(1)
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _STUDIO_RANGE
        stream.metadata.update({name: text for name, text in tags.items() if name == "timecode"})
        for picture in chain([first], pictures):
            movie.mux(stream.encode(_frame(picture, codec)))
        movie.mux(stream.encode(None))


def _frame(picture: Image.Image, codec: _Codec) -> av.VideoFrame:
    width, height = picture.size
    even = np.ascontiguousarray(np.asarray(picture)[: height - height % 2, : width - width % 2])
    frame = av.VideoFrame.from_ndarray(even, format=codec.array)
    shown = frame.reformat(format=codec.pixel_format, dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
    # ProRes takes these from the picture, not from the stream.
    shown.color_primaries = shown.color_trc = _BT709
    return shown


def _animate(path: Path, frames: Sequence[Path], rate: Fraction, kind: MovieKind, told: Told) -> None:
    shown_ms = float(_MILLISECONDS / rate)
    if kind == "gif" and shown_ms < _LEAST_GIF_MS:
        raise InputError(f"{path.name}: a GIF shows at most 50 frames/s, the film has {rate}; write a WebP")
    first, *others = _pictures(frames, "RGBA" if kind == "webp" else "RGB", told)
    lossless = {"lossless": True, "quality": 0, "method": 0} if kind == "webp" else {}
    first.save(path, kind, save_all=True, append_images=others, duration=round(shown_ms), loop=0, **lossless)


def _pictures(frames: Sequence[Path], mode: str, told: Told) -> Iterator[Image.Image]:
    size = None
    for i, path in enumerate(frames, 1):
        picture = _read(path, mode)
        size = size or picture.size
        if picture.size != size:
            raise InputError(f"{path}: found {picture.size} pixels, expected {size}; render it again")
        yield picture
        told(i, len(frames))


def _over_black(picture: Image.Image) -> Image.Image:
    """Return a picture without alpha: straight colours alone would show each soft edge and shade at its full."""
    whole = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", whole.size, (0, 0, 0, 255)), whole).convert("RGB")


def _read(path: Path, mode: str) -> Image.Image:
    try:
        with files.readable(path), Image.open(path) as picture:
            return _over_black(picture) if mode == "RGB" and picture.has_transparency_data else picture.convert(mode)
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{path}: not a picture that can be read ({error}); render it again") from error
