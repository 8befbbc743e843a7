"""A site from end to end: find and read its scenes, lay them on one another, and say what was built and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from camps import catalogue, crs, files, notebook, record, settings, sources, tables
from camps.errors import CampsError, Fault, InputError, MissingError, raise_faults
from camps.imagery import area, extract, fetching, pictures, raster, registration, stac
from camps.imagery import scene as scenes_room
from camps.imagery.grid import DEFAULT_RADIUS_M, Grid, geometry_grid, site_grid, utm_crs
from camps.imagery.opening import COLOURS
from camps.imagery.scene import Scene

#: A site without a boundary of its own is taken as the ground within this distance of its point.
DEFAULT_BOUNDARY_M = 750.0
#: Ground around the site that is read with it, for registration, control ground and snow.
MARGIN_M = 1500.0
#: Ground this near the site is kept out of the registration: roads and yards are built there.
_APRON_M = 300.0
_HELPFUL = ("swir16", "scl")


@dataclass(frozen=True, repr=False)
class SiteExtraction(tables.Shown):
    """What was found at one site.

    :func:`extract_site` finds it, :func:`write_extraction` writes it.

    Attributes
    ----------
    site_id
        The site.
    extraction
        The readings, scene by scene.
    series
        Built-up area over time, as from :func:`camps.imagery.area.estimate`.
    polygons
        Built ground with the interval in which it appeared, EPSG:4326.
    scenes
        ``scene`` table with the shifts found, plus observed_on.
    readings
        One row a scene: thresholds, noise, snow share, share seen, status and reason.
    left_out
        Scenes that were not used: scene_id, observed_on, reason.
    rasters
        The scenes as read, in order of date.
    calibration
        How mapped area became built-up area, ``None`` where nothing tells for pixels of this size.
    """

    site_id: str
    extraction: extract.Extraction
    series: pd.DataFrame
    polygons: gpd.GeoDataFrame
    scenes: pd.DataFrame
    readings: pd.DataFrame
    left_out: pd.DataFrame
    rasters: tuple[raster.Raster, ...]
    calibration: area.Calibration | None = None

    @property
    def summary(self) -> str:
        """Return the site and what its scenes came to as one line."""
        return f"{self.site_id}, {len(self.scenes)} scenes read, {len(self.left_out)} left out"

    @property
    def table(self) -> pd.DataFrame:
        """Return the series."""
        return self.series

    @property
    def footprints(self) -> gpd.GeoDataFrame:
        """Return what was called built on each scene; see :func:`camps.imagery.extract.scene_polygons`."""
        spread = None if self.calibration is None else self.calibration.spread
        return extract.scene_polygons(self.extraction, site_id=self.site_id, spread=spread)


def locate(site_id: str) -> tuple[float, float]:
    """Return longitude and latitude of a site in degrees, from the record's lists or any other that is here.

    Raises
    ------
    MissingError
        When no list that is here has it.
    """
    for source_id in dict.fromkeys([*record.current().lists, *sources.lists()]):
        listed = catalogue.load(source_id)
        found = listed[listed["site_id"] == site_id]
        if len(found):
            return float(found["lon"].iloc[0]), float(found["lat"].iloc[0])
    raise MissingError(
        f"site {site_id}: in none of the lists that are here ({', '.join(sources.available())}); see `camps sites`, or "
        "fetch the list it is in with `camps sources fetch`"
    )


def find_site(site_id: str, *, radius_m: float = DEFAULT_RADIUS_M, **search: Unpack[stac.Search]) -> stac.Plan:
    """Return a plan of the scenes of a site in a period; parameters as for :func:`camps.imagery.stac.find`.

    Raises
    ------
    MissingError, InputError
        When the site or the catalogue is unknown, or the catalogue does not answer.
    """
    return stac.find(site_grid(*locate(site_id), radius_m=radius_m), **search)


def read_site(
    site_id: str,
    *,
    radius_m: float = DEFAULT_RADIUS_M,
    progress: Callable[[int, int, str], None] | None = None,
    **search: Unpack[stac.Search],
) -> stac.Windows:
    """Find the scenes of a site and read their windows into the cache; see :func:`find_site`.

    Raises
    ------
    MissingError, InputError
        As :func:`find_site`, and when nothing was found or a server gives up.
    """
    plan = find_site(site_id, radius_m=radius_m, **search)
    if not plan.scenes:
        cloud_percent = search.get("cloud_percent", stac.DEFAULT_CLOUD_PERCENT)
        raise InputError(
            f"site {site_id}: no scene from {search['start']} to {search['end']} with at most {cloud_percent:g} % "
            f"cloud in {plan.catalogue.id} ({len(plan.left_out)} left out); widen the period or raise --cloud"
        )
    return stac.read(plan, progress=progress)


def read_sites(
    site_ids: Sequence[str],
    *,
    radius_m: float = DEFAULT_RADIUS_M,
    workers: int = fetching.WORKERS,
    memory_mb: float = fetching.MEMORY_MB,
    progress: Callable[[int, int, str], None] | None = None,
    **search: Unpack[stac.Search],
) -> stac.SiteWindows:
    """Find the scenes of many sites and read all their windows into the cache, scene by scene.

    What cannot be found or read is named and counted, and the rest goes on; a run that was stopped goes on where it
    ended. See :func:`find_site` for the search and :func:`camps.imagery.stac.read_all` for the rest.

    Raises
    ------
    MissingError, InputError
        When a site or the catalogue is unknown, or the catalogue answers for none of them.
    """
    grids = {site_id: site_grid(*locate(site_id), radius_m=radius_m) for site_id in site_ids}
    plans, unanswered = stac.find_all(grids, **search)
    found = stac.read_all(plans, workers=workers, memory_mb=memory_mb, progress=progress)
    rows = [(site_id, "", "", reason) for site_id, reason in unanswered.items()]
    unknown = pd.DataFrame(rows, columns=found.refused.columns)
    return replace(found, refused=pd.concat([found.refused, unknown], ignore_index=True) if rows else found.refused)


def register_windows(windows: stac.Windows, site_id: str) -> dict[str, Scene]:
    """Keep windows as scenes of the record, for :func:`extract_site`, maps and readings; return them by their new id.

    Their pictures are copied to ``geodata/scenes/``, each under the id of its scene and the site's. Nothing changes
    where the same is registered already.

    Raises
    ------
    InputError
        When a scene of that id is registered with other pixels.
    """
    where = scenes_room.scene_folder()
    kept = {stac.registered_id(scene_id, site_id): one for scene_id, one in windows.scenes.items()}
    raise_faults(_taken(kept, where), "geodata/scenes")
    for named, one in kept.items():
        stac.copy_window(one, where, named)
    return {named: scenes_room.get(named) for named in kept}


def _taken(kept: Mapping[str, Scene], where: Path) -> Iterator[Fault]:
    for named, one in kept.items():
        there = where / f"{named}.tif"
        if there.is_file() and files.sha256(there) != one.bands[0].sha256:
            yield Fault(
                f"scene {named}", "other pixels", "those read now", f"remove {named}.tif and .toml there to replace it"
            )


def point_boundary(lon: float, lat: float, *, radius_m: float = DEFAULT_BOUNDARY_M) -> gpd.GeoSeries:
    """Return the ground within a distance of a point, EPSG:4326, one polygon."""
    zone = utm_crs(lon, lat)
    x, y = Transformer.from_crs(4326, zone, always_xy=True).transform(lon, lat)
    return gpd.GeoSeries([shapely.Point(x, y).buffer(radius_m)], crs=zone).to_crs(4326)


def declared_ground(grid: Grid, role: str) -> gpd.GeoDataFrame | None:
    """Return declared ground of a role (``control`` or ``check``) that lies on a grid, or ``None``.

    It comes from the ``*_ground.geojson`` files beside the scenes; a file gives ground_id, role and a note.
    """
    found = [gpd.read_file(path) for path in sorted(scenes_room.scene_folder().glob("*_ground.geojson"))]
    if not found:
        return None
    listed = gpd.GeoDataFrame(pd.concat(found, ignore_index=True), geometry="geometry", crs=4326)
    box = grid.box.to_crs(4326).iloc[0]
    here = listed[(listed["role"] == role) & listed.intersects(box)]
    return here if len(here) else None


def extract_site(
    site_id: str,
    *,
    scenes: Mapping[str, Scene] | None = None,
    boundary: gpd.GeoSeries | gpd.GeoDataFrame | None = None,
    control: gpd.GeoSeries | gpd.GeoDataFrame | None = None,
    baseline: Sequence[str] | None = None,
    reference: str | None = None,
    calibration: area.Calibration | None = None,
    gsd_m: float = 10.0,
) -> SiteExtraction:
    """Return what was built at a site, from scenes that are here.

    Parameters
    ----------
    site_id
        A site of any list that is here.
    scenes
        Scenes by id, as from :func:`read_site`; all registered scenes that show the site when left out.
    boundary
        The site's boundary, such as its compound, in any CRS; everything within 750 m of its point when left out, which
        counts what neighbours build as well.
    control
        Ground on which nothing was ever built; what is declared beside the scenes, or else the calmest surroundings,
        when left out.
    baseline
        Scene ids of the state before; the earliest scene when left out.
    reference
        Scene id on which the others are laid; the latest when left out.
    calibration
        How mapped area becomes built-up area; the record's when left out, and none where it has none for `gsd_m`.
    gsd_m
        Pixels to work on.

    Raises
    ------
    MissingError
        When the site is unknown.
    InputError
        When fewer than two scenes show the site and can be registered, or an id is none of the scenes.
    """
    lon, lat = locate(site_id)
    outline = point_boundary(lon, lat) if boundary is None else _require_ground(boundary)
    grid = geometry_grid(outline, margin_m=MARGIN_M, gsd_m=gsd_m)
    showing, missing = _showing(scenes_room.load() if scenes is None else scenes, grid)
    base = _named(reference, showing, default=-1)
    moved, matches, refused = _registered(showing, base, grid, outline)
    rasters, broken = _read_all(moved, grid)
    ground = control if control is not None else declared_ground(grid, "control")
    before = list(baseline) if baseline is not None else [rasters[0].scene.scene_id]
    found = extract.read_series(rasters, baseline=before, site=outline, control=ground)
    table = _scene_table([one.scene for one in rasters], matches)
    left_out = pd.DataFrame([*missing, *refused, *broken], columns=["scene_id", "observed_on", "reason"])
    learnt = calibration or area.bundled()
    return SiteExtraction(
        site_id, found, area.estimate(found, learnt, site_id=site_id), extract.dated_polygons(found), table,
        reading_table(found), left_out, tuple(rasters), learnt if learnt and learnt.holds_for(gsd_m) else None,
    )  # fmt: skip


def _read_all(scenes: Sequence[Scene], grid: Grid) -> tuple[list[raster.Raster], list[tuple[str, str, str]]]:
    read, broken = [], []
    bar = notebook.bar("scenes")
    for done, one in enumerate(scenes, start=1):
        try:
            read.append(raster.read(one, grid, bands=_bands(one)))
        except CampsError as error:
            broken.append((one.scene_id, one.observed_on, str(error)))
        if bar:
            bar(done, len(scenes), one.observed_on)
    if len(read) < 2:
        raise InputError(f"{len(read)} scenes can be read, expected at least two; the first: {broken[0][2]}")
    return read, broken


def read_boundary(path: Path) -> gpd.GeoDataFrame:
    """Return the polygons of a vector file as the boundary of a site, EPSG:4326.

    Raises
    ------
    MissingError
        When the file is not there.
    InputError
        When it is no vector file, has no CRS, or holds anything but polygons.
    """
    if not path.is_file():
        raise MissingError(f"boundary {path}: no such file; expected polygons of the site's ground")
    try:
        ground = gpd.read_file(path)
    except (RuntimeError, ValueError, OSError, shapely.errors.ShapelyError) as error:
        raise InputError(f"boundary {path}: cannot be read as a vector file ({error})") from error
    if "geometry" not in ground or ground.crs is None:
        raise InputError(f"boundary {path}: no geometry or no CRS, expected polygons in a stated CRS")
    return gpd.GeoDataFrame(_require_ground(ground).to_crs(4326))


def _require_ground(boundary: gpd.GeoSeries | gpd.GeoDataFrame) -> gpd.GeoSeries | gpd.GeoDataFrame:
    kinds = set(boundary.geom_type.dropna())
    if not kinds or kinds - {"Polygon", "MultiPolygon"}:
        raise InputError(f"boundary: {', '.join(sorted(kinds)) or 'nothing'}, expected polygons of the site's ground")
    return boundary


def _showing(scenes: Mapping[str, Scene], grid: Grid) -> tuple[list[Scene], list[tuple[str, str, str]]]:
    here, away = [], []
    for one in scenes_room.in_order(scenes.values()):
        reason = _unusable(one, grid)
        if reason:
            away.append((one.scene_id, one.observed_on, reason))
        else:
            here.append(one)
    if len(here) < 2:
        raise InputError(
            f"{len(here)} scenes show the site, expected a baseline and at least one later scene; read some with "
            "`camps imagery read --register`, or add your own with `camps imagery add`" + _first_of(away)
        )
    return here, away


def _unusable(scene: Scene, grid: Grid) -> str:
    if not set(COLOURS) <= {band.name for band in scene.bands}:
        return "has no red, green and blue"
    try:
        return "" if raster.covers(scene, grid) else "does not show the site"
    except CampsError as error:
        return str(error)


def _first_of(left_out: Sequence[tuple[str, str, str]]) -> str:
    said = [f"{name}: {reason}" for name, _, reason in left_out if reason != "does not show the site"]
    return f" ({said[0]})" if said else ""


def _named(scene_id: str | None, scenes: Sequence[Scene], *, default: int) -> Scene:
    if scene_id is None:
        return scenes[default]
    for one in scenes:
        if one.scene_id == scene_id:
            return one
    raise InputError(f"scene {scene_id}: not among those that show the site: {', '.join(s.scene_id for s in scenes)}")


def _registered(
    scenes: Sequence[Scene], base: Scene, grid: Grid, outline: gpd.GeoSeries | gpd.GeoDataFrame
) -> tuple[list[Scene], dict[str, registration.Match], list[tuple[str, str, str]]]:
    apron = crs.to_lonlat(outline).to_crs(grid.crs).buffer(_APRON_M)
    others = [one for one in scenes if one is not base]
    found = {one.scene_id: one for one in registration.match_all(others, base, grid, exclude=apron)}
    sound = {name: one for name, one in found.items() if one.accepted}
    moved = [
        one if one is base else one.shifted(sound[one.scene_id].dx_m, sound[one.scene_id].dy_m)
        for one in scenes
        if one is base or one.scene_id in sound
    ]
    refused = [
        (one.scene_id, one.observed_on, f"cannot be registered: {found[one.scene_id].reason}")
        for one in scenes
        if one.scene_id in found and one.scene_id not in sound
    ]
    if len(moved) < 2:
        raise InputError(
            f"no scene can be registered on {base.scene_id}: {refused[0][2]}; name another with --reference"
        )
    return moved, sound, refused


def _bands(scene: Scene) -> list[str]:
    return [band.name for band in scene.bands if band.name in (*COLOURS, *_HELPFUL)]


def _scene_table(scenes: Sequence[Scene], matches: Mapping[str, registration.Match]) -> pd.DataFrame:
    table = scenes_room.scene_table(list(scenes))
    spread = {name: one.mad_m * 1.4826 for name, one in matches.items()}
    counted = {name: one.n_agree for name, one in matches.items()}
    return tables.check(
        table.assign(reg_sd_m=table["scene_id"].map(spread), reg_n=table["scene_id"].map(counted).astype("Int64")),
        "scene", source="registered scenes",
    )  # fmt: skip


def reading_table(extraction: extract.Extraction) -> pd.DataFrame:
    """Return what each scene was read with: one row a scene, in order of date."""
    rows = [
        {
            "scene_id": one.scene_id, "observed_on": one.observed_on, "status": one.status, "reason": one.reason,
            "threshold": one.threshold, "threshold_otsu": one.otsu, "threshold_control": one.control,
            "noise_colour": one.noise_colour, "noise_texture": one.noise_texture, "snow_share": one.snow_share,
            "frac_valid": one.frac_valid,
        }
        for one in extraction.readings
    ]  # fmt: skip
    return pd.DataFrame(rows)


def look_table(found: SiteExtraction) -> pd.DataFrame:
    """Return the looks of a site: ``look`` table of METHOD 1 plus observed_on and note."""
    said = found.readings["reason"].replace("", None)
    table = found.readings.assign(site_id=found.site_id, interpreter=extract.METHOD, note=said)
    columns = ["site_id", "scene_id", "status", "frac_valid", "interpreter", "observed_on", "note"]
    return tables.check(table[columns], "look", source=f"looks of {found.site_id}")


def write_extraction(found: SiteExtraction, folder: Path | None = None) -> list[Path]:
    """Write series, polygons, scenes, looks, thresholds and pictures of a site; return the paths.

    Parameters
    ----------
    found
        From :func:`extract_site`.
    folder
        Where to; ``exports/imagery/<site id>/`` when left out.

    Raises
    ------
    InputError
        When the folder cannot be written.
    """
    where = folder or settings.exports() / "imagery" / found.site_id
    listed: list[tuple[str, Any]] = [
        ("readings.csv", found.readings), ("left_out.csv", found.left_out), ("appeared.geojson", found.polygons)
    ]  # fmt: skip
    written = [
        tables.write(found.series, where / "series.csv", "series"),
        tables.write(found.scenes, where / "scenes.csv", "scene"),
        tables.write(look_table(found), where / "looks.csv", "look"),
        tables.write(found.footprints, where / "footprints.parquet", "footprint"),
        _write_plain(extract.seen_ground(found.extraction, site_id=found.site_id), where / "coverage.geojson"),
        *(_write_plain(table, where / name) for name, table in listed),
    ]
    return [*written, *_write_pictures(found, where)]


def _write_plain(table: pd.DataFrame, path: Path) -> Path:
    if isinstance(table, gpd.GeoDataFrame):
        return files.write_text(path, table.to_json(drop_id=True, ensure_ascii=False) + "\n")
    return files.write_text(path, record.csv_text(table))


def _write_pictures(found: SiteExtraction, where: Path) -> list[Path]:
    near = [one.cropped(*_around_site(found.extraction)) for one in found.rasters]
    seen = [one for one in near if one.valid.any()]
    built = found.footprints
    last = seen[-1]
    outline = built[built["scene_id"] == last.scene.scene_id]
    return [
        pictures.write_picture(pictures.build_contact_sheet(seen), where / "contact_sheet.png"),
        pictures.write_picture(pictures.build_before_after(seen[0], last), where / "before_after.png"),
        pictures.write_picture(pictures.build_picture(last, outlines=outline), where / "built.png"),
    ]


def _around_site(extraction: extract.Extraction) -> tuple[slice, slice]:
    edge = round(_APRON_M / extraction.grid.gsd_m)
    rows, columns = (np.flatnonzero(extraction.site.any(axis=axis)) for axis in (1, 0))
    return (
        slice(max(0, int(rows[0]) - edge), int(rows[-1]) + edge + 1),
        slice(max(0, int(columns[0]) - edge), int(columns[-1]) + edge + 1),
    )
