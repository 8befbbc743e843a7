"""Any list through a mapping: every format, and mangled copies that must be mended, or refused in words."""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from openpyxl import Workbook
from record_support import source_of

from camps import sources
from camps.errors import CampsError, InputError
from camps.sources import Source

MAPPING = {"key": "id", "name_en": "name", "lat": "lat", "lon": "lon", "tier": "tier", "opened": "opened"}
GEO = {name: column for name, column in MAPPING.items() if name not in ("lat", "lon")}
MOST_MEMORY = 300 * 2**20


def _list() -> pd.DataFrame:
    """Return 40 real sites with printed coordinates, as text."""
    raw = sources.read("gazetteer").raw
    plain = raw.loc[
        raw["system"] == "xinjiang-internment", ["buzzfeed_id", "name_en", "lat", "lon", "aspi_tier", "opened_edtf"]
    ]
    plain.columns = ["id", "name", "lat", "lon", "tier", "opened"]
    return plain.head(40).reset_index(drop=True)


def _read(path: Path, mapping: dict[str, str] | None = None, **options: Any) -> Source:
    return source_of(path, MAPPING if mapping is None else mapping, **options)


def _reasons(source: Source, action: str) -> list[str]:
    return [remark.reason for remark in source.report if remark.action == action]


def _assert_same_sites(source: Source, table: pd.DataFrame) -> None:
    assert source.sites["source_key"].tolist() == table["id"].tolist()
    assert source.sites["name_en"].tolist() == table["name"].tolist()
    assert source.sites["lon"].to_numpy() == pytest.approx(table["lon"].astype(float).to_numpy(), abs=1e-9)
    assert source.sites["lat"].to_numpy() == pytest.approx(table["lat"].astype(float).to_numpy(), abs=1e-9)


# ── every format ─────────────────────────────────────────────────────────────────────────────────────────────────


def _geo(table: pd.DataFrame) -> gpd.GeoDataFrame:
    points = gpd.points_from_xy(table["lon"].astype(float), table["lat"].astype(float))
    return gpd.GeoDataFrame(table.drop(columns=["lat", "lon"]), geometry=points, crs=4326)


def _write_shapefile(table: pd.DataFrame, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _geo(table).to_file(path.with_suffix(".shp"))
    with zipfile.ZipFile(path, "w") as archive:
        for part in path.parent.glob(f"{path.stem}.*"):
            if part != path:
                archive.write(part, part.name)


def _write_kml(table: pd.DataFrame, path: Path) -> None:
    marks = ""
    for record in table.to_dict("records"):
        data = "".join(f"<Data name='{name}'><value>{record[name]}</value></Data>" for name in ("id", "tier", "opened"))
        point = f"<Point><coordinates>{record['lon']},{record['lat']},0</coordinates></Point>"
        marks += f"<Placemark><name>{record['name']}</name><ExtendedData>{data}</ExtendedData>{point}</Placemark>"
    text = (
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder><name>F</name>{marks}</Folder></Document></kml>'
    )
    if path.suffix == ".kmz":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("doc.kml", text)
    else:
        path.write_text(text, encoding="utf-8")


FORMATS: dict[str, tuple[Callable[[pd.DataFrame, Path], object], dict[str, str]]] = {
    "csv": (lambda table, path: table.to_csv(path, index=False), MAPPING),
    "tsv": (lambda table, path: table.to_csv(path, index=False, sep="\t"), MAPPING),
    "txt": (lambda table, path: table.to_csv(path, index=False, sep="|"), MAPPING),
    "xlsx": (lambda table, path: table.to_excel(path, index=False), MAPPING),
    "ods": (lambda table, path: table.to_excel(path, index=False, engine="odf"), MAPPING),
    "parquet": (lambda table, path: _geo(table).to_parquet(path), GEO),
    "geojson": (lambda table, path: _geo(table).to_file(path, driver="GeoJSON", COORDINATE_PRECISION=15), GEO),
    "gpkg": (lambda table, path: _geo(table).to_file(path), GEO),
    "fgb": (lambda table, path: _geo(table).to_file(path, SPATIAL_INDEX="NO"), GEO),
    "zip": (_write_shapefile, GEO),
    "kml": (_write_kml, GEO),
    "kmz": (_write_kml, GEO),
}


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_list_reads_the_same_from_every_format(tmp_path: Path, suffix: str) -> None:
    table = _list()
    write, mapping = FORMATS[suffix]
    path = tmp_path / f"list.{suffix}"
    write(table, path)
    source = _read(path, mapping)
    _assert_same_sites(source, table)
    assert source.report.counts()["dropped"] == 0
    assert source.sites["tier"].astype("string").fillna("").tolist() == table["tier"].tolist()
    assert source.sites["opened"].fillna("").tolist() == table["opened"].tolist()


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "ods", "kml", "kmz"])
def test_printed_coordinates_are_kept_to_the_letter(tmp_path: Path, suffix: str) -> None:
    table = _list()
    table.loc[0, ["lat", "lon"]] = ["43.3838000", "88.2880"]
    write, mapping = FORMATS[suffix]
    path = tmp_path / f"list.{suffix}"
    write(table, path)
    site = _read(path, mapping).sites.iloc[0]
    assert (site["lat_published"], site["lon_published"]) == ("43.3838000", "88.2880")


