"""Vector files of other people: what they hold is read, noted or refused, and the account of it meets."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import warnings
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as arrow
import pyogrio
import pytest
import record_support
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from camps import footprints, sources
from camps.errors import InputError
from camps.sources import Report
from camps.sources.encodings import likely_encodings
from camps.sources.mapped import read_table
from camps.sources.numbers import read_numbers
from camps.sources.shapes import GEOMETRY, LAT, LON, pieces_of

A, B, C = (88.25, 43.5), (89.5, 44.25), (90.0, 45.0)
SQUARE = shapely.box(88, 43, 88.01, 43.01)
COURT = SQUARE.difference(shapely.box(88.002, 43.002, 88.004, 43.004)).difference(
    shapely.box(88.006, 43.006, 88.008, 43.008)
)


def read(path: Path, **options: Any) -> tuple[pd.DataFrame, Report]:
    """Return a file as a table and the report, whose sums have to meet."""
    report = Report()
    table = read_table(path, report, options=options).frame
    report.settle(path.name)
    return table, report


def balance(report: Report, piece: str) -> tuple[int, int, int]:
    """Return how many pieces of a kind were taken, used and noted."""
    [one] = [one for one in report.account() if one.piece == piece]
    return one.taken, one.used, one.noted


def said(report: Report) -> str:
    return "\n".join(f"{remark.action} {remark.row}: {remark.reason} [{remark.value}]" for remark in report)


def source_of(path: Path, mapping: dict[str, str] | None = None, **options: Any) -> sources.Source:
    return record_support.source_of(path, mapping or {}, **options)


def points(*at: tuple[float, float], **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=[shapely.Point(*one) for one in at], crs=4326)


def write(frame: gpd.GeoDataFrame, path: Path, **how: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path, **how)
    return path


def packed(path: Path, files: dict[str, Path | str | bytes]) -> Path:
    """Write an archive of files; a Shapefile brings its companions along."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            if not isinstance(content, Path):
                archive.writestr(name, content)
                continue
            for part in content.parent.glob(f"{content.stem}.*"):
                archive.write(part, f"{name.removesuffix('.shp')}{part.suffix}")
    return path


def kml(*inside: str) -> str:
    spaces = 'xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"'
    return f"<kml {spaces}><Document><name>D</name>{''.join(inside)}</Document></kml>"


def mark(name: str, *inside: str, at: tuple[float, float] | None = A) -> str:
    point = f"<Point><coordinates>{at[0]},{at[1]},0</coordinates></Point>" if at else ""
    return f"<Placemark><name>{name}</name>{''.join(inside)}{point}</Placemark>"


def ring(shape: shapely.LinearRing | shapely.LineString, mark: str = ",") -> str:
    corners = " ".join(f"{x}{mark}{y}{mark}0" for x, y in shape.coords)
    return f"<LinearRing><coordinates>{corners}</coordinates></LinearRing>"


def text_file(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def collection(*features: Any, **more: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features), **more})


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    shape = geometry if isinstance(geometry, dict) or geometry is None else shapely.geometry.mapping(geometry)
    return {"type": "Feature", "properties": properties, "geometry": shape}


# ── archives and layers ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def two_shapefiles(tmp_path: Path) -> Path:
    one = write(points(A, B, name=["a", "b"]), tmp_path / "one" / "west.shp")
    two = write(points(A, B, C, name=["c", "d", "e"]), tmp_path / "two" / "east.shp")
    litter = {"__MACOSX/._west.shp": b"\0", "data/.DS_Store": b"\0", "readme.txt": "of both"}
    return packed(tmp_path / "both.zip", {"data/west.shp": one, "data/east.shp": two, **litter})


def test_an_archive_of_two_shapefiles_asks_which(two_shapefiles: Path) -> None:
    with pytest.raises(InputError, match=r"has members data/west\.shp, data/east\.shp, expected one; say which with"):
        read(two_shapefiles)


@pytest.mark.parametrize(("asked", "names"), [("west", ["a", "b"]), ("data/east.shp", ["c", "d", "e"])])
def test_one_of_two_shapefiles_is_read_when_asked(two_shapefiles: Path, asked: str, names: list[str]) -> None:
    table, report = read(two_shapefiles, layer=asked)
    assert table["name"].tolist() == names
    assert balance(report, "member") == (3, 1, 2)
    assert "readme.txt in the archive is not read" in said(report)
    assert "__MACOSX" not in said(report)


def test_all_members_are_read_when_asked(two_shapefiles: Path) -> None:
    table, report = read(two_shapefiles, layer="*")
    assert table["name"].tolist() == list("abcde")
    assert table["layer"].tolist() == ["data/west.shp"] * 2 + ["data/east.shp"] * 3
    assert balance(report, "feature") == (5, 5, 0)


def test_an_archive_within_an_archive_is_named(tmp_path: Path) -> None:
    inner = packed(tmp_path / "inner.zip", {"a.shp": write(points(A, name=["a"]), tmp_path / "a.shp")})
    nested = packed(tmp_path / "nested.zip", {"inner.zip": inner.read_bytes()})
    with pytest.raises(InputError, match=r"holds no \.shp file, only inner\.zip; take a file of another kind out"):
        read(nested)
    beside = packed(tmp_path / "beside.zip", {"inner.zip": inner.read_bytes(), "a.shp": tmp_path / "a.shp"})
    assert "inner.zip in the archive is not read" in said(read(beside)[1])


def test_the_document_of_a_kmz_is_doc_kml(tmp_path: Path) -> None:
    held = {"b.kml": kml(mark("b")), "doc.kml": kml(mark("doc")), "images/a.png": b"\x89PNG"}
    path = packed(tmp_path / "a.kmz", held)
    table, report = read(path)
    assert table["name"].tolist() == ["doc"]
    assert "b.kml in the archive is not read" in said(report)
    assert balance(report, "member") == (2, 1, 1)
    assert read(path, layer="b")[0]["name"].tolist() == ["b"]
    table, report = read(path, layer="*")
    assert table[["name", "member"]].to_numpy().tolist() == [["b", "b.kml"], ["doc", "doc.kml"]]
    assert balance(report, "member") == (2, 2, 0)


