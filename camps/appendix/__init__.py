"""The evidence appendix: claims checked afresh, tables with schemas, a document, and a package that can be verified."""

from camps.appendix.bag import write_zip as write_zip
from camps.appendix.checks import Check as Check
from camps.appendix.checks import Verdict as Verdict
from camps.appendix.package import build_appendix as build_appendix
from camps.appendix.tracing import Trace as Trace
from camps.appendix.tracing import trace as trace
from camps.appendix.verification import verify as verify

__all__ = ["Check", "Trace", "Verdict", "build_appendix", "trace", "verify", "write_zip"]
