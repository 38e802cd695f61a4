"""Which version answers whom: each change is a line of history, and then a new aliases.json.

aliases.json is what the last line of history says that it is. The line is written first, so whoever dies before the
alias is changed leaves the old one serving, and the next command finishes what was begun.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import history_queries
from registry.errors import HistoryError, IntegrityError, NotPublishedError, RegistryError, ReleaseError
from registry.history import ADOPT, RETIRE, Entry, History, replace, sync
from registry.integrity import SIGNATURE, verify_files

ALIASES, RETIRED = "aliases.json", "retired"
CHAMPION, CHALLENGER, FALLBACK, CANARY, SHADOW = "champion", "challenger", "fallback", "canary", "shadow"
_ALIASES_EXAMPLE = '{"champion": 1}'
# How long to wait for another command, and how often to look, in seconds.
TIMEOUT, _POLL_INTERVAL = 30.0, 0.001


@dataclass(frozen=True, slots=True)
class Actor:
    """Actor does something, and why."""

    by: str
    reason: str = ""


def current_user() -> str:
    """The name of who runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have none
        return f"uid {os.getuid()}"


class AliasStore:
    """The aliases and the history of one model's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.history = History(folder)

    def read(self) -> dict[str, int]:
        """Which version each alias names; empty before the first publication.

        Raises:
            RegistryError: if aliases.json is not what this class writes.
        """
        path = self.folder / ALIASES
        data = _read_json(path)
        if not isinstance(data, dict) or not all(type(number) is int for number in data.values()):
            raise RegistryError(f"{path}: expected an object of aliases and version numbers, like {_ALIASES_EXAMPLE}")
        return data

    def numbers(self, where: str = "") -> list[int]:
        """The numbers of the version folders here, or in the folder of the retired ones, ascending.

        Raises:
            RegistryError: if the folder can't be read.
        """
        folder = self.folder / where
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RegistryError(f"{folder}: can't be read ({error.strerror})") from error
        return sorted(int(name) for name in names if name.isascii() and name.isdecimal() and name == str(int(name)))

    def versions(self) -> list[int]:
        """The numbers of the published versions, ascending, without the retired.

        Raises:
            RegistryError: if the folder can't be read.
        """
        retired = self.numbers(RETIRED)
        return [number for number in self.numbers() if number not in retired]

    @contextmanager
    def write_lock(self, *, anew: bool = False) -> Iterator[None]:
        """Hold the lock that everybody takes who changes something, after what was begun before was finished.

        Args:
            anew: although there is no history where there should be one.

        Raises:
            RegistryError: if the folder can't be written, or is not as the history says, or another command hangs.
        """
        path = self.folder / ".lock"
        try:
            file = path.open("w")
        except OSError as error:
            raise RegistryError(f"{path}: can't be written ({error.strerror}); nothing was done") from error
        with file:
            _lock(path, file.fileno(), fcntl.LOCK_EX)
            entries = self.history.entries()
            if entries or not self.read():
                self._recover(entries)
            elif not anew:
                message = "the history is gone; restore it, or begin another one with `registry adopt`"
                raise HistoryError(f"{self.folder}: {message}")
            yield

    @contextmanager
    def read_lock(self) -> Iterator[None]:
        """Have nobody change anything meanwhile: between a line of history and its aliases, the two differ.

        Raises:
            RegistryError: if another command hangs.
        """
        path = self.folder / ".lock"
        try:
            file = path.open("rb")
        except OSError:  # nobody has changed anything yet, or nobody can
            yield
            return
        with file:
            _lock(path, file.fileno(), fcntl.LOCK_SH)
            yield

    def change(self, action: str, aliases: Mapping[str, int], who: Actor, **details: Any) -> Entry:
        """Write a line of history, then the aliases as they are after it. The lock is held.

        Raises:
            RegistryError: if either can't be written. If it is the aliases, the next command writes them.
        """
        said = {"action": action, "by": who.by, **({"reason": who.reason} if who.reason else {})}
        line = self.history.append({**said, **details, "aliases": dict(sorted(aliases.items()))})
        self._write_aliases(aliases)
        return line

    def import_existing(self, who: Actor) -> list[int]:
        """Take versions into the history that it does not tell of: from before there was one, or because it was lost.

        Returns:
            their numbers.
        """
        with self.write_lock(anew=True):
            published, retired = history_queries.published_digests(self.history.entries()), self.numbers(RETIRED)
            found = [number for number in sorted({*self.versions(), *retired}) if number not in published]
            for number in found:
                digest = verify_files(self.folder / (RETIRED if number in retired else "") / str(number)).digest
                self.change(ADOPT, self.read(), who, version=number, sha256=digest)
                if number in retired:
                    self.change(RETIRE, self.read(), who, version=number)
            return found

    def retire(self, number: int, who: Actor) -> None:
        """Take a version out of service; its files stay, for whoever traces what it answered."""
        with self.write_lock():
            self.require_published(number)
            aliases = self.read()
            held = [alias for alias, version in aliases.items() if version == number]
            if held:
                raise ReleaseError(f"version {number} is {' and '.join(held)}: give that to another version first")
            self.change(RETIRE, aliases, who, version=number)
            self._move_retired(number)

    def require_published(self, number: int) -> None:
        """Nothing, if a version is published and not retired.

        Raises:
            NotPublishedError: if it is not.
        """
        if number not in self.versions():
            gone = "is retired" if number in self.numbers(RETIRED) else "is not published"
            raise NotPublishedError(f"{self.folder}: version {number} {gone}")

    def _recover(self, entries: Sequence[Entry]) -> None:
        """Do what a command that died had written down, and not done; and write down what it had done."""
        if changes := history_queries.alias_changes(entries):
            last = changes[-1]
            said, there = last["aliases"], self.read()
            if said != there:
                before = changes[-2]["aliases"] if len(changes) > 1 else {}
                if there and there != before:
                    raise RegistryError(
                        f"{self.folder / ALIASES}: says {json.dumps(there)}, and the history says {json.dumps(said)}; "
                        "it was changed by hand: put back what the history says"
                    )
                self._write_aliases(said)
            if last["action"] == RETIRE and last["version"] in self.versions():
                with suppress(RegistryError):  # what can't be moved is a fault (audit), and hinders nothing else
                    self._move_retired(last["version"])
        # A version behind all others, whose publisher died. What is no version, somebody's half copy, gets no part.
        newest = max(self.versions(), default=0)
        if newest > max(history_queries.published_digests(entries), default=0):
            with suppress(IntegrityError):
                verified = verify_files(self.folder / str(newest))
                if SIGNATURE in verified:
                    self.change(ADOPT, self.read(), Actor("registry"), version=newest, sha256=verified.digest)

    def _move_retired(self, number: int) -> None:
        try:
            (self.folder / RETIRED).mkdir(exist_ok=True)
            (self.folder / str(number)).rename(self.folder / RETIRED / str(number))
            sync(self.folder)
        except OSError as error:
            raise RegistryError(f"{self.folder / str(number)}: can't be moved ({error.strerror or error})") from error

    def _write_aliases(self, aliases: Mapping[str, int]) -> None:
        """Also if they stay the same: services look at the file, and a canary's share may be another."""
        path = self.folder / ALIASES
        text = json.dumps(aliases, indent=2, sort_keys=True) + "\n"
        try:
            replace(path, text.encode())
        except OSError as error:
            raise RegistryError(f"{path}: can't be written ({error.strerror or error})") from error


def _lock(path: Path, descriptor: int, kind: int) -> None:
    """Take the lock; not for ever, for who holds it may have been stopped."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            return fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                message = f"{path}: another command holds it for {TIMEOUT:g} s; nothing was done"
                raise RegistryError(message) from None
            time.sleep(_POLL_INTERVAL)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise RegistryError(f"{path}: can't be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise RegistryError(f"{path}: not JSON ({error}); restore it") from error
