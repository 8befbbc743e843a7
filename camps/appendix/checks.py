"""One check and its outcome, and the verdict over many: what every kind of verification returns."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from camps import tables

_OUTCOMES = {True: "PASS", False: "FAIL", None: "NOT CHECKED"}


@dataclass(frozen=True)
class Check:
    """One thing that was checked: what it is, whether it holds (null when it could not be checked), and why."""

    group: str
    item: str
    holds: bool | None
    said: str

    def __str__(self) -> str:
        """Return the check as one line that begins with its outcome."""
        return f"{_OUTCOMES[self.holds]:<12}{self.item}: {self.said}"


@dataclass(frozen=True, repr=False)
class Verdict(tables.Shown):
    """All checks of one package, in the order in which they were made."""

    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Return whether every check holds; one that could not be made does not."""
        return bool(self.checks) and all(check.holds is True for check in self.checks)

    @property
    def failed(self) -> tuple[Check, ...]:
        """Return the checks that do not hold or could not be made."""
        return tuple(check for check in self.checks if check.holds is not True)

    def report(self) -> str:
        """Return the report: a heading a group, a line an item, and the outcome of the whole at the end."""
        lines: list[str] = []
        for group in dict.fromkeys(check.group for check in self.checks):
            lines += ["", group, *(f"  {check}" for check in self.checks if check.group == group)]
        return "\n".join([*lines[1:], "", self.summary]) + "\n"

    @property
    def table(self) -> pd.DataFrame:
        """Return one row a check: outcome, group, item, said."""
        rows = [(_OUTCOMES[one.holds], one.group, one.item, one.said) for one in self.checks]
        return pd.DataFrame(rows, columns=["outcome", "group", "item", "said"])

    @property
    def summary(self) -> str:
        """Return the outcome of the whole as one line."""
        if self.holds:
            return f"Everything holds: {len(self.checks)} checks, none failed."
        n_failed = sum(check.holds is False for check in self.checks)
        n_open = sum(check.holds is None for check in self.checks)
        return f"NOT everything holds: of {len(self.checks)} checks {n_failed} failed and {n_open} could not be made."
