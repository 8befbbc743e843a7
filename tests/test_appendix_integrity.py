"""Fifty ways of tampering with a package, each named, as it is and with the manifests written anew around it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import bagit
import pytest
from package_support import add, edit, flip, lines, rebag, remove, swap

from camps import appendix
from camps.appendix import integrity
from camps.provenance import CustodyLog


def link(folder: Path) -> None:
    target = folder / "data" / "tables" / "sites.csv"
    moved = folder.parent / "elsewhere.csv"
    target.rename(moved)
    target.symlink_to(moved)
    moved.write_bytes(moved.read_bytes() + b"\n")


def write_log_anew(folder: Path) -> None:
    path = folder / "data" / "custody.jsonl"
    log = CustodyLog()
    for line in path.read_text("utf-8").splitlines()[1:]:
        event = json.loads(line)
        log = log.append(event["item_id"], event["event"], sha256_after=event["sha256_after"])
    path.write_text(log.text, encoding="utf-8")


SITES = "data/tables/sites.csv"
TAMPERINGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a digit in a table": (edit(SITES, b"43.3838333333333", b"43.3838333333334"), "tables/sites.csv"),
    "a byte in a parquet table": (flip("data/tables/sites.parquet"), "tables/sites.parquet"),
    "a byte in the PDF": (flip("data/appendix.pdf"), "appendix.pdf"),
    "a word in the HTML": (edit("data/appendix.html", b"Not verified", b"Now verified"), "appendix.html"),
    "a figure": (flip("data/figures/growth-xj-bfn130-aspi50.svg"), "figures/growth-xj-bfn130-aspi50.svg"),
    "two figures swapped": (
        lambda folder: swap(
            folder, "data/figures/growth-xj-bfn130-aspi50.svg", "data/figures/growth-xj-bfn949-aspi124.svg"
        ),
        "figures/growth-xj-bfn949-aspi124.svg",
    ),
    "two tables swapped": (
        lambda folder: swap(folder, SITES, "data/tables/claims.csv"),
        "claims",
    ),
    "a log line removed": (lines(lambda lines: lines[:3] + lines[4:]), "custody.jsonl, line 4"),
    "the last log line removed": (lines(lambda lines: lines[:-1]), "custody.jsonl, end of the log"),
    "log lines reordered": (lines(lambda lines: [lines[1], lines[0], *lines[2:]]), "custody.jsonl, line 1"),
    "a log line edited": (edit("data/custody.jsonl", b'"entered"', b'"derived"'), "custody.jsonl, line 2"),
    "a log line doubled": (lines(lambda lines: [*lines, lines[-1]]), "custody.jsonl, line"),
    "the log written anew": (write_log_anew, "custody.jsonl, end of the log"),
    "the log emptied": (lines(lambda lines: []), "custody.jsonl"),
    "the log removed": (remove("data/custody.jsonl"), "custody.jsonl"),
    "a claim's number in the table": (edit("data/tables/claims.csv", b"holds 89", b"holds 98"), "tables/claims.csv"),
    "a claim's number in its source": (edit("data/geodata/claims.toml", b"{89:n", b"{98:n"), "claims"),
    "a claim's limits": (edit("data/geodata/claims.toml", b"not a census", b"a census"), "claims"),
    "a coordinate in the gazetteer": (edit("data/geodata/gazetteer.csv", b"43.3838", b"43.3938"), "gazetteer"),
    "a vertex of a footprint": (
        edit("data/geodata/footprints/dabancheng_footprints.geojson", b"88.2725116", b"88.2735116"),
        "dabancheng-footprints",
    ),
    "a date of a scene": (edit("data/geodata/scenes/scenes.csv", b"2017-03-02", b"2016-03-02"), "dabancheng-scenes"),
    "a pinned sum": (edit("data/geodata/sources.toml", b'sha256 = "5', b'sha256 = "6'), "register"),
    "a source file removed": (remove("data/geodata/no_coordinates.csv"), "gazetteer-no-coordinates"),
    "a table removed": (remove("data/tables/disputes.csv"), "disputes"),
    "the PDF removed": (remove("data/appendix.pdf"), "appendix.pdf"),
    "a file added to the payload": (add("data/tables/people.csv"), "tables/people.csv"),
    "a hidden file added": (add("data/.hidden"), ".hidden"),
    "an empty folder added": (lambda folder: (folder / "data" / "people").mkdir(), "data/people/"),
    "a file to be fetched from elsewhere": (add("fetch.txt", "http://x.invalid 1 data/x\n"), "fetch.txt"),
    "a manifest with a second sum for a file": (
        lines(lambda lines: [*lines, "0" * 64 + lines[0][64:]], "manifest-sha256.txt"),
        "manifest-sha256.txt",
    ),
    "a second page appended to the PDF": (
        lambda folder: (folder / "data/appendix.pdf").write_bytes((folder / "data/appendix.pdf").read_bytes() * 2),
        "appendix.pdf",
    ),
    "a tag file added": (add("READ_THIS.txt"), "READ_THIS.txt"),
    "a file renamed": (
        lambda folder: (folder / SITES).rename(folder / "data/tables/places.csv"),
        "tables/places.csv",
    ),
    "a file emptied": (lines(lambda lines: [], "data/tables/counts.csv"), "counts"),
    "a file cut in half": (
        lambda folder: (folder / SITES).write_bytes((folder / SITES).read_bytes()[:20_000]),
        "tables/sites.csv",
    ),
    "a file replaced by a link": (link, "tables/sites.csv"),
    "the SHA-256 manifest removed": (remove("manifest-sha256.txt"), "manifest-sha256.txt"),
    "the SHA-512 manifest removed": (remove("manifest-sha512.txt"), "manifest-sha512.txt"),
    "the SHA-256 tag manifest removed": (remove("tagmanifest-sha256.txt"), "tagmanifest-sha256.txt"),
    "the SHA-512 tag manifest removed": (remove("tagmanifest-sha512.txt"), "tagmanifest-sha512.txt"),
    "a manifest line removed": (lines(lambda lines: lines[1:], "manifest-sha256.txt"), "bag"),
    "a tag manifest cut": (lines(lambda lines: lines[:1], "tagmanifest-sha256.txt"), "tagmanifest-sha256.txt"),
    "a tag manifest with bytes of nothing": (
        lambda folder: (folder / "tagmanifest-sha512.txt").write_bytes(b"\0" * 200),
        "tagmanifest-sha512.txt",
    ),
    "a manifest line edited": (edit("manifest-sha512.txt", b"0", b"1"), "bag"),
    "the bag's information edited": (edit("bag-info.txt", b"no time is proved", b"time is proved"), "time is proved"),
    "the bag's declaration removed": (remove("bagit.txt"), "bagit.txt says too little, which does not follow"),
    "the description edited": (edit("data/ro-crate-metadata.json", b"none is proved", b"all proved"), "bag"),
    "the description removed": (remove("data/ro-crate-metadata.json"), "bag"),
    "the description no longer JSON": (lines(lambda lines: lines[:5], "data/ro-crate-metadata.json"), "this check"),
}  # fmt: skip


def test_a_quick_check_never_says_that_everything_holds(copy: Path) -> None:
    verdict = appendix.verify(copy, quick=True)
    assert not verdict.holds
    assert [check.holds for check in verdict.failed] == [None]
    said = {(check.group, check.item): check.said for check in verdict.checks}
    assert said[integrity.ITEMS, "gazetteer"] == said[integrity.ITEMS, "tables/sites.csv"] == "unchanged"
    assert said[integrity.LOG, "tables/custody.csv"] == "repeats the log"
    assert said[integrity.SOURCES, "gazetteer"] == "the same file"


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda name: name.replace(" ", "-"))
def test_every_tampering_is_caught_and_named(copy: Path, tampering: str) -> None:
    tamper, named = TAMPERINGS[tampering]
    tamper(copy)
    failed = [check for check in appendix.verify(copy, quick=True).failed if check.holds is False]
    assert any(named in f"{check.item} {check.said}" for check in failed), appendix.verify(copy, quick=True).report()


REBAGGED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a digit in a table": (edit(SITES, b"43.3838333333333", b"43.3838333333334"), "tables/sites.csv"),
    "one form of a table": (edit(SITES, b"Urumqi", b"Uruguay"), "sites"),
    "a source file": (edit("data/geodata/gazetteer.csv", b"43.3838", b"43.3938"), "gazetteer"),
    "a file added": (add("data/tables/people.csv"), "tables/people.csv"),
    "a file removed": (remove("data/tables/disputes.csv"), "tables/disputes.csv"),
    "made without the log": (remove("data/custody.jsonl"), "custody.jsonl"),
    "the log written anew": (write_log_anew, "custody.jsonl, end of the log"),
}


@pytest.mark.parametrize("tampering", REBAGGED, ids=lambda name: name.replace(" ", "-"))
def test_a_bag_made_anew_around_a_change_is_caught(copy: Path, tampering: str) -> None:
    tamper, named = REBAGGED[tampering]
    tamper(copy)
    rebag(copy)
    assert bagit.Bag(str(copy)).validate()
    failed = [check for check in appendix.verify(copy, quick=True).failed if check.holds is False]
    assert any(named in check.item for check in failed), failed
