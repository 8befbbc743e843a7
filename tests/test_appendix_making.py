"""What a package says of its own making: false versions, chosen dossiers and lists that nobody has; other engines."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from camps import appendix, files
from camps.appendix import bag, integrity, making, package, recomputation, schemas
from camps.appendix.checks import Check

pytestmark = pytest.mark.mirror


def _retold(folder: Path, column: str, change: Callable[[Any], Any]) -> None:
    """Write what the package says of its making anew, in both forms of the table."""
    tables = folder / "data" / "tables"
    table = schemas.read_record(tables / "processing.csv")
    schemas.write_record(table.assign(**{column: table[column].map(change)}), tables, "processing")


def _software(**versions: str) -> Callable[[str], str]:
    return lambda text: json.dumps(json.loads(text) | versions)


def _checks(folder: Path) -> list[Check]:
    payload = folder / bag.PAYLOAD
    return [*making.check_software(payload), *making.check_selection(payload)]


SOFTWARE = {
    "free text": ({"typst": "verified by a notary"}, "typst: says 'verified by a notary', which is no version"),
    "an old Python": (
        {"python": "2.7.18"},
        "python: says 2.7.18, with which the suite does not run; it needs python>=3.",
    ),
    "an old library": ({"shapely": "1.8.5"}, "shapely: says 1.8.5, with which the suite does not run"),
    "a false code sum": ({"camps code (SHA-256)": "0" * 64}, "camps code (SHA-256): says 000"),
    "no code sum": ({"camps code (SHA-256)": "seen"}, "camps code (SHA-256): says 'seen', which is no SHA-256"),
    "another suite": ({"camps": "9.9"}, "camps: says 9.9, installed is"),
    "a further line": ({"Court seal": "1.0"}, "Court seal: is no software that the suite names"),
    "a version in words after it": ({"numpy": "2.0 certified"}, "numpy: says '2.0 certified', which is no version"),
    "a local version": ({"GDAL (pyogrio)": "3.11.0+certified"}, "which no release is called"),
    "a font that is a text": (
        {"font Noto Serif CJK SC": "mine"},
        "CJK SC: says 'mine', which is no SHA",
    ),
}


@pytest.mark.parametrize("name", SOFTWARE)
def test_software_that_cannot_be_is_named(copy: Path, name: str) -> None:
    versions, named = SOFTWARE[name]
    _retold(copy, "software", _software(**versions))
    failed = [str(check) for check in _checks(copy) if check.holds is False]
    assert any(named in one for one in failed), failed


def test_software_that_is_left_out_is_named(copy: Path) -> None:
    _retold(copy, "software", lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != "numpy"}))
    assert any("numpy: is not named" in str(check) for check in _checks(copy) if check.holds is False)


SELECTION = {
    "one dossier": (
        {"dossiers": ["kh-s21-tuol-sleng"]},
        "dossier xj-bfn130-aspi50: left out, though record.toml",
    ),
    "no dossier": ({"dossiers": []}, "dossier cn-qincheng: left out, though record.toml names it"),
    "a list that nobody has": ({"lists": ["gazetteer", "secret"]}, "list secret: stands in no register"),
}


@pytest.mark.parametrize("name", SELECTION)
def test_a_selection_that_suits_is_named(copy: Path, name: str) -> None:
    change, named = SELECTION[name]
    _retold(copy, "parameters", lambda text: json.dumps(json.loads(text) | change))
    failed = [str(check) for check in _checks(copy) if check.holds is False]
    assert any(named in one for one in failed), failed


def test_a_published_list_that_nobody_has_is_named(copy: Path) -> None:
    _retold(copy, "objects", lambda text: f"{text}; secret-list")
    assert any("list secret-list: stands in no register" in str(check) for check in _checks(copy) if not check.holds)


@pytest.mark.parametrize(
    "parameters", ["[]", "{}", '{"dossiers": 1}', '{"dossiers": [1], "lists": [], "public": 0}', "{"]
)
def test_what_says_nothing_of_its_making_is_reported_and_not_a_trace(copy: Path, parameters: str) -> None:
    _retold(copy, "parameters", lambda _: parameters)
    verdict = appendix.verify(copy)
    assert any("does not say how the document was made" in check.said for check in verdict.failed)
    assert not any("stopped at what no package holds" in check.said for check in verdict.failed)


def test_a_list_at_hand_that_was_left_out_is_named(copy: Path, mirror: Path) -> None:
    left = {check.item for check in _checks(copy) if check.holds is None}
    assert left == {"list aspi-xjdp-v1", "list buzzfeed-2021", "list osm-camps-2021", "list ss-camps", "images"}


# --- the whole bag --------------------------------------------------------------------------------------------------


TAGS = {
    "time proved": ("bag-info.txt", "no time is proved", "time proved by a notary", "time proved by a notary"),
    "a false head": ("bag-info.txt", "custody log ", "custody log 0", "External-Identifier: custody log 0"),
    "a further line": ("bag-info.txt", "Payload-Oxum", "Bagging-Date: 2020-01-01\nPayload-Oxum", "Bagging-Date: 2020"),
    "another suite": ("bag-info.txt", "Agent: camps ", "Agent: camps 9", "Bag-Software-Agent: camps 9"),
    "a word to the reader": ("README.txt", "no time is proved", "its time is proved", "its time is proved"),
    "a declaration": ("bagit.txt", "1.0", "0.97", "BagIt-Version: 0.97"),
}


@pytest.mark.parametrize("name", TAGS)
def test_what_the_bag_says_of_itself_follows_from_its_payload(copy: Path, name: str) -> None:
    file, old, new, named = TAGS[name]
    text = (copy / file).read_text("utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    tags = sorted(copy / one for one in bag._TAGS)
    for algorithm in bag.ALGORITHMS:
        bag._write_manifest(copy, tags, f"tagmanifest-{algorithm}.txt", algorithm)
    failed = [check for check in integrity.check_bag(copy, None) if check.holds is False]
    assert [check.item for check in failed] == [file]
    assert named in failed[0].said


# --- at a recipient who has less, or another engine -----------------------------------------------------------------


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a package that was made with the published lists, as its recipient without them gets it."""
    from conftest import _mirror_folder

    if (folder := _mirror_folder()) is None:
        pytest.skip("no published lists here: set CAMPS_MIRROR to a mirror of them to run this test")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMPS_MIRROR", str(folder))
        patch.setenv("CAMPS_CACHE", str(tmp_path_factory.mktemp("cache")))
        out = tmp_path_factory.mktemp("full") / "package"
        appendix.build_appendix(out)
    return out


