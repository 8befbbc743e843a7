"""Signatures of a package and of single files: Ed25519, in the format of OpenSSH, so that others check without us.

    ssh-keygen -Y check-novalidate -n camps-appendix -s tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt

A package is signed over its tag manifest, beside it. A movie, plate, map or frame is signed over the record in it,
which holds the sum of all the rest, and carries the signature within that record.

The library ``sshsig`` (0.3.1) reads such signatures, but writes none, and does not import on Python 3.14; the envelope
is therefore read and written here, by OpenSSH's PROTOCOL.sshsig, and ssh-keygen is the judge in the tests.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import shlex
import shutil
import struct
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key

from camps import embedded, files, record, settings
from camps.appendix import bag, sealing
from camps.errors import CheckError, InputError

#: What a signature is for: one made for something else, such as a commit, is none of a package.
NAMESPACE = "camps-appendix"
FILE_NAMESPACE = "camps-file"
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
    with files.readable(manifest):
        message = manifest.read_bytes()
    by_hand = f"ssh-keygen -Y sign -n {NAMESPACE} -f {shlex.quote(str(key))} {shlex.quote(str(manifest))}"
    private = read_private_key(key, f"sign with `{by_hand}`")
    return files.write_text(package / bag.SIGNATURE, _armour(_signature(message, private, NAMESPACE)))


def read_private_key(key: Path, otherwise: str) -> Ed25519PrivateKey:
    """Return a key that may sign for the record; `otherwise` says what to do with one that cannot be read here.

    Raises
    ------
    MissingError, InputError
        When there is none, or it is of another kind, protected, or not the one of the record.
    """
    with files.readable(key):
        private = _private_key(key.read_bytes(), key, otherwise)
    public, stated = fingerprint(_public_blob(private.public_key())), stated_signer()
    if stated and public != stated:
        raise InputError(f"{key}: is {public}, expected the key of record.toml, {stated}; sign with that")
    return private


def sign_records(paths: Sequence[Path], out: Path, key: Path) -> list[Path]:
    """Sign copies of files by the records in them, and return the paths of the copies.

    Parameters
    ----------
    paths
        Movies, maps, plates and copies of frames that carry a record.
    out
        Folder of what is signed; nothing there is overwritten.
    key
        A private key of OpenSSH, Ed25519, without a passphrase.

    Raises
    ------
    MissingError, InputError
        When a file is not there, holds no record or was changed since it was written, its copy is there already, or the
        key is of another kind, protected, or not the one of the record.
    """
    private = read_private_key(key, "take one without: the signature goes into the file")
    found = [_signable(path, out) for path in paths]
    for path, record_ in zip(paths, found, strict=True):
        with files.replacing(out / path.name) as temporary:
            shutil.copyfile(path, temporary)
            embedded.sign(temporary, record_, _signature(record_.signed, private, FILE_NAMESPACE))
    return [out / path.name for path in paths]


def _signable(path: Path, out: Path) -> embedded.Embedded:
    found = embedded.read(path)
    if found is None or embedded.sum_around(path, found) != found.around:
        said = "holds no record of what it shows" if found is None else "was changed since it was written"
        raise InputError(f"{path}: {said}; sign a movie, map, plate or copy of a frame as camps wrote it")
    if (out / path.name).exists():
        raise InputError(f"{out / path.name}: is there already; name another folder with --out")
    return found


def read_record_signer(found: embedded.Embedded) -> str | None:
    """Return the fingerprint of the key that signed the record in a file, or none where it is not signed.

    Raises
    ------
    CheckError
        When what stands there is no signature, or none of this record.
    """
    return _verified(found.signature, found.signed, FILE_NAMESPACE, "the record") if found.is_signed else None


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
        blob, message = _blob(path.read_text("ascii")), (package / bag.TAG_MANIFEST).read_bytes()
    except (ValueError, OSError) as error:
        raise CheckError(f"{path}: no signature of a package ({error})") from error
    return _verified(blob, message, NAMESPACE, str(path))


def _verified(blob: bytes, message: bytes, purpose: str, where: str) -> str:
    """Return the fingerprint of the key by which a message was signed for a purpose."""
    try:
        public, namespace, reserved, hashed, signed = _parts(blob)
        if namespace != purpose.encode() or reserved:
            raise ValueError(f"made for {namespace.decode('ascii', 'replace')!r} and not for {purpose!r}")
        kind, signature = _strings(signed)
        key_kind, key = _strings(public)
        if {kind, key_kind} != {_KIND} or hashed not in _HASHES:
            raise ValueError("made with another kind of key or sum than Ed25519 over SHA-256 or SHA-512")
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _to_be_signed(message, purpose, hashed))
    except InvalidSignature as error:
        raise CheckError(f"{where}: does not sign what is there; it was changed after it was signed") from error
    except (ValueError, struct.error) as error:
        raise CheckError(f"{where}: no signature of this kind ({error})") from error
    return fingerprint(public)


def judge(found: str | None, expected: str | None) -> tuple[bool, str] | None:
    """Return whether a signature is as expected, and what to say of it; nothing where there is none and none expected.

    Parameters
    ----------
    found
        Fingerprint of the key that signed, or none where nobody did.
    expected
        That of the key which has to have signed, where one is known.
    """
    if found is None and expected is None:
        return None
    if found == expected:
        return True, f"is by the key expected, {found}"
    if expected:
        return False, f"is by {found or 'nobody'}, expected {expected}"
    return True, f"is by {found}; hold this against the key that they made known, or give it with --signer"


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


def _private_key(content: bytes, key: Path, otherwise: str) -> Ed25519PrivateKey:
    try:
        private = load_ssh_private_key(content, None)
    # Of a key with a passphrase the library says, depending on what is installed, one or another of these.
    except Exception as error:
        raise InputError(
            f"{key}: no private key of OpenSSH that can be read without a passphrase; {otherwise}"
        ) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise InputError(f"{key}: a key of another kind, expected Ed25519; make one with `ssh-keygen -t ed25519`")
    return private


def _public_blob(public: Ed25519PublicKey) -> bytes:
    return _string(_KIND) + _string(public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def _signature(message: bytes, private: Ed25519PrivateKey, purpose: str) -> bytes:
    signed = _string(_KIND) + _string(private.sign(_to_be_signed(message, purpose, b"sha512")))
    parts = (_public_blob(private.public_key()), purpose.encode(), b"", b"sha512", signed)
    return _MAGIC + _VERSION + b"".join(map(_string, parts))


def _to_be_signed(message: bytes, purpose: str, hashed: bytes) -> bytes:
    return _MAGIC + b"".join(map(_string, (purpose.encode(), b"", hashed, _HASHES[hashed](message).digest())))


def _armour(blob: bytes) -> str:
    text = base64.b64encode(blob).decode()
    return "\n".join([_BEGIN, *(text[at : at + 70] for at in range(0, len(text), 70)), _END, ""])


def _blob(text: str) -> bytes:
    blob = base64.b64decode("".join(text.split("\n")[1:-2]))
    # Spelt in one way only, so that nothing can be added to a signature that still holds.
    if _armour(blob) != text:
        raise ValueError("not written as OpenSSH writes one")
    return blob


def _parts(blob: bytes) -> list[bytes]:
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
