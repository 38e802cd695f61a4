"""Signs versions with an Ed25519 private key, and verifies them with the public one.

What is signed is a line "MODEL N" and then SHA256SUMS. SHA256SUMS has the digest of every file of the version, so that
signs them all; the line before it keeps one version from taking the place of another. The file is signatures/N.sig,
beside the versions, since a published folder never changes.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from filesystem import read_plain, replace
from registry.errors import IntegrityError, RegistryError, wrap_os_error
from registry.integrity import SIGNINGS


def sign(folder: Path, number: int, sums: bytes, key_file: Path) -> Path:
    """Sign a version. Its files must have been checked.

    Args:
        folder: the folder of the model.
        sums: the content of the version's SHA256SUMS.
        key_file: an Ed25519 private key in PEM, as `openssl genpkey -algorithm ed25519` writes it.

    Returns:
        the path of the signature.

    Raises:
        RegistryError: if the key can't be used, or the signature can't be written.
    """
    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise RegistryError(f"{key_file}: no private key in PEM without a password ({error})") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise RegistryError(f"{key_file}: expected an Ed25519 key; `openssl genpkey -algorithm ed25519` makes one")
    signature = key.sign(_message(folder, number, sums))
    path = folder / SIGNINGS / f"{number}.sig"
    with wrap_os_error(path, "written"):
        path.parent.mkdir(exist_ok=True)
        replace(path, base64.b64encode(signature) + b"\n")
    return path


def load_public_key(key_file: Path) -> Ed25519PublicKey:
    """Return the Ed25519 public key in a PEM file, as `openssl pkey -pubout` writes it.

    Raises:
        RegistryError: if the file holds no such key.
    """
    try:
        key = load_pem_public_key(read_plain(key_file))
    except (OSError, ValueError) as error:
        raise RegistryError(f"{key_file}: no public key in PEM ({error})") from error
    if not isinstance(key, Ed25519PublicKey):
        raise RegistryError(f"{key_file}: expected an Ed25519 public key; `openssl pkey -in key.pem -pubout` makes one")
    return key


def verify_signing(folder: Path, number: int, sums: bytes, key: Ed25519PublicKey) -> None:
    """Check that a version's SHA256SUMS was signed with the private key of this public key.

    Raises:
        IntegrityError: if it was not.
    """
    path = folder / SIGNINGS / f"{number}.sig"
    try:
        key.verify(base64.b64decode(read_plain(path).strip(), validate=True), _message(folder, number, sums))
    except FileNotFoundError:
        raise IntegrityError(f"{folder / str(number)}: is not signed; `registry sign {number}` does that") from None
    except OSError as error:
        raise IntegrityError(f"{path}: can't be read ({error.strerror})") from error
    except (InvalidSignature, binascii.Error):
        raise IntegrityError(f"{path}: is not this version's signature by the required key") from None


def _message(folder: Path, number: int, sums: bytes) -> bytes:
    return f"{folder.name} {number}\n".encode() + sums