def test_a_kmz_of_several_documents_asks_which(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.kmz", {"x/a.kml": kml(mark("a")), "x/b.kml": kml(mark("b"))})
    with pytest.raises(InputError, match=r"has documents x/a\.kml, x/b\.kml, expected one"):
        read(path)
    with pytest.raises(InputError, match="no one document is called 'c'"):
        read(path, layer="c")


def _layered(path: Path, *, empty: bool = False) -> Path:
    write(points(A, B, name=["a", "b"]), path, layer="camps")
    write(points(*([] if empty else [C]), name=[] if empty else ["c"]), path, layer="prisons")
    pyogrio.write_dataframe(pd.DataFrame({"note": ["x"]}), path, layer="notes")
    return path


def test_layers_of_a_geopackage_are_asked_for_by_name(tmp_path: Path) -> None:
    path = _layered(tmp_path / "a.gpkg")
    with pytest.raises(InputError, match=r"has layers camps \(2 features\), prisons \(1 features\), expected one"):
        read(path)
    table, report = read(path, layer="prisons")
    assert table["name"].tolist() == ["c"]
    assert balance(report, "layer") == (3, 1, 2)
    table, report = read(path, layer="*")
    assert table[["name", "layer"]].to_numpy().tolist() == [["a", "camps"], ["b", "camps"], ["c", "prisons"]]
    with pytest.raises(InputError, match="no one layer is called 'villages'"):
        read(path, layer="villages")


def test_a_layer_without_features_is_no_choice(tmp_path: Path) -> None:
    table, report = read(_layered(tmp_path / "a.gpkg", empty=True))
    assert table["name"].tolist() == ["a", "b"]
    assert "layer prisons is not read (0 features)" in said(report)
    assert "layer notes is not read (1 features without geometry)" in said(report)


# ── attributes ───────────────────────────────────────────────────────────────────────────────────────────────────


def _with_blank() -> gpd.GeoDataFrame:
    return points(
        A, B, C,
        id=pd.array([226, None, 9_007_199_254_740_993], dtype="Int64"),
        opened=pd.array([1958, 2017, None], dtype="Int64"),
        seen=pd.array([True, None, False], dtype="boolean"),
        share=[0.1, None, 2.5],
    )  # fmt: skip


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "fgb", "parquet"])
def test_whole_numbers_beside_a_blank_stay_whole(tmp_path: Path, suffix: str) -> None:
    frame = _with_blank()
    how = {"SPATIAL_INDEX": "NO"} if suffix == "fgb" else {}
    table, _ = read(write(frame, tmp_path / f"a.{suffix}", **how))
    assert table["id"].tolist() == ["226", "", "9007199254740993"]
    assert table["opened"].tolist() == ["1958", "2017", ""]
    assert table["seen"].tolist() == ["true", "", "false"]
    assert table["share"].tolist() == ["0.1", "", "2.5"]


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "fgb", "parquet"])
def test_a_column_of_fractions_that_are_all_whole_is_one_of_whole_numbers(tmp_path: Path, suffix: str) -> None:
    frame = points(A, B, C, id=[226.0, np.nan, 3.0], mixed=[1.0, 2.5, np.nan])
    how = {"SPATIAL_INDEX": "NO"} if suffix == "fgb" else {}
    table, _ = read(write(frame, tmp_path / f"a.{suffix}", **how))
    assert table["id"].tolist() == ["226", "", "3"]
    assert table["mixed"].tolist() == ["1.0", "2.5", ""]


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "fgb", "parquet", "geojson"])
def test_a_number_of_the_file_has_its_own_decimal_point(tmp_path: Path, suffix: str) -> None:
    """1.125 is no number of three thousand parts there, whatever a text of the column may be."""
    how = {"SPATIAL_INDEX": "NO"} if suffix == "fgb" else {}
    table, _ = read(write(points(A, B, C, r=[1.125, 2.25, 250.5]), tmp_path / f"a.{suffix}", **how))
    assert read_numbers(table["r"]).numbers == {"1.125": 1.125, "2.25": 2.25, "250.5": 250.5}
    alone, _ = read(write(points(A, r=[1.125]), tmp_path / f"b.{suffix}", **how))
    assert read_numbers(alone["r"]).numbers == {"1.125": 1.125}
    assert read_numbers(["1.125"]).ambiguous


def test_keys_dates_and_links_are_those_of_the_file_without_the_blank(tmp_path: Path) -> None:
    frame = points(A, B, C, id=[1, 2, 3], aspi=[226.0, np.nan, 3.0], opened=[1958.0, 2017.0, np.nan])
    path = write(frame, tmp_path / "a.gpkg")
    sites = source_of(path, {"key": "id", "references.aspi": "aspi", "opened": "opened"}).sites
    assert sites["references"].fillna("").tolist() == ["aspi:226", "", "aspi:3"]
    assert sites["opened"].fillna("").tolist() == ["1958", "2017", ""]


@pytest.mark.parametrize("suffix", ["gpkg", "fgb", "parquet"])
def test_dates_times_and_lists_are_text(tmp_path: Path, suffix: str) -> None:
    frame = points(A, B, name=["a", "b"])
    frame["day"] = [pd.Timestamp("2017-06-10").date(), None]
    frame["at"] = pd.to_datetime(["2017-06-10 00:00:00", "2018-07-23 10:30:00"])
    frame["json"] = ['{"a": [1, 2]}', None]
    how = {"SPATIAL_INDEX": "NO"} if suffix == "fgb" else {}
    table, _ = read(write(frame, tmp_path / f"a.{suffix}", **how))
    assert table["day"].tolist() == ["2017-06-10", ""]
    assert table["at"].str.replace("T", " ").tolist() == ["2017-06-10", "2018-07-23 10:30:00"]
    assert table["json"].tolist() == ['{"a": [1, 2]}', ""]


def test_lists_and_nested_columns_of_a_parquet_are_json(tmp_path: Path) -> None:
    frame = points(A, B).assign(seen=[[2017, 2018], None], by={"x": 1})
    frame["by"] = [{"who": "Ü"}, None]
    table, _ = read(write(frame, tmp_path / "a.parquet"))
    assert table["seen"].tolist() == ["[2017, 2018]", ""]
    assert table["by"].tolist() == ['{"who": "Ü"}', ""]


def test_decimals_of_a_parquet_are_numbers_however_many_digits_follow_their_dot(tmp_path: Path) -> None:
    """1.200 was a number that can be read in two ways, and the list refused."""
    path = tmp_path / "a.parquet"
    held = [Decimal("1.200"), Decimal("2.500"), None]
    places = {"id": ["a", "b", "c"], "lat": [43.0, 43.1, 43.2], "lon": [88.0, 88.1, 88.2]}
    pd.DataFrame({**places, "area": held}).to_parquet(path)
    counts = source_of(path, {"key": "id", "lat": "lat", "lon": "lon", "area_m2.1942": "area"}).counts
    assert counts["value"].fillna(-1).tolist() == [1.2, 2.5, -1]
    assert counts["verbatim"].tolist() == ["1.200", "2.500", ""]


def test_a_parquet_without_geometry_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"id": arrow.array([7, None]), "lat": [43.5, 44.0], "lon": [88.5, 89.0]}), path)
    sites = source_of(path, {"key": "id", "lat": "lat", "lon": "lon"}).sites
    assert sites["source_key"].tolist() == ["7", "row-2"]


