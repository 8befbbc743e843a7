"""Movies from the frames that lie on disk, with the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from camps import files
from camps.errors import InputError

_BT709 = 1
_STUDIO_RANGE = 1
#: x264 gives the same bytes for the same number of threads only, so the number is fixed.
_X264 = {"preset": "veryfast", "crf": "18", "threads": "2", "x264-params": "threads=2:lookahead-threads=1"}


def write_proxy(
    frames: Sequence[Path], path: Path, *, rate: Fraction, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Write an H.264 movie that any player and browser shows: yuv420p, tagged bt709, made to start before it is loaded.

    Parameters
    ----------
    frames
        Pictures of one size, in order. An odd last row or column is left out, as 4:2:0 needs even sizes.
    path
        Where the movie goes (``.mp4``); written whole or not at all.
    rate
        Frames a second.

    Raises
    ------
    InputError
        When there are no frames, or one is missing, broken or of another size.
    """
    if not frames:
        raise InputError(f"{path}: there are no frames to make a movie of; render some first")
    with (
        files.replacing(path) as temporary,
        av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}) as movie,
    ):
        _encode(movie, frames, rate, progress or (lambda done, total: None))
    return path


def _encode(
    movie: av.container.OutputContainer, frames: Sequence[Path], rate: Fraction, progress: Callable[[int, int], None]
) -> None:
    width, height = _read(frames[0]).size
    stream = movie.add_stream("libx264", rate=rate, options=dict(_X264))
    stream.width, stream.height, stream.pix_fmt = width - width % 2, height - height % 2, "yuv420p"
    context = stream.codec_context
    context.flags |= av.codec.context.Flags.bitexact
    context.color_primaries = context.color_trc = context.colorspace = _BT709
    context.color_range = _STUDIO_RANGE
    for i, path in enumerate(frames, 1):
        movie.mux(stream.encode(_frame(path, (width, height))))
        progress(i, len(frames))
    movie.mux(stream.encode(None))


def _frame(path: Path, size: tuple[int, int]) -> av.VideoFrame:
    picture = _read(path)
    if picture.size != size:
        raise InputError(
            f"{path}: found {picture.size[0]}×{picture.size[1]} pixels, expected {size[0]}×{size[1]}; render it again"
        )
    even = np.asarray(picture)[: size[1] - size[1] % 2, : size[0] - size[0] % 2]
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")
    return frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)


def _read(path: Path) -> Image.Image:
    with files.readable(path):
        return Image.open(path).convert("RGB")
