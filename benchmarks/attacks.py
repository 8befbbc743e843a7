"""Attacks on a package, its ZIP file, its frames and files alone, each held against `camps verify`: all must be named.

    python benchmarks/attacks.py [SEED] [--each N] [--only PART …] [--kinds WORDS …]

Whoever attacks knows the suite: all sums, logs and descriptions are written anew after each change. Attacks on several
files are made together, and each must be named for itself. Without a mirror of the published lists those that need one
are left out. What passes is printed as it does; `--kinds` makes those attacks again that a run with the same seed made.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, cast
from unittest import mock

import av
import numpy as np
import pandas as pd
import pypdf
from PIL import Image, PngImagePlugin

from camps import appendix, catalogue, embedded, files, film, maps, origins, record, settings, sources
from camps.appendix import (
    bag,
    crate,
    csvw,
    filecheck,
    framecheck,
    integrity,
    opening,
    package,
    records,
    schemas,
    signing,
)
from camps.appendix.checks import Check
from camps.appendix.evidence import held_files
from camps.build.starting import start
from camps.errors import CampsError
from camps.film import manifest as film_manifest
from camps.film import movie
from camps.film import records as film_records
from camps.provenance import CustodyLog
from camps.sources import capturing

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import package_support
from record_support import shot_of

Change = Callable[[Path], object]
Chance = Callable[[str], random.Random]


@dataclass(frozen=True)
class Attack:
    """One attack: its kind, what is done to a copy, and a text that a failed check must have.

    Attacks on other places can be made together; one without a place is made alone.
    """

    kind: str
    what: str
    named: str
    change: Change
    place: str = ""


def rounds(attacks: Iterable[Attack]) -> list[list[Attack]]:
    """Return attacks in rounds, each place at most once in a round."""
    found: list[list[Attack]] = []
    for attack in attacks:
        free = (one for one in found if attack.place and all(other.place not in ("", attack.place) for other in one))
        if (chosen := next(free, None)) is None:
            found.append([attack])
        else:
            chosen.append(attack)
    return found


# --- sums written anew ----------------------------------------------------------------------------------------------


def reseal(folder: Path) -> None:
    """Write items, log, description and manifests of a package anew, as somebody who knows the suite would."""
    payload = folder / bag.PAYLOAD
    _reseal_items(payload)
    log = CustodyLog()
    for line in (payload / integrity.CUSTODY).read_text("utf-8").splitlines():
        event = json.loads(line)
        path = payload / integrity.place_of(payload, event["item_id"])
        if path.is_file() or event["event"] in ("entered", "withheld"):
            total = files.sha256(path) if path.is_file() else event["sha256_after"]
            before = event["sha256_before"]
            log = log.append(
                event["item_id"], event["event"], sha256_before=before, sha256_after=total, utc=event["utc"]
            )
    files.write_text(payload / integrity.CUSTODY, log.text)
    schemas.write_record(records.build_custody(log), payload / "tables", "custody")
    metadata = payload / crate.METADATA
    content = json.loads(metadata.read_text("utf-8"))
    next(one for one in content["@graph"] if one["@id"] == crate.HEAD)["value"] = log.head
    for one in content["@graph"]:
        if (path := payload / one["@id"]).is_file() and "sha256" in one:
            one |= {"sha256": files.sha256(path), "contentSize": str(path.stat().st_size)}
    files.write_text(metadata, json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    rebag(folder, head=log.head)


def _reseal_items(payload: Path) -> None:
    items = schemas.read_record(payload / "tables" / "items.csv")
    kept = []
    not_here = items["item_id"].str.startswith("cited-") | (items["restriction"] == records.NOT_PUBLIC).fillna(False)
    for row, item_id in items["item_id"].items():
        path = payload / integrity.place_of(payload, item_id)
        kept.append(path.is_file() or not_here[row])
        if path.is_file():
            items.loc[row, ["bytes", "sha256"]] = [path.stat().st_size, files.sha256(path)]
    schemas.write_record(items[kept].reset_index(drop=True), payload / "tables", "items")


def rebag(folder: Path, *, head: str = "") -> None:
    """Write all manifests of a bag anew around what it says of itself."""
    lines = (folder / "bag-info.txt").read_text("utf-8").splitlines()
    info = dict(line.split(": ", 1) for line in lines if not line.startswith("Payload-Oxum"))
    bag.write_bag(folder, info | ({"External-Identifier": f"custody log {head}"} if head else {}))


def reseal_frames(folder: Path, listed: film_records.FrameList | None = None) -> None:
    """Write every sum of a delivery anew."""
    old = listed or film_records.read_frame_list(folder)
    new = film_records.FrameList(
        {
            number: replace(frame, pictures={name: _summed(folder, one) for name, one in frame.pictures.items()})
            for number, frame in old.frames.items()
        }
    )
    film_records.write_frame_list(folder, new)
    told = json.loads((folder / film_manifest.MANIFEST).read_text("utf-8"))
    for entry in told.get("movies", []):
        if (path := folder / entry["file"]).is_file():
            shown = [frame.pictures[entry["shows"]].sha256 for frame in new.frames.values()]
            rate = Fraction(told["fps_num"], told["fps_den"])
            key = movie.movie_key(entry["kind"], rate, shown, burnt=entry["kind"] == "proxy")
            entry |= {"sha256": files.sha256(path), "frames_sha256": key}
    files.write_json(folder / film_manifest.MANIFEST, told)
    film_records.write_checksums(folder, {})


def _summed(folder: Path, one: film_records.PictureEntry) -> film_records.PictureEntry:
    path = folder / one.file
    return replace(one, sha256=files.sha256(path)) if path.is_file() else one


# --- ZIP files ------------------------------------------------------------------------------------------------------


SPELLINGS: dict[str, Callable[[str], str]] = {
    "two slashes": lambda name: name.replace("/", "//", 1),
    "a dot": lambda name: name.replace("/", "/./", 1),
    "two dots": lambda name: name.replace("/", "/x/../", 1),
    "a slash first": lambda name: f"/{name}",
    "capitals": lambda name: name.upper(),
    "a back-slash": lambda name: name.replace("/", "\\"),
    "a dot behind": lambda name: f"{name}.",
    "a space behind": lambda name: f"{name} ",
    "a stream": lambda name: f"{name}:x",
    "no width": lambda name: f"{name}\u200b",
    "accents apart": lambda name: f"{name}e\u0301",
    "twice": lambda name: name,
    "another root": lambda name: f"x{name}",
}


def zip_attacks(zipped: Path, chance: random.Random, each: int) -> Iterator[Attack]:
    """Yield attacks on a ZIP file: second spellings, bytes between and behind, bombs, and single bits anywhere."""
    with zipfile.ZipFile(zipped) as archive:
        names = chance.sample(archive.namelist(), min(each, len(archive.namelist())))
    for kind, spell in SPELLINGS.items():
        for name in names:
            yield Attack(f"a second spelling: {kind}", name, _shown(kind, spell(name)), _with_entry(spell(name)))
    for at in (0, 40, -22, 10**9):
        yield Attack("bytes in a ZIP file", f"four more at {at}", "", _inserted(at))
    yield Attack("a comment", "of the file", zipped.name, package_support.comment)
    yield Attack("a bomb", "zeros", "zeros", package_support.bomb)
    yield Attack("another root folder", "all entries", "court", package_support.other_root("court"))
    for at in sorted(chance.sample(range(zipped.stat().st_size), 20 * each)):
        yield Attack("a bit of the ZIP file", f"byte {at}", "", _flipped(at, chance.randrange(8)))


def _shown(kind: str, name: str) -> str:
    """Return what has to be named: the file, or the folder at the top where that is another one."""
    return name.partition("/")[0] if kind == "another root" else name.rpartition("/")[2]


def _with_entry(name: str) -> Change:
    def change(path: Path) -> None:
        with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            archive.writestr(name, b"forged")

    return change


def _inserted(at: int) -> Change:
    def change(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[:at] + b"true" + content[at:])

    return change


def _flipped(at: int, bit: int) -> Change:
    def change(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[at] ^= 1 << bit
        path.unlink()
        path.write_bytes(bytes(content))

    return change


# --- what a package holds -------------------------------------------------------------------------------------------


def package_attacks(folder: Path, chance: random.Random, each: int) -> Iterator[Attack]:
    """Yield attacks on what is derived in a package: tables, figures, both documents, files added."""
    payload = folder / bag.PAYLOAD
    for name in schemas.RECORDS:
        if name not in (*_OF_SUMS, "processing"):
            yield from _table_attacks(payload, name, chance)
    for name in (one for one in _held(payload) if one.startswith("figures/")):
        yield Attack("a figure", name, name, _altered(name, chance.random()), name)
    yield from image_attacks(payload)
    for name in ("appendix.html", "appendix.pdf"):
        for share in sorted(chance.random() for _ in range(2 * each)):
            yield Attack(f"a letter of {name}", f"at {share:.3f}", name, _altered(name, share), name)
    for name in chance.sample(_held(payload), each):
        yield Attack("a file added", f"{name}.txt", f"{name}.txt", _added(f"{name}.txt"), f"{name}.txt")


def image_attacks(payload: Path) -> Iterator[Attack]:
    """Yield attacks on the figures of images: another site's put in place, and one of a site that has none."""
    shown = [name for name in _held(payload) if name.startswith("figures/scenes-")]
    for name, other in zip(shown, shown[1:] + shown[:1], strict=True):
        yield Attack("images of another site", name, name, _figure_copied(other, name), name)
        added = name.replace(".svg", "-before.svg")
        yield Attack("a figure of images added", added, added, _figure_copied(name, added), added)


