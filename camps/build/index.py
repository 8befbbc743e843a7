"""The overview, ``exports/index.html``: one page that shows all that a build made and links to every part of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from camps import catalogue, files, film, growth, settings, sources
from camps.build import notebooks

_MAP_TEXTS = {
    "growth": ("Growth", "Building counts by year, with what was observed, held or not known drawn apart."),
    "footprints": ("Footprints", "Dabancheng from 2017 to 2020 as outlined on thirteen Sentinel-2 scenes."),
    "compare": ("Before and after", "Dabancheng at its first and its last look, with a divider to swipe."),
    "eras": ("Chapters", "Sites by when they opened, through the chapters of the story from 1938 on."),
    "sites": ("Sites", "Every site of the record with its sources, its coordinates as published, and its status."),
}
_APPENDIX_TITLES = {".pdf": "The document", ".html": "The document as a page"}


def write_index(out: Path, *, counts_source: str, shot: str) -> Path:
    """Write the overview of everything beside `out` and return its path.

    Parameters
    ----------
    out
        The page; links are relative to its folder.
    counts_source
        Id of the list whose building counts the figures rest on.
    shot
        Name of the shot whose movie heads the page.
    """
    here = out.parent
    page = (
        notebooks.templates()
        .get_template("index.html.j2")
        .render(
            css=notebooks.house_css(),
            lead=_lead(),
            movie=_movie(here, shot),
            figures=list(_figures(counts_source)),
            maps=[_linked(here / "maps" / f"{name}.html", here, *texts) for name, texts in _MAP_TEXTS.items()],
            plots=list(_plots(here)),
            tables=[_linked(path, here, path.name, "") for path in _tables(here)],
            notebooks=[_notebook(path) for path in notebooks.notebook_paths()],
            appendix=list(_appendix(here)),
            sources=list(_sources()),
        )
    )
    return files.write_text(out, page)


def _lead() -> str:
    sites = catalogue.load()
    by_country = sites["country"].value_counts()
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


def _figures(source_id: str) -> Iterator[dict[str, str]]:
    counts = catalogue.counts(source_id)
    chain = growth.aggregate(counts, estimator="chain").iloc[-1]
    naive = growth.aggregate(counts, estimator="naive").set_index("t")["value"]
    yield _figure(
        _percent(chain["value"] - 100),
        f"more buildings in {chain['t']} than in 2017 (95 %: {_percent(chain['lo'] - 100)} to "
        f"{_percent(chain['hi'] - 100)}), chain-linked over the sites seen in both years of each pair; "
        f"{_scope(source_id, counts['unit'].nunique())}",
    )
    fall = 100 * (naive.iloc[-1] / naive.iloc[-2] - 1)
    yield _figure(
        _percent(fall),
        f"is what the plain sum shows from {naive.index[-2]} to {naive.index[-1]}: no fall, only fewer sites looked at",
    )
    yield from _dabancheng()


def _scope(source_id: str, n_sites: int) -> str:
    """Return what a growth figure speaks of: the bundled sites were chosen, so they stand for themselves alone."""
    if source_id == "gazetteer":
        return f"{n_sites} sites of the bundled record, chosen because they are well documented: no sample of the whole"
    return f"{n_sites} sites of {sources.entry(source_id).title}"


def _dabancheng() -> Iterator[dict[str, str]]:
    built = growth.values(metric="area_m2")
    last = built[built["unit"] == "xj-bfn130-aspi50"].iloc[-1]
    yield _figure(
        f"{last['value'] / 1e4:.1f} ha",
        f"built up at Dabancheng by {last['t']} (95 %: {last['lo'] / 1e4:.1f} to {last['hi'] / 1e4:.1f} ha); "
        "on 2 March 2017 there was no camp structure",
    )
    unplaced = pd.read_csv(settings.geodata() / "no_coordinates.csv")
    yield _figure(str(len(unplaced)), "documented sites for which no coordinate is published: in the record, on no map")


def _figure(value: str, text: str) -> dict[str, str]:
    return {"value": value, "text": text}


def _percent(value: float) -> str:
    return f"{value:+.0f} %".replace("-", "−")


def _plots(here: Path) -> Iterator[dict[str, str]]:
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
            "state": "used" if source_id in here else "not at hand: camps sources fetch",
        }
