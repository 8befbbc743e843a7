"""Inputs that `benchmarks/readers.py` found to be more than read or refused, each made again by hand."""

from __future__ import annotations

import json
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyarrow as arrow
import pytest
import shapely
from pyarrow import parquet

from camps import footprints, sources
from camps.errors import InputError
from camps.sources import About, Report, read_table

HOUSE = shapely.box(88.29, 43.38, 88.291, 43.381)


def _read(path: Path) -> tuple[Any, Report]:
    report = Report()
    table = read_table(path, report).frame
    report.settle(path.name)
    return table, report


def _balance(report: Report, piece: str) -> tuple[int, int, int]:
    [one] = [one for one in report.account() if one.piece == piece]
    return one.taken, one.used, one.noted


def _kml(path: Path, inside: str) -> Path:
    data = '<ExtendedData><Data name="a"><value>1</value></Data></ExtendedData>'
    path.write_text(f"<kml><Document><Placemark><name>x</name>{inside or data}</Placemark></Document></kml>", "utf-8")
    return path


LINE = "<LinearRing><coordinates>88,43 88.1,43 88.1,43.1 88,43</coordinates></LinearRing>"
OUTLINE = f"<Polygon><outerBoundaryIs>{LINE}</outerBoundaryIs></Polygon>"


@pytest.mark.parametrize(
    "inside", ["<x><coordinates>88,43</coordinates></x>", "<x><y><coordinates>88,43</coordinates></y></x>"]
)
def test_positions_of_an_unknown_element_in_a_group_are_noted(tmp_path: Path, inside: str) -> None:
    path = _kml(tmp_path / "a.kml", f"<MultiGeometry>{inside}{OUTLINE}</MultiGeometry>")
    _, report = _read(path)
    assert _balance(report, "vertex") == (4, 3, 1)
    assert "x of a geometry: an element that is not read" in [remark.reason for remark in report]


@pytest.mark.parametrize("around", ["<ExtendedData>{}</ExtendedData>", "<TimeSpan><begin>2017{}</begin></TimeSpan>"])
def test_a_ring_inside_an_attribute_or_a_time_is_text(tmp_path: Path, around: str) -> None:
    _, report = _read(_kml(tmp_path / "a.kml", around.format(LINE) + OUTLINE))
    assert _balance(report, "vertex") == (3, 3, 0)


def _shapefile(path: Path, names: list[str], *, as_bytes: list[bytes]) -> Path:
    frame = gpd.GeoDataFrame({name: [number] for number, name in enumerate(names)}, geometry=[HOUSE], crs=4326)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_file(path.with_suffix(".shp"))
    dbf = path.with_suffix(".dbf")
    content = dbf.read_bytes()
    for name, wanted in zip(names, as_bytes, strict=True):
        content = content.replace(name.encode().ljust(11, b"\0"), wanted.ljust(11, b"\0"))
    dbf.write_bytes(content)
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(path.parent.glob(f"{path.stem}.*")):
            if part != path:
                archive.write(part, part.name)
    return path


@pytest.mark.parametrize(
    ("as_bytes", "names"),
    [([b"same", b"same", b"c"], ["same", "same (2)", "c"]), ([b"", b"", b"c"], ["column 1", "column 2", "c"])],
)
def test_columns_of_one_name_in_a_shapefile_are_told_apart(
    tmp_path: Path, as_bytes: list[bytes], names: list[str]
) -> None:
    table, _ = _read(_shapefile(tmp_path / "a.zip", ["aaa", "bbb", "ccc"], as_bytes=as_bytes))
    assert table.columns.tolist()[:3] == names
    assert table.loc[1, names].tolist() == ["0", "1", "2"]


def _flatgeobuf(path: Path) -> bytes:
    gpd.GeoDataFrame({"a": [1]}, geometry=[HOUSE], crs=4326).to_file(path, driver="FlatGeobuf", SPATIAL_INDEX="NO")
    return path.read_bytes()


def test_a_flatgeobuf_without_a_layer_or_with_a_broken_feature_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.fgb"
    content = _flatgeobuf(path)
    path.write_bytes(content[:8] + b"\xff\xff\xff\x7f" + content[12:])
    with pytest.raises(InputError, match="no layer of it can be read; save the file again"):
        _read(path)
    path.write_bytes(content[:-20] + b"\xff" * 20)
    with pytest.raises(InputError, match=r"a\.fgb: (cannot be read|.*no number)"):
        _read(path)
    path.write_bytes(content[:-30])
    with pytest.raises(InputError, match=r"a\.fgb: cannot be read"):
        _read(path)


