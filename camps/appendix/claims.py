"""Claims: sentences with numbers, each computed afresh whenever the appendix is built.

A claim stands in ``geodata/claims.toml``. In its text every number that the analysis answers for is written as
``{printed:key}``, such as ``{347:total}``; `key` names a value that the claim's function returns. A number rounded to
thousands is written ``{206,000:area_m2|1000}``. Any other digit in the text has to be a date or part of a phrase
declared in ``names``, and what is taken for either is printed beside the claim, so no number stands in it unseen.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from camps import record, settings
from camps.errors import CheckError, Fault, InputError, raise_faults, repeats
from camps.record import Table

Status = Literal["checked", "not checked"]
#: What a finding returns: every value a claim may print, by key. A null is a value that does not exist.
Values = Mapping[str, float | None]

NOT_RATED = "not rated: not computed in this build"
NOT_CHECKED = "not checked in this build: source not at hand"

_MARKED = re.compile(r"\{([^{}:]+):([a-z][a-z0-9_]*)(?:\|([1-9]0*))?\}")
_PRINTED = re.compile(r"[-−+]?[0-9]{1,3}(,[0-9]{3})*(\.[0-9]+)?|[-−+]?[0-9]+(\.[0-9]+)?")
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DATE = re.compile(rf"\b([0-3]?[0-9] )?({_MONTHS})( (19|20)[0-9]{{2}})?\b|\b(19|20)[0-9]{{2}}\b")


@dataclass(frozen=True)
class PrintedNumber:
    """A number as a claim prints it, the key of the value it must equal, and the step it is rounded to."""

    printed: str
    key: str
    step: int = 1

    def agrees_with(self, value: float | None) -> bool:
        """Return whether `value`, rounded to the digits printed, is the number printed."""
        if value is None:
            return False
        printed = self.printed.replace("−", "-").lstrip("+")
        # A half is rounded to the even digit by machines, and away from zero by most people.
        away = math.nextafter(value, math.copysign(math.inf, value))
        return any(printed in (digits, f"{Decimal(digits):,}") for digits in map(self.rounded, (value, away)))

    def rounded(self, value: float) -> str:
        """Return `value` rounded to the step, with as many decimals as the printed number has."""
        stepped = value if self.step == 1 else round(value / self.step) * self.step
        text = f"{stepped:.{len(self.printed.partition('.')[2])}f}"
        return text.lstrip("-") if not text.strip("-0.") else text


def _worded(text: str) -> str:
    if not text.strip():
        raise ValueError("words")
    return text


def _as_day(text: str) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError('a day such as "2026-11-22"') from None


Words = Annotated[str, AfterValidator(_worded)]


class Claim(Table):
    """One published sentence and all that a reader needs to attack it.

    Attributes
    ----------
    id
        Name of the claim, for good.
    title
        What it is about, in a few words.
    text
        The sentence, with each number marked as ``{printed:key}``.
    function
        Name of the finding that computes the numbers; empty where expressions do.
    values
        Expressions by key over the record's tables (:func:`camps.appendix.expressions.evaluate`), where no finding
        computes the numbers.
    notebook
        Notebook and section in which the same computation is shown; empty where none does.
    needs
        Ids of the sources the computation reads.
    supporting, contrary
        Ids of items for and against.
    alternatives
        Other explanations that the numbers leave open.
    confidence, limits
        How sure the claim is, and what it does not say.
    names
        Phrases of the text whose digits are names, not results.
    sites
        Ids of the sites it is about; every site of the sources it needs when there is none.
    """

    id: Words
    title: Words
    text: Words
    needs: tuple[Words, ...]
    supporting: tuple[Words, ...]
    alternatives: Words
    confidence: Literal["high", "moderate", "low"]
    limits: Words
    function: str = ""
    values: dict[str, Words] = Field(default={})
    notebook: str = ""
    contrary: tuple[Words, ...] = ()
    names: tuple[Words, ...] = ()
    sites: tuple[Words, ...] = ()

    @property
    def called(self) -> str:
        """Return the name that its computation goes by: that of its function, or one of its own."""
        return self.function or f"values of {self.id}"

    @property
    def computed_by(self) -> str:
        """Return what computes the numbers: a function of the record's findings, or expressions."""
        return self.function or "; ".join(f"{key} = {text}" for key, text in self.values.items())

    @property
    def sentence(self) -> str:
        """Return the text as a reader sees it."""
        return as_read(self.text)

    @property
    def numbers(self) -> tuple[PrintedNumber, ...]:
        """Return the numbers the text prints, in order."""
        found = _MARKED.findall(self.text)
        return tuple(PrintedNumber(printed, key, int(step or 1)) for printed, key, step in found)


