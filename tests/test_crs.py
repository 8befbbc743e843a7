"""Areas, planes and the Chinese datums against the checked figures of the method."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import affinity

from camps import crs, settings
from camps.errors import CheckError, InputError

DABANCHENG = settings.geodata() / "footprints" / "dabancheng_footprints.geojson"
XINJIANG = (73.0, 34.0, 97.0, 50.0)
REGION = crs.regional_crs(XINJIANG)


def lonlat(*shapes: shapely.Geometry, index: list[str] | None = None) -> gpd.GeoSeries:
    return gpd.GeoSeries(list(shapes), index=index, crs=4326)


def building(lon: float, lat: float, width_m: float = 18, length_m: float = 80) -> shapely.Polygon:
    plane = crs.regional_crs((lon, lat, lon, lat))
    # Away from the exact centre, where PROJ takes a short cut that differs by 0.6 mm.
    box = gpd.GeoSeries([shapely.box(9, 9, 9 + width_m, 9 + length_m)], crs=plane)
    return box.to_crs(4326).iloc[0]


def test_a_building_of_known_size_has_that_area_and_perimeter() -> None:
    measured = crs.measure(lonlat(building(88.3, 43.4), index=["b1"]))
    assert measured.loc["b1", "area_m2"] == pytest.approx(1440, rel=1e-6)
    assert measured.loc["b1", "perimeter_m"] == pytest.approx(196, rel=1e-4)


@pytest.mark.parametrize("shell_ccw", [True, False])
@pytest.mark.parametrize("hole_ccw", [True, False])
def test_a_courtyard_is_subtracted_however_it_is_wound(shell_ccw: bool, hole_ccw: bool) -> None:
    shell, court = building(88.3, 43.4, 60, 60), building(88.30025, 43.4002, 20, 20)
    rings = [
        list(p.exterior.coords) if ccw == p.exterior.is_ccw else list(p.exterior.coords)[::-1]
        for p, ccw in ((shell, shell_ccw), (court, hole_ccw))
    ]
    measured = crs.measure(lonlat(shapely.Polygon(rings[0], [rings[1]])))
    assert measured["area_m2"].iloc[0] == pytest.approx(3200, rel=1e-5)
    assert measured["perimeter_m"].iloc[0] == pytest.approx(240 + 80, rel=1e-3)


def test_missing_empty_and_flat_geometries_each_have_their_answer() -> None:
    nested = shapely.GeometryCollection([shapely.MultiPolygon([building(88, 43), building(88.01, 43)])])
    shapes = lonlat(None, shapely.Polygon(), shapely.Point(88, 43), nested, index=list("abcd"))
    areas = crs.area_m2(shapes)
    assert list(areas.index) == list("abcd")
    assert np.isnan(areas["a"])
    assert areas["b"] == areas["c"] == 0
    assert areas["d"] == pytest.approx(2880, rel=1e-6)


def test_a_measure_is_that_of_each_ring_alone_whatever_stands_beside_it() -> None:
    plain = [building(88.3 + i / 100, 43.4, 18 + i, 80) for i in range(5)]
    court = plain[0].difference(plain[0].centroid.buffer(1e-5))
    shells = [crs.GEOD.polygon_area_perimeter(*shape.exterior.xy) for shape in plain]
    expected = [(abs(area), length) for area, length in shells]
    assert crs.measure(lonlat(*plain)).to_numpy().tolist() == [list(pair) for pair in expected]
    assert crs.measure(lonlat(court, *plain)).iloc[1:].to_numpy().tolist() == [list(pair) for pair in expected]


def test_heights_change_nothing() -> None:
    flat = building(88.3, 43.4)
    assert crs.area_m2(lonlat(shapely.force_3d(flat, 1200.0))).equals(crs.area_m2(lonlat(flat)))


def test_a_polygon_across_the_antimeridian_is_measured_whole() -> None:
    here = affinity.translate(building(179.5, 43.4), 0.4998)
    folded = shapely.transform(here, lambda xy: np.column_stack([(xy[:, 0] + 180) % 360 - 180, xy[:, 1]]))
    assert shapely.bounds(here)[2] > 180 > shapely.bounds(here)[0]
    assert shapely.bounds(folded)[2] - shapely.bounds(folded)[0] > 359
    for shape in (here, folded):
        assert crs.area_m2(lonlat(shape)).iloc[0] == pytest.approx(1440, rel=1e-6)
        assert crs.require_equal_areas(lonlat(shape)) < 1e-6
    west, _, east, _ = crs.lonlat_bounds(lonlat(folded, building(-179.9, 43.4)))
    assert west > 179
    assert east < -179
    centre = lonlat(shapely.Point(180, 43.5)).to_crs(crs.regional_crs((west, 43, east, 44))).iloc[0]
    assert shapely.distance(centre, shapely.Point(0, 0)) < 20_000


def test_any_crs_that_is_stated_gives_the_same_geodesic_area() -> None:
    shapes = lonlat(building(88.3, 43.4))
    for code in (3857, 32645, 4490):
        assert crs.area_m2(shapes.to_crs(code)).iloc[0] == pytest.approx(1440, rel=1e-6)


def test_geometry_without_a_crs_or_off_the_earth_is_refused() -> None:
    with pytest.raises(InputError, match="has no CRS"):
        crs.area_m2(gpd.GeoSeries([building(88, 43)]))
    with pytest.raises(InputError, match=r"row 'x' has longitudes 500000\.0 to 500018\.0"):
        crs.area_m2(lonlat(shapely.box(500000, 4800000, 500018, 4800080), index=["x"]))


def test_equal_area_and_geodesic_agree_on_every_real_footprint() -> None:
    real = gpd.read_file(DABANCHENG)
    assert crs.require_equal_areas(real) < 1e-6
    assert crs.require_equal_areas(real, REGION) < 1e-6


def test_a_plane_that_stretches_fails_the_agreement() -> None:
    with pytest.raises(CheckError, match="row 'b' has 1440"):
        crs.require_equal_areas(lonlat(building(88.3, 43.4), index=["b"]), crs.CRS.from_epsg(3857))


@given(
    st.tuples(st.floats(73.5, 96.5), st.floats(34.5, 49.5)),
    st.tuples(st.floats(2, 120), st.floats(2, 120)),
    st.floats(0, 90),
    st.booleans(),
)
def test_equal_area_is_geodesic_anywhere_in_a_region(
    place: tuple[float, float], size_m: tuple[float, float], angle: float, court: bool
) -> None:
    shape = affinity.rotate(building(*place, *size_m), angle)
    if court:
        shape = shape.difference(affinity.scale(shape, 0.5, 0.5))
    assert crs.require_equal_areas(lonlat(shape), REGION) <= 1e-6


@given(st.integers(0, 3), st.booleans())
def test_ring_start_and_direction_never_change_an_area(start: int, flip: bool) -> None:
    corners = list(building(88.3, 43.4).exterior.coords)[:-1]
    turned = corners[start:] + corners[:start]
    same = shapely.Polygon(turned[::-1] if flip else turned)
    assert crs.area_m2(lonlat(same)).iloc[0] == pytest.approx(1440, rel=1e-6)
    assert crs.perimeter_m(lonlat(same)).iloc[0] == pytest.approx(196, rel=1e-4)


@pytest.mark.parametrize(("lat", "percent"), [(35, 49), (48, 123)])
def test_web_mercator_enlarges_by_the_checked_figures(lat: float, percent: float) -> None:
    shape = lonlat(building(88, lat))
    assert round((shape.to_crs(3857).area.iloc[0] / crs.area_m2(shape).iloc[0] - 1) * 100) == percent


@pytest.mark.parametrize("code", [4326, 3857, 3395, 2263, 4978, 900913])
def test_a_crs_that_cannot_measure_is_refused_with_the_way_out(code: int) -> None:
    wrong = "ESRI:102100" if code == 900913 else code
    with pytest.raises(InputError, match=r"regional_crs|area_m2"):
        crs.require_measurable_crs(wrong)


@pytest.mark.parametrize(("found", "message"), [(None, "CRS: none"), ("nonsense", "not understood")])
def test_what_is_no_crs_is_refused(found: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        crs.require_measurable_crs(found)


def test_utm_serves_in_its_zone_and_is_refused_for_the_region() -> None:
    assert crs.require_measurable_crs(32645, (84, 40, 90, 44)).to_epsg() == 32645
    assert crs.require_measurable_crs(REGION, XINJIANG) == REGION
    with pytest.raises(InputError, match=r"changes areas by up to \+[34]\.\d%"):
        crs.require_measurable_crs(32645, XINJIANG)
    with pytest.raises(InputError, match="changes areas"):
        crs.require_measurable_crs(32645, (93.1, 35, 96, 36))


@pytest.mark.parametrize("bounds", [(0, 10, 5, 2), (0, 0, 181, 1), (0, -95, 1, 0), (np.nan, 0, 1, 1)])
def test_bounds_that_are_no_region_are_refused(bounds: tuple[float, float, float, float]) -> None:
    with pytest.raises(InputError, match="expected west, south, east, north"):
        crs.regional_crs(bounds)


def test_bounds_of_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="at least one geometry"):
        crs.lonlat_bounds(lonlat(shapely.Polygon()))


@given(st.floats(73, 135), st.floats(18, 53))
def test_chinese_datums_come_back_within_a_centimetre(lon: float, lat: float) -> None:
    there_and_back = (
        crs.gcj02_to_wgs84(*crs.wgs84_to_gcj02(lon, lat)),
        crs.bd09_to_wgs84(*crs.wgs84_to_bd09(lon, lat)),
    )
    for back in there_and_back:
        assert crs.distance_m(back, (lon, lat)) < 0.01


def test_gcj02_moves_a_known_place_as_published() -> None:
    # The sample pair of the "eviltransform" project: WGS 84 31.1774276, 121.5272106.
    lon, lat = crs.wgs84_to_gcj02(121.5272106, 31.1774276)
    assert float(lat) == pytest.approx(31.17530398364597, abs=1e-9)
    assert float(lon) == pytest.approx(121.531541859215, abs=1e-9)


def test_outside_china_nothing_moves() -> None:
    assert crs.gcj02_offset_m([2.35, 139.7], [48.85, 35.7]).tolist() == [0, 0]
    assert crs.bd09_offset_m([2.35, 139.7], [48.85, 35.7]).tolist() == [0, 0]


@pytest.mark.mirror
def test_the_shifts_over_the_real_sites_of_xinjiang(mirror) -> None:  # type: ignore[no-untyped-def]
    sites = pd.read_csv(mirror / "aspi-xjdp-v1" / "CampDataset_v1.csv")
    gcj02 = crs.gcj02_offset_m(sites["Long"], sites["Lat"])
    bd09 = crs.bd09_offset_m(sites["Long"], sites["Lat"])
    assert [round(float(v)) for v in (gcj02.min(), np.median(gcj02), gcj02.max())] == [165, 249, 316]
    assert [round(float(v)) for v in (bd09.min(), bd09.max())] == [972, 1156]
