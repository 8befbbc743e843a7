"""What a shot may not say of the words of a split: its dates stand all the time, beside the line, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from camps import looks
from camps.errors import Fault
from camps.film import camera
from camps.film.shot import Shot

#: Pieces of furniture that stand beside the line of a split.
BESIDE_LINE = ("date", "counter", "notes")


def find_faults(shot: Shot) -> Iterator[Fault]:
    """Yield what would leave a split without its dates, or move words of it away from its line."""
    yield from _undated(shot)
    for piece in BESIDE_LINE:
        for key, value in _said_of(shot.furniture.get(piece)).items():  # type: ignore[call-overload]
            if key.rpartition(".")[2] in {"at", "margin"}:
                where = f"key furniture.{piece}.{key}"
                yield Fault(where, str(value), "no place: in a split it stands beside the line", "leave it out")


def find_unseen(
    shot: Shot, states: Iterable[Mapping[str, Any]], places: Iterable[tuple[float, float]]
) -> Iterator[Fault]:
    """Yield the sides of a split on which no site is ever seen, under a number that counts them all.

    Outlines reach beyond the place of their site, so a split of these is not asked.

    Parameters
    ----------
    shot
        The shot.
    states
        The states of its frames.
    places
        Longitude and latitude in degrees of each site.
    """
    viewed = [state for state in states if "lon" in state]
    world = [camera.world(*place) for place in places]
    # Without keys of a camera the page alone knows its view.
    if not shot.split or shot.map.kind == "footprints" or not viewed or not world:
        return
    sides = {side for state in viewed for side in _sides(state, world)}
    for name, is_right in (("left", False), ("right", True)):
        if is_right not in sides:
            expected = f"a site {name} of it at some time: each side prints a number of all of them"
            yield Fault(
                "key split", f"no site {name} of its line in any frame", expected, "move the line or the camera"
            )


def _sides(state: Mapping[str, Any], world: Sequence[tuple[float, float]]) -> Iterator[bool]:
    """Yield, for each place of the Mercator square in the picture, whether it is right of the line."""
    view = camera.View(state["lon"], state["lat"], state["zoom"], state.get("bearing", 0.0))
    for place in world:
        right, down = camera.project(view, *place)
        if abs(right) <= state["width"] / 2 and abs(down) <= state["height"] / 2:
            yield right >= (state["split"] - 0.5) * state["width"]


def _undated(shot: Shot) -> Iterator[Fault]:
    """Yield what hides a date for some time: a picture of two dates, and nothing that says so."""
    said = {"layers.date": shot.layers.get("date", True)}
    said |= {f"furniture.date.{key}": value for key, value in _said_of(shot.furniture.get("date")).items()}
    expected = "both dates of a split, as long as it has two"
    for key, value in said.items():
        name = key.rpartition(".")[2]
        if name in {"from", "to"} or (name in {"date", "show"} and value is False):
            yield Fault(f"key {key}", str(value).lower(), expected, "leave it out; textless has room for your own")
    look = looks.palette(shot.look).get("furniture", {}).get("date")
    hides = look and False in _said_of(looks.Placement.model_validate(look)).values()
    if hides and said.get("furniture.date.show") is not True:
        yield Fault("key look", f"{shot.look}, which hides the date", expected, "set furniture.date.show = true")


def _said_of(placed: looks.Placement | None) -> dict[str, Any]:
    """Return what is said of a piece by its keys, such as ``"9:16.at"``."""
    told = placed.model_dump(by_alias=True, exclude_none=True) if placed else {}
    shapes = {name: one for name, one in told.items() if isinstance(one, dict)}
    within = {f"{name}.{key}": value for name, one in shapes.items() for key, value in one.items()}
    return {name: value for name, value in told.items() if name not in shapes} | within
