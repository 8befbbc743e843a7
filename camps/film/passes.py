"""The passes of a delivery: what each one shows, how it is named, and how they lie upon each other.

A pass is one layer of the picture with straight alpha, drawn by the same page from the same camera and clock as all
the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from camps.film.shot import Shot

#: Places of the number in a file name.
FRAME_PADDING = 4


@dataclass(frozen=True)
class PassInfo:
    """One pass of a delivery, as its papers name it.

    Attributes
    ----------
    name, folder
        Name of the pass, such as ``"growth"`` or ``"labels_ug"``, and the folder of its pictures beside the papers.
    prefix, suffix
        What stands before and after the four-digit frame number in a file name: ``SHOW_SEQ_SHOT_growth_v003.`` and
        ``.png``.
    alpha
        ``"straight"``, or ``"none"`` for an opaque picture.
    language
        Language of its words, or ``None`` when it has none of its own.
    """

    name: str
    folder: str
    prefix: str
    suffix: str = ".png"
    alpha: Literal["straight", "none"] = "straight"
    language: str | None = None

    @property
    def pattern(self) -> str:
        """Return the path of a picture within the delivery, with ``%04d`` for the frame number."""
        return f"{self.folder}/{self.prefix}%0{FRAME_PADDING}d{self.suffix}"

    def file(self, number: int) -> str:
        """Return the path of the picture of a frame within the delivery."""
        return f"{self.folder}/{self.prefix}{number:0{FRAME_PADDING}d}{self.suffix}"


def build_pass(
    shot: Shot, name: str, *, alpha: Literal["straight", "none"] = "straight", language: str | None = None
) -> PassInfo:
    """Return a pass of a shot with the names that GRAPHICS.md gives it."""
    return PassInfo(name, name, f"{shot.code}_{name}_v{shot.version:03d}.", alpha=alpha, language=language)
