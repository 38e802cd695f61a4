"""Compares the history with what it tells of: the aliases, and the versions that were published."""

from __future__ import annotations

import json
from collections.abc import Iterator

from registry import history_queries
from registry.aliases import ALIASES, RETIRED, AliasStore
from registry.errors import RegistryError
from registry.integrity import SUMS, digest


def find_inconsistencies(aliases: AliasStore) -> Iterator[str]:
    """What about the history, and what it tells of, is not as it was written; nothing if all is."""
    try:
        with aliases.read_lock():
            entries, there = aliases.history.entries(), aliases.read()
            numbers, retired = aliases.numbers(), aliases.numbers(RETIRED)
    except RegistryError as error:
        yield str(error)
        return
    folder = aliases.folder
    said = history_queries.alias_changes(entries)
    if said and said[-1]["aliases"] != there:
        yield f"{folder / ALIASES}: says {json.dumps(there)}, and the history says {json.dumps(said[-1]['aliases'])}"
    published = history_queries.published_digests(entries)
    for number in sorted({*numbers, *retired, *published}):
        if number in numbers and number in retired:
            yield f"{folder / str(number)}: version {number} is retired; take this folder away"
        elif number not in numbers and number not in retired:
            yield f"{folder}: version {number} is gone; the history tells of it"
        elif number not in published:
            yield f"{folder}: the history does not tell of version {number}"
        elif (number in retired) != (number in history_queries.retired_versions(entries)):
            said_of = "is" if number in retired else "is not"
            yield f"{folder}: version {number} {said_of} in the folder {RETIRED}, and the history says otherwise"
        else:
            sums = folder / (RETIRED if number in retired else "") / str(number) / SUMS
            if sums.is_file() and digest(sums) != published[number]:  # that it is missing, the check of its files says
                yield f"{sums}: is not what was published as version {number}"
    for alias, number in there.items():
        if number not in numbers:
            yield f"{folder / ALIASES}: {alias} is version {number}, which is not there"