def test_geojson_numbers_are_kept_to_the_letter(tmp_path: Path) -> None:
    path = tmp_path / "list.geojson"
    path.write_text(
        '{"type":"Feature","properties":{"id":7},"geometry":{"type":"Point","coordinates":[88.2880,43.380]}}'
    )
    site = _read(path, {"key": "id"}).sites.iloc[0]
    assert (site["source_key"], site["lon_published"], site["lat_published"]) == ("7", "88.2880", "43.380")


def test_another_crs_is_reprojected_and_reported(tmp_path: Path) -> None:
    table = _list()
    path = tmp_path / "utm.gpkg"
    _geo(table).to_crs(32645).to_file(path)
    source = _read(path, GEO)
    _assert_same_sites(source, table)
    assert _reasons(source, "mended") == ["positions reprojected from EPSG:32645 to EPSG:4326; printed ones kept"]
    assert source.sites["lon_published"].str.match(r"-?\d{4,}\.").all()


def test_outlines_become_points_whose_uncertainty_reaches_their_corners(tmp_path: Path) -> None:
    path = tmp_path / "outline.kml"
    ring = "88.0,43.0 88.01,43.0 88.01,43.01 88.0,43.01 88.0,43.0"
    path.write_text(
        "<kml><Placemark><name>Compound</name><Polygon><outerBoundaryIs><LinearRing><coordinates>"
        f"{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></kml>"
    )
    site = _read(path, {"name_en": "name"}).sites.iloc[0]
    assert (site["lon"], site["lat"]) == pytest.approx((88.005, 43.005))
    assert site["r95_m"] == pytest.approx(688, abs=2)


def test_counts_references_and_parts_come_through_a_mapping(tmp_path: Path) -> None:
    path = tmp_path / "rich.csv"
    path.write_text(
        'id,lat,lon,whole,aspi,n2017,n2018\n1,43.38,88.29,,50,N/A,40\n2,43.39,88.30,1,,,?\n3,43.5,88.5,9,"3, 226",0,x\n'
    )
    mapping = {
        "key": "id", "lat": "lat", "lon": "lon", "part_of": "whole", "references.aspi": "aspi",
        "buildings.2017": "n2017", "buildings.2018": "n2018",
    }  # fmt: skip
    source = _read(path, mapping)
    assert source.parts[["source_key", "part_of"]].to_numpy().tolist() == [["2", "list-1"]]
    assert source.sites["references"].fillna("").tolist() == ["aspi:50", "aspi:3; aspi:226"]
    assert source.counts["status"].tolist() == ["not_imaged", "observed", "observed", "no_record"]
    assert source.counts["verbatim"].tolist() == ["N/A", "40", "0", "x"]
    noted = _reasons(source, "noted")
    assert any("names no site of this list" in reason for reason in noted)
    assert any("no number; no value" in reason for reason in noted)


# ── mangled: mended and reported ─────────────────────────────────────────────────────────────────────────────────


