"""What the tests of the registry share: a store of two versions, and who changes it."""

from __future__ import annotations

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
    for _ in range(2):
        publish(tmp_path)
    return VersionStore(tmp_path, "boston")


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
