"""The findings behind the claims: functions of the record that compute every number that a claim prints.

They stand in ``geodata/findings.py``: each public function takes the :class:`~camps.appendix.evidence.Evidence` and
returns values by key. ``claims.toml`` names them; `bind` hands them to the check.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from camps import files, record, settings
from camps.appendix.claims import Values
from camps.appendix.evidence import Evidence

PLACE = "geodata/findings.py"


def load_findings(path: Path | None = None) -> dict[str, Callable[[Evidence], Values]]:
    """Return the findings of a record by name; none where it brings no file of them.

    Raises
    ------
    InputError
        When the file cannot be run; the message names the line.
    """
    where = path or settings.home() / PLACE
    if not files.is_there(where):
        return {}
    return record.load_functions(where)


def bind(evidence: Evidence) -> dict[str, Callable[[], Values]]:
    """Return every finding of the record, ready to be computed on `evidence`."""
    return {name: partial(function, evidence) for name, function in load_findings().items()}
