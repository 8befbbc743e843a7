"""What each frame of a shot says, worked out from the data by `camps.timeline`, without a page or a browser."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from camps import catalogue, timeline
from camps.dates import iso_day
from camps.film import camera
from camps.film.plan import Plan, State, plan_frames
from camps.film.records import shown_row
from camps.film.shot import Shot
from camps.film.subject import build_ground, build_map, metric_of, series_of, sources_of
from camps.timeline.clock import least_sure
from camps.timeline.state import with_closing

#: Pixels of the 1080-line picture outside it within which the page still places a symbol, and its least scale.
_NEAR_PX, _LEAST_SCALE, _REFERENCE_PX = 120, 0.55, 1080


class _Value(NamedTuple):
    """What is known of a site at a moment.

    `counted` says that the value is of that day, `placed` is false where the site does not exist yet; `phase` is the
    one that a site is in of which only its dates are known.
    """

    value: float | None = None
    lo: float | None = None
    hi: float | None = None
    kind: str | None = None
    counted: bool = False
    placed: bool = True
    phase: str | None = None


_Values = Callable[[float], Mapping[str, _Value]]


def read_out(shot: Shot, numbers: Sequence[int] | None = None) -> dict[int, dict[str, str]]:
    """Return what the list of frames has to say of each frame of a shot, by frame number.

    Parameters
    ----------
    shot
        The shot that was filmed.
    numbers
        Frames; by default all.

    Returns
    -------
    dict
        Rows with the columns of `camps.film.records.SHOWN_COLUMNS`, as text. A film without camera keys keeps the
        page's own view, which only the page knows: its rows have no ``site_ids``.

    Raises
    ------
    InputError
        When the shot does not fit its map.
    """
    return Screen(shot).rows(numbers)


@dataclass(frozen=True)
class Screen:
    """What the frames of a shot say, for who asks more than once: its map and its plan are made once."""

    shot: Shot

    @cached_property
    def _map(self) -> Any:
        return build_map(self.shot)

    @cached_property
    def _plan(self) -> Plan:
        return plan_frames(self.shot, build_ground(self._map))

    def rows(self, numbers: Sequence[int] | None = None) -> dict[int, dict[str, str]]:
        """Return the rows of :func:`read_out`."""
        plan, payload = self._plan, self._map.payload
        wanted = set(plan.numbers if numbers is None else numbers)
        states = {n: state for n, state in zip(plan.numbers, plan.states, strict=True) if n in wanted}
        moments = sorted({state[name] for state in states.values() for name in ("t", "t_before") if name in state})
        values = _VALUES[self.shot.map.kind](self.shot, payload, moments)
        return {number: _row(plan, number, state, payload, values) for number, state in states.items()}


def _row(plan: Plan, number: int, state: State, payload: Mapping[str, Any], values: _Values) -> dict[str, str]:
    found = values(state["t"])
    known = _known_of(found, payload)
    described = {
        "date_shown": _date_shown(state["t"], payload["meta"]),
        **_split(known),
        "n_sites": len(payload["sites"]),
        **_phases(found.values()),
        "stale_days": _stale_days(state["t"], payload["meta"]),
        **_sums(found, payload), "site_ids": _placed(payload["sites"], found, state),
        "before": _sums(values(state["t_before"]), payload) if "t_before" in state else None,
    }  # fmt: skip
    row = shown_row(number, plan.shot.rate, state, described)
    return row if "lon" in state else {name: text for name, text in row.items() if name != "site_ids"}


def _known_of(found: Mapping[str, _Value], payload: Mapping[str, Any]) -> list[_Value]:
    return [found[site["id"]] for site in payload["sites"] if found[site["id"]].value is not None]


def _split(known: Sequence[_Value]) -> dict[str, int]:
    """Return how many values are drawn as counted, between two counts, and as held."""
    between = sum(value.kind == "interpolated" for value in known)
    counted = sum(value.counted and value.kind != "interpolated" for value in known)
    return {"n_observed": counted, "n_interpolated": between, "n_held": len(known) - counted - between}


def _date_shown(t: float, meta: Mapping[str, Any]) -> str | None:
    """Return the date as the page prints it: no finer than the look that it shows is known."""
    spans = [text for first, last, text in meta.get("date_spans", ()) if first <= math.floor(t) <= last]
    day = iso_day(t)
    as_given = str(spans[0]) if spans else day
    return {"none": None, "year": day[:4], "month": day[:7]}.get(meta["precision"], as_given)


def _phases(found: Iterable[_Value]) -> dict[str, int | None]:
    """Return how many places are open, and how many were when a source last spoke of them; null where none is asked."""
    phases = [value.phase for value in found]
    lives = any(phases)
    return {"n_open": phases.count("open") if lives else None, "n_last_known": phases.count("last") if lives else None}


def _stale_days(t: float, meta: Mapping[str, Any]) -> int | None:
    """Return the days since the last look at any site; null before the first, and where there are none."""
    looks = [day for day in meta["stop_days"] if day <= math.floor(t)] if meta["metric"] else []
    return math.floor(t) - int(max(looks)) if looks else None


def _sums(found: Mapping[str, _Value], payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the total of a moment with its bounds, and how sure it is."""
    known = _known_of(found, payload)
    totals = {name: _total(known, part) for name, part in (("total", 0), ("total_lo", 1), ("total_hi", 2))}
    return {"kind": least_sure(value.kind for value in found.values()), **totals}


def _total(known: Sequence[_Value], part: int) -> float | None:
    values = [value[part] for value in known]
    return math.fsum(value for value in values if isinstance(value, float)) if values else None


