"""Scenes from STAC catalogues: find them, say what reading them will cost, read only the window of a site."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Required, TypedDict, Unpack
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pystac
import shapely
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pystac.errors import STACError, STACTypeError
from shapely import affinity
from shapely.errors import ShapelyError

from camps import files, record, settings, tables
from camps.errors import CampsError, CheckError, InputError, MissingError
from camps.imagery import raster
from camps.imagery.fetching import (
    SiteWindows,
    Windows,
    cache_folder,
    copy_window,
    read,
    read_all,
    registered_id,
    safe,
)
from camps.imagery.grid import Grid
from camps.imagery.scene import Band, Scene, in_order, scene_folder

#: What is read of a plan is asked for here as well: `fetching` knows plans by their shape alone.
__all__ = [
    "DEFAULT_BANDS", "DEFAULT_CLOUD_PERCENT", "OFFSET_BASELINE", "SEARCHES", "Catalogue", "Plan", "Search",
    "SiteWindows", "Windows", "cache_folder", "catalogue", "copy_window", "find", "find_all", "presets", "read",
    "read_all", "registered_id",
]  # fmt: skip

#: Sentinel-2 level 2A products from this processing baseline on carry an offset of −1000 (since 2022-01-25).
OFFSET_BASELINE = 4.0
_S2_SCALE, _S2_OFFSET = 1e-4, -0.1
DEFAULT_CLOUD_PERCENT = 20.0
DEFAULT_BANDS = ("red", "green", "blue", "nir", "swir16", "scl")
#: Searches that run side by side when nothing else is asked for.
SEARCHES = 4
_KNOWN = Path(__file__).with_name("catalogues.toml")
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_BASELINE = re.compile(r"N?(\d{1,2})\.?(\d{2})?")
#: Roles of assets whose numbers were stretched to be looked at.
_FOR_THE_EYE = {"overview", "visual", "thumbnail"}
#: More items than these are no catalogue of one site, and a catalogue that holds itself has no end.
_MOST_DOCUMENTS = 100_000
#: Earth Search took the offset off the pixels of this collection without a reliable word on which of them.
_UNRELIABLE = ("earth-search.aws.element84.com", "sentinel-2-l2a")


@dataclass(frozen=True)
class Catalogue:
    """Where scenes are listed: a preset, or an address or folder of one's own (then most fields have defaults)."""

    id: str
    url: str
    collections: tuple[str, ...] = ()
    title: str = ""
    licence: str = ""
    attribution: str = ""
    sign: str | None = None
    assets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Plan(tables.Shown):
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
    n_found
        Items that the catalogue gave: as many as taken and left out.
    """

    catalogue: Catalogue
    grid: Grid
    bands: tuple[str, ...]
    scenes: tuple[Scene, ...]
    left_out: pd.DataFrame
    n_found: int = 0

    @property
    def summary(self) -> str:
        """Return the account of the search as one line: ``items 13 = used 12 + left out 1``."""
        return f"items {self.n_found} = used {len(self.scenes)} + left out {len(self.left_out)}"

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
        rest = [(one.scene_id, one.observed_on, "not asked for") for one in self.scenes if one.scene_id not in wanted]
        left_out = pd.DataFrame([*self.left_out.to_numpy().tolist(), *rest], columns=self.left_out.columns)
        return replace(self, scenes=tuple(known[one] for one in wanted), left_out=left_out)


def presets(path: Path | None = None) -> dict[str, Catalogue]:
    """Return the known catalogues by id: those that the suite knows, and the record's own, which go before.

    Parameters
    ----------
    path
        A file to read in place of the record's ``geodata/scenes/stac.toml``.

    Raises
    ------
    MissingError, InputError
        When the file is not there or not sound.
    """
    own = path or (scene_folder() / "stac.toml" if settings.find_home() is not None else None)
    listed = [_KNOWN, *([own] if own is not None and (path is not None or files.is_there(own)) else [])]
    sound = [record.build(_Presets, record.read_toml(one), what=one.name) for one in listed]
    return {one.id: _preset(one) for file in sound for one in file.catalogue}


def _as_attribution(text: str) -> str:
    try:
        return text if text.format(year=2020) else ""
    except (LookupError, ValueError, AttributeError):
        raise ValueError("text in which {year} alone stands for something") from None


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Preset(_Model):
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
    title: str = ""
    url: Annotated[str, Field(pattern=r"^https?://")]
    collections: list[str] = []
    licence: str = ""
    attribution: Annotated[str, AfterValidator(_as_attribution)] = ""
    sign: Annotated[str, Field(pattern=r"^https://")] | None = None
    assets: dict[str, str] = {}


class _Presets(_Model):
    catalogue: list[_Preset]


def _preset(entry: _Preset) -> Catalogue:
    return Catalogue(
        entry.id, entry.url, tuple(entry.collections), entry.title, entry.licence, entry.attribution, entry.sign,
        entry.assets,
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
        raise MissingError(
            f"catalogue {named}: neither a preset ({', '.join(known)}), an address, nor a folder here; name one "
            "with --source"
        )
    return Catalogue(path.resolve().parent.name, str(path.resolve()))


class Search(TypedDict, total=False):
    """What is looked for in a catalogue, as for :func:`find`."""

    start: Required[str]
    end: Required[str]
    source: str
    cloud_percent: float
    bands: Sequence[str]
    collections: Sequence[str]
    licence: str
    attribution: str


def find(
    grid: Grid,
    *,
    start: str,
    end: str,
    source: str = "earth-search",
    cloud_percent: float = DEFAULT_CLOUD_PERCENT,
    bands: Sequence[str] = DEFAULT_BANDS,
    collections: Sequence[str] = (),
    licence: str = "",
    attribution: str = "",
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
    licence, attribution
        Terms of the scenes, and the line on every picture made from them ({year} stands for the scene's), for a
        catalogue that states none.

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
    where = _with_rights(catalogue(source), licence, attribution)
    period = _period(start, end)
    scenes, left_out = [], []
    found = 0
    for item in _items(where, grid, period, collections or where.collections):
        found += 1
        scene, reason = _judged(item, where, bands, grid, cloud_percent)
        if scene is not None and not reason:
            scenes.append(scene)
        else:
            left_out.append(_left_out(item, scene, reason))
    newest, older = _newest(in_order(scenes))
    newest, doubled = _once(newest)
    table = pd.DataFrame([*left_out, *older, *doubled], columns=["scene_id", "observed_on", "reason"])
    plan = Plan(where, grid, tuple(bands), tuple(newest), table.sort_values(["observed_on", "scene_id"]), found)
    return _settled(plan)


def find_all(
    grids: Mapping[str, Grid], *, workers: int = SEARCHES, **search: Unpack[Search]
) -> tuple[dict[str, Plan], dict[str, str]]:
    """Return the plans of many sites, and by site why there is none; searches run side by side.

    Parameters
    ----------
    grids
        The ground of each site, by its id.
    workers
        Searches at a time.
    **search
        As for :func:`find`.

    Raises
    ------
    InputError, MissingError
        When a date is not one, there is no such catalogue, or none of the searches has an answer.
    """
    _period(search["start"], search["end"])
    catalogue(search.get("source", "earth-search"))
    with ThreadPoolExecutor(workers) as pool:
        found = dict(zip(grids, pool.map(lambda grid: _tried(grid, search), grids.values()), strict=True))
    failed = {site: one for site, one in found.items() if isinstance(one, CampsError)}
    if failed and len(failed) == len(grids):
        raise next(iter(failed.values()))
    plans = {site: one for site, one in found.items() if isinstance(one, Plan)}
    return plans, {site: str(one) for site, one in failed.items()}


def _tried(grid: Grid, search: Search) -> Plan | CampsError:
    try:
        return find(grid, **search)
    except CampsError as error:
        return error


def _with_rights(where: Catalogue, licence: str, attribution: str) -> Catalogue:
    try:
        told = _as_attribution(attribution) if attribution else where.attribution
    except ValueError as error:
        raise InputError(f"--attribution {attribution!r}: expected {error}") from None
    return replace(where, licence=licence or where.licence, attribution=told)


def _settled(plan: Plan) -> Plan:
    if plan.n_found != len(plan.scenes) + len(plan.left_out):
        raise CheckError(f"catalogue {plan.catalogue.id}: {plan.summary}: the sums do not meet; report this catalogue")
    return plan


#: What a field of somebody else's that is of the wrong kind, or missing, may raise.
_BROKEN = (
    STACError, STACTypeError, ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError,
    RecursionError,
)  # fmt: skip


def _judged(
    item: pystac.Item | _Unread, where: Catalogue, bands: Sequence[str], grid: Grid, cloud_percent: float
) -> tuple[Scene | None, str]:
    if isinstance(item, _Unread):
        return None, item.reason
    try:
        if not _shows(item, grid):
            return None, "does not show the site"
        scene = _scene(item, where, bands)
        return scene, _refusal(scene, cloud_percent)
    except CampsError as error:
        return None, str(error)
    except _BROKEN as error:
        return None, f"cannot be read as a STAC item ({_short(error)})"


def _left_out(item: pystac.Item | _Unread, scene: Scene | None, reason: str) -> tuple[str, str, str]:
    if scene is not None:
        return scene.scene_id, scene.observed_on, reason
    try:
        dated = "" if isinstance(item, _Unread) else _observed_on(item)
    except _BROKEN:
        dated = ""
    return _writable(item.id), dated, _writable(reason)


def _writable(text: Any) -> str:
    return str(text).encode("utf-8", "backslashreplace").decode()


def _short(error: BaseException) -> str:
    # What pystac says of a document that is of no kind it knows hides why.
    told = error if isinstance(error, CampsError) else error.__cause__ or error
    return " ".join((f"{told}" if told is error else f"{type(told).__name__}: {told}").split())[:200]


@dataclass(frozen=True)
class _Unread:
    """A document of a catalogue that is no item."""

    id: str
    reason: str


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
) -> Iterator[pystac.Item | _Unread]:
    try:
        if "://" in where.url and _is_api(where.url):
            yield from _search(where, grid, period, collections)
        else:
            yield from _walk(where, period, collections)
    except CampsError:
        raise
    except (*_catalogues().UNREACHABLE, *_BROKEN) as error:
        text = " ".join(str(error).split())[:200]
        raise InputError(
            f"catalogue {where.url}: does not answer as a STAC catalogue ({text}); check the address and the network, "
            "or take another with --source"
        ) from error


def _catalogues() -> Any:
    """Return the module that speaks to catalogues, which is loaded when one is asked."""
    return importlib.import_module("camps.imagery.catalogues")


def _is_api(url: str) -> bool:
    return not url.endswith(".json")


def _search(
    where: Catalogue, grid: Grid, period: tuple[datetime, datetime], collections: Sequence[str]
) -> Iterator[pystac.Item | _Unread]:
    client = _catalogues().open_api(where.url)
    known = {one.id for one in client.get_collections()}
    wanted = [one for one in collections if one in known]
    if collections and not wanted:
        raise InputError(
            f"catalogue {where.id}: holds none of the collections {', '.join(collections)}; it has "
            f"{', '.join(sorted(known)[:20]) or 'none'}: take another with --source"
        )
    west, south, east, north = grid.lonlat_bounds
    found = client.search(
        collections=wanted or None, bbox=[west, south, east, north], datetime=list(period), limit=100
    )  # fmt: skip
    for number, content in enumerate(found.items_as_dicts(), 1):
        yield _item(content, client, f"item {number}")


def _item(content: Any, root: Any, otherwise: str) -> pystac.Item | _Unread:
    try:
        return pystac.Item.from_dict(content, root=root, preserve_dict=False)
    except _BROKEN as error:
        named = content.get("id") if isinstance(content, dict) else None
        return _Unread(str(named or otherwise), f"cannot be read as a STAC item ({_short(error)})")


def _walk(
    where: Catalogue, period: tuple[datetime, datetime], collections: Sequence[str]
) -> Iterator[pystac.Item | _Unread]:
    for item in _documents(where):
        if isinstance(item, _Unread) or (
            (not collections or item.collection_id in collections) and _in_period(item, period)
        ):
            yield item


def _documents(where: Catalogue) -> Iterator[pystac.Item | _Unread]:
    """Yield every item below a static catalogue once, and every document that is none."""
    root = pystac.Catalog.from_file(where.url, stac_io=_catalogues().CatalogueIO(where.url))
    waiting: list[pystac.Catalog] = [root]
    met = {str(root.get_self_href())}
    while waiting:
        folder = waiting.pop()
        for link in folder.links:
            if link.rel not in ("child", "item"):
                continue
            href = str(link.absolute_href)
            if href in met:
                continue
            met.add(href)
            if len(met) > _MOST_DOCUMENTS:
                raise InputError(f"catalogue {where.id}: more than {_MOST_DOCUMENTS} documents; name a part of it")
            found = _resolved(link, root, href)
            if isinstance(found, pystac.Catalog):
                waiting.append(found)
            else:
                yield found


def _resolved(link: pystac.Link, root: pystac.Catalog, href: str) -> pystac.Catalog | pystac.Item | _Unread:
    named = href.rsplit("/", 1)[-1]
    try:
        found = link.resolve_stac_object(root=root).target
    except (*_catalogues().UNREACHABLE, CampsError, *_BROKEN) as error:
        return _Unread(named, f"cannot be read as a STAC document ({_short(error)})")
    if isinstance(found, pystac.Catalog | pystac.Item):
        return found
    return _Unread(named, "is no STAC document")


def _in_period(item: pystac.Item, period: tuple[datetime, datetime]) -> bool:
    try:
        first, last = _instants(item)
    except _BROKEN:
        # It is judged, and named, with the others.
        return True
    return first <= period[1] and last >= period[0]


def _shows(item: pystac.Item, grid: Grid) -> bool:
    """Return whether box and outline of an item both reach the grid; either may be missing, not both."""
    stated = [shape for shape in (_box(item), _outline(item)) if shape is not None]
    if not stated:
        raise STACError("neither a box nor an outline")
    west, south, east, north = grid.lonlat_bounds
    window = shapely.box(west, south, east + 360 * (east < west), north)
    turns = [affinity.translate(window, turn) for turn in (-360, 0, 360)]
    return all(any(shapely.intersects(shape, one) for one in turns) for shape in stated)


def _box(item: pystac.Item) -> shapely.Geometry | None:
    if item.bbox is None:
        return None
    numbers = [float(number) for number in item.bbox]
    west, south, east, north = numbers if len(numbers) == 4 else (*numbers[:2], *numbers[3:5])
    if not np.isfinite([west, south, east, north]).all():
        raise STACError(f"box {item.bbox}")
    if east - west > 180 and item.geometry:
        # The least and the largest longitude of what crosses 180° say nothing of where it lies; its outline does.
        return None
    # A box that crosses 180° begins in the east and ends in the west.
    return shapely.box(west, south, east + 360 * (east < west), north)


def _outline(item: pystac.Item) -> shapely.Geometry | None:
    if not item.geometry:
        return None
    shape = shapely.geometry.shape(item.geometry)
    corners = shapely.get_coordinates(shape)
    if not len(corners) or not np.isfinite(corners).all():
        raise STACError("an outline without places")
    return shapely.union_all([shapely.make_valid(_unwound(part)) for part in shapely.get_parts(shape)])


def _unwound(part: shapely.Geometry) -> shapely.Geometry:
    """Return a polygon whose ring jumps over 180° in one piece, longitudes running on past 180."""
    if not isinstance(part, shapely.Polygon):
        return part
    lon, lat = shapely.get_coordinates(part.exterior).T
    unwound = shapely.Polygon(np.column_stack([np.unwrap(lon, period=360), lat]))
    # From -180 to 180 is no jump but the whole world.
    return unwound if unwound.area else part


def _instants(item: pystac.Item) -> tuple[datetime, datetime]:
    """Return the first and the last instant that an item shows: a composite states both."""
    first, last = item.common_metadata.start_datetime, item.common_metadata.end_datetime
    if first is not None and last is not None:
        ends = _utc(first), _utc(last)
    elif item.datetime is not None:
        ends = _utc(item.datetime), _utc(item.datetime)
    else:
        raise STACError(f"item {item.id} has no date")
    if ends[1] < ends[0]:
        raise STACError(f"item {item.id} ends before it begins")
    return ends


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _observed_on(item: pystac.Item) -> str:
    first, last = (instant.date().isoformat() for instant in _instants(item))
    return first if first == last else f"{first}/{last}"


def _scene(item: pystac.Item, where: Catalogue, bands: Sequence[str]) -> Scene:
    properties = item.properties
    if urlsplit(where.url).hostname == _UNRELIABLE[0] and item.collection_id == _UNRELIABLE[1]:
        raise InputError("says nothing reliable about its offset: take sentinel-2-c1-l2a of Earth Search")
    if not _text(item.id):
        raise InputError("has no id")
    found = [band for name in bands if (band := _band(item, name, where)) is not None]
    gsd_m = float(properties.get("gsd") or min((_asset_gsd(item, band) for band in found), default=10.0))
    licence, attribution = _rights(item, where)
    return Scene(
        item.id, _sensor(properties), _observed_on(item), gsd_m, tuple(found), licence, attribution,
        cloud_percent=_number(properties.get("eo:cloud_cover")), platform=_text(properties.get("platform")) or None,
        processing=_stated_baseline(item) or None,
        properties={
            "key": _pass_key(item), "collection": item.collection_id, "updated": str(properties.get("updated"))
        },
    )  # fmt: skip


def _rights(item: pystac.Item, where: Catalogue) -> tuple[str, str]:
    licence = where.licence or _text(item.properties.get("license"))
    text = where.attribution.format(year=_instants(item)[0].year) or _text(item.properties.get("attribution"))
    collection = None if (licence and text) else _collection(item)
    if collection is not None:
        producers = ", ".join(one.name for one in collection.providers or [] if one.name)
        licence = licence or _text(collection.license)
        text = text or _text(collection.extra_fields.get("attribution")) or producers
    return licence, text


def _collection(item: pystac.Item) -> pystac.Collection | None:
    try:
        return item.get_collection()
    except (*_catalogues().UNREACHABLE, STACError, ValueError):
        return None


def _sensor(properties: Mapping[str, Any]) -> str:
    instruments = [_text(one).upper() for one in properties.get("instruments") or []]
    return " ".join(filter(None, [_text(properties.get("platform")), *instruments])) or "unknown instrument"


def _text(value: Any) -> str:
    """Return a text of somebody else's, nothing where it is of another kind; it can be written, or raises."""
    text = value.strip() if isinstance(value, str) else ""
    text.encode()
    return text


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or (value is not None and not np.isfinite(float(value))):
        raise STACError(f"{value!r} where a number belongs")
    return None if value is None else float(value)


