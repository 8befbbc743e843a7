"""Scenes from STAC catalogues: find them, say what reading them will cost, read only the window of a site."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pystac
import requests
import shapely
import tomlkit
from pystac.errors import STACError
from pystac_client import Client
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from urllib3 import Retry

from camps import files, settings
from camps.errors import InputError, MissingError
from camps.imagery import raster
from camps.imagery.grid import Grid
from camps.imagery.scene import Band, Scene, load

#: Sentinel-2 level 2A products from this processing baseline on carry an offset of −1000 (since 2022-01-25).
OFFSET_BASELINE = 4.0
_S2_SCALE, _S2_OFFSET = 1e-4, -0.1
DEFAULT_CLOUD_PERCENT = 20.0
DEFAULT_BANDS = ("red", "green", "blue", "nir", "swir16", "scl")
TRIES = 5
_WORKERS = 4
_TIMEOUT_S = 30
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")

#: GDAL options for reading over HTTP: no listing of folders, a few tries, and then an end.
REMOTE = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_HTTP_MAX_RETRY": str(TRIES), "GDAL_HTTP_RETRY_DELAY": "0.2",
    "GDAL_HTTP_RETRY_CODES": "ALL", "GDAL_HTTP_TIMEOUT": str(_TIMEOUT_S), "GDAL_HTTP_CONNECTTIMEOUT": "10",
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
}  # fmt: skip


@dataclass(frozen=True)
class Catalogue:
    """Where scenes are listed: a preset, or an address or folder of one's own (then most fields have defaults)."""

    id: str
    url: str
    collections: tuple[str, ...] = ()
    licence: str = ""
    attribution: str = ""
    sign: str | None = None
    assets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What a search found and what reading it will take, before anything is read.

    Attributes
    ----------
    catalogue
        Where it was found.
    grid, bands
        The window, and the bands that will be read where a scene has them.
    scenes
        The scenes, in order of date.
    left_out
        Scenes that were found and not taken: scene_id, observed_on, reason.
    """

    catalogue: Catalogue
    grid: Grid
    bands: tuple[str, ...]
    scenes: tuple[Scene, ...]
    left_out: pd.DataFrame

    @property
    def table(self) -> pd.DataFrame:
        """Return one row a scene: scene_id, observed_on, sensor, gsd_m, cloud_percent, bands, window_bytes, licence.

        ``window_bytes`` is the size of the window uncompressed at two bytes a sample: what is transferred is usually
        less, and at least some blocks of each file.
        """
        columns = [
            "scene_id", "observed_on", "sensor", "gsd_m", "cloud_percent", "bands", "window_bytes", "licence"
        ]  # fmt: skip
        rows = [
            (one.scene_id, one.observed_on, one.sensor, one.gsd_m, one.cloud_percent,
             ", ".join(band.name for band in one.bands), self._window_bytes(one), one.licence)
            for one in self.scenes
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def _window_bytes(self, scene: Scene) -> int:
        west, south, east, north = self.grid.bounds
        return int(2 * len(scene.bands) * (east - west) * (north - south) / scene.gsd_m**2)

    def only(self, scene_ids: Iterable[str]) -> Plan:
        """Return the plan for some of its scenes.

        Raises
        ------
        InputError
            When one is not in the plan.
        """
        wanted = list(scene_ids)
        known = {one.scene_id: one for one in self.scenes}
        absent = [one for one in wanted if one not in known]
        if absent:
            raise InputError(f"scene {', '.join(absent)}: not in the plan, which has {', '.join(known) or 'none'}")
        return replace(self, scenes=tuple(known[one] for one in wanted))


def presets(path: Path | None = None) -> dict[str, Catalogue]:
    """Return the known catalogues by id, from ``geodata/scenes/stac.toml``.

    Raises
    ------
    MissingError, InputError
        When the file is not there or not sound.
    """
    where = path or settings.geodata() / "scenes" / "stac.toml"
    with files.readable(where):
        content = where.read_text("utf-8")
    try:
        entries = tomllib.loads(content)["catalogue"]
        return {one["id"]: _preset(one) for one in entries}
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise InputError(f"{where}: not a list of [[catalogue]] with id, url and assets ({error})") from error


def _preset(entry: Mapping[str, Any]) -> Catalogue:
    return Catalogue(
        entry["id"], entry["url"], tuple(entry["collections"]), entry["licence"], entry["attribution"],
        entry.get("sign"), dict(entry["assets"]),
    )  # fmt: skip


def catalogue(named: str) -> Catalogue:
    """Return a catalogue: a preset by its id, or an address or a folder of one's own.

    Raises
    ------
    MissingError
        When it is neither a preset, nor an address, nor a folder or file that is there.
    """
    known = presets()
    if named in known:
        return known[named]
    if "://" in named:
        return Catalogue(re.sub(r"[^A-Za-z0-9._-]+", "-", named.split("://", 1)[1]).strip("-"), named)
    path = Path(named)
    path = path / "catalog.json" if path.is_dir() else path
    if not path.is_file():
        raise MissingError(f"catalogue {named}: neither a preset ({', '.join(known)}), an address, nor a folder here")
    return Catalogue(path.resolve().parent.name, str(path.resolve()))


def find(
    grid: Grid,
    *,
    start: str,
    end: str,
    source: str = "earth-search",
    cloud_percent: float = DEFAULT_CLOUD_PERCENT,
    bands: Sequence[str] = DEFAULT_BANDS,
    collections: Sequence[str] = (),
) -> Plan:
    """Return a plan of the scenes that show a grid in a period.

    Parameters
    ----------
    grid
        The ground, as from :func:`camps.imagery.site_grid`.
    start, end
        First and last UTC date, as year, month or day; both whole.
    source
        A preset, the address of a STAC API or a static catalogue, or a folder that holds one.
    cloud_percent
        Scenes with more cloud, as published, are left out; those that publish none are taken.
    bands
        Bands to read where a scene has them.
    collections
        Collections to search; the preset's, or all, when left out.

    Returns
    -------
    Plan
        With ``.table`` and ``.left_out``. Of two processings of one scene the newer is taken.

    Raises
    ------
    InputError
        When a date is not one, or the catalogue does not answer, or answers with something else.
    MissingError
        When there is no such catalogue.
    """
    where = catalogue(source)
    period = _period(start, end)
    items = list(_items(where, grid, period, collections or where.collections))
    scenes, dropped = [], []
    for item in sorted(items, key=lambda one: (_instant(one), one.id)):
        scene = _scene(item, where, bands)
        reason = _refusal(scene, cloud_percent)
        if reason:
            dropped.append((scene.scene_id, scene.observed_on, reason))
        else:
            scenes.append(scene)
    newest, older = _newest(scenes)
    left_out = pd.DataFrame([*dropped, *older], columns=["scene_id", "observed_on", "reason"])
    return Plan(where, grid, tuple(bands), tuple(newest), left_out)


def _period(start: str, end: str) -> tuple[datetime, datetime]:
    for name, text in (("from", start), ("to", end)):
        if not _DATE.fullmatch(text):
            raise InputError(f"--{name} {text!r}: expected a year, month or day such as 2017, 2017-06 or 2017-06-10")
    try:
        first = pd.Timestamp(start, tz="UTC")
        unit = {4: pd.DateOffset(years=1), 7: pd.DateOffset(months=1), 10: pd.DateOffset(days=1)}[len(end)]
        last = pd.Timestamp(end, tz="UTC") + unit - pd.Timedelta(seconds=1)
    except ValueError as error:
        raise InputError(f"period {start} to {end}: no such date ({error})") from error
    if last < first:
        raise InputError(f"period {start} to {end}: ends before it begins; swap the dates")
    return first.to_pydatetime(), last.to_pydatetime()


def _items(
    where: Catalogue, grid: Grid, period: tuple[datetime, datetime], collections: Sequence[str]
) -> Iterator[pystac.Item]:
    try:
        if "://" in where.url and _is_api(where.url):
            yield from _search(where, grid, period, collections)
        else:
            yield from _walk(where, grid, period, collections)
    except (APIError, requests.RequestException, STACError, OSError, ValueError, KeyError) as error:
        text = " ".join(str(error).split())[:200]
        raise InputError(
            f"catalogue {where.url}: does not answer as a STAC catalogue ({text}); check the address and the network, "
            "or take another with --source"
        ) from error


def _is_api(url: str) -> bool:
    return not url.endswith(".json")


def _search(
    where: Catalogue, grid: Grid, period: tuple[datetime, datetime], collections: Sequence[str]
) -> Iterator[pystac.Item]:
    retries = Retry(
        total=TRIES, backoff_factor=0.2, status_forcelist=[429, 500, 502, 503, 504], allowed_methods=None,
        raise_on_status=True,
    )  # fmt: skip
    client = Client.open(where.url, stac_io=StacApiIO(max_retries=retries, timeout=_TIMEOUT_S))
    known = {one.id for one in client.get_collections()}
    wanted = [one for one in collections if one in known] or None
    west, south, east, north = grid.lonlat_bounds
    found = client.search(collections=wanted, bbox=[west, south, east, north], datetime=list(period), limit=100)
    yield from found.items()


def _walk(
    where: Catalogue, grid: Grid, period: tuple[datetime, datetime], collections: Sequence[str]
) -> Iterator[pystac.Item]:
    box = shapely.box(*grid.lonlat_bounds)
    for item in pystac.Catalog.from_file(where.url).get_items(recursive=True):
        in_time = period[0] <= _instant(item) <= period[1]
        here = bool(shapely.intersects(_box(item), box))
        if in_time and here and (not collections or item.collection_id in collections):
            yield item


def _box(item: pystac.Item) -> shapely.Geometry:
    if item.bbox is None:
        return shapely.Point()
    west, south, east, north = item.bbox if len(item.bbox) == 4 else (*item.bbox[:2], *item.bbox[3:5])
    return shapely.box(west, south, east, north)


def _instant(item: pystac.Item) -> datetime:
    instant = item.datetime or item.common_metadata.start_datetime
    if instant is None:
        raise STACError(f"item {item.id} has no date")
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _scene(item: pystac.Item, where: Catalogue, bands: Sequence[str]) -> Scene:
    day = _instant(item).date().isoformat()
    properties = item.properties
    found = [band for name in bands if (band := _band(item, name, where)) is not None]
    gsd_m = float(properties.get("gsd") or min((_asset_gsd(item, band) for band in found), default=10.0))
    licence, attribution = _rights(item, where)
    return Scene(
        item.id, _sensor(properties), day, gsd_m, tuple(found), licence, attribution,
        cloud_percent=_number(properties.get("eo:cloud_cover")), platform=properties.get("platform"),
        processing=str(properties.get("s2:processing_baseline") or properties.get("processing:version") or "") or None,
        properties={
            "key": _pass_key(item), "collection": item.collection_id, "updated": str(properties.get("updated"))
        },
    )  # fmt: skip


def _rights(item: pystac.Item, where: Catalogue) -> tuple[str, str]:
    licence = where.licence or str(item.properties.get("license") or "")
    text = where.attribution.format(year=_instant(item).year) or str(item.properties.get("attribution") or "")
    collection = None if (licence and text) else _collection(item)
    if collection is not None:
        producers = ", ".join(one.name for one in collection.providers or [] if one.name)
        licence = licence or str(collection.license or "")
        text = text or str(collection.extra_fields.get("attribution") or producers)
    return licence, text


def _collection(item: pystac.Item) -> pystac.Collection | None:
    try:
        return item.get_collection()
    except (STACError, OSError, ValueError, requests.RequestException, APIError):
        return None


def _sensor(properties: Mapping[str, Any]) -> str:
    platform, instruments = properties.get("platform"), properties.get("instruments")
    names = [str(platform)] if platform else []
    return " ".join([*names, *(str(one).upper() for one in instruments or [])]) or "unknown instrument"


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _asset(item: pystac.Item, name: str, where: Catalogue) -> tuple[pystac.Asset, int] | None:
    if where.assets:
        asset = item.assets.get(where.assets.get(name, name))
        return (asset, 1) if asset is not None else None
    if name in item.assets:
        return item.assets[name], 1
    for asset in item.assets.values():
        for number, band in enumerate(asset.extra_fields.get("eo:bands") or asset.extra_fields.get("bands") or [], 1):
            if name in (band.get("common_name"), band.get("eo:common_name"), band.get("name")):
                return asset, number
    return None


def _band(item: pystac.Item, name: str, where: Catalogue) -> Band | None:
    found = _asset(item, name, where)
    if found is None:
        return None
    asset, number = found
    href = asset.get_absolute_href() or asset.href
    stored = asset.extra_fields.get("raster:bands") or asset.extra_fields.get("bands") or [{}]
    meaning = stored[number - 1] if len(stored) >= number else {}
    scale, offset = _values(item, name, meaning)
    return Band(name, href, number, scale, offset, _number(meaning.get("nodata")), bytes=_size(asset))


def _size(asset: pystac.Asset) -> int | None:
    size = asset.extra_fields.get("file:size")
    return int(size) if size else None


def _values(item: pystac.Item, name: str, meaning: Mapping[str, Any]) -> tuple[float, float]:
    """Return scale and offset of a band, with the Sentinel-2 offset of 2022 exactly once."""
    if name in raster.CLASS_BANDS:
        return 1.0, 0.0
    stated = meaning.get("scale", meaning.get("raster:scale"))
    offset = meaning.get("offset", meaning.get("raster:offset"))
    if not _is_sentinel2_l2a(item):
        return float(1.0 if stated is None else stated), float(offset or 0.0)
    scale = float(stated) if stated else _S2_SCALE
    return scale, 0.0 if _offset_is_in(item) else _S2_OFFSET


def _is_sentinel2_l2a(item: pystac.Item) -> bool:
    named = " ".join([item.collection_id or "", str(item.properties.get("s2:product_type") or "")]).lower()
    return "sentinel-2" in named and "l1c" not in named and "8-bit" not in named


def _offset_is_in(item: pystac.Item) -> bool:
    # Earth Search took the offset out of its first collection's pixels and says so; older products never had one.
    if item.properties.get("earthsearch:boa_offset_applied") is True:
        return True
    baseline = item.properties.get("s2:processing_baseline") or item.properties.get("processing:version") or "0"
    try:
        return float(str(baseline)) < OFFSET_BASELINE
    except ValueError:
        return False


def _asset_gsd(item: pystac.Item, band: Band) -> float:
    for asset in item.assets.values():
        if (asset.get_absolute_href() or asset.href) == band.href:
            return float(asset.extra_fields.get("gsd") or 10.0)
    return 10.0


def _pass_key(item: pystac.Item) -> str:
    tile = item.properties.get("grid:code") or item.properties.get("s2:mgrs_tile") or str(item.bbox)
    return f"{item.properties.get('platform')} {tile} {_instant(item):%Y-%m-%dT%H:%M}"


def _refusal(scene: Scene, cloud_percent: float) -> str:
    if not scene.bands:
        return "has none of the bands asked for"
    if not scene.licence or not scene.attribution:
        return "states no licence or no attribution: a picture without them is never shown"
    if scene.cloud_percent is not None and scene.cloud_percent > cloud_percent:
        return f"cloud {scene.cloud_percent:.0f} %, more than {cloud_percent:g} %"
    return ""


def _newest(scenes: Sequence[Scene]) -> tuple[list[Scene], list[tuple[str, str, str]]]:
    best: dict[str, Scene] = {}
    for scene in scenes:
        key = str(scene.properties["key"])
        if key not in best or _rank(scene) > _rank(best[key]):
            best[key] = scene
    kept = [one for one in scenes if best[str(one.properties["key"])] is one]
    older = [
        (one.scene_id, one.observed_on, f"older processing of {best[str(one.properties['key'])].scene_id}")
        for one in scenes
        if best[str(one.properties["key"])] is not one
    ]
    return kept, older


def _rank(scene: Scene) -> tuple[str, str, str]:
    return scene.processing or "", str(scene.properties["updated"]), scene.scene_id


def read(
    plan: Plan,
    *,
    progress: Callable[[int, int, str], None] | None = None,
    folder: Path | None = None,
) -> dict[str, Scene]:
    """Read the window of every planned scene into the cache and return the scenes as they lie there.

    What is in the cache already is not read again. A window is written whole or not at all, so a run that was stopped
    goes on where it ended.

    Parameters
    ----------
    plan
        From :func:`find`.
    progress
        Called with windows done, windows in all, and the scene's id.
    folder
        Where to keep the windows; the cache when left out.

    Returns
    -------
    dict
        Scenes by id in order of date: float32 GeoTIFFs of reflectance (NaN where there is none) on the plan's grid.

    Raises
    ------
    InputError
        When a server does not answer after five tries, or a file is none; windows read before stay in the cache.
    """
    where = folder or cache_folder(plan)
    tokens: dict[str, str] = {}
    known = load(where) if where.is_dir() else {}
    todo = [one for one in plan.scenes if one.scene_id not in known or not _sound(known[one.scene_id])]
    done = len(plan.scenes) - len(todo)
    for scene in todo:
        _token(plan.catalogue, str(scene.properties.get("collection")), tokens)
    with ThreadPoolExecutor(_WORKERS) as pool:
        running = {pool.submit(_fetch, one, plan, where, tokens): one for one in todo}
        try:
            for finished in as_completed(running):
                finished.result()
                done += 1
                if progress is not None:
                    progress(done, len(plan.scenes), running[finished].scene_id)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    cached = load(where) if where.is_dir() else {}
    return {one.scene_id: cached[one.scene_id] for one in plan.scenes}


def _sound(scene: Scene) -> bool:
    path = Path(scene.bands[0].href)
    return path.is_file() and path.stat().st_size == scene.bands[0].bytes


def cache_folder(plan: Plan) -> Path:
    """Return where the windows of a plan are kept: one folder a catalogue, window and set of bands."""
    grid = plan.grid
    text = repr((grid.crs, grid.west, grid.north, grid.gsd_m, grid.width, grid.height, plan.bands))
    key = hashlib.sha256(text.encode()).hexdigest()[:12]
    lon, lat = grid.centre
    return settings.cache() / "imagery" / plan.catalogue.id / f"{lon:.4f}_{lat:.4f}_{key}"


def _token(where: Catalogue, collection: str, tokens: dict[str, str]) -> None:
    if where.sign is None or collection in tokens:
        return
    try:
        answer = requests.get(where.sign.format(collection=collection), timeout=_TIMEOUT_S)
        answer.raise_for_status()
        tokens[collection] = str(answer.json()["token"])
    except (requests.RequestException, ValueError, KeyError) as error:
        raise InputError(f"catalogue {where.id}: gives no token for reading ({error}); try again later") from error


def _fetch(scene: Scene, plan: Plan, where: Path, tokens: Mapping[str, str]) -> None:
    token = tokens.get(str(scene.properties.get("collection")))
    signed = tuple(
        replace(band, href=f"{band.href}?{token}" if token else band.href, bytes=None) for band in scene.bands
    )
    window = raster.read(replace(scene, bands=signed), plan.grid, options=REMOTE)
    picture = where / f"{_safe(scene.scene_id)}.tif"
    with files.replacing(picture) as temporary:
        raster.write_geotiff(window.values, plan.grid, temporary, bands=window.bands, nodata=float("nan"))
    _describe(scene, window.bands, picture, where / f"{_safe(scene.scene_id)}.toml")


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)


def _describe(scene: Scene, bands: Sequence[str], picture: Path, path: Path) -> None:
    entry: dict[str, Any] = {
        "id": _safe(scene.scene_id), "sensor": scene.sensor, "observed_on": scene.observed_on, "gsd_m": scene.gsd_m,
        "licence": scene.licence, "attribution": scene.attribution,
        "origin": [band.href for band in scene.bands],
        "file": [
            {"name": picture.name, "bands": list(bands), "sha256": files.sha256(picture),
             "bytes": picture.stat().st_size}
        ],
    }  # fmt: skip
    files.write_text(path, tomlkit.dumps({"scene": [entry]}))
