"""Compares the history with the aliases and with the versions in the folder: the command ``audit verify``."""

from __future__ import annotations

import json
from collections.abc import Iterator

from registry import history_queries
from registry.aliases import ALIASES, RETIRED, AliasStore
from registry.errors import RegistryError
from registry.integrity import SUMS, digest


def find_inconsistencies(aliases: AliasStore) -> Iterator[str]:
    """Yield a sentence for everything in which history, aliases and version folders contradict each other."""
    try:
        with aliases.read_lock():
            entries, current = aliases.history.entries(), aliases.read()
            numbers, retired = aliases.numbers(), aliases.numbers(RETIRED)
    except RegistryError as error:
        yield str(error)
        return
    path = aliases.folder / ALIASES
    changes = history_queries.alias_changes(entries)
    if changes and (expected := changes[-1]["aliases"]) != current:
        yield f"{path}: says {json.dumps(current)}, and the history says {json.dumps(expected)}"
    published, withdrawn = history_queries.published_digests(entries), history_queries.retired_versions(entries)
    for number in sorted({*numbers, *retired, *published}):
        if number in numbers and number in retired:
            yield f"{aliases.folder / str(number)}: version {number} is retired; take this folder away"
        elif number not in numbers and number not in retired:
            yield f"{aliases.folder}: version {number} is gone; the history tells of it"
        elif number not in published:
            yield f"{aliases.folder}: the history does not tell of version {number}"
        elif (number in retired) != (number in withdrawn):
            place = "is" if number in retired else "is not"
            yield f"{aliases.folder}: version {number} {place} in the folder {RETIRED}, and the history says otherwise"
        else:
            sums = aliases.folder / (RETIRED if number in retired else "") / str(number) / SUMS
            if sums.is_file() and digest(sums) != published[number]:  # VersionStore.check names a missing file
                yield f"{sums}: is not what was published as version {number}"
    for alias, number in current.items():
        if number not in numbers:
            yield f"{path}: {alias} is version {number}, which is not there"
