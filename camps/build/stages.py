"""What the main job makes, in order: tables, growth, maps, film, notebooks, appendix, and the page that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import geopandas as gpd
import pandas as pd

import camps
from camps import appendix, catalogue, files, film, footprints, growth, maps, plots, settings, sources, tables
from camps.build import figures, index, notebooks
from camps.build.runner import Report, Stage
from camps.sources import store

PACKAGE = Path(camps.__file__).parent
FIRST_SHOT = "first"


def plan() -> list[Stage]:
    """Return the stages of the main job in the order in which they run.

    Raises
    ------
    MissingError
        When the notebooks are not there.
    """
    made = [
        _stage("record", "reading and checking the record", write_record, usual_s=3),
        _stage("growth", "computing growth", write_growth, usual_s=8),
        *(_stage(f"map-{name}", f"drawing the {name} map", draw, usual_s=4) for name, draw in _MAPS.items()),
        _stage("film", "filming the first shot", film_first_shot, more=[settings.home() / "shots"], usual_s=20),
        *(_notebook(path) for path in notebooks.notebook_paths()),
        _stage("appendix", "writing the evidence appendix", write_appendix, usual_s=15),
    ]
    names = [stage.name for stage in made]
    return [*made, _stage("index", "writing the overview", write_index, needs=names, usual_s=2)]


def _stage(
    name: str,
    title: str,
    run: Callable[[Report], Iterable[Path]],
    *,
    more: Iterable[Path] = (),
    needs: Iterable[str] = (),
    usual_s: float = 5.0,
) -> Stage:
    reads = [PACKAGE, settings.home() / "requirements.lock", settings.geodata(), *_published_files(), *more]
    return Stage(name, title, reads, run, needs=tuple(needs), usual_s=usual_s)


def _published_files() -> list[Path]:
    """Return the files of the published lists that are here; a list that comes or goes changes what is made."""
    here = [sources.entry(source_id) for source_id in sources.available()]
    found = [store.find(entry, file) for entry in here for file in entry.files if not file.bundled]
    return [path for path in found if path is not None]


def _notebook(path: Path) -> Stage:
    out = settings.exports() / "notebooks" / f"{path.stem}.html"

    def run(report: Report) -> Iterable[Path]:
        yield notebooks.render_notebook(path, out, report=report)

    more = [*notebooks.notebook_paths(), settings.home() / "shots"]
    return _stage(f"notebook-{path.stem}", f"running notebook {path.stem}", run, more=more, usual_s=12)


def write_record(report: Report) -> Iterable[Path]:
    """Write the sites, the footprints with their scenes and looks, and what was mended on reading."""
    out = settings.exports() / "sites"
    for n, source_id in enumerate(_lists_of_sites()):
        report(n / 4, f"reading {source_id}")
        read = sources.read(source_id)
        yield tables.write(read.sites, out / f"{source_id}_sites.parquet", "site")
        yield tables.write(read.sites, out / f"{source_id}_sites.csv", "site")
        yield files.write_text(out / f"{source_id}_sites.geojson", _geojson(read.sites))
        yield files.write_text(out / f"{source_id}_reading_report.csv", _csv(read.report.frame()))
    series = footprints.load()
    yield tables.write(series.footprints, out / "dabancheng_footprints.parquet", "footprint")
    yield tables.write(series.scenes, out / "dabancheng_scenes.csv", "scene")
    yield tables.write(series.looks, out / "dabancheng_looks.csv", "look")
    yield files.write_text(out / "dabancheng_repairs.csv", _csv(series.repairs))


def _lists_of_sites() -> list[str]:
    return ["gazetteer", *(name for name in sources.available() if name == "aspi-xjdp-v1")]


def _geojson(sites: gpd.GeoDataFrame) -> str:
    return str(sites.to_json(drop_id=True, ensure_ascii=False, indent=1)) + "\n"


def _csv(table: pd.DataFrame) -> str:
    return str(table.to_csv(index=False, lineterminator="\n"))


def write_growth(report: Report) -> Iterable[Path]:
    """Write every estimator for the whole list and for its groups, Dabancheng's series, and the plots."""
    out, source_id = settings.exports() / "growth", growth.fullest()
    counts = catalogue.counts(source_id)
    for n, estimator in enumerate(tables.ESTIMATORS):
        report(n / 6, f"{estimator} estimator")
        for by in (None, "tier", "admin2"):
            grown = growth.aggregate(counts, by=by, estimator=estimator)
            name = f"{source_id}_{estimator}" + (f"_by_{by}" if by else "")
            yield tables.write(grown, out / f"{name}.csv", "aggregate")
    report(4 / 6, "series of Dabancheng")
    yield tables.write(growth.values(metric="area_m2"), out / "dabancheng_series.csv", "series")
    report(5 / 6, "plots")
    captions = {}
    for plot in figures.plot_growth(counts, source_id):
        captions[plot.name] = plot.caption
        yield from plots.write_figure(plot.figure, out / f"{plot.name}.svg")
    yield files.write_json(out / "captions.json", captions)


def draw_sites(report: Report) -> Iterable[Path]:
    """Draw every site of the record."""
    yield maps.write_map(maps.site_map(catalogue.load()), _map_path("sites"))


def draw_growth(report: Report) -> Iterable[Path]:
    """Draw the counts of the fullest list over time."""
    counts = catalogue.counts(growth.fullest())
    sites = catalogue.load(growth.fullest())
    counted = sites[sites["site_id"].isin(counts["unit"])]
    yield maps.write_map(maps.growth_map(counted, counts), _map_path("growth"))


def draw_footprints(report: Report) -> Iterable[Path]:
    """Draw Dabancheng as it was outlined at each look."""
    read = footprints.load()
    yield maps.write_map(maps.footprint_map(read), _map_path("footprints"))


def draw_eras(report: Report) -> Iterable[Path]:
    """Draw the sites with a known opening through the chapters of the story."""
    yield maps.write_map(maps.era_map(), _map_path("eras"))


def draw_compare(report: Report) -> Iterable[Path]:
    """Draw Dabancheng before and after, with a divider to swipe."""
    read = footprints.load()
    yield maps.write_map(maps.compare_map(read), _map_path("compare"))


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
    shot = _on_the_fullest_list(film.read_shot(FIRST_SHOT))
    result = film.render(shot, settings.exports() / "frames", progress=partial(_filming, report))
    yield from (path for path in sorted(result.folder.rglob("*")) if path.is_file())


def _on_the_fullest_list(shot: film.Shot) -> film.Shot:
    return shot.model_copy(update={"map": shot.map.model_copy(update={"sources": (growth.fullest(),)})})


def _filming(report: Report, done: int, total: int, message: str) -> None:
    report(done / max(total, 1), message)


def write_appendix(report: Report) -> Iterable[Path]:
    """Write the evidence appendix: the document, its tables, and the sums of all of it."""
    report(0.1, "checking claims, setting the pages")
    return appendix.build_appendix(settings.exports() / "appendix")


def write_index(report: Report) -> Iterable[Path]:
    """Write the page that shows all that was made."""
    yield index.write_index(settings.exports() / "index.html", counts_source=growth.fullest(), shot=FIRST_SHOT)