def _csv(path: Path, table: pd.DataFrame, *, encoding: str = "utf-8", **how: Any) -> Path:
    path.write_bytes(table.to_csv(index=False, lineterminator="\n", **how).encode(encoding))
    return path


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8-sig", "byte order mark removed"), ("utf-16", "byte order mark removed"), ("utf-16-le", "zero bytes"),
     ("utf-32", "byte order mark removed")],
)  # fmt: skip
def test_marked_and_wide_encodings_are_found(tmp_path: Path, encoding: str, told: str) -> None:
    table = _list()
    table.loc[0, "name"] = "Ürümqi 乌鲁木齐"
    source = _read(_csv(tmp_path / "list.csv", table, encoding=encoding))
    _assert_same_sites(source, table)
    assert any(told in remark.reason for remark in source.report)


def test_a_code_page_is_guessed_and_said(tmp_path: Path) -> None:
    table = _list()
    table["name"] = "新疆维吾尔自治区第一监狱和职业技能教育培训中心"
    source = _read(_csv(tmp_path / "list.csv", table, encoding="gb18030"))
    _assert_same_sites(source, table)
    assert any("encoding guessed as" in reason for reason in _reasons(source, "noted"))


def test_another_encoding_than_told_is_named_with_its_line(tmp_path: Path) -> None:
    table = _list()
    table.loc[3, "name"] = "Ürümqi"
    path = _csv(tmp_path / "list.csv", table, encoding="cp1252")
    with pytest.raises(InputError, match=r"line 5: byte 0xdc is not utf-8"):
        _read(path, encoding="utf-8")


def test_decimal_commas_semicolons_and_degrees_minutes_seconds(tmp_path: Path) -> None:
    table = _list()
    printed = table.assign(lat=table["lat"].str.replace(".", ","), lon=table["lon"].str.replace(".", ","))
    printed.loc[0, ["lat", "lon"]] = ["43°23′01.8″N", "88°17'18.2\" E"]
    source = _read(_csv(tmp_path / "list.csv", printed, sep=";"))
    assert source.sites["lat_published"].tolist() == printed["lat"].tolist()
    assert source.sites["lon"].iloc[0] == pytest.approx(88 + 17 / 60 + 18.2 / 3600)
    assert source.sites["lon"].tolist()[1:] == table["lon"].astype(float).tolist()[1:]


def test_swapped_columns_are_put_right_and_reported(tmp_path: Path) -> None:
    table = _list()
    source = _read(_csv(tmp_path / "list.csv", table.rename(columns={"lat": "lon", "lon": "lat"})))
    _assert_same_sites(source, table)
    assert _reasons(source, "mended").count("latitude and longitude were swapped; put right") == 40
    assert source.sites["lat_published"].tolist() == table["lon"].tolist()  # as printed under that name


def test_a_few_swapped_rows_are_put_right_and_reported(tmp_path: Path) -> None:
    table = _list()
    mangled = table.copy()
    mangled.loc[[4, 9], ["lat", "lon"]] = table.loc[[4, 9], ["lon", "lat"]].to_numpy()
    source = _read(_csv(tmp_path / "list.csv", mangled))
    _assert_same_sites(source, table)
    assert [remark.row for remark in source.report if "swapped" in remark.reason] == [6, 11]


@pytest.mark.parametrize(("east", "is_turned"), [(47.0, False), (50.0, False), (51.0, True)])
def test_a_row_is_turned_only_far_from_all_others(tmp_path: Path, east: float, is_turned: bool) -> None:
    """Around 43° N the same numbers turned are as good a place, in the steppe beyond: five times the spread decides."""
    rows = [(f"{43 + step / 100:.2f}", f"{east + step / 100:.2f}") for step in range(9)] + [(f"{east:.2f}", "43.00")]
    table = pd.DataFrame(rows, columns=["lat", "lon"]).assign(id=[str(number) for number in range(10)])
    sites = _read(_csv(tmp_path / "list.csv", table), {"key": "id", "lat": "lat", "lon": "lon"}).sites
    assert sites[["lon", "lat"]].iloc[-1].tolist() == ([east, 43.0] if is_turned else [43.0, east])


