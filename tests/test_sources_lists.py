"""The readers of the published lists, against what is known of each list."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from camps import crs, settings, sources, tables
from camps.errors import CheckError, InputError

YEARS = ("2017", "2018", "2019", "2020")


def test_a_list_is_read_once_until_a_byte_of_what_decides_it_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "record"
    shutil.copytree(settings.home() / "geodata", home / "geodata", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(settings.home() / "record.toml", home)
    monkeypatch.setenv("CAMPS_HOME", str(home))
    read, whole = [], sources.read_file
    monkeypatch.setattr(sources, "read_file", lambda *given: read.append(1) or whole(*given))
    first = sources.read("gazetteer")
    first.sites.loc[:, "name_en"] = "changed by who read it"
    assert "changed by who read it" not in set(sources.read("gazetteer").sites["name_en"])
    assert len(read) == 1
    reader = home / "geodata/readers/gazetteer.py"
    reader.write_text(reader.read_text("utf-8").replace("DIRECTORY_R95_M = 500.0", "DIRECTORY_R95_M = 600.0"), "utf-8")
    assert sources.read("gazetteer").sites.set_index("site_id").loc["cn-qincheng", "r95_m"] == 600
    table = home / "geodata/gazetteer.csv"
    table.write_text(table.read_text("utf-8").replace("Qincheng", "Kincheng"), "utf-8")
    with pytest.raises(CheckError, match="enter its new sum"):
        sources.read("gazetteer")


# ── the gazetteer ────────────────────────────────────────────────────────────────────────────────────────────────


def test_gazetteer_has_its_89_sites_and_nothing_dropped() -> None:
    source = sources.read("gazetteer")
    assert source.sites["country"].value_counts().to_dict() == {"China": 71, "North Korea": 12, "Cambodia": 6}
    assert len(source.report) == 0
    assert len(source.parts) == 0
    tables.check(source.sites, "site", source="gazetteer")


def test_gazetteer_uncertainty_follows_the_kind_of_coordinate() -> None:
    sites = sources.read("gazetteer").sites.set_index("site_id")
    assert sites.loc["xj-bfn130-aspi50", "r95_m"] == 130
    assert sites.loc["cn-qincheng", "r95_m"] == 500
    assert sites.loc["cn-shayang-farm", "r95_m"] == 20_000


def test_gazetteer_repeats_aspi_counts_only_where_aspi_has_the_site() -> None:
    counts = sources.read("gazetteer").counts
    assert counts["unit"].nunique() == 50
    dabancheng = counts[counts["unit"] == "xj-bfn130-aspi50"].set_index("t")
    assert dabancheng["verbatim"].tolist() == ["N/A", "40", "68", "92"]
    assert dabancheng["value"].tolist()[1:] == [40, 68, 92]
    assert dabancheng.loc["2017", "status"] == "not_imaged"
    assert dabancheng.loc["2017", ["value", "lo", "hi", "kind", "stale_days"]].isna().all()


def test_gazetteer_ships_no_names_from_openstreetmap() -> None:
    raw = sources.read("gazetteer").raw
    assert "name_zh_source" not in raw
    assert raw.loc[raw["system"] == "xinjiang-internment", "name_zh"].eq("").all()


def test_every_published_string_is_the_number_beside_it() -> None:
    sites = sources.read("gazetteer").sites
    assert (pd.to_numeric(sites["lon_published"]) == sites["lon"]).all()
    assert (pd.to_numeric(sites["lat_published"]) == sites["lat"]).all()


# ── ASPI ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.mirror
def test_aspi_loses_no_row(mirror: Path) -> None:
    source = sources.read("aspi-xjdp-v1")
    assert len(source.sites) == len(source.raw) == 380
    assert source.report.counts() == {"dropped": 0, "mended": 0, "noted": 19}
    assert source.sites["tier"].value_counts().to_dict() == {1: 108, 2: 93, 3: 72, 4: 107}


@pytest.mark.mirror
def test_aspi_kinds_of_nothing_are_counted_apart(mirror: Path) -> None:
    source = sources.read("aspi-xjdp-v1")
    status = pd.crosstab(source.counts["t"], source.counts["status"])
    assert status["not_imaged"].to_dict() == dict(zip(YEARS, (120, 84, 24, 122), strict=True))
    assert status["no_record"].to_dict() == dict(zip(YEARS, (25, 26, 26, 26), strict=True))
    assert source.counts.groupby("t")["value"].sum().tolist() == [1749, 3038, 4172, 3184]
    printed = sources.missing_cells(source.raw).set_index("column")
    assert printed.loc["# Shawn", "#N/A"] == 260
    assert printed.loc["# ETNAM", "#N/A"] == 145
    assert printed.loc["Usage prior to 2017"].tolist() == [1, 0, 14, 140]
    assert printed.loc["Number of Buildings in 2017"].tolist() == [120, 0, 0, 25]


@pytest.mark.mirror
def test_aspi_repeated_points_are_named_and_kept(mirror: Path) -> None:
    source = sources.read("aspi-xjdp-v1")
    repeated = [remark for remark in source.report if "same printed point" in remark.reason]
    assert len(repeated) == 7
    assert {remark.key for remark in repeated} == {"226", "53", "80", "322", "119", "138", "202"}
    assert {remark.action for remark in repeated} == {"noted"}


@pytest.mark.mirror
def test_aspi_dates_are_edtf_and_those_from_the_future_are_noted(mirror: Path) -> None:
    source = sources.read("aspi-xjdp-v1")
    sites = source.sites.set_index("source_key")
    assert sites.loc["3", "latest_imagery"] == "2020-03"
    assert sites.loc["1", "security_changed"] == "2018-07/2018-09"
    assert sites["latest_imagery"].notna().sum() == 380 - 107
    later = {(remark.key, remark.value) for remark in source.report if "after the list was published" in remark.reason}
    assert later == {("11", "20-Nov"), ("189", "21-Jun")}


@pytest.mark.mirror
def test_aspi_numbers_of_other_lists_are_references(mirror: Path) -> None:
    sites = sources.read("aspi-xjdp-v1").sites.set_index("source_key")
    assert sites.loc["3", "references"] == "shawn:32; etnam:C_GH16"
    assert not sites["references"].str.contains("N/A|Additional").any()


# ── BuzzFeed ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.mirror
def test_buzzfeed_2020_has_443_sites(mirror: Path) -> None:
    source = sources.read("buzzfeed-2020")
    assert len(source.sites) == 443
    assert source.sites["corroboration"].value_counts()["corroborated"] == 94


@pytest.mark.mirror
def test_buzzfeed_2021_sub_compounds_are_parts_of_their_site(mirror: Path) -> None:
    source = sources.read("buzzfeed-2021")
    assert (len(source.sites), len(source.parts), len(source.records)) == (475, 76, 551)
    assert set(source.parts["part_of"]) <= set(source.sites["site_id"])
    lop = source.sites.set_index("source_key").loc["155"]
    assert (lop["name_en"], lop["n_parts"]) == ("Lop - I", 2)
    assert source.parts.query(f"part_of == '{lop['site_id']}'")["source_key"].tolist() == ["963", "964"]
    assert source.sites["n_parts"].sum() == 76


@pytest.mark.mirror
def test_buzzfeed_2021_published_totals_come_out(mirror: Path) -> None:
    rating = sources.read("buzzfeed-2021").sites["corroboration"].value_counts()
    assert [rating[name] for name in ("corroborated", "Satellite - strong", "Satellite - medium")] == [136, 125, 86]


@pytest.mark.mirror
def test_buzzfeed_2021_is_read_in_its_own_code_page_and_reports_what_it_drops(mirror: Path) -> None:
    source = sources.read("buzzfeed-2021")
    assert source.sites["admin2"].value_counts()["Ürümqi"] == 34 - (source.parts["admin2"] == "Ürümqi").sum()
    assert [(remark.row, remark.reason) for remark in source.report if remark.action == "dropped"] == [
        (2, "blank row"), (3, "blank row"), (4, "blank row"),
    ]  # fmt: skip
    assert [remark.key for remark in source.report if remark.action == "noted"] == ["1034"]
    assert source.sites["category"].isna().sum() + source.parts["category"].isna().sum() == 103


@pytest.mark.mirror
def test_buzzfeed_2021_references_are_parted(mirror: Path) -> None:
    records = sources.read("buzzfeed-2021").records.set_index("source_key")
    assert "aspi:3; aspi:226" in records.loc["133", "references"]
    stated = records["references"].str.count("aspi:").sum()
    assert stated == 369


# ── OpenStreetMap ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.mirror
def test_osm_has_110_compounds_of_1682_5_hectares(mirror: Path) -> None:
    source = sources.read("osm-camps-2021")
    assert len(source.sites) == len(source.outlines) == 110
    assert round(source.outlines["area_m2"].sum() / 1e4, 1) == 1682.5
    assert (source.outlines["area_m2"] - crs.area_m2(source.outlines)).abs().max() < 1e-6
    assert source.sites["source_key"].str.startswith("relation/").sum() == 1


@pytest.mark.mirror
def test_osm_points_lie_inside_their_outline_within_their_uncertainty(mirror: Path) -> None:
    source = sources.read("osm-camps-2021")
    assert source.outlines.geometry.reset_index(drop=True).intersects(source.sites.geometry).all()
    reach_m = (source.outlines["area_m2"] / 3.1416) ** 0.5
    assert (source.sites["r95_m"].to_numpy() >= reach_m.to_numpy()).all()


# ── another list under the name ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("source_id", "other"),
    [
        ("aspi-xjdp-v1", "buzzfeed-2020/Xinjiang_camps_database_BuzzFeed.csv"),
        ("buzzfeed-2020", "aspi-xjdp-v1/CampDataset_v1.csv"),
        ("buzzfeed-2021", "aspi-xjdp-v1/CampDataset_v1.csv"),
        ("osm-camps-2021", "aspi-xjdp-v1/CampDataset_v1.csv"),
        ("gazetteer", "aspi-xjdp-v1/CampDataset_v1.csv"),
    ],
)
def test_another_list_under_the_name_is_refused_by_its_columns(mirror: Path, source_id: str, other: str) -> None:
    with pytest.raises(InputError, match=r"found none of that name|holds no row|not whole XML"):
        sources.read_file(mirror / other, sources.entry(source_id))
