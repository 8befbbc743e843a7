"""What this machine and this record have and lack, each with its remedy: ``camps doctor``."""

from __future__ import annotations

import platform
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

from camps import browser, catalogue, files, film, fonts, machine, record, settings, sources
from camps.errors import CampsError

State = Literal["ok", "absent", "wrong"]
LEAST_FREE_MB = 500


@dataclass(frozen=True)
class Check:
    """One thing looked at: ``ok``, ``absent`` (the suite runs without it) or ``wrong`` (it does not)."""

    name: str
    state: State
    detail: str


def checks() -> list[Check]:
    """Return what was looked at, in the order in which one would mend it."""
    needed = [
        _check("python", lambda: f"{platform.python_version()} on {platform.platform(terse=True)}"),
        _check("packages", _packages),
        _check("browser", lambda: f"{machine.browser_version(machine.find_chromium())} at {machine.find_chromium()}"),
        _check("film", _film),
        _check("fonts", lambda: f"drawn: {', '.join(fonts.draw_each())}"),
        _check("disk", _disk),
    ]
    return [*needed, *record_checks(), *_published()]


def _check(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", look())
    except CampsError as error:
        return Check(name, "wrong", str(error).splitlines()[0])


def _packages() -> str:
    wrong = [str(wanted) for wanted in _wanted() if not _satisfied(wanted)]
    if wrong:
        mend = "make setup" if machine.IN_CLONE else f"pip install {' '.join(map(shlex.quote, wrong))}"
        raise CampsError(f"not as the suite asks: {', '.join(wrong)}; run '{mend}'")
    return f"{len(list(_wanted()))} packages as the suite asks"


def _wanted() -> Iterator[Requirement]:
    every = (Requirement(line) for line in metadata.requires("camps") or [])
    yield from (wanted for wanted in every if wanted.marker is None or wanted.marker.evaluate())


def _satisfied(wanted: Requirement) -> bool:
    try:
        return wanted.specifier.contains(metadata.version(wanted.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False


def _film() -> str:
    transport = film.film_trial()
    shut_in = "in its sandbox" if browser.is_shut_in() else "without a sandbox"
    why = ", which Chromium has none of for root" if browser.is_root() else ""
    return f"a page opened {shut_in}{why}; a frame filmed ({transport})"


def _disk() -> str:
    place = settings.exports() if settings.find_home() else Path.cwd()
    free_mb = shutil.disk_usage(files.existing_parent(place / "x")).free // 2**20
    if free_mb < LEAST_FREE_MB:
        raise CampsError(f"{place}: {free_mb} MB free, expected {LEAST_FREE_MB}; free some space")
    return f"{free_mb / 1024:.0f} GB free for {place}"


def record_checks() -> Iterator[Check]:
    """Say what the record holds, and on what each key that its record.toml leaves out falls back."""
    if settings.find_home() is None:
        yield Check("record", "absent", "none here or above: 'camps init NAME' begins one, --home FOLDER names one")
        return
    if not sources.registry():
        yield Check("record", "absent", f"no list yet in {settings.home()}: 'camps sources add FILE --id ID'")
        return
    if sources.lists():
        yield _check("record", _sites_held)
    else:
        yield Check("record", "absent", f"footprints alone, no list of sites here, in {settings.home()}")
    for key, told in record.current().fallbacks().items():
        yield Check(key, "absent", f"left out of {settings.RECORD_NAME}: {told}")


def _sites_held() -> str:
    return f"{len(catalogue.load())} sites of {', '.join(catalogue.default_lists())} in {settings.home()}"


def _published() -> Iterator[Check]:
    if settings.find_home() is None:
        return
    here = set(sources.available())
    for source_id, entry in sources.registry().items():
        if source_id in here:
            yield Check(source_id, "ok", entry.title)
        else:
            yield Check(source_id, "absent", f"{entry.title}: {sources.how_to_get(entry)}")
