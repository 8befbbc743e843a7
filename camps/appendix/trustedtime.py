"""Requests for trusted time: prepared, queued, and called pending until a reply proves a time. Nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from camps import files
from camps.appendix import bag, sealing
from camps.errors import CheckError, InputError

PENDING = "pending: no time is proved"
REQUEST, REPLY, STATEMENT, CODE = "seal.tsq", "seal.tsr", "seal.json", "seal.svg"


@dataclass(frozen=True)
class TimeStatus:
    """What is known of the time of a package: the digest that was sealed, and the proved time or that there is none."""

    sha256: str
    proved: str | None

    @property
    def said(self) -> str:
        """Return the status as a sentence that claims no more than is proved."""
        return f"existed at {self.proved}, by the reply of a time-stamping authority" if self.proved else PENDING


def queue_time_request(package: Path, folder: Path) -> list[Path]:
    """Write what a time-stamping authority needs to be asked, and a statement that nothing is proved yet.

    Parameters
    ----------
    package
        Folder of the package; its ``tagmanifest-sha256.txt`` stands for all of it.
    folder
        Where the request goes; not inside the package, whose bytes it must not change.

    Returns
    -------
    list of Path
        ``seal.tsq`` (RFC 3161, to be posted as application/timestamp-query) and ``seal.json``, which names the digest,
        in words as well; ``seal.svg``, the digest as a QR code.

    Raises
    ------
    MissingError, InputError
        When there is no package, or `folder` lies inside it.
    """
    if folder.resolve().is_relative_to(package.resolve()):
        raise InputError(f"{folder}: lies inside the package and would change it; choose a folder beside it")
    seal = files.sha256(package / bag.TAG_MANIFEST)
    stated = {
        "sealed": bag.TAG_MANIFEST, "sha256": seal, "words": sealing.words_of(bytes.fromhex(seal)),
        "rfc3161": {"request": REQUEST, "reply": REPLY, "status": PENDING},
    }  # fmt: skip
    request = files.write_bytes(folder / REQUEST, _request(package))
    code = sealing.write_code(seal, folder / CODE)
    return [request, files.write_json(folder / STATEMENT, stated), code]


def read_time_status(package: Path, folder: Path, *, authority: Path | None = None) -> TimeStatus:
    """Return the proved time of a package, or that it is pending.

    Parameters
    ----------
    package
        Folder of the package.
    folder
        Where the request was queued and the reply, ``seal.tsr``, was put.
    authority
        Certificates of the authority (PEM). Without them, or without a reply, the status is pending.

    Raises
    ------
    MissingError, InputError
        When there is no package, or `authority` holds no certificate.
    CheckError
        When the request is for other bytes, or the reply does not prove the request.
    """
    manifest = package / bag.TAG_MANIFEST
    seal = files.sha256(manifest)
    request, reply = folder / REQUEST, folder / REPLY
    if request.is_file() and request.read_bytes() != _request(package):
        raise CheckError(f"{request}: asks for the time of another package than {package}; queue the request again")
    if authority is None or not reply.is_file() or not request.is_file():
        return TimeStatus(seal, None)
    certificates = _certificates(authority)
    try:
        answer = decode_timestamp_response(reply.read_bytes())
        _verify(answer, certificates, manifest.read_bytes())
    except (VerificationError, ValueError) as error:
        why = str(error).partition(": ErrorStack")[0]
        raise CheckError(f"{reply}: does not prove the request ({why}); ask the authority again") from error
    return TimeStatus(seal, f"{answer.tst_info.gen_time:%Y-%m-%dT%H:%M:%SZ}")


def _request(package: Path) -> bytes:
    """Return a request without a nonce, so that the same package gives the same request."""
    builder = TimestampRequestBuilder().data((package / bag.TAG_MANIFEST).read_bytes())
    return (
        builder.hash_algorithm(HashAlgorithm.SHA256)
        .nonce(nonce=False)
        .cert_request(cert_request=True)
        .build()
        .as_bytes()
    )


def _certificates(path: Path) -> list[Certificate]:
    with files.readable(path):
        content = path.read_bytes()
    try:
        return load_pem_x509_certificates(content)
    except ValueError as error:
        raise InputError(f"{path}: no certificate in it, expected the authority's as PEM; download it again") from error


def _verify(answer: TimeStampResponse, certificates: list[Certificate], message: bytes) -> None:
    builder = VerifierBuilder()
    for certificate in certificates:
        builder = builder.add_root_certificate(certificate)
    builder.build().verify_message(answer, message)