def _results(folder: Path) -> dict[str, Check]:
    return {check.item: check for check in recomputation.check_results(folder)}


IMAGED = ("xj-bfn130-aspi50", "xj-bfn949-aspi124")


def _with_other_images(full: Path, tmp_path: Path) -> Path:
    """Return a package in which one figure of images shows those of the other site, and a third is added."""
    forged = shutil.copytree(full, tmp_path / "forged")
    figures = forged / "data" / "figures"
    one, other = (figures / f"scenes-{site}.svg" for site in IMAGED)
    shutil.copy(other, one)
    shutil.copy(other, figures / "scenes-xj-none.svg")
    return forged


def test_without_the_lists_all_is_made_again_but_the_numbers_that_need_them(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAMPS_MIRROR", raising=False)
    sound = _results(full)
    open_, *shown = [check for check in sound.values() if not check.holds]
    assert open_.holds is None
    assert "chain-index-aspi" in open_.said
    assert [check.item for check in shown] == [f"figures/scenes-{site}.svg" for site in IMAGED]
    assert all(check.holds is None and "images that are not at hand" in check.said for check in shown)
    made_with = making.read_made_with(full / bag.PAYLOAD)
    assert recomputation._unseen(replace(made_with, images=())) == ""
    assert sound["appendix.pdf"].holds
    forged = _with_other_images(full, tmp_path)
    path = forged / "data" / "appendix.pdf"
    path.write_bytes(path.read_bytes().replace(b"/Title", b"/Tilte"))
    page = forged / "data" / "appendix.html"
    page.write_text(page.read_text("utf-8").replace("Not verified", "Now verified"), encoding="utf-8")
    checks = _results(forged)
    wrong = {"appendix.pdf", "appendix.html", "figures/scenes-xj-none.svg"}
    assert {name for name, check in checks.items() if check.holds is False} >= wrong
    assert checks["figures/scenes-xj-bfn130-aspi50.svg"].holds is None


def test_images_that_another_engine_cut_are_named(full: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_with = making.read_made_with(full / bag.PAYLOAD)
    assert recomputation._unseen(made_with) == ""
    here = making.software_here()
    monkeypatch.setattr(making, "software_here", lambda: here | {"pillow": "99.0"})
    said = "another engine cut its images, whose bytes cannot be made here; needs pillow "
    assert recomputation._unseen(made_with).startswith(said)
    assert not recomputation._other_engine(".svg", made_with.software)


def test_images_at_hand_are_cut_and_drawn_again(full: Path, mirror: Path, tmp_path: Path) -> None:
    forged = _results(_with_other_images(full, tmp_path))
    wrong = {name: check.said for name, check in forged.items() if not check.holds}
    assert wrong == {
        "figures/scenes-xj-bfn130-aspi50.svg": "comes out with other bytes",
        "figures/scenes-xj-none.svg": "does not come out of the sources; it was added",
    }


def test_the_images_of_dossiers_are_items_with_their_sums(full: Path, mirror: Path) -> None:
    items = schemas.read_record(full / "data" / "tables" / "items.csv").set_index("item_id")
    images = items[items.index.str.startswith("cited-image-")]
    assert sorted(images["original_filename"]) == [
        "dabancheng_s2l1c_rgb_2017-03-02.tif", "dabancheng_s2l2a_6band_2020-06-02.tif",
    ]  # fmt: skip
    for name, total in zip(images["original_filename"], images["sha256"], strict=True):
        assert files.sha256(mirror / "dabancheng" / "scenes" / name) == total
    assert set(images["licence"]) == {
        "contains modified Copernicus Sentinel data 2017", "contains modified Copernicus Sentinel data 2020",
    }  # fmt: skip
    page = (full / "data" / "appendix.html").read_text("utf-8")
    assert page.count("Images: contains modified Copernicus Sentinel data 2017, 2020.") == len(IMAGED)


def test_a_number_that_needs_a_list_cannot_be_forged_in_one_place(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAMPS_MIRROR", raising=False)
    forged = shutil.copytree(full, tmp_path / "forged")
    tables = forged / "data" / "tables"
    claims = schemas.read_record(tables / "claims.csv")
    other = claims["numbers"].str.replace('"computed":187.', '"computed":287.')
    assert not other.equals(claims["numbers"])
    schemas.write_record(claims.assign(numbers=other), tables, "claims")
    said = [check.said for check in appendix.verify(forged).failed]
    assert any("found 187.5 in the text, expected 287." in one for one in said), said


def test_another_engine_is_named_and_the_rest_is_made_again(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = making.installed_software()
    other = here | {"typst": "99.0.0", "matplotlib": "99.0.0", "pyarrow": "99.0.0", "GEOS (shapely)": "99.9.0"}
    monkeypatch.setattr(making, "installed_software", lambda: other)
    monkeypatch.setattr(making.provenance, "software", lambda: {k: v for k, v in other.items() if "font" not in k})
    checks = _results(copy)
    left = {name: check for name, check in checks.items() if check.holds is None}
    assert {Path(name).suffix for name in left} == {".pdf", ".svg"}
    assert f"needs typst {here['typst']}" in left["appendix.pdf"].said
    assert not [check for check in checks.values() if check.holds is False]
    assert checks["tables/sites.parquet"].holds
    assert "of other versions: GEOS (shapely)" in " ".join(check.said for check in making.check_software(copy / "data"))


def test_without_a_record_there_is_a_report(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the suite is installed as a wheel and nothing else."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CAMPS_HOME", raising=False)
    verdict = appendix.verify(copy)
    assert not [check for check in verdict.checks if check.holds is False], verdict.report()
    left = {check.item for check in verdict.failed}
    assert {"gazetteer", "claims"} <= left
    assert any(check.item == "claims" and "set CAMPS_HOME" in check.said for check in verdict.failed)


def test_a_package_vouches_for_the_frames_it_was_made_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from test_appendix_trace import delivery

    frames = delivery.__wrapped__(tmp_path).parent
    table = package.records.build_deliveries(frames)
    assert table["delivery"].tolist() == ["CAMPS_T_0001_v001"]
    assert table["n_frames"].tolist() == [4]
    assert table["frames_csv_sha256"].tolist() == [files.sha256(frames / "CAMPS_T_0001_v001" / "frames.csv")]


def test_verify_holds_frames_against_the_package(copy: Path, tmp_path: Path) -> None:
    from test_appendix_trace import delivery

    folder = delivery.__wrapped__(tmp_path)
    unknown = appendix.verify(copy, quick=True, frames=folder)
    assert any("the package knows nothing of it" in check.said for check in unknown.failed)
    schemas.write_record(package.records.build_deliveries(folder), copy / "data" / "tables", "deliveries")
    said = [str(check) for check in appendix.verify(copy, quick=True, frames=folder).checks]
    assert any("the one that the package was made with" in one for one in said)
    listed = folder / "frames.csv"
    listed.write_text(listed.read_text("utf-8").replace("40.0", "41.0"), encoding="utf-8")
    changed = appendix.verify(copy, quick=True, frames=folder)
    assert any("another one than the package was made with" in check.said for check in changed.failed)
