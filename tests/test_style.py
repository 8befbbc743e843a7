"""The look: readable by contrast, in order without colour sense, and the same keys in every look."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from camps import looks, record, style
from camps.errors import InputError

# Machado, Oliveira and Fernandes 2009, severity 1: linear sRGB as seen without long, middle or short wave cones.
CONE_LOSS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def _linear(colour: str) -> np.ndarray:
    channels = np.array(style.rgb(colour))
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear sRGB, D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = to_xyz @ np.clip(linear, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def _distance(one: str, other: str, loss: str | None) -> float:
    matrix = np.array(CONE_LOSS[loss]) if loss else np.eye(3)
    return float(np.linalg.norm(_lab(matrix @ _linear(one)) - _lab(matrix @ _linear(other))))


def test_contrast_of_black_on_white_is_the_known_21_to_1():
    assert style.contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert style.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("look", style.LOOKS)
def test_text_meets_wcag_aa(look):
    assert style.faint_words(looks.palette(look)) == []


def test_words_that_the_ground_swallows_are_told_with_their_contrast():
    sunk = {**looks.palette("dark"), "text": "#1a1f26", "muted": "rgb(0, 0, 0)"}
    told = style.faint_words(sunk)
    assert told[0] == "text #1a1f26 on land #191f26 has a contrast of 1.0 (least 4.5, WCAG AA)"
    assert [one.split()[0] for one in told] == ["text", "text"]


@pytest.mark.parametrize("look", style.LOOKS)
@pytest.mark.parametrize("ground", ["land", "sea"])
def test_symbols_stand_out_from_the_ground(look, ground):
    palette = looks.palette(look)
    roles = {
        **palette["classes"],
        **{name: palette[name] for name in ("unknown", "footprint", "footprint_block", "compound")},
    }
    weak = {name: round(style.contrast(colour, palette[ground]), 2) for name, colour in roles.items()}
    assert {name: ratio for name, ratio in weak.items() if ratio < 2.4} == {}
    tiers = [weak[f"tier_{tier}"] for tier in (1, 2, 3, 4)] if ground == "land" else [3]
    assert min(tiers) >= 2.7


@pytest.mark.parametrize("look", style.LOOKS)
@pytest.mark.parametrize("loss", [None, *CONE_LOSS])
def test_tiers_differ_for_every_kind_of_colour_sense(look, loss):
    colours = [looks.palette(look)["classes"][f"tier_{tier}"] for tier in (1, 2, 3, 4)]
    assert min(_distance(a, b, loss) for a, b in itertools.pairwise(colours)) >= 12


@pytest.mark.parametrize("look", style.LOOKS)
def test_tiers_are_steps_of_lightness(look):
    lightness = [_lab(_linear(looks.palette(look)["classes"][f"tier_{tier}"]))[0] for tier in (1, 2, 3, 4)]
    assert min(a - b for a, b in itertools.pairwise(lightness)) >= 7


@pytest.mark.parametrize("loss", CONE_LOSS)
@pytest.mark.parametrize("look", style.LOOKS)
def test_systems_differ_in_shape_or_in_colour(look, loss):
    classes = looks.palette(look)["classes"]
    for one, other in itertools.combinations(record.current().classes_of("system"), 2):
        assert one.shape != other.shape or _distance(classes[one.colour], classes[other.colour], loss) >= 12


def test_looks_have_the_same_roles():
    dark, *others = (looks.palette(look) for look in style.LOOKS)
    assert len(others) == 2
    for other in others:
        assert dark.keys() == other.keys()
        assert dark["classes"].keys() == other["classes"].keys()
    used = {entry.colour for entry in record.current().classes} | set(style.HUES)
    assert used <= dark["classes"].keys()


def test_an_unknown_look_is_refused_by_name():
    with pytest.raises(InputError, match="sepia: no such look; expected one of dark, light, paper, or a TOML file"):
        looks.palette("sepia")
