"""Maps people can read, offline: folium maps, each one HTML file with its own scripts, styles, fonts and pictures.

Every map is a :class:`folium.Map`, so others can add layers, markers and plugins to it. Everything of ours is drawn on
one canvas by one function of the arguments of ``camps.setFrame`` alone: the page in the notebook and the page in the
film are the same page.
"""

from camps.maps.given import Ground as Ground
from camps.maps.given import Words as Words
from camps.maps.page import CampsMap as CampsMap
from camps.maps.page import write_map as write_map
from camps.maps.plates import write_plate as write_plate
from camps.maps.views import compare_map as compare_map
from camps.maps.views import era_map as era_map
from camps.maps.views import footprint_map as footprint_map
from camps.maps.views import growth_map as growth_map
from camps.maps.views import read_eras as read_eras
from camps.maps.views import site_map as site_map
from camps.maps.views import systems_map as systems_map

__all__ = [
    "CampsMap",
    "Ground",
    "Words",
    "compare_map",
    "era_map",
    "footprint_map",
    "growth_map",
    "read_eras",
    "site_map",
    "systems_map",
    "write_map",
    "write_plate",
]