@pytest.mark.parametrize(("n_rows", "n_turned"), [(12, 0), (13, 3)])
def test_rows_that_are_a_quarter_of_a_list_are_not_few(tmp_path: Path, n_rows: int, n_turned: int) -> None:
    """Three rows in Kashgar's degrees are turned where there are more than three times as many others."""
    rows = [(f"{39 + step / 100:.2f}", f"{76 + step / 100:.2f}") for step in range(n_rows)]
    table = pd.DataFrame([*(row[::-1] for row in rows[:3]), *rows[3:]], columns=["lat", "lon"])
    table["id"] = [str(number) for number in range(n_rows)]
    source = _read(_csv(tmp_path / "list.csv", table), {"key": "id", "lat": "lat", "lon": "lon"})
    assert _reasons(source, "mended").count("latitude and longitude were swapped; put right") == n_turned


@pytest.mark.parametrize(("step_deg", "n_turned"), [(2.5, 1), (4.0, 0)])
def test_a_row_is_not_turned_in_a_list_that_covers_half_a_continent(
    tmp_path: Path, step_deg: float, n_turned: int
) -> None:
    rows = [("35.00", f"{98 + step_deg * step:.2f}") for step in range(-4, 5)]
    table = pd.DataFrame([*rows, ("88.00", "28.00")], columns=["lat", "lon"]).assign(id=[str(i) for i in range(10)])
    source = _read(_csv(tmp_path / "list.csv", table), {"key": "id", "lat": "lat", "lon": "lon"})
    assert _reasons(source, "mended").count("latitude and longitude were swapped; put right") == n_turned


def test_hemisphere_letters_in_the_wrong_columns_are_put_right(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("id,lat,lon\n1,88.29E,43.38N\n2,43.4N,88.3E\n", encoding="utf-8")
    source = _read(path, {"key": "id", "lat": "lat", "lon": "lon"})
    assert source.sites["lat"].tolist() == [43.38, 43.4]
    assert len(_reasons(source, "mended")) == 1


def test_blank_and_ragged_rows_are_reported_and_no_cell_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("id,lat,lon\n\n,,\n1,43.38,88.29\n2,43.4\n3,43.5,88.5,stray\n", encoding="utf-8")
    source = _read(path, {"key": "id", "lat": "lat", "lon": "lon"})
    assert source.sites["source_key"].tolist() == ["1", "3"]
    assert source.raw.loc[6, "column 4"] == "stray"
    assert _reasons(source, "dropped") == ["blank row", "blank row", "no position printed; it cannot be placed"]
    assert [remark.row for remark in source.report if remark.action == "dropped"] == [2, 3, 5]


def test_merged_header_cells_are_joined(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    for row in (["Site", "Coordinates", None, "Seen"], [None, "Lat", "Lon", "first"], ["A", 43.38, 88.29, 2017]):
        sheet.append(row)
    sheet.merge_cells("B1:C1")
    book.save(tmp_path / "merged.xlsx")
    mapping = {"name_en": "Site", "lat": "Coordinates Lat", "lon": "Coordinates Lon", "opened": "Seen first"}
    source = _read(tmp_path / "merged.xlsx", mapping)
    assert source.sites[["name_en", "lat", "lon", "opened"]].to_numpy().tolist() == [["A", 43.38, 88.29, "2017"]]
    assert any("merged cells" in reason for reason in _reasons(source, "mended"))


def test_repeated_ids_are_numbered_apart_and_reported(tmp_path: Path) -> None:
    table = _list()
    table.loc[[5, 6], "id"] = table.loc[4, "id"]
    table.loc[7, "id"] = ""
    source = _read(_csv(tmp_path / "list.csv", table))
    assert source.sites["source_key"].is_unique
    assert len(source.sites) == 40
    assert len(_reasons(source, "mended")) == 3


def test_points_in_the_sea_are_named(tmp_path: Path) -> None:
    table = _list()
    table.loc[3, ["lat", "lon"]] = ["30.0", "125.0"]
    source = _read(_csv(tmp_path / "list.csv", table))
    [remark] = [remark for remark in source.report if "in the sea" in remark.reason]
    assert (remark.row, remark.value) == (5, "30.0, 125.0")
    assert len(source.sites) == 40


def test_a_formula_gives_its_last_value_or_nothing_and_is_reported(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    for row in (
        ["id", "lat", "lon", "name"],
        [1, 43.38, 88.29, "=1+1"],
        [2, "=43+0.4", 88.3, "B"],
        [3, 43.5, 88.5, "C"],
    ):
        sheet.append(row)
    book.save(tmp_path / "formula.xlsx")
    source = _read(tmp_path / "formula.xlsx", {"key": "id", "lat": "lat", "lon": "lon", "name_en": "name"})
    assert source.sites["source_key"].tolist() == ["1", "3"]
    formulas = [remark.value for remark in source.report if "formula that was never computed" in remark.reason]
    assert formulas == ["=1+1", "=43+0.4"]
    path = tmp_path / "formula.csv"
    path.write_text('id,lat,lon,name\n1,43.38,88.29,"=HYPERLINK(""http://x"")"\n')
    source = _read(path, {"key": "id", "lat": "lat", "lon": "lon", "name_en": "name"})
    assert any("looks like a formula" in reason for reason in _reasons(source, "noted"))


# ── mangled: refused in words ────────────────────────────────────────────────────────────────────────────────────


def test_all_positions_that_cannot_be_read_are_named_in_one_error(tmp_path: Path) -> None:
    table = _list()
    table.loc[2, "lat"], table.loc[4, "lat"], table.loc[6, "lon"] = "about here", "95", "200.5"
    with pytest.raises(InputError) as caught:
        _read(_csv(tmp_path / "list.csv", table))
    message = str(caught.value)
    assert "3 faults" in message
    assert all(text in message for text in ("row 4", "'about here'", "row 6", "'95'", "row 8", "'200.5'"))


def _truncated(path: Path) -> None:
    table = _list()
    table["name"] = 'A "quoted" name, with a comma'
    content = table.to_csv(index=False).encode()
    path.write_bytes(content[: content.rindex(b"name, with")])


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("doc.kml" if path.suffix == ".kmz" else "content.xml", b"\0" * (64 * 2**20))
        archive.writestr("xl/workbook.xml", b" " * (64 * 2**20))


def _billion_laughs(path: Path) -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    path.write_text(f'<!DOCTYPE kml [<!ENTITY l0 "ha">{entities}]><kml><Placemark><name>&l9;</name></Placemark></kml>')


def _repeated_rows(path: Path) -> None:
    kinds = ("office", "table", "text")
    spaces = " ".join(f'xmlns:{kind}="urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0"' for kind in kinds)
    cell = '<table:table-cell table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell>'
    row = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "content.xml", f'<office:d {spaces}><table:table table:name="a">{row}</table:table></office:d>'
        )


def _workbook_as_csv(path: Path) -> None:
    book = path.with_suffix(".xlsx")
    _list().to_excel(book)
    book.rename(path)


def _cut_off_workbook(path: Path) -> None:
    _list().to_excel(path)
    path.write_bytes(path.read_bytes()[:3000])


def _other_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "b")


def _text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content, encoding="utf-8")