CHINESE = ["新疆维吾尔自治区第一监狱", "乌鲁木齐", "和田"]
RUSSIAN = ["Колыма", "Воркута", "Соловки"]


@pytest.mark.parametrize(
    ("names", "encoding", "cpg"),
    [
        (CHINESE, "gbk", None),
        (CHINESE, "gbk", "ISO-8859-1"),
        (CHINESE, "gbk", "UTF-8"),
        (CHINESE, "utf-8", "ISO-8859-1"),
        (CHINESE, "gbk", "936"),
        (RUSSIAN, "cp1251", None),
        (RUSSIAN, "cp1251", "ISO-8859-1"),
        (RUSSIAN, "cp1251", "1251"),
        (["Ürümqi", "Zhéng", "Kašgar"], "cp1252", None),
    ],
)
def test_the_text_of_a_dbf_is_read_whatever_its_cpg_says(
    tmp_path: Path, names: list[str], encoding: str, cpg: str | None
) -> None:
    path = write(points(A, B, C, name=names), tmp_path / "a" / "a.shp", encoding=encoding)
    path.with_suffix(".cpg").unlink()
    if cpg:
        path.with_suffix(".cpg").write_text(cpg)
    table, report = read(packed(tmp_path / "a.zip", {"a.shp": path}))
    assert table["name"].tolist() == names
    stated = {"936": "gbk", "1251": "cp1251"}.get(cpg or "", cpg)
    assert ("read as" in said(report)) == (stated != encoding)


def test_text_that_two_encodings_make_words_of_is_asked_for(tmp_path: Path) -> None:
    path = write(points(A, name=["서울"]), tmp_path / "a.shp", encoding="cp949")
    path.with_suffix(".cpg").unlink()
    with pytest.raises(
        InputError, match=r"the encoding of its text is not sure, .*euc_kr makes '서울'; say which with --encoding"
    ):
        read(path)
    assert read(path, encoding="euc_kr")[0]["name"].tolist() == ["서울"]
    with pytest.raises(InputError, match=r"text b'\\xbc\\xad\\xbf\\xef' is not utf-8"):
        read(path, encoding="utf-8")


def test_names_of_columns_that_a_dbf_cuts_off_are_named(tmp_path: Path) -> None:
    table, report = read(write(points(A, name_of_the_camp=["a"], 短=["b"]), tmp_path / "a.shp"))
    assert list(table)[:2] == ["name_of_th", "短"]
    assert "names of 10 bytes, where a DBF cuts longer ones off: name_of_th" in said(report)


@given(
    st.lists(st.sampled_from([*CHINESE, "于田县", "墨玉", "a"]), min_size=1).filter(lambda names: set(names) != {"a"})
)
def test_chinese_of_either_encoding_is_never_taken_for_another(names: list[str]) -> None:
    assert likely_encodings([name.encode("utf-8") for name in names]) == ["utf-8"]
    assert likely_encodings([name.encode("gbk") for name in names])[0] == "gb18030"


# ── geometry ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("nothing", [None, {"type": "MultiPolygon", "coordinates": []}])
@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "parquet"])
def test_rows_keep_the_numbers_of_the_file(tmp_path: Path, suffix: str, nothing: Any) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "geojson":
        shapes = [shapely.Point(A), nothing, shapely.Point(B)]
        text_file(path, collection(*(feature(one, name=name) for one, name in zip(shapes, "ANB", strict=True))))
    else:
        empty = None if nothing is None else shapely.MultiPolygon()
        write(
            gpd.GeoDataFrame({"name": list("ANB")}, geometry=[shapely.Point(A), empty, shapely.Point(B)], crs=4326),
            path,
        )
    table, report = read(path)
    assert table["name"].to_dict() == {1: "A", 3: "B"}
    assert [remark.row for remark in report if remark.action == "dropped"] == [2]
    assert balance(report, "feature") == (3, 2, 1)
    assert source_of(path, {"name_en": "name"}).sites["source_key"].tolist() == ["1", "3"]


@pytest.mark.parametrize("around", ["coordinates", "Foo", "Foo><coordinates", "outerBoundaryIs"])
@pytest.mark.parametrize("text", ["", "88,43 89,44"])
def test_a_ring_without_its_polygon_is_drawn_or_noted(tmp_path: Path, around: str, text: str) -> None:
    last = around.split("><")[::-1]
    stray = f"<{around}>{text}<outerBoundaryIs>{ring(SQUARE.exterior)}</outerBoundaryIs></{'></'.join(last)}>"
    place = f"<MultiGeometry><Point><coordinates>88,43</coordinates></Point>{stray}</MultiGeometry>"
    table, report = read(text_file(tmp_path / "a.kml", kml(mark("a", place, at=None))))
    assert len(table) == 1
    assert balance(report, "part")[0] >= 1


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.kml", kml().replace("Document", "Data"), "no feature with a geometry"),
        ("a.kml", kml("<Folder/>"), "no feature with a geometry"),
        ("a.geojson", collection(), "no features"),
        ("a.gpx", "<gpx version='1.1' creator='c' xmlns='http://www.topografix.com/GPX/1/1'/>", "no rows"),
    ],
)
def test_a_file_without_places_is_refused(tmp_path: Path, name: str, content: str, why: str) -> None:
    with pytest.raises(InputError, match=f"{name}: {why}, expected"):
        read(text_file(tmp_path / name, content))


