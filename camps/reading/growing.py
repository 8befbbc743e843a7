"""Growth while a scene is read: the curve with its band so far, and which scene would tell most if read next."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from camps import change, growth
from camps.crs import Floats
from camps.dates import day_interval
from camps.errors import InputError
from camps.footprints import FootprintSeries
from camps.growth.intervals import appearance_days
from camps.reading.session import Session

_DAYS_A_YEAR = 365.25


class Apart:
    """Curves computed in a process of their own, which begins when it is first asked and ends with this one.

    In a thread, thousands of outlines would keep the interpreter from the strokes that come meanwhile.
    """

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._pipe: Connection | None = None

    def grown(self, still: Session) -> dict[str, Any]:
        """Return what :func:`grown` says of a snapshot.

        Raises
        ------
        RuntimeError
            When that failed there, or the process ended; it begins anew when it is asked again.
        """
        with self._one_at_a_time:
            pipe = self._pipe = self._pipe or _begun()
            try:
                pipe.send(still)
                told: dict[str, Any] | str = pipe.recv()
            except (EOFError, OSError) as error:
                self._pipe = None
                raise RuntimeError("the process that computes it ended") from error
        if isinstance(told, str):
            raise RuntimeError(told)
        return told


def _begun() -> Connection:
    # Begun anew, as on every system: what a fork would copy has threads that it cannot go on with.
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe()
    spawning.Process(target=_serve, args=(there,), daemon=True, name="camps-reading-growth").start()
    there.close()
    return here


def _serve(pipe: Connection) -> None:
    """Answer until the other end is gone, also by a kill. An interrupt of the notebook's cell is not meant."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(10)
    while True:
        try:
            still = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(grown(still))
        except Exception as error:
            pipe.send(f"{type(error).__name__}: {error}")


def grown(session: Session) -> dict[str, Any]:
    """Return the built area at each look marked so far, and one line on the scene to read next.

    Returns
    -------
    dict
        ``rows``: t (EDTF), day, value, lo and hi in m² with its 95 % interval, null where nothing could be seen;
        ``next``: the line, or what is still to be marked.
    """
    try:
        series = session.series()
    except InputError as error:
        return {"rows": [], "next": str(error).partition(";")[0]}
    table = growth.series(series.footprints, series.looks, scenes=series.scenes)
    numbers = table[["value", "lo", "hi"]].astype(object).where(table[["value", "lo", "hi"]].notna(), None)
    rows = [
        {"t": t, "day": sum(day_interval(t)) / 2, **figures}
        for t, figures in zip(table["t"], numbers.to_dict("records"), strict=True)
    ]
    return {"rows": rows, "next": _next(session, series)}


def _next(session: Session, series: FootprintSeries) -> str:
    read = set(series.scenes["observed_on"])
    dates = [session.scene(one.task_id).observed_on for one in session.tasks.values() if one.showing == 0]
    gains = {date: gain for date in dates if date not in read for gain in [narrowing(series, date)]}
    if not gains:
        return "All scenes are read."
    best = max(gains, key=lambda date: (gains[date][0], date))
    gain, whole = gains[best]
    if not gain:
        return "No scene left would narrow when a building came: read on in order."
    return (
        f"Read {best} next: it would take {gain / whole:.0%} off the room in which buildings came "
        f"({whole / _DAYS_A_YEAR:,.0f} m² times years)."
    )


def narrowing(series: FootprintSeries, date: str) -> tuple[float, float]:
    """Return by how much a look on `date` would narrow first appearances, and how wide they are, in m² times days.

    A building of area a that came in (L, R] leaves a · (R − L) open. A look at t in between says in which part it
    came; with every day as likely as another, 2 · a · (t − L) · (R − t) / (R − L) of that is gone.
    """
    tracks = change.follow(series).tracks
    left, right = appearance_days(tracks)
    area = tracks["area_m2"].to_numpy("float64")
    known = np.isfinite(left) & np.isfinite(right) & (right > left)
    left, right, area = left[known], right[known], area[known]
    t = sum(day_interval(date)) / 2
    gone: Floats = 2 * area * np.clip(t - left, 0, None) * np.clip(right - t, 0, None) / (right - left)
    return float(gone.sum()), float((area * (right - left)).sum())
