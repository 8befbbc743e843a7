"""Measure, map, film and evidence the growth of detention camps.

Data goes one way; a module imports only from those before it::

    errors settings files machine crs tables provenance engine sources catalogue imagery
    footprints change growth timeline plots style basemap maps film appendix build cli
"""
