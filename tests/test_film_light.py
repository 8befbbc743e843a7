"""Pictures in linear light hold what their code values say; a matte holds one site's share of each pixel."""

from __future__ import annotations

import base64
from datetime import date
from pathlib import Path

import av
import numpy as np
import pytest
from film_support import small_shot
from numpy.typing import NDArray

from camps import film
from camps.errors import InputError, RenderError
from camps.film import exr, passes


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _codes() -> NDArray[np.uint8]:
    """Return a picture with every code value under alphas from clear to opaque."""
    values, alphas = np.meshgrid(np.arange(256), [0, 64, 200, 255])
    return np.stack([values, values[:, ::-1], values // 2, alphas], axis=2).astype(np.uint8)


@pytest.mark.parametrize("order", ["RGBA", "BGRA"])
def test_linear_light_goes_back_to_the_code_values_it_came_from(order: str, tmp_path: Path) -> None:
    pixels = _codes()
    given = pixels[..., [order.index(channel) for channel in "RGBA"]]
    path = _written(tmp_path / "x.exr", exr.encode_linear(given, order=order))  # type: ignore[arg-type]
    found = exr.code_values(exr.read_linear(path))
    assert np.abs(found - np.where(pixels[..., 3:] > 0, pixels, 0)).max() < 0.5
    # A grey of half the code values is a fifth of the light (IEC 61966-2-1).
    assert exr.read_linear(path)[3, 128, 0] == pytest.approx(0.2159, abs=2e-4)


def test_a_file_says_what_its_numbers_mean_and_ffmpeg_reads_them(tmp_path: Path) -> None:
    pixels = _codes()
    pixels[..., 3] = 255
    path = _written(tmp_path / "x.exr", exr.encode_linear(pixels, alpha=False))
    assert np.allclose(exr.read_header(path)["chromaticities"], (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329))
    with av.open(str(path)) as opened:
        frame = next(opened.decode(video=0))
    assert (frame.format.name, frame.width, frame.height) == ("gbrpf16le", 256, 4)
    green = np.frombuffer(bytes(frame.planes[0]), np.float16).reshape(4, -1)[:, :256]
    assert np.array_equal(green, exr.read_linear(path)[..., 1])


def test_what_is_no_file_of_ours_is_refused(tmp_path: Path) -> None:
    plain = _written(tmp_path / "x.exr", exr.encode_linear(_codes()))
    with pytest.raises(InputError, match=r"x\.exr: found no mattes; expected a picture of the pass ids"):
        exr.read_mattes(plain)
    with pytest.raises(InputError, match=r"y\.exr: cannot be read as OpenEXR .*deliver it again"):
        exr.read_header(_written(tmp_path / "y.exr", b"PNG"))


def _box(ids: list[str], left: int, top: int, alpha: NDArray[np.uint8]) -> list[object]:
    return [ids, left, top, alpha.shape[1], base64.b64encode(alpha.tobytes()).decode()]


def _drawn(alpha: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.dstack([np.full((*alpha.shape, 3), 90.0), alpha * 255]).round().astype(np.uint8)


@pytest.mark.parametrize("times", [1, 2])
def test_a_site_has_of_each_pixel_what_no_site_above_it_takes(times: int, tmp_path: Path) -> None:
    under, over = (np.full((2 * times, 3 * times), value, np.uint8) for value in (255, 102))  # whole, and two fifths
    mattes = [_box(["a"], 1 * times, 1 * times, under), _box(["b", "c"], 2 * times, 1 * times, over)]
    alpha = np.zeros((4, 6))
    alpha[1:3, 1:4], alpha[1:3, 4] = 1, 0.4
    path = _written(tmp_path / "x.exr", exr.encode_mattes(_drawn(alpha), [mattes], times=times))
    found = exr.read_mattes(path)
    assert found.of("a")[1].tolist() == pytest.approx([0, 1, 0.6, 0.6, 0, 0])
    assert found.of("b+c")[1].tolist() == pytest.approx([0, 0, 0.4, 0.4, 0.4, 0])
    assert np.allclose(found.shares.sum(axis=2), alpha)
    with pytest.raises(RenderError, match=r"\(none\) differ from the growth pass by 102\.0 code values"):
        exr.encode_mattes(_drawn(alpha), [mattes[:1]], times=times)


@pytest.mark.browser
def test_mattes_of_symbols_in_passing_add_up(tmp_path: Path) -> None:
    shot = film.read_shot("xinjiang").model_copy(update={"size": (640, 360)})
    made = film.deliver(
        shot, tmp_path, names=["growth", "ids"], numbers=range(1582, 1583), waive=["credit", "licences"], movies=False
    )
    assert {info.name for info in made.passes} == {"growth", "ids"}


@pytest.mark.browser
def test_mattes_are_rounded_as_the_picture_is_wherever_a_site_stands(tmp_path: Path) -> None:
    # A canvas that began at the site put a corner of its dashed ring on another quarter of a row: 22 code values.
    shot = film.build_shot({
        "title": "A turned camera", "code": "TEST_L_0010", "frames": 20, "rate": 25, "size": (512, 640),
        "mode": "illustrative", "map": {"kind": "growth", "where": {"admin1": "Xinjiang"}},
        "clock": {"kind": "linear", "from": date(2017, 7, 2), "to": date(2020, 7, 2), "hold_last": 0.4},
        "camera": [{"at": 0, "fit": "sites", "bearing_deg": 60}],
    })  # fmt: skip
    film.deliver(shot, tmp_path, names=["growth", "ids"], waive=["credit", "licences", "flips"], movies=False)


def test_a_picture_without_a_site_has_no_mattes(tmp_path: Path) -> None:
    found = exr.read_mattes(_written(tmp_path / "x.exr", exr.encode_mattes(_drawn(np.zeros((4, 6))), [[]])))
    assert (found.codes, found.shares.sum()) == ({}, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    # The specification's own: the number of each name, as a float.
    [
        ("hello", 6.0705627102400005616e-17),
        ("cube", -4.08461912519e15),
        ("sphere", 2.79018604383e15),
        ("plane", 3.66557617593e-11),
    ],
)
def test_names_have_the_numbers_of_the_specification(name: str, value: float) -> None:
    assert float(np.uint32(exr.code_of(name)).view(np.float32)) == pytest.approx(value, rel=1e-9)


def test_passes_in_linear_light_are_there_when_they_are_named() -> None:
    made = passes.build_passes(small_shot(), ["ug"])
    assert passes.choose_passes(made, ["all"]) == passes.choose_passes(made, None) == made
    chosen = passes.choose_passes(made, ["all", "ids", "beauty_exr", "labels_ug_exr"])
    assert list(chosen) == [*made, "labels_ug_exr", "beauty_exr", "ids"]
    assert chosen["beauty_exr"].made_of == made["beauty"].made_of
    assert chosen["ids"].made_of == ("growth",)
    assert chosen["labels_ug_exr"].file(1001) == "labels_ug_exr/TEST_A_0010_labels_ug_exr_v001.1001.exr"
    assert passes.what_shows(chosen["labels_ug_exr"]).endswith("language ug; in linear light")
    with pytest.raises(InputError, match=r"--passes shadows_exr: expected all, or some of base, .* such as beauty_exr"):
        passes.choose_passes(made, ["ids", "shadows_exr"])