def _figure_copied(name: str, place: str) -> Change:
    def change(folder: Path) -> None:
        (folder / bag.PAYLOAD / place).unlink(missing_ok=True)
        shutil.copy(folder / bag.PAYLOAD / name, folder / bag.PAYLOAD / place)

    return change


#: Tables that are written anew with the sums.
_OF_SUMS: tuple[schemas.RecordName, ...] = ("items", "custody")


def sum_attacks(folder: Path, chance: random.Random, each: int) -> Iterator[Attack]:
    """Yield attacks on what holds the sums, whose bag alone is made anew: items, log, description, files removed."""
    payload = folder / bag.PAYLOAD
    for name in (*_OF_SUMS, "processing"):
        yield from _table_attacks(payload, cast(schemas.RecordName, name), chance, alone=True)
    for file in (crate.METADATA, integrity.CUSTODY):
        for share in sorted(chance.random() for _ in range(each)):
            yield Attack(f"a letter of {file}", f"at {share:.3f}", "", _altered(file, share))
    for file in chance.sample(_held(payload), each):
        yield Attack("a file removed", file, "", _removed(file))


def source_attacks(folder: Path, chance: random.Random) -> Iterator[Attack]:
    """Yield attacks on each source, beside which the record here holds the true one."""
    payload = folder / bag.PAYLOAD
    for item_id, held in held_files(payload).items():
        if (payload / held.place).is_file():
            alone = item_id in ("register", "record")
            yield Attack(
                "a source", held.place, item_id, _altered(held.place, chance.random()), "" if alone else item_id
            )


def _held(payload: Path) -> list[str]:
    return [path.relative_to(payload).as_posix() for path in sorted(payload.rglob("*")) if path.is_file()]


def _table_attacks(
    payload: Path, name: schemas.RecordName, chance: random.Random, *, alone: bool = False
) -> Iterator[Attack]:
    table, place = schemas.read_record(payload / "tables" / f"{name}.csv"), "" if alone else f"tables/{name}"
    for column in table.columns:
        filled = list(table.index[table[column].notna()])
        for row in chance.sample(filled, min(1, len(filled))):
            changed = table.copy()
            changed.loc[row, column] = _other(table.loc[row, column])
            yield Attack("a cell", f"{name}, row {row + 2}, {column}", name, _written(name, changed), place)
    if len(table) > 1:
        turned = table[::-1].reset_index(drop=True)
        doubled = pd.concat([table, table.iloc[-1:]], ignore_index=True)
        yield Attack("a row left out", name, name, _written(name, table.iloc[:-1]), place)
        yield Attack("a row added", name, name, _written(name, doubled), place)
        yield Attack("rows in another order", name, name, _written(name, turned), place)