def test_placemarks_keep_the_numbers_of_the_file(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.kml", kml(mark("A"), mark("nowhere", at=None), mark("B", at=B)))
    assert read(path)[0]["name"].to_dict() == {1: "A", 3: "B"}
    assert source_of(path, {"name_en": "name"}).sites["source_key"].tolist() == ["1", "3"]


def _mixed() -> shapely.GeometryCollection:
    return shapely.GeometryCollection([SQUARE, shapely.LineString([A, B, C]), shapely.Point(A)])


def _mixed_files(folder: Path) -> dict[str, Path]:
    line = " ".join(f"{x},{y}" for x, y in (A, B, C))
    drawn = (
        f"<MultiGeometry><Polygon><outerBoundaryIs>{ring(SQUARE.exterior)}</outerBoundaryIs></Polygon>"
        f"<LineString><coordinates>{line}</coordinates></LineString>"
        f"<Point><coordinates>{A[0]},{A[1]}</coordinates></Point></MultiGeometry>"
    )
    frame = gpd.GeoDataFrame({"name": ["x"]}, geometry=[_mixed()], crs=4326)
    return {
        "geojson": text_file(folder / "a.geojson", collection(feature(_mixed(), name="x"))),
        "kml": text_file(folder / "a.kml", kml(mark("x", drawn, at=None))),
        "gpkg": write(frame, folder / "a.gpkg"),
        "parquet": write(frame, folder / "a.parquet"),
    }


@pytest.mark.parametrize("suffix", ["geojson", "kml", "gpkg", "parquet"])
def test_the_outline_of_a_collection_is_taken_and_the_rest_noted(tmp_path: Path, suffix: str) -> None:
    table, report = read(_mixed_files(tmp_path)[suffix])
    assert table[GEOMETRY].iloc[0].equals(SQUARE)
    assert balance(report, "part") == (3, 1, 2)
    assert balance(report, "vertex") == (8, 4, 4)
    assert "a line beside the outline of one feature; the outline is taken" in said(report)
    assert "a point beside the outline" in said(report)


@pytest.mark.parametrize("suffix", ["geojson", "kml", "gpkg"])
def test_two_points_of_one_feature_are_two_places(tmp_path: Path, suffix: str) -> None:
    both = shapely.MultiPoint([A, (99.0, 40.0)])
    path = tmp_path / f"a.{suffix}"
    if suffix == "kml":
        drawn = "".join(f"<Point><coordinates>{x},{y}</coordinates></Point>" for x, y in (A, (99.0, 40.0)))
        text_file(path, kml(mark("two", f"<MultiGeometry>{drawn}</MultiGeometry>", at=None), mark("B", at=B)))
    elif suffix == "geojson":
        text_file(path, collection(feature(both, name="two"), feature(shapely.Point(B), name="B")))
    else:
        write(gpd.GeoDataFrame({"name": ["two", "B"]}, geometry=[both, shapely.Point(B)], crs=4326), path)
    sites = source_of(path, {"name_en": "name"}).sites.set_index("source_key")
    assert sites["name_en"].to_dict() == {"1": "two", "2": "B", "3": "two"}
    assert sites.loc["3", ["lon", "lat"]].tolist() == [99.0, 40.0]
    assert (sites["r95_m"] <= 130).all()
    assert "one feature of 2 points; each is read as a place of its own, the others as row 3" in said(read(path)[1])


def test_one_point_in_a_group_is_one_place(tmp_path: Path) -> None:
    path = write(gpd.GeoDataFrame({"n": ["a"]}, geometry=[shapely.MultiPoint([A])], crs=4326), tmp_path / "a.gpkg")
    table, report = read(path)
    assert table[GEOMETRY].iloc[0].equals(shapely.Point(A))
    assert "place of its own" not in said(report)


def test_outlines_that_lie_far_apart_are_noted(tmp_path: Path) -> None:
    apart = shapely.MultiPolygon([SQUARE, shapely.affinity.translate(SQUARE, 5, 0)])
    _, report = read(text_file(tmp_path / "a.geojson", collection(feature(apart), feature(SQUARE))))
    assert "parts that lie up to 408 km apart; read as one place" in said(report)
    assert [remark.row for remark in report] == [1]


def _court_kml(*, spaced: bool = False, one_boundary: bool = True) -> str:
    holes = [ring(hole, ", " if spaced else ",") for hole in COURT.interiors]
    inner = (
        [f"<innerBoundaryIs>{''.join(holes)}</innerBoundaryIs>"]
        if one_boundary
        else [f"<innerBoundaryIs>{hole}</innerBoundaryIs>" for hole in holes]
    )
    outer = f"<outerBoundaryIs>{ring(COURT.exterior, ', ' if spaced else ',')}</outerBoundaryIs>"
    return kml(mark("court", f"<Polygon>{outer}{''.join(inner)}</Polygon>", at=None))


@pytest.mark.parametrize("spaced", [False, True])
@pytest.mark.parametrize("one_boundary", [False, True])
def test_all_holes_and_vertices_of_a_kml_are_read(tmp_path: Path, spaced: bool, one_boundary: bool) -> None:
    path = text_file(tmp_path / "a.kml", _court_kml(spaced=spaced, one_boundary=one_boundary))
    table, report = read(path)
    assert table[GEOMETRY].iloc[0].equals(COURT)
    assert balance(report, "ring") == (3, 3, 0)
    assert balance(report, "vertex") == (12, 12, 0)


@pytest.mark.parametrize(
    ("coordinates", "why"),
    [
        ("88.0 43.0", "expected longitude,latitude"),
        ("88.0,43.0,0,88.1,43.1,0", "expected longitude,latitude"),
        ("88.0,north", "could not convert"),
        ("88.0,nan", "no number"),
        ("88,43 89,44", "a point of 2 positions"),
    ],
)
def test_coordinates_that_are_none_are_refused(tmp_path: Path, coordinates: str, why: str) -> None:
    point = f"<Point><coordinates>{coordinates}</coordinates></Point>"
    with pytest.raises(InputError, match=why) as caught:
        read(text_file(tmp_path / "a.kml", kml(mark("ok"), mark("bad", point, at=None))))
    assert "placemark 2 (bad)" in str(caught.value)


@pytest.mark.parametrize("n", [3, 4, 5])
def test_further_numbers_of_a_position_are_noted(tmp_path: Path, n: int) -> None:
    position = [88.25, 43.5, 900.0, 7.0, 9.0][:n]
    table, report = read(
        text_file(tmp_path / "a.geojson", collection(feature({"type": "Point", "coordinates": position})))
    )
    assert table[[LON, LAT]].to_numpy().tolist() == [["88.25", "43.5"]]
    assert "heights or measures at 1 positions; left aside" in said(report)


def test_an_unclosed_ring_is_closed_and_counts_its_vertices_once(tmp_path: Path) -> None:
    corners = [list(corner) for corner in SQUARE.exterior.coords]
    for positions in (corners, corners[:-1]):
        shape = {"type": "Polygon", "coordinates": [positions]}
        table, report = read(text_file(tmp_path / "a.geojson", collection(feature(shape))))
        assert table[GEOMETRY].iloc[0].equals(SQUARE)
        assert balance(report, "vertex") == (4, 4, 0)


def test_all_geometries_that_are_none_are_named_at_once(tmp_path: Path) -> None:
    bad = [
        {"type": "Polygon", "coordinates": [[88, 43], [89, 43]]}, {"type": "Point", "coordinates": [88]},
        {"type": "Circle", "coordinates": [88, 43]}, {"type": "LineString", "coordinates": [[88, 43]]},
    ]  # fmt: skip
    with pytest.raises(InputError, match="5 faults") as caught:
        read(text_file(tmp_path / "a.geojson", collection(*map(feature, bad), "x", feature(SQUARE))))
    assert all(f"feature {n}:" in str(caught.value) for n in range(1, 6))


@pytest.mark.parametrize("suffix", ["geojson", "kml", "gpkg"])
def test_metres_under_a_crs_of_degrees_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "kml":
        text_file(path, kml(mark("ok"), mark("utm", at=(540_000.0, 4_800_000.0))))
    elif suffix == "geojson":
        text_file(path, collection(feature(shapely.Point(A)), feature(shapely.Point(540_000, 4_800_000))))
    else:
        write(points(A, (540_000.0, 4_800_000.0), n=[1, 2]), path)
    with pytest.raises(InputError, match="row 2: found a coordinate of 4,800,000, expected degrees"):
        read(path)


@pytest.mark.parametrize("stated", ["member", "option", "old"])
def test_a_geojson_in_another_crs_is_reprojected(tmp_path: Path, stated: str) -> None:
    moved = gpd.GeoSeries([shapely.Point(A)], crs=4326).to_crs(32645).iloc[0]
    crs = {
        "member": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32645"}},
        "old": {"type": "EPSG", "properties": {"code": 32645}},
    }
    more = {"crs": crs[stated]} if stated in crs else {}
    path = text_file(tmp_path / "a.geojson", collection(feature(moved), **more))
    table, report = read(path, **({} if more else {"crs": "EPSG:32645"}))
    assert shapely.get_coordinates(table[GEOMETRY].iloc[0])[0] == pytest.approx(A, abs=1e-9)
    assert float(table[LON].iloc[0]) == moved.x
    assert "positions reprojected from EPSG:32645" in said(report)


def test_what_stands_beside_the_properties_is_noted(tmp_path: Path) -> None:
    held = feature(shapely.Point(A), name="a") | {"when": {"start": "2017"}, "bbox": [0, 0, 1, 1]}
    _, report = read(text_file(tmp_path / "a.geojson", collection(held, author="X")))
    assert "members when beside the properties; not read" in said(report)
    assert "members author beside the properties" in said(report)
    text = '{"type":"Feature","properties":{"id":1,"id":2},"geometry":{"type":"Point","coordinates":[88,43]}}'
    assert "a property given twice; the last is taken" in said(read(text_file(tmp_path / "b.geojson", text))[1])


def test_a_bare_geometry_is_a_feature(tmp_path: Path) -> None:
    table, _ = read(text_file(tmp_path / "a.geojson", json.dumps(shapely.geometry.mapping(SQUARE))))
    assert table[GEOMETRY].iloc[0].equals(SQUARE)


@pytest.mark.parametrize("packed_up", [False, True])
def test_a_shapefile_without_a_prj_asks_for_its_crs(tmp_path: Path, packed_up: bool) -> None:
    for crs, looks in ((4326, "possible degrees, EPSG:4326 perhaps"), (32645, "are no degrees")):
        shp = write(points(A, n=[1]).to_crs(crs), tmp_path / str(crs) / "a.shp")
        shp.with_suffix(".prj").unlink()
        path = packed(tmp_path / f"{crs}.zip", {"a.shp": shp}) if packed_up else shp
        with pytest.raises(InputError, match=f"states no CRS, .*{looks}"):
            read(path)
        table, _ = read(path, crs=f"EPSG:{crs}")
        assert shapely.get_coordinates(table[GEOMETRY].iloc[0])[0] == pytest.approx(A, abs=1e-9)


def test_a_crs_told_of_a_file_that_states_another_is_noted(tmp_path: Path) -> None:
    _, report = read(write(points(A, n=[1]), tmp_path / "a.gpkg"), crs="EPSG:32645")
    assert "states its own CRS, EPSG:4326; the one told, EPSG:32645, is not used" in said(report)


@pytest.mark.parametrize("packed_up", [False, True])
def test_a_crs_that_is_not_in_utf8_is_read_from_an_archive_and_else_refused(tmp_path: Path, packed_up: bool) -> None:
    path = write(points(A, B, name=["a", "b"]).to_crs(32645), tmp_path / "a.shp")
    prj = path.with_suffix(".prj")
    prj.write_bytes(prj.read_bytes().replace(b"WGS_1984_UTM", "Gauß_UTM".encode("latin-1")))
    if packed_up:
        table, _ = read(packed(tmp_path / "a.zip", {"a.shp": path}))
        np.testing.assert_allclose(shapely.get_coordinates(table[GEOMETRY].to_numpy()), [A, B], atol=1e-7)
    else:
        with pytest.raises(InputError, match=r"a\.shp: cannot be read"):
            read(path)


SITE_GRID = 'LOCAL_CS["site grid",UNIT["metre",1],AXIS["X",EAST],AXIS["Y",NORTH]]'
MOON = "+proj=eqc +R=1737400 +units=m +type=crs"


@pytest.mark.parametrize(
    ("stated", "why"),
    [(SITE_GRID, "Engineering CRS"), ("EPSG:5773", "Vertical CRS"), ("EPSG:4978", "Geocentric CRS"), (MOON, "Moon")],
)
def test_a_crs_that_is_no_place_on_earth_is_refused(tmp_path: Path, stated: str, why: str) -> None:
    path = write(gpd.GeoDataFrame({"id": [1]}, geometry=[SQUARE], crs=stated), tmp_path / "a.gpkg")
    bare = write(gpd.GeoDataFrame({"id": [1]}, geometry=[SQUARE]), tmp_path / "bare.gpkg")
    refused = rf"gpkg: its CRS, .*, is no degrees or grid on Earth \(.*{why}.*\); export it in EPSG:4326"
    for again in (
        lambda: read(path),
        lambda: read(bare, crs=stated),
        lambda: footprints.load(path, gsd_m=1, observed_on="2018"),
        lambda: footprints.load(bare, gsd_m=1, observed_on="2018", crs=stated),
    ):
        with pytest.raises(InputError, match=refused):
            again()


@pytest.mark.parametrize(
    ("stated", "known"),
    [("EPSG:4214", False), ("EPSG:2343", False), ("EPSG:4490", True), ("EPSG:28992", True), ("EPSG:32648", True)],
)
def test_a_datum_whose_shift_is_not_known_is_noted(tmp_path: Path, stated: str, known: bool) -> None:
    # Beijing 1954 and Xian 1980 lie some 100 m off, and PROJ takes their degrees as they are.
    ground = gpd.GeoSeries([shapely.box(5.2, 52, 5.201, 52.001) if "28992" in stated else SQUARE], crs=4326)
    path = write(gpd.GeoDataFrame({"id": [1]}, geometry=ground.to_crs(stated)), tmp_path / "a.gpkg")
    _, report = read(path)
    loaded = footprints.load(path, gsd_m=1, observed_on="2018")
    for told in (said(report), "".join(remark.reason for remark in loaded.report)):
        assert ("no shift from the datum of" in told) is not known


def test_sizes_that_a_file_says_wrong_are_refused(tmp_path: Path) -> None:
    path = write(points(A, B, name=["a", "b"]), tmp_path / "a.fgb", SPATIAL_INDEX="NO")
    sound = path.read_bytes()
    refused = set()
    for at in range(len(sound) // 2, len(sound) - 4, 4):
        path.write_bytes(sound[:at] + b"\xff\xff\xff\x7f\0\0\0\0"[: len(sound) - at] + sound[at + 8 :])
        try:
            read(path)
        except InputError as error:
            refused.add(str(error))
    assert any("Offset invariant failure" in one for one in refused)


def test_a_shapefile_without_its_companions_says_which(tmp_path: Path) -> None:
    path = write(points(A, n=[1]), tmp_path / "a.shp")
    path.with_suffix(".shx").unlink()
    with pytest.raises(InputError, match=r"its \.shx is not beside it"):
        read(path)


@pytest.mark.parametrize("suffix", ["gpkg", "fgb", "shp", "geojson", "gml"])
def test_gdal_counts_what_the_reader_counts(tmp_path: Path, suffix: str) -> None:
    shapes = [COURT, shapely.MultiPolygon([SQUARE, shapely.affinity.translate(COURT, 1, 0)])]
    path = write(gpd.GeoDataFrame({"n": [1, 2]}, geometry=shapes, crs=4326), tmp_path / f"a.{suffix}")
    table, report = read(path)
    judged = pyogrio.read_dataframe(path).geometry.to_numpy()
    for piece, n in pieces_of(judged).items():
        assert balance(report, piece) == (n.sum(), n.sum(), 0)
    assert shapely.area(table[GEOMETRY].to_numpy()).sum() == pytest.approx(shapely.area(judged).sum(), rel=1e-12)


# ── what a KML says beside its coordinates ───────────────────────────────────────────────────────────────────────

SPAN = "<TimeSpan><begin>2017-06</begin><end>2019</end></TimeSpan>"
STAMP = "<TimeStamp><when>2018-03-22</when></TimeStamp>"
TRACK = (
    "<gx:Track><when>2017-06-10T08:00:00Z</when><when>2017-06-11T09:00:00Z</when>"
    "<gx:coord>88.25 43.5 900</gx:coord><gx:coord>88.26 43.6 905</gx:coord></gx:Track>"
)


def test_times_of_a_kml_open_and_close_a_site(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.kml", kml(mark("span", SPAN), mark("stamp", STAMP), mark("none")))
    table, report = read(path)
    assert table[["begin", "end", "when"]].to_numpy().tolist() == [
        ["2017-06", "2019", ""], ["", "", "2018-03-22"], ["", "", ""]
    ]  # fmt: skip
    assert balance(report, "element") == (6, 6, 0)
    sites = source_of(path).sites
    assert sites["opened"].fillna("").tolist() == ["2017-06", "", ""]
    assert sites["closed"].fillna("").tolist() == ["2019", "", ""]


def test_the_time_of_a_folder_stands_for_what_is_in_it(tmp_path: Path) -> None:
    inner = f"<Folder><name>G</name>{mark('deep')}</Folder>"
    folder = f"<Folder><name>F</name>{SPAN}{mark('inherits')}{mark('own', STAMP)}{inner}</Folder>"
    table, report = read(text_file(tmp_path / "a.kml", kml(folder)))
    assert table["begin"].tolist() == ["2017-06", "", "2017-06"]
    assert table["folder"].tolist() == ["F", "F", "F / G"]
    assert balance(report, "element") == (6, 6, 0)
    alone = f"<Folder>{SPAN}{mark('own', STAMP)}</Folder>"
    assert "a time of a folder whose placemarks have times" in said(read(text_file(tmp_path / "b.kml", kml(alone)))[1])


def test_a_track_is_a_line_with_a_beginning_and_an_end(tmp_path: Path) -> None:
    path = text_file(
        tmp_path / "a.kml",
        kml(
            mark("t", TRACK, at=None),
            mark("both", TRACK),
            mark("m", f"<gx:MultiTrack>{TRACK}</gx:MultiTrack>", at=None),
        ),
    )
    table, report = read(path)
    assert table["begin"].tolist() == ["2017-06-10T08:00:00Z"] * 3
    assert table["end"].tolist() == ["2017-06-11T09:00:00Z"] * 3
    assert [shape.geom_type for shape in table[GEOMETRY]] == ["LineString", "Point", "LineString"]
    assert balance(report, "vertex") == (7, 5, 2)
    assert "a time of a position of a track; the first and the last are kept" in said(report)


def _data(name: str, value: str | None, shown: str = "") -> str:
    display = f"<displayName>{shown}</displayName>" if shown else ""
    return f'<Data name="{name}">{display}{"" if value is None else f"<value>{value}</value>"}</Data>'


def test_the_name_that_is_displayed_is_no_value(tmp_path: Path) -> None:
    held = "".join((_data("a", "", "Shown"), _data("b", None, "Shown"), _data("c", "1", "Shown")))
    schema = '<SchemaData schemaUrl="#s"><SimpleData name="d">2</SimpleData><SimpleData name="e"/></SchemaData>'
    table, report = read(text_file(tmp_path / "a.kml", kml(mark("x", f"<ExtendedData>{held}{schema}</ExtendedData>"))))
    assert table[list("abcde")].to_numpy().tolist() == [["", "", "1", "2", ""]]
    assert balance(report, "element") == (3, 3, 0)


def test_attributes_given_twice_are_both_kept(tmp_path: Path) -> None:
    held = "".join((_data("name", "Other"), _data("description", "d"), _data("tier", "1"), _data("tier", "2")))
    inside = f"<description>d</description><ExtendedData>{held}</ExtendedData>"
    table, report = read(text_file(tmp_path / "a.kml", kml(mark("x", inside))))
    assert table[["name", "name (2)", "description", "tier", "tier (2)"]].to_numpy().tolist() == [
        ["x", "Other", "d", "1", "2"]
    ]
    assert "description given twice in one placemark, in the same words; taken once" in said(report)
    assert balance(report, "element") == (6, 5, 1)


def test_elements_that_are_not_read_are_noted(tmp_path: Path) -> None:
    inside = "<Snippet>s</Snippet><address>Road 1</address><phoneNumber>1</phoneNumber><styleUrl>#red</styleUrl>"
    view = "<LookAt><longitude>1</longitude><latitude>2</latitude></LookAt>"
    link = "<NetworkLink><Link><href>http://x/y.kml</href></Link></NetworkLink>"
    overlay = "<GroundOverlay><name>scan</name></GroundOverlay>"
    path = text_file(tmp_path / "a.kml", kml(link, overlay, mark("x", inside, view), mark("y", view)))
    table, report = read(path)
    assert table.loc[1, ["snippet", "address", "phoneNumber", "styleUrl"]].tolist() == ["s", "Road 1", "1", "#red"]
    noted = said(report)
    assert "NetworkLink of a folder or document: a link to another file, not followed" in noted
    assert "http://x/y.kml" in noted
    assert "GroundOverlay of a folder or document: a picture on the ground" in noted
    assert "LookAt of a placemark: where a reader's eye stands, no place of the list (2 of them" in noted
    assert balance(report, "element") == (10, 6, 4)


def test_a_placemark_outside_the_document_is_noted(tmp_path: Path) -> None:
    update = (
        f"<NetworkLinkControl><Update><Create><Folder>{mark('new')}</Folder></Create></Update></NetworkLinkControl>"
    )
    text = kml(mark("x")).replace("</kml>", f"{update}</kml>")
    table, report = read(text_file(tmp_path / "a.kml", text))
    assert table["name"].tolist() == ["x"]
    assert balance(report, "feature") == (2, 1, 1)
    assert "a placemark outside the folders of the document; left aside [new]" in said(report)


def test_the_place_of_a_model_is_a_place(tmp_path: Path) -> None:
    model = "<Model><Location><longitude>88.250</longitude><latitude>43.5</latitude></Location></Model>"
    table, _ = read(text_file(tmp_path / "a.kml", kml(mark("m", model, at=None))))
    assert table[[LON, LAT]].to_numpy().tolist() == [["88.250", "43.5"]]


# ── further formats ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_gml_is_read_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = write(points(A, B, name=["a", "b"], n=[1, 2]), tmp_path / "a.gml", driver="GML")
    path.with_suffix(".xsd").unlink()
    table, _ = read(path)
    assert table["name"].tolist() == ["a", "b"]
    assert [shape.coords[0] for shape in table[GEOMETRY]] == [A, B]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.gml"]


GPX = (
    '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">'
    '<wpt lat="43.5" lon="88.25"><time>2017-06-10T10:00:00Z</time><name>A</name></wpt>{more}</gpx>'
)


def test_a_gpx_is_read_and_its_layers_are_asked_for(tmp_path: Path) -> None:
    table, report = read(text_file(tmp_path / "a.gpx", GPX.format(more="")))
    assert table.loc[1, ["name", "time"]].tolist() == ["A", "2017-06-10T10:00:00Z"]
    assert balance(report, "layer") == (5, 1, 4)
    track = '<trk><trkseg><trkpt lat="43" lon="88"/><trkpt lat="44" lon="88"/></trkseg></trk>'
    path = text_file(tmp_path / "b.gpx", GPX.format(more=track))
    with pytest.raises(
        InputError, match=r"has layers waypoints \(1 features\), tracks \(1 features\), track_points \(2"
    ):
        read(path)
    assert len(read(path, layer="track_points")[0]) == 2


def _topology(*, quantized: bool) -> dict[str, Any]:
    """Return two squares that share an edge, one with a hole, and a point."""
    shared, left, right = [[1, 0], [1, 1]], [[1, 1], [0, 1], [0, 0], [1, 0]], [[1, 0], [2, 0], [2, 1], [1, 1]]
    hole = [[0.25, 0.25], [0.25, 0.75], [0.75, 0.75], [0.25, 0.25]]
    arcs: list[Any] = [shared, left, right, hole]
    more: dict[str, Any] = {}
    if quantized:
        arcs = [np.diff([[0, 0], *(np.array(arc) * 4)], axis=0).astype(int).tolist() for arc in arcs]
        more = {"transform": {"scale": [0.25, 0.25], "translate": [88, 43]}}
    else:
        arcs = [(np.array(arc) + np.array([88, 43])).tolist() for arc in arcs]
    geometries = [
        {"type": "Polygon", "arcs": [[0, 1], [3]], "properties": {"name": "left"}},
        {"type": "MultiPolygon", "arcs": [[[~0, 2][::-1]]], "properties": {"name": "right"}},
        {"type": "Point", "coordinates": [4, 4] if quantized else [89, 44], "properties": {"name": "point"}},
        {"type": None, "properties": {"name": "nothing"}},
    ]
    return {
        "type": "Topology",
        "arcs": arcs,
        "objects": {"camps": {"type": "GeometryCollection", "geometries": geometries}},
        **more,
    }


@pytest.mark.parametrize("suffix", ["topojson", "json", "geojson"])
@pytest.mark.parametrize("quantized", [False, True])
def test_a_topology_is_put_together(tmp_path: Path, suffix: str, quantized: bool) -> None:
    table, report = read(text_file(tmp_path / f"a.{suffix}", json.dumps(_topology(quantized=quantized))))
    assert table["name"].to_dict() == {1: "left", 2: "right", 3: "point"}
    left, right, point = table[GEOMETRY]
    assert left.equals(
        shapely.box(88, 43, 89, 44).difference(shapely.Polygon([(88.25, 43.25), (88.25, 43.75), (88.75, 43.75)]))
    )
    assert right.equals(shapely.box(89, 43, 90, 44))
    assert (point.x, point.y) == (89, 44)
    assert balance(report, "feature") == (4, 3, 1)
    assert balance(report, "ring") == (3, 3, 0)


def test_objects_of_a_topology_are_asked_for_and_broken_arcs_refused(tmp_path: Path) -> None:
    topology = _topology(quantized=False)
    topology["objects"]["more"] = {"type": "Point", "coordinates": [90, 45]}
    path = text_file(tmp_path / "a.topojson", json.dumps(topology))
    with pytest.raises(InputError, match=r"has objects camps \(4 features\), more \(1 features\)"):
        read(path)
    assert len(read(path, layer="*")[0]) == 4
    topology["arcs"] = topology["arcs"][:1]
    with pytest.raises(InputError, match="object camps, geometry 1: cannot be put together"):
        read(text_file(tmp_path / "b.topojson", json.dumps(topology)), layer="camps")


# ── hostile files ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_member_that_is_larger_than_it_says_is_not_unpacked_whole(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.kmz", {"doc.kml": b" " * (200 * 2**20)})
    content = bytearray(path.read_bytes())
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        at = content.index(mark) + (22 if mark == b"PK\x03\x04" else 24)
        content[at : at + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"not a whole ZIP archive|larger than"):
        read(path)


def test_a_view_without_end_is_refused(tmp_path: Path) -> None:
    path = write(points(A, n=[1]), tmp_path / "a.gpkg")
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE VIEW endless AS WITH RECURSIVE c(fid) AS (SELECT 1 UNION ALL SELECT fid + 1 FROM c) "
            "SELECT fid FROM c"
        )
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) "
            "VALUES ('endless', 'attributes', 'e', 0)"
        )
    database.close()
    with pytest.raises(InputError, match="layer endless is a view or has computed columns, expected a table"):
        read(path)


