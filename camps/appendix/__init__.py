"""The evidence appendix: claims checked afresh, tables with schemas, a document, and a package that can be verified."""

from camps.appendix.bag import write_zip as write_zip
from camps.appendix.package import build_appendix as build_appendix
from camps.appendix.verification import Verdict as Verdict
from camps.appendix.verification import verify as verify

__all__ = ["Verdict", "build_appendix", "verify", "write_zip"]
