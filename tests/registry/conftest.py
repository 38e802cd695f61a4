"""What the tests of the registry share: a store of two versions, and who changes it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from registry import Actor, VersionStore
from registry.integrity import write_sums
from registry.promotion import clear
from tests.conftest import publish

ANN, BOB = Actor("ann", "looks good"), Actor("bob", "urgent")


@pytest.fixture
def store(tmp_path: Path) -> VersionStore:
    """Two equal versions: 1 is champion, 2 challenger."""
    return publish_versions(tmp_path, 2)


def publish_versions(models: Path, count: int) -> VersionStore:
    """Publish equal versions: 1 is champion, the last one challenger."""
    for _ in range(count):
        publish(models)
    return VersionStore(models, "boston")


def publish_changed(store: VersionStore, files: dict[str, str | bytes]) -> None:
    """Publish a copy of version 1 in which some files have another content."""
    with store.staging() as folder:
        shutil.copytree(store.folder / "1", folder, dirs_exist_ok=True)
        (folder / "SHA256SUMS").unlink()
        for name, content in files.items():
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        store.publish(folder, ANN)


def last(store: VersionStore) -> dict[str, object]:
    """Return the content of the last history entry."""
    return dict(store.history.entries()[-1].content)


def retire(store: VersionStore) -> None:
    """Retire version 2, the challenger."""
    clear(store, "challenger", ANN)
    store.aliases.retire(2, ANN)


def forge(store: VersionStore, number: int) -> None:
    """Change a version, and write its SHA256SUMS anew."""
    folder = store.folder / str(number)
    (folder / "card.json").write_text('{"by": "mallory"}')
    (folder / "SHA256SUMS").unlink()
    write_sums(folder)
