"""Signatures of a package: Ed25519 over its tag manifest, in the format of OpenSSH, so that others check without us.

    ssh-keygen -Y check-novalidate -n camps-appendix -s tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt

The library ``sshsig`` (0.3.1) reads such signatures, but writes none, and does not import on Python 3.14; the envelope
is therefore read and written here, by OpenSSH's PROTOCOL.sshsig, and ssh-keygen is the judge in the tests.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import shlex
import struct
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key

from camps import files, record, settings
from camps.appendix import bag, sealing
from camps.errors import CheckError, InputError

#: What a signature is for: one made for something else, such as a commit, is none of a package.
NAMESPACE = "camps-appendix"
_MAGIC, _VERSION, _KIND = b"SSHSIG", struct.pack(">I", 1), b"ssh-ed25519"
_HASHES = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_PUBLIC = re.compile(r"ssh-ed25519 ([A-Za-z0-9+/=]+)(?: .*)?")
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


def sign_package(package: Path, key: Path) -> Path:
    """Sign a package and return the file of the signature, ``tagmanifest-sha256.txt.sig``.

    Parameters
    ----------
    package
        Folder of the package.
    key
        A private key of OpenSSH, Ed25519, without a passphrase. One with a passphrase, of an agent or of a token signs
        by ``ssh-keygen -Y sign``, which gives the same file.

    Raises
    ------
    MissingError, InputError
        When there is no package or no key, or the key is of another kind, protected, or not the one of the record.
    """
    manifest = package / bag.TAG_MANIFEST
    with files.readable(manifest), files.readable(key):
        message, content = manifest.read_bytes(), key.read_bytes()
    private = _private_key(content, key, manifest)
    public = _public_blob(private.public_key())
    stated = stated_signer()
    if stated and fingerprint(public) != stated:
        raise InputError(f"{key}: is {fingerprint(public)}, expected the key of record.toml, {stated}; sign with that")
    signed = _string(_KIND) + _string(private.sign(_to_be_signed(message, b"sha512")))
    blob = _MAGIC + _VERSION + b"".join(map(_string, (public, NAMESPACE.encode(), b"", b"sha512", signed)))
    return files.write_text(package / bag.SIGNATURE, _armour(blob))


def read_signer(package: Path) -> str | None:
    """Return the fingerprint of the key that signed a package as it is, or none where it is not signed.

    Raises
    ------
    CheckError
        When the signature is none, is not of this package, or is for another purpose.
    """
    path = package / bag.SIGNATURE
    if not path.is_file():
        return None
    try:
        public, namespace, _, hashed, signed = _parts(path.read_text("ascii"))
        if namespace != NAMESPACE.encode():
            raise ValueError(f"made for {namespace.decode('ascii', 'replace')!r} and not for {NAMESPACE!r}")
        kind, signature = _strings(signed)
        key_kind, key = _strings(public)
        if {kind, key_kind} != {_KIND} or hashed not in _HASHES:
            raise ValueError("made with another kind of key or sum than Ed25519 over SHA-256 or SHA-512")
        message = (package / bag.TAG_MANIFEST).read_bytes()
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _to_be_signed(message, hashed))
    except InvalidSignature as error:
        raise CheckError(f"{path}: does not sign this package; it was changed after it was signed") from error
    except (ValueError, OSError, struct.error) as error:
        raise CheckError(f"{path}: no signature of a package ({error})") from error
    return fingerprint(public)


def drop_stale(package: Path) -> None:
    """Remove the signature of an earlier build, which is none of what lies there now."""
    try:
        read_signer(package)
    except CheckError:
        (package / bag.SIGNATURE).unlink()


def stated_signer() -> str | None:
    """Return the fingerprint of the key with which the record says that its packages are signed.

    Raises
    ------
    InputError
        When what it says is no key.
    """
    stated = record.current().signer if settings.find_home() else ""
    return read_key(stated) if stated else None


def read_key(stated: str) -> str:
    """Return the fingerprint of a public key: of a ``.pub`` file, its line, ``SHA256:…``, or the 24 words of that.

    Raises
    ------
    MissingError, InputError
        When it is none of these.

    Examples
    --------
    >>> read_key("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")[:14]
    'SHA256:GY5qaas'
    """
    if _FINGERPRINT.fullmatch(stated):
        return stated
    if sealing.is_words(stated):
        return _printed(sealing.bytes_of(stated))
    text = stated.strip()
    if not text.startswith("ssh-"):
        with files.readable(Path(stated)):
            text = Path(stated).read_text("utf-8", errors="replace").strip()
    if found := _PUBLIC.fullmatch(text):
        try:
            return fingerprint(base64.b64decode(found[1], validate=True))
        except binascii.Error:
            pass
    raise InputError(f"{stated}: no public key; expected an ssh-ed25519 line, a file with one, or SHA256:…")


def fingerprint(public: bytes) -> str:
    """Return the fingerprint of a public key as ssh-keygen prints it."""
    return _printed(hashlib.sha256(public).digest())


def words_of(fingerprint: str) -> str:
    """Return a fingerprint as 24 words, which :func:`read_key` reads."""
    return sealing.words_of(base64.b64decode(fingerprint.removeprefix("SHA256:") + "="))


def _printed(total: bytes) -> str:
    return "SHA256:" + base64.b64encode(total).decode().rstrip("=")


def _private_key(content: bytes, key: Path, manifest: Path) -> Ed25519PrivateKey:
    by_hand = f"sign with `ssh-keygen -Y sign -n {NAMESPACE} -f {shlex.quote(str(key))} {shlex.quote(str(manifest))}`"
    try:
        private = load_ssh_private_key(content, None)
    # Of a key with a passphrase the library says, depending on what is installed, one or another of these.
    except Exception as error:
        raise InputError(
            f"{key}: no private key of OpenSSH that can be read without a passphrase; {by_hand}"
        ) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise InputError(f"{key}: a key of another kind, expected Ed25519; make one with `ssh-keygen -t ed25519`")
    return private


def _public_blob(public: Ed25519PublicKey) -> bytes:
    return _string(_KIND) + _string(public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def _to_be_signed(message: bytes, hashed: bytes) -> bytes:
    return _MAGIC + b"".join(map(_string, (NAMESPACE.encode(), b"", hashed, _HASHES[hashed](message).digest())))


def _armour(blob: bytes) -> str:
    text = base64.b64encode(blob).decode()
    return "\n".join([_BEGIN, *(text[at : at + 70] for at in range(0, len(text), 70)), _END, ""])


def _parts(text: str) -> list[bytes]:
    blob = base64.b64decode("".join(text.split("\n")[1:-2]))
    # Spelt in one way only, so that nothing can be added to a signature that still holds.
    if _armour(blob) != text:
        raise ValueError("not written as OpenSSH writes one")
    head = _MAGIC + _VERSION
    parts = _strings(blob.removeprefix(head)) if blob.startswith(head) else []
    if len(parts) != 5:
        raise ValueError("not of version 1")
    return parts


def _string(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _strings(content: bytes) -> list[bytes]:
    found = []
    while content:
        (length,) = struct.unpack(">I", content[:4])
        if len(content) < 4 + length:
            raise ValueError("cut short")
        found.append(content[4 : 4 + length])
        content = content[4 + length :]
    return found
