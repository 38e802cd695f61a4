"""A signature holds for one version and one key."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry import IntegrityError, RegistryError, VersionStore
from registry.signing import load_public_key, sign
from tests.conftest import Keys


@pytest.fixture
def signed(store: VersionStore, keys: Keys) -> VersionStore:
    """Signatures are required, and version 1 has one."""
    sign(store.folder, 1, store.check(1).sums, keys.private)
    store.key = load_public_key(keys.public)
    return store


def test_only_a_signed_version_is_opened_where_signatures_are_required(signed: VersionStore) -> None:
    assert signed.open(1).number == 1
    with pytest.raises(IntegrityError, match="2: is not signed; `registry sign 2` does that"):
        signed.open(2)


def test_a_signature_is_for_one_version_only(signed: VersionStore) -> None:
    signatures = signed.folder / "signatures"
    for content in ((signatures / "1.sig").read_bytes(), b"", b"no base64!"):
        (signatures / "2.sig").write_bytes(content)
        with pytest.raises(IntegrityError, match="2.sig: is not this version's signature by the required key"):
            signed.check(2)


@pytest.mark.parametrize("content", ["", "-----BEGIN PUBLIC KEY-----\n"])
def test_a_file_without_a_key_is_named(store: VersionStore, tmp_path: Path, content: str) -> None:
    path = tmp_path / "no.key"
    path.write_text(content)
    with pytest.raises(RegistryError, match="no.key: no public key in PEM"):
        load_public_key(path)
    with pytest.raises(RegistryError, match="no.key: no private key in PEM"):
        sign(store.folder, 1, store.check(1).sums, path)
