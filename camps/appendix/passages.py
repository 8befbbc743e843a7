"""Passages: what a film or a text says in numbers, and what stands for and against each.

A passage stands in ``geodata/passages.toml``. Its verdict is one of ``VERDICTS``. Where the data at hand reach it,
``function`` names the finding that computes the numbers of its ``answer``, which are written and checked as those of a
claim are; otherwise the answer says why they do not. A passage without a verdict, or with a number that the data do not
give, stops the build.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from camps import files, settings
from camps.appendix.claims import CheckedClaim, Claim, Values, check_claims
from camps.errors import Fault, raise_faults, repeats
from camps.record import Table, build, read_toml

Verdict = Literal["supported", "supported in part", "contradicted", "not for a map suite to judge"]
Confidence = Literal["high", "moderate", "low"]
_SAID = Field(min_length=1)


class Passage(Table):
    """One passage, and all that a reader needs to judge it.

    Attributes
    ----------
    id, text
        Its name for good, and what is said, in short.
    verdict
        Whether it can be carried.
    answer
        What the data say, each number marked as ``{printed:key}``; or why they cannot reach it.
    instead
        What may be said instead; empty where it may stand as it is.
    supporting, contrary
        What speaks for it and against it, each with its author and date.
    alternatives, confidence, limits
        Other explanations, how sure the verdict is, and what it does not say.
    function, needs, items, names
        As of a claim, `items` being those that the numbers rest on; empty where nothing is computed.
    """

    id: str = _SAID
    text: str = _SAID
    verdict: Verdict
    answer: str = _SAID
    instead: str = ""
    supporting: tuple[str, ...] = ()
    contrary: tuple[str, ...] = ()
    alternatives: str = _SAID
    confidence: Confidence
    limits: str = _SAID
    function: str = ""
    needs: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def as_claim(self) -> Claim:
        """Return the answer as a claim, whose numbers are checked."""
        return Claim(
            id=f"film-{self.id}", title=self.text, text=self.answer, function=self.function, notebook="06_appendix",
            needs=self.needs, supporting=self.items, alternatives=self.alternatives, confidence=self.confidence,
            limits=self.limits, names=self.names,
        )  # fmt: skip


class Passages(Table):
    """What ``geodata/passages.toml`` holds."""

    passages: tuple[Passage, ...] = Field(default=(), alias="passage")


@dataclass(frozen=True)
class CheckedPassage:
    """A passage, and its answer as computed in this build; ``None`` where nothing is computed."""

    passage: Passage
    checked: CheckedClaim | None = None

    @property
    def answer(self) -> str:
        """Return the answer as a reader sees it."""
        return self.passage.as_claim().sentence


def read_passages(path: Path | None = None) -> list[Passage]:
    """Return the passages of a record in the order of the film; none where it has no file of them.

    Raises
    ------
    InputError
        When the file is not TOML, or a passage lacks a verdict or anything else; all faults are named at once.
    """
    where = path or settings.geodata() / "passages.toml"
    if path is None and not files.is_there(where):
        return []
    found = build(Passages, read_toml(where), what=where.name).passages
    raise_faults(_faults(found), where.name)
    return list(found)


def read_answers(path: Path | None = None) -> list[Claim]:
    """Return the answers of those passages that are computed, as claims. Raises as :func:`read_passages` does."""
    return [passage.as_claim() for passage in read_passages(path) if passage.function]


def _faults(passages: Sequence[Passage]) -> Iterator[Fault]:
    yield from repeats("passage", (passage.id for passage in passages))
    for passage in passages:
        where = f"passage {passage.id}"
        if passage.verdict != "supported" and not passage.instead:
            yield Fault(where, "no instead", "what may be said instead", "write it")
        if passage.function and not passage.items:
            yield Fault(where, "no items", "the items that its numbers rest on", "add items = [...]")
        if bool(passage.function) != bool(passage.as_claim().numbers):
            yield Fault(
                where, "a function or a marked number alone", "both, or neither", "add {printed:key} or function"
            )


def check_passages(
    passages: Sequence[Passage],
    compute: Mapping[str, Callable[[], Values]],
    *,
    available: Iterable[str],
    items: Iterable[str] | None = None,
) -> list[CheckedPassage]:
    """Compute the numbers of every passage that has any, and compare them with what its answer prints.

    Raises as :func:`camps.appendix.claims.check_claims` does.
    """
    claims = [passage.as_claim() for passage in passages if passage.function]
    checked = check_claims(claims, compute, available=available, items=items, file="passages.toml")
    by_id = {result.claim.id: result for result in checked}
    return [CheckedPassage(passage, by_id.get(passage.as_claim().id)) for passage in passages]