def _bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _deep_json(path: Path) -> None:
    path.write_text('{"type":"FeatureCollection","features":' + "[" * 100_000 + "]" * 100_000 + "}")


def _long_line(path: Path, size: int) -> None:
    with path.open("wb") as stream:
        stream.write(b"id,name,lat,lon,tier,opened\n")
        for _ in range(size // 2**20):
            stream.write(b"x" * 2**20)


def _wide(path: Path) -> None:
    path.write_text(",".join(f"c{n}" for n in range(5000)) + "\n" + ",".join("1" * 5000) + "\n")


def _many_cells(path: Path) -> None:
    path.write_text(",".join(f"c{n}" for n in range(1990)) + "\n" + (",".join("1" * 1990) + "\n") * 2_800)


WORDS = "<kml><Placemark><Point><coordinates>a,b</coordinates></Point></Placemark></kml>"
NO_CRS = json.dumps({"crs": {"properties": {"name": "EPSG:999999"}}, "features": [1]})
BROKEN = '{"features":[{"geometry":{"type":"Point","coordinates":["a"]}}]}'
PAGE = "<!DOCTYPE html><html>, not found</html>\n,\n"

REFUSED: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "not there": ("csv", lambda path: None, "no such file"),
    "empty": ("csv", _bytes(b""), "is empty"),
    "only blanks": ("csv", _bytes(b"\n,,\n \n"), "holds no row|into columns"),
    "only a header": ("csv", _text("id,lat,lon\n"), "no row below it"),
    "cut off inside a cell": ("csv", _truncated, "opened and never closed"),
    "a folder": ("csv", lambda path: path.mkdir(), "is a folder"),
    "a picture": ("csv", _bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 99), "a PNG picture"),
    "a workbook under .csv": ("csv", _workbook_as_csv, "ZIP archive"),
    "gzip": ("csv", _bytes(gzip.compress(b"id,lat,lon\n1,2,3\n")), "gzip"),
    "a web page": ("csv", _text(PAGE), "web page"),
    "one column": ("csv", _text("id\n1\n2\n"), "into columns"),
    "5,000 columns": ("csv", _wide, "expected at most 2,000"),
    "5.6 million cells": ("csv", _many_cells, "5,500,000 cells, expected a list"),
    "a 60 MB line": ("csv", lambda path: _long_line(path, 60 * 2**20), "a line of more than"),
    "a 300 MB line": ("csv", lambda path: _long_line(path, 300 * 2**20), "expected at most 64 MB"),
    "random bytes": ("csv", _bytes(random.Random(1).randbytes(4000)), r"list\.csv"),
    "no workbook": ("xlsx", _bytes(b"id,lat,lon\n"), "not a whole ZIP"),
    "a zip bomb as workbook": ("xlsx", _bomb, "bomb, not opened|unpack to"),
    "a zip bomb as ODS": ("ods", _bomb, "bomb, not opened|unpack to"),
    "a zip bomb as KMZ": ("kmz", _bomb, "bomb, not opened|unpack to"),
    "a cut-off workbook": ("xlsx", _cut_off_workbook, "not a whole ZIP"),
    "an ODS of a million repeated rows": ("ods", _repeated_rows, "16,384 cells, expected at most 2,000"),
    "an archive that is no ODS": ("ods", _other_archive, "no content.xml"),
    "entities within entities": ("kml", _billion_laughs, "no whole KML"),
    "KML cut off": ("kml", _text("<kml><Placemark><name>A"), "no whole KML"),
    "KML without points": ("kml", _text("<kml><Placemark/></kml>"), "no feature with a geometry"),
    "KML with words for numbers": ("kml", _text(WORDS), "placemark 1"),
    "no JSON": ("geojson", _text('{"type": "Feat'), "no JSON"),
    "JSON in a CRS that is none": ("geojson", _text(NO_CRS), "CRS is EPSG:999999"),
    "JSON nested 100,000 deep": ("geojson", _deep_json, "no JSON|feature"),
    "JSON with broken geometry": ("geojson", _text(BROKEN), "feature 1"),
    "no GeoPackage": ("gpkg", _bytes(b"SQLite format 3\0" + b"\0" * 500), "cannot be read"),
    "no Parquet": ("parquet", _bytes(b"PAR1" + b"\0" * 50 + b"PAR1"), "no whole Parquet"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_mangled_files_are_refused_in_words_and_memory_stays_bounded(tmp_path: Path, case: str) -> None:
    suffix, make, words = REFUSED[case]
    path = tmp_path / f"list.{suffix}"
    make(path)
    tracemalloc.start()
    try:
        with pytest.raises(CampsError, match=words) as caught:
            _read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.exit_status == 2
    assert peak < MOST_MEMORY
    assert len(str(caught.value)) < 3000


@pytest.mark.mirror
@pytest.mark.parametrize("source_id", ["aspi-xjdp-v1", "buzzfeed-2020", "buzzfeed-2021", "osm-camps-2021"])
def test_random_damage_to_a_list_is_mended_or_refused_but_never_a_crash(
    mirror: Path, tmp_path: Path, source_id: str
) -> None:
    entry = sources.entry(source_id)
    content = (mirror / source_id / entry.files[0].name).read_bytes()[:60_000]
    chance = random.Random(source_id)
    path = tmp_path / entry.files[0].name
    for _ in range(25):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 5, 50))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(bytes(damaged[: chance.randrange(1, len(damaged))]))
        with suppress(CampsError):
            sites = sources.read_file(path, entry).sites
            assert sites["lat"].between(-90, 90).all()


