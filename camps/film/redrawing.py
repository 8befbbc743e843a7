"""Frames of a delivery or a render drawn once more, to be compared with those that lie there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from camps.errors import InputError
from camps.film.delivery import film_passes
from camps.film.filming import Filming
from camps.film.records import FrameRecord
from camps.film.render import film_whole
from camps.film.shot import Shot


def draw_again(
    shot: Shot, names: Sequence[str], numbers: Sequence[int], folder: Path, *, whole: bool = False
) -> dict[int, FrameRecord]:
    """Draw some frames of a shot in some of its passes, and return what came out by frame number.

    Parameters
    ----------
    shot
        The shot.
    names
        Names of the passes.
    numbers
        Frames.
    folder
        Where the pictures may lie.
    whole
        Draw beauty as a render does, at once, and not from its parts.

    Raises
    ------
    InputError
        When the shot has no such pass or frame.
    """
    if strangers := sorted(set(numbers) - set(shot.numbers)):
        raise InputError(f"frames {', '.join(map(str, strangers[:5]))}: {shot.called} has no such frame")
    run = Filming(film_whole(shot) if whole else film_passes(shot, names), folder)
    run.take(numbers)
    run.draw()
    return run.records
