"""The findings behind the claims: functions of the record that compute every number that a claim prints.

They stand in ``geodata/findings.py``: each public function takes the :class:`~camps.appendix.evidence.Evidence` and
returns values by key. ``claims.toml`` names them; `bind` hands them to the check.
"""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path

from camps import settings
from camps.appendix.claims import Values
from camps.appendix.evidence import Evidence
from camps.errors import InputError

PLACE = "geodata/findings.py"


def load_findings(path: Path | None = None) -> dict[str, Callable[[Evidence], Values]]:
    """Return the findings of a record by name; none where it brings no file of them.

    Raises
    ------
    InputError
        When the file cannot be run; the message names the line.
    """
    where = path or settings.home() / PLACE
    if not where.is_file():
        return {}
    spec = importlib.util.spec_from_file_location("camps_record_findings", where)
    if spec is None or spec.loader is None:
        raise InputError(f"{where}: no Python module; expected functions that take the evidence and return values")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise InputError(f"{where}: cannot be run ({type(error).__name__}: {error}); mend it") from error
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }


def bind(evidence: Evidence) -> dict[str, Callable[[], Values]]:
    """Return every finding of the record, ready to be computed on `evidence`."""
    return {name: partial(function, evidence) for name, function in load_findings().items()}