PLACED = {"key": "id", "lat": "lat", "lon": "lon"}


def test_ids_that_differ_only_in_marks_make_different_site_ids(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("id,lat,lon\na/b,43,88\na b,44,88\na-c,45,88\n")
    sites = _read(path, PLACED).sites
    assert sites["source_key"].tolist() == ["a/b", "a b", "a-c"]
    assert sites["site_id"].tolist() == ["list-a-b-row-2", "list-a-b-row-3", "list-a-c"]


def test_a_column_called_geometry_is_text_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("id,geometry,lat,lon\n1,POINT (1 2),43,88\n")
    site = _read(path, {**PLACED, "note": "geometry"}).sites.iloc[0]
    assert (site["lon"], site["note"]) == (88.0, "POINT (1 2)")


def test_a_cell_of_a_hundred_thousand_spaces_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f'id,lat,lon\n1,"4{" " * 100_000}3",88\n')
    with pytest.raises(InputError, match="a text of 100002 characters"):
        _read(path, PLACED)


@pytest.mark.parametrize("inside_zip", [False, True])
def test_a_text_that_names_other_files_is_not_followed(tmp_path: Path, inside_zip: bool) -> None:
    layer = "<OGRVRTLayer name='x'><SrcDataSource>/etc/hostname</SrcDataSource></OGRVRTLayer>"
    text = f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"
    path = tmp_path / ("list.zip" if inside_zip else "list.gpkg")
    if inside_zip:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("list.shp", text)
    else:
        path.write_text(text)
    with pytest.raises(InputError, match="its first bytes are of no GeoPackage"):
        _read(path, GEO)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"delimiter": "||"}, "expected one character"),
        ({"header_rows": 9}, "expected 1 or 2"),
        ({"encoding": "latin-one"}, "no encoding is called"),
        ({"constants": {"lon": 5}}, "option 'constants': found lon"),
        ({"encoding": 1251}, "found 1251, expected text"),
    ],
)
def test_options_that_are_none_are_refused(tmp_path: Path, options: dict[str, Any], why: str) -> None:
    path = _csv(tmp_path / "list.csv", _list())
    with pytest.raises(InputError, match=why):
        _read(path, **options)


