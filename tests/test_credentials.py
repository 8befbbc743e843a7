"""Content credentials: signed with a certificate made here, read by the library of those who made the standard."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from camps import appendix, cli, embedded, files
from camps.film import records

c2pa = pytest.importorskip("c2pa", reason="no c2pa-python on this machine, the judge")

_USES = dict.fromkeys(
    ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
    False,
)


def _certificate(name: str, key: Any, above: tuple[Any, Any] | None) -> Any:
    subject, issuer = (
        x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"), x509.NameAttribute(NameOID.COMMON_NAME, one)])
        for one in (name, "Root")
    )
    root = above is None
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(1 if root else 2)
        .not_valid_before(datetime.datetime(2024, 1, 1)).not_valid_after(datetime.datetime(2054, 1, 1))
        .add_extension(x509.BasicConstraints(root, None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=not root, key_cert_sign=root, crl_sign=root, **_USES), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )  # fmt: skip
    if above is not None:
        by = x509.AuthorityKeyIdentifier.from_issuer_public_key(above[1].public_key())
        made = made.add_extension(by, critical=False)
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return made.sign((above or (None, key))[1], hashes.SHA256())


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the options that name a certificate and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    root, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    above = (_certificate("Root", root, None), root)
    chain = b"".join(one.public_bytes(Encoding.PEM) for one in (_certificate("Who signs", key, above), above[0]))
    files.write_bytes(folder / "chain.pem", chain)
    files.write_bytes(folder / "key.pem", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return ["--certificate", str(folder / "chain.pem"), "--key", str(folder / "key.pem")]


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    path = tmp_path / "plate.png"
    Image.effect_noise((60, 40), 50).save(path)
    return embedded.put(path, {
        "map": "A", "shown": {}, "payload_sha256": "0" * 64, "sources": {}, "sites": {}, "claims": [], "software": {},
    })  # fmt: skip


def _line(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    appendix_said = appendix.verify(path).report()
    return next(line for line in appendix_said.splitlines() if path.name in line)


def test_a_plate_carries_credentials_that_their_makers_read_and_no_change_passes(
    plate: Path, given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["credentials", str(plate), "--out", str(tmp_path / "signed"), *given]) == 0
    signed = tmp_path / "signed" / "plate.png"
    assert capsys.readouterr().out == f"{signed}\n"
    reader = c2pa.Reader(str(signed))
    assert reader.get_validation_state() == "Valid"
    assert reader.get_active_manifest()["signature_info"]["common_name"] == "Who signs"
    assert "PASS" in (said := _line(signed, capsys))
    assert "signed by Who signs, Test" in said
    assert cli.run(["credentials", str(plate), "--out", str(tmp_path / "signed"), *given]) == 2
    content = bytearray(signed.read_bytes())
    content[-30] ^= 1
    signed.write_bytes(content)
    assert "FAIL" in _line(signed, capsys)


def test_the_credentials_of_a_frame_lie_beside_it_and_leave_its_bytes(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = tmp_path / "beauty" / "x.1001.png"
    frame.parent.mkdir()
    Image.new("RGB", (32, 32), (9, 90, 200)).save(frame)
    before, picture = frame.read_bytes(), records.PictureEntry("beauty/x.1001.png", files.sha256(frame), "k")
    shown = dict.fromkeys(records.SHOWN_COLUMNS, "") | {"frame": "1001", "date_shown": "2018"}
    records.write_frame_list(tmp_path, records.FrameList({1001: records.ListedFrame(shown, {"beauty": picture})}))
    assert cli.run(["credentials", str(frame), "--out", str(tmp_path / "signed"), *given]) == 0
    assert frame.read_bytes() == before
    beside = (tmp_path / "signed" / "x.1001.png.c2pa").read_bytes()
    with frame.open("rb") as stream:
        reader = c2pa.Reader("image/png", stream, manifest_data=beside)
    assert reader.get_validation_state() == "Valid"
    (told,) = (one["data"] for one in reader.get_active_manifest()["assertions"] if one["label"] == "org.camps.record")
    assert (told["frame"], told["date_shown"], told["pass"]) == ("1001", "2018", "beauty")
    frame.write_bytes(before[:-20] + bytes([before[-20] ^ 1]) + before[-19:])
    assert cli.run(["credentials", str(frame), "--out", str(tmp_path / "more"), *given]) == 2
    assert "is not the picture that its list names" in capsys.readouterr().err


def test_what_cannot_be_signed_or_sign_is_named_in_one_line(
    plate: Path, given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = files.write_text(tmp_path / "bare.svg", "<svg/>")
    for asked, said in (
        ([str(bare), *given], "holds no record"),
        ([str(tmp_path / "a.pdf"), *given], "expected a file that ends in"),
        ([str(tmp_path / "none.png"), *given], "no such file"),
        ([str(plate), "--certificate", str(bare), "--key", str(bare)], "no certificates and private key in PEM"),
    ):
        assert cli.run(["credentials", *asked, "--out", str(tmp_path / "out")]) == 2
        err = capsys.readouterr().err
        assert said in err
        assert err.count("\n") == 1
