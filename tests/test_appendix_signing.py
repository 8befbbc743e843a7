"""Signatures of a package: the bytes of OpenSSH's own, and nothing that was changed passes for signed."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pypdf
import pytest
import typst
import zxingcpp
from PIL import Image

from camps import files
from camps.appendix import bag, blocks, document, front, sealing, signing
from camps.errors import CheckError, InputError

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen on this machine, the judge")


def _ssh(*told: str | Path, stdin: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    with (stdin or Path("/dev/null")).open("rb") as stream:
        return subprocess.run(["ssh-keygen", *told], stdin=stream, capture_output=True, check=False)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    assert _ssh("-q", "-t", "ed25519", "-N", "", "-C", "who signs", "-f", tmp_path / "key").returncode == 0
    return tmp_path / "key"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    files.write_text(tmp_path / "bag" / "data" / "a.txt", "what is claimed")
    bag.write_bag(tmp_path / "bag", {"Source-Organization": "test"})
    return tmp_path / "bag"


def test_a_signature_is_that_of_openssh_byte_by_byte_and_openssh_says_so(package: Path, key: Path) -> None:
    path, manifest = signing.sign_package(package, key), package / bag.TAG_MANIFEST
    ours = path.read_bytes()
    assert bag.find_bag_faults(package) == []
    path.unlink()
    assert _ssh("-Y", "sign", "-n", signing.NAMESPACE, "-f", key, manifest).returncode == 0
    assert path.read_bytes() == ours
    allowed = files.write_text(key.with_name("allowed"), f"them {key.with_suffix('.pub').read_text()}")
    told = ["-Y", "verify", "-n", signing.NAMESPACE, "-s", path, "-f", allowed, "-I", "them"]
    assert _ssh(*told, stdin=manifest).returncode == 0
    fingerprint = _ssh("-l", "-f", key.with_suffix(".pub")).stdout.decode().split()[1]
    assert signing.read_signer(package) == signing.read_key(str(key.with_suffix(".pub"))) == fingerprint


def test_words_are_the_key_or_the_seal_and_a_wrong_one_is_noticed(package: Path, key: Path) -> None:
    signing.sign_package(package, key)
    signer, seal = str(signing.read_signer(package)), files.sha256(package / bag.TAG_MANIFEST)
    words = signing.words_of(signer)
    assert signing.read_key(words.upper()) == signer
    assert sealing.sum_of(sealing.words_of(bytes.fromhex(seal))) == sealing.sum_of(f" {seal.upper()}") == seal
    told = words.split()
    with pytest.raises(InputError, match="abandonned: no word of a seal"):
        signing.read_key(" ".join(["abandonned", *told[1:]]))
    for stated in (seal[:-1], "true", " ".join(told[:-1]), " ".join(["abandon"] * 24)):
        with pytest.raises(InputError, match="no seal"):
            sealing.sum_of(stated)


def test_the_key_stands_on_the_cover_in_words_and_a_reader_of_others_reads_its_code(
    key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = signing.read_key(str(key.with_suffix(".pub")))
    monkeypatch.setattr(signing, "stated_signer", lambda: signer)
    mark = front.build_mark(tmp_path)
    section = blocks.Section("one", "One", [blocks.paragraph(blocks.plain("text"))])
    whole = blocks.Document("Title", "Subtitle", [("Label", "Value")], [], [section], mark)
    printed = pypdf.PdfReader(document.write_pdf(whole, tmp_path, tmp_path / "one.pdf")).pages[0].extract_text()
    assert signing.words_of(signer) in " ".join(printed.split())
    page = document.write_html(whole, tmp_path, tmp_path / "one.html").read_text("utf-8")
    assert signing.words_of(signer) in page
    drawn = {"main.typ": b'#image("code.svg")', "code.svg": (tmp_path / "signing-key.svg").read_bytes()}
    with Image.open(io.BytesIO(typst.compile(drawn, format="png"))) as picture:
        (read,) = zxingcpp.read_barcodes(np.asarray(picture.convert("L")))
    assert read.text == signer
    monkeypatch.setattr(signing, "stated_signer", lambda: None)
    assert front.build_mark(tmp_path) is None


def test_what_was_changed_after_is_not_signed(package: Path, key: Path) -> None:
    path, manifest = signing.sign_package(package, key), package / bag.TAG_MANIFEST
    signed, content = path.read_bytes(), manifest.read_bytes()
    manifest.write_bytes(content.replace(b"a", b"b", 1))
    with pytest.raises(CheckError, match="does not sign what is there"):
        signing.read_signer(package)
    manifest.write_bytes(content)
    for at in range(len(signed)):
        path.write_bytes(bytes([*signed[:at], signed[at] ^ 1, *signed[at + 1 :]]))
        with pytest.raises(CheckError):
            signing.read_signer(package)
    for cut in range(0, len(signed) - 1, 7):
        path.write_bytes(signed[:cut])
        with pytest.raises(CheckError):
            signing.read_signer(package)
    signing.drop_stale(package)
    assert not path.exists()
    assert signing.read_signer(package) is None


def test_a_signature_for_something_else_is_none_of_a_package(package: Path, key: Path) -> None:
    assert _ssh("-Y", "sign", "-n", "git", "-f", key, package / bag.TAG_MANIFEST).returncode == 0
    with pytest.raises(CheckError, match="made for 'git' and not for 'camps-appendix'"):
        signing.read_signer(package)


def test_keys_that_cannot_sign_are_refused_with_a_way_that_works(package: Path, key: Path, tmp_path: Path) -> None:
    protected, other = tmp_path / "a key", tmp_path / "rsa"
    _ssh("-q", "-t", "ed25519", "-N", "secret", "-f", protected)
    _ssh("-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", other)
    with pytest.raises(InputError, match=r"passphrase; sign with `ssh-keygen -Y sign -n camps-appendix -f '.*a key' "):
        signing.sign_package(package, protected)
    with pytest.raises(InputError, match="another kind, expected Ed25519"):
        signing.sign_package(package, other)
    with pytest.raises(InputError, match="no private key"):
        signing.sign_package(package, key.with_suffix(".pub"))
    for stated in ("ssh-ed25519 ????", "ssh-rsa AAAA", str(key)):
        with pytest.raises(InputError, match="no public key"):
            signing.read_key(stated)