@dataclass(frozen=True)
class CheckedClaim:
    """A claim with the values computed in this build, or with the reason why they were not."""

    claim: Claim
    status: Status
    computed: Values
    reason: str = ""

    @property
    def confidence(self) -> str:
        """Return how sure the claim is; what this build did not compute it does not rate."""
        return self.claim.confidence if self.status == "checked" else NOT_RATED


class Dispute(Table):
    """Something said against the record: when, by whom, what, the answer, and the change it made."""

    date: Words
    who: Words
    claim: Words
    answer: Words
    change: Words
    source: Words


class Work(Table):
    """A published work that claims or disputes cite and of which no copy is held; `id` is its item."""

    id: Words
    title: Words
    creator: Words
    published: Words
    url: Words
    notes: Words


class _Edition(Table):
    stated_on: Annotated[str, AfterValidator(_as_day)]


class _Claims(Table):
    """The whole of ``claims.toml``."""

    edition: _Edition | None = None
    claims: tuple[Claim, ...] = Field(default=(), alias="claim")
    disputes: tuple[Dispute, ...] = Field(default=(), alias="dispute")
    works: tuple[Work, ...] = Field(default=(), alias="work")


def as_read(text: str) -> str:
    """Return the text of a claim as a reader sees it, without the marks of its numbers.

    Examples
    --------
    >>> as_read("The list names {668:n} camps.")
    'The list names 668 camps.'
    """
    return _MARKED.sub(r"\1", text)


# --- reading --------------------------------------------------------------------------------------------------------


def claims_path() -> Path:
    """Return the path of the claims that travel with the suite."""
    return settings.geodata() / "claims.toml"


def read_claims(path: Path | None = None) -> list[Claim]:
    """Read and check the claims, in the order of the file.

    Raises
    ------
    MissingError, InputError
        When the file is not there, is not TOML, or a claim is incomplete, prints a number that no key stands for, or
        names an unknown confidence; all faults are named at once.
    """
    where = path or claims_path()
    claims = list(_read(where).claims)
    raise_faults(_claim_faults(claims), where.name)
    return claims


def read_disputes(path: Path | None = None) -> list[Dispute]:
    """Read the disputes, in the order of the file. Raises as `read_claims` does."""
    return list(_read(path or claims_path()).disputes)


def read_works(path: Path | None = None) -> list[Work]:
    """Read the works that claims and disputes cite, in the order of the file. Raises as `read_claims` does."""
    return list(_read(path or claims_path()).works)


def _read(path: Path) -> _Claims:
    return record.build(_Claims, record.read_toml(path), what=path.name)


def _claim_faults(claims: Sequence[Claim]) -> Iterator[Fault]:
    yield from repeats("claim", (claim.id for claim in claims))
    for claim in claims:
        where = f"claim {claim.id}"
        if bool(claim.function) == bool(claim.values):
            both = "both" if claim.function else "neither"
            yield Fault(where, both, "function, or a table [claim.values] of expressions", "give one of the two")
        yield from _text_faults(claim, where)


def _text_faults(claim: Claim, where: str) -> Iterator[Fault]:
    if not claim.numbers:
        yield Fault(where, "no number in the text", "at least one, written {printed:key}")
    for number in claim.numbers:
        if not _PRINTED.fullmatch(number.printed):
            yield Fault(where, f"{number.printed!r} marked as a number", "digits such as 1,234.5")
    bare = _unchecked_digits(claim)
    if bare:
        yield Fault(
            where, f"the digits {', '.join(bare)} outside a marked number", "dates, names or {printed:key}", "mark them"
        )


def _unchecked_digits(claim: Claim) -> list[str]:
    return re.findall(r"\d[\d.,]*", _DATE.sub(" ", _without_names(claim)))


def _without_names(claim: Claim) -> str:
    rest = _MARKED.sub(" ", claim.text)
    for name in sorted(claim.names, key=len, reverse=True):
        rest = rest.replace(name, " ")
    return rest


