"""Compares the history with the aliases and with the versions in the folder: the command ``audit verify``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from registry import history_queries
from registry.aliases import ALIASES, PENDING, RETIRED, AliasStore
from registry.errors import RegistryError
from registry.integrity import SUMS, digest


def find_inconsistencies(aliases: AliasStore) -> Iterator[str]:
    """Yield a sentence for everything in which history, aliases and version folders contradict each other."""
    try:
        with aliases.read_lock():
            entries, numbers, retired = aliases.history.entries(), aliases.numbers(), aliases.numbers(RETIRED)
            try:
                current, fault = aliases.compare()
            except RegistryError as error:
                current, fault = {}, str(error)
    except RegistryError as error:
        yield str(error)
        return
    if fault:
        yield fault
    folder, published = aliases.folder, history_queries.published_digests(entries)
    withdrawn = history_queries.retired_versions(entries)
    for number in sorted({*numbers, *retired, *published}):
        if number in numbers or number in retired:
            yield from _compare_version(folder, number, number in retired, number in withdrawn, published.get(number))
        elif not (folder / f"{PENDING}{number}").is_dir():  # the next command finishes its publication
            yield describe_gone(folder, number)
    for alias, number in current.items():
        if number not in numbers:
            yield f"{folder / ALIASES}: {alias} is version {number}, which is not there"


def _compare_version(
    folder: Path, number: int, is_retired: bool, is_withdrawn: bool, published: str | None
) -> Iterator[str]:
    """Compare a version's folder, which may be among the retired ones, with what the history says of it."""
    place = folder / (RETIRED if is_retired else "") / str(number)
    if published is None:
        yield describe_unknown(folder, number)
    elif is_withdrawn and (folder / str(number)).exists():  # perhaps beside the one that was moved away
        yield describe_retired(folder, number)
    elif is_retired and not is_withdrawn:
        yield f"{place}: the history does not say that it is retired; move it back"
    elif (place / SUMS).is_file() and digest(place / SUMS) != published:  # VersionStore.check names a missing file
        yield describe_changed(place, number)


def describe_gone(folder: Path, number: int) -> str:
    """Return the sentence about a version of the history that has no folder."""
    return f"{folder}: version {number} is gone, and the history says that it was published; restore its folder"


def describe_unknown(folder: Path, number: int) -> str:
    """Return the sentence about a version that the history does not name."""
    return f"{folder}: version {number} is not in the history; if you trust it, `registry adopt` adds it"


def describe_retired(folder: Path, number: int) -> str:
    """Return the sentence about a retired version among those in service."""
    return f"{folder / str(number)}: version {number} is retired; move this folder to {RETIRED}, or take it away"


def describe_changed(folder: Path, number: int) -> str:
    """Return the sentence about a version whose SHA256SUMS was written anew."""
    return f"{folder / SUMS}: is not what was published as version {number}; restore the published files"
