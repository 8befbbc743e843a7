"""The overview, ``exports/index.html``: one page that shows all that a build made and links to every part of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from camps import catalogue, files, film, footprints, growth, record, sources
from camps.build import notebooks

_MAP_TEXTS = {
    "growth": ("Growth", "Counts by date, with what was observed, held or not known drawn apart."),
    "footprints": ("Footprints", "Buildings as they were outlined on dated scenes."),
    "compare": ("Before and after", "One place at its first and its last look, with a divider to swipe."),
    "eras": ("Chapters", "Sites by when they opened and closed, through the chapters of the story."),
    "sites": ("Sites", "Every site of the record with its sources, its coordinates as published, and its status."),
}
_APPENDIX_TITLES = {".pdf": "The document", ".html": "The document as a page"}


def write_index(out: Path, *, counts_source: str | None, shot: str | None) -> Path:
    """Write the overview of everything beside `out` and return its path.

    Parameters
    ----------
    out
        The page; links are relative to its folder.
    counts_source
        Id of the list whose counts the figures rest on; none in a record without counts.
    shot
        Name of the shot whose movie heads the page, if there is one.
    """
    here = out.parent
    page = (
        notebooks.templates()
        .get_template("index.html.j2")
        .render(
            css=notebooks.house_css(),
            title=record.current().say(record.current().title, "en") or "The growth of the camps",
            lead=_lead(),
            movie=_movie(here, shot) if shot else None,
            figures=[*(_count_figures(counts_source) if counts_source else ()), *_other_figures()],
            maps=[_linked(path, here, *texts) for path, texts in _maps(here)],
            plots=list(_plots(here)),
            tables=[_linked(path, here, path.name, "") for path in _tables(here)],
            notebooks=[_notebook(path) for path in notebooks.notebook_paths()],
            appendix=list(_appendix(here)),
            sources=list(_sources()),
        )
    )
    return files.write_text(out, page)


def _maps(here: Path) -> Iterator[tuple[Path, tuple[str, str]]]:
    for name, texts in _MAP_TEXTS.items():
        if (here / "maps" / f"{name}.html").is_file():
            yield here / "maps" / f"{name}.html", texts


def _lead() -> str:
    if not sources.lists() and footprints.series_ids():
        return "Outlines of buildings, measured with their uncertainty; maps and film made from the same tables."
    if not sources.lists():
        return "A record that has no list yet; `camps sources add FILE --id ID` adds one."
    sites = catalogue.standing(catalogue.load())
    by_country = sites["country"].fillna("a country that is not stated").value_counts()
    spread = ", ".join(f"{n} in {country}" for country, n in by_country.items())
    return (
        f"{len(sites)} documented sites of detention ({spread}), each with the source that printed its coordinate; "
        "how they grew, measured with its uncertainty; maps, film and evidence made from the same tables."
    )


def _linked(path: Path, here: Path, title: str, text: str) -> dict[str, str]:
    return {"path": quote(path.relative_to(here).as_posix()), "title": title, "text": text}


def _movie(here: Path, shot_name: str) -> dict[str, Any] | None:
    shot = film.read_shot(shot_name)
    folder = here / "frames" / film.folder_name(shot)
    movies, frames = sorted(folder.glob("proxy/*.mp4")), sorted(folder.glob("*/*.png"))
    if not movies or not frames:
        return None
    return {
        **_linked(movies[0], here, shot.title, ""),
        "poster": quote(frames[-1].relative_to(here).as_posix()),
        "folder": quote(frames[0].parent.relative_to(here).as_posix()) + "/",
        "n_frames": len(frames),
        "caption": shot.title,
    }


def _count_figures(source_id: str) -> Iterator[dict[str, str]]:
    counts = catalogue.counts(source_id, metric=growth.metric_of(source_id))
    what = record.current().say(record.current().metric(str(counts["metric"].iloc[0])).many, "en")
    if growth.comparable_dates(counts) is not None:
        return
    chain = growth.aggregate(counts, estimator="chain")
    first, last = chain.iloc[0], chain.iloc[-1]
    if pd.notna(last["lo"]):
        yield _figure(
            _percent(last["value"] - 100),
            f"more {what} in {last['t']} than in {first['t']} (95 %: {_percent(last['lo'] - 100)} to "
            f"{_percent(last['hi'] - 100)}), chain-linked over the sites seen in both years of each pair; "
            f"{_scope(source_id, counts['unit'].nunique())}",
        )
    naive = growth.aggregate(counts, estimator="naive").set_index("t")["value"]
    if len(naive) > 1 and naive.iloc[-2]:
        fall, rose = 100 * (naive.iloc[-1] / naive.iloc[-2] - 1), last["value"] > chain["value"].iloc[-2]
        said = "no fall, only fewer sites looked at" if fall < 0 and rose else "whichever sites were looked at"
        dates = f"from {naive.index[-2]} to {naive.index[-1]}"
        yield _figure(_percent(fall), f"is what the plain sum shows {dates}: {said}")


def _scope(source_id: str, n_sites: int) -> str:
    """Return what a growth figure speaks of: sites that a record chose stand for themselves alone."""
    entry = sources.entry(source_id)
    if entry.travels:
        told = record.current().say(record.current().credits.get(source_id, {}), "en")
        return (
            f"{n_sites} sites of the record's own list, which somebody chose: no sample of the whole. {told}".rstrip()
        )
    return f"{n_sites} sites of {entry.title}"


def _other_figures() -> Iterator[dict[str, str]]:
    for source_id in footprints.series_ids():
        built = growth.values(source_id, metric="area_m2").dropna(subset="value")
        last = built[built["t"] == built["t"].max()].sort_values("value").iloc[-1]
        first = built[built["unit"] == last["unit"]].iloc[0]
        names = catalogue.names()
        before = f"at the first look, {first['t']}, " + (
            f"it was {first['value'] / 1e4:.1f} ha" if first["value"] else "no roof was read"
        )
        yield _figure(
            f"{last['value'] / 1e4:.1f} ha",
            f"built up at {names.get(last['unit'], last['unit'])} by {last['t']} (95 %: {last['lo'] / 1e4:.1f} to "
            f"{last['hi'] / 1e4:.1f} ha); {before}",
        )
    if len(unplaced := catalogue.unplaced()):
        text = "documented sites for which no coordinate is published: in the record, on no map"
        yield _figure(str(len(unplaced)), text)


def _figure(value: str, text: str) -> dict[str, str]:
    return {"value": value, "text": text}


def _percent(value: float) -> str:
    return f"{value:+.0f} %".replace("-", "−")


def _plots(here: Path) -> Iterator[dict[str, str]]:
    if not (here / "growth" / "captions.json").is_file():
        return
    captions = json.loads((here / "growth" / "captions.json").read_text("utf-8"))
    for name, caption in sorted(captions.items()):
        yield {"path": f"growth/{name}.svg", "alt": caption}


def _tables(here: Path) -> Iterator[Path]:
    yield from sorted((here / "growth").glob("*.csv"))
    yield from sorted((here / "sites").glob("*.csv"))


def _notebook(path: Path) -> dict[str, str]:
    page = notebooks.describe(path)
    return {"path": f"notebooks/{page.file}", "title": page.title, "text": page.text}


def _appendix(here: Path) -> Iterator[dict[str, str]]:
    payload = here / "appendix" / "data"
    if not payload.is_dir():
        return
    for path in sorted(payload.iterdir()):
        if path.suffix in _APPENDIX_TITLES:
            yield _linked(path, here, _APPENDIX_TITLES[path.suffix], path.name)
    n_tables = len(list((payload / "tables").glob("*.csv")))
    yield _linked(payload / "tables", here, "The tables", f"{n_tables} tables as CSV and Parquet")
    yield _linked(here / "appendix" / "manifest-sha256.txt", here, "SHA-256 of every file", "checked by sha256sum -c")


def _sources() -> Iterator[dict[str, str]]:
    here = set(sources.available())
    for source_id, entry in sources.registry().items():
        yield {
            "title": entry.title,
            "publisher": entry.publisher,
            "date": entry.date,
            "licence": entry.licence,
            "state": "used" if source_id in here else entry.absent or "not at hand: camps sources fetch",
        }