@pytest.mark.parametrize("kind", ["list", "number"])
def test_a_parquet_that_repeats_itself_is_measured_before_it_is_spelled_out(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.parquet"
    zeros = np.zeros(5_000_000, dtype=np.int8)
    column = {
        "list": arrow.ListArray.from_arrays(np.arange(0, 20_000_001, 100_000, dtype=np.int32), np.tile(zeros, 4)),
        "number": arrow.array(zeros),
    }[kind]
    parquet.write_table(arrow.table({"a": column}), path)
    assert path.stat().st_size < 4_000_000
    with pytest.raises(InputError, match="too large for a list"):
        read(path)


@pytest.mark.parametrize("kind", ["text", "dictionary", "list", "structure"])
def test_a_parquet_of_60_kb_that_spells_out_20_gb_is_refused(tmp_path: Path, kind: str) -> None:
    """One text of a megabyte, 20,000 times; the process was killed for want of memory."""
    path = tmp_path / "a.parquet"
    n = 20_000
    once = arrow.DictionaryArray.from_arrays(arrow.array(np.zeros(n, dtype=np.int32)), arrow.array(["x" * 2**20]))
    column = {
        "dictionary": once,
        "list": arrow.ListArray.from_arrays(arrow.array(np.arange(n + 1, dtype=np.int32)), once),
        "structure": arrow.StructArray.from_arrays([once], ["a"]),
    }.get(kind, once)
    stored = {"store_schema": False} if kind == "text" else {}
    parquet.write_table(arrow.table({"a": column}), path, compression="zstd", **stored)
    assert path.stat().st_size < 100_000
    with pytest.raises(
        InputError, match=r"column a.* unpacks to 20,000 MB, expected at most 128 MB; too large for a list"
    ):
        read(path)


@pytest.mark.parametrize("suffix", ["geojson", "kml"])
# Too many columns; and columns enough, but a square of them.
@pytest.mark.parametrize(("n", "n_columns"), [(2001, 2001), (2003, 1998)])
def test_a_column_a_feature_is_refused_before_room_is_taken(
    tmp_path: Path, suffix: str, n: int, n_columns: int
) -> None:
    names = [f"c{number % n_columns}" for number in range(n)]
    if suffix == "kml":
        data = '<ExtendedData><Data name="{}"><value>1</value></Data></ExtendedData>'
        path = text_file(tmp_path / "a.kml", kml(*(mark("a", data.format(name)) for name in names)))
    else:
        path = text_file(
            tmp_path / "a.geojson", collection(*(feature(shapely.Point(A), **{name: 1}) for name in names))
        )
    with pytest.raises(
        InputError, match=rf"{n:,} features of .* columns, expected at most 2,000 columns and 4,000,000"
    ):
        read(path)


def test_a_geojson_of_more_numbers_than_a_list_has_is_refused(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.geojson", '{"type":"LineString","coordinates":[' + "[1,2]," * 1_300_000 + "[1,2]]}")
    with pytest.raises(InputError, match="2,600,003 values, expected at most 2,500,000"):
        read(path)


