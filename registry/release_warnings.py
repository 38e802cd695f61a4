"""What to tell a person who gave a version an alias: what no check refuses, and clients or the service don't expect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

from filesystem import read_plain
from registry.errors import RegistryError
from registry.integrity import SIGNATURE
from registry.model_files import find_fault
from registry.predictor import Runtime
from registry.published_files import find_folder
from registry.signature import Signature
from registry.versions import VersionStore


def find_warnings(store: VersionStore, number: int, champion: int | None, runtime: Runtime) -> Iterator[str]:
    """Yield what to tell of a version whose files were checked just now.

    Args:
        champion: the version that was champion before; None if there was none.
        runtime: the one that serves.
    """
    name = f"{store.model} version {number}"
    if fault := find_fault({path.name for path in find_folder(store.folder, number).iterdir()}, runtime):
        yield f"{name} {fault}"
    if champion is not None:
        taken = _date_columns(store, number)
        for column in _date_columns(store, champion):
            if column not in taken:
                refused = "it refuses clients that send them, or answers without them"
                yield f"{name} takes no dates in {column!r}, unlike version {champion}: {refused}"


def _date_columns(store: VersionStore, number: int) -> list[str]:
    """Return the names of a version's columns of dates; none if its files are damaged, for others say that."""
    with suppress(OSError, ValueError, RegistryError):
        content = json.loads(read_plain(find_folder(store.folder, number) / SIGNATURE))
        return [date.name for date in Signature.from_json(content).dates]
    return []
