"""The evidence appendix: claims checked afresh, tables with schemas, a document, and a package that can be verified."""

from camps.appendix.bag import write_zip as write_zip
from camps.appendix.checks import Check as Check
from camps.appendix.checks import Verdict as Verdict
from camps.appendix.comparison import Comparison as Comparison
from camps.appendix.comparison import compare as compare
from camps.appendix.comparison import require_package as require_package
from camps.appendix.credentials import sign_files as sign_files
from camps.appendix.editions import edition_of as edition_of
from camps.appendix.editions import public_edition as public_edition
from camps.appendix.package import build_appendix as build_appendix
from camps.appendix.package import default_frames as default_frames
from camps.appendix.restriction import read_restrictions as read_restrictions
from camps.appendix.signing import read_signer as read_signer
from camps.appendix.signing import sign_package as sign_package
from camps.appendix.signing import sign_records as sign_records
from camps.appendix.tracing import Trace as Trace
from camps.appendix.tracing import trace as trace
from camps.appendix.trustedtime import queue_time_request as queue_time_request
from camps.appendix.trustedtime import read_time_status as read_time_status
from camps.appendix.verification import verify as verify

__all__ = [
    "Check", "Comparison", "Trace", "Verdict", "build_appendix", "compare", "default_frames", "edition_of",
    "public_edition", "queue_time_request", "read_restrictions", "read_signer", "read_time_status", "require_package",
    "sign_files", "sign_package", "sign_records", "trace", "verify", "write_zip",
]  # fmt: skip
