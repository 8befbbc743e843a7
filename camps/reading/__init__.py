"""Readings of scenes by eye: how far two of them agree.

:func:`agreement` holds two readings of the same scenes against one another, building by building, and says how exact an
outline of either is; that takes the place of an assumed edge error in the intervals of growth.
"""

from camps.reading.agreement import Agreement, agreement

__all__ = ["Agreement", "agreement"]