@pytest.mark.parametrize("suffix", ["gpkg", "gml", "shp", "fgb", "geojson"])
@pytest.mark.parametrize(
    "text",
    [
        "/vsicurl/http://127.0.0.1:9/a.geojson",
        "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>"
        "</OGRVRTDataSource>",
        "<FeatureCollection><!-- <OGRVRTDataSource> --></FeatureCollection>",
        '{"type": "gdal_streamed_alg", "command_line": "gdal vector read /etc/passwd"}',
    ],
)
def test_a_text_that_names_another_file_is_not_followed(tmp_path: Path, suffix: str, text: str) -> None:
    with pytest.raises(InputError):
        read(text_file(tmp_path / f"a.{suffix}", text))


def test_a_topology_that_names_one_arc_over_and_over_is_not_put_together(tmp_path: Path) -> None:
    arc = [[88 + n / 10_000, 43] for n in range(1000)]
    objects = {"camps": {"type": "MultiPolygon", "arcs": [[[0]]] * 200_000}}
    path = text_file(tmp_path / "a.topojson", json.dumps({"type": "Topology", "objects": objects, "arcs": [arc]}))
    with pytest.raises(InputError, match=r"a\.topojson: its arcs come to more than 2,500,000 vertices"):
        read(path)


@pytest.mark.parametrize("group", ["Folder", "MultiGeometry"])
def test_a_kml_without_end_of_groups_is_refused(tmp_path: Path, group: str) -> None:
    inside = f"<{group}>" * 5000 + mark("a") + f"</{group}>" * 5000
    with pytest.raises(InputError, match=r"a\.kml: elements more than 200 deep in one another"):
        read(text_file(tmp_path / "a.kml", kml(inside if group == "Folder" else f"<Placemark>{inside}</Placemark>")))


