"""Movies have every frame at its time, the right colours and tags, and the same bytes every time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from camps.errors import InputError, MissingError
from camps.film import movie, moviecheck, png
from camps.film.movie import SUFFIXES, MovieKind, write_movie

COLOURS = [(200, 40, 30), (30, 160, 60), (40, 60, 210), (230, 220, 200), (16, 20, 24), (128, 128, 128)]


def _frames(folder: Path, *, size: tuple[int, int] = (96, 64), alpha: int = 255) -> list[Path]:
    paths = []
    for i, (red, green, blue) in enumerate(COLOURS):
        pixels = np.full((size[1], size[0], 4), (red, green, blue, alpha), np.uint8)
        pixels[:8, :8] = (255, 255, 255, 255)
        path = folder / f"x.{1001 + i}.png"
        path.write_bytes(png.encode(pixels, order="RGBA", premultiplied=False, alpha=alpha < 255))
        paths.append(path)
    return paths


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(24000, 1001), Fraction(60000, 1001)])
def test_the_proxy_has_every_frame_at_its_time_tagged_bt709(tmp_path: Path, rate: Fraction) -> None:
    movie = write_movie(_frames(tmp_path), tmp_path / "x.mp4", rate=rate)
    with av.open(str(movie)) as opened:
        stream = opened.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == rate
        assert stream.codec_context.colorspace == stream.codec_context.color_primaries == 1
        frames = list(opened.decode(stream))
    assert [float(frame.time) for frame in frames] == pytest.approx([float(i / rate) for i in range(6)], abs=1e-6)
    for frame, colour in zip(frames, COLOURS, strict=True):
        shown = frame.reformat(format="rgb24", src_colorspace="ITU709", dst_colorspace="ITU709").to_ndarray()
        assert np.abs(shown[32:60, 32:90].mean(axis=(0, 1)) - colour).max() < 4


def test_prores_keeps_alpha_and_ten_bits(tmp_path: Path) -> None:
    movie = write_movie(_frames(tmp_path, alpha=128), tmp_path / "x.mov", rate=Fraction(25), kind="prores4444")
    with av.open(str(movie)) as opened:
        stream = opened.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.profile) == ("prores", "4444")
        frame = next(opened.decode(stream))
    assert frame.format.name.startswith("yuva444p")
    alpha = np.frombuffer(frame.planes[3], np.uint16)
    assert np.median(alpha) / (2 ** (12 if "12" in frame.format.name else 10) - 1) == pytest.approx(128 / 255, abs=0.01)


@pytest.mark.parametrize("kind", ["proxy", "prores422hq"])
def test_a_movie_without_alpha_shows_pictures_that_have_it_over_black(tmp_path: Path, kind: MovieKind) -> None:
    made = write_movie(_frames(tmp_path, alpha=64), tmp_path / f"x{SUFFIXES[kind]}", rate=Fraction(25), kind=kind)
    first, _ = movie.read_ends(made)
    wanted = np.array(COLOURS[0]) * 64 / 255
    assert np.abs(first[32:60, 32:90, :3].mean(axis=(0, 1)) - wanted).max() < 4


def _soft(folder: Path) -> list[Path]:
    """Return pictures of a disk that moves: soft edges, every alpha there is, and black where nothing is."""
    y, x = np.mgrid[:90, :160]
    paths = []
    for i, colour in enumerate(COLOURS):
        alpha = np.clip((30 - np.hypot(x - 40 - 12 * i, y - 45)) * 17, 0, 255)
        pixels = np.dstack([*(np.full(alpha.shape, value) for value in colour), alpha]).astype(np.uint8)
        pixels[alpha < 1] = 0
        path = folder / f"soft.{1001 + i}.png"
        path.write_bytes(png.encode(pixels, order="RGBA", premultiplied=False, alpha=True))
        paths.append(path)
    return paths


def _alphas(path: Path) -> list[NDArray[np.uint8]]:
    """Return the alpha of every picture of a WebM, by the library that codes it."""
    decoder = av.CodecContext.create("libvpx-vp9", "r")
    with av.open(str(path)) as opened:
        frames = [frame for packet in opened.demux(video=0) for frame in decoder.decode(packet)]
    assert {frame.format.name for frame in frames} == {"yuva420p"}
    planes = [frame.planes[3] for frame in frames]
    return [np.frombuffer(one, np.uint8).reshape(one.height, one.line_size)[:, : one.width] for one in planes]


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001)])
def test_a_webm_has_the_alpha_of_its_pictures_its_tags_and_its_rate(tmp_path: Path, rate: Fraction) -> None:
    frames = _soft(tmp_path)
    path = write_movie(frames, tmp_path / "x.webm", rate=rate, kind="webm", timecode="01:00:00:00")
    facts = movie.read_movie(path)
    assert (facts.codec, facts.pixel_format, facts.n_frames, facts.rate) == ("vp9", "yuva420p", 6, rate)
    assert (facts.primaries, facts.transfer, facts.matrix, facts.studio_range) == (1, 1, 1, True)
    assert (facts.width, facts.height, facts.pixel_aspect, facts.timecode) == (160, 90, 1, "01:00:00:00")
    wanted = [movie.read_picture(frame) for frame in frames]
    shown = list(movie.read_pictures(path))
    for of_others, ours, drawn in zip(_alphas(path), shown, wanted, strict=True):
        assert (of_others == ours[..., 3]).all()
        assert np.abs(ours[..., 3].astype(int) - drawn[..., 3]).max() <= 8
        assert (ours[..., 3][drawn[..., 3] == 0] == 0).mean() > 0.99
        solid = drawn[..., 3] == 255
        assert np.abs(ours[solid].astype(int) - drawn[solid]).max() <= 12
    first, last = movie.read_ends(path)
    assert (first == shown[0]).all()
    assert (last == shown[-1]).all()
    faults, said = moviecheck.compare_movie(path, "webm", frames, range(1001, 1007))
    assert not faults, said
    assert moviecheck.compare_movie(path, "webm", frames[::-1], range(1001, 1007))[0]


def test_a_player_that_jumps_finds_colours_and_alpha_at_the_same_places(tmp_path: Path) -> None:
    frames = _soft(tmp_path) * 17
    path = write_movie(frames, tmp_path / "x.webm", rate=Fraction(25), kind="webm")
    with av.open(str(path)) as opened:
        packets = [packet for packet in opened.demux(video=0) if packet.size]
    beside = [bytes(packet.get_sidedata("matroska_block_additional"))[8:] for packet in packets]
    # The third bit from below of a VP9 picture of profile 0 says that it rests on others.
    whole = [[not one[0] & 4 for one in coded] for coded in ([bytes(packet) for packet in packets], beside)]
    assert whole[0] == whole[1] == [packet.is_keyframe for packet in packets]
    assert [at for at, is_key in enumerate(whole[0]) if is_key] == [0, 48, 96]


def test_the_sum_of_a_coded_picture_has_its_alpha_in_it(tmp_path: Path) -> None:
    pictures = [np.full((64, 96, 4), (200, 40, 30, alpha), np.uint8) for alpha in (255, 0)]
    files = [tmp_path / f"{i}.png" for i in range(2)]
    for file, pixels in zip(files, pictures, strict=True):
        file.write_bytes(png.encode(pixels, order="RGBA", premultiplied=False, alpha=True))
    paths = [write_movie([file], file.with_suffix(".webm"), rate=Fraction(25), kind="webm") for file in files]
    sums = []
    for path in paths:
        with av.open(str(path)) as opened:
            sums.append(next(bytes(packet) for packet in opened.demux(video=0)))
    assert sums[0] == sums[1], "the colours are the same"
    assert movie.read_coded(paths[0]).sums != movie.read_coded(paths[1]).sums


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_pictures_that_move_have_every_frame(tmp_path: Path, kind: MovieKind) -> None:
    movie = write_movie(_frames(tmp_path), tmp_path / f"x{SUFFIXES[kind]}", rate=Fraction(25), kind=kind)
    with Image.open(movie) as opened:
        assert getattr(opened, "n_frames", 1) == 6
        opened.seek(2)
        assert np.abs(np.array(opened.convert("RGB").getpixel((50, 40))) - COLOURS[2]).max() < 12


@pytest.mark.parametrize("kind", SUFFIXES)
def test_a_movie_has_the_same_bytes_every_time(tmp_path: Path, kind: MovieKind) -> None:
    frames = _frames(tmp_path)
    once = write_movie(frames, tmp_path / f"a{SUFFIXES[kind]}", rate=Fraction(25), kind=kind).read_bytes()
    again = write_movie(frames, tmp_path / f"b{SUFFIXES[kind]}", rate=Fraction(25), kind=kind).read_bytes()
    assert once == again


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    frames = _frames(tmp_path)
    with pytest.raises(InputError, match="there are no frames"):
        write_movie([], tmp_path / "x.mp4", rate=Fraction(25))
    with pytest.raises(InputError, match=r"ends in \.mp4"):
        write_movie(frames, tmp_path / "x.avi", rate=Fraction(25))
    with pytest.raises(MissingError, match=r"x\.1099\.png"):
        write_movie([*frames, tmp_path / "x.1099.png"], tmp_path / "x.mp4", rate=Fraction(25))
    Image.new("RGB", (32, 32)).save(tmp_path / "small.png")
    with pytest.raises(InputError, match=r"small\.png: found \(32, 32\) pixels"):
        write_movie([*frames, tmp_path / "small.png"], tmp_path / "x.mp4", rate=Fraction(25))
    assert not (tmp_path / "x.mp4").exists()
    assert not list(tmp_path.glob(".camps-*"))


@pytest.mark.parametrize("content", [b"", b"no movie", b"\x00\x00\x00\x18ftypmp42" + bytes(64)])
@pytest.mark.parametrize("read", [movie.read_movie, movie.read_ends, lambda path: list(movie.read_pictures(path))])
def test_a_damaged_movie_is_named_by_whoever_reads_it(tmp_path: Path, content: bytes, read: Any) -> None:
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged\.mp4: cannot be read as a movie"):
        read(path)
