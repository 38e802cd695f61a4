"""The aliases of a model's versions: each change is first a line in the history, then a new aliases.json.

aliases.json must be what the last line of the history says; services watch it. A process that dies between the two
leaves the old aliases in use; the next command finishes the change (:meth:`AliasStore.write_lock`).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from filesystem import lock, only_plain, read_plain, replace, sync
from registry import history_queries
from registry.actor import Actor
from registry.errors import HistoryError, LockedError, NotPublishedError, RegistryError, ReleaseError, wrap_os_error
from registry.history import BEGIN_AGAIN, History
from registry.history_line import ADOPT, PUBLISH, RETIRE, Entry
from registry.integrity import verify_files

ALIASES, RETIRED = "aliases.json", "retired"
PENDING = ".pending-"  # and the number of a version: it becomes one when the history says so
CHAMPION, CHALLENGER, FALLBACK, CANARY, SHADOW = "champion", "challenger", "fallback", "canary", "shadow"
TIMEOUT = 30.0  # how long to wait for another command, in seconds
# For how many seconds a service may go by what it last saw of aliases.json. A command returns later than that after its
# change, so every request that begins after the command sees the change.
ALIASES_MAX_AGE = 0.01
_CHANGE_TIMEOUT = 5.0  # how long to wait for the end of a change, in seconds


class AliasStore:
    """The aliases and the history of one model's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.history = History(folder)
        self._followed = ""  # the digest of the last line that aliases.json was seen to follow

    def read(self) -> dict[str, int]:
        """Return what aliases.json says: the version of each alias; empty before the first publication.

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
            raise RegistryError(f'{path}: expected an object of aliases and version numbers, like {{"champion": 1}}')
        return data

    def in_use(self) -> tuple[dict[str, int], str]:
        """Return the aliases that count, and what keeps them from being those of the history's last line, or "".

        Until a command has finished a change, the aliases before it count.

        Raises:
            RegistryError: if the history can't be verified, or aliases.json was changed by hand.
        """
        deadline = time.monotonic() + _CHANGE_TIMEOUT
        while time.monotonic() < deadline:
            with suppress(RegistryError):
                aliases, fault = self.compare()
                if not fault:
                    return aliases, ""
            with suppress(LockedError), self.read_lock(timeout=0):  # else a command is at work: wait for its end
                return self.compare()
        return self.compare()

    def compare(self) -> tuple[dict[str, int], str]:
        """Do the same as :meth:`in_use`, at one moment. While a command changes something, hold :meth:`read_lock`."""
        entries, aliases, path = self.history.entries(), self.read(), self.folder / ALIASES
        if aliases and not entries:
            raise HistoryError(f"{self.folder}: the history is gone; restore it, or {BEGIN_AGAIN}")
        before, last = history_queries.last_alias_changes(entries)
        if aliases == last.content["aliases"]:
            self._followed = last.digest
            return aliases, ""
        found = f"says {json.dumps(aliases)}" if aliases else "is missing or empty"
        fault = f"{path}: {found}, and the history says {json.dumps(last.content['aliases'])}"
        if aliases and (aliases != before.content["aliases"] or last.digest == self._followed):
            raise RegistryError(f"{fault}; it was changed by hand: put back what the history says")
        return aliases, f"{fault}; a command has not finished this change: the next one that changes something does"

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
            if not allow_missing_history or self.history.entries():
                self._recover()
            yield

    @contextmanager
    def read_lock(self, *, timeout: float = TIMEOUT) -> Iterator[None]:
        """Keep others from changing anything: until a change is complete, history and aliases.json differ.

        Args:
            timeout: how long to wait for the lock, in seconds.

        Raises:
            RegistryError: if another command holds the lock.
        """
        path = self.folder / ".lock"
        with ExitStack() as stack:
            with suppress(OSError):  # nothing was changed yet, or nothing can be
                file = stack.enter_context(open(path, "rb", opener=only_plain))
                _lock(path, file.fileno(), timeout, shared=True)
            yield

    def change(self, action: str, aliases: Mapping[str, int], actor: Actor, **details: Any) -> Entry:
        """Append a line to the history, then do what it says. Needs :meth:`write_lock`.

        Raises:
            HistoryError: if the line can't be written; nothing is changed.
            RegistryError: if the rest can't be done. The next command does it.
        """
        by = {"by": actor.by, **({"reason": actor.reason} if actor.reason else {})}
        entry = self.history.append({"action": action, **by, **details, "aliases": dict(sorted(aliases.items()))})
        self._carry_out(entry)
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

    def require_published(self, number: int) -> None:
        """Check that a version is published and not retired.

        Raises:
            NotPublishedError: if it is not.
        """
        if number not in self.versions():
            state = "is retired" if number in self.numbers(RETIRED) else "is not published"
            raise NotPublishedError(f"{self.folder}: version {number} {state}")

    def _recover(self) -> None:
        """Carry out what a command that died had only written down."""
        _, fault = self.compare()
        _, last = history_queries.last_alias_changes(self.history.entries())
        if fault:
            self._carry_out(last)
        elif last.content["action"] == RETIRE:
            with suppress(RegistryError):  # `audit verify` names a folder that can't be moved; it blocks nothing
                self._move(str(last.content["version"]), RETIRED)

    def _carry_out(self, entry: Entry) -> None:
        """Do what a line says: a published folder is there before its alias, a retired one is moved last."""
        if entry.content["action"] == PUBLISH:
            self._move(f"{PENDING}{entry.content['version']}", "")
        self._write_aliases(entry.content["aliases"])
        if entry.content["action"] == RETIRE:
            self._move(str(entry.content["version"]), RETIRED)

    def _move(self, name: str, subfolder: str) -> None:
        """Move a folder under the number at its end, if it was not moved before."""
        source, target = self.folder / name, self.folder / subfolder / name.removeprefix(PENDING)
        if source.is_dir() and not target.exists():
            with wrap_os_error(source, "moved"):
                target.parent.mkdir(exist_ok=True)
                source.rename(target)
                sync(self.folder)

    def _write_aliases(self, aliases: Mapping[str, int]) -> None:
        """Write aliases.json, even if it stays the same: services watch it, and a canary's share may have changed."""
        path = self.folder / ALIASES
        text = json.dumps(aliases, indent=2, sort_keys=True) + "\n"
        with wrap_os_error(path, "written"):
            replace(path, text.encode())
        time.sleep(2 * ALIASES_MAX_AGE)


def _lock(path: Path, descriptor: int, timeout: float, *, shared: bool = False) -> None:
    try:
        lock(descriptor, timeout, shared=shared)
    except TimeoutError:
        raise LockedError(f"{path}: another command holds it for {timeout:g} s; nothing was done") from None