def test_numbers_beyond_reason_are_left_out_and_noted(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("id,lat,lon,tier,r\n1,43,88,1e30,inf\n2,43,88,2.5,-5\n3,43.125,88.125,2,12,\n")
    source = _read(path, {**PLACED, "tier": "tier", "r95_m": "r"})
    assert source.sites["tier"].fillna(-1).tolist() == [-1, -1, 2]
    assert source.sites["r95_m"].tolist()[2] == 12
    assert (source.sites["r95_m"][:2] > 50_000).all()
    kinds = {"no number", "not above zero", "beyond reason", "no whole number"}
    assert {reason.removesuffix("; no value taken") for reason in _reasons(source, "noted")} == kinds


def test_a_whole_latitude_is_known_to_half_a_degree_only(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("id,lat,lon\n1,43,88\n2,43.3838833,88.2883888\n")
    assert _read(path, PLACED).sites["r95_m"].tolist() == [pytest.approx(55_660), 130]


def test_an_outline_that_closes_on_itself_in_osm_is_made_valid_or_dropped(tmp_path: Path) -> None:
    nodes = "".join(
        f'<node id="{n}" lon="{88 + x / 100}" lat="{43 + y / 100}"/>'
        for n, (x, y) in enumerate([(0, 0), (1, 0), (1, 1), (0, 1)])
    )
    tag = '<tag k="prison_camp" v="re-education"/>'
    whole = "".join(f'<nd ref="{n}"/>' for n in (0, 1, 2, 3, 0))
    open_way = "".join(f'<nd ref="{n}"/>' for n in (0, 1, 9))
    path = tmp_path / "camps.osm"
    path.write_text(f'<osm>{nodes}<way id="1">{whole}{tag}</way><way id="2">{open_way}{tag}</way></osm>')
    source = sources.read_file(path, sources.entry("osm-camps-2021"))
    assert source.sites["source_key"].tolist() == ["way/1"]
    assert {remark.key for remark in source.report} == {"way/2"}
    assert [str(balance) for balance in source.report.account()] == [
        "features: in 2 = used 1 + noted 1 + refused 0", "vertices: in 8 = used 7 + noted 1 + refused 0",
    ]  # fmt: skip
    path.write_text('<osm><node id="1" lon="x" lat="43"/></osm>')
    with pytest.raises(InputError, match="node 1: found lon 'x'"):
        sources.read_file(path, sources.entry("osm-camps-2021"))
