"""What drives a page that somebody else made: its own time held still, and a driver for each plugin that has a time.

A driver is an object ``{ name, find, set }`` of JavaScript that page.js lists: ``find(given)`` returns the things on
the page that it drives, and ``set(thing, ms, about)`` puts one to an instant (milliseconds since 1970-01-01 UTC) and
reads back what it shows, as ``{ wanted, shown }``. A frame whose page shows another time than it should fails. What a
driver cannot see on the page, such as the days of a slider, comes from the folium map by `given`.
"""

from __future__ import annotations

from typing import Any

import folium
from folium.plugins import HeatMapWithTime, TimelineSlider, TimeSliderChoropleth

from camps import dates
from camps.errors import InputError

#: What drives a page, by its path in `camps.film`; it imports the page's time, its faults, its camera and each driver.
SCRIPT = "drivers/page.js"


def given(elements: list[Any]) -> dict[str, list[Any]]:
    """Return what the drivers have to know of the elements of a map.

    Raises
    ------
    InputError
        When a map with a time of its own does not say which date it shows.
    """
    return {
        "choropleths": [_choropleth(one) for one in elements if isinstance(one, TimeSliderChoropleth)],
        "steps": [_steps(one) for one in elements if isinstance(one, HeatMapWithTime)],
        "sliders": [one.get_name() for one in elements if isinstance(one, TimelineSlider)],
    }


def _choropleth(slider: TimeSliderChoropleth) -> dict[str, Any]:
    # folium sorts the times as text.
    days = [int(time) / 86400 for time in slider.timestamps]
    return {"id": slider.get_name(), "days": days, "order": sorted(range(len(days)), key=days.__getitem__)}


def _steps(heat: HeatMapWithTime) -> dict[str, Any]:
    try:
        times = [_instant(str(label)) for label in heat.index]
    except InputError as error:
        raise InputError(
            f"HeatMapWithTime: its index is no list of dates ({error}); give index=['2017-07-02', …], a date a step"
        ) from error
    if times != sorted(times):
        raise InputError("HeatMapWithTime: its index is out of order; sort it, with its data")
    return {"map": _map_of(heat).get_name(), "times": times}


def _instant(label: str) -> float:
    day, _, _ = label.strip().partition(" ")
    first = dates.parse(day).first
    if first is None:
        raise InputError(f"{label!r} has no beginning")
    return first * 86400e3


def _map_of(element: Any) -> Any:
    while not isinstance(element, folium.Map):
        element = element._parent
    return element
