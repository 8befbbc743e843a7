"""Passes lie over one another as the manifest says; flashes are counted as the broadcasters count them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from film_support import small_shot
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from camps.errors import InputError
from camps.film import composite, flashes, passes

SEED = 20170401
#: Of a shot that says nothing over the picture.
FURNITURE = tuple(name for name in passes.FURNITURE if name != "captions")


def _laid(parts: list[NDArray[Any]]) -> NDArray[np.float64]:
    """Return straight-alpha OVER written out for whole pictures, colours multiplied by alpha, not rounded."""
    most = np.iinfo(parts[0].dtype).max
    result = np.zeros(parts[0].shape)
    for part in parts:
        shares = part / most
        own = np.concatenate([shares[..., :3] * shares[..., 3:], shares[..., 3:]], axis=2)
        result = own + result * (1 - shares[..., 3:])
    return result * most


def _picture(rng: np.random.Generator, kind: type, alpha: int | None = None) -> NDArray[Any]:
    most = np.iinfo(kind).max
    picture = rng.integers(0, most + 1, (9, 13, 4)).astype(kind)
    picture[rng.random((9, 13)) < 0.7] = 0
    if alpha is not None:
        picture[..., 3] = alpha
    return picture


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("opaque", [True, False])
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_composite_is_over_written_out_within_one_code_value(kind: type, opaque: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [_picture(rng, kind, np.iinfo(kind).max if opaque else None), *(_picture(rng, kind) for _ in range(4))]
    parts = [np.where(part[..., 3:] > 0, part, 0).astype(kind) for part in parts]
    made = composite.compose([composite.build_layer(part) for part in parts])
    wanted = _laid(parts)
    shown = made[..., :3] * (made[..., 3:] / np.iinfo(kind).max)
    assert np.abs(made[..., 3] - wanted[..., 3]).max() <= 0.5 + 1e-6
    assert np.abs(shown - wanted[..., :3]).max() <= 1


def test_an_opaque_ground_comes_back_to_the_digit_where_nothing_lies_upon_it() -> None:
    ground = _picture(np.random.default_rng(SEED), np.uint8, 255)
    nothing = np.zeros_like(ground)
    assert (composite.compose([composite.build_layer(one) for one in (ground, nothing, nothing)]) == ground).all()


def test_passes_stand_in_the_order_in_which_they_lie_upon_each_other() -> None:
    made = passes.build_passes(small_shot(language="fr"), ["en", "ug"])
    assert list(made) == [
        "base", "footprints", "growth", "outlines", "labels_fr", "labels_en", "labels_ug", "backing", "logo",
        "title", "title_en", "title_ug", "subtitle", "subtitle_en", "subtitle_ug", *FURNITURE[3:],
        "guides", "textless", "graphics", "beauty",
    ]  # fmt: skip
    assert passes.what_shows(made["title_ug"]) == "title, language ug"
    assert made["beauty"].made_of == (
        "base", "footprints", "growth", "outlines", "labels_fr", "backing", *FURNITURE,
    )  # fmt: skip
    assert made["beauty"].alpha == made["base"].alpha == "none"
    assert made["graphics"].alpha == "straight"
    assert "base" not in made["graphics"].made_of
    assert made["labels_ug"].file(1001) == "labels_ug/TEST_A_0010_labels_ug_v001.1001.png"
    assert made["labels_ug"].pattern % 1001 == made["labels_ug"].file(1001)


def test_a_title_in_one_text_is_one_pass_and_one_by_language_has_more() -> None:
    one = small_shot(map={"title": "Camps", "subtitle": {"en": "Seen", "fr": "Vus"}})
    assert {"title_fr", "subtitle_fr"} & set(passes.build_passes(one, ["fr"])) == {"subtitle_fr"}


def test_a_layer_that_the_shot_switches_off_has_no_pass() -> None:
    made = passes.build_passes(small_shot(layers={"labels": False, "base": False}), ["zh"])
    assert not {"labels_en", "labels_zh", "base"} & set(made)
    assert made["beauty"].alpha == "straight"


def test_an_unknown_pass_is_refused_with_those_there_are() -> None:
    made = passes.build_passes(small_shot(), [])
    with pytest.raises(InputError, match=r"--passes shadows: expected all, or some of base, .*beauty"):
        passes.choose_passes(made, ["beauty", "shadows"])


def test_a_pass_is_laid_out_whole_and_painted_alone() -> None:
    shot = small_shot()
    state = {"lon": 80.0, "lat": 40.0, "zoom": 5.0, "t": 17000.0, "layers": {}, "background": "look", "lang": "en"}
    made = passes.build_passes(shot, ["ug"])
    asked = passes.pass_state(state, made["labels_ug"])
    assert (asked["only"], asked["label_lang"], asked["lang"], asked["background"]) == (
        ["labels"], "ug", "en", "transparent",
    )  # fmt: skip
    later = {**state, "t": 17001.0}
    same = {name for name, info in made.items() if passes.seen_state(state, info) == passes.seen_state(later, info)}
    assert {"base", "title", "legend", "scale", "credit", "guides"} <= same
    assert not {"growth", "date", "counter", "notes", "backing", "labels_ug", "outlines"} & same
    # The seconds for which an event is told are a matter of the words that tell it, and of the ground under them.
    told = {
        name
        for name, info in made.items()
        if passes.seen_state(state, info) != passes.seen_state({**state, "since": 1.0}, info)
    }
    assert {name for name in told if not made[name].made_of} == {"chapter", "backing"}
    assert passes.seen_state(state, made["base"], [17001.0]) != passes.seen_state(later, made["base"], [17001.0])


# ── flashes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _film(levels: list[int], share: float = 1.0) -> list[NDArray[np.uint8]]:
    pictures = [np.full((36, 64, 3), 20, np.uint8) for _ in levels]
    for picture, level in zip(pictures, levels, strict=True):
        picture[:, : round(64 * share)] = level
    return pictures


@pytest.mark.parametrize(
    ("levels", "share", "n_flashes"),
    [
        ([20] * 25, 1.0, 0),
        ([20, 255] * 13, 1.0, 12),  # 25 changes in the second
        (([20] * 4 + [255] * 4) * 3 + [20], 1.0, 3),
        ([20, 255] * 13, 0.2, 0),
        ([20, 80] * 13, 1.0, 0),  # 80 is 12 cd/m²
        (list(range(20, 256, 5)), 1.0, 0),  # changes, but all one way
    ],
)
def test_flashes_are_pairs_of_opposing_changes_over_a_quarter_of_the_picture(
    levels: list[int], share: float, n_flashes: int
) -> None:
    found = flashes.find_flashes(_film(levels, share), Fraction(25))
    assert found.n_most == n_flashes


def test_the_largest_jump_is_found_where_it_is() -> None:
    found = flashes.find_flashes(_film([20] * 7 + [255] * 7), Fraction(25))
    white, dark = (
        flashes.luminance(np.full((1, 3), 255, np.uint8))[0],
        flashes.luminance(np.full((1, 3), 20, np.uint8))[0],
    )
    assert white == pytest.approx(flashes.WHITE_CD_M2)
    assert (found.jump_at, found.n_most) == (7, 0)
    assert found.largest_jump == pytest.approx(white - dark)


def test_a_pass_can_be_replaced_by_name_only() -> None:
    info = passes.build_passes(small_shot(), [])["growth"]
    assert replace(info, folder="x").file(7) == "x/TEST_A_0010_growth_v001.0007.png"
