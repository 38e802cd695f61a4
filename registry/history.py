"""history.jsonl: an append-only, hash-chained log of who did what to a model's versions, when and why.

Each line (registry/history_line.py) has a SHA-256 of itself, so an edited line gives itself away. ``previous`` is the
SHA-256 of the whole line before, so a line that was removed, moved or rewritten does not fit its neighbours. Neither
shows that the last lines are gone: history.head has the number of lines, and the SHA-256 of the last. If somebody
rewrites both files completely, a process that has read them before notices; so does whoever kept a SHA-256 elsewhere
(:meth:`History.number_of`).

A line is on the disk before its action is carried out. If the process dies in between, aliases.py finishes the action.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filesystem import read_plain, replace
from registry.errors import HistoryError, wrap_os_error
from registry.history_line import Entry, decode, encode

HISTORY, HEAD = "history.jsonl", "history.head"
BEGIN_AGAIN = "begin a new history with `registry adopt`"  # ends messages
_BEGINNING = "0" * 64
_HEAD_LINE = re.compile(r"([0-9]{1,18}) ([0-9a-f]{64})\n", re.ASCII)


class History:
    """The history in one model's folder. To append, hold :meth:`AliasStore.write_lock`; reading needs no lock.

    It keeps what it has verified, and then checks only the lines that were added since.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / HISTORY
        self._head = folder / HEAD
        self._verified: tuple[bytes, list[Entry]] = (b"", [])  # the lines that history.head counts

    def entries(self) -> list[Entry]:
        """Return all entries, oldest first; none before the first publication.

        Raises:
            HistoryError: naming the first line that was changed; or if lines are gone that were verified before.
        """
        # In this order: lines that are appended meanwhile, or that another thread verifies meanwhile, are no fault.
        verified, known = self._verified
        head = self._read_head()
        data = self._read()
        is_continued = data.startswith(verified)
        entries = known.copy() if is_continued else []  # if not, the check of all lines may name the changed one
        texts = data[len(verified) if is_continued else 0 :].split(b"\n")[:-1]
        for text in texts:
            number = len(entries) + 1
            try:
                entry = decode(number, text)
            except ValueError as error:
                raise HistoryError(f"{self._path}, line {number}: {error}") from None
            if entry.content["previous"] != (entries[-1].digest if entries else _BEGINNING):
                fault = f"line {number}: does not follow the line before it"
                raise HistoryError(f"{self._path}, {fault}; lines were removed, moved or rewritten")
            entries.append(entry)
        self._check_head(head, entries)
        if not is_continued:
            advice = "restore them, or restart it to accept the history as it is"
            raise HistoryError(f"{self._path}: lacks lines that this process has read before; {advice}")
        count = head[0] if head else 0
        if count > len(known):  # a line that the head does not count yet may be taken back
            added = texts[: count - len(known)]
            self._verified = (verified + b"".join(text + b"\n" for text in added), entries[:count])
        return entries

    def undamaged(self) -> list[Entry]:
        """Return the entries whose lines are sound in themselves; damaged lines are skipped."""
        entries: list[Entry] = []
        with suppress(HistoryError):
            for number, text in enumerate(self._read().split(b"\n")[:-1], 1):
                with suppress(ValueError):
                    entries.append(decode(number, text))
        return entries

    def number_of(self, digest: str) -> int | None:
        """Return the number of the line with this SHA-256; None if there is no such line."""
        return next((entry.number for entry in self.entries() if entry.digest == digest), None)

    def append(self, content: Mapping[str, Any]) -> Entry:
        """Append a line durably.

        Args:
            content: what happened; the time, ``previous`` and ``sha256`` are added.

        Raises:
            HistoryError: if the history was changed or can't be written; then nothing is appended.
        """
        entries = self.entries()
        if not entries:
            self._replace_head(0, _BEGINNING)  # from now on, a history without a head was tampered with
        time = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        complete = {"time": time, **content, "previous": entries[-1].digest if entries else _BEGINNING}
        text = encode(complete)
        digest = hashlib.sha256(text).hexdigest()
        with wrap_os_error(self._path, "written", HistoryError):
            end = self._write(text + b"\n")
        try:
            self._replace_head(len(entries) + 1, digest)
        except HistoryError:
            with suppress(OSError):
                os.truncate(self._path, end)
            raise
        return Entry(len(entries) + 1, digest, complete)

    def _read(self) -> bytes:
        with wrap_os_error(self._path, "read", HistoryError), suppress(FileNotFoundError):
            return read_plain(self._path)
        return b""

    def _read_head(self) -> tuple[int, str] | None:
        """Return the number of lines and the SHA-256 of the last, as the head has them; None if there is no head."""
        try:
            match = _HEAD_LINE.fullmatch(read_plain(self._head).decode("ascii"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise HistoryError(f"{self._head}: can't be read ({error})") from error
        if match is None:
            raise HistoryError(f"{self._head}: was changed; restore it")
        return int(match[1]), match[2]

    def _check_head(self, head: tuple[int, str] | None, entries: list[Entry]) -> None:
        if head is None:
            if entries and self._read_head() is None:  # the first line may have been written since
                raise HistoryError(f"{self._head}: is missing, and there is a history; restore it")
            return
        count, digest = head
        if count > len(entries):
            advice = "restore it" if entries else f"restore it, or remove {self._head.name} and {BEGIN_AGAIN}"
            lines = f"{len(entries)} line{'' if len(entries) == 1 else 's'}"
            raise HistoryError(
                f"{self._path}: has {lines}, and {self._head.name} says {count}: lines were removed; {advice}"
            )
        if digest != (entries[count - 1].digest if count else _BEGINNING):
            fault = f"line {count}: {self._head.name} has another SHA-256 for it: one of the two was changed"
            raise HistoryError(f"{self._path}, {fault}; restore it")

    def _replace_head(self, count: int, digest: str) -> None:
        with wrap_os_error(self._head, "written", HistoryError):
            replace(self._head, f"{count} {digest}\n".encode())

    def _write(self, block: bytes) -> int:
        """Write after the last whole line, over one that was never finished. Return the offset of the block."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
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
