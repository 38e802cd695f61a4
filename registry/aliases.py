"""The aliases of a model's versions: each change is first a line in the history, then a new aliases.json.

aliases.json must be what the last line of the history says. A process that dies between the two leaves the old aliases
in use; the next command writes the new ones (:meth:`AliasStore.write_lock`).
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filesystem import lock, only_plain, read_plain, replace, sync
from registry import history_queries
from registry.errors import HistoryError, IntegrityError, NotPublishedError, RegistryError, ReleaseError, wrap_os_error
from registry.history import ADOPT, RETIRE, Entry, History
from registry.integrity import SIGNATURE, verify_files

ALIASES, RETIRED = "aliases.json", "retired"
CHAMPION, CHALLENGER, FALLBACK, CANARY, SHADOW = "champion", "challenger", "fallback", "canary", "shadow"
_ALIASES_EXAMPLE = '{"champion": 1}'
TIMEOUT = 30.0  # how long to wait for another command, in seconds


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change, and why."""

    by: str
    reason: str = ""


def current_user() -> str:
    """Return the name of the user who runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"


class AliasStore:
    """The aliases and the history of one model's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.history = History(folder)

    def read(self) -> dict[str, int]:
        """Return the version of each alias; empty before the first publication.

        Raises:
            RegistryError: if aliases.json can't be read or holds something else.
        """
        path = self.folder / ALIASES
        data: Any = {}
        try:
            with wrap_os_error(path, "read"), suppress(FileNotFoundError):
                data = json.loads(read_plain(path))
        except (ValueError, RecursionError) as error:
            raise RegistryError(f"{path}: not JSON ({error}); restore it") from error
        if not isinstance(data, dict) or not all(type(number) is int for number in data.values()):
            raise RegistryError(f"{path}: expected an object of aliases and version numbers, like {_ALIASES_EXAMPLE}")
        return data

    def numbers(self, subfolder: str = "") -> list[int]:
        """Return the numbers of the version folders in the model's folder or a subfolder of it, ascending.

        Raises:
            RegistryError: if the folder can't be read.
        """
        folder = self.folder / subfolder
        with wrap_os_error(folder, "read"), suppress(FileNotFoundError):
            names = [name for name in os.listdir(folder) if name.isascii() and name.isdecimal()]
            return sorted(int(name) for name in names if name == str(int(name)))
        return []

    def versions(self) -> list[int]:
        """Return the numbers of the published versions, ascending, without the retired ones.

        Raises:
            RegistryError: if the folder can't be read.
        """
        retired = self.numbers(RETIRED)
        return [number for number in self.numbers() if number not in retired]

    @contextmanager
    def write_lock(self, *, timeout: float = TIMEOUT, allow_missing_history: bool = False) -> Iterator[None]:
        """Hold the lock that every change needs. Finish first what a command that died had begun.

        Args:
            timeout: how long to wait for the lock, in seconds.
            allow_missing_history: accept versions without a history.

        Raises:
            RegistryError: if the folder can't be written or contradicts the history, or another command holds the lock.
        """
        path = self.folder / ".lock"
        with wrap_os_error(path, "written", advice="; nothing was done"):
            file = open(path, "w", opener=only_plain)  # noqa: SIM115 - closed below
        with file:
            _lock(path, file.fileno(), timeout)
            entries = self.history.entries()
            if entries or not self.read():
                self._recover(entries)
            elif not allow_missing_history:
                advice = "restore it, or begin another one with `registry adopt`"
                raise HistoryError(f"{self.folder}: the history is gone; {advice}")
            yield

    @contextmanager
    def read_lock(self) -> Iterator[None]:
        """Keep others from changing anything: until a change is complete, history and aliases.json differ.

        Raises:
            RegistryError: if another command holds the lock.
        """
        path = self.folder / ".lock"
        try:
            file = open(path, "rb", opener=only_plain)  # noqa: SIM115 - closed below
        except OSError:  # nothing was changed yet, or nothing can be
            yield
            return
        with file:
            _lock(path, file.fileno(), TIMEOUT, shared=True)
            yield

    def change(self, action: str, aliases: Mapping[str, int], actor: Actor, **details: Any) -> Entry:
        """Append a line to the history, then write the aliases after the change. Needs :meth:`write_lock`.

        Raises:
            RegistryError: if either can't be written. If it is the aliases, the next command writes them.
        """
        by = {"by": actor.by, **({"reason": actor.reason} if actor.reason else {})}
        entry = self.history.append({"action": action, **by, **details, "aliases": dict(sorted(aliases.items()))})
        self._write_aliases(aliases)
        return entry

    def import_existing(self, actor: Actor) -> list[int]:
        """Add versions that have no entry to the history: they are older than it, or it was lost.

        Returns:
            their numbers.
        """
        with self.write_lock(allow_missing_history=True):
            published, retired = history_queries.published_digests(self.history.entries()), self.numbers(RETIRED)
            missing = [number for number in sorted({*self.versions(), *retired}) if number not in published]
            for number in missing:
                digest = verify_files(self.folder / (RETIRED if number in retired else "") / str(number)).digest
                self.change(ADOPT, self.read(), actor, version=number, sha256=digest)
                if number in retired:
                    self.change(RETIRE, self.read(), actor, version=number)
            return missing

    def retire(self, number: int, actor: Actor) -> None:
        """Take a version out of service. Its files stay, so that its answers can be traced."""
        with self.write_lock():
            self.require_published(number)
            aliases = self.read()
            if names := [alias for alias, version in aliases.items() if version == number]:
                raise ReleaseError(f"version {number} is {' and '.join(names)}: give that to another version first")
            self.change(RETIRE, aliases, actor, version=number)
            self._move_retired(number)

    def require_published(self, number: int) -> None:
        """Check that a version is published and not retired.

        Raises:
            NotPublishedError: if it is not.
        """
        if number not in self.versions():
            state = "is retired" if number in self.numbers(RETIRED) else "is not published"
            raise NotPublishedError(f"{self.folder}: version {number} {state}")

    def _recover(self, entries: Sequence[Entry]) -> None:
        """Carry out what a command that died had only written down, and write down what it had only carried out."""
        if changes := history_queries.alias_changes(entries):
            last = changes[-1]
            expected, actual = last["aliases"], self.read()
            if actual != expected:
                before = changes[-2]["aliases"] if len(changes) > 1 else {}
                if actual and actual != before:
                    raise RegistryError(
                        f"{self.folder / ALIASES}: says {json.dumps(actual)}, and the history says "
                        f"{json.dumps(expected)}; it was changed by hand: put back what the history says"
                    )
                self._write_aliases(expected)
            if last["action"] == RETIRE and last["version"] in self.versions():
                with suppress(RegistryError):  # `audit verify` names a folder that can't be moved; it blocks nothing
                    self._move_retired(last["version"])
        # The newest version has no entry if its publisher died. A folder that is no whole version is left alone.
        newest = max(self.versions(), default=0)
        if newest > max(history_queries.published_digests(entries), default=0):
            with suppress(IntegrityError):
                verified = verify_files(self.folder / str(newest))
                if SIGNATURE in verified:
                    self.change(ADOPT, self.read(), Actor("registry"), version=newest, sha256=verified.digest)

    def _move_retired(self, number: int) -> None:
        folder = self.folder / str(number)
        with wrap_os_error(folder, "moved"):
            (self.folder / RETIRED).mkdir(exist_ok=True)
            folder.rename(self.folder / RETIRED / str(number))
            sync(self.folder)

    def _write_aliases(self, aliases: Mapping[str, int]) -> None:
        """Write aliases.json, even if it stays the same: services watch it, and a canary's share may have changed."""
        path = self.folder / ALIASES
        text = json.dumps(aliases, indent=2, sort_keys=True) + "\n"
        with wrap_os_error(path, "written"):
            replace(path, text.encode())


def _lock(path: Path, descriptor: int, timeout: float, *, shared: bool = False) -> None:
    try:
        lock(descriptor, timeout, shared=shared)
    except TimeoutError:
        message = f"{path}: another command holds it for {timeout:g} s; nothing was done"
        raise RegistryError(message) from None