@pytest.fixture
def asked() -> Iterator[HTTPServer]:
    """Return a server of this machine; what it was asked for is in its ``paths``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.paths.append(self.path)  # type: ignore[attr-defined]
            self.send_error(404)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.paths = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_the_schema_that_a_gml_names_is_not_asked_for(tmp_path: Path, asked: HTTPServer) -> None:
    where = f"http://127.0.0.1:{asked.server_port}/?SERVICE=WFS&amp;REQUEST=DescribeFeatureType&amp;TYPENAME=a:b"
    path = write(points(A, name=["a"]), tmp_path / "a.gml", driver="GML")
    path.with_suffix(".xsd").unlink()
    text = path.read_text("utf-8")
    head = f'<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs" xsi:schemaLocation="http://x {where}"'
    text = re.sub(r'<ogr:FeatureCollection|xsi:schemaLocation="[^"]*"', lambda f: head * (f[0][0] == "<"), text)
    path.write_text(text.replace("</ogr:FeatureCollection>", "</wfs:FeatureCollection>"))
    assert read(path)[0]["name"].tolist() == ["a"]
    assert asked.paths == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("where", ["collection", "feature", "geometry"])
@pytest.mark.parametrize("kind", ["linked", "unknown"])
def test_a_crs_of_outlines_that_is_linked_or_unknown_is_refused_and_not_asked_for(
    tmp_path: Path, asked: HTTPServer, where: str, kind: str
) -> None:
    """GDAL asks the address, and takes WGS 84 for what it does not know."""
    link = {"type": "link", "properties": {"href": f"http://127.0.0.1:{asked.server_port}/crs", "type": "proj4"}}
    crs = {"linked": link, "unknown": {"type": "name", "properties": {"name": "local.grid"}}}[kind]
    drawn = feature(SQUARE, site_id="a", crs="of no matter")
    content = json.loads(collection(drawn))
    one = content["features"][0]
    {"collection": content, "feature": one, "geometry": one["geometry"]}[where]["crs"] = crs
    for text in (json.dumps(content), json.dumps(content).replace('"crs"', '"\\u0063rs"')):
        with pytest.raises(InputError, match=r"a\.geojson: (CRS is .*, which is not known|a feature names a CRS)"):
            footprints.load(text_file(tmp_path / "a.geojson", text), observed_on="2018", gsd_m=0.5)
    assert asked.paths == []  # type: ignore[attr-defined]
