"""history.jsonl: an append-only, hash-chained log of who did what to a model's versions, when and why.

    {"time": …, "action": "promote", "by": "ann", …, "previous": "SHA-256 of the line before", "sha256": "…"}

A line is a JSON object. Its last member, ``sha256``, is the SHA-256 of the line without that member, so an edited line
gives itself away. ``previous`` is the SHA-256 of the whole line before, so a line that was removed, moved or rewritten
does not fit its neighbours. Neither shows that the last lines are gone: history.head has the number of lines, and the
SHA-256 of the last. (If somebody rewrites both files completely, a digest that was kept elsewhere shows it:
:meth:`History.number_of`.)

A line is on the disk before its action is carried out. If the process dies in between, aliases.py finishes the action.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filesystem import read_plain, replace
from registry.errors import HistoryError, wrap_os_error

HISTORY, HEAD = "history.jsonl", "history.head"
# The actions of an entry.
PUBLISH, ADOPT, PROMOTE, ROLLBACK, RETIRE = "publish", "adopt", "promote", "rollback", "retire"
CANARY, SHADOW, CLEAR, SEAL = "canary", "shadow", "clear", "seal"
# The members of an entry, with their types, and those that an action needs beside the time, the action and by.
MEMBERS: Mapping[str, type] = {
    "time": str,
    "action": str,
    "by": str,
    "reason": str,
    "version": int,
    "alias": str,
    "share": float,
    "override": bool,
    "gates": list,
    "file": str,
    "rows": int,
    "sha256": str,
    "aliases": dict,
}
_NEEDED = {
    PUBLISH: ("version", "sha256"),
    ADOPT: ("version", "sha256"),
    PROMOTE: ("version", "alias"),
    RETIRE: ("version",),
    CANARY: ("version", "share"),
    SEAL: ("file", "rows", "sha256"),
}
_BEGINNING = "0" * 64
_CHECKSUM_LENGTH = len(', "sha256": ""}') + 64
_HEAD_LINE = re.compile(r"([0-9]{1,18}) ([0-9a-f]{64})\n", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: its number from 1 on, its SHA-256, and its content without the member ``sha256``."""

    number: int
    digest: str
    content: Mapping[str, Any]


class History:
    """The history in one model's folder. To append, hold :meth:`AliasStore.write_lock`; reading needs no lock."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / HISTORY
        self._head = folder / HEAD

    def entries(self) -> list[Entry]:
        """Return all entries, oldest first; none before the first publication.

        Raises:
            HistoryError: naming the first line that was changed.
        """
        head = self._read_head()  # first: lines that are appended between the two reads are no fault
        entries: list[Entry] = []
        previous = _BEGINNING
        for number, text in enumerate(self._texts(), 1):
            content = _parse(text)
            if content is None:
                raise HistoryError(f"{self._path}, line {number}: was changed; restore it")
            if name := _wrong_member(content):
                raise HistoryError(
                    f"{self._path}, line {number}: {name} is missing or of a wrong type; restore the line"
                )
            if content["previous"] != previous:
                fault = f"line {number}: does not follow the line before it"
                raise HistoryError(f"{self._path}, {fault}; lines were removed, moved or rewritten")
            previous = hashlib.sha256(text).hexdigest()
            entries.append(Entry(number, previous, content))
        self._check_head(head, entries)
        return entries

    def undamaged(self, containing: str) -> list[Entry]:
        """Return the sound entries whose line contains a text; damaged lines are skipped.

        A damaged history must not keep the service from opening undamaged versions.
        """
        try:
            lines = enumerate(self._texts(), 1)
        except HistoryError:
            return []
        return [
            Entry(number, hashlib.sha256(text).hexdigest(), content)
            for number, text in lines
            if containing.encode() in text and (content := _parse(text)) and not _wrong_member(content)
        ]

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
        text = _with_checksum(json.dumps(complete, ensure_ascii=False).encode())
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

    def _texts(self) -> list[bytes]:
        """Return the whole lines; a last one that its writer did not finish is left out."""
        with wrap_os_error(self._path, "read", HistoryError), suppress(FileNotFoundError):
            return read_plain(self._path).split(b"\n")[:-1]
        return []

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
                raise HistoryError(f"{self._head}: is missing; restore it")
            return
        count, digest = head
        if count > len(entries):
            advice = f"restore it, or remove {self._head.name} and begin another one with `registry adopt`"
            raise HistoryError(
                f"{self._path}, line {len(entries) + 1}: is gone; {self._head.name} tells of {count} lines"
                f"{'' if entries else '; ' + advice}"
            )
        if digest != (entries[count - 1].digest if count else _BEGINNING):
            raise HistoryError(f"{self._path}, line {count}: is not the one that {self._head.name} tells of")

    def _replace_head(self, count: int, digest: str) -> None:
        with wrap_os_error(self._head, "written", HistoryError):
            replace(self._head, f"{count} {digest}\n".encode())

    def _write(self, block: bytes) -> int:
        """Write after the last whole line, over one that was never finished. Return the offset of the block."""
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


def _with_checksum(text: bytes) -> bytes:
    return b'%b, "sha256": "%b"}' % (text[:-1], hashlib.sha256(text).hexdigest().encode())


def _parse(text: bytes) -> dict[str, Any] | None:
    """Return the content of a line; None if it was changed."""
    without_checksum = text[:-_CHECKSUM_LENGTH] + b"}"
    if text != _with_checksum(without_checksum):
        return None
    try:
        content: dict[str, Any] = json.loads(without_checksum)
    except (ValueError, RecursionError):
        return None
    return content if "previous" in content else None


def _wrong_member(content: Mapping[str, Any]) -> str | None:
    """Return the first member that is missing or has another type than in MEMBERS; None if all are right."""
    needed = ("time", "action", "by", *_NEEDED.get(str(content.get("action")), ()))
    for name, kind in MEMBERS.items():
        value = content.get(name)
        kinds = (int, float) if kind is float else (kind,)
        if type(value) not in kinds if name in content else name in needed:
            return name
    numbers = content.get("aliases", {}).values()
    return None if all(type(number) is int for number in numbers) else "aliases"
