"""The package: the same bytes twice, sums that a standard command checks, and forty ways of tampering, each named."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import bagit
import pandas as pd
import pytest

from camps import appendix, files, settings
from camps.appendix import bag, crate, integrity, records, schemas
from camps.errors import CheckError, InputError, MissingError
from camps.provenance import CustodyLog


@pytest.fixture
def copy(default_package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CAMPS_MIRROR", raising=False)
    shutil.copytree(default_package, tmp_path / "package")
    return tmp_path / "package"


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


def test_a_quick_check_never_says_that_everything_holds(copy: Path) -> None:
    verdict = appendix.verify(copy, quick=True)
    assert not verdict.holds
    assert [check.holds for check in verdict.failed] == [None]


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


def _edit(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / name
        content = path.read_bytes()
        assert old in content, f"{old!r} is not in {name}"
        path.write_bytes(content.replace(old, new, 1))

    return edit


def _flip(name: str) -> Callable[[Path], None]:
    def flip(folder: Path) -> None:
        path = folder / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(bytes(content))

    return flip


def _lines(change: Callable[[list[str]], list[str]], name: str = "data/custody.jsonl") -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / name
        path.write_text("".join(change(path.read_text("utf-8").splitlines(keepends=True))), encoding="utf-8")

    return edit


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _add(name: str, content: str = "added") -> Callable[[Path], object]:
    return lambda folder: files.write_text(folder / name, content)


def _swap(folder: Path, one: str, other: str) -> None:
    first, second = (folder / one).read_bytes(), (folder / other).read_bytes()
    (folder / one).write_bytes(second)
    (folder / other).write_bytes(first)


def _link(folder: Path) -> None:
    target = folder / "data" / "tables" / "sites.csv"
    moved = folder.parent / "elsewhere.csv"
    target.rename(moved)
    target.symlink_to(moved)
    moved.write_bytes(moved.read_bytes() + b"\n")


def _write_log_anew(folder: Path) -> None:
    path = folder / "data" / "custody.jsonl"
    log = CustodyLog()
    for line in path.read_text("utf-8").splitlines()[1:]:
        event = json.loads(line)
        log = log.append(event["item_id"], event["event"], sha256_after=event["sha256_after"])
    path.write_text(log.text, encoding="utf-8")


SITES = "data/tables/sites.csv"
TAMPERINGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a digit in a table": (_edit(SITES, b"43.3838333333333", b"43.3838333333334"), "tables/sites.csv"),
    "a byte in a parquet table": (_flip("data/tables/sites.parquet"), "tables/sites.parquet"),
    "a byte in the PDF": (_flip("data/appendix.pdf"), "appendix.pdf"),
    "a word in the HTML": (_edit("data/appendix.html", b"Not verified", b"Now verified"), "appendix.html"),
    "a figure": (_flip("data/figures/growth-xj-bfn130-aspi50.svg"), "figures/growth-xj-bfn130-aspi50.svg"),
    "two figures swapped": (
        lambda folder: _swap(
            folder, "data/figures/growth-xj-bfn130-aspi50.svg", "data/figures/growth-xj-bfn949-aspi124.svg"
        ),
        "figures/growth-xj-bfn949-aspi124.svg",
    ),
    "two tables swapped": (
        lambda folder: _swap(folder, SITES, "data/tables/claims.csv"),
        "claims",
    ),
    "a log line removed": (_lines(lambda lines: lines[:3] + lines[4:]), "custody.jsonl, line 4"),
    "the last log line removed": (_lines(lambda lines: lines[:-1]), "custody.jsonl, end of the log"),
    "log lines reordered": (_lines(lambda lines: [lines[1], lines[0], *lines[2:]]), "custody.jsonl, line 1"),
    "a log line edited": (_edit("data/custody.jsonl", b'"entered"', b'"derived"'), "custody.jsonl, line 2"),
    "a log line doubled": (_lines(lambda lines: [*lines, lines[-1]]), "custody.jsonl, line"),
    "the log written anew": (_write_log_anew, "custody.jsonl, end of the log"),
    "the log emptied": (_lines(lambda lines: []), "custody.jsonl"),
    "the log removed": (_remove("data/custody.jsonl"), "custody.jsonl"),
    "a claim's number in the table": (_edit("data/tables/claims.csv", b"holds 89", b"holds 98"), "tables/claims.csv"),
    "a claim's number in its source": (_edit("data/geodata/claims.toml", b"{89:n", b"{98:n"), "claims"),
    "a claim's limits": (_edit("data/geodata/claims.toml", b"not a census", b"a census"), "claims"),
    "a coordinate in the gazetteer": (_edit("data/geodata/gazetteer.csv", b"43.3838", b"43.3938"), "gazetteer"),
    "a vertex of a footprint": (
        _edit("data/geodata/footprints/dabancheng_footprints.geojson", b"88.2725116", b"88.2735116"),
        "dabancheng-footprints",
    ),
    "a date of a scene": (_edit("data/geodata/scenes/scenes.csv", b"2017-03-02", b"2016-03-02"), "dabancheng-scenes"),
    "a pinned sum": (_edit("data/geodata/sources.toml", b'sha256 = "5', b'sha256 = "6'), "register"),
    "a source file removed": (_remove("data/geodata/no_coordinates.csv"), "gazetteer-no-coordinates"),
    "a table removed": (_remove("data/tables/disputes.csv"), "disputes"),
    "the PDF removed": (_remove("data/appendix.pdf"), "appendix.pdf"),
    "a file added to the payload": (_add("data/tables/people.csv"), "tables/people.csv"),
    "a hidden file added": (_add("data/.hidden"), ".hidden"),
    "an empty folder added": (lambda folder: (folder / "data" / "people").mkdir(), "data/people/"),
    "a file to be fetched from elsewhere": (_add("fetch.txt", "http://x.invalid 1 data/x\n"), "fetch.txt"),
    "a manifest with a second sum for a file": (
        _lines(lambda lines: [*lines, "0" * 64 + lines[0][64:]], "manifest-sha256.txt"),
        "manifest-sha256.txt",
    ),
    "a second page appended to the PDF": (
        lambda folder: (folder / "data/appendix.pdf").write_bytes((folder / "data/appendix.pdf").read_bytes() * 2),
        "appendix.pdf",
    ),
    "a tag file added": (_add("READ_THIS.txt"), "READ_THIS.txt"),
    "a file renamed": (
        lambda folder: (folder / SITES).rename(folder / "data/tables/places.csv"),
        "tables/places.csv",
    ),
    "a file emptied": (_lines(lambda lines: [], "data/tables/counts.csv"), "counts"),
    "a file cut in half": (
        lambda folder: (folder / SITES).write_bytes((folder / SITES).read_bytes()[:20_000]),
        "tables/sites.csv",
    ),
    "a file replaced by a link": (_link, "tables/sites.csv"),
    "the SHA-256 manifest removed": (_remove("manifest-sha256.txt"), "manifest-sha256.txt"),
    "the SHA-512 manifest removed": (_remove("manifest-sha512.txt"), "manifest-sha512.txt"),
    "the SHA-256 tag manifest removed": (_remove("tagmanifest-sha256.txt"), "tagmanifest-sha256.txt"),
    "the SHA-512 tag manifest removed": (_remove("tagmanifest-sha512.txt"), "tagmanifest-sha512.txt"),
    "a manifest line removed": (_lines(lambda lines: lines[1:], "manifest-sha256.txt"), "bag"),
    "a tag manifest cut": (_lines(lambda lines: lines[:1], "tagmanifest-sha256.txt"), "tagmanifest-sha256.txt"),
    "a tag manifest with bytes of nothing": (
        lambda folder: (folder / "tagmanifest-sha512.txt").write_bytes(b"\0" * 200),
        "tagmanifest-sha512.txt",
    ),
    "a manifest line edited": (_edit("manifest-sha512.txt", b"0", b"1"), "bag"),
    "the bag's information edited": (_edit("bag-info.txt", b"no time is proved", b"time is proved"), "bag"),
    "the bag's declaration removed": (_remove("bagit.txt"), "bagit.txt"),
    "the description edited": (_edit("data/ro-crate-metadata.json", b"none is proved", b"all proved"), "bag"),
    "the description removed": (_remove("data/ro-crate-metadata.json"), "bag"),
    "the description no longer JSON": (_lines(lambda lines: lines[:5], "data/ro-crate-metadata.json"), "this check"),
}  # fmt: skip


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda name: name.replace(" ", "-"))
def test_every_tampering_is_caught_and_named(copy: Path, tampering: str) -> None:
    tamper, named = TAMPERINGS[tampering]
    tamper(copy)
    failed = [check for check in appendix.verify(copy, quick=True).failed if check.holds is False]
    assert any(named in f"{check.item} {check.said}" for check in failed), appendix.verify(copy, quick=True).report()


# --- forgeries: the same, with every sum written anew ---------------------------------------------------------------


def _rebag(folder: Path) -> None:
    """Write all manifests anew, as somebody who knows BagIt would."""
    lines = (folder / "bag-info.txt").read_text("utf-8").splitlines()
    info = dict(line.split(": ", 1) for line in lines if not line.startswith("Payload-Oxum"))
    bag.write_bag(folder, info)


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
    _rebag(folder)
    assert bagit.Bag(str(folder)).validate()


def _retype_table(folder: Path) -> None:
    table = _sites(folder)
    table.loc[table["site_id"] == "cn-qincheng", "used_lat"] = 41.0
    schemas.write_record(table, folder / "data" / "tables", "sites")


REBAGGED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a digit in a table": (_edit(SITES, b"43.3838333333333", b"43.3838333333334"), "tables/sites.csv"),
    "one form of a table": (_edit(SITES, b"Urumqi", b"Uruguay"), "sites"),
    "a source file": (_edit("data/geodata/gazetteer.csv", b"43.3838", b"43.3938"), "gazetteer"),
    "a file added": (_add("data/tables/people.csv"), "tables/people.csv"),
    "a file removed": (_remove("data/tables/disputes.csv"), "tables/disputes.csv"),
    "made without the log": (_remove("data/custody.jsonl"), "custody.jsonl"),
    "the log written anew": (_write_log_anew, "custody.jsonl, end of the log"),
}


@pytest.mark.parametrize("tampering", REBAGGED, ids=lambda name: name.replace(" ", "-"))
def test_a_bag_made_anew_around_a_change_is_caught(copy: Path, tampering: str) -> None:
    tamper, named = REBAGGED[tampering]
    tamper(copy)
    _rebag(copy)
    assert bagit.Bag(str(copy)).validate()
    failed = [check for check in appendix.verify(copy, quick=True).failed if check.holds is False]
    assert any(named in check.item for check in failed), failed


def _swap_figures(folder: Path) -> None:
    figures = sorted((folder / "data" / "figures").glob("growth-*.svg"))[:2]
    _swap(folder, *(figure.relative_to(folder).as_posix() for figure in figures))


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
        _edit("data/appendix.html", b"Not verified on the ground", b"Now verified on the ground"),
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
    _edit("data/geodata/claims.toml", b"{89:n_sites}", b"{98:n_sites}")(copy)
    _forge_records(copy)
    assert any("found 98 in the text" in check.said for check in appendix.verify(copy).failed)


def test_a_claim_that_is_no_longer_computed_is_told_by_the_installed_suite(copy: Path) -> None:
    _edit("data/geodata/claims.toml", b'needs = ["gazetteer"]', b'needs = ["aspi-xjdp-v1"]')(copy)
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
