"""Content credentials (C2PA): what a file says of itself, signed with a certificate, so that others' programs check it.

A copy is signed, for a signature of this kind is never twice the same. Movies and plates carry it inside; a frame gets
it beside, so that its bytes stay as they were rendered. The library that signs is not needed for anything else, and is
asked for only here: ``c2pa-python``.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from camps import embedded, files, provenance
from camps.errors import CheckError, InputError, MissingError
from camps.film import testimony

RECORD = "org.camps.record"
#: Beside a frame, its credentials.
SIDECAR = ".c2pa"
_SIGNED = (".mp4", ".mov", ".png", ".svg")
_KINDS = {".mp4": "video/mp4", ".mov": "video/quicktime", ".png": "image/png", ".svg": "image/svg+xml"}
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
#: How the pictures came to be, in the words of the IPTC: drawn by a program from data.
_MADE = "http://cv.iptc.org/newscodes/digitalsourcetype/dataDrivenMedia"


def sign_files(paths: Sequence[Path], out: Path, *, certificate: Path, key: Path) -> list[Path]:
    """Sign copies of files with a certificate and return their paths; of a frame the credentials alone.

    Parameters
    ----------
    paths
        Movies and plates that carry a record, or frames in the folder that they were rendered to.
    out
        Folder of what is signed; nothing there is overwritten.
    certificate
        The certificate and those above it, PEM, its own first.
    key
        Its private key, PEM, without a passphrase.

    Raises
    ------
    MissingError
        When ``c2pa-python`` or a file is not there.
    InputError
        When a file is of another kind or carries no record, or certificate and key are none or do not fit.
    """
    signer = _signer(certificate, key)
    wanted = [(path, *_place(path, out)) for path in paths]
    return [_sign(path, target, content, signer) for path, target, content in wanted]


def _library() -> Any:
    try:
        import c2pa  # noqa: PLC0415
    except ImportError as error:
        raise MissingError(
            "c2pa-python is not installed, which signs and reads content credentials; install it with "
            "`uv pip install c2pa-python`"
        ) from error
    return c2pa


def _signer(certificate: Path, key: Path) -> Any:
    c2pa = _library()
    with files.readable(certificate), files.readable(key):
        chain, secret = certificate.read_bytes(), key.read_bytes()
    try:
        x509.load_pem_x509_certificates(chain)
        private = load_pem_private_key(secret, None)
    except (ValueError, TypeError) as error:
        raise InputError(f"{certificate}, {key}: no certificates and private key in PEM ({error})") from error
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        kind = _CURVES[private.curve.name]
    elif isinstance(private, ed25519.Ed25519PrivateKey):
        kind = "ed25519"
    else:
        raise InputError(f"{key}: a key of another kind; expected one on the curve P-256, P-384 or P-521, or Ed25519")
    try:
        return c2pa.Signer.from_info(c2pa.C2paSignerInfo(kind, chain, secret, None))
    except c2pa.C2paError as error:
        raise InputError(f"{certificate}: cannot sign content credentials ({error}); take one that may") from error


def _place(path: Path, out: Path) -> tuple[Path, dict[str, Any]]:
    """Return where what is signed goes, and what is signed of a file."""
    if path.suffix not in _SIGNED:
        raise InputError(f"{path}: expected a file that ends in {', '.join(_SIGNED)}")
    found = embedded.read(path)
    if found is not None:
        said = {name: value for name, value in found.content.items() if name in {"shot", "map", "pass", "software"}}
        target, content = out / path.name, {"record_sha256": hashlib.sha256(found.text).hexdigest(), **said}
    elif path.suffix == ".png":
        _, listed, (number, layer, picture) = testimony.find_listed(path)
        if files.sha256(path) != picture.sha256:
            raise InputError(f"{path}: is not the picture that its list names, {picture.sha256}; render it again")
        shown = dict(listed.frames[number].shown)
        target, content = out / f"{path.name}{SIDECAR}", {"pass": layer, **shown, "software": provenance.software()}
    else:
        raise InputError(f"{path}: holds no record of what it shows; expected a movie, a plate or a frame of ours")
    if target.exists():
        raise InputError(f"{target}: is there already; name another folder with --out")
    return target, content


def _sign(path: Path, target: Path, content: Mapping[str, Any], signer: Any) -> Path:
    c2pa = _library()
    made = {"actions": [{"action": "c2pa.created", "digitalSourceType": _MADE}]}
    told = {
        "claim_generator_info": [{"name": "camps", "version": provenance.software()["camps"]}],
        "title": path.name,
        "assertions": [{"label": "c2pa.actions.v2", "data": made}, {"label": RECORD, "data": dict(content)}],
    }
    kind = _KINDS[path.suffix]
    builder = c2pa.Builder.from_json(json.dumps(told), c2pa.Context.from_dict(_SETTINGS))
    try:
        if target.suffix == SIDECAR:
            builder.set_no_embed()
            return files.write_bytes(target, builder.sign(signer, kind, io.BytesIO(path.read_bytes()), io.BytesIO()))
        with files.replacing(target) as temporary, path.open("rb") as source, temporary.open("w+b") as signed:
            builder.sign(signer, kind, source, signed)
    except c2pa.C2paError as error:
        raise InputError(f"{path}: could not be signed ({error}); see whether the certificate may sign") from error
    return target


#: No small picture within: what is signed is the file itself.
_SETTINGS = {"builder": {"thumbnail": {"enabled": False}}, "verify": {"remote_manifest_fetch": False}}


def read_signer(path: Path, found: embedded.Embedded) -> str | None:
    """Return by whom the credentials in a file are signed, or ``None`` where it has none.

    Raises
    ------
    MissingError
        When it has credentials, and ``c2pa-python`` is not there to read them.
    CheckError
        When they do not hold, or are of another record.
    """
    if not embedded.holds(path, b"c2pa"):
        return None
    c2pa = _library()
    try:
        reader = c2pa.Reader.try_create(str(path), context=c2pa.Context.from_dict(_SETTINGS))
        if reader is None:
            return None
        state, manifest = reader.get_validation_state(), reader.get_active_manifest() or {}
    except c2pa.C2paError as error:
        raise CheckError(f"{path}: its credentials cannot be read ({error})") from error
    records = [one.get("data", {}) for one in manifest.get("assertions", ()) if one.get("label") == RECORD]
    if state not in {"Valid", "Trusted"}:
        raise CheckError(f"{path}: its credentials do not hold; it was changed after it was signed")
    if [one.get("record_sha256") for one in records] != [hashlib.sha256(found.text).hexdigest()]:
        raise CheckError(f"{path}: its credentials are of another record")
    return _named(manifest.get("signature_info", {}))


def _named(signed: Mapping[str, Any]) -> str:
    parts = [str(signed.get(name)) for name in ("common_name", "issuer") if signed.get(name)]
    said = ", ".join(parts) or "nobody named"
    return "".join(one if one.isprintable() else "?" for one in said)