def _nodata(value: Any) -> float | None:
    # STAC has words for what JSON has no numbers for.
    return float(value) if value in ("nan", "inf", "-inf") else _number(value)


def _asset(item: pystac.Item, name: str, where: Catalogue) -> tuple[pystac.Asset, int] | None:
    if where.assets:
        asset = item.assets.get(where.assets.get(name, name))
        return (asset, 1) if asset is not None else None
    if name in item.assets:
        return item.assets[name], 1
    found = [
        (asset, number)
        for asset in _of_data(item)
        for number, band in enumerate(_bands_of(asset), 1)
        if name in (band.get("common_name"), band.get("eo:common_name"), band.get("name"))
    ]
    # One band may be there at several sizes of pixel.
    return min(found, key=lambda one: float(one[0].extra_fields.get("gsd") or "inf"), default=None)


def _bands_of(asset: pystac.Asset) -> Sequence[Mapping[str, Any]]:
    return asset.extra_fields.get("eo:bands") or asset.extra_fields.get("bands") or []


def _of_data(item: pystac.Item) -> list[pystac.Asset]:
    """Return the assets with bands, without those made for the eye where there are others: their numbers are no data.

    Raises
    ------
    InputError
        For an item of Sentinel-2 that has nothing else: its scale and offset are not those of the picture.
    """
    banded = [asset for asset in item.assets.values() if _bands_of(asset)]
    of_data = [asset for asset in banded if not _FOR_THE_EYE & set(asset.roles or ())]
    if banded and not of_data and _is_sentinel2_l2a(item):
        raise InputError("has pictures for the eye alone, whose values cannot be known")
    return of_data or banded


