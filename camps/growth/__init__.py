"""Growth over time: series of sites, aggregates over many sites, first appearance, rates and their uncertainty.

The rules are those of the method: an aggregate must not fall because a site was not looked at; a date nobody knows is
an interval; a number comes with the error it carries. Three metrics are never mixed: ``buildings``, ``area_m2`` and
``compound_area_m2``.
"""

from camps.growth.aggregates import aggregate as aggregate

__all__ = ["aggregate"]
