"""ZIP files that two programs read in two ways, that unpack to more than they are, or that carry more than they say."""

from __future__ import annotations

import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from package_support import bomb, comment, other_root

from camps import appendix, files
from camps.appendix import bag, opening
from camps.errors import MissingError

PDF = f"{bag.ROOT}/data/appendix.pdf"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a small bag; what is in it does not matter here."""
    folder = tmp_path / "bag"
    files.write_bytes(folder / "data" / "appendix.pdf", b"%PDF true")
    files.write_text(folder / "data" / "tables" / "sites.csv", "site_id\n")
    bag.write_bag(folder, {})
    return folder


@pytest.fixture
def zipped(folder: Path, tmp_path: Path) -> Path:
    return appendix.write_zip(folder, tmp_path / "package.zip")


def _add(*entries: str | zipfile.ZipInfo) -> Callable[[Path], None]:
    def add(path: Path) -> None:
        with zipfile.ZipFile(path, "a") as archive:
            for entry in entries:
                archive.writestr(entry, b"%PDF false")

    return add


def _splice(old: bytes, new: bytes) -> Callable[[Path], None]:
    def splice(path: Path) -> None:
        content = path.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new, 1))

    return splice


def _link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"{bag.ROOT}/data/link")
    entry.external_attr = 0o120777 << 16
    return entry


def _extra() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"{bag.ROOT}/data/extra")
    entry.extra = struct.pack("<HH4s", 0xCAFE, 4, b"true")
    return entry


ATTACKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "two slashes": (_add(f"{bag.ROOT}//data/appendix.pdf"), f"{bag.ROOT}//data/appendix.pdf: is {PDF} to some"),
    "a dot": (_add(f"{bag.ROOT}/./data/appendix.pdf"), f"{bag.ROOT}/./data/appendix.pdf: is no plain name"),
    "two dots": (_add(f"{bag.ROOT}/x/../data/appendix.pdf"), "is no plain name"),
    "out of the folder": (_add("../appendix.pdf"), "../appendix.pdf: is no plain name"),
    "a slash first": (_add(f"/{PDF}"), f"/{PDF}: is {PDF} to some"),
    "a capital letter": (_add(f"{bag.ROOT}/data/Appendix.PDF"), f"Appendix.PDF: is {PDF} to some"),
    "a capital folder": (_add(f"{bag.ROOT}/DATA/appendix.pdf"), f"DATA/appendix.pdf: is {PDF} to some"),
    "a back-slash": (_add(f"{bag.ROOT}\\data\\appendix.pdf"), "holds a letter that some programs read"),
    "accents apart": (_add(f"{bag.ROOT}/data/e\u0301.pdf"), "letters and accents apart"),
    "accents both ways": (
        _add(f"{bag.ROOT}/data/\u00e9.pdf", f"{bag.ROOT}/data/e\u0301.pdf"), "data/\u00e9.pdf to some",
    ),
    "a dot at the end": (_add(f"{PDF}."), f"is {PDF} to some"),
    "a space at the end": (_add(f"{PDF} "), f"is {PDF} to some"),
    "a stream": (_add(f"{PDF}:stream"), "holds a letter that some programs read"),
    "a letter without width": (_add(f"{bag.ROOT}/data/appendix\u200b.pdf"), "holds a letter that some programs read"),
    "the same name twice": (_add(PDF), f"{PDF}: is there twice"),
    "an empty folder": (_add(f"{bag.ROOT}/data/people/"), "people/: is no plain name"),
    "a second folder at the top": (_add("readme/data.txt"), "readme: is no name of the folder at the top"),
    "another folder at the top": (other_root("by-the-court"), "by-the-court: is no name of the folder at the top"),
    "a link": (_add(_link()), "has other bytes than a ZIP file of these files"),
    "a field of its own": (_add(_extra()), "has other bytes than a ZIP file of these files"),
    "a bomb": (bomb, "zeros: is compressed to"),
    "a comment": (comment, "has other bytes than a ZIP file of these files"),
    "bytes before": (lambda path: path.write_bytes(b"#!/bin/sh\n" + path.read_bytes()), "has other bytes"),
    "bytes behind": (lambda path: path.write_bytes(path.read_bytes() + b"more"), "has other bytes"),
    "another name in the local header": (
        _splice(b"camps-appendix/data/appendix.pdf", b"camps-appendix/data/appendix.PDF"),
        "cannot be read (File name in dir",
    ),
    "another date in the local header": (
        _splice(b"PK\x03\x04\x14\0\0\0\0\0\0\0!\0", b"PK\x03\x04\x14\0\0\0\0\0\x01\0!\0"), "has other bytes",
    ),
    "another date in the list": (
        _splice(b"PK\x01\x02\x14\x03\x14\0\0\0\0\0\0\0!\0", b"PK\x01\x02\x14\x03\x14\0\0\0\0\0\x01\0!\0"), "list of",
    ),
    "other bytes in a file": (_splice(b"%PDF true", b"%PDF trux"), f"{PDF}: cannot be read (Bad CRC"),
    "an entry that is locked": (_splice(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\x01\0"), "cannot"),
    "cut in half": (lambda path: path.write_bytes(path.read_bytes()[:300]), "not a readable ZIP file"),
    "no ZIP at all": (lambda path: path.write_bytes(b"PK\x03\x04 and then nothing"), "not a readable ZIP file"),
    "empty": (lambda path: path.write_bytes(b""), "not a readable ZIP file"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ATTACKS)
def test_what_two_programs_read_in_two_ways_is_refused_and_named(zipped: Path, tmp_path: Path, name: str) -> None:
    attack, named = ATTACKS[name]
    attack(zipped)
    verdict = appendix.verify(zipped)
    assert not verdict.holds
    assert any(named in str(check) for check in verdict.failed), verdict.report()
    assert not (tmp_path / "appendix.pdf").exists()


def test_a_bomb_is_refused_before_it_is_unpacked(zipped: Path, tmp_path: Path) -> None:
    bomb(zipped)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    opened, checks = opening.open_package(zipped, scratch)
    assert opened is None
    assert {check.holds for check in checks} == {False}
    assert list(scratch.iterdir()) == []


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_of_many_names_is_refused_as_fast_as_it_is_read(tmp_path: Path) -> None:
    """Each name against all others took more than a minute; each once counted is done before the test is told."""
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in (*range(20_000), 7):
            archive.writestr(zipfile.ZipInfo(f"{bag.ROOT}/{number}"), b"")
    opened, checks = opening.open_package(path, tmp_path)
    assert (opened, [str(check.item) for check in checks]) == (None, [f"{bag.ROOT}/7"])


def test_entries_that_share_their_bytes_are_refused(zipped: Path) -> None:
    """Two names in the list for one place in the file: each is sound, and together they are more than the file."""
    content = zipped.read_bytes()
    at = content.index(b"PK\x01\x02")
    end = content.rindex(b"PK\x05\x06")
    entry = content[at : content.index(b"PK\x01\x02", at + 4)]
    listed = entry * 2000 + content[at:end]
    count = struct.unpack("<H", content[end + 8 : end + 10])[0] + 2000
    zipped.write_bytes(
        content[:at] + listed + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(listed), at, 0)
    )
    assert any("is there twice" in str(check) for check in appendix.verify(zipped).failed)


def test_a_sound_zip_is_opened(zipped: Path, folder: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    opened, checks = opening.open_package(zipped, scratch)
    assert [check.holds for check in checks] == [True]
    assert opened is not None
    held = {path.relative_to(opened): path.read_bytes() for path in opened.rglob("*") if path.is_file()}
    assert held == {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(MissingError, match="no such package"):
        opening.open_package(tmp_path / "absent.zip", scratch)


def test_names_that_a_system_takes_for_one_are_told_in_a_folder(folder: Path) -> None:
    shutil.copy(folder / "data" / "appendix.pdf", folder / "data" / "Appendix.pdf")
    bag.write_bag(folder, {})
    assert any("is data/Appendix.pdf to some programs" in str(fault) for fault in bag.find_bag_faults(folder))
