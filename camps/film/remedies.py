"""What helps against faults of other people's maps, where the suite knows it."""

from __future__ import annotations

import re

#: What a page says, and what to do about it.
REMEDIES = (
    (
        r"Map has no maxZoom specified",
        "clusters of markers need the map's largest zoom: set map.options['max_zoom'] = 18, or give the map tiles",
    ),
    (
        r"L\.timeline is not a function",
        "a Timeline brings no script of its own: TimelineSlider().add_timelines(timeline).add_to(map) does",
    ),
    (
        r"\bL\.[\w.]+ is not a (?:function|constructor)",
        "a plugin's script is missing or came too late; add its JavascriptLink to the map's header",
    ),
    (
        r"Invalid LatLng",
        "a position of the map is no latitude and longitude; look for blanks among its coordinates",
    ),
    (
        r"-feature-.* is not a valid selector",
        "the ids of a TimeSliderChoropleth's features have to be letters and digits, the first a letter",
    ),
    (
        r"where the camera asks for",
        "its own max_zoom, min_zoom or max_bounds, its tiles' max_zoom, or what drives it keeps it there: "
        "film within them, or make the map without",
    ),
    (
        r"reaches across 180°",
        "film one side of 180°, or add it to the map a second time with 360° more or less",
    ),
    (
        r"did not arrive|did not load",
        "see that the server answers, or allow more time with wait_s",
    ),
)


def remedy(said: str) -> str:
    """Return what helps against a fault that a page told, ready to stand behind it; nothing where nobody knows.

    Examples
    --------
    >>> remedy("Map has no maxZoom specified")[:30]
    '; clusters of markers need the'
    >>> remedy("what?")
    ''
    """
    return next((f"; {told}" for pattern, told in REMEDIES if re.search(pattern, said)), "")
