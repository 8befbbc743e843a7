"""The BagIt bag around the package: manifests with SHA-256 and SHA-512, nothing that depends on a clock."""

from __future__ import annotations

import hashlib
import logging
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import bagit

from camps import files
from camps.errors import Fault

PAYLOAD = "data"
#: The folder at the top of the ZIP file.
ROOT = "camps-appendix"
ALGORITHMS = ("sha256", "sha512")
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
#: A signature of the tag manifest, which names all else; it may be there, under the name that ``ssh-keygen`` gives it.
SIGNATURE = f"{TAG_MANIFEST}.sig"

_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_README = """An evidence appendix. Nothing in it was verified on the ground, and no time is proved.

data/appendix.pdf          begin here: one page of summary, then definitions
data/appendix.html         the same for a screen or a reader
data/tables/               every number, as CSV and Parquet
data/tables/csv-metadata.json  what each column of the CSV files holds: kind, unit, key (CSVW)
data/geodata/ data/shots/  the sources that may be passed on, as they entered
data/figures/              the pictures of the document
data/custody.jsonl         what entered and what was derived, each line with the hash of the one before
data/ro-crate-metadata.json  what each file is, and what made it

By hand:    sha256sum -c manifest-sha256.txt
            sha256sum tagmanifest-sha256.txt   is the seal: compare it with the one that somebody else kept
            ssh-keygen -Y check-novalidate -n camps-appendix -s tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt
                                               names the key that signed it, where it is signed
By others:  csvwvalidate data/tables/csv-metadata.json
            rocrate-validator validate -p ro-crate-1.3 data
By program: camps verify FOLDER --seal SUM     builds all of it again and compares

How to obtain the program, to contest what is said here and to reply: "Corrections and reply" in the PDF.
"""
#: What some system reads as something else than a letter of a name.
_UNSAFE = frozenset('\\:*?"<>|')
_LINE = re.compile(r"[0-9a-f]{64,128}  (\S.*)")

logging.getLogger("bagit").addHandler(logging.NullHandler())


def write_bag(folder: Path, info: Mapping[str, str]) -> list[Path]:
    """Make a bag of `folder`, whose payload lies in ``data/`` already, and return the tag files.

    Parameters
    ----------
    folder
        The bag's folder.
    info
        Lines of ``bag-info.txt``; the size of the payload is added. No date is.
    """
    payload = [path for path in sorted((folder / PAYLOAD).rglob("*")) if path.is_file()]
    tags = [files.write_text(folder / name, text) for name, text in tag_texts(folder, info).items()]
    tags += [_write_manifest(folder, payload, f"manifest-{name}.txt", name) for name in ALGORITHMS]
    return tags + [_write_manifest(folder, sorted(tags), f"tagmanifest-{name}.txt", name) for name in ALGORITHMS]


def tag_texts(folder: Path, info: Mapping[str, str]) -> dict[str, str]:
    """Return what the declaration and the information of a bag have to say, by the name of the file."""
    sizes = [path.stat().st_size for path in (folder / PAYLOAD).rglob("*") if path.is_file()]
    lines = {**info, "Payload-Oxum": f"{sum(sizes)}.{len(sizes)}"}
    said = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return {"bagit.txt": _DECLARATION, "bag-info.txt": said, "README.txt": _README}


def _write_manifest(folder: Path, paths: list[Path], name: str, algorithm: str) -> Path:
    lines = (f"{_sum(path, algorithm)}  {path.relative_to(folder).as_posix()}\n" for path in paths)
    return files.write_text(folder / name, "".join(lines))


