"""Requests for trusted time: prepared, queued, and called pending until a reply proves a time. Nothing is sent."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from camps import files
from camps.appendix import bag
from camps.errors import CheckError, InputError, MissingError

PENDING = "pending: no time is proved"
REQUEST, REPLY, STATEMENT = "seal.tsq", "seal.tsr", "seal.json"

# A TimeStampReq of RFC 3161 in DER, up to the digest: version 1, SHA-256, and after it "certificate wanted". It has no
# nonce, so that the same package gives the same request.
_BEFORE = bytes.fromhex("30390201013031300d060960864801650304020105000420")
_AFTER = bytes.fromhex("0101ff")
_TIME = re.compile(r"^Time stamp: (.+)$", re.MULTILINE)


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
        ``seal.tsq`` (RFC 3161, to be posted as application/timestamp-query) and ``seal.json``, which names the digest
        for an OpenTimestamps client as well.

    Raises
    ------
    MissingError, InputError
        When there is no package, or `folder` lies inside it.
    """
    if folder.resolve().is_relative_to(package.resolve()):
        raise InputError(f"{folder}: lies inside the package and would change it; choose a folder beside it")
    seal = files.sha256(package / bag.TAG_MANIFEST)
    stated = {
        "sealed": bag.TAG_MANIFEST, "sha256": seal,
        "rfc3161": {"request": REQUEST, "reply": REPLY, "status": PENDING},
        "opentimestamps": {"digest": seal, "status": PENDING},
    }  # fmt: skip
    request = files.write_bytes(folder / REQUEST, _BEFORE + bytes.fromhex(seal) + _AFTER)
    return [request, files.write_json(folder / STATEMENT, stated)]


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
    MissingError
        When there is no package, or no OpenSSL to check a reply with.
    CheckError
        When the request is for other bytes, or the reply does not prove the request.
    """
    seal = files.sha256(package / bag.TAG_MANIFEST)
    request, reply = folder / REQUEST, folder / REPLY
    if request.is_file() and request.read_bytes() != _BEFORE + bytes.fromhex(seal) + _AFTER:
        raise CheckError(f"{request}: asks for the time of another package than {package}; queue the request again")
    if authority is None or not reply.is_file() or not request.is_file():
        return TimeStatus(seal, None)
    _openssl("ts", "-verify", "-in", str(reply), "-queryfile", str(request), "-CAfile", str(authority))
    told = _TIME.search(_openssl("ts", "-reply", "-in", str(reply), "-text"))
    return TimeStatus(seal, told[1] if told else None)


def _openssl(*arguments: str) -> str:
    command = shutil.which("openssl")
    if command is None:
        raise MissingError("openssl: not installed; it is needed to check the reply of a time-stamping authority")
    done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CheckError(f"the reply of the time-stamping authority does not prove the request ({reason})")
    return done.stdout
