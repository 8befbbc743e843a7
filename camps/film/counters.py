"""The numbers of a shot, frame by frame, for counters that others animate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from camps.film.plan import Plan
from camps.film.subject import metric_of
from camps.film.tracks import Described

SQUARE_METRES_IN_HECTARE = 10_000
_PARTS_OF_DATE = ("Year", "Month", "Day")


@dataclass(frozen=True)
class Counter:
    """One number through a shot.

    Attributes
    ----------
    name
        What it counts, in words, with its unit.
    values
        One a frame; ``None`` where nobody knows, which is never the same as 0.
    """

    name: str
    values: tuple[float | None, ...]

    def value_keys(self) -> list[tuple[int, float]]:
        """Return (frames after the first, value) wherever a known value changes; nothing where it is unknown."""
        last: float | None = None
        keys = []
        for at, value in enumerate(self.values):
            if value is not None and value != last:
                keys.append((at, value))
                last = value
        return keys

    def known_keys(self) -> list[tuple[int, int]]:
        """Return (frames after the first, 1 or 0) wherever the value begins or ceases to be known."""
        states = [int(value is not None) for value in self.values]
        return changes(states)


def changes(states: Sequence[int]) -> list[tuple[int, int]]:
    """Return (position, state) of the first state and of every one that differs from the one before it."""
    return [(at, state) for at, state in enumerate(states) if at == 0 or state != states[at - 1]]


def build_counters(plan: Plan, described: Described) -> list[Counter]:
    """Return the counters of a shot that have a value on at least one frame.

    Sites shown; sites known, and of these counted, interpolated and held; sites in all; the total with its
    lowest and highest value, in hectares for areas; the index; the parts of the date shown
    that are known; longitude, latitude and zoom of the camera.
    """
    counters = [
        Counter("Sites shown", tuple(_length(frame.get("site_ids")) for frame in described)),
        Counter("Sites known", tuple(_known(frame) for frame in described)),
        _number("Sites counted", described, "n_observed"),
        _number("Sites interpolated", described, "n_interpolated"),
        _number("Sites held", described, "n_held"),
        _number("Sites in all", described, "n_sites"),
        *_totals(plan, described),
        Counter("Index of sites known at its start = 100", index(described)),
        *_dates(described),
        *(
            Counter(name, tuple(state[key] for state in plan.states))
            for name, key in (("Camera longitude", "lon"), ("Camera latitude", "lat"), ("Camera zoom", "zoom"))
        ),
    ]
    return [counter for counter in counters if any(value is not None for value in counter.values)]


def index(described: Described) -> tuple[float | None, ...]:
    """Return the total of the sites known on the first frame with any, as an index of 100 on that frame.

    Sites that become known later are left out, so that the index grows with the sites and not with what is known of
    them; where one of its own sites is not known, the index is not either.
    """
    values = [_values(frame) for frame in described]
    base = next((known for known in values if sum(known.values()) > 0), {})
    started = values.index(base) if base else len(values)
    whole = sum(base.values())
    return tuple(
        100 * sum(known[site] for site in base) / whole if at >= started and base.keys() <= known.keys() else None
        for at, known in enumerate(values)
    )


def _values(frame: Mapping[str, object]) -> dict[str, float]:
    values = frame.get("values") or {}
    assert isinstance(values, Mapping)
    return {str(site): float(value) for site, value in sorted(values.items()) if value is not None}


def _length(ids: object) -> float | None:
    return float(len(ids)) if isinstance(ids, Sequence) else None


def _known(frame: Mapping[str, object]) -> float | None:
    parts = [frame.get(name) for name in ("n_observed", "n_interpolated", "n_held")]
    return float(sum(parts)) if all(isinstance(part, int | float) for part in parts) else None  # type: ignore[arg-type]


def _number(name: str, described: Described, key: str, *, per: float = 1) -> Counter:
    found = [frame.get(key) for frame in described]
    return Counter(name, tuple(float(value) / per if isinstance(value, int | float) else None for value in found))


def _totals(plan: Plan, described: Described) -> list[Counter]:
    metric = metric_of(plan.shot) if plan.shot.map.kind == "growth" else ""
    area = plan.shot.map.kind == "footprints" or metric.endswith("_m2")
    name = "Hectares" if area else metric.replace("_", " ").capitalize()
    per = SQUARE_METRES_IN_HECTARE if area else 1
    ends = (("", "total"), (" at least", "total_lo"), (" at most", "total_hi"))
    return [_number(name + end, described, key, per=per) for end, key in ends]


def _dates(described: Described) -> list[Counter]:
    shown = [str(frame.get("date_shown") or "").split("-") for frame in described]
    return [
        Counter(name, tuple(float(parts[at]) if at < len(parts) and parts[at] else None for parts in shown))
        for at, name in enumerate(_PARTS_OF_DATE)
    ]
