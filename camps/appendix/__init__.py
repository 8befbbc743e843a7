"""The evidence appendix: claims checked afresh, tables with schemas, a document, and a package that can be verified."""

from camps.appendix.package import build_appendix as build_appendix

__all__ = ["build_appendix"]