def _other(value: Any) -> Any:
    """Return a value of the same kind that is another one: a digit or a letter changed."""
    if not isinstance(value, str):
        return value + 1 if value < 50 else value - 1
    at = next((i for i, letter in enumerate(value) if letter.isdigit()), len(value) // 2)
    return value[:at] + ("1" if value[at] != "1" else "2") + value[at + 1 :]


def _written(name: schemas.RecordName, table: pd.DataFrame) -> Change:
    def change(folder: Path) -> None:
        tables = folder / bag.PAYLOAD / "tables"
        # Without the check of the schema: whoever forges need not write by our rules.
        for suffix in schemas.SUFFIXES:
            schemas._write_as(table, tables / f"{name}{suffix}")

    return change


def _altered(name: str, share: float) -> Change:
    """Change the letter or digit after a share of a file; of a file that is no text, a byte."""

    def change(folder: Path) -> None:
        path = folder / bag.PAYLOAD / name
        content = bytearray(path.read_bytes())
        start = int(share * (len(content) - 1))
        letters = (i for i in (*range(start, len(content)), *range(start)) if chr(content[i]).isalnum())
        at = next((i for i in letters if content[i] < 128), start)
        content[at] = ord("1") if content[at] != ord("1") else ord("2")
        path.unlink()
        path.write_bytes(bytes(content))

    return change


def _removed(name: str) -> Change:
    return lambda folder: (folder / bag.PAYLOAD / name).unlink()


def _added(name: str) -> Change:
    return lambda folder: files.write_text(folder / bag.PAYLOAD / name, "added")


TAGS = {
    "time proved": ("bag-info.txt", "no time is proved", "time proved by a notary"),
    "a false head": ("bag-info.txt", "custody log ", "custody log 0"),
    "a date": ("bag-info.txt", "Payload-Oxum", "Bagging-Date: 2020-01-01\nPayload-Oxum"),
    "another organisation": ("bag-info.txt", "The Camps project", "The court"),
    "another suite": ("bag-info.txt", "Agent: camps ", "Agent: camps 9"),
    "another size": ("bag-info.txt", "Oxum: ", "Oxum: 1"),
    "an older form": ("bagit.txt", "1.0", "0.97"),
    "another encoding": ("bagit.txt", "UTF-8", "UTF-16"),
}


def tag_attacks(folder: Path) -> Iterator[Attack]:
    for what, (name, old, new) in TAGS.items():
        yield Attack("what the bag says of itself", what, name, _retagged(name, old, new))
    for name in ("READ_THIS.txt", "fetch.txt", ".hidden", "tagmanifest-md5.txt"):
        yield Attack("a tag file added", name, name, lambda copy, name=name: files.write_text(copy / name, "x\n"))


def _retagged(name: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        path = folder / name
        path.write_text(path.read_text("utf-8").replace(old, new, 1), encoding="utf-8")
        tags = sorted(folder / one for one in bag._TAGS)
        for algorithm in bag.ALGORITHMS:
            bag._write_manifest(folder, tags, f"tagmanifest-{algorithm}.txt", algorithm)

    return change


FALSE = ("verified by a notary", "0.0.1", "1.0+court")


def making_attacks(folder: Path) -> Iterator[Attack]:
    """Yield what a package may say of its making: false versions and sums, dossiers cut, lists that nobody has."""
    payload = folder / bag.PAYLOAD
    sound = schemas.read_record(payload / "tables" / "processing.csv")
    software, told = (json.loads(str(sound[column].iloc[-1])) for column in ("software", "parameters"))
    forged = [("software", f"{name} {value}", {**software, name: value}) for name in software for value in FALSE]
    forged += [("software", f"without {name}", {k: v for k, v in software.items() if k != name}) for name in software]
    forged += [("software", "a further line", software | {"Court seal": "1.0"})]
    for site_id in told["dossiers"]:
        left = {**told, "dossiers": [one for one in told["dossiers"] if one != site_id]}
        forged.append(("parameters", f"without {site_id}", left))
    forged += [("parameters", f"list {name}", {**told, "lists": [*told["lists"], name]}) for name in ("secret", "x")]
    forged += [("parameters", "public", {**told, "public": True})]
    for column, what, value in forged:
        table = sound.assign(**{column: json.dumps(value, sort_keys=True)})
        yield Attack(f"its making: {column}", what, "", _written("processing", table))
    table = sound.assign(objects=sound["objects"] + "; secret-list")
    yield Attack("its making: objects", "a list that nobody has", "secret-list", _written("processing", table))
    for name in sorted(str(sound["objects"].iloc[-1]).split("; ")):
        if f"cited-{name}" in _cited(payload):
            objects = ["; ".join(one for one in told.split("; ") if one != name) for told in sound["objects"]]
            kind = "an image left out" if name.startswith("image-") else "a list left out"
            yield Attack(kind, name, "", _written("processing", sound.assign(objects=objects)))


def _cited(payload: Path) -> set[str]:
    return set(schemas.read_record(payload / "tables" / "items.csv")["item_id"])


def stated_attacks(folder: Path) -> Iterator[Attack]:
    """Yield numbers of claims that rest on lists which the recipient has not: each changed in the table alone."""
    table = schemas.read_record(folder / bag.PAYLOAD / "tables" / "claims.csv")
    for row, told in table["numbers"].items():
        numbers = json.loads(told)
        if numbers and isinstance(numbers[0]["computed"], (int, float)):
            numbers[0]["computed"] += 100
            changed = table.copy()
            changed.loc[row, "numbers"] = json.dumps(numbers, ensure_ascii=False)
            what = str(table.loc[row, "claim_id"])
            yield Attack("without the lists: a number of a claim", what, "", _written("claims", changed))


# --- what a package says for others' programs, and whose key stands on it ---------------------------------------------


def statement_attacks(folder: Path, name: str, chance: random.Random, each: int) -> Iterator[Attack]:
    """Yield statements of a description in JSON: changed, taken away, and added."""
    content = json.loads((folder / bag.PAYLOAD / name).read_text("utf-8"))
    places = [*_leaves(content)]
    for place in chance.sample(places, min(2 * each, len(places))):
        shown = "/".join(map(str, place))
        yield Attack(f"a statement of {name}", shown, name, _restated(name, place, _other_leaf))
        yield Attack(f"a statement taken from {name}", shown, name, _restated(name, place, None))
    yield Attack(
        f"a statement added to {name}", "its state", name, _restated(name, ("proof",), lambda _: "by a notary")
    )


def _leaves(content: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    parts = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in parts:
        yield from _leaves(value, (*at, key))
    if not isinstance(content, dict | list):
        yield at


def _other_leaf(value: Any) -> Any:
    return (not value) if isinstance(value, bool) else _other(value) if value else "1"


def _restated(name: str, place: tuple[Any, ...], change: Callable[[Any], Any] | None) -> Change:
    def do(folder: Path) -> None:
        path = folder / bag.PAYLOAD / name
        content = json.loads(path.read_text("utf-8"))
        held = content
        for key in place[:-1]:
            held = held[key]
        if change is None:
            del held[place[-1]]
        else:
            held[place[-1]] = change(held[place[-1]] if isinstance(held, list) else held.get(place[-1]))
        files.write_json(path, content)

    return do


def make_keys(folder: Path) -> tuple[Path, Path]:
    """Return two keys of OpenSSH: that of the record, and that of whoever attacks."""
    for name in ("true", "other"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    return folder / "true", folder / "other"


def stating(key: Path) -> Any:
    """Let the record state a key as the one that it signs with."""
    return mock.patch.object(signing, "stated_signer", return_value=signing.read_key(f"{key}.pub"))


def cover_attacks(other: Path, key: Path) -> Iterator[Attack]:
    """Yield attacks on the key that stands on a package and signs it; `other` is a package with that of an attacker."""
    taken = (("figures/signing-key.svg",), ("appendix.html",), ("appendix.pdf",))
    for names in (*taken, tuple(name for (name,) in taken)):
        yield Attack("another key on the cover", ", ".join(names), names[0], _taken_over(other, names, None))
        yield Attack("another key on the cover, signed by it", ", ".join(names), bag.SIGNATURE,
                     _taken_over(other, names, key))  # fmt: skip
    yield Attack("a whole package of another key", "signed by it", bag.SIGNATURE, _taken_over(other, None, key))
    yield Attack("a whole package of another key", "unsigned", bag.SIGNATURE, _taken_over(other, None, None))
    yield Attack("the signature of another package", "put beside", bag.SIGNATURE, _signed_as(other, key))


def _taken_over(other: Path, names: Sequence[str] | None, key: Path | None) -> Change:
    def do(folder: Path) -> None:
        chosen = _held(other / bag.PAYLOAD) if names is None else names
        for name in chosen:
            (folder / bag.PAYLOAD / name).unlink(missing_ok=True)
            shutil.copy(other / bag.PAYLOAD / name, folder / bag.PAYLOAD / name)
        reseal_all(folder)
        (folder / bag.SIGNATURE).unlink()
        if key:
            with stating(key):
                signing.sign_package(folder, key)

    return do


def _signed_as(other: Path, key: Path) -> Change:
    def do(folder: Path) -> None:
        with stating(key):
            shutil.copy(signing.sign_package(other, key), folder / bag.SIGNATURE)

    return do


# --- files alone ----------------------------------------------------------------------------------------------------


def make_files(folder: Path) -> list[Path]:
    """Return three movies, a copy of a frame, a map and plates of it, each with its record."""
    delivered = make_delivery(folder / "delivered")
    listed = film_records.read_frame_list(delivered)
    told = json.loads((delivered / film_manifest.MANIFEST).read_text("utf-8"))
    frame = delivered / listed.frames[NUMBERS[2]].pictures["beauty"].file
    copied = film.testimony.write_telling(frame, folder / "frame.png")
    sites = catalogue.load("gazetteer")
    map_ = maps.site_map(sites[sites["site_id"].isin(["cn-qincheng", "xj-bfn130-aspi50"])])
    plates = [maps.write_plate(map_, folder / f"plate{suffix}", dpi=40) for suffix in (".png", ".svg", ".pdf")]
    found = [delivered / entry["file"] for entry in told["movies"]]
    return [*found, copied, maps.write_map(map_, folder / "map.html"), *plates]


def file_attacks(path: Path, others: Sequence[Path], chance: random.Random, each: int) -> Iterator[Attack]:
    """Yield attacks on a file that nobody signed, and which a reader checks without knowing a key."""
    for at in sorted(chance.sample(range(path.stat().st_size), 2 * each)):
        yield Attack("a bit of a file", f"{path.name}, {at}", path.name, _flipped(at, chance.randrange(8)))
    yield Attack("a record taken out", path.name, path.name, _without_record)
    for other in others:
        yield Attack("the record of another file", f"{other.name} in {path.name}", path.name, _with_record_of(other))
    for what, change in _false_records(embedded.read(path).content).items():  # type: ignore[union-attr]
        yield Attack("a record made anew that the data speak against", f"{path.name}: {what}", "", _told(change))


def forgeries(path: Path, frames: Sequence[Path], key: Path) -> Iterator[Attack]:
    """Yield attacks that only a signature tells: a file made anew with its record, which says what the data say."""
    name, true = path.name, embedded.read(path).signature  # type: ignore[union-attr]
    painted = _repainted_film(frames) if path.suffix in movie.SUFFIXES.values() else _told(dict, _painted)
    yield Attack("another picture, its record made anew", name, "signature", painted)
    yield Attack("the same picture, its record made anew", name, "signature", _told(dict))
    yield Attack("a file that another key signed", name, "signature", _then(painted, _signed_by(key)))
    yield Attack("the signature of another record", name, "signature", _then(painted, _signed_with(true)))
    yield Attack("a signature taken out", name, "signature", _signed_with(bytes(len(true))))


def _false_records(content: Mapping[str, Any]) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
    """Return ways to make a record say something false of what lies in the data here."""
    (site_id, (source_id, said)), *_ = content["sites"].items()
    false: dict[str, Any] = {
        "a row of a list": {"sites": {**content["sites"], site_id: [source_id, said.replace("row ", "row 1")]}},
        "a site of no list": {"sites": {**content["sites"], "xj-nowhere": [source_id, said]}},
        "another list": {"sources": {name: dict.fromkeys(sums, "0" * 64) for name, sums in content["sources"].items()}},
        "a claim": {"claims": [*content["claims"], ["size", "All of it is proved.", [site_id], []]]},
    }
    if content.get("looks"):
        (where, date, text), *rest = content["looks"]
        false["who read it"] = {"looks": [[where, date, text.replace("read by: ", "read by: the court, ")], *rest]}
    if "rows" in content:
        n_rows = sum(count for _, count in content["rows"]["frame"])
        false |= {
            f"{column} of its frames": {"rows": {**content["rows"], column: [["9", n_rows]]}}
            for column in content["rows"] if column not in ("frame", "timecode")
        }  # fmt: skip
    return {what: (lambda told, change=change: {**told, **change}) for what, change in false.items()}


_RECORD = re.compile(rb'<meta name="camps-record"[^>]*>\n?|<metadata>camps-record[^<]*</metadata>')


def _without_record(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    if path.suffix == ".png":
        content = embedded.without(content)
    elif path.suffix == ".pdf":
        content = content[: content.index(b"%%EOF") + len(b"%%EOF")]
    elif path.suffix in (".html", ".svg"):
        content = _RECORD.sub(b"", content)
    else:
        content = content.replace(embedded._MARK, b"nothing-record-1:")
    path.write_bytes(content)


def _with_record_of(other: Path) -> Change:
    def do(path: Path) -> None:
        texts = [embedded.read(one).text for one in (path, other)]  # type: ignore[union-attr]
        content = path.read_bytes().replace(*texts)
        path.unlink()
        path.write_bytes(content)

    return do


def _told(change: Callable[[dict[str, Any]], dict[str, Any]], paint: Change = lambda _: None) -> Change:
    """Return how a file is made anew around a record that says something else."""

    def do(path: Path) -> None:
        found = embedded.read(path)
        assert found is not None
        said = change(dict(found.content))
        if path.suffix in movie.SUFFIXES.values():
            _rewrite_film(path, found, said)
            return
        _without_record(path)
        paint(path)
        if "picture_sha256" in said:
            said["picture_sha256"] = files.sha256(path)
        embedded.put(path, said)

    return do


def _rewrite_film(path: Path, found: embedded.Embedded, said: Mapping[str, Any]) -> None:
    """Copy the coded pictures into a film with another record, as ``ffmpeg -c copy`` would."""
    head = embedded.pack(said)
    text = embedded.blank(head, len(found.bound))
    plain = path.with_name(f"plain{path.suffix}")
    path.rename(plain)
    tags = ["-metadata", f"comment={text}", "-movflags", "+use_metadata_tags"]
    subprocess.run(["ffmpeg", "-v", "error", "-i", plain, "-map", "0:v", "-c", "copy", *tags, path], check=True)
    plain.unlink()
    embedded.fill(path, head, movie.bound_sums(movie.read_coded(path)))


def _repainted_film(frames: Sequence[Path]) -> Change:
    """Return how a film is encoded anew of frames in another order, with the record of the true one."""

    def do(path: Path) -> None:
        found = embedded.read(path)
        assert found is not None
        said = found.content
        path.unlink()
        movie.write_movie([*frames][::-1], path, rate=Fraction(said["fps"]), kind=said["movie"],
                          timecode=said["timecode"], record=embedded.pack(said))  # fmt: skip

    return do


def _painted(path: Path) -> None:
    """Change what a map, a plate or a frame shows."""
    if path.suffix in (".html", ".svg"):
        content = path.read_bytes()
        path.write_bytes(content.replace(b"Qincheng", b"Qinchenh").replace(b"<svg ", b"<svg data-x='1' ", 1))
    elif path.suffix == ".png":
        with Image.open(path) as opened:
            pixels = np.array(opened.convert("RGBA"))
        pixels[20:40, 20:60] = 255
        Image.fromarray(pixels).save(path)
    else:
        Image.effect_noise((40, 30), 50).save(path, format="PDF")


def _signed_by(key: Path) -> Change:
    def do(path: Path) -> None:
        with stating(key), tempfile.TemporaryDirectory() as folder:
            (signed,) = signing.sign_records([path], Path(folder), key)
            shutil.copy(signed, path)

    return do


def _signed_with(signature: bytes) -> Change:
    return lambda path: embedded.sign(path, embedded.read(path), signature)  # type: ignore[arg-type]


def _then(*changes: Change) -> Change:
    def do(path: Path) -> None:
        for change in changes:
            change(path)

    return do


def copied_attacks(path: Path, other: Path) -> Iterator[Attack]:
    """Yield copies in another container that carry more than the film, for a reader who was told that it was copied."""
    words = other.with_name("words.srt")
    files.write_text(words, "1\n00:00:00,000 --> 00:00:09,000\nverified by a court\n")
    behind = ["-disposition:v:0", "0", "-disposition:v:1", "default"]
    ways = {
        "a second picture": ["-i", other, "-map", "1:v", "-map", "0:v", "-c", "copy"],
        "another picture behind": ["-i", other, "-map", "0:v", "-map", "1:v", "-c", "copy", *behind],
        "words over it": ["-i", words, "-map", "0:v", "-map", "1", "-c:v", "copy", "-c:s", "mov_text"],
        "a voice": ["-f", "lavfi", "-i", "sine=d=0.2", "-map", "0:v", "-map", "1:a", "-c:v", "copy"],
    }  # fmt: skip
    for what, told in ways.items():
        yield Attack("a copy that carries more", f"{path.name}: {what}", "", _copied(told))
    yield Attack("a copy turned about", path.name, "tags", _turned)


def _copied(told: Sequence[Any]) -> Change:
    def do(path: Path) -> None:
        plain = path.rename(path.with_name(f"plain{path.suffix}"))
        subprocess.run(["ffmpeg", "-v", "error", "-i", plain, *told, "-map_metadata", "0", path], check=True)
        plain.unlink()

    return do


def _turned(path: Path) -> None:
    plain = path.rename(path.with_name(f"plain{path.suffix}"))
    with av.open(str(plain)) as source, av.open(str(path), "w") as copied:
        copied.metadata.update(source.metadata)
        track = copied.add_stream_from_template(source.streams.video[0])
        track.set_display_rotation(180)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = track
                copied.mux(packet)
    plain.unlink()


def check_alone(path: Path, **told: Any) -> Iterator[list[Check]]:
    """Yield what is said of a file; what could not be asked of the data here is said, too, and does not pass."""
    try:
        yield [one for one in appendix.verify(path, quick=True, **told).failed if one.holds is False]
        yield [replace(one, holds=False) for one in appendix.verify(path, **told).failed]
    except CampsError as error:
        yield [Check("the file", path.name, False, str(error))]


# --- frames ---------------------------------------------------------------------------------------------------------

NUMBERS = range(1120, 1126)


def make_delivery(out: Path) -> Path:
    """Deliver six small frames of a shot in all passes with all movies."""
    shot = film.read_shot("xinjiang").model_copy(update={"size": (480, 270), "version": 3})
    return film.deliver(shot, out, languages=["en", "ug"], numbers=NUMBERS, waive=["credit"]).folder


def frame_attacks(folder: Path, chance: random.Random) -> Iterator[Attack]:
    """Yield attacks on a delivery: cells, frames cut, swapped, added and repainted, movies and papers replaced."""
    listed = film_records.read_frame_list(folder)
    for column in film_records.SHOWN_COLUMNS:
        for number in chance.sample(list(listed.frames), 3):
            shown = dict(listed.frames[number].shown)
            shown[column] = _other(shown[column]) if shown[column] else "1"
            frames = dict(listed.frames) | {number: replace(listed.frames[number], shown=shown)}
            yield Attack("a cell of frames.csv", f"{number}, {column}", "", _listed(film_records.FrameList(frames)))
    for number in listed.frames:
        yield Attack("a frame cut", str(number), str(number), _cut(number))
        other = chance.choice([one for one in listed.frames if one != number])
        yield Attack("two frames swapped", f"{number} {other}", "", _swapped(number, other))
        yield Attack("a frame added", str(number), "x.png", _doubled(number))
        for name in listed.passes:
            yield Attack("a frame repainted", f"{name} {number}", "", _repainted(name, number))
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".png" and path.name != film_records.CHECKSUMS:
            name = path.relative_to(folder).as_posix()
            at, bit = chance.randrange(path.stat().st_size), chance.randrange(8)
            yield Attack("a bit of a paper or a movie", name, "", _in(name, _flipped(at, bit)))
            yield Attack("a paper or a movie removed", name, "", lambda copy, name=name: (copy / name).unlink())
    for name, value in (("title", "True"), ("fps_num", 24), ("last_frame", 1124), ("version", 9), ("width", 1)):
        yield Attack("another manifest", name, "manifest.json", _manifest(name, value))


def _in(name: str, change: Change) -> Change:
    return lambda folder: change(folder / name)


def _listed(listed: film_records.FrameList) -> Change:
    return lambda folder: reseal_frames(folder, listed)


def _cut(number: int) -> Change:
    def change(folder: Path) -> None:
        frames = dict(film_records.read_frame_list(folder).frames)
        for one in frames.pop(number).pictures.values():
            (folder / one.file).unlink()
        reseal_frames(folder, film_records.FrameList(frames))

    return change


def _swapped(one: int, other: int) -> Change:
    def change(folder: Path) -> None:
        frames = film_records.read_frame_list(folder).frames
        for name in frames[one].pictures:
            first, second = (folder / frames[number].pictures[name].file for number in (one, other))
            contents = second.read_bytes(), first.read_bytes()
            for path, content in zip((first, second), contents, strict=True):
                path.unlink()
                path.write_bytes(content)
        reseal_frames(folder)

    return change


def _doubled(number: int) -> Change:
    def change(folder: Path) -> None:
        path = folder / next(iter(film_records.read_frame_list(folder).frames[number].pictures.values())).file
        shutil.copy(path, path.with_name(f"{number}x.png"))
        reseal_frames(folder)

    return change


def _repainted(name: str, number: int) -> Change:
    def change(folder: Path) -> None:
        path = folder / film_records.read_frame_list(folder).frames[number].pictures[name].file
        with Image.open(path) as opened:
            pixels = np.array(opened)
        top = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
        pixels[100:132, 200:232] = np.where(pixels[100:132, 200:232] > top // 2, 0, top)
        path.unlink()
        Image.fromarray(pixels).save(path)
        reseal_frames(folder)

    return change


def _manifest(name: str, value: Any) -> Change:
    def change(folder: Path) -> None:
        path = folder / film_manifest.MANIFEST
        files.write_json(path, json.loads(path.read_text("utf-8")) | {name: value})
        reseal_frames(folder)

    return change


# --- archives and public editions of a small record ------------------------------------------------------------------

SECRET = "Quiet orchard"
LISTS = {
    "open": ("CC BY 4.0", f"1,North,44.512345,87.254321,12\n2,{SECRET},37.163833,79.866917,47113\n"),
    "shut": ("not stated", "1,South,38.912345,77.654321,9\n"),
}
_SOURCE = """
[[source]]
id = "{name}"
title = "List {name}"
publisher = "A publisher"
date = "2026"
citation = "A publisher"
landing = "https://example.org/{name}"
licence = "{licence}"
datum = "wgs84"
format = "csv"
reader = "mapped"
[source.mapping]
key = "id"
name_en = "name"
lat = "lat"
lon = "lon"
"buildings.2020" = "buildings.2020"
[[source.file]]
name = "list.csv"
sha256 = "{sha256}"
url = "https://example.org/{name}/list.csv"
"""
_RESTRICTION = """
[[restriction]]
table = "{table}"
columns = {columns}
action = "{action}"
reason = "asked for"
sites = ["open-2"]
"""
_KEPT_BACK = (
    ("sites", ["used_lat", "used_lon"], "round"),
    ("sites", ["name_en", "published_lat", "published_lon", "published_verbatim", "gcj02_offset_m"], "withhold"),
    ("counts", ["printed", "value"], "withhold"),
)
_SHOT = shot_of("2020-07-02", "2020-08-02", map={"kind": "growth", "sources": ["open"], "metric": "buildings"})


def make_record(home: Path) -> Path:
    """Return a record of two lists, archived as they were answered, with a site that the public does not see."""
    start(home)
    entries = []
    for name, (licence, rows) in LISTS.items():
        path = files.write_text(home / f"geodata/lists/{name}/list.csv", f"id,name,lat,lon,buildings.2020\n{rows}")
        entries.append(_SOURCE.format(name=name, licence=licence, sha256=files.sha256(path)))
    files.write_text(home / "geodata/sources.toml", "".join(entries))
    files.write_text(home / "geodata/claims.toml", '[edition]\nstated_on = "2026-11-29"\n')
    kept_back = [_RESTRICTION.format(table=one, columns=json.dumps(two), action=how) for one, two, how in _KEPT_BACK]
    files.write_text(home / "geodata/restrictions.toml", kept_back[0] + "decimals = 1\n" + "".join(kept_back[1:]))
    with standing_in(home), mock.patch.object(capturing, "_answers", _answered):
        sources.archive(LISTS, now=datetime(2026, 11, 30, 1, 2, 3, tzinfo=UTC))
    return home


def _answered(url: str) -> list[capturing._Answer]:
    return [capturing._Answer(url, 200, "OK", (("Content-Type", "text/csv"),), url.encode())]


@contextmanager
def standing_in(home: Path) -> Iterator[None]:
    """Let all be read in a record, without published lists."""
    with mock.patch.dict(os.environ), settings.standing_in(home):
        os.environ.pop("CAMPS_MIRROR", None)
        yield


def archive_attacks(folder: Path) -> Iterator[Attack]:
    """Yield attacks on archives: replaced with and without their sums, and what is said of them and of their time."""
    payload = folder / bag.PAYLOAD
    (path,) = payload.glob(f"geodata/{capturing.FOLDER}/*.wacz")
    place, named = path.relative_to(payload).as_posix(), f"archive-{path.stem}"
    yield Attack("an archive replaced", "its sums in the package made anew", named, _altered(place, 0.5))
    summed = _then(_altered(place, 0.5), lambda copy: _restated_sum(copy, place)(copy))
    yield Attack("an archive replaced", "the sum in archives.csv as well", "archives", summed)
    table = capturing.read_archives(payload)
    for at in table.drop_duplicates("archive").index:
        for column in [name for name in table if name not in ("archive", "source_id", "kind")]:
            name, value = table.loc[at, "archive"], _other(table.loc[at, column])
            yield Attack("a cell of archives.csv", f"{name}, {column}", "archives", _archived(name, column, value))
    for at in table.index:
        yield Attack("an archive forgotten", f"row {at + 2}", "archives", lambda copy, at=at: _write_archives(
            copy, capturing.read_archives(copy / bag.PAYLOAD).drop(index=at)
        ))  # fmt: skip


def dropped_attack(folder: Path) -> Attack:
    """Return how an archive is left out of a package that says nothing of it any more but its sum."""
    (path,) = (folder / bag.PAYLOAD).glob(f"geodata/{capturing.FOLDER}/*.wacz")
    item_id = f"archive-{path.stem}"

    def change(copy: Path) -> None:
        (copy / path.relative_to(folder)).unlink()
        _log_rewritten(copy, lambda event: None if event["item_id"] == item_id else event)

    return Attack("an archive dropped", path.name, item_id, change)


def _restated_sum(folder: Path, place: str) -> Change:
    return _archived(Path(place).name, "archive_sha256", files.sha256(_held_at(folder, place)))


def _held_at(folder: Path, place: str) -> Path:
    return folder / bag.PAYLOAD / place


#: What stands in the table of items and in the log of what stands in that of the archives.
_REPEATED = {
    "archive_sha256": ("sha256", "sha256_after"), "archive_bytes": ("bytes", ""),
    "retrieved_utc": ("retrieved_utc", "utc"),
}  # fmt: skip


def _archived(name: str, column: str, value: str) -> Change:
    """Change what is said of an archive, wherever it is said."""

    def change(folder: Path) -> None:
        table = capturing.read_archives(folder / bag.PAYLOAD)
        _write_archives(folder, table.assign(**{column: table[column].mask(table["archive"] == name, value)}))
        of_items, of_log = _REPEATED.get(column, ("", ""))
        ids = {f"{kind}archive-{name.removesuffix('.wacz')}" for kind in ("", "cited-")}
        if of_items:
            items = schemas.read_record(folder / bag.PAYLOAD / "tables" / "items.csv")
            items.loc[items["item_id"].isin(ids), of_items] = int(value) if value.isdigit() else value
            _written("items", items)(folder)
        if of_log:
            _log_rewritten(folder, lambda event: event | ({of_log: value} if event["item_id"] in ids else {}))

    return change


def _write_archives(folder: Path, table: pd.DataFrame) -> None:
    files.write_text(folder / bag.PAYLOAD / "geodata" / capturing.ARCHIVES, record.csv_text(table))


def _log_rewritten(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
    """Change the events of a log, whose chain `reseal` closes anew."""
    path = folder / bag.PAYLOAD / integrity.CUSTODY
    events = [change(json.loads(line)) for line in path.read_text("utf-8").splitlines()]
    files.write_text(path, "".join(f"{json.dumps(event)}\n" for event in events if event is not None))


def public_attacks(folder: Path, home: Path) -> Iterator[Attack]:
    """Yield how what a public edition of a package keeps back is put back into it."""
    kind, payload = "a withheld value put back into a ", folder / bag.PAYLOAD
    for name in schemas.RECORDS:
        if name != "custody":
            table = schemas.read_record(payload / "tables" / f"{name}.csv")
            text = [column for column in table if pd.api.types.is_string_dtype(table[column])][-1]
            forged = table.reindex(range(max(len(table), 1)))
            forged.loc[0, text] = SECRET
            place = "" if name == "items" else f"tables/{name}"
            yield Attack(f"{kind}table", f"{name}, {text}", name, _written(name, forged), place)
    yield Attack(f"{kind}page", "appendix.html", "appendix.html", _in("data/appendix.html", _with_text))
    for path in sorted((payload / "figures").glob("*.svg")):
        name = path.relative_to(folder).as_posix()
        yield Attack(f"{kind}figure", name, path.name, _in(name, _with_text), name)
    note = f"data/{SECRET}.txt"
    yield Attack(f"{kind}name", note, SECRET, lambda copy: files.write_text(copy / note, SECRET), note)
    items = schemas.read_record(payload / "tables" / "items.csv").set_index("item_id")
    for item_id in items.index[(items["restriction"] == records.NOT_PUBLIC).fillna(False)]:
        named = Path(held_files(home)[item_id].place).name
        yield Attack("a withheld source put back", item_id, named, _with_source(item_id, home))


def _with_source(item_id: str, home: Path) -> Change:
    def change(folder: Path) -> None:
        place = held_files(home)[item_id].place
        files.write_bytes(_held_at(folder, place), (home / place).read_bytes())
        items = schemas.read_record(folder / bag.PAYLOAD / "tables" / "items.csv")
        items.loc[items["item_id"] == item_id, "restriction"] = None
        _written("items", items)(folder)
        _log_rewritten(folder, lambda one: None if (one["item_id"], one["event"]) == (item_id, "withheld") else one)

    return change


def _with_text(path: Path, drawn: str = f"<text>{SECRET}</text>") -> None:
    """Put what is withheld into a page, a drawing, a picture or a document."""
    if path.suffix in (".html", ".svg"):
        end = "</body>" if path.suffix == ".html" else "</svg>"
        content = path.read_text("utf-8")
        assert end in content, path
        files.write_text(path, drawn.join([content[: content.rindex(end)], content[content.rindex(end) :]]))
    elif path.suffix == ".pdf":
        writer = pypdf.PdfWriter(clone_from=path)
        writer.add_metadata({"/Subject": SECRET})
        writer.write(path)
    else:
        _with_comment(packed=True)(path)


def _with_comment(*, packed: bool) -> Change:
    def change(path: Path) -> None:
        tags = PngImagePlugin.PngInfo()
        tags.add_text("Comment", SECRET, zip=packed)
        with Image.open(path) as opened:
            opened.load()
        opened.save(path, pnginfo=tags)

    return change


def public_file_attacks(path: Path) -> Iterator[Attack]:
    """Yield how a value is put back into a map or a plate whose record is made anew, and into that record."""
    kind = "a map or a plate, its record made anew"
    yield Attack(f"a withheld value put back into {kind}", path.name, "withheld values", _told(dict, _with_text))
    if path.suffix in (".html", ".svg"):
        drawn = _told(dict, lambda copy: _with_text(copy, "<script>draw([37.163833, 79.866917])</script>"))
        yield Attack(f"a withheld value put back into {kind}", f"{path.name}, a script", "withheld values", drawn)
    within = _told(lambda told: {**told, "note": SECRET})
    yield Attack("a withheld value put back into the record of a map or a plate", path.name, "withheld values", within)


def public_frame_attacks(folder: Path) -> Iterator[Attack]:
    """Yield how a value is put back into a delivery whose sums are all made anew."""
    kind, named = "a withheld value put back into ", "withheld values"
    listed = film_records.read_frame_list(folder)
    number, frame = next(iter(listed.frames.items()))
    for column in ("date_shown", "kind", "site_ids"):
        shown = {**frame.shown, column: f"{frame.shown[column]} {SECRET}"}
        forged = film_records.FrameList(dict(listed.frames) | {number: replace(frame, shown=shown)})
        yield Attack(f"{kind}frames.csv", f"{number}, {column}", named, _listed(forged))
    yield Attack(f"{kind}a manifest", "note", named, _manifest("note", SECRET))
    for packed in (False, True):
        name = next(iter(frame.pictures.values())).file
        change = _then(_in(name, _with_comment(packed=packed)), reseal_frames)
        yield Attack(f"{kind}a frame", f"{number}, {'packed' if packed else 'plain'}", named, change)
    for path in sorted((folder / "proxy").glob("*.mp4")):
        name = path.relative_to(folder).as_posix()
        told = _then(_in(name, _told(lambda said: {**said, "note": SECRET})), reseal_frames)
        yield Attack(f"{kind}the record of a movie", path.name, named, told)


# --- all of it ------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What was done and what was said, by kind; what nothing was said of, and what was said without a name."""

    kinds: Sequence[str] = ()
    made: Counter[str] = field(default_factory=Counter)
    silent: list[str] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)

    def attack(
        self,
        target: Path,
        attacks: Sequence[Attack],
        check: Callable[[Path], Iterable[list[Check]]],
        resealed: Callable[[Path], object] = lambda _: None,
    ) -> None:
        """Make attacks on one copy, write its sums anew, and note what was said of each.

        Of what `check` gives, what comes first is asked first; the rest only while an attack is not named. A table that
        one attack made unreadable hides what others did to it or to what follows from it: what is not named among
        others is made again alone.
        """
        attacks = [one for one in attacks if not self.kinds or any(words in one.kind for words in self.kinds)]
        failed = self._said(target, attacks, check, resealed) if attacks else []
        for attack in attacks:
            alone = failed
            if len(attacks) > 1 and not _names(failed, attack):
                alone = self._said(target, [attack], check, resealed)
            self._note(attack, alone)

    @staticmethod
    def _said(
        target: Path,
        attacks: Sequence[Attack],
        check: Callable[[Path], Iterable[list[Check]]],
        resealed: Callable[[Path], object],
    ) -> list[Check]:
        """Return the checks that failed on a copy that was attacked."""
        failed: list[Check] = []
        with tempfile.TemporaryDirectory(prefix="camps-attack-") as scratch:
            copied = Path(scratch) / target.name
            _ = shutil.copytree(target, copied) if target.is_dir() else shutil.copy(target, copied)
            for attack in attacks:
                attack.change(copied)
            resealed(copied)
            for checks in check(copied):
                failed = [one for one in checks if one.holds is False]
                if all(_names(failed, attack) for attack in attacks):
                    break
        return failed

    def _note(self, attack: Attack, failed: Sequence[Check]) -> None:
        self.made[attack.kind] += 1
        told = f"{attack.kind}: {attack.what}"
        print(f"{self.made.total():>5}  {told}", file=sys.stderr, flush=True)
        if not failed:
            self.silent.append(told)
            print(f"SILENT   {told}", flush=True)
        elif not _names(failed, attack):
            self.unnamed.append(f"{told}; said was: {failed[0]}")
            print(f"UNNAMED  {self.unnamed[-1]}", flush=True)

    def report(self) -> str:
        """Return how many of each kind, and what was silent or not named."""
        lines = [f"{count:>5}  {kind}" for kind, count in self.made.items()]
        lines += [f"{self.made.total():>5}  attacks: {len(self.silent)} silent, {len(self.unnamed)} without the file"]
        return "\n".join([*lines, *(f"SILENT  {one}" for one in self.silent), *self.unnamed])


def _names(failed: Sequence[Check], attack: Attack) -> bool:
    return any(attack.named in str(one) for one in failed)


def built_once() -> Callable[..., Any]:
    """Return a stand-in for the build of a package that copies what the same sources gave before."""
    build, made = package.build_appendix, {}
    home = tempfile.TemporaryDirectory(prefix="camps-attacks-")

    def stand_in(out: Path, **options: Any) -> list[Path]:
        taken = options["taken"]
        if taken.kinds:
            return build(out, **options)
        read = {str(path.relative_to(settings.home())): files.sha256(path) for path in _record_files()}
        told = {**vars(taken), "deliveries": taken.deliveries.to_csv(), "payload": ""}
        key = json.dumps([read, {**options, "taken": told}], default=str, sort_keys=True)
        if key not in made:
            made[key] = Path(home.name) / str(len(made))
            build(made[key], **options)
        shutil.copytree(made[key], out)
        return [path for path in out.rglob("*") if path.is_file()]

    return stand_in


def _record_files() -> list[Path]:
    return sorted(path for path in settings.home().rglob("*") if path.is_file())


def check_package(path: Path) -> Iterator[list[Check]]:
    """Yield what `verify` says, first asked quickly: what that names need not be built again."""
    yield list(appendix.verify(path, quick=True).checks)
    yield list(appendix.verify(path).checks)


def read_out_once() -> Callable[..., dict[int, dict[str, str]]]:
    """Return a stand-in for the working out of rows, which are the same for all attacks on a delivery."""
    read_out, made = framecheck.read_out, {}

    def stand_in(shot: film.Shot, numbers: Sequence[int]) -> dict[int, dict[str, str]]:
        key = json.dumps([film_manifest.shot_table(shot), list(numbers)])
        if key not in made:
            made[key] = read_out(shot, numbers)
        return made[key]

    return stand_in


def reseal_all(folder: Path) -> None:
    """Write the sums of a package anew; of one whose register was changed, those of its bag."""
    try:
        reseal(folder)
    except CampsError:
        rebag(folder)


def attack_package(built: Path, chance: Chance, each: int, tally: Tally, parts: Collection[str]) -> None:
    """Attack what a package holds, what it says of itself, and what holds its sums."""
    of_part: Mapping[str, tuple[Iterable[Attack], Callable[[Path], object]]] = {
        "package": (package_attacks(built, chance("package"), each), reseal_all),
        "sources": (source_attacks(built, chance("sources")), reseal_all),
        "sums": (sum_attacks(built, chance("sums"), each), rebag),
        "tags": (tag_attacks(built), lambda _: None),
        "making": (making_attacks(built), reseal_all),
    }
    for name in (one for one in of_part if one in parts):
        for together in rounds(of_part[name][0]):
            tally.attack(built, together, check_package, of_part[name][1])
    if "stated" in parts:
        with mock.patch.dict(os.environ):
            if os.environ.pop("CAMPS_MIRROR", None):
                for attack in stated_attacks(built):
                    tally.attack(built, [attack], check_package, reseal_all)


def check_frames(folder: Path, **told: Any) -> list[list[Check]]:
    """Return what is said of a delivery; one that is refused as none is named by the refusal."""
    try:
        return [[*framecheck.check_frames(folder, **({"sample": 0} | told))]]
    except CampsError as error:
        return [[Check(framecheck.GROUP, "the delivery", False, str(error))]]


def attack_frames(folder: Path, chance: random.Random, tally: Tally) -> None:
    """Attack a delivery: first without drawing it again, then all its passes at once with all frames drawn again."""
    delivered = make_delivery(folder)
    sealed = {delivered.name: files.sha256(delivered / film_records.FRAME_LIST)}
    with mock.patch.object(framecheck, "read_out", read_out_once()):
        for attack in frame_attacks(delivered, chance):
            tally.attack(delivered, [attack], partial(check_frames, sealed=sealed))
        numbers = [*NUMBERS]
        passes = film_records.read_frame_list(delivered).passes
        painted = [(name, numbers[at % len(numbers)]) for at, name in enumerate(passes)]
        told = [
            Attack("a frame repainted and drawn again", f"{name} {n}", f"frame {n} drawn again", _repainted(name, n))
            for name, n in painted
        ]
        tally.attack(delivered, told, partial(check_frames, sample=len(numbers)))


def attack_descriptions(built: Path, chance: random.Random, each: int, tally: Tally) -> None:
    """Attack what a package says for programs of others."""
    for name, resealed in ((f"tables/{csvw.METADATA}", reseal_all), (crate.METADATA, rebag)):
        for attack in statement_attacks(built, name, chance, each):
            tally.attack(built, [attack], check_package, resealed)


def attack_cover(folder: Path, tally: Tally) -> None:
    """Attack the key that stands on a package of a record that states one."""
    folder.mkdir()
    key, other_key = make_keys(folder)
    made = {one: folder / f"by_{one.name}" / bag.ROOT for one in (key, other_key)}
    for one, place in made.items():
        with stating(one):
            appendix.build_appendix(place)
            signing.sign_package(place, one)
    with stating(key), mock.patch.object(package, "build_appendix", built_once()):
        for attack in cover_attacks(made[other_key], other_key):
            tally.attack(made[key], [attack], check_package)


def attack_files(folder: Path, chance: random.Random, each: int, tally: Tally) -> None:
    """Attack single files: without a key that is known, with one, and as copies in another container."""
    folder.mkdir()
    told, (key, other) = make_files(folder), make_keys(folder)
    listed = film_records.read_frame_list(told[0].parents[1])
    frames = [told[0].parents[1] / frame.pictures["beauty"].file for frame in listed.frames.values()]
    signer = signing.read_key(f"{key}.pub")
    with mock.patch.object(filecheck, "read_out", read_out_once()), mock.patch.object(origins, "look_up", looked_up()):
        for path in told:
            assert appendix.verify(path).holds, f"{path} does not hold as it was made"
            for attack in file_attacks(path, [one for one in told if one != path][:2], chance, each):
                tally.attack(path, [attack], check_alone)
            (signed,) = signing.sign_records([path], folder / "signed", key)
            for attack in forgeries(signed, frames, other):
                tally.attack(signed, [attack], partial(check_alone, signer=signer))
        for path in told[:3]:
            for attack in copied_attacks(path, next(one for one in told if one.suffix == path.suffix)):
                tally.attack(path, [attack], partial(check_alone, remuxed=True))
        for path in (told[3], *told[4:]):
            altered = Attack("an altered picture said to be copied", path.name, path.name, _flipped(-99, 1))
            tally.attack(path, [altered], partial(check_alone, remuxed=True))


def looked_up() -> Callable[..., dict[str, origins.TracedSite]]:
    """Return a stand-in for the look into the lists, which are the same for all attacks on a file."""
    look_up, made = origins.look_up, {}

    def stand_in(site_ids: Sequence[str], among: Collection[str] | None = None) -> dict[str, origins.TracedSite]:
        key = (*sorted(site_ids), str(among))
        if key not in made:
            made[key] = look_up(site_ids, among)
        return made[key]

    return stand_in


def attack_archives(folder: Path, tally: Tally) -> None:
    """Attack archives in a package, asked by who has them and by who has but the table of them."""
    home = make_record(folder / "home")
    without = Path(shutil.copytree(home, folder / "without"))
    shutil.rmtree(without / "geodata" / capturing.FOLDER)
    built = folder / bag.ROOT
    with standing_in(home):
        appendix.build_appendix(built, dossiers=[], lists=["open"])
    for here in (home, without):
        with standing_in(here), mock.patch.object(package, "build_appendix", built_once()):
            assert appendix.verify(built).holds, f"does not hold as it was made: {appendix.verify(built).failed}"
            # Without the archive a package is made like that, and says truly that it holds none.
            dropped = [dropped_attack(built)] if here == home else []
            for attack in [*archive_attacks(built), *dropped]:
                tally.attack(built, [attack], check_package, reseal_all)


def attack_public(folder: Path, tally: Tally) -> None:
    """Put what is withheld back into public editions: a package, maps and plates, and frames."""
    home, built = make_record(folder / "home"), folder / bag.ROOT
    with standing_in(home), mock.patch.object(package, "build_appendix", built_once()):
        appendix.build_appendix(built, dossiers=["open-1"], lists=["open"], public=True)
        assert appendix.verify(built).holds, f"does not hold as it was made: {appendix.verify(built).failed}"
        for together in rounds(public_attacks(built, home)):
            tally.attack(built, together, check_package, reseal_all)
    with standing_in(home), appendix.public_edition():
        map_ = maps.site_map(catalogue.load("open"))
        made = [maps.write_plate(map_, folder / f"plate{suffix}", dpi=40) for suffix in (".png", ".svg", ".pdf")]
        made.append(maps.write_map(map_, folder / "map.html"))
        delivered = film.render(film.build_shot(_SHOT), folder / "frames").folder
    with standing_in(home):
        for path in made:
            assert appendix.verify(path).holds, f"{path} does not hold as it was made"
            for attack in public_file_attacks(path):
                tally.attack(path, [attack], check_alone)
        assert all(one.holds for checks in check_frames(delivered) for one in checks)
        for attack in public_frame_attacks(delivered):
            tally.attack(delivered, [attack], check_frames)


OF_PACKAGE = ("package", "sources", "sums", "tags", "making", "stated", "zip", "descriptions")
PARTS = (*OF_PACKAGE, "cover", "files", "frames", "archives", "public")


def run(folder: Path, chance: Chance, each: int, tally: Tally, parts: Collection[str]) -> None:
    """Attack all that is named, in a folder that is empty."""
    if set(parts) & set(OF_PACKAGE):
        built = folder / "built" / bag.ROOT
        appendix.build_appendix(built)
        with mock.patch.object(package, "build_appendix", built_once()):
            attack_package(built, chance, each, tally, parts)
            if "zip" in parts:
                zipped = appendix.write_zip(built, folder / "package.zip")
                for attack in zip_attacks(zipped, chance("zip"), each):
                    tally.attack(zipped, [attack], opened)
            if "descriptions" in parts:
                attack_descriptions(built, chance("descriptions"), each, tally)
    if "cover" in parts:
        attack_cover(folder / "cover", tally)
    if "files" in parts:
        attack_files(folder / "files", chance("files"), each, tally)
    if "frames" in parts:
        attack_frames(folder / "frames", chance("frames"), tally)
    for name, attack in (("archives", attack_archives), ("public", attack_public)):
        if name in parts:
            (folder / name).mkdir()
            attack(folder / name, tally)


def opened(path: Path) -> Iterator[list[Check]]:
    """Yield what is said of a ZIP file, then of the package in it."""
    with tempfile.TemporaryDirectory(prefix="camps-opened-") as scratch:
        yield opening.open_package(path, Path(scratch))[1]
    yield from check_package(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("seed", nargs="?", type=int, default=1)
    parser.add_argument("--each", type=int, default=10, help="how many of a kind are drawn")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts of the attacks")
    parser.add_argument("--kinds", nargs="+", default=(), help="words of the kinds that are made; all without")
    told = parser.parse_args()
    tally = Tally(told.kinds)
    with tempfile.TemporaryDirectory(prefix="camps-attacks-") as folder:
        # Each part draws by itself, so that one part alone makes the attacks that it makes among others.
        run(Path(folder), lambda part: random.Random(f"{told.seed} {part}"), told.each, tally, told.only)
    print(tally.report())
    return int(bool(tally.silent or tally.unnamed))


if __name__ == "__main__":
    sys.exit(main())
