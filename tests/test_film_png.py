"""A PNG file holds the pixels that went in, and is the same bytes whatever was encoded before."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from camps.errors import RenderError
from camps.film import png

HEIGHT, WIDTH = 70, 24


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, HEIGHT - 1), st.integers(1, 40), st.integers(0, 255)), max_size=4))
def test_a_picture_after_others_is_the_same_bytes_as_alone(changes: list[tuple[int, int, int]]) -> None:
    pixels, memory = np.full((HEIGHT, WIDTH, 4), 255, np.uint8), png.Memory()
    png.encode(pixels, memory=memory)
    for top, rows, value in changes:
        pixels[top : top + rows, 3:9, :3] = value
        encoded = png.encode(pixels, order="RGBA", memory=memory)
        assert encoded == png.encode(pixels, order="RGBA")
        with Image.open(io.BytesIO(encoded)) as picture:
            assert (np.asarray(picture) == pixels[..., :3]).all()


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_colours_are_divided_by_alpha_to_the_nearest(kind: type[np.unsignedinteger[Any]]) -> None:
    most = int(np.iinfo(kind).max)
    alpha, colour = np.meshgrid(np.linspace(0, most, 256), np.linspace(0, most, 256))
    alpha, colour = alpha.astype(kind), colour.astype(kind)
    pixels = np.stack([colour, colour // 2, np.zeros_like(colour), alpha], axis=2)
    found = png.straight(pixels).astype(float)
    shares = np.divide(pixels[..., :3], alpha[..., None], out=np.zeros((256, 256, 3)), where=alpha[..., None] > 0)
    assert np.abs(found[..., :3] - np.minimum(shares, 1) * most).max() <= 0.5
    assert (found[..., 3] == alpha).all()


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_sequence_remembers_and_its_files_do_not_show_it(kind: type[np.unsignedinteger[Any]]) -> None:
    pixels = np.full((HEIGHT, WIDTH, 4), 200, kind)
    memory = png.Memory()
    for top in (0, 40, 60):
        pixels[top : top + 5, 3:9] = top
        assert png.encode_pixels(pixels, memory=memory) == png.encode_pixels(pixels)


def test_a_memory_takes_pictures_of_any_size_and_form() -> None:
    memory = png.Memory()
    pixels = np.random.default_rng(2).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    pixels[..., 3] = 255
    for picture in (pixels, pixels[:40], pixels[:, :16], pixels):
        for order, alpha in product(("RGBA", "BGRA"), (False, True)):
            form: dict[str, Any] = {"order": order, "alpha": alpha}
            assert png.encode(picture, memory=memory, **form) == png.encode(picture, **form)


def test_threads_that_share_a_memory_do_not_mix_their_pictures() -> None:
    rng, memory = np.random.default_rng(3), png.Memory()
    pictures = [np.full((400, 600, 4), 255, np.uint8) for _ in range(24)]
    for i, picture in enumerate(pictures):
        picture[i * 14 : i * 14 + 60, :, :3] = rng.integers(0, 256, (60, 600, 3), np.uint8)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda picture: png.encode(picture, memory=memory), pictures))
    assert together == [png.encode(picture) for picture in pictures]


@pytest.mark.parametrize(("alpha", "bit_depth"), list(product([False, True], [8, 16])))
def test_every_form_keeps_what_it_can(alpha: bool, bit_depth: int) -> None:
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    pixels[..., 3] = 255
    form: dict[str, Any] = {"order": "RGBA", "alpha": alpha, "bit_depth": bit_depth, "premultiplied": False}
    memory = png.Memory()
    for _ in range(2):
        pixels[20:30] //= 2
        pixels[..., 3] = 255
        encoded = png.encode(pixels, memory=memory, **form)
        assert encoded == png.encode(pixels, **form)
    with Image.open(io.BytesIO(encoded)) as picture:
        shown = np.asarray(picture.convert("RGB")).astype(int)
    fine = pixels if bit_depth == 8 else pixels.reshape(HEIGHT // 2, 2, WIDTH // 2, 2, 4).mean(axis=(1, 3))
    assert np.abs(shown - fine[..., :3]).max() <= (0 if bit_depth == 8 else 1)


def test_the_first_pixel_that_is_not_opaque_is_named() -> None:
    pixels = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    pixels[33, 7, 3] = 254
    with pytest.raises(RenderError, match="not opaque at x=7, y=33"):
        png.encode(pixels)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
@pytest.mark.parametrize("up", [True, False])
def test_a_picture_is_read_back_as_it_was_written(mode: str, up: bool) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    picture = Image.fromarray(pixels).convert("RGB").convert(mode) if mode != "RGBA" else Image.fromarray(pixels)
    content = io.BytesIO()
    picture.save(content, "PNG")
    if up and mode != "P":
        wanted = np.asarray(picture.convert("RGBA"))
        content = io.BytesIO(png.encode(wanted, order="RGBA", premultiplied=False, alpha=mode == "RGBA"))
    assert (png.decode(content.getvalue()) == np.asarray(picture.convert("RGBA"))).all()
