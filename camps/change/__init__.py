"""Change between dated looks: registration, links, events, tracks, and how well a tracking did.

:func:`compare` sets two dates of one place side by side; :func:`follow` leads every building of a footprint series
through all looks at its site and gives tracks with (L, R] and (Ld, Rd] and an event for each step; :func:`tracked`
gives a series the tracks that it lacks; :func:`follow_parts` follows those of a country cell by cell, as
:func:`follow` would all at once; :func:`scot` scores a tracking against the truth.
"""

from camps.change.comparison import Comparison, compare, mmu_m2, open_tau
from camps.change.following import History, follow, tracked
from camps.change.linking import components, link
from camps.change.parts import event_counts, follow_parts, history
from camps.change.registration import Shift, vote_shift
from camps.change.score import Scot, one_to_one, scot

__all__ = [
    "Comparison",
    "History",
    "Scot",
    "Shift",
    "compare",
    "components",
    "event_counts",
    "follow",
    "follow_parts",
    "history",
    "link",
    "mmu_m2",
    "one_to_one",
    "open_tau",
    "scot",
    "tracked",
    "vote_shift",
]