def _sum(path: Path, algorithm: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def find_bag_faults(folder: Path) -> list[Fault]:
    """Return everything wrong with a bag: an edited, removed or added file, a manifest that is missing or incomplete.

    BagIt lets a bag go without tag manifests, with tag manifests that name only some of the tag files, and with tag
    files that no manifest names. This check does not: otherwise anybody could rewrite the manifests themselves.
    """
    missing = [name for name in _REQUIRED if not (folder / name).is_file()]
    faults = [Fault(name, "no such file", "one in every bag", "the bag was cut or made anew") for name in missing]
    faults += [Fault(name, "no manifest names it", "no such file", "it was added") for name in _strays(folder)]
    faults += [Fault(name, "an empty folder", "no such folder", "it was added") for name in _empty_folders(folder)]
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    faults += [Fault(name, said, "a plain name", "it was added") for name, said in find_aliases(names)]
    for algorithm in ALGORITHMS:
        faults += _manifest_faults(folder, f"manifest-{algorithm}.txt", _payload(folder))
        faults += _manifest_faults(folder, f"tagmanifest-{algorithm}.txt", set(_TAGS))
    return faults + _library_faults(folder)


#: The files that the tag manifests name, and those that every bag of ours has.
_TAGS = ("bagit.txt", "bag-info.txt", "README.txt", *(f"manifest-{name}.txt" for name in ALGORITHMS))
_REQUIRED = (*_TAGS, *(f"tagmanifest-{name}.txt" for name in ALGORITHMS))


def _payload(folder: Path) -> set[str]:
    files_in = (path for path in (folder / PAYLOAD).rglob("*") if path.is_file() or path.is_symlink())
    return {path.relative_to(folder).as_posix() for path in files_in}


def _strays(folder: Path) -> list[str]:
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(name for name in names if not name.startswith(f"{PAYLOAD}/") and name not in (*_REQUIRED, SIGNATURE))


def _empty_folders(folder: Path) -> list[str]:
    # A manifest names files only, so the name of a folder could say anything.
    folders = (path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink())
    return sorted(f"{path.relative_to(folder).as_posix()}/" for path in folders if not any(path.iterdir()))


def _manifest_faults(folder: Path, name: str, expected: set[str]) -> list[Fault]:
    """Return what a manifest leaves out, and its lines that are no sum of a file there."""
    path = folder / name
    if not path.is_file():
        return []
    lines = path.read_bytes().decode("utf-8", errors="replace").split("\n")
    found = [_LINE.fullmatch(line) for line in lines[:-1]]
    named = [match[1] for match in found if match]
    if lines[-1] or not all(found) or len(named) != len(set(named)):
        return [Fault(name, "a line that is not a sum and a file", "one for each file", "it was edited or cut")]
    unnamed, unknown = sorted(expected - set(named)), sorted(set(named) - expected)
    faults = [Fault(name, f"no line for {one}", "one for each file", "the line was removed") for one in unnamed]
    return faults + [Fault(name, f"a line for {one}", "no such line", "the file was removed") for one in unknown]


def _library_faults(folder: Path) -> list[Fault]:
    try:
        bagit.Bag(str(folder)).validate(processes=1)
    except bagit.BagValidationError as error:
        told = error.details or [error]
        return [Fault("bag", str(detail), "what the manifests say", "restore the file") for detail in told]
    except (bagit.BagError, OSError, ValueError) as error:
        return [Fault("bag", str(error), "a BagIt bag", "unpack the package again")]
    return []


# --- names ----------------------------------------------------------------------------------------------------------


def spelling(name: str) -> str:
    """Return a name as a system sees it that tells no capital letters, ways of accents or ways of slashes apart."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", "/".join(parts)).casefold())
    return "/".join(part.rstrip(". ") for part in folded.split("/"))


def find_aliases(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each name that some system takes for another one, or for no plain name, and why."""
    seen: dict[str, str] = {}
    for name in names:
        if said := _unsafe(name):
            yield name, said
        first = seen.setdefault(spelling(name), name)
        if first != name:
            yield name, f"is {first} to some programs, so that these show the one file and others the other"


def _unsafe(name: str) -> str:
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "is no plain name of a file: parts of it are empty or dots"
    if any(letter in _UNSAFE or unicodedata.category(letter) in ("Cc", "Cf") for letter in name):
        return "holds a letter that some programs read as something else"
    if unicodedata.normalize("NFC", name) != name:
        return "is spelt with letters and accents apart, which some programs put together"
    return "ends in a dot or a space, which some programs leave out" if any(p != p.rstrip(". ") for p in parts) else ""


def write_zip(folder: Path, path: Path) -> Path:
    """Write a bag as a ZIP file with the same bytes on every machine: sorted names, one date, nothing compressed.

    What is not compressed comes out the same whatever library writes it, and cannot unpack to more than it is.
    """
    members = sorted(member for member in folder.rglob("*") if member.is_file())
    with files.replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for member in members:
            entry = zipfile.ZipInfo(f"{ROOT}/{member.relative_to(folder).as_posix()}", date_time=files.ZIP_TIME)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, member.read_bytes())
    return path
