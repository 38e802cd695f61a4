"""Which version answers whom: each change is a line of history, and then a new aliases.json.

aliases.json is what the last line of history says that it is. The line is written first, so whoever dies before the
alias is changed leaves the old one serving, and the next command finishes what was begun. The share of requests that a
canary gets is in canary.json, and counts only while the alias names its version.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.errors import NotPublishedError, RegistryError, ReleaseError
from registry.history import History, Line, replace, sync
from registry.integrity import SUMS, digest

CHAMPION, CHALLENGER, FALLBACK, CANARY, SHADOW = "champion", "challenger", "fallback", "canary", "shadow"
ALIASES, CANARY_FILE, RETIRED = "aliases.json", "canary.json", "retired"
_ALIASES_EXAMPLE, _SHARE_EXAMPLE = '{"champion": 1}', '{"version": 2, "share": 0.05}'


@dataclass(frozen=True, slots=True)
class Who:
    """Who does something, and why."""

    by: str
    reason: str = ""


def login() -> str:
    """The name of who runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have none
        return f"uid {os.getuid()}"


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing that a version has to show before it may answer everybody."""

    name: str
    held: bool
    detail: str


class Releases:
    """The aliases and the history of one model's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.history = History(folder)

    def aliases(self) -> dict[str, int]:
        """Which version each alias names; empty before the first publication.

        Raises:
            RegistryError: if aliases.json is not what this class writes.
        """
        path = self.folder / ALIASES
        data = _read_json(path, {})
        if not isinstance(data, dict) or not all(type(number) is int for number in data.values()):
            raise RegistryError(f"{path}: expected an object of aliases and version numbers, like {_ALIASES_EXAMPLE}")
        return data

    def share(self, number: int) -> float:
        """The share of requests, 0 to 1, that a canary of this number gets; 0 if it was given none.

        Raises:
            RegistryError: if canary.json is not what this class writes.
        """
        path = self.folder / CANARY_FILE
        data = _read_json(path, {"version": number, "share": 0})
        try:
            version, share = data["version"], float(data["share"])
        except (KeyError, TypeError, ValueError) as error:
            raise RegistryError(f"{path}: expected a version and its share, like {_SHARE_EXAMPLE}") from error
        return share if version == number and 0 <= share <= 1 else 0.0

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

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock that everybody takes who changes something, after what was begun before was finished.

        Raises:
            RegistryError: if the folder can't be written, or is not as the history says.
        """
        path = self.folder / ".lock"
        try:
            file = path.open("w")
        except OSError as error:
            raise RegistryError(f"{path}: can't be written ({error.strerror}); nothing was done") from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._finish()
            self._adopt()
            yield

    def change(self, action: str, aliases: Mapping[str, int], who: Who, **details: Any) -> Line:
        """Write a line of history, then the aliases as they are after it. The lock is held.

        Raises:
            RegistryError: if either can't be written. If it is the aliases, the next command writes them.
        """
        said = {"action": action, "by": who.by, **({"reason": who.reason} if who.reason else {})}
        line = self.history.append({**said, **details, "aliases": dict(sorted(aliases.items()))})
        self._write_aliases(aliases)
        return line

    def set_share(self, number: int, share: float) -> None:
        """Say which share a canary gets, before the alias names it."""
        self._replace(CANARY_FILE, {"version": number, "share": share})

    def retire(self, number: int, who: Who) -> None:
        """Take a version out of service; its files stay, for whoever traces what it answered."""
        with self.changing():
            self.present(number)
            aliases = self.aliases()
            held = [alias for alias, version in aliases.items() if version == number]
            if held:
                raise ReleaseError(f"version {number} is {' and '.join(held)}: give that to another version first")
            self.change("retire", aliases, who, version=number)
            self._move_retired(number)

    def present(self, number: int) -> None:
        """Nothing, if a version is published and not retired.

        Raises:
            NotPublishedError: if it is not.
        """
        if number not in self.numbers():
            gone = "is retired" if number in self.numbers(RETIRED) else "is not published"
            raise NotPublishedError(f"{self.folder}: version {number} {gone}")

    def former_champion(self) -> int:
        """The version that was champion before the present one.

        Raises:
            ReleaseError: if there was none, or it is not published any more.
        """
        present = self.aliases().get(CHAMPION)
        champions = [line.content.get("aliases", {}).get(CHAMPION) for line in self.history.lines()]
        for number in reversed(champions):
            if number is not None and number != present:
                self.present(number)
                return int(number)
        raise ReleaseError(f"{self.folder}: no other version was champion before; `registry promote` names one")

    def faults(self) -> Iterator[str]:
        """What about the history, and what it tells of, is not as it was written; nothing if all is."""
        try:
            lines = self.history.lines()
            there = self.aliases()
        except RegistryError as error:
            yield str(error)
            return
        said = [line.content["aliases"] for line in lines if "aliases" in line.content]
        if said and said[-1] != there:
            yield f"{self.folder / ALIASES}: says {json.dumps(there)}, and the history says {json.dumps(said[-1])}"
        told = {line.content.get("version"): line.content.get("sha256") for line in lines if "sha256" in line.content}
        for where in ("", RETIRED):
            for number in self.numbers(where):
                sums = self.folder / where / str(number) / SUMS
                if lines and number not in told:
                    yield f"{self.folder}: the history does not tell of version {number}"
                elif lines and sums.is_file() and digest(sums) != told[number]:
                    yield f"{sums}: is not what was published as version {number}"

    def _finish(self) -> None:
        """Do what a command that died had written down, and not done."""
        # The last line may be of a seal, which tells of no alias.
        told: Sequence[Mapping[str, Any]] = [line.content for line in self.history.lines() if "aliases" in line.content]
        if not told:
            return
        last = told[-1]
        said, there = last["aliases"], self.aliases()
        if said != there:
            before = told[-2]["aliases"] if len(told) > 1 else {}
            if there and there != before:
                raise RegistryError(
                    f"{self.folder / ALIASES}: says {json.dumps(there)}, and the history says {json.dumps(said)}; "
                    "it was changed by hand: put back what the history says"
                )
            self._write_aliases(said)
        if last["action"] == "retire" and last["version"] in self.numbers():
            self._move_retired(last["version"])

    def _adopt(self) -> None:
        """Begin the history of versions that were published before there was one, or whose publisher died."""
        told = {line.content.get("version") for line in self.history.lines()}
        for number in self.numbers():
            sums = self.folder / str(number) / SUMS
            if number not in told and sums.is_file():
                self.change("adopt", self.aliases(), Who("registry"), version=number, sha256=digest(sums))

    def _move_retired(self, number: int) -> None:
        try:
            (self.folder / RETIRED).mkdir(exist_ok=True)
            (self.folder / str(number)).rename(self.folder / RETIRED / str(number))
            sync(self.folder)
        except OSError as error:
            raise RegistryError(f"{self.folder / str(number)}: can't be moved ({error.strerror or error})") from error

    def _write_aliases(self, aliases: Mapping[str, int]) -> None:
        if aliases != self.aliases():
            self._replace(ALIASES, aliases)

    def _replace(self, name: str, content: Mapping[str, Any]) -> None:
        text = json.dumps(content, indent=2, sort_keys=True) + "\n"
        try:
            replace(self.folder / name, text.encode())
        except OSError as error:
            raise RegistryError(f"{self.folder / name}: can't be written ({error.strerror or error})") from error


def _read_json(path: Path, default: Any) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return default
    except OSError as error:
        raise RegistryError(f"{path}: can't be read ({error.strerror})") from error
    except ValueError as error:
        raise RegistryError(f"{path}: not JSON ({error}); restore it") from error