def taken_as_read(claim: Claim) -> list[str]:
    """Return the dates and names in a claim's text whose digits nothing computes: "2041" may be a year, or of people.

    Examples
    --------
    >>> told = dict.fromkeys(("id", "title", "alternatives", "confidence", "limits"), "high")
    >>> text = "In 2017 {5:n} of Camp 9, 2041 of them women."
    >>> taken_as_read(Claim(text=text, names=["Camp 9"], needs=[], supporting=[], **told))
    ['2017', '2041', 'Camp 9']
    """
    dates = (found[0].strip() for found in _DATE.finditer(_without_names(claim)))
    named = (name for name in claim.names if name in claim.text)
    return list(dict.fromkeys(one for one in (*dates, *named) if re.search(r"\d", one)))


def read_stated_on(path: Path | None = None) -> str:
    """Return the day on which the authors state the claims, an ISO date; nothing proves it.

    Raises
    ------
    MissingError, InputError
        When the file is not there, or names no calendar day.
    """
    where = path or claims_path()
    edition = _read(where).edition
    if edition is None:
        raise InputError(f'{where}: no edition; write the day, such as stated_on = "2026-11-22", under [edition]')
    return edition.stated_on


# --- checking -------------------------------------------------------------------------------------------------------


def check_claims(
    claims: Sequence[Claim],
    compute: Mapping[str, Callable[[], Values]],
    *,
    evaluate: Callable[[str], float | None] | None = None,
    available: Iterable[str],
    items: Iterable[str] | None = None,
    file: str = "claims.toml",
) -> list[CheckedClaim]:
    """Compute every number of every claim and compare it with what the text prints.

    Parameters
    ----------
    claims
        The claims.
    compute
        The findings by name.
    evaluate
        Computes an expression; none can be computed without it.
    available
        Ids of the sources that can be read now. A claim that needs another one is returned as not checked.
    items
        Ids of the items of the package; supporting and contrary items must be among them. Not checked when ``None``.
    file
        Where the claims stand, for messages.

    Returns
    -------
    list of CheckedClaim
        One a claim, in the same order.

    Raises
    ------
    InputError
        When a claim names a function or an item that does not exist.
    CheckError
        When any text prints another number than was computed; all of them are named.
    """
    raise_faults([*_reference_faults(claims, compute, items), *_claim_faults(claims)], file)
    at_hand = set(available)
    checked = [_checked(claim, compute.get(claim.called) or _by_values(claim, evaluate), at_hand) for claim in claims]
    wrong = [fault for result in checked if result.status == "checked" for fault in _wrong_numbers(result)]
    if wrong:
        raise CheckError("\n".join([f"{file} prints numbers that the data do not give:", *map(str, wrong)]))
    return checked


def _reference_faults(
    claims: Iterable[Claim], compute: Mapping[str, object], items: Iterable[str] | None
) -> Iterator[Fault]:
    known_items = None if items is None else set(items)
    for claim in claims:
        if claim.function and claim.function not in compute:
            yield Fault(f"claim {claim.id}", f"function {claim.function!r}", f"one of {', '.join(sorted(compute))}")
        for item in (*claim.supporting, *claim.contrary):
            if known_items is not None and item not in known_items:
                yield Fault(f"claim {claim.id}", f"item {item!r}", "an item of the package", "correct the id")


def _by_values(claim: Claim, evaluate: Callable[[str], float | None] | None) -> Callable[[], Values]:
    def compute() -> Values:
        if evaluate is None:
            raise InputError(f"claim {claim.id}: expressions, and nothing here to compute them with")
        try:
            return {key: evaluate(text) for key, text in claim.values.items()}
        except InputError as error:
            raise InputError(f"claims.toml: claim {claim.id}: {error}") from error

    return compute


def _checked(claim: Claim, compute: Callable[[], Values], available: set[str]) -> CheckedClaim:
    missing = [source for source in claim.needs if source not in available]
    if missing:
        return CheckedClaim(claim, "not checked", {}, f"{NOT_CHECKED} ({', '.join(missing)})")
    return CheckedClaim(claim, "checked", compute())


def _wrong_numbers(result: CheckedClaim) -> Iterator[Fault]:
    for number in result.claim.numbers:
        where = f"  claim {result.claim.id}, {number.key}"
        if number.key not in result.computed:
            yield Fault(where, "no such value", f"one of {', '.join(result.computed)}", "correct the key")
            continue
        value = result.computed[number.key]
        if not number.agrees_with(value):
            computed = "no value" if value is None else number.rounded(value)
            remedy = "correct the text, or find out what changed in the data"
            yield Fault(where, f"{number.printed} in the text", f"{computed} as computed", remedy)