def test_a_feature_that_is_none_is_missed_in_footprints(tmp_path: Path) -> None:
    """GDAL leaves it out, and the rows after it would have the numbers of others."""
    path = tmp_path / "a.geojson"
    good = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(HOUSE)}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [good, None, 7, good]}))
    with pytest.raises(InputError, match=r"a\.geojson: 4 features, of which 2 can be read"):
        footprints.load(path, gsd_m=10, observed_on="2018")


def _parquet(path: Path, **said: Any) -> Path:
    """Write a Parquet file whose geometry column holds wrong values, or says something wrong of itself."""
    table = arrow.table({"a": [1], "geometry": said.pop("held", [shapely.to_wkb(HOUSE)])})
    facts = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", **said}}}
    parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(facts)}), path)
    return path


@pytest.mark.parametrize(
    "said",
    [
        {"held": [True]}, {"held": [1.5]}, {"crs": {"datum_ensemble": {"members": [1.5]}}},
        {"crs": {"datum_ensemble": {"members": [3]}}}, {"crs": {"datum_ensemble": 7}},
    ],
)  # fmt: skip
def test_a_geoparquet_that_says_something_wrong_of_its_geometry_is_refused(
    tmp_path: Path, said: dict[str, Any]
) -> None:
    assert _read(_parquet(tmp_path / "sound.parquet"))[0].shape == (1, 4)
    path = _parquet(tmp_path / "a.parquet", **said)
    with pytest.raises(InputError, match=r"a\.parquet: no whole Parquet file .*; write it again"):
        _read(path)
    with pytest.raises(InputError, match=r"a\.parquet: no whole Parquet file .*; write it again"):
        footprints.load(path, gsd_m=10, observed_on="2018")


def test_a_publisher_that_nobody_stated_is_no_part_of_a_credit() -> None:
    assert (About().cited("Camps"), About(publisher="An NGO").cited("Camps")) == ("Camps", "An NGO, Camps")
    entry = replace(sources.entry("gazetteer"), title="Camps")
    assert entry.credit == "camps: Camps"
    assert replace(entry, publisher=sources.NOT_STATED).credit == "Camps"


@pytest.mark.parametrize(
    ("value", "kind"), [("7", "an integer"), ("0101000000000000000000F03F0000000000000040", "hex")]
)
def test_an_attribute_of_the_name_of_the_geometry_is_none(tmp_path: Path, value: str, kind: str) -> None:
    """What is read as a place is the geometry, even where an attribute would be one."""
    assert kind
    path = tmp_path / "a.gml"
    gpd.GeoDataFrame({"n": [value]}, geometry=[HOUSE], crs=4326).to_file(path)
    text = path.read_text("utf-8").replace("ogr:n>", "ogr:geometryProperty>")
    path.write_text(text, "utf-8")
    table, _ = _read(path)
    assert shapely.equals(table["geometry as read"].iloc[0], HOUSE)
    assert value in table.iloc[0].tolist()


def test_an_outline_that_crosses_itself_on_the_plane_alone_is_read(tmp_path: Path) -> None:
    """A parallel is straight in degrees and no line on the plane: the courtyard near it comes to lie outside."""
    court = [(88.19, 43.02), (88.2, 43.00005), (88.21, 43.02)]
    shell = shapely.Polygon([(88, 43), (88.4, 43), (88.4, 43.2), (88, 43.2)], [court])
    path = tmp_path / "a.geojson"
    gpd.GeoDataFrame({"id": ["a", "b"]}, geometry=[shell, shapely.box(88.195, 42.99, 88.25, 43.1)], crs=4326).to_file(
        path
    )
    read = footprints.load(path, gsd_m=10, observed_on="2018").footprints
    assert read["overlap_m2"].gt(0).all()


def test_a_long_word_among_coordinates_is_looked_at_once(tmp_path: Path) -> None:
    """Where each of its letters was tried as a beginning, 70,000 took more than three minutes."""
    with pytest.raises(InputError, match="expected longitude,latitude"):
        _read(_kml(tmp_path / "a.kml", f"<Point><coordinates>{'x' * 70_000}</coordinates></Point>"))
