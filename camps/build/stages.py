"""What the main job makes, in order: tables, growth, maps, film, notebooks, appendix, and the page that shows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from importlib import metadata
from pathlib import Path

import geopandas as gpd
import pandas as pd

import camps
from camps import (
    appendix,
    catalogue,
    files,
    film,
    footprints,
    growth,
    maps,
    plots,
    record,
    settings,
    sources,
    tables,
)
from camps.appendix.claims import claims_path
from camps.build import figures, index, notebooks
from camps.build.runner import Report, Stage
from camps.errors import MissingError
from camps.sources import store
from camps.sources.dated import groups_of

PACKAGE = Path(camps.__file__).parent
FIRST_SHOT = "first"
#: What values are grouped by besides the groups of the list's own.
_GROUPS = ("tier", "admin2")


def plan() -> list[Stage]:
    """Return the stages of the main job in the order in which they run, as far as the record has what they need."""
    made = [_stage("record", "reading and checking the record", write_record, usual_s=3)]
    if counted() or footprints.series_ids():
        made.append(_stage("growth", "computing growth", write_growth, usual_s=8))
    made += [_stage(f"map-{name}", f"drawing the {name} map", _MAPS[name], usual_s=4) for name in _maps()]
    if first_shot():
        made.append(_stage("film", "filming the first shot", film_first_shot, more=_shots(), usual_s=20))
    made += [_notebook(path) for path in notebooks.notebook_paths()]
    if sources.lists() and files.is_there(claims_path()):
        needs = ["film"] if first_shot() else []
        made.append(_stage("appendix", "writing the evidence appendix", write_appendix, needs=needs, usual_s=15))
    names = [stage.name for stage in made]
    return [*made, _stage("index", "writing the overview", write_index, needs=names, usual_s=2)]


def counted() -> str | None:
    """Return the id of the fullest list of counts, or none in a record without counts."""
    try:
        return growth.fullest()
    except MissingError:
        return None


def first_shot() -> str | None:
    """Return the name of the shot that a build films, or none in a record without shots or anything to film."""
    here = film.list_shots() if sources.lists() or footprints.series_ids() else []
    return FIRST_SHOT if FIRST_SHOT in here else next(iter(here), None)


def _shots() -> list[Path]:
    return [settings.home() / "shots"]


def _maps() -> Iterator[str]:
    if counted():
        yield "growth"
    if footprints.series_ids():
        yield "footprints"
    if sources.lists():
        yield "sites"
        if catalogue.load()["opened"].notna().any():
            yield "eras"
    if footprints.series_ids():
        yield "compare"


def _stage(
    name: str,
    title: str,
    run: Callable[[Report], Iterable[Path]],
    *,
    more: Iterable[Path] = (),
    needs: Iterable[str] = (),
    usual_s: float = 5.0,
    apart: bool = False,
) -> Stage:
    reads = [PACKAGE, settings.home() / settings.RECORD_NAME, settings.geodata(), *_published_files(), *more]
    return Stage(name, title, reads, run, settings=_versions(), needs=tuple(needs), usual_s=usual_s, apart=apart)


@cache
def _versions() -> str:
    """Return the version of each package that is installed: a record that pip serves has no lock of its own."""
    return json.dumps(sorted((one.name, one.version) for one in metadata.distributions()))


def _published_files() -> list[Path]:
    """Return the files of the published lists that are here; a list that comes or goes changes what is made."""
    here = [sources.entry(source_id) for source_id in sources.available()]
    found = [store.find(entry, file) for entry in here for file in entry.files if not file.bundled]
    return [path for path in found if path is not None]


def _notebook(path: Path) -> Stage:
    out = settings.exports() / "notebooks" / f"{path.stem}.html"

    def run(report: Report) -> Iterable[Path]:
        yield notebooks.render_notebook(path, out, report=report)

    more = [*notebooks.notebook_paths(), *_shots()]
    return _stage(f"notebook-{path.stem}", f"running notebook {path.stem}", run, more=more, usual_s=12, apart=True)


def write_record(report: Report) -> Iterable[Path]:
    """Write the sites, the footprints with their scenes and looks, and what was mended on reading."""
    out = settings.exports() / "sites"
    for n, source_id in enumerate(_lists_of_sites()):
        report(n / 4, f"reading {source_id}")
        read = sources.read(source_id)
        yield tables.write(read.sites, out / f"{source_id}_sites.parquet", "site")
        yield tables.write(read.sites, out / f"{source_id}_sites.csv", "site")
        yield files.write_text(out / f"{source_id}_sites.geojson", _geojson(read.sites))
        yield files.write_text(out / f"{source_id}_reading_report.csv", record.csv_text(read.report.frame()))
    for source_id in footprints.series_ids():
        series = footprints.load(source_id)
        yield tables.write(series.footprints, out / f"{source_id}_footprints.parquet", "footprint")
        yield tables.write(series.scenes, out / f"{source_id}_scenes.csv", "scene")
        yield tables.write(series.looks, out / f"{source_id}_looks.csv", "look")
        yield files.write_text(out / f"{source_id}_repairs.csv", record.csv_text(series.repairs))


def _lists_of_sites() -> list[str]:
    """Return the record's own lists, and the one whose counts its growth rests on."""
    return list(dict.fromkeys([*(catalogue.default_lists() if sources.lists() else ()), *filter(None, [counted()])]))


