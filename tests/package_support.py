"""What is done to a copy of a package or its ZIP file: bytes changed, files added and removed, manifests anew."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from camps import files
from camps.appendix import bag


def edit(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / name
        content = path.read_bytes()
        assert old in content, f"{old!r} is not in {name}"
        path.write_bytes(content.replace(old, new, 1))

    return edit


def flip(name: str) -> Callable[[Path], None]:
    def flip(folder: Path) -> None:
        path = folder / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(bytes(content))

    return flip


def lines(change: Callable[[list[str]], list[str]], name: str = "data/custody.jsonl") -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / name
        path.write_text("".join(change(path.read_text("utf-8").splitlines(keepends=True))), encoding="utf-8")

    return edit


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def add(name: str, content: str = "added") -> Callable[[Path], object]:
    return lambda folder: files.write_text(folder / name, content)


def swap(folder: Path, one: str, other: str) -> None:
    first, second = (folder / one).read_bytes(), (folder / other).read_bytes()
    (folder / one).write_bytes(second)
    (folder / other).write_bytes(first)


def rebag(folder: Path) -> None:
    """Write all manifests anew, as somebody who knows BagIt would."""
    lines = (folder / "bag-info.txt").read_text("utf-8").splitlines()
    info = dict(line.split(": ", 1) for line in lines if not line.startswith("Payload-Oxum"))
    bag.write_bag(folder, info)


def comment(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"time proved by a notary"


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{bag.ROOT}/data/zeros", b"\0" * 50_000_000)


def other_root(name: str) -> Callable[[Path], None]:
    def rename(path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            held = {one.replace(bag.ROOT, name): archive.read(one) for one in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for one, content in held.items():
                archive.writestr(one, content)

    return rename