def _band(item: pystac.Item, name: str, where: Catalogue) -> Band | None:
    found = _asset(item, name, where)
    if found is None:
        return None
    asset, number = found
    href = asset.get_absolute_href() or asset.href
    stored = asset.extra_fields.get("raster:bands") or asset.extra_fields.get("bands") or [{}]
    meaning = stored[number - 1] if len(stored) >= number else {}
    scale, offset = _values(item, name, meaning)
    return Band(name, href, number, scale, offset, _nodata(meaning.get("nodata")), bytes=_size(asset))


def _size(asset: pystac.Asset) -> int | None:
    size = asset.extra_fields.get("file:size")
    return int(size) if size else None


def _values(item: pystac.Item, name: str, meaning: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return scale and offset of a band, the Sentinel-2 offset of 2022 exactly once; null leaves it to the file."""
    if name in raster.CLASS_BANDS:
        return 1.0, 0.0
    scale = _number(meaning.get("scale", meaning.get("raster:scale")))
    if scale == 0:
        raise InputError(f"states a scale of 0 for {name}, which makes all its values one")
    offset = _number(meaning.get("offset", meaning.get("raster:offset")))
    if not _is_sentinel2_l2a(item):
        return scale, offset
    return scale or _S2_SCALE, _sentinel2_offset(item, offset)


def _is_sentinel2_l2a(item: pystac.Item) -> bool:
    named = " ".join([item.collection_id or "", str(item.properties.get("s2:product_type") or "")]).lower()
    return "sentinel-2" in named and "l1c" not in named and "8-bit" not in named


def _sentinel2_offset(item: pystac.Item, stated: float | None) -> float:
    # Who took the offset off the pixels says so; products before 2022 never had one; otherwise what is stated holds.
    baseline = _baseline(item)
    if item.properties.get("earthsearch:boa_offset_applied") is True:
        return 0.0
    if baseline is not None and baseline < OFFSET_BASELINE:
        return 0.0
    if stated is not None:
        return stated
    if baseline is None:
        raise InputError("states neither an offset nor its processing baseline: its values cannot be known")
    return _S2_OFFSET


def _stated_baseline(item: pystac.Item) -> str:
    stated = item.properties.get("s2:processing_baseline") or item.properties.get("processing:version") or ""
    return _text(str(stated))


def _baseline(item: pystac.Item) -> float | None:
    found = _BASELINE.fullmatch(_stated_baseline(item))
    return None if found is None else float(f"{found[1]}.{found[2] or 0}")


def _asset_gsd(item: pystac.Item, band: Band) -> float:
    for asset in item.assets.values():
        if (asset.get_absolute_href() or asset.href) == band.href:
            return float(asset.extra_fields.get("gsd") or 10.0)
    return 10.0


def _pass_key(item: pystac.Item) -> str:
    tile = item.properties.get("grid:code") or item.properties.get("s2:mgrs_tile") or str(item.bbox)
    return f"{item.properties.get('platform')} {tile} {_instants(item)[0]:%Y-%m-%dT%H:%M}"


def _refusal(scene: Scene, cloud_percent: float) -> str:
    if not scene.bands:
        return "has none of the bands asked for"
    if not scene.licence or not scene.attribution:
        return (
            "states no licence or no attribution: a picture without them is never shown; say them with --licence and "
            "--attribution"
        )
    if not np.isfinite(scene.gsd_m) or scene.gsd_m <= 0:
        return f"gsd {scene.gsd_m:g}, expected metres above 0"
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


def _once(scenes: Sequence[Scene]) -> tuple[list[Scene], list[tuple[str, str, str]]]:
    # Windows are kept under the id of their scene: of two with one id the second would be taken for the first.
    first = {safe(one.scene_id).casefold(): one for one in reversed(scenes)}
    kept = [one for one in scenes if first[safe(one.scene_id).casefold()] is one]
    double = [one for one in scenes if first[safe(one.scene_id).casefold()] is not one]
    reason = "its id is that of another item, or too like it"
    return kept, [(one.scene_id, one.observed_on, reason) for one in double]


def _rank(scene: Scene) -> tuple[str, str, str]:
    return scene.processing or "", str(scene.properties["updated"]), scene.scene_id
