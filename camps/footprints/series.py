"""Loading a footprint series: polygons, scenes, looks and the log of what was mended."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from camps import engine, record, settings, sources, tables
from camps.crs import chunks
from camps.dates import Order, day_interval, iso_day, read_dates
from camps.errors import Fault, InputError, raise_faults
from camps.footprints.mending import LOG_COLUMNS, account, repair
from camps.footprints.overlap import without_duplicates
from camps.footprints.reading import places, read_dated
from camps.footprints.registered import arguments_of, default_id, is_series, second_arguments_of
from camps.sources import passing
from camps.sources.keeping import Kept
from camps.sources.registry import SOURCE_ID
from camps.sources.report import Report

_COLUMNS = (
    "footprint_id", "track_id", "site_id", "scene_id", "observed_on", "kind", "area_m2", "perimeter_m", "overlap_m2",
    "edge_sd_m", "edge_bias_m", "confidence", "method", "wkb_sha256", "repair", "note", "geometry",
)  # fmt: skip
_HASH_DIGITS = 16


@dataclass(frozen=True, repr=False)
class FootprintSeries(tables.Shown):
    """Footprints with the scenes they were seen in and the looks at each site.

    Attributes
    ----------
    footprints
        GeoDataFrame, EPSG:4326: the "footprint" table with track_id, observed_on (EDTF), overlap_m2, confidence, note;
        sorted by date, scene and footprint_id.
    scenes
        The "scene" table with observed_on; sorted by date.
    looks
        The "look" table with observed_on; empty when nobody recorded which site was covered.
    repairs
        What was done to the geometry, one row an action: source_file, source_row, footprint_id, observed_on, action,
        reason, area_before_m2, area_after_m2, kept (the row that stayed, for a duplicate).
    coverage
        GeoDataFrame, EPSG:4326: site_id, scene_id and the area in which a building would have been seen. May be empty;
        then the looks alone say what was covered.
    source_id
        Id of the registered series; empty for files.
    report
        What the reader noted, and its account: every feature, part, ring, vertex, date and kind of the files is used,
        or noted here or in `repairs`.
    """

    footprints: gpd.GeoDataFrame
    scenes: pd.DataFrame
    looks: pd.DataFrame
    repairs: pd.DataFrame
    coverage: gpd.GeoDataFrame
    source_id: str = ""
    report: Report = field(default_factory=Report)

    @property
    def summary(self) -> str:
        """Return how many footprints there are, and of how many dates."""
        dates = self._dates
        span = f", {dates[0]} to {dates[-1]}" if dates else ""
        named = f"{self.source_id}, " if self.source_id else ""
        return f"{named}{len(self.footprints):,} footprints on {len(dates)} dates{span}"

    @property
    def table(self) -> pd.DataFrame:
        """Return a row a date: its looks by status, and footprints by kind; null where none is and no look saw all."""
        held = pd.crosstab(self.footprints["observed_on"], self.footprints["kind"].astype(str))
        held = held.reindex(self._dates, fill_value=0).astype("Int64")
        # What a partial look did not outline may stand in the part that it did not see.
        saw = self.looks.loc[self.looks["status"].eq("observed"), "observed_on"]
        held = held.mask(held.eq(0) & ~held.index.isin(saw)[:, None])
        status = self.looks.groupby("observed_on")["status"]
        looked = status.agg(lambda of: ", ".join(f"{n} {name}" for name, n in of.value_counts(sort=False).items()))
        held.insert(0, "looks", looked.reindex(self._dates).astype("string"))
        return held.rename_axis(index="observed_on", columns=None).reset_index()

    @property
    def _dates(self) -> list[str]:
        return list(dict.fromkeys([*self.scenes["observed_on"], *self.footprints["observed_on"]]))


#: Registered series as loaded: a map, a claim and a page each ask for the same one.
_loaded: Kept[FootprintSeries] = Kept(4)
_MOST_KEPT_BYTES = 8_000_000


@engine.without_cycle_search()
@engine.system_memory()
def load(
    path: str | Path | Sequence[str | Path] | None = None,
    *,
    observed_on: str | Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    kind: str | None = None,
    scenes: pd.DataFrame | None = None,
    looks: pd.DataFrame | None = None,
    coverage: gpd.GeoDataFrame | None = None,
    gsd_m: float | None = None,
    layer: str | None = None,
    crs: Any = None,
    encoding: str | None = None,
    date_order: Order | None = None,
    edtf: bool | None = None,
    century: int | None = None,
    refused: Literal["raise", "drop"] = "raise",
    edge_sd_m: float | None = None,
    edge_bias_m: float | None = None,
) -> FootprintSeries:
    """Read footprints of any vector format, mend them with a log, and check every table.

    Parameters
    ----------
    path
        The id of a registered series, or one file or several (GeoJSON, GeoPackage, Shapefile, KML, GeoParquet …); the
        record's first series by default.
    observed_on
        The date of all rows, or of each file by its name, as EDTF text; without it a column ``observed_on``.
    columns
        The suite's column names and what the file calls them, such as ``{"track_id": "OBJECTID"}``.
    kind
        The kind of all rows where the file has no such column; ``building`` by default.
    scenes, looks
        The "scene" and "look" tables (``observed_on`` may stand for t_lo and t_hi). Without `scenes` there is one a
        date, for which `gsd_m` is needed.
    coverage
        Valid areas: site_id, scene_id, geometry in EPSG:4326.
    gsd_m
        Ground sample distance in metres of the images that the polygons were drawn on.
    layer, crs
        The layer or member to read (``*`` for all), and the CRS of files that state none.
    encoding
        Encoding of a Shapefile's attributes where its .cpg is missing or wrong.
    date_order, edtf, century
        How printed dates are read where they leave it open; see :func:`camps.dates.read_dates`.
    refused
        ``raise`` or ``drop`` for a polygon whose repair changes its area by more than max(1 %, 5 m²).
    edge_sd_m, edge_bias_m
        How exact the outlines of this source are where a row does not say so: the standard deviations, in metres, of
        one edge for itself, and of what all edges of one date are off together. Without them growth takes the pixel for
        the first and 0.8 m for the second, which a survey does better than and a coarse image worse.

    Returns
    -------
    FootprintSeries
        Row order, ring order and start, and the cutting of one file in two never change it.

    Raises
    ------
    MissingError, InputError, CheckError
        When no such series is registered, or a file of it is not the registered one. Otherwise listing every fault:
        rows without a date, geometries that are no polygon, unknown scenes, repeated ids …
    """
    rules = {"order": date_order, "edtf": edtf or None, "century": century}
    if (source_id := _registered(path)) is not None:
        given = (observed_on, columns, kind, scenes, looks, coverage, gsd_m, layer, crs, encoding, *rules.values())
        if any(one is not None for one in (*given, edge_sd_m, edge_bias_m)):
            raise InputError(f"{source_id}: is read as registered; give no option with it, or name its files instead")
        registered, told = arguments_of(source_id)
        return replace(_load_registered(source_id, registered, told), source_id=source_id)
    if refused not in ("raise", "drop"):
        raise InputError(f"refused {refused!r}: expected raise or drop")
    declared = {"edge_sd_m": edge_sd_m, "edge_bias_m": edge_bias_m}
    raise_faults(_metre_faults(declared), "footprints")
    paths = [Path(path)] if isinstance(path, (str, Path)) else [Path(one) for one in path or ()]
    report = Report()
    told = {name: rule for name, rule in rules.items() if rule is not None}
    frame, faults = read_dated(
        paths,
        observed_on=observed_on,
        columns=columns or {},
        layer=layer,
        assumed_crs=crs,
        report=report,
        encoding=encoding,
        rules=told,
        has_scenes=scenes is not None,
    )
    source = ", ".join(p.name for p in paths)
    raise_faults(faults, source)
    frame["kind"] = frame["kind"].fillna(kind or "building")
    for name, metres in declared.items():
        frame[name] = frame[name] if metres is None else frame[name].fillna(metres)
    dates = _dates_looked_at(frame, paths, observed_on, told)
    scene_table = _scenes(frame, dates, scenes, gsd_m, source)
    frame = _with_scenes(frame, scene_table, source)
    polygons, repairs = _polygons(frame, scene_table, refused, source, report)
    engine.give_back_memory()
    seen = _looks(looks, scene_table, source)
    if (edition := passing.edition()) is not None:
        edition.require_shown(source, polygons, seen)
    return FootprintSeries(polygons, scene_table, seen, repairs, _coverage(coverage), report=report)


def load_second(source_id: str) -> FootprintSeries | None:
    """Read the second reading of a registered series; nothing where nobody read its scenes twice."""
    told = second_arguments_of(source_id)
    return None if told is None else _load_registered(source_id, *told)


def _load_registered(source_id: str, paths: Sequence[Path], told: Mapping[str, Any]) -> FootprintSeries:
    """Read files that have their registered sums; what was read of the same files here before is not read again."""
    if passing.edition() is not None or sum(path.stat().st_size for path in paths) > _MOST_KEPT_BYTES:
        return load(paths, **told)
    decided = repr((sources.entry(source_id), [path.name for path in paths], record.current()))
    return _loaded.get(hashlib.sha256(decided.encode("utf-8", "surrogatepass")).digest(), partial(load, paths, **told))


def _registered(path: str | Path | Sequence[str | Path] | None) -> str | None:
    """Return the id of the registered series that is meant, or none where files are."""
    if path is None:
        return default_id()
    if not isinstance(path, str) or Path(path).is_file() or settings.find_home() is None:
        return None
    # A word without an ending is meant as an id, and an unknown one is answered with those there are.
    return path if is_series(path) or (SOURCE_ID.fullmatch(path) and not Path(path).suffix) else None


def _metre_faults(declared: Mapping[str, Any]) -> Iterator[Fault]:
    for name, metres in declared.items():
        number = isinstance(metres, int | float) and not isinstance(metres, bool) and math.isfinite(metres)
        if metres is not None and not (number and metres >= 0):
            yield Fault(f"option {name}", repr(metres), "metres, 0 or more")


def _polygons(
    frame: gpd.GeoDataFrame, scenes: pd.DataFrame, refused: Literal["raise", "drop"], source: str, report: Report
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    sound, repairs, faults = repair(frame, refused=refused)
    raise_faults(faults, source)
    sound = sound.assign(wkb_sha256=geometry_hashes(np.asarray(sound.geometry.array)))
    sound, duplicates = without_duplicates(sound)
    account(frame, sound, [repairs, duplicates], report)
    report.settle(source)
    sound["footprint_id"] = sound["footprint_id"].fillna(made_ids(sound))
    sound = sound[list(_COLUMNS)].iloc[in_order(sound, scenes)].reset_index(drop=True)
    repairs = pd.concat([repairs, duplicates.astype(object)], ignore_index=True) if len(duplicates) else repairs
    repairs = repairs.sort_values(["source_file", "source_row", "action"], kind="stable", ignore_index=True)
    return tables.check(sound, "footprint", source=source), repairs[list(LOG_COLUMNS)]


def geometry_hashes(shapes: NDArray[Any]) -> Any:
    """Return the SHA-256 of each geometry's WKB, the same whatever the order, start and direction of its rings.

    It is an array of text of the length of `shapes`.
    """
    hashes = [pd.Series(dtype="string")]
    for chunk in chunks(len(shapes)):
        part = shapes[chunk]
        # A copy of flat outlines takes as long as their normal form.
        flat = shapely.force_2d(part) if (shapely.get_coordinate_dimension(part) > 2).any() else part
        plain = shapely.normalize(flat)
        digests = [hashlib.sha256(wkb).hexdigest() for wkb in shapely.to_wkb(plain, byte_order=1)]
        hashes.append(pd.Series(digests, dtype="string"))
    return pd.concat(hashes).array


def made_ids(frame: gpd.GeoDataFrame) -> pd.Series[Any]:
    """Return an id for each outline, of its scene, its kind and its sum."""
    made: pd.Series[Any] = frame["scene_id"] + "-" + frame["kind"] + "-" + frame["wkb_sha256"].str[:_HASH_DIGITS]
    return made


def in_order(footprints: gpd.GeoDataFrame, scenes: pd.DataFrame) -> NDArray[np.intp]:
    """Return the positions of footprints in the order of their scenes, and of their footprint_id within one."""
    scene = pd.Index(scenes["scene_id"]).get_indexer(pd.Index(footprints["scene_id"]))
    ids = footprints["footprint_id"].array
    steps = np.diff(scene)
    # A loaded series is in order: to see that takes a tenth of sorting it.
    if (steps >= 0).all() and np.asarray(ids[:-1] <= ids[1:])[steps == 0].all():
        return np.arange(len(scene))
    by_id = np.asarray(ids.argsort(kind="stable"))
    return np.asarray(by_id[np.argsort(scene[by_id], kind="stable")], dtype=np.intp)


def _dates_looked_at(
    frame: gpd.GeoDataFrame,
    paths: Sequence[Path],
    observed_on: str | Mapping[str, str] | None,
    rules: Mapping[str, Any],
) -> list[str]:
    # A file without a single polygon is a look that saw none, and its scene must not be lost.
    given = [observed_on.get(p.name) if isinstance(observed_on, Mapping) else observed_on for p in paths]
    read = read_dates(pd.Series([date for date in given if date is not None], dtype="string"), **rules)
    for unread in read["remark"][read["edtf"].isna()].dropna():
        raise InputError(str(unread))
    return sorted({*frame["observed_on"].unique(), *read["edtf"].dropna()}, key=day_interval)


def _scenes(
    frame: gpd.GeoDataFrame, dates: Sequence[str], scenes: pd.DataFrame | None, gsd_m: float | None, source: str
) -> pd.DataFrame:
    table = _derived_scenes(frame, dates, gsd_m, source) if scenes is None else scenes.copy()
    _require(table, ("scene_id",) if "observed_on" in table else ("scene_id", "t_lo", "t_hi"), f"scenes of {source}")
    if "observed_on" not in table:
        same = table["t_lo"] == table["t_hi"]
        table["observed_on"] = table["t_lo"].where(same, table["t_lo"] + "/" + table["t_hi"])
    bounds = [tuple(iso_day(end) for end in day_interval(str(text))) for text in table["observed_on"]]
    for name, ends in pd.DataFrame(bounds, index=table.index, columns=["t_lo", "t_hi"], dtype=object).items():
        table[name] = table.get(name, ends).fillna(ends)
    for name in ("reg_dx_m", "reg_dy_m", "reg_sd_m", "reg_n", "sha256", "source_file"):
        table[name] = table.get(name, pd.Series(np.nan, index=table.index))
    checked = tables.check(table, "scene", source=f"scenes of {source}")
    return checked.sort_values(["t_lo", "t_hi", "scene_id"], ignore_index=True)


def release_scenes(dates: Sequence[str], gsd_m: Sequence[float]) -> pd.DataFrame:
    """Return the "scene" table of dates of which nothing else is known than the pixel of their images, in metres."""
    table = pd.DataFrame({"observed_on": dates, "gsd_m": np.asarray(gsd_m, dtype=np.float64)})
    table = table.assign(scene_id="scene-" + table["observed_on"], sensor="not stated", licence="not stated")
    return _scenes(gpd.GeoDataFrame(), dates, table, None, "releases")


def _derived_scenes(frame: gpd.GeoDataFrame, dates: Sequence[str], gsd_m: float | None, source: str) -> pd.DataFrame:
    if gsd_m is None:
        raise InputError(
            f"{source}: no scenes, expected them or gsd_m; say --gsd (gsd_m=), the pixel of the images in metres"
        )
    named = frame[["scene_id", "observed_on"]].dropna().drop_duplicates()
    unnamed = [date for date in dates if date not in set(named["observed_on"])]
    unnamed += list(frame.loc[frame["scene_id"].isna(), "observed_on"].unique())
    made = pd.DataFrame({"observed_on": sorted(set(unnamed), key=day_interval)})
    made["scene_id"] = "scene-" + made["observed_on"].astype(str)
    table: pd.DataFrame = pd.concat([named, made], ignore_index=True)
    return table.assign(sensor="not stated", gsd_m=float(gsd_m), licence="not stated")


def _with_scenes(frame: gpd.GeoDataFrame, scenes: pd.DataFrame, source: str) -> gpd.GeoDataFrame:
    by_date = scenes.set_index("observed_on")["scene_id"]
    shared = set(by_date.index[by_date.index.duplicated()])
    unsure = frame[frame["scene_id"].isna() & frame["observed_on"].isin(shared)]
    if len(unsure):
        place, date = places(unsure).iloc[0], unsure["observed_on"].iloc[0]
        raise InputError(f"{place}: no scene_id, and {date} has several scenes; say in which the polygon was seen")
    by_date = by_date[~by_date.index.duplicated()]
    named = frame.assign(scene_id=frame["scene_id"].fillna(frame["observed_on"].map(by_date)))
    known = scenes.set_index("scene_id")
    strange = sorted(set(named["scene_id"].dropna().unique()) - set(known.index))
    if strange or named["scene_id"].isna().any():
        missing = strange or sorted(set(named.loc[named["scene_id"].isna(), "observed_on"]))
        raise InputError(f"{source}: no scene for {', '.join(missing[:5])}; add it to scenes, or correct the rows")
    other = named[named["scene_id"].map(known["observed_on"]) != named["observed_on"]]
    if len(other):
        row = other.iloc[0]
        raise InputError(
            f"{row['source_file']} row {row['source_row']}: scene {row['scene_id']} on {row['observed_on']}, expected "
            f"{known.loc[row['scene_id'], 'observed_on']}; a scene has one date, correct the row or the scene"
        )
    return named.assign(gsd_m=named["scene_id"].map(known["gsd_m"]))


def _looks(looks: pd.DataFrame | None, scenes: pd.DataFrame, source: str) -> pd.DataFrame:
    names = ["site_id", "scene_id", "status", "frac_valid", "interpreter"]
    table = pd.DataFrame(columns=names) if looks is None else looks.copy()
    for name in ("frac_valid", "interpreter"):
        table[name] = table.get(name, pd.Series(np.nan, index=table.index))
    _require(table, ("site_id", "scene_id", "status"), f"looks of {source}")
    strange = sorted(set(table["scene_id"].dropna().astype(str)) - set(scenes["scene_id"]))
    if strange:
        raise InputError(
            f"looks of {source}: no scene {', '.join(strange[:5])}; add it to scenes, or correct the looks"
        )
    table["observed_on"] = table["scene_id"].map(scenes.set_index("scene_id")["observed_on"])
    checked = tables.check(table, "look", source=f"looks of {source}")
    order = checked["scene_id"].map({scene: i for i, scene in enumerate(scenes["scene_id"])})
    return checked.assign(_order=order).sort_values(["site_id", "_order"], ignore_index=True).drop(columns="_order")


def _coverage(coverage: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    if coverage is None or coverage.empty:
        return gpd.GeoDataFrame({"site_id": [], "scene_id": []}, geometry=[], crs=4326)
    _require(coverage, ("site_id", "scene_id"), "coverage")
    return coverage.to_crs(4326)[["site_id", "scene_id", "geometry"]]


def _require(table: pd.DataFrame, names: Sequence[str], what: str) -> None:
    if missing := [name for name in names if name not in table]:
        raise InputError(f"{what}: no column {', '.join(missing)}; expected {', '.join(names)}; add it")
