"""Movies from the frames that lie on disk, with the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal, cast

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from camps import files
from camps.errors import InputError

MovieKind = Literal["proxy", "prores4444", "gif", "webp"]
Told = Callable[[int, int], None]

_BT709 = 1
_STUDIO_RANGE = 1
_MILLISECONDS = 1000
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


_CODECS = {
    "proxy": _Codec(
        "libx264", "mp4", "yuv420p", "RGB", "rgb24",
        {"preset": "veryfast", "crf": "18", "threads": "2", "x264-params": "threads=2:lookahead-threads=1"},
    ),
    "prores4444": _Codec(
        "prores_ks", "mov", "yuva444p10le", "RGBA", "rgba",
        {"profile": "4444", "alpha_bits": "16", "vendor": "apl0", "threads": "2"},
    ),
}  # fmt: skip
#: Suffix of each kind of movie.
SUFFIXES: dict[MovieKind, str] = {"proxy": ".mp4", "prores4444": ".mov", "gif": ".gif", "webp": ".webp"}


def write_movie(
    frames: Sequence[Path], path: Path, *, rate: Fraction, kind: MovieKind = "proxy", told: Told | None = None
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
        even sizes. ``"prores4444"``: ten bits with alpha. Both are tagged bt709. ``"gif"`` and ``"webp"``: pictures
        that move, for a web page.
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
            _encode(temporary, frames, rate, _CODECS[kind], told or _nobody)
        else:
            _animate(temporary, frames, rate, kind, told or _nobody)
    return path


def _nobody(done: int, total: int) -> None:
    """Tell nobody."""


def _encode(path: Path, frames: Sequence[Path], rate: Fraction, codec: _Codec, told: Told) -> None:
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    width, height = _read(frames[0], codec.picture).size
    with av.open(str(path), "w", format=codec.container, options=options) as movie:
        stream = cast(av.VideoStream, movie.add_stream(codec.name, rate=rate, options=dict(codec.options)))
        stream.width, stream.height, stream.pix_fmt = width - width % 2, height - height % 2, codec.pixel_format
        context = stream.codec_context
        context.flags |= av.codec.context.Flags.bitexact
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _STUDIO_RANGE
        for picture in _pictures(frames, codec.picture, told):
            movie.mux(stream.encode(_frame(picture, codec)))
        movie.mux(stream.encode(None))


def _frame(picture: Image.Image, codec: _Codec) -> av.VideoFrame:
    width, height = picture.size
    even = np.ascontiguousarray(np.asarray(picture)[: height - height % 2, : width - width % 2])
    frame = av.VideoFrame.from_ndarray(even, format=codec.array)
    return frame.reformat(format=codec.pixel_format, dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)


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


def _read(path: Path, mode: str) -> Image.Image:
    with files.readable(path), Image.open(path) as picture:
        return picture.convert(mode)
