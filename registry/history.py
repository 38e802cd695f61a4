"""history.jsonl: who did what to a model's versions, when and why; and that nobody changed it afterwards.

A line is a JSON object. Its last member, ``sha256``, is the SHA-256 of the line without that member, so an edited line
is known by itself; ``previous`` is the SHA-256 of the whole line before, so a line that was removed, moved or written
anew does not fit its neighbours. What neither shows is that the last lines are gone: history.head says how many there
were, and the SHA-256 of the last. (Whoever writes both anew, up to the end, is found by who kept the SHA-256 of a line
somewhere else: :meth:`History.number_of`.)

A line is on the disk before what it tells is done; who dies in between leaves something to finish, which is the store's
matter. Knows no version and no alias.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from registry.errors import HistoryError

HISTORY, HEAD = "history.jsonl", "history.head"
# What an entry can say was done.
PUBLISH, ADOPT, PROMOTE, ROLLBACK, RETIRE = "publish", "adopt", "promote", "rollback", "retire"
CANARY, SHADOW, CLEAR, SEAL = "canary", "shadow", "clear", "seal"
_BEGINNING = "0" * 64
_CHECKSUM_LENGTH = len(', "sha256": ""}') + 64
_HEAD_LINE = re.compile(r"([0-9]{1,18}) ([0-9a-f]{64})\n", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: its number from 1 on, its SHA-256, and what it says."""

    number: int
    digest: str
    content: Mapping[str, Any]


class History:
    """The history below one model's folder. Whoever appends holds the store's lock."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / HISTORY
        self._head = folder / HEAD

    def entries(self) -> list[Entry]:
        """Every line, oldest first; empty before the first publication. Needs no lock.

        Raises:
            HistoryError: naming the first line that is not as it was written.
        """
        head = self._read_head()  # first: lines that are written meanwhile are no fault
        entries: list[Entry] = []
        previous = _BEGINNING
        for number, text in enumerate(self._texts(), 1):
            content = _read(text)
            if content is None:
                raise HistoryError(f"{self._path}, line {number}: was changed; restore it")
            if content["previous"] != previous:
                what = f"line {number}: does not follow the line before it"
                raise HistoryError(f"{self._path}, {what}; lines were removed, moved or written anew")
            previous = hashlib.sha256(text).hexdigest()
            entries.append(Entry(number, previous, content))
        self._compare(head, entries)
        return entries

    def readable(self, text: str) -> list[Entry]:
        """The lines with this text in them that are sound in themselves; others may be damaged, or even all.

        For who has to go on meanwhile: a damaged history keeps nobody from serving what is sound.
        """
        try:
            texts = enumerate(self._texts(), 1)
        except HistoryError:
            return []
        some = [(number, line, _read(line)) for number, line in texts if text.encode() in line]
        return [
            Entry(number, hashlib.sha256(line).hexdigest(), said) for number, line, said in some if said is not None
        ]

    def number_of(self, digest: str) -> int | None:
        """Which line has this SHA-256, which somebody kept elsewhere; None if none has."""
        return next((entry.number for entry in self.entries() if entry.digest == digest), None)

    def append(self, content: Mapping[str, Any]) -> Entry:
        """Write a line, and have it on the disk.

        Args:
            content: what happened; the time and the links are added.

        Raises:
            HistoryError: if the history that is there is not whole, or can't be written; then nothing is.
        """
        entries = self.entries()
        if not entries:
            self._replace_head(0, _BEGINNING)  # from here on, a history without a head was shortened
        time = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        whole = {"time": time, **content, "previous": entries[-1].digest if entries else _BEGINNING}
        text = _with_checksum(json.dumps(whole, ensure_ascii=False).encode())
        digest = hashlib.sha256(text).hexdigest()
        try:
            end = self._write(text + b"\n")
        except OSError as error:
            raise HistoryError(f"{self._path}: can't be written ({error.strerror or error})") from error
        try:
            self._replace_head(len(entries) + 1, digest)
        except HistoryError:
            with suppress(OSError):
                os.truncate(self._path, end)
            raise
        return Entry(len(entries) + 1, digest, whole)

    def _texts(self) -> list[bytes]:
        """The whole lines; behind them may be one that its writer did not finish."""
        try:
            return self._path.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise HistoryError(f"{self._path}: can't be read ({error.strerror})") from error

    def _read_head(self) -> tuple[int, str] | None:
        """How many lines there were, and the SHA-256 of the last; None if there is no head."""
        try:
            match = _HEAD_LINE.fullmatch(self._head.read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise HistoryError(f"{self._head}: can't be read ({error})") from error
        if match is None:
            raise HistoryError(f"{self._head}: was changed; it says how many lines there were")
        return int(match[1]), match[2]

    def _compare(self, head: tuple[int, str] | None, entries: list[Entry]) -> None:
        if head is None:
            if entries and self._read_head() is None:  # the first line may have been written since
                raise HistoryError(f"{self._head}: is missing; it says how many lines there were")
            return
        count, digest = head
        if count > len(entries):
            whole = f"; restore it, or remove {self._head.name} and begin another one with `registry adopt`"
            raise HistoryError(
                f"{self._path}, line {len(entries) + 1}: is gone; {self._head.name} tells of {count} lines"
                f"{'' if entries else whole}"
            )
        if digest != (entries[count - 1].digest if count else _BEGINNING):
            raise HistoryError(f"{self._path}, line {count}: is not the one that {self._head.name} tells of")

    def _replace_head(self, count: int, digest: str) -> None:
        try:
            replace(self._head, f"{count} {digest}\n".encode())
        except OSError as error:
            raise HistoryError(f"{self._head}: can't be written ({error.strerror or error})") from error

    def _write(self, block: bytes) -> int:
        """Write behind the last whole line: what is behind that was never finished. Returns where that was."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            end = os.pread(descriptor, size, 0).rfind(b"\n") + 1
            try:
                os.ftruncate(descriptor, end)
                written = os.pwrite(descriptor, block, end)
                if written < len(block):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, end)
                raise
        finally:
            os.close(descriptor)
        return end


def replace(path: Path, content: bytes) -> None:
    """Replace a small file at once and durably: a reader sees the old one or the new one. One writer at a time.

    Actor could read the old one can read the new one, whatever the writer's umask, where files have modes.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            with suppress(OSError):  # there is no old one, or the file system has no modes
                os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Have a file, or a folder's entries, on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _with_checksum(text: bytes) -> bytes:
    return b'%b, "sha256": "%b"}' % (text[:-1], hashlib.sha256(text).hexdigest().encode())


def _read(text: bytes) -> dict[str, Any] | None:
    """What a line says; None if it is not what was written."""
    unsealed = text[:-_CHECKSUM_LENGTH] + b"}"
    if text != _with_checksum(unsealed):
        return None
    try:
        content: dict[str, Any] = json.loads(unsealed)
    except ValueError:
        return None
    return content if "previous" in content else None
