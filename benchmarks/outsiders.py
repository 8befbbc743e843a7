"""What programs of others say of a package, a movie and an archive of a source: none of it is a check of the suite.

    uv venv others && uv pip install --python others bagit roc-validator rocrate csvw wacz c2pa-python
    python benchmarks/outsiders.py others/bin [PACKAGE] [--file FILE …]

PACKAGE is a folder that `camps appendix` wrote; without one it is built here twice, and has to be the same bytes.
FILE is a movie, plate or picture with content credentials, or a WACZ. `ssh-keygen` signs a copy of the package and
checks the signature. A program that is not there is said, and the exit status is then 1, as it is for what fails.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

#: The validator wants the context of RO-Crate from the network; `rocrate` carries it, so it is laid where it looks.
_LAY_CONTEXT = """
import io, sys
from pathlib import Path
import requests, rocrate
from requests_cache import CachedSession
from urllib3 import HTTPResponse
context = (Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_bytes()
url, head = "https://w3id.org/ro/crate/1.3/context", {"Content-Type": "application/ld+json"}
one = requests.Response()
one.status_code, one.url, one._content = 200, url, context
one.request = requests.Request("GET", url).prepare()
one.raw = HTTPResponse(io.BytesIO(context), headers=head, status=200, preload_content=False, request_url=url)
one.headers.update(head)
with CachedSession(cache_name=sys.argv[1], backend="sqlite", expire_after=-1) as session:
    session.cache.save_response(one)
"""
_READ_CREDENTIALS = """
import json, sys, c2pa
with c2pa.Reader(sys.argv[1]) as reader:
    said = json.loads(reader.json())
active = said["manifests"][said["active_manifest"]]
labels = [one["label"] for one in active["assertions"]]
faults = [one["code"] for one in said.get("validation_status", [])]
print(active["signature_info"].get("issuer"), labels, faults)
sys.exit(any(code != "signingCredential.untrusted" for code in faults))
"""


class Word(NamedTuple):
    """What a program said of something: whether it holds, or nothing where it could not be asked."""

    program: str
    of: str
    holds: bool | None
    said: str


def ask(program: str, of: str, command: Sequence[str | Path], **told: str) -> Word:
    """Run a program of others, and return what it said last."""
    if shutil.which(str(command[0])) is None:
        return Word(program, of, None, f"no {command[0]} here")
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **told)  # type: ignore[call-overload]
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return Word(program, of, done.returncode == 0, lines[-1][:160] if lines else "says nothing")


def of_package(package: Path, others: Path, scratch: Path) -> Iterator[Word]:
    """Yield what others say of a package."""
    python = others / "python"
    yield ask("bagit", package.name, [python, "-m", "bagit", "--validate", package])
    cache = scratch / "contexts"
    subprocess.run([str(python), "-c", _LAY_CONTEXT, str(cache)], check=False, capture_output=True)
    crate = [others / "rocrate-validator", "validate", "-p", "ro-crate-1.3", "-l", "required", "--offline",
             "--cache-path", cache, "--no-paging", package / "data"]  # fmt: skip
    yield ask("roc-validator", f"{package.name}/data, REQUIRED", crate)
    tables = package / "data" / "tables"
    yield ask("csvw", "tables/csv-metadata.json", [others / "csvwvalidate", tables / "csv-metadata.json"])
    yield from of_signature(package, scratch)


def of_signature(package: Path, scratch: Path) -> Iterator[Word]:
    """Sign the tag manifest as `camps appendix --sign` does, and yield what OpenSSH says of it, true and altered."""
    from camps import appendix

    if shutil.which("ssh-keygen") is None:
        yield Word("ssh-keygen", "tagmanifest-sha256.txt", None, "no ssh-keygen here")
        return
    key, copy = scratch / "key", scratch / "signed"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    shutil.copytree(package, copy)
    appendix.sign_package(copy, key)
    (scratch / "signers").write_text(f"maker {key.with_name('key.pub').read_text()}")
    manifest = (copy / "tagmanifest-sha256.txt").read_text("utf-8")
    check = ["ssh-keygen", "-Y", "verify", "-n", "camps-appendix", "-f", str(scratch / "signers"), "-I", "maker",
             "-s", str(copy / "tagmanifest-sha256.txt.sig")]  # fmt: skip
    yield ask("ssh-keygen -Y verify", "tagmanifest-sha256.txt", check, input=manifest)
    altered = ask("ssh-keygen -Y verify", "the same, a digit altered", check, input=manifest.replace("0", "1", 1))
    yield altered._replace(holds=altered.holds is False)


def of_file(path: Path, others: Path, scratch: Path) -> Iterator[Word]:
    """Yield what others say of an archive, or of content credentials."""
    if path.suffix != ".wacz":
        yield ask("c2pa-python", path.name, [others / "python", "-c", _READ_CREDENTIALS, path])
        return
    yield ask("wacz validate", path.name, [others / "wacz", "validate", "-f", path])
    warc = scratch / "data.warc.gz"
    with zipfile.ZipFile(path) as whole:
        warc.write_bytes(whole.read("archive/data.warc.gz"))
    yield ask("warcio check", path.name, [others / "warcio", "check", warc])


def sums(package: Path) -> dict[str, str]:
    """Return the sum of every file of a package."""
    return {
        path.relative_to(package).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(package.rglob("*"))
        if path.is_file()
    }


def build_twice(scratch: Path) -> tuple[Path, Word]:
    """Build a package of the record in two folders, and say whether both are the same bytes."""
    from camps import appendix

    one, other = scratch / "package", scratch / "again"
    for folder in (one, other):
        appendix.build_appendix(folder)
    same = sums(one) == sums(other)
    return one, Word(
        "sha256sum", "two builds", same, f"{len(sums(one))} files, {'the same' if same else 'not the same'}"
    )


def main() -> int:
    """Ask them all, and print a line each."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("others", type=Path)
    reader.add_argument("package", type=Path, nargs="?")
    reader.add_argument("--file", type=Path, nargs="*", default=[])
    told = reader.parse_args()
    others = told.others.absolute()
    with tempfile.TemporaryDirectory() as folder:
        scratch, words = Path(folder), []
        package = told.package
        if package is None:
            package, same = build_twice(scratch)
            words.append(same)
        words += of_package(package, others, scratch)
        words += [word for path in told.file for word in of_file(path, others, scratch)]
    for word in words:
        mark = {True: "holds", False: "FAILS", None: "NOT ASKED"}[word.holds]
        print(f"{mark:<10} {word.program:<22} {word.of}: {word.said}")
    return int(any(word.holds is not True for word in words))


if __name__ == "__main__":
    sys.exit(main())
