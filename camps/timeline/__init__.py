"""The state of sites and footprints at any date, and what of it is observed, held, bracketed or interpolated.

Three modes of showing time: ``observed`` holds what was seen last and steps at the next look; ``bracket`` draws what is
certain between two looks and, apart from it, what is possible; ``illustrative`` grows from one look to the next and
says that it is interpolated. On an observation date all three draw the stored polygons exactly.
"""

from camps.timeline.clock import Mode as Mode
from camps.timeline.drawn import draw as draw
from camps.timeline.drawn import footprints_state as footprints_state
from camps.timeline.fronts import front_distances_m as front_distances_m
from camps.timeline.fronts import growth_front as growth_front
from camps.timeline.lives import PHASES as PHASES
from camps.timeline.lives import compare_systems as compare_systems
from camps.timeline.lives import count_open as count_open
from camps.timeline.lives import count_places as count_places
from camps.timeline.lives import lives as lives
from camps.timeline.lives import phase as phase
from camps.timeline.lives import sites_of_system as sites_of_system
from camps.timeline.lives import systems_here as systems_here
from camps.timeline.pieces import cues as cues
from camps.timeline.state import State as State
from camps.timeline.state import at as at
from camps.timeline.state import observed_dates as observed_dates
from camps.timeline.state import stops as stops
from camps.timeline.values import counts_state as counts_state
from camps.timeline.values import counts_states as counts_states

__all__ = [
    "PHASES",
    "Mode",
    "State",
    "at",
    "compare_systems",
    "count_open",
    "count_places",
    "counts_state",
    "counts_states",
    "cues",
    "draw",
    "footprints_state",
    "front_distances_m",
    "growth_front",
    "lives",
    "observed_dates",
    "phase",
    "sites_of_system",
    "stops",
    "systems_here",
]
