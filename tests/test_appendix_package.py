"""The package: the same bytes twice, sums that a standard command checks, and forgeries whose sums are sound."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import bagit
import pandas as pd
import pytest
from package_support import edit, rebag, swap

from camps import appendix, files, settings
from camps.appendix import bag, crate, integrity, records, schemas
from camps.errors import CheckError, InputError, MissingError
from camps.provenance import CustodyLog


def _sums(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): files.sha256(path) for path in folder.rglob("*") if path.is_file()}


# --- as built -------------------------------------------------------------------------------------------------------


def test_built_twice_it_has_the_same_bytes(default_package: Path, tmp_path: Path) -> None:
    again = tmp_path / "elsewhere" / "again"
    paths = appendix.build_appendix(again)
    assert _sums(again) == _sums(default_package)
    assert paths[0].name == "appendix.pdf"
    assert set(paths) == {path for path in again.rglob("*") if path.is_file()}
    first, second = (
        appendix.write_zip(folder, tmp_path / folder.name / "a.zip") for folder in (default_package, again)
    )
    assert first.read_bytes() == second.read_bytes()


def test_a_second_build_rewrites_nothing_removes_what_no_longer_belongs_and_leaves_what_was_never_ours(
    copy: Path,
) -> None:
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.is_file()}
    stale = copy / "data" / "figures" / "old.svg"
    stale.write_text("<svg/>")
    beside = copy.parent / "notes.txt"
    beside.write_text("mine")
    appendix.build_appendix(copy)
    assert not stale.exists()
    assert beside.exists()
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.is_file()} == before


def test_nothing_is_written_when_a_claim_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    for part in ("geodata", "shots"):
        shutil.copytree(settings.home() / part, home / part)
    shutil.copy(settings.home() / "record.toml", home)
    monkeypatch.setenv("CAMPS_HOME", str(home))
    path = home / "geodata" / "claims.toml"
    path.write_text(path.read_text("utf-8").replace("{89:n_sites}", "{98:n_sites}"), encoding="utf-8")
    with pytest.raises(CheckError, match="found 98 in the text, expected 89"):
        appendix.build_appendix(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_input_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path))
    with pytest.raises(MissingError, match="this record has no list of sites; add one"):
        appendix.build_appendix(tmp_path / "out")


def test_a_standard_command_checks_the_sums(default_package: Path) -> None:
    command = shutil.which("sha256sum")
    if command is None:
        pytest.skip("no sha256sum on this machine")
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        done = subprocess.run(
            [command, "-c", "--quiet", manifest], cwd=default_package, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_the_bag_is_valid_and_complete(default_package: Path) -> None:
    checked = bagit.Bag(str(default_package))
    assert checked.validate()
    assert set(checked.algorithms) == {"sha256", "sha512"}
    assert "Bagging-Date" not in checked.info
    assert bag.find_bag_faults(default_package) == []


def test_no_path_of_this_machine_and_no_clock_is_in_it(default_package: Path) -> None:
    for path in (path for path in default_package.rglob("*") if path.is_file()):
        content = path.read_bytes()
        for word in (b"/tmp/", b"/home/", b"/work/", str(Path.home()).encode()):
            assert word not in content, f"{path.name} names {word!r}"
    table = schemas.read_record(default_package / "data" / "tables" / "custody.csv")
    assert table["utc"].isna().all()


def test_the_tables_refer_to_one_another(default_package: Path) -> None:
    tables = {
        name: schemas.read_record(default_package / "data" / "tables" / f"{name}.parquet") for name in schemas.RECORDS
    }
    items = set(tables["items"]["item_id"])
    for name, column in (("sites", "source_items"), ("claims", "supporting_items"), ("claims", "contrary_items")):
        named = {one for cell in tables[name][column].dropna() for one in cell.split("; ")}
        assert named <= items, (name, named - items)
    assert set(tables["measurements"]["src_id"]) <= set(tables["imagery"]["src_id"])
    assert set(tables["measurements"]["site_id"]) <= set(tables["sites"]["site_id"])
    assert set(tables["counts"]["site_id"]) <= set(tables["sites"]["site_id"])
    assert set(tables["items"]["parent_item"].dropna()) <= items


def test_published_coordinates_are_kept_letter_by_letter(default_package: Path) -> None:
    sites = schemas.read_record(default_package / "data" / "tables" / "sites.csv").set_index("site_id")
    printed = pd.read_csv(settings.geodata() / "gazetteer.csv", dtype=str, keep_default_na=False).set_index("site_id")
    assert sites["published_verbatim"].to_dict() == printed["coord_verbatim"].to_dict()
    assert sites.loc["xj-bfn130-aspi50", "gcj02_offset_m"] == pytest.approx(289.2, abs=0.1)
    assert sites.loc["kp-camp16", "gcj02_offset_m"] is pd.NA or pd.isna(sites.loc["kp-camp16", "gcj02_offset_m"])


def test_unknown_is_not_zero_in_the_counts(default_package: Path) -> None:
    counts = schemas.read_record(default_package / "data" / "tables" / "counts.csv")
    unseen = counts[counts["status"] != "observed"]
    assert unseen["value"].isna().all()
    assert set(unseen["printed"].dropna()) == {"N/A"}
    assert (counts["printed"] == "0").sum() == (counts["value"] == 0).sum() > 0


# --- tables ---------------------------------------------------------------------------------------------------------


def _sites(default_package: Path) -> pd.DataFrame:
    return schemas.read_record(default_package / "data" / "tables" / "sites.csv")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda frame: frame.assign(used_lat=95.0), "used_lat"),
        (lambda frame: frame.drop(columns="status"), "status"),
        (lambda frame: frame.assign(more=1), "more"),
        (lambda frame: frame[frame.columns[::-1]], "sites table"),
        (lambda frame: frame.assign(site_id="one"), "site_id"),
        (lambda frame: frame.assign(verification_state="verified"), "verification_state"),
        (lambda frame: frame.assign(name_zh=""), "name_zh"),
    ],
)
def test_an_unsound_table_is_refused_and_the_column_named(
    default_package: Path, tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], named: str
) -> None:
    with pytest.raises(InputError, match=named):
        schemas.write_record(change(_sites(default_package)), tmp_path, "sites")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_table_of_the_appendix_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected one of items, imagery"):
        schemas.read_record(tmp_path / "people.csv")
    broken = tmp_path / "sites.parquet"
    broken.write_bytes(b"not parquet")
    with pytest.raises(InputError, match="not a readable table"):
        schemas.read_record(broken)


# --- verification ---------------------------------------------------------------------------------------------------


def test_an_untouched_package_holds_as_folder_and_as_zip(copy: Path, tmp_path: Path) -> None:
    before = _sums(copy)
    seal = files.sha256(copy / bag.TAG_MANIFEST)
    verdict = appendix.verify(appendix.write_zip(copy, tmp_path / "package.zip"), seal=seal)
    assert verdict.holds, verdict.report()
    assert "Everything holds" in verdict.report()
    assert _sums(copy) == before


def test_a_folder_with_files_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    mine = files.write_text(tmp_path / "data" / "thesis.txt", "mine")
    with pytest.raises(InputError, match="no package of this suite; choose another folder"):
        appendix.build_appendix(tmp_path)
    assert mine.read_text() == "mine"
    with pytest.raises(InputError, match="is a file, expected a folder"):
        appendix.build_appendix(mine)


def test_what_is_no_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such package"):
        appendix.verify(tmp_path / "absent")
    with pytest.raises(InputError, match="expected a package"):
        appendix.verify(tmp_path)


# --- forgeries: the same, with every sum written anew ---------------------------------------------------------------


def _forge_records(folder: Path) -> None:
    """Write the items, the log and the description anew as well, as somebody who knows the suite would."""
    payload = folder / "data"
    items = schemas.read_record(payload / "tables" / "items.csv")
    for row, item_id in items["item_id"].items():
        path = payload / integrity.place_of(payload, item_id)
        if path.is_file():
            items.loc[row, ["bytes", "sha256"]] = [path.stat().st_size, files.sha256(path)]
    kept = [
        item.startswith("cited-") or (payload / integrity.place_of(payload, item)).is_file()
        for item in items["item_id"]
    ]
    schemas.write_record(items[kept].reset_index(drop=True), payload / "tables", "items")
    log = CustodyLog()
    for line in (payload / "custody.jsonl").read_text("utf-8").splitlines():
        event = json.loads(line)
        path = payload / integrity.place_of(payload, event["item_id"])
        if path.is_file():
            log = log.append(event["item_id"], event["event"], sha256_after=files.sha256(path))
    (payload / "custody.jsonl").write_text(log.text, encoding="utf-8")
    schemas.write_record(records.build_custody(log), payload / "tables", "custody")
    metadata = payload / crate.METADATA
    content = json.loads(metadata.read_text("utf-8"))
    next(entity for entity in content["@graph"] if entity["@id"] == crate.HEAD)["value"] = log.head
    metadata.write_text(json.dumps(content), encoding="utf-8")
    rebag(folder)
    assert bagit.Bag(str(folder)).validate()


def _retype_table(folder: Path) -> None:
    table = _sites(folder)
    table.loc[table["site_id"] == "cn-qincheng", "used_lat"] = 41.0
    schemas.write_record(table, folder / "data" / "tables", "sites")


def _swap_figures(folder: Path) -> None:
    figures = sorted((folder / "data" / "figures").glob("growth-*.svg"))[:2]
    swap(folder, *(figure.relative_to(folder).as_posix() for figure in figures))


def _drop_count(folder: Path) -> None:
    tables = folder / "data" / "tables"
    counts = schemas.read_record(tables / "counts.csv")
    schemas.write_record(counts.iloc[1:].reset_index(drop=True), tables, "counts")


#: What is changed, and the check that names it with what it says.
FORGED: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a value in both forms of a table": (_retype_table, "tables/sites.csv", "used_lat: says 41.0, comes out as 40.24"),
    "a row left out": (_drop_count, "tables/counts.csv", "has 199 rows, comes out with 200"),
    "two figures swapped": (_swap_figures, "figures/growth-xj-bfn130-aspi50.svg", "other bytes"),
    "a word in the document": (
        edit("data/appendix.html", b"Not verified on the ground", b"Now verified on the ground"),
        "appendix.html",
        "other bytes",
    ),
}


def test_forgeries_with_all_sums_written_anew_do_not_come_out_of_the_sources(copy: Path) -> None:
    for forge, _, _ in FORGED.values():
        forge(copy)
    _forge_records(copy)
    failed = appendix.verify(copy).failed
    for name, (_, item, said) in FORGED.items():
        assert any(item in check.item and said in check.said for check in failed), (name, failed)


def test_a_forged_claim_with_all_sums_written_anew_does_not_come_out_of_the_data(copy: Path) -> None:
    edit("data/geodata/claims.toml", b"{89:n_sites}", b"{98:n_sites}")(copy)
    _forge_records(copy)
    assert any("found 98 in the text" in check.said for check in appendix.verify(copy).failed)


def test_a_claim_that_is_no_longer_computed_is_told_by_the_installed_suite(copy: Path) -> None:
    edit("data/geodata/claims.toml", b'needs = ["gazetteer"]', b'needs = ["aspi-xjdp-v1"]')(copy)
    _forge_records(copy)
    failed = [check for check in appendix.verify(copy, quick=True).failed if check.holds is False]
    assert any(check.item == "claims" and "another file than the installed suite" in check.said for check in failed)


def test_a_whole_package_made_from_a_forged_source_is_told_by_the_installed_suite_and_by_its_seal(
    default_package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    for part in ("geodata", "shots"):
        shutil.copytree(settings.home() / part, home / part)
    shutil.copy(settings.home() / "record.toml", home)
    path = home / "geodata" / "SOURCES.md"
    path.write_text(path.read_text("utf-8").replace("Wikipedia", "an archive"), encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setenv("CAMPS_HOME", str(home))
        appendix.build_appendix(tmp_path / "forged")
    verdict = appendix.verify(tmp_path / "forged", seal=files.sha256(default_package / bag.TAG_MANIFEST))
    assert {check.item for check in verdict.failed} == {"gazetteer-sources", bag.TAG_MANIFEST}