def _placed(sites: Sequence[Mapping[str, Any]], found: Mapping[str, _Value], state: State) -> list[str]:
    if "lon" not in state:
        return []
    pad = _NEAR_PX * max(_LEAST_SCALE, min(state["width"], state["height"]) / _REFERENCE_PX)
    half_x, half_y = state["width"] / 2 + pad, state["height"] / 2 + pad
    view = camera.View(state["lon"], state["lat"], state["zoom"], state.get("bearing", 0.0))

    def is_near(site: Mapping[str, Any]) -> bool:
        right, down = camera.project(view, *camera.world(site["lon"], site["lat"]))
        return bool(abs(right) <= half_x and abs(down) <= half_y)

    return sorted(site["id"] for site in sites if found[site["id"]].placed and is_near(site))


# ── values by kind of map ────────────────────────────────────────────────────────────────────────────────────────


def _of_sites(shot: Shot, payload: Mapping[str, Any], moments: Sequence[float]) -> _Values:
    nothing = {site["id"]: _Value() for site in payload["sites"]}
    return lambda t: nothing


def _of_counts(shot: Shot, payload: Mapping[str, Any], moments: Sequence[float]) -> _Values:
    ids = [site["id"] for site in payload["sites"]]
    named = sources_of(shot)
    counts = catalogue.counts(*named, metric=metric_of(shot))
    counts = with_closing(counts[counts["unit"].isin(ids)], catalogue.load(*named))

    found: dict[float, dict[str, _Value]] = {t: dict.fromkeys(ids, _Value()) for t in moments}
    for row in timeline.counts_states(counts, moments, shot.mode).to_dict("records"):
        known = _known(*(row[name] for name in ("value", "lo", "hi", "kind", "counted")))
        found[row["moment"]][str(row["site_id"])] = known
    return found.__getitem__


def _known(value: Any, lo: Any, hi: Any, kind: Any, counted: Any) -> _Value:
    if pd.isna(value):
        return _Value()
    return _Value(float(value), float(lo), float(hi), str(kind), counted=counted is True or bool(counted))


def _of_lives(shot: Shot, payload: Mapping[str, Any], moments: Sequence[float]) -> _Values:
    return lambda t: {site["id"]: _life(site["life"], math.floor(t), shot.mode) for site in payload["sites"]}


def _of_systems(shot: Shot, payload: Mapping[str, Any], moments: Sequence[float]) -> _Values:
    """Return what is known of the places of several systems, which are never added up: without a phase to count by."""
    values = _of_lives(shot, payload, moments)
    return lambda t: {name: one._replace(phase="") for name, one in values(t).items()}


#: The kind of what a place shows in each phase; between its possible days it is bracketed, but for an observed clock.
_KINDS = {"open": "held", "last": "held", "vanished": "held", "closed": "held"}


def _life(life: Mapping[str, Any], day: int, mode: str) -> _Value:
    """Return what is known of a site of which only its dates are."""
    phase = timeline.phase(life, day)
    unsure = None if mode == "observed" else "bracketed"
    kind = _KINDS.get(phase) or (unsure if phase == "opening" else (unsure or "held") if phase == "closing" else None)
    return _Value(kind=kind, placed=phase not in {"absent", "unnamed"}, phase=phase)


def _of_footprints(shot: Shot, payload: Mapping[str, Any], moments: Sequence[float]) -> _Values:
    series = series_of(shot)
    cues = pd.DataFrame(timeline.cues(series.footprints, shot.mode, looks=series.looks).drop(columns="geometry"))
    ids = [site["id"] for site in payload["sites"]]
    cues = cues[cues["site_id"].isna() | cues["site_id"].isin(ids)]
    days = {site_id: np.asarray(payload["footprints"]["days"].get(site_id, [])) for site_id in ids}

    def values(t: float) -> dict[str, _Value]:
        on = cues[cues["from_day"].le(t) & cues["to_day"].gt(t)]
        share = ((t - on["from_day"]) / (on["to_day"] - on["from_day"]).replace(np.inf, np.nan)).fillna(0.0)
        on = on.assign(
            area_m2=on["area_from_m2"] + share * (on["area_to_m2"] - on["area_from_m2"]),
            opacity=on["opacity_from"] + share * (on["opacity_to"] - on["opacity_from"]),
        )
        on = on[on["opacity"].gt(0)]
        return {site_id: _built(on[on["site_id"].eq(site_id)], days[site_id], math.floor(t)) for site_id in ids} | {
            f"outline {kind}": _Value(kind=str(kind)) for kind in on["kind"].dropna().unique()
        }

    return values


def _built(pieces: pd.DataFrame, days: Any, day: int) -> _Value:
    seen = days[days <= day]
    if not len(seen):
        return _Value()
    moving = pieces.loc[pieces["area_hi_m2"].gt(0) & pieces["kind"].isin(["bracketed", "interpolated"]), "kind"]
    kind = "observed" if seen[-1] == day else str(moving.iloc[0]) if len(moving) else "held"
    value, lo, hi = (float(pieces[name].sum()) for name in ("area_m2", "area_lo_m2", "area_hi_m2"))
    return _Value(value, lo, hi, kind, counted=bool(seen[-1] == day))


_VALUES: Mapping[str, Callable[[Shot, Mapping[str, Any], Sequence[float]], _Values]] = {
    "sites": _of_sites, "growth": _of_counts, "eras": _of_lives, "systems": _of_systems, "footprints": _of_footprints,
}  # fmt: skip