def _geojson(sites: gpd.GeoDataFrame) -> str:
    return str(sites.to_json(drop_id=True, ensure_ascii=False, indent=1)) + "\n"


def write_growth(report: Report) -> Iterable[Path]:
    """Write every estimator for the whole list and for its groups, the footprint series, and the plots."""
    out = settings.exports() / "growth"
    captions: dict[str, str] = {}
    source_id = counted()
    if source_id:
        counts = _counts(source_id)
        yield from _write_estimates(counts, source_id, out, report)
        report(5 / 6, "plots")
        yield from _write_plots(figures.plot_counts(counts, source_id), out, captions)
    for name in footprints.series_ids():
        report(5 / 6, name)
        yield tables.write(growth.values(name, metric="area_m2"), out / f"{name}_series.csv", "series")
        yield from _write_plots(figures.plot_footprints(name), out, captions)
    yield files.write_json(out / "captions.json", captions)


def _counts(source_id: str) -> pd.DataFrame:
    return catalogue.counts(source_id, metric=growth.metric_of(source_id))


def _write_estimates(counts: pd.DataFrame, source_id: str, out: Path, report: Report) -> Iterable[Path]:
    own = [by for by in groups_of(sources.entry(source_id).mapping) if by in counts]
    groups = [by for by in (*_GROUPS, *own) if counts[by].notna().any()]
    at = growth.comparable_dates(counts)
    for n, estimator in enumerate(tables.ESTIMATORS):
        report(n / 6, f"{estimator} estimator")
        for by in (None, *groups):
            grown = growth.aggregate(counts, by=by, estimator=estimator, at=at)
            name = f"{source_id}_{estimator}" + (f"_by_{by}" if by else "")
            yield tables.write(grown, out / f"{name}.csv", "aggregate")


def _write_plots(made: Iterable[figures.Plot], out: Path, captions: dict[str, str]) -> Iterable[Path]:
    for plot in made:
        captions[plot.name] = plot.caption
        yield from plots.write_figure(plot.figure, out / f"{plot.name}.svg")


def draw_sites(report: Report) -> Iterable[Path]:
    """Draw every site of the record."""
    path = maps.write_map(maps.site_map(catalogue.load()), _map_path("sites"))
    yield from (path, path.with_name("licences.html"))


def draw_growth(report: Report) -> Iterable[Path]:
    """Draw the counts of the fullest list over time."""
    counts, sites = _counts(growth.fullest()), catalogue.load(growth.fullest())
    counted = sites[sites["site_id"].isin(counts["unit"])]
    yield maps.write_map(maps.growth_map(counted, counts), _map_path("growth"))


def draw_footprints(report: Report) -> Iterable[Path]:
    """Draw the record's first footprint series as it was outlined at each look."""
    yield maps.write_map(maps.footprint_map(), _map_path("footprints"))


def draw_eras(report: Report) -> Iterable[Path]:
    """Draw the sites with a known opening through the chapters of the story."""
    yield maps.write_map(maps.era_map(), _map_path("eras"))


def draw_compare(report: Report) -> Iterable[Path]:
    """Draw the first series before and after, with a divider to swipe."""
    yield maps.write_map(maps.compare_map(), _map_path("compare"))


_MAPS: dict[str, Callable[[Report], Iterable[Path]]] = {
    "growth": draw_growth,
    "footprints": draw_footprints,
    "sites": draw_sites,
    "eras": draw_eras,
    "compare": draw_compare,
}


def _map_path(name: str) -> Path:
    return settings.exports() / "maps" / f"{name}.html"


def film_first_shot(report: Report) -> Iterable[Path]:
    """Film the first shot: frames, their papers, and a movie to look at."""
    shot = film.read_shot(str(first_shot()))
    # Where counts grow, the fullest list is filmed.
    if shot.map.kind == "growth" and counted():
        shot = _on_the_fullest_list(shot)
    result = film.render(shot, settings.exports() / "frames", progress=partial(_filming, report))
    yield from (path for path in sorted(result.folder.rglob("*")) if path.is_file())


def _on_the_fullest_list(shot: film.Shot) -> film.Shot:
    return shot.model_copy(update={"map": shot.map.model_copy(update={"sources": (growth.fullest(),)})})


def _filming(report: Report, done: int, total: int, message: str) -> None:
    report(done / max(total, 1), message)


def write_appendix(report: Report) -> Iterable[Path]:
    """Write the evidence appendix: the document, its tables, and the sums of all of it."""
    report(0.1, "checking claims, setting the pages")
    return appendix.build_appendix(settings.exports() / "appendix", frames=appendix.default_frames())


def write_index(report: Report) -> Iterable[Path]:
    """Write the page that shows all that was made."""
    yield index.write_index(settings.exports() / "index.html", counts_source=counted(), shot=first_shot())
