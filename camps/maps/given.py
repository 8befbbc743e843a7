"""What every map is told beside its tables: its words, and the ground it lies on."""

from __future__ import annotations

from dataclasses import dataclass

from camps import languages, looks, record
from camps.errors import InputError
from camps.maps import contract

Title = str | dict[str, str] | None


def _require_texts(words: Title, lang: str, what: str) -> None:
    """Refuse words that the page could not show in its language, nor in the one that it falls back on."""
    if words is None or isinstance(words, str):
        return
    said, wanted = list(words) if isinstance(words, dict) else [], dict.fromkeys((lang, "en"))
    if not set(wanted) & set(said):
        found = f"texts in {', '.join(said)}" if said else repr(words)
        expected = f"a text, or texts by language with one in {' or '.join(wanted)}"
        raise InputError(f"{what}: found {found}, expected {expected}")


@dataclass(frozen=True)
class Words:
    """The words and the look of a map.

    Attributes
    ----------
    lang
        Language in which it opens, such as ``en``, ``ru`` or ``ar``; the record's first one by default. The reader can
        change to any of the record's.
    look
        ``dark``, ``light``, ``paper``, or a look of one's own (:mod:`camps.looks`); the record's by default.
    title, subtitle
        One text, or texts by language; the record's own, or general words, by default.
    captions
        What a film of the map says over it, each for a time that the film knows; a page that is no film shows none.
    callouts
        Words at the end of lines that follow places, as `captions`; the page needs their letters.

    Raises
    ------
    InputError
        For a language without words, an unknown look, or titles in none of the languages that the page falls back on.

    Examples
    --------
    >>> "de" in Words("de", title="Lager").languages
    True
    """

    lang: str = ""
    look: str | None = None
    title: Title = None
    subtitle: Title = None
    captions: tuple[contract.Caption, ...] = ()
    callouts: tuple[contract.Caption, ...] = ()

    def __post_init__(self) -> None:
        ours = record.current()
        object.__setattr__(self, "lang", self.lang or ours.languages[0])
        object.__setattr__(self, "look", self.look or ours.look)
        languages.require([self.lang])
        looks.palette(str(self.look))
        _require_texts(self.title, self.lang, "title")
        _require_texts(self.subtitle, self.lang, "subtitle")

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that the page can be read in: this one, and those of the record that have words."""
        ours = [tag for tag in record.current().languages if tag in languages.table()]
        return (*ours, self.lang) if self.lang not in ours else tuple(ours)


@dataclass(frozen=True)
class Ground:
    """What a map lies on.

    Attributes
    ----------
    relief
        Shade the ground by its relief; the reader can turn that off in the page, and without it a file is lighter.
    online
        Let layers that others add load from other hosts; their credit is printed with ours, and tiles that nobody may
        read in bulk without asking are not filmed.
    """

    relief: bool = True
    online: bool = False
