"""Every version of a model, past and present, as its files describe it: what the pages of the versions show.

A version never changes, so what was read of it is kept. Its files are read and checked again only when the folder does
not look as it did: if a file has another size, time or inode.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.endpoints.card_reader import CardReader
from registry import Figures, NotPublishedError, RegistryError, Signature, VersionStore
from registry.aliases import RETIRED
from registry.consistency import describe_gone
from registry.history_line import RETIRE, Entry
from registry.history_queries import published_digests
from registry.integrity import SIGNATURE, SUMS, VerifiedFiles
from registry.versions import CARD, MODEL_CARD

_State = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file of a version: its name, its size in bytes, and its SHA-256 in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A version as its files describe it.

    Attributes:
        digest: the SHA-256 of its SHA256SUMS; empty if its files are not what was published.
        card: of card.json; empty if there is none.
        figures, signature: None if there are none, or others than this service can read.
        model_card: model_card.md; empty if there is none.
        fault: why nothing of it can be shown; mostly empty.
    """

    number: int
    digest: str = ""
    card: CardReader = field(default_factory=lambda: CardReader(None))
    figures: Figures | None = None
    signature: Signature | None = None
    files: tuple[PublishedFile, ...] = ()
    model_card: str = ""
    fault: str = ""

    @property
    def network(self) -> str:
        """The architecture and its hidden layers, such as "mlp 32-16"; or the function or the file it comes from."""
        fit = self.card.at("spec", "content", "fit")
        units = "-".join(str(item.count()) for item in fit.items("hidden") if item.count())
        architecture = fit.text("architecture") or fit.text("build") or fit.text("file")
        return f"{architecture} {units}".strip()

    @property
    def test_rows(self) -> tuple[str, str] | None:
        """What identifies the rows that it was tested on: the SHA-256 of the data and of the rows' positions."""
        data, rows = self.card.text("data", "sha256"), self.card.text("split", "test_rows_sha256")
        return (data, rows) if data and rows else None


class PublishedVersions:
    """The versions in a store."""

    def __init__(self, store: VersionStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known: dict[int, tuple[_State, PublishedVersion]] = {}

    def get(self, number: int) -> PublishedVersion | None:
        """Return a version, which may be retired; None if there never was one with this number."""
        entries, _ = self.history()
        digests = published_digests(entries)
        if number not in {*digests, *self._numbers()}:
            return None
        return self._get(number, digests)

    def all(self) -> list[PublishedVersion]:
        """Return every version that was ever published, ascending."""
        entries, _ = self.history()
        digests = published_digests(entries)
        return [self._get(number, digests) for number in sorted({*digests, *self._numbers()})]

    def history(self) -> tuple[list[Entry], str]:
        """Return the entries of the history, oldest first, and what is wrong with it, or "".

        Lines that are damaged are left out.
        """
        try:
            return self._store.history.entries(), ""
        except RegistryError as error:
            with suppress(RegistryError):
                return self._store.history.undamaged(), str(error)
            return [], str(error)

    def aliases(self) -> tuple[Mapping[str, int], str]:
        """Return the version that each alias has, and what keeps them from being known, or ""."""
        try:
            return self._store.aliases.in_use()
        except RegistryError as error:
            return {}, str(error)

    def retired(self) -> set[int]:
        """Return the versions that were taken out of service."""
        entries, _ = self.history()
        return {entry.content["version"] for entry in entries if entry.content["action"] == RETIRE}

    def _numbers(self) -> list[int]:
        with suppress(RegistryError):
            return [*self._store.aliases.numbers(), *self._store.aliases.numbers(RETIRED)]
        return []

    def _get(self, number: int, digests: Mapping[int, str]) -> PublishedVersion:
        folder = self._store.folder / str(number)
        state = (digests.get(number), *(_state(folder) or _state(self._store.folder / RETIRED / str(number))))
        with self._lock:
            known = self._known.get(number)
        if known is not None and known[0] == state:
            return known[1]
        try:
            version = _read(number, self._store.check(number))
        except NotPublishedError:
            return PublishedVersion(number, fault=describe_gone(self._store.folder, number))
        except (RegistryError, OSError) as error:  # not kept: what is wrong may be outside of its folder
            return PublishedVersion(number, fault=str(error))
        with self._lock:
            self._known[number] = state, version
        return version


def _state(folder: Path) -> _State:
    """Return how every file below a folder looks from outside; nothing if it can't be listed."""
    found: list[object] = []
    folders = [str(folder)]
    try:
        while folders:
            with os.scandir(folders.pop()) as items:
                for item in items:
                    if item.is_dir(follow_symlinks=False):
                        folders.append(item.path)
                    status = item.stat(follow_symlinks=False)
                    found.append((item.path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino))
    except OSError:
        return ()
    return tuple(sorted(found, key=str))


def _read(number: int, verified: VerifiedFiles) -> PublishedVersion:
    card = _json(verified, CARD)
    signature = None
    with suppress(RegistryError):
        signature = Signature.from_json(_json(verified, SIGNATURE))
    files = [
        *(
            PublishedFile(name, (verified.folder / name).stat().st_size, digest)
            for name, digest in verified.digests.items()
        ),
        PublishedFile(SUMS, len(verified.sums), verified.digest),
    ]
    page = verified.read(MODEL_CARD).decode("utf-8", "replace") if MODEL_CARD in verified else ""
    reader, figures = CardReader(card if isinstance(card, dict) else None), Figures.from_card(card)
    return PublishedVersion(number, verified.digest, reader, figures, signature, tuple(files), page)


def _json(verified: VerifiedFiles, name: str) -> Any:
    """Return what a JSON file holds; None if there is no such file, or it is none."""
    if name not in verified:
        return None
    try:
        return json.loads(verified.read(name))
    except (ValueError, RecursionError):
        return None
