"""Satellite scenes of a site: found, read, registered, and turned into built-up area with an interval."""
