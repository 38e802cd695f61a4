"""What the tests of the registry and of what reads it share: two versions, who changes them, and the commands."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from filesystem import replace
from registry import Actor, VersionStore
from registry.integrity import write_sums
from registry.promotion import clear
from tests.conftest import publish
from tests.e2e import server

ANN, BOB = Actor("ann", "looks good"), Actor("bob", "urgent")


@pytest.fixture
def store(settings: Settings) -> VersionStore:
    """Two equal versions: 1 is champion, 2 challenger."""
    return publish_versions(settings.models, 1)


def publish_versions(models: Path, count: int) -> VersionStore:
    """Publish equal versions: if there are no others, 1 is champion. The last of several is challenger."""
    for _ in range(count):
        publish(models)
    return VersionStore(models, "boston")


def run(settings: Settings, module: str, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command over the models and the logs of some settings, such as ``run(settings, "audit", "check")``."""
    folders = {"SERVE_MODELS": str(settings.models), "SERVE_LOGS": str(settings.logs)}
    return server.run(module, *words, **{**folders, **environ})


def publish_changed(store: VersionStore, files: dict[str, str | bytes]) -> None:
    """Publish a copy of version 1 in which some files have another content."""
    with store.staging() as folder:
        shutil.copytree(store.folder / "1", folder, dirs_exist_ok=True)
        (folder / "SHA256SUMS").unlink()
        for name, content in files.items():
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        store.publish(folder, ANN)


def edit(file: Path, old: bytes, new: bytes) -> None:
    """Replace the first occurrence of some bytes in a file."""
    content = file.read_bytes()
    assert old in content
    replace(file, content.replace(old, new, 1))


def flip_bits(file: Path, step: int = 1) -> Iterator[int]:
    """Flip a bit of every step-th byte, one at a time, and yield the byte's offset; restore the file in the end."""
    whole = file.read_bytes()
    for place in range(0, len(whole), step):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
        yield place
    file.write_bytes(whole)


def last(store: VersionStore) -> dict[str, object]:
    """Return the content of the last history entry."""
    return dict(store.history.entries()[-1].content)


def retire(store: VersionStore) -> None:
    """Retire version 2, the challenger."""
    clear(store, "challenger", ANN)
    store.aliases.retire(2, ANN)


# What can be done by hand to the aliases and the history of two versions, and the words that name it.
FORGERIES: dict[str, tuple[Callable[[Path], object], str]] = {
    "aliases": (lambda folder: replace(folder / "aliases.json", b'{"champion": 2}'), "it was changed by hand"),
    "a byte": (lambda folder: edit(folder / "history.jsonl", b"tests", b"texts"), "line 1: was changed"),
    "no history": (lambda folder: (folder / "history.jsonl").unlink(), "has 0 lines, and history.head says"),
    "no head": (lambda folder: (folder / "history.head").unlink(), "history.head: is missing"),
    "neither": (
        lambda folder: [(folder / name).unlink() for name in ("history.jsonl", "history.head")],
        "the history is gone; restore it, or begin a new history with `registry adopt`",
    ),
}


def forge(store: VersionStore, number: int) -> None:
    """Change a version, and write its SHA256SUMS anew."""
    folder = store.folder / str(number)
    (folder / "card.json").write_text('{"by": "mallory"}')
    (folder / "SHA256SUMS").unlink()
    write_sums(folder)
