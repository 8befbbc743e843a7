"""What is done to an outline on the ground: squared, cut, joined. All take and return polygons in one metric CRS."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from shapely import affinity, ops

from camps.crs import Floats
from camps.errors import InputError

#: Edges further than this from right angles, in the mean by length, are meant so: a round tower.
MOST_SLANT_DEG = 15.0


def squared(outline: shapely.Polygon) -> shapely.Polygon:
    """Return the outline with right angles only, along its longest direction; courtyards are squared with it.

    Raises
    ------
    InputError
        When its edges are round or slanted, more than 15° from right angles in the mean.
    """
    angle, slant = _direction_deg(outline)
    if slant > MOST_SLANT_DEG:
        raise InputError(f"the outline is round or slanted ({slant:.0f}° from right angles); leave it as it is")
    turned = affinity.rotate(outline, -angle, origin=(0, 0))
    rings = [_squared_ring(shapely.get_coordinates(ring)) for ring in (turned.exterior, *turned.interiors)]
    made = shapely.Polygon(rings[0], rings[1:])
    if not made.is_valid:
        raise InputError("the outline crosses itself when squared; mend it by hand")
    return affinity.rotate(made, angle, origin=(0, 0))


def _direction_deg(outline: shapely.Polygon) -> tuple[float, float]:
    """Return the direction, modulo 90°, along which most of the edges' length lies, and how far off edges are."""
    steps = np.diff(shapely.get_coordinates(outline.exterior), axis=0)
    # Four times the angle makes edges at right angles to one another point the same way.
    lengths, angles = np.hypot(*steps.T), 4 * np.arctan2(steps[:, 1], steps[:, 0])
    direction = np.arctan2((lengths * np.sin(angles)).sum(), (lengths * np.cos(angles)).sum())
    off = np.abs((angles - direction + np.pi) % (2 * np.pi) - np.pi)
    return float(np.degrees(direction / 4)), float(np.degrees((off * lengths).sum() / lengths.sum() / 4))


def _squared_ring(points: Floats) -> list[tuple[float, float]]:
    """Return a ring of edges level and upright in turn, each at the mean, by length, of those that it replaces."""
    steps = np.diff(points, axis=0)
    level = np.abs(steps[:, 0]) >= np.abs(steps[:, 1])
    if level.all() or not level.any():
        raise InputError("the outline has no corner to square; leave it as it is")
    # Begin at a corner, so that the first and the last edge are not parts of one.
    first = int(np.flatnonzero(level != np.roll(level, 1))[0])
    points, level = np.roll(points[:-1], -first, axis=0), np.roll(level, -first)
    points = np.vstack([points, points[:1]])
    cuts = [0, *(np.flatnonzero(level[1:] != level[:-1]) + 1), len(level)]
    edges = [(bool(level[a]), _place(points[a : b + 1], level=bool(level[a]))) for a, b in pairwise(cuts)]
    corners = [
        (there, here) if is_level else (here, there)
        for (is_level, here), (_, there) in zip(edges, [edges[-1], *edges[:-1]], strict=True)
    ]
    return [*corners, corners[0]]


def _place(points: Floats, *, level: bool) -> float:
    across = points[:, 1 if level else 0]
    lengths = np.hypot(*np.diff(points, axis=0).T)
    return float(((across[:-1] + across[1:]) / 2 * lengths).sum() / lengths.sum())


def cut(outline: shapely.Polygon, line: shapely.LineString) -> list[shapely.Polygon]:
    """Return the pieces that a line cuts an outline into, largest first.

    Raises
    ------
    InputError
        When the line does not cross it.
    """
    pieces = [piece for piece in ops.split(outline, line).geoms if isinstance(piece, shapely.Polygon)]
    if len(pieces) < 2:
        raise InputError("the line does not cut the outline in two; draw it across, from outside to outside")
    return sorted(pieces, key=lambda piece: (-piece.area, piece.wkb))


def joined(outlines: list[shapely.Polygon]) -> shapely.Polygon:
    """Return outlines that touch or overlap as one.

    Raises
    ------
    InputError
        When they lie apart.
    """
    whole = shapely.union_all(outlines)
    if not isinstance(whole, shapely.Polygon):
        raise InputError(f"{len(outlines)} outlines lie apart; draw one between them, or leave them")
    return whole
